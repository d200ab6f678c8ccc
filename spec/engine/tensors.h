/* tensors.h: tensors written as lists of numbers, layouts that show the same values through other strides, operations by name. */
#ifndef SPEC_TENSORS_H
#define SPEC_TENSORS_H

#include "support.h"

#include <math.h>

#include "core/random.h"
#include "tensor/tensor.h"

enum { TENSORS_MOST = 64 };

/* A row-major tensor of a dtype with these values; shape as SHAPE(2, 3). */
#define SHAPE(...)                                                                                                                         \
  ((int)(sizeof((int64_t[]) { __VA_ARGS__ }) / 8)), (const int64_t[]) { __VA_ARGS__ }
#define NUMBERS(...)                                                                                                                       \
  (const double[]) { __VA_ARGS__ }
static inline moth_tensor *tensors_make(moth *m, moth_dtype dtype, int rank, const int64_t *shape, const double *values) {
  moth_tensor *t = NULL;
  assert_ok(m, moth_tensor_create(m, dtype, rank, shape, &t));
  int64_t index[MOTH_MAX_RANK] = { 0 };
  for (int64_t i = 0; i < t->count; i++) {
    assert_ok(m, moth_tensor_set(m, t, index, values[i]));
    for (int axis = rank - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) index[axis] = 0;
  }
  return t;
}

static inline moth_value tensors_value(moth_tensor *t) { return (moth_value) { .kind = MOTH_TENSOR_VALUE, .as.tensor = t }; }
static inline moth_value tensors_real(double v) { return (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = v }; }
static inline moth_value tensors_int(int64_t v) { return (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = v }; }
static inline moth_value tensors_flag(bool v) { return (moth_value) { .kind = MOTH_FLAG_VALUE, .as.flag = v }; }

/* An operation by its name; `add_` is the twin of `add` where no row has that name. */
static inline moth_status tensors_try(moth *m, const char *name, const moth_value *inputs, int count, const moth_option *options,
                                      moth_value *results, int *result_count) {
  const moth_operation *row = moth_operation_find(m, name);
  bool twin = false;
  char plain[64];
  if (row == NULL && name[strlen(name) - 1] == '_') {
    snprintf(plain, sizeof plain, "%.*s", (int)strlen(name) - 1, name);
    row = moth_operation_find(m, plain);
    twin = true;
  }
  if (row == NULL) fail_msg("no operation '%s'", name);
  return moth_apply(m, row, twin, inputs, count, options, results, result_count);
}

/* The first result of an operation that must succeed; other tensors it gives are let go. */
#define OPTIONS(...)                                                                                                                       \
  (const moth_option[]) { __VA_ARGS__, MOTH_END }
static inline moth_value tensors_run(moth *m, const char *name, const moth_value *inputs, int count, const moth_option *options) {
  moth_value results[MOTH_MAX_RESULTS];
  int n = 0;
  moth_status status = tensors_try(m, name, inputs, count, options, results, &n);
  if (status != MOTH_OK) fail_msg("%s: %s: %s", name, moth_status_name(status), moth_message(m));
  for (int i = 1; i < n; i++) {
    if (results[i].kind == MOTH_TENSOR_VALUE) moth_release(results[i].as.tensor);
  }
  return results[0];
}
static inline moth_tensor *tensors_of(moth *m, const char *name, moth_tensor *t, const moth_option *options) {
  moth_value input = tensors_value(t), result = tensors_run(m, name, &input, 1, options);
  assert_int_equal(result.kind, MOTH_TENSOR_VALUE);
  return result.as.tensor;
}
static inline moth_tensor *tensors_of_two(moth *m, const char *name, moth_value a, moth_value b, const moth_option *options) {
  moth_value result = tensors_run(m, name, (moth_value[]) { a, b }, 2, options);
  assert_int_equal(result.kind, MOTH_TENSOR_VALUE);
  return result.as.tensor;
}
static inline double tensors_number(moth *m, const char *name, moth_tensor *t, const moth_option *options) {
  moth_value input = tensors_value(t), result = tensors_run(m, name, &input, 1, options);
  switch (result.kind) {
  case MOTH_REAL_VALUE:
    return result.as.real;
  case MOTH_INT_VALUE:
    return (double)result.as.integer;
  case MOTH_FLAG_VALUE:
    return result.as.flag;
  default:
    fail_msg("%s gives no number", name);
    return 0;
  }
}

