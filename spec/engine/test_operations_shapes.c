/* Views, splits, copies side by side, diagonals and triangles, grids, and what fills at random: what each gives, and what it says where
 * it cannot. That strides, empty input and failing memory change nothing is test_operations_catalog.c's to show. */
#include "tensors.h"

static const moth_config from_one = { .index_base = 1 };

static moth_tensor *range(moth *m, moth_dtype dtype, int rank, const int64_t *shape) {
  double values[TENSORS_MOST];
  for (int i = 0; i < TENSORS_MOST; i++) values[i] = dtype == MOTH_BOOL ? i % 3 == 0 : i;
  return tensors_make(m, dtype, rank, shape, values);
}

static void refuse(moth *m, const char *name, moth_tensor *t, const moth_option *options, moth_status status, const char *text) {
  moth_value results[MOTH_MAX_RESULTS], input = tensors_value(t);
  int count = -1;
  assert_fails(m, tensors_try(m, name, &input, 1, options, results, &count), status, text);
  assert_int_equal(count, -1);
}

/* The list that an operation gives; its tensors' headers joined by blanks must be `headers`. */
static moth_value list_of(moth *m, const char *name, moth_tensor *t, const moth_option *options, const char *headers) {
  moth_value input = tensors_value(t), list = tensors_run(m, name, &input, 1, options);
  char text[512] = "";
  assert_int_equal(list.kind, MOTH_TENSORS_VALUE);
  for (int64_t i = 0; i < list.as.list.count; i++) {
    if (i > 0) strcat(text, " ");
    strcat(text, tensor_text(list.as.list.items[i]).text);
    assert_ptr_equal(list.as.list.items[i]->storage, t->storage);
  }
  assert_string_equal(text, headers);
  return list;
}
static void expect_list(moth *m, const char *name, moth_tensor *t, const moth_option *options, const char *headers) {
  moth_value list = list_of(m, name, t, options, headers);
  moth_value_release(m, &list);
  assert_int_equal(list.kind, MOTH_NO_VALUE);
  moth_value_release(m, &list);
}

static void test_split(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open_with(&allocator, from_one);
  moth_tensor *t = range(m, MOTH_I64, SHAPE(5, 2)), *none = range(m, MOTH_I64, SHAPE(0, 3));
  const int64_t sizes[] = { 1, 0, 4 }, wrong[] = { 1, 3 };
  moth_value parts = list_of(m, "split", t, OPTIONS(MOTH_INT(NULL, 2)), "i64[2,2] i64[2,2] i64[1,2]");
  assert_true(tensors_at(parts.as.list.items[2], 1) == 9);
  moth_value_release(m, &parts);
  expect_list(m, "split", t, OPTIONS(MOTH_INTS(NULL, 3, sizes)), "i64[1,2] i64[0,2] i64[4,2]");
  expect_list(m, "split", t, OPTIONS(MOTH_INT(NULL, 9), MOTH_INT(NULL, -1)), "i64[5,2]");
  expect_list(m, "split", none, OPTIONS(MOTH_INT(NULL, 2)), "i64[0,3]");
  expect_list(m, "chunk", t, OPTIONS(MOTH_INT(NULL, 4)), "i64[2,2] i64[2,2] i64[1,2]");
  expect_list(m, "chunk", none, OPTIONS(MOTH_INT(NULL, 2)), "i64[0,3]");
  expect_list(m, "unbind", t, OPTIONS(MOTH_INT(NULL, 1)), "i64[5] i64[5]");
  expect_list(m, "unbind", none, NULL, "");
  refuse(m, "split", t, OPTIONS(MOTH_INTS(NULL, 2, wrong)), MOTH_SHAPE, "split: the sizes add up to 4, axis 1 of i64[5,2] has 5 places");
  refuse(m, "split", t, OPTIONS(MOTH_INT(NULL, 0)), MOTH_OPTION, "split: size must be >= 1, got 0");
  refuse(m, "unbind", t, OPTIONS(MOTH_INT(NULL, 2)), MOTH_INDEX, "unbind: axis 3: i64[5,2] has axes 1..2 or -2..-1");
  moth_release(t), moth_release(none);
  support_close(m, &allocator);
}

