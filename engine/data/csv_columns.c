/* Rows of cells into columns of numbers. Words are numbered as they are met and get their classes' order at the end. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "data/reader_csv.h"

/* ---- Messages ---- */

/* A cell as a message shows it: its first 60 bytes at most, without control characters. */
typedef struct cell_words { char text[80]; bool is_whole; } cell_words;
static cell_words cell_text(const csv_reading *r, int64_t column) {
  enum { MOST = 60 };
  cell_words words = { .is_whole = true };
  const char *end = "";
  const char *text = csv_text(&r->csv, column);
  size_t length = (size_t)r->csv.cells[column].length;
  if (length > MOST) {
    for (length = MOST; length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80;) length--;
    words.is_whole = false;
    end = "…";
  }
  for (size_t i = 0; i < length; i++) {
    bool is_control = (uint8_t)text[i] < 0x20 || text[i] == 0x7f;
    words.text[i] = is_control ? '?' : text[i];
    if (is_control || text[i] == '"' || text[i] == '\\') words.is_whole = false;
  }
  text_format(words.text + length, sizeof words.text - length, "%s", end);
  return words;
}

static moth_status fail_cell(const csv_reading *r, moth_status status, int64_t column, const char *what) {
  const char *name = r->names ? r->names[column] : NULL;
  return context_fail(r->m, status, "csv", "%s line %lld, column %lld%s%.80s%s: %s", r->csv.from->name, (long long)r->csv.row_line,
                      (long long)(column + r->m->index_base), name ? " '" : "", name ? name : "", name ? "'" : "", what);
}

static moth_status not_a_number(const csv_reading *r, int64_t column) {
  char what[160], place[100];
  cell_words cell = cell_text(r, column);
  text_format(what, sizeof what, "'%s' is not a number", cell.text);
  moth_status status = fail_cell(r, MOTH_FORMAT, column, what);
  if (r->names) text_format(place, sizeof place, "\"%.80s\"", r->names[column]);
  else text_format(place, sizeof place, "%lld", (long long)(column + r->m->index_base));
  bool is_y = column == r->y_column;
  char classes[160];
  text_format(classes, sizeof classes, is_y ? "{ label = %s } makes it classes" : "{ text = { %s } } makes it classes", place);
  if (cell.is_whole) context_hint(r->m, "{ missing = { \"%s\" } } reads it as nan; %s", cell.text, classes);
  else context_hint(r->m, "%s", classes);
  return status;
}

static moth_status too_large(const csv_reading *r, int64_t column) {
  char what[160];
  text_format(what, sizeof what, "'%s' is too large for %s", cell_text(r, column).text, moth_dtype_name(r->dtype));
  moth_status status = fail_cell(r, MOTH_FORMAT, column, what);
  if (r->dtype == MOTH_F32) context_hint(r->m, "{ dtype = \"f64\" } reaches 1.8e308");
  return status;
}

/* ---- Cells ---- */

static bool is_space(char c) { return c == ' ' || c == '\t'; }

bool csv_is_missing(const csv_reading *r, int64_t column) {
  const moth_option *missing = &r->options.values[CSV_MISSING];
  if (missing->kind == MOTH_OPTION_END) return false;
  const csv_cell *cell = &r->csv.cells[column];
  const char *text = csv_text(&r->csv, column);
  size_t length = (size_t)cell->length;
  while (!cell->quoted && length > 0 && is_space(text[length - 1])) length--;
  while (!cell->quoted && length > 0 && is_space(*text)) text++, length--;
  for (size_t i = 0; i < missing->count; i++) {
    if (strlen(missing->as.texts[i]) == length && memcmp(missing->as.texts[i], text, length) == 0) return true;
  }
  return false;
}

static void store(const csv_reading *r, void *column, int64_t at, double value) {
  if (r->dtype == MOTH_F32) ((float *)column)[at] = (float)value;
  else ((double *)column)[at] = value;
}

/* Missing cells are nan; "nan" and "inf" are words like any other. */
static moth_status read_number(const csv_reading *r, int64_t column, double *value) {
  if (csv_is_missing(r, column)) {
    *value = NAN;
    return MOTH_OK;
  }
  const char *text = csv_text(&r->csv, column);
  size_t length = (size_t)r->csv.cells[column].length;
  if (!text_parse_number(text, length, value)) return not_a_number(r, column);
  if (isnan(*value)) return not_a_number(r, column);
  if (isinf(*value)) return strpbrk(text, "0123456789") ? too_large(r, column) : not_a_number(r, column);
  return r->dtype == MOTH_F32 && isinf((float)*value) ? too_large(r, column) : MOTH_OK;
}

/* The name that equals the cell as a number, where both are numbers: a file may write 1.0 for class "1". */
static int64_t equal_number(const csv_words *w, const char *text, size_t length) {
  double value, other;
  if (!text_parse_number(text, length, &value)) return -1;
  for (int64_t i = 0; i < w->met.count; i++) {
    const char *name = words_text(&w->met, i);
    if (text_parse_number(name, strlen(name), &other) && other == value) return i;
  }
  return -1;
}

