/* Handles of every kind in every public function that takes one: those of another context, none, of a wrong kind and those of a closed
 * context are MOTH_MISUSE, and change nothing; what was closed can be looked at and let go of in any order. */
#include "training.h"

/* ---- One handle of each kind --------------------------------------------------------------------------------------------------------- */

enum { TENSOR, GENERATOR, LAYER, LOSS, OPTIMIZER, METRIC, NET, DATASET, BATCHES, TRAINER, RUN, HANDLES };

typedef struct world { moth *m; void *of[HANDLES]; } world;

static world world_open(support_allocator *allocator) {
  world w = { .m = support_open(allocator) };
  moth *m = w.m;
  static const double ones[] = { 1, 1, 1, 1 };
  w.of[TENSOR] = training_tensor(m, MOTH_F64, 2, 2, ones);
  assert_ok(m, moth_generator_create(m, 1, (moth_generator **)&w.of[GENERATOR]));
  w.of[LAYER] = training_dense(m, 2, "tanh");
  w.of[LOSS] = training_part(m, MOTH_LOSS, "mse", NULL);
  w.of[OPTIMIZER] = training_part(m, MOTH_OPTIMIZER, "sgd", NULL);
  w.of[METRIC] = training_part(m, MOTH_METRIC, "accuracy", NULL);
  w.of[NET] = training_net_of(m, "f64", 2, 1, (moth_part *[]){ training_dense(m, 2, "tanh") }, 1);
  w.of[DATASET] = training_dataset(m, moth_retain(w.of[TENSOR]), moth_retain(w.of[TENSOR]), NULL);
  assert_ok(m, moth_dataset_batches(m, w.of[DATASET], (moth_option[]){ MOTH_INT(NULL, 1), MOTH_END }, (moth_batches **)&w.of[BATCHES]));
  training_options o = training_basic(w.of[NET], w.of[DATASET], "mse", 3);
  assert_ok(m, moth_trainer_create(m, o.list, (moth_trainer **)&w.of[TRAINER]));
  assert_ok(m, moth_trainer_run(m, w.of[TRAINER], (moth_run **)&w.of[RUN]));
  return w;
}

/* ---- Every function ------------------------------------------------------------------------------------------------------------------ */

typedef moth_status (*attempt)(moth *m, void *const *of);
typedef struct public_call { const char *name; attempt run; unsigned uses; } public_call;

#define CALL(name) static moth_status call_##name(moth *m, void *const *of)
/* A call that gives one handle, which is let go of; its place must stay as it was where it fails. */
#define GIVES(type, name, ...) \
  CALL(name) { \
    type *result = (type *)&giver; \
    moth_status status = moth_##name(__VA_ARGS__, &result); \
    if (status != MOTH_OK) assert_ptr_equal(result, (type *)&giver); \
    else moth_release(result); \
    return status; \
  }
static char giver;

static const int64_t shape[] = { 4, 1 }, wide[] = { 3, 2, 2 }, origin[] = { 0, 0 };
static const int axes[] = { 1, 0 };

