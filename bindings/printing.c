/* printing.c: tensors as text: a header, one scale for all that is shown, edges where there is more, never wider than the terminal. Only
 * what is shown is read. Numbers are written as in the C locale. */
#include "binding.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 48, MOST_COLUMNS = 4096 };

/* How the elements of one tensor are written. */
typedef struct layout {
  module *M;
  const moth_tensor *t;
  bool cut;                     /* only edges are shown */
  int edge;                     /* rows and leading axes shown at each end */
  int column_edge;              /* columns shown at each end; 0: all */
  bool only_first;              /* of the columns only the first: no room for a second */
  bool below;                   /* one axis: the values below the header */
  bool short_words;             /* integers as reals with an exponent */
  bool is_real, scientific;
  int decimals;
  int width;                    /* of an element */
  int64_t not_numbers, infinities;
  double least, most;           /* absolute values of what is shown, finite and not 0 */
  bool whole, negative;
} layout;

/* A number in C's words whatever the locale: anything but digits, signs and letters is the decimal point. */
static void plain_point(char *text) {
  char *to = text;
  for (const char *at = text; *at != 0; at++) {
    bool plain = strchr("0123456789+-einfa.", *at) != NULL;
    if (plain) *to++ = *at;
    else if (to == text || to[-1] != '.') *to++ = '.';
  }
  *to = 0;
}

static double real_at(const layout *o, const char *at) {
  return moth_tensor_dtype(o->t) == MOTH_F32 ? (double)*(const float *)(const void *)at : *(const double *)(const void *)at;
}

static int word(const layout *o, const char *at, char *text) {
  switch (moth_tensor_dtype(o->t)) {
  case MOTH_BOOL: return snprintf(text, WORD, "%s", *(const uint8_t *)at ? "true" : "false");
  case MOTH_U8: return snprintf(text, WORD, "%d", *(const uint8_t *)at);
  case MOTH_I64:
    if (o->short_words) break;
    return snprintf(text, WORD, "%lld", (long long)*(const int64_t *)(const void *)at);
  default: break;
  }
  double value = o->is_real ? real_at(o, at) : (double)*(const int64_t *)(const void *)at;
  if (isnan(value)) return snprintf(text, WORD, "nan");
  if (isinf(value)) return snprintf(text, WORD, value < 0 ? "-inf" : "inf");
  snprintf(text, WORD, o->scientific ? "%.*e" : "%.*f", o->decimals, value);
  plain_point(text);
  return (int)strlen(text);
}

/* ---- Walking what is shown ---- */

/* The number of places shown along an axis; *gap is where the rest is left out, or n. */
static int64_t shown(const layout *o, int axis, int64_t *gap) {
  int64_t n = moth_tensor_shape(o->t)[axis];
  bool last = axis + 1 == moth_tensor_rank(o->t);
  int64_t edge = last ? o->column_edge : o->cut ? o->edge : 0;
  if (last && o->only_first && n > 1) return *gap = 1;
  if (edge == 0 || n <= 2 * edge) return *gap = n;
  *gap = edge;
  return 2 * edge;
}

/* The place in the tensor of the i-th shown one. */
static int64_t place(int64_t i, int64_t gap, int64_t count, int64_t n) { return i < gap ? i : n - count + i; }

static int64_t step_of(const layout *o, int axis) {
  return moth_tensor_strides(o->t)[axis] * (int64_t)moth_dtype_size(moth_tensor_dtype(o->t));
}

static void look(layout *o, const char *at) {
  if (!o->is_real) return;
  double value = real_at(o, at);
  o->not_numbers += isnan(value) != 0;
  o->infinities += isinf(value) != 0;
  if (!isfinite(value)) return;
  o->whole = o->whole && value == floor(value);
  double size = fabs(value);
  if (size == 0) return;
  if (size < o->least) o->least = size;
  if (size > o->most) o->most = size;
}

static void measure(layout *o, const char *at) {
  char text[WORD];
  int length = word(o, at, text);
  if (length > o->width) o->width = length;
  o->negative = o->negative || *text == '-';
}

static void walk(layout *o, int axis, const char *at, void (*visit)(layout *, const char *)) {
  if (axis == moth_tensor_rank(o->t)) {
    visit(o, at);
    return;
  }
  int64_t gap, count = shown(o, axis, &gap), n = moth_tensor_shape(o->t)[axis];
  for (int64_t i = 0; i < count; i++) walk(o, axis + 1, at + place(i, gap, count, n) * step_of(o, axis), visit);
}

/* ---- Deciding ---- */

