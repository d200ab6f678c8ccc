/* softmax and log_softmax along any axis, of any strides, on nothing, with nan and infinities; and atan2, logical_xor and what integers
 * become beside them. */
#include "tensors.h"

/* softmax along an axis of [a,b,c], from its definition in f64. */
static void check_axis(moth *m, moth_dtype dtype, int layout, int axis) {
  const int64_t size[] = { 3, 4, 5 };
  moth_tensor *plain, *t;
  assert_ok(m, tensor_new(m, "softmax", dtype, 3, size, false, &plain));
  random_source r = { .seed = 3 };
  for (int64_t i = 0; i < plain->count; i++) {
    dtype_store(dtype, (double)(random_key(&r) % 2000) / 100 - 10, plain->values + i * (int64_t)dtype_size(dtype));
  }
  assert_ok(m, tensors_lay_out(m, plain, layout, &t));
  moth_tensor *y = tensors_of(m, "softmax", t, OPTIONS(MOTH_INT("axis", axis))), *l = tensors_of(m, "log_softmax", t, OPTIONS(MOTH_INT(NULL, axis)));
  assert_string_equal(tensor_text(y).text, tensor_text(t).text);
  const int64_t steps[] = { 20, 5, 1 };
  int at_axis = axis < 0 ? axis + 3 : axis;
  for (int64_t i = 0; i < t->count; i++) {
    int64_t step = steps[at_axis], first = i - i / step % size[at_axis] * step;
    double sum = 0, tolerance = dtype == MOTH_F32 ? 1e-6 : 1e-15;
    for (int64_t j = 0; j < size[at_axis]; j++) sum += exp(tensors_at(t, first + j * step));
    double want = exp(tensors_at(t, i)) / sum, logarithm = tensors_at(t, i) - log(sum);
    assert_true(fabs(tensors_at(y, i) - want) <= tolerance);
    assert_true(fabs(tensors_at(l, i) - logarithm) <= 20 * tolerance);
  }
  moth_tensor *twin = tensors_of(m, "softmax_", t, OPTIONS(MOTH_INT(NULL, axis)));
  assert_ptr_equal(twin, t);
  for (int64_t i = 0; i < t->count; i++) assert_true(tensors_at(t, i) == tensors_at(y, i));
  moth_release(plain), moth_release(t), moth_release(y), moth_release(l), moth_release(twin);
}

static void along_any_axis(void **state) {
  moth *m = support_open(NULL);
  for (int d = MOTH_F32; d <= MOTH_F64; d++) {
    for (int layout = 0; layout < LAYOUTS; layout++) {
      for (int axis = -3; axis < 3; axis++) check_axis(m, (moth_dtype)d, layout, axis);
    }
  }
  moth_close(m);
}

static moth_tensor *run(moth *m, const char *name, moth_tensor *t, const moth_option *options) {
  moth_tensor *y = tensors_of(m, name, t, options);
  moth_release(t);
  return y;
}

static void at_the_ends(void **state) {
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = tensors_make(m, MOTH_F64, SHAPE(3, 2), NUMBERS(1000, 1000, NAN, 1, -INFINITY, 0));
  assert_tensor(tensors_of(m, "softmax", t, NULL), "f64[3,2]", 0.5, 0.5, NAN, NAN, 0, 1);
  assert_tensor(tensors_of(m, "log_softmax", t, NULL), "f64[3,2]", -log(2), -log(2), NAN, NAN, -INFINITY, 0);
  moth_release(t);
  t = tensors_make(m, MOTH_F32, SHAPE(2, 2), NUMBERS(INFINITY, 1, -INFINITY, -INFINITY));
  assert_tensor(run(m, "softmax", t, NULL), "f32[2,2]", NAN, NAN, NAN, NAN); /* as infinity over infinity and nothing over nothing are */
  assert_tensor(run(m, "softmax", tensors_make(m, MOTH_F32, SHAPE(0, 3), NULL), NULL), "f32[0,3]", 0);
  assert_tensor(run(m, "softmax", tensors_make(m, MOTH_F32, SHAPE(3, 0), NULL), NULL), "f32[3,0]", 0);
  assert_tensor(run(m, "softmax", tensors_make(m, MOTH_F32, SHAPE(3, 0), NULL), OPTIONS(MOTH_INT("axis", 0))), "f32[3,0]", 0);
  assert_tensor(run(m, "softmax", tensors_make(m, MOTH_F32, 0, NULL, NUMBERS(3)), NULL), "f32[]", 1);
  assert_tensor(run(m, "softmax", tensors_make(m, MOTH_I64, SHAPE(2), NUMBERS(3, 3)), NULL), "f32[2]", 0.5, 0.5);
  assert_tensor(run(m, "softmax", tensors_make(m, MOTH_BOOL, SHAPE(2), NUMBERS(1, 1)), OPTIONS(MOTH_TEXT("real", "f64"))), "f64[2]", 0.5, 0.5);
  support_close(m, &allocator);
}

