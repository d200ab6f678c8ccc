---@meta moth
-- For lua-language-server: made by scripts/reference out of the engine's catalogs; never run.

---@alias moth.Dtype "f32"|"f64"|"i64"|"u8"|"bool"
---@alias moth.ActivationName "linear"|"sigmoid"|"tanh"|"relu"|"leaky_relu"|"elu"|"selu"|"gelu"|"silu"|"softplus"|"softsign"|"hard_sigmoid"|"hard_tanh"|"softmax"|"log_softmax"
---@alias moth.LossName "mse"|"mae"|"squared_error"|"cross_entropy"|"binary_cross_entropy"
---@alias moth.MetricName "accuracy"
---@alias moth.OptimizerName "sgd"|"adam"
---@alias moth.ScheduleName "cosine"|"step"
---@alias moth.InitializerName "zeros"|"ones"|"constant"|"uniform"|"normal"|"glorot_uniform"|"glorot_normal"|"he_uniform"|"he_normal"|"lecun_normal"|"orthogonal"
---@alias moth.ReaderName "csv"|"idx"

---@class moth.Component
---@operator len: integer

---@class moth.LayerPart: moth.Component

---@class moth.Loss: moth.Component
---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor

---@class moth.Metric: moth.Component
---@overload fun(p: moth.Tensor, t: moth.Tensor): number

---@class moth.Schedule: moth.Component

---@class moth.Initializer: moth.Component

---@class moth.Generator

---@class moth.Optimizer: moth.Component
---@field lr number Its learning rate, which may be set at any time.
local Optimizer = {}

---Updates the net's parameters from its gradients. An optimizer serves one net.
---
---```lua
---local net, opt = moth.net{ input = 2, moth.dense(1) }, moth.sgd{ lr = 0.1 }; net:backprop({ { 0, 1 } }, { { 1 } }, "mse"); opt:step(net)
---```
---@param net moth.Net
function Optimizer:step(net) end

---@class moth.BatchesOptions
---@field size? integer rows of a batch; the last may have fewer (32)
---@field [1]? integer
---@field shuffle? boolean rows at random (false)
---@field seed? integer of the order; without it one draw of the default generator
---@field drop_last? boolean leaves out a last batch of fewer rows (false)
---@field dtype? "f32"|"f64" of x, and of y unless y holds classes; without it bytes come as f32, all else as it is

---@class moth.DatasetOptions
---@field x? moth.Tensor inputs, [rows, …]: shared, not copied, where each row lies in one piece
---@field [1]? moth.Tensor
---@field y? moth.Tensor targets: class numbers i64[rows], or values [rows, …]
---@field [2]? moth.Tensor
---@field weight? moth.Tensor how much each row counts, [rows], >= 0
---@field classes? string[] names of the classes that y numbers

---@class moth.NetOptions
---@field layers? (moth.LayerPart|moth.ActivationName|moth.LayerPart)[] the layers, first to last; false is no layer
---@field [integer] any
---@field input? integer|integer[] shape of one sample: 64 or { 1, 28, 28 }
---@field dtype? "f32"|"f64" of its parameters and of all it computes ("f32")
---@field name? string a name for messages and files
---@field seed? integer of its first weights; by default one draw of the context's generator

---@class moth.SplitOptions
---@field stratify? boolean each part has the classes in the proportions of the whole (false)
---@field shuffle? boolean rows at random; else the first rows are the first part (true)
---@field seed? integer of the order; without it one draw of the default generator

---@class moth.TrainOptions
---@field net? moth.Net the net to train
---@field data? moth.Data|moth.Tensor[] the data set to learn from
---@field loss? moth.LossName|moth.Loss what is made small
---@field epochs? integer how often all rows are seen
---@field optimizer? moth.OptimizerName|moth.Optimizer how weights follow the gradient ("adam")
---@field validation? moth.Data|moth.Tensor[] rows that are only measured; the best weights on them are put back at the end
---@field metrics? (moth.LossName|moth.Loss|moth.MetricName|moth.Metric)[]|table<string, function> what else is measured every epoch
---@field schedule? moth.ScheduleName|moth.Schedule|function the learning rate over the epochs: a schedule, or a function of epoch and base
---@field batch? integer|"full" rows a step, or "full"; by default 32, or all where there are fewer
---@field shuffle? boolean another order every epoch (a full batch keeps its own) (true)
---@field drop_last? boolean leave out the last batch where it is smaller (false)
---@field seed? integer of shuffling and dropout; by default a draw of the context's generator
---@field patience? integer stop when the monitored value has not improved for so many epochs
---@field monitor? string the column that tells the best epoch: val_loss, without validation loss
---@field mode? "min"|"max" whether small or large values of it are good; known for built-in metrics
---@field min_delta? number the least change that counts as an improvement (0)
---@field clip? number|table the largest norm of the gradient, or a table { norm=, order= } or { value= }
---@field l2? number adds l2 times the sum of squared weights to what is made small (0)
---@field on_nan? "error"|"stop" what to do when the loss is not finite ("error")
---@field seconds? number stop after so much time
---@field checkpoint? string a file that the state is saved to as training goes on
---@field checkpoint_every? integer after so many epochs, and at the end (1)
---@field resume? string|boolean|moth.Run go on from the checkpoint where its file is there, from another file, or from an ended run (false)
---@field progress? boolean|function whether, or by whom, progress is drawn
---@field on_epoch? function called after every epoch; true stops
---@field on_batch? function called after every batch; true stops

---@class moth.ZerosOptions
---@field shape? integer[] sizes
---@field [integer] any
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.OnesOptions
---@field shape? integer[] sizes
---@field [integer] any
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.FullOptions
---@field shape? integer|integer[] a size, or a list of sizes
---@field [1]? integer|integer[]
---@field value? number|boolean of every element
---@field [2]? number|boolean
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.EmptyOptions
---@field shape? integer[] sizes
---@field [integer] any
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.EyeOptions
---@field rows? integer rows
---@field [1]? integer
---@field columns? integer columns; absent: as many as rows
---@field [2]? integer
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.RangeOptions
---@field first? number the first value
---@field [1]? number
---@field last? number no value passes it; it is one itself where whole steps lead there
---@field [2]? number
---@field step? number from one value to the next, not 0 (1)
---@field [3]? number
---@field dtype? "f32"|"f64"|"i64"|"u8" dtype of the result

---@class moth.LinspaceOptions
---@field first? number the first value
---@field [1]? number
---@field last? number the last value
---@field [2]? number
---@field count? integer how many values
---@field [3]? integer
---@field dtype? "f32"|"f64" dtype of the result

---@class moth.ZerosLikeOptions
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.TZerosLikeOptions
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.OnesLikeOptions
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.TOnesLikeOptions
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.FullLikeOptions
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result
---@field value? number|boolean of every element
---@field [1]? number|boolean

---@class moth.TFullLikeOptions
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result
---@field value? number|boolean of every element
---@field [1]? number|boolean

---@class moth.OneHotOptions
---@field classes? integer how many classes there are
---@field [1]? integer
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.TOneHotOptions
---@field classes? integer how many classes there are
---@field [1]? integer
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result

---@class moth.MeshgridOptions
---@field indexing? "ij"|"xy" "ij": axis i of all results runs along vector i; "xy": the first two axes are exchanged, as in pictures ("ij")

---@class moth.RandOptions
---@field shape? integer[] sizes
---@field [integer] any
---@field dtype? "f32"|"f64" dtype of the result
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.RandnOptions
---@field shape? integer[] sizes
---@field [integer] any
---@field dtype? "f32"|"f64" dtype of the result
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.RandintOptions
---@field low? integer the least
---@field [1]? integer
---@field high? integer the largest, itself included
---@field [2]? integer
---@field shape? integer[] sizes
---@field [integer] any
---@field dtype? "f32"|"f64"|"i64"|"u8" dtype of the result
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.RandpermOptions
---@field count? integer how many
---@field [1]? integer
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.BernoulliOptions
---@field p? number the probability of 1
---@field [1]? number
---@field shape? integer[] sizes
---@field [integer] any
---@field dtype? "f32"|"f64"|"i64"|"u8"|"bool" dtype of the result
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.TUniformOptions
---@field low? number the least (0)
---@field [1]? number
---@field high? number all are below it (1)
---@field [2]? number
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.TNormalOptions
---@field mean? number the mean (0)
---@field [1]? number
---@field std? number the standard deviation (1)
---@field [2]? number
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.TBernoulliOptions
---@field p? number the probability of 1 (0.5)
---@field [1]? number
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.TShuffleOptions
---@field gen? moth.Generator generator to draw from; the context's where absent

---@class moth.TSumOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TProdOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TMeanOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TVarOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)
---@field ddof? integer what is taken from the count before dividing by it (1)

---@class moth.TStdOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)
---@field ddof? integer what is taken from the count before dividing by it (1)

---@class moth.TMinOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TMaxOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TArgminOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TArgmaxOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TAnyOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TAllOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TCountNonzeroOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TNormOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [2]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)
---@field p? number the order: 1, 2, math.huge … (2)
---@field [1]? number

---@class moth.TLogsumexpOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TMedianOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [1]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TQuantileOptions
---@field axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@field [2]? integer|integer[]
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)
---@field q? number|number[]|moth.Tensor the share of values below: a number, a list or a tensor of them
---@field [1]? number|number[]|moth.Tensor

---@class moth.TSortOptions
---@field axis? integer the axis to sort along; absent: the last (-1)
---@field [1]? integer
---@field descending? boolean largest first; nan stays last (false)

---@class moth.TArgsortOptions
---@field axis? integer the axis to sort along; absent: the last (-1)
---@field [1]? integer
---@field descending? boolean largest first; nan stays last (false)

---@class moth.TTopkOptions
---@field k? integer how many, 0 to the size of the axis
---@field [1]? integer
---@field axis? integer the axis to look along; absent: the last (-1)
---@field [2]? integer
---@field largest? boolean the largest, or with false the smallest (true)

---@class moth.TKthvalueOptions
---@field k? integer which in ascending order: 1, the smallest, to the size of the axis
---@field [1]? integer
---@field axis? integer the axis to look along; absent: the last (-1)
---@field [2]? integer
---@field keep? boolean keep what is reduced as axes of size 1, in a tensor (false)

---@class moth.TSearchsortedOptions
---@field right? boolean behind values that are equal, not before them (false)

---@class moth.TAddmmOptions
---@field alpha? number what the product is multiplied by (1)
---@field beta? number what the tensor is multiplied by before (1)

---@class moth.TAllcloseOptions
---@field rtol? number what they may differ by, times |b| (1e-5)
---@field atol? number what they may differ by besides (1e-8)

---@class moth.Tensor
---@operator add(moth.Tensor|number): moth.Tensor
---@operator sub(moth.Tensor|number): moth.Tensor
---@operator mul(moth.Tensor|number): moth.Tensor
---@operator div(moth.Tensor|number): moth.Tensor
---@operator idiv(moth.Tensor|number): moth.Tensor
---@operator mod(moth.Tensor|number): moth.Tensor
---@operator pow(moth.Tensor|number): moth.Tensor
---@operator unm: moth.Tensor
---@operator len: integer
---@operator call(...): moth.Tensor|number
---@field [integer] moth.Tensor|number|boolean
---@field [moth.Tensor] moth.Tensor
---@field shape table The size of each axis, in a fresh table.
---@field dtype string "f32", "f64", "i64", "u8" or "bool".
---@field rank integer How many axes it has, 0 to 8.
local Tensor = {}

---The size of an axis; negative ones count from the end.
---
---```lua
---print(moth.zeros(3, 4):size(-1))
---```
---@param axis integer
---@return integer
function Tensor:size(axis) end

---How many elements it has.
---
---```lua
---print(moth.zeros(3, 4):numel())
---```
---@return integer
function Tensor:numel() end

---The value of a tensor of one element, as a number or a boolean.
---
---```lua
---print(moth.tensor{ { 7 } }:item())
---```
---@return number|boolean
function Tensor:item() end

---Its elements as a table nested as deep as it has axes.
---
---```lua
---print(moth.range(1, 4):reshape(2, 2):totable()[2][1])
---```
---@return table
function Tensor:totable() end

---Whether its elements lie row by row without gaps.
---
---```lua
---print(moth.zeros(2, 3):t():is_contiguous())
---```
---@return boolean
function Tensor:is_contiguous() end

---Iterates over the first axis: for i, row in t:rows() do. Rows are views; those of a vector are its numbers.
---
---```lua
---for i, row in moth.eye(2):rows() do print(i, row) end
---```
---@return function
function Tensor:rows() end

---A new tensor of the same dtype and shape with f(element) for each element, in row-major order. Slow: a call of Lua an element, where
---operations on whole tensors take a nanosecond.
---
---```lua
---print(moth.range(1, 3):map(function(x) return x * x end))
---```
---@param f function
---@return moth.Tensor
function Tensor:map(f) end

---Replaces each element by f(element), in row-major order. Where f raises, or gives what the dtype cannot hold, the tensor stays as it
---was. Slow, as t:map.
---
---```lua
---print(moth.range(1, 3):apply_(function(x) return -x end))
---```
---@param f function
---@return moth.Tensor
function Tensor:apply_(f) end

---What a first look at numbers wants: how many, nan, inf, mean, std, min, quartiles and max, nan left out; of booleans, how many of
---each. A table with these names (found.mean, found["25%"]) that prints as a short text. It sorts a copy.
---
---```lua
---print(moth.range(1, 9):describe())
---```
---@return table
function Tensor:describe() end

---Draws it in the terminal: a matrix as a grey image, [3, rows, columns] as a coloured one, a vector as a curve.
---
---```lua
---moth.range(1, 64):reshape(8, 8):show()
---```
function Tensor:show() end

