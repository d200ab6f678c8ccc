/* Metrics and losses of a net over a whole data set, in chunks. */
#include <string.h>

#include "core/memory.h"
#include "training/state.h"

typedef struct evaluation {
  moth *m;
  moth_net *net;
  const moth_part *const *parts;
  int count;
  char **states;
  size_t *bytes;
  feed feed;
  plan *run;
  int64_t columns;
} evaluation;

static void evaluation_close(evaluation *self) {
  moth *m = self->m;
  for (int i = 0; self->states != NULL && self->bytes != NULL && i < self->count; i++)
    memory_aligned_free(m, self->states[i], self->bytes[i]);
  memory_free(m, self->states, (size_t)self->count, sizeof *self->states);
  memory_free(m, self->bytes, (size_t)self->count, sizeof *self->bytes);
  feed_close(&self->feed);
  plan_free(m, self->run);
}

static moth_status check_arguments(moth *m, const moth_net *net, const moth_dataset *data, const moth_part *const *parts, int count,
                                   const double *values) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, "evaluate", "argument 1");
  if (status == MOTH_OK) status = object_check(m, data, MOTH_DATASET_OBJECT, "evaluate", "argument 2");
  if (status != MOTH_OK) return status;
  if (count < 0 || (count > 0 && (parts == NULL || values == NULL))) {
    return context_fail(m, MOTH_MISUSE, "evaluate", "metrics and places for their values must be given");
  }
  for (int i = 0; status == MOTH_OK && i < count; i++) {
    status = object_check(m, parts[i], MOTH_PART_OBJECT, "evaluate", "a metric");
    if (status == MOTH_OK && parts[i]->kind != MOTH_LOSS && parts[i]->kind != MOTH_METRIC) {
      status = context_fail(m, MOTH_OPTION, "evaluate", "metrics must be metrics or losses, got %s '%s'",
                            moth_part_kind_name(parts[i]->kind), parts[i]->row->name);
    }
  }
  return status;
}

static const feed_names names = { "evaluate", "data" };

static moth_status check_data(evaluation *self, const moth_dataset *data) {
  const moth_part *loss = NULL;
  for (int i = 0; loss == NULL && i < self->count; i++) loss = self->parts[i]->kind == MOTH_LOSS ? self->parts[i] : NULL;
  moth_status status = feed_open(self->m, &names, self->net, data, loss, &self->feed);
  for (int i = 0; status == MOTH_OK && i < self->count; i++) {
    if (self->parts[i] != loss) status = feed_check_part(&self->feed, &names, self->net, self->parts[i]);
  }
  return status;
}

static moth_status make_states(evaluation *self) {
  moth *m = self->m;
  size_t count = (size_t)self->count;
  self->states = memory_new(m, count, sizeof *self->states);
  self->bytes = memory_new(m, count, sizeof *self->bytes);
  if (self->states == NULL || self->bytes == NULL) return m->status;
  for (size_t i = 0; i < count; i++) {
    self->bytes[i] = tally_bytes(self->parts[i], self->columns, self->feed.data->rows);
    self->states[i] = memory_aligned(m, self->bytes[i], true);
    if (self->states[i] == NULL) return m->status;
    tally_begin(self->parts[i], self->states[i]);
  }
  return MOTH_OK;
}

static moth_status add_rows(evaluation *self, int64_t first, int64_t rows) {
  plan_source x;
  plan_targets targets;
  feed_batch(&self->feed, first, rows, &x, &targets);
  moth_status status = plan_forward(self->run, "evaluate", &x, rows, false, 0, 0);
  if (status != MOTH_OK) return status;
  feed_targets(&self->feed, rows, &targets);
  status = feed_settle(&self->feed);
  const void *t = targets.source.values;
  metric_batch batch = {
    .m = self->m, .dtype = self->net->dtype, .rows = rows, .columns = self->columns, .p = plan_outputs(self->run),
    .t = targets.classes ? NULL : t, .classes = targets.classes ? t : NULL, .weights = targets.weights,
  };
  for (int i = 0; status == MOTH_OK && i < self->count; i++) {
    batch.metric = self->parts[i];
    status = tally_add(self->run, &batch, &targets, self->states[i]);
  }
  return status;
}

static moth_status evaluate(evaluation *self, const moth_dataset *data, double *values) {
  moth *m = self->m;
  moth_status status = make_states(self);
  if (status == MOTH_OK) status = feed_reserve(&self->feed, NETWORK_CHUNK, true);
  int64_t chunk = data->rows < NETWORK_CHUNK ? data->rows : NETWORK_CHUNK;
  if (status == MOTH_OK) status = plan_create(m, "evaluate", self->net, PLAN_PREDICTING, chunk, &self->run);
  for (int64_t first = 0; status == MOTH_OK && first < data->rows; first += chunk) {
    status = context_poll(m, "evaluate");
    if (status == MOTH_OK) status = add_rows(self, first, data->rows - first < chunk ? data->rows - first : chunk);
  }
  for (int i = 0; status == MOTH_OK && i < self->count; i++) values[i] = tally_finish(self->parts[i], self->states[i]);
  return status;
}

moth_status moth_net_evaluate(moth *m, moth_net *net, const moth_dataset *data, const moth_part *const *metrics, int count,
                              double *values) {
  moth_status status = check_arguments(m, net, data, metrics, count, values);
  if (status != MOTH_OK) return status;
  evaluation self = { .m = m, .net = net, .parts = metrics, .count = count, .columns = 1 };
  for (int i = 0; i < net->output.rank; i++) self.columns *= net->output.size[i];
  status = check_data(&self, data);
  if (status == MOTH_OK) status = evaluate(&self, data, values);
  if (status == MOTH_MEMORY || status == MOTH_LIMIT) context_within(m, status, "evaluate");
  evaluation_close(&self);
  return status;
}
