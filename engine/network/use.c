/* What scripts do with a net: forward, predict, backward, backprop, classify, clip, and an optimizer's step. */
#include <math.h>
#include <string.h>

#include "core/pool.h"
#include "core/text.h"
#include "network/plan.h"

/* ---- Inputs ------------------------------------------------------------------------------------------------------------------------- */

static const char *origin_of(const moth_net *net) {
  int i = net->options.values == NULL ? -1 : options_find(net->options.row, "origin");
  const char *origin = i < 0 ? NULL : options_word(&net->options, i);
  return origin == NULL ? "" : origin;
}

static void hint_origin(moth *m, const moth_net *net) {
  const char *origin = origin_of(net);
  if (*origin != 0) context_hint(m, "net made at %s", origin);
}

static moth_status refuse_input(moth *m, const moth_net *net, const char *where, const char *name, const moth_tensor *x) {
  char takes[192], each[48] = "";
  shape_text(net->input.rank, net->input.size, takes, sizeof takes);
  int64_t row = x->rank > 1 && x->size[0] > 0 ? x->count / x->size[0] : -1;
  bool is_data = strncmp(name, "data", 4) == 0;
  if (row >= 0 && !is_data) text_format(each, sizeof each, " (%lld per row)", (long long)row);
  context_fail(m, MOTH_SHAPE, where, "net takes %s per sample, %s is %s%s", takes, name, tensor_text(x).text, each);
  hint_origin(m, net);
  if (row == network_features(&net->input)) {
    char sizes[192] = "";
    text_line line = { sizes, sizeof sizes, 0 };
    for (int i = 0; i < net->input.rank; i++) text_line_add(&line, ", %lld", (long long)net->input.size[i]);
    context_hint(m, "%s:reshape(-1%s) has the right shape", name, sizes);
  }
  return MOTH_SHAPE;
}

static bool is_batch(const moth_net *net, const moth_tensor *x) {
  return x->rank > 0 && shape_equal(x->rank - 1, x->size + 1, net->input.rank, net->input.size);
}

static bool is_sample(const moth_net *net, const moth_tensor *x) {
  return !is_batch(net, x) && shape_equal(x->rank, x->size, net->input.rank, net->input.size);
}

/* The least number of rows that every index input's layer knows. */
static int64_t index_limit(const moth_net *net) {
  int64_t limit = INT64_MAX;
  for (int i = 0; i < net->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    if (node->index_inputs != 0 && node->index_limit > 0 && node->index_limit < limit) limit = node->index_limit;
  }
  return limit;
}

static moth_status check_numbers(moth *m, const char *where, const char *name, const moth_net *net, const int64_t *values, int64_t count) {
  const int64_t limit = index_limit(net), base = m->index_base, features = network_features(&net->input);
  for (int64_t i = 0; i < count; i++) {
    if (values[i] >= base && values[i] - base < limit) continue;
    const long long row = (long long)(i / features + base);
    if (limit == INT64_MAX) {
      return context_fail(m, MOTH_INDEX, where, "class %lld in row %lld of %s; classes count from %lld", (long long)values[i], row, name,
                          (long long)base);
    }
    return context_fail(m, MOTH_INDEX, where, "class %lld in row %lld of %s; classes count from %lld to %lld", (long long)values[i], row, name,
                        (long long)base, (long long)(limit - 1 + base));
  }
  return MOTH_OK;
}

/* Class numbers as i64 in row-major order, checked; still counted from the index base. */
static moth_status numbers_of(moth *m, const char *where, const char *name, const moth_net *net, const moth_tensor *x, moth_tensor **out) {
  if (dtype_is_real(x->dtype)) {
    context_fail(m, MOTH_DTYPE, where, "net takes class numbers i64, %s is %s", name, tensor_text(x).text);
    return context_hint(m, "%s:to\"i64\" if they are whole numbers", name);
  }
  moth_tensor *numbers;
  moth_status status = tensor_contiguous(m, where, x, MOTH_I64, &numbers);
  if (status != MOTH_OK) return status;
  status = check_numbers(m, where, name, net, (const int64_t *)numbers->values, numbers->count);
  if (status == MOTH_OK) *out = numbers;
  else moth_release(numbers);
  return status;
}

