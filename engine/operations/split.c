/* Tensors into lists of views along an axis: split, chunk, unbind. */
#include "operations/support.h"

#define OPTION_ALONG(at) OPTION_AXIS_OR(0, at, "the axis that is cut; by default the first")
#define LIST_ROW(word, doc_, example_, list, function, foreign_)                                                                           \
  const operation_class operation_##word = { .row = { .row = { ROW_TEXTS(#word, doc_, example_), ROW_OPTIONS(list), .foreign = foreign_ }, \
                                                      .inputs = 1,                                                                         \
                                                      .results = 1,                                                                        \
                                                      .dtypes = ALL_DTYPES,                                                                \
                                                      .flags = MOTH_METHOD | MOTH_MANY,                                                    \
                                                      .gives = "list of tensors" },                                                        \
                                             .apply = function }
enum { POLL = 4096 };

/* The places first … first+count-1 along an axis; `drops` leaves the axis out. */
static moth_status part_of(const operation_call *call, moth_tensor *t, int axis, int64_t first, int64_t count, bool drops,
                           moth_tensor **part) {
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  int rank = 0;
  for (int i = 0; i < t->rank; i++) {
    if (i == axis && drops) continue;
    size[rank] = i == axis ? count : t->size[i];
    strides[rank++] = t->strides[i];
  }
  bool is_empty = t->count == 0 || count == 0; /* has no place to point to */
  char *values = is_empty ? t->values : t->values + first * t->strides[axis] * (int64_t)dtype_size(t->dtype);
  return context_within(call->m, tensor_view(call->m, t, values, rank, size, strides, part), call->where);
}

/* `count` parts: of the sizes in the list, or (NULL) of `most` each but for the last. */
static moth_status give_parts(const operation_call *call, int axis, int64_t count, const int64_t *sizes, int64_t most, bool drops) {
  moth_tensor *t = operation_tensor(call, 0), **parts;
  moth_status status = operation_give_list(call, count, &parts);
  if (status != MOTH_OK) return context_within(call->m, status, call->where);
  int64_t first = 0;
  for (int64_t i = 0; status == MOTH_OK && i < count; i++) {
    int64_t left = t->size[axis] - first, size = sizes ? sizes[i] : most < left ? most : left;
    if (i % POLL == 0 && context_is_cancelled(call->m)) return operation_cancelled(call);
    status = part_of(call, t, axis, first, size, drops, &parts[i]);
    first += size;
  }
  return status;
}

enum { SPLIT_SIZE, SPLIT_AXIS };
static const moth_option_row split_options[] = {
  [SPLIT_SIZE] = { .key = "size",
                   .doc = "places a part; or a list of sizes that adds up to the axis",
                   .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS,
                   .position = 1,
                   .flags = MOTH_REQUIRED | MOTH_RANGED,
                   .low = 0,
                   .high = 9007199254740992.0,
                   .foreign = "split_size_or_sections split_size indices_or_sections" },
  [SPLIT_AXIS] = OPTION_ALONG(2),
};

static moth_status split_by_sizes(const operation_call *call, int axis, const moth_option *sizes) {
  const moth_tensor *t = operation_tensor(call, 0);
  int64_t sum = 0;
  for (size_t i = 0; i < sizes->count; i++) {
    if (__builtin_add_overflow(sum, sizes->as.integers[i], &sum)) sum = INT64_MAX;
  }
  if (sum == t->size[axis]) return give_parts(call, axis, (int64_t)sizes->count, sizes->as.integers, 0, false);
  return context_fail(call->m, MOTH_SHAPE, call->where, "the sizes add up to %lld, axis %d of %s has %lld places", (long long)sum,
                      axis + call->m->index_base, tensor_text(t).text, (long long)t->size[axis]);
}

static moth_status apply_split(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  const moth_option *size = &call->options->values[SPLIT_SIZE];
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, SPLIT_AXIS), &axis);
  if (status != MOTH_OK) return status;
  if (size->kind == MOTH_OPTION_INTS) return split_by_sizes(call, axis, size);
  int64_t most = size->as.integer, whole = t->size[axis];
  if (most == 0 && whole > 0) return context_fail(call->m, MOTH_OPTION, call->where, "size must be >= 1, got 0");
  return give_parts(call, axis, whole == 0 ? 1 : (whole - 1) / most + 1, NULL, most, false);
}

LIST_ROW(split,
         "views of so many places each along an axis, the last with what is left; or of the sizes in a list\n"
         "[n, …] by k -> a list of [k, …]",
         "moth.range(1, 5):split(2)[3]", split_options, apply_split, "array_split");

enum { CHUNK_COUNT, CHUNK_AXIS };
static const moth_option_row chunk_options[] = {
  [CHUNK_COUNT] = { .key = "n",
                    .doc = "how many parts, at most",
                    .kinds = MOTH_OPTION_INT,
                    .position = 1,
                    .flags = MOTH_REQUIRED | MOTH_RANGED,
                    .low = 1,
                    .high = 9007199254740992.0,
                    .foreign = "chunks" },
  [CHUNK_AXIS] = OPTION_ALONG(2),
};

static moth_status apply_chunk(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, CHUNK_AXIS), &axis);
  if (status != MOTH_OK) return status;
  int64_t n = options_int(call->options, CHUNK_COUNT), whole = t->size[axis];
  if (whole == 0) return give_parts(call, axis, 1, NULL, 0, false);
  int64_t most = (whole - 1) / n + 1;
  return give_parts(call, axis, (whole - 1) / most + 1, NULL, most, false);
}

LIST_ROW(chunk,
         "views of at most n parts of an axis, as long as one another but for the last; fewer than n where they would be empty\n"
         "[n, …] -> a list of [ceil(n / parts), …], as PyTorch's chunk; of an empty axis one empty part",
         "moth.range(1, 6):chunk(3)[2]", chunk_options, apply_chunk, NULL);

static const moth_option_row unbind_options[] = { OPTION_ALONG(1) };

static moth_status apply_unbind(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  int axis;
  moth_status status = operation_axis(call, t, options_int(call->options, 0), &axis);
  return status == MOTH_OK ? give_parts(call, axis, t->size[axis], NULL, 1, true) : status;
}

LIST_ROW(unbind, "a view of each place along an axis, without that axis\n[n, …] -> a list of n times […]", "moth.eye(2):unbind()[1]",
         unbind_options, apply_unbind, "unstack");
