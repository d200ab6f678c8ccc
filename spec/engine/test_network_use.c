/* Nets as scripts use them: building, the table, views, forward, predict, backward, backprop, classify; and every mistake's whole message. */
#include "nets.h"

#include <math.h>

static moth_net *make_digits(moth *m) {
  return make_net(m, MOTH_F32, 64, PART_LIST(make_dense(m, 128, "relu"), make_part(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL(NULL, 0.2))),
                                             make_dense(m, 10, "softmax")));
}

/* ---- Building ---------------------------------------------------------------------------------------------------------------------------- */

static void test_table(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_digits(m);
  char *text;
  size_t size;
  assert_ok(m, moth_net_text(m, net, false, &text, &size));
  assert_string_equal(text, "net  [64] -> [10]   9,610 parameters   37.5 KiB f32\n"
                            "  #  layer                  output   parameters\n"
                            "  1  dense(128, \"relu\")     [128]         8,320\n"
                            "  2  dropout(0.2)           [128]             0\n"
                            "  3  dense(10, \"softmax\")   [10]          1,290");
  moth_free(m, text, size);
  assert_ok(m, moth_net_freeze(m, net, 0, true));
  assert_ok(m, moth_net_text(m, net, true, &text, &size));
  assert_non_null(strstr(text, "parameters   path\n"));
  assert_non_null(strstr(text, "8,320   frozen   own loops, blocks of 32 rows\n"));
  moth_free(m, text, size);
  moth_release(net);
  support_close(m, NULL);
}

static void test_building_mistakes(void **state) {
  moth *m = support_open(NULL);
  moth_net *net;
  moth_part *dense = make_dense(m, 10, "linear");
  moth_part *alone = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 2), MOTH_INT("input", 3)));
  moth_part *image = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 2), MOTH_TEXT("origin", "digits.lua:6")));
  assert_fails(m, moth_net_create(m, OPTIONS(MOTH_PART(NULL, dense)), &net), MOTH_OPTION,
               "net: input is missing: the shape of one sample, as in moth.net{ input = 64, ... }");
  assert_fails(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 64)), &net), MOTH_OPTION,
               "net: layers are missing, as in moth.net{ input = 64, moth.dense(10) }");
  moth_part *const two[] = { dense, alone };
  assert_fails(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 64), MOTH_PARTS(NULL, 2, two)), &net), MOTH_OPTION,
               "net: layer 2 dense(2) was made alone, with an input of its own\n"
               "  make it without input = and take its weights over: net[2]:copy_(layer)");
  assert_fails(m, moth_net_create(m, OPTIONS(MOTH_INTS("input", 2, SIZES(8, 8)), MOTH_PART(NULL, image)), &net), MOTH_SHAPE,
               "net: layer 1 dense(2) needs [n] per sample, the input is [8,8]\n  layer 1 made at digits.lua:6\n"
               "  moth.flatten() before it makes [64] of it");
  assert_status(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 0), MOTH_PART(NULL, dense)), &net), MOTH_OPTION);
  assert_status(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 4), MOTH_TEXT("dtype", "i64"), MOTH_PART(NULL, dense)), &net), MOTH_OPTION);
  assert_status(m, moth_net_create(m, OPTIONS(MOTH_INTS("input", 2, SIZES(INT64_C(1) << 40, INT64_C(1) << 40)), MOTH_PART(NULL, dense)), &net),
                MOTH_LIMIT);
  assert_ok(m, moth_net_create(m, OPTIONS(MOTH_PART(NULL, alone)), &net)); /* a net of one */
  assert_int_equal(moth_net_input(net).size[0], 3);
  moth_release(net), moth_release(dense), moth_release(alone), moth_release(image);
  support_close(m, NULL);
}

