/* Rows out of a set, as a batch wants them; and what is asked of all rows at once: whether they are finite, and a hash of them. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "data/dataset.h"
#include "math/kernels.h"

/* ---- Conversion of a run ---- */

#define CONVERT(from_type, to_type, expression)                                                                                          \
  do {                                                                                                                                   \
    const from_type *x = from;                                                                                                           \
    to_type *y = to;                                                                                                                     \
    for (int64_t i = 0; i < n; i++) y[i] = (to_type)(expression);                                                                        \
  } while (0)

static void to_f32(const kernels *k, moth_dtype dtype, const void *from, float *to, int64_t n, double scale) {
  switch (dtype) {
  case MOTH_F32:
    if (scale == 1) memcpy(to, from, (size_t)n * sizeof *to);
    else CONVERT(float, float, x[i] * scale);
    break;
  case MOTH_F64: CONVERT(double, float, x[i] * scale); break;
  case MOTH_I64:
    if (scale == 1) CONVERT(int64_t, float, x[i]);
    else CONVERT(int64_t, float, (double)x[i] * scale);
    break;
  default: k->u8_to_f32(from, to, n, scale);
  }
}

static void to_f64(const kernels *k, moth_dtype dtype, const void *from, double *to, int64_t n, double scale) {
  switch (dtype) {
  case MOTH_F32: CONVERT(float, double, x[i] * scale); break;
  case MOTH_F64:
    if (scale == 1) memcpy(to, from, (size_t)n * sizeof *to);
    else CONVERT(double, double, x[i] * scale);
    break;
  case MOTH_I64: CONVERT(int64_t, double, (double)x[i] * scale); break;
  default: k->u8_to_f64(from, to, n, scale);
  }
}

/* A class number from 0; what has no place becomes -1. */
static int64_t class_from(double value, int64_t base) {
  return value >= -0x1p53 && value <= 0x1p53 && value == trunc(value) ? (int64_t)value - base : -1;
}
static int64_t class_of(int64_t value, int64_t base) { return value >= base ? value - base : -1; }

static void to_classes(moth_dtype dtype, const void *from, int64_t *to, int64_t n, int64_t base) {
  switch (dtype) {
  case MOTH_F32: CONVERT(float, int64_t, class_from(x[i], base)); break;
  case MOTH_F64: CONVERT(double, int64_t, class_from(x[i], base)); break;
  case MOTH_I64: CONVERT(int64_t, int64_t, class_of(x[i], base)); break;
  default: CONVERT(uint8_t, int64_t, class_of(x[i], base));
  }
}

/* ---- Gathering ---- */

typedef struct gathering {
  const dataset_column *column;
  const kernels *kernels;
  moth_dtype stored, dtype;
  bool classes;
  int64_t base;
  size_t row_bytes;              /* of a row in out */
} gathering;

static void gather_run(const gathering *g, const char *from, char *to, int64_t n) {
  if (g->classes) to_classes(g->stored, from, (int64_t *)(void *)to, n, g->base);
  else if (g->dtype == MOTH_F32) to_f32(g->kernels, g->stored, from, (float *)(void *)to, n, g->column->scale);
  else if (g->dtype == MOTH_F64) to_f64(g->kernels, g->stored, from, (double *)(void *)to, n, g->column->scale);
  else if (g->dtype == g->stored) memcpy(to, from, (size_t)n * dtype_size(g->stored));
  else to_classes(g->stored, from, (int64_t *)(void *)to, n, 0);
}

/* Short rows in an order of their own, as they are stored: a call for each would cost more than its values. */
static void gather_short_f32(const char *values, int64_t step, const int64_t *order, int64_t rows, int64_t features, float *to) {
  for (int64_t i = 0; i < rows; i++, to += features) {
    const float *from = (const void *)(values + order[i] * step);
    for (int64_t f = 0; f < features; f++) to[f] = from[f];
  }
}
static void gather_short_f64(const char *values, int64_t step, const int64_t *order, int64_t rows, int64_t features, double *to) {
  for (int64_t i = 0; i < rows; i++, to += features) {
    const double *from = (const void *)(values + order[i] * step);
    for (int64_t f = 0; f < features; f++) to[f] = from[f];
  }
}
enum { SHORT_ROW = 16 };

static bool is_short(const gathering *g, const moth_dataset *data, const int64_t *order) {
  return order != NULL && data->order == NULL && !g->classes && g->dtype == g->stored && dtype_is_real(g->dtype) && g->column->scale == 1 &&
         g->column->features <= SHORT_ROW;
}

/* Rows in a shuffled order come from anywhere in memory, which no processor foresees: a later one is asked for in time. */
enum { ROWS_AHEAD = 3, MOST_LINES = 32, LINE_BYTES = 64 };
static inline void fetch_row(const char *row, size_t bytes) {
  size_t lines = bytes / LINE_BYTES < MOST_LINES ? bytes / LINE_BYTES : MOST_LINES;
  for (size_t line = 0; line <= lines; line++) __builtin_prefetch(row + line * LINE_BYTES);
}

