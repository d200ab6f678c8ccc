#include "tensor/tensor.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "math/kernels.h"

/* Tensors of at most SMALL_BYTES are one block: handle, storage and values; those of at most LITTLE_BYTES a smaller one. */
enum { LITTLE_BYTES = 64, SMALL_BYTES = 192 };

typedef struct small_tensor {
  moth_tensor tensor;
  storage storage;
  _Alignas(16) char bytes[];
} small_tensor;

static void tensor_destroy(object *self) { storage_release(((moth_tensor *)self)->storage); }

static size_t tensor_object_text(const object *self, char *buffer, size_t size) {
  return moth_tensor_text((const moth_tensor *)self, buffer, size);
}

static const object_class tensor_class = {
  .kind = MOTH_TENSOR_OBJECT, .name = "tensor", .size = sizeof(moth_tensor), .destroy = tensor_destroy, .text = tensor_object_text
};
static const object_class little_tensor_class = {
  .kind = MOTH_TENSOR_OBJECT, .name = "tensor", .size = sizeof(small_tensor) + LITTLE_BYTES, .text = tensor_object_text
};
static const object_class small_tensor_class = {
  .kind = MOTH_TENSOR_OBJECT, .name = "tensor", .size = sizeof(small_tensor) + SMALL_BYTES, .text = tensor_object_text
};

static void tensor_fill_in(moth_tensor *t, moth_dtype dtype, int rank, const int64_t *size, int64_t count) {
  t->dtype = dtype;
  t->rank = rank;
  t->count = count;
  for (int i = 0; i < rank; i++) t->size[i] = size[i];
}

/* Why a tensor could not be had, in the words of the operation that wanted it. */
static moth_status tensor_too_big(moth *m, const char *where, moth_dtype dtype, int rank, const int64_t *size, double bytes) {
  tensor_words words = tensor_shape_text(dtype, rank, size);
  char needed[32], limit[32], used[32];
  text_bytes(needed, sizeof needed, bytes);
  if (m->status != MOTH_LIMIT) return context_fail(m, MOTH_MEMORY, where, "%s needs %s, out of memory", words.text, needed);
  text_bytes(limit, sizeof limit, (double)m->memory_limit);
  text_bytes(used, sizeof used, (double)m->memory_used);
  if (bytes > (double)m->memory_limit) {
    return context_fail(m, MOTH_LIMIT, where, "%s needs %s, the limit is %s (moth.limit)", words.text, needed, limit);
  }
  return context_fail(m, MOTH_LIMIT, where, "%s needs %s, %s of the limit of %s are in use (moth.limit)", words.text, needed, used, limit);
}

static moth_status tensor_new_small(moth *m, const char *where, moth_dtype dtype, int rank, const int64_t *size, int64_t count, bool clear,
                                    moth_tensor **t) {
  size_t bytes = (size_t)count * dtype_size(dtype);
  const object_class *class = bytes <= LITTLE_BYTES ? &little_tensor_class : &small_tensor_class;
  small_tensor *small = object_new_unset(m, class);
  if (!small) return tensor_too_big(m, where, dtype, rank, size, (double)class->size);
  tensor_fill_in(&small->tensor, dtype, rank, size, count);
  small->tensor.read_only = false;
  if (clear) memset(small->bytes, 0, bytes);
  shape_strides(rank, size, small->tensor.strides);
  small->storage = (storage) {
    .references = 1, .owner = &small->tensor.base, .context = m, .bytes = small->bytes, .size = bytes
  };
  small->tensor.storage = &small->storage;
  small->tensor.values = small->bytes;
  *t = &small->tensor;
  return MOTH_OK;
}

