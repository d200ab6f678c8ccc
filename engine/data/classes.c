/* moth_classes: any numbers as class numbers, in order of value. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "data/dataset.h"
#include "tensor/tensor.h"

/* A label and the row it stands in; integers keep all their digits. */
typedef struct label { double real; int64_t integer, row; } label;

static int by_value(const void *a, const void *b) {
  const label *x = a, *y = b;
  if (x->real != y->real) return x->real < y->real ? -1 : 1;
  if (x->integer != y->integer) return x->integer < y->integer ? -1 : 1;
  return x->row < y->row ? -1 : x->row > y->row;
}

static bool is_same(const label *a, const label *b) { return a->real == b->real && a->integer == b->integer; }

static moth_status read_labels(moth *m, const moth_tensor *y, label *labels) {
  for (int64_t i = 0; i < y->size[0]; i++) {
    const char *element = y->values + i * y->strides[0] * (int64_t)dtype_size(y->dtype);
    labels[i] = (label){ .row = i };
    if (y->dtype == MOTH_I64) labels[i].integer = *(const int64_t *)element;
    else labels[i].real = dtype_load(y->dtype, element);
    if (isnan(labels[i].real)) return context_fail(m, MOTH_DATA, "classes", "nan in row %lld of y", (long long)(i + m->index_base));
  }
  return MOTH_OK;
}

static void store(moth_tensor *values, int64_t at, const label *label) {
  void *element = values->values + at * (int64_t)dtype_size(values->dtype);
  if (values->dtype == MOTH_I64) dtype_store_int(MOTH_I64, label->integer, element);
  else dtype_store(values->dtype, label->real, element);
}

static moth_status number(moth *m, const moth_tensor *y, label *labels, moth_tensor **classes, moth_tensor **values) {
  int64_t rows = y->size[0], count = 0;
  moth_status status = read_labels(m, y, labels);
  if (!status) status = tensor_new(m, "classes", MOTH_I64, 1, &rows, false, classes);
  if (status) return status;
  if (rows > 0) qsort(labels, (size_t)rows, sizeof *labels, by_value);
  for (int64_t i = 0; i < rows; i++) {
    count += i == 0 || !is_same(&labels[i], &labels[i - 1]);
    ((int64_t *)(*classes)->values)[labels[i].row] = count - 1 + m->index_base;
  }
  status = tensor_new(m, "classes", y->dtype, 1, &count, false, values);
  for (int64_t i = 0, at = 0; i < rows && !status; i++) {
    if (i == 0 || !is_same(&labels[i], &labels[i - 1])) store(*values, at++, &labels[i]);
  }
  return status;
}

moth_status moth_classes(moth *m, const moth_tensor *y, moth_tensor **classes, moth_tensor **values) {
  moth_status status = tensor_check(m, y, "classes", "y");
  if (status) return status;
  if (!classes) return context_fail(m, MOTH_MISUSE, "classes", "no place for the result");
  if (y->rank != 1 && !(y->rank == 2 && y->size[1] == 1)) {
    return context_fail(m, MOTH_SHAPE, "classes", "y must be one number a row, [rows] or [rows,1], got %s", tensor_text(y).text);
  }
  moth_tensor *made = NULL, *names = NULL;
  label *labels = memory_new(m, (size_t)y->size[0], sizeof *labels);
  status = labels ? number(m, y, labels, &made, &names) : context_within(m, m->status, "classes");
  memory_free(m, labels, (size_t)y->size[0], sizeof *labels);
  if (!status) {
    *classes = made, made = NULL;
    if (values) *values = names, names = NULL;
  }
  if (made) object_release(&made->base);
  if (names) object_release(&names->base);
  return status;
}
