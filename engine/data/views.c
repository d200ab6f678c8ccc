/* Parts of a data set as index views: split, take, select, shuffle. No samples are copied. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/random.h"
#include "core/text.h"
#include "data/dataset.h"

enum { SPLIT_STRATIFY, SPLIT_SHUFFLE, SPLIT_SEED, SPLIT_OPTIONS };

static const moth_option_row split_options[SPLIT_OPTIONS] = {
  [SPLIT_STRATIFY] = { .key = "stratify", .doc = "each part has the classes in the proportions of the whole", .kinds = MOTH_OPTION_FLAG,
                       .fallback = MOTH_FLAG(NULL, false) },
  [SPLIT_SHUFFLE] = { .key = "shuffle", .doc = "rows at random; else the first rows are the first part", .kinds = MOTH_OPTION_FLAG,
                      .fallback = MOTH_FLAG(NULL, true) },
  [SPLIT_SEED] = { .key = "seed", .doc = "of the order; without it one draw of the default generator", .kinds = MOTH_OPTION_INT,
                   .foreign = "random_state random_seed" },
};

const moth_row split_row = {
  .name = "split",
  .doc = "Parts of a data set in these proportions, every row in one part at most.\n"
         "Part i ends at row round(n · (f1 + … + fi)), so that fractions which add up to 1 use every row.",
  .options = split_options,
  .option_count = SPLIT_OPTIONS,
  .example = "local train, valid, test = moth.dataset{ moth.rand(20, 2), moth.rand(20, 1) }:split(0.7, 0.15, 0.15, { seed = 1 }); "
             "print(#train, #valid, #test)",
  .foreign = "train_test_split random_split",
};

static moth_status order_new(moth *m, const char *where, int64_t rows, int64_t **order) {
  *order = memory_new(m, (size_t)rows, sizeof **order);
  return *order ? MOTH_OK : context_within(m, m->status, where);
}

static void order_free(moth *m, int64_t *order, int64_t rows) { memory_free(m, order, (size_t)rows, sizeof *order); }

/* From rows of the view to stored rows. */
static void order_resolve(const moth_dataset *data, int64_t *order, int64_t rows) {
  for (int64_t i = 0; i < rows && data->order; i++) order[i] = data->order[order[i]];
}

/* A view of these rows of data, counted in data; takes the order. */
static moth_status view_of(moth *m, const char *where, const moth_dataset *data, int64_t *order, int64_t rows, moth_dataset **view) {
  order_resolve(data, order, rows);
  moth_status status = dataset_view(data, rows, order, view);
  if (status) order_free(m, order, rows);
  return context_within(m, status, where);
}

/* ---- Stratifying ---- */

typedef struct strata {
  int64_t low, count;            /* classes low … low+count-1, as y numbers them */
  int64_t *starts;               /* [count + 1]: where each class's rows begin in `grouped`; then where the rest of them does */
  int64_t *grouped;              /* rows by class, in the order that they had */
} strata;

static int64_t label_of(const moth_dataset *data, int64_t row) {
  const moth_tensor *y = data->source->y.values;
  return *(const int64_t *)(y->values + dataset_stored_row(data, row) * y->strides[0] * 8);
}

static void strata_free(moth *m, strata *s, int64_t rows) {
  memory_free(m, s->starts, (size_t)s->count + 1, sizeof *s->starts);
  order_free(m, s->grouped, rows);
}

