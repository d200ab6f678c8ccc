/* What operations compute, against values derived by hand or from NumPy (named beside), and the dtype rules. */
#include "tensors.h"

#define INF ((double)INFINITY)
#define NOT_A_NUMBER ((double)NAN)

static moth_tensor *vector(moth *m, moth_dtype dtype, int64_t n, const double *values) { return tensors_make(m, dtype, 1, &n, values); }
#define VECTOR(m, dtype, ...) vector((m), (dtype), (int64_t)(sizeof(NUMBERS(__VA_ARGS__)) / 8), NUMBERS(__VA_ARGS__))
/* An operation on one or two tensors, which it lets go. */
static moth_tensor *of(moth *m, const char *name, moth_tensor *t, const moth_option *options) {
  moth_tensor *result = tensors_of(m, name, t, options);
  moth_release(t);
  return result;
}
static moth_tensor *of_two(moth *m, const char *name, moth_tensor *a, moth_tensor *b) {
  moth_tensor *result = tensors_of_two(m, name, tensors_value(a), tensors_value(b), NULL);
  moth_release(a), moth_release(b);
  return result;
}
static moth_tensor *with(moth *m, const char *name, moth_tensor *a, moth_value b, const moth_option *options) {
  moth_tensor *result = tensors_of_two(m, name, tensors_value(a), b, options);
  moth_release(a);
  return result;
}
static double number(moth *m, const char *name, moth_tensor *t, const moth_option *options) {
  double result = tensors_number(m, name, t, options);
  moth_release(t);
  return result;
}

static void test_unary(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < 2; d++) {
    moth_dtype real = (moth_dtype)d;
    const char *three = d ? "f64[3]" : "f32[3]", *five = d ? "f64[5]" : "f32[5]";
    double near = d ? 1e-15 : 2e-7;
    assert_tensor(of(m, "neg", VECTOR(m, real, 1, -2, 0), NULL), three, -1, 2, 0);
    assert_tensor(of(m, "abs", VECTOR(m, real, -1, 2, -INF), NULL), three, 1, 2, INF);
    assert_tensor(of(m, "sign", VECTOR(m, real, -7, 0, NOT_A_NUMBER), NULL), three, -1, 0, NOT_A_NUMBER);
    assert_tensor(of(m, "sqrt", VECTOR(m, real, 4, 2.25, -1), NULL), three, 2, 1.5, NOT_A_NUMBER);
    assert_tensor(of(m, "square", VECTOR(m, real, 1.5, -2, 0), NULL), three, 2.25, 4, 0);
    assert_tensor(of(m, "reciprocal", VECTOR(m, real, 4, -0.5, 0), NULL), three, 0.25, -2, INF);
    assert_tensor_near(near, of(m, "exp", VECTOR(m, real, 0, 1, -INF), NULL), three, 1, 2.718281828459045, 0);
    assert_tensor_near(1e-15, of(m, "expm1", VECTOR(m, real, 0, 0x1p-40, -INF), NULL), three, 0, 0x1p-40, -1);
    assert_tensor_near(near, of(m, "log", VECTOR(m, real, 1, 10, 0), NULL), three, 0, 2.302585092994046, -INF);
    assert_tensor_near(1e-15, of(m, "log1p", VECTOR(m, real, 0, 0x1p-40, -1), NULL), three, 0, 0x1p-40, -INF);
    assert_tensor_near(near, of(m, "sin", VECTOR(m, real, 0, 1, -1), NULL), three, 0, 0.8414709848078965, -0.8414709848078965);
    assert_tensor_near(near, of(m, "cos", VECTOR(m, real, 0, 1, 2), NULL), three, 1, 0.5403023058681398, -0.4161468365471424);
    assert_tensor_near(near, of(m, "tan", VECTOR(m, real, 0, 1, -1), NULL), three, 0, 1.557407724654902, -1.557407724654902);
    assert_tensor_near(near, of(m, "tanh", VECTOR(m, real, 0, 0.5, 100), NULL), three, 0, 0.46211715726000975, 1);
    assert_tensor_near(near, of(m, "sigmoid", VECTOR(m, real, 0, 1, -1000), NULL), three, 0.5, 0.7310585786300049, 0);
    assert_tensor(of(m, "relu", VECTOR(m, real, -2, 3, NOT_A_NUMBER), NULL), three, 0, 3, NOT_A_NUMBER);
    assert_tensor_near(near, of(m, "erf", VECTOR(m, real, 0, 0.5, INF), NULL), three, 0, 0.5204998778130465, 1);
    assert_tensor(of(m, "floor", VECTOR(m, real, 1.5, -1.5, 2), NULL), three, 1, -2, 2);
    assert_tensor(of(m, "ceil", VECTOR(m, real, 1.5, -1.5, 2), NULL), three, 2, -1, 2);
    assert_tensor(of(m, "trunc", VECTOR(m, real, 1.5, -1.5, 2), NULL), three, 1, -1, 2);
    assert_tensor(of(m, "round", VECTOR(m, real, 0.5, 1.5, 2.5, -0.5, -3.5), NULL), five, 0, 2, 2, 0, -4);
    assert_tensor(of(m, "clamp", VECTOR(m, real, -3, 0.5, 9, NOT_A_NUMBER, INF), OPTIONS(MOTH_INT(NULL, 0), MOTH_REAL(NULL, 1.5))), five, 0,
                  0.5, 1.5, NOT_A_NUMBER, 1.5);
    assert_tensor(of(m, "clamp", VECTOR(m, real, -3, 0.5, 9), OPTIONS(MOTH_INT("low", 0))), three, 0, 0.5, 9);
    assert_tensor(of(m, "isnan", VECTOR(m, real, 1, NOT_A_NUMBER, INF), NULL), "bool[3]", 0, 1, 0);
    assert_tensor(of(m, "isinf", VECTOR(m, real, 1, NOT_A_NUMBER, -INF), NULL), "bool[3]", 0, 0, 1);
    assert_tensor(of(m, "isfinite", VECTOR(m, real, 1, NOT_A_NUMBER, INF), NULL), "bool[3]", 1, 0, 0);
    assert_tensor(of(m, "logical_not", VECTOR(m, real, 1, 0, NOT_A_NUMBER), NULL), "bool[3]", 0, 1, 0);
  }
  assert_tensor(of(m, "neg", VECTOR(m, MOTH_U8, 1, 0, 255), NULL), "u8[3]", 255, 0, 1); /* wraps, as NumPy */
  assert_tensor(of(m, "abs", VECTOR(m, MOTH_I64, -5, 5), NULL), "i64[2]", 5, 5);
  assert_tensor(of(m, "sqrt", VECTOR(m, MOTH_I64, 4, 9), NULL), "f32[2]", 2, 3);
  assert_tensor(of(m, "sqrt", VECTOR(m, MOTH_I64, 4, 9), OPTIONS(MOTH_TEXT("real", "f64"))), "f64[2]", 2, 3);
  assert_tensor(of(m, "floor", VECTOR(m, MOTH_I64, 4, -9), NULL), "i64[2]", 4, -9);
  assert_tensor(of(m, "clamp", VECTOR(m, MOTH_I64, -4, 9), OPTIONS(MOTH_INT(NULL, 0))), "i64[2]", 0, 9);
  assert_tensor(of(m, "clamp", VECTOR(m, MOTH_I64, -4, 9), OPTIONS(MOTH_REAL(NULL, 0.5))), "f32[2]", 0.5, 9);
  moth_close(m);
}

