/* Views and batches: split, take, select, shuffle, batches, moth_classes. */
#include "data_support.h"

#define OPTIONS(...) ((moth_option[]){ __VA_ARGS__, MOTH_END })

/* x counts rows from 0; y cycles through the classes 1, 2, 2. */
static moth_dataset *rows_of(moth *m, int64_t rows) {
  moth_tensor *x = NULL, *y = NULL;
  moth_dataset *data = NULL;
  assert_ok(m, moth_tensor_create(m, MOTH_F32, 2, (int64_t[]){ rows, 1 }, &x));
  assert_ok(m, moth_tensor_create(m, MOTH_I64, 1, &rows, &y));
  for (int64_t i = 0; i < rows; i++) {
    assert_ok(m, moth_tensor_set(m, x, (int64_t[]){ i, 0 }, (double)i));
    assert_ok(m, moth_tensor_set(m, y, &i, i % 3 == 0 ? 1 : 2));
  }
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y)), &data));
  moth_release(x), moth_release(y);
  return data;
}

static int64_t row_at(moth *m, const moth_dataset *data, int64_t place) {
  float value;
  dataset_gather(data, &data->source->x, NULL, place, 1, MOTH_F32, false, &value);
  return (int64_t)value;
}

/* Sizes are round(n·cumulative): digits.csv's 1797 rows by 0.7, 0.15, 0.15 are 1258, 269, 270; every row is in one part. */
static void split_uses_every_row_once(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_dataset *data = rows_of(m, 1797), *parts[3];
  assert_ok(m, moth_dataset_split(m, data, (double[]){ 0.7, 0.15, 0.15 }, 3, OPTIONS(MOTH_INT("seed", 1)), parts));
  assert_int_equal(moth_dataset_rows(parts[0]), 1258);
  assert_int_equal(moth_dataset_rows(parts[1]), 269);
  assert_int_equal(moth_dataset_rows(parts[2]), 270);
  bool is_met[1797] = { 0 };
  int in_place = 0;
  for (int p = 0; p < 3; p++) {
    for (int64_t i = 0; i < moth_dataset_rows(parts[p]); i++) {
      int64_t row = row_at(m, parts[p], i);
      assert_false(is_met[row]);
      is_met[row] = true;
      in_place += row == i;
    }
  }
  assert_true(in_place < 20);
  moth_dataset *again[3];
  assert_ok(m, moth_dataset_split(m, data, (double[]){ 0.7, 0.15, 0.15 }, 3, OPTIONS(MOTH_INT("seed", 1)), again));
  for (int64_t i = 0; i < 269; i++) assert_int_equal(row_at(m, parts[1], i), row_at(m, again[1], i));
  for (int p = 0; p < 3; p++) moth_release(parts[p]), moth_release(again[p]);
  moth_release(data);
  support_close(m, &allocator);
}

static void split_in_order_and_in_part(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_dataset *data = rows_of(m, 10), *parts[2], *inner[1];
  uint64_t before = m->random.position;
  assert_ok(m, moth_dataset_split(m, data, (double[]){ 0.25, 0.5 }, 2, OPTIONS(MOTH_FLAG("shuffle", false)), parts));
  assert_true(m->random.position == before);
  assert_column(m, parts[0], "x", 0, 1);
  assert_column(m, parts[1], "x", 2, 3, 4, 5, 6, 7);
  assert_ok(m, moth_dataset_split(m, parts[1], (double[]){ 0.5 }, 1, OPTIONS(MOTH_FLAG("shuffle", false)), inner));
  assert_column(m, inner[0], "x", 2, 3, 4);
  assert_column(m, inner[0], "y", 2, 1, 2);
  moth_release(inner[0]), moth_release(parts[0]), moth_release(parts[1]);
  moth_seed(m, 5);
  assert_ok(m, moth_dataset_split(m, data, (double[]){ 0.5, 0.5 }, 2, NULL, parts));
  int64_t first = row_at(m, parts[0], 0), second = row_at(m, parts[0], 1);
  moth_release(parts[0]), moth_release(parts[1]);
  moth_seed(m, 5);
  assert_ok(m, moth_dataset_split(m, data, (double[]){ 0.5, 0.5 }, 2, NULL, parts));
  assert_int_equal(row_at(m, parts[0], 0), first);
  assert_int_equal(row_at(m, parts[0], 1), second);
  moth_release(parts[0]), moth_release(parts[1]), moth_release(data);
  support_close(m, NULL);
}

