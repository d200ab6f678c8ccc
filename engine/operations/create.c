/* New tensors from sizes and numbers. */
#include <math.h>
#include <string.h>

#include "operations/support.h"

#define OPTION_ANY_DTYPE OPTION_DTYPE("f32 f64 i64 u8 bool")

enum { CREATE_SHAPE, CREATE_DTYPE };
static const moth_option_row create_options[] = { [CREATE_SHAPE] = OPTION_SHAPE(1), [CREATE_DTYPE] = OPTION_ANY_DTYPE };

static moth_status give_filled(const operation_call *call, moth_dtype dtype, int rank, const int64_t *size, const moth_value *value) {
  uint64_t element = 0;
  moth_tensor *t;
  if (value) {
    moth_status status = operation_number(call, value, dtype, NULL, &element);
    if (status != MOTH_OK) return status;
  }
  moth_status status = tensor_new(call->m, call->where, dtype, rank, size, element == 0, &t);
  if (status != MOTH_OK) return status;
  if (element != 0) tensor_fill(t, &element);
  operation_give(call, 0, t);
  return MOTH_OK;
}

static moth_status apply_constant(const operation_call *call) {
  moth_shape shape = { .rank = 0 };
  moth_value value = { .kind = MOTH_INT_VALUE, .as.integer = call->class->code };
  moth_status status = operation_shape(call, CREATE_SHAPE, &shape);
  if (status != MOTH_OK) return status;
  moth_dtype dtype = operation_dtype(call, CREATE_DTYPE, MOTH_F32);
  return give_filled(call, dtype, shape.rank, shape.size, &value);
}

#define CONSTANT_ROW(word, value_, doc_, example_)                                                                                         \
  const operation_class operation_##word = {                                                                                               \
    .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(create_options) },                                                     \
             .results = 1,                                                                                                                 \
             .flags = MOTH_CREATES | MOTH_OF_DEFAULT },                                                                                    \
    .apply = apply_constant,                                                                                                               \
    .code = (value_)                                                                                                                       \
  }
CONSTANT_ROW(zeros, 0, "a tensor of zeros", "moth.zeros(3, 4)");
CONSTANT_ROW(ones, 1, "a tensor of ones", "moth.ones{ 3, 4, dtype = \"f64\" }");

