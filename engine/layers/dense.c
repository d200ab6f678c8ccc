/* dense: Y = g(X·Wᵀ + b). Weight and bias are one block [inputs+1, outputs], the bias its last row, so that the gradient is one product and
 * a column sum, and the augmented matrix is the block itself. Scripts see the weight as its transposed view [outputs, inputs]. */
#include <math.h>
#include <string.h>

#include "layers/layer.h"
#include "math/matmul.h"

enum { DENSE_UNITS, DENSE_ACTIVATION, DENSE_BIAS, DENSE_INIT, DENSE_BIAS_INIT, DENSE_L1, DENSE_L2, DENSE_COMMON };

static const moth_option_row dense_options[] = {
  [DENSE_UNITS] = { .key = "units", .doc = "outputs", .kinds = MOTH_OPTION_INT, .position = 1,
                    .flags = MOTH_REQUIRED | MOTH_RANGED, .low = 1, .high = INFINITY, .foreign = "out_features outputs size neurons hidden num_outputs output_dim" },
  [DENSE_ACTIVATION] = { .key = "activation", .doc = "g, by its name or with its options", .kinds = MOTH_OPTION_PART, .position = 2,
                         .parts = 1 << MOTH_ACTIVATION, .fallback = MOTH_TEXT(NULL, "linear"), .foreign = "act nonlinearity" },
  [DENSE_BIAS] = { .key = "bias", .doc = "whether there is a b", .kinds = MOTH_OPTION_FLAG, .fallback = MOTH_FLAG(NULL, true),
                   .foreign = "use_bias" },
  [DENSE_INIT] = { .key = "init", .doc = "first weights: an initializer, a tensor [outputs, inputs], or a function",
                   .kinds = MOTH_OPTION_PART | MOTH_OPTION_TENSOR | MOTH_OPTION_CALL, .flags = MOTH_BUILDING,
                   .parts = 1 << MOTH_INITIALIZER, .call = MOTH_INITIALIZE_CALL, .fallback = MOTH_TEXT(NULL, "glorot_uniform"),
                   .foreign = "kernel_initializer weight_init weights initializer" },
  [DENSE_BIAS_INIT] = { .key = "bias_init", .doc = "first biases: an initializer, a tensor [outputs], or a function",
                        .kinds = MOTH_OPTION_PART | MOTH_OPTION_TENSOR | MOTH_OPTION_CALL, .flags = MOTH_BUILDING,
                        .parts = 1 << MOTH_INITIALIZER, .call = MOTH_INITIALIZE_CALL, .fallback = MOTH_TEXT(NULL, "zeros"),
                        .foreign = "bias_initializer" },
  [DENSE_L1] = { .key = "l1", .doc = "training adds l1 sum |w| over the weights", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED, .low = 0,
                 .high = INFINITY, .fallback = MOTH_REAL(NULL, 0) },
  [DENSE_L2] = { .key = "l2", .doc = "training adds l2 sum w^2 over the weights", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED, .low = 0,
                 .high = INFINITY, .fallback = MOTH_REAL(NULL, 0), .foreign = "kernel_regularizer" },
  LAYER_OPTIONS(DENSE_COMMON) };

/* The sizes of a dense node. */
typedef struct sizes { int64_t inputs, outputs; bool has_bias; size_t element; } sizes;
static inline sizes sizes_of(const layer_node *node) {
  const parameter_block *block = &node->blocks[0];
  return (sizes){ block->views[0].size[1], block->views[0].size[0], block->view_count > 1, dtype_size(node->dtype) };
}

extern const activation_class activation_relu; /* which products know */

static activation tail(const layer_node *node) { return node->activation; }

static moth_status misfit(moth *m, const layer_node *node, const moth_shape *in) {
  moth_status status = layer_misfit(m, node, in, "[n] per sample");
  int64_t count;
  if (shape_count(in->rank, in->size, &count)) context_hint(m, "moth.flatten() before it makes [%lld] of it", (long long)count);
  return status;
}

static moth_status infer(moth *m, layer_node *node, const moth_shape *in) {
  const options *o = &node->part->options;
  if (in[0].rank != 1) return misfit(m, node, &in[0]);
  const int64_t inputs = in[0].size[0], outputs = options_int(o, DENSE_UNITS);
  const bool has_bias = options_flag(o, DENSE_BIAS);
  int64_t count;
  if (!shape_count(2, (int64_t[]){ inputs + has_bias, outputs }, &count)) {
    char part[256];
    moth_part_text(node->part, part, sizeof part);
    context_fail(m, MOTH_LIMIT, "net", "layer %d %s has %lld x %lld weights, more than memory can count", node->number, part,
                 (long long)outputs, (long long)inputs);
    return layer_hint_origin(m, node);
  }
  node->out = (moth_shape){ .rank = 1, .size = { outputs } };
  node->block_count = 1;
  parameter_block *block = &node->blocks[0];
  *block = (parameter_block){ .count = count, .unit = outputs, .view_count = has_bias ? 2 : 1 };
  block->views[0] = (parameter_view){ .name = "weight", .rank = 2, .size = { outputs, inputs }, .strides = { 1, outputs },
                                      .init = &o->values[DENSE_INIT], .inputs = inputs, .outputs = outputs, .penalized = true,
                                      .l1 = options_number(o, DENSE_L1), .l2 = options_number(o, DENSE_L2) };
  if (has_bias) {
    block->views[1] = (parameter_view){ .name = "bias", .offset = inputs * outputs, .rank = 1, .size = { outputs }, .strides = { 1 },
                                        .init = &o->values[DENSE_BIAS_INIT], .inputs = inputs, .outputs = outputs };
  }
  node->activation = activation_of(options_part(o, DENSE_ACTIVATION));
  if (node->activation.class->from_input) node->saved_row = (size_t)outputs * dtype_size(node->dtype);
  return MOTH_OK;
}

