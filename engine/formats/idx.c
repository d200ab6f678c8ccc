/* IDX: two zero bytes, a type, the number of axes, each size as four bytes, the values; all big-endian (yann.lecun.com/exdb/mnist). */
#include <string.h>

#include "core/text.h"
#include "formats/formats.h"

typedef struct idx_header { stored_type type; int rank; int64_t size[MOTH_MAX_RANK]; int64_t count; } idx_header;

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

/* "60000x28x28" */
static void sizes_text(const idx_header *header, char *buffer, size_t size) {
  text_line line = { buffer, size, 0 };
  for (int i = 0; i < header->rank; i++) text_line_add(&line, "%s%lld", i ? "x" : "", (long long)header->size[i]);
  if (header->rank == 0) text_line_add(&line, "one value");
}

static moth_status check_end(stream *from, const char *sizes, uint64_t bytes) {
  uint64_t whole, most;
  moth_status status = stream_size(from, &whole);
  if (status) return status;
  if (whole == UINT64_MAX) {
    char more;
    size_t got = 0;
    status = stream_read(from, &more, 1, &got);
    if (status || got == 0) return status;
    return context_fail(from->m, MOTH_FORMAT, from->where, "%s: header asks for %s = %llu bytes, the file holds more", from->name, sizes,
                        (unsigned long long)bytes);
  }
  most = whole - from->position;
  if (most == 0) return MOTH_OK;
  return context_fail(from->m, MOTH_FORMAT, from->where, "%s: header asks for %s = %llu bytes, the file holds %llu", from->name, sizes,
                      (unsigned long long)bytes, (unsigned long long)(bytes + most));
}

moth_status idx_read(stream *from, moth_tensor **t) {
  idx_header header;
  char sizes[128];
  moth_status status = read_header(from, &header);
  if (status) return status;
  sizes_text(&header, sizes, sizeof sizes);
  if (!shape_count(header.rank, header.size, &header.count)) {
    return context_fail(from->m, MOTH_LIMIT, from->where, "%s: header asks for %s values, more than can be addressed", from->name, sizes);
  }
  uint64_t bytes = (uint64_t)header.count * (uint64_t)stored_width(header.type), got = 0;
  moth_tensor *values = NULL;
  status = values_read(from, bytes, &values, &got);
  if (status) return status;
  if (!values) {
    return context_fail(from->m, MOTH_FORMAT, from->where, "%s: header asks for %s = %llu bytes, the file holds %llu (cut short?)",
                        from->name, sizes, (unsigned long long)bytes, (unsigned long long)got);
  }
  status = check_end(from, sizes, bytes);
  if (!status) status = values_tensor(from->m, from->where, values, header.type, true, header.rank, header.size, t);
  object_release(&values->base);
  return status;
}
