/* training/state.h: the inside of a trainer, for the files of this folder. A trainer is a position (epoch, batch, validation row), the sums
 * of the open epoch and what to do at each turn; everything it needs is made when it is created, so that steps allocate nothing. */
#ifndef TRAINING_STATE_H
#define TRAINING_STATE_H

#include "core/stream.h"
#include "training/feed.h"
#include "training/trainer.h"

enum train_option {
  TRAIN_NET, TRAIN_DATA, TRAIN_LOSS, TRAIN_EPOCHS, TRAIN_OPTIMIZER, TRAIN_VALIDATION, TRAIN_METRICS, TRAIN_SCHEDULE, TRAIN_BATCH,
  TRAIN_SHUFFLE, TRAIN_DROP_LAST, TRAIN_SEED, TRAIN_PATIENCE, TRAIN_MONITOR, TRAIN_MODE, TRAIN_MIN_DELTA, TRAIN_CLIP, TRAIN_L2,
  TRAIN_ON_NAN, TRAIN_SECONDS, TRAIN_CHECKPOINT, TRAIN_CHECKPOINT_EVERY, TRAIN_RESUME, TRAIN_PROGRESS, TRAIN_ON_EPOCH, TRAIN_ON_BATCH,
  TRAIN_ORIGIN, TRAIN_OPTIONS
};

/* ---- Tallies: a metric or a loss over predicted rows ---------------------------------------------------------------------------- */

/* Losses are summed by the plan, from the logits where they are fused; metrics see the outputs. The state is plain bytes. */
size_t tally_bytes(const moth_part *part, int64_t columns, int64_t rows);
void tally_begin(const moth_part *part, void *state);
moth_status tally_add(plan *run, const metric_batch *batch, const plan_targets *targets, void *state);
double tally_finish(const moth_part *part, const void *state);
enum { TALLY_LOSS_BYTES = 24 };

/* ---- The trainer ---------------------------------------------------------------------------------------------------------------- */

typedef struct trainer_metric {
  const moth_part *part;
  size_t state, state_bytes;     /* where its states lie in trainer.states: over the training batches, over the validation rows */
  size_t tally, tally_bytes;
  int column, val_column;        /* of the run; -1 without validation */
} trainer_metric;

enum trainer_phase { TRAINER_EPOCH, TRAINER_BATCH, TRAINER_VALIDATION };

/* What is saved as it is: the position and the counters. */
typedef struct trainer_position {
  int64_t phase;                 /* what comes next */
  int64_t epoch;                 /* the open one, or the next: from 1 */
  int64_t batch;                 /* batches of the epoch that are done */
  int64_t validated;             /* validation rows that are done */
  int64_t step;                  /* steps done in all */
  int64_t wait;                  /* epochs without improvement */
  int64_t has_best, has_kept;    /* whether the copies below hold weights */
  int64_t kept_epoch;            /* the epoch whose last weights are kept; 0: those before training */
} trainer_position;
enum { TRAINER_COUNTERS = sizeof(trainer_position) / sizeof(int64_t) };

/* The sums of the open epoch, and numbers that go with the position. */
typedef struct trainer_sums {
  double loss, rows;             /* over the batches met: value · rows, and rows */
  double val_loss[3];            /* a tally of the loss */
  double lr;                     /* of this epoch */
  double best;                   /* the monitored value of the best epoch */
  double seconds;                /* of training so far */
  double epoch_began;            /* in those seconds */
} trainer_sums;
enum { TRAINER_SUMS = sizeof(trainer_sums) / sizeof(double) };

typedef struct trainer_clock { double entered, deadline, slice, last, last_progress; int64_t every, left; bool runs; } trainer_clock;

