#include "math/matmul.h"

#include <assert.h>
#include <limits.h>

#include "math/blas.h"
#include "math/kernels.h"

/* Work between two looks at the cancel flag: 2^30 flop, some hundredths of a second. */
static const int64_t call_products = (int64_t)1 << 29;

/* Measured on Zen 4 beside OpenBLAS 0.3.21, one thread: own AVX2 and AVX-512 kernels take 0.8 to 1.0 of its time from [16,16]·[16,16] up to
 * 2^26 bytes' worth of products (64 rows through 512 by 512; also with either operand transposed), and 1.03 to 1.15 beyond, where it reuses
 * the second-level cache better. Products one or two wide are sums along k, which own kernels add in order and OpenBLAS in vectors, up to
 * four times faster, once they outweigh a call. */
bool matmul_wants_blas(moth_dtype dtype, int64_t m, int64_t n, int64_t k) {
  if (m < 1 || n < 1 || k < 1) return false;
  double products = (double)m * (double)n * (double)k, size = dtype == MOTH_F32 ? sizeof(float) : sizeof(double);
  return products * size > (m <= 2 || n <= 2 ? 0x1p19 : 0x1p26);
}

moth_status matmul_prepare(moth *m, const char *where, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner) {
  if (!matmul_wants_blas(dtype, rows, columns, inner)) return MOTH_OK;
  if (rows > INT_MAX || columns > INT_MAX || inner > INT_MAX) {
    return context_fail(m, MOTH_LIMIT, where, "a product [%lld,%lld]·[%lld,%lld] passes OpenBLAS's sizes (2147483647)", (long long)rows,
                        (long long)inner, (long long)inner, (long long)columns);
  }
  return blas_open(m, where);
}

/* A [rows, columns] matrix with these strides as BLAS knows it; false where neither of its axes is contiguous, lines overlap (a broadcast
 * view), or an int would not hold the stride. */
static bool as_blas(const void *values, int64_t rows, int64_t columns, int64_t row, int64_t column, blas_matrix *out) {
  bool transposed = !(column == 1 || columns == 1);
  if (transposed && !(row == 1 || rows == 1)) return false;
  int64_t lines = transposed ? columns : rows, line = transposed ? rows : columns, stride = transposed ? column : row;
  if (lines == 1) stride = line;
  *out = (blas_matrix){ .values = values, .stride = stride, .transposed = transposed };
  return stride >= line && stride <= INT_MAX;
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
/* The size of nearly equal pieces of n, none above `most`. */
static int64_t piece(int64_t n, int64_t most) {
  int64_t pieces = (n + most - 1) / most;
  return (n + pieces - 1) / pieces;
}

bool matmul_large(moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, const void *a, int64_t a_row, int64_t a_column,
                  const void *b, int64_t b_row, int64_t b_column, void *c, int64_t c_row, bool add) {
  assert(dtype == MOTH_F32 || dtype == MOTH_F64);
  if (rows < 1 || columns < 1) return true;
  const real_kernels *own = &m->kernels->of[dtype];
  bool wants_blas = matmul_wants_blas(dtype, rows, columns, inner);
  if (inner < 1 || (!wants_blas && (double)rows * (double)columns * (double)inner <= (double)call_products)) {
    own->small_product(rows, columns, inner, a, a_row, a_column, b, b_row, b_column, c, c_row, add);
    return true;
  }
  if (rows == 1) c_row = columns;
  blas_matrix left, right;
  bool by_blas = wants_blas && as_blas(a, rows, inner, a_row, a_column, &left) && as_blas(b, inner, columns, b_row, b_column, &right) &&
                 c_row <= INT_MAX;
  int64_t size = dtype == MOTH_F32 ? (int64_t)sizeof(float) : (int64_t)sizeof(double);
  /* k is cut only where one row of a alone is too much work, columns where one row of c is: then rows. */
  int64_t deep = piece(inner, call_products), wide = piece(columns, call_products / deep), tall = piece(rows, call_products / deep / wide);
  for (int64_t i = 0; i < rows; i += tall) {
    for (int64_t j = 0; j < columns; j += wide) {
      for (int64_t p = 0; p < inner; p += deep) {
        int64_t height = smaller(tall, rows - i), width = smaller(wide, columns - j), depth = smaller(deep, inner - p);
        const char *x = (const char *)a + (i * a_row + p * a_column) * size, *y = (const char *)b + (p * b_row + j * b_column) * size;
        char *z = (char *)c + (i * c_row + j) * size;
        bool is_first = i == 0 && j == 0 && p == 0; /* an update under way may not be broken off: small products never are */
        if (!is_first && context_is_cancelled(m)) return false;
        if (by_blas) {
          left.values = x, right.values = y;
          blas_product(m, dtype, height, width, depth, left, right, z, c_row, add || p > 0);
        } else {
          own->small_product(height, width, depth, x, a_row, a_column, y, b_row, b_column, z, c_row, add || p > 0);
        }
      }
    }
  }
  return true;
}
