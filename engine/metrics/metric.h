/* metrics/metric.h: what a metric is: plain bytes of state that batches add to, so that an open epoch can be saved. Losses serve as
 * metrics by name. A function of the script's is called a batch at a time and averaged by rows. */
#ifndef METRICS_METRIC_H
#define METRICS_METRIC_H

#include "core/part.h"
#include "math/kernels.h"
#include "tensor/tensor.h"

typedef struct metric_batch {
  moth *m;
  const moth_part *metric;
  moth_dtype dtype;
  int64_t rows, columns;         /* of one sample's outputs, flattened */
  const void *p;                 /* [rows, columns], contiguous: the net's outputs (after the activation) */
  const void *t;                 /* likewise, or NULL */
  const int64_t *classes;        /* class numbers from 0, or NULL */
  const double *weights;         /* a weight a row; NULL: 1 */
} metric_batch;

typedef struct metric_class {
  moth_row row;
  bool higher_is_better;
  size_t (*state_bytes)(const moth_part *metric, int64_t columns, int64_t rows);
  void (*begin)(const moth_part *metric, void *state);
  moth_status (*add)(const metric_batch *batch, void *state);
  double (*finish)(const moth_part *metric, const void *state);
  moth_status (*check)(moth *m, const char *where, const moth_part *metric, int64_t columns, bool classes); /* NULL: always fine */
} metric_class;

extern const moth_row *const metric_catalog[];

/* Any metric or loss as one thing: its state's size, begin, add, finish. */
size_t metric_state_bytes(const moth_part *part, int64_t columns, int64_t rows);
void metric_begin(const moth_part *part, void *state);
moth_status metric_add(const metric_batch *batch, void *state);
double metric_finish(const moth_part *part, const void *state);
bool metric_higher_is_better(const moth_part *part);

#endif
