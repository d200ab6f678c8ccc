/* math/matmul.h: matrix products: own loops for small ones, OpenBLAS above a measured size; which one depends on dtype and sizes alone.
 * Safe on worker threads once matmul_prepare has succeeded. */
#ifndef MATH_MATMUL_H
#define MATH_MATMUL_H

#include "core/context.h"
#include "math/kernels.h"

/* Whether a product of these sizes goes to OpenBLAS. */
bool matmul_wants_blas(moth_dtype dtype, int64_t m, int64_t n, int64_t k);
/* Loads OpenBLAS (math/blas.h) where that product wants it; MOTH_MISSING where it is not installed, MOTH_LIMIT where sizes pass its
 * integers. Called while plans are made and before tensor products. */
moth_status matmul_prepare(moth *m, const char *where, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner);
/* The product and its end (math/kernels.h), by the own kernels or by OpenBLAS, what BLAS cannot take (neither stride 1, or lines that
 * overlap) by the own ones. No call passes 2^30 flop, and the cancel flag is watched between: false where it was seen (c is then
 * unfinished, w as it was), the flag left as it is. */
static inline bool matmul(moth *m, moth_dtype dtype, const product *p);

bool matmul_large(moth *m, moth_dtype dtype, const product *p);
/* Sizes below 64 are never OpenBLAS's: there a call more would show. */
static inline bool matmul(moth *m, moth_dtype dtype, const product *p) {
  if ((uint64_t)(p->m | p->n | p->k) >= 64) return matmul_large(m, dtype, p);
  m->kernels->of[dtype].product(p);
  return true;
}

#endif
