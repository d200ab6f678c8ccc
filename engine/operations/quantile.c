/* The median and quantiles: what stands at a rank of the ordered values, found by selection where it is few ranks. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "math/sort.h"
#include "operations/reduction.h"

enum { FEW_RANKS = 2 }; /* quantiles that selecting twice each is cheaper for than sorting */
enum { MEDIAN_AXIS, MEDIAN_KEEP, MEDIAN_REAL, QUANTILE_Q };

static const moth_option_row median_options[] = {
  [MEDIAN_AXIS] = OPTION_REDUCED(1), [MEDIAN_KEEP] = OPTION_KEEP, [MEDIAN_REAL] = OPTION_REAL
};
static const moth_option_row quantile_options[] = {
  [MEDIAN_AXIS] = OPTION_REDUCED(2),
  [MEDIAN_KEEP] = OPTION_KEEP,
  [MEDIAN_REAL] = OPTION_REAL,
  [QUANTILE_Q] = { .key = "q",
                   .doc = "the share of values below: a number, a list or a tensor of them",
                   .kinds = MOTH_OPTION_REAL | MOTH_OPTION_REALS | MOTH_OPTION_TENSOR,
                   .position = 1,
                   .flags = MOTH_REQUIRED | MOTH_RANGED,
                   .low = 0,
                   .high = 1 },
};

/* Lanes of values side by side, and the shares asked for. */
typedef struct ranking {
  const operation_call *call;
  bool is_median;
  moth_tensor *lanes;  /* kept axes, then those that go; contiguous */
  int64_t count, n;    /* lanes; values in one */
  moth_tensor *shares; /* f64; NULL: one number */
  double share;
  int64_t share_count;
  void *room;
  size_t room_bytes;
  char *sorted; /* a lane in order; NULL: by selection */
} ranking;

/* Between two neighbours, as NumPy's linear method: exact at both ends. */
static double between(double a, double b, double t) {
  if (t == 0 || a == b) return a;
  double step = b - a;
  return t >= 0.5 ? b - step * (1 - t) : a + step * t;
}
static double middle(double a, double b) {
  if (a == b) return a;
  double sum = a + b;
  return isinf(sum) && isfinite(a) && isfinite(b) ? a / 2 + b / 2 : sum / 2;
}

/* The values at rank and the one after it, or rank itself where that is the last. */
static bool find_pair(const ranking *r, const sort_selection *selection, int64_t rank, bool wants_next, double *a, double *b) {
  moth_dtype dtype = r->lanes->dtype;
  int64_t width = (int64_t)dtype_size(dtype);
  if (r->sorted) {
    *a = dtype_load(dtype, r->sorted + rank * width);
    *b = wants_next ? dtype_load(dtype, r->sorted + (rank + 1) * width) : *a;
    return true;
  }
  sort_rank found;
  if (!sort_select(r->call->m, selection, rank, &found)) return false;
  *a = *b = sort_value(selection, found.key);
  if (!wants_next || found.less + found.equal > rank + 1) return true;
  uint64_t next;
  if (!sort_select_next(r->call->m, selection, &found, &next)) return false;
  *b = sort_value(selection, next);
  return true;
}

static double share_at(const ranking *r, int64_t i) { return r->shares ? ((const double *)r->shares->values)[i] : r->share; }