/* Memory whose values mean nothing yet is cleared all the same: what a script prints must not depend on what ran before. */
const operation_class operation_empty = {
  .row = { .row = { ROW_TEXTS("empty", "a tensor to be filled; zeros until then", "moth.empty(3, 4)"), ROW_OPTIONS(create_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_OF_DEFAULT },
  .apply = apply_constant,
  .code = 0,
};

#define NUMBER_KINDS (MOTH_OPTION_INT | MOTH_OPTION_REAL | MOTH_OPTION_FLAG)

enum { FULL_SHAPE, FULL_VALUE, FULL_DTYPE };
static const moth_option_row full_options[] = {
  [FULL_SHAPE] = { .key = "shape",
                   .doc = "a size, or a list of sizes",
                   .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS,
                   .position = 1,
                   .flags = MOTH_REQUIRED | MOTH_RANGED,
                   .low = 0,
                   .high = 9007199254740992.0 },
  [FULL_VALUE] = { .key = "value", .doc = "of every element", .kinds = NUMBER_KINDS, .position = 2, .flags = MOTH_REQUIRED },
  [FULL_DTYPE] = OPTION_ANY_DTYPE,
};

static moth_status apply_full(const operation_call *call) {
  moth_shape shape = { .rank = 0 };
  moth_status status = operation_shape(call, FULL_SHAPE, &shape);
  if (status != MOTH_OK) return status;
  moth_value value = operation_option_number(call, FULL_VALUE);
  moth_dtype dtype = operation_dtype(call, FULL_DTYPE, value.kind == MOTH_FLAG_VALUE ? MOTH_BOOL : MOTH_F32);
  return give_filled(call, dtype, shape.rank, shape.size, &value);
}

const operation_class operation_full = {
  .row = { .row = { ROW_TEXTS("full", "a tensor of one value; true and false give bools", "moth.full({3, 4}, 7)"),
                    ROW_OPTIONS(full_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_OF_DEFAULT },
  .apply = apply_full,
};

enum { LIKE_DTYPE, LIKE_VALUE };
static const moth_option_row like_options[] = { [LIKE_DTYPE] = OPTION_ANY_DTYPE };
static const moth_option_row full_like_options[] = {
  [LIKE_DTYPE] = OPTION_ANY_DTYPE,
  [LIKE_VALUE] = { .key = "value", .doc = "of every element", .kinds = NUMBER_KINDS, .position = 1, .flags = MOTH_REQUIRED },
};

static moth_status apply_like(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  moth_value value = { .kind = MOTH_INT_VALUE, .as.integer = call->class->code };
  if (call->class->row.row.option_count > LIKE_VALUE) value = operation_option_number(call, LIKE_VALUE);
  return give_filled(call, operation_dtype(call, LIKE_DTYPE, t->dtype), t->rank, t->size, &value);
}

#define LIKE_ROW(word, value_, list, doc_, example_)                                                                                       \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(list) },                      \
                                                      .inputs = 1,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_CREATES | MOTH_METHOD },                                               \
                                             .apply = apply_like,                                                                          \
                                             .code = (value_) }
LIKE_ROW(zeros_like, 0, like_options, "zeros of a tensor's shape and dtype", "moth.zeros_like(moth.eye(2))");
LIKE_ROW(ones_like, 1, like_options, "ones of a tensor's shape and dtype", "moth.ones_like(moth.eye(2))");
LIKE_ROW(full_like, 0, full_like_options, "one value in a tensor's shape and dtype", "moth.full_like(moth.eye(2), 7)");

#define OPTION_COUNT(name, at, text, more)                                                                                                 \
  {                                                                                                                                        \
    .key = name, .doc = text, .kinds = MOTH_OPTION_INT, .position = (at), .flags = MOTH_RANGED | (more), .low = 0,                         \
    .high = 9007199254740992.0                                                                                                             \
  }

enum { EYE_ROWS, EYE_COLUMNS, EYE_DTYPE };
static const moth_option_row eye_options[] = {
  [EYE_ROWS] = OPTION_COUNT("rows", 1, "rows", MOTH_REQUIRED),
  [EYE_COLUMNS] = OPTION_COUNT("columns", 2, "columns; absent: as many as rows", 0),
  [EYE_DTYPE] = OPTION_ANY_DTYPE,
};

static moth_status apply_eye(const operation_call *call) {
  int64_t rows = options_int(call->options, EYE_ROWS), columns = rows;
  if (options_is_set(call->options, EYE_COLUMNS)) columns = options_int(call->options, EYE_COLUMNS);
  moth_tensor *t;
  moth_dtype dtype = operation_dtype(call, EYE_DTYPE, MOTH_F32);
  moth_status status = tensor_new(call->m, call->where, dtype, 2, (int64_t[]) { rows, columns }, true, &t);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; i < rows && i < columns; i++) dtype_store_int(dtype, 1, t->values + i * (columns + 1) * (int64_t)dtype_size(dtype));
  operation_give(call, 0, t);
  return MOTH_OK;
}

const operation_class operation_eye = {
  .row = { .row = { ROW_TEXTS("eye", "ones on the diagonal, zeros beside it", "moth.eye(3)"), ROW_OPTIONS(eye_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_OF_DEFAULT },
  .apply = apply_eye,
};

#define OPTION_FINITE(name, at, text, more)                                                                                                \
  { .key = name, .doc = text, .kinds = MOTH_OPTION_REAL, .position = (at), .flags = (more) }

#define OPTION_END(name, at, text)                                                                                                         \
  { .key = name, .doc = text, .kinds = MOTH_OPTION_INT | MOTH_OPTION_REAL, .position = (at), .flags = MOTH_REQUIRED }

enum { RANGE_FIRST, RANGE_LAST, RANGE_STEP, RANGE_DTYPE };
static const moth_option_row range_options[] = {
  [RANGE_FIRST] = OPTION_END("first", 1, "the first value"),
  [RANGE_LAST] = OPTION_END("last", 2, "no value passes it; it is one itself where whole steps lead there"),
  [RANGE_STEP] = { .key = "step",
                   .doc = "from one value to the next, not 0",
                   .kinds = MOTH_OPTION_INT | MOTH_OPTION_REAL,
                   .position = 3,
                   .fallback = MOTH_INT(NULL, 1) },
  [RANGE_DTYPE] = OPTION_DTYPE("f32 f64 i64 u8"),
};

/* Whole ones of integers as they were given, for messages. */
static moth_value progression_value(moth_dtype dtype, double value) {
  bool is_whole = !dtype_is_real(dtype) && value == rint(value) && value >= -0x1p63 && value < 0x1p63;
  if (is_whole) return (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = (int64_t)value };
  return (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = value };
}

/* Stores count values first + i*step, the last of them no further than `last`. */
static moth_status give_progression(const operation_call *call, moth_dtype dtype, double first, double last, double step, int64_t count,
                                    bool exact_end) {
  moth_tensor *t;
  moth_status status = tensor_new(call->m, call->where, dtype, 1, &count, false, &t);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, t);
  for (int64_t i = 0; i < count; i++) {
    double value = first + (double)i * step;
    if (i == count - 1 && (exact_end || (step > 0 ? value > last : value < last))) value = last;
    moth_value number = progression_value(dtype, value);
    status = operation_number(call, &number, dtype, t, t->values + i * (int64_t)dtype_size(dtype));
    if (status != MOTH_OK) return status;
    if (i % (1 << 20) == 0 && context_is_cancelled(call->m)) return operation_cancelled(call);
  }
  return MOTH_OK;
}

static moth_status check_finite(const operation_call *call, int options) {
  for (int i = 0; i < options; i++) {
    double value = options_number(call->options, i);
    if (isfinite(value)) continue;
    return context_fail(call->m, MOTH_OPTION, call->where, "%s must be finite, got %g", call->class->row.row.options[i].key, value);
  }
  return MOTH_OK;
}

static moth_status fail_steps(const operation_call *call, double steps) {
  return context_fail(call->m, MOTH_LIMIT, call->where, "%g steps are more than can be counted", steps);
}

/* Whole numbers in i64: right to the last digit, where a double is not. */
static bool is_whole_range(const operation_call *call) {
  bool is_whole = operation_dtype(call, RANGE_DTYPE, MOTH_F32) == MOTH_I64;
  for (int i = RANGE_FIRST; i <= RANGE_STEP; i++) is_whole = is_whole && call->options->values[i].kind == MOTH_OPTION_INT;
  return is_whole;
}

static moth_status give_whole_range(const operation_call *call) {
  int64_t first = options_int(call->options, RANGE_FIRST), last = options_int(call->options, RANGE_LAST),
          step = options_int(call->options, RANGE_STEP);
  bool is_rising = step > 0, is_empty = is_rising ? first > last : first < last;
  uint64_t span = is_rising ? (uint64_t)last - (uint64_t)first : (uint64_t)first - (uint64_t)last;
  uint64_t steps = is_empty ? 0 : span / (is_rising ? (uint64_t)step : 0 - (uint64_t)step);
  if (steps >= (uint64_t)1 << 53) return fail_steps(call, (double)steps);
  int64_t count = is_empty ? 0 : (int64_t)steps + 1;
  moth_tensor *t;
  moth_status status = tensor_new(call->m, call->where, MOTH_I64, 1, &count, false, &t);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, t);
  for (int64_t i = 0; i < count; i++) {
    ((int64_t *)t->values)[i] = (int64_t)((uint64_t)first + (uint64_t)i * (uint64_t)step);
    if (i % (1 << 20) == 0 && context_is_cancelled(call->m)) return operation_cancelled(call);
  }
  return MOTH_OK;
}

static moth_status apply_range(const operation_call *call) {
  double first = options_number(call->options, RANGE_FIRST), last = options_number(call->options, RANGE_LAST),
         step = options_number(call->options, RANGE_STEP);
  moth_status status = check_finite(call, 3);
  if (status != MOTH_OK) return status;
  if (step == 0) return context_fail(call->m, MOTH_OPTION, call->where, "step must not be 0");
  if (is_whole_range(call)) return give_whole_range(call);
  double steps = (last - first) / step, nearest = rint(steps);
  if (fabs(steps - nearest) <= 1e-10 * fmax(1, fabs(steps))) steps = nearest; /* 0.3/0.1 is three steps */
  if (!(steps < 0x1p53)) return fail_steps(call, steps);
  int64_t count = steps < 0 ? 0 : (int64_t)floor(steps) + 1;
  return give_progression(call, operation_dtype(call, RANGE_DTYPE, MOTH_F32), first, last, step, count, false);
}

const operation_class operation_range = {
  .row = { .row = { ROW_TEXTS("range", "first, first + step … up to and with last, as Lua's for counts", "moth.range(1, 5)"),
                    .foreign = "arange", ROW_OPTIONS(range_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_OF_DEFAULT },
  .apply = apply_range,
};

enum { LINSPACE_FIRST, LINSPACE_LAST, LINSPACE_COUNT, LINSPACE_DTYPE };
static const moth_option_row linspace_options[] = {
  [LINSPACE_FIRST] = OPTION_FINITE("first", 1, "the first value", MOTH_REQUIRED),
  [LINSPACE_LAST] = OPTION_FINITE("last", 2, "the last value", MOTH_REQUIRED),
  [LINSPACE_COUNT] = OPTION_COUNT("count", 3, "how many values", MOTH_REQUIRED),
  [LINSPACE_DTYPE] = OPTION_DTYPE("f32 f64"),
};

static moth_status apply_linspace(const operation_call *call) {
  double first = options_real(call->options, LINSPACE_FIRST), last = options_real(call->options, LINSPACE_LAST);
  int64_t count = options_int(call->options, LINSPACE_COUNT);
  moth_status status = check_finite(call, 2);
  if (status != MOTH_OK) return status;
  double step = count > 1 ? (last - first) / (double)(count - 1) : 0;
  if (count == 1) last = first;
  return give_progression(call, operation_dtype(call, LINSPACE_DTYPE, MOTH_F32), first, last, step, count, count > 1);
}

const operation_class operation_linspace = {
  .row = { .row = { ROW_TEXTS("linspace", "values in equal steps from first to last, both included", "moth.linspace(0, 1, 5)"),
                    ROW_OPTIONS(linspace_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_OF_DEFAULT },
  .apply = apply_linspace,
};

enum { ONE_HOT_CLASSES, ONE_HOT_DTYPE };
static const moth_option_row one_hot_options[] = {
  [ONE_HOT_CLASSES] = OPTION_COUNT("classes", 1, "how many classes there are", MOTH_REQUIRED),
  [ONE_HOT_DTYPE] = OPTION_ANY_DTYPE,
};

/* Classes as i64 from 0; refused where they are none. */
static moth_status check_classes(const operation_call *call, const moth_tensor *y, int64_t classes, moth_tensor **out) {
  moth *m = call->m;
  moth_tensor *copy;
  moth_status status = tensor_clone(m, call->where, y, y->dtype == MOTH_I64 || y->dtype == MOTH_U8 ? MOTH_I64 : MOTH_F64, &copy);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; i < copy->count; i++) {
    int64_t *class = (int64_t *)copy->values + i, given = 0;
    double value = copy->dtype == MOTH_F64 ? ((double *)copy->values)[i] : (double)*class;
    bool is_whole = copy->dtype == MOTH_I64 || dtype_store(MOTH_I64, value, &given);
    if (copy->dtype == MOTH_I64) given = *class;
    if (is_whole && given >= m->index_base && given - m->index_base < classes) {
      *class = given - m->index_base;
      continue;
    }
    status = context_fail(m, MOTH_INDEX, call->where, "class %g in element %lld of %s; classes count from %d to %lld", value,
                          (long long)(i + m->index_base), tensor_text(y).text, m->index_base, (long long)(classes - 1 + m->index_base));
    moth_release(copy);
    return status;
  }
  *out = copy;
  return MOTH_OK;
}

static moth_status apply_one_hot(const operation_call *call) {
  const moth_tensor *y = operation_tensor(call, 0);
  int64_t classes = options_int(call->options, ONE_HOT_CLASSES), size[MOTH_MAX_RANK];
  moth_tensor *class = NULL, *out;
  if (y->rank == MOTH_MAX_RANK) return context_fail(call->m, MOTH_LIMIT, call->where, "%s leaves no room for an axis", tensor_text(y).text);
  moth_status status = check_classes(call, y, classes, &class);
  if (status != MOTH_OK) return status;
  moth_dtype dtype = operation_dtype(call, ONE_HOT_DTYPE, MOTH_F32);
  for (int i = 0; i < y->rank; i++) size[i] = y->size[i];
  size[y->rank] = classes;
  status = tensor_new(call->m, call->where, dtype, y->rank + 1, size, true, &out);
  for (int64_t i = 0; status == MOTH_OK && i < class->count; i++) {
    dtype_store_int(dtype, 1, out->values + (i * classes + ((int64_t *)class->values)[i]) * (int64_t)dtype_size(dtype));
  }
  moth_release(class);
  if (status == MOTH_OK) operation_give(call, 0, out);
  return status;
}

const operation_class operation_one_hot = {
  .row = { .row = { ROW_TEXTS("one_hot", "a row for each class number, 1 at its class and 0 elsewhere",
                              "moth.one_hot(moth.tensor({ 2, 1 }, { dtype = \"i64\" }), 3)"),
                    .foreign = "to_categorical", ROW_OPTIONS(one_hot_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_CREATES | MOTH_OF_DEFAULT | MOTH_METHOD },
  .apply = apply_one_hot,
};