/* Sorts the rows in `order` by class, stably. */
static moth_status strata_open(moth *m, const moth_dataset *data, const int64_t *order, strata *s) {
  enum { MOST_CLASSES = 1 << 24 };
  int64_t high = INT64_MIN;
  s->low = INT64_MAX;
  for (int64_t i = 0; i < data->rows; i++) {
    int64_t label = label_of(data, i);
    if (label < s->low) s->low = label;
    if (label > high) high = label;
  }
  uint64_t spread = data->rows > 0 ? (uint64_t)high - (uint64_t)s->low : 0;
  if (spread >= MOST_CLASSES) {
    return context_fail(m, MOTH_LIMIT, "split", "data.y has classes from %lld to %lld, at most %d can be kept in proportion",
                        (long long)s->low, (long long)high, MOST_CLASSES);
  }
  s->count = (int64_t)spread + 1;
  s->starts = memory_new(m, (size_t)s->count + 1, sizeof *s->starts);
  moth_status status = s->starts ? order_new(m, "split", data->rows, &s->grouped) : context_within(m, m->status, "split");
  if (status) return status;
  for (int64_t i = 0; i < data->rows; i++) s->starts[label_of(data, i) - s->low + 1]++;
  for (int64_t c = 0; c < s->count; c++) s->starts[c + 1] += s->starts[c];
  for (int64_t i = 0; i < data->rows; i++) s->grouped[s->starts[label_of(data, order[i]) - s->low]++] = order[i];
  for (int64_t c = s->count; c > 0; c--) s->starts[c] = s->starts[c - 1];
  s->starts[0] = 0;
  return MOTH_OK;
}

/* round(a·b/c) for 0 <= b <= c */
static int64_t share(int64_t a, int64_t b, int64_t c) {
  return c == 0 ? 0 : (int64_t)(((unsigned __int128)a * (uint64_t)b * 2 + (uint64_t)c) / ((unsigned __int128)c * 2));
}

/* Takes `wanted` of the rows that are left: from each class its share of them, rounded so that the sum comes out (the rounding runs over
 * the classes' cumulative counts). `ends` are the classes' ends; taken rows are marked in `part`. */
static void strata_take(strata *s, const int64_t *ends, int64_t left, int64_t wanted, int32_t part, int32_t *parts) {
  int64_t before = 0;
  for (int64_t c = 0; c < s->count; c++) {
    int64_t after = before + ends[c] - s->starts[c];
    int64_t taken = share(after, wanted, left) - share(before, wanted, left);
    for (int64_t i = 0; i < taken; i++) parts[s->grouped[s->starts[c]++]] = part;
    before = after;
  }
}

/* Reorders `order` so that each part's rows stand together in its place, in the order that they had. */
static moth_status stratify(moth *m, const moth_dataset *data, const int64_t *bounds, int count, int64_t *order) {
  if (!data->source->y_is_classes) {
    return context_fail(m, MOTH_DATA, "split", "stratify needs class numbers i64[rows] in data.y, %s",
                        data->source->has_y ? tensor_text(data->source->y.values).text : "data has none");
  }
  strata s = { 0 };
  int64_t *ends = NULL, *places = NULL, rows = data->rows;
  int32_t *parts = memory_new(m, (size_t)rows, sizeof *parts);
  moth_status status = parts ? strata_open(m, data, order, &s) : context_within(m, m->status, "split");
  if (!status) status = order_new(m, "split", s.count, &ends);
  if (!status) status = order_new(m, "split", (int64_t)count + 1, &places);
  if (!status) {
    memcpy(ends, s.starts + 1, (size_t)s.count * sizeof *ends);
    for (int64_t i = 0; i < rows; i++) parts[i] = count;
    for (int i = 0; i < count; i++) strata_take(&s, ends, rows - bounds[i], bounds[i + 1] - bounds[i], i, parts);
    memcpy(s.grouped, order, (size_t)rows * sizeof *order);
    memcpy(places, bounds, ((size_t)count + 1) * sizeof *bounds);
    for (int64_t k = 0; k < rows; k++) order[places[parts[s.grouped[k]]]++] = s.grouped[k];
  }
  order_free(m, places, (int64_t)count + 1);
  order_free(m, ends, s.count);
  if (s.starts) strata_free(m, &s, rows);
  memory_free(m, parts, (size_t)rows, sizeof *parts);
  return status;
}

/* ---- Split ---- */

