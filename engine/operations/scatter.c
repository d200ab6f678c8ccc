/* Writing by position: index_put_, index_add_, scatter_. */
#include "operations/index.h"

static const moth_option_row scatter_options[] = { OPTION_AXIS(1, "the axis that positions count along", MOTH_REQUIRED) };

/* Sums keep the tensor's dtype, as add_ does. */
static moth_status check_sum(const operation_call *call, const moth_tensor *t) {
  const moth_value *value = &call->inputs[2];
  moth_dtype sum = operation_promote(&call->inputs[0], value, MOTH_F32);
  if (sum == t->dtype) return MOTH_OK;
  return context_fail(call->m, MOTH_DTYPE, call->where, "%s and %s give %s; in place the dtype stays %s", tensor_text(t).text,
                      operation_value_text(value).text, moth_dtype_name(sum), moth_dtype_name(t->dtype));
}

static moth_status read_positions(const operation_call *call, int *axis, moth_tensor **ids) {
  const moth_value *given = &call->inputs[1];
  const moth_tensor *t = operation_tensor(call, 0);
  if (given->kind != MOTH_TENSOR_VALUE) {
    return context_fail(call->m, MOTH_MISUSE, call->where, "argument 2 must be a tensor of positions, got %s",
                        operation_value_text(given).text);
  }
  moth_status status = operation_axis(call, t, options_int(call->options, 0), axis);
  if (status == MOTH_OK) status = operation_ids(call, given->as.tensor, t, *axis, ids);
  if (status != MOTH_OK || !tensor_overlaps(*ids, t)) return status;
  moth_tensor *copy = NULL;
  status = tensor_clone(call->m, call->where, *ids, MOTH_I64, &copy);
  moth_release(*ids);
  *ids = copy;
  return status;
}

/* The values with one axis for all positions; *flat lies in `seen` or in a copy, which is then `copy`. */
static moth_status flatten_positions(const operation_call *call, const moth_tensor *seen, const moth_tensor *spread, moth_tensor *flat,
                                     moth_tensor **copy) {
  moth_status status = MOTH_OK;
  if (seen->rank != spread->rank) {
    status = tensor_contiguous(call->m, call->where, seen, seen->dtype, copy);
    if (status != MOTH_OK) return status;
    seen = *copy;
  }
  *flat = *seen;
  flat->rank = spread->rank;
  for (int i = 0; i < spread->rank; i++) flat->size[i] = spread->size[i];
  if (*copy) shape_strides(flat->rank, flat->size, flat->strides);
  return status;
}

static moth_status apply_slices(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *ids = NULL, *seen = NULL, *copy = NULL, spread, flat;
  int axis;
  moth_shape shape = { .rank = 0 };
  moth_status status = read_positions(call, &axis, &ids);
  if (status == MOTH_OK) status = index_shape(call, t, axis, ids, &shape);
  if (status == MOTH_OK && call->class->code == POSITIONS_ADD) status = check_sum(call, t);
  if (status == MOTH_OK) status = operation_fitting(call, &call->inputs[2], t, shape.rank, shape.size, &seen);
  if (status == MOTH_OK) {
    positions_of_slices(t, axis, ids, &spread);
    status = flatten_positions(call, seen, &spread, &flat, &copy);
  }
  if (status == MOTH_OK) positions_run(call->m, (positions_work)call->class->code, t, axis, &spread, call->m->index_base, &flat);
  moth_release(copy);
  moth_release(seen);
  moth_release(ids);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

#define SCATTER_ROW(word, function, code_, foreign_, doc_, example_)                                                                       \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(scatter_options),             \
                                                               .foreign = (foreign_) },                                                    \
                                                      .inputs = 3,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD | MOTH_ONLY_TWIN | MOTH_NUMBERS },                              \
                                             .apply = function,                                                                            \
                                             .code = (code_) }
SCATTER_ROW(index_put_, apply_slices, POSITIONS_PUT, "index_copy_ index_fill_ put_",
            "puts values into the slices at the given positions of an axis; t[ids] = v for rows\n"
            "The values, a number or what broadcasts to the shape of index(axis, ids), are converted; of equal positions the last wins",
            "moth.zeros(4, 2):index_put_(1, moth.tensor({ 1, 3 }, { dtype = \"i64\" }), 7)");
SCATTER_ROW(index_add_, apply_slices, POSITIONS_ADD, "add_at",
            "adds values to the slices at the given positions of an axis; equal positions add up\n"
            "The values, a number or what broadcasts to the shape of index(axis, ids), must not need a wider dtype",
            "moth.zeros(3):index_add_(1, moth.tensor({ 1, 3, 3 }, { dtype = \"i64\" }), 1)");

static moth_status apply_scatter(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *ids = NULL, *seen = NULL;
  int axis;
  moth_status status = read_positions(call, &axis, &ids);
  bool fits = status == MOTH_OK && ids->rank == t->rank;
  for (int i = 0; fits && i < t->rank; i++) fits = i == axis || ids->size[i] <= t->size[i];
  if (status == MOTH_OK && !fits) {
    status = context_fail(call->m, MOTH_SHAPE, call->where, "positions %s do not fit %s",
                          tensor_shape_text(operation_tensor(call, 1)->dtype, ids->rank, ids->size).text, tensor_text(t).text);
  }
  if (status == MOTH_OK) status = operation_fitting(call, &call->inputs[2], t, ids->rank, ids->size, &seen);
  if (status == MOTH_OK) positions_run(call->m, POSITIONS_PUT, t, axis, ids, call->m->index_base, seen);
  moth_release(seen);
  moth_release(ids);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

SCATTER_ROW(scatter_, apply_scatter, POSITIONS_PUT, "put_along_axis",
            "puts values along an axis: each into the element of its own lane that its position names; the counterpart of gather\n"
            "x[ids[i][j]][j] = v[i][j] along axis 1 of a matrix; v is a number or broadcasts to the shape of ids; the last of equals wins",
            "moth.zeros(2, 3):scatter_(2, moth.tensor({ { 3 }, { 1 } }, { dtype = \"i64\" }), 1)");
