/* A layer class of the host's own: y = gain·x + shift, gain and shift of x's shape, both learned. */
#include "components.h"

typedef struct host {
  int builds, forwards, backwards;
  moth_status answer;
  moth_tensor *kept;
  bool keeps, was_training;
  double scale;
} host;

static moth_status build(void *data, moth_layer *self, const moth_shape *input, moth_shape *output) {
  host *h = data;
  h->builds++;
  moth *m = moth_layer_context(self);
  moth_part *ones = NULL;
  moth_status status = moth_part_create(m, MOTH_INITIALIZER, "uniform", NULL, &ones);
  if (status == MOTH_OK) status = moth_layer_declare(self, "gain", input, ones);
  if (status == MOTH_OK) status = moth_layer_declare(self, "shift", input, NULL);
  moth_release(ones);
  *output = *input;
  return status == MOTH_OK ? h->answer : status;
}

static moth_status forward(void *data, moth_layer *self, const moth_tensor *x, moth_tensor *y) {
  host *h = data;
  h->forwards++;
  h->was_training = moth_layer_is_training(self);
  if (h->keeps) h->kept = moth_retain((moth_tensor *)x);
  moth_tensor *gain, *shift;
  moth_status status = moth_layer_parameter(self, "gain", &gain);
  if (status == MOTH_OK) status = moth_layer_parameter(self, "shift", &shift);
  if (status != MOTH_OK) return status;
  const int64_t features = moth_tensor_count(gain), rows = moth_tensor_shape(x)[0];
  moth_dtype dtype = moth_tensor_dtype(x);
  for (int64_t i = 0; i < rows * features; i++) {
    double value = load_value(dtype, moth_tensor_values(x), i) * load_value(dtype, moth_tensor_values(gain), i % features) * h->scale;
    store_value(dtype, moth_tensor_values_mutable(y), i, value + load_value(dtype, moth_tensor_values(shift), i % features));
  }
  return h->answer;
}

static moth_status backward(void *data, moth_layer *self, const moth_tensor *x, const moth_tensor *y, const moth_tensor *dy,
                            moth_tensor *dx) {
  host *h = data;
  h->backwards++;
  moth_tensor *gain, *d_gain, *d_shift;
  moth_status status = moth_layer_parameter(self, "gain", &gain);
  if (status == MOTH_OK) status = moth_layer_gradient(self, "gain", &d_gain);
  if (status == MOTH_OK) status = moth_layer_gradient(self, "shift", &d_shift);
  if (status != MOTH_OK) return status;
  const int64_t features = moth_tensor_count(gain), rows = moth_tensor_shape(x)[0];
  moth_dtype dtype = moth_tensor_dtype(x);
  for (int64_t i = 0; i < rows * features; i++) {
    const int64_t f = i % features;
    const double d = load_value(dtype, moth_tensor_values(dy), i);
    void *g = moth_tensor_values_mutable(d_gain), *s = moth_tensor_values_mutable(d_shift);
    store_value(dtype, g, f, load_value(dtype, g, f) + d * load_value(dtype, moth_tensor_values(x), i) * h->scale);
    store_value(dtype, s, f, load_value(dtype, s, f) + d);
    store_value(dtype, moth_tensor_values_mutable(dx), i, d * load_value(dtype, moth_tensor_values(gain), f) * h->scale);
  }
  return h->answer;
}

static const moth_option_row scale_options[] = {
  { .key = "by", .doc = "a constant factor", .kinds = MOTH_OPTION_REAL, .position = 1, .fallback = MOTH_REAL(NULL, 1) } };

static moth_layer_class scale_class(host *h) {
  h->scale = 1;
  return (moth_layer_class){ .size = sizeof(moth_layer_class),
                             .row = { .name = "scale", .doc = "gain times x plus shift", .options = scale_options, .option_count = 1 },
                             .data = h, .build = build, .forward = forward, .backward = backward };
}

static moth *open_with(host *h) {
  moth *m = support_open(NULL);
  const moth_layer_class class = scale_class(h);
  assert_ok(m, moth_register_layer(m, &class));
  return m;
}

