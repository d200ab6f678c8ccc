/* What scripts hand to a net, as its plan takes it: checked, converted, class numbers from 0. */
#include "network/input.h"

#include <string.h>

#include "core/text.h"

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

/* Whether these sizes are a sample: the net's own, or, for a net that takes a plain row of numbers, an image of as many. */
static bool fits(const moth_net *net, int rank, const int64_t *size) {
  if (shape_equal(rank, size, net->input.rank, net->input.size)) return true;
  int64_t count;
  return net->input.rank == 1 && rank > 1 && shape_count(rank, size, &count) && count == net->input.size[0];
}

static bool is_batch(const moth_net *net, const moth_tensor *x) { return x->rank > 0 && fits(net, x->rank - 1, x->size + 1); }

static bool is_sample(const moth_net *net, const moth_tensor *x) { return !is_batch(net, x) && fits(net, x->rank, x->size); }

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
  moth_tensor *numbers = NULL;
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
  if (x->dtype == MOTH_I64 && tensor_is_contiguous(x)) return check_numbers(m, where, name, net, (const int64_t *)x->values, x->count);
  moth_tensor *numbers = NULL;
  moth_status status = numbers_of(m, where, name, net, x, &numbers);
  if (status == MOTH_OK) moth_release(numbers);
  return status;
}

moth_status network_take_input(moth *m, const moth_net *net, const char *where, const moth_tensor *x, network_input *out) {
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
  *out = (network_input){ .values = values, .rows = sample ? 1 : x->size[0], .is_sample = sample,
                  .row = (size_t)network_features(&net->input) * dtype_size(dtype) };
  return MOTH_OK;
}

void network_gather_input(const void *data, int64_t row, int64_t rows, void *out) {
  const network_input *x = data;
  size_t bytes = (size_t)rows * x->row;
  if (bytes > 0) memcpy(out, x->values->values + (size_t)row * x->row, bytes);
}

/* ---- Targets ------------------------------------------------------------------------------------------------------------------------ */

static moth_status target_numbers(moth *m, const char *where, const moth_net *net, const moth_part *loss, moth_tensor *labels, network_target *out) {
  char last[192];
  network_last_layer_text(net, last, sizeof last);
  int64_t classes = loss_class_count(loss, network_features(&net->output));
  moth_status status = loss_check_classes(m, where, "target", last, (const int64_t *)labels->values, labels->count, classes);
  moth_tensor *moved;
  if (status == MOTH_OK) status = tensor_new(m, where, MOTH_I64, labels->rank, labels->size, false, &moved);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; i < labels->count; i++) ((int64_t *)moved->values)[i] = ((const int64_t *)labels->values)[i] - m->index_base;
  *out = (network_target){ .values = moved, .classes = true };
  return MOTH_OK;
}

moth_status network_take_target(moth *m, const moth_net *net, const char *where, const moth_part *loss, const moth_tensor *t, const network_input *in,
                               network_target *out) {
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

moth_status network_check_loss(moth *m, const char *where, const moth_part *loss) {
  moth_status status = object_check(m, loss, MOTH_PART_OBJECT, where, "loss");
  if (status != MOTH_OK || loss->kind == MOTH_LOSS) return status;
  return context_fail(m, MOTH_OPTION, where, "loss must be a loss, got the %s %s", moth_part_kind_name(loss->kind), loss->row->name);
}
