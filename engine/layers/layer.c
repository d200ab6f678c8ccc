#include "layers/layer.h"

#include <assert.h>
#include <string.h>

#include "core/text.h"

extern const layer_class layer_activation;

const layer_class *layer_class_of(const moth_part *part) {
  assert(part->kind == MOTH_LAYER || part->kind == MOTH_ACTIVATION);
  return part->kind == MOTH_ACTIVATION ? &layer_activation : (const layer_class *)part->row;
}

activation activation_of(const moth_part *part) {
  extern const activation_class activation_linear;
  if (part == NULL) return (activation){ .class = &activation_linear };
  assert(part->kind == MOTH_ACTIVATION);
  activation a = { .class = (const activation_class *)part->row };
  for (int i = 0; i < part->row->option_count - LAYER_COMMON_OPTIONS; i++) {
    assert(i < ACTIVATION_MAX_NUMBERS);
    const moth_option *value = &part->options.values[i];
    a.numbers[i] = value->kind == MOTH_OPTION_FLAG ? value->as.flag : options_number(&part->options, i);
  }
  return a;
}

/* The text of one of LAYER_OPTIONS. */
static const char *common_text(const moth_part *part, const char *key) {
  int i = options_find(part->row, key);
  const char *text = i < 0 ? NULL : options_word(&part->options, i);
  return text == NULL ? "" : text;
}

const char *layer_name(const moth_part *part) { return common_text(part, "name"); }

const char *layer_origin(const moth_part *part) { return common_text(part, "origin"); }

moth_status layer_hint_origin(moth *m, const layer_node *node) {
  const char *origin = layer_origin(node->part);
  return *origin != '\0' ? context_hint(m, "layer %d made at %s", node->number, origin) : m->status;
}

moth_status layer_misfit(moth *m, const layer_node *node, const moth_shape *in, const char *needs, ...) {
  char middle[512], part[256], shape[256];
  va_list arguments;
  va_start(arguments, needs);
  text_format_list(middle, sizeof middle, needs, arguments);
  va_end(arguments);
  moth_part_text(node->part, part, sizeof part);
  shape_text(in->rank, in->size, shape, sizeof shape);
  context_fail(m, MOTH_SHAPE, "net", "layer %d %s needs %s, %s %s", node->number, part, middle, node->from, shape);
  return layer_hint_origin(m, node);
}

int64_t layer_features(const layer_node *node) {
  int64_t count = 1;
  for (int i = 0; i < node->out.rank; i++) count *= node->out.size[i];
  return count;
}

void layer_copy(const layer_run *run, const void *from, void *to) {
  size_t bytes = (size_t)(run->rows * layer_features(run->node)) * dtype_size(run->node->dtype);
  if (from != to && bytes > 0) memcpy(to, from, bytes);
}

moth_status layer_copy_forward(const layer_run *run, const void *const *in, void *out) {
  layer_copy(run, in[0], out);
  return MOTH_OK;
}

moth_status layer_copy_backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  (void)in, (void)out;
  if (d_in[0] != NULL) layer_copy(run, d_out, d_in[0]);
  return MOTH_OK;
}
