/* Linear algebra on random matrices by what defines each answer, with bounds of the form c·n·epsilon·size (Higham 2002: backward errors of
 * LU, Householder and Cholesky factors grow no faster on such matrices); stacks, views, nothing at all, and every way to fail. */
#include "tensors.h"

#include <pthread.h>

static double epsilon_of(moth_dtype dtype) { return dtype == MOTH_F32 ? 0x1p-23 : 0x1p-52; }

static moth_tensor *random_matrix(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, uint64_t seed) {
  moth_tensor *t;
  assert_ok(m, moth_tensor_create(m, dtype, SHAPE(rows, columns), &t));
  random_source source = { .seed = seed };
  double *values = calloc((size_t)(rows * columns) + 1, sizeof *values);
  random_uniform_f64(&source, values, rows * columns, -1, 1);
  for (int64_t i = 0; i < t->count; i++) dtype_store(dtype, values[i], t->values + i * (int64_t)dtype_size(dtype));
  free(values);
  return t;
}

/* Adds to the diagonal, so that the condition stays small. */
static void add_diagonal(moth_tensor *t, double value) {
  int64_t width = (int64_t)dtype_size(t->dtype);
  for (int64_t i = 0; i < t->size[0] * t->size[1]; i += t->size[1] + 1) {
    dtype_store(t->dtype, dtype_load(t->dtype, t->values + i * width) + value, t->values + i * width);
  }
}

/* a·b in f64. */
static moth_tensor *times(moth *m, moth_tensor *a, moth_tensor *b) {
  moth_tensor *x, *y;
  assert_ok(m, tensor_clone(m, "test", a, MOTH_F64, &x));
  assert_ok(m, tensor_clone(m, "test", b, MOTH_F64, &y));
  moth_tensor *product = tensors_of_two(m, "matmul", tensors_value(x), tensors_value(y), NULL);
  moth_release(x), moth_release(y);
  return product;
}
static moth_tensor *turned(moth *m, moth_tensor *t) {
  moth_tensor *view;
  assert_ok(m, moth_tensor_permute(m, t, (const int[]) { 1, 0 }, &view));
  return view;
}

static void check_close(moth_tensor *got, moth_tensor *want, double bound, const char *what) {
  assert_true(shape_equal(got->rank, got->size, want->rank, want->size));
  for (int64_t i = 0; i < got->count; i++) {
    double difference = fabs(tensors_at(got, i) - tensors_at(want, i));
    if (!(difference <= bound)) {
      fail_msg("%s of %s: element %lld is %.17g, expected %.17g within %g", what, tensor_text(want).text, (long long)i, tensors_at(got, i),
               tensors_at(want, i), bound);
    }
  }
}
/* t = eye, t let go. */
static void check_eye(moth *m, moth_tensor *t, double bound, const char *what) {
  moth_tensor *eye;
  assert_ok(m, moth_tensor_create(m, MOTH_F64, SHAPE(t->size[0], t->size[1]), &eye));
  add_diagonal(eye, 1);
  check_close(t, eye, bound, what);
  moth_release(eye), moth_release(t);
}
/* qᵀ·q = 1 */
static void check_orthonormal(moth *m, moth_tensor *q, double bound, const char *what) {
  moth_tensor *qt = turned(m, q);
  check_eye(m, times(m, qt, q), bound, what);
  moth_release(qt);
}

/* All results of an operation on one or two tensors. */
static int all_of(moth *m, const char *name, moth_tensor *a, moth_tensor *b, moth_value *results) {
  moth_value inputs[2] = { tensors_value(a), tensors_value(b) };
  int count = 0;
  assert_ok(m, tensors_try(m, name, inputs, b ? 2 : 1, NULL, results, &count));
  return count;
}
static void let_go(moth *m, moth_value *results, int count) {
  for (int i = 0; i < count; i++) moth_value_release(m, &results[i]);
}

