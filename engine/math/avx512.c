/* math/avx512.c: the kernels for x86-64 with AVX-512 F, DQ, BW and VL. */
#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512")
#define SET avx512
#define BYTES 64
#include <immintrin.h>
#include "math/vectors.inc"

ALWAYS vector_f32 sqrt_f32(vector_f32 x) { return (vector_f32)_mm512_sqrt_ps((__m512)x); }
ALWAYS vector_f64 sqrt_f64(vector_f64 x) { return (vector_f64)_mm512_sqrt_pd((__m512d)x); }
ALWAYS bits_f64 multiply_u32(bits_f64 a, bits_f64 b) { return (bits_f64)_mm512_mul_epu32((__m512i)a, (__m512i)b); }

ALWAYS vector_f32 fma_f32(vector_f32 a, vector_f32 b, vector_f32 c) {
  return (vector_f32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
ALWAYS vector_f64 fma_f64(vector_f64 a, vector_f64 b, vector_f64 c) {
  return (vector_f64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
ALWAYS vector_f32x4 fma_f32x4(vector_f32x4 a, vector_f32x4 b, vector_f32x4 c) {
  return (vector_f32x4)_mm_fmadd_ps((__m128)a, (__m128)b, (__m128)c);
}
ALWAYS vector_f64x4 fma_f64x4(vector_f64x4 a, vector_f64x4 b, vector_f64x4 c) {
  return (vector_f64x4)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
ALWAYS float fma_one_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ALWAYS double fma_one_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }

ALWAYS void stream_f32(float *p, vector_f32 v) { _mm512_stream_ps(p, (__m512)v); }
ALWAYS void stream_f64(double *p, vector_f64 v) { _mm512_stream_pd(p, (__m512d)v); }
ALWAYS void stream_end(void) { _mm_sfence(); }

/* One ternary-logic instruction each. */
ALWAYS vector_f32 pick_f32(signed_f32 where, vector_f32 a, vector_f32 b) {
  return (vector_f32)((where & (signed_f32)a) | (~where & (signed_f32)b));
}
ALWAYS vector_f64 pick_f64(signed_f64 where, vector_f64 a, vector_f64 b) {
  return (vector_f64)((where & (signed_f64)a) | (~where & (signed_f64)b));
}

/* No wider than need be: what was just stored in fewer bytes than are loaded is not handed on. */
ALWAYS vector_f32 load_part_f32(const float *p, int64_t n) {
  if (n <= 4) return (vector_f32)_mm512_zextps128_ps512(_mm_maskz_loadu_ps((__mmask8)((1u << n) - 1), p));
  if (n <= 8) return (vector_f32)_mm512_zextps256_ps512(_mm256_maskz_loadu_ps((__mmask8)((1u << n) - 1), p));
  return (vector_f32)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
ALWAYS vector_f64 load_part_f64(const double *p, int64_t n) {
  if (n <= 2) return (vector_f64)_mm512_zextpd128_pd512(_mm_maskz_loadu_pd((__mmask8)((1u << n) - 1), p));
  if (n <= 4) return (vector_f64)_mm512_zextpd256_pd512(_mm256_maskz_loadu_pd((__mmask8)((1u << n) - 1), p));
  return (vector_f64)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}
ALWAYS vector_f64 wide_f32(half_f32 v) { return (vector_f64)_mm512_cvtps_pd((__m256)v); }
ALWAYS half_f32 narrow_f64(vector_f64 v) { return (half_f32)_mm512_cvtpd_ps((__m512d)v); }
ALWAYS half_f32 lower_f32(vector_f32 v) { return (half_f32)_mm512_castps512_ps256((__m512)v); }
ALWAYS half_f32 upper_f32(vector_f32 v) { return (half_f32)_mm512_extractf32x8_ps((__m512)v, 1); }
ALWAYS vector_f32 whole_f32(half_f32 a, half_f32 b) {
  return (vector_f32)_mm512_insertf32x8(_mm512_castps256_ps512((__m256)a), (__m256)b, 1);
}

/* What comparing lanes says: one bit each. */
typedef __mmask16 flags_f32;
typedef __mmask8 flags_f64;
ALWAYS flags_f32 above_f32(vector_f32 a, vector_f32 b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_NLE_UQ); }
ALWAYS flags_f64 above_f64(vector_f64 a, vector_f64 b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_NLE_UQ); }
ALWAYS flags_f32 ordered_f32(vector_f32 a, vector_f32 b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_ORD_Q); }
ALWAYS flags_f64 ordered_f64(vector_f64 a, vector_f64 b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_ORD_Q); }
ALWAYS flags_f32 unordered_f32(vector_f32 a, vector_f32 b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q); }
ALWAYS flags_f64 unordered_f64(vector_f64 a, vector_f64 b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_UNORD_Q); }
ALWAYS flags_f32 equal_f32(vector_f32 a, vector_f32 b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ); }
ALWAYS flags_f64 equal_f64(vector_f64 a, vector_f64 b) { return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_EQ_OQ); }
ALWAYS vector_f32 chosen_f32(flags_f32 f, vector_f32 a, vector_f32 b) { return (vector_f32)_mm512_mask_mov_ps((__m512)b, f, (__m512)a); }
ALWAYS vector_f64 chosen_f64(flags_f64 f, vector_f64 a, vector_f64 b) { return (vector_f64)_mm512_mask_mov_pd((__m512d)b, f, (__m512d)a); }
ALWAYS signed_f32 numbered_f32(flags_f32 f, signed_f32 a, signed_f32 b) {
  return (signed_f32)_mm512_mask_mov_epi32((__m512i)b, f, (__m512i)a);
}
ALWAYS signed_f64 numbered_f64(flags_f64 f, signed_f64 a, signed_f64 b) {
  return (signed_f64)_mm512_mask_mov_epi64((__m512i)b, f, (__m512i)a);
}
ALWAYS unsigned bits_of_f32(flags_f32 f) { return f; }
ALWAYS unsigned bits_of_f64(flags_f64 f) { return f; }
/* The larger and smaller; b where one is NaN. */
ALWAYS vector_f32 greater_f32(vector_f32 a, vector_f32 b) { return (vector_f32)_mm512_max_ps((__m512)a, (__m512)b); }
ALWAYS vector_f64 greater_f64(vector_f64 a, vector_f64 b) { return (vector_f64)_mm512_max_pd((__m512d)a, (__m512d)b); }
ALWAYS vector_f32 lesser_f32(vector_f32 a, vector_f32 b) { return (vector_f32)_mm512_min_ps((__m512)a, (__m512)b); }
ALWAYS vector_f64 lesser_f64(vector_f64 a, vector_f64 b) { return (vector_f64)_mm512_min_pd((__m512d)a, (__m512d)b); }

