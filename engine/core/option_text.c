#include <math.h>
#include <string.h>

#include "core/option.h"
#include "core/part.h"

/* ---- Expected and got ---- */

static void add_real(text_line *line, double value) {
  char number[40];
  text_number(number, sizeof number, value);
  text_line_add(line, "%s", number);
}

/* An end of a range that a person would say: not the last number of its kind. */
static bool is_end(double end) { return fabs(end) < 0x1p53; }

/* " >= 1", " in [0, 1)": nothing where no end is said. */
static void add_range(text_line *line, const moth_option_row *row, const char *before) {
  if (!(row->flags & MOTH_RANGED)) return;
  bool has_low = is_end(row->low), has_high = is_end(row->high);
  bool low_open = row->flags & MOTH_LOW_OPEN, high_open = row->flags & MOTH_HIGH_OPEN;
  if (has_low && has_high) {
    text_line_add(line, "%sin %s", before, low_open ? "(" : "[");
    add_real(line, row->low);
    text_line_add(line, ", ");
    add_real(line, row->high);
    text_line_add(line, high_open ? ")" : "]");
  } else if (has_low || has_high) {
    text_line_add(line, "%s%s ", before, has_low ? low_open ? ">" : ">=" : high_open ? "<" : "<=");
    add_real(line, has_low ? row->low : row->high);
  }
}

static void add_choices(text_line *line, const char *choices) {
  for (const char *at = choices; *at != 0;) {
    size_t span = strcspn(at, " ");
    const char *next = at + span + strspn(at + span, " ");
    bool is_last = *next == 0, is_next_last = !is_last && next[strcspn(next, " ")] == 0;
    text_line_add(line, "'%.*s'%s", (int)span, at, is_last ? "" : is_next_last ? " or " : ", ");
    at = next;
  }
}

void option_part_kinds(text_line *line, unsigned kinds) {
  const char *before = "";
  for (int kind = 0; kind < MOTH_PART_KINDS; kind++) {
    if (!(kinds >> kind & 1)) continue;
    text_line_add(line, "%s%s", before, moth_part_kind_name((moth_part_kind)kind));
    before = " or ";
  }
}

static void add_part_kinds(text_line *line, unsigned kinds, bool many) {
  char names[160];
  text_line inner = { names, sizeof names, 0 };
  option_part_kinds(&inner, kinds);
  if (many) text_line_add(line, "a list of %s components", names);
  else text_line_add(line, "%s %s", strchr("aeio", names[0]) != NULL ? "an" : "a", names);
}

static bool has_range(const moth_option_row *row) { return row->flags & MOTH_RANGED && (is_end(row->low) || is_end(row->high)); }

/* A number that is out of its range needs only the range said. */
static void add_real_kind(text_line *line, const moth_option_row *row, bool is_number) {
  bool is_said = is_number && has_range(row);
  if (!is_said) text_line_add(line, "a number");
  add_range(line, row, is_said ? "" : " ");
}

static void add_kind(text_line *line, const moth_option_row *row, unsigned kind, bool is_number) {
  switch (kind) {
  case MOTH_OPTION_INT: text_line_add(line, "a whole number"), add_range(line, row, " "); break;
  case MOTH_OPTION_REAL: add_real_kind(line, row, is_number); break;
  case MOTH_OPTION_TEXT: row->choices != NULL ? add_choices(line, row->choices) : text_line_add(line, "a text"); break;
  case MOTH_OPTION_FLAG: text_line_add(line, "true or false"); break;
  case MOTH_OPTION_INTS: text_line_add(line, "a list of whole numbers"), add_range(line, row, " "); break;
  case MOTH_OPTION_REALS: text_line_add(line, "a list of numbers"), add_range(line, row, " "); break;
  case MOTH_OPTION_TEXTS: text_line_add(line, "a list of texts"); break;
  case MOTH_OPTION_TENSOR: text_line_add(line, "a tensor"); break;
  case MOTH_OPTION_PART: add_part_kinds(line, row->parts, false); break;
  case MOTH_OPTION_PARTS: add_part_kinds(line, row->parts, true); break;
  case MOTH_OPTION_CALL: text_line_add(line, "a function"); break;
  case MOTH_OPTION_OBJECT: text_line_add(line, "a %s", object_kind_name(row->object)); break;
  case MOTH_OPTION_OPTIONS: text_line_add(line, "a table of options"); break;
  default: break;
  }
}

