/* The tensor functions of moth.h that make, ask, read and write; they check what they are given. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "tensor/tensor.h"

static bool tensor_is_live(const moth_tensor *t) { return t && t->base.mark == OBJECT_MARK && t->base.class->kind == MOTH_TENSOR_OBJECT; }

static moth_status check_shape(moth *m, const char *where, moth_dtype dtype, int rank, const int64_t *shape, const void *result) {
  moth_status status = context_check(m, where);
  if (status != MOTH_OK) return status;
  if (!result) return context_fail(m, MOTH_MISUSE, where, "no place for the result");
  if ((unsigned)dtype >= MOTH_DTYPES) return context_fail(m, MOTH_DTYPE, where, "no dtype %d (f32 f64 i64 u8 bool)", (int)dtype);
  if (rank < 0 || rank > MOTH_MAX_RANK) {
    return context_fail(m, MOTH_LIMIT, where, "a tensor has at most %d axes, got %d", MOTH_MAX_RANK, rank);
  }
  if (rank > 0 && !shape) return context_fail(m, MOTH_MISUSE, where, "no shape given");
  for (int i = 0; i < rank; i++) {
    if (shape[i] < 0) return context_fail(m, MOTH_SHAPE, where, "size %lld of axis %d is negative", (long long)shape[i], i + m->index_base);
  }
  return MOTH_OK;
}

moth_status moth_tensor_create(moth *m, moth_dtype dtype, int rank, const int64_t *shape, moth_tensor **t) {
  moth_status status = check_shape(m, "tensor", dtype, rank, shape, t);
  return status != MOTH_OK ? status : tensor_new(m, "tensor", dtype, rank, shape, true, t);
}

moth_status moth_tensor_copy_in(moth *m, moth_dtype dtype, int rank, const int64_t *shape, const void *values, moth_tensor **t) {
  moth_status status = check_shape(m, "tensor", dtype, rank, shape, t);
  if (status != MOTH_OK) return status;
  moth_tensor *made;
  status = tensor_new(m, "tensor", dtype, rank, shape, false, &made);
  if (status != MOTH_OK) return status;
  if (made->count > 0 && !values) {
    moth_release(made);
    return context_fail(m, MOTH_MISUSE, "tensor", "no values given");
  }
  size_t bytes = (size_t)made->count * dtype_size(dtype);
  if (bytes > 0) memcpy(made->values, values, bytes);
  if (dtype == MOTH_BOOL) {
    for (size_t i = 0; i < bytes; i++) made->values[i] = made->values[i] != 0;
  }
  *t = made;
  return MOTH_OK;
}

/* Bytes before and after element 0 that strides reach; false where they pass what can be addressed. */
static bool wrapped_extent(moth_dtype dtype, int rank, const int64_t *shape, const int64_t *strides, int64_t *before, int64_t *after) {
  *before = 0, *after = 1;
  for (int i = 0; i < rank; i++) {
    int64_t reach;
    if (shape[i] == 0) {
      *before = 0, *after = 0;
      return true;
    }
    if (__builtin_mul_overflow(strides[i], shape[i] - 1, &reach)) return false;
    if (__builtin_add_overflow(reach < 0 ? *before : *after, reach, reach < 0 ? before : after)) return false;
  }
  int64_t width = (int64_t)dtype_size(dtype);
  return !__builtin_mul_overflow(*before, width, before) && !__builtin_mul_overflow(*after, width, after);
}

moth_status moth_tensor_wrap(moth *m, moth_dtype dtype, int rank, const int64_t *shape, const int64_t *strides, void *values,
                             bool read_only, void (*release)(void *data), void *data, moth_tensor **t) {
  const char *where = "wrap";
  int64_t count, row_major[MOTH_MAX_RANK], before, after;
  moth_status status = check_shape(m, where, dtype, rank, shape, t);
  if (status != MOTH_OK) return status;
  if (!shape_count(rank, shape, &count)) {
    return context_fail(m, MOTH_LIMIT, where, "%s has more elements than can be addressed", tensor_shape_text(dtype, rank, shape).text);
  }
  if (count > 0 && !values) return context_fail(m, MOTH_MISUSE, where, "no values given");
  if ((uintptr_t)values % dtype_size(dtype) != 0)
    return context_fail(m, MOTH_MISUSE, where, "values are not aligned for %s", moth_dtype_name(dtype));
  if (!strides) {
    shape_strides(rank, shape, row_major);
    strides = row_major;
  }
  if (!wrapped_extent(dtype, rank, shape, strides, &before, &after)) {
    return context_fail(m, MOTH_LIMIT, where, "strides reach further than can be addressed");
  }
  for (int i = 0; i < rank && !read_only && count > 0; i++) {
    if (strides[i] == 0 && shape[i] > 1) return context_fail(m, MOTH_SHAPE, where, "elements that share a place must be read-only");
  }
  storage *s = storage_wrap(m, values, (size_t)after, read_only, release, data);
  if (!s) return context_within(m, m->status, where);
  status = tensor_over(m, s, 0, dtype, rank, shape, strides, read_only, t);
  if (status != MOTH_OK) s->release = NULL; /* not taken */
  storage_release(s);
  return context_within(m, status, where);
}

