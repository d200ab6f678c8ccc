/* Order along one axis: sorting, the first few, the one at a rank. */
#include "core/memory.h"
#include "math/sort.h"
#include "operations/lanes.h"

#define OPTION_K(least, text)                                                                                                              \
  {                                                                                                                                        \
    .key = "k", .doc = (text), .kinds = MOTH_OPTION_INT, .position = 1, .flags = MOTH_REQUIRED | MOTH_RANGED, .low = (least),              \
    .high = 9007199254740992.0                                                                                                             \
  }

enum { CODE_SORT, CODE_ARGSORT, CODE_TOPK, CODE_KTH };
enum { SORT_AXIS, SORT_DESCENDING };
static const moth_option_row sort_options[] = {
  [SORT_AXIS] = OPTION_AXIS_OR(-1, 1, "the axis to sort along; absent: the last"),
  [SORT_DESCENDING] = { .key = "descending",
                        .doc = "largest first; nan stays last",
                        .kinds = MOTH_OPTION_FLAG,
                        .fallback = MOTH_FLAG(NULL, false),
                        .foreign = "reverse" },
};
enum { SOME_K, SOME_AXIS, SOME_FLAG };
static const moth_option_row top_options[] = {
  [SOME_K] = OPTION_K(0, "how many, 0 to the size of the axis"),
  [SOME_AXIS] = OPTION_AXIS_OR(-1, 2, "the axis to look along; absent: the last"),
  [SOME_FLAG] = { .key = "largest",
                  .doc = "the largest, or with false the smallest",
                  .kinds = MOTH_OPTION_FLAG,
                  .fallback = MOTH_FLAG(NULL, true) },
};
static const moth_option_row kth_options[] = {
  [SOME_K] = OPTION_K(1, "which in ascending order: 1, the smallest, to the size of the axis"),
  [SOME_AXIS] = OPTION_AXIS_OR(-1, 2, "the axis to look along; absent: the last"),
  [SOME_FLAG] = OPTION_KEEP,
};

/* How one lane is to be ordered, and the room for it. */
typedef struct ordering {
  moth *m;
  int code;
  int64_t k;
  sort_lane lane;
  sort_places places;
  void *room;
} ordering;

static bool kth_of_lane(ordering *o, const sort_places *places) {
  sort_selection selection;
  sort_rank found;
  if (!sort_select_open(o->m, &selection, &o->lane, o->room) || !sort_select(o->m, &selection, o->k - 1, &found)) return false;
  int64_t at;
  if (!sort_select_position(o->m, &selection, &found, o->k - 1, &at)) return false;
  const char *value = (const char *)o->lane.x + at * o->lane.step;
  loops_cast(o->lane.dtype, o->lane.dtype)(value, 0, places->y, 0, 1);
  *places->order = at + places->base;
  return true;
}

static bool order_lane(void *data, char *const *lane) {
  ordering *o = data;
  sort_places places = o->places;
  o->lane.x = lane[0];
  places.order = (int64_t *)(void *)lane[1];
  places.y = o->code == CODE_ARGSORT ? NULL : lane[2];
  if (o->code == CODE_KTH) return kth_of_lane(o, &places);
  return o->code == CODE_TOPK ? sort_first(o->m, &o->lane, &places, o->room) : sort_run(o->m, &o->lane, &places, o->room);
}

static moth_status order_tensor(const operation_call *call, ordering *o, moth_tensor *t, int axis, moth_tensor *values,
                                moth_tensor *positions) {
  moth *m = call->m;
  int64_t width = (int64_t)dtype_size(t->dtype);
  size_t bytes = SIZE_MAX;
  o->m = m;
  o->lane.dtype = t->dtype, o->lane.step = t->strides[axis] * width, o->lane.n = t->size[axis];
  o->places = (sort_places) { .count = positions->size[axis], .order_step = positions->strides[axis] * 8, .base = m->index_base };
  if (values) o->places.y_step = values->strides[axis] * width;
  if (!sort_room(t->dtype, o->lane.n, &bytes)) bytes = SIZE_MAX;
  o->room = memory_aligned(m, bytes, false);
  if (!o->room) return context_within(m, m->status, call->where);
  moth_tensor *tensors[] = { t, positions, values };
  moth_status status = MOTH_OK;
  if (!lanes_run(m, tensors, values ? 3 : 2, axis, order_lane, o)) status = operation_cancelled(call);
  memory_aligned_free(m, o->room, bytes);
  return status;
}

