/* dense, activation, dropout, flatten, identity: each run by hand, as a plan would. */
#include "components.h"

#define SHAPE(...) ((moth_shape){ .rank = sizeof(int64_t[]){ __VA_ARGS__ } / sizeof(int64_t), .size = { __VA_ARGS__ } })

static const moth_shape samples = { .rank = 1, .size = { 3 } };

/* ---- dense ---- */

/* W = [[1, 2, 3], [4, 5, 6]], b = [10, 20]: x·Wᵀ + b by hand. */
static void dense_adds_the_bias_to_every_row(void **state) {
  moth *m = support_open(NULL);
  const double w[] = { 1, 2, 3, 4, 5, 6 }, bias[] = { 10, 20 };
  moth_tensor *weights = make_tensor(m, MOTH_F64, 2, SIZES(2, 3), w), *biases = make_tensor(m, MOTH_F64, 1, SIZES(2), bias);
  moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 2), MOTH_TENSOR("init", weights),
                                                              MOTH_TENSOR("bias_init", biases)));
  for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    bench b;
    bench_open(m, part, dtype, samples, 2, true, &b);
    const double x[] = { 1, 0, -1, 2, 1, 0 }, expected[] = { 8, 18, 14, 33 };
    for (int i = 0; i < 6; i++) store_value(dtype, b.x, i, x[i]);
    assert_ok(m, bench_forward(&b, 0));
    for (int i = 0; i < 4; i++) assert_true(load_value(dtype, b.y, i) == expected[i]);
    bench_close(&b);
  }
  moth_release(part), moth_release(weights), moth_release(biases);
  moth_close(m);
}

static void dense_is_one_block_with_the_bias_last(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT("units", 2), MOTH_REAL("l2", 0.25), MOTH_REAL("l1", 0.5)));
  bench b;
  assert_ok(m, bench_infer(m, part, MOTH_F32, &samples, &b));
  assert_int_equal(b.node.block_count, 1);
  const parameter_block *block = &b.node.blocks[0];
  assert_int_equal(block->count, 8);
  assert_int_equal(block->unit, 2);
  assert_int_equal(block->view_count, 2);
  const parameter_view *weight = &block->views[0], *bias = &block->views[1];
  assert_string_equal(weight->name, "weight");
  assert_true(weight->offset == 0 && weight->size[0] == 2 && weight->size[1] == 3 && weight->strides[0] == 1 && weight->strides[1] == 2);
  assert_true(weight->penalized && weight->l1 == 0.5 && weight->l2 == 0.25);
  assert_string_equal(bias->name, "bias");
  assert_true(bias->offset == 6 && bias->rank == 1 && bias->size[0] == 2 && bias->strides[0] == 1 && !bias->penalized && bias->l2 == 0);
  assert_true(weight->inputs == 3 && weight->outputs == 2);
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

/* Every activation, with and without bias, odd sizes; through the own loops and, at 70·70·40, through OpenBLAS. */
static void dense_gradients_match_central_differences(void **state) {
  moth *m = support_open(NULL);
  const int64_t sizes[][3] = { { 1, 1, 1 }, { 3, 3, 5 }, { 7, 5, 2 } }; /* inputs, units, rows */
  for (int i = 0; moth_catalog(m, MOTH_ACTIVATION, i) != NULL; i++) {
    for (int s = 0; s < 3; s++) {
      for (int bias = 0; bias < 2; bias++) {
        const char *name = moth_catalog(m, MOTH_ACTIVATION, i)->name;
        moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, sizes[s][1]), MOTH_TEXT(NULL, name),
                                                                    MOTH_FLAG("bias", bias), MOTH_TEXT("bias_init", "ones")));
        bench b;
        bench_open(m, part, MOTH_F64, SHAPE(sizes[s][0]), sizes[s][2], true, &b);
        double error = bench_check(&b);
        if (error > 1e-6) fail_msg("dense(%s): error %g", name, error);
        bench_close(&b);
        moth_release(part);
      }
    }
  }
  moth_close(m);
}

