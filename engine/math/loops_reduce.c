#include "math/loops_reduce.h"

#include <math.h>

/* Sums and counts of bytes gather in lanes of a few bits, as long as they hold. */
static int64_t sum_bytes(const uint8_t *x, int64_t n) {
  int64_t sum = 0;
  while (n >= 32) {
    uint16_t lanes[32] = { 0 };
    int64_t rows = n / 32 < 256 ? n / 32 : 256;
    for (int64_t i = 0; i < rows; i++, x += 32) {
      for (int j = 0; j < 32; j++) lanes[j] = (uint16_t)(lanes[j] + x[j]);
    }
    for (int j = 0; j < 32; j++) sum += lanes[j];
    n -= rows * 32;
  }
  while (n-- > 0) sum += *x++;
  return sum;
}
static int64_t count_bytes(const uint8_t *x, int64_t n) {
  int64_t count = 0;
  while (n >= 64) {
    uint8_t lanes[64] = { 0 };
    int64_t rows = n / 64 < 255 ? n / 64 : 255;
    for (int64_t i = 0; i < rows; i++, x += 64) {
      for (int j = 0; j < 64; j++) lanes[j] = (uint8_t)(lanes[j] + (x[j] != 0));
    }
    count += sum_bytes(lanes, 64);
    n -= rows * 64;
  }
  while (n-- > 0) count += *x++ != 0;
  return count;
}

#define REAL 1
#define BYTE 0
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
#undef A
#undef T
#undef NAME
#define REAL 0
#define A int64_t
#define T int64_t
#define NAME i64
#include "math/loops_reduce.inc"
#undef BYTE
#undef T
#undef NAME
#define BYTE 1
#define T uint8_t
#define NAME u8
#include "math/loops_reduce.inc"

loops_term_function loops_term(enum loops_term term, moth_dtype dtype) {
  static const loops_term_function functions[LOOPS_TERMS][MOTH_BOOL] = {
    [LOOPS_VALUE] = { value_f32, value_f64, value_i64, value_u8 },
    [LOOPS_DEVIATION] = { deviation_f32, deviation_f64, deviation_i64, deviation_u8 },
    [LOOPS_ABSOLUTE] = { absolute_f32, absolute_f64, absolute_i64, absolute_u8 },
    [LOOPS_SQUARES] = { squares_f32, squares_f64, squares_i64, squares_u8 },
    [LOOPS_POWER] = { power_f32, power_f64, power_i64, power_u8 },
    [LOOPS_DIFFERENCE] = { difference_f32, difference_f64, difference_i64, difference_u8 },
  };
  return functions[term][dtype == MOTH_BOOL ? MOTH_U8 : dtype];
}

loops_reduce_function loops_reduce(enum loops_reduce op, moth_dtype dtype) {
  static const loops_reduce_function functions[LOOPS_REDUCE][MOTH_BOOL] = {
    [LOOPS_SUM] = { NULL, NULL, sum_i64, sum_u8 },
    [LOOPS_PROD] = { product_f32, product_f64, product_i64, product_u8 },
    [LOOPS_COUNT] = { count_f32, count_f64, count_i64, count_u8 },
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
  case LOOPS_LARGEST:
    return (loops_number) { .real = 0 };
  case LOOPS_SMALLEST:
    return (loops_number) { .real = INFINITY };
  default:
    return (loops_number) { .integer = 0 };
  }
}

loops_running_function loops_running(bool product, moth_dtype dtype) {
  static const loops_running_function functions[2][MOTH_BOOL] = {
    { running_sum_f32, running_sum_f64, running_sum_i64, running_sum_u8 },
    { running_product_f32, running_product_f64, running_product_i64, running_product_u8 },
  };
  return functions[product][dtype == MOTH_BOOL ? MOTH_U8 : dtype];
}