/* Each class is cut in proportion, to one row, and the parts have the sizes that they have without stratify. */
static void split_keeps_classes_in_proportion(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  static const double fractions[] = { 0.5, 0.2, 0.1 };
  for (int64_t rows = 0; rows < 70; rows++) {
    moth_dataset *data = rows_of(m, rows), *parts[3], *plain[3];
    assert_ok(m, moth_dataset_split(m, data, fractions, 3, OPTIONS(MOTH_FLAG("stratify", true), MOTH_INT("seed", rows)), parts));
    assert_ok(m, moth_dataset_split(m, data, fractions, 3, NULL, plain));
    bool is_met[70] = { 0 };
    for (int p = 0; p < 3; p++) {
      int64_t ones = 0, all = (rows + 2) / 3;
      assert_int_equal(moth_dataset_rows(parts[p]), moth_dataset_rows(plain[p]));
      for (int64_t i = 0; i < moth_dataset_rows(parts[p]); i++) {
        int64_t row = row_at(m, parts[p], i);
        assert_false(is_met[row]);
        is_met[row] = true;
        ones += row % 3 == 0;
      }
      assert_true(fabs((double)ones - fractions[p] * (double)all) <= 1.5);
      moth_release(parts[p]), moth_release(plain[p]);
    }
    moth_release(data);
  }
  support_close(m, &allocator);
}

static void split_in_proportion_keeps_the_order_without_shuffle(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_dataset *data = rows_of(m, 12), *parts[2];
  assert_ok(m, moth_dataset_split(m, data, (double[]){ 0.5, 0.5 }, 2, OPTIONS(MOTH_FLAG("stratify", true), MOTH_FLAG("shuffle", false)),
      parts));
  assert_column(m, parts[0], "x", 0, 1, 2, 3, 4, 5);
  assert_column(m, parts[1], "x", 6, 7, 8, 9, 10, 11);
  moth_release(parts[0]), moth_release(parts[1]), moth_release(data);
  support_close(m, NULL);
}

static void split_says_what_is_wrong(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_dataset *data = rows_of(m, 10), *parts[3] = { NULL }, *values = NULL;
  assert_fails(m, moth_dataset_split(m, data, (double[]){ 70, 30 }, 2, NULL, parts), MOTH_OPTION,
      "split: fractions add up to 100, at most 1");
  assert_fails(m, moth_dataset_split(m, data, (double[]){ 0.7, -0.1 }, 2, NULL, parts), MOTH_OPTION,
      "split: fractions must be > 0, got -0.1");
  assert_fails(m, moth_dataset_split(m, data, (double[]){ NAN }, 1, NULL, parts), MOTH_OPTION, "split: fractions must be > 0, got nan");
  assert_fails(m, moth_dataset_split(m, data, NULL, 0, NULL, parts), MOTH_MISUSE, "split: give one fraction or more: data:split(0.8, 0.2)");
  assert_fails(m, moth_dataset_split(m, data, (double[]){ 0.5 }, 1, OPTIONS(MOTH_INT("random_state", 1)), parts), MOTH_OPTION,
               "split: no option 'random_state'; here it is 'seed' (options: stratify shuffle seed)");
  moth_tensor *x = F32(m, 2, 1, 1, 2);
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", x)), &values));
  assert_fails(m, moth_dataset_split(m, values, (double[]){ 0.5 }, 1, OPTIONS(MOTH_FLAG("stratify", true)), parts), MOTH_DATA,
               "split: stratify needs class numbers i64[rows] in data.y, f32[2,1]");
  assert_null(parts[0]);
  moth_release(values);
  moth_tensor *far = I64(m, 2, INT64_MIN, INT64_MAX);
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", far)), &values));
  assert_fails(m, moth_dataset_split(m, values, (double[]){ 0.5 }, 1, OPTIONS(MOTH_FLAG("stratify", true)), parts), MOTH_LIMIT,
               "split: data.y has classes from -9223372036854775808 to 9223372036854775807, at most 16777216 can be kept in proportion");
  moth_release(values), moth_release(far), moth_release(x), moth_release(data);
  support_close(m, &allocator);
}

