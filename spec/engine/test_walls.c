/* What later work leans on, with rows of the test's own: graphs of additions, shared layers and buffers train, are saved at any batch and
 * go on to the same bits on any number of threads; a host's layer is a layer like any other; wrong gradients are found. */
#include "nets.h"
#include "training.h"

/* ---- Wrong gradients are found ------------------------------------------------------------------------------------------------------- */

/* y = gain·x, gain learned, through the public header alone. What it tells of its gradients may be off, as a slip would have it. */
typedef struct gain { double dx, dw; int calls; } gain;

static moth_status gain_build(void *data, moth_layer *self, const moth_shape *input, moth_shape *output) {
  moth_part *init = NULL;
  moth_status status = moth_part_create(moth_layer_context(self), MOTH_INITIALIZER, "uniform", NULL, &init);
  if (status == MOTH_OK) status = moth_layer_declare(self, "gain", input, init);
  moth_release(init);
  *output = *input;
  return status;
}

static moth_status gain_forward(void *data, moth_layer *self, const moth_tensor *x, moth_tensor *y) {
  moth_tensor *w = NULL;
  moth_status status = moth_layer_parameter(self, "gain", &w);
  if (status != MOTH_OK) return status;
  ((gain *)data)->calls++;
  const moth_dtype dtype = moth_tensor_dtype(x);
  const int64_t n = moth_tensor_count(w);
  for (int64_t i = 0; i < moth_tensor_count(x); i++) {
    const double value = load_value(dtype, moth_tensor_values(x), i);
    store_value(dtype, moth_tensor_values_mutable(y), i, value * load_value(dtype, moth_tensor_values(w), i % n));
  }
  return MOTH_OK;
}

static moth_status gain_backward(void *data, moth_layer *self, const moth_tensor *x, const moth_tensor *y, const moth_tensor *dy,
                                 moth_tensor *dx) {
  const gain *slips = data;
  moth_tensor *w = NULL, *dw = NULL;
  moth_status status = moth_layer_parameter(self, "gain", &w);
  if (status == MOTH_OK) status = moth_layer_gradient(self, "gain", &dw);
  if (status != MOTH_OK) return status;
  const moth_dtype dtype = moth_tensor_dtype(x);
  const int64_t n = moth_tensor_count(w);
  void *g = moth_tensor_values_mutable(dw);
  for (int64_t i = 0; i < moth_tensor_count(x); i++) {
    const double d = load_value(dtype, moth_tensor_values(dy), i);
    store_value(dtype, moth_tensor_values_mutable(dx), i, d * load_value(dtype, moth_tensor_values(w), i % n) * (1 + slips->dx));
    store_value(dtype, g, i % n, load_value(dtype, g, i % n) + d * load_value(dtype, moth_tensor_values(x), i) * (1 + slips->dw));
  }
  return MOTH_OK;
}

static void register_gain(moth *m, gain *data) {
  const moth_layer_class class = { .size = sizeof class, .row = { .name = "gain", .doc = "Multiplies by what it learns." }, .data = data,
                                   .build = gain_build, .forward = gain_forward, .backward = gain_backward };
  assert_ok(m, moth_register_layer(m, &class));
}

static double gain_error(double dx, double dw) {
  moth *m = support_open(NULL);
  gain slips = { dx, dw, 0 };
  register_gain(m, &slips);
  moth_part *middle = make_part(m, MOTH_LAYER, "gain", NULL);
  moth_net *net = make_net(m, MOTH_F64, 3, PART_LIST(make_dense(m, 4, "tanh"), middle, make_dense(m, 2, "linear")));
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(5, 3), 1), *t = random_tensor(m, MOTH_F64, 2, SIZES(5, 2), 2);
  moth_part *loss = make_part(m, MOTH_LOSS, "mse", NULL);
  double error = -1;
  assert_ok(m, moth_net_check(m, net, x, t, loss, &error));
  moth_release(x), moth_release(t), moth_release(loss), moth_release(net);
  support_close(m, NULL);
  return error;
}

/* The check that all other tests of gradients lean on. */
static void wrong_gradients_are_found(void **state) {
  assert_true(gain_error(0, 0) <= 1e-6);
  assert_true(gain_error(1e-4, 0) > 1e-5);
  assert_true(gain_error(0, 1e-4) > 1e-5);
  assert_true(gain_error(-2, 0) > 0.1);
  assert_true(gain_error(0, NAN) > 0.1);
}

/* ---- A host's layer ------------------------------------------------------------------------------------------------------------------ */

