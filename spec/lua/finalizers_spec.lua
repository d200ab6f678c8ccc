-- Lua runs finalizers wherever it allocates, so also between an operation's look at its arguments and its work. What they close stays good
-- for the call under way.
local moth = require "moth"

describe("a finalizer that closes a tensor", function()
  local mode

  before_each(function()
    collectgarbage()
    mode = collectgarbage("incremental", 1, 10000, 40) -- one step is a whole cycle
  end)
  after_each(function()
    collectgarbage "restart"
    collectgarbage("incremental", 200, 100, 13)
    collectgarbage(mode)
  end)

  -- Makes garbage that closes the tensors when it is collected, which the next allocation does.
  local function doom(...)
    for _, t in ipairs{ ... } do
      setmetatable({ t = t }, { __gc = function(owner) local _ <close> = owner.t end })
    end
  end

  it("leaves the operation under way what it took", function()
    local done, closed = 0, 0
    for i = 1, 300 do
      collectgarbage "stop"
      local a, b = moth.full({ 3000 }, i), moth.ones{ 3000 }
      doom(a, b)
      collectgarbage "restart"
      local ok, sum = pcall(a.add, a, b)
      if ok then
        done = done + 1
        assert.equal(3000 * (i + 1), sum:sum())
      else
        closed = closed + 1
        assert.matches("add: the tensor is closed$", sum)
      end
      if not pcall(a.sum, a) then assert.matches("closed", select(2, pcall(a.sum, a))) end
    end
    assert.equal(300, done + closed)
    assert.is_true(done > 0)
  end)

  it("leaves networks under way what they took", function()
    for _ = 1, 100 do
      collectgarbage "stop"
      local net = moth.net{ input = 3, moth.dense(2) }
      local x = moth.ones{ 4, 3 }
      doom(x, net)
      collectgarbage "restart"
      local ok, y = pcall(net.predict, net, x)
      if ok then assert.same({ 4, 2 }, y.shape) else assert.matches("closed", y) end
    end
  end)

  it("frees it with its userdata, once", function()
    collectgarbage "stop"
    local t = moth.ones{ 1000 }
    local view = t({ 1, 10 })
    doom(t)
    collectgarbage "restart"
    collectgarbage()
    assert.has_error(function() t:sum() end)
    assert.equal(10, view:sum())
    do local _ <close> = t end
    t = nil
    collectgarbage()
    assert.equal(10, view:sum())
  end)
end)