static void takes_and_selects(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_dataset *data = rows_of(m, 5), *part = NULL, *inner = NULL;
  assert_ok(m, moth_dataset_take(m, data, 3, &part));
  assert_column(m, part, "x", 0, 1, 2);
  moth_tensor *x = column_of(m, part, "x");
  assert_true(moth_tensor_is_read_only(x));
  moth_release(x);
  moth_tensor *ids = I64(m, 4, 3, -1, 1, 3);
  assert_ok(m, moth_dataset_select(m, part, ids, &inner));
  assert_column(m, inner, "x", 2, 2, 0, 2);
  moth_release(part);
  assert_ok(m, moth_dataset_take(m, inner, 3, &part));
  assert_column(m, part, "x", 2, 2, 0);
  moth_release(part), moth_release(inner), moth_release(ids);
  moth_tensor *mask = tensor_of(m, MOTH_BOOL, 1, (int64_t[]){ 5 }, (uint8_t[]){ 1, 0, 0, 1, 1 });
  assert_ok(m, moth_dataset_select(m, data, mask, &part));
  assert_column(m, part, "x", 0, 3, 4);
  inner = NULL;
  assert_fails(m, moth_dataset_select(m, part, mask, &inner), MOTH_SHAPE, "select: the mask is bool[5], data has 3 rows");
  moth_release(mask);
  ids = I64(m, 2, 1, 4);
  assert_fails(m, moth_dataset_select(m, part, ids, &inner), MOTH_INDEX, "select: index 4: rows of data are 1..3 or -3..-1");
  moth_release(ids);
  ids = I64(m, 1, 0);
  assert_fails(m, moth_dataset_select(m, part, ids, &inner), MOTH_INDEX, "select: index 0: rows of data are 1..3 or -3..-1");
  moth_release(ids);
  ids = tensor_of(m, MOTH_F32, 1, (int64_t[]){ 1 }, (float[]){ 2 });
  assert_ok(m, moth_dataset_select(m, part, ids, &inner));
  assert_column(m, inner, "x", 3);
  moth_release(inner), moth_release(ids);
  inner = NULL;
  ids = F32(m, 1, 1, 1);
  assert_fails(m, moth_dataset_select(m, part, ids, &inner), MOTH_SHAPE, "select: ids must have one axis, got f32[1,1]");
  moth_release(ids), moth_release(part);
  assert_fails(m, moth_dataset_take(m, data, 6, &inner), MOTH_INDEX, "take: 6 rows asked for, data has 5");
  assert_fails(m, moth_dataset_take(m, data, -1, &inner), MOTH_INDEX, "take: -1 rows asked for, data has 5");
  assert_ok(m, moth_dataset_take(m, data, 0, &part));
  ids = I64(m, 1, 1);
  assert_fails(m, moth_dataset_select(m, part, ids, &inner), MOTH_INDEX, "select: index 1: data has 0 rows");
  assert_fails(m, dataset_check_rows(m, "train", part, "data"), MOTH_DATA, "train: data has 0 rows");
  assert_null(inner);
  moth_release(ids), moth_release(part), moth_release(data);
  support_close(m, &allocator);
}

