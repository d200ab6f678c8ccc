/* Running sums and products along one axis. */
#include "math/loops_reduce.h"
#include "operations/lanes.h"

static const moth_option_row running_options[] = { OPTION_AXIS_OR(-1, 1, "the axis to go along; absent: the last") };

typedef struct running {
  moth *m;
  moth_dtype dtype;
  loops_running_function function;
  loops_number start;
  int64_t n, x_step, y_step, width, result_width;
} running;

static bool run_lane(void *data, char *const *lane) {
  const running *r = data;
  loops_number state = r->start;
  for (int64_t done = 0; done < r->n; done += LOOPS_POLL) {
    if (done > 0 && context_is_cancelled(r->m)) return false;
    int64_t n = r->n - done < LOOPS_POLL ? r->n - done : LOOPS_POLL;
    const char *x = lane[0] + done * r->x_step * r->width;
    r->function(x, r->x_step, lane[1] + done * r->y_step * r->result_width, r->y_step, n, &state);
  }
  return true;
}

static moth_status apply_running(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  bool product = call->class->code != 0;
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, 0), &axis);
  if (status != MOTH_OK) return status;
  moth_dtype dtype = dtype_is_real(t->dtype) ? t->dtype : MOTH_I64;
  if (call->in_place && dtype != t->dtype) {
    return context_fail(call->m, MOTH_DTYPE, call->where, "%s gives %s; in place the dtype stays %s", tensor_text(t).text,
                        moth_dtype_name(dtype), moth_dtype_name(t->dtype));
  }
  status = tensor_new(call->m, call->where, dtype, t->rank, t->size, false, &out);
  if (status != MOTH_OK) return status;
  running r = { .m = call->m,
                .dtype = t->dtype,
                .function = loops_running(product, t->dtype),
                .n = t->size[axis],
                .x_step = t->strides[axis],
                .y_step = out->strides[axis],
                .width = (int64_t)dtype_size(t->dtype),
                .result_width = (int64_t)dtype_size(out->dtype) };
  if (dtype_is_real(t->dtype)) r.start.real = product;
  else r.start.integer = product;
  moth_tensor *tensors[] = { t, out };
  if (t->count > 0 && !lanes_run(call->m, tensors, 2, axis, run_lane, &r)) status = operation_cancelled(call);
  if (status == MOTH_OK && !call->in_place) return operation_give(call, 0, out), MOTH_OK;
  if (status == MOTH_OK) status = tensor_copy(call->m, call->where, out, t);
  moth_release(out);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

const operation_class operation_cumsum = {
  .row = { .row = { ROW_TEXTS(
                        "cumsum",
                        "running sums along an axis\nf32 gathers in f64; integers and bools give i64, which wraps around beyond 2^63.",
                        "moth.tensor{ 1, 2, 3 }:cumsum()"),
                    ROW_OPTIONS(running_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN },
  .twin = "cumsum_",
  .apply = apply_running,
  .code = 0,
};
const operation_class operation_cumprod = {
  .row = { .row = { ROW_TEXTS("cumprod",
                              "running products along an axis\nf32 gathers in f64; integers and bools give i64, which wraps around beyond "
                              "2^63.",
                              "moth.tensor{ 1, 2, 3 }:cumprod()"),
                    ROW_OPTIONS(running_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN },
  .twin = "cumprod_",
  .apply = apply_running,
  .code = 1,
};
