/* Every initializer of the catalog: moments, exact values, the order in which values are drawn, and what may fail. */
#include "components.h"

enum { OUTPUTS = 60, INPUTS = 140, COUNT = OUTPUTS * INPUTS };

/* A weight as dense declares it: [outputs, inputs], stored transposed. */
static parameter_view weight_view(const moth_option *init, int64_t outputs, int64_t inputs) {
  return (parameter_view){ .name = "weight", .rank = 2, .size = { outputs, inputs }, .strides = { 1, outputs }, .init = init,
                           .inputs = inputs, .outputs = outputs };
}

typedef struct subject { moth *m; moth_part *layer; layer_node node; } subject;

static subject open_subject(moth *m, moth_dtype dtype) {
  moth_part *layer = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 60)));
  return (subject){ m, layer, { .class = layer_class_of(layer), .part = layer, .dtype = dtype, .number = 1 } };
}

/* Runs the initializer; values come back in row-major [outputs, inputs] order. */
static void run(moth *m, const char *name, const moth_option *options, moth_dtype dtype, int64_t outputs, int64_t inputs, uint64_t seed,
                double *values) {
  subject s = open_subject(m, dtype);
  moth_part *part = make_part(m, MOTH_INITIALIZER, name, options);
  const moth_option init = MOTH_PART(NULL, part);
  const parameter_view view = weight_view(&init, outputs, inputs);
  void *block = values_of(dtype, NULL, outputs * inputs);
  random_source source = { .seed = seed };
  assert_ok(m, initializer_run(m, &s.node, &view, &source, block));
  for (int64_t o = 0; o < outputs; o++) {
    for (int64_t i = 0; i < inputs; i++) values[o * inputs + i] = load_value(dtype, block, i * outputs + o);
  }
  free(block);
  moth_release(part), moth_release(s.layer);
}

typedef struct moments { const char *name; moth_option options[3]; double mean, deviation, least, most; } moments;

/* Deviations of a uniform of width w: w/sqrt(12). */
static const moments expected[] = {
  { "zeros", { MOTH_END }, 0, 0, 0, 0 },
  { "ones", { MOTH_END }, 1, 0, 1, 1 },
  { "constant", { MOTH_REAL(NULL, 0.3), MOTH_END }, 0.3, 0, 0.3, 0.3 },
  { "uniform", { MOTH_END }, 0.5, 0.28867513459481287, 0, 1 },
  { "uniform", { MOTH_REAL(NULL, -1), MOTH_REAL(NULL, 3), MOTH_END }, 1, 1.1547005383792515, -1, 3 },
  { "normal", { MOTH_END }, 0, 1, -6, 6 },
  { "normal", { MOTH_REAL(NULL, 2), MOTH_REAL("std", 0.5), MOTH_END }, 2, 0.5, -1, 5 },
  { "glorot_uniform", { MOTH_END }, 0, 0.1, -0.17320508075688773, 0.17320508075688773 },   /* sqrt(6/200) */
  { "glorot_normal", { MOTH_END }, 0, 0.1, -1, 1 },                                        /* sqrt(2/200) */
  { "he_uniform", { MOTH_END }, 0, 0.11952286093343936, -0.20701966780270625, 0.20701966780270625 }, /* sqrt(6/140) */
  { "he_normal", { MOTH_END }, 0, 0.11952286093343936, -1, 1 },                            /* sqrt(2/140) */
  { "lecun_normal", { MOTH_END }, 0, 0.08451542547285166, -1, 1 },                         /* sqrt(1/140) */
  { "orthogonal", { MOTH_END }, 0, 0.08451542547285166, -1, 1 },                           /* rows of length 1 */
};
enum { EXPECTED = sizeof expected / sizeof *expected };

static void moments_are_those_of_the_formula(void **state) {
  moth *m = support_open(NULL);
  static double values[COUNT];
  for (int i = 0; i < EXPECTED; i++) {
    const moments *e = &expected[i];
    run(m, e->name, e->options, MOTH_F64, OUTPUTS, INPUTS, 11, values);
    double sum = 0, squares = 0;
    for (int j = 0; j < COUNT; j++) {
      sum += values[j];
      if (values[j] < e->least || values[j] > e->most) fail_msg("%s gives %g", e->name, values[j]);
    }
    for (int j = 0; j < COUNT; j++) squares += (values[j] - sum / COUNT) * (values[j] - sum / COUNT);
    const double mean = sum / COUNT, deviation = sqrt(squares / COUNT);
    if (fabs(mean - e->mean) > 5 * e->deviation / sqrt(COUNT) + 1e-14) fail_msg("%s: mean %g", e->name, mean);
    if (fabs(deviation - e->deviation) > 0.04 * e->deviation + 1e-12) fail_msg("%s: deviation %g", e->name, deviation);
  }
  moth_close(m);
}

