/* flatten: the values of a sample as one axis. */
#include "layers/layer.h"

static const moth_option_row flatten_options[] = { LAYER_OPTIONS(0) };

static moth_status infer(moth *m, layer_node *node, const moth_shape *in) {
  int64_t count;
  if (!shape_count(in[0].rank, in[0].size, &count)) return layer_misfit(m, node, &in[0], "less than 2^62 values per sample");
  node->out = (moth_shape){ .rank = 1, .size = { count } };
  node->alias = true;
  return MOTH_OK;
}

const layer_class layer_flatten = {
  .row = { .name = "flatten", .options = flatten_options, .option_count = sizeof flatten_options / sizeof *flatten_options,
           .doc = "Puts the values of each sample into one axis, row by row.\n"
                  "Y = X, dE/dX = dE/dY under X's shape. [a, b, ...] -> [a b ...]",
           .example = "moth.net{ input = { 28, 28 }, moth.flatten(), moth.dense(10) }", .foreign = "Flatten" },
  .infer = infer, .forward = layer_copy_forward, .backward = layer_copy_backward };