static const moth_shape sample = { .rank = 2, .size = { 2, 3 } };

static void it_is_found_and_takes_options(void **state) {
  host h = { 0 };
  moth *m = open_with(&h);
  assert_non_null(moth_find(m, MOTH_LAYER, "scale"));
  moth_part *part = make_part(m, MOTH_LAYER, "scale", OPTIONS(MOTH_REAL(NULL, 2.5), MOTH_TEXT("name", "first"),
                                                              MOTH_TEXT("origin", "host.c:1")));
  assert_string_equal(layer_name(part), "first");
  assert_string_equal(layer_origin(part), "host.c:1");
  moth_option by;
  assert_ok(m, moth_part_get(m, part, "by", &by));
  assert_true(by.as.real == 2.5);
  moth_release(part);
  moth_close(m);
}

static void its_gradients_reach_the_sink(void **state) {
  host h = { 0 };
  moth *m = open_with(&h);
  moth_part *part = make_part(m, MOTH_LAYER, "scale", NULL);
  bench b;
  bench_open(m, part, MOTH_F64, sample, 4, true, &b);
  assert_true(b.node.whole_batch);
  assert_true(b.node.block_count == 1 && b.node.blocks[0].count == 12 && b.node.blocks[0].view_count == 2);
  assert_string_equal(b.node.blocks[0].views[1].name, "shift");
  assert_true(bench_check(&b) < 1e-6);
  double once[12];
  memcpy(once, b.gradients[0], sizeof once);
  assert_ok(m, bench_backward(&b, 0, false));
  assert_ok(m, bench_gradient(&b, 5, false)); /* ranges that cut through parameters */
  assert_memory_equal(once, b.gradients[0], sizeof once);
  assert_ok(m, bench_gradient(&b, 0, true));
  for (int i = 0; i < 12; i++) assert_close(((double *)b.gradients[0])[i], 2 * once[i], 1e-15);
  assert_true(h.was_training);
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

static void it_runs_in_f32_and_predicts(void **state) {
  host h = { 0 };
  moth *m = open_with(&h);
  moth_part *part = make_part(m, MOTH_LAYER, "scale", NULL);
  bench b;
  bench_open(m, part, MOTH_F32, sample, 3, false, &b);
  assert_ok(m, bench_forward(&b, 0));
  assert_false(h.was_training);
  for (int i = 0; i < 18; i++) {
    const float *gain = b.blocks[0];
    assert_close(((float *)b.y)[i], ((float *)b.x)[i] * gain[i % 6], 1e-7);
  }
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

static void a_kept_input_stays_good(void **state) {
  host h = { 0 };
  moth *m = open_with(&h);
  moth_part *part = make_part(m, MOTH_LAYER, "scale", NULL);
  bench b;
  bench_open(m, part, MOTH_F64, sample, 3, true, &b);
  h.keeps = true;
  assert_ok(m, bench_forward(&b, 0));
  moth_tensor *kept = h.kept;
  double before[18];
  memcpy(before, moth_tensor_values(kept), sizeof before);
  assert_memory_equal(before, b.x, sizeof before);
  assert_true(moth_tensor_is_read_only(kept));
  h.keeps = false;
  for (int i = 0; i < 18; i++) ((double *)b.x)[i] = i;
  assert_ok(m, bench_forward(&b, 0));
  assert_memory_equal(before, moth_tensor_values(kept), sizeof before);
  bench_close(&b);
  assert_memory_equal(before, moth_tensor_values(kept), sizeof before);
  moth_release(kept);
  moth_release(part);
  moth_close(m);
}

static void a_second_step_allocates_nothing(void **state) {
  host h = { 0 };
  moth *m = open_with(&h);
  moth_part *part = make_part(m, MOTH_LAYER, "scale", NULL);
  bench b;
  bench_open(m, part, MOTH_F64, sample, 40, true, &b);
  for (int step = 0; step < 2; step++) {
    assert_ok(m, bench_forward(&b, 0));
    assert_ok(m, bench_backward(&b, 0, true));
  }
  const uint64_t calls = moth_memory_calls(m);
  assert_ok(m, bench_forward(&b, 0));
  assert_ok(m, bench_backward(&b, 0, true));
  assert_int_equal(moth_memory_calls(m), calls);
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

/* ---- What goes wrong ---- */

static void its_failures_are_told(void **state) {
  host h = { 0 };
  moth *m = open_with(&h);
  moth_part *part = make_part(m, MOTH_LAYER, "scale", NULL);
  bench b;
  h.answer = MOTH_CALLBACK;
  assert_fails(m, bench_infer(m, part, MOTH_F32, &sample, &b), MOTH_CALLBACK, "net: layer 2 scale: its build failed");
  bench_close(&b);
  h.answer = MOTH_OK;
  bench_open(m, part, MOTH_F32, sample, 3, true, &b);
  h.answer = MOTH_DATA;
  assert_fails(m, bench_forward(&b, 0), MOTH_DATA, "layer 2 scale: its forward failed");
  h.answer = (moth_status)77;
  assert_fails(m, bench_backward(&b, 0, true), MOTH_CALLBACK, "layer 2 scale: its backward failed");
  h.answer = MOTH_OK;
  assert_ok(m, bench_forward(&b, 0));
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

static moth_status misuse(void *data, moth_layer *self, const moth_shape *input, moth_shape *output) {
  moth *m = moth_layer_context(self);
  moth_tensor *view;
  assert_fails(m, moth_layer_parameter(self, "w", &view), MOTH_MISUSE, "bad: parameters have values in forward and backward");
  assert_ok(m, moth_layer_declare(self, "w", input, NULL));
  assert_fails(m, moth_layer_declare(self, "w", input, NULL), MOTH_OPTION, "bad: parameter 'w' is declared twice");
  assert_fails(m, moth_layer_declare(self, "w.x", input, NULL), MOTH_OPTION, "bad: a parameter's name has no point, got 'w.x'");
  assert_fails(m, moth_layer_declare(self, NULL, input, NULL), MOTH_MISUSE, "bad: a parameter needs a name and a shape");
  const moth_shape wrong = { .rank = 1, .size = { -1 } };
  assert_fails(m, moth_layer_declare(self, "v", &wrong, NULL), MOTH_SHAPE, "bad: parameter 'v' has a shape that cannot be");
  assert_fails(m, moth_layer_declare(self, "v", input, moth_layer_part(self)), MOTH_MISUSE,
               "bad: init must be an initializer, got the layer bad");
  for (int i = 1; i < 16; i++) {
    char name[8];
    snprintf(name, sizeof name, "p%d", i);
    assert_ok(m, moth_layer_declare(self, name, input, NULL));
  }
  assert_fails(m, moth_layer_declare(self, "one_more", input, NULL), MOTH_LIMIT, "bad: at most 16 parameters");
  output->rank = 1, output->size[0] = -3;
  return MOTH_OK;
}

static void misuse_in_build_is_told(void **state) {
  moth *m = support_open(NULL);
  const moth_layer_class class = { .size = sizeof class, .row = { .name = "bad" }, .build = misuse, .forward = forward,
                                   .backward = backward };
  assert_ok(m, moth_register_layer(m, &class));
  moth_part *part = make_part(m, MOTH_LAYER, "bad", NULL);
  bench b;
  assert_fails(m, bench_infer(m, part, MOTH_F32, &sample, &b), MOTH_SHAPE,
               "net: layer 2 bad: its build gave an output shape that cannot be");
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

static moth_status misspell(void *data, moth_layer *self, const moth_tensor *x, moth_tensor *y) {
  moth *m = moth_layer_context(self);
  moth_tensor *view;
  assert_fails(m, moth_layer_parameter(self, "gian", &view), MOTH_OPTION, "scale: no parameter 'gian'; did you mean 'gain'?");
  assert_fails(m, moth_layer_gradient(self, "gain", &view), MOTH_MISUSE, "scale: gradients are there in backward");
  assert_fails(m, moth_layer_declare(self, "late", &sample, NULL), MOTH_MISUSE, "scale: parameters are declared in build");
  assert_ok(m, moth_layer_parameter(self, "gain", &view));
  assert_true(moth_tensor_is_read_only(view));
  return moth_layer_parameter(self, "gian", &view);
}

static void misuse_in_forward_is_told(void **state) {
  moth *m = support_open(NULL);
  host h = { 0 };
  moth_layer_class class = scale_class(&h);
  class.forward = misspell;
  assert_ok(m, moth_register_layer(m, &class));
  moth_part *part = make_part(m, MOTH_LAYER, "scale", NULL);
  bench b;
  bench_open(m, part, MOTH_F32, sample, 1, true, &b);
  assert_fails(m, bench_forward(&b, 0), MOTH_OPTION, "scale: no parameter 'gian'; did you mean 'gain'?");
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

static void classes_that_cannot_be_are_refused(void **state) {
  host h = { 0 };
  moth *m = open_with(&h);
  moth_layer_class class = scale_class(&h);
  assert_fails(m, moth_register_layer(m, &class), MOTH_OPTION, "layer: there is a layer 'scale' already");
  class.row.name = "two words";
  assert_status(m, moth_register_layer(m, &class), MOTH_OPTION);
  class.row.name = "other", class.backward = NULL;
  assert_fails(m, moth_register_layer(m, &class), MOTH_MISUSE, "layer: a class needs a name, build, forward and backward");
  class = scale_class(&h), class.size = 8;
  assert_fails(m, moth_register_layer(m, &class), MOTH_MISUSE, "layer: a class with its size must be given");
  assert_fails(m, moth_register_layer(m, NULL), MOTH_MISUSE, "layer: a class with its size must be given");
  class = scale_class(&h), class.row.name = "other";
  const moth_option_row clash = { .key = "name", .kinds = MOTH_OPTION_TEXT };
  class.row.options = &clash;
  assert_fails(m, moth_register_layer(m, &class), MOTH_OPTION, "layer: other: every layer has the option 'name' already");
  assert_int_equal(moth_register_layer(NULL, &class), MOTH_MISUSE);
  moth_close(m);
}

static moth_status register_and_run(moth *m, void *data) {
  host h = { 0 };
  const moth_layer_class class = scale_class(&h);
  moth_status status = moth_register_layer(m, &class);
  if (status != MOTH_OK) {
    assert_null(moth_find(m, MOTH_LAYER, "scale"));
    return status;
  }
  moth_part *part = NULL;
  status = moth_part_create(m, MOTH_LAYER, "scale", NULL, &part);
  if (status != MOTH_OK) return status;
  bench b;
  status = bench_infer(m, part, MOTH_F64, &(moth_shape){ .rank = 1, .size = { 50 } }, &b);
  random_source source = { .seed = 1 };
  if (status == MOTH_OK) status = bench_parameters(&b, &source);
  if (status == MOTH_OK) {
    bench_rows(&b, 3, true);
    status = bench_forward(&b, 0);
    if (status == MOTH_OK) status = bench_backward(&b, 0, true);
    if (status == MOTH_OK) status = bench_gradient(&b, 0, false);
  }
  bench_close(&b);
  moth_release(part);
  return status;
}

static void every_allocation_may_fail(void **state) { assert_true(support_fail_each(register_and_run, NULL) > 15); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_is_found_and_takes_options),  cmocka_unit_test(its_gradients_reach_the_sink),
    cmocka_unit_test(it_runs_in_f32_and_predicts),    cmocka_unit_test(a_kept_input_stays_good),
    cmocka_unit_test(a_second_step_allocates_nothing), cmocka_unit_test(its_failures_are_told),
    cmocka_unit_test(misuse_in_build_is_told),        cmocka_unit_test(misuse_in_forward_is_told),
    cmocka_unit_test(classes_that_cannot_be_are_refused), cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
