/* Elements by position and by mask: what each operation gives, in both index bases, through strides, and where source and destination
 * are the same memory. A model of flat arrays stands against the engine in the random part. */
#include "tensors.h"

static const moth_config from_one = { .index_base = 1 };

static moth_tensor *range(moth *m, moth_dtype dtype, int rank, const int64_t *shape) {
  double values[TENSORS_MOST];
  for (int i = 0; i < TENSORS_MOST; i++) values[i] = dtype == MOTH_BOOL ? i % 3 == 0 : i;
  return tensors_make(m, dtype, rank, shape, values);
}

static moth_tensor *ids_of(moth *m, int count, const double *values) {
  int64_t n = count;
  return tensors_make(m, MOTH_I64, 1, &n, values);
}
#define IDS(...) ids_of(m, (int)(sizeof((double[]) { __VA_ARGS__ }) / sizeof(double)), NUMBERS(__VA_ARGS__))

/* t changed in place by an operation on positions and a value; lets both go. Returns t. */
static moth_tensor *change(moth *m, const char *name, moth_tensor *t, moth_tensor *ids, moth_value value, int64_t axis) {
  moth_value inputs[] = { tensors_value(t), tensors_value(ids), value };
  moth_release(tensors_run(m, name, inputs, 3, OPTIONS(MOTH_INT("axis", axis))).as.tensor);
  moth_release(ids);
  if (value.kind == MOTH_TENSOR_VALUE) moth_release(value.as.tensor);
  return t;
}

static void test_index(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = range(m, MOTH_F32, SHAPE(3, 2, 2)), *ids = IDS(2, 0, -1), *two = tensors_make(m, MOTH_I64, SHAPE(1, 2), NUMBERS(1, 0));
  assert_tensor(tensors_of_two(m, "index", tensors_value(t), tensors_value(ids), OPTIONS(MOTH_INT("axis", 0))), "f32[3,2,2]", 8, 9, 10, 11,
                0, 1, 2, 3, 8, 9, 10, 11);
  assert_tensor(tensors_of_two(m, "index", tensors_value(t), tensors_value(two), OPTIONS(MOTH_INT("axis", 1))), "f32[3,1,2,2]", 2, 3, 0, 1,
                6, 7, 4, 5, 10, 11, 8, 9);
  moth_tensor *one = tensors_make(m, MOTH_I64, 0, NULL, NUMBERS(1));
  assert_tensor(tensors_of_two(m, "index", tensors_value(t), tensors_value(one), OPTIONS(MOTH_INT("axis", 2))), "f32[3,2]", 1, 3, 5, 7, 9,
                11);
  moth_release(t), moth_release(ids), moth_release(two), moth_release(one);
  moth_close(m);
}

static void test_index_put(void **state) {
  (void)state;
  moth *m = support_open_with(NULL, from_one);
  moth_tensor *t = range(m, MOTH_I64, SHAPE(3, 2));
  change(m, "index_put_", t, IDS(1, 3), tensors_int(9), 0);
  change(m, "index_put_", t, IDS(2), tensors_value(tensors_make(m, MOTH_F32, SHAPE(3, 1), NUMBERS(7, 8, 9))), 1);
  assert_tensor((moth_tensor *)moth_retain(t), "i64[3,2]", 9, 7, 2, 8, 9, 9);
  /* of equal positions the last wins */
  change(m, "index_put_", t, IDS(1, 1, -3), tensors_value(tensors_make(m, MOTH_I64, SHAPE(3, 2), NUMBERS(1, 2, 3, 4, 5, 6))), 0);
  assert_tensor((moth_tensor *)moth_retain(t), "i64[3,2]", 5, 6, 2, 8, 9, 9);
  /* several axes of positions, and none */
  moth_tensor *square = tensors_make(m, MOTH_I64, SHAPE(2, 2), NUMBERS(1, 2, 2, 3)), *one = tensors_make(m, MOTH_I64, 0, NULL, NUMBERS(3));
  change(m, "index_put_", t, square, tensors_value(tensors_make(m, MOTH_I64, SHAPE(2, 1, 1), NUMBERS(1, 2))), 0);
  assert_tensor((moth_tensor *)moth_retain(t), "i64[3,2]", 1, 1, 2, 2, 2, 2);
  change(m, "index_put_", t, one, tensors_value(tensors_make(m, MOTH_I64, SHAPE(2), NUMBERS(4, 5))), 0);
  assert_tensor(t, "i64[3,2]", 1, 1, 2, 2, 4, 5);
  moth_close(m);
}

