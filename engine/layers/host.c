/* A layer of the host's own, over tensors, as an ordinary row. Its functions see the whole batch on the calling thread. What they are
 * handed are tensors of their own, not windows on the plan's memory: one that the host keeps stays good, and a fresh one is made in its
 * place; one that it does not keep is used again, so that steps of one size allocate nothing here. */
#include <assert.h>
#include <string.h>

#include "core/catalog.h"
#include "core/memory.h"
#include "core/pool.h"
#include "core/text.h"
#include "layers/layer.h"

enum { MOST_PARAMETERS = LAYER_MAX_BLOCKS * LAYER_MAX_VIEWS };

/* The row of a host's class, as long as the context. */
typedef struct host_row {
  layer_class class;
  moth_layer_class given;
  size_t bytes;
  moth_option_row options[];     /* the host's, then LAYER_OPTIONS */
} host_row;

typedef struct host_state host_state;

/* One use in one plan: [0] predicting, [1] training. */
struct moth_layer {
  moth *m;
  host_state *state;
  layer_node *building;          /* in build, else NULL */
  const layer_node *node;
  const layer_run *run;          /* in forward and backward, else NULL */
  bool training, in_backward;
  moth_tensor *x, *y, *dy, *dx;
  moth_tensor *parameters[MOST_PARAMETERS];
  bool is_fresh[MOST_PARAMETERS];  /* copied in this call */
};

/* What a node holds. */
struct host_state {
  moth_shape in;
  int count;                     /* parameters */
  char *names[MOST_PARAMETERS];
  moth_option inits[MOST_PARAMETERS];
  moth_tensor *gradients[MOST_PARAMETERS];
  moth_layer uses[2];
};

static const host_row *row_of(const layer_node *node) { return (const host_row *)node->class; }

static parameter_block *block_of(layer_node *node, int parameter) { return &node->blocks[parameter / LAYER_MAX_VIEWS]; }

static const parameter_view *view_of(const layer_node *node, int parameter) {
  return &node->blocks[parameter / LAYER_MAX_VIEWS].views[parameter % LAYER_MAX_VIEWS];
}

/* ---- Calls of the host's functions ---- */

/* Before a call: no words yet, so that a failure without any can be told from one that came from a call of ours. */
static void expect(moth *m) {
  m->status = MOTH_OK;
  m->message[0] = '\0';
}

static moth_status judge(moth *m, const char *where, const layer_node *node, moth_status status, const char *function) {
  if (status == MOTH_OK) return MOTH_OK;
  if ((unsigned)status >= MOTH_STATUSES) status = MOTH_CALLBACK;
  if (m->message[0] != '\0' && m->status == status) return status;
  return context_fail(m, status, where, "layer %d %s: its %s failed", node->number, node->part->row->name, function);
}

/* A tensor for the host: the one of before where it is ours alone and has the shape, else a new one. */
static moth_status ensure(moth *m, moth_tensor **slot, moth_dtype dtype, int rank, const int64_t *size) {
  moth_tensor *old = *slot;
  const bool is_ours = old != NULL && old->base.references == 1 && old->storage->references == 1;
  if (is_ours && shape_equal(rank, size, old->rank, old->size)) return MOTH_OK;
  moth_tensor *fresh;
  moth_status status = tensor_new(m, "layer", dtype, rank, size, false, &fresh);
  if (status != MOTH_OK) return status;
  moth_release(old);
  *slot = fresh;
  return MOTH_OK;
}

/* The same for rows of a sample's shape, filled with a copy of `values` (NULL: zeros). */
static moth_status ensure_rows(const layer_run *run, moth_tensor **slot, const moth_shape *sample, const void *values, bool read_only) {
  int64_t size[MOTH_MAX_RANK] = { run->rows };
  for (int i = 0; i < sample->rank; i++) size[i + 1] = sample->size[i];
  moth_status status = ensure(run->m, slot, run->node->dtype, sample->rank + 1, size);
  if (status != MOTH_OK) return status;
  moth_tensor *t = *slot;
  const size_t bytes = (size_t)t->count * dtype_size(t->dtype);
  if (bytes > 0 && values != NULL) memcpy(t->values, values, bytes);
  if (bytes > 0 && values == NULL) memset(t->values, 0, bytes);
  t->read_only = read_only;
  return MOTH_OK;
}

static moth_layer *enter(const layer_run *run, bool in_backward) {
  host_state *state = run->node->state;
  moth_layer *self = &state->uses[run->training];
  self->m = run->m, self->state = state, self->node = run->node, self->run = run;
  self->training = run->training, self->in_backward = in_backward;
  memset(self->is_fresh, 0, sizeof self->is_fresh);
  if (run->host_denormals != 0) pool_restore_denormals(run->host_denormals);
  expect(run->m);
  return self;
}

