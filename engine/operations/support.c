#include "operations/support.h"

#include <string.h>

#include "core/memory.h"
#include "core/text.h"

moth_status operation_axis(const operation_call *call, const moth_tensor *t, int64_t given, int *axis) {
  moth *m = call->m;
  if (given >= -t->rank && given < t->rank) {
    *axis = (int)(given < 0 ? given + t->rank : given);
    return MOTH_OK;
  }
  long long told = (long long)tensor_told(m, given);
  if (t->rank == 0) return context_fail(m, MOTH_INDEX, call->where, "axis %lld: %s has no axes", told, tensor_text(t).text);
  return context_fail(m, MOTH_INDEX, call->where, "axis %lld: %s has axes %d..%d or %d..-1", told, tensor_text(t).text, m->index_base,
                      t->rank - 1 + m->index_base, -t->rank);
}

moth_status operation_axes(const operation_call *call, const moth_tensor *t, int option, bool axes[MOTH_MAX_RANK], int *count) {
  const moth_option *value = &call->options->values[option];
  const int64_t *given = value->kind == MOTH_OPTION_INT ? &value->as.integer : value->as.integers;
  size_t n = value->kind == MOTH_OPTION_INT ? 1 : value->kind == MOTH_OPTION_INTS ? value->count : 0;
  *count = 0;
  for (int i = 0; i < MOTH_MAX_RANK; i++) axes[i] = false;
  for (size_t i = 0; i < n; i++) {
    int axis;
    moth_status status = operation_axis(call, t, given[i], &axis);
    if (status != MOTH_OK) return status;
    if (axes[axis])
      return context_fail(call->m, MOTH_INDEX, call->where, "axis %lld appears twice", (long long)tensor_told(call->m, given[i]));
    axes[axis] = true;
    ++*count;
  }
  return MOTH_OK;
}

moth_dtype operation_dtype(const operation_call *call, int option, moth_dtype fallback) {
  moth_dtype dtype;
  const char *word = options_word(call->options, option);
  return word && moth_dtype_find(word, &dtype) ? dtype : fallback;
}

moth_status operation_shape(const operation_call *call, int option, moth_shape *shape) {
  const moth_option *value = &call->options->values[option];
  size_t n = value->kind == MOTH_OPTION_INT ? 1 : value->kind == MOTH_OPTION_INTS ? value->count : 0;
  if (n > MOTH_MAX_RANK) {
    return context_fail(call->m, MOTH_LIMIT, call->where, "a tensor has at most %d axes, got %lld", MOTH_MAX_RANK, (long long)n);
  }
  *shape = shape_of((int)n, value->kind == MOTH_OPTION_INT ? &value->as.integer : value->as.integers);
  return MOTH_OK;
}

moth_dtype operation_promote(const moth_value *a, const moth_value *b, moth_dtype real) {
  if (a->kind == MOTH_TENSOR_VALUE && b->kind == MOTH_TENSOR_VALUE) return dtype_promote(a->as.tensor->dtype, b->as.tensor->dtype);
  if (a->kind != MOTH_TENSOR_VALUE && b->kind != MOTH_TENSOR_VALUE) {
    if (a->kind == MOTH_REAL_VALUE || b->kind == MOTH_REAL_VALUE) return real;
    return a->kind == MOTH_INT_VALUE || b->kind == MOTH_INT_VALUE ? MOTH_I64 : MOTH_BOOL;
  }
  const moth_value *number = a->kind == MOTH_TENSOR_VALUE ? b : a;
  moth_dtype dtype = (a->kind == MOTH_TENSOR_VALUE ? a : b)->as.tensor->dtype;
  if (dtype_is_real(dtype)) return dtype;
  if (number->kind == MOTH_REAL_VALUE) return real;
  return number->kind == MOTH_INT_VALUE && dtype == MOTH_BOOL ? MOTH_I64 : dtype;
}

moth_status operation_number(const operation_call *call, const moth_value *number, moth_dtype dtype, const moth_tensor *like,
                             void *element) {
  bool fits;
  switch (number->kind) {
  case MOTH_INT_VALUE:
    fits = dtype_store_int(dtype, number->as.integer, element);
    break;
  case MOTH_FLAG_VALUE:
    fits = dtype_store_int(dtype, number->as.flag, element);
    break;
  default:
    fits = dtype_store(dtype, number->as.real, element);
    break;
  }
  if (fits) return MOTH_OK;
  return context_fail(call->m, MOTH_OPTION, call->where, "%s cannot hold %s", like ? tensor_text(like).text : moth_dtype_name(dtype),
                      operation_value_text(number).text);
}

moth_value operation_option_number(const operation_call *call, int option) {
  const moth_option *value = &call->options->values[option];
  if (value->kind == MOTH_OPTION_INT) return (moth_value) { .kind = MOTH_INT_VALUE, .as.integer = value->as.integer };
  if (value->kind == MOTH_OPTION_FLAG) return (moth_value) { .kind = MOTH_FLAG_VALUE, .as.flag = value->as.flag };
  return (moth_value) { .kind = MOTH_REAL_VALUE, .as.real = value->as.real };
}

