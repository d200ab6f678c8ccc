#include <float.h>
#include <math.h>

#include "math/loops.h"

/* a - floor(a/b)*b as Lua 5.4 computes it (luaV_modf): the remainder takes b's sign. */
#define LUA_MODULO(name, type, remainder)                                                                                                  \
  static type name(type a, type b) {                                                                                                       \
    type m = remainder(a, b);                                                                                                              \
    return (m > 0 ? b < 0 : m < 0 && b > 0) ? m + b : m;                                                                                   \
  }
LUA_MODULO(lua_modulo_f32, float, fmodf)
LUA_MODULO(lua_modulo_f64, double, fmod)

/* Integer division rounds down; divisors of 0 have been ruled out; -1 wraps as Lua's does. */
static int64_t integer_divide_i64(int64_t a, int64_t b) {
  if (b == -1) return (int64_t)(0 - (uint64_t)a);
  int64_t q = a / b;
  return a % b != 0 && (a ^ b) < 0 ? q - 1 : q;
}

static int64_t integer_modulo_i64(int64_t a, int64_t b) {
  if (b == -1) return 0;
  int64_t r = a % b;
  return r != 0 && (r ^ b) < 0 ? r + b : r;
}

/* By squaring, wrapping; negative exponents have been ruled out. */
static int64_t integer_power_i64(int64_t a, int64_t b) {
  uint64_t power = 1, factor = (uint64_t)a;
  for (uint64_t e = (uint64_t)b; e != 0; e >>= 1, factor *= factor) {
    if (e & 1) power *= factor;
  }
  return (int64_t)power;
}

static uint8_t integer_divide_u8(uint8_t a, uint8_t b) { return (uint8_t)(a / b); }
static uint8_t integer_modulo_u8(uint8_t a, uint8_t b) { return (uint8_t)(a % b); }
static uint8_t integer_power_u8(uint8_t a, uint8_t b) { return (uint8_t)integer_power_i64(a, b); }

#define T float
#define U float
#define NAME f32
#define REAL 1
#define R(name) name##f
#define MAGNITUDE(v) fabsf(v)
#define MOST FLT_MAX
#include "math/loops_elements.inc"
#undef T
#undef U
#undef NAME
#undef R
#undef MAGNITUDE
#undef MOST
#define T double
#define U double
#define NAME f64
#define R(name) name
#define MAGNITUDE(v) fabs(v)
#define MOST DBL_MAX
#include "math/loops_elements.inc"
#undef T
#undef U
#undef NAME
#undef REAL
#undef R
#undef MAGNITUDE
#undef MOST
#define REAL 0
#define SIGNED 1
#define T int64_t
#define U uint64_t
#define NAME i64
#include "math/loops_elements.inc"
#undef T
#undef U
#undef NAME
#undef SIGNED
#define SIGNED 0
#define T uint8_t
#define U unsigned
#define NAME u8
#include "math/loops_elements.inc"

loops_unary_function loops_unary(enum loops_unary op, moth_dtype dtype) {
  static const loops_unary_function functions[LOOPS_UNARY][MOTH_BOOL] = {
    [LOOPS_NEG] = { negative_f32, negative_f64, negative_i64, negative_u8 },
    [LOOPS_ABS] = { absolute_f32, absolute_f64, absolute_i64, same_u8 },
    [LOOPS_SIGN] = { sign_f32, sign_f64, sign_i64, sign_u8 },
    [LOOPS_SQUARE] = { square_f32, square_f64, square_i64, square_u8 },
    [LOOPS_RECIPROCAL] = { reciprocal_f32, reciprocal_f64 },
    [LOOPS_RSQRT] = { reciprocal_root_f32, reciprocal_root_f64 },
    [LOOPS_ASIN] = { arc_sine_f32, arc_sine_f64 },
    [LOOPS_ACOS] = { arc_cosine_f32, arc_cosine_f64 },
    [LOOPS_ATAN] = { arc_tangent_f32, arc_tangent_f64 },
    [LOOPS_SINH] = { hyperbolic_sine_f32, hyperbolic_sine_f64 },
    [LOOPS_COSH] = { hyperbolic_cosine_f32, hyperbolic_cosine_f64 },
    [LOOPS_FLOOR] = { round_down_f32, round_down_f64, same_i64, same_u8 },
    [LOOPS_CEIL] = { round_up_f32, round_up_f64, same_i64, same_u8 },
    [LOOPS_ROUND] = { round_even_f32, round_even_f64, same_i64, same_u8 },
    [LOOPS_TRUNC] = { cut_f32, cut_f64, same_i64, same_u8 },
    [LOOPS_RELU] = { rectify_f32, rectify_f64, rectify_i64, same_u8 },
  };
  if (dtype == MOTH_BOOL) return op == LOOPS_ABS || op == LOOPS_RELU || (op >= LOOPS_FLOOR && op <= LOOPS_TRUNC) ? same_u8 : NULL;
  return functions[op][dtype];
}

