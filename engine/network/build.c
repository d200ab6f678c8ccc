/* Nodes from layers, and their place in the flat vectors. */
#include "network/build.h"

#include <assert.h>
#include <string.h>

#include "core/text.h"

enum { MOST_DEPTH = 32, MOST_NODES = 1 << 16 };

struct layer_builder {
  moth *m;
  moth_net *net;
  int depth;                     /* of composites; 0: the script's list */
  int children;                  /* added under `path` so far */
  network_path path;
};

int64_t network_features(const moth_shape *shape) {
  int64_t count = 1;
  for (int i = 0; i < shape->rank; i++) count *= shape->size[i];
  return count;
}

moth_status network_new(moth *m, moth_dtype dtype, const moth_shape *input, moth_net **net) {
  int64_t count;
  if (!shape_count(input->rank, input->size, &count)) {
    char shape[192];
    shape_text(input->rank, input->size, shape, sizeof shape);
    return context_fail(m, MOTH_LIMIT, "net", "input %s has more values than memory can count", shape);
  }
  moth_net *self = object_new(m, &network_class);
  if (self == NULL) return context_within(m, m->status, "net");
  self->id = ++m->nets;
  self->dtype = dtype;
  self->input = *input;
  self->output_node = -1;
  *net = self;
  return MOTH_OK;
}

/* ---- Nodes -------------------------------------------------------------------------------------------------------------------------- */

static const moth_shape *shape_given(const moth_net *net, int node) { return node < 0 ? &net->input : &net->nodes[node].out; }

static void name_source(const moth_net *net, layer_node *node) {
  int source = node->input_count > 0 ? node->inputs[0] : -1;
  if (source < 0) {
    text_format(node->from, sizeof node->from, "the input is");
    return;
  }
  char part[64];
  moth_part_text(net->nodes[source].part, part, sizeof part);
  text_format(node->from, sizeof node->from, "layer %d %s gives", net->nodes[source].number, part);
}

static bool same_blocks(const layer_node *a, const layer_node *b) {
  if (a->block_count != b->block_count || a->buffer_count != b->buffer_count) return false;
  for (int i = 0; i < a->block_count; i++) {
    const parameter_block *x = &a->blocks[i], *y = &b->blocks[i];
    if (x->count != y->count || x->view_count != y->view_count) return false;
    for (int v = 0; v < x->view_count; v++) {
      if (!shape_equal(x->views[v].rank, x->views[v].size, y->views[v].rank, y->views[v].size)) return false;
    }
  }
  for (int i = 0; i < a->buffer_count; i++) {
    if (!shape_equal(a->buffers[i].rank, a->buffers[i].size, b->buffers[i].rank, b->buffers[i].size)) return false;
  }
  return true;
}

/* A layer used again shares its first use's blocks and buffers: they must come out the same. */
static moth_status check_shared(moth *m, const moth_net *net, const layer_node *node, const moth_shape *in) {
  const layer_node *owner = &net->nodes[node->owner];
  if (owner == node || same_blocks(owner, node)) return MOTH_OK;
  char was[192];
  const moth_shape *shape = shape_given(net, owner->input_count > 0 ? owner->inputs[0] : -1);
  shape_text(shape->rank, shape->size, was, sizeof was);
  return layer_misfit(m, node, in, "%s as layer %d, whose weights it shares", was, owner->number);
}

static moth_status infer_node(moth *m, moth_net *net, int index) {
  layer_node *node = &net->nodes[index];
  moth_shape in[LAYER_MAX_INPUTS];
  for (int i = 0; i < node->input_count; i++) in[i] = *shape_given(net, node->inputs[i]);
  moth_status status = node->class->infer(m, node, in);
  if (status == MOTH_OK) status = check_shared(m, net, node, in);
  if (status != MOTH_OK) return status;
  int64_t count;
  if (!shape_count(node->out.rank, node->out.size, &count)) {
    return context_fail(m, MOTH_LIMIT, "net", "layer %d gives more values than memory can count", node->number);
  }
  for (int b = 0; b < node->block_count; b++) assert(node->blocks[b].unit > 0 && node->blocks[b].count % node->blocks[b].unit == 0);
  return MOTH_OK;
}

static int owner_of(const moth_net *net, const moth_part *part, int index) {
  for (int i = 0; i < index; i++) {
    if (net->nodes[i].part == part && net->nodes[i].owner == i) return i;
  }
  return index;
}