static void test_arithmetic(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  assert_tensor(of_two(m, "add", VECTOR(m, MOTH_F32, 1, 2), VECTOR(m, MOTH_F64, 0.5, 0.25)), "f64[2]", 1.5, 2.25);
  assert_tensor(of_two(m, "add", VECTOR(m, MOTH_I64, 1, 2), VECTOR(m, MOTH_F32, 0.5, 0.25)), "f32[2]", 1.5, 2.25);
  assert_tensor(of_two(m, "sub", VECTOR(m, MOTH_U8, 1, 2), VECTOR(m, MOTH_I64, 5, 1)), "i64[2]", -4, 1);
  assert_tensor(of_two(m, "sub", VECTOR(m, MOTH_U8, 1, 2), VECTOR(m, MOTH_U8, 5, 1)), "u8[2]", 252, 1);
  assert_tensor(of_two(m, "mul", VECTOR(m, MOTH_U8, 16, 2), VECTOR(m, MOTH_BOOL, 1, 0)), "u8[2]", 16, 0);
  assert_tensor(of_two(m, "add", VECTOR(m, MOTH_BOOL, 1, 0, 1), VECTOR(m, MOTH_BOOL, 1, 0, 0)), "bool[3]", 1, 0, 1);
  assert_tensor(of_two(m, "mul", VECTOR(m, MOTH_BOOL, 1, 0, 1), VECTOR(m, MOTH_BOOL, 1, 0, 0)), "bool[3]", 1, 0, 0);
  assert_tensor(of_two(m, "div", VECTOR(m, MOTH_I64, 1, 3), VECTOR(m, MOTH_I64, 4, 2)), "f32[2]", 0.25, 1.5);
  assert_tensor(with(m, "div", VECTOR(m, MOTH_I64, 1, 3), tensors_int(4), OPTIONS(MOTH_TEXT("real", "f64"))), "f64[2]", 0.25, 0.75);
  assert_tensor(of_two(m, "add", tensors_make(m, MOTH_F32, SHAPE(2, 3), NUMBERS(1, 2, 3, 4, 5, 6)), VECTOR(m, MOTH_F32, 10, 20, 30)),
                "f32[2,3]", 11, 22, 33, 14, 25, 36);
  assert_tensor(
      of_two(m, "mul", tensors_make(m, MOTH_F64, SHAPE(2, 1), NUMBERS(1, 2)), tensors_make(m, MOTH_F64, SHAPE(1, 3), NUMBERS(3, 4, 5))),
      "f64[2,3]", 3, 4, 5, 6, 8, 10);
  /* Numbers never change a float tensor's dtype; a whole one keeps integers integers. */
  assert_tensor(with(m, "add", VECTOR(m, MOTH_F32, 1, 2), tensors_real(0.5), NULL), "f32[2]", 1.5, 2.5);
  assert_tensor(with(m, "add", VECTOR(m, MOTH_F32, 1, 2), tensors_int(3), NULL), "f32[2]", 4, 5);
  assert_tensor(with(m, "add", VECTOR(m, MOTH_I64, 1, 2), tensors_int(3), NULL), "i64[2]", 4, 5);
  assert_tensor(with(m, "add", VECTOR(m, MOTH_U8, 1, 2), tensors_int(3), NULL), "u8[2]", 4, 5);
  assert_tensor(with(m, "mul", VECTOR(m, MOTH_I64, 1, 2), tensors_real(0.5), NULL), "f32[2]", 0.5, 1);
  assert_tensor(with(m, "add", VECTOR(m, MOTH_BOOL, 1, 0), tensors_int(1), NULL), "i64[2]", 2, 1);
  moth_tensor *t = VECTOR(m, MOTH_F64, 4, 8);
  assert_tensor(tensors_of_two(m, "sub", tensors_int(10), tensors_value(t), NULL), "f64[2]", 6, 2);
  assert_tensor(tensors_of_two(m, "div", tensors_real(2), tensors_value(t), NULL), "f64[2]", 0.5, 0.25);
  assert_tensor(tensors_of_two(m, "pow", tensors_int(2), tensors_value(t), NULL), "f64[2]", 16, 256);
  moth_release(t);
  /* // and % as Lua: the remainder has the divisor's sign. */
  assert_tensor(with(m, "floordiv", VECTOR(m, MOTH_I64, 7, -7, 6), tensors_int(2), NULL), "i64[3]", 3, -4, 3);
  assert_tensor(with(m, "floordiv", VECTOR(m, MOTH_I64, 7, -7, 6), tensors_int(-2), NULL), "i64[3]", -4, 3, -3);
  assert_tensor(with(m, "mod", VECTOR(m, MOTH_I64, 7, -7, 6), tensors_int(3), NULL), "i64[3]", 1, 2, 0);
  assert_tensor(with(m, "mod", VECTOR(m, MOTH_I64, 7, -7, 6), tensors_int(-3), NULL), "i64[3]", -2, -1, 0);
  assert_tensor(with(m, "mod", VECTOR(m, MOTH_I64, INT64_MIN, 5), tensors_int(-1), NULL), "i64[2]", 0, 0);
  assert_tensor(with(m, "floordiv", VECTOR(m, MOTH_F64, 7, -7, 1), tensors_real(2), NULL), "f64[3]", 3, -4, 0);
  assert_tensor(with(m, "floordiv", VECTOR(m, MOTH_F32, 1, -1), tensors_int(0), NULL), "f32[2]", INF, -INF);
  assert_tensor(with(m, "mod", VECTOR(m, MOTH_F32, 5.5, -5.5), tensors_real(2), NULL), "f32[2]", 1.5, 0.5);
  assert_tensor(with(m, "mod", VECTOR(m, MOTH_F64, 5.5, -5.5), tensors_real(-INF), NULL), "f64[2]", -INF, -5.5);
  assert_tensor(with(m, "mod", VECTOR(m, MOTH_F64, -7, 7, -6), tensors_real(-3), NULL), "f64[3]", -1, -2, 0);
  assert_tensor(with(m, "pow", VECTOR(m, MOTH_I64, 3, -2, 0), tensors_int(3), NULL), "i64[3]", 27, -8, 0);
  assert_tensor(with(m, "pow", VECTOR(m, MOTH_I64, 9, 4), tensors_real(0.5), NULL), "f32[2]", 3, 2);
  assert_tensor(with(m, "pow", VECTOR(m, MOTH_F32, 3, -2), tensors_int(2), NULL), "f32[2]", 9, 4);
  assert_tensor(with(m, "maximum", VECTOR(m, MOTH_F32, 1, NOT_A_NUMBER, 5), tensors_int(2), NULL), "f32[3]", 2, NOT_A_NUMBER, 5);
  assert_tensor(with(m, "minimum", VECTOR(m, MOTH_F64, 1, NOT_A_NUMBER, 5), tensors_int(2), NULL), "f64[3]", 1, NOT_A_NUMBER, 2);
  moth_close(m);
}