static moth_status leave(moth_layer *self, moth_status status, const char *function) {
  const layer_run *run = self->run;
  if (run->host_denormals != 0) pool_flush_denormals();
  self->run = NULL, self->in_backward = false;
  return judge(run->m, NULL, run->node, status, function);
}

/* Making room asks the host's allocator: that too runs in the host's modes. */
static moth_status forward(const layer_run *run, const void *const *in, void *out) {
  const moth_layer_class *given = &row_of(run->node)->given;
  moth_layer *self = enter(run, false);
  moth_status status = ensure_rows(run, &self->x, &self->state->in, in[0], true);
  if (status == MOTH_OK) status = ensure_rows(run, &self->y, &run->node->out, NULL, false);
  if (status == MOTH_OK) status = given->forward(given->data, self, self->x, self->y);
  status = leave(self, status, "forward");
  if (status == MOTH_OK) layer_copy(run, self->y->values, out);
  return status;
}

static moth_status clear_gradients(const layer_run *run) {
  host_state *state = run->node->state;
  for (int i = 0; i < state->count; i++) {
    const parameter_view *view = view_of(run->node, i);
    moth_status status = ensure(run->m, &state->gradients[i], run->node->dtype, view->rank, view->size);
    if (status != MOTH_OK) return status;
    moth_tensor *g = state->gradients[i];
    if (g->count > 0) memset(g->values, 0, (size_t)g->count * dtype_size(g->dtype));
  }
  return MOTH_OK;
}

static moth_status backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in) {
  const moth_layer_class *given = &row_of(run->node)->given;
  moth_layer *self = enter(run, true);
  moth_status status = ensure_rows(run, &self->x, &self->state->in, in[0], true);
  if (status == MOTH_OK) status = ensure_rows(run, &self->y, &run->node->out, out, true);
  if (status == MOTH_OK) status = ensure_rows(run, &self->dy, &run->node->out, d_out, true);
  if (status == MOTH_OK) status = ensure_rows(run, &self->dx, &self->state->in, NULL, false);
  if (status == MOTH_OK) status = clear_gradients(run);
  if (status == MOTH_OK) status = given->backward(given->data, self, self->x, self->y, self->dy, self->dx);
  status = leave(self, status, "backward");
  if (status != MOTH_OK || d_in[0] == NULL || self->dx->count == 0) return status;
  memcpy(d_in[0], self->dx->values, (size_t)self->dx->count * dtype_size(self->dx->dtype));
  return MOTH_OK;
}

/* What backward gathered, a range of it. */
static moth_status gradient(const layer_run *run, const void *const *in, const void *d_z, int block, int64_t from, int64_t to,
                            gradient_sink *sink) {
  (void)in, (void)d_z;
  const host_state *state = run->node->state;
  const size_t size = dtype_size(run->node->dtype);
  for (int i = block * LAYER_MAX_VIEWS; i < state->count && i < (block + 1) * LAYER_MAX_VIEWS; i++) {
    const moth_tensor *g = state->gradients[i];
    const int64_t start = view_of(run->node, i)->offset, end = start + g->count;
    const int64_t first = start > from ? start : from, last = end < to ? end : to;
    if (first >= last) continue;
    const char *source = g->values + (size_t)(first - start) * size;
    char *target = (char *)sink->g + (size_t)(first - from) * size;
    if (sink->add) {
      run->kernels->axpy(source, target, last - first, 1);
    } else {
      memcpy(target, source, (size_t)(last - first) * size);
    }
  }
  return MOTH_OK;
}

/* ---- Building ---- */

static void release(moth *m, layer_node *node) {
  host_state *state = node->state;
  if (state == NULL) return;
  for (int i = 0; i < state->count; i++) {
    memory_text_free(m, state->names[i]);
    if (state->inits[i].kind == MOTH_OPTION_PART) moth_release(state->inits[i].as.part);
    moth_release(state->gradients[i]);
  }
  for (int use = 0; use < 2; use++) {
    moth_layer *self = &state->uses[use];
    moth_tensor *const tensors[] = { self->x, self->y, self->dy, self->dx };
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) moth_release(tensors[i]);
    for (int i = 0; i < state->count; i++) moth_release(self->parameters[i]);
  }
  memory_free(m, state, 1, sizeof *state);
  node->state = NULL;
}

static moth_status check_output(moth *m, const layer_node *node, const moth_shape *out) {
  int64_t count;
  bool fits = out->rank >= 0 && out->rank < MOTH_MAX_RANK && shape_count(out->rank, out->size, &count);
  if (fits) return MOTH_OK;
  return context_fail(m, MOTH_SHAPE, "net", "layer %d %s: its build gave an output shape that cannot be", node->number,
                      node->part->row->name);
}