static moth_status grow_nodes(moth *m, moth_net *net) {
  int64_t wanted = (int64_t)net->node_count + 1;
  if (wanted > MOST_NODES) return context_fail(m, MOTH_LIMIT, "net", "more than %d layers", MOST_NODES);
  moth_status status = memory_grow(m, &net->nodes, &net->node_capacity, wanted, sizeof *net->nodes);
  if (status == MOTH_OK) status = memory_grow(m, &net->paths, &net->path_capacity, wanted, sizeof *net->paths);
  if (status == MOTH_OK) status = memory_grow(m, &net->next_use, &net->use_capacity, wanted, sizeof *net->next_use);
  return context_within(m, status, "net");
}

static moth_status add_node(moth *m, moth_net *net, moth_part *part, int number, const int *inputs, int input_count, const network_path *path,
                            int *out) {
  moth_status status = grow_nodes(m, net);
  if (status != MOTH_OK) return status;
  int index = net->node_count;
  layer_node *node = &net->nodes[index];
  *node = (layer_node){ .class = layer_class_of(part), .part = moth_retain(part), .dtype = net->dtype, .number = number, .index = index,
                        .owner = owner_of(net, part, index), .input_count = input_count };
  for (int i = 0; i < input_count; i++) node->inputs[i] = inputs[i];
  net->paths[index] = *path;
  net->next_use[index] = -1;
  net->node_count++;             /* released with the net from here on */
  for (int i = index - 1; i >= 0 && node->owner != index; i--) {
    if (net->nodes[i].owner != node->owner) continue;
    net->next_use[i] = index;
    break;
  }
  name_source(net, node);
  status = infer_node(m, net, index);
  if (status == MOTH_OK) *out = index;
  return status;
}

static moth_status grow_layers(moth *m, moth_net *net, moth_part *part) {
  moth_status status = memory_grow(m, &net->layers, &net->layer_capacity, (int64_t)net->layer_count + 1, sizeof *net->layers);
  if (status != MOTH_OK) return context_within(m, status, "net");
  network_layer *layer = &net->layers[net->layer_count];
  *layer = (network_layer){ .part = moth_retain(part), .first_node = net->node_count, .output = -1, .first_use = net->layer_count };
  for (int i = net->layer_count - 1; i >= 0; i--) {
    if (net->layers[i].part == part) layer->first_use = i;
  }
  net->layer_count++;
  return MOTH_OK;
}

static moth_status expand(layer_builder *builder, moth_part *part, const network_path *path, const int *inputs, int input_count, int *out) {
  if (builder->depth >= MOST_DEPTH) return context_fail(builder->m, MOTH_LIMIT, "net", "layers lie more than %d deep", MOST_DEPTH);
  layer_builder inner = { .m = builder->m, .net = builder->net, .depth = builder->depth + 1, .path = *path };
  return layer_class_of(part)->expand(&inner, part, inputs, input_count, out);
}

moth_status layer_builder_add(layer_builder *builder, moth_part *part, const int *inputs, int input_count, int *node) {
  moth *m = builder->m;
  moth_net *net = builder->net;
  assert(input_count >= 0 && input_count <= LAYER_MAX_INPUTS);
  bool is_top = builder->depth == 0;
  moth_status status = is_top ? grow_layers(m, net, part) : MOTH_OK;
  if (status != MOTH_OK) return status;
  int number = net->layer_count, result = -1;
  network_path path;
  size_t length = is_top ? text_format(path.text, sizeof path.text, "%d", number)
                         : text_format(path.text, sizeof path.text, "%s.%d", builder->path.text, ++builder->children);
  if (length >= sizeof path.text) return context_fail(m, MOTH_LIMIT, "net", "layers lie too deep");
  status = layer_class_of(part)->expand != NULL ? expand(builder, part, &path, inputs, input_count, &result)
                                                : add_node(m, net, part, number, inputs, input_count, &path, &result);
  if (status != MOTH_OK) return status;
  if (is_top) {
    network_layer *layer = &net->layers[number - 1];
    layer->node_count = net->node_count - layer->first_node;
    layer->output = result;
  }
  *node = result;
  return MOTH_OK;
}

moth_status network_chain(moth *m, moth_net *net, moth_part *const *parts, size_t count) {
  layer_builder builder = { .m = m, .net = net };
  int last = -1;
  for (size_t i = 0; i < count; i++) {
    moth_status status = layer_builder_add(&builder, parts[i], &last, 1, &last);
    if (status != MOTH_OK) return status;
  }
  net->output_node = last;
  return MOTH_OK;
}

