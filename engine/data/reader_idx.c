/* moth_read("idx", images, { labels }): MNIST's files as a data set. Bytes stay bytes until a batch is gathered. */
#include <math.h>

#include "core/memory.h"
#include "core/text.h"
#include "data/dataset.h"
#include "formats/formats.h"

enum { IDX_LABELS, IDX_SCALE, IDX_OPTIONS };
extern const reader_class reader_idx; /* of the catalog */

enum { MOST_LABELS = 1 << 16 };

static const moth_option_row idx_options[IDX_OPTIONS] = {
  [IDX_LABELS] = { .key = "labels", .doc = "the file of labels, one whole number >= 0 an image", .kinds = MOTH_OPTION_TEXT, .position = 1 },
  [IDX_SCALE] = { .key = "scale", .doc = "multiplies when gathered; without it bytes are divided by 255", .kinds = MOTH_OPTION_REAL,
                  .flags = MOTH_RANGED | MOTH_LOW_OPEN | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY },
};

/* The tensor of one file. */
static moth_status read_file(moth *m, const char *path, moth_tensor **t) {
  stream from;
  moth_status status = stream_open(m, "idx", path, UINT64_MAX, &from);
  if (status) return status;
  status = idx_read(&from, t);
  stream_close(&from, false);
  return status;
}

moth_status moth_read_idx(moth *m, const char *path, moth_tensor **t) {
  moth_status status = context_check(m, "idx");
  if (status) return status;
  if (!path || !t) return context_fail(m, MOTH_MISUSE, "idx", "needs a path and a place for the result");
  return context_within(m, read_file(m, path, t), "idx");
}

static int64_t label_at(const moth_tensor *labels, int64_t row) {
  return labels->dtype == MOTH_U8 ? ((const uint8_t *)labels->values)[row] : ((const int64_t *)labels->values)[row];
}

static moth_status name_classes(moth *m, dataset_source *source, int count) {
  source->classes = memory_new(m, (size_t)count, sizeof *source->classes);
  if (!source->classes) return m->status;
  source->class_count = count;
  for (int i = 0; i < count; i++) {
    char name[16];
    text_format(name, sizeof name, "%d", i);
    if (!(source->classes[i] = memory_text(m, name))) return m->status;
  }
  return MOTH_OK;
}

/* Files number from 0, y from the index base. */
static moth_status take_labels(moth *m, const char *path, const moth_tensor *labels, dataset_source *source) {
  if (labels->rank != 1 || (labels->dtype != MOTH_U8 && labels->dtype != MOTH_I64)) {
    return context_fail(m, MOTH_FORMAT, "idx", "%s holds %s; labels are whole numbers along one axis", path, tensor_text(labels).text);
  }
  if (labels->size[0] != source->rows) {
    return context_fail(m, MOTH_SHAPE, "idx", "%s has %lld images, %s has %lld labels", source->name, (long long)source->rows, path,
                        (long long)labels->size[0]);
  }
  moth_tensor *y = NULL;
  moth_status status = tensor_new(m, "idx", MOTH_I64, 1, &source->rows, false, &y);
  if (status) return status;
  int64_t most = -1;
  for (int64_t row = 0; row < source->rows && !status; row++) {
    int64_t label = label_at(labels, row);
    if (label < 0 || label >= MOST_LABELS) {
      status = context_fail(m, MOTH_DATA, "idx", "label %lld in row %lld of %s; labels count from 0 to at most %d", (long long)label,
                            (long long)(row + m->index_base), path, MOST_LABELS - 1);
    } else {
      ((int64_t *)y->values)[row] = label + m->index_base;
      if (label > most) most = label;
    }
  }
  if (!status) status = dataset_column_open(m, "idx", y, 1, &source->y);
  object_release(&y->base);
  source->has_y = source->y_is_classes = status == MOTH_OK;
  return status ? status : name_classes(m, source, (int)most + 1);
}

static moth_status take_images(moth *m, const char *path, moth_tensor *images, const options *o, dataset_source *source) {
  if (images->rank == 0) return context_fail(m, MOTH_FORMAT, "idx", "%s holds one value; images need an axis of rows", path);
  source->rows = images->size[0];
  if (!(source->name = memory_text(m, path))) return m->status;
  double scale = images->dtype == MOTH_U8 ? 1.0 / 255 : 1;
  if (options_is_set(o, IDX_SCALE)) scale = options_real(o, IDX_SCALE);
  return dataset_column_open(m, "idx", images, scale, &source->x);
}

static moth_status fill(moth *m, const char *path, const options *o, dataset_source *source) {
  moth_tensor *images = NULL, *labels = NULL;
  const char *labels_path = options_word(o, IDX_LABELS);
  moth_status status = read_file(m, path, &images);
  if (!status) status = take_images(m, path, images, o, source);
  if (!status && labels_path) status = read_file(m, labels_path, &labels);
  if (!status && labels_path) status = take_labels(m, labels_path, labels, source);
  if (images) object_release(&images->base);
  if (labels) object_release(&labels->base);
  return status;
}

static moth_status read_set(moth *m, const char *path, const moth_option *given, moth_dataset **data) {
  options o = { 0 };
  moth_status status = options_read(m, NULL, &reader_idx.row, given, &o);
  if (status) return status;
  dataset_source *source = dataset_source_new(m);
  status = source ? fill(m, path, &o, source) : m->status;
  if (!status) status = dataset_publish(m, source, data);
  dataset_source_release(source);
  options_free(m, &o);
  return context_within(m, status, "idx");
}

const reader_class reader_idx = {
  .row = { .name = "idx",
           .doc = "Images and labels in IDX files, as MNIST comes; .gz too.\n"
                  "x is [images, rows, columns] of bytes, divided by 255 when a batch is gathered; a net with input = rows * columns\n"
                  "takes them. y holds class numbers, the classes are \"0\", \"1\" … up to the largest label.",
           .options = idx_options,
           .option_count = IDX_OPTIONS,
           .example = "local path = os.tmpname(); local file = io.open(path, \"wb\"); file:write(\"\\0\\0\\8\\1\\0\\0\\0\\3\\1\\2\\3\"); "
                      "file:close(); print(moth.idx(path)); os.remove(path)",
           .foreign = "mnist ubyte" },
  .read = read_set,
};
