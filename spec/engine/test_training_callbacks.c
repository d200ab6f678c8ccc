/* Callbacks of a training: they fail, stop it, let go of it, spoil its data, and close its context. */
#include "training.h"

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
      moth *m = support_open_from_one();
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
    moth *m = support_open_from_one();
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
    moth *m = support_open_from_one();
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
  moth *m = support_open_from_one();
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

/* Labels that a callback spoils are found when they are gathered, before anything is made of them. */
static moth_status spoil_labels(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  ((int64_t *)moth_tensor_values_mutable(data))[5] = 1000000;
  return MOTH_OK;
}

static void labels_changed_meanwhile_are_an_error(void **state) {
  moth *m = support_open_from_one();
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
  moth *m = support_open_from_one();
  moth_dataset *data = training_blobs(m, 90, 1);
  moth_net *net = training_classifier(m, 0);
  training_options o = training_basic(net, data, "cross_entropy", 10);
  add(&o, MOTH_CALL("on_epoch", close_context, m, NULL));
  moth_run *run = NULL;
  assert_int_equal(moth_train(m, o.list, &run), MOTH_MISUSE);
  moth_release(net), moth_release(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_failing_callback_ends_the_training_and_passes_through),
    cmocka_unit_test(a_callback_can_stop),
    cmocka_unit_test(a_callback_may_let_go_of_the_trainer),
    cmocka_unit_test(a_failing_train_does_not_release_what_it_was_given),
    cmocka_unit_test(labels_changed_meanwhile_are_an_error),
    cmocka_unit_test(a_callback_that_closes_the_context_ends_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
