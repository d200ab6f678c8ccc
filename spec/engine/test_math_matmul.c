/* Products: own kernels and matmul against a plain loop in long double, for odd shapes, every order of strides, both dtypes; their ends
 * against the reference kernels; bits that do not depend on blocking; cancel; OpenBLAS in two contexts on two threads, and absent. */
#include "math_support.h"

#include <pthread.h>

#include "core/context.h"
#include "core/memory.h"
#include "math/blas.h"
#include "math/matmul.h"

static moth *open_context(const char *set) {
  moth *m = NULL;
  assert_int_equal(context_open(NULL, NULL, &m), MOTH_OK);
  m->kernels = kernels_find(set);
  assert_non_null(m->kernels);
  return m;
}

/* A [rows, columns] matrix in one of five layouts. */
enum { ROW_MAJOR, COLUMN_MAJOR, SPREAD, PADDED, REVERSED, LAYOUTS };
typedef struct matrix { char *block; const void *at; int64_t row, column, rows, columns; moth_dtype dtype; } matrix;

static matrix matrix_new(moth_dtype dtype, int64_t rows, int64_t columns, int layout, uint64_t seed) {
  matrix x = { .rows = rows, .columns = columns, .dtype = dtype };
  int64_t first = 1, count = rows * columns;
  if (layout == ROW_MAJOR) x.row = columns, x.column = 1;
  if (layout == COLUMN_MAJOR) x.row = 1, x.column = rows;
  if (layout == SPREAD) x.row = 2 * columns + 1, x.column = 2, count = rows * x.row;
  if (layout == PADDED) x.row = columns + 5, x.column = 1, count = rows * x.row;
  if (layout == REVERSED) x.row = -columns, x.column = 1, first = 1 + (rows - 1) * columns;
  x.block = malloc((size_t)(count + 2) * bytes_of(dtype));
  fill_values(x.block, dtype, count + 2, seed, 1, false);
  x.at = element(x.block, dtype, first);
  return x;
}
static long double at(const matrix *x, int64_t i, int64_t j) { return value_of(x->at, x->dtype, i * x->row + j * x->column); }

typedef void (*product_function)(moth *m, const matrix *a, const matrix *b, void *c, int64_t c_row, bool add);
static product product_of(const matrix *a, const matrix *b, void *c, int64_t c_row, bool add) {
  return (product){ .m = a->rows, .n = b->columns, .k = a->columns, .a = a->at, .a_row = a->row, .a_column = a->column, .b = b->at,
                    .b_row = b->row, .b_column = b->column, .c = c, .c_row = c_row, .add = add };
}
static void by_kernel(moth *m, const matrix *a, const matrix *b, void *c, int64_t c_row, bool add) {
  const product p = product_of(a, b, c, c_row, add);
  m->kernels->of[a->dtype].product(&p);
}
static void by_matmul(moth *m, const matrix *a, const matrix *b, void *c, int64_t c_row, bool add) {
  assert_int_equal(matmul_prepare(m, "matmul", a->dtype, a->rows, b->columns, a->columns), MOTH_OK);
  const product p = product_of(a, b, c, c_row, add);
  assert_true(matmul(m, a->dtype, &p));
}

/* |error| <= 2 k eps sum |a b|, the bound of any order of k; nothing outside c's columns is written. */
static void check_product(moth *m, product_function f, const matrix *a, const matrix *b, bool add) {
  moth_dtype dtype = a->dtype;
  int64_t rows = a->rows, columns = b->columns, inner = a->columns, c_row = columns + 3;
  size_t e = bytes_of(dtype), bytes = (size_t)(rows * c_row + 1) * e;
  char *before = malloc(bytes), *c = malloc(bytes);
  fill_values(before, dtype, rows * c_row + 1, 77, 1, false);
  memcpy(c, before, bytes);
  f(m, a, b, element(c, dtype, 1), c_row, add);
  double eps = dtype == MOTH_F32 ? 0x1p-24 : 0x1p-53;
  int64_t every = 1 + rows * columns * inner / 200000; /* of large ones a part is looked at */
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < c_row; j++) {
      int64_t place = 1 + i * c_row + j;
      if (j < columns && (i * columns + j) % every) continue;
      if (j >= columns) {
        assert_memory_equal(element(c, dtype, place), element(before, dtype, place), e);
        continue;
      }
      long double sum = add ? value_of(before, dtype, place) : 0, size = fabsl(sum);
      for (int64_t p = 0; p < inner; p++) sum += at(a, i, p) * at(b, p, j), size += fabsl(at(a, i, p) * at(b, p, j));
      double error = (double)fabsl(value_of(c, dtype, place) - sum);
      if (!(error <= 2 * (double)(inner + 1) * eps * (double)size)) {
        fail_msg("[%lld,%lld]·[%lld,%lld] at %lld,%lld: %.17g, expected %.17Lg", (long long)rows, (long long)inner, (long long)inner,
                 (long long)columns, (long long)i, (long long)j, value_of(c, dtype, place), sum);
      }
    }
  }
  free(before), free(c);
}

