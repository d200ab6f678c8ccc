/* CSV as RFC 4180 has it, strictly: a quote opens a cell at its first byte or stands doubled inside a quoted one, nothing follows the
 * closing quote but a delimiter or a line's end. Lines end in LF, CRLF or CR. libcsv would tell neither lines nor quoted cells. */
#include <string.h>

#include "core/memory.h"
#include "formats/formats.h"

enum { INPUT_BYTES = 1 << 16, ROW_BYTES = 1 << 28 };

/* ---- Bytes ---- */

/* Makes input[input_at] the next byte; false in *any at the end of the file. */
static moth_status csv_fill(csv_reader *r, bool *any) {
  if (r->input_at < r->input_end) {
    *any = true;
    return MOTH_OK;
  }
  *any = false;
  if (r->is_ended) return MOTH_OK;
  size_t got = 0;
  moth_status status = context_poll(r->m, r->from->where);
  if (!status) status = stream_read(r->from, r->input, INPUT_BYTES, &got);
  if (status) return status;
  r->input_at = 0, r->input_end = got;
  r->is_ended = got < INPUT_BYTES;
  *any = got > 0;
  return MOTH_OK;
}

static moth_status csv_fail(csv_reader *r, const char *what) {
  return context_fail(r->m, MOTH_FORMAT, r->from->where, "%s line %lld, column %lld: %s", r->from->name, (long long)r->line,
                      (long long)(r->count + r->m->index_base), what);
}

static moth_status csv_add(csv_reader *r, const char *bytes, size_t size) {
  int64_t wanted = r->byte_count + (int64_t)size + 1;
  if (wanted > ROW_BYTES) {
    return context_fail(r->m, MOTH_LIMIT, r->from->where, "%s line %lld: a row of more than 256 MiB (a quote that is never closed?)",
                        r->from->name, (long long)r->row_line);
  }
  if (wanted > r->byte_capacity) {
    moth_status status = memory_grow(r->m, &r->bytes, &r->byte_capacity, wanted, 1);
    if (status) return context_within(r->m, status, r->from->where);
  }
  memcpy(r->bytes + r->byte_count, bytes, size);
  r->byte_count += (int64_t)size;
  return MOTH_OK;
}

/* Passes over what ends a line: the byte at input_at is a CR or LF. */
static moth_status csv_end_line(csv_reader *r) {
  bool any = true, is_return = r->input[r->input_at++] == '\r';
  r->line++;
  moth_status status = is_return ? csv_fill(r, &any) : MOTH_OK;
  if (!status && is_return && any && r->input[r->input_at] == '\n') r->input_at++;
  return status;
}

/* ---- Cells ---- */

/* To the delimiter or the end of the row, which stay unread. */
static moth_status csv_plain_cell(csv_reader *r) {
  for (;;) {
    bool any;
    moth_status status = csv_fill(r, &any);
    if (status || !any) return status;
    const char *from = r->input + r->input_at;
    size_t most = r->input_end - r->input_at, length = 0;
    while (length < most && !r->ends[(uint8_t)from[length]]) length++;
    status = csv_add(r, from, length);
    if (status) return status;
    r->input_at += length;
    if (length == most) continue;
    char end = from[length];
    if (end == 0) return csv_fail(r, "a byte 0; is this a text file?");
    if (end == '"' && end != r->delimiter) return csv_fail(r, "a quote inside a cell that does not begin with one");
    return MOTH_OK;
  }
}

/* After the opening quote. A line's end inside is kept as it is. */
static moth_status csv_quoted_cell(csv_reader *r) {
  int64_t begun = r->line;
  for (bool was_return = false;;) {
    bool any;
    moth_status status = csv_fill(r, &any);
    if (status) return status;
    if (!any) {
      r->line = begun;
      return csv_fail(r, "the quote is never closed");
    }
    char c = r->input[r->input_at++];
    if (c == 0) return csv_fail(r, "a byte 0; is this a text file?");
    if (c == '\r' || (c == '\n' && !was_return)) r->line++;
    was_return = c == '\r';
    if (c == '"') {
      status = csv_fill(r, &any);
      if (status) return status;
      if (!any || r->input[r->input_at] != '"') break;
      r->input_at++;
    }
    status = csv_add(r, &c, 1);
    if (status) return status;
  }
  bool any;
  moth_status status = csv_fill(r, &any);
  if (status || !any) return status;
  char c = r->input[r->input_at];
  if (c == r->delimiter || c == '\r' || c == '\n') return MOTH_OK;
  return csv_fail(r, "text after the closing quote; a quote inside is written \"\"");
}

