-- What the specs of bad input share: dofile "spec/lua/mistakes.lua". Mistakes are told with their whole texts (without the position, which
-- errors_spec tests), leave nothing behind, and the same objects go on working.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message
local mistakes = { folder = helper.folder() }

function mistakes.write(name, text) return helper.write(mistakes.folder .. "/" .. name, text) end

-- The text of an error, with the specs' folder as DIR.
function mistakes.told(f, ...)
  return (message(f, ...):gsub(mistakes.folder:gsub("%p", "%%%0"), "DIR"))
end

-- f, which fails, leaves nothing behind.
function mistakes.keeps_memory(f, ...)
  local arguments = table.pack(...)
  helper.keeps_memory(function() assert(not pcall(f, table.unpack(arguments, 1, arguments.n))) end)
end

-- Texts and what raises them: every one is looked at before the first difference is told, and none leaks.
function mistakes.each(cases)
  local missed = {}
  assert(next(cases), "no cases")
  for text, f in pairs(cases) do
    local got = pcall(f) and "(no error)" or mistakes.told(f)
    if got == text then mistakes.keeps_memory(f) else missed[#missed + 1] = ("%s\n  but got: %s"):format(text, got) end
  end
  table.sort(missed)
  if missed[1] then error(table.concat(missed, "\n"), 0) end
end

function mistakes.classes(list) return moth.tensor(list, { dtype = "i64" }) end

-- Six rows, with classes and with values.
local x, labels, values = moth.rand(6, 4), mistakes.classes{ 1, 2, 1, 2, 1, 2 }, moth.rand(6, 1)
mistakes.x, mistakes.labels, mistakes.values = x, labels, values

function mistakes.merged(options, more)
  for key, value in pairs(more or {}) do options[key] = value end
  return options
end

-- Options of a training of classes, and of one of values.
function mistakes.classifier(more)
  return mistakes.merged({ net = moth.net{ input = 4, seed = 1, moth.dense(3, "tanh"), moth.dense(2, "softmax") }, data = { x, labels },
                           loss = "cross_entropy", epochs = 2, progress = false, seed = 1 }, more)
end

function mistakes.regression(more)
  return mistakes.merged({ net = moth.net{ input = 4, seed = 1, moth.dense(3, "tanh"), moth.dense(1) }, data = { x, values }, loss = "mse",
                           epochs = 2, progress = false, seed = 1 }, more)
end

-- The error of training so; the net, the data and the optimizer are as before, and go on working.
function mistakes.untrained(o, with)
  local before = o.net:parameters():clone()
  local text = mistakes.told(moth.train, o)
  assert(before == o.net:parameters(), "the weights are others")
  mistakes.keeps_memory(moth.train, o)
  assert(before == o.net:parameters(), "the weights are others")
  local again = mistakes.merged({ net = o.net, optimizer = o.optimizer, progress = false, epochs = 1, loss = "mse",
                                  data = { x, o.net:predict(x) } }, with)
  assert(moth.train(again).epochs == 1)
  return (text:gsub("(net made at )[^\n]*:%d+", "%1HERE"))
end

return mistakes
