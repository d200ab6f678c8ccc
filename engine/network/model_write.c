/* A net's architecture as JSON. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "network/model.h"

typedef struct writing {
  moth *m;
  const char *where;
  const char *layer;             /* under way, for messages */
  const moth_part **layers;      /* written so far, in the order in which they ended */
  int64_t count, capacity;
  int depth;
} writing;

static moth_status write_part(writing *w, const moth_part *part, json_t **out);
static moth_status write_options(writing *w, const moth_row *row, const moth_option *values, size_t count, json_t *object);

static moth_status no_memory(const writing *w) { return context_fail(w->m, MOTH_MEMORY, w->where, "out of memory: the architecture's text"); }

static moth_status refuse(const writing *w, const char *key, const char *what) {
  return context_fail(w->m, MOTH_OPTION, w->where, "%s: %s is %s, which a model file cannot hold", w->layer, key, what);
}

/* JSON knows no infinities. */
static json_t *number(double value) {
  if (isfinite(value)) return json_real(value);
  return json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

/* Takes `value`, whatever becomes of it. */
static moth_status append(const writing *w, json_t *array, json_t *value) {
  return array == NULL || value == NULL || json_array_append_new(array, value) != 0 ? no_memory(w) : MOTH_OK;
}

static moth_status write_list(writing *w, const moth_option *value, json_t **out) {
  json_t *array = json_array();
  moth_status status = array == NULL ? no_memory(w) : MOTH_OK;
  for (size_t i = 0; i < value->count && status == MOTH_OK; i++) {
    json_t *one = NULL;
    switch (value->kind) {
      case MOTH_OPTION_INTS: one = json_integer(value->as.integers[i]); break;
      case MOTH_OPTION_REALS: one = number(value->as.reals[i]); break;
      case MOTH_OPTION_TEXTS: one = json_string(value->as.texts[i]); break;
      default: status = write_part(w, value->as.parts[i], &one); break;
    }
    if (status == MOTH_OK) status = append(w, array, one);
  }
  if (status == MOTH_OK) *out = array;
  else json_decref(array);
  return status;
}

static moth_status write_nested(writing *w, const moth_option_row *row, const moth_option *value, json_t **out) {
  json_t *object = json_object();
  if (object == NULL) return no_memory(w);
  moth_status status = write_options(w, row->schema, value->as.options, value->count, object);
  if (status == MOTH_OK) *out = object;
  else json_decref(object);
  return status;
}

static moth_status write_value(writing *w, const moth_option_row *row, const moth_option *value, json_t **out) {
  switch (value->kind) {
    case MOTH_OPTION_INT: *out = json_integer(value->as.integer); break;
    case MOTH_OPTION_REAL: *out = number(value->as.real); break;
    case MOTH_OPTION_TEXT: *out = json_string(value->as.text); break;
    case MOTH_OPTION_FLAG: *out = json_boolean(value->as.flag); break;
    case MOTH_OPTION_PART: return write_part(w, value->as.part, out);
    case MOTH_OPTION_OPTIONS: return write_nested(w, row, value, out);
    case MOTH_OPTION_TENSOR: return refuse(w, row->key, "a tensor");
    case MOTH_OPTION_CALL: return refuse(w, row->key, "a function");
    case MOTH_OPTION_OBJECT: return refuse(w, row->key, "a handle");
    default: return write_list(w, value, out);
  }
  if (*out != NULL) return MOTH_OK;
  return value->kind == MOTH_OPTION_TEXT ? refuse(w, row->key, "no UTF-8 text") : no_memory(w);
}

/* `values` in any order; those of a part stand in the schema's. */
static moth_status write_options(writing *w, const moth_row *row, const moth_option *values, size_t count, json_t *object) {
  for (size_t i = 0; i < count; i++) {
    int at = values[i].kind == MOTH_OPTION_END ? -1 : options_find(row, values[i].key);
    if (at < 0 || row->options[at].flags & MOTH_BUILDING) continue;
    json_t *value = NULL;
    moth_status status = write_value(w, &row->options[at], &values[i], &value);
    if (status != MOTH_OK) return status;
    if (json_object_set_new(object, row->options[at].key, value) != 0) return no_memory(w);
  }
  return MOTH_OK;
}

static int64_t find_written(const writing *w, const moth_part *part) {
  for (int64_t i = 0; i < w->count; i++) {
    if (w->layers[i] == part) return i;
  }
  return -1;
}

static moth_status note_layer(writing *w, const moth_part *part) {
  moth_status status = memory_grow(w->m, &w->layers, &w->capacity, w->count + 1, sizeof *w->layers);
  if (status == MOTH_OK) w->layers[w->count++] = part;
  return context_within(w->m, status, w->where);
}

static moth_status fill_part(writing *w, const moth_part *part, json_t *object) {
  if (w->depth >= MODEL_DEPTH) return context_fail(w->m, MOTH_LIMIT, w->where, "%s: components lie more than %d deep", w->layer, MODEL_DEPTH);
  if (json_object_set_new(object, moth_part_kind_name(part->kind), json_string(part->row->name)) != 0) return no_memory(w);
  w->depth++;
  moth_status status = write_options(w, part->row, part->options.values, (size_t)part->row->option_count, object);
  w->depth--;
  if (status == MOTH_OK && part->kind == MOTH_LAYER) status = note_layer(w, part);
  return status;
}

static moth_status write_part(writing *w, const moth_part *part, json_t **out) {
  json_t *object = json_object();
  if (object == NULL) return no_memory(w);
  int64_t same = part->kind == MOTH_LAYER ? find_written(w, part) : -1;
  moth_status status = same < 0 ? fill_part(w, part, object)
                       : json_object_set_new(object, "same_as", json_integer(same + 1)) == 0 ? MOTH_OK : no_memory(w);
  if (status == MOTH_OK) *out = object;
  else json_decref(object);
  return status;
}

static moth_status write_layers(writing *w, const moth_net *net, json_t *layers, json_t *frozen) {
  for (int i = 0; i < net->layer_count; i++) {
    char text[192];
    network_layer_text(net, i, text, sizeof text);
    w->layer = text;
    json_t *one = NULL;
    moth_status status = write_part(w, net->layers[i].part, &one);
    if (status == MOTH_OK) status = append(w, layers, one);
    if (status == MOTH_OK && net->layers[i].frozen) status = append(w, frozen, json_integer(i + 1));
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

static moth_status write_net(writing *w, const moth_net *net, json_t *root) {
  json_t *input = json_array(), *layers = json_array(), *frozen = json_array();
  moth_status status = input == NULL || layers == NULL || frozen == NULL ? no_memory(w) : MOTH_OK;
  for (int i = 0; i < net->input.rank && status == MOTH_OK; i++) status = append(w, input, json_integer(net->input.size[i]));
  if (status == MOTH_OK) status = write_layers(w, net, layers, frozen);
  int name = options_find(net->options.row, "name");
  const char *own = options_word(&net->options, name);
  bool failed = json_object_set_new(root, "version", json_integer(MODEL_VERSION)) != 0;
  failed |= json_object_set_new(root, "dtype", json_string(moth_dtype_name(net->dtype))) != 0;
  if (own != NULL) failed |= json_object_set_new(root, "name", json_string(own)) != 0;
  failed |= json_object_set(root, "input", input) != 0 || json_object_set(root, "layers", layers) != 0;
  if (json_array_size(frozen) > 0) failed |= json_object_set(root, "frozen", frozen) != 0;
  json_decref(input);
  json_decref(layers);
  json_decref(frozen);
  return status == MOTH_OK && failed ? no_memory(w) : status;
}

moth_status model_architecture(moth *m, const char *where, const moth_net *net, char **text) {
  if (net->options.values == NULL) return context_fail(m, MOTH_MISUSE, where, "this net was built in C; a model file holds nets of layers");
  writing w = { .m = m, .where = where };
  json_t *root = json_object();
  moth_status status = root == NULL ? no_memory(&w) : write_net(&w, net, root);
  if (status == MOTH_OK) {
    *text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (*text == NULL) status = no_memory(&w);
  }
  json_decref(root);
  memory_resize(m, w.layers, (size_t)w.capacity * sizeof *w.layers, 0);
  return status;
}
