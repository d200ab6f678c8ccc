/* Making a trainer: everything is checked, then everything a step needs is made. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/option.h"
#include "core/text.h"
#include "training/state.h"

enum { FIRST_EPOCHS = 1 << 16, STATE_ALIGNMENT = 16 };

static void trainer_destroy(object *base) {
  moth_trainer *self = (moth_trainer *)base;
  moth *m = base->context;
  plan_free(m, self->training);
  plan_free(m, self->predicting);
  feed_close(&self->feed);
  feed_close(&self->val_feed);
  memory_free(m, self->order, (size_t)self->rows, sizeof *self->order);
  memory_aligned_free(m, self->best, self->weight_bytes);
  memory_aligned_free(m, self->kept, self->weight_bytes);
  size_t metrics = (size_t)self->metric_count;
  memory_free(m, self->metrics, metrics, sizeof *self->metrics);
  memory_free(m, self->metric_names, metrics, sizeof *self->metric_names);
  memory_free(m, self->metric_values, metrics, sizeof *self->metric_values);
  memory_free(m, self->val_metric_values, metrics, sizeof *self->val_metric_values);
  memory_aligned_free(m, self->states, self->state_bytes);
  memory_text_free(m, self->optimizer_text);
  moth_release(self->run);
  options_free(m, &self->options);
}

const object_class trainer_class = {
  .kind = MOTH_TRAINER_OBJECT, .name = "trainer", .size = sizeof(moth_trainer), .destroy = trainer_destroy,
};

/* ---- Columns ---- */

/* What else an epoch's event and a run have a field for. */
static const char fields[] = "epoch epochs best_epoch loss val_loss lr seconds rows_per_second seed stopped text";

static moth_status check_metric_name(moth_trainer *self, const char *name) {
  moth *m = self->base.context;
  if (name[0] == 0) return context_fail(m, MOTH_OPTION, "train", "metrics: a name is empty");
  return text_list_has(fields, name) ? context_fail(m, MOTH_OPTION, "train", "metrics would make two columns '%s'", name) : MOTH_OK;
}

static moth_status add_column(moth_trainer *self, const char *prefix, const char *name, int *count) {
  moth *m = self->base.context;
  run_column *column = &self->run->columns[*count];
  char text[256];
  if (text_format(text, sizeof text, "%s%s", prefix, name) >= sizeof column->name) {
    return context_fail(m, MOTH_OPTION, "train", "metrics: a name has at most 59 bytes, '%.100s' is longer", name);
  }
  for (int i = 0; i < *count; i++) {
    if (strcmp(self->run->columns[i].name, text) == 0)
      return context_fail(m, MOTH_OPTION, "train", "metrics would make two columns '%s'", text);
  }
  text_format(column->name, sizeof column->name, "%s", text);
  (*count)++;
  return MOTH_OK;
}

static moth_status name_columns(moth_trainer *self) {
  int count = 0;
  bool validates = self->validation != NULL;
  moth_status status = add_column(self, "", "loss", &count);
  self->val_loss_column = validates ? count : -1;
  if (status == MOTH_OK && validates) status = add_column(self, "val_", "loss", &count);
  for (int i = 0; status == MOTH_OK && i < self->metric_count; i++) {
    self->metrics[i].column = count;
    status = check_metric_name(self, trainer_metric_name(self->metrics[i].part));
    if (status == MOTH_OK) status = add_column(self, "", trainer_metric_name(self->metrics[i].part), &count);
  }
  for (int i = 0; status == MOTH_OK && i < self->metric_count; i++) {
    self->metrics[i].val_column = validates ? count : -1;
    if (validates) status = add_column(self, "val_", trainer_metric_name(self->metrics[i].part), &count);
  }
  self->lr_column = count;
  return status == MOTH_OK ? add_column(self, "", "lr", &count) : status;
}

static moth_status make_run(moth *m, moth_trainer *self) {
  int per_metric = self->validation != NULL ? 2 : 1;
  moth_status status = run_create(m, 1 + per_metric + self->metric_count * per_metric, &self->run);
  if (status == MOTH_OK) status = name_columns(self);
  return status == MOTH_OK ? run_reserve(self->run, self->epochs < FIRST_EPOCHS ? self->epochs : FIRST_EPOCHS) : status;
}

/* "val_" and a column's name, without validation. */
static bool wants_validation(const moth_trainer *self, const char *name) {
  if (self->validation != NULL || strncmp(name, "val_", 4) != 0) return false;
  for (int i = 0; i < self->lr_column; i++) {
    if (strcmp(self->run->columns[i].name, name + 4) == 0) return true;
  }
  return false;
}