static void check_shapes(const char *set, product_function f, const int64_t (*shapes)[3], int count) {
  moth *m = open_context(set);
  for (int s = 0; s < count; s++) {
    for (int d = MOTH_F32; d <= MOTH_F64; d++) {
      for (int turn = 0; turn < LAYOUTS; turn++) { /* five of the 25 pairs a shape, all of them over five shapes */
        int layout = (turn * (LAYOUTS + 1) + s * LAYOUTS) % (LAYOUTS * LAYOUTS);
        matrix a = matrix_new((moth_dtype)d, shapes[s][0], shapes[s][2], layout / LAYOUTS, 1);
        matrix b = matrix_new((moth_dtype)d, shapes[s][2], shapes[s][1], layout % LAYOUTS, 2);
        check_product(m, f, &a, &b, (turn + s) % 2);
        free(a.block), free(b.block);
      }
    }
  }
  context_close(m);
}

static void small_products(void **state) {
  static const int64_t extents[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 23, 24, 25, 31, 33, 47, 48, 49, 63, 65, 130 };
  enum { EXTENTS = sizeof extents / sizeof *extents };
  for (int s = 0; s < 3; s++) {
    if (!set_at(s)) continue;
    int64_t shapes[EXTENTS * 4][3];
    int n = 0;
    for (int i = 0; i < EXTENTS; i++) { /* every extent in every place, with a wandering pair beside it */
      int64_t other = extents[(i * 7 + 5) % EXTENTS], third = extents[(i * 11 + 3) % EXTENTS];
      memcpy(shapes[n++], (int64_t[]){ extents[i], other, third }, sizeof *shapes);
      memcpy(shapes[n++], (int64_t[]){ third, extents[i], other }, sizeof *shapes);
      memcpy(shapes[n++], (int64_t[]){ other, third, extents[i] }, sizeof *shapes);
      memcpy(shapes[n++], (int64_t[]){ extents[i], extents[i], 3 }, sizeof *shapes);
    }
    check_shapes(set_names[s], by_kernel, (const int64_t(*)[3])shapes, n);
    static const int64_t deep[][3] = { { 3, 5, 1000 }, { 30, 7, 700 }, { 1, 200, 900 }, { 70, 1, 300 }, { 26, 50, 513 } };
    check_shapes(set_names[s], by_kernel, deep, 5);
  }
}

/* The same element from the whole product, from blocks of rows and columns, from strided copies, and from k in two steps. */
static void small_product_bits(void **state) {
  for (int s = 0; s < 3; s++) {
    if (!set_at(s)) continue;
    moth *m = open_context(set_names[s]);
    for (int d = MOTH_F32; d <= MOTH_F64; d++) {
      moth_dtype dtype = (moth_dtype)d;
      enum { M = 29, N = 53, K = 600 };
      size_t e = bytes_of(dtype);
      matrix a = matrix_new(dtype, M, K, ROW_MAJOR, 1), b = matrix_new(dtype, K, N, ROW_MAJOR, 2);
      char *whole = malloc(M * N * e), *parts = malloc(M * N * e);
      by_kernel(m, &a, &b, whole, N, false);
      for (int64_t i = 0, height = 1; i < M; i += height, height = height % 5 + 1) {
        for (int64_t j = 0, width = 1; j < N; j += width, width = width * 2 % 19 + 1) {
          matrix x = a, y = b;
          x.at = element(a.at, dtype, i * K), x.rows = M - i < height ? M - i : height;
          y.at = element(b.at, dtype, j), y.columns = N - j < width ? N - j : width;
          x.columns = y.rows = 123;
          by_kernel(m, &x, &y, element(parts, dtype, i * N + j), N, false);
          x.at = element(x.at, dtype, 123), y.at = element(y.at, dtype, 123 * N);
          x.columns = y.rows = K - 123;
          by_kernel(m, &x, &y, element(parts, dtype, i * N + j), N, true);
        }
      }
      assert_memory_equal(parts, whole, M * N * e);
      for (int layout = COLUMN_MAJOR; layout < LAYOUTS; layout++) {
        matrix x = matrix_new(dtype, M, K, layout, 1), y = matrix_new(dtype, K, N, layout, 2);
        for (int64_t i = 0; i < M; i++)
          for (int64_t p = 0; p < K; p++) put_value((void *)(uintptr_t)x.at, dtype, i * x.row + p * x.column, (double)at(&a, i, p));
        for (int64_t p = 0; p < K; p++)
          for (int64_t j = 0; j < N; j++) put_value((void *)(uintptr_t)y.at, dtype, p * y.row + j * y.column, (double)at(&b, p, j));
        by_kernel(m, &x, &y, parts, N, false);
        assert_memory_equal(parts, whole, M * N * e);
        free(x.block), free(y.block);
      }
      free(whole), free(parts), free(a.block), free(b.block);
    }
    context_close(m);
  }
}

