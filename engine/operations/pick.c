/* Elements, or whole blocks, that a mask over the first axes of a tensor marks: mask_select, masked_put_. */
#include "operations/pick.h"

#include <string.h>

#include "math/loops.h"
#include "math/masks.h"

enum { CHUNK = 512 };

/* Each element of the mask stands for a block: what lies behind the mask's axes. */
typedef struct picking {
  const moth_tensor *t, *mask;
  moth_dtype dtype;
  size_t width;
  loops_walk inner; /* of a block that is not contiguous: [0] the packed side, [1] the tensor's; at is set for each */
  bool is_row;      /* blocks are contiguous */
  int64_t block_bytes;
  int64_t marked, done; /* blocks: in all, so far */
  char *packed;         /* blocks side by side */
  uint64_t value;       /* for all elements, where there is no packed side */
} picking;

/* n bytes of the mask side by side. */
static const uint8_t *mask_run(const char *at, int64_t step, int64_t n, uint8_t buffer[CHUNK]) {
  if (step == 1) return (const uint8_t *)at;
  loops_cast(MOTH_BOOL, MOTH_BOOL)(at, step, buffer, 1, n);
  return buffer;
}

static void count_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  picking *p = data;
  uint8_t buffer[CHUNK];
  int64_t most = steps[0] == 1 ? n : CHUNK;
  for (int64_t i = 0; i < n; i += most) {
    int64_t count = n - i < most ? n - i : most;
    p->marked += masks_count(mask_run(at[0] + i * steps[0], steps[0], count, buffer), count);
  }
}

/* Blocks of one element: [0] the mask, [1] the tensor. */
static void select_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  picking *p = data;
  uint8_t marks[CHUNK];
  uint64_t values[CHUNK];
  bool is_direct = steps[0] == 1 && steps[1] == (int64_t)p->width;
  int64_t most = is_direct ? n : CHUNK;
  for (int64_t i = 0; i < n; i += most) {
    int64_t count = n - i < most ? n - i : most;
    const char *from = at[1] + i * steps[1];
    const void *x = from;
    if (steps[1] != (int64_t)p->width) loops_cast(p->dtype, p->dtype)(from, steps[1], values, (int64_t)p->width, count), x = values;
    p->done += masks_pack(mask_run(at[0] + i * steps[0], steps[0], count, marks), x, p->packed + p->done * (int64_t)p->width, count,
                          p->marked - p->done, p->width);
  }
}

static void put_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  picking *p = data;
  uint8_t marks[CHUNK];
  uint64_t values[CHUNK];
  int64_t width = (int64_t)p->width;
  bool is_direct = steps[0] == 1 && steps[1] == width;
  int64_t most = is_direct ? n : CHUNK;
  loops_cast_function move = loops_cast(p->dtype, p->dtype);
  for (int64_t i = 0; i < n; i += most) {
    int64_t count = n - i < most ? n - i : most;
    char *to = at[1] + i * steps[1];
    void *y = steps[1] == width ? to : (char *)values;
    const uint8_t *mask = mask_run(at[0] + i * steps[0], steps[0], count, marks);
    if (y != to) move(to, steps[1], y, width, count);
    if (p->packed) p->done += masks_spread(mask, p->packed + p->done * width, y, count, p->marked - p->done, p->width);
    else masks_fill(mask, &p->value, y, count, p->width);
    if (y != to) move(y, width, to, steps[1], count);
  }
}

static void select_inner(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const picking *p = data;
  loops_cast(p->dtype, p->dtype)(at[1], steps[1], at[0], steps[0], n);
}

static void put_inner(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const picking *p = data;
  loops_cast(p->dtype, p->dtype)(at[0], steps[0], at[1], steps[1], n);
}

static void select_blocks(void *data, char *const *at, const int64_t *steps, int64_t n) {
  picking *p = data;
  for (int64_t i = 0; i < n; i++) {
    if (!*(const uint8_t *)(at[0] + i * steps[0])) continue;
    p->inner.at[0] = p->packed + p->done++ * p->block_bytes, p->inner.at[1] = at[1] + i * steps[1];
    if (p->is_row) memcpy(p->inner.at[0], p->inner.at[1], (size_t)p->block_bytes);
    else loops_run(NULL, &p->inner, select_inner, p);
  }
}

static void put_blocks(void *data, char *const *at, const int64_t *steps, int64_t n) {
  picking *p = data;
  for (int64_t i = 0; i < n; i++) {
    if (!*(const uint8_t *)(at[0] + i * steps[0])) continue;
    p->inner.at[0] = p->packed ? p->packed + p->done++ * p->block_bytes : (char *)&p->value, p->inner.at[1] = at[1] + i * steps[1];
    if (p->is_row && p->packed) memcpy(p->inner.at[1], p->inner.at[0], (size_t)p->block_bytes);
    else loops_run(NULL, &p->inner, put_inner, p);
  }
}

static bool pick(moth *m, picking *p, loops_visit visit, int operands) {
  if (p->mask->count == 0) return true;
  loops_walk walk = { .operands = operands, .at = { p->mask->values, p->t->values } };
  for (int i = 0; i < p->mask->rank; i++) {
    walk.size[i] = p->mask->size[i];
    walk.strides[0][i] = p->mask->strides[i];
    walk.strides[1][i] = p->t->strides[i] * (int64_t)p->width;
  }
  walk.rank = shape_merge(p->mask->rank, walk.size, operands, walk.strides);
  return loops_run(m, &walk, visit, p);
}

