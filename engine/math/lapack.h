/* math/lapack.h: the routines of LAPACK (inside OpenBLAS, by their Fortran symbols) that linear.c needs. Matrices are column-major without
 * gaps between columns; sizes are at least 1 and everything was checked before, since xerbla prints. Each returns LAPACK's info. Routines
 * with room of their own only tell in *wanted how many elements of `work` they want where `work` is NULL. Not on worker threads. */
#ifndef MATH_LAPACK_H
#define MATH_LAPACK_H

#include "core/context.h"

enum lapack_routine {
  LAPACK_GETRF, LAPACK_GETRS, LAPACK_GECON, LAPACK_GETRI, LAPACK_POTRF, LAPACK_GELQF, LAPACK_ORGLQ, LAPACK_GELSD, LAPACK_SYEVD,
  LAPACK_GESDD, LAPACK_ROUTINES
};
/* Room for a routine: elements and ints. */
typedef struct lapack_room { void *work; int size; int *integers; } lapack_room;

/* Loads OpenBLAS and finds the routines 1 << LAPACK_… of a dtype; MOTH_MISSING names what is not there. */
moth_status lapack_open(moth *m, const char *where, moth_dtype dtype, unsigned routines);

/* P L U of [n,n]; info k > 0: pivot k is 0. `pivots` holds n. */
int lapack_getrf(const moth *m, moth_dtype dtype, int n, void *a, int *pivots);
/* Solves at·x = b by those factors (at the transposed of what was factored), b [n,right] becoming x. */
int lapack_getrs(const moth *m, moth_dtype dtype, int n, int right, const void *lu, const int *pivots, void *b);
/* An estimate of the reciprocal condition in the maximum norm by those factors and the matrix's norm; room 4n and n. */
int lapack_gecon(const moth *m, moth_dtype dtype, int n, const void *lu, double norm, double *reciprocal, const lapack_room *room);
/* The inverse in the place of the factors. */
int lapack_getri(const moth *m, moth_dtype dtype, int n, void *lu, const int *pivots, const lapack_room *room, int64_t *wanted);
/* U of Ut·U by the upper triangle; info k > 0: the leading minor k is not positive. */
int lapack_potrf(const moth *m, moth_dtype dtype, int n, void *a);
/* L·Q of [rows,columns]: L on and below the diagonal, beside it the reflectors of Q, whose factors go to tau [min]. */
int lapack_gelqf(const moth *m, moth_dtype dtype, int rows, int columns, void *a, void *tau, const lapack_room *room, int64_t *wanted);
/* Q [rows,columns], rows <= columns, from those reflectors. */
int lapack_orglq(const moth *m, moth_dtype dtype, int rows, int columns, void *a, const void *tau, const lapack_room *room,
                 int64_t *wanted);
/* The least-norm least-squares answer of a [rows,columns]: b [max(rows,columns),right] becomes x in its first `columns` rows. Singular
 * values up to cutoff times the largest count as 0; `values` holds min(rows,columns). Ints: lapack_gelsd_integers. */
int lapack_gelsd(const moth *m, moth_dtype dtype, int rows, int columns, int right, void *a, void *b, void *values, double cutoff,
                 int *rank, const lapack_room *room, int64_t *wanted);
int64_t lapack_gelsd_integers(int64_t least);
/* Eigenvalues, ascending, of a symmetric matrix by its upper triangle; vectors in the columns of a. Ints: 3 + 5n. */
int lapack_syevd(const moth *m, moth_dtype dtype, int n, void *a, void *values, const lapack_room *room, int64_t *wanted);
/* Singular values, descending, u [rows,k] and vt [k,columns], k = min(rows,columns); destroys a. Ints: 8k. */
int lapack_gesdd(const moth *m, moth_dtype dtype, int rows, int columns, void *a, void *values, void *u, void *vt, const lapack_room *room,
                 int64_t *wanted);

#endif
