#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/option.h"
#include "core/part.h"

/* Reading one value: bring it to a kind that its row accepts, then check it. Owned results are built in place, so that a failure can free
 * them; calls are given back. */

/* ---- Checks ---- */

static bool is_in_range(const moth_option_row *row, double value) {
  if (!(row->flags & MOTH_RANGED)) return true;
  bool over = row->flags & MOTH_LOW_OPEN ? value > row->low : value >= row->low;
  bool under = row->flags & MOTH_HIGH_OPEN ? value < row->high : value <= row->high;
  return over && under; /* false for nan */
}

/* Other libraries' words for choices, where the row has ours. */
static const char *foreign_choice(const char *choices, const char *word) {
  static const char *const dtypes[][2] = {
    { "f32", "float32 float single Float32 FloatTensor" }, { "f64", "float64 double Float64 DoubleTensor" },
    { "i64", "int64 long int integer int32 LongTensor IntTensor" }, { "u8", "uint8 byte ByteTensor" }, { "bool", "boolean BoolTensor" },
  };
  for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
    if (text_list_has(choices, dtypes[i][0]) && text_list_has(dtypes[i][1], word)) return dtypes[i][0];
  }
  return NULL;
}

/* What was meant by a word that is no choice. */
static void hint_at_choice(const char *choices, const char *given, char *hint, size_t size) {
  const char *here = foreign_choice(choices, given);
  if (here != NULL) {
    text_format(hint, size, "; here it is '%s'", here);
    return;
  }
  int least = INT_MAX;
  for (const char *at = choices; *at != 0;) {
    size_t span = strcspn(at, " ");
    char word[64];
    text_format(word, sizeof word, "%.*s", (int)span, at);
    int distance = text_near(given, word);
    if (distance >= 0 && distance < least) least = distance, text_format(hint, size, "; did you mean '%s'?", word);
    at += span;
    at += strspn(at, " ");
  }
}

moth_status option_refuse(moth *m, const char *where, const moth_option_row *row, int64_t entry, const moth_option *given) {
  char text[1024], hint[96] = "";
  text_line line = { text, sizeof text, 0 };
  if (entry > 0 && row->flags & MOTH_REST) text_line_add(&line, "entry %lld", (long long)entry);
  else if (entry > 0) text_line_add(&line, "entry %lld of %s", (long long)entry, row->key);
  else text_line_add(&line, "%s", row->key);
  text_line_add(&line, " must be ");
  option_expected(&line, row, entry > 0, given);
  text_line_add(&line, ", got ");
  option_given(&line, given);
  if (given->kind == MOTH_OPTION_TEXT && given->as.text != NULL && row->choices != NULL) {
    hint_at_choice(row->choices, given->as.text, hint, sizeof hint);
  }
  double value = given->kind == MOTH_OPTION_INT ? (double)given->as.integer : given->kind == MOTH_OPTION_REAL ? given->as.real : 0;
  if (row->flags & MOTH_RANGED && row->low == 0 && row->high == 1 && value > 1 && value < 100) { /* a percentage */
    char share[40];
    text_number(share, sizeof share, round(value * 1e10) / 1e12); /* 1.1/100 itself is 0.011000000000000001 */
    text_format(hint, sizeof hint, "; %s?", share);
  }
  return context_fail(m, MOTH_OPTION, where, "%s%s", text, hint);
}

static moth_status check_text(moth *m, const char *where, const moth_option_row *row, int64_t entry, const char *text) {
  if (text != NULL && (row->choices == NULL || text_list_has(row->choices, text))) return MOTH_OK;
  return option_refuse(m, where, row, entry, &(moth_option){ .kind = MOTH_OPTION_TEXT, .as.text = text });
}

static moth_status check_number(moth *m, const char *where, const moth_option_row *row, int64_t entry, const moth_option *number) {
  double value = number->kind == MOTH_OPTION_INT ? (double)number->as.integer : number->as.real;
  return is_in_range(row, value) ? MOTH_OK : option_refuse(m, where, row, entry, number);
}

static moth_status check_handle(moth *m, const char *where, const moth_option_row *row, int64_t entry, const moth_option *given,
                                moth_object_kind kind) {
  char argument[96];
  const void *handle = given->kind == MOTH_OPTION_PART ? (const void *)given->as.part
                       : given->kind == MOTH_OPTION_TENSOR ? (const void *)given->as.tensor : given->as.object;
  bool is_part = given->kind == MOTH_OPTION_PART;
  bool fits = handle != NULL && moth_kind(handle) == kind && (!is_part || row->parts >> given->as.part->kind & 1);
  if (!fits) return option_refuse(m, where, row, entry, given);
  if (entry > 0) text_format(argument, sizeof argument, "entry %lld", (long long)entry);
  else text_format(argument, sizeof argument, "%s", row->key);
  return object_check(m, handle, kind, where, argument);
}

