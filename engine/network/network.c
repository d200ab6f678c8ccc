/* The handle of a net: its class, its layers as a table, views of its vectors. */
#include "network/network.h"

#include <assert.h>
#include <string.h>

#include "core/text.h"
#include "network/plan.h"

/* ---- The handle --------------------------------------------------------------------------------------------------------------------- */

static void release_nodes(moth *m, moth_net *net) {
  for (int i = 0; i < net->node_count; i++) {
    layer_node *node = &net->nodes[i];
    if (node->class->release != NULL) node->class->release(m, node);
    moth_release(node->part);
  }
  for (int i = 0; i < net->layer_count; i++) moth_release(net->layers[i].part);
  memory_resize(m, net->nodes, (size_t)net->node_capacity * sizeof *net->nodes, 0);
  memory_resize(m, net->paths, (size_t)net->path_capacity * sizeof *net->paths, 0);
  memory_resize(m, net->next_use, (size_t)net->use_capacity * sizeof *net->next_use, 0);
  memory_resize(m, net->layers, (size_t)net->layer_capacity * sizeof *net->layers, 0);
  memory_resize(m, net->ranges, (size_t)net->range_capacity * sizeof *net->ranges, 0);
}

static void destroy(object *base) {
  moth_net *net = (moth_net *)base;
  moth *m = base->context;
  plan_free(m, net->forward_plan);
  plan_free(m, net->predict_plan);
  moth_release(net->parameters);
  moth_release(net->gradients);
  moth_release(net->buffers);
  release_nodes(m, net);
  options_free(m, &net->options);
}

/* "net [64] -> [10]" */
static size_t text(const object *base, char *buffer, size_t size) {
  const moth_net *net = (const moth_net *)base;
  char input[128], output[128];
  shape_text(net->input.rank, net->input.size, input, sizeof input);
  shape_text(net->output.rank, net->output.size, output, sizeof output);
  return text_format(buffer, size, "net %s -> %s", input, output);
}

const object_class network_class = { .kind = MOTH_NET_OBJECT, .name = "net", .size = sizeof(moth_net), .destroy = destroy, .text = text };

/* ---- Blocks ------------------------------------------------------------------------------------------------------------------------- */

void network_blocks(const moth_net *net, const layer_node *node, void **blocks) {
  for (int b = 0; b < node->block_count; b++) {
    blocks[b] = net->parameters->values + (size_t)node->blocks[b].offset * dtype_size(net->dtype);
  }
}

void network_buffers(const moth_net *net, const layer_node *node, void **buffers) {
  for (int b = 0; b < node->buffer_count; b++) {
    buffers[b] = net->buffers->values + (size_t)node->buffers[b].offset * dtype_size(net->dtype);
  }
}

moth_status network_ensure_gradients(moth *m, moth_net *net) {
  if (net->gradients != NULL) return MOTH_OK;
  return tensor_new(m, "net", net->dtype, 1, &net->parameter_count, true, &net->gradients);
}

bool network_node_is_frozen(const moth_net *net, const layer_node *node) {
  return node->number > 0 && net->layers[net->nodes[node->owner].number - 1].frozen;
}

/* ---- Words -------------------------------------------------------------------------------------------------------------------------- */

void network_layer_text(const moth_net *net, int layer, char *buffer, size_t size) {
  char part[128];
  moth_part_text(net->layers[layer].part, part, sizeof part);
  text_format(buffer, size, "layer %d %s", layer + 1, part);
}

/* The layer whose values the net gives: one that only shows another's under a new shape is no help. */
static int last_layer(const moth_net *net) {
  int root = network_root(net, net->output_node, false);
  return root < 0 ? net->layer_count - 1 : net->nodes[root].number - 1;
}

void network_last_layer_text(const moth_net *net, char *buffer, size_t size) {
  char part[128];
  int layer = last_layer(net);
  moth_part_text(net->layers[layer].part, part, sizeof part);
  text_format(buffer, size, "layer %d is %s", layer + 1, part);
}

