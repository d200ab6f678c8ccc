/* Runs a parameter's init, whatever it is: an initializer, a tensor, a function of the host's, nothing. Values are made in f64 and then
 * stored, so that f32 and f64 nets of one seed start from the same weights up to rounding. */
#include <assert.h>

#include "core/memory.h"
#include "layers/layer.h"

/* Values in row-major order (NULL: zeros) into the view of the block. */
static void store(const parameter_view *view, moth_dtype dtype, const double *values, void *block) {
  int64_t count = 1, index[MOTH_MAX_RANK] = { 0 }, at = view->offset;
  for (int i = 0; i < view->rank; i++) count *= view->size[i];
  for (int64_t n = 0; n < count; n++) {
    const double value = values == NULL ? 0 : values[n];
    if (dtype == MOTH_F32) {
      ((float *)block)[at] = (float)value;
    } else {
      ((double *)block)[at] = value;
    }
    for (int i = view->rank - 1; i >= 0; i--) {
      at += view->strides[i];
      if (++index[i] < view->size[i]) break;
      at -= view->strides[i] * view->size[i];
      index[i] = 0;
    }
  }
}

/* "net: layer 2 dense(10): weight is [10,64], init gives …" */
static moth_status misfit(moth *m, const layer_node *node, const parameter_view *view, const char *option, const moth_tensor *given) {
  char part[256], want[128], got[128];
  moth_part_text(node->part, part, sizeof part);
  shape_text(view->rank, view->size, want, sizeof want);
  moth_tensor_text(given, got, sizeof got);
  return context_fail(m, MOTH_SHAPE, "net", "layer %d %s: %s is %s, %s is %s", node->number, part, view->name, want, option, got);
}

static moth_status from_tensor(moth *m, const layer_node *node, const parameter_view *view, const moth_tensor *given, void *block) {
  if (!shape_equal(given->rank, given->size, view->rank, view->size)) return misfit(m, node, view, "init", given);
  moth_tensor *values;
  moth_status status = tensor_contiguous(m, "net", given, MOTH_F64, &values);
  if (status != MOTH_OK) return status;
  store(view, node->dtype, (const double *)values->values, block);
  moth_release(values);
  return MOTH_OK;
}

static moth_status from_call(moth *m, const layer_node *node, const parameter_view *view, const moth_call *call, void *block) {
  moth_tensor *values;
  moth_status status = tensor_new(m, "net", MOTH_F64, view->rank, view->size, true, &values);
  if (status != MOTH_OK) return status;
  status = ((moth_initialize_function)call->function)(call->data, values, view->inputs, view->outputs);
  if (status == MOTH_OK) {
    store(view, node->dtype, (const double *)values->values, block);
  } else if (status != m->status || status == MOTH_CALLBACK) {
    context_fail(m, status, "net", "layer %d: the function for %s failed", node->number, view->name);
  }
  moth_release(values);
  return status;
}

static moth_status from_part(moth *m, const layer_node *node, const parameter_view *view, const moth_part *part, random_source *source,
                             void *block) {
  int64_t count;
  if (!shape_count(view->rank, view->size, &count)) return context_fail(m, MOTH_LIMIT, "net", "%s has too many values", view->name);
  double *values = memory_new(m, (size_t)count, sizeof *values);
  if (values == NULL) return m->status;
  moth_status status = ((const initializer_class *)part->row)->fill(m, part, view, source, values);
  if (status == MOTH_OK) store(view, node->dtype, values, block);
  else if (status == MOTH_OPTION) layer_hint_origin(m, node);
  memory_free(m, values, (size_t)count, sizeof *values);
  return status;
}

moth_status initializer_run(moth *m, const layer_node *node, const parameter_view *view, random_source *source, void *block) {
  const moth_option *init = view->init;
  moth_option_kind kind = init == NULL ? MOTH_OPTION_END : init->kind;
  switch (kind) {
    case MOTH_OPTION_PART: return from_part(m, node, view, init->as.part, source, block);
    case MOTH_OPTION_TENSOR: return from_tensor(m, node, view, init->as.tensor, block);
    case MOTH_OPTION_CALL: return from_call(m, node, view, &init->as.call, block);
    default: break;
  }
  assert(kind == MOTH_OPTION_END || kind == MOTH_OPTION_TEXT);
  if (kind == MOTH_OPTION_END) {
    store(view, node->dtype, NULL, block);
    return MOTH_OK;
  }
  moth_part *part;  /* a default's name */
  moth_status status = part_find(m, "net", 1 << MOTH_INITIALIZER, init->as.text, NULL, &part);
  if (status != MOTH_OK) return status;
  status = from_part(m, node, view, part, source, block);
  moth_release(part);
  return status;
}
