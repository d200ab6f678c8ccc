/* Sorted sequences: what is in a tensor, and where values belong. */
#include <string.h>

#include "core/memory.h"
#include "math/sort.h"
#include "operations/lanes.h"

/* ---- unique ---------------------------------------------------------------------------------------------------------------------- */

/* Whether neighbours in order are the same value; all NaN are one. */
static bool is_same(moth_dtype dtype, const char *a, const char *b) {
  if (dtype == MOTH_I64) return memcmp(a, b, sizeof(int64_t)) == 0;
  if (!dtype_is_real(dtype)) return *a == *b;
  double x = dtype_load(dtype, a), y = dtype_load(dtype, b);
  return x == y || (x != x && y != y);
}

/* Distinct values of n in order; values and counts NULL: only how many. Negative once a cancel was seen. */
static int64_t distinct(moth *m, moth_dtype dtype, const char *sorted, int64_t n, char *values, int64_t *counts) {
  int64_t width = (int64_t)dtype_size(dtype), found = 0, first = 0;
  for (int64_t i = 1; i <= n; i++) {
    if (i % LOOPS_POLL == 0 && context_is_cancelled(m)) return -1;
    if (i < n && is_same(dtype, sorted + i * width, sorted + first * width)) continue;
    if (values) memcpy(values + found * width, sorted + first * width, (size_t)width);
    if (counts) counts[found] = i - first;
    found++;
    first = i;
  }
  return found;
}

static moth_status give_distinct(const operation_call *call, moth_dtype dtype, const char *sorted, int64_t n) {
  moth_tensor *values, *counts;
  int64_t found = distinct(call->m, dtype, sorted, n, NULL, NULL);
  if (found < 0) return operation_cancelled(call);
  moth_status status = tensor_new(call->m, call->where, dtype, 1, &found, false, &values);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, values);
  status = tensor_new(call->m, call->where, MOTH_I64, 1, &found, false, &counts);
  if (status != MOTH_OK) return status;
  operation_give(call, 1, counts);
  found = distinct(call->m, dtype, sorted, n, values->values, (int64_t *)counts->values);
  return found < 0 ? operation_cancelled(call) : MOTH_OK;
}

static moth_status apply_unique(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *plain;
  size_t width = dtype_size(t->dtype), bytes, all;
  if (t->count == 0) return give_distinct(call, t->dtype, NULL, 0);
  moth_status status = tensor_contiguous(m, call->where, t, t->dtype, &plain);
  if (status != MOTH_OK) return status;
  if (!sort_room(t->dtype, t->count, &bytes) || __builtin_add_overflow(bytes, (size_t)t->count * width, &all)) bytes = all = SIZE_MAX;
  char *room = memory_aligned(m, all, false);
  if (!room) {
    moth_release(plain);
    return context_within(m, m->status, call->where);
  }
  char *sorted = room + bytes;
  sort_lane lane = { .dtype = t->dtype, .x = plain->values, .step = (int64_t)width, .n = t->count };
  sort_places places = { .count = t->count, .y = sorted, .y_step = (int64_t)width };
  status = sort_run(m, &lane, &places, room) ? give_distinct(call, t->dtype, sorted, t->count) : operation_cancelled(call);
  memory_aligned_free(m, room, all);
  moth_release(plain);
  return status;
}

const operation_class operation_unique = {
  .row = { .row = { ROW_TEXTS("unique",
                              "the distinct values in order, and how often each is there\nOf all elements; nan, last, counts as one value.",
                              "moth.tensor{ 3, 1, 3 }:unique()") },
           .inputs = 1,
           .results = 2,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "values, counts" },
  .apply = apply_unique,
};

/* ---- searchsorted ---------------------------------------------------------------------------------------------------------------- */

enum { SEARCH_RIGHT };
static const moth_option_row search_options[] = {
  [SEARCH_RIGHT] = { .key = "right",
                     .doc = "behind values that are equal, not before them",
                     .kinds = MOTH_OPTION_FLAG,
                     .fallback = MOTH_FLAG(NULL, false),
                     .foreign = "side" },
};

/* A sorted sequence; positions in it are found by halving what remains, without branches. */
typedef struct sequence {
  const char *x;
  int64_t step, n; /* step in bytes */
  bool right;
  int64_t base;
} sequence;
typedef int64_t (*search_function)(const sequence *s, const void *value);

/* NaN lies behind all numbers. right: where the first x greater than the value is; else the first that is not less. */
#define SEARCH(name, T, C)                                                                                                                 \
  static int64_t search_##name(const sequence *s, const void *value) {                                                                     \
    C v = *(const C *)value;                                                                                                               \
    const char *from = s->x;                                                                                                               \
    bool is_nan = v != v;                                                                                                                  \
    int64_t n = s->n, at = 0;                                                                                                              \
    while (n > 0) {                                                                                                                        \
      int64_t half = n / 2;                                                                                                                \
      C x = (C) * (const T *)(from + (at + half) * s->step);                                                                               \
      bool before = s->right ? x <= v || is_nan : x < v || (is_nan && x == x);                                                             \
      at += before ? half + 1 : 0;                                                                                                         \
      n = before ? n - half - 1 : half;                                                                                                    \
    }                                                                                                                                      \
    return at;                                                                                                                             \
  }
