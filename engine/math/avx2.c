/* math/avx2.c: the kernels for x86-64 with AVX2 and FMA. */
#if defined(__x86_64__)
#pragma GCC target("avx2,fma")
#define SET avx2
#define BYTES 32
#include <immintrin.h>
#include "math/vectors.inc"

ALWAYS vector_f32 sqrt_f32(vector_f32 x) { return (vector_f32)_mm256_sqrt_ps((__m256)x); }
ALWAYS vector_f64 sqrt_f64(vector_f64 x) { return (vector_f64)_mm256_sqrt_pd((__m256d)x); }
ALWAYS bits_f64 multiply_u32(bits_f64 a, bits_f64 b) { return (bits_f64)_mm256_mul_epu32((__m256i)a, (__m256i)b); }

ALWAYS void stream_f32(float *p, vector_f32 v) { _mm256_stream_ps(p, (__m256)v); }
ALWAYS void stream_f64(double *p, vector_f64 v) { _mm256_stream_pd(p, (__m256d)v); }
ALWAYS void stream_end(void) { _mm_sfence(); }

ALWAYS vector_f32 fma_f32(vector_f32 a, vector_f32 b, vector_f32 c) {
  return (vector_f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
ALWAYS vector_f64 fma_f64(vector_f64 a, vector_f64 b, vector_f64 c) {
  return (vector_f64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
ALWAYS vector_f32x4 fma_f32x4(vector_f32x4 a, vector_f32x4 b, vector_f32x4 c) {
  return (vector_f32x4)_mm_fmadd_ps((__m128)a, (__m128)b, (__m128)c);
}
ALWAYS vector_f64x4 fma_f64x4(vector_f64x4 a, vector_f64x4 b, vector_f64x4 c) {
  return (vector_f64x4)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
ALWAYS float fma_one_f32(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
ALWAYS double fma_one_f64(double a, double b, double c) { return __builtin_fma(a, b, c); }

ALWAYS vector_f32 pick_f32(signed_f32 where, vector_f32 a, vector_f32 b) {
  return (vector_f32)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)where);
}
ALWAYS vector_f64 pick_f64(signed_f64 where, vector_f64 a, vector_f64 b) {
  return (vector_f64)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)where);
}

ALWAYS vector_f64 wide_f32(half_f32 v) { return (vector_f64)_mm256_cvtps_pd((__m128)v); }
ALWAYS half_f32 narrow_f64(vector_f64 v) { return (half_f32)_mm256_cvtpd_ps((__m256d)v); }
ALWAYS half_f32 lower_f32(vector_f32 v) { return (half_f32)_mm256_castps256_ps128((__m256)v); }
ALWAYS half_f32 upper_f32(vector_f32 v) { return (half_f32)_mm256_extractf128_ps((__m256)v, 1); }
ALWAYS vector_f32 whole_f32(half_f32 a, half_f32 b) {
  return (vector_f32)_mm256_insertf128_ps(_mm256_castps128_ps256((__m128)a), (__m128)b, 1);
}

/* What comparing lanes says: all ones or zeros each. */
typedef signed_f32 flags_f32;
typedef signed_f64 flags_f64;
ALWAYS flags_f32 above_f32(vector_f32 a, vector_f32 b) { return (flags_f32)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_NLE_UQ); }
ALWAYS flags_f64 above_f64(vector_f64 a, vector_f64 b) { return (flags_f64)_mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_NLE_UQ); }
ALWAYS flags_f32 ordered_f32(vector_f32 a, vector_f32 b) { return (flags_f32)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_ORD_Q); }
ALWAYS flags_f64 ordered_f64(vector_f64 a, vector_f64 b) { return (flags_f64)_mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_ORD_Q); }
ALWAYS flags_f32 unordered_f32(vector_f32 a, vector_f32 b) { return (flags_f32)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_UNORD_Q); }
ALWAYS flags_f64 unordered_f64(vector_f64 a, vector_f64 b) { return (flags_f64)_mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_UNORD_Q); }
ALWAYS flags_f32 equal_f32(vector_f32 a, vector_f32 b) { return (flags_f32)_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_EQ_OQ); }
ALWAYS flags_f64 equal_f64(vector_f64 a, vector_f64 b) { return (flags_f64)_mm256_cmp_pd((__m256d)a, (__m256d)b, _CMP_EQ_OQ); }
ALWAYS vector_f32 chosen_f32(flags_f32 f, vector_f32 a, vector_f32 b) { return pick_f32(f, a, b); }
ALWAYS vector_f64 chosen_f64(flags_f64 f, vector_f64 a, vector_f64 b) { return pick_f64(f, a, b); }
ALWAYS signed_f32 numbered_f32(flags_f32 f, signed_f32 a, signed_f32 b) {
  return (signed_f32)_mm256_blendv_epi8((__m256i)b, (__m256i)a, (__m256i)f);
}
ALWAYS signed_f64 numbered_f64(flags_f64 f, signed_f64 a, signed_f64 b) {
  return (signed_f64)_mm256_blendv_epi8((__m256i)b, (__m256i)a, (__m256i)f);
}
ALWAYS unsigned bits_of_f32(flags_f32 f) { return (unsigned)_mm256_movemask_ps((__m256)f); }
ALWAYS unsigned bits_of_f64(flags_f64 f) { return (unsigned)_mm256_movemask_pd((__m256d)f); }
/* The larger and smaller; b where one is NaN. */
ALWAYS vector_f32 greater_f32(vector_f32 a, vector_f32 b) { return (vector_f32)_mm256_max_ps((__m256)a, (__m256)b); }
ALWAYS vector_f64 greater_f64(vector_f64 a, vector_f64 b) { return (vector_f64)_mm256_max_pd((__m256d)a, (__m256d)b); }
ALWAYS vector_f32 lesser_f32(vector_f32 a, vector_f32 b) { return (vector_f32)_mm256_min_ps((__m256)a, (__m256)b); }
ALWAYS vector_f64 lesser_f64(vector_f64 a, vector_f64 b) { return (vector_f64)_mm256_min_pd((__m256d)a, (__m256d)b); }

