/* Lists of tensors: cat and stack make one of them, meshgrid as many as it takes. */
#include "operations/support.h"

static const moth_option_row join_options[] = { OPTION_AXIS_OR(0, 1, "the axis along which they follow one another") };

/* The part of the result that holds one input: as a tensor without a handle. */
static moth_tensor part_of(const moth_tensor *out, int axis, int64_t from, int64_t count) {
  moth_tensor part = *out;
  part.size[axis] = count;
  part.count = 1;
  for (int i = 0; i < part.rank; i++) part.count *= part.size[i];
  if (part.count > 0) part.values += from * part.strides[axis] * (int64_t)dtype_size(part.dtype);
  return part;
}

static moth_dtype common_dtype(const operation_call *call) {
  moth_dtype dtype = operation_tensor(call, 0)->dtype;
  for (int i = 1; i < call->input_count; i++) dtype = dtype_promote(dtype, operation_tensor(call, i)->dtype);
  return dtype;
}

/* Shapes must agree but for the axis (-1: entirely). */
static moth_status check_shapes(const operation_call *call, int axis) {
  const moth_tensor *first = operation_tensor(call, 0);
  for (int i = 1; i < call->input_count; i++) {
    const moth_tensor *t = operation_tensor(call, i);
    if (t->rank != first->rank) {
      return context_fail(call->m, MOTH_SHAPE, call->where, "%s and %s: the numbers of axes differ", tensor_text(first).text,
                          tensor_text(t).text);
    }
    for (int j = 0; j < t->rank; j++) {
      if (j == axis || t->size[j] == first->size[j]) continue;
      return context_fail(call->m, MOTH_SHAPE, call->where, "%s and %s do not fit: axis %d is %lld against %lld", tensor_text(first).text,
                          tensor_text(t).text, j + call->m->index_base, (long long)first->size[j], (long long)t->size[j]);
    }
  }
  return MOTH_OK;
}

