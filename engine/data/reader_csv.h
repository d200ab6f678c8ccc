/* data/reader_csv.h: what the two files of the csv reader share: the reading of one file, row by row, into growing columns. */
#ifndef DATA_READER_CSV_H
#define DATA_READER_CSV_H

#include "data/dataset.h"
#include "data/words.h"
#include "formats/formats.h"

enum {
  CSV_TARGET, CSV_LABEL, CSV_FEATURES, CSV_HEADER, CSV_SKIP, CSV_DELIMITER, CSV_MISSING, CSV_TEXT, CSV_CLASSES, CSV_DTYPE, CSV_OPTIONS
};

/* A column of the file. */
typedef struct csv_role {
  int64_t feature;               /* its place in x; -1: not in x */
  bool is_text;
  int text;                      /* its place among the texts */
} csv_role;

/* Words of one column: those of another set, which no new ones may join, or those met so far. */
typedef struct csv_words {
  words met;
  bool is_closed;
  int64_t feature;
  int64_t *ranks;                /* class from 0 of each word, at the end */
  char **names; int name_count;
} csv_words;

typedef struct csv_reading {
  moth *m;
  options options;
  csv_reader csv;
  moth_dtype dtype;
  char **names;                  /* of the columns; NULL without a header */
  csv_role *roles;               /* of the columns */
  int64_t *order;                /* the column of each feature */
  int64_t features;
  int text_count;
  csv_words *texts;
  int64_t y_column;              /* -1: none */
  bool y_is_label;
  csv_words labels;
  int64_t rows;
  char *x; int64_t x_capacity;   /* rows × features of dtype; words as their numbers */
  char *y; int64_t y_capacity;   /* of dtype, or int64_t numbers of words */
} csv_reading;

/* Whether the current row's cell is one of missing=. */
bool csv_is_missing(const csv_reading *r, int64_t column);
/* Roles are chosen: makes the tables of words. */
moth_status csv_columns_open(csv_reading *r);
/* Adds the current row: "data/train.csv line 103, column 5 'age': 'n/a' is not a number" with what to do about it. */
moth_status csv_columns_add(csv_reading *r);
/* Classes get their order; the columns go into the source. */
moth_status csv_columns_finish(csv_reading *r, dataset_source *source);
void csv_columns_free(csv_reading *r);

#endif
