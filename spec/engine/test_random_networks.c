/* Random networks through the public header alone: depth 1-6, widths 1-70, every activation and loss of the catalogs, batches 1-40, both
 * dtypes. Each draw must have the gradient of its own central differences, train to the same bits on 1, 2 and 4 threads, survive saving
 * and loading, and meet every failing allocation as an ordinary error. */
#include "support.h"

#include <math.h>

/* ---- Draws -------------------------------------------------------------------------------------------------------------------- */

typedef struct draws { uint64_t state; } draws;

static uint32_t draw(draws *d) { /* splitmix64 */
  uint64_t z = d->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (uint32_t)((z ^ z >> 31) >> 32);
}
static int draw_in(draws *d, int low, int high) { return low + (int)(draw(d) % (uint32_t)(high - low + 1)); }
static double draw_real(draws *d) { return draw(d) / 4294967296.0; }

enum target_kind { REALS, BITS, DISTRIBUTIONS, CLASSES, TARGET_KINDS };
enum { MAX_DEPTH = 6 };

typedef struct network_case {
  moth_dtype dtype;
  int depth, inputs, rows, units[MAX_DEPTH];
  const char *activations[MAX_DEPTH];
  const char *loss;
  enum target_kind target;
  bool dropout;
  uint64_t seed;
} network_case;

typedef struct network_parts {
  moth_net *net;
  moth_part *layers[2 * MAX_DEPTH];
  int layer_count;
  moth_tensor *x, *t;
  moth_part *loss;
  moth_dataset *data;
} network_parts;

static const char *row_name(const moth *m, moth_part_kind kind, int index) {
  int count = 0;
  while (moth_catalog(m, kind, count)) count++;
  return moth_catalog(m, kind, index % count)->name;
}

static network_case draw_case(moth *m, draws *d, moth_dtype dtype, const char *last, const char *loss, enum target_kind target) {
  network_case c = { .dtype = dtype, .depth = draw_in(d, 1, MAX_DEPTH), .inputs = draw_in(d, 1, 70), .rows = draw_in(d, 1, 40),
                     .loss = loss, .target = target, .seed = draw(d) };
  for (int i = 0; i < c.depth; i++) c.units[i] = draw_in(d, 1, 70), c.activations[i] = row_name(m, MOTH_ACTIVATION, draw_in(d, 0, 999));
  c.activations[c.depth - 1] = last;
  if (target == CLASSES || target == DISTRIBUTIONS) c.units[c.depth - 1] = draw_in(d, 2, 12);
  return c;
}

/* ---- Building ----------------------------------------------------------------------------------------------------------------- */

static void release_parts(network_parts *p) {
  moth_release(p->net), moth_release(p->x), moth_release(p->t), moth_release(p->loss), moth_release(p->data);
  for (int i = 0; i < p->layer_count; i++) moth_release(p->layers[i]);
  *p = (network_parts){ 0 };
}

static moth_status make_tensors(moth *m, const network_case *c, network_parts *p) {
  double values[70 * 40];
  draws d = { c->seed };
  int columns = c->units[c->depth - 1];
  for (int i = 0; i < c->rows * c->inputs; i++) values[i] = 2 * draw_real(&d) - 1;
  moth_status status = moth_tensor_copy_in(m, MOTH_F64, 2, (int64_t[]){ c->rows, c->inputs }, values, &p->x);
  if (status) return status;
  if (c->target == CLASSES) {
    int64_t labels[40];
    for (int i = 0; i < c->rows; i++) labels[i] = draw_in(&d, 0, columns - 1);
    return moth_tensor_copy_in(m, MOTH_I64, 1, (int64_t[]){ c->rows }, labels, &p->t);
  }
  for (int i = 0; i < c->rows; i++) {
    double sum = 0, *row = values + i * columns;
    for (int j = 0; j < columns; j++) sum += row[j] = c->target == BITS ? draw_in(&d, 0, 1) : 0.1 + 0.8 * draw_real(&d);
    for (int j = 0; j < columns && c->target == DISTRIBUTIONS; j++) row[j] /= sum;
  }
  /* In the net's dtype: targets are not cast for the script. */
  moth_status made = moth_tensor_create(m, c->dtype, 2, (int64_t[]){ c->rows, columns }, &p->t);
  for (int i = 0; !made && i < c->rows * columns; i++) made = moth_tensor_set(m, p->t, (int64_t[]){ i / columns, i % columns }, values[i]);
  return made;
}

