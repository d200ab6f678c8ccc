#include <math.h>
#include <string.h>

#include "core/text.h"
#include "training/state.h"

static const moth_option_row clip_options[] = {
  { .key = "norm", .doc = "the largest norm that the gradient may have", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED | MOTH_LOW_OPEN,
    .low = 0, .high = INFINITY },
  { .key = "order", .doc = "of that norm", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED, .low = 1, .high = INFINITY,
    .fallback = MOTH_REAL(NULL, 2) },
  { .key = "value", .doc = "the largest size of a single gradient", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED | MOTH_LOW_OPEN,
    .low = 0, .high = INFINITY },
};
static const moth_row clip_row = { .name = "clip", .doc = "How gradients are clipped.", .options = clip_options, .option_count = 3 };

static const moth_option_row train_options[TRAIN_OPTIONS] = {
  [TRAIN_NET] = { .key = "net", .doc = "the net to train", .kinds = MOTH_OPTION_OBJECT, .object = MOTH_NET_OBJECT, .flags = MOTH_REQUIRED,
                  .foreign = "model network" },
  [TRAIN_DATA] = { .key = "data", .doc = "the data set to learn from", .kinds = MOTH_OPTION_OBJECT, .object = MOTH_DATASET_OBJECT,
                   .flags = MOTH_REQUIRED, .foreign = "dataset train_data x_train" },
  [TRAIN_LOSS] = { .key = "loss", .doc = "what is made small", .kinds = MOTH_OPTION_PART, .parts = 1 << MOTH_LOSS, .flags = MOTH_REQUIRED,
                   .foreign = "criterion loss_fn objective" },
  [TRAIN_EPOCHS] = { .key = "epochs", .doc = "how often all rows are seen", .kinds = MOTH_OPTION_INT, .flags = MOTH_REQUIRED | MOTH_RANGED,
                     .low = 1, .high = 9007199254740992.0, .foreign = "nb_epoch n_epochs num_epochs max_epochs iterations" },
  [TRAIN_OPTIMIZER] = { .key = "optimizer", .doc = "how weights follow the gradient", .kinds = MOTH_OPTION_PART,
                        .parts = 1 << MOTH_OPTIMIZER, .fallback = MOTH_TEXT(NULL, "adam"), .foreign = "optim opt solver" },
  [TRAIN_VALIDATION] = { .key = "validation", .doc = "rows that are only measured; the best weights on them are put back at the end",
                         .kinds = MOTH_OPTION_OBJECT, .object = MOTH_DATASET_OBJECT, .foreign = "validation_data valid val eval_set" },
  [TRAIN_METRICS] = { .key = "metrics", .doc = "what else is measured every epoch", .kinds = MOTH_OPTION_PARTS,
                      .parts = 1 << MOTH_METRIC | 1 << MOTH_LOSS, .foreign = "metric scoring" },
  [TRAIN_SCHEDULE] = { .key = "schedule", .doc = "the learning rate over the epochs: a schedule, or a function of epoch and base",
                       .kinds = MOTH_OPTION_PART | MOTH_OPTION_CALL, .parts = 1 << MOTH_SCHEDULE, .call = MOTH_SCHEDULE_CALL,
                       .foreign = "scheduler lr_scheduler lr_schedule" },
  [TRAIN_BATCH] = { .key = "batch", .doc = "rows a step, or \"full\"; by default 32, or all where there are fewer",
                    .kinds = MOTH_OPTION_INT | MOTH_OPTION_TEXT, .flags = MOTH_RANGED, .low = 1, .high = 9007199254740992.0,
                    .choices = "full", .foreign = "batch_size batchsize minibatch" },
  [TRAIN_SHUFFLE] = { .key = "shuffle", .doc = "another order every epoch (a full batch keeps its own)", .kinds = MOTH_OPTION_FLAG,
                      .fallback = MOTH_FLAG(NULL, true) },
  [TRAIN_DROP_LAST] = { .key = "drop_last", .doc = "leave out the last batch where it is smaller", .kinds = MOTH_OPTION_FLAG,
                        .fallback = MOTH_FLAG(NULL, false) },
  [TRAIN_SEED] = { .key = "seed", .doc = "of shuffling and dropout; by default a draw of the context's generator", .kinds = MOTH_OPTION_INT,
                   .foreign = "random_state" },
  [TRAIN_PATIENCE] = { .key = "patience", .doc = "stop when the monitored value has not improved for so many epochs",
                       .kinds = MOTH_OPTION_INT, .flags = MOTH_RANGED, .low = 1, .high = 9007199254740992.0, .foreign = "early_stopping" },
  [TRAIN_MONITOR] = { .key = "monitor", .doc = "the column that tells the best epoch: val_loss, without validation loss",
                      .kinds = MOTH_OPTION_TEXT },
  [TRAIN_MODE] = { .key = "mode", .doc = "whether small or large values of it are good; known for built-in metrics",
                   .kinds = MOTH_OPTION_TEXT, .choices = "min max" },
  [TRAIN_MIN_DELTA] = { .key = "min_delta", .doc = "the least change that counts as an improvement", .kinds = MOTH_OPTION_REAL,
                        .flags = MOTH_RANGED, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 0) },
  [TRAIN_CLIP] = { .key = "clip", .doc = "the largest norm of the gradient, or a table { norm=, order= } or { value= }",
                   .kinds = MOTH_OPTION_REAL | MOTH_OPTION_OPTIONS, .schema = &clip_row, .flags = MOTH_RANGED | MOTH_LOW_OPEN, .low = 0,
                   .high = INFINITY, .foreign = "clipnorm clip_norm gradient_clip max_grad_norm" },
  [TRAIN_L2] = { .key = "l2", .doc = "adds l2 times the sum of squared weights to what is made small", .kinds = MOTH_OPTION_REAL,
                 .flags = MOTH_RANGED, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 0) },
  [TRAIN_ON_NAN] = { .key = "on_nan", .doc = "what to do when the loss is not finite", .kinds = MOTH_OPTION_TEXT, .choices = "error stop",
                     .fallback = MOTH_TEXT(NULL, "error") },
  [TRAIN_SECONDS] = { .key = "seconds", .doc = "stop after so much time", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED | MOTH_LOW_OPEN,
                      .low = 0, .high = INFINITY },
  [TRAIN_CHECKPOINT] = { .key = "checkpoint", .doc = "a file that the state is saved to as training goes on", .kinds = MOTH_OPTION_TEXT },
  [TRAIN_CHECKPOINT_EVERY] = { .key = "checkpoint_every", .doc = "after so many epochs, and at the end", .kinds = MOTH_OPTION_INT,
                               .flags = MOTH_RANGED, .low = 1, .high = 9007199254740992.0, .fallback = MOTH_INT(NULL, 1) },
  [TRAIN_RESUME] = { .key = "resume", .doc = "go on from the checkpoint where its file is there, from another file, or from an ended run",
                     .kinds = MOTH_OPTION_FLAG | MOTH_OPTION_TEXT | MOTH_OPTION_OBJECT, .object = MOTH_RUN_OBJECT,
                     .fallback = MOTH_FLAG(NULL, false) },
  [TRAIN_PROGRESS] = { .key = "progress", .doc = "whether, or by whom, progress is drawn", .kinds = MOTH_OPTION_FLAG | MOTH_OPTION_CALL,
                       .call = MOTH_PROGRESS_CALL, .foreign = "verbose" },
  [TRAIN_ON_EPOCH] = { .key = "on_epoch", .doc = "called after every epoch; true stops", .kinds = MOTH_OPTION_CALL, .call = MOTH_EPOCH_CALL,
                       .foreign = "callbacks callback on_epoch_end" },
  [TRAIN_ON_BATCH] = { .key = "on_batch", .doc = "called after every batch; true stops", .kinds = MOTH_OPTION_CALL, .call = MOTH_BATCH_CALL,
                       .foreign = "on_batch_end" },
  [TRAIN_ORIGIN] = { .key = "origin", .doc = "where the script calls", .kinds = MOTH_OPTION_TEXT, .flags = MOTH_BUILDING },
};