const char *network_last_activation(const moth_net *net) {
  int root = network_root(net, net->output_node, false);
  if (root < 0 || net->nodes[root].class->tail == NULL) return "linear";
  activation tail = net->nodes[root].class->tail(&net->nodes[root]);
  return tail.class == NULL || tail.class->forward == NULL ? "linear" : tail.class->row.name;
}

/* ---- The table of layers ------------------------------------------------------------------------------------------------------------ */

moth_dtype moth_net_dtype(const moth_net *net) { return net->dtype; }
int64_t moth_net_parameter_count(const moth_net *net) { return net->parameter_count; }
moth_shape moth_net_input(const moth_net *net) { return net->input; }
moth_shape moth_net_output(const moth_net *net) { return net->output; }
int moth_net_layers(const moth_net *net) { return net->layer_count; }

static moth_status check_net(moth *m, const moth_net *net, const char *where) {
  return object_check(m, net, MOTH_NET_OBJECT, where, "argument 1");
}

static moth_status check_layer(moth *m, const moth_net *net, const char *where, int layer) {
  moth_status status = check_net(m, net, where);
  if (status != MOTH_OK || (layer >= 0 && layer < net->layer_count)) return status;
  return context_fail(m, MOTH_INDEX, where, "layer %d: the net has layers 1..%d", layer + 1, net->layer_count);
}

moth_status moth_net_layer(moth *m, const moth_net *net, int layer, moth_layer_info *info) {
  moth_status status = check_layer(m, net, "net", layer);
  if (status != MOTH_OK) return status;
  if (info == NULL) return context_fail(m, MOTH_MISUSE, "net", "no place for the result");
  const network_layer *l = &net->layers[layer];
  *info = (moth_layer_info){ .part = l->part, .origin = layer_origin(l->part), .first_use = l->first_use, .frozen = l->frozen,
                             .output = l->output < 0 ? net->input : net->nodes[l->output].out };
  for (int i = l->first_node; i < l->first_node + l->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    for (int b = 0; b < node->block_count && node->owner == i; b++) info->parameters += node->blocks[b].count;
  }
  return MOTH_OK;
}

/* The name as seen from the layer: "weight", or "1.weight" within a composite. */
static void own_name(const moth_net *net, const layer_node *node, const char *name, char *buffer, size_t size) {
  const char *path = net->paths[node->index].text;
  path += strcspn(path, ".");
  text_format(buffer, size, "%s%s%s", *path == '.' ? path + 1 : "", *path == '.' ? "." : "", name);
}

/* A parameter or buffer of a layer, by position or by name. */
typedef struct found { const layer_node *node; const parameter_block *block; const parameter_view *view; const layer_buffer *buffer; } found;

static bool find_parameter(const moth_net *net, int layer, int index, const char *name, found *out) {
  const network_layer *l = &net->layers[layer];
  for (int i = l->first_node; i < l->first_node + l->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    for (int b = 0; b < node->block_count; b++) {
      for (int v = 0; v < node->blocks[b].view_count; v++) {
        const parameter_view *view = &node->blocks[b].views[v];
        char own[NETWORK_PATH + 64];
        own_name(net, node, view->name, own, sizeof own);
        if (name != NULL ? strcmp(own, name) != 0 : index-- != 0) continue;
        *out = (found){ .node = node, .block = &node->blocks[b], .view = view };
        return true;
      }
    }
  }
  return false;
}

static bool find_buffer(const moth_net *net, int layer, int index, const char *name, found *out) {
  const network_layer *l = &net->layers[layer];
  for (int i = l->first_node; i < l->first_node + l->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    for (int b = 0; b < node->buffer_count; b++) {
      char own[NETWORK_PATH + 64];
      own_name(net, node, node->buffers[b].name, own, sizeof own);
      if (name != NULL ? strcmp(own, name) != 0 : index-- != 0) continue;
      *out = (found){ .node = node, .buffer = &node->buffers[b] };
      return true;
    }
  }
  return false;
}