loops_unary_function loops_predicate(enum loops_predicate op, moth_dtype dtype) {
  static const loops_unary_function functions[LOOPS_PREDICATES][MOTH_DTYPES] = {
    [LOOPS_NOT] = { is_zero_f32, is_zero_f64, is_zero_i64, is_zero_u8, is_zero_u8 },
    [LOOPS_ISNAN] = { is_nan_f32, is_nan_f64, is_nan_i64, is_nan_u8, is_nan_u8 },
    [LOOPS_ISINF] = { is_infinite_f32, is_infinite_f64, is_nan_i64, is_nan_u8, is_nan_u8 },
    [LOOPS_ISFINITE] = { is_finite_f32, is_finite_f64, is_finite_i64, is_finite_u8, is_finite_u8 },
  };
  return functions[op][dtype];
}

loops_binary_function loops_binary(enum loops_binary op, moth_dtype dtype) {
  static const loops_binary_function functions[LOOPS_BINARY][MOTH_DTYPES] = {
    [LOOPS_ADD] = { add_f32, add_f64, add_i64, add_u8, either_u8 },
    [LOOPS_SUB] = { subtract_f32, subtract_f64, subtract_i64, subtract_u8 },
    [LOOPS_MUL] = { multiply_f32, multiply_f64, multiply_i64, multiply_u8, both_u8 },
    [LOOPS_DIV] = { divide_f32, divide_f64 },
    [LOOPS_FLOORDIV] = { floor_divide_f32, floor_divide_f64, floor_divide_i64, floor_divide_u8 },
    [LOOPS_MOD] = { modulo_f32, modulo_f64, modulo_i64, modulo_u8 },
    [LOOPS_POW] = { power_f32, power_f64, power_i64, power_u8 },
    [LOOPS_ATAN2] = { angle_f32, angle_f64 },
    [LOOPS_MAXIMUM] = { maximum_f32, maximum_f64, maximum_i64, maximum_u8, maximum_u8 },
    [LOOPS_MINIMUM] = { minimum_f32, minimum_f64, minimum_i64, minimum_u8, minimum_u8 },
  };
  return functions[op][dtype];
}

loops_binary_function loops_compare(enum loops_compare op, moth_dtype dtype) {
  static const loops_binary_function functions[LOOPS_COMPARES][MOTH_DTYPES] = {
    [LOOPS_EQ] = { equal_f32, equal_f64, equal_i64, equal_u8, equal_u8 },
    [LOOPS_NE] = { differ_f32, differ_f64, differ_i64, differ_u8, differ_u8 },
    [LOOPS_LT] = { less_f32, less_f64, less_i64, less_u8, less_u8 },
    [LOOPS_LE] = { at_most_f32, at_most_f64, at_most_i64, at_most_u8, at_most_u8 },
    [LOOPS_GT] = { greater_f32, greater_f64, greater_i64, greater_u8, greater_u8 },
    [LOOPS_GE] = { at_least_f32, at_least_f64, at_least_i64, at_least_u8, at_least_u8 },
    [LOOPS_AND] = { both_f32, both_f64, both_i64, both_u8, both_u8 },
    [LOOPS_OR] = { either_f32, either_f64, either_i64, either_u8, either_u8 },
    [LOOPS_XOR] = { one_of_f32, one_of_f64, one_of_i64, one_of_u8, one_of_u8 },
  };
  return functions[op][dtype];
}

void loops_clamp(moth_dtype dtype, const void *x, void *y, int64_t n, const void *low, const void *high) {
  switch (dtype) {
  case MOTH_F32:
    clamp_f32(x, y, n, low, high);
    break;
  case MOTH_F64:
    clamp_f64(x, y, n, low, high);
    break;
  case MOTH_I64:
    clamp_i64(x, y, n, low, high);
    break;
  default:
    clamp_u8(x, y, n, low, high);
    break;
  }
}

#define CHOOSE(type)                                                                                                                       \
  static void choose_##type(const uint8_t *c, const type *a, const type *b, type *y, int64_t n) {                                          \
    for (int64_t i = 0; i < n; i++) { /* both are read, so that nothing branches */                                                        \
      type chosen = a[i], other = b[i];                                                                                                    \
      y[i] = c[i] != 0 ? chosen : other;                                                                                                   \
    }                                                                                                                                      \
  }
CHOOSE(uint8_t)
CHOOSE(uint32_t)
CHOOSE(uint64_t)

void loops_choose(const uint8_t *c, const void *a, const void *b, void *y, int64_t n, size_t width) {
  if (width == 1) choose_uint8_t(c, a, b, y, n);
  else if (width == 4) choose_uint32_t(c, a, b, y, n);
  else choose_uint64_t(c, a, b, y, n);
}
