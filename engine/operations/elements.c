#include "operations/elements.h"

#include "math/kernels.h"

enum { CHUNK = 512, CHUNK_BYTES = CHUNK * 8 };

/* One operand, laid out as the result is. */
typedef struct operand {
  moth_dtype dtype;
  char *values;
  int64_t strides[MOTH_MAX_RANK];
  uint64_t number;    /* the value itself, where it is a number */
  moth_tensor *apart; /* a copy made because it overlapped the result */
} operand;

typedef struct visit {
  const elements *e;
  const plain_loops *plain;
  moth_dtype dtypes[ELEMENTS_INPUTS];
  size_t width; /* of the result's elements */
} visit;

static void call_function(const elements *e, const void *const *x, void *y, int64_t n) {
  if (e->unary) e->unary(x[0], y, n);
  else if (e->binary) e->binary(x[0], x[1], y, n);
  else e->general(e, x, y, n);
}

/* The input that is one value for the whole run and may go to the number function; -1: none. */
static int lone_number(const visit *v, const int64_t *steps) {
  if (!v->e->number) return -1;
  int lone = steps[2] == 0 ? 1 : steps[1] == 0 ? 0 : -1;
  return lone < 0 || v->dtypes[lone] == MOTH_I64 ? -1 : lone;
}

static void visit_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const visit *v = data;
  const elements *e = v->e;
  _Alignas(64) char buffer[ELEMENTS_INPUTS + 1][CHUNK_BYTES];
  bool writes_directly = steps[0] == (int64_t)v->width, is_direct[ELEMENTS_INPUTS] = { false }, all = writes_directly;
  int lone = lone_number(v, steps);
  for (int i = 0; i < e->inputs; i++) {
    is_direct[i] = i == lone || (v->dtypes[i] == e->compute[i] && steps[i + 1] == (int64_t)dtype_size(e->compute[i]));
    all = all && is_direct[i];
  }
  double number = lone < 0 ? 0 : dtype_load(v->dtypes[lone], at[lone + 1]);
  int64_t step = all ? n : CHUNK, filled[ELEMENTS_INPUTS] = { 0 };
  for (int64_t done = 0; done < n; done += step) {
    int64_t count = n - done < step ? n - done : step;
    const void *x[ELEMENTS_INPUTS] = { NULL };
    for (int i = 0; i < e->inputs; i++) {
      const char *from = at[i + 1] + done * steps[i + 1];
      x[i] = is_direct[i] ? from : buffer[i];
      if (is_direct[i] || filled[i] >= count) continue;
      if (steps[i + 1] == (int64_t)dtype_size(v->dtypes[i])) v->plain->convert[v->dtypes[i]][e->compute[i]](from, buffer[i], count);
      else loops_cast(v->dtypes[i], e->compute[i])(from, steps[i + 1], buffer[i], (int64_t)dtype_size(e->compute[i]), count);
      if (steps[i + 1] == 0) filled[i] = count;
    }
    char *y = writes_directly ? at[0] + done * steps[0] : buffer[ELEMENTS_INPUTS];
    if (lone >= 0) e->number(x[1 - lone], number, y, count, lone == 0);
    else call_function(e, x, y, count);
    if (!writes_directly) loops_cast(e->result, e->result)(y, (int64_t)v->width, at[0] + done * steps[0], steps[0], count);
  }
}

/* ---- Short rows: many at a time ---- */

/* A visit whose n runs along the axis beside the inner one, which is short. */
typedef struct visit_rows {
  visit v;
  int64_t columns;
  int64_t inner[ELEMENTS_INPUTS + 1]; /* the inner axis' strides in bytes: result, inputs */
} visit_rows;

/* Rows of x one after another in y, column by column: each is one cast. */
static void cast_rows(moth_dtype from, moth_dtype to, const char *x, int64_t x_row, int64_t x_column, char *y, int64_t y_row,
                      int64_t y_column, int64_t rows, int64_t columns) {
  loops_cast_function cast = loops_cast(from, to);
  for (int64_t j = 0; j < columns; j++) cast(x + j * x_column, x_row, y + j * y_column, y_row, rows);
}

