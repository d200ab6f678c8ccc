/* Graphs of nodes: several inputs, values and layers used more than once, class numbers, buffers, whole-batch layers, composites. All with
 * layers of the test's own, and their gradients against central differences. */
#include "nets.h"

/* ---- Several inputs ------------------------------------------------------------------------------------------------------------------ */

/* out = dense(sum(dense(x), dense(x))) */
static moth_status build_branches(void *data, layer_builder *builder, int *output) {
  moth *m = data;
  moth_part *a = make_dense(m, 5, "tanh"), *b = make_dense(m, 5, "sigmoid"), *c = make_dense(m, 2, "linear");
  moth_part *sum = make_layer(m, &layer_sum, NULL);
  const int input = -1;
  int left, right, both;
  assert_ok(m, layer_builder_add(builder, a, &input, 1, &left));
  assert_ok(m, layer_builder_add(builder, b, &input, 1, &right));
  assert_ok(m, layer_builder_add(builder, sum, (const int[]){ left, right }, 2, &both));
  assert_ok(m, layer_builder_add(builder, c, &both, 1, output));
  moth_release(a), moth_release(b), moth_release(c), moth_release(sum);
  return MOTH_OK;
}

static void test_two_inputs(void **state) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    moth_net *net;
    assert_ok(m, network_create(m, dtype, &(moth_shape){ 1, { 3 } }, build_branches, m, &net));
    assert_int_equal(moth_net_parameter_count(net), 2 * (3 + 1) * 5 + (5 + 1) * 2);
    moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(7, 3), 1), *t = random_tensor(m, MOTH_F64, 2, SIZES(7, 2), 2);
    assert_gradients(m, net, x, t, "mse");
    moth_release(x), moth_release(t), moth_release(net);
  }
  support_close(m, &allocator);
}

/* One value read three times, twice by the same node: h + h + x through sums, and x itself read by two. */
static moth_status build_reuse(void *data, layer_builder *builder, int *output) {
  moth *m = data;
  moth_part *a = make_dense(m, 3, "tanh"), *one = make_layer(m, &layer_sum, NULL), *two = make_layer(m, &layer_sum, NULL);
  moth_part *three = make_layer(m, &layer_sum, NULL);
  const int input = -1;
  int h, hh, hhh;
  assert_ok(m, layer_builder_add(builder, a, &input, 1, &h));
  assert_ok(m, layer_builder_add(builder, one, (const int[]){ h, h }, 2, &hh));
  assert_ok(m, layer_builder_add(builder, two, (const int[]){ hh, h }, 2, &hhh));
  assert_ok(m, layer_builder_add(builder, three, (const int[]){ input, hhh }, 2, output));
  moth_release(a), moth_release(one), moth_release(two), moth_release(three);
  return MOTH_OK;
}

static void test_values_used_again(void **state) {
  moth *m = support_open(NULL);
  moth_net *net;
  assert_ok(m, network_create(m, MOTH_F64, &(moth_shape){ 1, { 3 } }, build_reuse, m, &net));
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(9, 3), 1), *t = random_tensor(m, MOTH_F64, 2, SIZES(9, 3), 2);
  assert_gradients(m, net, x, t, "squared_error");
  moth_release(x), moth_release(t), moth_release(net);
  support_close(m, NULL);
}

/* Softmax outputs that another node reads too cannot be left off for cross_entropy. */
static moth_status build_read_output(void *data, layer_builder *builder, int *output) {
  moth *m = data;
  moth_part *a = make_dense(m, 4, "softmax"), *flat = make_part(m, MOTH_LAYER, "identity", NULL), *sum = make_layer(m, &layer_sum, NULL);
  const int input = -1;
  int p, again;
  assert_ok(m, layer_builder_add(builder, a, &input, 1, &p));
  assert_ok(m, layer_builder_add(builder, flat, &p, 1, &again));
  assert_ok(m, layer_builder_add(builder, sum, (const int[]){ p, again }, 2, output));
  moth_release(a), moth_release(flat), moth_release(sum);
  return MOTH_OK;
}

static void test_aliases_share(void **state) {
  moth *m = support_open(NULL);
  moth_net *net;
  assert_ok(m, network_create(m, MOTH_F64, &(moth_shape){ 1, { 3 } }, build_read_output, m, &net));
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(5, 3), 1), *t = random_tensor(m, MOTH_F64, 2, SIZES(5, 4), 2), *y;
  assert_gradients(m, net, x, t, "mse");
  assert_ok(m, moth_net_predict(m, net, x, &y));
  double sum = 0;
  for (int i = 0; i < 4; i++) sum += ((double *)y->values)[i];
  assert_close(sum, 2, 1e-14);
  moth_release(x), moth_release(t), moth_release(y), moth_release(net);
  support_close(m, NULL);
}