/* What becomes of the sums, all sixteen ways, against the reference: to the bit where the set has FMA, which the reference uses too, else,
 * as with one row whose sums are dot products, within the bound of any order of k. Nothing outside the columns of c and w is written. */
enum { ADD = 1, BIAS = 2, RELU = 4, UPDATE = 8, ENDS = 16 };
typedef struct ended { char *c, *w; } ended;

static ended ended_product(const kernels *set, product p, moth_dtype dtype, const char *c, const char *w, size_t bytes, int end) {
  ended x = { .c = malloc(bytes), .w = malloc(bytes) };
  memcpy(x.c, c, bytes), memcpy(x.w, w, bytes);
  p.c = element(x.c, dtype, 1);
  if (end & UPDATE) p.w = element(x.w, dtype, 1);
  set->of[dtype].product(&p);
  return x;
}

static void check_ends(moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, int layouts, int end) {
  const int64_t c_row = columns + 3, w_row = columns + 1, count = rows * c_row + 1;
  const size_t e = bytes_of(dtype), bytes = (size_t)count * e;
  matrix a = matrix_new(dtype, rows, inner, layouts / LAYOUTS, 1), b = matrix_new(dtype, inner, columns, layouts % LAYOUTS, 2);
  char *c = malloc(bytes), *w = malloc(bytes), *bias = malloc((size_t)columns * e);
  fill_values(c, dtype, count, 77, 1, false), fill_values(w, dtype, count, 78, 1, false), fill_values(bias, dtype, columns, 79, 1, false);
  product p = product_of(&a, &b, NULL, c_row, end & ADD);
  if (end & BIAS) p.bias = bias;
  p.relu = end & RELU;
  p.w_row = w_row, p.lr = 0.37;
  ended want = ended_product(kernels_reference(), p, dtype, c, w, bytes, end);
  for (int s = 0; s < 3; s++) {
    const kernels *set = set_at(s);
    if (!set) continue;
    ended got = ended_product(set, p, dtype, c, w, bytes, end);
    bool has_fma = strcmp(set->name, "portable") != 0 && !(rows == 1 && p.b_row == 1), updates = end & UPDATE;
    const char *to = updates ? got.w : got.c, *right = updates ? want.w : want.c, *before = updates ? w : c;
    int64_t row = updates ? w_row : c_row;
    double bound = 2 * (double)(inner + 3) * (double)(inner + 3) * (dtype == MOTH_F32 ? 0x1p-24 : 0x1p-53);
    for (int64_t i = 0; i < count; i++) {
      bool inside = i > 0 && (i - 1) / row < rows && (i - 1) % row < columns;
      double x = value_of(to, dtype, i), y = value_of(inside ? right : before, dtype, i);
      if ((x == y && !signbit(x) == !signbit(y)) || (inside && !has_fma && fabs(x - y) <= bound)) continue;
      fail_msg("%s: [%lld,%lld]·[%lld,%lld] layouts %d end %d: element %lld is %.17g, expected %.17g", set->name, (long long)rows,
               (long long)inner, (long long)inner, (long long)columns, layouts, end, (long long)i, x, y);
    }
    if (!updates) assert_memory_equal(got.w, w, bytes);
    for (int64_t i = 0; updates && i < count; i++) {
      if (i == 0 || (i - 1) % c_row >= columns) assert_memory_equal(element(got.c, dtype, i), element(c, dtype, i), e);
    }
    free(got.c), free(got.w);
  }
  free(want.c), free(want.w), free(a.block), free(b.block), free(c), free(w), free(bias);
}

