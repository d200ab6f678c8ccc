/* Writing .npz as np.savez does, byte for byte: stored entries with a zip64 field, dated 1980 (PKWARE's APPNOTE 6.3.10, sections 4.3 and
 * 4.5.3). Each array is summed up first, so that nothing needs going back to: a pipe will do. */
#include <zlib.h>

#include "core/memory.h"
#include "core/text.h"
#include "formats/zip.h"

enum { VERSION = 45, DOS_DATE = 1 << 5 | 1, UTF8_FLAG = 1 << 11, MOST_NAME = 65535 - 4 };
#define LARGE INT32_MAX /* from here on zipfile tells numbers in zip64 fields */

/* ---- Sums: an array is written once for its length and checksum, then in earnest ---- */

typedef struct sums { uint64_t size; uLong crc; } sums;

static moth_status sums_write(stream *self, const void *bytes, size_t size) {
  sums *own = self->state;
  own->crc = crc32_z(own->crc, bytes, size);
  own->size += size;
  return MOTH_OK;
}

static const stream_class sums_class = { .write = sums_write };

static moth_status sum_array(stream *to, const moth_tensor *t, sums *result) {
  stream counted = { .class = &sums_class, .m = to->m, .where = to->where, .name = to->name, .limit = UINT64_MAX, .state = result };
  *result = (sums){ .crc = crc32(0, NULL, 0) };
  return npy_write(&counted, t);
}

/* ---- Records ---- */

typedef struct record { uint8_t bytes[128]; size_t length; } record;

static void put(record *r, uint64_t value, int width) {
  for (int i = 0; i < width; i++) r->bytes[r->length++] = (uint8_t)(value >> 8 * i);
}

static uint64_t small(uint64_t value) { return value > LARGE ? UINT32_MAX : value; }

static int flags_of(const char *name) {
  for (; *name; name++) {
    if ((uint8_t)*name >= 0x80) return UTF8_FLAG;
  }
  return 0;
}

/* What the entry's own header and the directory have in common: from the version that is needed to the length of the name. */
static void put_entry(record *r, const char *name, const sums *s, uint64_t size) {
  put(r, VERSION, 2), put(r, (uint64_t)flags_of(name), 2), put(r, 0, 2);
  put(r, 0, 2), put(r, DOS_DATE, 2), put(r, s->crc, 4);
  put(r, size, 4), put(r, size, 4), put(r, strlen(name) + 4, 2);
}

static moth_status write_array(stream *to, const char *name, const moth_tensor *t, const sums *s) {
  record head = { .length = 0 }, tail = { .length = 0 };
  put(&head, ZIP_LOCAL, 4);
  put_entry(&head, name, s, UINT32_MAX);
  put(&head, 20, 2);
  put(&tail, 1, 2), put(&tail, 16, 2), put(&tail, s->size, 8), put(&tail, s->size, 8);
  moth_status status = stream_write(to, head.bytes, head.length);
  if (!status) status = stream_write(to, name, strlen(name));
  if (!status) status = stream_write(to, ".npy", 4);
  if (!status) status = stream_write(to, tail.bytes, tail.length);
  return status ? status : npy_write(to, t);
}

static void list_array(text_buffer *directory, const char *name, const sums *s, uint64_t offset) {
  record head = { .length = 0 }, tail = { .length = 0 };
  bool is_long = s->size > LARGE, is_far = offset > LARGE;
  if (is_long || is_far) put(&tail, 1, 2), put(&tail, (is_long ? 16u : 0u) + (is_far ? 8u : 0u), 2);
  if (is_long) put(&tail, s->size, 8), put(&tail, s->size, 8);
  if (is_far) put(&tail, offset, 8);
  put(&head, ZIP_ENTRY, 4), put(&head, VERSION, 1), put(&head, 3, 1); /* made on Unix */
  put_entry(&head, name, s, small(s->size));
  put(&head, tail.length, 2);
  put(&head, 0, 2), put(&head, 0, 2), put(&head, 0, 2);
  put(&head, (uint64_t)0600 << 16, 4), put(&head, small(offset), 4);
  text_buffer_bytes(directory, head.bytes, head.length);
  text_buffer_bytes(directory, name, strlen(name));
  text_buffer_bytes(directory, ".npy", 4);
  text_buffer_bytes(directory, tail.bytes, tail.length);
}

static moth_status write_end(stream *to, uint64_t count, uint64_t at, uint64_t size) {
  record end = { .length = 0 };
  if (count > UINT16_MAX || at > LARGE || size > LARGE) {
    put(&end, ZIP_END64, 4), put(&end, 44, 8), put(&end, VERSION, 2), put(&end, VERSION, 2), put(&end, 0, 4), put(&end, 0, 4);
    put(&end, count, 8), put(&end, count, 8), put(&end, size, 8), put(&end, at, 8);
    put(&end, ZIP_LOCATOR, 4), put(&end, 0, 4), put(&end, at + size, 8), put(&end, 1, 4);
  }
  uint64_t told = count > UINT16_MAX ? UINT16_MAX : count;
  put(&end, ZIP_END, 4), put(&end, 0, 2), put(&end, 0, 2), put(&end, told, 2), put(&end, told, 2);
  put(&end, size > UINT32_MAX ? UINT32_MAX : size, 4), put(&end, at > UINT32_MAX ? UINT32_MAX : at, 4), put(&end, 0, 2);
  return stream_write(to, end.bytes, end.length);
}

/* ---- The whole ---- */

static moth_status check_names(stream *to, const moth_named_tensor *items, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (strlen(items[i].name) <= MOST_NAME) continue;
    return context_fail(to->m, MOTH_LIMIT, to->where, "%s: a name of %zu bytes, at most %d", to->name, strlen(items[i].name), MOST_NAME);
  }
  return named_check(to->m, to->where, to->name, MOTH_OPTION, items, count);
}

moth_status npz_write(stream *to, const moth_named_tensor *items, int64_t count) {
  text_buffer directory;
  uint64_t start = to->position;
  moth_status status = check_names(to, items, count);
  text_buffer_open(&directory, to->m);
  for (int64_t i = 0; i < count && !status; i++) {
    sums s;
    uint64_t offset = to->position - start;
    status = sum_array(to, items[i].tensor, &s);
    if (!status) status = write_array(to, items[i].name, items[i].tensor, &s);
    if (!status) list_array(&directory, items[i].name, &s, offset);
  }
  if (!status && directory.failed) status = context_within(to->m, to->m->status, to->where);
  uint64_t at = to->position - start;
  if (!status && directory.length > 0) status = stream_write(to, directory.bytes, (size_t)directory.length);
  if (!status) status = write_end(to, (uint64_t)count, at, (uint64_t)directory.length);
  text_buffer_close(&directory);
  return status;
}
