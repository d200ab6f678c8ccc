#include <string.h>

#include "math/loops.h"

enum { SORT_RUN = 16 }; /* runs this short are sorted by insertion */

#define IS_NAN(v) ((v) != (v))
#define T float
#define NAME f32
#include "math/loops_sort.inc"
#undef T
#undef NAME
#define T double
#define NAME f64
#include "math/loops_sort.inc"
#undef T
#undef NAME
#undef IS_NAN
#define IS_NAN(v) false
#define T int64_t
#define NAME i64
#include "math/loops_sort.inc"
#undef T
#undef NAME
#define T uint8_t
#define NAME u8
#include "math/loops_sort.inc"

bool loops_sort(moth *m, moth_dtype dtype, const void *values, int64_t *order, int64_t *spare, int64_t n, bool descending) {
  switch (dtype) {
  case MOTH_F32:
    return sort_f32(m, values, order, spare, n, descending);
  case MOTH_F64:
    return sort_f64(m, values, order, spare, n, descending);
  case MOTH_I64:
    return sort_i64(m, values, order, spare, n, descending);
  default:
    return sort_u8(m, values, order, spare, n, descending);
  }
}