static void test_diagonals(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = range(m, MOTH_F32, SHAPE(2, 3)), *v = tensors_make(m, MOTH_U8, SHAPE(2), NUMBERS(7, 8)),
              *cube = range(m, MOTH_I64, SHAPE(2, 3, 2));
  assert_tensor(tensors_of(m, "diagonal", t, NULL), "f32[2]", 0, 4);
  assert_tensor(tensors_of(m, "diagonal", t, OPTIONS(MOTH_INT(NULL, 2))), "f32[1]", 2);
  assert_tensor(tensors_of(m, "diagonal", t, OPTIONS(MOTH_INT(NULL, -1))), "f32[1]", 3);
  assert_tensor(tensors_of(m, "diagonal", t, OPTIONS(MOTH_INT(NULL, 3))), "f32[0]", 0);
  assert_tensor(tensors_of(m, "diagonal", t, OPTIONS(MOTH_INT(NULL, INT64_MIN))), "f32[0]", 0);
  assert_tensor(tensors_of(m, "diagonal", t, OPTIONS(MOTH_INT(NULL, INT64_MAX))), "f32[0]", 0);
  assert_tensor(tensors_of(m, "diagonal", cube, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, -1), MOTH_INT(NULL, 1))), "i64[2,2]", 2, 5, 8,
                11);
  moth_tensor *diagonal = tensors_of(m, "diagonal", t, NULL); /* writes through */
  moth_release(tensors_of(m, "fill_", diagonal, OPTIONS(MOTH_INT(NULL, -1))));
  moth_release(diagonal);
  assert_tensor((moth_tensor *)moth_retain(t), "f32[2,3]", -1, 1, 2, 3, -1, 5);
  assert_tensor(tensors_of(m, "diag", t, OPTIONS(MOTH_INT(NULL, 1))), "f32[2]", 1, 5);
  assert_tensor(tensors_of(m, "diag", v, NULL), "u8[2,2]", 7, 0, 0, 8);
  assert_tensor(tensors_of(m, "diag", v, OPTIONS(MOTH_INT(NULL, -1))), "u8[3,3]", 0, 0, 0, 7, 0, 0, 0, 8, 0);
  refuse(m, "diag", cube, NULL, MOTH_SHAPE, "diag: takes a vector or a matrix, got i64[2,3,2]");
  refuse(m, "diag", v, OPTIONS(MOTH_INT(NULL, INT64_MIN)), MOTH_LIMIT, "diag: more elements than can be addressed");
  refuse(m, "diagonal", v, NULL, MOTH_SHAPE, "diagonal: takes a matrix, or a stack of them, got u8[2]");
  refuse(m, "diagonal", t, OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, 1), MOTH_INT(NULL, -1)), MOTH_INDEX, "diagonal: axis 1 appears twice");
  moth_release(t), moth_release(v), moth_release(cube);
  moth_close(m);
}

static void test_triangles(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = tensors_make(m, MOTH_I64, SHAPE(2, 2, 3), NUMBERS(1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6)), *turned;
  assert_tensor(tensors_of(m, "tril", t, NULL), "i64[2,2,3]", 1, 0, 0, 4, 5, 0, 1, 0, 0, 4, 5, 0);
  assert_tensor(tensors_of(m, "triu", t, OPTIONS(MOTH_INT(NULL, 1))), "i64[2,2,3]", 0, 2, 3, 0, 0, 6, 0, 2, 3, 0, 0, 6);
  assert_tensor(tensors_of(m, "tril", t, OPTIONS(MOTH_INT(NULL, INT64_MIN))), "i64[2,2,3]", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  assert_tensor(tensors_of(m, "triu", t, OPTIONS(MOTH_INT(NULL, INT64_MAX))), "i64[2,2,3]", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  assert_tensor(tensors_of(m, "tril", t, OPTIONS(MOTH_INT(NULL, INT64_MAX))), "i64[2,2,3]", 1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6);
  turned = tensors_of(m, "transpose", t, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 2)));
  moth_release(tensors_of(m, "triu_", turned, NULL)); /* 1 4 / 0 5 / 0 0 */
  moth_release(turned);
  assert_tensor(t, "i64[2,2,3]", 1, 0, 0, 4, 5, 0, 1, 0, 0, 4, 5, 0);
  moth_close(m);
}