moth_status network_graph(moth *m, moth_net *net, network_builder build, void *data) {
  layer_builder builder = { .m = m, .net = net };
  return build(data, &builder, &net->output_node);
}

/* State of a layer's own is made anew by infer. */
moth_status network_copy_nodes(moth *m, moth_net *net, const moth_net *from) {
  for (int i = 0; i < from->layer_count; i++) {
    moth_status status = grow_layers(m, net, from->layers[i].part);
    if (status != MOTH_OK) return status;
    net->layers[i] = from->layers[i];
  }
  for (int i = 0; i < from->node_count; i++) {
    const layer_node *node = &from->nodes[i];
    int index;
    moth_status status = add_node(m, net, node->part, node->number, node->inputs, node->input_count, &from->paths[i], &index);
    if (status != MOTH_OK) return status;
  }
  net->output_node = from->output_node;
  return MOTH_OK;
}

/* ---- Layout ------------------------------------------------------------------------------------------------------------------------- */

int network_root(const moth_net *net, int node, bool predicting) {
  while (node >= 0 && (net->nodes[node].alias || (predicting && net->nodes[node].alias_predicting))) node = net->nodes[node].inputs[0];
  return node;
}

/* Class numbers come from nowhere but the net's input, and are read as nothing else. */
static moth_status check_indices(moth *m, moth_net *net) {
  int classes = -1, numbers = -1;
  for (int i = 0; i < net->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    for (int k = 0; k < node->input_count; k++) {
      bool is_index = node->index_inputs >> k & 1, is_input = network_root(net, node->inputs[k], false) < 0;
      if (is_index && !is_input) {
        return context_fail(m, MOTH_SHAPE, "net", "layer %d takes class numbers, which only the net's input has", node->number);
      }
      if (is_index) classes = i;
      else if (is_input && !node->alias) numbers = i;
    }
  }
  net->index_input = classes >= 0;
  if (classes < 0 || numbers < 0) return MOTH_OK;
  return context_fail(m, MOTH_SHAPE, "net", "layer %d takes the input as class numbers, layer %d as values", net->nodes[classes].number,
                      net->nodes[numbers].number);
}

/* Every node must lead to the output: there are no gradients for others. */
static moth_status check_used(moth *m, const moth_net *net) {
  if (net->layer_count == 0) return context_fail(m, MOTH_OPTION, "net", "no layers");
  bool *used = memory_new(m, (size_t)net->node_count, sizeof *used);
  if (used == NULL) return context_within(m, m->status, "net");
  if (net->output_node >= 0) used[net->output_node] = true;
  moth_status status = MOTH_OK;
  for (int i = net->node_count - 1; i >= 0 && status == MOTH_OK; i--) {
    if (!used[i]) status = context_fail(m, MOTH_SHAPE, "net", "nothing reads the output of layer %d", net->nodes[i].number);
    for (int k = 0; k < net->nodes[i].input_count; k++) {
      if (net->nodes[i].inputs[k] >= 0) used[net->nodes[i].inputs[k]] = true;
    }
  }
  memory_free(m, used, (size_t)net->node_count, sizeof *used);
  return status;
}

static moth_status add_ranges(moth *m, moth_net *net, const layer_node *node, int index) {
  const parameter_block *block = &node->blocks[index];
  if (block->count == 0) return MOTH_OK;
  double bytes = (double)block->count * (double)dtype_size(net->dtype);
  int64_t units = block->count / block->unit;
  int64_t pieces = (int64_t)(bytes / NETWORK_RANGE_BYTES) + 1;
  if (pieces > units) pieces = units;
  int64_t step = (units + pieces - 1) / pieces;
  if (pieces > 1) step = (step + 7) / 8 * 8;
  for (int64_t unit = 0; unit < units; unit += step) {
    int64_t end = units - unit < step ? units : unit + step;
    moth_status status = memory_grow(m, &net->ranges, &net->range_capacity, net->range_count + 1, sizeof *net->ranges);
    if (status != MOTH_OK) return context_within(m, status, "net");
    net->ranges[net->range_count++] = (network_range){ .node = node->index, .block = index, .from = unit * block->unit,
                                                       .to = end * block->unit, .offset = block->offset + unit * block->unit };
  }
  return MOTH_OK;
}

static moth_status too_many(moth *m) { return context_fail(m, MOTH_LIMIT, "net", "more parameters than memory can count"); }

