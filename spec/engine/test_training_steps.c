/* The trainer as a whole: that it learns, that what it reports is what was met, that bits depend on nothing but seed, data and options. */
#include "training.h"

/* ---- Learning --------------------------------------------------------------------------------------------------------------------- */

static void it_learns_classes(void **state) {
  moth *m = support_open(NULL);
  moth_dataset *data = training_blobs(m, 150, 1), *valid = training_blobs(m, 60, 2);
  moth_net *net = training_classifier(m, 0);
  moth_part *adam = training_part(m, MOTH_OPTIMIZER, "adam", (moth_option[]){ MOTH_REAL("lr", 0.02), MOTH_END });
  training_options o = training_basic(net, data, "cross_entropy", 40);
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_PART("optimizer", adam));
  add(&o, MOTH_TEXT("metrics", "accuracy"));
  add(&o, MOTH_INT("seed", 1));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  assert_int_equal(moth_run_epochs(run), 40);
  assert_string_equal(moth_run_stopped(run), "epochs");
  assert_true(training_last(m, run, "loss") < 0.2);
  assert_true(training_last(m, run, "val_accuracy") > 0.9);
  assert_string_equal(moth_run_column(run, 0), "loss");
  assert_string_equal(moth_run_column(run, 1), "val_loss");
  assert_string_equal(moth_run_column(run, 2), "accuracy");
  assert_string_equal(moth_run_column(run, 3), "val_accuracy");
  assert_string_equal(moth_run_column(run, 4), "lr");
  assert_null(moth_run_column(run, 5));
  assert_int_equal(moth_run_seed(run), 1);
  moth_release(run), moth_release(adam), moth_release(net), moth_release(valid), moth_release(data);
  support_close(m, NULL);
}

/* The one-layer program of SYSTEMS.md: figures that NumPy gives. */
static void it_trains_one_layer_to_the_known_figures(void **state) {
  moth *m = support_open(NULL);
  static const double x[] = { 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1 }, y[] = { 0, 0, 1, 1 };
  static const double expected[] = { 0.00301766, 0.00246101, 0.9979917, 0.99753719 };
  moth_dataset *data = training_dataset(m, training_tensor(m, MOTH_F64, 4, 3, x), training_tensor(m, MOTH_F64, 4, 1, y), NULL);
  moth_part *layer = training_part(m, MOTH_LAYER, "dense", (moth_option[]){ MOTH_INT(NULL, 1), MOTH_TEXT("activation", "sigmoid"),
                                   MOTH_FLAG("bias", false), MOTH_END });
  moth_net *net = training_net_of(m, "f64", 3, 3, &layer, 1);
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 2), MOTH_END });
  training_options o = training_basic(net, data, "mse", 100000);
  add(&o, MOTH_PART("optimizer", sgd));
  add(&o, MOTH_TEXT("batch", "full"));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  moth_tensor *column = NULL, *p = NULL;
  assert_ok(m, moth_dataset_tensor(m, data, "x", &column));
  assert_ok(m, moth_net_predict(m, net, column, &p));
  for (int i = 0; i < 4; i++) assert_true(fabs(((const double *)moth_tensor_values(p))[i] - expected[i]) < 1e-6);
  assert_string_equal(moth_run_text(run), "100000 epochs done");
  moth_release(p), moth_release(column), moth_release(run), moth_release(sgd), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

/* ---- Reports ---------------------------------------------------------------------------------------------------------------------- */

typedef struct batch_log {
  double sum, rows;
  int64_t batches, epochs, total_batches;
  int64_t batch_rows, last_rows, per_epoch;
  double loss, lr;
} batch_log;

static moth_status log_batch(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) {
  batch_log *log = data;
  double rows = (double)(batch->batch == log->per_epoch ? log->last_rows : log->batch_rows);
  log->sum += batch->loss * rows;
  log->rows += rows;
  log->batches++;
  log->total_batches++;
  assert_int_equal(batch->batch, log->batches);
  return MOTH_OK;
}

static moth_status log_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  batch_log *log = data;
  assert_true(fabs(epoch->loss - log->sum / log->rows) <= 1e-12 * fabs(epoch->loss));
  assert_int_equal(log->batches, log->per_epoch);
  assert_int_equal(epoch->epoch, ++log->epochs);
  assert_int_equal(epoch->metric_count, 2);
  assert_string_equal(epoch->metric_names[0], "mae");
  assert_true(isnan(epoch->val_loss) && epoch->val_metrics == NULL);
  assert_true(fabs(epoch->metrics[1] - epoch->loss) < 1e-6); /* mse is the loss itself here */
  log->sum = log->rows = 0, log->batches = 0;
  return MOTH_OK;
}