moth_dtype moth_tensor_dtype(const moth_tensor *t) { return tensor_is_live(t) ? t->dtype : MOTH_F32; }
int moth_tensor_rank(const moth_tensor *t) { return tensor_is_live(t) ? t->rank : 0; }
const int64_t *moth_tensor_shape(const moth_tensor *t) { return tensor_is_live(t) ? t->size : NULL; }
const int64_t *moth_tensor_strides(const moth_tensor *t) { return tensor_is_live(t) ? t->strides : NULL; }
int64_t moth_tensor_count(const moth_tensor *t) { return tensor_is_live(t) ? t->count : 0; }
bool moth_tensor_is_contiguous(const moth_tensor *t) { return tensor_is_live(t) && tensor_is_contiguous(t); }
bool moth_tensor_is_read_only(const moth_tensor *t) { return !tensor_is_live(t) || t->read_only; }
uint64_t moth_tensor_storage_bytes(const moth_tensor *t) { return tensor_is_live(t) ? t->storage->size : 0; }
const void *moth_tensor_values(const moth_tensor *t) { return tensor_is_live(t) && t->count > 0 ? t->values : NULL; }
void *moth_tensor_values_mutable(moth_tensor *t) { return tensor_is_live(t) && t->count > 0 && !t->read_only ? t->values : NULL; }

moth_status moth_tensor_copy_out(moth *m, const moth_tensor *t, void *values) {
  moth_status status = tensor_check(m, t, "copy out", "argument 1");
  if (status != MOTH_OK || t->count == 0) return status;
  if (!values) return context_fail(m, MOTH_MISUSE, "copy out", "no place for the values");
  moth_tensor to = { .dtype = t->dtype, .rank = t->rank, .count = t->count, .values = values };
  for (int i = 0; i < t->rank; i++) to.size[i] = t->size[i];
  shape_strides(t->rank, t->size, to.strides);
  return tensor_copy(m, "copy out", t, &to);
}

size_t moth_tensor_text(const moth_tensor *t, char *buffer, size_t size) {
  if (!tensor_is_live(t)) return text_format(buffer, size, "no tensor");
  return text_format(buffer, size, "%s", tensor_text(t).text);
}

/* The place of an element. */
static moth_status element_at(moth *m, const moth_tensor *t, const char *where, const int64_t *index, char **element) {
  moth_status status = tensor_check(m, t, where, "argument 1");
  if (status != MOTH_OK) return status;
  if (t->rank > 0 && !index) return context_fail(m, MOTH_MISUSE, where, "no index given");
  *element = t->values;
  for (int i = 0; i < t->rank; i++) {
    int64_t position;
    status = tensor_position(m, NULL, t, i, index[i], &position);
    if (status != MOTH_OK) return status;
    *element += position * t->strides[i] * (int64_t)dtype_size(t->dtype);
  }
  return MOTH_OK;
}

moth_status moth_tensor_get(moth *m, const moth_tensor *t, const int64_t *index, double *value) {
  char *element;
  moth_status status = element_at(m, t, "get", index, &element);
  if (status != MOTH_OK) return status;
  if (!value) return context_fail(m, MOTH_MISUSE, "get", "no place for the value");
  *value = dtype_load(t->dtype, element);
  return MOTH_OK;
}

moth_status moth_tensor_get_int(moth *m, const moth_tensor *t, const int64_t *index, int64_t *value) {
  char *element;
  moth_status status = element_at(m, t, "get", index, &element);
  if (status != MOTH_OK) return status;
  if (!value) return context_fail(m, MOTH_MISUSE, "get", "no place for the value");
  if (t->dtype == MOTH_I64) {
    *value = *(const int64_t *)element;
    return MOTH_OK;
  }
  double number = dtype_load(t->dtype, element);
  int64_t whole;
  if (dtype_store(MOTH_I64, number, &whole)) {
    *value = whole;
    return MOTH_OK;
  }
  char text[32];
  text_number(text, sizeof text, number);
  return context_fail(m, MOTH_OPTION, "get", "%s is not a whole number that i64 can hold", text);
}

static moth_status element_refused(moth *m, const moth_tensor *t, double value) {
  char text[32];
  text_number(text, sizeof text, value);
  return context_fail(m, MOTH_OPTION, "set", "%s cannot hold %s", tensor_text(t).text, text);
}

moth_status moth_tensor_set(moth *m, moth_tensor *t, const int64_t *index, double value) {
  char *element;
  moth_status status = element_at(m, t, "set", index, &element);
  if (status == MOTH_OK) status = tensor_check_writable(m, t, "set");
  if (status != MOTH_OK) return status;
  return dtype_store(t->dtype, value, element) ? MOTH_OK : element_refused(m, t, value);
}

moth_status moth_tensor_set_int(moth *m, moth_tensor *t, const int64_t *index, int64_t value) {
  char *element;
  moth_status status = element_at(m, t, "set", index, &element);
  if (status == MOTH_OK) status = tensor_check_writable(m, t, "set");
  if (status != MOTH_OK) return status;
  return dtype_store_int(t->dtype, value, element) ? MOTH_OK : element_refused(m, t, (double)value);
}
