/* Shapes and strides: products, broadcasting, merging, viewing. */
#include "tensors.h"

static void test_count(void **state) {
  (void)state;
  int64_t count = -1;
  assert_true(shape_count(0, NULL, &count));
  assert_int_equal(count, 1);
  assert_true(shape_count(SHAPE(2, 0, 3), &count));
  assert_int_equal(count, 0);
  assert_true(shape_count(SHAPE(4, 5), &count));
  assert_int_equal(count, 20);
  assert_true(shape_count(SHAPE((int64_t)1 << 30, (int64_t)1 << 29), &count));
  assert_false(shape_count(SHAPE((int64_t)1 << 30, (int64_t)1 << 30), &count));
  assert_false(shape_count(SHAPE(INT64_MAX, INT64_MAX), &count));
  assert_false(shape_count(SHAPE(0, INT64_MAX, INT64_MAX), &count)); /* its strides could not be held */
  assert_false(shape_count(SHAPE(3, -1), &count));
}

static void test_broadcast(void **state) {
  (void)state;
  int rank, axis = -1;
  int64_t out[MOTH_MAX_RANK];
  assert_true(shape_broadcast(SHAPE(3, 1), SHAPE(4), &rank, out, &axis));
  assert_true(shape_equal(rank, out, SHAPE(3, 4)));
  assert_true(shape_broadcast(0, NULL, SHAPE(2, 3), &rank, out, &axis));
  assert_true(shape_equal(rank, out, SHAPE(2, 3)));
  assert_true(shape_broadcast(SHAPE(0, 1), SHAPE(1, 5), &rank, out, &axis));
  assert_true(shape_equal(rank, out, SHAPE(0, 5)));
  assert_false(shape_broadcast(SHAPE(3, 4), SHAPE(5, 6), &rank, out, &axis));
  assert_int_equal(axis, 1);
  assert_false(shape_broadcast(SHAPE(2, 3, 4), SHAPE(2, 4), &rank, out, &axis));
  assert_int_equal(axis, 1);
  assert_false(shape_broadcast(SHAPE(0), SHAPE(2), &rank, out, &axis));
}

static void test_merge(void **state) {
  (void)state;
  int64_t size[MOTH_MAX_RANK] = { 2, 3, 4 }, strides[2][MOTH_MAX_RANK] = { { 12, 4, 1 }, { 12, 4, 1 } };
  assert_int_equal(shape_merge(3, size, 2, strides), 1);
  assert_int_equal(size[0], 24);
  assert_int_equal(strides[0][0], 1);
  int64_t rows[MOTH_MAX_RANK] = { 2, 1, 3, 4 }, apart[2][MOTH_MAX_RANK] = { { 12, 99, 4, 1 }, { 0, 7, 4, 1 } };
  assert_int_equal(shape_merge(4, rows, 2, apart), 2); /* a broadcast row stays an axis of its own */
  assert_int_equal(rows[0], 2);
  assert_int_equal(rows[1], 12);
  assert_int_equal(apart[1][0], 0);
  int64_t ones[MOTH_MAX_RANK] = { 1, 1 }, of_ones[1][MOTH_MAX_RANK] = { { 5, 5 } };
  assert_int_equal(shape_merge(2, ones, 1, of_ones), 1);
  assert_int_equal(ones[0], 1);
  int64_t backwards[MOTH_MAX_RANK] = { 2, 3 }, negative[1][MOTH_MAX_RANK] = { { -3, -1 } };
  assert_int_equal(shape_merge(2, backwards, 1, negative), 1);
  assert_int_equal(negative[0][0], -1);
}

/* Every viewing that shape_view_strides grants shows the same elements in the same order; every one that it refuses has none. */
static void check_view(int rank, const int64_t *size, const int64_t *strides, int to_rank, const int64_t *to_size, bool possible) {
  int64_t out[MOTH_MAX_RANK], count;
  assert_int_equal(shape_view_strides(rank, size, strides, to_rank, to_size, out), possible);
  if (!possible) return;
  assert_true(shape_count(rank, size, &count));
  for (int64_t i = 0; i < count; i++) {
    int64_t from = 0, to = 0, rest = i;
    for (int axis = rank - 1; axis >= 0; axis--) from += rest % size[axis] * strides[axis], rest /= size[axis];
    rest = i;
    for (int axis = to_rank - 1; axis >= 0; axis--) to += rest % to_size[axis] * out[axis], rest /= to_size[axis];
    assert_int_equal(from, to);
  }
}
#define STRIDES(...)                                                                                                                       \
  (const int64_t[]) { __VA_ARGS__ }

static void test_view(void **state) {
  (void)state;
  check_view(SHAPE(2, 6), STRIDES(6, 1), SHAPE(3, 4), true);
  check_view(SHAPE(2, 6), STRIDES(12, 2), SHAPE(12), true);
  check_view(SHAPE(2, 6), STRIDES(12, 1), SHAPE(12), false);
  check_view(SHAPE(2, 6), STRIDES(12, 1), SHAPE(2, 2, 3), true);
  check_view(SHAPE(2, 6), STRIDES(12, 1), SHAPE(2, 1, 2, 1, 3, 1), true);
  check_view(SHAPE(2, 6), STRIDES(12, 1), SHAPE(1, 2, 3, 2), true);
  check_view(SHAPE(2, 6), STRIDES(12, 1), SHAPE(4, 3), false);
  check_view(SHAPE(6, 2), STRIDES(1, 6), SHAPE(12), false);
  check_view(SHAPE(6, 2), STRIDES(1, 6), SHAPE(2, 3, 2), true);
  check_view(SHAPE(4, 3), STRIDES(0, 1), SHAPE(2, 2, 3), true);
  check_view(SHAPE(4, 1, 3), STRIDES(-3, 50, -1), SHAPE(12), true);
  check_view(SHAPE(3, 1), STRIDES(2, 9), SHAPE(3), true);
  check_view(SHAPE(1, 1), STRIDES(7, 9), SHAPE(1), true);
  check_view(SHAPE(0, 3), STRIDES(9, 2), SHAPE(5, 0), true);
  check_view(SHAPE(2, 3), STRIDES(3, 1), SHAPE(7), false);
}

static void test_infer(void **state) {
  (void)state;
  int64_t size[2] = { 3, -1 };
  assert_true(shape_infer(2, size, 12));
  assert_int_equal(size[1], 4);
  assert_false(shape_infer(2, (int64_t[]) { 5, -1 }, 12));
  assert_false(shape_infer(2, (int64_t[]) { -1, -1 }, 12));
  assert_false(shape_infer(2, (int64_t[]) { 0, -1 }, 0)); /* any size would do */
  assert_true(shape_infer(2, (int64_t[]) { 0, 7 }, 0));
  assert_false(shape_infer(1, (int64_t[]) { -2 }, 2));
}

static void test_text(void **state) {
  (void)state;
  char text[64], small[4];
  assert_int_equal(shape_text(SHAPE(64, 10), text, sizeof text), 7);
  assert_string_equal(text, "[64,10]");
  shape_text(0, NULL, text, sizeof text);
  assert_string_equal(text, "[]");
  assert_int_equal(shape_text(SHAPE(64, 10), small, sizeof small), 7);
  assert_string_equal(small, "[64");
  assert_int_equal(shape_text(SHAPE(64, 10), NULL, 0), 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_count), cmocka_unit_test(test_broadcast), cmocka_unit_test(test_merge),
    cmocka_unit_test(test_view),  cmocka_unit_test(test_infer),     cmocka_unit_test(test_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
