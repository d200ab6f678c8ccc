/* losses/elements.h: the loop of losses that are a sum over elements, for both dtypes and any strides: pieces of them are brought into f64,
 * the loss computes their terms side by side, and the results go where they belong. */
#ifndef LOSSES_ELEMENTS_H
#define LOSSES_ELEMENTS_H

#include "losses/loss.h"

enum { LOSS_PIECE = 64 };

/* At most LOSS_PIECE elements: what is given, and what the loss fills in: each one's loss, its derivative by p, and, where it is fused, the
 * activation's output. `kernels` are those of f64. */
typedef struct loss_piece {
  const real_kernels *kernels;
  int64_t count;
  const double *p, *t;
  double loss[LOSS_PIECE], d[LOSS_PIECE], y[LOSS_PIECE];
} loss_piece;
typedef void (*loss_terms)(const void *data, loss_piece *piece); /* data: the loss's own */

/* The kernels of f64, whatever the run's dtype: loss_run.kernels stands in the array kernels.of. */
static inline const real_kernels *loss_wide_kernels(const loss_run *run) { return run->kernels + (MOTH_F64 - run->dtype); }

double loss_each_element(const loss_run *run, loss_terms terms, const void *data);

#endif
