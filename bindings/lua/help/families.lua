-- What the rows do not tell of operations: the family that each belongs to, in the order of the reference, and how those are called whose
-- arguments are not simply the tensor, the other operand and the positional options. Operations that no family names stand in "other".
local families = {
  { "creating", "New tensors", "zeros ones full empty eye range linspace zeros_like ones_like full_like one_hot diag meshgrid" },
  { "random", "Random numbers", "rand randn randint randperm bernoulli uniform_ normal_ bernoulli_ shuffle_" },
  { "joining", "Joining and cutting", "cat stack split chunk unbind rows" },
  { "shapes", "Shapes and views", "reshape view flatten squeeze unsqueeze transpose t permute expand repeat_times tile contiguous clone " ..
    "to diagonal tril triu" },
  { "indexing", "Indexing", "narrow select index gather scatter_ index_add_ index_put_ masked_fill mask_select masked_put_ where " ..
    "nonzero flip roll" },
  { "elements", "Element by element", "add sub mul div floordiv mod pow neg abs sign sqrt rsqrt square reciprocal exp expm1 log log1p " ..
    "sin cos tan asin acos atan sinh cosh tanh atan2 sigmoid relu gelu softplus erf floor ceil round trunc clamp maximum minimum " ..
    "softmax log_softmax" },
  { "comparing", "Comparing", "eq ne lt le gt ge isnan isinf isfinite logical_and logical_or logical_xor logical_not " ..
    "equal allclose has_nan" },
  { "reducing", "Reducing", "sum prod mean var std min max argmin argmax median quantile norm any all count_nonzero cumsum cumprod " ..
    "logsumexp bincount histogram" },
  { "ordering", "Ordering", "sort argsort topk kthvalue unique searchsorted" },
  { "linear", "Linear algebra", "matmul dot outer trace addmm_ solve inverse pinv lstsq cholesky qr svd eigh det" },
  { "writing", "Writing in place", "fill_ zero_ copy_" },
  { "other", "Other operations", "" },
}

local arguments = {
  cat = "({ a, b, … } [, axis])", stack = "({ a, b, … } [, axis])", meshgrid = "(x, y, … [, { indexing = }])",
  where = "(a, b)", masked_fill = "(mask, value)", mask_select = "(mask)", masked_put_ = "(mask, values)", index = "(axis, ids)",
  gather = "(axis, ids)", scatter_ = "(axis, ids, values)", index_add_ = "(axis, ids, values)", index_put_ = "(axis, ids, values)",
  addmm_ = "(a, b [, { alpha =, beta = }])", full = "(shape, value [, { dtype = }])", one_hot = "(classes [, { dtype = }])",
  norm = "([p [, axis]] [, { keep = }])", to = "(dtype)",
}

-- What the object is called where it is not any tensor.
local objects = { where = "mask", one_hot = "labels" }

local family_of, order = {}, {}
for i, family in ipairs(families) do
  for name in family[3]:gmatch "%S+" do
    family_of[name], order[name] = family[1], #order + i * 1000
    order[#order + 1] = name
  end
end

return { list = families, family_of = family_of, order = order, arguments = arguments, objects = objects }
