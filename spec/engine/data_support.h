/* data_support.h: what the tests of formats and data sets share: bytes as files, packed files, tensors from lists. */
#ifndef SPEC_DATA_SUPPORT_H
#define SPEC_DATA_SUPPORT_H

#include "support.h"

#include <math.h>
#include <zlib.h>

#include "core/stream.h"
#include "data/dataset.h"
#include "formats/formats.h"

/* The bytes as gzip packs them; free() them. */
static inline unsigned char *pack(const void *bytes, size_t size, size_t *packed) {
  z_stream z = { 0 };
  if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) fail_msg("deflateInit2");
  size_t room = size + 1000;
  unsigned char *out = malloc(room);
  z.next_in = (unsigned char *)(uintptr_t)bytes, z.avail_in = (unsigned)size;
  z.next_out = out, z.avail_out = (unsigned)room;
  if (deflate(&z, Z_FINISH) != Z_STREAM_END) fail_msg("deflate");
  *packed = z.total_out;
  deflateEnd(&z);
  return out;
}

/* A stream that gives bytes but does not know how many, as gzip does. */
typedef struct blind { const unsigned char *bytes; size_t size, at; } blind;
static inline moth_status blind_read(stream *self, void *bytes, size_t size, size_t *got) {
  blind *from = self->state;
  *got = from->size - from->at < size ? from->size - from->at : size;
  memcpy(bytes, from->bytes + from->at, *got);
  from->at += *got;
  return MOTH_OK;
}
static inline moth_status blind_size(stream *self, uint64_t *bytes) {
  (void)self;
  *bytes = UINT64_MAX;
  return MOTH_OK;
}
static const stream_class blind_class = { .read = blind_read, .size = blind_size };
static inline stream blind_stream(moth *m, const char *where, const char *name, blind *from) {
  return (stream){ .class = &blind_class, .m = m, .where = where, .name = (char *)(uintptr_t)name, .limit = UINT64_MAX, .state = from };
}

static inline moth_tensor *tensor_of(moth *m, moth_dtype dtype, int rank, const int64_t *shape, const void *values) {
  moth_tensor *t = NULL;
  assert_ok(m, moth_tensor_copy_in(m, dtype, rank, shape, values, &t));
  return t;
}
#define F32(m, rows, columns, ...) tensor_of(m, MOTH_F32, 2, (int64_t[]){ rows, columns }, (float[]){ __VA_ARGS__ })
#define I64(m, rows, ...) tensor_of(m, MOTH_I64, 1, (int64_t[]){ rows }, (int64_t[]){ __VA_ARGS__ })

/* A number of a tensor, by its place in row-major order. */
static inline double value_at(moth *m, const moth_tensor *t, int64_t place) {
  double value = 0;
  int64_t index[MOTH_MAX_RANK];
  const int64_t *shape = moth_tensor_shape(t);
  for (int i = moth_tensor_rank(t) - 1; i >= 0; i--) {
    index[i] = place % shape[i];
    place /= shape[i];
  }
  assert_ok(m, moth_tensor_get(m, t, index, &value));
  return value;
}
static inline void assert_values(moth *m, const moth_tensor *t, int count, const double *expected) {
  assert_int_equal(moth_tensor_count(t), count);
  for (int i = 0; i < count; i++) {
    double value = value_at(m, t, i);
    if (!(value == expected[i] || (isnan(value) && isnan(expected[i])))) fail_msg("element %d is %g, expected %g", i, value, expected[i]);
  }
}
#define assert_tensor(m, t, ...) \
  assert_values((m), (t), (int)(sizeof(double[]){ __VA_ARGS__ } / sizeof(double)), (const double[]){ __VA_ARGS__ })
static inline void assert_described(const moth_tensor *t, const char *text) {
  char words[200];
  moth_tensor_text(t, words, sizeof words);
  assert_string_equal(words, text);
}

static inline moth *open_base(support_allocator *allocator, int index_base) {
  return support_open_with(allocator, (moth_config){ .index_base = index_base });
}
static inline moth *open_base_1(support_allocator *allocator) { return open_base(allocator, 1); }

/* A column as the set gives it; released by the caller. */
static inline moth_tensor *column_of(moth *m, const moth_dataset *data, const char *name) {
  moth_tensor *t = NULL;
  assert_ok(m, moth_dataset_tensor(m, data, name, &t));
  return t;
}
#define assert_column(m, data, name, ...) \
  do { \
    moth_tensor *t_ = column_of((m), (data), (name)); \
    assert_tensor((m), t_, __VA_ARGS__); \
    moth_release(t_); \
  } while (0)

#endif
