/* moth_lua_complete, through complete.lua beside this file, and with every allocation of Lua's failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

#include "moth_lua.h"

static int complete(lua_State *L) {
  size_t length;
  const char *line = luaL_checklstring(L, 1, &length);
  lua_Integer cursor = luaL_optinteger(L, 2, (lua_Integer)length);
  moth_lua_complete(L, line, length, (size_t)cursor);
  return 2;
}

/* it(name, f): one case of the script's; counts those that fail in its upvalue. */
static int it(lua_State *L) {
  int *failures = lua_touserdata(L, lua_upvalueindex(1));
  lua_settop(L, 2);
  if (lua_pcall(L, 0, 0, 0) == LUA_OK) return 0;
  print_error("%s: %s\n", lua_tostring(L, 1), lua_tostring(L, -1));
  *failures += 1;
  return 0;
}

static void open(lua_State *L) {
  luaL_openlibs(L);
  luaL_requiref(L, "moth", luaopen_moth, 1);
  lua_register(L, "complete", complete);
  lua_settop(L, 0);
}

static void test_words_become_what_they_can(void **state) {
  (void)state;
  lua_State *L = luaL_newstate();
  open(L);
  if (luaL_loadfile(L, MOTH_SOURCE "/spec/bindings/complete.lua") != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
  int failures = 0;
  lua_pushlightuserdata(L, &failures);
  lua_pushcclosure(L, it, 1);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
  assert_int_equal(failures, 0);
  lua_close(L);
}

static void test_the_module_need_not_be_loaded(void **state) {
  (void)state;
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  moth_lua_complete(L, "whi", 3, 3);
  assert_int_equal(lua_gettop(L), 2);
  assert_int_equal(lua_rawlen(L, 1), 1);
  assert_int_equal(lua_tointeger(L, 2), 0);
  lua_close(L);
}

/* ---- Lua's allocations fail from the n-th on ---- */

typedef struct short_memory { size_t left; bool on; } short_memory;

static void *allocate(void *data, void *block, size_t old_size, size_t new_size) {
  short_memory *memory = data;
  (void)old_size;
  if (new_size == 0) return free(block), NULL;
  if (memory->on && (block == NULL || new_size > old_size) && memory->left-- == 0) return memory->left = 0, NULL;
  return realloc(block, new_size);
}

static int complete_files(lua_State *L) {
  static const char line[] = "dofile('spec/";
  moth_lua_complete(L, line, sizeof line - 1, sizeof line - 1);
  return 0;
}

static void test_short_memory_is_an_error(void **state) {
  (void)state;
  short_memory memory = { 0 };
  lua_State *L = lua_newstate(allocate, &memory);
  open(L);
  int failures = 0;
  for (size_t n = 0;; n++) {
    memory = (short_memory){ n, true };
    lua_pushcfunction(L, complete_files);
    int status = lua_pcall(L, 0, 0, 0);
    memory.on = false;
    lua_settop(L, 0);
    if (status == LUA_OK) break;
    failures++;
    n += n / 20;
  }
  assert_true(failures > 10);
  lua_close(L);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_words_become_what_they_can),
    cmocka_unit_test(test_the_module_need_not_be_loaded),
    cmocka_unit_test(test_short_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
