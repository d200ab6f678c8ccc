#include <math.h>

#include "math/kernels.h"

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

#define INTEGERS(name, type, value)                                                                                                        \
  static void name(const void *as, const void *bs, void *ys, int64_t n) {                                                                  \
    for (int64_t i = 0; i < n; i++) {                                                                                                      \
      type a = ((const type *)as)[i], b = ((const type *)bs)[i];                                                                           \
      ((type *)ys)[i] = (type)(value);                                                                                                     \
    }                                                                                                                                      \
  }
INTEGERS(divide_i64, int64_t, integer_divide_i64(a, b))
INTEGERS(divide_u8, uint8_t, a / b)
INTEGERS(modulo_i64, int64_t, integer_modulo_i64(a, b))
INTEGERS(modulo_u8, uint8_t, a % b)
INTEGERS(power_i64, int64_t, integer_power_i64(a, b))
INTEGERS(power_u8, uint8_t, integer_power_i64(a, b))

#define T float
#define NAME f32
#define R(name) name##f
#include "math/loops_elements.inc"
#undef T
#undef NAME
#undef R
#define T double
#define NAME f64
#define R(name) name
#include "math/loops_elements.inc"

loops_unary_function loops_unary(const struct kernels *set, enum loops_unary op, moth_dtype dtype) {
  return set->plain->unary[op][dtype];
}

loops_binary_function loops_binary(const struct kernels *set, enum loops_binary op, moth_dtype dtype) {
  static const loops_binary_function functions[LOOPS_BINARY][MOTH_DTYPES] = {
    [LOOPS_FLOORDIV] = { NULL, NULL, divide_i64, divide_u8 },
    [LOOPS_MOD] = { modulo_f32, modulo_f64, modulo_i64, modulo_u8 },
    [LOOPS_POW] = { power_f32, power_f64, power_i64, power_u8 },
  };
  loops_binary_function plain = set->plain->binary[op][dtype];
  return plain ? plain : functions[op][dtype];
}
