-- What people who come from NumPy, PyTorch, Torch7 or Lua itself write first, and what they are told.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

local x = moth.range(1, 6):reshape(2, 3)
local mask = x:gt(1)

local function get(object, name) return function() return object[name] end end

describe("creations over a tensor", function()
  it("are methods too", function()
    for name, arguments in pairs{ zeros_like = {}, ones_like = { { dtype = "i64" } }, full_like = { 7 }, tril = { -1 }, triu = {}, diag = { 1 } } do
      assert.is_true(x[name](x, table.unpack(arguments)) == moth[name](x, table.unpack(arguments)), name)
    end
    local y = moth.tensor({ 1, 3 }, { dtype = "i64" })
    assert.same({ { 1.0, 0.0, 0.0 }, { 0.0, 0.0, 1.0 } }, y:one_hot(3):totable())
  end)
end)

describe("in-place twins", function()
  it("are there for masks", function()
    local a = mask:clone()
    assert.equal(a, a:logical_and_(x:lt(5)))
    assert.same({ { false, true, true }, { true, false, false } }, a:totable())
    assert.is_true(mask:clone():logical_or_(true):all())
    assert.is_true(mask:clone():logical_xor_(mask):logical_not_():all())
    assert.is_true(mask:clone():logical_and_(x) == mask) -- what is not 0 counts as true
    assert.equal("logical_and_: f32[2,3] and f32[2,3] give bool; in place the dtype stays f32", message(x.logical_and_, x:clone(), x))
    assert.equal("logical_not_: f32[2,3] gives bool; in place the dtype stays f32", message(x.logical_not_, x:clone()))
  end)

  it("are there for running sums and products", function()
    local a = x:clone()
    local view = a:t()
    assert.equal(view, view:cumsum_(2)) -- through strides
    assert.is_true(a == x:cumsum(1))
    assert.is_true(x:clone():cumprod_() == x:cumprod())
    assert.is_true(x:to"i64":cumsum_() == x:to"i64":cumsum())
    assert.equal("cumsum_: u8[2,3] gives i64; in place the dtype stays u8", message(x.cumsum_, x:to"u8"))
    assert.equal("cumprod_: bool[2,3] gives i64; in place the dtype stays bool", message(x.cumprod_, mask:clone()))
    assert.equal(0, moth.zeros(0, 3):cumsum_(1):numel())
  end)
end)

describe("squeeze", function()
  it("takes a list of axes", function()
    local a = moth.ones(1, 3, 1)
    assert.same({ 3 }, a:squeeze({ 1, -1 }).shape)
    assert.same({ 3 }, a:squeeze{ axis = { 1, 3 } }.shape)
    assert.equal("squeeze: axis 2 of f32[1,3,1] is not 1", message(a.squeeze, a, { 1, 2 }))
    assert.equal("squeeze: axis 1 appears twice", message(a.squeeze, a, { 1, 1 }))
  end)
end)