static void each_initializer_is_tested(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; moth_catalog(m, MOTH_INITIALIZER, i) != NULL; i++) {
    const moth_row *row = moth_catalog(m, MOTH_INITIALIZER, i);
    bool found = false;
    for (int e = 0; e < EXPECTED; e++) found = found || strcmp(expected[e].name, row->name) == 0;
    if (!found) fail_msg("%s is not tested here", row->name);
    assert_true(row->doc != NULL && row->example != NULL && row->foreign != NULL);
  }
  moth_close(m);
}

static void both_dtypes_start_from_the_same_values(void **state) {
  moth *m = support_open(NULL);
  static double wide[COUNT], narrow[COUNT];
  for (int i = 0; i < EXPECTED; i++) {
    run(m, expected[i].name, expected[i].options, MOTH_F64, OUTPUTS, INPUTS, 4, wide);
    run(m, expected[i].name, expected[i].options, MOTH_F32, OUTPUTS, INPUTS, 4, narrow);
    for (int j = 0; j < COUNT; j++) assert_true(narrow[j] == (double)(float)wide[j]);
  }
  moth_close(m);
}

static void values_are_drawn_row_by_row(void **state) {
  moth *m = support_open(NULL);
  double values[15], drawn[15];
  run(m, "uniform", NULL, MOTH_F64, 3, 5, 8, values);
  numbers_fill(8, drawn, 15, 0, 1);
  assert_memory_equal(values, drawn, sizeof drawn);
  moth_close(m);
}

/* W·Wᵀ = 1 where rows are fewer, Wᵀ·W = 1 where columns are. */
static void orthogonal_is(void **state) {
  moth *m = support_open(NULL);
  const int64_t sizes[][2] = { { 1, 1 }, { 1, 9 }, { 9, 1 }, { 7, 7 }, { 5, 33 }, { 33, 5 }, { 90, 90 } };
  static double w[90 * 90];
  for (int s = 0; s < 7; s++) {
    const int64_t rows = sizes[s][0], columns = sizes[s][1], few = rows < columns ? rows : columns;
    run(m, "orthogonal", NULL, MOTH_F64, rows, columns, 3, w);
    for (int64_t a = 0; a < few; a++) {
      for (int64_t b = 0; b < few; b++) {
        double dot = 0;
        for (int64_t k = 0; k < (rows < columns ? columns : rows); k++) {
          dot += rows < columns ? w[a * columns + k] * w[b * columns + k] : w[k * columns + a] * w[k * columns + b];
        }
        assert_close(dot, a == b, 2e-15);
      }
    }
  }
  moth_close(m);
}

static void fans_of_none_and_empty_views_are_legal(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < EXPECTED; i++) {
    double none[1] = { 5 };
    run(m, expected[i].name, expected[i].options, MOTH_F64, 4, 0, 3, none);
    assert_true(none[0] == 5);
  }
  moth_close(m);
}

/* ---- Tensors and functions ---- */

static moth_status init_with(subject *s, const moth_option *init, double *values) {
  const parameter_view view = weight_view(init, 2, 3);
  random_source source = { .seed = 1 };
  return initializer_run(s->m, &s->node, &view, &source, values);
}

static void a_tensor_gives_its_values(void **state) {
  moth *m = support_open(NULL);
  subject s = open_subject(m, MOTH_F64);
  const double numbers[] = { 1, 2, 3, 4, 5, 6 }, stored[] = { 1, 4, 2, 5, 3, 6 };
  for (int dtype = MOTH_F32; dtype <= MOTH_U8; dtype++) {
    moth_tensor *t = make_tensor(m, (moth_dtype)dtype, 2, SIZES(2, 3), numbers);
    double block[6] = { 0 };
    assert_ok(m, init_with(&s, &(moth_option)MOTH_TENSOR(NULL, t), block));
    assert_memory_equal(block, stored, sizeof stored);
    moth_release(t);
  }
  moth_tensor *wide = make_tensor(m, MOTH_F64, 2, SIZES(3, 2), stored), *turned = NULL; /* strided: its transpose */
  assert_ok(m, moth_tensor_permute(m, wide, (const int[]){ 1, 0 }, &turned));
  double block[6] = { 0 };
  assert_ok(m, init_with(&s, &(moth_option)MOTH_TENSOR(NULL, turned), block));
  assert_memory_equal(block, stored, sizeof stored);
  assert_fails(m, init_with(&s, &(moth_option)MOTH_TENSOR(NULL, wide), block), MOTH_SHAPE,
               "net: layer 1 dense(60): weight is [2,3], init is f64[3,2]");
  moth_release(wide), moth_release(turned), moth_release(s.layer);
  moth_close(m);
}

static moth_status count_up(void *data, moth_tensor *values, int64_t inputs, int64_t outputs) {
  assert_true(inputs == 3 && outputs == 2 && values->dtype == MOTH_F64 && values->rank == 2 && values->size[0] == 2);
  for (int i = 0; i < 6; i++) ((double *)moth_tensor_values_mutable(values))[i] = i + *(double *)data;
  return MOTH_OK;
}
static moth_status refuse(void *data, moth_tensor *values, int64_t inputs, int64_t outputs) { return MOTH_CALLBACK; }

