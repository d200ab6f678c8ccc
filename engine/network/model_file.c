/* Model files: safetensors whose tensors are the parameters as scripts see them ("1.weight" is [outputs, inputs]) and the buffers, and whose
 * metadata holds the architecture (model.h). Names count the script's layers from 1. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "formats/formats.h"
#include "network/build.h"
#include "network/model.h"

/* ---- What a file of this net holds ---------------------------------------------------------------------------------------------------- */

typedef struct model_name { char text[NETWORK_PATH + 64]; } model_name;

/* One parameter or buffer: where it lies in which of the two vectors. */
typedef struct model_item {
  const layer_node *node;
  bool is_buffer;
  int64_t offset;
  int rank;
  const int64_t *size;
  int64_t strides[MOTH_MAX_RANK];
  model_name name;
} model_item;

static int64_t count_items(const moth_net *net) {
  int64_t count = 0;
  for (int i = 0; i < net->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    if (node->owner != i) continue;
    count += node->buffer_count;
    for (int b = 0; b < node->block_count; b++) count += node->blocks[b].view_count;
  }
  return count;
}

static void name_item(const moth_net *net, const layer_node *node, const char *name, model_item *item) {
  text_format(item->name.text, sizeof item->name.text, "%s.%s", net->paths[node->index].text, name);
}

static void list_items(const moth_net *net, model_item *items) {
  for (int i = 0; i < net->node_count; i++) {
    const layer_node *node = &net->nodes[i];
    if (node->owner != i) continue;
    for (int b = 0; b < node->block_count; b++) {
      for (int v = 0; v < node->blocks[b].view_count; v++) {
        const parameter_view *view = &node->blocks[b].views[v];
        *items = (model_item){ .node = node, .offset = node->blocks[b].offset + view->offset, .rank = view->rank, .size = view->size };
        for (int k = 0; k < view->rank; k++) items->strides[k] = view->strides[k];
        name_item(net, node, view->name, items++);
      }
    }
    for (int b = 0; b < node->buffer_count; b++) {
      const layer_buffer *buffer = &node->buffers[b];
      *items = (model_item){ .node = node, .is_buffer = true, .offset = buffer->offset, .rank = buffer->rank, .size = buffer->size };
      shape_strides(buffer->rank, buffer->size, items->strides);
      name_item(net, node, buffer->name, items++);
    }
  }
}

static moth_status view_item(moth *m, const model_item *item, moth_tensor *parameters, moth_tensor *buffers, moth_tensor **view) {
  moth_tensor *vector = item->is_buffer ? buffers : parameters;
  return tensor_view(m, vector, vector->values + (size_t)item->offset * dtype_size(vector->dtype), item->rank, item->size, item->strides, view);
}

/* ---- Saving --------------------------------------------------------------------------------------------------------------------------- */

typedef struct saving { model_item *items; safetensors_entry *entries; moth_tensor **views; size_t count; } saving;

static void end_saving(moth *m, saving *s) {
  for (size_t i = 0; i < s->count && s->views != NULL; i++) moth_release(s->views[i]);
  memory_free(m, s->items, s->count, sizeof *s->items);
  memory_free(m, s->entries, s->count, sizeof *s->entries);
  memory_free(m, s->views, s->count, sizeof *s->views);
}

static moth_status begin_saving(moth *m, const moth_net *net, saving *s) {
  *s = (saving){ .count = (size_t)count_items(net) };
  s->items = memory_new(m, s->count, sizeof *s->items);
  if (s->items != NULL) s->entries = memory_new(m, s->count, sizeof *s->entries);
  if (s->entries != NULL) s->views = memory_new(m, s->count, sizeof *s->views);
  if (s->views == NULL) return m->status;
  list_items(net, s->items);
  for (size_t i = 0; i < s->count; i++) {
    const model_item *item = &s->items[i];
    moth_status status = view_item(m, item, net->parameters, net->buffers, &s->views[i]);
    if (status != MOTH_OK) return status;
    s->entries[i] = (safetensors_entry){ .name = item->name.text, .dtype = net->dtype, .rank = item->rank, .values = s->views[i] };
    for (int k = 0; k < item->rank; k++) s->entries[i].size[k] = item->size[k];
  }
  return MOTH_OK;
}

static moth_status write_model(moth *m, const moth_net *net, stream *to) {
  char *text = NULL;
  saving s = { 0 };
  moth_status status = model_architecture(m, "save", net, &text);
  if (status == MOTH_OK) status = begin_saving(m, net, &s);
  const char *key = MODEL_KEY, *value = text;
  if (status == MOTH_OK) status = safetensors_write(to, s.entries, (int)s.count, &key, &value, 1);
  end_saving(m, &s);
  free(text);
  return context_within(m, status, "save");
}

