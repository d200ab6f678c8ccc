/* The header of a .npy file (numpy.lib.format): the magic, a version, the length of a text, and the text, which is a dict as Python writes
 * it: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. Only that much of Python is read: strings without escapes, True, False
 * and a tuple of whole numbers. */
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "formats/formats.h"

enum { MAGIC_BYTES = 6, MOST_HEADER = 1 << 16, MOST_DESCR = 40 };
static const char magic[MAGIC_BYTES + 1] = "\x93NUMPY";

/* ---- Types ---- */

static const struct { const char *code; stored_type type; } known[] = {
  { "f4", STORED_F32 }, { "f8", STORED_F64 }, { "f2", STORED_F16 }, { "i8", STORED_I64 }, { "i4", STORED_I32 }, { "i2", STORED_I16 },
  { "i1", STORED_I8 },  { "u1", STORED_U8 },  { "u2", STORED_U16 }, { "u4", STORED_U32 }, { "b1", STORED_BOOL }, { "?", STORED_BOOL },
};

/* What has no place here, and what to do about it. A code of one letter stands for all of its widths. */
static const struct { const char *code, *name, *hint; } foreign[] = {
  { "u8", "uint64", "save array.astype(np.int64), or np.float64 where values pass 2^63" },
  { "f", "a long double", "save array.astype(np.float64)" },
  { "c", "complex", "save array.real and array.imag" },
  { "U", "text", "save numbers; moth.classes makes class numbers of words" },
  { "S", "text", "save numbers; moth.classes makes class numbers of words" },
  { "a", "text", "save numbers; moth.classes makes class numbers of words" },
  { "O", "Python objects", "a pickle is a program and is never run; save array.astype(np.float64) if these are numbers" },
  { "M", "points in time", "save array.astype(np.int64)" },
  { "m", "spans of time", "save array.astype(np.int64)" },
  { "V2", "two raw bytes (bfloat16? the file does not tell)", "save array.astype(np.float32)" },
  { "V", "raw bytes", "save array.view(np.uint8), or numbers" },
};

/* The type of '<f4'; the order is this machine's where none is told. */
static moth_status read_type(stream *from, const char *descr, npy_header *header) {
  const char *code = descr + (strchr("<>=|", *descr) && *descr ? 1 : 0);
  header->is_big_endian = code != descr && (*descr == '>' || *descr == '<') ? *descr == '>' : __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].code, code) != 0) continue;
    header->type = known[i].type;
    return MOTH_OK;
  }
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
    bool is_it = foreign[i].code[1] ? strcmp(foreign[i].code, code) == 0 : foreign[i].code[0] == *code;
    if (!is_it) continue;
    context_fail(from->m, MOTH_DTYPE, from->where, "%s holds %s ('%s'), for which there is no dtype here", from->name, foreign[i].name,
                 descr);
    return context_hint(from->m, "%s", foreign[i].hint);
  }
  return context_fail(from->m, MOTH_DTYPE, from->where, "%s: '%s' is no type that NumPy writes", from->name, descr);
}

/* ---- The dict ---- */

typedef struct dict_reader {
  stream *from;
  const char *text;
  size_t length, at, before;     /* `before`: bytes of the file before the text */
  bool has_long;                 /* Python 2 wrote sizes as 3L */
  npy_header *header;
  char descr[MOST_DESCR];
} dict_reader;

static moth_status fail_at(dict_reader *r, const char *expected) {
  if (r->at >= r->length) {
    return context_fail(r->from->m, MOTH_FORMAT, r->from->where, "%s: the header ends at byte %zu, expected %s", r->from->name,
                        r->before + r->at, expected);
  }
  uint8_t c = (uint8_t)r->text[r->at];
  char shown[8];
  text_format(shown, sizeof shown, c >= 0x20 && c < 0x7f ? "'%c'" : "0x%02x", c);
  return context_fail(r->from->m, MOTH_FORMAT, r->from->where, "%s: header byte %zu: %s, expected %s", r->from->name, r->before + r->at,
                      shown, expected);
}

/* The next byte that is no space; 0 at the end. */
static char next(dict_reader *r) {
  while (r->at < r->length && strchr(" \t\n\r", r->text[r->at]) && r->text[r->at]) r->at++;
  return r->at < r->length ? r->text[r->at] : 0;
}

static bool takes(dict_reader *r, char c) {
  if (next(r) != c) return false;
  r->at++;
  return true;
}

/* A string of at most size-1 bytes. */
static moth_status read_string(dict_reader *r, char *string, size_t size) {
  char quote = next(r);
  if (quote != '\'' && quote != '"') return fail_at(r, "a string");
  r->at++;
  size_t length = 0;
  for (; r->at < r->length && r->text[r->at] != quote; r->at++) {
    char c = r->text[r->at];
    if (c < 0x20 || c == '\\' || c == 0x7f || length + 1 >= size) return fail_at(r, "a short string");
    string[length++] = c;
  }
  if (r->at >= r->length) return fail_at(r, "the end of a string");
  r->at++;
  string[length] = 0;
  return MOTH_OK;
}

static moth_status read_descr(dict_reader *r) {
  char c = next(r);
  if (c != '[' && c != '(') return read_string(r, r->descr, sizeof r->descr);
  context_fail(r->from->m, MOTH_DTYPE, r->from->where, "%s holds a structured array, for which there is no dtype here", r->from->name);
  return context_hint(r->from->m, "save each field: np.savez(path, a = array['a'], ...)");
}

