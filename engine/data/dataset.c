/* The data set as a handle: its source of named columns, what moth.h asks of it, and how one is made from tensors. */
#include "data/dataset.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "data/words.h"

enum { DATASET_X, DATASET_Y, DATASET_WEIGHT, DATASET_CLASSES, DATASET_OPTIONS };

static const moth_option_row dataset_options[DATASET_OPTIONS] = {
  [DATASET_X] = { .key = "x", .doc = "inputs, [rows, …]: shared, not copied, where each row lies in one piece", .kinds = MOTH_OPTION_TENSOR,
                  .position = 1, .flags = MOTH_REQUIRED, .foreign = "data inputs features" },
  [DATASET_Y] = { .key = "y", .doc = "targets: class numbers i64[rows], or values [rows, …]", .kinds = MOTH_OPTION_TENSOR, .position = 2,
                  .foreign = "labels targets target t" },
  [DATASET_WEIGHT] = { .key = "weight", .doc = "how much each row counts, [rows], >= 0", .kinds = MOTH_OPTION_TENSOR,
                       .foreign = "weights sample_weight" },
  [DATASET_CLASSES] = { .key = "classes", .doc = "names of the classes that y numbers", .kinds = MOTH_OPTION_TEXTS,
                        .foreign = "class_names names" },
};

const moth_row dataset_row = {
  .name = "dataset",
  .doc = "A data set from tensors: inputs x, targets y.\n"
         "Rows are samples. y of i64[rows] holds class numbers; anything else is values. The tensors are shared: what is written to them\n"
         "later reaches the set, unless the rows of a tensor do not lie in one piece (a transposed view), when the set has its own copy.",
  .options = dataset_options,
  .option_count = DATASET_OPTIONS,
  .example = "moth.dataset{ x = moth.rand(100, 4), y = moth.randint(1, 3, { 100 }), classes = { \"a\", \"b\", \"c\" } }",
  .foreign = "TensorDataset from_tensor_slices",
};

/* ---- The source ---- */

dataset_source *dataset_source_new(moth *m) {
  dataset_source *source = memory_new(m, 1, sizeof *source);
  if (source) source->references = 1, source->context = m;
  return source;
}

static void column_release(dataset_column *column) {
  if (column->values) object_release(&column->values->base);
}

void dataset_source_release(dataset_source *source) {
  if (!source || --source->references > 0) return;
  moth *m = source->context;
  column_release(&source->x);
  column_release(&source->y);
  column_release(&source->weight);
  words_names_free(m, source->classes, source->class_count);
  for (int i = 0; i < source->words_count; i++) words_names_free(m, source->words[i].names, source->words[i].count);
  memory_free(m, source->words, (size_t)source->words_count, sizeof *source->words);
  memory_text_free(m, source->name);
  memory_free(m, source, 1, sizeof *source);
}

moth_status dataset_column_open(moth *m, const char *where, moth_tensor *values, double scale, dataset_column *column) {
  int64_t features = 1;
  bool fits = shape_count(values->rank - 1, values->size + 1, &features);
  if (!fits) return context_fail(m, MOTH_LIMIT, where, "%s: more elements in a row than can be addressed", tensor_text(values).text);
  moth_tensor *kept = values;
  if (shape_is_contiguous(values->rank - 1, values->size + 1, values->strides + 1)) {
    object_retain(&values->base);
  } else {
    moth_status status = tensor_contiguous(m, where, values, values->dtype, &kept);
    if (status) return status;
  }
  *column = (dataset_column){ .values = kept, .scale = scale, .features = features };
  return MOTH_OK;
}

moth_dtype dataset_column_dtype(const dataset_column *column) {
  moth_dtype stored = column->values->dtype;
  return stored == MOTH_U8 || (column->scale != 1 && !dtype_is_real(stored)) ? MOTH_F32 : stored;
}

/* ---- The handle ---- */

static void dataset_destroy(object *self) {
  moth_dataset *data = (moth_dataset *)self;
  if (data->order) memory_free(self->context, data->order, (size_t)data->rows, sizeof *data->order);
  dataset_source_release(data->source);
}

static size_t dataset_object_text(const object *self, char *buffer, size_t size) {
  int64_t rows = ((const moth_dataset *)self)->rows;
  return text_format(buffer, size, rows == 1 ? "a data set of 1 row" : "a data set of %lld rows", (long long)rows);
}

const object_class dataset_class = {
  .kind = MOTH_DATASET_OBJECT, .name = "data set", .size = sizeof(moth_dataset), .destroy = dataset_destroy, .text = dataset_object_text
};

static moth_status dataset_over(moth *m, dataset_source *source, int64_t rows, int64_t *order, moth_dataset **out) {
  moth_dataset *data = object_new(m, &dataset_class);
  if (!data) return m->status;
  source->references++;
  data->source = source;
  data->rows = rows;
  data->order = order;
  *out = data;
  return MOTH_OK;
}

moth_status dataset_publish(moth *m, dataset_source *source, moth_dataset **data) {
  return dataset_over(m, source, source->rows, NULL, data);
}

