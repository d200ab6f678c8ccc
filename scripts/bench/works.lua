-- One work by Moth, as its users write it. Prints its rate: epochs a second for single and xor, samples a second for the rest.
local moth = require "moth"
moth.seed(1)
local work = ({...})[1] or arg[1]

local works = {}

function works.single()
  moth.dtype "f64"
  local x = moth.tensor{ {0,0,1}, {0,1,1}, {1,0,1}, {1,1,1} }
  local y = moth.tensor{ {0}, {0}, {1}, {1} }
  local net = moth.net{ input = 3, moth.dense{ 1, "sigmoid", bias = false } }
  local run = moth.train{ net = net, data = { x, y }, loss = "mse", optimizer = moth.sgd{ lr = 2 }, epochs = 1000000, batch = "full",
                          progress = false }
  return run.epochs / run.seconds
end

function works.xor()
  local x = moth.tensor{ {0,0}, {0,1}, {1,0}, {1,1} }
  local y = moth.tensor{ {0}, {1}, {1}, {0} }
  local net = moth.net{ input = 2, moth.dense(4, "tanh"), moth.dense(1, "sigmoid") }
  local run = moth.train{ net = net, data = { x, y }, loss = "binary_cross_entropy", optimizer = moth.sgd{ lr = 0.5 }, epochs = 500000,
                          batch = "full", progress = false }
  return run.epochs / run.seconds
end

local function mlp(hidden, batch)
  local rows = math.max(4096, 4 * batch)
  local x, y = moth.rand(rows, 784), moth.randint(1, 10, { rows })
  local net = moth.net{ input = 784, moth.dense(hidden, "relu"), moth.dense(10, "softmax") }
  local function train(epochs)
    return moth.train{ net = net, data = moth.dataset{ x = x, y = y }, loss = "cross_entropy", optimizer = moth.sgd{ lr = 0.01 },
                       epochs = epochs, batch = batch, shuffle = false, progress = false }
  end
  local seconds = train(2).seconds / 2
  local run = train(math.max(2, math.ceil(1 / seconds)))
  return run.epochs * rows / run.seconds
end

local hidden, batch = work:match "^mlp(%d+)%-(%d+)$"
print(hidden and mlp(tonumber(hidden), tonumber(batch)) or works[work]())
