/* Other shapes of the same elements: views, but for reshape and flatten where strides forbid one, repeat_times and tile. */
#include "operations/support.h"

#define OPTION_SIZES(text)                                                                                                                 \
  {                                                                                                                                        \
    .key = "shape", .doc = (text), .kinds = MOTH_OPTION_INTS, .position = 1, .flags = MOTH_REST | MOTH_RANGED, .low = -1,                  \
    .high = 9007199254740992.0, .fallback = MOTH_INTS(NULL, 0, NULL)                                                                       \
  }
#define OPTION_PLACE(name, at, text, foreign_)                                                                                             \
  {                                                                                                                                        \
    .key = name, .foreign = (foreign_), .doc = text, .kinds = MOTH_OPTION_INT, .position = (at), .flags = MOTH_REQUIRED | MOTH_POSITION    \
  }

#define SHAPE_OPERATION(word, doc_, example_, list, function, code_, foreign_)                                                             \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(list),                        \
                                                               .foreign = (foreign_) },                                                    \
                                                      .inputs = 1,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD },                                                              \
                                             .apply = function,                                                                            \
                                             .code = (code_) }

/* A view with these axes, given away. */
static moth_status give_view(const operation_call *call, moth_tensor *t, int rank, const int64_t *size, const int64_t *strides) {
  moth_tensor *view;
  moth_status status = tensor_view(call->m, t, t->values, rank, size, strides, &view);
  if (status != MOTH_OK) return context_within(call->m, status, call->where);
  operation_give(call, 0, view);
  return MOTH_OK;
}

static const moth_option_row reshape_options[] = { OPTION_SIZES("sizes; one may be -1, which is then computed") };

static moth_status give_reshaped(const operation_call *call, int rank, const int64_t *size, bool copies) {
  moth_tensor *out;
  moth_status status = tensor_reshape(call->m, call->where, operation_tensor(call, 0), rank, size, copies, &out);
  if (status == MOTH_OK) operation_give(call, 0, out);
  return status;
}

static moth_status apply_reshape(const operation_call *call) {
  moth_shape shape = { .rank = 0 };
  moth_status status = operation_shape(call, 0, &shape);
  return status != MOTH_OK ? status : give_reshaped(call, shape.rank, shape.size, call->class->code != 0);
}

SHAPE_OPERATION(reshape, "the same elements in another shape, row-major; a view where strides allow one, else a copy",
                "moth.range(1, 6):reshape(2, -1)", reshape_options, apply_reshape, 1, "resize");
SHAPE_OPERATION(view, "the same elements in another shape, never copied: an error where strides forbid it", "moth.range(1, 6):view(2, 3)",
                reshape_options, apply_reshape, 0, NULL);

static moth_status apply_flatten(const operation_call *call) { return give_reshaped(call, 1, &operation_tensor(call, 0)->count, true); }

const operation_class operation_flatten = {
  .row = { .row = { ROW_TEXTS("flatten", "all elements in one axis, row-major; a view where strides allow one",
                              "moth.ones(2, 3):flatten()"),
                    .foreign = "ravel" },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_flatten,
};

static const moth_option_row squeeze_options[] = { OPTION_AXES(1, "the axis of size 1, or a list of them, to drop; absent: all of them") };

static moth_status apply_squeeze(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0);
  bool goes[MOTH_MAX_RANK];
  int count, rank = 0;
  moth_status status = operation_axes(call, t, 0, goes, &count);
  if (status != MOTH_OK) return status;
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0; i < t->rank; i++) {
    if (!options_is_set(call->options, 0)) goes[i] = t->size[i] == 1;
    if (goes[i] && t->size[i] != 1) {
      return context_fail(call->m, MOTH_SHAPE, call->where, "axis %d of %s is not 1", i + call->m->index_base, tensor_text(t).text);
    }
    if (goes[i]) continue;
    size[rank] = t->size[i];
    strides[rank++] = t->strides[i];
  }
  return give_view(call, t, rank, size, strides);
}