static moth_status infer(moth *m, layer_node *node, const moth_shape *in) {
  const moth_layer_class *given = &row_of(node)->given;
  if (in[0].rank >= MOTH_MAX_RANK) return layer_misfit(m, node, &in[0], "at most %d axes per sample", MOTH_MAX_RANK - 1);
  host_state *state = memory_new(m, 1, sizeof *state);
  if (state == NULL) return m->status;
  node->state = state;
  node->whole_batch = true;
  state->in = in[0];
  moth_layer self = { .m = m, .state = state, .building = node, .node = node };
  moth_shape out = in[0];
  expect(m);
  moth_status status = judge(m, "net", node, given->build(given->data, &self, &in[0], &out), "build");
  if (status == MOTH_OK) status = check_output(m, node, &out);
  if (status == MOTH_OK) {
    node->out = out;
  } else {
    release(m, node);
  }
  return status;
}

/* ---- What the host's functions call ---- */

static int find_parameter(const host_state *state, const char *name) {
  for (int i = 0; i < state->count; i++) {
    if (strcmp(state->names[i], name) == 0) return i;
  }
  return -1;
}

static const char *parameter_name(const void *list, int index) {
  const host_state *state = list;
  return index < state->count ? state->names[index] : NULL;
}

static moth_status check_declaration(const moth_layer *self, const char *name, const moth_shape *shape, const moth_part *init) {
  moth *m = self->m;
  const char *layer = self->node->part->row->name;
  int64_t count;
  if (self->building == NULL) return context_fail(m, MOTH_MISUSE, layer, "parameters are declared in build");
  if (name == NULL || *name == '\0' || shape == NULL) return context_fail(m, MOTH_MISUSE, layer, "a parameter needs a name and a shape");
  if (strchr(name, '.') != NULL) return context_fail(m, MOTH_OPTION, layer, "a parameter's name has no point, got '%s'", name);
  if (find_parameter(self->state, name) >= 0) return context_fail(m, MOTH_OPTION, layer, "parameter '%s' is declared twice", name);
  if (self->state->count == MOST_PARAMETERS) return context_fail(m, MOTH_LIMIT, layer, "at most %d parameters", MOST_PARAMETERS);
  if (shape->rank < 0 || shape->rank > MOTH_MAX_RANK || !shape_count(shape->rank, shape->size, &count)) {
    return context_fail(m, MOTH_SHAPE, layer, "parameter '%s' has a shape that cannot be", name);
  }
  if (init == NULL) return MOTH_OK;
  moth_status status = object_check(m, init, MOTH_PART_OBJECT, layer, "init");
  if (status != MOTH_OK || init->kind == MOTH_INITIALIZER) return status;
  return context_fail(m, MOTH_MISUSE, layer, "init must be an initializer, got the %s %s", moth_part_kind_name(init->kind),
                      init->row->name);
}

moth_status moth_layer_declare(moth_layer *self, const char *name, const moth_shape *shape, const moth_part *init) {
  if (self == NULL) return MOTH_MISUSE;
  moth_status status = check_declaration(self, name, shape, init);
  if (status != MOTH_OK) return status;
  host_state *state = self->state;
  char *copy = memory_text(self->m, name);
  if (copy == NULL) return self->m->status;
  const int i = state->count++;
  state->names[i] = copy;
  if (init != NULL) {
    state->inits[i] = (moth_option){ .kind = MOTH_OPTION_PART, .as.part = moth_retain((moth_part *)init) };
  }
  parameter_block *block = block_of(self->building, i);
  parameter_view view = { .name = copy, .offset = block->count, .rank = shape->rank, .init = &state->inits[i],
                          .penalized = shape->rank >= 2 };
  int64_t count = 1;
  for (int axis = 0; axis < shape->rank; axis++) count *= view.size[axis] = shape->size[axis];
  shape_strides(view.rank, view.size, view.strides);
  view.outputs = view.rank == 0 ? 1 : view.size[0];
  view.inputs = view.rank < 2 ? view.outputs : 1;
  for (int axis = 1; axis < view.rank; axis++) view.inputs *= view.size[axis];
  block->views[block->view_count++] = view;
  block->count += count;
  block->unit = 1;
  self->building->block_count = i / LAYER_MAX_VIEWS + 1;
  return MOTH_OK;
}

static moth_status find_in_pass(const moth_layer *self, const char *name, moth_tensor **view, bool wants_gradient, int *parameter) {
  moth *m = self->m;
  const char *layer = self->node->part->row->name;
  if (self->run == NULL) return context_fail(m, MOTH_MISUSE, layer, "parameters have values in forward and backward");
  if (wants_gradient && !self->in_backward) return context_fail(m, MOTH_MISUSE, layer, "gradients are there in backward");
  if (name == NULL || view == NULL) return context_fail(m, MOTH_MISUSE, layer, "a name and a place for the view must be given");
  *parameter = find_parameter(self->state, name);
  if (*parameter >= 0) return MOTH_OK;
  const char *nearest = text_nearest(name, parameter_name, self->state);
  if (nearest == NULL) return context_fail(m, MOTH_OPTION, layer, "no parameter '%s'", name);
  return context_fail(m, MOTH_OPTION, layer, "no parameter '%s'; did you mean '%s'?", name, nearest);
}

