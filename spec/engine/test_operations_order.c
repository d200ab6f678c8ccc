/* Order: sorting, the first few, ranks and quantiles, each against a plain loop over random lanes of every dtype with ties, -0, infinities
 * and NaN, short and long, along either axis and through all strides. */
#include "ordered.h"

#include <pthread.h>
#include <time.h>

/* The order of one lane, by insertion into what is sorted: stable, NaN last. */
typedef struct lane {
  int64_t n, first, step; /* in row-major numbers */
  int64_t order[1000];
} lane;
static void sort_lane_plainly(const moth_tensor *t, lane *l, bool descending) {
  for (int64_t i = 0; i < l->n; i++) {
    long double v = exact(t, l->first + i * l->step);
    int64_t at = i;
    for (; at > 0; at--) {
      long double before = exact(t, l->first + l->order[at - 1] * l->step);
      bool passes = v == v && (before != before || (descending ? v > before : v < before));
      if (!passes) break;
      l->order[at] = l->order[at - 1];
    }
    l->order[at] = i;
  }
}

/* Calls check for each lane of t along the axis; `number` counts them row-major. */
typedef void (*check_lane)(moth *m, const moth_tensor *t, const lane *l, int64_t number, void *data);
static void each_lane(moth *m, const moth_tensor *t, int axis, bool descending, check_lane check, void *data) {
  static lane l;
  int64_t inner = 1, outer = 1;
  for (int i = axis + 1; i < t->rank; i++) inner *= t->size[i];
  for (int i = 0; i < axis; i++) outer *= t->size[i];
  l.n = t->size[axis], l.step = inner;
  for (int64_t i = 0; i < outer * inner; i++) {
    l.first = i / inner * inner * l.n + i % inner;
    sort_lane_plainly(t, &l, descending);
    check(m, t, &l, i, data);
  }
}

static void check_order(moth *m, const moth_tensor *t, const lane *l, int64_t number, void *data) {
  const ordered *o = data;
  int64_t first = number / l->step * l->step * o->count + number % l->step;
  for (int64_t i = 0; i < o->count; i++) {
    int64_t at = first + i * l->step, wanted = l->order[i];
    int64_t got = *(const int64_t *)(const void *)tensors_address(o->positions, at) - m->index_base;
    if (got != wanted)
      fail_msg("%s: place %lld holds %lld, expected %lld", tensor_text(t).text, (long long)i, (long long)got, (long long)wanted);
    if (o->values == NULL) continue;
    assert_memory_equal(tensors_address(o->values, at), tensors_address(t, l->first + wanted * l->step), dtype_size(t->dtype));
  }
}

static void check_all_orders(moth *m, moth_tensor *t, int axis) {
  int64_t n = t->size[axis];
  for (int descending = 0; descending < 2; descending++) {
    ordered sorted = order(m, "sort", t, OPTIONS(MOTH_INT("axis", axis), MOTH_FLAG("descending", descending)));
    sorted.count = n;
    each_lane(m, t, axis, descending, check_order, &sorted);
    ordered_free(&sorted);
    ordered positions = order(m, "argsort", t, OPTIONS(MOTH_INT("axis", axis), MOTH_FLAG("descending", descending)));
    positions.count = n;
    each_lane(m, t, axis, descending, check_order, &positions);
    ordered_free(&positions);
    for (int64_t k = 0; k <= n; k = k * 3 + 1) {
      ordered top = order(m, "topk", t, OPTIONS(MOTH_INT("k", k), MOTH_INT("axis", axis), MOTH_FLAG("largest", descending)));
      top.count = k;
      assert_int_equal(top.values->size[axis], k);
      each_lane(m, t, axis, descending, check_order, &top);
      ordered_free(&top);
    }
  }
}

typedef struct rank_of {
  moth_tensor *values, *positions;
  int64_t k;
} rank_of;
static void check_rank(moth *m, const moth_tensor *t, const lane *l, int64_t number, void *data) {
  const rank_of *r = data;
  int64_t wanted = l->order[r->k - 1];
  assert_int_equal(*(const int64_t *)(const void *)tensors_address(r->positions, number) - m->index_base, wanted);
  assert_memory_equal(tensors_address(r->values, number), tensors_address(t, l->first + wanted * l->step), dtype_size(t->dtype));
}

