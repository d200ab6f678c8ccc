/* dropout: sets each value to 0 with probability p while training and scales the rest by 1/(1-p) (Srivastava et al. 2014, inverted). The
 * mask is a function of key, step, node and the element's place in the whole batch, so any block of rows makes its own part of it, and
 * backward makes it again instead of keeping it. */
#include "layers/layer.h"

enum { DROPOUT_P, DROPOUT_COMMON };

static const moth_option_row dropout_options[] = {
  [DROPOUT_P] = { .key = "p", .doc = "share of values dropped", .kinds = MOTH_OPTION_REAL, .position = 1,
                  .flags = MOTH_REQUIRED | MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = 1, .foreign = "rate prob probability drop" },
  LAYER_OPTIONS(DROPOUT_COMMON) };

enum { BLOCK = 4 /* words of a Philox block: one an element */, PIECE = 512 };

static moth_status infer(moth *m, layer_node *node, const moth_shape *in) {
  (void)m;
  node->out = in[0];
  node->alias_predicting = true;
  return MOTH_OK;
}

/* y = mask · x over this call's rows, all of which are in the mask outside training. */
static void apply(const layer_run *run, const void *x, void *y) {
  const layer_node *node = run->node;
  const real_kernels *k = run->kernels;
  const double p = options_number(&node->part->options, DROPOUT_P);
  const size_t element = dtype_size(node->dtype);
  if (!run->training) {
    layer_copy(run, x, y);
    return;
  }
  const int64_t features = layer_features(node);
  int64_t at = run->row * features;
  const int64_t end = at + run->rows * features, start = at;
  double keep[PIECE + BLOCK];  /* floats in f32 */
  while (at < end) {
    const int64_t block = at / BLOCK, skip = at - block * BLOCK;
    const int64_t count = end - at < PIECE - skip ? end - at : PIECE - skip;
    uint32_t counter[4];
    random_counter(counter, (uint32_t)block, run->step, RANDOM_DROPOUT, (uint32_t)node->index);
    k->uniform(run->key, counter, keep, skip + count, p);
    const size_t offset = (size_t)(at - start) * element;
    k->binary[BINARY_MUL]((const char *)x + offset, (const char *)keep + (size_t)skip * element, (char *)y + offset, count);
    at += count;
  }
}


static moth_status forward(const layer_run *run, const void *const *in, void *out) {
  apply(run, in[0], out);
  return MOTH_OK;
}

static moth_status backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  (void)in, (void)out;
  if (d_in[0] != NULL) apply(run, d_out, d_in[0]);
  return MOTH_OK;
}

const layer_class layer_dropout = {
  .row = { .name = "dropout", .options = dropout_options, .option_count = sizeof dropout_options / sizeof *dropout_options,
           .doc = "Sets each value to 0 with probability p while training and scales the rest by 1/(1-p). Does nothing in predict().\n"
                  "Y = M X, dE/dX = M dE/dY, M 0 or 1/(1-p). [...] -> [...] (Srivastava et al. 2014)",
           .example = "moth.net{ input = 64, moth.dense(128, \"relu\"), moth.dropout(0.2), moth.dense(10) }", .foreign = "Dropout" },
  .infer = infer, .forward = forward, .backward = backward };
