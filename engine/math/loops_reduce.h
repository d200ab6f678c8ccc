/* math/loops_reduce.h: what goes into reductions of every dtype, a run of values at a time, and running sums. Sums of real numbers are made
 * of terms in f64, which the kernels then add up; the rest gathers in states. Integers wrap, as two's complement does. */
#ifndef MATH_LOOPS_REDUCE_H
#define MATH_LOOPS_REDUCE_H

#include "math/loops.h"

enum loops_term { LOOPS_VALUE, LOOPS_DEVIATION, LOOPS_ABSOLUTE, LOOPS_SQUARES, LOOPS_POWER, LOOPS_DIFFERENCE, LOOPS_TERMS };
/* y[i] = x, (x - c)², |x|, x², |x|^p, x - c for x[i step] and c = center[i center_step] (NULL where the term has none). */
typedef void (*loops_term_function)(const void *x, int64_t step, double *y, int64_t n, const double *center, int64_t center_step, double p);
loops_term_function loops_term(enum loops_term term, moth_dtype dtype);

typedef union loops_number {
  double real;
  int64_t integer;
} loops_number;
enum loops_reduce {
  LOOPS_SUM /* of integers and bools */,
  LOOPS_PROD /* of floats in f64 */,
  LOOPS_COUNT /* of non-zeros */,
  LOOPS_LARGEST,
  LOOPS_SMALLEST /* |x| in f64; NaN wins */,
  LOOPS_REDUCE
};
typedef struct loops_run_of { /* one run of values that goes into states */
  const void *x;
  int64_t step; /* elements between values */
  int64_t n;
} loops_run_of;
/* across: values go into states[0 … n-1], one each; else all into states[0]. */
typedef void (*loops_reduce_function)(const loops_run_of *run, bool across, loops_number *states);
/* NULL where the dtype has no such function. */
loops_reduce_function loops_reduce(enum loops_reduce op, moth_dtype dtype);
/* The state before any value. */
loops_number loops_reduce_start(enum loops_reduce op, moth_dtype dtype);

/* y[i] = x[0] + … + x[i], or their product, from `state` on, which goes on with the next piece; floats gather in f64, the rest in i64, which
 * y then is. Strides in elements. */
typedef void (*loops_running_function)(const void *x, int64_t x_step, void *y, int64_t y_step, int64_t n, loops_number *state);
loops_running_function loops_running(bool product, moth_dtype dtype);

#endif
