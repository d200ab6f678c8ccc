#include "math/linear.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "math/kernels.h"
#include "math/lapack.h"
#include "math/matmul.h"

static double epsilon_of(const linear *self) { return self->dtype == MOTH_F32 ? 0x1p-23 : 0x1p-52; }
static double value_at(const linear *self, const void *values, int64_t i) {
  return self->dtype == MOTH_F32 ? (double)((const float *)values)[i] : ((const double *)values)[i];
}
static bool is_finite(const linear *self, const void *values, int64_t n) { return self->m->kernels->of[self->dtype].is_finite(values, n); }

/* ---- Room --------------------------------------------------------------------------------------------------------------------- */

static const unsigned routines[] = {
  [LINEAR_SOLVE] = 1 << LAPACK_GETRF | 1 << LAPACK_GECON | 1 << LAPACK_GETRS,
  [LINEAR_INVERSE] = 1 << LAPACK_GETRF | 1 << LAPACK_GETRI,
  [LINEAR_DET] = 1 << LAPACK_GETRF,
  [LINEAR_CHOLESKY] = 1 << LAPACK_POTRF,
  [LINEAR_EIGH] = 1 << LAPACK_SYEVD,
  [LINEAR_QR] = 1 << LAPACK_GELQF | 1 << LAPACK_ORGLQ,
  [LINEAR_SVD] = 1 << LAPACK_GESDD,
  [LINEAR_PINV] = 1 << LAPACK_GESDD,
  [LINEAR_LSTSQ] = 1 << LAPACK_GELSD,
};

/* Least squares need a column at least: without one, of zeros, for the rank. */
static int right_of(const linear *self) { return self->right > 0 ? self->right : 1; }

/* How much of each kind of room a task has, in elements and ints. */
typedef struct amounts { int64_t a, b, values, u, vt, work, integers, pivots; } amounts;

/* The documented least of `work`, which is looked at before LAPACK is asked, whose own answer would overflow. */
static amounts amounts_of(const linear *self) {
  int64_t rows = self->rows, columns = self->columns, least = self->least, most = self->most, right = self->right;
  switch (self->task) {
    case LINEAR_SOLVE:
      return (amounts){ .a = rows * rows, .b = rows * right, .work = 4 * rows, .integers = rows, .pivots = rows };
    case LINEAR_INVERSE:
      return (amounts){ .work = rows, .pivots = rows };
    case LINEAR_DET:
      return (amounts){ .a = rows * rows, .pivots = rows };
    case LINEAR_CHOLESKY:
      return (amounts){ .work = 0 };
    case LINEAR_EIGH:
      return (amounts){ .a = rows * rows, .work = 1 + 6 * rows + 2 * rows * rows, .integers = 3 + 5 * rows };
    case LINEAR_QR:
      return (amounts){ .a = rows * columns, .values = least, .work = columns };
    case LINEAR_SVD:
      return (amounts){ .a = rows * columns, .work = 4 * least * least + 7 * least + most, .integers = 8 * least };
    case LINEAR_PINV:
      return (amounts){ .a = rows * columns, .values = least, .u = columns * least, .vt = least * rows,
                        .work = 4 * least * least + 7 * least + most, .integers = 8 * least };
    default: {
      int64_t integers = lapack_gelsd_integers(least); /* its levels are in there: at least 8·k·levels */
      right = right_of(self);
      return (amounts){ .a = rows * columns, .b = most * right, .values = least,
                        .work = 65 * least + 3 * integers + least * right + 26 * 26 + most + right, .integers = integers };
    }
  }
}

static void ask(const linear *self, int64_t *wanted) {
  moth *m = self->m;
  int rows = self->rows, columns = self->columns, least = self->least;
  int64_t more = 0;
  switch (self->task) {
    case LINEAR_INVERSE:
      lapack_getri(m, self->dtype, rows, NULL, NULL, NULL, wanted);
      break;
    case LINEAR_EIGH:
      lapack_syevd(m, self->dtype, rows, NULL, NULL, NULL, wanted);
      break;
    case LINEAR_QR:
      lapack_gelqf(m, self->dtype, columns, rows, NULL, NULL, NULL, wanted);
      lapack_orglq(m, self->dtype, least, rows, NULL, NULL, NULL, &more);
      if (more > *wanted) *wanted = more;
      break;
    case LINEAR_SVD:
    case LINEAR_PINV:
      lapack_gesdd(m, self->dtype, columns, rows, NULL, NULL, NULL, NULL, NULL, wanted);
      break;
    case LINEAR_LSTSQ:
      lapack_gelsd(m, self->dtype, rows, columns, right_of(self), NULL, NULL, NULL, -1, NULL, NULL, wanted);
      break;
    default:
      break;
  }
}

