/* The activations that act on each element by itself; every one is a row over the kernels of math/. Slopes come from the output where it
 * tells enough, so that the input need not be kept. */
#include <math.h>
#include <string.h>

#include "layers/layer.h"
#include "tensor/tensor.h"

/* A row whose two functions are kernels. The name twice: as a symbol and as scripts write it. */
#define FORWARD(name, call)                                                                                                              \
  static void name##_forward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns,              \
                             const void *z, void *y) {                                                                                   \
    (void)dtype, (void)numbers;                                                                                                          \
    k->call;                                                                                                                             \
  }
#define BACKWARD(name, slope_kind, from, number)                                                                                         \
  static void name##_backward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns,             \
                              const void *z, const void *y, void *d) {                                                                   \
    (void)dtype, (void)numbers, (void)z, (void)y;                                                                                        \
    k->slope[slope_kind](from, d, rows * columns, number);                                                                               \
  }
#define UNARY(name, kind) FORWARD(name, unary[kind](z, y, rows * columns))
#define SCALED(name, kind, number) FORWARD(name, scaled[kind](z, y, rows * columns, number))
#define OPTIONS_OF(list) .options = list, .option_count = sizeof list / sizeof *list

static const moth_option_row no_options[] = { LAYER_OPTIONS(0) };

/* ---- linear ---- */

static void linear_forward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns, const void *z,
                           void *y) {
  (void)k, (void)numbers;
  if (y != z && rows * columns > 0) memcpy(y, z, (size_t)(rows * columns) * dtype_size(dtype));
}

static void linear_backward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns, const void *z,
                            const void *y, void *d) {
  (void)k, (void)dtype, (void)numbers, (void)rows, (void)columns, (void)z, (void)y, (void)d;
}

const activation_class activation_linear = {
  .row = { .name = "linear", OPTIONS_OF(no_options),
           .doc = "The values themselves: no activation.\n"
                  "y = z, dE/dz = dE/dy. [...] -> [...]",
           .example = "moth.dense(1, \"linear\")", .foreign = "none None Identity" },
  .is_linear = true, .lanes = LANES_LINEAR, .forward = linear_forward, .backward = linear_backward };

/* ---- sigmoid, tanh ---- */

UNARY(sigmoid, UNARY_SIGMOID)
BACKWARD(sigmoid, SLOPE_SIGMOID, y, 0)
const activation_class activation_sigmoid = {
  .row = { .name = "sigmoid", OPTIONS_OF(no_options),
           .doc = "Squeezes each value into 0 to 1.\n"
                  "y = 1/(1 + exp(-z)), dE/dz = dE/dy y (1 - y). [...] -> [...]",
           .example = "moth.dense(1, \"sigmoid\")", .foreign = "Sigmoid logistic expit sigm" },
  .lanes = LANES_SIGMOID, .forward = sigmoid_forward, .backward = sigmoid_backward };

UNARY(tanh, UNARY_TANH)
BACKWARD(tanh, SLOPE_TANH, y, 0)
const activation_class activation_tanh = {
  .row = { .name = "tanh", OPTIONS_OF(no_options),
           .doc = "Squeezes each value into -1 to 1.\n"
                  "y = tanh z, dE/dz = dE/dy (1 - y^2). [...] -> [...]",
           .example = "moth.dense(16, \"tanh\")", .foreign = "Tanh hyperbolic_tangent" },
  .lanes = LANES_TANH, .forward = tanh_forward, .backward = tanh_backward };

/* ---- relu and its kin ---- */

UNARY(relu, UNARY_RELU)
BACKWARD(relu, SLOPE_RELU, y, 0)
const activation_class activation_relu = {
  .row = { .name = "relu", OPTIONS_OF(no_options),
           .doc = "Keeps what is positive, 0 for the rest.\n"
                  "y = max(z, 0), dE/dz = dE/dy where z > 0, else 0. [...] -> [...] (Nair and Hinton 2010)",
           .example = "moth.dense(128, \"relu\")", .foreign = "ReLU Relu rectifier" },
  .lanes = LANES_RELU, .forward = relu_forward, .backward = relu_backward };

