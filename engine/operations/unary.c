/* Functions of each element: y = f(x). */
#include "math/kernels.h"
#include "operations/elements.h"

enum { NO_KERNEL = -1, NO_LOOP = -1 };

/* How a function is computed: floats by a vector kernel, or by the loop for its dtype where there is none. */
typedef struct unary_code {
  int kernel, loop;
  bool makes_reals; /* integers become floats first */
} unary_code;

enum {
  CODE_NEG,
  CODE_ABS,
  CODE_SIGN,
  CODE_SQRT,
  CODE_RSQRT,
  CODE_SQUARE,
  CODE_RECIPROCAL,
  CODE_EXP,
  CODE_EXPM1,
  CODE_LOG,
  CODE_LOG1P,
  CODE_SIN,
  CODE_COS,
  CODE_TAN,
  CODE_ASIN,
  CODE_ACOS,
  CODE_ATAN,
  CODE_SINH,
  CODE_COSH,
  CODE_TANH,
  CODE_SIGMOID,
  CODE_RELU,
  CODE_GELU,
  CODE_SOFTPLUS,
  CODE_ERF,
  CODE_FLOOR,
  CODE_CEIL,
  CODE_ROUND,
  CODE_TRUNC
};

static const unary_code codes[] = {
  [CODE_NEG] = { NO_KERNEL, LOOPS_NEG, false },
  [CODE_ABS] = { UNARY_ABS, LOOPS_ABS, false },
  [CODE_SIGN] = { NO_KERNEL, LOOPS_SIGN, false },
  [CODE_SQRT] = { UNARY_SQRT, NO_LOOP, true },
  [CODE_RSQRT] = { NO_KERNEL, LOOPS_RSQRT, true },
  [CODE_SQUARE] = { NO_KERNEL, LOOPS_SQUARE, false },
  [CODE_RECIPROCAL] = { NO_KERNEL, LOOPS_RECIPROCAL, true },
  [CODE_EXP] = { UNARY_EXP, NO_LOOP, true },
  [CODE_EXPM1] = { UNARY_EXPM1, NO_LOOP, true },
  [CODE_LOG] = { UNARY_LOG, NO_LOOP, true },
  [CODE_LOG1P] = { UNARY_LOG1P, NO_LOOP, true },
  [CODE_SIN] = { UNARY_SIN, NO_LOOP, true },
  [CODE_COS] = { UNARY_COS, NO_LOOP, true },
  [CODE_TAN] = { UNARY_TAN, NO_LOOP, true },
  [CODE_ASIN] = { UNARY_ASIN, NO_LOOP, true },
  [CODE_ACOS] = { UNARY_ACOS, NO_LOOP, true },
  [CODE_ATAN] = { UNARY_ATAN, NO_LOOP, true },
  [CODE_SINH] = { UNARY_SINH, NO_LOOP, true },
  [CODE_COSH] = { UNARY_COSH, NO_LOOP, true },
  [CODE_TANH] = { UNARY_TANH, NO_LOOP, true },
  [CODE_SIGMOID] = { UNARY_SIGMOID, NO_LOOP, true },
  [CODE_RELU] = { UNARY_RELU, LOOPS_RELU, false },
  [CODE_GELU] = { UNARY_GELU, NO_LOOP, true },
  [CODE_SOFTPLUS] = { UNARY_SOFTPLUS, NO_LOOP, true },
  [CODE_ERF] = { UNARY_ERF, NO_LOOP, true },
  [CODE_FLOOR] = { NO_KERNEL, LOOPS_FLOOR, false },
  [CODE_CEIL] = { NO_KERNEL, LOOPS_CEIL, false },
  [CODE_ROUND] = { NO_KERNEL, LOOPS_ROUND, false },
  [CODE_TRUNC] = { NO_KERNEL, LOOPS_TRUNC, false },
};

enum { UNARY_REAL };
static const moth_option_row unary_options[] = { [UNARY_REAL] = OPTION_REAL };

