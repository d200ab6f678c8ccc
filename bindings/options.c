/* options.c: Lua arguments and tables to moth_option[]. Only what Lua alone can tell is decided here (holes, functions, positions counted
 * from 1); the engine's parser judges the rest, so that C and Lua get the same words. */
#include "binding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = MOTH_OPTION_INTS | MOTH_OPTION_REALS, LISTS = NUMBERS | MOTH_OPTION_TEXTS | MOTH_OPTION_PARTS };

void options_begin(lua_State *L, module *M, option_builder *b, const char *where, const moth_row *row) {
  luaL_checkstack(L, 20, "too many arguments");
  lua_pushnil(L);
  b->L = L;
  b->M = M;
  b->where = where;
  b->row = row;
  b->keep = lua_gettop(L);
  b->kept = 0;
  b->position = 1;
  b->skipped = false;
  b->count = 0;
  b->capacity = BUILDER_INLINE;
  b->items = b->own;
  b->call_count = 0;
  b->used = 0;
}

static void need_keep(option_builder *b) {
  if (!lua_isnil(b->L, b->keep)) return;
  lua_newtable(b->L);
  lua_replace(b->L, b->keep);
}

void options_push_keep(option_builder *b) {
  need_keep(b);
  lua_pushvalue(b->L, b->keep);
}

void options_keep(option_builder *b, int value) {
  need_keep(b);
  lua_pushvalue(b->L, value);
  lua_rawseti(b->L, b->keep, (lua_Integer)lua_rawlen(b->L, b->keep) + 1);
}

void *options_room(option_builder *b, size_t bytes) {
  size_t start = (b->used + 15) & ~(size_t)15;
  if (bytes <= sizeof b->room && start <= sizeof b->room - bytes) {
    b->used = start + bytes;
    return b->room + start;
  }
  void *room = lua_newuserdatauv(b->L, bytes, 0);
  options_keep(b, -1);
  lua_pop(b->L, 1);
  return room;
}

moth_option *options_add(option_builder *b, const char *key, moth_option_kind kind) {
  if (b->count + 1 >= b->capacity) { /* one stays free for the end */
    moth_option *more = options_room(b, 2 * b->capacity * sizeof *more);
    memcpy(more, b->items, b->count * sizeof *more);
    b->items = more;
    b->capacity *= 2;
  }
  moth_option *item = &b->items[b->count++];
  *item = (moth_option){ .key = key, .kind = kind };
  return item;
}

bool options_has(const option_builder *b, const char *key) {
  for (size_t i = 0; i < b->count; i++) {
    if (b->items[i].key != NULL && strcmp(b->items[i].key, key) == 0) return true;
  }
  return false;
}

const moth_option_row *options_row(const moth_row *row, const char *key) {
  for (int i = 0; i < row->option_count; i++) {
    if (strcmp(row->options[i].key, key) == 0) return &row->options[i];
  }
  return NULL;
}

/* The row of a positional; positions beyond a rest row belong to it. NULL: surplus. */
static const moth_option_row *row_at(const moth_row *row, int position) {
  for (int i = 0; i < row->option_count; i++) {
    const moth_option_row *r = &row->options[i];
    if (r->position == position || (r->position > 0 && r->position < position && r->flags & MOTH_REST)) return r;
  }
  return NULL;
}

/* ---- Numbers ---- */

static void fail_fraction(lua_State *L, const char *where, const char *what, int index) {
  const char *got = handle_describe(L, index);
  if (what != NULL && strncmp(what, "the ", 4) != 0) errors_fail(L, "%s: %s: %s is not a whole number", where, what, got);
  errors_fail(L, "%s: %s is not a whole number", where, got);
}

int64_t options_whole(lua_State *L, int index, const char *where, const char *what) {
  int whole;
  if (lua_type(L, index) != LUA_TNUMBER) {
    const char *got = handle_describe(L, index);
    return errors_fail(L, "%s: %s must be a whole number, got %s", where, what != NULL ? what : "an index", got);
  }
  int64_t n = lua_tointegerx(L, index, &whole);
  if (!whole) fail_fraction(L, where, what, index);
  return n;
}

int options_unknown(lua_State *L, int key, const char *where, errors_names names, const void *list) {
  const char *name = lua_type(L, key) == LUA_TSTRING ? lua_tostring(L, key) : handle_describe(L, key);
  const char *nearest = errors_nearest(name, names, list), *known;
  if (nearest != NULL) return errors_fail(L, "%s: no option '%s'; did you mean '%s'?", where, name, nearest);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (int i = 0; (known = names(list, i)) != NULL; i++) {
    luaL_addstring(&text, i > 0 ? " " : "");
    luaL_addstring(&text, known);
  }
  luaL_pushresult(&text);
  return errors_fail(L, "%s: no option '%s' (options: %s)", where, name, lua_tostring(L, -1));
}

