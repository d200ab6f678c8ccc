/* Reductions: over all axes to a number, over some to a tensor. Floats gather in f64. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "math/kernels.h"
#include "math/loops.h"
#include "operations/support.h"

enum { BLOCK = 128, SHORT_RUN = 32 }; /* results gathered side by side; runs too short to be worth a call each */
enum {
  CODE_SUM,
  CODE_PROD,
  CODE_MEAN,
  CODE_VAR,
  CODE_STD,
  CODE_MIN,
  CODE_MAX,
  CODE_ARGMIN,
  CODE_ARGMAX,
  CODE_ANY,
  CODE_ALL,
  CODE_COUNT,
  CODE_NORM
};
enum { REDUCE_AXIS, REDUCE_KEEP, REDUCE_REAL, REDUCE_OWN };

#define OPTION_AXES(at)                                                                                                                    \
  {                                                                                                                                        \
    .key = "axis", .doc = "the axis, or a list of axes, to reduce; absent: all, to a number", .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS, \
    .position = (at), .flags = MOTH_POSITION                                                                                               \
  }
static const moth_option_row reduce_options[] = {
  [REDUCE_AXIS] = OPTION_AXES(1), [REDUCE_KEEP] = OPTION_KEEP, [REDUCE_REAL] = OPTION_REAL
};
static const moth_option_row spread_options[] = { [REDUCE_AXIS] = OPTION_AXES(1),
                                                  [REDUCE_KEEP] = OPTION_KEEP,
                                                  [REDUCE_REAL] = OPTION_REAL,
                                                  [REDUCE_OWN] = { .key = "ddof",
                                                                   .doc = "what is taken from the count before dividing by it",
                                                                   .kinds = MOTH_OPTION_INT,
                                                                   .flags = MOTH_RANGED,
                                                                   .low = 0,
                                                                   .high = 9007199254740992.0,
                                                                   .fallback = MOTH_INT(NULL, 1) } };
static const moth_option_row norm_options[] = { [REDUCE_AXIS] = OPTION_AXES(2),
                                                [REDUCE_KEEP] = OPTION_KEEP,
                                                [REDUCE_REAL] = OPTION_REAL,
                                                [REDUCE_OWN] = { .key = "p",
                                                                 .doc = "the order: 1, 2, math.huge …",
                                                                 .kinds = MOTH_OPTION_REAL,
                                                                 .position = 1,
                                                                 .fallback = MOTH_REAL(NULL, 2) } };

/* One reduction laid out: kept axes beside each other, then those that go. */
typedef struct reduction {
  const operation_call *call;
  int code;
  enum loops_reduce op;
  loops_reduce_function function;
  double (*run_sum)(const void *x, int64_t n); /* the vector kernel for contiguous runs, or NULL */
  moth_dtype dtype;
  int64_t width, count; /* bytes of an element; elements that go into one result */
  double own;           /* ddof or p */
  int kept_rank, gone_rank;
  int64_t kept_size[MOTH_MAX_RANK], kept_strides[1][MOTH_MAX_RANK], gone_size[MOTH_MAX_RANK], gone_strides[1][MOTH_MAX_RANK];
  int64_t since_poll;
} reduction;

static bool is_cancelled(reduction *r, int64_t n) {
  r->since_poll += n;
  if (r->since_poll < LOOPS_POLL) return false;
  r->since_poll = 0;
  return context_is_cancelled(r->call->m);
}

/* A run along the innermost axis that goes, into one state; long ones in pieces. */
static bool gather_run(reduction *r, enum loops_reduce op, loops_reduce_function function, const char *x, int64_t position,
                       loops_number *state, int64_t *index, const double *mean) {
  int inner = r->gone_rank - 1;
  int64_t n = r->gone_size[inner], step = r->gone_strides[0][inner];
  for (int64_t done = 0; done < n; done += LOOPS_POLL) {
    int64_t piece = n - done < LOOPS_POLL ? n - done : LOOPS_POLL;
    const char *from = x + done * step * r->width;
    if (is_cancelled(r, piece)) return false;
    if (r->run_sum && op == r->op && step == 1) {
      state->real += r->run_sum(from, piece);
      continue;
    }
    loops_run_of run = { .x = from, .step = step, .n = piece, .position = position + done, .position_step = 1, .p = r->own };
    function(&run, false, state, index, mean);
  }
  return true;
}

