/* What operations say when they cannot: whole messages, counted as scripts count (index base 1). Nothing is changed by a failure. */
#include "tensors.h"

/* One call that must fail with these words. */
static void fails(moth *m, const char *name, const moth_value *inputs, int count, const moth_option *options, moth_status status,
                  const char *text, int line) {
  moth_value results[MOTH_MAX_RESULTS] = { { .kind = MOTH_INT_VALUE, .as.integer = 77 } };
  int n = 77;
  moth_status got = tensors_try(m, name, inputs, count, options, results, &n);
  if (got != status || strcmp(moth_message(m), text) != 0) {
    fprintf(stderr, "%s: %s\n  expected %s: %s\n", moth_status_name(got), got == MOTH_OK ? "" : moth_message(m), moth_status_name(status),
            text);
    _fail(__FILE__, line);
  }
  assert_true(n == 77 && results[0].kind == MOTH_INT_VALUE && results[0].as.integer == 77); /* results are set only on success */
}
#define assert_words(m, name, status, text, options, ...)                                                                                  \
  fails((m), (name), (const moth_value[]) { __VA_ARGS__ }, (int)(sizeof((const moth_value[]) { __VA_ARGS__ }) / sizeof(moth_value)),       \
        (options), (status), (text), __LINE__)

/* Tensors of zeros by header; they live until the test ends. */
static moth_value zeros(moth *m, moth_dtype dtype, int rank, const int64_t *shape) {
  moth_tensor *t;
  assert_ok(m, moth_tensor_create(m, dtype, rank, shape, &t));
  return tensors_value(t);
}
#define F32(...) zeros(m, MOTH_F32, SHAPE(__VA_ARGS__))
#define OF(dtype, ...) zeros(m, dtype, SHAPE(__VA_ARGS__))

static void test_shapes(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_value a = F32(3, 4), b = F32(5, 6), c = F32(3), d = F32(2, 3), e = F32(2, 3, 4), f = F32(3, 4, 5), empty = F32(0, 4);
  assert_words(m, "add", MOTH_SHAPE, "add: f32[3,4] and f32[5,6] do not broadcast: axis 2 is 4 against 6", NULL, a, b);
  assert_words(m, "lt", MOTH_SHAPE, "lt: f32[3] and f32[3,4] do not broadcast: axis 2 is 3 against 4", NULL, c, a);
  assert_words(m, "allclose", MOTH_SHAPE, "allclose: f32[3] and f32[3,4] do not broadcast: axis 2 is 3 against 4", NULL, c, a);
  assert_words(m, "add_", MOTH_SHAPE, "add_: f32[2,3] does not fit into f32[3] in place", NULL, c, d);
  assert_words(m, "copy_", MOTH_SHAPE, "copy_: f32[2,3] does not fit into f32[3]", NULL, c, d);
  assert_words(m, "matmul", MOTH_SHAPE, "matmul: f32[3,4] with f32[5,6]: inner sizes 4 and 5 differ", NULL, a, b);
  assert_words(m, "matmul", MOTH_SHAPE,
               "matmul: f32[2,3,4] with f32[3,4,5]: axes before the last two do not broadcast: axis 1 is 2 against 3", NULL, e, f);
  assert_words(m, "dot", MOTH_SHAPE, "dot: takes two vectors, got f32[3] and f32[2,3]", NULL, c, d);
  assert_words(m, "addmm_", MOTH_SHAPE, "addmm_: f32[3,4] plus f32[2,3] with f32[3,4]: [n,m] takes [n,k] with [k,m]", NULL, a, d, a);
  assert_words(m, "t", MOTH_SHAPE, "t: takes a matrix, got f32[3]; transpose(a, b) exchanges any two axes", NULL, c);
  assert_words(m, "reshape", MOTH_SHAPE, "reshape: f32[3,4] has 12 elements, which [5,-1] cannot hold",
               OPTIONS(MOTH_INT(NULL, 5), MOTH_INT(NULL, -1)), a);
  assert_words(m, "reshape", MOTH_SHAPE, "reshape: [-1,2,-1]: one size may be -1, which is then computed, got 2",
               OPTIONS(MOTH_INT(NULL, -1), MOTH_INT(NULL, 2), MOTH_INT(NULL, -1)), a);
  assert_words(m, "view", MOTH_SHAPE, "view: [-1,-1]: one size may be -1, which is then computed, got 2",
               OPTIONS(MOTH_INT(NULL, -1), MOTH_INT(NULL, -1)), empty);
  assert_words(m, "reshape", MOTH_SHAPE, "reshape: f32[0,4] has 0 elements, which leave the -1 of [-1,0] open",
               OPTIONS(MOTH_INT(NULL, -1), MOTH_INT(NULL, 0)), empty);
  assert_words(m, "expand", MOTH_SHAPE, "expand: f32[3] does not broadcast to [2,4]", OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 4)), c);
  assert_words(m, "squeeze", MOTH_SHAPE, "squeeze: axis 1 of f32[3] is not 1", OPTIONS(MOTH_INT(NULL, 0)), c);
  assert_words(m, "cat", MOTH_SHAPE, "cat: f32[3,4] and f32[5,6] do not fit: axis 2 is 4 against 6", NULL, a, b);
  assert_words(m, "stack", MOTH_SHAPE, "stack: f32[3] and f32[2,3]: the numbers of axes differ", NULL, c, d);
  assert_words(m, "max", MOTH_SHAPE, "max: f32[0,4] is empty", NULL, empty);
  assert_words(m, "mean", MOTH_SHAPE, "mean: axis 1 of f32[0,4] is empty", OPTIONS(MOTH_INT(NULL, 0)), empty);
  assert_words(m, "pinv", MOTH_SHAPE, "pinv: takes a matrix, got f32[3]", NULL, c);
  moth_value values[] = { a, b, c, d, e, f, empty };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) moth_release(values[i].as.tensor);
  moth_close(m);
}

