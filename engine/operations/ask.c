/* Questions about whole tensors: equal, allclose, has_nan. */
#include <math.h>

#include "math/loops.h"
#include "operations/support.h"

enum { CHUNK = 256 };

/* Two tensors walked in step, chunks of each cast to one dtype. */
typedef struct question {
  moth_dtype from[2], in;
  double relative, absolute;
  bool exact, failed;
} question;

static bool is_close(double a, double b, const question *q) {
  if (a == b) return true;
  return isfinite(a) && isfinite(b) && fabs(a - b) <= q->absolute + q->relative * fabs(b);
}

static void ask_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  question *q = data;
  union {
    double real[CHUNK];
    int64_t integer[CHUNK];
  } x[2];
  for (int64_t done = 0; done < n && !q->failed; done += CHUNK) {
    int64_t count = n - done < CHUNK ? n - done : CHUNK;
    for (int o = 0; o < 2; o++) loops_cast(q->from[o], q->in)(at[o] + done * steps[o], steps[o], &x[o], 8, count);
    for (int64_t i = 0; i < count; i++) {
      if (q->in == MOTH_I64) q->failed |= x[0].integer[i] != x[1].integer[i];
      else if (q->exact) q->failed |= !(x[0].real[i] == x[1].real[i]);
      else q->failed |= !is_close(x[0].real[i], x[1].real[i], q);
    }
  }
}

/* Asks over the broadcast shape. */
static moth_status ask(const operation_call *call, question *q, const moth_shape *shape) {
  loops_walk walk = { .operands = 2 };
  for (int i = 0; i < shape->rank; i++) walk.size[i] = shape->size[i];
  for (int o = 0; o < 2; o++) {
    const moth_tensor *t = operation_tensor(call, o);
    q->from[o] = t->dtype;
    walk.at[o] = t->values;
    shape_broadcast_strides(t->rank, t->size, t->strides, shape->rank, walk.strides[o]);
    for (int i = 0; i < shape->rank; i++) walk.strides[o][i] *= (int64_t)dtype_size(t->dtype);
  }
  bool is_empty = false;
  for (int i = 0; i < shape->rank; i++) is_empty |= shape->size[i] == 0;
  walk.rank = shape_merge(shape->rank, walk.size, 2, walk.strides);
  if (!is_empty && !loops_run(call->m, &walk, ask_run, q)) return operation_cancelled(call);
  call->results[0] = (moth_value) { .kind = MOTH_FLAG_VALUE, .as.flag = !q->failed };
  return MOTH_OK;
}

static moth_status apply_equal(const operation_call *call) {
  const moth_tensor *a = operation_tensor(call, 0), *b = operation_tensor(call, 1);
  if (a->dtype != b->dtype || !shape_equal(a->rank, a->size, b->rank, b->size)) {
    call->results[0] = (moth_value) { .kind = MOTH_FLAG_VALUE, .as.flag = false };
    return MOTH_OK;
  }
  question q = { .in = dtype_is_real(a->dtype) ? MOTH_F64 : MOTH_I64, .exact = true };
  moth_shape shape = shape_of(a->rank, a->size);
  return ask(call, &q, &shape);
}

const operation_class operation_equal = {
  .row = { .row = { ROW_TEXTS("equal", "whether dtype, shape and all values are the same; a == b in scripts; nan equals nothing",
                              "moth.eye(2):equal(moth.ones(2, 2))"),
                    .foreign = "array_equal" },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "boolean" },
  .apply = apply_equal,
};

enum { CLOSE_RELATIVE, CLOSE_ABSOLUTE };
#define OPTION_TOLERANCE(name, text, value)                                                                                                \
  {                                                                                                                                        \
    .key = name, .doc = text, .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED, .low = 0, .high = 1.7976931348623157e308,                   \
    .fallback = MOTH_REAL(NULL, value)                                                                                                     \
  }
static const moth_option_row close_options[] = {
  [CLOSE_RELATIVE] = OPTION_TOLERANCE("rtol", "what they may differ by, times |b|", 1e-5),
  [CLOSE_ABSOLUTE] = OPTION_TOLERANCE("atol", "what they may differ by besides", 1e-8),
};

static moth_status apply_allclose(const operation_call *call) {
  const moth_tensor *a = operation_tensor(call, 0), *b = operation_tensor(call, 1);
  moth_shape shape = { .rank = 0 };
  int axis;
  if (!shape_broadcast(a->rank, a->size, b->rank, b->size, &shape.rank, shape.size, &axis)) {
    int of_a = axis - (a->rank < b->rank ? b->rank - a->rank : 0), of_b = axis - (b->rank < a->rank ? a->rank - b->rank : 0);
    return context_fail(call->m, MOTH_SHAPE, call->where, "%s and %s do not broadcast: axis %d is %lld against %lld", tensor_text(a).text,
                        tensor_text(b).text, axis + call->m->index_base, (long long)a->size[of_a], (long long)b->size[of_b]);
  }
  question q = { .in = MOTH_F64,
                 .relative = options_real(call->options, CLOSE_RELATIVE),
                 .absolute = options_real(call->options, CLOSE_ABSOLUTE) };
  return ask(call, &q, &shape);
}

const operation_class operation_allclose = {
  .row = { .row = { ROW_TEXTS("allclose", "whether |a - b| <= atol + rtol*|b| everywhere, broadcast; nan is close to nothing",
                              "moth.ones(2):allclose(moth.full({ 2 }, 1.0001), { rtol = 1e-3 })"),
                    .foreign = "isclose", ROW_OPTIONS(close_options) },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "boolean" },
  .apply = apply_allclose,
};

static void nan_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  question *q = data;
  bool found = false;
  if (q->in == MOTH_F32 && steps[0] == 4) {
    const float *x = (const float *)(const void *)at[0];
    for (int64_t i = 0; i < n; i++) found |= x[i] != x[i];
  } else if (q->in == MOTH_F64 && steps[0] == 8) {
    const double *x = (const double *)(const void *)at[0];
    for (int64_t i = 0; i < n; i++) found |= x[i] != x[i];
  } else {
    const char *x = at[0];
    for (int64_t i = 0; i < n; i++, x += steps[0]) {
      double v = q->in == MOTH_F32 ? (double)*(const float *)(const void *)x : *(const double *)(const void *)x;
      found |= v != v;
    }
  }
  q->failed |= found;
}

static moth_status apply_has_nan(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  question q = { .in = t->dtype };
  if (dtype_is_real(t->dtype) && t->count > 0) {
    loops_walk walk = { .operands = 1, .at = { t->values } };
    for (int i = 0; i < t->rank; i++) walk.size[i] = t->size[i], walk.strides[0][i] = t->strides[i] * (int64_t)dtype_size(t->dtype);
    walk.rank = shape_merge(t->rank, walk.size, 1, walk.strides);
    if (!loops_run(call->m, &walk, nan_run, &q)) return operation_cancelled(call);
  }
  call->results[0] = (moth_value) { .kind = MOTH_FLAG_VALUE, .as.flag = q.failed };
  return MOTH_OK;
}

const operation_class operation_has_nan = {
  .row = { .row = { ROW_TEXTS("has_nan", "whether a value is not a number", "moth.tensor{ 1, 0/0 }:has_nan()") },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "boolean" },
  .apply = apply_has_nan,
};
