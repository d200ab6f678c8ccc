/* Drawing: new tensors, and filling given ones. Nothing moves the generator where the call fails. */
#include <math.h>

#include "core/memory.h"
#include "core/random.h"
#include "math/loops.h"
#include "operations/positions.h"

enum { CODE_UNIFORM, CODE_NORMAL };

static random_source *source_of(const operation_call *call, int option) {
  return random_of(call->m, options_object(call->options, option));
}

/* Draws in pieces of whole blocks, so that a cancel is seen; the sequence is that of one draw. */
static bool draw(const operation_call *call, int code, random_source *source, moth_dtype dtype, char *values, int64_t count, double a,
                 double b) {
  random_source before = *source;
  for (int64_t done = 0; done < count; done += LOOPS_POLL) {
    int64_t n = count - done < LOOPS_POLL ? count - done : LOOPS_POLL;
    char *to = values + done * (int64_t)dtype_size(dtype);
    if (context_is_cancelled(call->m)) {
      *source = before;
      return false;
    }
    if (dtype == MOTH_F32 && code == CODE_UNIFORM) random_uniform_f32(source, (float *)to, n, a, b);
    else if (dtype == MOTH_F32) random_normal_f32(source, (float *)to, n, a, b);
    else if (code == CODE_UNIFORM) random_uniform_f64(source, (double *)to, n, a, b);
    else random_normal_f64(source, (double *)to, n, a, b);
  }
  return true;
}

enum { RANDOM_SHAPE, RANDOM_DTYPE, RANDOM_GENERATOR };
static const moth_option_row random_options[] = {
  [RANDOM_SHAPE] = OPTION_SHAPE(1), [RANDOM_DTYPE] = OPTION_DTYPE("f32 f64"), [RANDOM_GENERATOR] = OPTION_GENERATOR
};

static moth_status apply_random(const operation_call *call) {
  moth_shape shape = { .rank = 0 };
  moth_tensor *t;
  moth_status status = operation_shape(call, RANDOM_SHAPE, &shape);
  if (status != MOTH_OK) return status;
  status = tensor_new(call->m, call->where, operation_dtype(call, RANDOM_DTYPE, MOTH_F32), shape.rank, shape.size, false, &t);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, t);
  return draw(call, call->class->code, source_of(call, RANDOM_GENERATOR), t->dtype, t->values, t->count, 0, 1) ? MOTH_OK
                                                                                                               : operation_cancelled(call);
}

#define RANDOM_ROW(word, code_, doc_, example_)                                                                                            \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(random_options) },            \
                                                      .results = 1,                                                                        \
                                                      .flags = MOTH_CREATES | MOTH_OF_DEFAULT | MOTH_SAMPLES },                            \
                                             .apply = apply_random,                                                                        \
                                             .code = (code_) }
RANDOM_ROW(rand, CODE_UNIFORM, "numbers drawn evenly from [0, 1)", "moth.rand(2, 3)");
RANDOM_ROW(randn, CODE_NORMAL, "numbers drawn from the standard normal distribution", "moth.randn(2, 3)");

#define OPTION_INTEGER(name, at, text)                                                                                                     \
  { .key = name, .doc = text, .kinds = MOTH_OPTION_INT, .position = (at), .flags = MOTH_REQUIRED }

enum { RANDINT_LOW, RANDINT_HIGH, RANDINT_SHAPE, RANDINT_DTYPE, RANDINT_GENERATOR };
static const moth_option_row randint_options[] = {
  [RANDINT_LOW] = OPTION_INTEGER("low", 1, "the least"),
  [RANDINT_HIGH] = OPTION_INTEGER("high", 2, "the largest, itself included"),
  [RANDINT_SHAPE] = OPTION_SHAPE(3),
  [RANDINT_DTYPE] = OPTION_DTYPE("f32 f64 i64 u8"),
  [RANDINT_GENERATOR] = OPTION_GENERATOR,
};

/* i64 values into the dtype that was asked for; the first is let go. */
static moth_status convert(const operation_call *call, moth_tensor *t, moth_dtype dtype, moth_tensor **out) {
  moth_status status = tensor_contiguous(call->m, call->where, t, dtype, out);
  moth_release(t);
  return status;
}