---Zeros of a tensor's shape and dtype.
---
---```lua
---moth.zeros_like(moth.eye(2))
---```
---@param options? moth.TZerosLikeOptions
---@return moth.Tensor
function Tensor:zeros_like(options) end

---Ones of a tensor's shape and dtype.
---
---```lua
---moth.ones_like(moth.eye(2))
---```
---@param options? moth.TOnesLikeOptions
---@return moth.Tensor
function Tensor:ones_like(options) end

---One value in a tensor's shape and dtype.
---
---```lua
---moth.full_like(moth.eye(2), 7)
---```
---@param value number|boolean of every element
---@param options? moth.TFullLikeOptions
---@return moth.Tensor
function Tensor:full_like(value, options) end

---A row for each class number, 1 at its class and 0 elsewhere.
---
---```lua
---moth.one_hot(moth.tensor({ 2, 1 }, { dtype = "i64" }), 3)
---```
---@param classes integer how many classes there are
---@param options? moth.TOneHotOptions
---@return moth.Tensor
function Tensor:one_hot(classes, options) end

---A matrix with a vector on its diagonal and zeros elsewhere; or a copy of a matrix's diagonal.
---
---[n] -> [n + |offset|, n + |offset|]; [rows, columns] -> [length].
---
---```lua
---moth.diag(moth.range(1, 3))
---```
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function Tensor:diag(offset) end

---A copy with zeros above a diagonal: the lower triangle of a matrix, or of each in a stack [..., rows, columns].
---
---```lua
---moth.ones(3, 3):tril()
---```
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function Tensor:tril(offset) end

---A copy with zeros above a diagonal: the lower triangle of a matrix, or of each in a stack [..., rows, columns].
---
---```lua
---moth.ones(3, 3):tril()
---```
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function Tensor:tril_(offset) end

---A copy with zeros below a diagonal: the upper triangle of a matrix, or of each in a stack [..., rows, columns].
---
---```lua
---moth.ones(3, 3):triu()
---```
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function Tensor:triu(offset) end

---A copy with zeros below a diagonal: the upper triangle of a matrix, or of each in a stack [..., rows, columns].
---
---```lua
---moth.ones(3, 3):triu()
---```
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function Tensor:triu_(offset) end

---A view of a diagonal of the matrices that two axes span.
---
---[rows, columns, …] -> […, length]: the diagonal becomes the last axis.
---
---```lua
---moth.eye(3):diagonal()
---```
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@param axis1? integer the axis that counts rows; by default the first
---@param axis2? integer the axis that counts columns; by default the second
---@return moth.Tensor
function Tensor:diagonal(offset, axis1, axis2) end

---Fills with numbers drawn evenly from [low, high).
---
---```lua
---moth.empty(3):uniform_(-1, 1)
---```
---@param low? number the least
---@param high? number all are below it
---@param options? moth.TUniformOptions
---@return moth.Tensor
function Tensor:uniform_(low, high, options) end

---Fills with numbers drawn from a normal distribution.
---
---```lua
---moth.empty(3):normal_(0, 0.1)
---```
---@param mean? number the mean
---@param std? number the standard deviation
---@param options? moth.TNormalOptions
---@return moth.Tensor
function Tensor:normal_(mean, std, options) end

---Fills with ones with probability p, zeros else.
---
---```lua
---moth.empty(5):bernoulli_(0.3)
---```
---@param p? number the probability of 1
---@param options? moth.TBernoulliOptions
---@return moth.Tensor
function Tensor:bernoulli_(p, options) end

---Puts the rows in random order, all orders being equally likely.
---
---```lua
---moth.range(1, 5):shuffle_()
---```
---@param options? moth.TShuffleOptions
---@return moth.Tensor
function Tensor:shuffle_(options) end

----x; integers wrap.
---
---```lua
---moth.tensor{ 1, -2 }:neg()
---```
---@return moth.Tensor
function Tensor:neg() end

----x; integers wrap.
---
---```lua
---moth.tensor{ 1, -2 }:neg()
---```
---@return moth.Tensor
function Tensor:neg_() end

---|x|.
---
---```lua
---moth.tensor{ 1, -2 }:abs()
---```
---@return moth.Tensor
function Tensor:abs() end

---|x|.
---
---```lua
---moth.tensor{ 1, -2 }:abs()
---```
---@return moth.Tensor
function Tensor:abs_() end

----1, 0 or 1; nan stays.
---
---```lua
---moth.tensor{ 3, 0, -2 }:sign()
---```
---@return moth.Tensor
function Tensor:sign() end

----1, 0 or 1; nan stays.
---
---```lua
---moth.tensor{ 3, 0, -2 }:sign()
---```
---@return moth.Tensor
function Tensor:sign_() end

---Square root; nan below 0.
---
---```lua
---moth.tensor{ 4, 9 }:sqrt()
---```
---@return moth.Tensor
function Tensor:sqrt() end

---Square root; nan below 0.
---
---```lua
---moth.tensor{ 4, 9 }:sqrt()
---```
---@return moth.Tensor
function Tensor:sqrt_() end

---1/sqrt(x); inf at 0, nan below.
---
---```lua
---moth.tensor{ 4, 16 }:rsqrt()
---```
---@return moth.Tensor
function Tensor:rsqrt() end

---1/sqrt(x); inf at 0, nan below.
---
---```lua
---moth.tensor{ 4, 16 }:rsqrt()
---```
---@return moth.Tensor
function Tensor:rsqrt_() end

---x*x.
---
---```lua
---moth.tensor{ 2, -3 }:square()
---```
---@return moth.Tensor
function Tensor:square() end

---x*x.
---
---```lua
---moth.tensor{ 2, -3 }:square()
---```
---@return moth.Tensor
function Tensor:square_() end

---1/x.
---
---```lua
---moth.tensor{ 2, 4 }:reciprocal()
---```
---@return moth.Tensor
function Tensor:reciprocal() end

---1/x.
---
---```lua
---moth.tensor{ 2, 4 }:reciprocal()
---```
---@return moth.Tensor
function Tensor:reciprocal_() end

---e to the power x.
---
---```lua
---moth.tensor{ 0, 1 }:exp()
---```
---@return moth.Tensor
function Tensor:exp() end

---e to the power x.
---
---```lua
---moth.tensor{ 0, 1 }:exp()
---```
---@return moth.Tensor
function Tensor:exp_() end

---exp(x) - 1, exact near 0.
---
---```lua
---moth.tensor{ 1e-8 }:expm1()
---```
---@return moth.Tensor
function Tensor:expm1() end

---exp(x) - 1, exact near 0.
---
---```lua
---moth.tensor{ 1e-8 }:expm1()
---```
---@return moth.Tensor
function Tensor:expm1_() end

---Natural logarithm; -inf at 0, nan below.
---
---```lua
---moth.tensor{ 1, 10 }:log()
---```
---@return moth.Tensor
function Tensor:log() end

---Natural logarithm; -inf at 0, nan below.
---
---```lua
---moth.tensor{ 1, 10 }:log()
---```
---@return moth.Tensor
function Tensor:log_() end

---log(1 + x), exact near 0.
---
---```lua
---moth.tensor{ 1e-8 }:log1p()
---```
---@return moth.Tensor
function Tensor:log1p() end

---log(1 + x), exact near 0.
---
---```lua
---moth.tensor{ 1e-8 }:log1p()
---```
---@return moth.Tensor
function Tensor:log1p_() end

---Sine of an angle in radians.
---
---```lua
---moth.linspace(0, 3, 4):sin()
---```
---@return moth.Tensor
function Tensor:sin() end

---Sine of an angle in radians.
---
---```lua
---moth.linspace(0, 3, 4):sin()
---```
---@return moth.Tensor
function Tensor:sin_() end

---Cosine of an angle in radians.
---
---```lua
---moth.linspace(0, 3, 4):cos()
---```
---@return moth.Tensor
function Tensor:cos() end

---Cosine of an angle in radians.
---
---```lua
---moth.linspace(0, 3, 4):cos()
---```
---@return moth.Tensor
function Tensor:cos_() end

---Tangent of an angle in radians.
---
---```lua
---moth.linspace(0, 1, 4):tan()
---```
---@return moth.Tensor
function Tensor:tan() end

---Tangent of an angle in radians.
---
---```lua
---moth.linspace(0, 1, 4):tan()
---```
---@return moth.Tensor
function Tensor:tan_() end

---The angle in -pi/2 … pi/2 whose sine x is; nan beyond -1 … 1.
---
---```lua
---moth.tensor{ -1, 0, 0.5 }:asin()
---```
---@return moth.Tensor
function Tensor:asin() end

---The angle in -pi/2 … pi/2 whose sine x is; nan beyond -1 … 1.
---
---```lua
---moth.tensor{ -1, 0, 0.5 }:asin()
---```
---@return moth.Tensor
function Tensor:asin_() end

---The angle in 0 … pi whose cosine x is; nan beyond -1 … 1.
---
---```lua
---moth.tensor{ -1, 0, 0.5 }:acos()
---```
---@return moth.Tensor
function Tensor:acos() end

---The angle in 0 … pi whose cosine x is; nan beyond -1 … 1.
---
---```lua
---moth.tensor{ -1, 0, 0.5 }:acos()
---```
---@return moth.Tensor
function Tensor:acos_() end

---The angle in -pi/2 … pi/2 whose tangent x is.
---
---atan2 tells all four quadrants.
---
---```lua
---moth.tensor{ -1, 0, 1/0 }:atan()
---```
---@return moth.Tensor
function Tensor:atan() end

---The angle in -pi/2 … pi/2 whose tangent x is.
---
---atan2 tells all four quadrants.
---
---```lua
---moth.tensor{ -1, 0, 1/0 }:atan()
---```
---@return moth.Tensor
function Tensor:atan_() end

---Hyperbolic sine: (exp(x) - exp(-x))/2.
---
---```lua
---moth.tensor{ -1, 0, 1 }:sinh()
---```
---@return moth.Tensor
function Tensor:sinh() end

---Hyperbolic sine: (exp(x) - exp(-x))/2.
---
---```lua
---moth.tensor{ -1, 0, 1 }:sinh()
---```
---@return moth.Tensor
function Tensor:sinh_() end

---Hyperbolic cosine: (exp(x) + exp(-x))/2.
---
---```lua
---moth.tensor{ -1, 0, 1 }:cosh()
---```
---@return moth.Tensor
function Tensor:cosh() end

---Hyperbolic cosine: (exp(x) + exp(-x))/2.
---
---```lua
---moth.tensor{ -1, 0, 1 }:cosh()
---```
---@return moth.Tensor
function Tensor:cosh_() end

---Hyperbolic tangent.
---
---```lua
---moth.tensor{ -1, 0, 1 }:tanh()
---```
---@return moth.Tensor
function Tensor:tanh() end

---Hyperbolic tangent.
---
---```lua
---moth.tensor{ -1, 0, 1 }:tanh()
---```
---@return moth.Tensor
function Tensor:tanh_() end

---1/(1 + exp(-x)).
---
---```lua
---moth.tensor{ -1, 0, 1 }:sigmoid()
---```
---@return moth.Tensor
function Tensor:sigmoid() end

---1/(1 + exp(-x)).
---
---```lua
---moth.tensor{ -1, 0, 1 }:sigmoid()
---```
---@return moth.Tensor
function Tensor:sigmoid_() end

---x where x > 0, else 0; nan stays.
---
---```lua
---moth.tensor{ -1, 0, 1 }:relu()
---```
---@return moth.Tensor
function Tensor:relu() end

---x where x > 0, else 0; nan stays.
---
---```lua
---moth.tensor{ -1, 0, 1 }:relu()
---```
---@return moth.Tensor
function Tensor:relu_() end

---x Phi(x), with the normal distribution's Phi.
---
---By erf; the layer gelu has the tanh approximation too (Hendrycks and Gimpel 2016).
---
---```lua
---moth.tensor{ -1, 0, 1 }:gelu()
---```
---@return moth.Tensor
function Tensor:gelu() end

---x Phi(x), with the normal distribution's Phi.
---
---By erf; the layer gelu has the tanh approximation too (Hendrycks and Gimpel 2016).
---
---```lua
---moth.tensor{ -1, 0, 1 }:gelu()
---```
---@return moth.Tensor
function Tensor:gelu_() end

---log(1 + exp(x)), which never overflows.
---
---```lua
---moth.tensor{ -1, 0, 1000 }:softplus()
---```
---@return moth.Tensor
function Tensor:softplus() end

---log(1 + exp(x)), which never overflows.
---
---```lua
---moth.tensor{ -1, 0, 1000 }:softplus()
---```
---@return moth.Tensor
function Tensor:softplus_() end

---The error function.
---
---```lua
---moth.tensor{ 0, 0.5 }:erf()
---```
---@return moth.Tensor
function Tensor:erf() end

---The error function.
---
---```lua
---moth.tensor{ 0, 0.5 }:erf()
---```
---@return moth.Tensor
function Tensor:erf_() end

---The nearest whole number not above.
---
---```lua
---moth.tensor{ 1.5, -1.5 }:floor()
---```
---@return moth.Tensor
function Tensor:floor() end

---The nearest whole number not above.
---
---```lua
---moth.tensor{ 1.5, -1.5 }:floor()
---```
---@return moth.Tensor
function Tensor:floor_() end

---The nearest whole number not below.
---
---```lua
---moth.tensor{ 1.5, -1.5 }:ceil()
---```
---@return moth.Tensor
function Tensor:ceil() end

---The nearest whole number not below.
---
---```lua
---moth.tensor{ 1.5, -1.5 }:ceil()
---```
---@return moth.Tensor
function Tensor:ceil_() end

---The nearest whole number, halves to the even one.
---
---```lua
---moth.tensor{ 0.5, 1.5, 2.5 }:round()
---```
---@return moth.Tensor
function Tensor:round() end

