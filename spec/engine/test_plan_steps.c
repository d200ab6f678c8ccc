/* Training steps: bits do not depend on fusing, threads or who looks; a step allocates nothing; one that is cancelled, fails or is held
 * back changes nothing. */
#include "nets.h"

#include <math.h>

/* ---- A net under training ------------------------------------------------------------------------------------------------------------ */

typedef struct course {
  moth *m;
  moth_net *net;
  moth_tensor *x, *t;
  moth_part *loss, *optimizer;
  plan *run;
  plan_step_job job;
} course;

enum { ROWS = 150, INPUTS = 300 };

/* Wide enough for several blocks of rows and ranges of parameters; one layer wants the whole batch. */
static moth_net *make_wide(moth *m, moth_dtype dtype) {
  return make_net(m, dtype, INPUTS, PART_LIST(make_dense(m, 200, "relu"), make_dense(m, 200, "tanh"), make_layer(m, &layer_center, NULL),
                                              make_dense(m, 150, "gelu"), make_dense(m, 12, "softmax")));
}

/* One layer is used twice, one draws. */
static moth_net *make_shared(moth *m, moth_dtype dtype) {
  moth_part *twice = make_dense(m, 60, "tanh"), *drop = make_part(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL(NULL, 0.25)));
  return make_net(m, dtype, INPUTS, PART_LIST(make_dense(m, 60, "elu"), twice, drop, twice, make_layer(m, &layer_center, NULL),
                                              make_dense(m, 12, "softmax")));
}

static course course_open(moth *m, moth_net *net, const moth_option *optimizer_options, const char *optimizer) {
  course c = { .m = m, .net = net, .loss = make_part(m, MOTH_LOSS, "cross_entropy", NULL) };
  c.x = random_tensor(m, net->dtype, 2, SIZES(ROWS, INPUTS), 1);
  double labels[ROWS];
  for (int i = 0; i < ROWS; i++) labels[i] = i * 7 % 12;
  c.t = make_tensor(m, MOTH_I64, 1, SIZES(ROWS), labels);
  c.optimizer = make_part(m, MOTH_OPTIMIZER, optimizer, optimizer_options);
  assert_ok(m, optimizer_bind(m, "test", c.optimizer, net->id, net->dtype, net->parameter_count));
  assert_ok(m, plan_create(m, "test", net, PLAN_TRAINING, ROWS, &c.run));
  c.job = (plan_step_job){ .rows = ROWS, .x = { .values = c.x->values },
                           .targets = { .source = { .values = c.t->values }, .classes = true }, .loss = c.loss,
                           .optimizer = c.optimizer, .lr = 0.05, .training = true, .key = 5 };
  return c;
}
static void course_close(course *c) {
  plan_free(c->m, c->run);
  moth_release(c->x), moth_release(c->t), moth_release(c->loss), moth_release(c->optimizer), moth_release(c->net);
}
static plan_result course_step(course *c) {
  plan_result result;
  assert_ok(c->m, plan_step(c->run, "test", &c->job, NULL, NULL, &result));
  c->job.step++;
  return result;
}

/* Everything that training changes. */
typedef struct snapshot { moth_tensor *parameters, *buffers; void *vectors[OPTIMIZER_MAX_STATES]; int64_t step; } snapshot;

static snapshot take_snapshot(const course *c) {
  const optimizer_state *state = optimizer_state_of(c->optimizer);
  snapshot s = { copy_of(c->m, c->net->parameters), copy_of(c->m, c->net->buffers), { 0 }, state->step };
  size_t bytes = (size_t)state->count * dtype_size(state->dtype);
  for (int i = 0; i < state->vectors; i++) memcpy(s.vectors[i] = malloc(bytes), state->vector[i], bytes);
  return s;
}
static void assert_unchanged(const course *c, const snapshot *s) {
  const optimizer_state *state = optimizer_state_of(c->optimizer);
  assert_same_values(c->net->parameters, s->parameters);
  assert_same_values(c->net->buffers, s->buffers);
  assert_int_equal(state->step, s->step);
  for (int i = 0; i < state->vectors; i++) {
    assert_memory_equal(state->vector[i], s->vectors[i], (size_t)state->count * dtype_size(state->dtype));
  }
}
static void snapshot_free(snapshot *s) {
  moth_release(s->parameters), moth_release(s->buffers);
  for (int i = 0; i < OPTIMIZER_MAX_STATES; i++) free(s->vectors[i]);
}

