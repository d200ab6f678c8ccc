/* The state machine: an epoch begins, its batches run, validation rows are measured, the epoch ends. Each turn leaves a position that can
 * be saved, before anything of the host's is called. */
#include <assert.h>
#include <math.h>
#include <time.h>

#include "core/memory.h"
#include "core/pool.h"
#include "training/state.h"

/* ---- Denormals ---- */

/* To flush them in each step costs half an epoch of a tiny net: they are flushed from the first turn to the last, but where something of
 * the host's may run; there updates that the plan has put off are done too. */
static void lend_denormals(const moth_trainer *self) {
  plan_pay(self->training);
  pool_restore_denormals(self->job.host_denormals);
}
static void take_denormals(void) { pool_flush_denormals(); }

/* ---- Time ---- */

enum { MOST_TURNS = 1 << 20 };
static const double slice_seconds = 0.0005, progress_seconds = 0.05;

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double trainer_seconds(const moth_trainer *self) {
  return self->sums.seconds + (self->running ? now_seconds() - self->clock.entered : 0);
}

static void clock_start(moth_trainer *self, double budget_ms) {
  trainer_clock *clock = &self->clock;
  clock->entered = clock->last = now_seconds();
  clock->deadline = clock->entered + budget_ms / 1000;
  clock->slice = fmin(slice_seconds, budget_ms / 8000);
  clock->every = clock->left = 1;
  clock->runs = isfinite(budget_ms) || self->seconds > 0 || self->progress.function != NULL;
}

static int64_t rows_an_epoch(const moth_trainer *self) {
  int64_t whole = self->batches * self->batch;
  return whole < self->rows ? whole : self->rows;
}

static double mean_loss(const moth_trainer *self) {
  if (self->sums.rows == 1) return self->sums.loss;
  return self->sums.rows > 0 ? self->sums.loss / self->sums.rows : NAN;
}

static moth_status show_progress(moth_trainer *self) {
  double seconds = trainer_seconds(self);
  int64_t met = self->run->epochs * rows_an_epoch(self) + self->at.batch * self->batch;
  moth_progress progress = {
    .epoch = self->at.epoch, .epochs = self->epochs, .batch = self->at.batch, .batches = self->batches, .loss = mean_loss(self),
    .rows_per_second = (double)met / seconds, .seconds = seconds,
  };
  lend_denormals(self);
  moth_status status = ((moth_progress_function)self->progress.function)(self->progress.data, self, &progress);
  take_denormals();
  if (status != MOTH_OK && !self->ended) trainer_finish(self, "callback");
  return status;
}

/* Reading the clock costs as much as an epoch of a tiny net, so it is read every so many turns: about one slice of time. */
static moth_status look_at_clock(moth_trainer *self, bool *is_spent) {
  trainer_clock *clock = &self->clock;
  double now = now_seconds(), passed = now - clock->last;
  if (passed < clock->slice && clock->every < MOST_TURNS) clock->every *= 2;
  if (passed > 2 * clock->slice && clock->every > 1) clock->every /= 2;
  clock->last = now;
  clock->left = clock->every;
  moth_status status = MOTH_OK;
  if (self->progress.function != NULL && now - clock->last_progress >= progress_seconds) {
    clock->last_progress = now;
    status = show_progress(self);
  }
  if (status == MOTH_OK && !self->ended && self->seconds > 0 && trainer_seconds(self) >= self->seconds) trainer_finish(self, "time");
  *is_spent = now >= clock->deadline;
  return status;
}

/* ---- An epoch begins ---- */

static bool is_scheduled(const moth_trainer *self) { return self->schedule != NULL || self->lr_of.function != NULL; }

/* Without a schedule it is the optimizer's, read anew for each batch. */
static moth_status choose_lr(moth_trainer *self) {
  if (!is_scheduled(self)) return MOTH_OK;
  moth *m = self->base.context;
  double base = optimizer_lr(self->optimizer), lr = base;
  if (self->schedule != NULL) lr = schedule_lr(self->schedule, self->at.epoch, self->epochs, base);
  if (self->lr_of.function != NULL) {
    lend_denormals(self);
    moth_status status = ((moth_schedule_function)self->lr_of.function)(self->lr_of.data, self->at.epoch, base, &lr);
    take_denormals();
    if (status != MOTH_OK) {
      trainer_finish(self, "callback");
      return status;
    }
  }
  if (!(lr >= 0 && isfinite(lr))) {
    return context_fail(m, MOTH_OPTION, "train", "schedule: lr of epoch %lld must be >= 0, got %g", (long long)self->at.epoch,
                        isnan(lr) ? (double)NAN : lr); /* 0/0 has a sign */
  }
  self->sums.lr = lr;
  return MOTH_OK;
}