---The nearest whole number, halves to the even one.
---
---```lua
---moth.tensor{ 0.5, 1.5, 2.5 }:round()
---```
---@return moth.Tensor
function Tensor:round_() end

---x without its fraction: rounded towards 0.
---
---```lua
---moth.tensor{ 1.5, -1.5 }:trunc()
---```
---@return moth.Tensor
function Tensor:trunc() end

---x without its fraction: rounded towards 0.
---
---```lua
---moth.tensor{ 1.5, -1.5 }:trunc()
---```
---@return moth.Tensor
function Tensor:trunc_() end

---x limited to low … high; nan stays.
---
---```lua
---moth.tensor{ -2, 0.5, 3 }:clamp(0, 1)
---```
---@param low? number nothing below it; absent: no limit
---@param high? number nothing above it; absent: no limit
---@return moth.Tensor
function Tensor:clamp(low, high) end

---x limited to low … high; nan stays.
---
---```lua
---moth.tensor{ -2, 0.5, 3 }:clamp(0, 1)
---```
---@param low? number nothing below it; absent: no limit
---@param high? number nothing above it; absent: no limit
---@return moth.Tensor
function Tensor:clamp_(low, high) end

---Whether x is 0 or false.
---
---```lua
---moth.tensor{ 1, 0 }:logical_not()
---```
---@return moth.Tensor
function Tensor:logical_not() end

---Whether x is 0 or false.
---
---```lua
---moth.tensor{ 1, 0 }:logical_not()
---```
---@return moth.Tensor
function Tensor:logical_not_() end

---Whether x is not a number.
---
---```lua
---moth.tensor{ 1, 0/0 }:isnan()
---```
---@return moth.Tensor
function Tensor:isnan() end

---Whether x is infinite.
---
---```lua
---moth.tensor{ 1, 1/0 }:isinf()
---```
---@return moth.Tensor
function Tensor:isinf() end

---Whether x is neither nan nor infinite.
---
---```lua
---moth.tensor{ 1, 0/0, 1/0 }:isfinite()
---```
---@return moth.Tensor
function Tensor:isfinite() end

---a + b, broadcast; integers wrap, bools are or-ed.
---
---```lua
---moth.ones(2, 3):add(moth.tensor{ 1, 2, 3 })
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:add(other) end

---a + b, broadcast; integers wrap, bools are or-ed.
---
---```lua
---moth.ones(2, 3):add(moth.tensor{ 1, 2, 3 })
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:add_(other) end

---a - b, broadcast.
---
---```lua
---moth.ones(2, 3):sub(0.5)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:sub(other) end

---a - b, broadcast.
---
---```lua
---moth.ones(2, 3):sub(0.5)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:sub_(other) end