const char *moth_net_parameter_name(const moth_net *net, int layer, int index) {
  found f;
  return layer >= 0 && layer < net->layer_count && index >= 0 && find_parameter(net, layer, index, NULL, &f) ? f.view->name : NULL;
}

const char *moth_net_buffer_name(const moth_net *net, int layer, int index) {
  found f;
  return layer >= 0 && layer < net->layer_count && index >= 0 && find_buffer(net, layer, index, NULL, &f) ? f.buffer->name : NULL;
}

/* ---- Views -------------------------------------------------------------------------------------------------------------------------- */

static moth_status no_such(moth *m, const moth_net *net, const char *where, int layer, const char *name) {
  char text[160], names[512] = "";
  text_line line = { names, sizeof names, 0 };
  network_layer_text(net, layer, text, sizeof text);
  const char *one;
  for (int i = 0; (one = moth_net_parameter_name(net, layer, i)) != NULL; i++) text_line_add(&line, "%s%s", i > 0 ? " " : "", one);
  if (names[0] == 0) return context_fail(m, MOTH_INDEX, where, "%s has no '%.100s'; it has no parameters", text, name);
  return context_fail(m, MOTH_INDEX, where, "%s has no '%.100s' (%s)", text, name, names);
}

/* The block of a dense layer is the matrix itself; any other layer has none. */
static moth_status view_augmented(moth *m, moth_net *net, const char *where, int layer, moth_tensor *vector, moth_tensor **view) {
  found f;
  bool is_block = find_parameter(net, layer, 0, NULL, &f) && f.node->block_count == 1 && net->layers[layer].node_count == 1 &&
                  f.view->rank == 2 && f.block->view_count <= 2 && f.view->strides[0] == 1;
  if (!is_block) {
    char text[160];
    network_layer_text(net, layer, text, sizeof text);
    return context_fail(m, MOTH_MISUSE, where, "%s has no augmented matrix; dense layers have", text);
  }
  int64_t columns = f.block->unit, size[2] = { f.block->count / columns, columns }, strides[2] = { columns, 1 };
  char *values = vector->values + (size_t)f.block->offset * dtype_size(net->dtype);
  return tensor_view(m, vector, values, 2, size, strides, view);
}

static moth_status view_parameter(moth *m, moth_net *net, const char *where, int layer, const char *name, moth_tensor *vector,
                                  moth_tensor **view) {
  found f;
  if (strcmp(name, "augmented") == 0) return view_augmented(m, net, where, layer, vector, view);
  if (!find_parameter(net, layer, 0, name, &f)) return no_such(m, net, where, layer, name);
  char *values = vector->values + (size_t)(f.block->offset + f.view->offset) * dtype_size(net->dtype);
  return context_within(m, tensor_view(m, vector, values, f.view->rank, f.view->size, f.view->strides, view), where);
}

static moth_status check_view(moth *m, const moth_net *net, const char *where, int layer, const char *name, moth_tensor **view) {
  moth_status status = check_layer(m, net, where, layer);
  if (status == MOTH_OK && (name == NULL || view == NULL)) status = context_fail(m, MOTH_MISUSE, where, "name and result must be given");
  return status;
}

moth_status moth_net_parameter(moth *m, moth_net *net, int layer, const char *name, moth_tensor **view) {
  moth_status status = check_view(m, net, "parameter", layer, name, view);
  return status == MOTH_OK ? view_parameter(m, net, name, layer, name, net->parameters, view) : status;
}

static moth_status check_gradients(moth *m, const moth_net *net, const char *where) {
  if (net->gradients != NULL && net->gradients_valid) return MOTH_OK;
  return context_fail(m, MOTH_MISUSE, where, "no gradient: the trainer does not keep them; net:backward or net:backprop writes them");
}