moth_status tensor_new(moth *m, const char *where, moth_dtype dtype, int rank, const int64_t *size, bool clear, moth_tensor **t) {
  assert(rank >= 0 && rank <= MOTH_MAX_RANK && (unsigned)dtype < MOTH_DTYPES);
  int64_t count;
  if (!shape_count(rank, size, &count)) {
    for (int i = 0; i < rank; i++) {
      if (size[i] < 0) return context_fail(m, MOTH_SHAPE, where, "size %lld of axis %d is negative", (long long)size[i], i + m->index_base);
    }
    double bytes = (double)dtype_size(dtype);
    for (int i = 0; i < rank; i++) bytes *= size[i] > 0 ? (double)size[i] : 1;
    if (m->memory_limit == 0) {
      return context_fail(m, MOTH_LIMIT, where, "%s has more elements than can be addressed", tensor_shape_text(dtype, rank, size).text);
    }
    m->status = MOTH_LIMIT;
    return tensor_too_big(m, where, dtype, rank, size, bytes);
  }
  if (count <= SMALL_BYTES / (int64_t)dtype_size(dtype)) return tensor_new_small(m, where, dtype, rank, size, count, clear, t);
  size_t bytes = (size_t)count * dtype_size(dtype);
  storage *s = storage_new(m, bytes, clear);
  if (!s) return tensor_too_big(m, where, dtype, rank, size, (double)bytes);
  int64_t strides[MOTH_MAX_RANK];
  shape_strides(rank, size, strides);
  moth_status status = tensor_over(m, s, 0, dtype, rank, size, strides, false, t);
  storage_release(s);
  return context_within(m, status, where);
}

moth_status tensor_over(moth *m, storage *s, size_t offset, moth_dtype dtype, int rank, const int64_t *size, const int64_t *strides,
                        bool read_only, moth_tensor **t) {
  int64_t count = 0;
  bool fits = shape_count(rank, size, &count);
  assert(fits && rank <= MOTH_MAX_RANK);
  (void)fits;
  moth_tensor *view = object_new(m, &tensor_class);
  if (!view) return m->status;
  tensor_fill_in(view, dtype, rank, size, count);
  for (int i = 0; i < rank; i++) view->strides[i] = strides[i];
  view->read_only = read_only || s->read_only;
  view->values = (char *)s->bytes + offset;
  view->storage = s;
  storage_retain(s);
  *t = view;
  return MOTH_OK;
}

moth_status tensor_view(moth *m, moth_tensor *t, char *values, int rank, const int64_t *size, const int64_t *strides, moth_tensor **view) {
  size_t offset = (size_t)(values - (char *)t->storage->bytes);
  return tensor_over(m, t->storage, offset, t->dtype, rank, size, strides, t->read_only, view);
}

moth_status tensor_check(moth *m, const moth_tensor *t, const char *where, const char *argument) {
  return object_check(m, t, MOTH_TENSOR_OBJECT, where, argument);
}

moth_status tensor_check_writable(moth *m, const moth_tensor *t, const char *where) {
  if (!t->read_only) return MOTH_OK;
  return context_fail(m, MOTH_MISUSE, where, "%s is read-only", tensor_text(t).text);
}

bool tensor_is_contiguous(const moth_tensor *t) { return shape_is_contiguous(t->rank, t->size, t->strides); }

/* First and one past the last byte that a tensor touches. */
static void tensor_extent(const moth_tensor *t, uintptr_t *from, uintptr_t *to) {
  int64_t low = 0, high = 0;
  for (int i = 0; i < t->rank; i++) {
    int64_t reach = t->strides[i] * (t->size[i] - 1);
    if (reach < 0) low += reach;
    else high += reach;
  }
  int64_t width = (int64_t)dtype_size(t->dtype);
  *from = (uintptr_t)t->values + (uintptr_t)(low * width);
  *to = (uintptr_t)t->values + (uintptr_t)((high + 1) * width);
}

bool tensor_overlaps(const moth_tensor *a, const moth_tensor *b) {
  if (a->count == 0 || b->count == 0) return false;
  uintptr_t from_a, to_a, from_b, to_b;
  tensor_extent(a, &from_a, &to_a);
  tensor_extent(b, &from_b, &to_b);
  return from_a < to_b && from_b < to_a;
}

bool tensor_coincides(const moth_tensor *a, const moth_tensor *b) {
  if (a->values != b->values || a->dtype != b->dtype || !shape_equal(a->rank, a->size, b->rank, b->size)) return false;
  for (int i = 0; i < a->rank; i++) {
    if (a->size[i] != 1 && a->strides[i] != b->strides[i]) return false;
  }
  return true;
}

/* The walk of a copy: to, then from; strides in bytes. */
static loops_walk copy_walk(const moth_tensor *from, const moth_tensor *to) {
  loops_walk walk = { .rank = to->rank, .operands = 2, .at = { to->values, from->values } };
  for (int i = 0; i < to->rank; i++) {
    walk.size[i] = to->size[i];
    walk.strides[0][i] = to->strides[i];
    walk.strides[1][i] = from->strides[i];
  }
  walk.rank = shape_merge(walk.rank, walk.size, 2, walk.strides);
  for (int i = 0; i < walk.rank; i++) {
    walk.strides[0][i] *= (int64_t)dtype_size(to->dtype);
    walk.strides[1][i] *= (int64_t)dtype_size(from->dtype);
  }
  return walk;
}

