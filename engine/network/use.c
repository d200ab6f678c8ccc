/* What scripts do with a net: forward, predict, backward, backprop, classify, clip, and an optimizer's step. */
#include <math.h>
#include <string.h>

#include "core/pool.h"
#include "core/text.h"
#include "network/input.h"

/* ---- Results ------------------------------------------------------------------------------------------------------------------------ */

static moth_status result_new(moth *m, const char *where, moth_dtype dtype, const network_input *x, const moth_shape *sample, moth_tensor **out) {
  int64_t size[MOTH_MAX_RANK];
  int rank = 0;
  if (!x->is_sample) size[rank++] = x->rows;
  if (sample->rank + rank > MOTH_MAX_RANK) return context_fail(m, MOTH_LIMIT, where, "a tensor has at most %d axes", MOTH_MAX_RANK);
  for (int i = 0; i < sample->rank; i++) size[rank++] = sample->size[i];
  return tensor_new(m, where, dtype, rank, size, false, out);
}

/* The plan of a net's own, with room for so many rows. The old one stays until there is a new one. */
static moth_status ensure_plan(moth *m, const char *where, moth_net *net, enum plan_purpose purpose, int64_t rows, plan **out) {
  struct plan **place = purpose == PLAN_TRAINING ? &net->forward_plan : &net->predict_plan;
  if (*place == NULL || plan_capacity(*place) < rows) {
    plan *fresh;
    moth_status status = plan_create(m, where, net, purpose, rows, &fresh);
    if (status != MOTH_OK) return status;
    plan_free(m, *place);
    *place = fresh;
  }
  *out = *place;
  return MOTH_OK;
}

static moth_status check_call(moth *m, const moth_net *net, const char *where, const void *result) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, where, "argument 1");
  if (status == MOTH_OK && result == NULL) status = context_fail(m, MOTH_MISUSE, where, "no place for the result");
  return status;
}

moth_status moth_net_forward(moth *m, moth_net *net, const moth_tensor *x, moth_tensor **y) {
  const char *where = "forward";
  moth_status status = check_call(m, net, where, y);
  network_input in;
  if (status == MOTH_OK) status = network_take_input(m, net, where, x, &in);
  if (status != MOTH_OK) return status;
  plan *run;
  moth_tensor *out = NULL;
  status = ensure_plan(m, where, net, PLAN_TRAINING, in.rows, &run);
  if (status == MOTH_OK) status = result_new(m, where, net->dtype, &in, &net->output, &out);
  if (status == MOTH_OK) {
    plan_source source = { .gather = network_gather_input, .data = &in };
    status = plan_forward(run, where, &source, in.rows, true, net->key, net->forwards);
  }
  if (status == MOTH_OK) {
    net->forwards++;
    net->forwarded_sample = in.is_sample;
    if (out->count > 0) memcpy(out->values, plan_outputs(run), (size_t)out->count * dtype_size(net->dtype));
    *y = out;
  } else {
    moth_release(out);
  }
  moth_release(in.values);
  return status;
}

/* Chunks of rows through the predicting plan; `out` gets [rows, outputs] in the net's dtype. */
static moth_status predict_rows(moth *m, moth_net *net, const char *where, const network_input *in, char *out) {
  plan *run;
  int64_t chunk = in->rows <= 32 ? 32 : NETWORK_CHUNK;
  moth_status status = ensure_plan(m, where, net, PLAN_PREDICTING, chunk, &run);
  if (status != MOTH_OK) return status;
  size_t row = (size_t)network_features(&net->output) * dtype_size(net->dtype);
  chunk = plan_capacity(run);
  for (int64_t first = 0; first < in->rows && status == MOTH_OK; first += chunk) {
    int64_t rows = in->rows - first < chunk ? in->rows - first : chunk;
    plan_source source = { .values = in->values->values + (size_t)first * in->row };
    status = plan_forward(run, where, &source, rows, false, 0, 0);
    if (status == MOTH_OK && row > 0) memcpy(out + (size_t)first * row, plan_outputs(run), (size_t)rows * row);
  }
  return status;
}

moth_status moth_net_predict(moth *m, moth_net *net, const moth_tensor *x, moth_tensor **y) {
  const char *where = "predict";
  moth_status status = check_call(m, net, where, y);
  network_input in;
  if (status == MOTH_OK) status = network_take_input(m, net, where, x, &in);
  if (status != MOTH_OK) return status;
  moth_tensor *out = NULL;
  status = result_new(m, where, net->dtype, &in, &net->output, &out);
  if (status == MOTH_OK) status = predict_rows(m, net, where, &in, out->values);
  if (status == MOTH_OK) *y = out;
  else moth_release(out);
  moth_release(in.values);
  return status;
}

/* ---- Classes ------------------------------------------------------------------------------------------------------------------------ */

static double value_of(moth_dtype dtype, const char *values, int64_t i) {
  return dtype == MOTH_F32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
}

