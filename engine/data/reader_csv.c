/* moth_read("csv", path, options): the options, which columns are what, whether line 1 is a header; then rows go to csv_columns.c. */
#include "data/reader_csv.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"

extern const reader_class reader_csv; /* of the catalog */

static const moth_option_row csv_options[CSV_OPTIONS] = {
  [CSV_TARGET] = { .key = "target", .doc = "the column of values that becomes y, by name or number, negative from the end",
                   .kinds = MOTH_OPTION_INT | MOTH_OPTION_TEXT, .foreign = "y target_column" },
  [CSV_LABEL] = { .key = "label", .doc = "the column of classes that becomes y, by name or number, negative from the end",
                  .kinds = MOTH_OPTION_INT | MOTH_OPTION_TEXT, .foreign = "labels class label_column label_name" },
  [CSV_FEATURES] = { .key = "features", .doc = "the columns of x, by names or numbers; without it all others",
                     .kinds = MOTH_OPTION_INTS | MOTH_OPTION_TEXTS, .foreign = "usecols columns select_columns" },
  [CSV_HEADER] = { .key = "header", .doc = "whether the first line names the columns; without it looked at", .kinds = MOTH_OPTION_FLAG,
                   .foreign = "names" },
  [CSV_SKIP] = { .key = "skip", .doc = "how many lines to leave out first", .kinds = MOTH_OPTION_INT, .flags = MOTH_RANGED, .low = 0,
                 .high = INFINITY, .fallback = MOTH_INT(NULL, 0), .foreign = "skiprows skip_header" },
  [CSV_DELIMITER] = { .key = "delimiter", .doc = "the byte between cells", .kinds = MOTH_OPTION_TEXT, .fallback = MOTH_TEXT(NULL, ","),
                      .foreign = "sep separator delim field_delim" },
  [CSV_MISSING] = { .key = "missing", .doc = "cells that are read as nan", .kinds = MOTH_OPTION_TEXTS,
                    .foreign = "na_values na missing_values" },
  [CSV_TEXT] = { .key = "text", .doc = "columns of words in x, which become class numbers", .kinds = MOTH_OPTION_INTS | MOTH_OPTION_TEXTS,
                 .foreign = "categorical" },
  [CSV_CLASSES] = { .key = "classes", .doc = "another set, whose numbers for classes and words are used", .kinds = MOTH_OPTION_OBJECT,
                    .object = MOTH_DATASET_OBJECT },
  [CSV_DTYPE] = { .key = "dtype", .doc = "of x and of values in y", .kinds = MOTH_OPTION_TEXT, .choices = "f32 f64",
                  .fallback = MOTH_TEXT(NULL, "f32") },
};

/* ---- Columns by name or number ---- */

static const char *name_at(const void *reading, int index) {
  const csv_reading *r = reading;
  return index < r->csv.columns ? r->names[index] : NULL;
}

static moth_status no_column(csv_reading *r, const char *name) {
  char names[512] = "";
  text_line line = { names, sizeof names, 0 };
  for (int64_t i = 0; i < r->csv.columns && i < 20; i++) text_line_add(&line, i ? " %s" : "%s", r->names[i]);
  if (r->csv.columns > 20) text_line_add(&line, " …");
  const char *near = text_nearest(name, name_at, r);
  if (!near) return context_fail(r->m, MOTH_OPTION, "csv", "%s has no column '%s' (%s)", r->csv.from->name, name, names);
  return context_fail(r->m, MOTH_OPTION, "csv", "%s has no column '%s'; did you mean '%s'? (%s)", r->csv.from->name, name, near, names);
}

static moth_status find_name(csv_reading *r, const char *option, const char *name, int64_t *column) {
  if (!r->names) {
    return context_fail(r->m, MOTH_OPTION, "csv", "%s '%s': %s is read without a header; give a number", option, name, r->csv.from->name);
  }
  *column = -1;
  for (int64_t i = 0; i < r->csv.columns; i++) {
    if (strcmp(r->names[i], name) != 0) continue;
    if (*column >= 0) return context_fail(r->m, MOTH_OPTION, "csv", "%s has two columns '%s'; give a number", r->csv.from->name, name);
    *column = i;
  }
  return *column >= 0 ? MOTH_OK : no_column(r, name);
}

