/* How trainings end, and what is refused before they begin: whole messages, and nets left in a state that can be used. */
#include "training.h"

#include <pthread.h>
#include <time.h>

static moth *open_scripts(void) { return support_open_with(NULL, (moth_config){ .index_base = 1 }); }

/* ---- Refused at the start ----------------------------------------------------------------------------------------------------------- */

typedef struct bad { moth *m; moth_net *net; moth_dataset *data; training_options o; } bad;

static bad good_options(const char *loss) {
  bad b = { .m = open_scripts() };
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
  bad b = { .m = open_scripts() };
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
  bad b = { .m = open_scripts() };
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
  bad b = { .m = open_scripts() };
  b.data = training_dataset(b.m, training_tensor(b.m, MOTH_F32, 0, 3, NULL), training_tensor(b.m, MOTH_F32, 0, 1, NULL), NULL);
  b.net = training_regressor(b.m, "f32");
  b.o = training_basic(b.net, b.data, "mse", 5);
  refuse(&b, MOTH_DATA, "train: data has 0 rows");
}

static void values_must_be_finite(void **state) {
  bad b = { .m = open_scripts() };
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
  moth *other = open_scripts();
  moth_net *net = training_classifier(other, 0);
  b.o.list[0].as.object = net;
  moth_run *run = NULL;
  assert_status(b.m, moth_train(b.m, b.o.list, &run), MOTH_MISUSE);
  moth_release(net), moth_release(b.net), moth_release(b.data);
  support_close(other, NULL), support_close(b.m, NULL);
}

/* ---- A loss that is not finite ------------------------------------------------------------------------------------------------------ */

static bool weights_are_finite(moth *m, moth_net *net) {
  size_t bytes;
  float *w = training_weights(m, net, &bytes);
  bool finite = true;
  for (size_t i = 0; i < bytes / sizeof *w; i++) finite = finite && isfinite(w[i]);
  free(w);
  return finite;
}

typedef struct kept { moth *m; moth_net *net; void *weights[64]; size_t bytes; int64_t epochs; } kept;
static moth_status keep_weights(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  kept *k = data;
  k->epochs = epoch->epoch;
  k->weights[epoch->epoch] = training_weights(k->m, k->net, &k->bytes);
  return MOTH_OK;
}
static void free_kept(kept *k) {
  for (int i = 0; i < 64; i++) free(k->weights[i]);
}

static void check_nan(bool stops, bool validates) {
  moth *m = open_scripts();
  moth_dataset *data = training_waves(m, MOTH_F32, 64, 1), *valid = training_waves(m, MOTH_F32, 20, 2);
  moth_net *net = training_net_of(m, "f32", 3, 5, (moth_part *[]){ training_dense(m, 1, "linear") }, 1);
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 30), MOTH_END });
  kept k = { .m = m, .net = net };
  k.weights[0] = training_weights(m, net, &k.bytes);
  training_options o = training_basic(net, data, "squared_error", 60);
  add(&o, MOTH_PART("optimizer", sgd));
  add(&o, MOTH_INT("batch", 16));
  add(&o, MOTH_INT("seed", 1));
  add(&o, MOTH_CALL("on_epoch", keep_weights, &k, NULL));
  if (stops) add(&o, MOTH_TEXT("on_nan", "stop"));
  if (validates) add(&o, MOTH_OBJECT("validation", valid));
  moth_trainer *trainer = NULL;
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  bool more = true;
  moth_status status = MOTH_OK;
  while (status == MOTH_OK && more) status = moth_trainer_step(m, trainer, 0, &more);
  moth_run *run = NULL;
  if (stops) {
    assert_int_equal(status, MOTH_OK);
  } else {
    assert_int_equal(status, MOTH_NUMERIC);
    const char *message = moth_message(m);
    assert_non_null(strstr(message, "train: loss is "));
    assert_non_null(strstr(message, "\n  first non-finite value: "));
    assert_non_null(strstr(message, "; lr 30\n  weights "));
    assert_non_null(strstr(message, " put back; try a smaller lr or clip = 1"));
  }
  assert_ok(m, moth_trainer_run(m, trainer, &run));
  assert_in_range(k.epochs, 2, 59);
  assert_string_equal(moth_run_stopped(run), "nan");
  assert_true(weights_are_finite(m, net));
  int64_t back = validates && moth_run_best_epoch(run) > 0 ? moth_run_best_epoch(run) : -1;
  size_t bytes;
  void *now = training_weights(m, net, &bytes);
  bool found = false;
  for (int64_t i = 0; i <= k.epochs; i++) {
    bool same = memcmp(now, k.weights[i], bytes) == 0;
    found = found || same;
    if (i == back) assert_true(same);
  }
  assert_true(found);
  assert_ok(m, moth_trainer_step(m, trainer, 0, &more));
  assert_false(more);
  free(now);
  free_kept(&k);
  moth_release(run), moth_release(trainer), moth_release(sgd), moth_release(net), moth_release(valid), moth_release(data);
  support_close(m, NULL);
}