static void check_square(moth *m, moth_dtype dtype, int64_t n, uint64_t seed) {
  double bound = 20 * (double)(n + 2) * epsilon_of(dtype);
  moth_tensor *a = random_matrix(m, dtype, n, n, seed), *b = random_matrix(m, dtype, n, 3, seed + 1);
  add_diagonal(a, 0.7 * (double)n); /* the condition is a few */
  moth_tensor *inverse = tensors_of(m, "inverse", a, NULL);
  assert_int_equal(inverse->dtype, dtype);
  check_eye(m, times(m, a, inverse), bound * (double)n, "a·inverse");
  check_eye(m, times(m, inverse, a), bound * (double)n, "inverse·a");
  moth_tensor *x = tensors_of_two(m, "solve", tensors_value(a), tensors_value(b), NULL), *ax = times(m, a, x);
  check_close(ax, b, bound * (double)n, "a·x");
  /* det a · det a⁻¹ = 1: relative errors of n pivots each */
  double det = tensors_number(m, "det", a, NULL), other = tensors_number(m, "det", inverse, NULL);
  assert_true(fabs(det * other - 1) <= bound * (double)(n + 1));
  moth_value least[2];
  assert_int_equal(all_of(m, "lstsq", a, b, least), 2);
  assert_int_equal(least[1].as.integer, n);
  check_close(least[0].as.tensor, x, bound * (double)n, "lstsq");
  let_go(m, least, 2);
  moth_release(a), moth_release(b), moth_release(inverse), moth_release(x), moth_release(ax);
}

static void check_symmetric(moth *m, moth_dtype dtype, int64_t n, uint64_t seed) {
  double bound = 20 * (double)(n + 2) * epsilon_of(dtype);
  moth_tensor *g = random_matrix(m, dtype, n, n, seed), *gt = turned(m, g);
  moth_tensor *a = tensors_of_two(m, "matmul", tensors_value(g), tensors_value(gt), NULL);
  for (int64_t i = 0; i < n; i++) { /* symmetric to the bit */
    int64_t width = (int64_t)dtype_size(dtype);
    for (int64_t j = 0; j < i; j++) memcpy(a->values + (j * n + i) * width, a->values + (i * n + j) * width, (size_t)width);
  }
  add_diagonal(a, 1);
  moth_tensor *l = tensors_of(m, "cholesky", a, NULL), *lt = turned(m, l), *back = times(m, l, lt);
  check_close(back, a, bound * (double)n, "l·lt");
  for (int64_t i = 0; i < n; i++) {
    assert_true(tensors_at(l, i * n + i) > 0);
    for (int64_t j = i + 1; j < n; j++) assert_true(tensors_at(l, i * n + j) == 0);
  }
  moth_value pair[2];
  assert_int_equal(all_of(m, "eigh", a, NULL, pair), 2);
  moth_tensor *values = pair[0].as.tensor, *vectors = pair[1].as.tensor, *av = times(m, a, vectors);
  check_orthonormal(m, vectors, bound, "eigenvectors");
  for (int64_t i = 0; i < n; i++) {
    if (i > 0) assert_true(tensors_at(values, i) >= tensors_at(values, i - 1));
    for (int64_t j = 0; j < n; j++) {
      assert_true(fabs(tensors_at(av, j * n + i) - tensors_at(vectors, j * n + i) * tensors_at(values, i)) <= bound * (double)n);
    }
  }
  let_go(m, pair, 2);
  moth_tensor *all[] = { g, gt, a, l, lt, back, av };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) moth_release(all[i]);
}

static void check_any(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, uint64_t seed) {
  int64_t least = rows < columns ? rows : columns, most = rows < columns ? columns : rows;
  double bound = 20 * (double)(most + 2) * epsilon_of(dtype);
  moth_tensor *a = random_matrix(m, dtype, rows, columns, seed);
  moth_value f[3];
  assert_int_equal(all_of(m, "qr", a, NULL, f), 2);
  moth_tensor *back = times(m, f[0].as.tensor, f[1].as.tensor);
  assert_true(f[0].as.tensor->size[1] == least && f[1].as.tensor->size[0] == least);
  check_close(back, a, bound, "q·r");
  check_orthonormal(m, f[0].as.tensor, bound, "q");
  for (int64_t i = 0; i < least; i++) {
    for (int64_t j = 0; j < i; j++) assert_true(tensors_at(f[1].as.tensor, i * columns + j) == 0);
  }
  let_go(m, f, 2), moth_release(back);
  assert_int_equal(all_of(m, "svd", a, NULL, f), 3);
  moth_tensor *v = turned(m, f[2].as.tensor), *us = tensors_of_two(m, "mul", f[0], f[1], NULL);
  back = times(m, us, f[2].as.tensor);
  check_close(back, a, bound, "u·s·vt");
  check_orthonormal(m, f[0].as.tensor, bound, "u");
  check_orthonormal(m, v, bound, "v");
  for (int64_t i = 0; i < least; i++) {
    assert_true(tensors_at(f[1].as.tensor, i) >= 0);
    if (i > 0) assert_true(tensors_at(f[1].as.tensor, i) <= tensors_at(f[1].as.tensor, i - 1));
  }
  let_go(m, f, 3);
  moth_release(v), moth_release(us), moth_release(back), moth_release(a);
}

