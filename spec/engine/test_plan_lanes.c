/* Tiny networks in lanes: training has the bits of training in rows, for every activation, loss and optimizer of the catalogs, odd sizes,
 * both dtypes and all kernel sets; one step at a time, from gathered batches, and many epochs in one call. */
#include "nets.h"

#include "core/context.h"
#include "network/plan_lanes.h"

enum { STEPS = 4 };
enum { ROWS, LANES, GATHERED, EPOCHS, WAYS };

typedef struct setting {
  moth_dtype dtype;
  int64_t inputs, first, second, rows;
  const char *activation, *last, *loss, *optimizer;
  const moth_option *optimizer_options;
  bool bias, apart;              /* the hidden activation is a layer of its own */
} setting;

typedef struct outcome { moth_tensor *parameters, *hidden; double values[STEPS]; bool in_lanes; } outcome;

static const char *const sets[] = { "avx512", "avx2", "portable" };
static const int64_t extents[] = { 1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16 };
static const int64_t batches[] = { 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 63, 64, 200 };
#define COUNT(list) (sizeof(list) / sizeof *(list))

static void gather(const void *data, int64_t row, int64_t rows, void *out) {
  const moth_tensor *t = data;
  size_t bytes = dtype_size(t->dtype) * (size_t)(t->count / t->size[0]);
  memcpy(out, t->values + (size_t)row * bytes, (size_t)rows * bytes);
}

static moth_net *build(moth *m, const setting *s) {
  moth_part *hidden = make_part(m, MOTH_LAYER, "dense",
                                OPTIONS(MOTH_INT(NULL, s->first), MOTH_TEXT(NULL, s->apart ? "linear" : s->activation),
                                        MOTH_FLAG("bias", s->bias)));
  moth_part *last = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, s->second), MOTH_TEXT(NULL, s->last)));
  if (!s->apart) return make_net(m, s->dtype, s->inputs, PART_LIST(hidden, last));
  return make_net(m, s->dtype, s->inputs, PART_LIST(hidden, make_part(m, MOTH_ACTIVATION, s->activation, NULL), last));
}

/* Class numbers where the loss takes them, shares between 0 and 1 else. */
static moth_tensor *targets_of(moth *m, const setting *s) {
  if (strcmp(s->loss, "cross_entropy") != 0) {
    moth_tensor *t = random_tensor(m, s->dtype, 2, SIZES(s->rows, s->second), 4);
    for (int64_t i = 0; i < t->count; i++) store_value(s->dtype, t->values, i, fabs(load_value(s->dtype, t->values, i)));
    return t;
  }
  double classes[256];
  for (int64_t i = 0; i < s->rows; i++) classes[i] = (double)(i * 5 % s->second);
  return make_tensor(m, MOTH_I64, 1, SIZES(s->rows), classes);
}

static outcome train(moth *m, const setting *s, int way) {
  outcome result = { .in_lanes = false };
  moth_net *net = build(m, s);
  moth_part *loss = make_part(m, MOTH_LOSS, s->loss, NULL), *optimizer = make_part(m, MOTH_OPTIMIZER, s->optimizer, s->optimizer_options);
  moth_tensor *x = random_tensor(m, s->dtype, 2, SIZES(s->rows, s->inputs), 3), *t = targets_of(m, s);
  assert_ok(m, optimizer_bind(m, "test", optimizer, net->id, s->dtype, net->parameter_count));
  plan *run;
  assert_ok(m, plan_create(m, "test", net, PLAN_TRAINING, s->rows, &run));
  plan_step_job job = { .rows = s->rows, .x = { .values = x->values }, .loss = loss, .optimizer = optimizer, .lr = 0.1, .training = true,
                        .want_outputs = way == ROWS, .targets = { .source = { .values = t->values }, .classes = t->dtype == MOTH_I64 } };
  if (way == GATHERED) {
    job.x = (plan_source){ .gather = gather, .data = x };
    job.targets.source = (plan_source){ .gather = gather, .data = t };
  }
  if (way == EPOCHS) {
    int64_t done;
    char *kept = malloc((size_t)net->parameter_count * dtype_size(s->dtype));
    unsigned denormals = job.host_denormals = pool_flush_denormals();
    assert_ok(m, plan_run_epochs(run, "test", &job, STEPS - 1, result.values, kept, &done));
    if (done > 0) {
      assert_int_equal(done, STEPS - 1);
      moth_tensor *before = copy_of(m, net->parameters);
      assert_ok(m, plan_run_epochs(run, "test", &job, 1, result.values + done, kept, &done));
      assert_int_equal(done, 1);
      assert_memory_equal(before->values, kept, (size_t)net->parameter_count * dtype_size(s->dtype));
      moth_release(before);
    }
    pool_restore_denormals(denormals);
    result.in_lanes = done > 0;
    free(kept);
  } else {
    for (int i = 0; i < STEPS; i++) {
      plan_result step;
      assert_ok(m, plan_step(run, "test", &job, NULL, NULL, &step));
      result.values[i] = step.value;
    }
    result.in_lanes = plan_lanes_takes(run, &job);
  }
  int64_t rows;
  size_t offset;
  storage *values;
  assert_ok(m, plan_node_output(run, 0, &rows, &values, &offset));
  assert_ok(m, moth_tensor_create(m, s->dtype, 2, SIZES(s->rows, s->first), &result.hidden));
  if (values != NULL) memcpy(result.hidden->values, (char *)values->bytes + offset, (size_t)result.hidden->count * dtype_size(s->dtype));
  result.parameters = copy_of(m, net->parameters);
  plan_free(m, run);
  moth_release(x), moth_release(t), moth_release(loss), moth_release(optimizer), moth_release(net);
  return result;
}