static void a_loss_that_is_not_finite_puts_earlier_weights_back(void **state) {
  check_nan(false, false);
  check_nan(true, false);
  check_nan(false, true);
  check_nan(true, true);
}

/* Data that is spoiled while it is trained on is named, not the layer that it went through first. */
typedef struct spoiler { moth *m; moth_tensor *x; } spoiler;
static moth_status spoil(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) {
  (void)trainer, (void)stop;
  const spoiler *s = data;
  if (batch->epoch == 2 && batch->batch == 1) ((float *)moth_tensor_values_mutable(s->x))[3] = NAN;
  return MOTH_OK;
}

static void spoiled_data_is_named(void **state) {
  moth *m = open_scripts();
  static const double x[] = { 1, 1, 1, 1 }, y[] = { 0, 0, 0, 0 };
  spoiler s = { m, training_tensor(m, MOTH_F32, 4, 1, x) };
  moth_retain(s.x);
  moth_dataset *data = training_dataset(m, s.x, training_tensor(m, MOTH_F32, 4, 1, y), NULL);
  moth_net *net = training_net_of(m, "f32", 1, 1, (moth_part *[]){ training_dense(m, 1, "linear") }, 1);
  training_options o = training_basic(net, data, "mse", 5);
  add(&o, MOTH_INT("batch", 2));
  add(&o, MOTH_FLAG("shuffle", false));
  add(&o, MOTH_CALL("on_batch", spoil, &s, NULL));
  moth_run *run = NULL;
  assert_fails(m, moth_train(m, o.list, &run), MOTH_DATA,
               "train: data.x has nan in row 4, column 1\n  loss is nan in epoch 2, batch 2; weights of epoch 1 put back");
  assert_true(weights_are_finite(m, net));
  moth_release(net), moth_release(data), moth_release(s.x);
  support_close(m, NULL);
}

/* One weight w = 1, x = 1, y = 0: dE/dw = 2w, so that w grows by -1e10 a step: 1, -1e10, 1e20 (epoch 1 is over), -1e30, and 1e40, which f32
 * does not hold. The weights of epoch 2 are as bad as the loss they give; those of epoch 1 gave a finite one. */
static void the_message_names_the_place(void **state) {
  moth *m = open_scripts();
  static const double x[] = { 1, 1, 1, 1 }, y[] = { 0, 0, 0, 0 };
  moth_dataset *data = training_dataset(m, training_tensor(m, MOTH_F32, 4, 1, x), training_tensor(m, MOTH_F32, 4, 1, y), NULL);
  moth_part *layer = training_part(m, MOTH_LAYER, "dense",
                                   (moth_option[]) { MOTH_INT(NULL, 1), MOTH_FLAG("bias", false), MOTH_TEXT("init", "ones"), MOTH_END });
  moth_net *net = training_net_of(m, "f32", 1, 1, &layer, 1);
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 5e9), MOTH_END });
  training_options o = training_basic(net, data, "mse", 10);
  add(&o, MOTH_PART("optimizer", sgd));
  add(&o, MOTH_INT("batch", 2));
  moth_run *run = NULL;
  assert_fails(m, moth_train(m, o.list, &run), MOTH_NUMERIC,
               "train: loss is inf in epoch 3, batch 1 (rows 1..2)\n"
               "  first non-finite value: output of layer 1 dense(1, bias = false); largest weight inf; lr 5e+09\n"
               "  weights of epoch 1 put back; try a smaller lr or clip = 1");
  assert_true(weights_are_finite(m, net));
  moth_release(sgd), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

