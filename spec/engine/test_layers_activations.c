/* Every activation of the catalog: its formula, its slope, whole rows, both dtypes. */
#include "components.h"

/* ---- The formulas, written once more ---- */

static double normal_below(double z) { return 0.5 * erfc(-z / sqrt(2)); }

typedef struct variant {
  const char *name;
  moth_option options[2];
  double number;
} variant;

static const variant variants[] = {
  { "linear", { MOTH_END }, 0 }, { "sigmoid", { MOTH_END }, 0 }, { "tanh", { MOTH_END }, 0 }, { "relu", { MOTH_END }, 0 },
  { "leaky_relu", { MOTH_END }, 0.01 }, { "leaky_relu", { MOTH_REAL("slope", 0.2), MOTH_END }, 0.2 },
  { "leaky_relu", { MOTH_REAL("slope", -0.5), MOTH_END }, -0.5 },
  { "elu", { MOTH_END }, 1 }, { "elu", { MOTH_REAL("alpha", 0.3), MOTH_END }, 0.3 },
  { "selu", { MOTH_END }, 0 }, { "gelu", { MOTH_END }, 0 }, { "gelu", { MOTH_FLAG("approximate", true), MOTH_END }, 1 },
  { "silu", { MOTH_END }, 0 }, { "softplus", { MOTH_END }, 1 }, { "softplus", { MOTH_REAL("beta", 3), MOTH_END }, 3 },
  { "softsign", { MOTH_END }, 0 }, { "hard_sigmoid", { MOTH_END }, 0 }, { "hard_tanh", { MOTH_END }, 0 },
  { "softmax", { MOTH_END }, 0 }, { "log_softmax", { MOTH_END }, 0 },
};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* y of one element, but for softmax and log_softmax. */
static double formula(const variant *v, double z) {
  const char *name = v->name;
  if (strcmp(name, "sigmoid") == 0) return 1 / (1 + exp(-z));
  if (strcmp(name, "tanh") == 0) return tanh(z);
  if (strcmp(name, "relu") == 0) return z > 0 ? z : 0;
  if (strcmp(name, "leaky_relu") == 0) return z > 0 ? z : v->number * z;
  if (strcmp(name, "elu") == 0) return z > 0 ? z : v->number * expm1(z);
  if (strcmp(name, "selu") == 0) return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * expm1(z));
  if (strcmp(name, "gelu") == 0 && v->number == 0) return z * normal_below(z);
  if (strcmp(name, "gelu") == 0) return 0.5 * z * (1 + tanh(sqrt(2 / acos(-1)) * (z + 0.044715 * z * z * z)));
  if (strcmp(name, "silu") == 0) return z / (1 + exp(-z));
  if (strcmp(name, "softplus") == 0) return log1p(exp(v->number * z)) / v->number;
  if (strcmp(name, "softsign") == 0) return z / (1 + fabs(z));
  if (strcmp(name, "hard_sigmoid") == 0) return fmin(fmax(z / 6 + 0.5, 0), 1);
  if (strcmp(name, "hard_tanh") == 0) return fmin(fmax(z, -1), 1);
  assert_string_equal(name, "linear");
  return z;
}

static void formula_rows(const variant *v, int64_t rows, int64_t columns, const double *z, double *y) {
  const bool is_log = strcmp(v->name, "log_softmax") == 0;
  for (int64_t i = 0; i < rows; i++) {
    double total = 0;
    for (int64_t j = 0; j < columns; j++) total += exp(z[i * columns + j]);
    for (int64_t j = 0; j < columns; j++) {
      const double own = z[i * columns + j];
      y[i * columns + j] = is_log ? own - log(total) : strcmp(v->name, "softmax") == 0 ? exp(own) / total : formula(v, own);
    }
  }
}

/* ---- Running one ---- */

typedef struct subject { moth *m; moth_part *part; activation a; } subject;

static subject open_subject(moth *m, const variant *v) {
  moth_part *part = make_part(m, MOTH_ACTIVATION, v->name, v->options);
  return (subject){ m, part, activation_of(part) };
}
static void run_forward(const subject *s, moth_dtype dtype, int64_t rows, int64_t columns, const void *z, void *y) {
  s->a.class->forward(&s->m->kernels->of[dtype], dtype, s->a.numbers, rows, columns, z, y);
}
static void run_backward(const subject *s, moth_dtype dtype, int64_t rows, int64_t columns, const void *z, const void *y, void *d) {
  s->a.class->backward(&s->m->kernels->of[dtype], dtype, s->a.numbers, rows, columns, s->a.class->from_input ? z : NULL, y, d);
}

