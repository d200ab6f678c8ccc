-- Fits one turn of a sine to 200 noisy points, and draws how the loss fell and what was learned.
local moth = require "moth"
moth.seed(1)

local x = moth.linspace(-math.pi, math.pi, 200):reshape(-1, 1)
local y = x:sin() + 0.1 * moth.randn(200, 1)
local net = moth.net{ input = 1, moth.dense(32, "tanh"), moth.dense(32, "tanh"), moth.dense(1) }
local run = moth.train{ net = net, data = { x, y }, loss = "mse", optimizer = moth.adam{ lr = 0.01 },
                        schedule = moth.schedule.cosine(), epochs = 200, batch = 50, progress = false }

run:plot{ "loss", log = true }
local p = net:predict(x)
p:flatten():show()
print(("largest distance from the sine: %.3f"):format((p - x:sin()):abs():max()))