static moth_status find_number(csv_reading *r, const char *option, int64_t number, int64_t *column) {
  int64_t base = r->m->index_base, columns = r->csv.columns;
  *column = number < 0 ? (number < -columns ? -1 : number + columns) : number - base;
  if (*column >= 0 && *column < columns) return MOTH_OK;
  return context_fail(r->m, MOTH_INDEX, "csv", "%s %lld: columns of %s are %lld..%lld or -%lld..-1", option, (long long)number,
                      r->csv.from->name, (long long)base, (long long)(columns - 1 + base), (long long)columns);
}

/* Column `at` of an option that names one or several. */
static moth_status find_column(csv_reading *r, int option, size_t at, int64_t *column) {
  const moth_option *value = &r->options.values[option];
  const char *key = csv_options[option].key;
  switch (value->kind) {
  case MOTH_OPTION_INT: return find_number(r, key, value->as.integer, column);
  case MOTH_OPTION_INTS: return find_number(r, key, value->as.integers[at], column);
  case MOTH_OPTION_TEXT: return find_name(r, key, value->as.text, column);
  default: return find_name(r, key, value->as.texts[at], column);
  }
}

static size_t entries(const csv_reading *r, int option) {
  const moth_option *value = &r->options.values[option];
  return value->kind == MOTH_OPTION_END ? 0 : value->kind == MOTH_OPTION_INT || value->kind == MOTH_OPTION_TEXT ? 1 : value->count;
}

/* "column 5 'age'" */
typedef struct column_words { char text[128]; } column_words;
static column_words column_text(const csv_reading *r, int64_t column) {
  column_words words;
  if (r->names) text_format(words.text, sizeof words.text, "column %lld '%.80s'", (long long)(column + r->m->index_base), r->names[column]);
  else text_format(words.text, sizeof words.text, "column %lld", (long long)(column + r->m->index_base));
  return words;
}

/* ---- What each column is ---- */

static moth_status choose_y(csv_reading *r) {
  bool has_label = options_is_set(&r->options, CSV_LABEL), has_target = options_is_set(&r->options, CSV_TARGET);
  r->y_column = -1;
  if (has_label && has_target) return context_fail(r->m, MOTH_OPTION, "csv", "label makes classes of y, target values; give one of them");
  r->y_is_label = has_label;
  return has_label || has_target ? find_column(r, has_label ? CSV_LABEL : CSV_TARGET, 0, &r->y_column) : MOTH_OK;
}

static moth_status choose_features(csv_reading *r) {
  size_t given = entries(r, CSV_FEATURES);
  for (size_t i = 0; i < given; i++) {
    int64_t column;
    moth_status status = find_column(r, CSV_FEATURES, i, &column);
    if (status) return status;
    if (r->roles[column].feature >= 0 || column == r->y_column) {
      return context_fail(r->m, MOTH_OPTION, "csv", "features: %s is %s", column_text(r, column).text,
                          column == r->y_column ? "y already" : "there twice");
    }
    r->roles[column].feature = r->features;
    r->order[r->features++] = column;
  }
  for (int64_t i = 0; i < r->csv.columns && !options_is_set(&r->options, CSV_FEATURES); i++) {
    if (i == r->y_column) continue;
    r->roles[i].feature = r->features;
    r->order[r->features++] = i;
  }
  return r->features > 0 ? MOTH_OK : context_fail(r->m, MOTH_OPTION, "csv", "%s: no column is left for x", r->csv.from->name);
}

static moth_status choose_texts(csv_reading *r) {
  for (size_t i = 0; i < entries(r, CSV_TEXT); i++) {
    int64_t column;
    moth_status status = find_column(r, CSV_TEXT, i, &column);
    if (status) return status;
    csv_role *role = &r->roles[column];
    if (role->feature < 0) {
      return context_fail(r->m, MOTH_OPTION, "csv", "text: %s is not in x%s", column_text(r, column).text,
                          column == r->y_column ? "; label makes classes of y" : "");
    }
    if (role->is_text) continue;
    role->is_text = true;
    r->text_count++;
  }
  return MOTH_OK;
}