tensor_words operation_value_text(const moth_value *value) {
  tensor_words words;
  switch (value->kind) {
  case MOTH_TENSOR_VALUE:
    return tensor_text(value->as.tensor);
  case MOTH_INT_VALUE:
    text_format(words.text, sizeof words.text, "%lld", (long long)value->as.integer);
    break;
  case MOTH_FLAG_VALUE:
    text_format(words.text, sizeof words.text, "%s", value->as.flag ? "true" : "false");
    break;
  case MOTH_REAL_VALUE:
    text_number(words.text, sizeof words.text, value->as.real);
    if (words.text[strspn(words.text, "-0123456789")] == 0) strcat(words.text, ".0"); /* no integer, which would promote otherwise */
    break;
  default:
    text_format(words.text, sizeof words.text, "nothing");
  }
  return words;
}

/* Whole-valued floats count as integers here, as sizes and indices do everywhere. */
static moth_status whole_ids(const operation_call *call, const moth_tensor *ids, moth_tensor **whole) {
  moth *m = call->m;
  moth_tensor *copy;
  moth_status status = tensor_clone(m, call->where, ids, MOTH_F64, &copy);
  if (status != MOTH_OK) return status;
  const double *values = (const double *)copy->values;
  for (int64_t i = 0; i < copy->count; i++) {
    int64_t id;
    if (dtype_store(MOTH_I64, values[i], &id)) continue;
    char number[32];
    text_number(number, sizeof number, values[i]);
    status = context_fail(m, MOTH_OPTION, call->where, "index %s in element %lld of %s is not a whole number", number,
                          (long long)(i + m->index_base), tensor_text(ids).text);
    moth_release(copy);
    return status;
  }
  status = tensor_clone(m, call->where, copy, MOTH_I64, whole);
  moth_release(copy);
  return status;
}

moth_status operation_ids_plain(const operation_call *call, const moth_tensor *ids, moth_tensor **plain) {
  if (ids->dtype == MOTH_BOOL) {
    return context_fail(call->m, MOTH_DTYPE, call->where, "index tensors are i64, got %s; a mask goes through mask_select",
                        tensor_text(ids).text);
  }
  return dtype_is_real(ids->dtype) ? whole_ids(call, ids, plain) : tensor_contiguous(call->m, call->where, ids, MOTH_I64, plain);
}

moth_status operation_id_refuse(const operation_call *call, const moth_tensor *t, int axis, const int64_t *id) {
  int64_t size = t->size[axis], base = call->m->index_base, position;
  while (operation_position(*id, size, base) >= 0) id++;
  return tensor_position(call->m, call->where, t, axis, *id < 0 ? *id : *id >= base ? *id - base : INT64_MIN, &position);
}

moth_status operation_ids(const operation_call *call, const moth_tensor *ids, const moth_tensor *t, int axis, moth_tensor **positions) {
  moth_tensor *plain;
  moth_status status = operation_ids_plain(call, ids, &plain);
  if (status != MOTH_OK) return status;
  const int64_t *id = (const int64_t *)plain->values;
  int64_t size = t->size[axis], base = call->m->index_base;
  int64_t i = 0;
  while (i < plain->count && operation_position(id[i], size, base) >= 0) i++;
  if (i == plain->count) {
    *positions = plain;
    return MOTH_OK;
  }
  status = operation_id_refuse(call, t, axis, id + i);
  moth_release(plain);
  return status;
}

/* The number or tensor in t's dtype, apart from t, in its own shape. */
static moth_status own_values(const operation_call *call, const moth_value *value, const moth_tensor *t, moth_tensor **own) {
  if (value->kind != MOTH_TENSOR_VALUE) {
    uint64_t element;
    moth_status status = operation_number(call, value, t->dtype, t, &element);
    if (status == MOTH_OK) status = tensor_new(call->m, call->where, t->dtype, 0, NULL, false, own);
    if (status == MOTH_OK) tensor_fill(*own, &element);
    return status;
  }
  if (value->as.tensor->dtype != t->dtype || tensor_overlaps(value->as.tensor, t)) {
    return tensor_clone(call->m, call->where, value->as.tensor, t->dtype, own);
  }
  *own = moth_retain(value->as.tensor);
  return MOTH_OK;
}

moth_status operation_fitting(const operation_call *call, const moth_value *value, const moth_tensor *t, int rank, const int64_t *size,
                              moth_tensor **fitting) {
  moth_tensor *own = NULL;
  moth_status status = own_values(call, value, t, &own);
  if (status != MOTH_OK) return status;
  if (shape_equal(own->rank, own->size, rank, size)) {
    *fitting = own;
    return MOTH_OK;
  }
  status = moth_tensor_expand(call->m, own, rank, size, fitting);
  moth_release(own);
  return context_within(call->m, status, call->where);
}

void operation_give(const operation_call *call, int result, moth_tensor *t) {
  call->results[result] = (moth_value) { .kind = MOTH_TENSOR_VALUE, .as.tensor = t };
}

moth_status operation_give_list(const operation_call *call, int64_t count, moth_tensor ***tensors) {
  *tensors = memory_new(call->m, (size_t)count, sizeof **tensors);
  if (!*tensors) return call->m->status;
  call->results[0] = (moth_value) { .kind = MOTH_TENSORS_VALUE, .as.list = { *tensors, count } };
  return MOTH_OK;
}

moth_status operation_give_self(const operation_call *call) {
  operation_give(call, 0, moth_retain(call->inputs[0].as.tensor));
  return MOTH_OK;
}

moth_status operation_cancelled(const operation_call *call) {
  moth_cancel_taken(call->m);
  return context_fail(call->m, MOTH_CANCELLED, call->where, "cancelled");
}
