-- Closed handles and foreign metatables: told wherever they are used, and never taken for what they are not.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local mistakes = dofile "spec/lua/mistakes.lua"
local message, closed = helper.message, helper.closed
local each, x, labels, merged, classifier = mistakes.each, mistakes.x, mistakes.labels, mistakes.merged, mistakes.classifier

describe("a closed handle", function()
  it("says so wherever it is used", function()
    local t, net, data, opt = closed(moth.ones(6, 4)), closed(classifier().net), closed(moth.dataset{ x, labels }), closed(moth.adam())
    each{
      ["index: the tensor is closed"] = function() return t[1] end,
      ["add: the tensor is closed"] = function() return 1 + t end,
      ["sum: the tensor is closed"] = function() return (t:sum()) end,
      ["shape: the tensor is closed"] = function() return t.shape end,
      ["predict: x must be a tensor, got a closed tensor"] = function() classifier().net:predict(t) end,
      ["train: x is a closed tensor"] = function() moth.train(classifier{ data = { t, labels } }) end,
      ["predict: the net is closed"] = function() net:predict(x) end,
      ["index: the net is closed"] = function() return net[1] end,
      ["step: the net is closed"] = function() moth.adam():step(net) end,
      ["train: net is a closed net"] = function() moth.train(classifier{ net = net }) end,
      ["x: the data set is closed"] = function() return data.x end,
      ["train: data is a closed data set"] = function() moth.train(classifier{ data = data }) end,
      ["batches: the data set is closed"] = function() data:batches(3) end,
      ["lr: the component is closed"] = function() return opt.lr end,
      ["train: optimizer is a closed component"] = function() moth.train(classifier{ optimizer = opt }) end,
      ["rand: gen is a closed generator"] = function() moth.rand(3, { gen = closed(moth.generator(1)) }) end,
      ["step: the trainer is closed"] = function() closed(moth.trainer(classifier())):step() end,
    }
    assert.same({ "a closed tensor", "a closed net", "a closed data set", "a closed component", "a closed trainer" },
      { tostring(t), tostring(net), tostring(data), tostring(opt), tostring(closed(moth.trainer(classifier()))) })
    assert.is_false(t == moth.ones(6, 4))
  end)

  it("does not take from others what they share", function()
    local net = classifier().net
    local weight, layer, data = net[1].weight, net[1], moth.dataset{ x:clone(), labels:clone() }
    local first, iterator = data.x, data:batches(4)
    closed(net)
    closed(data)
    assert.same({ 3, 4 }, weight:clone().shape)
    assert.same({ 3, 4 }, layer.weight.shape)
    assert.same({ 6, 4 }, first.shape)
    assert.equal(4, #(iterator()))
    local o = classifier()
    assert.equal(2, moth.train(merged(o, { on_epoch = function() closed(o.net) end })).epochs)
  end)

  it("may be the one that is running", function()
    local t
    t = moth.trainer(classifier{ on_epoch = function() t:step() end })
    assert.equal("train: this trainer is running: its callbacks cannot step or load it", message(function() return t:run() end))
    for _, name in ipairs{ "on_epoch", "on_batch", "schedule", "metrics" } do
      local function callback()
        closed(t)
        collectgarbage()
        return name == "schedule" and 0.1 or name == "metrics" and 1 or nil
      end
      t = moth.trainer(classifier{ [name] = name == "metrics" and { own = callback } or callback })
      pcall(function() return t:run() end)
      assert.equal("step: the trainer is closed", message(function() return t:step() end))
      t = moth.trainer(classifier{ [name] = name == "metrics" and { own = callback } or callback })
      pcall(function() for _ in t:epochs() do end end)
    end
    assert.equal("step: the trainer is closed", message(function() return t:step() end))
  end)
end)

describe("a foreign metatable", function()
  it("is not taken for a handle", function()
    local handles = { moth.ones(3), moth.adam(), moth.generator(1), classifier().net, moth.dataset{ x, labels }, moth.trainer(classifier()),
                      moth.train(classifier()), classifier().net[1] }
    for _, handle in ipairs(handles) do
      local meta = debug.getmetatable(handle)
      for _, value in ipairs{ {}, io.tmpfile() } do
        local before = debug.getmetatable(value)
        debug.setmetatable(value, meta)
        local texts = {}
        for name, f in pairs(meta) do
          if type(f) == "function" and name ~= "__gc" and name ~= "__close" then
            local _, text = pcall(f, value, value, value)
            texts[#texts + 1] = tostring(name) .. type(text)
          end
        end
        for _, field in ipairs{ "shape", "lr", "predict", "x", "run", "weight", "loss", 1 } do pcall(function() return value[field] end) end
        for _, f in ipairs{ moth.cat, moth.net, moth.train, moth.dataset, moth.mse, moth.show and function(v) return tostring(v) end } do
          pcall(f, value, value)
          pcall(f, { value, value, net = value, data = value, input = 1 })
        end
        assert.is_false((pcall(function() return moth.ones(3) + value end)))
        assert.is_true(#texts > 0)
        debug.setmetatable(value, before)
      end
    end
    collectgarbage()
    for _, handle in ipairs(handles) do assert.equal("string", type(tostring(handle))) end
  end)

  it("is not taken for that of another kind", function()
    local net, t = classifier().net, moth.ones(3)
    local of_net, of_tensor = debug.getmetatable(net), debug.getmetatable(t)
    debug.setmetatable(t, of_net)
    pcall(function() return t:predict(x) end)
    pcall(function() return t[1] end)
    pcall(function() return #t end)
    pcall(tostring, t)
    debug.setmetatable(t, of_tensor)
    debug.setmetatable(net, of_tensor)
    pcall(function() return net + 1 end)
    pcall(function() return net.shape end)
    pcall(tostring, net)
    debug.setmetatable(net, of_net)
    assert.equal(3.0, t:sum())
    assert.same({ 6, 2 }, net:predict(x).shape)
  end)

  it("may lie about lists, options and events", function()
    local hostile = setmetatable({}, { __index = function(_, key) error("read " .. tostring(key), 0) end, __len = function() return 1e9 end })
    for _, name in ipairs{ "tensor", "zeros", "net", "train", "dataset", "dense", "cat", "classes" } do
      pcall(moth[name], hostile, hostile)
    end
    local growing = setmetatable({}, { __len = function() return 2^62 | 0 end })
    pcall(moth.tensor, growing)
    assert.equal(3.0, moth.ones(3):sum())
  end)
end)
