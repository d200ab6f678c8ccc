-- Training on one row at a time puts each step's update off until the next: nobody may be able to tell.
local moth = require "moth"

local function outcome(more, look)
  moth.seed(3)
  local x, y = moth.rand(37, 120), moth.randint(1, 3, { 37 })
  local net = moth.net{ input = 120, moth.dense(100, "tanh"), moth.dense(90, "relu"), moth.dense(3, "softmax") }
  local given = { net = net, data = moth.dataset{ x = x, y = y }, loss = "cross_entropy", optimizer = moth.sgd{ lr = 0.05 }, epochs = 3,
                  batch = 1, progress = false }
  for key, value in pairs(more or {}) do given[key] = value end
  local seen = {}
  if look then given[look] = function() seen[#seen + 1] = net:parameters():sum() end end
  local run = moth.train(given)
  return { loss = run.loss, weights = net:parameters():totable() }, seen, net, x
end

describe("training on single rows", function()
  local plain = outcome()

  it("gives the same weights when they are looked at after each batch, or each epoch", function()
    local other, seen = outcome({}, "on_batch")
    assert.same(plain, other)
    assert.equal(111, #seen)
    for i = 2, #seen do assert.not_equal(seen[i - 1], seen[i]) end
    local third, epochs = outcome({}, "on_epoch")
    assert.same(plain, third)
    assert.equal(seen[37], epochs[1])
    assert.equal(seen[111], epochs[3])
  end)

  it("gives the same on two threads, with validation, and with metrics", function()
    local before = moth.threads()
    moth.threads(2)
    local other = outcome()
    moth.threads(before)
    assert.same(plain, other)
    local x, y = moth.rand(9, 120), moth.randint(1, 3, { 9 })
    local validated = outcome{ validation = moth.dataset{ x = x, y = y }, metrics = { "accuracy" }, patience = 100 }
    assert.same(plain.loss, validated.loss)
  end)

  it("agrees with steps made by hand", function()
    moth.seed(3)
    local x, y = moth.rand(37, 120), moth.randint(1, 3, { 37 })
    local net = moth.net{ input = 120, moth.dense(100, "tanh"), moth.dense(90, "relu"), moth.dense(3, "softmax") }
    local copy = net:clone()
    moth.train{ net = net, data = moth.dataset{ x = x, y = y }, loss = "cross_entropy", optimizer = moth.sgd{ lr = 0.05 }, epochs = 1,
                batch = 1, shuffle = false, progress = false }
    local sgd, loss = moth.sgd{ lr = 0.05 }, moth.cross_entropy()
    for i = 1, 37 do
      copy:backprop(x:narrow(1, i, 1), y:narrow(1, i, 1), loss)
      sgd:step(copy)
    end
    assert.same(copy:parameters():totable(), net:parameters():totable())
  end)

  it("puts the same best weights back", function()
    local x, y = moth.rand(9, 120), moth.randint(1, 3, { 9 })
    local more = { validation = moth.dataset{ x = x, y = y }, patience = 1, epochs = 30 }
    assert.same(outcome(more), (outcome(more, "on_batch")))
  end)
end)
