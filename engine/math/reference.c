/* math/reference.c: what each kernel computes, as one plain loop over libm each. The specification: tests hold every kernel set against it. */
#include <math.h>

#include "core/random.h"
#include "math/kernels.h"

#include "math/plain.inc"

#define T float
#define NAME(x) x##_f32
#define F(x) x##f
#include "math/reference.inc"
#undef T
#undef NAME
#undef F

#define T double
#define NAME(x) x##_f64
#define F(x) x
#include "math/reference.inc"

#define TABLE(t) { \
  .unary = { [UNARY_EXP] = exp_all_##t, [UNARY_EXPM1] = expm1_all_##t, [UNARY_LOG] = log_all_##t, [UNARY_LOG1P] = log1p_all_##t, \
             [UNARY_TANH] = tanh_all_##t, [UNARY_SIGMOID] = sigmoid_all_##t, [UNARY_SOFTPLUS] = softplus_all_##t, \
             [UNARY_ERF] = erf_all_##t, [UNARY_GELU] = gelu_all_##t, [UNARY_GELU_TANH] = gelu_tanh_all_##t, \
             [UNARY_SILU] = silu_all_##t, [UNARY_RELU] = relu_all_##t, [UNARY_SOFTSIGN] = softsign_all_##t, \
             [UNARY_HARD_SIGMOID] = hard_sigmoid_all_##t, [UNARY_HARD_TANH] = hard_tanh_all_##t, [UNARY_SQRT] = sqrt_all_##t, \
             [UNARY_ABS] = abs_all_##t, [UNARY_SIN] = sin_all_##t, [UNARY_COS] = cos_all_##t, \
             [UNARY_TAN] = tan_all_##t, [UNARY_ASIN] = asin_all_##t, [UNARY_ACOS] = acos_all_##t, [UNARY_ATAN] = atan_all_##t, \
             [UNARY_SINH] = sinh_all_##t, [UNARY_COSH] = cosh_all_##t }, \
  .scaled = { [SCALED_LEAKY_RELU] = leaky_relu_##t, [SCALED_ELU] = elu_##t, [SCALED_SOFTPLUS] = scaled_softplus_##t, [SCALED_SELU] = selu_##t }, \
  .slope = { [SLOPE_SIGMOID] = sigmoid_slope_##t, [SLOPE_TANH] = tanh_slope_##t, [SLOPE_RELU] = relu_slope_##t, \
             [SLOPE_LEAKY_RELU_Z] = leaky_relu_slope_z_##t, [SLOPE_ELU] = elu_slope_##t, [SLOPE_SELU] = selu_slope_##t, \
             [SLOPE_SOFTPLUS] = softplus_slope_##t, [SLOPE_SOFTSIGN] = softsign_slope_##t, [SLOPE_HARD_SIGMOID] = hard_sigmoid_slope_##t, \
             [SLOPE_HARD_TANH] = hard_tanh_slope_##t, [SLOPE_GELU_Z] = gelu_slope_z_##t, [SLOPE_GELU_TANH_Z] = gelu_tanh_slope_z_##t, \
             [SLOPE_SILU_Z] = silu_slope_z_##t }, \
  .binary = { [BINARY_ADD] = add_##t, [BINARY_SUB] = sub_##t, [BINARY_MUL] = mul_##t, [BINARY_DIV] = div_##t, [BINARY_MAXIMUM] = maximum_##t, \
              [BINARY_MINIMUM] = minimum_##t, [BINARY_ATAN2] = atan2_##t }, \
  .binary_number = { [BINARY_ADD] = add_number_##t, [BINARY_SUB] = sub_number_##t, [BINARY_MUL] = mul_number_##t, \
                     [BINARY_DIV] = div_number_##t, [BINARY_MAXIMUM] = maximum_number_##t, [BINARY_MINIMUM] = minimum_number_##t, \
                     [BINARY_ATAN2] = atan2_number_##t }, \
  .fill = fill_##t, .scale = scale_##t, .axpy = axpy_##t, .sum = sum_##t, .sum_squares = sum_squares_##t, .dot = dot_##t, \
  .add_columns = add_columns_##t, .add_row = add_row_##t, .softmax = softmax_##t, .log_softmax = log_softmax_##t, \
  .sum_columns = sum_columns_##t, .extreme = { largest_##t, smallest_##t }, \
  .extreme_columns = { largest_columns_##t, smallest_columns_##t }, \
  .is_finite = is_finite_##t, .product = product_##t, .sgd = sgd_##t, .momentum = momentum_##t, .adam = adam_##t, \
  .uniform = uniform_##t, \
}

#define INTEGERS(type, row_type) \
  static int64_t extreme_##type(bool least, const type *x, int64_t n, int64_t *position) { \
    int64_t at = 0; \
    for (int64_t i = 1; i < n; i++) at = (least ? x[i] < x[at] : x[i] > x[at]) ? i : at; \
    if (position) *position = at; \
    return (int64_t)x[at]; \
  } \
  static void extreme_columns_##type(bool least, const type *x, int64_t rows, int64_t columns, int64_t stride, type *best, \
                                     row_type *row) { \
    for (int64_t i = 0; i < rows; i++) { \
      for (int64_t j = 0; j < columns; j++) { \
        type v = x[i * stride + j]; \
        if (least ? v < best[j] : v > best[j]) best[j] = v, row[j] = (row_type)i; \
      } \
    } \
  } \
  static int64_t largest_##type(const void *x, int64_t n, int64_t *position) { return extreme_##type(false, x, n, position); } \
  static int64_t smallest_##type(const void *x, int64_t n, int64_t *position) { return extreme_##type(true, x, n, position); } \
  static void largest_columns_##type(const void *x, int64_t rows, int64_t columns, int64_t stride, void *best, void *row) { \
    extreme_columns_##type(false, x, rows, columns, stride, best, row); \
  } \
  static void smallest_columns_##type(const void *x, int64_t rows, int64_t columns, int64_t stride, void *best, void *row) { \
    extreme_columns_##type(true, x, rows, columns, stride, best, row); \
  }
INTEGERS(int64_t, int64_t)
INTEGERS(uint8_t, uint8_t)
#define INTEGER_TABLE(type) { \
  .extreme = { largest_##type, smallest_##type }, .extreme_columns = { largest_columns_##type, smallest_columns_##type }, \
}

static const kernels reference = {
  .of_i64 = INTEGER_TABLE(int64_t), .of_u8 = INTEGER_TABLE(uint8_t), .plain = &plain_table,
  .name = "reference", .of = { [MOTH_F32] = TABLE(f32), [MOTH_F64] = TABLE(f64) }, .u8_to_f32 = from_u8_f32, .u8_to_f64 = from_u8_f64,
};

const kernels *kernels_reference(void) { return &reference; }