static bool is_observed(const moth_trainer *self) { return self->on_epoch.function != NULL || self->progress.function != NULL; }

void trainer_order_rows(moth_trainer *self) {
  if (!self->shuffles) return;
  random_shuffle(self->key, (uint64_t)self->at.epoch, self->order, self->rows);
  self->feed.order = self->order;
}

/* Room for one more epoch; the host's allocator runs in the host's modes. */
static moth_status reserve_epoch(moth_trainer *self) {
  moth_run *run = self->run;
  if (run->columns[self->lr_column].capacity > run->epochs) return MOTH_OK;
  lend_denormals(self);
  moth_status status = run_reserve(run, run->epochs + 1);
  take_denormals();
  return status;
}

static moth_status begin_epoch(moth_trainer *self) {
  moth_status status = reserve_epoch(self);
  if (status != MOTH_OK) return context_within(self->base.context, status, "train");
  status = choose_lr(self);
  if (status != MOTH_OK) return status;
  trainer_order_rows(self);
  self->sums.loss = self->sums.rows = 0;
  for (int i = 0; i < self->metric_count; i++) metric_begin(self->metrics[i].part, self->states + self->metrics[i].state);
  if (is_observed(self)) self->sums.epoch_began = trainer_seconds(self);
  self->at.batch = 0;
  self->at.phase = TRAINER_BATCH;
  return MOTH_OK;
}

/* ---- A batch ---- */

/* Called when the loss is known and nothing has changed yet. The first finite loss of an epoch proves the weights that it began with:
 * these are kept, to be put back should a later loss not be finite. */
static bool may_proceed(void *data, double value) {
  moth_trainer *self = data;
  if (self->feed.has_strayed) return false;
  if (!isfinite(value)) {
    self->refused = value;
    self->is_refused = true;
    return false;
  }
  if (self->at.batch == 0) {
    trainer_copy_weights(self, self->kept);
    self->at.has_kept = 1;
    self->at.kept_epoch = self->at.epoch - 1;
  }
  return true;
}

static metric_batch batch_of(moth_trainer *self, const plan *run, const plan_targets *targets, int64_t rows) {
  const moth_net *net = self->net;
  int64_t columns = 1;
  for (int i = 0; i < net->output.rank; i++) columns *= net->output.size[i];
  const void *t = targets->source.values != NULL ? targets->source.values : plan_step_targets(run);
  return (metric_batch){
    .m = self->base.context, .dtype = net->dtype, .rows = rows, .columns = columns, .p = plan_outputs(run),
    .t = targets->classes ? NULL : t, .classes = targets->classes ? t : NULL, .weights = targets->weights,
  };
}

/* Something of the host's failed after the weights had moved on: there is no going back. */
static moth_status stopped_by(moth_trainer *self, moth_status status) {
  if (status != MOTH_OK && !self->ended) trainer_finish(self, "callback");
  return status;
}

static moth_status measure_batch(moth_trainer *self, int64_t rows) {
  metric_batch batch = batch_of(self, self->training, &self->job.targets, rows);
  moth_status status = MOTH_OK;
  lend_denormals(self);
  for (int i = 0; status == MOTH_OK && i < self->metric_count; i++) {
    batch.metric = self->metrics[i].part;
    status = metric_add(&batch, self->states + self->metrics[i].state);
  }
  take_denormals();
  return stopped_by(self, status);
}

static moth_status call_on_batch(moth_trainer *self, double value) {
  moth_batch event = { .epoch = self->at.epoch, .batch = self->at.batch, .loss = value, .lr = self->sums.lr };
  bool stop = false;
  lend_denormals(self);
  moth_status status = ((moth_batch_function)self->on_batch.function)(self->on_batch.data, self, &event, &stop);
  take_denormals();
  if (stop) self->stop_asked = true;
  return stopped_by(self, status);
}

