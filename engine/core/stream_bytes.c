#include <string.h>

#include "core/memory.h"
#include "core/stream_classes.h"

/* ---- Reading memory of the caller's ---- */

static moth_status bytes_read(stream *self, void *bytes, size_t size, size_t *got) {
  uint64_t left = self->bytes - self->position;
  *got = left < size ? (size_t)left : size;
  if (*got > 0) memcpy(bytes, (const char *)self->state + self->position, *got);
  return MOTH_OK;
}

static moth_status bytes_seek(stream *self, uint64_t position) {
  if (position <= self->bytes) return MOTH_OK;
  return stream_fail(self, MOTH_FORMAT, "ends after %llu bytes, %llu expected (cut short?)", (unsigned long long)self->bytes,
                     (unsigned long long)position);
}

static moth_status bytes_size(stream *self, uint64_t *bytes) {
  *bytes = self->bytes;
  return MOTH_OK;
}

static moth_status bytes_close(stream *self, bool keep) {
  (void)self, (void)keep;
  return MOTH_OK;
}

const stream_class stream_bytes_class = { .read = bytes_read, .seek = bytes_seek, .size = bytes_size, .close = bytes_close };

/* ---- Writing into memory of our own ---- */

typedef struct collected { unsigned char *bytes; int64_t length, capacity; } collected;

static moth_status collected_write(stream *self, const void *bytes, size_t size) {
  collected *own = self->state;
  if (own == NULL) return context_fail(self->m, MOTH_MISUSE, self->where, "write: the bytes were taken");
  if (size > (size_t)(INT64_MAX - own->length)) return context_fail(self->m, MOTH_LIMIT, self->where, "more than 2^63 bytes");
  moth_status status = memory_extend(self->m, &own->bytes, &own->capacity, own->length + (int64_t)size, 1);
  if (status != MOTH_OK) return context_within(self->m, status, self->where);
  if (size > 0) memcpy(own->bytes + own->length, bytes, size);
  own->length += (int64_t)size;
  return MOTH_OK;
}

static moth_status collected_size(stream *self, uint64_t *bytes) {
  *bytes = self->position;
  return MOTH_OK;
}

static moth_status collected_close(stream *self, bool keep) {
  (void)keep;
  collected *own = self->state;
  if (own == NULL) return MOTH_OK;
  memory_resize(self->m, own->bytes, (size_t)own->capacity, 0);
  memory_free(self->m, own, 1, sizeof *own);
  return MOTH_OK;
}

static const stream_class collected_class = { .write = collected_write, .size = collected_size, .close = collected_close };

moth_status stream_create_bytes(moth *m, const char *where, stream *self) {
  *self = (stream){ .m = m, .where = where, .name = (char *)(uintptr_t)"(memory)", .limit = UINT64_MAX, .is_name_borrowed = true };
  self->state = memory_new(m, 1, sizeof(collected));
  if (self->state == NULL) return context_within(m, m->status, where);
  self->class = &collected_class;
  return MOTH_OK;
}

/* moth_free is told the length, so the block is brought to it first (one byte for none, as memory_new has it). */
moth_status stream_take(stream *self, void **bytes, size_t *size) {
  collected *own = self->class == &collected_class ? self->state : NULL;
  if (own == NULL) return context_fail(self->m, MOTH_MISUSE, self->where, "take: there are no written bytes");
  size_t length = (size_t)own->length;
  void *block = memory_resize(self->m, own->bytes, (size_t)own->capacity, length > 0 ? length : 1);
  if (block == NULL) return context_within(self->m, self->m->status, self->where);
  memory_free(self->m, own, 1, sizeof *own);
  self->state = NULL;
  *bytes = block;
  *size = length;
  return MOTH_OK;
}
