/* IDX: two zero bytes, a type, the number of axes, each size as four bytes, the values; all big-endian (yann.lecun.com/exdb/mnist). */
#include "formats/formats.h"

typedef struct idx_header { stored_type type; int rank; int64_t size[MOTH_MAX_RANK]; } idx_header;

static bool type_of(uint8_t code, stored_type *type) {
  switch (code) {
  case 0x08: *type = STORED_U8; return true;
  case 0x09: *type = STORED_I8; return true;
  case 0x0b: *type = STORED_I16; return true;
  case 0x0c: *type = STORED_I32; return true;
  case 0x0d: *type = STORED_F32; return true;
  case 0x0e: *type = STORED_F64; return true;
  default: return false;
  }
}

static moth_status header_is_cut(const stream *from, size_t got) {
  return context_fail(from->m, MOTH_FORMAT, from->where, "%s: the header ends after %zu bytes (cut short?)", from->name, got);
}

static moth_status read_header(stream *from, idx_header *header) {
  uint8_t bytes[4 * MOTH_MAX_RANK];
  size_t got = 0;
  moth_status status = stream_read(from, bytes, 4, &got);
  if (status) return status;
  if (got < 4) return header_is_cut(from, got);
  if (bytes[0] != 0 || bytes[1] != 0 || !type_of(bytes[2], &header->type)) {
    return context_fail(from->m, MOTH_FORMAT, from->where,
                        "%s is no IDX file: it begins %02x %02x %02x %02x, expected 00 00, a type (08 09 0b 0c 0d 0e), the number of axes",
                        from->name, bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  header->rank = bytes[3];
  if (header->rank > MOTH_MAX_RANK) {
    return context_fail(from->m, MOTH_LIMIT, from->where, "%s: %d axes, at most %d", from->name, header->rank, MOTH_MAX_RANK);
  }
  status = stream_read(from, bytes, 4 * (size_t)header->rank, &got);
  if (status) return status;
  if (got < 4 * (size_t)header->rank) return header_is_cut(from, got + 4);
  for (int i = 0; i < header->rank; i++) {
    const uint8_t *b = bytes + (size_t)i * 4;
    header->size[i] = (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | b[3];
  }
  return MOTH_OK;
}

moth_status idx_read(stream *from, moth_tensor **t) {
  idx_header header;
  moth_tensor *values = NULL;
  moth_status status = read_header(from, &header);
  if (!status) status = values_rest(from, header.type, header.rank, header.size, &values);
  if (status) return status;
  status = values_tensor(from->m, from->where, values, header.type, true, header.rank, header.size, t);
  object_release(&values->base);
  return status;
}