/* ---- Bits ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct way { const char *optimizer; moth_option options[3]; } way;
static const way ways[] = { { "sgd", { MOTH_REAL("lr", 0.05), MOTH_END } },
                            { "sgd", { MOTH_REAL("lr", 0.05), MOTH_REAL("momentum", 0.9), MOTH_END } },
                            { "adam", { MOTH_REAL("lr", 0.05), MOTH_END } } };

/* Six steps: fused; with gradients kept; with a clip that never bites; by backprop and moth_optimizer_step. */
static moth_tensor *train(moth *m, moth_dtype dtype, const way *w, int how) {
  course c = course_open(m, make_shared(m, dtype), w->options, w->optimizer);
  const moth_clip wide = { .norm = 1e30 };
  c.job.keep_gradients = how == 1;
  if (how == 2) c.job.clip = &wide;
  c.job.key = c.net->key;
  for (int i = 0; i < 6; i++) {
    if (how < 3) {
      course_step(&c);
      assert_int_equal(c.net->gradients_valid, how == 1);
      continue;
    }
    double value;
    assert_ok(m, moth_net_backprop(m, c.net, c.x, c.t, c.loss, &value));
    assert_ok(m, moth_optimizer_step(m, c.optimizer, c.net));
  }
  moth_tensor *result = copy_of(m, c.net->parameters);
  course_close(&c);
  return result;
}

static void test_fused_equals_unfused(void **state) {
  moth *m = support_open(NULL);
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
      moth_tensor *first = train(m, dtype, &ways[w], 0);
      for (int how = 1; how < 4; how++) {
        moth_tensor *other = train(m, dtype, &ways[w], how);
        assert_same_values(first, other);
        moth_release(other);
      }
      moth_release(first);
    }
  }
  support_close(m, NULL);
}

static void test_threads_share_bits(void **state) {
  moth *m = support_open(NULL);
  moth_tensor *first[2] = { NULL, NULL };
  static const int threads[] = { 1, 2, 4 };
  for (int i = 0; i < 3; i++) {
    assert_ok(m, moth_set_threads(m, threads[i]));
    for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      course c = course_open(m, make_wide(m, dtype), ways[2].options, "adam");
      double sum = 0;
      for (int k = 0; k < 5; k++) sum = course_step(&c).value;
      assert_true(c.run != NULL && sum > 0);
      if (first[dtype] == NULL) first[dtype] = copy_of(m, c.net->parameters);
      else assert_same_values(first[dtype], c.net->parameters);
      course_close(&c);
    }
  }
  moth_release(first[0]), moth_release(first[1]);
  support_close(m, NULL);
}

/* The number of threads may change while a plan lives. */
static void test_threads_may_change(void **state) {
  moth *m = support_open(NULL);
  course c = course_open(m, make_wide(m, MOTH_F32), ways[0].options, "sgd");
  course same = course_open(m, make_wide(m, MOTH_F32), ways[0].options, "sgd");
  for (int i = 0; i < 4; i++) {
    assert_ok(m, moth_set_threads(m, 1 + i));
    course_step(&c);
  }
  assert_ok(m, moth_set_threads(m, 1));
  for (int i = 0; i < 4; i++) course_step(&same);
  assert_same_values(c.net->parameters, same.net->parameters);
  course_close(&c), course_close(&same);
  support_close(m, NULL);
}

/* ---- What a step may not do ---------------------------------------------------------------------------------------------------------- */

static void gather_rows(const void *data, int64_t row, int64_t rows, void *out) {
  const moth_tensor *t = data;
  size_t bytes = (size_t)(t->count / t->size[0]) * dtype_size(t->dtype);
  memcpy(out, t->values + (size_t)row * bytes, (size_t)rows * bytes);
}

static void test_steps_allocate_nothing(void **state) {
  for (int threads = 1; threads <= 2; threads++) {
    moth *m = support_open_with(NULL, (moth_config){ .threads = threads });
    course c = course_open(m, make_shared(m, MOTH_F32), ways[2].options, "adam");
    c.job.x = (plan_source){ .gather = gather_rows, .data = c.x };
    c.job.targets.source = (plan_source){ .gather = gather_rows, .data = c.t };
    c.job.want_outputs = true;
    course_step(&c);
    uint64_t before = moth_memory_calls(m);
    for (int i = 0; i < 100; i++) {
      c.job.rows = i % 3 == 0 ? ROWS : ROWS - i;
      course_step(&c);
    }
    assert_int_equal(moth_memory_calls(m), before);
    course_close(&c);
    support_close(m, NULL);
  }
}