static moth_status run_batch(moth_trainer *self) {
  int64_t first = self->at.batch * self->batch, rows = self->rows - first < self->batch ? self->rows - first : self->batch;
  if (!is_scheduled(self)) self->sums.lr = optimizer_lr(self->optimizer);
  if (self->job.rows != rows || self->batches > 1) feed_batch(&self->feed, first, rows, &self->job.x, &self->job.targets);
  self->job.rows = rows; /* the only batch of every epoch lies where it lay */
  self->job.lr = self->sums.lr;
  self->job.step = (uint64_t)self->at.step;
  self->is_refused = false;
  plan_result result = { .value = 0 };
  moth_status status = plan_step(self->training, "train", &self->job, may_proceed, self, &result);
  if (status == MOTH_OK) status = feed_settle(&self->feed);
  if (status != MOTH_OK) return status;
  if (self->is_refused) return trainer_finish_nan(self);
  double share = self->batches == 1 ? 1 : (double)rows; /* one batch: its loss to the last bit */
  self->sums.loss += result.value * share;
  self->sums.rows += share;
  self->at.batch++;
  self->at.step++;
  if (self->metric_count > 0) status = measure_batch(self, rows);
  return status == MOTH_OK && self->on_batch.function != NULL ? call_on_batch(self, result.value) : status;
}

/* ---- Validation ---- */

static void begin_validation(moth_trainer *self) {
  self->at.validated = 0;
  if (self->validation == NULL) return;
  tally_begin(self->loss, self->sums.val_loss);
  for (int i = 0; i < self->metric_count; i++) tally_begin(self->metrics[i].part, self->states + self->metrics[i].tally);
}

static moth_status validate_rows(moth_trainer *self) {
  int64_t first = self->at.validated, left = self->validation->rows - first, rows = left < NETWORK_CHUNK ? left : NETWORK_CHUNK;
  plan_source x;
  plan_targets targets;
  feed_batch(&self->val_feed, first, rows, &x, &targets);
  moth_status status = plan_forward(self->predicting, "train", &x, rows, false, self->key, 0);
  if (status != MOTH_OK) return status;
  feed_targets(&self->val_feed, rows, &targets);
  status = feed_settle(&self->val_feed);
  if (status != MOTH_OK) return status;
  metric_batch batch = batch_of(self, self->predicting, &targets, rows);
  batch.metric = self->loss;
  status = tally_add(self->predicting, &batch, &targets, self->sums.val_loss);
  for (int i = 0; status == MOTH_OK && i < self->metric_count; i++) {
    batch.metric = self->metrics[i].part;
    status = tally_add(self->predicting, &batch, &targets, self->states + self->metrics[i].tally);
  }
  if (status == MOTH_OK) self->at.validated += rows;
  else if (status == MOTH_CALLBACK) stopped_by(self, status);
  else begin_validation(self); /* half a chunk cannot be taken back: it is measured anew */
  return status;
}

/* ---- An epoch ends ---- */

static void record_epoch(moth_trainer *self) {
  moth_run *run = self->run;
  int64_t at = run->epochs;
  run->columns[0].values[at] = mean_loss(self);
  run->columns[self->lr_column].values[at] = self->sums.lr;
  if (self->validation != NULL) run->columns[self->val_loss_column].values[at] = tally_finish(self->loss, self->sums.val_loss);
  for (int i = 0; i < self->metric_count; i++) {
    const trainer_metric *metric = &self->metrics[i];
    self->metric_values[i] = metric_finish(metric->part, self->states + metric->state);
    run->columns[metric->column].values[at] = self->metric_values[i];
    if (self->validation == NULL) continue;
    self->val_metric_values[i] = tally_finish(metric->part, self->states + metric->tally);
    run->columns[metric->val_column].values[at] = self->val_metric_values[i];
  }
  run->epochs++;
}

static void judge_epoch(moth_trainer *self) {
  double value = self->run->columns[self->monitor].values[self->run->epochs - 1], best = self->sums.best;
  bool is_better = !self->at.has_best ? !isnan(value) : self->maximizes ? value > best + self->min_delta : value < best - self->min_delta;
  if (!is_better) {
    self->at.wait++;
    return;
  }
  self->at.has_best = 1;
  self->at.wait = 0;
  self->sums.best = value;
  self->run->best_epoch = self->at.epoch;
  if (self->validation != NULL) trainer_copy_weights(self, self->best);
}

