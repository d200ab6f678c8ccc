/* softmax and its logarithm along any axis: y = exp(x) / sum exp(x), computed less the largest, so that nothing overflows. */
#include "math/kernels.h"
#include "math/loops.h"
#include "operations/support.h"

enum { SOFTMAX_AXIS, SOFTMAX_REAL };
static const moth_option_row softmax_options[] = {
  [SOFTMAX_AXIS] = OPTION_AXIS(1, "the axis whose values sum to 1; default the last", 0),
  [SOFTMAX_REAL] = OPTION_REAL,
};

/* Over the last axis of a contiguous tensor, in place. False once cancelled. */
static bool run_rows(const operation_call *call, moth_tensor *t) {
  const real_kernels *k = &call->m->kernels->of[t->dtype];
  void (*rows)(const void *, void *, int64_t, int64_t) = call->class->code ? k->log_softmax : k->softmax;
  int64_t columns = t->rank > 0 ? t->size[t->rank - 1] : 1, count = columns > 0 ? t->count / columns : 0;
  int64_t most = columns > LOOPS_POLL ? 1 : LOOPS_POLL / (columns > 0 ? columns : 1);
  for (int64_t row = 0; row < count; row += most) {
    char *at = t->values + row * columns * (int64_t)dtype_size(t->dtype);
    if (context_is_cancelled(call->m)) return false;
    rows(at, at, count - row < most ? count - row : most, columns);
  }
  return true;
}

/* Puts the axis last. */
static moth_status turn(const operation_call *call, moth_tensor *t, int axis, moth_tensor **turned) {
  int axes[MOTH_MAX_RANK], n = 0;
  for (int i = 0; i < t->rank; i++) {
    if (i != axis) axes[n++] = i;
  }
  if (t->rank > 0) axes[n] = axis;
  return context_within(call->m, moth_tensor_permute(call->m, t, axes, turned), call->where);
}

static moth_status apply_softmax(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *turned = NULL, *rows = NULL, *out = NULL, *place = NULL;
  int axis = t->rank - 1;
  moth_status status = MOTH_OK;
  if (options_is_set(call->options, SOFTMAX_AXIS)) {
    status = operation_axis(call, t, options_int(call->options, SOFTMAX_AXIS), &axis);
    if (status != MOTH_OK) return status;
  }
  moth_dtype dtype = dtype_is_real(t->dtype) ? t->dtype : operation_dtype(call, SOFTMAX_REAL, MOTH_F32);
  if (call->in_place && dtype != t->dtype) {
    return context_fail(call->m, MOTH_DTYPE, call->where, "%s gives %s; in place the dtype stays %s", tensor_text(t).text,
                        moth_dtype_name(dtype), moth_dtype_name(t->dtype));
  }
  status = turn(call, t, axis, &turned);
  if (status == MOTH_OK) status = tensor_clone(call->m, call->where, turned, dtype, &rows);
  if (status == MOTH_OK && !run_rows(call, rows)) status = operation_cancelled(call);
  bool is_last = axis == t->rank - 1;
  if (status == MOTH_OK && call->in_place) out = moth_retain(t);
  else if (status == MOTH_OK && is_last) out = moth_retain(rows);
  else if (status == MOTH_OK) status = tensor_new(call->m, call->where, dtype, t->rank, t->size, false, &out);
  if (status == MOTH_OK && out != rows) {
    status = turn(call, out, axis, &place);
    if (status == MOTH_OK) status = tensor_copy(call->m, call->where, rows, place);
  }
  moth_release(turned), moth_release(rows), moth_release(place);
  if (status == MOTH_OK) operation_give(call, 0, out);
  else moth_release(out);
  return status;
}

const operation_class operation_softmax = {
  .row = { .row = { ROW_TEXTS("softmax",
                              "exp(x) as parts of their sum along an axis, the last by default\nShapes stay; a nan makes its whole row nan",
                              "moth.tensor{ { 1, 2, 3 }, { 1, 1, 1 } }:softmax()"),
                    ROW_OPTIONS(softmax_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN },
  .twin = "softmax_",
  .apply = apply_softmax,
};
const operation_class operation_log_softmax = {
  .row = { .row = { ROW_TEXTS("log_softmax",
                              "the logarithm of softmax along an axis, the last by default: x - log(sum exp(x))\n"
                              "Exact where softmax itself is 0",
                              "moth.tensor{ { 1, 2, 3 }, { 0, 0, 1000 } }:log_softmax(-1)"),
                    ROW_OPTIONS(softmax_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN },
  .twin = "log_softmax_",
  .apply = apply_softmax,
  .code = 1,
};