/* " (1 nan, 2 inf)", or nothing; its length. */
static int note_not_finite(const layout *o, char *text, size_t size) {
  long long not_numbers = o->not_numbers, infinities = o->infinities;
  if (not_numbers > 0 && infinities > 0) return snprintf(text, size, " (%lld nan, %lld inf)", not_numbers, infinities);
  if (not_numbers > 0) return snprintf(text, size, " (%lld nan)", not_numbers);
  if (infinities > 0) return snprintf(text, size, " (%lld inf)", infinities);
  *text = 0;
  return 0;
}

static void choose_scale(layout *o) {
  const char *first = moth_tensor_values(o->t);
  o->least = INFINITY;
  o->most = 0;
  o->whole = true;
  o->not_numbers = o->infinities = 0;
  walk(o, 0, first, look);
  o->scientific = o->short_words || (o->is_real && o->most > 0 && (o->whole ? o->most >= 1e15 : o->most >= 1e6 || o->most < 1e-3));
  o->decimals = o->whole && !o->scientific ? 0 : o->M->printing.digits;
  o->width = 0;
  o->negative = false;
  walk(o, 0, first, measure);
  if (o->is_real && !o->negative) o->width++; /* room for a sign, so that columns stand alike */
}

/* Columns that fit a line: elements are two blanks apart. `before` is what stands there already but for what is not finite. */
static bool fits(const layout *o, int64_t columns, bool gap, int before) {
  char note[64];
  if (before > 0) before += note_not_finite(o, note, sizeof note);
  return before + columns * (o->width + 2) + (gap ? 5 : 0) <= o->M->printing.width;
}

/* Cuts columns until a line fits. */
static void choose_columns(layout *o, int before) {
  int rank = moth_tensor_rank(o->t);
  int64_t n = moth_tensor_shape(o->t)[rank - 1];
  if (n > MOST_COLUMNS && o->column_edge == 0) o->column_edge = o->M->printing.edge;
  choose_scale(o);
  if (o->column_edge == 0 && fits(o, n, false, before)) return;
  if (o->column_edge == 0 || n <= 2 * o->column_edge) o->column_edge = o->M->printing.edge;
  if (n <= 2 * o->column_edge) o->column_edge = (int)(n / 2);
  if (o->column_edge < 1) o->column_edge = 1;
  choose_scale(o);
  while (o->column_edge > 1 && !fits(o, 2 * o->column_edge, true, before)) {
    o->column_edge--;
    choose_scale(o);
  }
  if (n > 2 * o->column_edge ? fits(o, 2 * o->column_edge, true, before) : fits(o, n, false, before)) return;
  if (rank == 1 && before > 0) {
    o->below = true;
    o->column_edge = o->cut ? o->edge : 0;
    choose_columns(o, 0);
    return;
  }
  o->only_first = true;
  choose_scale(o);
  o->short_words = moth_tensor_dtype(o->t) == MOTH_I64 && !fits(o, 1, n > 1, before);
  if (o->short_words) choose_scale(o);
}

/* ---- Writing ---- */

static void add_line(layout *o, luaL_Buffer *out, const char *at, const char *lead) {
  int axis = moth_tensor_rank(o->t) - 1;
  int64_t gap, count = shown(o, axis, &gap), n = moth_tensor_shape(o->t)[axis];
  char text[WORD], padded[2 * WORD];
  for (int64_t i = 0; i < count; i++) {
    if (i == gap && gap < n) luaL_addstring(out, "  ...");
    word(o, at + place(i, gap, count, n) * step_of(o, axis), text);
    snprintf(padded, sizeof padded, "%s%*s", i == 0 ? lead : "  ", o->width, text);
    luaL_addstring(out, padded);
  }
  if (gap == count && gap < n) luaL_addstring(out, "  ...");
}

static void add_rows(layout *o, luaL_Buffer *out, const char *at) {
  int axis = moth_tensor_rank(o->t) - 2;
  int64_t gap, count = shown(o, axis, &gap), n = moth_tensor_shape(o->t)[axis];
  for (int64_t i = 0; i < count; i++) {
    if (i == gap && gap < n) luaL_addstring(out, "\n ...");
    luaL_addstring(out, "\n");
    add_line(o, out, at + place(i, gap, count, n) * step_of(o, axis), " ");
  }
}

/* Matrices of a tensor with more axes, each under its indices: "[2,1]". */
static void add_blocks(layout *o, luaL_Buffer *out, const char *at, int axis, int64_t *indices) {
  if (axis == moth_tensor_rank(o->t) - 2) {
    luaL_addstring(out, "\n [");
    for (int i = 0; i < axis; i++) {
      char text[WORD];
      snprintf(text, sizeof text, "%s%lld", i > 0 ? "," : "", (long long)indices[i] + 1);
      luaL_addstring(out, text);
    }
    luaL_addstring(out, "]");
    add_rows(o, out, at);
    return;
  }
  int64_t gap, count = shown(o, axis, &gap), n = moth_tensor_shape(o->t)[axis];
  for (int64_t i = 0; i < count; i++) {
    if (i == gap && gap < n) luaL_addstring(out, "\n ...");
    indices[axis] = place(i, gap, count, n);
    add_blocks(o, out, at + indices[axis] * step_of(o, axis), axis + 1, indices);
  }
}

