#include "losses/check.h"

#include <string.h>

#include "core/text.h"

moth_status loss_fail(moth *m, moth_status status, const moth_part *loss, const loss_setting *setting, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  text_format_list(text, sizeof text, format, arguments);
  va_end(arguments);
  const char *name = loss->row->name;
  if (strcmp(setting->where, name) == 0) return context_fail(m, status, name, "%s", text);
  return context_fail(m, status, setting->where, "%s %s", name, text);
}

void loss_shape_text(moth_dtype dtype, int64_t rows, const moth_shape *sample, char *buffer, size_t size) {
  moth_shape whole = { .rank = sample->rank < MOTH_MAX_RANK ? sample->rank + 1 : MOTH_MAX_RANK, .size = { rows } };
  for (int i = 1; i < whole.rank; i++) whole.size[i] = sample->size[i - 1];
  char shape[256];
  shape_text(whole.rank, whole.size, shape, sizeof shape);
  text_format(buffer, size, "%s%s", moth_dtype_name(dtype), shape);
}

moth_shape loss_sample_shape(const moth_tensor *t) {
  moth_shape shape = { .rank = t->rank - 1 };
  for (int i = 1; i < t->rank; i++) shape.size[i - 1] = t->size[i];
  return shape;
}

moth_status loss_check_prediction(moth *m, const moth_part *part, const moth_tensor *p, const moth_tensor *t) {
  const char *name = part->row->name;
  const tensor_words given = tensor_text(p);
  if (!dtype_is_real(p->dtype)) return context_fail(m, MOTH_DTYPE, name, "prediction must be f32 or f64, got %s", given.text);
  if (p->rank == 0) return context_fail(m, MOTH_SHAPE, name, "prediction must be [rows, ...], got %s", given.text);
  if (t->rank == 0 || t->size[0] != p->size[0]) {
    return context_fail(m, MOTH_SHAPE, name, "prediction %s, target %s: rows must be equal", given.text, tensor_text(t).text);
  }
  return p->count == 0 ? context_fail(m, MOTH_DATA, name, "prediction %s has no values", given.text) : MOTH_OK;
}

moth_status loss_check_shapes(moth *m, const moth_part *loss, const loss_setting *setting) {
  const moth_shape *p = &setting->prediction, *t = &setting->target;
  if (shape_equal(p->rank, p->size, t->rank, t->size)) return MOTH_OK;
  char prediction[300], target[300];
  loss_shape_text(setting->prediction_dtype, setting->rows, p, prediction, sizeof prediction);
  loss_shape_text(setting->dtype, setting->rows, t, target, sizeof target);
  moth_status status = context_fail(m, MOTH_SHAPE, loss->row->name, "prediction %s, target %s: shapes must be equal", prediction, target);
  int64_t p_count, t_count;
  if (!shape_count(p->rank, p->size, &p_count) || !shape_count(t->rank, t->size, &t_count) || p_count != t_count) return status;
  char sizes[200] = "";
  size_t length = 0;
  for (int i = 0; i < p->rank && length < sizeof sizes; i++) {
    length += text_format(sizes + length, sizeof sizes - length, ", %lld", (long long)p->size[i]);
  }
  return context_hint(m, "y:reshape(-1%s) has the right one", sizes);
}

moth_status loss_check_values(moth *m, const moth_part *loss, const loss_setting *setting, bool *classes) {
  *classes = false;
  return loss_check_shapes(m, loss, setting);
}