static moth_status read_order(dict_reader *r) {
  static const char *const words[] = { "False", "True" };
  next(r);
  for (int i = 0; i < 2; i++) {
    size_t length = strlen(words[i]);
    if (r->length - r->at < length || memcmp(r->text + r->at, words[i], length) != 0) continue;
    r->at += length;
    r->header->is_fortran = i == 1;
    return MOTH_OK;
  }
  return fail_at(r, "True or False");
}

static moth_status read_size(dict_reader *r, int64_t *size) {
  char c = next(r);
  if (c < '0' || c > '9') return fail_at(r, "a size, a whole number >= 0");
  *size = 0;
  for (; r->at < r->length && (c = r->text[r->at]) >= '0' && c <= '9'; r->at++) {
    if (!__builtin_mul_overflow(*size, 10, size) && !__builtin_add_overflow(*size, c - '0', size)) continue;
    return context_fail(r->from->m, MOTH_LIMIT, r->from->where, "%s: header byte %zu: a size beyond 2^63", r->from->name,
                        r->before + r->at);
  }
  if (r->has_long && r->at < r->length && r->text[r->at] == 'L') r->at++;
  return MOTH_OK;
}

/* (), (3,), (3, 4), (3, 4,) */
static moth_status read_shape(dict_reader *r) {
  int rank = 0;
  if (!takes(r, '(')) return fail_at(r, "the tuple of a shape");
  while (!takes(r, ')')) {
    int64_t size = 0;
    moth_status status = read_size(r, &size);
    if (status) return status;
    if (rank < MOTH_MAX_RANK) r->header->size[rank] = size;
    rank++;
    if (takes(r, ',')) continue;
    if (next(r) != ')' || rank == 1) return fail_at(r, "','"); /* (3) is a number */
  }
  r->header->rank = rank;
  if (rank <= MOTH_MAX_RANK) return MOTH_OK;
  return context_fail(r->from->m, MOTH_LIMIT, r->from->where, "%s: %d axes, at most %d", r->from->name, rank, MOTH_MAX_RANK);
}

static moth_status read_dict(dict_reader *r) {
  static const struct { const char *key; moth_status (*read)(dict_reader *r); } keys[] = {
    { "descr", read_descr }, { "fortran_order", read_order }, { "shape", read_shape }
  };
  unsigned seen = 0;
  if (!takes(r, '{')) return fail_at(r, "'{'");
  while (!takes(r, '}')) {
    char key[16];
    size_t begun = (next(r), r->at);
    moth_status status = read_string(r, key, sizeof key);
    if (status) return status;
    int i = 0;
    while (i < 3 && strcmp(keys[i].key, key) != 0) i++;
    if (i == 3 || seen & 1u << i) {
      r->at = begun;
      return fail_at(r, "each of 'descr', 'fortran_order' and 'shape' once");
    }
    seen |= 1u << i;
    if (!takes(r, ':')) return fail_at(r, "':'");
    status = keys[i].read(r);
    if (status) return status;
    if (!takes(r, ',') && next(r) != '}') return fail_at(r, "',' or '}'");
  }
  for (int i = 0; i < 3; i++) {
    if (seen & 1u << i) continue;
    return context_fail(r->from->m, MOTH_FORMAT, r->from->where, "%s: the header has no '%s'", r->from->name, keys[i].key);
  }
  return next(r) || r->at < r->length ? fail_at(r, "its end") : MOTH_OK;
}

/* ---- The whole ---- */

static moth_status read_length(stream *from, int version, uint32_t *length) {
  uint8_t bytes[4] = { 0 };
  moth_status status = stream_read_all(from, bytes, version == 1 ? 2 : 4);
  *length = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
  if (status || *length < MOST_HEADER) return status;
  return context_fail(from->m, MOTH_LIMIT, from->where, "%s: a header of %u bytes, at most %d", from->name, (unsigned)*length,
                      MOST_HEADER - 1);
}

moth_status npy_read_header(stream *from, npy_header *header) {
  char head[MAGIC_BYTES + 2];
  size_t got = 0;
  moth_status status = stream_read(from, head, sizeof head, &got);
  if (status) return status;
  if (memcmp(head, magic, got < MAGIC_BYTES ? got : MAGIC_BYTES) != 0) {
    return context_fail(from->m, MOTH_FORMAT, from->where, "%s is no .npy file: it does not begin with \\x93NUMPY", from->name);
  }
  if (got < sizeof head) {
    return context_fail(from->m, MOTH_FORMAT, from->where, "%s: the header ends after %zu bytes (cut short?)", from->name, got);
  }
  int version = head[MAGIC_BYTES];
  if (version < 1 || version > 3 || head[MAGIC_BYTES + 1] != 0) {
    return context_fail(from->m, MOTH_FORMAT, from->where, "%s is version %d.%d of the format; 1.0, 2.0 and 3.0 can be read", from->name,
                        (uint8_t)version, (uint8_t)head[MAGIC_BYTES + 1]);
  }
  uint32_t length;
  status = read_length(from, version, &length);
  if (status) return status;
  char *text = memory_new(from->m, length, 1);
  if (!text) return context_within(from->m, from->m->status, from->where);
  dict_reader r = { .from = from, .text = text, .length = length, .before = (size_t)from->position, .has_long = version < 3,
                    .header = header };
  *header = (npy_header){ 0 };
  status = stream_read_all(from, text, length);
  if (!status) status = read_dict(&r);
  if (!status) status = read_type(from, r.descr, header);
  memory_free(from->m, text, length, 1);
  return status;
}