---a * b, element by element, broadcast; bools are and-ed.
---
---```lua
---moth.ones(2, 3):mul(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:mul(other) end

---a * b, element by element, broadcast; bools are and-ed.
---
---```lua
---moth.ones(2, 3):mul(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:mul_(other) end

---a / b, broadcast; integers give floats.
---
---```lua
---moth.tensor{ 1, 2 }:div(4)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:div(other) end

---a / b, broadcast; integers give floats.
---
---```lua
---moth.tensor{ 1, 2 }:div(4)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:div_(other) end

---a // b: the quotient rounded down.
---
---```lua
---moth.tensor{ 7, -7 }:floordiv(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:floordiv(other) end

---a // b: the quotient rounded down.
---
---```lua
---moth.tensor{ 7, -7 }:floordiv(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:floordiv_(other) end

---a % b: a - floor(a/b)*b, of b's sign.
---
---```lua
---moth.tensor{ 7, -7 }:mod(3)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:mod(other) end

---a % b: a - floor(a/b)*b, of b's sign.
---
---```lua
---moth.tensor{ 7, -7 }:mod(3)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:mod_(other) end

---a to the power b.
---
---```lua
---moth.tensor{ 1, 2, 3 }:pow(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:pow(other) end

---a to the power b.
---
---```lua
---moth.tensor{ 1, 2, 3 }:pow(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:pow_(other) end

---The angle of the point (b, a) in -pi … pi: of a/b, in all four quadrants.
---
---```lua
---moth.tensor{ 1, -1 }:atan2(moth.tensor{ -1, -1 })
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:atan2(other) end

---The angle of the point (b, a) in -pi … pi: of a/b, in all four quadrants.
---
---```lua
---moth.tensor{ 1, -1 }:atan2(moth.tensor{ -1, -1 })
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:atan2_(other) end

---The larger of a and b; nan wins.
---
---```lua
---moth.tensor{ -1, 2 }:maximum(0)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:maximum(other) end

---The larger of a and b; nan wins.
---
---```lua
---moth.tensor{ -1, 2 }:maximum(0)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:maximum_(other) end

---The smaller of a and b; nan wins.
---
---```lua
---moth.tensor{ -1, 2 }:minimum(0)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:minimum(other) end

---The smaller of a and b; nan wins.
---
---```lua
---moth.tensor{ -1, 2 }:minimum(0)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:minimum_(other) end

---Whether a = b, element by element.
---
---```lua
---moth.tensor{ 1, 2 }:eq(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:eq(other) end

---Whether a and b differ; nan differs from all.
---
---```lua
---moth.tensor{ 1, 2 }:ne(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:ne(other) end

---Whether a < b.
---
---```lua
---moth.tensor{ 1, 2 }:lt(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:lt(other) end

---Whether a <= b.
---
---```lua
---moth.tensor{ 1, 2 }:le(1)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:le(other) end

---Whether a > b.
---
---```lua
---moth.tensor{ 1, 2 }:gt(1)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:gt(other) end

---Whether a >= b.
---
---```lua
---moth.tensor{ 1, 2 }:ge(2)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:ge(other) end

---Whether both are other than 0.
---
---```lua
---moth.tensor{ 1, 0 }:logical_and(true)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:logical_and(other) end

---Whether both are other than 0.
---
---```lua
---moth.tensor{ 1, 0 }:logical_and(true)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:logical_and_(other) end

---Whether one is other than 0.
---
---```lua
---moth.tensor{ 1, 0 }:logical_or(false)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:logical_or(other) end

---Whether one is other than 0.
---
---```lua
---moth.tensor{ 1, 0 }:logical_or(false)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:logical_or_(other) end

---Whether one of both is other than 0, and the other is 0.
---
---```lua
---moth.tensor{ 1, 0 }:logical_xor(true)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:logical_xor(other) end

---Whether one of both is other than 0, and the other is 0.
---
---```lua
---moth.tensor{ 1, 0 }:logical_xor(true)
---```
---@param other moth.Tensor|number
---@return moth.Tensor
function Tensor:logical_xor_(other) end

---exp(x) as parts of their sum along an axis, the last by default.
---
---Shapes stay; a nan makes its whole row nan.
---
---```lua
---moth.tensor{ { 1, 2, 3 }, { 1, 1, 1 } }:softmax()
---```
---@param axis? integer the axis whose values sum to 1; default the last
---@return moth.Tensor
function Tensor:softmax(axis) end

---exp(x) as parts of their sum along an axis, the last by default.
---
---Shapes stay; a nan makes its whole row nan.
---
---```lua
---moth.tensor{ { 1, 2, 3 }, { 1, 1, 1 } }:softmax()
---```
---@param axis? integer the axis whose values sum to 1; default the last
---@return moth.Tensor
function Tensor:softmax_(axis) end

---The logarithm of softmax along an axis, the last by default: x - log(sum exp(x)).
---
---Exact where softmax itself is 0.
---
---```lua
---moth.tensor{ { 1, 2, 3 }, { 0, 0, 1000 } }:log_softmax(-1)
---```
---@param axis? integer the axis whose values sum to 1; default the last
---@return moth.Tensor
function Tensor:log_softmax(axis) end

---The logarithm of softmax along an axis, the last by default: x - log(sum exp(x)).
---
---Exact where softmax itself is 0.
---
---```lua
---moth.tensor{ { 1, 2, 3 }, { 0, 0, 1000 } }:log_softmax(-1)
---```
---@param axis? integer the axis whose values sum to 1; default the last
---@return moth.Tensor
function Tensor:log_softmax_(axis) end

---a where the condition holds, else b; broadcast.
---
---```lua
---moth.range(-2, 2):gt(0):where(1, 0)
---```
---@param a moth.Tensor|number
---@param b moth.Tensor|number
---@return moth.Tensor
function Tensor:where(a, b) end

---The value where the mask holds, else x.
---
---```lua
---moth.tensor{ 1, 0/0 }:masked_fill(moth.tensor{ false, true }, 0)
---```
---@param mask moth.Tensor|number
---@param value moth.Tensor|number
---@return moth.Tensor
function Tensor:masked_fill(mask, value) end

---The value where the mask holds, else x.
---
---```lua
---moth.tensor{ 1, 0/0 }:masked_fill(moth.tensor{ false, true }, 0)
---```
---@param mask moth.Tensor|number
---@param value moth.Tensor|number
---@return moth.Tensor
function Tensor:masked_fill_(mask, value) end

---The elements, or rows, where the mask holds, in order; t[mask] in scripts.
---
---```lua
---moth.range(1, 4):mask_select(moth.tensor{ true, false, true, true })
---```
---@param mask moth.Tensor
---@return moth.Tensor
function Tensor:mask_select(mask) end

---Puts values where the mask holds; t[mask] = v in scripts.
---
---The mask covers the first axes; v is a number, or broadcasts to the shape of mask_select(mask).
---
---```lua
---moth.range(-2, 2):masked_put_(moth.range(-2, 2):lt(0), 0)
---```
---@param mask moth.Tensor|number
---@param values moth.Tensor|number
---@return moth.Tensor
function Tensor:masked_put_(mask, values) end

---Where elements are not 0: a row of indices for each, in row-major order.
---
---[…] -> i64[n, rank]; nan is not 0.
---
---```lua
---moth.tensor{ { 0, 5 }, { 7, 0 } }:nonzero()
---```
---@return moth.Tensor
function Tensor:nonzero() end

---The sum; 0 of nothing.
---
---Floats gather in f64, blocks of them joined with what rounding took. Sums of i64, u8 and bool are i64 and wrap around beyond 2^63.
---
---```lua
---moth.ones(2, 3):sum(1)
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TSumOptions
---@return moth.Tensor|number
function Tensor:sum(axis, options) end

---The product; 1 of nothing.
---
---Floats gather in f64. Products of i64, u8 and bool are i64 and wrap around beyond 2^63.
---
---```lua
---moth.tensor{ 1, 2, 3 }:prod()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TProdOptions
---@return moth.Tensor|number
function Tensor:prod(axis, options) end

---The mean.
---
---Floats keep their dtype; integers give the default float.
---
---```lua
---moth.tensor{ 1, 2, 3 }:mean()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TMeanOptions
---@return moth.Tensor|number
function Tensor:mean(axis, options) end

---The variance: sum (x - mean)^2 / (n - ddof).
---
---Gathers twice, the mean first; nan where n <= ddof.
---
---```lua
---moth.tensor{ 1, 2, 3 }:var{ ddof = 0 }
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TVarOptions
---@return moth.Tensor|number
function Tensor:var(axis, options) end

---The standard deviation: the square root of var.
---
---```lua
---moth.tensor{ 1, 2, 3 }:std()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TStdOptions
---@return moth.Tensor|number
function Tensor:std(axis, options) end

---The least value; along one axis the values and where each stands.
---
---nan wins, the first of equals counts; a list of axes gives values only.
---
---```lua
---moth.tensor{ 3, 1, 2 }:min()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TMinOptions
---@return moth.Tensor|number
---@return moth.Tensor?
function Tensor:min(axis, options) end

---The largest value; along one axis the values and where each stands.
---
---nan wins, the first of equals counts; a list of axes gives values only.
---
---```lua
---moth.tensor{ { 3, 1 }, { 2, 4 } }:max(2)
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TMaxOptions
---@return moth.Tensor|number
---@return moth.Tensor?
function Tensor:max(axis, options) end

---Where the least value stands, the first of equals; nan wins.
---
---Over several axes: its place in row-major order.
---
---```lua
---moth.tensor{ 3, 1, 2 }:argmin()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TArgminOptions
---@return moth.Tensor|number
function Tensor:argmin(axis, options) end

---Where the largest value stands, the first of equals; nan wins.
---
---Over several axes: its place in row-major order.
---
---```lua
---moth.tensor{ 3, 1, 2 }:argmax()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TArgmaxOptions
---@return moth.Tensor|number
function Tensor:argmax(axis, options) end

---Whether one is other than 0; false of nothing.
---
---```lua
---moth.tensor{ 0, 1 }:any()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TAnyOptions
---@return moth.Tensor|boolean
function Tensor:any(axis, options) end

---Whether none is 0; true of nothing.
---
---```lua
---moth.tensor{ 0, 1 }:all()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TAllOptions
---@return moth.Tensor|boolean
function Tensor:all(axis, options) end

---How many are other than 0; nan is.
---
---```lua
---moth.tensor{ 0, 1, 2 }:count_nonzero()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TCountNonzeroOptions
---@return moth.Tensor|number
function Tensor:count_nonzero(axis, options) end

---The norm: (sum |x|^p)^(1/p).
---
---The largest |x| for p = math.huge, the least for -math.huge, the count of non-zeros for p = 0.
---
---```lua
---moth.tensor{ 3, 4 }:norm()
---```
---@param p? number the order: 1, 2, math.huge …
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TNormOptions
---@return moth.Tensor|number
function Tensor:norm(p, axis, options) end

---log(sum(exp(x))) without overflow; -math.huge of nothing.
---
---c + log(sum(exp(x - c))) with c the largest value, in f64.
---
---```lua
---moth.tensor{ 1000, 1000 }:logsumexp()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TLogsumexpOptions
---@return moth.Tensor|number
function Tensor:logsumexp(axis, options) end

---The median: the middle value, or the mean of the two middle ones.
---
---nan where there is one. Floats keep their dtype; integers give the default float.
---
---```lua
---moth.tensor{ 3, 1, 2, 10 }:median()
---```
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TMedianOptions
---@return moth.Tensor|number
function Tensor:median(axis, options) end

---The value that a share q of the values lies below.
---
---Between neighbours by linear interpolation: place q (n - 1) of the ordered values, counted from 0. A list or tensor of shares gives a
---leading axis, or axes. nan where there is one.
---
---```lua
---moth.tensor{ 1, 2, 3, 4 }:quantile({ 0.25, 0.75 })
---```
---@param q number|number[]|moth.Tensor the share of values below: a number, a list or a tensor of them
---@param axis? integer|integer[] the axis, or a list of axes, to reduce; absent: all, to a number
---@param options? moth.TQuantileOptions
---@return moth.Tensor|number
function Tensor:quantile(q, axis, options) end

---Running sums along an axis.
---
---f32 gathers in f64; integers and bools give i64, which wraps around beyond 2^63.
---
---```lua
---moth.tensor{ 1, 2, 3 }:cumsum()
---```
---@param axis? integer the axis to go along; absent: the last
---@return moth.Tensor
function Tensor:cumsum(axis) end

---Running sums along an axis.
---
---f32 gathers in f64; integers and bools give i64, which wraps around beyond 2^63.
---
---```lua
---moth.tensor{ 1, 2, 3 }:cumsum()
---```
---@param axis? integer the axis to go along; absent: the last
---@return moth.Tensor
function Tensor:cumsum_(axis) end

---Running products along an axis.
---
---f32 gathers in f64; integers and bools give i64, which wraps around beyond 2^63.
---
---```lua
---moth.tensor{ 1, 2, 3 }:cumprod()
---```
---@param axis? integer the axis to go along; absent: the last
---@return moth.Tensor
function Tensor:cumprod(axis) end

---Running products along an axis.
---
---f32 gathers in f64; integers and bools give i64, which wraps around beyond 2^63.
---
---```lua
---moth.tensor{ 1, 2, 3 }:cumprod()
---```
---@param axis? integer the axis to go along; absent: the last
---@return moth.Tensor
function Tensor:cumprod_(axis) end

---How often each class is there: class numbers to counts.
---
---Classes count from 1 (in C from the index base); floats must be whole.
---
---```lua
---moth.tensor({ 1, 3, 3 }, { dtype = "i64" }):bincount(4)
---```
---@param n? integer how many classes there are; absent: up to the largest
---@return moth.Tensor
function Tensor:bincount(n) end

---How many values lie in each of n bins from low to high, and the n + 1 edges.
---
---A bin holds its lower edge, the last one its upper edge too. Values outside and nan count nowhere where low and high are given.
---
---```lua
---moth.tensor{ 1, 2, 2, 4 }:histogram(3)
---```
---@param n? integer how many bins
---@param low? number the first edge; absent: the least value
---@param high? number the last edge; absent: the largest value
---@return moth.Tensor
---@return moth.Tensor
function Tensor:histogram(n, low, high) end

---Values in order along an axis, and where each stood.
---
---Stable; nan last whichever the direction; -0 equals 0.
---
---```lua
---moth.tensor{ 3, 1, 2 }:sort()
---```
---@param axis? integer the axis to sort along; absent: the last
---@param options? moth.TSortOptions
---@return moth.Tensor
---@return moth.Tensor
function Tensor:sort(axis, options) end

---Where the values in order stand along an axis.
---
---Stable; nan last whichever the direction; -0 equals 0.
---
---```lua
---moth.tensor{ 3, 1, 2 }:argsort{ descending = true }
---```
---@param axis? integer the axis to sort along; absent: the last
---@param options? moth.TArgsortOptions
---@return moth.Tensor
function Tensor:argsort(axis, options) end

---The k largest values along an axis in falling order, and where each stands.
---
---What sort{ descending = true } begins with: of equals the first, nan last. With largest = false the smallest in rising order.
---
---```lua
---moth.tensor{ 3, 1, 2 }:topk(2)
---```
---@param k integer how many, 0 to the size of the axis
---@param axis? integer the axis to look along; absent: the last
---@param options? moth.TTopkOptions
---@return moth.Tensor
---@return moth.Tensor
function Tensor:topk(k, axis, options) end

---The k-th smallest value along an axis, and where it stands.
---
---What sort has in place k: of equals in their order, nan last.
---
---```lua
---moth.tensor{ 3, 1, 2 }:kthvalue(2)
---```
---@param k integer which in ascending order: 1, the smallest, to the size of the axis
---@param axis? integer the axis to look along; absent: the last
---@param options? moth.TKthvalueOptions
---@return moth.Tensor|number
---@return moth.Tensor?
function Tensor:kthvalue(k, axis, options) end

---The distinct values in order, and how often each is there.
---
---Of all elements; nan, last, counts as one value.
---
---```lua
---moth.tensor{ 3, 1, 3 }:unique()
---```
---@return moth.Tensor
---@return moth.Tensor
function Tensor:unique() end

---Where values belong in a sorted sequence: the positions that they would be put in.
---
---The sequence has one axis and rises, nan last; a position one behind the last means the end. Gives the values' shape.
---
---```lua
---moth.tensor{ 1, 3, 5 }:searchsorted(moth.tensor{ 0, 3, 9 })
---```
---@param other moth.Tensor|number
---@param options? moth.TSearchsortedOptions
---@return moth.Tensor|number
function Tensor:searchsorted(other, options) end

---The matrix product.
---
---[n,k]·[k,m] gives [n,m]; a vector stands as a row on the left, a column on the right, two give a number; axes before the last two are
---stacks of matrices, broadcast.
---
---```lua
---moth.ones(2, 3):matmul(moth.ones(3, 4))
---```
---@param other moth.Tensor
---@return moth.Tensor
function Tensor:matmul(other) end

---The sum of the products of two vectors, a number; floats gather in f64.
---
---```lua
---moth.tensor{ 1, 2 }:dot(moth.tensor{ 3, 4 })
---```
---@param other moth.Tensor
---@return moth.Tensor
function Tensor:dot(other) end

---All products of two vectors' elements, as a matrix.
---
---```lua
---moth.tensor{ 1, 2 }:outer(moth.tensor{ 3, 4, 5 })
---```
---@param other moth.Tensor
---@return moth.Tensor
function Tensor:outer(other) end

---t = beta*t + alpha*(a·b), in place.
---
---With beta = 0 it does not matter what t held before.
---
---```lua
---moth.zeros(2, 4):addmm_(moth.ones(2, 3), moth.ones(3, 4))
---```
---@param a moth.Tensor
---@param b moth.Tensor
---@param options? moth.TAddmmOptions
---@return moth.Tensor
function Tensor:addmm_(a, b, options) end

---The sum of the diagonal.
---
---```lua
---moth.eye(3):trace()
---```
---@return number
function Tensor:trace() end

---The determinant, by LU.
---
---[n,n] gives a number, a stack of matrices a tensor; of [0,0] it is 1.
---
---```lua
---moth.tensor{ {1, 2}, {3, 4} }:det()
---```
---@return moth.Tensor|number
function Tensor:det() end

---The inverse of a square matrix, or of each of a stack.
---
---[n,n] gives [n,n], by LU; a singular matrix, or one whose reciprocal condition (in the 1-norm) is below the dtype's epsilon, is an
---error: pinv takes any.
---
---```lua
---moth.tensor{ {1, 2}, {3, 4} }:inverse()
---```
---@return moth.Tensor
function Tensor:inverse() end

---The Moore-Penrose inverse of a matrix, or of each of a stack.
---
---[rows,columns] gives [columns,rows]; by singular values.
---
---```lua
---moth.tensor{ {1, 2}, {3, 4}, {5, 6} }:pinv()
---```
---@param cutoff? number singular values up to this share of the largest count as 0; absent: max(rows, columns) times the dtype's epsilon
---@return moth.Tensor
function Tensor:pinv(cutoff) end

---x of a·x = b for a square a.
---
---[n,n] with a vector [n] gives [n], with [n,k] gives [n,k]; axes before the last two are stacks, broadcast, and only a b of one axis is
---a vector by LU; a singular matrix, or one whose reciprocal condition (estimated in the 1-norm) is below the dtype's epsilon, is an
---error: lstsq takes any.
---
---```lua
---moth.tensor{ {2, 1}, {1, 3} }:solve(moth.tensor{ 3, 5 })
---```
---@param other moth.Tensor
---@return moth.Tensor
function Tensor:solve(other) end

---The x of least norm among those that bring |a·x - b| to its least, and the rank of a.
---
---[rows,columns] with a vector [rows] gives [columns], with [rows,k] gives [columns,k]; axes before the last two are stacks, broadcast,
---and only a b of one axis is a vector.
---By singular values (LAPACK gelsd).
---
---```lua
---moth.tensor{ {1, 1}, {1, 2}, {1, 3} }:lstsq(moth.tensor{ 1, 2, 2 })
---```
---@param other moth.Tensor
---@param cutoff? number singular values up to this share of the largest count as 0; absent: max(rows, columns) times the dtype's epsilon
---@return moth.Tensor|number
---@return moth.Tensor
function Tensor:lstsq(other, cutoff) end

---The lower triangular l of a = l·lᵀ, for a symmetric positive definite matrix or each of a stack.
---
---[n,n] gives [n,n]; only the lower triangle of a is read.
---
---```lua
---moth.tensor{ {4, 2}, {2, 3} }:cholesky()
---```
---@return moth.Tensor
function Tensor:cholesky() end

---q with orthonormal columns and the upper triangular r of a = q·r.
---
---[rows,columns] gives [rows,k] and [k,columns], k = min(rows, columns); by Householder reflections, so that r's diagonal has either
---sign.
---
---```lua
---moth.tensor{ {1, 2}, {3, 4}, {5, 6} }:qr()
---```
---@return moth.Tensor
---@return moth.Tensor
function Tensor:qr() end

---u, s and vt of a = u·diag(s)·vt: singular values descending, u's columns and vt's rows orthonormal.
---
---[rows,columns] gives [rows,k], [k] and [k,columns], k = min(rows, columns); vt is v transposed, as in NumPy and torch.linalg, so that
---(u * s):matmul(vt) is a again (LAPACK gesdd).
---
---```lua
---moth.tensor{ {1, 2}, {3, 4}, {5, 6} }:svd()
---```
---@return moth.Tensor
---@return moth.Tensor
---@return moth.Tensor
function Tensor:svd() end

---Eigenvalues, ascending, and eigenvectors, in columns, of a symmetric matrix or of each of a stack.
---
---[n,n] gives [n] and [n,n] with a·v = v·diag(values); only the lower triangle of a is read (LAPACK syevd).
---
---```lua
---moth.tensor{ {2, 1}, {1, 2} }:eigh()
---```
---@return moth.Tensor
---@return moth.Tensor
function Tensor:eigh() end

---The same elements in another shape, row-major; a view where strides allow one, else a copy.
---
---```lua
---moth.range(1, 6):reshape(2, -1)
---```
---@param ... integer sizes; one may be -1, which is then computed
---@overload fun(self: moth.Tensor, options: table): moth.Tensor
---@return moth.Tensor
function Tensor:reshape(...) end

---The same elements in another shape, never copied: an error where strides forbid it.
---
---```lua
---moth.range(1, 6):view(2, 3)
---```
---@param ... integer sizes; one may be -1, which is then computed
---@overload fun(self: moth.Tensor, options: table): moth.Tensor
---@return moth.Tensor
function Tensor:view(...) end

---All elements in one axis, row-major; a view where strides allow one.
---
---```lua
---moth.ones(2, 3):flatten()
---```
---@return moth.Tensor
function Tensor:flatten() end

---A view without an axis of size 1, some of them, or all.
---
---```lua
---moth.ones(2, 1, 3):squeeze()
---```
---@param axis? integer|integer[] the axis of size 1, or a list of them, to drop; absent: all of them
---@return moth.Tensor
function Tensor:squeeze(axis) end

---A view with a new axis of size 1.
---
---```lua
---moth.ones(3):unsqueeze(1)
---```
---@param axis integer where the new axis stands
---@return moth.Tensor
function Tensor:unsqueeze(axis) end

---A view with two axes exchanged, the last two where none are named.
---
---```lua
---moth.ones(2, 3, 4):transpose(1, 3)
---```
---@param first? integer one axis
---@param second? integer the other
---@return moth.Tensor
function Tensor:transpose(first, second) end

---A view of a matrix with rows and columns exchanged.
---
---```lua
---moth.ones(2, 3):t()
---```
---@return moth.Tensor
function Tensor:t() end

---A view with the axes in another order.
---
---```lua
---moth.ones(2, 3, 4):permute(3, 1, 2)
---```
---@param ... integer all axes in their new order
---@overload fun(self: moth.Tensor, options: table): moth.Tensor
---@return moth.Tensor
function Tensor:permute(...) end

---A read-only view in a larger shape: axes of size 1 repeat without a copy.
---
---```lua
---moth.ones(3, 1):expand(3, 4)
---```
---@param ... integer sizes; -1 keeps one
---@overload fun(self: moth.Tensor, options: table): moth.Tensor
---@return moth.Tensor
function Tensor:expand(...) end

---A view of so many elements of an axis.
---
---```lua
---moth.ones(5, 3):narrow(1, 2, 3)
---```
---@param axis integer the axis to cut
---@param first integer where the cut begins
---@param count integer how many
---@return moth.Tensor
function Tensor:narrow(axis, first, count) end

---A view of one position along an axis, without that axis.
---
---```lua
---moth.ones(5, 3):select(2, 1)
---```
---@param axis integer the axis that goes
---@param index integer the position along it
---@return moth.Tensor
function Tensor:select(axis, index) end

---Copies side by side along each axis, as PyTorch's repeat.
---
---[s...] by n... -> [n*s...]; more numbers than axes add axes in front.
---
---```lua
---moth.eye(2):repeat_times(3, 1)
---```
---@param ... integer how often along each axis
---@overload fun(self: moth.Tensor, options: table): moth.Tensor
---@return moth.Tensor
function Tensor:repeat_times(...) end

---Copies side by side along each axis, as NumPy's tile: fewer numbers than axes count for the last ones.
---
---[s...] by n... -> [n*s...]; more numbers than axes add axes in front.
---
---```lua
---moth.range(1, 3):tile(2, 2)
---```
---@param ... integer how often along each axis
---@overload fun(self: moth.Tensor, options: table): moth.Tensor
---@return moth.Tensor
function Tensor:tile(...) end

---Views of so many places each along an axis, the last with what is left; or of the sizes in a list.
---
---[n, …] by k -> a list of [k, …].
---
---```lua
---moth.range(1, 5):split(2)[3]
---```
---@param size integer|integer[] places a part; or a list of sizes that adds up to the axis
---@param axis? integer the axis that is cut; by default the first
---@return moth.Tensor[]
function Tensor:split(size, axis) end

---Views of at most n parts of an axis, as long as one another but for the last; fewer than n where they would be empty.
---
---[n, …] -> a list of [ceil(n / parts), …], as PyTorch's chunk; of an empty axis one empty part.
---
---```lua
---moth.range(1, 6):chunk(3)[2]
---```
---@param n integer how many parts, at most
---@param axis? integer the axis that is cut; by default the first
---@return moth.Tensor[]
function Tensor:chunk(n, axis) end

---A view of each place along an axis, without that axis.
---
---[n, …] -> a list of n times […].
---
---```lua
---moth.eye(2):unbind()[1]
---```
---@param axis? integer the axis that is cut; by default the first
---@return moth.Tensor[]
function Tensor:unbind(axis) end

---Copies of the slices at the given positions of an axis; t[ids] for rows.
---
---[..., n, ...] by ids [k...] -> [..., k..., ...].
---
---```lua
---moth.range(10, 50, 10):index(1, moth.tensor({ 3, 1 }, { dtype = "i64" }))
---```
---@param axis integer the axis that positions are taken from
---@param ids moth.Tensor
---@return moth.Tensor
function Tensor:index(axis, ids) end

---Picks along an axis: for each position the element of its own lane.
---
---y[i][j] = x[ids[i][j]][j] along axis 1 of a matrix; ids may be smaller than x along other axes.
---
---```lua
---moth.eye(3):gather(2, moth.tensor({ { 1 }, { 2 }, { 1 } }, { dtype = "i64" }))
---```
---@param axis integer the axis that positions are taken from
---@param ids moth.Tensor
---@return moth.Tensor
function Tensor:gather(axis, ids) end

---A copy in reverse order along one axis, several or all.
---
---```lua
---moth.range(1, 3):flip(1)
---```
---@param axis? integer|integer[] the axis, or a list of axes; absent: all
---@return moth.Tensor
function Tensor:flip(axis) end

---A copy turned by n places: what leaves at the end of an axis comes in at its front.
---
---```lua
---moth.range(1, 5):roll(2)
---```
---@param n integer|integer[] by how many places, negative backwards; a list goes with a list of axes
---@param axis? integer|integer[] the axis, or a list of axes; absent: all elements in row-major order
---@return moth.Tensor
function Tensor:roll(n, axis) end

---Puts values into the slices at the given positions of an axis; t[ids] = v for rows.
---
---The values, a number or what broadcasts to the shape of index(axis, ids), are converted; of equal positions the last wins.
---
---```lua
---moth.zeros(4, 2):index_put_(1, moth.tensor({ 1, 3 }, { dtype = "i64" }), 7)
---```
---@param axis integer the axis that positions count along
---@param ids moth.Tensor|number
---@param values moth.Tensor|number
---@return moth.Tensor
function Tensor:index_put_(axis, ids, values) end

---Adds values to the slices at the given positions of an axis; equal positions add up.
---
---The values, a number or what broadcasts to the shape of index(axis, ids), must not need a wider dtype.
---
---```lua
---moth.zeros(3):index_add_(1, moth.tensor({ 1, 3, 3 }, { dtype = "i64" }), 1)
---```
---@param axis integer the axis that positions count along
---@param ids moth.Tensor|number
---@param values moth.Tensor|number
---@return moth.Tensor
function Tensor:index_add_(axis, ids, values) end

---Puts values along an axis: each into the element of its own lane that its position names; the counterpart of gather.
---
---x[ids[i][j]][j] = v[i][j] along axis 1 of a matrix; v is a number or broadcasts to the shape of ids; the last of equals wins.
---
---```lua
---moth.zeros(2, 3):scatter_(2, moth.tensor({ { 3 }, { 1 } }, { dtype = "i64" }), 1)
---```
---@param axis integer the axis that positions count along
---@param ids moth.Tensor|number
---@param values moth.Tensor|number
---@return moth.Tensor
function Tensor:scatter_(axis, ids, values) end

---A row-major copy.
---
---```lua
---moth.range(1, 3):clone()
---```
---@return moth.Tensor
function Tensor:clone() end

---The tensor itself where it is row-major, else such a copy.
---
---```lua
---moth.ones(2, 3):t():contiguous():is_contiguous()
---```
---@return moth.Tensor
function Tensor:contiguous() end

---A copy in another dtype.
---
---Floats lose their fraction on the way to integers; what does not fit is an error.
---
---```lua
---moth.range(1, 3):to"i64"
---```
---@param dtype "f32"|"f64"|"i64"|"u8"|"bool" the dtype of the copy
---@return moth.Tensor
function Tensor:to(dtype) end

---Sets every element to a value.
---
---```lua
---moth.zeros(3):fill_(7)
---```
---@param value number|boolean of every element
---@return moth.Tensor
function Tensor:fill_(value) end

---Sets every element to 0.
---
---```lua
---moth.ones(3):zero_()
---```
---@return moth.Tensor
function Tensor:zero_() end

---Takes over another tensor's elements, broadcast and converted.
---
---```lua
---moth.zeros(2, 3):copy_(moth.range(1, 3))
---```
---@param other moth.Tensor
---@return moth.Tensor
function Tensor:copy_(other) end

---Whether dtype, shape and all values are the same; a == b in scripts; nan equals nothing.
---
---```lua
---moth.eye(2):equal(moth.ones(2, 2))
---```
---@param other moth.Tensor
---@return boolean
function Tensor:equal(other) end

---Whether |a - b| <= atol + rtol*|b| everywhere, broadcast; nan is close to nothing.
---
---```lua
---moth.ones(2):allclose(moth.full({ 2 }, 1.0001), { rtol = 1e-3 })
---```
---@param other moth.Tensor
---@param options? moth.TAllcloseOptions
---@return boolean
function Tensor:allclose(other, options) end

---Whether a value is not a number.
---
---```lua
---moth.tensor{ 1, 0/0 }:has_nan()
---```
---@return boolean
function Tensor:has_nan() end

---@class moth.Net
---@operator len: integer
---@operator call(moth.Tensor|table): moth.Tensor
---@field [integer] moth.Layer
local Net = {}

---The outputs for x, [rows, input…] or one sample, in training mode: keeps what backward needs, drops out.
---
---```lua
---local net = moth.net{ input = 2, moth.dense(1) }; print(net:forward(moth.rand(3, 2)).shape[1])
---```
---@param x moth.Tensor|table
---@return moth.Tensor
function Net:forward(x) end

---The outputs for x, [rows, input…] or one sample, without what only training does; never disturbs a forward. net(x) is the same.
---
---```lua
---print(moth.net{ input = 2, moth.dense(1, "sigmoid") }:predict{ 0, 1 }.shape[1])
---```
---@param x moth.Tensor|table
---@return moth.Tensor
function Net:predict(x) end

---The class numbers of x's rows: the largest output, or, with one sigmoid output, 2 where it is at least 1/2. One sample gives a number.
---
---```lua
---print(moth.net{ input = 2, moth.dense(3, "softmax") }:classify(moth.rand(4, 2)))
---```
---@param x moth.Tensor|table
---@return moth.Tensor|integer
function Net:classify(x) end

---From dE/d(output) of the last forward, after the last activation, to dE/dx; fills the gradients, which start from zero unless
---accumulate adds to them.
---
---```lua
---local net = moth.net{ input = 2, moth.dense(1) }; net:forward(moth.rand(3, 2)); net:backward(moth.ones(3, 1)); print(net[1].weight_gradient.shape[2])
---```
---@param dy moth.Tensor|table
---@param options? table
---@return moth.Tensor
function Net:backward(dy, options) end

---Forward, loss and backward in one, the loss fused with the last activation: gives the loss and fills the gradients.
---
---```lua
---local net = moth.net{ input = 2, moth.dense(1, "sigmoid") }; print(net:backprop({ { 0, 1 } }, { { 1 } }, "mse") >= 0)
---```
---@param x moth.Tensor|table
---@param target moth.Tensor|table|integer
---@param loss moth.LossName|moth.Loss
---@return number
function Net:backprop(x, target, loss) end

---Losses and metrics by their names over a data set: { accuracy = 0.97, … }. Functions of predictions and targets may stand in names
---under names of their own.
---
---```lua
---local net = moth.net{ input = 2, moth.dense(1) }; print(net:evaluate({ moth.rand(4, 2), moth.rand(4, 1) }, { "mse" }).mse >= 0)
---```
---@param data moth.Data|moth.Tensor[]
---@param names table
---@return table
function Net:evaluate(data, names) end

---Makes the gradients smaller where their global norm is above norm, or each one where it is larger than value; gives the norm before.
---
---```lua
---local net = moth.net{ input = 2, moth.dense(1) }; net:backprop({ { 0, 1 } }, { { 1 } }, "mse"); print(net:clip(1) >= 0)
---```
---@param value any
---@return number
function Net:clip(value) end

---Layer i keeps its parameters in training, as do all uses of the same layer.
---
---```lua
---moth.net{ input = 2, moth.dense(4), moth.dense(1) }:freeze(1)
---```
---@param i integer
function Net:freeze(i) end

---Layer i learns again.
---
---```lua
---moth.net{ input = 2, moth.dense(4), moth.dense(1) }:unfreeze(1)
---```
---@param i integer
function Net:unfreeze(i) end

---All parameters as one flat view, layer by layer, a dense layer as its augmented matrix; writes go through.
---
---```lua
---print(moth.net{ input = 2, moth.dense(3) }:parameters():numel())
---```
---@return moth.Tensor
function Net:parameters() end

---The gradients of all parameters as one flat view, in their order.
---
---```lua
---local net = moth.net{ input = 2, moth.dense(3) }; net:forward(moth.rand(1, 2)); net:backward(moth.ones(1, 3)); print(net:gradients():numel())
---```
---@return moth.Tensor
function Net:gradients() end

---A net of its own with the same layers, parameters and buffers.
---
---```lua
---print(#moth.net{ input = 2, moth.dense(1) }:clone())
---```
---@return moth.Net
function Net:clone() end

---Writes architecture and weights as a safetensors file, which Python reads too.
---
---```lua
---moth.net{ input = 2, moth.dense(1) }:save "small.safetensors"
---```
---@param path string
function Net:save(path) end

---Takes over the weights of a model file; with partial = true only those whose names it has.
---
---```lua
---local net = moth.net{ input = 2, moth.dense(1) }; net:save "small.safetensors"; net:load "small.safetensors"
---```
---@param path string
---@param options? table
function Net:load(path, options) end

---Moth.train with net filled in.
---
---```lua
---moth.net{ input = 1, moth.dense(1) }:train{ data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 2, progress = false }
---```
---@param options moth.TrainOptions
---@return moth.Run
function Net:train(options) end

---What print(net) shows, and how the net is computed.
---
---```lua
---print(moth.net{ input = 2, moth.dense(1) }:summary())
---```
---@return string
function Net:summary() end

---@class moth.Layer
---@field [string] moth.Tensor
---@field weight moth.Tensor Its weights, a view that writes through: [outputs, inputs] for a dense layer.
---@field bias moth.Tensor Its biases, a view that writes through.
---@field weight_gradient moth.Tensor The gradient of its weights, as the last backward left it.
---@field bias_gradient moth.Tensor The gradient of its biases, as the last backward left it.
---@field output moth.Tensor|nil Its output in the last forward, a view that the next one overwrites; nil before.
local Layer = {}

---Weights and biases of a dense layer as one view [inputs+1, units], the bias last; without a bias [inputs, units]. Writes go through.
---
---```lua
---print(moth.net{ input = 2, moth.dense(3) }[1]:augmented().shape[1])
---```
---@return moth.Tensor
function Layer:augmented() end

---Sets weights and biases from the matrix that augmented() shows.
---
---```lua
---moth.net{ input = 1, moth.dense(1) }[1]:set_augmented{ { 2 }, { 1 } }
---```
---@param matrix moth.Tensor|table
---@return moth.Layer
function Layer:set_augmented(matrix) end

---Takes over parameters and buffers of a layer of the same kind and sizes.
---
---```lua
---local a, b = moth.net{ input = 2, moth.dense(1) }, moth.net{ input = 2, moth.dense(1) }; a[1]:copy_(b[1])
---```
---@param layer moth.Layer
---@return moth.Layer
function Layer:copy_(layer) end

---@class moth.Data
---@operator len: integer
---@field x moth.Tensor Its inputs: the stored tensor for a whole set, else a read-only copy of what a net would see.
---@field y moth.Tensor|nil Its targets: class numbers i64[rows] or values; nil without any.
---@field weight moth.Tensor|nil How much each row counts, or nil.
---@field classes table|nil The names of its classes, or nil.
local Data = {}

---Parts of a data set in these proportions, every row in one part at most.
---
---Part i ends at row round(n · (f1 + … + fi)), so that fractions which add up to 1 use every row.
---
---```lua
---local train, valid, test = moth.dataset{ moth.rand(20, 2), moth.rand(20, 1) }:split(0.7, 0.15, 0.15, { seed = 1 }); print(#train, #valid, #test)
---```
---@param share number
---@param ... any
---@return moth.Data
function Data:split(share, ...) end

---Iterates over a data set a batch at a time.
---
---x is [size, …], y likewise (class numbers i64[size]); a set without y gives x alone.
---
---```lua
---for x, y in moth.dataset{ moth.rand(8, 2), moth.rand(8, 1) }:batches{ size = 3, shuffle = true } do print(#x, #y) end
---```
---@param options moth.BatchesOptions
---@return function
---@return any
function Data:batches(options) end

---The first n rows, as a view.
---
---```lua
---print(#moth.dataset{ moth.rand(8, 2), moth.rand(8, 1) }:take(3))
---```
---@param n integer
---@return moth.Data
function Data:take(n) end

---The rows of these numbers, as often as they stand there, or those that a mask marks; a view.
---
---```lua
---print(#moth.dataset{ moth.rand(8, 2), moth.rand(8, 1) }:select{ 1, 1, 8 })
---```
---@param ids moth.Tensor|integer[]
---@return moth.Data
function Data:select(ids) end

---All rows in another order, as a view.
---
---```lua
---print(#moth.dataset{ moth.rand(8, 2), moth.rand(8, 1) }:shuffle(1))
---```
---@param seed? integer
---@return moth.Data
function Data:shuffle(seed) end

---@class moth.Trainer
---@field run moth.Run The run so far, filled as training goes on; trainer:run() trains to the end and gives it.
local Trainer = {}

---Trains at least a batch, then what fits the time: "more" while there is more to do, else "done".
---
---```lua
---local t = moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 2, progress = false }; while t:step(5) == "more" do end
---```
---@param milliseconds? number
---@return string
function Trainer:step(milliseconds) end

---Trains to the end.
---
---```lua
---local t = moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 2, progress = false }; print(t:run().epochs)
---```
---@return moth.Run
function Trainer:run() end

---Iterates over the epochs, training each before its event comes: for e in trainer:epochs() do … end.
---
---```lua
---local t = moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 2, progress = false }; for e in t:epochs() do print(e.epoch) end
---```
---@return function
function Trainer:epochs() end

---Ends the training after the batch that is running.
---
---```lua
---local t = moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 2, progress = false }; t:stop()
---```
function Trainer:stop() end

---Writes a checkpoint, from which resume = goes on exactly.
---
---```lua
---local t = moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 2, progress = false }; t:save "steps.ckpt"
---```
---@param path string
function Trainer:save(path) end

---@class moth.Run
---@field [string] number[]
---@field loss table The loss of each epoch, a list; every metric has a list of its name too.
---@field val_loss table The loss of each epoch on the validation set, a list; every metric has one too: run.val_accuracy. Only with validation =.
---@field lr table The learning rate of each epoch, a list.
---@field epochs integer How many epochs are done.
---@field best_epoch integer The epoch that was best by the monitored value; 0 where there was none.
---@field stopped string How it ended: "epochs" "patience" "callback" "interrupt" "nan" "time"; "" while it runs.
---@field seconds number The seconds of training.
---@field seed integer The seed of its shuffling and dropout.
local Run = {}

---Draws columns of the run as curves in the terminal, or to a file.
---
---```lua
---local run = moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 3, progress = false }; run:plot{ "loss" }
---```
---@param options table
function Run:plot(options) end

---Writes the columns of the run as CSV, a line an epoch.
---
---```lua
---local run = moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 3, progress = false }; run:save "curve.csv"
---```
---@param path string
function Run:save(path) end

---@class moth.EpochEvent
---@field [string] number
---@field epoch integer The number of the epoch, from 1.
---@field loss number The mean of the epoch's batch losses by rows, as they were met, before each update.
---@field val_loss number The loss on the validation set after the epoch; metrics are there by their names, e.accuracy, e.val_accuracy.
---@field lr number The learning rate that was used.
---@field seconds number The seconds that the epoch took.
---@field rows_per_second number Rows trained on in a second.

---@class moth.BatchEvent
---@field epoch integer The number of the epoch, from 1.
---@field batch integer The number of the batch in its epoch, from 1.
---@field loss number The loss of the batch before its update.
---@field lr number The learning rate that was used.

---@class moth
local moth = {}

moth.schedule = {}

---Moth's version.
---@type string
moth.version = nil

---A tensor of zeros.
---
---```lua
---moth.zeros(3, 4)
---```
---@param ... integer sizes
---@overload fun(options: table): moth.Tensor
---@return moth.Tensor
function moth.zeros(...) end

---A tensor of ones.
---
---```lua
---moth.ones{ 3, 4, dtype = "f64" }
---```
---@param ... integer sizes
---@overload fun(options: table): moth.Tensor
---@return moth.Tensor
function moth.ones(...) end

---A tensor of one value; true and false give bools.
---
---```lua
---moth.full({3, 4}, 7)
---```
---@param shape integer|integer[] a size, or a list of sizes
---@param value number|boolean of every element
---@param options? moth.FullOptions
---@return moth.Tensor
function moth.full(shape, value, options) end

---A tensor to be filled; zeros until then.
---
---```lua
---moth.empty(3, 4)
---```
---@param ... integer sizes
---@overload fun(options: table): moth.Tensor
---@return moth.Tensor
function moth.empty(...) end

---Ones on the diagonal, zeros beside it.
---
---```lua
---moth.eye(3)
---```
---@param rows integer rows
---@param columns? integer columns; absent: as many as rows
---@param options? moth.EyeOptions
---@return moth.Tensor
function moth.eye(rows, columns, options) end

---First, first + step … up to and with last, as Lua's for counts.
---
---```lua
---moth.range(1, 5)
---```
---@param first number the first value
---@param last number no value passes it; it is one itself where whole steps lead there
---@param step? number from one value to the next, not 0
---@param options? moth.RangeOptions
---@return moth.Tensor
function moth.range(first, last, step, options) end

---Values in equal steps from first to last, both included.
---
---```lua
---moth.linspace(0, 1, 5)
---```
---@param first number the first value
---@param last number the last value
---@param count integer how many values
---@param options? moth.LinspaceOptions
---@return moth.Tensor
function moth.linspace(first, last, count, options) end

---Zeros of a tensor's shape and dtype.
---
---```lua
---moth.zeros_like(moth.eye(2))
---```
---@param t moth.Tensor
---@param options? moth.ZerosLikeOptions
---@return moth.Tensor
function moth.zeros_like(t, options) end

---Ones of a tensor's shape and dtype.
---
---```lua
---moth.ones_like(moth.eye(2))
---```
---@param t moth.Tensor
---@param options? moth.OnesLikeOptions
---@return moth.Tensor
function moth.ones_like(t, options) end

---One value in a tensor's shape and dtype.
---
---```lua
---moth.full_like(moth.eye(2), 7)
---```
---@param t moth.Tensor
---@param value number|boolean of every element
---@param options? moth.FullLikeOptions
---@return moth.Tensor
function moth.full_like(t, value, options) end

---A row for each class number, 1 at its class and 0 elsewhere.
---
---```lua
---moth.one_hot(moth.tensor({ 2, 1 }, { dtype = "i64" }), 3)
---```
---@param t moth.Tensor
---@param classes integer how many classes there are
---@param options? moth.OneHotOptions
---@return moth.Tensor
function moth.one_hot(t, classes, options) end

---A matrix with a vector on its diagonal and zeros elsewhere; or a copy of a matrix's diagonal.
---
---[n] -> [n + |offset|, n + |offset|]; [rows, columns] -> [length].
---
---```lua
---moth.diag(moth.range(1, 3))
---```
---@param t moth.Tensor
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function moth.diag(t, offset) end

---A copy with zeros above a diagonal: the lower triangle of a matrix, or of each in a stack [..., rows, columns].
---
---```lua
---moth.ones(3, 3):tril()
---```
---@param t moth.Tensor
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function moth.tril(t, offset) end

---A copy with zeros below a diagonal: the upper triangle of a matrix, or of each in a stack [..., rows, columns].
---
---```lua
---moth.ones(3, 3):triu()
---```
---@param t moth.Tensor
---@param offset? integer which diagonal: above the main one where > 0, below it where < 0
---@return moth.Tensor
function moth.triu(t, offset) end

---Tensors one after the other along an axis that they have; dtypes promote.
---
---```lua
---moth.cat({ moth.ones(2), moth.zeros(3) }, 1)
---```
---@param tensors moth.Tensor[]
---@param axis? integer the axis along which they follow one another
---@return moth.Tensor
function moth.cat(tensors, axis) end

---Tensors of one shape side by side along a new axis; dtypes promote.
---
---```lua
---moth.stack({ moth.ones(2), moth.zeros(2) }, 1)
---```
---@param tensors moth.Tensor[]
---@param axis? integer the axis along which they follow one another
---@return moth.Tensor
function moth.stack(tensors, axis) end

---The coordinates of a grid: one tensor for each vector of a list, which runs along its own axis.
---
---[n1], [n2] ... -> as many times [n1, n2, ...]; PyTorch's indexing = "ij", where NumPy's default is "xy".
---
---```lua
---local x, y = moth.meshgrid(moth.range(1, 2), moth.range(1, 3)); print(x, y)
---```
---@param tensors moth.Tensor[]
---@param options? moth.MeshgridOptions
---@return moth.Tensor ...
function moth.meshgrid(tensors, options) end

---Numbers drawn evenly from [0, 1).
---
---```lua
---moth.rand(2, 3)
---```
---@param ... integer sizes
---@overload fun(options: table): moth.Tensor
---@return moth.Tensor
function moth.rand(...) end

---Numbers drawn from the standard normal distribution.
---
---```lua
---moth.randn(2, 3)
---```
---@param ... integer sizes
---@overload fun(options: table): moth.Tensor
---@return moth.Tensor
function moth.randn(...) end

---Whole numbers drawn evenly from low to high, both included.
---
---```lua
---moth.randint(1, 6, 10)
---```
---@param low integer the least
---@param high integer the largest, itself included
---@param ... integer sizes
---@overload fun(options: table): moth.Tensor
---@return moth.Tensor
function moth.randint(low, high, ...) end

---The first so many positions in random order.
---
---```lua
---moth.randperm(5)
---```
---@param count integer how many
---@param options? moth.RandpermOptions
---@return moth.Tensor
function moth.randperm(count, options) end

---1 with probability p, else 0.
---
---```lua
---moth.bernoulli(0.3, 10)
---```
---@param p number the probability of 1
---@param ... integer sizes
---@overload fun(options: table): moth.Tensor
---@return moth.Tensor
function moth.bernoulli(p, ...) end

---@class moth.DenseOptions
---@field units? integer outputs
---@field [1]? integer
---@field activation? moth.ActivationName|moth.LayerPart g, by its name or with its options ("linear")
---@field [2]? moth.ActivationName|moth.LayerPart
---@field bias? boolean whether there is a b (true)
---@field init? moth.Tensor|moth.InitializerName|moth.Initializer|function first weights: an initializer, a tensor [outputs, inputs], or a function ("glorot_uniform")
---@field bias_init? moth.Tensor|moth.InitializerName|moth.Initializer|function first biases: an initializer, a tensor [outputs], or a function ("zeros")
---@field l1? number training adds l1 sum |w| over the weights (0)
---@field l2? number training adds l2 sum w^2 over the weights (0)
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Every output is a weighted sum of all inputs, plus a bias, through an activation.
---
---Y = g(X·W^T + b); with D = g'(Z) dE/dY: dE/dX = D·W, dE/dW = D^T·X, dE/db = column sums of D. [inputs] -> [units]; weight [units,
---inputs], bias [units].
---
---```lua
---moth.net{ input = 64, moth.dense(128, "relu"), moth.dense(10, "softmax") }
---```
---@param units? integer outputs
---@param activation? moth.ActivationName|moth.LayerPart g, by its name or with its options
---@overload fun(options: moth.DenseOptions): moth.LayerPart
---@return moth.LayerPart
function moth.dense(units, activation) end

---@class moth.ActivationOptions
---@field activation? moth.ActivationName|moth.LayerPart which one
---@field [1]? moth.ActivationName|moth.LayerPart
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---An activation as a layer of its own, as moth.relu() and the others are.
---
---Y = g(X), dE/dX = g'(X) dE/dY. [...] -> [...].
---
---```lua
---moth.activation("relu")
---```
---@param activation? moth.ActivationName|moth.LayerPart which one
---@overload fun(options: moth.ActivationOptions): moth.LayerPart
---@return moth.LayerPart
function moth.activation(activation) end

---@class moth.DropoutOptions
---@field p? number share of values dropped
---@field [1]? number
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Sets each value to 0 with probability p while training and scales the rest by 1/(1-p). Does nothing in predict().
---
---Y = M X, dE/dX = M dE/dY, M 0 or 1/(1-p). [...] -> [...] (Srivastava et al. 2014).
---
---```lua
---moth.net{ input = 64, moth.dense(128, "relu"), moth.dropout(0.2), moth.dense(10) }
---```
---@param p? number share of values dropped
---@overload fun(options: moth.DropoutOptions): moth.LayerPart
---@return moth.LayerPart
function moth.dropout(p) end

---@class moth.FlattenOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Puts the values of each sample into one axis, row by row.
---
---Y = X, dE/dX = dE/dY under X's shape. [a, b, ...] -> [a b ...].
---
---```lua
---moth.net{ input = { 28, 28 }, moth.flatten(), moth.dense(10) }
---```
---@overload fun(options: moth.FlattenOptions): moth.LayerPart
---@return moth.LayerPart
function moth.flatten() end

---@class moth.ReshapeOptions
---@field sizes? integer[] the new sizes of a sample
---@field [integer] any
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Gives the values of each sample another shape, row by row.
---
---Y = X, dE/dX = dE/dY under X's shape. [...] -> [sizes...].
---
---```lua
---moth.net{ input = 64, moth.reshape(8, 8), moth.flatten(), moth.dense(10) }
---```
---@param ... any the new sizes of a sample
---@overload fun(options: moth.ReshapeOptions): moth.LayerPart
---@return moth.LayerPart
function moth.reshape(...) end

---@class moth.IdentityOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---The values themselves.
---
---Y = X, dE/dX = dE/dY. [...] -> [...].
---
---```lua
---moth.identity()
---```
---@overload fun(options: moth.IdentityOptions): moth.LayerPart
---@return moth.LayerPart
function moth.identity() end

---@class moth.SigmoidOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Squeezes each value into 0 to 1.
---
---y = 1/(1 + exp(-z)), dE/dz = dE/dy y (1 - y). [...] -> [...].
---
---```lua
---moth.dense(1, "sigmoid")
---```
---@overload fun(options: moth.SigmoidOptions): moth.LayerPart
---@return moth.LayerPart
function moth.sigmoid() end

---@class moth.TanhOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Squeezes each value into -1 to 1.
---
---y = tanh z, dE/dz = dE/dy (1 - y^2). [...] -> [...].
---
---```lua
---moth.dense(16, "tanh")
---```
---@overload fun(options: moth.TanhOptions): moth.LayerPart
---@return moth.LayerPart
function moth.tanh() end

---@class moth.ReluOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Keeps what is positive, 0 for the rest.
---
---y = max(z, 0), dE/dz = dE/dy where z > 0, else 0. [...] -> [...] (Nair and Hinton 2010).
---
---```lua
---moth.dense(128, "relu")
---```
---@overload fun(options: moth.ReluOptions): moth.LayerPart
---@return moth.LayerPart
function moth.relu() end

---@class moth.LeakyReluOptions
---@field slope? number slope below 0 (0.01)
---@field [1]? number
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---As relu, with a small slope below 0.
---
---y = z where z > 0, else slope z; dE/dz = dE/dy, or slope dE/dy. [...] -> [...] (Maas, Hannun, Ng 2013).
---
---```lua
---moth.leaky_relu(0.2)
---```
---@param slope? number slope below 0
---@overload fun(options: moth.LeakyReluOptions): moth.LayerPart
---@return moth.LayerPart
function moth.leaky_relu(slope) end

---@class moth.EluOptions
---@field alpha? number what -y approaches for very negative values (1)
---@field [1]? number
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---As relu, but smooth below 0, down to -alpha.
---
---y = z where z > 0, else alpha (exp(z) - 1); dE/dz = dE/dy, or dE/dy (y + alpha). [...] -> [...] (Clevert et al. 2015).
---
---```lua
---moth.dense(32, "elu")
---```
---@param alpha? number what -y approaches for very negative values
---@overload fun(options: moth.EluOptions): moth.LayerPart
---@return moth.LayerPart
function moth.elu(alpha) end

---@class moth.SeluOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---A scaled elu that keeps mean 0 and deviation 1 from layer to layer; wants lecun_normal weights.
---
---y = 1.0507 elu(z; alpha = 1.67326). [...] -> [...] (Klambauer et al. 2017).
---
---```lua
---moth.dense{ 32, "selu", init = "lecun_normal" }
---```
---@overload fun(options: moth.SeluOptions): moth.LayerPart
---@return moth.LayerPart
function moth.selu() end

---@class moth.GeluOptions
---@field approximate? boolean the approximation by tanh in place of the exact form (false)
---@field [1]? boolean
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Each value times the normal distribution's share below it.
---
---y = z Phi(z), dE/dz = dE/dy (Phi(z) + z phi(z)); approximate: z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))). [...] -> [...] (Hendrycks
---and Gimpel 2016).
---
---```lua
---moth.dense(64, "gelu")
---```
---@param approximate? boolean the approximation by tanh in place of the exact form
---@overload fun(options: moth.GeluOptions): moth.LayerPart
---@return moth.LayerPart
function moth.gelu(approximate) end

