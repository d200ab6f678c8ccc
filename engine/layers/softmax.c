/* softmax and log_softmax: the activations whose outputs depend on their whole row. Backward is the full Jacobian's product. */
#include "layers/layer.h"
#include "tensor/tensor.h"

static const moth_option_row softmax_options[] = { LAYER_OPTIONS(0) };

static void softmax_forward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns, const void *z,
                            void *y) {
  (void)dtype, (void)numbers;
  k->softmax(z, y, rows, columns);
}

/* dE/dz = y (dE/dy - sum over the row of dE/dy y) */
static void softmax_backward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns, const void *z,
                             const void *y, void *d) {
  (void)numbers, (void)z;
  const size_t row_bytes = (size_t)columns * dtype_size(dtype);
  for (int64_t i = 0; i < rows; i++) {
    const char *row = (const char *)y + (size_t)i * row_bytes;
    char *d_row = (char *)d + (size_t)i * row_bytes;
    double mean = k->dot(d_row, row, columns);
    k->binary_number[BINARY_SUB](d_row, mean, d_row, columns, false);
    k->binary[BINARY_MUL](d_row, row, d_row, columns);
  }
}

const activation_class activation_softmax = {
  .row = { .name = "softmax", .options = softmax_options, .option_count = sizeof softmax_options / sizeof *softmax_options,
           .doc = "Turns each row into probabilities that sum to 1, over the last axis.\n"
                  "y_i = exp(z_i)/sum_j exp(z_j), dE/dz_i = y_i (dE/dy_i - sum_j y_j dE/dy_j). [..., n] -> [..., n]",
           .example = "moth.dense(10, \"softmax\")", .foreign = "Softmax SoftMax" },
  .whole_row = true, .forward = softmax_forward, .backward = softmax_backward };

static void log_softmax_forward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns,
                                const void *z, void *y) {
  (void)dtype, (void)numbers;
  k->log_softmax(z, y, rows, columns);
}

/* dE/dz = dE/dy - exp(y) (sum over the row of dE/dy), a piece at a time: exp(y) is not kept */
static void log_softmax_backward(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns,
                                 const void *z, const void *y, void *d) {
  (void)numbers, (void)z;
  enum { PIECE = 256 };
  double probabilities[PIECE];  /* floats in f32 */
  const size_t size = dtype_size(dtype), row_bytes = (size_t)columns * size;
  for (int64_t i = 0; i < rows; i++) {
    const char *row = (const char *)y + (size_t)i * row_bytes;
    char *d_row = (char *)d + (size_t)i * row_bytes;
    double sum = k->sum(d_row, columns);
    for (int64_t at = 0; at < columns; at += PIECE) {
      int64_t count = columns - at < PIECE ? columns - at : PIECE;
      k->unary[UNARY_EXP](row + (size_t)at * size, probabilities, count);
      k->axpy(probabilities, d_row + (size_t)at * size, count, -sum);
    }
  }
}

const activation_class activation_log_softmax = {
  .row = { .name = "log_softmax", .options = softmax_options, .option_count = sizeof softmax_options / sizeof *softmax_options,
           .doc = "The logarithm of softmax, over the last axis.\n"
                  "y_i = z_i - log sum_j exp(z_j), dE/dz_i = dE/dy_i - exp(y_i) sum_j dE/dy_j. [..., n] -> [..., n]",
           .example = "moth.dense(10, \"log_softmax\")", .foreign = "LogSoftmax LogSoftMax logsoftmax" },
  .whole_row = true, .forward = log_softmax_forward, .backward = log_softmax_backward };
