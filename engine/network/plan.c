/* Where everything of a run lies. */
#include "network/plan.h"

#include "core/text.h"
#include "math/matmul.h"
#include "network/plan_lanes.h"

enum { LINE = 64 };

/* ---- Sizes: sums of products, all checked ------------------------------------------------------------------------------------------- */

typedef struct layout { size_t bytes; bool too_big; } layout;

/* Room for count × size bytes on a cache line; its offset. */
static size_t layout_add(layout *l, int64_t count, size_t size) {
  size_t bytes, at = l->bytes;
  if (!memory_product((size_t)count, size, &bytes) || __builtin_add_overflow(bytes, (size_t)LINE - 1, &bytes) ||
      __builtin_add_overflow(l->bytes, bytes / LINE * LINE, &l->bytes)) {
    l->too_big = true;
  }
  return at;
}

static moth_status layout_check(moth *m, const layout *l) {
  if (!l->too_big && l->bytes < SIZE_MAX / 4) return MOTH_OK;
  return context_fail(m, MOTH_LIMIT, NULL, "memory limit: the layers' outputs are more than can be addressed");
}

/* ---- Nodes -------------------------------------------------------------------------------------------------------------------------- */

static bool is_training(const plan *self) { return self->purpose == PLAN_TRAINING; }

/* The output of a net must lie in memory of the plan's: where it is the input itself it is copied. */
static bool is_alias(const plan *self, int index) {
  const moth_net *net = self->net;
  const layer_node *node = &net->nodes[index];
  if (!node->alias && (is_training(self) || !node->alias_predicting)) return false;
  return index != net->output_node || network_root(net, index, !is_training(self)) >= 0;
}

/* Flop of a row: two for every parameter, a few for every value. */
static double work_of(const layer_node *node) {
  double work = 8.0 * (double)network_features(&node->out);
  for (int b = 0; b < node->block_count; b++) work += 2.0 * (double)node->blocks[b].count;
  return work;
}

static void fill_node(plan *self, plan_node *p, int index) {
  const moth_net *net = self->net;
  const layer_node *node = &net->nodes[index];
  *p = (plan_node){ .class = node->class, .index = index, .input_count = node->input_count,
                    .out_row = (size_t)network_features(&node->out) * self->element, .saved_row = is_training(self) ? node->saved_row : 0 };
  for (int i = 0; i < node->input_count; i++) {
    p->roots[i] = node->inputs[i] < 0 ? -1 : self->roots[node->inputs[i]];
    const moth_shape *shape = node->inputs[i] < 0 ? &net->input : &net->nodes[node->inputs[i]].out;
    size_t element = node->index_inputs >> i & 1 ? sizeof(int64_t) : self->element;
    p->in_row[i] = (size_t)network_features(shape) * element;
  }
  network_blocks(net, node, p->blocks);
  network_buffers(net, node, p->buffers);
  p->run = (layer_run){ .m = self->m, .node = node, .kernels = self->kernels, .blocks = p->blocks, .buffers = p->buffers };
}

static void find_nodes(plan *self) {
  const moth_net *net = self->net;
  for (int i = 0; i < net->node_count; i++) {
    self->positions[i] = -1;
    self->roots[i] = i;
    if (is_alias(self, i)) {
      int source = net->nodes[i].inputs[0];
      self->roots[i] = source < 0 ? -1 : self->roots[source];
      continue;
    }
    self->positions[i] = self->node_count;
    fill_node(self, &self->nodes[self->node_count++], i);
    self->work += work_of(&net->nodes[i]);
  }
  int root = self->roots[net->output_node];
  self->output = self->positions[root];
  for (int i = 0; i < self->node_count; i++) {
    for (int k = 0; k < self->nodes[i].input_count; k++) {
      int from = self->nodes[i].roots[k];
      if (from < 0) {
        self->x_readers++;
        continue;
      }
      plan_node *source = &self->nodes[self->positions[from]];
      source->readers++;
      source->last_reader = i;
    }
  }
  self->output_is_read = self->nodes[self->output].readers > 0;
  if (net->nodes[root].class->tail != NULL) self->tail = net->nodes[root].class->tail(&net->nodes[root]);
}

static void find_stages(plan *self) {
  for (int i = 0; i < self->node_count; i++) {
    bool whole = self->nodes[i].run.node->whole_batch;
    plan_stage *last = self->stage_count > 0 ? &self->stages[self->stage_count - 1] : NULL;
    if (last != NULL && !whole && !last->whole) {
      last->last = i;
    } else {
      self->stages[self->stage_count++] = (plan_stage){ .first = i, .last = i, .whole = whole };
    }
  }
}

