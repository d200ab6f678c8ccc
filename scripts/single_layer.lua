-- One sigmoid layer on four samples: trained for a hundred thousand epochs, and solved without a loop.
--
-- How can the loop be faster, when the layer l and the weights w depend on each other? Either run it in compiled code, epoch after epoch
-- without leaving it; or do not run it at all: the weights that would give the wanted outputs are one pseudo-inverse away.
local moth = require "moth"
moth.dtype "f64"
moth.seed(tonumber(arg and arg[1]) or 1)

local x = moth.tensor{ {0,0,1}, {0,1,1}, {1,0,1}, {1,1,1} }
local y = moth.tensor{ {0}, {0}, {1}, {1} }
local epochs = 100000

local function row(t)
  local values = {}
  for i, v in ipairs(t:flatten():totable()) do values[i] = ("%.8f"):format(v) end
  return table.concat(values, "  ")
end

-- w <- w + Xᵀ·((Y - l)·l·(1 - l)): the gradient of the summed half squares at rate 1, from weights drawn from [-1, 1)
local start = moth.rand(1, 3) * 2 - 1
local net = moth.net{ input = 3, moth.dense{ 1, "sigmoid", bias = false, init = start } }
local clock = os.clock()
local run = moth.train{ net = net, data = { x, y }, loss = moth.squared_error{ reduction = "sum" }, optimizer = moth.sgd{ lr = 1 },
                        epochs = epochs, batch = "full", progress = false }
local trained_seconds = os.clock() - clock
local trained = net:predict(x)

print(("trained   %d epochs in %.4f s (%.2f million a second)"):format(run.epochs, trained_seconds, run.epochs / trained_seconds / 1e6))
print("layer     " .. row(trained))
print("weights   " .. row(net[1].weight))

-- w = X⁺·logit(Y), with a little room at 0 and 1
local epsilon = 1e-8
clock = os.clock()
local w = x:pinv():matmul(-(epsilon + 1 / (epsilon + y) - 1):log())
local solved = x:matmul(w):sigmoid()
local solved_seconds = os.clock() - clock

print(("solved    in %.6f s"):format(solved_seconds))
print("layer     " .. row(solved))
print("weights   " .. row(w))
print("trained - solved   " .. row(trained - solved))
