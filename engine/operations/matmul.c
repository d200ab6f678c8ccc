/* Products of vectors, matrices and stacks of matrices: matmul, dot, outer, addmm_. */
#include "math/kernels.h"
#include "math/matmul.h"

#include <assert.h>

#include "math/loops.h"
#include "operations/support.h"

/* A matrix, or a stack of them, within a tensor. */
typedef struct matrix {
  moth_tensor *tensor; /* owned */
  int64_t rows, columns, row, column;
  int batch_rank;
} matrix;

/* Whether products can read it where it lies: one of the strides is 1, the other leads past a line; a single line has no gaps. */
static bool is_readable(const matrix *x) {
  if (x->rows == 1) return x->column == 1 || x->columns <= 1;
  if (x->columns == 1) return x->row == 1;
  bool by_rows = x->column == 1 || x->columns <= 1, by_columns = x->row == 1 || x->rows <= 1;
  return (by_rows && (x->row >= x->columns || x->rows <= 1)) || (by_columns && (x->column >= x->rows || x->columns <= 1));
}

/* Not worth a copy. */
static bool is_small(const matrix *x) { return (double)x->rows * (double)x->columns < 64; }

static void lay_out(matrix *x, bool is_left) {
  const moth_tensor *t = x->tensor;
  x->batch_rank = t->rank > 2 ? t->rank - 2 : 0;
  if (t->rank == 1) {
    x->rows = is_left ? 1 : t->size[0], x->columns = is_left ? t->size[0] : 1;
    x->row = is_left ? 0 : t->strides[0], x->column = is_left ? t->strides[0] : 0;
  } else {
    x->rows = t->size[t->rank - 2], x->columns = t->size[t->rank - 1];
    x->row = t->strides[t->rank - 2], x->column = t->strides[t->rank - 1];
  }
}

/* An operand in the product's dtype; packed where its strides would slow a product down. */
static moth_status matrix_open(const operation_call *call, moth_tensor *t, moth_dtype dtype, bool is_left, matrix *x) {
  *x = (matrix) { .tensor = moth_retain(t) };
  lay_out(x, is_left);
  bool is_line = x->rows == 1 || x->columns == 1;
  if (t->dtype == dtype && ((!is_line && is_small(x)) || is_readable(x))) return MOTH_OK;
  moth_release(x->tensor);
  x->tensor = NULL;
  moth_status status = tensor_clone(call->m, call->where, t, dtype, &x->tensor);
  if (status == MOTH_OK) lay_out(x, is_left);
  return status;
}

/* c (row-major [rows, columns]) = a·b for integers, wrapping. */
static bool integer_product(moth *m, moth_dtype dtype, const matrix *a, const char *av, const matrix *b, const char *bv, char *c) {
  for (int64_t i = 0; i < a->rows; i++) {
    if (context_is_cancelled(m)) return false;
    for (int64_t j = 0; j < b->columns; j++) {
      uint64_t sum = 0;
      for (int64_t k = 0; k < a->columns; k++) {
        int64_t x = i * a->row + k * a->column, y = k * b->row + j * b->column;
        sum += dtype == MOTH_I64 ? (uint64_t)((const int64_t *)av)[x] * (uint64_t)((const int64_t *)bv)[y]
                                 : (uint64_t)((const uint8_t *)av)[x] * ((const uint8_t *)bv)[y];
      }
      if (dtype == MOTH_I64) ((int64_t *)c)[i * b->columns + j] = (int64_t)sum;
      else ((uint8_t *)c)[i * b->columns + j] = (uint8_t)sum;
    }
  }
  return true;
}

/* The product of a matrix with one column is turned round: a row with the transposed matrix, whose lines as they lie are summed in vectors,
 * where a column would be summed element by element. */
static bool is_turned(moth_dtype dtype, const matrix *a, const matrix *b) {
  return dtype_is_real(dtype) && b->columns == 1 && a->rows > 1 && !is_small(a);
}