/* ---- Memory ------------------------------------------------------------------------------------------------------------------------- */

/* Outputs that nobody reads any more give their place to later ones, with rows as long: blocks do not wait for each other, so that each
 * must stay in its own part of the place. */
typedef struct slot { size_t row; int free_after; } slot;

static int take_slot(slot *slots, int *count, size_t row, int now, int until) {
  int i = 0;
  while (i < *count && (slots[i].row != row || slots[i].free_after >= now)) i++;
  if (i == *count) (*count)++;
  slots[i] = (slot){ row, until };
  return i;
}

/* Offsets of all outputs: each its own in training, shared ones in predicting. Then y. */
static moth_status place_values(plan *self, size_t *offsets, size_t *y, layout *l) {
  moth *m = self->m;
  if (is_training(self)) {
    for (int i = 0; i < self->node_count; i++) offsets[i] = layout_add(l, self->capacity, self->nodes[i].out_row);
  } else {
    size_t count = (size_t)self->node_count;
    slot *slots = memory_new(m, count, sizeof *slots);
    if (slots == NULL) return m->status;
    int used = 0;
    for (int i = 0; i < self->node_count; i++) {
      int until = i == self->output ? self->node_count : self->nodes[i].last_reader;
      offsets[i] = (size_t)take_slot(slots, &used, self->nodes[i].out_row, i, until);
    }
    for (int s = 0; s < used; s++) {
      size_t at = layout_add(l, self->capacity, slots[s].row);
      slots[s].row = at;
    }
    for (int i = 0; i < self->node_count; i++) offsets[i] = slots[offsets[i]].row;
    memory_free(m, slots, count, sizeof *slots);
  }
  *y = layout_add(l, self->capacity, self->y_row);
  return layout_check(m, l);
}

static moth_status allocate_values(plan *self) {
  moth *m = self->m;
  size_t count = (size_t)self->node_count, y = 0;
  size_t *offsets = memory_new(m, count, sizeof *offsets);
  if (offsets == NULL) return m->status;
  layout l = { 0 };
  moth_status status = place_values(self, offsets, &y, &l);
  if (status == MOTH_OK) {
    self->values = storage_new(m, l.bytes, false);
    if (self->values == NULL) status = m->status;
  }
  if (status == MOTH_OK) {
    for (int i = 0; i < self->node_count; i++) self->nodes[i].out = (char *)self->values->bytes + offsets[i];
    self->y = (char *)self->values->bytes + y;
  }
  memory_free(m, offsets, count, sizeof *offsets);
  return status;
}

/* How many of a node's inputs may have to be added: all of them at worst. */
static void place_work(plan *self, char *base, layout *l) {
  size_t spill[LAYER_MAX_INPUTS] = { 0 };
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    const layer_node *node = p->run.node;
    if (is_training(self)) {
      size_t d = layout_add(l, self->capacity, p->out_row), saved = layout_add(l, self->capacity, p->saved_row);
      bool can_owe = self->net->next_use[p->index] < 0 && node->owner == node->index && p->class->lanes == LAYER_LANES_DENSE &&
                     (size_t)node->blocks[0].count * self->element >= PLAN_OWED_BYTES;
      size_t owed = layout_add(l, can_owe ? 1 : 0, p->in_row[0]);
      if (base != NULL && can_owe) p->owed_x = base + owed;
      if (base != NULL) p->d = base + d;
      if (base != NULL && p->saved_row > 0) p->run.saved_rows = base + saved;
      for (int k = 0; k < p->input_count; k++) {
        int position = p->roots[k] < 0 ? -1 : self->positions[p->roots[k]];
        int readers = position < 0 ? self->x_readers : self->nodes[position].readers + (position == self->output);
        if (readers > 1 && p->in_row[k] > spill[k]) spill[k] = p->in_row[k];
      }
    }
    size_t fixed = layout_add(l, is_training(self) ? 1 : 0, node->saved_fixed);
    if (base != NULL && is_training(self) && node->saved_fixed > 0) p->run.saved_fixed = base + fixed;
  }
  for (int k = 0; k < LAYER_MAX_INPUTS; k++) {
    size_t at = layout_add(l, self->capacity, spill[k]);
    if (base != NULL) self->spill[k] = base + at;
  }
}

