/* The prompt over a host's own callbacks: what is read and written, its status, two at once, and every allocation of Lua's failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocations.h"
#include "moth_lua.h"

enum { ROOM = 1 << 16 };

/* A host that has its lines ready and keeps what it is told. Lines are separated by '|'; "^C" is an interrupt. */
typedef struct host {
  const char *lines;
  char line[1024];
  char marks[1024], output[ROOM], errors[ROOM], remembered[ROOM];
  int reads;
} host;

static void append(char *to, size_t size, const char *text, size_t length) {
  size_t used = strlen(to);
  if (used + length + 1 > size) length = size - used - 1;
  memcpy(to + used, text, length);
  to[used + length] = 0;
}

static int read_line(void *data, const char *mark, const char **text, size_t *length) {
  host *h = data;
  h->reads++;
  append(h->marks, sizeof h->marks, mark, strlen(mark));
  if (*h->lines == 0) return 0;
  size_t size = strcspn(h->lines, "|");
  snprintf(h->line, sizeof h->line, "%.*s", (int)size, h->lines);
  h->lines += size + (h->lines[size] == '|');
  if (strcmp(h->line, "^C") == 0) return -1;
  *text = h->line;
  *length = strlen(h->line);
  return 1;
}

static void write_output(void *data, const char *text, size_t length) { append(((host *)data)->output, ROOM, text, length); }
static void write_errors(void *data, const char *text, size_t length) { append(((host *)data)->errors, ROOM, text, length); }
static void remember(void *data, const char *text, size_t length) {
  append(((host *)data)->remembered, ROOM, text, length);
  append(((host *)data)->remembered, ROOM, "|", 1);
}

static moth_lua_terminal terminal_of(host *h, const char *lines) {
  memset(h, 0, sizeof *h);
  h->lines = lines;
  return (moth_lua_terminal){ .size = sizeof(moth_lua_terminal), .data = h, .read = read_line, .write = write_output,
                              .write_error = write_errors, .remember = remember, .interactive = true };
}

static lua_State *new_state(void) {
  lua_State *L = luaL_newstate();
  assert_non_null(L);
  luaL_openlibs(L);
  return L;
}

/* What the prompt wrote after its banner. */
static const char *output_of(const host *h) {
  const char *end = strchr(h->output, '\n');
  return end != NULL ? end + 1 : "";
}

static void test_values_errors_and_marks(void **state) {
  (void)state;
  host h;
  lua_State *L = new_state();
  moth_lua_terminal terminal = terminal_of(&h, "x = moth.ones(2)|x|for i = 1, 2 do|x:add_(i)|end|x:sum();|_|nothing.here|1,|^C|local y|y");
  assert_int_equal(moth_lua_prompt(L, &terminal), 0);
  assert_int_equal(lua_gettop(L), 0);
  assert_string_equal(output_of(&h), "f32[2]   1   1\n8.0\nnil\n");
  assert_string_equal(h.errors, "error: attempt to index a nil value (global 'nothing')\n");
  assert_string_equal(h.marks, "moth> moth> moth>    >>    >> moth> moth> moth> moth>    >> moth> moth> moth> ");
  assert_string_equal(h.remembered, "x = moth.ones(2)|x|for i = 1, 2 do\nx:add_(i)\nend|x:sum();|_|nothing.here|local y|y|");
  assert_int_equal(strncmp(h.output, "Moth 0.1", 8), 0);
  assert_non_null(strstr(h.output, "Ctrl-D leaves\n"));
  assert_true(strchr(h.output, '\n') - h.output <= 80); /* one line, whatever the libraries' names */
  lua_close(L);
}

static void test_without_a_person_it_ends_at_the_first_error(void **state) {
  (void)state;
  host h;
  lua_State *L = new_state();
  moth_lua_terminal terminal = terminal_of(&h, "1|error 'x'|2");
  terminal.interactive = false;
  assert_int_equal(moth_lua_prompt(L, &terminal), 1);
  assert_string_equal(h.output, "1\n");
  assert_string_equal(h.errors, "error: x\n");
  terminal = terminal_of(&h, "for");
  terminal.interactive = false;
  assert_int_equal(moth_lua_prompt(L, &terminal), 1);
  assert_string_equal(h.errors, "error: <name> expected near <eof>\n");
  lua_close(L);
}

static void test_a_terminal_of_the_barest_kind(void **state) {
  (void)state;
  host h;
  lua_State *L = new_state();
  moth_lua_terminal terminal = terminal_of(&h, "1|x.y|:quit|2");
  terminal.write_error = NULL;
  terminal.remember = NULL;
  terminal.size = offsetof(moth_lua_terminal, unicode); /* of a host built before the rest was there */
  assert_int_equal(moth_lua_prompt(L, &terminal), 0);
  assert_string_equal(output_of(&h), "1\nerror: attempt to index a nil value (global 'x')\n");
  lua_close(L);
}

/* ---- Several prompts ---- */

static int run_inner(lua_State *L) {
  lua_pushinteger(L, moth_lua_prompt(L, lua_touserdata(L, lua_upvalueindex(1))));
  return 1;
}