static void ends(void **state) {
  static const int64_t extents[] = { 1, 2, 3, 5, 7, 10, 17, 32, 63, 65, 130, 1000 };
  enum { EXTENTS = sizeof extents / sizeof *extents };
  int turn = 0;
  for (int d = MOTH_F32; d <= MOTH_F64; d++) {
    for (int i = 0; i < EXTENTS; i++) { /* every extent in every place, with a wandering pair beside it */
      int64_t other = extents[(i * 7 + 5) % (EXTENTS - 1)], third = extents[(i * 5 + 3) % (EXTENTS - 1)];
      const int64_t shapes[][3] = { { extents[i], other, third }, { third, extents[i], other }, { other, third, extents[i] },
                                    { other, extents[i], 0 } };
      for (int s = 0; s < 4; s++) {
        for (int end = 0; end < ENDS; end++) {
          check_ends((moth_dtype)d, shapes[s][0], shapes[s][1], shapes[s][2], turn++ * 7 % (LAYOUTS * LAYOUTS), end);
        }
      }
    }
    static const int64_t deep[][3] = { { 3, 5, 1000 }, { 64, 10, 700 }, { 130, 16, 700 }, { 70, 130, 600 }, { 16, 600, 300 },
                                       { 600, 10, 64 }, { 10, 64, 3000 }, { 512, 50, 300 }, { 1024, 140, 17 } };
    for (size_t s = 0; s < sizeof deep / sizeof *deep; s++) {
      for (int end = 0; end < ENDS; end++) {
        int way = turn++ % 4; /* rows or columns of a and of b together */
        check_ends((moth_dtype)d, deep[s][0], deep[s][1], deep[s][2], way / 2 * LAYOUTS + way % 2, end);
      }
    }
  }
}

static void products(void **state) {
  static const int64_t shapes[][3] = { { 1, 1, 1 }, { 7, 5, 3 }, { 64, 128, 100 }, { 131, 127, 133 }, { 200, 1, 3000 }, { 1, 3000, 200 },
                                       { 3, 257, 1025 }, { 300, 301, 299 }, { 600, 2, 700 }, { 0, 5, 5 }, { 5, 0, 5 }, { 5, 5, 0 } };
  check_shapes(NULL, by_matmul, shapes, sizeof shapes / sizeof *shapes);
}

/* A broadcast view repeats a row by a stride of 0: BLAS could not say that. */
static void broadcast_operands(void **state) {
  moth *m = open_context(NULL);
  for (int d = MOTH_F32; d <= MOTH_F64; d++) {
    for (int way = 0; way < 4; way++) {
      matrix a = matrix_new((moth_dtype)d, 300, 310, ROW_MAJOR, 1), b = matrix_new((moth_dtype)d, 310, 2, ROW_MAJOR, 2); /* OpenBLAS's */
      if (way == 0) a.row = 0;
      if (way == 1) a.column = 0;
      if (way == 2) b.row = 0;
      if (way == 3) b.column = 0;
      check_product(m, by_matmul, &a, &b, way % 2);
      free(a.block), free(b.block);
    }
  }
  context_close(m);
}

/* Above 2^30 flop a product goes in pieces; a cancel is seen between them and stays for the caller to take. */
static void large_products(void **state) {
  moth *m = open_context(NULL);
  const int64_t rows = 830, columns = 820, inner = 800;
  matrix a = matrix_new(MOTH_F32, rows, inner, ROW_MAJOR, 1), b = matrix_new(MOTH_F32, inner, columns, COLUMN_MAJOR, 2);
  float *c = malloc(sizeof *c * (size_t)(rows * columns));
  by_matmul(m, &a, &b, c, columns, false);
  for (int64_t i = 0; i < rows; i += 89) {
    for (int64_t j = 0; j < columns; j += 83) {
      long double sum = 0, size = 0;
      for (int64_t p = 0; p < inner; p++) sum += at(&a, i, p) * at(&b, p, j), size += fabsl(at(&a, i, p) * at(&b, p, j));
      assert_true(fabsl(c[i * columns + j] - sum) <= size * 800 * 0x1p-24L);
    }
  }
  atomic_store(&m->cancelled, 1);
  const product p = product_of(&a, &b, c, columns, false);
  assert_false(matmul(m, MOTH_F32, &p));
  assert_true(context_is_cancelled(m));
  assert_int_equal(context_poll(m, "matmul"), MOTH_CANCELLED);
  free(a.block), free(b.block), free(c);
  context_close(m);
}