static void test_axes(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_value a = F32(3, 4), rows = F32(150, 4), none = zeros(m, MOTH_F32, 0, NULL), ids = OF(MOTH_I64, 2), three = F32(2, 3, 4);
  /* Options count from 0; what scripts wrote is one more, and their 0 arrives as INT64_MIN. */
  assert_words(m, "sum", MOTH_INDEX, "sum: axis 3: f32[3,4] has axes 1..2 or -2..-1", OPTIONS(MOTH_INT(NULL, 2)), a);
  assert_words(m, "sum", MOTH_INDEX, "sum: axis 0: f32[3,4] has axes 1..2 or -2..-1", OPTIONS(MOTH_INT(NULL, INT64_MIN)), a);
  assert_words(m, "sum", MOTH_INDEX, "sum: axis -3: f32[3,4] has axes 1..2 or -2..-1", OPTIONS(MOTH_INT(NULL, -3)), a);
  assert_words(m, "sum", MOTH_INDEX, "sum: axis -1 appears twice", OPTIONS(MOTH_INTS(NULL, 2, ((const int64_t[]) { 1, -1 }))), a);
  assert_words(m, "sum", MOTH_INDEX, "sum: axis 1: f32[] has no axes", OPTIONS(MOTH_INT(NULL, 0)), none);
  assert_words(m, "unsqueeze", MOTH_INDEX, "unsqueeze: axis 4: the new axis of f32[3,4] may be 1..3 or -3..-1", OPTIONS(MOTH_INT(NULL, 3)),
               a);
  assert_words(m, "stack", MOTH_INDEX, "stack: axis 4: the new axis of f32[3,4] may be 1..3 or -3..-1", OPTIONS(MOTH_INT(NULL, 3)), a);
  assert_words(m, "permute", MOTH_SHAPE, "permute: f32[3,4] has 2 axes, got 1", OPTIONS(MOTH_INT(NULL, 0)), a);
  assert_words(m, "index", MOTH_INDEX, "index: index 0: rows of f32[150,4] are 1..150 or -150..-1", OPTIONS(MOTH_INT(NULL, 0)), rows, ids);
  assert_words(m, "select", MOTH_INDEX, "select: index 5: axis 3 of f32[2,3,4] is 1..4 or -4..-1",
               OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 4)), three);
  assert_words(m, "narrow", MOTH_INDEX, "narrow: 3 from 2 on leave axis 1 of f32[3,4]",
               OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, 1), MOTH_INT(NULL, 3)), a);
  moth_tensor *odd = tensors_make(m, MOTH_F64, SHAPE(2), NUMBERS(1, 2.5));
  assert_words(m, "index", MOTH_OPTION, "index: index 2.5 in element 2 of f64[2] is not a whole number", OPTIONS(MOTH_INT(NULL, 0)), rows,
               tensors_value(odd));
  assert_words(m, "one_hot", MOTH_INDEX, "one_hot: class 2.5 in element 2 of f64[2]; classes count from 1 to 3", OPTIONS(MOTH_INT(NULL, 3)),
               tensors_value(odd));
  assert_words(m, "one_hot", MOTH_INDEX, "one_hot: class 0 in element 1 of i64[2]; classes count from 1 to 10", OPTIONS(MOTH_INT(NULL, 10)),
               ids);
  moth_release(odd);
  moth_value values[] = { a, rows, none, ids, three };
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) moth_release(values[i].as.tensor);
  moth_close(m);
}