describe("other libraries' words", function()
  it("for options are answered with ours", function()
    assert.equal("sum: no option 'dim'; here it is 'axis' (options: axis keep)", message(x.sum, x, { dim = 1 }))
    assert.equal("max: no option 'keepdim'; here it is 'keep' (options: axis keep)", message(x.max, x, 1, { keepdim = true }))
    assert.equal("clamp: no option 'min'; here it is 'low' (options: low high)", message(x.clamp, x, { min = 0 }))
    assert.equal("rand: no option 'generator'; here it is 'gen' (options: shape dtype gen)", message(moth.rand, { 2, generator = 1 }))
    local expected = "tensor: dtype must be 'f32', 'f64', 'i64', 'u8' or 'bool', got 'float64'; here it is 'f64'"
    assert.equal(expected, message(moth.tensor, { 1 }, { dtype = "float64" }))
  end)

  it("for names are answered with ours, wherever those are", function()
    assert.equal("f32[2,3] has no 'ndim'; here it is 'rank'", message(get(x, "ndim")))
    assert.equal("f32[2,3] has no 'tolist'; here it is 'totable'", message(get(x, "tolist")))
    assert.equal("f32[2,3] has no 'double'; here it is 'to'", message(get(x, "double")))
    assert.equal("f32[2,3] has no 'manual_seed'; here it is moth.seed", message(get(x, "manual_seed")))
    assert.equal("moth has no 'array'; here it is 'tensor'", message(get(moth, "array")))
    assert.equal("moth has no 'ndim'; here it is t.rank", message(get(moth, "ndim")))
    assert.equal("moth has no 'numpy'; here it is a method, t:totable(...)", message(get(moth, "numpy")))
    assert.equal("std: no option 'unbiased'; here it is 'ddof' (options: axis keep ddof)", message(x.std, x, { unbiased = false }))
    for word, name in pairs{ int = "to", bool = "to", half = "to", expand_as = "expand", view_as = "reshape", type_as = "to", cmul = "mul",
                             nElement = "numel", nDimension = "rank", indexAdd = "index_add_", maskedFill = "masked_fill",
                             repeatTensor = "repeat_times", isContiguous = "is_contiguous", ger = "outer", invert = "logical_not",
                             clamp_min = "maximum", clamp_max_ = "minimum_", flat = "flatten", unflatten = "reshape", lu = "solve" } do
      assert.equal(("f32[2,3] has no '%s'; here it is '%s'"):format(word, name), message(get(x, word)))
    end
    for word, name in pairs{ empty_like = "zeros_like", rand_like = "rand", savetxt = "save", FloatTensor = "tensor", manualSeed = "seed" } do
      assert.equal(("moth has no '%s'; here it is '%s'"):format(word, name), message(get(moth, word)))
    end
  end)

  it("for what Lua itself has, or a line of it, too", function()
    assert.equal("moth has no 'pi'; here it is math.pi", message(get(moth, "pi")))
    assert.equal("moth has no 'inf'; here it is math.huge", message(get(moth, "inf")))
    assert.equal("moth has no 'nan'; here it is 0/0", message(get(moth, "nan")))
    assert.equal("moth has no 'float64'; here it is \"f64\"", message(get(moth, "float64")))
    assert.equal("moth has no 'linalg'; here they are methods, t:solve t:inverse t:svd …", message(get(moth, "linalg")))
    assert.equal("f32[2,3] has no 'log10'; here it is t:log() / math.log(10)", message(get(x, "log10")))
    assert.equal("moth has no 'log2'; here it is t:log() / math.log(2)", message(get(moth, "log2")))
    assert.equal("f32[2,3] has no 'exp2'; here it is 2 ^ t", message(get(x, "exp2")))
    assert.equal("f32[2,3] has no 'nanmax'; here it is t[t:isnan():logical_not()]:max()", message(get(x, "nanmax")))
  end)
end)

