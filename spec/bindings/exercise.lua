-- Something of everything that the bindings do, for tests that make allocations fail on the way. `moth` is global here.
local t = moth.tensor{ { 1, 2 }, { 3, 4 } }
local u = (t + 1):sum(1, { keep = true })
u = moth.cat({ t, t }, 1)
local values, at = t:max(1)
t[1] = { 5, 6 }
u = t({ 1, 2 }, 1)
u = t[t:gt(1)]
assert(tostring(t):find "f32")
t[moth.tensor({ 2 }, { dtype = "i64" })] = { { 7, 8 } }
local parts, x, y = t:unbind(), moth.meshgrid{ t[1], t[2], indexing = "xy" }
for i, row in t:rows() do parts[i] = row:map(function(v) return v + 1 end) end
parts = moth.scope(function() return { t:split(1)[1], moth.scope(function() return t + 1 end) } end)
parts = moth.scope(function()
  local thread = coroutine.create(coroutine.yield)
  return assert(coroutine.resume(thread, t + 1)) and thread
end)
t:apply_(math.abs)
assert(tostring(t:describe()):find "mean")

local net = moth.net{ input = 2, moth.dense{ 3, "tanh", init = function(shape) return moth.ones(shape) end }, moth.dense(1, "sigmoid") }
assert(tostring(net):find "net")
net:predict{ 0, 1 }
net[1]:augmented()
local copy = net:clone()

local data = moth.dataset{ t, moth.tensor{ { 0 }, { 1 } } }
local a, b = data:split(0.5, 0.5)
assert(tostring(data):find "data")
for x, y in data:batches(1) do end

local losses = {}
local run = moth.train{ net = net, data = data, loss = "mse", epochs = 2, metrics = { "mae", own = function(p) return 1 end },
  schedule = function(epoch, base) return base end, on_epoch = function(e) losses[#losses + 1] = e.loss end, on_batch = function(b) end,
  progress = false, clip = { norm = 1 }, optimizer = moth.sgd{ lr = 0.1 } }
assert(#run.loss == 2)
local trainer = moth.trainer{ net = net, data = { t, { { 0 }, { 1 } } }, loss = moth.mse(), epochs = 2, progress = false }
for e in trainer:epochs() do end
trainer:run()

pcall(moth.net, { input = 2, moth.dense(3), nil, moth.dense(2) })
pcall(function() return moth.dropuot end)
local alone = moth.dense{ 2, input = 2 }
alone:forward(t)
alone:backward(t)
moth.classes{ 3, 1, 2 }
moth.mse(t, t)
net:evaluate(data, { "mse" })