static void check_epoch_loss(bool drop_last) {
  moth *m = support_open(NULL);
  moth_dataset *data = training_waves(m, MOTH_F64, 50, 4);
  moth_net *net = training_regressor(m, "f64");
  batch_log log = { .batch_rows = 16, .last_rows = drop_last ? 16 : 2, .per_epoch = drop_last ? 3 : 4 };
  training_options o = training_basic(net, data, "mse", 3);
  const char *metrics[] = { "mae", "mse" };
  add(&o, MOTH_TEXTS("metrics", 2, metrics));
  add(&o, MOTH_INT("batch", 16));
  add(&o, MOTH_FLAG("drop_last", drop_last));
  add(&o, MOTH_CALL("on_batch", log_batch, &log, NULL));
  add(&o, MOTH_CALL("on_epoch", log_epoch, &log, NULL));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  assert_int_equal(log.epochs, 3);
  assert_int_equal(log.total_batches, 3 * log.per_epoch);
  moth_release(run), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

static void its_loss_is_the_mean_of_batch_losses_by_rows(void **state) { check_epoch_loss(false); }
static void drop_last_leaves_out_the_smaller_batch(void **state) { check_epoch_loss(true); }

/* e.val_loss is what net:evaluate gives; a function of the host's is averaged by rows. */
static moth_status count_rows(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  *value = (double)moth_tensor_shape(p)[0];
  *(int64_t *)data += 1;
  assert_int_equal(moth_tensor_rank(t), 1);
  assert_int_equal(moth_tensor_dtype(t), MOTH_I64);
  return MOTH_OK;
}

static void validation_is_what_evaluate_gives(void **state) {
  moth *m = support_open(NULL);
  moth_dataset *data = training_blobs(m, 90, 1), *valid = training_blobs(m, 300, 2);
  moth_net *net = training_classifier(m, 0.5);
  int64_t calls = 0;
  moth_part *counted = NULL;
  const moth_call call = { (void (*)(void))count_rows, &calls, NULL };
  assert_ok(m, moth_metric_create(m, "rows", &call, &counted));
  moth_part *parts[] = { training_part(m, MOTH_LOSS, "cross_entropy", NULL), training_part(m, MOTH_METRIC, "accuracy", NULL), counted };
  training_options o = training_basic(net, data, "cross_entropy", 1);
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_PARTS("metrics", 2, parts + 1));
  add(&o, MOTH_INT("batch", 40));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  double values[3];
  assert_int_equal(calls, 3 + 2);
  assert_ok(m, moth_net_evaluate(m, net, valid, (const moth_part *const *)parts, 3, values));
  assert_true(values[0] == training_last(m, run, "val_loss"));
  assert_true(values[1] == training_last(m, run, "val_accuracy"));
  assert_true(fabs(training_last(m, run, "rows") - (40 * 40 * 2 + 10 * 10) / 90.0) < 1e-12);
  assert_true(fabs(values[2] - (256.0 * 256 + 44 * 44) / 300) < 1e-12);
  for (int i = 0; i < 3; i++) moth_release(parts[i]);
  moth_release(run), moth_release(net), moth_release(valid), moth_release(data);
  support_close(m, NULL);
}

/* ---- Bits ------------------------------------------------------------------------------------------------------------------------- */

typedef struct setting { double budget; int threads; bool observed; int64_t batch; } setting;

static moth_status ignore_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) { return MOTH_OK; }
static moth_status ignore_batch(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) { return MOTH_OK; }
static moth_status ignore_progress(void *data, moth_trainer *trainer, const moth_progress *progress) { return MOTH_OK; }

