/* From what backward left to new parameters: gradients range by range, penalties, clipping, the optimizer. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "network/plan_parts.h"

/* ---- Ranges ------------------------------------------------------------------------------------------------------------------------- */

static moth_status add_gradient(const plan *self, int node, const network_range *range, int worker, gradient_sink *sink) {
  const plan_node *p = &self->nodes[self->positions[node]];
  if (worker == 0) return p->class->gradient(&p->run, p->in, p->d, range->block, range->from, range->to, sink);
  layer_run run = p->run;
  run.scratch = plan_scratch(self, worker);
  return p->class->gradient(&run, p->in, p->d, range->block, range->from, range->to, sink);
}

static void update_range(const plan *self, const network_range *range, const void *g) {
  const plan_update *u = &self->update;
  size_t at = (size_t)range->offset * self->element;
  void *states[OPTIMIZER_MAX_STATES];
  for (int i = 0; i < u->state_count; i++) states[i] = u->states[i] + at;
  u->optimizer->update(self->kernels, self->net->parameters->values + at, g, states, range->to - range->from, &u->numbers);
}

/* Whether a layer may put this range's gradient straight into its parameters: plain SGD follows, and nobody else sees or adds to it. */
static bool is_direct(const plan *self, int node) {
  const plan_update *u = &self->update;
  return u->now && !u->flat && !u->add && u->optimizer->is_plain && u->state_count == 0 && u->numbers.weight_decay == 0 &&
         self->net->next_use[node] < 0;
}

/* ---- Updates put off ---------------------------------------------------------------------------------------------------------------- */

static bool owes(const plan *self, const plan_node *p) { return p->owed_x != NULL && is_direct(self, p->index); }

/* What of a range is not weights: the bias, which is not put off. */
static network_range without_weights(const plan *self, const network_range *range) {
  const parameter_view *weight = &self->net->nodes[range->node].blocks[0].views[0];
  const int64_t weights = weight->size[0] * weight->size[1];
  network_range rest = *range;
  if (rest.from < weights) {
    rest.from = weights < range->to ? weights : range->to;
    rest.offset += rest.from - range->from;
  }
  return rest;
}

static void note_owed(plan *self) {
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    if (!owes(self, p) || network_node_is_frozen(self->net, p->run.node)) continue;
    memcpy(p->owed_x, p->in[0], p->in_row[0]);
    p->owed = (layer_owed){ p->owed_x, p->d, self->update.numbers.lr };
    p->run.owed = &p->owed;
    self->owes = true;
  }
}

void plan_pay(plan *self) {
  if (self == NULL || !self->owes) return;
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    if (p->run.owed == NULL) continue;
    const parameter_view *weight = &p->run.node->blocks[0].views[0];
    const product owed = { .m = weight->size[1], .n = weight->size[0], .k = 1, .a = p->owed.x, .a_row = 1, .a_column = 1, .b = p->owed.d,
                           .b_row = weight->size[0], .b_column = 1, .w = p->blocks[0], .w_row = weight->size[0], .lr = p->owed.lr };
    self->kernels->product(&owed);
    p->run.owed = NULL;
  }
  self->owes = false;
}

/* The uses of a layer one after the other, in order, into the same place; then the update while it is in cache. The last range first: what
 * backward has just read is in cache, and what the next forward will begin with comes last. */
static void range_task(void *data, int64_t index, int worker) {
  plan *self = data;
  const plan_update *u = &self->update;
  const network_range *range = &self->net->ranges[self->ranges[self->range_count - 1 - index]];
  if (u->polls && context_is_cancelled(self->m)) atomic_store(&self->failed, MOTH_CANCELLED);
  if (u->polls && atomic_load_explicit(&self->failed, memory_order_relaxed) != MOTH_OK) return;
  char *g = u->flat ? self->net->gradients->values + (size_t)range->offset * self->element
                    : plan_scratch(self, worker) + self->scratch_layer;
  gradient_sink sink = { .g = g, .add = u->add };
  network_range rest;
  if (u->owes && owes(self, &self->nodes[self->positions[range->node]])) {
    rest = without_weights(self, range);
    range = &rest;
    if (rest.from == rest.to) return;
  }
  if (is_direct(self, range->node)) {
    sink.w = self->net->parameters->values + (size_t)range->offset * self->element;
    sink.lr = u->numbers.lr;
  }
  for (int node = range->node; node >= 0; node = self->net->next_use[node]) {
    moth_status status = add_gradient(self, node, range, worker, &sink);
    sink.add = true;
    if (status == MOTH_OK) continue;
    atomic_store(&self->failed, status);
    if (u->polls) return;
    assert(!"a gradient below 2^30 flop does not fail");
  }
  if (u->now && !sink.applied) update_range(self, range, g);
}

static void update_task(void *data, int64_t index, int worker) {
  plan *self = data;
  (void)worker;
  const network_range *range = &self->net->ranges[self->ranges[index]];
  update_range(self, range, self->net->gradients->values + (size_t)range->offset * self->element);
}

static void run_task(plan *self, double work, pool_task task) {
  if (self->range_count > 1 && work > PLAN_ALONE_WORK) {
    pool_run(self->m, self->range_count, task, self);
    return;
  }
  for (int64_t i = 0; i < self->range_count; i++) task(self, i, 0);
}

/* Frozen parameters have a gradient of zero. */
static void clear_frozen(plan *self) {
  const moth_net *net = self->net;
  if (self->range_count == net->range_count) return;
  for (int64_t i = 0; i < net->range_count; i++) {
    const network_range *range = &net->ranges[i];
    if (!network_node_is_frozen(net, &net->nodes[range->node])) continue;
    memset(net->gradients->values + (size_t)range->offset * self->element, 0, (size_t)(range->to - range->from) * self->element);
  }
}

