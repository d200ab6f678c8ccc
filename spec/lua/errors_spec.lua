-- What a person reads after a mistake: EXPERIENCE.md, section 5, each with its whole text and the line it stands on.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"

-- Runs a chunk that is called digits.lua and gives the message of its error.
local function message(source, ...)
  local chunk = assert(load("local moth, a, b = ...\n" .. source, "@digits.lua"))
  local ok, text = pcall(chunk, moth, ...)
  assert(not ok, "no error was raised")
  return text
end

local net = [[
local net = moth.net{ input = 64,
  moth.dense(60), moth.dense(10, "softmax") }
]]

-- A chunk that trains that net; moth.train stands on line 4.
local function training(data, loss)
  return net .. ('moth.train{ net = net, data = { %s }, loss = "%s", epochs = 1 }'):format(data, loss)
end

describe("a message", function()
  it("begins with the line of the script, whoever called", function()
    assert.equal("digits.lua:3: moth has no 'dropuot'; did you mean 'dropout'?", message "\nlocal x = moth.dropuot(0.2)")
    assert.equal("digits.lua:2: zeros: shape must be a list of whole numbers >= 0, got 'x'",
      (message 'pcall(string.rep)  moth.zeros("x")':gsub("shape must.-, got", "shape must be a list of whole numbers >= 0, got")))
    assert.equal("digits.lua:2: index 3: rows of f32[1] are 1..1 or -1..-1",
      message "for i, v in ipairs{ moth.ones(1) } do return (v[3]) end")
    assert.equal("digits.lua:3: sum: axis 3: f32[2] has axes 1..1 or -1..-1",
      message "local f = function(t)\nreturn (t:sum(3)) end\nf(moth.ones(2))")
  end)

  it("1: data against the net's width", function()
    assert.equal("digits.lua:4: train: net takes [64] per sample, data.x is f32[12,63]\n  net made at digits.lua:2",
      message(training('moth.zeros(12, 63), moth.zeros(12, { dtype = "i64" }) + 1', "cross_entropy")))
    assert.equal("digits.lua:4: predict: net takes [64] per sample, x is f32[5,63] (63 per row)\n  net made at digits.lua:2",
      message(net .. "net:predict(moth.zeros(5, 63))"))
  end)

  it("3: labels that are none", function()
    assert.equal("digits.lua:4: train: label 0 in row 2 of data.y; classes count from 1 to 10\n" ..
      "  data.y, names = moth.classes(data.y) renumbers 0..2",
      message(training('moth.zeros(3, 64), moth.tensor({ 1, 0, 2 }, { dtype = "i64" })', "cross_entropy")))
    assert.equal('digits.lua:4: train: label 11 in row 3 of data.y, layer 2 dense(10, "softmax") has classes 1..10',
      message(training('moth.zeros(3, 64), moth.tensor({ 1, 2, 11 }, { dtype = "i64" })', "cross_entropy")))
  end)

  it("4, 5, 6: misspelt options, activations and losses", function()
    assert.equal("digits.lua:2: adam: no option 'learning_rate'; here it is 'lr' (options: lr beta1 beta2 epsilon weight_decay)",
      message "moth.adam{ learning_rate = 1 }")
    assert.equal("digits.lua:2: adam: no option 'Lr'; did you mean 'lr'?", message "moth.adam{ Lr = 1 }")
    assert.equal("digits.lua:2: dense: no activation 'rleu'; did you mean 'relu'? (linear sigmoid tanh relu leaky_relu elu selu " ..
      "gelu silu softplus softsign hard_sigmoid hard_tanh softmax log_softmax)", message 'moth.dense(10, "rleu")')
    assert.equal("digits.lua:4: train: no loss 'categorical_crossentropy'; here it is 'cross_entropy'",
      message(training('moth.zeros(3, 64), moth.zeros(3, 10)', "categorical_crossentropy")))
  end)

  it("7: a loss against the last layer", function()
    assert.equal('digits.lua:4: train: binary_cross_entropy needs sigmoid at the end, layer 2 is dense(10, "softmax"); use cross_entropy',
      message(training('moth.zeros(3, 64), moth.zeros(3, 10)', "binary_cross_entropy")))
  end)

  it("9: a missing file", function()
    assert.is_truthy(message 'moth.csv("spec/lua/none.csv")'
      :find("^digits.lua:2: csv: cannot open 'spec/lua/none.csv': No such file or directory"))
  end)

  it("15: a bad number", function()
    assert.equal("digits.lua:2: adam: lr must be > 0, got -0.001", message "moth.adam{ lr = -0.001 }")
    assert.equal("digits.lua:2: dropout: p must be in [0, 1), got 20; 0.2?", message "moth.dropout(20)")
    assert.equal("digits.lua:2: dense: units must be a whole number >= 1, got 2.5", message "moth.dense(2.5)")
  end)

  it("16, 17: rows and shapes that differ", function()
    assert.equal("digits.lua:2: mse: prediction f32[16,1], target f32[16]: shapes must be equal\n  y:reshape(-1, 1) has the right one",
      message "moth.mse(moth.zeros(16, 1), moth.zeros(16))")
  end)

  it("18: a dot for a colon", function()
    assert.equal("digits.lua:4: predict: argument 1 must be a net, got f32[4,2]; write net:predict(x), with a colon",
      message(net .. "net.predict(moth.zeros(4, 2))"))
  end)

  it("19, 20: indices, axes, operands", function()
    assert.equal("digits.lua:2: index 0: rows of f32[150,4] are 1..150 or -150..-1", message "return moth.zeros(150, 4)[0]")
    assert.equal("digits.lua:2: sum: axis 3: f32[3,4] has axes 1..2 or -2..-1", message "local s = moth.zeros(3, 4):sum(3)")
    assert.equal("digits.lua:2: matmul: f32[3,4] with f32[5,6]: inner sizes 4 and 5 differ",
      message "local p = moth.zeros(3, 4):matmul(moth.zeros(5, 6))")
    assert.equal("digits.lua:2: add: f32[3,4] and f32[5,6] do not broadcast: axis 2 is 4 against 6",
      message "return moth.zeros(3, 4) + moth.zeros(5, 6)")
    assert.equal("digits.lua:2: a < b on tensors is one boolean in Lua; use a:lt(b)", message "return moth.zeros(1) < moth.zeros(1)")
  end)

  it("21: a hole in the list", function()
    assert.equal("digits.lua:2: net: entry 3 is nil; for a layer that may be absent write  cond and moth.dropout(0.2) or false",
      message "local n = moth.net{ input = 4, moth.dense(3), moth.dense(3), nil, moth.dense(2) }")
  end)

  it("22: an unknown name", function()
    assert.equal("digits.lua:2: moth has no 'dropuot'; did you mean 'dropout'?", message "return moth.dropuot")
    assert.equal("digits.lua:2: moth has no 'Linear'; here it is 'dense'", message "return moth.Linear")
    assert.equal("digits.lua:2: moth has no 'xyzzy'", message "return moth.xyzzy")
    assert.equal("digits.lua:2: moth has no 3", message "return moth[3]")
  end)
end)