/* One cell into bytes and cells; *more: a delimiter followed it. */
static moth_status csv_cell_read(csv_reader *r, bool *more) {
  bool any;
  moth_status status = csv_fill(r, &any);
  if (status) return status;
  csv_cell cell = { .offset = r->byte_count };
  cell.quoted = any && r->input[r->input_at] == '"';
  if (cell.quoted) {
    r->input_at++;
    status = csv_quoted_cell(r);
  } else {
    status = csv_plain_cell(r);
  }
  if (!status) status = memory_grow(r->m, &r->cells, &r->cell_capacity, r->count + 1, sizeof *r->cells);
  if (!status) {
    cell.length = r->byte_count - cell.offset;
    status = csv_add(r, "", 1);
  }
  if (status) return status;
  r->cells[r->count++] = cell;
  status = csv_fill(r, &any);
  *more = any && r->input[r->input_at] == r->delimiter;
  if (*more) r->input_at++;
  else if (any && !status) status = csv_end_line(r);
  return status;
}

/* ---- Rows ---- */

moth_status csv_open(stream *from, char delimiter, int64_t skip, csv_reader *reader) {
  *reader = (csv_reader){ .m = from->m, .from = from, .delimiter = delimiter, .line = 1 };
  reader->ends[0] = reader->ends['"'] = reader->ends['\r'] = reader->ends['\n'] = reader->ends[(uint8_t)delimiter] = true;
  reader->input = memory_new(from->m, INPUT_BYTES, 1);
  if (!reader->input) return context_within(from->m, from->m->status, from->where);
  bool any;
  moth_status status = csv_fill(reader, &any);
  if (status) return status;
  if (reader->input_end >= 3 && memcmp(reader->input, "\xef\xbb\xbf", 3) == 0) reader->input_at = 3;
  if (reader->input_end >= 2 && (memcmp(reader->input, "\xff\xfe", 2) == 0 || memcmp(reader->input, "\xfe\xff", 2) == 0)) {
    return context_fail(from->m, MOTH_FORMAT, from->where, "%s is UTF-16; save it as UTF-8", from->name);
  }
  while (reader->line <= skip) {
    status = csv_fill(reader, &any);
    if (status || !any) return status;
    char c = reader->input[reader->input_at];
    if (c == '\r' || c == '\n') status = csv_end_line(reader);
    else reader->input_at++;
    if (status) return status;
  }
  return MOTH_OK;
}

static bool csv_is_blank(const csv_reader *r) {
  if (r->count != 1 || r->cells[0].quoted) return false;
  const char *text = r->bytes;
  return text[strspn(text, " \t")] == 0;
}

static moth_status csv_is_ragged(csv_reader *r) {
  moth_status status = context_fail(r->m, MOTH_FORMAT, r->from->where, "%s line %lld has %lld field%s, line %lld has %lld", r->from->name,
                                    (long long)r->row_line, (long long)r->count, r->count == 1 ? "" : "s", (long long)r->first_line,
                                    (long long)r->columns);
  if (r->rows == 1) context_hint(r->m, "{ skip = %lld } leaves line %lld out", (long long)r->row_line - 1, (long long)r->first_line);
  return status;
}

moth_status csv_next(csv_reader *r, bool *more) {
  do {
    bool any;
    moth_status status = csv_fill(r, &any);
    if (status) return status;
    if (!any) {
      *more = false;
      return MOTH_OK;
    }
    r->byte_count = r->count = 0;
    r->row_line = r->line;
    for (bool another = true; another;) {
      status = csv_cell_read(r, &another);
      if (status) return status;
    }
  } while (csv_is_blank(r));
  if (r->rows == 0) r->columns = r->count, r->first_line = r->row_line;
  else if (r->count != r->columns) return csv_is_ragged(r);
  r->rows++;
  *more = true;
  return MOTH_OK;
}

void csv_close(csv_reader *r) {
  if (!r->m) return;
  memory_free(r->m, r->input, INPUT_BYTES, 1);
  memory_resize(r->m, r->bytes, (size_t)r->byte_capacity, 0);
  memory_resize(r->m, r->cells, (size_t)r->cell_capacity * sizeof *r->cells, 0);
  *r = (csv_reader){ 0 };
}
