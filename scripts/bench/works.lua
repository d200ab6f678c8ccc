-- The works by Moth, through its Lua API, as its users write them; work.py explains the grammar and the lines that are answered.
-- works.lua NAME COUNT does one work's steps at once, on 16 batches only, for counting instructions.
local moth = require "moth"

local function parse(name)
  if name == "single" or name == "xor" then return { kind = name } end
  local rest = name:gsub("^(%a+):", "")
  local w = { kind = name:match "^(%a+):" or "train", sizes = {}, has = {} }
  for size in rest:match("^[%d%-]+"):gmatch "%d+" do w.sizes[#w.sizes + 1] = tonumber(size) end
  for option in rest:gmatch "%+(%w+)" do w.has[option] = true end
  w.batch = tonumber(rest:match "/(%d+)" or 1)
  w.steps = arg[1] and 16 or math.max(4, math.min(1024, 4096 // w.batch))
  w.rows = w.steps * w.batch
  return w
end

local function network(w)
  local activation = w.has.tanh and "tanh" or w.has.gelu and "gelu" or "relu"
  local layers = { input = w.sizes[1] }
  for at = 2, #w.sizes - 1 do
    layers[#layers + 1] = moth.dense(w.sizes[at], activation)
    if w.has.dropout then layers[#layers + 1] = moth.dropout(0.5) end
  end
  layers[#layers + 1] = moth.dense(w.sizes[#w.sizes], w.has.mse and "linear" or "softmax")
  return moth.net(layers)
end

local function optimizer(w)
  if w.has.adam then return moth.adam() end
  return moth.sgd{ lr = 0.01, momentum = w.has.momentum and 0.9 or 0 }
end

local works = {}

function works.single()
  local x = moth.tensor{ {0,0,1}, {0,1,1}, {1,0,1}, {1,1,1} }
  local y = moth.tensor{ {0}, {0}, {1}, {1} }
  local net = moth.net{ input = 3, moth.dense{ 1, "sigmoid", bias = false } }
  return function(epochs)
    return moth.train{ net = net, data = { x, y }, loss = "mse", optimizer = moth.sgd{ lr = 2 }, epochs = epochs, batch = "full",
                       progress = false }.epochs
  end
end

function works.xor()
  local x = moth.tensor{ {0,0}, {0,1}, {1,0}, {1,1} }
  local y = moth.tensor{ {0}, {1}, {1}, {0} }
  local net = moth.net{ input = 2, moth.dense(4, "tanh"), moth.dense(1, "sigmoid") }
  return function(epochs)
    return moth.train{ net = net, data = { x, y }, loss = "binary_cross_entropy", optimizer = moth.sgd{ lr = 0.5 }, epochs = epochs,
                       batch = "full", progress = false }.epochs
  end
end

function works.train(w)
  local x, y = moth.rand(w.rows, w.sizes[1]), moth.randint(1, w.sizes[#w.sizes], { w.rows })
  if w.has.mse then y = moth.one_hot(y, w.sizes[#w.sizes]) end
  local net = network(w)
  if w.has.mse and y.dtype ~= net[1].weight.dtype then y = y:to(net[1].weight.dtype) end
  return function(steps)
    local run = moth.train{ net = net, data = moth.dataset{ x = x, y = y }, loss = w.has.mse and "mse" or "cross_entropy",
                            optimizer = optimizer(w), epochs = math.ceil(steps / w.steps), batch = w.batch, shuffle = false,
                            progress = false }
    return run.epochs * w.steps
  end
end

function works.predict(w)
  local net, x = network(w), moth.rand(w.sizes[1])
  return function(calls)
    for _ = 1, calls do net:predict(x) end
    return calls
  end
end

function works.update(w)
  local net, opt = network(w), optimizer(w)
  net:backprop(moth.rand(64, w.sizes[1]), moth.randint(1, w.sizes[#w.sizes], { 64 }), moth.cross_entropy())
  return function(steps)
    for _ = 1, steps do opt:step(net) end
    return steps
  end
end

local function prepare(name)
  collectgarbage()
  moth.seed(1)
  local w = parse(name)
  moth.dtype((name == "single" or w.has and w.has.f64) and "f64" or "f32")
  return works[w.kind](w)
end

if arg[1] then
  print(prepare(arg[1])(tonumber(arg[2])))
  return
end

local run
for line in io.lines() do
  local word, value = line:match "^(%S+) (%S+)$"
  if word == "prepare" then
    run = nil
    run = prepare(value)
    run(1)
    io.write "ready\n"
  else
    io.write(run(math.tointeger(value)), "\n")
  end
  io.flush()
end
