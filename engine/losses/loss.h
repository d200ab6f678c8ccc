/* losses/loss.h: what a loss is. Its rows function sees a block of rows through row and column strides, so that lanes need no second
 * version; sums are in f64, blocks added in order by the caller. Fused with the activation it wants at the end, it takes logits and gives
 * dE/dlogits, stably. One file a loss and one line in catalog.def. */
#ifndef LOSSES_LOSS_H
#define LOSSES_LOSS_H

#include "core/part.h"
#include "math/kernels.h"
#include "tensor/tensor.h"

typedef struct loss_run {
  const real_kernels *kernels;
  moth_dtype dtype;              /* of p, t, y and d: f32 or f64 */
  const moth_part *loss;         /* options */
  bool fused;                    /* p are logits of the activation the row names; y, where not NULL, gets the activation's outputs */
  int64_t rows, columns;
  const void *p; int64_t p_row, p_column;
  const void *t; int64_t t_row, t_column; /* targets of p's shape and dtype; NULL with classes */
  const int64_t *classes;        /* class numbers from 0, one a row, checked */
  const double *weights;         /* a weight a row; NULL: 1 */
  void *d; int64_t d_row, d_column;       /* gets scale · dE/dp (dE/dz when fused); NULL: not wanted */
  void *y; int64_t y_row, y_column;
  double scale;                  /* 1/denominator, or what the reduction asks */
} loss_run;

/* What stands before the loss and what it is given, for check's words. */
typedef struct loss_setting {
  const char *where;             /* "train", "backprop", "mse" */
  const char *activation;        /* name of the last activation; NULL where unknown (moth_loss_value) */
  const char *last;              /* "layer 3 is dense(10, \"softmax\")" as a message says it; NULL */
  moth_dtype dtype;              /* of the targets as given */
  moth_shape target, prediction; /* of one sample */
  int64_t rows;
  const char *target_name;       /* "data.y", "target" */
  moth_dtype prediction_dtype;   /* the net's */
} loss_setting;

typedef struct loss_class {
  moth_row row;                  /* options: reduction first (LOSS_REDUCTION), then its own */
  const char *fuses;             /* the activation it fuses with ("softmax", "sigmoid"); NULL: none */
  bool over_elements;            /* "mean" is over all elements, else over samples (or the sum of class weights) */
  bool is_binary;                /* one output tells two classes apart */
  bool takes_shares;             /* targets that are no classes lie in 0 to 1: loss_check_targets */
  /* Whether it can follow that activation and take those targets; else an error that says what to use. *classes: it takes them as class
   * numbers. */
  moth_status (*check)(moth *m, const moth_part *loss, const loss_setting *setting, bool *classes);
  /* Whether these options want the fused form after this activation ({logits = true} after linear does too). */
  bool (*fused)(const moth_part *loss, const char *activation);
  /* The denominator's share of these rows for reduction "mean"; NULL: rows × (columns where over_elements), weighted by weights. */
  double (*weight)(const loss_run *run);
  /* Which kernel of math/lanes.h gives what `rows` gives, with these options; NULL: none. */
  enum lanes_loss_kind (*lanes)(const loss_run *run);
  /* The unscaled sum over the rows. */
  double (*rows)(const loss_run *run);
} loss_class;

enum { LOSS_REDUCTION = 0 };
#define LOSS_OPTIONS                                                                                                                     \
  [LOSS_REDUCTION] = { .key = "reduction", .doc = "mean, batch (sum / samples) or sum", .kinds = MOTH_OPTION_TEXT,                       \
                       .fallback = MOTH_TEXT(NULL, "mean"), .choices = "mean batch sum" }

extern const moth_row *const loss_catalog[];

/* 1/denominator for the part's reduction, from the summed weight() and the number of rows: value = sum · scale. */
double loss_scale(const moth_part *loss, double weight, int64_t rows);
double loss_weight(const loss_run *run);
/* How many classes a prediction of so many columns tells apart, for loss_check_classes. */
int64_t loss_class_count(const moth_part *loss, int64_t columns);
/* Fails with "label 11 in row 37 of data.y, layer 3 dense(10, "softmax") has classes 1..10" or "label 0 in row 1 of data.y; classes
 * count from 1 to 10" + hint; labels as the script sees them (counted from m->index_base). `last` as in
 * loss_setting, or NULL. */
moth_status loss_check_classes(moth *m, const char *where, const char *target_name, const char *last, const int64_t *labels, int64_t count,
                               int64_t classes);
/* Fails with "binary_cross_entropy takes targets from 0 to 1, data.y has 2 in row 3" + hint where a loss that wants shares gets others; `t`
 * are contiguous [rows, columns] of the dtype (any), as given. */
moth_status loss_check_targets(moth *m, const moth_part *loss, const char *where, const char *target_name, moth_dtype dtype, const void *t,
                               int64_t rows, int64_t columns);
/* moth_loss_value is built from these (losses/loss.c). */

#endif