moth_status dataset_view(const moth_dataset *data, int64_t rows, int64_t *order, moth_dataset **view) {
  return dataset_over(data->base.context, data->source, rows, order, view);
}

static moth_status dataset_check(moth *m, const moth_dataset *data, const char *where) {
  return object_check(m, data, MOTH_DATASET_OBJECT, where, "data");
}

static bool is_dataset(const moth_dataset *data) { return moth_kind(data) == MOTH_DATASET_OBJECT; }

int64_t moth_dataset_rows(const moth_dataset *data) { return is_dataset(data) ? data->rows : 0; }

int moth_dataset_class_count(const moth_dataset *data) { return is_dataset(data) ? data->source->class_count : 0; }

const char *moth_dataset_class(const moth_dataset *data, int index) {
  if (!is_dataset(data) || !data->source->classes || index < 0 || index >= data->source->class_count) return NULL;
  return data->source->classes[index];
}

const char *moth_dataset_column(const moth_dataset *data, int index) {
  const char *names[4] = { "x" };
  if (!is_dataset(data) || index < 0 || index > 2) return NULL;
  int count = 1;
  if (data->source->has_y) names[count++] = "y";
  if (data->source->has_weight) names[count++] = "weight";
  return names[index];
}

static moth_status column_find(moth *m, const moth_dataset *data, const char *name, const dataset_column **column) {
  moth_status status = dataset_check(m, data, "dataset");
  if (status) return status;
  const dataset_source *source = data->source;
  *column = NULL;
  if (name && strcmp(name, "x") == 0) *column = &source->x;
  if (name && source->has_y && strcmp(name, "y") == 0) *column = &source->y;
  if (name && source->has_weight && strcmp(name, "weight") == 0) *column = &source->weight;
  if (*column) return MOTH_OK;
  return context_fail(m, MOTH_OPTION, "dataset", "no column '%s' (x%s%s)", name ? name : "", source->has_y ? " y" : "",
                      source->has_weight ? " weight" : "");
}

moth_status moth_dataset_column_info(moth *m, const moth_dataset *data, const char *name, moth_dtype *dtype, moth_shape *sample) {
  const dataset_column *column;
  moth_status status = column_find(m, data, name, &column);
  if (status) return status;
  if (dtype) *dtype = column->values->dtype;
  if (sample) *sample = shape_of(column->values->rank - 1, column->values->size + 1);
  return MOTH_OK;
}

moth_status moth_dataset_tensor(moth *m, const moth_dataset *data, const char *name, moth_tensor **t) {
  const dataset_column *column;
  moth_status status = column_find(m, data, name, &column);
  if (status) return status;
  bool is_whole = !data->order && data->rows == data->source->rows;
  if (is_whole && column->scale == 1) {
    object_retain(&column->values->base);
    *t = column->values;
    return MOTH_OK;
  }
  moth_dtype dtype = column->scale == 1 || dtype_is_real(column->values->dtype) ? column->values->dtype : MOTH_F32;
  int64_t size[MOTH_MAX_RANK];
  memcpy(size, column->values->size, sizeof size);
  size[0] = data->rows;
  moth_tensor *gathered = NULL;
  status = tensor_new(m, "dataset", dtype, column->values->rank, size, false, &gathered);
  if (status) return status;
  dataset_gather(data, column, NULL, 0, data->rows, dtype, false, gathered->values);
  gathered->read_only = true;
  *t = gathered;
  return MOTH_OK;
}

/* ---- From tensors ---- */

moth_status dataset_check_names(moth *m, const char *where, const char *const *names, int64_t count) {
  words met = { 0 };
  moth_status status = MOTH_OK;
  for (int64_t i = 0; i < count && !status; i++) {
    int64_t number, before = met.count;
    status = context_within(m, words_add(m, &met, names[i], (int64_t)strlen(names[i]), &number), where);
    if (!status && met.count == before) status = context_fail(m, MOTH_OPTION, where, "classes has '%s' twice", names[i]);
  }
  words_free(m, &met);
  return status;
}

static moth_status take_names(moth *m, dataset_source *source, const char *const *names, int64_t count) {
  moth_status status = dataset_check_names(m, "dataset", names, count);
  if (status) return status;
  source->classes = memory_new(m, (size_t)count, sizeof *source->classes);
  if (!source->classes) return m->status;
  source->class_count = (int)count;
  for (int64_t i = 0; i < count; i++) {
    if (!(source->classes[i] = memory_text(m, names[i]))) return m->status;
  }
  return MOTH_OK;
}

static int64_t label_of(const moth_tensor *y, int64_t row) { return *(const int64_t *)(y->values + row * y->strides[0] * 8); }