/* Trains as the setting says and returns the weights, then the losses, as bytes. */
static void *train_to_bits(const setting *how, size_t *bytes) {
  moth *m = support_open_with(NULL, (moth_config){ .threads = how->threads });
  moth_dataset *data = training_blobs(m, 700, 1), *valid = training_blobs(m, 300, 2);
  moth_net *net = training_classifier(m, 0.2);
  training_options o = training_basic(net, data, "cross_entropy", 5);
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_INT("seed", 3));
  add(&o, MOTH_INT("batch", how->batch));
  if (how->observed) {
    add(&o, MOTH_TEXT("metrics", "accuracy"));
    add(&o, MOTH_CALL("on_epoch", ignore_epoch, NULL, NULL));
    add(&o, MOTH_CALL("on_batch", ignore_batch, NULL, NULL));
    add(&o, MOTH_CALL("progress", ignore_progress, NULL, NULL));
  }
  moth_trainer *trainer = NULL;
  moth_run *run = NULL;
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  bool more = true;
  while (more) assert_ok(m, moth_trainer_step(m, trainer, how->budget, &more));
  assert_ok(m, moth_trainer_run(m, trainer, &run));
  size_t weight_bytes;
  char *weights = training_weights(m, net, &weight_bytes);
  const double *losses = NULL;
  int64_t count = 0;
  assert_ok(m, moth_run_values(m, run, "loss", &losses, &count));
  assert_int_equal(count, 5);
  *bytes = weight_bytes + 5 * sizeof(double);
  weights = realloc(weights, *bytes);
  memcpy(weights + weight_bytes, losses, 5 * sizeof(double));
  moth_release(run), moth_release(trainer), moth_release(net), moth_release(valid), moth_release(data);
  support_close(m, NULL);
  return weights;
}

static void bits_do_not_depend_on_threads_budget_or_observers(void **state) {
  const int64_t batches[] = { 32, 700 };
  for (int b = 0; b < 2; b++) {
    size_t bytes, other_bytes;
    const setting first = { .budget = INFINITY, .threads = 1, .batch = batches[b] };
    void *expected = train_to_bits(&first, &bytes);
    const setting others[] = {
      { .budget = INFINITY, .threads = 2 }, { .budget = INFINITY, .threads = 4 }, { .budget = 0, .threads = 1 },
      { .budget = 0.05, .threads = 2 }, { .budget = INFINITY, .threads = 1, .observed = true },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
      setting how = others[i];
      how.batch = batches[b];
      void *got = train_to_bits(&how, &other_bytes);
      assert_int_equal(other_bytes, bytes);
      training_assert_same_bits(got, expected, bytes);
      free(got);
    }
    free(expected);
  }
}

/* A full batch is the loop by hand. */
static void it_equals_the_loop_by_hand(void **state) {
  moth *m = support_open(NULL);
  moth_dataset *data = training_waves(m, MOTH_F64, 24, 9);
  moth_net *a = training_regressor(m, "f64"), *b = NULL;
  assert_ok(m, moth_net_clone(m, a, &b));
  moth_part *loss = training_part(m, MOTH_LOSS, "mse", NULL);
  moth_part *sgd[] = { training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 0.1), MOTH_END }),
                       training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 0.1), MOTH_END }) };
  training_options o = training_basic(a, data, "mse", 20);
  add(&o, MOTH_PART("optimizer", sgd[0]));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  moth_tensor *x = NULL, *y = NULL;
  assert_ok(m, moth_dataset_tensor(m, data, "x", &x));
  assert_ok(m, moth_dataset_tensor(m, data, "y", &y));
  const double *losses = NULL;
  int64_t count = 0;
  assert_ok(m, moth_run_values(m, run, "loss", &losses, &count));
  for (int i = 0; i < 20; i++) {
    double value = 0;
    assert_ok(m, moth_net_backprop(m, b, x, y, loss, &value));
    assert_true(fabs(value - losses[i]) <= 1e-15);
    assert_ok(m, moth_optimizer_step(m, sgd[1], b));
  }
  size_t bytes;
  void *wa = training_weights(m, a, &bytes), *wb = training_weights(m, b, &bytes);
  training_assert_same_bits(wa, wb, bytes);
  free(wa), free(wb);
  for (int i = 0; i < 2; i++) moth_release(sgd[i]);
  moth_release(x), moth_release(y), moth_release(run), moth_release(loss), moth_release(a), moth_release(b), moth_release(data);
  support_close(m, NULL);
}

/* ---- Draws ------------------------------------------------------------------------------------------------------------------------ */

enum { SEEN = 23, SEEN_EPOCHS = 4 };
typedef struct seen { int64_t count; double rows[SEEN * SEEN_EPOCHS]; } seen;

static moth_status see_targets(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  seen *s = data;
  for (int64_t i = 0; i < moth_tensor_count(t); i++) s->rows[s->count++] = ((const double *)moth_tensor_values(t))[i];
  *value = 0;
  return MOTH_OK;
}

