/* Moth is a guest in its host's process: floating-point modes and the locale are the host's again whenever something of the host's runs; a
 * fork, a cancel, a memory limit and a full disk are ordinary events that leave everything as it was. */
#include "training.h"

#include <dirent.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

/* ---- Floating point ------------------------------------------------------------------------------------------------------------------ */

/* All modes: rounding, flushing, which exceptions trap. The flags that tell what happened are no modes. */
static unsigned modes(void) {
#if defined(__SSE2__)
  return _mm_getcsr() & ~0x3fu;
#else
  return (unsigned)fegetround();
#endif
}

typedef struct watch {
  moth *m;
  unsigned host;                /* what must be seen everywhere */
  bool has_met_others;          /* something else was seen */
  bool is_training;             /* whose turns flush denormals from the first to the last: the allocator may be asked within */
  int resizes, logs, epochs, batches, progresses, schedules, metrics, inits, builds, forwards, backwards, releases;
} watch;

static void look(watch *w, int *count) {
  ++*count;
  if (modes() != w->host) w->has_met_others = true;
}

static void *resize(void *data, void *block, size_t old_size, size_t new_size) {
  watch *w = data;
  if (w->is_training) w->resizes++;
  else look(w, &w->resizes);
  if (new_size > 0) return realloc(block, new_size);
  free(block);
  return NULL;
}
static void on_log(void *data, const char *line) { look(data, &((watch *)data)->logs), (void)line; }
static moth_status on_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  look(data, &((watch *)data)->epochs);
  return MOTH_OK;
}
static moth_status on_batch(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) {
  look(data, &((watch *)data)->batches);
  return MOTH_OK;
}
static moth_status on_progress(void *data, moth_trainer *trainer, const moth_progress *progress) {
  look(data, &((watch *)data)->progresses);
  return MOTH_OK;
}
static moth_status on_schedule(void *data, int64_t epoch, double base, double *lr) {
  look(data, &((watch *)data)->schedules);
  *lr = base;
  return MOTH_OK;
}
static moth_status on_metric(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  look(data, &((watch *)data)->metrics);
  *value = 1;
  return MOTH_OK;
}
static moth_status on_init(void *data, moth_tensor *values, int64_t inputs, int64_t outputs) {
  look(data, &((watch *)data)->inits);
  double *v = moth_tensor_values_mutable(values);
  for (int64_t i = 0; i < moth_tensor_count(values); i++) v[i] = 0.01 * (double)(i % 17) - 0.08;
  return MOTH_OK;
}
static void on_release(void *data) { look(data, &((watch *)data)->releases); }

static moth_status copy_build(void *data, moth_layer *self, const moth_shape *input, moth_shape *output) {
  look(data, &((watch *)data)->builds);
  *output = *input;
  return MOTH_OK;
}
static moth_status copy_forward(void *data, moth_layer *self, const moth_tensor *x, moth_tensor *y) {
  look(data, &((watch *)data)->forwards);
  memcpy(moth_tensor_values_mutable(y), moth_tensor_values(x), (size_t)moth_tensor_count(x) * moth_dtype_size(moth_tensor_dtype(x)));
  return MOTH_OK;
}
static moth_status copy_backward(void *data, moth_layer *self, const moth_tensor *x, const moth_tensor *y, const moth_tensor *dy,
                                 moth_tensor *dx) {
  look(data, &((watch *)data)->backwards);
  memcpy(moth_tensor_values_mutable(dx), moth_tensor_values(dy), (size_t)moth_tensor_count(dy) * moth_dtype_size(moth_tensor_dtype(dy)));
  return MOTH_OK;
}