static moth_status monitor_unknown(moth *m, const moth_trainer *self, const char *name) {
  char names[1024];
  run_column_names(self->run, self->lr_column, names, sizeof names);
  if (wants_validation(self, name)) {
    context_fail(m, MOTH_OPTION, "train", "no monitor '%.200s' (%s)", name, names);
    return context_hint(m, "validation = … gives it");
  }
  const char *nearest = text_nearest(name, run_column_name, self->run);
  if (nearest != NULL) return context_fail(m, MOTH_OPTION, "train", "no monitor '%.200s'; did you mean '%s'? (%s)", name, nearest, names);
  return context_fail(m, MOTH_OPTION, "train", "no monitor '%.200s' (%s)", name, names);
}

static const moth_part *metric_of_column(const moth_trainer *self, int column) {
  for (int i = 0; i < self->metric_count; i++) {
    if (self->metrics[i].column == column || self->metrics[i].val_column == column) return self->metrics[i].part;
  }
  return NULL;
}

static moth_status choose_monitor(moth *m, moth_trainer *self) {
  const char *name = options_word(&self->options, TRAIN_MONITOR), *mode = options_word(&self->options, TRAIN_MODE);
  self->monitor = self->validation != NULL ? self->val_loss_column : 0;
  if (name != NULL) {
    self->monitor = -1;
    for (int i = 0; i < self->run->column_count; i++) {
      if (strcmp(self->run->columns[i].name, name) == 0) self->monitor = i;
    }
    if (self->monitor < 0) return monitor_unknown(m, self, name);
    if (self->monitor == self->lr_column) return context_fail(m, MOTH_OPTION, "train", "monitor: lr is chosen, not measured");
  }
  const moth_part *part = metric_of_column(self, self->monitor);
  if (mode != NULL) {
    self->maximizes = strcmp(mode, "max") == 0;
  } else if (part != NULL && trainer_metric_is_called(part)) {
    return context_fail(m, MOTH_OPTION, "train", "monitor = '%s' is a function: mode must say \"min\" or \"max\"", name);
  } else {
    self->maximizes = part != NULL && part->kind == MOTH_METRIC && metric_higher_is_better(part);
  }
  return MOTH_OK;
}

/* ---- Metrics ---- */

static size_t aligned(size_t bytes) { return (bytes + STATE_ALIGNMENT - 1) / STATE_ALIGNMENT * STATE_ALIGNMENT; }

static int64_t output_count(const moth_net *net) {
  int64_t count = 1;
  for (int i = 0; i < net->output.rank; i++) count *= net->output.size[i];
  return count;
}

static moth_status make_metrics(moth *m, moth_trainer *self) {
  const moth_option *given = &self->options.values[TRAIN_METRICS];
  self->metric_count = given->kind == MOTH_OPTION_PARTS ? (int)given->count : 0;
  size_t count = (size_t)self->metric_count, bytes = 0;
  self->metrics = memory_new(m, count, sizeof *self->metrics);
  if (self->metrics == NULL) return m->status;
  int64_t columns = output_count(self->net);
  for (size_t i = 0; i < count; i++) {
    trainer_metric *metric = &self->metrics[i];
    metric->part = given->as.parts[i];
    metric->state_bytes = metric_state_bytes(metric->part, columns, self->rows);
    metric->tally_bytes = self->validation != NULL ? tally_bytes(metric->part, columns, self->validation->rows) : 0;
    metric->state = bytes;
    metric->tally = metric->state + aligned(metric->state_bytes);
    bytes = metric->tally + aligned(metric->tally_bytes);
  }
  self->metric_names = memory_new(m, count, sizeof *self->metric_names);
  self->metric_values = memory_new(m, count, sizeof *self->metric_values);
  self->val_metric_values = memory_new(m, count, sizeof *self->val_metric_values);
  self->states = memory_aligned(m, bytes, true);
  if (self->states != NULL) self->state_bytes = bytes;
  if (!self->metric_names || !self->metric_values || !self->val_metric_values || !self->states) return m->status;
  for (size_t i = 0; i < count; i++) self->metric_names[i] = trainer_metric_name(self->metrics[i].part);
  return MOTH_OK;
}

static moth_status check_metrics(moth_trainer *self, const feed_names *names, const feed *rows) {
  const moth_option *given = &self->options.values[TRAIN_METRICS];
  moth_status status = MOTH_OK;
  size_t count = given->kind == MOTH_OPTION_PARTS ? given->count : 0;
  for (size_t i = 0; status == MOTH_OK && i < count; i++) status = feed_check_part(rows, names, self->net, given->as.parts[i]);
  return status;
}

/* ---- Data and plans ---- */

static const feed_names data = { "train", "data" }, validation = { "train", "validation" };