static void test_dtypes(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_value a = F32(3), d = OF(MOTH_F64, 3), i = OF(MOTH_I64, 3), u = OF(MOTH_U8, 3), b = OF(MOTH_BOOL, 3);
  assert_words(m, "add_", MOTH_DTYPE, "add_: f32[3] and f64[3] give f64; in place the dtype stays f32\n  to\"f32\" converts the other one",
               NULL, a, d);
  assert_words(m, "mul_", MOTH_DTYPE, "mul_: i64[3] and 0.5 give f32; in place the dtype stays i64", NULL, i, tensors_real(0.5));
  assert_words(m, "exp_", MOTH_DTYPE, "exp_: i64[3] gives f32; in place the dtype stays i64", NULL, i);
  assert_words(m, "sub", MOTH_DTYPE, "sub: bool[3] and bool[3]: bools have no sub\n  to\"i64\" makes them 0 and 1", NULL, b, b);
  assert_words(m, "neg", MOTH_DTYPE, "neg: takes f32, f64, i64 or u8, got bool[3]", NULL, b);
  assert_words(m, "addmm_", MOTH_DTYPE, "addmm_: takes f32 or f64, got i64[3]", NULL, i, i, i);
  assert_words(m, "where", MOTH_DTYPE, "where: takes bool, got f32[3]\n  the mask comes first: mask:where(a, b)", NULL, a, a, a);
  assert_words(m, "masked_fill", MOTH_DTYPE, "masked_fill: the mask must be a bool tensor, got f32[3]", NULL, a, a, tensors_int(1));
  assert_words(m, "index", MOTH_DTYPE, "index: index tensors are i64, got bool[3]; a mask goes through mask_select",
               OPTIONS(MOTH_INT(NULL, 0)), a, b);
  assert_words(m, "add", MOTH_OPTION, "add: u8[3] cannot hold 300", NULL, u, tensors_int(300));
  assert_words(m, "fill_", MOTH_OPTION, "fill_: u8[3] cannot hold -1", OPTIONS(MOTH_INT(NULL, -1)), u);
  assert_words(m, "fill_", MOTH_OPTION, "fill_: i64[3] cannot hold 0.5", OPTIONS(MOTH_REAL(NULL, 0.5)), i);
  assert_words(m, "floordiv", MOTH_DATA, "floordiv: i64[3] by i64[3]: an integer is divided by 0", NULL, i, i);
  assert_words(m, "mod_", MOTH_DATA, "mod_: i64[3] by 0: an integer is divided by 0", NULL, i, tensors_int(0));
  assert_words(m, "pow", MOTH_DATA, "pow: i64[3] to -1: an integer has a negative exponent\n  to\"f64\" makes it a float", NULL, i,
               tensors_int(-1));
  moth_value values[] = { a, d, i, u, b };
  for (size_t k = 0; k < sizeof values / sizeof *values; k++) moth_release(values[k].as.tensor);
  moth_close(m);
}