static void fill_dense(bench *b) { /* a plain dense step, all at once */
  assert_ok(b->m, bench_forward(b, 0));
  assert_ok(b->m, bench_backward(b, 0, true));
  assert_ok(b->m, bench_gradient(b, 0, false));
}

static void dense_in_blocks_gives_the_same(void **state) {
  moth *m = support_open(NULL);
  const char *const names[] = { "linear", "tanh", "gelu", "softmax" };
  for (int n = 0; n < 4; n++) {
    moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 5), MOTH_TEXT(NULL, names[n])));
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      bench whole, pieces;
      bench_open(m, part, dtype, SHAPE(7), 11, true, &whole);
      bench_open(m, part, dtype, SHAPE(7), 11, true, &pieces);
      fill_dense(&whole);
      assert_ok(m, bench_forward(&pieces, 4));
      assert_ok(m, bench_backward(&pieces, 3, true));
      assert_ok(m, bench_gradient(&pieces, 3, false));
      const size_t size = dtype_size(dtype);
      assert_memory_equal(whole.y, pieces.y, 55 * size);
      assert_memory_equal(whole.dx, pieces.dx, 77 * size);
      assert_memory_equal(whole.gradients[0], pieces.gradients[0], 40 * size);
      bench_close(&whole), bench_close(&pieces);
    }
    moth_release(part);
  }
  moth_close(m);
}

static void dense_adds_to_a_gradient(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 4), MOTH_TEXT(NULL, "sigmoid")));
  for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    bench b;
    bench_open(m, part, dtype, SHAPE(6), 9, true, &b);
    fill_dense(&b);
    double once[28];
    for (int i = 0; i < 28; i++) once[i] = load_value(dtype, b.gradients[0], i);
    assert_ok(m, bench_gradient(&b, 2, true));
    for (int i = 0; i < 28; i++) assert_close(load_value(dtype, b.gradients[0], i), 2 * once[i], dtype == MOTH_F32 ? 1e-6 : 1e-15);
    bench_close(&b);
  }
  moth_release(part);
  moth_close(m);
}

/* Sizes that go to OpenBLAS against sums written out. */
static void dense_of_large_sizes_sums_right(void **state) {
  moth *m = support_open(NULL);
  enum { INPUTS = 300, UNITS = 90, ROWS = 130 };
  moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, UNITS), MOTH_TEXT("bias_init", "ones")));
  for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    const double near = dtype == MOTH_F32 ? 2e-4 : 1e-12;
    bench b;
    assert_ok(m, bench_infer(m, part, dtype, &SHAPE(INPUTS), &b));
    assert_ok(m, b.node.class->prepare(m, &b.node, ROWS));
    random_source source = { .seed = 5 };
    assert_ok(m, bench_parameters(&b, &source));
    bench_rows(&b, ROWS, true);
    fill_dense(&b);
    for (int64_t i = 0; i < ROWS; i += 43) {
      for (int64_t j = 0; j < UNITS; j += 29) {
        double y = load_value(dtype, b.blocks[0], INPUTS * UNITS + j);
        for (int64_t k = 0; k < INPUTS; k++) y += load_value(dtype, b.x, i * INPUTS + k) * load_value(dtype, b.blocks[0], k * UNITS + j);
        assert_close(load_value(dtype, b.y, i * UNITS + j), y, near);
      }
    }
    for (int64_t k = 0; k <= INPUTS; k += 100) {
      double g = 0;
      for (int64_t i = 0; i < ROWS; i++) {
        g += (k < INPUTS ? load_value(dtype, b.x, i * INPUTS + k) : 1) * load_value(dtype, b.dy, i * UNITS + 7);
      }
      assert_close(load_value(dtype, b.gradients[0], k * UNITS + 7), g, near);
    }
    bench_close(&b);
  }
  moth_release(part);
  moth_close(m);
}