static moth_status choose_columns(csv_reading *r) {
  size_t columns = (size_t)r->csv.columns;
  r->roles = memory_new(r->m, columns, sizeof *r->roles);
  r->order = memory_new(r->m, columns, sizeof *r->order);
  if (!r->roles || !r->order) return r->m->status;
  for (size_t i = 0; i < columns; i++) r->roles[i].feature = -1;
  moth_status status = choose_y(r);
  if (!status) status = choose_features(r);
  return status ? status : choose_texts(r);
}

/* ---- The header ---- */

static moth_status take_names(csv_reading *r) {
  r->names = memory_new(r->m, (size_t)r->csv.columns, sizeof *r->names);
  if (!r->names) return r->m->status;
  for (int64_t i = 0; i < r->csv.columns; i++) {
    if (!(r->names[i] = memory_text(r->m, csv_text(&r->csv, i)))) return r->m->status;
  }
  return MOTH_OK;
}

static bool is_word(const csv_reading *r, int64_t column) {
  double value;
  const csv_cell *cell = &r->csv.cells[column];
  return cell->length > 0 && !csv_is_missing(r, column) &&
         !(text_parse_number(csv_text(&r->csv, column), (size_t)cell->length, &value) && isfinite(value));
}

static bool is_number(const csv_reading *r, int64_t column) {
  return r->csv.cells[column].length > 0 && !csv_is_missing(r, column) && !is_word(r, column);
}

/* Whether a column ought to hold numbers: labels, texts and columns that are not read may hold words. */
static bool is_numeric(const csv_reading *r, int64_t column) {
  const csv_role *role = &r->roles[column];
  return role->feature >= 0 ? !role->is_text : column == r->y_column && !r->y_is_label;
}

typedef struct tally { int64_t columns, words, numbers; } tally;
static tally count_cells(const csv_reading *r, bool only_numeric) {
  tally t = { 0 };
  for (int64_t i = 0; i < r->csv.columns; i++) {
    if (only_numeric && !is_numeric(r, i)) continue;
    t.columns++;
    t.words += is_word(r, i);
    t.numbers += is_number(r, i);
  }
  return t;
}

/* Line 1, just read, is a header if it is words where numbers ought to be and line 2 is not. Afterwards the current row is the first of
 * values; *any is false where there is none. */
static moth_status look_for_header(csv_reading *r, bool *any) {
  tally first = count_cells(r, true);
  bool only_numeric = first.columns > 0;
  if (!only_numeric) first = count_cells(r, false);
  if (first.words == 0) return MOTH_OK;
  if (first.numbers > 0 && only_numeric) {
    return context_fail(r->m, MOTH_FORMAT, "csv", "%s line %lld mixes numbers and words: { header = true } or { skip = %lld }",
                        r->csv.from->name, (long long)r->csv.row_line, (long long)r->csv.line - 1);
  }
  int64_t line = r->csv.row_line;
  moth_status status = take_names(r);
  if (!status) status = csv_next(&r->csv, any);
  if (status) return status;
  if (*any ? count_cells(r, only_numeric).numbers > first.numbers : only_numeric) return MOTH_OK;
  return context_fail(r->m, MOTH_FORMAT, "csv", "%s line %lld may be names or values: { header = true } or { header = false }",
                      r->csv.from->name, (long long)line);
}

static bool is_named(const csv_reading *r) {
  static const int options[] = { CSV_TARGET, CSV_LABEL, CSV_FEATURES, CSV_TEXT };
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    moth_option_kind kind = r->options.values[options[i]].kind;
    if (kind == MOTH_OPTION_TEXT || kind == MOTH_OPTION_TEXTS) return true;
  }
  return false;
}

