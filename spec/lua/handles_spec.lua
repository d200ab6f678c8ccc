-- Userdata under misuse: closed, without their metatable, collected twice, in cycles, in numbers.
local moth = require "moth"
local message = dofile("spec/lua/helper.lua").message

describe("closing", function()
  it("frees at once and makes every use an error", function()
    local kept
    do
      local t <close> = moth.ones(3)
      kept = t
      assert.equal(3.0, t:sum())
    end
    assert.equal("sum: the tensor is closed", message(function() return kept:sum() end))
    assert.equal("index: the tensor is closed", message(function() return kept[1] end))
    assert.equal("add: the tensor is closed", message(function() return 1 + kept end))
    assert.equal("a closed tensor", tostring(kept))
    assert.is_false(kept == moth.ones(3))
  end)

  it("leaves views their storage", function()
    local row
    do
      local t <close> = moth.ones(2, 3)
      row = t[2]
    end
    assert.equal(3.0, row:sum())
  end)

  it("works for nets, layers and data sets", function()
    local kept, layer
    do
      local net <close> = moth.net{ input = 2, moth.dense(1) }
      kept, layer = net, net[1]
    end
    assert.equal("predict: the net is closed", message(function() return kept:predict{ 1, 2 } end))
    assert.same({ 1, 2 }, layer.weight.shape) -- the layer's own handle is open
    local data
    do
      local d <close> = moth.dataset{ moth.zeros(2, 1) }
      data = d
    end
    assert.equal("take: the data set is closed", message(data and function() return data:take(1) end))
  end)
end)

describe("the tag in the block", function()
  it("is what counts, not the metatable", function()
    local t, net = moth.ones(3), moth.net{ input = 2, moth.dense(1) }
    local sum, predict = t.sum, net.predict
    debug.setmetatable(t, nil)
    assert.equal(3.0, sum(t))
    debug.setmetatable(t, debug.getmetatable(net))
    assert.equal("predict: argument 1 must be a net, got f32[3]; write net:predict(x), with a colon", message(predict, t))
    assert.equal(3.0, sum(t))
    debug.setmetatable(t, debug.getmetatable(moth.ones(1)))
    assert.equal(3.0, t:sum())
    debug.setmetatable(io.stdout, debug.getmetatable(t))
    local text = message(function() return io.stdout:sum() end)
    debug.setmetatable(io.stdout, debug.getmetatable(io.stderr))
    assert.is_truthy(text:find("must be a tensor", 1, true))
  end)

  it("makes a second __gc harmless", function()
    local net, data = moth.net{ input = 1, moth.dense(1) }, moth.dataset{ moth.zeros(1, 1) }
    for _, handle in ipairs{ moth.ones(3), moth.adam(), moth.generator(1), net, data } do
      local gc = debug.getmetatable(handle).__gc
      gc(handle)
      gc(handle)
      gc(io.stdout)
      gc()
      assert.is_truthy(tostring(handle):find("a closed", 1, true))
    end
    collectgarbage()
  end)
end)

describe("the collector", function()
  it("frees nets that their own functions refer to", function()
    collectgarbage()
    local limit = moth.limit()
    moth.limit(64 * 2^20)
    local ok, problem = pcall(function()
      for _ = 1, 300 do -- each holds about half a MiB
        local net, t
        local function init(shape) return net and net or moth.zeros(shape) end
        net = moth.net{ input = 200, moth.dense{ 200, init = init } }
        t = moth.trainer{ net = net, data = { moth.zeros(4, 200), moth.zeros(4, 200) }, loss = "mse", epochs = 2, progress = false,
                          on_epoch = function() return t and net and false end, schedule = function(_, base) return net and base end }
        t:step()
      end
    end)
    moth.limit(limit)
    assert(ok, problem)
  end)

  it("keeps what is in use alive", function()
    local t
    do
      local net = moth.net{ input = 2, moth.dense{ 3, init = function(shape) return moth.ones(shape) end } }
      t = moth.trainer{ net = net, data = { moth.zeros(4, 2), moth.zeros(4, 3) }, loss = "mse", epochs = 3, progress = false,
                        schedule = function(epoch, base) return base / epoch end, metrics = { own = function(p) return #p end } }
    end
    collectgarbage()
    collectgarbage()
    assert.equal(4.0, t:run().own[3])
    local clone = (function()
      local net = moth.net{ input = 2, moth.dense{ 3, init = function() return 0.5 end } }
      return net:clone()
    end)()
    collectgarbage()
    assert.is_true(clone[1].weight == moth.full({ 3, 2 }, 0.5))
  end)

  it("is told of tensors' bytes", function()
    collectgarbage()
    local limit = moth.limit()
    moth.limit(256 * 2^20)
    local ok, problem = pcall(function()
      for _ = 1, 400 do local _ = moth.zeros(1024, 1024) end -- 1.6 GiB in all
    end)
    moth.limit(limit)
    assert(ok, problem)
  end)

  it("makes room where the limit is reached", function()
    collectgarbage()
    local kept = moth.zeros(2^18) -- 1 MiB
    local limit = moth.limit()
    moth.limit(limit)
    local ok, problem = pcall(function()
      moth.limit(4 * 2^20 + 2^19)
      for _ = 1, 50 do kept = moth.zeros(2^18) + 1 end
    end)
    moth.limit(limit)
    assert(ok, problem)
    assert.equal(2.0^18, kept:sum())
  end)

  it("works while finalizers use tensors", function()
    local count = 0
    for _ = 1, 200 do
      setmetatable({}, { __gc = function() count = count + moth.ones(3):add(1):sum() / 6 end })
      local _ = moth.ones(100, 100):add(1)
    end
    collectgarbage()
    assert.is_true(count > 0)
  end)
end)
