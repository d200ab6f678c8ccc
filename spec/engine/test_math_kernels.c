/* Every kernel set against the plain loops of math/reference.c, over odd sizes, unaligned pointers and special values, in both dtypes; and
 * every element against itself computed alone, bit for bit. */
#include "math_support.h"

/* ---- One shape for all elementwise kernels: reads x and b, writes y (which may hold d before) ---- */

typedef struct call {
  enum { A_UNARY, A_SCALED, A_SLOPE, A_BINARY, A_NUMBER, A_REVERSED, A_FILL, A_SCALE, AN_AXPY, KINDS } kind;
  int index;
} call;

static int count_of(int kind) {
  static const int counts[KINDS] = { UNARY_KERNELS,  SCALED_KERNELS, SLOPE_KERNELS, BINARY_KERNELS,
                                     BINARY_KERNELS, BINARY_KERNELS, 1,             1,              1 };
  return counts[kind];
}

static void run(const real_kernels *k, call c, const void *x, const void *b, void *y, int64_t n) {
  const double a = 0.75;
  switch (c.kind) {
    case A_UNARY: k->unary[c.index](x, y, n); break;
    case A_SCALED: k->scaled[c.index](x, y, n, a); break;
    case A_SLOPE: k->slope[c.index](x, y, n, a); break;
    case A_BINARY: k->binary[c.index](x, b, y, n); break;
    case A_NUMBER: k->binary_number[c.index](x, a, y, n, false); break;
    case A_REVERSED: k->binary_number[c.index](x, a, y, n, true); break;
    case A_FILL: k->fill(y, n, a); break;
    case A_SCALE: k->scale(y, n, a); break;
    case AN_AXPY: k->axpy(x, y, n, a); break;
    default: fail();
  }
}

/* Slopes from an output get outputs: values in (-1, 1), or (0, 1) and above for softplus. */
static double scale_for(call c) {
  if (c.kind == A_SLOPE && c.index != SLOPE_LEAKY_RELU_Z && c.index < SLOPE_GELU_Z) return 1;
  return 30;
}

static void check_call(const kernels *set, call c, moth_dtype dtype) {
  static double space[5][LONGEST + 2 * GUARD + 1];
  size_t e = bytes_of(dtype);
  void *x = element(space[0], dtype, 1), *b = element(space[1], dtype, 1), *y = element(space[4], dtype, 1);
  void *start = space[2], *want = space[3];
  bool special = !(c.kind == A_SLOPE);
  char what[80];
  snprintf(what, sizeof what, "%s %s kind %d kernel %d", set->name, dtype == MOTH_F32 ? "f32" : "f64", c.kind, c.index);
  fill_values(x, dtype, LONGEST, 1, scale_for(c), special);
  fill_values(b, dtype, LONGEST, 2, scale_for(c), special);
  fill_values(start, dtype, LONGEST + GUARD, 3, 2, false);
  if (special) { /* every pair of marked values meets */
    for (int64_t i = 0; i < LONGEST; i++) put_value(b, dtype, i, value_of(b, dtype, (i * 37 + i / 133 * 7) % LONGEST));
  }
  memcpy(want, start, LONGEST * e);
  run(&kernels_reference()->of[dtype], c, x, b, want, LONGEST);
  memcpy(y, start, (LONGEST + GUARD) * e);
  run(&set->of[dtype], c, x, b, y, LONGEST);
  bool through_cancelling = c.kind == A_BINARY || c.kind == AN_AXPY || c.kind == A_NUMBER || c.kind == A_REVERSED;
  for (int64_t i = 0; i < LONGEST; i++) {
    bool gelu = c.kind == A_UNARY && (c.index == UNARY_GELU || c.index == UNARY_GELU_TANH); /* e^-x² of large x: rounding x itself shows */
    double relative = gelu ? 100 * tolerance(dtype) : tolerance(dtype);
    double least = through_cancelling || c.kind == A_SLOPE ? 1 : dtype == MOTH_F32 ? 1e-32 : 1e-290;
    check_near(value_of(y, dtype, i), value_of(want, dtype, i), relative, least, what, i);
  }
  memcpy(want, y, LONGEST * e); /* from now on, bits */
  for (int s = 0; s < SIZES; s++) {
    int64_t n = sizes[s], from = (LONGEST - n) / 2;
    memcpy(y, start, (LONGEST + GUARD) * e);
    run(&set->of[dtype], c, element(x, dtype, from), element(b, dtype, from), element(y, dtype, from), n);
    if (memcmp(element(y, dtype, from), element(want, dtype, from), (size_t)n * e))
      fail_msg("%s: a part of %lld has other bits", what, (long long)n);
    if (memcmp(element(y, dtype, from + n), element(start, dtype, from + n), GUARD * e))
      fail_msg("%s: writes past %lld", what, (long long)n);
    if (memcmp(y, start, (size_t)from * e)) fail_msg("%s: writes before", what);
  }
  for (int64_t i = 0; i < LONGEST; i++) {
    memcpy(y, element(start, dtype, i), e);
    run(&set->of[dtype], c, element(x, dtype, i), element(b, dtype, i), y, 1);
    if (memcmp(y, element(want, dtype, i), e)) fail_msg("%s: element %lld alone has other bits", what, (long long)i);
  }
  if (c.kind == A_UNARY || c.kind == A_SCALED || c.kind == A_BINARY) { /* in place */
    memcpy(y, x, LONGEST * e);
    run(&set->of[dtype], c, y, b, y, LONGEST);
    assert_memory_equal(y, want, LONGEST * e);
  }
}

