/* The pseudo-inverse by what defines it (Penrose 1955): A X A = A, X A X = X, A X and X A symmetric. */
#include "math_support.h"

#include "core/context.h"
#include "core/memory.h"
#include "math/blas.h"
#include "math/lapack.h"
#include "math/linear.h"

/* A task for one matrix. */
static moth_status pinv(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, const void *a, double cutoff, void *out) {
  linear work;
  moth_status status = linear_open(&work, m, "pinv", LINEAR_PINV, dtype, rows, columns, 0);
  if (status != MOTH_OK) return status;
  assert_int_equal(linear_pinv(&work, a, cutoff, out), LINEAR_FINE);
  linear_close(&work);
  return MOTH_OK;
}

static moth *open_context(void) {
  moth *m = NULL;
  assert_int_equal(context_open(NULL, NULL, &m), MOTH_OK);
  m->kernels = kernels_find(NULL);
  return m;
}

static void matrix_product(int64_t m, int64_t n, int64_t k, const double *a, const double *b, double *c) {
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t p = 0; p < k; p++) sum += a[i * k + p] * b[p * n + j];
      c[i * n + j] = sum;
    }
  }
}

static void check_penrose(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t rank, uint64_t seed) {
  int64_t count = rows * columns, most = rows > columns ? rows : columns, all = most * most;
  double *a = calloc((size_t)all, 8), *x = calloc((size_t)all, 8), *ax = calloc((size_t)all, 8);
  double *xa = calloc((size_t)all, 8), *axa = calloc((size_t)all, 8);
  double *left = calloc((size_t)(rows * rank + 1), 8), *right = calloc((size_t)(rank * columns + 1), 8);
  random_source source = { .seed = seed };
  random_uniform_f64(&source, left, rows * rank, -1, 1);
  random_uniform_f64(&source, right, rank * columns, -1, 1);
  matrix_product(rows, columns, rank, left, right, a);
  char *given = malloc((size_t)count * bytes_of(dtype)), *copy = malloc((size_t)count * bytes_of(dtype));
  char *out = malloc((size_t)count * bytes_of(dtype));
  for (int64_t i = 0; i < count; i++) put_value(given, dtype, i, a[i]), a[i] = value_of(given, dtype, i);
  memcpy(copy, given, (size_t)count * bytes_of(dtype));
  uint64_t used = m->memory_used;
  assert_int_equal(pinv(m, dtype, rows, columns, given, dtype == MOTH_F32 ? 1e-5 : 1e-13, out), MOTH_OK);
  assert_memory_equal(given, copy, (size_t)count * bytes_of(dtype));
  assert_true(m->blas != NULL && m->memory_used <= used + 400);
  double size = 1, size_x = 1;
  for (int64_t i = 0; i < count; i++) x[i] = value_of(out, dtype, i), size_x = fmax(size_x, fabs(x[i])), size = fmax(size, fabs(a[i]));
  double near = (dtype == MOTH_F32 ? 4e-6 : 2e-14) * (double)most * size * size_x * size_x * (double)most;
  matrix_product(rows, rows, columns, a, x, ax);
  matrix_product(columns, columns, rows, x, a, xa);
  matrix_product(rows, columns, rows, ax, a, axa);
  for (int64_t i = 0; i < count; i++) assert_true(fabs(axa[i] - a[i]) <= near);
  matrix_product(columns, rows, columns, xa, x, axa);
  for (int64_t i = 0; i < count; i++) assert_true(fabs(axa[i] - x[i]) <= near);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < i; j++) assert_true(fabs(ax[i * rows + j] - ax[j * rows + i]) <= near);
  for (int64_t i = 0; i < columns; i++)
    for (int64_t j = 0; j < i; j++) assert_true(fabs(xa[i * columns + j] - xa[j * columns + i]) <= near);
  free(a), free(x), free(ax), free(xa), free(axa), free(left), free(right), free(given), free(copy), free(out);
}

static void penrose(void **state) {
  static const int64_t shapes[][3] = { { 1, 1, 1 }, { 3, 3, 3 }, { 5, 2, 2 }, { 2, 5, 2 }, { 7, 7, 3 }, { 40, 11, 11 },
                                       { 11, 40, 6 }, { 33, 30, 1 }, { 4, 1, 1 }, { 1, 4, 1 }, { 6, 5, 0 }, { 120, 100, 60 } };
  moth *m = open_context();
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int d = MOTH_F32; d <= MOTH_F64; d++) check_penrose(m, (moth_dtype)d, shapes[s][0], shapes[s][1], shapes[s][2], s + 1);
  }
  context_close(m);
}

