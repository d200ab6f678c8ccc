/* math/portable.c: the kernels for any processor: 16-byte vectors, which x86-64 has as SSE2 and ARM as NEON, and gcc makes of scalars
 * elsewhere. Fused multiply-add only where the compiler may assume it. */
/* Vectors of 32 bytes never pass a call that is not inlined. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif
#define SET portable
#define BYTES 16
#include "math/vectors.inc"

#if defined(__SSE2__)
#include <emmintrin.h>
ALWAYS vector_f32 sqrt_f32(vector_f32 x) { return (vector_f32)_mm_sqrt_ps((__m128)x); }
ALWAYS vector_f64 sqrt_f64(vector_f64 x) { return (vector_f64)_mm_sqrt_pd((__m128d)x); }
ALWAYS bits_f64 multiply_u32(bits_f64 a, bits_f64 b) { return (bits_f64)_mm_mul_epu32((__m128i)a, (__m128i)b); }
ALWAYS void stream_f32(float *p, vector_f32 v) { _mm_stream_ps(p, (__m128)v); }
ALWAYS void stream_f64(double *p, vector_f64 v) { _mm_stream_pd(p, (__m128d)v); }
ALWAYS void stream_end(void) { _mm_sfence(); }
#else
ALWAYS void stream_f32(float *p, vector_f32 v) { store_f32(p, v); }
ALWAYS void stream_f64(double *p, vector_f64 v) { store_f64(p, v); }
ALWAYS void stream_end(void) {}
ALWAYS vector_f32 sqrt_f32(vector_f32 x) {
  for (int i = 0; i < 4; i++) x[i] = __builtin_sqrtf(x[i]);
  return x;
}
ALWAYS vector_f64 sqrt_f64(vector_f64 x) {
  for (int i = 0; i < 2; i++) x[i] = __builtin_sqrt(x[i]);
  return x;
}
ALWAYS bits_f64 multiply_u32(bits_f64 a, bits_f64 b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }
#endif

#if defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)
ALWAYS vector_f32 fma_f32(vector_f32 a, vector_f32 b, vector_f32 c) {
  for (int i = 0; i < 4; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
}
ALWAYS vector_f64 fma_f64(vector_f64 a, vector_f64 b, vector_f64 c) {
  for (int i = 0; i < 2; i++) c[i] = __builtin_fma(a[i], b[i], c[i]);
  return c;
}
ALWAYS float fma_one_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ALWAYS double fma_one_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }
ALWAYS vector_f32x4 fma_f32x4(vector_f32x4 a, vector_f32x4 b, vector_f32x4 c) { return fma_f32(a, b, c); }
ALWAYS vector_f64x4 fma_f64x4(vector_f64x4 a, vector_f64x4 b, vector_f64x4 c) {
  for (int i = 0; i < 4; i++) c[i] = __builtin_fma(a[i], b[i], c[i]);
  return c;
}
#else
ALWAYS vector_f32x4 fma_f32x4(vector_f32x4 a, vector_f32x4 b, vector_f32x4 c) { return a * b + c; }
ALWAYS vector_f64x4 fma_f64x4(vector_f64x4 a, vector_f64x4 b, vector_f64x4 c) { return a * b + c; }
ALWAYS vector_f32 fma_f32(vector_f32 a, vector_f32 b, vector_f32 c) { return a * b + c; }
ALWAYS vector_f64 fma_f64(vector_f64 a, vector_f64 b, vector_f64 c) { return a * b + c; }
ALWAYS float fma_one_f32(float a, float b, float c) { return a * b + c; }
ALWAYS double fma_one_f64(double a, double b, double c) { return a * b + c; }
#endif

ALWAYS vector_f32 pick_f32(signed_f32 where, vector_f32 a, vector_f32 b) {
  return (vector_f32)((where & (signed_f32)a) | (~where & (signed_f32)b));
}
ALWAYS vector_f64 pick_f64(signed_f64 where, vector_f64 a, vector_f64 b) {
  return (vector_f64)((where & (signed_f64)a) | (~where & (signed_f64)b));
}

ALWAYS vector_f64 wide_f32(half_f32 v) { return (vector_f64){ v[0], v[1] }; }
ALWAYS half_f32 narrow_f64(vector_f64 v) { return (half_f32){ (float)v[0], (float)v[1] }; }
ALWAYS half_f32 lower_f32(vector_f32 v) { return (half_f32){ v[0], v[1] }; }
ALWAYS half_f32 upper_f32(vector_f32 v) { return (half_f32){ v[2], v[3] }; }
ALWAYS vector_f32 whole_f32(half_f32 a, half_f32 b) { return (vector_f32){ a[0], a[1], b[0], b[1] }; }

/* What comparing lanes says: all ones or zeros each. */
typedef signed_f32 flags_f32;
typedef signed_f64 flags_f64;
ALWAYS flags_f32 above_f32(vector_f32 a, vector_f32 b) { return ~(a <= b); } /* or NaN */
ALWAYS flags_f64 above_f64(vector_f64 a, vector_f64 b) { return ~(a <= b); }
ALWAYS flags_f32 ordered_f32(vector_f32 a, vector_f32 b) { return (a == a) & (b == b); }
ALWAYS flags_f64 ordered_f64(vector_f64 a, vector_f64 b) { return (a == a) & (b == b); }
ALWAYS flags_f32 unordered_f32(vector_f32 a, vector_f32 b) { return (a != a) | (b != b); }
ALWAYS flags_f64 unordered_f64(vector_f64 a, vector_f64 b) { return (a != a) | (b != b); }
ALWAYS flags_f32 equal_f32(vector_f32 a, vector_f32 b) { return a == b; }
ALWAYS flags_f64 equal_f64(vector_f64 a, vector_f64 b) { return a == b; }
ALWAYS vector_f32 chosen_f32(flags_f32 f, vector_f32 a, vector_f32 b) { return pick_f32(f, a, b); }
ALWAYS vector_f64 chosen_f64(flags_f64 f, vector_f64 a, vector_f64 b) { return pick_f64(f, a, b); }
ALWAYS signed_f32 numbered_f32(flags_f32 f, signed_f32 a, signed_f32 b) { return (f & a) | (~f & b); }
ALWAYS signed_f64 numbered_f64(flags_f64 f, signed_f64 a, signed_f64 b) { return (f & a) | (~f & b); }
ALWAYS unsigned bits_of_f32(flags_f32 f) { return (unsigned)((f[0] & 1) | (f[1] & 2) | (f[2] & 4) | (f[3] & 8)); }
ALWAYS unsigned bits_of_f64(flags_f64 f) { return (unsigned)((f[0] & 1) | (f[1] & 2)); }
/* The larger and smaller; b where one is NaN. */
ALWAYS vector_f32 greater_f32(vector_f32 a, vector_f32 b) { return pick_f32(a > b, a, b); }
ALWAYS vector_f64 greater_f64(vector_f64 a, vector_f64 b) { return pick_f64(a > b, a, b); }
ALWAYS vector_f32 lesser_f32(vector_f32 a, vector_f32 b) { return pick_f32(a < b, a, b); }
ALWAYS vector_f64 lesser_f64(vector_f64 a, vector_f64 b) { return pick_f64(a < b, a, b); }

ALWAYS vector_f32 load_part_f32(const float *p, int64_t n) {
  return (vector_f32){ n > 0 ? p[0] : 0, n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0 };
}
ALWAYS vector_f64 load_part_f64(const double *p, int64_t n) { return (vector_f64){ n > 0 ? p[0] : 0, 0 }; }
ALWAYS void store_part_f32(float *p, vector_f32 v, int64_t n) { store_bytes(p, &v, (size_t)n * 4); }
ALWAYS void store_part_f64(double *p, vector_f64 v, int64_t n) { store_bytes(p, &v, (size_t)n * 8); }

#define ACCUMULATORS 12 /* registers that a product keeps sums in, of 16 */
#define TILE_ROWS 6
#include "math/set.inc"
