/* file_support.h: what the tests of tensor files share: .npy files by hand, and bytes read through streams that know their size, that do
 * not, and that fail. */
#ifndef SPEC_FILE_SUPPORT_H
#define SPEC_FILE_SUPPORT_H

#include "data_support.h"

/* A .npy file with this header and `size` bytes of values (NULL: zeros), and a zero byte after it; free() it. */
static inline char *npy_file(int version, const char *header, const void *values, size_t size, size_t *whole) {
  size_t length = strlen(header), width = version == 1 ? 2 : 4;
  *whole = 8 + width + length + size;
  char *bytes = calloc(*whole + 1, 1);
  memcpy(bytes, "\x93NUMPY", 6);
  bytes[6] = (char)version;
  for (size_t i = 0; i < width; i++) bytes[8 + i] = (char)(length >> 8 * i);
  memcpy(bytes + 8 + width, header, length);
  if (values) memcpy(bytes + 8 + width + length, values, size);
  return bytes;
}

typedef moth_status (*file_reader)(moth *m, stream *from, void *data);

/* From memory that ends where the bytes end, so that a sanitizer sees one too far. */
static inline moth_status through_bytes(moth *m, const void *bytes, size_t size, file_reader read, void *data) {
  char *exact = malloc(size ? size : 1);
  memcpy(exact, bytes, size);
  stream from;
  stream_open_bytes(m, "load", "x.npy", exact, size, &from);
  moth_status status = read(m, &from, data);
  stream_close(&from, false);
  free(exact);
  return status;
}

static inline moth_status through_blind(moth *m, const void *bytes, size_t size, file_reader read, void *data) {
  blind from = { bytes, size, 0 };
  stream of_unknown_size = blind_stream(m, "load", "x.npy", &from);
  return read(m, &of_unknown_size, data);
}

/* A stream over bytes whose n-th reading or seeking fails. */
typedef struct fragile { const char *bytes; size_t size; int64_t left; } fragile;
static inline moth_status fragile_fails(stream *self) {
  fragile *from = self->state;
  if (--from->left != 0) return MOTH_OK;
  from->left = 1; /* and so does all that follows */
  return context_fail(self->m, MOTH_FILE, self->where, "cannot read '%s': Input/output error", self->name);
}
static inline moth_status fragile_read(stream *self, void *bytes, size_t size, size_t *got) {
  fragile *from = self->state;
  moth_status status = fragile_fails(self);
  if (status) return status;
  *got = from->size - self->position < size ? from->size - self->position : size;
  memcpy(bytes, from->bytes + self->position, *got);
  return MOTH_OK;
}
static inline moth_status fragile_seek(stream *self, uint64_t position) {
  assert_true(position <= ((fragile *)self->state)->size);
  return fragile_fails(self);
}
static inline moth_status fragile_size(stream *self, uint64_t *bytes) {
  *bytes = ((fragile *)self->state)->size;
  return MOTH_OK;
}
static const stream_class fragile_class = { .read = fragile_read, .seek = fragile_seek, .size = fragile_size };

/* Reads with the 1st, 2nd … access failing, which must be told as it is, until it gets through. Returns how many failed. */
static inline int64_t each_read_fails(moth *m, const void *bytes, size_t size, file_reader read, void *data) {
  for (int64_t k = 1;; k++) {
    fragile own = { bytes, size, k };
    char name[] = "x.npy";
    stream from = { .class = &fragile_class, .m = m, .where = "load", .name = name, .limit = UINT64_MAX, .state = &own };
    moth_status status = read(m, &from, data);
    if (status == MOTH_OK) return k - 1;
    assert_fails(m, status, MOTH_FILE, "load: cannot read 'x.npy': Input/output error");
  }
}

#endif