static moth_status apply_unary(const operation_call *call) {
  const unary_code *code = &codes[call->class->code];
  moth_dtype dtype = operation_tensor(call, 0)->dtype;
  if (code->makes_reals && !dtype_is_real(dtype)) dtype = operation_dtype(call, UNARY_REAL, MOTH_F32);
  elements e;
  elements_begin(&e, call, 1, dtype, dtype);
  if (dtype_is_real(dtype) && code->kernel != NO_KERNEL) e.unary = call->m->kernels->of[dtype].unary[code->kernel];
  else e.unary = loops_unary(call->m->kernels, (enum loops_unary)code->loop, dtype);
  return elements_apply(call, &e);
}

/* `others` are other libraries' names. */
#define UNARY_ROW(word, code_, dtypes_, others, doc_, example_)                                                                            \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_),                                           \
                                                               ROW_OPTIONS(unary_options),                                                 \
                                                               .foreign = (others) },                                                      \
                                                      .inputs = 1,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = (dtypes_),                                                                 \
                                                      .flags = MOTH_METHOD | MOTH_TWIN },                                                  \
                                             .twin = #word "_",                                                                            \
                                             .apply = apply_unary,                                                                         \
                                             .code = (code_) }

UNARY_ROW(neg, CODE_NEG, NUMBER_DTYPES, "negative negate", "-x; integers wrap", "moth.tensor{ 1, -2 }:neg()");
UNARY_ROW(abs, CODE_ABS, ALL_DTYPES, "absolute fabs", "|x|", "moth.tensor{ 1, -2 }:abs()");
UNARY_ROW(sign, CODE_SIGN, NUMBER_DTYPES, "sgn", "-1, 0 or 1; nan stays", "moth.tensor{ 3, 0, -2 }:sign()");
UNARY_ROW(sqrt, CODE_SQRT, ALL_DTYPES, NULL, "square root; nan below 0", "moth.tensor{ 4, 9 }:sqrt()");
UNARY_ROW(rsqrt, CODE_RSQRT, ALL_DTYPES, NULL, "1/sqrt(x); inf at 0, nan below", "moth.tensor{ 4, 16 }:rsqrt()");
UNARY_ROW(square, CODE_SQUARE, NUMBER_DTYPES, NULL, "x*x", "moth.tensor{ 2, -3 }:square()");
UNARY_ROW(reciprocal, CODE_RECIPROCAL, ALL_DTYPES, NULL, "1/x", "moth.tensor{ 2, 4 }:reciprocal()");
UNARY_ROW(exp, CODE_EXP, ALL_DTYPES, NULL, "e to the power x", "moth.tensor{ 0, 1 }:exp()");
UNARY_ROW(expm1, CODE_EXPM1, ALL_DTYPES, NULL, "exp(x) - 1, exact near 0", "moth.tensor{ 1e-8 }:expm1()");
UNARY_ROW(log, CODE_LOG, ALL_DTYPES, "ln", "natural logarithm; -inf at 0, nan below", "moth.tensor{ 1, 10 }:log()");
UNARY_ROW(log1p, CODE_LOG1P, ALL_DTYPES, NULL, "log(1 + x), exact near 0", "moth.tensor{ 1e-8 }:log1p()");
UNARY_ROW(sin, CODE_SIN, ALL_DTYPES, NULL, "sine of an angle in radians", "moth.linspace(0, 3, 4):sin()");
UNARY_ROW(cos, CODE_COS, ALL_DTYPES, NULL, "cosine of an angle in radians", "moth.linspace(0, 3, 4):cos()");
UNARY_ROW(tan, CODE_TAN, ALL_DTYPES, NULL, "tangent of an angle in radians", "moth.linspace(0, 1, 4):tan()");
UNARY_ROW(asin, CODE_ASIN, ALL_DTYPES, "arcsin", "the angle in -pi/2 … pi/2 whose sine x is; nan beyond -1 … 1",
          "moth.tensor{ -1, 0, 0.5 }:asin()");
