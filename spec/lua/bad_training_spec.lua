-- Data that does not fit, losses that are no numbers, errors and yields inside callbacks: whole texts, and weights as they were.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local mistakes = dofile "spec/lua/mistakes.lua"
local message = helper.message
local keeps_memory, each, classes = mistakes.keeps_memory, mistakes.each, mistakes.classes
local x, labels, values = mistakes.x, mistakes.labels, mistakes.values
local merged, classifier, regression, untrained = mistakes.merged, mistakes.classifier, mistakes.regression, mistakes.untrained

describe("data that does not fit", function()
  local function with(y) return untrained(classifier{ data = { x, y } }) end

  it("has labels out of range", function()
    local of = "; classes count from 1 to 2"
    assert.equal("train: label 0 in row 2 of data.y" .. of .. "\n  data.y, names = moth.classes(data.y) renumbers 0..1", with(classes{ 1, 0, 1, 1, 1, 1 }))
    assert.equal("train: label 0 in row 1 of data.y" .. of .. "\n  data.y, names = moth.classes(data.y) renumbers 0..1", with(classes{ 0, 1, 0, 1, 0, 1 }))
    assert.equal("train: label -1 in row 3 of data.y" .. of, with(classes{ 1, 2, -1, 1, 1, 1 }))
    assert.equal("train: label -9223372036854775808 in row 6 of data.y" .. of, with(classes{ 1, 2, 1, 1, 1, math.mininteger }))
    assert.equal('train: label 3 in row 3 of data.y, layer 2 dense(2, "softmax") has classes 1..2', with(classes{ 1, 2, 3, 1, 1, 1 }))
    assert.equal('train: label 9223372036854775807 in row 1 of data.y, layer 2 dense(2, "softmax") has classes 1..2',
      with(classes{ math.maxinteger, 2, 1, 1, 1, 1 }))
    assert.equal('train: label 3 in row 3 of validation.y, layer 2 dense(2, "softmax") has classes 1..2',
      untrained(classifier{ validation = { x, classes{ 1, 2, 3, 1, 1, 1 } } }))
    local y, names = moth.classes(classes{ 0, 1, 0, 1, 0, 1 })
    assert.same({ "0", "1" }, names)
    assert.equal(2, moth.train(classifier{ data = { x, y } }).epochs)
  end)

  it("has labels spoiled while training", function()
    local y = labels:clone()
    assert.equal("train: data.y was changed meanwhile: a label is no class any more",
      message(moth.train, classifier{ data = { x, y }, batch = 2, epochs = 5, on_epoch = function() y:fill_(2^50) end }))
  end)

  it("has the wrong dtype", function()
    for _, dtype in ipairs{ "f32", "f64", "u8", "bool" } do
      assert.equal(("train: cross_entropy takes class numbers i64[6], data.y is %s[6]\n  data.y:to\"i64\" if they are whole numbers"):format(dtype),
        with(dtype == "bool" and labels:gt(1) or labels:to(dtype)))
    end
    assert.equal("accuracy: takes class numbers i64[6], target is f32[6]\n  y:to\"i64\" if they are whole numbers", message(moth.accuracy, moth.rand(6, 2), moth.rand(6)))
  end)

  it("has x and y of different lengths", function()
    each{
      ["train: data.x has 6 rows, data.y has 5"] = function() moth.train(classifier{ data = { x, labels:narrow(1, 1, 5) } }) end,
      ["train: validation.x has 6 rows, validation.y has 5"] = function() moth.train(classifier{ validation = { x, labels:narrow(1, 1, 5) } }) end,
    }
    assert.equal("dataset: data.x has 6 rows, data.y has 5", message(moth.dataset, { x, labels:narrow(1, 1, 5) }))
    local net = classifier().net
    assert.equal("backprop: x has 6 rows, the target is i64[5]", message(net.backprop, net, x, labels:narrow(1, 1, 5), "cross_entropy"))
    assert.equal("train: data has no y: nothing to compare outputs with", untrained(classifier{ data = { x } }))
    assert.equal("train: data has 0 rows", untrained(classifier{ data = { moth.zeros(0, 4), classes{} } }))
  end)

  it("has targets of another shape", function()
    local function target(y) return untrained(regression{ data = { x, y } }) end
    assert.equal("mse: prediction f32[6,1], target f32[6]: shapes must be equal\n  y:reshape(-1, 1) has the right one", target(values:reshape(6)))
    assert.equal("mse: prediction f32[6,1], target f32[6,2]: shapes must be equal", target(moth.rand(6, 2)))
    assert.equal("mse: prediction f32[6,1], target i64[6]: shapes must be equal\n  y:reshape(-1, 1) has the right one", target(labels))
    assert.equal("cross_entropy: prediction f32[6,2], target f32[6,3]: shapes must be equal", with(moth.rand(6, 3)))
    assert.equal("mse: prediction f32[16,1], target f32[16]: shapes must be equal\n  y:reshape(-1, 1) has the right one",
      message(moth.mse, moth.zeros(16, 1), moth.zeros(16)))
    each{
      ["mse: argument 2 must be a tensor, got 3"] = function() return (moth.mse(moth.zeros(16, 1), 3)) end,
      ["mse: argument 2 must be a tensor, got nothing"] = function() return (moth.mse(moth.zeros(16, 1))) end,
    }
  end)

  it("has nan or infinity", function()
    for name, value in pairs{ nan = 0 / 0, inf = 1 / 0, ["-inf"] = -1 / 0 } do
      local bad, target = x:clone(), values:clone()
      bad[3][2], target[5][1] = value, value
      assert.equal(("train: data.x has %s in row 3, column 2"):format(name), untrained(classifier{ data = { bad, labels } }))
      assert.equal(("train: data.y has %s in row 5, column 1"):format(name), untrained(regression{ data = { x, target } }))
    end
    local rows = moth.rand(6, 2)
    rows[4][1] = -3
    assert.equal("train: cross_entropy takes targets from 0 to 1, data.y has -3 in row 4", with(rows))
  end)

  it("has fewer rows than a batch", function()
    assert.equal('train: batch = 256, data has 6 rows; batch = "full" takes all of them', untrained(classifier{ batch = 256 }))
    assert.equal('train: batch = 7, data has 6 rows; batch = "full" takes all of them', untrained(classifier{ batch = 7 }))
    assert.equal(2, moth.train(classifier{ batch = 6 }).epochs)
  end)
end)

