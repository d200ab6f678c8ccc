-- Misspelt names, bad numbers, and layers that cannot meet: each mistake with its whole text, and that the same objects go on working.
local moth = require "moth"
local helper = dofile "spec/lua/helper.lua"
local mistakes = dofile "spec/lua/mistakes.lua"
local message = helper.message
local keeps_memory, each, classes, x = mistakes.keeps_memory, mistakes.each, mistakes.classes, mistakes.x
local labels, classifier, regression, untrained = mistakes.labels, mistakes.classifier, mistakes.regression, mistakes.untrained

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
      ["dense: takes 2 values (units, activation), got 3"] = function() moth.dense(3, "relu", 5) end,
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
