/* Optimizers against their formulas written out once more, three steps of them; their binding to one net; schedules. */
#include "components.h"
#include "optimizers/optimizer.h"

enum { COUNT = 37, STEPS = 3 };

typedef struct variant {
  const char *name;
  moth_option options[6];
  double lr, momentum, decay, beta1, beta2, epsilon;
  bool nesterov;
} variant;

static const variant variants[] = {
  { "sgd", { MOTH_END }, 0.01, 0, 0, 0, 0, 0, false },
  { "sgd", { MOTH_REAL(NULL, 0.5), MOTH_REAL("weight_decay", 0.1), MOTH_END }, 0.5, 0, 0.1, 0, 0, 0, false },
  { "sgd", { MOTH_REAL("lr", 0.1), MOTH_REAL("momentum", 0.9), MOTH_END }, 0.1, 0.9, 0, 0, 0, 0, false },
  { "sgd", { MOTH_REAL("lr", 0.1), MOTH_REAL("momentum", 0.8), MOTH_FLAG("nesterov", true), MOTH_REAL("weight_decay", 0.01), MOTH_END },
    0.1, 0.8, 0.01, 0, 0, 0, true },
  { "adam", { MOTH_END }, 1e-3, 0, 0, 0.9, 0.999, 1e-8, false },
  { "adam", { MOTH_REAL("lr", 0.1), MOTH_REAL("beta1", 0.5), MOTH_REAL("beta2", 0.7), MOTH_REAL("epsilon", 0.01),
              MOTH_REAL("weight_decay", 0.2), MOTH_END }, 0.1, 0, 0.2, 0.5, 0.7, 0.01, false },
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* torch.optim's SGD and Adam on one parameter: state a, b. */
static double formula(const variant *v, int step, double w, double g, double *a, double *b) {
  g += v->decay * w;
  if (strcmp(v->name, "sgd") == 0) {
    if (v->momentum != 0) {
      *a = step == 1 ? g : v->momentum * *a + g;
      g = v->nesterov ? g + v->momentum * *a : *a;
    }
    return w - v->lr * g;
  }
  assert_string_equal(v->name, "adam");
  *a = v->beta1 * *a + (1 - v->beta1) * g;
  *b = v->beta2 * *b + (1 - v->beta2) * g * g;
  const double mean = *a / (1 - pow(v->beta1, step)), square = *b / (1 - pow(v->beta2, step));
  return w - v->lr * mean / (sqrt(square) + v->epsilon);
}

static void three_steps_follow_the_formulas(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      moth_part *part = make_part(m, MOTH_OPTIMIZER, variants[i].name, variants[i].options);
      const optimizer_class *class = (const optimizer_class *)part->row;
      assert_ok(m, optimizer_bind(m, "train", part, 1, dtype, COUNT));
      optimizer_state *s = optimizer_state_of(part);
      double w[COUNT], g[COUNT], a[COUNT] = { 0 }, b[COUNT] = { 0 };
      numbers_fill(1, w, COUNT, -1, 1);
      void *weights = values_of(dtype, w, COUNT);
      for (int step = 1; step <= STEPS; step++) {
        numbers_fill(10 + (uint64_t)step, g, COUNT, -1, 1);
        void *gradient = values_of(dtype, g, COUNT);
        update_numbers numbers;
        class->prepare(part, step, optimizer_lr(part), &numbers);
        const size_t size = dtype_size(dtype);
        for (int64_t from = 0; from < COUNT; from += 10) { /* any ranges */
          void *states[OPTIMIZER_MAX_STATES];
          for (int k = 0; k < s->vectors; k++) states[k] = (char *)s->vector[k] + (size_t)from * size;
          class->update(&m->kernels->of[dtype], (char *)weights + (size_t)from * size, (char *)gradient + (size_t)from * size, states,
                        COUNT - from < 10 ? COUNT - from : 10, &numbers);
        }
        free(gradient);
        for (int j = 0; j < COUNT; j++) {
          w[j] = formula(&variants[i], step, w[j], g[j], &a[j], &b[j]);
          assert_close(load_value(dtype, weights, j), w[j], dtype == MOTH_F32 ? 5e-6 : 1e-14);
        }
      }
      free(weights);
      moth_release(part);
    }
  }
  moth_close(m);
}