/* One lane's results, `step` apart. */
static bool rank_lane(const ranking *r, int64_t lane, double *results, int64_t step) {
  moth *m = r->call->m;
  moth_dtype dtype = r->lanes->dtype;
  int64_t width = (int64_t)dtype_size(dtype);
  sort_lane values = { .dtype = dtype, .x = r->lanes->values + lane * r->n * width, .step = width, .n = r->n };
  sort_selection selection = { .n = 0 };
  if (r->sorted) {
    sort_places places = { .count = r->n, .y = r->sorted, .y_step = width };
    if (!sort_run(m, &values, &places, r->room)) return false;
  } else if (!sort_select_open(m, &selection, &values, r->room)) {
    return false;
  }
  double last = r->sorted ? dtype_load(dtype, r->sorted + (r->n - 1) * width) : 0;
  bool has_nan = r->sorted ? last != last : selection.numbers < r->n;
  for (int64_t i = 0; i < r->share_count; i++) {
    if (i % LOOPS_POLL == LOOPS_POLL - 1 && context_is_cancelled(m)) return false;
    double at = share_at(r, i) * (double)(r->n - 1), a = NAN, b = NAN;
    int64_t rank = r->is_median ? (r->n - 1) / 2 : (int64_t)at;
    if (rank > r->n - 1) rank = r->n - 1;
    double part = at - (double)rank;
    bool wants_next = rank + 1 < r->n && (r->is_median ? r->n % 2 == 0 : part > 0);
    if (!has_nan && !find_pair(r, &selection, rank, wants_next, &a, &b)) return false;
    results[i * step] = has_nan ? (double)NAN : r->is_median ? middle(a, b) : between(a, b, wants_next ? part : 0);
  }
  return true;
}

/* A contiguous tensor whose last axes are those that go. */
static moth_status bring_together(ranking *r, moth_tensor *t, const bool *gone) {
  const operation_call *call = r->call;
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  int rank = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < t->rank; i++) {
      if (gone[i] == (pass == 1)) size[rank] = t->size[i], strides[rank++] = t->strides[i];
    }
  }
  moth_tensor *view;
  moth_status status = tensor_view(call->m, t, t->values, rank, size, strides, &view);
  if (status != MOTH_OK) return context_within(call->m, status, call->where);
  status = tensor_contiguous(call->m, call->where, view, t->dtype, &r->lanes);
  moth_release(view);
  return status;
}

static moth_status read_shares(ranking *r) {
  const operation_call *call = r->call;
  r->share = 0.5, r->share_count = 1;
  if (r->is_median) return MOTH_OK;
  const moth_option *q = &call->options->values[QUANTILE_Q];
  moth_status status = MOTH_OK;
  if (q->kind == MOTH_OPTION_TENSOR) {
    status = tensor_contiguous(call->m, call->where, q->as.tensor, MOTH_F64, &r->shares);
  } else if (q->kind == MOTH_OPTION_REALS) {
    int64_t count = (int64_t)q->count;
    status = tensor_new(call->m, call->where, MOTH_F64, 1, &count, false, &r->shares);
    if (status == MOTH_OK) memcpy(r->shares->values, q->as.reals, q->count * sizeof(double));
  } else {
    r->share = options_number(call->options, QUANTILE_Q);
  }
  if (status != MOTH_OK) return status;
  if (r->shares) r->share_count = r->shares->count;
  for (int64_t i = 0; i < r->share_count; i++) {
    if (share_at(r, i) >= 0 && share_at(r, i) <= 1) continue;
    return context_fail(call->m, MOTH_OPTION, call->where, "q must be in [0, 1], got %g", share_at(r, i));
  }
  return MOTH_OK;
}

static moth_status make_room(ranking *r) {
  moth *m = r->call->m;
  size_t width = dtype_size(r->lanes->dtype), bytes = SIZE_MAX;
  bool sorts = r->share_count > FEW_RANKS;
  if (!sort_room(r->lanes->dtype, r->n, &bytes)) bytes = SIZE_MAX;
  else if (sorts && __builtin_add_overflow(bytes, (size_t)r->n * width, &bytes)) bytes = SIZE_MAX;
  r->room_bytes = bytes;
  r->room = memory_aligned(m, bytes, false);
  if (!r->room) return context_within(m, m->status, r->call->where);
  if (sorts) r->sorted = (char *)r->room + bytes - (size_t)r->n * width;
  return MOTH_OK;
}

