/* Distinct values, places between others, running sums and counts, each against a plain loop over random values of every dtype with ties,
 * -0, infinities and NaN, through all strides. */
#include "ordered.h"

static void test_unique(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < MOTH_DTYPES; d++) {
    for (uint64_t seed = 0; seed < 12; seed++) {
      moth_tensor *plain, *t;
      assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(1 + (int64_t)seed * 13, 3), &plain));
      fill(plain, seed);
      assert_ok(m, tensors_lay_out(m, plain, (int)(seed % LAYOUTS), &t));
      ordered o = order(m, "unique", t, NULL); /* values, counts */
      int64_t total = 0;
      for (int64_t i = 0; i < o.values->count; i++) {
        long double v = exact(o.values, i);
        int64_t wanted = 0;
        for (int64_t j = 0; j < t->count; j++) wanted += exact(t, j) == v || (v != v && exact(t, j) != exact(t, j));
        assert_int_equal(((const int64_t *)(const void *)o.positions->values)[i], wanted);
        total += wanted;
        if (i > 0) assert_true(v > exact(o.values, i - 1) || v != v);
      }
      assert_int_equal(total, t->count);
      ordered_free(&o);
      moth_release(plain), moth_release(t);
    }
  }
  moth_close(m);
}

static void test_searchsorted(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  for (int d = 0; d < MOTH_DTYPES; d++) {
    for (int e = 0; e < MOTH_DTYPES; e++) {
      for (uint64_t seed = 0; seed < 9; seed++) {
        moth_tensor *x, *v, *strided;
        assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE((int64_t)seed * 7), &x));
        fill(x, seed);
        ordered o = order(m, "sort", x, NULL);
        assert_ok(m, moth_tensor_create(m, (moth_dtype)e, SHAPE(4, 5), &v));
        fill(v, seed * 4);
        assert_ok(m, tensors_lay_out(m, v, (int)(seed % LAYOUTS), &strided));
        for (int right = 0; right < 2; right++) {
          moth_tensor *at =
              tensors_of_two(m, "searchsorted", tensors_value(o.values), tensors_value(strided), OPTIONS(MOTH_FLAG("right", right)));
          for (int64_t i = 0; i < v->count; i++) {
            long double value = exact(v, i);
            int64_t wanted = 1;
            for (int64_t j = 0; j < x->count; j++) {
              long double here = exact(o.values, j);
              bool less = here < value || (value != value && here == here), same = here == value || (here != here && value != value);
              wanted += less || (right && same);
            }
            assert_int_equal(((const int64_t *)(const void *)at->values)[i], wanted);
            if (e != MOTH_F64) continue;
            moth_value pair[] = { tensors_value(o.values), tensors_real((double)value) };
            moth_value one = tensors_run(m, "searchsorted", pair, 2, OPTIONS(MOTH_FLAG("right", right)));
            assert_int_equal(one.kind, MOTH_INT_VALUE);
            assert_int_equal(one.as.integer, wanted);
          }
          moth_release(at);
        }
        ordered_free(&o);
        moth_release(x), moth_release(v), moth_release(strided);
      }
    }
  }
  moth_close(m);
}

static void test_running(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < MOTH_DTYPES; d++) {
    for (int layout = 0; layout < LAYOUTS; layout++) {
      moth_tensor *plain, *t;
      assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(3, 40), &plain));
      for (int64_t i = 0; i < plain->count; i++) {
        dtype_store((moth_dtype)d, d == MOTH_BOOL ? i % 7 > 0 : (double)(i % 5) * (d < 2 ? 0.3 : 1) + 1,
                    plain->values + i * (int64_t)dtype_size((moth_dtype)d));
      }
      assert_ok(m, tensors_lay_out(m, plain, layout, &t));
      for (int axis = 0; axis < 2; axis++) {
        moth_tensor *sums = tensors_of(m, "cumsum", t, OPTIONS(MOTH_INT(NULL, axis)));
        moth_tensor *products = tensors_of(m, "cumprod", t, OPTIONS(MOTH_INT(NULL, axis)));
        assert_int_equal(products->dtype, d < 2 ? d : MOTH_I64);
        for (int64_t i = 0; i < t->count; i++) {
          int64_t at = axis ? i % 40 : i / 40, step = axis ? 1 : 40;
          double sum = 0, product = 1;
          uint64_t wrapped = 1;
          for (int64_t j = at; j >= 0; j--) {
            double v = tensors_at(t, i - j * step);
            sum += v, product *= v, wrapped *= (uint64_t)v;
          }
          check_near(sums, i, sum, "cumsum");
          if (d < 2) check_near(products, i, product, "cumprod");
          else assert_true(*(const uint64_t *)(const void *)tensors_address(products, i) == wrapped);
        }
        moth_release(sums), moth_release(products);
      }
      moth_release(plain), moth_release(t);
    }
  }
  moth_close(m);
}