/* ---- One layer, used twice ----------------------------------------------------------------------------------------------------------- */

static void test_layer_used_twice(void **state) {
  moth *m = support_open(NULL);
  moth_part *dense = make_dense(m, 4, "tanh");
  moth_net *net = make_net(m, MOTH_F64, 4, PART_LIST(dense, dense, make_dense(m, 1, "linear"), make_dense(m, 4, "elu")));
  assert_int_equal(moth_net_parameter_count(net), 5 * 4 + 5 * 1 + 2 * 4);
  moth_layer_info info;
  assert_ok(m, moth_net_layer(m, net, 1, &info));
  assert_int_equal(info.first_use, 0);
  assert_int_equal(info.parameters, 0);
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(6, 4), 1), *t = random_tensor(m, MOTH_F64, 2, SIZES(6, 4), 2);
  assert_gradients(m, net, x, t, "mse");
  moth_tensor *first, *second;
  assert_ok(m, moth_net_parameter(m, net, 0, "weight", &first));
  assert_ok(m, moth_net_parameter(m, net, 1, "weight", &second));
  assert_ptr_equal(first->values, second->values);
  assert_ok(m, moth_net_freeze(m, net, 1, true));
  assert_ok(m, moth_net_layer(m, net, 0, &info));
  assert_true(info.frozen);
  moth_release(first), moth_release(second), moth_release(x), moth_release(t), moth_release(net);
  support_close(m, NULL);
}

static void test_shared_shapes_must_agree(void **state) {
  moth *m = support_open(NULL);
  moth_part *dense = make_dense(m, 4, "tanh");
  moth_net *net;
  assert_fails(m, chain_net(m, MOTH_F32, 3, PART_LIST(dense, dense), &net), MOTH_SHAPE,
               "net: layer 2 dense(4, \"tanh\") needs [3] as layer 1, whose weights it shares, layer 1 dense(4, \"tanh\") gives [4]");
  support_close(m, NULL);
}

/* ---- Class numbers ------------------------------------------------------------------------------------------------------------------- */

static moth_status build_lookup(void *data, layer_builder *builder, int *output) {
  moth *m = data;
  moth_part *table = make_layer(m, &layer_lookup, OPTIONS(MOTH_INT(NULL, 6), MOTH_INT(NULL, 3))), *dense = make_dense(m, 2, "tanh");
  int last = -1;
  assert_ok(m, layer_builder_add(builder, table, &last, 1, &last));
  assert_ok(m, layer_builder_add(builder, dense, &last, 1, output));
  moth_release(table), moth_release(dense);
  return MOTH_OK;
}

static void test_index_input(void **state) {
  for (int base = 0; base <= 1; base++) {
    moth *m = support_open_with(NULL, (moth_config){ .index_base = base });
    moth_net *net;
    assert_ok(m, network_create(m, MOTH_F32, &(moth_shape){ 0 }, build_lookup, m, &net));
    assert_true(net->index_input);
    double numbers[] = { 0 + base, 5 + base, 2 + base, 5 + base, 1 + base };
    moth_tensor *x = make_tensor(m, MOTH_I64, 1, SIZES(5), numbers), *t = random_tensor(m, MOTH_F64, 2, SIZES(5, 2), 2), *y, *dx;
    assert_gradients(m, net, x, t, "mse");
    assert_ok(m, moth_net_predict(m, net, x, &y));
    assert_memory_equal((float *)y->values + 2, (float *)y->values + 6, 2 * sizeof(float));  /* the same class twice */
    moth_release(y);
    assert_ok(m, moth_net_forward(m, net, x, &y));
    assert_ok(m, moth_net_backward(m, net, y, false, &dx));
    assert_null(dx);
    ((int64_t *)x->values)[3] = 6 + base;
    moth_tensor *none = NULL;
    assert_status(m, moth_net_predict(m, net, x, &none), MOTH_INDEX);
    assert_message(m, base ? "predict: class 7 in row 4 of x; classes count from 1 to 6"
                           : "predict: class 6 in row 3 of x; classes count from 0 to 5");
    moth_tensor *real = random_tensor(m, MOTH_F32, 1, SIZES(5), 3);
    assert_fails(m, moth_net_predict(m, net, real, &none), MOTH_DTYPE,
                 "predict: net takes class numbers i64, x is f32[5]\n  x:to\"i64\" if they are whole numbers");
    moth_release(x), moth_release(t), moth_release(y), moth_release(real), moth_release(net);
    support_close(m, NULL);
  }
}