static moth_status apply_cat(const operation_call *call) {
  const moth_tensor *first = operation_tensor(call, 0);
  int axis;
  moth_tensor *out;
  moth_status status = operation_axis(call, first, options_int(call->options, 0), &axis);
  if (status == MOTH_OK) status = check_shapes(call, axis);
  if (status != MOTH_OK) return status;
  moth_shape shape = shape_of(first->rank, first->size);
  for (int i = 1; i < call->input_count; i++) {
    if (__builtin_add_overflow(shape.size[axis], operation_tensor(call, i)->size[axis], &shape.size[axis])) {
      return context_fail(call->m, MOTH_LIMIT, call->where, "more elements than can be addressed");
    }
  }
  status = tensor_new(call->m, call->where, common_dtype(call), shape.rank, shape.size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  int64_t from = 0;
  for (int i = 0; status == MOTH_OK && i < call->input_count; i++) {
    const moth_tensor *t = operation_tensor(call, i);
    moth_tensor part = part_of(out, axis, from, t->size[axis]);
    status = context_poll(call->m, call->where);
    if (status == MOTH_OK) status = tensor_copy(call->m, call->where, t, &part);
    from += t->size[axis];
  }
  return status;
}

const operation_class operation_cat = {
  .row = { .row = { ROW_TEXTS("cat", "tensors one after the other along an axis that they have; dtypes promote",
                              "moth.cat({ moth.ones(2), moth.zeros(3) }, 1)"),
                    .foreign = "concatenate concat vstack hstack", ROW_OPTIONS(join_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_CREATES | MOTH_LIST },
  .apply = apply_cat,
};

static moth_status apply_stack(const operation_call *call) {
  moth *m = call->m;
  const moth_tensor *first = operation_tensor(call, 0);
  int64_t given = options_int(call->options, 0), axis = given < 0 ? given + first->rank + 1 : given;
  moth_tensor *out;
  if (axis < 0 || axis > first->rank) {
    return context_fail(m, MOTH_INDEX, call->where, "axis %lld: the new axis of %s may be %d..%d or %d..-1",
                        (long long)tensor_told(m, given), tensor_text(first).text, m->index_base, first->rank + m->index_base,
                        -first->rank - 1);
  }
  if (first->rank == MOTH_MAX_RANK)
    return context_fail(m, MOTH_LIMIT, call->where, "%s leaves no room for an axis", tensor_text(first).text);
  moth_status status = check_shapes(call, -1);
  if (status != MOTH_OK) return status;
  int64_t size[MOTH_MAX_RANK];
  for (int i = 0; i <= first->rank; i++) size[i] = i < axis ? first->size[i] : i == axis ? call->input_count : first->size[i - 1];
  status = tensor_new(m, call->where, common_dtype(call), first->rank + 1, size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  for (int i = 0; status == MOTH_OK && i < call->input_count; i++) {
    moth_tensor part = part_of(out, (int)axis, i, 1);
    for (int j = (int)axis; j < first->rank; j++) part.size[j] = part.size[j + 1], part.strides[j] = part.strides[j + 1];
    part.rank--;
    status = context_poll(m, call->where);
    if (status == MOTH_OK) status = tensor_copy(m, call->where, operation_tensor(call, i), &part);
  }
  return status;
}

const operation_class operation_stack = {
  .row = { .row = { ROW_TEXTS("stack", "tensors of one shape side by side along a new axis; dtypes promote",
                              "moth.stack({ moth.ones(2), moth.zeros(2) }, 1)"),
                    .foreign = "column_stack dstack", ROW_OPTIONS(join_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_CREATES | MOTH_LIST },
  .apply = apply_stack,
};

static const moth_option_row meshgrid_options[] = {
  { .key = "indexing",
    .doc = "\"ij\": axis i of all results runs along vector i; \"xy\": the first two axes are exchanged, as in pictures",
    .kinds = MOTH_OPTION_TEXT,
    .fallback = MOTH_TEXT(NULL, "ij"),
    .choices = "ij xy" },
};

static moth_status check_vectors(const operation_call *call) {
  if (call->input_count > MOTH_MAX_RANK || call->input_count > MOTH_MAX_RESULTS) {
    return context_fail(call->m, MOTH_LIMIT, call->where, "takes at most %d vectors, got %d", MOTH_MAX_RANK, call->input_count);
  }
  for (int i = 0; i < call->input_count; i++) {
    const moth_tensor *t = operation_tensor(call, i);
    if (t->rank > 1) return context_fail(call->m, MOTH_SHAPE, call->where, "takes vectors, got %s", tensor_text(t).text);
  }
  return MOTH_OK;
}

static moth_status apply_meshgrid(const operation_call *call) {
  moth_status status = check_vectors(call);
  if (status != MOTH_OK) return status;
  moth_shape shape = { .rank = call->input_count };
  bool swaps = options_word(call->options, 0)[0] == 'x' && shape.rank > 1;
  for (int i = 0; i < shape.rank; i++) shape.size[swaps && i < 2 ? 1 - i : i] = operation_tensor(call, i)->count;
  for (int i = 0; status == MOTH_OK && i < shape.rank; i++) {
    const moth_tensor *t = operation_tensor(call, i);
    moth_tensor *out, seen = *t; /* along its own axis, the same along the others */
    int axis = swaps && i < 2 ? 1 - i : i;
    status = tensor_new(call->m, call->where, t->dtype, shape.rank, shape.size, false, &out);
    if (status != MOTH_OK) break;
    operation_give(call, i, out);
    seen.rank = shape.rank;
    seen.count = out->count;
    for (int j = 0; j < shape.rank; j++) {
      seen.size[j] = shape.size[j];
      seen.strides[j] = j == axis && t->rank == 1 ? t->strides[0] : 0;
    }
    status = context_poll(call->m, call->where);
    if (status == MOTH_OK) status = tensor_copy(call->m, call->where, &seen, out);
  }
  return status;
}

const operation_class operation_meshgrid = {
  .row = { .row = { ROW_TEXTS("meshgrid",
                              "the coordinates of a grid: one tensor for each vector of a list, which runs along its own axis\n"
                              "[n1], [n2] ... -> as many times [n1, n2, ...]; PyTorch's indexing = \"ij\", where NumPy's default is \"xy\"",
                              "local x, y = moth.meshgrid(moth.range(1, 2), moth.range(1, 3)); print(x, y)"),
                    ROW_OPTIONS(meshgrid_options) },
           .inputs = 1,
           .results = MOTH_MAX_RESULTS,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_CREATES | MOTH_LIST | MOTH_SPREAD,
           .gives = "a tensor for each" },
  .apply = apply_meshgrid,
};
