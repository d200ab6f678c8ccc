/* Linear algebra on matrices: trace, pinv. */
#include "math/linear.h"

#include <math.h>

#include "operations/support.h"

static moth_status check_matrix(const operation_call *call, const moth_tensor *t) {
  if (t->rank >= 2) return MOTH_OK;
  return context_fail(call->m, MOTH_SHAPE, call->where, "takes a matrix, got %s", tensor_text(t).text);
}

static moth_status apply_trace(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  if (t->rank != 2) return context_fail(call->m, MOTH_SHAPE, call->where, "takes a matrix, got %s", tensor_text(t).text);
  int64_t n = t->size[0] < t->size[1] ? t->size[0] : t->size[1], step = (t->strides[0] + t->strides[1]) * (int64_t)dtype_size(t->dtype);
  const char *at = t->values;
  double sum = 0;
  uint64_t whole = 0;
  for (int64_t i = 0; i < n; i++, at += step) {
    if (t->dtype == MOTH_I64) whole += (uint64_t) * (const int64_t *)at;
    else if (!dtype_is_real(t->dtype)) whole += *(const uint8_t *)at;
    else sum += dtype_load(t->dtype, at);
  }
  if (dtype_is_real(t->dtype)) call->results[0] = (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = sum };
  else call->results[0] = (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = (int64_t)whole };
  return MOTH_OK;
}

const operation_class operation_trace = {
  .row = { .row = { ROW_TEXTS("trace", "the sum of the diagonal", "moth.eye(3):trace()") },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_trace,
};

enum { PINV_CUTOFF, PINV_REAL };
static const moth_option_row pinv_options[] = {
  [PINV_CUTOFF] = { .key = "cutoff",
                    .doc =
                        "singular values up to this share of the largest count as 0; absent: max(rows, columns) times the dtype's epsilon",
                    .kinds = MOTH_OPTION_REAL,
                    .position = 1,
                    .flags = MOTH_RANGED,
                    .low = 0,
                    .high = 1 },
  [PINV_REAL] = OPTION_REAL,
};

static moth_status apply_pinv(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *a, *out;
  moth_dtype dtype = dtype_is_real(t->dtype) ? t->dtype : operation_dtype(call, PINV_REAL, MOTH_F32);
  double cutoff = options_is_set(call->options, PINV_CUTOFF) ? options_real(call->options, PINV_CUTOFF) : -1;
  moth_status status = check_matrix(call, t);
  if (status != MOTH_OK) return status;
  int64_t rows = t->size[t->rank - 2], columns = t->size[t->rank - 1], size[MOTH_MAX_RANK];
  for (int i = 0; i < t->rank - 2; i++) size[i] = t->size[i];
  size[t->rank - 2] = columns, size[t->rank - 1] = rows;
  status = tensor_new(m, call->where, dtype, t->rank, size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  if (out->count == 0) return MOTH_OK;
  status = tensor_contiguous(m, call->where, t, dtype, &a);
  if (status != MOTH_OK) return status;
  int64_t step = rows * columns * (int64_t)dtype_size(dtype), matrices = t->count / (rows * columns);
  for (int64_t i = 0; status == MOTH_OK && i < matrices; i++) {
    status = context_poll(m, call->where);
    if (status == MOTH_OK) status = linear_pinv(m, call->where, dtype, rows, columns, a->values + i * step, cutoff, out->values + i * step);
  }
  moth_release(a);
  return status;
}

const operation_class operation_pinv = {
  .row = { .row = { ROW_TEXTS("pinv",
                              "the Moore-Penrose inverse of a matrix, or of each of a "
                              "stack\n[rows,columns] gives [columns,rows]; by singular values",
                              "moth.tensor{ {1, 2}, {3, 4}, {5, 6} }:pinv()"),
                    ROW_OPTIONS(pinv_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_pinv,
};