static void add_header(const layout *o, luaL_Buffer *out) {
  char text[256];
  int length = (int)moth_tensor_text(o->t, text, sizeof text);
  luaL_addstring(out, text);
  length += note_not_finite(o, text, sizeof text);
  if (*text != 0 && length > o->M->printing.width) luaL_addstring(out, "\n");
  luaL_addstring(out, text);
}

int printing_tensor(lua_State *L) {
  module *M = module_here(L);
  const handle *h = handle_at(L, 1);
  if (h == NULL || h->kind != MOTH_TENSOR_OBJECT || h->object == NULL) return handle_describe(L, 1), 1;
  const moth_tensor *t = h->object;
  int rank = moth_tensor_rank(t);
  moth_dtype dtype = moth_tensor_dtype(t);
  layout o = { .M = M, .t = t, .edge = M->printing.edge, .is_real = dtype == MOTH_F32 || dtype == MOTH_F64 };
  o.cut = moth_tensor_count(t) > M->printing.max;
  if (o.cut) o.column_edge = o.edge;
  const char *at = moth_tensor_values(t);
  luaL_Buffer out;
  if (moth_tensor_count(t) > 0) {
    char header[256];
    if (rank == 0) choose_scale(&o);
    else choose_columns(&o, rank == 1 ? (int)moth_tensor_text(t, header, sizeof header) : 0);
  }
  luaL_buffinit(L, &out);
  add_header(&o, &out);
  if (moth_tensor_count(t) > 0) {
    int64_t indices[MOTH_MAX_RANK];
    char text[WORD], padded[2 * WORD];
    if (rank == 0) {
      word(&o, at, text);
      char header[256];
      bool wide = !fits(&o, 1, false, (int)moth_tensor_text(t, header, sizeof header));
      if (wide) snprintf(padded, sizeof padded, "\n%s", text);
      else snprintf(padded, sizeof padded, "  %*s", o.width, text);
      luaL_addstring(&out, padded);
    } else if (rank == 1) {
      if (o.below) luaL_addstring(&out, "\n");
      add_line(&o, &out, at, o.below ? " " : "  ");
    } else if (rank == 2) {
      add_rows(&o, &out, at);
    } else {
      add_blocks(&o, &out, at, 0, indices);
    }
  }
  luaL_pushresult(&out);
  return 1;
}

static const char *setting_name(const void *list, int index) {
  static const char *const names[] = { "digits", "edge", "max", "width", NULL };
  (void)list;
  return names[index];
}

/* moth.printing{ digits =, edge =, max =, width = } → the settings */
static int printing_set(lua_State *L) {
  module *M = module_here(L);
  const struct { const char *name; int *value, least, most; } settings[] = {
    { "digits", &M->printing.digits, 0, 17 }, { "edge", &M->printing.edge, 1, 1000 },
    { "max", &M->printing.max, 0, 1 << 30 }, { "width", &M->printing.width, 20, 1 << 20 },
  };
  enum { SETTINGS = sizeof settings / sizeof *settings };
  int found[SETTINGS], count = 0;
  if (!lua_isnoneornil(L, 1)) {
    if (lua_type(L, 1) != LUA_TTABLE) {
      const char *got = handle_describe(L, 1);
      return errors_fail(L, "printing: takes a table of options, got %s", got);
    }
    for (int i = 0; i < SETTINGS; i++) found[i] = *settings[i].value;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
      const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
      int i = 0;
      while (i < SETTINGS && strcmp(settings[i].name, name) != 0) i++;
      if (i == SETTINGS) return options_unknown(L, -2, "printing", setting_name, NULL);
      int64_t value = options_whole(L, -1, "printing", name);
      if (value < settings[i].least || value > settings[i].most) {
        const char *got = handle_describe(L, -1);
        return errors_fail(L, "printing: %s must be %d..%d, got %s", name, settings[i].least, settings[i].most, got);
      }
      found[i] = (int)value;
    }
    for (int i = 0; i < SETTINGS; i++) *settings[i].value = found[i];
  }
  lua_createtable(L, 0, SETTINGS);
  for (; count < SETTINGS; count++) {
    lua_pushinteger(L, *settings[count].value);
    lua_setfield(L, -2, settings[count].name);
  }
  return 1;
}

void printing_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "printing", printing_set }, { NULL, NULL } };
  M->printing = (printing){ .digits = 4, .edge = 3, .max = 1000, .width = 80 };
  module_functions(L, M, functions);
}