static product turned(const product *p) {
  return (product) { .m = 1, .n = p->m, .k = p->k, .a = p->b, .a_row = p->k, .a_column = p->b_row, .b = p->a, .b_row = p->a_column,
                     .b_column = p->a_row, .c = p->c, .c_row = p->m };
}

/* All products of two stacks into row-major values; the stacks' axes broadcast to `batch`. */
static bool product_stack(moth *m, moth_dtype dtype, const matrix *a, const matrix *b, const moth_shape *batch, char *c) {
  int64_t width = (int64_t)dtype_size(dtype), strides[2][MOTH_MAX_RANK], index[MOTH_MAX_RANK] = { 0 };
  shape_broadcast_strides(a->batch_rank, a->tensor->size, a->tensor->strides, batch->rank, strides[0]);
  shape_broadcast_strides(b->batch_rank, b->tensor->size, b->tensor->strides, batch->rank, strides[1]);
  const char *av = a->tensor->values, *bv = b->tensor->values;
  for (;;) {
    product p = { .m = a->rows, .n = b->columns, .k = a->columns, .a = av, .a_row = a->row, .a_column = a->column, .b = bv,
                  .b_row = b->row, .b_column = b->column, .c = c, .c_row = b->columns };
    if (is_turned(dtype, a, b)) p = turned(&p);
    bool done = dtype_is_real(dtype) ? matmul(m, dtype, &p) : integer_product(m, dtype, a, av, b, bv, c);
    if (!done) return false;
    c += a->rows * b->columns * width;
    int axis = batch->rank - 1;
    for (; axis >= 0; axis--) {
      av += strides[0][axis] * width, bv += strides[1][axis] * width;
      if (++index[axis] < batch->size[axis]) break;
      av -= strides[0][axis] * width * batch->size[axis], bv -= strides[1][axis] * width * batch->size[axis];
      index[axis] = 0;
    }
    if (axis < 0) return true;
    if (context_is_cancelled(m)) return false;
  }
}

/* The first tensor of a shape that an operation made, as a number of its dtype. */
static moth_value number_of(const moth_tensor *t) {
  if (t->dtype == MOTH_I64) return (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = *(const int64_t *)t->values };
  if (t->dtype == MOTH_U8) return (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = *(const uint8_t *)t->values };
  return (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = dtype_load(t->dtype, t->values) };
}

static moth_status check_operands(const operation_call *call, moth_dtype *dtype) {
  const moth_tensor *b = operation_tensor(call, 1);
  if (b->dtype == MOTH_BOOL)
    return context_fail(call->m, MOTH_DTYPE, call->where, "takes f32, f64, i64 or u8, got %s", tensor_text(b).text);
  *dtype = dtype_promote(operation_tensor(call, 0)->dtype, b->dtype);
  return MOTH_OK;
}