static moth_status check_data(moth *m, moth_trainer *self) {
  moth_status status = feed_open(m, &data, self->net, self->data, self->loss, &self->feed);
  if (status == MOTH_OK) status = check_metrics(self, &data, &self->feed);
  if (status != MOTH_OK || self->validation == NULL) return status;
  status = feed_open(m, &validation, self->net, self->validation, self->loss, &self->val_feed);
  if (status == MOTH_OK && self->val_feed.classes != self->feed.classes) {
    return context_fail(m, MOTH_DTYPE, "train", "data.y and validation.y must both be class numbers, or neither");
  }
  return status == MOTH_OK ? check_metrics(self, &validation, &self->val_feed) : status;
}

static moth_status make_feeds(moth *m, moth_trainer *self) {
  moth_status status = feed_reserve(&self->feed, self->batch, false);
  if (status == MOTH_OK && self->batch == self->rows) status = feed_prepare(&self->feed);
  if (status == MOTH_OK && self->validation != NULL) status = feed_reserve(&self->val_feed, NETWORK_CHUNK, true);
  if (status != MOTH_OK || !self->shuffles) return status;
  self->order = memory_new(m, (size_t)self->rows, sizeof *self->order);
  return self->order != NULL ? MOTH_OK : m->status;
}

static moth_status make_plans(moth *m, moth_trainer *self) {
  const moth_net *net = self->net;
  self->parameter_bytes = (size_t)net->parameter_count * dtype_size(net->dtype);
  size_t bytes = self->parameter_bytes + (size_t)net->buffer_count * dtype_size(net->dtype);
  self->kept = memory_aligned(m, bytes, false);
  self->weight_bytes = bytes;
  if (self->kept == NULL) return m->status;
  if (self->validation != NULL) {
    self->best = memory_aligned(m, bytes, false);
    if (self->best == NULL) return m->status;
  }
  moth_status status = plan_create(m, "train", self->net, PLAN_TRAINING, self->batch, &self->training);
  if (status != MOTH_OK || self->validation == NULL) return status;
  int64_t chunk = self->validation->rows < NETWORK_CHUNK ? self->validation->rows : NETWORK_CHUNK;
  return plan_create(m, "train", self->net, PLAN_PREDICTING, chunk, &self->predicting);
}

static moth_status bind_optimizer(moth *m, moth_trainer *self) {
  size_t size = moth_part_text(self->optimizer, NULL, 0) + 1;
  char *text = memory_new(m, size, 1);
  if (text == NULL) return m->status;
  moth_part_text(self->optimizer, text, size);
  self->optimizer_text = text;
  return optimizer_bind(m, "train", self->optimizer, self->net->id, self->net->dtype, self->net->parameter_count);
}

static void prepare_job(moth *m, moth_trainer *self) {
  const options *o = &self->options;
  self->key = options_is_set(o, TRAIN_SEED) ? (uint64_t)options_int(o, TRAIN_SEED) : random_key(&m->random);
  self->run->seed = self->key;
  self->job = (plan_step_job){
    .loss = self->loss, .optimizer = self->optimizer, .clip = options_is_set(o, TRAIN_CLIP) ? &self->clip : NULL,
    .penalties = { .l2 = options_number(o, TRAIN_L2) }, .want_outputs = self->metric_count > 0, .training = true, .may_owe = true,
    .key = self->key,
  };
  self->saved_step = -1;
  self->at = (trainer_position){ .phase = TRAINER_EPOCH, .epoch = 1 };
}

moth_status trainer_create(moth *m, const moth_option *given, moth_trainer **result) {
  moth_trainer *self = object_new(m, &trainer_class);
  if (self == NULL) return context_within(m, m->status, "train");
  moth_status status = trainer_read_options(m, given, self);
  if (status == MOTH_OK) status = check_data(m, self);
  if (status == MOTH_OK) status = trainer_read_batch(m, self);
  if (status == MOTH_OK) status = make_metrics(m, self);
  if (status == MOTH_OK) status = make_run(m, self);
  if (status == MOTH_OK) status = choose_monitor(m, self);
  if (status == MOTH_OK) status = make_feeds(m, self);
  if (status == MOTH_OK) status = make_plans(m, self);
  if (status == MOTH_OK) status = bind_optimizer(m, self);
  if (status == MOTH_OK) {
    prepare_job(m, self);
    status = trainer_resume(m, self);
  }
  if (status == MOTH_OK) {
    *result = self;
    return MOTH_OK;
  }
  if (status == MOTH_MEMORY || status == MOTH_LIMIT) context_within(m, status, "train");
  options_give_back(m, &self->options);
  moth_release(self);
  return status;
}

void trainer_abandon(moth_trainer *self) {
  if (!self->ended) trainer_finish(self, "callback");
  self->on_epoch = self->on_batch = self->progress = self->lr_of = (moth_call){ .function = NULL };
  for (int i = 0; i < TRAIN_OPTIONS; i++) {
    moth_option *value = &self->options.values[i];
    if (value->kind != MOTH_OPTION_CALL) continue;
    option_free(self->base.context, value, true);
    value->kind = MOTH_OPTION_END;
  }
}
