/* training/feed.h: a data set as a net and a loss want it: checked once, then handed out a batch at a time, in place where the stored
 * values are already what is wanted. Reads the data set, never changes it. */
#ifndef TRAINING_FEED_H
#define TRAINING_FEED_H

#include <stdatomic.h>

#include "data/dataset.h"
#include "network/plan.h"

/* How messages call it: constant. */
typedef struct feed_names { const char *where, *data; } feed_names; /* "train", "data" */

typedef struct feed {
  moth *m;
  const moth_dataset *data;      /* borrowed */
  moth_dtype dtype;              /* of the net */
  bool index_input;              /* x are class numbers */
  bool classes;                  /* the loss takes class numbers */
  int64_t class_count;           /* of how many */
  const feed_names *names;
  int64_t x_features, y_features;
  const int64_t *order;          /* of this epoch, into the view's rows; NULL: as they come */
  int64_t first;                 /* row of the batch that was handed out last */
  const char *x, *y;             /* rows in place from row 0; NULL: gathered */
  const double *weight;
  void *own_x, *own_y;           /* values that were prepared once; x or y point there */
  size_t own_x_bytes, own_y_bytes;
  void *targets;                 /* a chunk's targets, for feed_targets */
  size_t target_bytes;
  double *weights;               /* a batch's weights, where they are not in place */
  int64_t weight_room;
  atomic_bool has_strayed;       /* a label was out of range when it was gathered: someone wrote to the data since it was checked */
} feed;

/* Checks a data set against a net and a loss: rows, shapes, dtypes, labels, values. Without a loss (NULL: only metrics look) whole numbers,
 * one a row, are classes. Allocates nothing that lasts. */
moth_status feed_open(moth *m, const feed_names *names, const moth_net *net, const moth_dataset *data, const moth_part *loss, feed *self);
/* Checks one more loss or metric against the same targets; it must read them as the first loss does. */
moth_status feed_check_part(const feed *self, const feed_names *names, const moth_net *net, const moth_part *part);
/* Makes room for batches of `rows`: weights and, with `targets`, feed_targets. */
moth_status feed_reserve(feed *self, int64_t rows, bool targets);
/* Converts everything once, for a set that is run whole and in order. */
moth_status feed_prepare(feed *self);
void feed_close(feed *self);
/* Sources of rows first … of the order. */
void feed_batch(feed *self, int64_t first, int64_t rows, plan_source *x, plan_targets *targets);
/* The targets of the batch just handed out, in memory: replaces targets->source. */
void feed_targets(feed *self, int64_t rows, plan_targets *targets);
/* MOTH_INDEX where a label that was gathered since the last call was out of range; a class in range stood in for it. */
moth_status feed_settle(feed *self);

#endif
