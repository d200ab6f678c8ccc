/* operations/matrices.h: stacks of matrices as linear algebra takes them: checked, finite, row-major copies in one float dtype, and the
 * words for what does not work with one of them. */
#ifndef OPERATIONS_MATRICES_H
#define OPERATIONS_MATRICES_H

#include "math/linear.h"
#include "operations/support.h"

/* The axes before the last two count matrices; a vector (rank 1, where it is allowed) is one column. */
typedef struct matrices {
  const moth_tensor *given; /* borrowed: what messages name */
  moth_tensor *tensor;      /* owned: row-major, of the dtype; NULL before matrices_open */
  int64_t rows, columns, count, step /* bytes from one to the next */;
  int batch_rank;
  bool is_vector;
} matrices;

/* MOTH_SHAPE unless t has two axes: "svd: takes a matrix, got f32[3]"; with `square`: "det: f32[3,4] is not square". */
moth_status matrices_check(const operation_call *call, const moth_tensor *t, bool square);
/* The dtype of floats that the inputs give together, `real` naming that of integers. MOTH_DTYPE for bools after the first. */
moth_status matrices_dtype(const operation_call *call, int real, moth_dtype *dtype);
/* Releases nothing on failure but itself: x->tensor is then NULL. MOTH_NUMERIC "svd: f64[3,3] has nan at [2,3]". */
moth_status matrices_open(const operation_call *call, moth_tensor *t, moth_dtype dtype, matrices *x);
static inline const char *matrices_at(const matrices *x, int64_t i) { return x->tensor->values + i * x->step; }
/* A result: [batch…, sizes…], row-major, given away as result `index`. */
moth_status matrices_give(const operation_call *call, int index, moth_dtype dtype, const moth_shape *batch, int rank, const int64_t *sizes,
                          moth_tensor **out);
moth_shape matrices_batch(const matrices *x);
/* The status and words of an outcome for matrix i; MOTH_OK for LINEAR_FINE. `hint` (or NULL) follows what is singular or near it. */
moth_status matrices_end(const operation_call *call, const linear *work, linear_outcome outcome, const matrices *x, int64_t i,
                         const char *hint);

/* Two stacks whose counts broadcast. */
typedef struct matrices_pair {
  moth_shape batch;
  int64_t count, strides[2][MOTH_MAX_RANK]; /* in matrices */
} matrices_pair;
/* MOTH_SHAPE where rows differ or the axes before the last two do not broadcast. */
moth_status matrices_pair_open(const operation_call *call, const matrices *a, const matrices *b, matrices_pair *pair);
/* Which matrix of either stack stands at i of the broadcast ones. */
void matrices_pair_at(const matrices_pair *pair, int64_t i, int64_t *a, int64_t *b);

#endif
