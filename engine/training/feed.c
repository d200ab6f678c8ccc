#include "training/feed.h"

#include <assert.h>

#include "core/memory.h"
#include "core/text.h"
#include "metrics/metric.h"

/* ---- Checks ---- */

/* The stored column as the rows of this view: only its shape and dtype are looked at. */
static moth_tensor shown_column(const moth_dataset *data, const dataset_column *column) {
  moth_tensor shown = *column->values;
  if (shown.rank > 0) shown.size[0] = data->rows;
  return shown;
}

static void describe_setting(const feed *self, const feed_names *names, const moth_net *net, char *last, size_t last_size, char *target,
                             size_t target_size, loss_setting *setting) {
  const moth_tensor *y = self->data->source->y.values;
  network_last_layer_text(net, last, last_size);
  text_format(target, target_size, "%s.y", names->data);
  *setting = (loss_setting){
    .where = names->where, .activation = network_last_activation(net), .last = last, .dtype = y->dtype,
    .target = shape_of(y->rank - 1, y->size + 1), .prediction = net->output, .rows = self->data->rows, .target_name = target,
    .prediction_dtype = net->dtype,
  };
}

static int64_t output_count(const moth_net *net) {
  int64_t count = 1;
  for (int i = 0; i < net->output.rank; i++) count *= net->output.size[i];
  return count;
}

/* Class numbers of all rows, as the script sees them, against how many the outputs tell apart. */
static moth_status check_labels(const feed *self, const loss_setting *setting, int64_t classes) {
  moth *m = self->m;
  const moth_dataset *data = self->data;
  int64_t *labels = memory_new(m, (size_t)data->rows, sizeof *labels);
  if (labels == NULL) return context_within(m, m->status, setting->where);
  dataset_gather(data, &data->source->y, NULL, 0, data->rows, MOTH_I64, false, labels);
  moth_status status = loss_check_classes(m, setting->where, setting->target_name, setting->last, labels, data->rows, classes);
  memory_free(m, labels, (size_t)data->rows, sizeof *labels);
  return status;
}

/* Values of all rows, where the loss asks anything of them beyond being finite. */
static moth_status check_values(const feed *self, const loss_setting *setting, const moth_part *loss) {
  moth *m = self->m;
  const moth_dataset *data = self->data;
  if (!((const loss_class *)loss->row)->takes_shares) return MOTH_OK;
  int64_t columns = data->source->y.features;
  size_t bytes;
  if (!memory_product((size_t)data->rows, (size_t)columns * dtype_size(self->dtype), &bytes)) bytes = SIZE_MAX;
  void *values = memory_aligned(m, bytes, false);
  if (values == NULL) return context_within(m, m->status, setting->where);
  dataset_gather(data, &data->source->y, NULL, 0, data->rows, self->dtype, false, values);
  moth_status status = loss_check_targets(m, loss, setting->where, setting->target_name, self->dtype, values, data->rows, columns);
  memory_aligned_free(m, values, bytes);
  return status;
}

static moth_status check_targets(feed *self, const feed_names *names, const moth_net *net, const moth_part *loss) {
  const dataset_source *source = self->data->source;
  if (!source->has_y) return context_fail(self->m, MOTH_DATA, names->where, "%s has no y: nothing to compare outputs with", names->data);
  char last[256], target[128];
  loss_setting setting;
  describe_setting(self, names, net, last, sizeof last, target, sizeof target, &setting);
  int64_t columns = output_count(net);
  if (loss != NULL) {
    moth_status status = ((const loss_class *)loss->row)->check(self->m, loss, &setting, &self->classes);
    if (status != MOTH_OK) return status;
  } else {
    self->classes = source->y_is_classes || (setting.dtype == MOTH_I64 && setting.target.rank == 0);
  }
  self->y_features = self->classes ? 1 : source->y.features;
  self->class_count = loss != NULL ? loss_class_count(loss, columns) : columns == 1 ? 2 : columns;
  if (self->classes) return check_labels(self, &setting, self->class_count);
  if (self->y_features == columns) return loss != NULL ? check_values(self, &setting, loss) : MOTH_OK;
  return context_fail(self->m, MOTH_SHAPE, names->where, "%s has %lld value%s a row, the net gives %lld", target,
                      (long long)self->y_features, self->y_features == 1 ? "" : "s", (long long)columns);
}

