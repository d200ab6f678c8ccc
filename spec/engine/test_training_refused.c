/* What is refused before a training begins: whole messages, and nets left as they were. */
#include "training.h"

typedef struct bad { moth *m; moth_net *net; moth_dataset *data; training_options o; } bad;

static bad good_options(const char *loss) {
  bad b = { .m = support_open_from_one() };
  b.data = training_blobs(b.m, 120, 1);
  b.net = training_classifier(b.m, 0);
  b.o = training_basic(b.net, b.data, loss, 5);
  return b;
}

static void refuse(bad *b, moth_status status, const char *message) {
  moth_run *run = NULL;
  size_t bytes, after_bytes;
  void *before = training_weights(b->m, b->net, &bytes);
  assert_fails(b->m, moth_train(b->m, b->o.list, &run), status, message);
  assert_null(run);
  void *after = training_weights(b->m, b->net, &after_bytes);
  training_assert_same_bits(after, before, bytes);
  free(before), free(after);
  moth_release(b->net), moth_release(b->data);
  support_close(b->m, NULL);
}

static void refuse_option(const char *loss, moth_option option, moth_status status, const char *message) {
  bad b = good_options(loss);
  training_add(&b.o, option);
  refuse(&b, status, message);
}

static void options_are_checked(void **state) {
  refuse_option("cross_entropy", (moth_option)MOTH_INT("batch", 256), MOTH_OPTION,
                "train: batch = 256, data has 120 rows; batch = \"full\" takes all of them");
  refuse_option(
      "cross_entropy", (moth_option)MOTH_INT("batch_size", 256), MOTH_OPTION,
      "train: no option 'batch_size'; here it is 'batch' (options: net data loss epochs optimizer validation metrics schedule batch "
      "shuffle drop_last seed patience monitor mode min_delta clip l2 on_nan seconds checkpoint checkpoint_every resume progress "
      "on_epoch on_batch)");
  refuse_option("cross_entropy", (moth_option)MOTH_TEXT("monitor", "los"), MOTH_OPTION,
                "train: no monitor 'los'; did you mean 'loss'? (loss)");
  refuse_option("cross_entropy", (moth_option)MOTH_TEXT("monitor", "val_loss"), MOTH_OPTION,
                "train: no monitor 'val_loss' (loss)\n  validation = … gives it");
  refuse_option("cross_entropy", (moth_option)MOTH_TEXT("monitor", "val_mae"), MOTH_OPTION, "train: no monitor 'val_mae' (loss)");
  refuse_option("cross_entropy", (moth_option)MOTH_INT("patience", 0), MOTH_OPTION,
                "train: patience must be a whole number >= 1, got 0");
  refuse_option("cross_entropy", (moth_option)MOTH_REAL("lr", 1), MOTH_OPTION,
                "train: no option 'lr' (options: net data loss epochs optimizer validation metrics schedule batch shuffle drop_last seed "
                "patience monitor mode min_delta clip l2 on_nan seconds checkpoint checkpoint_every resume progress on_epoch on_batch)");
  refuse_option("cross_entropy", (moth_option)MOTH_TEXT("monitor", "lr"), MOTH_OPTION, "train: monitor: lr is chosen, not measured");
  refuse_option("categorical_crossentropy", (moth_option)MOTH_END, MOTH_OPTION,
                "train: no loss 'categorical_crossentropy'; here it is 'cross_entropy'");
  refuse_option("binary_cross_entropy", (moth_option)MOTH_END, MOTH_OPTION,
                "train: binary_cross_entropy needs sigmoid at the end, layer 2 is dense(3, \"softmax\"); use cross_entropy");
  refuse_option("cross_entropy", (moth_option)MOTH_FLAG("resume", true), MOTH_OPTION,
                "train: resume = true goes on from checkpoint=, which is not given");
  const moth_option both[] = { MOTH_REAL("norm", 1), MOTH_REAL("value", 1), MOTH_END };
  refuse_option("cross_entropy", (moth_option)MOTH_OPTIONS("clip", both), MOTH_OPTION, "train: clip takes norm or value, got both");
  const char *twice[] = { "accuracy", "accuracy" };
  refuse_option("cross_entropy", (moth_option)MOTH_TEXTS("metrics", 2, twice), MOTH_OPTION,
                "train: metrics would make two columns 'accuracy'");
}

static moth_status never(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  (void)data, (void)p, (void)t, (void)value;
  return MOTH_CALLBACK;
}

static void names_of_metrics_are_free(void **state) {
  static const char *const names[] = { "epoch", "epochs", "best_epoch", "loss", "val_loss", "lr", "seconds", "rows_per_second",
                                       "seed", "stopped", "text" };
  const moth_call call = { (void (*)(void))never, NULL, NULL };
  for (size_t i = 0; i <= sizeof names / sizeof *names; i++) {
    const bool is_last = i == sizeof names / sizeof *names;
    bad b = good_options("cross_entropy");
    char message[128] = "train: metrics: a name is empty";
    if (!is_last) snprintf(message, sizeof message, "train: metrics would make two columns '%s'", names[i]);
    moth_part *metric = NULL;
    assert_ok(b.m, moth_metric_create(b.m, is_last ? "" : names[i], &call, &metric));
    training_add(&b.o, (moth_option)MOTH_PART("metrics", metric));
    moth_run *run = NULL;
    assert_fails(b.m, moth_train(b.m, b.o.list, &run), MOTH_OPTION, message);
    moth_release(metric), moth_release(b.net), moth_release(b.data);
    support_close(b.m, NULL);
  }
}

