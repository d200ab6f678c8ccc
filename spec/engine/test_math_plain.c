/* The plain loops of every kernel set (math/plain.inc) against those of the reference, bit for bit, over dtypes, odd sizes and unaligned
 * pointers, and each element against itself computed alone; and results so large that other loops make them. */
#include "math_support.h"

enum { MOST_BYTES = 8 * (LONGEST + GUARD) };
typedef struct samples { _Alignas(64) char a[MOST_BYTES], b[MOST_BYTES], c[MOST_BYTES], want[MOST_BYTES], got[MOST_BYTES]; } samples;

static size_t width_of(moth_dtype dtype) { return dtype == MOTH_F32 ? 4 : dtype == MOTH_F64 || dtype == MOTH_I64 ? 8 : 1; }

/* Numbers of all kinds; as integers the ends of their range, neighbours and small ones. */
static void fill(char *to, moth_dtype dtype, uint64_t seed) {
  if (dtype <= MOTH_F64) {
    fill_values(to, dtype, LONGEST, seed, 50, true);
    return;
  }
  random_source source = { .seed = seed };
  double u[LONGEST];
  random_uniform_f64(&source, u, LONGEST, 0, 1);
  for (int i = 0; i < LONGEST; i++) {
    static const int64_t ends[] = { INT64_MIN, INT64_MAX, INT64_MIN + 1, -1, 0, 1, 255, 128 };
    int64_t value = i % 5 == 2 ? ends[i / 5 % 8] : (int64_t)(u[i] * 20) - 10;
    if (dtype == MOTH_I64) memcpy(to + 8 * i, &value, 8);
    else to[i] = (char)(dtype == MOTH_U8 ? value : value & 1);
  }
}

typedef struct work { /* one function of one table: of one operand, of two, with limits, or a choice by c */
  const char *kind;
  int index;
  moth_dtype dtype;
  loops_unary_function unary;
  loops_binary_function binary;
  loops_clamp_function clamp;
  loops_choose_function choose;
  size_t out; /* bytes of a result */
} work;

static void run(const work *w, const samples *s, int64_t from, int64_t n, char *to) {
  size_t e = width_of(w->dtype);
  const char *a = s->a + from * (int64_t)e, *b = s->b + from * (int64_t)e;
  char *y = to + from * (int64_t)w->out;
  if (w->unary) w->unary(a, y, n);
  else if (w->binary) w->binary(a, b, y, n);
  else if (w->clamp) w->clamp(a, y, n, s->b + 3 * e, s->b + 4 * e);
  else w->choose((const uint8_t *)s->c + from, a, b, y, n);
}

static void check(const char *set, const work *w, const work *plain) {
  static samples s;
  memset(&s, 0x55, sizeof s);
  fill(s.a, w->dtype, 1);
  fill(s.b, w->dtype, 2);
  fill(s.c, MOTH_BOOL, 3);
  memset(s.want, 0x55, sizeof s.want);
  run(plain, &s, 0, LONGEST, s.want);
  for (int i = 0; i < SIZES; i++) {
    int64_t n = sizes[i], from = (LONGEST - n) / 2;
    memset(s.got, 0x55, sizeof s.got);
    run(w, &s, from, n, s.got);
    size_t start = (size_t)from * w->out, end = start + (size_t)n * w->out;
    if (memcmp(s.got + start, s.want + start, end - start)) {
      fail_msg("%s %s %d dtype %d: %lld have other bits", set, w->kind, w->index, w->dtype, (long long)n);
    }
    for (size_t j = 0; j < sizeof s.got; j++) {
      if ((j < start || j >= end) && s.got[j] != 0x55) fail_msg("%s %s %d dtype %d: writes beside", set, w->kind, w->index, w->dtype);
    }
  }
  for (int64_t i = 0; i < LONGEST; i++) run(w, &s, i, 1, s.got);
  assert_memory_equal(s.got, s.want, LONGEST * w->out);
  if (w->out != width_of(w->dtype) || w->choose) return;
  memcpy(s.got, s.a, sizeof s.got); /* in place */
  if (w->unary) w->unary(s.got, s.got, LONGEST);
  else if (w->binary) w->binary(s.got, s.b, s.got, LONGEST);
  else w->clamp(s.got, s.got, LONGEST, s.b + 3 * width_of(w->dtype), s.b + 4 * width_of(w->dtype));
  assert_memory_equal(s.got, s.want, LONGEST * w->out);
}

