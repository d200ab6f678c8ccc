/* What follows from the setting of a run: rows, loss, frozen layers, where its input and targets come from. Worked out when it changes. */
#include <string.h>

#include "network/plan_lanes.h"

/* ---- Settings ----------------------------------------------------------------------------------------------------------------------- */

/* The loss as it is called for the whole batch. */
static void set_loss(plan *self, int64_t rows) {
  plan_node *last = &self->nodes[self->output];
  self->loss_run = (loss_run){ .kernels = self->kernels, .dtype = self->dtype, .loss = self->loss, .fused = self->setting.fused, .rows = rows,
                               .columns = self->columns, .p = last->out, .p_row = self->columns, .p_column = 1, .t_row = self->columns,
                               .t_column = 1, .d_row = self->columns, .d_column = 1, .y_row = self->columns, .y_column = 1 };
  if (self->loss == NULL || self->loss_class->weight != NULL) return;
  self->plain_weight = loss_weight(&self->loss_run);
  self->plain_scale = loss_scale(self->loss, self->plain_weight, rows);
}

/* Fusing leaves the last activation off, so nobody else may read that output. */
static bool wants_fusing(const plan *self, const loss_class *class, const moth_part *loss, bool *leaves_tail) {
  const char *tail = network_last_activation(self->net);
  *leaves_tail = false;
  if (class->fused == NULL || !class->fused(loss, tail)) return false;
  *leaves_tail = class->fuses != NULL && strcmp(tail, class->fuses) == 0;
  return !*leaves_tail || !self->output_is_read;
}

moth_status plan_set(plan *self, const char *where, int64_t rows, bool training, const moth_part *loss) {
  plan_setting *s = &self->setting;
  if (self->is_set && s->rows == rows && s->training == training && self->loss == loss && s->threads == self->m->threads) return MOTH_OK;
  moth_status status = plan_ensure_scratch(self, self->m->threads);
  if (status != MOTH_OK) return context_within(self->m, status, where);
  if (loss != NULL) moth_retain((moth_part *)loss);
  moth_release(self->loss);
  self->loss = (moth_part *)loss;
  self->loss_class = loss == NULL ? NULL : (const loss_class *)loss->row;
  bool leaves_tail = false, fused = loss != NULL && wants_fusing(self, self->loss_class, loss, &leaves_tail);
  *s = (plan_setting){ .rows = rows, .training = training, .has_loss = loss != NULL, .fused = fused, .threads = self->m->threads };
  self->leaves_tail = fused && leaves_tail;
  self->is_big = 3 * self->work * (double)rows > PLAN_FUSED_WORK;
  self->block_rows = plan_rows_of_block(self, rows);
  self->block_count = rows == 0 ? 0 : (rows + self->block_rows - 1) / self->block_rows;
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    self->commits |= p->class->commit != NULL;
    p->run.row = 0, p->run.rows = p->run.batch = rows;
    p->run.training = training;
    p->run.logits = p->run.logits_backward = false;
    p->run.scratch = self->scratch;
    for (int k = 0; k < p->input_count; k++) {
      if (p->roots[k] >= 0) p->in[k] = self->nodes[self->positions[p->roots[k]]].out;
    }
  }
  self->nodes[self->output].run.logits = self->nodes[self->output].run.logits_backward = self->setting.fused;
  set_loss(self, rows);
  plan_lanes_set(self);
  self->is_set = true;
  self->is_aimed = false;
  return MOTH_OK;
}

/* ---- Where gradients flow ----------------------------------------------------------------------------------------------------------- */

static bool has_own_gradient(const plan *self, const plan_node *p) {
  return p->run.node->block_count > 0 && p->class->gradient != NULL && !network_node_is_frozen(self->net, p->run.node);
}

/* Whether a gradient is wanted for what a root holds; nodes before `position` are worked out. */
static bool is_wanted(const plan *self, const plan_node *p, int input, bool dx) {
  if (p->run.node->index_inputs >> input & 1) return false;
  int root = p->roots[input];
  return root < 0 ? dx : self->nodes[self->positions[root]].wants_backward;
}

/* In backward's order the first that writes a gradient writes it in place, later ones beside it, to be added. The loss has written the
 * output's. */