/* A net draws once from the context's generator, a failed one not at all, one with a seed not at all. */
/* One layer that is too big is named; several that are so together are the net. */
static void test_memory_limit(void **state) {
  moth *m = support_open(NULL);
  moth_set_memory_limit(m, 8 << 20);
  moth_net *net = NULL;
  moth_part *small = make_dense(m, 4, "relu");
  moth_part *big = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 1 << 20), MOTH_TEXT("origin", "digits.lua:6")));
  moth_part *one[] = { small, big };
  assert_fails(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 3), MOTH_PARTS("layers", 2, one)), &net), MOTH_LIMIT,
               "net: layer 2 dense(1048576) needs 20 MiB, the limit is 8 MiB (moth.limit)\n  layer 2 made at digits.lua:6");
  moth_part *first = make_dense(m, 1 << 18, "relu"), *second = make_dense(m, 4, "relu");
  moth_part *two[] = { first, second };
  assert_fails(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 3), MOTH_PARTS("layers", 2, two)), &net), MOTH_LIMIT,
               "net: f32[2097156] needs 8 MiB, the limit is 8 MiB (moth.limit)");
  assert_null(net);
  moth_release(small), moth_release(big), moth_release(first), moth_release(second);
  moth_close(m);
}

static void test_seeds(void **state) {
  moth *m = support_open(NULL);
  moth_part *dense = make_dense(m, 5, "tanh");
  moth_net *a, *b, *c, *d;
  moth_seed(m, 7);
  assert_ok(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 3), MOTH_PART(NULL, dense)), &a));
  uint64_t position = m->random.position;
  assert_ok(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 3), MOTH_PART(NULL, dense), MOTH_INT("seed", 4)), &b));
  assert_int_equal(m->random.position, position);
  assert_ok(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 3), MOTH_PART(NULL, dense), MOTH_INT("seed", 4)), &c));
  assert_same_values(b->parameters, c->parameters);
  moth_seed(m, 7);
  assert_ok(m, moth_net_create(m, OPTIONS(MOTH_INT("input", 3), MOTH_PART(NULL, dense)), &d));
  assert_same_values(a->parameters, d->parameters);
  assert_true(a->key == d->key && b->key == c->key && a->key != b->key);
  moth_release(a), moth_release(b), moth_release(c), moth_release(d), moth_release(dense);
  support_close(m, NULL);
}

/* ---- Views ---------------------------------------------------------------------------------------------------------------------------------- */

static void test_views(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_net(m, MOTH_F64, 3, PART_LIST(make_dense(m, 2, "tanh"), make_part(m, MOTH_ACTIVATION, "relu", NULL)));
  moth_tensor *weight, *bias, *matrix, *flat, *none;
  assert_ok(m, moth_net_parameter(m, net, 0, "weight", &weight));
  assert_ok(m, moth_net_parameter(m, net, 0, "bias", &bias));
  assert_ok(m, moth_net_parameter(m, net, 0, "augmented", &matrix));
  assert_ok(m, moth_net_parameters(m, net, &flat));
  assert_int_equal(weight->size[0], 2);
  assert_int_equal(weight->size[1], 3);
  assert_int_equal(matrix->size[0], 4);
  assert_ok(m, moth_tensor_set(m, weight, SIZES(1, 2), 5));
  assert_ok(m, moth_tensor_set(m, bias, SIZES(0), 6));
  double value;
  assert_ok(m, moth_tensor_get(m, matrix, SIZES(2, 1), &value));
  assert_true(value == 5);
  assert_ok(m, moth_tensor_get(m, flat, SIZES(6), &value));
  assert_true(value == 6);
  assert_string_equal(moth_net_parameter_name(net, 0, 0), "weight");
  assert_string_equal(moth_net_parameter_name(net, 0, 1), "bias");
  assert_null(moth_net_parameter_name(net, 0, 2));
  assert_null(moth_net_parameter_name(net, 1, 0));
  assert_fails(m, moth_net_parameter(m, net, 0, "wieght", &none), MOTH_INDEX, "wieght: layer 1 dense(2, \"tanh\") has no 'wieght' (weight bias)");
  assert_fails(m, moth_net_parameter(m, net, 1, "weight", &none), MOTH_INDEX, "weight: layer 2 relu() has no 'weight'; it has no parameters");
  assert_fails(m, moth_net_parameter(m, net, 1, "augmented", &none), MOTH_MISUSE,
               "augmented: layer 2 relu() has no augmented matrix; dense layers have");
  assert_fails(m, moth_net_parameter(m, net, 2, "weight", &none), MOTH_INDEX, "parameter: layer 3: the net has layers 1..2");
  assert_fails(m, moth_net_gradient(m, net, 0, "weight", &none), MOTH_MISUSE,
               "weight_gradient: no gradient: the trainer does not keep them; net:backward or net:backprop writes them");
  assert_fails(m, moth_net_gradients(m, net, &none), MOTH_MISUSE,
               "gradients: no gradient: the trainer does not keep them; net:backward or net:backprop writes them");
  assert_fails(m, moth_net_layer_output(m, net, 0, &none), MOTH_MISUSE, "output: no output: net:forward and net:backprop leave them");
  moth_release(net); /* the views keep the values */
  assert_ok(m, moth_tensor_get(m, flat, SIZES(6), &value));
  assert_true(value == 6);
  moth_release(weight), moth_release(bias), moth_release(matrix), moth_release(flat);
  support_close(m, NULL);
}