describe("a loss that is no number", function()
  it("ends training, and good weights are put back", function()
    local kept = {}
    local o = regression{ optimizer = moth.sgd{ lr = 1e10 }, epochs = 50, batch = "full" }
    kept[0] = o.net:parameters():clone()
    o.on_epoch = function(e) kept[e.epoch] = o.net:parameters():clone() end
    local text = message(moth.train, o)
    local epoch, back = text:match "^train: loss is %-?%a+ in epoch (%d+), batch 1 %(rows 1%.%.6%)\n  first non%-finite value: [^\n]+; largest weight [^\n]+; lr 1e%+10\n  weights of epoch (%d+) put back; try a smaller lr or clip = 1$"
    assert.is_truthy(epoch, text)
    assert.is_true(tonumber(back) < tonumber(epoch))
    assert.is_true(kept[tonumber(back)] == o.net:parameters())
    assert.is_false(o.net:parameters():has_nan())
    assert.equal(5, moth.train(regression{ net = o.net, optimizer = moth.sgd{ lr = 1e-6 }, epochs = 5, loss = "mae" }).epochs)
  end)

  it("names the weights from before where no epoch ended", function()
    local o = regression{ optimizer = moth.sgd{ lr = 1e20 }, epochs = 50, batch = 1, shuffle = false }
    local before = o.net:parameters():clone()
    local text = message(moth.train, o)
    assert.is_truthy(text:find "^train: loss is %-?%a+ in epoch 1, batch %d %(rows %d..%d%)\n  first non%-finite value: [^\n]+; largest weight [^\n]+; lr 1e%+20\n" ..
      "  weights from before training put back; try a smaller lr or clip = 1$" or text:find "\n  weights from before training put back; try a smaller lr or clip = 1$", text)
    assert.is_true(before == o.net:parameters())
    keeps_memory(function()
      local again = regression{ net = o.net, optimizer = moth.sgd{ lr = 1e20 }, epochs = 50, batch = 1, shuffle = false }
      moth.train(again)
    end)
    assert.is_true(before == o.net:parameters())
  end)

  it("may stop it instead", function()
    local o = regression{ optimizer = moth.sgd{ lr = 1e10 }, epochs = 50, batch = "full", on_nan = "stop" }
    local run = moth.train(o)
    assert.equal("nan", run.stopped)
    assert.is_false(o.net:parameters():has_nan())
    assert.is_truthy(tostring(run):find "^run  stopped by a loss of nan after epoch %d+: %d+ epochs done, weights of epoch %d+ put back$")
    assert.equal("train: on_nan must be 'error' or 'stop', got 'ignore'", message(moth.train, regression{ on_nan = "ignore" }))
  end)
end)