static const moth_option_row leaky_relu_options[] = {
  { .key = "slope", .doc = "slope below 0", .kinds = MOTH_OPTION_REAL, .position = 1, .fallback = MOTH_REAL(NULL, 0.01),
    .foreign = "negative_slope alpha leak" },
  LAYER_OPTIONS(1) };
SCALED(leaky_relu, SCALED_LEAKY_RELU, numbers[0])
BACKWARD(leaky_relu, SLOPE_LEAKY_RELU_Z, z, numbers[0])
const activation_class activation_leaky_relu = {
  .row = { .name = "leaky_relu", OPTIONS_OF(leaky_relu_options),
           .doc = "As relu, with a small slope below 0.\n"
                  "y = z where z > 0, else slope z; dE/dz = dE/dy, or slope dE/dy. [...] -> [...] (Maas, Hannun, Ng 2013)",
           .example = "moth.leaky_relu(0.2)", .foreign = "LeakyReLU lrelu leakyrelu" },
  .from_input = true, .forward = leaky_relu_forward, .backward = leaky_relu_backward };

static const moth_option_row elu_options[] = {
  { .key = "alpha", .doc = "what -y approaches for very negative values", .kinds = MOTH_OPTION_REAL, .position = 1,
    .flags = MOTH_RANGED, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 1) },
  LAYER_OPTIONS(1) };
SCALED(elu, SCALED_ELU, numbers[0])
BACKWARD(elu, SLOPE_ELU, y, numbers[0])
const activation_class activation_elu = {
  .row = { .name = "elu", OPTIONS_OF(elu_options),
           .doc = "As relu, but smooth below 0, down to -alpha.\n"
                  "y = z where z > 0, else alpha (exp(z) - 1); dE/dz = dE/dy, or dE/dy (y + alpha). [...] -> [...] (Clevert et al. 2015)",
           .example = "moth.dense(32, \"elu\")", .foreign = "ELU" },
  .forward = elu_forward, .backward = elu_backward };

SCALED(selu, SCALED_SELU, 0)
BACKWARD(selu, SLOPE_SELU, y, 0)
const activation_class activation_selu = {
  .row = { .name = "selu", OPTIONS_OF(no_options),
           .doc = "A scaled elu that keeps mean 0 and deviation 1 from layer to layer; wants lecun_normal weights.\n"
                  "y = 1.0507 elu(z; alpha = 1.67326). [...] -> [...] (Klambauer et al. 2017)",
           .example = "moth.dense{ 32, \"selu\", init = \"lecun_normal\" }", .foreign = "SELU" },
  .forward = selu_forward, .backward = selu_backward };

/* ---- gelu, silu, softplus ---- */

static const moth_option_row gelu_options[] = {
  { .key = "approximate", .doc = "the approximation by tanh in place of the exact form", .kinds = MOTH_OPTION_FLAG, .position = 1,
    .fallback = MOTH_FLAG(NULL, false) },
  LAYER_OPTIONS(1) };
FORWARD(gelu, unary[numbers[0] != 0 ? UNARY_GELU_TANH : UNARY_GELU](z, y, rows * columns))
static void gelu_backward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns, const void *z,
                          const void *y, void *d) {
  (void)dtype, (void)y;
  k->slope[numbers[0] != 0 ? SLOPE_GELU_TANH_Z : SLOPE_GELU_Z](z, d, rows * columns, 0);
}
const activation_class activation_gelu = {
  .row = { .name = "gelu", OPTIONS_OF(gelu_options),
           .doc = "Each value times the normal distribution's share below it.\n"
                  "y = z Phi(z), dE/dz = dE/dy (Phi(z) + z phi(z)); approximate: z/2 (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))). "
                  "[...] -> [...] (Hendrycks and Gimpel 2016)",
           .example = "moth.dense(64, \"gelu\")", .foreign = "GELU" },
  .from_input = true, .forward = gelu_forward, .backward = gelu_backward };

