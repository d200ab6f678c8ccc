/* What losses refuse, and in which words. */
#include "components.h"
#include "losses/loss.h"

/* A setting as the trainer gives it: "layer 3 is dense(10, …)" before the loss, 1257 rows. */
static loss_setting setting(const char *activation, const char *last, moth_dtype dtype, moth_shape target, int64_t outputs) {
  return (loss_setting){ .where = "train", .activation = activation, .last = last, .dtype = dtype, .target = target,
                         .prediction = { .rank = 1, .size = { outputs } }, .rows = 1257, .target_name = "data.y",
                         .prediction_dtype = MOTH_F32 };
}
static const moth_shape bare = { .rank = 0 };
static moth_shape row_of(int64_t columns) { return (moth_shape){ .rank = 1, .size = { columns } }; }

static moth_status check(moth *m, const char *name, const moth_option *options, const loss_setting *s) {
  moth_part *loss = make_part(m, MOTH_LOSS, name, options);
  bool classes;
  moth_status status = ((const loss_class *)loss->row)->check(m, loss, s, &classes);
  moth_release(loss);
  return status;
}

static void the_last_activation_must_suit(void **state) {
  moth *m = support_open(NULL);
  loss_setting s = setting("softmax", "layer 3 is dense(10, \"softmax\")", MOTH_F32, row_of(10), 10);
  assert_fails(m, check(m, "binary_cross_entropy", NULL, &s), MOTH_OPTION,
               "train: binary_cross_entropy needs sigmoid at the end, layer 3 is dense(10, \"softmax\"); use cross_entropy");
  assert_ok(m, check(m, "cross_entropy", NULL, &s));
  assert_fails(m, check(m, "cross_entropy", OPTIONS(MOTH_FLAG("logits", true)), &s), MOTH_OPTION,
               "train: cross_entropy with logits = true needs linear at the end, layer 3 is dense(10, \"softmax\"); leave logits out");
  s = setting("sigmoid", "layer 2 is dense(1, \"sigmoid\")", MOTH_F32, row_of(1), 1);
  assert_fails(m, check(m, "cross_entropy", NULL, &s), MOTH_OPTION,
               "train: cross_entropy needs softmax at the end, layer 2 is dense(1, \"sigmoid\"); use binary_cross_entropy");
  s = setting("linear", "layer 2 is dense(10)", MOTH_F32, row_of(10), 10);
  assert_fails(m, check(m, "cross_entropy", NULL, &s), MOTH_OPTION,
               "train: cross_entropy needs softmax at the end, layer 2 is dense(10); "
               "cross_entropy{ logits = true } takes its outputs as they are");
  assert_ok(m, check(m, "cross_entropy", OPTIONS(MOTH_FLAG("logits", true)), &s));
  assert_ok(m, check(m, "binary_cross_entropy", OPTIONS(MOTH_FLAG("logits", true)), &s));
  s = setting("tanh", "layer 2 is dense(10, \"tanh\")", MOTH_F32, row_of(10), 10);
  assert_fails(m, check(m, "binary_cross_entropy", NULL, &s), MOTH_OPTION,
               "train: binary_cross_entropy needs sigmoid at the end, layer 2 is dense(10, \"tanh\")");
  assert_ok(m, check(m, "mse", NULL, &s));
  moth_close(m);
}

static void targets_must_suit(void **state) {
  moth *m = support_open(NULL);
  loss_setting s = setting("softmax", NULL, MOTH_F32, bare, 10);
  assert_fails(m, check(m, "cross_entropy", NULL, &s), MOTH_DTYPE,
               "train: cross_entropy takes class numbers i64[1257], data.y is f32[1257]\n"
               "  data.y:to\"i64\" if they are whole numbers");
  s = setting("softmax", NULL, MOTH_F64, row_of(9), 10);
  assert_fails(m, check(m, "cross_entropy", NULL, &s), MOTH_SHAPE,
               "cross_entropy: prediction f32[1257,10], target f64[1257,9]: shapes must be equal");
  s = setting("sigmoid", NULL, MOTH_F32, bare, 1);
  assert_fails(m, check(m, "binary_cross_entropy", NULL, &s), MOTH_SHAPE,
               "binary_cross_entropy: prediction f32[1257,1], target f32[1257]: shapes must be equal\n"
               "  y:reshape(-1, 1) has the right one");
  s.dtype = MOTH_I64;
  assert_ok(m, check(m, "binary_cross_entropy", NULL, &s));
  s = setting("sigmoid", NULL, MOTH_I64, bare, 3);
  assert_status(m, check(m, "binary_cross_entropy", NULL, &s), MOTH_SHAPE);
  s = setting("softmax", NULL, MOTH_I64, bare, 10);
  s.prediction = (moth_shape){ .rank = 2, .size = { 4, 10 } };
  assert_fails(m, check(m, "cross_entropy", NULL, &s), MOTH_SHAPE,
               "train: cross_entropy needs a row of class scores per sample, the prediction is f32[1257,4,10]");
  moth_close(m);
}

