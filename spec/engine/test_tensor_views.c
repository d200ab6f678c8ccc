/* Tensors as moth.h shows them: making, wrapping, views, elements, copies. */
#include "tensors.h"

static const double counting[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23 };

static void test_dtypes(void **state) {
  (void)state;
  const char *names[] = { "f32", "f64", "i64", "u8", "bool" };
  const size_t sizes[] = { 4, 8, 8, 1, 1 };
  for (int i = 0; i < MOTH_DTYPES; i++) {
    moth_dtype found = MOTH_DTYPES;
    assert_string_equal(moth_dtype_name((moth_dtype)i), names[i]);
    assert_int_equal(moth_dtype_size((moth_dtype)i), sizes[i]);
    assert_true(moth_dtype_find(names[i], &found));
    assert_int_equal(found, i);
  }
  moth_dtype found;
  assert_false(moth_dtype_find("f16", &found));
  assert_int_equal(dtype_promote(MOTH_BOOL, MOTH_U8), MOTH_U8);
  assert_int_equal(dtype_promote(MOTH_I64, MOTH_F32), MOTH_F32);
  assert_int_equal(dtype_promote(MOTH_F64, MOTH_F32), MOTH_F64);
}

static void test_create(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = NULL;
  for (int d = 0; d < MOTH_DTYPES; d++) {
    for (int64_t n = 0; n < 400; n += 57) { /* small ones are one block, larger ones two */
      assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(n, 2), &t));
      assert_int_equal(moth_tensor_count(t), 2 * n);
      assert_int_equal(moth_tensor_storage_bytes(t), 2 * (uint64_t)n * moth_dtype_size((moth_dtype)d));
      assert_true(moth_tensor_is_contiguous(t));
      for (int64_t i = 0; i < t->count; i++) assert_true(tensors_at(t, i) == 0);
      if (n > 0) assert_int_equal((uintptr_t)moth_tensor_values(t) % 8, 0);
      else assert_null(moth_tensor_values(t));
      moth_release(t);
    }
  }
  assert_ok(m, moth_tensor_create(m, MOTH_F64, 0, NULL, &t));
  assert_tensor(t, "f64[]", 0);
  const float values[] = { 1, 2, 3, 4, 5, 6 };
  float back[6] = { 0 };
  assert_ok(m, moth_tensor_copy_in(m, MOTH_F32, SHAPE(2, 3), values, &t));
  assert_ok(m, moth_tensor_copy_out(m, t, back));
  assert_memory_equal(back, values, sizeof values);
  moth_tensor *view;
  assert_ok(m, moth_tensor_permute(m, t, (const int[]) { 1, 0 }, &view));
  assert_ok(m, moth_tensor_copy_out(m, view, back));
  assert_memory_equal(back, ((const float[]) { 1, 4, 2, 5, 3, 6 }), sizeof back);
  moth_release(view);
  char text[32];
  assert_int_equal(moth_tensor_text(t, text, sizeof text), 8);
  assert_string_equal(text, "f32[2,3]");
  moth_release(t);
  assert_fails(m, moth_tensor_create(m, MOTH_F32, 9, counting == NULL ? NULL : (const int64_t[9]) { 1 }, &t), MOTH_LIMIT,
               "tensor: a tensor has at most 8 axes, got 9");
  assert_fails(m, moth_tensor_create(m, MOTH_F32, SHAPE(2, -3), &t), MOTH_SHAPE, "tensor: size -3 of axis 1 is negative");
  assert_fails(m, moth_tensor_create(m, (moth_dtype)17, SHAPE(2), &t), MOTH_DTYPE, "tensor: no dtype 17 (f32 f64 i64 u8 bool)");
  assert_fails(m, moth_tensor_create(m, MOTH_F32, SHAPE(INT64_MAX, 4), &t), MOTH_LIMIT,
               "tensor: f32[9223372036854775807,4] has more elements than can be addressed");
  assert_status(m, moth_tensor_create(NULL, MOTH_F32, SHAPE(2), &t), MOTH_MISUSE);
  assert_status(m, moth_tensor_create(m, MOTH_F32, SHAPE(2), NULL), MOTH_MISUSE);
  support_close(m, &allocator);
}