/* Class numbers with names must lie among them; without, the largest says how many there are. */
static moth_status look_at_classes(moth *m, dataset_source *source) {
  int64_t base = m->index_base, most = 0;
  for (int64_t row = 0; row < source->rows; row++) {
    int64_t label = label_of(source->y.values, row);
    if (source->classes && (label < base || label >= base + source->class_count)) {
      return context_fail(m, MOTH_INDEX, "dataset", "label %lld in row %lld of data.y; classes count from %lld to %lld", (long long)label,
                          (long long)(row + base), (long long)base, (long long)(base + source->class_count - 1));
    }
    if (label >= base && label - base >= most) most = label - base < INT32_MAX ? label - base + 1 : INT32_MAX;
  }
  if (!source->classes) source->class_count = (int)most;
  return MOTH_OK;
}

static moth_status open_y(moth *m, dataset_source *source, moth_tensor *y, const moth_option *classes) {
  bool is_named = classes->kind != MOTH_OPTION_END;
  source->y_is_classes = y->rank == 1 && (y->dtype == MOTH_I64 || (y->dtype == MOTH_U8 && is_named));
  if (is_named && !source->y_is_classes) {
    return context_fail(m, MOTH_DTYPE, "dataset", "classes name the numbers of i64[rows], data.y is %s", tensor_text(y).text);
  }
  moth_tensor *kept = y;
  moth_status status = MOTH_OK;
  if (source->y_is_classes && y->dtype != MOTH_I64) status = tensor_contiguous(m, "dataset", y, MOTH_I64, &kept);
  if (status) return status;
  status = dataset_column_open(m, "dataset", kept, 1, &source->y);
  if (kept != y) object_release(&kept->base);
  if (status) return status;
  source->has_y = true;
  if (is_named) status = take_names(m, source, classes->as.texts, (int64_t)classes->count);
  return status || !source->y_is_classes ? status : look_at_classes(m, source);
}

static moth_status open_weight(moth *m, dataset_source *source, const moth_tensor *weight) {
  moth_tensor *copy = NULL;
  moth_status status = tensor_new(m, "dataset", MOTH_F64, 1, weight->size, false, &copy);
  if (!status) status = tensor_copy(m, "dataset", weight, copy);
  for (int64_t row = 0; row < source->rows && !status; row++) {
    double value = ((const double *)copy->values)[row];
    if (value >= 0 && isfinite(value)) continue;
    char number[32];
    text_number(number, sizeof number, value);
    status = context_fail(m, MOTH_DATA, "dataset", "data.weight has %s in row %lld; weights must be >= 0", number,
                          (long long)(row + m->index_base));
  }
  if (!status) status = dataset_column_open(m, "dataset", copy, 1, &source->weight);
  if (copy) object_release(&copy->base);
  source->has_weight = status == MOTH_OK;
  return status;
}

static moth_status check_column(moth *m, const moth_tensor *t, const char *name, int64_t rows) {
  if (t->rank == 0) return context_fail(m, MOTH_SHAPE, "dataset", "%s is %s: the first axis must be rows", name, tensor_text(t).text);
  if (rows < 0 || t->size[0] == rows) return MOTH_OK;
  return context_fail(m, MOTH_SHAPE, "dataset", "data.x has %lld rows, %s has %lld", (long long)rows, name, (long long)t->size[0]);
}

static moth_status fill_source(moth *m, dataset_source *source, const options *o) {
  moth_tensor *x = o->values[DATASET_X].as.tensor, *y = NULL, *weight = NULL;
  if (options_is_set(o, DATASET_Y)) y = o->values[DATASET_Y].as.tensor;
  if (options_is_set(o, DATASET_WEIGHT)) weight = o->values[DATASET_WEIGHT].as.tensor;
  moth_status status = check_column(m, x, "data.x", -1);
  if (status) return status;
  source->rows = x->size[0];
  if (y) status = check_column(m, y, "data.y", source->rows);
  if (!status && weight) status = check_column(m, weight, "data.weight", source->rows);
  if (!status && weight && weight->rank != 1) {
    status = context_fail(m, MOTH_SHAPE, "dataset", "data.weight must be one number a row, [%lld], got %s", (long long)source->rows,
                          tensor_text(weight).text);
  }
  if (!status && !y && options_is_set(o, DATASET_CLASSES)) {
    status = context_fail(m, MOTH_OPTION, "dataset", "classes are names for y, there is none");
  }
  if (!status) status = dataset_column_open(m, "dataset", x, 1, &source->x);
  if (!status && y) status = open_y(m, source, y, &o->values[DATASET_CLASSES]);
  if (!status && weight) status = open_weight(m, source, weight);
  return status;
}

moth_status moth_dataset_create(moth *m, const moth_option *given, moth_dataset **data) {
  moth_status status = context_check(m, "dataset");
  if (status) return status;
  if (!data) return context_fail(m, MOTH_MISUSE, "dataset", "no place for the result");
  options o = { 0 };
  status = options_read(m, NULL, &dataset_row, given, &o);
  if (status) return status;
  dataset_source *source = dataset_source_new(m);
  status = source ? fill_source(m, source, &o) : m->status;
  if (!status) status = dataset_publish(m, source, data);
  dataset_source_release(source);
  options_free(m, &o);
  return context_within(m, status, "dataset");
}
