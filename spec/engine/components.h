/* components.h: what the tests of layers, losses, metrics and optimizers share: numbers to feed them, parts, one node run by hand, and the
 * comparison with central differences. */
#ifndef SPEC_COMPONENTS_H
#define SPEC_COMPONENTS_H

#include "support.h"

#include <math.h>

#include "core/memory.h"
#include "core/random.h"
#include "layers/layer.h"
#include "math/kernels.h"
#include "tensor/tensor.h"

/* ---- Numbers ------------------------------------------------------------------------------------------------------------------ */

/* Uniform in [low, high), the same for each seed. */
static inline void numbers_fill(uint64_t seed, double *values, int64_t count, double low, double high) {
  random_source source = { .seed = seed };
  if (count > 0) random_uniform_f64(&source, values, count, low, high);
}

static inline void store_value(moth_dtype dtype, void *values, int64_t i, double value) {
  if (dtype == MOTH_F32) ((float *)values)[i] = (float)value;
  else ((double *)values)[i] = value;
}
static inline double load_value(moth_dtype dtype, const void *values, int64_t i) {
  return dtype == MOTH_F32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
}
/* A fresh array of the dtype with these numbers (NULL: zeros); free() it. */
static inline void *values_of(moth_dtype dtype, const double *numbers, int64_t count) {
  void *values = calloc((size_t)(count > 0 ? count : 1), dtype_size(dtype));
  for (int64_t i = 0; numbers != NULL && i < count; i++) store_value(dtype, values, i, numbers[i]);
  return values;
}

static inline void assert_close_at(double got, double expected, double tolerance, const char *file, int line) {
  double size = fabs(expected) > 1 ? fabs(expected) : 1;
  if (fabs(got - expected) <= tolerance * size || got == expected) return;
  fprintf(stderr, "got %.17g, expected %.17g (off by %.3g)\n", got, expected, got - expected);
  _fail(file, line);
}
/* Within a tolerance, relative where the value is above 1. */
#define assert_close(got, expected, tolerance) assert_close_at((got), (expected), (tolerance), __FILE__, __LINE__)

/* The relative error of a gradient against a difference, as moth.check counts it: over the larger of the two and 1e-4, below which the
 * difference's own rounding is all that is left. */
static inline double gradient_error(double gradient, double difference) {
  double size = fmax(fmax(fabs(gradient), fabs(difference)), 1e-4);
  return fabs(gradient - difference) / size;
}

/* ---- Parts -------------------------------------------------------------------------------------------------------------------- */

static inline moth_part *make_part(moth *m, moth_part_kind kind, const char *name, const moth_option *given) {
  moth_part *part = NULL;
  assert_ok(m, moth_part_create(m, kind, name, given, &part));
  return part;
}
#define OPTIONS(...) ((const moth_option[]){ __VA_ARGS__, MOTH_END })

/* A tensor of the dtype with these numbers. */
static inline moth_tensor *make_tensor(moth *m, moth_dtype dtype, int rank, const int64_t *size, const double *numbers) {
  moth_tensor *t = NULL;
  assert_ok(m, moth_tensor_create(m, dtype, rank, size, &t));
  for (int64_t i = 0; i < t->count; i++) {
    if (dtype == MOTH_I64) ((int64_t *)t->values)[i] = (int64_t)numbers[i];
    else if (dtype_is_real(dtype)) store_value(dtype, t->values, i, numbers[i]);
    else ((uint8_t *)t->values)[i] = (uint8_t)numbers[i];
  }
  return t;
}
#define SIZES(...) ((const int64_t[]){ __VA_ARGS__ })

/* ---- One layer, run by hand ---------------------------------------------------------------------------------------------------- */

/* A node as the network would make it, and memory for a batch. */
typedef struct bench {
  moth *m;
  layer_node node;
  moth_shape in;
  int64_t rows, inputs, outputs;
  void *x, *y, *dy, *dx, *saved, *saved_fixed, *scratch;
  void *blocks[LAYER_MAX_BLOCKS], *gradients[LAYER_MAX_BLOCKS];
  layer_run run;
} bench;