/* What one entry of a list is. */
static unsigned entry_kinds(unsigned kinds) {
  unsigned entries = 0;
  if (kinds & MOTH_OPTION_INTS) entries |= MOTH_OPTION_INT;
  if (kinds & MOTH_OPTION_REALS) entries |= MOTH_OPTION_REAL;
  if (kinds & MOTH_OPTION_TEXTS) entries |= MOTH_OPTION_TEXT;
  if (kinds & MOTH_OPTION_PARTS) entries |= MOTH_OPTION_PART;
  return entries;
}

void option_expected(text_line *line, const moth_option_row *row, bool one_entry, const moth_option *given) {
  bool is_number = given->kind == MOTH_OPTION_INT || given->kind == MOTH_OPTION_REAL;
  unsigned kinds = one_entry ? entry_kinds(row->kinds) : row->kinds;
  if (kinds & MOTH_OPTION_REAL) kinds &= ~(unsigned)MOTH_OPTION_INT;
  const char *before = "";
  for (unsigned kind = 1; kind <= MOTH_OPTION_OPTIONS; kind <<= 1) {
    if (!(kinds & kind)) continue;
    text_line_add(line, "%s", before);
    add_kind(line, row, kind, is_number);
    before = " or ";
  }
}

void option_given(text_line *line, const moth_option *value) {
  char text[256];
  switch (value->kind) {
  case MOTH_OPTION_INT: text_line_add(line, "%lld", (long long)value->as.integer); break;
  case MOTH_OPTION_REAL: add_real(line, value->as.real); break;
  case MOTH_OPTION_TEXT:
    if (value->as.text != NULL) text_line_add(line, "'%.200s'", value->as.text);
    else text_line_add(line, "nothing");
    break;
  case MOTH_OPTION_FLAG: text_line_add(line, value->as.flag ? "true" : "false"); break;
  case MOTH_OPTION_INTS: text_line_add(line, "a list of whole numbers"); break;
  case MOTH_OPTION_REALS: text_line_add(line, "a list of numbers"); break;
  case MOTH_OPTION_TEXTS: text_line_add(line, "a list of texts"); break;
  case MOTH_OPTION_PARTS: text_line_add(line, "a list of components"); break;
  case MOTH_OPTION_CALL: text_line_add(line, value->as.call.function != NULL ? "a function" : "nothing"); break;
  case MOTH_OPTION_OPTIONS: text_line_add(line, "a table"); break;
  case MOTH_OPTION_TENSOR:
  case MOTH_OPTION_PART:
  case MOTH_OPTION_OBJECT:
    object_text(value->as.object, text, sizeof text);
    text_line_add(line, "%s", text);
    break;
  default: text_line_add(line, "nothing"); break;
  }
}

/* ---- As scripts write it ---- */

static void write_text(text_line *line, const char *text) {
  text_line_add(line, "\"");
  for (const char *at = text; *at != 0;) {
    size_t span = strcspn(at, "\"\\\n\r");
    text_line_add(line, "%.*s", (int)span, at);
    at += span;
    if (*at == 0) break;
    text_line_add(line, *at == '\n' ? "\\n" : *at == '\r' ? "\\r" : *at == '"' ? "\\\"" : "\\\\");
    at++;
  }
  text_line_add(line, "\"");
}

static void write_options(text_line *line, const options *self) {
  bool fits = line->length < line->size;
  line->length += options_text(self, fits ? line->bytes + line->length : NULL, fits ? line->size - line->length : 0);
}

/* name(…), or "name" where that says it all and a name is understood. */
static void write_part(text_line *line, const moth_part *part, bool may_be_name) {
  bool is_default = options_text(&part->options, NULL, 0) == 0;
  if (is_default && may_be_name) {
    write_text(line, part->row->name);
    return;
  }
  text_line_add(line, "%s(", part->row->name);
  write_options(line, &part->options);
  text_line_add(line, ")");
}

