/* Linear algebra on matrices and stacks of them: trace, det, inverse, pinv, solve, lstsq. */
#include "operations/matrices.h"

static moth_status apply_trace(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  if (t->rank != 2) return context_fail(call->m, MOTH_SHAPE, call->where, "takes a matrix, got %s", tensor_text(t).text);
  int64_t n = t->size[0] < t->size[1] ? t->size[0] : t->size[1], step = (t->strides[0] + t->strides[1]) * (int64_t)dtype_size(t->dtype);
  const char *at = t->values;
  double sum = 0;
  uint64_t whole = 0;
  for (int64_t i = 0; i < n; i++, at += step) {
    if (t->dtype == MOTH_I64) whole += (uint64_t) * (const int64_t *)at;
    else if (!dtype_is_real(t->dtype)) whole += *(const uint8_t *)at;
    else sum += dtype_load(t->dtype, at);
  }
  if (dtype_is_real(t->dtype)) call->results[0] = (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = sum };
  else call->results[0] = (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = (int64_t)whole };
  return MOTH_OK;
}

const operation_class operation_trace = {
  .row = { .row = { ROW_TEXTS("trace", "the sum of the diagonal", "moth.eye(3):trace()") },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "number" },
  .apply = apply_trace,
};

static const moth_option_row real_options[] = { OPTION_REAL };

/* ---- det ---------------------------------------------------------------------------------------------------------------------- */

static moth_status det_each(const operation_call *call, const matrices *a, moth_dtype dtype, moth_tensor *out, double *det) {
  moth *m = call->m;
  linear work;
  moth_status status = linear_open(&work, m, call->where, LINEAR_DET, dtype, a->rows, a->rows, 0);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; status == MOTH_OK && i < a->count; i++) {
    status = context_poll(m, call->where);
    if (status == MOTH_OK) status = matrices_end(call, &work, linear_det(&work, matrices_at(a, i), det), a, i, NULL);
    if (out && status == MOTH_OK) {
      if (dtype == MOTH_F32) ((float *)out->values)[i] = (float)*det;
      else ((double *)out->values)[i] = *det;
    }
  }
  linear_close(&work);
  return status;
}

/* Of [0,0] it is 1, the product of nothing. */
static moth_status apply_det(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out = NULL;
  matrices a = { NULL };
  moth_dtype dtype = MOTH_F32;
  double det = 1;
  moth_status status = matrices_check(call, t, true);
  if (status == MOTH_OK) status = matrices_dtype(call, 0, &dtype);
  if (status == MOTH_OK) status = matrices_open(call, t, dtype, &a);
  if (status != MOTH_OK) return status;
  moth_shape batch = matrices_batch(&a);
  if (t->rank > 2) status = matrices_give(call, 0, dtype, &batch, 0, NULL, &out);
  if (status == MOTH_OK && out && a.count == 0) tensor_fill(out, dtype == MOTH_F32 ? (const void *)&(const float) { 1 } : &det);
  if (status == MOTH_OK && a.count > 0) status = det_each(call, &a, dtype, out, &det);
  if (!out) call->results[0] = (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = det };
  moth_release(a.tensor);
  return status;
}

const operation_class operation_det = {
  .row = { .row = { ROW_TEXTS("det",
                              "the determinant, by LU\n[n,n] gives a number, a stack of matrices a tensor; of [0,0] it is 1",
                              "moth.tensor{ {1, 2}, {3, 4} }:det()"),
                    ROW_OPTIONS(real_options), .foreign = "determinant" },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "number, or tensor of a stack" },
  .apply = apply_det,
};

/* ---- inverse, pinv -------------------------------------------------------------------------------------------------------------- */

#define OPTION_CUTOFF(at)                                                                                                                  \
  {                                                                                                                                        \
    .key = "cutoff",                                                                                                                       \
    .doc = "singular values up to this share of the largest count as 0; absent: max(rows, columns) times the dtype's epsilon",            \
    .kinds = MOTH_OPTION_REAL, .position = (at), .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = 1, .foreign = "rcond rtol"       \
  }
enum { CUTOFF, CUTOFF_REAL };
static const moth_option_row cutoff_options[] = { [CUTOFF] = OPTION_CUTOFF(1), [CUTOFF_REAL] = OPTION_REAL };
static double cutoff_of(const operation_call *call) {
  return options_is_set(call->options, CUTOFF) ? options_real(call->options, CUTOFF) : -1;
}

static linear_outcome invert(linear *work, linear_task task, const void *a, double cutoff, void *out) {
  return task == LINEAR_PINV ? linear_pinv(work, a, cutoff, out) : linear_inverse(work, a, out);
}