typedef struct cancelling { moth *m; const moth_tensor *t; int64_t row; } cancelling;
static void gather_and_cancel(const void *data, int64_t row, int64_t rows, void *out) {
  const cancelling *c = data;
  if (row >= c->row) moth_cancel(c->m);
  gather_rows(c->t, row, rows, out);
}

static void test_cancelled_steps_change_nothing(void **state) {
  moth *m = support_open(NULL);
  for (int threads = 1; threads <= 2; threads++) {
    assert_ok(m, moth_set_threads(m, threads));
    course c = course_open(m, make_wide(m, MOTH_F32), ways[2].options, "adam");
    course same = course_open(m, make_wide(m, MOTH_F32), ways[2].options, "adam");
    course_step(&c), course_step(&same);
    snapshot before = take_snapshot(&c);
    for (int64_t row = 0; row < ROWS; row += 40) {
      cancelling when = { m, c.x, row };
      plan_step_job job = c.job;
      job.x = (plan_source){ .gather = gather_and_cancel, .data = &when };
      plan_result result = { .value = -1 };
      assert_fails(m, plan_step(c.run, "train", &job, NULL, NULL, &result), MOTH_CANCELLED, "train: cancelled");
      assert_true(result.value == -1);
      assert_unchanged(&c, &before);
      assert_false(moth_cancel_taken(m));
    }
    course_step(&c), course_step(&same);
    assert_same_values(c.net->parameters, same.net->parameters);
    assert_same_values(c.net->buffers, same.net->buffers);
    snapshot_free(&before), course_close(&c), course_close(&same);
  }
  support_close(m, NULL);
}

static bool refuse(void *data, double value) {
  *(double *)data = value;
  return false;
}

static void test_steps_held_back_change_nothing(void **state) {
  moth *m = support_open(NULL);
  course c = course_open(m, make_wide(m, MOTH_F32), ways[1].options, "sgd");
  course_step(&c);
  snapshot before = take_snapshot(&c);
  plan_result result;
  double seen = 0;
  assert_ok(m, plan_step(c.run, "test", &c.job, refuse, &seen, &result));
  assert_true(seen > 0 && seen == result.value);
  assert_unchanged(&c, &before);
  snapshot_free(&before), course_close(&c);
  support_close(m, NULL);
}

static void test_failing_layers_change_nothing(void **state) {
  moth *m = support_open(NULL);
  breaker b = { BREAK_NEVER };
  moth_net *net = make_net(m, MOTH_F32, INPUTS, PART_LIST(make_dense(m, 30, "tanh"), make_layer(m, &layer_center, NULL),
                           make_layer(m, &layer_breaker, OPTIONS(MOTH_CALL(NULL, abort, &b, NULL))), make_dense(m, 12, "softmax")));
  course c = course_open(m, net, ways[2].options, "adam");
  course_step(&c);
  snapshot before = take_snapshot(&c);
  plan_result result;
  for (b.when = BREAK_FORWARD; b.when <= BREAK_BACKWARD; b.when++) {
    assert_fails(m, plan_step(c.run, "test", &c.job, NULL, NULL, &result), MOTH_CALLBACK, "broken");
    assert_unchanged(&c, &before);
  }
  assert_status(m, plan_step(c.run, "test", &c.job, NULL, NULL, &result), MOTH_CANCELLED);
  assert_unchanged(&c, &before);
  b.when = BREAK_NEVER;
  course_step(&c);
  snapshot_free(&before), course_close(&c);
  support_close(m, NULL);
}

/* ---- Between backward and update ----------------------------------------------------------------------------------------------------- */

static double value_at(const moth_tensor *t, int64_t i) { return load_value(t->dtype, t->values, i); }

/* With plain SGD at rate 1 the change is the gradient. */
static moth_tensor *gradient_by_step(course *c, plan_result *result) {
  c->job.lr = 1;
  moth_tensor *before = copy_of(c->m, c->net->parameters);
  *result = course_step(c);
  for (int64_t i = 0; i < before->count; i++) {
    store_value(before->dtype, before->values, i, value_at(before, i) - value_at(c->net->parameters, i));
  }
  return before;
}

