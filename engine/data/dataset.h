/* data/dataset.h: data sets as named columns behind an index view. Subsets copy no samples; bytes stay bytes until a batch is gathered. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "core/object.h"
#include "core/options.h"
#include "core/stream.h"
#include "network/plan.h"
#include "tensor/tensor.h"

typedef struct dataset_column {
  moth_tensor *values;           /* [rows, sample…], retained, contiguous rows; any dtype. Classes: i64 from the index base */
  double scale;                  /* multiplies when gathered: 1 where unscaled */
  int64_t features;              /* elements of one sample */
} dataset_column;

/* A column of words in x that became class numbers (csv's text=): a second file read with classes= numbers them alike. */
typedef struct dataset_words {
  int64_t feature;               /* the column of x */
  int count;
  char **names;
} dataset_words;

/* The stored columns, shared by all views. */
typedef struct dataset_source {
  int64_t references;
  moth *context;
  int64_t rows;
  bool has_y, has_weight;
  dataset_column x, y, weight;   /* weight: f64[rows] */
  bool y_is_classes;             /* y is i64[rows] class numbers. Scripts may have written to it since: loss_check_classes before use */
  int class_count;               /* how many names, else the largest class met when the set was made */
  char **classes;                /* names; NULL where y has none */
  int words_count;
  dataset_words *words;
  char *name;                    /* of the file, for messages; NULL */
} dataset_source;

struct moth_dataset {
  object base;
  dataset_source *source;
  int64_t rows;
  int64_t *order;                /* stored rows, from 0; NULL: the first `rows` in order */
};

extern const object_class dataset_class;
extern const moth_row dataset_row, split_row, batches_row; /* of the MOTH_FUNCTION catalog */

/* Writes rows order[first …] of a column into out, contiguous, as `dtype`, scaled. `order` holds rows of this view, from 0 (a permutation
 * of 0 … data->rows-1); NULL: rows first, first+1 … of the view. With `classes` out is int64_t, counted from 0 (what has no place there
 * becomes -1). Worker-safe. */
void dataset_gather(const moth_dataset *data, const dataset_column *column, const int64_t *order, int64_t first, int64_t rows,
                    moth_dtype dtype, bool classes, void *out);
/* A sampled hash of rows, shapes, dtypes and values, for resume. */
uint64_t dataset_hash(const moth_dataset *data);
/* "train: data.x has nan in row 88, column 4" (MOTH_DATA) where x or y holds something not finite among this view's rows; `name` is the
 * set's: "data", "validation". Rows and columns count from the index base. */
moth_status dataset_check_finite(moth *m, const char *where, const moth_dataset *data, const char *name);
/* MOTH_DATA "train: data has 0 rows (train.csv has a header only)"; `name` likewise. */
moth_status dataset_check_rows(moth *m, const char *where, const moth_dataset *data, const char *name);

/* The dtype in which a column leaves the set when nobody asks for one: bytes and what is scaled as f32, all else as stored. */
moth_dtype dataset_column_dtype(const dataset_column *column);
/* Whether `count` names are all different; else MOTH_OPTION. */
moth_status dataset_check_names(moth *m, const char *where, const char *const *names, int64_t count);

/* A source with nothing in it, one reference. Whoever fills it sets rows and columns; release copes with a half-filled one. */
dataset_source *dataset_source_new(moth *m);
void dataset_source_release(dataset_source *source);
/* A column of the tensor, which is retained (or copied where its rows are not contiguous). */
moth_status dataset_column_open(moth *m, const char *where, moth_tensor *values, double scale, dataset_column *column);
/* All rows of the source (retained) as a handle. */
moth_status dataset_publish(moth *m, dataset_source *source, moth_dataset **data);
/* A view of these stored rows; takes the order (of `rows`, made by memory_new; NULL: the first) on success. */
moth_status dataset_view(const moth_dataset *data, int64_t rows, int64_t *order, moth_dataset **view);
/* The stored row of a view's row. */
static inline int64_t dataset_stored_row(const moth_dataset *data, int64_t row) { return data->order ? data->order[row] : row; }

/* A reader's row of the MOTH_READER catalog. */
typedef struct reader_class {
  moth_row row;
  moth_status (*read)(moth *m, const char *path, const moth_option *given, moth_dataset **data);
} reader_class;
/* What moth_read("csv", …) does, from any stream; `given` as there. */
moth_status reader_csv_stream(moth *m, stream *from, const moth_option *given, moth_dataset **data);
extern const moth_row *const reader_catalog[];

#endif
