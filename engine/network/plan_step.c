/* One training step: rows, a barrier, ranges, a barrier. Nothing that lasts changes before the first update, and polling ends there. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "network/plan_lanes.h"

/* ---- The loss ----------------------------------------------------------------------------------------------------------------------- */

/* The batch's weight is known before its rows run: it scales their gradients. Weights of classes need all targets first. */
static void weigh(plan *self, const plan_step_job *job, plan_result *result) {
  loss_run *l = &self->loss_run;
  if (self->loss_class->weight == NULL && l->weights == NULL) {
    result->weight = self->plain_weight;
    l->scale = self->plain_scale;
    return;
  }
  if (self->gathers_targets) {
    self->t_source.gather(self->t_source.data, 0, job->rows, self->t_buffer);
    self->gathers_targets = false;
  }
  result->weight = loss_weight(l);
  l->scale = loss_scale(job->loss, result->weight, job->rows);
}

static void sum_up(plan *self, plan_result *result) {
  double sum = 0;
  for (int64_t i = 0; i < self->block_count; i++) sum += self->sums[i].sum;
  result->sum = sum;
  result->value = self->loss_run.scale * sum;
}

/* Where the loss puts dE/d(output) and, with the activation left off, the outputs. */
static void direct_loss(plan *self, const plan_step_job *job, bool goes_back) {
  loss_run *l = &self->loss_run;
  l->d = goes_back ? self->nodes[self->output].d : NULL;
  l->y = self->leaves_tail && job->want_outputs ? self->y : NULL;
  self->y_holds_outputs = l->y != NULL;
  self->has_outputs = !self->leaves_tail || job->want_outputs;
}

/* ---- The seam between backward and update ------------------------------------------------------------------------------------------- */

/* Whether gradients stay in the net, whether penalties are added to them, and whether a range can be updated as soon as its gradient is
 * there. */
typedef struct seam { bool keeps, penalizes, updates_now; } seam;

static seam find_seam(const plan *self, const plan_step_job *job) {
  bool updates = job->optimizer != NULL;
  bool penalizes = updates && (self->net->has_penalties || job->penalties.l1 != 0 || job->penalties.l2 != 0);
  bool updates_now = updates && job->clip == NULL && !penalizes && !self->is_big;
  return (seam){ !updates || job->keep_gradients || job->accumulate, penalizes, updates_now };
}

static bool wants_flat(const seam *s) { return s->keeps || !s->updates_now; }

static void prepare_update(plan *self, const plan_step_job *job, const seam *s, bool were_valid) {
  plan_update *u = &self->update;
  u->flat = wants_flat(s);
  u->add = job->accumulate && were_valid;
  u->now = s->updates_now;
  u->owes = job->may_owe && job->rows == 1 && s->updates_now && !u->flat && self->stage_count == 1 && !self->stages[0].whole;
  u->polls = !u->now;
  if (job->optimizer == NULL) return;
  const optimizer_state *state = optimizer_state_of(job->optimizer);
  assert(state != NULL && state->net == self->net->id && state->count == self->net->parameter_count);
  u->optimizer = (const optimizer_class *)job->optimizer->row;
  u->optimizer->prepare(job->optimizer, state->step + 1, job->lr, &u->numbers);
  u->state_count = state->vectors;
  for (int i = 0; i < state->vectors; i++) u->states[i] = state->vector[i];
}

static void penalize_all(plan *self, const plan_step_job *job) {
  const moth_net *net = self->net;
  for (int64_t i = 0; i < self->range_count; i++) {
    const network_range *range = &net->ranges[self->ranges[i]];
    network_penalize(net, range, job->penalties.l1, job->penalties.l2, net->gradients->values + (size_t)range->offset * self->element);
  }
}