/* A call, and what it left behind. */
#define watched(w, expression, expected) \
  do { \
    assert_status((w)->m, expression, expected); \
    if (modes() != (w)->host) fail_msg("%s leaves modes %x, the host's are %x", #expression, modes(), (w)->host); \
    if ((w)->has_met_others) fail_msg("within %s something of the host's ran in other modes", #expression); \
  } while (0)

static moth_tensor *watched_operation(watch *w, const char *name, moth_tensor *a, moth_tensor *b, const moth_option *given) {
  moth_value inputs[] = { { MOTH_TENSOR_VALUE, { .tensor = a } }, { MOTH_TENSOR_VALUE, { .tensor = b } } }, results[MOTH_MAX_RESULTS];
  int count = 0;
  watched(w, moth_apply(w->m, moth_operation_find(w->m, name), false, inputs, (a != NULL) + (b != NULL), given, results, &count), MOTH_OK);
  for (int i = 1; i < count; i++) moth_release(results[i].as.tensor);
  return results[0].kind == MOTH_TENSOR_VALUE ? results[0].as.tensor : NULL;
}

static void watch_operations(watch *w) {
  const int64_t shape[] = { 300, 300 };
  const moth_option given[] = { MOTH_INTS(NULL, 2, shape), MOTH_END };
  moth_tensor *a = watched_operation(w, "randn", NULL, NULL, given);
  static const char *const names[] = { "exp", "sum", "sort", "cumsum", "pinv", "std" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) moth_release(watched_operation(w, names[i], a, NULL, NULL));
  moth_release(watched_operation(w, "matmul", a, a, NULL));
  moth_release(a);
}

static void watch_net(watch *w, moth_net *net, moth_dataset *data) {
  moth *m = w->m;
  moth_tensor *x = NULL, *y = NULL, *t = NULL, *dx = NULL, *classes = NULL;
  moth_net *copy = NULL;
  moth_part *loss = training_part(m, MOTH_LOSS, "cross_entropy", NULL), *adam = training_part(m, MOTH_OPTIMIZER, "adam", NULL);
  moth_part *metric = NULL;
  const moth_call call = { (void (*)(void))on_metric, w, on_release };
  double value, values[2];
  void *bytes;
  size_t size;
  watched(w, moth_metric_create(m, "seen", &call, &metric), MOTH_OK);
  watched(w, moth_dataset_tensor(m, data, "x", &x), MOTH_OK);
  watched(w, moth_dataset_tensor(m, data, "y", &t), MOTH_OK);
  watched(w, moth_net_forward(m, net, x, &y), MOTH_OK);
  watched(w, moth_net_backward(m, net, y, false, &dx), MOTH_OK);
  watched(w, moth_net_backward(m, net, x, false, &dx), MOTH_SHAPE);
  watched(w, moth_net_backprop(m, net, x, t, loss, &value), MOTH_OK);
  watched(w, moth_net_clip(m, net, &(moth_clip){ .norm = 0.1 }, &value), MOTH_OK);
  watched(w, moth_optimizer_step(m, adam, net), MOTH_OK);
  watched(w, moth_net_classify(m, net, x, &classes), MOTH_OK);
  watched(w, moth_net_evaluate(m, net, data, (const moth_part *[]){ loss, metric }, 2, values), MOTH_OK);
  watched(w, moth_net_clone(m, net, &copy), MOTH_OK);
  watched(w, moth_net_save_bytes(m, net, &bytes, &size), MOTH_OK);
  moth_free(m, bytes, size);
  moth_cancel(m);
  moth_release(y), y = NULL;
  watched(w, moth_net_predict(m, net, x, &y), MOTH_CANCELLED);
  moth_release(x), moth_release(t), moth_release(dx), moth_release(classes), moth_release(copy);
  moth_release(loss), moth_release(adam), moth_release(metric);
}

static void watch_training(watch *w, moth_net *net, moth_dataset *data, moth_dataset *valid) {
  moth *m = w->m;
  moth_part *metric = NULL;
  moth_run *run = NULL;
  moth_trainer *trainer = NULL;
  const moth_call call = { (void (*)(void))on_metric, w, on_release };
  assert_ok(m, moth_metric_create(m, "seen", &call, &metric));
  training_options o = training_basic(net, data, "cross_entropy", 3);
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_PART("metrics", metric));
  add(&o, MOTH_INT("batch", 40));
  add(&o, MOTH_REAL("clip", 0.5));
  add(&o, MOTH_CALL("schedule", on_schedule, w, on_release));
  add(&o, MOTH_CALL("on_epoch", on_epoch, w, on_release));
  add(&o, MOTH_CALL("on_batch", on_batch, w, on_release));
  add(&o, MOTH_CALL("progress", on_progress, w, on_release));
  watched(w, moth_trainer_create(m, o.list, &trainer), MOTH_OK);
  bool more = true;
  w->is_training = true;
  while (more) watched(w, moth_trainer_step(m, trainer, 0, &more), MOTH_OK);
  moth_release(trainer);
  watched(w, moth_train(m, o.list, &run), MOTH_OK);
  w->is_training = false;
  moth_release(run), moth_release(metric);
}

static void watch_everything(unsigned host) {
  watch w = { .host = host };
  const moth_config config = { .size = sizeof config, .resize = resize, .resize_data = &w, .log = on_log, .log_data = &w, .threads = 2 };
  assert_int_equal(moth_open(&config, &w.m), MOTH_OK);
  moth *m = w.m;
  const moth_layer_class copying = { .size = sizeof copying, .row = { .name = "copying", .doc = "Copies." }, .data = &w,
                                     .build = copy_build, .forward = copy_forward, .backward = copy_backward };
  watched(&w, moth_register_layer(m, &copying), MOTH_OK);
  moth_dataset *data = training_blobs(m, 130, 1), *valid = training_blobs(m, 70, 2);
  const moth_option given[] = { MOTH_INT(NULL, 24), MOTH_TEXT("activation", "tanh"), MOTH_CALL("init", on_init, &w, on_release), MOTH_END };
  moth_part *layers[] = { training_part(m, MOTH_LAYER, "dense", given), training_part(m, MOTH_LAYER, "copying", NULL),
                          training_dense(m, BLOB_CLASSES, "softmax") };
  moth_net *net = training_net_of(m, "f32", BLOB_COLUMNS, 1, layers, 3);
  watch_operations(&w);
  watch_net(&w, net, data);
  watch_training(&w, net, data, valid);
  moth_release(net), moth_release(data), moth_release(valid);
  moth_close(m);
  assert_int_equal(modes(), host);
  assert_false(w.has_met_others);
  const int counts[] = { w.resizes, w.epochs, w.batches, w.progresses, w.schedules, w.metrics, w.inits, w.builds, w.forwards, w.backwards,
                         w.releases };
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    if (counts[i] == 0) fail_msg("function %d of the host's was never called", (int)i);
  }
}