/* Where each part begins; bounds[count] is where the last one ends. */
static moth_status find_bounds(moth *m, const double *fractions, int count, int64_t rows, int64_t *bounds) {
  double sum = 0;
  char number[32];
  bounds[0] = 0;
  for (int i = 0; i < count; i++) {
    text_number(number, sizeof number, fractions[i]);
    if (!(fractions[i] > 0)) return context_fail(m, MOTH_OPTION, "split", "fractions must be > 0, got %s", number);
    sum += fractions[i];
    int64_t end = sum >= 1 - 1e-9 ? rows : (int64_t)rint(sum * (double)rows);
    bounds[i + 1] = end < bounds[i] ? bounds[i] : end > rows ? rows : end;
  }
  if (sum <= 1 + 1e-9) return MOTH_OK;
  text_number(number, sizeof number, sum);
  return context_fail(m, MOTH_OPTION, "split", "fractions add up to %s, at most 1", number);
}

static moth_status split_order(moth *m, const moth_dataset *data, const options *o, const int64_t *bounds, int count, int64_t *order) {
  if (options_flag(o, SPLIT_SHUFFLE)) {
    uint64_t key = options_is_set(o, SPLIT_SEED) ? (uint64_t)options_int(o, SPLIT_SEED) : random_key(&m->random);
    random_shuffle(key, 0, order, data->rows);
  } else {
    for (int64_t i = 0; i < data->rows; i++) order[i] = i;
  }
  return options_flag(o, SPLIT_STRATIFY) ? stratify(m, data, bounds, count, order) : MOTH_OK;
}

static moth_status make_parts(moth *m, const moth_dataset *data, const int64_t *bounds, const int64_t *order, int count,
                              moth_dataset **parts) {
  for (int i = 0; i < count; i++) {
    int64_t rows = bounds[i + 1] - bounds[i], *own = NULL;
    moth_status status = order_new(m, "split", rows, &own);
    if (status) return status;
    memcpy(own, order + bounds[i], (size_t)rows * sizeof *own);
    status = view_of(m, "split", data, own, rows, &parts[i]);
    if (status) return status;
  }
  return MOTH_OK;
}

static moth_status split(moth *m, const moth_dataset *data, const double *fractions, int count, const options *o, moth_dataset **parts) {
  int64_t *bounds = NULL, *order = NULL;
  moth_dataset **made = memory_new(m, (size_t)count, sizeof *made);
  moth_status status = made ? order_new(m, "split", (int64_t)count + 1, &bounds) : context_within(m, m->status, "split");
  if (!status) status = find_bounds(m, fractions, count, data->rows, bounds);
  if (!status) status = order_new(m, "split", data->rows, &order);
  random_source before = m->random;
  if (!status) status = split_order(m, data, o, bounds, count, order);
  if (!status) status = make_parts(m, data, bounds, order, count, made);
  if (!status) memcpy(parts, made, (size_t)count * sizeof *made);
  if (status) m->random = before;
  for (int i = 0; status && made && i < count; i++) object_release(made[i] ? &made[i]->base : NULL);
  memory_free(m, made, (size_t)count, sizeof *made);
  order_free(m, bounds, (int64_t)count + 1);
  order_free(m, order, data->rows);
  return status;
}

moth_status moth_dataset_split(moth *m, const moth_dataset *data, const double *fractions, int count, const moth_option *given,
                               moth_dataset **parts) {
  moth_status status = object_check(m, data, MOTH_DATASET_OBJECT, "split", "data");
  if (status) return status;
  if (!fractions || count < 1 || !parts) return context_fail(m, MOTH_MISUSE, "split", "give one fraction or more: data:split(0.8, 0.2)");
  options o = { 0 };
  status = options_read(m, NULL, &split_row, given, &o);
  if (status) return status;
  status = split(m, data, fractions, count, &o, parts);
  options_free(m, &o);
  return status;
}

/* ---- Take, select, shuffle ---- */

moth_status moth_dataset_take(moth *m, const moth_dataset *data, int64_t rows, moth_dataset **part) {
  moth_status status = object_check(m, data, MOTH_DATASET_OBJECT, "take", "data");
  if (status) return status;
  if (!part) return context_fail(m, MOTH_MISUSE, "take", "no place for the result");
  if (rows < 0 || rows > data->rows) {
    return context_fail(m, MOTH_INDEX, "take", "%lld rows asked for, data has %lld", (long long)rows, (long long)data->rows);
  }
  if (!data->order) return context_within(m, dataset_view(data, rows, NULL, part), "take");
  int64_t *order = NULL;
  status = order_new(m, "take", rows, &order);
  if (status) return status;
  for (int64_t i = 0; i < rows; i++) order[i] = i;
  return view_of(m, "take", data, order, rows, part);
}

