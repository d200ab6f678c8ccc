/* .npy files: the values behind the header (npy_header.c), in C or Fortran order. */
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "formats/formats.h"

/* ---- Reading ---- */

/* An array in Fortran order is its transpose in C order. */
static void file_shape(const npy_header *header, int64_t size[MOTH_MAX_RANK]) {
  for (int i = 0; i < header->rank; i++) size[i] = header->size[header->is_fortran ? header->rank - 1 - i : i];
}

static moth_status transposed(stream *from, moth_tensor *t, moth_tensor **view) {
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0; i < t->rank; i++) size[i] = t->size[t->rank - 1 - i], strides[i] = t->strides[t->rank - 1 - i];
  return context_within(from->m, tensor_view(from->m, t, t->values, t->rank, size, strides, view), from->where);
}

static moth_status check_flags(stream *from, stored_type type, const char *bytes, int64_t count) {
  int64_t bad = type == STORED_BOOL ? values_misfit(bytes, count) : -1;
  if (bad < 0) return MOTH_OK;
  return context_fail(from->m, MOTH_FORMAT, from->where, "%s holds bool, byte %lld of the values is %d", from->name, (long long)bad,
                      (uint8_t)bytes[bad]);
}

/* As the bytes lie, before any transposing. */
static moth_status read_plain(stream *from, const npy_header *header, const int64_t *size, moth_tensor **t) {
  moth_tensor *bytes = NULL;
  moth_status status = values_rest(from, header->type, header->rank, size, &bytes);
  if (status) return status;
  status = check_flags(from, header->type, bytes->values, bytes->count);
  if (!status) status = values_tensor(from->m, from->where, bytes, header->type, header->is_big_endian, header->rank, size, t);
  object_release(&bytes->base);
  return context_within(from->m, status, from->where);
}

static moth_status map_plain(stream *from, storage *mapped, const npy_header *header, const int64_t *size, moth_tensor **t) {
  moth_status status = values_fit(from, header->type, header->rank, size);
  if (!status) status = values_over(from, mapped, "", header->type, header->is_big_endian, from->position, header->rank, size, t);
  if (status) return status;
  status = check_flags(from, header->type, (*t)->values, (*t)->count);
  if (status) object_release(&(*t)->base);
  return status;
}

moth_status npy_read(stream *from, storage *mapped, moth_tensor **t) {
  npy_header header;
  int64_t size[MOTH_MAX_RANK];
  moth_tensor *plain = NULL, *view = NULL;
  moth_status status = npy_read_header(from, &header);
  if (status) return status;
  file_shape(&header, size);
  status = mapped ? map_plain(from, mapped, &header, size, &plain) : read_plain(from, &header, size, &plain);
  if (status) return status;
  if (!header.is_fortran) {
    *t = plain;
    return MOTH_OK;
  }
  status = transposed(from, plain, &view);
  if (!status && !mapped) status = tensor_contiguous(from->m, from->where, view, view->dtype, t);
  object_release(&plain->base);
  if (!status && mapped) *t = view;
  else if (view) object_release(&view->base);
  return status;
}

/* ---- Writing ---- */

static const char *const descrs[MOTH_DTYPES] = {
  [MOTH_F32] = "<f4", [MOTH_F64] = "<f8", [MOTH_I64] = "<i8", [MOTH_U8] = "|u1", [MOTH_BOOL] = "|b1",
};

/* NumPy leaves room for the first size to grow to 21 digits in place, and ends headers at a multiple of 64 (at least one space). */
enum { HEAD_BYTES = 10, GROWTH_DIGITS = 21, ALIGNMENT = 64, MOST_TEXT = 512 };

moth_status npy_write(stream *to, const moth_tensor *t) {
  char bytes[HEAD_BYTES + MOST_TEXT] = "\x93NUMPY\1";
  text_line line = { bytes + HEAD_BYTES, MOST_TEXT, 0 };
  text_line_add(&line, "{'descr': '%s', 'fortran_order': False, 'shape': (", descrs[t->dtype]);
  size_t begun = line.length;
  for (int i = 0; i < t->rank; i++) {
    text_line_add(&line, i ? ", %lld" : "%lld", (long long)t->size[i]);
    if (i == 0) begun = line.length - begun;
  }
  text_line_add(&line, t->rank == 1 ? ",), }" : "), }");
  size_t spaces = t->rank > 0 ? GROWTH_DIGITS - begun : 0;
  spaces += ALIGNMENT - (HEAD_BYTES + line.length + spaces + 1) % ALIGNMENT;
  memset(bytes + HEAD_BYTES + line.length, ' ', spaces);
  size_t length = line.length + spaces + 1;
  bytes[HEAD_BYTES + length - 1] = '\n';
  bytes[8] = (char)(length & 255), bytes[9] = (char)(length >> 8);
  moth_status status = stream_write(to, bytes, HEAD_BYTES + length);
  return status ? status : values_write(to, t);
}
