/* Thin products (m = 1, k = 1) of every kernel set against the reference's plain loops: odd sizes, strides, both dtypes, with what stands
 * in c, with every end; to the bit, but where dot products take their own order; nothing outside is written; NaN and infinity pass. */
#include "math_support.h"

static const int64_t extents[] = { 1, 2, 3, 5, 7, 8, 15, 16, 17, 63, 64, 65, 128, 130, 784, 1000 };
enum { EXTENTS = sizeof extents / sizeof *extents, MARGIN = 5 };

/* ---- Cases --------------------------------------------------------------------------------------------------------------------------- */

/* Strides of a and b: as they lie, b transposed, both spread out. */
enum { PLAIN, TURNED, SPREAD, PADDED, LAYOUTS };
enum { END_NONE, END_BIAS, END_BIAS_RELU, END_RELU, END_UPDATE, END_BIAS_UPDATE, ENDS };

typedef struct thin { moth_dtype dtype; int64_t m, n, k; int layout, end; bool add; const char *special; } thin;
typedef struct room { char *block; size_t bytes; } room;

static room room_new(moth_dtype dtype, int64_t count, uint64_t seed) {
  room r = { .bytes = (size_t)(count + 2 * MARGIN) * bytes_of(dtype) };
  r.block = malloc(r.bytes);
  fill_values(r.block, dtype, count + 2 * MARGIN, seed, 1, false);
  return r;
}
static void *inside(const room *r, moth_dtype dtype) { return element(r->block, dtype, MARGIN); }

/* The operands of a case; c and w apart for each set. */
typedef struct operands { room a, b, bias; product p; } operands;

static operands operands_new(const thin *t) {
  operands o = { .p = { .m = t->m, .n = t->n, .k = t->k, .add = t->add, .lr = 0.3 } };
  product *p = &o.p;
  switch (t->layout) {
    case PLAIN: p->a_row = t->k, p->a_column = 1, p->b_row = t->n, p->b_column = 1; break;
    case TURNED: p->a_row = t->k, p->a_column = 1, p->b_row = 1, p->b_column = t->k; break;
    case SPREAD: p->a_row = 1, p->a_column = t->m + 1, p->b_row = 2 * t->n + 1, p->b_column = 2; break;
    default: p->a_row = 1, p->a_column = t->m, p->b_row = t->n + 3, p->b_column = 1; break;
  }
  o.a = room_new(t->dtype, (t->m - 1) * p->a_row + (t->k - 1) * p->a_column + 1, 1);
  o.b = room_new(t->dtype, (t->n - 1) * p->b_column + (t->k - 1) * p->b_row + 1, 2);
  o.bias = room_new(t->dtype, t->n, 3);
  p->a = inside(&o.a, t->dtype), p->b = inside(&o.b, t->dtype);
  if (t->end == END_BIAS || t->end == END_BIAS_RELU || t->end == END_BIAS_UPDATE) p->bias = inside(&o.bias, t->dtype);
  p->relu = t->end == END_RELU || t->end == END_BIAS_RELU;
  if (t->special == NULL) return o;
  const double marks[] = { NAN, INFINITY, -INFINITY, -0.0, 0.0 };
  for (int i = 0; i < 5; i++) {
    put_value(o.a.block, t->dtype, MARGIN + i * 3 % (t->m * t->k), *t->special == 'a' ? marks[i] : 0);
    put_value(o.b.block, t->dtype, MARGIN + i * 7 % (t->n * t->k), *t->special == 'b' ? marks[i] : -0.0);
  }
  return o;
}
static void operands_free(operands *o) { free(o->a.block), free(o->b.block), free(o->bias.block); }

/* What a set makes of it: c and w with their margins. */
typedef struct outcome { room c, w; } outcome;
static outcome run(const kernels *set, const thin *t, const operands *o) {
  int64_t c_row = t->n + (t->layout == PADDED ? 3 : 0), w_row = t->n + (t->layout == SPREAD ? 2 : 0);
  outcome r = { room_new(t->dtype, t->m * c_row, 4), room_new(t->dtype, t->m * w_row, 5) };
  product p = o->p;
  p.c = inside(&r.c, t->dtype), p.c_row = c_row;
  if (t->end >= END_UPDATE) p.w = inside(&r.w, t->dtype), p.w_row = w_row;
  set->of[t->dtype].product(&p);
  return r;
}
static void outcome_free(outcome *r) { free(r->c.block), free(r->w.block); }

static const char *text(const thin *t, const kernels *set) {
  static char line[160];
  snprintf(line, sizeof line, "%s %s [%lld,%lld]·[%lld,%lld] layout %d end %d add %d %s", set->name, t->dtype == MOTH_F32 ? "f32" : "f64",
           (long long)t->m, (long long)t->k, (long long)t->k, (long long)t->n, t->layout, t->end, t->add, t->special ? t->special : "");
  return line;
}

