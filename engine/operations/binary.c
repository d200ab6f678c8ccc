/* Functions of two elements, broadcast; either operand may be a number: arithmetic and comparisons. */
#include "math/kernels.h"
#include "operations/elements.h"

enum { BINARY_REAL };
static const moth_option_row binary_options[] = { [BINARY_REAL] = OPTION_REAL };

/* The vector kernel of a loop; -1: none. */
static const int kernel_of[LOOPS_BINARY] = {
  [LOOPS_ADD] = BINARY_ADD,        [LOOPS_SUB] = BINARY_SUB, [LOOPS_MUL] = BINARY_MUL, [LOOPS_DIV] = BINARY_DIV,
  [LOOPS_FLOORDIV] = -1,           [LOOPS_MOD] = -1,         [LOOPS_POW] = -1,         [LOOPS_ATAN2] = BINARY_ATAN2,
  [LOOPS_MAXIMUM] = BINARY_MAXIMUM, [LOOPS_MINIMUM] = BINARY_MINIMUM
};

/* Looks for integers that division or a power cannot take. */
typedef struct search {
  moth_dtype dtype;
  bool negative, found;
} search;

static void search_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  search *s = data;
  int64_t values[256];
  for (int64_t done = 0; done < n && !s->found; done += 256) {
    int64_t count = n - done < 256 ? n - done : 256;
    loops_cast(s->dtype, MOTH_I64)(at[0] + done * steps[0], steps[0], values, sizeof *values, count);
    for (int64_t i = 0; i < count; i++) s->found |= s->negative ? values[i] < 0 : values[i] == 0;
  }
}

static bool has_bad_integer(const moth_value *b, bool negative) {
  if (b->kind == MOTH_INT_VALUE) return negative ? b->as.integer < 0 : b->as.integer == 0;
  if (b->kind == MOTH_FLAG_VALUE) return !negative && !b->as.flag;
  if (b->kind == MOTH_REAL_VALUE) return false; /* then the result is real */
  const moth_tensor *t = b->as.tensor;
  if (t->count == 0) return false;
  search s = { .dtype = t->dtype, .negative = negative };
  loops_walk walk = { .operands = 1, .at = { t->values } };
  for (int i = 0; i < t->rank; i++) walk.size[i] = t->size[i], walk.strides[0][i] = t->strides[i] * (int64_t)dtype_size(t->dtype);
  walk.rank = shape_merge(t->rank, walk.size, 1, walk.strides);
  loops_run(NULL, &walk, search_run, &s);
  return s.found;
}

static moth_status check_integers(const operation_call *call, const moth_value *b) {
  int code = call->class->code;
  bool is_power = code == LOOPS_POW;
  if ((code != LOOPS_FLOORDIV && code != LOOPS_MOD && !is_power) || !has_bad_integer(b, is_power)) return MOTH_OK;
  tensor_words one = operation_value_text(&call->inputs[0]), two = operation_value_text(&call->inputs[1]);
  if (!is_power) return context_fail(call->m, MOTH_DATA, call->where, "%s by %s: an integer is divided by 0", one.text, two.text);
  context_fail(call->m, MOTH_DATA, call->where, "%s to %s: an integer has a negative exponent", one.text, two.text);
  return context_hint(call->m, "to\"f64\" makes it a float");
}

static moth_status fail_bools(const operation_call *call) {
  context_fail(call->m, MOTH_DTYPE, call->where, "%s and %s: bools have no %s", operation_value_text(&call->inputs[0]).text,
               operation_value_text(&call->inputs[1]).text, call->class->row.row.name);
  return context_hint(call->m, "to\"i64\" makes them 0 and 1");
}

static bool is_real_tensor(const moth_value *value) { return value->kind == MOTH_TENSOR_VALUE && dtype_is_real(value->as.tensor->dtype); }

static bool is_two(const moth_value *v) {
  return (v->kind == MOTH_INT_VALUE && v->as.integer == 2) || (v->kind == MOTH_REAL_VALUE && v->as.real == 2);
}

static moth_status apply_binary(const operation_call *call) {
  enum loops_binary code = (enum loops_binary)call->class->code;
  const moth_value *a = &call->inputs[0], *b = &call->inputs[1];
  bool is_real = is_real_tensor(a) || is_real_tensor(b); /* then no integers become floats */
  moth_dtype real = is_real ? MOTH_F32 : operation_dtype(call, BINARY_REAL, MOTH_F32), dtype = operation_promote(a, b, real);
  if ((code == LOOPS_DIV || code == LOOPS_ATAN2) && !dtype_is_real(dtype)) dtype = real;
  elements e;
  bool is_square = code == LOOPS_POW && is_two(b); /* the power most in use */
  elements_begin(&e, call, is_square ? 1 : 2, dtype, dtype);
  if (is_square) {
    e.unary = loops_unary(call->m->kernels, LOOPS_SQUARE, dtype);
  } else if (dtype_is_real(dtype) && kernel_of[code] >= 0) {
    e.binary = call->m->kernels->of[dtype].binary[kernel_of[code]];
    e.number = call->m->kernels->of[dtype].binary_number[kernel_of[code]];
  } else {
    e.binary = loops_binary(call->m->kernels, code, dtype);
  }
  if (!e.binary && !e.unary) return fail_bools(call);
  if (!dtype_is_real(dtype)) {
    moth_status status = check_integers(call, &call->inputs[1]);
    if (status != MOTH_OK) return status;
  }
  return elements_apply(call, &e);
}