/* The product of two opened operands as a new tensor of the batch's shape and what the ranks leave. */
static moth_status matrix_product(const operation_call *call, moth_dtype dtype, const matrix *a, const matrix *b, bool drop_row,
                                  bool drop_column, moth_tensor **out) {
  moth *m = call->m;
  moth_tensor *left = operation_tensor(call, 0), *right = operation_tensor(call, 1);
  moth_shape batch;
  int axis;
  if (a->columns != b->rows) {
    return context_fail(m, MOTH_SHAPE, call->where, "%s with %s: inner sizes %lld and %lld differ", tensor_text(left).text,
                        tensor_text(right).text, (long long)a->columns, (long long)b->rows);
  }
  if (!shape_broadcast(a->batch_rank, a->tensor->size, b->batch_rank, b->tensor->size, &batch.rank, batch.size, &axis)) {
    int from_a = axis - (a->batch_rank > b->batch_rank ? 0 : b->batch_rank - a->batch_rank);
    int from_b = axis - (b->batch_rank > a->batch_rank ? 0 : a->batch_rank - b->batch_rank);
    return context_fail(m, MOTH_SHAPE, call->where, "%s with %s: axes before the last two do not broadcast: axis %d is %lld against %lld",
                        tensor_text(left).text, tensor_text(right).text, axis + m->index_base, (long long)a->tensor->size[from_a],
                        (long long)b->tensor->size[from_b]);
  }
  moth_shape shape = batch;
  if (!drop_row) shape.size[shape.rank++] = a->rows;
  if (!drop_column) shape.size[shape.rank++] = b->columns;
  moth_status status = MOTH_OK;
  if (is_turned(dtype, a, b)) status = matmul_prepare(m, call->where, dtype, 1, a->rows, a->columns);
  else if (dtype_is_real(dtype)) status = matmul_prepare(m, call->where, dtype, a->rows, b->columns, a->columns);
  if (status == MOTH_OK) status = tensor_new(m, call->where, dtype, shape.rank, shape.size, false, out);
  if (status != MOTH_OK || (*out)->count == 0) return status;
  if (product_stack(m, dtype, a, b, &batch, (*out)->values)) return MOTH_OK;
  moth_release(*out);
  return operation_cancelled(call);
}

static moth_status apply_matmul(const operation_call *call) {
  moth_tensor *left = operation_tensor(call, 0), *right = operation_tensor(call, 1), *out;
  matrix a = { NULL }, b = { NULL };
  moth_dtype dtype = MOTH_F32;
  moth_status status = check_operands(call, &dtype);
  if (status != MOTH_OK) return status;
  if (left->rank == 0 || right->rank == 0) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "%s with %s: both need an axis; use mul", tensor_text(left).text,
                        tensor_text(right).text);
  }
  status = matrix_open(call, left, dtype, true, &a);
  if (status == MOTH_OK) status = matrix_open(call, right, dtype, false, &b);
  if (status == MOTH_OK) status = matrix_product(call, dtype, &a, &b, left->rank == 1, right->rank == 1, &out);
  moth_release(a.tensor);
  moth_release(b.tensor);
  if (status != MOTH_OK) return status;
  if (left->rank == 1 && right->rank == 1) {
    call->results[0] = number_of(out);
    moth_release(out);
  } else {
    operation_give(call, 0, out);
  }
  return MOTH_OK;
}