static void test_compare(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  assert_tensor(with(m, "eq", VECTOR(m, MOTH_F32, 1, 2, NOT_A_NUMBER), tensors_int(2), NULL), "bool[3]", 0, 1, 0);
  assert_tensor(with(m, "ne", VECTOR(m, MOTH_F32, 1, 2, NOT_A_NUMBER), tensors_int(2), NULL), "bool[3]", 1, 0, 1);
  assert_tensor(with(m, "lt", VECTOR(m, MOTH_I64, 1, 2, 3), tensors_real(2.5), NULL), "bool[3]", 1, 1, 0);
  assert_tensor(with(m, "lt", VECTOR(m, MOTH_U8, 1, 255), tensors_int(300), NULL), "bool[2]", 1, 1); /* 300 is no u8, and need not be */
  assert_tensor(with(m, "ge", VECTOR(m, MOTH_U8, 1, 255), tensors_int(-1), NULL), "bool[2]", 1, 1);
  assert_tensor(of_two(m, "le", VECTOR(m, MOTH_I64, 16777217, 1), VECTOR(m, MOTH_F32, 16777216, 1)), "bool[2]", 0, 1); /* not through f32 */
  assert_tensor(of_two(m, "gt", VECTOR(m, MOTH_F64, 2, 1), VECTOR(m, MOTH_U8, 1, 1)), "bool[2]", 1, 0);
  assert_tensor(with(m, "eq", VECTOR(m, MOTH_BOOL, 1, 0), tensors_flag(true), NULL), "bool[2]", 1, 0);
  assert_tensor(of_two(m, "logical_and", VECTOR(m, MOTH_F32, 1, 0, 2), VECTOR(m, MOTH_BOOL, 1, 1, 0)), "bool[3]", 1, 0, 0);
  assert_tensor(with(m, "logical_or", VECTOR(m, MOTH_F32, 1, 0, 2), tensors_flag(false), NULL), "bool[3]", 1, 0, 1);
  moth_tensor *a = VECTOR(m, MOTH_F32, 1, 2), *b = VECTOR(m, MOTH_F32, 1, 2.00001), *c = VECTOR(m, MOTH_F64, 1, 2);
  moth_value pair[] = { tensors_value(a), tensors_value(b) };
  assert_false(tensors_run(m, "equal", pair, 2, NULL).as.flag);
  assert_true(tensors_run(m, "allclose", pair, 2, NULL).as.flag);
  assert_false(tensors_run(m, "allclose", pair, 2, OPTIONS(MOTH_REAL("rtol", 1e-7))).as.flag);
  pair[1] = tensors_value(c);
  assert_false(tensors_run(m, "equal", pair, 2, NULL).as.flag); /* another dtype */
  assert_true(tensors_run(m, "allclose", pair, 2, NULL).as.flag);
  pair[1] = tensors_value(a);
  assert_true(tensors_run(m, "equal", pair, 2, NULL).as.flag);
  moth_release(a), moth_release(b), moth_release(c);
  a = VECTOR(m, MOTH_F32, 1, NOT_A_NUMBER);
  pair[0] = pair[1] = tensors_value(a);
  assert_false(tensors_run(m, "equal", pair, 2, NULL).as.flag);
  assert_false(tensors_run(m, "allclose", pair, 2, NULL).as.flag);
  assert_true(tensors_run(m, "has_nan", pair, 1, NULL).as.flag);
  moth_release(a);
  assert_true(number(m, "has_nan", VECTOR(m, MOTH_I64, 1, 2), NULL) == 0);
  moth_close(m);
}

static void test_masks(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *x = tensors_make(m, MOTH_F32, SHAPE(2, 3), NUMBERS(1, -2, 3, -4, 5, -6));
  moth_tensor *mask = tensors_of_two(m, "gt", tensors_value(x), tensors_int(0), NULL), *rows = VECTOR(m, MOTH_BOOL, 0, 1);
  moth_value inputs[] = { tensors_value(mask), tensors_value(x), tensors_int(0) };
  assert_tensor(tensors_run(m, "where", inputs, 3, NULL).as.tensor, "f32[2,3]", 1, 0, 3, 0, 5, 0);
  inputs[1] = tensors_int(1);
  assert_tensor(tensors_run(m, "where", inputs, 3, NULL).as.tensor, "i64[2,3]", 1, 0, 1, 0, 1, 0);
  inputs[1] = tensors_real(0.5);
  assert_tensor(tensors_run(m, "where", inputs, 3, OPTIONS(MOTH_TEXT("real", "f64"))).as.tensor, "f64[2,3]", .5, 0, .5, 0, .5, 0);
  moth_value fill[] = { tensors_value(x), tensors_value(mask), tensors_real(9) };
  assert_tensor(tensors_run(m, "masked_fill", fill, 3, NULL).as.tensor, "f32[2,3]", 9, -2, 9, -4, 9, -6);
  assert_tensor(tensors_of_two(m, "mask_select", tensors_value(x), tensors_value(mask), NULL), "f32[3]", 1, 3, 5);
  assert_tensor(tensors_of_two(m, "mask_select", tensors_value(x), tensors_value(rows), NULL), "f32[1,3]", -4, 5, -6);
  moth_tensor *three = VECTOR(m, MOTH_F64, 7, 8, 9);
  moth_value put[] = { tensors_value(x), tensors_value(mask), tensors_value(three) };
  assert_tensor(tensors_run(m, "masked_put_", put, 3, NULL).as.tensor, "f32[2,3]", 7, -2, 8, -4, 9, -6);
  put[1] = tensors_value(rows);
  assert_tensor(tensors_run(m, "masked_put_", put, 3, NULL).as.tensor, "f32[2,3]", 7, -2, 8, 7, 8, 9);
  put[2] = tensors_int(0);
  assert_tensor(tensors_run(m, "masked_put_", put, 3, NULL).as.tensor, "f32[2,3]", 7, -2, 8, 0, 0, 0);
  moth_release(three), moth_release(mask), moth_release(rows), moth_release(x);
  moth_close(m);
}