static void test_properties(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  static const int64_t sizes[] = { 1, 2, 3, 5, 8, 17, 33, 70 };
  for (int d = 0; d < 2; d++) {
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      check_square(m, (moth_dtype)d, sizes[i], 10 * i + 1);
      check_symmetric(m, (moth_dtype)d, sizes[i], 10 * i + 2);
      check_any(m, (moth_dtype)d, sizes[i], sizes[i], 10 * i + 3);
      check_any(m, (moth_dtype)d, sizes[i], sizes[7 - i], 10 * i + 4);
    }
  }
  support_close(m, &allocator);
}

/* Of all answers of a wide or a defective system the one of least norm: x = a⁺·b, checked by a⁺ of the normal equations' properties: x lies
 * in the rows' span, x = at·y, and the residual is orthogonal to the columns. */
static void test_least_norm(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < 2; d++) {
    static const int64_t shapes[][3] = { { 9, 4, 4 }, { 4, 9, 4 }, { 8, 8, 3 }, { 20, 11, 5 }, { 11, 20, 5 }, { 1, 6, 1 }, { 6, 1, 1 } };
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
      int64_t rows = shapes[s][0], columns = shapes[s][1], rank = shapes[s][2];
      moth_tensor *left = random_matrix(m, (moth_dtype)d, rows, rank, s + 1);
      moth_tensor *right = random_matrix(m, (moth_dtype)d, rank, columns, s + 50);
      moth_tensor *a = tensors_of_two(m, "matmul", tensors_value(left), tensors_value(right), NULL);
      moth_tensor *b = random_matrix(m, (moth_dtype)d, rows, 2, s + 90);
      moth_tensor *inverse = tensors_of(m, "pinv", a, OPTIONS(MOTH_REAL("cutoff", 1e-5)));
      moth_value inputs[] = { tensors_value(a), tensors_value(b) }, results[2];
      int count;
      assert_ok(m, tensors_try(m, "lstsq", inputs, 2, OPTIONS(MOTH_REAL("cutoff", 1e-5)), results, &count));
      assert_int_equal(results[1].as.integer, rank);
      moth_tensor *want = times(m, inverse, b), *at = turned(m, a), *ax = times(m, a, results[0].as.tensor);
      double bound = 2000 * (double)(rows + columns) * epsilon_of((moth_dtype)d);
      check_close(results[0].as.tensor, want, bound, "lstsq");
      moth_tensor *residual = tensors_of_two(m, "sub", tensors_value(ax), tensors_value(b), NULL), *normal = times(m, at, residual);
      for (int64_t i = 0; i < normal->count; i++) assert_true(fabs(tensors_at(normal, i)) <= bound);
      let_go(m, results, 2);
      moth_tensor *all[] = { left, right, a, b, inverse, want, at, ax, residual, normal };
      for (size_t i = 0; i < sizeof all / sizeof *all; i++) moth_release(all[i]);
    }
  }
  moth_close(m);
}