const operation_class operation_matmul = {
  .row = { .row = { ROW_TEXTS(
               "matmul",
               "the matrix product\n[n,k]·[k,m] gives [n,m]; a vector stands as a row on the left, a column on the right, two give a "
               "number; axes before the last two are stacks of matrices, broadcast",
               "moth.ones(2, 3):matmul(moth.ones(3, 4))") },
           .inputs = 2,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_matmul,
};

/* dot and outer take two vectors. */
static moth_status check_vectors(const operation_call *call) {
  moth_tensor *a = operation_tensor(call, 0), *b = operation_tensor(call, 1);
  if (a->rank == 1 && b->rank == 1) return MOTH_OK;
  return context_fail(call->m, MOTH_SHAPE, call->where, "takes two vectors, got %s and %s", tensor_text(a).text, tensor_text(b).text);
}

/* In f64, by the vector kernel. */
static moth_status real_dot(const operation_call *call, moth_dtype dtype) {
  moth_tensor *a = NULL, *b = NULL;
  moth_status status = tensor_contiguous(call->m, call->where, operation_tensor(call, 0), dtype, &a);
  if (status == MOTH_OK) status = tensor_contiguous(call->m, call->where, operation_tensor(call, 1), dtype, &b);
  if (status == MOTH_OK) {
    double dot = call->m->kernels->of[dtype].dot(a->values, b->values, a->count);
    call->results[0] = (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = dot };
  }
  moth_release(a);
  moth_release(b);
  return status;
}

static moth_status apply_dot(const operation_call *call) {
  moth_tensor *a = operation_tensor(call, 0), *b = operation_tensor(call, 1);
  moth_dtype dtype = MOTH_F32;
  moth_status status = check_vectors(call);
  if (status == MOTH_OK) status = check_operands(call, &dtype);
  if (status != MOTH_OK) return status;
  if (a->count == b->count) return dtype_is_real(dtype) ? real_dot(call, dtype) : apply_matmul(call);
  return context_fail(call->m, MOTH_SHAPE, call->where, "%s with %s: sizes differ", tensor_text(a).text, tensor_text(b).text);
}

const operation_class operation_dot = {
  .row = { .row = { ROW_TEXTS("dot", "the sum of the products of two vectors, a number; floats gather in f64",
                              "moth.tensor{ 1, 2 }:dot(moth.tensor{ 3, 4 })") },
           .inputs = 2,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_dot,
};

static moth_status apply_outer(const operation_call *call) {
  moth_tensor *left = operation_tensor(call, 0), *right = operation_tensor(call, 1), *out, *a = NULL, *b = NULL;
  moth_dtype dtype = MOTH_F32;
  moth_status status = check_vectors(call);
  if (status == MOTH_OK) status = check_operands(call, &dtype);
  if (status == MOTH_OK) status = tensor_contiguous(call->m, call->where, left, dtype, &a);
  if (status == MOTH_OK) status = tensor_contiguous(call->m, call->where, right, dtype, &b);
  int64_t size[2] = { left->count, right->count };
  if (status == MOTH_OK) status = tensor_new(call->m, call->where, dtype, 2, size, false, &out);
  if (status == MOTH_OK) {
    operation_give(call, 0, out);
    matrix column = { .tensor = a, .rows = size[0], .columns = 1, .row = 1 },
           row = { .tensor = b, .rows = 1, .columns = size[1], .column = 1 };
    column.column = 1, row.row = size[1];
    moth_shape none = { .rank = 0 };
    if (out->count > 0) {
      status = dtype_is_real(dtype) ? matmul_prepare(call->m, call->where, dtype, size[0], size[1], 1) : MOTH_OK;
      if (status == MOTH_OK && !product_stack(call->m, dtype, &column, &row, &none, out->values)) status = operation_cancelled(call);
    }
  }
  moth_release(a);
  moth_release(b);
  return status;
}

const operation_class operation_outer = {
  .row = { .row = { ROW_TEXTS("outer", "all products of two vectors' elements, as a matrix",
                              "moth.tensor{ 1, 2 }:outer(moth.tensor{ 3, 4, 5 })") },
           .inputs = 2,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_outer,
};

enum { ADDMM_ALPHA, ADDMM_BETA };
static const moth_option_row addmm_options[] = {
  [ADDMM_ALPHA] = { .key = "alpha", .doc = "what the product is multiplied by", .kinds = MOTH_OPTION_REAL, .fallback = MOTH_REAL(NULL, 1) },
  [ADDMM_BETA] = { .key = "beta",
                   .doc = "what the tensor is multiplied by before",
                   .kinds = MOTH_OPTION_REAL,
                   .fallback = MOTH_REAL(NULL, 1) },
};

/* t = beta t + alpha p, element by element; p row-major. With beta = 0 what t held does not matter, nan neither. */
typedef struct blend {
  double alpha, beta;
  moth_dtype dtype;
} blend;

static void blend_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const blend *b = data;
  for (int64_t i = 0; i < n; i++) {
    char *t = at[0] + i * steps[0];
    const char *p = at[1] + i * steps[1];
    if (b->dtype == MOTH_F32) {
      float before = b->beta != 0 ? (float)b->beta * *(float *)t : 0;
      *(float *)t = before + (float)b->alpha * *(const float *)p;
    } else {
      double before = b->beta != 0 ? b->beta * *(double *)t : 0;
      *(double *)t = before + b->alpha * *(const double *)p;
    }
  }
}

static void blend_in(moth_tensor *t, const moth_tensor *p, double alpha, double beta) {
  blend b = { alpha, beta, t->dtype };
  loops_walk walk = { .operands = 2, .at = { t->values, p->values } };
  for (int i = 0; i < 2; i++) {
    walk.size[i] = t->size[i];
    walk.strides[0][i] = t->strides[i] * (int64_t)dtype_size(t->dtype);
    walk.strides[1][i] = p->strides[i] * (int64_t)dtype_size(t->dtype);
  }
  walk.rank = shape_merge(2, walk.size, 2, walk.strides);
  loops_run(NULL, &walk, blend_run, &b);
}

static moth_status addmm_check(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *a = operation_tensor(call, 1), *b = operation_tensor(call, 2);
  bool fits =
      t->rank == 2 && a->rank == 2 && b->rank == 2 && a->size[1] == b->size[0] && t->size[0] == a->size[0] && t->size[1] == b->size[1];
  if (!fits) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "%s plus %s with %s: [n,m] takes [n,k] with [k,m]", tensor_text(t).text,
                        tensor_text(a).text, tensor_text(b).text);
  }
  moth_dtype dtype = dtype_promote(dtype_promote(t->dtype, a->dtype), b->dtype);
  if (dtype == t->dtype) return MOTH_OK;
  return context_fail(call->m, MOTH_DTYPE, call->where, "%s, %s and %s give %s; in place the dtype stays %s", tensor_text(t).text,
                      tensor_text(a).text, tensor_text(b).text, moth_dtype_name(dtype), moth_dtype_name(t->dtype));
}

