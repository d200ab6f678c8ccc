/* Numbers as they lie in files: read in steps that a lying header cannot make large, put into the machine's byte order, widened. */
#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "core/text.h"
#include "formats/formats.h"

/* What a stream of unknown length is believed without having seen it. */
enum { BELIEVED_BYTES = 4 << 20, PIECE_BYTES = 4 << 20, SIZES = 192 };

static const struct { int width; moth_dtype dtype; const char *name; } types[STORED_TYPES] = {
  [STORED_F32] = { 4, MOTH_F32, "float32" },   [STORED_F64] = { 8, MOTH_F64, "float64" },
  [STORED_I64] = { 8, MOTH_I64, "int64" },     [STORED_U8] = { 1, MOTH_U8, "uint8" },
  [STORED_BOOL] = { 1, MOTH_BOOL, "bool" },    [STORED_I8] = { 1, MOTH_I64, "int8" },
  [STORED_I16] = { 2, MOTH_I64, "int16" },     [STORED_I32] = { 4, MOTH_I64, "int32" },
  [STORED_U16] = { 2, MOTH_I64, "uint16" },    [STORED_U32] = { 4, MOTH_I64, "uint32" },
  [STORED_F16] = { 2, MOTH_F32, "float16" },   [STORED_BF16] = { 2, MOTH_F32, "bfloat16" },
};

int stored_width(stored_type type) { return types[type].width; }
moth_dtype stored_dtype(stored_type type) { return types[type].dtype; }
const char *stored_name(stored_type type) { return types[type].name; }

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

/* "60000x28x28" */
static void sizes_text(int rank, const int64_t *size, char *buffer, size_t room) {
  text_line line = { buffer, room, 0 };
  for (int i = 0; i < rank; i++) text_line_add(&line, "%s%lld", i ? "x" : "", (long long)size[i]);
  if (rank == 0) text_line_add(&line, "one value");
}

/* Words for a shape that asks for more or fewer bytes than there are. */
static moth_status asks_for(stream *from, const char *sizes, uint64_t bytes, uint64_t held) {
  return context_fail(from->m, MOTH_FORMAT, from->where, "%s: header asks for %s = %llu bytes, the file holds %llu%s", from->name, sizes,
                      (unsigned long long)bytes, (unsigned long long)held, held < bytes ? " (cut short?)" : "");
}

static moth_status asked_bytes(stream *from, stored_type type, int rank, const int64_t *size, char sizes[SIZES], uint64_t *bytes) {
  int64_t count;
  sizes_text(rank, size, sizes, SIZES);
  if (!shape_count(rank, size, &count)) {
    return context_fail(from->m, MOTH_LIMIT, from->where, "%s: header asks for %s values, more than can be addressed", from->name, sizes);
  }
  *bytes = (uint64_t)count * (uint64_t)types[type].width;
  return MOTH_OK;
}

/* That nothing follows the values. */
static moth_status check_end(stream *from, const char *sizes, uint64_t bytes) {
  uint64_t whole;
  char more;
  size_t got = 0;
  moth_status status = stream_size(from, &whole);
  if (!status && whole == UINT64_MAX) status = stream_read(from, &more, 1, &got);
  if (status) return status;
  if (got > 0) {
    return context_fail(from->m, MOTH_FORMAT, from->where, "%s: header asks for %s = %llu bytes, the file holds more", from->name, sizes,
                        (unsigned long long)bytes);
  }
  return whole == UINT64_MAX || whole == from->position ? MOTH_OK : asks_for(from, sizes, bytes, bytes + whole - from->position);
}

moth_status values_rest(stream *from, stored_type type, int rank, const int64_t *size, moth_tensor **values) {
  char sizes[SIZES];
  uint64_t bytes, got = 0;
  moth_tensor *found = NULL;
  moth_status status = asked_bytes(from, type, rank, size, sizes, &bytes);
  if (!status) status = values_read(from, bytes, &found, &got);
  if (status) return status;
  if (!found) return asks_for(from, sizes, bytes, got);
  status = check_end(from, sizes, bytes);
  if (status) object_release(&found->base);
  else *values = found;
  return status;
}

moth_status values_fit(stream *from, stored_type type, int rank, const int64_t *size) {
  char sizes[SIZES];
  uint64_t bytes, whole;
  moth_status status = asked_bytes(from, type, rank, size, sizes, &bytes);
  if (!status) status = stream_size(from, &whole);
  if (status) return status;
  return whole - from->position == bytes ? MOTH_OK : asks_for(from, sizes, bytes, whole - from->position);
}

/* ---- Mapping ---- */

static moth_status cannot_map(stream *from, const char *label, const char *why, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, why);
  text_format_list(text, sizeof text, why, arguments);
  va_end(arguments);
  context_fail(from->m, MOTH_FORMAT, from->where, "%s%s cannot be mapped: %s", from->name, label, text);
  return context_hint(from->m, "without mapping it is read");
}

moth_status values_over(stream *from, storage *mapped, const char *label, stored_type type, bool is_big_endian, uint64_t at, int rank,
                        const int64_t *size, moth_tensor **t) {
  int64_t strides[MOTH_MAX_RANK];
  int width = types[type].width;
  if (type > STORED_BOOL) {
    return cannot_map(from, label, "its %s become %s", types[type].name, moth_dtype_name(types[type].dtype));
  }
  if (values_are_swapped(is_big_endian) && width > 1) {
    return cannot_map(from, label, "its bytes lie in the other order than this machine's");
  }
  if (at % (uint64_t)width != 0) {
    return cannot_map(from, label, "its values begin at byte %llu, which is no multiple of %d", (unsigned long long)at, width);
  }
  shape_strides(rank, size, strides);
  return context_within(from->m, tensor_over(from->m, mapped, at, types[type].dtype, rank, size, strides, true, t), from->where);
}

/* ---- Bytes to numbers ---- */

int64_t values_misfit(const void *bytes, int64_t count) {
  const uint8_t *at = bytes;
  for (int64_t i = 0; i < count; i++) {
    if (at[i] > 1) return i;
  }
  return -1;
}

#define SWAP(bits)                                                                                                                       \
  for (int64_t i = 0; i < count; i++) {                                                                                                  \
    uint##bits##_t v;                                                                                                                    \
    memcpy(&v, at + i * (bits / 8), sizeof v);                                                                                           \
    v = __builtin_bswap##bits(v);                                                                                                        \
    memcpy(at + i * (bits / 8), &v, sizeof v);                                                                                           \
  }                                                                                                                                      \
  break

void values_swap(void *values, int64_t count, int width) {
  char *at = values;
  switch (width) {
  case 2: SWAP(16);
  case 4: SWAP(32);
  case 8: SWAP(64);
  default: assert(width == 1);
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

/* ---- Numbers to bytes ---- */

moth_status values_write(stream *to, const moth_tensor *values) {
  moth_tensor *t = NULL;
  moth_status status = tensor_contiguous(to->m, to->where, values, values->dtype, &t);
  if (status) return status;
  int width = (int)dtype_size(t->dtype);
  bool is_swapped = values_are_swapped(false) && width > 1;
  if (is_swapped && t == values) { /* not in the caller's own values */
    object_release(&t->base);
    t = NULL;
    status = tensor_new(to->m, to->where, values->dtype, values->rank, values->size, false, &t);
    if (!status) status = tensor_copy(to->m, to->where, values, t);
  }
  if (!status && is_swapped) values_swap(t->values, t->count, width);
  if (!status && t->count > 0) status = stream_write(to, t->values, (size_t)t->count * (size_t)width);
  if (t) object_release(&t->base);
  return status;
}