static moth_status place_node(moth *m, moth_net *net, layer_node *node) {
  const layer_node *owner = &net->nodes[node->owner];
  for (int b = 0; b < node->block_count; b++) {
    parameter_block *block = &node->blocks[b];
    block->offset = owner == node ? net->parameter_count : owner->blocks[b].offset;
    if (owner != node) continue;
    if (__builtin_add_overflow(net->parameter_count, block->count, &net->parameter_count)) return too_many(m);
    int64_t all;
    if (!shape_count(1, &net->parameter_count, &all)) return too_many(m);
    for (int v = 0; v < block->view_count; v++) {
      if (block->views[v].penalized && (block->views[v].l1 != 0 || block->views[v].l2 != 0)) net->has_penalties = true;
    }
  }
  for (int b = 0; b < node->buffer_count; b++) {
    layer_buffer *buffer = &node->buffers[b];
    if (!shape_count(buffer->rank, buffer->size, &buffer->count)) return too_many(m);
    buffer->offset = owner == node ? net->buffer_count : owner->buffers[b].offset;
    if (owner == node && __builtin_add_overflow(net->buffer_count, buffer->count, &net->buffer_count)) return too_many(m);
  }
  return MOTH_OK;
}

moth_status network_lay_out(moth *m, moth_net *net) {
  moth_status status = check_used(m, net);
  if (status == MOTH_OK) status = check_indices(m, net);
  for (int i = 0; i < net->node_count && status == MOTH_OK; i++) {
    status = place_node(m, net, &net->nodes[i]);
  }
  if (status == MOTH_OK) net->output = *shape_given(net, net->output_node);
  return status;
}

/* ---- Values ------------------------------------------------------------------------------------------------------------------------- */

static double bytes_of(const moth_net *net, const layer_node *node) {
  double bytes = 0;
  for (int b = 0; b < node->block_count; b++) bytes += (double)node->blocks[b].count * (double)dtype_size(net->dtype);
  return bytes;
}

/* The parameters are more than the limit allows: by one layer, which is then named, or all together. */
static moth_status name_too_big(moth *m, const moth_net *net) {
  for (int i = 0; i < net->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    double bytes = bytes_of(net, node);
    if (node->owner != i || bytes <= (double)m->memory_limit) continue;
    char part[256], needed[32], limit[32];
    moth_part_text(node->part, part, sizeof part);
    text_bytes(needed, sizeof needed, bytes);
    text_bytes(limit, sizeof limit, (double)m->memory_limit);
    context_fail(m, MOTH_LIMIT, "net", "layer %d %s needs %s, the limit is %s (moth.limit)", node->number, part, needed, limit);
    return layer_hint_origin(m, node);
  }
  return MOTH_LIMIT;
}

moth_status network_allocate(moth *m, moth_net *net) {
  moth_status status = tensor_new(m, "net", net->dtype, 1, &net->parameter_count, true, &net->parameters);
  if (status == MOTH_LIMIT && m->memory_limit > 0) status = name_too_big(m, net);
  if (status == MOTH_OK) status = tensor_new(m, "net", net->dtype, 1, &net->buffer_count, true, &net->buffers);
  for (int i = 0; i < net->node_count && status == MOTH_OK; i++) {
    const layer_node *node = &net->nodes[i];
    for (int b = 0; b < node->block_count && status == MOTH_OK && node->owner == i; b++) status = add_ranges(m, net, node, b);
  }
  if (status != MOTH_OK) return status;
  for (int i = 0; i < net->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    if (node->owner != i) continue;
    for (int b = 0; b < node->buffer_count; b++) {
      char *values = net->buffers->values + (size_t)node->buffers[b].offset * dtype_size(net->dtype);
      m->kernels->of[net->dtype].fill(values, node->buffers[b].count, node->buffers[b].initial);
    }
  }
  return MOTH_OK;
}

moth_status network_initialize(moth *m, moth_net *net, random_source *source) {
  net->key = random_key(source);
  for (int i = 0; i < net->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    if (node->owner != i) continue;
    void *blocks[LAYER_MAX_BLOCKS];
    network_blocks(net, node, blocks);
    for (int b = 0; b < node->block_count; b++) {
      for (int v = 0; v < node->blocks[b].view_count; v++) {
        moth_status status = initializer_run(m, node, &node->blocks[b].views[v], source, blocks[b]);
        if (status != MOTH_OK) return status;
      }
    }
  }
  return MOTH_OK;
}