static void release(outcome *o) { moth_release(o->parameters), moth_release(o->hidden); }

/* Returns whether it went in lanes. */
static bool compare(moth *m, const setting *s) {
  outcome rows = train(m, s, ROWS);
  assert_false(rows.in_lanes);
  bool in_lanes = false;
  for (int way = LANES; way < WAYS; way++) {
    outcome other = train(m, s, way);
    if (way == EPOCHS && !in_lanes) {
      assert_false(other.in_lanes);
    } else {
      if (way != LANES) assert_int_equal(other.in_lanes, in_lanes);
      in_lanes = other.in_lanes;
      for (int i = 0; i < STEPS; i++) {
        if (other.values[i] != rows.values[i] && !(isnan(other.values[i]) && isnan(rows.values[i]))) {
          fail_msg("%s %s %s %s, [%lld] %lld %lld, %lld rows: loss %.17g in rows, %.17g in lanes", moth_dtype_name(s->dtype), s->activation,
                   s->last, s->loss, (long long)s->inputs, (long long)s->first, (long long)s->second, (long long)s->rows, rows.values[i],
                   other.values[i]);
        }
      }
      assert_same_values(rows.parameters, other.parameters);
      assert_same_values(rows.hidden, other.hidden);
    }
    release(&other);
  }
  release(&rows);
  return in_lanes;
}

static uint64_t next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}
#define ANY(list) (list)[next(&state) % COUNT(list)]

static moth *open_with(const char *set) {
  moth *m = support_open(NULL);
  const kernels *chosen = kernels_find(set);
  if (chosen != NULL) m->kernels = chosen;
  return m;
}

/* Every activation with every loss, at sizes that wander. */
static void test_every_activation_and_loss(void **state_) {
  (void)state_;
  uint64_t state = 1;
  static const moth_option momentum[] = { MOTH_REAL("momentum", 0.5), MOTH_END };
  for (size_t set = 0; set < COUNT(sets); set++) {
    if (kernels_find(sets[set]) == NULL) continue;
    moth *m = open_with(sets[set]);
    int in_lanes = 0, all = 0;
    for (int a = 0; moth_catalog(m, MOTH_ACTIVATION, a); a++) {
      const char *activation = moth_catalog(m, MOTH_ACTIVATION, a)->name;
      for (int l = 0; moth_catalog(m, MOTH_LOSS, l); l++) {
        for (int d = MOTH_F32; d <= MOTH_F64; d++) {
          setting s = { .dtype = (moth_dtype)d, .inputs = ANY(extents), .first = ANY(extents), .second = ANY(extents), .rows = ANY(batches),
                        .activation = activation, .loss = moth_catalog(m, MOTH_LOSS, l)->name, .optimizer = "sgd",
                        .bias = next(&state) % 4 != 0, .apart = next(&state) % 3 == 0 };
          s.last = strcmp(s.loss, "cross_entropy") == 0 ? "softmax" : strcmp(s.loss, "binary_cross_entropy") == 0 ? "sigmoid" : "linear";
          if (next(&state) % 3 == 0) s.optimizer = "adam";
          else if (next(&state) % 2 == 0) s.optimizer_options = momentum;
          in_lanes += compare(m, &s);
          all++;
        }
      }
    }
    assert_true(in_lanes > all / 2);
    support_close(m, NULL);
  }
}

/* The last activation kept, as mse behind a sigmoid: its slope goes through the loss. */
static void test_every_size(void **state_) {
  (void)state_;
  uint64_t state = 7;
  static const char *const activations[] = { "sigmoid", "tanh", "relu", "linear", "gelu", "elu" };
  static const char *const losses[] = { "mse", "squared_error", "mae" };
  for (size_t set = 0; set < COUNT(sets); set++) {
    if (kernels_find(sets[set]) == NULL) continue;
    moth *m = open_with(sets[set]);
    int in_lanes = 0;
    for (size_t e = 0; e < COUNT(extents); e++) {
      for (size_t b = 0; b < COUNT(batches); b++) {
        setting s = { .dtype = (moth_dtype)(b % 2), .inputs = ANY(extents), .first = extents[e], .second = ANY(extents), .rows = batches[b],
                      .activation = ANY(activations), .last = ANY(activations), .loss = ANY(losses), .optimizer = "sgd",
                      .bias = b % 5 != 0 };
        in_lanes += compare(m, &s);
      }
    }
    assert_true(in_lanes > (int)(COUNT(extents) * COUNT(batches)) / 2);
    support_close(m, NULL);
  }
}