SEARCH(f32_f64, float, double)
SEARCH(f64_f64, double, double)
SEARCH(i64_f64, int64_t, double)
SEARCH(u8_f64, uint8_t, double)
SEARCH(i64_i64, int64_t, int64_t)
SEARCH(u8_i64, uint8_t, int64_t)

/* What is compared: integers with integers as such, all else in f64. */
static search_function choose_search(moth_dtype dtype, bool in_integers) {
  switch (dtype) {
  case MOTH_F32:
    return search_f32_f64;
  case MOTH_F64:
    return search_f64_f64;
  case MOTH_I64:
    return in_integers ? search_i64_i64 : search_i64_f64;
  default:
    return in_integers ? search_u8_i64 : search_u8_f64;
  }
}

enum { SEARCHES = 1 << 13 }; /* between looks at the cancel flag: each may wait for memory many times */
typedef struct searching {
  moth *m;
  bool stopped;
  sequence s;
  search_function function;
  loops_cast_function cast; /* of values to what is compared */
} searching;

static void search_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  searching *self = data;
  for (int64_t i = 0; i < n && !self->stopped; i++) {
    if (i % SEARCHES == SEARCHES - 1) self->stopped = context_is_cancelled(self->m);
    int64_t value; /* or a double: eight bytes */
    self->cast(at[1] + i * steps[1], 0, &value, 0, 1);
    *(int64_t *)(at[0] + i * steps[0]) = self->function(&self->s, &value) + self->s.base;
  }
}

static moth_status search_tensor(const operation_call *call, searching *self, const moth_tensor *values) {
  moth_tensor *out;
  moth_status status = tensor_new(call->m, call->where, MOTH_I64, values->rank, values->size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  if (out->count == 0) return MOTH_OK;
  loops_walk walk = { .operands = 2, .at = { out->values, values->values } };
  for (int i = 0; i < values->rank; i++) {
    walk.size[i] = values->size[i];
    walk.strides[0][i] = out->strides[i] * (int64_t)sizeof(int64_t);
    walk.strides[1][i] = values->strides[i] * (int64_t)dtype_size(values->dtype);
  }
  walk.rank = shape_merge(values->rank, walk.size, 2, walk.strides);
  return loops_run(call->m, &walk, search_run, self) && !self->stopped ? MOTH_OK : operation_cancelled(call);
}

static moth_status apply_searchsorted(const operation_call *call) {
  const moth_value *value = &call->inputs[1];
  if (call->inputs[0].kind != MOTH_TENSOR_VALUE) {
    return context_fail(call->m, MOTH_MISUSE, call->where, "argument 1 must be a tensor, the sorted sequence, got %s",
                        operation_value_text(&call->inputs[0]).text);
  }
  const moth_tensor *t = operation_tensor(call, 0);
  if (t->rank != 1) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "the sorted sequence must have one axis, got %s", tensor_text(t).text);
  }
  bool is_tensor = value->kind == MOTH_TENSOR_VALUE, is_real = value->kind == MOTH_REAL_VALUE;
  if (is_tensor) is_real = dtype_is_real(value->as.tensor->dtype);
  searching self = { .m = call->m, .s = { .x = t->values, .step = t->strides[0] * (int64_t)dtype_size(t->dtype), .n = t->size[0] } };
  self.s.right = options_flag(call->options, SEARCH_RIGHT);
  self.s.base = call->m->index_base;
  self.function = choose_search(t->dtype, !is_real);
  moth_dtype compared = is_real || dtype_is_real(t->dtype) ? MOTH_F64 : MOTH_I64;
  if (is_tensor) {
    self.cast = loops_cast(value->as.tensor->dtype, compared);
    return search_tensor(call, &self, value->as.tensor);
  }
  int64_t element;
  moth_status status = operation_number(call, value, compared, NULL, &element);
  if (status != MOTH_OK) return status;
  call->results[0] = (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = self.function(&self.s, &element) + self.s.base };
  return MOTH_OK;
}

const operation_class operation_searchsorted = {
  .row = { .row = { ROW_TEXTS(
                        "searchsorted",
                        "where values belong in a sorted sequence: the positions that they would be put in\nThe sequence has one axis "
                        "and rises, nan last; a position one behind the last means the end. Gives the values' shape.",
                        "moth.tensor{ 1, 3, 5 }:searchsorted(moth.tensor{ 0, 3, 9 })"),
                    ROW_OPTIONS(search_options) },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_NUMBERS,
           .gives = "tensor, or number of a number" },
  .apply = apply_searchsorted,
};
