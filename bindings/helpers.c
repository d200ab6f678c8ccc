/* helpers.c: the helpers written in Lua, compiled in by lua/embed.lua. Each chunk gets the module's table, the table of helpers, which
 * only the bindings see, and a few functions that Lua alone has not. */
#include "binding.h"

#include <stdio.h>

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

void helpers_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = {
    { "fail", fail }, { "nearest", nearest }, { "write", write_error }, { "describe", describe }, { "kind", kind }, { NULL, NULL }
  };
  int table = lua_gettop(L);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &helpers_key);
  lua_newtable(L);
  module_functions(L, M, functions);
  for (const embedded *at = embedded_lua; at->name != NULL; at++) {
    if (luaL_loadbufferx(L, at->text, at->size, "=[moth]", "t") != LUA_OK) luaL_error(L, "%s: %s", at->name, lua_tostring(L, -1));
    lua_pushvalue(L, table);
    lua_pushvalue(L, table + 1);
    lua_pushvalue(L, table + 2);
    lua_call(L, 3, 0);
  }
  lua_settop(L, table);
}