const char *options_string(lua_State *L, int index, const char *where, const char *what) {
  size_t size;
  if (lua_type(L, index) != LUA_TSTRING) {
    const char *got = handle_describe(L, index);
    errors_fail(L, "%s: %s must be a string, got %s", where, what, got);
  }
  const char *text = lua_tolstring(L, index, &size);
  if (strlen(text) != size) errors_fail(L, "%s: '%s' goes on after a zero byte", where, text);
  return text;
}

static void add_number(option_builder *b, const char *key, const moth_option_row *row, int value) {
  lua_State *L = b->L;
  if (row != NULL && row->flags & MOTH_POSITION) {
    options_add(b, key, MOTH_OPTION_INT)->as.integer = options_position(options_whole(L, value, b->where, row->key));
  } else if (lua_isinteger(L, value)) {
    options_add(b, key, MOTH_OPTION_INT)->as.integer = lua_tointeger(L, value);
  } else {
    double number = lua_tonumber(L, value);
    options_add(b, key, MOTH_OPTION_REAL)->as.real = isnan(number) ? NAN : number; /* 0/0 has a sign, which messages would tell */
  }
}

/* ---- Lists ---- */

int64_t options_length(lua_State *L, int table, const char *where) {
  int64_t count = 0, most = 0;
  table = lua_absindex(L, table);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1) continue;
    count++;
    if (lua_tointeger(L, -2) > most) most = lua_tointeger(L, -2);
  }
  if (most == count) return count;
  for (int64_t i = 1;; i++) {
    if (lua_rawgeti(L, table, i) == LUA_TNIL) {
      const char *hint = strcmp(where, "net") == 0 ? "; for a layer that may be absent write  cond and moth.dropout(0.2) or false" : "";
      return errors_fail(L, "%s: entry %I is nil%s", where, (LUAI_UACINT)i, hint);
    }
    lua_pop(L, 1);
  }
}

/* What a list's entries are: the option kind that holds them all; 0: something else, or mixed. */
static unsigned list_kind(lua_State *L, int table, int64_t n) {
  bool texts = true, numbers = true, integers = true, parts = true;
  for (int64_t i = 1; i <= n; i++) {
    int type = lua_rawgeti(L, table, i);
    const handle *h = handle_at(L, -1);
    texts = texts && type == LUA_TSTRING;
    numbers = numbers && type == LUA_TNUMBER;
    integers = integers && lua_isinteger(L, -1);
    parts = parts && (type == LUA_TSTRING || (h != NULL && (h->kind == MOTH_PART_OBJECT || h->kind == HANDLE_LAYER)) ||
                      (type == LUA_TBOOLEAN && !lua_toboolean(L, -1)));
    lua_pop(L, 1);
  }
  return numbers ? integers ? MOTH_OPTION_INTS : MOTH_OPTION_REALS : texts ? MOTH_OPTION_TEXTS : parts ? MOTH_OPTION_PARTS : 0;
}

static void add_numbers(option_builder *b, const char *key, const moth_option_row *row, int table, size_t n, unsigned kind) {
  lua_State *L = b->L;
  bool positions = row->flags & MOTH_POSITION;
  int64_t *integers = options_room(b, n * sizeof *integers + 1);
  double *reals = (double *)(void *)integers;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, table, (lua_Integer)i + 1);
    if (positions) integers[i] = options_position(options_whole(L, -1, b->where, row->key));
    else if (kind == MOTH_OPTION_INTS) integers[i] = lua_tointeger(L, -1);
    else reals[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  moth_option *item = options_add(b, key, positions ? MOTH_OPTION_INTS : (moth_option_kind)kind);
  item->count = n;
  if (item->kind == MOTH_OPTION_INTS) item->as.integers = integers;
  else item->as.reals = reals;
}

static void add_texts(option_builder *b, const char *key, int table, size_t n) {
  const char **texts = options_room(b, n * sizeof *texts + 1);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(b->L, table, (lua_Integer)i + 1);
    texts[i] = options_string(b->L, -1, b->where, "a text");
    lua_pop(b->L, 1);
  }
  moth_option *item = options_add(b, key, MOTH_OPTION_TEXTS);
  item->count = n;
  item->as.texts = texts;
}

