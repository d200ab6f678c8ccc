#include "operations/positions.h"

#include <string.h>

#include "math/loops.h"

typedef struct positions {
  positions_work work;
  const struct kernels *kernels;
  moth_dtype dtype;
  int64_t axis_step;  /* of t, in bytes */
  int64_t size, base; /* of the axis, of ids */
} positions;

static inline char *element(const positions *p, char *t, const char *id) {
  return t + operation_position(*(const int64_t *)(const void *)id, p->size, p->base) * p->axis_step;
}

/* One run: at[0] ids, at[1] other, at[2] t without its step along the axis. */
#define MOVE_RUN(type)                                                                                                                     \
  static void move_##type(const positions *p, char *const *at, const int64_t *steps, int64_t n) {                                          \
    const char *id = at[0];                                                                                                                \
    char *other = at[1], *t = at[2];                                                                                                       \
    bool takes = p->work == POSITIONS_TAKE;                                                                                                \
    if (takes) {                                                                                                                           \
      for (int64_t i = 0; i < n; i++, id += steps[0], other += steps[1], t += steps[2]) *(type *)other = *(const type *)element(p, t, id); \
    } else {                                                                                                                               \
      for (int64_t i = 0; i < n; i++, id += steps[0], other += steps[1], t += steps[2]) *(type *)element(p, t, id) = *(const type *)other; \
    }                                                                                                                                      \
  }
MOVE_RUN(uint8_t)
MOVE_RUN(uint32_t)
MOVE_RUN(uint64_t)

#define ADD_RUN(name, type, sum)                                                                                                           \
  static void add_##name(const positions *p, char *const *at, const int64_t *steps, int64_t n) {                                           \
    const char *id = at[0], *other = at[1];                                                                                                \
    char *t = at[2];                                                                                                                       \
    for (int64_t i = 0; i < n; i++, id += steps[0], other += steps[1], t += steps[2]) {                                                    \
      type *to = (type *)element(p, t, id);                                                                                                \
      type a = *to, b = *(const type *)other;                                                                                              \
      *to = (type)(sum);                                                                                                                   \
    }                                                                                                                                      \
  }
ADD_RUN(f32, float, a + b)
ADD_RUN(f64, double, a + b)
ADD_RUN(i64, uint64_t, a + b) /* wraps */
ADD_RUN(u8, uint8_t, a + b)
ADD_RUN(bool, uint8_t, (a | b) != 0)

static void add_run(const positions *p, char *const *at, const int64_t *steps, int64_t n) {
  int64_t width = (int64_t)dtype_size(p->dtype);
  if (steps[0] == 0 && steps[1] == width && steps[2] == width) { /* all in one slice: a plain sum */
    char *to = element(p, at[2], at[0]);
    loops_binary(p->kernels, LOOPS_ADD, p->dtype)(to, at[1], to, n);
    return;
  }
  switch (p->dtype) {
  case MOTH_F32:
    add_f32(p, at, steps, n);
    break;
  case MOTH_F64:
    add_f64(p, at, steps, n);
    break;
  case MOTH_I64:
    add_i64(p, at, steps, n);
    break;
  case MOTH_U8:
    add_u8(p, at, steps, n);
    break;
  default:
    add_bool(p, at, steps, n);
  }
}

static void visit_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const positions *p = data;
  if (p->work == POSITIONS_ADD) {
    add_run(p, at, steps, n);
    return;
  }
  int64_t width = (int64_t)dtype_size(p->dtype);
  if (steps[0] == 0 && steps[1] == width && steps[2] == width) {
    char *slice = element(p, at[2], at[0]);
    if (p->work == POSITIONS_TAKE) memcpy(at[1], slice, (size_t)(n * width));
    else memcpy(slice, at[1], (size_t)(n * width));
  } else if (width == 4) {
    move_uint32_t(p, at, steps, n);
  } else if (width == 8) {
    move_uint64_t(p, at, steps, n);
  } else {
    move_uint8_t(p, at, steps, n);
  }
}

bool positions_run(moth *m, positions_work work, const moth_tensor *t, int axis, const moth_tensor *ids, int64_t base,
                   const moth_tensor *other) {
  if (other->count == 0) return true;
  int64_t width = (int64_t)dtype_size(t->dtype);
  positions p = { .work = work, .kernels = m->kernels, .dtype = t->dtype, .size = t->size[axis], .base = base };
  p.axis_step = t->strides[axis] * width;
  loops_walk walk = { .operands = 3, .at = { ids->values, other->values, t->values } };
  for (int i = 0; i < t->rank; i++) {
    walk.size[i] = other->size[i];
    walk.strides[0][i] = ids->strides[i] * 8;
    walk.strides[1][i] = other->strides[i] * width;
    walk.strides[2][i] = i == axis ? 0 : t->strides[i] * width;
  }
  walk.rank = shape_merge(t->rank, walk.size, 3, walk.strides);
  return loops_run(work == POSITIONS_TAKE ? m : NULL, &walk, visit_run, &p);
}

void positions_of_slices(const moth_tensor *t, int axis, const moth_tensor *ids, moth_tensor *spread) {
  *spread = *ids;
  spread->rank = t->rank;
  spread->count = ids->count;
  for (int i = 0; i < t->rank; i++) {
    spread->size[i] = i == axis ? ids->count : t->size[i];
    spread->strides[i] = i == axis ? 1 : 0;
  }
}