static void elementwise(void **state) {
  for (int s = 0; s < 3; s++) {
    for (int kind = 0; set_at(s) && kind < KINDS; kind++) {
      for (int i = 0; i < count_of(kind); i++) {
        for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) check_call(set_at(s), (call){ kind, i }, (moth_dtype)dtype);
      }
    }
  }
}

/* ---- Sums ---- */

static void sums(void **state) {
  static double space[2][LONGEST + 1];
  for (int s = 0; s < 3; s++) {
    const kernels *set = set_at(s), *portable = set_at(0), *plain = kernels_reference();
    for (int d = MOTH_F32; set && d <= MOTH_F64; d++) {
      moth_dtype dtype = (moth_dtype)d;
      void *a = element(space[0], dtype, 1), *b = element(space[1], dtype, 1);
      fill_values(a, dtype, LONGEST, 4, 100, false);
      fill_values(b, dtype, LONGEST, 5, 100, false);
      for (int i = 0; i < SIZES; i++) {
        int64_t n = sizes[i];
        check_near(set->of[d].sum(a, n), plain->of[d].sum(a, n), 1e-13, 1e3, "sum", n);
        check_near(set->of[d].sum_squares(a, n), plain->of[d].sum_squares(a, n), 1e-13, 1e3, "sum_squares", n);
        check_near(set->of[d].dot(a, b, n), plain->of[d].dot(a, b, n), 1e-13, 1e5, "dot", n);
        assert_true(set->of[d].sum(a, n) == portable->of[d].sum(a, n)); /* one tree for all sets */
        assert_true(set->of[d].sum_squares(a, n) == portable->of[d].sum_squares(a, n));
        assert_true(set->of[d].dot(a, b, n) == portable->of[d].dot(a, b, n));
        assert_true(set->of[d].is_finite(a, n));
        for (int64_t at = 0; at < n; at += at < 40 ? 1 : 97) {
          double kept = value_of(a, dtype, at);
          put_value(a, dtype, at, at % 2 ? NAN : -INFINITY);
          assert_false(set->of[d].is_finite(a, n));
          put_value(a, dtype, at, kept);
        }
      }
    }
  }
}

/* 20,000,000 ones: the blocks' sums are exact integers. In f32 one running sum would stop at 2^24. */
static void many_ones(void **state) {
  const int64_t n = 20000000;
  float *ones = malloc((size_t)n * sizeof *ones);
  for (int64_t i = 0; i < n; i++) ones[i] = 1;
  for (int s = 0; s < 3; s++) {
    if (set_at(s)) assert_true(set_at(s)->of[MOTH_F32].sum(ones, n) == 2e7);
  }
  free(ones);
}

