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
/* c = (add ? c : 0) + a·b; [rows,inner]·[inner,columns]; strides in elements, any for a and b (what BLAS cannot take, neither stride 1 or
 * lines that overlap, goes to the own kernel, which packs b in pieces on the stack), c's columns contiguous. No call passes 2^30 flop, and
 * the cancel flag is watched between: false where it was seen (c is then unfinished), the flag left as it is. */
static inline bool matmul(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, const void *a, int64_t a_row,
                          int64_t a_column, const void *b, int64_t b_row, int64_t b_column, void *c, int64_t c_row, bool add);

bool matmul_large(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, const void *a, int64_t a_row, int64_t a_column,
                  const void *b, int64_t b_row, int64_t b_column, void *c, int64_t c_row, bool add);
/* Sizes below 64 are never OpenBLAS's: there a call more would show. */
static inline bool matmul(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, const void *a, int64_t a_row,
                          int64_t a_column, const void *b, int64_t b_row, int64_t b_column, void *c, int64_t c_row, bool add) {
  if ((uint64_t)(rows | columns | inner) >= 64) {
    return matmul_large(m, dtype, rows, columns, inner, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
  }
  m->kernels->of[dtype].small_product(rows, columns, inner, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
  return true;
}

#endif
