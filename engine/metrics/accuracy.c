/* accuracy: the share of rows whose largest output is that of the right class; with one output, of those on the right side of 1/2. */
#include "metrics/metric.h"

typedef struct state { double right, total; } state;

static size_t state_bytes(const moth_part *metric, int64_t columns, int64_t rows) {
  (void)metric, (void)columns, (void)rows;
  return sizeof(state);
}

static void begin(const moth_part *metric, void *bytes) {
  (void)metric;
  *(state *)bytes = (state){ 0 };
}

/* The class that a row of outputs or targets names: the first of the largest; -1 where something is nan. */
#define REAL float
#define NAME(name) name##_f32
#include "metrics/largest.inc"
#define REAL double
#define NAME(name) name##_f64
#include "metrics/largest.inc"

static int64_t class_of(moth_dtype dtype, const void *values, int64_t row, int64_t columns) {
  return dtype == MOTH_F32 ? largest_f32((const float *)values + row * columns, columns)
                           : largest_f64((const double *)values + row * columns, columns);
}

static moth_status add(const metric_batch *batch, void *bytes) {
  state *s = bytes;
  for (int64_t i = 0; i < batch->rows; i++) {
    const double weight = batch->weights == NULL ? 1 : batch->weights[i];
    const int64_t found = class_of(batch->dtype, batch->p, i, batch->columns);
    const int64_t wanted = batch->classes != NULL ? batch->classes[i] : class_of(batch->dtype, batch->t, i, batch->columns);
    s->total += weight;
    if (found == wanted && found >= 0) s->right += weight;
  }
  return MOTH_OK;
}

static double finish(const moth_part *metric, const void *bytes) {
  (void)metric;
  const state *s = bytes;
  return s->total == 0 ? 0 : s->right / s->total;
}

static moth_status check(moth *m, const char *where, const moth_part *metric, int64_t columns, bool classes) {
  (void)classes;
  return columns > 0 ? MOTH_OK : context_fail(m, MOTH_SHAPE, where, "%s needs at least one output", metric->row->name);
}

const metric_class metric_accuracy = {
  .row = { .name = "accuracy",
           .doc = "The share of rows whose class is right, 0 to 1.\n"
                  "P [rows, classes]: the largest output of a row, the first of equal ones; P [rows, 1] or [rows]: whether it is at least "
                  "1/2. T the classes i64[rows], or one-hot rows or 0/1 values of P's shape",
           .example = "moth.accuracy(moth.tensor{ { 0.2, 0.8 }, { 0.6, 0.4 } }, moth.tensor({ 2, 2 }, { dtype = \"i64\" }))",
           .foreign = "acc Accuracy categorical_accuracy binary_accuracy accuracy_score" },
  .higher_is_better = true, .state_bytes = state_bytes, .begin = begin, .add = add, .finish = finish, .check = check };