/* NumPy's linear interpolation, and the mean of the middle values. */
typedef struct quantiles {
  moth_tensor *median, *several;
  const double *q;
  int64_t count, lanes;
} quantiles;
static void check_quantiles(moth *m, const moth_tensor *t, const lane *l, int64_t number, void *data) {
  (void)m;
  const quantiles *s = data;
  double sorted[1000];
  for (int64_t i = 0; i < l->n; i++) sorted[i] = (double)exact(t, l->first + l->order[i] * l->step);
  bool has_nan = isnan(sorted[l->n - 1]);
  double low = sorted[(l->n - 1) / 2], high = sorted[l->n / 2];
  check_near(s->median, number, has_nan ? (double)NAN : low == high ? low : (low + high) / 2, "median");
  for (int64_t i = 0; i < s->count; i++) {
    double at = s->q[i] * (double)(l->n - 1), part = at - floor(at);
    double a = sorted[(int64_t)at], b = part > 0 ? sorted[(int64_t)at + 1] : a;
    double wanted = a == b ? a : part >= 0.5 ? b - (b - a) * (1 - part) : a + (b - a) * part;
    check_near(s->several, i * s->lanes + number, has_nan ? (double)NAN : wanted, "quantile");
  }
}

static void check_ranks(moth *m, moth_tensor *t, int axis) {
  int64_t n = t->size[axis], lanes = n > 0 ? t->count / n : 0;
  for (int64_t k = 1; k <= n; k = k * 2 + 1) {
    ordered kth = order(m, "kthvalue", t, OPTIONS(MOTH_INT("k", k), MOTH_INT("axis", axis)));
    assert_int_equal(kth.values->rank, t->rank - 1);
    rank_of r = { kth.values, kth.positions, k };
    each_lane(m, t, axis, false, check_rank, &r);
    ordered_free(&kth);
  }
  static const double shares[] = { 0, 0.13, 0.5, 0.77, 1 };
  for (size_t count = 1; count <= 5; count += 4) { /* by selection, by sorting */
    quantiles s = { .q = shares, .count = (int64_t)count, .lanes = lanes };
    s.median = tensors_of(m, "median", t, OPTIONS(MOTH_INT("axis", axis), MOTH_TEXT("real", "f64")));
    s.several = tensors_of(m, "quantile", t, OPTIONS(MOTH_REALS("q", count, shares), MOTH_INT("axis", axis), MOTH_TEXT("real", "f64")));
    assert_int_equal(s.several->size[0], count);
    each_lane(m, t, axis, false, check_quantiles, &s);
    moth_release(s.median), moth_release(s.several);
  }
}

static void test_lanes(void **state) {
  (void)state;
  static const int64_t lengths[] = { 1, 2, 3, 16, 17, 48, 49, 100, 192, 700 };
  uint64_t seed = 0;
  for (int base = 0; base < 2; base++) {
    moth *m = base ? support_open_from_one() : support_open(NULL);
    for (int d = 0; d < MOTH_DTYPES; d++) {
      for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++, seed++) {
        int axis = (int)(seed % 3);
        int64_t size[3] = { 2, 1, 3 }, n = lengths[i];
        size[axis] = n;
        moth_tensor *plain, *t;
        assert_ok(m, moth_tensor_create(m, (moth_dtype)d, 3, size, &plain));
        fill(plain, seed);
        assert_ok(m, tensors_lay_out(m, plain, (int)(seed % LAYOUTS), &t));
        check_all_orders(m, t, axis);
        check_ranks(m, t, axis);
        moth_release(plain), moth_release(t);
      }
    }
    moth_close(m);
  }
}

/* Lanes whose upper bits tell hardly anything: all but a few values lie close together, in no order, some of them equal. */
static void test_crowded_lanes(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = MOTH_F32; d <= MOTH_I64; d++) {
    for (int64_t n = 60; n < 1000; n *= 3) {
      moth_tensor *t;
      assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(n, 2), &t));
      for (int64_t i = 0; i < t->count; i++) {
        uint64_t mixed = (uint64_t)(i / 4) * 0x9e3779b97f4a7c15u >> 44; /* pairs of a lane are equal */
        if (d == MOTH_F32) ((float *)t->values)[i] = i % 97 == 5 ? -3e38f : i % 89 == 7 ? 3e38f : 1 + (float)mixed * 0x1p-23f;
        else if (d == MOTH_F64) ((double *)t->values)[i] = i % 97 == 5 ? -1e308 : i % 89 == 7 ? 1e308 : 1 + (double)mixed * 0x1p-52;
        else ((int64_t *)t->values)[i] = i % 97 == 5 ? INT64_MIN : i % 89 == 7 ? INT64_MAX : (int64_t)mixed;
      }
      check_all_orders(m, t, 0);
      moth_release(t);
    }
  }
  moth_close(m);
}