/* Sums in k's order are the reference's to the bit where the set has fused multiply-add; dot products take an order of their own. */
static bool is_exact(const kernels *set, const thin *t) {
  bool is_dots = t->m == 1 && (t->layout == TURNED || (t->layout == PLAIN && t->n == 1));
  return strcmp(set->name, "portable") != 0 && !is_dots;
}

static void compare(const kernels *set, const thin *t, const room *got, const room *want) {
  const int64_t count = (int64_t)(want->bytes / bytes_of(t->dtype));
  const double bound = (double)(t->k + 4) * (t->dtype == MOTH_F32 ? 0x1p-23 : 0x1p-52);
  const bool exact = is_exact(set, t);
  for (int64_t i = 0; i < count; i++) {
    double x = value_of(got->block, t->dtype, i), y = value_of(want->block, t->dtype, i);
    bool is_margin = i < MARGIN || i >= count - MARGIN, same = x == y ? t->k == 1 || signbit(x) == signbit(y) : isnan(x) && isnan(y);
    if (!same && (exact || is_margin)) fail_msg("%s: element %lld is %.17g, expected %.17g", text(t, set), (long long)i - MARGIN, x, y);
    check_near(x, y, bound, 1, text(t, set), i - MARGIN);
  }
}

static void check(const kernels *set, const thin *t) {
  operands o = operands_new(t);
  outcome got = run(set, t, &o), want = run(kernels_reference(), t, &o);
  compare(set, t, &got.w, &want.w); /* as it was, where nothing is updated */
  size_t edge = MARGIN * bytes_of(t->dtype);
  if (t->end < END_UPDATE) { /* c is room otherwise, what lies around it is not */
    compare(set, t, &got.c, &want.c);
  } else {
    assert_memory_equal(got.c.block, want.c.block, edge);
    assert_memory_equal(got.c.block + got.c.bytes - edge, want.c.block + want.c.bytes - edge, edge);
  }
  outcome_free(&got), outcome_free(&want), operands_free(&o);
}

static void each_set(void (*f)(const kernels *set, moth_dtype dtype)) {
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; d <= MOTH_F64 && set_at(s) != NULL; d++) f(set_at(s), (moth_dtype)d);
  }
}

/* ---- Tests --------------------------------------------------------------------------------------------------------------------------- */

/* Pairs of sizes, small ones in every layout; ends and additions go round. */
static void check_pairs(const kernels *set, moth_dtype dtype, bool is_row) {
  int turn = 0;
  for (int i = 0; i < EXTENTS; i++) {
    for (int j = 0; j < EXTENTS; j++) {
      int ways = extents[i] * extents[j] > 131000 ? 0 : extents[i] * extents[j] > 5000 ? 1 : LAYOUTS;
      for (int way = 0; way < ways; way++, turn++) {
        thin t = { .dtype = dtype, .m = is_row ? 1 : extents[i], .n = extents[j], .k = is_row ? extents[i] : 1,
                   .layout = ways == 1 ? (i + j) % LAYOUTS : way, .end = turn % ENDS, .add = turn / ENDS % 2 };
        check(set, &t);
      }
    }
  }
}
static void check_rows(const kernels *set, moth_dtype dtype) { check_pairs(set, dtype, true); }
static void check_outer(const kernels *set, moth_dtype dtype) { check_pairs(set, dtype, false); }

static void one_row(void **state) { each_set(check_rows); }
static void outer_products(void **state) { each_set(check_outer); }

/* Every layout with every end, with and without what stands in c. */
static void check_ends(const kernels *set, moth_dtype dtype) {
  static const int64_t shapes[][3] = { { 1, 37, 53 }, { 1, 200, 19 }, { 29, 37, 1 }, { 1, 1, 1 }, { 1, 1, 70 }, { 9, 1, 1 } };
  for (int s = 0; s < (int)(sizeof shapes / sizeof *shapes); s++) {
    for (int i = 0; i < LAYOUTS * ENDS * 2; i++) {
      thin t = { .dtype = dtype, .m = shapes[s][0], .n = shapes[s][1], .k = shapes[s][2], .layout = i % LAYOUTS, .end = i / LAYOUTS % ENDS,
                 .add = i / LAYOUTS / ENDS };
      check(set, &t);
    }
  }
}
static void ends(void **state) { each_set(check_ends); }

static void check_special(const kernels *set, moth_dtype dtype) {
  static const int64_t shapes[][3] = { { 1, 19, 21 }, { 1, 300, 6 }, { 21, 19, 1 } };
  for (int s = 0; s < 3; s++) {
    for (int i = 0; i < LAYOUTS * ENDS * 2; i++) {
      thin t = { .dtype = dtype, .m = shapes[s][0], .n = shapes[s][1], .k = shapes[s][2], .layout = i % LAYOUTS, .end = i / LAYOUTS % ENDS,
                 .special = i / LAYOUTS / ENDS ? "a" : "b" };
      check(set, &t);
    }
  }
}
static void special_values(void **state) { each_set(check_special); }