/* Gathers a block of results that lie `step` elements apart. */
static bool gather_block(reduction *r, enum loops_reduce op, const char *x, int64_t step, int64_t block, loops_number *states,
                         int64_t *index, const double *mean) {
  loops_reduce_function function = op == r->op ? r->function : loops_reduce(op, r->dtype);
  int inner = r->gone_rank - 1;
  int64_t n = r->gone_size[inner], gone = r->gone_strides[0][inner], at[MOTH_MAX_RANK] = { 0 }, position = 0;
  bool across = block >= 8 && (n < SHORT_RUN || llabs(step) < llabs(gone));
  for (;;) {
    if (across) {
      for (int64_t j = 0; j < n; j++) {
        loops_run_of run = { .x = x + j * gone * r->width, .step = step, .n = block, .position = position + j, .p = r->own };
        function(&run, true, states, index, mean);
        if (is_cancelled(r, block)) return false;
      }
    } else {
      for (int64_t i = 0; i < block; i++) {
        const char *from = x + i * step * r->width;
        if (!gather_run(r, op, function, from, position, states + i, index ? index + i : NULL, mean ? mean + i : NULL)) return false;
      }
    }
    position += n;
    int axis = inner - 1;
    for (; axis >= 0; axis--) {
      x += r->gone_strides[0][axis] * r->width;
      if (++at[axis] < r->gone_size[axis]) break;
      x -= r->gone_strides[0][axis] * r->width * r->gone_size[axis];
      at[axis] = 0;
    }
    if (axis < 0) return true;
  }
}

/* The result of one state. */
static loops_number finish(const reduction *r, loops_number state, int64_t index) {
  double n = (double)r->count, rest = n - r->own;
  switch (r->code) {
  case CODE_MEAN:
    return (loops_number) { .real = state.real / n };
  case CODE_VAR:
    return (loops_number) { .real = rest > 0 ? state.real / rest : (double)NAN };
  case CODE_STD:
    return (loops_number) { .real = rest > 0 ? sqrt(state.real / rest) : (double)NAN };
  case CODE_ARGMIN:
  case CODE_ARGMAX:
    return (loops_number) { .integer = index + r->call->m->index_base };
  case CODE_ANY:
    return (loops_number) { .integer = state.integer > 0 };
  case CODE_ALL:
    return (loops_number) { .integer = state.integer == r->count };
  case CODE_NORM:
    if (r->op == LOOPS_COUNT) return (loops_number) { .real = (double)state.integer };
    if (r->op == LOOPS_SQUARES) return (loops_number) { .real = sqrt(state.real) };
    return (loops_number) { .real = r->op == LOOPS_POWER ? pow(state.real, 1 / r->own) : state.real };
  default:
    return state;
  }
}

/* Results first … first + block of a row of kept elements. */
static bool reduce_block(reduction *r, const char *x, int64_t step, int64_t block, loops_number *results, int64_t *index) {
  loops_number states[BLOCK];
  double mean[BLOCK];
  bool is_spread = r->op == LOOPS_DEVIATION;
  if (is_spread) {
    for (int64_t i = 0; i < block; i++) states[i].real = 0;
    if (r->count > 0 && !gather_block(r, LOOPS_TOTAL, x, step, block, states, NULL, NULL)) return false;
    for (int64_t i = 0; i < block; i++) mean[i] = states[i].real / (double)r->count;
  }
  for (int64_t i = 0; i < block; i++) {
    states[i] = loops_reduce_start(r->op, r->dtype);
    index[i] = 0;
  }
  bool wants_index = r->op == LOOPS_MAX || r->op == LOOPS_MIN;
  if (r->count > 0 && !gather_block(r, r->op, x, step, block, states, wants_index ? index : NULL, is_spread ? mean : NULL)) return false;
  for (int64_t i = 0; i < block; i++) results[i] = finish(r, states[i], index[i]);
  return true;
}

static void store(moth_dtype dtype, moth_tensor *t, int64_t at, loops_number number) {
  char *element = t->values + at * (int64_t)dtype_size(dtype);
  if (dtype_is_real(dtype)) dtype_store(dtype, number.real, element);
  else if (dtype == MOTH_I64) memcpy(element, &number.integer, sizeof number.integer);
  else *(uint8_t *)element = (uint8_t)number.integer;
}

/* All results, in the row-major order of the kept axes, into row-major tensors. */
static moth_status reduce_to(reduction *r, const moth_tensor *t, moth_tensor *out, moth_tensor *positions) {
  int inner = r->kept_rank - 1;
  int64_t at[MOTH_MAX_RANK] = { 0 }, to = 0;
  loops_number results[BLOCK];
  int64_t index[BLOCK];
  const char *x = t->values;
  for (;;) {
    for (int64_t first = 0; first < r->kept_size[inner]; first += BLOCK) {
      int64_t block = r->kept_size[inner] - first < BLOCK ? r->kept_size[inner] - first : BLOCK;
      int64_t step = r->kept_strides[0][inner];
      if (!reduce_block(r, x + first * step * r->width, step, block, results, index)) return operation_cancelled(r->call);
      for (int64_t i = 0; i < block; i++, to++) {
        store(out->dtype, out, to, results[i]);
        if (positions) ((int64_t *)positions->values)[to] = index[i] + r->call->m->index_base;
      }
    }
    int axis = inner - 1;
    for (; axis >= 0; axis--) {
      x += r->kept_strides[0][axis] * r->width;
      if (++at[axis] < r->kept_size[axis]) break;
      x -= r->kept_strides[0][axis] * r->width * r->kept_size[axis];
      at[axis] = 0;
    }
    if (axis < 0) return MOTH_OK;
  }
}