static void test_penalties(void **state) {
  moth *m = support_open(NULL);
  moth_part *own = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 9), MOTH_REAL("l1", 0.5), MOTH_REAL("l2", 0.125)));
  moth_net *net = make_net(m, MOTH_F64, INPUTS, PART_LIST(own, make_dense(m, 12, "softmax")));
  course c = course_open(m, net, ways[0].options, "sgd");
  moth_tensor *w = copy_of(m, net->parameters);
  assert_ok(m, moth_net_backprop(m, net, c.x, c.t, c.loss, NULL));
  moth_tensor *plain = copy_of(m, net->gradients);
  c.job.penalties = (plan_penalties){ .l1 = 0.25, .l2 = 1 };
  plan_result result;
  moth_tensor *g = gradient_by_step(&c, &result);
  const int64_t weights = INPUTS * 9, first = weights + 9, second = first + 9 * 12;
  for (int64_t i = 0; i < w->count; i++) {
    bool is_first = i < weights, is_bias = (i >= weights && i < first) || i >= second;
    double l1 = is_bias ? 0 : 0.25 + (is_first ? 0.5 : 0), l2 = is_bias ? 0 : 1 + (is_first ? 0.125 : 0), v = value_at(w, i);
    assert_close(value_at(g, i), value_at(plain, i) + l1 * (v > 0 ? 1 : v < 0 ? -1 : 0) + 2 * l2 * v, 1e-13);
  }
  moth_release(w), moth_release(plain), moth_release(g);
  course_close(&c);
  support_close(m, NULL);
}

static void test_clipping(void **state) {
  moth *m = support_open(NULL);
  for (int by_value = 0; by_value <= 1; by_value++) {
    course c = course_open(m, make_wide(m, MOTH_F64), ways[0].options, "sgd");
    assert_ok(m, moth_net_backprop(m, c.net, c.x, c.t, c.loss, NULL));
    moth_tensor *plain = copy_of(m, c.net->gradients);
    double norm = 0;
    for (int64_t i = 0; i < plain->count; i++) norm += value_at(plain, i) * value_at(plain, i);
    norm = sqrt(norm);
    const moth_clip clip = by_value ? (moth_clip){ .value = 1e-4 } : (moth_clip){ .norm = norm / 3 };
    c.job.clip = &clip;
    plan_result result;
    moth_tensor *g = gradient_by_step(&c, &result);
    assert_close(result.norm, norm, 1e-12);
    for (int64_t i = 0; i < plain->count; i++) {
      double v = value_at(plain, i), clipped = by_value ? fmax(-1e-4, fmin(1e-4, v)) : v / 3;
      assert_close(value_at(g, i), clipped, 1e-14);
    }
    moth_release(plain), moth_release(g);
    course_close(&c);
  }
  support_close(m, NULL);
}

/* Norms of other orders, and of values whose squares leave the range of a double. */
static void test_norms(void **state) {
  moth *m = support_open(NULL);
  moth_net *net = make_net(m, MOTH_F64, 3, PART_LIST(make_dense(m, 1, "linear")));
  assert_ok(m, network_ensure_gradients(m, net));
  net->gradients_valid = true;
  double *g = (double *)net->gradients->values, norm;
  static const struct { double order, scale, norm; } cases[] = {
    { 0, 1, 13 }, { 2, 1e200, 13e200 }, { 2, 1e-200, 13e-200 }, { 1, 1, 19 }, { INFINITY, 1, 12 },
    { 3, 1, 12.207054953820638 /* the cube root of 1819 */ } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    g[0] = 3 * cases[i].scale, g[1] = -4 * cases[i].scale, g[2] = 12 * cases[i].scale, g[3] = 0;
    assert_ok(m, moth_net_clip(m, net, &(moth_clip){ .norm = 1e300, .order = cases[i].order }, &norm));
    assert_close(norm / cases[i].scale, cases[i].norm / cases[i].scale, 1e-6);
  }
  g[0] = NAN;
  assert_ok(m, moth_net_clip(m, net, &(moth_clip){ .norm = 1 }, &norm));
  assert_true(isnan(norm) && g[2] == 12);
  assert_fails(m, moth_net_clip(m, net, &(moth_clip){ .norm = -1 }, &norm), MOTH_OPTION, "clip: norm, order and value must be >= 0");
  assert_fails(m, moth_net_clip(m, net, &(moth_clip){ .order = 1 }, &norm), MOTH_OPTION, "clip: norm or value must be > 0");
  moth_release(net);
  support_close(m, NULL);
}

static void test_row_weights(void **state) {
  moth *m = support_open(NULL);
  course c = course_open(m, make_wide(m, MOTH_F64), ways[0].options, "sgd");
  double weights[ROWS];
  for (int i = 0; i < ROWS; i++) weights[i] = i < 50 ? 1 : 0;
  c.job.targets.weights = weights;
  plan_result all, half;
  all = course_step(&c);
  assert_close(all.weight, 50, 0);
  assert_close(all.value, all.sum / 50, 1e-15);
  c.job.targets.weights = NULL;
  half = course_step(&c);
  assert_close(half.weight, ROWS, 0);
  course_close(&c);
  support_close(m, NULL);
}

