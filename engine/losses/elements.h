/* losses/elements.h: the loop of losses that are a sum over elements, for both dtypes and any strides, with the term of one element compiled
 * into it. Terms are computed in f64. */
#ifndef LOSSES_ELEMENTS_H
#define LOSSES_ELEMENTS_H

#include "losses/loss.h"

/* One element: its loss, its derivative in *d, and, where the loss is fused, the activation's output in *y. `data` is the loss's own. */
typedef double (*loss_term)(const void *data, double p, double t, double *d, double *y);

#define LOSS_REAL float
#define LOSS_NAME(name) name##_f32
#include "losses/elements.inc"
#define LOSS_REAL double
#define LOSS_NAME(name) name##_f64
#include "losses/elements.inc"

static inline __attribute__((always_inline)) double loss_each_element(const loss_run *run, loss_term term, const void *data) {
  return run->dtype == MOTH_F32 ? loss_elements_f32(run, term, data) : loss_elements_f64(run, term, data);
}

#endif
