/* Elements by position: index, gather, flip, roll. */
#include <string.h>

#include "math/loops.h"
#include "operations/index.h"

static const moth_option_row index_options[] = { OPTION_AXIS(1, "the axis that positions are taken from", MOTH_REQUIRED) };

/* Rows of `bytes` that lie `step` bytes apart, as many as `size`, named by positions that count from `base`. */
typedef struct rows {
  const char *from;
  int64_t step, size, base, bytes;
} rows;

/* Copies rows into consecutive places of `to`: all `count`, or up to the first position that is none. */
#define COPY_ROWS(name, type, copy)                                                                                                        \
  static int64_t copy_rows_##name(const rows *r, const int64_t *id, int64_t count, type *to) {                                             \
    const char *from = r->from;                                                                                                            \
    int64_t step = r->step, size = r->size, base = r->base;                                                                                \
    for (int64_t i = 0; i < count; i++) {                                                                                                  \
      int64_t position = operation_position(id[i], size, base);                                                                            \
      if (position < 0) return i;                                                                                                          \
      const char *row = from + position * step;                                                                                            \
      copy;                                                                                                                                \
    }                                                                                                                                      \
    return count;                                                                                                                          \
  }
COPY_ROWS(1, uint8_t, to[i] = *(const uint8_t *)row)
COPY_ROWS(4, uint32_t, to[i] = *(const uint32_t *)(const void *)row)
COPY_ROWS(8, uint64_t, to[i] = *(const uint64_t *)(const void *)row)
COPY_ROWS(any, char, memcpy(to + i * r->bytes, row, (size_t)r->bytes))

static int64_t copy_rows_of(const rows *r, const int64_t *id, int64_t count, char *to) {
  if (r->bytes == 4) return copy_rows_4(r, id, count, (uint32_t *)(void *)to);
  if (r->bytes == 8) return copy_rows_8(r, id, count, (uint64_t *)(void *)to);
  return r->bytes == 1 ? copy_rows_1(r, id, count, (uint8_t *)to) : copy_rows_any(r, id, count, to);
}

/* t is contiguous, or axis is its first one and what lies behind it contiguous. Positions are checked as they are met. */
static moth_status copy_rows(const operation_call *call, const moth_tensor *t, int axis, const moth_tensor *ids, char *to) {
  const int64_t *id = (const int64_t *)ids->values;
  int64_t width = (int64_t)dtype_size(t->dtype), outer = 1, since = 0;
  rows r = { .size = t->size[axis], .base = call->m->index_base, .bytes = width };
  for (int i = 0; i < axis; i++) outer *= t->size[i];
  for (int i = axis + 1; i < t->rank; i++) r.bytes *= t->size[i];
  r.step = axis == 0 ? t->strides[0] * width : r.bytes;
  int64_t piece = r.bytes < LOOPS_POLL ? LOOPS_POLL / r.bytes : 1;
  for (int64_t o = 0; o < outer; o++) {
    r.from = t->values + o * r.size * r.bytes;
    for (int64_t done = 0; done < ids->count; done += piece) {
      int64_t count = ids->count - done < piece ? ids->count - done : piece;
      if ((since += count * r.bytes) >= LOOPS_POLL) {
        since = 0;
        if (context_is_cancelled(call->m)) return operation_cancelled(call);
      }
      int64_t copied = copy_rows_of(&r, id + done, count, to);
      if (copied < count) return operation_id_refuse(call, t, axis, id + done + copied);
      to += count * r.bytes;
    }
  }
  return MOTH_OK;
}

/* Whether copy_rows takes it. */
static bool are_rows(const moth_tensor *t, int axis) {
  return tensor_is_contiguous(t) || (axis == 0 && shape_is_contiguous(t->rank - 1, t->size + 1, t->strides + 1));
}

static moth_status copy_slices(const operation_call *call, const moth_tensor *t, int axis, const moth_tensor *ids, moth_tensor *out) {
  if (are_rows(t, axis)) return copy_rows(call, t, axis, ids, out->values);
  moth_tensor spread, flat = *out; /* the axes of the positions as one */
  positions_of_slices(t, axis, ids, &spread);
  flat.rank = t->rank;
  for (int i = 0; i < t->rank; i++) flat.size[i] = spread.size[i];
  shape_strides(flat.rank, flat.size, flat.strides);
  return positions_run(call->m, POSITIONS_TAKE, t, axis, &spread, call->m->index_base, &flat) ? MOTH_OK : operation_cancelled(call);
}

