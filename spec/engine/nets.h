/* nets.h: what the tests of networks and plans share: layers of their own (an addition, a lookup, a centring with a buffer, a composite, one
 * that fails on request) and nets made from them. */
#ifndef SPEC_NETS_H
#define SPEC_NETS_H

#include "components.h"

#include "network/plan.h"
#include "optimizers/optimizer.h"

/* ---- sum: Y = A + B ------------------------------------------------------------------------------------------------------------- */

static const moth_option_row sum_options[] = { LAYER_OPTIONS(0) };

static moth_status sum_infer(moth *m, layer_node *node, const moth_shape *in) {
  if (!shape_equal(in[0].rank, in[0].size, in[1].rank, in[1].size)) return layer_misfit(m, node, &in[1], "two inputs of one shape");
  node->out = in[0];
  return MOTH_OK;
}
static moth_status sum_forward(const layer_run *run, const void *const *in, void *out) {
  run->kernels->binary[BINARY_ADD](in[0], in[1], out, run->rows * layer_features(run->node));
  return MOTH_OK;
}
static moth_status sum_backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  (void)in, (void)out;
  for (int i = 0; i < 2; i++) {
    if (d_in[i] != NULL) layer_copy(run, d_out, d_in[i]);
  }
  return MOTH_OK;
}
static const layer_class layer_sum = { .row = { .name = "sum", .doc = "Adds.", .options = sum_options, .option_count = 3 },
                                       .infer = sum_infer, .forward = sum_forward, .backward = sum_backward };

/* ---- lookup: class number -> row of a table --------------------------------------------------------------------------------------- */

enum { LOOKUP_ROWS, LOOKUP_COLUMNS, LOOKUP_COMMON };
static const moth_option_row lookup_options[] = {
  [LOOKUP_ROWS] = { .key = "rows", .doc = "classes", .kinds = MOTH_OPTION_INT, .position = 1, .flags = MOTH_REQUIRED },
  [LOOKUP_COLUMNS] = { .key = "columns", .doc = "values", .kinds = MOTH_OPTION_INT, .position = 2, .flags = MOTH_REQUIRED },
  LAYER_OPTIONS(LOOKUP_COMMON) };
static const moth_option lookup_init = MOTH_TEXT(NULL, "glorot_uniform");

static moth_status lookup_infer(moth *m, layer_node *node, const moth_shape *in) {
  if (in[0].rank != 0) return layer_misfit(m, node, &in[0], "one class number per sample");
  int64_t rows = options_int(&node->part->options, LOOKUP_ROWS), columns = options_int(&node->part->options, LOOKUP_COLUMNS);
  node->out = (moth_shape){ .rank = 1, .size = { columns } };
  node->index_inputs = 1;
  node->index_limit = rows;
  node->block_count = 1;
  node->blocks[0] = (parameter_block){ .count = rows * columns, .unit = columns, .view_count = 1 };
  node->blocks[0].views[0] = (parameter_view){ .name = "table", .rank = 2, .size = { rows, columns }, .strides = { columns, 1 },
                                               .init = &lookup_init, .inputs = rows, .outputs = columns };
  return MOTH_OK;
}
static moth_status lookup_forward(const layer_run *run, const void *const *in, void *out) {
  size_t row = (size_t)layer_features(run->node) * dtype_size(run->node->dtype);
  for (int64_t i = 0; i < run->rows; i++) {
    memcpy((char *)out + (size_t)i * row, (const char *)run->blocks[0] + (size_t)((const int64_t *)in[0])[i] * row, row);
  }
  return MOTH_OK;
}
static moth_status lookup_backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  (void)run, (void)in, (void)out, (void)d_out;
  assert_null(d_in[0]);
  return MOTH_OK;
}
static moth_status lookup_gradient(const layer_run *run, const void *const *in, const void *d_z, int block, int64_t from, int64_t to,
                                   gradient_sink *sink) {
  (void)block;
  const int64_t columns = layer_features(run->node), first = from / columns, end = to / columns;
  const size_t row = (size_t)columns * dtype_size(run->node->dtype);
  if (!sink->add) memset(sink->g, 0, (size_t)(to - from) * dtype_size(run->node->dtype));
  for (int64_t i = 0; i < run->rows; i++) {
    int64_t class = ((const int64_t *)in[0])[i];
    if (class < first || class >= end) continue;
    char *g = (char *)sink->g + (size_t)(class - first) * row;
    run->kernels->binary[BINARY_ADD](g, (const char *)d_z + (size_t)i * row, g, columns);
  }
  return MOTH_OK;
}
static const layer_class layer_lookup = { .row = { .name = "lookup", .doc = "Looks up.", .options = lookup_options, .option_count = 5 },
                                          .infer = lookup_infer, .forward = lookup_forward, .backward = lookup_backward,
                                          .gradient = lookup_gradient };