CALL(tensor_copy_out) {
  double values[4];
  return moth_tensor_copy_out(m, of[TENSOR], values);
}
GIVES(moth_tensor, tensor_select, m, of[TENSOR], 0, 1)
GIVES(moth_tensor, tensor_slice, m, of[TENSOR], 0, 0, 1, 1)
GIVES(moth_tensor, tensor_permute, m, of[TENSOR], axes)
GIVES(moth_tensor, tensor_view, m, of[TENSOR], 2, shape)
GIVES(moth_tensor, tensor_reshape, m, of[TENSOR], 2, shape)
GIVES(moth_tensor, tensor_expand, m, of[TENSOR], 3, wide)
CALL(tensor_get) { return moth_tensor_get(m, of[TENSOR], origin, &(double){ 0 }); }
CALL(tensor_set) { return moth_tensor_set(m, of[TENSOR], origin, 1); }
CALL(tensor_get_int) { return moth_tensor_get_int(m, of[TENSOR], origin, &(int64_t){ 0 }); }
CALL(tensor_set_int) { return moth_tensor_set_int(m, of[TENSOR], origin, 1); }
CALL(apply) {
  moth_value inputs[] = { { MOTH_TENSOR_VALUE, { .tensor = of[TENSOR] } }, { MOTH_REAL_VALUE, { .real = 1 } } }, results[MOTH_MAX_RESULTS];
  int count = 0;
  const moth_operation *add = moth_operation_find(m, "add");
  moth_status status = moth_apply(m, add, false, inputs, 2, NULL, results, &count);
  for (int i = 0; i < count; i++) moth_release(results[i].as.tensor);
  return status;
}
CALL(apply_gen) {
  moth_value results[MOTH_MAX_RESULTS];
  int count = 0;
  const moth_option given[] = { MOTH_INT(NULL, 2), MOTH_OBJECT("gen", of[GENERATOR]), MOTH_END };
  moth_status status = moth_apply(m, moth_operation_find(m, "rand"), false, NULL, 0, given, results, &count);
  for (int i = 0; i < count; i++) moth_release(results[i].as.tensor);
  return status;
}
CALL(part_get) {
  moth_option value;
  return moth_part_get(m, of[LAYER], "units", &value);
}
CALL(part_set) { return moth_part_set(m, of[OPTIMIZER], &(moth_option)MOTH_REAL("lr", 0.01)); }
CALL(loss_value) { return moth_loss_value(m, of[LOSS], of[TENSOR], of[TENSOR], &(double){ 0 }, NULL); }
CALL(metric_value) { return moth_metric_value(m, of[METRIC], of[TENSOR], of[TENSOR], &(double){ 0 }); }
CALL(net_create) {
  moth_net *net = NULL;
  moth_part *layers[] = { of[LAYER] };
  moth_status status = moth_net_create(m, (moth_option[]){ MOTH_INT("input", 2), MOTH_PARTS("layers", 1, layers), MOTH_END }, &net);
  moth_release(net);
  return status;
}
GIVES(moth_net, net_clone, m, of[NET])
CALL(net_layer) {
  moth_layer_info info;
  return moth_net_layer(m, of[NET], 0, &info);
}
GIVES(moth_tensor, net_parameter, m, of[NET], 0, "weight")
GIVES(moth_tensor, net_parameters, m, of[NET])
CALL(net_freeze) { return moth_net_freeze(m, of[NET], 0, false); }
GIVES(moth_tensor, net_forward, m, of[NET], of[TENSOR])
GIVES(moth_tensor, net_layer_output, m, of[NET], 0) /* after forward */
GIVES(moth_tensor, net_predict, m, of[NET], of[TENSOR])
GIVES(moth_tensor, net_classify, m, of[NET], of[TENSOR])
GIVES(moth_tensor, net_backward, m, of[NET], of[TENSOR], false)
CALL(net_backprop) { return moth_net_backprop(m, of[NET], of[TENSOR], of[TENSOR], of[LOSS], &(double){ 0 }); }
GIVES(moth_tensor, net_gradient, m, of[NET], 0, "weight") /* after backprop */
GIVES(moth_tensor, net_gradients, m, of[NET])
CALL(net_clip) { return moth_net_clip(m, of[NET], &(moth_clip){ .norm = 1 }, &(double){ 0 }); }
CALL(net_check) { return moth_net_check(m, of[NET], of[TENSOR], of[TENSOR], of[LOSS], &(double){ 0 }); }
CALL(net_evaluate) {
  const moth_part *metrics[] = { of[LOSS], of[METRIC] };
  double values[2];
  return moth_net_evaluate(m, of[NET], of[DATASET], metrics, 2, values);
}
CALL(optimizer_step) { return moth_optimizer_step(m, of[OPTIMIZER], of[NET]); }
CALL(net_text) {
  char *text = NULL;
  size_t size = 0;
  moth_status status = moth_net_text(m, of[NET], true, &text, &size);
  moth_free(m, text, size);
  return status;
}
CALL(net_save_bytes) {
  void *bytes = NULL;
  size_t size = 0;
  moth_status status = moth_net_save_bytes(m, of[NET], &bytes, &size);
  moth_free(m, bytes, size);
  return status;
}
CALL(net_save) { return moth_net_save(m, of[NET], "/dev/null"); }
CALL(dataset_create) {
  moth_dataset *data = NULL;
  moth_status status = moth_dataset_create(m, (moth_option[]){ MOTH_TENSOR("x", of[TENSOR]), MOTH_END }, &data);
  moth_release(data);
  return status;
}
GIVES(moth_tensor, dataset_tensor, m, of[DATASET], "x")
CALL(dataset_column_info) {
  moth_dtype dtype;
  moth_shape sample;
  return moth_dataset_column_info(m, of[DATASET], "x", &dtype, &sample);
}
CALL(dataset_split) {
  moth_dataset *parts[2] = { NULL, NULL };
  moth_status status = moth_dataset_split(m, of[DATASET], (double[]){ 0.5, 0.5 }, 2, NULL, parts);
  for (int i = 0; i < 2; i++) moth_release(parts[i]);
  return status;
}
GIVES(moth_dataset, dataset_take, m, of[DATASET], 1)
CALL(dataset_select) {
  moth_dataset *part = NULL;
  moth_tensor *ids = NULL;
  moth_status status = moth_tensor_create(m, MOTH_I64, 1, (int64_t[]){ 1 }, &ids);
  if (status == MOTH_OK) status = moth_dataset_select(m, of[DATASET], ids, &part);
  moth_release(ids), moth_release(part);
  return status;
}
GIVES(moth_dataset, dataset_shuffle, m, of[DATASET], &(uint64_t){ 1 })
CALL(classes) {
  moth_tensor *classes = NULL, *values = NULL, *column = NULL;
  moth_status status = moth_tensor_select(m, of[TENSOR], 1, 0, &column);
  if (status == MOTH_OK) status = moth_classes(m, column, &classes, &values);
  moth_release(column), moth_release(classes), moth_release(values);
  return status;
}
GIVES(moth_batches, dataset_batches, m, of[DATASET], NULL)
CALL(batches_next) {
  moth_tensor *x = NULL, *y = NULL;
  moth_status status = moth_batches_next(m, of[BATCHES], &x, &y);
  moth_release(x), moth_release(y);
  return status;
}
CALL(trainer_create) {
  training_options o = training_basic(of[NET], of[DATASET], "mse", 1);
  o.list[2] = (moth_option)MOTH_PART("loss", of[LOSS]);
  add(&o, MOTH_PART("optimizer", of[OPTIMIZER]));
  add(&o, MOTH_PART("metrics", of[METRIC]));
  add(&o, MOTH_OBJECT("validation", of[DATASET]));
  moth_trainer *trainer = NULL;
  moth_status status = moth_trainer_create(m, o.list, &trainer);
  moth_release(trainer);
  return status;
}
CALL(train) {
  training_options o = training_basic(of[NET], of[DATASET], "mse", 1);
  o.list[2] = (moth_option)MOTH_PART("loss", of[LOSS]);
  moth_run *run = NULL;
  moth_status status = moth_train(m, o.list, &run);
  moth_release(run);
  return status;
}
CALL(trainer_step) { return moth_trainer_step(m, of[TRAINER], 0, &(bool){ false }); }
CALL(trainer_epoch) { return moth_trainer_epoch(m, of[TRAINER], &(int64_t){ 0 }, &(bool){ false }); }
GIVES(moth_run, trainer_run, m, of[TRAINER])
CALL(trainer_bytes) {
  void *bytes = NULL;
  size_t size = 0;
  moth_status status = moth_trainer_save_bytes(m, of[TRAINER], &bytes, &size);
  if (status == MOTH_OK) status = moth_trainer_load_bytes(m, of[TRAINER], bytes, size);
  moth_free(m, bytes, size);
  return status;
}
CALL(trainer_load_bytes) { return moth_trainer_load_bytes(m, of[TRAINER], "no state", 8) == MOTH_MISUSE ? MOTH_MISUSE : MOTH_OK; }
CALL(trainer_save) { return moth_trainer_save(m, of[TRAINER], "/dev/null"); }
CALL(trainer_load) { return moth_trainer_load(m, of[TRAINER], "/no/such/file") == MOTH_MISUSE ? MOTH_MISUSE : MOTH_OK; }
CALL(net_load) { return moth_net_load(m, of[NET], "/no/such/file", true) == MOTH_MISUSE ? MOTH_MISUSE : MOTH_OK; }
CALL(run_values) {
  const double *values;
  int64_t count;
  return moth_run_values(m, of[RUN], "loss", &values, &count);
}

