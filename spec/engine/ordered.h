/* ordered.h: what the tests of order and of counts share: values with many ties in every dtype, read exactly, and pairs of results. */
#ifndef SPEC_ORDERED_H
#define SPEC_ORDERED_H

#include "tensors.h"

/* Values with many ties; of floats some are special, of i64 some are far apart. */
static inline void fill(moth_tensor *t, uint64_t seed) {
  static const double marked[] = { NAN, INFINITY, -INFINITY, 0.0, -0.0, NAN };
  random_source source = { .seed = seed };
  double *u = malloc(sizeof *u * (size_t)(t->count + 1));
  random_uniform_f64(&source, u, t->count + 1, 0, 1);
  int64_t kinds = 2 + (int64_t)(seed % 5) * 400;
  for (int64_t i = 0; i < t->count; i++) {
    int64_t whole = (int64_t)(u[i] * (double)kinds) - kinds / 2;
    void *at = t->values + i * (int64_t)dtype_size(t->dtype);
    bool special = seed % 3 > 0 && (uint64_t)(u[i] * 1e9) % 9 == 0;
    if (t->dtype == MOTH_F32) *(float *)at = special ? (float)marked[i % 6] : (float)whole / 8;
    else if (t->dtype == MOTH_F64) *(double *)at = special ? marked[i % 6] : (double)whole / 8;
    else if (t->dtype == MOTH_I64) *(int64_t *)at = seed % 2 ? whole * 0x123456789abcd : whole;
    else if (t->dtype == MOTH_U8) *(uint8_t *)at = (uint8_t)whole;
    else *(uint8_t *)at = whole & 1;
  }
  free(u);
}

/* Exact for every dtype. */
static inline long double exact(const moth_tensor *t, int64_t i) {
  if (t->dtype == MOTH_I64) return (long double)*(const int64_t *)(const void *)tensors_address(t, i);
  return (long double)dtype_load(t->dtype, tensors_address(t, i));
}

/* Equal but for rounding; NaN is NaN. */
static inline void check_near(const moth_tensor *t, int64_t i, double wanted, const char *what) {
  double got = tensors_at(t, i), slack = (t->dtype == MOTH_F32 ? 1e-6 : 1e-14) * (1 + fabs(wanted));
  bool same = isnan(wanted) ? isnan(got) : got == wanted || fabs(got - wanted) <= slack;
  if (!same) fail_msg("%s %lld is %.17g, expected %.17g", what, (long long)i, got, wanted);
}

typedef struct ordered {
  moth_tensor *values, *positions;
  int64_t count; /* along the axis */
} ordered;
static inline ordered order(moth *m, const char *name, moth_tensor *t, const moth_option *options) {
  moth_value input = tensors_value(t), results[MOTH_MAX_RESULTS];
  int count;
  assert_ok(m, tensors_try(m, name, &input, 1, options, results, &count));
  ordered o = { .values = count > 1 ? results[0].as.tensor : NULL, .positions = results[count - 1].as.tensor };
  return o;
}
static inline void ordered_free(ordered *o) { moth_release(o->values), moth_release(o->positions); }

#endif
