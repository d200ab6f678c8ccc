/* math_support.h: values, comparisons and the list of kernel sets for the tests of engine/math. */
#ifndef MATH_SUPPORT_H
#define MATH_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "core/random.h"
#include "math/kernels.h"

static const int64_t sizes[] = { 0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 65, 127, 128, 129, 1000 };
enum { SIZES = sizeof sizes / sizeof *sizes, LONGEST = 1000, GUARD = 32 };
static const char *const set_names[] = { "portable", "avx2", "avx512" };

/* The sets that this processor runs, by index; NULL where it cannot. */
static inline const kernels *set_at(int i) { return kernels_find(set_names[i]); }

static inline size_t bytes_of(moth_dtype dtype) { return dtype == MOTH_F32 ? sizeof(float) : sizeof(double); }
static inline double value_of(const void *x, moth_dtype dtype, int64_t i) {
  return dtype == MOTH_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}
static inline void put_value(void *x, moth_dtype dtype, int64_t i, double value) {
  if (dtype == MOTH_F32) ((float *)x)[i] = (float)value;
  else ((double *)x)[i] = value;
}
static inline void *element(const void *x, moth_dtype dtype, int64_t i) { return (char *)(uintptr_t)x + i * (int64_t)bytes_of(dtype); }

/* Numbers that functions are made of, then random ones of all sizes up to `scale`. */
static inline void fill_values(void *x, moth_dtype dtype, int64_t n, uint64_t seed, double scale, bool special) {
  static const double marked[] = { 0.0, -0.0, 1, -1, 0.5, -0.5, NAN, INFINITY, -INFINITY, 3, -3, 1e-30, -1e-30, 20, -20, 88, -88, 1000, -1000 };
  random_source source = { .seed = seed };
  double *u = malloc(sizeof(double) * 2 * (size_t)(n + 1));
  random_uniform_f64(&source, u, 2 * (n + 1), 0, 1);
  for (int64_t i = 0; i < n; i++) {
    double value = (u[2 * i] - 0.5) * 2 * scale * (i % 3 == 0 ? 1 : i % 3 == 1 ? u[2 * i + 1] * 0.1 : u[2 * i + 1] * 1e-4);
    int64_t mark = i % 7 == 3 ? (i / 7) % (int64_t)(sizeof marked / sizeof *marked) : -1;
    put_value(x, dtype, i, special && mark >= 0 ? marked[mark] : value);
  }
  free(u);
}

static inline bool same_kind(double a, double b) { return isnan(a) ? isnan(b) : isinf(a) ? a == b : isfinite(b); }
static inline double tolerance(moth_dtype dtype) { return dtype == MOTH_F32 ? 4e-6 : 4e-14; }

/* |got - want| <= tolerance (|want| + floor); kinds (NaN, infinities) equal. */
static inline void check_near(double got, double want, double relative, double least, const char *what, int64_t at) {
  bool fits = same_kind(want, got) && (!isfinite(want) || fabs(got - want) <= relative * (fabs(want) + least));
  if (!fits) fail_msg("%s: element %lld is %.17g, expected %.17g", what, (long long)at, got, want);
}

/* The distance of `got` from an exact value, in units of the last place of that value in dtype (of the smallest normal below it). */
static inline double ulps(double got, long double want, moth_dtype dtype) {
  if (isnan(want)) return isnan(got) ? 0 : INFINITY;
  double rounded = dtype == MOTH_F32 ? (double)(float)want : (double)want;
  if (isinf(rounded) || isinf(got)) return rounded == got ? 0 : INFINITY;
  int exponent, digits = dtype == MOTH_F32 ? 24 : 53, least = dtype == MOTH_F32 ? -125 : -1021;
  frexpl(want, &exponent);
  if (want == 0 || exponent < least) exponent = least;
  return (double)fabsl((long double)got - want) / ldexp(1, exponent - digits);
}

/* A host's allocator that refuses once *data allocations were made. */
static inline void *refusing(void *data, void *block, size_t old_size, size_t new_size) {
  (void)old_size;
  if (new_size && --*(int *)data < 0) return NULL;
  if (new_size) return realloc(block, new_size);
  free(block);
  return NULL;
}

#endif