static void dense_leaves_its_activation_off_for_logits(void **state) {
  moth *m = support_open(NULL);
  moth_part *linear = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 4)));
  moth_part *silu = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 4), MOTH_TEXT(NULL, "silu")));
  bench a, b;
  bench_open(m, linear, MOTH_F64, samples, 3, true, &a);
  bench_open(m, silu, MOTH_F64, samples, 3, true, &b);
  assert_string_equal(b.node.class->tail(&b.node).class->row.name, "silu");
  b.run.logits = b.run.logits_backward = true;
  fill_dense(&a), fill_dense(&b);
  assert_memory_equal(a.y, b.y, 12 * sizeof(double));
  assert_memory_equal(a.dx, b.dx, 9 * sizeof(double));
  assert_memory_equal(a.gradients[0], b.gradients[0], 16 * sizeof(double));
  bench_close(&a), bench_close(&b);
  moth_release(linear), moth_release(silu);
  moth_close(m);
}

/* predict keeps nothing: the activation that wants its input has it in place. */
static void dense_predicts_without_saved_rows(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 4), MOTH_TEXT(NULL, "gelu")));
  bench training, predicting;
  bench_open(m, part, MOTH_F64, samples, 3, true, &training);
  bench_open(m, part, MOTH_F64, samples, 3, false, &predicting);
  assert_int_equal(training.node.saved_row, 4 * sizeof(double));
  assert_ok(m, bench_forward(&training, 0));
  assert_ok(m, bench_forward(&predicting, 0));
  assert_memory_equal(training.y, predicting.y, 12 * sizeof(double));
  bench_close(&training), bench_close(&predicting);
  moth_release(part);
  moth_close(m);
}

static void dense_says_what_it_needs(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 10), MOTH_TEXT("origin", "digits.lua:6")));
  bench b;
  assert_fails(m, bench_infer(m, part, MOTH_F32, &SHAPE(1, 28, 28), &b), MOTH_SHAPE,
               "net: layer 2 dense(10) needs [n] per sample, layer 1 dense(60) gives [1,28,28]\n"
               "  layer 2 made at digits.lua:6\n"
               "  moth.flatten() before it makes [784] of it");
  bench_close(&b);
  moth_release(part);
  part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, INT64_MAX / 2), MOTH_TEXT("origin", "digits.lua:7")));
  assert_fails(m, bench_infer(m, part, MOTH_F32, &samples, &b), MOTH_LIMIT,
               "net: layer 2 dense(4611686018427387903) has 4611686018427387903 x 3 weights, more than memory can count\n"
               "  layer 2 made at digits.lua:7");
  bench_close(&b);
  moth_release(part);
  assert_status(m, moth_part_create(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 0)), &part), MOTH_OPTION);
  assert_fails(m, moth_part_create(m, MOTH_LAYER, "Linear", OPTIONS(MOTH_INT(NULL, 3)), &part), MOTH_OPTION,
               "no layer 'Linear'; here it is 'dense'");
  assert_status(m, moth_part_create(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT("out_features", 3)), &part), MOTH_OPTION);
  assert_non_null(strstr(moth_message(m), "dense: no option 'out_features'; here it is 'units'"));
  moth_close(m);
}

static void dense_gives_up_when_cancelled(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 512)));
  bench b;
  assert_ok(m, bench_infer(m, part, MOTH_F32, &SHAPE(2048), &b));
  assert_ok(m, b.node.class->prepare(m, &b.node, 2048));
  random_source source = { .seed = 5 };
  assert_ok(m, bench_parameters(&b, &source));
  bench_rows(&b, 2048, true);
  moth_cancel(m); /* 2^32 flop: more than one call of BLAS takes */
  assert_int_equal(bench_forward(&b, 0), MOTH_CANCELLED);
  assert_int_equal(bench_backward(&b, 0, true), MOTH_CANCELLED);
  assert_int_equal(bench_gradient(&b, 0, false), MOTH_CANCELLED);
  assert_true(moth_cancel_taken(m));
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

/* ---- activation ---- */