/* 0.1 a million times in f64: 128-blocks joined pairwise lose a few ulp; one running sum loses 1e-11 relatively. */
static void pairwise(void **state) {
  const int64_t n = 1000000;
  double *x = malloc((size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; i++) x[i] = 0.1;
  for (int s = 0; s < 3; s++) {
    if (set_at(s)) check_near(set_at(s)->of[MOTH_F64].sum(x, n), 1e6 * 0.1, 1e-15, 0, "sum", 0);
  }
  free(x);
}

/* ---- Rows and columns ---- */

static void check_columns(const kernels *set, moth_dtype dtype, int64_t rows, int64_t columns) {
  int64_t stride = columns + 3;
  size_t e = bytes_of(dtype);
  char *x = malloc((size_t)(rows * stride + 1) * e), *want = malloc((size_t)(columns + 1) * e), *y = malloc((size_t)(columns + 1) * e);
  const real_kernels *k = &set->of[dtype], *plain = &kernels_reference()->of[dtype];
  fill_values(x, dtype, rows * stride, 6, 10, false);
  fill_values(want, dtype, columns, 7, 10, false);
  memcpy(y, want, (size_t)columns * e);
  for (int add = 1; add >= 0; add--) {
    plain->add_columns(x, rows, columns, stride, want, add);
    int64_t half = rows / 2; /* in two steps: the same additions in the same order */
    k->add_columns(x, half, columns, stride, y, add);
    k->add_columns(element(x, dtype, half * stride), rows - half, columns, stride, y, true);
    assert_memory_equal(y, want, (size_t)columns * e);
  }
  char *table = malloc((size_t)(rows * columns + 1) * e), *other = malloc((size_t)(rows * columns + 1) * e);
  fill_values(table, dtype, rows * columns, 8, 10, false);
  memcpy(other, table, (size_t)(rows * columns) * e);
  k->add_row(table, rows, columns, want);
  plain->add_row(other, rows, columns, want);
  assert_memory_equal(table, other, (size_t)(rows * columns) * e);
  free(x), free(want), free(y), free(table), free(other);
}

static void check_softmax(const kernels *set, moth_dtype dtype, int64_t rows, int64_t columns) {
  size_t e = bytes_of(dtype), bytes = (size_t)(rows * columns) * e;
  char *x = malloc(bytes + e), *y = malloc(bytes + e), *want = malloc(bytes + e);
  fill_values(x, dtype, rows * columns, 9, 1000, false);
  for (int logarithms = 0; logarithms < 2; logarithms++) {
    const real_kernels *k = &set->of[dtype], *plain = &kernels_reference()->of[dtype];
    void (*f)(const void *, void *, int64_t, int64_t) = logarithms ? k->log_softmax : k->softmax;
    (logarithms ? plain->log_softmax : plain->softmax)(x, want, rows, columns);
    f(x, y, rows, columns);
    for (int64_t i = 0; i < rows * columns; i++) {
      check_near(value_of(y, dtype, i), value_of(want, dtype, i), tolerance(dtype), logarithms ? 1000 : 1e-30, "softmax", i);
    }
    memcpy(want, y, bytes);
    for (int64_t i = 0; i < rows; i++) { /* a row alone, in place */
      memcpy(y, element(x, dtype, i * columns), (size_t)columns * e);
      f(y, y, 1, columns);
      assert_memory_equal(y, element(want, dtype, i * columns), (size_t)columns * e);
    }
  }
  free(x), free(y), free(want);
}

static void rows_and_columns(void **state) {
  static const int64_t widths[] = { 0, 1, 2, 3, 10, 15, 16, 17, 33, 64, 100, 129, 1000 };
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        for (int64_t rows = 0; rows < 9; rows += 1 + rows / 3) {
          check_columns(set_at(s), (moth_dtype)d, rows, widths[i]);
          check_softmax(set_at(s), (moth_dtype)d, rows, widths[i]);
        }
      }
    }
  }
}