static void add_parts(option_builder *b, const char *key, const moth_option_row *row, int table, size_t n) {
  lua_State *L = b->L;
  moth_part **parts = options_room(b, n * sizeof *parts + 1);
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, table, (lua_Integer)i + 1);
    if (!lua_isboolean(L, -1)) {
      parts[count++] = part_argument(L, b->M, lua_gettop(L), row->parts, b->where, row->key);
      options_keep(b, -1);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  moth_option *item = options_add(b, key, MOTH_OPTION_PARTS);
  item->count = count;
  item->as.parts = parts;
}

static void fail_value(option_builder *b, const char *key, const moth_option_row *row, int value) {
  const char *got = handle_describe(b->L, value);
  errors_fail(b->L, "%s: %s must not be %s", b->where, key != NULL ? key : row != NULL ? row->key : "a value", got);
}

/* ---- Tables ---- */

static const moth_option options_none[] = { MOTH_END };

static bool has_names(lua_State *L, int table) {
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) return lua_pop(L, 2), true;
  }
  return false;
}

/* A table with a schema of its own. The inner builder lies where the outer one's numbers do, to live as long. */
static void add_nested(option_builder *b, const char *key, const moth_option_row *row, int table) {
  option_builder *inner = options_room(b, sizeof *inner);
  options_begin(b->L, b->M, inner, b->where, row->schema);
  options_table(inner, table, NULL);
  options_add(inner, NULL, MOTH_OPTION_END);
  for (int i = 0; i < inner->call_count && b->call_count < BUILDER_CALLS; i++) b->calls[b->call_count++] = inner->calls[i];
  if (!lua_isnil(b->L, inner->keep)) options_keep(b, inner->keep);
  lua_settop(b->L, inner->keep - 1);
  options_add(b, key, MOTH_OPTION_OPTIONS)->as.options = inner->items;
}

static void add_table(option_builder *b, const char *key, const moth_option_row *row, int table) {
  lua_State *L = b->L;
  if (row == NULL) { /* unknown: the engine tells the right name */
    options_add(b, key, MOTH_OPTION_FLAG)->as.flag = true;
    return;
  }
  if (row->kinds & MOTH_OPTION_OPTIONS && row->schema != NULL && (!(row->kinds & LISTS) || has_names(L, table))) {
    add_nested(b, key, row, table);
    return;
  }
  int64_t n = options_length(L, table, b->where);
  unsigned kind = list_kind(L, table, n);
  if (n == 0) kind = row->kinds & MOTH_OPTION_INTS ? MOTH_OPTION_INTS : row->kinds & LISTS;
  if (row->kinds & MOTH_OPTION_PARTS && kind & MOTH_OPTION_PARTS) add_parts(b, key, row, table, (size_t)n);
  else if (row->kinds & LISTS && kind & MOTH_OPTION_INTS) add_numbers(b, key, row, table, (size_t)n, MOTH_OPTION_INTS);
  else if (row->kinds & LISTS && kind & MOTH_OPTION_REALS) add_numbers(b, key, row, table, (size_t)n, MOTH_OPTION_REALS);
  else if (row->kinds & LISTS && kind & MOTH_OPTION_TEXTS) add_texts(b, key, table, (size_t)n);
  else if (row->kinds & MOTH_OPTION_TENSOR) {
    moth_tensor *t = tensor_from(L, b->M, table, b->M->dtype, b->where);
    options_keep(b, -1);
    lua_pop(L, 1);
    options_add(b, key, MOTH_OPTION_TENSOR)->as.tensor = t;
  } else if (kind & NUMBERS && !(row->kinds & LISTS)) { /* refused by the engine, in its words */
    add_numbers(b, key, row, table, (size_t)n, kind);
  } else if (kind & MOTH_OPTION_TEXTS) add_texts(b, key, table, (size_t)n);
  else if (row->kinds & LISTS) fail_value(b, key, row, table);
  else options_add(b, key, MOTH_OPTION_OPTIONS)->as.options = options_none; /* refused by the engine, in its words */
}

/* ---- Handles and functions ---- */

static void add_handle(option_builder *b, const char *key, const moth_option_row *row, int value, const handle *h) {
  if (h->object == NULL) {
    errors_fail(b->L, "%s: %s is a closed %s", b->where, key != NULL ? key : row != NULL ? row->key : "a value", handle_kind_name(h->kind));
  }
  switch (h->kind) {
  case MOTH_TENSOR_OBJECT: options_add(b, key, MOTH_OPTION_TENSOR)->as.tensor = h->object; break;
  case MOTH_PART_OBJECT:
    options_keep(b, value);
    options_add(b, key, MOTH_OPTION_PART)->as.part = h->object;
    break;
  case HANDLE_LAYER:
    if (row == NULL || !(row->kinds & MOTH_OPTION_OBJECT && h->alone)) {
      layer_refuse(b->L, b->M, h, b->where, key == NULL ? b->position - 1 : 0);
    }
    __attribute__((fallthrough)); /* alone: a net of one */
  default:
    options_keep(b, value);
    options_add(b, key, MOTH_OPTION_OBJECT)->as.object = h->object;
  }
}