static void each_optimizer_is_tested(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; moth_catalog(m, MOTH_OPTIMIZER, i) != NULL; i++) {
    const moth_row *row = moth_catalog(m, MOTH_OPTIMIZER, i);
    bool found = false;
    for (int v = 0; v < VARIANTS; v++) found = found || strcmp(variants[v].name, row->name) == 0;
    if (!found) fail_msg("%s is not tested here", row->name);
    assert_string_equal(row->options[OPTIMIZER_LR].key, "lr");
    assert_true(row->options[OPTIMIZER_LR].flags & MOTH_LIVE);
    assert_true(strchr(row->doc, '\n') != NULL && row->example != NULL && row->foreign != NULL);
    moth_part *part = make_part(m, MOTH_OPTIMIZER, row->name, NULL);
    const optimizer_class *class = (const optimizer_class *)row;
    for (int s = 0; s < class->states(part); s++) assert_non_null(class->state_names[s]);
    moth_release(part);
  }
  moth_close(m);
}

static void only_bare_sgd_is_plain(void **state) {
  moth *m = support_open(NULL);
  const bool plain[VARIANTS] = { true };
  const int vectors[VARIANTS] = { 0, 0, 1, 1, 2, 2 };
  for (int i = 0; i < VARIANTS; i++) {
    moth_part *part = make_part(m, MOTH_OPTIMIZER, variants[i].name, variants[i].options);
    assert_int_equal(optimizer_is_plain(part), plain[i]);
    assert_int_equal(((const optimizer_class *)part->row)->states(part), vectors[i]);
    assert_true(optimizer_lr(part) == variants[i].lr);
    moth_release(part);
  }
  moth_close(m);
}

static void it_serves_one_net(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_OPTIMIZER, "adam", NULL);
  assert_null(optimizer_state_of(part));
  assert_ok(m, optimizer_bind(m, "train", part, 7, MOTH_F64, COUNT));
  optimizer_state *s = optimizer_state_of(part);
  assert_true(s->net == 7 && s->dtype == MOTH_F64 && s->count == COUNT && s->step == 0 && s->vectors == 2);
  for (int i = 0; i < COUNT; i++) assert_true(((double *)s->vector[0])[i] == 0 && ((double *)s->vector[1])[i] == 0);
  ((double *)s->vector[0])[3] = 5;
  assert_ok(m, optimizer_bind(m, "train", part, 7, MOTH_F64, COUNT));
  assert_true(optimizer_state_of(part) == s && ((double *)s->vector[0])[3] == 5);
  const char *words = "train: this adam serves another net; make one for each net";
  assert_fails(m, optimizer_bind(m, "train", part, 8, MOTH_F64, COUNT), MOTH_MISUSE, words);
  assert_fails(m, optimizer_bind(m, "train", part, 7, MOTH_F32, COUNT), MOTH_MISUSE, words);
  assert_fails(m, optimizer_bind(m, "train", part, 7, MOTH_F64, COUNT + 1), MOTH_MISUSE, words);
  moth_release(part);
  moth_close(m);
}

static void the_rate_is_live_and_positive(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_OPTIMIZER, "sgd", NULL), *other = NULL;
  const moth_option faster = MOTH_REAL("lr", 0.25), wrong = MOTH_REAL("lr", -0.001), fixed = MOTH_REAL("momentum", 0.5);
  assert_ok(m, moth_part_set(m, part, &faster));
  assert_true(optimizer_lr(part) == 0.25);
  assert_status(m, moth_part_set(m, part, &wrong), MOTH_OPTION);
  assert_status(m, moth_part_set(m, part, &fixed), MOTH_OPTION);
  assert_true(optimizer_lr(part) == 0.25);
  moth_release(part);
  assert_fails(m, moth_part_create(m, MOTH_OPTIMIZER, "adam", OPTIONS(MOTH_REAL("learning_rate", 1)), &other), MOTH_OPTION,
               "adam: no option 'learning_rate'; here it is 'lr' (options: lr beta1 beta2 epsilon weight_decay)");
  assert_fails(m, moth_part_create(m, MOTH_OPTIMIZER, "adam", OPTIONS(MOTH_REAL("Lr", 1)), &other), MOTH_OPTION,
               "adam: no option 'Lr'; did you mean 'lr'?");
  assert_status(m, moth_part_create(m, MOTH_OPTIMIZER, "adam", OPTIONS(MOTH_REAL("lr", INFINITY)), &other), MOTH_OPTION);
  assert_status(m, moth_part_create(m, MOTH_OPTIMIZER, "adam", OPTIONS(MOTH_REAL("lr", NAN)), &other), MOTH_OPTION);
  assert_status(m, moth_part_create(m, MOTH_OPTIMIZER, "adam", OPTIONS(MOTH_REAL("beta1", 1)), &other), MOTH_OPTION);
  assert_status(m, moth_part_create(m, MOTH_OPTIMIZER, "sgd", OPTIONS(MOTH_INT("lr", 0)), &other), MOTH_OPTION);
  moth_close(m);
}

