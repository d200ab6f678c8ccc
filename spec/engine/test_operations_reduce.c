/* Reductions against plain loops over random shapes, axes and strides of every dtype, with and without NaN and infinities; and how exact
 * sums are. */
#include "tensors.h"

static const char *const names[] = { "sum",    "prod",   "mean", "var", "std",           "min",  "max",
                                     "argmin", "argmax", "any",  "all", "count_nonzero", "norm", "logsumexp" };
enum { SUM, PROD, MEAN, VAR, STD, MIN, MAX, ARGMIN, ARGMAX, ANY, ALL, COUNT, NORM, LOGSUMEXP, NAMES };

static void fill(moth_tensor *t, uint64_t seed, bool special) {
  static const double marked[] = { NAN, INFINITY, -INFINITY, -0.0, INFINITY };
  random_source source = { .seed = seed };
  double *u = malloc(sizeof *u * (size_t)(t->count + 1));
  random_uniform_f64(&source, u, t->count + 1, 0, 1);
  for (int64_t i = 0; i < t->count; i++) {
    double whole = floor(u[i] * 9) - 3, v = t->dtype == MOTH_U8 ? whole + 3 : t->dtype == MOTH_BOOL ? whole > -2 : whole;
    if (t->dtype == MOTH_F32 || t->dtype == MOTH_F64)
      v = special && (int64_t)(u[i] * 1e9) % 13 == 0 ? marked[i % (1 + (int64_t)seed % 5)] : u[i] * 4 - 1;
    dtype_store(t->dtype, v, t->values + i * (int64_t)dtype_size(t->dtype));
  }
  free(u);
}

/* What a reduction of these values gives; *position is that of an extreme. */
static long double reduce_plainly(int op, const double *v, int64_t n, int64_t *position) {
  long double sum = 0, product = 1, squares = 0, most = -INFINITY, exponentials = 0;
  int64_t nonzero = 0, at = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += v[i], product *= v[i], squares += (long double)v[i] * v[i], nonzero += v[i] != 0;
    most = v[i] > (double)most || isnan(v[i]) ? v[i] : most;
    bool less = op == MIN || op == ARGMIN;
    if (!isnan(v[at]) && (isnan(v[i]) || (less ? v[i] < v[at] : v[i] > v[at]))) at = i;
  }
  *position = at;
  long double mean = sum / n, deviations = 0;
  for (int64_t i = 0; i < n; i++) deviations += (v[i] - mean) * (v[i] - mean);
  for (int64_t i = 0; i < n; i++) exponentials += expl(isfinite((double)most) ? v[i] - most : v[i]);
  switch (op) {
  case SUM:
    return sum;
  case PROD:
    return product;
  case MEAN:
    return mean;
  case VAR:
    return n > 1 ? deviations / (n - 1) : NAN;
  case STD:
    return n > 1 ? sqrtl(deviations / (n - 1)) : NAN;
  case MIN:
  case MAX:
    return v[at];
  case ARGMIN:
  case ARGMAX:
    return at;
  case ANY:
    return nonzero > 0;
  case ALL:
    return nonzero == n;
  case COUNT:
    return nonzero;
  case NORM:
    return sqrtl(squares);
  default:
    return logl(exponentials) + (isfinite((double)most) ? most : 0);
  }
}

static void check(const char *name, const moth_tensor *t, double got, long double wanted, moth_dtype dtype) {
  double slack = dtype == MOTH_F32 ? 2e-7 : dtype == MOTH_F64 ? 1e-14 : 0;
  bool same = isnan((double)wanted) ? isnan(got) : got == (double)wanted || fabsl(got - wanted) <= slack * (1 + fabsl(wanted));
  if (!same) fail_msg("%s of %s is %.17g, expected %.17Lg", name, tensor_text(t).text, got, wanted);
}

/* One reduction of t over the axes in the mask, each result against a plain loop over its elements. */
static void check_reduction(moth *m, moth_tensor *t, int op, unsigned axes, bool keep) {
  int64_t list[4], gone = 1, kept = 1;
  size_t count = 0;
  for (int i = 0; i < t->rank; i++) {
    if (axes & 1u << i) list[count++] = i, gone *= t->size[i];
    else kept *= t->size[i];
  }
  moth_value input = tensors_value(t), results[MOTH_MAX_RESULTS];
  int given;
  assert_ok(m, tensors_try(m, names[op], &input, 1,
                           OPTIONS(MOTH_INTS("axis", count, list), MOTH_FLAG("keep", keep), MOTH_TEXT("real", "f64")), results, &given));
  moth_tensor *out = results[0].as.tensor;
  assert_int_equal(out->rank, keep ? t->rank : t->rank - (int)count);
  assert_int_equal(out->count, kept);
  assert_int_equal(given, (op == MIN || op == MAX) && count == 1 ? 2 : 1);
  double *values = malloc(sizeof *values * (size_t)(gone + 1));
  for (int64_t r = 0; r < kept; r++) {
    for (int64_t g = 0; g < gone; g++) {
      int64_t rest_kept = r, rest_gone = g, at = 0, step = 1;
      for (int i = t->rank - 1; i >= 0; i--) {
        int64_t *rest = axes & 1u << i ? &rest_gone : &rest_kept;
        at += *rest % t->size[i] * step;
        *rest /= t->size[i], step *= t->size[i];
      }
      values[g] = tensors_at(t, at);
    }
    int64_t position;
    long double wanted = reduce_plainly(op, values, gone, &position);
    if (op == ARGMIN || op == ARGMAX) wanted += m->index_base;
    check(names[op], t, tensors_at(out, r), wanted, out->dtype);
    if (given == 2) assert_int_equal((int64_t)tensors_at(results[1].as.tensor, r), position + m->index_base);
  }
  free(values);
  for (int i = 0; i < given; i++) moth_release(results[i].as.tensor);
}