moth_status loss_check_activation(moth *m, const moth_part *loss, const loss_setting *setting, bool logits, const char *other,
                                  const char *instead) {
  const char *wanted = logits ? "linear" : ((const loss_class *)loss->row)->fuses, *found = setting->activation;
  if (found == NULL || strcmp(found, wanted) == 0) return MOTH_OK;
  char last[300] = "", end[300] = "";
  if (setting->last != NULL) text_format(last, sizeof last, ", %s", setting->last);
  if (logits && strcmp(found, ((const loss_class *)loss->row)->fuses) == 0) {
    text_format(end, sizeof end, "; leave logits out");
  } else if (strcmp(found, other) == 0 && instead != NULL) {
    text_format(end, sizeof end, "; use %s", instead);
  } else if (strcmp(found, "linear") == 0) {
    text_format(end, sizeof end, "; %s{ logits = true } takes its outputs as they are", loss->row->name);
  }
  return loss_fail(m, MOTH_OPTION, loss, setting, "%sneeds %s at the end%s%s", logits ? "with logits = true " : "", wanted, last, end);
}

/* The range that the labels span, for the hint. */
static void label_range(const int64_t *labels, int64_t count, int64_t *least, int64_t *most) {
  *least = *most = labels[0];
  for (int64_t i = 1; i < count; i++) {
    if (labels[i] < *least) *least = labels[i];
    if (labels[i] > *most) *most = labels[i];
  }
}

moth_status loss_check_classes(moth *m, const char *where, const char *target_name, const char *last, const int64_t *labels, int64_t count,
                               int64_t classes) {
  const int64_t first = m->index_base, end = first + classes;
  int64_t i = 0;
  while (i < count && labels[i] >= first && labels[i] < end) i++;
  if (i == count) return MOTH_OK;
  const long long label = labels[i], row = i + first, from = first, to = end - 1;
  if (labels[i] >= end && last != NULL) {
    const char *is = strstr(last, " is ");  /* "layer 3 is dense(10)" reads "layer 3 dense(10) has" here */
    int head = is == NULL ? (int)strlen(last) : (int)(is - last);
    return context_fail(m, MOTH_INDEX, where, "label %lld in row %lld of %s, %.*s%s%s has classes %lld..%lld", label, row, target_name,
                        head, last, is == NULL ? "" : " ", is == NULL ? "" : is + 4, from, to);
  }
  moth_status status = context_fail(m, MOTH_INDEX, where, "label %lld in row %lld of %s; classes count from %lld to %lld", label, row,
                                    target_name, from, to);
  int64_t least, most;
  label_range(labels, count, &least, &most);
  if ((uint64_t)most - (uint64_t)least >= (uint64_t)classes) return status;  /* too many to be renumbered */
  if (first == 0) return context_hint(m, "moth_classes renumbers %lld..%lld", (long long)least, (long long)most);
  const char *name = strcmp(target_name, "data.y") == 0 ? target_name : "y";
  return context_hint(m, "%s, names = moth.classes(%s) renumbers %lld..%lld", name, name, (long long)least, (long long)most);
}

static double target_at(moth_dtype dtype, const void *t, int64_t i) {
  switch (dtype) {
    case MOTH_F32: return (double)((const float *)t)[i];
    case MOTH_F64: return ((const double *)t)[i];
    case MOTH_I64: return (double)((const int64_t *)t)[i];
    default: return ((const uint8_t *)t)[i];
  }
}

moth_status loss_check_targets(moth *m, const moth_part *loss, const char *where, const char *target_name, moth_dtype dtype, const void *t,
                               int64_t rows, int64_t columns) {
  if (!((const loss_class *)loss->row)->takes_shares) return MOTH_OK;
  int64_t i = 0, count = rows * columns;
  while (i < count && target_at(dtype, t, i) >= 0 && target_at(dtype, t, i) <= 1) i++;
  if (i == count) return MOTH_OK;
  char value[64];
  text_number(value, sizeof value, target_at(dtype, t, i));
  const loss_setting setting = { .where = where };
  const long long row = i / columns + m->index_base, first = m->index_base, second = first + 1;
  moth_status status = loss_fail(m, MOTH_DATA, loss, &setting, "takes targets from 0 to 1, %s has %s in row %lld", target_name, value, row);
  if (columns != 1) return status;
  const char *name = strcmp(target_name, "target") == 0 ? "y" : target_name;
  return context_hint(m, "%s:flatten():to\"i64\" if they are the classes %lld and %lld", name, first, second);
}