static moth_status allocate_work(plan *self) {
  layout l = { 0 };
  place_work(self, NULL, &l);
  moth_status status = layout_check(self->m, &l);
  if (status != MOTH_OK) return status;
  self->work_space = memory_aligned(self->m, l.bytes, false);
  if (self->work_space == NULL) return self->m->status;
  self->work_bytes = l.bytes;
  l = (layout){ 0 };
  place_work(self, self->work_space, &l);
  return MOTH_OK;
}

/* A worker's scratch: the most that any layer wants, then room for the gradient of a range. */
static moth_status measure_scratch(plan *self) {
  layout layers = { 0 }, worker = { 0 };
  int64_t longest = 0;
  for (int i = 0; i < self->node_count; i++) {
    const layer_node *node = self->nodes[i].run.node;
    layout one = { 0 };
    layout_add(&one, self->capacity, node->scratch_row);
    layout_add(&one, 1, node->scratch_fixed);
    layers.too_big |= one.too_big;
    if (one.bytes > layers.bytes) layers.bytes = one.bytes;
  }
  for (int64_t i = 0; i < self->net->range_count && is_training(self); i++) {
    int64_t count = self->net->ranges[i].to - self->net->ranges[i].from;
    if (count > longest) longest = count;
  }
  layout_add(&worker, 1, layers.bytes);
  layout_add(&worker, longest, self->element);
  worker.too_big |= layers.too_big;
  self->scratch_layer = layers.bytes;
  self->scratch_worker = worker.bytes;
  return layout_check(self->m, &worker);
}

moth_status plan_ensure_scratch(plan *self, int threads) {
  layout all = { 0 };
  layout_add(&all, threads, self->scratch_worker);
  moth_status status = layout_check(self->m, &all);
  if (status != MOTH_OK || all.bytes <= self->scratch_bytes) return status;
  char *scratch = memory_aligned(self->m, all.bytes, false);
  if (scratch == NULL) return self->m->status;
  memory_aligned_free(self->m, self->scratch, self->scratch_bytes);
  self->scratch = scratch;
  self->scratch_bytes = all.bytes;
  return MOTH_OK;
}

/* ---- Blocks of rows ----------------------------------------------------------------------------------------------------------------- */

/* Depends on the net and the rows alone: blocks of equal work, a multiple of 8 rows. Measured on Zen 4: small batches gain from 8 rows on
 * two threads and lose little on one; larger ones want 16, so that each block's way through large weights pays. */
int64_t plan_rows_of_block(const plan *self, int64_t rows) {
  double work = self->work * (double)rows;
  int64_t blocks = work >= (double)PLAN_MOST_BLOCKS * PLAN_BLOCK_WORK ? PLAN_MOST_BLOCKS : (int64_t)(work / PLAN_BLOCK_WORK);
  int64_t most = rows / (rows < 64 ? 8 : 16);
  if (blocks > most) blocks = most;
  if (blocks <= 1) return rows > 0 ? rows : 1;
  int64_t block = (rows + blocks - 1) / blocks;
  return (block + 7) / 8 * 8;
}

/* No smaller batch has more blocks than this. */
static int64_t most_blocks(const plan *self) {
  int64_t most = self->capacity / 8;
  return (most < PLAN_MOST_BLOCKS ? most : PLAN_MOST_BLOCKS) + 2;
}

/* ---- Making and ending -------------------------------------------------------------------------------------------------------------- */

static void describe_paths(plan *self) {
  for (int i = 0; i < self->node_count; i++) {
    plan_node *p = &self->nodes[i];
    const layer_node *node = p->run.node;
    const parameter_block *block = node->block_count > 0 ? &node->blocks[0] : NULL;
    int64_t rows = plan_rows_of_block(self, self->capacity);
    const char *product = "";
    if (block != NULL && block->view_count > 0 && block->views[0].rank == 2) {
      bool blas = matmul_wants_blas(self->dtype, rows, block->views[0].size[0], block->views[0].size[1]);
      product = blas ? "OpenBLAS, " : "own loops, ";
    }
    if (self->lanes != NULL) {
      text_format(p->path, sizeof p->path, "lanes, 2 to %lld rows; more: %sblocks", (long long)plan_lanes_rows(self), product);
    } else if (plan_lanes_miss(self, p)) {
      text_format(p->path, sizeof p->path, "no lanes, blocks of %lld rows", (long long)rows);
    } else if (node->whole_batch) text_format(p->path, sizeof p->path, "%swhole batch", product);
    else text_format(p->path, sizeof p->path, "%sblocks of %lld rows", product, (long long)rows);
  }
}