/* ---- center: minus the batch's mean in training, minus the running mean after it ---------------------------------------------------- */

static moth_status center_infer(moth *m, layer_node *node, const moth_shape *in) {
  if (in[0].rank != 1) return layer_misfit(m, node, &in[0], "[n] per sample");
  node->out = in[0];
  node->whole_batch = true;
  node->buffer_count = 1;
  node->buffers[0] = (layer_buffer){ .name = "mean", .rank = 1, .size = { in[0].size[0] }, .initial = 0.25 };
  node->saved_fixed = (size_t)in[0].size[0] * sizeof(double);
  return MOTH_OK;
}
static void center_apply(const layer_run *run, const void *x, const double *mean, void *y) {
  const int64_t n = layer_features(run->node);
  for (int64_t i = 0; i < run->rows * n; i++) store_value(run->node->dtype, y, i, load_value(run->node->dtype, x, i) - mean[i % n]);
}
static void center_mean(const layer_run *run, const void *x, double *mean) {
  const int64_t n = layer_features(run->node);
  memset(mean, 0, (size_t)n * sizeof *mean);
  for (int64_t i = 0; i < run->rows * n; i++) mean[i % n] += load_value(run->node->dtype, x, i) / (double)run->rows;
}
static moth_status center_forward(const layer_run *run, const void *const *in, void *out) {
  assert_int_equal(run->rows, run->batch);
  double *mean = run->saved_fixed, running[512];
  if (run->training) {
    center_mean(run, in[0], mean);
  } else {
    mean = running;
    for (int64_t i = 0; i < layer_features(run->node); i++) mean[i] = load_value(run->node->dtype, run->buffers[0], i);
  }
  center_apply(run, in[0], mean, out);
  return MOTH_OK;
}
static moth_status center_backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  (void)in, (void)out;
  double mean[512];
  if (d_in[0] == NULL) return MOTH_OK;
  center_mean(run, d_out, mean);
  center_apply(run, d_out, mean, d_in[0]);
  return MOTH_OK;
}
static void center_commit(const layer_run *run) {
  const double *mean = run->saved_fixed;
  for (int64_t i = 0; i < layer_features(run->node); i++) {
    double old = load_value(run->node->dtype, run->buffers[0], i);
    store_value(run->node->dtype, run->buffers[0], i, 0.9 * old + 0.1 * mean[i]);
  }
}
static const layer_class layer_center = { .row = { .name = "center", .doc = "Centres.", .options = sum_options, .option_count = 3 },
                                          .infer = center_infer, .forward = center_forward, .backward = center_backward,
                                          .commit = center_commit };

/* ---- breaker: the identity, until it is told to fail ------------------------------------------------------------------------------- */

enum { BREAK_NEVER, BREAK_FORWARD, BREAK_BACKWARD, BREAK_CANCEL };
typedef struct breaker { int when; } breaker;

enum { BREAKER_CALL };
static const moth_option_row breaker_options[] = {
  [BREAKER_CALL] = { .key = "breaker", .doc = "when to fail", .kinds = MOTH_OPTION_CALL, .position = 1, .flags = MOTH_REQUIRED | MOTH_BUILDING },
  LAYER_OPTIONS(BREAKER_CALL + 1) };

static moth_status breaker_infer(moth *m, layer_node *node, const moth_shape *in) {
  (void)m;
  node->out = in[0];
  node->whole_batch = true;
  return MOTH_OK;
}
static moth_status breaker_act(const layer_run *run, int now) {
  const breaker *b = run->node->part->options.values[BREAKER_CALL].as.call.data;
  if (b->when == BREAK_CANCEL) moth_cancel(run->m);
  return b->when == now ? context_fail(run->m, MOTH_CALLBACK, NULL, "broken") : MOTH_OK;
}
static moth_status breaker_forward(const layer_run *run, const void *const *in, void *out) {
  layer_copy(run, in[0], out);
  return breaker_act(run, BREAK_FORWARD);
}
static moth_status breaker_backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  layer_copy_backward(run, in, out, d_out, d_in);
  return breaker_act(run, BREAK_BACKWARD);
}
static const layer_class layer_breaker = { .row = { .name = "breaker", .doc = "Breaks.", .options = breaker_options, .option_count = 4 },
                                           .infer = breaker_infer, .forward = breaker_forward, .backward = breaker_backward };

/* ---- around: Y = X + layers(X), a composite ---------------------------------------------------------------------------------------- */