typedef struct copy_run {
  loops_cast_function cast;
  loops_convert_function convert; /* of elements x_width and y_width bytes apart; NULL: by the cast */
  int64_t x_width, y_width;
  loops_misfit_function misfit;
  int64_t passed, bad;
} copy_run;

static void copy_cast(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const copy_run *run = data;
  if (run->convert && steps[1] == run->x_width && steps[0] == run->y_width) run->convert(at[1], at[0], n);
  else run->cast(at[1], steps[1], at[0], steps[0], n);
}

static void copy_look(void *data, char *const *at, const int64_t *steps, int64_t n) {
  copy_run *run = data;
  int64_t bad = run->bad < 0 ? run->misfit(at[1], steps[1], n) : n;
  if (bad < n) run->bad = run->passed + bad;
  run->passed += n;
}

/* Whether every element has a place in the other dtype; told before anything is written. */
static moth_status copy_check(moth *m, const char *where, const moth_tensor *from, const moth_tensor *to) {
  copy_run run = { .misfit = loops_misfit(from->dtype, to->dtype), .bad = -1 };
  if (!run.misfit) return MOTH_OK;
  loops_walk walk = copy_walk(from, to);
  loops_run(NULL, &walk, copy_look, &run);
  if (run.bad < 0) return MOTH_OK;
  int64_t index[MOTH_MAX_RANK], rest = run.bad;
  const char *element = from->values;
  char position[192];
  text_line line = { position, sizeof position, 0 };
  for (int i = to->rank - 1; i >= 0; i--) {
    index[i] = rest % to->size[i];
    rest /= to->size[i];
    element += index[i] * from->strides[i] * (int64_t)dtype_size(from->dtype);
  }
  position[0] = 0;
  for (int i = 0; i < to->rank; i++) text_line_add(&line, "%s%lld", i ? ", " : " ", (long long)(index[i] + m->index_base));
  char number[32];
  text_number(number, sizeof number, dtype_load(from->dtype, element));
  return context_fail(m, MOTH_OPTION, where, "element%s of %s is %s, which %s cannot hold", position, tensor_text(from).text, number,
                      moth_dtype_name(to->dtype));
}

moth_status tensor_copy(moth *m, const char *where, const moth_tensor *from, moth_tensor *to) {
  assert(shape_equal(from->rank, from->size, to->rank, to->size));
  if (to->count == 0 || tensor_coincides(from, to)) return MOTH_OK;
  moth_status status = copy_check(m, where, from, to);
  if (status != MOTH_OK) return status;
  if (from->dtype == to->dtype && tensor_is_contiguous(from) && tensor_is_contiguous(to)) {
    memmove(to->values, from->values, (size_t)to->count * dtype_size(to->dtype));
    return MOTH_OK;
  }
  moth_tensor *apart = NULL;
  if (tensor_overlaps(from, to)) {
    status = tensor_clone(m, where, from, from->dtype, &apart);
    if (status != MOTH_OK) return status;
    from = apart;
  }
  copy_run run = { .cast = loops_cast(from->dtype, to->dtype),
                   .convert = m->kernels->plain->convert[from->dtype][to->dtype],
                   .x_width = (int64_t)dtype_size(from->dtype),
                   .y_width = (int64_t)dtype_size(to->dtype) };
  loops_walk walk = copy_walk(from, to);
  walk.any_order = true;
  bool is_turned = from->dtype == to->dtype && loops_transpose(&walk, dtype_size(to->dtype));
  if (!is_turned) loops_run(NULL, &walk, copy_cast, &run);
  moth_release(apart);
  return MOTH_OK;
}

void tensor_fill(moth_tensor *t, const void *element) {
  if (t->count == 0) return;
  moth_tensor from = { .dtype = t->dtype, .rank = t->rank, .count = t->count, .values = (char *)(uintptr_t)element }; /* strides of 0 */
  for (int i = 0; i < t->rank; i++) from.size[i] = t->size[i];
  copy_run run = { .cast = loops_cast(t->dtype, t->dtype) };
  loops_walk walk = copy_walk(&from, t);
  walk.any_order = true;
  loops_run(NULL, &walk, copy_cast, &run);
}