#define ONE(name, ...) { #name, call_##name, __VA_ARGS__ }
#define BIT(handle) (1u << (handle))
static const public_call calls[] = {
  ONE(tensor_copy_out, BIT(TENSOR)), ONE(tensor_select, BIT(TENSOR)), ONE(tensor_slice, BIT(TENSOR)), ONE(tensor_permute, BIT(TENSOR)),
  ONE(tensor_view, BIT(TENSOR)), ONE(tensor_reshape, BIT(TENSOR)), ONE(tensor_expand, BIT(TENSOR)), ONE(tensor_get, BIT(TENSOR)),
  ONE(tensor_set, BIT(TENSOR)), ONE(tensor_get_int, BIT(TENSOR)), ONE(tensor_set_int, BIT(TENSOR)), ONE(apply, BIT(TENSOR)),
  ONE(apply_gen, BIT(GENERATOR)), ONE(part_get, BIT(LAYER)), ONE(part_set, BIT(OPTIMIZER)), ONE(loss_value, BIT(LOSS) | BIT(TENSOR)),
  ONE(metric_value, BIT(METRIC) | BIT(TENSOR)), ONE(net_create, BIT(LAYER)), ONE(net_clone, BIT(NET)), ONE(net_layer, BIT(NET)),
  ONE(net_parameter, BIT(NET)), ONE(net_parameters, BIT(NET)), ONE(net_freeze, BIT(NET)), ONE(net_forward, BIT(NET) | BIT(TENSOR)),
  ONE(net_layer_output, BIT(NET)), ONE(net_predict, BIT(NET) | BIT(TENSOR)), ONE(net_classify, BIT(NET) | BIT(TENSOR)),
  ONE(net_backward, BIT(NET) | BIT(TENSOR)), ONE(net_backprop, BIT(NET) | BIT(TENSOR) | BIT(LOSS)), ONE(net_gradient, BIT(NET)),
  ONE(net_gradients, BIT(NET)), ONE(net_clip, BIT(NET)), ONE(net_check, BIT(NET) | BIT(TENSOR) | BIT(LOSS)),
  ONE(net_evaluate, BIT(NET) | BIT(DATASET) | BIT(LOSS) | BIT(METRIC)), ONE(optimizer_step, BIT(OPTIMIZER) | BIT(NET)),
  ONE(net_text, BIT(NET)), ONE(net_save_bytes, BIT(NET)), ONE(net_save, BIT(NET)), ONE(dataset_create, BIT(TENSOR)),
  ONE(dataset_tensor, BIT(DATASET)), ONE(dataset_column_info, BIT(DATASET)), ONE(dataset_split, BIT(DATASET)),
  ONE(dataset_take, BIT(DATASET)), ONE(dataset_select, BIT(DATASET)), ONE(dataset_shuffle, BIT(DATASET)), ONE(classes, BIT(TENSOR)),
  ONE(dataset_batches, BIT(DATASET)), ONE(batches_next, BIT(BATCHES)), ONE(trainer_create, BIT(NET) | BIT(DATASET) | BIT(LOSS) | BIT(OPTIMIZER) | BIT(METRIC)),
  ONE(train, BIT(NET) | BIT(DATASET) | BIT(LOSS)), ONE(trainer_step, BIT(TRAINER)), ONE(trainer_epoch, BIT(TRAINER)),
  ONE(trainer_run, BIT(TRAINER)), ONE(trainer_bytes, BIT(TRAINER)), ONE(trainer_load_bytes, BIT(TRAINER)), ONE(trainer_save, BIT(TRAINER)),
  ONE(trainer_load, BIT(TRAINER)), ONE(net_load, BIT(NET)), ONE(run_values, BIT(RUN)),
};
enum { CALLS = sizeof calls / sizeof *calls };

