/* Nets from scripts' options, from private graphs, and copies of nets. */
#include <math.h>
#include <string.h>

#include "math/kernels.h"
#include "network/build.h"

enum { NET_LAYERS, NET_INPUT, NET_DTYPE, NET_NAME, NET_ORIGIN, NET_SEED };

static const moth_option_row net_options[] = {
  [NET_LAYERS] = { .key = "layers", .doc = "the layers, first to last; false is no layer", .kinds = MOTH_OPTION_PARTS, .position = 1,
                   .flags = MOTH_REST, .parts = 1 << MOTH_LAYER | 1 << MOTH_ACTIVATION },
  [NET_INPUT] = { .key = "input", .doc = "shape of one sample: 64 or { 1, 28, 28 }", .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS,
                  .flags = MOTH_RANGED, .low = 1, .high = 9007199254740992.0, .foreign = "input_shape input_size input_dim in_features" },
  [NET_DTYPE] = { .key = "dtype", .doc = "of its parameters and of all it computes", .kinds = MOTH_OPTION_TEXT, .choices = "f32 f64",
                  .fallback = MOTH_TEXT(NULL, "f32") },
  [NET_NAME] = { .key = "name", .doc = "a name for messages and files", .kinds = MOTH_OPTION_TEXT },
  [NET_ORIGIN] = { .key = "origin", .doc = "where the script made it", .kinds = MOTH_OPTION_TEXT, .flags = MOTH_BUILDING },
  [NET_SEED] = { .key = "seed", .doc = "of its first weights; by default one draw of the context's generator", .kinds = MOTH_OPTION_INT,
                 .flags = MOTH_BUILDING },
};

const moth_row network_row = {
  .name = "net", .options = net_options, .option_count = sizeof net_options / sizeof *net_options,
  .doc = "A network of layers.\nThe shape of a sample goes from layer to layer; parameters are made, and errors come, at once.",
  .example = "moth.net{ input = 64, moth.dense(128, \"relu\"), moth.dense(10, \"softmax\") }",
  .foreign = "Sequential sequential network model Model" };

static moth_status shape_read(moth *m, const moth_option *given, moth_shape *shape) {
  if (given->kind == MOTH_OPTION_INT) {
    *shape = (moth_shape){ .rank = 1, .size = { given->as.integer } };
    return MOTH_OK;
  }
  if (given->count > MOTH_MAX_RANK - 1) {
    return context_fail(m, MOTH_LIMIT, "net", "input has %zu axes, a sample has at most %d", given->count, MOTH_MAX_RANK - 1);
  }
  *shape = (moth_shape){ .rank = (int)given->count };
  for (int i = 0; i < shape->rank; i++) shape->size[i] = given->as.integers[i];
  return MOTH_OK;
}

static const moth_option *own_input(const moth_part *part) {
  int i = options_find(part->row, "input");
  return i >= 0 && options_is_set(&part->options, i) ? &part->options.values[i] : NULL;
}

/* A layer with an input of its own is a net of one; in a list of several it is a mistake. */
static moth_status input_of(moth *m, const options *o, moth_shape *shape) {
  size_t count = options_is_set(o, NET_LAYERS) ? o->values[NET_LAYERS].count : 0;
  if (count == 0) return context_fail(m, MOTH_OPTION, "net", "layers are missing, as in moth.net{ input = 64, moth.dense(10) }");
  moth_part *const *parts = o->values[NET_LAYERS].as.parts;
  for (size_t i = 0; i < count && (count > 1 || options_is_set(o, NET_INPUT)); i++) {
    if (own_input(parts[i]) == NULL) continue;
    char text[128];
    moth_part_text(parts[i], text, sizeof text);
    context_fail(m, MOTH_OPTION, "net", "layer %d %s was made alone, with an input of its own", (int)i + 1, text);
    return context_hint(m, "make it without input = and take its weights over: net[%d]:copy_(layer)", (int)i + 1);
  }
  const moth_option *given = options_is_set(o, NET_INPUT) ? &o->values[NET_INPUT] : own_input(parts[0]);
  if (given != NULL) return shape_read(m, given, shape);
  return context_fail(m, MOTH_OPTION, "net", "input is missing: the shape of one sample, as in moth.net{ input = 64, ... }");
}

