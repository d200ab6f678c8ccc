-- The gradient of an n-layer perceptron, from its parts: a layer is two functions,
--   forward   Y = g(X·Wᵀ + b)
--   backward  Δ = g'(Y)∘dE/dY,  dE/dX = Δ·W,  dE/dW = Δᵀ·X,  dE/db = column sums of Δ
-- and a network is a list of them. Shows one layer alone, nets of 1, 2 and 3 weight layers with every layer's outputs and gradient, the
-- check against central differences, the augmented matrices, and what the whole batch gains over one sample at a time.
local moth = require "moth"
moth.dtype "f64"
moth.seed(1)

local x = moth.tensor{ {0,0}, {0,0}, {1,0}, {0,1} }
local t = moth.tensor{ {0}, {0}, {1}, {1} }

local function show(name, tensor) print(name .. "  " .. tostring(tensor)) end

-- One layer alone.
local layer = moth.dense{ 3, "tanh", input = 2 }
local y = layer:forward(x)
local dx = layer:backward(moth.ones(4, 3))
print "one layer, dE/dY of ones"
show("Y", y)
show("dE/dX", dx)
show("dE/dW", layer.weight_gradient)
show("dE/db", layer.bias_gradient)
local delta = 1 - y * y
local by_hand = { dx = delta:matmul(layer.weight), dw = delta:t():matmul(x), db = delta:sum(1) }
print(("equal to the formulas: %s"):format(dx:allclose(by_hand.dx) and layer.weight_gradient:allclose(by_hand.dw)
  and layer.bias_gradient:allclose(by_hand.db)))

-- The error of the whole batch as the gradient of summed half squares over samples × outputs: dE/dY = (output - target)/(samples × outputs).
local loss = moth.squared_error()

-- The largest relative error of the gradient against (E(w + h) - E(w - h)) / 2h.
local function check(net)
  net:backprop(x, t, loss)
  local w, g = net:parameters(), net:gradients():clone()
  local h, worst = 1e-5, 0
  local largest = g:abs():max()
  for i = 1, #w do
    local kept = w[i]
    w[i] = kept + h
    local above = loss(net:predict(x), t)
    w[i] = kept - h
    local below = loss(net:predict(x), t)
    w[i] = kept
    local difference = math.abs((above - below) / (2 * h) - g[i])
    worst = math.max(worst, difference / math.max(math.abs(g[i]), 1e-3 * largest))
  end
  return worst
end

for layers = 1, 3 do
  local list = { input = 2 }
  for i = 1, layers - 1 do list[i] = moth.dense(3, "tanh") end
  list[layers] = moth.dense(1)                       -- linear with summed squares: dE/dA is Y - T
  local net = moth.net(list)
  local value = net:backprop(x, t, loss)
  print(("\n%d weight layer%s, %d parameters, error %.6f"):format(layers, layers > 1 and "s" or "", #net:parameters(), value))
  for i = 1, #net do show("output " .. i, net[i].output) end
  for i = 1, #net do
    show("weight gradient " .. i, net[i].weight_gradient)
    show("bias gradient " .. i, net[i].bias_gradient)
  end
  print(("largest relative error against central differences  %.1e"):format(check(net)))
end

-- Weights as augmented (inputs+1, units) matrices, the bias as the last row.
local net = moth.net{ input = 2, moth.dense(3, "tanh"), moth.dense(1) }
local augmented = net[1]:augmented()
local before = net:predict(x)
local copy = augmented:clone()
net[1]:set_augmented(moth.zeros(3, 3))
net[1]:set_augmented(copy)
show("\naugmented 1", augmented)
print(("there and back: %s"):format(net:predict(x) == before))
print(("X with ones · augmented = X·Wᵀ + b: %s"):format(
  moth.cat({ x, moth.ones(4, 1) }, 2):matmul(augmented):tanh():allclose(net[1].output or net:forward(x) and net[1].output)))

-- One instance at a time against the whole batch.
local wide = moth.dense{ 10, "sigmoid", input = 5000 }
local batch = moth.randn(1000, 5000)
wide:forward(batch)
local clock = os.clock()
for i = 1, #batch do wide:predict(batch[i]) end
local one = os.clock() - clock
clock = os.clock()
wide:predict(batch)
local all = os.clock() - clock
print(("\n1000 instances through 5000 -> 10: one at a time %.1f ms, as one batch %.1f ms: %.2f times"):format(one * 1e3, all * 1e3, one / all))
