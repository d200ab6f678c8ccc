/* math/reference.c: what each kernel computes, as one plain loop over libm each. The specification: tests hold every kernel set against it. */
#include <math.h>

#include "core/random.h"
#include "math/kernels.h"

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
             [UNARY_TAN] = tan_all_##t }, \
  .scaled = { [SCALED_LEAKY_RELU] = leaky_relu_##t, [SCALED_ELU] = elu_##t, [SCALED_SOFTPLUS] = scaled_softplus_##t, [SCALED_SELU] = selu_##t }, \
  .slope = { [SLOPE_SIGMOID] = sigmoid_slope_##t, [SLOPE_TANH] = tanh_slope_##t, [SLOPE_RELU] = relu_slope_##t, \
             [SLOPE_LEAKY_RELU_Z] = leaky_relu_slope_z_##t, [SLOPE_ELU] = elu_slope_##t, [SLOPE_SELU] = selu_slope_##t, \
             [SLOPE_SOFTPLUS] = softplus_slope_##t, [SLOPE_SOFTSIGN] = softsign_slope_##t, [SLOPE_HARD_SIGMOID] = hard_sigmoid_slope_##t, \
             [SLOPE_HARD_TANH] = hard_tanh_slope_##t, [SLOPE_GELU_Z] = gelu_slope_z_##t, [SLOPE_GELU_TANH_Z] = gelu_tanh_slope_z_##t, \
             [SLOPE_SILU_Z] = silu_slope_z_##t }, \
  .binary = { [BINARY_ADD] = add_##t, [BINARY_SUB] = sub_##t, [BINARY_MUL] = mul_##t, [BINARY_DIV] = div_##t, [BINARY_MAXIMUM] = maximum_##t, \
              [BINARY_MINIMUM] = minimum_##t }, \
  .binary_number = { [BINARY_ADD] = add_number_##t, [BINARY_SUB] = sub_number_##t, [BINARY_MUL] = mul_number_##t, \
                     [BINARY_DIV] = div_number_##t, [BINARY_MAXIMUM] = maximum_number_##t, [BINARY_MINIMUM] = minimum_number_##t }, \
  .fill = fill_##t, .scale = scale_##t, .axpy = axpy_##t, .sum = sum_##t, .sum_squares = sum_squares_##t, .dot = dot_##t, \
  .add_columns = add_columns_##t, .add_row = add_row_##t, .softmax = softmax_##t, .log_softmax = log_softmax_##t, \
  .sum_columns = sum_columns_##t, .extreme = { largest_##t, smallest_##t }, \
  .extreme_columns = { largest_columns_##t, smallest_columns_##t }, \
  .is_finite = is_finite_##t, .product = product_##t, .sgd = sgd_##t, .momentum = momentum_##t, .adam = adam_##t, \
  .uniform = uniform_##t, \
}

static const kernels reference = {
  .name = "reference", .of = { [MOTH_F32] = TABLE(f32), [MOTH_F64] = TABLE(f64) }, .u8_to_f32 = from_u8_f32, .u8_to_f64 = from_u8_f64,
};

const kernels *kernels_reference(void) { return &reference; }
