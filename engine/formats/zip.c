/* One entry of a zip archive as a stream: stored bytes as they are, deflated ones (RFC 1951) through zlib, both summed up on the way. */
#include <string.h>
#include <zlib.h>

#include "core/memory.h"
#include "core/stream_classes.h"
#include "formats/zip.h"

enum { INPUT_BYTES = 1 << 16, RAW_WINDOW = -15 };

typedef struct unpacker {
  stream *archive;
  const zip_entry *entry;
  uint64_t taken;                /* of the packed bytes */
  uLong sum;
  z_stream zlib;
  bool is_ended;                 /* the packed data says so */
  uint8_t input[INPUT_BYTES];
} unpacker;

static moth_status is_damaged(stream *self, uint64_t at) {
  return context_fail(self->m, MOTH_FORMAT, self->where, "%s: the packed data is damaged after %llu bytes", self->name,
                      (unsigned long long)at);
}

/* The next packed bytes. */
static moth_status take(unpacker *own, void *bytes, size_t size, size_t *got) {
  uint64_t at = own->entry->offset + own->taken, left = own->entry->packed - own->taken;
  moth_status status = own->archive->position == at ? MOTH_OK : stream_seek(own->archive, at);
  if (!status) status = stream_read(own->archive, bytes, left < size ? (size_t)left : size, got);
  if (!status) own->taken += *got;
  return status;
}

static moth_status stored_read(stream *self, void *bytes, size_t size, size_t *got) {
  unpacker *own = self->state;
  moth_status status = take(own, bytes, size, got);
  if (!status) own->sum = crc32_z(own->sum, bytes, *got);
  return status;
}

/* Unpacks into the room that zlib was given, until it is full or the data ends. */
static moth_status unpack(stream *self, uint64_t at) {
  unpacker *own = self->state;
  while (own->zlib.avail_out > 0 && !own->is_ended) {
    if (own->zlib.avail_in == 0) {
      size_t got = 0;
      moth_status status = take(own, own->input, sizeof own->input, &got);
      if (status) return status;
      own->zlib.next_in = own->input, own->zlib.avail_in = (unsigned)got;
      if (got == 0) return is_damaged(self, at);
    }
    int result = inflate(&own->zlib, Z_NO_FLUSH);
    own->is_ended = result == Z_STREAM_END;
    if (result == Z_MEM_ERROR) return context_within(self->m, self->m->status, self->where); /* stream_zlib_new has told why */
    if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) return is_damaged(self, at);
  }
  return MOTH_OK;
}

static moth_status deflated_read(stream *self, void *bytes, size_t size, size_t *got) {
  unpacker *own = self->state;
  uint64_t left = own->entry->size - self->position;
  size_t wanted = left < size ? (size_t)left : size, done = 0;
  while (done < wanted && !own->is_ended) {
    unsigned room = (unsigned)(wanted - done < 1u << 30 ? wanted - done : 1u << 30);
    own->zlib.next_out = (uint8_t *)bytes + done, own->zlib.avail_out = room;
    moth_status status = unpack(self, self->position + done);
    if (status) return status;
    done += room - own->zlib.avail_out;
  }
  own->sum = crc32_z(own->sum, bytes, done);
  *got = done;
  return MOTH_OK;
}

static moth_status entry_size(stream *self, uint64_t *bytes) {
  *bytes = ((unpacker *)self->state)->entry->size;
  return MOTH_OK;
}

static const stream_class stored_class = { .read = stored_read, .size = entry_size };
static const stream_class deflated_class = { .read = deflated_read, .size = entry_size };

/* That the packed data ends where the unpacked does. */
static moth_status check_end(stream *self) {
  unpacker *own = self->state;
  uint8_t more;
  own->zlib.next_out = &more, own->zlib.avail_out = 1;
  moth_status status = unpack(self, self->position);
  if (status) return status;
  bool is_whole = own->is_ended && own->zlib.avail_out == 1 && own->zlib.avail_in == 0 && own->taken == own->entry->packed;
  return is_whole ? MOTH_OK : is_damaged(self, self->position);
}

static moth_status read_through(stream *self, moth_tensor **t) {
  unpacker *own = self->state;
  moth_tensor *found = NULL;
  moth_status status = npy_read(self, NULL, &found);
  if (!status && own->entry->method == ZIP_DEFLATED) status = check_end(self);
  if (!status && own->sum != own->entry->sum) {
    status = context_fail(self->m, MOTH_FORMAT, self->where, "%s is damaged: its checksum is wrong", self->name);
  }
  if (!status) *t = found;
  else if (found) object_release(&found->base);
  return status;
}

moth_status zip_read(stream *archive, const zip_entry *e, const char *name, moth_tensor **t) {
  moth *m = archive->m;
  unpacker *own = memory_new(m, 1, sizeof *own);
  if (!own) return context_within(m, m->status, archive->where);
  own->archive = archive, own->entry = e, own->sum = crc32(0, NULL, 0);
  own->zlib.zalloc = stream_zlib_new, own->zlib.zfree = stream_zlib_free, own->zlib.opaque = m;
  bool is_deflated = e->method == ZIP_DEFLATED;
  stream self = { .class = is_deflated ? &deflated_class : &stored_class, .m = m, .where = archive->where,
                  .name = (char *)(uintptr_t)name, .limit = UINT64_MAX, .state = own };
  int result = is_deflated ? inflateInit2(&own->zlib, RAW_WINDOW) : Z_OK;
  moth_status status = result == Z_OK ? read_through(&self, t) : stream_zlib_refused(archive, result);
  if (is_deflated && result == Z_OK) inflateEnd(&own->zlib);
  memory_free(m, own, 1, sizeof *own);
  return status;
}
