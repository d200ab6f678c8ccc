/* rows.c: the engine's catalogs as tables, for the helpers in Lua: help, the reference, the editor's stub, completion. What the engine
 * knows of a name is told here once; nothing is looked up by name elsewhere.
 *
 * internal.rows(kind): "operation", "layer", "activation", "loss", "metric", "optimizer", "schedule", "initializer", "reader", "function"
 *   → a list in the catalog's order of { name, kind, doc, example, foreign (a list), options }; operations add inputs, optional, results,
 *   dtypes (a list), gives, and the flags method, creates, twin, only_twin, list, samples, numbers, many as true.
 *   An option is { key, doc, kinds (a list: "int" "real" "text" "flag" "ints" "reals" "texts" "tensor" "part" "parts" "call" "object"
 *   "options"), position, default, choices, parts, object, schema (a list of options), foreign, low, high, and the flags low_open,
 *   high_open, required, rest, building, live, axis as true }.
 * internal.methods(kind): "tensor", "net" … as internal.kind tells → the names that objects of the kind answer to as methods. */
#include "binding.h"

#include <string.h>

static void set_text(lua_State *L, const char *key, const char *text) {
  if (text == NULL) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

typedef struct flag_name { unsigned flag; const char *key; } flag_name;

/* Those of the flags that are set, as fields that are true. */
static void set_flags(lua_State *L, unsigned flags, const flag_name *names, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!(flags & names[i].flag)) continue;
    lua_pushboolean(L, true);
    lua_setfield(L, -2, names[i].key);
  }
}

static void set_integer(lua_State *L, const char *key, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, key);
}

static void append(lua_State *L, const char *text, size_t length) {
  lua_pushlstring(L, text, length);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* Space-separated words as a list; nothing where there are none. */
static void set_words(lua_State *L, const char *key, const char *words) {
  if (words == NULL) return;
  lua_newtable(L);
  for (const char *at = words; *(at += strspn(at, " ")) != 0; at += strcspn(at, " ")) append(L, at, strcspn(at, " "));
  lua_setfield(L, -2, key);
}

/* ---- Options ---- */

static void set_kinds(lua_State *L, unsigned kinds) {
  static const struct { unsigned kind; const char *name; } names[] = {
    { MOTH_OPTION_INT, "int" },       { MOTH_OPTION_REAL, "real" },     { MOTH_OPTION_TEXT, "text" },   { MOTH_OPTION_FLAG, "flag" },
    { MOTH_OPTION_INTS, "ints" },     { MOTH_OPTION_REALS, "reals" },   { MOTH_OPTION_TEXTS, "texts" }, { MOTH_OPTION_TENSOR, "tensor" },
    { MOTH_OPTION_PART, "part" },     { MOTH_OPTION_PARTS, "parts" },   { MOTH_OPTION_CALL, "call" },   { MOTH_OPTION_OBJECT, "object" },
    { MOTH_OPTION_OPTIONS, "options" },
  };
  lua_newtable(L);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (kinds & names[i].kind) append(L, names[i].name, strlen(names[i].name));
  }
  lua_setfield(L, -2, "kinds");
}

static void set_parts(lua_State *L, unsigned parts) {
  if (parts == 0) return;
  lua_newtable(L);
  for (int kind = 0; kind < MOTH_PART_KINDS; kind++) {
    const char *name = moth_part_kind_name((moth_part_kind)kind);
    if (parts >> kind & 1) append(L, name, strlen(name));
  }
  lua_setfield(L, -2, "parts");
}

/* The fallback as scripts would write it; components are told by name, so a text it is. */
static void set_default(lua_State *L, module *M, const moth_option *fallback) {
  const unsigned plain = MOTH_OPTION_INT | MOTH_OPTION_REAL | MOTH_OPTION_TEXT | MOTH_OPTION_FLAG | MOTH_OPTION_INTS | MOTH_OPTION_REALS |
                         MOTH_OPTION_TEXTS;
  if (!(fallback->kind & plain)) return;
  part_push_value(L, M, fallback);
  lua_setfield(L, -2, "default");
}

static void set_options(lua_State *L, module *M, const char *key, const moth_row *row);