static void visit_row_blocks(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const visit_rows *r = data;
  const elements *e = r->v.e;
  _Alignas(64) char buffer[ELEMENTS_INPUTS + 1][CHUNK_BYTES];
  int64_t columns = r->columns, block = CHUNK / columns, width = (int64_t)r->v.width, filled[ELEMENTS_INPUTS] = { 0 };
  bool writes_directly = r->inner[0] == width && steps[0] == width * columns;
  for (int64_t done = 0; done < n; done += block) {
    int64_t rows = n - done < block ? n - done : block;
    const void *x[ELEMENTS_INPUTS] = { NULL };
    for (int i = 0; i < e->inputs; i++) {
      int64_t size = (int64_t)dtype_size(e->compute[i]);
      const char *from = at[i + 1] + done * steps[i + 1];
      bool is_direct = r->v.dtypes[i] == e->compute[i] && r->inner[i + 1] == size && steps[i + 1] == size * columns;
      x[i] = is_direct ? from : buffer[i];
      if (is_direct || filled[i] >= rows) continue;
      cast_rows(r->v.dtypes[i], e->compute[i], from, steps[i + 1], r->inner[i + 1], buffer[i], size * columns, size, rows, columns);
      if (steps[i + 1] == 0) filled[i] = rows;
    }
    char *to = at[0] + done * steps[0], *y = writes_directly ? to : buffer[ELEMENTS_INPUTS];
    call_function(e, x, y, rows * columns);
    if (!writes_directly) cast_rows(e->result, e->result, y, width * columns, width, to, steps[0], r->inner[0], rows, columns);
  }
}

enum { SHORT_ROW = 32, ENOUGH_ROWS = 8 };

/* Whether rows are so short that calls cost more than what they do: then the longest other axis comes beside the inner one, as order does
 * not matter here. */
static bool has_short_rows(loops_walk *walk) {
  int inner = walk->rank - 1, longest = inner - 1;
  if (inner < 1 || walk->size[inner] >= SHORT_ROW) return false;
  for (int i = 0; i < inner; i++) {
    if (walk->size[i] > walk->size[longest]) longest = i;
  }
  if (walk->size[longest] < ENOUGH_ROWS) return false;
  int64_t size = walk->size[inner - 1];
  walk->size[inner - 1] = walk->size[longest], walk->size[longest] = size;
  for (int o = 0; o < walk->operands; o++) {
    int64_t stride = walk->strides[o][inner - 1];
    walk->strides[o][inner - 1] = walk->strides[o][longest], walk->strides[o][longest] = stride;
  }
  return true;
}

static bool run_row_blocks(moth *m, const visit *v, loops_walk *walk) {
  int inner = --walk->rank;
  visit_rows r = { .v = *v, .columns = walk->size[inner] };
  for (int o = 0; o < walk->operands; o++) r.inner[o] = walk->strides[o][inner];
  walk->any_order = false;
  return loops_run(m, walk, visit_row_blocks, &r);
}

/* ---- Operands that lie across the result: turned a tile at a time ---- */

enum { TILE_ROWS = 32, TILE_COLUMNS = 64 };

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/* Whether elements of operand o lie closer down the columns than along the rows. */
static bool lies_across(const loops_walk *walk, int o) {
  return walk->strides[o][0] != 0 && magnitude(walk->strides[o][0]) < magnitude(walk->strides[o][1]);
}

/* A plane of which some operand lies across the result; the result's elements then follow one another along the rows. */
static bool is_crossed(loops_walk *walk) {
  if (walk->rank != 2 || walk->size[0] < TILE_ROWS || walk->size[1] < TILE_ROWS) return false;
  if (lies_across(walk, 0)) {
    int64_t size = walk->size[0];
    walk->size[0] = walk->size[1], walk->size[1] = size;
    for (int o = 0; o < walk->operands; o++) {
      int64_t stride = walk->strides[o][0];
      walk->strides[o][0] = walk->strides[o][1], walk->strides[o][1] = stride;
    }
  }
  bool crosses = false;
  for (int o = 1; o < walk->operands; o++) crosses = crosses || lies_across(walk, o);
  return crosses;
}

