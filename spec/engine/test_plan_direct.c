/* Plain SGD straight into the weights: a training whose layers apply it themselves has the bits of one whose gradients are written
 * first. */
#include "nets.h"

typedef struct shape { int64_t inputs, first, second, rows; bool bias; } shape;
static const shape shapes[] = { { 19, 37, 5, 1, true }, { 300, 130, 7, 1, true }, { 65, 1, 3, 1, true }, { 1, 9, 3, 1, false },
                                { 64, 48, 11, 3, true }, { 19, 65, 1, 3, false }, { 300, 130, 7, 64, true }, { 33, 17, 3, 64, false },
                                { 301, 203, 13, 200, true } };
enum { SHAPES = sizeof shapes / sizeof *shapes, STEPS = 5 };

/* How the gradient goes to the weights. */
enum { DIRECT, KEPT, CLIPPED, BY_THEMSELVES, PUT_OFF, WAYS };

static moth_part *dense(moth *m, int64_t units, const char *activation, bool bias) {
  return make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, units), MOTH_TEXT(NULL, activation), MOTH_FLAG("bias", bias)));
}

static moth_tensor *train(moth *m, moth_dtype dtype, const shape *s, int way) {
  moth_net *net = make_net(m, dtype, s->inputs, PART_LIST(dense(m, s->first, "relu", s->bias), dense(m, s->second, "tanh", s->bias)));
  moth_part *loss = make_part(m, MOTH_LOSS, "mse", NULL), *sgd = make_part(m, MOTH_OPTIMIZER, "sgd", OPTIONS(MOTH_REAL("lr", 0.3)));
  moth_tensor *x = random_tensor(m, dtype, 2, SIZES(s->rows, s->inputs), 3), *t = random_tensor(m, dtype, 2, SIZES(s->rows, s->second), 4);
  assert_ok(m, optimizer_bind(m, "test", sgd, net->id, dtype, net->parameter_count));
  plan *run;
  assert_ok(m, plan_create(m, "test", net, PLAN_TRAINING, s->rows, &run));
  const moth_clip wide = { .norm = 1e30 };
  plan_step_job job = { .rows = s->rows, .x = { .values = x->values }, .targets = { .source = { .values = t->values } }, .loss = loss,
                        .optimizer = sgd, .lr = 0.3, .training = true, .may_owe = way == PUT_OFF, .keep_gradients = way == KEPT,
                        .clip = way == CLIPPED ? &wide : NULL };
  for (int i = 0; i < STEPS; i++) {
    plan_result result;
    double value;
    if (way == BY_THEMSELVES) {
      assert_ok(m, moth_net_backprop(m, net, x, t, loss, &value));
      assert_ok(m, moth_optimizer_step(m, sgd, net));
    } else {
      assert_ok(m, plan_step(run, "test", &job, NULL, NULL, &result));
    }
  }
  plan_pay(run);
  moth_tensor *parameters = copy_of(m, net->parameters);
  plan_free(m, run);
  moth_release(x), moth_release(t), moth_release(loss), moth_release(sgd), moth_release(net);
  return parameters;
}

static void test_direct_equals_written(void **state) {
  moth *m = support_open(NULL);
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    for (int s = 0; s < SHAPES; s++) {
      assert_ok(m, moth_set_threads(m, 1));
      moth_tensor *direct = train(m, dtype, &shapes[s], DIRECT);
      for (int way = 0; way < WAYS; way++) {
        assert_ok(m, moth_set_threads(m, 1 + (way + s) % 2));
        moth_tensor *other = train(m, dtype, &shapes[s], way);
        assert_same_values(direct, other);
        moth_release(other);
      }
      moth_release(direct);
    }
  }
  support_close(m, NULL);
}