static void add_function(option_builder *b, const char *key, const moth_option_row *row, int value) {
  moth_option *item;
  if (row == NULL || !(row->kinds & MOTH_OPTION_CALL)) { /* refused by the engine, in its words */
    item = options_add(b, key, MOTH_OPTION_CALL);
    item->as.call.function = callback_function(MOTH_NO_CALL);
    return;
  }
  if (b->call_count == BUILDER_CALLS) errors_fail(b->L, "%s: too many functions", b->where);
  need_keep(b);
  script_call *call = callback_new(b->L, b->M, value, b->keep);
  item = options_add(b, key, MOTH_OPTION_CALL);
  item->as.call = (moth_call){ callback_function(row->call), call, callback_release };
  b->calls[b->call_count++] = call;
}

void options_value(option_builder *b, const char *key, int value) {
  lua_State *L = b->L;
  luaL_checkstack(L, 12, "options too deep");
  const moth_option_row *row = key != NULL ? options_row(b->row, key) : row_at(b->row, b->position);
  if (key == NULL) {
    b->position++;
    if (lua_isnil(L, value)) {
      if (row != NULL && row->flags & (MOTH_REST | MOTH_REQUIRED)) errors_fail(L, "%s: %s must not be nil", b->where, row->key);
      b->skipped = true;
      return;
    }
    if (b->skipped && row != NULL) key = row->key;
  }
  switch (lua_type(L, value)) {
  case LUA_TNUMBER: add_number(b, key, row, value); break;
  case LUA_TSTRING: options_add(b, key, MOTH_OPTION_TEXT)->as.text = options_string(L, value, b->where, "a text"); break;
  case LUA_TBOOLEAN: options_add(b, key, MOTH_OPTION_FLAG)->as.flag = lua_toboolean(L, value); break;
  case LUA_TTABLE: add_table(b, key, row, value); break;
  case LUA_TFUNCTION: add_function(b, key, row, value); break;
  default: {
    const handle *h = handle_at(L, value);
    if (h == NULL) fail_value(b, key, row, value);
    else add_handle(b, key, row, value, h);
  }
  }
}

/* ---- Whole lists of arguments ---- */

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* The table's names, in order. */
static const char **names_of(option_builder *b, int table, size_t *count) {
  lua_State *L = b->L;
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) n++;
    else if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1) {
      lua_pushvalue(L, -2);
      errors_fail(L, "%s: an option's key must be a name, got %s", b->where, handle_describe(L, -1));
    }
  }
  const char **names = options_room(b, n * sizeof *names + 1);
  *count = n;
  n = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) names[n++] = lua_tostring(L, -2);
  }
  qsort(names, n, sizeof *names, by_name);
  return names;
}

void options_table(option_builder *b, int table, option_override override) {
  lua_State *L = b->L;
  int64_t n = options_length(L, table, b->where);
  for (int64_t i = 1; i <= n; i++) {
    lua_rawgeti(L, table, i);
    options_value(b, NULL, lua_gettop(L));
    lua_pop(L, 1);
  }
  size_t count;
  const char **names = names_of(b, table, &count);
  for (size_t i = 0; i < count; i++) {
    lua_pushstring(L, names[i]);
    lua_rawget(L, table);
    int value = lua_gettop(L);
    if (override == NULL || !override(b, names[i], value)) options_value(b, names[i], value);
    lua_settop(L, value - 1);
  }
}

void options_arguments(option_builder *b, int first, int last, bool lists, option_override override) {
  lua_State *L = b->L;
  for (int i = first; i <= last; i++) {
    bool table = lua_type(L, i) == LUA_TTABLE;
    const moth_option_row *row = row_at(b->row, b->position);
    bool value = lists && row != NULL && row->kinds & (LISTS | MOTH_OPTION_TENSOR);
    if (table && (has_names(L, i) || (!value && i == last))) options_table(b, i, override);
    else options_value(b, NULL, i);
  }
}

const moth_option *options_end(option_builder *b) {
  options_add(b, NULL, MOTH_OPTION_END);
  for (int i = 0; i < b->call_count; i++) callback_retain(b->calls[i]);
  return b->items;
}

void options_give_back(option_builder *b) {
  for (int i = 0; i < b->call_count; i++) callback_release(b->calls[i]);
}

void options_done(option_builder *b, moth_status status) {
  if (status == MOTH_OK) return;
  options_give_back(b);
  errors_raise(b->L, b->M, status);
}