static void test_reductions(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  const double two_rows[] = { 3, 1, 2, 4, 6, 6 };
  for (int d = 0; d < 2; d++) {
    moth_tensor *x = tensors_make(m, (moth_dtype)d, SHAPE(2, 3), two_rows);
    const char *two = d ? "f64[2]" : "f32[2]", *three = d ? "f64[3]" : "f32[3]";
    assert_true(tensors_number(m, "sum", x, NULL) == 22);
    assert_tensor(tensors_of(m, "sum", x, OPTIONS(MOTH_INT(NULL, 0))), three, 7, 7, 8);
    assert_tensor(tensors_of(m, "sum", x, OPTIONS(MOTH_INT(NULL, -1))), two, 6, 16);
    assert_tensor(tensors_of(m, "sum", x, OPTIONS(MOTH_INT(NULL, 1), MOTH_FLAG("keep", true))), d ? "f64[2,1]" : "f32[2,1]", 6, 16);
    assert_tensor(tensors_of(m, "sum", x, OPTIONS(MOTH_INTS(NULL, 2, ((const int64_t[]) { 0, 1 })))), d ? "f64[]" : "f32[]", 22);
    assert_true(tensors_number(m, "prod", x, NULL) == 864);
    assert_tensor(tensors_of(m, "mean", x, OPTIONS(MOTH_INT(NULL, 1))), two, 2, d ? 16 / 3. : (float)(16 / 3.));
    assert_true(fabs(tensors_number(m, "var", x, NULL) - 4.266666666666667) < 1e-14); /* numpy var(ddof=1) */
    assert_true(fabs(tensors_number(m, "std", x, OPTIONS(MOTH_INT("ddof", 0))) - 1.885618083164127) < 1e-14);
    assert_tensor(tensors_of(m, "var", x, OPTIONS(MOTH_INT(NULL, 0))), three, 0.5, 12.5, 8);
    assert_tensor(tensors_of(m, "max", x, OPTIONS(MOTH_INT(NULL, 1))), two, 3, 6);
    assert_true(tensors_number(m, "max", x, NULL) == 6);
    assert_true(tensors_number(m, "min", x, NULL) == 1);
    assert_tensor(tensors_of(m, "argmax", x, OPTIONS(MOTH_INT(NULL, 1))), "i64[2]", 1, 2); /* counted from 1; the first of equals */
    assert_tensor(tensors_of(m, "argmin", x, OPTIONS(MOTH_INT(NULL, 0))), "i64[3]", 1, 1, 1);
    assert_true(tensors_number(m, "argmax", x, NULL) == 5);
    assert_true(fabs(tensors_number(m, "norm", x, NULL) - sqrt(102)) < 1e-14);
    assert_true(tensors_number(m, "norm", x, OPTIONS(MOTH_INT(NULL, 1))) == 22);
    assert_true(tensors_number(m, "norm", x, OPTIONS(MOTH_REAL(NULL, INF))) == 6);
    assert_true(tensors_number(m, "norm", x, OPTIONS(MOTH_REAL(NULL, -INF))) == 1);
    assert_true(tensors_number(m, "norm", x, OPTIONS(MOTH_INT(NULL, 0))) == 6);
    assert_true(fabs(tensors_number(m, "norm", x, OPTIONS(MOTH_INT(NULL, 3))) - 8.102839019043893) < 1e-13);
    assert_true(tensors_number(m, "count_nonzero", x, NULL) == 6);
    assert_true(tensors_number(m, "all", x, NULL) == 1);
    moth_value input = tensors_value(x), results[MOTH_MAX_RESULTS];
    int count = 0;
    assert_ok(m, tensors_try(m, "min", &input, 1, OPTIONS(MOTH_INT(NULL, 1)), results, &count));
    assert_int_equal(count, 2);
    assert_tensor(results[0].as.tensor, two, 1, 4);
    assert_tensor(results[1].as.tensor, "i64[2]", 2, 1);
    assert_ok(m, tensors_try(m, "min", &input, 1, OPTIONS(MOTH_INTS(NULL, 2, ((const int64_t[]) { 0, 1 }))), results, &count));
    assert_int_equal(count, 1);
    moth_release(results[0].as.tensor);
    moth_release(x);
    /* NaN wins everywhere, the first of them. */
    x = vector(m, (moth_dtype)d, 5, NUMBERS(1, NOT_A_NUMBER, 3, NOT_A_NUMBER, -1));
    assert_true(isnan(tensors_number(m, "sum", x, NULL)) && isnan(tensors_number(m, "max", x, NULL)) &&
                isnan(tensors_number(m, "min", x, NULL)));
    assert_true(tensors_number(m, "argmax", x, NULL) == 2 && tensors_number(m, "argmin", x, NULL) == 2);
    moth_release(x);
    x = vector(m, (moth_dtype)d, 2, NUMBERS(-INF, -INF));
    assert_true(tensors_number(m, "max", x, NULL) == -INF && tensors_number(m, "argmax", x, NULL) == 1);
    moth_release(x);
    x = vector(m, (moth_dtype)d, 1, NUMBERS(3));
    assert_true(isnan(tensors_number(m, "std", x, NULL)) && tensors_number(m, "std", x, OPTIONS(MOTH_INT("ddof", 0))) == 0);
    moth_release(x);
    assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(0, 3), &x));
    assert_true(tensors_number(m, "sum", x, NULL) == 0 && tensors_number(m, "prod", x, NULL) == 1 &&
                tensors_number(m, "all", x, NULL) == 1);
    assert_tensor(tensors_of(m, "sum", x, OPTIONS(MOTH_INT(NULL, 0))), three, 0, 0, 0);
    assert_tensor(tensors_of(m, "prod", x, OPTIONS(MOTH_INT(NULL, 0))), three, 1, 1, 1);
    assert_int_equal(x->count, 0);
    moth_tensor *none = tensors_of(m, "max", x, OPTIONS(MOTH_INT(NULL, 1)));
    assert_int_equal(none->count, 0);
    moth_release(none), moth_release(x);
  }
  moth_tensor *i = tensors_make(m, MOTH_I64, SHAPE(2, 2), NUMBERS(1, 2, 3, 5)), *u = VECTOR(m, MOTH_U8, 200, 100),
              *b = VECTOR(m, MOTH_BOOL, 1, 0, 1);
  moth_value of_i = tensors_value(i), of_u = tensors_value(u), of_b = tensors_value(b);
  assert_int_equal(tensors_run(m, "sum", &of_i, 1, NULL).as.integer, 11);
  assert_int_equal(tensors_run(m, "sum", &of_u, 1, NULL).as.integer, 300);
  assert_int_equal(tensors_run(m, "sum", &of_b, 1, NULL).kind, MOTH_INT_VALUE);
  assert_int_equal(tensors_run(m, "any", &of_b, 1, NULL).kind, MOTH_FLAG_VALUE);
  assert_int_equal(tensors_run(m, "max", &of_b, 1, NULL).kind, MOTH_FLAG_VALUE);
  assert_int_equal(tensors_run(m, "max", &of_i, 1, NULL).kind, MOTH_INT_VALUE);
  assert_true(tensors_run(m, "mean", &of_i, 1, NULL).as.real == 2.75);
  assert_tensor(tensors_of(m, "mean", i, OPTIONS(MOTH_INT(NULL, 0))), "f32[2]", 2, 3.5);
  assert_tensor(tensors_of(m, "sum", u, OPTIONS(MOTH_INT(NULL, 0))), "i64[]", 300);
  assert_tensor(tensors_of(m, "all", i, OPTIONS(MOTH_INT(NULL, 0))), "bool[2]", 1, 1);
  moth_release(i), moth_release(u), moth_release(b);
  moth_close(m);
}