static moth_status apply_inverse(const operation_call *call) {
  moth *m = call->m;
  linear_task task = (linear_task)call->class->code;
  bool is_pinv = task == LINEAR_PINV;
  moth_tensor *t = operation_tensor(call, 0), *out = NULL;
  matrices a = { NULL };
  linear work;
  moth_dtype dtype = MOTH_F32;
  double cutoff = is_pinv ? cutoff_of(call) : 0;
  moth_status status = matrices_check(call, t, !is_pinv);
  if (status == MOTH_OK) status = matrices_dtype(call, is_pinv ? CUTOFF_REAL : 0, &dtype);
  if (status == MOTH_OK) status = matrices_open(call, t, dtype, &a);
  if (status != MOTH_OK) return status;
  moth_shape batch = matrices_batch(&a);
  status = matrices_give(call, 0, dtype, &batch, 2, (const int64_t[]) { a.columns, a.rows }, &out);
  if (status != MOTH_OK || out->count == 0) goto done;
  status = linear_open(&work, m, call->where, task, dtype, a.rows, a.columns, 0);
  if (status != MOTH_OK) goto done;
  for (int64_t i = 0; status == MOTH_OK && i < a.count; i++) {
    status = context_poll(m, call->where);
    if (status != MOTH_OK) break;
    linear_outcome outcome = invert(&work, task, matrices_at(&a, i), cutoff, out->values + i * a.step);
    status = matrices_end(call, &work, outcome, &a, i, "pinv gives the inverse of least norm");
  }
  linear_close(&work);
done:
  moth_release(a.tensor);
  return status;
}

const operation_class operation_inverse = {
  .row = { .row = { ROW_TEXTS("inverse",
                              "the inverse of a square matrix, or of each of a stack\n[n,n] gives [n,n], by LU; a singular matrix, or one "
                              "whose reciprocal condition (in the 1-norm) is below the dtype's epsilon, is an error: pinv takes any",
                              "moth.tensor{ {1, 2}, {3, 4} }:inverse()"),
                    ROW_OPTIONS(real_options), .foreign = "inv" },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_inverse,
  .code = LINEAR_INVERSE,
};
const operation_class operation_pinv = {
  .row = { .row = { ROW_TEXTS("pinv",
                              "the Moore-Penrose inverse of a matrix, or of each of a "
                              "stack\n[rows,columns] gives [columns,rows]; by singular values",
                              "moth.tensor{ {1, 2}, {3, 4}, {5, 6} }:pinv()"),
                    ROW_OPTIONS(cutoff_options), .foreign = "pinverse" },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_inverse,
  .code = LINEAR_PINV,
};

/* ---- solve, lstsq ------------------------------------------------------------------------------------------------------------- */

/* a and b checked and opened; who calls releases both, whatever comes back. */
static moth_status open_sides(const operation_call *call, bool square, int real, moth_dtype *dtype, matrices *a, matrices *b,
                              matrices_pair *pair) {
  moth_tensor *left = operation_tensor(call, 0), *right = operation_tensor(call, 1);
  moth_status status = matrices_check(call, left, square);
  if (status != MOTH_OK) return status;
  if (right->rank == 0) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "takes a vector or a matrix as the right side, got %s", tensor_text(right).text);
  }
  status = matrices_dtype(call, real, dtype);
  if (status == MOTH_OK) status = matrices_open(call, left, *dtype, a);
  if (status == MOTH_OK) status = matrices_open(call, right, *dtype, b);
  return status == MOTH_OK ? matrices_pair_open(call, a, b, pair) : status;
}

static moth_status give_answer(const operation_call *call, moth_dtype dtype, const matrices *a, const matrices *b,
                               const matrices_pair *pair, moth_tensor **x) {
  return matrices_give(call, 0, dtype, &pair->batch, b->is_vector ? 1 : 2, (const int64_t[]) { a->columns, b->columns }, x);
}

/* A matrix that stands before several right sides in turn is factored once. */
static moth_status solve_each(const operation_call *call, linear *work, const matrices *a, const matrices *b,
                              const matrices_pair *pair, char *x) {
  moth_status status = MOTH_OK;
  int64_t factored = -1;
  for (int64_t i = 0; status == MOTH_OK && i < pair->count; i++) {
    int64_t left, right;
    matrices_pair_at(pair, i, &left, &right);
    status = context_poll(call->m, call->where);
    if (status == MOTH_OK && left != factored) {
      linear_outcome outcome = linear_factor(work, matrices_at(a, left));
      status = matrices_end(call, work, outcome, a, left, "lstsq gives the answer of least norm, pinv the inverse");
      factored = left;
    }
    if (status == MOTH_OK) linear_solve(work, matrices_at(b, right), x + i * b->step);
  }
  return status;
}