static void train_seen(seen *s, bool shuffle, int64_t seed, int64_t batch) {
  moth *m = support_open(NULL);
  double x[SEEN], y[SEEN];
  for (int i = 0; i < SEEN; i++) x[i] = i / 100.0, y[i] = i;
  moth_dataset *data = training_dataset(m, training_tensor(m, MOTH_F64, SEEN, 1, x), training_tensor(m, MOTH_F64, SEEN, 1, y), NULL);
  moth_part *layer = training_dense(m, 1, "linear"), *metric = NULL;
  moth_net *net = training_net_of(m, "f64", 1, 1, &layer, 1);
  const moth_call call = { (void (*)(void))see_targets, s, NULL };
  assert_ok(m, moth_metric_create(m, "seen", &call, &metric));
  training_options o = training_basic(net, data, "mse", SEEN_EPOCHS);
  add(&o, MOTH_PART("metrics", metric));
  add(&o, MOTH_FLAG("shuffle", shuffle));
  add(&o, MOTH_INT("batch", batch));
  add(&o, MOTH_INT("seed", seed));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  moth_release(run), moth_release(metric), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

static void every_epoch_shows_every_row_once_in_another_order(void **state) {
  seen a = { 0 }, other = { 0 }, again = { 0 }, in_order = { 0 }, full = { 0 };
  train_seen(&a, true, 1, 5);
  train_seen(&again, true, 1, 7); /* the order is the epoch's, however it is cut */
  train_seen(&other, true, 2, 5);
  train_seen(&in_order, false, 1, 5);
  train_seen(&full, true, 1, SEEN);
  assert_int_equal(a.count, SEEN * SEEN_EPOCHS);
  assert_memory_equal(a.rows, again.rows, sizeof a.rows);
  assert_memory_not_equal(a.rows, other.rows, sizeof a.rows);
  assert_memory_equal(full.rows, in_order.rows, sizeof full.rows);
  for (int e = 0; e < SEEN_EPOCHS; e++) {
    bool met[SEEN] = { false };
    for (int i = 0; i < SEEN; i++) {
      met[(int)a.rows[e * SEEN + i]] = true;
      assert_true(in_order.rows[e * SEEN + i] == i);
    }
    for (int i = 0; i < SEEN; i++) assert_true(met[i]);
    for (int f = 0; f < e; f++) assert_memory_not_equal(a.rows + e * SEEN, a.rows + f * SEEN, SEEN * sizeof(double));
  }
}

typedef struct masks { int64_t steps; uint64_t bits[8]; } masks;

static moth_status see_mask(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  masks *seen_masks = data;
  uint64_t bits = 0;
  for (int i = 0; i < 64; i++) bits |= (uint64_t)(((const float *)moth_tensor_values(p))[i] == 0) << i;
  seen_masks->bits[seen_masks->steps++] = bits;
  *value = 0;
  return MOTH_OK;
}

static void every_step_drops_other_values(void **state) {
  moth *m = support_open(NULL);
  float x[4] = { 1, 1, 1, 1 }, y[4 * 64] = { 0 };
  moth_tensor *tx = NULL, *ty = NULL;
  assert_ok(m, moth_tensor_copy_in(m, MOTH_F32, 2, (int64_t[]){ 4, 1 }, x, &tx));
  assert_ok(m, moth_tensor_copy_in(m, MOTH_F32, 2, (int64_t[]){ 4, 64 }, y, &ty));
  moth_dataset *data = training_dataset(m, tx, ty, NULL);
  moth_part *layers[] = { training_dense(m, 64, "linear"),
                          training_part(m, MOTH_LAYER, "dropout", (moth_option[]) { MOTH_REAL(NULL, 0.5), MOTH_END }) };
  moth_net *net = training_net_of(m, "f32", 1, 1, layers, 2);
  masks seen_masks = { 0 };
  moth_part *metric = NULL;
  const moth_call call = { (void (*)(void))see_mask, &seen_masks, NULL };
  assert_ok(m, moth_metric_create(m, "mask", &call, &metric));
  training_options o = training_basic(net, data, "mse", 3);
  add(&o, MOTH_PART("metrics", metric));
  add(&o, MOTH_INT("batch", 2));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  assert_int_equal(seen_masks.steps, 6);
  for (int i = 0; i < 6; i++) {
    for (int j = 0; j < i; j++) assert_true(seen_masks.bits[i] != seen_masks.bits[j]);
  }
  moth_release(run), moth_release(metric), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

/* ---- Memory ----------------------------------------------------------------------------------------------------------------------- */

static void check_allocations(int64_t batch, bool validates) {
  moth *m = support_open(NULL);
  moth_dataset *data = training_blobs(m, 100, 1), *valid = training_blobs(m, 40, 2);
  moth_net *net = training_classifier(m, 0.2);
  training_options o = training_basic(net, data, "cross_entropy", 5000);
  add(&o, MOTH_INT("batch", batch));
  add(&o, MOTH_TEXT("metrics", "accuracy"));
  if (validates) add(&o, MOTH_OBJECT("validation", valid));
  moth_trainer *trainer = NULL;
  bool more = true;
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  for (int i = 0; i < 10; i++) assert_ok(m, moth_trainer_step(m, trainer, 0, &more));
  uint64_t before = moth_memory_calls(m);
  for (int i = 0; i < 1000; i++) assert_ok(m, moth_trainer_step(m, trainer, 0, &more));
  assert_int_equal(moth_memory_calls(m), before);
  assert_true(more);
  moth_release(trainer), moth_release(net), moth_release(data), moth_release(valid);
  support_close(m, NULL);
}

static void steps_allocate_nothing(void **state) {
  check_allocations(100, false);
  check_allocations(32, false);
  check_allocations(32, true);
}

typedef struct released { int count; } released;
static void count_release(void *data) { ((released *)data)->count++; }

static moth_status train_or_fail(moth *m, void *data) {
  released *calls = data;
  moth_status status = MOTH_OK;
  moth_part *layers[2] = { NULL }, *metric = NULL;
  moth_net *net = NULL;
  moth_dataset *sets[2] = { NULL };
  moth_tensor *x = NULL, *y = NULL;
  moth_run *run = NULL;
  static const float xs[] = { 0, 0, 0, 1, 1, 0, 1, 1, 0, 1 };
  static const int64_t ys[] = { 0, 1, 1, 0, 1 };
  const moth_call call = { (void (*)(void))count_rows, &(int64_t){ 0 }, NULL };
  status = moth_tensor_copy_in(m, MOTH_F32, 2, (int64_t[]){ 5, 2 }, xs, &x);
  if (status == MOTH_OK) status = moth_tensor_copy_in(m, MOTH_I64, 1, (int64_t[]){ 5 }, ys, &y);
  for (int i = 0; i < 2 && status == MOTH_OK; i++) {
    status = moth_dataset_create(m, (moth_option[]){ MOTH_TENSOR("x", x), MOTH_TENSOR("y", y), MOTH_END }, &sets[i]);
  }
  if (status == MOTH_OK) status = moth_part_create(m, MOTH_LAYER, "dense", (moth_option[]){ MOTH_INT(NULL, 4), MOTH_END }, &layers[0]);
  if (status == MOTH_OK) {
    status = moth_part_create(m, MOTH_LAYER, "dense", (moth_option[]) { MOTH_INT(NULL, 2), MOTH_TEXT("activation", "softmax"), MOTH_END },
                              &layers[1]);
  }
  if (status == MOTH_OK) status = moth_metric_create(m, "rows", &call, &metric);
  if (status == MOTH_OK) {
    status = moth_net_create(m, (moth_option[]){ MOTH_INT("input", 2), MOTH_PARTS("layers", 2, layers), MOTH_END }, &net);
  }
  int before = calls->count;
  bool took = false;
  if (status == MOTH_OK) {
    const moth_option given[] = {
      MOTH_OBJECT("net", net),
      MOTH_OBJECT("data", sets[0]),
      MOTH_OBJECT("validation", sets[1]),
      MOTH_TEXT("loss", "cross_entropy"),
      MOTH_INT("epochs", 3),
      MOTH_INT("batch", 2),
      MOTH_PART("metrics", metric),
      MOTH_CALL("on_epoch", ignore_epoch, calls, count_release),
      MOTH_END,
    };
    status = moth_train(m, given, &run);
    took = status == MOTH_OK;
  }
  assert_int_equal(calls->count - before, took ? 1 : 0);
  moth_trainer *trainer = NULL;
  void *bytes = NULL;
  size_t size = 0;
  if (status == MOTH_OK) {
    const moth_option given[] = { MOTH_OBJECT("net", net), MOTH_OBJECT("data", sets[0]), MOTH_TEXT("loss", "cross_entropy"),
                                  MOTH_INT("epochs", 2), MOTH_END };
    status = moth_trainer_create(m, given, &trainer);
    bool more = true;
    if (status == MOTH_OK) status = moth_trainer_step(m, trainer, 0, &more);
    if (status == MOTH_OK) status = moth_trainer_save_bytes(m, trainer, &bytes, &size);
    if (status == MOTH_OK) status = moth_trainer_load_bytes(m, trainer, bytes, size);
    while (status == MOTH_OK && more) status = moth_trainer_step(m, trainer, 0, &more);
  }
  if (bytes != NULL) moth_free(m, bytes, size);
  double value;
  if (status == MOTH_OK) status = moth_net_evaluate(m, net, sets[0], (const moth_part *const *)&metric, 1, &value);
  moth_release(trainer), moth_release(run), moth_release(metric), moth_release(net), moth_release(x), moth_release(y);
  for (int i = 0; i < 2; i++) moth_release(layers[i]), moth_release(sets[i]);
  return status;
}

static void every_failing_allocation_is_an_ordinary_error(void **state) {
  released calls = { 0 };
  assert_true(support_fail_each(train_or_fail, &calls) > 100);
}

/* ---- Schedules -------------------------------------------------------------------------------------------------------------------- */

static moth_status halve(void *data, int64_t epoch, double base, double *lr) {
  *lr = base / (double)(1 << (epoch - 1));
  return MOTH_OK;
}

static void check_schedule(moth_option schedule, const double *expected) {
  moth *m = support_open(NULL);
  moth_dataset *data = training_waves(m, MOTH_F32, 20, 1);
  moth_net *net = training_regressor(m, "f32");
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 0.1), MOTH_END }), *part = NULL;
  if (schedule.kind == MOTH_OPTION_END) {
    part = training_part(m, MOTH_SCHEDULE, "step", (moth_option[]){ MOTH_INT("every", 2), MOTH_REAL("factor", 0.5), MOTH_END });
    schedule = (moth_option)MOTH_PART("schedule", part);
  }
  training_options o = training_basic(net, data, "mse", 4);
  add(&o, MOTH_PART("optimizer", sgd));
  training_add(&o, schedule);
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  const double *lr = NULL;
  int64_t count = 0;
  assert_ok(m, moth_run_values(m, run, "lr", &lr, &count));
  for (int i = 0; i < 4; i++) assert_true(fabs(lr[i] - expected[i]) < 1e-15);
  moth_option base;
  assert_ok(m, moth_part_get(m, sgd, "lr", &base));
  assert_true(base.as.real == 0.1); /* the optimizer keeps its own */
  moth_release(part), moth_release(run), moth_release(sgd), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

