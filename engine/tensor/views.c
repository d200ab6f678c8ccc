/* The views of moth.h: new handles on the same storage. */
#include "tensor/tensor.h"

static moth_status check_view(moth *m, const moth_tensor *t, const char *where, const void *result) {
  moth_status status = tensor_check(m, t, where, "argument 1");
  if (status == MOTH_OK && !result) return context_fail(m, MOTH_MISUSE, where, "no place for the result");
  return status;
}

static moth_status check_axis(moth *m, const moth_tensor *t, const char *where, int axis) {
  if (axis >= 0 && axis < t->rank) return MOTH_OK;
  if (t->rank == 0)
    return context_fail(m, MOTH_INDEX, where, "axis %lld: %s has no axes", (long long)tensor_told(m, axis), tensor_text(t).text);
  return context_fail(m, MOTH_INDEX, where, "axis %lld: %s has axes %d..%d", (long long)tensor_told(m, axis), tensor_text(t).text,
                      m->index_base, t->rank - 1 + m->index_base);
}

/* The place of one position along an axis; an empty tensor has none to reach. */
static char *place(const moth_tensor *t, int axis, int64_t position) {
  return t->count == 0 ? t->values : t->values + position * t->strides[axis] * (int64_t)dtype_size(t->dtype);
}

moth_status moth_tensor_select(moth *m, moth_tensor *t, int axis, int64_t index, moth_tensor **view) {
  moth_status status = check_view(m, t, "select", view);
  if (status == MOTH_OK) status = check_axis(m, t, "select", axis);
  int64_t position;
  if (status == MOTH_OK) status = tensor_position(m, NULL, t, axis, index, &position);
  if (status != MOTH_OK) return status;
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0, to = 0; i < t->rank; i++) {
    if (i == axis) continue;
    size[to] = t->size[i];
    strides[to++] = t->strides[i];
  }
  return context_within(m, tensor_view(m, t, place(t, axis, position), t->rank - 1, size, strides, view), "select");
}

moth_status moth_tensor_slice(moth *m, moth_tensor *t, int axis, int64_t first, int64_t count, int64_t step, moth_tensor **view) {
  const char *where = "slice";
  moth_status status = check_view(m, t, where, view);
  if (status == MOTH_OK) status = check_axis(m, t, where, axis);
  if (status != MOTH_OK) return status;
  if (step == 0) return context_fail(m, MOTH_OPTION, where, "step is 0");
  if (count < 0) return context_fail(m, MOTH_OPTION, where, "count must be >= 0, got %lld", (long long)count);
  if (count > 0) {
    int64_t reach, last = 0;
    if (first < 0 || first >= t->size[axis]) {
      int64_t told = first < 0 ? first : first + m->index_base;
      return context_fail(m, MOTH_INDEX, where, "position %lld is outside axis %d of %s", (long long)told, axis + m->index_base,
                          tensor_text(t).text);
    }
    if (__builtin_mul_overflow(count - 1, step, &reach) || __builtin_add_overflow(first, reach, &last) || last < 0 ||
        last >= t->size[axis]) {
      return context_fail(m, MOTH_INDEX, where, "%lld elements from position %lld in steps of %lld leave axis %d of %s", (long long)count,
                          (long long)(first + m->index_base), (long long)step, axis + m->index_base, tensor_text(t).text);
    }
  }
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0; i < t->rank; i++) size[i] = t->size[i], strides[i] = t->strides[i];
  size[axis] = count;
  strides[axis] = count > 1 ? t->strides[axis] * step : t->strides[axis];
  char *values = count > 0 ? place(t, axis, first) : t->values;
  return context_within(m, tensor_view(m, t, values, t->rank, size, strides, view), where);
}

moth_status moth_tensor_permute(moth *m, moth_tensor *t, const int *axes, moth_tensor **view) {
  const char *where = "permute";
  moth_status status = check_view(m, t, where, view);
  if (status != MOTH_OK) return status;
  if (t->rank > 0 && !axes) return context_fail(m, MOTH_MISUSE, where, "no axes given");
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  unsigned seen = 0;
  for (int i = 0; i < t->rank; i++) {
    status = check_axis(m, t, where, axes[i]);
    if (status != MOTH_OK) return status;
    if (seen & 1u << axes[i]) return context_fail(m, MOTH_INDEX, where, "axis %d appears twice", axes[i] + m->index_base);
    seen |= 1u << axes[i];
    size[i] = t->size[axes[i]];
    strides[i] = t->strides[axes[i]];
  }
  return context_within(m, tensor_view(m, t, t->values, t->rank, size, strides, view), where);
}

static moth_status reshaped(moth *m, const char *where, moth_tensor *t, int rank, const int64_t *shape, bool copies, moth_tensor **out) {
  moth_status status = check_view(m, t, where, out);
  if (status != MOTH_OK) return status;
  if (rank > 0 && !shape) return context_fail(m, MOTH_MISUSE, where, "no shape given");
  return tensor_reshape(m, where, t, rank, shape, copies, out);
}

moth_status moth_tensor_view(moth *m, moth_tensor *t, int rank, const int64_t *shape, moth_tensor **view) {
  return reshaped(m, "view", t, rank, shape, false, view);
}

moth_status moth_tensor_reshape(moth *m, moth_tensor *t, int rank, const int64_t *shape, moth_tensor **result) {
  return reshaped(m, "reshape", t, rank, shape, true, result);
}

moth_status moth_tensor_expand(moth *m, moth_tensor *t, int rank, const int64_t *shape, moth_tensor **view) {
  const char *where = "expand";
  moth_status status = check_view(m, t, where, view);
  if (status != MOTH_OK) return status;
  if (rank > MOTH_MAX_RANK) return context_fail(m, MOTH_LIMIT, where, "a tensor has at most %d axes, got %d", MOTH_MAX_RANK, rank);
  if (rank > 0 && !shape) return context_fail(m, MOTH_MISUSE, where, "no shape given");
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK], count;
  bool fits = rank >= t->rank;
  for (int i = 0; fits && i < rank; i++) {
    int from = i - (rank - t->rank);
    size[i] = shape[i] == -1 && from >= 0 ? t->size[from] : shape[i];
    fits = size[i] >= 0 && (from < 0 || t->size[from] == size[i] || t->size[from] == 1);
  }
  if (!fits || !shape_count(rank, size, &count)) {
    char text[192];
    shape_text(rank < 0 ? 0 : rank, shape, text, sizeof text);
    return context_fail(m, MOTH_SHAPE, where, "%s does not broadcast to %s", tensor_text(t).text, text);
  }
  shape_broadcast_strides(t->rank, t->size, t->strides, rank, strides);
  for (int i = 0; i < rank; i++) {
    int from = i - (rank - t->rank);
    if (from >= 0 && t->size[from] == size[i]) strides[i] = t->strides[from];
  }
  size_t offset = (size_t)(t->values - (char *)t->storage->bytes);
  return context_within(m, tensor_over(m, t->storage, offset, t->dtype, rank, size, strides, true, view), where);
}
