/* stream_classes.h: what stream.c opens streams with. */
#ifndef CORE_STREAM_CLASSES_H
#define CORE_STREAM_CLASSES_H

#include "core/stream.h"

extern const stream_class stream_bytes_class;
/* self has m, where and name set; class and state are set only on success. Opened files know whether their bytes begin as gzip does. */
moth_status stream_file_open(stream *self, const char *path, bool *is_gzip);
moth_status stream_file_create(stream *self, const char *path);
/* Turns an open file stream into one that unpacks it; on failure it stays as it was. */
moth_status stream_gzip_wrap(stream *self);
/* Turns a stream just created into one that packs; on failure it stays as it was. */
moth_status stream_gzip_create(stream *self);
/* zlib's memory, from the context that is its `opaque`. */
void *stream_zlib_new(void *context, unsigned count, unsigned size);
void stream_zlib_free(void *context, void *address);
/* Why zlib would not begin. */
moth_status stream_zlib_refused(const stream *self, int result);

/* "where: name what". */
moth_status stream_fail(stream *self, moth_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