static void weights_must_be_one_a_class(void **state) {
  moth *m = support_open(NULL);
  const double weights[] = { 1, 2, 3 };
  loss_setting s = setting("softmax", NULL, MOTH_I64, bare, 10);
  assert_fails(m, check(m, "cross_entropy", OPTIONS(MOTH_REALS("weights", 3, weights)), &s), MOTH_OPTION,
               "train: cross_entropy has 3 weights, the prediction has 10 classes");
  s = setting("sigmoid", NULL, MOTH_I64, bare, 1);
  assert_fails(m, check(m, "binary_cross_entropy", OPTIONS(MOTH_REALS("weights", 3, weights)), &s), MOTH_OPTION,
               "train: binary_cross_entropy takes 2 weights, of a no and of a yes, got 3");
  moth_part *loss = NULL;
  const double negative[] = { 1, -2 };
  assert_status(m, moth_part_create(m, MOTH_LOSS, "cross_entropy", OPTIONS(MOTH_REALS("weights", 2, negative)), &loss), MOTH_OPTION);
  assert_status(m, moth_part_create(m, MOTH_LOSS, "cross_entropy", OPTIONS(MOTH_REAL("smoothing", 1)), &loss), MOTH_OPTION);
  moth_close(m);
}

static void labels_must_be_classes(void **state) {
  moth *m = support_open_with(NULL, (moth_config){ .index_base = 1 });
  int64_t labels[] = { 1, 2, 10, 11, 3 };
  const char *last = "layer 3 is dense(10, \"softmax\")";
  assert_ok(m, loss_check_classes(m, "train", "data.y", last, labels, 3, 10));
  assert_ok(m, loss_check_classes(m, "train", "data.y", last, labels, 0, 10));
  assert_fails(m, loss_check_classes(m, "train", "data.y", last, labels, 5, 10), MOTH_INDEX,
               "train: label 11 in row 4 of data.y, layer 3 dense(10, \"softmax\") has classes 1..10");
  int64_t zeros[] = { 0, 9, 4 };
  assert_fails(m, loss_check_classes(m, "train", "data.y", last, zeros, 3, 10), MOTH_INDEX,
               "train: label 0 in row 1 of data.y; classes count from 1 to 10\n"
               "  data.y, names = moth.classes(data.y) renumbers 0..9");
  int64_t wild[] = { 5, -7000000000, INT64_MAX };
  assert_fails(m, loss_check_classes(m, "train", "data.y", NULL, wild, 3, 10), MOTH_INDEX,
               "train: label -7000000000 in row 2 of data.y; classes count from 1 to 10");
  moth_close(m);
  m = support_open(NULL);
  assert_fails(m, loss_check_classes(m, "mse", "target", NULL, labels, 5, 10), MOTH_INDEX,
               "mse: label 10 in row 2 of target; classes count from 0 to 9");
  moth_close(m);
}

static void shares_must_be_shares(void **state) {
  moth *m = support_open_with(NULL, (moth_config){ .index_base = 1 });
  moth_part *binary = make_part(m, MOTH_LOSS, "binary_cross_entropy", NULL), *mse = make_part(m, MOTH_LOSS, "mse", NULL);
  const int64_t twos[] = { 1, 0, 2 };
  assert_fails(m, loss_check_targets(m, binary, "train", "data.y", MOTH_I64, twos, 3, 1), MOTH_DATA,
               "train: binary_cross_entropy takes targets from 0 to 1, data.y has 2 in row 3\n"
               "  data.y:flatten():to\"i64\" if they are the classes 1 and 2");
  assert_ok(m, loss_check_targets(m, mse, "train", "data.y", MOTH_I64, twos, 3, 1));
  const float bad[] = { 0, 1, 0.5f, -0.25f };
  assert_fails(m, loss_check_targets(m, binary, "train", "data.y", MOTH_F32, bad, 2, 2), MOTH_DATA,
               "train: binary_cross_entropy takes targets from 0 to 1, data.y has -0.25 in row 2");
  const double nan_in_it[] = { 0, NAN };
  assert_status(m, loss_check_targets(m, binary, "train", "data.y", MOTH_F64, nan_in_it, 2, 1), MOTH_DATA);
  const uint8_t bytes[] = { 0, 1 };
  assert_ok(m, loss_check_targets(m, binary, "train", "data.y", MOTH_U8, bytes, 2, 1));
  moth_release(binary), moth_release(mse);
  moth_close(m);
}