describe("an error inside a callback", function()
  local function thrown(value, name, extra)
    local o = classifier(merged({ epochs = 5, validation = { x, labels } }, extra))
    local calls = 0
    local function callback()
      calls = calls + 1
      if calls >= 2 then error(value, 0) end
      return name == "schedule" and 0.1 or name == "metrics" and 1 or nil
    end
    o[name] = name == "metrics" and { own = callback } or callback
    local ok, got = pcall(moth.train, o)
    assert.is_false(ok)
    return got, o
  end

  it("comes out as it is", function()
    local object = setmetatable({ code = 7 }, { __tostring = function() return "mine" end })
    for _, name in ipairs{ "on_epoch", "on_batch", "schedule", "metrics" } do
      for _, value in ipairs{ object, "text", 42, 2.5, true, moth.ones(2), io.stdout, print } do
        local got, o = thrown(value, name)
        assert.is_true(rawequal(value, got), name)
        assert.is_false(o.net:parameters():has_nan())
        o[name] = nil
        assert.equal(5, moth.train(o).epochs)
      end
      local got = thrown(nil, name)
      assert.is_nil(got)
    end
  end)

  it("ends the training of a trainer", function()
    local object, failing = {}, true
    local o = classifier{ epochs = 6, on_epoch = function(e) if e.epoch == 3 and failing then error(object) end end }
    local t = moth.trainer(o)
    local ok, got = pcall(function() return t:run() end)
    assert.is_false(ok)
    assert.is_true(rawequal(object, got))
    failing = false
    assert.equal("done", t:step())
    assert.equal("callback", t.run.stopped)
    assert.equal(3, #t.run.loss)
    assert.same({ 6, 2 }, o.net:predict(x).shape)
    assert.equal(2, moth.train(classifier{ net = o.net }).epochs)
  end)

  it("leaks nothing", function()
    keeps_memory(moth.train, classifier{ on_epoch = function() error{} end })
    keeps_memory(moth.train, classifier{ on_epoch = function(e) return e.val_los end })
    keeps_memory(moth.train, classifier{ metrics = { own = function() error "x" end } })
    keeps_memory(moth.net, { input = 40, moth.dense{ 50, init = function() error{} end } })
  end)

  it("inside an initializer comes out as it is", function()
    local object = {}
    local ok, got = pcall(moth.net, { input = 4, moth.dense(3), moth.dense{ 2, init = function() error(object) end } })
    assert.is_false(ok)
    assert.is_true(rawequal(object, got))
    assert.equal("init: what the function returned must be a tensor, got 'x'", message(moth.net, { input = 4, moth.dense{ 2, init = function() return "x" end } }))
  end)

  it("names the fields that an event has not", function()
    local function event(f, more) return message(moth.train, classifier(merged({ on_epoch = f }, more))) end
    assert.equal("on_epoch: e has no 'val_los'; did you mean 'val_loss'?", event(function(e) return e.val_los end, { validation = { x, labels } }))
    assert.equal("on_epoch: e has no 'los'; did you mean 'loss'?", event(function(e) return e.los end))
    assert.equal("on_epoch: e has no 'val_loss'; validation = gives it", event(function(e) return e.val_loss end))
    assert.equal("on_batch: b has no 'los'; did you mean 'loss'?", message(moth.train, classifier{ on_batch = function(b) return b.los end }))
  end)

  it("may be a stack that overflows", function()
    local function deep() return deep() + 1 end
    local o = classifier{ on_epoch = deep }
    assert.is_truthy(message(moth.train, o):find("stack overflow", 1, true))
    o.on_epoch = nil
    assert.equal(2, moth.train(o).epochs)
  end)
end)

describe("a yield", function()
  it("does not cross callbacks", function()
    for name, callback in pairs{ on_epoch = coroutine.yield, on_batch = coroutine.yield, schedule = coroutine.yield, metrics = { own = coroutine.yield } } do
      local o = classifier{ [name] = callback }
      local ok, text = coroutine.resume(coroutine.create(function() return moth.train(o) end))
      assert.is_false(ok)
      assert.equal("attempt to yield across a C-call boundary", (tostring(text):gsub("^[^\n]-:%d+: ", "", 1)), name)
      o[name] = nil
      assert.equal(2, moth.train(o).epochs)
    end
    local ok, text = coroutine.resume(coroutine.create(function() return moth.net{ input = 2, moth.dense{ 2, init = coroutine.yield } } end))
    assert.is_false(ok)
    assert.is_truthy(tostring(text):find("attempt to yield across a C-call boundary", 1, true))
  end)

  it("may stand between epochs and batches", function()
    local epochs, sizes = {}, {}
    for epoch in coroutine.wrap(function()
      for e in moth.trainer(classifier{ epochs = 3 }):epochs() do coroutine.yield(e.epoch) end
    end) do epochs[#epochs + 1] = epoch end
    for size in coroutine.wrap(function() for part in moth.dataset{ x }:batches(4) do coroutine.yield(#part) end end) do sizes[#sizes + 1] = size end
    assert.same({ 1, 2, 3 }, epochs)
    assert.same({ 4, 2 }, sizes)
  end)

  it("leaves a coroutine that is abandoned to the collector", function()
    keeps_memory(function()
      coroutine.wrap(function() for e in moth.trainer(classifier{ epochs = 3 }):epochs() do coroutine.yield(e) end end)()
      error "abandoned"
    end)
  end)
end)