static void test_tiles(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = range(m, MOTH_U8, SHAPE(2, 2)), *one = range(m, MOTH_F64, 0, NULL);
  assert_tensor(tensors_of(m, "tile", t, OPTIONS(MOTH_INT(NULL, 2))), "u8[2,4]", 0, 1, 0, 1, 2, 3, 2, 3);
  assert_tensor(tensors_of(m, "tile", t, OPTIONS(MOTH_INT(NULL, 3), MOTH_INT(NULL, 1))), "u8[6,2]", 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
  assert_tensor(tensors_of(m, "repeat_times", t, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 1), MOTH_INT(NULL, 3))), "u8[2,2,6]", 0, 1, 0, 1,
                0, 1, 2, 3, 2, 3, 2, 3, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3);
  assert_tensor(tensors_of(m, "tile", one, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, 3))), "f64[2,3]", 0, 0, 0, 0, 0, 0);
  assert_tensor(tensors_of(m, "tile", t, OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, 3))), "u8[0,6]", 0);
  assert_tensor(tensors_of(m, "tile", t, NULL), "u8[2,2]", 0, 1, 2, 3);
  refuse(m, "repeat_times", t, OPTIONS(MOTH_INT(NULL, 2)), MOTH_SHAPE, "repeat_times: u8[2,2] has 2 axes, got 1 numbers");
  moth_release(t), moth_release(one);
  moth_close(m);
}

static void test_meshgrid(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  moth_tensor *x = range(m, MOTH_F32, SHAPE(2)), *y = range(m, MOTH_I64, SHAPE(3)), *z = tensors_make(m, MOTH_U8, 0, NULL, NUMBERS(9));
  moth_value results[MOTH_MAX_RESULTS], inputs[9] = { tensors_value(x), tensors_value(y), tensors_value(z) };
  int count;
  assert_ok(m, tensors_try(m, "meshgrid", inputs, 3, NULL, results, &count));
  assert_int_equal(count, 3);
  assert_tensor(results[0].as.tensor, "f32[2,3,1]", 0, 0, 0, 1, 1, 1);
  assert_tensor(results[1].as.tensor, "i64[2,3,1]", 0, 1, 2, 0, 1, 2);
  assert_tensor(results[2].as.tensor, "u8[2,3,1]", 9, 9, 9, 9, 9, 9);
  assert_ok(m, tensors_try(m, "meshgrid", inputs, 2, OPTIONS(MOTH_TEXT("indexing", "xy")), results, &count));
  assert_int_equal(count, 2);
  assert_tensor(results[0].as.tensor, "f32[3,2]", 0, 1, 0, 1, 0, 1);
  assert_tensor(results[1].as.tensor, "i64[3,2]", 0, 0, 1, 1, 2, 2);
  for (int i = 0; i < 9; i++) inputs[i] = tensors_value(x);
  assert_fails(m, tensors_try(m, "meshgrid", inputs, 9, NULL, results, &count), MOTH_LIMIT, "meshgrid: takes at most 8 vectors, got 9");
  assert_ok(m, tensors_try(m, "meshgrid", inputs, 8, NULL, results, &count));
  assert_int_equal(count, 8);
  for (int i = 0; i < count; i++) moth_value_release(m, &results[i]);
  moth_release(x), moth_release(y), moth_release(z);
  support_close(m, &allocator);
}

/* The same values, whatever the strides; the generator stands as after one draw; another seed gives others. */
static void test_fills(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < MOTH_DTYPES; d++) {
    double first[30], ones = 0;
    for (int layout = 0; layout < LAYOUTS; layout++) {
      moth_tensor *plain = range(m, (moth_dtype)d, SHAPE(10, 3)), *t;
      assert_ok(m, tensors_lay_out(m, plain, layout, &t));
      moth_seed(m, 11);
      moth_release(tensors_of(m, "bernoulli_", t, OPTIONS(MOTH_REAL(NULL, 0.3))));
      moth_value drawn = tensors_run(m, "rand", NULL, 0, OPTIONS(MOTH_INT(NULL, 1)));
      for (int i = 0; i < 30; i++) {
        double value = tensors_at(t, i);
        assert_true(value == 0 || value == 1);
        if (layout == 0) first[i] = value, ones += value;
        assert_true(value == first[i]);
      }
      moth_seed(m, 11);
      moth_value fresh = tensors_run(m, "bernoulli", NULL, 0, OPTIONS(MOTH_REAL(NULL, 0.3), MOTH_INT(NULL, 30)));
      for (int i = 0; i < 30; i++) assert_true(tensors_at(fresh.as.tensor, i) == first[i]);
      moth_value again = tensors_run(m, "rand", NULL, 0, OPTIONS(MOTH_INT(NULL, 1)));
      assert_true(tensors_at(again.as.tensor, 0) == tensors_at(drawn.as.tensor, 0));
      moth_value_release(m, &drawn), moth_value_release(m, &fresh), moth_value_release(m, &again);
      moth_release(plain), moth_release(t);
    }
    assert_true(ones > 2 && ones < 20);
  }
  moth_close(m);
}