/* The function of one table of a set; false where the dtype has none. */
static bool take(const plain_loops *p, int table, int index, moth_dtype dtype, work *w) {
  *w = (work){ .index = index, .dtype = dtype, .out = table == 1 || table == 3 ? 1 : width_of(dtype) };
  switch (table) {
    case 0: return w->kind = "unary", (w->unary = p->unary[index][dtype]) != NULL;
    case 1: return w->kind = "predicate", (w->unary = p->predicate[index][dtype]) != NULL;
    case 2: return w->kind = "binary", (w->binary = p->binary[index][dtype]) != NULL;
    case 3: return w->kind = "compare", (w->binary = p->compare[index][dtype]) != NULL;
    case 4: return w->kind = "clamp", (w->clamp = p->clamp[dtype]) != NULL;
    default: return w->kind = "choose", (w->choose = p->choose[w->out == 1 ? 0 : w->out == 4 ? 1 : 2]) != NULL;
  }
}

static void every_loop(void **state) {
  static const int counts[] = { LOOPS_UNARY, LOOPS_PREDICATES, LOOPS_BINARY, LOOPS_COMPARES, 1, 1 };
  int checked = 0;
  for (int i = 0; i < 3; i++) {
    const kernels *set = set_at(i);
    for (int table = 0; set && table < 6; table++) {
      for (int index = 0; index < counts[table]; index++) {
        for (int dtype = 0; dtype < MOTH_DTYPES; dtype++) {
          work w, plain;
          bool has = take(set->plain, table, index, (moth_dtype)dtype, &w);
          assert_int_equal(has, take(kernels_reference()->plain, table, index, (moth_dtype)dtype, &plain));
          if (has) check(set->name, &w, &plain), checked++;
        }
      }
    }
  }
  assert_true(checked > 100);
  (void)state;
}

/* Conversions against the casts of loops.h, which go by strides. */
static void every_conversion(void **state) {
  static samples s;
  for (int from = 0; from < MOTH_DTYPES; from++) {
    for (int i = 0; i < LONGEST; i++) {
      double value = from == MOTH_BOOL ? i % 3 == 0 : from >= MOTH_I64 ? i * 7 % 251 : i % 5 == 0 ? 0 : i * 0.37 - (from == MOTH_F32);
      if (from < MOTH_I64) put_value(s.a, (moth_dtype)from, i, value > 200 ? 200.75 : value < 0 ? 0 : value);
      else if (from == MOTH_I64) memcpy(s.a + 8 * i, &(int64_t){ (int64_t)value }, 8);
      else s.a[i] = (char)(int)value;
    }
    for (int to = 0; to < MOTH_DTYPES; to++) {
      int64_t x_width = (int64_t)width_of((moth_dtype)from), y_width = (int64_t)width_of((moth_dtype)to);
      for (int set = -1; set < 3; set++) {
        const kernels *k = set < 0 ? kernels_reference() : set_at(set);
        for (int i = 0; k && i < SIZES; i++) {
          memset(s.want, 0x55, sizeof s.want), memset(s.got, 0x55, sizeof s.got);
          /* Backwards, so that the cast goes one by one. */
          int64_t n = sizes[i], last = n > 0 ? n - 1 : 0;
          loops_cast((moth_dtype)from, (moth_dtype)to)(s.a + last * x_width, -x_width, s.want + last * y_width, -y_width, n);
          k->plain->convert[from][to](s.a, s.got, n);
          if (memcmp(s.got, s.want, sizeof s.got)) fail_msg("%s: %lld from dtype %d to %d", k->name, (long long)n, from, to);
        }
      }
    }
  }
  (void)state;
}