/* `others` are other libraries' names. */
#define BINARY_ROW(word, code_, others, doc_, example_)                                                                                    \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_),                                           \
                                                               ROW_OPTIONS(binary_options),                                                \
                                                               .foreign = (others) },                                                      \
                                                      .inputs = 2,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD | MOTH_TWIN | MOTH_NUMBERS },                                   \
                                             .twin = #word "_",                                                                            \
                                             .apply = apply_binary,                                                                        \
                                             .code = (code_) }

BINARY_ROW(add, LOOPS_ADD, "plus", "a + b, broadcast; integers wrap, bools are or-ed", "moth.ones(2, 3):add(moth.tensor{ 1, 2, 3 })");
BINARY_ROW(sub, LOOPS_SUB, "subtract minus", "a - b, broadcast", "moth.ones(2, 3):sub(0.5)");
BINARY_ROW(mul, LOOPS_MUL, "multiply times cmul", "a * b, element by element, broadcast; bools are and-ed", "moth.ones(2, 3):mul(2)");
BINARY_ROW(div, LOOPS_DIV, "divide true_divide cdiv", "a / b, broadcast; integers give floats", "moth.tensor{ 1, 2 }:div(4)");
BINARY_ROW(floordiv, LOOPS_FLOORDIV, "floor_divide", "a // b: the quotient rounded down", "moth.tensor{ 7, -7 }:floordiv(2)");
BINARY_ROW(mod, LOOPS_MOD, "remainder", "a % b: a - floor(a/b)*b, of b's sign", "moth.tensor{ 7, -7 }:mod(3)");
BINARY_ROW(pow, LOOPS_POW, "power", "a to the power b", "moth.tensor{ 1, 2, 3 }:pow(2)");
BINARY_ROW(atan2, LOOPS_ATAN2, "arctan2", "the angle of the point (b, a) in -pi … pi: of a/b, in all four quadrants",
           "moth.tensor{ 1, -1 }:atan2(moth.tensor{ -1, -1 })");
BINARY_ROW(maximum, LOOPS_MAXIMUM, "cmax", "the larger of a and b; nan wins", "moth.tensor{ -1, 2 }:maximum(0)");
BINARY_ROW(minimum, LOOPS_MINIMUM, "cmin", "the smaller of a and b; nan wins", "moth.tensor{ -1, 2 }:minimum(0)");

/* What two operands are compared in: exactly where f64 can. A number takes the dtype of a float tensor. */
static moth_dtype compare_dtype(const moth_value *a, const moth_value *b) {
  moth_dtype dtype = operation_promote(a, b, MOTH_F64);
  bool has_i64 = false, has_number = a->kind != MOTH_TENSOR_VALUE || b->kind != MOTH_TENSOR_VALUE;
  if (!has_number) has_i64 = a->as.tensor->dtype == MOTH_I64 || b->as.tensor->dtype == MOTH_I64;
  if (has_i64 && dtype == MOTH_F32) return MOTH_F64;
  return has_number && !dtype_is_real(dtype) ? MOTH_I64 : dtype; /* 300 is more than any u8 */
}

static moth_status apply_compare(const operation_call *call) {
  moth_dtype dtype = compare_dtype(&call->inputs[0], &call->inputs[1]);
  elements e;
  elements_begin(&e, call, 2, dtype, MOTH_BOOL);
  e.binary = call->m->kernels->plain->compare[call->class->code][dtype];
  return elements_apply(call, &e);
}

#define COMPARE_ROW(word, code_, others, doc_, example_)                                                                                   \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), .foreign = (others) },                    \
                                                      .inputs = 2,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD | MOTH_NUMBERS },                                               \
                                             .apply = apply_compare,                                                                       \
                                             .code = (code_) }

COMPARE_ROW(eq, LOOPS_EQ, NULL, "whether a = b, element by element", "moth.tensor{ 1, 2 }:eq(2)");
COMPARE_ROW(ne, LOOPS_NE, "not_equal", "whether a and b differ; nan differs from all", "moth.tensor{ 1, 2 }:ne(2)");
COMPARE_ROW(lt, LOOPS_LT, "less", "whether a < b", "moth.tensor{ 1, 2 }:lt(2)");
COMPARE_ROW(le, LOOPS_LE, "less_equal", "whether a <= b", "moth.tensor{ 1, 2 }:le(1)");
COMPARE_ROW(gt, LOOPS_GT, "greater", "whether a > b", "moth.tensor{ 1, 2 }:gt(1)");
COMPARE_ROW(ge, LOOPS_GE, "greater_equal", "whether a >= b", "moth.tensor{ 1, 2 }:ge(2)");
#define LOGIC_ROW(word, code_, others, doc_, example_)                                                                                     \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), .foreign = (others) },                    \
                                                      .inputs = 2,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD | MOTH_TWIN | MOTH_NUMBERS },                                   \
                                             .twin = #word "_",                                                                            \
                                             .apply = apply_compare,                                                                       \
                                             .code = (code_) }

LOGIC_ROW(logical_and, LOOPS_AND, "bitwise_and", "whether both are other than 0", "moth.tensor{ 1, 0 }:logical_and(true)");
LOGIC_ROW(logical_or, LOOPS_OR, "bitwise_or", "whether one is other than 0", "moth.tensor{ 1, 0 }:logical_or(false)");
LOGIC_ROW(logical_xor, LOOPS_XOR, "bitwise_xor", "whether one of both is other than 0, and the other is 0",
          "moth.tensor{ 1, 0 }:logical_xor(true)");