static void test_a_prompt_in_a_prompt_is_refused(void **state) {
  (void)state;
  host outer, inner;
  lua_State *L = new_state();
  moth_lua_terminal first = terminal_of(&outer, "local x = 1|inner()|x"), second = terminal_of(&inner, "2");
  lua_pushlightuserdata(L, &second);
  lua_pushcclosure(L, run_inner, 1);
  lua_setglobal(L, "inner");
  assert_int_equal(moth_lua_prompt(L, &first), 0);
  assert_string_equal(output_of(&outer), "1\n1\n");
  assert_string_equal(inner.errors, "error: a prompt is running in this state already\n");
  first = terminal_of(&outer, "x");
  assert_int_equal(moth_lua_prompt(L, &first), 0);
  assert_string_equal(output_of(&outer), "nil\n");
  lua_close(L);
}

/* The other state's prompt runs while this one's does. */
static int run_other(lua_State *L) {
  lua_State *other = lua_touserdata(L, lua_upvalueindex(1));
  lua_pushinteger(L, moth_lua_prompt(other, lua_touserdata(L, lua_upvalueindex(2))));
  return 1;
}

static void test_two_states_have_sessions_of_their_own(void **state) {
  (void)state;
  host a, b;
  lua_State *one = new_state(), *other = new_state();
  moth_lua_terminal first = terminal_of(&a, "local x <const> = 1|:set trace full|inner()|x|x = 2|moth.show 'a'"),
                    second = terminal_of(&b, "local x = 5|x|moth.show 'b'|:set trace");
  lua_pushlightuserdata(one, other);
  lua_pushlightuserdata(one, &second);
  lua_pushcclosure(one, run_other, 2);
  lua_setglobal(one, "inner");
  assert_int_equal(moth_lua_prompt(one, &first), 0);
  assert_string_equal(output_of(&a), "0\n1\na\n");
  assert_string_equal(output_of(&b), "5\nb\n  trace   short\n");
  assert_non_null(strstr(a.errors, "attempt to assign to const variable 'x'"));
  lua_close(other);
  lua_close(one);
}

static void test_closing_variables_close_with_the_session(void **state) {
  (void)state;
  host h;
  lua_State *L = new_state();
  moth_lua_terminal terminal = terminal_of(
    &h, "closed = {}|local function guard(n) return setmetatable({}, { __close = function() closed[#closed + 1] = n end }) end|"
        "local a <close> = guard(1)|local b <close> = guard(2)|a = guard(3)|:quit");
  assert_int_equal(moth_lua_prompt(L, &terminal), 0);
  assert_string_equal(h.errors, "");
  assert_int_equal(luaL_dostring(L, "return table.concat(closed, ' ')"), LUA_OK);
  assert_string_equal(lua_tostring(L, -1), "1 3 2");
  lua_close(L);
}

/* ---- Allocations that fail ---- */

typedef struct trial { host h; moth_lua_terminal terminal; allocations *a; long failing; } trial;

static int play(lua_State *L) {
  trial *t = lua_touserdata(L, 1);
  luaL_openlibs(L);
  luaL_requiref(L, "moth", luaopen_moth, 1);
  t->a->count = 0;
  t->a->failing = t->failing;
  moth_lua_prompt(L, &t->terminal);
  return 0;
}

static const char session[] = "x = moth.ones(2, 2)|x|local a <const>, b = 1, { 1, k = 'v' }|b|function f(e) return e.a.b < 1 end|f{}|"
                              "for i = 1, 2 do|"
                              "b[i] = i|end|:who|:set digits 3|:hist|:sett|y y|local c <close> = nil|moth.nothing|:reset|'the end'";

static long play_session(long failing) {
  static trial t;
  allocations a = { 0, 0 };
  lua_State *L = lua_newstate(allocate, &a);
  assert_non_null(L);
  t.a = &a;
  t.failing = failing;
  t.terminal = terminal_of(&t.h, session);
  lua_pushcfunction(L, play);
  lua_pushlightuserdata(L, &t);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) assert_non_null(strstr(luaL_tolstring(L, -1, NULL), "memory"));
  else if (strstr(t.h.errors, "memory") == NULL && strstr(t.h.output, "the end") == NULL) {
    fail_msg("allocation %ld: %s%s", failing, t.h.output, t.h.errors);
  }
  long count = a.count;
  t.failing = 0; /* and the state is as good as before */
  lua_settop(L, 0);
  t.terminal = terminal_of(&t.h, "moth.ones(2):sum()");
  lua_pushcfunction(L, play);
  lua_pushlightuserdata(L, &t);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) fail_msg("%ld: %s", failing, lua_tostring(L, -1));
  assert_string_equal(t.h.errors, "");
  assert_string_equal(output_of(&t.h), "2.0\n");
  lua_close(L);
  return count;
}

static void test_every_allocation_of_lua_may_fail(void **state) {
  (void)state;
  long count = play_session(0);
  for (long k = 1; k <= count; k++) play_session(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_values_errors_and_marks),         cmocka_unit_test(test_without_a_person_it_ends_at_the_first_error),
    cmocka_unit_test(test_a_terminal_of_the_barest_kind),   cmocka_unit_test(test_a_prompt_in_a_prompt_is_refused),
    cmocka_unit_test(test_two_states_have_sessions_of_their_own), cmocka_unit_test(test_closing_variables_close_with_the_session),
    cmocka_unit_test(test_every_allocation_of_lua_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