static void floating_point_modes_are_the_hosts(void **state) {
  watch_everything(modes());
#if defined(__SSE2__)
  const unsigned before = _mm_getcsr(), own[] = { 0x8040, 0x8000, 0x0040, 0x6000 /* towards zero */, 0x4040 /* up */ };
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
    _mm_setcsr((before & ~0xe040u) | own[i]);
    bool is_real = (_mm_getcsr() & 0xe040) == own[i]; /* valgrind's processor does not flush */
    if (is_real) watch_everything(modes());
    _mm_setcsr(before);
  }
#endif
}

/* ---- The locale ---------------------------------------------------------------------------------------------------------------------- */

static void the_locale_is_the_hosts(void **state) {
  char before[256], after[256];
  snprintf(before, sizeof before, "%s", setlocale(LC_ALL, NULL));
  setenv("LC_ALL", "C.UTF-8", 1); /* what setlocale(LC_ALL, "") would take */
  locale_t own = uselocale((locale_t)0);
  watch_everything(modes());
  snprintf(after, sizeof after, "%s", setlocale(LC_ALL, NULL));
  unsetenv("LC_ALL");
  assert_string_equal(before, after);
  assert_ptr_equal(own, uselocale((locale_t)0));
}

/* ---- Forks --------------------------------------------------------------------------------------------------------------------------- */

/* A product for OpenBLAS, then a training; the weights. */
static void *work(moth *m, size_t *bytes) {
  const int64_t shape[] = { 1000, 1000 };
  moth_value a, results[MOTH_MAX_RESULTS];
  int count;
  const moth_option given[] = { MOTH_INTS(NULL, 2, shape), MOTH_END };
  moth_seed(m, 1);
  assert_ok(m, moth_apply(m, moth_operation_find(m, "randn"), false, NULL, 0, given, &a, &count));
  assert_ok(m, moth_apply(m, moth_operation_find(m, "matmul"), false, (moth_value[]){ a, a }, 2, NULL, results, &count));
  moth_release(a.as.tensor), moth_release(results[0].as.tensor);
  moth_dataset *data = training_blobs(m, 600, 1);
  moth_part *layers[] = { training_dense(m, 200, "relu"), training_dense(m, 100, "tanh"), training_dense(m, BLOB_CLASSES, "softmax") };
  moth_net *net = training_net_of(m, "f32", BLOB_COLUMNS, 1, layers, 3);
  training_options o = training_basic(net, data, "cross_entropy", 2);
  add(&o, MOTH_INT("batch", 256));
  add(&o, MOTH_INT("seed", 1));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  void *weights = training_weights(m, net, bytes);
  moth_release(run), moth_release(net), moth_release(data);
  return weights;
}

