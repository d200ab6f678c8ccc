-- A shallow network without loops over samples: two inputs, a tanh hidden layer, one sigmoid output, binary cross-entropy, all four
-- samples at once; plain gradient descent at rate 1. The cost is the one before each epoch's update.
local moth = require "moth"
moth.dtype "f64"
moth.seed(tonumber(arg and arg[1]) or 1)

local x = moth.tensor{ {1,1}, {1,0}, {0,1}, {0,0} }
local y = moth.tensor{ {0}, {1}, {1}, {0} }
local net = moth.net{ input = 2, moth.dense(4, "tanh"), moth.dense(1, "sigmoid") }

moth.train{ net = net, data = { x, y }, loss = "binary_cross_entropy", optimizer = moth.sgd{ lr = 1 }, epochs = 100, batch = "full",
  progress = false,
  on_epoch = function(e)
    if e.epoch % 10 == 1 then print(("epoch %2d  cost %.5f"):format(e.epoch, e.loss)) end
  end }

local p = net:predict(x)
for i = 1, #x do print(("(%d,%d)  %.4f"):format(x(i, 1), x(i, 2), p(i, 1))) end

-- From how many starts it is learnt: Adam at 0.1, 100 epochs, seeds 1..200, all four rounded right.
for _, units in ipairs{ 4, 8 } do
  local right = 0
  for seed = 1, 200 do
    moth.seed(seed)
    local again = moth.net{ input = 2, moth.dense(units, "tanh"), moth.dense(1, "sigmoid") }
    moth.train{ net = again, data = { x, y }, loss = "binary_cross_entropy", optimizer = moth.adam{ lr = 0.1 }, epochs = 100,
                batch = "full", progress = false }
    if again:predict(x):round() == y then right = right + 1 end
  end
  print(("%d hidden units: %d of 200 starts learn it"):format(units, right))
end
