/* Runs stages over blocks of rows: gather, forward, loss, backward. Within a stage a block goes through all nodes without waiting for
 * the others. */
#include <assert.h>
#include <string.h>

#include "network/plan_lanes.h"

/* ---- One node, some rows ------------------------------------------------------------------------------------------------------------ */

typedef struct rows_block { int64_t row, rows; int worker; bool whole; } rows_block;

static void shift_run(const plan *self, const plan_node *p, const rows_block *b, layer_run *run) {
  *run = p->run;
  run->row = b->row;
  run->rows = b->rows;
  if (run->saved_rows != NULL) run->saved_rows = (char *)run->saved_rows + (size_t)b->row * p->saved_row;
  run->scratch = plan_scratch(self, b->worker);
}

static moth_status node_forward(const plan *self, plan_node *p, const rows_block *b) {
  if (b->whole) {
    moth_status status = p->class->forward(&p->run, p->in, p->out);
    if (status == MOTH_OK) p->run.owed = NULL;
    return status;
  }
  layer_run run;
  const void *in[LAYER_MAX_INPUTS];
  shift_run(self, p, b, &run);
  for (int k = 0; k < p->input_count; k++) in[k] = (const char *)p->in[k] + (size_t)b->row * p->in_row[k];
  return p->class->forward(&run, in, p->out + (size_t)b->row * p->out_row);
}

static void add_gradients(const plan *self, const plan_node *p, const rows_block *b) {
  for (int k = 0; k < p->input_count; k++) {
    if (p->d_to[k] == NULL) continue;
    size_t at = (size_t)b->row * p->in_row[k];
    char *to = (char *)p->d_to[k] + at;
    self->kernels->binary[BINARY_ADD](to, (const char *)p->d_in[k] + at, to, (int64_t)((size_t)b->rows * p->in_row[k] / self->element));
  }
}

static moth_status node_backward(const plan *self, const plan_node *p, const rows_block *b) {
  moth_status status;
  if (b->whole) {
    status = p->class->backward(&p->run, p->in, p->out, p->d, p->d_in);
  } else {
    layer_run run;
    const void *in[LAYER_MAX_INPUTS];
    void *d_in[LAYER_MAX_INPUTS];
    shift_run(self, p, b, &run);
    for (int k = 0; k < p->input_count; k++) {
      size_t at = (size_t)b->row * p->in_row[k];
      in[k] = (const char *)p->in[k] + at;
      d_in[k] = p->d_in[k] == NULL ? NULL : (char *)p->d_in[k] + at;
    }
    size_t at = (size_t)b->row * p->out_row;
    status = p->class->backward(&run, in, p->out + at, p->d + at, d_in);
  }
  if (status == MOTH_OK) add_gradients(self, p, b);
  return status;
}

/* ---- One block ---------------------------------------------------------------------------------------------------------------------- */

static void gather_targets(plan *self, int64_t row, int64_t rows) {
  size_t bytes = self->classes ? sizeof(int64_t) : self->y_row;
  self->t_source.gather(self->t_source.data, row, rows, self->t_buffer + (size_t)row * bytes);
}

static void gather_input(plan *self, int64_t row, int64_t rows) {
  self->x_source.gather(self->x_source.data, row, rows, (char *)self->x_buffer->bytes + (size_t)row * self->x_row);
}

static double block_loss(plan *self, const rows_block *b) {
  if (b->whole) return self->loss_class->rows(&self->loss_run);
  loss_run l = self->loss_run;
  size_t at = (size_t)b->row * self->y_row;
  l.rows = b->rows;
  l.p = (const char *)l.p + at;
  if (l.t != NULL) l.t = (const char *)l.t + at;
  if (l.classes != NULL) l.classes += b->row;
  if (l.weights != NULL) l.weights += b->row;
  if (l.d != NULL) l.d = (char *)l.d + at;
  if (l.y != NULL) l.y = (char *)l.y + at;
  return self->loss_class->rows(&l);
}

static moth_status run_block(plan *self, const plan_pass *pass, int64_t block, const rows_block *b) {
  moth_status status = MOTH_OK;
  if (pass->gather) gather_input(self, b->row, b->rows);
  if (pass->forward) {
    for (int i = pass->stage.first; i <= pass->stage.last && status == MOTH_OK; i++) status = node_forward(self, &self->nodes[i], b);
  }
  if (pass->loss && status == MOTH_OK) {
    if (self->gathers_targets) gather_targets(self, b->row, b->rows);
    self->sums[block].sum = block_loss(self, b);
  }
  if (pass->backward) {
    for (int i = pass->stage.last; i >= pass->stage.first && status == MOTH_OK; i--) {
      if (self->nodes[i].wants_backward) status = node_backward(self, &self->nodes[i], b);
    }
  }
  return status;
}

