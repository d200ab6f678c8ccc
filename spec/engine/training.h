/* training.h: what the tests of training share: small data sets that are the same for each seed, nets, and options put together. */
#ifndef SPEC_TRAINING_H
#define SPEC_TRAINING_H

#include "support.h"

#include <math.h>

/* ---- Numbers ------------------------------------------------------------------------------------------------------------------ */

typedef struct training_draws { uint64_t state; } training_draws;
static inline double training_draw(training_draws *d) { /* splitmix64, in [-1, 1) */
  uint64_t z = d->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-52 - 1;
}

static inline moth_dataset *training_dataset(moth *m, moth_tensor *x, moth_tensor *y, moth_tensor *weight) {
  moth_dataset *data = NULL;
  moth_option given[4] = { MOTH_TENSOR("x", x), MOTH_TENSOR("y", y), MOTH_END, MOTH_END };
  if (weight != NULL) given[2] = (moth_option)MOTH_TENSOR("weight", weight);
  assert_ok(m, moth_dataset_create(m, given, &data));
  moth_release(x), moth_release(y), moth_release(weight);
  return data;
}

static inline moth_tensor *training_tensor(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, const double *values) {
  moth_tensor *t = NULL;
  const int64_t shape[] = { rows, columns };
  assert_ok(m, moth_tensor_create(m, dtype, columns > 0 ? 2 : 1, shape, &t));
  int64_t count = rows * (columns > 0 ? columns : 1);
  for (int64_t i = 0; i < count; i++) {
    if (dtype == MOTH_F32) ((float *)moth_tensor_values_mutable(t))[i] = (float)values[i];
    else if (dtype == MOTH_F64) ((double *)moth_tensor_values_mutable(t))[i] = values[i];
    else if (dtype == MOTH_I64) ((int64_t *)moth_tensor_values_mutable(t))[i] = (int64_t)values[i];
    else ((uint8_t *)moth_tensor_values_mutable(t))[i] = (uint8_t)values[i];
  }
  return t;
}

enum { BLOB_COLUMNS = 4, BLOB_CLASSES = 3, MOST_ROWS = 1200 };

/* Three clouds of points that a small net tells apart, as class numbers. */
static inline moth_dataset *training_blobs(moth *m, int64_t rows, uint64_t seed) {
  static const double centres[BLOB_CLASSES][BLOB_COLUMNS] = { { 1, 0, 0, -1 }, { -1, 1, 0, 0 }, { 0, -1, 1, 1 } };
  double x[MOST_ROWS * BLOB_COLUMNS], y[MOST_ROWS];
  training_draws d = { seed };
  for (int64_t i = 0; i < rows; i++) {
    int64_t c = i % BLOB_CLASSES;
    y[i] = (double)(c + moth_index_base(m));
    for (int j = 0; j < BLOB_COLUMNS; j++) x[i * BLOB_COLUMNS + j] = centres[c][j] + 0.8 * training_draw(&d);
  }
  return training_dataset(m, training_tensor(m, MOTH_F32, rows, BLOB_COLUMNS, x), training_tensor(m, MOTH_I64, rows, 0, y), NULL);
}

/* y = sin of a weighted sum of x. */
static inline moth_dataset *training_waves(moth *m, moth_dtype dtype, int64_t rows, uint64_t seed) {
  double x[MOST_ROWS * 3], y[MOST_ROWS];
  training_draws d = { seed };
  for (int64_t i = 0; i < rows; i++) {
    for (int j = 0; j < 3; j++) x[i * 3 + j] = training_draw(&d);
    y[i] = sin(x[i * 3] + 2 * x[i * 3 + 1] - x[i * 3 + 2]);
  }
  return training_dataset(m, training_tensor(m, dtype, rows, 3, x), training_tensor(m, dtype, rows, 1, y), NULL);
}

/* ---- Nets --------------------------------------------------------------------------------------------------------------------- */

static inline moth_part *training_part(moth *m, moth_part_kind kind, const char *name, const moth_option *given) {
  moth_part *part = NULL;
  assert_ok(m, moth_part_create(m, kind, name, given, &part));
  return part;
}

static inline moth_part *training_dense(moth *m, int64_t units, const char *activation) {
  return training_part(m, MOTH_LAYER, "dense", (moth_option[]){ MOTH_INT(NULL, units), MOTH_TEXT("activation", activation), MOTH_END });
}

static inline moth_net *training_net_of(moth *m, const char *dtype, int64_t inputs, int64_t seed, moth_part **layers, size_t count) {
  moth_net *net = NULL;
  const moth_option given[] = { MOTH_INT("input", inputs), MOTH_TEXT("dtype", dtype), MOTH_INT("seed", seed),
                                MOTH_PARTS("layers", count, layers), MOTH_END };
  assert_ok(m, moth_net_create(m, given, &net));
  for (size_t i = 0; i < count; i++) moth_release(layers[i]);
  return net;
}

/* dense(12, "tanh"), dropout (0: none), dense(3, "softmax") for the blobs. */
static inline moth_net *training_classifier(moth *m, double dropout) {
  moth_part *layers[3];
  size_t count = 0;
  layers[count++] = training_dense(m, 12, "tanh");
  if (dropout > 0) layers[count++] = training_part(m, MOTH_LAYER, "dropout", (moth_option[]){ MOTH_REAL(NULL, dropout), MOTH_END });
  layers[count++] = training_dense(m, BLOB_CLASSES, "softmax");
  return training_net_of(m, "f32", BLOB_COLUMNS, 7, layers, count);
}

static inline moth_net *training_regressor(moth *m, const char *dtype) {
  return training_net_of(m, dtype, 3, 5, (moth_part *[]){ training_dense(m, 8, "tanh"), training_dense(m, 1, "linear") }, 2);
}

/* ---- Options ------------------------------------------------------------------------------------------------------------------ */

typedef struct training_options { moth_option list[32]; int count; } training_options;
static inline void training_add(training_options *o, moth_option option) {
  o->list[o->count++] = option;
  o->list[o->count] = (moth_option)MOTH_END;
}
#define add(o, ...) training_add((o), (moth_option)__VA_ARGS__)

static inline training_options training_basic(moth_net *net, moth_dataset *data, const char *loss, int64_t epochs) {
  training_options o = { .count = 0 };
  add(&o, MOTH_OBJECT("net", net));
  add(&o, MOTH_OBJECT("data", data));
  add(&o, MOTH_TEXT("loss", loss));
  add(&o, MOTH_INT("epochs", epochs));
  return o;
}

/* The flat parameters, to compare bits; free() them. */
static inline void *training_weights(moth *m, moth_net *net, size_t *bytes) {
  moth_tensor *flat = NULL;
  assert_ok(m, moth_net_parameters(m, net, &flat));
  *bytes = (size_t)moth_tensor_count(flat) * moth_dtype_size(moth_tensor_dtype(flat));
  void *copy = malloc(*bytes + 1);
  memcpy(copy, moth_tensor_values(flat), *bytes);
  moth_release(flat);
  return copy;
}

static inline void training_assert_same_bits(const void *a, const void *b, size_t bytes) { assert_memory_equal(a, b, bytes); }

static inline double training_last(moth *m, const moth_run *run, const char *column) {
  const double *values = NULL;
  int64_t count = 0;
  assert_ok(m, moth_run_values(m, run, column, &values, &count));
  assert_true(count > 0);
  return values[count - 1];
}

#endif