/* Gradients, and, where they are not handed on range by range, what stands between them and the update. */
static moth_status update(plan *self, const char *where, const plan_step_job *job, const seam *s, plan_result *result) {
  plan_run_ranges(self);
  if (self->update.polls) {
    moth_status status = plan_settle(self, where);
    if (status != MOTH_OK) return status;
  }
  self->net->gradients_valid = s->keeps;
  if (job->optimizer == NULL) return MOTH_OK;
  if (!self->update.now) {
    if (s->penalizes) penalize_all(self, job);
    if (job->clip != NULL) network_clip(self->net, job->clip, &result->norm);
    plan_run_updates(self);
  }
  optimizer_state_of(job->optimizer)->step++;
  return MOTH_OK;
}

/* ---- The step ----------------------------------------------------------------------------------------------------------------------- */

/* Whether all that is worked out for a step is of this one too: rows in place, where they were. */
static inline bool is_ready(const plan *self, const plan_step_job *job) {
  const plan_setting *s = &self->setting;
  const plan_targets *targets = &job->targets;
  const void *t = targets->source.values;
  return self->is_aimed && s->rows == job->rows && s->training == job->training && self->loss == job->loss &&
         s->threads == self->m->threads && !self->aim.dx && self->aim.freezes == self->net->freezes && job->x.values != NULL &&
         self->x_source.values == job->x.values && t != NULL && self->classes == targets->classes &&
         (targets->classes ? (const void *)self->loss_run.classes : self->loss_run.t) == t && self->loss_run.weights == targets->weights;
}

static moth_status make_ready(plan *self, const char *where, const plan_step_job *job) {
  assert(self->purpose == PLAN_TRAINING && job->rows >= 0 && job->rows <= self->capacity && job->loss != NULL);
  moth_status status = plan_set(self, where, job->rows, job->training, job->loss);
  if (status == MOTH_OK) status = plan_take_input(self, where, &job->x);
  if (status == MOTH_OK) status = plan_take_targets(self, where, &job->targets);
  if (status == MOTH_OK) plan_take_aim(self, false);
  return status;
}

/* Rows and their loss, or the same in lanes. */
static void run_rows(plan *self, const plan_step_job *job, bool in_lanes, bool goes_back) {
  if (!in_lanes) {
    plan_lanes_forget(self);
    plan_run_rows(self, job->x.values == NULL, true, true, goes_back);
    return;
  }
  int64_t rows = self->setting.rows;
  if (job->x.values == NULL) self->x_source.gather(self->x_source.data, 0, rows, self->x_buffer->bytes);
  if (self->gathers_targets) self->t_source.gather(self->t_source.data, 0, rows, self->t_buffer);
  plan_lanes_load(self);
  self->sums[0].sum = plan_lanes_run(self);
}

static moth_status run_update(plan *self, const char *where, const plan_step_job *job, const seam *s, bool in_lanes, plan_result *result) {
  if (!in_lanes) return update(self, where, job, s, result);
  plan_lanes_aim(self, job, NULL);
  plan_lanes_update(self);
  optimizer_state_of(job->optimizer)->step++;
  return MOTH_OK;
}

moth_status plan_step(plan *self, const char *where, const plan_step_job *job, plan_proceed proceed, void *data, plan_result *out) {
  if (self->owes && job->rows != 1) plan_pay(self);
  moth_status status = is_ready(self, job) ? MOTH_OK : make_ready(self, where, job);
  if (status != MOTH_OK) return status;
  const seam s = find_seam(self, job);
  if (wants_flat(&s)) status = context_within(self->m, network_ensure_gradients(self->m, self->net), where);
  if (status != MOTH_OK) return status;
  plan_result result = { .norm = NAN };
  bool goes_back = self->nodes[self->output].wants_backward, in_lanes = !wants_flat(&s) && plan_lanes_takes(self, job);
  self->has_run = self->can_go_back = false;
  bool were_valid = self->net->gradients_valid;
  self->net->gradients_valid = false;
  direct_loss(self, job, goes_back);
  unsigned denormals = job->host_denormals != 0 ? job->host_denormals : pool_flush_denormals();
  plan_take_draws(self, job->key, job->step, denormals);
  weigh(self, job, &result);
  run_rows(self, job, in_lanes, goes_back);
  status = plan_settle(self, where);
  if (status == MOTH_OK) {
    sum_up(self, &result);
    self->rows = job->rows;
    self->has_run = true;
  }
  bool goes_on = status == MOTH_OK && (proceed == NULL || proceed(data, result.value));
  if (goes_on) {
    prepare_update(self, job, &s, were_valid);
    status = run_update(self, where, job, &s, in_lanes, &result);
    if (status == MOTH_OK && job->training && self->commits) plan_commit(self);
  }
  if (job->host_denormals == 0) pool_restore_denormals(denormals);
  if (status == MOTH_OK) *out = result;
  return status;
}

