/* Counting: classes, and values between edges. */
#include <math.h>

#include "core/text.h"
#include "operations/reduction.h"

/* ---- bincount -------------------------------------------------------------------------------------------------------------------- */

enum { BINCOUNT_N };
static const moth_option_row bincount_options[] = {
  [BINCOUNT_N] = { .key = "n",
                   .doc = "how many classes there are; absent: up to the largest",
                   .kinds = MOTH_OPTION_INT,
                   .position = 1,
                   .flags = MOTH_RANGED,
                   .low = 0,
                   .high = 9007199254740992.0,
                   .foreign = "minlength" },
};

/* "value 11 in element 37 of i64[100]; classes count from 1 to 10", where i counts from 0. */
static moth_status fail_value(const operation_call *call, const char *value, int64_t i, int64_t n) {
  int base = call->m->index_base;
  char end[40] = "";
  if (n >= 0) text_format(end, sizeof end, " to %lld", (long long)(n - 1 + base));
  return context_fail(call->m, MOTH_INDEX, call->where, "value %s in element %lld of %s; classes count from %d%s", value,
                      (long long)(i + base), tensor_text(operation_tensor(call, 0)).text, base, end);
}

/* Contiguous classes as i64; floats must be whole. */
static moth_status read_classes(const operation_call *call, const moth_tensor *t, moth_tensor **classes) {
  if (!dtype_is_real(t->dtype)) return tensor_contiguous(call->m, call->where, t, MOTH_I64, classes);
  moth_tensor *plain;
  moth_status status = tensor_contiguous(call->m, call->where, t, MOTH_F64, &plain);
  if (status != MOTH_OK) return status;
  const double *x = (const double *)plain->values;
  for (int64_t i = 0; status == MOTH_OK && i < plain->count; i++) {
    int64_t whole;
    if (i % LOOPS_POLL == LOOPS_POLL - 1 && context_is_cancelled(call->m)) status = operation_cancelled(call);
    if (dtype_store(MOTH_I64, x[i], &whole)) continue;
    char value[32];
    text_number(value, sizeof value, x[i]);
    status = fail_value(call, value, i, options_is_set(call->options, BINCOUNT_N) ? options_int(call->options, BINCOUNT_N) : -1);
  }
  if (status == MOTH_OK) status = tensor_contiguous(call->m, call->where, plain, MOTH_I64, classes);
  moth_release(plain);
  return status;
}

/* The first class below the base, or that n (-1: no matter how many) leaves out, as a failure. */
static moth_status fail_first(const operation_call *call, const moth_tensor *classes, int64_t n) {
  const int64_t *x = (const int64_t *)classes->values;
  int64_t i = 0, base = call->m->index_base;
  while (x[i] >= base && (n < 0 || x[i] - base < n)) i++;
  char value[32];
  text_format(value, sizeof value, "%lld", (long long)x[i]);
  return fail_value(call, value, i, n);
}

/* Counts by class; *n is found where it is -1. A look at the least and the largest first leaves nothing to check while counting. */
static moth_status count_classes(const operation_call *call, const moth_tensor *classes, int64_t n, moth_tensor **counts) {
  const int64_t *x = (const int64_t *)classes->values;
  int64_t base = call->m->index_base, least = INT64_MAX, most = base - 1;
  for (int64_t i = 0; i < classes->count; i++) {
    if (i % LOOPS_POLL == 0 && context_is_cancelled(call->m)) return operation_cancelled(call);
    least = x[i] < least ? x[i] : least;
    most = x[i] > most ? x[i] : most;
  }
  if (least < base || (n >= 0 && most - base >= n)) return fail_first(call, classes, n);
  if (n < 0) n = most - base + (most - base < INT64_MAX);
  moth_status status = tensor_new(call->m, call->where, MOTH_I64, 1, &n, true, counts);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, *counts);
  int64_t *count = (int64_t *)(*counts)->values;
  for (int64_t i = 0; i < classes->count; i++) {
    if (i % LOOPS_POLL == 0 && context_is_cancelled(call->m)) return operation_cancelled(call);
    count[x[i] - base]++;
  }
  return MOTH_OK;
}

static moth_status apply_bincount(const operation_call *call) {
  moth_tensor *classes, *counts;
  int64_t n = options_is_set(call->options, BINCOUNT_N) ? options_int(call->options, BINCOUNT_N) : -1;
  moth_status status = read_classes(call, operation_tensor(call, 0), &classes);
  if (status != MOTH_OK) return status;
  status = count_classes(call, classes, n, &counts);
  moth_release(classes);
  return status;
}