static void each_activation_is_tested(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; moth_catalog(m, MOTH_ACTIVATION, i) != NULL; i++) {
    const char *name = moth_catalog(m, MOTH_ACTIVATION, i)->name;
    bool found = false;
    for (int v = 0; v < VARIANTS; v++) found = found || strcmp(variants[v].name, name) == 0;
    if (!found) fail_msg("%s has no formula here", name);
  }
  moth_close(m);
}

static void outputs_follow_the_formula(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    for (int64_t columns = 1; columns <= 70; columns += columns < 5 ? 1 : 13) {
      const int64_t rows = 5, count = rows * columns;
      double z[350], expected[350];
      numbers_fill(i + 1, z, count, -4, 4);
      formula_rows(&variants[i], rows, columns, z, expected);
      subject s = open_subject(m, &variants[i]);
      for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
        void *from = values_of(dtype, z, count), *to = values_of(dtype, NULL, count);
        run_forward(&s, dtype, rows, columns, from, to);
        for (int64_t j = 0; j < count; j++) assert_close(load_value(dtype, to, j), expected[j], dtype == MOTH_F32 ? 2e-6 : 1e-14);
        run_forward(&s, dtype, rows, columns, from, from); /* in place */
        assert_memory_equal(from, to, (size_t)count * dtype_size(dtype));
        free(from), free(to);
      }
      moth_release(s.part);
    }
  }
  moth_close(m);
}

/* Bits do not depend on how rows were split. */
static void blocks_of_rows_give_the_same(void **state) {
  moth *m = support_open(NULL);
  enum { ROWS = 13, COLUMNS = 37, COUNT = ROWS * COLUMNS };
  for (int i = 0; i < VARIANTS; i++) {
    subject s = open_subject(m, &variants[i]);
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      const size_t row = COLUMNS * dtype_size(dtype);
      double numbers[COUNT];
      numbers_fill(3, numbers, COUNT, -4, 4);
      void *z = values_of(dtype, numbers, COUNT);
      numbers_fill(4, numbers, COUNT, -1, 1);
      char *y = values_of(dtype, NULL, COUNT), *d = values_of(dtype, numbers, COUNT);
      char *y2 = values_of(dtype, NULL, COUNT), *d2 = values_of(dtype, numbers, COUNT);
      run_forward(&s, dtype, ROWS, COLUMNS, z, y);
      run_backward(&s, dtype, ROWS, COLUMNS, z, y, d);
      for (int64_t at = 0; at < ROWS; at += 4) {
        const int64_t rows = ROWS - at < 4 ? ROWS - at : 4;
        run_forward(&s, dtype, rows, COLUMNS, (char *)z + (size_t)at * row, y2 + (size_t)at * row);
        run_backward(&s, dtype, rows, COLUMNS, (char *)z + (size_t)at * row, y2 + (size_t)at * row, d2 + (size_t)at * row);
      }
      assert_memory_equal(y, y2, ROWS * row);
      assert_memory_equal(d, d2, ROWS * row);
      free(z), free(y), free(d), free(y2), free(d2);
    }
    moth_release(s.part);
  }
  moth_close(m);
}

/* dE/dz for E = sum of c·y against central differences; z keeps away from where straight pieces meet. */
static void slopes_match_central_differences(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    enum { ROWS = 3, COLUMNS = 11, COUNT = ROWS * COLUMNS };
    double z[COUNT], c[COUNT], y[COUNT], d[COUNT];
    numbers_fill(i + 20, z, COUNT, -4, 4);
    for (int j = 0; j < COUNT; j++) {
      for (int kink = -3; kink <= 3; kink++) {
        if (fabs(z[j] - kink) < 1e-3) z[j] += 0.01;
      }
    }
    numbers_fill(2, c, COUNT, -1, 1);
    memcpy(d, c, sizeof d);
    subject s = open_subject(m, &variants[i]);
    run_forward(&s, MOTH_F64, ROWS, COLUMNS, z, y);
    run_backward(&s, MOTH_F64, ROWS, COLUMNS, z, y, d);
    for (int j = 0; j < COUNT; j++) {
      double sides[2] = { 0, 0 }, before = z[j];
      for (int side = 0; side < 2; side++) {
        z[j] = before + (side == 0 ? -1e-5 : 1e-5);
        run_forward(&s, MOTH_F64, ROWS, COLUMNS, z, y);
        for (int o = 0; o < COUNT; o++) sides[side] += c[o] * y[o];
      }
      z[j] = before;
      double error = gradient_error(d[j], (sides[1] - sides[0]) / 2e-5);
      if (error > 1e-6) fail_msg("%s at %g: gradient %g, difference %g", variants[i].name, z[j], d[j], (sides[1] - sides[0]) / 2e-5);
    }
    moth_release(s.part);
  }
  moth_close(m);
}

