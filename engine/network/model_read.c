/* A net from the JSON of its architecture. Nothing here trusts the text: depth, counts and kinds are checked, values go through the
 * schemas, unknown keys are refused. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "network/build.h"
#include "network/model.h"

typedef struct reading {
  moth *m;
  const char *where;
  int layer;                     /* of the script's list, from 1, for messages; 0: none yet */
  moth_part **layers;            /* read so far, retained, in the order in which they ended */
  int64_t count, capacity;
  int depth;
} reading;

static moth_status read_part(reading *r, unsigned kinds, json_t *object, moth_part **out);
static moth_status read_object(reading *r, const moth_row *row, json_t *object, const char *skip, moth_option **out);

#define FAIL(r, ...) context_fail((r)->m, MOTH_FORMAT, (r)->where, __VA_ARGS__)

/* ---- Values that a schema then takes -------------------------------------------------------------------------------------------------- */

static void free_list(moth *m, moth_option *list);

static void free_value(moth *m, moth_option *value) {
  size_t count = value->count;
  switch (value->kind) {
    case MOTH_OPTION_INTS: memory_free(m, (void *)value->as.integers, count, sizeof(int64_t)); break;
    case MOTH_OPTION_REALS: memory_free(m, (void *)value->as.reals, count, sizeof(double)); break;
    case MOTH_OPTION_TEXTS: memory_free(m, (void *)value->as.texts, count, sizeof(char *)); break;
    case MOTH_OPTION_PART: moth_release(value->as.part); break;
    case MOTH_OPTION_PARTS:
      for (size_t i = 0; i < count; i++) moth_release(value->as.parts[i]);
      memory_free(m, (void *)value->as.parts, count, sizeof(moth_part *));
      break;
    case MOTH_OPTION_OPTIONS: free_list(m, (moth_option *)value->as.options); break;
    default: break;
  }
}

/* A list ends in END; its length is counted there. */
static void free_list(moth *m, moth_option *list) {
  if (list == NULL) return;
  size_t count = 0;
  for (; list[count].kind != MOTH_OPTION_END; count++) free_value(m, &list[count]);
  memory_free(m, list, list[count].count, sizeof *list);
}

static moth_option_kind kind_of_list(const moth_option_row *row, const json_t *array) {
  size_t count = json_array_size(array), ints = 0, numbers = 0, texts = 0, objects = 0;
  for (size_t i = 0; i < count; i++) {
    const json_t *one = json_array_get(array, i);
    ints += json_is_integer(one);
    numbers += json_is_number(one);
    texts += json_is_string(one);
    objects += json_is_object(one);
  }
  unsigned accepted = row == NULL ? ~0u : row->kinds;
  if (objects == count && accepted & MOTH_OPTION_PARTS) return MOTH_OPTION_PARTS;
  if (ints == count && accepted & MOTH_OPTION_INTS) return MOTH_OPTION_INTS;
  if (numbers == count && accepted & MOTH_OPTION_REALS) return MOTH_OPTION_REALS;
  if (texts == count && accepted & MOTH_OPTION_TEXTS) return MOTH_OPTION_TEXTS;
  return numbers == count ? MOTH_OPTION_REALS : texts == count ? MOTH_OPTION_TEXTS : MOTH_OPTION_END;
}