static moth_net *gain_net(moth *m, moth_dtype dtype) {
  moth_part *twice = make_part(m, MOTH_LAYER, "gain", NULL);
  return make_net(m, dtype, BLOB_COLUMNS, PART_LIST(make_dense(m, 40, "tanh"), twice, make_dense(m, 40, "tanh"), twice,
                                                    make_dense(m, BLOB_CLASSES, "softmax")));
}

static moth_run *train_blobs(moth *m, moth_net *net, int64_t rows, int64_t epochs) {
  moth_dataset *data = training_blobs(m, rows, 3);
  training_options o = training_basic(net, data, "cross_entropy", epochs);
  add(&o, MOTH_INT("batch", 100));
  add(&o, MOTH_INT("seed", 1));
  add(&o, MOTH_TEXT("optimizer", "adam"));
  add(&o, MOTH_TEXT("metrics", "accuracy"));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  moth_release(data);
  return run;
}

static void a_hosts_layer_is_a_layer(void **state) {
  gain none = { 0 };
  void *bytes, *expected[2] = { NULL, NULL };
  size_t size, weight_bytes;
  for (int threads = 1; threads <= 4; threads *= 2) {
    for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      support_allocator allocator = { 0 };
      moth *m = support_open_with(&allocator, (moth_config){ .threads = threads });
      register_gain(m, &none);
      moth_net *net = gain_net(m, dtype), *again = NULL, *copy = NULL;
      assert_int_equal(moth_net_parameter_count(net), 5 * 40 + 40 + 41 * 40 + 41 * BLOB_CLASSES); /* used twice, counted once */
      moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(6, BLOB_COLUMNS), 1);
      moth_tensor *t = make_tensor(m, MOTH_I64, 1, SIZES(6), (double[]){ 0, 1, 2, 0, 1, 2 });
      if (threads == 1) assert_gradients(m, net, x, t, "cross_entropy");
      moth_run *run = train_blobs(m, net, 300, 20);
      assert_true(training_last(m, run, "accuracy") > 0.9);
      void *weights = training_weights(m, net, &weight_bytes);
      if (expected[dtype] == NULL) expected[dtype] = weights;
      else training_assert_same_bits(expected[dtype], weights, weight_bytes), free(weights);
      moth_tensor *y, *y_again, *y_copy;
      assert_ok(m, moth_net_save_bytes(m, net, &bytes, &size));
      assert_ok(m, moth_net_open_bytes(m, bytes, size, &again));
      assert_ok(m, moth_net_clone(m, net, &copy));
      assert_ok(m, moth_net_predict(m, net, x, &y));
      assert_ok(m, moth_net_predict(m, again, x, &y_again));
      assert_ok(m, moth_net_predict(m, copy, x, &y_copy));
      assert_same_values(y, y_again);
      assert_same_values(y, y_copy);
      moth *other = support_open(NULL); /* which knows no such layer */
      moth_net *unknown = NULL;
      assert_status(other, moth_net_open_bytes(other, bytes, size, &unknown), MOTH_OPTION);
      assert_non_null(strstr(moth_message(other), "load: model: layer 2: no layer 'gain' (dense activation"));
      assert_null(unknown);
      support_close(other, NULL);
      moth_free(m, bytes, size);
      moth_release(y), moth_release(y_again), moth_release(y_copy), moth_release(x), moth_release(t);
      moth_release(run), moth_release(copy), moth_release(again), moth_release(net);
      support_close(m, &allocator);
    }
  }
  assert_true(none.calls > 0);
  free(expected[0]), free(expected[1]);
}

/* ---- Buffers ------------------------------------------------------------------------------------------------------------------------- */

static moth_net *center_net(moth *m, moth_dtype dtype) {
  moth_part *center = make_layer(m, &layer_center, NULL);
  return make_net(m, dtype, BLOB_COLUMNS, PART_LIST(make_dense(m, 6, "tanh"), center, make_dense(m, BLOB_CLASSES, "softmax")));
}