static void block_task(void *data, int64_t block, int worker) {
  plan *self = data;
  if (atomic_load_explicit(&self->failed, memory_order_relaxed) != MOTH_OK) return;
  int64_t rows = self->setting.rows, row = block * self->block_rows;
  rows_block b = { row, rows - row < self->block_rows ? rows - row : self->block_rows, worker, false };
  moth_status status = context_is_cancelled(self->m) ? MOTH_CANCELLED : run_block(self, &self->pass, block, &b);
  if (status != MOTH_OK) atomic_store(&self->failed, status);
}

/* ---- Stages ------------------------------------------------------------------------------------------------------------------------- */

static void run_blocks(plan *self, const plan_pass *pass) {
  if (self->block_count > 1) {
    self->pass = *pass;
    pool_run(self->m, self->block_count, block_task, self);
    return;
  }
  if (self->block_count == 0) return;
  rows_block all = { 0, self->setting.rows, 0, true };
  moth_status status = run_block(self, pass, 0, &all);
  if (status != MOTH_OK) atomic_store_explicit(&self->failed, status, memory_order_relaxed);
}

/* Whole-batch layers run here, on the caller, which has its denormals back meanwhile where they are the host's. */
static void run_whole(plan *self, const plan_pass *pass) {
  rows_block all = { 0, self->setting.rows, 0, true };
  if (self->setting.rows == 0) return;
  if (pass->gather) gather_input(self, 0, all.rows);
  plan_node *p = &self->nodes[pass->stage.first];
  moth_status status = MOTH_OK;
  if (pass->forward) status = node_forward(self, p, &all);
  if (pass->loss && status == MOTH_OK) run_blocks(self, &(plan_pass){ .stage = { 0, -1, false }, .loss = true });
  if (status == MOTH_OK) status = (moth_status)atomic_load_explicit(&self->failed, memory_order_relaxed);
  if (pass->backward && status == MOTH_OK && p->wants_backward) status = node_backward(self, p, &all);
  if (status != MOTH_OK) atomic_store_explicit(&self->failed, status, memory_order_relaxed);
}

static bool has_failed(plan *self) { return atomic_load_explicit(&self->failed, memory_order_relaxed) != MOTH_OK; }

static void run_stage(plan *self, const plan_pass *pass) {
  if (pass->stage.whole) run_whole(self, pass);
  else run_blocks(self, pass);
}

void plan_run_rows(plan *self, bool gather, bool forward, bool loss, bool backward) {
  int last = self->stage_count - 1;
  if (last == 0 && !self->stages[0].whole) { /* the common case: everything in one pass */
    run_blocks(self, &(plan_pass){ self->stages[0], gather, forward, loss, backward });
    return;
  }
  for (int s = forward ? 0 : last; s <= last && !has_failed(self); s++) {
    run_stage(self, &(plan_pass){ .stage = self->stages[s], .gather = gather && s == 0, .forward = forward, .loss = loss && s == last,
                                  .backward = backward && s == last });
  }
  for (int s = last - 1; s >= 0 && backward && !has_failed(self); s--) {
    run_stage(self, &(plan_pass){ .stage = self->stages[s], .backward = true });
  }
}

moth_status plan_settle(plan *self, const char *where) {
  moth_status status = (moth_status)atomic_load_explicit(&self->failed, memory_order_relaxed);
  if (status == MOTH_OK) return context_is_cancelled(self->m) ? context_poll(self->m, where) : MOTH_OK;
  atomic_store_explicit(&self->failed, MOTH_OK, memory_order_relaxed);
  if (status != MOTH_CANCELLED) return status; /* a whole-batch layer has told why */
  status = context_poll(self->m, where);
  return status != MOTH_OK ? status : context_fail(self->m, MOTH_CANCELLED, where, "cancelled");
}

/* ---- Forward and backward ----------------------------------------------------------------------------------------------------------- */