moth_status moth_layer_parameter(moth_layer *self, const char *name, moth_tensor **view) {
  if (self == NULL) return MOTH_MISUSE;
  int i;
  moth_status status = find_in_pass(self, name, view, false, &i);
  if (status != MOTH_OK) return status;
  if (!self->is_fresh[i]) {
    const parameter_view *place = view_of(self->node, i);
    const size_t size = dtype_size(self->node->dtype);
    status = ensure(self->m, &self->parameters[i], self->node->dtype, place->rank, place->size);
    if (status != MOTH_OK) return status;
    moth_tensor *t = self->parameters[i];
    const char *values = (const char *)self->run->blocks[i / LAYER_MAX_VIEWS] + (size_t)place->offset * size;
    if (t->count > 0) memcpy(t->values, values, (size_t)t->count * size);
    t->read_only = true;
    self->is_fresh[i] = true;
  }
  *view = self->parameters[i];
  return MOTH_OK;
}

moth_status moth_layer_gradient(moth_layer *self, const char *name, moth_tensor **view) {
  if (self == NULL) return MOTH_MISUSE;
  int i;
  moth_status status = find_in_pass(self, name, view, true, &i);
  if (status == MOTH_OK) *view = self->state->gradients[i];
  return status;
}

bool moth_layer_is_training(const moth_layer *self) { return self->training; }

moth *moth_layer_context(const moth_layer *self) { return self->m; }

const moth_part *moth_layer_part(const moth_layer *self) { return self->node->part; }

/* ---- Registering ---- */

static void release_row(moth *m, void *data) {
  host_row *row = data;
  memory_free(m, row, 1, row->bytes);
}

moth_status layer_register(moth *m, const moth_layer_class *given) {
  static const moth_option_row common[] = { LAYER_OPTIONS(0) };
  const size_t own = (size_t)given->row.option_count, bytes = sizeof(host_row) + (own + LAYER_COMMON_OPTIONS) * sizeof(moth_option_row);
  host_row *row = memory_new(m, 1, bytes);
  if (row == NULL) return context_within(m, m->status, "layer");
  row->bytes = bytes;
  row->given = *given;
  if (own > 0) memcpy(row->options, given->row.options, own * sizeof *row->options);
  memcpy(row->options + own, common, sizeof common);
  row->class = (layer_class){ .row = given->row, .infer = infer, .forward = forward, .backward = backward, .gradient = gradient,
                              .release = release };
  row->class.row.options = row->options;
  row->class.row.option_count += LAYER_COMMON_OPTIONS;
  moth_status status = catalog_register(m, MOTH_LAYER, &row->class.row);
  if (status != MOTH_OK) {
    release_row(m, row);
    return status;
  }
  status = context_keep(m, release_row, row);
  if (status == MOTH_OK) return MOTH_OK;
  m->registered[MOTH_LAYER].count--;  /* it was the last */
  release_row(m, row);
  return context_within(m, status, "layer");
}

/* Options that would hide one of those that every layer takes, or have no name. */
static moth_status check_options(moth *m, const moth_row *row) {
  if (row->option_count < 0 || (row->option_count > 0 && row->options == NULL)) {
    return context_fail(m, MOTH_MISUSE, "layer", "%s: its options must be given", row->name);
  }
  for (int i = 0; i < row->option_count; i++) {
    const char *key = row->options[i].key;
    if (key == NULL) return context_fail(m, MOTH_MISUSE, "layer", "%s: option %d has no name", row->name, i + 1);
    if (text_list_has("name input origin", key)) {
      return context_fail(m, MOTH_OPTION, "layer", "%s: every layer has the option '%s' already", row->name, key);
    }
  }
  return MOTH_OK;
}

moth_status moth_register_layer(moth *m, const moth_layer_class *row) {
  moth_status status = context_check(m, "layer");
  if (status != MOTH_OK) return status;
  if (row == NULL || row->size != sizeof *row) return context_fail(m, MOTH_MISUSE, "layer", "a class with its size must be given");
  if (row->row.name == NULL || row->build == NULL || row->forward == NULL || row->backward == NULL) {
    return context_fail(m, MOTH_MISUSE, "layer", "a class needs a name, build, forward and backward");
  }
  status = check_options(m, &row->row);
  return status == MOTH_OK ? layer_register(m, row) : status;
}