static void test_limit(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open_with(&allocator, (moth_config) { .memory_limit = (uint64_t)8 << 30 });
  moth_tensor *t;
  moth_value results[MOTH_MAX_RESULTS];
  int count;
  assert_fails(m,
               moth_apply(m, moth_operation_find(m, "zeros"), false, NULL, 0,
                          OPTIONS(MOTH_INT(NULL, 200000), MOTH_INT(NULL, 200000), MOTH_TEXT("dtype", "f64")), results, &count),
               MOTH_LIMIT, "zeros: f64[200000,200000] needs 298 GiB, the limit is 8 GiB (moth.limit)");
  assert_fails(m, moth_tensor_create(m, MOTH_F64, SHAPE(4000000000, 4000000000), &t), MOTH_LIMIT,
               "tensor: f64[4000000000,4000000000] needs 111 EiB, the limit is 8 GiB (moth.limit)");
  moth_set_memory_limit(m, moth_memory_used(m) + 4000);
  assert_ok(m, moth_tensor_create(m, MOTH_F64, SHAPE(300), &t));
  moth_tensor *more;
  assert_status(m, moth_tensor_create(m, MOTH_F64, SHAPE(300), &more), MOTH_LIMIT);
  assert_non_null(strstr(moth_message(m), "tensor: f64[300] needs 2.34 KiB, "));
  assert_non_null(strstr(moth_message(m), "are in use (moth.limit)"));
  moth_release(t);
  support_close(m, &allocator);
}

typedef struct released {
  int times;
} released;
static void count_release(void *data) { ((released *)data)->times++; }

static void test_wrap(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  double values[12];
  released r = { 0 };
  for (int i = 0; i < 12; i++) values[i] = i;
  moth_tensor *t, *view;
  assert_ok(m, moth_tensor_wrap(m, MOTH_F64, SHAPE(3, 4), NULL, values, false, count_release, &r, &t));
  assert_ok(m, moth_tensor_select(m, t, 0, 1, &view));
  assert_ok(m, moth_tensor_set(m, t, (const int64_t[]) { 1, 2 }, 77));
  assert_true(values[6] == 77);
  moth_release(t);
  assert_int_equal(r.times, 0); /* the view keeps it */
  assert_tensor(view, "f64[4]", 4, 5, 77, 7);
  assert_int_equal(r.times, 1);
  assert_ok(m, moth_tensor_wrap(m, MOTH_F64, SHAPE(2, 2), (const int64_t[]) { 1, 4 }, values, true, count_release, &r, &t));
  assert_true(moth_tensor_is_read_only(t));
  assert_null(moth_tensor_values_mutable(t));
  assert_fails(m, moth_tensor_set(m, t, (const int64_t[]) { 0, 0 }, 1), MOTH_MISUSE, "set: f64[2,2] is read-only");
  moth_value input = tensors_value(t), results[MOTH_MAX_RESULTS];
  int count;
  assert_fails(m, tensors_try(m, "zero_", &input, 1, NULL, results, &count), MOTH_MISUSE, "zero_: f64[2,2] is read-only");
  assert_tensor(t, "f64[2,2]", 0, 4, 1, 5);
  assert_int_equal(r.times, 2);
  assert_fails(m, moth_tensor_wrap(m, MOTH_F64, SHAPE(2, 2), (const int64_t[]) { 0, 1 }, values, false, NULL, NULL, &t), MOTH_SHAPE,
               "wrap: elements that share a place must be read-only");
  assert_fails(m, moth_tensor_wrap(m, MOTH_F64, SHAPE(2), NULL, (char *)values + 1, false, NULL, NULL, &t), MOTH_MISUSE,
               "wrap: values are not aligned for f64");
  assert_fails(m, moth_tensor_wrap(m, MOTH_F64, SHAPE(3, 2), (const int64_t[]) { INT64_MAX, 1 }, values, true, NULL, NULL, &t), MOTH_LIMIT,
               "wrap: strides reach further than can be addressed");
  allocator.fail_at = 2; /* the handle, after the storage */
  assert_status(m, moth_tensor_wrap(m, MOTH_F64, SHAPE(2), NULL, values, false, count_release, &r, &t), MOTH_MEMORY);
  assert_int_equal(r.times, 2); /* what was not taken is not released */
  support_close(m, &allocator);
}

