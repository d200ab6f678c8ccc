/* Reductions: over all axes to a number, over some to a tensor. Floats gather in f64. */
#include <math.h>
#include <string.h>

#include "operations/reduction.h"

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
  CODE_NORM,
  CODE_LOGSUMEXP
};
enum { REDUCE_AXIS, REDUCE_KEEP, REDUCE_REAL, REDUCE_OWN };

static const moth_option_row reduce_options[] = {
  [REDUCE_AXIS] = OPTION_REDUCED(1), [REDUCE_KEEP] = OPTION_KEEP, [REDUCE_REAL] = OPTION_REAL
};
static const moth_option_row spread_options[] = { [REDUCE_AXIS] = OPTION_REDUCED(1),
                                                  [REDUCE_KEEP] = OPTION_KEEP,
                                                  [REDUCE_REAL] = OPTION_REAL,
                                                  [REDUCE_OWN] = { .key = "ddof", .foreign = "correction unbiased",
                                                                   .doc = "what is taken from the count before dividing by it",
                                                                   .kinds = MOTH_OPTION_INT,
                                                                   .flags = MOTH_RANGED,
                                                                   .low = 0,
                                                                   .high = 9007199254740992.0,
                                                                   .fallback = MOTH_INT(NULL, 1) } };
static const moth_option_row norm_options[] = { [REDUCE_AXIS] = OPTION_REDUCED(2),
                                                [REDUCE_KEEP] = OPTION_KEEP,
                                                [REDUCE_REAL] = OPTION_REAL,
                                                [REDUCE_OWN] = { .key = "p",
                                                                 .doc = "the order: 1, 2, math.huge …",
                                                                 .kinds = MOTH_OPTION_REAL,
                                                                 .position = 1,
                                                                 .fallback = MOTH_REAL(NULL, 2) } };

/* What one call computes, and where it goes. */
typedef struct reducing {
  const operation_call *call;
  int code;
  double own; /* ddof or p */
  moth_tensor *out, *positions;
} reducing;

static bool is_indexed(int code) { return code >= CODE_MIN && code <= CODE_ARGMAX; }
static enum extreme_kernel extreme_of(int code) { return code == CODE_MAX || code == CODE_ARGMAX ? EXTREME_LARGEST : EXTREME_SMALLEST; }

/* The extremes as numbers of the dtype's kind. */
static bool reduce_extremes(reduction *r, const reducing *self, const reduction_block *block, loops_number *results, int64_t *index) {
  enum extreme_kernel which = self->code == CODE_LOGSUMEXP ? EXTREME_LARGEST : extreme_of(self->code);
  return reduction_extremes(r, block, which, results, index);
}

/* Sums around a center: the mean, or for exponentials the largest value where it is finite. */
static bool reduce_centered(reduction *r, const reducing *self, const reduction_block *block, loops_number *results) {
  double center[REDUCTION_BLOCK], sums[REDUCTION_BLOCK];
  int64_t count = block->count;
  bool is_exponential = self->code == CODE_LOGSUMEXP;
  if (!is_exponential) {
    if (!reduction_sums(r, block, LOOPS_VALUE, NULL, 0, center)) return false;
    for (int64_t i = 0; i < count; i++) center[i] /= (double)r->count;
  } else if (r->count > 0) {
    if (!reduce_extremes(r, self, block, results, NULL)) return false;
    for (int64_t i = 0; i < count; i++) {
      center[i] = dtype_is_real(r->dtype) ? results[i].real : (double)results[i].integer;
      if (!isfinite(center[i])) center[i] = 0;
    }
  } else {
    for (int64_t i = 0; i < count; i++) center[i] = 0;
  }
  if (!reduction_sums(r, block, is_exponential ? LOOPS_DIFFERENCE : LOOPS_DEVIATION, center, 0, sums)) return false;
  double rest = (double)r->count - self->own;
  for (int64_t i = 0; i < count; i++) {
    if (is_exponential) results[i].real = center[i] + log(sums[i]);
    else results[i].real = rest > 0 ? sums[i] / rest : (double)NAN;
    if (self->code == CODE_STD) results[i].real = sqrt(results[i].real);
  }
  return true;
}