/* The results: shares first, then the kept axes. */
static moth_status rank_lanes(ranking *r, const moth_tensor *t, const bool *gone, bool is_all) {
  const operation_call *call = r->call;
  bool keep = options_flag(call->options, MEDIAN_KEEP);
  moth_shape size = { .rank = 0 };
  for (int i = 0; r->shares && i < r->shares->rank; i++) size.size[size.rank++] = r->shares->size[i];
  for (int i = 0; i < t->rank; i++) {
    if (gone[i] && !keep) continue;
    if (size.rank == MOTH_MAX_RANK) {
      return context_fail(call->m, MOTH_LIMIT, call->where, "the result would have more than %d axes", MOTH_MAX_RANK);
    }
    size.size[size.rank++] = gone[i] ? 1 : t->size[i];
  }
  moth_tensor *out;
  moth_status status = tensor_new(call->m, call->where, MOTH_F64, size.rank, size.size, false, &out);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; status == MOTH_OK && out->count > 0 && i < r->count; i++) {
    if (context_is_cancelled(call->m) || !rank_lane(r, i, (double *)out->values + i, r->count)) status = operation_cancelled(call);
  }
  if (status == MOTH_OK && is_all && !keep && !r->shares) {
    call->results[0] = (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = *(const double *)out->values };
    moth_release(out);
    return MOTH_OK;
  }
  moth_tensor *cast = NULL;
  moth_dtype dtype = dtype_is_real(t->dtype) ? t->dtype : operation_dtype(call, MEDIAN_REAL, MOTH_F32);
  if (status == MOTH_OK) status = tensor_contiguous(call->m, call->where, out, dtype, &cast);
  if (status == MOTH_OK) operation_give(call, 0, cast);
  moth_release(out);
  return status;
}

static moth_status check_empty(const operation_call *call, const moth_tensor *t, const bool *gone, bool is_all) {
  for (int i = 0; i < t->rank; i++) {
    if (!gone[i] || t->size[i] > 0) continue;
    if (is_all) return context_fail(call->m, MOTH_SHAPE, call->where, "%s is empty", tensor_text(t).text);
    return context_fail(call->m, MOTH_SHAPE, call->where, "axis %d of %s is empty", i + call->m->index_base, tensor_text(t).text);
  }
  return MOTH_OK;
}

static moth_status apply_quantile(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0);
  ranking r = { .call = call, .is_median = call->class->code != 0, .count = 1, .n = 1 };
  bool is_all = !options_is_set(call->options, MEDIAN_AXIS), gone[MOTH_MAX_RANK];
  int gone_count;
  moth_status status = operation_axes(call, t, MEDIAN_AXIS, gone, &gone_count);
  for (int i = 0; is_all && i < t->rank; i++) gone[i] = true;
  if (status == MOTH_OK) status = check_empty(call, t, gone, is_all);
  if (status != MOTH_OK) return status;
  for (int i = 0; i < t->rank; i++) *(gone[i] ? &r.n : &r.count) *= t->size[i];
  status = read_shares(&r);
  if (status == MOTH_OK) status = bring_together(&r, t, gone);
  if (status == MOTH_OK) status = make_room(&r);
  if (status == MOTH_OK) status = rank_lanes(&r, t, gone, is_all);
  if (r.room) memory_aligned_free(call->m, r.room, r.room_bytes);
  moth_release(r.shares);
  moth_release(r.lanes);
  return status;
}

const operation_class operation_median = {
  .row = { .row = { ROW_TEXTS("median",
                              "the median: the middle value, or the mean of the two middle ones\nnan where there is one. Floats keep their "
                              "dtype; integers give the default float.",
                              "moth.tensor{ 3, 1, 2, 10 }:median()"),
                    ROW_OPTIONS(median_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "number, or tensor with an axis" },
  .apply = apply_quantile,
  .code = 1,
};
const operation_class operation_quantile = {
  .row = { .row = { ROW_TEXTS(
                        "quantile",
                        "the value that a share q of the values lies below\nBetween neighbours by linear interpolation: place q (n - 1) "
                        "of the ordered values, counted from 0. A list or tensor of shares gives a leading axis, or axes. nan where "
                        "there is one.",
                        "moth.tensor{ 1, 2, 3, 4 }:quantile({ 0.25, 0.75 })"),
                    ROW_OPTIONS(quantile_options), .foreign = "percentile" },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "number, or tensor with an axis" },
  .apply = apply_quantile,
  .code = 0,
};