SHAPE_OPERATION(squeeze, "a view without an axis of size 1, some of them, or all", "moth.ones(2, 1, 3):squeeze()", squeeze_options,
                apply_squeeze, 0, NULL);

static const moth_option_row unsqueeze_options[] = { OPTION_AXIS(1, "where the new axis stands", MOTH_REQUIRED) };

static moth_status apply_unsqueeze(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0);
  int64_t given = options_int(call->options, 0), axis = given < 0 && given >= -t->rank - 1 ? given + t->rank + 1 : given;
  if (axis < 0 || axis > t->rank) {
    return context_fail(m, MOTH_INDEX, call->where, "axis %lld: the new axis of %s may be %d..%d or %d..-1",
                        (long long)tensor_told(m, given), tensor_text(t).text, m->index_base, t->rank + m->index_base, -t->rank - 1);
  }
  if (t->rank == MOTH_MAX_RANK) return context_fail(m, MOTH_LIMIT, call->where, "%s leaves no room for an axis", tensor_text(t).text);
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0; i <= t->rank; i++) {
    int from = i < axis ? i : i - 1;
    size[i] = i == axis ? 1 : t->size[from];
    strides[i] = i == axis ? (i < t->rank ? t->strides[i] * t->size[i] : 1) : t->strides[from];
  }
  return give_view(call, t, t->rank + 1, size, strides);
}

SHAPE_OPERATION(unsqueeze, "a view with a new axis of size 1", "moth.ones(3):unsqueeze(1)", unsqueeze_options, apply_unsqueeze, 0,
                "expand_dims");

static const moth_option_row transpose_options[] = {
  { .key = "first", .foreign = "dim0 axis1", .doc = "one axis", .kinds = MOTH_OPTION_INT, .position = 1, .flags = MOTH_POSITION,
    .fallback = MOTH_INT(NULL, -2) },
  { .key = "second", .foreign = "dim1 axis2", .doc = "the other", .kinds = MOTH_OPTION_INT, .position = 2, .flags = MOTH_POSITION,
    .fallback = MOTH_INT(NULL, -1) },
};

static moth_status give_swapped(const operation_call *call, int a, int b) {
  moth_tensor *t = operation_tensor(call, 0);
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0; i < t->rank; i++) {
    int from = i == a ? b : i == b ? a : i;
    size[i] = t->size[from];
    strides[i] = t->strides[from];
  }
  return give_view(call, t, t->rank, size, strides);
}

static moth_status apply_transpose(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0);
  int a, b;
  moth_status status = operation_axis(call, t, options_int(call->options, 0), &a);
  if (status == MOTH_OK) status = operation_axis(call, t, options_int(call->options, 1), &b);
  return status == MOTH_OK ? give_swapped(call, a, b) : status;
}

SHAPE_OPERATION(transpose, "a view with two axes exchanged, the last two where none are named", "moth.ones(2, 3, 4):transpose(1, 3)",
                transpose_options, apply_transpose, 0, "swapaxes swapdims");

static moth_status apply_t(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0);
  if (t->rank == 2) return give_swapped(call, 0, 1);
  return context_fail(call->m, MOTH_SHAPE, call->where, "takes a matrix, got %s; transpose(a, b) exchanges any two axes",
                      tensor_text(t).text);
}

const operation_class operation_t = {
  .row = { .row = { ROW_TEXTS("t", "a view of a matrix with rows and columns exchanged", "moth.ones(2, 3):t()"), .foreign = "T mT" },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_t,
};

static const moth_option_row permute_options[] = {
  { .key = "axes",
    .foreign = "dims",
    .doc = "all axes in their new order",
    .kinds = MOTH_OPTION_INTS,
    .position = 1,
    .flags = MOTH_REST | MOTH_POSITION,
    .fallback = MOTH_INTS(NULL, 0, NULL) },
};

static moth_status apply_permute(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0);
  const moth_option *axes = &call->options->values[0];
  bool seen[MOTH_MAX_RANK];
  int count;
  moth_status status = operation_axes(call, t, 0, seen, &count);
  if (status != MOTH_OK) return status;
  if (count != t->rank) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "%s has %d axes, got %d", tensor_text(t).text, t->rank, count);
  }
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0; i < t->rank; i++) {
    int axis = 0;
    operation_axis(call, t, axes->as.integers[i], &axis);
    size[i] = t->size[axis];
    strides[i] = t->strides[axis];
  }
  return give_view(call, t, t->rank, size, strides);
}