/* Checks the mask against the first axes, lays out the blocks behind them, and counts those that are marked. */
static moth_status picking_open(const operation_call *call, const moth_tensor *t, picking *p, moth_shape *packed) {
  moth_status status = pick_check_mask(call);
  if (status != MOTH_OK) return status;
  const moth_tensor *mask = operation_tensor(call, 1);
  if (mask->rank > t->rank || !shape_equal(mask->rank, mask->size, mask->rank, t->size)) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "the mask %s does not cover the first axes of %s", tensor_text(mask).text,
                        tensor_text(t).text);
  }
  int inner = t->rank - mask->rank;
  const int64_t *size = t->size + mask->rank, *strides = t->strides + mask->rank;
  int64_t count = 0;
  if (inner + 1 > MOTH_MAX_RANK) {
    return context_fail(call->m, MOTH_LIMIT, call->where, "a tensor has at most %d axes, got %d", MOTH_MAX_RANK, inner + 1);
  }
  if (!shape_count(inner, size, &count)) count = 0; /* cannot be: t has more */
  *p = (picking) { .t = t, .mask = mask, .dtype = t->dtype, .width = dtype_size(t->dtype) };
  p->is_row = shape_is_contiguous(inner, size, strides);
  p->block_bytes = count * (int64_t)p->width;
  pick(NULL, p, count_run, 1);
  packed->rank = inner + 1;
  packed->size[0] = p->marked;
  for (int i = 0; i < inner; i++) packed->size[i + 1] = size[i];
  return MOTH_OK;
}

/* The walk over one block; the packed side has no strides where one value goes everywhere. */
static void picking_lay_out(picking *p) {
  int first = p->mask->rank, inner = p->t->rank - first;
  p->inner.operands = 2;
  shape_strides(inner, p->t->size + first, p->inner.strides[0]);
  for (int i = 0; i < inner; i++) {
    p->inner.size[i] = p->t->size[first + i];
    p->inner.strides[0][i] *= p->packed ? (int64_t)p->width : 0;
    p->inner.strides[1][i] = p->t->strides[first + i] * (int64_t)p->width;
  }
  p->inner.rank = shape_merge(inner, p->inner.size, 2, p->inner.strides);
}

static moth_status apply_mask_select(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  picking p;
  moth_shape shape = { .rank = 0 };
  moth_status status = picking_open(call, t, &p, &shape);
  if (status == MOTH_OK) status = tensor_new(call->m, call->where, t->dtype, shape.rank, shape.size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  if (out->count == 0) return MOTH_OK;
  p.packed = out->values;
  picking_lay_out(&p);
  bool single = p.block_bytes == (int64_t)p.width;
  return pick(call->m, &p, single ? select_run : select_blocks, 2) ? MOTH_OK : operation_cancelled(call);
}

const operation_class operation_mask_select = {
  .row = { .row = { ROW_TEXTS("mask_select", "the elements, or rows, where the mask holds, in order; t[mask] in scripts",
                              "moth.range(1, 4):mask_select(moth.tensor{ true, false, true, true })"),
                    .foreign = "masked_select boolean_mask compress" },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_mask_select,
};

/* What goes into the marked places: one value for all, or as many as are marked, side by side in *packed. */
static moth_status read_value(const operation_call *call, const moth_tensor *t, const moth_shape *shape, picking *p, moth_tensor **packed) {
  moth_tensor *seen = NULL;
  moth_status status = operation_fitting(call, &call->inputs[2], t, shape->rank, shape->size, &seen);
  if (status != MOTH_OK || seen->count == 0) {
    moth_release(seen);
    return status;
  }
  bool is_one = true;
  for (int i = 0; i < seen->rank; i++) is_one = is_one && (seen->size[i] == 1 || seen->strides[i] == 0);
  if (is_one) memcpy(&p->value, seen->values, p->width);
  else status = tensor_contiguous(call->m, call->where, seen, t->dtype, packed);
  moth_release(seen);
  if (*packed) p->packed = (*packed)->values;
  return status;
}

static moth_status apply_masked_put(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *packed = NULL, *apart = NULL;
  picking p;
  moth_shape shape = { .rank = 0 };
  moth_status status = picking_open(call, t, &p, &shape);
  if (status == MOTH_OK) status = read_value(call, t, &shape, &p, &packed);
  if (status == MOTH_OK && tensor_overlaps(p.mask, t)) {
    status = tensor_clone(call->m, call->where, p.mask, MOTH_BOOL, &apart);
    p.mask = apart;
  }
  if (status == MOTH_OK && p.marked > 0 && p.block_bytes > 0) {
    picking_lay_out(&p);
    pick(NULL, &p, p.block_bytes == (int64_t)p.width ? put_run : put_blocks, 2);
  }
  moth_release(apart);
  moth_release(packed);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

const operation_class operation_masked_put_ = {
  .row = { .row = { ROW_TEXTS("masked_put_",
                              "puts values where the mask holds; t[mask] = v in scripts\n"
                              "The mask covers the first axes; v is a number, or broadcasts to the shape of mask_select(mask)",
                              "moth.range(-2, 2):masked_put_(moth.range(-2, 2):lt(0), 0)"),
                    .foreign = "masked_scatter_" },
           .inputs = 3,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN | MOTH_NUMBERS },
  .apply = apply_masked_put,
};
