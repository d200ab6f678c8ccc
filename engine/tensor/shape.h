/* tensor/shape.h: arithmetic of shapes and strides, all products checked. Knows no storage and allocates nothing. */
#ifndef TENSOR_SHAPE_H
#define TENSOR_SHAPE_H

#include "core/context.h"

/* Elements of a shape; false where a size is negative or the product (or its bytes at 8 each) passes 2^62. Zero sizes give 0. */
bool shape_count(int rank, const int64_t *size, int64_t *count);
bool shape_equal(int rank_a, const int64_t *a, int rank_b, const int64_t *b);
/* Row-major strides in elements. */
void shape_strides(int rank, const int64_t *size, int64_t *strides);
bool shape_is_contiguous(int rank, const int64_t *size, const int64_t *strides);
/* NumPy's broadcasting of two shapes; false with *axis (from 0, in the result) where they do not meet. */
bool shape_broadcast(int rank_a, const int64_t *a, int rank_b, const int64_t *b, int *rank, int64_t *out, int *axis);
/* Strides that read a tensor as if it had the larger shape: 0 along broadcast axes. */
void shape_broadcast_strides(int rank, const int64_t *size, const int64_t *strides, int to_rank, int64_t *out);
/* Merges axes that one step walks for all `operands` at once (and drops axes of size 1): the loops see as few as possible. Returns the
 * new rank (>= 1); strides[o] are changed in place. */
int shape_merge(int rank, int64_t *size, int operands, int64_t (*strides)[MOTH_MAX_RANK]);
/* Strides that show the same elements in another shape of the same count; false where no strides do. */
bool shape_view_strides(int rank, const int64_t *size, const int64_t *strides, int to_rank, const int64_t *to_size, int64_t *out);
/* Fills in the one size that is -1, so that the product is `count`; false where there are two, or it does not come out. */
bool shape_infer(int rank, int64_t *size, int64_t count);
/* "[64,10]", "[]": full length. */
size_t shape_text(int rank, const int64_t *size, char *buffer, size_t buffer_size);
static inline moth_shape shape_of(int rank, const int64_t *size) {
  moth_shape s = { .rank = rank };
  for (int i = 0; i < rank; i++) s.size[i] = size[i];
  return s;
}

#endif
