/* What is written in place while it is read, through another view of the same storage, gives what a copy gives: every twin of the catalog
 * over random overlapping views, against the same call on clones. A new twin is tested without a line here unless it needs options. */
#include "tensors.h"

enum { SIDE = 8, ROUNDS = 60 };

typedef struct probe {
  const char *name;
  moth_option options[4];
} probe;
static const probe probes[] = {
  { .name = "fill_", .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "clamp", .options = { MOTH_INT(NULL, 0), MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "bernoulli_", .options = { MOTH_REAL(NULL, 0.5), MOTH_END } },
  { .name = "scatter_", .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "index_add_", .options = { MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "index_put_", .options = { MOTH_INT(NULL, 0), MOTH_END } },
};

static const moth_option *options_of(const char *name) {
  static const moth_option none[] = { MOTH_END };
  for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
    if (strcmp(probes[i].name, name) == 0) return probes[i].options;
  }
  return none;
}

/* How a view lies on the ground: [rows, columns] from a corner in steps of ±1 or 2, perhaps turned over, perhaps one row of it. */
typedef struct place {
  int64_t first[2], step[2];
  bool is_turned, is_row;
} place;

static int64_t draw(random_source *r, int64_t n) { return (int64_t)(random_key(r) % (uint64_t)n); }

static place draw_place(random_source *r, const int64_t size[2]) {
  place p = { .is_turned = draw(r, 2), .is_row = false };
  for (int axis = 0; axis < 2; axis++) {
    int64_t n = p.is_turned ? size[1 - axis] : size[axis], step = 1 + draw(r, 2), reach = (n - 1) * step;
    p.first[axis] = draw(r, SIDE - reach);
    p.step[axis] = step;
    if (draw(r, 2)) p.first[axis] += reach, p.step[axis] = -step;
  }
  return p;
}

static moth_tensor *view_of(moth *m, moth_tensor *ground, const int64_t size[2], const place *p) {
  moth_tensor *rows, *both, *turned, *row;
  assert_ok(m, moth_tensor_slice(m, ground, 0, p->first[0], size[p->is_turned], p->step[0], &rows));
  assert_ok(m, moth_tensor_slice(m, rows, 1, p->first[1], size[!p->is_turned], p->step[1], &both));
  assert_ok(m, moth_tensor_permute(m, both, p->is_turned ? (int[]) { 1, 0 } : (int[]) { 0, 1 }, &turned));
  moth_release(rows), moth_release(both);
  if (!p->is_row) return turned;
  assert_ok(m, moth_tensor_select(m, turned, 0, 0, &row));
  moth_release(turned);
  return row;
}

static moth_tensor *make_ground(moth *m, moth_dtype dtype, random_source *r) {
  double values[SIDE * SIDE];
  for (int i = 0; i < SIDE * SIDE; i++) {
    values[i] = dtype == MOTH_BOOL ? (double)draw(r, 2) : (double)draw(r, 3); /* positions too, and a mask where all are bools */
    if (dtype == MOTH_F32 || dtype == MOTH_F64) values[i] += 0.25 * (double)draw(r, 4) - 1;
  }
  return tensors_make(m, dtype, SHAPE(SIDE, SIDE), values);
}

/* One call of a twin; the first input is a view of the ground, the others are views of it too, or clones of such views. */
static moth_status run_twin(moth *m, const moth_operation *row, moth_tensor *ground, const int64_t size[2], const place *places, bool clones) {
  moth_value inputs[MOTH_MAX_INPUTS], results[MOTH_MAX_RESULTS];
  int count = 0;
  for (int i = 0; i < row->inputs; i++) {
    moth_tensor *view = view_of(m, ground, size, &places[i]), *clone;
    inputs[i] = tensors_value(view);
    if (i == 0 || !clones) continue;
    assert_ok(m, tensor_clone(m, "overlap", view, view->dtype, &clone));
    moth_release(view);
    inputs[i] = tensors_value(clone);
  }
  moth_seed(m, 7);
  moth_status status = moth_apply(m, row, true, inputs, row->inputs, options_of(row->row.name), results, &count);
  for (int i = 0; i < row->inputs; i++) moth_release(inputs[i].as.tensor);
  for (int i = 0; status == MOTH_OK && i < count; i++) moth_value_release(m, &results[i]);
  return status;
}

/* Whether it ran. */
static bool check_round(moth *m, const moth_operation *row, moth_dtype dtype, random_source *r) {
  static const int64_t sizes[][2] = { { 3, 3 }, { 4, 4 }, { 2, 4 }, { 4, 1 } };
  const int64_t *size = sizes[draw(r, 4)];
  place places[MOTH_MAX_INPUTS];
  for (int i = 0; i < row->inputs; i++) {
    places[i] = draw_place(r, size);
    places[i].is_row = i > 0 && draw(r, 3) == 0;
  }
  if (row->inputs > 1 && draw(r, 8) == 0) places[1] = places[0];
  moth_tensor *ground = make_ground(m, dtype, r), *copy;
  assert_ok(m, tensor_clone(m, "overlap", ground, dtype, &copy));
  moth_status want = run_twin(m, row, copy, size, places, true), got = run_twin(m, row, ground, size, places, false);
  if (got != want) fail_msg("%s_ of %s: %s, on clones %s", row->row.name, moth_dtype_name(dtype), moth_status_name(got), moth_status_name(want));
  if (memcmp(copy->values, ground->values, (size_t)ground->count * dtype_size(dtype)) != 0) {
    fail_msg("%s in place on [%lld,%lld] of %s%s differs from the same on clones", row->row.name, (long long)size[0], (long long)size[1],
             moth_dtype_name(dtype), got == MOTH_OK ? "" : ", failing,");
  }
  moth_release(ground), moth_release(copy);
  return got == MOTH_OK;
}

static void twins_read_what_stood(void **state) {
  moth *m = support_open(NULL);
  const moth_operation *row;
  random_source r = { .seed = 11 };
  for (int at = 0; (row = moth_operation_at(m, at)) != NULL; at++) {
    if (!(row->flags & (MOTH_TWIN | MOTH_ONLY_TWIN)) || row->inputs == 0) continue;
    int ran = 0;
    for (int d = 0; d < MOTH_DTYPES; d++) {
      for (int round = 0; round < ROUNDS && row->dtypes & 1u << d; round++) ran += check_round(m, row, (moth_dtype)d, &r);
    }
    if (ran == 0) fail_msg("%s never ran in place: give it options in this test's table", row->row.name);
  }
  moth_close(m);
}

/* Where one place would be written many times. */
static void expanded_destinations_are_refused(void **state) {
  moth *m = support_open(NULL);
  moth_tensor *x = tensors_make(m, MOTH_F32, SHAPE(1, 3), NUMBERS(1, 2, 3)), *wide;
  assert_ok(m, moth_tensor_expand(m, x, SHAPE(2, 3), &wide));
  moth_value inputs[] = { tensors_value(wide), tensors_value(x) }, results[MOTH_MAX_RESULTS];
  int count;
  assert_fails(m, tensors_try(m, "add_", inputs, 2, NULL, results, &count), MOTH_MISUSE, "add_: f32[2,3] is read-only");
  assert_fails(m, tensors_try(m, "copy_", inputs, 2, NULL, results, &count), MOTH_MISUSE, "copy_: f32[2,3] is read-only");
  moth_release(x), moth_release(wide);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(twins_read_what_stood), cmocka_unit_test(expanded_destinations_are_refused) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