/* A stack gives, matrix by matrix, the bits that each gives alone, through all strides; and right sides broadcast. */
static void test_stacks(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  static const char *const names[] = { "inverse", "pinv", "cholesky", "qr", "svd", "eigh", "det", "solve", "lstsq" };
  enum { COUNT = 6, N = 4 };
  moth_tensor *flat, *stack;
  assert_ok(m, moth_tensor_create(m, MOTH_F64, SHAPE(COUNT, N, N), &flat));
  for (int64_t i = 0; i < flat->count; i++) {
    int64_t row = i / N % N, column = i % N, low = row < column ? row : column, high = row + column - low;
    ((double *)(void *)flat->values)[i] = (double)((i / 16 * 5 + low * 3 + high * high) % 7) / 4 + (row == column ? 9 : 0);
  }
  assert_ok(m, moth_tensor_reshape(m, flat, SHAPE(2, 3, N, N), &stack));
  moth_tensor *b = random_matrix(m, MOTH_F64, 3 * N, 2, 5), *sides;
  assert_ok(m, moth_tensor_reshape(m, b, SHAPE(3, N, 2), &sides));
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    bool two = k >= 7;
    for (int layout = 0; layout < LAYOUTS; layout++) {
      moth_tensor *view;
      moth_value whole[3], one[3];
      assert_ok(m, tensors_lay_out(m, stack, layout, &view));
      int count = all_of(m, names[k], view, two ? sides : NULL, whole);
      for (int64_t i = 0; i < COUNT; i++) {
        moth_tensor *matrix, *side;
        assert_ok(m, moth_tensor_select(m, flat, 0, i, &matrix));
        assert_ok(m, moth_tensor_select(m, sides, 0, i % 3, &side));
        assert_int_equal(all_of(m, names[k], matrix, two ? side : NULL, one), count);
        for (int r = 0; r < count; r++) {
          const moth_tensor *got = whole[r].as.tensor;
          int64_t each = got->count / COUNT;
          for (int64_t j = 0; j < each; j++) {
            double wanted = one[r].kind == MOTH_REAL_VALUE  ? one[r].as.real
                            : one[r].kind == MOTH_INT_VALUE ? (double)one[r].as.integer
                                                            : tensors_at(one[r].as.tensor, j);
            if (tensors_at(got, i * each + j) != wanted) fail_msg("%s, matrix %lld, layout %d", names[k], (long long)i, layout);
          }
        }
        let_go(m, one, count);
        moth_release(matrix), moth_release(side);
      }
      let_go(m, whole, count);
      moth_release(view);
    }
  }
  moth_release(flat), moth_release(stack), moth_release(b), moth_release(sides);
  support_close(m, &allocator);
}

/* A matrix comes back after others have been factored: 0 1 2 0 1 2. */
static void test_returning(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *a = random_matrix(m, MOTH_F64, 9, 3, 3), *b = random_matrix(m, MOTH_F64, 6, 3, 4), *stack, *sides;
  for (int64_t i = 0; i < 9; i++) ((double *)(void *)a->values)[i * 3 + i % 3] += 5;
  assert_ok(m, moth_tensor_view(m, a, SHAPE(3, 3, 3), &stack));
  assert_ok(m, moth_tensor_view(m, b, SHAPE(2, 3, 3, 1), &sides));
  moth_tensor *x = tensors_of_two(m, "solve", tensors_value(stack), tensors_value(sides), NULL);
  moth_tensor *back = tensors_of_two(m, "matmul", tensors_value(stack), tensors_value(x), NULL);
  check_close(back, sides, 1e-14, "a·x");
  moth_tensor *all[] = { a, b, stack, sides, x, back };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) moth_release(all[i]);
  moth_close(m);
}

static void check_empty(moth *m, const char *name, int rank, const int64_t *shape, const char *text) {
  moth_tensor *a, *b = NULL;
  moth_value results[3];
  assert_ok(m, moth_tensor_create(m, MOTH_F32, rank, shape, &a));
  bool two = strcmp(name, "solve") == 0 || strcmp(name, "lstsq") == 0;
  if (two) assert_ok(m, moth_tensor_create(m, MOTH_F32, SHAPE(shape[rank - 2], 2), &b));
  int count = all_of(m, name, a, b, results);
  char got[256] = "";
  for (int i = 0; i < count; i++) {
    char word[200];
    if (results[i].kind == MOTH_REAL_VALUE) snprintf(word, sizeof word, "%g", results[i].as.real);
    else if (results[i].kind == MOTH_INT_VALUE) snprintf(word, sizeof word, "%lld", (long long)results[i].as.integer);
    else snprintf(word, sizeof word, "%s", tensor_text(results[i].as.tensor).text);
    snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", word);
  }
  assert_string_equal(got, text);
  for (int i = 0; two && i < count; i++) { /* the answer of least norm to nothing is 0 */
    for (int64_t j = 0; results[i].kind == MOTH_TENSOR_VALUE && j < results[i].as.tensor->count; j++) {
      assert_true(tensors_at(results[i].as.tensor, j) == 0);
    }
  }
  let_go(m, results, count);
  moth_release(a), moth_release(b);
}