/* Alone, without knowing what stood before: logits are seen by being no probabilities. */
static void predictions_must_be_probabilities(void **state) {
  moth *m = support_open_with(NULL, (moth_config){ .index_base = 1 });
  moth_part *binary = make_part(m, MOTH_LOSS, "binary_cross_entropy", NULL);
  moth_part *logits = make_part(m, MOTH_LOSS, "binary_cross_entropy", OPTIONS(MOTH_FLAG("logits", true)));
  const double high[] = { 0, 1, 0.5, 1.5 }, low[] = { 0, 1, -0.1, 0.5 }, ends[] = { 0, 1, 1, 0 }, none[] = { NAN, 1, 1, 0 };
  for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    moth_tensor *t = make_tensor(m, (moth_dtype)dtype, 2, SIZES(2, 2), ends), *turned = NULL;
    moth_tensor *p = make_tensor(m, (moth_dtype)dtype, 2, SIZES(2, 2), high), *q = make_tensor(m, (moth_dtype)dtype, 2, SIZES(2, 2), low);
    moth_tensor *n = make_tensor(m, (moth_dtype)dtype, 2, SIZES(2, 2), none);
    double value = 7;
    assert_fails(m, moth_loss_value(m, binary, p, t, &value, NULL), MOTH_DATA,
                 "binary_cross_entropy: prediction 1.5 in row 2 is not in [0, 1]; { logits = true } takes logits");
    assert_ok(m, moth_tensor_permute(m, q, (const int[]){ 1, 0 }, &turned));
    assert_fails(m, moth_loss_value(m, binary, turned, t, &value, NULL), MOTH_DATA,
                 "binary_cross_entropy: prediction -0.1 in row 1 is not in [0, 1]; { logits = true } takes logits");
    assert_true(value == 7);
    assert_ok(m, moth_loss_value(m, logits, p, t, &value, NULL));
    assert_ok(m, moth_loss_value(m, binary, t, t, &value, NULL));
    assert_true(value == 0);
    assert_ok(m, moth_loss_value(m, binary, n, t, &value, NULL));
    assert_true(isnan(value));
    moth_release(t), moth_release(turned), moth_release(p), moth_release(q), moth_release(n);
  }
  moth_release(binary), moth_release(logits);
  moth_close(m);
}

static void names_of_others_are_known(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = NULL;
  const char *const known[][2] = { { "categorical_crossentropy", "cross_entropy" }, { "sparse_categorical_crossentropy", "cross_entropy" },
                                   { "CrossEntropyLoss", "cross_entropy" }, { "mean_squared_error", "mse" }, { "MSELoss", "mse" },
                                   { "L1Loss", "mae" }, { "l1", "mae" }, { "bce", "binary_cross_entropy" },
                                   { "BCEWithLogitsLoss", "binary_cross_entropy" }, { "bce_with_logits", "binary_cross_entropy" } };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    char text[200];
    snprintf(text, sizeof text, "no loss '%s'; here it is '%s'", known[i][0], known[i][1]);
    assert_fails(m, moth_part_create(m, MOTH_LOSS, known[i][0], NULL, &part), MOTH_OPTION, text);
  }
  assert_status(m, moth_part_create(m, MOTH_LOSS, "mse", OPTIONS(MOTH_TEXT("reduction", "none")), &part), MOTH_OPTION);
  moth_close(m);
}

/* ---- moth_loss_value ---- */