static void test_counts(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_tensor *t = tensors_make(m, MOTH_I64, SHAPE(2, 3), NUMBERS(1, 3, 3, 2, 3, 1));
  moth_value input = tensors_value(t), results[MOTH_MAX_RESULTS];
  int count;
  assert_tensor(tensors_of(m, "bincount", t, NULL), "i64[3]", 2, 1, 3);
  assert_tensor(tensors_of(m, "bincount", t, OPTIONS(MOTH_INT(NULL, 5))), "i64[5]", 2, 1, 3, 0, 0);
  assert_fails(m, tensors_try(m, "bincount", &input, 1, OPTIONS(MOTH_INT(NULL, 2)), results, &count), MOTH_INDEX,
               "bincount: value 3 in element 2 of i64[2,3]; classes count from 1 to 2");
  moth_release(t);
  t = tensors_make(m, MOTH_F32, SHAPE(3), NUMBERS(1, 2.5, 0));
  input = tensors_value(t);
  assert_fails(m, tensors_try(m, "bincount", &input, 1, NULL, results, &count), MOTH_INDEX,
               "bincount: value 2.5 in element 2 of f32[3]; classes count from 1");
  moth_release(t);
  t = tensors_make(m, MOTH_U8, SHAPE(2), NUMBERS(1, 0));
  input = tensors_value(t);
  assert_fails(m, tensors_try(m, "bincount", &input, 1, NULL, results, &count), MOTH_INDEX,
               "bincount: value 0 in element 2 of u8[2]; classes count from 1");
  moth_release(t);
  moth *c = support_open(NULL);
  t = tensors_make(c, MOTH_U8, SHAPE(4), NUMBERS(0, 3, 0, 1));
  assert_tensor(tensors_of(c, "bincount", t, NULL), "i64[4]", 2, 1, 0, 1);
  moth_release(t);
  moth_close(c);
  moth_close(m);
}