/* An element of a row by a transposed matrix is the same whatever stands beside it, and wherever. */
static void check_dots(const kernels *set, moth_dtype dtype) {
  enum { N = 45, K = 147 };
  thin t = { .dtype = dtype, .m = 1, .n = N, .k = K, .layout = TURNED };
  operands o = operands_new(&t);
  outcome whole = run(set, &t, &o);
  for (int64_t from = 0, width = 1; from < N; from += width, width = width * 3 % 7 + 1) {
    room part = room_new(dtype, N, 9);
    product p = o.p;
    p.n = N - from < width ? N - from : width;
    p.b = element(o.p.b, dtype, from * K);
    p.c = inside(&part, dtype), p.c_row = p.n;
    if (p.n == 1) p.b_column = 77; /* of no account */
    set->of[dtype].product(&p);
    assert_memory_equal(p.c, element(inside(&whole.c, dtype), dtype, from), (size_t)p.n * bytes_of(dtype));
    free(part.block);
  }
  outcome_free(&whole), operands_free(&o);
}
static void dots_by_themselves(void **state) { each_set(check_dots); }

/* An update is the gradient, rounded, and then sgd's: to the bit in every set. */
static void check_update(const kernels *set, moth_dtype dtype) {
  for (int i = 0; i < EXTENTS; i++) {
    for (int is_row = 0; is_row < 2; is_row++) {
      thin t = { .dtype = dtype, .m = is_row ? 1 : 65, .n = extents[i], .k = is_row ? 65 : 1, .end = END_NONE };
      operands o = operands_new(&t);
      outcome apart = run(set, &t, &o);
      t.end = END_UPDATE;
      outcome fused = run(set, &t, &o);
      set->of[dtype].sgd(inside(&apart.w, dtype), inside(&apart.c, dtype), t.m * t.n, o.p.lr, 0);
      assert_memory_equal(fused.w.block, apart.w.block, apart.w.bytes);
      outcome_free(&apart), outcome_free(&fused), operands_free(&o);
    }
  }
}
static void updates(void **state) { each_set(check_update); }

/* With an owed update: what the update by itself and then the product give, to the bit, b included; the reference's within the bound. */
static void check_owed_case(const kernels *set, const thin *t) {
  operands apart = operands_new(t), fused = operands_new(t);
  room x = room_new(t->dtype, t->k, 6), d = room_new(t->dtype, t->n, 7);
  const product update = { .m = t->k, .n = t->n, .k = 1, .a = inside(&x, t->dtype), .a_row = 1, .a_column = 1, .b = inside(&d, t->dtype),
                           .b_row = t->n, .b_column = 1, .w = inside(&apart.b, t->dtype), .w_row = apart.p.b_row, .lr = 0.7 };
  set->of[t->dtype].product(&update);
  outcome want = run(set, t, &apart);
  fused.p.owed_w = inside(&fused.b, t->dtype);
  fused.p.owed_a = update.a, fused.p.owed_b = update.b, fused.p.owed_lr = update.lr;
  outcome got = run(set, t, &fused);
  assert_memory_equal(fused.b.block, apart.b.block, apart.b.bytes);
  assert_memory_equal(got.c.block, want.c.block, want.c.bytes);
  assert_memory_equal(got.w.block, want.w.block, want.w.bytes);
  operands plain = operands_new(t);
  plain.p.owed_w = inside(&plain.b, t->dtype);
  plain.p.owed_a = update.a, plain.p.owed_b = update.b, plain.p.owed_lr = update.lr;
  outcome reference = run(kernels_reference(), t, &plain);
  compare(set, &(thin){ .dtype = t->dtype, .m = t->m, .n = t->n, .k = 1 }, &fused.b, &plain.b);
  if (t->end < END_UPDATE) compare(set, t, &got.c, &reference.c);
  outcome_free(&want), outcome_free(&got), outcome_free(&reference);
  operands_free(&apart), operands_free(&fused), operands_free(&plain);
  free(x.block), free(d.block);
}
static void check_owed(const kernels *set, moth_dtype dtype) {
  static const int64_t depths[] = { 1, 2, 3, 4, 5, 17, 130 };
  int turn = 0;
  for (int i = 0; i < EXTENTS; i++) {
    for (int k = 0; k < (int)(sizeof depths / sizeof *depths); k++, turn++) {
      const thin t = { .dtype = dtype, .m = turn % 5 == 0 ? 3 : 1, .n = extents[i] + (extents[i] == 1), .k = depths[k],
                       .layout = turn % 2 ? PLAIN : PADDED, .end = turn % ENDS, .add = turn / ENDS % 2 };
      check_owed_case(set, &t);
    }
  }
}
static void owed_updates(void **state) { each_set(check_owed); }

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_row), cmocka_unit_test(outer_products), cmocka_unit_test(ends), cmocka_unit_test(special_values),
    cmocka_unit_test(dots_by_themselves), cmocka_unit_test(updates), cmocka_unit_test(owed_updates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
