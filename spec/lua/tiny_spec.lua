-- Tiny networks run many epochs in one go: nobody may be able to tell.
local moth = require "moth"

local x = moth.tensor{ {0,0}, {0,1}, {1,0}, {1,1} }
local y = moth.tensor{ {0}, {1}, {1}, {0} }

local function job(more)
  moth.seed(5)
  local net = moth.net{ input = 2, moth.dense(4, "tanh"), moth.dense(1, "sigmoid") }
  local given = { net = net, data = { x, y }, loss = "binary_cross_entropy", optimizer = moth.sgd{ lr = 0.5 }, epochs = 700, batch = "full",
                  progress = false }
  for key, value in pairs(more or {}) do given[key] = value end
  return given, net
end

local function weights(net)
  return net:parameters():totable()
end

-- What a run tells, but its seconds.
local function outcome(more)
  local given, net = job(more)
  local run = moth.train(given)
  return { epochs = run.epochs, loss = run.loss, lr = run.lr, best = run.best_epoch, stopped = run.stopped, weights = weights(net) }
end

describe("a tiny network", function()
  it("trains the same whether each epoch is looked at or not", function()
    local plain, calls = outcome(), 0
    assert.same(plain, outcome{ on_epoch = function() calls = calls + 1 end })
    assert.equal(700, calls)
    assert.equal(700, #plain.loss)
    assert.is_true(plain.loss[700] < plain.loss[1])
  end)

  it("stops for patience at the same epoch", function()
    local more = { optimizer = moth.sgd{ lr = 8 }, patience = 3, epochs = 5000 }
    local plain = outcome(more)
    more.on_epoch, more.optimizer = function() end, moth.sgd{ lr = 8 }
    assert.same(plain, outcome(more))
  end)

  it("does the same under adam and momentum", function()
    for _, make in ipairs{ function() return moth.adam{ lr = 0.05 } end, function() return moth.sgd{ lr = 0.1, momentum = 0.9 } end } do
      local plain = outcome{ optimizer = make() }
      assert.same(plain, outcome{ optimizer = make(), on_epoch = function() end })
    end
  end)

  it("says the same when its loss becomes infinite", function()
    local function fail(more)
      local given, net = job(more)
      given.net = moth.net{ input = 2, moth.dense(4), moth.dense(1) }
      given.loss, given.optimizer = "mse", moth.sgd{ lr = 50 }
      local ok, message = pcall(moth.train, given)
      assert.is_false(ok)
      return tostring(message):gsub("tiny_spec.lua:%d+", ""), weights(given.net)
    end
    local message, left = fail()
    local other, also_left = fail{ on_epoch = function() end }
    assert.matches("loss is", message)
    assert.equal(message, other)
    assert.same(left, also_left)
  end)

  it("reads data anew in each run", function()
    local a, b = x:clone(), y:clone()
    local function last() return outcome{ data = { a, b }, epochs = 50 }.loss[50] end
    local first = last()
    b:fill_(1)
    assert.is_true(last() < first)
  end)

  it("names its path in the summary", function()
    local _, net = job()
    assert.matches("lanes", net:summary())
    local wide = moth.net{ input = 784, moth.dense(128, "relu"), moth.dense(10, "softmax") }
    assert.not_matches("lanes", wide:summary())
    local dropping = moth.net{ input = 2, moth.dense(4, "tanh"), moth.dropout(0.5), moth.dense(1, "sigmoid") }
    assert.matches("no lanes", dropping:summary())
  end)
end)
