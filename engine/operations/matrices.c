#include "operations/matrices.h"

#include <math.h>

#include "core/text.h"
#include "math/kernels.h"

moth_status matrices_check(const operation_call *call, const moth_tensor *t, bool square) {
  if (t->rank < 2) return context_fail(call->m, MOTH_SHAPE, call->where, "takes a matrix, got %s", tensor_text(t).text);
  if (!square || t->size[t->rank - 2] == t->size[t->rank - 1]) return MOTH_OK;
  return context_fail(call->m, MOTH_SHAPE, call->where, "%s is not square", tensor_text(t).text);
}

moth_status matrices_dtype(const operation_call *call, int real, moth_dtype *dtype) {
  moth_dtype common = operation_tensor(call, 0)->dtype;
  for (int i = 1; i < call->input_count; i++) {
    const moth_tensor *t = operation_tensor(call, i);
    if (t->dtype == MOTH_BOOL) {
      return context_fail(call->m, MOTH_DTYPE, call->where, "takes f32, f64, i64 or u8, got %s", tensor_text(t).text);
    }
    common = dtype_promote(common, t->dtype);
  }
  *dtype = dtype_is_real(common) ? common : operation_dtype(call, real, MOTH_F32);
  return MOTH_OK;
}

/* "[2,3]": a position as the context's people count it. */
static void tell_position(const moth *m, int rank, const int64_t *size, int64_t i, text_line *line) {
  int64_t index[MOTH_MAX_RANK];
  for (int axis = rank - 1; axis >= 0; axis--) index[axis] = i % size[axis] + m->index_base, i /= size[axis];
  for (int axis = 0; axis < rank; axis++) text_line_add(line, "%s%lld", axis == 0 ? "[" : ",", (long long)index[axis]);
  text_line_add(line, "]");
}

static moth_status check_finite(const operation_call *call, const matrices *x) {
  moth *m = call->m;
  const moth_tensor *t = x->tensor;
  if (m->kernels->of[t->dtype].is_finite(t->values, t->count)) return MOTH_OK;
  int64_t i = 0;
  while (isfinite(dtype_load(t->dtype, t->values + i * (int64_t)dtype_size(t->dtype)))) i++;
  double value = dtype_load(t->dtype, t->values + i * (int64_t)dtype_size(t->dtype));
  char position[192];
  text_line line = { position, sizeof position, 0 };
  tell_position(m, t->rank, t->size, i, &line);
  return context_fail(m, MOTH_NUMERIC, call->where, "%s has %s at %s", tensor_text(x->given).text,
                      isnan(value) ? "nan" : value > 0 ? "inf" : "-inf", position);
}

moth_status matrices_open(const operation_call *call, moth_tensor *t, moth_dtype dtype, matrices *x) {
  *x = (matrices) { .given = t, .is_vector = t->rank == 1, .batch_rank = t->rank > 2 ? t->rank - 2 : 0 };
  x->rows = t->size[x->is_vector ? 0 : t->rank - 2];
  x->columns = x->is_vector ? 1 : t->size[t->rank - 1];
  if (t->count > 0) {
    x->step = x->rows * x->columns * (int64_t)dtype_size(dtype);
    x->count = t->count / (x->rows * x->columns);
  }
  moth_status status = tensor_contiguous(call->m, call->where, t, dtype, &x->tensor);
  if (status != MOTH_OK) return status;
  status = check_finite(call, x);
  if (status == MOTH_OK) return MOTH_OK;
  moth_release(x->tensor);
  x->tensor = NULL;
  return status;
}

moth_shape matrices_batch(const matrices *x) { return shape_of(x->batch_rank, x->given->size); }

moth_status matrices_give(const operation_call *call, int index, moth_dtype dtype, const moth_shape *batch, int rank, const int64_t *sizes,
                          moth_tensor **out) {
  moth_shape shape = *batch;
  for (int i = 0; i < rank; i++) shape.size[shape.rank++] = sizes[i];
  moth_status status = tensor_new(call->m, call->where, dtype, shape.rank, shape.size, false, out);
  if (status == MOTH_OK) operation_give(call, index, *out);
  return status;
}

