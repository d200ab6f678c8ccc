-- Learns to read handwritten digits: 1,797 images of 8×8 pixels.
local moth = require "moth"
moth.seed(tonumber(arg and arg[1]) or 1)
local data = moth.csv("scripts/data/digits.csv.gz", { label = -1 })   -- last column: classes "0".."9"
data.x:div_(16)                                       -- pixels 0..16 -> 0..1, in place
local train, valid, test = data:split(0.65, 0.15, 0.20)
local net = moth.net{ input = 64, moth.dense(128, "relu"), moth.dropout(0.2), moth.dense(10, "softmax") }
print(net)
local run = moth.train{ net = net, data = train, validation = valid, loss = "cross_entropy",
  metrics = { "accuracy" }, optimizer = moth.adam{ lr = 1e-3 }, schedule = moth.schedule.cosine(),
  epochs = 100, batch = 32, patience = 10 }           -- best weights are put back at the end
local score = net:evaluate(test, { "cross_entropy", "accuracy" })
print(("%d epochs, best %d"):format(run.epochs, run.best_epoch))
print(("test loss %.4f  accuracy %.4f"):format(score.cross_entropy, score.accuracy))
print("the first test image is a " .. data.classes[net:classify(test.x[1])])
net:save "digits.safetensors"