/* pinv([[1, 2], [3, 4], [5, 6]]), by hand from (AᵀA)⁻¹Aᵀ with det AᵀA = 24. */
static void known(void **state) {
  moth *m = open_context();
  const double a[] = { 1, 2, 3, 4, 5, 6 }, want[] = { -32 / 24.0, -8 / 24.0, 16 / 24.0, 26 / 24.0, 8 / 24.0, -10 / 24.0 };
  double x[6];
  for (int i = 0; i < 2; i++) { /* also with the default cutoff */
    assert_int_equal(pinv(m, MOTH_F64, 3, 2, a, i ? -1 : 1e-15, x), MOTH_OK);
    for (int j = 0; j < 6; j++) assert_true(fabs(x[j] - want[j]) < 1e-14);
  }
  const double flat[] = { 1, 0, 0, 1e-10 };
  assert_int_equal(pinv(m, MOTH_F64, 2, 2, flat, 1e-15, x), MOTH_OK);
  assert_true(fabs(x[3] - 1e10) < 1e-4);
  assert_int_equal(pinv(m, MOTH_F64, 2, 2, flat, 1e-9, x), MOTH_OK); /* below the cutoff: 0 */
  assert_true(x[0] == 1 && x[3] == 0);
  context_close(m);
}

/* What LAPACK's integers cannot count is refused before anything is loaded or asked. */
static void refused(void **state) {
  moth *m = open_context();
  static const struct { linear_task task; int64_t rows, columns, right; } sizes[] = {
    { LINEAR_PINV, (int64_t)1 << 31, 1, 0 }, { LINEAR_SVD, 1, (int64_t)1 << 31, 0 },    { LINEAR_SVD, 30000, 30000, 0 },
    { LINEAR_EIGH, 33000, 33000, 0 },        { LINEAR_LSTSQ, 1, 1, (int64_t)1 << 31 },
    { LINEAR_SOLVE, (int64_t)1 << 31, (int64_t)1 << 31, 1 },
  };
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    linear work;
    assert_int_equal(linear_open(&work, m, "task", sizes[i].task, MOTH_F64, sizes[i].rows, sizes[i].columns, sizes[i].right), MOTH_LIMIT);
    char text[128];
    snprintf(text, sizeof text, "task: a [%lld,%lld] matrix is too large for LAPACK's integers", (long long)sizes[i].rows,
             (long long)sizes[i].columns);
    assert_string_equal(m->message, text);
  }
  assert_null(m->blas);
  context_close(m);
}

/* A library that has the products, but not all of LAPACK, says what it lacks. */
static void missing(void **state) {
  moth *m = open_context();
  assert_int_equal(lapack_open(m, "solve", MOTH_F64, (1u << LAPACK_ROUTINES) - 1), MOTH_OK);
  assert_int_equal(blas_find(m, "solve", MOTH_F64, LAPACK_GETRF, "dgetrf_"), MOTH_OK);
  assert_int_equal(blas_find(m, "solve", MOTH_F32, LAPACK_GETRF, "sgetrx_"), MOTH_MISSING);
  assert_string_equal(m->message, "solve: the OpenBLAS that is installed has no 'sgetrx_': apt-get install libopenblas0-pthread");
  assert_int_equal(lapack_open(m, "solve", MOTH_F32, 1u << LAPACK_GETRF), MOTH_OK);
  context_close(m);
}

/* Pivots 2^300 and 2^-300 in turn: only the product of all has to be in range. */
static void determinants(void **state) {
  moth *m = open_context();
  enum { N = 40 };
  double *a = calloc(N * N, sizeof *a), det = 0;
  for (int i = 0; i < N; i++) a[i * N + (i + 1) % N] = i < N / 2 ? 0x1p300 : 0x1p-300; /* a cycle of N, which is odd: -1 */
  linear work;
  assert_int_equal(linear_open(&work, m, "det", LINEAR_DET, MOTH_F64, N, N, 0), MOTH_OK);
  assert_int_equal(linear_det(&work, a, &det), LINEAR_FINE);
  assert_true(det == -1);
  for (int i = 0; i < N; i++) a[i * N + (i + 1) % N] = 0x1p-1000;
  assert_int_equal(linear_det(&work, a, &det), LINEAR_FINE);
  assert_true(det == 0);
  for (int i = 0; i < N; i++) a[i * N + (i + 1) % N] = -0x1p1000;
  assert_int_equal(linear_det(&work, a, &det), LINEAR_FINE);
  assert_true(det == -INFINITY);
  linear_close(&work);
  free(a);
  context_close(m);
}

/* Each allocation refused in turn. */
static void no_memory(void **state) {
  const double a[] = { 1, 2, 3, 4, 5, 6 };
  for (int allowed = 0; allowed < 8; allowed++) {
    int left = 1;
    moth_config config = { .size = sizeof config, .resize = refusing, .resize_data = &left };
    moth *m;
    double x[6] = { 9 };
    assert_int_equal(context_open(&config, NULL, &m), MOTH_OK);
    m->kernels = kernels_find(NULL);
    left = allowed;
    moth_status status = pinv(m, MOTH_F64, 3, 2, a, -1, x);
    if (allowed < 2) {
      assert_int_equal(status, MOTH_MEMORY);
      assert_true(x[0] == 9);
      assert_memory_equal(m->message, "pinv: out of memory", 19);
    } else {
      assert_int_equal(status, MOTH_OK);
    }
    context_close(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(penrose), cmocka_unit_test(known), cmocka_unit_test(refused),
                                      cmocka_unit_test(missing), cmocka_unit_test(determinants), cmocka_unit_test(no_memory) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