static void refusals(void **state) {
  moth *m = support_open(NULL);
  moth_tensor *t = tensors_make(m, MOTH_I64, SHAPE(2), NUMBERS(3, 3)), *none = tensors_make(m, MOTH_F32, 0, NULL, NUMBERS(3));
  moth_value input = tensors_value(t), scalar = tensors_value(none), results[MOTH_MAX_RESULTS];
  int count;
  assert_fails(m, tensors_try(m, "softmax_", &input, 1, NULL, results, &count), MOTH_DTYPE,
               "softmax_: i64[2] gives f32; in place the dtype stays i64");
  assert_fails(m, tensors_try(m, "softmax", &input, 1, OPTIONS(MOTH_INT("axis", 1)), results, &count), MOTH_INDEX,
               "softmax: axis 1: i64[2] has axes 0..0 or -1..-1");
  assert_fails(m, tensors_try(m, "softmax", &scalar, 1, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_INDEX,
               "softmax: axis 0: f32[] has no axes");
  moth_cancel(m);
  moth_value wide = tensors_value(tensors_make(m, MOTH_F32, SHAPE(4), NUMBERS(1, 2, 3, 4)));
  assert_fails(m, tensors_try(m, "softmax_", &wide, 1, NULL, results, &count), MOTH_CANCELLED, "softmax_: cancelled");
  assert_tensor(wide.as.tensor, "f32[4]", 1, 2, 3, 4); /* as before */
  moth_release(t), moth_release(none);
  moth_close(m);
}

static void integers_become_reals(void **state) {
  moth *m = support_open(NULL);
  static const char *const names[] = { "rsqrt", "asin", "acos", "atan", "sinh", "cosh", "gelu", "softplus" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    moth_tensor *one = tensors_make(m, MOTH_U8, SHAPE(1), NUMBERS(1)), *real = tensors_make(m, MOTH_F64, SHAPE(1), NUMBERS(1));
    moth_tensor *x = tensors_of(m, names[i], one, NULL), *y = tensors_of(m, names[i], one, OPTIONS(MOTH_TEXT("real", "f64"))),
                *want = tensors_of(m, names[i], real, NULL);
    assert_string_equal(tensor_text(x).text, "f32[1]");
    assert_string_equal(tensor_text(y).text, "f64[1]");
    assert_true(tensors_at(y, 0) == tensors_at(want, 0));
    moth_release(one), moth_release(real), moth_release(x), moth_release(y), moth_release(want);
  }
  moth_tensor *a = tensors_make(m, MOTH_I64, SHAPE(2), NUMBERS(1, -1)), *b = tensors_make(m, MOTH_I64, SHAPE(2), NUMBERS(-1, -1));
  const double pi = 3.14159265358979323846;
  assert_tensor_near(1e-6, tensors_of_two(m, "atan2", tensors_value(a), tensors_value(b), NULL), "f32[2]", 3 * pi / 4, -3 * pi / 4);
  assert_tensor_near(1e-6, tensors_of_two(m, "atan2", tensors_value(a), tensors_int(0), NULL), "f32[2]", pi / 2, -pi / 2);
  moth_release(a), moth_release(b);
  moth_close(m);
}

static void one_of_both(void **state) {
  moth *m = support_open(NULL);
  for (int d = 0; d < MOTH_DTYPES; d++) {
    moth_tensor *a = tensors_make(m, (moth_dtype)d, SHAPE(4), NUMBERS(0, 0, 1, 1)), *b = tensors_make(m, (moth_dtype)d, SHAPE(4), NUMBERS(0, 1, 0, 1));
    assert_tensor(tensors_of_two(m, "logical_xor", tensors_value(a), tensors_value(b), NULL), "bool[4]", 0, 1, 1, 0);
    assert_tensor(tensors_of_two(m, "logical_xor", tensors_value(a), tensors_flag(true), NULL), "bool[4]", 1, 1, 0, 0);
    moth_release(a), moth_release(b);
  }
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(along_any_axis), cmocka_unit_test(at_the_ends), cmocka_unit_test(refusals),
                                      cmocka_unit_test(integers_become_reals), cmocka_unit_test(one_of_both) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