static moth_status prepare_layers(plan *self) {
  for (int i = 0; i < self->node_count; i++) {
    const layer_node *node = self->nodes[i].run.node;
    if (node->class->prepare == NULL) continue;
    moth_status status = node->class->prepare(self->m, node, self->capacity);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

static moth_status allocate_lists(plan *self) {
  moth *m = self->m;
  size_t nodes = (size_t)self->net->node_count;
  self->nodes = memory_new(m, nodes, sizeof *self->nodes);
  if (self->nodes != NULL) self->positions = memory_new(m, nodes, sizeof *self->positions);
  if (self->positions != NULL) self->roots = memory_new(m, nodes, sizeof *self->roots);
  if (self->roots != NULL) self->stages = memory_new(m, nodes, sizeof *self->stages);
  if (self->stages != NULL) self->ranges = memory_new(m, (size_t)self->net->range_count, sizeof *self->ranges);
  return self->ranges == NULL ? m->status : MOTH_OK;
}

static moth_status build(plan *self) {
  moth *m = self->m;
  moth_status status = allocate_lists(self);
  if (status != MOTH_OK) return status;
  find_nodes(self);
  find_stages(self);
  status = allocate_values(self);
  if (status == MOTH_OK) status = allocate_work(self);
  if (status == MOTH_OK) status = plan_lanes_create(self);
  if (status == MOTH_OK) status = measure_scratch(self);
  if (status == MOTH_OK) status = plan_ensure_scratch(self, m->threads);
  if (status != MOTH_OK) return status;
  int64_t sums = most_blocks(self);
  self->sums = memory_new(m, (size_t)sums, sizeof *self->sums);
  if (self->sums == NULL) return m->status;
  self->sum_count = sums;
  describe_paths(self);
  status = prepare_layers(self);
  if (status == MOTH_OK) pool_prepare(m);
  return status;
}

moth_status plan_create(moth *m, const char *where, moth_net *net, enum plan_purpose purpose, int64_t capacity, plan **out) {
  plan *self = memory_new(m, 1, sizeof *self);
  if (self == NULL) return context_within(m, m->status, where);
  *self = (plan){ .m = m, .net = net, .purpose = purpose, .dtype = net->dtype, .element = dtype_size(net->dtype),
                  .kernels = &m->kernels->of[net->dtype], .capacity = capacity < 1 ? 1 : capacity };
  self->columns = network_features(&net->output);
  self->features = network_features(&net->input);
  self->x_row = (size_t)self->features * (net->index_input ? sizeof(int64_t) : self->element);
  self->y_row = (size_t)self->columns * self->element;
  atomic_init(&self->failed, MOTH_OK);
  moth_status status = build(self);
  if (status == MOTH_OK) *out = self;
  else plan_free(m, self);
  return context_within(m, status, where);
}

void plan_free(moth *m, plan *self) {
  if (self == NULL) return;
  size_t nodes = (size_t)self->net->node_count;
  plan_lanes_free(self);
  storage_release(self->values);
  storage_release(self->x_buffer);
  memory_aligned_free(m, self->t_buffer, self->t_bytes);
  memory_aligned_free(m, self->work_space, self->work_bytes);
  memory_aligned_free(m, self->scratch, self->scratch_bytes);
  memory_free(m, self->sums, (size_t)self->sum_count, sizeof *self->sums);
  memory_free(m, self->nodes, nodes, sizeof *self->nodes);
  memory_free(m, self->positions, nodes, sizeof *self->positions);
  memory_free(m, self->roots, nodes, sizeof *self->roots);
  memory_free(m, self->stages, nodes, sizeof *self->stages);
  memory_free(m, self->ranges, (size_t)self->net->range_count, sizeof *self->ranges);
  moth_release(self->loss);
  memory_free(m, self, 1, sizeof *self);
}

int64_t plan_capacity(const plan *self) { return self->capacity; }

int64_t plan_rows(const plan *self) { return self->rows; }

bool plan_can_go_back(const plan *self) { return self->can_go_back; }

const char *plan_path(const plan *self, int node) {
  int position = self->positions[node];
  return position < 0 ? "no work" : self->nodes[position].path;
}