static moth_status bind_adam(moth *m, void *data) {
  moth_part *part = NULL;
  moth_status status = moth_part_create(m, MOTH_OPTIMIZER, "adam", NULL, &part);
  if (status != MOTH_OK) return status;
  status = optimizer_bind(m, "train", part, 1, MOTH_F32, 1000);
  assert_true((status == MOTH_OK) == (part->state != NULL));
  moth_release(part);
  return status;
}

static void every_allocation_may_fail(void **state) { assert_true(support_fail_each(bind_adam, NULL) >= 5); }

/* ---- Schedules ---- */

static void cosine_falls_from_base_to_final(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_SCHEDULE, "cosine", NULL);
  const double pi = acos(-1);
  for (int epoch = 1; epoch <= 10; epoch++) { /* CosineAnnealingLR(T_max=10), its step epoch-1 */
    assert_close(schedule_lr(part, epoch, 10, 0.4), 0.4 * (1 + cos(pi * (epoch - 1) / 10)) / 2, 1e-15);
  }
  assert_true(schedule_lr(part, 1, 10, 0.4) == 0.4);
  moth_release(part);
  part = make_part(m, MOTH_SCHEDULE, "cosine", OPTIONS(MOTH_REAL("final", 0.1), MOTH_INT("over", 4)));
  const double expected[] = { 1, 0.1 + 0.9 * (1 + sqrt(0.5)) / 2, 0.55, 0.1 + 0.9 * (1 - sqrt(0.5)) / 2, 0.1, 0.1, 0.1 };
  for (int epoch = 1; epoch <= 7; epoch++) assert_close(schedule_lr(part, epoch, 100, 1), expected[epoch - 1], 1e-15);
  moth_release(part);
  moth_close(m);
}

static void step_multiplies_every_so_often(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = make_part(m, MOTH_SCHEDULE, "step", OPTIONS(MOTH_INT(NULL, 3), MOTH_REAL(NULL, 0.5)));
  const double expected[] = { 1, 1, 1, 0.5, 0.5, 0.5, 0.25 };
  for (int epoch = 1; epoch <= 7; epoch++) assert_true(schedule_lr(part, epoch, 100, 1) == expected[epoch - 1]);
  moth_release(part);
  part = make_part(m, MOTH_SCHEDULE, "step", OPTIONS(MOTH_INT("every", 2), MOTH_INT("over", 4)));
  assert_close(schedule_lr(part, 4, 100, 1), 0.1, 1e-15);
  assert_close(schedule_lr(part, 50, 100, 1), 0.1, 1e-15); /* its span is over */
  moth_release(part);
  assert_status(m, moth_part_create(m, MOTH_SCHEDULE, "step", NULL, &part), MOTH_OPTION);
  assert_fails(m, moth_part_create(m, MOTH_SCHEDULE, "StepLR", NULL, &part), MOTH_OPTION, "no schedule 'StepLR'; here it is 'step'");
  moth_close(m);
}

static void warmup_rises_before_any_of_them(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; moth_catalog(m, MOTH_SCHEDULE, i) != NULL; i++) {
    const moth_row *row = moth_catalog(m, MOTH_SCHEDULE, i);
    assert_string_equal(row->options[SCHEDULE_WARMUP].key, "warmup");
    assert_string_equal(row->options[SCHEDULE_OVER].key, "over");
    const bool is_step = strcmp(row->name, "step") == 0;
    const moth_option *warm = is_step ? OPTIONS(MOTH_INT("warmup", 4), MOTH_INT("every", 2)) : OPTIONS(MOTH_INT("warmup", 4));
    moth_part *part = make_part(m, MOTH_SCHEDULE, row->name, warm);
    moth_part *bare = make_part(m, MOTH_SCHEDULE, row->name, is_step ? OPTIONS(MOTH_INT("every", 2)) : NULL);
    for (int epoch = 1; epoch <= 4; epoch++) assert_close(schedule_lr(part, epoch, 20, 0.8), 0.2 * epoch, 1e-15);
    for (int epoch = 5; epoch <= 20; epoch++) assert_true(schedule_lr(part, epoch, 20, 0.8) == schedule_lr(bare, epoch - 4, 16, 0.8));
    assert_true(schedule_lr(part, 5, 3, 0.8) == 0.8); /* a warm-up longer than the training */
    moth_release(part), moth_release(bare);
  }
  assert_true(schedule_lr(NULL, 3, 10, 0.8) == 0.8);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_optimizer_is_tested),     cmocka_unit_test(three_steps_follow_the_formulas),
    cmocka_unit_test(only_bare_sgd_is_plain),       cmocka_unit_test(it_serves_one_net),
    cmocka_unit_test(the_rate_is_live_and_positive), cmocka_unit_test(every_allocation_may_fail),
    cmocka_unit_test(cosine_falls_from_base_to_final), cmocka_unit_test(step_multiplies_every_so_often),
    cmocka_unit_test(warmup_rises_before_any_of_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