static void an_activation_is_a_layer(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; moth_catalog(m, MOTH_ACTIVATION, i) != NULL; i++) {
    const char *name = moth_catalog(m, MOTH_ACTIVATION, i)->name;
    moth_part *named = make_part(m, MOTH_LAYER, "activation", OPTIONS(MOTH_TEXT(NULL, name)));
    moth_part *itself = make_part(m, MOTH_ACTIVATION, name, OPTIONS(MOTH_TEXT("name", "bend"), MOTH_TEXT("origin", "a.lua:2")));
    assert_string_equal(layer_name(itself), "bend");
    assert_string_equal(layer_origin(itself), "a.lua:2");
    assert_string_equal(layer_name(named), "");
    bench a, b;
    bench_open(m, named, MOTH_F64, SHAPE(2, 3), 4, true, &a);
    bench_open(m, itself, MOTH_F64, SHAPE(2, 3), 4, true, &b);
    assert_true(a.node.out.rank == 2 && a.node.out.size[1] == 3);
    assert_true(a.node.alias == (strcmp(name, "linear") == 0));
    double error = bench_check(&a);
    if (error > 1e-6) fail_msg("%s: error %g", name, error);
    assert_ok(m, bench_forward(&a, 0));
    assert_ok(m, bench_forward(&b, 3));
    assert_memory_equal(a.y, b.y, 24 * sizeof(double));
    if (strcmp(name, "softmax") == 0) { /* over the last axis, not the whole sample */
      assert_close(((double *)a.y)[0] + ((double *)a.y)[1] + ((double *)a.y)[2], 1, 1e-15);
    }
    a.run.logits = a.run.logits_backward = true;
    assert_ok(m, bench_forward(&a, 0));
    assert_memory_equal(a.y, a.x, 24 * sizeof(double));
    assert_ok(m, bench_backward(&a, 0, true));
    assert_memory_equal(a.dx, a.dy, 24 * sizeof(double));
    bench_close(&a), bench_close(&b);
    moth_release(named), moth_release(itself);
  }
  moth_close(m);
}

/* ---- dropout ---- */

static moth_part *dropout(moth *m, double p) { return make_part(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL(NULL, p))); }

static void dropout_keeps_the_rest_scaled(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = dropout(m, 0.2);
  for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    bench b;
    bench_open(m, part, dtype, SHAPE(101), 100, true, &b);
    assert_ok(m, bench_forward(&b, 0));
    int64_t kept = 0;
    for (int64_t i = 0; i < 10100; i++) {
      const double x = load_value(dtype, b.x, i), y = load_value(dtype, b.y, i);
      kept += y != 0;
      if (y != 0) assert_close(y, x * 1.25, 1e-6);
    }
    assert_true(kept > 7900 && kept < 8260); /* 8080 ± 4.5 deviations of 40 */
    bench_close(&b);
  }
  moth_release(part);
  moth_close(m);
}

/* word i of block element/4 under the counter of key, step and node decides element i of the batch. */
static void dropout_draws_one_word_an_element(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = dropout(m, 0.5);
  for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    bench b;
    bench_open(m, part, dtype, SHAPE(7), 9, true, &b);
    assert_ok(m, bench_forward(&b, 2)); /* blocks of 14 elements: not whole ones of Philox */
    for (uint32_t i = 0; i < 63; i++) {
      uint32_t counter[4], words[4];
      random_counter(counter, i / 4, b.run.step, RANDOM_DROPOUT, (uint32_t)b.node.index);
      random_block(counter, b.run.key, words);
      const bool keeps = (double)(words[i % 4] >> 8) * 0x1p-24 >= 0.5;
      assert_true(load_value(dtype, b.y, i) == (keeps ? 2 * load_value(dtype, b.x, i) : 0));
    }
    bench_close(&b);
  }
  moth_release(part);
  moth_close(m);
}

static void dropout_goes_back_through_the_same_mask(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = dropout(m, 0.3);
  bench b;
  bench_open(m, part, MOTH_F64, SHAPE(3, 5), 7, true, &b);
  assert_true(bench_check(&b) < 1e-6);
  double *whole = malloc(105 * sizeof *whole);
  memcpy(whole, b.dx, 105 * sizeof *whole);
  assert_ok(m, bench_backward(&b, 2, true));
  assert_memory_equal(whole, b.dx, 105 * sizeof *whole);
  b.run.step++; /* another step, another mask */
  assert_ok(m, bench_backward(&b, 0, true));
  assert_memory_not_equal(whole, b.dx, 105 * sizeof *whole);
  free(whole);
  bench_close(&b);
  moth_release(part);
  moth_close(m);
}