UNARY(silu, UNARY_SILU)
BACKWARD(silu, SLOPE_SILU_Z, z, 0)
const activation_class activation_silu = {
  .row = { .name = "silu", OPTIONS_OF(no_options),
           .doc = "Each value times its sigmoid.\n"
                  "y = z s, s = 1/(1 + exp(-z)), dE/dz = dE/dy s (1 + z (1 - s)). [...] -> [...] (Elfwing, Uchibe, Doya 2017)",
           .example = "moth.dense(64, \"silu\")", .foreign = "SiLU swish Swish" },
  .from_input = true, .forward = silu_forward, .backward = silu_backward };

static const moth_option_row softplus_options[] = {
  { .key = "beta", .doc = "sharpness of the bend at 0", .kinds = MOTH_OPTION_REAL, .position = 1, .flags = MOTH_RANGED | MOTH_LOW_OPEN,
    .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 1) },
  LAYER_OPTIONS(1) };
SCALED(softplus, SCALED_SOFTPLUS, numbers[0])
BACKWARD(softplus, SLOPE_SOFTPLUS, y, numbers[0])
const activation_class activation_softplus = {
  .row = { .name = "softplus", OPTIONS_OF(softplus_options),
           .doc = "A smooth relu.\n"
                  "y = log(1 + exp(beta z))/beta (z itself where beta z > 20), dE/dz = dE/dy (1 - exp(-beta y)). [...] -> [...]",
           .example = "moth.dense(1, \"softplus\")", .foreign = "Softplus SoftPlus" },
  .forward = softplus_forward, .backward = softplus_backward };

/* ---- softsign, hard_sigmoid, hard_tanh ---- */

UNARY(softsign, UNARY_SOFTSIGN)
BACKWARD(softsign, SLOPE_SOFTSIGN, y, 0)
const activation_class activation_softsign = {
  .row = { .name = "softsign", OPTIONS_OF(no_options),
           .doc = "Squeezes each value into -1 to 1, more slowly than tanh.\n"
                  "y = z/(1 + |z|), dE/dz = dE/dy (1 - |y|)^2. [...] -> [...]",
           .example = "moth.dense(16, \"softsign\")", .foreign = "Softsign SoftSign" },
  .forward = softsign_forward, .backward = softsign_backward };

UNARY(hard_sigmoid, UNARY_HARD_SIGMOID)
BACKWARD(hard_sigmoid, SLOPE_HARD_SIGMOID, y, 0)
const activation_class activation_hard_sigmoid = {
  .row = { .name = "hard_sigmoid", OPTIONS_OF(no_options),
           .doc = "A sigmoid of three straight pieces.\n"
                  "y = clamp(z/6 + 1/2, 0, 1), dE/dz = dE/dy/6 where 0 < y < 1, else 0. [...] -> [...]",
           .example = "moth.dense(1, \"hard_sigmoid\")", .foreign = "Hardsigmoid hardsigmoid HardSigmoid" },
  .forward = hard_sigmoid_forward, .backward = hard_sigmoid_backward };

UNARY(hard_tanh, UNARY_HARD_TANH)
BACKWARD(hard_tanh, SLOPE_HARD_TANH, y, 0)
const activation_class activation_hard_tanh = {
  .row = { .name = "hard_tanh", OPTIONS_OF(no_options),
           .doc = "Each value, cut off at -1 and 1.\n"
                  "y = clamp(z, -1, 1), dE/dz = dE/dy where -1 < y < 1, else 0. [...] -> [...]",
           .example = "moth.dense(16, \"hard_tanh\")", .foreign = "Hardtanh hardtanh HardTanh" },
  .forward = hard_tanh_forward, .backward = hard_tanh_backward };