/* Sums gather in f64: a million f32 tenths are right to the last digits of f32, along either axis. */
static void test_long_sums(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *ones = tensors_run(m, "ones", NULL, 0, OPTIONS(MOTH_INT(NULL, 1500000), MOTH_INT(NULL, 2))).as.tensor;
  moth_tensor *t = with(m, "mul", ones, tensors_real(0.1), NULL);
  double tenth = (double)0.1f;
  assert_true(fabs(tensors_number(m, "sum", t, NULL) - 3000000 * tenth) < 1e-6);
  assert_tensor(tensors_of(m, "sum", t, OPTIONS(MOTH_INT(NULL, 0))), "f32[2]", (float)(1500000 * tenth), (float)(1500000 * tenth));
  moth_release(t);
  moth_close(m);
}

/* All reductions against a plain loop over random shapes, axes and layouts. */
static void test_reduce_axes(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *x =
      of(m, "reshape",
         tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 2 * 150 * 3 * 4), MOTH_TEXT("dtype", "f64"))).as.tensor,
         OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 150), MOTH_INT(NULL, 3), MOTH_INT(NULL, 4)));
  for (int layout = 0; layout < LAYOUTS; layout++) {
    moth_tensor *t;
    assert_ok(m, tensors_lay_out(m, x, layout, &t));
    for (unsigned axes = 1; axes < 16; axes++) {
      int64_t list[4];
      size_t n = 0;
      for (int i = 0; i < 4; i++) {
        if (axes & 1u << i) list[n++] = i;
      }
      moth_tensor *sum = tensors_of(m, "sum", t, OPTIONS(MOTH_INTS("axis", n, list))),
                  *most = tensors_of(m, "max", t, OPTIONS(MOTH_INTS("axis", n, list)));
      double wanted[1800] = { 0 }, largest[1800] = { 0 };
      for (int64_t i = 0; i < x->count; i++) {
        int64_t rest = i, to = 0, step = 1;
        for (int axis = 3; axis >= 0; axis--) {
          if (!(axes & 1u << axis)) to += rest % x->size[axis] * step, step *= x->size[axis];
          rest /= x->size[axis];
        }
        wanted[to] += tensors_at(x, i);
        if (tensors_at(x, i) > largest[to]) largest[to] = tensors_at(x, i);
      }
      for (int64_t i = 0; i < sum->count; i++) assert_true(tensors_at(sum, i) == wanted[i] && tensors_at(most, i) == largest[i]);
      moth_release(sum), moth_release(most);
    }
    moth_release(t);
  }
  moth_release(x);
  moth_close(m);
}

static void test_order(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_value results[MOTH_MAX_RESULTS];
  int count;
  moth_tensor *t = VECTOR(m, MOTH_F32, 3, NOT_A_NUMBER, 1, 3, -INF, 1);
  moth_value input = tensors_value(t);
  assert_ok(m, tensors_try(m, "sort", &input, 1, NULL, results, &count));
  assert_int_equal(count, 2);
  assert_tensor(results[0].as.tensor, "f32[6]", -INF, 1, 1, 3, 3, NOT_A_NUMBER);
  assert_tensor(results[1].as.tensor, "i64[6]", 5, 3, 6, 1, 4, 2);
  assert_tensor(tensors_of(m, "argsort", t, OPTIONS(MOTH_FLAG("descending", true))), "i64[6]", 1, 4, 3, 6, 5, 2); /* stable, nan last */
  moth_release(t);
  t = tensors_make(m, MOTH_I64, SHAPE(2, 3), NUMBERS(3, 1, 2, 1, 2, 0));
  assert_tensor(tensors_of(m, "sort", t, OPTIONS(MOTH_INT(NULL, 0))), "i64[2,3]", 1, 1, 0, 3, 2, 2);
  assert_tensor(tensors_of(m, "sort", t, NULL), "i64[2,3]", 1, 2, 3, 0, 1, 2);
  assert_tensor(tensors_of(m, "cumsum", t, OPTIONS(MOTH_INT(NULL, 0))), "i64[2,3]", 3, 1, 2, 4, 3, 2);
  assert_tensor(tensors_of(m, "cumsum", t, NULL), "i64[2,3]", 3, 4, 6, 1, 3, 3);
  moth_release(t);
  assert_tensor(of(m, "cumsum", VECTOR(m, MOTH_BOOL, 1, 0, 1), NULL), "i64[3]", 1, 1, 2);
  /* A long one: in order, stable, a permutation. */
  t = of(m, "floor", with(m, "mul", tensors_run(m, "rand", NULL, 0, OPTIONS(MOTH_INT(NULL, 5000))).as.tensor, tensors_int(50), NULL), NULL);
  moth_tensor *order = tensors_of(m, "argsort", t, NULL);
  for (int64_t i = 1; i < 5000; i++) {
    double before = tensors_at(t, (int64_t)tensors_at(order, i - 1) - 1), now = tensors_at(t, (int64_t)tensors_at(order, i) - 1);
    assert_true(before < now || (before == now && tensors_at(order, i - 1) < tensors_at(order, i)));
  }
  moth_release(t), moth_release(order);
  moth_close(m);
}