static void test_views(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = tensors_make(m, MOTH_I64, SHAPE(2, 3, 4), counting), *view, *again;
  assert_ok(m, moth_tensor_select(m, t, 1, -1, &view));
  assert_tensor(view, "i64[2,4]", 8, 9, 10, 11, 20, 21, 22, 23);
  assert_ok(m, moth_tensor_slice(m, t, 2, 3, 2, -2, &view));
  assert_ok(m, moth_tensor_select(m, view, 0, 1, &again));
  moth_release(view);
  assert_tensor(again, "i64[3,2]", 15, 13, 19, 17, 23, 21);
  assert_ok(m, moth_tensor_slice(m, t, 0, 0, 0, 1, &view));
  assert_int_equal(moth_tensor_count(view), 0);
  assert_ok(m, moth_tensor_slice(m, view, 2, 3, 1, 1, &again));
  moth_release(view);
  assert_string_equal(tensor_text(again).text, "i64[0,3,1]");
  moth_release(again);
  assert_ok(m, moth_tensor_permute(m, t, (const int[]) { 2, 0, 1 }, &view));
  assert_string_equal(tensor_text(view).text, "i64[4,2,3]");
  assert_fails(m, moth_tensor_view(m, view, SHAPE(24), &again), MOTH_SHAPE,
               "view: i64[4,2,3] is not laid out so that it can be seen as [24] without a copy\n  reshape copies where it must");
  assert_ok(m, moth_tensor_reshape(m, view, SHAPE(6, -1), &again));
  assert_tensor(again, "i64[6,4]", 0, 4, 8, 12, 16, 20, 1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22, 3, 7, 11, 15, 19, 23);
  moth_release(view);
  assert_ok(m, moth_tensor_view(m, t, SHAPE(4, 6), &view));
  assert_ok(m, moth_tensor_set_int(m, view, (const int64_t[]) { 3, 5 }, -1));
  moth_release(view);
  int64_t whole = 0;
  assert_ok(m, moth_tensor_get_int(m, t, (const int64_t[]) { 1, 2, 3 }, &whole));
  assert_int_equal(whole, -1);
  assert_ok(m, moth_tensor_select(m, t, 0, 0, &view));
  moth_release(t);
  assert_ok(m, moth_tensor_expand(m, view, SHAPE(2, 3, 4), &again));
  moth_release(view);
  assert_true(moth_tensor_is_read_only(again));
  assert_int_equal(moth_tensor_strides(again)[0], 0);
  assert_tensor(again, "i64[2,3,4]", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
  support_close(m, &allocator);
}

/* Views keep storage alive that lies in a small tensor, whichever handle goes first, also after the context is closed. */
static void test_small_storage(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = tensors_make(m, MOTH_F32, SHAPE(2, 2), NUMBERS(1, 2, 3, 4)), *view, *inner;
  int64_t blocks = allocator.blocks;
  assert_ok(m, moth_tensor_select(m, t, 0, 1, &view));
  moth_release(t);
  assert_int_equal(allocator.blocks, blocks + 1);
  assert_ok(m, moth_tensor_select(m, view, 0, 1, &inner));
  moth_release(view);
  moth_close(m);
  assert_true(*(const float *)moth_tensor_values(inner) == 4);
  moth_release(inner);
  assert_int_equal(allocator.blocks, 0);
}

static void test_elements(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open_with(&allocator, (moth_config) { .index_base = 1 });
  moth_tensor *t = tensors_make(m, MOTH_U8, SHAPE(2, 3), counting);
  double value = 0;
  int64_t whole = 0;
  assert_ok(m, moth_tensor_get(m, t, (const int64_t[]) { 1, -1 }, &value));
  assert_true(value == 5);
  assert_fails(m, moth_tensor_get(m, t, (const int64_t[]) { 2, 0 }, &value), MOTH_INDEX, "index 3: rows of u8[2,3] are 1..2 or -2..-1");
  assert_fails(m, moth_tensor_get(m, t, (const int64_t[]) { INT64_MIN, 0 }, &value), MOTH_INDEX,
               "index 0: rows of u8[2,3] are 1..2 or -2..-1");
  assert_fails(m, moth_tensor_get(m, t, (const int64_t[]) { 0, -4 }, &value), MOTH_INDEX,
               "index -4: columns of u8[2,3] are 1..3 or -3..-1");
  assert_fails(m, moth_tensor_set(m, t, (const int64_t[]) { 0, 0 }, 256), MOTH_OPTION, "set: u8[2,3] cannot hold 256");
  assert_fails(m, moth_tensor_set(m, t, (const int64_t[]) { 0, 0 }, 2.5), MOTH_OPTION, "set: u8[2,3] cannot hold 2.5");
  assert_fails(m, moth_tensor_set_int(m, t, (const int64_t[]) { 0, 0 }, -1), MOTH_OPTION, "set: u8[2,3] cannot hold -1");
  moth_release(t);
  t = tensors_make(m, MOTH_F64, SHAPE(2), NUMBERS(1.5, 9007199254740993.0));
  assert_fails(m, moth_tensor_get_int(m, t, (const int64_t[]) { 0 }, &whole), MOTH_OPTION,
               "get: 1.5 is not a whole number that i64 can hold");
  assert_ok(m, moth_tensor_get_int(m, t, (const int64_t[]) { 1 }, &whole));
  moth_release(t);
  t = tensors_make(m, MOTH_I64, SHAPE(1), NUMBERS(0));
  assert_ok(m, moth_tensor_set_int(m, t, (const int64_t[]) { 0 }, INT64_MAX));
  assert_ok(m, moth_tensor_get_int(m, t, (const int64_t[]) { 0 }, &whole));
  assert_true(whole == INT64_MAX); /* no detour through double */
  moth_release(t);
  support_close(m, &allocator);
}

static void test_misuse(void **state) {
  (void)state;
  moth *m = support_open(NULL), *other = support_open(NULL);
  moth_tensor *t = tensors_make(m, MOTH_F32, SHAPE(2, 2), counting), *view;
  assert_status(other, moth_tensor_select(other, t, 0, 0, &view), MOTH_MISUSE);
  assert_status(m, moth_tensor_select(m, NULL, 0, 0, &view), MOTH_MISUSE);
  assert_message(m, "select: argument 1 must be a tensor, got nothing");
  assert_fails(m, moth_tensor_select(m, t, 2, 0, &view), MOTH_INDEX, "select: axis 2: f32[2,2] has axes 0..1");
  assert_fails(m, moth_tensor_permute(m, t, (const int[]) { 0, 0 }, &view), MOTH_INDEX, "permute: axis 0 appears twice");
  assert_fails(m, moth_tensor_slice(m, t, 0, 0, 3, 1, &view), MOTH_INDEX,
               "slice: 3 elements from position 0 in steps of 1 leave axis 0 of f32[2,2]");
  assert_fails(m, moth_tensor_slice(m, t, 0, 0, 1, 0, &view), MOTH_OPTION, "slice: step is 0");
  assert_fails(m, moth_tensor_reshape(m, t, SHAPE(3), &view), MOTH_SHAPE, "reshape: f32[2,2] has 4 elements, which [3] cannot hold");
  assert_fails(m, moth_tensor_expand(m, t, SHAPE(2, 3), &view), MOTH_SHAPE, "expand: f32[2,2] does not broadcast to [2,3]");
  moth_release(t);
  moth_close(m);
  moth_close(other);
}

/* Every pair of dtypes, every pair of layouts. */
static void test_copy(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  for (int from = 0; from < MOTH_DTYPES; from++) {
    moth_tensor *plain = tensors_make(m, (moth_dtype)from, SHAPE(3, 4), from == MOTH_BOOL ? (const double[12]) { 1, 0, 1, 1 } : counting);
    for (int to = 0; to < MOTH_DTYPES; to++) {
      for (int layout = 0; layout < LAYOUTS * LAYOUTS; layout++) {
        moth_tensor *source, *ground, *target;
        assert_ok(m, tensors_lay_out(m, plain, layout / LAYOUTS, &source));
        assert_ok(m, tensor_new(m, "test", (moth_dtype)to, SHAPE(3, 4), true, &ground));
        assert_ok(m, tensors_lay_out(m, ground, layout % LAYOUTS, &target));
        assert_ok(m, tensor_copy(m, "copy", source, target));
        for (int64_t i = 0; i < 12; i++) {
          double value = tensors_at(plain, i);
          assert_true(tensors_at(target, i) == (to == MOTH_BOOL ? value != 0 : value));
        }
        moth_release(source), moth_release(ground), moth_release(target);
      }
    }
    moth_release(plain);
  }
  support_close(m, &allocator);
}

static void test_conversion(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open_with(&allocator, (moth_config) { .index_base = 1 });
  moth_tensor *t = tensors_make(m, MOTH_F64, SHAPE(4), NUMBERS(-0.9, 2.9, 255.5, 3));
  assert_tensor(tensors_of(m, "to", t, OPTIONS(MOTH_TEXT(NULL, "u8"))), "u8[4]", 0, 2, 255, 3);
  assert_tensor(tensors_of(m, "to", t, OPTIONS(MOTH_TEXT(NULL, "i64"))), "i64[4]", 0, 2, 255, 3);
  assert_tensor(tensors_of(m, "to", t, OPTIONS(MOTH_TEXT(NULL, "bool"))), "bool[4]", 1, 1, 1, 1);
  moth_release(t);
  t = tensors_make(m, MOTH_F64, SHAPE(2, 2), NUMBERS(1, 2, (double)NAN, 4));
  moth_value input = tensors_value(t), results[MOTH_MAX_RESULTS];
  int count;
  assert_fails(m, tensors_try(m, "to", &input, 1, OPTIONS(MOTH_TEXT(NULL, "i64")), results, &count), MOTH_OPTION,
               "to: element 2, 1 of f64[2,2] is nan, which i64 cannot hold");
  moth_tensor *u = tensors_make(m, MOTH_U8, SHAPE(2, 2), NUMBERS(7, 7, 7, 7));
  assert_status(m, tensors_try(m, "copy_", (moth_value[]) { tensors_value(u), tensors_value(t) }, 2, NULL, results, &count), MOTH_OPTION);
  assert_tensor(u, "u8[2,2]", 7, 7, 7, 7); /* nothing is half copied */
  moth_release(t);
  const double out[] = { 256, -1, 1e30, -1e30, (double)INFINITY };
  for (int i = 0; i < 5; i++) {
    t = tensors_make(m, MOTH_F32, SHAPE(1), &out[i]);
    input = tensors_value(t);
    assert_status(m, tensors_try(m, "to", &input, 1, OPTIONS(MOTH_TEXT(NULL, "u8")), results, &count), MOTH_OPTION);
    moth_release(t);
  }
  support_close(m, &allocator);
}

static void test_overlap(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = tensors_make(m, MOTH_F32, SHAPE(6), counting), *front, *back;
  assert_ok(m, moth_tensor_slice(m, t, 0, 0, 5, 1, &front));
  assert_ok(m, moth_tensor_slice(m, t, 0, 1, 5, 1, &back));
  assert_true(tensor_overlaps(front, back));
  assert_false(tensor_coincides(front, back));
  assert_ok(m, tensor_copy(m, "copy", front, back));
  moth_release(front), moth_release(back);
  assert_tensor(moth_retain(t), "f32[6]", 0, 0, 1, 2, 3, 4);
  assert_ok(m, moth_tensor_slice(m, t, 0, 5, 6, -1, &back)); /* onto itself, backwards */
  assert_ok(m, tensor_copy(m, "copy", back, t));
  moth_release(back);
  assert_tensor(t, "f32[6]", 4, 3, 2, 1, 0, 0);
  t = tensors_make(m, MOTH_F64, SHAPE(3, 3), counting);
  assert_ok(m, moth_tensor_permute(m, t, (const int[]) { 1, 0 }, &back));
  assert_ok(m, tensor_copy(m, "copy", back, t));
  moth_release(back);
  assert_tensor(t, "f64[3,3]", 0, 3, 6, 1, 4, 7, 2, 5, 8);
  support_close(m, &allocator);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_dtypes), cmocka_unit_test(test_create),        cmocka_unit_test(test_limit),    cmocka_unit_test(test_wrap),
    cmocka_unit_test(test_views),  cmocka_unit_test(test_small_storage), cmocka_unit_test(test_elements), cmocka_unit_test(test_misuse),
    cmocka_unit_test(test_copy),   cmocka_unit_test(test_conversion),    cmocka_unit_test(test_overlap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