static void shuffles_by_seed(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_dataset *data = rows_of(m, 50), *a = NULL, *b = NULL, *c = NULL;
  assert_ok(m, moth_dataset_shuffle(m, data, &(uint64_t){ 3 }, &a));
  assert_ok(m, moth_dataset_shuffle(m, data, &(uint64_t){ 3 }, &b));
  assert_ok(m, moth_dataset_shuffle(m, data, NULL, &c));
  int64_t sum = 0, same = 0;
  for (int64_t i = 0; i < 50; i++) {
    assert_int_equal(row_at(m, a, i), row_at(m, b, i));
    sum += row_at(m, c, i);
    same += row_at(m, a, i) == row_at(m, c, i);
  }
  assert_int_equal(sum, 49 * 25);
  assert_true(same < 10);
  moth_release(data), moth_release(a), moth_release(b), moth_release(c);
  support_close(m, NULL);
}

static void batches_come_in_turn(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_dataset *data = rows_of(m, 5);
  for (int drop = 0; drop < 2; drop++) {
    moth_batches *batches = NULL;
    moth_tensor *x = NULL, *y = NULL;
    assert_ok(m, moth_dataset_batches(m, data, OPTIONS(MOTH_INT("size", 2), MOTH_FLAG("drop_last", drop)), &batches));
    for (int i = 0; i < 3 - drop; i++) {
      assert_ok(m, moth_batches_next(m, batches, &x, &y));
      assert_int_equal(moth_tensor_shape(x)[0], i < 2 ? 2 : 1);
      assert_true(value_at(m, x, 0) == i * 2);
      assert_described(y, i < 2 ? "i64[2]" : "i64[1]");
      assert_true(value_at(m, y, 0) == (i * 2 % 3 == 0 ? 1 : 2));
      moth_release(x), moth_release(y);
    }
    for (int i = 0; i < 2; i++) {
      assert_ok(m, moth_batches_next(m, batches, &x, &y));
      assert_null(x);
      assert_null(y);
    }
    moth_release(batches);
  }
  moth_release(data);
  support_close(m, &allocator);
}

static void batches_are_shuffled_views_in_a_dtype(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_tensor *x = tensor_of(m, MOTH_U8, 3, (int64_t[]){ 4, 1, 2 }, (uint8_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 });
  moth_dataset *data = NULL, *part = NULL;
  moth_batches *batches = NULL;
  moth_tensor *batch = NULL, *none = x;
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x)), &data));
  moth_tensor *ids = I64(m, 3, 4, 2, 1);
  assert_ok(m, moth_dataset_select(m, data, ids, &part));
  assert_ok(m, moth_dataset_batches(m, part, NULL, &batches));
  assert_ok(m, moth_batches_next(m, batches, &batch, &none));
  assert_described(batch, "f32[3,1,2]");
  assert_tensor(m, batch, 6, 7, 2, 3, 0, 1);
  assert_null(none);
  moth_release(batch), moth_release(batches);
  assert_ok(m, moth_dataset_batches(m, part, OPTIONS(MOTH_FLAG("shuffle", true), MOTH_INT("seed", 2), MOTH_TEXT("dtype", "f64")),
      &batches));
  moth_release(part), moth_release(data), moth_release(ids), moth_release(x);
  assert_ok(m, moth_batches_next(m, batches, &batch, NULL));
  assert_described(batch, "f64[3,1,2]");
  double sum = 0;
  for (int i = 0; i < 6; i++) sum += value_at(m, batch, i);
  assert_true(sum == 19);
  moth_release(batch), moth_release(batches);
  support_close(m, NULL);
}