moth_status network_check_input(moth *m, const moth_net *net, const char *where, const char *name, const moth_tensor *x) {
  if (!is_batch(net, x)) return refuse_input(m, net, where, name, x);
  if (!net->index_input) return MOTH_OK;
  moth_tensor *numbers;
  moth_status status = numbers_of(m, where, name, net, x, &numbers);
  if (status == MOTH_OK) moth_release(numbers);
  return status;
}

/* x as a plan takes it: [rows, features] contiguous in the net's dtype, or class numbers from 0. A bare sample is a batch of one. */
typedef struct input { moth_tensor *values; int64_t rows; bool is_sample; size_t row; } input;

static moth_status input_take(moth *m, const moth_net *net, const char *where, const moth_tensor *x, input *out) {
  moth_status status = tensor_check(m, x, where, "argument 2");
  if (status != MOTH_OK) return status;
  bool sample = is_sample(net, x);
  if (!sample && !is_batch(net, x)) return refuse_input(m, net, where, "x", x);
  moth_tensor *values;
  moth_dtype dtype = net->index_input ? MOTH_I64 : net->dtype;
  status = net->index_input ? numbers_of(m, where, "x", net, x, &values) : tensor_contiguous(m, where, x, dtype, &values);
  if (status != MOTH_OK) return status;
  if (net->index_input && m->index_base != 0) {
    moth_tensor *moved;
    status = tensor_new(m, where, MOTH_I64, values->rank, values->size, false, &moved);
    for (int64_t i = 0; i < values->count && status == MOTH_OK; i++) {
      ((int64_t *)moved->values)[i] = ((const int64_t *)values->values)[i] - m->index_base;
    }
    moth_release(values);
    if (status != MOTH_OK) return status;
    values = moved;
  }
  *out = (input){ .values = values, .rows = sample ? 1 : x->size[0], .is_sample = sample,
                  .row = (size_t)network_features(&net->input) * dtype_size(dtype) };
  return MOTH_OK;
}

/* Copies rows into the plan: what backward needs must not change under it. */
static void input_gather(const void *data, int64_t row, int64_t rows, void *out) {
  const input *x = data;
  size_t bytes = (size_t)rows * x->row;
  if (bytes > 0) memcpy(out, x->values->values + (size_t)row * x->row, bytes);
}

/* ---- Results ------------------------------------------------------------------------------------------------------------------------ */

static moth_status result_new(moth *m, const char *where, moth_dtype dtype, const input *x, const moth_shape *sample, moth_tensor **out) {
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
  input in;
  if (status == MOTH_OK) status = input_take(m, net, where, x, &in);
  if (status != MOTH_OK) return status;
  plan *run;
  moth_tensor *out = NULL;
  status = ensure_plan(m, where, net, PLAN_TRAINING, in.rows, &run);
  if (status == MOTH_OK) status = result_new(m, where, net->dtype, &in, &net->output, &out);
  if (status == MOTH_OK) {
    plan_source source = { .gather = input_gather, .data = &in };
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
static moth_status predict_rows(moth *m, moth_net *net, const char *where, const input *in, char *out) {
  plan *run;
  int64_t chunk = in->rows <= 32 ? 32 : NETWORK_CHUNK;
  moth_status status = ensure_plan(m, where, net, PLAN_PREDICTING, chunk, &run);
  size_t row = (size_t)network_features(&net->output) * dtype_size(net->dtype);
  chunk = plan_capacity(status == MOTH_OK ? run : net->predict_plan);
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
  input in;
  if (status == MOTH_OK) status = input_take(m, net, where, x, &in);
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
  input in;
  if (status == MOTH_OK) status = input_take(m, net, where, x, &in);
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
    input shape = { .rows = rows, .is_sample = net->forwarded_sample };
    status = result_new(m, where, net->dtype, &shape, &net->input, &out);
  }
  if (status == MOTH_OK) status = plan_backward(net->forward_plan, where, d->values, accumulate, wants_dx ? out->values : NULL);
  if (status == MOTH_OK && dx != NULL) *dx = out;
  else moth_release(out);
  moth_release(d);
  return status;
}

/* Targets as a plan takes them: values of the outputs' shape in the net's dtype, or class numbers from 0. */
typedef struct target { moth_tensor *values; bool classes; } target;

static moth_status target_numbers(moth *m, const char *where, const moth_net *net, const moth_part *loss, moth_tensor *labels, target *out) {
  char last[192];
  network_last_layer_text(net, last, sizeof last);
  int64_t classes = loss_class_count(loss, network_features(&net->output));
  moth_status status = loss_check_classes(m, where, "target", last, (const int64_t *)labels->values, labels->count, classes);
  moth_tensor *moved;
  if (status == MOTH_OK) status = tensor_new(m, where, MOTH_I64, labels->rank, labels->size, false, &moved);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; i < labels->count; i++) ((int64_t *)moved->values)[i] = ((const int64_t *)labels->values)[i] - m->index_base;
  *out = (target){ .values = moved, .classes = true };
  return MOTH_OK;
}

