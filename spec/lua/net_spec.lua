local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

local function small() return moth.net{ input = 2, moth.dense(3, "tanh"), moth.dense(2, "softmax") } end

describe("moth.net", function()
  it("builds layers, leaving false ones out", function()
    local net = moth.net{ input = 4, moth.dense(3, "relu"), false, moth.dropout(0.5), moth.dense(2) }
    assert.equal(3, #net)
    assert.equal('net  [4] -> [2]   23 parameters   92 bytes f32\n  #  layer              output   parameters\n' ..
      '  1  dense(3, "relu")   [3]              15\n' ..
      '  2  dropout(0.5)       [3]               0\n  3  dense(2)           [2]               8',
      tostring(net))
    assert.is_truthy(net:summary():find("dense(2)", 1, true))
  end)

  it("tells the entry of a hole and of what is no layer", function()
    assert.equal("net: entry 2 is nil; for a layer that may be absent write  cond and moth.dropout(0.2) or false",
      message(moth.net, { input = 4, moth.dense(3), nil, moth.dense(2) }))
    assert.is_truthy(message(moth.net, { input = 4, moth.dense(3), moth.mse() }):find("entry 2", 1, true))
    assert.is_truthy(message(moth.net, { input = 4, moth.dense(3), 7 }):find("entry 2", 1, true))
    assert.is_truthy(message(moth.net, { moth.dense(3) }):find("^net: input is missing"))
  end)

  it("tells where nets and layers were made", function()
    local net = moth.net{ input = 2, moth.dense(3) } ; local at = helper.here()
    assert.equal("predict: net takes [2] per sample, x is f32[5,3] (3 per row)\n  net made at " .. at,
      message(net.predict, net, moth.zeros(5, 3)))
    local ok, text = pcall(function() return net:predict(moth.zeros(5, 3)) end)
    assert.is_false(ok)
    assert.equal(helper.here(-2) .. ": predict", text:match "^(.-:%d+: predict)")
  end)

  it("has layers that are the same each time", function()
    local net = small()
    assert.is_true(rawequal(net[1], net[1]))
    assert.is_true(rawequal(net[1], net[-2]))
    assert.is_nil(net[3])
    assert.equal("index 0: layers of the net are 1..2 or -2..-1", message(function() return net[0] end))
    assert.equal("index 4: layers of the net are 1..2 or -2..-1", message(function() return net[4] end))
    assert.equal('layer 1 dense(3, "tanh")', tostring(net[1]))
    local names = {}
    for _, layer in ipairs(net) do names[#names + 1] = tostring(layer) end
    assert.equal(2, #names)
  end)

  it("refuses a layer of another net", function()
    local net = small()
    assert.equal('net: layer 1 dense(3, "tanh") is part of another net\n' ..
      '  make one for this net and take its weights over: net[1]:copy_(layer)',
      message(moth.net, { input = 2, net[1] }))
  end)

  it("follows moth.dtype", function()
    helper.with_dtype(moth, "f64", function() assert.equal("f64", small():parameters().dtype) end)
    assert.equal("f32", small():parameters().dtype)
    assert.equal("f64", moth.net{ input = 2, dtype = "f64", moth.dense(1) }:parameters().dtype)
  end)
end)

describe("passes", function()
  local net = small()

  it("take batches, one bare sample, and nested tables", function()
    local batch = net:predict{ { 0, 1 }, { 1, 0 } }
    assert.same({ 2, 2 }, batch.shape)
    assert.same({ 2 }, net:predict{ 0, 1 }.shape)
    assert.is_true(net:predict{ 0, 1 } == batch[1])
    assert.is_true(net(moth.tensor{ 1, 0 }) == batch[2])
    assert.same({ 1, 2 }, net:predict{ { 0, 1 } }.shape)
    assert.same({ 0, 2 }, net:predict(moth.zeros(0, 2)).shape)
    local wide = moth.net{ input = { 2, 3 }, moth.flatten(), moth.dense(1) }
    assert.same({ 1 }, wide(moth.zeros(2, 3)).shape)
    assert.same({ 4, 1 }, wide(moth.zeros(4, 2, 3)).shape)
    assert.same({ 1 }, moth.net{ input = 6, moth.dense(1) }(moth.zeros(2, 3)).shape)
  end)

  it("classify, one sample as a number", function()
    local classes = net:classify{ { 0, 1 }, { 1, 0 } }
    assert.equal("i64", classes.dtype)
    assert.equal(classes[1], net:classify{ 0, 1 })
    assert.equal("integer", math.type(net:classify{ 0, 1 }))
    assert.is_true(net:classify{ 0, 1 } >= 1)
  end)

  it("go back with gradients that start from zero, or add", function()
    local x = moth.randn(5, 2)
    local y = net:forward(x)
    local dx = net:backward(moth.ones(5, 2))
    assert.same({ 5, 2 }, dx.shape)
    local first = net:gradients():clone()
    net:forward(x)
    net:backward(moth.ones(5, 2), { accumulate = true })
    helper.near((first * 2):totable(), net:gradients():totable(), 1e-5)
    assert.is_true(net[2].output == y)
    assert.same({ 2 }, (net:forward{ 0, 1 }).shape)
    assert.same({ 2 }, net:backward{ 1, 0 }.shape)
    assert.equal("backward: no option 'acumulate'; did you mean 'accumulate'?",
      message(net.backward, net, moth.ones(5, 2), { acumulate = true }))
  end)

  it("find the gradient of a loss in one call", function()
    local x, t = moth.randn(6, 2), moth.randint(1, 2, 6)
    local value = net:backprop(x, t, "cross_entropy")
    helper.near((moth.cross_entropy()(net:predict(x), t)), value, 1e-5)
    helper.near(value, net:backprop(x, t:totable(), moth.cross_entropy()), 1e-6)
    assert.equal("number", type(net:backprop({ 0, 1 }, 2, "cross_entropy")))
    assert.is_truthy(message(net.backprop, net, x, t, "mes"):find("^backprop: no loss 'mes'; did you mean 'mse'%? %(mse "))
  end)

  it("leave no output before the first forward", function()
    assert.is_nil(small()[1].output)
  end)
end)

describe("parameters", function()
  it("are views that write through, a dense layer as its augmented matrix", function()
    local net = small()
    net[1].weight:fill_(2)
    net[1].bias:fill_(1)
    assert.same({ 3, 2 }, net[1].weight.shape)
    assert.same({ { 2.0, 2.0, 2.0 }, { 2.0, 2.0, 2.0 }, { 1.0, 1.0, 1.0 } }, net[1]:augmented():totable())
    assert.same({ 17 }, net:parameters().shape)
    net:parameters():zero_()
    assert.equal(0.0, net[1].weight:sum())
    net[1]:set_augmented{ { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, 9 } }
    assert.same({ { 1.0, 4.0 }, { 2.0, 5.0 }, { 3.0, 6.0 } }, net[1].weight:totable())
    assert.same({ 7.0, 8.0, 9.0 }, net[1].bias:totable())
    assert.equal('set_augmented: layer 1 dense(3, "tanh") takes f32[3,3], got f32[3,2]',
      message(net[1].set_augmented, net[1], moth.zeros(3, 2)))
  end)

  it("are taken over from another layer", function()
    local a, b = small(), small()
    assert.is_false(a[1].weight == b[1].weight)
    b[1]:copy_(a[1])
    assert.is_true(a[1].weight == b[1].weight)
    assert.is_true(a[1].bias == b[1].bias)
    assert.equal('copy_: layer 2 dense(2, "softmax") and layer 1 dense(3, "tanh") hold different parameters',
      message(b[2].copy_, b[2], a[1]))
    assert.is_false(a[2].weight == b[2].weight)
  end)

  it("are refused under wrong names, and before there are gradients", function()
    local net = small()
    assert.equal('layer 1 dense(3, "tanh") has no \'wieght\'; did you mean \'weight\'?', message(function() return net[1].wieght end))
    assert.is_truthy(message(function() return net[1].weight_gradient end):find("no gradient", 1, true))
    assert.equal('layer 1 dense(3, "tanh"): weight is a view of the net\'s parameters; net[1].weight:copy_(v) writes them',
      message(function() net[1].weight = 1 end))
    assert.equal("a net has no 'predcit'; did you mean 'predict'?", message(function() return net.predcit end))
  end)

  it("are clipped by norm or by value", function()
    local net = small()
    net:backprop(moth.randn(4, 2), moth.randint(1, 2, 4), "cross_entropy")
    local before = net:gradients():norm()
    helper.near(before, net:clip(before / 2), 1e-5)
    helper.near(before / 2, net:gradients():norm(), 1e-5)
    net:clip{ value = 1e-3 }
    assert.is_true(net:gradients():abs():max() <= 1.001e-3)
    assert.equal("clip takes norm or value, got neither", message(net.clip, net, {}))
    assert.equal("clip takes norm or value, got both", message(net.clip, net, { norm = 1, value = 1 }))
    assert.equal("clip: norm must be a number > 0, got 0", message(net.clip, net, 0))
    assert.equal("clip: no option 'nrom'; did you mean 'norm'?", message(net.clip, net, { nrom = 1 }))
  end)

  it("stay as they are where they are frozen", function()
    local net = small()
    net:freeze(1)
    local kept = net[1].weight:clone()
    local x, t = moth.randn(8, 2), moth.randint(1, 2, 8)
    moth.train{ net = net, data = { x, t }, loss = "cross_entropy", epochs = 2, progress = false }
    assert.is_true(kept == net[1].weight)
    net:unfreeze(-2)
    moth.train{ net = net, data = { x, t }, loss = "cross_entropy", epochs = 2, progress = false }
    assert.is_false(kept == net[1].weight)
    assert.equal("index 3: layers of the net are 1..2 or -2..-1", message(net.freeze, net, 3))
  end)
end)

describe("copies and files", function()
  it("are nets of their own", function()
    local net = small()
    local copy = net:clone()
    assert.is_true(copy:parameters() == net:parameters())
    copy:parameters():zero_()
    assert.is_false(copy:parameters() == net:parameters())
  end)

  it("give back the same predictions", function()
    local net, path = small(), helper.path()
    net:save(path)
    local again = moth.load_net(path)
    local x = moth.randn(3, 2)
    assert.is_true(net:predict(x) == again:predict(x))
    local other = small()
    other:load(path)
    assert.is_true(net:predict(x) == other:predict(x))
    assert.is_truthy(message(other.load, other, path .. ".not"):find("No such file", 1, true))
    assert.equal("load: no option 'whole' (options: partial)", message(other.load, other, path, { whole = true }))
    assert.equal("save: 'a' goes on after a zero byte", message(net.save, net, "a\0b"))
    assert.equal("load_net: the path must be a string, got 3", message(moth.load_net, 3))
  end)
end)

describe("net:evaluate", function()
  it("gives values by name, functions too", function()
    local net = small()
    local x, y = moth.randn(50, 2), moth.randint(1, 2, 50)
    local score = net:evaluate({ x, y }, { "cross_entropy", "accuracy", rows = function(p, t) return #p + #t end })
    helper.near(moth.accuracy(net:predict(x), y), score.accuracy)
    helper.near((moth.cross_entropy(net:predict(x), y)), score.cross_entropy, 1e-5)
    assert.equal(100, score.rows)
    assert.equal(score.accuracy, net:evaluate(moth.dataset{ x, y }, "accuracy").accuracy)
    assert.is_truthy(message(net.evaluate, net, { x, y }, { "acuracy" }):find("did you mean 'accuracy'?", 1, true))
  end)
end)

describe("a step by hand", function()
  it("is what the loop in the README does", function()
    moth.seed(1)
    local net = moth.net{ input = 2, moth.dense(8, "tanh"), moth.dense(1) }
    local x, t = moth.randn(64, 2), nil
    t = x:sum(2, { keep = true })
    local loss, opt = moth.mse(), moth.adam{ lr = 0.05 }
    local first, value
    for _ = 1, 100 do
      local dp
      value, dp = loss(net:forward(x), t)
      first = first or value
      net:backward(dp)
      opt:step(net)
    end
    assert.is_true(value < first / 4)
    assert.equal("step: no gradient; net:backward or net:backprop writes one", message(opt.step, opt, small()))
    local other = small()
    other:backprop(moth.randn(2, 2), moth.randint(1, 2, 2), "cross_entropy")
    assert.equal("step: this adam serves another net; make one for each net", message(opt.step, opt, other))
    assert.equal("step: argument 2 must be a net, got 3", message(opt.step, opt, 3))
  end)
end)