static void test_products(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < 4; d++) {
    moth_dtype dtype = (moth_dtype)d;
    const char *names[][3] = { { "f32[2,2]", "f32[2]", "f32[3]" },
                               { "f64[2,2]", "f64[2]", "f64[3]" },
                               { "i64[2,2]", "i64[2]", "i64[3]" },
                               { "u8[2,2]", "u8[2]", "u8[3]" } };
    moth_tensor *a = tensors_make(m, dtype, SHAPE(2, 3), NUMBERS(1, 2, 3, 4, 5, 6)),
                *b = tensors_make(m, dtype, SHAPE(3, 2), NUMBERS(1, 0, 2, 1, 0, 3));
    moth_tensor *v = VECTOR(m, dtype, 1, 2, 1), *w = VECTOR(m, dtype, 2, 1);
    assert_tensor(tensors_of_two(m, "matmul", tensors_value(a), tensors_value(b), NULL), names[d][0], 5, 11, 14, 23);
    assert_tensor(tensors_of_two(m, "matmul", tensors_value(a), tensors_value(v), NULL), names[d][1], 8, 20);
    assert_tensor(tensors_of_two(m, "matmul", tensors_value(w), tensors_value(a), NULL), names[d][2], 6, 9, 12);
    moth_value pair[] = { tensors_value(v), tensors_value(v) };
    moth_value dot = tensors_run(m, "dot", pair, 2, NULL), inner = tensors_run(m, "matmul", pair, 2, NULL);
    assert_int_equal(dot.kind, d < 2 ? MOTH_REAL_VALUE : MOTH_INT_VALUE);
    assert_true(d < 2 ? dot.as.real == 6 && inner.as.real == 6 : dot.as.integer == 6 && inner.as.integer == 6);
    moth_tensor *outer = tensors_of_two(m, "outer", tensors_value(w), tensors_value(w), NULL);
    assert_tensor(outer, names[d][0], 4, 2, 2, 1);
    moth_release(a), moth_release(b), moth_release(v), moth_release(w);
  }
  assert_tensor(
      of_two(m, "matmul", tensors_make(m, MOTH_F32, SHAPE(1, 2), NUMBERS(1, 2)), tensors_make(m, MOTH_F64, SHAPE(2, 1), NUMBERS(3, 4))),
      "f64[1,1]", 11);
  /* Stacks: [2,1,2,2] with [3,2,2] gives [2,3,2,2]; each product against its own. */
  moth_tensor *a = of(m, "reshape", tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 8))).as.tensor,
                      OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 1), MOTH_INT(NULL, 2), MOTH_INT(NULL, 2)));
  moth_tensor *b = of(m, "reshape", tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 12))).as.tensor,
                      OPTIONS(MOTH_INT(NULL, 3), MOTH_INT(NULL, 2), MOTH_INT(NULL, 2)));
  moth_tensor *c = tensors_of_two(m, "matmul", tensors_value(a), tensors_value(b), NULL);
  assert_string_equal(tensor_text(c).text, "f32[2,3,2,2]");
  for (int64_t i = 0; i < c->count; i++) {
    int64_t p = i / 12, q = i / 4 % 3, r = i / 2 % 2, s = i % 2;
    double wanted = 0;
    for (int64_t k = 0; k < 2; k++) wanted += tensors_at(a, p * 4 + r * 2 + k) * tensors_at(b, q * 4 + k * 2 + s);
    assert_true(tensors_at(c, i) == wanted);
  }
  moth_release(a), moth_release(b), moth_release(c);
  /* Nothing between: zeros. */
  assert_ok(m, moth_tensor_create(m, MOTH_F32, SHAPE(2, 0), &a));
  assert_ok(m, moth_tensor_create(m, MOTH_F32, SHAPE(0, 2), &b));
  assert_tensor(of_two(m, "matmul", a, b), "f32[2,2]", 0, 0, 0, 0);
  /* addmm_, also where the tensor is its own operand. */
  for (int d = 0; d < 2; d++) {
    moth_tensor *t = tensors_make(m, (moth_dtype)d, SHAPE(2, 2), NUMBERS(1, 2, 3, 4));
    moth_value three[] = { tensors_value(t), tensors_value(t), tensors_value(t) };
    moth_release(tensors_run(m, "addmm_", three, 3, NULL).as.tensor); /* + [7,10;15,22] */
    assert_tensor(moth_retain(t), d ? "f64[2,2]" : "f32[2,2]", 8, 12, 18, 26);
    moth_tensor *eye = tensors_run(m, "eye", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_TEXT("dtype", d ? "f64" : "f32"))).as.tensor;
    three[1] = three[2] = tensors_value(eye);
    moth_release(tensors_run(m, "addmm_", three, 3, NULL).as.tensor);
    moth_release(tensors_run(m, "addmm_", three, 3, OPTIONS(MOTH_REAL("alpha", 2), MOTH_REAL("beta", -1))).as.tensor);
    assert_tensor(t, d ? "f64[2,2]" : "f32[2,2]", -7, -12, -18, -25);
    moth_release(eye);
  }
  assert_true(number(m, "trace", tensors_make(m, MOTH_F32, SHAPE(2, 3), NUMBERS(1, 2, 3, 4, 5, 6)), NULL) == 6);
  moth_tensor *x = tensors_make(m, MOTH_F64, SHAPE(3, 2), NUMBERS(1, 2, 3, 4, 5, 6)), *inverse = tensors_of(m, "pinv", x, NULL);
  /* numpy.linalg.pinv */
  assert_tensor_near(1e-14, inverse, "f64[2,3]", -1.3333333333333333, -0.3333333333333333, 0.6666666666666666, 1.0833333333333333,
                     0.3333333333333333, -0.4166666666666667);
  moth_release(x);
  moth_close(m);
}

