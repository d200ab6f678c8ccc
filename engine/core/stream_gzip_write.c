#include <zlib.h>

#include "core/memory.h"
#include "core/stream_classes.h"

/* One member (RFC 1952), without name and time: the same bytes each time. */
enum { OUTPUT_BYTES = 1 << 16, WINDOW_AND_HEADER = 15 + 16, MEMORY_LEVEL = 8 };

typedef struct packer {
  stream file;
  z_stream zlib;
  unsigned char output[OUTPUT_BYTES];
} packer;

/* Packs what zlib has been given, and with Z_FINISH what it has kept. */
static moth_status pack(packer *own, int mode) {
  for (;;) {
    own->zlib.next_out = own->output, own->zlib.avail_out = OUTPUT_BYTES;
    int result = deflate(&own->zlib, mode);
    size_t made = OUTPUT_BYTES - own->zlib.avail_out;
    moth_status status = made > 0 ? stream_write(&own->file, own->output, made) : MOTH_OK;
    if (status != MOTH_OK || result == Z_STREAM_END || (mode == Z_NO_FLUSH && own->zlib.avail_out > 0)) return status;
  }
}

static moth_status packer_write(stream *self, const void *bytes, size_t size) {
  packer *own = self->state;
  for (size_t done = 0; done < size;) {
    size_t piece = size - done < 1u << 30 ? size - done : 1u << 30;
    own->zlib.next_in = (unsigned char *)(uintptr_t)bytes + done;
    own->zlib.avail_in = (unsigned)piece;
    moth_status status = pack(own, Z_NO_FLUSH);
    if (status != MOTH_OK) return status;
    done += piece;
  }
  return MOTH_OK;
}

static moth_status packer_size(stream *self, uint64_t *bytes) {
  *bytes = self->position;
  return MOTH_OK;
}

static moth_status packer_close(stream *self, bool keep) {
  packer *own = self->state;
  own->zlib.avail_in = 0;
  moth_status status = keep ? pack(own, Z_FINISH) : MOTH_OK;
  deflateEnd(&own->zlib);
  moth_status closed = stream_close(&own->file, keep && status == MOTH_OK);
  memory_free(self->m, own, 1, sizeof *own);
  return status != MOTH_OK ? status : closed;
}

static const stream_class packer_class = { .write = packer_write, .size = packer_size, .close = packer_close };

moth_status stream_gzip_create(stream *self) {
  moth *m = self->m;
  packer *own = memory_new(m, 1, sizeof *own);
  if (own == NULL) return context_within(m, m->status, self->where);
  own->zlib.zalloc = stream_zlib_new, own->zlib.zfree = stream_zlib_free, own->zlib.opaque = m;
  int result = deflateInit2(&own->zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_AND_HEADER, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
  if (result != Z_OK) {
    memory_free(m, own, 1, sizeof *own);
    return stream_zlib_refused(self, result);
  }
  own->file = *self;
  own->file.is_name_borrowed = true;
  self->class = &packer_class;
  self->state = own;
  return MOTH_OK;
}