static void test_reductions(void **state) {
  (void)state;
  static const int64_t shapes[][4] = { { 3, 4, 2, 5 },   { 70, 1, 3, 9 }, { 2, 130, 1, 20 },
                                       { 1, 2, 600, 1 }, { 9, 1, 1, 40 }, { 1, 1, 2, 1500 } };
  uint64_t seed = 0;
  for (int base = 0; base < 2; base++) {
    moth *m = support_open_with(NULL, (moth_config) { .index_base = base });
    for (int d = 0; d < MOTH_DTYPES; d++) {
      for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int layout = 0; layout < LAYOUTS; layout++, seed++) {
          moth_tensor *plain, *t;
          assert_ok(m, moth_tensor_create(m, (moth_dtype)d, 4, shapes[s], &plain));
          fill(plain, seed, seed % 2);
          assert_ok(m, tensors_lay_out(m, plain, layout, &t));
          for (int op = 0; op < NAMES; op++) {
            if (op == PROD && d == MOTH_I64) continue; /* wraps: below */
            check_reduction(m, t, op, 1 + (unsigned)(seed * 7 + (uint64_t)op * 5) % 15, seed % 4 == 0);
            check_reduction(m, t, op, 1u << (seed + (uint64_t)op) % 4, seed % 4 == 1);
          }
          moth_release(plain), moth_release(t);
        }
      }
    }
    moth_close(m);
  }
}

/* Every kernel set gives the same extremes. */
static void test_sets(void **state) {
  (void)state;
  static const char *const sets[] = { "portable", "avx2", "avx512" };
  for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
    moth_config config = { .size = sizeof config, .kernels = sets[s] };
    moth *m;
    if (moth_open(&config, &m) != MOTH_OK) continue;
    for (uint64_t seed = 0; seed < 30; seed++) {
      moth_tensor *plain, *t;
      assert_ok(
          m, moth_tensor_create(m, (moth_dtype)(seed % 2), SHAPE(1 + (int64_t)(seed * seed) % 41, 5 + (int64_t)(seed * 37) % 90), &plain));
      fill(plain, seed, seed % 4 > 1);
      assert_ok(m, tensors_lay_out(m, plain, (int)(seed % LAYOUTS), &t));
      for (int op = 0; op < NAMES; op++) {
        for (unsigned axes = 1; axes < 4; axes++) check_reduction(m, t, op, axes, false);
      }
      moth_release(plain), moth_release(t);
    }
    moth_close(m);
  }
}

/* The nearest f32 to n times the f32 next to 0.1. */
static float tenths(int64_t n) { return (float)((double)n * (double)0.1f); }

static void test_exact_sums(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *ones = tensors_run(m, "ones", NULL, 0, OPTIONS(MOTH_INT(NULL, 20000000))).as.tensor, *one, *many, *t, *shaped;
  assert_true(tensors_number(m, "sum", ones, NULL) == 20000000);
  assert_true(tensors_number(m, "mean", ones, NULL) == 1);
  moth_release(ones);
  one = tensors_make(m, MOTH_F32, SHAPE(1), NUMBERS(0.1f));
  assert_ok(m, moth_tensor_expand(m, one, SHAPE(10000000), &many));
  assert_true((float)tensors_number(m, "sum", many, NULL) == tenths(10000000)); /* stride 0 */
  t = tensors_of(m, "clone", many, NULL);
  assert_true((float)tensors_number(m, "sum", t, NULL) == tenths(10000000));
  moth_release(many);
  static const int64_t shapes[][2] = { { 10, 1000000 }, { 1000000, 10 }, { 2500000, 4 }, { 1000, 10000 }, { 5000000, 2 } };
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    for (int transposed = 0; transposed < 2; transposed++) {
      assert_ok(m, moth_tensor_view(m, t, 2, shapes[s], &shaped));
      if (transposed) {
        moth_tensor *turned = tensors_of(m, "t", shaped, NULL);
        moth_release(shaped);
        shaped = turned;
      }
      for (int axis = 0; axis < 2; axis++) {
        moth_tensor *sums = tensors_of(m, "sum", shaped, OPTIONS(MOTH_INT(NULL, axis)));
        for (int64_t i = 0; i < sums->count; i += 1 + sums->count / 50) assert_true(tensors_at(sums, i) == tenths(shaped->size[axis]));
        moth_release(sums);
      }
      assert_true((float)tensors_number(m, "sum", shaped, NULL) == tenths(10000000));
      assert_true(fabs(tensors_number(m, "mean", shaped, NULL) - (double)0.1f) < 1e-16);
      assert_true(tensors_number(m, "var", shaped, NULL) < 1e-30);
      moth_release(shaped);
    }
  }
  moth_release(t), moth_release(one);
  moth_close(m);
}