static void data_must_fit_the_net(void **state) {
  bad b = good_options("cross_entropy");
  moth_release(b.net);
  moth_part *layer = training_dense(b.m, 3, "softmax");
  b.net = training_net_of(b.m, "f32", 64, 1, &layer, 1);
  b.o = training_basic(b.net, b.data, "cross_entropy", 5);
  refuse(&b, MOTH_SHAPE, "train: net takes [64] per sample, data.x is f32[120,4]");
}

static void train_on_labels(const double *labels, const char *message) {
  bad b = { .m = support_open_from_one() };
  double x[3 * BLOB_COLUMNS] = { 0 };
  b.data = training_dataset(b.m, training_tensor(b.m, MOTH_F32, 3, BLOB_COLUMNS, x), training_tensor(b.m, MOTH_I64, 3, 0, labels), NULL);
  b.net = training_classifier(b.m, 0);
  b.o = training_basic(b.net, b.data, "cross_entropy", 5);
  refuse(&b, MOTH_INDEX, message);
}

static void labels_must_be_classes(void **state) {
  train_on_labels((double[]){ 0, 1, 2 }, "train: label 0 in row 1 of data.y; classes count from 1 to 3\n"
                                         "  data.y, names = moth.classes(data.y) renumbers 0..2");
  train_on_labels((double[]){ 1, 2, 4 }, "train: label 4 in row 3 of data.y, layer 2 dense(3, \"softmax\") has classes 1..3");
}

static void train_on_values(moth_dtype y_dtype, int64_t columns, const char *loss, moth_status status, const char *message) {
  bad b = { .m = support_open_from_one() };
  double x[16 * 3] = { 0 }, y[16] = { 0 };
  b.data = training_dataset(b.m, training_tensor(b.m, MOTH_F32, 16, 3, x), training_tensor(b.m, y_dtype, 16, columns, y), NULL);
  b.net = training_regressor(b.m, "f32");
  b.o = training_basic(b.net, b.data, loss, 5);
  refuse(&b, status, message);
}

static void targets_must_fit_the_loss(void **state) {
  train_on_values(MOTH_F32, 0, "mse", MOTH_SHAPE, "mse: prediction f32[16,1], target f32[16]: shapes must be equal\n"
                                                  "  y:reshape(-1, 1) has the right one");
}

static void there_must_be_rows(void **state) {
  bad b = { .m = support_open_from_one() };
  b.data = training_dataset(b.m, training_tensor(b.m, MOTH_F32, 0, 3, NULL), training_tensor(b.m, MOTH_F32, 0, 1, NULL), NULL);
  b.net = training_regressor(b.m, "f32");
  b.o = training_basic(b.net, b.data, "mse", 5);
  refuse(&b, MOTH_DATA, "train: data has 0 rows");
}

static void values_must_be_finite(void **state) {
  bad b = { .m = support_open_from_one() };
  double x[100 * 4] = { 0 }, y[100];
  for (int i = 0; i < 100; i++) y[i] = 1 + i % 3;
  x[87 * 4 + 3] = NAN;
  b.data = training_dataset(b.m, training_tensor(b.m, MOTH_F32, 100, 4, x), training_tensor(b.m, MOTH_I64, 100, 0, y), NULL);
  b.net = training_classifier(b.m, 0);
  b.o = training_basic(b.net, b.data, "cross_entropy", 5);
  refuse(&b, MOTH_DATA, "train: data.x has nan in row 88, column 4");
}

static void validation_is_checked_like_data(void **state) {
  bad b = good_options("cross_entropy");
  moth_dataset *valid = training_waves(b.m, MOTH_F32, 10, 1);
  add(&b.o, MOTH_OBJECT("validation", valid));
  moth_release(b.net);
  b.net = training_classifier(b.m, 0);
  b.o.list[0].as.object = b.net;
  moth_run *run = NULL;
  assert_fails(b.m, moth_train(b.m, b.o.list, &run), MOTH_SHAPE, "train: net takes [4] per sample, validation.x is f32[10,3] (3 per row)");
  moth_release(valid), moth_release(b.net), moth_release(b.data);
  support_close(b.m, NULL);
}

static void handles_of_another_context_are_refused(void **state) {
  bad b = good_options("cross_entropy");
  moth *other = support_open_from_one();
  moth_net *net = training_classifier(other, 0);
  b.o.list[0].as.object = net;
  moth_run *run = NULL;
  assert_status(b.m, moth_train(b.m, b.o.list, &run), MOTH_MISUSE);
  moth_release(net), moth_release(b.net), moth_release(b.data);
  support_close(other, NULL), support_close(b.m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(options_are_checked),
    cmocka_unit_test(names_of_metrics_are_free),
    cmocka_unit_test(data_must_fit_the_net),
    cmocka_unit_test(labels_must_be_classes),
    cmocka_unit_test(targets_must_fit_the_loss),
    cmocka_unit_test(there_must_be_rows),
    cmocka_unit_test(values_must_be_finite),
    cmocka_unit_test(validation_is_checked_like_data),
    cmocka_unit_test(handles_of_another_context_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