static void classes_are_renumbered(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_tensor *classes = NULL, *values = NULL;
  moth_tensor *y = I64(m, 5, 9, INT64_MAX, -4, 9, INT64_MAX - 1);
  assert_ok(m, moth_classes(m, y, &classes, &values));
  assert_described(classes, "i64[5]");
  assert_tensor(m, classes, 2, 4, 1, 2, 3);
  int64_t largest = 0;
  assert_ok(m, moth_tensor_get_int(m, values, (int64_t[]){ 3 }, &largest));
  assert_true(largest == INT64_MAX);
  moth_release(classes), moth_release(values), moth_release(y);
  y = F32(m, 3, 1, 0.5, -1, 0.5);
  assert_ok(m, moth_classes(m, y, &classes, NULL));
  assert_tensor(m, classes, 2, 1, 2);
  moth_release(classes), moth_release(y);
  y = tensor_of(m, MOTH_BOOL, 1, (int64_t[]){ 3 }, (uint8_t[]){ 1, 0, 1 });
  assert_ok(m, moth_classes(m, y, &classes, &values));
  assert_described(values, "bool[2]");
  assert_tensor(m, classes, 2, 1, 2);
  moth_release(classes), moth_release(values), moth_release(y);
  int64_t none = 0;
  assert_ok(m, moth_tensor_create(m, MOTH_F64, 1, &none, &y));
  assert_ok(m, moth_classes(m, y, &classes, &values));
  assert_described(classes, "i64[0]");
  moth_release(classes), moth_release(values), moth_release(y);
  classes = NULL;
  y = F32(m, 2, 1, 1, NAN);
  assert_fails(m, moth_classes(m, y, &classes, NULL), MOTH_DATA, "classes: nan in row 2 of y");
  moth_release(y);
  y = F32(m, 1, 2, 1, 2);
  assert_fails(m, moth_classes(m, y, &classes, NULL), MOTH_SHAPE, "classes: y must be one number a row, [rows] or [rows,1], got f32[1,2]");
  assert_null(classes);
  moth_release(y);
  support_close(m, &allocator);
}

static moth_status use_all(moth *m, void *unused) {
  (void)unused;
  int64_t rows = 60;
  moth_tensor *x = NULL, *y = NULL, *classes = NULL, *values = NULL, *bx = NULL, *by = NULL;
  moth_dataset *data = NULL, *parts[2] = { NULL }, *taken = NULL, *selected = NULL, *shuffled = NULL;
  moth_batches *batches = NULL;
  random_source before = { 0 };
  moth_status status = moth_tensor_create(m, MOTH_F32, 2, (int64_t[]){ rows, 3 }, &x);
  if (!status) status = moth_tensor_create(m, MOTH_I64, 1, &rows, &y);
  if (!status) status = moth_classes(m, y, &classes, &values);
  if (!status) status = moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", classes)), &data);
  before = m->random;
  if (!status) {
    status = moth_dataset_split(m, data, (double[]){ 0.5, 0.5 }, 2, OPTIONS(MOTH_FLAG("stratify", true)), parts);
    if (status) assert_true(m->random.position == before.position);
  }
  if (!status) status = moth_dataset_take(m, parts[0], 5, &taken);
  if (!status) status = moth_dataset_select(m, taken, y, &selected) == MOTH_INDEX ? MOTH_OK : m->status;
  if (!status) status = moth_dataset_shuffle(m, taken, NULL, &shuffled);
  if (!status) status = moth_dataset_batches(m, data, OPTIONS(MOTH_INT("size", 50), MOTH_FLAG("shuffle", true)), &batches);
  if (!status) status = moth_batches_next(m, batches, &bx, &by);
  void *all[] = { x, y, classes, values, bx, by, data, parts[0], parts[1], taken, selected, shuffled, batches };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) moth_release(all[i]);
  return status;
}
static void survives_each_failing_allocation(void **state) {
  (void)state;
  assert_true(support_fail_each_in(open_base_1, use_all, NULL) > 25);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(split_uses_every_row_once),
    cmocka_unit_test(split_in_order_and_in_part),
    cmocka_unit_test(split_keeps_classes_in_proportion),
    cmocka_unit_test(split_in_proportion_keeps_the_order_without_shuffle),
    cmocka_unit_test(split_says_what_is_wrong),
    cmocka_unit_test(takes_and_selects),
    cmocka_unit_test(shuffles_by_seed),
    cmocka_unit_test(batches_come_in_turn),
    cmocka_unit_test(batches_are_shuffled_views_in_a_dtype),
    cmocka_unit_test(classes_are_renumbered),
    cmocka_unit_test(survives_each_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