moth_status moth_net_save(moth *m, const moth_net *net, const char *path) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, "save", "argument 1");
  if (status != MOTH_OK) return status;
  if (path == NULL) return context_fail(m, MOTH_MISUSE, "save", "no path given");
  stream to;
  status = stream_create(m, "save", path, &to);
  if (status != MOTH_OK) return status;
  status = write_model(m, net, &to);
  moth_status closed = stream_close(&to, status == MOTH_OK);
  return status != MOTH_OK ? status : closed;
}

moth_status moth_net_save_bytes(moth *m, const moth_net *net, void **bytes, size_t *size) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, "save", "argument 1");
  if (status != MOTH_OK) return status;
  if (bytes == NULL || size == NULL) return context_fail(m, MOTH_MISUSE, "save", "no place for the result");
  stream to;
  status = stream_create_bytes(m, "save", &to);
  if (status != MOTH_OK) return status;
  status = write_model(m, net, &to);
  if (status == MOTH_OK) status = stream_take(&to, bytes, size);
  stream_close(&to, false);
  return status;
}

/* ---- Loading -------------------------------------------------------------------------------------------------------------------------- */

typedef struct loading {
  moth *m;
  const char *name;              /* of the file */
  const moth_net *net;
  const safetensors_file *file;
  model_item *items;
  int *found;                    /* an item's place in the file, or -1 */
  size_t count;
} loading;

static moth_status misfit(const loading *l, const model_item *item, const moth_tensor *t) {
  char part[160], wants[224];
  moth_part_text(item->node->part, part, sizeof part);
  tensor_words shape = tensor_shape_text(l->net->dtype, item->rank, item->size);
  text_format(wants, sizeof wants, "layer %d %s wants %s", item->node->number, part, shape.text);
  if (t == NULL) return context_fail(l->m, MOTH_FORMAT, "load", "%s: '%s' is missing, %s", l->name, item->name.text, wants);
  return context_fail(l->m, MOTH_SHAPE, "load", "%s: '%s' is %s, %s", l->name, item->name.text, tensor_text(t).text, wants);
}

/* Files of ours hold the items in order: the place after the last one is looked at first. */
static int find_name(const safetensors_file *file, const char *name, int from) {
  for (int i = 0; i < file->count; i++) {
    int at = (from + i) % file->count;
    if (strcmp(file->names[at], name) == 0) return at;
  }
  return -1;
}

static moth_status match_items(loading *l, bool partial) {
  const safetensors_file *file = l->file;
  int64_t matched = 0;
  for (size_t i = 0, from = 0; i < l->count; i++) {
    const model_item *item = &l->items[i];
    int at = l->found[i] = file->count == 0 ? -1 : find_name(file, item->name.text, (int)from);
    if (at < 0 && partial) continue;
    const moth_tensor *t = at < 0 ? NULL : file->tensors[at];
    if (t == NULL || !dtype_is_real(t->dtype) || !shape_equal(t->rank, t->size, item->rank, item->size)) return misfit(l, item, t);
    from = (size_t)at + 1;
    matched++;
  }
  if (partial && matched == 0 && l->count > 0) {
    return context_fail(l->m, MOTH_FORMAT, "load", "%s: none of its %d tensors has the name of a parameter of this net", l->name, file->count);
  }
  if (partial || matched == file->count) return MOTH_OK;
  for (int t = 0; t < file->count; t++) {
    size_t i = 0;
    while (i < l->count && l->found[i] != t) i++;
    if (i == l->count) return context_fail(l->m, MOTH_FORMAT, "load", "%s: '%.200s' belongs to no layer of the net", l->name, file->names[t]);
  }
  return MOTH_OK;
}

static moth_status begin_loading(loading *l, bool partial) {
  l->count = (size_t)count_items(l->net);
  l->items = memory_new(l->m, l->count, sizeof *l->items);
  if (l->items != NULL) l->found = memory_new(l->m, l->count, sizeof *l->found);
  if (l->found == NULL) return l->m->status;
  list_items(l->net, l->items);
  return match_items(l, partial);
}

static void end_loading(loading *l) {
  memory_free(l->m, l->items, l->count, sizeof *l->items);
  memory_free(l->m, l->found, l->count, sizeof *l->found);
}