/* They are saved, cloned, loaded, and never optimized. */
static void buffers_go_along(void **state) {
  moth *m = support_open(NULL);
  assert_ok(m, catalog_register(m, MOTH_LAYER, &layer_center.row));
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    moth_net *net = center_net(m, dtype), *other[3] = { NULL, NULL, center_net(m, dtype) };
    assert_int_equal(moth_net_parameter_count(net), 5 * 6 + 7 * BLOB_CLASSES);
    moth_release(train_blobs(m, net, 200, 3));
    moth_tensor *mean, *x = random_tensor(m, MOTH_F64, 2, SIZES(6, BLOB_COLUMNS), 1), *y;
    assert_ok(m, moth_net_buffer(m, net, 1, "mean", &mean));
    assert_true(load_value(dtype, mean->values, 0) != 0.25); /* training moved it */
    void *bytes;
    size_t size;
    support_folder folder = support_folder_make();
    char path[1024];
    assert_ok(m, moth_net_clone(m, net, &other[0]));
    assert_ok(m, moth_net_save_bytes(m, net, &bytes, &size));
    assert_ok(m, moth_net_open_bytes(m, bytes, size, &other[1]));
    assert_ok(m, moth_net_save(m, net, support_path(&folder, "net", path)));
    assert_ok(m, moth_net_load(m, other[2], path, false));
    assert_ok(m, moth_net_predict(m, net, x, &y));
    for (int i = 0; i < 3; i++) {
      moth_tensor *its, *p;
      assert_ok(m, moth_net_buffer(m, other[i], 1, "mean", &its));
      assert_ptr_not_equal(its->values, mean->values);
      assert_same_values(its, mean);
      assert_ok(m, moth_net_predict(m, other[i], x, &p));
      assert_same_values(p, y);
      moth_release(its), moth_release(p), moth_release(other[i]);
    }
    moth_free(m, bytes, size);
    support_folder_remove(&folder);
    moth_release(y), moth_release(x), moth_release(mean), moth_release(net);
  }
  support_close(m, NULL);
}

/* ---- A graph, trained and continued -------------------------------------------------------------------------------------------------- */

/* tanh twice through one layer, dropout on one branch, their sum centred: out = softmax(center(a(a(x)) + drop(b(x)))). */
static moth_status build_graph(void *data, layer_builder *builder, int *output) {
  moth *m = data;
  moth_part *a = make_dense(m, BLOB_COLUMNS, "tanh"), *b = make_dense(m, BLOB_COLUMNS, "relu"), *sum = make_layer(m, &layer_sum, NULL);
  moth_part *drop = make_part(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL(NULL, 0.3))), *center = make_layer(m, &layer_center, NULL);
  moth_part *last = make_dense(m, BLOB_CLASSES, "softmax");
  const int input = -1;
  int once, twice, other, dropped, both, centred;
  assert_ok(m, layer_builder_add(builder, a, &input, 1, &once));
  assert_ok(m, layer_builder_add(builder, a, &once, 1, &twice));
  assert_ok(m, layer_builder_add(builder, b, &input, 1, &other));
  assert_ok(m, layer_builder_add(builder, drop, &other, 1, &dropped));
  assert_ok(m, layer_builder_add(builder, sum, (const int[]){ twice, dropped }, 2, &both));
  assert_ok(m, layer_builder_add(builder, center, &both, 1, &centred));
  assert_ok(m, layer_builder_add(builder, last, &centred, 1, output));
  moth_release(a), moth_release(b), moth_release(sum), moth_release(drop), moth_release(center), moth_release(last);
  return MOTH_OK;
}

typedef struct course { moth *m; moth_net *net; moth_dataset *data, *valid; moth_trainer *trainer; } course;

static course course_open(int threads, moth_dtype dtype) {
  course c = { .m = support_open_with(NULL, (moth_config){ .threads = threads, .seed = 4 }) };
  assert_ok(c.m, network_create(c.m, dtype, &(moth_shape){ 1, { BLOB_COLUMNS } }, build_graph, c.m, &c.net));
  c.data = training_blobs(c.m, 230, 1), c.valid = training_blobs(c.m, 300, 2);
  training_options o = training_basic(c.net, c.data, "cross_entropy", 4);
  add(&o, MOTH_OBJECT("validation", c.valid));
  add(&o, MOTH_INT("batch", 75));
  add(&o, MOTH_INT("seed", 9));
  add(&o, MOTH_TEXT("optimizer", "adam"));
  assert_ok(c.m, moth_trainer_create(c.m, o.list, &c.trainer));
  return c;
}

/* Parameters, then buffers; closes. */
static char *course_end(course *c, size_t *bytes) {
  bool more = true;
  while (more) assert_ok(c->m, moth_trainer_step(c->m, c->trainer, INFINITY, &more));
  size_t unit = dtype_size(c->net->dtype);
  size_t parameters = (size_t)c->net->parameter_count * unit, buffers = (size_t)c->net->buffer_count * unit;
  assert_true(buffers > 0);
  char *all = malloc(*bytes = parameters + buffers);
  memcpy(all, c->net->parameters->values, parameters);
  memcpy(all + parameters, c->net->buffers->values, buffers);
  moth_release(c->trainer), moth_release(c->net), moth_release(c->data), moth_release(c->valid);
  support_close(c->m, NULL);
  return all;
}