/* Elements of a tile, in the dtype they are computed in and in row-major order. */
static void turn_tile(moth_dtype from, moth_dtype to, char *x, const int64_t *strides, char *buffer, int64_t rows, int64_t columns) {
  int64_t width = (int64_t)dtype_size(to);
  loops_walk tile = { .rank = 2, .size = { rows, columns }, .operands = 2, .at = { buffer, x },
                      .strides = { { columns * width, width }, { strides[0], strides[1] } } };
  if (from == to && loops_transpose(&tile, (size_t)width)) return;
  cast_rows(from, to, x, strides[0], strides[1], buffer, columns * width, width, rows, columns);
}

static void visit_tile(const visit *v, const loops_walk *walk, int64_t row, int64_t column, int64_t rows, int64_t columns) {
  _Alignas(64) char buffer[ELEMENTS_INPUTS][TILE_ROWS * TILE_COLUMNS * 8];
  visit w = *v;
  char *at[LOOPS_OPERANDS];
  int64_t steps[LOOPS_OPERANDS], row_steps[LOOPS_OPERANDS];
  for (int o = 0; o < walk->operands; o++) {
    at[o] = walk->at[o] + row * walk->strides[o][0] + column * walk->strides[o][1];
    row_steps[o] = walk->strides[o][0], steps[o] = walk->strides[o][1];
    if (o == 0 || !lies_across(walk, o)) continue;
    moth_dtype compute = v->e->compute[o - 1];
    turn_tile(v->dtypes[o - 1], compute, at[o], walk->strides[o], buffer[o - 1], rows, columns);
    w.dtypes[o - 1] = compute;
    at[o] = buffer[o - 1], steps[o] = (int64_t)dtype_size(compute), row_steps[o] = columns * steps[o];
  }
  for (int64_t i = 0; i < rows; i++) {
    visit_run(&w, at, steps, columns);
    for (int o = 0; o < walk->operands; o++) at[o] += row_steps[o];
  }
}

static bool run_tiles(moth *m, const visit *v, const loops_walk *walk) {
  int64_t since_poll = 0;
  for (int64_t row = 0; row < walk->size[0]; row += TILE_ROWS) {
    int64_t rows = walk->size[0] - row < TILE_ROWS ? walk->size[0] - row : TILE_ROWS;
    for (int64_t column = 0; column < walk->size[1]; column += TILE_COLUMNS) {
      int64_t columns = walk->size[1] - column < TILE_COLUMNS ? walk->size[1] - column : TILE_COLUMNS;
      if (m && (since_poll += rows * columns) >= LOOPS_POLL) {
        since_poll = 0;
        if (context_is_cancelled(m)) return false;
      }
      visit_tile(v, walk, row, column, rows, columns);
    }
  }
  return true;
}

static moth_status run_elements(const operation_call *call, const elements *e, const operand *x, moth_tensor *out) {
  if (out->count == 0) return MOTH_OK;
  visit v = { .e = e, .plain = call->m->kernels->plain, .width = dtype_size(e->result) };
  loops_walk walk = { .operands = e->inputs + 1, .any_order = true, .at = { out->values } };
  for (int i = 0; i < out->rank; i++) walk.size[i] = out->size[i], walk.strides[0][i] = out->strides[i];
  for (int o = 0; o < e->inputs; o++) {
    v.dtypes[o] = x[o].dtype;
    walk.at[o + 1] = x[o].values;
    for (int i = 0; i < out->rank; i++) walk.strides[o + 1][i] = x[o].strides[i];
  }
  walk.rank = shape_merge(out->rank, walk.size, walk.operands, walk.strides);
  for (int o = 0; o < walk.operands; o++) {
    int64_t width = (int64_t)(o == 0 ? v.width : dtype_size(v.dtypes[o - 1]));
    for (int i = 0; i < walk.rank; i++) walk.strides[o][i] *= width;
  }
  moth *m = call->in_place ? NULL : call->m; /* what is written in place is not left half done */
  bool is_done;
  if (is_crossed(&walk)) is_done = run_tiles(m, &v, &walk);
  else is_done = has_short_rows(&walk) ? run_row_blocks(m, &v, &walk) : loops_run(m, &walk, visit_run, &v);
  return is_done ? MOTH_OK : operation_cancelled(call);
}