static moth_status build_mixed(void *data, layer_builder *builder, int *output) {
  moth *m = data;
  moth_part *table = make_layer(m, &layer_lookup, OPTIONS(MOTH_INT(NULL, 6), MOTH_INT(NULL, 3)));
  moth_part *other = make_layer(m, &layer_lookup, OPTIONS(MOTH_INT(NULL, 6), MOTH_INT(NULL, 3)));
  moth_part *tanh = make_part(m, MOTH_ACTIVATION, "tanh", NULL);
  int last = -1;
  assert_ok(m, layer_builder_add(builder, tanh, &last, 1, &last));
  assert_ok(m, layer_builder_add(builder, table, &last, 1, output));
  moth_release(table), moth_release(other), moth_release(tanh);
  return MOTH_OK;
}

static void test_class_numbers_come_from_the_input(void **state) {
  moth *m = support_open(NULL);
  moth_net *net;
  assert_fails(m, network_create(m, MOTH_F32, &(moth_shape){ 0 }, build_mixed, m, &net), MOTH_SHAPE,
               "net: layer 2 takes class numbers, which only the net's input has");
  support_close(m, NULL);
}

static moth_status build_unused(void *data, layer_builder *builder, int *output) {
  moth *m = data;
  moth_part *a = make_dense(m, 5, "tanh"), *b = make_dense(m, 5, "tanh");
  const int input = -1;
  int left;
  assert_ok(m, layer_builder_add(builder, a, &input, 1, &left));
  assert_ok(m, layer_builder_add(builder, b, &input, 1, output));
  moth_release(a), moth_release(b);
  return MOTH_OK;
}

static void test_every_layer_is_used(void **state) {
  moth *m = support_open(NULL);
  moth_net *net;
  assert_fails(m, network_create(m, MOTH_F32, &(moth_shape){ 1, { 2 } }, build_unused, m, &net), MOTH_SHAPE,
               "net: nothing reads the output of layer 1");
  support_close(m, NULL);
}

/* ---- Buffers, whole batches ---------------------------------------------------------------------------------------------------------- */

static void test_buffers(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_net(m, MOTH_F64, 3,
                           PART_LIST(make_dense(m, 4, "tanh"), make_layer(m, &layer_center, NULL), make_dense(m, 2, "linear")));
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(300, 3), 1), *t = random_tensor(m, MOTH_F64, 2, SIZES(300, 2), 2), *y, *mean, *h;
  assert_string_equal(moth_net_buffer_name(net, 1, 0), "mean");
  assert_null(moth_net_buffer_name(net, 1, 1));
  assert_ok(m, moth_net_buffer(m, net, 1, "mean", &mean));
  for (int i = 0; i < 4; i++) assert_true(((double *)mean->values)[i] == 0.25);
  assert_gradients(m, net, x, t, "mse");
  assert_ok(m, moth_net_predict(m, net, x, &y));
  assert_true(((double *)mean->values)[0] == 0.25); /* neither checking nor predicting changes it */
  moth_release(y);
  assert_ok(m, moth_net_forward(m, net, x, &y));
  assert_ok(m, moth_net_layer_output(m, net, 0, &h));
  double sum = 0;
  for (int i = 0; i < 300; i++) sum += ((double *)h->values)[4 * i];
  assert_close(((double *)mean->values)[0], 0.9 * 0.25 + 0.1 * sum / 300, 1e-14);
  moth_release(h), moth_release(mean), moth_release(x), moth_release(t), moth_release(y), moth_release(net);
  support_close(m, NULL);
}

/* Predicting, outputs share memory: a block that is ahead of others must leave theirs alone. */
static void test_predictions_share_bits(void **state) {
  moth *m = support_open(NULL);
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    moth_part *layers[] = { make_dense(m, 300, "relu"), make_dense(m, 280, "tanh"), make_dense(m, 40, "relu"), make_dense(m, 280, "tanh"),
                            make_dense(m, 300, "relu"), make_dense(m, 10, "softmax") };
    moth_net *net = make_net(m, dtype, 50, layers, sizeof layers / sizeof *layers);
    moth_tensor *x = random_tensor(m, dtype, 2, SIZES(600, 50), 3), *alone = NULL;
    assert_ok(m, moth_set_threads(m, 1));
    assert_ok(m, moth_net_predict(m, net, x, &alone));
    assert_ok(m, moth_set_threads(m, 4));
    for (int i = 0; i < 40; i++) {
      moth_tensor *y = NULL;
      assert_ok(m, moth_net_predict(m, net, x, &y));
      assert_same_values(y, alone);
      moth_release(y);
    }
    moth_release(x), moth_release(alone), moth_release(net);
  }
  support_close(m, NULL);
}