static void a_graph_goes_on_bit_for_bit(void **state) {
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    size_t bytes, other;
    course whole = course_open(1, dtype), stepped = course_open(2, dtype);
    char *expected = course_end(&whole, &bytes);
    bool more = true;
    int units = 0;
    for (; more; units++) {
      void *saved;
      size_t size;
      assert_ok(stepped.m, moth_trainer_save_bytes(stepped.m, stepped.trainer, &saved, &size));
      course next = course_open(units % 3 == 0 ? 4 : 1, dtype);
      assert_ok(next.m, moth_trainer_load_bytes(next.m, next.trainer, saved, size));
      char *got = course_end(&next, &other);
      assert_int_equal(other, bytes);
      training_assert_same_bits(got, expected, bytes);
      free(got);
      moth_free(stepped.m, saved, size);
      assert_ok(stepped.m, moth_trainer_step(stepped.m, stepped.trainer, 0, &more));
    }
    assert_true(units >= 4 * (4 + 2)); /* batches and chunks of validation */
    char *got = course_end(&stepped, &other);
    training_assert_same_bits(got, expected, bytes);
    free(got), free(expected);
  }
}

/* ---- A cancel is seen at once ------------------------------------------------------------------------------------------------------- */

/* The identity with parameters in several ranges; cancels in its first forward or gradient and counts how often it is called again. */
typedef struct watcher { bool in_gradient; int forwards, gradients; } watcher;
enum { WATCHED = 100000 };

static moth_status watch_infer(moth *m, layer_node *node, const moth_shape *in) {
  node->out = in[0];
  node->block_count = 1;
  node->blocks[0] = (parameter_block){ .count = WATCHED, .unit = 1, .view_count = 1 };
  node->blocks[0].views[0] = (parameter_view){ .name = "w", .rank = 1, .size = { WATCHED }, .strides = { 1 }, .inputs = 1, .outputs = 1 };
  return MOTH_OK;
}
static watcher *watcher_of(const layer_run *run) { return run->node->part->options.values[BREAKER_CALL].as.call.data; }
static moth_status watch_forward(const layer_run *run, const void *const *in, void *out) {
  watcher *w = watcher_of(run);
  if (w->forwards++ == 0 && !w->in_gradient) moth_cancel(run->m);
  layer_copy(run, in[0], out);
  return MOTH_OK;
}
static moth_status watch_gradient(const layer_run *run, const void *const *in, const void *d_z, int block, int64_t from, int64_t to,
                                  gradient_sink *sink) {
  watcher *w = watcher_of(run);
  if (w->gradients++ == 0 && w->in_gradient) moth_cancel(run->m);
  if (!sink->add) memset(sink->g, 0, (size_t)(to - from) * dtype_size(run->node->dtype));
  return MOTH_OK;
}
static const layer_class layer_watcher = { .row = { .name = "watcher", .doc = "Watches.", .options = breaker_options, .option_count = 4 },
                                           .infer = watch_infer, .forward = watch_forward, .backward = layer_copy_backward,
                                           .gradient = watch_gradient };

/* After the block of rows, or the range of parameters, that is under way. */
static void a_cancel_is_seen_at_the_next_block(void **state) {
  moth *m = support_open(NULL);
  watcher w = { 0 };
  moth_part *watching = make_layer(m, &layer_watcher, OPTIONS(MOTH_CALL(NULL, abort, &w, NULL)));
  moth_net *net = make_net(m, MOTH_F32, 300, PART_LIST(watching, make_dense(m, 300, "tanh")));
  moth_part *loss = make_part(m, MOTH_LOSS, "mse", NULL);
  moth_tensor *x = random_tensor(m, MOTH_F32, 2, SIZES(1000, 300), 1), *y = NULL;
  w.in_gradient = true;
  assert_status(m, moth_net_backprop(m, net, x, x, loss, NULL), MOTH_CANCELLED);
  assert_true(w.forwards > 1); /* several blocks, had nobody cancelled */
  assert_int_equal(w.gradients, 1);
  w = (watcher){ .in_gradient = false };
  assert_status(m, moth_net_backprop(m, net, x, x, loss, NULL), MOTH_CANCELLED);
  assert_int_equal(w.forwards, 1);
  assert_int_equal(w.gradients, 0);
  w.forwards = 0;
  assert_status(m, moth_net_predict(m, net, x, &y), MOTH_CANCELLED);
  assert_int_equal(w.forwards, 1);
  w = (watcher){ .forwards = 1 };
  assert_ok(m, moth_net_backprop(m, net, x, x, loss, NULL));
  assert_true(w.gradients > 1);
  moth_release(x), moth_release(loss), moth_release(net);
  support_close(m, NULL);
}