SHAPE_OPERATION(permute, "a view with the axes in another order", "moth.ones(2, 3, 4):permute(3, 1, 2)", permute_options, apply_permute, 0,
                "moveaxis transpose_axes");

static const moth_option_row expand_options[] = { OPTION_SIZES("sizes; -1 keeps one") };

static moth_status apply_expand(const operation_call *call) {
  moth_shape shape = { .rank = 0 };
  moth_tensor *view;
  moth_status status = operation_shape(call, 0, &shape);
  if (status == MOTH_OK) status = moth_tensor_expand(call->m, operation_tensor(call, 0), shape.rank, shape.size, &view);
  if (status == MOTH_OK) operation_give(call, 0, view);
  return status;
}

SHAPE_OPERATION(expand, "a read-only view in a larger shape: axes of size 1 repeat without a copy", "moth.ones(3, 1):expand(3, 4)",
                expand_options, apply_expand, 0, "broadcast_to");

enum { NARROW_AXIS, NARROW_FIRST, NARROW_COUNT };
static const moth_option_row narrow_options[] = {
  [NARROW_AXIS] = OPTION_AXIS(1, "the axis to cut", MOTH_REQUIRED),
  [NARROW_FIRST] = OPTION_PLACE("first", 2, "where the cut begins", "start"),
  [NARROW_COUNT] = { .key = "count",
                     .foreign = "length",
                     .doc = "how many",
                     .kinds = MOTH_OPTION_INT,
                     .position = 3,
                     .flags = MOTH_REQUIRED | MOTH_RANGED,
                     .low = 0,
                     .high = 9007199254740992.0 },
};

static moth_status apply_narrow(const operation_call *call) {
  moth *m = call->m;
  moth_tensor *t = operation_tensor(call, 0), *view;
  int64_t given = options_int(call->options, NARROW_FIRST), count = options_int(call->options, NARROW_COUNT), first;
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, NARROW_AXIS), &axis);
  if (status != MOTH_OK) return status;
  int64_t size = t->size[axis];
  first = given < 0 && given >= -size ? given + size : given;
  if (first < 0 || first > size || count > size - first) {
    return context_fail(m, MOTH_INDEX, call->where, "%lld from %lld on leave axis %d of %s", (long long)count,
                        (long long)tensor_told(m, given), axis + m->index_base, tensor_text(t).text);
  }
  status = moth_tensor_slice(m, t, axis, first, count, 1, &view);
  if (status == MOTH_OK) operation_give(call, 0, view);
  return context_within(m, status, call->where);
}

SHAPE_OPERATION(narrow, "a view of so many elements of an axis", "moth.ones(5, 3):narrow(1, 2, 3)", narrow_options, apply_narrow, 0,
                "slice");

enum { SELECT_AXIS, SELECT_INDEX };
static const moth_option_row select_options[] = {
  [SELECT_AXIS] = OPTION_AXIS(1, "the axis that goes", MOTH_REQUIRED),
  [SELECT_INDEX] = OPTION_PLACE("index", 2, "the position along it", NULL),
};

static moth_status apply_select(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *view;
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, SELECT_AXIS), &axis);
  if (status == MOTH_OK)
    status = context_within(call->m, moth_tensor_select(call->m, t, axis, options_int(call->options, SELECT_INDEX), &view), call->where);
  if (status == MOTH_OK) operation_give(call, 0, view);
  return status;
}

