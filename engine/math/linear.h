/* math/linear.h: linear algebra over LAPACK (in OpenBLAS), arguments checked first, since xerbla prints. Not on worker threads. */
#ifndef MATH_LINEAR_H
#define MATH_LINEAR_H

#include "core/context.h"

/* Moore-Penrose inverse of a row-major [rows, columns] matrix into [columns, rows], by singular values (LAPACK gesdd); those <= cutoff times
 * the largest count as 0 (NumPy's pinv: cutoff 1e-15; here max(rows, columns)·eps as NumPy 2's rtol default is, where cutoff < 0).
 * MOTH_NUMERIC where the matrix holds NaN or infinity or the iteration fails; MOTH_MISSING without OpenBLAS. */
moth_status linear_pinv(moth *m, const char *where, moth_dtype dtype, int64_t rows, int64_t columns, const void *a, double cutoff, void *out);

#endif
