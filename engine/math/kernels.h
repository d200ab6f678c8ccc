/* math/kernels.h: the loops over contiguous memory that this processor runs best, as one const table a kernel set: portable, avx2, avx512.
 * The three are one source (real.inc) compiled for three processors; reference.c states what each must compute and the tests compare.
 * Pointers may not overlap unless they are equal. Bits depend on the kernel set, never on how a range was split: every function gives for
 * element i what it gives when called for i alone; sums say how they are formed. Fused multiply-add is explicit; a set without it takes one
 * product and one sum. Errors of the vector functions are stated in ulp in spec/engine/test_math_functions.c. */
#ifndef MATH_KERNELS_H
#define MATH_KERNELS_H

#include "core/context.h"
#include "math/lanes.h"
#include "math/loops.h"

enum unary_kernel { /* y[i] = f(x[i]) */
  UNARY_EXP, UNARY_EXPM1, UNARY_LOG, UNARY_LOG1P, UNARY_TANH, UNARY_SIGMOID, UNARY_SOFTPLUS, UNARY_ERF,
  UNARY_GELU,       /* x Φ(x), exact by erf */
  UNARY_GELU_TANH,  /* the tanh approximation (Hendrycks, Gimpel 2016) */
  UNARY_SILU, UNARY_RELU, UNARY_SOFTSIGN, UNARY_HARD_SIGMOID /* clamp(x/6 + 1/2, 0, 1) */, UNARY_HARD_TANH, UNARY_SQRT, UNARY_ABS, UNARY_SIN,
  UNARY_COS, UNARY_TAN, UNARY_ASIN, UNARY_ACOS, UNARY_ATAN, UNARY_SINH, UNARY_COSH, UNARY_KERNELS
};
enum scaled_kernel { /* y[i] = f(x[i]; a) */
  SCALED_LEAKY_RELU /* slope a */, SCALED_ELU /* alpha a */, SCALED_SOFTPLUS /* log(1+exp(a x))/a, x where a x > 20 */, SCALED_SELU, SCALED_KERNELS
};
enum slope_kernel { /* d[i] *= f'(…), from the output y alone, or from the input z where the name ends in _Z; a as above
                      (SLOPE_SOFTPLUS: its beta, 1 for the plain one) */
  SLOPE_SIGMOID, SLOPE_TANH, SLOPE_RELU, SLOPE_LEAKY_RELU_Z, SLOPE_ELU, SLOPE_SELU, SLOPE_SOFTPLUS, SLOPE_SOFTSIGN, SLOPE_HARD_SIGMOID,
  SLOPE_HARD_TANH, SLOPE_GELU_Z, SLOPE_GELU_TANH_Z, SLOPE_SILU_Z, SLOPE_KERNELS
};
enum extreme_kernel { EXTREME_LARGEST, EXTREME_SMALLEST };
enum binary_kernel { /* y[i] = f(a[i], b[i]) */
  BINARY_ADD, BINARY_SUB, BINARY_MUL, BINARY_DIV, BINARY_MAXIMUM, BINARY_MINIMUM, BINARY_ATAN2, BINARY_KERNELS
};

/* The numbers of one optimizer update. */
typedef struct update_numbers { double lr, momentum, beta1, beta2, epsilon, weight_decay, correction1, correction2, alpha; bool nesterov, first; } update_numbers;

/* A product of matrices, and what becomes of its sums: [m,k]·[k,n], any strides (in elements) of a and b, columns of c contiguous.
 *   s = (add ? c : 0) + a·b                   each element's sum runs over k in order, so that blocks of m, n and k do not change its bits;
 *                                             m = 1 with a_column = 1 and b_row = 1 (lines of b as they lie) sums in the lanes of vectors,
 *                                             then c is added: the same for every n, and k in one piece; k = 1 may give -0 for 0
 *   with bias:  s += bias[column]
 *   with relu:  s as UNARY_RELU makes it
 *   c = s, or with w:  w = fma(-lr, s, w) as `sgd` does it; c [m,n] is then room for sums on their way and means nothing afterwards.
 * k = 0 gives sums of nothing. c and w may not overlap a or b. */
typedef struct product {
  int64_t m, n, k;
  const void *a; int64_t a_row, a_column;
  const void *b; int64_t b_row, b_column;
  void *c; int64_t c_row;
  bool add, relu;
  const void *bias;              /* [n]; NULL: none */
  /* An update put off until now, so that b is gone through once: with owed_w, which is b itself (b_column 1), first of all
   * b = fma(-owed_lr, owed_a·owed_b, b) with owed_a [k] and owed_b [n] contiguous, each product rounded. */
  void *owed_w; const void *owed_a, *owed_b; double owed_lr;
  void *w; int64_t w_row;        /* [m,n], rows w_row apart; NULL: the sums go to c */
  double lr;
} product;

