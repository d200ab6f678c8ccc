/* Reading safetensors (github.com/huggingface/safetensors, "Format"): 8 bytes of header length, little-endian; a JSON object
 * {"name": {"dtype": "F32", "shape": [2,3], "data_offsets": [begin, end]}, …, "__metadata__": {"key": "text"}}; the values, without gaps.
 * Everything about the header is checked against the real size of the file before anything is allocated for values. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "formats/formats.h"

static const struct { const char *name; stored_type type; } dtypes[] = {
  { "F32", STORED_F32 }, { "F64", STORED_F64 }, { "F16", STORED_F16 }, { "BF16", STORED_BF16 }, { "I64", STORED_I64 },
  { "I32", STORED_I32 }, { "I16", STORED_I16 }, { "I8", STORED_I8 },   { "U32", STORED_U32 },   { "U16", STORED_U16 },
  { "U8", STORED_U8 },   { "BOOL", STORED_BOOL },
};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };
static const char metadata_key[] = "__metadata__";

/* One tensor as the header describes it. */
typedef struct span { const char *name; stored_type type; int rank; int64_t size[MOTH_MAX_RANK]; uint64_t begin, end; } span;

typedef struct reading {
  moth *m;
  stream *from;
  storage *mapped;               /* NULL: values are read */
  json_t *root;
  span *spans;
  int64_t count;                 /* of spans filled */
  int64_t room;                  /* as allocated */
  uint64_t values_at, values_size;
} reading;

#define FAIL(r, ...) context_fail((r)->m, MOTH_FORMAT, (r)->from->where, __VA_ARGS__)

/* ---- The header ---- */

/* A tree takes a multiple of its text, from the C library's allocator: a context with a limit does not let it grow past that. */
static bool tree_fits(const moth *m, uint64_t bytes) {
  return m->memory_limit == 0 || (m->memory_used < m->memory_limit && bytes <= (m->memory_limit - m->memory_used) / 32);
}

static moth_status parse(reading *r, const char *text, size_t size) {
  json_error_t error;
  if (text[0] != '{') return FAIL(r, "%s: the header is no JSON object", r->from->name);
  r->root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  if (r->root) return MOTH_OK;
  if (json_error_code(&error) == json_error_out_of_memory) {
    return context_fail(r->m, MOTH_MEMORY, r->from->where, "%s: out of memory: a header of %zu bytes", r->from->name, size);
  }
  return FAIL(r, "%s: header byte %d: %s", r->from->name, error.position, error.text);
}

static moth_status read_header(reading *r) {
  uint8_t head[8];
  size_t got = 0;
  uint64_t length = 0, whole;
  moth_status status = stream_size(r->from, &whole);
  if (!status) status = stream_read(r->from, head, sizeof head, &got);
  if (status) return status;
  if (got < sizeof head) return FAIL(r, "%s: file has %zu bytes, a safetensors file at least 8 (cut short?)", r->from->name, got);
  for (int i = 7; i >= 0; i--) length = length << 8 | head[i];
  if (length > SAFETENSORS_MAX_HEADER) {
    return context_fail(r->m, MOTH_LIMIT, r->from->where, "%s: a header of %llu bytes, at most %d (is it a safetensors file?)",
                        r->from->name, (unsigned long long)length, SAFETENSORS_MAX_HEADER);
  }
  if (length < 2) return FAIL(r, "%s: a header of %llu bytes holds no JSON object", r->from->name, (unsigned long long)length);
  if (!tree_fits(r->m, length)) {
    return context_fail(r->m, MOTH_LIMIT, r->from->where, "%s: a header of %llu bytes is more than the memory limit leaves room for",
                        r->from->name, (unsigned long long)length);
  }
  moth_tensor *text = NULL;
  uint64_t came = 0;
  status = values_read(r->from, length, &text, &came);
  if (status) return status;
  if (!text) {
    return FAIL(r, "%s: file has %llu bytes, its header asks for %llu (cut short?)", r->from->name, (unsigned long long)(8 + came),
                (unsigned long long)(8 + length));
  }
  r->values_at = 8 + length;
  status = parse(r, text->values, (size_t)length);
  object_release(&text->base);
  return status;
}