/* The first largest of a row; a NaN counts as the largest, as everywhere. */
static int64_t class_of(moth_dtype dtype, const char *row, int64_t columns) {
  if (columns == 1) return value_of(dtype, row, 0) >= 0.5;
  int64_t best = 0;
  double most = value_of(dtype, row, 0);
  for (int64_t i = 1; i < columns && !isnan(most); i++) {
    double v = value_of(dtype, row, i);
    if (v > most || isnan(v)) best = i, most = v;
  }
  return best;
}

static moth_status check_classes(moth *m, const moth_net *net, const char *where) {
  char last[192];
  network_last_layer_text(net, last, sizeof last);
  if (net->output.rank != 1 || net->output.size[0] == 0) {
    char shape[192];
    shape_text(net->output.rank, net->output.size, shape, sizeof shape);
    return context_fail(m, MOTH_SHAPE, where, "needs one output a class, %s and gives %s", last, shape);
  }
  if (net->output.size[0] > 1 || strcmp(network_last_activation(net), "sigmoid") == 0) return MOTH_OK;
  return context_fail(m, MOTH_SHAPE, where, "needs one output a class, or a sigmoid; %s", last);
}

moth_status moth_net_classify(moth *m, moth_net *net, const moth_tensor *x, moth_tensor **classes) {
  const char *where = "classify";
  moth_status status = check_call(m, net, where, classes);
  if (status == MOTH_OK) status = check_classes(m, net, where);
  network_input in;
  if (status == MOTH_OK) status = network_take_input(m, net, where, x, &in);
  if (status != MOTH_OK) return status;
  const moth_shape scalar = { .rank = 0 };
  moth_tensor *out = NULL, *scores = NULL;
  status = result_new(m, where, MOTH_I64, &in, &scalar, &out);
  if (status == MOTH_OK) status = result_new(m, where, net->dtype, &in, &net->output, &scores);
  if (status == MOTH_OK) status = predict_rows(m, net, where, &in, scores->values);
  if (status == MOTH_OK) {
    const int64_t columns = net->output.size[0];
    const size_t row = (size_t)columns * dtype_size(net->dtype);
    for (int64_t i = 0; i < in.rows; i++) {
      ((int64_t *)out->values)[i] = class_of(net->dtype, scores->values + (size_t)i * row, columns) + m->index_base;
    }
    *classes = out;
  } else {
    moth_release(out);
  }
  moth_release(scores);
  moth_release(in.values);
  return status;
}

/* ---- Gradients ---------------------------------------------------------------------------------------------------------------------- */

static moth_status misfit_gradient(moth *m, const moth_net *net, const char *where, const moth_tensor *dy, int64_t rows) {
  int64_t size[MOTH_MAX_RANK] = { rows };
  int rank = net->forwarded_sample ? 0 : 1;
  for (int i = 0; i < net->output.rank; i++) size[rank++] = net->output.size[i];
  if (shape_equal(dy->rank, dy->size, rank, size)) return MOTH_OK;
  return context_fail(m, MOTH_SHAPE, where, "dy is %s, forward gave %s", tensor_text(dy).text, tensor_shape_text(net->dtype, rank, size).text);
}

moth_status moth_net_backward(moth *m, moth_net *net, const moth_tensor *dy, bool accumulate, moth_tensor **dx) {
  const char *where = "backward";
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, where, "argument 1");
  if (status == MOTH_OK) status = tensor_check(m, dy, where, "argument 2");
  if (status != MOTH_OK) return status;
  if (net->forward_plan == NULL || !plan_can_go_back(net->forward_plan)) {
    return context_fail(m, MOTH_MISUSE, where, "no forward to go back through; net:forward(x) comes first");
  }
  int64_t rows = plan_rows(net->forward_plan);
  status = misfit_gradient(m, net, where, dy, rows);
  moth_tensor *d = NULL, *out = NULL;
  if (status == MOTH_OK) status = tensor_contiguous(m, where, dy, net->dtype, &d);
  bool wants_dx = dx != NULL && !net->index_input;
  if (status == MOTH_OK && wants_dx) {
    network_input shape = { .rows = rows, .is_sample = net->forwarded_sample };
    status = result_new(m, where, net->dtype, &shape, &net->input, &out);
  }
  if (status == MOTH_OK) status = plan_backward(net->forward_plan, where, d->values, accumulate, wants_dx ? out->values : NULL);
  if (status == MOTH_OK && dx != NULL) *dx = out;
  else moth_release(out);
  moth_release(d);
  return status;
}

static moth_status backprop(moth *m, moth_net *net, const char *where, const network_input *in, const network_target *t, const moth_part *loss, double *value) {
  plan *run;
  moth_status status = ensure_plan(m, where, net, PLAN_TRAINING, in->rows, &run);
  if (status != MOTH_OK) return status;
  plan_step_job job = { .rows = in->rows, .x = { .gather = network_gather_input, .data = in }, .loss = loss, .want_outputs = true, .training = true,
                        .targets = { .source = { .values = t->values->values }, .classes = t->classes }, .key = net->key,
                        .step = net->forwards };
  plan_result result;
  status = plan_step(run, where, &job, NULL, NULL, &result);
  if (status != MOTH_OK) return status;
  net->forwards++;
  if (value != NULL) *value = result.value;
  return MOTH_OK;
}

