/* math/lanes.h: the kernels of tiny networks. Where layers are narrow a row of outputs does not fill a vector, so here the samples of a
 * batch lie in the lanes: a value of all samples is [features, padded], `padded` the rows rounded up to whole vectors. What stands in the
 * lanes beyond the rows means nothing; in inputs and targets it is zero.
 *
 * Every number has the bits that the row kernels give it: sums over inputs, outputs and rows run in order from 0 as chains of fma, and
 * functions are the same functions, so that which of the two ran never shows. Parameters are read and written where they lie, [inputs, outputs] and
 * then the bias, and are never packed. */
#ifndef MATH_LANES_H
#define MATH_LANES_H

#include <stdbool.h>
#include <stdint.h>

/* The activations that are computed while the sums are in registers; all others are LANES_APART and pass over memory once more. */
enum lanes_activation { LANES_APART, LANES_LINEAR, LANES_RELU, LANES_TANH, LANES_SIGMOID, LANES_ACTIVATIONS };
enum lanes_loss_kind {
  LANES_NO_LOSS,                 /* none of these: by the rows of its own */
  LANES_SQUARES,                 /* (p-t)^2, slope 2(p-t) */
  LANES_HALF_SQUARES,            /* (p-t)^2/2, slope p-t */
  LANES_BINARY,                  /* p logits, t from 0 to 1: softplus(p) - t p, slope sigmoid(p) - t */
  LANES_LOSSES
};

/* A dense layer. */
typedef struct lanes_dense {
  int64_t inputs, outputs, rows, padded;
  const void *x;                 /* [inputs, padded] */
  void *y;                       /* [outputs, padded], after the activation */
  const void *d;                 /* [outputs, padded]: dE/dz */
  const void *d_rows;            /* where outputs > 1, the same as [rows, outputs], rows d_row apart; what lies between may be read */
  int64_t d_row;
  void *dx;                      /* [inputs, padded]: dE/dz of the layer before, whose outputs x are */
  void *dx_rows;                 /* the same as [padded, inputs rounded up to 4], rows dx_row apart; NULL: not wanted */
  int64_t dx_row;
  void *w;                       /* [inputs, outputs], and with has_bias another row */
  bool has_bias;
  void *kept;                    /* update: gets w as it was; NULL: not wanted */
  void *g;                       /* gradient: where it goes, as w lies */
  double lr;
} lanes_dense;

/* Outputs against targets, both [columns, padded]. */
typedef struct lanes_loss {
  int64_t rows, columns, padded;
  const void *p, *t;
  void *d;                       /* gets scale times the slope, through the last activation's, whose outputs p are */
  double *terms;                 /* room for columns × padded */
  double scale;
  double sum;                    /* gets the unscaled sum, element after element */
} lanes_loss;

/* What it works on, a lanes_dense or a lanes_loss, so that a step is a list of them. */
typedef void (*lanes_function)(void *data);

/* One dtype's, one width's. */
typedef struct lanes_kernels {
  int64_t lanes;                 /* `padded` is a multiple of it */
  lanes_function forward[LANES_ACTIVATIONS];
  lanes_function back[LANES_ACTIVATIONS]; /* dx, through the activation of the layer before */
  lanes_function update;         /* w = fma(-lr, gradient, w); here `lanes` divides d_row, not padded */
  lanes_function gradient;
} lanes_kernels;

/* Those that every width shares; lines of lanes are multiples of 4. */
typedef struct lanes_common {
  lanes_function loss[LANES_LOSSES][LANES_ACTIVATIONS]; /* LANES_BINARY: linear */
  void (*to_rows)(const void *lanes, int64_t padded, int64_t features, void *rows, int64_t row);  /* features and padded rounded up to 4 */
  void (*to_lanes)(const void *rows, int64_t row, int64_t count, int64_t features, void *lanes, int64_t padded); /* exactly those */
} lanes_common;

#endif