enum { AROUND_LAYERS, AROUND_COMMON };
static const moth_option_row around_options[] = {
  [AROUND_LAYERS] = { .key = "layers", .doc = "within", .kinds = MOTH_OPTION_PARTS, .position = 1, .flags = MOTH_REQUIRED | MOTH_REST,
                      .parts = 1 << MOTH_LAYER | 1 << MOTH_ACTIVATION },
  LAYER_OPTIONS(AROUND_COMMON) };

static moth_status around_expand(layer_builder *builder, moth_part *part, const int *inputs, int input_count, int *output) {
  (void)input_count;
  const moth_option *layers = &part->options.values[AROUND_LAYERS];
  int last = inputs[0];
  moth_status status = MOTH_OK;
  for (size_t i = 0; i < layers->count && status == MOTH_OK; i++) status = layer_builder_add(builder, layers->as.parts[i], &last, 1, &last);
  moth_part *sum = NULL;
  if (status == MOTH_OK) status = part_create(part->base.context, MOTH_LAYER, &layer_sum.row, NULL, &sum);
  if (status == MOTH_OK) status = layer_builder_add(builder, sum, (const int[]){ inputs[0], last }, 2, output);
  moth_release(sum);
  return status;
}
static const layer_class layer_around = { .row = { .name = "around", .doc = "Goes around.", .options = around_options, .option_count = 4 },
                                          .expand = around_expand };

/* ---- Nets --------------------------------------------------------------------------------------------------------------------------- */

static inline moth_part *make_layer(moth *m, const layer_class *class, const moth_option *given) {
  moth_part *part = NULL;
  assert_ok(m, part_create(m, MOTH_LAYER, &class->row, given, &part));
  return part;
}
static inline moth_part *make_dense(moth *m, int64_t units, const char *activation) {
  return make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, units), MOTH_TEXT(NULL, activation)));
}

/* A chain; takes the parts over. */
static inline moth_status chain_net(moth *m, moth_dtype dtype, int64_t input, moth_part *const *parts, size_t count, moth_net **net) {
  const moth_option given[] = { MOTH_INT("input", input), MOTH_TEXT("dtype", moth_dtype_name(dtype)), MOTH_INT("seed", 11),
                                MOTH_TEXT("origin", "test.lua:5"), MOTH_PARTS("layers", count, parts), MOTH_END };
  moth_status status = moth_net_create(m, given, net);
  for (size_t i = 0; i < count; i++) {
    bool again = false;
    for (size_t j = 0; j < i; j++) again |= parts[j] == parts[i];
    if (!again) moth_release(parts[i]);
  }
  return status;
}
static inline moth_net *make_net(moth *m, moth_dtype dtype, int64_t input, moth_part *const *parts, size_t count) {
  moth_net *net = NULL;
  assert_ok(m, chain_net(m, dtype, input, parts, count, &net));
  return net;
}
#define PART_LIST(...) (moth_part *const[]){ __VA_ARGS__ }, sizeof((moth_part *const[]){ __VA_ARGS__ }) / sizeof(moth_part *)

static inline moth_tensor *random_tensor(moth *m, moth_dtype dtype, int rank, const int64_t *size, uint64_t seed) {
  int64_t count = 1;
  for (int i = 0; i < rank; i++) count *= size[i];
  double *numbers = malloc((size_t)(count + 1) * sizeof *numbers);
  numbers_fill(seed, numbers, count, -1, 1);
  moth_tensor *t = make_tensor(m, dtype, rank, size, numbers);
  free(numbers);
  return t;
}

/* The net's gradients agree with central differences. */
static inline void assert_gradients(moth *m, moth_net *net, const moth_tensor *x, const moth_tensor *t, const char *loss_name) {
  moth_part *loss = make_part(m, MOTH_LOSS, loss_name, NULL);
  double error = 1;
  assert_ok(m, moth_net_check(m, net, x, t, loss, &error));
  if (!(error <= 1e-6)) fail_msg("relative error %g", error);
  moth_release(loss);
}

static inline void assert_same_values(const moth_tensor *a, const moth_tensor *b) {
  assert_int_equal(a->count, b->count);
  assert_int_equal(a->dtype, b->dtype);
  if (a->count > 0) assert_memory_equal(a->values, b->values, (size_t)a->count * dtype_size(a->dtype));
}
static inline moth_tensor *copy_of(moth *m, const moth_tensor *t) {
  moth_tensor *copy = NULL;
  assert_ok(m, tensor_new(m, "copy", t->dtype, t->rank, t->size, false, &copy));
  assert_ok(m, tensor_copy(m, "copy", t, copy));
  return copy;
}

#endif
