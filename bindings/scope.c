/* scope.c: moth.scope(f, …) calls f and frees the tensors that were made meanwhile, but for those that f returns, be it in tables. Each
 * tensor's userdata made while it runs is a weak key of the scope's table. */
#include "binding.h"

#include <string.h>

void scope_note(lua_State *L, const module *M) {
  luaL_checkstack(L, 4, NULL);
  lua_rawgeti(L, LUA_REGISTRYINDEX, M->scope);
  lua_pushvalue(L, -2);
  lua_pushboolean(L, true);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

/* ---- What is reachable from what f returned ---- */

enum { SEEN, WAITING }; /* tables at base + …: the set of what was met, and what is yet to be looked into */

/* Notes the value at the top, popped, where it may lead to tensors and is new. */
static void reach(lua_State *L, int base) {
  int type = lua_type(L, -1);
  if (type == LUA_TTABLE || type == LUA_TUSERDATA || type == LUA_TFUNCTION || type == LUA_TTHREAD) {
    lua_pushvalue(L, -1);
    if (lua_rawget(L, base + SEEN) == LUA_TNIL) {
      lua_pushvalue(L, -2);
      lua_pushboolean(L, true);
      lua_rawset(L, base + SEEN);
      lua_pushvalue(L, -2);
      lua_rawseti(L, base + WAITING, (lua_Integer)lua_rawlen(L, base + WAITING) + 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Moves the value at the top of another thread here and reaches it. */
static void reach_from(lua_State *L, int base, lua_State *thread) {
  lua_xmove(thread, L, 1);
  reach(L, base);
}

/* What a coroutine will go on with: its frames' functions, variables and surplus arguments, and what lies on its stack. */
static void look_into_thread(lua_State *L, int base, lua_State *thread) {
  lua_Debug frame;
  if (thread == L || !lua_checkstack(thread, 1)) return;
  for (int i = lua_gettop(thread); i > 0; i--) {
    lua_pushvalue(thread, i);
    reach_from(L, base, thread);
  }
  for (int level = 0; lua_getstack(thread, level, &frame); level++) {
    lua_getinfo(thread, "f", &frame);
    reach_from(L, base, thread);
    for (int i = 1; lua_getlocal(thread, &frame, i) != NULL; i++) reach_from(L, base, thread);
    for (int i = -1; lua_getlocal(thread, &frame, i) != NULL; i--) reach_from(L, base, thread);
  }
}

/* Reaches what the value at `at` holds. */
static void look_into(lua_State *L, int base, int at) {
  const char *name;
  switch (lua_type(L, at)) {
  case LUA_TTABLE:
    for (lua_pushnil(L); lua_next(L, at);) {
      reach(L, base);
      lua_pushvalue(L, -1);
      reach(L, base);
    }
    if (lua_getmetatable(L, at)) reach(L, base);
    break;
  case LUA_TUSERDATA:
    for (int i = 1; lua_getiuservalue(L, at, i) != LUA_TNONE; i++) reach(L, base);
    lua_pop(L, 1);
    break;
  case LUA_TTHREAD: look_into_thread(L, base, lua_tothread(L, at)); break;
  default:
    for (int i = 1; (name = lua_getupvalue(L, at, i)) != NULL; i++) {
      if (strcmp(name, "_ENV") == 0) lua_pop(L, 1); /* globals are not returned */
      else reach(L, base);
    }
  }
}

/* Frees the tensors of the table at `made` that nothing at first … last leads to; the others go to the outer scope's table. */
static void leave(lua_State *L, const module *M, int made, int first, int last) {
  luaL_checkstack(L, 12, NULL);
  int base = lua_gettop(L) + 1;
  lua_newtable(L);
  lua_newtable(L);
  for (int i = first; i <= last; i++) {
    lua_pushvalue(L, i);
    reach(L, base);
  }
  for (lua_Integer n; (n = (lua_Integer)lua_rawlen(L, base + WAITING)) > 0;) {
    lua_rawgeti(L, base + WAITING, n);
    lua_pushnil(L);
    lua_rawseti(L, base + WAITING, n);
    look_into(L, base, lua_gettop(L));
    lua_settop(L, base + WAITING);
  }
  for (lua_pushnil(L); lua_next(L, made); lua_pop(L, 1)) {
    handle *h = handle_at(L, -2);
    if (h == NULL || h->object == NULL) continue;
    lua_pushvalue(L, -2);
    bool is_kept = lua_rawget(L, base + SEEN) != LUA_TNIL;
    lua_pop(L, 1);
    if (is_kept && M->scope != 0) {
      lua_pushvalue(L, -2);
      scope_note(L, M);
      lua_pop(L, 1);
    } else if (!is_kept) {
      void *object = h->object;
      h->object = NULL;
      moth_release(object);
    }
  }
  lua_settop(L, base - 1);
}

/* moth.scope(f, …) → what f returns */
static int scope(lua_State *L) {
  module *M = module_here(L);
  if (!lua_isfunction(L, 1)) {
    const char *got = handle_describe(L, 1);
    return errors_fail(L, "scope: takes a function, got %s", got);
  }
  enum { MADE = 1, HANDLER, FIRST };
  int arguments = lua_gettop(L) - 1, outer = M->scope;
  lua_createtable(L, 0, 8);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_insert(L, MADE);
  lua_pushcfunction(L, errors_handler);
  lua_insert(L, HANDLER);
  lua_pushvalue(L, MADE);
  int inner = luaL_ref(L, LUA_REGISTRYINDEX);
  M->scope = inner;
  int status = lua_pcall(L, arguments, LUA_MULTRET, HANDLER);
  M->scope = outer;
  luaL_unref(L, LUA_REGISTRYINDEX, inner);
  int last = lua_gettop(L);
  leave(L, M, MADE, FIRST, last);
  if (status != LUA_OK) return lua_error(L);
  return last - FIRST + 1;
}

void scope_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "scope", scope }, { NULL, NULL } };
  module_functions(L, M, functions);
}