/* ---- One entry ---- */

static moth_status read_dtype(reading *r, span *s, const json_t *value) {
  const char *name = json_string_value(value);
  for (int i = 0; name && i < DTYPES; i++) {
    if (strcmp(dtypes[i].name, name) != 0) continue;
    s->type = dtypes[i].type;
    return MOTH_OK;
  }
  if (!name) return FAIL(r, "%s: '%.200s' has no dtype", r->from->name, s->name);
  return context_fail(r->m, MOTH_DTYPE, r->from->where,
                      "%s: '%.200s' is %.40s; what can be read is F32 F64 F16 BF16 I64 I32 I16 I8 U32 U16 U8 BOOL", r->from->name, s->name,
                      name);
}

static moth_status read_shape(reading *r, span *s, const json_t *value) {
  if (!json_is_array(value)) return FAIL(r, "%s: '%.200s' has no shape", r->from->name, s->name);
  size_t rank = json_array_size(value);
  if (rank > MOTH_MAX_RANK) {
    return context_fail(r->m, MOTH_LIMIT, r->from->where, "%s: '%.200s' has %zu axes, at most %d", r->from->name, s->name, rank,
                        MOTH_MAX_RANK);
  }
  for (size_t i = 0; i < rank; i++) {
    const json_t *size = json_array_get(value, i);
    if (!json_is_integer(size) || json_integer_value(size) < 0) {
      return FAIL(r, "%s: a size in the shape of '%.200s' is no whole number", r->from->name, s->name);
    }
    s->size[i] = json_integer_value(size);
  }
  s->rank = (int)rank;
  return MOTH_OK;
}

static moth_status read_offsets(reading *r, span *s, const json_t *value) {
  const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
  if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end) || json_integer_value(begin) < 0 ||
      json_integer_value(end) < json_integer_value(begin)) {
    return FAIL(r, "%s: '%.200s' has no data_offsets [begin, end]", r->from->name, s->name);
  }
  s->begin = (uint64_t)json_integer_value(begin), s->end = (uint64_t)json_integer_value(end);
  int64_t count;
  char shape[192];
  shape_text(s->rank, s->size, shape, sizeof shape);
  if (!shape_count(s->rank, s->size, &count)) {
    return context_fail(r->m, MOTH_LIMIT, r->from->where, "%s: '%.200s' is %s, more elements than can be addressed", r->from->name, s->name,
                        shape);
  }
  uint64_t bytes = (uint64_t)count * (uint64_t)stored_width(s->type);
  if (s->end - s->begin == bytes) return MOTH_OK;
  return FAIL(r, "%s: '%.200s' of shape %s takes %llu bytes, its data_offsets hold %llu", r->from->name, s->name, shape,
              (unsigned long long)bytes, (unsigned long long)(s->end - s->begin));
}

static moth_status read_span(reading *r, const char *name, json_t *value) {
  span *s = &r->spans[r->count];
  *s = (span){ .name = name };
  if (!json_is_object(value)) return FAIL(r, "%s: '%.200s' is no JSON object", r->from->name, name);
  const char *key;
  json_t *field;
  json_object_foreach(value, key, field) {
    if (strcmp(key, "dtype") == 0 || strcmp(key, "shape") == 0 || strcmp(key, "data_offsets") == 0) continue;
    return FAIL(r, "%s: '%.200s' has '%.200s', which means nothing here", r->from->name, name, key);
  }
  moth_status status = read_dtype(r, s, json_object_get(value, "dtype"));
  if (!status) status = read_shape(r, s, json_object_get(value, "shape"));
  if (!status) status = read_offsets(r, s, json_object_get(value, "data_offsets"));
  if (!status) r->count++;
  return status;
}