static void schedules_say_the_rate_of_each_epoch(void **state) {
  const double pi = 3.14159265358979323846;
  double cosine[4];
  for (int t = 0; t < 4; t++) cosine[t] = 0.1 * (1 + cos(pi * t / 4)) / 2;
  check_schedule((moth_option)MOTH_TEXT("schedule", "cosine"), cosine);
  check_schedule((moth_option)MOTH_END, (const double[]){ 0.1, 0.1, 0.05, 0.05 });
  check_schedule((moth_option)MOTH_CALL("schedule", halve, NULL, NULL), (const double[]){ 0.1, 0.05, 0.025, 0.0125 });
}

/* Weights of samples: a row that weighs nothing teaches nothing. */
static void rows_weigh_what_the_data_says(void **state) {
  moth *m = support_open(NULL);
  static const double x[] = { 1, 1 }, y[] = { 1, -5 }, w[] = { 1, 0 };
  moth_dataset *data = training_dataset(m, training_tensor(m, MOTH_F64, 2, 1, x), training_tensor(m, MOTH_F64, 2, 1, y),
                                        training_tensor(m, MOTH_F64, 2, 0, w));
  moth_part *layer = training_dense(m, 1, "linear");
  moth_net *net = training_net_of(m, "f64", 1, 1, &layer, 1);
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 0.2), MOTH_END });
  training_options o = training_basic(net, data, "mse", 200);
  add(&o, MOTH_PART("optimizer", sgd));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  moth_tensor *column = NULL, *p = NULL;
  assert_ok(m, moth_dataset_tensor(m, data, "x", &column));
  assert_ok(m, moth_net_predict(m, net, column, &p));
  assert_true(fabs(((const double *)moth_tensor_values(p))[0] - 1) < 1e-9);
  moth_release(p), moth_release(column), moth_release(run), moth_release(sgd), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

