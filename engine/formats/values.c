/* Numbers as they lie in files: read in steps that a lying header cannot make large, put into the machine's byte order, widened. */
#include <assert.h>
#include <string.h>

#include "formats/formats.h"

/* What a stream of unknown length is believed without having seen it. */
enum { BELIEVED_BYTES = 64 << 20, PIECE_BYTES = 4 << 20 };

static const struct { int width; moth_dtype dtype; } types[STORED_TYPES] = {
  [STORED_F32] = { 4, MOTH_F32 }, [STORED_F64] = { 8, MOTH_F64 }, [STORED_I64] = { 8, MOTH_I64 }, [STORED_U8] = { 1, MOTH_U8 },
  [STORED_BOOL] = { 1, MOTH_BOOL }, [STORED_I8] = { 1, MOTH_I64 }, [STORED_I16] = { 2, MOTH_I64 }, [STORED_I32] = { 4, MOTH_I64 },
  [STORED_U16] = { 2, MOTH_I64 }, [STORED_U32] = { 4, MOTH_I64 }, [STORED_F16] = { 2, MOTH_F32 }, [STORED_BF16] = { 2, MOTH_F32 },
};

int stored_width(stored_type type) { return types[type].width; }
moth_dtype stored_dtype(stored_type type) { return types[type].dtype; }

/* ---- Reading ---- */

static moth_status bytes_new(stream *from, uint64_t bytes, moth_tensor **t) {
  if (bytes > (uint64_t)1 << 62) return context_fail(from->m, MOTH_LIMIT, from->where, "%s: more than 2^62 bytes", from->name);
  return tensor_new(from->m, from->where, MOTH_U8, 1, (int64_t[]){ (int64_t)bytes }, false, t);
}

/* Makes the room twice as large, up to what is wanted. */
static moth_status bytes_grow(stream *from, uint64_t used, uint64_t wanted, moth_tensor **t) {
  uint64_t room = used > wanted / 2 ? wanted : used * 2;
  moth_tensor *larger = NULL;
  moth_status status = bytes_new(from, room, &larger);
  if (status) return status;
  memcpy(larger->values, (*t)->values, used);
  object_release(&(*t)->base);
  *t = larger;
  return MOTH_OK;
}

moth_status values_read(stream *from, uint64_t bytes, moth_tensor **values, uint64_t *got) {
  uint64_t whole, passed = from->position;
  moth_status status = stream_size(from, &whole);
  if (status) return status;
  if (whole != UINT64_MAX && (whole < passed || whole - passed < bytes)) {
    *got = whole < passed ? 0 : whole - passed;
    *values = NULL;
    return MOTH_OK;
  }
  moth_tensor *t = NULL;
  uint64_t used = 0, room = whole == UINT64_MAX && bytes > BELIEVED_BYTES ? BELIEVED_BYTES : bytes;
  status = bytes_new(from, room, &t);
  while (!status && used < bytes) {
    if (used == room) {
      status = bytes_grow(from, used, bytes, &t);
      if (status) break;
      room = (uint64_t)t->count;
    }
    size_t piece = 0, most = room - used < PIECE_BYTES ? (size_t)(room - used) : PIECE_BYTES;
    status = context_poll(from->m, from->where);
    if (!status) status = stream_read(from, t->values + used, most, &piece);
    used += piece;
    if (piece < most) break;
  }
  if (status || used < bytes) {
    object_release(t ? &t->base : NULL);
    t = NULL;
  }
  if (!status) *values = t, *got = used;
  return status;
}

/* ---- Bytes to numbers ---- */

void values_swap(void *values, int64_t count, int width) {
  uint8_t *at = values;
  if (width == 1) return;
  for (int64_t i = 0; i < count; i++, at += width) {
    for (int k = 0; k < width / 2; k++) {
      uint8_t byte = at[k];
      at[k] = at[width - 1 - k];
      at[width - 1 - k] = byte;
    }
  }
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float half_value(uint16_t half) {
  uint32_t sign = (uint32_t)(half >> 15) << 31, exponent = half >> 10 & 31, fraction = half & 1023, bits;
  if (exponent == 0) {
    float value = (float)fraction * 0x1p-24f;
    return sign ? -value : value;
  }
  bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* bfloat16 is the upper half of a float. */
static float brain_value(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

#define WIDEN(from_type, to_type, expression)                                                                                            \
  for (int64_t i = 0; i < count; i++) {                                                                                                  \
    from_type v;                                                                                                                         \
    memcpy(&v, from + i * (int64_t)sizeof v, sizeof v);                                                                                  \
    ((to_type *)to)[i] = (expression);                                                                                                   \
  }                                                                                                                                      \
  break

static void widen(stored_type type, const char *from, void *to, int64_t count) {
  switch (type) {
  case STORED_I8: WIDEN(int8_t, int64_t, v);
  case STORED_I16: WIDEN(int16_t, int64_t, v);
  case STORED_I32: WIDEN(int32_t, int64_t, v);
  case STORED_U16: WIDEN(uint16_t, int64_t, v);
  case STORED_U32: WIDEN(uint32_t, int64_t, v);
  case STORED_F16: WIDEN(uint16_t, float, half_value(v));
  case STORED_BF16: WIDEN(uint16_t, float, brain_value(v));
  default: assert(!"no widening");
  }
}

moth_status values_tensor(moth *m, const char *where, moth_tensor *bytes, stored_type type, bool is_big_endian, int rank,
                          const int64_t *size, moth_tensor **t) {
  int64_t count = 0, strides[MOTH_MAX_RANK];
  bool fits = shape_count(rank, size, &count);
  assert(fits && count * types[type].width == bytes->count);
  (void)fits;
  if (values_are_swapped(is_big_endian)) values_swap(bytes->values, count, types[type].width);
  if (type <= STORED_BOOL) {
    shape_strides(rank, size, strides);
    return tensor_over(m, bytes->storage, 0, types[type].dtype, rank, size, strides, false, t);
  }
  moth_tensor *wide = NULL;
  moth_status status = tensor_new(m, where, types[type].dtype, rank, size, false, &wide);
  if (status) return status;
  widen(type, bytes->values, wide->values, count);
  *t = wide;
  return MOTH_OK;
}
