#include <math.h>
#include <string.h>

#include "tensor/tensor.h"

static const char *const dtype_names[MOTH_DTYPES] = { "f32", "f64", "i64", "u8", "bool" };
static const int dtype_widths[MOTH_DTYPES] = { 3, 4, 2, 1, 0 }; /* bool < u8 < i64 < f32 < f64 */

const char *moth_dtype_name(moth_dtype dtype) { return (unsigned)dtype < MOTH_DTYPES ? dtype_names[dtype] : "unknown dtype"; }

bool moth_dtype_find(const char *name, moth_dtype *dtype) {
  if (!name || !dtype) return false;
  for (int i = 0; i < MOTH_DTYPES; i++) {
    if (strcmp(name, dtype_names[i]) != 0) continue;
    *dtype = (moth_dtype)i;
    return true;
  }
  return false;
}

size_t moth_dtype_size(moth_dtype dtype) { return (unsigned)dtype < MOTH_DTYPES ? dtype_size(dtype) : 0; }

moth_dtype dtype_promote(moth_dtype a, moth_dtype b) { return dtype_widths[a] >= dtype_widths[b] ? a : b; }

bool dtype_store(moth_dtype dtype, double value, void *element) {
  switch (dtype) {
  case MOTH_F32:
    *(float *)element = (float)value;
    return true;
  case MOTH_F64:
    *(double *)element = value;
    return true;
  case MOTH_I64:
    if (!(value >= -0x1p63 && value < 0x1p63) || value != trunc(value)) return false;
    *(int64_t *)element = (int64_t)value;
    return true;
  case MOTH_U8:
    if (!(value >= 0 && value <= 255) || value != trunc(value)) return false;
    *(uint8_t *)element = (uint8_t)value;
    return true;
  default:
    if (value != 0 && value != 1) return false;
    *(uint8_t *)element = value != 0;
    return true;
  }
}

bool dtype_store_int(moth_dtype dtype, int64_t value, void *element) {
  switch (dtype) {
  case MOTH_F32:
    *(float *)element = (float)value;
    return true;
  case MOTH_F64:
    *(double *)element = (double)value;
    return true;
  case MOTH_I64:
    *(int64_t *)element = value;
    return true;
  case MOTH_U8:
    if (value < 0 || value > 255) return false;
    *(uint8_t *)element = (uint8_t)value;
    return true;
  default:
    if (value != 0 && value != 1) return false;
    *(uint8_t *)element = (uint8_t)value;
    return true;
  }
}

double dtype_load(moth_dtype dtype, const void *element) {
  switch (dtype) {
  case MOTH_F32:
    return *(const float *)element;
  case MOTH_F64:
    return *(const double *)element;
  case MOTH_I64:
    return (double)*(const int64_t *)element;
  default:
    return *(const uint8_t *)element;
  }
}