static const char *met_word(const void *met, int index) { return index < ((const words *)met)->count ? words_text(met, index) : NULL; }

static moth_status unknown_word(const csv_reading *r, int64_t column, const csv_words *w) {
  char names[300] = "", what[500];
  text_line line = { names, sizeof names, 0 };
  for (int64_t i = 0; i < w->met.count && i < 12; i++) text_line_add(&line, i ? " %.40s" : "%.40s", words_text(&w->met, i));
  if (w->met.count > 12) text_line_add(&line, " …");
  text_format(what, sizeof what, "'%s' is not among the classes (%s)", cell_text(r, column).text, names);
  moth_status status = fail_cell(r, MOTH_DATA, column, what);
  const char *near = text_nearest(csv_text(&r->csv, column), met_word, &w->met);
  if (near) context_hint(r->m, "did you mean '%s'?", near);
  return status;
}

static moth_status read_word(const csv_reading *r, int64_t column, csv_words *w, int64_t *number) {
  const char *text = csv_text(&r->csv, column);
  int64_t length = r->csv.cells[column].length;
  if (!w->is_closed) return words_add(r->m, &w->met, text, length, number);
  *number = words_find(&w->met, text, length);
  if (*number < 0) *number = equal_number(w, text, (size_t)length);
  return *number >= 0 ? MOTH_OK : unknown_word(r, column, w);
}

/* ---- Rows ---- */

static moth_status add_x(csv_reading *r) {
  const int64_t first = r->rows * r->features;
  for (int64_t i = 0; i < r->features; i++) {
    int64_t column = r->order[i];
    const csv_role *role = &r->roles[column];
    double value = NAN;
    int64_t number = 0;
    moth_status status = MOTH_OK;
    if (!role->is_text) {
      status = read_number(r, column, &value);
    } else if (!csv_is_missing(r, column)) {
      status = read_word(r, column, &r->texts[role->text], &number);
      value = (double)number;
    }
    if (status) return status;
    store(r, r->x, first + i, value);
  }
  return MOTH_OK;
}

static moth_status add_y(csv_reading *r) {
  if (!r->y_is_label) {
    double value;
    moth_status status = read_number(r, r->y_column, &value);
    if (!status) store(r, r->y, r->rows, value);
    return status;
  }
  bool is_missing = r->csv.cells[r->y_column].length == 0 || csv_is_missing(r, r->y_column);
  if (is_missing) return fail_cell(r, MOTH_DATA, r->y_column, "the label is missing");
  return read_word(r, r->y_column, &r->labels, &((int64_t *)(void *)r->y)[r->rows]);
}

/* Room for one more row of a column. */
static moth_status reserve(csv_reading *r, char **column, int64_t *capacity, int64_t elements, size_t width) {
  int64_t bytes;
  if (__builtin_mul_overflow(r->rows + 1, elements * (int64_t)width, &bytes)) {
    return context_fail(r->m, MOTH_LIMIT, "csv", "%s: more values than can be addressed", r->csv.from->name);
  }
  return memory_grow(r->m, column, capacity, bytes, 1);
}

moth_status csv_columns_add(csv_reading *r) {
  moth_status status = reserve(r, &r->x, &r->x_capacity, r->features, dtype_size(r->dtype));
  if (!status) status = add_x(r);
  if (!status && r->y_column >= 0) {
    status = reserve(r, &r->y, &r->y_capacity, 1, r->y_is_label ? sizeof(int64_t) : dtype_size(r->dtype));
    if (!status) status = add_y(r);
  }
  if (!status) r->rows++;
  return status;
}

/* ---- Begin and end ---- */

/* Another set's names, in its order. */
static moth_status close_words(moth *m, csv_words *w, char *const *names, int count) {
  w->is_closed = true;
  for (int i = 0; i < count; i++) {
    int64_t number;
    moth_status status = words_add(m, &w->met, names[i], (int64_t)strlen(names[i]), &number);
    if (status) return status;
  }
  return MOTH_OK;
}

moth_status csv_columns_open(csv_reading *r) {
  const moth_dataset *like = options_object(&r->options, CSV_CLASSES);
  r->texts = memory_new(r->m, (size_t)r->text_count, sizeof *r->texts);
  if (!r->texts) return r->m->status;
  int next = 0;
  for (int64_t i = 0; i < r->features; i++) {
    csv_role *role = &r->roles[r->order[i]];
    if (!role->is_text) continue;
    csv_words *w = &r->texts[role->text = next++];
    w->feature = i;
    for (int k = 0; like && k < like->source->words_count; k++) {
      const dataset_words *other = &like->source->words[k];
      moth_status status = other->feature == i ? close_words(r->m, w, other->names, other->count) : MOTH_OK;
      if (status) return status;
    }
  }
  if (!like) return MOTH_OK;
  if (!r->y_is_label && next == 0) return context_fail(r->m, MOTH_OPTION, "csv", "classes goes with label = or text =");
  if (!r->y_is_label) return MOTH_OK;
  if (!like->source->classes) return context_fail(r->m, MOTH_OPTION, "csv", "classes: the other set has no class names");
  return close_words(r->m, &r->labels, like->source->classes, like->source->class_count);
}