---@class moth.SiluOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Each value times its sigmoid.
---
---y = z s, s = 1/(1 + exp(-z)), dE/dz = dE/dy s (1 + z (1 - s)). [...] -> [...] (Elfwing, Uchibe, Doya 2017).
---
---```lua
---moth.dense(64, "silu")
---```
---@overload fun(options: moth.SiluOptions): moth.LayerPart
---@return moth.LayerPart
function moth.silu() end

---@class moth.SoftplusOptions
---@field beta? number sharpness of the bend at 0 (1)
---@field [1]? number
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---A smooth relu.
---
---y = log(1 + exp(beta z))/beta (z itself where beta z > 20), dE/dz = dE/dy (1 - exp(-beta y)). [...] -> [...].
---
---```lua
---moth.dense(1, "softplus")
---```
---@param beta? number sharpness of the bend at 0
---@overload fun(options: moth.SoftplusOptions): moth.LayerPart
---@return moth.LayerPart
function moth.softplus(beta) end

---@class moth.SoftsignOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Squeezes each value into -1 to 1, more slowly than tanh.
---
---y = z/(1 + |z|), dE/dz = dE/dy (1 - |y|)^2. [...] -> [...].
---
---```lua
---moth.dense(16, "softsign")
---```
---@overload fun(options: moth.SoftsignOptions): moth.LayerPart
---@return moth.LayerPart
function moth.softsign() end