/* "f64[3,3]", "matrix 2 of f64[5,3,3]", "matrix [2,1] of f64[5,4,3,3]" */
static tensor_words name_of(const operation_call *call, const matrices *x, int64_t i) {
  tensor_words words;
  text_line line = { words.text, sizeof words.text, 0 };
  if (x->batch_rank == 1) text_line_add(&line, "matrix %lld of ", (long long)(i + call->m->index_base));
  if (x->batch_rank > 1) {
    text_line_add(&line, "matrix ");
    tell_position(call->m, x->batch_rank, x->given->size, i, &line);
    text_line_add(&line, " of ");
  }
  text_line_add(&line, "%s", tensor_text(x->given).text);
  return words;
}

moth_status matrices_end(const operation_call *call, const linear *work, linear_outcome outcome, const matrices *x, int64_t i,
                         const char *hint) {
  moth *m = call->m;
  if (outcome == LINEAR_FINE) return MOTH_OK;
  if (outcome == LINEAR_CANCELLED) return operation_cancelled(call);
  tensor_words name = name_of(call, x, i);
  moth_status status = MOTH_NUMERIC;
  char share[32];
  switch (outcome) {
  case LINEAR_SINGULAR:
    context_fail(m, status, call->where, "%s is singular: pivot %lld is 0", name.text, (long long)(work->position + m->index_base));
    break;
  case LINEAR_CONDITION:
    text_format(share, sizeof share, "%.2g", work->reciprocal);
    context_fail(m, status, call->where, "%s is ill-conditioned: its reciprocal condition %s is below %s, the epsilon of %s", name.text,
                 share, work->dtype == MOTH_F32 ? "1.2e-07" : "2.2e-16", moth_dtype_name(work->dtype));
    break;
  case LINEAR_INDEFINITE:
    return context_fail(m, status, call->where, "%s is not positive definite: leading minor %lld", name.text, (long long)work->position);
  case LINEAR_OVERFLOW:
    return context_fail(m, status, call->where, "%s: its factors leave the range of %s", name.text,
                        moth_dtype_name(work->dtype));
  default:
    return context_fail(m, status, call->where, "%s: the iteration did not converge", name.text);
  }
  return hint ? context_hint(m, "%s", hint) : status;
}

moth_status matrices_pair_open(const operation_call *call, const matrices *a, const matrices *b, matrices_pair *pair) {
  moth *m = call->m;
  tensor_words left = tensor_text(a->given), right = tensor_text(b->given);
  int axis;
  if (a->rows != b->rows) {
    return context_fail(m, MOTH_SHAPE, call->where, "%s with %s: rows %lld and %lld differ", left.text, right.text, (long long)a->rows,
                        (long long)b->rows);
  }
  const int64_t *a_size = a->given->size, *b_size = b->given->size;
  if (!shape_broadcast(a->batch_rank, a_size, b->batch_rank, b_size, &pair->batch.rank, pair->batch.size, &axis)) {
    int wide = a->batch_rank > b->batch_rank ? a->batch_rank : b->batch_rank;
    int a_axis = axis - (wide - a->batch_rank), b_axis = axis - (wide - b->batch_rank);
    return context_fail(m, MOTH_SHAPE, call->where, "%s with %s: axes before the last two do not broadcast: axis %d is %lld against %lld",
                        left.text, right.text, axis + m->index_base, (long long)a_size[a_axis], (long long)b_size[b_axis]);
  }
  if (!shape_count(pair->batch.rank, pair->batch.size, &pair->count)) pair->count = 0; /* the result will be refused, too */
  const matrices *both[2] = { a, b };
  for (int k = 0; k < 2; k++) {
    int64_t strides[MOTH_MAX_RANK];
    shape_strides(both[k]->batch_rank, both[k]->given->size, strides);
    shape_broadcast_strides(both[k]->batch_rank, both[k]->given->size, strides, pair->batch.rank, pair->strides[k]);
  }
  return MOTH_OK;
}

void matrices_pair_at(const matrices_pair *pair, int64_t i, int64_t *a, int64_t *b) {
  *a = *b = 0;
  for (int axis = pair->batch.rank - 1; axis >= 0; axis--) {
    int64_t index = i % pair->batch.size[axis];
    i /= pair->batch.size[axis];
    *a += index * pair->strides[0][axis], *b += index * pair->strides[1][axis];
  }
}
