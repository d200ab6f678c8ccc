/* Metrics: accuracy by hand, losses by their names, batches that add up, what is refused. */
#include "components.h"
#include "losses/loss.h"
#include "metrics/metric.h"

static double value_of(moth *m, const char *name, const moth_tensor *p, const moth_tensor *t) {
  moth_part *part = make_part(m, MOTH_METRIC, name, NULL);
  double value;
  assert_ok(m, moth_metric_value(m, part, p, t, &value));
  moth_release(part);
  return value;
}

static void accuracy_counts_the_largest_output(void **state) {
  for (int base = 0; base < 2; base++) {
    moth *m = support_open_with(NULL, (moth_config){ .index_base = base });
    const double p[] = { 0.1, 0.7, 0.2, 0.4, 0.4, 0.2, 0.3, 0.3, 0.4, -1, -2, -3 }; /* 1, 0 (the first of equals), 2, 0 */
    const double labels[] = { 1 + base, 1 + base, 2 + base, 0 + base }, one_hot[] = { 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0 };
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      moth_tensor *prediction = make_tensor(m, dtype, 2, SIZES(4, 3), p), *classes = make_tensor(m, MOTH_I64, 1, SIZES(4), labels);
      moth_tensor *rows = make_tensor(m, MOTH_F32, 2, SIZES(4, 3), one_hot), *bytes = make_tensor(m, MOTH_U8, 2, SIZES(4, 3), one_hot);
      assert_true(value_of(m, "accuracy", prediction, classes) == 0.75);
      assert_true(value_of(m, "accuracy", prediction, rows) == 0.75);
      assert_true(value_of(m, "accuracy", prediction, bytes) == 0.75);
      moth_release(prediction), moth_release(classes), moth_release(rows), moth_release(bytes);
    }
    moth_close(m);
  }
}

static void accuracy_of_one_output_asks_for_a_half(void **state) {
  for (int base = 0; base < 2; base++) {
    moth *m = support_open_with(NULL, (moth_config){ .index_base = base });
    const double p[] = { 0.5, 0.49, 0.9, 0.1 }, t[] = { 1, 0, 0, 1 }, labels[] = { 1 + base, base, base, 1 + base };
    moth_tensor *column = make_tensor(m, MOTH_F32, 2, SIZES(4, 1), p), *flat = make_tensor(m, MOTH_F64, 1, SIZES(4), p);
    moth_tensor *values = make_tensor(m, MOTH_F32, 2, SIZES(4, 1), t), *classes = make_tensor(m, MOTH_I64, 1, SIZES(4), labels);
    moth_tensor *flags = make_tensor(m, MOTH_BOOL, 2, SIZES(4, 1), t), *flat_values = make_tensor(m, MOTH_F32, 1, SIZES(4), t);
    assert_true(value_of(m, "accuracy", column, values) == 0.5);
    assert_true(value_of(m, "accuracy", column, flags) == 0.5);
    assert_true(value_of(m, "accuracy", column, classes) == 0.5);
    assert_true(value_of(m, "accuracy", flat, classes) == 0.5);
    assert_true(value_of(m, "accuracy", flat, flat_values) == 0.5);
    moth_tensor *const all[] = { column, flat, values, classes, flags, flat_values };
    for (int i = 0; i < 6; i++) moth_release(all[i]);
    moth_close(m);
  }
}

static void a_row_with_nan_is_wrong(void **state) {
  moth *m = support_open(NULL);
  const double p[] = { NAN, 0.5, 0.2, NAN, 0.9, 0.1 };
  moth_tensor *prediction = make_tensor(m, MOTH_F64, 2, SIZES(3, 2), p);
  moth_tensor *classes = make_tensor(m, MOTH_I64, 1, SIZES(3), (double[]){ 0, 1, 0 });
  assert_close(value_of(m, "accuracy", prediction, classes), 1.0 / 3, 1e-15);
  assert_close(value_of(m, "accuracy", prediction, prediction), 1.0 / 3, 1e-15);
  moth_release(prediction), moth_release(classes);
  moth_close(m);
}

/* ---- By batches ---- */