static bool reduce_norm(reduction *r, const reducing *self, const reduction_block *block, loops_number *results) {
  double p = self->own, sums[REDUCTION_BLOCK];
  int64_t count = block->count;
  if (isinf(p)) return reduction_states(r, block, p > 0 ? LOOPS_LARGEST : LOOPS_SMALLEST, results);
  if (p == 0) {
    if (!reduction_states(r, block, LOOPS_COUNT, results)) return false;
    for (int64_t i = 0; i < count; i++) results[i].real = (double)results[i].integer;
    return true;
  }
  enum loops_term term = p == 2 ? LOOPS_SQUARES : p == 1 ? LOOPS_ABSOLUTE : LOOPS_POWER;
  if (!reduction_sums(r, block, term, NULL, p, sums)) return false;
  for (int64_t i = 0; i < count; i++) results[i].real = p == 2 ? sqrt(sums[i]) : p == 1 ? sums[i] : pow(sums[i], 1 / p);
  return true;
}

static bool reduce_sums(reduction *r, const reducing *self, const reduction_block *block, loops_number *results) {
  double sums[REDUCTION_BLOCK];
  if (!reduction_sums(r, block, LOOPS_VALUE, NULL, 0, sums)) return false;
  for (int64_t i = 0; i < block->count; i++) results[i].real = self->code == CODE_MEAN ? sums[i] / (double)r->count : sums[i];
  return true;
}

static bool reduce_counts(reduction *r, const reducing *self, const reduction_block *block, loops_number *results) {
  if (!reduction_states(r, block, LOOPS_COUNT, results)) return false;
  for (int64_t i = 0; i < block->count; i++) {
    if (self->code == CODE_ANY) results[i].integer = results[i].integer > 0;
    if (self->code == CODE_ALL) results[i].integer = results[i].integer == r->count;
  }
  return true;
}

static bool reduce_block(reduction *r, const reducing *self, const reduction_block *block, loops_number *results, int64_t *index) {
  switch (self->code) {
  case CODE_SUM:
    return dtype_is_real(r->dtype) ? reduce_sums(r, self, block, results) : reduction_states(r, block, LOOPS_SUM, results);
  case CODE_MEAN:
    return reduce_sums(r, self, block, results);
  case CODE_PROD:
    return reduction_states(r, block, LOOPS_PROD, results);
  case CODE_VAR:
  case CODE_STD:
  case CODE_LOGSUMEXP:
    return reduce_centered(r, self, block, results);
  case CODE_NORM:
    return reduce_norm(r, self, block, results);
  case CODE_ANY:
  case CODE_ALL:
  case CODE_COUNT:
    return reduce_counts(r, self, block, results);
  default:
    if (!reduce_extremes(r, self, block, results, index)) return false;
    if (self->code == CODE_MIN || self->code == CODE_MAX) return true;
    for (int64_t i = 0; i < block->count; i++) results[i].integer = index[i] + r->m->index_base;
    return true;
  }
}

static void store(moth_tensor *t, int64_t at, loops_number number) {
  switch (t->dtype) {
  case MOTH_F32:
    ((float *)t->values)[at] = (float)number.real;
    break;
  case MOTH_F64:
    ((double *)t->values)[at] = number.real;
    break;
  case MOTH_I64:
    ((int64_t *)t->values)[at] = number.integer;
    break;
  default:
    ((uint8_t *)t->values)[at] = (uint8_t)number.integer;
    break;
  }
}