void plan_run_ranges(plan *self) {
  if (self->update.flat && !self->update.add) clear_frozen(self);
  if (self->setting.rows == 0) {
    if (self->update.flat && !self->update.add) memset(self->net->gradients->values, 0, (size_t)self->net->parameter_count * self->element);
    return;
  }
  run_task(self, self->work * (double)self->setting.rows, range_task);
  if (self->update.owes) note_owed(self);
}

void plan_run_updates(plan *self) { run_task(self, 8.0 * (double)self->net->parameter_count, update_task); }

/* ---- Penalties ---------------------------------------------------------------------------------------------------------------------- */

/* g += l1 sign(w) + 2 l2 w over count elements `stride` apart. */
static void penalize(moth_dtype dtype, const void *w, void *g, int64_t count, int64_t stride, double l1, double l2) {
  if (dtype == MOTH_F32) {
    const float *x = w;
    float *y = g;
    float a = (float)l1, b = (float)(2 * l2);
    for (int64_t i = 0; i < count; i++, x += stride, y += stride) *y += a * (float)((*x > 0) - (*x < 0)) + b * *x;
    return;
  }
  const double *x = w;
  double *y = g;
  for (int64_t i = 0; i < count; i++, x += stride, y += stride) *y += l1 * (double)((*x > 0) - (*x < 0)) + 2 * l2 * *x;
}

/* Rows of a view, whatever its strides: `run` elements `step` apart from each start; those outside [from, to) of the block are left out. */
static void penalize_view(const moth_net *net, const network_range *range, const parameter_view *view, double l1, double l2, char *g) {
  const size_t element = dtype_size(net->dtype);
  int inner = -1;
  int64_t rows = 1, run = 1, step = 1;
  for (int i = 0; i < view->rank; i++) {
    if (inner < 0 || view->strides[i] < view->strides[inner]) inner = i;
    rows *= view->size[i];
  }
  if (rows == 0) return;
  if (inner >= 0) run = view->size[inner], step = view->strides[inner];
  rows /= run;
  const char *w = net->parameters->values + (size_t)(range->offset - range->from) * element;
  for (int64_t row = 0; row < rows; row++) {
    int64_t rest = row, at = view->offset;
    for (int i = view->rank - 1; i >= 0; i--) {
      if (i == inner) continue;
      at += rest % view->size[i] * view->strides[i];
      rest /= view->size[i];
    }
    int64_t skip = at < range->from ? (range->from - at + step - 1) / step : 0;
    int64_t end = range->to > at ? (range->to - at + step - 1) / step : 0;
    if (end > run) end = run;
    if (skip >= end) continue;
    int64_t first = at + skip * step;
    penalize(net->dtype, w + (size_t)first * element, g + (size_t)(first - range->from) * element, end - skip, step, l1, l2);
  }
}

void network_penalize(const moth_net *net, const network_range *range, double l1, double l2, void *g) {
  const parameter_block *block = &net->nodes[range->node].blocks[range->block];
  for (int v = 0; v < block->view_count; v++) {
    const parameter_view *view = &block->views[v];
    double a = l1 + view->l1, b = l2 + view->l2;
    if (view->penalized && (a != 0 || b != 0)) penalize_view(net, range, view, a, b, g);
  }
}

/* ---- Clipping ----------------------------------------------------------------------------------------------------------------------- */

static double value_at(const moth_tensor *t, int64_t i) {
  return t->dtype == MOTH_F32 ? (double)((const float *)t->values)[i] : ((const double *)t->values)[i];
}

static double largest(const moth_tensor *t) {
  double most = 0;
  for (int64_t i = 0; i < t->count; i++) {
    double a = fabs(value_at(t, i));
    if (!(a <= most)) most = a;
    if (isnan(a)) return a;
  }
  return most;
}

/* (Σ |g|^p)^(1/p), scaled by the largest where the powers leave the range of a double. */
static double norm_of(const real_kernels *k, const moth_tensor *t, double order) {
  if (isinf(order)) return largest(t);
  if (order == 2) {
    double sum = k->sum_squares(t->values, t->count);
    if (isfinite(sum) && sum > 1e-280) return sqrt(sum);
  }
  double most = largest(t), sum = 0;
  if (most == 0 || !isfinite(most)) return most;
  for (int64_t i = 0; i < t->count; i++) sum += pow(fabs(value_at(t, i)) / most, order);
  return most * pow(sum, 1 / order);
}

static void bound(moth_tensor *t, double most) {
  for (int64_t i = 0; i < t->count; i++) {
    if (t->dtype == MOTH_F32) {
      float *x = (float *)t->values + i, limit = (float)most;
      *x = *x > limit ? limit : *x < -limit ? -limit : *x;
    } else {
      double *x = (double *)t->values + i;
      *x = *x > most ? most : *x < -most ? -most : *x;
    }
  }
}

/* A norm that is not finite says nothing about a length to scale to: the gradient stays as it is. */
void network_clip(moth_net *net, const moth_clip *clip, double *norm) {
  const real_kernels *k = &net->base.context->kernels->of[net->dtype];
  *norm = norm_of(k, net->gradients, clip->order == 0 ? 2 : clip->order);
  if (clip->norm > 0 && isfinite(*norm) && *norm > clip->norm) k->scale(net->gradients->values, net->gradients->count, clip->norm / *norm);
  if (clip->value > 0) bound(net->gradients, clip->value);
}