static moth_status make_net(moth *m, const network_case *c, network_parts *p) {
  moth_status status = MOTH_OK;
  for (int i = 0; !status && i < c->depth; i++) {
    moth_option options[] = { MOTH_INT(NULL, c->units[i]), MOTH_TEXT("activation", c->activations[i]), MOTH_END };
    status = moth_part_create(m, MOTH_LAYER, "dense", options, &p->layers[p->layer_count]);
    if (!status) p->layer_count++;
    if (status || !c->dropout || i + 1 == c->depth) continue;
    status = moth_part_create(m, MOTH_LAYER, "dropout", (moth_option[]){ MOTH_REAL("p", 0.3), MOTH_END }, &p->layers[p->layer_count]);
    if (!status) p->layer_count++;
  }
  if (status) return status;
  moth_option options[] = { MOTH_INT("input", c->inputs), MOTH_TEXT("dtype", moth_dtype_name(c->dtype)),
                            MOTH_PARTS("layers", (size_t)p->layer_count, p->layers), MOTH_END };
  return moth_net_create(m, options, &p->net);
}

static moth_status make_parts(moth *m, const network_case *c, network_parts *p) {
  moth_seed(m, c->seed);
  moth_status status = make_net(m, c, p);
  if (!status) status = make_tensors(m, c, p);
  if (!status) status = moth_part_create(m, MOTH_LOSS, c->loss, NULL, &p->loss);
  if (!status) status = moth_dataset_create(m, (moth_option[]){ MOTH_TENSOR("x", p->x), MOTH_TENSOR("y", p->t), MOTH_END }, &p->data);
  return status;
}

/* ---- Gradients ---------------------------------------------------------------------------------------------------------------- */

static double error_at(moth *m, const network_parts *p) {
  moth_tensor *y = NULL;
  double value = NAN;
  assert_ok(m, moth_net_predict(m, p->net, p->x, &y));
  assert_ok(m, moth_loss_value(m, p->loss, y, p->t, &value, NULL));
  moth_release(y);
  return value;
}

static double slope(moth *m, const network_parts *p, double *w, double h) {
  double kept = *w, above, below;
  *w = kept + h, above = error_at(m, p);
  *w = kept - h, below = error_at(m, p);
  *w = kept;
  return (above - below) / (2 * h);
}

/* Compares up to 30 parameters. A difference that changes with h stands on a kink (relu at 0) and tells nothing; few may. */
static void check_gradient(moth *m, const network_case *c, const network_parts *p, draws *d) {
  double value;
  moth_tensor *parameters, *gradients;
  assert_ok(m, moth_net_backprop(m, p->net, p->x, p->t, p->loss, &value));
  assert_ok(m, moth_net_parameters(m, p->net, &parameters));
  assert_ok(m, moth_net_gradients(m, p->net, &gradients));
  double *w = moth_tensor_values_mutable(parameters), largest = 0;
  const double *g = moth_tensor_values(gradients);
  int64_t count = moth_tensor_count(parameters);
  for (int64_t i = 0; i < count; i++) largest = fmax(largest, fabs(g[i]));
  assert_true(fabs(value - error_at(m, p)) <= 1e-9 * fmax(1, fabs(value)));
  int looked = 0, kinks = 0;
  for (; looked < 30 && looked < count; looked++) {
    int64_t i = count <= 30 ? looked : draw_in(d, 0, (int)count - 1);
    double expected = slope(m, p, &w[i], 1e-5), closer = slope(m, p, &w[i], 4e-6);
    /* E is rounded at 1e-16 of itself, the difference over 2h at some 1e-11: small gradients are compared to that. */
    double allowed = 1e-6 * fmax(fabs(g[i]), 1e-2 * largest) + 1e-10 * fmax(1, fabs(value));
    if (fabs(expected - closer) > allowed) {
      kinks++;
      continue;
    }
    if (fabs(g[i] - closer) > allowed) {
      fail_msg("%s after %s, seed %llu: parameter %lld has gradient %.12g, differences say %.12g", c->loss,
               c->activations[c->depth - 1], (unsigned long long)c->seed, (long long)i, g[i], closer);
    }
  }
  if (kinks > looked / 2 + 1) {
    fail_msg("%s after %s, seed %llu: %d of %d parameters on kinks", c->loss, c->activations[c->depth - 1], (unsigned long long)c->seed, kinks,
             looked);
  }
  moth_release(parameters), moth_release(gradients);
}

/* Every loss after every activation that it accepts, with every kind of target that it accepts. */
static void test_gradients(void **state) {
  moth *m = support_open(NULL);
  draws d = { 1 };
  for (int l = 0; moth_catalog(m, MOTH_LOSS, l); l++) {
    int accepted = 0;
    for (int a = 0; moth_catalog(m, MOTH_ACTIVATION, a); a++) {
      for (enum target_kind target = 0; target < TARGET_KINDS; target++) {
        network_case c = draw_case(m, &d, MOTH_F64, row_name(m, MOTH_ACTIVATION, a), row_name(m, MOTH_LOSS, l), target);
        network_parts p = { 0 };
        double value;
        assert_ok(m, make_parts(m, &c, &p));
        if (moth_net_backprop(m, p.net, p.x, p.t, p.loss, &value) == MOTH_OK) accepted++, check_gradient(m, &c, &p, &d);
        release_parts(&p);
      }
    }
    if (!accepted) fail_msg("no network was found for the loss %s", row_name(m, MOTH_LOSS, l));
  }
  moth_close(m);
}