---@class moth.HardSigmoidOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---A sigmoid of three straight pieces.
---
---y = clamp(z/6 + 1/2, 0, 1), dE/dz = dE/dy/6 where 0 < y < 1, else 0. [...] -> [...].
---
---```lua
---moth.dense(1, "hard_sigmoid")
---```
---@overload fun(options: moth.HardSigmoidOptions): moth.LayerPart
---@return moth.LayerPart
function moth.hard_sigmoid() end

---@class moth.HardTanhOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Each value, cut off at -1 and 1.
---
---y = clamp(z, -1, 1), dE/dz = dE/dy where -1 < y < 1, else 0. [...] -> [...].
---
---```lua
---moth.dense(16, "hard_tanh")
---```
---@overload fun(options: moth.HardTanhOptions): moth.LayerPart
---@return moth.LayerPart
function moth.hard_tanh() end

---@class moth.SoftmaxOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---Turns each row into probabilities that sum to 1, over the last axis.
---
---y_i = exp(z_i)/sum_j exp(z_j), dE/dz_i = y_i (dE/dy_i - sum_j y_j dE/dy_j). [..., n] -> [..., n].
---
---```lua
---moth.dense(10, "softmax")
---```
---@overload fun(options: moth.SoftmaxOptions): moth.LayerPart
---@return moth.LayerPart
function moth.softmax() end

