-- ?x, ??x and ? at the prompt: what they find and how it looks. And that every public name is described, and nothing else.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local internal, helpers = helper.internals(moth)

local help = internal.need "help/help"
local entries = internal.need "help/entries"

local terminal = { put = print, look = function() return { width = 80, colour = false, unicode = true, terminal = false } end }

local function about(expression, env)
  local before = helpers.out
  helpers.out = terminal
  local ok, text = pcall(help.about, expression, env or {})
  helpers.out = before
  assert(ok, text)
  return text
end

local function source(expression, env) return help.source(expression, env or {}) end

local function has(text, ...)
  for _, part in ipairs { ... } do assert(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text)) end
end

local function begins(text, start) assert(text:sub(1, #start) == start, ("%q does not begin:\n%s"):format(start, text)) end

describe("help", function()
  it("shows a component as its row tells it", function()
    local text = about "moth.dropout"
    begins(text, [[
moth.dropout(p)                                                       layer
  Sets each value to 0 with probability p while training and scales the rest
  by 1/(1-p). Does nothing in predict().
  p         number, 0 <= p < 1      share of values dropped
  Shape     [...] -> [...]          Parameters  none
  Example   moth.net{ input = 64, moth.dense(128, "relu"), moth.dropout(0.2), moth.dense(10) }
  See also  ]])
    assert.equal(text, about "dropout")
    assert.equal(text, about " ?moth.dropout(0.2) ;")
  end)

  it("tells shapes and parameters of layers", function()
    has(about "dense",
        "Shape     [inputs] -> [units]     Parameters  weight [units, inputs]  bias [units]", 'default "linear"', "See also  ")
  end)

  it("finds methods by object, by variable and alone", function()
    local text = about "t:sum"
    begins(text, "t:sum([axis]")
    assert.equal(text, about "sum")
    assert.equal(text, about "tensor.sum")
    assert.equal(text, about("x:sum", { x = moth.zeros(2) }))
    begins(about "net:forward", "net:forward(x) ")
    begins(about("model:forward", { model = moth.net { input = 2, moth.dense(1) } }), "net:forward(x) ")
    begins(about "t:add_", "t:add(")
    has(about "t:add", "In place  t:add_(other)")
  end)

  it("shows the tensor's method of a name that is a layer's too, and tells of the layer", function()
    local both = 0
    for _, entry in ipairs(entries.list) do
      if (entry.kind == "layer" or entry.kind == "activation") and entry.owner == "moth" and entries.by_name["t:" .. entry.word] then
        both = both + 1
        local text = about(entry.word)
        assert.equal(about("t:" .. entry.word), text)
        has(text, "operation\n", "\n  Layer     " .. entry.name)
        has(about(entry.name), entry.kind .. "\n", "\n  Method    t:" .. entry.word)
        assert.is_nil(text:find("See also  " .. entry.name, 1, true))
        for _, option in ipairs(entry.options) do
          if option.key == "input" then has(about(entry.word .. ".input"), "option of " .. entry.word) end
        end
      end
    end
    assert.is_true(both >= 8, "names that are both")
    begins(about "reshape", "t:reshape(")
    has(about "reshape", "\n  Layer     moth.reshape(")
  end)

  it("finds options", function()
    has(about "moth.train.patience", "option of train", "whole number >= 1", "See also  moth.train")
    has(about "adam.lr", "number > 0", "Default   0.001", "may be set at any time")
    has(about "adam.learning_rate", "adam: no option 'learning_rate'; here it is 'lr'")
    has(about "t:sum.keep", "true or false")
    has(about "patience", "option", "moth.train.patience", "net:train.patience")
    has(about "learning_rate", "moth.adam.lr")
  end)

  it("tells what a variable of the session is", function()
    local env = { x = moth.zeros(3, 4), net = moth.net { input = 2, moth.dense(3, "relu") }, opt = moth.adam { lr = 0.5 }, n = 3,
                  words = { "a" },
                  data = moth.dataset { moth.zeros(4, 2), moth.zeros(4, 1) } }
    has(about("x", env), "tensor", "f32[3,4]", "elements", " exp ", "reducing", "linear")
    has(about("net", env), "[2] -> [3]", "methods", "predict")
    has(about("net[1]", env), 'layer 1 dense(3, "relu")', "augmented")
    begins(about("net[1].weight", env), "layer.weight ")
    has(about("opt", env), "optimizer", "adam(0.5)", "moth.adam{")
    has(about("data", env), "data  4 rows", "fields", "methods", "batches")
    has(about("n", env), "integer", "\n  3")
    has(about("words", env), "table", '{ "a" }')
    has(about("sum", { sum = 3 }), "integer", "See also  t:sum")
  end)

  it("tells where a function comes from, with its comment", function()
    -- Twice as much.
    -- Of anything.
    local function double(x, y, ...) return 2 * x, y, ... end
    local text = about("double", { double = double })
    has(text, "double(x, y, ...)", "  Twice as much.\n  Of anything.\n",
        "Defined   spec/lua/help_spec.lua:" .. debug.getinfo(double, "S").linedefined)
    has(source("double", { double = double }), "    local function double(x, y, ...) return 2 * x, y, ... end")
    local from_text = load("local function f(a)\n  return a\nend\nreturn f")()
    has(source("f", { f = from_text }), "local function f(a)\n  return a\nend")
    begins(about("d", { d = moth.dropout }), "moth.dropout(p)")
    local typed = helpers.typed
    helpers.typed = { ["=(prompt 3)"] = "-- Half.\nfunction half(x)\n  return x / 2\nend" }
    local env = {}
    load(helpers.typed["=(prompt 3)"], "=(prompt 3)", "t", env)()
    local shown, told = source("half", env), about("half", env)
    helpers.typed = typed
    assert.equal("at the prompt\nfunction half(x)\n  return x / 2\nend", shown)
    has(told, "half(x) ", "  Half.", "Defined   at the prompt")
    has(about("f", { f = print }), "function")
  end)

  it("leaves the case of formulas and code alone", function()
    has(about "exp", "  e to the power x.\n")
    has(about "where", "  a where the condition holds, else b; broadcast.\n")
    has(about "addmm_", "  t = beta*t + alpha*(a·b), in place.\n")
    has(about "diag", "  A matrix with a vector on its diagonal")
    has(about "for", "  for i = first, last [, step] do … end, both ends included")
  end)

  it("names the neighbours on both sides, one of each function and its method", function()
    has(about "std", "See also  t:min   t:var   t:max   t:mean")
    has(about "zeros_like", "See also  t:zeros_like   moth.linspace   moth.ones_like   moth.range")
  end)

  it("knows Lua's own functions", function()
    begins(about "string.format", "string.format(format, ...) ")
    has(about "print", "Lua", "Writes values to the standard output.")
    has(about("math.pi", _G), "The number pi.")
    for _, library in ipairs { "string", "table", "math", "utf8", "coroutine", "os", "io", "debug" } do
      for name, value in next, _G[library] do
        local whole = library .. "." .. name
        local older = library == "math" and ("atan2 cosh frexp ldexp log10 pow sinh tanh"):find(name, 1, true) -- kept by some builds
        if not older and type(value) == "function" and debug.getinfo(value, "S").what == "C" then
          assert(about(whole, {}):find " Lua\n", whole .. " is not known")
        end
      end
    end
  end)

  it("answers other libraries' names and misspelt ones", function()
    has(about "Adam", "here it is 'adam'", "moth.adam{")
    has(about "torch.cat", "Moth has no 'torch.cat'; here it is 'cat'")
    has(about "np.arange", "here it is 'range'")
    has(about "nn.Linear", "here it is 'dense'")
    has(about "np.pi", "Moth has no 'np.pi'; here it is math.pi")
    has(about "eig", "Moth has no 'eig'; of a symmetric matrix it is t:eigh()")
    has(about "categorical_crossentropy", "here it is 'cross_entropy'")
    assert.equal("Moth has no 'dropuot'; did you mean 'dropout'?", about "dropuot")
    assert.equal("Moth has no 'relu6'; did you mean 'relu'?", about "relu6")
    assert.equal("Moth has no 'net:predcit'; did you mean 'predict'?", about "net:predcit")
    assert.equal("Moth has no 'entirely_else'; ? lists what there is", about "entirely_else")
  end)

  it("has topics and an overview", function()
    for _, topic in ipairs { "tensors", "indexing", "networks", "losses", "training", "data", "random", "files" } do
      has(about(topic), "topic", "Example")
    end
    local text = about ""
    assert.equal(text, about "moth")
    has(text, "?name", "layers", "dense", "trainer", "augmented")
  end)

  it("tells of indexing where a name is indexed", function()
    for _, text in ipairs { "t[i]", "t[1]", "x[1][2]", "t[i, j]", "t[1:2]", "x[mask]", "t(1)[i]" } do
      assert.equal(about "indexing", about(text), text)
    end
    assert.equal(about "indexing", about("x[i]", { x = moth.zeros(2) }))
    has(about("x[2]", { x = moth.tensor { 4, 7 } }), "\n  7")
    begins(about "net[i]", "layer ")
  end)

  it("tells what objects answer to", function()
    has(about "run", "What moth.train gives.", "val_loss", "best_epoch")
    has(about "e", "on_epoch", "rows_per_second")
    has(about "layer", "augmented", "weight_gradient")
    has(about "t", "Any tensor.", "logical_and")
    has(about "moth.schedule", "Names     cosine")
  end)

  it("overview names every entry", function()
    local words = {}
    for word in about "":gmatch "[%w_]+" do words[word] = true end
    for _, entry in ipairs(entries.list) do assert(words[entry.word], entry.name) end
  end)

  it("shows all that the engine knows at ??", function()
    has(source "moth.dropout", "name ", "input ", "Source    engine/layers/dropout.c", "Elsewhere")
    has(source "moth.relu", "y = max(z, 0)", "engine/layers/activations.c")
    has(source "relu", "engine/operations")
  end)

  it("lines up what other libraries call an operation and its options", function()
    local starts = {}
    for line in source "moth.train":gmatch "[^\n]+" do
      local at = line:match "^  %w+ +()elsewhere " or line:match "^  Elsewhere +()"
      if at then starts[at] = (starts[at] or 0) + 1 end
    end
    local at, count = next(starts)
    assert.is_true(count > 5 and at > #"  validation ")
    assert.is_nil(next(starts, at))
  end)

  it("names files that hold the rows", function()
    local functions = internal.need "help/functions"
    for _, entry in ipairs(entries.list) do
      local home = functions.home(entry)
      if home and home:find "%.c$" then
        local file = io.open(home)
        assert(file, entry.name .. ": no " .. home)
        local text = file:read "a"
        file:close()
        assert(text:find('"' .. entry.word .. '"', 1, true), home .. " does not name " .. entry.word)
      end
    end
  end)

  it("keeps within narrow windows and without UTF-8", function()
    local before = helpers.out
    for _, width in ipairs { 40, 60, 80, 120 } do
      helpers.out = { put = print, look = function() return { width = width, unicode = false } end }
      for _, entry in ipairs(entries.list) do
        local text = help.about(entry.name, {})
        assert(not text:find "[\128-\255]", entry.name)
        for line in text:gmatch "[^\n]+" do
          local free = line:find "^  Example" or line:find "^  Shape" or not line:find " %S+ %S"
          assert(free or #line <= math.max(width, 44), ("%s at %d: %s"):format(entry.name, width, line))
        end
      end
    end
    helpers.out = before
  end)

  it("survives anything that is asked", function()
    local odd = setmetatable({}, { __index = function() error "no" end })
    local closed = moth.zeros(2)
    do local _ <close> = closed end
    for _, expression in ipairs { "?", "...", "a.b.c", "x[", "x[1", "((", "t:", ":", ".", "'", '"', "1 + 1", "moth.", "moth.nothing", "nil",
                                  "x.y.z",
                                  ("x"):rep(1000), "\0", "\255\254", "t:sum.", "moth.train.", "odd.field", "closed:sum", "closed" } do
      assert(type(about(expression, { x = 3, odd = odd, closed = closed })) == "string")
      assert(type(source(expression, { x = 3, odd = odd, closed = closed })) == "string")
    end
  end)
end)

-- API.md's names, section by section.
local promised = {
  moth = [[tensor zeros ones full empty eye range linspace zeros_like ones_like full_like one_hot diag tril triu meshgrid cat stack load
    save rand randn randint randperm bernoulli seed generator show printing scope net dense activation dropout flatten reshape identity
    sigmoid tanh relu leaky_relu elu selu gelu silu softplus softsign hard_sigmoid hard_tanh softmax log_softmax load_net mse mae
    squared_error cross_entropy binary_cross_entropy accuracy sgd adam schedule csv idx dataset classes train trainer args threads
    limit version dtype]],
  t = [[shape dtype rank size numel item totable describe is_contiguous has_nan uniform_ normal_ bernoulli_ shuffle_ narrow select index
    gather scatter_ index_add_ masked_fill where nonzero flip roll rows reshape view flatten squeeze unsqueeze transpose t permute
    expand tile split chunk unbind contiguous clone to diagonal repeat_times add sub mul div floordiv mod pow neg fill_ zero_ copy_
    addmm_ abs sign sqrt rsqrt square reciprocal exp expm1 log log1p sin cos tan asin acos atan sinh cosh tanh atan2 sigmoid relu
    gelu softplus erf floor ceil round trunc clamp maximum minimum softmax log_softmax eq ne lt le gt ge isnan isinf isfinite
    logical_and logical_or logical_xor logical_not allclose sum prod mean var std min max argmin argmax median quantile norm any all
    count_nonzero cumsum cumprod logsumexp bincount histogram sort argsort topk kthvalue unique searchsorted matmul dot outer trace
    solve inverse pinv lstsq cholesky qr svd eigh det map apply_ show]],
  net = [[forward predict backward backprop classify evaluate clip freeze unfreeze clone save load train summary parameters gradients]],
  layer = [[copy_ weight bias weight_gradient bias_gradient output augmented set_augmented]],
  data = [[x y classes split batches shuffle take select]],
  trainer = [[step run epochs stop save]],
  run = [[loss val_loss lr epochs best_epoch stopped seconds plot]],
  e = [[epoch loss val_loss lr seconds rows_per_second]],
  b = [[epoch batch loss lr]],
  ["moth.schedule"] = [[cosine step]],
}

describe("the names", function()
  local described = {}
  for _, entry in ipairs(entries.list) do
    described[entry.owner .. "." .. entry.word] = entry
    if entry.twin then described[entry.owner .. "." .. entry.word .. "_"] = entry end
  end

  it("of the module are all described", function()
    for name in next, moth do assert(described["moth." .. name], "moth." .. name .. " has neither a catalog row nor a row in names.lua") end
    for name in next, moth.schedule do assert(described["moth.schedule." .. name], name) end
  end)

  it("of methods are all described", function()
    local owners = { tensor = "t", net = "net", layer = "layer", ["data set"] = "data", trainer = "trainer", run = "run",
                     component = "optimizer",
                     generator = "generator" }
    local count = 0
    for kind, owner in next, owners do
      for _, name in ipairs(internal.methods(kind)) do
        count = count + 1
        assert(described[owner .. "." .. name], ("%s:%s has neither a catalog row nor a row in names.lua"):format(owner, name))
      end
    end
    assert(count > 200)
  end)

  it("that API.md promises are all described", function()
    local missing = {}
    for owner, names in next, promised do
      for name in names:gmatch "%S+" do
        if not described[owner .. "." .. name] then missing[#missing + 1] = owner .. "." .. name end
      end
    end
    table.sort(missing)
    assert.equal("", table.concat(missing, " "))
  end)

  it("in names.lua exist", function()
    local net = moth.net { input = 2, moth.dense(1) }
    local x, y = moth.rand(4, 2), moth.rand(4, 1)
    local trainer = moth.trainer { net = net, data = { x, y }, validation = { x, y }, loss = "mse", epochs = 1, progress = false }
    local epoch, batch
    local run = moth.train { net = net, data = { x, y }, validation = { x, y }, loss = "mse", epochs = 1, progress = false,
                             on_epoch = function(e) epoch = e end, on_batch = function(b) batch = b end }
    net:forward(x)
    net:backward(y)
    local classes = moth.dataset { x = x, y = moth.tensor({ 1, 2, 1, 2 }, { dtype = "i64" }), weight = moth.ones(4),
                                   classes = { "a", "b" } }
    local objects = { moth = moth, t = x, net = net, layer = net[1], data = classes, trainer = trainer, run = run, e = epoch, b = batch,
                      optimizer = moth.adam() }
    for _, entry in ipairs(entries.list) do
      if entry.named then
        local object = assert(objects[entry.owner], entry.name)
        local ok, value = pcall(function() return object[entry.word] end)
        assert(ok and value ~= nil, entry.name .. " does not exist: " .. tostring(value))
      end
    end
  end)

  it("are described once, in sentences", function()
    local seen = {}
    for _, entry in ipairs(entries.list) do
      assert(not seen[entry.name], entry.name .. " stands twice")
      seen[entry.name] = true
      assert(entry.doc and #entry.doc > 3, entry.name .. " says nothing")
      for _, option in ipairs(entry.options) do assert(#option.doc > 0, entry.name .. "." .. option.key .. " says nothing") end
    end
  end)
end)