/* ---- Callbacks ---------------------------------------------------------------------------------------------------------------------- */

typedef struct caller { int64_t calls, act_at; moth_status status; bool stop; bool through_trainer; moth *m; } caller;

static moth_status act(caller *c, moth_trainer *trainer, bool *stop) {
  if (++c->calls != c->act_at) return MOTH_OK;
  if (c->through_trainer) moth_trainer_stop(trainer);
  *stop = c->stop;
  return c->status;
}
static moth_status act_on_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) { return act(data, trainer, stop); }
static moth_status act_on_batch(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) { return act(data, trainer, stop); }
static moth_status act_on_progress(void *data, moth_trainer *trainer, const moth_progress *progress) {
  bool stop;
  return progress->row != NULL ? act(data, trainer, &stop) : MOTH_OK;
}
static moth_status act_on_metric(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  bool stop;
  *value = 0;
  return act(data, NULL, &stop);
}
static moth_status act_on_lr(void *data, int64_t epoch, double base, double *lr) {
  bool stop;
  *lr = base;
  return act(data, NULL, &stop);
}

enum where { ON_EPOCH, ON_BATCH, ON_PROGRESS, ON_METRIC, ON_LR, WHERES };

/* Trains 4 epochs of 3 batches with one callback that acts; returns the trainer's status, run and calls. */
static moth_status train_with(moth *m, enum where where, caller *c, bool validates, moth_run **run, int64_t *epochs) {
  moth_dataset *data = training_blobs(m, 90, 1), *valid = training_blobs(m, 30, 2);
  moth_net *net = training_classifier(m, 0);
  training_options o = training_basic(net, data, "cross_entropy", 4);
  moth_part *metric = NULL;
  const moth_call call = { (void (*)(void))act_on_metric, c, NULL };
  if (where == ON_EPOCH) add(&o, MOTH_CALL("on_epoch", act_on_epoch, c, NULL));
  if (where == ON_BATCH) add(&o, MOTH_CALL("on_batch", act_on_batch, c, NULL));
  if (where == ON_PROGRESS) add(&o, MOTH_CALL("progress", act_on_progress, c, NULL));
  if (where == ON_LR) add(&o, MOTH_CALL("schedule", act_on_lr, c, NULL));
  if (where == ON_METRIC) {
    assert_ok(m, moth_metric_create(m, "own", &call, &metric));
    add(&o, MOTH_PART("metrics", metric));
  }
  if (validates) add(&o, MOTH_OBJECT("validation", valid));
  moth_trainer *trainer = NULL;
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  bool more = true;
  moth_status status = MOTH_OK;
  while (status == MOTH_OK && more) status = moth_trainer_step(m, trainer, INFINITY, &more);
  assert_ok(m, moth_trainer_run(m, trainer, run));
  *epochs = moth_run_epochs(*run);
  assert_ok(m, moth_trainer_step(m, trainer, 0, &more)); /* it is over for good */
  assert_false(more);
  void *bytes = NULL;
  size_t size = 0;
  assert_ok(m, moth_trainer_save_bytes(m, trainer, &bytes, &size)); /* and its last state is there */
  moth_free(m, bytes, size);
  moth_release(metric), moth_release(trainer), moth_release(net), moth_release(data), moth_release(valid);
  return status;
}

