/* helpers.c: the helpers written in Lua, compiled in by lua/embed.lua. Each chunk gets the module's table, the table of helpers, which
 * only the bindings see, and a few functions that Lua alone has not. lua/open.lua runs as the module opens, the others ("show",
 * "prompt/session") when `internal.need` first asks for them. */
#include "binding.h"
#include "look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct embedded { const char *name, *text; size_t size; } embedded;
extern const embedded embedded_lua[]; /* made by lua/embed.lua; ends with a NULL name */

static const char helpers_key; /* its address is a registry key */

void helpers_push(lua_State *L, const char *name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &helpers_key);
  lua_getfield(L, -1, name);
  lua_remove(L, -2);
}

/* fail(message): at the script's position */
static int fail(lua_State *L) { return errors_fail(L, "%s", luaL_checkstring(L, 1)); }

/* nearest(name, table) → the key that was meant, or nil */
static int nearest(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  errors_nearest_key(L, 2, name);
  return 1;
}

/* write(text): to the error stream, at once */
static int write_error(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  fwrite(text, 1, size, stderr);
  fflush(stderr);
  return 0;
}

static int describe(lua_State *L) { return handle_describe(L, 1), 1; }

/* kind(value) → "tensor", "net" … or nil */
static int kind(lua_State *L) {
  const handle *h = handle_at(L, 1);
  if (h != NULL && h->object != NULL) lua_pushstring(L, handle_kind_name(h->kind));
  else lua_pushnil(L);
  return 1;
}

/* A copy of the globals, for the helpers: what a script does to names such as `type` or `table` later is not theirs to suffer. */
static void push_globals(lua_State *L) {
  lua_newtable(L);
  lua_pushglobaltable(L);
  for (lua_pushnil(L); lua_next(L, -2);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -5);
  }
  lua_pop(L, 1);
}

/* Runs a helper's chunk with the three tables at `tables` and the globals behind them; leaves its one result. */
static void run_chunk(lua_State *L, const embedded *chunk, int tables) {
  if (luaL_loadbufferx(L, chunk->text, chunk->size, "=[moth]", "t") != LUA_OK) luaL_error(L, "%s: %s", chunk->name, lua_tostring(L, -1));
  lua_pushvalue(L, tables + 3);
  lua_setupvalue(L, -2, 1);
  for (int i = 0; i < 3; i++) lua_pushvalue(L, tables + i);
  lua_call(L, 3, 1);
}

/* need(name) → what the chunk returned when it first ran. Upvalues: the module, the table of what was loaded, the three tables, the
 * globals. */
static int need(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  const embedded *at = embedded_lua;
  while (at->name != NULL && strcmp(at->name, name) != 0) at++;
  if (at->name == NULL) return luaL_error(L, "no helper '%s'", name);
  luaL_checkstack(L, 8, NULL);
  for (int i = 0; i < 4; i++) lua_pushvalue(L, lua_upvalueindex(3 + i));
  run_chunk(L, at, 3);
  if (lua_isnil(L, -1)) lua_pop(L, 1), lua_pushboolean(L, true);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, lua_upvalueindex(2));
  return 1;
}

/* standard_output() → is it a terminal, may it be coloured (no-color.org), does it speak UTF-8 */
static int standard_output(lua_State *L) {
  lua_pushboolean(L, isatty(1));
  lua_pushboolean(L, look_colour());
  lua_pushboolean(L, look_unicode());
  return 3;
}

void helpers_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = {
    { "fail", fail }, { "nearest", nearest }, { "write", write_error }, { "describe", describe }, { "kind", kind },
    { "standard_output", standard_output }, { NULL, NULL }
  };
  int table = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &helpers_key);
  lua_newtable(L);
  module_functions(L, M, functions);
  rows_open(L, M);
  drawing_open(L, M);
  push_globals(L);
  lua_pushlightuserdata(L, M);
  lua_newtable(L);
  for (int i = 0; i < 4; i++) lua_pushvalue(L, table + i);
  lua_pushcclosure(L, need, 6);
  lua_pushvalue(L, -1);
  lua_setfield(L, table + 2, "need");
  lua_pushliteral(L, "open");
  lua_call(L, 1, 0);
  lua_settop(L, table);
}