static void test_index_add(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  assert_tensor(change(m, "index_add_", range(m, MOTH_F32, SHAPE(3)), IDS(2, 0, 2, 2), tensors_real(0.5), 0), "f32[3]", 0.5, 1, 3.5);
  assert_tensor(change(m, "index_add_", range(m, MOTH_U8, SHAPE(2, 2)), IDS(1, 1), tensors_int(127), 1), "u8[2,2]", 0, 255, 2, 1);
  assert_tensor(change(m, "index_add_", range(m, MOTH_BOOL, SHAPE(3)), IDS(2), tensors_flag(true), 0), "bool[3]", 1, 0, 1);
  moth_tensor *t = range(m, MOTH_F32, SHAPE(2)), *ids = IDS(0);
  moth_tensor *wide = range(m, MOTH_F64, SHAPE(1));
  moth_value results[MOTH_MAX_RESULTS], inputs[] = { tensors_value(t), tensors_value(ids), tensors_value(wide) };
  int count;
  assert_fails(m, tensors_try(m, "index_add_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_DTYPE,
               "index_add_: f32[2] and f64[1] give f64; in place the dtype stays f32");
  inputs[2] = tensors_value(t); /* [2] does not fit [1] */
  assert_fails(m, tensors_try(m, "index_add_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_SHAPE,
               "index_add_: f32[2] does not broadcast to [1]");
  inputs[1] = tensors_int(0);
  assert_fails(m, tensors_try(m, "index_add_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_MISUSE,
               "index_add_: argument 2 must be a tensor of positions, got 0");
  moth_release(t), moth_release(ids), moth_release(wide);
  moth_close(m);
}

static void test_scatter(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *ids = tensors_make(m, MOTH_I64, SHAPE(2, 3), NUMBERS(0, 1, 2, 2, 0, 0));
  assert_tensor(change(m, "scatter_", range(m, MOTH_F64, SHAPE(3, 3)), ids, tensors_real(-1), 0), "f64[3,3]", -1, -1, -1, 3, -1, 5, -1, 7,
                -1);
  ids = tensors_make(m, MOTH_I64, SHAPE(2, 2), NUMBERS(2, 2, 0, 1));
  assert_tensor(
      change(m, "scatter_", range(m, MOTH_F64, SHAPE(3, 3)), ids, tensors_value(tensors_make(m, MOTH_F32, SHAPE(2), NUMBERS(8, 9))), 1),
      "f64[3,3]", 0, 1, 9, 8, 9, 5, 6, 7, 8);
  moth_tensor *t = range(m, MOTH_F32, SHAPE(2, 2));
  moth_value results[MOTH_MAX_RESULTS], inputs[] = { tensors_value(t), tensors_value(t), tensors_real(1) };
  int count;
  assert_fails(m, tensors_try(m, "scatter_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_INDEX,
               "scatter_: index 2: rows of f32[2,2] are 0..1 or -2..-1");
  moth_tensor *long_ids = tensors_make(m, MOTH_I64, SHAPE(1, 3), NUMBERS(0, 0, 0));
  inputs[1] = tensors_value(long_ids);
  assert_fails(m, tensors_try(m, "scatter_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_SHAPE,
               "scatter_: positions i64[1,3] do not fit f32[2,2]");
  moth_release(t), moth_release(long_ids);
  moth_close(m);
}

/* Where the values, or the positions, are the tensor itself, all is read before anything is written. */
static void test_overlap(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = range(m, MOTH_I64, SHAPE(4));
  change(m, "index_put_", t, IDS(1, 2, 3),
         tensors_value(tensors_of(m, "narrow", t, OPTIONS(MOTH_INT(NULL, 0), MOTH_INT(NULL, 0), MOTH_INT(NULL, 3)))), 0);
  assert_tensor((moth_tensor *)moth_retain(t), "i64[4]", 0, 0, 1, 2);
  change(m, "index_add_", t, moth_retain(t), tensors_value(moth_retain(t)), 0); /* positions 0 0 1 2 */
  assert_tensor(t, "i64[4]", 0, 1, 3, 2);
  t = range(m, MOTH_I64, SHAPE(3));
  change(m, "scatter_", t, moth_retain(t), tensors_value(tensors_of(m, "flip", t, NULL)), 0);
  assert_tensor(t, "i64[3]", 2, 1, 0);
  moth_tensor *bits = tensors_make(m, MOTH_BOOL, SHAPE(4), NUMBERS(1, 0, 1, 1)), *shifted;
  assert_ok(m, moth_tensor_slice(m, bits, 0, 1, 3, 1, &shifted));
  moth_tensor *front;
  assert_ok(m, moth_tensor_slice(m, bits, 0, 0, 3, 1, &front));
  moth_value inputs[] = { tensors_value(front), tensors_value(shifted), tensors_flag(false) };
  moth_release(tensors_run(m, "masked_put_", inputs, 3, NULL).as.tensor);
  assert_tensor(bits, "bool[4]", 1, 0, 0, 1);
  moth_release(shifted), moth_release(front);
  moth_close(m);
}

static void test_nonzero(void **state) {
  (void)state;
  moth *m = support_open_with(NULL, from_one);
  moth_tensor *t = tensors_make(m, MOTH_F32, SHAPE(2, 3), NUMBERS(0, 5, NAN, -1, 0, 0)),
              *one = tensors_make(m, MOTH_BOOL, 0, NULL, NUMBERS(1)), *zero = tensors_make(m, MOTH_BOOL, 0, NULL, NUMBERS(0));
  assert_tensor(tensors_of(m, "nonzero", t, NULL), "i64[3,2]", 1, 2, 1, 3, 2, 1);
  assert_tensor(tensors_of(m, "nonzero", one, NULL), "i64[1,0]", 0);
  assert_tensor(tensors_of(m, "nonzero", zero, NULL), "i64[0,0]", 0);
  moth_release(t), moth_release(one), moth_release(zero);
  moth_close(m);
}

static void test_roll(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = range(m, MOTH_U8, SHAPE(2, 3));
  const int64_t both[] = { 0, 1 }, by[] = { 1, -1 };
  assert_tensor(tensors_of(m, "roll", t, OPTIONS(MOTH_INT(NULL, 2))), "u8[2,3]", 4, 5, 0, 1, 2, 3);
  assert_tensor(tensors_of(m, "roll", t, OPTIONS(MOTH_INT(NULL, -7), MOTH_INT(NULL, 1))), "u8[2,3]", 1, 2, 0, 4, 5, 3);
  assert_tensor(tensors_of(m, "roll", t, OPTIONS(MOTH_INTS(NULL, 2, by), MOTH_INTS(NULL, 2, both))), "u8[2,3]", 4, 5, 3, 1, 2, 0);
  moth_value results[MOTH_MAX_RESULTS], input = tensors_value(t);
  int count;
  assert_fails(m, tensors_try(m, "roll", &input, 1, OPTIONS(MOTH_INTS(NULL, 2, by), MOTH_INT(NULL, 1)), results, &count), MOTH_SHAPE,
               "roll: 2 numbers for 1 axes");
  moth_release(t);
  moth_close(m);
}

/* ---- Against a model, at random ---- */

enum { RUNS = 400, LONGEST = 700 };

typedef struct dice {
  random_source source;
} dice;
static int64_t roll_dice(dice *d, int64_t low, int64_t high) {
  int64_t n;
  random_integers(&d->source, &n, 1, low, high);
  return n;
}

/* n rows of `inner` (< 0: n numbers), long enough for chunks, their ends and the eights of masks. */
static moth_tensor *random_rows(moth *m, dice *d, moth_dtype dtype, int64_t n, int64_t inner, int layout) {
  moth_tensor *plain, *t;
  int64_t shape[] = { n, inner };
  assert_ok(m, tensor_new(m, "rows", dtype, inner >= 0 ? 2 : 1, shape, true, &plain));
  for (int64_t i = 0; i < plain->count; i++)
    dtype_store(dtype, (double)roll_dice(d, 0, dtype == MOTH_BOOL ? 1 : 200), plain->values + i * (int64_t)dtype_size(dtype));
  assert_ok(m, tensors_lay_out(m, plain, layout, &t));
  moth_release(plain);
  return t;
}

static void check_masks(moth *m, dice *d, moth_dtype dtype) {
  int64_t n = roll_dice(d, 0, LONGEST), inner = roll_dice(d, -1, 3), width = inner < 0 ? 1 : inner, density = roll_dice(d, 0, 4);
  moth_tensor *t = random_rows(m, d, dtype, n, inner, (int)roll_dice(d, 0, LAYOUTS - 1)), *plain, *mask;
  int64_t shape[] = { n };
  assert_ok(m, tensor_new(m, "mask", MOTH_BOOL, 1, shape, true, &plain));
  for (int64_t i = 0; i < n; i++) plain->values[i] = roll_dice(d, 0, 3) < density;
  assert_ok(m, tensors_lay_out(m, plain, (int)roll_dice(d, 0, LAYOUTS - 1), &mask));
  moth_tensor *picked = tensors_of_two(m, "mask_select", tensors_value(t), tensors_value(mask), NULL);
  int64_t marked = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!plain->values[i]) continue;
    for (int64_t j = 0; j < width; j++) assert_true(tensors_at(picked, marked * width + j) == tensors_at(t, i * width + j));
    marked++;
  }
  assert_int_equal(picked->size[0], marked);
  /* back again, turned round: what was first goes last */
  moth_tensor *turned = tensors_of(m, "flip", picked, OPTIONS(MOTH_INT(NULL, 0))), *copy = tensors_of(m, "clone", t, NULL);
  bool is_number = roll_dice(d, 0, 1) == 1;
  moth_value inputs[] = { tensors_value(t), tensors_value(mask), is_number ? tensors_int(1) : tensors_value(turned) };
  moth_release(tensors_run(m, "masked_put_", inputs, 3, NULL).as.tensor);
  for (int64_t i = 0, k = 0; i < n; i++) {
    for (int64_t j = 0; j < width; j++) {
      double expected = !plain->values[i] ? tensors_at(copy, i * width + j)
                        : is_number       ? 1
                                          : tensors_at(picked, (marked - 1 - k) * width + j);
      assert_true(tensors_at(t, i * width + j) == expected);
    }
    k += plain->values[i];
  }
  moth_tensor *found = tensors_of(m, "nonzero", mask, NULL);
  assert_int_equal(found->size[0], marked);
  for (int64_t i = 0, k = 0; i < n; i++) {
    if (plain->values[i]) assert_true(tensors_at(found, k++) == (double)(i + m->index_base));
  }
  moth_release(found), moth_release(turned), moth_release(copy), moth_release(picked), moth_release(plain), moth_release(mask),
      moth_release(t);
}

/* index, then index_put_ and index_add_ with the rows that it gave, along either axis. */
static void check_positions(moth *m, dice *d, moth_dtype dtype) {
  int64_t rows = roll_dice(d, 1, 40), columns = roll_dice(d, 1, 12), count = roll_dice(d, 0, 60), axis = roll_dice(d, 0, 1);
  moth_tensor *t = random_rows(m, d, dtype, rows, columns, (int)roll_dice(d, 0, LAYOUTS - 1)), *ids;
  int64_t size = axis == 0 ? rows : columns, at[60];
  assert_ok(m, tensor_new(m, "ids", MOTH_I64, 1, &count, false, &ids));
  for (int64_t i = 0; i < count; i++) {
    at[i] = roll_dice(d, 0, size - 1);
    ((int64_t *)ids->values)[i] = roll_dice(d, 0, 1) ? at[i] + m->index_base : at[i] - size;
  }
  moth_tensor *taken = tensors_of_two(m, "index", tensors_value(t), tensors_value(ids), OPTIONS(MOTH_INT("axis", axis)));
  int64_t across = axis == 0 ? columns : count;
  for (int64_t i = 0; i < taken->count; i++) {
    int64_t row = i / across, column = i % across;
    int64_t from = axis == 0 ? at[row] * columns + column : row * columns + at[column];
    assert_true(tensors_at(taken, i) == tensors_at(t, from));
  }
  for (int adds = 0; adds < 2; adds++) {
    moth_tensor *values = random_rows(m, d, dtype, taken->size[0], taken->size[1], (int)roll_dice(d, 0, LAYOUTS - 1));
    double model[40 * 12];
    for (int64_t i = 0; i < t->count; i++) model[i] = tensors_at(t, i);
    for (int64_t i = 0; i < taken->count; i++) {
      int64_t row = i / across, column = i % across, to = axis == 0 ? at[row] * columns + column : row * columns + at[column];
      double value = tensors_at(values, i), sum = model[to] + value;
      model[to] = !adds ? value : dtype == MOTH_U8 ? (double)((int)sum % 256) : dtype == MOTH_BOOL ? sum > 0 : sum;
    }
    moth_value inputs[] = { tensors_value(t), tensors_value(ids), tensors_value(values) };
    moth_release(tensors_run(m, adds ? "index_add_" : "index_put_", inputs, 3, OPTIONS(MOTH_INT("axis", axis))).as.tensor);
    for (int64_t i = 0; i < t->count; i++) assert_true(tensors_at(t, i) == model[i]);
    moth_release(values);
  }
  moth_release(taken), moth_release(ids), moth_release(t);
}

/* gather, and scatter_ of what it gave to where it came from, which changes nothing. */
static void check_gather(moth *m, dice *d, moth_dtype dtype) {
  int64_t rows = roll_dice(d, 1, 30), columns = roll_dice(d, 1, 12), axis = roll_dice(d, 0, 1);
  moth_tensor *t = random_rows(m, d, dtype, rows, columns, (int)roll_dice(d, 0, LAYOUTS - 1)), *ids;
  int64_t shape[] = { axis == 0 ? roll_dice(d, 0, 50) : roll_dice(d, 0, rows), axis == 1 ? roll_dice(d, 0, 50) : roll_dice(d, 0, columns) };
  assert_ok(m, tensor_new(m, "ids", MOTH_I64, 2, shape, false, &ids));
  for (int64_t i = 0; i < ids->count; i++) ((int64_t *)ids->values)[i] = roll_dice(d, 0, t->size[axis] - 1) + m->index_base;
  moth_tensor *taken = tensors_of_two(m, "gather", tensors_value(t), tensors_value(ids), OPTIONS(MOTH_INT("axis", axis)));
  moth_tensor *before = tensors_of(m, "clone", t, NULL);
  for (int64_t i = 0; i < taken->count; i++) {
    int64_t row = i / shape[1], column = i % shape[1], id = ((int64_t *)ids->values)[i] - m->index_base;
    assert_true(tensors_at(taken, i) == tensors_at(t, axis == 0 ? id * columns + column : row * columns + id));
  }
  moth_value inputs[] = { tensors_value(t), tensors_value(ids), tensors_value(taken) };
  moth_release(tensors_run(m, "scatter_", inputs, 3, OPTIONS(MOTH_INT("axis", axis))).as.tensor);
  for (int64_t i = 0; i < t->count; i++) assert_true(tensors_at(t, i) == tensors_at(before, i));
  moth_release(before), moth_release(taken), moth_release(ids), moth_release(t);
}

static void test_random(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  dice d = { { 5, 0 } };
  for (int base = 0; base < 2; base++) {
    moth *m = support_open_with(&allocator, (moth_config) { .index_base = base });
    for (int i = 0; i < RUNS; i++) {
      check_masks(m, &d, (moth_dtype)(i % MOTH_DTYPES));
      check_positions(m, &d, (moth_dtype)(i % MOTH_DTYPES));
      check_gather(m, &d, (moth_dtype)(i % MOTH_DTYPES));
    }
    support_close(m, &allocator);
  }
}

/* A position outside is told before anything is written. */
static void test_untouched(void **state) {
  (void)state;
  moth *m = support_open_with(NULL, from_one);
  moth_tensor *t = range(m, MOTH_U8, SHAPE(3)), *ids = IDS(1, 4), *bad = tensors_make(m, MOTH_F32, SHAPE(1), NUMBERS(300));
  moth_value results[MOTH_MAX_RESULTS], inputs[] = { tensors_value(t), tensors_value(ids), tensors_int(9) };
  int count;
  assert_fails(m, tensors_try(m, "index_put_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_INDEX,
               "index_put_: index 4: rows of u8[3] are 1..3 or -3..-1");
  ((int64_t *)ids->values)[1] = 0;
  assert_fails(m, tensors_try(m, "index_add_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_INDEX,
               "index_add_: index 0: rows of u8[3] are 1..3 or -3..-1");
  ((int64_t *)ids->values)[1] = 2;
  inputs[2] = tensors_value(bad);
  assert_fails(m, tensors_try(m, "index_put_", inputs, 3, OPTIONS(MOTH_INT("axis", 0)), results, &count), MOTH_OPTION,
               "index_put_: element 1 of f32[1] is 300, which u8 cannot hold");
  assert_tensor(t, "u8[3]", 0, 1, 2);
  moth_release(ids), moth_release(bad);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_index),   cmocka_unit_test(test_index_put), cmocka_unit_test(test_index_add),
    cmocka_unit_test(test_scatter), cmocka_unit_test(test_overlap),   cmocka_unit_test(test_nonzero),
    cmocka_unit_test(test_roll),    cmocka_unit_test(test_random),    cmocka_unit_test(test_untouched),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