static bool add_part(size_t *bytes, int64_t count, size_t element) {
  size_t part;
  return memory_product((size_t)count, element, &part) && !__builtin_add_overflow(*bytes, (part + 63) / 64 * 64, bytes);
}

static moth_status too_large(moth *m, const char *where, int64_t rows, int64_t columns) {
  return context_fail(m, MOTH_LIMIT, where, "a [%lld,%lld] matrix is too large for LAPACK's integers", (long long)rows, (long long)columns);
}

moth_status linear_open(linear *self, moth *m, const char *where, linear_task task, moth_dtype dtype, int64_t rows, int64_t columns,
                        int64_t right) {
  assert((dtype == MOTH_F32 || dtype == MOTH_F64) && rows > 0 && columns > 0 && (task >= LINEAR_QR || rows == columns));
  int64_t count, products;
  if (rows > INT_MAX || columns > INT_MAX || right > INT_MAX || __builtin_mul_overflow(rows, columns, &count) ||
      __builtin_mul_overflow(rows > columns ? rows : columns, right, &products)) {
    return too_large(m, where, rows, columns);
  }
  *self = (linear){ .m = m, .task = task, .dtype = dtype, .element = dtype == MOTH_F32 ? sizeof(float) : sizeof(double), .rows = (int)rows,
                    .columns = (int)columns, .least = (int)(rows < columns ? rows : columns),
                    .most = (int)(rows < columns ? columns : rows), .right = (int)right };
  amounts need = amounts_of(self);
  if (need.work > INT_MAX || need.integers > INT_MAX) return too_large(m, where, rows, columns);
  moth_status status = lapack_open(m, where, dtype, routines[task]);
  if (status == MOTH_OK && task == LINEAR_PINV) status = matmul_prepare(m, where, dtype, columns, rows, self->least);
  if (status != MOTH_OK) return status;
  int64_t wanted = 0;
  ask(self, &wanted);
  if (wanted > need.work && wanted <= INT_MAX) need.work = wanted;
  self->work_size = need.work;
  const size_t e = self->element;
  struct { void *place; int64_t count; size_t element; } parts[] = {
    { &self->a, need.a, e },   { &self->b, need.b, e },       { &self->values, need.values, e },             { &self->u, need.u, e },
    { &self->vt, need.vt, e }, { &self->work, need.work, e }, { &self->integers, need.integers, sizeof(int) },
    { &self->pivots, need.pivots, sizeof(int) },
  };
  enum { PARTS = sizeof parts / sizeof *parts };
  size_t bytes = 0;
  for (int i = 0; i < PARTS; i++) {
    if (!add_part(&bytes, parts[i].count, parts[i].element)) return too_large(m, where, rows, columns);
  }
  if (bytes == 0) return MOTH_OK;
  char *at = memory_aligned(m, bytes, false);
  if (!at) return context_within(m, m->status, where);
  self->block = at, self->bytes = bytes;
  for (int i = 0; i < PARTS; i++) {
    memcpy(parts[i].place, &at, sizeof at);
    at += ((size_t)parts[i].count * parts[i].element + 63) / 64 * 64;
  }
  return MOTH_OK;
}

void linear_close(linear *self) {
  if (self->block) memory_aligned_free(self->m, self->block, self->bytes);
  self->block = NULL;
}

static lapack_room room_of(const linear *self) {
  return (lapack_room){ .work = self->work, .size = (int)self->work_size, .integers = self->integers };
}

/* ---- Transposition ------------------------------------------------------------------------------------------------------------ */

enum { TILE = 16 };

/* to[j·to_stride + i] = from[i·from_stride + j] for i of rows, j of columns. */
static void transpose(size_t element, int64_t rows, int64_t columns, const void *from, int64_t from_stride, void *to, int64_t to_stride) {
  for (int64_t i0 = 0; i0 < rows; i0 += TILE) {
    int64_t i1 = i0 + TILE < rows ? i0 + TILE : rows;
    for (int64_t j0 = 0; j0 < columns; j0 += TILE) {
      int64_t j1 = j0 + TILE < columns ? j0 + TILE : columns;
      for (int64_t j = j0; j < j1; j++) {
        if (element == sizeof(float)) {
          for (int64_t i = i0; i < i1; i++) ((float *)to)[j * to_stride + i] = ((const float *)from)[i * from_stride + j];
        } else {
          for (int64_t i = i0; i < i1; i++) ((double *)to)[j * to_stride + i] = ((const double *)from)[i * from_stride + j];
        }
      }
    }
  }
}

/* ---- By LU -------------------------------------------------------------------------------------------------------------------- */