/* A window over this, n from the middle, is n lanes of ones and then zeros. */
static const int32_t part_mask_f32[16] = { -1, -1, -1, -1, -1, -1, -1, -1 };
static const int64_t part_mask_f64[8] = { -1, -1, -1, -1 };

/* No wider than need be: what was just stored in fewer bytes than are loaded is not handed on. */
ALWAYS vector_f32 load_part_f32(const float *p, int64_t n) {
  if (n <= 4) {
    __m128i mask = _mm_loadu_si128((const __m128i *)(part_mask_f32 + 8 - n));
    return (vector_f32)_mm256_zextps128_ps256(_mm_maskload_ps(p, mask));
  }
  return (vector_f32)_mm256_maskload_ps(p, _mm256_loadu_si256((const __m256i *)(part_mask_f32 + 8 - n)));
}
ALWAYS vector_f64 load_part_f64(const double *p, int64_t n) {
  if (n <= 2) {
    __m128i mask = _mm_loadu_si128((const __m128i *)(part_mask_f64 + 4 - n));
    return (vector_f64)_mm256_zextpd128_pd256(_mm_maskload_pd(p, mask));
  }
  return (vector_f64)_mm256_maskload_pd(p, _mm256_loadu_si256((const __m256i *)(part_mask_f64 + 4 - n)));
}
/* Masked stores are slow on AMD. */
ALWAYS void store_part_f32(float *p, vector_f32 v, int64_t n) {
  __m128 rest = _mm256_castps256_ps128((__m256)v);
  if (n & 4) _mm_storeu_ps(p, rest), rest = _mm256_extractf128_ps((__m256)v, 1), p += 4;
  if (n & 2) _mm_storel_pi((__m64 *)p, rest), rest = _mm_movehl_ps(rest, rest), p += 2;
  if (n & 1) _mm_store_ss(p, rest);
}
ALWAYS void store_part_f64(double *p, vector_f64 v, int64_t n) {
  __m128d rest = _mm256_castpd256_pd128((__m256d)v);
  if (n & 2) _mm_storeu_pd(p, rest), rest = _mm256_extractf128_pd((__m256d)v, 1), p += 2;
  if (n & 1) _mm_store_sd(p, rest);
}

#define ACCUMULATORS 12 /* registers that a product keeps sums in, of 16 */
#define TILE_ROWS 6
#include "math/set.inc"
#else
typedef int math_avx2_is_for_x86;
#endif