/* ---- Coercion: the kind a value is read as, or 0 ---- */

/* 0/0 has a sign, which messages would tell. */
static double unsigned_nan(double value) { return isnan(value) ? (double)NAN : value; }

static bool is_whole(double value) { return value >= -0x1p63 && value < 0x1p63 && value == floor(value); }

static bool are_whole(const moth_option *given) {
  for (size_t i = 0; i < given->count; i++) {
    if (!is_whole(given->as.reals[i])) return false;
  }
  return true;
}

static unsigned first_of(unsigned accepted, const unsigned *wanted) {
  while (*wanted != 0 && !(accepted & *wanted)) wanted++;
  return *wanted;
}

static unsigned kind_read_as(unsigned accepted, const moth_option *given) {
  static const unsigned ints[] = { MOTH_OPTION_REAL, MOTH_OPTION_INTS, MOTH_OPTION_REALS, 0 };
  static const unsigned reals[] = { MOTH_OPTION_REALS, 0 };
  static const unsigned wholes[] = { MOTH_OPTION_INT, MOTH_OPTION_REALS, MOTH_OPTION_INTS, 0 };
  static const unsigned texts[] = { MOTH_OPTION_PART, MOTH_OPTION_TEXTS, MOTH_OPTION_PARTS, 0 };
  static const unsigned parts[] = { MOTH_OPTION_PARTS, 0 };
  static const unsigned lists[] = { MOTH_OPTION_INTS, 0 };
  if (accepted & given->kind) return given->kind;
  switch (given->kind) {
  case MOTH_OPTION_INT: return first_of(accepted, ints);
  case MOTH_OPTION_REAL: return first_of(accepted, is_whole(given->as.real) ? wholes : reals);
  case MOTH_OPTION_TEXT: return first_of(accepted, texts);
  case MOTH_OPTION_PART:
  case MOTH_OPTION_TEXTS: return first_of(accepted, parts);
  case MOTH_OPTION_INTS: return first_of(accepted, reals);
  case MOTH_OPTION_REALS: return are_whole(given) ? first_of(accepted, lists) : 0;
  default: return 0;
  }
}

/* ---- Lists ---- */

static bool is_list(moth_option_kind kind) {
  return kind & (MOTH_OPTION_INTS | MOTH_OPTION_REALS | MOTH_OPTION_TEXTS | MOTH_OPTION_PARTS);
}

/* What a list is read from: one value (a list, or a scalar that stands for a list of itself), or the positionals that remain. */
typedef struct entries { const moth_option *given; size_t count; bool is_rest; } entries;

static entries entries_of(const moth_option *given) { return (entries){ given, is_list(given->kind) ? given->count : 1, false }; }

static moth_option entry_at(const entries *list, size_t i) {
  if (list->is_rest) return list->given[i];
  return is_list(list->given->kind) ? option_entry(list->given, i) : *list->given;
}

/* The number by which messages name an entry; 0 for a scalar. */
static int64_t entry_number(const entries *list, const moth_option_row *row, size_t i) {
  return list->is_rest || row->flags & MOTH_REST || is_list(list->given->kind) ? (int64_t)i + 1 : 0;
}

/* false among components is no component: `wide and moth.dense(64)`. */
static bool is_absent(const moth_option *given) { return given->kind == MOTH_OPTION_FLAG && !given->as.flag; }

static moth_status one_part(moth *m, const char *where, const moth_option_row *row, int64_t entry, const moth_option *given,
                            moth_part **part) {
  if (given->kind == MOTH_OPTION_TEXT && given->as.text != NULL) return part_find(m, where, row->parts, given->as.text, NULL, part);
  if (given->kind != MOTH_OPTION_PART) return option_refuse(m, where, row, entry, given);
  moth_status status = check_handle(m, where, row, entry, given, MOTH_PART_OBJECT);
  if (status == MOTH_OK) *part = moth_retain(given->as.part);
  return status;
}

static moth_status read_parts(moth *m, const char *where, const moth_option_row *row, const entries *list, moth_option *out) {
  size_t count = list->count, to = 0;
  for (size_t i = 0; i < list->count; i++) {
    moth_option one = entry_at(list, i);
    count -= is_absent(&one);
  }
  moth_part **parts = memory_new(m, count, sizeof *parts);
  if (parts == NULL) return context_within(m, m->status, where);
  moth_status status = MOTH_OK;
  for (size_t i = 0; i < list->count && status == MOTH_OK; i++) {
    moth_option one = entry_at(list, i);
    if (is_absent(&one)) continue;
    status = one_part(m, where, row, entry_number(list, row, i), &one, &parts[to]);
    to += status == MOTH_OK;
  }
  if (status == MOTH_OK) {
    *out = (moth_option){ .key = row->key, .kind = MOTH_OPTION_PARTS, .count = count, .as.parts = parts };
    return MOTH_OK;
  }
  for (size_t i = 0; i < to; i++) moth_release(parts[i]);
  memory_free(m, parts, count, sizeof *parts);
  return status;
}

