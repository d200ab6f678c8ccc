/* moth_net_check: all gradients against central differences, in f64, on a clone. The fused way of backprop and the plain one of backward
 * (with dE/dx) are both compared. */
#include <math.h>
#include <string.h>

#include "network/input.h"
#include "network/network.h"

typedef struct checking {
  moth *m;
  moth_net *net;                 /* the clone */
  plan *run;
  const moth_part *loss;
  network_input x;
  network_target t;
  plan_targets targets;
  double *buffers;               /* as they were: a training forward may change them */
  double *fused, *plain, *dx;    /* gradients */
} checking;

static const char where[] = "check";

static int64_t x_count(const checking *c) { return c->net->index_input ? 0 : c->x.values->count; }

static moth_status forward(checking *c) {
  if (c->net->buffer_count > 0) memcpy(c->net->buffers->values, c->buffers, (size_t)c->net->buffer_count * sizeof(double));
  plan_source source = { .values = c->x.values->values };
  return plan_forward(c->run, where, &source, c->x.rows, true, c->net->key, c->net->forwards);
}

static moth_status loss_value(checking *c, double *value) {
  double sum = 0, weight = 0;
  moth_status status = forward(c);
  if (status == MOTH_OK) status = plan_loss(c->run, c->loss, &c->targets, c->x.rows, &sum, &weight);
  if (status == MOTH_OK) *value = sum * loss_scale(c->loss, weight, c->x.rows);
  return status;
}

/* ---- What the net says ---------------------------------------------------------------------------------------------------------------- */

static moth_status fused_gradient(checking *c, double *value) {
  plan_step_job job = { .rows = c->x.rows, .x = { .values = c->x.values->values }, .targets = c->targets, .loss = c->loss, .training = true,
                        .key = c->net->key, .step = c->net->forwards };
  plan_result result;
  moth_status status = plan_step(c->run, where, &job, NULL, NULL, &result);
  if (status != MOTH_OK) return status;
  *value = result.value;
  memcpy(c->fused, c->net->gradients->values, (size_t)c->net->parameter_count * sizeof(double));
  return MOTH_OK;
}

/* dE/d(output) by the loss alone, then back through every activation. */
static moth_status plain_gradient(checking *c, double *dy) {
  const loss_class *class = (const loss_class *)c->loss->row;
  const char *tail = network_last_activation(c->net);
  int64_t columns = c->net->output.rank == 0 ? 1 : network_features(&c->net->output);
  moth_status status = forward(c);
  if (status != MOTH_OK) return status;
  loss_run l = { .kernels = &c->m->kernels->of[MOTH_F64], .dtype = MOTH_F64, .loss = c->loss, .rows = c->x.rows, .columns = columns,
                 .fused = strcmp(tail, "linear") == 0 && class->fused != NULL && class->fused(c->loss, tail), .p = plan_outputs(c->run),
                 .p_row = columns, .p_column = 1, .t = c->t.classes ? NULL : c->t.values->values, .t_row = columns, .t_column = 1,
                 .classes = c->t.classes ? (const int64_t *)c->t.values->values : NULL, .d = dy, .d_row = columns, .d_column = 1 };
  l.scale = loss_scale(c->loss, loss_weight(&l), c->x.rows);
  class->rows(&l);
  status = plan_backward(c->run, where, dy, false, c->net->index_input ? NULL : c->dx);
  if (status == MOTH_OK) memcpy(c->plain, c->net->gradients->values, (size_t)c->net->parameter_count * sizeof(double));
  return status;
}

/* ---- What differences say ------------------------------------------------------------------------------------------------------------- */

static moth_status difference(checking *c, double *at, double step, double *slope) {
  double before = *at, up = before + step, down = before - step, high, low;
  *at = up;
  moth_status status = loss_value(c, &high);
  if (status == MOTH_OK) {
    *at = down;
    status = loss_value(c, &low);
  }
  *at = before;
  if (status == MOTH_OK) *slope = (high - low) / (up - down);
  return status;
}

/* Errors are told relative to the value, or to a hundredth of the largest gradient where that is more. */
static double error_of(double value, double slope, double least) {
  double scale = fmax(fmax(fabs(value), fabs(slope)), least), apart = fabs(value - slope);
  return apart == 0 ? 0 : isfinite(apart) ? apart / scale : INFINITY;
}

/* Two steps and Richardson's extrapolation, exact to their fourth power; then, where that is off, smaller and smaller steps: near a kink
 * (relu) only those see one side of it. The best counts: a wrong gradient agrees with none. */
static moth_status compare(checking *c, double *at, const double *values, int count, double least, double *worst) {
  static const double steps[] = { 6e-6, 4e-7, 3e-8 };
  double size = fmax(1, fabs(*at)), wide, narrow;
  moth_status status = difference(c, at, 2e-3 * size, &wide);
  if (status == MOTH_OK) status = difference(c, at, 1e-3 * size, &narrow);
  if (status != MOTH_OK) return status;
  double slope = (4 * narrow - wide) / 3, error = 0;
  for (int i = 0; i < count; i++) error = fmax(error, error_of(values[i], slope, least));
  for (size_t s = 0; s < sizeof steps / sizeof *steps && !(error < 1e-8); s++) {
    double other = 0;
    status = difference(c, at, steps[s] * size, &slope);
    if (status != MOTH_OK) return status;
    for (int i = 0; i < count; i++) other = fmax(other, error_of(values[i], slope, least));
    error = fmin(error, other);
  }
  *worst = fmax(*worst, error);
  return MOTH_OK;
}