/* Where element i in row-major order stands, and its value. */
static inline const char *tensors_address(const moth_tensor *t, int64_t i) {
  const char *at = t->values;
  for (int axis = t->rank - 1; axis >= 0; axis--) {
    at += i % t->size[axis] * t->strides[axis] * (int64_t)dtype_size(t->dtype);
    i /= t->size[axis];
  }
  return at;
}
static inline double tensors_at(const moth_tensor *t, int64_t i) { return dtype_load(t->dtype, tensors_address(t, i)); }

/* Asserts header and values, and lets the tensor go. */
static inline void tensors_assert(moth_tensor *t, const char *header, const double *values, double tolerance, const char *file, int line) {
  if (strcmp(tensor_text(t).text, header) != 0) {
    fprintf(stderr, "got %s, expected %s\n", tensor_text(t).text, header);
    _fail(file, line);
  }
  for (int64_t i = 0; i < t->count; i++) {
    double got = tensors_at(t, i), wanted = values[i];
    bool same = got == wanted || (got != got && wanted != wanted) || (got - wanted <= tolerance && wanted - got <= tolerance);
    if (same) continue;
    fprintf(stderr, "element %lld is %.17g, expected %.17g\n", (long long)i, got, wanted);
    _fail(file, line);
  }
  moth_release(t);
}
#define assert_tensor(t, header, ...) tensors_assert((t), (header), NUMBERS(__VA_ARGS__), 0, __FILE__, __LINE__)
#define assert_tensor_near(tolerance, t, header, ...) tensors_assert((t), (header), NUMBERS(__VA_ARGS__), (tolerance), __FILE__, __LINE__)

/* The same values through other strides. */
enum { LAYOUT_ROWS, LAYOUT_TRANSPOSED, LAYOUT_STEPPED, LAYOUT_BACKWARDS, LAYOUT_INNER, LAYOUTS };
static inline moth_status tensors_lay_out(moth *m, moth_tensor *t, int layout, moth_tensor **out) {
  if (t->rank == 0) layout = LAYOUT_ROWS;
  int64_t size[MOTH_MAX_RANK];
  int axes[MOTH_MAX_RANK], last = t->rank - 1;
  for (int i = 0; i < t->rank; i++) size[i] = t->size[i], axes[i] = last - i;
  if (layout == LAYOUT_ROWS) return tensor_clone(m, "layout", t, t->dtype, out);
  moth_tensor *ground = NULL;
  moth_status status;
  if (layout == LAYOUT_TRANSPOSED) {
    for (int i = 0; i <= last; i++) size[i] = t->size[last - i];
    status = tensor_new(m, "layout", t->dtype, t->rank, size, true, &ground);
    if (status == MOTH_OK) status = moth_tensor_permute(m, ground, axes, out);
  } else if (layout == LAYOUT_STEPPED) {
    size[last] = 2 * size[last] + 1;
    status = tensor_new(m, "layout", t->dtype, t->rank, size, true, &ground);
    if (status == MOTH_OK) status = moth_tensor_slice(m, ground, last, 1, t->size[last], 2, out);
  } else if (layout == LAYOUT_BACKWARDS) {
    status = tensor_new(m, "layout", t->dtype, t->rank, size, true, &ground);
    if (status == MOTH_OK) status = moth_tensor_slice(m, ground, 0, size[0] > 0 ? size[0] - 1 : 0, size[0], -1, out);
  } else {
    size[0] += 3;
    status = tensor_new(m, "layout", t->dtype, t->rank, size, true, &ground);
    if (status == MOTH_OK) status = moth_tensor_slice(m, ground, 0, 1, t->size[0], 1, out);
  }
  moth_release(ground);
  if (status != MOTH_OK) return status;
  status = tensor_copy(m, "layout", t, *out);
  if (status != MOTH_OK) moth_release(*out);
  return status;
}

#endif
