#include "math/loops.h"

enum { TILE = 64 }; /* elements of a run whose cache lines stay near while the next axis advances */

/* In row-major order. */
static bool run_rows(moth *m, const loops_walk *walk, loops_visit visit, void *data, int64_t *since_poll) {
  int inner = walk->rank - 1;
  int64_t index[MOTH_MAX_RANK] = { 0 }, steps[LOOPS_OPERANDS];
  char *at[LOOPS_OPERANDS];
  for (int o = 0; o < walk->operands; o++) {
    at[o] = walk->at[o];
    steps[o] = walk->strides[o][inner];
  }
  for (;;) {
    for (int64_t done = 0; done < walk->size[inner];) {
      int64_t n = walk->size[inner] - done;
      if (n > LOOPS_POLL) n = LOOPS_POLL;
      if (m && (*since_poll += n) >= LOOPS_POLL) {
        *since_poll = 0;
        if (context_is_cancelled(m)) return false;
      }
      visit(data, at, steps, n);
      done += n;
      for (int o = 0; o < walk->operands; o++) at[o] += n * steps[o];
    }
    for (int o = 0; o < walk->operands; o++) at[o] -= walk->size[inner] * steps[o];
    int axis = inner - 1;
    for (; axis >= 0; axis--) {
      for (int o = 0; o < walk->operands; o++) at[o] += walk->strides[o][axis];
      if (++index[axis] < walk->size[axis]) break;
      for (int o = 0; o < walk->operands; o++) at[o] -= walk->size[axis] * walk->strides[o][axis];
      index[axis] = 0;
    }
    if (axis < 0) return true;
  }
}

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/* Whether an operand lies closer along another axis than along the inner one. */
static bool lies_across(const loops_walk *walk) {
  int inner = walk->rank - 1;
  if (!walk->any_order || walk->size[inner] <= TILE) return false;
  for (int o = 0; o < walk->operands; o++) {
    for (int i = 0; i < inner; i++) {
      int64_t stride = magnitude(walk->strides[o][i]);
      if (stride > 0 && stride < magnitude(walk->strides[o][inner])) return true;
    }
  }
  return false;
}

bool loops_run(moth *m, const loops_walk *walk, loops_visit visit, void *data) {
  int64_t since_poll = 0;
  if (!lies_across(walk)) return run_rows(m, walk, visit, data, &since_poll);
  int inner = walk->rank - 1;
  loops_walk tile = *walk;
  for (int64_t done = 0; done < walk->size[inner]; done += TILE) {
    tile.size[inner] = walk->size[inner] - done < TILE ? walk->size[inner] - done : TILE;
    for (int o = 0; o < walk->operands; o++) tile.at[o] = walk->at[o] + done * walk->strides[o][inner];
    if (!run_rows(m, &tile, visit, data, &since_poll)) return false;
  }
  return true;
}

/* Casts: one function a pair; bools are bytes of 0 and 1. */
#define CAST(from_name, from, to_name, to, value)                                                                                          \
  static void cast_##from_name##_##to_name(const void *xs, int64_t x_step, void *ys, int64_t y_step, int64_t n) {                          \
    if (x_step == sizeof(from) && y_step == sizeof(to)) {                                                                                  \
      const from *x = xs;                                                                                                                  \
      to *y = ys;                                                                                                                          \
      for (int64_t i = 0; i < n; i++) y[i] = value(x[i]);                                                                                  \
      return;                                                                                                                              \
    }                                                                                                                                      \
    if (x_step == 0 && y_step == sizeof(to)) {                                                                                             \
      to one = value(*(const from *)xs), *y = ys;                                                                                          \
      for (int64_t i = 0; i < n; i++) y[i] = one;                                                                                          \
      return;                                                                                                                              \
    }                                                                                                                                      \
    const char *x = xs;                                                                                                                    \
    char *y = ys;                                                                                                                          \
    for (int64_t i = 0; i < n; i++, x += x_step, y += y_step) *(to *)y = value(*(const from *)x);                                          \
  }