/* The largest sum of a column's absolute values. */
static double norm_of(const linear *self, const void *a) {
  int64_t n = self->rows;
  memset(self->work, 0, (size_t)n * self->element);
  for (int64_t i = 0; i < n; i++) {
    if (self->dtype == MOTH_F32) {
      float *sums = self->work;
      for (int64_t j = 0; j < n; j++) sums[j] += fabsf(((const float *)a)[i * n + j]);
    } else {
      double *sums = self->work;
      for (int64_t j = 0; j < n; j++) sums[j] += fabs(((const double *)a)[i * n + j]);
    }
  }
  double most = 0;
  for (int64_t j = 0; j < n; j++) {
    double sum = value_at(self, self->work, j);
    if (!(sum <= most)) most = sum; /* so that NaN stays */
  }
  return most;
}

/* Factors a in place. LAPACK sees the transposed, whose inverse and determinant are the transposed inverse and the same; getrs is told. */
static linear_outcome factor(linear *self, void *a) {
  int info = lapack_getrf(self->m, self->dtype, self->rows, a, self->pivots);
  self->position = info - 1;
  if (info > 0) return LINEAR_SINGULAR;
  return is_finite(self, a, (int64_t)self->rows * self->rows) ? LINEAR_FINE : LINEAR_OVERFLOW;
}

linear_outcome linear_factor(linear *self, const void *a) {
  double norm = norm_of(self, a);
  memcpy(self->a, a, (size_t)self->rows * (size_t)self->rows * self->element);
  linear_outcome outcome = factor(self, self->a);
  if (outcome != LINEAR_FINE) return outcome;
  if (!isfinite(norm)) return LINEAR_OVERFLOW; /* gecon would take it for a mistake of its caller's */
  lapack_room room = room_of(self);
  lapack_gecon(self->m, self->dtype, self->rows, self->a, norm, &self->reciprocal, &room);
  return self->reciprocal >= epsilon_of(self) ? LINEAR_FINE : LINEAR_CONDITION;
}

void linear_solve(linear *self, const void *b, void *x) {
  int64_t n = self->rows, right = self->right;
  if (right == 1) {
    memcpy(x, b, (size_t)n * self->element);
    lapack_getrs(self->m, self->dtype, self->rows, self->right, self->a, self->pivots, x);
    return;
  }
  transpose(self->element, n, right, b, right, self->b, n);
  lapack_getrs(self->m, self->dtype, self->rows, self->right, self->a, self->pivots, self->b);
  transpose(self->element, right, n, self->b, n, x, right);
}

/* The inverse at hand tells the condition: no estimate is needed. */
linear_outcome linear_inverse(linear *self, const void *a, void *out) {
  double norm = norm_of(self, a);
  memcpy(out, a, (size_t)self->rows * (size_t)self->rows * self->element);
  linear_outcome outcome = factor(self, out);
  if (outcome != LINEAR_FINE) return outcome;
  lapack_room room = room_of(self);
  lapack_getri(self->m, self->dtype, self->rows, out, self->pivots, &room, NULL);
  double inverse_norm = norm_of(self, out);
  if (!isfinite(norm) || !isfinite(inverse_norm)) return LINEAR_OVERFLOW;
  self->reciprocal = 1 / norm / inverse_norm;
  return self->reciprocal >= epsilon_of(self) ? LINEAR_FINE : LINEAR_CONDITION;
}

linear_outcome linear_det(linear *self, const void *a, double *det) {
  int64_t n = self->rows, exponent = 0;
  double product = 1;
  *det = 0;
  memcpy(self->a, a, (size_t)n * (size_t)n * self->element);
  linear_outcome outcome = factor(self, self->a);
  if (outcome != LINEAR_FINE) return outcome == LINEAR_SINGULAR ? LINEAR_FINE : outcome;
  for (int64_t i = 0; i < n; i++) {
    int of_pivot, of_product;
    double pivot = frexp(value_at(self, self->a, i * n + i), &of_pivot);
    product = frexp(product * (self->pivots[i] == i + 1 ? pivot : -pivot), &of_product);
    exponent += of_pivot + of_product;
  }
  *det = ldexp(product, exponent > INT_MAX ? INT_MAX : exponent < INT_MIN ? INT_MIN : (int)exponent);
  return LINEAR_FINE;
}

/* ---- Symmetric matrices: row-major lower triangles are LAPACK's upper ones ---------------------------------------------------------- */

linear_outcome linear_cholesky(linear *self, const void *a, void *l) {
  size_t n = (size_t)self->rows, e = self->element;
  for (size_t i = 0; i < n; i++) {
    char *row = (char *)l + i * n * e;
    memcpy(row, (const char *)a + i * n * e, (i + 1) * e);
    memset(row + (i + 1) * e, 0, (n - i - 1) * e);
  }
  int info = lapack_potrf(self->m, self->dtype, self->rows, l);
  self->position = info;
  if (info > 0) return LINEAR_INDEFINITE;
  return is_finite(self, l, (int64_t)(n * n)) ? LINEAR_FINE : LINEAR_OVERFLOW;
}