/* Results as large as t but for the axis. */
static moth_status make_results(const operation_call *call, const moth_tensor *t, int axis, int64_t length, moth_tensor **values,
                                moth_tensor **positions) {
  moth_shape size = shape_of(t->rank, t->size);
  size.size[axis] = length;
  int result = 0;
  *values = NULL;
  if (call->class->code != CODE_ARGSORT) {
    moth_status status = tensor_new(call->m, call->where, t->dtype, t->rank, size.size, false, values);
    if (status != MOTH_OK) return status;
    operation_give(call, result++, *values);
  }
  moth_status status = tensor_new(call->m, call->where, MOTH_I64, t->rank, size.size, false, positions);
  if (status == MOTH_OK) operation_give(call, result, *positions);
  return status;
}

static moth_status apply_sort(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *values, *positions;
  ordering o = { .code = call->class->code, .lane.descending = options_flag(call->options, SORT_DESCENDING) };
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, SORT_AXIS), &axis);
  if (status == MOTH_OK) status = make_results(call, t, axis, t->size[axis], &values, &positions);
  return status != MOTH_OK || t->count == 0 ? status : order_tensor(call, &o, t, axis, values, positions);
}

static moth_status check_k(const operation_call *call, const moth_tensor *t, int axis, int64_t k) {
  if (k <= t->size[axis]) return MOTH_OK;
  return context_fail(call->m, MOTH_INDEX, call->where, "k is %lld, axis %d of %s has %lld value%s", (long long)k,
                      axis + call->m->index_base, tensor_text(t).text, (long long)t->size[axis], t->size[axis] == 1 ? "" : "s");
}

static moth_status apply_topk(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *values, *positions;
  ordering o = { .code = CODE_TOPK, .lane.descending = options_flag(call->options, SOME_FLAG) };
  int64_t k = options_int(call->options, SOME_K);
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, SOME_AXIS), &axis);
  if (status == MOTH_OK) status = check_k(call, t, axis, k);
  if (status == MOTH_OK) status = make_results(call, t, axis, k, &values, &positions);
  return status != MOTH_OK || positions->count == 0 ? status : order_tensor(call, &o, t, axis, values, positions);
}

/* Lets the axis go from a result whose size along it is 1. */
static void drop_axis(moth_tensor *t, int axis) {
  t->rank--;
  for (int i = axis; i < t->rank; i++) t->size[i] = t->size[i + 1], t->strides[i] = t->strides[i + 1];
}

static moth_status apply_kthvalue(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *values, *positions;
  ordering o = { .code = CODE_KTH, .k = options_int(call->options, SOME_K) };
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, SOME_AXIS), &axis);
  if (status == MOTH_OK && t->size[axis] == 0) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "axis %d of %s is empty", axis + call->m->index_base, tensor_text(t).text);
  }
  if (status == MOTH_OK) status = check_k(call, t, axis, o.k);
  if (status == MOTH_OK) status = make_results(call, t, axis, 1, &values, &positions);
  if (status == MOTH_OK && positions->count > 0) status = order_tensor(call, &o, t, axis, values, positions);
  if (status == MOTH_OK && !options_flag(call->options, SOME_FLAG)) drop_axis(values, axis), drop_axis(positions, axis);
  return status;
}

#define ORDER_ROW(word, code_, apply_, list, results_, gives_, doc_, example_)                                                             \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(list) },                      \
                                                      .inputs = 1,                                                                         \
                                                      .results = (results_),                                                               \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD,                                                                \
                                                      .gives = (gives_) },                                                                 \
                                             .apply = (apply_),                                                                            \
                                             .code = (code_) }
ORDER_ROW(sort, CODE_SORT, apply_sort, sort_options, 2, "values, indices",
          "values in order along an axis, and where each stood\nStable; nan last whichever the direction; -0 equals 0.",
          "moth.tensor{ 3, 1, 2 }:sort()");
ORDER_ROW(argsort, CODE_ARGSORT, apply_sort, sort_options, 1, NULL,
          "where the values in order stand along an axis\nStable; nan last whichever the direction; -0 equals 0.",
          "moth.tensor{ 3, 1, 2 }:argsort{ descending = true }");
ORDER_ROW(
    topk, CODE_TOPK, apply_topk, top_options, 2, "values, indices",
    "the k largest values along an axis in falling order, and where each stands\nWhat sort{ descending = true } begins with: of equals "
    "the first, nan last. With largest = false the smallest in rising order.",
    "moth.tensor{ 3, 1, 2 }:topk(2)");
ORDER_ROW(kthvalue, CODE_KTH, apply_kthvalue, kth_options, 2, "values, indices",
          "the k-th smallest value along an axis, and where it stands\nWhat sort has in place k: of equals in their order, nan last.",
          "moth.tensor{ 3, 1, 2 }:kthvalue(2)");