static void dropout_does_nothing_outside_training(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = dropout(m, 0.9), *wrong = NULL;
  bench b;
  bench_open(m, part, MOTH_F32, SHAPE(6), 5, false, &b);
  assert_true(b.node.alias_predicting && !b.node.alias);
  assert_ok(m, bench_forward(&b, 2));
  assert_memory_equal(b.x, b.y, 30 * sizeof(float));
  bench_close(&b);
  moth_release(part);
  part = dropout(m, 0);
  bench_open(m, part, MOTH_F32, SHAPE(6), 5, true, &b);
  assert_ok(m, bench_forward(&b, 0));
  assert_memory_equal(b.x, b.y, 30 * sizeof(float));
  bench_close(&b);
  moth_release(part);
  assert_status(m, moth_part_create(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_INT(NULL, 1)), &wrong), MOTH_OPTION);
  assert_fails(m, moth_part_create(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL("rate", 0.5)), &wrong), MOTH_OPTION,
               "dropout: no option 'rate'; here it is 'p' (options: p name input)");
  moth_close(m);
}

/* ---- flatten, identity ---- */

static void flatten_and_identity_are_their_input(void **state) {
  moth *m = support_open(NULL);
  const char *const names[] = { "flatten", "identity" };
  for (int i = 0; i < 2; i++) {
    moth_part *part = make_part(m, MOTH_LAYER, names[i], NULL);
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      bench b;
      bench_open(m, part, dtype, SHAPE(2, 3, 4), 5, true, &b);
      assert_true(b.node.alias);
      assert_int_equal(b.node.out.rank, i == 0 ? 1 : 3);
      assert_int_equal(layer_features(&b.node), 24);
      assert_ok(m, bench_forward(&b, 2));
      assert_memory_equal(b.x, b.y, 120 * dtype_size(dtype));
      assert_ok(m, bench_backward(&b, 2, true));
      assert_memory_equal(b.dx, b.dy, 120 * dtype_size(dtype));
      bench_close(&b);
    }
    moth_release(part);
  }
  moth_close(m);
}

/* ---- The catalog ---- */

static void every_layer_takes_name_input_and_origin(void **state) {
  moth *m = support_open(NULL);
  const moth_part_kind kinds[] = { MOTH_LAYER, MOTH_ACTIVATION };
  for (int k = 0; k < 2; k++) {
    const moth_row *row;
    for (int i = 0; (row = moth_catalog(m, kinds[k], i)) != NULL; i++) {
      assert_true(row->option_count >= LAYER_COMMON_OPTIONS);
      assert_string_equal(row->options[row->option_count - 3].key, "name");
      assert_string_equal(row->options[row->option_count - 2].key, "input");
      assert_string_equal(row->options[row->option_count - 1].key, "origin");
      assert_true(row->doc != NULL && strchr(row->doc, '\n') != NULL && row->example != NULL && row->foreign != NULL);
    }
  }
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dense_adds_the_bias_to_every_row),
    cmocka_unit_test(dense_is_one_block_with_the_bias_last),
    cmocka_unit_test(dense_gradients_match_central_differences),
    cmocka_unit_test(dense_in_blocks_gives_the_same),
    cmocka_unit_test(dense_adds_to_a_gradient),
    cmocka_unit_test(dense_of_large_sizes_sums_right),
    cmocka_unit_test(dense_leaves_its_activation_off_for_logits),
    cmocka_unit_test(dense_predicts_without_saved_rows),
    cmocka_unit_test(dense_says_what_it_needs),
    cmocka_unit_test(dense_gives_up_when_cancelled),
    cmocka_unit_test(an_activation_is_a_layer),
    cmocka_unit_test(dropout_keeps_the_rest_scaled),
    cmocka_unit_test(dropout_draws_one_word_an_element),
    cmocka_unit_test(dropout_goes_back_through_the_same_mask),
    cmocka_unit_test(dropout_does_nothing_outside_training),
    cmocka_unit_test(flatten_and_identity_are_their_input),
    cmocka_unit_test(every_layer_takes_name_input_and_origin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
