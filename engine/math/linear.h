/* math/linear.h: linear algebra over LAPACK, a matrix at a time: a task is opened for matrices of one dtype and one size, its room is
 * allocated once, and then any number of them go through it. All matrices are row-major without gaps and finite: who calls has looked
 * (gesdd and gelsd need not return on NaN). Results may not overlap what they come from. Signs and orders are LAPACK's. Not on
 * worker threads. */
#ifndef MATH_LINEAR_H
#define MATH_LINEAR_H

#include "core/context.h"

typedef enum linear_task {
  LINEAR_SOLVE, LINEAR_INVERSE, LINEAR_DET, LINEAR_CHOLESKY, LINEAR_EIGH, /* of [n,n] */
  LINEAR_QR, LINEAR_SVD, LINEAR_PINV, LINEAR_LSTSQ                        /* of [rows,columns]; k = min(rows, columns) */
} linear_task;

typedef enum linear_outcome {
  LINEAR_FINE,
  LINEAR_SINGULAR,      /* pivot `position` (from 0) is 0 */
  LINEAR_CONDITION,     /* the estimated reciprocal condition, `reciprocal`, is below the dtype's epsilon */
  LINEAR_INDEFINITE,    /* the leading minor of order `position` is not positive */
  LINEAR_DIVERGED,      /* the iteration did not come to an end */
  LINEAR_OVERFLOW,      /* sums or factors pass the dtype's range */
  LINEAR_CANCELLED      /* the flag was seen; it is left as it is */
} linear_outcome;

typedef struct linear {
  moth *m;
  linear_task task;
  moth_dtype dtype;
  size_t element;
  int rows, columns, least, most, right;
  void *a, *b, *values, *u, *vt, *work; /* room, all in one block */
  int *integers, *pivots;
  int64_t work_size;
  void *block;
  size_t bytes;
  int64_t position; /* what an outcome tells */
  double reciprocal;
} linear;

/* Loads LAPACK and allocates; sizes at least 1, `right` the columns of the right side (SOLVE, LSTSQ,
 * there 0 tells the rank alone). MOTH_MISSING, MOTH_MEMORY, MOTH_LIMIT
 * where sizes pass LAPACK's integers; `self` then needs no closing. */
moth_status linear_open(linear *self, moth *m, const char *where, linear_task task, moth_dtype dtype, int64_t rows, int64_t columns,
                        int64_t right);
void linear_close(linear *self);

/* LU with partial pivoting, kept for linear_solve. Refuses what is singular or, by gecon's estimate in the 1-norm, has a condition beyond
 * 1/epsilon. */
linear_outcome linear_factor(linear *self, const void *a);
/* x [n,right] of a·x = b with the factored a. */
void linear_solve(linear *self, const void *b, void *x);
/* Refuses as linear_factor does, by the 1-norms of the matrix and of the inverse. */
linear_outcome linear_inverse(linear *self, const void *a, void *out);
/* The product of LU's pivots, formed so that only the determinant itself can over- or underflow. */
linear_outcome linear_det(linear *self, const void *a, double *det);
/* l of a = l·lt by a's lower triangle; 0 above the diagonal. */
linear_outcome linear_cholesky(linear *self, const void *a, void *l);
/* Eigenvalues, ascending, and eigenvectors in columns, of the symmetric matrix whose lower triangle is a's. */
linear_outcome linear_eigh(linear *self, const void *a, void *values, void *vectors);
/* q [rows,k] with orthonormal columns, r [k,columns] upper triangular. */
linear_outcome linear_qr(linear *self, const void *a, void *q, void *r);
/* u [rows,k], values [k] descending, vt [k,columns]. */
linear_outcome linear_svd(linear *self, const void *a, void *u, void *values, void *vt);
/* The Moore-Penrose inverse [columns,rows] by singular values; those <= cutoff times the largest count as 0 (cutoff < 0:
 * max(rows, columns)·epsilon, as NumPy 2 has it for rtol). */
linear_outcome linear_pinv(linear *self, const void *a, double cutoff, void *out);
/* x [columns,right], of least norm among those that bring |a·x - b| to its least, and the rank of a by the cutoff. */
linear_outcome linear_least(linear *self, const void *a, const void *b, double cutoff, void *x, int *rank);

#endif