/* l2·Σw² pulls weights, not biases: with targets that the bias alone can meet the weight goes to 0. */
static void l2_acts_on_weights_alone(void **state) {
  moth *m = support_open(NULL);
  static const double x[] = { -1, 1 }, y[] = { 3, 3 };
  moth_dataset *data = training_dataset(m, training_tensor(m, MOTH_F64, 2, 1, x), training_tensor(m, MOTH_F64, 2, 1, y), NULL);
  moth_part *layer = training_dense(m, 1, "linear");
  moth_net *net = training_net_of(m, "f64", 1, 1, &layer, 1);
  moth_tensor *w = NULL, *b = NULL;
  assert_ok(m, moth_net_parameter(m, net, 0, "weight", &w));
  assert_ok(m, moth_net_parameter(m, net, 0, "bias", &b));
  *(double *)moth_tensor_values_mutable(w) = 2;
  *(double *)moth_tensor_values_mutable(b) = 3;
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 0.1), MOTH_END });
  training_options o = training_basic(net, data, "mse", 1);
  add(&o, MOTH_PART("optimizer", sgd));
  add(&o, MOTH_REAL("l2", 0.5));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  /* dE/dw = 2·w·mean(x²) = 4, l2: 2·0.5·2 = 2; dE/db = 0 */
  assert_true(fabs(*(const double *)moth_tensor_values(w) - (2 - 0.1 * 6)) < 1e-12);
  assert_true(fabs(*(const double *)moth_tensor_values(b) - 3) < 1e-12);
  assert_true(fabs(training_last(m, run, "loss") - 4) < 1e-12); /* without the penalty */
  moth_release(w), moth_release(b), moth_release(run), moth_release(sgd), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