static void softmax_ends(void **state) {
  const double inf = INFINITY;
  const double rows[][3] = { { -inf, -inf, -inf }, { inf, 0, 1 }, { NAN, 0, 1 }, { 0, 1, NAN }, { -inf, 0, -inf }, { 1000, -1000, 0 } };
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      double x[3], y[3];
      for (int r = 0; r < 6; r++) {
        for (int i = 0; i < 3; i++) put_value(x, (moth_dtype)d, i, rows[r][i]);
        set_at(s)->of[d].softmax(x, y, 1, 3);
        for (int i = 0; r < 4 && i < 3; i++) assert_true(isnan(value_of(y, (moth_dtype)d, i)));
        if (r >= 4) { /* the larger one takes all */
          for (int i = 0; i < 3; i++) assert_true(value_of(y, (moth_dtype)d, i) == (i == (r == 4 ? 1 : 0)));
          set_at(s)->of[d].log_softmax(x, y, 1, 3);
          for (int i = 0; i < 3; i++) assert_true(value_of(y, (moth_dtype)d, i) == rows[r][i] - rows[r][r == 4 ? 1 : 0]);
        }
      }
    }
  }
}

/* ---- Optimizers, dropout, bytes ---- */

static void step(const real_kernels *k, int which, const update_numbers *u, void *w, const void *g, void *m, void *v, int64_t n) {
  if (which == 0) k->sgd(w, g, n, u->lr, u->weight_decay);
  if (which == 1) k->momentum(w, g, m, n, u);
  if (which == 2) k->adam(w, g, m, v, n, u);
}

static void check_updates(const kernels *set, moth_dtype dtype, int which, bool nesterov, double decay) {
  enum { W, G, M, VV, WANT, WANT_M, WANT_V, ARRAYS };
  static double space[ARRAYS][LONGEST];
  size_t e = bytes_of(dtype);
  for (int i = W; i <= VV; i++) fill_values(space[i], dtype, LONGEST, 20 + (uint64_t)i, 3, false);
  for (int64_t i = 0; i < LONGEST; i++) put_value(space[VV], dtype, i, fabs(value_of(space[VV], dtype, i)));
  memcpy(space[WANT], space[W], sizeof space[W]);
  memcpy(space[WANT_M], space[M], sizeof space[M]);
  memcpy(space[WANT_V], space[VV], sizeof space[VV]);
  for (int t = 1; t <= 3; t++) {
    update_numbers u = { .lr = 0.05, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .weight_decay = decay,
                         .correction1 = 1 - pow(0.9, t), .correction2 = 1 - pow(0.999, t), .nesterov = nesterov, .first = t == 1 };
    step(&kernels_reference()->of[dtype], which, &u, space[WANT], space[G], space[WANT_M], space[WANT_V], LONGEST);
    int64_t from = 0;
    for (int part = 0; from < LONGEST; part++) { /* in uneven parts */
      int64_t n = LONGEST - from < 7 + 31 * part ? LONGEST - from : 7 + 31 * part;
      step(&set->of[dtype], which, &u, element(space[W], dtype, from), element(space[G], dtype, from), element(space[M], dtype, from),
           element(space[VV], dtype, from), n);
      from += n;
    }
    for (int64_t i = 0; i < LONGEST; i++) {
      check_near(value_of(space[W], dtype, i), value_of(space[WANT], dtype, i), tolerance(dtype), 1, "w", i);
      check_near(value_of(space[M], dtype, i), value_of(space[WANT_M], dtype, i), tolerance(dtype), 1, "m", i);
      check_near(value_of(space[VV], dtype, i), value_of(space[WANT_V], dtype, i), tolerance(dtype), 1, "v", i);
    }
  }
  update_numbers u = { .lr = 0.05, .momentum = 0.9, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .correction1 = 1, .correction2 = 1 };
  for (int a = W; a <= VV; a++) memcpy(space[a == G ? G : WANT + (a > G ? a - 1 : a)], space[a], sizeof space[a]);
  step(&set->of[dtype], which, &u, space[W], space[G], space[M], space[VV], LONGEST);
  for (int64_t i = 0; i < LONGEST; i++) { /* each alone: the same bits */
    step(&set->of[dtype], which, &u, element(space[WANT], dtype, i), element(space[G], dtype, i), element(space[WANT_M], dtype, i),
         element(space[WANT_V], dtype, i), 1);
  }
  assert_memory_equal(space[W], space[WANT], LONGEST * e);
}