void dataset_gather(const moth_dataset *data, const dataset_column *column, const int64_t *order, int64_t first, int64_t rows,
                    moth_dtype dtype, bool classes, void *out) {
  const moth *m = data->source->context;
  const moth_tensor *values = column->values;
  const gathering g = { .column = column, .kernels = m->kernels, .stored = values->dtype, .dtype = dtype, .classes = classes,
                        .base = m->index_base, .row_bytes = (size_t)column->features * (classes ? 8 : dtype_size(dtype)) };
  assert(classes || dtype_is_real(dtype) || dtype == values->dtype || dtype == MOTH_I64);
  if (column->features == 0) return;
  const int64_t step = values->strides[0] * (int64_t)dtype_size(values->dtype);
  if (is_short(&g, data, order)) {
    if (dtype == MOTH_F32) gather_short_f32(values->values, step, order + first, rows, column->features, out);
    else gather_short_f64(values->values, step, order + first, rows, column->features, out);
    return;
  }
  const bool is_dense = values->strides[0] == column->features;
  const size_t stored_bytes = (size_t)column->features * dtype_size(values->dtype);
  char *to = out;
  for (int64_t i = 0; i < rows;) {
    int64_t row = dataset_stored_row(data, order ? order[first + i] : first + i), run = 1;
    if (is_dense && !order && !data->order) run = rows;
    while (is_dense && i + run < rows && dataset_stored_row(data, order ? order[first + i + run] : first + i + run) == row + run) run++;
    if (order != NULL && i + ROWS_AHEAD < rows) {
      fetch_row(values->values + dataset_stored_row(data, order[first + i + ROWS_AHEAD]) * step, stored_bytes);
    }
    gather_run(&g, values->values + row * step, to, run * column->features);
    to += (size_t)run * g.row_bytes;
    i += run;
  }
}

/* ---- Finite ---- */

static moth_status not_finite(moth *m, const char *where, const char *name, const char *column_name, const dataset_column *column,
                              int64_t row, const char *values) {
  const moth_tensor *t = column->values;
  int64_t at = 0;
  double value = 0;
  for (; at < column->features; at++) {
    value = dtype_load(t->dtype, values + at * (int64_t)dtype_size(t->dtype));
    if (!isfinite(value)) break;
  }
  char number[32], place[192] = "";
  text_line line = { place, sizeof place, 0 };
  text_number(number, sizeof number, value);
  if (t->rank == 2) text_line_add(&line, ", column %lld", (long long)(at + m->index_base));
  for (int i = 1; i < t->rank && t->rank > 2; i++) {
    int64_t inner = 1;
    for (int k = i + 1; k < t->rank; k++) inner *= t->size[k];
    text_line_add(&line, i == 1 ? ", position %lld" : ",%lld", (long long)(at / inner % t->size[i] + m->index_base));
  }
  return context_fail(m, MOTH_DATA, where, "%s.%s has %s in row %lld%s", name, column_name, number, (long long)(row + m->index_base),
                      place);
}

static moth_status check_column(moth *m, const char *where, const moth_dataset *data, const char *name, const char *column_name,
                                const dataset_column *column) {
  const moth_tensor *t = column->values;
  if (!dtype_is_real(t->dtype) || column->features == 0) return MOTH_OK;
  const int64_t step = t->strides[0] * (int64_t)dtype_size(t->dtype);
  bool (*is_finite)(const void *x, int64_t n) = m->kernels->of[t->dtype].is_finite;
  if (!data->order && t->strides[0] == column->features && is_finite(t->values, data->rows * column->features)) return MOTH_OK;
  for (int64_t row = 0; row < data->rows; row++) {
    const char *values = t->values + dataset_stored_row(data, row) * step;
    if (!is_finite(values, column->features)) return not_finite(m, where, name, column_name, column, row, values);
  }
  return MOTH_OK;
}

moth_status dataset_check_finite(moth *m, const char *where, const moth_dataset *data, const char *name) {
  moth_status status = check_column(m, where, data, name, "x", &data->source->x);
  if (!status && data->source->has_y) status = check_column(m, where, data, name, "y", &data->source->y);
  return status;
}

moth_status dataset_check_rows(moth *m, const char *where, const moth_dataset *data, const char *name) {
  if (data->rows > 0) return MOTH_OK;
  if (data->source->rows > 0 || !data->source->name) return context_fail(m, MOTH_DATA, where, "%s has 0 rows", name);
  return context_fail(m, MOTH_DATA, where, "%s has 0 rows (%s has a header only)", name, data->source->name);
}

/* ---- Hash ---- */

enum { HASHED_ROWS = 256, HASHED_ELEMENTS = 512 };

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

/* The element at i of `count` that the k-th of `samples` looks at: first and last are among them. */
static int64_t sampled(int64_t k, int64_t samples, int64_t count) {
  return samples < 2 ? 0 : (int64_t)((double)k * (double)(count - 1) / (double)(samples - 1));
}

static uint64_t hash_column(uint64_t hash, const moth_dataset *data, const dataset_column *column) {
  const moth_tensor *t = column->values;
  const int64_t width = (int64_t)dtype_size(t->dtype);
  const int64_t rows = data->rows < HASHED_ROWS ? data->rows : HASHED_ROWS;
  const int64_t elements = column->features < HASHED_ELEMENTS ? column->features : HASHED_ELEMENTS;
  uint64_t scale;
  memcpy(&scale, &column->scale, sizeof scale);
  hash = mix(mix(hash, (uint64_t)t->dtype), scale);
  for (int i = 1; i < t->rank; i++) hash = mix(hash, (uint64_t)t->size[i]);
  for (int64_t k = 0; k < rows; k++) {
    const char *row = t->values + dataset_stored_row(data, sampled(k, rows, data->rows)) * t->strides[0] * width;
    for (int64_t j = 0; j < elements; j++) {
      uint64_t word = 0;
      memcpy(&word, row + sampled(j, elements, column->features) * width, (size_t)width);
      hash = mix(hash, word);
    }
  }
  return hash;
}

uint64_t dataset_hash(const moth_dataset *data) {
  const dataset_source *source = data->source;
  uint64_t hash = mix(mix(0, (uint64_t)data->rows), (uint64_t)source->class_count);
  hash = hash_column(hash, data, &source->x);
  if (source->has_y) hash = hash_column(mix(hash, 1), data, &source->y);
  if (source->has_weight) hash = hash_column(mix(hash, 2), data, &source->weight);
  return hash;
}
