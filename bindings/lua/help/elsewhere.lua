-- NumPy's, PyTorch's and Keras's names that no row lists, and what does it here.
local text = [[
arange moth.range  array moth.tensor  asarray moth.tensor  from_numpy moth.tensor  as_tensor moth.tensor  Tensor moth.tensor
concatenate moth.cat  concat moth.cat  hstack moth.cat  vstack moth.cat  identity_matrix moth.eye  random moth.rand
randint_like moth.randint  uniform moth.rand  permutation moth.randperm  manual_seed moth.seed  default_rng moth.generator
Generator moth.generator  RandomState moth.generator  mm t:matmul  bmm t:matmul  mv t:matmul  inner t:dot  addmm t:addmm_  T t:t  mT t:t
swapaxes t:transpose  moveaxis t:permute  ravel t:flatten  expand_dims t:unsqueeze  broadcast_to t:expand  resize t:reshape
repeat t:repeat_times  astype t:to  type t:to  float t:to  double t:to  long t:to  copy t:clone  fill t:fill_  tolist t:totable
numpy t:totable  ndim t.rank  dim t.rank  nelement t:numel  len t:size  multiply t:mul  subtract t:sub  divide t:div  true_divide t:div
floor_divide t:floordiv  remainder t:mod  fmod t:mod  power t:pow  negative t:neg  absolute t:abs  clip t:clamp  fabs t:abs  rint t:round
fix t:trunc  arcsin t:asin  arccos t:acos  arctan t:atan  arctan2 t:atan2  expit t:sigmoid  equal_to t:eq  not_equal t:ne  less t:lt
less_equal t:le  greater t:gt  greater_equal t:ge  bitwise_and t:logical_and  bitwise_or t:logical_or  amax t:max  amin t:min
average t:mean  sumproduct t:dot  isclose t:allclose  array_equal t:equal  take t:index  index_select t:index
take_along_axis t:gather  masked_select t:mask_select  compress t:mask_select  flipud t:flip  fliplr t:flip  scatter t:scatter_
scatter_add t:index_add_  inv t:inverse  det t:det  eigvalsh t:eigh  lstsq t:lstsq  triangular_solve t:solve  vdot t:dot
imread moth.load  loadtxt moth.csv  savez moth.save  load_model moth.load_net  load_state_dict net:load  state_dict net:parameters
fit moth.train  evaluate net:evaluate  eval net:predict  no_grad net:predict  zero_grad net:backward  summary net:summary
Sequential moth.net  clip_grad_norm_ net:clip  requires_grad net:freeze  trainable net:freeze  weights layer.weight
get_weights net:parameters  set_printoptions moth.printing  set_num_threads moth.threads  argparse moth.args  set_default_dtype moth.dtype
LabelEncoder moth.classes  printoptions moth.printing  savetxt moth.save  savez_compressed moth.save  empty_like moth.zeros_like
rand_like moth.rand  randn_like moth.randn  FloatTensor moth.tensor  DoubleTensor moth.tensor  LongTensor moth.tensor
ByteTensor moth.tensor  einsum t:matmul  newaxis t:unsqueeze  int t:to  short t:to  byte t:to  half t:to  bool t:to  type_as t:to
expand_as t:expand  view_as t:reshape  reshape_as t:reshape  resize_ t:reshape  detach t:clone  deepcopy t:clone  put_ t:index_put_
index_copy_ t:index_put_  index_fill_ t:index_put_  random_ moth.randint  grad layer.weight_gradient  backward net:backward
lu_solve t:solve  slogdet t:det  matrix_rank t:lstsq  Linear moth.dense  Dense moth.dense  optim moth.adam  nn moth.net
cmul t:mul  cdiv t:div  cmax t:maximum  cmin t:minimum  cpow t:pow  csub t:sub  cadd t:add  nElement t:numel  nDimension t.rank
isContiguous t:is_contiguous  indexAdd t:index_add_  indexSelect t:index  indexCopy t:index_put_  indexFill t:index_put_
maskedFill t:masked_fill  maskedSelect t:mask_select  maskedCopy t:masked_put_  repeatTensor t:repeat_times  expandAs t:expand
viewAs t:reshape  typeAs t:to  resizeAs t:reshape  manualSeed moth.seed  setnumthreads moth.threads
clamp_min t:maximum  clamp_max t:minimum  clamp_min_ t:maximum_  clamp_max_ t:minimum_
fmax t:maximum  fmin t:minimum  ger t:outer  vecdot t:dot  matvec t:matmul  vecmat t:matmul  tensordot t:matmul  multi_dot t:matmul
addmv t:addmm_  addbmm t:addmm_  baddbmm t:addmm_  invert t:logical_not  bitwise_invert t:logical_not  lu t:solve  cholesky_solve t:solve
matrix_norm t:norm  vector_norm t:norm  svdvals t:svd  flat t:flatten  unflatten t:reshape  movedim t:permute  permute_dims t:permute
rollaxis t:permute  swapdims t:transpose  matrix_transpose t:transpose  atleast_2d t:unsqueeze  broadcast_arrays t:expand
tensor_split t:split  row_stack moth.cat  append moth.cat  cumulative_sum t:cumsum  cumulative_prod t:cumprod  histc t:histogram
digitize t:searchsorted  argpartition t:argsort  partition t:sort  unique_counts t:unique  unique_values t:unique  aminmax t:min
flatnonzero t:nonzero  extract t:mask_select  place t:masked_put_  masked_scatter t:masked_put_  index_copy t:index_put_
index_fill t:index_put_  scatter_add_ t:index_add_  float_power t:pow  nan_to_num t:masked_fill  ndimension t.rank  char t:to
new_zeros moth.zeros  new_ones moth.ones  new_full moth.full  new_empty moth.empty  new_tensor moth.tensor  asanyarray moth.tensor
frombuffer moth.tensor  fromfile moth.load  genfromtxt moth.csv  load moth.load  save moth.save  dump moth.save  tofile moth.save
get_printoptions moth.printing  requires_grad_ net:freeze
]]
local elsewhere = {}
for word, name in string.gmatch(text, "(%S+) (%S+)") do elsewhere[word] = name end
-- What is no name here, but a line of Lua: the whole answer, after "=".
for word, answer in next, {
  pi = "here it is math.pi", inf = "here it is math.huge", nan = "here it is 0/0",
  float32 = 'here it is "f32"', float64 = 'here it is "f64"', int64 = 'here it is "i64"', uint8 = 'here it is "u8"',
  log10 = "here it is t:log() / math.log(10)", log2 = "here it is t:log() / math.log(2)", exp2 = "here it is 2 ^ t",
  linalg = "here they are methods, t:solve t:inverse t:svd …",
  eig = "of a symmetric matrix it is t:eigh()", eigvals = "of a symmetric matrix it is t:eigh()",
  plot = "here it is t:show(), at the prompt  :plot t", plt = "here it is t:show(), at the prompt  :plot t",
  imshow = "here it is t:show()", help = "the prompt has ?name", dir = "the prompt has ?name, and :who",
} do elsewhere[word] = "=" .. answer end
for word in string.gmatch("sum prod mean var std min max median", "%a+") do
  elsewhere["nan" .. word] = ("=here it is t[t:isnan():logical_not()]:%s()"):format(word)
end
return elsewhere
