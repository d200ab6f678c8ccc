#include "math/matmul.h"

#include <assert.h>
#include <limits.h>

#include "math/blas.h"
#include "math/kernels.h"

/* Work between two looks at the cancel flag: 2^30 flop, some hundredths of a second. */
static const int64_t call_products = (int64_t)1 << 29;

/* Measured on Zen 4 beside OpenBLAS 0.3.21, one thread, a dense layer's three products: own AVX2 and AVX-512 kernels take 0.5 to 0.95 of its
 * time for 16 to 64 rows, 0.9 to 1.0 for 256 and 1024 rows through 784 by 512, 512^3 alike, and 0.96 to 1.02 (f64 1.0 to 1.1, AVX2 up to
 * 1.2) at 1000^3 and beyond. Products of one or two columns are sums along k, which own kernels add in order and OpenBLAS in vectors, up to
 * eight times faster, once they outweigh a call; one row takes as long here as there. */
bool matmul_wants_blas(moth_dtype dtype, int64_t m, int64_t n, int64_t k) {
  if (m < 1 || n < 1 || k < 1) return false;
  double products = (double)m * (double)n * (double)k, size = dtype == MOTH_F32 ? sizeof(float) : sizeof(double);
  return products * size > (n <= 2 && m > 2 ? 0x1p19 : 0x1p31);
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

/* Whether a and b can go to OpenBLAS as they lie. */
static bool suits_blas(const product *p, blas_matrix *left, blas_matrix *right) {
  return as_blas(p->a, p->m, p->k, p->a_row, p->a_column, left) && as_blas(p->b, p->k, p->n, p->b_row, p->b_column, right) &&
         (p->m == 1 || p->c_row <= INT_MAX);
}

/* Piece by piece. k is cut only where one row of a alone is too much work, columns where one row of c is: then rows. */
static bool in_pieces(moth *m, moth_dtype dtype, const product *p, const blas_matrix *left, const blas_matrix *right) {
  const int64_t size = dtype == MOTH_F32 ? (int64_t)sizeof(float) : (int64_t)sizeof(double);
  const int64_t c_row = p->m == 1 ? p->n : p->c_row;
  int64_t deep = piece(p->k, call_products), wide = piece(p->n, call_products / deep), tall = piece(p->m, call_products / deep / wide);
  for (int64_t i = 0; i < p->m; i += tall) {
    for (int64_t j = 0; j < p->n; j += wide) {
      for (int64_t l = 0; l < p->k; l += deep) {
        bool is_first = i == 0 && j == 0 && l == 0; /* an update under way may not be broken off: small products never are */
        if (!is_first && context_is_cancelled(m)) return false;
        product one = { .m = smaller(tall, p->m - i), .n = smaller(wide, p->n - j), .k = smaller(deep, p->k - l),
                        .a = (const char *)p->a + (i * p->a_row + l * p->a_column) * size, .a_row = p->a_row, .a_column = p->a_column,
                        .b = (const char *)p->b + (l * p->b_row + j * p->b_column) * size, .b_row = p->b_row, .b_column = p->b_column,
                        .c = (char *)p->c + (i * c_row + j) * size, .c_row = c_row, .add = p->add || l > 0 };
        if (left == NULL) {
          m->kernels->of[dtype].product(&one);
        } else {
          blas_matrix a = *left, b = *right;
          a.values = one.a, b.values = one.b;
          blas_product(m, dtype, one.m, one.n, one.k, a, b, one.c, c_row, one.add);
        }
      }
    }
  }
  return true;
}

bool matmul_large(moth *m, moth_dtype dtype, const product *p) {
  assert(dtype == MOTH_F32 || dtype == MOTH_F64);
  if (p->m < 1 || p->n < 1) return true;
  bool wants_blas = matmul_wants_blas(dtype, p->m, p->n, p->k);
  if (p->k < 1 || (!wants_blas && (double)p->m * (double)p->n * (double)p->k <= (double)call_products)) {
    m->kernels->of[dtype].product(p);
    return true;
  }
  blas_matrix left, right;
  bool by_blas = wants_blas && suits_blas(p, &left, &right);
  if (!in_pieces(m, dtype, p, by_blas ? &left : NULL, &right)) return false;
  if (p->bias == NULL && !p->relu && p->w == NULL) return true;
  product end = *p; /* the sums stand in c: a product of nothing adds nothing to them */
  end.k = 0;
  end.add = true;
  m->kernels->of[dtype].product(&end);
  return true;
}