static void choose_loop(reduction *r) {
  static const enum loops_reduce loops[] = {
    [CODE_SUM] = LOOPS_SUM,       [CODE_PROD] = LOOPS_PROD, [CODE_MEAN] = LOOPS_TOTAL, [CODE_VAR] = LOOPS_DEVIATION,
    [CODE_STD] = LOOPS_DEVIATION, [CODE_MIN] = LOOPS_MIN,   [CODE_MAX] = LOOPS_MAX,    [CODE_ARGMIN] = LOOPS_MIN,
    [CODE_ARGMAX] = LOOPS_MAX,    [CODE_ANY] = LOOPS_COUNT, [CODE_ALL] = LOOPS_COUNT,  [CODE_COUNT] = LOOPS_COUNT,
    [CODE_NORM] = LOOPS_POWER
  };
  r->op = loops[r->code];
  if (r->code == CODE_NORM) {
    if (r->own == 2) r->op = LOOPS_SQUARES;
    else if (r->own == 1) r->op = LOOPS_ABSOLUTE;
    else if (isinf(r->own)) r->op = r->own > 0 ? LOOPS_LARGEST : LOOPS_SMALLEST;
    else if (r->own == 0) r->op = LOOPS_COUNT;
  }
  r->function = loops_reduce(r->op, r->dtype);
  if (!dtype_is_real(r->dtype)) return;
  const real_kernels *kernels = &r->call->m->kernels->of[r->dtype];
  if (r->op == LOOPS_SUM || r->op == LOOPS_TOTAL) r->run_sum = kernels->sum;
  if (r->op == LOOPS_SQUARES) r->run_sum = kernels->sum_squares;
}

static moth_dtype result_dtype(const operation_call *call, int code, moth_dtype dtype) {
  switch (code) {
  case CODE_SUM:
  case CODE_PROD:
    return dtype_is_real(dtype) ? dtype : MOTH_I64;
  case CODE_MEAN:
  case CODE_VAR:
  case CODE_STD:
  case CODE_NORM:
    return dtype_is_real(dtype) ? dtype : operation_dtype(call, REDUCE_REAL, MOTH_F32);
  case CODE_MIN:
  case CODE_MAX:
    return dtype;
  case CODE_ANY:
  case CODE_ALL:
    return MOTH_BOOL;
  default:
    return MOTH_I64;
  }
}

/* Sorts the axes into those kept and those that go. */
static void lay_out(reduction *r, const moth_tensor *t, const bool *gone) {
  r->dtype = t->dtype;
  r->width = (int64_t)dtype_size(t->dtype);
  r->count = 1;
  for (int i = 0; i < t->rank; i++) {
    if (gone[i]) {
      r->gone_size[r->gone_rank] = t->size[i];
      r->gone_strides[0][r->gone_rank++] = t->strides[i];
      r->count *= t->size[i];
    } else {
      r->kept_size[r->kept_rank] = t->size[i];
      r->kept_strides[0][r->kept_rank++] = t->strides[i];
    }
  }
  r->kept_rank = shape_merge(r->kept_rank, r->kept_size, 1, r->kept_strides);
  r->gone_rank = shape_merge(r->gone_rank, r->gone_size, 1, r->gone_strides);
}

static bool needs_elements(int code) {
  return code == CODE_MEAN || code == CODE_VAR || code == CODE_STD || (code >= CODE_MIN && code <= CODE_ARGMAX);
}

static moth_status fail_empty(const operation_call *call, const moth_tensor *t, const bool *gone, bool is_all) {
  int axis = 0;
  while (axis < t->rank - 1 && !(gone[axis] && t->size[axis] == 0)) axis++;
  if (is_all) return context_fail(call->m, MOTH_SHAPE, call->where, "%s is empty", tensor_text(t).text);
  return context_fail(call->m, MOTH_SHAPE, call->where, "axis %d of %s is empty", axis + call->m->index_base, tensor_text(t).text);
}

static moth_status reduce_all(reduction *r, const moth_tensor *t) {
  loops_number result;
  int64_t index;
  if (!reduce_block(r, t->values, 0, 1, &result, &index)) return operation_cancelled(r->call);
  moth_value *value = r->call->results;
  moth_dtype dtype = result_dtype(r->call, r->code, t->dtype);
  if (dtype_is_real(dtype)) *value = (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = result.real };
  else if (dtype == MOTH_BOOL) *value = (moth_value) { .kind = MOTH_FLAG_VALUE, .as.flag = result.integer != 0 };
  else *value = (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = result.integer };
  return MOTH_OK;
}