/* ---- Forward and predict ---------------------------------------------------------------------------------------------------------------------- */

/* Any dtype and strides, one sample, no rows: all as the same values in the net's dtype. */
static void test_inputs(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_net(m, MOTH_F32, 3, PART_LIST(make_dense(m, 4, "tanh"), make_dense(m, 2, "linear")));
  static const double numbers[] = { 1, 0, 1, 0, 0, 1, 1, 1, 0 };
  moth_tensor *x = make_tensor(m, MOTH_F32, 2, SIZES(3, 3), numbers), *y, *expected, *turned, *one;
  assert_ok(m, moth_net_predict(m, net, x, &expected));
  for (moth_dtype dtype = MOTH_F64; dtype < MOTH_DTYPES; dtype++) {
    moth_tensor *other = make_tensor(m, dtype, 2, SIZES(3, 3), numbers);
    assert_ok(m, moth_net_predict(m, net, other, &y));
    assert_same_values(y, expected);
    moth_release(y), moth_release(other);
  }
  double transposed[9];
  for (int i = 0; i < 9; i++) transposed[i % 3 * 3 + i / 3] = numbers[i];
  moth_tensor *apart = make_tensor(m, MOTH_F32, 2, SIZES(3, 3), transposed);
  assert_ok(m, moth_tensor_permute(m, apart, (const int[]){ 1, 0 }, &turned));
  assert_ok(m, moth_net_predict(m, net, turned, &y));
  assert_same_values(y, expected);
  moth_release(y);
  assert_ok(m, moth_tensor_select(m, x, 0, 1, &one));
  assert_ok(m, moth_net_predict(m, net, one, &y));
  assert_int_equal(y->rank, 1);
  assert_memory_equal(y->values, expected->values + 2 * sizeof(float), 2 * sizeof(float));
  moth_release(y);
  moth_tensor *dx, *empty = make_tensor(m, MOTH_F32, 2, SIZES(0, 3), NULL);
  assert_ok(m, moth_net_forward(m, net, one, &y));
  assert_int_equal(y->rank, 1);
  assert_ok(m, moth_net_backward(m, net, y, false, &dx));
  assert_int_equal(dx->rank, 1);
  moth_release(y), moth_release(dx);
  assert_ok(m, moth_net_predict(m, net, empty, &y));
  assert_int_equal(y->size[0], 0);
  assert_int_equal(y->size[1], 2);
  moth_release(y);
  assert_ok(m, moth_net_forward(m, net, empty, &y));
  assert_ok(m, moth_net_backward(m, net, y, false, NULL));
  for (int64_t i = 0; i < net->gradients->count; i++) assert_true(((float *)net->gradients->values)[i] == 0);
  moth_release(y), moth_release(x), moth_release(expected), moth_release(apart), moth_release(turned), moth_release(one), moth_release(empty);
  moth_release(net);
  support_close(m, NULL);
}