static void limits(void **state) {
  moth *m = open_context(NULL);
  assert_int_equal(matmul_prepare(m, "matmul", MOTH_F32, (int64_t)1 << 31, 1000, 1000), MOTH_LIMIT);
  assert_int_equal(matmul_prepare(m, "matmul", MOTH_F32, 2, 2, 2), MOTH_OK);
  assert_null(m->blas);
  assert_int_equal(matmul_prepare(m, "matmul", MOTH_F32, 0, 100000, 100000), MOTH_OK);
  assert_null(m->blas);
  assert_int_equal(matmul_prepare(m, "matmul", MOTH_F32, 512, 512, 512), MOTH_OK);
  assert_null(m->blas);
  assert_int_equal(blas_open_library(m, "matmul", "libnowhere.so.0"), MOTH_MISSING);
  assert_string_equal(m->message, "matmul: OpenBLAS is not installed (libnowhere.so.0): apt-get install libopenblas0-pthread");
  assert_int_equal(blas_open_library(m, "matmul", "libm.so.6"), MOTH_MISSING);
  assert_string_equal(m->message, "matmul: libm.so.6 is not a whole OpenBLAS: apt-get install libopenblas0-pthread");
  assert_null(m->blas);
  assert_int_equal(matmul_prepare(m, "matmul", MOTH_F32, 1024, 1024, 1024), MOTH_OK);
  assert_non_null(m->blas);
  context_close(m);
}

/* The allocator refuses: nothing is kept, and the next attempt succeeds. */
static void no_memory(void **state) {
  int left = 1;
  moth_config config = { .size = sizeof config, .resize = refusing, .resize_data = &left };
  moth *m;
  assert_int_equal(context_open(&config, NULL, &m), MOTH_OK);
  uint64_t used = m->memory_used;
  assert_int_equal(blas_open(m, "matmul"), MOTH_MEMORY);
  assert_null(m->blas);
  assert_true(m->memory_used == used);
  left = 1;
  assert_int_equal(blas_open(m, "matmul"), MOTH_OK);
  assert_int_equal(blas_open(m, "matmul"), MOTH_OK);
  context_close(m);
}

typedef struct racer { pthread_t thread; float *c; } racer;
enum { RACE = 160 };
static void *race(void *data) {
  racer *self = data;
  moth *m = NULL;
  if (context_open(NULL, NULL, &m) != MOTH_OK) return NULL;
  m->kernels = kernels_find(NULL);
  matrix a = matrix_new(MOTH_F32, RACE, RACE, ROW_MAJOR, 1), b = matrix_new(MOTH_F32, RACE, RACE, ROW_MAJOR, 2);
  if (blas_open(m, "matmul") == MOTH_OK) {
    blas_matrix x = { a.at, RACE, false }, y = { b.at, RACE, false };
    for (int i = 0; i < 50; i++) blas_product(m, MOTH_F32, RACE, RACE, RACE, x, y, self->c, RACE, false);
  }
  free(a.block), free(b.block);
  context_close(m);
  return NULL;
}
static void two_contexts(void **state) {
  racer racers[2];
  for (int i = 0; i < 2; i++) {
    racers[i].c = calloc(RACE * RACE, sizeof(float));
    assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
  }
  for (int i = 0; i < 2; i++) pthread_join(racers[i].thread, NULL);
  assert_memory_equal(racers[0].c, racers[1].c, RACE * RACE * sizeof(float));
  assert_true(racers[0].c[0] != 0);
  free(racers[0].c), free(racers[1].c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(small_products), cmocka_unit_test(small_product_bits), cmocka_unit_test(ends), cmocka_unit_test(products),
    cmocka_unit_test(broadcast_operands), cmocka_unit_test(large_products), cmocka_unit_test(limits), cmocka_unit_test(no_memory),
    cmocka_unit_test(two_contexts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
