/* reshape: the values of a sample under another shape. */
#include "layers/layer.h"

enum { RESHAPE_SIZES, RESHAPE_COMMON };

static const moth_option_row reshape_options[] = {
  [RESHAPE_SIZES] = { .key = "sizes", .doc = "the new sizes of a sample", .kinds = MOTH_OPTION_INTS, .position = 1,
                      .flags = MOTH_REQUIRED | MOTH_REST | MOTH_RANGED, .low = 1, .high = 9007199254740992.0, .foreign = "shape target_shape" },
  LAYER_OPTIONS(RESHAPE_COMMON) };

static moth_status infer(moth *m, layer_node *node, const moth_shape *in) {
  const moth_option *sizes = &node->part->options.values[RESHAPE_SIZES];
  if (sizes->count > MOTH_MAX_RANK - 1) {
    return context_fail(m, MOTH_LIMIT, "net", "layer %d reshape takes at most %d sizes, got %zu", node->number, MOTH_MAX_RANK - 1,
                        sizes->count);
  }
  node->out = shape_of((int)sizes->count, sizes->as.integers);
  int64_t wanted, given;
  if (!shape_count(node->out.rank, node->out.size, &wanted)) return layer_misfit(m, node, &in[0], "fewer values per sample");
  if (!shape_count(in[0].rank, in[0].size, &given) || given != wanted) {
    return layer_misfit(m, node, &in[0], "%lld values per sample", (long long)wanted);
  }
  node->alias = true;
  return MOTH_OK;
}

const layer_class layer_reshape = {
  .row = { .name = "reshape", .options = reshape_options, .option_count = sizeof reshape_options / sizeof *reshape_options,
           .doc = "Gives the values of each sample another shape, row by row.\n"
                  "Y = X, dE/dX = dE/dY under X's shape. [...] -> [sizes...]",
           .example = "moth.net{ input = 64, moth.reshape(8, 8), moth.flatten(), moth.dense(10) }",
           .foreign = "Reshape Unflatten unflatten view" },
  .infer = infer, .forward = layer_copy_forward, .backward = layer_copy_backward };
