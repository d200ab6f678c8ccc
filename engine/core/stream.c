#include "core/stream.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "core/memory.h"
#include "core/stream_classes.h"
#include "core/text.h"

moth_status stream_fail(stream *self, moth_status status, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  text_format_list(text, sizeof text, format, arguments);
  va_end(arguments);
  return context_fail(self->m, status, self->where, "%s %s", self->name, text);
}

static moth_status not_open(stream *self, const char *what) {
  return context_fail(self->m, MOTH_MISUSE, self->where, "%s: the stream is not open for it", what);
}

/* ---- Opening ---- */

static moth_status begin(moth *m, const char *where, const char *path, uint64_t limit, stream *self) {
  *self = (stream){ .m = m, .where = where, .limit = limit };
  if (path == NULL || path[0] == 0) return context_fail(m, MOTH_MISUSE, where, "a file's name must be given");
  self->name = memory_text(m, path);
  return self->name != NULL ? MOTH_OK : context_within(m, m->status, where);
}

static bool has_ending(const char *path, const char *ending) {
  size_t length = strlen(path), end = strlen(ending);
  return length >= end && strcmp(path + length - end, ending) == 0;
}

moth_status stream_open(moth *m, const char *where, const char *path, uint64_t limit, stream *self) {
  bool is_gzip = false;
  moth_status status = begin(m, where, path, limit, self);
  if (status == MOTH_OK) status = stream_file_open(self, path, &is_gzip);
  if (status == MOTH_OK && (is_gzip || has_ending(path, ".gz"))) status = stream_gzip_wrap(self);
  if (status != MOTH_OK) stream_close(self, false);
  return status;
}

void stream_open_bytes(moth *m, const char *where, const char *name, const void *bytes, size_t size, stream *self) {
  *self = (stream){
    .class = &stream_bytes_class, .m = m, .where = where, .name = (char *)(uintptr_t)name, .limit = UINT64_MAX,
    .state = (void *)(uintptr_t)bytes, .bytes = size, .is_name_borrowed = true,
  };
}

moth_status stream_unpack(stream *self) {
  bool is_gzip = self->bytes >= 2 && memcmp(self->state, "\x1f\x8b", 2) == 0;
  return is_gzip || has_ending(self->name, ".gz") ? stream_gzip_wrap(self) : MOTH_OK;
}

moth_status stream_create(moth *m, const char *where, const char *path, stream *self) {
  moth_status status = begin(m, where, path, UINT64_MAX, self);
  if (status == MOTH_OK) status = stream_file_create(self, path);
  if (status == MOTH_OK && has_ending(path, ".gz")) status = stream_gzip_create(self);
  if (status != MOTH_OK) stream_close(self, false);
  return status;
}

/* ---- Use ---- */

/* One byte more than the limit allows is asked for, to tell a file that ends at its limit from one that goes on. */
moth_status stream_read(stream *self, void *bytes, size_t size, size_t *got) {
  if (self->class == NULL || self->class->read == NULL) return not_open(self, "read");
  uint64_t allowed = self->limit > self->position ? self->limit - self->position : 0;
  size_t asked = allowed < size ? (size_t)allowed + 1 : size, read = 0;
  moth_status status = self->class->read(self, bytes, asked, &read);
  if (status != MOTH_OK) return status;
  if (read > allowed) {
    char limit[32];
    text_bytes(limit, sizeof limit, (double)self->limit);
    return stream_fail(self, MOTH_LIMIT, "has more than %s, the limit here", limit);
  }
  self->position += read;
  *got = read;
  return MOTH_OK;
}

moth_status stream_read_all(stream *self, void *bytes, size_t size) {
  uint64_t start = self->position;
  size_t got = 0;
  moth_status status = stream_read(self, bytes, size, &got);
  if (status != MOTH_OK || got == size) return status;
  return stream_fail(self, MOTH_FORMAT, "ends after %llu bytes, %llu expected (cut short?)", (unsigned long long)self->position,
                     (unsigned long long)(start + size));
}

moth_status stream_write(stream *self, const void *bytes, size_t size) {
  if (self->class == NULL || self->class->write == NULL) return not_open(self, "write");
  moth_status status = self->class->write(self, bytes, size);
  if (status == MOTH_OK) self->position += size;
  return status;
}

moth_status stream_size(stream *self, uint64_t *bytes) {
  if (self->class == NULL || self->class->size == NULL) return not_open(self, "size");
  return self->class->size(self, bytes);
}

moth_status stream_seek(stream *self, uint64_t position) {
  if (self->class == NULL || self->class->seek == NULL) return not_open(self, "seek");
  moth_status status = self->class->seek(self, position);
  if (status == MOTH_OK) self->position = position;
  return status;
}

moth_status stream_map(stream *self, void **bytes, uint64_t *size) {
  if (self->class != NULL && self->class->map != NULL) return self->class->map(self, bytes, size);
  return stream_fail(self, MOTH_FILE, "cannot be mapped: only a plain file can, not packed, in memory or a pipe");
}

moth_status stream_close(stream *self, bool keep) {
  moth_status status = MOTH_OK;
  if (self->class != NULL) status = self->class->close(self, keep);
  if (!self->is_name_borrowed) memory_text_free(self->m, self->name);
  self->class = NULL, self->state = NULL, self->name = NULL;
  return status;
}