moth_status moth_net_gradient(moth *m, moth_net *net, int layer, const char *name, moth_tensor **view) {
  moth_status status = check_view(m, net, "gradient", layer, name, view);
  if (status != MOTH_OK) return status;
  char where[128];
  text_format(where, sizeof where, "%.100s_gradient", name);
  status = check_gradients(m, net, where);
  return status == MOTH_OK ? view_parameter(m, net, where, layer, name, net->gradients, view) : status;
}

moth_status moth_net_buffer(moth *m, moth_net *net, int layer, const char *name, moth_tensor **view) {
  moth_status status = check_view(m, net, "buffer", layer, name, view);
  if (status != MOTH_OK) return status;
  found f;
  if (!find_buffer(net, layer, 0, name, &f)) {
    char text[160];
    network_layer_text(net, layer, text, sizeof text);
    return context_fail(m, MOTH_INDEX, "buffer", "%s has no buffer '%.100s'", text, name);
  }
  int64_t strides[MOTH_MAX_RANK];
  shape_strides(f.buffer->rank, f.buffer->size, strides);
  char *values = net->buffers->values + (size_t)f.buffer->offset * dtype_size(net->dtype);
  return context_within(m, tensor_view(m, net->buffers, values, f.buffer->rank, f.buffer->size, strides, view), "buffer");
}

static moth_status view_vector(moth *m, const char *where, moth_tensor *vector, moth_tensor **view) {
  if (view == NULL) return context_fail(m, MOTH_MISUSE, where, "no place for the result");
  return context_within(m, tensor_view(m, vector, vector->values, 1, vector->size, vector->strides, view), where);
}

moth_status moth_net_parameters(moth *m, moth_net *net, moth_tensor **view) {
  moth_status status = check_net(m, net, "parameters");
  return status == MOTH_OK ? view_vector(m, "parameters", net->parameters, view) : status;
}

moth_status moth_net_gradients(moth *m, moth_net *net, moth_tensor **view) {
  moth_status status = check_net(m, net, "gradients");
  if (status == MOTH_OK) status = check_gradients(m, net, "gradients");
  return status == MOTH_OK ? view_vector(m, "gradients", net->gradients, view) : status;
}

moth_status moth_net_layer_output(moth *m, moth_net *net, int layer, moth_tensor **view) {
  moth_status status = check_layer(m, net, "output", layer);
  if (status != MOTH_OK) return status;
  if (view == NULL) return context_fail(m, MOTH_MISUSE, "output", "no place for the result");
  storage *s = NULL;
  int64_t rows = 0;
  size_t offset = 0;
  int node = net->layers[layer].output;
  if (net->forward_plan != NULL) status = plan_node_output(net->forward_plan, node, &rows, &s, &offset);
  if (status != MOTH_OK) return status;
  if (s == NULL) return context_fail(m, MOTH_MISUSE, "output", "no output: net:forward and net:backprop leave them");
  const moth_shape *shape = node < 0 ? &net->input : &net->nodes[node].out;
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  size[0] = rows;
  for (int i = 0; i < shape->rank; i++) size[i + 1] = shape->size[i];
  shape_strides(shape->rank + 1, size, strides);
  moth_dtype dtype = net->index_input && network_root(net, node, false) < 0 ? MOTH_I64 : net->dtype;
  return context_within(m, tensor_over(m, s, offset, dtype, shape->rank + 1, size, strides, true, view), "output");
}

/* Freezing one use of a layer freezes the parameters, and so all its uses. */
moth_status moth_net_freeze(moth *m, moth_net *net, int layer, bool frozen) {
  moth_status status = check_layer(m, net, frozen ? "freeze" : "unfreeze", layer);
  if (status != MOTH_OK) return status;
  for (int i = 0; i < net->layer_count; i++) {
    if (net->layers[i].first_use == net->layers[layer].first_use) net->layers[i].frozen = frozen;
  }
  net->freezes++;
  return MOTH_OK;
}