static inline int64_t shape_product(const moth_shape *shape) {
  int64_t count = 1;
  for (int i = 0; i < shape->rank; i++) count *= shape->size[i];
  return count;
}

static inline moth_status bench_infer(moth *m, moth_part *part, moth_dtype dtype, const moth_shape *in, bench *b) {
  memset(b, 0, sizeof *b);
  b->m = m;
  b->in = *in;
  b->node = (layer_node){ .class = layer_class_of(part), .part = moth_retain(part), .dtype = dtype, .number = 2, .index = 1, .owner = 1,
                          .input_count = 1, .from = "layer 1 dense(60) gives" };
  return b->node.class->infer(m, &b->node, in);
}

static inline moth_status bench_parameters(bench *b, random_source *source) {
  for (int i = 0; i < b->node.block_count; i++) {
    const parameter_block *block = &b->node.blocks[i];
    b->blocks[i] = values_of(b->node.dtype, NULL, block->count);
    b->gradients[i] = values_of(b->node.dtype, NULL, block->count);
    for (int v = 0; v < block->view_count; v++) {
      moth_status status = initializer_run(b->m, &b->node, &block->views[v], source, b->blocks[i]);
      if (status != MOTH_OK) return status;
    }
  }
  return MOTH_OK;
}

/* Memory for so many rows; x in [-2, 2). */
static inline void bench_rows(bench *b, int64_t rows, bool training) {
  const moth_dtype dtype = b->node.dtype;
  b->rows = rows, b->inputs = shape_product(&b->in), b->outputs = shape_product(&b->node.out);
  double *numbers = malloc((size_t)(rows * b->inputs + rows * b->outputs + 1) * sizeof *numbers);
  numbers_fill(7, numbers, rows * b->inputs, -2, 2);
  b->x = values_of(dtype, numbers, rows * b->inputs);
  numbers_fill(8, numbers, rows * b->outputs, -1, 1);
  b->dy = values_of(dtype, numbers, rows * b->outputs);
  free(numbers);
  b->y = values_of(dtype, NULL, rows * b->outputs);
  b->dx = values_of(dtype, NULL, rows * b->inputs);
  b->saved = calloc(1, (size_t)rows * b->node.saved_row + 1);
  b->saved_fixed = calloc(1, b->node.saved_fixed + 1);
  b->scratch = calloc(1, b->node.scratch_fixed + (size_t)rows * b->node.scratch_row + 1);
  b->run = (layer_run){ .m = b->m, .node = &b->node, .kernels = &b->m->kernels->of[dtype], .rows = rows, .batch = rows,
                        .training = training,
                        .blocks = b->blocks, .saved_rows = training ? b->saved : NULL, .saved_fixed = b->saved_fixed,
                        .scratch = b->scratch, .key = 99, .step = 3 };
}

static inline void bench_open(moth *m, moth_part *part, moth_dtype dtype, moth_shape in, int64_t rows, bool training, bench *b) {
  assert_ok(m, bench_infer(m, part, dtype, &in, b));
  random_source source = { .seed = 5 };
  assert_ok(m, bench_parameters(b, &source));
  bench_rows(b, rows, training);
}

static inline void bench_close(bench *b) {
  if (b->node.class->release != NULL) b->node.class->release(b->m, &b->node);
  moth_release(b->node.part);
  void *const memory[] = { b->x, b->y, b->dy, b->dx, b->saved, b->saved_fixed, b->scratch };
  for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) free(memory[i]);
  for (int i = 0; i < LAYER_MAX_BLOCKS; i++) free(b->blocks[i]), free(b->gradients[i]);
}