---@class moth.LogSoftmaxOptions
---@field name? string a name for messages and files
---@field input? integer|integer[] shape of one sample, for a layer used alone

---The logarithm of softmax, over the last axis.
---
---y_i = z_i - log sum_j exp(z_j), dE/dz_i = dE/dy_i - exp(y_i) sum_j dE/dy_j. [..., n] -> [..., n].
---
---```lua
---moth.dense(10, "log_softmax")
---```
---@overload fun(options: moth.LogSoftmaxOptions): moth.LayerPart
---@return moth.LayerPart
function moth.log_softmax() end

---@class moth.MseOptions
---@field reduction? "mean"|"batch"|"sum" mean, batch (sum / samples) or sum ("mean")

---Mean squared error.
---
---mean of (P - T)^2 over all elements, dE/dP = 2 (P - T)/elements. P, T [rows, ...]; in the square of T's unit.
---
---```lua
---print(moth.mse(moth.tensor{ 1, 2 }, moth.tensor{ 1, 4 }))
---```
---@overload fun(options: moth.MseOptions): moth.Loss
---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor
---@return moth.Loss
function moth.mse() end

---@class moth.MaeOptions
---@field reduction? "mean"|"batch"|"sum" mean, batch (sum / samples) or sum ("mean")

---Mean absolute error.
---
---mean of |P - T| over all elements, dE/dP = sign(P - T)/elements (0 where equal). P, T [rows, ...]; in T's unit.
---
---```lua
---print(moth.mae(moth.tensor{ 1, 2 }, moth.tensor{ 1, 4 }))
---```
---@overload fun(options: moth.MaeOptions): moth.Loss
---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor
---@return moth.Loss
function moth.mae() end

---@class moth.SquaredErrorOptions
---@field reduction? "mean"|"batch"|"sum" mean, batch (sum / samples) or sum ("mean")

---Half the squared error, whose gradient is the error itself.
---
---mean of (P - T)^2/2 over all elements, dE/dP = (P - T)/elements; with reduction = "sum", P - T. P, T [rows, ...]; in the square of T's
---unit.
---
---```lua
---moth.squared_error{ reduction = "sum" }
---```
---@overload fun(options: moth.SquaredErrorOptions): moth.Loss
---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor
---@return moth.Loss
function moth.squared_error() end

---@class moth.CrossEntropyOptions
---@field reduction? "mean"|"batch"|"sum" mean, batch (sum / samples) or sum ("mean")
---@field logits? boolean the outputs are taken before the softmax (false)
---@field weights? number[] one a class
---@field smoothing? number share of the target spread over all classes (0)

---For outputs that are the probabilities of classes; wants softmax at the end, or logits = true after linear outputs.
---
---mean over the rows of -sum_c T_c log P_c, with weights divided by the sum of the rows' class weights; together with the softmax dE/dZ
---= (P - T)/rows. P [rows, classes]; T the classes i64[rows], or rows [rows, classes] that sum to 1. In nats. Alone, logarithms are at
---least -100 as in binary_cross_entropy.
---
---```lua
---print(moth.cross_entropy(moth.tensor{ { 0.25, 0.75 } }, moth.tensor({ 2 }, { dtype = "i64" })))
---```
---@overload fun(options: moth.CrossEntropyOptions): moth.Loss
---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor
---@return moth.Loss
function moth.cross_entropy() end

---@class moth.BinaryCrossEntropyOptions
---@field reduction? "mean"|"batch"|"sum" mean, batch (sum / samples) or sum ("mean")
---@field logits? boolean the outputs are taken before the sigmoid (false)
---@field weights? number[] of a no and of a yes
---@field smoothing? number share by which targets move to 1/2 (0)

---For outputs that are each the probability of a yes; wants sigmoid at the end, or logits = true after linear outputs.
---
---mean of -T log P - (1 - T) log(1 - P) over all elements; together with the sigmoid dE/dZ = (P - T)/elements. P [rows, ...]; T [rows,
---...] of 0 and 1, or the classes i64[rows] for one output. In nats. Alone, logarithms are at least -100 as in PyTorch.
---
---```lua
---print(moth.binary_cross_entropy(moth.tensor{ { 0.25 }, { 0.75 } }, moth.tensor{ { 0 }, { 1 } }))
---```
---@overload fun(options: moth.BinaryCrossEntropyOptions): moth.Loss
---@overload fun(p: moth.Tensor, t: moth.Tensor): number, moth.Tensor
---@return moth.Loss
function moth.binary_cross_entropy() end

---@class moth.AccuracyOptions

---The share of rows whose class is right, 0 to 1.
---
---P [rows, classes]: the largest output of a row, the first of equal ones; P [rows, 1] or [rows]: whether it is at least 1/2. T the
---classes i64[rows], or one-hot rows or 0/1 values of P's shape.
---
---```lua
---moth.accuracy(moth.tensor{ { 0.2, 0.8 }, { 0.6, 0.4 } }, moth.tensor({ 2, 2 }, { dtype = "i64" }))
---```
---@overload fun(options: moth.AccuracyOptions): moth.Metric
---@overload fun(p: moth.Tensor, t: moth.Tensor): number
---@return moth.Metric
function moth.accuracy() end

---@class moth.SgdOptions
---@field lr? number learning rate (0.01)
---@field [1]? number
---@field momentum? number share of the last step that goes on (0)
---@field nesterov? boolean look ahead by the momentum (Nesterov 1983) (false)
---@field weight_decay? number adds weight_decay w to every gradient (0)

---Gradient descent, with momentum where asked.
---
---g += weight_decay w; v = g at the first step, then momentum v + g; w -= lr v (nesterov: lr (g + momentum v)). As torch.optim.SGD;
---Sutskever et al. 2013.
---
---```lua
---local net, opt = moth.net{ input = 2, moth.dense(1) }, moth.sgd{ lr = 0.1, momentum = 0.9 }; net:backprop({ { 0, 1 } }, { { 1 } }, "mse"); opt:step(net)
---```
---@param lr? number learning rate
---@overload fun(options: moth.SgdOptions): moth.Optimizer
---@return moth.Optimizer
function moth.sgd(lr) end

---@class moth.AdamOptions
---@field lr? number learning rate (0.001)
---@field [1]? number
---@field beta1? number memory of the mean gradient (0.9)
---@field beta2? number memory of the mean squared gradient (0.999)
---@field epsilon? number keeps the division finite (1e-8)
---@field weight_decay? number adds weight_decay w to every gradient (0)