/* Above 2^30 flop a step writes its gradients before it updates; the result is the same. */
static void test_big_steps(void **state) {
  moth *m = support_open(NULL);
  moth_tensor *parameters[2];
  for (int by_hand = 0; by_hand <= 1; by_hand++) {
    moth_net *net = make_net(m, MOTH_F32, INPUTS,
                             PART_LIST(make_dense(m, 2000, "relu"), make_dense(m, 600, "relu"), make_dense(m, 12, "softmax")));
    course c = course_open(m, net, ways[0].options, "sgd");
    if (by_hand) {
      assert_ok(m, moth_net_backprop(m, net, c.x, c.t, c.loss, NULL));
      assert_ok(m, moth_optimizer_step(m, c.optimizer, net));
    } else {
      course_step(&c);
      assert_non_null(net->gradients);
      assert_false(net->gradients_valid);
    }
    parameters[by_hand] = copy_of(m, net->parameters);
    course_close(&c);
  }
  assert_same_values(parameters[0], parameters[1]);
  moth_release(parameters[0]), moth_release(parameters[1]);
  support_close(m, NULL);
}

/* ---- What it tells ------------------------------------------------------------------------------------------------------------------- */

static void test_first_not_finite(void **state) {
  moth *m = support_open(NULL);
  course c = course_open(m, make_wide(m, MOTH_F32), ways[0].options, "sgd");
  course_step(&c);
  assert_int_equal(plan_first_not_finite(c.run, ROWS), -1);
  moth_tensor *bias;
  assert_ok(m, moth_net_parameter(m, c.net, 1, "bias", &bias));
  ((float *)bias->values)[3] = NAN;
  plan_result result;
  assert_ok(m, plan_step(c.run, "test", &c.job, refuse, &(double){ 0 }, &result));
  assert_true(isnan(result.value));
  assert_int_equal(plan_first_not_finite(c.run, ROWS), 1);
  moth_release(bias);
  course_close(&c);
  support_close(m, NULL);
}

/* Losses of predictions are computed from the logits too: ±1000 stays finite. */
static void test_losses_of_predictions(void **state) {
  moth *m = support_open(NULL);
  static const char *const ends[][2] = { { "softmax", "cross_entropy" }, { "sigmoid", "binary_cross_entropy" } };
  for (int i = 0; i < 2; i++) {
    moth_net *net = make_net(m, MOTH_F32, 2, PART_LIST(make_dense(m, 2, ends[i][0])));
    moth_part *loss = make_part(m, MOTH_LOSS, ends[i][1], NULL);
    float *w = (float *)net->parameters->values;
    w[0] = 1000, w[1] = -1000, w[2] = w[3] = 0;
    moth_tensor *x = make_tensor(m, MOTH_F32, 2, SIZES(1, 2), (double[]){ 1, 0 });
    moth_tensor *t = make_tensor(m, MOTH_F32, 2, SIZES(1, 2), (double[]){ 0, 1 });
    double value, sum = 0, weight = 0;
    assert_ok(m, moth_net_backprop(m, net, x, t, loss, &value));
    assert_close(value, i == 0 ? 2000 : 1000, 1e-6);
    assert_true(m->kernels->of[MOTH_F32].is_finite(net->gradients->values, net->gradients->count));
    plan *run;
    assert_ok(m, plan_create(m, "test", net, PLAN_PREDICTING, 8, &run));
    assert_ok(m, plan_forward(run, "test", &(plan_source){ .values = x->values }, 1, false, 0, 0));
    assert_ok(m, plan_loss(run, loss, &(plan_targets){ .source = { .values = t->values } }, 1, &sum, &weight));
    assert_close(sum / weight, value, 1e-6);
    plan_free(m, run);
    moth_release(x), moth_release(t), moth_release(loss), moth_release(net);
  }
  support_close(m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_fused_equals_unfused), cmocka_unit_test(test_threads_share_bits), cmocka_unit_test(test_threads_may_change),
    cmocka_unit_test(test_steps_allocate_nothing), cmocka_unit_test(test_cancelled_steps_change_nothing),
    cmocka_unit_test(test_steps_held_back_change_nothing), cmocka_unit_test(test_failing_layers_change_nothing),
    cmocka_unit_test(test_penalties), cmocka_unit_test(test_clipping), cmocka_unit_test(test_norms),
    cmocka_unit_test(test_row_weights), cmocka_unit_test(test_big_steps), cmocka_unit_test(test_first_not_finite),
    cmocka_unit_test(test_losses_of_predictions) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
