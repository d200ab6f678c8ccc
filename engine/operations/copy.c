/* Copies, conversions and filling. */
#include "operations/support.h"

static moth_status apply_clone(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  moth_status status = call->class->code ? tensor_contiguous(call->m, call->where, t, t->dtype, &out)
                                         : tensor_clone(call->m, call->where, t, t->dtype, &out);
  if (status == MOTH_OK) operation_give(call, 0, out);
  return status;
}

const operation_class operation_clone = {
  .row = { .row = { ROW_TEXTS("clone", "a row-major copy", "moth.range(1, 3):clone()"), .foreign = "copy" },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_clone,
  .code = 0,
};
const operation_class operation_contiguous = {
  .row = { .row = { ROW_TEXTS("contiguous", "the tensor itself where it is row-major, else such a copy",
                              "moth.ones(2, 3):t():contiguous():is_contiguous()"),
                    .foreign = "ascontiguousarray" },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_clone,
  .code = 1,
};

static const moth_option_row to_options[] = {
  { .key = "dtype",
    .doc = "the dtype of the copy",
    .kinds = MOTH_OPTION_TEXT,
    .position = 1,
    .flags = MOTH_REQUIRED,
    .choices = "f32 f64 i64 u8 bool" },
};

static moth_status apply_to(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  moth_status status = tensor_clone(call->m, call->where, t, operation_dtype(call, 0, t->dtype), &out);
  if (status == MOTH_OK) operation_give(call, 0, out);
  return status;
}

const operation_class operation_to = {
  .row = { .row = { ROW_TEXTS("to",
                              "a copy in another dtype\nFloats lose their fraction on the way to integers; what does not fit is an error",
                              "moth.range(1, 3):to\"i64\""),
                    .foreign = "astype type cast", ROW_OPTIONS(to_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_to,
};

static const moth_option_row fill_options[] = {
  { .key = "value",
    .doc = "of every element",
    .kinds = MOTH_OPTION_INT | MOTH_OPTION_REAL | MOTH_OPTION_FLAG,
    .position = 1,
    .flags = MOTH_REQUIRED },
};

static moth_status apply_fill(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0);
  moth_value value = { .kind = MOTH_INT_VALUE };
  if (call->class->row.row.option_count > 0) value = operation_option_number(call, 0);
  uint64_t element;
  moth_status status = operation_number(call, &value, t->dtype, t, &element);
  if (status != MOTH_OK) return status;
  tensor_fill(t, &element);
  return operation_give_self(call);
}

const operation_class operation_fill_ = {
  .row = { .row = { ROW_TEXTS("fill_", "sets every element to a value", "moth.zeros(3):fill_(7)"), ROW_OPTIONS(fill_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN },
  .apply = apply_fill,
};
const operation_class operation_zero_ = {
  .row = { .row = { ROW_TEXTS("zero_", "sets every element to 0", "moth.ones(3):zero_()") },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN },
  .apply = apply_fill,
};

static moth_status apply_copy(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *from = operation_tensor(call, 1), *seen = NULL;
  moth_shape sum;
  int axis;
  bool fits = shape_broadcast(t->rank, t->size, from->rank, from->size, &sum.rank, sum.size, &axis) &&
              shape_equal(sum.rank, sum.size, t->rank, t->size);
  if (!fits) return context_fail(m, MOTH_SHAPE, call->where, "%s does not fit into %s", tensor_text(from).text, tensor_text(t).text);
  moth_status status = MOTH_OK;
  if (!shape_equal(from->rank, from->size, t->rank, t->size)) {
    status = context_within(m, moth_tensor_expand(m, from, t->rank, t->size, &seen), call->where);
    from = seen;
  }
  if (status == MOTH_OK) status = tensor_copy(m, call->where, from, t);
  moth_release(seen);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

const operation_class operation_copy_ = {
  .row = { .row = { ROW_TEXTS("copy_", "takes over another tensor's elements, broadcast and converted",
                              "moth.zeros(2, 3):copy_(moth.range(1, 3))"),
                    .foreign = "copyto assign" },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN },
  .apply = apply_copy,
};
