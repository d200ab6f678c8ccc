/* Diagonals and triangles of matrices: diagonal, diag, tril, triu. */
#include <string.h>

#include "operations/support.h"

#define OPTION_OFFSET                                                                                                                      \
  {                                                                                                                                        \
    .key = "offset", .doc = "which diagonal: above the main one where > 0, below it where < 0", .kinds = MOTH_OPTION_INT, .position = 1,   \
    .fallback = MOTH_INT(NULL, 0), .foreign = "k diagonal"                                                                                 \
  }
#define OPTION_SIDE(name, others, at, text, axis)                                                                                          \
  {                                                                                                                                        \
    .key = name, .foreign = others, .doc = text, .kinds = MOTH_OPTION_INT, .position = (at), .flags = MOTH_POSITION,                       \
    .fallback = MOTH_INT(NULL, axis)                                                                                                       \
  }

/* A diagonal of the matrices that two axes span: a view with those axes left out and the diagonal as the last one. */
static moth_status diagonal_view(const operation_call *call, moth_tensor *t, int64_t offset, int rows, int columns, moth_tensor **view) {
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  int rank = 0;
  for (int i = 0; i < t->rank; i++) {
    if (i != rows && i != columns) size[rank] = t->size[i], strides[rank++] = t->strides[i];
  }
  int64_t down = t->size[rows], along = t->size[columns], place = 0;
  if (offset >= 0) along = offset < along ? along - offset : 0;
  else down = offset > -down ? down + offset : 0;
  size[rank] = down < along ? down : along;
  strides[rank++] = t->strides[rows] + t->strides[columns];
  if (t->count > 0 && size[rank - 1] > 0) place = offset >= 0 ? offset * t->strides[columns] : -offset * t->strides[rows];
  char *values = t->values + place * (int64_t)dtype_size(t->dtype);
  return context_within(call->m, tensor_view(call->m, t, values, rank, size, strides, view), call->where);
}

enum { DIAGONAL_OFFSET, DIAGONAL_ROWS, DIAGONAL_COLUMNS };
static const moth_option_row diagonal_options[] = {
  [DIAGONAL_OFFSET] = OPTION_OFFSET,
  [DIAGONAL_ROWS] = OPTION_SIDE("axis1", "dim1", 2, "the axis that counts rows; by default the first", 0),
  [DIAGONAL_COLUMNS] = OPTION_SIDE("axis2", "dim2", 3, "the axis that counts columns; by default the second", 1),
};

static moth_status check_matrix(const operation_call *call, const moth_tensor *t) {
  if (t->rank >= 2) return MOTH_OK;
  return context_fail(call->m, MOTH_SHAPE, call->where, "takes a matrix, or a stack of them, got %s", tensor_text(t).text);
}

static moth_status apply_diagonal(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *view;
  int rows, columns;
  moth_status status = check_matrix(call, t);
  if (status == MOTH_OK) status = operation_axis(call, t, options_int(call->options, DIAGONAL_ROWS), &rows);
  if (status == MOTH_OK) status = operation_axis(call, t, options_int(call->options, DIAGONAL_COLUMNS), &columns);
  if (status != MOTH_OK) return status;
  if (rows == columns) return context_fail(call->m, MOTH_INDEX, call->where, "axis %d appears twice", rows + call->m->index_base);
  status = diagonal_view(call, t, options_int(call->options, DIAGONAL_OFFSET), rows, columns, &view);
  if (status == MOTH_OK) operation_give(call, 0, view);
  return status;
}

