/* How trainings end: a loss that is not finite, patience, time, interrupts; and nets left in a state that can be used. */
#include "training.h"

#include <pthread.h>
#include <time.h>

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
  moth *m = support_open_from_one();
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
  moth *m = support_open_from_one();
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
  moth *m = support_open_from_one();
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

/* ---- Patience, time, cancelling ----------------------------------------------------------------------------------------------------- */

static void patience_stops_and_puts_the_best_back(void **state) {
  moth *m = support_open_from_one();
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
static moth_status always_zero(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  *value = 0;
  return MOTH_OK;
}

static void it_knows_which_way_is_better(void **state) {
  moth *m = support_open_from_one();
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
  moth_part *metric = NULL;
  const moth_call call = { (void (*)(void))always_zero, NULL, NULL };
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
  moth *m = support_open_from_one();
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
  moth *m = support_open_from_one();
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

static void misuse_is_told(void **state) {
  moth *m = support_open_from_one();
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
    cmocka_unit_test(a_loss_that_is_not_finite_puts_earlier_weights_back),
    cmocka_unit_test(spoiled_data_is_named),
    cmocka_unit_test(the_message_names_the_place),
    cmocka_unit_test(patience_stops_and_puts_the_best_back),
    cmocka_unit_test(it_knows_which_way_is_better),
    cmocka_unit_test(time_ends_it),
    cmocka_unit_test(a_cancel_from_another_thread_ends_it_as_an_interrupt),
    cmocka_unit_test(an_interrupt_says_where),
    cmocka_unit_test(misuse_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