static void expect(moth *m, const public_call *call, void *const *of, moth_status expected, const char *how) {
  moth_status got = call->run(m, of);
  if (got != expected) fail_msg("moth_%s, %s: %s: %s", call->name, how, moth_status_name(got), moth_message(m));
}

/* ---- What must not be taken ---------------------------------------------------------------------------------------------------------- */

static void every_call_takes_what_is_right(void **state) {
  support_allocator allocator = { 0 };
  world w = world_open(&allocator);
  for (int i = 0; i < CALLS; i++) expect(w.m, &calls[i], w.of, MOTH_OK, "all its own");
  for (int h = 0; h < HANDLES; h++) moth_release(w.of[h]);
  support_close(w.m, &allocator);
}

static void handles_of_another_context_are_misuse(void **state) {
  support_allocator allocators[2] = { { 0 }, { 0 } };
  world own = world_open(&allocators[0]), other = world_open(&allocators[1]);
  int64_t held[2] = { allocators[0].blocks, allocators[1].blocks };
  for (int i = 0; i < CALLS; i++) {
    for (int h = 0; h < HANDLES; h++) {
      if (!(calls[i].uses & BIT(h))) continue;
      void *mixed[HANDLES];
      memcpy(mixed, own.of, sizeof mixed);
      mixed[h] = other.of[h];
      expect(own.m, &calls[i], mixed, MOTH_MISUSE, "one of another context");
      if (strstr(moth_message(own.m), "belongs to another context") == NULL) fail_msg("moth_%s: '%s'", calls[i].name, moth_message(own.m));
    }
    if (calls[i].run != call_dataset_select) expect(other.m, &calls[i], own.of, MOTH_MISUSE, "all of another context");
  }
  assert_int_equal(allocators[0].blocks, held[0]);
  assert_int_equal(allocators[1].blocks, held[1]);
  for (int h = 0; h < HANDLES; h++) moth_release(own.of[h]), moth_release(other.of[h]);
  support_close(own.m, &allocators[0]);
  support_close(other.m, &allocators[1]);
}