static moth_status copy_items(const loading *l, moth_tensor *parameters, moth_tensor *buffers) {
  for (size_t i = 0; i < l->count; i++) {
    moth_tensor *view;
    if (l->found[i] < 0) continue;
    moth_status status = view_item(l->m, &l->items[i], parameters, buffers, &view);
    if (status != MOTH_OK) return status;
    status = tensor_copy(l->m, "load", l->file->tensors[l->found[i]], view);
    moth_release(view);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

/* Values are read beside the net's own, and put in place once nothing can fail any more. */
static moth_status replace_values(const loading *l, moth_net *net) {
  moth *m = l->m;
  moth_tensor *parameters = NULL, *buffers = NULL;
  size_t element = dtype_size(net->dtype);
  moth_status status = tensor_new(m, "load", net->dtype, 1, &net->parameter_count, false, &parameters);
  if (status == MOTH_OK) status = tensor_new(m, "load", net->dtype, 1, &net->buffer_count, false, &buffers);
  if (status == MOTH_OK) status = tensor_copy(m, "load", net->parameters, parameters);
  if (status == MOTH_OK) status = tensor_copy(m, "load", net->buffers, buffers);
  if (status == MOTH_OK) status = copy_items(l, parameters, buffers);
  if (status == MOTH_OK && net->parameter_count > 0) {
    memcpy(net->parameters->values, parameters->values, (size_t)net->parameter_count * element);
  }
  if (status == MOTH_OK && net->buffer_count > 0) memcpy(net->buffers->values, buffers->values, (size_t)net->buffer_count * element);
  moth_release(parameters);
  moth_release(buffers);
  return status;
}

/* The net of a file: its architecture is compared with the file's tensors before memory is taken for parameters. */
static moth_status open_file(moth *m, const char *name, const safetensors_file *file, moth_net **out) {
  const char *text = safetensors_metadata(file, MODEL_KEY);
  if (text == NULL) {
    context_fail(m, MOTH_FORMAT, "load", "%s: no architecture in its metadata", name);
    return context_hint(m, "build the net, then net:load(path) takes the weights of such a file");
  }
  char where[512];
  text_format(where, sizeof where, "load: %.400s", name);
  moth_net *net;
  moth_status status = model_read(m, where, text, &net);
  if (status != MOTH_OK) return status;
  loading l = { .m = m, .name = name, .net = net, .file = file };
  status = begin_loading(&l, false);
  if (status == MOTH_OK) status = network_allocate(m, net);
  if (status == MOTH_OK) status = copy_items(&l, net->parameters, net->buffers);
  end_loading(&l);
  if (status == MOTH_OK) {
    random_source source = { .seed = random_key(&m->random) };
    net->key = random_key(&source);
    *out = net;
  } else {
    moth_release(net);
  }
  return context_within(m, status, "load");
}

static moth_status open_stream(moth *m, stream *from, moth_net **net) {
  safetensors_file file = { 0 };
  moth_status status = safetensors_read(from, &file);
  if (status != MOTH_OK) return status;
  status = open_file(m, from->name, &file, net);
  safetensors_free(&file);
  return status;
}

moth_status moth_net_open(moth *m, const char *path, moth_net **net) {
  moth_status status = context_check(m, "load");
  if (status != MOTH_OK) return status;
  if (path == NULL || net == NULL) return context_fail(m, MOTH_MISUSE, "load", "path and result must be given");
  stream from;
  status = stream_open(m, "load", path, UINT64_MAX, &from);
  if (status != MOTH_OK) return status;
  status = open_stream(m, &from, net);
  stream_close(&from, false);
  return status;
}

moth_status moth_net_open_bytes(moth *m, const void *bytes, size_t size, moth_net **net) {
  moth_status status = context_check(m, "load");
  if (status != MOTH_OK) return status;
  if (bytes == NULL || net == NULL) return context_fail(m, MOTH_MISUSE, "load", "bytes and result must be given");
  stream from;
  stream_open_bytes(m, "load", "model", bytes, size, &from);
  status = open_stream(m, &from, net);
  stream_close(&from, false);
  return status;
}

moth_status moth_net_load(moth *m, moth_net *net, const char *path, bool partial) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, "load", "argument 1");
  if (status != MOTH_OK) return status;
  if (path == NULL) return context_fail(m, MOTH_MISUSE, "load", "no path given");
  stream from;
  status = stream_open(m, "load", path, UINT64_MAX, &from);
  if (status != MOTH_OK) return status;
  safetensors_file file = { 0 };
  status = safetensors_read(&from, &file);
  loading l = { .m = m, .name = path, .net = net, .file = &file };
  if (status == MOTH_OK) {
    status = context_within(m, begin_loading(&l, partial), "load");
    if (status == MOTH_OK) status = context_within(m, replace_values(&l, net), "load");
    end_loading(&l);
  }
  safetensors_free(&file);
  stream_close(&from, false);
  return status;
}
