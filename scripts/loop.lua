local moth = require "moth"
moth.seed(1)
local data = moth.csv("scripts/data/digits.csv.gz", { label = -1 })
data.x:div_(16)
local train, test = data:split(0.8, 0.2)
local net = moth.net{ input = 64, moth.dense(128, "relu"), moth.dense(10) }   -- logits
local loss, opt = moth.cross_entropy{ logits = true }, moth.adam{ lr = 1e-3 }
for epoch = 1, 5 do
  local total = 0
  for x, y in train:batches{ size = 32, shuffle = true } do
    local p = net:forward(x)                          -- training mode; predict() is inference
    local l, dp = loss(p, y)                          -- the value and its gradient
    net:backward(dp)                                  -- gradients start from zero each time
    net:clip(5)                                       -- by global norm
    opt:step(net)
    total = total + l * #x
  end
  local acc = moth.accuracy(net:predict(test.x), test.y)
  print(("epoch %d  loss %.4f  test accuracy %.4f"):format(epoch, total / #train, acc))
end