const moth_row trainer_row = {
  .name = "train",
  .doc = "Trains a net: epochs of batches, each forward, loss, backward and update.\n"
         "The loss of an epoch is the mean of its batches' losses by rows, as they were met, before each update and without penalties.\n"
         "With validation= the weights of the best epoch are put back at the end, whatever ended it.",
  .options = train_options, .option_count = TRAIN_OPTIONS,
  .example = "local run = moth.train{ net = moth.net{ input = 1, moth.dense(1) }, data = { moth.rand(8, 1), moth.rand(8, 1) }, "
             "loss = \"mse\", epochs = 3, progress = false }; print(#run.loss)",
  .foreign = "fit",
};

/* ---- From options to a trainer ---- */

static moth_call call_of(const options *o, int i) {
  return o->values[i].kind == MOTH_OPTION_CALL ? o->values[i].as.call : (moth_call){ .function = NULL };
}

static double nested_number(const options *o, const char *key) {
  const moth_option *value = options_nested(o, TRAIN_CLIP, key);
  return value == NULL ? 0 : value->as.real;
}

static moth_status read_clip(moth *m, moth_trainer *self) {
  const options *o = &self->options;
  if (!options_is_set(o, TRAIN_CLIP)) return MOTH_OK;
  if (o->values[TRAIN_CLIP].kind == MOTH_OPTION_OPTIONS) {
    self->clip = (moth_clip){ nested_number(o, "norm"), nested_number(o, "order"), nested_number(o, "value") };
  } else {
    self->clip = (moth_clip){ .norm = options_number(o, TRAIN_CLIP), .order = 2 };
  }
  if ((self->clip.norm > 0) != (self->clip.value > 0)) return MOTH_OK;
  return context_fail(m, MOTH_OPTION, "train", "clip takes norm or value, got %s", self->clip.norm > 0 ? "both" : "neither");
}