static void slopes_in_f32_are_those_of_f64(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    enum { ROWS = 2, COLUMNS = 9, COUNT = ROWS * COLUMNS };
    double z[COUNT], c[COUNT], y[COUNT];
    float z32[COUNT], y32[COUNT], c32[COUNT];
    numbers_fill(i + 60, z, COUNT, -4, 4);
    numbers_fill(6, c, COUNT, -1, 1);
    for (int j = 0; j < COUNT; j++) z32[j] = (float)z[j], c32[j] = (float)c[j];
    subject s = open_subject(m, &variants[i]);
    run_forward(&s, MOTH_F64, ROWS, COLUMNS, z, y);
    run_backward(&s, MOTH_F64, ROWS, COLUMNS, z, y, c);
    run_forward(&s, MOTH_F32, ROWS, COLUMNS, z32, y32);
    run_backward(&s, MOTH_F32, ROWS, COLUMNS, z32, y32, c32);
    for (int j = 0; j < COUNT; j++) assert_close(c32[j], c[j], 5e-6);
    moth_release(s.part);
  }
  moth_close(m);
}

static void logits_of_a_thousand_are_finite(void **state) {
  moth *m = support_open(NULL);
  const double z[] = { 1000, -1000, 0, 1000, -1000, -1000, -1000, -1000 };
  for (int i = 0; i < VARIANTS; i++) {
    subject s = open_subject(m, &variants[i]);
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      double ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
      void *from = values_of(dtype, z, 8), *to = values_of(dtype, NULL, 8), *d = values_of(dtype, ones, 8);
      run_forward(&s, dtype, 2, 4, from, to);
      run_backward(&s, dtype, 2, 4, from, to, d);
      for (int j = 0; j < 8; j++) {
        if (!isfinite(load_value(dtype, to, j)) || !isfinite(load_value(dtype, d, j))) fail_msg("%s at %g", variants[i].name, z[j]);
      }
      free(from), free(to), free(d);
    }
    moth_release(s.part);
  }
  moth_close(m);
}

static void nothing_is_written_for_no_rows(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    subject s = open_subject(m, &variants[i]);
    double y[2] = { 4, 5 }, d[2] = { 6, 7 };
    run_forward(&s, MOTH_F64, 0, 2, y, y);
    run_backward(&s, MOTH_F64, 0, 2, y, y, d);
    assert_true(y[0] == 4 && y[1] == 5 && d[0] == 6 && d[1] == 7);
    moth_release(s.part);
  }
  moth_close(m);
}

static void options_are_read(void **state) {
  moth *m = support_open(NULL);
  moth_part *part = NULL;
  assert_true(activation_of(NULL).class->is_linear);
  part = make_part(m, MOTH_ACTIVATION, "leaky_relu", OPTIONS({ .kind = MOTH_OPTION_REAL, .as.real = 0.3 }));
  assert_true(activation_of(part).numbers[0] == 0.3);
  moth_release(part);
  assert_fails(m, moth_part_create(m, MOTH_ACTIVATION, "rleu", NULL, &part), MOTH_OPTION,
               "no activation 'rleu'; did you mean 'relu'? (linear sigmoid tanh relu leaky_relu elu selu gelu silu softplus softsign "
               "hard_sigmoid hard_tanh softmax log_softmax)");
  assert_fails(m, moth_part_create(m, MOTH_ACTIVATION, "swish", NULL, &part), MOTH_OPTION, "no activation 'swish'; here it is 'silu'");
  assert_status(m, moth_part_create(m, MOTH_ACTIVATION, "softplus", OPTIONS(MOTH_REAL("beta", 0)), &part), MOTH_OPTION);
  assert_status(m, moth_part_create(m, MOTH_ACTIVATION, "elu", OPTIONS(MOTH_REAL("alpha", -1)), &part), MOTH_OPTION);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_activation_is_tested),      cmocka_unit_test(outputs_follow_the_formula),
    cmocka_unit_test(blocks_of_rows_give_the_same),   cmocka_unit_test(slopes_match_central_differences),
    cmocka_unit_test(slopes_in_f32_are_those_of_f64), cmocka_unit_test(logits_of_a_thousand_are_finite),
    cmocka_unit_test(nothing_is_written_for_no_rows), cmocka_unit_test(options_are_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