static void test_input_mistakes(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_digits(m);
  moth_tensor *x = make_tensor(m, MOTH_F32, 2, SIZES(0, 63), NULL), *y;
  moth_tensor *rows = random_tensor(m, MOTH_F32, 2, SIZES(5, 63), 1), *image = random_tensor(m, MOTH_F32, 3, SIZES(5, 8, 8), 1);
  assert_fails(m, moth_net_predict(m, net, rows, &y), MOTH_SHAPE,
               "predict: net takes [64] per sample, x is f32[5,63] (63 per row)\n  net made at test.lua:5");
  assert_ok(m, moth_net_forward(m, net, image, &y)); /* a plain row takes images of as many values */
  moth_release(y);
  moth_part *parts[] = { make_part(m, MOTH_LAYER, "flatten", NULL) };
  moth_net *images;
  assert_ok(m, moth_net_create(m, OPTIONS(MOTH_INTS("input", 2, SIZES(7, 9)), MOTH_PARTS(NULL, 1, parts)), &images));
  assert_fails(m, moth_net_predict(m, images, rows, &y), MOTH_SHAPE,
               "predict: net takes [7,9] per sample, x is f32[5,63] (63 per row)\n  x:reshape(-1, 7, 9) has the right shape");
  moth_release(images), moth_release(parts[0]);
  assert_fails(m, network_check_input(m, net, "train", "data.x", rows), MOTH_SHAPE,
               "train: net takes [64] per sample, data.x is f32[5,63]\n  net made at test.lua:5");
  assert_fails(m, moth_net_predict(m, NULL, rows, &y), MOTH_MISUSE, "predict: argument 1 must be a net, got nothing");
  assert_fails(m, moth_net_predict(m, (moth_net *)rows, rows, &y), MOTH_MISUSE, "predict: argument 1 must be a net, got f32[5,63]");
  assert_fails(m, moth_net_predict(m, net, NULL, &y), MOTH_MISUSE, "predict: argument 2 must be a tensor, got nothing");
  assert_fails(m, moth_net_predict(m, net, rows, NULL), MOTH_MISUSE, "predict: no place for the result");
  moth_net *fresh = make_digits(m);
  assert_fails(m, moth_net_backward(m, fresh, rows, false, NULL), MOTH_MISUSE,
               "backward: no forward to go back through; net:forward(x) comes first");
  moth_release(fresh), moth_release(x), moth_release(rows), moth_release(image), moth_release(net);
  support_close(m, NULL);
}

/* predict has chunks of its own and leaves forward's caches alone; results are the caller's. */
static void test_predict_apart(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_net(m, MOTH_F64, 3, PART_LIST(make_dense(m, 4, "gelu"), make_part(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL(NULL, 0.5))),
                                                     make_dense(m, 2, "silu")));
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(600, 3), 1), *y, *p, *dx, *again, *dy = random_tensor(m, MOTH_F64, 2, SIZES(600, 2), 2);
  moth_net *copy;
  assert_ok(m, moth_net_clone(m, net, &copy));
  assert_ok(m, moth_net_forward(m, net, x, &y));
  moth_tensor *kept = copy_of(m, y);
  assert_ok(m, moth_net_predict(m, net, x, &p));
  assert_true(memcmp(p->values, y->values, 64) != 0);  /* no dropout there */
  assert_ok(m, moth_net_backward(m, net, dy, false, &dx));
  moth_tensor *gradients = copy_of(m, net->gradients);
  moth_release(y);
  assert_ok(m, moth_net_forward(m, copy, x, &y));       /* the same draws */
  assert_same_values(y, kept);
  assert_ok(m, moth_net_backward(m, copy, dy, false, &again));
  assert_same_values(dx, again);
  assert_same_values(gradients, copy->gradients);
  moth_release(again);
  for (int64_t i = 0; i < 600; i += 77) {               /* chunks make no difference beyond rounding */
    moth_tensor *one, *q;
    assert_ok(m, moth_tensor_select(m, x, 0, i, &one));
    assert_ok(m, moth_net_predict(m, net, one, &q));
    for (int k = 0; k < 2; k++) assert_close(((double *)q->values)[k], ((double *)p->values)[2 * i + k], 1e-14);
    moth_release(one), moth_release(q);
  }
  moth_release(y), moth_release(p), moth_release(dx), moth_release(kept), moth_release(gradients), moth_release(x), moth_release(dy);
  moth_release(net), moth_release(copy);
  support_close(m, NULL);
}