SHAPE_OPERATION(select, "a view of one position along an axis, without that axis", "moth.ones(5, 3):select(2, 1)", select_options,
                apply_select, 0, NULL);

static const moth_option_row repeat_options[] = {
  { .key = "times",
    .doc = "how often along each axis",
    .kinds = MOTH_OPTION_INTS,
    .position = 1,
    .flags = MOTH_REST | MOTH_RANGED,
    .low = 0,
    .high = 9007199254740992.0,
    .fallback = MOTH_INTS(NULL, 0, NULL) },
};

/* The first places along an axis hold one copy, which doubles until it fills `whole`. What lies behind the axis is full already, what lies
 * before it is not there yet. */
static moth_status repeat_along(const operation_call *call, const moth_tensor *filled, int axis, int64_t whole) {
  moth_tensor from = *filled, to = *filled;
  int64_t width = (int64_t)dtype_size(from.dtype), step = from.strides[axis] * width, rest = from.count / from.size[axis];
  for (int64_t done = from.size[axis]; done < whole;) {
    int64_t count = whole - done < done ? whole - done : done;
    from.size[axis] = to.size[axis] = count;
    from.count = to.count = rest * count;
    to.values = from.values + done * step;
    moth_status status = context_poll(call->m, call->where);
    if (status == MOTH_OK) status = tensor_copy(call->m, call->where, &from, &to);
    if (status != MOTH_OK) return status;
    done += count;
  }
  return MOTH_OK;
}

static moth_status apply_repeat(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  moth_shape times = { .rank = 0 }, shape = { .rank = 0 };
  bool pads = call->class->code != 0; /* with ones in front, as NumPy's tile */
  moth_status status = operation_shape(call, 0, &times);
  if (status != MOTH_OK) return status;
  if (times.rank < t->rank && !pads) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "%s has %d axes, got %d numbers", tensor_text(t).text, t->rank, times.rank);
  }
  int rank = times.rank > t->rank ? times.rank : t->rank, lead = rank - t->rank, ahead = rank - times.rank;
  for (int i = 0; i < rank; i++) {
    int64_t size = i < lead ? 1 : t->size[i - lead];
    if (__builtin_mul_overflow(size, i < ahead ? 1 : times.size[i - ahead], &shape.size[i]))
      return context_fail(call->m, MOTH_LIMIT, call->where, "more elements than can be addressed");
    shape.rank++;
  }
  status = tensor_new(call->m, call->where, t->dtype, shape.rank, shape.size, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  if (out->count == 0) return MOTH_OK;
  moth_tensor filled = *out, place = *out; /* the first copy, in t's own axes */
  filled.count = place.count = t->count;
  place.rank = t->rank;
  for (int i = 0; i < rank; i++) filled.size[i] = i < lead ? 1 : t->size[i - lead];
  for (int i = 0; i < t->rank; i++) place.size[i] = t->size[i], place.strides[i] = out->strides[i + lead];
  status = tensor_copy(call->m, call->where, t, &place);
  for (int axis = rank - 1; status == MOTH_OK && axis >= 0; axis--) {
    status = repeat_along(call, &filled, axis, out->size[axis]);
    filled.count = filled.count / filled.size[axis] * out->size[axis];
    filled.size[axis] = out->size[axis];
  }
  return status;
}

SHAPE_OPERATION(repeat_times,
                "copies side by side along each axis, as PyTorch's repeat\n"
                "[s...] by n... -> [n*s...]; more numbers than axes add axes in front",
                "moth.eye(2):repeat_times(3, 1)", repeat_options, apply_repeat, 0, "repeat");
SHAPE_OPERATION(tile,
                "copies side by side along each axis, as NumPy's tile: fewer numbers than axes count for the last ones\n"
                "[s...] by n... -> [n*s...]; more numbers than axes add axes in front",
                "moth.range(1, 3):tile(2, 2)", repeat_options, apply_repeat, 1, NULL);