moth_status index_shape(const operation_call *call, const moth_tensor *t, int axis, const moth_tensor *ids, moth_shape *shape) {
  shape->rank = t->rank - 1 + ids->rank;
  if (shape->rank > MOTH_MAX_RANK) {
    return context_fail(call->m, MOTH_LIMIT, call->where, "a tensor has at most %d axes, got %d", MOTH_MAX_RANK, shape->rank);
  }
  for (int i = 0; i < shape->rank; i++) {
    shape->size[i] = i < axis ? t->size[i] : i < axis + ids->rank ? ids->size[i - axis] : t->size[i - ids->rank + 1];
  }
  return MOTH_OK;
}

static moth_status apply_index(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *ids, *out;
  int axis;
  int64_t count = 0;
  moth_shape shape = { .rank = 0 };
  moth_status status = operation_axis(call, t, options_int(call->options, 0), &axis);
  if (status == MOTH_OK) status = index_shape(call, t, axis, operation_tensor(call, 1), &shape);
  bool checks = status == MOTH_OK && are_rows(t, axis) && shape_count(shape.rank, shape.size, &count) && count > 0; /* copy_rows does */
  if (status == MOTH_OK && checks) status = operation_ids_plain(call, operation_tensor(call, 1), &ids);
  else if (status == MOTH_OK) status = operation_ids(call, operation_tensor(call, 1), t, axis, &ids);
  if (status != MOTH_OK) return status;
  status = tensor_new(m, call->where, t->dtype, shape.rank, shape.size, false, &out);
  if (status == MOTH_OK) {
    operation_give(call, 0, out);
    if (out->count > 0) status = copy_slices(call, t, axis, ids, out);
  }
  moth_release(ids);
  return status;
}

const operation_class operation_index = {
  .row = { .row = { ROW_TEXTS("index",
                              "copies of the slices at the given positions of an axis; t[ids] for rows\n"
                              "[..., n, ...] by ids [k...] -> [..., k..., ...]",
                              "moth.range(10, 50, 10):index(1, moth.tensor({ 3, 1 }, { dtype = \"i64\" }))"),
                    .foreign = "take index_select", ROW_OPTIONS(index_options) },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_index,
};

static moth_status apply_gather(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *given = operation_tensor(call, 1), *ids, *out;
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, 0), &axis);
  if (status != MOTH_OK) return status;
  bool fits = given->rank == t->rank;
  for (int i = 0; fits && i < t->rank; i++) fits = i == axis || given->size[i] <= t->size[i];
  if (!fits) return context_fail(m, MOTH_SHAPE, call->where, "positions %s do not fit %s", tensor_text(given).text, tensor_text(t).text);
  status = operation_ids(call, given, t, axis, &ids);
  if (status != MOTH_OK) return status;
  status = tensor_new(m, call->where, t->dtype, given->rank, given->size, false, &out);
  if (status == MOTH_OK) {
    operation_give(call, 0, out);
    if (!positions_run(m, POSITIONS_TAKE, t, axis, ids, m->index_base, out)) status = operation_cancelled(call);
  }
  moth_release(ids);
  return status;
}