static double largest(const double *values, int64_t count, double most) {
  for (int64_t i = 0; i < count; i++) most = fmax(most, fabs(values[i]));
  return most;
}

static moth_status compare_all(checking *c, double *error) {
  const moth_net *net = c->net;
  double most = largest(c->fused, net->parameter_count, 1e-10), worst = 0;
  most = largest(c->plain, net->parameter_count, most);
  double *w = (double *)net->parameters->values, *x = (double *)c->x.values->values;
  double least = most / 100, least_x = largest(c->dx, x_count(c), 1e-10) / 100;
  moth_status status = MOTH_OK;
  for (int64_t i = 0; i < net->parameter_count && status == MOTH_OK; i++) {
    status = compare(c, &w[i], (double[]){ c->fused[i], c->plain[i] }, 2, least, &worst);
  }
  for (int64_t i = 0; i < x_count(c) && status == MOTH_OK; i++) status = compare(c, &x[i], &c->dx[i], 1, least_x, &worst);
  if (status == MOTH_OK) *error = worst;
  return status;
}

/* ---- The check ------------------------------------------------------------------------------------------------------------------------ */

static moth_status run_check(checking *c, double *dy, double *error) {
  double value;
  moth_status status = fused_gradient(c, &value);
  if (status != MOTH_OK) return status;
  if (!isfinite(value)) return context_fail(c->m, MOTH_NUMERIC, where, "the loss is %s", isnan(value) ? "nan" : "infinite");
  if (c->net->buffer_count > 0) memcpy(c->net->buffers->values, c->buffers, (size_t)c->net->buffer_count * sizeof(double));
  status = plain_gradient(c, dy);
  return status == MOTH_OK ? compare_all(c, error) : status;
}

/* x is moved about: never the caller's own. */
static moth_status own_input(checking *c) {
  moth_tensor *copy;
  const moth_tensor *x = c->x.values;
  moth_status status = tensor_new(c->m, where, x->dtype, x->rank, x->size, false, &copy);
  if (status == MOTH_OK) status = tensor_copy(c->m, where, x, copy);
  if (status != MOTH_OK) return status;
  moth_release(c->x.values);
  c->x.values = copy;
  return MOTH_OK;
}

static moth_status check_clone(checking *c, double *error) {
  moth *m = c->m;
  for (int i = 0; i < c->net->layer_count; i++) c->net->layers[i].frozen = false;
  int64_t outputs = network_features(&c->net->output) * c->x.rows, count = c->net->parameter_count;
  int64_t room = c->net->buffer_count + 2 * count + x_count(c) + outputs;
  c->targets = (plan_targets){ .source = { .values = c->t.values->values }, .classes = c->t.classes };
  double *all = memory_new(m, (size_t)room, sizeof *all);
  if (all == NULL) return context_within(m, m->status, where);
  c->buffers = all;
  c->fused = c->buffers + c->net->buffer_count;
  c->plain = c->fused + count;
  c->dx = c->plain + count;
  if (c->net->buffer_count > 0) memcpy(c->buffers, c->net->buffers->values, (size_t)c->net->buffer_count * sizeof(double));
  moth_status status = plan_create(m, where, c->net, PLAN_TRAINING, c->x.rows, &c->run);
  if (status == MOTH_OK) status = run_check(c, c->dx + x_count(c), error);
  plan_free(m, c->run);
  memory_free(m, all, (size_t)room, sizeof *all);
  return status;
}

moth_status moth_net_check(moth *m, moth_net *net, const moth_tensor *x, const moth_tensor *t, const moth_part *loss, double *error) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, where, "argument 1");
  if (status == MOTH_OK) status = tensor_check(m, t, where, "target");
  if (status == MOTH_OK) status = network_check_loss(m, where, loss);
  if (status == MOTH_OK && error == NULL) status = context_fail(m, MOTH_MISUSE, where, "no place for the result");
  checking c = { .m = m, .loss = loss };
  if (status == MOTH_OK) status = network_clone(m, net, MOTH_F64, &c.net);
  if (status == MOTH_OK) status = network_take_input(m, c.net, where, x, &c.x);
  if (status == MOTH_OK && c.x.rows == 0) status = context_fail(m, MOTH_DATA, where, "x has 0 rows");
  if (status == MOTH_OK) status = own_input(&c);
  if (status == MOTH_OK) status = network_take_target(m, c.net, where, loss, t, &c.x, &c.t);
  if (status == MOTH_OK) status = check_clone(&c, error);
  moth_release(c.x.values);
  moth_release(c.t.values);
  moth_release(c.net);
  return context_within(m, status, where);
}