/* ---- The whole ---- */

static int by_begin(const void *a, const void *b) {
  const span *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end) return x->end < y->end ? -1 : 1;
  return strcmp(x->name, y->name);
}

static moth_status check_spans(reading *r) {
  if (r->count > 0) qsort(r->spans, (size_t)r->count, sizeof *r->spans, by_begin);
  uint64_t at = 0;
  for (int64_t i = 0; i < r->count; i++) {
    const span *s = &r->spans[i];
    if (s->begin != at) {
      return FAIL(r, "%s: values of '%.200s' begin at byte %llu, the ones before end at %llu", r->from->name, s->name,
                  (unsigned long long)s->begin, (unsigned long long)at);
    }
    at = s->end;
  }
  r->values_size = at;
  uint64_t whole, wanted = r->values_at + at;
  moth_status status = stream_size(r->from, &whole);
  if (status || whole == UINT64_MAX || whole == wanted) return status;
  return FAIL(r, "%s: file has %llu bytes, its header asks for %llu%s", r->from->name, (unsigned long long)whole,
              (unsigned long long)wanted, whole < wanted ? " (cut short?)" : "");
}

/* With a stream that does not know its size (gzip). */
static moth_status check_end(reading *r) {
  char byte;
  size_t got = 0;
  moth_status status = stream_read(r->from, &byte, 1, &got);
  if (status || got == 0) return status;
  return FAIL(r, "%s: file has more than the %llu bytes its header asks for", r->from->name,
              (unsigned long long)(r->values_at + r->values_size));
}

static moth_status check_flags(reading *r, const span *s, const char *bytes) {
  int64_t bad = s->type == STORED_BOOL ? values_misfit(bytes, (int64_t)(s->end - s->begin)) : -1;
  if (bad < 0) return MOTH_OK;
  return FAIL(r, "%s: '%.200s' is BOOL, byte %lld of it is %d", r->from->name, s->name, (long long)bad, (uint8_t)bytes[bad]);
}

static moth_status map_value(reading *r, const span *s, moth_tensor **t) {
  char label[256];
  text_format(label, sizeof label, ": '%.200s'", s->name);
  moth_status status = values_over(r->from, r->mapped, label, s->type, false, r->values_at + s->begin, s->rank, s->size, t);
  return status ? status : check_flags(r, s, (*t)->values);
}

static moth_status read_value(reading *r, const span *s, moth_tensor **t) {
  uint64_t got = 0, bytes = s->end - s->begin;
  moth_tensor *values = NULL;
  moth_status status = values_read(r->from, bytes, &values, &got);
  if (status) return status;
  if (!values) {
    return FAIL(r, "%s: file has %llu bytes, its header asks for %llu (cut short?)", r->from->name,
                (unsigned long long)(r->values_at + s->begin + got), (unsigned long long)(r->values_at + r->values_size));
  }
  status = check_flags(r, s, values->values);
  if (!status) status = values_tensor(r->m, r->from->where, values, s->type, false, s->rank, s->size, t);
  object_release(&values->base);
  return status;
}

static moth_status read_values(reading *r, safetensors_file *file) {
  for (int64_t i = 0; i < r->count; i++) {
    const span *s = &r->spans[i];
    moth_status status = r->mapped ? map_value(r, s, &file->tensors[i]) : read_value(r, s, &file->tensors[i]);
    if (status) return status;
    file->names[i] = memory_text(r->m, s->name);
    if (!file->names[i]) return context_within(r->m, r->m->status, r->from->where);
  }
  return r->mapped ? MOTH_OK : check_end(r);
}

