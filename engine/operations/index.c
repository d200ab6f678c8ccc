/* Elements by position: index, gather, flip. */
#include <string.h>

#include "operations/lanes.h"

#define OPTION_ONE_AXIS                                                                                                                    \
  {                                                                                                                                        \
    .key = "axis", .doc = "the axis that positions are taken from", .kinds = MOTH_OPTION_INT, .position = 1,                               \
    .flags = MOTH_REQUIRED | MOTH_POSITION                                                                                                 \
  }
static const moth_option_row index_options[] = { OPTION_ONE_AXIS };

/* A tensor without a handle: everything at one position of an axis, which goes. */
static moth_tensor at_position(const moth_tensor *t, int axis, int64_t position) {
  moth_tensor part = *t;
  if (part.count > 0) part.values += position * t->strides[axis] * (int64_t)dtype_size(t->dtype);
  for (int i = axis; i < t->rank - 1; i++) part.size[i] = t->size[i + 1], part.strides[i] = t->strides[i + 1];
  part.rank--;
  part.count = t->size[axis] > 0 ? t->count / t->size[axis] : 0;
  return part;
}

/* Copies so many slices, which positions name, into consecutive ones of `out` (with one axis for them). */
static moth_status copy_slices(const operation_call *call, const moth_tensor *t, int axis, const moth_tensor *ids, moth_tensor *out) {
  const int64_t *id = (const int64_t *)ids->values;
  int64_t width = (int64_t)dtype_size(t->dtype), inner = 1;
  for (int i = axis + 1; i < t->rank; i++) inner *= t->size[i];
  bool are_rows = axis == 0 && shape_is_contiguous(t->rank - 1, t->size + 1, t->strides + 1);
  for (int64_t i = 0; i < ids->count; i++) {
    if (i % 4096 == 0 && context_is_cancelled(call->m)) return operation_cancelled(call);
    if (are_rows) {
      memcpy(out->values + i * inner * width, t->values + id[i] * t->strides[0] * width, (size_t)(inner * width));
      continue;
    }
    moth_tensor from = at_position(t, axis, id[i]), to = at_position(out, axis, i);
    moth_status status = tensor_copy(call->m, call->where, &from, &to);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

static moth_status apply_index(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *given = operation_tensor(call, 1), *ids, *out;
  int axis, rank = t->rank - 1 + given->rank;
  moth_status status = operation_axis(call, t, options_int(call->options, 0), &axis);
  if (status != MOTH_OK) return status;
  if (rank > MOTH_MAX_RANK) return context_fail(m, MOTH_LIMIT, call->where, "a tensor has at most %d axes, got %d", MOTH_MAX_RANK, rank);
  status = operation_ids(call, given, t, axis, &ids);
  if (status != MOTH_OK) return status;
  int64_t size[MOTH_MAX_RANK];
  for (int i = 0; i < rank; i++) {
    size[i] = i < axis ? t->size[i] : i < axis + given->rank ? given->size[i - axis] : t->size[i - given->rank + 1];
  }
  status = tensor_new(m, call->where, t->dtype, rank, size, false, &out);
  if (status == MOTH_OK) {
    operation_give(call, 0, out);
    moth_tensor flat = *out; /* the axes of the positions as one */
    flat.rank = t->rank;
    for (int i = 0; i < t->rank; i++) flat.size[i] = i == axis ? ids->count : t->size[i];
    shape_strides(flat.rank, flat.size, flat.strides);
    if (out->count > 0) status = copy_slices(call, t, axis, ids, &flat);
  }
  moth_release(ids);
  return status;
}

const operation_class operation_index = {
  .row = { .row = { ROW_TEXTS("index", "copies of the slices at the given positions of an axis; t[ids] for rows",
                              "x:index(1, moth.tensor{ 3, 1 })"),
                    ROW_OPTIONS(index_options) },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_index,
};

typedef struct gathering {
  moth_dtype dtype;
  int64_t n, x_step, id_step, y_step;
} gathering;

static bool gather_lane(void *data, char *const *lane) {
  const gathering *g = data;
  loops_cast_function move = loops_cast(g->dtype, g->dtype);
  for (int64_t i = 0; i < g->n; i++)
    move(lane[2] + *(const int64_t *)(lane[0] + i * g->id_step) * g->x_step, 0, lane[1] + i * g->y_step, 0, 1);
  return true;
}

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
    int64_t width = (int64_t)dtype_size(t->dtype);
    gathering g = { t->dtype, given->size[axis], t->strides[axis] * width, ids->strides[axis] * 8, out->strides[axis] * width };
    moth_tensor *tensors[] = { ids, out, t }; /* walked over the positions' shape */
    if (out->count > 0 && !lanes_run(m, tensors, 3, axis, gather_lane, &g)) status = operation_cancelled(call);
  }
  moth_release(ids);
  return status;
}

const operation_class operation_gather = {
  .row = { .row = { ROW_TEXTS("gather", "picks along an axis: for each position the element of its own lane",
                              "p:gather(2, y:unsqueeze(2))"),
                    ROW_OPTIONS(index_options) },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_gather,
};

static const moth_option_row flip_options[] = {
  { .key = "axis",
    .doc = "the axis, or a list of axes; absent: all",
    .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS,
    .position = 1,
    .flags = MOTH_POSITION },
};

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
                    ROW_OPTIONS(flip_options) },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_flip,
};
