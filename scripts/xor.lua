local moth = require "moth"
moth.seed(1)
local x = moth.tensor{ {0,0}, {0,1}, {1,0}, {1,1} }
local y = moth.tensor{ {0}, {1}, {1}, {0} }
local net = moth.net{ input = 2, moth.dense(8, "tanh"), moth.dense(1, "sigmoid") }
moth.train{ net = net, data = { x, y }, loss = "binary_cross_entropy",
  optimizer = moth.adam{ lr = 0.1 }, epochs = 100, progress = false,
  on_epoch = function(e)
    if e.epoch % 10 == 0 then print(("epoch %3d  cost %.6f"):format(e.epoch, e.loss)) end
  end }
print(net:predict(x):round())