static void updates(void **state) {
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      for (int i = 0; i < 8; i++) {
        if (i % 4 < 3) check_updates(set_at(s), (moth_dtype)d, i % 4, i >= 4, i >= 4 ? 0.01 : 0);
      }
      check_updates(set_at(s), (moth_dtype)d, 1, true, 0);
    }
  }
}

static void dropout_masks(void **state) {
  static double want[LONGEST], y[LONGEST];
  const uint32_t counters[][4] = { { 0, 0, 0, 0 }, { 5, 6, 7, 8 }, { UINT32_MAX - 3, 1, UINT32_MAX, 9 } };
  const double ps[] = { 0, 0.25, 0.3, 0.5, 0.999, 1 };
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      size_t e = bytes_of((moth_dtype)d);
      for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 6; i++) {
          uint64_t key = 0x123456789abcdef0u + (uint64_t)i;
          uint32_t words[4]; /* a draw that equals p is kept */
          random_block(counters[c], key, words);
          double exact = random_f32(words[2]), keep[4];
          set_at(s)->of[d].uniform(key, counters[c], keep, 4, exact);
          assert_true(value_of(keep, (moth_dtype)d, 2) > 0);
          kernels_reference()->of[d].uniform(key, counters[c], want, LONGEST, ps[i]);
          set_at(s)->of[d].uniform(key, counters[c], y, LONGEST, ps[i]);
          assert_memory_equal(y, want, LONGEST * e);
          for (int64_t from = 0, n = 4; from < LONGEST; from += n, n = n * 2) {
            uint32_t at[4] = { counters[c][0] + (uint32_t)(from / 4), counters[c][1], counters[c][2], counters[c][3] };
            int64_t part = LONGEST - from < n ? LONGEST - from : n;
            memset(y, 0xff, sizeof y);
            set_at(s)->of[d].uniform(key, at, y, part, ps[i]);
            assert_memory_equal(y, element(want, (moth_dtype)d, from), (size_t)part * e);
          }
        }
      }
    }
  }
}

static void bytes_to_reals(void **state) {
  uint8_t x[256];
  float y[256];
  double z[256];
  for (int i = 0; i < 256; i++) x[i] = (uint8_t)i;
  for (int s = 0; s < 3; s++) {
    if (!set_at(s)) continue;
    set_at(s)->u8_to_f32(x + 1, y, 255, 1 / 255.0);
    set_at(s)->u8_to_f64(x + 1, z, 255, 1 / 255.0);
    for (int i = 0; i < 255; i++) {
      assert_true(y[i] == (float)(i + 1) * (float)(1 / 255.0));
      assert_true(z[i] == (i + 1) * (1 / 255.0));
    }
  }
}

static void names(void **state) {
  assert_non_null(kernels_find(NULL));
  assert_string_equal(kernels_find("portable")->name, "portable");
  assert_null(kernels_find("reference"));
  assert_null(kernels_find("sse9"));
  assert_string_equal(kernels_reference()->name, "reference");
}