static moth_status read_metadata(reading *r, const json_t *metadata, safetensors_file *file) {
  if (!metadata) return MOTH_OK;
  if (!json_is_object(metadata)) return FAIL(r, "%s: __metadata__ is no JSON object", r->from->name);
  int count = (int)json_object_size(metadata);
  file->keys = memory_new(r->m, (size_t)count, sizeof *file->keys);
  file->texts = file->keys ? memory_new(r->m, (size_t)count, sizeof *file->texts) : NULL;
  file->metadata_count = count;
  if (!file->texts) return context_within(r->m, r->m->status, r->from->where);
  int i = 0;
  for (void *at = json_object_iter((json_t *)metadata); at; at = json_object_iter_next((json_t *)metadata, at), i++) {
    const char *key = json_object_iter_key(at), *text = json_string_value(json_object_iter_value(at));
    if (!text) return FAIL(r, "%s: '%.200s' in __metadata__ is no text", r->from->name, key);
    file->keys[i] = memory_text(r->m, key);
    file->texts[i] = file->keys[i] ? memory_text(r->m, text) : NULL;
    if (!file->texts[i]) return context_within(r->m, r->m->status, r->from->where);
  }
  return MOTH_OK;
}

static moth_status read_file(reading *r, safetensors_file *file) {
  moth_status status = read_header(r);
  if (status) return status;
  r->room = (int64_t)json_object_size(r->root);
  r->spans = memory_new(r->m, (size_t)r->room, sizeof *r->spans);
  if (!r->spans) return context_within(r->m, r->m->status, r->from->where);
  const char *key;
  json_t *value;
  json_object_foreach(r->root, key, value) {
    if (strcmp(key, metadata_key) != 0) status = read_span(r, key, value);
    if (status) return status;
  }
  status = check_spans(r);
  if (!status) status = read_metadata(r, json_object_get(r->root, metadata_key), file);
  if (status) return status;
  file->names = memory_new(r->m, (size_t)r->count, sizeof *file->names);
  file->tensors = file->names ? memory_new(r->m, (size_t)r->count, sizeof *file->tensors) : NULL;
  file->count = (int)r->count;
  if (!file->tensors) return context_within(r->m, r->m->status, r->from->where);
  return read_values(r, file);
}

moth_status safetensors_read(stream *from, safetensors_file *file) { return safetensors_map(from, NULL, file); }

moth_status safetensors_map(stream *from, storage *mapped, safetensors_file *file) {
  *file = (safetensors_file){ .m = from->m };
  reading r = { .m = from->m, .from = from, .mapped = mapped };
  moth_status status = read_file(&r, file);
  memory_free(r.m, r.spans, (size_t)r.room, sizeof *r.spans);
  json_decref(r.root);
  if (status) safetensors_free(file);
  return status;
}

void safetensors_free(safetensors_file *file) {
  moth *m = file->m;
  if (!m) return;
  for (int i = 0; i < file->count; i++) {
    if (file->names) memory_text_free(m, file->names[i]);
    if (file->tensors && file->tensors[i]) object_release(&file->tensors[i]->base);
  }
  for (int i = 0; i < file->metadata_count; i++) {
    if (file->keys) memory_text_free(m, file->keys[i]);
    if (file->texts) memory_text_free(m, file->texts[i]);
  }
  memory_free(m, file->names, (size_t)file->count, sizeof *file->names);
  memory_free(m, file->tensors, (size_t)file->count, sizeof *file->tensors);
  memory_free(m, file->keys, (size_t)file->metadata_count, sizeof *file->keys);
  memory_free(m, file->texts, (size_t)file->metadata_count, sizeof *file->texts);
  *file = (safetensors_file){ 0 };
}

const char *safetensors_metadata(const safetensors_file *file, const char *key) {
  for (int i = 0; i < file->metadata_count; i++) {
    if (strcmp(file->keys[i], key) == 0) return file->texts[i];
  }
  return NULL;
}

moth_tensor *safetensors_tensor(const safetensors_file *file, const char *name) {
  for (int i = 0; i < file->count; i++) {
    if (strcmp(file->names[i], name) == 0) return file->tensors[i];
  }
  return NULL;
}