static void direct_gradients(plan *self, plan_node *p, bool dx) {
  for (int k = 0; k < p->input_count; k++) {
    p->flow[k] = PLAN_NO_FLOW;
    p->d_in[k] = p->d_to[k] = NULL;
    if (!p->wants_backward || !is_wanted(self, p, k, dx)) continue;
    plan_node *source = p->roots[k] < 0 ? NULL : &self->nodes[self->positions[p->roots[k]]];
    bool *is_written = source == NULL ? &self->dx_is_written : &source->d_is_written;
    p->flow[k] = *is_written ? PLAN_ADDS : PLAN_WRITES;
    *is_written = true;
    if (source == NULL) continue;
    p->d_in[k] = p->flow[k] == PLAN_WRITES ? source->d : self->spill[k];
    p->d_to[k] = p->flow[k] == PLAN_WRITES ? NULL : source->d;
  }
}

void plan_take_dx(plan *self, char *dx) {
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    for (int k = 0; k < p->input_count; k++) {
      if (p->roots[k] >= 0 || p->flow[k] == PLAN_NO_FLOW) continue;
      p->d_in[k] = p->flow[k] == PLAN_WRITES ? dx : self->spill[k];
      p->d_to[k] = p->flow[k] == PLAN_WRITES ? NULL : dx;
    }
  }
}

void plan_take_aim(plan *self, bool dx) {
  if (self->is_aimed && self->aim.dx == dx && self->aim.freezes == self->net->freezes) return;
  const moth_net *net = self->net;
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    p->d_is_written = i == self->output;
    p->wants_backward = has_own_gradient(self, p);
    for (int k = 0; k < p->input_count; k++) p->wants_backward |= is_wanted(self, p, k, dx);
  }
  self->dx_is_written = false;
  for (int i = self->node_count - 1; i >= 0; i--) direct_gradients(self, &self->nodes[i], dx);
  self->range_count = 0;
  for (int64_t i = 0; i < net->range_count; i++) {
    if (!network_node_is_frozen(net, &net->nodes[net->ranges[i].node])) self->ranges[self->range_count++] = i;
  }
  self->aim = (plan_aim){ .dx = dx, .freezes = net->freezes };
  self->is_aimed = true;
}

/* ---- What a run is given ------------------------------------------------------------------------------------------------------------ */

/* Rows that are gathered lie in buffers made when first wanted: in place they need none. */
static moth_status buffer_bytes(const plan *self, size_t row, size_t *bytes) {
  if (memory_product((size_t)self->capacity, row, bytes) && *bytes < SIZE_MAX / 4) return MOTH_OK;
  return context_fail(self->m, MOTH_LIMIT, NULL, "memory limit: a batch is more than can be addressed");
}

moth_status plan_take_input(plan *self, const char *where, const plan_source *x) {
  self->x_source = *x;
  const char *values = x->values;
  if (values == NULL && self->x_buffer == NULL) {
    size_t bytes;
    moth_status status = buffer_bytes(self, self->x_row, &bytes);
    if (status == MOTH_OK && (self->x_buffer = storage_new(self->m, bytes, false)) == NULL) status = self->m->status;
    if (status != MOTH_OK) return context_within(self->m, status, where);
  }
  if (values == NULL) values = self->x_buffer->bytes;
  if (self->x == values) return MOTH_OK;
  self->x = values;
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    for (int k = 0; k < p->input_count; k++) {
      if (p->roots[k] < 0) p->in[k] = values;
    }
  }
  return MOTH_OK;
}

moth_status plan_take_targets(plan *self, const char *where, const plan_targets *targets) {
  self->t_source = targets->source;
  self->classes = targets->classes;
  self->gathers_targets = targets->source.values == NULL;
  const void *values = targets->source.values;
  if (self->gathers_targets && self->t_buffer == NULL) {
    size_t bytes;
    moth_status status = buffer_bytes(self, self->y_row > sizeof(int64_t) ? self->y_row : sizeof(int64_t), &bytes);
    char *buffer = status == MOTH_OK ? memory_aligned(self->m, bytes, false) : NULL;
    if (buffer == NULL) return context_within(self->m, self->m->status, where);
    self->t_buffer = buffer;
    self->t_bytes = bytes;
  }
  if (values == NULL) values = self->t_buffer;
  self->targets = values;
  loss_run *l = &self->loss_run;
  l->t = targets->classes ? NULL : values;
  l->classes = targets->classes ? values : NULL;
  l->weights = targets->weights;
  return MOTH_OK;
}

void plan_take_draws(plan *self, uint64_t key, uint64_t step, unsigned denormals) {
  for (int i = 0; i < self->node_count; i++) {
    layer_run *run = &self->nodes[i].run;
    run->key = key;
    run->step = step;
    run->host_denormals = denormals;
  }
}