static void test_arguments(void **state) {
  (void)state;
  moth *m = support_open_from_one(), *other = support_open_from_one();
  moth_value a = F32(3), results[MOTH_MAX_RESULTS], foreign;
  moth_tensor *t;
  int count;
  assert_ok(other, moth_tensor_create(other, MOTH_F32, SHAPE(3), &t));
  foreign = tensors_value(t);
  assert_words(m, "add", MOTH_MISUSE, "add: argument 2 belongs to another context", NULL, a, foreign);
  assert_words(m, "add", MOTH_MISUSE, "add: argument 1 must be a tensor, got nothing", NULL, tensors_value(NULL), a);
  assert_words(m, "add", MOTH_MISUSE, "add: takes a tensor, got numbers only", NULL, tensors_int(1), tensors_int(2));
  assert_words(m, "add_", MOTH_MISUSE, "add_: argument 1 must be a tensor, got a number", NULL, tensors_int(1), a);
  assert_words(m, "matmul", MOTH_MISUSE, "matmul: argument 2 must be a tensor, got a number", NULL, a, tensors_int(2));
  assert_words(m, "add", MOTH_MISUSE, "add: takes 2 tensors, got 1", NULL, a);
  assert_words(m, "exp", MOTH_MISUSE, "exp: takes 1 tensor, got 2", NULL, a, a);
  assert_words(m, "sum", MOTH_OPTION, "sum: no option 'keeep'; did you mean 'keep'?", OPTIONS(MOTH_FLAG("keeep", true)), a);
  assert_words(m, "clamp", MOTH_OPTION, "clamp: takes a lowest or a highest value, or both", NULL, a);
  assert_words(m, "clamp", MOTH_OPTION, "clamp: low 2 is not <= high 1", OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 1)), a);
  assert_words(m, "clamp", MOTH_OPTION, "clamp: low nan is not <= high 1", OPTIONS(MOTH_REAL(NULL, -NAN), MOTH_INT(NULL, 1)), a);
  assert_words(m, "zeros_like", MOTH_OPTION,
               "zeros_like: dtype must be 'f32', 'f64', 'i64', 'u8' or 'bool', got 'float32'; here it is 'f32'",
               OPTIONS(MOTH_TEXT("dtype", "float32")), a);
  assert_words(m, "zeros_like", MOTH_OPTION, "zeros_like: dtype must be 'f32', 'f64', 'i64', 'u8' or 'bool', got 'long'; here it is 'i64'",
               OPTIONS(MOTH_TEXT("dtype", "long")), a);
  assert_words(m, "unsqueeze", MOTH_OPTION, "unsqueeze: axis is missing", NULL, a);
  const moth_operation *zeros_row = moth_operation_find(m, "zeros"), *sum = moth_operation_find(m, "sum");
  assert_fails(m, moth_apply(m, sum, true, &a, 1, NULL, results, &count), MOTH_MISUSE, "sum: has no in-place twin");
  assert_fails(m, moth_apply(m, NULL, false, &a, 1, NULL, results, &count), MOTH_MISUSE, "apply: no operation given");
  assert_status(m, moth_apply(m, sum, false, NULL, 1, NULL, results, &count), MOTH_MISUSE);
  assert_status(m, moth_apply(m, zeros_row, false, NULL, 0, OPTIONS(MOTH_INT(NULL, -1)), results, &count), MOTH_OPTION);
  assert_status(m, moth_apply(m, zeros_row, false, NULL, 0, OPTIONS(MOTH_REAL(NULL, 2.5)), results, &count), MOTH_OPTION);
  assert_fails(m,
               moth_apply(m, moth_operation_find(m, "range"), false, NULL, 0,
                          OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 2), MOTH_INT(NULL, 0)), results, &count),
               MOTH_OPTION, "range: step must not be 0");
  assert_fails(
      m, moth_apply(m, moth_operation_find(m, "randint"), false, NULL, 0, OPTIONS(MOTH_INT(NULL, 6), MOTH_INT(NULL, 1)), results, &count),
      MOTH_OPTION, "randint: low 6 is above high 1");
  assert_fails(m, moth_apply(m, moth_operation_find(m, "cat"), false, NULL, 0, NULL, results, &count), MOTH_MISUSE,
               "cat: takes a list of tensors, got none");
  assert_status(NULL, moth_apply(NULL, sum, false, &a, 1, NULL, results, &count), MOTH_MISUSE);
  moth_release(a.as.tensor), moth_release(t);
  moth_close(m);
  moth_close(other);
}

/* A twin that fails leaves its tensor as it was. */
static void test_unchanged(void **state) {
  (void)state;
  moth *m = support_open_from_one();
  moth_tensor *t = tensors_make(m, MOTH_I64, SHAPE(3), NUMBERS(5, 6, 7)), *by = tensors_make(m, MOTH_I64, SHAPE(3), NUMBERS(1, 2, 0));
  moth_value pair[] = { tensors_value(t), tensors_value(by) }, results[MOTH_MAX_RESULTS];
  int count;
  assert_status(m, tensors_try(m, "floordiv_", pair, 2, NULL, results, &count), MOTH_DATA);
  assert_status(m, tensors_try(m, "div_", pair, 2, NULL, results, &count), MOTH_DTYPE);
  moth_tensor *far = tensors_make(m, MOTH_F64, SHAPE(3), NUMBERS(1, 2, 1e300));
  pair[1] = tensors_value(far);
  assert_status(m, tensors_try(m, "copy_", pair, 2, NULL, results, &count), MOTH_OPTION);
  assert_tensor(t, "i64[3]", 5, 6, 7);
  moth_release(by), moth_release(far);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_shapes),    cmocka_unit_test(test_axes),      cmocka_unit_test(test_dtypes),
    cmocka_unit_test(test_arguments), cmocka_unit_test(test_unchanged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