moth_status feed_open(moth *m, const feed_names *names, const moth_net *net, const moth_dataset *data, const moth_part *loss, feed *self) {
  const dataset_source *source = data->source;
  *self = (feed) {
    .m = m, .names = names, .data = data, .dtype = net->dtype, .index_input = net->index_input, .x_features = source->x.features
  };
  moth_status status = dataset_check_rows(m, names->where, data, names->data);
  if (status != MOTH_OK) return status;
  char x_name[128];
  text_format(x_name, sizeof x_name, "%s.x", names->data);
  moth_tensor shown = shown_column(data, &source->x);
  status = network_check_input(m, net, names->where, x_name, &shown);
  if (status == MOTH_OK) status = check_targets(self, names, net, loss);
  if (status == MOTH_OK) status = dataset_check_finite(m, names->where, data, names->data);
  return status;
}

static moth_status check_loss(const feed *self, const feed_names *names, const moth_net *net, const moth_part *part) {
  char last[256], target[128];
  loss_setting setting;
  bool classes = false;
  describe_setting(self, names, net, last, sizeof last, target, sizeof target, &setting);
  moth_status status = ((const loss_class *)part->row)->check(self->m, part, &setting, &classes);
  if (status == MOTH_OK && classes == self->classes) return classes ? MOTH_OK : check_values(self, &setting, part);
  if (status != MOTH_OK) return status;
  return context_fail(self->m, MOTH_DTYPE, names->where, "%s reads %s as %s, the loss as %s", part->row->name, target,
                      classes ? "class numbers" : "values", self->classes ? "class numbers" : "values");
}

moth_status feed_check_part(const feed *self, const feed_names *names, const moth_net *net, const moth_part *part) {
  if (part->kind == MOTH_LOSS) return check_loss(self, names, net, part);
  const metric_class *class = (const metric_class *)part->row;
  return class->check != NULL ? class->check(self->m, names->where, part, output_count(net), self->classes) : MOTH_OK;
}

/* ---- Values ---- */

static moth_dtype target_dtype(const feed *self) { return self->classes ? MOTH_I64 : self->dtype; }

/* The stored values, where they are what is wanted, row by row. */
static const char *stored_in_place(const feed *self, const dataset_column *column, moth_dtype dtype, bool classes) {
  const moth_tensor *values = column->values;
  bool fits = self->data->order == NULL && column->scale == 1 && values->dtype == dtype && tensor_is_contiguous(values);
  return fits && !classes ? values->values : NULL; /* classes are looked at as they are gathered */
}

static void find_in_place(feed *self) {
  const dataset_source *source = self->data->source;
  self->x = stored_in_place(self, &source->x, self->index_input ? MOTH_I64 : self->dtype, self->index_input);
  self->y = source->has_y ? stored_in_place(self, &source->y, target_dtype(self), self->classes) : NULL;
  self->weight = source->has_weight ? (const double *)stored_in_place(self, &source->weight, MOTH_F64, false) : NULL;
}

moth_status feed_reserve(feed *self, int64_t rows, bool targets) {
  moth *m = self->m;
  find_in_place(self);
  if (self->data->source->has_weight) {
    self->weights = memory_new(m, (size_t)rows, sizeof *self->weights);
    if (self->weights == NULL) return m->status;
    self->weight_room = rows;
  }
  if (!targets) return MOTH_OK;
  size_t bytes;
  if (!memory_product((size_t)rows, (size_t)self->y_features * dtype_size(target_dtype(self)), &bytes)) bytes = SIZE_MAX;
  self->targets = memory_aligned(m, bytes, false);
  if (self->targets == NULL) return m->status;
  self->target_bytes = bytes;
  return MOTH_OK;
}

/* Indices out of range would be read out of bounds. */
static void check_gathered(feed *self, int64_t *labels, int64_t rows) {
  for (int64_t i = 0; i < rows; i++) {
    if (labels[i] >= 0 && labels[i] < self->class_count) continue;
    labels[i] = 0;
    atomic_store_explicit(&self->has_strayed, true, memory_order_relaxed);
  }
}