static moth_status reduce_some(reduction *r, const moth_tensor *t, const bool *gone, int gone_count) {
  const operation_call *call = r->call;
  int64_t size[MOTH_MAX_RANK];
  int rank = 0;
  bool keep = options_flag(call->options, REDUCE_KEEP);
  for (int i = 0; i < t->rank; i++) {
    if (!gone[i]) size[rank++] = t->size[i];
    else if (keep) size[rank++] = 1;
  }
  moth_tensor *out, *positions = NULL;
  moth_status status = tensor_new(call->m, call->where, result_dtype(call, r->code, t->dtype), rank, size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  if ((r->code == CODE_MIN || r->code == CODE_MAX) && gone_count == 1) {
    status = tensor_new(call->m, call->where, MOTH_I64, rank, size, false, &positions);
    if (status != MOTH_OK) return status;
    operation_give(call, 1, positions);
  }
  return out->count == 0 ? MOTH_OK : reduce_to(r, t, out, positions);
}

static moth_status apply_reduce(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  reduction r = { .call = call, .code = call->class->code };
  bool is_all = !options_is_set(call->options, REDUCE_AXIS), gone[MOTH_MAX_RANK];
  int gone_count;
  moth_status status = operation_axes(call, t, REDUCE_AXIS, gone, &gone_count);
  if (status != MOTH_OK) return status;
  for (int i = 0; is_all && i < t->rank; i++) gone[i] = true;
  if (call->class->row.row.option_count > REDUCE_OWN) r.own = options_number(call->options, REDUCE_OWN);
  if (r.code == CODE_NORM && isnan(r.own)) return context_fail(call->m, MOTH_OPTION, call->where, "p must be a number, got nan");
  lay_out(&r, t, gone);
  if (r.count == 0 && needs_elements(r.code)) return fail_empty(call, t, gone, is_all);
  choose_loop(&r);
  return is_all ? reduce_all(&r, t) : reduce_some(&r, t, gone, gone_count);
}

#define REDUCE_ROW(word, code_, list, results_, doc_, example_)                                                                            \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(list) },                      \
                                                      .inputs = 1,                                                                         \
                                                      .results = (results_),                                                               \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD },                                                              \
                                             .apply = apply_reduce,                                                                        \
                                             .code = (code_) }

REDUCE_ROW(sum, CODE_SUM, reduce_options, 1, "the sum; 0 of nothing; integers and bools give integers", "moth.ones(2, 3):sum(1)");
REDUCE_ROW(prod, CODE_PROD, reduce_options, 1, "the product; 1 of nothing", "moth.tensor{ 1, 2, 3 }:prod()");
REDUCE_ROW(mean, CODE_MEAN, reduce_options, 1, "the mean", "moth.tensor{ 1, 2, 3 }:mean()");
REDUCE_ROW(var, CODE_VAR, spread_options, 1, "the variance, divided by n - ddof", "moth.tensor{ 1, 2, 3 }:var{ ddof = 0 }");
REDUCE_ROW(std, CODE_STD, spread_options, 1, "the standard deviation, by n - ddof", "moth.tensor{ 1, 2, 3 }:std()");
REDUCE_ROW(min, CODE_MIN, reduce_options, 2, "the least value; along one axis the values and their positions; nan wins",
           "moth.tensor{ 3, 1, 2 }:min()");
REDUCE_ROW(max, CODE_MAX, reduce_options, 2, "the largest value; along one axis the values and their positions; nan wins",
           "moth.tensor{ 3, 1, 2 }:max()");
REDUCE_ROW(argmin, CODE_ARGMIN, reduce_options, 1, "the position of the least value, the first of equals",
           "moth.tensor{ 3, 1, 2 }:argmin()");
REDUCE_ROW(argmax, CODE_ARGMAX, reduce_options, 1, "the position of the largest value, the first of equals",
           "moth.tensor{ 3, 1, 2 }:argmax()");
REDUCE_ROW(any, CODE_ANY, reduce_options, 1, "whether one is other than 0", "moth.tensor{ 0, 1 }:any()");
REDUCE_ROW(all, CODE_ALL, reduce_options, 1, "whether none is 0", "moth.tensor{ 0, 1 }:all()");
REDUCE_ROW(count_nonzero, CODE_COUNT, reduce_options, 1, "how many are other than 0", "moth.tensor{ 0, 1, 2 }:count_nonzero()");
REDUCE_ROW(norm, CODE_NORM, norm_options, 1, "(sum |x|^p)^(1/p); the largest |x| for p infinite, the count of non-zeros for p 0",
           "moth.tensor{ 3, 4 }:norm()");