static void test_create(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  assert_tensor(tensors_run(m, "zeros", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 2))).as.tensor, "f32[2,2]", 0, 0, 0, 0);
  assert_tensor(tensors_run(m, "zeros", NULL, 0, NULL).as.tensor, "f32[]", 0);
  assert_tensor(
      tensors_run(m, "ones", NULL, 0, OPTIONS(MOTH_INTS(NULL, 1, ((const int64_t[]) { 2 })), MOTH_TEXT("dtype", "bool"))).as.tensor,
      "bool[2]", 1, 1);
  assert_tensor(tensors_run(m, "full", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_REAL(NULL, 2.5))).as.tensor, "f32[2]", 2.5, 2.5);
  assert_tensor(tensors_run(m, "full", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_FLAG(NULL, true))).as.tensor, "bool[2]", 1, 1);
  assert_tensor(tensors_run(m, "full", NULL, 0, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 7), MOTH_TEXT("dtype", "i64"))).as.tensor,
                "i64[1]", 7);
  assert_tensor(tensors_run(m, "eye", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 3))).as.tensor, "f32[2,3]", 1, 0, 0, 0, 1, 0);
  assert_tensor(tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 4))).as.tensor, "f32[4]", 1, 2, 3, 4);
  assert_tensor(tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 5), MOTH_INT(NULL, 0), MOTH_INT(NULL, -2))).as.tensor, "f32[3]", 5,
                3, 1);
  assert_tensor(
      tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 0), MOTH_REAL(NULL, 0.3), MOTH_REAL(NULL, 0.1), MOTH_TEXT("dtype", "f64")))
          .as.tensor,
      "f64[4]", 0, 0.1, 0.2, 0.3);
  assert_tensor(tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 1), MOTH_REAL(NULL, 2.5), MOTH_TEXT("dtype", "i64"))).as.tensor,
                "i64[2]", 1, 2);
  moth_tensor *none = tensors_run(m, "range", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 1))).as.tensor;
  assert_int_equal(none->count, 0);
  moth_release(none);
  assert_tensor(
      tensors_run(m, "linspace", NULL, 0, OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, 1), MOTH_INT(NULL, 5), MOTH_TEXT("dtype", "f64")))
          .as.tensor,
      "f64[5]", 0, 0.25, 0.5, 0.75, 1);
  assert_tensor(tensors_run(m, "linspace", NULL, 0, OPTIONS(MOTH_INT(NULL, 3), MOTH_INT(NULL, 9), MOTH_INT(NULL, 1))).as.tensor, "f32[1]",
                3);
  assert_tensor(of(m, "full_like", VECTOR(m, MOTH_U8, 1, 2), OPTIONS(MOTH_INT(NULL, 9))), "u8[2]", 9, 9);
  assert_tensor(of(m, "ones_like", VECTOR(m, MOTH_U8, 1, 2), OPTIONS(MOTH_TEXT("dtype", "f64"))), "f64[2]", 1, 1);
  assert_tensor(of(m, "one_hot", VECTOR(m, MOTH_I64, 1, 3), OPTIONS(MOTH_INT(NULL, 3))), "f32[2,3]", 1, 0, 0, 0, 0, 1);
  assert_tensor(of(m, "one_hot", VECTOR(m, MOTH_F32, 2), OPTIONS(MOTH_INT(NULL, 2), MOTH_TEXT("dtype", "bool"))), "bool[1,2]", 0, 1);
  moth_tensor *a = VECTOR(m, MOTH_U8, 1, 2), *b = VECTOR(m, MOTH_F32, 3, 4);
  moth_value list[] = { tensors_value(a), tensors_value(b), tensors_value(a) };
  assert_tensor(tensors_run(m, "cat", list, 3, NULL).as.tensor, "f32[6]", 1, 2, 3, 4, 1, 2);
  assert_tensor(tensors_run(m, "stack", list, 2, NULL).as.tensor, "f32[2,2]", 1, 2, 3, 4);
  assert_tensor(tensors_run(m, "stack", list, 2, OPTIONS(MOTH_INT(NULL, -1))).as.tensor, "f32[2,2]", 1, 3, 2, 4);
  moth_release(a), moth_release(b);
  moth_close(m);
}

static void test_random(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_seed(m, 5);
  moth_tensor *whole = tensors_run(m, "rand", NULL, 0, OPTIONS(MOTH_INT(NULL, 3000000))).as.tensor;
  float expected[8];
  random_source source = { .seed = 5 };
  random_uniform_f32(&source, expected, 8, 0, 1);
  assert_memory_equal(whole->values, expected, sizeof expected);
  /* Drawn in pieces, but one sequence: element 2500000 is word 0 of block 625000. */
  uint32_t words[4];
  random_block((const uint32_t[]) { 625000, 0, 0, 0 }, 5, words);
  assert_true(((float *)whole->values)[2500000] == random_f32(words[0]));
  moth_release(whole);
  moth_generator *generator;
  assert_ok(m, moth_generator_create(m, 5, &generator));
  moth_tensor *t = tensors_run(m, "rand", NULL, 0, OPTIONS(MOTH_INT(NULL, 8), MOTH_OBJECT("gen", generator))).as.tensor;
  assert_memory_equal(t->values, expected, sizeof expected);
  moth_generator_set(generator, 5, 0);
  moth_tensor *square = tensors_run(m, "zeros", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 4))).as.tensor, *turned;
  assert_ok(m, moth_tensor_permute(m, square, (const int[]) { 1, 0 }, &turned));
  moth_release(tensors_of(m, "uniform_", turned, OPTIONS(MOTH_OBJECT("gen", generator)))); /* row-major in the view's own shape */
  for (int i = 0; i < 8; i++) assert_true(tensors_at(turned, i) == (double)expected[i]);
  moth_release(square), moth_release(turned), moth_release(t);
  t = tensors_run(m, "randint", NULL, 0, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 6), MOTH_INT(NULL, 1000))).as.tensor;
  bool seen[7] = { false };
  for (int i = 0; i < 1000; i++) {
    int64_t v = ((int64_t *)t->values)[i];
    assert_true(v >= 1 && v <= 6);
    seen[v] = true;
  }
  for (int i = 1; i <= 6; i++) assert_true(seen[i]);
  moth_release(t);
  t = of(m, "sort", tensors_run(m, "randperm", NULL, 0, OPTIONS(MOTH_INT(NULL, 5))).as.tensor, NULL);
  assert_tensor(t, "i64[5]", 1, 2, 3, 4, 5);
  double share =
      number(m, "mean", tensors_run(m, "bernoulli", NULL, 0, OPTIONS(MOTH_REAL(NULL, 0.3), MOTH_INT(NULL, 20000))).as.tensor, NULL);
  assert_true(fabs(share - 0.3) < 0.015);
  t = tensors_of(m, "normal_",
                 whole = tensors_run(m, "zeros", NULL, 0, OPTIONS(MOTH_INT(NULL, 20000), MOTH_TEXT("dtype", "f64"))).as.tensor,
                 OPTIONS(MOTH_INT(NULL, 10), MOTH_INT(NULL, 2)));
  assert_ptr_equal(t, whole);
  assert_true(fabs(tensors_number(m, "mean", t, NULL) - 10) < 0.06 && fabs(tensors_number(m, "std", t, NULL) - 2) < 0.05);
  moth_release(t), moth_release(whole);
  moth_release(generator);
  moth_close(m);
}

