/* math/blas.h: OpenBLAS, loaded when the first product of a context asks for it, and nothing else known of it outside blas.c. Its effects
 * on the process: buffers and a thread of its own; set to one thread unless config.keep_blas_threads; a build without threads, which is not
 * safe to call from two, is called under one lock. */
#ifndef MATH_BLAS_H
#define MATH_BLAS_H

#include "core/context.h"

/* Loads it into m->blas where it is not there yet. MOTH_MISSING with the package to install; MOTH_MEMORY. Not on worker threads. */
moth_status blas_open(moth *m, const char *where);
/* The same from a named library, for tests. */
moth_status blas_open_library(moth *m, const char *where, const char *library);

/* A matrix as BLAS knows it: rows of contiguous elements `stride` apart, or the transposed of that. */
typedef struct blas_matrix { const void *values; int64_t stride; bool transposed; } blas_matrix;

/* c = (add ? c : 0) + a·b, row-major; all sizes at least 1, sizes and strides within int, strides at least a row's length. After blas_open;
 * safe on worker threads. */
void blas_product(const moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, blas_matrix a, blas_matrix b, void *c,
                  int64_t c_stride, bool add);

/* Symbols beside the products, LAPACK's among them (math/lapack.h), each in a place of its own, looked up once a context. */
enum { BLAS_SYMBOLS = 10 };
typedef void (*blas_symbol)(void);
/* MOTH_MISSING, naming it, where the library was built without. After blas_open; not on worker threads. */
moth_status blas_find(moth *m, const char *where, moth_dtype dtype, int place, const char *name);
/* What blas_find found there. */
blas_symbol blas_found(const moth *m, moth_dtype dtype, int place);
/* Around each call of such a symbol: calls into a sequential build take turns. */
void blas_enter(const moth *m);
void blas_leave(const moth *m);

#endif