static void values_are_refused_with_both_shapes(void **state) {
  moth *m = support_open(NULL);
  moth_part *mse = make_part(m, MOTH_LOSS, "mse", NULL), *cross = make_part(m, MOTH_LOSS, "cross_entropy", NULL);
  double numbers[48] = { 0 }, value = 7;
  moth_tensor *d = NULL, *column = make_tensor(m, MOTH_F32, 2, SIZES(16, 1), numbers);
  moth_tensor *flat = make_tensor(m, MOTH_F32, 1, SIZES(16), numbers);
  moth_tensor *short_one = make_tensor(m, MOTH_F32, 2, SIZES(15, 1), numbers), *whole = make_tensor(m, MOTH_I64, 1, SIZES(16), numbers);
  moth_tensor *scalar = make_tensor(m, MOTH_F32, 0, SIZES(0), numbers), *none = make_tensor(m, MOTH_F32, 2, SIZES(0, 3), numbers);
  moth_tensor *three = make_tensor(m, MOTH_F32, 2, SIZES(16, 3), numbers);
  assert_fails(m, moth_loss_value(m, mse, column, flat, &value, &d), MOTH_SHAPE,
               "mse: prediction f32[16,1], target f32[16]: shapes must be equal\n  y:reshape(-1, 1) has the right one");
  assert_fails(m, moth_loss_value(m, mse, column, short_one, &value, &d), MOTH_SHAPE,
               "mse: prediction f32[16,1], target f32[15,1]: rows must be equal");
  assert_fails(m, moth_loss_value(m, mse, column, three, &value, &d), MOTH_SHAPE,
               "mse: prediction f32[16,1], target f32[16,3]: shapes must be equal");
  assert_fails(m, moth_loss_value(m, mse, whole, flat, &value, &d), MOTH_DTYPE, "mse: prediction must be f32 or f64, got i64[16]");
  assert_fails(m, moth_loss_value(m, mse, scalar, flat, &value, &d), MOTH_SHAPE, "mse: prediction must be [rows, ...], got f32[]");
  assert_fails(m, moth_loss_value(m, mse, none, none, &value, &d), MOTH_DATA, "mse: prediction f32[0,3] has no values");
  assert_fails(m, moth_loss_value(m, cross, three, flat, &value, &d), MOTH_DTYPE,
               "cross_entropy: takes class numbers i64[16], target is f32[16]\n  y:to\"i64\" if they are whole numbers");
  ((int64_t *)whole->values)[5] = 3;
  assert_fails(m, moth_loss_value(m, cross, three, whole, &value, &d), MOTH_INDEX,
               "cross_entropy: label 3 in row 5 of target; classes count from 0 to 2");
  ((int64_t *)whole->values)[5] = 1; /* one column is one class */
  assert_status(m, moth_loss_value(m, cross, column, whole, &value, &d), MOTH_INDEX);
  moth_part *sgd = make_part(m, MOTH_OPTIMIZER, "sgd", NULL);
  assert_fails(m, moth_loss_value(m, sgd, column, column, &value, &d), MOTH_MISUSE,
               "loss: argument 1 must be a loss, got the optimizer sgd");
  assert_status(m, moth_loss_value(m, mse, NULL, column, &value, &d), MOTH_MISUSE);
  assert_status(m, moth_loss_value(m, NULL, column, column, &value, &d), MOTH_MISUSE);
  assert_status(m, moth_loss_value(m, mse, column, column, NULL, &d), MOTH_MISUSE);
  assert_true(value == 7 && d == NULL);
  moth_tensor *const all[] = { column, flat, short_one, whole, scalar, none, three };
  for (int i = 0; i < 7; i++) moth_release(all[i]);
  moth_release(mse), moth_release(cross), moth_release(sgd);
  moth_close(m);
}

static moth_status evaluate_each(moth *m, void *data) {
  double numbers[600], value;
  numbers_fill(3, numbers, 600, 0.1, 0.9);
  moth_status status = MOTH_OK;
  for (int i = 0; status == MOTH_OK && moth_catalog(m, MOTH_LOSS, i) != NULL; i++) {
    moth_part *loss = NULL;
    moth_tensor *p = NULL, *t = NULL, *d = NULL;
    status = moth_part_create(m, MOTH_LOSS, moth_catalog(m, MOTH_LOSS, i)->name, NULL, &loss);
    if (status == MOTH_OK) status = moth_tensor_copy_in(m, MOTH_F64, 2, SIZES(100, 6), numbers, &p);
    if (status == MOTH_OK) status = moth_tensor_create(m, MOTH_F32, 2, SIZES(100, 6), &t);
    if (status == MOTH_OK) status = moth_loss_value(m, loss, p, t, &value, &d);
    moth_release(loss), moth_release(p), moth_release(t), moth_release(d);
  }
  moth_part *loss = NULL;
  moth_tensor *p = NULL, *t = NULL, *d = NULL;
  if (status == MOTH_OK) status = moth_part_create(m, MOTH_LOSS, "cross_entropy", NULL, &loss);
  if (status == MOTH_OK) status = moth_tensor_copy_in(m, MOTH_F64, 2, SIZES(100, 6), numbers, &p);
  if (status == MOTH_OK) status = moth_tensor_create(m, MOTH_I64, 1, SIZES(100), &t);
  if (status == MOTH_OK) status = moth_loss_value(m, loss, p, t, &value, &d);
  moth_release(loss), moth_release(p), moth_release(t), moth_release(d);
  return status;
}

static void every_allocation_may_fail(void **state) { assert_true(support_fail_each(evaluate_each, NULL) > 20); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_last_activation_must_suit), cmocka_unit_test(targets_must_suit),
    cmocka_unit_test(weights_must_be_one_a_class),   cmocka_unit_test(labels_must_be_classes),
    cmocka_unit_test(shares_must_be_shares),         cmocka_unit_test(predictions_must_be_probabilities),
    cmocka_unit_test(names_of_others_are_known),
    cmocka_unit_test(values_are_refused_with_both_shapes), cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