static void test_empty(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  check_empty(m, "det", SHAPE(0, 0), "1");
  check_empty(m, "det", SHAPE(5, 0, 0), "f32[5]");
  check_empty(m, "det", SHAPE(0, 3, 3), "f32[0]");
  check_empty(m, "inverse", SHAPE(0, 0), "f32[0,0]");
  check_empty(m, "inverse", SHAPE(0, 3, 3), "f32[0,3,3]");
  check_empty(m, "pinv", SHAPE(0, 4), "f32[4,0]");
  check_empty(m, "cholesky", SHAPE(2, 0, 0), "f32[2,0,0]");
  check_empty(m, "qr", SHAPE(0, 4), "f32[0,0] f32[0,4]");
  check_empty(m, "qr", SHAPE(4, 0), "f32[4,0] f32[0,0]");
  check_empty(m, "svd", SHAPE(3, 0, 4), "f32[3,0,0] f32[3,0] f32[3,0,4]");
  check_empty(m, "svd", SHAPE(0, 2, 4), "f32[0,2,2] f32[0,2] f32[0,2,4]");
  check_empty(m, "eigh", SHAPE(0, 0), "f32[0] f32[0,0]");
  check_empty(m, "solve", SHAPE(0, 0), "f32[0,2]");
  check_empty(m, "solve", SHAPE(0, 3, 3), "f32[0,3,2]");
  check_empty(m, "lstsq", SHAPE(0, 3), "f32[3,2] 0");
  check_empty(m, "lstsq", SHAPE(3, 0), "f32[0,2] 0");
  check_empty(m, "lstsq", SHAPE(2, 0, 3), "f32[2,3,2] i64[2]");
  check_empty(m, "lstsq", SHAPE(0, 2, 3), "f32[0,3,2] i64[0]");
  check_empty(m, "lstsq", SHAPE(3, 3), "f32[3,2] 0"); /* of zeros */
  /* No right side: nothing to answer, but a rank. */
  moth_tensor *eye = random_matrix(m, MOTH_F64, 3, 3, 4), *none;
  assert_ok(m, moth_tensor_create(m, MOTH_F64, SHAPE(2, 3, 0), &none));
  moth_value results[2];
  assert_int_equal(all_of(m, "lstsq", eye, none, results), 2);
  assert_tensor(results[1].as.tensor, "i64[2]", 3, 3);
  moth_release(results[0].as.tensor), moth_release(eye), moth_release(none);
  support_close(m, &allocator);
}

typedef struct failing { const char *name; bool two; } failing;

static moth_status failing_body(moth *m, void *data) {
  const failing *f = data;
  moth_tensor *a = NULL, *b = NULL;
  moth_value results[3];
  int count = 0;
  moth_status status = tensor_new(m, "test", MOTH_F32, SHAPE(2, 3, 3), true, &a);
  if (status == MOTH_OK) status = tensor_new(m, "test", MOTH_F64, SHAPE(3, 2), true, &b);
  for (int64_t i = 0; status == MOTH_OK && i < 18; i++) ((float *)(void *)a->values)[i] = i % 9 % 4 == 0 ? 5 : (float)i / 18;
  moth_value inputs[2] = { { .kind = MOTH_TENSOR_VALUE, .as.tensor = a }, { .kind = MOTH_TENSOR_VALUE, .as.tensor = b } };
  if (status == MOTH_OK) status = tensors_try(m, f->name, inputs, f->two ? 2 : 1, NULL, results, &count);
  let_go(m, results, count);
  moth_release(a), moth_release(b);
  return status;
}

static void test_memory(void **state) {
  (void)state;
  failing all[] = { { "inverse", false }, { "pinv", false }, { "cholesky", false }, { "qr", false },  { "svd", false },
                    { "eigh", false },    { "det", false },  { "solve", true },     { "lstsq", true } };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) assert_true(support_fail_each(failing_body, &all[i]) >= 4);
}

