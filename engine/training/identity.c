#include "training/identity.h"

#include <string.h>

#include "core/memory.h"
#include "core/text.h"

void identity_open(identity *self, moth *m) { *self = (identity){ .m = m }; }

void identity_close(identity *self) {
  for (int64_t i = 0; i < self->count; i++) {
    memory_text_free(self->m, self->keys[i]);
    memory_text_free(self->m, self->texts[i]);
  }
  memory_resize(self->m, self->keys, (size_t)self->key_capacity * sizeof *self->keys, 0);
  memory_resize(self->m, self->texts, (size_t)self->text_capacity * sizeof *self->texts, 0);
  *self = (identity){ .m = self->m };
}

void identity_add(identity *self, const char *key, const char *text) {
  moth *m = self->m;
  if (self->status != MOTH_OK) return;
  self->status = memory_grow(m, &self->keys, &self->key_capacity, self->count + 1, sizeof *self->keys);
  if (self->status == MOTH_OK) self->status = memory_grow(m, &self->texts, &self->text_capacity, self->count + 1, sizeof *self->texts);
  if (self->status != MOTH_OK) return;
  char *key_copy = memory_text(m, key), *text_copy = key_copy != NULL ? memory_text(m, text) : NULL;
  if (text_copy == NULL) {
    self->status = m->status;
    memory_text_free(m, key_copy);
    return;
  }
  self->keys[self->count] = key_copy;
  self->texts[self->count] = text_copy;
  self->count++;
}

static void add_number(identity *self, const char *key, double value) {
  char text[64];
  text_number(text, sizeof text, value);
  identity_add(self, key, text);
}

/* A component's text may be of any length. */
static void add_part(identity *self, const char *key, const moth_part *part, const char *tail) {
  moth *m = self->m;
  size_t length = moth_part_text(part, NULL, 0), size = length + strlen(tail) + 1;
  char *text = memory_new(m, size, 1);
  if (text == NULL) {
    if (self->status == MOTH_OK) self->status = m->status;
    return;
  }
  moth_part_text(part, text, length + 1);
  strcpy(text + length, tail);
  identity_add(self, key, text);
  memory_free(m, text, size, 1);
}

static void add_net(identity *self, const moth_net *net) {
  char text[256], key[64];
  tensor_words input = tensor_shape_text(net->dtype, net->input.rank, net->input.size);
  identity_add(self, "input", input.text);
  text_format(text, sizeof text, "%d", net->layer_count);
  identity_add(self, "number of layers", text);
  for (int i = 0; i < net->layer_count; i++) {
    text_format(key, sizeof key, "layer %d", i + 1);
    add_part(self, key, net->layers[i].part, net->layers[i].frozen ? " (frozen)" : "");
  }
}

static void add_column(identity *self, const char *data, const char *column, int64_t rows, const dataset_column *values) {
  char key[96];
  int64_t size[MOTH_MAX_RANK];
  text_format(key, sizeof key, "%s.%s", data, column);
  memcpy(size, values->values->size, sizeof size);
  size[0] = rows;
  tensor_words text = tensor_shape_text(values->values->dtype, values->values->rank, size);
  identity_add(self, key, text.text);
}

static void add_data(identity *self, const char *name, const moth_dataset *data) {
  if (data == NULL) {
    identity_add(self, name, "none");
    return;
  }
  const dataset_source *source = data->source;
  add_column(self, name, "x", data->rows, &source->x);
  if (source->has_y) add_column(self, name, "y", data->rows, &source->y);
  if (source->has_weight) add_column(self, name, "weight", data->rows, &source->weight);
  char hash[32];
  text_format(hash, sizeof hash, "values %016llx", (unsigned long long)dataset_hash(data));
  identity_add(self, name, hash);
}

static void add_metrics(identity *self, const moth_trainer *trainer) {
  for (int i = 0; i < trainer->metric_count; i++) {
    char key[32];
    text_format(key, sizeof key, "metric %d", i + 1);
    const moth_part *part = trainer->metrics[i].part;
    if (trainer_metric_is_called(part)) identity_add(self, key, trainer_metric_name(part));
    else add_part(self, key, part, "");
  }
  add_number(self, "number of metrics", trainer->metric_count);
}

static void add_clip(identity *self, const moth_trainer *trainer) {
  char text[128];
  const moth_clip *clip = &trainer->clip;
  if (clip->norm > 0) text_format(text, sizeof text, "norm %.17g of order %.17g", clip->norm, clip->order);
  else if (clip->value > 0) text_format(text, sizeof text, "value %.17g", clip->value);
  else text_format(text, sizeof text, "none");
  identity_add(self, "clip", text);
}

void identity_of(const moth_trainer *trainer, identity *self) {
  const options *o = &trainer->options;
  add_net(self, trainer->net);
  add_part(self, "loss", trainer->loss, "");
  identity_add(self, "optimizer", trainer->optimizer_text);
  if (trainer->schedule != NULL) add_part(self, "schedule", trainer->schedule, "");
  else identity_add(self, "schedule", trainer->lr_of.function != NULL ? "a function" : "none");
  add_metrics(self, trainer);
  add_number(self, "batch", (double)trainer->batch);
  identity_add(self, "shuffle", trainer->shuffles ? "true" : "false");
  identity_add(self, "drop_last", options_flag(o, TRAIN_DROP_LAST) ? "true" : "false");
  if (options_is_set(o, TRAIN_SEED)) {
    char seed[32];
    text_format(seed, sizeof seed, "%lld", (long long)options_int(o, TRAIN_SEED));
    identity_add(self, "seed", seed);
  } else {
    identity_add(self, "seed", "drawn");
  }
  if (trainer->patience > 0) add_number(self, "patience", (double)trainer->patience);
  else identity_add(self, "patience", "none");
  identity_add(self, "monitor", trainer->run->columns[trainer->monitor].name);
  identity_add(self, "mode", trainer->maximizes ? "max" : "min");
  add_number(self, "min_delta", trainer->min_delta);
  add_clip(self, trainer);
  add_number(self, "l2", trainer->job.penalties.l2);
  identity_add(self, "on_nan", options_word(o, TRAIN_ON_NAN));
  add_data(self, "data", trainer->data);
  add_data(self, "validation", trainer->validation);
}

static const char *text_of(const safetensors_file *file, const char *key) {
  const char *text = safetensors_metadata(file, key);
  return text != NULL ? text : "none";
}

moth_status identity_compare(const identity *self, const safetensors_file *file, const char *name) {
  moth *m = self->m;
  for (int64_t i = 0; i < self->count; i++) {
    const char *was = text_of(file, self->keys[i]), *is = self->texts[i], *key = self->keys[i];
    if (strcmp(was, is) == 0) continue;
    if (strncmp(was, "values ", 7) == 0 && strncmp(is, "values ", 7) == 0) {
      return context_fail(m, MOTH_OPTION, "train", "%s belongs to another run: %s holds other values", name, key);
    }
    return context_fail(m, MOTH_OPTION, "train", "%s belongs to another run: %s was %s, is %s", name, key, was, is);
  }
  /* What the file says beyond that: a layer, a metric or a column more; the counts above have told of the first two. */
  for (int i = 0; i < file->metadata_count; i++) {
    const char *key = file->keys[i];
    if (strcmp(key, "moth") == 0) continue;
    bool known = false;
    for (int64_t j = 0; !known && j < self->count; j++) known = strcmp(self->keys[j], key) == 0;
    if (!known) return context_fail(m, MOTH_OPTION, "train", "%s belongs to another run: %s was %s, is none", name, key, file->texts[i]);
  }
  return MOTH_OK;
}
