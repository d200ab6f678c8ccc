-- mnist.lua DIR [SEED [EPOCHS]]: learns MNIST from the four IDX files in DIR (.gz as they come): 784-128-10, Adam, batches of 64.
local moth = require "moth"
local folder = arg[1] or error("usage: mnist.lua DIR [SEED [EPOCHS]]", 0)
moth.seed(tonumber(arg[2]) or 1)

local train = moth.idx(folder .. "/train-images-idx3-ubyte.gz", folder .. "/train-labels-idx1-ubyte.gz")
local test = moth.idx(folder .. "/t10k-images-idx3-ubyte.gz", folder .. "/t10k-labels-idx1-ubyte.gz")
local net = moth.net{ input = 784, moth.dense(128, "relu"), moth.dense(10, "softmax") }
local run = moth.train{ net = net, data = train, loss = "cross_entropy", metrics = { "accuracy" },
                        optimizer = moth.adam{ lr = 1e-3 }, epochs = tonumber(arg[3]) or 5, batch = 64 }
local score = net:evaluate(test, { "cross_entropy", "accuracy" })
print(("%d epochs in %.2f s  test loss %.4f  accuracy %.4f"):format(run.epochs, run.seconds, score.cross_entropy, score.accuracy))