/* ---- Gradients ------------------------------------------------------------------------------------------------------------------------------------ */

static void test_accumulate(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_net(m, MOTH_F64, 3, PART_LIST(make_dense(m, 4, "tanh"), make_dense(m, 2, "linear")));
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(6, 3), 1), *dy = random_tensor(m, MOTH_F64, 2, SIZES(6, 2), 2), *y, *none;
  assert_ok(m, moth_net_forward(m, net, x, &y));
  assert_ok(m, moth_net_backward(m, net, dy, true, NULL));  /* adds to nothing: starts from zero */
  moth_tensor *once = copy_of(m, net->gradients);
  assert_ok(m, moth_net_backward(m, net, dy, true, NULL));
  for (int64_t i = 0; i < once->count; i++) {
    assert_close(((double *)net->gradients->values)[i], 2 * ((double *)once->values)[i], 1e-14);
  }
  assert_ok(m, moth_net_backward(m, net, dy, false, NULL));
  assert_same_values(net->gradients, once);
  assert_ok(m, moth_net_freeze(m, net, 0, true));
  assert_ok(m, moth_net_backward(m, net, dy, false, NULL));
  for (int64_t i = 0; i < 16; i++) assert_true(((double *)net->gradients->values)[i] == 0);
  assert_memory_equal(net->gradients->values + 16 * 8, once->values + 16 * 8, 10 * 8);
  moth_part *optimizer = make_part(m, MOTH_OPTIMIZER, "sgd", OPTIONS(MOTH_REAL("lr", 1), MOTH_REAL("weight_decay", 0.1)));
  moth_tensor *before = copy_of(m, net->parameters);
  assert_ok(m, moth_optimizer_step(m, optimizer, net));
  assert_memory_equal(net->parameters->values, before->values, 16 * 8);
  assert_memory_not_equal(net->parameters->values + 16 * 8, before->values + 16 * 8, 10 * 8);
  assert_fails(m, moth_net_backward(m, net, x, false, &none), MOTH_SHAPE, "backward: dy is f64[6,3], forward gave f64[6,2]");
  moth_release(before), moth_release(optimizer), moth_release(once), moth_release(x), moth_release(dy), moth_release(y), moth_release(net);
  support_close(m, NULL);
}