/* Feeds rows 0 … 9 in batches of so many. */
static double by_batches(moth *m, const moth_part *metric, const double *p, const double *t, const int64_t *classes, const double *weights,
                         int64_t columns, int64_t size) {
  void *bytes = calloc(1, metric_state_bytes(metric, columns, 10));
  metric_begin(metric, bytes);
  for (int64_t row = 0; row < 10; row += size) {
    const metric_batch batch = { .m = m, .metric = metric, .dtype = MOTH_F64, .rows = 10 - row < size ? 10 - row : size, .columns = columns,
                                 .p = p + row * columns, .t = t == NULL ? NULL : t + row * columns,
                                 .classes = classes == NULL ? NULL : classes + row, .weights = weights == NULL ? NULL : weights + row };
    assert_ok(m, metric_add(&batch, bytes));
  }
  const double value = metric_finish(metric, bytes);
  free(bytes);
  return value;
}

static void batches_add_up_to_the_whole(void **state) {
  moth *m = support_open(NULL);
  double p[30], t[30], weights[10];
  int64_t classes[10];
  numbers_fill(1, p, 30, 0.1, 0.9);
  numbers_fill(2, t, 30, 0, 1);
  numbers_fill(3, weights, 10, 0.5, 2);
  for (int i = 0; i < 10; i++) classes[i] = (i * 2 + 1) % 3;
  const moth_part_kind kinds[] = { MOTH_METRIC, MOTH_LOSS };
  for (int k = 0; k < 2; k++) {
    for (int i = 0; moth_catalog(m, kinds[k], i) != NULL; i++) {
      moth_part *part = make_part(m, kinds[k], moth_catalog(m, kinds[k], i)->name, NULL);
      for (int weighted = 0; weighted < 2; weighted++) {
        const double *w = weighted ? weights : NULL;
        assert_close(by_batches(m, part, p, t, NULL, w, 3, 4), by_batches(m, part, p, t, NULL, w, 3, 10), 1e-14);
        if (k == 1 && strcmp(part->row->name, "cross_entropy") != 0) continue;
        assert_close(by_batches(m, part, p, NULL, classes, w, 3, 3), by_batches(m, part, p, NULL, classes, w, 3, 10), 1e-14);
      }
      moth_release(part);
    }
  }
  moth_close(m);
}

static void weights_weigh_rows(void **state) {
  moth *m = support_open(NULL);
  const double p[] = { 1, 0, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0 }, weights[] = { 3, 5, 1, 1, 1, 1, 1, 1, 1, 1 };
  int64_t classes[10] = { 0, 0 }; /* only row 1 is wrong */
  moth_part *part = make_part(m, MOTH_METRIC, "accuracy", NULL);
  assert_close(by_batches(m, part, p, NULL, classes, weights, 2, 3), 11.0 / 16, 1e-15);
  const double nothing[10] = { 0 };
  assert_true(by_batches(m, part, p, NULL, classes, nothing, 2, 3) == 0);
  moth_release(part);
  moth_close(m);
}

static void a_loss_is_a_metric(void **state) {
  moth *m = support_open(NULL);
  double p[30], t[30];
  numbers_fill(1, p, 30, 0.1, 0.9);
  numbers_fill(2, t, 30, 0, 1);
  moth_tensor *prediction = make_tensor(m, MOTH_F64, 2, SIZES(10, 3), p), *target = make_tensor(m, MOTH_F64, 2, SIZES(10, 3), t);
  const char *const reductions[] = { "mean", "batch", "sum" };
  for (int i = 0; moth_catalog(m, MOTH_LOSS, i) != NULL; i++) {
    for (int r = 0; r < 3; r++) {
      moth_part *loss = make_part(m, MOTH_LOSS, moth_catalog(m, MOTH_LOSS, i)->name, OPTIONS(MOTH_TEXT("reduction", reductions[r])));
      double value, metric;
      assert_ok(m, moth_loss_value(m, loss, prediction, target, &value, NULL));
      assert_ok(m, moth_metric_value(m, loss, prediction, target, &metric));
      assert_true(value == metric);
      assert_close(by_batches(m, loss, p, t, NULL, NULL, 3, 4), value, 1e-14);
      assert_false(metric_higher_is_better(loss));
      moth_release(loss);
    }
  }
  moth_part *accuracy = make_part(m, MOTH_METRIC, "accuracy", NULL);
  assert_true(metric_higher_is_better(accuracy));
  moth_release(accuracy), moth_release(prediction), moth_release(target);
  moth_close(m);
}