moth_status moth_net_backprop(moth *m, moth_net *net, const moth_tensor *x, const moth_tensor *t, const moth_part *loss, double *value) {
  const char *where = "backprop";
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, where, "argument 1");
  if (status == MOTH_OK) status = tensor_check(m, t, where, "target");
  if (status == MOTH_OK) status = network_check_loss(m, where, loss);
  network_input in;
  if (status == MOTH_OK) status = network_take_input(m, net, where, x, &in);
  if (status != MOTH_OK) return status;
  network_target targets = { 0 };
  if (in.rows == 0) status = context_fail(m, MOTH_DATA, where, "x has 0 rows");
  if (status == MOTH_OK) status = network_take_target(m, net, where, loss, t, &in, &targets);
  if (status == MOTH_OK) status = backprop(m, net, where, &in, &targets, loss, value);
  moth_release(targets.values);
  moth_release(in.values);
  return status;
}

static moth_status check_gradients(moth *m, const moth_net *net, const char *where) {
  if (net->gradients != NULL && net->gradients_valid) return MOTH_OK;
  return context_fail(m, MOTH_MISUSE, where, "no gradient; net:backward or net:backprop writes one");
}

moth_status moth_net_clip(moth *m, moth_net *net, const moth_clip *clip, double *norm_before) {
  const char *where = "clip";
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, where, "argument 1");
  if (status != MOTH_OK) return status;
  if (clip == NULL) return context_fail(m, MOTH_MISUSE, where, "no clip given");
  if (!(clip->norm >= 0 && clip->order >= 0 && clip->value >= 0)) return context_fail(m, MOTH_OPTION, where, "norm, order and value must be >= 0");
  if (clip->norm == 0 && clip->value == 0) return context_fail(m, MOTH_OPTION, where, "norm or value must be > 0");
  status = check_gradients(m, net, where);
  if (status != MOTH_OK) return status;
  double norm;
  network_clip(net, clip, &norm);
  if (norm_before != NULL) *norm_before = norm;
  return MOTH_OK;
}

/* ---- An optimizer's step ------------------------------------------------------------------------------------------------------------ */

/* The layers' own penalties act here as in training, without changing the gradients. */
static const void *penalized(const moth_net *net, const network_range *range, const char *g, char *scratch) {
  if (scratch == NULL) return g;
  memcpy(scratch, g, (size_t)(range->to - range->from) * dtype_size(net->dtype));
  network_penalize(net, range, 0, 0, scratch);
  return scratch;
}

static void step_ranges(moth_net *net, moth_part *optimizer, char *scratch) {
  const moth *m = net->base.context;
  const optimizer_class *class = (const optimizer_class *)optimizer->row;
  optimizer_state *state = optimizer_state_of(optimizer);
  update_numbers numbers = { 0 };
  class->prepare(optimizer, state->step + 1, optimizer_lr(optimizer), &numbers);
  for (int64_t i = 0; i < net->range_count; i++) {
    const network_range *range = &net->ranges[i];
    if (network_node_is_frozen(net, &net->nodes[range->node])) continue;
    size_t at = (size_t)range->offset * dtype_size(net->dtype);
    void *states[OPTIMIZER_MAX_STATES];
    for (int s = 0; s < state->vectors; s++) states[s] = (char *)state->vector[s] + at;
    const void *g = penalized(net, range, net->gradients->values + at, scratch);
    class->update(&m->kernels->of[net->dtype], net->parameters->values + at, g, states, range->to - range->from, &numbers);
  }
  state->step++;
}

moth_status moth_optimizer_step(moth *m, moth_part *optimizer, moth_net *net) {
  const char *where = "step";
  moth_status status = object_check(m, optimizer, MOTH_PART_OBJECT, where, "argument 1");
  if (status == MOTH_OK && optimizer->kind != MOTH_OPTIMIZER) {
    status = context_fail(m, MOTH_MISUSE, where, "argument 1 must be an optimizer, got the %s %s", moth_part_kind_name(optimizer->kind),
                          optimizer->row->name);
  }
  if (status == MOTH_OK) status = object_check(m, net, MOTH_NET_OBJECT, where, "argument 2");
  if (status == MOTH_OK) status = check_gradients(m, net, where);
  if (status == MOTH_OK) status = optimizer_bind(m, where, optimizer, net->id, net->dtype, net->parameter_count);
  if (status != MOTH_OK) return status;
  int64_t longest = 0;
  for (int64_t i = 0; i < net->range_count; i++) {
    int64_t count = net->ranges[i].to - net->ranges[i].from;
    if (count > longest) longest = count;
  }
  size_t bytes = (size_t)longest * dtype_size(net->dtype);
  char *scratch = net->has_penalties ? memory_aligned(m, bytes, false) : NULL;
  if (net->has_penalties && scratch == NULL) return context_within(m, m->status, where);
  unsigned denormals = pool_flush_denormals();
  step_ranges(net, optimizer, scratch);
  pool_restore_denormals(denormals);
  memory_aligned_free(m, scratch, bytes);
  return MOTH_OK;
}