/* Values without a place are found wherever they stand, and no others. */
static void misfits(void **state) {
  static double x[LONGEST];
  for (int i = 0; i < LONGEST; i++) x[i] = i % 2 ? -0x1p63 : 3.5;
  loops_misfit_function look = loops_misfit(MOTH_F64, MOTH_I64), bytes = loops_misfit(MOTH_F64, MOTH_U8);
  assert_int_equal(look(x, 8, LONGEST), LONGEST);
  assert_int_equal(bytes(x, 16, LONGEST / 2), LONGEST / 2);
  assert_int_equal(bytes(x, 8, LONGEST), 1);
  for (int i = 0; i < LONGEST; i++) {
    double kept = x[i];
    x[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? 0x1p63 : -INFINITY;
    assert_int_equal(look(x, 8, LONGEST), i);
    assert_int_equal(look(x + LONGEST - 1, -8, LONGEST), LONGEST - 1 - i);
    x[i] = kept;
  }
  (void)state;
}

/* A few whose answers are known, of the reference and so of all. */
static void known_answers(void **state) {
  const plain_loops *p = kernels_reference()->plain;
  const double x[] = { -2.5, -0.0, 0.5, 1.5, NAN, INFINITY }, low = -1, high = 1;
  static const struct { enum loops_unary op; double want[6]; } rows[] = {
    { LOOPS_SIGN, { -1, -0.0, 1, 1, NAN, 1 } },     { LOOPS_FLOOR, { -3, -0.0, 0, 1, NAN, INFINITY } },
    { LOOPS_CEIL, { -2, -0.0, 1, 2, NAN, INFINITY } }, { LOOPS_ROUND, { -2, -0.0, 0, 2, NAN, INFINITY } },
    { LOOPS_TRUNC, { -2, -0.0, 0, 1, NAN, INFINITY } }, { LOOPS_RELU, { 0, -0.0, 0.5, 1.5, NAN, INFINITY } },
    { LOOPS_RECIPROCAL, { -0.4, -INFINITY, 2, 1 / 1.5, NAN, 0 } },
  };
  double y[6];
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    p->unary[rows[r].op][MOTH_F64](x, y, 6);
    for (int i = 0; i < 6; i++) {
      bool same = isnan(rows[r].want[i]) ? isnan(y[i]) : y[i] == rows[r].want[i] && signbit(y[i]) == signbit(rows[r].want[i]);
      if (!same) fail_msg("unary %d of %g is %g, expected %g", rows[r].op, x[i], y[i], rows[r].want[i]);
    }
  }
  p->clamp[MOTH_F64](x, y, 6, &low, &high);
  assert_true(y[0] == -1 && y[1] == 0 && y[3] == 1 && isnan(y[4]) && y[5] == 1);
  const int64_t a[] = { INT64_MIN, -3, 0, 7 };
  int64_t z[4];
  p->unary[LOOPS_ABS][MOTH_I64](a, z, 4);
  assert_true(z[0] == INT64_MIN && z[1] == 3 && z[2] == 0 && z[3] == 7); /* wraps */
  p->unary[LOOPS_SIGN][MOTH_I64](a, z, 4);
  assert_true(z[0] == -1 && z[1] == -1 && z[2] == 0 && z[3] == 1);
  uint8_t flags[6];
  p->compare[LOOPS_NE][MOTH_F64](x, x, flags, 6);
  assert_true(!flags[0] && flags[4] && !flags[5]);
  p->predicate[LOOPS_ISFINITE][MOTH_F64](x, flags, 6);
  assert_true(flags[0] && !flags[4] && !flags[5]);
  (void)state;
}

/* Sizes beyond each cache, where arithmetic goes through half vectors or past the caches: the bits of small pieces. */
static void large_results(void **state) {
  static const int64_t counts[] = { 70003, 1500007 };
  for (int d = MOTH_F32; d <= MOTH_F64; d++) {
    moth_dtype dtype = (moth_dtype)d;
    size_t e = bytes_of(dtype), room = (size_t)counts[1] * e;
    char *a = aligned_alloc(64, room / 64 * 64 + 64), *b = malloc(room), *y = aligned_alloc(64, room / 64 * 64 + 64), *want = malloc(room);
    assert_true(a && b && y && want);
    fill_values(a, dtype, counts[1], 1, 30, true);
    fill_values(b, dtype, counts[1], 2, 30, false);
    for (int s = 0; s < 3; s++) {
      const real_kernels *k = set_at(s) ? &set_at(s)->of[d] : NULL;
      for (int op = 0; k && op < BINARY_KERNELS; op++) {
        for (int c = 0; c < 2; c++) {
          int64_t n = counts[c];
          for (int64_t i = 0; i < n; i += 1000) {
            size_t at = (size_t)i * e;
            k->binary[op](a + at, b + at, want + at, n - i < 1000 ? n - i : 1000);
          }
          k->binary[op](a, b, y, n);
          assert_memory_equal(y, want, (size_t)n * e);
          memcpy(y, a, (size_t)n * e);
          k->binary[op](y, b, y, n);
          assert_memory_equal(y, want, (size_t)n * e);
          for (int64_t i = 0; i < n; i += 1000) {
            size_t at = (size_t)i * e;
            k->binary_number[op](a + at, 3, want + at, n - i < 1000 ? n - i : 1000, c);
          }
          k->binary_number[op](a, 3, y, n, c);
          assert_memory_equal(y, want, (size_t)n * e);
        }
      }
    }
    free(a), free(b), free(y), free(want);
  }
  (void)state;
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(every_loop), cmocka_unit_test(every_conversion), cmocka_unit_test(misfits),
                                      cmocka_unit_test(known_answers), cmocka_unit_test(large_results) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