/* ---- Refusals ---- */

static void what_does_not_fit_is_refused(void **state) {
  moth *m = support_open_with(NULL, (moth_config){ .index_base = 1 });
  moth_part *part = make_part(m, MOTH_METRIC, "accuracy", NULL), *sgd = make_part(m, MOTH_OPTIMIZER, "sgd", NULL), *other = NULL;
  double numbers[12] = { 0 }, value = 7;
  moth_tensor *p = make_tensor(m, MOTH_F32, 2, SIZES(4, 3), numbers), *flat = make_tensor(m, MOTH_F32, 1, SIZES(4), numbers);
  moth_tensor *labels = make_tensor(m, MOTH_I64, 1, SIZES(4), numbers), *two = make_tensor(m, MOTH_F32, 2, SIZES(4, 2), numbers);
  moth_tensor *none = make_tensor(m, MOTH_F32, 2, SIZES(0, 3), numbers), *scalar = make_tensor(m, MOTH_F32, 0, SIZES(0), numbers);
  assert_fails(m, moth_metric_value(m, part, p, flat, &value), MOTH_DTYPE,
               "accuracy: takes class numbers i64[4], target is f32[4]\n  y:to\"i64\" if they are whole numbers");
  assert_fails(m, moth_metric_value(m, part, p, labels, &value), MOTH_INDEX,
               "accuracy: label 0 in row 1 of target; classes count from 1 to 3\n  y, names = moth.classes(y) renumbers 0..0");
  assert_fails(m, moth_metric_value(m, part, p, two, &value), MOTH_SHAPE,
               "accuracy: prediction f32[4,3], target f32[4,2]: shapes must be equal");
  assert_fails(m, moth_metric_value(m, part, none, none, &value), MOTH_DATA, "accuracy: prediction f32[0,3] has no values");
  assert_fails(m, moth_metric_value(m, part, labels, labels, &value), MOTH_DTYPE, "accuracy: prediction must be f32 or f64, got i64[4]");
  assert_fails(m, moth_metric_value(m, part, scalar, scalar, &value), MOTH_SHAPE, "accuracy: prediction must be [rows, ...], got f32[]");
  assert_fails(m, moth_metric_value(m, sgd, p, p, &value), MOTH_MISUSE,
               "metric: argument 1 must be a metric or a loss, got the optimizer sgd");
  assert_status(m, moth_metric_value(m, part, NULL, p, &value), MOTH_MISUSE);
  assert_status(m, moth_metric_value(m, part, p, p, NULL), MOTH_MISUSE);
  assert_fails(m, moth_part_create(m, MOTH_METRIC, "acc", NULL, &other), MOTH_OPTION, "no metric 'acc'; here it is 'accuracy'");
  assert_true(value == 7);
  moth_tensor *const all[] = { p, flat, labels, two, none, scalar };
  for (int i = 0; i < 6; i++) moth_release(all[i]);
  moth_release(part), moth_release(sgd);
  moth_close(m);
}

static moth_status evaluate(moth *m, void *data) {
  moth_part *part = NULL;
  moth_tensor *p = NULL, *t = NULL;
  double value;
  moth_status status = moth_part_create(m, MOTH_METRIC, "accuracy", NULL, &part);
  if (status == MOTH_OK) status = moth_tensor_create(m, MOTH_F32, 2, SIZES(300, 6), &p);
  if (status == MOTH_OK) status = moth_tensor_create(m, MOTH_I64, 1, SIZES(300), &t);
  if (status == MOTH_OK) status = moth_metric_value(m, part, p, t, &value);
  moth_release(part), moth_release(p), moth_release(t);
  return status;
}

static void every_allocation_may_fail(void **state) { assert_true(support_fail_each(evaluate, NULL) > 5); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(accuracy_counts_the_largest_output), cmocka_unit_test(accuracy_of_one_output_asks_for_a_half),
    cmocka_unit_test(a_row_with_nan_is_wrong),            cmocka_unit_test(batches_add_up_to_the_whole),
    cmocka_unit_test(weights_weigh_rows),                 cmocka_unit_test(a_loss_is_a_metric),
    cmocka_unit_test(what_does_not_fit_is_refused),       cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