static moth_status target_take(moth *m, const moth_net *net, const char *where, const moth_part *loss, const moth_tensor *t, const input *in,
                               target *out) {
  char last[192];
  network_last_layer_text(net, last, sizeof last);
  int axes = in->is_sample ? 0 : 1;
  if (t->rank < axes || (axes == 1 && t->size[0] != in->rows)) {
    return context_fail(m, MOTH_SHAPE, where, "x has %lld rows, the target is %s", (long long)in->rows, tensor_text(t).text);
  }
  loss_setting setting = { .where = where, .activation = network_last_activation(net), .last = last, .dtype = t->dtype, .rows = in->rows,
                           .target = shape_of(t->rank - axes, t->size + axes), .prediction = net->output, .target_name = "target",
                           .prediction_dtype = net->dtype };
  bool classes = false;
  moth_status status = ((const loss_class *)loss->row)->check(m, loss, &setting, &classes);
  moth_tensor *values;
  if (status == MOTH_OK) status = tensor_contiguous(m, where, t, classes ? MOTH_I64 : t->dtype, &values);
  if (status != MOTH_OK) return status;
  if (classes) {
    status = target_numbers(m, where, net, loss, values, out);
  } else {
    status = loss_check_targets(m, loss, where, "target", values->dtype, values->values, in->rows, network_features(&net->output));
    if (status == MOTH_OK) status = tensor_contiguous(m, where, values, net->dtype, &out->values);
    out->classes = false;
  }
  moth_release(values);
  return status;
}

static moth_status check_loss(moth *m, const char *where, const moth_part *loss) {
  moth_status status = object_check(m, loss, MOTH_PART_OBJECT, where, "loss");
  if (status != MOTH_OK || loss->kind == MOTH_LOSS) return status;
  return context_fail(m, MOTH_OPTION, where, "loss must be a loss, got the %s %s", moth_part_kind_name(loss->kind), loss->row->name);
}

static moth_status backprop(moth *m, moth_net *net, const char *where, const input *in, const target *t, const moth_part *loss, double *value) {
  plan *run;
  moth_status status = ensure_plan(m, where, net, PLAN_TRAINING, in->rows, &run);
  if (status != MOTH_OK) return status;
  plan_step_job job = { .rows = in->rows, .x = { .gather = input_gather, .data = in }, .loss = loss, .want_outputs = true, .training = true,
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
  if (status == MOTH_OK) status = check_loss(m, where, loss);
  input in;
  if (status == MOTH_OK) status = input_take(m, net, where, x, &in);
  if (status != MOTH_OK) return status;
  target targets = { 0 };
  if (in.rows == 0) status = context_fail(m, MOTH_DATA, where, "x has 0 rows");
  if (status == MOTH_OK) status = target_take(m, net, where, loss, t, &in, &targets);
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