static void push_option(lua_State *L, module *M, const moth_option_row *o) {
  static const flag_name names[] = {
    { MOTH_LOW_OPEN, "low_open" }, { MOTH_HIGH_OPEN, "high_open" }, { MOTH_REQUIRED, "required" }, { MOTH_REST, "rest" },
    { MOTH_BUILDING, "building" }, { MOTH_LIVE, "live" }, { MOTH_POSITION, "axis" },
  };
  luaL_checkstack(L, 8, NULL);
  lua_newtable(L);
  set_text(L, "key", o->key);
  set_text(L, "doc", o->doc);
  set_kinds(L, o->kinds);
  if (o->position > 0) set_integer(L, "position", o->position);
  set_default(L, M, &o->fallback);
  set_words(L, "choices", o->choices);
  set_words(L, "foreign", o->foreign);
  set_parts(L, o->parts);
  if (o->kinds & MOTH_OPTION_OBJECT) set_text(L, "object", handle_kind_name((int)o->object));
  if (o->schema != NULL) set_options(L, M, "schema", o->schema);
  if (o->flags & MOTH_RANGED) {
    lua_pushnumber(L, o->low);
    lua_setfield(L, -2, "low");
    lua_pushnumber(L, o->high);
    lua_setfield(L, -2, "high");
  }
  set_flags(L, o->flags, names, sizeof names / sizeof *names);
}

static void set_options(lua_State *L, module *M, const char *key, const moth_row *row) {
  lua_createtable(L, row->option_count, 0);
  for (int i = 0; i < row->option_count; i++) {
    push_option(L, M, &row->options[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, key);
}

/* ---- Rows ---- */

static void push_row(lua_State *L, module *M, const char *kind, const moth_row *row) {
  lua_newtable(L);
  set_text(L, "name", row->name);
  set_text(L, "kind", kind);
  set_text(L, "doc", row->doc);
  set_text(L, "example", row->example);
  set_words(L, "foreign", row->foreign);
  set_options(L, M, "options", row);
}

static void push_operation(lua_State *L, module *M, const moth_operation *operation) {
  static const flag_name names[] = {
    { MOTH_METHOD, "method" }, { MOTH_CREATES, "creates" }, { MOTH_TWIN, "twin" }, { MOTH_ONLY_TWIN, "only_twin" }, { MOTH_LIST, "list" },
    { MOTH_SAMPLES, "samples" }, { MOTH_NUMBERS, "numbers" }, { MOTH_MANY, "many" },
  };
  push_row(L, M, "operation", &operation->row);
  set_integer(L, "inputs", operation->inputs);
  set_integer(L, "optional", operation->optional);
  set_integer(L, "results", operation->results);
  set_text(L, "gives", operation->gives);
  lua_newtable(L);
  for (int dtype = 0; dtype < MOTH_DTYPES; dtype++) {
    const char *name = moth_dtype_name((moth_dtype)dtype);
    if (operation->dtypes >> dtype & 1) append(L, name, strlen(name));
  }
  lua_setfield(L, -2, "dtypes");
  set_flags(L, operation->flags, names, sizeof names / sizeof *names);
}

static int rows(lua_State *L) {
  module *M = module_here(L);
  const char *wanted = luaL_checkstring(L, 1);
  lua_newtable(L);
  if (strcmp(wanted, "operation") == 0) {
    const moth_operation *operation;
    for (int i = 0; (operation = moth_operation_at(M->m, i)) != NULL; i++) {
      push_operation(L, M, operation);
      lua_rawseti(L, -2, i + 1);
    }
    return 1;
  }
  int kind = 0;
  while (kind < MOTH_PART_KINDS && strcmp(moth_part_kind_name((moth_part_kind)kind), wanted) != 0) kind++;
  if (kind == MOTH_PART_KINDS) return luaL_error(L, "no catalog '%s'", wanted);
  const moth_row *row;
  for (int i = 0; (row = moth_catalog(M->m, (moth_part_kind)kind, i)) != NULL; i++) {
    push_row(L, M, wanted, row);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* Adds the string keys of the table at the top to the list below it; pops the table. */
static void add_names(lua_State *L) {
  if (lua_istable(L, -1)) {
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING) continue;
      lua_pushvalue(L, -2);
      lua_rawseti(L, -5, (lua_Integer)lua_rawlen(L, -5) + 1);
    }
  }
  lua_pop(L, 1);
}

/* The table of methods is __index itself, or the second upvalue of the function that is. */
static int methods(lua_State *L) {
  const module *M = module_here(L);
  const char *wanted = luaL_checkstring(L, 1);
  lua_newtable(L);
  int list = lua_gettop(L);
  for (int kind = 1; kind < HANDLE_KINDS; kind++) {
    if (strcmp(handle_kind_name(kind), wanted) != 0) continue;
    if (lua_rawgeti(L, LUA_REGISTRYINDEX, M->metatables[kind]) != LUA_TTABLE) return lua_settop(L, list), 1;
    lua_getfield(L, -1, "__index");
    if (lua_isfunction(L, -1) && lua_getupvalue(L, -1, 2) == NULL) lua_pushnil(L);
    lua_replace(L, list + 1);
    lua_settop(L, list + 1);
    add_names(L);
  }
  return 1;
}

void rows_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "rows", rows }, { "methods", methods }, { NULL, NULL } };
  module_functions(L, M, functions);
}