const operation_class operation_bincount = {
  .row = { .row = { ROW_TEXTS(
                        "bincount",
                        "how often each class is there: class numbers to counts\nClasses count from 1 (in C from the index base); floats "
                        "must be whole.",
                        "moth.tensor({ 1, 3, 3 }, { dtype = \"i64\" }):bincount(4)"),
                    ROW_OPTIONS(bincount_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_bincount,
};

/* ---- histogram ------------------------------------------------------------------------------------------------------------------- */

enum { HISTOGRAM_N, HISTOGRAM_LOW, HISTOGRAM_HIGH, HISTOGRAM_REAL };
static const moth_option_row histogram_options[] = {
  [HISTOGRAM_N] = { .key = "n",
                    .doc = "how many bins",
                    .kinds = MOTH_OPTION_INT,
                    .position = 1,
                    .flags = MOTH_RANGED,
                    .low = 1,
                    .high = 9007199254740992.0,
                    .fallback = MOTH_INT(NULL, 10),
                    .foreign = "bins" },
  [HISTOGRAM_LOW] = { .key = "low", .doc = "the first edge; absent: the least value", .kinds = MOTH_OPTION_REAL, .position = 2 },
  [HISTOGRAM_HIGH] = { .key = "high", .doc = "the last edge; absent: the largest value", .kinds = MOTH_OPTION_REAL, .position = 3 },
  [HISTOGRAM_REAL] = OPTION_REAL,
};

/* Bins between edges, which are of f32 or f64. */
typedef struct binning {
  const moth_tensor *edges;
  int64_t n;
  double low, high, per_unit;
  loops_cast_function cast;
  int64_t *counts;
} binning;

static double edge_at(const binning *b, int64_t i) {
  return b->edges->dtype == MOTH_F32 ? (double)((const float *)b->edges->values)[i] : ((const double *)b->edges->values)[i];
}

/* The quotient says which bin, give or take one; the edges decide. Edges so near that per_unit is infinite want a division each. */
static inline int64_t bin_near(const binning *b, double v) {
  double share = v - b->low;
  int64_t bin = (int64_t)(isinf(b->per_unit) ? share / (b->high - b->low) * (double)b->n : share * b->per_unit);
  return bin < b->n ? bin : b->n - 1;
}

static void count_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const binning *b = data;
  double values[512];
  for (int64_t done = 0; done < n; done += 512) {
    int64_t here = n - done < 512 ? n - done : 512;
    b->cast(at[0] + done * steps[0], steps[0], values, sizeof *values, here);
    for (int64_t i = 0; i < here; i++) {
      double v = values[i];
      if (!(v >= b->low && v <= b->high)) continue;
      int64_t bin = bin_near(b, v);
      if (v < edge_at(b, bin)) bin -= bin > 0;
      else if (bin < b->n - 1 && v >= edge_at(b, bin + 1)) bin++;
      b->counts[bin]++;
    }
  }
}

static moth_status find_range(const operation_call *call, const moth_tensor *t, double *low, double *high) {
  *low = 0, *high = t->count > 0 ? 0 : 1;
  bool gone[MOTH_MAX_RANK] = { true, true, true, true, true, true, true, true };
  reduction r;
  reduction_open(&r, call->m, t, gone, true);
  reduction_block block = { .x = t->values, .step = 0, .count = 1 };
  if (t->count == 0) return MOTH_OK;
  loops_number least, most;
  if (!reduction_extremes(&r, &block, EXTREME_SMALLEST, &least, NULL) || !reduction_extremes(&r, &block, EXTREME_LARGEST, &most, NULL)) {
    return operation_cancelled(call);
  }
  bool is_real = dtype_is_real(t->dtype);
  *low = is_real ? least.real : (double)least.integer;
  *high = is_real ? most.real : (double)most.integer;
  if (isfinite(*high - *low)) return MOTH_OK;
  char from[32], to[32];
  text_number(from, sizeof from, *low), text_number(to, sizeof to, *high);
  context_fail(call->m, MOTH_DATA, call->where, "%s goes from %s to %s, which no bins can cover", tensor_text(t).text, from, to);
  return context_hint(call->m, "low and high, given, leave out what lies outside and nan");
}

static moth_status read_range(const operation_call *call, const moth_tensor *t, double *low, double *high) {
  bool has_low = options_is_set(call->options, HISTOGRAM_LOW), has_high = options_is_set(call->options, HISTOGRAM_HIGH);
  if (has_low != has_high) return context_fail(call->m, MOTH_OPTION, call->where, "low and high go together, got only one");
  if (!has_low) return find_range(call, t, low, high);
  *low = options_number(call->options, HISTOGRAM_LOW), *high = options_number(call->options, HISTOGRAM_HIGH);
  if (isfinite(*high - *low) && *low <= *high) return MOTH_OK;
  char from[32], to[32];
  text_number(from, sizeof from, *low), text_number(to, sizeof to, *high);
  return context_fail(call->m, MOTH_OPTION, call->where, "low must be <= high, both finite and not too far apart, got %s and %s", from, to);
}

/* n + 1 edges, evenly spaced; those of f32 values that nobody set are formed in f32, as NumPy's. */
static void fill_edges(moth_tensor *edges, int64_t n, double low, double high, bool is_given) {
  if (edges->dtype == MOTH_F64) {
    double *e = (double *)edges->values, step = (high - low) / (double)n;
    for (int64_t i = 0; i < n; i++) e[i] = (double)i * step + low;
    e[n] = high;
    return;
  }
  float *e = (float *)edges->values, step = ((float)high - (float)low) / (float)n;
  double wide_step = (high - low) / (double)n;
  bool is_wide = is_given || isinf(step);
  for (int64_t i = 0; i < n; i++) e[i] = is_wide ? (float)((double)i * wide_step + low) : (float)i * step + (float)low;
  e[n] = (float)high;
}

static moth_status check_edges(const operation_call *call, const binning *b) {
  for (int64_t i = 0; i < b->n; i++) {
    if (i % LOOPS_POLL == LOOPS_POLL - 1 && context_is_cancelled(call->m)) return operation_cancelled(call);
    if (edge_at(b, i) < edge_at(b, i + 1)) continue;
    char from[32], to[32];
    text_number(from, sizeof from, b->low), text_number(to, sizeof to, b->high);
    return context_fail(call->m, MOTH_DATA, call->where, "%lld bins are too many between %s and %s: their edges fall together",
                        (long long)b->n, from, to);
  }
  return MOTH_OK;
}

static moth_status apply_histogram(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *counts, *edges;
  double low = 0, high = 0;
  moth_status status = read_range(call, t, &low, &high);
  if (status != MOTH_OK) return status;
  if (low == high) low -= 0.5, high += 0.5;
  int64_t n = options_int(call->options, HISTOGRAM_N), edge_count = n + 1;
  status = tensor_new(m, call->where, MOTH_I64, 1, &n, true, &counts);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, counts);
  moth_dtype dtype = dtype_is_real(t->dtype) ? t->dtype : operation_dtype(call, HISTOGRAM_REAL, MOTH_F32);
  status = tensor_new(m, call->where, dtype, 1, &edge_count, false, &edges);
  if (status != MOTH_OK) return status;
  operation_give(call, 1, edges);
  fill_edges(edges, n, low, high, options_is_set(call->options, HISTOGRAM_LOW));
  binning b = { .edges = edges, .n = n, .cast = loops_cast(t->dtype, MOTH_F64), .counts = (int64_t *)counts->values };
  b.low = edge_at(&b, 0), b.high = edge_at(&b, n), b.per_unit = (double)n / (b.high - b.low);
  status = check_edges(call, &b);
  if (status != MOTH_OK || t->count == 0) return status;
  loops_walk walk = { .operands = 1, .at = { t->values }, .any_order = true };
  for (int i = 0; i < t->rank; i++) {
    walk.size[i] = t->size[i];
    walk.strides[0][i] = t->strides[i] * (int64_t)dtype_size(t->dtype);
  }
  walk.rank = shape_merge(t->rank, walk.size, 1, walk.strides);
  return loops_run(m, &walk, count_run, &b) ? MOTH_OK : operation_cancelled(call);
}

const operation_class operation_histogram = {
  .row = { .row = { ROW_TEXTS(
                        "histogram",
                        "how many values lie in each of n bins from low to high, and the n + 1 edges\nA bin holds its lower edge, the last "
                        "one its upper edge too. Values outside and nan count nowhere where low and high are given.",
                        "moth.tensor{ 1, 2, 2, 4 }:histogram(3)"),
                    ROW_OPTIONS(histogram_options) },
           .inputs = 1,
           .results = 2,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "counts, edges" },
  .apply = apply_histogram,
};
