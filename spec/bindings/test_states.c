/* The bindings in hosts: several states, shared contexts, states that close before their host lets go, and every allocation of Lua's
 * failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "moth_lua.h"

static lua_State *new_state(moth *shared) {
  lua_State *L = luaL_newstate();
  assert_non_null(L);
  luaL_openlibs(L);
  if (shared != NULL) moth_lua_share(L, shared);
  luaL_requiref(L, "moth", luaopen_moth, 1);
  lua_settop(L, 0);
  return L;
}

/* The number that a chunk returns. */
static double number_of(lua_State *L, const char *chunk) {
  if (luaL_dostring(L, chunk) != LUA_OK) fail_msg("%s: %s", chunk, lua_tostring(L, -1));
  double value = lua_tonumber(L, -1);
  lua_settop(L, 0);
  return value;
}

static void assert_raises(lua_State *L, const char *chunk, const char *text) {
  assert_int_not_equal(luaL_dostring(L, chunk), LUA_OK);
  assert_non_null(strstr(lua_tostring(L, -1), text));
  lua_settop(L, 0);
}

static moth *new_context(int index_base) {
  moth_config config = { .size = sizeof config, .index_base = index_base };
  moth *m = NULL;
  assert_int_equal(moth_open(&config, &m), MOTH_OK);
  return m;
}

static void test_states_have_contexts_of_their_own(void **state) {
  (void)state;
  lua_State *a = new_state(NULL), *b = new_state(NULL);
  assert_ptr_not_equal(moth_lua_context(a), moth_lua_context(b));
  number_of(a, "moth.dtype 'f64' moth.seed(1) t = moth.ones(3) return 0");
  assert_true(number_of(b, "moth.seed(2) t = moth.zeros(3) return t.dtype == 'f32' and 1 or 0") == 1);
  assert_true(number_of(a, "return t:sum()") == 3);
  lua_close(a);
  assert_true(number_of(b, "return (t + 2):sum()") == 6);
  lua_close(b);
}

static void test_require_twice_gives_the_same_module(void **state) {
  (void)state;
  lua_State *L = new_state(NULL);
  assert_int_equal(luaopen_moth(L), 1);
  lua_getglobal(L, "moth");
  assert_true(lua_rawequal(L, -1, -2));
  lua_close(L);
}

static void test_a_host_shares_its_context(void **state) {
  (void)state;
  moth *m = new_context(1);
  lua_State *a = new_state(m), *b = new_state(m);
  assert_ptr_equal(moth_lua_context(a), m);
  assert_int_equal(luaL_dostring(a, "t = moth.ones(3) return t"), LUA_OK);
  void *t = moth_lua_handle(a, -1, MOTH_TENSOR_OBJECT);
  assert_non_null(t);
  assert_null(moth_lua_handle(a, -1, MOTH_NET_OBJECT));
  moth_lua_push(b, t);
  lua_setglobal(b, "u");
  assert_true(number_of(b, "u:add_(1) return u:sum()") == 6);
  assert_true(number_of(a, "return t:sum()") == 6);
  lua_close(a);
  assert_true(number_of(b, "return u:sum()") == 6);
  moth_close(m);
  assert_raises(b, "return u:sum()", "closed");
  lua_close(b);
}

static int open_module(lua_State *L) { return luaopen_moth(L); }

static void test_a_context_that_counts_from_0_is_refused(void **state) {
  (void)state;
  moth *m = new_context(0);
  lua_State *L = luaL_newstate();
  moth_lua_share(L, m);
  lua_pushcfunction(L, open_module);
  assert_int_equal(lua_pcall(L, 0, 1, 0), LUA_ERRRUN);
  assert_string_equal(lua_tostring(L, -1), "moth: a context shared with Lua must be opened with index_base = 1");
  lua_close(L);
  moth_close(m);
}

static void test_a_trainer_outlives_its_state(void **state) {
  (void)state;
  moth *m = new_context(1);
  lua_State *L = new_state(m);
  const char *chunk = "local x = moth.ones(4, 1) "
                      "return moth.trainer{ net = moth.net{ input = 1, moth.dense(1) }, data = { x, x }, loss = 'mse', epochs = 3, "
                      "progress = false, on_epoch = function() end }";
  if (luaL_dostring(L, chunk) != LUA_OK) fail_msg("%s", lua_tostring(L, -1));
  moth_trainer *trainer = moth_retain(moth_lua_handle(L, -1, MOTH_TRAINER_OBJECT));
  lua_close(L);
  bool more = true;
  moth_status status = MOTH_OK;
  for (int i = 0; i < 10 && more && status == MOTH_OK; i++) status = moth_trainer_step(m, trainer, 0, &more);
  assert_int_equal(status, MOTH_CALLBACK);
  moth_release(trainer);
  moth_close(m);
}

static void note_warning(void *data, const char *message, int continues) {
  (void)message, (void)continues;
  *(int *)data += 1;
}

static void test_finalizers_after_ours_find_moth_closed(void **state) {
  (void)state;
  int warnings = 0;
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_setwarnf(L, note_warning, &warnings);
  number_of(L, "early = setmetatable({}, { __gc = function() local ok, message = pcall(function() return moth.ones(3) + late end) "
               "assert(not ok and message:find 'moth is closed') end }) return 0");
  luaL_requiref(L, "moth", luaopen_moth, 1);
  number_of(L, "late = moth.ones(3) return 0");
  lua_close(L);
  assert_int_equal(warnings, 0);
}

/* ---- Allocations that fail ---- */

static int exercise(lua_State *L) {
  luaL_openlibs(L);
  luaL_requiref(L, "moth", luaopen_moth, 1);
  lua_settop(L, 0);
  if (moth_lua_file(L, MOTH_SOURCE "/spec/bindings/exercise.lua", 0) != LUA_OK) return lua_error(L);
  return 0;
}

static long run_exercise(long failing, bool *right) {
  allocations a = { 0, failing };
  lua_State *L = lua_newstate(allocate, &a);
  *right = false;
  if (L == NULL) return a.count;
  lua_pushcfunction(L, exercise);
  *right = lua_pcall(L, 0, 0, 0) == LUA_OK;
  if (!*right && failing == 0) fail_msg("%s", lua_tostring(L, -1));
  if (!*right) assert_non_null(strstr(luaL_tolstring(L, -1, NULL), "memory"));
  lua_close(L);
  return a.count;
}

static void test_every_allocation_of_lua_may_fail(void **state) {
  (void)state;
  bool right;
  long count = run_exercise(0, &right);
  assert_true(right);
  for (long k = 1; k <= count; k++) run_exercise(k, &right);
  run_exercise(0, &right);
  assert_true(right);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_states_have_contexts_of_their_own), cmocka_unit_test(test_require_twice_gives_the_same_module),
    cmocka_unit_test(test_a_host_shares_its_context),         cmocka_unit_test(test_a_context_that_counts_from_0_is_refused),
    cmocka_unit_test(test_a_trainer_outlives_its_state),      cmocka_unit_test(test_finalizers_after_ours_find_moth_closed),
    cmocka_unit_test(test_every_allocation_of_lua_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