/* What does not suit goes in rows: one row, wide layers, weights of rows, frozen layers, clipping. */
static void test_what_does_not_suit(void **state_) {
  (void)state_;
  moth *m = support_open(NULL);
  setting s = { .dtype = MOTH_F32, .inputs = 3, .first = 4, .second = 2, .rows = 1, .activation = "tanh", .last = "linear", .loss = "mse",
                .optimizer = "sgd", .bias = true };
  assert_false(compare(m, &s));
  s.rows = 8, s.first = 65;
  assert_false(compare(m, &s));
  s.first = 4, s.activation = "softmax";
  assert_false(compare(m, &s));
  support_close(m, NULL);
}

/* A loss that is not finite stops before anything changes; what went before stands. */
static void test_not_finite(void **state_) {
  (void)state_;
  moth *m = support_open(NULL);
  setting s = { .dtype = MOTH_F32, .inputs = 3, .first = 4, .second = 1, .rows = 4, .activation = "relu", .last = "linear", .loss = "mse",
                .optimizer = "sgd", .bias = true };
  moth_net *net = build(m, &s);
  moth_part *loss = make_part(m, MOTH_LOSS, "mse", NULL), *sgd = make_part(m, MOTH_OPTIMIZER, "sgd", NULL);
  moth_tensor *x = random_tensor(m, s.dtype, 2, SIZES(4, 3), 3), *t = random_tensor(m, s.dtype, 2, SIZES(4, 1), 4);
  assert_ok(m, optimizer_bind(m, "test", sgd, net->id, s.dtype, net->parameter_count));
  plan *run;
  assert_ok(m, plan_create(m, "test", net, PLAN_TRAINING, 4, &run));
  plan_step_job job = { .rows = 4, .x = { .values = x->values }, .targets = { .source = { .values = t->values } }, .loss = loss,
                        .optimizer = sgd, .lr = 1e6, .training = true };
  double values[100];
  float kept[64];
  int64_t done;
  unsigned denormals = job.host_denormals = pool_flush_denormals();
  assert_ok(m, plan_run_epochs(run, "test", &job, 100, values, (char *)kept, &done));
  pool_restore_denormals(denormals);
  assert_true(done > 0 && done < 100);
  for (int64_t i = 0; i < done; i++) assert_true(isfinite(values[i]));
  for (int64_t i = 0; i < net->parameter_count; i++) assert_true(isfinite(kept[i]));
  assert_int_equal(optimizer_state_of(sgd)->step, done);
  moth_cancel(m);
  assert_ok(m, plan_run_epochs(run, "test", &job, 100, values, (char *)kept, &done));
  assert_int_equal(done, 0);
  assert_true(moth_cancel_taken(m));
  plan_free(m, run);
  moth_release(x), moth_release(t), moth_release(loss), moth_release(sgd), moth_release(net);
  support_close(m, NULL);
}

/* Every allocation of making such a plan may fail. */
static moth_status make_plan(moth *m, void *data) {
  const setting s = { .dtype = MOTH_F64, .inputs = 3, .first = 4, .second = 2, .rows = 8, .activation = "tanh", .last = "linear",
                      .bias = true };
  moth_part *parts[2] = { NULL };
  moth_net *net = NULL;
  plan *run = NULL;
  (void)data;
  moth_status status = moth_part_create(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, s.first), MOTH_TEXT(NULL, "tanh")), &parts[0]);
  if (status == MOTH_OK) status = moth_part_create(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, s.second)), &parts[1]);
  if (status == MOTH_OK) status = moth_net_create(m, OPTIONS(MOTH_INT("input", s.inputs), MOTH_PARTS("layers", 2, parts)), &net);
  if (status == MOTH_OK) status = plan_create(m, "test", net, PLAN_TRAINING, 8, &run);
  if (status == MOTH_OK) assert_non_null(run->lanes);
  plan_free(m, run);
  moth_release(net), moth_release(parts[0]), moth_release(parts[1]);
  return status;
}
static void test_failing_allocations(void **state_) {
  (void)state_;
  assert_true(support_fail_each(make_plan, NULL) > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_every_activation_and_loss), cmocka_unit_test(test_every_size), cmocka_unit_test(test_what_does_not_suit),
    cmocka_unit_test(test_not_finite), cmocka_unit_test(test_failing_allocations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
