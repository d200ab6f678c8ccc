local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

local x, y = moth.tensor{ { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } }, moth.tensor{ { 0 }, { 1 }, { 1 }, { 0 } }

local function options(more)
  local all = { net = moth.net{ input = 2, seed = 1, moth.dense(8, "tanh"), moth.dense(1, "sigmoid") }, data = { x, y },
                loss = "binary_cross_entropy", optimizer = moth.adam{ lr = 0.1 }, epochs = 10, progress = false, seed = 1 }
  for key, value in pairs(more or {}) do all[key] = value end
  return all
end

describe("moth.train", function()
  it("learns, and tells how it went", function()
    local o = options{ epochs = 100 }
    local run = moth.train(o)
    assert.equal(100, run.epochs)
    assert.equal("epochs", run.stopped)
    assert.equal(100, #run.loss)
    assert.equal(100, #run.lr)
    assert.is_true(run.loss[100] < run.loss[1] / 10)
    assert.equal("number", type(run.seconds))
    assert.equal(1, run.seed)
    assert.is_true(o.net:predict(x):round() == y)
    assert.is_true(rawequal(run.loss, run.loss))
    assert.equal("a run has no 'los'; did you mean 'loss'?", message(function() return run.los end))
    assert.is_truthy(tostring(run):find("100 epochs done", 1, true))
  end)

  it("calls on_epoch with a strict event, and stops where it returns true", function()
    local seen = {}
    local run = moth.train(options{ epochs = 50, metrics = { "mse" }, validation = { x, y }, on_epoch = function(e)
      seen[#seen + 1] = e
      return e.epoch == 3
    end })
    assert.equal(3, run.epochs)
    assert.equal("callback", run.stopped)
    assert.equal(3, #seen)
    for _, name in ipairs{ "epoch", "loss", "val_loss", "lr", "seconds", "rows_per_second", "mse", "val_mse" } do
      assert.equal("number", type(seen[1][name]), name)
    end
    helper.near(run.loss[1], seen[1].loss)
    assert.equal("on_epoch: e has no 'val_los'; did you mean 'val_loss'?", message(function() return seen[1].val_los end))
    assert.same(run.val_mse[2], seen[2].val_mse)
  end)

  it("tells that val_loss needs validation", function()
    assert.equal("on_epoch: e has no 'val_loss'; validation = gives it",
      message(moth.train, options{ on_epoch = function(e) return e.val_loss < 1 end }))
  end)

  it("calls on_batch", function()
    local batches = {}
    moth.train(options{ epochs = 2, batch = 2, on_batch = function(b) batches[#batches + 1] = b.epoch * 10 + b.batch end })
    assert.same({ 11, 12, 21, 22 }, batches)
    assert.equal("on_batch: b has no 'los'; did you mean 'loss'?", message(moth.train, options{ on_batch = function(b) return b.los end }))
  end)

  it("lets errors of callbacks through as they are", function()
    local problem = setmetatable({}, { __tostring = function() return "mine" end })
    for _, name in ipairs{ "on_epoch", "on_batch", "schedule" } do
      local ok, got = pcall(moth.train, options{ [name] = function() error(problem) end })
      assert.is_false(ok)
      assert.is_true(rawequal(problem, got), name)
    end
    local ok, got = pcall(moth.train, options{ metrics = { own = function() error(problem) end } })
    assert.is_false(ok)
    assert.is_true(rawequal(problem, got))
    assert.equal(10, moth.train(options()).epochs)
  end)

  it("cannot be left by a yield", function()
    local thread = coroutine.create(function() return moth.train(options{ on_epoch = coroutine.yield }) end)
    local ok, text = coroutine.resume(thread)
    assert.is_false(ok)
    assert.is_truthy(text:find("attempt to yield across a C-call boundary", 1, true))
  end)

  it("may run inside on_epoch", function()
    local inner
    moth.train(options{ epochs = 2, on_epoch = function() inner = moth.train(options{ epochs = 3, on_epoch = function() end }) end })
    assert.equal(3, inner.epochs)
  end)

  it("takes functions as schedules and metrics", function()
    local run = moth.train(options{ epochs = 3, schedule = function(epoch, base) return base / epoch end,
      metrics = { "mse", rows = function(p, t) return #p + #t end } })
    helper.near({ 0.1, 0.05, 0.1 / 3 }, run.lr)
    assert.same({ 8.0, 8.0, 8.0 }, run.rows)
    assert.equal(3, #run.mse)
    assert.equal("schedule: the function must return a number, got nil", message(moth.train, options{ schedule = function() end }))
    assert.equal("metrics: the function must return a number, got 'x'",
      message(moth.train, options{ metrics = { a = function() return "x" end } }))
  end)

  it("takes schedules of the catalog", function()
    local run = moth.train(options{ epochs = 4, schedule = moth.schedule.step{ 2, factor = 0.5 } })
    helper.near({ 0.1, 0.1, 0.05, 0.05 }, run.lr)
  end)

  it("clips, penalizes and stops early", function()
    local run = moth.train(options{ clip = { norm = 1, order = 2 }, l2 = 0.01 })
    assert.equal(10, run.epochs)
    assert.equal(10, moth.train(options{ clip = 0.5 }).epochs)
    run = moth.train(options{ epochs = 200, patience = 2, optimizer = moth.sgd{ lr = 1e-9 }, validation = { x, y }, min_delta = 1 })
    assert.equal("patience", run.stopped)
    assert.equal("train: clip: no option 'nrom'; did you mean 'norm'?", message(moth.train, options{ clip = { nrom = 1 } }))
  end)

  it("is the same through net:train, and for a layer alone", function()
    local o = options()
    local net = o.net
    o.net = nil
    assert.equal(10, net:train(o).epochs)
    assert.equal("train: net:train(options) fills in net; leave it out", message(net.train, net, options()))
    local layer = moth.dense{ 1, "sigmoid", input = 2 }
    assert.equal(10, moth.train(options{ net = layer }).epochs)
    o.optimizer = nil
    assert.equal(10, layer:train(o).epochs)
  end)

  it("tells of wrong options", function()
    assert.equal("train: no loss 'categorical_crossentropy'; here it is 'cross_entropy'",
      message(moth.train, options{ loss = "categorical_crossentropy" }))
    assert.equal("train: no option 'epoch'; did you mean 'epochs'?", message(moth.train, options{ epoch = 1 }))
    assert.equal("train: data must be a data set or { x, y }, got f32[4,2]",
      message(moth.train, options{ data = x }))
    assert.equal("train: takes a table of options, got nil", message(moth.train))
    assert.is_truthy(message(moth.train, options{ data = { x, moth.zeros(3, 1) } }):find("3", 1, true))
    assert.is_truthy(message(moth.train, options{ batch = 256 }):find("batch", 1, true))
  end)

  it("gives the same bits for any number of threads, in one go or in steps, watched or not", function()
    local function trained(how, more)
      local o = options(more)
      how(o)
      return o.net:parameters():clone()
    end
    local before = moth.threads()
    local want = trained(moth.train)
    moth.threads(1)
    assert.is_true(want == trained(moth.train))
    moth.threads(before)
    assert.is_true(want == trained(moth.train, { on_epoch = function() end, on_batch = function() end, metrics = { "mse" } }))
    assert.is_true(want == trained(function(o)
      local t = moth.trainer(o)
      while t:step(0) == "more" do end
    end))
  end)
end)

describe("resume = run", function()
  local function build()
    moth.seed(5)
    local x, y = moth.randn(40, 3), moth.randn(40, 1)
    local net = moth.net{ input = 3, moth.dense(6, "tanh"), moth.dropout(0.2), moth.dense(1) }
    return net, function(more)
      local given = { net = net, data = { x, y }, validation = { x, y }, loss = "mse", metrics = { "mae" }, epochs = 9, batch = 8, seed = 3,
        optimizer = moth.adam{ lr = 0.01 }, progress = false }
      for key, value in pairs(more or {}) do given[key] = value end
      return moth.train(given)
    end
  end

  it("goes on exactly, whatever happened to the net meanwhile", function()
    local net, train = build()
    local whole = train()
    local expected = net:parameters():clone()
    net, train = build()
    local cut = train{ on_epoch = function(e) return e.epoch == 4 end }
    assert.same({ "callback", 4 }, { cut.stopped, cut.epochs })
    net:parameters():fill_(0)
    moth.rand(100)
    local rest = train{ resume = cut }
    assert.is_true(net:parameters() == expected)
    assert.same(whole.loss, rest.loss)
    assert.same(whole.val_mae, rest.val_mae)
    assert.same(4, #cut.loss)
    assert.same(whole.loss, train{ resume = rest }.loss) -- a finished one resumes to nothing
    assert.equal(12, train{ resume = rest, epochs = 12 }.epochs)
  end)

  it("refuses the run of another training", function()
    local _, train = build()
    local run = train()
    assert.equal("train: the run belongs to another run: batch was 8, is 4", message(train, { resume = run, batch = 4 }))
    local t = moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.zeros(2, 1), moth.zeros(2, 1) }, loss = "mse", epochs = 2,
      optimizer = moth.sgd(), progress = false }
    t:step()
    assert.equal("train: resume: the run has not ended", message(train, { resume = t.run }))
  end)
end)

describe("moth.trainer", function()
  it("goes on a step at a time", function()
    local t = moth.trainer(options{ epochs = 3, batch = 2 })
    local steps = 1
    while t:step() == "more" do steps = steps + 1 end
    assert.is_true(steps >= 6)
    assert.equal("done", t:step())
    assert.equal(3, t.run.epochs)
    assert.equal("epochs", t.run.stopped)
    assert.is_true(rawequal(t.run, t.run))
    assert.equal("step: the milliseconds must be a number >= 0, got -1", message(t.step, t, -1))
    assert.equal("a trainer has no 'stpe'; did you mean 'step'?", message(function() return t.stpe end))
  end)

  it("iterates over epochs", function()
    local epochs = {}
    for e in moth.trainer(options{ epochs = 3 }):epochs() do epochs[#epochs + 1] = e.epoch end
    assert.same({ 1, 2, 3 }, epochs)
    local called = 0
    local t = moth.trainer(options{ epochs = 5, on_epoch = function() called = called + 1 end })
    for e in t:epochs() do
      if e.epoch == 2 then break end
    end
    assert.equal(2, called)
    assert.equal(2, t.run.epochs)
    local run = t:run()
    assert.equal(5, run.epochs)
    assert.is_true(rawequal(run, t.run))
    assert.equal(5, called)
  end)

  it("stops when it is told", function()
    local t
    t = moth.trainer(options{ epochs = 100, on_epoch = function(e) if e.epoch == 2 then t:stop() end end })
    assert.equal("callback", t:run().stopped)
  end)

  it("keeps its lists growing", function()
    local t = moth.trainer(options{ epochs = 4 })
    local list = t.run.loss
    assert.equal(0, #list)
    for e in t:epochs() do
      collectgarbage()
      assert.equal(e.epoch, #t.run.loss)
    end
    assert.is_true(rawequal(list, t.run.loss))
    assert.equal(4, #list)
  end)
end)