static bool store_block(reduction *r, const reduction_block *block, int64_t to, void *data) {
  const reducing *self = data;
  loops_number results[REDUCTION_BLOCK];
  int64_t index[REDUCTION_BLOCK];
  bool wants_index = self->positions || self->code == CODE_ARGMIN || self->code == CODE_ARGMAX;
  if (!reduce_block(r, self, block, results, wants_index ? index : NULL)) return false;
  for (int64_t i = 0; i < block->count; i++) {
    store(self->out, to + i, results[i]);
    if (self->positions) ((int64_t *)self->positions->values)[to + i] = index[i] + r->m->index_base;
  }
  return true;
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
  case CODE_LOGSUMEXP:
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

static bool needs_elements(int code) { return code == CODE_MEAN || code == CODE_VAR || code == CODE_STD || is_indexed(code); }

static moth_status fail_empty(const operation_call *call, const moth_tensor *t, const bool *gone, bool is_all) {
  int axis = 0;
  while (axis < t->rank - 1 && !(gone[axis] && t->size[axis] == 0)) axis++;
  if (is_all) return context_fail(call->m, MOTH_SHAPE, call->where, "%s is empty", tensor_text(t).text);
  return context_fail(call->m, MOTH_SHAPE, call->where, "axis %d of %s is empty", axis + call->m->index_base, tensor_text(t).text);
}

static moth_status reduce_all(const reducing *self, reduction *r, const moth_tensor *t) {
  loops_number result;
  int64_t index;
  bool is_argument = self->code == CODE_ARGMIN || self->code == CODE_ARGMAX;
  reduction_block block = { .x = t->values, .step = 0, .count = 1 };
  if (!reduce_block(r, self, &block, &result, is_argument ? &index : NULL)) return operation_cancelled(self->call);
  moth_value *value = self->call->results;
  moth_dtype dtype = result_dtype(self->call, self->code, t->dtype);
  if (dtype_is_real(dtype)) *value = (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = result.real };
  else if (dtype == MOTH_BOOL) *value = (moth_value) { .kind = MOTH_FLAG_VALUE, .as.flag = result.integer != 0 };
  else *value = (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = result.integer };
  return MOTH_OK;
}

static moth_status reduce_some(reducing *self, reduction *r, const moth_tensor *t, const bool *gone, int gone_count) {
  const operation_call *call = self->call;
  int64_t size[MOTH_MAX_RANK];
  int rank = 0;
  bool keep = options_flag(call->options, REDUCE_KEEP);
  for (int i = 0; i < t->rank; i++) {
    if (!gone[i]) size[rank++] = t->size[i];
    else if (keep) size[rank++] = 1;
  }
  moth_status status = tensor_new(call->m, call->where, result_dtype(call, self->code, t->dtype), rank, size, false, &self->out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, self->out);
  if ((self->code == CODE_MIN || self->code == CODE_MAX) && gone_count == 1) {
    status = tensor_new(call->m, call->where, MOTH_I64, rank, size, false, &self->positions);
    if (status != MOTH_OK) return status;
    operation_give(call, 1, self->positions);
  }
  return reduction_each(r, t->values, store_block, self) ? MOTH_OK : operation_cancelled(call);
}

static moth_status apply_reduce(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  reducing self = { .call = call, .code = call->class->code };
  bool is_every = !options_is_set(call->options, REDUCE_AXIS), gone[MOTH_MAX_RANK];
  bool is_all = is_every && !options_flag(call->options, REDUCE_KEEP); /* to a number */
  int gone_count;
  moth_status status = operation_axes(call, t, REDUCE_AXIS, gone, &gone_count);
  if (status != MOTH_OK) return status;
  for (int i = 0; is_every && i < t->rank; i++) gone[i] = true;
  if (call->class->row.row.option_count > REDUCE_OWN) self.own = options_number(call->options, REDUCE_OWN);
  if (self.code == CODE_NORM && isnan(self.own)) return context_fail(call->m, MOTH_OPTION, call->where, "p must be a number, got nan");
  reduction r;
  reduction_open(&r, call->m, t, gone, self.code != CODE_ARGMIN && self.code != CODE_ARGMAX);
  if (r.count == 0 && needs_elements(self.code)) return fail_empty(call, t, gone, is_every);
  return is_all ? reduce_all(&self, &r, t) : reduce_some(&self, &r, t, gone, gone_count);
}

#define REDUCE_ROW(word, code_, list, results_, gives_, doc_, example_)                                                                    \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(list) },                      \
                                                      .inputs = 1,                                                                         \
                                                      .results = (results_),                                                               \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD,                                                                \
                                                      .gives = (gives_) },                                                                 \
                                             .apply = apply_reduce,                                                                        \
                                             .code = (code_) }