#define AS_F32(v) (float)(v)
#define AS_F64(v) (double)(v)
#define AS_I64(v) (int64_t)(v)
#define AS_U8(v) (uint8_t)(v)
#define AS_BOOL(v) (uint8_t)((v) != 0)
#define CASTS_FROM(name, type)                                                                                                             \
  CAST(name, type, f32, float, AS_F32)                                                                                                     \
  CAST(name, type, f64, double, AS_F64)                                                                                                    \
  CAST(name, type, i64, int64_t, AS_I64)                                                                                                   \
  CAST(name, type, u8, uint8_t, AS_U8)                                                                                                     \
  CAST(name, type, bool, uint8_t, AS_BOOL)
CASTS_FROM(f32, float)
CASTS_FROM(f64, double)
CASTS_FROM(i64, int64_t)
CASTS_FROM(u8, uint8_t)

loops_cast_function loops_cast(moth_dtype from, moth_dtype to) {
  static const loops_cast_function casts[MOTH_DTYPES][MOTH_DTYPES] = {
    [MOTH_F32] = { cast_f32_f32, cast_f32_f64, cast_f32_i64, cast_f32_u8, cast_f32_bool },
    [MOTH_F64] = { cast_f64_f32, cast_f64_f64, cast_f64_i64, cast_f64_u8, cast_f64_bool },
    [MOTH_I64] = { cast_i64_f32, cast_i64_f64, cast_i64_i64, cast_i64_u8, cast_i64_bool },
    [MOTH_U8] = { cast_u8_f32, cast_u8_f64, cast_u8_i64, cast_u8_u8, cast_u8_bool },
    [MOTH_BOOL] = { cast_u8_f32, cast_u8_f64, cast_u8_i64, cast_u8_u8, cast_u8_u8 },
  };
  return casts[from][to];
}

/* Looks at many at once, and again one by one where one of them has no place. */
enum { MISFIT_BLOCK = 256 };
#define MISFIT(name, type, flag, fits)                                                                                                     \
  static int64_t misfit_##name(const void *xs, int64_t step, int64_t n) {                                                                  \
    for (int64_t done = 0; done < n; done += MISFIT_BLOCK) {                                                                               \
      int64_t count = n - done < MISFIT_BLOCK ? n - done : MISFIT_BLOCK;                                                                   \
      const char *x = (const char *)xs + done * step;                                                                                      \
      flag bad = 0;                                                                                                                        \
      for (int64_t i = 0; step == sizeof(type) && i < count; i++) {                                                                        \
        type v = ((const type *)(const void *)x)[i];                                                                                       \
        bad |= !(fits);                                                                                                                    \
      }                                                                                                                                    \
      for (int64_t i = 0; (bad || step != sizeof(type)) && i < count; i++) {                                                               \
        type v = *(const type *)(const void *)(x + i * step);                                                                              \
        if (!(fits)) return done + i;                                                                                                      \
      }                                                                                                                                    \
    }                                                                                                                                      \
    return n;                                                                                                                              \
  }
MISFIT(f32_i64, float, int32_t, (v >= -0x1p63f) & (v < 0x1p63f))
MISFIT(f64_i64, double, int64_t, (v >= -0x1p63) & (v < 0x1p63))
MISFIT(f32_u8, float, int32_t, (v > -1) & (v < 256))
MISFIT(f64_u8, double, int64_t, (v > -1) & (v < 256))
MISFIT(i64_u8, int64_t, int64_t, (v >= 0) & (v < 256))

loops_misfit_function loops_misfit(moth_dtype from, moth_dtype to) {
  if (to == MOTH_I64) return from == MOTH_F32 ? misfit_f32_i64 : from == MOTH_F64 ? misfit_f64_i64 : NULL;
  if (to == MOTH_U8) return from == MOTH_F32 ? misfit_f32_u8 : from == MOTH_F64 ? misfit_f64_u8 : from == MOTH_I64 ? misfit_i64_u8 : NULL;
  return NULL;
}