/* Lanes with large digits: in order, stable, nothing lost; the rest agrees with the sorted lane. */
static void test_long_lanes(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  int64_t n = 300001;
  for (int d = 0; d < MOTH_DTYPES; d++) {
    for (int descending = 0; descending < 2; descending++) {
      moth_tensor *t;
      assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(n), &t));
      fill(t, 7 + (uint64_t)d + 11 * (uint64_t)descending);
      if (d == MOTH_F64 && descending) { /* no digit alike */
        random_source source = { .seed = 5 };
        random_uniform_f64(&source, (double *)t->values, n, -1, 1);
      }
      ordered o = order(m, "sort", t, OPTIONS(MOTH_FLAG("descending", descending)));
      const int64_t *at = (const int64_t *)o.positions->values;
      bool *seen = calloc((size_t)n, 1);
      for (int64_t i = 0; i < n; i++) {
        assert_false(seen[at[i]]);
        seen[at[i]] = true;
        assert_memory_equal(tensors_address(o.values, i), tensors_address(t, at[i]), dtype_size(t->dtype));
        if (i == 0) continue;
        long double a = exact(t, at[i - 1]), b = exact(t, at[i]);
        bool same = a == b || (a != a && b != b);
        assert_true(same ? at[i - 1] < at[i] : b != b || (a == a && (descending ? a > b : a < b)));
      }
      free(seen);
      ordered top = order(m, "topk", t, OPTIONS(MOTH_INT("k", 5000), MOTH_FLAG("largest", descending)));
      assert_memory_equal(top.positions->values, o.positions->values, 5000 * 8);
      assert_memory_equal(top.values->values, o.values->values, 5000 * dtype_size(t->dtype));
      ordered_free(&top);
      if (!descending) {
        ordered kth = order(m, "kthvalue", t, OPTIONS(MOTH_INT("k", 123457)));
        assert_int_equal(*(const int64_t *)(const void *)kth.positions->values, at[123456]);
        ordered_free(&kth);
        moth_tensor *numbers = tensors_of(m, "narrow", o.values, OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, 0), MOTH_INT(NULL, 100001)));
        if (!isnan(tensors_at(numbers, 100000))) assert_true(tensors_number(m, "median", numbers, NULL) == tensors_at(numbers, 50000));
        moth_release(numbers);
      }
      ordered_free(&o);
      moth_release(t);
    }
  }
  moth_close(m);
}

/* All elements, lists of axes, shares in any shape. */
static void test_quantile_shapes(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_tensor *t = tensors_make(m, MOTH_F32, SHAPE(2, 3), NUMBERS(5, 1, 2, 9, 0, 4)),
              *q = tensors_make(m, MOTH_F64, SHAPE(1, 2), NUMBERS(0, 0.5));
  int64_t both[] = { 0, 1 };
  assert_true(tensors_number(m, "median", t, NULL) == 3);
  assert_true(tensors_number(m, "quantile", t, OPTIONS(MOTH_REAL(NULL, 1))) == 9);
  assert_tensor(tensors_of(m, "median", t, OPTIONS(MOTH_INTS(NULL, 2, both), MOTH_FLAG("keep", true))), "f32[1,1]", 3);
  assert_tensor(tensors_of(m, "median", t, OPTIONS(MOTH_INT(NULL, 1), MOTH_FLAG("keep", true))), "f32[2,1]", 2, 4);
  assert_tensor(tensors_of(m, "quantile", t, OPTIONS(MOTH_TENSOR(NULL, q), MOTH_INT(NULL, 1))), "f32[1,2,2]", 1, 0, 2, 4);
  assert_tensor(tensors_of(m, "quantile", t, OPTIONS(MOTH_TENSOR(NULL, q))), "f32[1,2]", 0, 3);
  moth_release(q), moth_release(t);
  t = tensors_make(m, MOTH_U8, SHAPE(4), NUMBERS(1, 2, 4, 250));
  assert_true(tensors_number(m, "median", t, NULL) == 3);
  moth_release(t);
  t = tensors_make(m, MOTH_F64, SHAPE(2), NUMBERS(1.7e308, 1.6e308)); /* no overflow between them */
  assert_true(isfinite(tensors_number(m, "median", t, NULL)));
  moth_release(t);
  moth_close(m);
}

