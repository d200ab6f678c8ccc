/* operations/reduction.h: a tensor laid out for reducing: axes that stay beside those that go, and ways to gather a block of results along
 * the latter. Sums of floats are formed in f64 by the kernels, blocks of them joined with what rounding took (Neumaier 1974): they do not
 * depend on threads, and hardly on strides. Everything returns false once a cancel was seen. */
#ifndef OPERATIONS_REDUCTION_H
#define OPERATIONS_REDUCTION_H

#include "math/kernels.h"
#include "math/loops_reduce.h"
#include "operations/support.h"

enum { REDUCTION_BLOCK = 512 }; /* results gathered side by side */

typedef struct reduction {
  moth *m;
  moth_dtype dtype;
  int64_t width, count; /* bytes of an element; elements that go into one result */
  int kept_rank, gone_rank;
  int64_t kept_size[MOTH_MAX_RANK], kept_strides[1][MOTH_MAX_RANK], gone_size[MOTH_MAX_RANK], gone_strides[1][MOTH_MAX_RANK];
  int64_t since_poll;
} reduction;

/* Sorts the axes into those kept and those that go; any_order: these may be walked in another order than the row-major one. */
void reduction_open(reduction *r, moth *m, const moth_tensor *t, const bool *gone, bool any_order);

/* Up to REDUCTION_BLOCK results: the first one's elements begin at x, the next one's lie `step` elements on. */
typedef struct reduction_block {
  const char *x;
  int64_t step, count;
} reduction_block;

/* sums[i] = sum of the terms, with center[i] where they have one, and p; of differences the exponentials are summed. */
bool reduction_sums(reduction *r, const reduction_block *block, enum loops_term term, const double *center, double p, double *sums);
/* The largest or smallest, real for floats and integer for the rest, and where it first stands, counted in the order of the axes that go;
 * count > 0. index NULL: not wanted. */
bool reduction_extremes(reduction *r, const reduction_block *block, enum extreme_kernel which, loops_number *values, int64_t *index);
/* Everything else, by loops_reduce. */
bool reduction_states(reduction *r, const reduction_block *block, enum loops_reduce op, loops_number *states);
/* Calls the function for each block of results; `to` counts them in row-major order of the kept axes. */
typedef bool (*reduction_function)(reduction *r, const reduction_block *block, int64_t to, void *data);
bool reduction_each(reduction *r, const char *values, reduction_function function, void *data);

#endif
