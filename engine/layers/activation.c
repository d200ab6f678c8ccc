/* activation: an activation as a layer of its own. moth.relu() in a list of layers is this, with the activation itself as its part. */
#include "layers/layer.h"

enum { ACTIVATION_KIND, ACTIVATION_COMMON };

static const moth_option_row activation_options[] = {
  [ACTIVATION_KIND] = { .key = "activation", .doc = "which one", .kinds = MOTH_OPTION_PART, .position = 1, .flags = MOTH_REQUIRED,
                        .parts = 1 << MOTH_ACTIVATION, .foreign = "function fn act" },
  LAYER_OPTIONS(ACTIVATION_COMMON) };

static activation tail(const layer_node *node) { return node->activation; }

/* Rows and columns as the activation sees them: it acts along the last axis. */
static int64_t last_axis(const layer_node *node) { return node->out.rank == 0 ? 1 : node->out.size[node->out.rank - 1]; }

static int64_t all_rows(const layer_run *run) {
  int64_t rows = run->rows;
  for (int i = 0; i < run->node->out.rank - 1; i++) rows *= run->node->out.size[i];
  return rows;
}

static moth_status infer(moth *m, layer_node *node, const moth_shape *in) {
  (void)m;
  const bool is_itself = node->part->kind == MOTH_ACTIVATION;
  node->out = in[0];
  node->activation = activation_of(is_itself ? node->part : options_part(&node->part->options, ACTIVATION_KIND));
  node->alias = node->activation.class->is_linear;
  return MOTH_OK;
}

static moth_status forward(const layer_run *run, const void *const *in, void *out) {
  const activation *a = &run->node->activation;
  if (!run->logits) {
    a->class->forward(run->kernels, run->node->dtype, a->numbers, all_rows(run), last_axis(run->node), in[0], out);
  } else {
    layer_copy(run, in[0], out);
  }
  return MOTH_OK;
}

static moth_status backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  if (d_in[0] == NULL) return MOTH_OK;
  const activation *a = &run->node->activation;
  layer_copy(run, d_out, d_in[0]);
  if (!run->logits_backward) {
    a->class->backward(run->kernels, run->node->dtype, a->numbers, all_rows(run), last_axis(run->node),
                       a->class->from_input ? in[0] : NULL, out, d_in[0]);
  }
  return MOTH_OK;
}

const layer_class layer_activation = {
  .row = { .name = "activation", .options = activation_options, .option_count = sizeof activation_options / sizeof *activation_options,
           .doc = "An activation as a layer of its own, as moth.relu() and the others are.\n"
                  "Y = g(X), dE/dX = g'(X) dE/dY. [...] -> [...]",
           .example = "moth.activation(\"relu\")", .foreign = "Activation" },
  .infer = infer, .forward = forward, .backward = backward, .tail = tail, .lanes = LAYER_LANES_ACTIVATION };