/* Whether the dtype holds both ends, and with them all between: not whether what happens to be drawn fits. */
static moth_status check_ends(const operation_call *call, int64_t low, int64_t high) {
  moth_dtype dtype = operation_dtype(call, RANDINT_DTYPE, MOTH_I64);
  if (low > high) return context_fail(call->m, MOTH_OPTION, call->where, "low %lld is above high %lld", (long long)low, (long long)high);
  const moth_value ends[2] = { { .kind = MOTH_INT_VALUE, .as.integer = low }, { .kind = MOTH_INT_VALUE, .as.integer = high } };
  moth_status status = MOTH_OK;
  for (int i = 0; i < 2 && status == MOTH_OK && !dtype_is_real(dtype); i++) {
    double element; /* room for one of any dtype */
    status = operation_number(call, &ends[i], dtype, NULL, &element);
  }
  return status;
}

static moth_status apply_randint(const operation_call *call) {
  int64_t low = options_int(call->options, RANDINT_LOW), high = options_int(call->options, RANDINT_HIGH);
  moth_shape shape = { .rank = 0 };
  moth_tensor *t, *out;
  moth_status status = check_ends(call, low, high);
  if (status == MOTH_OK) status = operation_shape(call, RANDINT_SHAPE, &shape);
  if (status == MOTH_OK) status = tensor_new(call->m, call->where, MOTH_I64, shape.rank, shape.size, false, &t);
  if (status != MOTH_OK) return status;
  random_source *source = source_of(call, RANDINT_GENERATOR), before = *source;
  random_integers(source, (int64_t *)t->values, t->count, low, high);
  status = convert(call, t, operation_dtype(call, RANDINT_DTYPE, MOTH_I64), &out);
  if (status == MOTH_OK) operation_give(call, 0, out);
  else *source = before;
  return status;
}

