-- Two spirals wound into each other: learned by a small net, and the regions that it tells apart, drawn in the terminal.
local moth = require "moth"
moth.seed(1)

local ROWS, TURNS = 500, 1.5
local way = 0.15 + 0.85 * moth.rand(ROWS):sqrt()      -- 1: at the end of an arm
local arm = moth.randint(1, 2, ROWS)                  -- the class
local angle = 2 * math.pi * TURNS * way + math.pi * arm
local x = moth.stack({ way * angle:cos(), way * angle:sin() }, 2) + 0.02 * moth.randn(ROWS, 2)

local net = moth.net{ input = 2, moth.dense(32, "relu"), moth.dense(32, "relu"), moth.dense(2, "softmax") }
local data = moth.dataset{ x = x, y = arm }
moth.train{ net = net, data = data, loss = "cross_entropy", optimizer = moth.adam{ lr = 0.01 }, epochs = 150, progress = false }

local down, across = moth.meshgrid(moth.linspace(1.1, -1.1, 48), moth.linspace(-1.1, 1.1, 48))
local grid = moth.stack({ across:flatten(), down:flatten() }, 2)
net:predict(grid):select(2, 1):reshape(48, 48):show()
print(("accuracy %.4f"):format(net:evaluate(data, { "accuracy" }).accuracy))
