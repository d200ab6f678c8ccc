-- Bad input through the Lua API: each mistake with its whole text (without the position, which errors_spec tests), what it leaves behind,
-- and that the same objects go on working.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local message = helper.message

local folder = helper.folder()

teardown(function() os.execute("rm -r " .. folder) end)

local function write(name, text) return helper.write(folder .. "/" .. name, text) end

local function gzip(path)
  assert(os.execute("gzip -knf " .. path))
  return helper.read(path .. ".gz")
end

-- The text of an error, with the specs' folder as DIR.
local function told(f, ...)
  return (message(f, ...):gsub(folder:gsub("%p", "%%%0"), "DIR"))
end

-- f, which fails, leaves nothing behind.
local function keeps_memory(f, ...)
  local arguments = table.pack(...)
  helper.keeps_memory(function() assert(not pcall(f, table.unpack(arguments, 1, arguments.n))) end)
end

-- Texts and what raises them: every one is looked at before the first difference is told, and none leaks.
local function each(cases)
  local missed = {}
  for text, f in pairs(cases) do
    local got = pcall(f) and "(no error)" or told(f)
    if got == text then keeps_memory(f) else missed[#missed + 1] = ("%s\n  but got: %s"):format(text, got) end
  end
  table.sort(missed)
  assert.equal("", table.concat(missed, "\n"))
end

-- Where the caller stands.
local function here()
  local at = debug.getinfo(2, "Sl")
  return at.short_src .. ":" .. at.currentline
end

local function classes(list) return moth.tensor(list, { dtype = "i64" }) end

local x, labels, values = moth.rand(6, 4), classes{ 1, 2, 1, 2, 1, 2 }, moth.rand(6, 1)

local function merged(options, more)
  for key, value in pairs(more or {}) do options[key] = value end
  return options
end

-- Options of a training of classes, and of one of values.
local function classifier(more)
  return merged({ net = moth.net{ input = 4, seed = 1, moth.dense(3, "tanh"), moth.dense(2, "softmax") }, data = { x, labels },
                  loss = "cross_entropy", epochs = 2, progress = false, seed = 1 }, more)
end

local function regression(more)
  return merged({ net = moth.net{ input = 4, seed = 1, moth.dense(3, "tanh"), moth.dense(1) }, data = { x, values }, loss = "mse",
                  epochs = 2, progress = false, seed = 1 }, more)
end

-- The error of training so; the net, the data and the optimizer are as before, and go on working.
local function untrained(o, with)
  local before = o.net:parameters():clone()
  local text = told(moth.train, o)
  assert.is_true(before == o.net:parameters())
  keeps_memory(moth.train, o)
  assert.is_true(before == o.net:parameters())
  local again = merged({ net = o.net, optimizer = o.optimizer, progress = false, epochs = 1, loss = "mse", data = { x, o.net:predict(x) } }, with)
  assert.equal(1, moth.train(again).epochs)
  return (text:gsub("(net made at )[^\n]*:%d+", "%1HERE"))
end

-- ---- Files --------------------------------------------------------------------------------------------------------------------------------

describe("a missing file", function()
  it("is told with the nearest name", function()
    write("train.csv", "1,2\n")
    assert.equal("csv: cannot open 'DIR/train.cvs': No such file or directory\n  did you mean 'DIR/train.csv'?", told(moth.csv, folder .. "/train.cvs"))
    assert.equal("csv: cannot open 'DIR/far-from-it': No such file or directory", told(moth.csv, folder .. "/far-from-it"))
    assert.equal("csv: cannot open 'spec/lua/bad_input_spec.lau': No such file or directory\n" ..
      "  did you mean 'spec/lua/bad_input_spec.lua'? (looked from the working directory)", told(moth.csv, "spec/lua/bad_input_spec.lau"))
    assert.equal("csv: cannot open 'DIR': Is a directory", told(moth.csv, folder))
    assert.equal("idx: cannot open 'DIR/train.cvs': No such file or directory\n  did you mean 'DIR/train.csv'?", told(moth.idx, folder .. "/train.cvs"))
    assert.equal("csv: a file's name must be given", told(moth.csv, ""))
    assert.equal("csv: the path must be a string, got nothing", told(moth.csv))
    assert.equal("idx: the path must be a string, got 3", told(moth.idx, 3))
    keeps_memory(moth.csv, folder .. "/train.cvs")
  end)
end)

describe("gzip data", function()
  it("is cut short at any byte", function()
    local whole = gzip(write("whole.csv", ("1,2\n3,4\n"):rep(50)))
    for length = 0, #whole - 1 do
      local path = write("cut.csv.gz", whole:sub(1, length))
      assert.equal(("csv: DIR/cut.csv.gz: the gzip data is cut short after %d bytes"):format(length), told(moth.csv, path, { header = false }))
    end
    keeps_memory(moth.csv, folder .. "/cut.csv.gz", { header = false })
    assert.equal(100, #moth.csv(folder .. "/whole.csv.gz", { header = false }))
  end)

  it("is damaged, followed by something else, or none", function()
    local whole = gzip(write("whole.csv", "1,2\n3,4\n"))
    assert.equal(("csv: DIR/bad.csv.gz: the gzip data is damaged near byte %d: incorrect data check"):format(#whole - 4),
      told(moth.csv, write("bad.csv.gz", whole:sub(1, -9) .. "abcd" .. whole:sub(-4))))
    assert.is_truthy(told(moth.csv, write("bad.csv.gz", whole .. "junk")):find "^csv: DIR/bad.csv.gz: the gzip data is damaged near byte %d+: incorrect header check$")
    assert.equal("csv: DIR/bad.csv.gz: not gzip data, though its name ends in .gz", told(moth.csv, write("bad.csv.gz", "1,2\n3,4\n")))
  end)

  it("is cut short in an IDX file", function()
    local whole = gzip(write("images", string.char(0, 0, 8, 3) .. string.pack(">I4I4I4", 3, 2, 2) .. ("\1\2\3"):rep(4)))
    for length = 0, #whole - 1 do
      assert.equal(("idx: DIR/cut.gz: the gzip data is cut short after %d bytes"):format(length), told(moth.idx, write("cut.gz", whole:sub(1, length))))
    end
    keeps_memory(moth.idx, folder .. "/cut.gz")
  end)
end)

describe("a CSV file", function()
  local function csv(text, options) return told(moth.csv, write("data.csv", text), options) end

  it("is ragged", function()
    assert.equal("csv: DIR/data.csv line 2 has 2 fields, line 1 has 3\n  { skip = 1 } leaves line 1 out", csv "1,2,3\n4,5\n6,7,8\n")
    assert.equal("csv: DIR/data.csv line 2 has 4 fields, line 1 has 3\n  { skip = 1 } leaves line 1 out", csv "1,2,3\n4,5,6,7\n")
    assert.is_truthy(csv(("1,2,3\n"):rep(5000) .. "4,5\n"):find "^csv: DIR/data.csv line 5001 has 2 fields, line 1 has 3")
    keeps_memory(moth.csv, folder .. "/data.csv")
  end)

  it("has a cell that is no number", function()
    assert.equal("csv: DIR/data.csv line 3, column 2 'age': 'n/a' is not a number\n" ..
      '  { missing = { "n/a" } } reads it as nan; { text = { "age" } } makes it classes', csv "name,age\n1,2\n3,n/a\n")
    assert.equal("csv: DIR/data.csv line 2, column 2: '1.5.2' is not a number\n" ..
      '  { missing = { "1.5.2" } } reads it as nan; { text = { 2 } } makes it classes', csv "1,2\n3,1.5.2\n")
    assert.equal("csv: DIR/data.csv line 2, column 2: '' is not a number\n  { missing = { \"\" } } reads it as nan; { text = { 2 } } makes it classes",
      csv "1,2\n3,\n")
    assert.equal("csv: DIR/data.csv line 2, column 1: '0x10' is not a number\n" ..
      '  { missing = { "0x10" } } reads it as nan; { text = { 1 } } makes it classes', csv "1,2\n0x10,4\n")
    assert.equal("csv: DIR/data.csv line 2, column 2: '1e999' is too large for f32\n  { dtype = \"f64\" } reaches 1.8e308", csv "1,2\n3,1e999\n")
    keeps_memory(moth.csv, folder .. "/data.csv")
    assert.equal(1, moth.csv(write("data.csv", "1,2\n3,n/a\n"), { missing = { "n/a" } }).x:isnan():sum())
  end)

  it("has a foreign header", function()
    local mixed = "csv: DIR/data.csv line 1 mixes numbers and words: { header = true } or { skip = 1 }"
    assert.equal(mixed, csv "150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0.2,0\n")
    assert.equal(mixed, csv "150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0\n")
    assert.equal(1, #moth.csv(write("data.csv", "150,4,setosa\n5.1,3.5,1.4,0.2,0\n"), { skip = 1, label = -1 }))
    assert.equal("csv: DIR/data.csv line 2 has 5 fields, line 1 has 3\n  { skip = 1 } leaves line 1 out",
      csv("150,4,setosa\n5.1,3.5,1.4,0.2,0\n", { header = true }))
  end)

  it("is empty, or a header only", function()
    assert.equal("csv: DIR/data.csv is empty", csv "")
    assert.equal("csv: DIR/data.csv is empty", csv "\n\n")
    assert.equal("csv: DIR/data.csv is empty after { skip = 3 }", csv("1,2\n", { skip = 3 }))
    local none = moth.csv(write("data.csv", "a,b,c\n"), { label = -1 })
    assert.equal(0, #none)
    assert.same({ 0, 2 }, none.x.shape)
    local o = classifier{ net = moth.net{ input = 2, moth.dense(2, "softmax") }, data = none }
    assert.equal("train: data has 0 rows (DIR/data.csv has a header only)", told(moth.train, o))
    local net = o.net
    assert.equal("evaluate: data has 0 rows (DIR/data.csv has a header only)",
      (told(net.evaluate, net, none, { "accuracy" }):gsub("rows$", "rows (DIR/data.csv has a header only)")))
  end)

  it("is none", function()
    assert.equal("csv: DIR/data.csv line 2, column 1: the quote is never closed", csv '1,2\n"3,4\n5,6\n')
    assert.equal('csv: DIR/data.csv line 2, column 2: text after the closing quote; a quote inside is written ""', csv '1,2\n3,"4"x\n')
    assert.equal("csv: DIR/data.csv line 2, column 2: a byte 0; is this a text file?", csv "1,2\n3,\0\n")
    assert.equal("csv: DIR/data.csv is UTF-16; save it as UTF-8", csv "\255\254\49\0,\0")
    keeps_memory(moth.csv, folder .. "/data.csv")
  end)

  it("is read with wrong options", function()
    local text = "a,b,c\n1,2,x\n3,4,y\n"
    assert.equal("csv: DIR/data.csv has no column 'cc' (a b c)", csv(text, { label = "cc" }))
    assert.equal("csv: label 4: columns of DIR/data.csv are 1..3 or -3..-1", csv(text, { label = 4 }))
    assert.equal("csv: label 0: columns of DIR/data.csv are 1..3 or -3..-1", csv(text, { label = 0 }))
    assert.equal("csv: label must be a whole number or a text, got 2.5", csv(text, { label = 2.5 }))
    assert.equal("csv: label makes classes of y, target values; give one of them", csv(text, { label = 3, target = 2 }))
    assert.equal("csv: features: column 3 is y already", csv(text, { label = 3, features = { 3 } }))
    assert.equal("csv: features: column 1 is there twice", csv(text, { label = 3, features = { 1, -3 } }))
    assert.equal("csv: features 5: columns of DIR/data.csv are 1..3 or -3..-1", csv(text, { label = 3, features = { 1, 5 } }))
    assert.equal("csv: DIR/data.csv: no column is left for x", csv(text, { label = 3, features = {} }))
    assert.equal("csv: skip must be a whole number >= 0, got -1", csv(text, { skip = -1 }))
    assert.equal("csv: delimiter must be one byte, neither a quote nor a line's end, got ';;'", csv(text, { delimiter = ";;" }))
    assert.equal("csv: no option 'sep'; here it is 'delimiter' (options: target label features header skip delimiter missing text classes dtype)",
      csv(text, { sep = ";" }))
    assert.equal("csv: DIR/data.csv line 2, column 2: the label is missing", csv("1,x\n2,\n", { label = 2 }))
  end)
end)

describe("an IDX file whose header lies", function()
  local function idx(kind, sizes, bytes) return string.char(0, 0, kind, #sizes) .. string.pack((">I4"):rep(#sizes), table.unpack(sizes)) .. bytes end
  local function refused(text)
    local path = write("lies.idx", text)
    local plain = told(moth.idx, path)
    assert.equal(plain, (told(moth.idx, (gzip(path) and path) .. ".gz"):gsub("lies.idx.gz", "lies.idx")))
    keeps_memory(moth.idx, path)
    return plain
  end
  local huge = 2^32 - 1 | 0

  it("asks for more or less than there is", function()
    assert.equal("idx: DIR/lies.idx: header asks for 3x2x2 = 12 bytes, the file holds 11 (cut short?)", refused(idx(8, { 3, 2, 2 }, ("\1"):rep(11))))
    assert.equal("idx: DIR/lies.idx: header asks for 3x2x2 = 12 bytes, the file holds 0 (cut short?)", refused(idx(8, { 3, 2, 2 }, "")))
    assert.equal("idx: DIR/lies.idx: header asks for 2x2 = 16 bytes, the file holds 15 (cut short?)", refused(idx(13, { 2, 2 }, ("\0"):rep(15))))
    assert.equal("idx: DIR/lies.idx: header asks for 3x2x2 = 12 bytes, the file holds 13",
      told(moth.idx, write("lies.idx", idx(8, { 3, 2, 2 }, ("\1"):rep(13)))))
    gzip(folder .. "/lies.idx")
    assert.equal("idx: DIR/lies.idx.gz: header asks for 3x2x2 = 12 bytes, the file holds more", told(moth.idx, folder .. "/lies.idx.gz"))
  end)

  it("begins wrongly", function()
    local begins = ", expected 00 00, a type (08 09 0b 0c 0d 0e), the number of axes"
    assert.equal("idx: DIR/lies.idx is no IDX file: it begins 01 00 08 01" .. begins, refused("\1" .. idx(8, { 3 }, "abc"):sub(2)))
    assert.equal("idx: DIR/lies.idx is no IDX file: it begins 00 00 07 01" .. begins, refused(idx(7, { 3 }, "abc")))
    assert.equal("idx: DIR/lies.idx is no IDX file: it begins 61 2c 62 0a" .. begins, refused "a,b\n1,2\n")
    assert.equal("idx: DIR/lies.idx: 9 axes, at most 8", refused(idx(8, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "a")))
    assert.equal("idx: DIR/lies.idx: the header ends after 2 bytes (cut short?)", refused "\0\0")
    assert.equal("idx: DIR/lies.idx: the header ends after 9 bytes (cut short?)", refused(idx(8, { 3, 2, 2 }, ""):sub(1, 9)))
    assert.equal("idx: DIR/lies.idx: the header ends after 0 bytes (cut short?)", refused "")
  end)

  it("has sizes that overflow", function()
    assert.equal("idx: DIR/lies.idx: header asks for 4294967295x4294967295x4294967295 values, more than can be addressed",
      refused(idx(8, { huge, huge, huge }, "abc")))
    assert.equal("idx: DIR/lies.idx: header asks for 4294967295x4294967295 values, more than can be addressed", refused(idx(14, { huge, huge }, "abc")))
    assert.equal("idx: DIR/lies.idx: header asks for 4294967295x1000 = 4294967295000 bytes, the file holds 3 (cut short?)",
      refused(idx(8, { huge, 1000 }, "abc")))
  end)

  it("has labels that do not fit", function()
    local images = write("images", idx(8, { 3, 2, 2 }, ("\1"):rep(12)))
    local function with(text) return told(moth.idx, images, write("labels", text)) end
    assert.equal("idx: DIR/images has 3 images, DIR/labels has 2 labels", with(idx(8, { 2 }, "\0\1")))
    assert.equal("idx: DIR/labels holds u8[3,2,2]; labels are whole numbers along one axis", told(moth.idx, images, write("labels", idx(8, { 3, 2, 2 }, ("\1"):rep(12)))))
    assert.equal("idx: DIR/labels holds f32[3]; labels are whole numbers along one axis", with(idx(13, { 3 }, ("\0"):rep(12))))
    assert.equal("idx: label -1 in row 2 of DIR/labels; labels count from 0 to at most 65535", with(idx(12, { 3 }, string.pack(">i4i4i4", 0, -1, 2))))
    assert.equal("idx: label 2000000000 in row 3 of DIR/labels; labels count from 0 to at most 65535",
      with(idx(12, { 3 }, string.pack(">i4i4i4", 0, 1, 2000000000))))
    assert.equal("idx: no option 'scal'; did you mean 'scale'?", told(moth.idx, images, folder .. "/labels", { scal = 1 }))
    assert.equal("idx: scale must be > 0, got 0", told(moth.idx, images, folder .. "/labels", { scale = 0 }))
    keeps_memory(moth.idx, images, folder .. "/labels")
  end)
end)

-- ---- Components and nets ---------------------------------------------------------------------------------------------------------------------

local activations = "(linear sigmoid tanh relu leaky_relu elu selu gelu silu softplus softsign hard_sigmoid hard_tanh softmax log_softmax)"

describe("a misspelt or foreign name", function()
  it("of an option", function()
    local dense = " (options: units activation bias init bias_init l1 l2 name input)"
    for mistake, text in pairs{
      [{ "adam", { learning_rate = 1 } }] = "adam: no option 'learning_rate'; here it is 'lr' (options: lr beta1 beta2 epsilon weight_decay)",
      [{ "adam", { Lr = 1 } }] = "adam: no option 'Lr'; did you mean 'lr'?",
      [{ "adam", { eps = 1 } }] = "adam: no option 'eps'; here it is 'epsilon' (options: lr beta1 beta2 epsilon weight_decay)",
      [{ "adam", { wieght_decay = 1 } }] = "adam: no option 'wieght_decay'; did you mean 'weight_decay'?",
      [{ "sgd", { step_size = 1 } }] = "sgd: no option 'step_size'; here it is 'lr' (options: lr momentum nesterov weight_decay)",
      [{ "dense", { 3, bais = false } }] = "dense: no option 'bais'; did you mean 'bias'?",
      [{ "dense", { 3, use_bias = false } }] = "dense: no option 'use_bias'; here it is 'bias'" .. dense,
      [{ "dense", { 3, kernel_initializer = "zeros" } }] = "dense: no option 'kernel_initializer'; here it is 'init'" .. dense,
      [{ "dropout", { rate = 0.5 } }] = "dropout: no option 'rate'; here it is 'p' (options: p name input)",
      [{ "leaky_relu", { alpha = 0.5 } }] = "leaky_relu: no option 'alpha'; here it is 'slope' (options: slope name input)",
      [{ "mse", { reductoin = "sum" } }] = "mse: no option 'reductoin'; did you mean 'reduction'?",
      [{ "cross_entropy", { from_logits = true } }] = "cross_entropy: no option 'from_logits'; here it is 'logits' (options: reduction logits weights smoothing)",
      [{ "net", { input_shape = 3, moth.dense(1) } }] = "net: no option 'input_shape'; here it is 'input' (options: layers input dtype name seed)",
      [{ "net", { input = 3, moth.dense(1), dytpe = "f32" } }] = "net: no option 'dytpe'; did you mean 'dtype'?",
      [{ "dataset", { labels = 3 } }] = "dataset: no option 'labels'; here it is 'y' (options: x y weight classes)",
      [{ "zeros", { 3, dtpe = "f32" } }] = "zeros: no option 'dtpe'; did you mean 'dtype'?",
    } do
      assert.equal(text, message(moth[mistake[1]], mistake[2]))
      keeps_memory(moth[mistake[1]], mistake[2])
    end
    assert.equal("step: no option 'gamma'; here it is 'factor' (options: warmup over every factor)", message(moth.schedule.step, { 2, gamma = 1 }))
  end)

  it("of an option of a method", function()
    local net = classifier().net
    net:backprop(x, labels, "cross_entropy")
    each{
      ["clip: no option 'nrom'; did you mean 'norm'?"] = function() net:clip{ nrom = 1 } end,
      ["backward: no option 'acumulate'; did you mean 'accumulate'?"] = function() net:backward(moth.ones(6, 2), { acumulate = true }) end,
      ["sum: no option 'kep'; did you mean 'keep'?"] = function() return (x:sum(1, { kep = true })) end,
      ["printing: no option 'digit'; did you mean 'digits'?"] = function() moth.printing{ digit = 2 } end,
      ["split: no option 'suffle'; did you mean 'shuffle'?"] = function() return (moth.dataset{ x }:split(0.5, { suffle = true })) end,
    }
  end)

  it("of an activation", function()
    assert.equal("dense: no activation 'rleu'; did you mean 'relu'? " .. activations, message(moth.dense, 10, "rleu"))
    assert.equal("dense: no activation 'xyzzy' " .. activations, message(moth.dense, 10, "xyzzy"))
    for foreign, here in pairs{ ReLU = "relu", swish = "silu", logistic = "sigmoid", lrelu = "leaky_relu", leakyrelu = "leaky_relu" } do
      assert.equal(("dense: no activation '%s'; here it is '%s'"):format(foreign, here), message(moth.dense, 10, foreign))
      assert.equal(("activation: no activation '%s'; here it is '%s'"):format(foreign, here), message(moth.activation, foreign))
    end
    assert.equal("dense: activation must be an activation, got 5", message(moth.dense, 10, 5))
    keeps_memory(moth.dense, 10, "rleu")
  end)

  it("of an initializer", function()
    assert.equal("dense: no initializer 'xavier'; here it is 'glorot_uniform'", message(moth.dense, { 10, init = "xavier" }))
    assert.equal("dense: no initializer 'kaiming_normal'; here it is 'he_normal'", message(moth.dense, { 10, init = "kaiming_normal" }))
    assert.is_truthy(message(moth.dense, { 10, init = "zeroes" }):find("dense: no initializer 'zeroes'; did you mean 'zeros'?", 1, true))
  end)

  it("of a loss", function()
    local losses = " (mse mae squared_error cross_entropy binary_cross_entropy)"
    local o = classifier()
    for name, text in pairs{ categorical_crossentropy = "; here it is 'cross_entropy'", sparse_categorical_crossentropy = "; here it is 'cross_entropy'",
                             bce = "; here it is 'binary_cross_entropy'", l1 = "; here it is 'mae'",
                             cross_entorpy = "; did you mean 'cross_entropy'?" .. losses, hinge = losses } do
      assert.equal(("train: no loss '%s'%s"):format(name, text), message(moth.train, classifier{ loss = name }))
      assert.equal(("backprop: no loss '%s'%s"):format(name, text), message(o.net.backprop, o.net, x, labels, name))
    end
    assert.equal("backprop: the loss must be a component or its name, got nothing", message(o.net.backprop, o.net, x, labels))
    assert.equal("train: loss must be a loss, got optimizer adam()", message(moth.train, classifier{ loss = moth.adam() }))
    assert.equal("train: loss is missing", message(moth.train, { net = o.net, data = { x, labels }, epochs = 1 }))
    keeps_memory(moth.train, classifier{ loss = "bce" })
  end)

  it("of a metric, an optimizer, a schedule", function()
    local metrics = "(mse mae squared_error cross_entropy binary_cross_entropy accuracy)"
    local net = classifier().net
    each{
      ["train: no loss or metric 'acc'; here it is 'accuracy'"] = function() moth.train(classifier{ metrics = { "acc" } }) end,
      ["train: no loss or metric 'acuracy'; did you mean 'accuracy'? " .. metrics] = function() moth.train(classifier{ metrics = { "acuracy" } }) end,
      ["evaluate: no loss or metric 'acc'; here it is 'accuracy'"] = function() net:evaluate({ x, labels }, { "acc" }) end,
      ["evaluate: no loss or metric 'acuracy'; did you mean 'accuracy'? " .. metrics] = function() net:evaluate({ x, labels }, { "acuracy" }) end,
      ["evaluate: no loss or metric 'f1' " .. metrics] = function() net:evaluate({ x, labels }, { "f1" }) end,
      ["train: no optimizer 'adma'; did you mean 'adam'? (sgd adam)"] = function() moth.train(classifier{ optimizer = "adma" }) end,
      ["train: no schedule 'cosin'; did you mean 'cosine'? (cosine step)"] = function() moth.train(classifier{ schedule = "cosin" }) end,
    }
  end)

  it("of training's options", function()
    assert.equal("train: no option 'epoch'; did you mean 'epochs'?", message(moth.train, classifier{ epoch = 1 }))
    assert.equal("train: no option 'on_epochs'; did you mean 'on_epoch'?", message(moth.train, classifier{ on_epochs = print }))
    for foreign, here in pairs{ batch_size = "batch", validation_data = "validation", callbacks = "on_epoch", opt = "optimizer", model = "net", verbose = "progress" } do
      assert.equal(("train: no option '%s'; here it is '%s'"):format(foreign, here), message(moth.train, classifier{ [foreign] = 1 }):match "^(.-) %(options: ")
    end
    assert.equal("train: no option 'lr' (options", message(moth.train, classifier{ lr = 1 }):match "^[^:]*:[^:]*")
  end)

  it("of the module and its parts", function()
    for name, text in pairs{ dropuot = "; did you mean 'dropout'?", Dense = "; here it is 'dense'", Sequential = "; here it is 'net'", Linear = "; here it is 'dense'",
                             fit = "; here it is 'train'", CrossEntropyLoss = "; here it is 'cross_entropy'", Adam = "; here it is 'adam'", xyzzy = "" } do
      assert.equal(("moth has no '%s'%s"):format(name, text), message(function() return moth[name] end))
    end
    assert.equal("f32[6,4] has no 'sum2'; did you mean 'sum'?", message(function() return x.sum2 end))
    local net = classifier().net
    assert.equal("a net has no 'predcit'; did you mean 'predict'?", message(function() return net:predcit(x) end))
    assert.equal('layer 1 dense(3, "tanh") has no \'weigth\'; did you mean \'weight\'?', message(function() return net[1].weigth end))
    assert.equal("a data set has no 'clases'; did you mean 'classes'?", message(function() return moth.dataset{ x }.clases end))
    local run = moth.train(classifier())
    assert.equal("a run has no 'los'; did you mean 'loss'?", message(function() return run.los end))
    assert.equal("a run has no 'val_loss'", message(function() return run.val_loss end):match "^[^;]*")
  end)
end)

describe("a table of the module", function()
  it("is strict too", function()
    assert.equal("moth.schedule has no 'cosin'; did you mean 'cosine'?", message(function() return moth.schedule.cosin end))
  end)
end)

describe("a guess", function()
  it("is not made of a name that is all different", function()
    assert.equal("f32[6,4] has no 'foo'", message(function() return x.foo end))
  end)
end)

describe("a bad number", function()
  it("is told with what it must be", function()
    each{
      ["dense: units must be a whole number >= 1, got 2.5"] = function() moth.dense(2.5) end,
      ["dense: units must be a whole number >= 1, got 0"] = function() moth.dense(0) end,
      ["dense: units must be a whole number >= 1, got '8'"] = function() moth.dense "8" end,
      ["dense: units must be a whole number >= 1, got nan"] = function() moth.dense(0 / 0) end,
      ["dense: units must be a whole number >= 1, got inf"] = function() moth.dense(1 / 0) end,
      ["dense: units is missing"] = function() moth.dense() end,
      ["dense: units is given twice"] = function() moth.dense{ 3, units = 3 } end,
      ["dense: takes 2 values, got 3"] = function() moth.dense(3, "relu", 5) end,
      ["dense: bias must be true or false, got 3"] = function() moth.dense{ 3, bias = 3 } end,
      ["dense: l1 must be >= 0, got -1"] = function() moth.dense{ 3, l1 = -1 } end,
      ["dropout: p must be in [0, 1), got 20; 0.2?"] = function() moth.dropout(20) end,
      ["dropout: p must be in [0, 1), got 1"] = function() moth.dropout(1) end,
      ["dropout: p must be in [0, 1), got -0.5"] = function() moth.dropout(-0.5) end,
      ["dropout: p must be in [0, 1), got nan"] = function() moth.dropout(0 / 0) end,
      ["adam: lr must be > 0, got -1"] = function() moth.adam{ lr = -1 } end,
      ["adam: lr must be > 0, got 0"] = function() moth.adam(0) end,
      ["adam: lr must be > 0, got nan"] = function() moth.adam(0 / 0) end,
      ["adam: lr must be a number > 0, got '0.1'"] = function() moth.adam{ lr = "0.1" } end,
      ["adam: lr must be a number > 0, got a table"] = function() moth.adam{ lr = {} } end,
      ["adam: beta1 must be in [0, 1), got 1"] = function() moth.adam{ beta1 = 1 } end,
      ["sgd: momentum must be >= 0, got -0.1"] = function() moth.sgd{ momentum = -0.1 } end,
      ["mse: reduction must be 'mean', 'batch' or 'sum', got 'none'"] = function() moth.mse{ reduction = "none" } end,
      ["cross_entropy: entry 2 of weights must be >= 0, got -1"] = function() moth.cross_entropy{ weights = { 1, -1 } } end,
      ["step: every must be a whole number >= 1, got 0"] = function() moth.schedule.step(0) end,
      ["cosine: final must be >= 0, got -1"] = function() moth.schedule.cosine{ final = -1 } end,
      ["train: epochs must be a whole number >= 1, got 0"] = function() moth.train(classifier{ epochs = 0 }) end,
      ["train: epochs must be a whole number >= 1, got 2.5"] = function() moth.train(classifier{ epochs = 2.5 }) end,
      ["train: patience must be a whole number >= 1, got 0"] = function() moth.train(classifier{ patience = 0 }) end,
      ["train: batch must be a whole number >= 1 or 'full', got 0"] = function() moth.train(classifier{ batch = 0 }) end,
      ["train: min_delta must be >= 0, got -1"] = function() moth.train(classifier{ min_delta = -1 }) end,
      ["train: l2 must be >= 0, got -1"] = function() moth.train(classifier{ l2 = -1 }) end,
      ["train: clip takes norm or value, got both"] = function() moth.train(classifier{ clip = { norm = 1, value = 1 } }) end,
      ["train: shuffle must be true or false, got 'no'"] = function() moth.train(classifier{ shuffle = "no" }) end,
      ["train: on_epoch must be a function, got 3"] = function() moth.train(classifier{ on_epoch = 3 }) end,
      ["train: on_epoch must be a function, got a table"] = function() moth.train(classifier{ on_epoch = {} }) end,
      ["train: seed must be a whole number, got 2.5"] = function() moth.train(classifier{ seed = 2.5 }) end,
      ["train: data must be a data set or { x, y }, got f32[6,4]"] = function() moth.train(classifier{ data = x }) end,
      ["train: takes a table of options, got 3"] = function() moth.train(3) end,
      ["train: net is missing"] = function() moth.train{} end,
      ["net: input must be a whole number >= 1 or a list of whole numbers >= 1, got 2.5"] = function() moth.net{ input = 2.5, moth.dense(1) } end,
      ["net: input must be a whole number >= 1 or a list of whole numbers >= 1, got 0"] = function() moth.net{ input = 0, moth.dense(1) } end,
      ["net: dtype must be 'f32' or 'f64', got 'i64'; did you mean 'f64'?"] = function() moth.net{ input = 2, dtype = "i64", moth.dense(1) } end,
      ["threads: must be a whole number in [1, 256], got 0"] = function() moth.threads(0) end,
      ["threads: must be a whole number in [1, 256], got 1099511627776"] = function() moth.threads(2^40) end,
      ["limit: the bytes must be >= 0, got -1"] = function() moth.limit(-1) end,
      ["range: step must not be 0"] = function() moth.range(1, 5, 0) end,
      ["randint: low 5 is above high 1"] = function() moth.randint(5, 1, 3) end,
      ["take: 7 rows asked for, data has 6"] = function() moth.dataset{ x }:take(7) end,
      ["split: fractions add up to 1.1, at most 1"] = function() moth.dataset{ x }:split(0.5, 0.6) end,
      ["batches: size must be a whole number >= 1, got 0"] = function() moth.dataset{ x }:batches{ size = 0 } end,
    }
    assert.equal("f32", moth.dtype())
    local adam = moth.adam()
    assert.equal("adam: lr must be > 0, got -1", message(function() adam.lr = -1 end))
    assert.equal("adam: lr must be a number > 0, got 'x'", message(function() adam.lr = "x" end))
    assert.equal(1e-3, adam.lr)
  end)

  it("is told as nan, whatever its sign", function()
    each{
      ["train: schedule: lr of epoch 1 must be >= 0, got nan"] = function() moth.train(classifier{ schedule = function() return 0 / 0 end }) end,
      ["tensor: nan is not a whole number"] = function() return (classes{ 0 / 0 }) end,
      ["range: first must be finite, got nan"] = function() return (moth.range(0 / 0, 1)) end,
      ["adam: lr must be > 0, got nan"] = function() moth.adam(0 / 0) end,
    }
  end)

  it("comes from a schedule or a metric", function()
    local function schedule(value) return message(moth.train, classifier{ schedule = function() return value end }) end
    assert.equal("train: schedule: lr of epoch 1 must be >= 0, got -1", schedule(-1))
    assert.equal("schedule: the function must return a number, got '1'", schedule "1")
    assert.equal("metrics: the function must return a number, got a table", message(moth.train, classifier{ metrics = { own = function() return {} end } }))
    assert.equal("train: metric 'own' must be a function, got 3", message(moth.train, classifier{ metrics = { own = 3 } }))
    local function metric(name) return function() moth.train(classifier{ metrics = { [name] = function() return 1 end } }) end end
    local taken = {}
    for _, name in ipairs{ "loss", "lr", "epoch", "seconds", "rows_per_second", "epochs", "stopped", "best_epoch" } do
      taken[("train: metrics would make two columns '%s'"):format(name)] = metric(name)
    end
    each(taken)
    assert.equal('train: monitor = \'own\' is a function: mode must say "min" or "max"',
      message(moth.train, classifier{ metrics = { own = function() return 1 end }, monitor = "own", patience = 1 }))
  end)
end)

describe("layers that cannot meet", function()
  it("are told with both", function()
    local function net(options) return (message(moth.net, options):gsub("(made at )[^\n]*:%d+", "%1HERE")) end
    assert.equal("net: layer 1 dense(3) needs [n] per sample, the input is [28,28]\n  layer 1 made at HERE\n  moth.flatten() before it makes [784] of it",
      net{ input = { 28, 28 }, moth.dense(3) })
    local twice = moth.dense(3)
    assert.equal("net: layer 2 dense(3) needs [4] as layer 1, whose weights it shares, layer 1 dense(3) gives [3]\n  layer 2 made at HERE",
      net{ input = 4, twice, twice })
    assert.equal("net: layer 1 dense(3) was made alone, with an input of its own\n  make it without input = and take its weights over: net[1]:copy_(layer)",
      net{ input = 4, moth.dense{ 3, input = 4 } })
    assert.equal(3, #moth.net{ input = { 28, 28 }, moth.flatten(), moth.dense(3), false, twice })
    keeps_memory(moth.net, { input = { 28, 28 }, moth.dense(3) })
  end)

  it("are no layers, or holes", function()
    local hole = "net: entry %d is nil; for a layer that may be absent write  cond and moth.dropout(0.2) or false"
    assert.equal(hole:format(1), message(moth.net, { input = 4, nil, moth.dense(1) }))
    assert.equal(hole:format(3), message(moth.net, { input = 4, moth.dense(1), moth.dense(1), nil, moth.dense(1) }))
    assert.equal(hole:format(2), message(moth.net, { input = 4, moth.dense(1), nil, nil, nil, nil, moth.dense(1) }))
    assert.equal("net: entry 2 must be a layer or activation, got loss mse()", message(moth.net, { input = 4, moth.dense(1), moth.mse() }))
    assert.equal("net: entry 1 must be a layer or activation, got a function", message(moth.net, { input = 4, moth.dense, moth.dense(1) }))
    assert.equal("net: layers are missing, as in moth.net{ input = 64, moth.dense(10) }", message(moth.net, { input = 4 }))
    assert.equal("net: layers are missing, as in moth.net{ input = 64, moth.dense(10) }", message(moth.net, { input = 4, false }))
    assert.is_truthy(message(moth.net, { moth.dense(1) }):find "^net: input is missing")
    keeps_memory(moth.net, { input = 4, moth.dense(1), nil, moth.dense(1) })
  end)

  it("do not meet the loss", function()
    assert.equal('train: binary_cross_entropy needs sigmoid at the end, layer 2 is dense(2, "softmax"); use cross_entropy',
      untrained(classifier{ loss = "binary_cross_entropy" }))
    assert.equal("train: cross_entropy needs softmax at the end, layer 2 is dense(1); cross_entropy{ logits = true } takes its outputs as they are",
      untrained(regression{ loss = "cross_entropy", data = { x, labels } }))
    assert.equal('train: cross_entropy with logits = true needs linear at the end, layer 2 is dense(2, "softmax"); leave logits out',
      untrained(classifier{ loss = moth.cross_entropy{ logits = true } }))
  end)

  it("do not meet the data", function()
    assert.equal("train: net takes [4] per sample, data.x is f32[6,3]\n  net made at HERE", untrained(classifier{ data = { moth.zeros(6, 3), labels } }))
    local net = classifier().net
    assert.equal("predict: net takes [4] per sample, x is f32[5,3] (3 per row)", message(net.predict, net, moth.zeros(5, 3)):match "^[^\n]*")
    assert.equal("backward: no forward to go back through; net:forward(x) comes first", message(net.backward, net, moth.zeros(6, 2)))
    net:forward(x)
    assert.equal("backward: dy is f32[6,3], forward gave f32[6,2]", message(net.backward, net, moth.zeros(6, 3)))
    assert.same({ 6, 4 }, net:backward(moth.zeros(6, 2)).shape)
    assert.equal("predict: a table of 3 stands beside one of 4; tables must be rectangular", message(net.predict, net, { { 1, 2, 3, 4 }, { 1, 2, 3 } }))
    assert.equal("predict: x must be a tensor, got 'x'", message(net.predict, net, "x"))
    keeps_memory(net.predict, net, moth.zeros(5, 3))
    assert.same({ 6, 2 }, net:predict(x).shape)
  end)
end)

-- ---- Data and training ----------------------------------------------------------------------------------------------------------------------

describe("data that does not fit", function()
  local function with(y) return untrained(classifier{ data = { x, y } }) end

  it("has labels out of range", function()
    local of = "; classes count from 1 to 2"
    assert.equal("train: label 0 in row 2 of data.y" .. of .. "\n  data.y, names = moth.classes(data.y) renumbers 0..1", with(classes{ 1, 0, 1, 1, 1, 1 }))
    assert.equal("train: label 0 in row 1 of data.y" .. of .. "\n  data.y, names = moth.classes(data.y) renumbers 0..1", with(classes{ 0, 1, 0, 1, 0, 1 }))
    assert.equal("train: label -1 in row 3 of data.y" .. of, with(classes{ 1, 2, -1, 1, 1, 1 }))
    assert.equal("train: label -9223372036854775808 in row 6 of data.y" .. of, with(classes{ 1, 2, 1, 1, 1, math.mininteger }))
    assert.equal('train: label 3 in row 3 of data.y, layer 2 dense(2, "softmax") has classes 1..2', with(classes{ 1, 2, 3, 1, 1, 1 }))
    assert.equal('train: label 9223372036854775807 in row 1 of data.y, layer 2 dense(2, "softmax") has classes 1..2',
      with(classes{ math.maxinteger, 2, 1, 1, 1, 1 }))
    assert.equal('train: label 3 in row 3 of validation.y, layer 2 dense(2, "softmax") has classes 1..2',
      untrained(classifier{ validation = { x, classes{ 1, 2, 3, 1, 1, 1 } } }))
    local y, names = moth.classes(classes{ 0, 1, 0, 1, 0, 1 })
    assert.same({ "0", "1" }, names)
    assert.equal(2, moth.train(classifier{ data = { x, y } }).epochs)
  end)

  it("has labels spoiled while training", function()
    local y = labels:clone()
    assert.equal("train: data.y was changed meanwhile: a label is no class any more",
      message(moth.train, classifier{ data = { x, y }, batch = 2, epochs = 5, on_epoch = function() y:fill_(2^50) end }))
  end)

  it("has the wrong dtype", function()
    for _, dtype in ipairs{ "f32", "f64", "u8", "bool" } do
      assert.equal(("train: cross_entropy takes class numbers i64[6], data.y is %s[6]\n  data.y:to\"i64\" if they are whole numbers"):format(dtype),
        with(dtype == "bool" and labels:gt(1) or labels:to(dtype)))
    end
    assert.equal("accuracy: takes class numbers i64[6], target is f32[6]\n  y:to\"i64\" if they are whole numbers", message(moth.accuracy, moth.rand(6, 2), moth.rand(6)))
  end)

  it("has x and y of different lengths", function()
    each{
      ["train: data.x has 6 rows, data.y has 5"] = function() moth.train(classifier{ data = { x, labels:narrow(1, 1, 5) } }) end,
      ["train: validation.x has 6 rows, validation.y has 5"] = function() moth.train(classifier{ validation = { x, labels:narrow(1, 1, 5) } }) end,
    }
    assert.equal("dataset: data.x has 6 rows, data.y has 5", message(moth.dataset, { x, labels:narrow(1, 1, 5) }))
    local net = classifier().net
    assert.equal("backprop: x has 6 rows, the target is i64[5]", message(net.backprop, net, x, labels:narrow(1, 1, 5), "cross_entropy"))
    assert.equal("train: data has no y: nothing to compare outputs with", untrained(classifier{ data = { x } }))
    assert.equal("train: data has 0 rows", untrained(classifier{ data = { moth.zeros(0, 4), classes{} } }))
  end)

  it("has targets of another shape", function()
    local function target(y) return untrained(regression{ data = { x, y } }) end
    assert.equal("mse: prediction f32[6,1], target f32[6]: shapes must be equal\n  y:reshape(-1, 1) has the right one", target(values:reshape(6)))
    assert.equal("mse: prediction f32[6,1], target f32[6,2]: shapes must be equal", target(moth.rand(6, 2)))
    assert.equal("mse: prediction f32[6,1], target i64[6]: shapes must be equal\n  y:reshape(-1, 1) has the right one", target(labels))
    assert.equal("cross_entropy: prediction f32[6,2], target f32[6,3]: shapes must be equal", with(moth.rand(6, 3)))
    assert.equal("mse: prediction f32[16,1], target f32[16]: shapes must be equal\n  y:reshape(-1, 1) has the right one",
      message(moth.mse, moth.zeros(16, 1), moth.zeros(16)))
    each{
      ["mse: argument 2 must be a tensor, got 3"] = function() return (moth.mse(moth.zeros(16, 1), 3)) end,
      ["mse: argument 2 must be a tensor, got nothing"] = function() return (moth.mse(moth.zeros(16, 1))) end,
    }
  end)

  it("has nan or infinity", function()
    for name, value in pairs{ nan = 0 / 0, inf = 1 / 0, ["-inf"] = -1 / 0 } do
      local bad, target = x:clone(), values:clone()
      bad[3][2], target[5][1] = value, value
      assert.equal(("train: data.x has %s in row 3, column 2"):format(name), untrained(classifier{ data = { bad, labels } }))
      assert.equal(("train: data.y has %s in row 5, column 1"):format(name), untrained(regression{ data = { x, target } }))
    end
    local rows = moth.rand(6, 2)
    rows[4][1] = -3
    assert.equal("train: cross_entropy takes targets from 0 to 1, data.y has -3 in row 4", with(rows))
  end)

  it("has fewer rows than a batch", function()
    assert.equal('train: batch = 256, data has 6 rows; batch = "full" takes all of them', untrained(classifier{ batch = 256 }))
    assert.equal('train: batch = 7, data has 6 rows; batch = "full" takes all of them', untrained(classifier{ batch = 7 }))
    assert.equal(2, moth.train(classifier{ batch = 6 }).epochs)
  end)
end)

describe("a loss that is no number", function()
  it("ends training, and good weights are put back", function()
    local kept = {}
    local o = regression{ optimizer = moth.sgd{ lr = 1e10 }, epochs = 50, batch = "full" }
    kept[0] = o.net:parameters():clone()
    o.on_epoch = function(e) kept[e.epoch] = o.net:parameters():clone() end
    local text = message(moth.train, o)
    local epoch, back = text:match "^train: loss is %-?%a+ in epoch (%d+), batch 1 %(rows 1%.%.6%)\n  first non%-finite value: [^\n]+; largest weight [^\n]+; lr 1e%+10\n  weights of epoch (%d+) put back; try a smaller lr or clip = 1$"
    assert.is_truthy(epoch, text)
    assert.is_true(tonumber(back) < tonumber(epoch))
    assert.is_true(kept[tonumber(back)] == o.net:parameters())
    assert.is_false(o.net:parameters():has_nan())
    assert.equal(5, moth.train(regression{ net = o.net, optimizer = moth.sgd{ lr = 1e-6 }, epochs = 5, loss = "mae" }).epochs)
  end)

  it("names the weights from before where no epoch ended", function()
    local o = regression{ optimizer = moth.sgd{ lr = 1e20 }, epochs = 50, batch = 1, shuffle = false }
    local before = o.net:parameters():clone()
    local text = message(moth.train, o)
    assert.is_truthy(text:find "^train: loss is %-?%a+ in epoch 1, batch %d %(rows %d..%d%)\n  first non%-finite value: [^\n]+; largest weight [^\n]+; lr 1e%+20\n" ..
      "  weights from before training put back; try a smaller lr or clip = 1$" or text:find "\n  weights from before training put back; try a smaller lr or clip = 1$", text)
    assert.is_true(before == o.net:parameters())
    keeps_memory(function()
      local again = regression{ net = o.net, optimizer = moth.sgd{ lr = 1e20 }, epochs = 50, batch = 1, shuffle = false }
      moth.train(again)
    end)
    assert.is_true(before == o.net:parameters())
  end)

  it("may stop it instead", function()
    local o = regression{ optimizer = moth.sgd{ lr = 1e10 }, epochs = 50, batch = "full", on_nan = "stop" }
    local run = moth.train(o)
    assert.equal("nan", run.stopped)
    assert.is_false(o.net:parameters():has_nan())
    assert.is_truthy(tostring(run):find "^run  stopped by a loss of nan after epoch %d+: %d+ epochs done, weights of epoch %d+ put back$")
    assert.equal("train: on_nan must be 'error' or 'stop', got 'ignore'", message(moth.train, regression{ on_nan = "ignore" }))
  end)
end)

describe("an error inside a callback", function()
  local function thrown(value, name, extra)
    local o = classifier(merged({ epochs = 5, validation = { x, labels } }, extra))
    local calls = 0
    local function callback()
      calls = calls + 1
      if calls >= 2 then error(value, 0) end
      return name == "schedule" and 0.1 or name == "metrics" and 1 or nil
    end
    o[name] = name == "metrics" and { own = callback } or callback
    local ok, got = pcall(moth.train, o)
    assert.is_false(ok)
    return got, o
  end

  it("comes out as it is", function()
    local object = setmetatable({ code = 7 }, { __tostring = function() return "mine" end })
    for _, name in ipairs{ "on_epoch", "on_batch", "schedule", "metrics" } do
      for _, value in ipairs{ object, "text", 42, 2.5, true, moth.ones(2), io.stdout, print } do
        local got, o = thrown(value, name)
        assert.is_true(rawequal(value, got), name)
        assert.is_false(o.net:parameters():has_nan())
        o[name] = nil
        assert.equal(5, moth.train(o).epochs)
      end
      local got = thrown(nil, name)
      assert.is_nil(got)
    end
  end)

  it("ends the training of a trainer", function()
    local object, failing = {}, true
    local o = classifier{ epochs = 6, on_epoch = function(e) if e.epoch == 3 and failing then error(object) end end }
    local t = moth.trainer(o)
    local ok, got = pcall(function() return t:run() end)
    assert.is_false(ok)
    assert.is_true(rawequal(object, got))
    failing = false
    assert.equal("done", t:step())
    assert.equal("callback", t.run.stopped)
    assert.equal(3, #t.run.loss)
    assert.same({ 6, 2 }, o.net:predict(x).shape)
    assert.equal(2, moth.train(classifier{ net = o.net }).epochs)
  end)

  it("leaks nothing", function()
    keeps_memory(moth.train, classifier{ on_epoch = function() error{} end })
    keeps_memory(moth.train, classifier{ on_epoch = function(e) return e.val_los end })
    keeps_memory(moth.train, classifier{ metrics = { own = function() error "x" end } })
    keeps_memory(moth.net, { input = 40, moth.dense{ 50, init = function() error{} end } })
  end)

  it("inside an initializer comes out as it is", function()
    local object = {}
    local ok, got = pcall(moth.net, { input = 4, moth.dense(3), moth.dense{ 2, init = function() error(object) end } })
    assert.is_false(ok)
    assert.is_true(rawequal(object, got))
    assert.equal("init: what the function returned must be a tensor, got 'x'", message(moth.net, { input = 4, moth.dense{ 2, init = function() return "x" end } }))
  end)

  it("names the fields that an event has not", function()
    local function event(f, more) return message(moth.train, classifier(merged({ on_epoch = f }, more))) end
    assert.equal("on_epoch: e has no 'val_los'; did you mean 'val_loss'?", event(function(e) return e.val_los end, { validation = { x, labels } }))
    assert.equal("on_epoch: e has no 'los'; did you mean 'loss'?", event(function(e) return e.los end))
    assert.equal("on_epoch: e has no 'val_loss'; validation = gives it", event(function(e) return e.val_loss end))
    assert.equal("on_batch: b has no 'los'; did you mean 'loss'?", message(moth.train, classifier{ on_batch = function(b) return b.los end }))
  end)

  it("may be a stack that overflows", function()
    local function deep() return deep() + 1 end
    local o = classifier{ on_epoch = deep }
    assert.is_truthy(message(moth.train, o):find("stack overflow", 1, true))
    o.on_epoch = nil
    assert.equal(2, moth.train(o).epochs)
  end)
end)

describe("a yield", function()
  it("does not cross callbacks", function()
    for name, callback in pairs{ on_epoch = coroutine.yield, on_batch = coroutine.yield, schedule = coroutine.yield, metrics = { own = coroutine.yield } } do
      local o = classifier{ [name] = callback }
      local ok, text = coroutine.resume(coroutine.create(function() return moth.train(o) end))
      assert.is_false(ok)
      assert.equal("attempt to yield across a C-call boundary", (tostring(text):gsub("^[^\n]-:%d+: ", "", 1)), name)
      o[name] = nil
      assert.equal(2, moth.train(o).epochs)
    end
    local ok, text = coroutine.resume(coroutine.create(function() return moth.net{ input = 2, moth.dense{ 2, init = coroutine.yield } } end))
    assert.is_false(ok)
    assert.is_truthy(tostring(text):find("attempt to yield across a C-call boundary", 1, true))
  end)

  it("may stand between epochs and batches", function()
    local epochs, sizes = {}, {}
    for epoch in coroutine.wrap(function()
      for e in moth.trainer(classifier{ epochs = 3 }):epochs() do coroutine.yield(e.epoch) end
    end) do epochs[#epochs + 1] = epoch end
    for size in coroutine.wrap(function() for part in moth.dataset{ x }:batches(4) do coroutine.yield(#part) end end) do sizes[#sizes + 1] = size end
    assert.same({ 1, 2, 3 }, epochs)
    assert.same({ 4, 2 }, sizes)
  end)

  it("leaves a coroutine that is abandoned to the collector", function()
    keeps_memory(function()
      coroutine.wrap(function() for e in moth.trainer(classifier{ epochs = 3 }):epochs() do coroutine.yield(e) end end)()
      error "abandoned"
    end)
  end)
end)

-- ---- Tensors --------------------------------------------------------------------------------------------------------------------------------

describe("sizes that overflow", function()
  it("are told before anything is allocated", function()
    local limit = moth.limit()
    moth.limit(8 * 2^30)
    local ok, problem = pcall(function()
      each{
        ["zeros: f64[200000,200000] needs 298 GiB, the limit is 8 GiB (moth.limit)"] = function() moth.zeros(200000, 200000, { dtype = "f64" }) end,
        ["zeros: f32[1099511627776,1099511627776] needs 4194304 EiB, the limit is 8 GiB (moth.limit)"] = function() moth.zeros(2^40, 2^40) end,
        ["eye: f32[4294967296,4294967296] needs 64 EiB, the limit is 8 GiB (moth.limit)"] = function() moth.eye(2^32) end,
        ["range: 1.15292e+18 steps are more than can be counted"] = function() moth.range(1, 2^60) end,
        ["net: input [4294967296,4294967296] has more values than memory can count"] = function() moth.net{ input = { 2^32, 2^32 }, moth.flatten() } end,
        ["net: layer 1 dense(1099511627776) has 1099511627776 x 1099511627776 weights, more than memory can count\n  layer 1 made at " ..
          here()] = function() moth.net{ input = 2^40, moth.dense(2^40) } end,
        ["net: layer 1 dense(1048576) needs 4 TiB, the limit is 8 GiB (moth.limit)\n  layer 1 made at " .. here()] = function() moth.net{ input = 2^20, moth.dense(2^20) } end,
        ["reshape: f32[6,4] has 24 elements, which [1099511627776,1099511627776] cannot hold"] = function() x:reshape(2^40, 2^40) end,
        ["contiguous: f32[1099511627776,6,4] needs 96 TiB, the limit is 8 GiB (moth.limit)"] = function() x:expand(2^40, 6, 4):contiguous() end,
        ["add: f32[1099511627776,6,4] needs 96 TiB, the limit is 8 GiB (moth.limit)"] = function() x:expand(2^40, 6, 4):add(1) end,
        ["repeat_times: f32[6597069766656,4398046511104] needs 100663296 EiB, the limit is 8 GiB (moth.limit)"] = function() x:repeat_times(2^40, 2^40) end,
        ["zeros: a tensor has at most 8 axes, got 9"] = function() moth.zeros(1, 1, 1, 1, 1, 1, 1, 1, 1) end,
      }
    end)
    moth.limit(limit)
    if not ok then error(problem, 0) end
    assert.is_truthy(message(moth.zeros, 2^63):find "^zeros: .*got 9.223372036854776e%+18$")
    assert.is_truthy(message(moth.zeros, -1):find "^zeros: .*got %-1$")
    assert.is_truthy(message(moth.zeros, 2.5):find "^zeros: .*got 2.5$")
  end)

  it("are not read out of nil", function()
    local missing
    assert.is_truthy(message(moth.zeros, missing):find "^zeros: ")
    assert.is_truthy(message(moth.ones, missing, 3):find "^ones: ")
  end)

  it("meet the limit of memory wherever they grow", function()
    local limit, net = moth.limit(), classifier().net
    collectgarbage()
    moth.limit(2^20)
    local ok, problem = pcall(function()
      assert.is_truthy(message(moth.zeros, 1024, 1024):find "^zeros: f32%[1024,1024%] needs 4 MiB, the limit is 1 MiB %(moth.limit%)$")
      assert.is_truthy(message(function() moth.zeros(1):expand(2^20):clone() end):find("the limit is 1 MiB", 1, true))
      assert.is_truthy(message(moth.net, { input = 1024, moth.dense(1024) }):find("the limit is 1 MiB (moth.limit)", 1, true))
      assert.is_truthy(message(net.predict, net, moth.zeros(1, 1):expand(100000, 4)):find("the limit is 1 MiB (moth.limit)", 1, true))
      local big = write("big.csv", ("1,2,3,4,5,6,7,8,9,10\n"):rep(40000))
      assert.is_truthy(message(moth.csv, big, { header = false }):find("limit", 1, true))
      for f, text in pairs{ [moth.zeros] = "zeros", [moth.randn] = "randn" } do
        keeps_memory(f, 1024, 1024)
        assert.is_truthy(message(f, 1024, 1024):find("^" .. text))
      end
    end)
    moth.limit(limit)
    if not ok then error(problem, 0) end
    assert.equal(1024.0 * 1024, moth.ones(1024, 1024):sum())
    assert.same({ 6, 2 }, net:predict(x).shape)
  end)
end)

describe("an index or an operand", function()
  it("is wrong", function()
    local f, i = moth.zeros(3, 4), classes{ 1, 2, 3 }
    each{
      ["index 0: rows of f32[3,4] are 1..3 or -3..-1"] = function() return f[0] end,
      ["index 5: rows of f32[3,4] are 1..3 or -3..-1"] = function() return f[5] end,
      ["index -4: rows of f32[3,4] are 1..3 or -3..-1"] = function() return f[-4] end,
      ["index 4: rows of f32[3,4] are 1..3 or -3..-1"] = function() f[4] = 1 end,
      ["index: 1.5 is not a whole number"] = function() return f[1.5] end,
      ["index 9: columns of f32[3,4] are 1..4 or -4..-1"] = function() return f(1, 9) end,
      ["index: f32[3,4] has 2 axes, got 3 indices"] = function() return f(1, 2, 3) end,
      ["index: a range's step must not be 0"] = function() return f({ 1, 2, 0 }) end,
      ["index: a tensor is indexed by a number, or a tensor of positions or booleans, got a table; t({ 2, 4 }, 1) takes ranges"] = function() return f[{ 1 }] end,
      ["index: the value must be a number, a tensor or a table, got 'x'"] = function() f[1] = "x" end,
      ["index: f32[3] does not fit into f32[4]"] = function() f[1] = moth.zeros(3) end,
      ["index: i64[3] cannot hold 2.5"] = function() i[1] = 2.5 end,
      ["f32[3,4] has no 'foo'; values go to t[i], other things into a table of their own"] = function() f.foo = 1 end,
      ["sum: axis 3: f32[3,4] has axes 1..2 or -2..-1"] = function() return (f:sum(3)) end,
      ["sum: axis 0: f32[3,4] has axes 1..2 or -2..-1"] = function() return (f:sum(0)) end,
      ["sum: axis: 1.5 is not a whole number"] = function() return (f:sum(1.5)) end,
      ["sum: axis 1 appears twice"] = function() return (f:sum{ 1, 1 }) end,
      ["transpose: axis 3: f32[3,4] has axes 1..2 or -2..-1"] = function() return (f:transpose(1, 3)) end,
      ["max: axis 1 of f32[0,3] is empty"] = function() return (moth.zeros(0, 3):max(1)) end,
      ["mean: f32[0] is empty"] = function() return (moth.zeros(0):mean()) end,
      ["add: f32[3,4] and f32[5,6] do not broadcast: axis 2 is 4 against 6"] = function() return f + moth.zeros(5, 6) end,
      ["add: argument 2 must be a tensor or a number, got '3'"] = function() return f + "3" end,
      ["add: argument 2 must be a tensor or a number, got nil"] = function() return f + nil end,
      ["matmul: f32[3,4] with f32[5,6]: inner sizes 4 and 5 differ"] = function() return (f:matmul(moth.zeros(5, 6))) end,
      ["matmul: argument 2 must be a tensor, got 3"] = function() return (f:matmul(3)) end,
      ["a < b on tensors is one boolean in Lua; use a:lt(b)"] = function() return f < f end,
      ["a <= b on tensors is one boolean in Lua; use a:le(b)"] = function() return f <= 3 end,
      ["tensor .. tensor joins no rows; moth.cat({ a, b }, axis) does"] = function() return f .. f end,
      ["add_: i64[3] and 1.5 give f32; in place the dtype stays i64"] = function() return (i:add_(1.5)) end,
      ["add_: f32[3,4] and f32[5] do not broadcast: axis 2 is 4 against 5"] = function() return (f:add_(moth.zeros(5))) end,
      ["floordiv: i64[3] by 0: an integer is divided by 0"] = function() return i // 0 end,
      ["reshape: f32[3,4] has 12 elements, which [5] cannot hold"] = function() return (f:reshape(5)) end,
      ["cat: f32[3,4] and f32[2,3] do not fit: axis 2 is 4 against 3"] = function() return (moth.cat({ f, moth.zeros(2, 3) }, 1)) end,
      ["cat: entry 2 is nil"] = function() return (moth.cat({ f, nil, f }, 1)) end,
      ["cat: takes a list of tensors, got none"] = function() return (moth.cat({}, 1)) end,
      ["item: f32[3,4] has 12 elements; it takes a tensor of one"] = function() return (f:item()) end,
      ["to: element 2 of f32[2] is nan, which i64 cannot hold"] = function() return (moth.tensor{ 1, 0 / 0 }:to "i64") end,
      ["tensor: a number stands beside a table; tables must be rectangular"] = function() return (moth.tensor{ { 1 }, 2 }) end,
      ["tensor: entry 2 is nil"] = function() return (moth.tensor{ 1, nil, 3 }) end,
      ["tensor: 256 is out of range for u8: 0..255"] = function() return (moth.tensor({ 256 }, { dtype = "u8" })) end,
      ["tensor: an entry must be a number, got 'x'"] = function() return (moth.tensor{ "x" }) end,
      ["full: u8 cannot hold 300"] = function() return (moth.full({ 2 }, 300, { dtype = "u8" })) end,
    }
    assert.is_true(f == moth.zeros(3, 4))
    assert.same({ 1, 2, 3 }, i:totable())
    local deep = {}
    deep[1] = deep
    assert.equal("tensor: tables are nested deeper than 8", message(moth.tensor, deep))
  end)

  it("is a dot for a colon", function()
    local net, data = classifier().net, moth.dataset{ x, labels }
    local t = moth.trainer(classifier())
    each{
      ["predict: argument 1 must be a net, got f32[6,4]; write net:predict(x), with a colon"] = function() net.predict(x) end,
      ["forward: argument 1 must be a net, got f32[6,4]; write net:forward(x), with a colon"] = function() net.forward(x) end,
      ["predict: argument 1 must be a net, got nothing; write net:predict(x), with a colon"] = function() net.predict() end,
      ["sum: argument 1 must be a tensor, got 1; write t:sum(...), with a colon"] = function() x.sum(1) end,
      ["split: argument 1 must be a data set, got 0.5; write data:split(0.8, 0.2), with a colon"] = function() data.split(0.5) end,
      ["batches: argument 1 must be a data set, got 3; write data:batches{ size = 32 }, with a colon"] = function() data.batches(3) end,
      ["step: argument 1 must be a trainer, got 5; write trainer:step(milliseconds), with a colon"] = function() t.step(5) end,
    }
  end)
end)

-- ---- Handles --------------------------------------------------------------------------------------------------------------------------------

describe("a closed handle", function()
  local function closed(value)
    do local _ <close> = value end
    return value
  end

  it("says so wherever it is used", function()
    local t, net, data, opt = closed(moth.ones(6, 4)), closed(classifier().net), closed(moth.dataset{ x, labels }), closed(moth.adam())
    each{
      ["index: the tensor is closed"] = function() return t[1] end,
      ["add: the tensor is closed"] = function() return 1 + t end,
      ["sum: the tensor is closed"] = function() return (t:sum()) end,
      ["shape: the tensor is closed"] = function() return t.shape end,
      ["predict: x must be a tensor, got a closed tensor"] = function() classifier().net:predict(t) end,
      ["train: x is a closed tensor"] = function() moth.train(classifier{ data = { t, labels } }) end,
      ["predict: the net is closed"] = function() net:predict(x) end,
      ["index: the net is closed"] = function() return net[1] end,
      ["step: the net is closed"] = function() moth.adam():step(net) end,
      ["train: net is a closed net"] = function() moth.train(classifier{ net = net }) end,
      ["x: the data set is closed"] = function() return data.x end,
      ["train: data is a closed data set"] = function() moth.train(classifier{ data = data }) end,
      ["batches: the data set is closed"] = function() data:batches(3) end,
      ["lr: the component is closed"] = function() return opt.lr end,
      ["train: optimizer is a closed component"] = function() moth.train(classifier{ optimizer = opt }) end,
      ["rand: gen is a closed generator"] = function() moth.rand(3, { gen = closed(moth.generator(1)) }) end,
      ["step: the trainer is closed"] = function() closed(moth.trainer(classifier())):step() end,
    }
    assert.same({ "a closed tensor", "a closed net", "a closed data set", "a closed component", "a closed trainer" },
      { tostring(t), tostring(net), tostring(data), tostring(opt), tostring(closed(moth.trainer(classifier()))) })
    assert.is_false(t == moth.ones(6, 4))
  end)

  it("does not take from others what they share", function()
    local net = classifier().net
    local weight, layer, data = net[1].weight, net[1], moth.dataset{ x:clone(), labels:clone() }
    local first, iterator = data.x, data:batches(4)
    closed(net)
    closed(data)
    assert.same({ 3, 4 }, weight:clone().shape)
    assert.same({ 3, 4 }, layer.weight.shape)
    assert.same({ 6, 4 }, first.shape)
    assert.equal(4, #(iterator()))
    local o = classifier()
    assert.equal(2, moth.train(merged(o, { on_epoch = function() closed(o.net) end })).epochs)
  end)

  it("may be the one that is running", function()
    local t
    t = moth.trainer(classifier{ on_epoch = function() t:step() end })
    assert.equal("train: this trainer is running: its callbacks cannot step or load it", message(function() return t:run() end))
    for _, name in ipairs{ "on_epoch", "on_batch", "schedule", "metrics" } do
      local function callback()
        closed(t)
        collectgarbage()
        return name == "schedule" and 0.1 or name == "metrics" and 1 or nil
      end
      t = moth.trainer(classifier{ [name] = name == "metrics" and { own = callback } or callback })
      pcall(function() return t:run() end)
      assert.equal("step: the trainer is closed", message(function() return t:step() end))
      t = moth.trainer(classifier{ [name] = name == "metrics" and { own = callback } or callback })
      pcall(function() for _ in t:epochs() do end end)
    end
    assert.equal("step: the trainer is closed", message(function() return t:step() end))
  end)
end)

describe("a foreign metatable", function()
  it("is not taken for a handle", function()
    local handles = { moth.ones(3), moth.adam(), moth.generator(1), classifier().net, moth.dataset{ x, labels }, moth.trainer(classifier()),
                      moth.train(classifier()), classifier().net[1] }
    for _, handle in ipairs(handles) do
      local meta = debug.getmetatable(handle)
      for _, value in ipairs{ {}, io.tmpfile() } do
        local before = debug.getmetatable(value)
        debug.setmetatable(value, meta)
        local texts = {}
        for name, f in pairs(meta) do
          if type(f) == "function" and name ~= "__gc" and name ~= "__close" then
            local _, text = pcall(f, value, value, value)
            texts[#texts + 1] = tostring(name) .. type(text)
          end
        end
        for _, field in ipairs{ "shape", "lr", "predict", "x", "run", "weight", "loss", 1 } do pcall(function() return value[field] end) end
        for _, f in ipairs{ moth.cat, moth.net, moth.train, moth.dataset, moth.mse, moth.show and function(v) return tostring(v) end } do
          pcall(f, value, value)
          pcall(f, { value, value, net = value, data = value, input = 1 })
        end
        assert.is_false((pcall(function() return moth.ones(3) + value end)))
        assert.is_true(#texts > 0)
        debug.setmetatable(value, before)
      end
    end
    collectgarbage()
    for _, handle in ipairs(handles) do assert.equal("string", type(tostring(handle))) end
  end)

  it("is not taken for that of another kind", function()
    local net, t = classifier().net, moth.ones(3)
    local of_net, of_tensor = debug.getmetatable(net), debug.getmetatable(t)
    debug.setmetatable(t, of_net)
    pcall(function() return t:predict(x) end)
    pcall(function() return t[1] end)
    pcall(function() return #t end)
    pcall(tostring, t)
    debug.setmetatable(t, of_tensor)
    debug.setmetatable(net, of_tensor)
    pcall(function() return net + 1 end)
    pcall(function() return net.shape end)
    pcall(tostring, net)
    debug.setmetatable(net, of_net)
    assert.equal(3.0, t:sum())
    assert.same({ 6, 2 }, net:predict(x).shape)
  end)

  it("may lie about lists, options and events", function()
    local hostile = setmetatable({}, { __index = function(_, key) error("read " .. tostring(key), 0) end, __len = function() return 1e9 end })
    for _, name in ipairs{ "tensor", "zeros", "net", "train", "dataset", "dense", "cat", "classes" } do
      pcall(moth[name], hostile, hostile)
    end
    local growing = setmetatable({}, { __len = function() return 2^62 | 0 end })
    pcall(moth.tensor, growing)
    assert.equal(3.0, moth.ones(3):sum())
  end)
end)
