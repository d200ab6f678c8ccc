/* stream.h: all reading and writing, through one small table: files, memory, gzip and failing test streams look alike. Reading has named
 * limits; writing a file is atomic: a temporary beside it, fsync, rename, fsync of the folder, and an abandoned one leaves nothing. */
#ifndef CORE_STREAM_H
#define CORE_STREAM_H

#include "core/context.h"

typedef struct stream stream;

typedef struct stream_class {
  moth_status (*read)(stream *self, void *bytes, size_t size, size_t *got);  /* got < size only at the end */
  moth_status (*write)(stream *self, const void *bytes, size_t size);
  moth_status (*seek)(stream *self, uint64_t position);                      /* reading only; MOTH_MISUSE where it cannot */
  moth_status (*size)(stream *self, uint64_t *bytes);                        /* of the whole; UINT64_MAX where unknown */
  moth_status (*close)(stream *self, bool keep);                             /* keep false: what was written goes */
  moth_status (*map)(stream *self, void **bytes, uint64_t *size);            /* reading only; NULL where there is no file to map */
} stream_class;

struct stream {
  const stream_class *class;
  moth *m;
  const char *where;             /* the public operation, for messages: "csv" */
  char *name;                    /* of the file, for messages */
  uint64_t position, limit;      /* bytes passed; MOTH_LIMIT beyond */
  void *state;
  uint64_t bytes;                /* of memory that is read */
  bool is_name_borrowed;
};

/* Opens for reading; a name that ends in .gz, or bytes that begin as gzip does, are unpacked (a cut or damaged one is MOTH_FORMAT).
 * A missing file: "where: cannot open 'x.cvs': No such file or directory", with the nearest name in its folder as a hint. The limit counts
 * unpacked bytes; UINT64_MAX is none. On failure `self` is closed; a zeroed stream is closed too. */
moth_status stream_open(moth *m, const char *where, const char *path, uint64_t limit, stream *self);
/* Reads from bytes that stay the caller's, as does the name. */
void stream_open_bytes(moth *m, const char *where, const char *name, const void *bytes, size_t size, stream *self);
/* Unpacks the bytes in memory that a stream was just opened on, where the name or they themselves say so; on failure it stays as it was. */
moth_status stream_unpack(stream *self);
/* Writes beside the path, packed where it ends in .gz; stream_close with keep puts it in place. */
moth_status stream_create(moth *m, const char *where, const char *path, stream *self);
/* Writes into memory; stream_take hands the bytes over (freed with moth_free). */
moth_status stream_create_bytes(moth *m, const char *where, stream *self);
moth_status stream_take(stream *self, void **bytes, size_t *size);

moth_status stream_read(stream *self, void *bytes, size_t size, size_t *got);
/* Exactly size bytes, or MOTH_FORMAT "… ends after N bytes, M expected (cut short?)". */
moth_status stream_read_all(stream *self, void *bytes, size_t size);
moth_status stream_write(stream *self, const void *bytes, size_t size);
moth_status stream_size(stream *self, uint64_t *bytes);
/* Goes to a byte of what is read, counted unpacked. */
moth_status stream_seek(stream *self, uint64_t position);
/* All bytes of the plain file that is read, as the system's pages, read-only: they stay when the stream closes, until stream_unmap. What
 * others write into the file shows in them; a file that is cut short meanwhile is a SIGBUS for who looks there. MOTH_FILE where there is
 * no such file: packed, a pipe, bytes in memory. */
moth_status stream_map(stream *self, void **bytes, uint64_t *size);
void stream_unmap(void *bytes, uint64_t size);
/* Ends it; safe to call twice. keep: publish what was written; its failure (disk full) is told. */
moth_status stream_close(stream *self, bool keep);

#endif