/* ---- Epochs of one batch ------------------------------------------------------------------------------------------------------------ */

moth_status plan_run_epochs(plan *self, const char *where, const plan_step_job *job, int64_t count, double *values, char *kept,
                            int64_t *done) {
  *done = 0;
  if (self->lanes == NULL || job->x.values == NULL || job->targets.source.values == NULL || job->optimizer == NULL) return MOTH_OK;
  moth_status status = is_ready(self, job) ? MOTH_OK : make_ready(self, where, job);
  if (status != MOTH_OK) return status;
  const seam s = find_seam(self, job);
  if (wants_flat(&s) || !plan_lanes_takes(self, job)) return MOTH_OK;
  plan_result result = { .norm = NAN };
  self->has_run = self->can_go_back = self->net->gradients_valid = false;
  direct_loss(self, job, true);
  weigh(self, job, &result);
  prepare_update(self, job, &s, false);
  plan_lanes_aim(self, job, kept);
  plan_lanes_load(self);
  optimizer_state *state = optimizer_state_of(job->optimizer);
  const bool is_plain = optimizer_is_plain(job->optimizer);
  while (*done < count && !context_is_cancelled(self->m)) {
    double value = self->loss_run.scale * plan_lanes_run(self);
    if (!isfinite(value)) break;
    values[(*done)++] = value;
    plan_lanes_update(self);
    state->step++;
    if (!is_plain) prepare_update(self, job, &s, false);
  }
  self->rows = job->rows;
  self->has_run = *done > 0;
  return MOTH_OK;
}

/* ---- Losses of predictions ---------------------------------------------------------------------------------------------------------- */

/* The last layer once more with its activation left off: its inputs still lie where they lay. */
static moth_status make_logits(plan *self, int64_t rows) {
  const plan_node *p = &self->nodes[self->output];
  layer_run run = p->run;
  run.rows = run.batch = rows;
  run.logits = true;
  run.saved_rows = NULL;
  return p->class->forward(&run, p->in, self->y);
}

static bool is_fused(const plan *self, const loss_class *class, const moth_part *loss, bool *needs_logits) {
  const char *tail = network_last_activation(self->net);
  bool fused = class->fused != NULL && class->fused(loss, tail);
  *needs_logits = fused && strcmp(tail, "linear") != 0;
  return fused;
}

moth_status plan_loss(plan *self, const moth_part *loss, const plan_targets *targets, int64_t rows, double *sum, double *weight) {
  assert(self->has_run && rows == self->rows);
  const loss_class *class = (const loss_class *)loss->row;
  moth_status status = plan_take_targets(self, NULL, targets);
  if (status != MOTH_OK) return status;
  if (self->gathers_targets) self->t_source.gather(self->t_source.data, 0, rows, self->t_buffer);
  unsigned denormals = pool_flush_denormals();
  bool needs_logits;
  loss_run l = self->loss_run;
  l.loss = loss;
  l.fused = is_fused(self, class, loss, &needs_logits);
  l.rows = rows;
  l.scale = 1;
  l.d = l.y = NULL;
  if (needs_logits && rows > 0) status = make_logits(self, rows);
  if (status == MOTH_OK) {
    l.p = needs_logits ? self->y : self->nodes[self->output].out;
    *weight += loss_weight(&l);
    *sum += class->rows(&l);
  }
  pool_restore_denormals(denormals);
  if (status != MOTH_CANCELLED) return status;
  atomic_store(&self->failed, MOTH_CANCELLED);
  return plan_settle(self, NULL);
}