static void a_failing_callback_ends_the_training_and_passes_through(void **state) {
  for (int where = 0; where < WHERES; where++) {
    for (int validates = 0; validates < 2; validates++) {
      moth *m = open_scripts();
      caller c = { .act_at = 2, .status = MOTH_CALLBACK };
      moth_run *run = NULL;
      int64_t epochs;
      assert_int_equal(train_with(m, (enum where)where, &c, validates, &run, &epochs), MOTH_CALLBACK);
      assert_string_equal(moth_run_stopped(run), "callback");
      assert_int_equal(c.calls, 2);
      assert_int_equal(epochs, where == ON_BATCH || where == ON_METRIC ? 0 : where == ON_LR ? 1 : 2);
      if (validates && epochs > 0) assert_non_null(strstr(moth_run_text(run), "put back"));
      moth_release(run);
      support_close(m, NULL);
    }
  }
}

static void a_callback_can_stop(void **state) {
  for (int through = 0; through < 2; through++) {
    moth *m = open_scripts();
    caller c = { .act_at = 2, .stop = !through, .through_trainer = through };
    moth_run *run = NULL;
    int64_t epochs;
    assert_int_equal(train_with(m, ON_EPOCH, &c, false, &run, &epochs), MOTH_OK);
    assert_string_equal(moth_run_stopped(run), "callback");
    assert_string_equal(moth_run_text(run), "stopped after epoch 2: 2 epochs done");
    moth_release(run);
    c = (caller){ .act_at = 5, .stop = !through, .through_trainer = through };
    assert_int_equal(train_with(m, ON_BATCH, &c, false, &run, &epochs), MOTH_OK);
    assert_string_equal(moth_run_text(run), "stopped in epoch 2, batch 3: 1 epoch done");
    moth_release(run);
    c = (caller){ .act_at = 6, .stop = !through, .through_trainer = through };
    assert_int_equal(train_with(m, ON_BATCH, &c, false, &run, &epochs), MOTH_OK);
    assert_string_equal(moth_run_text(run), "stopped in epoch 2, at its end: 1 epoch done");
    moth_release(run);
    support_close(m, NULL);
  }
}

/* The caller's only handle goes in the middle of a step: the trainer lives until the step is over. */
static moth_status let_go(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) {
  (void)stop;
  if (batch->epoch == 1 && batch->batch == 2) moth_release(trainer);
  *(int64_t *)data = batch->epoch;
  return MOTH_OK;
}

static void a_callback_may_let_go_of_the_trainer(void **state) {
  for (int by_epoch = 0; by_epoch < 2; by_epoch++) {
    moth *m = open_scripts();
    moth_dataset *data = training_blobs(m, 90, 1);
    moth_net *net = training_classifier(m, 0);
    training_options o = training_basic(net, data, "cross_entropy", 4);
    int64_t last = 0, epoch = 0;
    add(&o, MOTH_CALL("on_batch", let_go, &last, NULL));
    moth_trainer *trainer = NULL;
    assert_ok(m, moth_trainer_create(m, o.list, &trainer));
    bool more = true;
    assert_ok(m, by_epoch ? moth_trainer_epoch(m, trainer, &epoch, &more) : moth_trainer_step(m, trainer, INFINITY, &more));
    assert_int_equal(more, by_epoch);
    assert_int_equal(epoch, by_epoch);
    assert_int_equal(last, by_epoch ? 1 : 4);
    moth_release(net), moth_release(data);
    support_close(m, NULL);
  }
}

/* moth_train: its callback's data is the host's again where it fails. */
static void count_release(void *data) { ++*(int *)data; }
static moth_status fail_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  moth_retain(trainer);
  *(moth_trainer **)(((void **)data)[1]) = trainer;
  return MOTH_CALLBACK;
}

