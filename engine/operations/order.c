/* Along one axis: sorting and running sums. */
#include "core/memory.h"
#include "operations/lanes.h"

#define OPTION_LAST_AXIS(text)                                                                                                             \
  { .key = "axis", .doc = (text), .kinds = MOTH_OPTION_INT, .position = 1, .flags = MOTH_POSITION, .fallback = MOTH_INT(NULL, -1) }

enum { ORDER_AXIS, ORDER_DESCENDING };
static const moth_option_row order_options[] = {
  [ORDER_AXIS] = OPTION_LAST_AXIS("the axis to sort along; absent: the last"),
  [ORDER_DESCENDING] = { .key = "descending", .doc = "largest first", .kinds = MOTH_OPTION_FLAG, .fallback = MOTH_FLAG(NULL, false) },
};

/* Room for one lane, and how it is to be sorted. */
typedef struct sorting {
  moth *m;
  moth_dtype dtype;
  int64_t n, in_step, value_step, order_step; /* steps in bytes */
  char *values;
  int64_t *order, *spare;
  bool descending, only_positions;
} sorting;

static bool sort_lane(void *data, char *const *lane) {
  sorting *s = data;
  int64_t width = (int64_t)dtype_size(s->dtype);
  loops_cast(s->dtype, s->dtype)(lane[0], s->in_step, s->values, width, s->n);
  for (int64_t i = 0; i < s->n; i++) s->order[i] = i;
  if (!loops_sort(s->m, s->dtype, s->values, s->order, s->spare, s->n, s->descending)) return false;
  loops_cast_function move = loops_cast(s->dtype, s->dtype);
  for (int64_t i = 0; i < s->n; i++) {
    *(int64_t *)(lane[1] + i * s->order_step) = s->order[i] + s->m->index_base;
    if (!s->only_positions) move(s->values + s->order[i] * width, 0, lane[2] + i * s->value_step, 0, 1);
  }
  return true;
}

static moth_status sort_tensor(const operation_call *call, moth_tensor *t, int axis, moth_tensor *values, moth_tensor *positions) {
  moth *m = call->m;
  size_t n = (size_t)t->size[axis], width = dtype_size(t->dtype);
  sorting s = { .m = m,
                .dtype = t->dtype,
                .n = (int64_t)n,
                .in_step = t->strides[axis] * (int64_t)width,
                .value_step = values ? values->strides[axis] * (int64_t)width : 0,
                .order_step = positions->strides[axis] * 8,
                .descending = options_flag(call->options, ORDER_DESCENDING),
                .only_positions = !values };
  moth_status status = MOTH_OK;
  s.values = memory_new(m, n, width);
  if (s.values) s.order = memory_new(m, n, sizeof *s.order);
  if (s.order) s.spare = memory_new(m, n, sizeof *s.spare);
  if (!s.spare) status = context_within(m, m->status, call->where);
  moth_tensor *tensors[] = { t, positions, values };
  if (status == MOTH_OK && !lanes_run(m, tensors, values ? 3 : 2, axis, sort_lane, &s)) status = operation_cancelled(call);
  memory_free(m, s.spare, n, sizeof *s.spare);
  memory_free(m, s.order, n, sizeof *s.order);
  memory_free(m, s.values, n, width);
  return status;
}

static moth_status apply_sort(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *values = NULL, *positions;
  bool only_positions = call->class->code != 0;
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, ORDER_AXIS), &axis);
  if (status != MOTH_OK) return status;
  if (!only_positions) {
    status = tensor_new(call->m, call->where, t->dtype, t->rank, t->size, false, &values);
    if (status != MOTH_OK) return status;
    operation_give(call, 0, values);
  }
  status = tensor_new(call->m, call->where, MOTH_I64, t->rank, t->size, false, &positions);
  if (status != MOTH_OK) return status;
  operation_give(call, only_positions ? 0 : 1, positions);
  return t->count == 0 ? MOTH_OK : sort_tensor(call, t, axis, values, positions);
}

const operation_class operation_sort = {
  .row = { .row = { ROW_TEXTS("sort", "values in order along an axis, and where each stood; stable, nan last",
                              "moth.tensor{ 3, 1, 2 }:sort()"),
                    ROW_OPTIONS(order_options) },
           .inputs = 1,
           .results = 2,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_sort,
  .code = 0,
};
const operation_class operation_argsort = {
  .row = { .row = { ROW_TEXTS("argsort", "where the values in order stand along an axis; stable, nan last",
                              "moth.tensor{ 3, 1, 2 }:argsort()"),
                    ROW_OPTIONS(order_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_sort,
  .code = 1,
};

static const moth_option_row cumulative_options[] = { OPTION_LAST_AXIS("the axis to add up along; absent: the last") };

typedef struct running {
  moth_dtype dtype;
  int64_t n, x_step, y_step;
} running;

static bool sum_lane(void *data, char *const *lane) {
  const running *r = data;
  loops_cumsum(r->dtype, lane[0], r->x_step, lane[1], r->y_step, r->n);
  return true;
}

static moth_status apply_cumsum(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, 0), &axis);
  if (status != MOTH_OK) return status;
  status = tensor_new(call->m, call->where, dtype_is_real(t->dtype) ? t->dtype : MOTH_I64, t->rank, t->size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  running r = { .dtype = t->dtype, .n = t->size[axis], .x_step = t->strides[axis], .y_step = out->strides[axis] };
  moth_tensor *tensors[] = { t, out };
  if (t->count > 0 && !lanes_run(call->m, tensors, 2, axis, sum_lane, &r)) return operation_cancelled(call);
  return MOTH_OK;
}

const operation_class operation_cumsum = {
  .row = { .row = { ROW_TEXTS("cumsum", "running sums along an axis; integers and bools give i64", "moth.tensor{ 1, 2, 3 }:cumsum()"),
                    ROW_OPTIONS(cumulative_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_cumsum,
};