static moth_status tell_epoch(moth_trainer *self, int64_t epoch) {
  const moth_run *run = self->run;
  double seconds = trainer_seconds(self), taken = seconds - self->sums.epoch_began;
  bool validates = self->validation != NULL;
  moth_epoch event = {
    .epoch = epoch, .loss = run->columns[0].values[epoch - 1],
    .val_loss = validates ? run->columns[self->val_loss_column].values[epoch - 1] : NAN,
    .lr = self->sums.lr, .seconds = taken, .rows_per_second = (double)rows_an_epoch(self) / taken, .metric_count = self->metric_count,
    .metric_names = self->metric_names, .metrics = self->metric_values, .val_metrics = validates ? self->val_metric_values : NULL,
  };
  moth_status status = MOTH_OK;
  if (self->progress.function != NULL) {
    moth_progress progress = {
      .epoch = epoch, .epochs = self->epochs, .batch = self->batches, .batches = self->batches, .loss = event.loss,
      .rows_per_second = event.rows_per_second, .seconds = seconds, .row = &event,
    };
    status = ((moth_progress_function)self->progress.function)(self->progress.data, self, &progress);
  }
  bool stop = false;
  if (status == MOTH_OK && self->on_epoch.function != NULL) {
    status = ((moth_epoch_function)self->on_epoch.function)(self->on_epoch.data, self, &event, &stop);
  }
  if (stop) self->stop_asked = true;
  return stopped_by(self, status);
}

static moth_status end_epoch(moth_trainer *self, int64_t *ended) {
  *ended = self->at.epoch;
  record_epoch(self);
  judge_epoch(self);
  self->at.phase = TRAINER_EPOCH;
  self->at.epoch++;
  self->at.batch = self->at.validated = 0;
  moth_status status = MOTH_OK;
  if (is_observed(self)) {
    lend_denormals(self);
    status = tell_epoch(self, *ended);
    take_denormals();
  }
  if (status != MOTH_OK || self->checkpoint_every == 0 || *ended % self->checkpoint_every != 0) return status;
  lend_denormals(self);
  status = trainer_write_checkpoint(self);
  take_denormals();
  return status;
}

/* ---- Many epochs ---- */

/* Whether epochs of one batch may follow each other with nobody looking in between. */
static bool runs_on(const moth_trainer *self) {
  return self->at.phase == TRAINER_EPOCH && self->batches == 1 && !self->shuffles && self->validation == NULL && self->metric_count == 0 &&
         self->on_batch.function == NULL && !is_observed(self) && !is_scheduled(self);
}

enum { MOST_EPOCHS = 1024 };
/* So many epochs at most: until the clock is to be looked at, patience might end, or a checkpoint is due. */
static int64_t epochs_ahead(const moth_trainer *self, bool one_epoch) {
  int64_t count = one_epoch ? 1 : MOST_EPOCHS, left = self->epochs - self->at.epoch + 1;
  if (left < count) count = left;
  if (self->clock.runs && self->clock.left < count) count = self->clock.left;
  if (self->patience > 0 && self->patience - self->at.wait < count) count = self->patience - self->at.wait;
  if (self->checkpoint_every > 0) {
    int64_t due = self->checkpoint_every - (self->at.epoch - 1) % self->checkpoint_every;
    if (due < count) count = due;
  }
  return count < 1 ? 1 : count;
}

/* Epochs that the plan can run by itself; *done of them, and 0 where an ordinary turn must take over. What they leave is what as many turns
 * leave. */
static moth_status run_epochs(moth_trainer *self, bool one_epoch, int64_t *done) {
  moth_run *run = self->run;
  *done = 0;
  int64_t count = epochs_ahead(self, one_epoch);
  if (run->columns[self->lr_column].capacity < run->epochs + count) {
    lend_denormals(self);
    moth_status status = run_reserve(run, run->epochs + count);
    take_denormals();
    if (status != MOTH_OK) return context_within(self->base.context, status, "train");
  }
  self->sums.lr = self->job.lr = optimizer_lr(self->optimizer);
  if (self->job.rows != self->rows) feed_batch(&self->feed, 0, self->rows, &self->job.x, &self->job.targets);
  self->job.rows = self->rows;
  double *losses = run->columns[0].values + run->epochs, *rates = run->columns[self->lr_column].values + run->epochs;
  moth_status status = plan_run_epochs(self->training, "train", &self->job, count, losses, self->kept, done);
  for (int64_t i = 0; i < *done; i++) {
    rates[i] = self->sums.lr;
    run->epochs++;
    judge_epoch(self);
    self->at.epoch++;
  }
  if (*done == 0) return status;
  self->at.step += *done;
  self->at.has_kept = 1;
  self->at.kept_epoch = self->at.epoch - 2;
  self->sums.loss = losses[*done - 1];
  self->sums.rows = 1;
  return status;
}