const operation_class operation_diagonal = {
  .row = { .row = { ROW_TEXTS("diagonal",
                              "a view of a diagonal of the matrices that two axes span\n[rows, columns, …] -> […, length]: the diagonal "
                              "becomes the last axis",
                              "moth.eye(3):diagonal()"),
                    ROW_OPTIONS(diagonal_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_diagonal,
};

static const moth_option_row diag_options[] = { OPTION_OFFSET };

/* A matrix of zeros with the vector on its diagonal. */
static moth_status give_matrix(const operation_call *call, const moth_tensor *t, int64_t offset) {
  moth *m = call->m;
  int64_t size;
  moth_tensor *out, *view;
  if (offset == INT64_MIN || __builtin_add_overflow(t->size[0], offset < 0 ? -offset : offset, &size)) {
    return context_fail(m, MOTH_LIMIT, call->where, "more elements than can be addressed");
  }
  moth_status status = tensor_new(m, call->where, t->dtype, 2, (int64_t[]) { size, size }, true, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  status = diagonal_view(call, out, offset, 0, 1, &view);
  if (status != MOTH_OK) return status;
  status = tensor_copy(m, call->where, t, view);
  moth_release(view);
  return status;
}

static moth_status apply_diag(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *view, *out;
  int64_t offset = options_int(call->options, 0);
  if (t->rank == 1) return give_matrix(call, t, offset);
  if (t->rank != 2) return context_fail(call->m, MOTH_SHAPE, call->where, "takes a vector or a matrix, got %s", tensor_text(t).text);
  moth_status status = diagonal_view(call, t, offset, 0, 1, &view);
  if (status != MOTH_OK) return status;
  status = tensor_clone(call->m, call->where, view, t->dtype, &out);
  moth_release(view);
  if (status == MOTH_OK) operation_give(call, 0, out);
  return status;
}

const operation_class operation_diag = {
  .row = { .row = { ROW_TEXTS("diag",
                              "a matrix with a vector on its diagonal and zeros elsewhere; or a copy of a matrix's diagonal\n"
                              "[n] -> [n + |offset|, n + |offset|]; [rows, columns] -> [length]",
                              "moth.diag(moth.range(1, 3))"),
                    ROW_OPTIONS(diag_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_CREATES | MOTH_METHOD },
  .apply = apply_diag,
};

/* Zeros what lies above (tril) or below (triu) a diagonal of the matrix at `values`. */
static void clear_triangle(const moth_tensor *t, char *values, int64_t offset, bool above) {
  int64_t width = (int64_t)dtype_size(t->dtype), rows = t->size[t->rank - 2], columns = t->size[t->rank - 1];
  int64_t down = t->strides[t->rank - 2] * width, along = t->strides[t->rank - 1] * width;
  if (offset > columns) offset = columns;
  if (offset < -rows) offset = -rows;
  for (int64_t i = 0; i < rows; i++) {
    int64_t from = above ? i + offset + 1 : 0, to = above ? columns : i + offset;
    if (from < 0) from = 0;
    if (to > columns) to = columns;
    if (from >= to) continue;
    char *at = values + i * down + from * along;
    if (along == width) memset(at, 0, (size_t)((to - from) * width));
    else
      for (int64_t j = from; j < to; j++, at += along) memset(at, 0, (size_t)width);
  }
}

static moth_status apply_triangle(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out = t;
  moth_status status = check_matrix(call, t);
  if (status != MOTH_OK) return status;
  if (call->in_place) operation_give_self(call);
  else if ((status = tensor_clone(call->m, call->where, t, t->dtype, &out)) == MOTH_OK) operation_give(call, 0, out);
  if (status != MOTH_OK || out->count == 0) return status;
  int64_t at[MOTH_MAX_RANK] = { 0 };
  char *values = out->values;
  for (;;) {
    clear_triangle(out, values, options_int(call->options, 0), call->class->code != 0);
    int axis = out->rank - 3;
    for (; axis >= 0; axis--) {
      int64_t step = out->strides[axis] * (int64_t)dtype_size(out->dtype);
      values += step;
      if (++at[axis] < out->size[axis]) break;
      values -= out->size[axis] * step;
      at[axis] = 0;
    }
    if (axis < 0) return MOTH_OK;
  }
}

#define TRIANGLE_ROW(word, code_, doc_)                                                                                                    \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, "moth.ones(3, 3):" #word "()"),                      \
                                                               ROW_OPTIONS(diag_options) },                                                \
                                                      .inputs = 1,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_CREATES | MOTH_METHOD | MOTH_TWIN },                                   \
                                             .twin = #word "_",                                                                            \
                                             .apply = apply_triangle,                                                                      \
                                             .code = (code_) }
TRIANGLE_ROW(tril, 1, "a copy with zeros above a diagonal: the lower triangle of a matrix, or of each in a stack [..., rows, columns]");
TRIANGLE_ROW(triu, 0, "a copy with zeros below a diagonal: the upper triangle of a matrix, or of each in a stack [..., rows, columns]");