/* The row that an id names: from the index base, or negative from the end; -1 where there is none. */
static int64_t row_of(const moth_dataset *data, int64_t id, int64_t base) {
  int64_t row = id < 0 ? (id < -data->rows ? -1 : id + data->rows) : id - base;
  return row >= 0 && row < data->rows ? row : -1;
}

static moth_status select_ids(moth *m, const moth_dataset *data, const moth_tensor *ids, moth_dataset **part) {
  moth_tensor *numbers = NULL;
  int64_t *order = NULL, count = ids->count;
  moth_status status = tensor_contiguous(m, "select", ids, MOTH_I64, &numbers);
  if (!status) status = order_new(m, "select", count, &order);
  for (int64_t i = 0; i < count && !status; i++) {
    int64_t id = ((const int64_t *)numbers->values)[i];
    order[i] = row_of(data, id, m->index_base);
    if (order[i] >= 0) continue;
    int64_t base = m->index_base;
    status = data->rows == 0 ? context_fail(m, MOTH_INDEX, "select", "index %lld: data has 0 rows", (long long)id)
                             : context_fail(m, MOTH_INDEX, "select", "index %lld: rows of data are %lld..%lld or -%lld..-1", (long long)id,
                                            (long long)base, (long long)(data->rows - 1 + base), (long long)data->rows);
  }
  if (numbers) object_release(&numbers->base);
  if (!status) return view_of(m, "select", data, order, count, part);
  order_free(m, order, count);
  return status;
}

static moth_status select_mask(moth *m, const moth_dataset *data, const moth_tensor *mask, moth_dataset **part) {
  if (mask->size[0] != data->rows) {
    return context_fail(m, MOTH_SHAPE, "select", "the mask is %s, data has %lld rows", tensor_text(mask).text, (long long)data->rows);
  }
  int64_t count = 0, to = 0, *order = NULL;
  for (int64_t i = 0; i < data->rows; i++) count += mask->values[i * mask->strides[0]] != 0;
  moth_status status = order_new(m, "select", count, &order);
  if (status) return status;
  for (int64_t i = 0; i < data->rows; i++) {
    if (mask->values[i * mask->strides[0]] != 0) order[to++] = i;
  }
  return view_of(m, "select", data, order, count, part);
}

moth_status moth_dataset_select(moth *m, const moth_dataset *data, const moth_tensor *ids, moth_dataset **part) {
  moth_status status = object_check(m, data, MOTH_DATASET_OBJECT, "select", "data");
  if (!status) status = tensor_check(m, ids, "select", "ids");
  if (status) return status;
  if (!part) return context_fail(m, MOTH_MISUSE, "select", "no place for the result");
  if (ids->rank != 1) return context_fail(m, MOTH_SHAPE, "select", "ids must have one axis, got %s", tensor_text(ids).text);
  return ids->dtype == MOTH_BOOL ? select_mask(m, data, ids, part) : select_ids(m, data, ids, part);
}

moth_status moth_dataset_shuffle(moth *m, const moth_dataset *data, const uint64_t *seed, moth_dataset **shuffled) {
  moth_status status = object_check(m, data, MOTH_DATASET_OBJECT, "shuffle", "data");
  if (status) return status;
  if (!shuffled) return context_fail(m, MOTH_MISUSE, "shuffle", "no place for the result");
  int64_t *order = NULL;
  status = order_new(m, "shuffle", data->rows, &order);
  if (status) return status;
  random_source before = m->random;
  random_shuffle(seed ? *seed : random_key(&m->random), 0, order, data->rows);
  status = view_of(m, "shuffle", data, order, data->rows, shuffled);
  if (status) m->random = before;
  return status;
}