UNARY_ROW(acos, CODE_ACOS, ALL_DTYPES, "arccos", "the angle in 0 … pi whose cosine x is; nan beyond -1 … 1",
          "moth.tensor{ -1, 0, 0.5 }:acos()");
UNARY_ROW(atan, CODE_ATAN, ALL_DTYPES, "arctan", "the angle in -pi/2 … pi/2 whose tangent x is\natan2 tells all four quadrants",
          "moth.tensor{ -1, 0, 1/0 }:atan()");
UNARY_ROW(sinh, CODE_SINH, ALL_DTYPES, NULL, "hyperbolic sine: (exp(x) - exp(-x))/2", "moth.tensor{ -1, 0, 1 }:sinh()");
UNARY_ROW(cosh, CODE_COSH, ALL_DTYPES, NULL, "hyperbolic cosine: (exp(x) + exp(-x))/2", "moth.tensor{ -1, 0, 1 }:cosh()");
UNARY_ROW(tanh, CODE_TANH, ALL_DTYPES, NULL, "hyperbolic tangent", "moth.tensor{ -1, 0, 1 }:tanh()");
UNARY_ROW(sigmoid, CODE_SIGMOID, ALL_DTYPES, "expit logistic", "1/(1 + exp(-x))", "moth.tensor{ -1, 0, 1 }:sigmoid()");
UNARY_ROW(relu, CODE_RELU, NUMBER_DTYPES, "rectify", "x where x > 0, else 0; nan stays", "moth.tensor{ -1, 0, 1 }:relu()");
UNARY_ROW(gelu, CODE_GELU, ALL_DTYPES, NULL,
          "x Phi(x), with the normal distribution's Phi\nBy erf; the layer gelu has the tanh approximation too (Hendrycks and Gimpel 2016)",
          "moth.tensor{ -1, 0, 1 }:gelu()");
UNARY_ROW(softplus, CODE_SOFTPLUS, ALL_DTYPES, NULL, "log(1 + exp(x)), which never overflows", "moth.tensor{ -1, 0, 1000 }:softplus()");
UNARY_ROW(erf, CODE_ERF, ALL_DTYPES, NULL, "the error function", "moth.tensor{ 0, 0.5 }:erf()");
UNARY_ROW(floor, CODE_FLOOR, ALL_DTYPES, NULL, "the nearest whole number not above", "moth.tensor{ 1.5, -1.5 }:floor()");
UNARY_ROW(ceil, CODE_CEIL, ALL_DTYPES, NULL, "the nearest whole number not below", "moth.tensor{ 1.5, -1.5 }:ceil()");
UNARY_ROW(round, CODE_ROUND, ALL_DTYPES, "rint around", "the nearest whole number, halves to the even one",
          "moth.tensor{ 0.5, 1.5, 2.5 }:round()");
UNARY_ROW(trunc, CODE_TRUNC, ALL_DTYPES, "fix", "x without its fraction: rounded towards 0", "moth.tensor{ 1.5, -1.5 }:trunc()");

static moth_status apply_predicate(const operation_call *call) {
  moth_dtype dtype = operation_tensor(call, 0)->dtype;
  elements e;
  elements_begin(&e, call, 1, dtype, MOTH_BOOL);
  e.unary = call->m->kernels->plain->predicate[call->class->code][dtype];
  return elements_apply(call, &e);
}