/* Not by masks: what follows a masked store and overlaps it waits, on AMD for tens of cycles. */
ALWAYS void store_part_f32(float *p, vector_f32 v, int64_t n) {
  __m256 half = _mm512_castps512_ps256((__m512)v);
  if (n & 8) _mm256_storeu_ps(p, half), half = _mm512_extractf32x8_ps((__m512)v, 1), p += 8;
  __m128 rest = _mm256_castps256_ps128(half);
  if (n & 4) _mm_storeu_ps(p, rest), rest = _mm256_extractf128_ps(half, 1), p += 4;
  if (n & 2) _mm_storel_pi((__m64 *)p, rest), rest = _mm_movehl_ps(rest, rest), p += 2;
  if (n & 1) _mm_store_ss(p, rest);
}
ALWAYS void store_part_f64(double *p, vector_f64 v, int64_t n) {
  __m256d half = _mm512_castpd512_pd256((__m512d)v);
  if (n & 4) _mm256_storeu_pd(p, half), half = _mm512_extractf64x4_pd((__m512d)v, 1), p += 4;
  __m128d rest = _mm256_castpd256_pd128(half);
  if (n & 2) _mm_storeu_pd(p, rest), rest = _mm256_extractf128_pd(half, 1), p += 2;
  if (n & 1) _mm_store_sd(p, rest);
}

/* Half vectors, which some processors add in half the time. */
#define HAS_HALVES 1
typedef double half_f64 __attribute__((vector_size(32)));
ALWAYS half_f64 lower_f64(vector_f64 v) { return (half_f64)_mm512_castpd512_pd256((__m512d)v); }
ALWAYS vector_f32 widened_f32(half_f32 v) { return (vector_f32)_mm512_zextps256_ps512((__m256)v); }
ALWAYS vector_f64 widened_f64(half_f64 v) { return (vector_f64)_mm512_zextpd256_pd512((__m256d)v); }
ALWAYS half_f32 fma_half_f32(half_f32 a, half_f32 b, half_f32 c) { return (half_f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
ALWAYS half_f64 fma_half_f64(half_f64 a, half_f64 b, half_f64 c) { return (half_f64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }

#define ACCUMULATORS 24 /* registers that a product keeps sums in, of 32 */
#define TILE_ROWS 8
#include "math/set.inc"
#else
typedef int math_avx512_is_for_x86;
#endif
