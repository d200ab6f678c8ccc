/* identity: the values themselves; a name for a place in a net. */
#include "layers/layer.h"

static const moth_option_row identity_options[] = { LAYER_OPTIONS(0) };

static moth_status infer(moth *m, layer_node *node, const moth_shape *in) {
  (void)m;
  node->out = in[0];
  node->alias = true;
  return MOTH_OK;
}

const layer_class layer_identity = {
  .row = { .name = "identity", .options = identity_options, .option_count = sizeof identity_options / sizeof *identity_options,
           .doc = "The values themselves.\n"
                  "Y = X, dE/dX = dE/dY. [...] -> [...]",
           .example = "moth.identity()", .foreign = "Identity" },
  .infer = infer, .forward = layer_copy_forward, .backward = layer_copy_backward };