static void a_child_of_a_fork_works(void **state) {
#if defined(__SANITIZE_THREAD__)
  skip(); /* its runtime does not follow forks of many threads */
#endif
  moth *m = support_open_with(NULL, (moth_config){ .threads = 3 });
  size_t bytes, child_bytes;
  void *expected = work(m, &bytes);
  pid_t child = fork();
  if (child == 0) {
    alarm(120);
    void *got = work(m, &child_bytes);
    bool is_same = child_bytes == bytes && memcmp(got, expected, bytes) == 0;
    moth_close(m);
    moth *own = NULL; /* and a context of its own */
    const moth_config config = { .size = sizeof config, .threads = 2 };
    void *again = moth_open(&config, &own) == MOTH_OK ? work(own, &child_bytes) : NULL;
    is_same = is_same && again != NULL && memcmp(again, expected, bytes) == 0;
    if (is_same) kill(getpid(), SIGKILL); /* an end that no leak check speaks up at */
    _exit(1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  void *again = work(m, &child_bytes);
  training_assert_same_bits(again, expected, bytes);
  free(again), free(expected);
  support_close(m, NULL);
}

/* ---- Cancelling ---------------------------------------------------------------------------------------------------------------------- */

static void *cancel_soon(void *m) {
  nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
  moth_cancel(m);
  return NULL;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Prints how long it took to come back; only that it did is asserted. */
#define cancelled(m, expression, expected) \
  do { \
    pthread_t thread; \
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, (m)), 0); \
    double began = now(); \
    moth_status status = (expression); \
    if (getenv("MOTH_TIMES") != NULL) print_message("%.60s: %.1f ms after the cancel\n", #expression, (now() - began - 0.02) * 1e3); \
    pthread_join(thread, NULL); \
    assert_int_equal(status, expected); \
    assert_false(moth_cancel_taken(m)); \
  } while (0)

static void a_long_product_can_be_cancelled(void **state) {
  for (int threads = 1; threads <= 2; threads++) {
    support_allocator allocator = { 0 };
    moth *m = support_open_with(&allocator, (moth_config){ .threads = threads });
    const int64_t shape[] = { 4096, 4096 };
    moth_value a = { MOTH_TENSOR_VALUE, { NULL } }, results[MOTH_MAX_RESULTS];
    int count = 0;
    assert_ok(m, moth_tensor_create(m, MOTH_F32, 2, shape, &a.as.tensor));
    cancelled(m, moth_apply(m, moth_operation_find(m, "matmul"), false, (moth_value[]){ a, a }, 2, NULL, results, &count), MOTH_CANCELLED);
    assert_message(m, "matmul: cancelled");
    assert_int_equal(count, 0);
    moth_release(a.as.tensor);
    support_close(m, &allocator);
  }
}

/* One step would take seconds; none of it is seen. */
static void a_long_step_can_be_cancelled(void **state) {
  for (int threads = 1; threads <= 2; threads++) {
    moth *m = support_open_with(NULL, (moth_config){ .threads = threads });
    const int64_t shape[] = { 2048, 2000 };
    moth_tensor *x = NULL;
    assert_ok(m, moth_tensor_create(m, MOTH_F32, 2, shape, &x));
    moth_dataset *data = training_dataset(m, x, moth_retain(x), NULL);
    moth_part *layers[] = { training_dense(m, 2000, "relu"), training_dense(m, 2000, "relu"), training_dense(m, 2000, "linear") };
    moth_net *net = training_net_of(m, "f32", 2000, 1, layers, 3);
    moth_part *optimizer = training_part(m, MOTH_OPTIMIZER, "adam", NULL), *loss = training_part(m, MOTH_LOSS, "mse", NULL);
    training_options o = training_basic(net, data, "mse", 5);
    add(&o, MOTH_TEXT("batch", "full"));
    add(&o, MOTH_PART("optimizer", optimizer));
    moth_trainer *trainer = NULL;
    moth_run *run = NULL;
    moth_tensor *y = NULL;
    bool more = true;
    double value = -1;
    assert_ok(m, moth_trainer_create(m, o.list, &trainer));
    assert_ok(m, moth_trainer_run(m, trainer, &run));
    size_t bytes;
    void *before = training_weights(m, net, &bytes);
    cancelled(m, moth_trainer_step(m, trainer, INFINITY, &more), MOTH_OK);
    assert_false(more);
    assert_string_equal(moth_run_stopped(run), "interrupt");
    assert_int_equal(moth_run_epochs(run), 0);
    cancelled(m, moth_net_backprop(m, net, x, x, loss, &value), MOTH_CANCELLED);
    cancelled(m, moth_net_predict(m, net, x, &y), MOTH_CANCELLED);
    assert_true(value == -1 && y == NULL);
    void *after = training_weights(m, net, &bytes);
    training_assert_same_bits(before, after, bytes);
    free(before), free(after);
    moth_release(run), moth_release(trainer), moth_release(optimizer), moth_release(loss), moth_release(net), moth_release(data);
    support_close(m, NULL);
  }
}

/* ---- Limits -------------------------------------------------------------------------------------------------------------------------- */

/* With ever more memory allowed, until it is enough: each refusal is MOTH_LIMIT, leaves the weights and holds nothing back. */
static void a_memory_limit_is_an_ordinary_error(void **state) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_dataset *data = training_blobs(m, 200, 1);
  moth_net *net = training_classifier(m, 0.1);
  size_t bytes;
  void *before = training_weights(m, net, &bytes);
  uint64_t used = moth_memory_used(m);
  int refused = 0;
  moth_status status = MOTH_LIMIT;
  moth_run *run = NULL;
  for (uint64_t more = 0; status != MOTH_OK; more += 700, refused++) {
    training_options o = training_basic(net, data, "cross_entropy", 3);
    moth_set_memory_limit(m, used + more);
    status = moth_train(m, o.list, &run);
    assert_true(moth_memory_used(m) <= used + more);
    moth_set_memory_limit(m, 0);
    if (status == MOTH_OK) break;
    assert_status(m, status, MOTH_LIMIT);
    assert_memory_equal(moth_message(m), "train: ", 7);
    assert_null(run);
    void *after = training_weights(m, net, &bytes);
    training_assert_same_bits(before, after, bytes);
    free(after);
    assert_true(moth_memory_used(m) >= used && moth_memory_used(m) <= used + 64 * 1024); /* a pool, gradients may stay */
    used = moth_memory_used(m);
  }
  assert_true(refused > 5);
  free(before);
  moth_release(run), moth_release(net), moth_release(data);
  support_close(m, &allocator);
}

/* ---- A full disk --------------------------------------------------------------------------------------------------------------------- */

static int entries(const char *path) {
  DIR *folder = opendir(path);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
  closedir(folder);
  return count;
}

static void a_failed_save_leaves_the_old_file(void **state) {
  moth *m = support_open(NULL);
  support_folder folder = support_folder_make();
  char path[1024];
  support_path(&folder, "kept", path);
  moth_dataset *data = training_blobs(m, 60, 1);
  moth_part *layers[] = { training_dense(m, 999, "tanh"), training_dense(m, BLOB_CLASSES, "softmax") };
  moth_net *net = training_net_of(m, "f32", BLOB_COLUMNS, 1, layers, 2);
  training_options o = training_basic(net, data, "cross_entropy", 2);
  add(&o, MOTH_TEXT("checkpoint", path));
  moth_trainer *trainer = NULL;
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  struct rlimit before, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before, small.rlim_cur = 8192;
  signal(SIGXFSZ, SIG_IGN);
  for (int what = 0; what < 3; what++) { /* a net, a trainer, a checkpoint of a training */
    support_write_file(path, "the old one", 11);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    moth_run *run = NULL;
    moth_status status = what == 0   ? moth_net_save(m, net, path)
                         : what == 1 ? moth_trainer_save(m, trainer, path)
                                     : moth_train(m, o.list, &run);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, MOTH_FILE);
    assert_non_null(strstr(moth_message(m), path));
    assert_non_null(strstr(moth_message(m), "File too large"));
    size_t size;
    char *bytes = support_read_file(path, &size);
    assert_string_equal(bytes, "the old one");
    assert_int_equal(entries(folder.path), 1);
    free(bytes);
    assert_null(run);
    assert_ok(m, what == 0 ? moth_net_save(m, net, path) : moth_trainer_save(m, trainer, path)); /* there is room again */
    assert_int_equal(entries(folder.path), 1);
  }
  signal(SIGXFSZ, SIG_DFL);
  moth_release(trainer), moth_release(net), moth_release(data);
  support_folder_remove(&folder);
  support_close(m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(floating_point_modes_are_the_hosts),
    cmocka_unit_test(the_locale_is_the_hosts),
    cmocka_unit_test(a_child_of_a_fork_works),
    cmocka_unit_test(a_long_product_can_be_cancelled),
    cmocka_unit_test(a_long_step_can_be_cancelled),
    cmocka_unit_test(a_memory_limit_is_an_ordinary_error),
    cmocka_unit_test(a_failed_save_leaves_the_old_file),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