/* Reads up to the first row of values. */
static moth_status begin(csv_reading *r, bool *any) {
  moth_status status = csv_next(&r->csv, any);
  if (status) return status;
  int64_t skip = options_int(&r->options, CSV_SKIP);
  if (!*any && skip == 0) return context_fail(r->m, MOTH_FORMAT, "csv", "%s is empty", r->csv.from->name);
  if (!*any) return context_fail(r->m, MOTH_FORMAT, "csv", "%s is empty after { skip = %lld }", r->csv.from->name, (long long)skip);
  bool is_given = options_is_set(&r->options, CSV_HEADER);
  bool has_header = is_given ? options_flag(&r->options, CSV_HEADER) : is_named(r);
  if (!has_header) {
    status = choose_columns(r);
    return status || is_given ? status : look_for_header(r, any);
  }
  status = take_names(r);
  if (!status) status = choose_columns(r);
  return status ? status : csv_next(&r->csv, any);
}

/* ---- The whole ---- */

static moth_status check_delimiter(moth *m, const char *text) {
  if (strlen(text) == 1 && !strchr("\"\r\n", text[0])) return MOTH_OK;
  return context_fail(m, MOTH_OPTION, "csv", "delimiter must be one byte, neither a quote nor a line's end, got '%s'", text);
}

static moth_status read_rows(csv_reading *r, stream *from) {
  bool any = false;
  moth_status status = csv_open(from, options_word(&r->options, CSV_DELIMITER)[0], options_int(&r->options, CSV_SKIP), &r->csv);
  if (!status) status = begin(r, &any);
  if (!status) status = csv_columns_open(r);
  while (!status && any) {
    status = csv_columns_add(r);
    if (!status) status = csv_next(&r->csv, &any);
  }
  return status;
}

static moth_status read_source(csv_reading *r, stream *from, dataset_source **source) {
  moth_status status = check_delimiter(r->m, options_word(&r->options, CSV_DELIMITER));
  moth_dtype_find(options_word(&r->options, CSV_DTYPE), &r->dtype);
  if (!status) status = read_rows(r, from);
  if (status) return status;
  *source = dataset_source_new(r->m);
  if (!*source) return r->m->status;
  (*source)->name = memory_text(r->m, from->name);
  return (*source)->name ? csv_columns_finish(r, *source) : r->m->status;
}

moth_status reader_csv_stream(moth *m, stream *from, const moth_option *given, moth_dataset **data) {
  csv_reading r = { .m = m };
  moth_status status = options_read(m, NULL, &reader_csv.row, given, &r.options);
  if (status) return status;
  dataset_source *source = NULL;
  status = read_source(&r, from, &source);
  if (!status) status = dataset_publish(m, source, data);
  dataset_source_release(source);
  csv_columns_free(&r);
  for (int64_t i = 0; r.names && i < r.csv.columns; i++) memory_text_free(m, r.names[i]);
  memory_free(m, r.names, (size_t)r.csv.columns, sizeof *r.names);
  memory_free(m, r.roles, (size_t)r.csv.columns, sizeof *r.roles);
  memory_free(m, r.order, (size_t)r.csv.columns, sizeof *r.order);
  csv_close(&r.csv);
  options_free(m, &r.options);
  return context_within(m, status, "csv");
}

static moth_status read_path(moth *m, const char *path, const moth_option *given, moth_dataset **data) {
  stream from;
  moth_status status = stream_open(m, "csv", path, UINT64_MAX, &from);
  if (status) return status;
  status = reader_csv_stream(m, &from, given, data);
  stream_close(&from, false);
  return status;
}

const reader_class reader_csv = {
  .row = { .name = "csv",
           .doc = "A table of comma-separated values (RFC 4180; .gz too) as a data set.\n"
                  "x is [rows, features]. label gives y class numbers i64[rows], named in order of value if all labels are\n"
                  "numbers, else in byte order; target gives y values [rows, 1]; with neither all columns are in x. A first line\n"
                  "of words over numbers is a header. Columns count from the index base, negative ones from the end.",
           .options = csv_options,
           .option_count = CSV_OPTIONS,
           .example = "print(moth.csv(\"scripts/data/iris.csv\", { skip = 1, label = -1 }))",
           .foreign = "read_csv loadtxt genfromtxt" },
  .read = read_path,
};