static moth_status end_epochs(moth_trainer *self, int64_t *ended) {
  *ended = self->at.epoch - 1;
  if (self->checkpoint_every == 0 || *ended % self->checkpoint_every != 0) return MOTH_OK;
  lend_denormals(self);
  moth_status status = trainer_write_checkpoint(self);
  take_denormals();
  return status;
}

/* ---- Turns ---- */

/* One unit of work, and what belongs to it: the epoch's beginning before the first batch, its end after the last. */
static moth_status take_turn(moth_trainer *self, int64_t *ended) {
  moth_status status = MOTH_OK;
  if (self->at.phase == TRAINER_EPOCH) status = begin_epoch(self);
  if (status != MOTH_OK) return status;
  if (self->at.phase == TRAINER_BATCH) {
    if (self->at.batch < self->batches) status = run_batch(self);
    if (status != MOTH_OK || self->ended || self->at.batch < self->batches) return status;
    self->at.phase = TRAINER_VALIDATION;
    begin_validation(self);
    if (self->validation != NULL || self->stop_asked) return MOTH_OK;
  }
  if (self->validation != NULL && self->at.validated < self->validation->rows) {
    lend_denormals(self);
    status = validate_rows(self);
    take_denormals();
    if (status != MOTH_OK || self->at.validated < self->validation->rows) return status;
  }
  return end_epoch(self, ended);
}

/* Whether it is over; ends it if so. */
static bool is_over(moth_trainer *self) {
  moth *m = self->base.context;
  if (self->ended) return true;
  if (self->at.phase == TRAINER_EPOCH && self->at.epoch > self->epochs) trainer_finish(self, "epochs");
  else if (self->at.phase == TRAINER_EPOCH && self->patience > 0 && self->at.wait >= self->patience) trainer_finish(self, "patience");
  else if (self->stop_asked) trainer_finish(self, "callback");
  else if (context_is_cancelled(m) && moth_cancel_taken(m)) trainer_finish(self, "interrupt");
  return self->ended;
}

static moth_status take_turns(moth_trainer *self, bool one_epoch, int64_t *epoch) {
  moth *m = self->base.context;
  while (!is_over(self)) {
    if (m->closed) return context_check(m, "train"); /* by a callback */
    int64_t ended = 0, done = 0;
    moth_status status = runs_on(self) ? run_epochs(self, one_epoch, &done) : MOTH_OK;
    if (status == MOTH_OK) status = done > 0 ? end_epochs(self, &ended) : take_turn(self, &ended);
    if (done > 1) self->clock.left -= done - 1;
    if (ended > 0) *epoch = ended;
    if (status == MOTH_CANCELLED && !self->ended) {
      moth_cancel_taken(m);
      trainer_finish(self, "interrupt");
      return MOTH_OK;
    }
    if (status != MOTH_OK) return status;
    bool is_spent = one_epoch && ended > 0;
    if (self->clock.runs && --self->clock.left <= 0 && !is_over(self)) {
      bool late = false;
      status = look_at_clock(self, &late);
      if (status != MOTH_OK) return status;
      is_spent = is_spent || late;
    }
    if (is_spent) {
      is_over(self);
      return MOTH_OK;
    }
  }
  return MOTH_OK;
}

moth_status trainer_advance(moth_trainer *self, double budget_ms, bool one_epoch, int64_t *epoch) {
  assert(!self->running);
  *epoch = 0;
  if (self->ended) return MOTH_OK;
  object_retain(&self->base); /* whatever a callback lets go of */
  clock_start(self, budget_ms);
  self->running = true;
  self->job.host_denormals = pool_flush_denormals();
  moth_status status = take_turns(self, one_epoch, epoch);
  lend_denormals(self);
  self->sums.seconds = trainer_seconds(self);
  self->running = false;
  self->run->seconds = self->sums.seconds;
  bool is_saved = self->saved_step == self->at.step && self->at.phase == TRAINER_EPOCH;
  if (status == MOTH_OK && self->ended && self->checkpoint_every > 0 && !is_saved) status = trainer_write_checkpoint(self);
  if (status == MOTH_OK && self->ended) trainer_keep_state(self);
  if (self->ended) context_log(self->base.context, "train: %s", self->run->text);
  object_release(&self->base);
  return status;
}
