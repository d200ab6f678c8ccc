/* training/trainer.h: the epoch loop, cut into steps that a host can spread over its own frames; validation, early stopping, the run, and
 * what an exact continuation needs. */
#ifndef TRAINING_TRAINER_H
#define TRAINING_TRAINER_H

#include "data/dataset.h"
#include "metrics/metric.h"
#include "network/plan.h"

/* The history of one training. Columns in the order loss, val_loss, metrics, val_metrics, lr. */
typedef struct run_column { char name[64]; double *values; int64_t capacity; } run_column;
struct moth_run {
  object base;
  int column_count;
  run_column *columns;
  int64_t epochs, best_epoch;
  double seconds;
  uint64_t seed;
  char stopped[16];              /* "" while it runs */
  char text[256];
  void *saved; size_t saved_size; /* how the training stood when it ended, for resume= */
};

extern const object_class run_class, trainer_class;
extern const moth_row trainer_row; /* "train" of the MOTH_FUNCTION catalog */

#endif