static void test_index(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_tensor *x = tensors_make(m, MOTH_F32, SHAPE(3, 2), NUMBERS(1, 2, 3, 4, 5, 6)), *ids = VECTOR(m, MOTH_F32, 3, 1, -1);
  assert_tensor(tensors_of_two(m, "index", tensors_value(x), tensors_value(ids), OPTIONS(MOTH_INT(NULL, 0))), "f32[3,2]", 5, 6, 1, 2, 5, 6);
  moth_release(ids);
  ids = tensors_make(m, MOTH_I64, SHAPE(2, 2), NUMBERS(1, 2, 2, 1));
  assert_tensor(tensors_of_two(m, "index", tensors_value(x), tensors_value(ids), OPTIONS(MOTH_INT(NULL, 1))), "f32[3,2,2]", 1, 2, 2, 1, 3,
                4, 4, 3, 5, 6, 6, 5);
  assert_tensor(tensors_of_two(m, "gather", tensors_value(x), tensors_value(ids), OPTIONS(MOTH_INT(NULL, 1))), "f32[2,2]", 1, 2, 4, 3);
  assert_tensor(tensors_of(m, "flip", x, OPTIONS(MOTH_INT(NULL, 0))), "f32[3,2]", 5, 6, 3, 4, 1, 2);
  assert_tensor(tensors_of(m, "flip", x, NULL), "f32[3,2]", 6, 5, 4, 3, 2, 1);
  assert_tensor(tensors_of(m, "repeat_times", x, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 2))), "f32[3,4]", 1, 2, 1, 2, 3, 4, 3, 4, 5, 6,
                5, 6);
  moth_tensor *row = VECTOR(m, MOTH_F32, 7, 8);
  assert_tensor(tensors_of(m, "repeat_times", row, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 2))), "f32[2,4]", 7, 8, 7, 8, 7, 8, 7, 8);
  moth_value two[] = { tensors_value(x), tensors_value(row) };
  moth_release(tensors_run(m, "copy_", two, 2, NULL).as.tensor);
  assert_tensor(moth_retain(x), "f32[3,2]", 7, 8, 7, 8, 7, 8);
  moth_release(tensors_of(m, "fill_", x, OPTIONS(MOTH_INT(NULL, 4))));
  assert_tensor(tensors_of(m, "narrow", x, OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, -2), MOTH_INT(NULL, 1))), "f32[1,2]", 4, 4);
  moth_release(tensors_of(m, "zero_", x, NULL));
  assert_tensor(tensors_of(m, "select", x, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 0))), "f32[3]", 0, 0, 0);
  assert_tensor(tensors_of(m, "squeeze", row, NULL), "f32[2]", 7, 8);
  assert_tensor(tensors_of(m, "unsqueeze", row, OPTIONS(MOTH_INT(NULL, -1))), "f32[2,1]", 7, 8);
  moth_tensor *same = tensors_of(m, "contiguous", row, NULL);
  assert_ptr_equal(same, row);
  moth_release(same), moth_release(x), moth_release(ids), moth_release(row);
  moth_close(m);
}

/* In place through overlapping views gives what copies would. */
static void test_overlap(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = VECTOR(m, MOTH_F32, 1, 2, 3, 4, 5, 6), *front, *back, *turned;
  assert_ok(m, moth_tensor_slice(m, t, 0, 0, 5, 1, &front));
  assert_ok(m, moth_tensor_slice(m, t, 0, 1, 5, 1, &back));
  moth_release(tensors_of_two(m, "add_", tensors_value(back), tensors_value(front), NULL));
  assert_tensor(moth_retain(t), "f32[6]", 1, 3, 5, 7, 9, 11);
  moth_release(front), moth_release(back), moth_release(t);
  t = tensors_make(m, MOTH_F64, SHAPE(2, 2), NUMBERS(1, 2, 3, 4));
  assert_ok(m, moth_tensor_permute(m, t, (const int[]) { 1, 0 }, &turned));
  moth_release(tensors_of_two(m, "mul_", tensors_value(t), tensors_value(turned), NULL));
  assert_tensor(moth_retain(t), "f64[2,2]", 1, 6, 6, 16);
  moth_release(tensors_of_two(m, "sub_", tensors_value(t), tensors_value(t), NULL));
  assert_tensor(moth_retain(t), "f64[2,2]", 0, 0, 0, 0);
  moth_release(turned), moth_release(t);
  t = tensors_make(m, MOTH_BOOL, SHAPE(3), NUMBERS(1, 0, 1)); /* a mask that is the tensor */
  moth_value put[] = { tensors_value(t), tensors_value(t), tensors_flag(false) };
  moth_release(tensors_run(m, "masked_put_", put, 3, NULL).as.tensor);
  assert_tensor(t, "bool[3]", 0, 0, 0);
  moth_close(m);
}

static void test_cancel(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  const char *names[] = { "exp", "sum", "sort", "cumsum", "isnan" };
  moth_tensor *x = tensors_run(m, "rand", NULL, 0, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 1100000))).as.tensor;
  for (int i = 0; i < 5; i++) {
    moth_value input = tensors_value(x), results[MOTH_MAX_RESULTS];
    int count;
    char text[32];
    snprintf(text, sizeof text, "%s: cancelled", names[i]);
    moth_cancel(m);
    assert_fails(m, tensors_try(m, names[i], &input, 1, NULL, results, &count), MOTH_CANCELLED, text);
    assert_false(moth_cancel_taken(m));
  }
  moth_seed(m, 3);
  moth_value results[MOTH_MAX_RESULTS];
  int count;
  moth_cancel(m);
  assert_status(m, tensors_try(m, "rand", NULL, 0, OPTIONS(MOTH_INT(NULL, 100)), results, &count), MOTH_CANCELLED);
  assert_int_equal(m->random.position, 0); /* nothing was drawn */
  moth_release(x);
  support_close(m, &allocator);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_unary),      cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_compare),     cmocka_unit_test(test_masks),
    cmocka_unit_test(test_reductions), cmocka_unit_test(test_long_sums),  cmocka_unit_test(test_reduce_axes), cmocka_unit_test(test_order),
    cmocka_unit_test(test_products),   cmocka_unit_test(test_create),     cmocka_unit_test(test_random),      cmocka_unit_test(test_index),
    cmocka_unit_test(test_overlap),    cmocka_unit_test(test_cancel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