#define GIVES_ONE "number, or tensor with an axis"
#define GIVES_FLAG "boolean, or tensor with an axis"
#define GIVES_BOTH "number, or values, indices with an axis"

REDUCE_ROW(
    sum, CODE_SUM, reduce_options, 1, GIVES_ONE,
    "the sum; 0 of nothing\nFloats gather in f64, blocks of them joined with what rounding took. Sums of i64, u8 and bool are i64 and "
    "wrap around beyond 2^63.",
    "moth.ones(2, 3):sum(1)");
REDUCE_ROW(prod, CODE_PROD, reduce_options, 1, GIVES_ONE,
           "the product; 1 of nothing\nFloats gather in f64. Products of i64, u8 and bool are i64 and wrap around beyond 2^63.",
           "moth.tensor{ 1, 2, 3 }:prod()");
REDUCE_ROW(mean, CODE_MEAN, reduce_options, 1, GIVES_ONE, "the mean\nFloats keep their dtype; integers give the default float.",
           "moth.tensor{ 1, 2, 3 }:mean()");
REDUCE_ROW(var, CODE_VAR, spread_options, 1, GIVES_ONE,
           "the variance: sum (x - mean)^2 / (n - ddof)\nGathers twice, the mean first; nan where n <= ddof.",
           "moth.tensor{ 1, 2, 3 }:var{ ddof = 0 }");
REDUCE_ROW(std, CODE_STD, spread_options, 1, GIVES_ONE, "the standard deviation: the square root of var", "moth.tensor{ 1, 2, 3 }:std()");
REDUCE_ROW(min, CODE_MIN, reduce_options, 2, GIVES_BOTH,
           "the least value; along one axis the values and where each stands\nnan wins, the first of equals counts; a list of axes gives "
           "values only.",
           "moth.tensor{ 3, 1, 2 }:min()");
REDUCE_ROW(max, CODE_MAX, reduce_options, 2, GIVES_BOTH,
           "the largest value; along one axis the values and where each stands\nnan wins, the first of equals counts; a list of axes gives "
           "values only.",
           "moth.tensor{ { 3, 1 }, { 2, 4 } }:max(2)");
REDUCE_ROW(argmin, CODE_ARGMIN, reduce_options, 1, GIVES_ONE,
           "where the least value stands, the first of equals; nan wins\nOver several axes: its place in row-major order.",
           "moth.tensor{ 3, 1, 2 }:argmin()");
REDUCE_ROW(argmax, CODE_ARGMAX, reduce_options, 1, GIVES_ONE,
           "where the largest value stands, the first of equals; nan wins\nOver several axes: its place in row-major order.",
           "moth.tensor{ 3, 1, 2 }:argmax()");
REDUCE_ROW(any, CODE_ANY, reduce_options, 1, GIVES_FLAG, "whether one is other than 0; false of nothing", "moth.tensor{ 0, 1 }:any()");
REDUCE_ROW(all, CODE_ALL, reduce_options, 1, GIVES_FLAG, "whether none is 0; true of nothing", "moth.tensor{ 0, 1 }:all()");
REDUCE_ROW(count_nonzero, CODE_COUNT, reduce_options, 1, GIVES_ONE, "how many are other than 0; nan is",
           "moth.tensor{ 0, 1, 2 }:count_nonzero()");
REDUCE_ROW(norm, CODE_NORM, norm_options, 1, GIVES_ONE,
           "the norm: (sum |x|^p)^(1/p)\nThe largest |x| for p = math.huge, the least for -math.huge, the count of non-zeros for p = 0.",
           "moth.tensor{ 3, 4 }:norm()");
REDUCE_ROW(logsumexp, CODE_LOGSUMEXP, reduce_options, 1, GIVES_ONE,
           "log(sum(exp(x))) without overflow; -math.huge of nothing\nc + log(sum(exp(x - c))) with c the largest value, in f64.",
           "moth.tensor{ 1000, 1000 }:logsumexp()");