const operation_class operation_gather = {
  .row = { .row = { ROW_TEXTS("gather",
                              "picks along an axis: for each position the element of its own lane\n"
                              "y[i][j] = x[ids[i][j]][j] along axis 1 of a matrix; ids may be smaller than x along other axes",
                              "moth.eye(3):gather(2, moth.tensor({ { 1 }, { 2 }, { 1 } }, { dtype = \"i64\" }))"),
                    .foreign = "take_along_axis take_along_dim", ROW_OPTIONS(index_options) },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_gather,
};

static const moth_option_row flip_options[] = { OPTION_AXES(1, "the axis, or a list of axes; absent: all") };

static moth_status apply_flip(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  bool axes[MOTH_MAX_RANK];
  int count;
  moth_status status = operation_axes(call, t, 0, axes, &count);
  if (status != MOTH_OK) return status;
  bool is_all = !options_is_set(call->options, 0);
  moth_tensor reversed = *t; /* the same elements walked backwards */
  for (int i = 0; i < t->rank && t->count > 0; i++) {
    if (!is_all && !axes[i]) continue;
    reversed.values += (t->size[i] - 1) * t->strides[i] * (int64_t)dtype_size(t->dtype);
    reversed.strides[i] = -t->strides[i];
  }
  status = tensor_clone(call->m, call->where, &reversed, t->dtype, &out);
  if (status == MOTH_OK) operation_give(call, 0, out);
  return status;
}

const operation_class operation_flip = {
  .row = { .row = { ROW_TEXTS("flip", "a copy in reverse order along one axis, several or all", "moth.range(1, 3):flip(1)"),
                    .foreign = "reverse fliplr flipud", ROW_OPTIONS(flip_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_flip,
};

enum { ROLL_COUNT, ROLL_AXIS };
static const moth_option_row roll_options[] = {
  [ROLL_COUNT] = { .key = "n",
                   .doc = "by how many places, negative backwards; a list goes with a list of axes",
                   .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS,
                   .position = 1,
                   .flags = MOTH_REQUIRED,
                   .foreign = "shift shifts" },
  [ROLL_AXIS] = OPTION_AXES(2, "the axis, or a list of axes; absent: all elements in row-major order"),
};

static int64_t entry(const moth_option *list, size_t i) { return list->kind == MOTH_OPTION_INT ? list->as.integer : list->as.integers[i]; }

/* How far each axis turns, 0 <= shift < size; the same axis twice adds up. */
static moth_status read_shifts(const operation_call *call, const moth_tensor *t, int64_t shifts[MOTH_MAX_RANK]) {
  const moth_option *n = &call->options->values[ROLL_COUNT], *axes = &call->options->values[ROLL_AXIS];
  size_t count = axes->kind == MOTH_OPTION_INT ? 1 : axes->count, given = n->kind == MOTH_OPTION_INT ? count : n->count;
  for (int i = 0; i < MOTH_MAX_RANK; i++) shifts[i] = 0;
  if (given != count) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "%lld numbers for %lld axes", (long long)given, (long long)count);
  }
  for (size_t i = 0; i < count; i++) {
    int axis;
    moth_status status = operation_axis(call, t, entry(axes, i), &axis);
    if (status != MOTH_OK) return status;
    int64_t size = t->size[axis];
    if (size == 0) continue;
    int64_t shift = entry(n, i) % size;
    shifts[axis] = (shifts[axis] + (shift < 0 ? shift + size : shift)) % size;
  }
  return MOTH_OK;
}

/* The elements of `from` from one axis on, each of its two parts at its new place. */
static moth_status copy_turned(const operation_call *call, const moth_tensor *from, const moth_tensor *to, const int64_t *shifts,
                               int axis) {
  while (axis < from->rank && shifts[axis] == 0) axis++;
  if (axis == from->rank) {
    moth_tensor place = *to;
    return tensor_copy(call->m, call->where, from, &place);
  }
  int64_t width = (int64_t)dtype_size(from->dtype), whole = from->size[axis], tail = shifts[axis];
  for (int part = 0; part < 2; part++) {
    moth_tensor a = *from, b = *to;
    int64_t first = part == 0 ? 0 : whole - tail, count = part == 0 ? whole - tail : tail;
    a.size[axis] = b.size[axis] = count;
    a.count = b.count = from->count / whole * count;
    a.values += first * a.strides[axis] * width;
    b.values += (part == 0 ? tail : 0) * b.strides[axis] * width;
    moth_status status = copy_turned(call, &a, &b, shifts, axis + 1);
    if (status == MOTH_OK) status = context_poll(call->m, call->where);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

static moth_status apply_roll(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out, flat;
  int64_t shifts[MOTH_MAX_RANK] = { 0 };
  const moth_option *n = &call->options->values[ROLL_COUNT];
  bool is_flat = !options_is_set(call->options, ROLL_AXIS);
  moth_status status = MOTH_OK;
  if (!is_flat) status = read_shifts(call, t, shifts);
  else if (n->kind == MOTH_OPTION_INTS && n->count != 1) status = context_fail(call->m, MOTH_SHAPE, call->where, "a list needs its axes");
  else if (t->count > 0) shifts[0] = (entry(n, 0) % t->count + t->count) % t->count;
  if (status != MOTH_OK) return status;
  moth_tensor *from;
  status = is_flat ? tensor_contiguous(call->m, call->where, t, t->dtype, &from) : (from = moth_retain(t), MOTH_OK);
  if (status != MOTH_OK) return status;
  status = tensor_new(call->m, call->where, t->dtype, t->rank, t->size, false, &out);
  if (status == MOTH_OK) {
    operation_give(call, 0, out);
    moth_tensor seen = *from;
    flat = *out;
    if (is_flat) seen.rank = flat.rank = 1, seen.size[0] = flat.size[0] = t->count, seen.strides[0] = flat.strides[0] = 1;
    if (t->count > 0) status = copy_turned(call, &seen, &flat, shifts, 0);
  }
  moth_release(from);
  return status;
}

const operation_class operation_roll = {
  .row = { .row = { ROW_TEXTS("roll", "a copy turned by n places: what leaves at the end of an axis comes in at its front",
                              "moth.range(1, 5):roll(2)"),
                    ROW_OPTIONS(roll_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_roll,
};