/* The three products of a step over `rows` rows: X·Wᵀ, dZ·W, Xᵀ·dZ. */
static moth_status prepare(moth *m, const layer_node *node, int64_t rows) {
  sizes s = sizes_of(node);
  moth_status status = matmul_prepare(m, "net", node->dtype, rows, s.outputs, s.inputs);
  if (status == MOTH_OK) status = matmul_prepare(m, "net", node->dtype, rows, s.inputs, s.outputs);
  if (status == MOTH_OK) status = matmul_prepare(m, "net", node->dtype, s.inputs, s.outputs, rows);
  return status;
}

/* z lies in `out`, or, where backward needs it and will come, in the saved rows. Products know the bias and relu; other activations follow. */
static moth_status forward(const layer_run *run, const void *const *in, void *out) {
  const layer_node *node = run->node;
  const sizes s = sizes_of(node);
  const activation *a = &node->activation;
  const bool keep = a->class->from_input && !run->logits && run->saved_rows != NULL, relu = !run->logits && a->class == &activation_relu;
  void *z = keep ? run->saved_rows : out;
  const char *w = run->blocks[0];
  product p = { .m = run->rows, .n = s.outputs, .k = s.inputs, .a = in[0], .a_row = s.inputs, .a_column = 1, .b = w, .b_row = s.outputs,
                .b_column = 1, .c = z, .c_row = s.outputs, .relu = relu,
                .bias = s.has_bias ? w + (size_t)(s.inputs * s.outputs) * s.element : NULL };
  if (run->owed != NULL) {
    p.owed_w = run->blocks[0];
    p.owed_a = run->owed->x, p.owed_b = run->owed->d, p.owed_lr = run->owed->lr;
  }
  if (!matmul(run->m, node->dtype, &p)) return MOTH_CANCELLED;
  if (!run->logits && !relu) a->class->forward(run->kernels, node->dtype, a->numbers, run->rows, s.outputs, z, out);
  return MOTH_OK;
}

/* dZ = g'(Z) dY, left in d_out; dX = dZ·W */
static moth_status backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  (void)in;
  const layer_node *node = run->node;
  const sizes s = sizes_of(node);
  const activation *a = &node->activation;
  if (!run->logits_backward) {
    const void *z = a->class->from_input ? run->saved_rows : NULL;
    a->class->backward(run->kernels, node->dtype, a->numbers, run->rows, s.outputs, z, out, d_out);
  }
  if (d_in[0] == NULL) return MOTH_OK;
  const product p = { .m = run->rows, .n = s.inputs, .k = s.outputs, .a = d_out, .a_row = s.outputs, .a_column = 1, .b = run->blocks[0],
                      .b_row = 1, .b_column = s.outputs, .c = d_in[0], .c_row = s.inputs };
  return matmul(run->m, node->dtype, &p) ? MOTH_OK : MOTH_CANCELLED;
}

/* Rows of the block: dWᵀ = Xᵀ·dZ; its last, the bias, is dZ's column sums. Where SGD takes them at once they go straight into the weights. */
static moth_status gradient(const layer_run *run, const void *const *in, const void *d_z, int block, int64_t from, int64_t to,
                            gradient_sink *sink) {
  (void)block;
  const layer_node *node = run->node;
  const sizes s = sizes_of(node);
  const bool is_all = from == 0 && to == node->blocks[0].count; /* as in small nets, where a division shows */
  const int64_t first = is_all ? 0 : from / s.outputs, end = is_all ? s.inputs + s.has_bias : to / s.outputs;
  const int64_t weights_end = end < s.inputs ? end : s.inputs;
  if (first < weights_end) {
    const product p = { .m = weights_end - first, .n = s.outputs, .k = run->rows, .a = (const char *)in[0] + (size_t)first * s.element,
                        .a_row = 1, .a_column = s.inputs, .b = d_z, .b_row = s.outputs, .b_column = 1, .c = sink->g, .c_row = s.outputs,
                        .add = sink->add, .w = sink->w, .w_row = s.outputs, .lr = sink->lr };
    if (!matmul(run->m, node->dtype, &p)) return MOTH_CANCELLED;
  }
  if (end > s.inputs) {
    const size_t at = (size_t)((s.inputs - first) * s.outputs) * s.element;
    run->kernels->add_columns(d_z, run->rows, s.outputs, s.outputs, (char *)sink->g + at, sink->add);
    if (sink->w != NULL) run->kernels->sgd((char *)sink->w + at, (char *)sink->g + at, s.outputs, sink->lr, 0);
  }
  sink->applied = sink->w != NULL;
  return MOTH_OK;
}

const layer_class layer_dense = {
  .row = { .name = "dense", .options = dense_options, .option_count = sizeof dense_options / sizeof *dense_options,
           .doc = "Every output is a weighted sum of all inputs, plus a bias, through an activation.\n"
                  "Y = g(X·W^T + b); with D = g'(Z) dE/dY: dE/dX = D·W, dE/dW = D^T·X, dE/db = column sums of D. "
                  "[inputs] -> [units]; weight [units, inputs], bias [units]",
           .example = "moth.net{ input = 64, moth.dense(128, \"relu\"), moth.dense(10, \"softmax\") }",
           .foreign = "Dense Linear linear fc fully_connected FullyConnected inner_product" },
  .infer = infer, .forward = forward, .backward = backward, .gradient = gradient, .tail = tail, .prepare = prepare, .lanes = LAYER_LANES_DENSE };