/* Momentum, decay and layers used twice see whole gradients. */
static void test_others_are_not_direct(void **state) {
  moth *m = support_open(NULL);
  static const moth_option options[][3] = { { MOTH_REAL("lr", 0.3), MOTH_REAL("momentum", 0.5), MOTH_END },
                                            { MOTH_REAL("lr", 0.3), MOTH_REAL("weight_decay", 0.25), MOTH_END },
                                            { MOTH_REAL("lr", 0.3), MOTH_END } };
  for (int i = 0; i < 3; i++) {
    moth_tensor *results[2];
    for (int kept = 0; kept < 2; kept++) {
      moth_part *twice = dense(m, 40, "tanh", true);
      moth_net *net = make_net(m, MOTH_F32, 40, PART_LIST(twice, dense(m, 40, "relu", true), twice));
      moth_part *loss = make_part(m, MOTH_LOSS, "mse", NULL), *sgd = make_part(m, MOTH_OPTIMIZER, "sgd", options[i]);
      moth_tensor *x = random_tensor(m, MOTH_F32, 2, SIZES(1, 40), 3), *t = random_tensor(m, MOTH_F32, 2, SIZES(1, 40), 4);
      assert_ok(m, optimizer_bind(m, "test", sgd, net->id, MOTH_F32, net->parameter_count));
      plan *run;
      assert_ok(m, plan_create(m, "test", net, PLAN_TRAINING, 1, &run));
      plan_step_job job = { .rows = 1, .x = { .values = x->values }, .targets = { .source = { .values = t->values } }, .loss = loss,
                            .optimizer = sgd, .lr = 0.3, .training = true, .keep_gradients = kept };
      plan_result result;
      for (int k = 0; k < STEPS; k++) assert_ok(m, plan_step(run, "test", &job, NULL, NULL, &result));
      results[kept] = copy_of(m, net->parameters);
      plan_free(m, run);
      moth_release(x), moth_release(t), moth_release(loss), moth_release(sgd), moth_release(net);
    }
    assert_same_values(results[0], results[1]);
    moth_release(results[0]), moth_release(results[1]);
  }
  support_close(m, NULL);
}

/* Batches of one row put their updates off, others between them do not, and a forward of the plan sees all. */
static void test_put_off(void **state) {
  moth *m = support_open(NULL);
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    moth_tensor *results[2], *outputs[2];
    for (int owes = 0; owes < 2; owes++) {
      moth_net *net = make_net(m, dtype, 200,
                               PART_LIST(dense(m, 150, "gelu", true), dense(m, 120, "relu", false), dense(m, 3, "linear", true)));
      moth_part *loss = make_part(m, MOTH_LOSS, "mse", NULL), *sgd = make_part(m, MOTH_OPTIMIZER, "sgd", OPTIONS(MOTH_REAL("lr", 0.1)));
      moth_tensor *x = random_tensor(m, dtype, 2, SIZES(8, 200), 3), *t = random_tensor(m, dtype, 2, SIZES(8, 3), 4);
      assert_ok(m, optimizer_bind(m, "test", sgd, net->id, dtype, net->parameter_count));
      plan *run;
      assert_ok(m, plan_create(m, "test", net, PLAN_TRAINING, 8, &run));
      static const int rows[] = { 1, 1, 3, 1, 8, 1, 1, 1 };
      for (int i = 0; i < 8; i++) {
        size_t e = dtype_size(dtype);
        plan_step_job job = { .rows = rows[i], .x = { .values = x->values }, .loss = loss, .optimizer = sgd, .lr = 0.1 / (i + 1),
                              .targets = { .source = { .values = t->values } }, .training = true, .may_owe = owes };
        if (rows[i] == 1) job.x.values = x->values + (size_t)i * 200 * e, job.targets.source.values = t->values + (size_t)i * 3 * e;
        plan_result result;
        assert_ok(m, plan_step(run, "test", &job, NULL, NULL, &result));
      }
      const plan_source source = { .values = x->values };
      assert_ok(m, plan_forward(run, "test", &source, 8, false, 0, 0)); /* pays */
      outputs[owes] = random_tensor(m, dtype, 2, SIZES(8, 3), 9);
      memcpy(outputs[owes]->values, plan_outputs(run), (size_t)(8 * 3) * dtype_size(dtype));
      results[owes] = copy_of(m, net->parameters);
      plan_free(m, run);
      moth_release(x), moth_release(t), moth_release(loss), moth_release(sgd), moth_release(net);
    }
    assert_same_values(results[0], results[1]);
    assert_same_values(outputs[0], outputs[1]);
    for (int i = 0; i < 2; i++) moth_release(results[i]), moth_release(outputs[i]);
  }
  support_close(m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_direct_equals_written), cmocka_unit_test(test_others_are_not_direct),
                                      cmocka_unit_test(test_put_off) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
