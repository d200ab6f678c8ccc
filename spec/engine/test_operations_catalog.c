/* Every operation of the catalog, found by walking it: the same result through all strides, for the twin, for broadcast and number
 * operands, on nothing and on rank 0; and with every allocation failing in turn. A new row is tested without a line here unless it needs
 * options or inputs of its own. */
#include "tensors.h"

#include "operations/operation.h"

/* What a row cannot do without. Inputs are [4,4], or vectors of 4. */
typedef struct probe {
  const char *name;
  bool vectors;
  bool whole;             /* an element of the result depends on more than one, though it has a twin */
  bool loose;             /* sums differ in their last bits with the order of walking */
  unsigned mask_inputs;   /* which inputs are bool: 1 << i */
  unsigned id_inputs;     /* which hold positions */
  unsigned single_inputs; /* which are one value, of rank 0 */
  bool definite;          /* the first is a matrix whose diagonal outweighs the rest */
  moth_option options[6];
} probe;
static const int64_t four[] = { 2, 2 };

static const probe probes[] = {
  { .name = "zeros", .options = { MOTH_INTS(NULL, 2, four), MOTH_END } },
  { .name = "full", .options = { MOTH_INTS(NULL, 2, four), MOTH_REAL(NULL, 3), MOTH_END } },
  { .name = "full_like", .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "eye", .options = { MOTH_INT(NULL, 30), MOTH_END } },
  { .name = "range", .options = { MOTH_INT(NULL, 1), MOTH_INT(NULL, 100), MOTH_END } },
  { .name = "linspace", .options = { MOTH_INT(NULL, 0), MOTH_INT(NULL, 1), MOTH_INT(NULL, 100), MOTH_END } },
  { .name = "one_hot", .options = { MOTH_INT(NULL, 50), MOTH_END } },
  { .name = "randint", .options = { MOTH_INT(NULL, 1), MOTH_INT(NULL, 6), MOTH_INT(NULL, 100), MOTH_TEXT("dtype", "f32"), MOTH_END } },
  { .name = "randperm", .options = { MOTH_INT(NULL, 100), MOTH_END } },
  { .name = "bernoulli", .options = { MOTH_REAL(NULL, 0.5), MOTH_INT(NULL, 100), MOTH_END } },
  { .name = "rand", .options = { MOTH_INT(NULL, 100), MOTH_END } },
  { .name = "randn", .options = { MOTH_INT(NULL, 100), MOTH_END } },
  { .name = "clamp", .options = { MOTH_INT(NULL, 2), MOTH_INT(NULL, 9), MOTH_END } },
  { .name = "softmax", .loose = true }, /* no element stands alone */
  { .name = "log_softmax", .loose = true },
  { .name = "where", .mask_inputs = 1 },
  { .name = "masked_fill", .mask_inputs = 2 },
  { .name = "mask_select", .mask_inputs = 2 },
  { .name = "masked_put_", .mask_inputs = 2, .single_inputs = 4 },
  { .name = "sum", .loose = true, .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "mean", .loose = true, .options = { MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "var", .loose = true, .options = { MOTH_INT(NULL, 1), MOTH_FLAG("keep", true), MOTH_END } },
  { .name = "std", .loose = true, .options = { MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "norm", .loose = true, .options = { MOTH_REAL("p", 3), MOTH_INT("axis", 1), MOTH_END } },
  { .name = "max", .options = { MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "argmax", .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "sort", .options = { MOTH_INT(NULL, 0), MOTH_FLAG("descending", true), MOTH_END } },
  { .name = "topk", .options = { MOTH_INT(NULL, 2), MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "kthvalue", .options = { MOTH_INT(NULL, 3), MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "quantile", .loose = true, .options = { MOTH_REAL(NULL, 0.3), MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "logsumexp", .loose = true, .options = { MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "histogram", .options = { MOTH_INT(NULL, 3), MOTH_END } },
  { .name = "searchsorted", .vectors = true },
  { .name = "dot", .vectors = true, .loose = true },
  { .name = "outer", .vectors = true },
  { .name = "pinv", .loose = true },
  { .name = "inverse", .definite = true },
  { .name = "solve", .definite = true },
  { .name = "cholesky", .definite = true },
  { .name = "unsqueeze", .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "reshape", .options = { MOTH_INT(NULL, 2), MOTH_INT(NULL, -1), MOTH_END } },
  { .name = "view", .options = { MOTH_INT(NULL, 4), MOTH_INT(NULL, 1), MOTH_INT(NULL, 4), MOTH_END } },
  { .name = "permute", .options = { MOTH_INT(NULL, 1), MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "expand", .options = { MOTH_INT(NULL, 3), MOTH_INT(NULL, -1), MOTH_INT(NULL, -1), MOTH_END } },
  { .name = "narrow", .options = { MOTH_INT(NULL, 1), MOTH_INT(NULL, 1), MOTH_INT(NULL, 2), MOTH_END } },
  { .name = "select", .options = { MOTH_INT(NULL, 1), MOTH_INT(NULL, -1), MOTH_END } },
  { .name = "repeat_times", .options = { MOTH_INT(NULL, 2), MOTH_INT(NULL, 3), MOTH_END } },
  { .name = "cumsum", .whole = true },
  { .name = "cumprod", .whole = true },
  { .name = "tril", .whole = true, .options = { MOTH_INT(NULL, -1), MOTH_END } },
  { .name = "triu", .whole = true, .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "tile", .options = { MOTH_INT(NULL, 2), MOTH_END } },
  { .name = "meshgrid", .vectors = true },
  { .name = "split", .options = { MOTH_INT(NULL, 3), MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "chunk", .options = { MOTH_INT(NULL, 3), MOTH_END } },
  { .name = "roll", .options = { MOTH_INT(NULL, -1), MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "index_put_", .id_inputs = 2, .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "index_add_", .id_inputs = 2, .options = { MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "scatter_", .id_inputs = 2, .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "index", .id_inputs = 2, .options = { MOTH_INT(NULL, 1), MOTH_END } },
  { .name = "gather", .id_inputs = 2, .options = { MOTH_INT(NULL, 0), MOTH_END } },
  { .name = "to", .options = { MOTH_TEXT(NULL, "f64"), MOTH_END } },
  { .name = "fill_", .options = { MOTH_INT(NULL, 1), MOTH_END } },
};

static const probe *probe_of(const moth_operation *row) {
  static const probe plain = { .name = NULL, .options = { MOTH_END } };
  for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
    if (strcmp(probes[i].name, row->row.name) == 0) return &probes[i];
  }
  return &plain;
}

static const double values[3][16] = {
  { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 },
  { 2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5, 9, 4, 5, 2 },
  { 1, 6, 1, 8, 3, 3, 9, 8, 8, 7, 4, 9, 8, 9, 4, 8 },
};
static const double bits[16] = { 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0 };
static const double ids[16] = { 0, 3, 1, 2, 2, 1, 0, 3, 3, 3, 0, 1, 2, 0, 1, 2 };

/* Input i of a row, for the dtype of its first one, in a shape with 16 values or fewer. */
static moth_status make_input(moth *m, const probe *p, moth_dtype dtype, int i, int rank, const int64_t *shape, int layout,
                              moth_tensor **t) {
  bool is_mask = p->mask_inputs & 1u << i || (p->mask_inputs & 1 && i == 0);
  if (is_mask) dtype = MOTH_BOOL;
  if (p->id_inputs & 1u << i) dtype = MOTH_I64;
  const double *from = p->id_inputs & 1u << i ? ids : dtype == MOTH_BOOL ? bits : values[i % 3];
  if (p->single_inputs & 1u << i) rank = 0;
  moth_tensor *plain;
  moth_status status = tensor_new(m, "input", dtype, rank, shape, true, &plain);
  if (status != MOTH_OK) return status;
  for (int64_t j = 0; j < plain->count; j++) dtype_store(dtype, from[j % 16], plain->values + j * (int64_t)dtype_size(dtype));
  for (int64_t j = 0; p->definite && i == 0 && dtype != MOTH_BOOL && rank == 2 && j < plain->count; j += plain->size[1] + 1) {
    dtype_store(dtype, 100, plain->values + j * (int64_t)dtype_size(dtype));
  }
  status = tensors_lay_out(m, plain, layout, t);
  moth_release(plain);
  return status;
}

typedef struct outcome {
  moth *m;
  moth_status status;
  int count;
  moth_value results[MOTH_MAX_RESULTS];
} outcome;

static void outcome_free(outcome *o) {
  for (int i = 0; i < o->count; i++) moth_value_release(o->m, &o->results[i]);
  o->count = 0;
}

/* Runs a row on fresh inputs of a layout. Only memory may fail before the row itself runs. */
static outcome run_row(moth *m, const moth_operation *row, bool in_place, moth_dtype dtype, int rank, const int64_t *shape, int layout) {
  const probe *p = probe_of(row);
  outcome o = { .m = m, .status = MOTH_OK };
  moth_value inputs[MOTH_MAX_INPUTS];
  int64_t count = p->vectors && rank == 2 ? shape[0] : 0;
  int made = 0, wanted = row->flags & MOTH_LIST ? 3 : row->inputs;
  for (; made < wanted; made++) {
    moth_tensor *t;
    o.status = p->vectors && rank == 2 ? make_input(m, p, dtype, made, 1, &count, layout, &t)
                                       : make_input(m, p, dtype, made, rank, shape, layout, &t);
    if (o.status != MOTH_OK) break;
    inputs[made] = tensors_value(t);
  }
  if (o.status == MOTH_OK) o.status = moth_apply(m, row, in_place, inputs, wanted, p->options, o.results, &o.count);
  for (int i = 0; i < made; i++) moth_release(inputs[i].as.tensor);
  return o;
}

static bool same_number(double a, double b, bool loose) {
  if (a == b || (a != a && b != b)) return true;
  double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
  return loose && fabs(a - b) <= 2e-6 * (size > 1 ? size : 1);
}

static void assert_same_tensor(const moth_operation *row, const char *what, const moth_tensor *s, const moth_tensor *t, bool loose) {
  if (s->dtype != t->dtype || !shape_equal(s->rank, s->size, t->rank, t->size)) {
    fail_msg("%s, %s: %s and %s", row->row.name, what, tensor_text(s).text, tensor_text(t).text);
  }
  for (int64_t j = 0; j < s->count; j++) {
    if (same_number(tensors_at(s, j), tensors_at(t, j), loose)) continue;
    fail_msg("%s, %s: element %lld is %.17g and %.17g", row->row.name, what, (long long)j, tensors_at(s, j), tensors_at(t, j));
  }
}

static void assert_same(const moth_operation *row, const char *what, const outcome *a, const outcome *b, bool loose) {
  if (a->status != b->status || a->count != b->count) {
    fail_msg("%s, %s: %s and %s", row->row.name, what, moth_status_name(a->status), moth_status_name(b->status));
  }
  for (int i = 0; i < a->count; i++) {
    const moth_value *x = &a->results[i], *y = &b->results[i];
    assert_int_equal(x->kind, y->kind);
    if (x->kind == MOTH_REAL_VALUE) assert_true(same_number(x->as.real, y->as.real, loose));
    if (x->kind == MOTH_INT_VALUE) assert_true(x->as.integer == y->as.integer);
    if (x->kind == MOTH_FLAG_VALUE) assert_true(x->as.flag == y->as.flag);
    if (x->kind == MOTH_TENSOR_VALUE) assert_same_tensor(row, what, x->as.tensor, y->as.tensor, loose);
    if (x->kind != MOTH_TENSORS_VALUE) continue;
    assert_true(x->as.list.count == y->as.list.count);
    for (int64_t j = 0; j < x->as.list.count; j++) {
      assert_same_tensor(row, what, x->as.list.items[j], y->as.list.items[j], loose);
    }
  }
}

/* Rows whose result is only sometimes a view, or which draw. */
static bool takes_tensors(const moth_operation *row) { return row->inputs > 0; }
static bool draws(const moth_operation *row) { return row->flags & MOTH_SAMPLES; }

static void test_rows(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  const moth_operation *row;
  int count = 0;
  for (; (row = moth_operation_at(m, count)) != NULL; count++) {
    const operation_class *class = (const operation_class *)row;
    assert_ptr_equal(moth_operation_find(m, row->row.name), row);
    assert_non_null(row->row.doc);
    assert_non_null(row->row.example);
    assert_non_null(class->apply);
    assert_true((row->flags & MOTH_METHOD) != 0 || (row->flags & MOTH_CREATES) != 0);
    assert_true(row->results >= 1 && row->results <= MOTH_MAX_RESULTS && row->inputs <= MOTH_MAX_INPUTS);
    assert_int_equal(row->inputs > 0, row->dtypes != 0);
    bool ends = row->row.name[strlen(row->row.name) - 1] == '_';
    assert_int_equal(ends, (row->flags & MOTH_ONLY_TWIN) != 0);
    if (row->flags & MOTH_TWIN) {
      char twin[64];
      snprintf(twin, sizeof twin, "%s_", row->row.name);
      assert_string_equal(class->twin, twin);
    }
    for (int i = 0; i < row->row.option_count; i++) {
      const moth_option_row *option = &row->row.options[i];
      assert_non_null(option->doc);
      assert_true(option->kinds != 0);
      bool is_axis = option->flags & MOTH_POSITION && strstr(option->key, "ax") != NULL;
      if (is_axis && (option->foreign == NULL || strstr(option->foreign, "dim") == NULL)) {
        fail_msg("%s: %s should know what PyTorch calls it", row->row.name, option->key);
      }
      if (option->fallback.kind != MOTH_OPTION_END) assert_true((option->fallback.kind & option->kinds) != 0);
    }
  }
  assert_int_equal(count, operation_catalog_count);
  assert_null(moth_operation_find(m, "no such thing"));
  assert_null(moth_operation_at(m, -1));
  for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) assert_non_null(moth_operation_find(m, probes[i].name));
  moth_close(m);
}

static void test_layouts(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  const moth_operation *row;
  int ran = 0;
  for (int at = 0; (row = moth_operation_at(m, at)) != NULL; at++) {
    for (int d = 0; d < MOTH_DTYPES; d++) {
      if (row->inputs > 0 && !(row->dtypes & 1u << d)) {
        outcome refused = run_row(m, row, false, (moth_dtype)d, SHAPE(4, 4), LAYOUT_ROWS);
        if (probe_of(row)->mask_inputs & 1) assert_int_equal(refused.status, MOTH_OK); /* its first input is a mask anyway */
        else assert_int_equal(refused.status, MOTH_DTYPE);
        outcome_free(&refused);
        continue;
      }
      outcome plain = run_row(m, row, false, (moth_dtype)d, SHAPE(4, 4), LAYOUT_ROWS);
      if (plain.status != MOTH_OK && plain.status != MOTH_DTYPE) fail_msg("%s: %s", row->row.name, moth_message(m));
      ran += plain.status == MOTH_OK;
      for (int layout = 1; layout < LAYOUTS && takes_tensors(row) && !draws(row); layout++) {
        outcome other = run_row(m, row, false, (moth_dtype)d, SHAPE(4, 4), layout);
        if (strcmp(row->row.name, "view") != 0 || layout == LAYOUT_INNER) {
          assert_same(row, moth_dtype_name((moth_dtype)d), &plain, &other, probe_of(row)->loose);
        }
        outcome_free(&other);
      }
      outcome_free(&plain);
    }
  }
  assert_true(ran > 300);
  support_close(m, &allocator);
}

/* A twin gives what the operation gives, or refuses to change the dtype; and it refuses where there is none. */
static void test_twins(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  const moth_operation *row;
  for (int at = 0; (row = moth_operation_at(m, at)) != NULL; at++) {
    if (!(row->flags & (MOTH_TWIN | MOTH_ONLY_TWIN))) {
      outcome none = run_row(m, row, true, MOTH_F32, SHAPE(4, 4), LAYOUT_ROWS);
      assert_int_equal(none.status, MOTH_MISUSE);
    }
    if (!(row->flags & MOTH_TWIN)) continue;
    int kept = 0;
    for (int d = 0; d < MOTH_DTYPES; d++) {
      if (!(row->dtypes & 1u << d)) continue;
      outcome apart = run_row(m, row, false, (moth_dtype)d, SHAPE(4, 4), LAYOUT_ROWS);
      for (int layout = 0; layout < LAYOUTS; layout++) {
        outcome twin = run_row(m, row, true, (moth_dtype)d, SHAPE(4, 4), layout);
        bool keeps = apart.status == MOTH_OK && apart.results[0].as.tensor->dtype == (moth_dtype)d;
        if (keeps) assert_same(row, "in place", &apart, &twin, false);
        else assert_int_equal(twin.status, MOTH_DTYPE);
        kept += keeps;
        outcome_free(&twin);
      }
      outcome_free(&apart);
    }
    if (kept == 0) fail_msg("%s keeps no dtype in place", row->row.name);
  }
  support_close(m, &allocator);
}

/* Nothing, and rank 0: a result or a proper refusal. */
static void test_empty(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  const moth_operation *row;
  int ran = 0;
  for (int at = 0; (row = moth_operation_at(m, at)) != NULL; at++) {
    for (int d = 0; d < MOTH_DTYPES; d++) {
      for (int shape = 0; shape < 5; shape++) {
        static const int64_t sizes[5][2] = { { 0, 4 }, { 4, 0 }, { 0, 0 }, { 1, 1 }, { 0, 0 } };
        outcome o = run_row(m, row, false, (moth_dtype)d, shape == 4 ? 0 : 2, sizes[shape], shape % LAYOUTS);
        bool proper =
            o.status == MOTH_OK || o.status == MOTH_SHAPE || o.status == MOTH_INDEX || o.status == MOTH_DTYPE || o.status == MOTH_DATA;
        if (!proper)
          fail_msg("%s of %lld, %lld: %s", row->row.name, (long long)sizes[shape][0], (long long)sizes[shape][1], moth_message(m));
        if (o.status != MOTH_OK) assert_int_equal(strncmp(moth_message(m), row->row.name, strlen(row->row.name)), 0);
        ran += o.status == MOTH_OK;
        outcome_free(&o);
      }
    }
  }
  assert_true(ran > 1000);
  support_close(m, &allocator);
}

/* An operand that is broadcast, or a number, gives what the whole tensor of it gives. */
static void test_broadcast(void **state) {
  (void)state;
  support_allocator allocator = { .blocks = 0 };
  moth *m = support_open(&allocator);
  const moth_operation *row;
  int compared = 0;
  for (int at = 0; (row = moth_operation_at(m, at)) != NULL; at++) {
    if (!(row->flags & MOTH_NUMBERS) || row->inputs != 2 || probe_of(row)->vectors) continue;
    compared++;
    for (int d = 0; d < MOTH_BOOL; d++) {
      moth_dtype dtype = (moth_dtype)d;
      moth_tensor *a = tensors_make(m, dtype, SHAPE(4, 4), values[0]), *b = tensors_make(m, dtype, SHAPE(4), values[1]);
      moth_tensor *wide, *column, *whole,
          *full = tensors_make(m, dtype, SHAPE(4, 4), NUMBERS(3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3));
      assert_ok(m, moth_tensor_expand(m, b, SHAPE(4, 4), &wide));
      assert_ok(m, moth_tensor_view(m, b, SHAPE(4, 1), &column));
      assert_ok(m, moth_tensor_expand(m, column, SHAPE(4, 4), &whole));
      moth_value pairs[][2] = {
        { tensors_value(a), tensors_value(b) },      { tensors_value(a), tensors_value(wide) },
        { tensors_value(b), tensors_value(a) },      { tensors_value(wide), tensors_value(a) },
        { tensors_value(a), tensors_value(column) }, { tensors_value(a), tensors_value(whole) },
        { tensors_value(column), tensors_value(b) }, { tensors_value(whole), tensors_value(wide) },
        { tensors_value(a), tensors_int(3) },        { tensors_value(a), tensors_value(full) },
        { tensors_int(3), tensors_value(a) },        { tensors_value(full), tensors_value(a) },
      };
      for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i += 2) {
        outcome x = { .m = m, .status = MOTH_OK }, y = x;
        x.status = moth_apply(m, row, false, pairs[i], 2, NULL, x.results, &x.count);
        y.status = moth_apply(m, row, false, pairs[i + 1], 2, NULL, y.results, &y.count);
        assert_int_equal(x.status, MOTH_OK);
        assert_same(row, "broadcast", &x, &y, false);
        outcome_free(&x), outcome_free(&y);
      }
      moth_release(a), moth_release(b), moth_release(wide), moth_release(column), moth_release(whole), moth_release(full);
    }
  }
  assert_true(compared > 10);
  support_close(m, &allocator);
}

/* Long runs, in pieces and through the gathering buffers, agree with element by element. */
static void test_long(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  const moth_operation *row;
  int compared = 0;
  for (int at = 0; (row = moth_operation_at(m, at)) != NULL; at++) {
    const probe *p = probe_of(row);
    if (row->inputs < 1 || row->inputs > 2 || draws(row) || p->loose || p->vectors || p->whole || row->flags & MOTH_LIST) continue;
    bool elementwise = row->results == 1 && (row->flags & MOTH_TWIN || row->flags & MOTH_NUMBERS);
    if (!elementwise || row->inputs != 1) continue;
    compared++;
    for (int d = 0; d < 2; d++) {
      moth_tensor *x, *view, *row_of;
      int64_t n = 2503;
      assert_ok(m, moth_tensor_create(m, (moth_dtype)d, SHAPE(n, 2), &x));
      for (int64_t i = 0; i < 2 * n; i++)
        dtype_store((moth_dtype)d, (double)(i % 977) / 100 + 0.01, x->values + i * (int64_t)moth_dtype_size((moth_dtype)d));
      assert_ok(m, moth_tensor_select(m, x, 1, 1, &view));
      moth_tensor *strided = tensors_of(m, row->row.name, view, p->options), *plain = tensors_of(m, "contiguous", view, NULL);
      moth_tensor *straight = tensors_of(m, row->row.name, plain, p->options);
      assert_memory_equal(strided->values, straight->values, (size_t)n * dtype_size(strided->dtype));
      for (int64_t i = 0; i < n; i += 501) { /* alone */
        assert_ok(m, moth_tensor_slice(m, plain, 0, i, 1, 1, &row_of));
        moth_tensor *one = tensors_of(m, row->row.name, row_of, p->options);
        bool same = same_number(tensors_at(one, 0), tensors_at(straight, i), false);
        if (!same) fail_msg("%s: element %lld alone", row->row.name, (long long)i);
        moth_release(one), moth_release(row_of);
      }
      moth_release(x), moth_release(view), moth_release(strided), moth_release(plain), moth_release(straight);
    }
  }
  assert_true(compared > 20);
  moth_close(m);
}

typedef struct failing {
  const char *name;
  bool in_place;
} failing;

static moth_status failing_body(moth *m, void *data) {
  const failing *f = data;
  outcome o = run_row(m, moth_operation_find(m, f->name), f->in_place, MOTH_F32, SHAPE(8, 8), LAYOUT_TRANSPOSED);
  outcome_free(&o);
  return o.status == MOTH_MEMORY || strcmp(f->name, "view") != 0 ? o.status : MOTH_OK;
}

static void test_memory(void **state) {
  (void)state;
  const moth_operation *row;
  int64_t failed = 0;
  for (int at = 0; at < operation_catalog_count; at++) {
    row = operation_catalog[at];
    failing f = { row->row.name, false };
    failed += support_fail_each(failing_body, &f);
    f.in_place = row->flags & MOTH_TWIN;
    bool keeps = strcmp(row->row.name, "masked_fill") != 0 && strncmp(row->row.name, "logical_", 8) != 0; /* these want bools */
    if (f.in_place && keeps) failed += support_fail_each(failing_body, &f);
  }
  assert_true(failed > operation_catalog_count);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_rows),      cmocka_unit_test(test_layouts), cmocka_unit_test(test_twins),  cmocka_unit_test(test_empty),
    cmocka_unit_test(test_broadcast), cmocka_unit_test(test_long),    cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