static void test_errors(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_value results[MOTH_MAX_RESULTS];
  int count;
  moth_tensor *t = tensors_make(m, MOTH_F32, SHAPE(2, 3), NUMBERS(5, 1, 2, 9, 0, 4)), *none, *sequence;
  moth_value input = tensors_value(t);
  assert_fails(m, tensors_try(m, "topk", &input, 1, OPTIONS(MOTH_INT(NULL, 4)), results, &count), MOTH_INDEX,
               "topk: k is 4, axis 2 of f32[2,3] has 3 values");
  assert_fails(m, tensors_try(m, "kthvalue", &input, 1, OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, 0)), results, &count), MOTH_OPTION,
               "kthvalue: k must be a whole number >= 1, got 0");
  assert_fails(m, tensors_try(m, "kthvalue", &input, 1, OPTIONS(MOTH_INT(NULL, 3), MOTH_INT(NULL, 0)), results, &count), MOTH_INDEX,
               "kthvalue: k is 3, axis 1 of f32[2,3] has 2 values");
  assert_fails(m, tensors_try(m, "sort", &input, 1, OPTIONS(MOTH_INT(NULL, 2)), results, &count), MOTH_INDEX,
               "sort: axis 3: f32[2,3] has axes 1..2 or -2..-1");
  assert_fails(m, tensors_try(m, "searchsorted", (const moth_value[]) { input, input }, 2, NULL, results, &count), MOTH_SHAPE,
               "searchsorted: the sorted sequence must have one axis, got f32[2,3]");
  sequence = tensors_make(m, MOTH_F64, SHAPE(1), NUMBERS(1.5));
  assert_fails(m, tensors_try(m, "quantile", &input, 1, OPTIONS(MOTH_TENSOR(NULL, sequence)), results, &count), MOTH_OPTION,
               "quantile: q must be in [0, 1], got 1.5");
  assert_status(m, tensors_try(m, "quantile", &input, 1, OPTIONS(MOTH_REAL(NULL, 1.5)), results, &count), MOTH_OPTION);
  assert_ok(m, moth_tensor_create(m, MOTH_F32, SHAPE(3, 0), &none));
  input = tensors_value(none);
  assert_fails(m, tensors_try(m, "median", &input, 1, OPTIONS(MOTH_INT(NULL, 1)), results, &count), MOTH_SHAPE,
               "median: axis 2 of f32[3,0] is empty");
  assert_fails(m, tensors_try(m, "quantile", &input, 1, OPTIONS(MOTH_REAL(NULL, 0)), results, &count), MOTH_SHAPE,
               "quantile: f32[3,0] is empty");
  assert_fails(m, tensors_try(m, "kthvalue", &input, 1, OPTIONS(MOTH_INT(NULL, 1)), results, &count), MOTH_SHAPE,
               "kthvalue: axis 2 of f32[3,0] is empty");
  assert_tensor(tensors_of(m, "median", none, OPTIONS(MOTH_INT(NULL, 0))), "f32[0]", 0);
  ordered o = order(m, "kthvalue", none, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 0)));
  assert_int_equal(o.values->count, 0);
  ordered_free(&o);
  o = order(m, "unique", none, NULL);
  assert_int_equal(o.values->count + o.positions->count, 0);
  ordered_free(&o);
  assert_tensor(tensors_of(m, "bincount", none, NULL), "i64[0]", 0);
  moth_release(t), moth_release(none), moth_release(sequence);
  moth_close(m);
}