static void a_function_fills_a_tensor(void **state) {
  moth *m = support_open(NULL);
  subject s = open_subject(m, MOTH_F64);
  double first = 10, block[6] = { 0 };
  const double stored[] = { 10, 13, 11, 14, 12, 15 };
  assert_ok(m, init_with(&s, &(moth_option)MOTH_CALL(NULL, count_up, &first, NULL), block));
  assert_memory_equal(block, stored, sizeof stored);
  assert_fails(m, init_with(&s, &(moth_option)MOTH_CALL(NULL, refuse, NULL, NULL), block), MOTH_CALLBACK,
               "net: layer 1: the function for weight failed");
  assert_memory_equal(block, stored, sizeof stored);
  moth_release(s.layer);
  moth_close(m);
}

static void numbers_must_make_a_distribution(void **state) {
  moth *m = support_open(NULL);
  subject s = open_subject(m, MOTH_F64);
  double block[6] = { 5 };
  const struct { const char *name; double a, b; const char *message; } bad[] = {
    { "uniform", 1, 0, "uniform: a 1 and b 0 make no distribution" },
    { "uniform", 0, INFINITY, "uniform: a 0 and b inf make no distribution" },
    { "uniform", -NAN, 1, "uniform: a nan and b 1 make no distribution" },
    { "normal", NAN, 1, "normal: mean nan and std 1 make no distribution" },
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    moth_part *init = make_part(m, MOTH_INITIALIZER, bad[i].name, OPTIONS(MOTH_REAL(NULL, bad[i].a), MOTH_REAL(NULL, bad[i].b)));
    assert_fails(m, init_with(&s, &(moth_option)MOTH_PART(NULL, init), block), MOTH_OPTION, bad[i].message);
    assert_true(block[0] == 5);
    moth_release(init);
  }
  moth_part *same = make_part(m, MOTH_INITIALIZER, "uniform", OPTIONS(MOTH_REAL(NULL, 2), MOTH_REAL(NULL, 2)));
  assert_ok(m, init_with(&s, &(moth_option)MOTH_PART(NULL, same), block));
  assert_true(block[0] == 2 && block[5] == 2);
  moth_release(same), moth_release(s.layer);
  moth_close(m);
}

static void nothing_given_gives_zeros(void **state) {
  moth *m = support_open(NULL);
  subject s = open_subject(m, MOTH_F64);
  double block[6] = { 1, 1, 1, 1, 1, 1 };
  const double zeros[6] = { 0 };
  assert_ok(m, init_with(&s, NULL, block));
  assert_memory_equal(block, zeros, sizeof zeros);
  block[3] = 2;
  assert_ok(m, init_with(&s, &(moth_option)MOTH_END, block));
  assert_memory_equal(block, zeros, sizeof zeros);
  moth_release(s.layer);
  moth_close(m);
}

/* ---- Failures ---- */

static moth_status make_and_fill(moth *m, void *data) {
  moth_part *layer = NULL;
  moth_status status = moth_part_create(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 40), MOTH_TEXT("init", data)), &layer);
  if (status != MOTH_OK) return status;
  bench b;
  status = bench_infer(m, layer, MOTH_F32, &(moth_shape){ .rank = 1, .size = { 30 } }, &b);
  random_source source = { .seed = 1 };
  if (status == MOTH_OK) status = bench_parameters(&b, &source);
  bench_close(&b);
  moth_release(layer);
  return status;
}

static void every_allocation_may_fail(void **state) {
  assert_true(support_fail_each(make_and_fill, "glorot_uniform") > 3);
  assert_true(support_fail_each(make_and_fill, "orthogonal") > 3);
}

static void orthogonal_can_be_cancelled(void **state) {
  moth *m = support_open(NULL);
  subject s = open_subject(m, MOTH_F64);
  moth_part *part = make_part(m, MOTH_INITIALIZER, "orthogonal", NULL);
  double block[6];
  moth_cancel(m);
  assert_status(m, init_with(&s, &(moth_option)MOTH_PART(NULL, part), block), MOTH_CANCELLED);
  moth_release(part), moth_release(s.layer);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_initializer_is_tested),
    cmocka_unit_test(moments_are_those_of_the_formula),
    cmocka_unit_test(both_dtypes_start_from_the_same_values),
    cmocka_unit_test(values_are_drawn_row_by_row),
    cmocka_unit_test(orthogonal_is),
    cmocka_unit_test(fans_of_none_and_empty_views_are_legal),
    cmocka_unit_test(a_tensor_gives_its_values),
    cmocka_unit_test(a_function_fills_a_tensor),
    cmocka_unit_test(numbers_must_make_a_distribution),
    cmocka_unit_test(nothing_given_gives_zeros),
    cmocka_unit_test(every_allocation_may_fail),
    cmocka_unit_test(orthogonal_can_be_cancelled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