/* ---- Every layer of the catalog ----------------------------------------------------------------------------------------------- */

static moth_status make_layer(moth *m, const moth_row *row, moth_part **layer) {
  static const int64_t sizes[] = { 7, 1 }; /* as many values as the first input that check_layer tries */
  moth_option options[8] = { 0 };
  int count = 0;
  for (int i = 0; i < row->option_count && count < 7; i++) {
    const moth_option_row *o = &row->options[i];
    if (!(o->flags & MOTH_REQUIRED)) continue;
    if (o->kinds & MOTH_OPTION_INT) options[count++] = (moth_option)MOTH_INT(o->key, 3);
    else if (o->kinds & MOTH_OPTION_REAL) options[count++] = (moth_option)MOTH_REAL(o->key, 0.3);
    else if (o->kinds & MOTH_OPTION_INTS) options[count++] = (moth_option)MOTH_INTS(o->key, 2, sizes);
    else if (o->kinds & MOTH_OPTION_PART) options[count++] = (moth_option)MOTH_TEXT(o->key, "tanh");
    else fail_msg("the test cannot make the layer %s: option %s", row->name, o->key);
  }
  return moth_part_create(m, MOTH_LAYER, row->name, options, layer);
}

static void check_layer(moth *m, const moth_row *row, moth_dtype dtype) {
  static const struct { int rank; int64_t size[3]; } inputs[] = { { 1, { 7 } }, { 2, { 2, 3 } }, { 3, { 1, 6, 6 } } };
  int accepted = 0;
  for (size_t s = 0; s < sizeof inputs / sizeof *inputs; s++) {
    moth_part *layers[3] = { NULL }, *loss = NULL;
    moth_net *net = NULL;
    assert_ok(m, make_layer(m, row, &layers[0]));
    assert_ok(m, moth_part_create(m, MOTH_LAYER, "flatten", NULL, &layers[1]));
    assert_ok(m, moth_part_create(m, MOTH_LAYER, "dense", (moth_option[]){ MOTH_INT(NULL, 2), MOTH_END }, &layers[2]));
    assert_ok(m, moth_part_create(m, MOTH_LOSS, "mse", NULL, &loss));
    moth_option options[] = { MOTH_INTS("input", (size_t)inputs[s].rank, inputs[s].size), MOTH_TEXT("dtype", moth_dtype_name(dtype)),
                              MOTH_PARTS("layers", 3, layers), MOTH_END };
    if (moth_net_create(m, options, &net) == MOTH_OK) {
      int64_t shape[4] = { 5, inputs[s].size[0], inputs[s].size[1], inputs[s].size[2] };
      moth_value x = { 0 }, t = { 0 };
      int count;
      const moth_operation *randn = moth_operation_find(m, "randn");
      assert_non_null(randn);
      assert_ok(m, moth_apply(m, randn, false, NULL, 0, (moth_option[]){ MOTH_INTS("shape", (size_t)inputs[s].rank + 1, shape),
                                                                      MOTH_TEXT("dtype", moth_dtype_name(dtype)), MOTH_END }, &x, &count));
      assert_ok(m, moth_apply(m, randn, false, NULL, 0, (moth_option[]){ MOTH_INTS("shape", 2, ((int64_t[]){ 5, 2 })),
                                                                      MOTH_TEXT("dtype", moth_dtype_name(dtype)), MOTH_END }, &t, &count));
      double error = NAN;
      assert_ok(m, moth_net_check(m, net, x.as.tensor, t.as.tensor, loss, &error));
      if (!(error <= 1e-6)) fail_msg("%s has a gradient off by %g", row->name, error);
      moth_release(x.as.tensor), moth_release(t.as.tensor);
      accepted++;
    }
    moth_release(net), moth_release(loss);
    for (int i = 0; i < 3; i++) moth_release(layers[i]);
  }
  if (!accepted) fail_msg("no input was found for the layer %s: %s", row->name, moth_message(m));
}

static void test_layers(void **state) {
  moth *m = support_open(NULL);
  moth_seed(m, 3);
  for (int i = 0; moth_catalog(m, MOTH_LAYER, i); i++) check_layer(m, moth_catalog(m, MOTH_LAYER, i), MOTH_F64);
  moth_close(m);
}

/* ---- Training: threads, files, failing memory --------------------------------------------------------------------------------- */

