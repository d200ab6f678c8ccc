/* CSV files that hold nothing but numbers, as one tensor: no header, no words, no missing cells (reader_csv.c reads those). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "formats/formats.h"

/* ---- Reading ---- */

typedef struct numbers { double *values; int64_t count, capacity; } numbers;

static moth_status is_no_number(csv_reader *r, int64_t column) {
  const char *text = csv_text(r, column);
  moth *m = r->m;
  if (r->rows == 1) {
    context_fail(m, MOTH_FORMAT, r->from->where, "%s line %lld holds words, '%.60s'; load takes numbers only", r->from->name,
                 (long long)r->row_line, text);
    return context_hint(m, "moth.csv reads headers, classes and missing cells");
  }
  if (*text == 0) {
    context_fail(m, MOTH_FORMAT, r->from->where, "%s line %lld, column %lld is empty", r->from->name, (long long)r->row_line,
                 (long long)(column + m->index_base));
  } else {
    context_fail(m, MOTH_FORMAT, r->from->where, "%s line %lld, column %lld: '%.60s' is not a number", r->from->name,
                 (long long)r->row_line, (long long)(column + m->index_base), text);
  }
  return context_hint(m, "moth.csv reads words and missing cells");
}

static moth_status add_row(csv_reader *r, numbers *found) {
  moth_status status = memory_extend(r->m, &found->values, &found->capacity, found->count + r->count, sizeof *found->values);
  if (status) return context_within(r->m, status, r->from->where);
  for (int64_t i = 0; i < r->count; i++) {
    double *value = &found->values[found->count + i];
    if (!text_parse_number(csv_text(r, i), (size_t)r->cells[i].length, value)) return is_no_number(r, i);
  }
  found->count += r->count;
  return MOTH_OK;
}

static moth_status read_rows(csv_reader *r, numbers *found) {
  for (bool more = true;;) {
    moth_status status = csv_next(r, &more);
    if (status || !more) return status;
    status = add_row(r, found);
    if (status) return status;
  }
}

moth_status csv_read_numbers(stream *from, moth_tensor **t) {
  csv_reader r;
  numbers found = { 0 };
  moth *m = from->m;
  moth_status status = csv_open(from, ',', 0, &r);
  if (!status) status = read_rows(&r, &found);
  if (!status && r.rows == 0) status = context_fail(m, MOTH_DATA, from->where, "%s holds no rows", from->name);
  if (!status) status = tensor_new(m, from->where, MOTH_F64, 2, (int64_t[]){ r.rows, r.columns }, false, t);
  if (!status) memcpy((*t)->values, found.values, (size_t)found.count * sizeof *found.values);
  memory_resize(m, found.values, (size_t)found.capacity * sizeof *found.values, 0);
  csv_close(&r);
  return status;
}

/* ---- Writing ---- */

enum { FLUSH_BYTES = 1 << 16 };

/* The fewest digits that read back as the same float. */
static size_t float_text(char *buffer, size_t size, float value) {
  if (!isfinite(value)) return text_number(buffer, size, value);
  for (int digits = fabsf(value) < FLT_MIN ? 1 : 6;; digits++) {
    double back;
    size_t length = text_format(buffer, size, "%.*g", digits, (double)value);
    if (digits == 9 || (text_parse_number(buffer, length, &back) && (float)back == value)) return length;
  }
}

static size_t element_text(char *buffer, size_t size, moth_dtype dtype, const char *at) {
  switch (dtype) {
  case MOTH_F32: return float_text(buffer, size, *(const float *)(const void *)at);
  case MOTH_F64: return text_number(buffer, size, *(const double *)(const void *)at);
  case MOTH_I64: return text_format(buffer, size, "%lld", (long long)*(const int64_t *)(const void *)at);
  default: return text_format(buffer, size, "%d", *(const uint8_t *)at);
  }
}

static moth_status flush(stream *to, text_buffer *text) {
  if (text->failed) return context_within(to->m, to->m->status, to->where);
  moth_status status = context_poll(to->m, to->where);
  if (!status && text->length > 0) status = stream_write(to, text->bytes, (size_t)text->length);
  text->length = 0;
  return status;
}

moth_status csv_write_numbers(stream *to, const moth_tensor *t) {
  if (t->rank != 1 && t->rank != 2) {
    return context_fail(to->m, MOTH_SHAPE, to->where, "%s: CSV holds rows and columns, got %s", to->name, tensor_text(t).text);
  }
  if (t->count == 0) {
    context_fail(to->m, MOTH_SHAPE, to->where, "%s: %s is empty, and CSV would not tell its shape", to->name, tensor_text(t).text);
    return context_hint(to->m, ".npy does");
  }
  int64_t columns = t->rank == 2 ? t->size[1] : 1, width = (int64_t)dtype_size(t->dtype);
  int64_t row_step = t->strides[0] * width, step = t->rank == 2 ? t->strides[1] * width : 0;
  moth_status status = MOTH_OK;
  text_buffer text;
  text_buffer_open(&text, to->m);
  for (int64_t row = 0; row < t->size[0] && !status; row++) {
    for (int64_t column = 0; column < columns; column++) {
      char number[40];
      size_t length = element_text(number, sizeof number - 1, t->dtype, t->values + row * row_step + column * step);
      number[length++] = column + 1 < columns ? ',' : '\n';
      text_buffer_bytes(&text, number, length);
    }
    if (text.length >= FLUSH_BYTES || text.failed) status = flush(to, &text);
  }
  if (!status) status = flush(to, &text);
  text_buffer_close(&text);
  return status;
}