/* f64 sums are as near as a pairwise sum, along either axis, whatever cancels. */
static void test_f64_sums(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  int64_t n = 400000;
  for (int layout = 0; layout < 2; layout++) {
    moth_tensor *t, *view;
    assert_ok(m, moth_tensor_create(m, MOTH_F64, SHAPE(n, 9), &t));
    random_source source = { .seed = 3 };
    random_uniform_f64(&source, (double *)t->values, t->count, -1, 1);
    long double wanted[9] = { 0 }, size[9] = { 0 }, all = 0;
    for (int64_t i = 0; i < t->count; i++) {
      double *v = (double *)t->values + i;
      if (i % 1001 == 0) *v *= 1e9;
      wanted[i % 9] += *v, size[i % 9] += fabs(*v), all += *v;
    }
    view = layout ? tensors_of(m, "t", t, NULL) : moth_retain(t);
    moth_tensor *sums = tensors_of(m, "sum", view, OPTIONS(MOTH_INT(NULL, layout)));
    for (int64_t j = 0; j < 9; j++) assert_true(fabsl(tensors_at(sums, j) - wanted[j]) <= 1e-16L * size[j]);
    assert_true(fabsl(tensors_number(m, "sum", view, NULL) - all) <= 9e-16L * size[0]);
    moth_release(sums), moth_release(view), moth_release(t);
  }
  moth_close(m);
}

static void test_ends(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = tensors_make(m, MOTH_F32, SHAPE(3), NUMBERS(1000, 1000, -INFINITY));
  assert_true(fabs(tensors_number(m, "logsumexp", t, NULL) - 1000.6931471805599) < 1e-10);
  moth_release(t);
  t = tensors_make(m, MOTH_F64, SHAPE(2, 2), NUMBERS(-INFINITY, -INFINITY, INFINITY, 3));
  assert_tensor(tensors_of(m, "logsumexp", t, OPTIONS(MOTH_INT(NULL, 1))), "f64[2]", -INFINITY, INFINITY);
  moth_release(t);
  t = tensors_make(m, MOTH_I64, SHAPE(2), NUMBERS(3, 3));
  assert_true(fabs(tensors_number(m, "logsumexp", t, NULL) - 3.6931471805599454) < 1e-14);
  moth_release(t);
  int64_t large[] = { INT64_MAX, 2, INT64_MIN };
  assert_ok(m, moth_tensor_copy_in(m, MOTH_I64, SHAPE(3), large, &t));
  moth_value input = tensors_value(t), results[MOTH_MAX_RESULTS];
  assert_int_equal(tensors_run(m, "sum", &input, 1, NULL).as.integer, 1); /* around beyond 2^63 */
  assert_int_equal(tensors_run(m, "max", &input, 1, NULL).as.integer, INT64_MAX);
  assert_int_equal(tensors_run(m, "argmin", &input, 1, NULL).as.integer, 2);
  moth_release(t);
  assert_ok(m, moth_tensor_create(m, MOTH_F32, SHAPE(3, 0), &t));
  int count;
  input = tensors_value(t);
  assert_true(tensors_number(m, "logsumexp", t, NULL) == -INFINITY);
  assert_tensor(tensors_of(m, "logsumexp", t, OPTIONS(MOTH_INT(NULL, 1))), "f32[3]", -INFINITY, -INFINITY, -INFINITY);
  assert_tensor(tensors_of(m, "sum", t, OPTIONS(MOTH_INT(NULL, 1))), "f32[3]", 0, 0, 0);
  assert_fails(m, tensors_try(m, "min", &input, 1, OPTIONS(MOTH_INT(NULL, 1)), results, &count), MOTH_SHAPE,
               "min: axis 1 of f32[3,0] is empty");
  assert_fails(m, tensors_try(m, "argmax", &input, 1, NULL, results, &count), MOTH_SHAPE, "argmax: f32[3,0] is empty");
  moth_release(t);
  t = tensors_make(m, MOTH_F64, 0, NULL, NUMBERS(-2));
  assert_true(tensors_number(m, "max", t, NULL) == -2 && tensors_number(m, "sum", t, NULL) == -2 &&
              tensors_number(m, "norm", t, NULL) == 2);
  moth_release(t);
  t = tensors_make(m, MOTH_F32, SHAPE(2), NUMBERS(3e38, 3e38)); /* beyond f32, not beyond f64 */
  assert_tensor(tensors_of(m, "sum", t, OPTIONS(MOTH_INT(NULL, 0))), "f32[]", INFINITY);
  assert_true(isfinite(tensors_number(m, "sum", t, NULL)));
  moth_release(t);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_reductions), cmocka_unit_test(test_sets), cmocka_unit_test(test_exact_sums),
    cmocka_unit_test(test_f64_sums),   cmocka_unit_test(test_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