static void none_and_wrong_ones_are_misuse(void **state) {
  support_allocator allocator = { 0 };
  world w = world_open(&allocator);
  int64_t held = allocator.blocks;
  for (int i = 0; i < CALLS; i++) {
    for (int h = 0; h < HANDLES; h++) {
      if (!(calls[i].uses & BIT(h))) continue;
      void *mixed[HANDLES];
      memcpy(mixed, w.of, sizeof mixed);
      mixed[h] = h == RUN ? w.of[TENSOR] : w.of[RUN];
      moth_status status = calls[i].run(w.m, mixed);
      if (status != MOTH_MISUSE && status != MOTH_OPTION) fail_msg("moth_%s of a wrong kind: %s", calls[i].name, moth_status_name(status));
      mixed[h] = NULL;
      status = calls[i].run(w.m, mixed);
      if (status != MOTH_MISUSE && status != MOTH_OPTION) fail_msg("moth_%s of nothing: %s", calls[i].name, moth_status_name(status));
    }
    if (calls[i].run(NULL, w.of) != MOTH_MISUSE) fail_msg("moth_%s without a context", calls[i].name);
  }
  assert_int_equal(allocator.blocks, held);
  for (int h = 0; h < HANDLES; h++) moth_release(w.of[h]);
  support_close(w.m, &allocator);
}

/* ---- After moth_close ---------------------------------------------------------------------------------------------------------------- */