/* ---- Bits of a net wide enough to be split ------------------------------------------------------------------------------------------- */

typedef struct manner { int threads; double budget; bool is_observed, saves; } manner;

static moth_status see_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) { return MOTH_OK; }
static moth_status see_batch(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) {
  moth_net *net = data; /* an observer that uses the net meanwhile */
  moth *m = net->base.context;
  moth_tensor *x = random_tensor(m, MOTH_F32, 2, SIZES(3, BLOB_COLUMNS), (uint64_t)batch->batch), *y = NULL;
  assert_ok(m, moth_net_predict(m, net, x, &y));
  moth_release(x), moth_release(y);
  return MOTH_OK;
}
static moth_status see_progress(void *data, moth_trainer *trainer, const moth_progress *progress) { return MOTH_OK; }
static moth_status see_rows(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  *value = 1;
  return MOTH_OK;
}
static void see_line(void *data, const char *line) {}

static void *train_wide(const manner *how, moth_dtype dtype, size_t *bytes) {
  moth *m = support_open_with(NULL, (moth_config){ .threads = how->threads, .log = how->is_observed ? see_line : NULL });
  moth_part *drop = make_part(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL(NULL, 0.1)));
  moth_net *net = make_net(m, dtype, BLOB_COLUMNS, PART_LIST(make_dense(m, 300, "relu"), drop, make_dense(m, 200, "gelu"),
                                                            make_dense(m, BLOB_CLASSES, "softmax")));
  moth_dataset *data = training_blobs(m, 700, 1), *valid = training_blobs(m, 400, 2);
  support_folder folder = support_folder_make();
  char path[1024];
  training_options o = training_basic(net, data, "cross_entropy", 2);
  moth_part *seen = NULL;
  const moth_call call = { (void (*)(void))see_rows, NULL, NULL };
  assert_ok(m, moth_metric_create(m, "seen", &call, &seen));
  moth_part *metrics[] = { make_part(m, MOTH_METRIC, "accuracy", NULL), seen };
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_INT("batch", 256));
  add(&o, MOTH_INT("seed", 3));
  if (how->is_observed) {
    add(&o, MOTH_PARTS("metrics", 2, metrics));
    add(&o, MOTH_CALL("on_epoch", see_epoch, NULL, NULL));
    add(&o, MOTH_CALL("on_batch", see_batch, net, NULL));
    add(&o, MOTH_CALL("progress", see_progress, NULL, NULL));
  }
  if (how->saves) {
    add(&o, MOTH_TEXT("checkpoint", support_path(&folder, "state", path)));
    add(&o, MOTH_INT("checkpoint_every", 1));
  }
  moth_trainer *trainer = NULL;
  bool more = true;
  assert_ok(m, moth_trainer_create(m, o.list, &trainer));
  while (more) assert_ok(m, moth_trainer_step(m, trainer, how->budget, &more));
  void *weights = training_weights(m, net, bytes);
  for (int i = 0; i < 2; i++) moth_release(metrics[i]);
  moth_release(trainer), moth_release(valid), moth_release(data), moth_release(net);
  support_folder_remove(&folder);
  support_close(m, NULL);
  return weights;
}

static void wide_nets_have_the_same_bits(void **state) {
  static const manner manners[] = { { 1, INFINITY, false, false }, { 2, INFINITY, false, false }, { 4, INFINITY, false, false },
                                    { 1, 0, false, false },        { 4, 0.3, false, false },      { 1, INFINITY, true, false },
                                    { 2, 0, true, true } };
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    size_t bytes, other;
    void *expected = train_wide(&manners[0], dtype, &bytes);
    for (size_t i = 1; i < sizeof manners / sizeof *manners; i++) {
      void *got = train_wide(&manners[i], dtype, &other);
      assert_int_equal(other, bytes);
      training_assert_same_bits(got, expected, bytes);
      free(got);
    }
    free(expected);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(wrong_gradients_are_found),   cmocka_unit_test(a_hosts_layer_is_a_layer),     cmocka_unit_test(buffers_go_along),
    cmocka_unit_test(a_graph_goes_on_bit_for_bit), cmocka_unit_test(a_cancel_is_seen_at_the_next_block),
    cmocka_unit_test(wide_nets_have_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