static moth_status apply_addmm(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *left = operation_tensor(call, 1), *right = operation_tensor(call, 2), *apart = NULL;
  double alpha = options_real(call->options, ADDMM_ALPHA), beta = options_real(call->options, ADDMM_BETA);
  matrix a = { NULL }, b = { NULL };
  moth_status status = addmm_check(call);
  if (status != MOTH_OK) return status;
  status = matrix_open(call, left, t->dtype, true, &a);
  if (status == MOTH_OK) status = matrix_open(call, right, t->dtype, false, &b);
  if (status == MOTH_OK) status = matmul_prepare(m, call->where, t->dtype, t->size[0], t->size[1], a.columns);
  if (status != MOTH_OK || t->count == 0) goto done;
  /* Straight into t where that cannot stop half-way: what a product of this size polls, it polls before it begins. */
  bool is_direct = alpha == 1 && beta == 1 && t->strides[1] == 1 && t->strides[0] >= t->size[1] && !tensor_overlaps(t, a.tensor) &&
                   !tensor_overlaps(t, b.tensor) && (double)t->count * (double)a.columns <= 0x1p29;
  if (!is_direct) status = tensor_new(m, call->where, t->dtype, 2, t->size, false, &apart);
  if (status != MOTH_OK) goto done;
  moth_tensor *to = is_direct ? t : apart;
  const product p = { .m = a.rows, .n = b.columns, .k = a.columns, .a = a.tensor->values, .a_row = a.row, .a_column = a.column,
                      .b = b.tensor->values, .b_row = b.row, .b_column = b.column, .c = to->values, .c_row = to->strides[0],
                      .add = is_direct };
  if (!matmul(m, t->dtype, &p)) {
    status = operation_cancelled(call);
  } else if (!is_direct) {
    blend_in(t, apart, alpha, beta);
  }
done:
  moth_release(apart);
  moth_release(a.tensor);
  moth_release(b.tensor);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

const operation_class operation_addmm_ = {
  .row = { .row = { ROW_TEXTS("addmm_", "t = beta*t + alpha*(a·b), in place\nWith beta = 0 it does not matter what t held before.",
                              "moth.zeros(2, 4):addmm_(moth.ones(2, 3), moth.ones(3, 4))"),
                    ROW_OPTIONS(addmm_options) },
           .inputs = 3,
           .results = 1,
           .dtypes = REAL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN },
  .apply = apply_addmm,
};