/* Extremes: the value and where it first stands, NaN before all; down columns the same from row to row. Sums of columns in order. */
static void extremes(void **state) {
  (void)state;
  static const int64_t rows[] = { 1, 7, 8, 9, 40 }, columns[] = { 1, 2, 7, 8, 9, 15, 16, 17, 40, 100 };
  static double space[40 * 104 + 1], best[2][128], row[2][128], sums[2][128];
  for (int i = 0; i < 3; i++) {
    for (int d = 0; set_at(i) && d < 2; d++) {
      const real_kernels *k = &set_at(i)->of[d], *plain = &kernels_reference()->of[d];
      for (uint64_t seed = 0; seed < 40; seed++) {
        void *x = element(space, (moth_dtype)d, (int64_t)seed % 2);
        fill_values(x, (moth_dtype)d, 4160, seed, 4, seed % 4 == 0);
        for (int64_t v = 0; seed % 8 > 3 && v < 4160; v++) put_value(x, (moth_dtype)d, v, floor(value_of(x, (moth_dtype)d, v)));
        for (int which = 0; which < 2; which++) {
          for (int64_t n = 1; n < 4160; n = n * 3 / 2 + 1) {
            int64_t at = -1, wanted = -1;
            void *from = element(x, (moth_dtype)d, n % 5);
            double value = k->extreme[which](from, n - n % 5 > 0 ? n - n % 5 : 1, &at);
            double expected = plain->extreme[which](from, n - n % 5 > 0 ? n - n % 5 : 1, &wanted);
            assert_true(value == expected || (isnan(value) && isnan(expected)));
            assert_int_equal(at, wanted);
          }
          for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
              for (int set = 0; set < 2; set++) {
                memset(row[set], 0xff, sizeof row[set]);
                for (int64_t j = 0; j < columns[c]; j++) put_value(best[set], (moth_dtype)d, j, value_of(x, (moth_dtype)d, j));
                memset(sums[set], 0, sizeof sums[set]);
                (set ? plain : k)->extreme_columns[which](x, rows[r], columns[c], 104, best[set], row[set]);
                (set ? plain : k)->sum_columns(x, rows[r], columns[c], 104, sums[set]);
              }
              assert_memory_equal(best[0], best[1], (size_t)columns[c] * bytes_of((moth_dtype)d));
              assert_memory_equal(row[0], row[1], (size_t)columns[c] * bytes_of((moth_dtype)d));
              for (int64_t j = 0; j < columns[c]; j++) assert_true(sums[0][j] == sums[1][j] || (isnan(sums[0][j]) && isnan(sums[1][j])));
            }
          }
        }
      }
    }
  }
}

/* The same of integers: the first of equals; bytes to 255 rows. */
static void extremes_of_integers(void **state) {
  (void)state;
  enum { ROWS = 255, STRIDE = 150, VALUES = ROWS * STRIDE };
  static const int64_t rows[] = { 1, 7, 8, 9, 40, ROWS }, columns[] = { 1, 2, 7, 8, 31, 64, 65, 140 };
  static int64_t space[VALUES], best[2][STRIDE], row[2][STRIDE];
  for (int i = 0; i < 3; i++) {
    for (int bytes = 0; set_at(i) && bytes < 2; bytes++) {
      const integer_kernels *k = bytes ? &set_at(i)->of_u8 : &set_at(i)->of_i64;
      const integer_kernels *plain = bytes ? &kernels_reference()->of_u8 : &kernels_reference()->of_i64;
      size_t width = bytes ? 1 : 8;
      for (uint64_t seed = 0; seed < 12; seed++) {
        for (int64_t v = 0; v < VALUES; v++) {
          uint64_t mixed = ((uint64_t)v + 1000000 * seed) * 0x9e3779b97f4a7c15u;
          int64_t value = (int64_t)(seed % 3 == 0 ? mixed : mixed >> (56 + seed % 8));
          if (bytes) ((uint8_t *)space)[v] = (uint8_t)value;
          else space[v] = value;
        }
        for (int which = 0; which < 2; which++) {
          for (int64_t n = 1; n < 10000; n = n * 4 / 3 + 1) {
            int64_t at = -1, wanted = -1;
            const char *from = (const char *)space + (size_t)(n % 5) * width;
            assert_int_equal(k->extreme[which](from, n, &at), plain->extreme[which](from, n, &wanted));
            assert_int_equal(at, wanted);
            assert_int_equal(k->extreme[which](from, n, NULL), plain->extreme[which](from, n, NULL));
          }
          for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
              for (int set = 0; set < 2; set++) {
                memset(row[set], 0xff, sizeof row[set]);
                memcpy(best[set], space, sizeof best[set]);
                (set ? plain : k)->extreme_columns[which](space, rows[r], columns[c], STRIDE, best[set], row[set]);
              }
              assert_memory_equal(best[0], best[1], sizeof best[0]);
              assert_memory_equal(row[0], row[1], sizeof row[0]);
            }
          }
        }
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names), cmocka_unit_test(elementwise), cmocka_unit_test(sums), cmocka_unit_test(many_ones), cmocka_unit_test(pairwise),
    cmocka_unit_test(rows_and_columns), cmocka_unit_test(softmax_ends), cmocka_unit_test(updates), cmocka_unit_test(dropout_masks),
    cmocka_unit_test(bytes_to_reals), cmocka_unit_test(extremes), cmocka_unit_test(extremes_of_integers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