/* Bins hold their lower edges, the last its upper one too. */
static void test_histogram(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_value results[MOTH_MAX_RESULTS];
  int count;
  for (int d = 0; d < MOTH_DTYPES; d++) {
    for (uint64_t seed = 0; seed < 9; seed++) {
      moth_tensor *plain, *t;
      assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(300, 3), &plain));
      fill(plain, seed);
      assert_ok(m, tensors_lay_out(m, plain, (int)(seed % LAYOUTS), &t));
      moth_value input = tensors_value(t);
      bool given = (d < 2 && seed % 3 > 0) || seed % 2;
      int64_t n = 1 + (int64_t)seed * 4;
      const moth_option *with = OPTIONS(MOTH_INT(NULL, n), MOTH_REAL(NULL, -0.7), MOTH_REAL(NULL, 11.1)),
                        *without = OPTIONS(MOTH_INT(NULL, n));
      assert_ok(m, tensors_try(m, "histogram", &input, 1, given ? with : without, results, &count));
      moth_tensor *counts = results[0].as.tensor, *edges = results[1].as.tensor;
      assert_int_equal(edges->count, n + 1);
      int64_t total = 0;
      for (int64_t i = 0; i < n; i++) {
        int64_t wanted = 0;
        for (int64_t j = 0; j < t->count; j++) {
          double v = tensors_at(t, j);
          wanted += v >= tensors_at(edges, i) && (i == n - 1 ? v <= tensors_at(edges, n) : v < tensors_at(edges, i + 1));
        }
        assert_int_equal(((const int64_t *)(const void *)counts->values)[i], wanted);
        total += wanted;
      }
      if (!given) assert_int_equal(total, t->count);
      moth_release(counts), moth_release(edges), moth_release(plain), moth_release(t);
    }
  }
  moth_tensor *t = tensors_make(m, MOTH_F64, SHAPE(4), NUMBERS(1, 2, 2, 4));
  moth_value input = tensors_value(t);
  assert_ok(m, tensors_try(m, "histogram", &input, 1, OPTIONS(MOTH_INT(NULL, 3)), results, &count));
  assert_tensor(results[0].as.tensor, "i64[3]", 1, 2, 1);
  assert_tensor(results[1].as.tensor, "f64[4]", 1, 2, 3, 4);
  assert_fails(m, tensors_try(m, "histogram", &input, 1, OPTIONS(MOTH_REAL("low", 2)), results, &count), MOTH_OPTION,
               "histogram: low and high go together, got only one");
  assert_fails(m, tensors_try(m, "histogram", &input, 1, OPTIONS(MOTH_REAL("low", 2), MOTH_REAL("high", 1)), results, &count), MOTH_OPTION,
               "histogram: low must be <= high, both finite and not too far apart, got 2 and 1");
  assert_fails(m, tensors_try(m, "histogram", &input, 1, OPTIONS(MOTH_REAL("low", 1e300), MOTH_REAL("high", 1e300)), results, &count),
               MOTH_DATA, "histogram: 10 bins are too many between 1e+300 and 1e+300: their edges fall together");
  moth_release(t);
  t = tensors_make(m, MOTH_F32, SHAPE(2), NUMBERS(1, NAN));
  input = tensors_value(t);
  assert_fails(
      m, tensors_try(m, "histogram", &input, 1, NULL, results, &count), MOTH_DATA,
      "histogram: f32[2] goes from nan to nan, which no bins can cover\n  low and high, given, leave out what lies outside and nan");
  moth_release(t);
  assert_ok(m, moth_tensor_create(m, MOTH_F32, SHAPE(0), &t));
  input = tensors_value(t);
  assert_ok(m, tensors_try(m, "histogram", &input, 1, OPTIONS(MOTH_INT(NULL, 2)), results, &count));
  assert_tensor(results[0].as.tensor, "i64[2]", 0, 0);
  assert_tensor(results[1].as.tensor, "f32[3]", 0, 0.5, 1);
  moth_release(t);
  moth_close(m);
}

/* So near to each other that bins per unit are beyond what a float can be: the edges are the bins' own. */
static void test_close_edges(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_value results[MOTH_MAX_RESULTS];
  int count;
  moth_tensor *t = tensors_make(m, MOTH_F64, SHAPE(6), NUMBERS(0, 0x1p-1074, 0x1p-1074, 0x3p-1074, 0x4p-1074, 0x4p-1074));
  moth_value input = tensors_value(t);
  assert_ok(m, tensors_try(m, "histogram", &input, 1, OPTIONS(MOTH_INT(NULL, 4)), results, &count));
  assert_tensor(results[0].as.tensor, "i64[4]", 1, 2, 0, 3);
  moth_release(results[1].as.tensor), moth_release(t);
  t = tensors_make(m, MOTH_F64, SHAPE(4), NUMBERS(1e-308, 2e-308, 3e-308, 9e-308));
  input = tensors_value(t);
  assert_ok(m, tensors_try(m, "histogram", &input, 1, OPTIONS(MOTH_INT(NULL, 20), MOTH_REAL(NULL, 0), MOTH_REAL(NULL, 1e-307)), results,
                           &count));
  assert_tensor(results[0].as.tensor, "i64[20]", 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
  moth_release(results[1].as.tensor), moth_release(t);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_unique),
    cmocka_unit_test(test_searchsorted),
    cmocka_unit_test(test_running),
    cmocka_unit_test(test_counts),
    cmocka_unit_test(test_histogram),
    cmocka_unit_test(test_close_edges),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
