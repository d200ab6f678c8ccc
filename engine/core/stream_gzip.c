#include <string.h>
#include <zlib.h>

#include "core/memory.h"
#include "core/stream_classes.h"

/* RFC 1952: a file is one or more members, each unpacked by zlib. Padding of zeros may follow the last. */
enum { INPUT_BYTES = 1 << 16, WINDOW_AND_HEADER = 15 + 16 };

typedef struct gzip {
  stream file;                     /* packed */
  z_stream zlib;
  bool is_inside;                  /* of a member: it has begun and not ended */
  bool is_ended;                   /* at the end of the last one */
  bool is_begun;                   /* a member was unpacked before this one */
  unsigned char input[INPUT_BYTES];
} gzip;

/* zlib does not tell sizes when it frees: they stand before each block. */
enum { BLOCK_HEADER = 16 };

void *stream_zlib_new(void *context, unsigned count, unsigned size) {
  size_t bytes = (size_t)count * size + BLOCK_HEADER;
  unsigned char *block = memory_new(context, 1, bytes);
  if (block == NULL) return NULL;
  memcpy(block, &bytes, sizeof bytes);
  return block + BLOCK_HEADER;
}

void stream_zlib_free(void *context, void *address) {
  if (address == NULL) return;
  unsigned char *block = (unsigned char *)address - BLOCK_HEADER;
  size_t bytes;
  memcpy(&bytes, block, sizeof bytes);
  memory_free(context, block, 1, bytes);
}

moth_status stream_zlib_refused(const stream *self, int result) {
  if (result == Z_MEM_ERROR) return context_within(self->m, self->m->status, self->where); /* stream_zlib_new has told why */
  return context_fail(self->m, MOTH_MISSING, self->where, "zlib is another version than %s", ZLIB_VERSION);
}

static moth_status refill(stream *self) {
  gzip *own = self->state;
  size_t got = 0;
  moth_status status = stream_read(&own->file, own->input, sizeof own->input, &got);
  own->zlib.next_in = own->input;
  own->zlib.avail_in = (unsigned)got;
  return status;
}

/* Where in the packed file unpacking stands. */
static unsigned long long packed_position(const gzip *own) { return own->file.position - own->zlib.avail_in; }

/* Between members: *more is false at the end of the file. */
static moth_status next_member(stream *self, bool *more) {
  gzip *own = self->state;
  *more = false;
  for (;;) {
    if (own->zlib.avail_in == 0) {
      moth_status status = refill(self);
      if (status != MOTH_OK) return status;
    }
    if (own->zlib.avail_in == 0) break;
    if (!own->is_begun || *own->zlib.next_in != 0) {
      *more = true;
      break;
    }
    own->zlib.next_in++, own->zlib.avail_in--;
  }
  if (!*more && !own->is_begun)
    return context_fail(self->m, MOTH_FORMAT, self->where, "%s: the gzip data is cut short after 0 bytes", self->name);
  if (!*more) own->is_ended = true;
  else if (own->is_begun) inflateReset(&own->zlib);
  own->is_inside = *more;
  return MOTH_OK;
}

static moth_status zlib_failure(stream *self, int result) {
  gzip *own = self->state;
  if (result == Z_MEM_ERROR) return context_within(self->m, self->m->status, self->where); /* stream_zlib_new has told why */
  const char *why = result == Z_NEED_DICT ? "needs a dictionary" : own->zlib.msg != NULL ? own->zlib.msg : "unknown error";
  if (!own->is_begun && own->zlib.total_out == 0 && strcmp(why, "incorrect header check") == 0) {
    return context_fail(self->m, MOTH_FORMAT, self->where, "%s: not gzip data, though its name ends in .gz", self->name);
  }
  return context_fail(self->m, MOTH_FORMAT, self->where, "%s: the gzip data is damaged near byte %llu: %s", self->name,
                      packed_position(own), why);
}

static moth_status gzip_read(stream *self, void *bytes, size_t size, size_t *got) {
  gzip *own = self->state;
  size_t done = 0;
  while (done < size && !own->is_ended) {
    bool more = true;
    moth_status status = own->is_inside ? MOTH_OK : next_member(self, &more);
    if (status == MOTH_OK && more && own->zlib.avail_in == 0) status = refill(self);
    if (status != MOTH_OK) return status;
    if (!more) break;
    if (own->zlib.avail_in == 0) {
      return context_fail(self->m, MOTH_FORMAT, self->where, "%s: the gzip data is cut short after %llu bytes", self->name,
                          packed_position(own));
    }
    size_t room = size - done < 1u << 30 ? size - done : 1u << 30;
    own->zlib.next_out = (unsigned char *)bytes + done;
    own->zlib.avail_out = (unsigned)room;
    int result = inflate(&own->zlib, Z_NO_FLUSH);
    done += room - own->zlib.avail_out;
    if (result == Z_STREAM_END) own->is_inside = false, own->is_begun = true;
    else if (result != Z_OK && result != Z_BUF_ERROR) return zlib_failure(self, result);
  }
  *got = done;
  return MOTH_OK;
}

/* Back to the start where need be, then forward by unpacking. */
static moth_status gzip_seek(stream *self, uint64_t position) {
  gzip *own = self->state;
  unsigned char skipped[4096];
  if (position < self->position) {
    moth_status status = stream_seek(&own->file, 0);
    if (status != MOTH_OK) return status;
    inflateReset(&own->zlib);
    own->zlib.avail_in = 0;
    own->is_inside = own->is_ended = own->is_begun = false;
    self->position = 0;
  }
  while (self->position < position) {
    uint64_t left = position - self->position;
    moth_status status = stream_read_all(self, skipped, left < sizeof skipped ? (size_t)left : sizeof skipped);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

static moth_status gzip_size(stream *self, uint64_t *bytes) {
  (void)self;
  *bytes = UINT64_MAX;
  return MOTH_OK;
}

static moth_status gzip_close(stream *self, bool keep) {
  gzip *own = self->state;
  inflateEnd(&own->zlib);
  moth_status status = stream_close(&own->file, keep);
  memory_free(self->m, own, 1, sizeof *own);
  return status;
}

static const stream_class gzip_class = { .read = gzip_read, .seek = gzip_seek, .size = gzip_size, .close = gzip_close };

moth_status stream_gzip_wrap(stream *self) {
  moth *m = self->m;
  gzip *own = memory_new(m, 1, sizeof *own);
  if (own == NULL) return context_within(m, m->status, self->where);
  own->zlib.zalloc = stream_zlib_new, own->zlib.zfree = stream_zlib_free, own->zlib.opaque = m;
  int result = inflateInit2(&own->zlib, WINDOW_AND_HEADER);
  if (result != Z_OK) {
    memory_free(m, own, 1, sizeof *own);
    return stream_zlib_refused(self, result);
  }
  own->file = *self;
  own->file.is_name_borrowed = true;
  own->file.limit = UINT64_MAX;
  self->class = &gzip_class;
  self->state = own;
  return MOTH_OK;
}
