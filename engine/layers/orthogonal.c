/* orthogonal: a random matrix with orthonormal rows or columns (whichever are fewer), from a normal one by Gram-Schmidt, done twice
 * ("twice is enough", Giraud et al. 2005). Its triangular factor has a positive diagonal, so the result is uniform over such matrices
 * (Saxe et al. 2013). */
#include <math.h>

#include "core/memory.h"
#include "layers/layer.h"

/* Makes vectors[at] orthogonal to those before it and of length 1. */
static void orthonormalize(const real_kernels *k, double *vectors, int64_t at, int64_t length, random_source *source) {
  double *v = vectors + at * length;
  for (;;) {
    double before = sqrt(k->sum_squares(v, length));
    for (int pass = 0; pass < 2; pass++) {
      for (int64_t i = 0; i < at; i++) {
        const double *u = vectors + i * length;
        k->axpy(u, v, length, -k->dot(u, v, length));
      }
    }
    double after = sqrt(k->sum_squares(v, length));
    if (after > 1e-10 * before) {
      k->scale(v, length, 1 / after);
      return;
    }
    random_normal_f64(source, v, length, 0, 1); /* it lay in the span of the others */
  }
}

static moth_status orthogonal_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)part;
  int64_t rows = view->rank == 0 ? 1 : view->size[0], columns = 1;
  for (int i = 1; i < view->rank; i++) columns *= view->size[i];
  if (rows == 0 || columns == 0) return MOTH_OK;
  const real_kernels *k = &m->kernels->of[MOTH_F64];
  const bool by_rows = rows < columns;
  const int64_t vectors = by_rows ? rows : columns, length = by_rows ? columns : rows;
  random_normal_f64(source, values, rows * columns, 0, 1);
  double *work = values;
  if (!by_rows) {
    work = memory_new(m, (size_t)(rows * columns), sizeof *work);
    if (work == NULL) return m->status;
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < columns; j++) work[j * rows + i] = values[i * columns + j];
    }
  }
  moth_status status = MOTH_OK;
  for (int64_t i = 0; i < vectors && status == MOTH_OK; i++) {
    orthonormalize(k, work, i, length, source);
    status = context_poll(m, "net");
  }
  if (by_rows) return status;
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) values[i * columns + j] = work[j * rows + i];
  }
  memory_free(m, work, (size_t)(rows * columns), sizeof *work);
  return status;
}

const initializer_class initializer_orthogonal = {
  .row = { .name = "orthogonal", .doc = "A random matrix whose rows, or columns where they are fewer, are orthonormal.\nSaxe et al. 2013",
           .example = "moth.dense{ 64, \"tanh\", init = \"orthogonal\" }", .foreign = "orthogonal_ Orthogonal" },
  .fill = orthogonal_fill };