static void write_entry(text_line *line, const moth_option *value, size_t i, bool rest) {
  switch (value->kind) {
  case MOTH_OPTION_INTS: text_line_add(line, "%lld", (long long)value->as.integers[i]); break;
  case MOTH_OPTION_REALS: add_real(line, value->as.reals[i]); break;
  case MOTH_OPTION_TEXTS: write_text(line, value->as.texts[i]); break;
  case MOTH_OPTION_PARTS: write_part(line, value->as.parts[i], !rest); break;
  case MOTH_OPTION_OPTIONS:
    text_line_add(line, "%s = ", value->as.options[i].key);
    option_write(line, &value->as.options[i], false);
    break;
  default: break;
  }
}

void option_write(text_line *line, const moth_option *value, bool rest) {
  switch (value->kind) {
  case MOTH_OPTION_INT:
  case MOTH_OPTION_REAL:
  case MOTH_OPTION_FLAG:
  case MOTH_OPTION_TENSOR:
  case MOTH_OPTION_OBJECT: option_given(line, value); return;
  case MOTH_OPTION_CALL: text_line_add(line, "function"); return;
  case MOTH_OPTION_TEXT: write_text(line, value->as.text); return;
  case MOTH_OPTION_PART: write_part(line, value->as.part, true); return;
  case MOTH_OPTION_END: text_line_add(line, "nil"); return;
  default: break;
  }
  if (!rest) text_line_add(line, value->count > 0 ? "{ " : "{");
  for (size_t i = 0; i < value->count; i++) {
    if (i > 0) text_line_add(line, ", ");
    write_entry(line, value, i, rest);
  }
  if (!rest) text_line_add(line, value->count > 0 ? " }" : "}");
}

static bool is_written(const options *self, int i) {
  const moth_option_row *row = &self->row->options[i];
  if (row->flags & MOTH_BUILDING || !options_is_set(self, i)) return false;
  return row->flags & MOTH_REQUIRED || !option_equal(&self->values[i], &row->fallback);
}

static int row_at_position(const moth_row *row, int position) {
  for (int i = 0; i < row->option_count; i++) {
    if (row->options[i].position == position) return i;
  }
  return -1;
}

/* The last position of a run from 1 on that can be written without keys, and needs to be. */
static int last_position(const options *self) {
  int last = 0;
  for (int position = 1;; position++) {
    int i = row_at_position(self->row, position);
    if (i < 0 || self->row->options[i].flags & MOTH_BUILDING || !options_is_set(self, i)) return last;
    if (is_written(self, i)) last = position;
  }
}

size_t options_text(const options *self, char *buffer, size_t size) {
  text_line line = { buffer, size, 0 };
  if (size > 0) buffer[0] = 0;
  int last = last_position(self);
  for (int position = 1; position <= last; position++) {
    int i = row_at_position(self->row, position);
    if (position > 1) text_line_add(&line, ", ");
    option_write(&line, &self->values[i], self->row->options[i].flags & MOTH_REST);
  }
  for (int i = 0; i < self->row->option_count; i++) {
    int position = self->row->options[i].position;
    if (!is_written(self, i) || (position >= 1 && position <= last)) continue;
    text_line_add(&line, "%s%s = ", line.length > 0 ? ", " : "", self->row->options[i].key);
    option_write(&line, &self->values[i], false);
  }
  return line.length;
}

/* Not written by people: where a component was made, and the dtype of floats made from integers. */
static bool is_set_by_bindings(const moth_option_row *option) {
  if (option->flags & MOTH_BUILDING) return strcmp(option->key, "origin") == 0;
  return strcmp(option->key, "real") == 0;
}

void options_list(text_line *line, const moth_row *row) {
  const char *before = "";
  for (int i = 0; i < row->option_count; i++) {
    const char *key = row->options[i].key;
    if (is_set_by_bindings(&row->options[i])) continue;
    text_line_add(line, "%s%s", before, key);
    before = " ";
  }
}