const operation_class operation_randint = {
  .row = { .row = { ROW_TEXTS("randint", "whole numbers drawn evenly from low to high, both included", "moth.randint(1, 6, 10)"),
                    .foreign = "integers", ROW_OPTIONS(randint_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_SAMPLES },
  .apply = apply_randint,
};

enum { RANDPERM_COUNT, RANDPERM_GENERATOR };
static const moth_option_row randperm_options[] = {
  [RANDPERM_COUNT] = { .key = "count",
                       .doc = "how many",
                       .kinds = MOTH_OPTION_INT,
                       .position = 1,
                       .flags = MOTH_REQUIRED | MOTH_RANGED,
                       .low = 0,
                       .high = 9007199254740992.0 },
  [RANDPERM_GENERATOR] = OPTION_GENERATOR,
};

static moth_status apply_randperm(const operation_call *call) {
  int64_t count = options_int(call->options, RANDPERM_COUNT);
  moth_tensor *t;
  moth_status status = tensor_new(call->m, call->where, MOTH_I64, 1, &count, false, &t);
  if (status != MOTH_OK) return status;
  random_permutation(source_of(call, RANDPERM_GENERATOR), (int64_t *)t->values, count);
  for (int64_t i = 0; i < count; i++) ((int64_t *)t->values)[i] += call->m->index_base;
  operation_give(call, 0, t);
  return MOTH_OK;
}

const operation_class operation_randperm = {
  .row = { .row = { ROW_TEXTS("randperm", "the first so many positions in random order", "moth.randperm(5)"), .foreign = "permutation",
                    ROW_OPTIONS(randperm_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_SAMPLES },
  .apply = apply_randperm,
};

enum { BERNOULLI_P, BERNOULLI_SHAPE, BERNOULLI_DTYPE, BERNOULLI_GENERATOR };
static const moth_option_row bernoulli_options[] = {
  [BERNOULLI_P] = { .key = "p",
                    .doc = "the probability of 1",
                    .kinds = MOTH_OPTION_REAL,
                    .position = 1,
                    .flags = MOTH_REQUIRED | MOTH_RANGED,
                    .low = 0,
                    .high = 1 },
  [BERNOULLI_SHAPE] = OPTION_SHAPE(2),
  [BERNOULLI_DTYPE] = OPTION_DTYPE("f32 f64 i64 u8 bool"),
  [BERNOULLI_GENERATOR] = OPTION_GENERATOR,
};

/* A new row-major tensor of ones with probability p. */
static moth_status draw_bernoulli(const operation_call *call, random_source *source, double p, moth_dtype dtype, const moth_shape *shape,
                                  moth_tensor **out) {
  enum { PIECE = 512 }; /* whole blocks, so that the sequence is that of one draw */
  double uniform[PIECE];
  uint8_t ones[PIECE];
  moth_tensor *t;
  random_source before = *source;
  moth_status status = tensor_new(call->m, call->where, dtype, shape->rank, shape->size, false, &t);
  if (status != MOTH_OK) return status;
  for (int64_t done = 0; done < t->count; done += PIECE) {
    int64_t n = t->count - done < PIECE ? t->count - done : PIECE;
    if (done % LOOPS_POLL == 0 && context_is_cancelled(call->m)) {
      *source = before;
      moth_release(t);
      return operation_cancelled(call);
    }
    random_uniform_f64(source, uniform, n, 0, 1);
    for (int64_t i = 0; i < n; i++) ones[i] = uniform[i] < p;
    int64_t width = (int64_t)dtype_size(dtype);
    loops_cast(MOTH_U8, dtype)(ones, 1, t->values + done * width, width, n);
  }
  *out = t;
  return MOTH_OK;
}

static moth_status apply_bernoulli(const operation_call *call) {
  moth_shape shape = { .rank = 0 };
  moth_tensor *out;
  moth_status status = operation_shape(call, BERNOULLI_SHAPE, &shape);
  if (status != MOTH_OK) return status;
  status = draw_bernoulli(call, source_of(call, BERNOULLI_GENERATOR), options_real(call->options, BERNOULLI_P),
                          operation_dtype(call, BERNOULLI_DTYPE, MOTH_F32), &shape, &out);
  if (status == MOTH_OK) operation_give(call, 0, out);
  return status;
}

const operation_class operation_bernoulli = {
  .row = { .row = { ROW_TEXTS("bernoulli", "1 with probability p, else 0", "moth.bernoulli(0.3, 10)"), ROW_OPTIONS(bernoulli_options) },
           .results = 1,
           .flags = MOTH_CREATES | MOTH_OF_DEFAULT | MOTH_SAMPLES },
  .apply = apply_bernoulli,
};

enum { DRAW_FIRST, DRAW_SECOND, DRAW_GENERATOR };
static const moth_option_row uniform_options[] = {
  [DRAW_FIRST] = { .key = "low", .doc = "the least", .kinds = MOTH_OPTION_REAL, .position = 1, .fallback = MOTH_REAL(NULL, 0) },
  [DRAW_SECOND] = { .key = "high", .doc = "all are below it", .kinds = MOTH_OPTION_REAL, .position = 2, .fallback = MOTH_REAL(NULL, 1) },
  [DRAW_GENERATOR] = OPTION_GENERATOR,
};
static const moth_option_row normal_options[] = {
  [DRAW_FIRST] = { .key = "mean", .doc = "the mean", .kinds = MOTH_OPTION_REAL, .position = 1, .fallback = MOTH_REAL(NULL, 0) },
  [DRAW_SECOND] = { .key = "std",
                    .doc = "the standard deviation",
                    .kinds = MOTH_OPTION_REAL,
                    .position = 2,
                    .flags = MOTH_RANGED,
                    .low = 0,
                    .high = 1.7976931348623157e308,
                    .fallback = MOTH_REAL(NULL, 1) },
  [DRAW_GENERATOR] = OPTION_GENERATOR,
};

/* Drawn apart and copied in, so that a cancel leaves the tensor as it was and strides do not change the sequence. */
static moth_status apply_draw(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *drawn;
  double a = options_real(call->options, DRAW_FIRST), b = options_real(call->options, DRAW_SECOND);
  if (!isfinite(a) || !isfinite(b) || (call->class->code == CODE_UNIFORM && a > b)) {
    return context_fail(call->m, MOTH_OPTION, call->where, "%s %g and %s %g make no distribution", call->class->row.row.options[0].key, a,
                        call->class->row.row.options[1].key, b);
  }
  moth_status status = tensor_new(call->m, call->where, t->dtype, t->rank, t->size, false, &drawn);
  if (status != MOTH_OK) return status;
  if (!draw(call, call->class->code, source_of(call, DRAW_GENERATOR), t->dtype, drawn->values, t->count, a, b))
    status = operation_cancelled(call);
  if (status == MOTH_OK) status = tensor_copy(call->m, call->where, drawn, t);
  moth_release(drawn);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

const operation_class operation_uniform_ = {
  .row = { .row = { ROW_TEXTS("uniform_", "fills with numbers drawn evenly from [low, high)", "moth.empty(3):uniform_(-1, 1)"),
                    ROW_OPTIONS(uniform_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = REAL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN | MOTH_SAMPLES },
  .apply = apply_draw,
  .code = CODE_UNIFORM,
};
const operation_class operation_normal_ = {
  .row = { .row = { ROW_TEXTS("normal_", "fills with numbers drawn from a normal distribution", "moth.empty(3):normal_(0, 0.1)"),
                    ROW_OPTIONS(normal_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = REAL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN | MOTH_SAMPLES },
  .apply = apply_draw,
  .code = CODE_NORMAL,
};

enum { FLIPS_P, FLIPS_GENERATOR };
static const moth_option_row flips_options[] = {
  [FLIPS_P] = { .key = "p",
                .doc = "the probability of 1",
                .kinds = MOTH_OPTION_REAL,
                .position = 1,
                .flags = MOTH_RANGED,
                .low = 0,
                .high = 1,
                .fallback = MOTH_REAL(NULL, 0.5) },
  [FLIPS_GENERATOR] = OPTION_GENERATOR,
};

static moth_status apply_flips(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *drawn;
  moth_shape shape = shape_of(t->rank, t->size);
  random_source *source = source_of(call, FLIPS_GENERATOR), before = *source;
  moth_status status = draw_bernoulli(call, source, options_real(call->options, FLIPS_P), t->dtype, &shape, &drawn);
  if (status != MOTH_OK) return status;
  status = tensor_copy(call->m, call->where, drawn, t);
  moth_release(drawn);
  if (status == MOTH_OK) return operation_give_self(call);
  *source = before;
  return status;
}

const operation_class operation_bernoulli_ = {
  .row = { .row = { ROW_TEXTS("bernoulli_", "fills with ones with probability p, zeros else", "moth.empty(5):bernoulli_(0.3)"),
                    ROW_OPTIONS(flips_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN | MOTH_SAMPLES },
  .apply = apply_flips,
};

static const moth_option_row shuffle_options[] = { OPTION_GENERATOR };

/* The rows are gathered in their new order and copied back, so that a failure leaves them as they were. */
static moth_status apply_shuffle(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *order, *rows;
  if (t->rank == 0) return context_fail(m, MOTH_SHAPE, call->where, "%s has no rows", tensor_text(t).text);
  random_source *source = source_of(call, 0), before = *source;
  moth_status status = tensor_new(m, call->where, MOTH_I64, 1, t->size, false, &order);
  if (status != MOTH_OK) return status;
  status = tensor_new(m, call->where, t->dtype, t->rank, t->size, false, &rows);
  if (status == MOTH_OK) {
    moth_tensor spread;
    random_permutation(source, (int64_t *)order->values, t->size[0]);
    positions_of_slices(t, 0, order, &spread);
    if (!positions_run(m, POSITIONS_TAKE, t, 0, &spread, 0, rows)) status = operation_cancelled(call);
    if (status == MOTH_OK) status = tensor_copy(m, call->where, rows, t);
    moth_release(rows);
  }
  moth_release(order);
  if (status == MOTH_OK) return operation_give_self(call);
  *source = before;
  return status;
}

const operation_class operation_shuffle_ = {
  .row = { .row = { ROW_TEXTS("shuffle_", "puts the rows in random order, all orders being equally likely", "moth.range(1, 5):shuffle_()"),
                    .foreign = "shuffle", ROW_OPTIONS(shuffle_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN | MOTH_SAMPLES },
  .apply = apply_shuffle,
};