moth_status network_read(moth *m, const char *where, const moth_option *given, moth_net **net) {
  options o;
  moth_status status = options_read(m, where, &network_row, given, &o);
  if (status != MOTH_OK) return status;
  moth_shape input;
  moth_dtype dtype = MOTH_F32;
  moth_net *self = NULL;
  moth_dtype_find(options_word(&o, NET_DTYPE), &dtype);
  status = input_of(m, &o, &input);
  if (status == MOTH_OK) status = network_new(m, dtype, &input, &self);
  if (status != MOTH_OK) {
    options_free(m, &o);
    return context_within(m, status, where);
  }
  self->options = o;
  status = network_chain(m, self, o.values[NET_LAYERS].as.parts, o.values[NET_LAYERS].count);
  if (status == MOTH_OK) status = network_lay_out(m, self);
  if (status == MOTH_OK) *net = self;
  else moth_release(self);
  return context_within(m, status, where);
}

/* Allocates and initializes; a failure leaves the context's generator where it was. */
static moth_status first_values(moth *m, moth_net *net, const uint64_t *seed) {
  moth_status status = network_allocate(m, net);
  if (status != MOTH_OK) return status;
  random_source before = m->random;
  random_source source = { .seed = seed != NULL ? *seed : random_key(&m->random) };
  status = network_initialize(m, net, &source);
  if (status != MOTH_OK) m->random = before;
  return status;
}

moth_status moth_net_create(moth *m, const moth_option *given, moth_net **net) {
  moth_status status = context_check(m, "net");
  if (status != MOTH_OK) return status;
  if (net == NULL) return context_fail(m, MOTH_MISUSE, "net", "no place for the result");
  moth_net *self;
  status = network_read(m, "net", given, &self);
  if (status != MOTH_OK) return status;
  uint64_t seed = options_is_set(&self->options, NET_SEED) ? (uint64_t)options_int(&self->options, NET_SEED) : 0;
  status = first_values(m, self, options_is_set(&self->options, NET_SEED) ? &seed : NULL);
  if (status == MOTH_OK) *net = self;
  else moth_release(self);
  return status;
}

moth_status network_create(moth *m, moth_dtype dtype, const moth_shape *input, network_builder build, void *data, moth_net **net) {
  moth_net *self;
  moth_status status = network_new(m, dtype, input, &self);
  if (status != MOTH_OK) return status;
  status = network_graph(m, self, build, data);
  if (status == MOTH_OK) status = network_lay_out(m, self);
  if (status == MOTH_OK) status = first_values(m, self, NULL);
  if (status == MOTH_OK) *net = self;
  else moth_release(self);
  return status;
}

/* Values between dtypes: a clone in f64 of an f32 net is what check works on. */
static void copy_values(moth *m, const moth_tensor *from, moth_tensor *to) {
  moth_status status = tensor_copy(m, "clone", from, to);
  (void)status;                  /* contiguous, apart, between floats: cannot fail */
}

moth_status network_clone(moth *m, const moth_net *net, moth_dtype dtype, moth_net **copy) {
  moth_net *self;
  moth_status status = network_new(m, dtype, &net->input, &self);
  if (status != MOTH_OK) return context_within(m, status, "clone");
  if (net->options.values != NULL) status = options_copy(m, &net->options, &self->options);
  if (status == MOTH_OK) status = network_copy_nodes(m, self, net);
  if (status == MOTH_OK) status = network_lay_out(m, self);
  if (status == MOTH_OK) status = network_allocate(m, self);
  if (status != MOTH_OK) {
    moth_release(self);
    return context_within(m, status, "clone");
  }
  copy_values(m, net->parameters, self->parameters);
  copy_values(m, net->buffers, self->buffers);
  self->key = net->key;
  self->forwards = net->forwards;
  *copy = self;
  return MOTH_OK;
}

moth_status moth_net_clone(moth *m, const moth_net *net, moth_net **copy) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, "clone", "argument 1");
  if (status != MOTH_OK) return status;
  if (copy == NULL) return context_fail(m, MOTH_MISUSE, "clone", "no place for the result");
  return network_clone(m, net, net->dtype, copy);
}