/* A cancel stops long lanes; the next call is whole. */
static void test_cancelled(void **state) {
  (void)state;
  static const char *const names[] = { "sort", "argsort", "topk", "kthvalue", "median", "unique", "cumprod", "histogram", "bincount" };
  moth *m = support_open(NULL);
  moth_tensor *t, *classes;
  assert_ok(m, moth_tensor_create(m, MOTH_F32, SHAPE(1 << 21), &t));
  assert_ok(m, moth_tensor_create(m, MOTH_I64, SHAPE(1 << 21), &classes));
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    moth_value input = tensors_value(strcmp(names[i], "bincount") == 0 ? classes : t), results[MOTH_MAX_RESULTS];
    bool takes_k = names[i][0] == 't' || names[i][0] == 'k';
    int count;
    moth_cancel(m);
    assert_status(m, tensors_try(m, names[i], &input, 1, takes_k ? OPTIONS(MOTH_INT(NULL, 3)) : NULL, results, &count), MOTH_CANCELLED);
    assert_false(moth_cancel_taken(m));
  }
  moth_release(t), moth_release(classes);
  moth_close(m);
}

/* A cancel that comes while values are being put in order, whenever that is: the call is whole or nothing of it is left. */
typedef struct later {
  moth *m;
  long nanoseconds;
} later;
static void *cancel_later(void *data) {
  const later *l = data;
  nanosleep(&(struct timespec) { .tv_nsec = l->nanoseconds }, NULL);
  moth_cancel(l->m);
  return NULL;
}
static void test_cancelled_later(void **state) {
  (void)state;
  static const char *const names[] = { "sort", "topk", "kthvalue", "median", "unique", "searchsorted" };
  moth *m = support_open(NULL);
  moth_tensor *t;
  assert_ok(m, moth_tensor_create(m, MOTH_F64, SHAPE(1 << 20), &t));
  fill(t, 3);
  int64_t used = (int64_t)moth_memory_used(m);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    for (long delay = 500000; delay < 100000000; delay *= 3) {
      moth_value inputs[2] = { tensors_value(t), tensors_value(t) }, results[MOTH_MAX_RESULTS];
      bool takes_k = names[i][0] == 't' || names[i][0] == 'k', is_pair = strcmp(names[i], "searchsorted") == 0;
      later l = { .m = m, .nanoseconds = delay };
      pthread_t thread;
      int count = 0;
      assert_int_equal(pthread_create(&thread, NULL, cancel_later, &l), 0);
      moth_status status =
          tensors_try(m, names[i], inputs, is_pair ? 2 : 1, takes_k ? OPTIONS(MOTH_INT(NULL, 100000)) : NULL, results, &count);
      pthread_join(thread, NULL);
      assert_true(status == MOTH_CANCELLED ? !moth_cancel_taken(m) : status == MOTH_OK && moth_cancel_taken(m));
      for (int r = 0; status == MOTH_OK && r < count; r++) moth_value_release(m, &results[r]);
      assert_int_equal((int64_t)moth_memory_used(m), used);
    }
  }
  moth_release(t);
  moth_close(m);
}

static moth_status memory_body(moth *m, void *data) {
  const int64_t size[] = { 3, 700 };
  const double shares[] = { 0, 0.2, 0.9 };
  moth_tensor *t = NULL;
  moth_status status = moth_tensor_create(m, MOTH_F64, 2, size, &t);
  if (status != MOTH_OK) return status;
  moth_value input = tensors_value(t), results[MOTH_MAX_RESULTS];
  int count = 0;
  bool shared = strcmp(data, "quantile") == 0;
  status = tensors_try(m, data, &input, 1, shared ? OPTIONS(MOTH_REALS(NULL, 3, shares), MOTH_INT(NULL, 0)) : OPTIONS(MOTH_INT(NULL, 2)),
                       results, &count);
  for (int i = 0; status == MOTH_OK && i < count; i++) moth_value_release(m, &results[i]);
  moth_release(t);
  return status;
}
static void test_memory(void **state) {
  (void)state;
  static const char *const names[] = { "quantile", "topk", "kthvalue", "histogram", "bincount" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char name[16];
    strcpy(name, names[i]);
    assert_true(support_fail_each(memory_body, name) >= 3);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_lanes),
    cmocka_unit_test(test_crowded_lanes),
    cmocka_unit_test(test_long_lanes),
    cmocka_unit_test(test_quantile_shapes),
    cmocka_unit_test(test_errors),
    cmocka_unit_test(test_cancelled),
    cmocka_unit_test(test_cancelled_later),
    cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