moth_status feed_settle(feed *self) {
  if (!atomic_load_explicit(&self->has_strayed, memory_order_relaxed)) return MOTH_OK;
  atomic_store_explicit(&self->has_strayed, false, memory_order_relaxed);
  return context_fail(self->m, MOTH_INDEX, self->names->where, "%s.y was changed meanwhile: a label is no class any more",
                      self->names->data);
}

static moth_status prepare_column(feed *self, const dataset_column *column, moth_dtype dtype, bool classes, int64_t features, void **own,
                                  size_t *own_bytes, const char **values) {
  if (*values != NULL) return MOTH_OK;
  size_t bytes;
  if (!memory_product((size_t)self->data->rows, (size_t)features * dtype_size(dtype), &bytes)) bytes = SIZE_MAX;
  *own = memory_aligned(self->m, bytes, false);
  if (*own == NULL) return self->m->status;
  *own_bytes = bytes;
  dataset_gather(self->data, column, NULL, 0, self->data->rows, dtype, classes, *own);
  *values = *own;
  return MOTH_OK;
}

moth_status feed_prepare(feed *self) {
  const dataset_source *source = self->data->source;
  moth_status status = prepare_column(self, &source->x, self->index_input ? MOTH_I64 : self->dtype, self->index_input, self->x_features,
                                      &self->own_x, &self->own_x_bytes, &self->x);
  if (status != MOTH_OK || !source->has_y) return status;
  return prepare_column(self, &source->y, target_dtype(self), self->classes, self->y_features, &self->own_y, &self->own_y_bytes, &self->y);
}

void feed_close(feed *self) {
  moth *m = self->m;
  if (m == NULL) return;
  memory_aligned_free(m, self->own_x, self->own_x_bytes);
  memory_aligned_free(m, self->own_y, self->own_y_bytes);
  memory_aligned_free(m, self->targets, self->target_bytes);
  memory_free(m, self->weights, (size_t)self->weight_room, sizeof *self->weights);
  *self = (feed){ .m = NULL };
}

/* ---- Batches ---- */

static void gather_x(const void *data, int64_t row, int64_t rows, void *out) {
  const feed *self = data;
  dataset_gather(self->data, &self->data->source->x, self->order, self->first + row, rows, self->index_input ? MOTH_I64 : self->dtype,
                 self->index_input, out);
}

static void gather_y(const void *data, int64_t row, int64_t rows, void *out) {
  const feed *self = data;
  dataset_gather(self->data, &self->data->source->y, self->order, self->first + row, rows, target_dtype(self), self->classes, out);
  if (self->classes) check_gathered((feed *)self, out, rows); /* the flag alone changes, on any worker */
}

static const double *batch_weights(feed *self, int64_t first, int64_t rows) {
  if (self->weight != NULL && self->order == NULL) return self->weight + first;
  if (self->weights == NULL) return NULL;
  assert(rows <= self->weight_room);
  dataset_gather(self->data, &self->data->source->weight, self->order, first, rows, MOTH_F64, false, self->weights);
  return self->weights;
}

void feed_batch(feed *self, int64_t first, int64_t rows, plan_source *x, plan_targets *targets) {
  self->first = first;
  *x = (plan_source){ .gather = gather_x, .data = self };
  *targets = (plan_targets){ .source = { .gather = gather_y, .data = self }, .classes = self->classes };
  if (self->order == NULL) {
    if (self->x != NULL) x->values = self->x + (size_t)(first * self->x_features) * dtype_size(self->index_input ? MOTH_I64 : self->dtype);
    if (self->y != NULL) targets->source.values = self->y + (size_t)(first * self->y_features) * dtype_size(target_dtype(self));
  }
  targets->weights = batch_weights(self, first, rows);
}

void feed_targets(feed *self, int64_t rows, plan_targets *targets) {
  if (targets->source.values != NULL) return;
  assert(self->targets != NULL);
  gather_y(self, 0, rows, self->targets);
  targets->source.values = self->targets;
}