static moth_status one_number(moth *m, const char *where, const moth_option_row *row, int64_t entry, const moth_option *given,
                              unsigned kind, bool is_checked, void *to) {
  bool is_int = given->kind == MOTH_OPTION_INT, is_real = given->kind == MOTH_OPTION_REAL;
  if (!is_int && !(is_real && (kind == MOTH_OPTION_REALS || is_whole(given->as.real)))) return option_refuse(m, where, row, entry, given);
  moth_status status = is_checked ? check_number(m, where, row, entry, given) : MOTH_OK;
  if (status != MOTH_OK) return status;
  double real = is_int ? (double)given->as.integer : unsigned_nan(given->as.real);
  int64_t integer = is_int ? given->as.integer : kind == MOTH_OPTION_INTS ? (int64_t)given->as.real : 0;
  memcpy(to, kind == MOTH_OPTION_INTS ? (void *)&integer : (void *)&real, sizeof real);
  return MOTH_OK;
}

static moth_status read_numbers(moth *m, const char *where, const moth_option_row *row, const entries *list, unsigned kind, bool is_checked,
                                moth_option *out) {
  _Static_assert(sizeof(double) == sizeof(int64_t), "numbers of both kinds are of one size");
  unsigned char *values = memory_new(m, list->count, sizeof(double));
  if (values == NULL) return context_within(m, m->status, where);
  moth_option result = { .key = row->key, .kind = (moth_option_kind)kind, .count = list->count };
  if (kind == MOTH_OPTION_INTS) result.as.integers = (void *)values;
  else result.as.reals = (void *)values;
  for (size_t i = 0; i < list->count; i++) {
    moth_option one = entry_at(list, i);
    moth_status status = one_number(m, where, row, entry_number(list, row, i), &one, kind, is_checked, values + i * sizeof(double));
    if (status == MOTH_OK) continue;
    option_free(m, &result, true);
    return status;
  }
  *out = result;
  return MOTH_OK;
}

static moth_status read_texts(moth *m, const char *where, const moth_option_row *row, const entries *list, moth_option *out) {
  char **texts = memory_new(m, list->count, sizeof *texts);
  if (texts == NULL) return context_within(m, m->status, where);
  moth_option result = { .key = row->key, .kind = MOTH_OPTION_TEXTS, .count = list->count, .as.texts = (const char *const *)texts };
  for (size_t i = 0; i < list->count; i++) {
    moth_option one = entry_at(list, i);
    moth_status status = one.kind == MOTH_OPTION_TEXT ? check_text(m, where, row, entry_number(list, row, i), one.as.text)
                                                      : option_refuse(m, where, row, entry_number(list, row, i), &one);
    if (status == MOTH_OK) {
      texts[i] = memory_text(m, one.as.text);
      if (texts[i] != NULL) continue;
      status = context_within(m, m->status, where);
    }
    option_free(m, &result, true);
    return status;
  }
  *out = result;
  return MOTH_OK;
}

static moth_status read_list(moth *m, const char *where, const moth_option_row *row, const entries *list, unsigned kind, bool is_checked,
                             moth_option *out) {
  switch (kind) {
  case MOTH_OPTION_PARTS: return read_parts(m, where, row, list, out);
  case MOTH_OPTION_TEXTS: return read_texts(m, where, row, list, out);
  default: return read_numbers(m, where, row, list, kind, is_checked, out);
  }
}

/* The list kind that several positionals make: whole numbers stay whole where the row allows it. */
static unsigned rest_kind(const moth_option_row *row, const moth_option *given, size_t count) {
  if (row->kinds & MOTH_OPTION_PARTS) return MOTH_OPTION_PARTS;
  if (row->kinds & MOTH_OPTION_TEXTS && (count == 0 || given->kind == MOTH_OPTION_TEXT)) return MOTH_OPTION_TEXTS;
  bool whole = true;
  for (size_t i = 0; i < count; i++) whole = whole && (given[i].kind == MOTH_OPTION_INT || !(row->kinds & MOTH_OPTION_REALS));
  return whole && row->kinds & MOTH_OPTION_INTS ? MOTH_OPTION_INTS : MOTH_OPTION_REALS;
}

moth_status option_read_rest(moth *m, const char *where, const moth_option_row *row, const moth_option *given, size_t count,
                             moth_option *out) {
  if (count == 1 && !(row->kinds & MOTH_OPTION_PARTS && is_absent(given))) return option_read(m, where, row, given, out);
  entries list = { given, count, true };
  return read_list(m, where, row, &list, rest_kind(row, given, count), true, out);
}

