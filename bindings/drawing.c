/* drawing.c: what draws: t:show(), run:plot{…} and, beside them, run:save(path). They are written in Lua (lua/plot/); here is how they are
 * reached, and what is done for them with every number there is: thinning curves, shrinking images. */
#define _GNU_SOURCE
#include "binding.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Puts the function `name` of the helper `module` on the stack. */
static void push_helper(lua_State *L, const char *module, const char *name) {
  helpers_push(L, "drawing");
  lua_pushstring(L, module);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

static int show(lua_State *L) {
  module *M = module_here(L);
  moth_tensor *t = handle_self(L, M, MOTH_TENSOR_OBJECT, "show()");
  push_helper(L, "plot/picture", "show");
  handle_push(L, M, t, MOTH_TENSOR_OBJECT);
  errors_call_as(L, M, "show", 1, 0);
  return 0;
}

static int run_with(lua_State *L, const char *method, const char *module, const char *name) {
  handle_self(L, module_here(L), MOTH_RUN_OBJECT, method);
  lua_settop(L, 2);
  push_helper(L, module, name);
  lua_insert(L, 1);
  lua_call(L, 2, 0);
  return 0;
}

static int plot(lua_State *L) { return run_with(L, "plot{...}", "plot/plot", "run"); }
static int save(lua_State *L) { return run_with(L, "save(path)", "plot/table", "save"); }

void drawing_tensor_methods(lua_State *L, module *M) {
  const luaL_Reg methods[] = { { "show", show }, { NULL, NULL } };
  module_functions(L, M, methods);
}

void drawing_run_methods(lua_State *L, module *M) {
  const luaL_Reg methods[] = { { "plot", plot }, { "save", save }, { NULL, NULL } };
  module_functions(L, M, methods);
}

/* ---- For the helpers ---- */

/* run_columns(run) → the names of its columns, in order */
static int run_columns(lua_State *L) {
  const moth_run *run = handle_object(L, 1, MOTH_RUN_OBJECT);
  const char *name;
  lua_newtable(L);
  for (int i = 0; run != NULL && (name = moth_run_column(run, i)) != NULL; i++) {
    lua_pushstring(L, name);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* ---- Curves: numbers in order, thinned to what can be seen ---- */

/* Where a curve's numbers lie: in memory, or in the list at stack index `list`. */
typedef struct curve_source {
  lua_State *L;
  int list;
  const char *where, *bytes;
  moth_dtype dtype;
  int64_t count, step;
} curve_source;

static double number_in_memory(const curve_source *s, int64_t i) {
  const void *at = s->bytes + i * s->step;
  switch (s->dtype) {
  case MOTH_F32: return (double)*(const float *)at;
  case MOTH_F64: return *(const double *)at;
  case MOTH_I64: return (double)*(const int64_t *)at;
  default: return *(const uint8_t *)at;
  }
}

static double number_of(const curve_source *s, int64_t i) {
  if (s->list == 0) return number_in_memory(s, i);
  if (lua_rawgeti(s->L, s->list, i + 1) != LUA_TNUMBER) {
    const char *got = handle_describe(s->L, -1);
    errors_fail(s->L, "%s: entry %I must be a number, got %s", s->where, (LUAI_UACINT)i + 1, got);
  }
  double value = lua_tonumber(s->L, -1);
  lua_pop(s->L, 1);
  return value;
}

typedef struct curve_point { int64_t at; double value; } curve_point;

typedef struct thinned {
  curve_point *points;
  int64_t count;
  bool log;
} thinned;

static bool is_drawn(double value, bool log) { return isfinite(value) && (!log || value > 0); }

/* The least and the largest of from … to-1 in their order, or one that is not drawn where none is. */
static void thin_part(const curve_source *s, thinned *t, int64_t from, int64_t to) {
  curve_point low = { -1, 0 }, high = { -1, 0 };
  for (int64_t i = from; i < to; i++) {
    double value = number_of(s, i);
    if (!is_drawn(value, t->log)) continue;
    if (low.at < 0 || value < low.value) low = (curve_point){ i, value };
    if (high.at < 0 || value > high.value) high = (curve_point){ i, value };
  }
  if (low.at < 0) low = high = (curve_point){ from, NAN };
  t->points[t->count++] = low.at < high.at ? low : high;
  if (low.at != high.at) t->points[t->count++] = low.at < high.at ? high : low;
}

static void thin(const curve_source *s, thinned *t, int64_t parts) {
  int64_t width = s->count / parts, rest = s->count % parts;
  for (int64_t i = 0; i < parts; i++) thin_part(s, t, i * width + (i < rest ? i : rest), (i + 1) * width + (i < rest ? i + 1 : rest));
}

static void set_value(lua_State *L, const char *name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

/* { count = how many there were, last = the last value, at = { places }, values = { nan: a gap } } */
static void push_curve(lua_State *L, const thinned *t, int64_t count, double last) {
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, count);
  lua_setfield(L, -2, "count");
  set_value(L, "last", last);
  lua_createtable(L, (int)t->count, 0);
  lua_createtable(L, (int)t->count, 0);
  for (int64_t i = 0; i < t->count; i++) {
    double value = t->points[i].value;
    lua_pushinteger(L, t->points[i].at + 1);
    lua_rawseti(L, -3, i + 1);
    lua_pushnumber(L, is_drawn(value, t->log) ? value : NAN);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -3, "values");
  lua_setfield(L, -2, "at");
}

/* curve(source, parts, log, where[, column]) → a curve of at most 2 · parts points; the source is a vector, a list, or a run with a
 * column. */
static int curve(lua_State *L) {
  module *M = module_here(L);
  int64_t parts = luaL_checkinteger(L, 2);
  curve_source s = { .L = L, .where = luaL_checkstring(L, 4), .dtype = MOTH_F64, .step = sizeof(double) };
  moth_tensor *t = handle_object(L, 1, MOTH_TENSOR_OBJECT);
  const moth_run *run = handle_object(L, 1, MOTH_RUN_OBJECT);
  const char *column = run != NULL ? luaL_checkstring(L, 5) : NULL;
  const double *values = NULL;
  thinned out = { .log = lua_toboolean(L, 3) };
  out.points = lua_newuserdatauv(L, (size_t)parts * 2 * sizeof *out.points, 0); /* nothing of Lua's runs until it is full */
  if (run != NULL) {
    errors_check(L, M, moth_run_values(M->m, run, column, &values, &s.count));
    s.bytes = (const char *)values;
  } else if (t != NULL && moth_tensor_rank(t) == 1) {
    s.bytes = moth_tensor_values(t);
    s.dtype = moth_tensor_dtype(t);
    s.count = moth_tensor_shape(t)[0];
    s.step = moth_tensor_strides(t)[0] * (int64_t)moth_dtype_size(s.dtype);
  } else {
    luaL_checktype(L, 1, LUA_TTABLE);
    s.list = 1;
    s.count = (int64_t)lua_rawlen(L, 1);
  }
  if (s.count > 2 * parts) thin(&s, &out, parts);
  else
    for (; out.count < s.count; out.count++) out.points[out.count] = (curve_point){ out.count, number_of(&s, out.count) };
  push_curve(L, &out, s.count, s.count > 0 ? number_of(&s, s.count - 1) : NAN);
  return 1;
}

/* ---- Images: shrunk to boxes' means ---- */

/* One channel of an image: `outer` and `inner` are its axes, the inner one nearer in memory. */
typedef struct axis { int64_t count, boxes, step, sum_step; } axis;

static int64_t box_begin(const axis *a, int64_t box) { /* box · count / boxes, without a product that overflows */
  return box * (a->count / a->boxes) + box * (a->count % a->boxes) / a->boxes;
}

/* Four sums at once; where the result tells of a number that is not finite, one by one without it. */
#define ADD_NUMBERS(TYPE)                                                                                                                \
  {                                                                                                                                      \
    double parts[4] = { 0 }, whole;                                                                                                      \
    int64_t i = 0;                                                                                                                       \
    for (; i + 4 <= count; i += 4) {                                                                                                     \
      for (int k = 0; k < 4; k++) parts[k] += (double)*(const TYPE *)(const void *)(at + (i + k) * step);                                \
    }                                                                                                                                    \
    for (; i < count; i++) parts[0] += (double)*(const TYPE *)(const void *)(at + i * step);                                             \
    whole = parts[0] + parts[1] + parts[2] + parts[3];                                                                                   \
    if (isfinite(whole)) {                                                                                                               \
      *sum += whole;                                                                                                                     \
      *numbers += count;                                                                                                                 \
      return;                                                                                                                            \
    }                                                                                                                                    \
    for (i = 0; i < count; i++) {                                                                                                        \
      double value = (double)*(const TYPE *)(const void *)(at + i * step);                                                               \
      if (!isfinite(value)) continue;                                                                                                    \
      *sum += value;                                                                                                                     \
      ++*numbers;                                                                                                                        \
    }                                                                                                                                    \
  }                                                                                                                                      \
  return

static void add_numbers(moth_dtype dtype, const char *at, int64_t count, int64_t step, double *sum, int64_t *numbers) {
  switch (dtype) {
  case MOTH_F32: ADD_NUMBERS(float);
  case MOTH_F64: ADD_NUMBERS(double);
  case MOTH_I64: ADD_NUMBERS(int64_t);
  default: ADD_NUMBERS(uint8_t);
  }
}

/* Sums and counts of the finite numbers in each box. */
static void add_boxes(moth_dtype dtype, const char *bytes, const axis *outer, const axis *inner, double *sums, int64_t *numbers) {
  for (int64_t box = 0; box < outer->boxes; box++) {
    for (int64_t i = box_begin(outer, box); i < box_begin(outer, box + 1); i++) {
      for (int64_t j = 0; j < inner->boxes; j++) {
        int64_t at = box * outer->sum_step + j * inner->sum_step, from = box_begin(inner, j), count = box_begin(inner, j + 1) - from;
        add_numbers(dtype, bytes + i * outer->step + from * inner->step, count, inner->step, sums + at, numbers + at);
      }
    }
  }
}

/* image(tensor of channels, rows and columns; rows, columns, at most as many) → a list for each channel, row after row, of the means of
 * boxes; nan where there is no finite number */
static int image(lua_State *L) {
  const moth_tensor *t = handle_argument(L, module_here(L), 1, MOTH_TENSOR_OBJECT, "show");
  const int64_t *shape = moth_tensor_shape(t), *strides = moth_tensor_strides(t);
  moth_dtype dtype = moth_tensor_dtype(t);
  int64_t size = (int64_t)moth_dtype_size(dtype), height = luaL_checkinteger(L, 2), width = luaL_checkinteger(L, 3), count = height * width;
  axis rows = { shape[1], height, strides[1] * size, width }, columns = { shape[2], width, strides[2] * size, 1 };
  bool by_columns = llabs(rows.step) < llabs(columns.step);
  double *sums = lua_newuserdatauv(L, (size_t)count * sizeof *sums, 0);
  int64_t *numbers = lua_newuserdatauv(L, (size_t)count * sizeof *numbers, 0);
  lua_createtable(L, (int)shape[0], 0);
  for (int64_t channel = 0; channel < shape[0]; channel++) {
    memset(sums, 0, (size_t)count * sizeof *sums);
    memset(numbers, 0, (size_t)count * sizeof *numbers);
    const char *bytes = (const char *)moth_tensor_values(t) + channel * strides[0] * size;
    add_boxes(dtype, bytes, by_columns ? &columns : &rows, by_columns ? &rows : &columns, sums, numbers);
    lua_createtable(L, (int)count, 0);
    for (int64_t i = 0; i < count; i++) {
      double mean = numbers[i] > 0 ? sums[i] / (double)numbers[i] : NAN;
      lua_pushnumber(L, isinf(mean) ? copysign(DBL_MAX, mean) : mean);
      lua_rawseti(L, -2, i + 1);
    }
    lua_rawseti(L, -2, channel + 1);
  }
  return 1;
}

/* ---- Where drawings go ---- */

/* write_file(where, path, text) */
static int write_file(lua_State *L) {
  module *M = module_here(L);
  const char *where = luaL_checkstring(L, 1), *path = options_string(L, 2, where, "the path");
  size_t size;
  const char *text = luaL_checklstring(L, 3, &size);
  errors_check(L, M, moth_write_file(M->m, where, path, text, size));
  return 0;
}

/* error_columns() → how wide the error stream's terminal is; nil where it is none, or one that cannot draw a line anew */
static int error_columns(lua_State *L) {
  const char *kind = getenv("TERM");
  struct winsize size;
  if (!isatty(2) || (kind != NULL && strcmp(kind, "dumb") == 0)) return 0;
  lua_pushinteger(L, ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80);
  return 1;
}

void drawing_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = {
    { "run_columns", run_columns }, { "curve", curve }, { "image", image }, { "png", drawing_png }, { "write_file", write_file },
    { "error_columns", error_columns }, { NULL, NULL }
  };
  module_functions(L, M, functions);
}
