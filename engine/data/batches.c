/* Batches of a data set, one after the other, as tensors of the caller's own. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/random.h"
#include "data/dataset.h"

enum { BATCHES_SIZE, BATCHES_SHUFFLE, BATCHES_SEED, BATCHES_DROP_LAST, BATCHES_DTYPE, BATCHES_OPTIONS };

static const moth_option_row batches_options[BATCHES_OPTIONS] = {
  [BATCHES_SIZE] = { .key = "size", .doc = "rows of a batch; the last may have fewer", .kinds = MOTH_OPTION_INT, .position = 1,
                     .flags = MOTH_RANGED, .low = 1, .high = INFINITY, .fallback = MOTH_INT(NULL, 32), .foreign = "batch_size batch" },
  [BATCHES_SHUFFLE] = { .key = "shuffle", .doc = "rows at random", .kinds = MOTH_OPTION_FLAG, .fallback = MOTH_FLAG(NULL, false) },
  [BATCHES_SEED] = { .key = "seed", .doc = "of the order; without it one draw of the default generator", .kinds = MOTH_OPTION_INT },
  [BATCHES_DROP_LAST] = { .key = "drop_last", .doc = "leaves out a last batch of fewer rows", .kinds = MOTH_OPTION_FLAG,
                          .fallback = MOTH_FLAG(NULL, false), .foreign = "drop_remainder" },
  [BATCHES_DTYPE] = { .key = "dtype", .doc = "of x, and of y unless y holds classes; without it bytes come as f32, all else as it is",
                      .kinds = MOTH_OPTION_TEXT, .choices = "f32 f64" },
};

const moth_row batches_row = {
  .name = "batches",
  .doc = "Iterates over a data set a batch at a time.\n"
         "x is [size, …], y likewise (class numbers i64[size]); a set without y gives x alone.",
  .options = batches_options,
  .option_count = BATCHES_OPTIONS,
  .example = "for x, y in moth.dataset{ moth.rand(8, 2), moth.rand(8, 1) }:batches{ size = 3, shuffle = true } do print(#x, #y) end",
  .foreign = "DataLoader dataloader",
};

struct moth_batches {
  object base;
  moth_dataset *data;            /* retained */
  int64_t size, next;
  bool drop_last;
  moth_dtype x_dtype, y_dtype;
  int64_t *order;                /* rows of data, [data->rows]; NULL: in order */
};

static void batches_destroy(object *self) {
  moth_batches *batches = (moth_batches *)self;
  if (!batches->data) return;
  memory_free(self->context, batches->order, (size_t)batches->data->rows, sizeof *batches->order);
  object_release(&batches->data->base);
}

static const object_class batches_class = {
  .kind = MOTH_BATCHES_OBJECT, .name = "batch iterator", .size = sizeof(moth_batches), .destroy = batches_destroy
};

static moth_status open_order(moth *m, moth_batches *batches, const options *o) {
  const moth_dataset *data = batches->data;
  if (!options_flag(o, BATCHES_SHUFFLE)) return MOTH_OK;
  batches->order = memory_new(m, (size_t)data->rows, sizeof *batches->order);
  if (!batches->order) return context_within(m, m->status, "batches");
  uint64_t key = options_is_set(o, BATCHES_SEED) ? (uint64_t)options_int(o, BATCHES_SEED) : random_key(&m->random);
  random_shuffle(key, 0, batches->order, data->rows);
  return MOTH_OK;
}

static moth_status open_batches(moth *m, const moth_dataset *data, const options *o, moth_batches **out) {
  moth_batches *batches = object_new(m, &batches_class);
  if (!batches) return context_within(m, m->status, "batches");
  batches->data = moth_retain((void *)data);
  batches->size = options_int(o, BATCHES_SIZE);
  batches->drop_last = options_flag(o, BATCHES_DROP_LAST);
  const dataset_source *source = data->source;
  batches->x_dtype = dataset_column_dtype(&source->x);
  if (source->has_y) batches->y_dtype = dataset_column_dtype(&source->y);
  const char *dtype = options_word(o, BATCHES_DTYPE);
  if (dtype) {
    moth_dtype_find(dtype, &batches->x_dtype);
    if (!source->y_is_classes) batches->y_dtype = batches->x_dtype;
  }
  moth_status status = open_order(m, batches, o);
  if (!status) *out = batches;
  else object_release(&batches->base);
  return status;
}

moth_status moth_dataset_batches(moth *m, const moth_dataset *data, const moth_option *given, moth_batches **batches) {
  moth_status status = object_check(m, data, MOTH_DATASET_OBJECT, "batches", "data");
  if (status) return status;
  if (!batches) return context_fail(m, MOTH_MISUSE, "batches", "no place for the result");
  options o = { 0 };
  status = options_read(m, NULL, &batches_row, given, &o);
  if (status) return status;
  status = open_batches(m, data, &o, batches);
  options_free(m, &o);
  return status;
}

static moth_status gather_column(moth *m, const moth_batches *batches, const dataset_column *column, moth_dtype dtype, int64_t rows,
                                 moth_tensor **t) {
  int64_t size[MOTH_MAX_RANK];
  memcpy(size, column->values->size, sizeof size);
  size[0] = rows;
  moth_tensor *made = NULL;
  moth_status status = tensor_new(m, "batches", dtype, column->values->rank, size, false, &made);
  if (status) return status;
  dataset_gather(batches->data, column, batches->order, batches->next, rows, dtype, false, made->values);
  *t = made;
  return MOTH_OK;
}

moth_status moth_batches_next(moth *m, moth_batches *batches, moth_tensor **x, moth_tensor **y) {
  moth_status status = object_check(m, batches, MOTH_BATCHES_OBJECT, "batches", "batches");
  if (!status) status = context_poll(m, "batches");
  if (status) return status;
  if (!x) return context_fail(m, MOTH_MISUSE, "batches", "no place for the result");
  const dataset_source *source = batches->data->source;
  int64_t left = batches->data->rows - batches->next, rows = left < batches->size ? left : batches->size;
  moth_tensor *made_x = NULL, *made_y = NULL;
  if (rows > 0 && !(batches->drop_last && rows < batches->size)) {
    status = gather_column(m, batches, &source->x, batches->x_dtype, rows, &made_x);
    if (!status && y && source->has_y) status = gather_column(m, batches, &source->y, batches->y_dtype, rows, &made_y);
    if (status) {
      if (made_x) object_release(&made_x->base);
      return status;
    }
    batches->next += rows;
  }
  *x = made_x;
  if (y) *y = made_y;
  return MOTH_OK;
}