static moth_status apply_solve(const operation_call *call) {
  matrices a = { NULL }, b = { NULL };
  matrices_pair pair;
  moth_tensor *x = NULL;
  linear work;
  moth_dtype dtype = MOTH_F32;
  moth_status status = open_sides(call, true, 0, &dtype, &a, &b, &pair);
  if (status == MOTH_OK) status = give_answer(call, dtype, &a, &b, &pair, &x);
  if (status != MOTH_OK || x->count == 0) goto done;
  status = linear_open(&work, call->m, call->where, LINEAR_SOLVE, dtype, a.rows, a.rows, b.columns);
  if (status != MOTH_OK) goto done;
  status = solve_each(call, &work, &a, &b, &pair, x->values);
  linear_close(&work);
done:
  moth_release(a.tensor);
  moth_release(b.tensor);
  return status;
}

const operation_class operation_solve = {
  .row = { .row = { ROW_TEXTS("solve",
                              "x of a·x = b for a square a\n[n,n] with a vector [n] gives [n], with [n,k] gives [n,k]; axes before the "
                              "last two are stacks, broadcast, and only a b of one axis is a vector\nby LU; a singular matrix, or one "
                              "whose reciprocal condition (estimated in the 1-norm) is below the dtype's epsilon, is an error: lstsq "
                              "takes any",
                              "moth.tensor{ {2, 1}, {1, 3} }:solve(moth.tensor{ 3, 5 })"),
                    ROW_OPTIONS(real_options), .foreign = "gesv linsolve" },
           .inputs = 2,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_solve,
};

static moth_status least_each(const operation_call *call, moth_dtype dtype, const matrices *a, const matrices *b, const matrices_pair *pair,
                              moth_tensor *x, int64_t *ranks) {
  moth *m = call->m;
  linear work;
  double cutoff = cutoff_of(call);
  int64_t step = a->columns * b->columns * (int64_t)dtype_size(dtype);
  moth_status status = linear_open(&work, m, call->where, LINEAR_LSTSQ, dtype, a->rows, a->columns, b->columns);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; status == MOTH_OK && i < pair->count; i++) {
    int64_t left, right;
    int rank = 0;
    matrices_pair_at(pair, i, &left, &right);
    status = context_poll(m, call->where);
    if (status != MOTH_OK) break;
    linear_outcome outcome = linear_least(&work, matrices_at(a, left), matrices_at(b, right), cutoff, x->values + i * step, &rank);
    status = matrices_end(call, &work, outcome, a, left, NULL);
    ranks[i] = rank;
  }
  linear_close(&work);
  return status;
}

/* Where nothing is known, x of least norm is 0. Right sides without columns leave the rank to be told. */
static moth_status apply_lstsq(const operation_call *call) {
  matrices a = { NULL }, b = { NULL };
  matrices_pair pair;
  moth_tensor *x = NULL, *ranks = NULL;
  moth_dtype dtype = MOTH_F32;
  int64_t rank = 0;
  moth_status status = open_sides(call, false, CUTOFF_REAL, &dtype, &a, &b, &pair);
  if (status == MOTH_OK) status = give_answer(call, dtype, &a, &b, &pair, &x);
  if (status == MOTH_OK && pair.batch.rank > 0) status = matrices_give(call, 1, MOTH_I64, &pair.batch, 0, NULL, &ranks);
  if (status == MOTH_OK && a.rows > 0 && a.columns > 0 && pair.count > 0) {
    status = least_each(call, dtype, &a, &b, &pair, x, ranks ? (int64_t *)ranks->values : &rank);
  } else if (status == MOTH_OK) {
    if (x->count > 0) tensor_fill(x, &(const double) { 0 });
    if (ranks && ranks->count > 0) tensor_fill(ranks, &rank);
  }
  if (status == MOTH_OK && !ranks) call->results[1] = (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = rank };
  moth_release(a.tensor);
  moth_release(b.tensor);
  return status;
}

const operation_class operation_lstsq = {
  .row = { .row = { ROW_TEXTS("lstsq",
                              "the x of least norm among those that bring |a·x - b| to its least, and the rank of a\n[rows,columns] with a "
                              "vector [rows] gives [columns], with [rows,k] gives [columns,k]; axes before the last two are stacks, "
                              "broadcast, and only a b of one axis is a vector.\nBy singular values (LAPACK gelsd)",
                              "moth.tensor{ {1, 1}, {1, 2}, {1, 3} }:lstsq(moth.tensor{ 1, 2, 2 })"),
                    ROW_OPTIONS(cutoff_options), .foreign = "gels gelsd least_squares" },
           .inputs = 2,
           .results = 2,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "x, rank (a number, or i64 of a stack)" },
  .apply = apply_lstsq,
};