static moth_status fill_list(reading *r, const moth_option_row *row, const json_t *array, moth_option *out) {
  size_t count = out->count;
  for (size_t i = 0; i < count; i++) {
    json_t *one = json_array_get(array, i);
    moth_status status = MOTH_OK;
    switch (out->kind) {
      case MOTH_OPTION_INTS: ((int64_t *)out->as.integers)[i] = json_integer_value(one); break;
      case MOTH_OPTION_REALS: ((double *)out->as.reals)[i] = json_number_value(one); break;
      case MOTH_OPTION_TEXTS: ((const char **)out->as.texts)[i] = json_string_value(one); break;
      default: status = read_part(r, row->parts, one, (moth_part **)&out->as.parts[i]); break;
    }
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

static moth_status read_list(reading *r, const moth_option_row *row, const char *key, const json_t *array, moth_option *out) {
  moth_option value = { .key = key, .kind = kind_of_list(row, array), .count = json_array_size(array) };
  if (value.kind == MOTH_OPTION_END) return FAIL(r, "layer %d: %.100s is a list of different things", r->layer, key);
  void *values = memory_new(r->m, value.count, sizeof(int64_t));
  if (values == NULL) return context_within(r->m, r->m->status, r->where);
  value.as.integers = values;    /* the members of the union are all pointers */
  moth_status status = fill_list(r, row, array, &value);
  if (status == MOTH_OK) *out = value;
  else free_value(r->m, &value);
  return status;
}

/* "inf", "-inf" and "nan" stand for the numbers that JSON lacks. */
static bool is_number_word(const moth_option_row *row, const char *text, double *value) {
  if (row == NULL || row->kinds & MOTH_OPTION_TEXT || !(row->kinds & MOTH_OPTION_REAL)) return false;
  if (strcmp(text, "inf") == 0) *value = INFINITY;
  else if (strcmp(text, "-inf") == 0) *value = -INFINITY;
  else if (strcmp(text, "nan") == 0) *value = NAN;
  else return false;
  return true;
}

static moth_status read_table(reading *r, const moth_option_row *row, const char *key, json_t *object, moth_option *out) {
  moth_option value = { .key = key };
  moth_status status;
  if (row != NULL && row->kinds & (MOTH_OPTION_PART | MOTH_OPTION_PARTS)) {
    value.kind = MOTH_OPTION_PART;
    status = read_part(r, row->parts, object, &value.as.part);
  } else if (row != NULL && row->kinds & MOTH_OPTION_OPTIONS) {
    moth_option *list;
    value.kind = MOTH_OPTION_OPTIONS;
    status = read_object(r, row->schema, object, NULL, &list);
    if (status == MOTH_OK) value.as.options = list;
  } else {
    return FAIL(r, "layer %d: %.100s is a table, which means nothing there", r->layer, key);
  }
  if (status == MOTH_OK) *out = value;
  return status;
}

static moth_status read_value(reading *r, const moth_option_row *row, const char *key, json_t *json, moth_option *out) {
  double special;
  switch (json_typeof(json)) {
    case JSON_INTEGER: *out = (moth_option)MOTH_INT(key, json_integer_value(json)); return MOTH_OK;
    case JSON_REAL: *out = (moth_option)MOTH_REAL(key, json_real_value(json)); return MOTH_OK;
    case JSON_TRUE:
    case JSON_FALSE: *out = (moth_option)MOTH_FLAG(key, json_is_true(json)); return MOTH_OK;
    case JSON_STRING:
      if (is_number_word(row, json_string_value(json), &special)) *out = (moth_option)MOTH_REAL(key, special);
      else *out = (moth_option)MOTH_TEXT(key, json_string_value(json));
      return MOTH_OK;
    case JSON_ARRAY: return read_list(r, row, key, json, out);
    case JSON_OBJECT: return read_table(r, row, key, json, out);
    default: return FAIL(r, "layer %d: %.100s is null", r->layer, key);
  }
}

/* The members of an object but `skip` as options, ended by END. */
static moth_status read_object(reading *r, const moth_row *row, json_t *object, const char *skip, moth_option **out) {
  size_t room = json_object_size(object) + 1, count = 0;
  moth_option *list = memory_new(r->m, room, sizeof *list);
  if (list == NULL) return context_within(r->m, r->m->status, r->where);
  list[0].count = room;
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    if (skip != NULL && strcmp(key, skip) == 0) continue;
    int at = options_find(row, key);
    moth_status status = at >= 0 && row->options[at].flags & MOTH_BUILDING
                             ? FAIL(r, "layer %d %s: %s does not belong in a file", r->layer, row->name, key)
                             : read_value(r, at < 0 ? NULL : &row->options[at], key, value, &list[count]);
    if (status != MOTH_OK) {
      list[count] = (moth_option){ .kind = MOTH_OPTION_END, .count = room };
      free_list(r->m, list);
      return status;
    }
    list[++count] = (moth_option){ .kind = MOTH_OPTION_END, .count = room };
  }
  *out = list;
  return MOTH_OK;
}

/* ---- Components ----------------------------------------------------------------------------------------------------------------------- */

static moth_status read_same(reading *r, const json_t *number, moth_part **out) {
  int64_t at = json_is_integer(number) ? json_integer_value(number) : 0;
  if (at < 1 || at > r->count) return FAIL(r, "layer %d: same_as names no layer before it", r->layer);
  *out = moth_retain(r->layers[at - 1]);
  return MOTH_OK;
}

static moth_status note_layer(reading *r, moth_part *part) {
  moth_status status = memory_grow(r->m, &r->layers, &r->capacity, r->count + 1, sizeof *r->layers);
  if (status != MOTH_OK) return context_within(r->m, status, r->where);
  r->layers[r->count++] = moth_retain(part);
  return MOTH_OK;
}

static moth_status make_part(reading *r, unsigned kind, const char *name, json_t *object, moth_part **out) {
  const moth_row *row = moth_find(r->m, (moth_part_kind)kind, name);
  char where[512];
  text_format(where, sizeof where, "%s: layer %d", r->where, r->layer);
  if (row == NULL) return part_find(r->m, where, 1u << kind, name, NULL, out);
  moth_option *list;
  moth_status status = read_object(r, row, object, moth_part_kind_name((moth_part_kind)kind), &list);
  if (status != MOTH_OK) return status;
  status = part_create(r->m, (moth_part_kind)kind, row, list, out);
  if (status != MOTH_OK) {
    text_format(where, sizeof where, "%s: layer %d %s", r->where, r->layer, row->name);
    context_within(r->m, status, where);
  }
  free_list(r->m, list);
  if (status != MOTH_OK || kind != MOTH_LAYER) return status;
  status = note_layer(r, *out);
  if (status != MOTH_OK) moth_release(*out);
  return status;
}

static moth_status read_part(reading *r, unsigned kinds, json_t *object, moth_part **out) {
  if (!json_is_object(object)) return FAIL(r, "layer %d: a component is no JSON object", r->layer);
  if (r->depth >= MODEL_DEPTH) return context_fail(r->m, MOTH_LIMIT, r->where, "layer %d: components lie more than %d deep", r->layer, MODEL_DEPTH);
  const json_t *same = json_object_get(object, "same_as");
  if (same != NULL && kinds & 1u << MOTH_LAYER) return read_same(r, same, out);
  for (unsigned kind = 0; kind < MOTH_PART_KINDS; kind++) {
    const char *name = json_string_value(json_object_get(object, moth_part_kind_name((moth_part_kind)kind)));
    if (!(kinds >> kind & 1) || name == NULL) continue;
    r->depth++;
    moth_status status = make_part(r, kind, name, object, out);
    r->depth--;
    return status;
  }
  return FAIL(r, "layer %d: a component says not what it is", r->layer);
}

/* ---- The net -------------------------------------------------------------------------------------------------------------------------- */

static moth_status check_root(reading *r, json_t *root) {
  static const char known[] = "version dtype name input layers frozen";
  if (!json_is_object(root)) return FAIL(r, "the architecture is no JSON object");
  const json_t *version = json_object_get(root, "version");
  if (!json_is_integer(version)) return FAIL(r, "the architecture has no version");
  if (json_integer_value(version) != MODEL_VERSION) {
    return FAIL(r, "the architecture is of version %lld, this library reads %d", (long long)json_integer_value(version), MODEL_VERSION);
  }
  const char *key;
  json_t *value;
  json_object_foreach(root, key, value) {
    if (!text_list_has(known, key)) return FAIL(r, "the architecture has '%.100s', which means nothing here", key);
  }
  const json_t *name = json_object_get(root, "name");
  if (!json_is_string(json_object_get(root, "dtype")) || (name != NULL && !json_is_string(name))) {
    return FAIL(r, "the architecture's dtype or name is no text");
  }
  if (!json_is_array(json_object_get(root, "layers"))) return FAIL(r, "the architecture has no list of layers");
  return MOTH_OK;
}

static moth_status read_input(reading *r, const json_t *input, int64_t *sizes, size_t *count) {
  *count = json_array_size(input);
  bool fits = json_is_array(input) && *count < MOTH_MAX_RANK;
  for (size_t i = 0; fits && i < *count; i++) {
    fits = json_is_integer(json_array_get(input, i));
    sizes[i] = json_integer_value(json_array_get(input, i));
  }
  return fits ? MOTH_OK : FAIL(r, "the architecture's input is no list of at most %d sizes", MOTH_MAX_RANK - 1);
}

static moth_status read_layers(reading *r, json_t *layers, moth_part **parts, size_t *read) {
  size_t count = json_array_size(layers);
  for (*read = 0; *read < count; ++*read) {
    r->layer = (int)*read + 1;
    moth_status status = read_part(r, 1u << MOTH_LAYER | 1u << MOTH_ACTIVATION, json_array_get(layers, *read), &parts[*read]);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

static moth_status freeze(reading *r, const json_t *frozen, moth_net *net) {
  if (frozen != NULL && !json_is_array(frozen)) return FAIL(r, "the architecture's frozen is no list");
  for (size_t i = 0; i < json_array_size(frozen); i++) {
    const json_t *number = json_array_get(frozen, i);
    int64_t layer = json_is_integer(number) ? json_integer_value(number) : 0;
    if (layer < 1 || layer > net->layer_count) return FAIL(r, "the architecture's frozen names no layer");
    net->layers[layer - 1].frozen = true;
  }
  return MOTH_OK;
}

static moth_status read_net(reading *r, json_t *root, moth_net **out) {
  moth_status status = check_root(r, root);
  if (status != MOTH_OK) return status;
  int64_t sizes[MOTH_MAX_RANK];
  size_t axes, read = 0, count = json_array_size(json_object_get(root, "layers"));
  status = read_input(r, json_object_get(root, "input"), sizes, &axes);
  if (status != MOTH_OK) return status;
  moth_part **parts = memory_new(r->m, count, sizeof *parts);
  if (parts == NULL) return context_within(r->m, r->m->status, r->where);
  status = read_layers(r, json_object_get(root, "layers"), parts, &read);
  const char *name = json_string_value(json_object_get(root, "name"));
  moth_option given[] = { MOTH_PARTS("layers", count, parts), MOTH_INTS("input", axes, sizes),
                          MOTH_TEXT("dtype", json_string_value(json_object_get(root, "dtype"))), MOTH_TEXT("name", name), MOTH_END };
  if (name == NULL) given[3] = (moth_option)MOTH_END;
  moth_net *net = NULL;
  if (status == MOTH_OK) status = network_read(r->m, r->where, given, &net);
  for (size_t i = 0; i < read; i++) moth_release(parts[i]);
  memory_free(r->m, parts, count, sizeof *parts);
  if (status == MOTH_OK) status = freeze(r, json_object_get(root, "frozen"), net);
  if (status == MOTH_OK) *out = net;
  else moth_release(net);
  return status;
}

moth_status model_read(moth *m, const char *where, const char *text, moth_net **net) {
  reading r = { .m = m, .where = where };
  json_error_t error;
  json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
  moth_status status;
  if (root != NULL) status = read_net(&r, root, net);
  else if (json_error_code(&error) == json_error_out_of_memory) status = context_fail(m, MOTH_MEMORY, where, "out of memory: the architecture");
  else status = FAIL(&r, "the architecture, byte %d: %s", error.position, error.text);
  json_decref(root);
  for (int64_t i = 0; i < r.count; i++) moth_release(r.layers[i]);
  memory_resize(m, r.layers, (size_t)r.capacity * sizeof *r.layers, 0);
  return status;
}