/* What tells without failing still tells. */
static void look_at(const world *w) {
  char text[256];
  for (int h = 0; h < HANDLES; h++) assert_int_not_equal(moth_kind(w->of[h]), 0);
  assert_int_equal(moth_tensor_count(w->of[TENSOR]), 4);
  assert_true(((const double *)moth_tensor_values(w->of[TENSOR]))[3] == 1);
  assert_true(moth_tensor_text(w->of[TENSOR], text, sizeof text) > 0);
  assert_int_equal(moth_generator_seed(w->of[GENERATOR]), 1);
  assert_true(moth_part_text(w->of[LAYER], text, sizeof text) > 0);
  assert_int_equal(moth_net_parameter_count(w->of[NET]), 6);
  assert_int_equal(moth_net_layers(w->of[NET]), 1);
  assert_string_equal(moth_net_parameter_name(w->of[NET], 0, 0), "weight");
  assert_int_equal(moth_dataset_rows(w->of[DATASET]), 2);
  assert_string_equal(moth_dataset_column(w->of[DATASET], 0), "x");
  assert_int_equal(moth_run_epochs(w->of[RUN]), 0);
  assert_string_equal(moth_run_stopped(w->of[RUN]), "");
  assert_non_null(moth_run_text(w->of[RUN]));
  moth_trainer_stop(w->of[TRAINER]);
}

static void closed_handles_are_inert(void **state) {
  for (int first = 0; first < HANDLES; first++) { /* let go of in every rotation, forwards and backwards */
    support_allocator allocator = { 0 };
    world w = world_open(&allocator);
    moth_tensor *view = NULL;
    assert_ok(w.m, moth_net_parameter(w.m, w.of[NET], 0, "weight", &view));
    moth_close(w.m);
    look_at(&w);
    if (first == 0) {
      for (int i = 0; i < CALLS; i++) expect(w.m, &calls[i], w.of, MOTH_MISUSE, "after moth_close");
      assert_string_equal(moth_message(w.m), "run: context is closed");
      assert_int_equal(moth_set_threads(w.m, 2), MOTH_MISUSE);
      assert_int_equal(moth_tensor_create(w.m, MOTH_F32, 0, NULL, &(moth_tensor *){ NULL }), MOTH_MISUSE);
    }
    for (int i = 0; i < HANDLES; i++) {
      int h = first % 2 == 0 ? (first + i) % HANDLES : (first + HANDLES - i) % HANDLES;
      moth_release(moth_retain(w.of[h]));
      moth_release(w.of[h]);
    }
    assert_true(allocator.blocks > 0); /* the view keeps its storage, and the context with it */
    assert_true(isfinite(((const double *)moth_tensor_values(view))[0]));
    moth_release(view);
    assert_int_equal(allocator.blocks, 0);
    assert_int_equal(allocator.bytes, 0);
  }
}

/* ---- Let go of meanwhile ------------------------------------------------------------------------------------------------------------- */

static moth_status drop_trainer(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  void **held = data;
  moth_release(*held);
  *held = NULL;
  return MOTH_OK;
}

/* The caller's only trainer goes in a callback; the step ends as if it were there. */
static void a_callback_may_let_go_of_the_trainer(void **state) {
  for (int by_epoch = 0; by_epoch < 2; by_epoch++) {
    support_allocator allocator = { 0 };
    world w = world_open(&allocator);
    void *held = NULL;
    training_options o = training_basic(w.of[NET], w.of[DATASET], "mse", 2);
    add(&o, MOTH_CALL("on_epoch", drop_trainer, &held, NULL));
    moth_trainer *trainer = NULL;
    bool more = true;
    int64_t epoch = 0;
    assert_ok(w.m, moth_trainer_create(w.m, o.list, &trainer));
    held = trainer;
    if (by_epoch) assert_ok(w.m, moth_trainer_epoch(w.m, trainer, &epoch, &more));
    else assert_ok(w.m, moth_trainer_step(w.m, trainer, INFINITY, &more));
    assert_null(held);
    assert_int_equal(epoch, by_epoch);
    assert_int_equal(more, by_epoch);
    for (int h = 0; h < HANDLES; h++) moth_release(w.of[h]);
    support_close(w.m, &allocator);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_call_takes_what_is_right),
    cmocka_unit_test(handles_of_another_context_are_misuse),
    cmocka_unit_test(none_and_wrong_ones_are_misuse),
    cmocka_unit_test(closed_handles_are_inert),
    cmocka_unit_test(a_callback_may_let_go_of_the_trainer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