static void test_backprop_leaves_outputs(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_net(m, MOTH_F64, 3, PART_LIST(make_part(m, MOTH_LAYER, "identity", NULL), make_dense(m, 2, "softmax")));
  moth_tensor *x = random_tensor(m, MOTH_F64, 2, SIZES(6, 3), 1), *t = make_tensor(m, MOTH_I64, 1, SIZES(6), (double[]){ 0, 1, 1, 0, 1, 0 });
  moth_tensor *h, *p, *q, *none;
  moth_part *loss = make_part(m, MOTH_LOSS, "cross_entropy", NULL), *optimizer = make_part(m, MOTH_OPTIMIZER, "adam", NULL);
  double value, alone;
  assert_ok(m, moth_net_backprop(m, net, x, t, loss, &value));
  assert_ok(m, moth_net_layer_output(m, net, 0, &h));
  assert_ok(m, moth_net_layer_output(m, net, 1, &p));
  assert_same_values(h, x);
  assert_true(h->read_only && p->read_only);
  assert_ok(m, moth_net_predict(m, net, x, &q));
  for (int i = 0; i < 12; i++) assert_close(((double *)p->values)[i], ((double *)q->values)[i], 1e-15);
  assert_ok(m, moth_loss_value(m, loss, q, t, &alone, NULL));
  assert_close(value, alone, 1e-14);
  assert_fails(m, moth_net_backward(m, net, q, false, NULL), MOTH_MISUSE, "backward: no forward to go back through; net:forward(x) comes first");
  assert_fails(m, moth_net_backprop(m, net, x, t, optimizer, &value), MOTH_OPTION, "backprop: loss must be a loss, got the optimizer adam");
  ((int64_t *)t->values)[2] = 2;
  assert_fails(m, moth_net_backprop(m, net, x, t, loss, &value), MOTH_INDEX,
               "backprop: label 2 in row 2 of target, layer 2 dense(2, \"softmax\") has classes 0..1");
  moth_tensor *few = make_tensor(m, MOTH_I64, 1, SIZES(5), (double[]){ 0, 1, 1, 0, 1 });
  assert_fails(m, moth_net_backprop(m, net, x, few, loss, &value), MOTH_SHAPE, "backprop: x has 6 rows, the target is i64[5]");
  moth_tensor *empty = make_tensor(m, MOTH_F64, 2, SIZES(0, 3), NULL);
  assert_fails(m, moth_net_backprop(m, net, empty, few, loss, &value), MOTH_DATA, "backprop: x has 0 rows");
  assert_fails(m, moth_net_layer_output(m, net, 2, &none), MOTH_INDEX, "output: layer 3: the net has layers 1..2");
  moth_release(h), moth_release(p), moth_release(q), moth_release(few), moth_release(empty), moth_release(x), moth_release(t);
  moth_release(loss), moth_release(optimizer), moth_release(net);
  support_close(m, NULL);
}

/* ---- Classes ------------------------------------------------------------------------------------------------------------------------------------------ */

static void test_classify(void **state) {
  for (int base = 0; base <= 1; base++) {
    moth *m = support_open_with(NULL, (moth_config){ .index_base = base });
    moth_net *three = make_net(m, MOTH_F32, 1, PART_LIST(make_dense(m, 3, "linear")));
    moth_net *one = make_net(m, MOTH_F32, 1, PART_LIST(make_dense(m, 1, "sigmoid"))), *line = make_net(m, MOTH_F32, 1, PART_LIST(make_dense(m, 1, "linear")));
    memcpy(three->parameters->values, (float[]){ 1, 2, -3, 0, 0, 0 }, 6 * sizeof(float));
    memcpy(one->parameters->values, (float[]){ 1, 0 }, 2 * sizeof(float));
    moth_tensor *x = make_tensor(m, MOTH_F32, 2, SIZES(4, 1), (double[]){ 1, -1, 0, NAN }), *y, *sample;
    assert_ok(m, moth_net_classify(m, three, x, &y));
    const int64_t expected[] = { 1 + base, 2 + base, 0 + base, 0 + base }, binary[] = { 1 + base, 0 + base, 1 + base, 0 + base };
    assert_memory_equal(y->values, expected, sizeof expected);
    moth_release(y);
    assert_ok(m, moth_net_classify(m, one, x, &y));
    assert_memory_equal(y->values, binary, sizeof binary);
    moth_release(y);
    assert_ok(m, moth_tensor_select(m, x, 0, 0, &sample));
    assert_ok(m, moth_net_classify(m, three, sample, &y));
    assert_int_equal(y->rank, 0);
    moth_release(y);
    assert_fails(m, moth_net_classify(m, line, x, &y), MOTH_SHAPE, "classify: needs one output a class, or a sigmoid; layer 1 is dense(1)");
    moth_release(sample), moth_release(x), moth_release(three), moth_release(one), moth_release(line);
    support_close(m, NULL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_table), cmocka_unit_test(test_building_mistakes), cmocka_unit_test(test_memory_limit),
    cmocka_unit_test(test_seeds), cmocka_unit_test(test_views),
    cmocka_unit_test(test_inputs), cmocka_unit_test(test_input_mistakes), cmocka_unit_test(test_predict_apart), cmocka_unit_test(test_accumulate),
    cmocka_unit_test(test_backprop_leaves_outputs), cmocka_unit_test(test_classify) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