struct moth_trainer {
  object base;
  options options;               /* hold everything that is borrowed below */
  moth_net *net;
  const moth_part *loss;
  moth_part *optimizer;
  const moth_part *schedule;     /* NULL: none, or a function */
  const moth_dataset *data, *validation; /* validation NULL: none */
  moth_run *run;
  char *optimizer_text;          /* as it was made: its rate may be changed later */
  uint64_t key;
  int64_t rows, batch, batches, epochs;
  bool shuffles, maximizes;
  int monitor;                   /* column of the run */
  int64_t patience;              /* 0: none */
  double min_delta, seconds;     /* seconds 0: no limit */
  moth_call on_epoch, on_batch, progress, lr_of; /* function NULL: none */
  int64_t checkpoint_every;      /* epochs; 0: never */

  plan *training, *predicting;
  plan_step_job job;
  moth_clip clip;
  feed feed, val_feed;
  int64_t *order;
  char *best, *kept;             /* parameters, then buffers. After the end `kept` holds the last weights if others were put back */
  size_t weight_bytes, parameter_bytes;

  int metric_count;
  trainer_metric *metrics;
  char *states;
  size_t state_bytes;
  const char **metric_names;     /* for moth_epoch: values lie behind them */
  double *metric_values, *val_metric_values;
  int val_loss_column, lr_column;

  trainer_position at;
  trainer_sums sums;
  trainer_clock clock;
  double refused;                /* the loss that was not finite */
  int64_t saved_step;            /* of the last checkpoint; -1: none */
  bool is_refused, running, stop_asked, ended, put_back;
};

/* options.c: the options, and how data of `rows` rows is cut into batches. */
moth_status trainer_read_options(moth *m, const moth_option *given, moth_trainer *self);
moth_status trainer_read_batch(moth *m, moth_trainer *self);
/* create.c: a failure leaves the host's calls the host's. */
moth_status trainer_create(moth *m, const moth_option *given, moth_trainer **trainer);
/* After a failure of moth_train: ends, and gives the host's calls back unreleased. */
void trainer_abandon(moth_trainer *self);
/* weights.c: copies of parameters and buffers. */
void trainer_copy_weights(const moth_trainer *self, char *to);
void trainer_swap_weights(moth_trainer *self, char *with);
void trainer_set_weights(moth_trainer *self, const char *from);
/* step.c: runs until the budget (milliseconds) is spent, or an epoch ends where `one_epoch`; *epoch is the one that ended, or 0. */
moth_status trainer_advance(moth_trainer *self, double budget_ms, bool one_epoch, int64_t *epoch);
/* The order of the open epoch. */
void trainer_order_rows(moth_trainer *self);
/* Seconds of training so far, while it runs. */
double trainer_seconds(const moth_trainer *self);
/* finish.c: ends the training: the best weights are put back, and the run says why. */
void trainer_finish(moth_trainer *self, const char *reason);
/* The loss was not finite: the earlier weights are put back; MOTH_NUMERIC, or MOTH_DATA where the data is not finite any more, unless
 * on_nan = "stop". */
moth_status trainer_finish_nan(moth_trainer *self);
/* metric_call.c */
const char *trainer_metric_name(const moth_part *metric);
bool trainer_metric_is_called(const moth_part *metric);
/* run.c */
moth_status run_create(moth *m, int columns, moth_run **run);
moth_status run_reserve(moth_run *run, int64_t epochs);
const char *run_column_name(const void *run, int index); /* a text_candidate */
void run_column_names(const moth_run *run, int count, char *names, size_t size); /* the first of them */
/* checkpoint.c */
moth_status checkpoint_write(const moth_trainer *self, stream *to);
moth_status checkpoint_read(moth_trainer *self, stream *from, const char *name);
moth_status trainer_write_checkpoint(moth_trainer *self); /* to checkpoint= */
/* Leaves the state of an ended training with its run; where memory is short the run keeps none. */
void trainer_keep_state(moth_trainer *self);
moth_status trainer_resume(moth *m, moth_trainer *self);  /* as resume= says */
moth_status trainer_save_file(moth *m, const moth_trainer *self, const char *path);
moth_status trainer_load_file(moth *m, moth_trainer *self, const char *path);

#endif