static void clip_bounds_the_step(void **state) {
  moth *m = support_open(NULL);
  static const double x[] = { 100 }, y[] = { -1000 };
  moth_dataset *data = training_dataset(m, training_tensor(m, MOTH_F64, 1, 1, x), training_tensor(m, MOTH_F64, 1, 1, y), NULL);
  moth_part *layer = training_dense(m, 1, "linear");
  moth_net *net = training_net_of(m, "f64", 1, 1, &layer, 1);
  size_t bytes;
  double *before = training_weights(m, net, &bytes);
  moth_part *sgd = training_part(m, MOTH_OPTIMIZER, "sgd", (moth_option[]){ MOTH_REAL("lr", 1), MOTH_END });
  training_options o = training_basic(net, data, "mse", 1);
  add(&o, MOTH_PART("optimizer", sgd));
  add(&o, MOTH_REAL("clip", 0.5));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  double *after = training_weights(m, net, &bytes), norm = 0;
  for (size_t i = 0; i < bytes / sizeof(double); i++) norm += (after[i] - before[i]) * (after[i] - before[i]);
  assert_true(fabs(sqrt(norm) - 0.5) < 1e-9);
  free(before), free(after);
  moth_release(run), moth_release(sgd), moth_release(net), moth_release(data);
  support_close(m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_learns_classes),
    cmocka_unit_test(it_trains_one_layer_to_the_known_figures),
    cmocka_unit_test(its_loss_is_the_mean_of_batch_losses_by_rows),
    cmocka_unit_test(drop_last_leaves_out_the_smaller_batch),
    cmocka_unit_test(validation_is_what_evaluate_gives),
    cmocka_unit_test(bits_do_not_depend_on_threads_budget_or_observers),
    cmocka_unit_test(it_equals_the_loop_by_hand),
    cmocka_unit_test(every_epoch_shows_every_row_once_in_another_order),
    cmocka_unit_test(every_step_drops_other_values),
    cmocka_unit_test(steps_allocate_nothing),
    cmocka_unit_test(every_failing_allocation_is_an_ordinary_error),
    cmocka_unit_test(schedules_say_the_rate_of_each_epoch),
    cmocka_unit_test(rows_weigh_what_the_data_says),
    cmocka_unit_test(l2_acts_on_weights_alone),
    cmocka_unit_test(clip_bounds_the_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