/* ---- Nested tables ---- */

static moth_status read_nested(moth *m, const char *where, const moth_option_row *row, const moth_option *given, moth_option *out) {
  char inner[160];
  text_format(inner, sizeof inner, "%s: %s", where, row->key);
  options nested;
  moth_status status = options_read(m, inner, row->schema, given->as.options, &nested);
  if (status != MOTH_OK) return status;
  size_t count = 0;
  for (int i = 0; i < row->schema->option_count; i++) count += options_is_set(&nested, i);
  moth_option *list = memory_new(m, count + 1, sizeof *list);
  if (list == NULL) {
    options_give_back(m, &nested);
    return context_within(m, m->status, where);
  }
  for (int i = 0, to = 0; i < row->schema->option_count; i++) {
    if (options_is_set(&nested, i)) list[to++] = nested.values[i], nested.values[i].kind = MOTH_OPTION_END;
  }
  options_free(m, &nested);
  *out = (moth_option){ .key = row->key, .kind = MOTH_OPTION_OPTIONS, .count = count, .as.options = list };
  return MOTH_OK;
}

/* ---- One value ---- */

static moth_status read_number(moth *m, const char *where, const moth_option_row *row, const moth_option *given, unsigned kind,
                               bool is_checked, moth_option *out) {
  moth_status status = is_checked ? check_number(m, where, row, 0, given) : MOTH_OK;
  if (status != MOTH_OK) return status;
  moth_option number = { .key = row->key, .kind = (moth_option_kind)kind };
  bool is_int = given->kind == MOTH_OPTION_INT;
  if (kind == MOTH_OPTION_INT) number.as.integer = is_int ? given->as.integer : (int64_t)given->as.real;
  else number.as.real = is_int ? (double)given->as.integer : unsigned_nan(given->as.real);
  *out = number;
  return MOTH_OK;
}

static moth_status read_part(moth *m, const char *where, const moth_option_row *row, const moth_option *given, moth_option *out) {
  moth_part *part;
  moth_status status = one_part(m, where, row, 0, given, &part);
  if (status == MOTH_OK) *out = (moth_option){ .key = row->key, .kind = MOTH_OPTION_PART, .as.part = part };
  return status;
}

static bool is_present(const moth_option *given) {
  switch (given->kind) {
  case MOTH_OPTION_INTS: return given->count == 0 || given->as.integers != NULL;
  case MOTH_OPTION_REALS: return given->count == 0 || given->as.reals != NULL;
  case MOTH_OPTION_TEXTS: return given->count == 0 || given->as.texts != NULL;
  case MOTH_OPTION_PARTS: return given->count == 0 || given->as.parts != NULL;
  case MOTH_OPTION_CALL: return given->as.call.function != NULL;
  default: return true;
  }
}

moth_status option_read(moth *m, const char *where, const moth_option_row *row, const moth_option *given, moth_option *out) {
  bool is_checked = given->kind != MOTH_OPTION_END; /* fallbacks may lie beyond the range: "no limit" */
  if (!is_checked) given = &row->fallback;
  if (given->kind == MOTH_OPTION_END) {
    *out = (moth_option){ .key = row->key };
    return MOTH_OK;
  }
  moth_status status = MOTH_OK;
  unsigned kind = is_present(given) ? kind_read_as(row->kinds, given) : 0;
  moth_option owned = *given;
  entries list = entries_of(given);
  switch (kind) {
  case MOTH_OPTION_INT:
  case MOTH_OPTION_REAL: return read_number(m, where, row, given, kind, is_checked, out);
  case MOTH_OPTION_INTS:
  case MOTH_OPTION_REALS:
  case MOTH_OPTION_TEXTS:
  case MOTH_OPTION_PARTS: return read_list(m, where, row, &list, kind, is_checked, out);
  case MOTH_OPTION_PART: return read_part(m, where, row, given, out);
  case MOTH_OPTION_OPTIONS: return read_nested(m, where, row, given, out);
  case MOTH_OPTION_TEXT: status = check_text(m, where, row, 0, given->as.text); break;
  case MOTH_OPTION_FLAG: break;
  case MOTH_OPTION_TENSOR: status = check_handle(m, where, row, 0, given, MOTH_TENSOR_OBJECT); break;
  case MOTH_OPTION_OBJECT: status = check_handle(m, where, row, 0, given, row->object); break;
  case MOTH_OPTION_CALL: owned.count = 0; break;
  default: return option_refuse(m, where, row, 0, given);
  }
  return status == MOTH_OK ? context_within(m, option_copy(m, row->key, &owned, out), where) : status;
}