/* The flag is looked at before each matrix; nothing is given then. */
static void test_cancel(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  static const char *const names[] = { "inverse", "pinv", "cholesky", "qr", "svd", "eigh", "det", "solve", "lstsq" };
  moth_tensor *a = random_matrix(m, MOTH_F64, 3, 3, 8), *b = random_matrix(m, MOTH_F64, 3, 1, 9);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    moth_value inputs[] = { tensors_value(a), tensors_value(b) }, results[3] = { { .kind = MOTH_NO_VALUE } };
    int count = 0;
    char text[64];
    snprintf(text, sizeof text, "%s: cancelled", names[i]);
    moth_cancel(m);
    assert_fails(m, tensors_try(m, names[i], inputs, i >= 7 ? 2 : 1, NULL, results, &count), MOTH_CANCELLED, text);
    assert_true(results[0].kind == MOTH_NO_VALUE && !moth_cancel_taken(m));
  }
  moth_release(a), moth_release(b);
  support_close(m, &allocator);
}

/* Two contexts in two threads give the same bits as one alone. */
static void *work(void *data) {
  double *sums = data;
  moth *m = support_open(NULL);
  for (int round = 0; round < 6; round++) {
    moth_tensor *a = random_matrix(m, MOTH_F64, 60, 60, (uint64_t)round);
    moth_value f[3];
    int count = all_of(m, "svd", a, NULL, f);
    moth_tensor *inverse = tensors_of(m, "inverse", a, NULL);
    for (int64_t i = 0; i < 3600; i++) sums[round] += (double)(i % 13) * (tensors_at(f[0].as.tensor, i) + tensors_at(inverse, i));
    let_go(m, f, count);
    moth_release(a), moth_release(inverse);
  }
  moth_close(m);
  return NULL;
}

static void test_contexts(void **state) {
  (void)state;
  double alone[6] = { 0 }, beside[2][6] = { { 0 } };
  work(alone);
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, beside[i]), 0);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  assert_memory_equal(alone, beside[0], sizeof alone);
  assert_memory_equal(alone, beside[1], sizeof alone);
}

/* A column is a row of the transposed matrix: the same sums whatever lies behind the operands. */
static void test_columns(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < 2; d++) {
    static const int64_t sizes[][2] = { { 2, 1 }, { 2, 3 }, { 9, 7 }, { 64, 64 }, { 65, 130 }, { 300, 257 }, { 5, 0 } };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      int64_t rows = sizes[s][0], k = sizes[s][1];
      moth_tensor *a = random_matrix(m, (moth_dtype)d, rows, k, s), *b = random_matrix(m, (moth_dtype)d, k, 1, s + 9);
      moth_tensor *vector, *first = NULL;
      assert_ok(m, moth_tensor_reshape(m, b, SHAPE(k), &vector));
      for (int layout = 0; layout < LAYOUTS; layout++) {
        moth_tensor *left, *right;
        assert_ok(m, tensors_lay_out(m, a, layout == LAYOUT_TRANSPOSED ? LAYOUT_ROWS : layout, &left));
        assert_ok(m, tensors_lay_out(m, vector, layout, &right));
        moth_tensor *got = tensors_of_two(m, "matmul", tensors_value(left), tensors_value(right), NULL);
        assert_true(got->rank == 1 && got->size[0] == rows);
        for (int64_t i = 0; i < rows; i++) {
          double sum = 0;
          for (int64_t j = 0; j < k; j++) sum += tensors_at(a, i * k + j) * tensors_at(vector, j);
          assert_true(fabs(tensors_at(got, i) - sum) <= 2 * epsilon_of((moth_dtype)d) * (double)(k + 1));
          if (first) assert_true(tensors_at(got, i) == tensors_at(first, i));
        }
        moth_release(left), moth_release(right);
        if (first) moth_release(got);
        else first = got;
      }
      moth_release(a), moth_release(b), moth_release(vector), moth_release(first);
    }
  }
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_properties), cmocka_unit_test(test_least_norm), cmocka_unit_test(test_stacks),
    cmocka_unit_test(test_returning),  cmocka_unit_test(test_empty),      cmocka_unit_test(test_memory),
    cmocka_unit_test(test_cancel),     cmocka_unit_test(test_contexts),   cmocka_unit_test(test_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
