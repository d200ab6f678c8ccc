/* math/loops.h: what tensors need beside the vector kernels: walking strided operands in step, casting between any two dtypes, elementwise
 * functions of every dtype. Knows addresses and strides, no tensors; allocates nothing. Elementwise
 * functions here take contiguous values, y may equal an input; who has others gathers and scatters with casts, so that bits do not
 * depend on strides. Integers wrap, as two's complement does. */
#ifndef MATH_LOOPS_H
#define MATH_LOOPS_H

#include "core/context.h"

/* ---- Walking (loops.c) -------------------------------------------------------------------------------------------------------- */

enum { LOOPS_OPERANDS = 4, LOOPS_POLL = 1 << 20 /* elements between looks at the cancel flag */ };

typedef struct loops_walk {
  int rank; /* >= 1, axes merged by the caller; every size > 0 */
  int64_t size[MOTH_MAX_RANK];
  int operands;
  bool any_order;
  char *at[LOOPS_OPERANDS];                       /* of element 0 */
  int64_t strides[LOOPS_OPERANDS][MOTH_MAX_RANK]; /* in bytes */
} loops_walk;

/* n elements of each operand, `steps` bytes apart. */
typedef void (*loops_visit)(void *data, char *const *at, const int64_t *steps, int64_t n);

/* Visits all elements, a run of the last axis at a time: in row-major order, or (any_order) in one that spares the cache where operands
 * lie across each other. Polls where m is not NULL: false once cancelled. */
bool loops_run(moth *m, const loops_walk *walk, loops_visit visit, void *data);

/* Copies operand 1 to operand 0, in elements of `width` bytes, where the one lies across the other: along the last axis of operand 0 and
 * along another of operand 1 elements follow one another. False, and nothing done, where they do not lie so. */
bool loops_transpose(const loops_walk *walk, size_t width);

/* ---- Casts: strides in bytes. Floats to integers truncate; what does not fit must have been ruled out --------------------------- */

typedef void (*loops_cast_function)(const void *x, int64_t x_step, void *y, int64_t y_step, int64_t n);
loops_cast_function loops_cast(moth_dtype from, moth_dtype to);
/* The position of the first element without a place in the other dtype, or n. NULL where all have one. */
typedef int64_t (*loops_misfit_function)(const void *x, int64_t x_step, int64_t n);
loops_misfit_function loops_misfit(moth_dtype from, moth_dtype to);

/* ---- Elementwise (loops_elements.c, plain.inc) ------------------------------------------------------------------------------------------- */

enum loops_unary { /* y[i] = f(x[i]), in x's dtype */
                   LOOPS_NEG,
                   LOOPS_ABS,
                   LOOPS_SIGN,
                   LOOPS_SQUARE,
                   LOOPS_RECIPROCAL,
                   LOOPS_RSQRT,
                   LOOPS_FLOOR,
                   LOOPS_CEIL,
                   LOOPS_ROUND /* half to even */,
                   LOOPS_TRUNC,
                   LOOPS_RELU /* NaN stays */,
                   LOOPS_UNARY
};
enum loops_predicate { LOOPS_NOT, LOOPS_ISNAN, LOOPS_ISINF, LOOPS_ISFINITE, LOOPS_PREDICATES }; /* y[i] is bool */
enum loops_binary {                                                                             /* y[i] = f(a[i], b[i]), in their dtype */
                    LOOPS_ADD,
                    LOOPS_SUB,
                    LOOPS_MUL,
                    LOOPS_DIV,
                    LOOPS_FLOORDIV,
                    LOOPS_MOD,
                    LOOPS_POW,
                    LOOPS_ATAN2,
                    LOOPS_MAXIMUM,
                    LOOPS_MINIMUM /* NaN wins */,
                    LOOPS_BINARY
};
enum loops_compare { LOOPS_EQ, LOOPS_NE, LOOPS_LT, LOOPS_LE, LOOPS_GT, LOOPS_GE, LOOPS_AND, LOOPS_OR, LOOPS_XOR, LOOPS_COMPARES }; /* y[i] is bool */

typedef void (*loops_unary_function)(const void *x, void *y, int64_t n);
typedef void (*loops_binary_function)(const void *a, const void *b, void *y, int64_t n);
typedef void (*loops_clamp_function)(const void *x, void *y, int64_t n, const void *low, const void *high);
typedef void (*loops_choose_function)(const uint8_t *c, const void *a, const void *b, void *y, int64_t n);
typedef void (*loops_convert_function)(const void *x, void *y, int64_t n);

/* Those that compilers make vectors of: each kernel set has its own (plain.inc). NULL where the dtype has no such function, or libm has it. */
typedef struct plain_loops {
  loops_unary_function unary[LOOPS_UNARY][MOTH_DTYPES], predicate[LOOPS_PREDICATES][MOTH_DTYPES];
  loops_binary_function binary[LOOPS_BINARY][MOTH_DTYPES], compare[LOOPS_COMPARES][MOTH_DTYPES];
  loops_clamp_function clamp[MOTH_DTYPES];  /* y[i] = min(max(x[i], low), high), NaN stays; limits of x's dtype */
  loops_convert_function convert[MOTH_DTYPES][MOTH_DTYPES]; /* from, to: casts of values side by side */
  loops_choose_function choose[3];          /* y[i] = c[i] ? a[i] : b[i], for values of 1, 4 and 8 bytes */
} plain_loops;

struct kernels;
/* NULL where the dtype has no such function (div, reciprocal and what gives real numbers, of integers; arithmetic but add, mul, maximum,
 * minimum of bools, which are or, and, or, and; atan2, which the sets' vector kernels have). */
loops_unary_function loops_unary(const struct kernels *set, enum loops_unary op, moth_dtype dtype);
loops_binary_function loops_binary(const struct kernels *set, enum loops_binary op, moth_dtype dtype);

#endif
