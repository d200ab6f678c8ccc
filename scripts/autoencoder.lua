-- Packs pictures of digits, 64 numbers each, into 12 and unfolds them again; shows a picture before and after.
local moth = require "moth"
moth.seed(1)

local data = moth.csv("scripts/data/digits.csv.gz", { label = -1 })
data.x:div_(16)
local train, test = data:split(0.8, 0.2)
local net = moth.net{ input = 64, moth.dense(48, "relu"), moth.dense(12), moth.dense(48, "relu"), moth.dense(64, "sigmoid") }
moth.train{ net = net, data = { train.x, train.x }, loss = "mse", optimizer = moth.adam{ lr = 2e-3 },
            schedule = moth.schedule.cosine(), epochs = 60, batch = 32, progress = false }

local before, after = test.x[1]:reshape(8, 8), net:predict(test.x[1]):reshape(8, 8)
moth.cat({ before, moth.zeros(8, 2), after }, 2):show()
local spread = (test.x - train.x:mean(1)):square():mean()
print(("squared error %.4f, of the pictures' own variance %.4f"):format((net:predict(test.x) - test.x):square():mean(), spread))