static void a_failing_train_does_not_release_what_it_was_given(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_blobs(m, 30, 1);
  moth_net *net = training_classifier(m, 0);
  int released = 0;
  moth_trainer *escaped = NULL;
  training_options o = training_basic(net, data, "cross_entropy", 4);
  void *pair[] = { &released, &escaped };
  add(&o, { .key = "on_epoch", .kind = MOTH_OPTION_CALL, .as.call = { (void (*)(void))fail_epoch, pair, count_release } });
  moth_run *run = NULL;
  assert_int_equal(moth_train(m, o.list, &run), MOTH_CALLBACK);
  assert_non_null(escaped); /* a trainer that outlives its call is whole, and over */
  bool more = true;
  assert_ok(m, moth_trainer_step(m, escaped, 0, &more));
  assert_false(more);
  void *bytes;
  size_t size;
  assert_ok(m, moth_trainer_save_bytes(m, escaped, &bytes, &size));
  moth_free(m, bytes, size);
  moth_release(escaped);
  assert_int_equal(*(int *)pair[0], 0);
  moth_release(net), moth_release(data);
  support_close(m, NULL);
}

/* ---- Patience, time, cancelling ----------------------------------------------------------------------------------------------------- */

static void patience_stops_and_puts_the_best_back(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_waves(m, MOTH_F32, 12, 1), *valid = training_waves(m, MOTH_F32, 40, 2);
  moth_net *net = training_regressor(m, "f32");
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "adam", (moth_option[]){ MOTH_REAL("lr", 0.3), MOTH_END });
  moth_part *mse = training_part(m, MOTH_LOSS, "mse", NULL);
  training_options o = training_basic(net, data, "mse", 500);
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_PART("optimizer", sgd));
  add(&o, MOTH_INT("patience", 4));
  add(&o, MOTH_INT("seed", 4));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  assert_string_equal(moth_run_stopped(run), "patience");
  const double *values = NULL;
  int64_t count = 0, best = 0;
  assert_ok(m, moth_run_values(m, run, "val_loss", &values, &count));
  for (int64_t i = 0; i < count; i++) best = values[i] < values[best] ? i : best;
  assert_int_equal(moth_run_best_epoch(run), best + 1);
  assert_int_equal(count, best + 1 + 4);
  char text[200];
  snprintf(text, sizeof text, "stopped at epoch %d: val_loss has not improved for 4 epochs; weights of epoch %d (%.4f) put back",
           (int)count, (int)best + 1, values[best]);
  assert_string_equal(moth_run_text(run), text);
  double value;
  assert_ok(m, moth_net_evaluate(m, net, valid, (const moth_part *const *)&mse, 1, &value));
  assert_true(value == values[best]);
  moth_release(run), moth_release(mse), moth_release(sgd), moth_release(net), moth_release(valid), moth_release(data);
  support_close(m, NULL);
}

/* A metric whose large values are good, and one that must be told. */
static void it_knows_which_way_is_better(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_blobs(m, 90, 1), *valid = training_blobs(m, 60, 2);
  moth_net *net = training_classifier(m, 0);
  training_options o = training_basic(net, data, "cross_entropy", 8);
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_TEXT("metrics", "accuracy"));
  add(&o, MOTH_TEXT("monitor", "val_accuracy"));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  const double *values = NULL;
  int64_t count = 0, best = 0;
  assert_ok(m, moth_run_values(m, run, "val_accuracy", &values, &count));
  for (int64_t i = 0; i < count; i++) best = values[i] > values[best] ? i : best;
  assert_int_equal(moth_run_best_epoch(run), best + 1);
  moth_release(run);
  caller c = { .act_at = -1 };
  moth_part *metric = NULL;
  const moth_call call = { (void (*)(void))act_on_metric, &c, NULL };
  assert_ok(m, moth_metric_create(m, "own", &call, &metric));
  o = training_basic(net, data, "cross_entropy", 2);
  add(&o, MOTH_PART("metrics", metric));
  add(&o, MOTH_TEXT("monitor", "own"));
  assert_fails(m, moth_train(m, o.list, &run), MOTH_OPTION, "train: monitor = 'own' is a function: mode must say \"min\" or \"max\"");
  add(&o, MOTH_TEXT("mode", "max"));
  assert_ok(m, moth_train(m, o.list, &run));
  moth_release(run), moth_release(metric), moth_release(net), moth_release(valid), moth_release(data);
  support_close(m, NULL);
}

