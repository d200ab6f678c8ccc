/* data/dataset.h: data sets as named columns behind an index view. Subsets copy no samples; bytes stay bytes until a batch is gathered. */
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include "core/object.h"
#include "network/plan.h"
#include "tensor/tensor.h"

typedef struct dataset_column {
  moth_tensor *values;           /* [rows, sample…], retained, contiguous rows; any dtype. Classes: i64 from the index base */
  double scale;                  /* multiplies when gathered: 1 where unscaled */
  int64_t features;              /* elements of one sample */
} dataset_column;

/* The stored columns, shared by all views. */
typedef struct dataset_source {
  int64_t references;
  moth *context;
  int64_t rows;
  bool has_y, has_weight;
  dataset_column x, y, weight;   /* weight: f64[rows] */
  bool y_is_classes;             /* y is i64[rows] class numbers, and class_count says of how many */
  int class_count;
  char **classes;                /* names; NULL where y has none */
  char *name;                    /* of the file, for messages; NULL */
} dataset_source;

struct moth_dataset {
  object base;
  dataset_source *source;
  int64_t rows;
  int64_t *order;                /* stored rows, from 0; NULL: all in order */
  int64_t order_count;           /* as allocated */
};

extern const object_class dataset_class;
extern const moth_row dataset_row, split_row, batches_row; /* of the MOTH_FUNCTION catalog */

/* Writes rows order[first …] (NULL: in order) of a column into out as `dtype`, scaled; classes become i64 from 0 with `classes`. Worker-safe. */
void dataset_gather(const moth_dataset *data, const dataset_column *column, const int64_t *order, int64_t first, int64_t rows,
                    moth_dtype dtype, bool classes, void *out);
/* A sampled hash of shapes, dtypes and values, for resume. */
uint64_t dataset_hash(const moth_dataset *data);
/* "data.x has nan in row 88, column 4" (MOTH_DATA) where a float column holds something not finite among this view's rows. */
moth_status dataset_check_finite(moth *m, const char *where, const moth_dataset *data, const char *name);
/* MOTH_DATA "train: data has 0 rows (train.csv has a header only)". */
moth_status dataset_check_rows(moth *m, const char *where, const moth_dataset *data, const char *name);

/* A reader's row of the MOTH_READER catalog. */
typedef struct reader_class {
  moth_row row;
  moth_status (*read)(moth *m, const char *path, const moth_option *given, moth_dataset **data);
} reader_class;
extern const moth_row *const reader_catalog[];
extern const int reader_catalog_count;

#endif