moth_status tensor_contiguous(moth *m, const char *where, const moth_tensor *t, moth_dtype dtype, moth_tensor **out) {
  if (t->dtype == dtype && tensor_is_contiguous(t)) {
    *out = moth_retain((moth_tensor *)t);
    return MOTH_OK;
  }
  return tensor_clone(m, where, t, dtype, out);
}

moth_status tensor_clone(moth *m, const char *where, const moth_tensor *t, moth_dtype dtype, moth_tensor **out) {
  moth_tensor *copy;
  moth_status status = tensor_new(m, where, dtype, t->rank, t->size, false, &copy);
  if (status != MOTH_OK) return status;
  status = tensor_copy(m, where, t, copy);
  if (status == MOTH_OK) *out = copy;
  else moth_release(copy);
  return status;
}

/* Why the elements do not go into a shape. */
static moth_status fail_shape(moth *m, const char *where, const moth_tensor *t, int rank, const int64_t *size) {
  char shape[192];
  int open = 0, zeros = 0;
  for (int i = 0; i < rank; i++) open += size[i] == -1, zeros += size[i] == 0;
  shape_text(rank, size, shape, sizeof shape);
  if (open > 1) {
    return context_fail(m, MOTH_SHAPE, where, "%s: one size may be -1, which is then computed, got %d", shape, open);
  }
  bool fits_any = open == 1 && zeros > 0 && t->count == 0;
  return context_fail(m, MOTH_SHAPE, where, fits_any ? "%s has %lld elements, which leave the -1 of %s open"
                                                     : "%s has %lld elements, which %s cannot hold",
                      tensor_text(t).text, (long long)t->count, shape);
}

moth_status tensor_reshape(moth *m, const char *where, moth_tensor *t, int rank, const int64_t *size, bool copies, moth_tensor **out) {
  if (rank < 0 || rank > MOTH_MAX_RANK) {
    return context_fail(m, MOTH_LIMIT, where, "a tensor has at most %d axes, got %d", MOTH_MAX_RANK, rank);
  }
  int64_t wanted[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  for (int i = 0; i < rank; i++) wanted[i] = size[i];
  if (!shape_infer(rank, wanted, t->count)) return fail_shape(m, where, t, rank, size);
  if (shape_view_strides(t->rank, t->size, t->strides, rank, wanted, strides)) {
    return context_within(m, tensor_view(m, t, t->values, rank, wanted, strides, out), where);
  }
  if (!copies) {
    char shape[192];
    shape_text(rank, wanted, shape, sizeof shape);
    context_fail(m, MOTH_SHAPE, where, "%s is not laid out so that it can be seen as %s without a copy", tensor_text(t).text, shape);
    return context_hint(m, "reshape copies where it must");
  }
  moth_tensor *copy;
  moth_status status = tensor_clone(m, where, t, t->dtype, &copy);
  if (status != MOTH_OK) return status;
  status = tensor_reshape(m, where, copy, rank, wanted, false, out);
  moth_release(copy);
  return status;
}

moth_status tensor_position(moth *m, const char *where, const moth_tensor *t, int axis, int64_t given, int64_t *position) {
  int64_t size = t->size[axis], base = m->index_base;
  if (given >= -size && given < size) {
    *position = given < 0 ? given + size : given;
    return MOTH_OK;
  }
  char name[64];
  bool is_row = axis == 0, is_column = axis == 1 && t->rank == 2;
  if (is_row || is_column) text_format(name, sizeof name, "%s of", is_row ? "rows" : "columns");
  else text_format(name, sizeof name, "axis %lld of", (long long)(axis + base));
  const char *verb = is_row || is_column ? "are" : "is";
  if (size == 0) {
    return context_fail(m, MOTH_INDEX, where, "index %lld: %s %s %s empty", (long long)tensor_told(m, given), name, tensor_text(t).text,
                        verb);
  }
  return context_fail(m, MOTH_INDEX, where, "index %lld: %s %s %s %lld..%lld or %lld..-1", (long long)tensor_told(m, given), name,
                      tensor_text(t).text, verb, (long long)base, (long long)(size - 1 + base), (long long)-size);
}

tensor_words tensor_shape_text(moth_dtype dtype, int rank, const int64_t *size) {
  tensor_words words;
  size_t length = text_format(words.text, sizeof words.text, "%s", moth_dtype_name(dtype));
  shape_text(rank, size, words.text + length, sizeof words.text - length);
  return words;
}

tensor_words tensor_text(const moth_tensor *t) { return tensor_shape_text(t->dtype, t->rank, t->size); }