describe("moth.args", function()
  local function read(defaults, ...)
    local before = _G.arg
    _G.arg = { ... }
    local ok, result = pcall(moth.args, defaults)
    _G.arg = before
    return ok and result or (tostring(result):gsub("^.-%.lua:%d+: ", "", 1))
  end

  it("reads options of the types of their defaults", function()
    assert.same({ lr = 0.001, seed = 1 }, read{ lr = 0.001, seed = 1 })
    assert.same({ lr = 2.0, seed = 3, name = "x", fast = true, "file" },
      read({ lr = 0.1, seed = 1, name = "", fast = false }, "--lr", "2", "file", "--seed=3", "--fast", "--name", "x"))
    assert.equal("float", math.type(read({ lr = 0.1 }, "--lr", "2").lr))
    assert.same({ fast = false }, read({ fast = true }, "--fast=false"))
    assert.same({ lr = 2.0, name = "3", 5, true }, read({ lr = 0.1, name = "" }, 5, "--lr", 2, true, "--name", 3)) -- as a host may set `arg`
  end)

  it("refuses the others", function()
    assert.equal("args: no option '--lrr'; did you mean '--lr'?", read({ lr = 1 }, "--lrr", "2"))
    assert.equal("args: no option '--momentum' (options: --lr --seed)", read({ lr = 1, seed = 1 }, "--momentum", "2"))
    assert.equal("args: --seed must be a whole number, got 2.5", read({ seed = 1 }, "--seed", "2.5"))
    assert.equal("args: --seed must be a number, got 'x'", read({ seed = 1 }, "--seed", "x"))
    assert.equal("args: --seed needs a value", read({ seed = 1 }, "--seed"))
    assert.equal("args: --fast must be true or false, got '1'", read({ fast = true }, "--fast=1"))
    assert.equal("args: takes a table of defaults, got 3", read(3))
  end)
end)

describe("settings", function()
  it("are told and set", function()
    assert.equal("0.1.0", moth.version)
    local before = moth.threads()
    assert.equal(2, moth.threads(2))
    assert.is_truthy(helper.message(moth.threads, 0):find("1", 1, true))
    assert.equal("threads: 1.5 is not a whole number", helper.message(moth.threads, 1.5))
    moth.threads(before)
    assert.equal("seed: 1.5 is not a whole number", helper.message(moth.seed, 1.5))
    assert.equal("seed: the seed must be a whole number, got nothing", helper.message(moth.seed))
    assert.equal("limit: the bytes must be >= 0, got -1", helper.message(moth.limit, -1))
    assert.equal("generator(3), at 0", tostring(moth.generator(3)))
  end)

  it("leave the globals alone", function()
    assert.is_nil(rawget(_G, "moth"))
  end)
end)