/* Rows stay whole, all are there, and every order of three comes up about as often (chi-squared of 5 degrees of freedom, p = 0.001). */
static void test_shuffle(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  int counts[3][3] = { { 0 } }, orders = 6000;
  moth_seed(m, 3);
  moth_tensor *t = tensors_make(m, MOTH_I64, SHAPE(3, 2), NUMBERS(0, 10, 1, 11, 2, 12));
  for (int i = 0; i < orders; i++) {
    moth_release(tensors_of(m, "shuffle_", t, NULL));
    int seen = 0;
    for (int row = 0; row < 3; row++) {
      int value = (int)tensors_at(t, 2 * row);
      assert_true(tensors_at(t, 2 * row + 1) == value + 10);
      seen |= 1 << value;
    }
    assert_int_equal(seen, 7);
    counts[(int)tensors_at(t, 0)][(int)tensors_at(t, 2)]++;
  }
  double chi = 0;
  for (int i = 0; i < 9; i++) {
    double wanted = orders / 6.0, off = counts[i / 3][i % 3] - wanted;
    if (i / 3 != i % 3) chi += off * off / wanted;
  }
  assert_true(chi < 20.5);
  moth_release(t);
  t = range(m, MOTH_F32, 0, NULL);
  refuse(m, "shuffle_", t, NULL, MOTH_SHAPE, "shuffle_: f32[] has no rows");
  moth_release(t);
  moth_close(m);
}

/* What cannot be has its words; a view never copies. */
static void test_views(void **state) {
  (void)state;
  moth *m = support_open_with(NULL, from_one);
  moth_tensor *t = range(m, MOTH_F32, SHAPE(2, 3)), *turned = tensors_of(m, "t", t, NULL);
  refuse(m, "view", turned, OPTIONS(MOTH_INT(NULL, 6)), MOTH_SHAPE,
         "view: f32[3,2] is not laid out so that it can be seen as [6] without a copy\n  reshape copies where it must");
  refuse(m, "reshape", t, OPTIONS(MOTH_INT(NULL, 4)), MOTH_SHAPE, "reshape: f32[2,3] has 6 elements, which [4] cannot hold");
  refuse(m, "expand", t, OPTIONS(MOTH_INT(NULL, 4), MOTH_INT(NULL, 3)), MOTH_SHAPE, "expand: f32[2,3] does not broadcast to [4,3]");
  refuse(m, "squeeze", t, OPTIONS(MOTH_INT(NULL, 1)), MOTH_SHAPE, "squeeze: axis 2 of f32[2,3] is not 1");
  refuse(m, "select", t, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 3)), MOTH_INDEX,
         "select: index 4: columns of f32[2,3] are 1..3 or -3..-1");
  refuse(m, "narrow", t, OPTIONS(MOTH_INT(NULL, 1), MOTH_INT(NULL, 1), MOTH_INT(NULL, 3)), MOTH_INDEX,
         "narrow: 3 from 2 on leave axis 2 of f32[2,3]");
  moth_tensor *column = tensors_of(m, "narrow", t, OPTIONS(MOTH_INT(NULL, -1), MOTH_INT(NULL, -1), MOTH_INT(NULL, 1)));
  moth_tensor *wide = tensors_of(m, "expand", column, OPTIONS(MOTH_INT(NULL, 2), MOTH_INT(NULL, -1), MOTH_INT(NULL, 2)));
  assert_ptr_equal(wide->storage, t->storage);
  refuse(m, "fill_", wide, OPTIONS(MOTH_INT(NULL, 1)), MOTH_MISUSE, "fill_: f32[2,2,2] is read-only");
  moth_release(t); /* views keep the storage */
  assert_tensor(wide, "f32[2,2,2]", 2, 2, 5, 5, 2, 2, 5, 5);
  moth_release(column), moth_release(turned);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_split),    cmocka_unit_test(test_diagonals), cmocka_unit_test(test_triangles), cmocka_unit_test(test_tiles),
    cmocka_unit_test(test_meshgrid), cmocka_unit_test(test_fills),     cmocka_unit_test(test_shuffle),   cmocka_unit_test(test_views),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