void plan_commit(plan *self) {
  for (int i = 0; i < self->node_count; i++) {
    if (self->nodes[i].class->commit != NULL) self->nodes[i].class->commit(&self->nodes[i].run);
  }
}

static void begin_run(plan *self) { self->has_run = self->has_outputs = self->can_go_back = self->y_holds_outputs = false; }

moth_status plan_forward(plan *self, const char *where, const plan_source *x, int64_t rows, bool training, uint64_t key, uint64_t step) {
  assert(rows >= 0 && rows <= self->capacity);
  plan_pay(self);
  moth_status status = context_poll(self->m, where);
  if (status == MOTH_OK) status = plan_set(self, where, rows, training, NULL);
  if (status == MOTH_OK) status = plan_take_input(self, where, x);
  if (status != MOTH_OK) return status;
  begin_run(self);
  plan_lanes_forget(self);
  unsigned denormals = pool_flush_denormals();
  plan_take_draws(self, key, step, denormals);
  plan_run_rows(self, x->values == NULL, true, false, false);
  status = plan_settle(self, where);
  if (status == MOTH_OK && training) plan_commit(self);
  pool_restore_denormals(denormals);
  if (status != MOTH_OK) return status;
  self->rows = rows;
  self->has_run = self->has_outputs = true;
  self->can_go_back = training && self->purpose == PLAN_TRAINING;
  return MOTH_OK;
}

moth_status plan_backward(plan *self, const char *where, const void *dy, bool accumulate, void *dx) {
  if (!self->can_go_back) return context_fail(self->m, MOTH_MISUSE, where, "follows a forward: net:forward(x) comes first");
  moth_status status = network_ensure_gradients(self->m, self->net);
  if (status != MOTH_OK) return context_within(self->m, status, where);
  if (dx != NULL && self->net->index_input) return context_fail(self->m, MOTH_MISUSE, where, "class numbers have no gradient");
  plan_take_aim(self, dx != NULL);
  plan_take_dx(self, dx);
  plan_node *last = &self->nodes[self->output];
  size_t bytes = (size_t)self->rows * self->y_row;
  if (bytes > 0) memcpy(last->d, dy, bytes);
  if (dx != NULL && !self->dx_is_written) memset(dx, 0, (size_t)self->rows * self->x_row);
  self->update = (plan_update){ .flat = true, .add = accumulate && self->net->gradients_valid, .polls = true };
  self->net->gradients_valid = false;
  unsigned denormals = pool_flush_denormals();
  plan_run_rows(self, false, false, false, true);
  status = plan_settle(self, where);
  if (status == MOTH_OK) {
    plan_run_ranges(self);
    status = plan_settle(self, where);
  }
  pool_restore_denormals(denormals);
  self->net->gradients_valid = status == MOTH_OK;
  return status;
}

/* ---- What a run left ---------------------------------------------------------------------------------------------------------------- */

const void *plan_outputs(const plan *self) {
  assert(self->has_outputs);
  return self->y_holds_outputs ? self->y : self->nodes[self->output].out;
}

const void *plan_step_targets(const plan *self) { return self->targets; }

moth_status plan_node_output(plan *self, int node, int64_t *rows, storage **s, size_t *offset) {
  *s = NULL;
  *rows = self->rows;
  if (!self->has_run || self->purpose != PLAN_TRAINING) return MOTH_OK;
  plan_lanes_publish(self);
  int root = node < 0 ? -1 : self->roots[node];
  if (root < 0) {
    *offset = 0;
    *s = self->x_source.values == NULL ? self->x_buffer : NULL;
    return MOTH_OK;
  }
  bool is_output = self->positions[root] == self->output;
  if (is_output && !self->has_outputs) return MOTH_OK;
  const char *values = is_output ? plan_outputs(self) : self->nodes[self->positions[root]].out;
  *s = self->values;
  *offset = (size_t)(values - (const char *)self->values->bytes);
  return MOTH_OK;
}

int plan_first_not_finite(plan *self, int64_t rows) {
  plan_lanes_publish(self);
  for (int i = 0; i < self->node_count; i++) {
    const plan_node *p = &self->nodes[i];
    if (!self->kernels->is_finite(p->out, (int64_t)((size_t)rows * p->out_row / self->element))) return p->index;
  }
  for (int64_t i = 0; i < self->block_count && self->setting.has_loss; i++) {
    double sum = self->sums[i].sum;
    if (sum - sum != 0) return self->net->node_count;
  }
  return -1;
}