moth_status trainer_read_batch(moth *m, moth_trainer *self) {
  const options *o = &self->options;
  int64_t rows = self->rows;
  self->batch = rows < 32 ? rows : 32;
  if (options_word(o, TRAIN_BATCH) != NULL) self->batch = rows;
  else if (options_is_set(o, TRAIN_BATCH)) self->batch = options_int(o, TRAIN_BATCH);
  if (self->batch > rows) {
    return context_fail(m, MOTH_OPTION, "train", "batch = %lld, data has %lld row%s; batch = \"full\" takes all of them",
                        (long long)self->batch, (long long)rows, rows == 1 ? "" : "s");
  }
  self->batches = options_flag(o, TRAIN_DROP_LAST) ? rows / self->batch : (rows - 1) / self->batch + 1;
  self->shuffles = options_flag(o, TRAIN_SHUFFLE) && self->batch < rows;
  return MOTH_OK;
}

moth_status trainer_read_options(moth *m, const moth_option *given, moth_trainer *self) {
  options *o = &self->options;
  moth_status status = options_read(m, "train", &trainer_row, given, o);
  if (status != MOTH_OK) return status;
  self->net = options_object(o, TRAIN_NET);
  self->data = options_object(o, TRAIN_DATA);
  self->validation = options_object(o, TRAIN_VALIDATION);
  self->loss = options_part(o, TRAIN_LOSS);
  self->optimizer = options_part(o, TRAIN_OPTIMIZER);
  self->schedule = options_part(o, TRAIN_SCHEDULE);
  self->lr_of = call_of(o, TRAIN_SCHEDULE);
  self->on_epoch = call_of(o, TRAIN_ON_EPOCH);
  self->on_batch = call_of(o, TRAIN_ON_BATCH);
  self->progress = call_of(o, TRAIN_PROGRESS);
  self->epochs = options_int(o, TRAIN_EPOCHS);
  self->rows = self->data->rows;
  self->patience = options_is_set(o, TRAIN_PATIENCE) ? options_int(o, TRAIN_PATIENCE) : 0;
  self->min_delta = options_number(o, TRAIN_MIN_DELTA);
  self->seconds = options_is_set(o, TRAIN_SECONDS) ? options_number(o, TRAIN_SECONDS) : 0;
  self->checkpoint_every = options_is_set(o, TRAIN_CHECKPOINT) ? options_int(o, TRAIN_CHECKPOINT_EVERY) : 0;
  return read_clip(m, self);
}