static network_case training_case(moth *m, draws *d, int i) {
  static const struct { const char *last, *loss; enum target_kind target; } ends[] = {
    { "softmax", "cross_entropy", CLASSES }, { "linear", "mse", REALS }, { "sigmoid", "binary_cross_entropy", BITS }, { "tanh", "mae", REALS }
  };
  network_case c = draw_case(m, d, i % 2 ? MOTH_F64 : MOTH_F32, ends[i % 4].last, ends[i % 4].loss, ends[i % 4].target);
  c.dropout = i % 3 == 0;
  return c;
}

static moth_status train(moth *m, const network_case *c, network_parts *p) {
  moth_part *optimizer = NULL;
  moth_run *run = NULL;
  moth_option adam[] = { MOTH_REAL("lr", 0.003), MOTH_END };
  moth_status status = moth_part_create(m, MOTH_OPTIMIZER, c->seed % 2 ? "adam" : "sgd", adam, &optimizer);
  if (!status)
    status = moth_train(m, (moth_option[]){ MOTH_OBJECT("net", p->net), MOTH_OBJECT("data", p->data), MOTH_PART("loss", p->loss),
                                            MOTH_PART("optimizer", optimizer), MOTH_INT("epochs", 3), MOTH_INT("batch", (c->rows + 2) / 3),
                                            MOTH_INT("seed", 5), MOTH_END }, &run);
  moth_release(optimizer), moth_release(run);
  return status;
}

static void assert_same_bits(moth *m, moth_net *a, moth_net *b) {
  moth_tensor *first, *second;
  assert_ok(m, moth_net_parameters(m, a, &first));
  assert_ok(m, moth_net_parameters(m, b, &second));
  assert_int_equal(moth_tensor_count(first), moth_tensor_count(second));
  assert_memory_equal(moth_tensor_values(first), moth_tensor_values(second),
                      (size_t)moth_tensor_count(first) * moth_dtype_size(moth_tensor_dtype(first)));
  moth_release(first), moth_release(second);
}

static void test_threads(void **state) {
  moth *m = support_open(NULL);
  draws d = { 2 };
  for (int i = 0; i < 40; i++) {
    network_case c = training_case(m, &d, i);
    network_parts one = { 0 };
    moth_set_threads(m, 1);
    assert_ok(m, make_parts(m, &c, &one));
    assert_ok(m, train(m, &c, &one));
    for (int threads = 2; threads <= 4; threads += 2) {
      network_parts many = { 0 };
      moth_set_threads(m, threads);
      assert_ok(m, make_parts(m, &c, &many));
      assert_ok(m, train(m, &c, &many));
      assert_same_bits(m, one.net, many.net);
      release_parts(&many);
    }
    release_parts(&one);
  }
  moth_close(m);
}

static void test_files(void **state) {
  moth *m = support_open(NULL);
  draws d = { 3 };
  for (int i = 0; i < 40; i++) {
    network_case c = training_case(m, &d, i);
    network_parts p = { 0 };
    moth_net *loaded = NULL;
    moth_tensor *before, *after;
    void *bytes;
    size_t size;
    assert_ok(m, make_parts(m, &c, &p));
    assert_ok(m, train(m, &c, &p));
    assert_ok(m, moth_net_save_bytes(m, p.net, &bytes, &size));
    assert_ok(m, moth_net_open_bytes(m, bytes, size, &loaded));
    assert_same_bits(m, p.net, loaded);
    assert_ok(m, moth_net_predict(m, p.net, p.x, &before));
    assert_ok(m, moth_net_predict(m, loaded, p.x, &after));
    assert_memory_equal(moth_tensor_values(before), moth_tensor_values(after),
                        (size_t)moth_tensor_count(before) * moth_dtype_size(moth_tensor_dtype(before)));
    moth_free(m, bytes, size);
    moth_release(before), moth_release(after), moth_release(loaded);
    release_parts(&p);
  }
  moth_close(m);
}

static moth_status build_train_save(moth *m, void *data) {
  network_parts p = { 0 };
  void *bytes = NULL;
  size_t size = 0;
  moth_net *loaded = NULL;
  moth_status status = make_parts(m, data, &p);
  if (!status) status = train(m, data, &p);
  if (!status) status = moth_net_save_bytes(m, p.net, &bytes, &size);
  if (!status) status = moth_net_open_bytes(m, bytes, size, &loaded);
  if (bytes) moth_free(m, bytes, size);
  moth_release(loaded);
  release_parts(&p);
  return status;
}

static void test_failing_memory(void **state) {
  moth *m = support_open(NULL);
  draws d = { 4 };
  network_case cases[4];
  for (int i = 0; i < 4; i++) cases[i] = training_case(m, &d, i);
  moth_close(m);
  for (int i = 0; i < 4; i++) assert_true(support_fail_each(build_train_save, &cases[i]) > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_gradients), cmocka_unit_test(test_layers),         cmocka_unit_test(test_threads),
    cmocka_unit_test(test_files),     cmocka_unit_test(test_failing_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
