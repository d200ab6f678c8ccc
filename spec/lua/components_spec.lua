local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

describe("constructors", function()
  it("take positionals or one table, alike", function()
    for _, layer in ipairs{ moth.dense(128, "relu"), moth.dense{ 128, "relu" }, moth.dense{ units = 128, activation = "relu" },
                            moth.dense(128, { activation = "relu" }), moth.dense{ 128, activation = moth.relu() } } do
      assert.equal('dense(128, "relu")', tostring(layer))
    end
    assert.equal("dropout(0.2)", tostring(moth.dropout(0.2)))
    assert.equal("dense(3, bias = false)", tostring(moth.dense{ 3, bias = false }))
  end)

  it("stand for every row of the catalogs", function()
    for _, name in ipairs{ "dense", "activation", "dropout", "flatten", "identity", "relu", "tanh", "softmax", "leaky_relu", "mse", "mae",
                           "squared_error", "cross_entropy", "binary_cross_entropy", "accuracy", "sgd", "adam", "constant", "uniform",
                           "normal", "orthogonal" } do
      assert.equal("function", type(moth[name]), name)
    end
    assert.equal("function", type(moth.schedule.cosine))
    assert.equal("function", type(moth.schedule.step))
    assert.equal("moth has no 'linear'", message(function() return moth.linear end):match "^moth has no 'linear'")
  end)

  it("show their options as fields, and set those that live", function()
    local optimizer = moth.adam{ lr = 0.5 }
    assert.equal(0.5, optimizer.lr)
    assert.equal(0.9, optimizer.beta1)
    optimizer.lr = 0.25
    assert.equal(0.25, optimizer.lr)
    assert.equal("adam: beta1 is fixed once it is made", message(function() optimizer.beta1 = 0 end))
    assert.equal("adam: lr must be > 0, got -1", message(function() optimizer.lr = -1 end))
    assert.equal("adam: no option 'beta'; did you mean 'beta1'?", message(function() return optimizer.beta end))
    local layer = moth.dense(3, "tanh")
    assert.equal(3, layer.units)
    assert.equal("tanh()", tostring(layer.activation))
  end)

  it("tell of misspelt, foreign and wrong options", function()
    assert.equal("adam: no option 'learning_rate'; here it is 'lr' (options: lr beta1 beta2 epsilon weight_decay)",
      message(moth.adam, { learning_rate = 1 }))
    assert.equal("adam: no option 'Lr'; did you mean 'lr'?", message(moth.adam, { Lr = 1 }))
    assert.equal("adam: lr must be > 0, got -0.001", message(moth.adam, { lr = -0.001 }))
    assert.equal("dropout: p must be in [0, 1), got 20; 0.2?", message(moth.dropout, 20))
    assert.equal("dense: units must be a whole number >= 1, got 2.5", message(moth.dense, 2.5))
    assert.equal("dense: units is missing", message(moth.dense))
    assert.equal("dense: no activation 'rleu'; did you mean 'relu'? (linear sigmoid tanh relu leaky_relu elu selu gelu silu softplus " ..
      "softsign hard_sigmoid hard_tanh softmax log_softmax)", message(moth.dense, 10, "rleu"))
    assert.equal("dense: an option's key must be a name, got true", message(moth.dense, { 3, [true] = 1 }))
  end)
end)

describe("losses and metrics", function()
  local p, t = moth.tensor{ { 0.5 }, { 1 } }, moth.tensor{ { 0 }, { 1 } }

  it("compute with two tensors, at once or as objects", function()
    local loss = moth.mse()
    local value, gradient = loss(p, t)
    helper.near(0.125, value)
    helper.near({ { 0.5 }, { 0 } }, gradient:totable())
    helper.near(0.125, (moth.mse(p, t)))
    helper.near(0.25, (moth.mse(p, t, { reduction = "sum" })))
    assert.equal(0.5, moth.accuracy(moth.tensor{ { 0.9, 0.1 }, { 0.2, 0.8 } }, moth.tensor({ 1, 1 }, { dtype = "i64" })))
  end)

  it("take tables for targets", function()
    helper.near(0.125, (moth.mse()(p, { { 0 }, { 1 } })))
  end)

  it("tell shapes that differ", function()
    assert.equal("mse: prediction f32[2,1], target f32[2]: shapes must be equal\n  y:reshape(-1, 1) has the right one",
      message(moth.mse, p, moth.zeros(2)))
    assert.equal('layer dense(3) is no function; losses and metrics are', message(moth.dense(3), p, t))
  end)
end)

describe("a layer made alone", function()
  it("behaves as a net of one", function()
    helper.with_dtype(moth, "f64", function()
      local layer = moth.dense{ 2, "tanh", input = 3 }
      local x = moth.randn(4, 3)
      local y = layer:forward(x)
      helper.near((x:matmul(layer.weight:t()) + layer.bias):tanh():totable(), y:totable(), 1e-12)
      local dy = moth.randn(4, 2)
      local dx = layer:backward(dy)
      local delta = dy * (1 - y * y)
      helper.near(delta:matmul(layer.weight):totable(), dx:totable(), 1e-12)
      helper.near(delta:t():matmul(x):totable(), layer.weight_gradient:totable(), 1e-12)
      helper.near(delta:sum(1):totable(), layer.bias_gradient:totable(), 1e-12)
      assert.is_true(layer(x) == layer:predict(x))
      assert.same({ 2 }, layer{ 1, 2, 3 }.shape)
      assert.equal('dense(2, "tanh", input = 3)', (tostring(layer):gsub('tanh"%)', 'tanh", input = 3)')))
    end)
  end)

  it("is refused in a list", function()
    local layer = moth.dense{ 2, "tanh", input = 3 }
    local text = message(moth.net, { input = 3, layer })
    assert.is_truthy(text:find("was made alone, with an input of its own\n" ..
      "  make it without input = and take its weights over: net[1]:copy_(layer)", 1, true))
  end)
end)

describe("initializers", function()
  it("are names, parts, tensors and functions", function()
    local shapes = {}
    local function init(shape, inputs, outputs)
      shapes[#shapes + 1] = { shape, inputs, outputs }
      return moth.full(shape, 0.5)
    end
    for _, case in ipairs{ { "ones", 1 }, { moth.constant(0.25), 0.25 }, { moth.full({ 2, 3 }, 7), 7 }, { init, 0.5 },
                           { function() return 2 end, 2 } } do
      local net = moth.net{ input = 3, moth.dense{ 2, init = case[1] } }
      assert.is_true(net[1].weight == moth.full({ 2, 3 }, case[2]))
    end
    assert.same({ { { 2, 3 }, 3, 2 } }, shapes)
  end)

  it("may raise, and must give the right shape", function()
    local problem = {}
    local ok, got = pcall(function() return moth.net{ input = 3, moth.dense{ 2, init = function() error(problem) end } } end)
    assert.is_false(ok)
    assert.equal(problem, got)
    assert.equal("init: the function must return f64[2,3], got f32[3,2]",
      message(moth.net, { input = 3, moth.dense{ 2, init = function() return moth.zeros(3, 2) end } }))
  end)
end)