/* The result's shape, tensor by tensor. */
static moth_status find_shape(const operation_call *call, const elements *e, moth_shape *shape) {
  const moth_tensor *before = NULL;
  shape->rank = 0;
  for (int i = 0; i < e->inputs; i++) {
    if (e->input[i].kind != MOTH_TENSOR_VALUE) continue;
    const moth_tensor *t = e->input[i].as.tensor;
    int axis;
    moth_shape sum;
    if (!shape_broadcast(shape->rank, shape->size, t->rank, t->size, &sum.rank, sum.size, &axis)) {
      int wide = shape->rank > t->rank ? shape->rank : t->rank;
      return context_fail(call->m, MOTH_SHAPE, call->where, "%s and %s do not broadcast: axis %d is %lld against %lld",
                          tensor_shape_text(before->dtype, before->rank, before->size).text, tensor_text(t).text,
                          axis + call->m->index_base, (long long)shape->size[axis - (wide - shape->rank)],
                          (long long)t->size[axis - (wide - t->rank)]);
    }
    *shape = sum;
    before = t;
  }
  return MOTH_OK;
}

static moth_status fail_twin(const operation_call *call, const elements *e) {
  const moth_tensor *t = operation_tensor(call, 0);
  const moth_value *other = &call->inputs[call->input_count - 1];
  const char *and = call->input_count > 1 ? " and " : "";
  context_fail(call->m, MOTH_DTYPE, call->where, "%s%s%s give%s %s; in place the dtype stays %s", tensor_text(t).text, and,
               call->input_count > 1 ? operation_value_text(other).text : "", call->input_count > 1 ? "" : "s",
               moth_dtype_name(e->result), moth_dtype_name(t->dtype));
  bool other_decides = other->kind == MOTH_TENSOR_VALUE && other->as.tensor->dtype != t->dtype;
  if (call->input_count == 1 || !other_decides || e->result == MOTH_BOOL) return call->m->status;
  return context_hint(call->m, "to\"%s\" converts the other one", moth_dtype_name(t->dtype));
}

/* Whether the twin's tensor can hold the result. */
static moth_status check_twin(const operation_call *call, const elements *e, int rank, const int64_t *size) {
  const moth_tensor *t = operation_tensor(call, 0);
  if (e->result != t->dtype) return fail_twin(call, e);
  if (shape_equal(t->rank, t->size, rank, size)) return MOTH_OK;
  return context_fail(call->m, MOTH_SHAPE, call->where, "%s does not fit into %s in place",
                      tensor_shape_text(e->result, rank, size).text, tensor_text(t).text);
}

static moth_status lay_out(const operation_call *call, const elements *e, int input, const moth_tensor *out, operand *x) {
  const moth_value *value = &e->input[input];
  if (value->kind != MOTH_TENSOR_VALUE) {
    const moth_tensor *like = call->inputs[0].kind == MOTH_TENSOR_VALUE ? operation_tensor(call, 0) : NULL;
    moth_status status =
        operation_number(call, value, e->compute[input], like && like->dtype == e->compute[input] ? like : NULL, &x->number);
    if (status != MOTH_OK) return status;
    x->dtype = e->compute[input];
    x->values = (char *)&x->number;
    for (int i = 0; i < out->rank; i++) x->strides[i] = 0;
    return MOTH_OK;
  }
  const moth_tensor *t = value->as.tensor;
  if (call->in_place && tensor_overlaps(t, out) && !tensor_coincides(t, out)) {
    moth_status status = tensor_clone(call->m, call->where, t, t->dtype, &x->apart);
    if (status != MOTH_OK) return status;
    t = x->apart;
  }
  x->dtype = t->dtype;
  x->values = t->values;
  shape_broadcast_strides(t->rank, t->size, t->strides, out->rank, x->strides);
  return MOTH_OK;
}

/* The common small case: everything contiguous, of one shape and in the dtype it is computed in. */
static bool is_plain(const operation_call *call, const elements *e, const moth_tensor *out) {
  if (e->general || out->count > LOOPS_POLL || (call->in_place && !tensor_is_contiguous(out))) return false;
  for (int i = 0; i < e->inputs; i++) {
    const moth_tensor *t = e->input[i].as.tensor;
    if (t->dtype != e->compute[i] || !tensor_is_contiguous(t)) return false;
    if (call->in_place && out->values != t->values && tensor_overlaps(t, out)) return false;
  }
  return true;
}

