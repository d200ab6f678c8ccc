#include "math/linear.h"

#include <limits.h>
#include <string.h>

#include "core/memory.h"
#include "math/blas.h"
#include "math/kernels.h"
#include "math/matmul.h"

/* What gesdd needs, in one block: a copy of the matrix, singular values, u, vt, work, integers. */
typedef struct svd {
  moth_dtype dtype;
  size_t element;
  int rows, columns, least;       /* of the matrix as LAPACK sees it */
  void *a, *values, *u, *vt, *work;
  int *integers;
  int64_t work_size;
  void *block;
  size_t bytes;
} svd;

static bool add_part(size_t *bytes, size_t count, size_t element) {
  size_t part;
  return memory_product(count, element, &part) && !__builtin_add_overflow(*bytes, (part + 63) / 64 * 64, bytes);
}

static moth_status svd_open(moth *m, const char *where, svd *self) {
  int64_t rows = self->rows, columns = self->columns, least = self->least, wanted = 0;
  blas_singular_values(m, self->dtype, self->rows, self->columns, NULL, NULL, NULL, NULL, NULL, 0, NULL, &wanted);
  /* The answer comes as a float, which rounds; the documented least for job 'S' is 4k² + 7k, and max(rows, columns) beside 3k. */
  int64_t most = rows > columns ? rows : columns, documented = 4 * least * least + 7 * least + most;
  self->work_size = wanted > documented ? wanted : documented;
  size_t bytes = 0, e = self->element;
  if (self->work_size > INT_MAX || !add_part(&bytes, (size_t)(rows * columns), e) || !add_part(&bytes, (size_t)least, e) ||
      !add_part(&bytes, (size_t)(rows * least), e) || !add_part(&bytes, (size_t)(least * columns), e) ||
      !add_part(&bytes, (size_t)self->work_size, e) || !add_part(&bytes, (size_t)least * 8, sizeof(int))) {
    return context_fail(m, MOTH_LIMIT, where, "a [%lld,%lld] matrix is too large for LAPACK's integers", (long long)columns, (long long)rows);
  }
  char *at = self->block = memory_aligned(m, bytes, false);
  if (!at) return context_within(m, m->status, where);
  self->bytes = bytes;
  void **parts[] = { &self->a, &self->values, &self->u, &self->vt, &self->work };
  int64_t counts[] = { rows * columns, least, rows * least, least * columns, self->work_size };
  for (int i = 0; i < 5; i++) {
    *parts[i] = at;
    at += ((size_t)counts[i] * e + 63) / 64 * 64;
  }
  self->integers = (int *)(void *)at;
  return MOTH_OK;
}

static double value_at(const svd *self, int i) {
  return self->dtype == MOTH_F32 ? (double)((const float *)self->values)[i] : ((const double *)self->values)[i];
}

/* Divides u's columns by their singular values; how many of these, descending, are above the cutoff. */
static int divide(const kernels *set, const svd *self, double cutoff) {
  double limit = cutoff * value_at(self, 0);
  int rank = 0;
  while (rank < self->least && value_at(self, rank) > limit) {
    set->of[self->dtype].binary_number[BINARY_DIV]((char *)self->u + (size_t)rank * (size_t)self->rows * self->element, value_at(self, rank),
                                                   (char *)self->u + (size_t)rank * (size_t)self->rows * self->element, self->rows, false);
    rank++;
  }
  return rank;
}

/* What LAPACK sees column by column in `a` is its transposed At = U S Vt, whose inverse V S⁺ Ut it writes column by column: row by row that
 * is the transposed, a⁺ = (U S⁺)·Vt as strides (1, columns) and (1, least) have it. */
moth_status linear_pinv(moth *m, const char *where, moth_dtype dtype, int64_t rows, int64_t columns, const void *a, double cutoff, void *out) {
  if (dtype != MOTH_F32 && dtype != MOTH_F64) return context_fail(m, MOTH_DTYPE, where, "the matrix must be f32 or f64");
  if (rows < 1 || columns < 1) return MOTH_OK;
  int64_t count;
  if (rows > INT_MAX || columns > INT_MAX || __builtin_mul_overflow(rows, columns, &count)) {
    return context_fail(m, MOTH_LIMIT, where, "a [%lld,%lld] matrix is too large for LAPACK's integers", (long long)rows, (long long)columns);
  }
  if (!m->kernels->of[dtype].is_finite(a, count)) return context_fail(m, MOTH_NUMERIC, where, "the matrix holds nan or infinity");
  svd s = { .dtype = dtype, .element = dtype == MOTH_F32 ? sizeof(float) : sizeof(double), .rows = (int)columns, .columns = (int)rows,
            .least = (int)(rows < columns ? rows : columns) };
  moth_status status = blas_open(m, where);
  if (status == MOTH_OK) status = matmul_prepare(m, where, dtype, columns, rows, s.least);
  if (status == MOTH_OK) status = svd_open(m, where, &s);
  if (status != MOTH_OK) return status;
  memcpy(s.a, a, (size_t)count * s.element);
  int info = blas_singular_values(m, dtype, s.rows, s.columns, s.a, s.values, s.u, s.vt, s.work, (int)s.work_size, s.integers, NULL);
  if (info != 0) {
    status = context_fail(m, MOTH_NUMERIC, where, "the singular values did not converge");
  } else {
    double epsilon = dtype == MOTH_F32 ? 0x1p-23 : 0x1p-52;
    int rank = divide(m->kernels, &s, cutoff < 0 ? epsilon * (double)(rows > columns ? rows : columns) : cutoff);
    const product p = { .m = columns, .n = rows, .k = rank, .a = s.u, .a_row = 1, .a_column = columns, .b = s.vt, .b_row = 1,
                        .b_column = s.least, .c = out, .c_row = rows };
    if (!matmul(m, dtype, &p)) status = context_poll(m, where);
  }
  memory_aligned_free(m, s.block, s.bytes);
  return status;
}