/* Orders the words; those of another set keep theirs. */
static moth_status rank_words(moth *m, csv_words *w) {
  w->ranks = memory_new(m, (size_t)w->met.count, sizeof *w->ranks);
  if (!w->ranks) return m->status;
  if (!w->is_closed) return words_classes(m, &w->met, w->ranks, &w->names, &w->name_count);
  w->names = memory_new(m, (size_t)w->met.count, sizeof *w->names);
  if (!w->names) return m->status;
  w->name_count = (int)w->met.count;
  for (int i = 0; i < w->name_count; i++) {
    w->ranks[i] = i;
    if (!(w->names[i] = memory_text(m, words_text(&w->met, i)))) return m->status;
  }
  return MOTH_OK;
}

static moth_status finish_texts(csv_reading *r, moth_tensor *x, dataset_source *source) {
  source->words = memory_new(r->m, (size_t)r->text_count, sizeof *source->words);
  if (!source->words) return r->m->status;
  source->words_count = r->text_count;
  for (int i = 0; i < r->text_count; i++) {
    csv_words *w = &r->texts[i];
    moth_status status = rank_words(r->m, w);
    if (status) return status;
    for (int64_t row = 0; row < r->rows; row++) {
      int64_t at = row * r->features + w->feature;
      double number = dtype_load(r->dtype, x->values + at * (int64_t)dtype_size(r->dtype));
      if (!isnan(number)) store(r, x->values, at, (double)(w->ranks[(int64_t)number] + r->m->index_base));
    }
    source->words[i] = (dataset_words){ .feature = w->feature, .count = w->name_count, .names = w->names };
    w->names = NULL;
  }
  return MOTH_OK;
}

static moth_status finish_x(csv_reading *r, dataset_source *source) {
  moth_tensor *x = NULL;
  moth_status status = tensor_new(r->m, "csv", r->dtype, 2, (int64_t[]){ r->rows, r->features }, false, &x);
  if (status) return status;
  if (r->rows > 0) memcpy(x->values, r->x, (size_t)x->count * dtype_size(r->dtype));
  status = finish_texts(r, x, source);
  if (!status) status = dataset_column_open(r->m, "csv", x, 1, &source->x);
  object_release(&x->base);
  return status;
}

static moth_status finish_y(csv_reading *r, dataset_source *source) {
  moth_tensor *y = NULL;
  moth_dtype dtype = r->y_is_label ? MOTH_I64 : r->dtype;
  moth_status status = tensor_new(r->m, "csv", dtype, r->y_is_label ? 1 : 2, (int64_t[]){ r->rows, 1 }, false, &y);
  if (status) return status;
  if (r->rows > 0) memcpy(y->values, r->y, (size_t)r->rows * dtype_size(dtype));
  if (r->y_is_label) status = rank_words(r->m, &r->labels);
  for (int64_t row = 0; row < r->rows && r->y_is_label && !status; row++) {
    int64_t *label = (int64_t *)(void *)y->values + row;
    *label = r->labels.ranks[*label] + r->m->index_base;
  }
  if (!status) status = dataset_column_open(r->m, "csv", y, 1, &source->y);
  object_release(&y->base);
  if (status) return status;
  source->has_y = true;
  source->y_is_classes = r->y_is_label;
  source->classes = r->labels.names, source->class_count = r->labels.name_count;
  r->labels.names = NULL;
  return MOTH_OK;
}

moth_status csv_columns_finish(csv_reading *r, dataset_source *source) {
  source->rows = r->rows;
  moth_status status = finish_x(r, source);
  return status || r->y_column < 0 ? status : finish_y(r, source);
}

static void csv_words_free(moth *m, csv_words *w) {
  if (w->ranks) memory_free(m, w->ranks, (size_t)w->met.count, sizeof *w->ranks);
  words_names_free(m, w->names, w->name_count);
  words_free(m, &w->met);
}

void csv_columns_free(csv_reading *r) {
  for (int i = 0; r->texts && i < r->text_count; i++) csv_words_free(r->m, &r->texts[i]);
  memory_free(r->m, r->texts, (size_t)r->text_count, sizeof *r->texts);
  csv_words_free(r->m, &r->labels);
  memory_resize(r->m, r->x, (size_t)r->x_capacity, 0);
  memory_resize(r->m, r->y, (size_t)r->y_capacity, 0);
}
