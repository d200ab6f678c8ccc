#include "network/plan_lanes.h"

#include <string.h>

#include "math/lanes.h"

enum { LINE = 64, WIDEST = 16 /* lanes of any set */ };

/* A dense layer and the activation behind it. */
typedef struct lanes_layer {
  lanes_dense dense;             /* first: a step's functions are given it, and find the rest around it */
  plan *plan;
  int position, activation_position; /* in plan.nodes; the second -1 where the activation is the dense layer's own */
  const activation *activation;
  enum lanes_activation kind;    /* as it runs now: LANES_APART passes over memory */
  bool is_last;
  char *y, *z;                   /* after and before the activation; z is used where the activation is apart */
  char *d, *d_rows;
} lanes_layer;

/* What a step does, one call after the other. */
typedef struct lanes_op { lanes_function run; void *data; } lanes_op;
typedef struct lanes_ops { int count; lanes_op *list; } lanes_ops;

struct plan_lanes {
  int count;
  lanes_layer *layers;
  lanes_op *ops;                 /* room for all lists */
  lanes_ops passes, update, gradient; /* forward, loss and backward; then what follows where the loss is finite */
  const lanes_common *common;
  char *block, *x, *t, *g;       /* inputs, targets, a flat gradient: in one block of memory */
  double *terms;
  size_t bytes;
  int64_t rows;                  /* of the setting; 0: it does not suit */
  lanes_loss loss;
  lanes_function loss_function;  /* NULL: the loss's own rows */
  bool updates_plainly, is_published;
  char *kept;
};

/* ---- What suits --------------------------------------------------------------------------------------------------------------------- */

static bool has_lanes(const plan *self, const plan_node *p) {
  const layer_node *node = p->run.node;
  if (p->input_count != 1 || node->owner != node->index || self->net->next_use[node->index] >= 0) return false;
  if (p->class->lanes == LAYER_NO_LANES || node->whole_batch) return false;
  const activation_class *g = node->activation.class;
  return g == NULL || !g->whole_row || &self->nodes[self->output] == p;
}

/* A chain: each node reads the one before and no other does. */
static bool is_chain(const plan *self) {
  if (self->net->index_input || self->x_readers != 1 || self->output != self->node_count - 1 || self->output_is_read) return false;
  for (int i = 0; i < self->node_count; i++) {
    const plan_node *p = &self->nodes[i];
    if (!has_lanes(self, p)) return false;
    int from = p->roots[0] < 0 ? -1 : self->positions[p->roots[0]];
    if (from != i - 1 || (i < self->output && p->readers != 1)) return false;
  }
  return self->node_count > 0;
}

/* Whether an activation node stands right behind a dense one that has none of its own. */
static bool joins(const plan *self, int i) {
  if (self->nodes[i].class->lanes != LAYER_LANES_ACTIVATION || i == 0) return false;
  const plan_node *before = &self->nodes[i - 1];
  return before->class->lanes == LAYER_LANES_DENSE && before->run.node->activation.class->is_linear;
}

static bool is_narrow(const plan *self) {
  for (int i = 0; i < self->node_count; i++) {
    const parameter_block *block = &self->nodes[i].run.node->blocks[0];
    if (self->nodes[i].class->lanes == LAYER_LANES_ACTIVATION) {
      if (!joins(self, i)) return false;
      continue;
    }
    int64_t inputs = block->views[0].size[1], units = block->views[0].size[0];
    if (inputs > LANES_MOST_INPUTS || units > LANES_MOST_UNITS) return false;
  }
  return true;
}