linear_outcome linear_eigh(linear *self, const void *a, void *values, void *vectors) {
  int64_t n = self->rows;
  memcpy(self->a, a, (size_t)n * (size_t)n * self->element);
  lapack_room room = room_of(self);
  if (lapack_syevd(self->m, self->dtype, self->rows, self->a, values, &room, NULL) > 0) return LINEAR_DIVERGED;
  transpose(self->element, n, n, self->a, n, vectors, n);
  return LINEAR_FINE;
}

/* ---- Orthogonal factors: LAPACK sees at = l·q' as gelqf has it, so that a = q'ᵀ·lᵀ; from at = u'·s·vt' likewise u = vt'ᵀ, vt = u'ᵀ -- */

linear_outcome linear_qr(linear *self, const void *a, void *q, void *r) {
  int64_t rows = self->rows, columns = self->columns, least = self->least;
  size_t e = self->element;
  memcpy(self->a, a, (size_t)(rows * columns) * e);
  lapack_room room = room_of(self);
  lapack_gelqf(self->m, self->dtype, self->columns, self->rows, self->a, self->values, &room, NULL);
  for (int64_t i = 0; i < least; i++) { /* column i of l is row i of r */
    char *row = (char *)r + (size_t)(i * columns) * e;
    memset(row, 0, (size_t)i * e);
    memcpy(row + (size_t)i * e, (const char *)self->a + (size_t)(i * columns + i) * e, (size_t)(columns - i) * e);
  }
  for (int64_t i = 0; i < rows; i++) { /* the first `least` rows of the reflectors, as columns without gaps */
    memcpy((char *)q + (size_t)(i * least) * e, (const char *)self->a + (size_t)(i * columns) * e, (size_t)least * e);
  }
  lapack_orglq(self->m, self->dtype, self->least, self->rows, q, self->values, &room, NULL);
  return LINEAR_FINE;
}

linear_outcome linear_svd(linear *self, const void *a, void *u, void *values, void *vt) {
  memcpy(self->a, a, (size_t)self->rows * (size_t)self->columns * self->element);
  lapack_room room = room_of(self);
  int info = lapack_gesdd(self->m, self->dtype, self->columns, self->rows, self->a, values, vt, u, &room, NULL);
  return info > 0 ? LINEAR_DIVERGED : LINEAR_FINE;
}

static double cutoff_or(const linear *self, double cutoff) { return cutoff < 0 ? epsilon_of(self) * self->most : cutoff; }

/* What LAPACK sees column by column in `a` is at = u·s·vt, whose inverse v·s⁺·ut it writes column by column: row by row that is the
 * transposed, a⁺ = (u·s⁺)·vt as strides (1, columns) and (1, least) have it. */
linear_outcome linear_pinv(linear *self, const void *a, double cutoff, void *out) {
  moth *m = self->m;
  int64_t rows = self->rows, columns = self->columns;
  memcpy(self->a, a, (size_t)(rows * columns) * self->element);
  lapack_room room = room_of(self);
  int info = lapack_gesdd(m, self->dtype, self->columns, self->rows, self->a, self->values, self->u, self->vt, &room, NULL);
  if (info > 0) return LINEAR_DIVERGED;
  double limit = cutoff_or(self, cutoff) * value_at(self, self->values, 0);
  int rank = 0;
  for (; rank < self->least && value_at(self, self->values, rank) > limit; rank++) {
    char *column = (char *)self->u + (size_t)(rank * columns) * self->element;
    m->kernels->of[self->dtype].binary_number[BINARY_DIV](column, value_at(self, self->values, rank), column, columns, false);
  }
  const product p = { .m = columns, .n = rows, .k = rank, .a = self->u, .a_row = 1, .a_column = columns, .b = self->vt, .b_row = 1,
                      .b_column = self->least, .c = out, .c_row = rows };
  return matmul(m, self->dtype, &p) ? LINEAR_FINE : LINEAR_CANCELLED;
}

linear_outcome linear_least(linear *self, const void *a, const void *b, double cutoff, void *x, int *rank) {
  int64_t rows = self->rows, columns = self->columns, right = self->right;
  transpose(self->element, rows, columns, a, columns, self->a, rows);
  if (right == 0) memset(self->b, 0, (size_t)self->most * self->element);
  transpose(self->element, rows, right, b, right, self->b, self->most);
  lapack_room room = room_of(self);
  int info = lapack_gelsd(self->m, self->dtype, self->rows, self->columns, right_of(self), self->a, self->b, self->values,
                          cutoff_or(self, cutoff), rank, &room, NULL);
  if (info > 0) return LINEAR_DIVERGED;
  transpose(self->element, right, columns, self->b, self->most, x, right);
  return LINEAR_FINE;
}