/* The part of the run that sees rows row … row+rows-1. */
static inline layer_run bench_part(const bench *b, int64_t row, int64_t rows) {
  layer_run run = b->run;
  run.row = row, run.rows = rows;
  if (run.saved_rows != NULL) run.saved_rows = (char *)b->saved + (size_t)row * b->node.saved_row;
  return run;
}
static inline void *row_at(const bench *b, void *values, int64_t row, int64_t columns) {
  return (char *)values + (size_t)(row * columns) * dtype_size(b->node.dtype);
}

/* Forward and backward in blocks of so many rows (0: all); dy becomes dE/dz. */
static inline moth_status bench_forward(bench *b, int64_t block) {
  if (block == 0) block = b->rows;
  for (int64_t row = 0; row < b->rows; row += block) {
    layer_run run = bench_part(b, row, b->rows - row < block ? b->rows - row : block);
    const void *in[] = { row_at(b, b->x, row, b->inputs) };
    moth_status status = b->node.class->forward(&run, in, row_at(b, b->y, row, b->outputs));
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}
static inline moth_status bench_backward(bench *b, int64_t block, bool wants_dx) {
  if (block == 0) block = b->rows;
  for (int64_t row = 0; row < b->rows; row += block) {
    layer_run run = bench_part(b, row, b->rows - row < block ? b->rows - row : block);
    const void *in[] = { row_at(b, b->x, row, b->inputs) };
    void *d_in[] = { wants_dx ? row_at(b, b->dx, row, b->inputs) : NULL };
    moth_status status = b->node.class->backward(&run, in, row_at(b, b->y, row, b->outputs), row_at(b, b->dy, row, b->outputs), d_in);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}
/* All blocks' gradients, in ranges of so many units (0: all). */
static inline moth_status bench_gradient(bench *b, int64_t units, bool add) {
  if (b->node.class->gradient == NULL) return MOTH_OK;
  layer_run run = bench_part(b, 0, b->rows);
  const void *in[] = { b->x };
  for (int i = 0; i < b->node.block_count; i++) {
    const parameter_block *block = &b->node.blocks[i];
    const int64_t step = units == 0 ? block->count : units * block->unit;
    for (int64_t from = 0; from < block->count; from += step) {
      gradient_sink sink = { .g = row_at(b, b->gradients[i], 1, from), .add = add };
      int64_t to = from + step < block->count ? from + step : block->count;
      moth_status status = b->node.class->gradient(&run, in, b->dy, i, from, to, &sink);
      if (status != MOTH_OK) return status;
    }
  }
  return MOTH_OK;
}

/* The largest relative error of dE/dx and of every parameter's gradient against central differences, E = sum of dy·y. In f64. */
static inline double bench_check(bench *b) {
  assert_int_equal(b->node.dtype, MOTH_F64);
  const int64_t outputs = b->rows * b->outputs;
  double *weights = malloc((size_t)(outputs + 1) * sizeof *weights), worst = 0;
  memcpy(weights, b->dy, (size_t)outputs * sizeof *weights);
  assert_ok(b->m, bench_forward(b, 0));
  assert_ok(b->m, bench_backward(b, 0, true));
  assert_ok(b->m, bench_gradient(b, 0, false));
  for (int at = -1; at < b->node.block_count; at++) {
    double *values = at < 0 ? b->x : b->blocks[at], *gradient = at < 0 ? b->dx : b->gradients[at];
    const int64_t count = at < 0 ? b->rows * b->inputs : b->node.blocks[at].count;
    for (int64_t i = 0; i < count; i++) {
      double sides[2], before = values[i];
      for (int side = 0; side < 2; side++) {
        values[i] = before + (side == 0 ? -1e-5 : 1e-5);
        assert_ok(b->m, bench_forward(b, 0));
        sides[side] = 0;
        for (int64_t j = 0; j < outputs; j++) sides[side] += weights[j] * ((double *)b->y)[j];
      }
      values[i] = before;
      worst = fmax(worst, gradient_error(gradient[i], (sides[1] - sides[0]) / 2e-5));
    }
  }
  free(weights);
  return worst;
}

#endif