/* ---- Composites ---------------------------------------------------------------------------------------------------------------------- */

static moth_net *make_composite(moth *m, moth_dtype dtype) {
  moth_part *inner[] = { make_dense(m, 4, "tanh"), make_dense(m, 3, "linear") };
  moth_part *around = make_layer(m, &layer_around, OPTIONS(MOTH_PARTS(NULL, 2, inner)));
  moth_release(inner[0]), moth_release(inner[1]);
  moth_part *outer = make_layer(m, &layer_around, OPTIONS(MOTH_PARTS(NULL, 1, &around)));
  return make_net(m, dtype, 3, PART_LIST(around, outer, make_dense(m, 2, "linear")));
}

static void test_composites(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_composite(m, MOTH_F64);
  assert_int_equal(moth_net_layers(net), 3);
  assert_int_equal(moth_net_parameter_count(net), 4 * 4 + 5 * 3 + 4 * 2); /* the composite within the second is the first again */
  assert_string_equal(net->paths[0].text, "1.1");
  assert_string_equal(net->paths[1].text, "1.2");
  moth_tensor *weight;
  assert_ok(m, moth_net_parameter(m, net, 0, "2.weight", &weight));
  assert_int_equal(weight->size[0], 3);
  assert_int_equal(weight->size[1], 4);
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(8, 3), 1), *t = random_tensor(m, MOTH_F64, 2, SIZES(8, 2), 2);
  assert_gradients(m, net, x, t, "mse");
  moth_release(weight), moth_release(x), moth_release(t), moth_release(net);
  support_close(m, NULL);
}

/* ---- Failing memory ------------------------------------------------------------------------------------------------------------------ */

static moth_status build_and_run(moth *m, void *data) {
  (void)data;
  moth_part *dense = NULL, *center = NULL, *loss = NULL, *last = NULL;
  moth_net *net = NULL, *copy = NULL;
  moth_tensor *x = NULL, *y = NULL, *dx = NULL, *p = NULL;
  double value;
  moth_status status = moth_part_create(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 3), MOTH_TEXT(NULL, "tanh")), &dense);
  if (status == MOTH_OK) status = part_create(m, MOTH_LAYER, &layer_center.row, NULL, &center);
  if (status == MOTH_OK) status = moth_part_create(m, MOTH_ACTIVATION, "softmax", NULL, &last);
  if (status == MOTH_OK) status = moth_part_create(m, MOTH_LOSS, "cross_entropy", NULL, &loss);
  if (status == MOTH_OK) status = moth_tensor_create(m, MOTH_F32, 2, SIZES(4, 3), &x);
  moth_part *parts[] = { dense, dense, center, last };
  if (status == MOTH_OK) status = moth_net_create(m, OPTIONS(MOTH_INT("input", 3), MOTH_PARTS("layers", 4, parts)), &net);
  if (status == MOTH_OK) status = moth_net_clone(m, net, &copy);
  if (status == MOTH_OK) status = moth_net_forward(m, copy, x, &y);
  if (status == MOTH_OK) status = moth_net_backward(m, copy, y, false, &dx);
  if (status == MOTH_OK) status = moth_net_backprop(m, copy, x, y, loss, &value);
  if (status == MOTH_OK) status = moth_net_predict(m, copy, x, &p);
  moth_release(x), moth_release(y), moth_release(dx), moth_release(p), moth_release(net), moth_release(copy);
  moth_release(dense), moth_release(center), moth_release(loss), moth_release(last);
  return status;
}

static void test_failing_memory(void **state) { assert_true(support_fail_each(build_and_run, NULL) > 30); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_two_inputs), cmocka_unit_test(test_values_used_again), cmocka_unit_test(test_aliases_share),
    cmocka_unit_test(test_layer_used_twice), cmocka_unit_test(test_shared_shapes_must_agree), cmocka_unit_test(test_index_input),
    cmocka_unit_test(test_class_numbers_come_from_the_input), cmocka_unit_test(test_every_layer_is_used), cmocka_unit_test(test_buffers),
    cmocka_unit_test(test_predictions_share_bits), cmocka_unit_test(test_composites), cmocka_unit_test(test_failing_memory) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