#define PREDICATE_ROW(word, code_, doc_, example_)                                                                                         \
  const operation_class operation_##word = {                                                                                               \
    .row = { .row = { ROW_TEXTS(#word, doc_, example_) }, .inputs = 1, .results = 1, .dtypes = ALL_DTYPES, .flags = MOTH_METHOD },         \
    .apply = apply_predicate,                                                                                                              \
    .code = (code_)                                                                                                                        \
  }

const operation_class operation_logical_not = {
  .row = { .row = { ROW_TEXTS("logical_not", "whether x is 0 or false", "moth.tensor{ 1, 0 }:logical_not()"), .foreign = "bitwise_not" },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN },
  .twin = "logical_not_",
  .apply = apply_predicate,
  .code = LOOPS_NOT,
};
PREDICATE_ROW(isnan, LOOPS_ISNAN, "whether x is not a number", "moth.tensor{ 1, 0/0 }:isnan()");
PREDICATE_ROW(isinf, LOOPS_ISINF, "whether x is infinite", "moth.tensor{ 1, 1/0 }:isinf()");
PREDICATE_ROW(isfinite, LOOPS_ISFINITE, "whether x is neither nan nor infinite", "moth.tensor{ 1, 0/0, 1/0 }:isfinite()");

enum { CLAMP_LOW, CLAMP_HIGH, CLAMP_REAL };
static const moth_option_row clamp_options[] = {
  [CLAMP_LOW] = { .key = "low",
                  .foreign = "lo min a_min",
                  .doc = "nothing below it; absent: no limit",
                  .kinds = MOTH_OPTION_INT | MOTH_OPTION_REAL,
                  .position = 1 },
  [CLAMP_HIGH] = { .key = "high",
                   .foreign = "hi max a_max",
                   .doc = "nothing above it; absent: no limit",
                   .kinds = MOTH_OPTION_INT | MOTH_OPTION_REAL,
                   .position = 2 },
  [CLAMP_REAL] = OPTION_REAL,
};

static void clamp_values(const elements *self, const void *const *x, void *y, int64_t n) {
  self->plain->clamp[self->result](x[0], y, n, &self->low, &self->high);
}

/* A limit as an element of the dtype; an absent one is the dtype's end. */
static moth_status clamp_limit(const operation_call *call, int option, moth_dtype dtype, double none, uint64_t *element) {
  if (!options_is_set(call->options, option)) {
    if (dtype_is_real(dtype)) dtype_store(dtype, none, element);
    else if (dtype == MOTH_I64) dtype_store_int(dtype, none > 0 ? INT64_MAX : INT64_MIN, element);
    else dtype_store_int(dtype, none > 0 ? 255 : 0, element);
    return MOTH_OK;
  }
  moth_value limit = operation_option_number(call, option);
  return operation_number(call, &limit, dtype, NULL, element);
}

static moth_status apply_clamp(const operation_call *call) {
  const options *o = call->options;
  moth_dtype dtype = operation_tensor(call, 0)->dtype;
  bool is_set[2] = { options_is_set(o, CLAMP_LOW), options_is_set(o, CLAMP_HIGH) };
  if (!is_set[0] && !is_set[1]) return context_fail(call->m, MOTH_OPTION, call->where, "takes a lowest or a highest value, or both");
  for (int i = 0; i < 2; i++) {
    if (is_set[i] && o->values[i].kind == MOTH_OPTION_REAL && !dtype_is_real(dtype)) dtype = operation_dtype(call, CLAMP_REAL, MOTH_F32);
  }
  if (is_set[0] && is_set[1] && !(options_number(o, CLAMP_LOW) <= options_number(o, CLAMP_HIGH))) {
    return context_fail(call->m, MOTH_OPTION, call->where, "low %g is not <= high %g", options_number(o, CLAMP_LOW),
                        options_number(o, CLAMP_HIGH));
  }
  elements e;
  elements_begin(&e, call, 1, dtype, dtype);
  e.general = clamp_values, e.plain = call->m->kernels->plain;
  moth_status status = clamp_limit(call, CLAMP_LOW, dtype, -__builtin_inf(), &e.low);
  if (status == MOTH_OK) status = clamp_limit(call, CLAMP_HIGH, dtype, __builtin_inf(), &e.high);
  return status == MOTH_OK ? elements_apply(call, &e) : status;
}

const operation_class operation_clamp = {
  .row = { .row = { ROW_TEXTS("clamp", "x limited to low … high; nan stays", "moth.tensor{ -2, 0.5, 3 }:clamp(0, 1)"),
                    ROW_OPTIONS(clamp_options),
                    .foreign = "clip" },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN },
  .twin = "clamp_",
  .apply = apply_clamp,
};