/* One float dtype's loops; `void` stands for float in kernels.of[MOTH_F32] and double in kernels.of[MOTH_F64]. */
typedef struct real_kernels {
  void (*unary[UNARY_KERNELS])(const void *x, void *y, int64_t n);
  void (*scaled[SCALED_KERNELS])(const void *x, void *y, int64_t n, double a);
  void (*slope[SLOPE_KERNELS])(const void *from, void *d, int64_t n, double a);
  void (*binary[BINARY_KERNELS])(const void *a, const void *b, void *y, int64_t n);
  void (*binary_number[BINARY_KERNELS])(const void *a, double b, void *y, int64_t n, bool reversed); /* reversed: f(b, a[i]) */
  void (*fill)(void *y, int64_t n, double value);
  void (*scale)(void *y, int64_t n, double factor);
  void (*axpy)(const void *x, void *y, int64_t n, double factor);           /* y[i] = fma(factor, x[i], y[i]) */
  double (*sum)(const void *x, int64_t n);                                  /* in f64, by the tree in reduce.inc, which is the same in every set */
  double (*sum_squares)(const void *x, int64_t n);
  double (*dot)(const void *a, const void *b, int64_t n);                   /* accumulated in f64 */
  void (*add_columns)(const void *x, int64_t rows, int64_t columns, int64_t stride, void *sums, bool add); /* column sums over rows, in order */
  /* sums[j] += x[0][j], x[1][j] … in this order, in f64: rows are `stride` elements apart. */
  void (*sum_columns)(const void *x, int64_t rows, int64_t columns, int64_t stride, double *sums);
  /* The largest and smallest of n >= 1 values, and (position not NULL) where it first stands; NaN wins, the first of them. */
  double (*extreme[2])(const void *x, int64_t n, int64_t *position);
  /* The same down columns: rows 0 … rows-1 < 2^31 go into best[j], whose last change's row is left in row[j], int32_t for float and
   * int64_t for double; both have room for columns rounded up to 16. */
  void (*extreme_columns[2])(const void *x, int64_t rows, int64_t columns, int64_t stride, void *best, void *row);
  void (*add_row)(void *y, int64_t rows, int64_t columns, const void *row); /* y[r][c] += row[c] */
  void (*softmax)(const void *x, void *y, int64_t rows, int64_t columns);   /* stable: minus the row's maximum */
  void (*log_softmax)(const void *x, void *y, int64_t rows, int64_t columns);
  bool (*is_finite)(const void *x, int64_t n);                              /* no NaN, no infinity */
  void (*product)(const product *p);
  /* Optimizer updates over n parameters; formulas as PyTorch's. w = fma(-lr, g, w). */
  void (*sgd)(void *w, const void *g, int64_t n, double lr, double weight_decay);
  void (*momentum)(void *w, const void *g, void *velocity, int64_t n, const update_numbers *u);
  void (*adam)(void *w, const void *g, void *m, void *v, int64_t n, const update_numbers *u); /* correction1 = 1-beta1^t, correction2 = 1-beta2^t */
  /* Dropout's mask: keep[i] = random_f32(word i) >= p ? 1/(1-p) : 0, where block b of four words has the counter {counter[0] + b, …}. A
   * range from element 4b is made alone with counter[0] + b. */
  void (*uniform)(uint64_t key, const uint32_t counter[4], void *keep, int64_t n, double p);
} real_kernels;

/* Integers' loops; bools are u8. */
typedef struct integer_kernels {
  int64_t (*extreme[2])(const void *x, int64_t n, int64_t *position);       /* as those of floats; the first of equals */
  /* As those of floats, but row numbers are as wide as the values: of u8 there are at most 255 rows; best and row have room for columns. */
  void (*extreme_columns[2])(const void *x, int64_t rows, int64_t columns, int64_t stride, void *best, void *row);
} integer_kernels;

typedef struct kernels {
  const char *name;
  real_kernels of[2];                  /* by moth_dtype: MOTH_F32, MOTH_F64 */
  integer_kernels of_i64, of_u8;
  const plain_loops *plain;            /* of all dtypes */
  lanes_kernels lanes[2][2];           /* by moth_dtype: vectors of four, and the set's own, which are no narrower */
  lanes_common lanes_common[2];
  void (*u8_to_f32)(const uint8_t *x, float *y, int64_t n, double scale);
  void (*u8_to_f64)(const uint8_t *x, double *y, int64_t n, double scale);
} kernels;

/* The best set for this processor, or the named one; NULL where the name is unknown or the processor cannot run it. */
const kernels *kernels_find(const char *name);
/* The plain loops that state what each kernel computes; for tests, never chosen by kernels_find. */
const kernels *kernels_reference(void);

#endif
