/* Writing safetensors: the header in the order given, then the values, one after the other. */
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "formats/formats.h"

static const char *const dtype_words[MOTH_DTYPES] = {
  [MOTH_F32] = "F32", [MOTH_F64] = "F64", [MOTH_I64] = "I64", [MOTH_U8] = "U8", [MOTH_BOOL] = "BOOL",
};

/* A JSON string. */
static void add_string(text_buffer *header, const char *text) {
  text_buffer_bytes(header, "\"", 1);
  for (const char *at = text; *at;) {
    size_t plain = 0;
    while ((uint8_t)at[plain] >= 0x20 && at[plain] != '"' && at[plain] != '\\') plain++;
    text_buffer_bytes(header, at, plain);
    at += plain;
    if (*at) text_buffer_add(header, *at == '"' || *at == '\\' ? "\\%c" : "\\u%04x", *at);
    at += *at != 0;
  }
  text_buffer_bytes(header, "\"", 1);
}

static moth_status named_twice(stream *to, const char *name) {
  return context_fail(to->m, MOTH_OPTION, to->where, "%s: two are named '%.200s'", to->name, name);
}

static moth_status check_texts(stream *to, const char *const *texts, int count, bool are_names) {
  for (int i = 0; i < count; i++) {
    if (!named_is_utf8(texts[i])) return context_fail(to->m, MOTH_OPTION, to->where, "%s: '%.200s' is not UTF-8", to->name, texts[i]);
    for (int j = 0; are_names && j < i; j++) {
      if (strcmp(texts[i], texts[j]) == 0) return named_twice(to, texts[i]);
    }
  }
  return MOTH_OK;
}

static moth_status check_entries(stream *to, const safetensors_entry *entries, int count) {
  for (int i = 0; i < count; i++) {
    const char *name = entries[i].name;
    if (strcmp(name, "__metadata__") == 0) {
      return context_fail(to->m, MOTH_OPTION, to->where, "%s: no tensor can be named '__metadata__'", to->name);
    }
    moth_status status = check_texts(to, &name, 1, false);
    if (status) return status;
    for (int j = 0; j < i; j++) {
      if (strcmp(name, entries[j].name) == 0) return named_twice(to, name);
    }
  }
  return MOTH_OK;
}

static void add_entry(text_buffer *header, const safetensors_entry *entry, uint64_t *offset) {
  const moth_tensor *t = entry->values;
  uint64_t bytes = (uint64_t)t->count * dtype_size(t->dtype);
  add_string(header, entry->name);
  text_buffer_add(header, ":{\"dtype\":\"%s\",\"shape\":[", dtype_words[t->dtype]);
  for (int i = 0; i < t->rank; i++) text_buffer_add(header, i ? ",%lld" : "%lld", (long long)t->size[i]);
  text_buffer_add(header, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)*offset, (unsigned long long)(*offset + bytes));
  *offset += bytes;
}

static moth_status write_header(stream *to, text_buffer *header) {
  while (header->length % 8 != 0 && !header->failed) text_buffer_bytes(header, " ", 1);
  if (header->failed) return context_within(to->m, to->m->status, to->where);
  if (header->length > SAFETENSORS_MAX_HEADER) {
    return context_fail(to->m, MOTH_LIMIT, to->where, "%s: a header of %lld bytes, at most %d", to->name, (long long)header->length,
                        SAFETENSORS_MAX_HEADER);
  }
  uint8_t head[8];
  for (int i = 0; i < 8; i++) head[i] = (uint8_t)((uint64_t)header->length >> 8 * i);
  moth_status status = stream_write(to, head, sizeof head);
  return status ? status : stream_write(to, header->bytes, (size_t)header->length);
}

moth_status safetensors_write(stream *to, const safetensors_entry *entries, int count, const char *const *metadata_keys,
                              const char *const *metadata_texts, int metadata_count) {
  moth_status status = check_entries(to, entries, count);
  if (!status) status = check_texts(to, metadata_keys, metadata_count, true);
  if (!status) status = check_texts(to, metadata_texts, metadata_count, false);
  if (status) return status;
  text_buffer header;
  uint64_t offset = 0;
  text_buffer_open(&header, to->m);
  text_buffer_add(&header, "{");
  if (metadata_count > 0) text_buffer_add(&header, "\"__metadata__\":{");
  for (int i = 0; i < metadata_count; i++) {
    if (i > 0) text_buffer_add(&header, ",");
    add_string(&header, metadata_keys[i]);
    text_buffer_add(&header, ":");
    add_string(&header, metadata_texts[i]);
  }
  if (metadata_count > 0) text_buffer_add(&header, count > 0 ? "}," : "}");
  for (int i = 0; i < count; i++) {
    if (i > 0) text_buffer_add(&header, ",");
    add_entry(&header, &entries[i], &offset);
  }
  text_buffer_add(&header, "}");
  status = write_header(to, &header);
  for (int i = 0; i < count && !status; i++) status = values_write(to, entries[i].values);
  text_buffer_close(&header);
  return status;
}