bool plan_lanes_miss(const plan *self, const plan_node *p) {
  if (self->purpose != PLAN_TRAINING || has_lanes(self, p)) return false;
  for (int i = 0; i < self->node_count; i++) {
    const moth_shape *out = &self->nodes[i].run.node->out;
    if (network_features(out) > LANES_MOST_UNITS) return false;
  }
  return self->features <= LANES_MOST_INPUTS;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------------------------- */

static int64_t up_to(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

/* The next piece of the block: count values; NULL while the block is only measured. All are few, so that nothing can overflow. */
static char *take(const plan *self, size_t *at, int64_t count, size_t size) {
  char *piece = self->lanes->block == NULL ? NULL : self->lanes->block + *at;
  *at += (size_t)up_to(count * (int64_t)size, LINE);
  return piece;
}

int64_t plan_lanes_rows(const plan *self) {
  const plan_lanes *l = self->lanes;
  int64_t widest = 1, vectors = LANES_MOST_VECTORS * self->m->kernels->lanes[self->dtype][1].lanes;
  for (int i = 0; i < l->count; i++) {
    if (l->layers[i].dense.outputs > widest) widest = l->layers[i].dense.outputs;
  }
  return vectors / widest < LANES_MOST_ROWS ? vectors / widest : LANES_MOST_ROWS;
}

static size_t place(plan *self) {
  plan_lanes *l = self->lanes;
  int64_t most = plan_lanes_rows(self), rows = up_to(self->capacity < most ? self->capacity : most, WIDEST);
  size_t at = 0, e = self->element;
  l->x = take(self, &at, up_to(self->features, 4) * rows, e);
  l->t = take(self, &at, up_to(self->columns, 4) * rows, e);
  l->g = take(self, &at, self->net->parameter_count, e);
  l->terms = (double *)(void *)take(self, &at, self->columns * rows, sizeof(double));
  for (int i = 0; i < l->count; i++) {
    lanes_layer *layer = &l->layers[i];
    int64_t units = layer->dense.outputs;
    layer->y = take(self, &at, up_to(units, 4) * rows, e);
    layer->z = take(self, &at, up_to(units, 4) * rows, e);
    layer->d = take(self, &at, up_to(units, 4) * rows, e);
    layer->d_rows = take(self, &at, up_to(units, WIDEST) * rows, e);
  }
  return at;
}

static void find_layers(plan *self) {
  plan_lanes *l = self->lanes;
  for (int i = 0; i < self->node_count; i++) {
    const layer_node *node = self->nodes[i].run.node;
    if (joins(self, i)) {
      lanes_layer *before = &l->layers[l->count - 1];
      before->activation = &node->activation;
      before->activation_position = i;
      continue;
    }
    const parameter_block *block = &node->blocks[0];
    l->layers[l->count++] = (lanes_layer){
      .dense = { .inputs = block->views[0].size[1], .outputs = block->views[0].size[0], .has_bias = block->view_count > 1,
                 .w = self->nodes[i].blocks[0] },
      .plan = self, .position = i, .activation_position = -1, .activation = &node->activation,
    };
  }
  l->layers[l->count - 1].is_last = true;
}

/* Forward and backward may take two a layer and the loss three, update and gradient one. */
static size_t ops_of(const plan *self) { return 6 * (size_t)self->node_count + 3; }

moth_status plan_lanes_create(plan *self) {
  moth *m = self->m;
  if (self->purpose != PLAN_TRAINING || !is_chain(self) || !is_narrow(self)) return MOTH_OK;
  plan_lanes *l = memory_new(m, 1, sizeof *l);
  if (l == NULL) return m->status;
  *l = (plan_lanes){ .common = &m->kernels->lanes_common[self->dtype], .is_published = true };
  self->lanes = l;
  l->layers = memory_new(m, (size_t)self->node_count, sizeof *l->layers);
  if (l->layers != NULL) l->ops = memory_new(m, ops_of(self), sizeof *l->ops);
  if (l->ops == NULL) return m->status;
  find_layers(self);
  l->bytes = place(self);
  l->block = memory_aligned(m, l->bytes, true);
  if (l->block == NULL) return m->status;
  place(self);
  return MOTH_OK;
}

void plan_lanes_free(plan *self) {
  plan_lanes *l = self->lanes;
  if (l == NULL) return;
  memory_aligned_free(self->m, l->block, l->bytes);
  memory_free(self->m, l->ops, ops_of(self), sizeof *l->ops);
  memory_free(self->m, l->layers, (size_t)self->node_count, sizeof *l->layers);
  memory_free(self->m, l, 1, sizeof *l);
  self->lanes = NULL;
}

/* ---- The setting -------------------------------------------------------------------------------------------------------------------- */

/* The narrowest vectors that take no more of them. */
static const lanes_kernels *kernels_for(const plan *self, int64_t count) {
  const lanes_kernels *sets = self->m->kernels->lanes[self->dtype];
  return (count + 3) / 4 <= (count + sets[1].lanes - 1) / sets[1].lanes ? &sets[0] : &sets[1];
}

static void add_op(lanes_ops *ops, lanes_function run, void *data) { ops->list[ops->count++] = (lanes_op){ run, data }; }

static void clear_ops(plan_lanes *l, int nodes) {
  l->update = (lanes_ops){ 0, l->ops };
  l->gradient = (lanes_ops){ 0, l->ops + nodes };
  l->passes = (lanes_ops){ 0, l->ops + 2 * nodes };
}

static void set_layer(plan *self, int index, const lanes_kernels *across) {
  plan_lanes *l = self->lanes;
  lanes_layer *layer = &l->layers[index], *before = index > 0 ? layer - 1 : NULL;
  lanes_dense *dense = &layer->dense;
  const lanes_kernels *along = kernels_for(self, dense->outputs);
  bool leaves_off = layer->is_last && self->setting.fused;
  bool is_own = layer->activation_position < 0; /* one of its own node must leave z behind */
  layer->kind = leaves_off || layer->activation->class->is_linear ? LANES_LINEAR : is_own ? layer->activation->class->lanes : LANES_APART;
  dense->rows = l->rows;
  dense->padded = up_to(l->rows, across->lanes);
  dense->x = before == NULL ? l->x : before->y;
  dense->y = layer->kind == LANES_APART ? layer->z : layer->y;
  dense->d = layer->d;
  dense->d_rows = dense->outputs == 1 ? layer->d : layer->d_rows;
  dense->d_row = dense->outputs == 1 ? 1 : up_to(dense->outputs, along->lanes);
  dense->dx = before == NULL ? NULL : before->d;
  dense->dx_rows = before == NULL || before->kind == LANES_APART || dense->inputs == 1 ? NULL : before->d_rows;
  dense->dx_row = before == NULL ? 0 : before->dense.d_row;
  dense->g = l->g + ((char *)dense->w - (char *)self->net->parameters->values);
}

/* dE/dy in d becomes dE/dz, and its rows. */
static void slope(void *data) {
  const lanes_layer *layer = data;
  const lanes_dense *dense = &layer->dense;
  const plan *self = layer->plan;
  const activation *a = layer->activation;
  a->class->backward(self->kernels, self->dtype, a->numbers, 1, dense->outputs * dense->padded, a->class->from_input ? layer->z : NULL,
                     layer->y, layer->d);
  if (dense->outputs > 1) self->lanes->common->to_rows(layer->d, dense->padded, dense->outputs, layer->d_rows, dense->d_row);
}

static void activate(void *data) {
  const lanes_layer *layer = data;
  const activation *a = layer->activation;
  const int64_t count = layer->dense.outputs * layer->dense.padded;
  a->class->forward(layer->plan->kernels, layer->plan->dtype, a->numbers, 1, count, layer->z, layer->y);
}

static void turn_slopes(void *data) {
  const lanes_layer *layer = data;
  const lanes_dense *dense = &layer->dense;
  layer->plan->lanes->common->to_rows(layer->d, dense->padded, dense->outputs, layer->d_rows, dense->d_row);
}

/* A loss without a kernel here, by its own rows: from lanes, into rows. */
static void loss_by_rows(void *data) {
  plan *self = data;
  plan_lanes *l = self->lanes;
  const lanes_layer *last = &l->layers[l->count - 1];
  const lanes_dense *dense = &last->dense;
  loss_run run = self->loss_run;
  run.p = last->y, run.p_row = 1, run.p_column = dense->padded;
  run.d = dense->outputs == 1 ? last->d : last->d_rows, run.d_row = dense->d_row, run.d_column = 1;
  run.y = NULL;
  l->loss.sum = self->loss_class->rows(&run);
  if (dense->outputs > 1) l->common->to_lanes(last->d_rows, dense->d_row, dense->rows, dense->outputs, last->d, dense->padded);
}

static void list_loss(plan *self, lanes_layer *last) {
  plan_lanes *l = self->lanes;
  bool by_rows = l->loss_function == NULL;
  if (by_rows) add_op(&l->passes, loss_by_rows, self);
  else add_op(&l->passes, l->loss_function, &l->loss);
  if (last->kind == LANES_APART || (by_rows && last->kind != LANES_LINEAR)) add_op(&l->passes, slope, last);
  else if (!by_rows && last->dense.outputs > 1) add_op(&l->passes, turn_slopes, last);
}

/* An activation apart counts as linear, and is an op of its own. */
static void list_passes(plan *self, const lanes_kernels *across) {
  plan_lanes *l = self->lanes;
  for (int i = 0; i < l->count; i++) {
    lanes_layer *layer = &l->layers[i];
    bool is_apart = layer->kind == LANES_APART;
    add_op(&l->passes, across->forward[is_apart ? LANES_LINEAR : layer->kind], &layer->dense);
    if (is_apart) add_op(&l->passes, activate, layer);
  }
  list_loss(self, &l->layers[l->count - 1]);
  for (int i = l->count - 1; i > 0; i--) {
    lanes_layer *before = &l->layers[i - 1];
    bool is_apart = before->kind == LANES_APART;
    add_op(&l->passes, across->back[is_apart ? LANES_LINEAR : before->kind], &l->layers[i].dense);
    if (is_apart) add_op(&l->passes, slope, before);
  }
  for (int i = l->count - 1; i >= 0; i--) {
    const lanes_kernels *along = kernels_for(self, l->layers[i].dense.outputs);
    add_op(&l->update, along->update, &l->layers[i].dense);
    add_op(&l->gradient, along->gradient, &l->layers[i].dense);
  }
}

static void set_loss(plan *self) {
  plan_lanes *l = self->lanes;
  const lanes_layer *last = &l->layers[l->count - 1];
  enum lanes_loss_kind kind = self->loss_class->lanes == NULL ? LANES_NO_LOSS : self->loss_class->lanes(&self->loss_run);
  l->loss = (lanes_loss){ .rows = l->rows, .columns = self->columns, .padded = last->dense.padded, .p = last->y, .t = l->t, .d = last->d,
                          .terms = l->terms };
  enum lanes_activation through = last->kind == LANES_APART ? LANES_LINEAR : last->kind;
  l->loss_function = kind == LANES_NO_LOSS ? NULL : l->common->loss[kind][through];
}

void plan_lanes_set(plan *self) {
  plan_lanes *l = self->lanes;
  if (l == NULL) return;
  const plan_setting *s = &self->setting;
  const lanes_layer *last = &l->layers[l->count - 1];
  bool suits = s->has_loss && s->training && s->rows > 1 && s->rows <= plan_lanes_rows(self) && self->block_count == 1 &&
               (s->fused || !last->activation->class->whole_row);
  plan_lanes_publish(self);
  l->rows = suits ? s->rows : 0;
  if (!suits) return;
  const lanes_kernels *across = kernels_for(self, s->rows);
  clear_ops(l, self->node_count);
  for (int i = 0; i < l->count; i++) set_layer(self, i, across);
  set_loss(self);
  list_passes(self, across);
  memset(l->x, 0, (size_t)(l->t - l->x)); /* lanes beyond the rows */
  memset(l->t, 0, (size_t)(l->g - l->t));
}

bool plan_lanes_takes(const plan *self, const plan_step_job *job) {
  const plan_lanes *l = self->lanes;
  return l != NULL && l->rows > 0 && job->optimizer != NULL && !job->want_outputs && job->targets.weights == NULL &&
         self->range_count == self->net->range_count;
}

/* ---- The step ----------------------------------------------------------------------------------------------------------------------- */

/* Class numbers of a loss over single outputs are its targets 0 and 1. */
static void load_classes(plan *self) {
  plan_lanes *l = self->lanes;
  const int64_t *classes = self->targets;
  for (int64_t r = 0; r < l->rows; r++) {
    if (self->dtype == MOTH_F32) ((float *)(void *)l->t)[r] = (float)classes[r];
    else ((double *)(void *)l->t)[r] = (double)classes[r];
  }
}

void plan_lanes_load(plan *self) {
  plan_lanes *l = self->lanes;
  l->is_published = false;
  l->loss.scale = self->loss_run.scale;
  l->common->to_lanes(self->x, self->features, l->rows, self->features, l->x, l->layers[0].dense.padded);
  if (l->loss_function == NULL) return;
  if (self->classes) load_classes(self);
  else l->common->to_lanes(self->targets, self->columns, l->rows, self->columns, l->t, l->loss.padded);
}

static inline void run_ops(const lanes_ops *ops) {
  const lanes_op *op = ops->list;
  for (int left = ops->count; left > 0; left--, op++) op->run(op->data);
}

double plan_lanes_run(plan *self) {
  run_ops(&self->lanes->passes);
  return self->lanes->loss.sum;
}

void plan_lanes_aim(plan *self, const plan_step_job *job, char *kept) {
  plan_lanes *l = self->lanes;
  l->updates_plainly = optimizer_is_plain(job->optimizer);
  l->kept = kept;
  for (int i = 0; i < l->count; i++) {
    lanes_dense *dense = &l->layers[i].dense;
    dense->lr = job->lr;
    dense->kept = kept == NULL ? NULL : kept + ((char *)dense->w - (char *)self->net->parameters->values);
  }
}

void plan_lanes_update(plan *self) {
  plan_lanes *l = self->lanes;
  const moth_net *net = self->net;
  if (l->updates_plainly) {
    run_ops(&l->update);
    return;
  }
  if (l->kept != NULL) memcpy(l->kept, net->parameters->values, (size_t)net->parameter_count * self->element);
  run_ops(&l->gradient);
  const plan_update *u = &self->update;
  void *states[OPTIMIZER_MAX_STATES];
  for (int i = 0; i < u->state_count; i++) states[i] = u->states[i];
  u->optimizer->update(self->kernels, net->parameters->values, l->g, states, net->parameter_count, &u->numbers);
}

/* ---- Afterwards --------------------------------------------------------------------------------------------------------------------- */

static void publish(const plan *self, int position, const char *lanes, const lanes_dense *dense) {
  char *out = self->nodes[position].out;
  size_t e = self->element;
  for (int64_t r = 0; r < dense->rows; r++) {
    for (int64_t c = 0; c < dense->outputs; c++) {
      memcpy(out + (size_t)(r * dense->outputs + c) * e, lanes + (size_t)(c * dense->padded + r) * e, e);
    }
  }
}

void plan_lanes_forget(plan *self) {
  if (self->lanes != NULL) self->lanes->is_published = true;
}

void plan_lanes_publish(plan *self) {
  plan_lanes *l = self->lanes;
  if (l == NULL || l->is_published) return;
  for (int i = 0; i < l->count; i++) {
    const lanes_layer *layer = &l->layers[i];
    const bool is_joined = layer->activation_position >= 0;
    publish(self, layer->position, is_joined ? layer->dense.y : layer->y, &layer->dense);
    if (is_joined) publish(self, layer->activation_position, layer->y, &layer->dense);
  }
  l->is_published = true;
}