static void time_ends_it(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_waves(m, MOTH_F32, 32, 1);
  moth_net *net = training_regressor(m, "f32");
  training_options o = training_basic(net, data, "mse", 1000000000000);
  add(&o, MOTH_REAL("seconds", 0.02));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  assert_string_equal(moth_run_stopped(run), "time");
  assert_true(moth_run_seconds(run) >= 0.02);
  assert_true(moth_run_epochs(run) > 0);
  moth_release(run), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

typedef struct canceller { moth *m; pthread_t thread; } canceller;
static void *cancel_soon(void *data) {
  nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
  moth_cancel(((canceller *)data)->m);
  return NULL;
}

static void a_cancel_from_another_thread_ends_it_as_an_interrupt(void **state) {
  for (int validates = 0; validates < 2; validates++) {
    moth *m = support_open_with(NULL, (moth_config){ .index_base = 1, .threads = 2 });
    moth_dataset *data = training_blobs(m, 700, 1), *valid = training_blobs(m, 900, 2);
    moth_net *net = training_classifier(m, 0.1);
    training_options o = training_basic(net, data, "cross_entropy", 1000000000);
    if (validates) add(&o, MOTH_OBJECT("validation", valid));
    canceller c = { .m = m };
    assert_int_equal(pthread_create(&c.thread, NULL, cancel_soon, &c), 0);
    moth_run *run = NULL;
    assert_ok(m, moth_train(m, o.list, &run));
    pthread_join(c.thread, NULL);
    assert_string_equal(moth_run_stopped(run), "interrupt");
    assert_false(moth_cancel_taken(m));
    assert_int_equal(strncmp(moth_run_text(run), "interrupted ", 12), 0);
    if (validates && moth_run_best_epoch(run) > 0) {
      moth_part *loss = training_part(m, MOTH_LOSS, "cross_entropy", NULL);
      const double *values = NULL;
      int64_t count;
      double value;
      assert_ok(m, moth_run_values(m, run, "val_loss", &values, &count));
      assert_ok(m, moth_net_evaluate(m, net, valid, (const moth_part *const *)&loss, 1, &value));
      assert_true(value == values[moth_run_best_epoch(run) - 1]);
      moth_release(loss);
    }
    moth_release(run), moth_release(net), moth_release(valid), moth_release(data);
    support_close(m, NULL);
  }
}

/* Words for where it was: EXPERIENCE 4.6. */
static void an_interrupt_says_where(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_blobs(m, 90, 1), *valid = training_blobs(m, 30, 2);
  moth_net *net = training_classifier(m, 0);
  training_options o = training_basic(net, data, "cross_entropy", 10);
  add(&o, MOTH_OBJECT("validation", valid));
  moth_trainer *trainer = NULL;
  moth_run *run = NULL;
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  bool more = true;
  for (int i = 0; i < 2 * 4 + 1; i++) assert_ok(m, moth_trainer_step(m, trainer, 0, &more)); /* two epochs of 3 batches and 1 validation */
  moth_cancel(m);
  assert_ok(m, moth_trainer_step(m, trainer, 0, &more));
  assert_false(more);
  assert_ok(m, moth_trainer_run(m, trainer, &run));
  char text[160];
  const double *values = NULL;
  int64_t count = 0;
  assert_ok(m, moth_run_values(m, run, "val_loss", &values, &count));
  snprintf(text, sizeof text, "interrupted in epoch 3, batch 2: 2 epochs done, weights of epoch 2 (best val_loss %.4f) put back",
           values[1]);
  assert_string_equal(moth_run_text(run), text);
  moth_release(run), moth_release(trainer), moth_release(net), moth_release(valid), moth_release(data);
  support_close(m, NULL);
}

/* Labels that a callback spoils are found when they are gathered, before anything is made of them. */
static moth_status spoil_labels(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  ((int64_t *)moth_tensor_values_mutable(data))[5] = 1000000;
  return MOTH_OK;
}

static void labels_changed_meanwhile_are_an_error(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_blobs(m, 90, 1);
  moth_net *net = training_classifier(m, 0);
  moth_tensor *y = NULL;
  assert_ok(m, moth_dataset_tensor(m, data, "y", &y));
  training_options o = training_basic(net, data, "cross_entropy", 10);
  add(&o, MOTH_CALL("on_epoch", spoil_labels, y, NULL));
  moth_run *run = NULL;
  assert_fails(m, moth_train(m, o.list, &run), MOTH_INDEX, "train: data.y was changed meanwhile: a label is no class any more");
  moth_release(y), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

static moth_status close_context(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  moth_close(data);
  return MOTH_OK;
}

static void a_callback_that_closes_the_context_ends_it(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_blobs(m, 90, 1);
  moth_net *net = training_classifier(m, 0);
  training_options o = training_basic(net, data, "cross_entropy", 10);
  add(&o, MOTH_CALL("on_epoch", close_context, m, NULL));
  moth_run *run = NULL;
  assert_int_equal(moth_train(m, o.list, &run), MOTH_MISUSE);
  moth_release(net), moth_release(data);
}

static void misuse_is_told(void **state) {
  moth *m = open_scripts();
  moth_dataset *data = training_blobs(m, 30, 1);
  moth_net *net = training_classifier(m, 0);
  training_options o = training_basic(net, data, "cross_entropy", 3);
  moth_trainer *trainer = NULL;
  bool more = true;
  int64_t epoch = -1;
  assert_status(m, moth_trainer_create(m, o.list, NULL), MOTH_MISUSE);
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  assert_status(m, moth_trainer_step(m, NULL, 0, &more), MOTH_MISUSE);
  assert_status(m, moth_trainer_step(m, (moth_trainer *)net, 0, &more), MOTH_MISUSE);
  assert_status(m, moth_trainer_step(m, trainer, 0, NULL), MOTH_MISUSE);
  assert_fails(m, moth_trainer_step(m, trainer, -1, &more), MOTH_OPTION, "train: the budget must be >= 0 milliseconds, got -1");
  assert_status(m, moth_trainer_step(m, trainer, NAN, &more), MOTH_OPTION);
  assert_ok(m, moth_trainer_epoch(m, trainer, &epoch, &more));
  assert_int_equal(epoch, 1);
  assert_true(more);
  moth_trainer_stop(trainer);
  assert_ok(m, moth_trainer_epoch(m, trainer, &epoch, &more));
  assert_int_equal(epoch, 0);
  assert_false(more);
  moth_run *run = NULL;
  const double *values;
  int64_t count;
  assert_ok(m, moth_trainer_run(m, trainer, &run));
  assert_string_equal(moth_run_stopped(run), "callback");
  assert_fails(m, moth_run_values(m, run, "los", &values, &count), MOTH_OPTION, "run: no column 'los'; did you mean 'loss'? (loss lr)");
  moth_close(m); /* handles are inert, and let go of in any order */
  assert_int_equal(moth_trainer_step(m, trainer, 0, &more), MOTH_MISUSE);
  moth_release(net), moth_release(trainer), moth_release(data), moth_release(run);
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
    cmocka_unit_test(a_loss_that_is_not_finite_puts_earlier_weights_back),
    cmocka_unit_test(spoiled_data_is_named),
    cmocka_unit_test(the_message_names_the_place),
    cmocka_unit_test(a_failing_callback_ends_the_training_and_passes_through),
    cmocka_unit_test(a_callback_can_stop),
    cmocka_unit_test(a_callback_may_let_go_of_the_trainer),
    cmocka_unit_test(a_failing_train_does_not_release_what_it_was_given),
    cmocka_unit_test(patience_stops_and_puts_the_best_back),
    cmocka_unit_test(it_knows_which_way_is_better),
    cmocka_unit_test(time_ends_it),
    cmocka_unit_test(a_cancel_from_another_thread_ends_it_as_an_interrupt),
    cmocka_unit_test(an_interrupt_says_where),
    cmocka_unit_test(labels_changed_meanwhile_are_an_error),
    cmocka_unit_test(a_callback_that_closes_the_context_ends_it),
    cmocka_unit_test(misuse_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
