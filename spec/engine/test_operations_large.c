/* Sizes at which operations go in pieces: tiles of crossed operands, lanes of long runs, looks at the cancel flag. */
#include "tensors.h"

/* i mod 251 in each element, so that neighbours differ. */
static moth_tensor *pattern(moth *m, moth_dtype dtype, int rank, const int64_t *shape) {
  moth_tensor *t;
  assert_ok(m, moth_tensor_create(m, dtype, rank, shape, &t));
  for (int64_t i = 0; i < t->count; i++) dtype_store(dtype, (double)(i % 251), t->values + i * (int64_t)dtype_size(dtype));
  return t;
}

static void test_crossed(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < MOTH_BOOL; d++) {
    moth_tensor *t = pattern(m, (moth_dtype)d, SHAPE(3, 70, 201)), *crossed, *copy, *sum;
    assert_ok(m, moth_tensor_permute(m, t, (const int[]) { 2, 0, 1 }, &crossed));
    copy = tensors_of(m, "clone", crossed, NULL);
    sum = tensors_of_two(m, "sub", tensors_value(crossed), tensors_value(copy), NULL);
    for (int64_t i = 0; i < copy->count; i++) {
      assert_true(tensors_at(copy, i) == tensors_at(crossed, i));
      assert_true(tensors_at(sum, i) == 0);
    }
    moth_release(t), moth_release(crossed), moth_release(copy), moth_release(sum);
  }
  moth_close(m);
}

/* One extreme value anywhere in a long run, contiguous or not, is found with its position; so is a NaN. */
static void test_extremes(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  const int64_t places[] = { 0, 15, 16, 1000, 1048575, 1048576, 1600000, 2199990, 2199999 };
  for (int d = 0; d < MOTH_U8; d++) {
    moth_tensor *wide, *thin;
    assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(2200000, 2), &wide));
    assert_ok(m, moth_tensor_select(m, wide, 1, 0, &thin));
    moth_tensor *plain = tensors_of(m, "clone", thin, NULL), *both[] = { thin, plain };
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
      for (int i = 0; i < 2; i++) {
        assert_ok(m, moth_tensor_set(m, both[i], &places[p], 9));
        assert_true(tensors_number(m, "max", both[i], NULL) == 9 && tensors_number(m, "argmax", both[i], NULL) == (double)places[p]);
        assert_ok(m, moth_tensor_set(m, both[i], &places[p], -9));
        assert_true(tensors_number(m, "min", both[i], NULL) == -9 && tensors_number(m, "argmin", both[i], NULL) == (double)places[p]);
        if (d < MOTH_I64) {
          assert_ok(m, moth_tensor_set(m, both[i], &places[p], (double)NAN));
          assert_true(isnan(tensors_number(m, "max", both[i], NULL)) && isnan(tensors_number(m, "min", both[i], NULL)));
          assert_true(tensors_number(m, "argmax", both[i], NULL) == (double)places[p]);
        }
        assert_ok(m, moth_tensor_set(m, both[i], &places[p], 0));
      }
    }
    moth_release(wide), moth_release(thin), moth_release(plain);
  }
  moth_close(m);
}

/* What fails after drawing, or is cancelled within it, leaves the generator where it was. */
static void test_generator(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_value results[MOTH_MAX_RESULTS];
  int count;
  assert_status(m,
                tensors_try(m, "randint", NULL, 0,
                            OPTIONS(MOTH_INT(NULL, 1000), MOTH_INT(NULL, 2000), MOTH_INT(NULL, 9), MOTH_TEXT("dtype", "u8")), results,
                            &count),
                MOTH_OPTION);
  assert_int_equal(m->random.position, 0);
  moth_cancel(m);
  moth_tensor *t = pattern(m, MOTH_F32, SHAPE(1000));
  moth_value input = tensors_value(t);
  assert_status(m, tensors_try(m, "normal_", &input, 1, NULL, results, &count), MOTH_CANCELLED);
  assert_int_equal(m->random.position, 0);
  for (int64_t i = 0; i < 1000; i++) assert_true(tensors_at(t, i) == (double)(i % 251));
  moth_release(t);
  moth_close(m);
}

/* A product of more than one call's work, its strides odd, and addmm_ of it, which stays whole when cancelled. */
static void test_product(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  for (int d = 0; d < 2; d++) {
    moth_tensor *wide = pattern(m, (moth_dtype)d, SHAPE(310, 2, 290)), *a, *b = pattern(m, (moth_dtype)d, SHAPE(290, 330)), *flipped;
    assert_ok(m, moth_tensor_select(m, wide, 1, 1, &a));
    assert_ok(m, moth_tensor_slice(m, b, 1, 329, 165, -2, &flipped));
    moth_tensor *c = tensors_of_two(m, "matmul", tensors_value(a), tensors_value(flipped), NULL);
    for (int64_t i = 0; i < 310; i += 103) {
      for (int64_t j = 0; j < 165; j += 41) {
        double wanted = 0;
        for (int64_t k = 0; k < 290; k++) wanted += tensors_at(a, i * 290 + k) * tensors_at(b, k * 330 + 329 - 2 * j);
        assert_true(fabs(tensors_at(c, i * 165 + j) - wanted) <= 1e-6 * wanted);
      }
    }
    moth_tensor *before = tensors_of(m, "clone", c, NULL);
    moth_value inputs[] = { tensors_value(c), tensors_value(a), tensors_value(flipped) }, results[MOTH_MAX_RESULTS];
    int count;
    moth_release(tensors_run(m, "addmm_", inputs, 3, OPTIONS(MOTH_REAL("alpha", -1))).as.tensor);
    moth_tensor *size = tensors_of(m, "abs", c, NULL);
    assert_true(tensors_number(m, "max", size, NULL) <= 1e-6 * tensors_number(m, "max", before, NULL));
    moth_release(size);
    moth_release(tensors_run(m, "copy_", (const moth_value[]) { tensors_value(c), tensors_value(before) }, 2, NULL).as.tensor);
    moth_cancel(m);
    moth_status status = tensors_try(m, "addmm_", inputs, 3, NULL, results, &count);
    if (status == MOTH_OK) moth_release(results[0].as.tensor); /* a small product does not look */
    else assert_true(tensors_run(m, "equal", (const moth_value[]) { tensors_value(c), tensors_value(before) }, 2, NULL).as.flag);
    moth_cancel_taken(m);
    moth_release(wide), moth_release(a), moth_release(b), moth_release(flipped), moth_release(c), moth_release(before);
  }
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_crossed),
    cmocka_unit_test(test_extremes),
    cmocka_unit_test(test_generator),
    cmocka_unit_test(test_product),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
