#include <math.h>

#include "math/loops.h"

#define REAL 1
#define IS_NAN(v) ((v) != (v))
#define FIELD real
#define A double
#define T float
#define NAME f32
#include "math/loops_reduce.inc"
#undef T
#undef NAME
#define T double
#define NAME f64
#include "math/loops_reduce.inc"
#undef REAL
#undef FIELD
#undef A
#undef T
#undef NAME
#define REAL 0
#undef IS_NAN
#define IS_NAN(v) false
#define FIELD integer
#define A int64_t
#define T int64_t
#define NAME i64
#include "math/loops_reduce.inc"
#undef T
#undef NAME
#define T uint8_t
#define NAME u8
#include "math/loops_reduce.inc"

loops_reduce_function loops_reduce(enum loops_reduce op, moth_dtype dtype) {
  static const loops_reduce_function functions[LOOPS_REDUCE][MOTH_BOOL] = {
    [LOOPS_SUM] = { sum_f32, sum_f64, sum_i64, sum_u8 },
    [LOOPS_TOTAL] = { total_f32, total_f64, total_i64, total_u8 },
    [LOOPS_PROD] = { product_f32, product_f64, product_i64, product_u8 },
    [LOOPS_MAX] = { largest_f32, largest_f64, largest_i64, largest_u8 },
    [LOOPS_MIN] = { smallest_f32, smallest_f64, smallest_i64, smallest_u8 },
    [LOOPS_COUNT] = { count_f32, count_f64, count_i64, count_u8 },
    [LOOPS_DEVIATION] = { deviation_f32, deviation_f64, deviation_i64, deviation_u8 },
    [LOOPS_ABSOLUTE] = { absolute_f32, absolute_f64, absolute_i64, absolute_u8 },
    [LOOPS_SQUARES] = { squares_f32, squares_f64, squares_i64, squares_u8 },
    [LOOPS_POWER] = { power_f32, power_f64, power_i64, power_u8 },
    [LOOPS_LARGEST] = { most_f32, most_f64, most_i64, most_u8 },
    [LOOPS_SMALLEST] = { least_f32, least_f64, least_i64, least_u8 },
  };
  return functions[op][dtype == MOTH_BOOL ? MOTH_U8 : dtype];
}

loops_number loops_reduce_start(enum loops_reduce op, moth_dtype dtype) {
  bool is_real = dtype == MOTH_F32 || dtype == MOTH_F64;
  switch (op) {
  case LOOPS_PROD:
    return is_real ? (loops_number) { .real = 1 } : (loops_number) { .integer = 1 };
  case LOOPS_MAX:
    return is_real ? (loops_number) { .real = -INFINITY } : (loops_number) { .integer = INT64_MIN };
  case LOOPS_MIN:
    return is_real ? (loops_number) { .real = INFINITY } : (loops_number) { .integer = INT64_MAX };
  case LOOPS_SMALLEST:
    return (loops_number) { .real = INFINITY };
  case LOOPS_SUM:
    return is_real ? (loops_number) { .real = 0 } : (loops_number) { .integer = 0 };
  case LOOPS_COUNT:
    return (loops_number) { .integer = 0 };
  default:
    return (loops_number) { .real = 0 };
  }
}

#define CUMSUM(name, from, to, gathered, gather)                                                                                           \
  static void cumsum_##name(const from *x, int64_t x_step, to *y, int64_t y_step, int64_t n) {                                             \
    gathered s = 0;                                                                                                                        \
    for (int64_t i = 0; i < n; i++) {                                                                                                      \
      gathered v = (gathered)x[i * x_step];                                                                                                \
      s = gather;                                                                                                                          \
      y[i * y_step] = (to)s;                                                                                                               \
    }                                                                                                                                      \
  }
CUMSUM(f32, float, float, double, s + v)
CUMSUM(f64, double, double, double, s + v)
CUMSUM(i64, int64_t, int64_t, uint64_t, s + v)
CUMSUM(u8, uint8_t, int64_t, uint64_t, s + v)

void loops_cumsum(moth_dtype dtype, const void *x, int64_t x_step, void *y, int64_t y_step, int64_t n) {
  switch (dtype) {
  case MOTH_F32:
    cumsum_f32(x, x_step, y, y_step, n);
    break;
  case MOTH_F64:
    cumsum_f64(x, x_step, y, y_step, n);
    break;
  case MOTH_I64:
    cumsum_i64(x, x_step, y, y_step, n);
    break;
  default:
    cumsum_u8(x, x_step, y, y_step, n);
    break;
  }
}
