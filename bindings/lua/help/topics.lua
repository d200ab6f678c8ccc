-- What `?` and `?topic` show: a few lines each, and whose names follow. Names are drawn from the entries, so that none is forgotten:
-- { title, text, { heading, families or kinds or owners } … }.
return {
  order = { "tensors", "indexing", "networks", "losses", "training", "data", "random", "files" },
  foreign = { tensor = "tensors", index = "indexing", slicing = "indexing", layers = "networks", network = "networks", nets = "networks",
              activations = "networks", initializers = "networks", metrics = "losses", loss = "losses", optimizers = "training",
              schedules = "training", operators = "tensors", operations = "tensors", dtypes = "tensors", broadcasting = "tensors",
              dataset = "data", datasets = "data" },
  tensors = {
    "Tensors are arrays of up to 8 axes: f32 (the default), f64, i64, u8 or bool, written f32[64,10]. Rows, columns and axes count from " ..
    "1, negative ones from the end. + - * / // % ^ work element by element and stretch axes of size 1; == compares whole tensors; #t is " ..
    "the number of rows. A name that ends in _ works in place. Reductions give a number, with an axis a tensor.",
    "moth.tensor{ { 1, 2 }, { 3, 4 } }:sum(1)", families = true },
  indexing = {
    "t[i] is a row, a view; a number where t has one axis. t(2, 3) is an element, t({ 2, 4 }, {}, -1) a view: ranges { from, to, step } " ..
    "with both ends, {} for all, an integer drops the axis. t[mask] picks elements, t[ids] rows, both copied. All but t(...) can be " ..
    "assigned to.",
    "moth.range(1, 9):reshape(3, 3)({ 1, 2 }, -1)", only = { joining = true, shapes = true, indexing = true } },
  networks = {
    "A net is a list of layers; the shape of a sample goes from one to the next. net:predict(x) infers, net:train{ … } learns, net[i] " ..
    "is a layer with its .weight and .bias, net:save(path) writes it.",
    "print(moth.net{ input = 4, moth.dense(8, \"relu\"), moth.dense(3, \"softmax\") })",
    kinds = { "layer", "activation", "initializer" }, owners = { "net", "layer" } },
  losses = {
    "What training makes small, and what it measures. In moth.train they go by name: loss = \"mse\", metrics = { \"accuracy\" }. " ..
    "moth.mse(p, t) computes one at once: the value, and for a loss dE/dp.",
    "print(moth.mse(moth.tensor{ 1, 2 }, moth.tensor{ 1, 4 }))", kinds = { "loss", "metric" } },
  training = {
    "moth.train{ net =, data =, loss =, epochs = } trains a net and gives a run with a list for every column; moth.trainer does it step " ..
    "by step.",
    "moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = \"mse\", epochs = 2 }",
    kinds = { "optimizer", "schedule" }, owners = { "trainer", "run", "e", "b", "optimizer" }, names = { "moth.train", "moth.trainer" } },
  data = {
    "A data set is x, y and the names of its classes; files are read into one, subsets are views and copy nothing.",
    "print(moth.dataset{ moth.rand(8, 2), moth.rand(8, 1) })", kinds = { "reader" }, owners = { "data" },
    names = { "moth.dataset", "moth.classes" } },
  random = {
    "moth.seed(n) makes everything that follows the same in every run; gen = moth.generator(n) draws from a sequence of its own.",
    "moth.seed(1); print(moth.randn(3))", only = { random = true }, names = { "moth.seed", "moth.generator" } },
  files = {
    "Tensors go to .npy, .npz, .safetensors and .csv files and back, nets to .safetensors, data sets come from CSV and IDX files.",
    "moth.save(\"eye.npy\", moth.eye(2)); print(moth.load \"eye.npy\")",
    kinds = { "reader" }, names = { "moth.load", "moth.save", "net:save", "net:load", "moth.load_net" } },
}
