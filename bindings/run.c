/* run.c: what a training leaves behind: lists of its columns, how it ended. */
#include "binding.h"

#include <string.h>

static const char *column_at(const void *run, int index) { return moth_run_column(run, index); }

static bool has_column(const moth_run *run, const char *name) {
  const char *column;
  for (int i = 0; (column = moth_run_column(run, i)) != NULL; i++) {
    if (strcmp(column, name) == 0) return true;
  }
  return false;
}

/* The list of a column: one table for good, which grows as training goes on. */
static int push_column(lua_State *L, module *M, const moth_run *run, const char *name) {
  const double *values;
  int64_t count;
  errors_check(L, M, moth_run_values(M->m, run, name, &values, &count));
  if (lua_getiuservalue(L, 1, 1) != LUA_TTABLE) {
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, 1);
    lua_replace(L, -2);
  }
  if (lua_getfield(L, -1, name) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, count < INT32_MAX ? (int)count : 0, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
  }
  int64_t known = (int64_t)lua_rawlen(L, -1);
  for (int64_t i = known; i > count; i--) lua_pushnil(L), lua_rawseti(L, -2, i);
  for (int64_t i = known; i < count; i++) lua_pushnumber(L, values[i]), lua_rawseti(L, -2, i + 1);
  return 1;
}

static int read_field(lua_State *L) {
  module *M = module_here(L);
  if (lua_type(L, 2) != LUA_TSTRING) return errors_fail(L, "a run has no field %s", handle_describe(L, 2));
  const char *name = lua_tostring(L, 2);
  const moth_run *run = handle_self(L, M, MOTH_RUN_OBJECT, name);
  if (strcmp(name, "epochs") == 0) lua_pushinteger(L, moth_run_epochs(run));
  else if (strcmp(name, "best_epoch") == 0) lua_pushinteger(L, moth_run_best_epoch(run));
  else if (strcmp(name, "stopped") == 0) lua_pushstring(L, moth_run_stopped(run));
  else if (strcmp(name, "seconds") == 0) lua_pushnumber(L, moth_run_seconds(run));
  else if (strcmp(name, "seed") == 0) lua_pushinteger(L, (lua_Integer)moth_run_seed(run));
  else if (has_column(run, name)) return push_column(L, M, run, name);
  else if (lua_getfield(L, lua_upvalueindex(2), name) != LUA_TNIL) return 1;
  else {
    const char *nearest = errors_nearest(name, column_at, run);
    if (nearest != NULL) return errors_fail(L, "a run has no '%s'; did you mean '%s'?", name, nearest);
    return errors_fail(L, "a run has no '%s'", name);
  }
  return 1;
}

static int to_text(lua_State *L) {
  const moth_run *run = handle_object(L, 1, MOTH_RUN_OBJECT);
  if (run == NULL) return handle_describe(L, 1), 1;
  const char *text = moth_run_text(run);
  if (*text != 0) lua_pushfstring(L, "run  %s", text);
  else lua_pushfstring(L, "run  %I epochs so far", (LUAI_UACINT)moth_run_epochs(run));
  return 1;
}

/* trainer:run() reads trainer.run and calls it: the training goes on to its end. */
static int call_run(lua_State *L) {
  lua_remove(L, 1);
  return trainer_run_on(L);
}

void run_open(lua_State *L, module *M) {
  const luaL_Reg metamethods[] = { { "__tostring", to_text }, { "__call", call_run }, { NULL, NULL } };
  lua_newtable(L);
  module_functions(L, M, metamethods);
  lua_pushlightuserdata(L, M);
  lua_newtable(L);
  drawing_run_methods(L, M);
  lua_pushcclosure(L, read_field, 2);
  lua_setfield(L, -2, "__index");
  handle_metatable(L, M, MOTH_RUN_OBJECT);
}