/* Whether all inputs are tensors of one shape. */
static bool is_of_one_shape(const elements *e) {
  const moth_tensor *first = e->input[0].as.tensor;
  if (e->input[0].kind != MOTH_TENSOR_VALUE) return false;
  for (int i = 1; i < e->inputs; i++) {
    const moth_tensor *t = e->input[i].as.tensor;
    if (e->input[i].kind != MOTH_TENSOR_VALUE || !shape_equal(t->rank, t->size, first->rank, first->size)) return false;
  }
  return true;
}

/* A contiguous tensor and a number: the number function takes them as they are. False where it is not that case. */
static bool apply_number(const elements *e, moth_tensor *out) {
  if (!e->number || out->count > LOOPS_POLL || !tensor_is_contiguous(out)) return false;
  bool reversed = e->input[0].kind != MOTH_TENSOR_VALUE;
  const moth_value *value = &e->input[reversed ? 0 : 1], *other = &e->input[reversed ? 1 : 0];
  if (value->kind == MOTH_TENSOR_VALUE || other->kind != MOTH_TENSOR_VALUE) return false;
  const moth_tensor *t = other->as.tensor;
  if (t->dtype != e->compute[0] || !tensor_is_contiguous(t)) return false;
  double number = value->kind == MOTH_REAL_VALUE  ? value->as.real
                  : value->kind == MOTH_INT_VALUE ? (double)value->as.integer
                                                  : value->as.flag;
  if (value->kind == MOTH_INT_VALUE && (number == 0x1p63 || (int64_t)number != value->as.integer)) return false; /* one rounding only */
  if (out->count > 0) e->number(t->values, number, out->values, out->count, reversed);
  return true;
}

/* Operands of any shapes, strides and dtypes into `out`. */
static moth_status apply_laid_out(const operation_call *call, const elements *e, moth_tensor *out) {
  operand x[ELEMENTS_INPUTS];
  moth_status status = MOTH_OK;
  for (int i = 0; i < e->inputs; i++) x[i].apart = NULL;
  for (int i = 0; status == MOTH_OK && i < e->inputs; i++) status = lay_out(call, e, i, out, &x[i]);
  if (status == MOTH_OK) status = run_elements(call, e, x, out);
  for (int i = 0; i < e->inputs; i++) moth_release(x[i].apart);
  return status;
}

/* The twin's tensor, or a new one. */
static moth_status make_result(const operation_call *call, const elements *e, int rank, const int64_t *size, moth_tensor **out) {
  if (!call->in_place) return tensor_new(call->m, call->where, e->result, rank, size, false, out);
  moth_status status = check_twin(call, e, rank, size);
  if (status == MOTH_OK) *out = moth_retain(operation_tensor(call, 0));
  return status;
}

static moth_status apply_broadcast(const operation_call *call, const elements *e) {
  moth_shape shape = { .rank = 0 };
  moth_tensor *out;
  moth_status status = find_shape(call, e, &shape);
  if (status == MOTH_OK) status = make_result(call, e, shape.rank, shape.size, &out);
  if (status != MOTH_OK) return status;
  if (e->inputs != 2 || !apply_number(e, out)) status = apply_laid_out(call, e, out);
  if (status == MOTH_OK) operation_give(call, 0, out);
  else moth_release(out);
  return status;
}

moth_status elements_apply(const operation_call *call, const elements *e) {
  if (!is_of_one_shape(e)) return apply_broadcast(call, e);
  const moth_tensor *like = e->input[0].as.tensor;
  moth_tensor *out;
  moth_status status = make_result(call, e, like->rank, like->size, &out);
  if (status != MOTH_OK) return status;
  if (is_plain(call, e, out)) {
    const void *x[ELEMENTS_INPUTS];
    for (int i = 0; i < e->inputs; i++) x[i] = e->input[i].as.tensor->values;
    if (out->count > 0) call_function(e, x, out->values, out->count);
  } else {
    status = apply_laid_out(call, e, out);
  }
  if (status == MOTH_OK) operation_give(call, 0, out);
  else moth_release(out);
  return status;
}
