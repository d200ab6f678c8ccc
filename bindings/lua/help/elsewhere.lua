-- NumPy's, PyTorch's and Keras's names that no row lists, and what does it here.
local text = [[
arange moth.range  array moth.tensor  asarray moth.tensor  from_numpy moth.tensor  as_tensor moth.tensor  Tensor moth.tensor
concatenate moth.cat  concat moth.cat  hstack moth.cat  vstack moth.stack  identity_matrix moth.eye  random moth.rand
randint_like moth.randint  uniform moth.rand  permutation moth.randperm  manual_seed moth.seed  default_rng moth.generator
Generator moth.generator  RandomState moth.generator  mm t:matmul  bmm t:matmul  mv t:matmul  inner t:dot  addmm t:addmm_  T t:t  mT t:t
swapaxes t:transpose  moveaxis t:permute  ravel t:flatten  expand_dims t:unsqueeze  broadcast_to t:expand  resize t:reshape
repeat t:repeat_times  astype t:to  type t:to  float t:to  double t:to  long t:to  copy t:clone  fill t:fill_  tolist t:totable
numpy t:totable  ndim t.rank  dim t.rank  nelement t:numel  len t:size  multiply t:mul  subtract t:sub  divide t:div  true_divide t:div
floor_divide t:floordiv  remainder t:mod  fmod t:mod  power t:pow  negative t:neg  absolute t:abs  clip t:clamp  fabs t:abs  rint t:round
fix t:trunc  arcsin t:asin  arccos t:acos  arctan t:atan  arctan2 t:atan2  expit t:sigmoid  equal_to t:eq  not_equal t:ne  less t:lt
less_equal t:le  greater t:gt  greater_equal t:ge  bitwise_and t:logical_and  bitwise_or t:logical_or  amax t:max  amin t:min
nanmax t:max  average t:mean  sumproduct t:dot  isclose t:allclose  array_equal t:equal  take t:index  index_select t:index
take_along_axis t:gather  masked_select t:mask_select  compress t:mask_select  flipud t:flip  fliplr t:flip  scatter t:scatter_
scatter_add t:index_add_  inv t:inverse  det t:det  eig t:eigh  eigvalsh t:eigh  lstsq t:lstsq  triangular_solve t:solve  vdot t:dot
imread moth.load  loadtxt moth.csv  savez moth.save  load_model moth.load_net  load_state_dict net:load  state_dict net:parameters
fit moth.train  evaluate net:evaluate  eval net:predict  no_grad net:predict  zero_grad net:backward  summary net:summary
Sequential moth.net  clip_grad_norm_ net:clip  requires_grad net:freeze  trainable net:freeze  weights layer.weight
get_weights net:parameters  set_printoptions moth.printing  set_num_threads moth.threads  argparse moth.args  set_default_dtype moth.dtype
LabelEncoder moth.classes
]]
local elsewhere = {}
for word, name in string.gmatch(text, "(%S+) (%S+)") do elsewhere[word] = name end
return elsewhere