---Steps by the mean gradient over the root of the mean squared gradient.
---
---g += weight_decay w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= lr m/(1 - beta1^t)/(sqrt(v/(1 - beta2^t)) +
---epsilon). As torch.optim.Adam; Kingma and Ba 2015.
---
---```lua
---moth.net{ input = 2, moth.dense(1) }:train{ data = { moth.rand(8, 2), moth.rand(8, 1) }, loss = "mse", epochs = 5, optimizer = moth.adam{ lr = 1e-2 }, progress = false }
---```
---@param lr? number learning rate
---@overload fun(options: moth.AdamOptions): moth.Optimizer
---@return moth.Optimizer
function moth.adam(lr) end

---@class moth.ConstantOptions
---@field v? number the value
---@field [1]? number

---Every value v.
---
---```lua
---moth.dense{ 10, bias_init = moth.constant(0.1) }
---```
---@param v? number the value
---@overload fun(options: moth.ConstantOptions): moth.Initializer
---@return moth.Initializer
function moth.constant(v) end

---@class moth.UniformOptions
---@field a? number least value (0)
---@field [1]? number
---@field b? number end of the range, not in it (1)
---@field [2]? number

---Uniform in [a, b).
---
---```lua
---moth.dense{ 1, init = moth.uniform(-1, 1) }
---```
---@param a? number least value
---@param b? number end of the range, not in it
---@overload fun(options: moth.UniformOptions): moth.Initializer
---@return moth.Initializer
function moth.uniform(a, b) end

---@class moth.NormalOptions
---@field mean? number mean (0)
---@field [1]? number
---@field std? number standard deviation (1)
---@field [2]? number

---Normal, of this mean and deviation.
---
---```lua
---moth.dense{ 10, init = moth.normal(0, 0.02) }
---```
---@param mean? number mean
---@param std? number standard deviation
---@overload fun(options: moth.NormalOptions): moth.Initializer
---@return moth.Initializer
function moth.normal(mean, std) end

---@class moth.GlorotUniformOptions

---Uniform within ±sqrt(6/(inputs + outputs)).
---
---Glorot and Bengio 2010; PyTorch's xavier_uniform_.
---
---```lua
---moth.dense{ 128, "tanh", init = "glorot_uniform" }
---```
---@overload fun(options: moth.GlorotUniformOptions): moth.Initializer
---@return moth.Initializer
function moth.glorot_uniform() end

---@class moth.GlorotNormalOptions

---Normal, of deviation sqrt(2/(inputs + outputs)).
---
---Glorot and Bengio 2010; PyTorch's xavier_normal_.
---
---```lua
---moth.dense{ 128, "tanh", init = "glorot_normal" }
---```
---@overload fun(options: moth.GlorotNormalOptions): moth.Initializer
---@return moth.Initializer
function moth.glorot_normal() end

---@class moth.HeUniformOptions

---Uniform within ±sqrt(6/inputs), for relu.
---
---He et al. 2015; PyTorch's kaiming_uniform_.
---
---```lua
---moth.dense{ 128, "relu", init = "he_uniform" }
---```
---@overload fun(options: moth.HeUniformOptions): moth.Initializer
---@return moth.Initializer
function moth.he_uniform() end

---@class moth.HeNormalOptions

---Normal, of deviation sqrt(2/inputs), for relu.
---
---He et al. 2015; PyTorch's kaiming_normal_.
---
---```lua
---moth.dense{ 128, "relu", init = "he_normal" }
---```
---@overload fun(options: moth.HeNormalOptions): moth.Initializer
---@return moth.Initializer
function moth.he_normal() end

---@class moth.LecunNormalOptions

---Normal, of deviation sqrt(1/inputs), for selu.
---
---LeCun et al. 1998; Klambauer et al. 2017.
---
---```lua
---moth.dense{ 32, "selu", init = "lecun_normal" }
---```
---@overload fun(options: moth.LecunNormalOptions): moth.Initializer
---@return moth.Initializer
function moth.lecun_normal() end

---@class moth.OrthogonalOptions

---A random matrix whose rows, or columns where they are fewer, are orthonormal.
---
---Saxe et al. 2013.
---
---```lua
---moth.dense{ 64, "tanh", init = "orthogonal" }
---```
---@overload fun(options: moth.OrthogonalOptions): moth.Initializer
---@return moth.Initializer
function moth.orthogonal() end

---@class moth.ScheduleCosineOptions
---@field warmup? integer epochs that rise linearly to the base rate (0)
---@field over? integer epochs it spans; by default all after the warm-up
---@field final? number where it ends, in multiples of the optimizer's lr (0)
---@field [1]? number

---The rate falls along half a cosine.
---
---lr (final + (1 - final) (1 + cos(pi (epoch - 1)/over))/2), epochs counted after the warm-up. As torch's CosineAnnealingLR; Loshchilov
---and Hutter 2017.
---
---```lua
---moth.schedule.cosine{ warmup = 5 }
---```
---@param final? number where it ends, in multiples of the optimizer's lr
---@overload fun(options: moth.ScheduleCosineOptions): moth.Schedule
---@return moth.Schedule
function moth.schedule.cosine(final) end

---@class moth.ScheduleStepOptions
---@field warmup? integer epochs that rise linearly to the base rate (0)
---@field over? integer epochs it spans; by default all after the warm-up
---@field every? integer epochs between two steps
---@field [1]? integer
---@field factor? number what each step multiplies the rate by (0.1)
---@field [2]? number

---The rate is multiplied by factor every so many epochs.
---
---lr factor^floor((epoch - 1)/every), epochs counted after the warm-up. As torch's StepLR.
---
---```lua
---moth.schedule.step(30, 0.1)
---```
---@param every? integer epochs between two steps
---@param factor? number what each step multiplies the rate by
---@overload fun(options: moth.ScheduleStepOptions): moth.Schedule
---@return moth.Schedule
function moth.schedule.step(every, factor) end

---@class moth.CsvOptions
---@field target? integer|string the column of values that becomes y, by name or number, negative from the end
---@field label? integer|string the column of classes that becomes y, by name or number, negative from the end
---@field features? integer[]|string[] the columns of x, by names or numbers; without it all others
---@field header? boolean whether the first line names the columns; without it looked at
---@field skip? integer how many lines to leave out first (0)
---@field delimiter? string the byte between cells (",")
---@field missing? string[] cells that are read as nan
---@field text? integer[]|string[] columns of words in x, which become class numbers
---@field classes? moth.Data another set, whose numbers for classes and words are used
---@field dtype? "f32"|"f64" of x and of values in y ("f32")

---A table of comma-separated values (RFC 4180; .gz too) as a data set.
---
---x is [rows, features]. label gives y class numbers i64[rows], named in order of value if all labels are numbers, else in byte order;
---target gives y values [rows, 1]; with neither all columns are in x. A first line of words over numbers is a header. Columns count from
---the index base, negative ones from the end.
---
---```lua
---print(moth.csv("scripts/data/iris.csv", { skip = 1, label = -1 }))
---```
---@param path string
---@param options? moth.CsvOptions
---@return moth.Data
function moth.csv(path, options) end

---@class moth.IdxOptions
---@field labels? string the file of labels, one whole number >= 0 an image
---@field [1]? string
---@field scale? number multiplies when gathered; without it bytes are divided by 255

---Images and labels in IDX files, as MNIST comes; .gz too.
---
---x is [images, rows, columns] of bytes, divided by 255 when a batch is gathered; a net with input = rows * columns takes them. y holds
---class numbers, the classes are "0", "1" … up to the largest label.
---
---```lua
---local path = os.tmpname(); local file = io.open(path, "wb"); file:write("\0\0\8\1\0\0\0\3\1\2\3"); file:close(); print(moth.idx(path)); os.remove(path)
---```
---@param path string
---@param labels? string the file of labels, one whole number >= 0 an image
---@param options? moth.IdxOptions
---@return moth.Data|moth.Tensor
function moth.idx(path, labels, options) end

---A tensor of a number, a boolean, or a table nested as deep as it has axes. Booleans alone make bool, numbers (and booleans among them,
---1 and 0) the default dtype, unless dtype says otherwise. Tables must be rectangular.
---
---```lua
---print(moth.tensor{ { 1, 2 }, { 3, 4 } })
---```
---@param nested table|number|boolean
---@param options? table
---@return moth.Tensor
function moth.tensor(nested, options) end

---Calls f(…) and frees all tensors that were made meanwhile, at once, but for those that f returns: alone, in tables, or held by
---functions or coroutines. Frees them too where f raises. What nets and data sets took over stays theirs; a tensor that f put elsewhere,
---say in a global, is closed.
---
---```lua
---print(moth.scope(function() local x = moth.rand(3); return x:sum() < 3 end))
---```
---@param f function
---@param ... any
---@return any
function moth.scope(f, ...) end

---Sets the default dtype, "f32" or "f64", of everything made from now on; without an argument gives it.
---
---```lua
---moth.dtype "f64"; print(moth.zeros(2).dtype)
---```
---@param dtype? moth.Dtype
---@return string
function moth.dtype(dtype) end

---Sets the default generator to the start of the sequence n: what is drawn after it is the same in every run.
---
---```lua
---moth.seed(1); print(moth.rand(2))
---```
---@param n integer
function moth.seed(n) end

---A sequence of random numbers of its own, for gen = in what draws. The default generator is left alone.
---
---```lua
---print(moth.randn{ 2, gen = moth.generator(1) })
---```
---@param seed integer
---@return moth.Generator
function moth.generator(seed) end

---Sets how many threads work, 1 to 256, and gives how many there are. Results do not depend on it.
---
---```lua
---print(moth.threads() >= 1)
---```
---@param n? integer
---@return integer
function moth.threads(n) end

---Sets how many bytes Moth may hold at once, 0 for no limit, and gives the limit; at first the machine's memory. What would pass it is
---an error.
---
---```lua
---print(moth.limit() > 0)
---```
---@param bytes? integer
---@return integer
function moth.limit(bytes) end

---Sets how tensors print: digits after the point (4), rows and columns shown at each end of a cut one (3), the most elements shown in
---full (1000), columns of a line. Gives the settings.
---
---```lua
---moth.printing{ digits = 2 }; print(moth.tensor{ 0.125 })
---```
---@param options? table
---@return table
function moth.printing(options) end

---Prints values as the prompt does: tables one level deep, keys in order.
---
---```lua
---moth.show(moth.eye(2))
---```
---@param ... any
function moth.show(...) end

---Reads the options of the command line, --lr 0.01, with the types of their defaults: numbers, strings, booleans. Unknown ones are
---refused; what is no option stands in the list part.
---
---```lua
---print(moth.args{ lr = 0.001, seed = 1 }.lr)
---```
---@param defaults table
---@return table
function moth.args(defaults) end

---Class numbers 1..C of a tensor or a table of labels, and the classes' names: in order of value where all labels are numbers, else in
---byte order.
---
---```lua
---print(moth.classes{ "cat", "dog", "cat" })
---```
---@param labels moth.Tensor|table
---@return moth.Tensor
---@return table
function moth.classes(labels) end

---A training that goes on step by step, in a host's own loop; takes the options of moth.train.
---
---```lua
---local t = moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 2, progress = false }; while t:step(10) == "more" do end; print(t.run.epochs)
---```
---@param options moth.TrainOptions
---@return moth.Trainer
function moth.trainer(options) end

---Reads tensors: one of .npy, .csv (numbers only) and IDX files, a table of them by name of .npz and .safetensors; .gz too, but for
---.npz. float16 and bfloat16 become f32, small integers i64; uint64 and complex are refused. mmap = true leaves the values of a .npy or
---.safetensors file where they are, read-only: the file must not be written to or cut short meanwhile.
---
---```lua
---moth.save("eye.npy", moth.eye(3)); print(moth.load "eye.npy")
---```
---@param path string
---@param options? table
---@return moth.Tensor|table
function moth.load(path, options) end

---Writes tensors by the ending of the path: one to .npy or .csv (rank 1 or 2), a table of them, in name order, to .npz or .safetensors.
---All but .npz are packed where .gz follows. What stood there is replaced at once, or stays on failure.
---
---```lua
---moth.save("weights.npz", { w = moth.eye(3), b = moth.ones(3) })
---```
---@param path string
---@param value any
function moth.save(path, value) end

---The net of a model file, architecture and weights; nothing in the file runs.
---
---```lua
---moth.net{ input = 2, moth.dense(1) }:save "small.safetensors"; print(moth.load_net "small.safetensors")
---```
---@param path string
---@return moth.Net
function moth.load_net(path) end

---A network of layers.
---
---The shape of a sample goes from layer to layer; parameters are made, and errors come, at once.
---
---```lua
---moth.net{ input = 64, moth.dense(128, "relu"), moth.dense(10, "softmax") }
---```
---@param options moth.NetOptions
---@return moth.Net
function moth.net(options) end

---Trains a net: epochs of batches, each forward, loss, backward and update.
---
---The loss of an epoch is the mean of its batches' losses by rows, as they were met, before each update and without penalties.
---With validation= the weights of the best epoch are put back at the end, whatever ended it.
---
---```lua
---local run = moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, loss = "mse", epochs = 3, progress = false }; print(#run.loss)
---```
---@param options moth.TrainOptions
---@return moth.Run
function moth.train(options) end

---A data set from tensors: inputs x, targets y.
---
---Rows are samples. y of i64[rows] holds class numbers; anything else is values. The tensors are shared: what is written to them later
---reaches the set, unless the rows of a tensor do not lie in one piece (a transposed view), when the set has its own copy.
---
---```lua
---moth.dataset{ x = moth.rand(100, 4), y = moth.randint(1, 3, { 100 }), classes = { "a", "b", "c" } }
---```
---@param options moth.DatasetOptions
---@return moth.Data
function moth.dataset(options) end

return moth