describe("a slip", function()
  it("is told with the way out", function()
    assert.equal("tanh: moth.tanh makes a layer; of a tensor write t:tanh(...)", message(moth.tanh, x))
    assert.equal("softmax: moth.softmax makes a layer; of a tensor write t:softmax(...)", message(moth.softmax, x, 2))
    assert.equal("tensor: takes a nested table or a number, got f32[2,3]; t:clone() copies one", message(moth.tensor, x))
    local expected = "tensor: argument 2 must be a table of options such as { dtype = \"f64\" }, got 'f64'"
    assert.equal(expected, message(moth.tensor, { 1 }, "f64"))
    assert.equal("diag: argument 1 must be a tensor, got a table; moth.tensor makes one of a table", message(moth.diag, { 1, 2 }))
    assert.equal("index: argument 3 must be a tensor, got a table; moth.tensor makes one of a table", message(x.index, x, 1, { 1 }))
    assert.equal("size: axis is missing; t.shape has the size of each", message(x.size, x))
    assert.equal("index: the value must be a number, a tensor or a table, got nil", message(function() x[1] = nil end))
  end)

  it("in the order of arguments, or a forgotten require, too", function()
    assert.equal("save: the path comes first, moth.save(path, t)", message(moth.save, x, "x.npy"))
    local path = helper.write(helper.path(), "x = moth.ones(2)")
    local told = helper.output_of(("%s %s 2>&1"):format(os.getenv "MOTH_COMMAND" or "build/moth", path))
    assert.equal(path .. ":1: attempt to index a nil value (global 'moth')\n  a script begins with  local moth = require \"moth\"\n",
      told:match "^[^\n]*\n[^\n]*\n")
  end)

  it("in joining text is an error, as it is between Lua's own values", function()
    assert.equal("..: a tensor is joined with a string or a number, got nil", message(function() return x .. nil end))
    assert.equal("..: a tensor is joined with a string or a number, got a table", message(function() return {} .. x end))
    assert.equal("f32[1] 71", ("%s"):format(moth.tensor{ 7 }):gsub(" +", " ") .. 1)
  end)

  it("in comparing with an operator names what was written, the tensor second or Lua's > for <", function()
    local less = "a < b on tensors is one boolean in Lua; use a:lt(b)"
    assert.equal(less, message(function() return x < 2 end))
    assert.equal(less, message(function() return x < x end))
    assert.equal("a <= b on tensors is one boolean in Lua; use a:le(b)", message(function() return x <= x end))
    local greater = "t > a (or a < t) on tensors is one boolean in Lua; use t:gt(a)"
    assert.equal(greater, message(function() return x > 2 end))
    assert.equal(greater, message(function() return 2 < x end))
    assert.equal("t >= a (or a <= t) on tensors is one boolean in Lua; use t:ge(a)", message(function() return x >= 2 end))
  end)

  it("in numbers given one by one, or a second list, is an error with the way out", function()
    local expected = "tensor: argument 2 must be a table of options such as { dtype = \"f64\" }, got %s\n  %s"
    assert.equal(expected:format("2", "moth.tensor{ 1, 2, 3 } takes a list"), message(moth.tensor, 1, 2, 3))
    assert.equal(expected:format("a list", "moth.tensor{ { 1, 2 }, { 3, 4 } } takes rows in one table"),
      message(moth.tensor, { 1, 2 }, { 3, 4 }))
    assert.equal("f64", moth.tensor({ 1 }, { dtype = "f64" }).dtype)
    assert.equal("f32", moth.tensor({ 1 }, {}).dtype)
  end)

  it("in going over a tensor, or in a number of indices, too", function()
    local expected = "index: a loop over f32[%s] asks for its rows: for i, row in t:rows() do"
    assert.equal(expected:format "3", message(function() for _ in moth.ones(3) do end end))
    assert.equal(expected:format "2,3", message(function() for _ in x do end end))
    assert.equal(expected:format "", message(function() for _ in moth.tensor(1) do end end))
    assert.equal("index: f32[3] has 1 axis, got 2 indices", message(function() return moth.ones(3)(1, 2) end))
    assert.equal("index: f32[2,3] has 2 axes, got 3 indices", message(function() return x(1, 2, 3) end))
    assert.equal("index: f32[] has 0 axes, got 1 index", message(function() return moth.tensor(1)(1) end))
  end)

  it("of a dot for a colon is told of functions that take numbers, too", function()
    for _, name in ipairs{ "add", "sub", "maximum", "eq", "pow" } do
      local expected = ("%s: argument 1 must be a tensor, got %%s; write t:%s(...), with a colon"):format(name, name)
      assert.equal(expected:format "1", message(x[name], 1))
      assert.equal(expected:format "1", message(x[name], 1, 2))
      assert.equal(expected:format "nothing", message(x[name]))
    end
    assert.is_true(x.sub(1, x) == 1 - x)
    assert.equal("add: argument 2 must be a tensor or a number, got nothing", message(x.add, x))
  end)

  it("of where as a function, or of a mask that is not the first", function()
    assert.equal("moth has no 'where'; it is a method, mask:where(a, b)", message(get(moth, "where")))
    assert.equal("where: takes bool, got f32[2,3]\n  the mask comes first: mask:where(a, b)", message(x.where, x, mask, 1))
  end)

  it("in saving a list where a tensor is wanted", function()
    local expected = "save: '%s' holds one tensor, got a list\n  moth.tensor{ 1, 2, 3 } makes one of numbers, moth.stack(list) of tensors"
    for _, ending in ipairs{ ".npy", ".csv", ".npy.gz", ".csv.gz" } do
      local path = helper.path(ending)
      assert.equal(expected:format(path), message(moth.save, path, { 1, 2 }))
      assert.equal(expected:format(path), message(moth.save, path, { x, x }))
    end
    local path = helper.path ".npz"
    assert.equal("save: names must be strings, got 1\n  { w = t } names t w", message(moth.save, path, { x }))
  end)

  it("in drawing from a generator by its own name", function()
    local g = moth.generator(1)
    assert.equal("a generator has no 'randn'; write moth.randn(..., { gen = g })", message(get(g, "randn")))
    assert.equal("a generator has no 'rand'; write moth.rand(..., { gen = g })", message(get(g, "rand")))
    assert.equal("a generator has no 'uniform'; write moth.rand(..., { gen = g })", message(get(g, "uniform")))
    assert.equal("a generator has no 'normal'; write moth.randn(..., { gen = g })", message(get(g, "normal")))
    assert.equal("a generator has no 'integers'; write moth.randint(..., { gen = g })", message(get(g, "integers")))
    assert.equal("a generator has no 'choice'; write moth.randint(..., { gen = g })", message(get(g, "choice")))
    assert.equal("a generator has no 'shuffle'; write t:shuffle_(..., { gen = g })", message(get(g, "shuffle")))
    assert.equal("a generator has no 'zeros'", message(get(g, "zeros")))
    assert.equal("a generator is not indexed by 1", message(get(g, 1)))
    assert.equal("a generator's fields cannot be set", message(function() g.seed = 1 end))
  end)

  it("in asking a net for its layers or weights", function()
    local net = moth.net{ input = 2, moth.dense(2) }
    assert.equal("a net has no 'layers'; net[i] is a layer, #net counts them", message(get(net, "layers")))
    for _, name in ipairs{ "weights", "weight", "biases", "bias" } do
      assert.equal(("a net has no '%s'; they are the layers': net[1].weight, net[1].bias, all in net:parameters()"):format(name),
        message(get(net, name)))
    end
  end)
end)
