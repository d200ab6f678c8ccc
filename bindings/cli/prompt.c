/* prompt.c: the plain prompt: prints the values of expressions, goes on after errors, takes statements over several lines. Where the input
 * is no terminal it prints no prompt and ends with status 1 at the first error. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

typedef struct prompt { lua_State *L; bool interactive; moth_lua_terminal terminal; } prompt;

typedef enum reading { READ, READ_END, READ_INTERRUPTED } reading;

/* Pushes the next line without its end. */
static reading read_line(const prompt *p, const char *mark) {
  const char *text;
  size_t length;
  int got = p->terminal.read(p->terminal.data, mark, &text, &length);
  if (got > 0) lua_pushlstring(p->L, text, length);
  return got > 0 ? READ : got == 0 ? READ_END : READ_INTERRUPTED;
}

/* Whether loading failed for want of more lines. */
static bool is_incomplete(lua_State *L, int status) {
  static const char mark[] = "<eof>";
  size_t length;
  if (status != LUA_ERRSYNTAX) return false;
  const char *message = lua_tolstring(L, -1, &length);
  return length >= sizeof mark - 1 && strcmp(message + length - (sizeof mark - 1), mark) == 0;
}

static int load(lua_State *L, const char *text, size_t size) { return luaL_loadbufferx(L, text, size, "=(prompt)", "t"); }

/* Replaces the text at index 1 by the function of the expression or statement that begins with it, reading on where it needs more lines.
 * An interrupt in the midst of them drops them all: LUA_YIELD, which loading never gives. */
static int compile(const prompt *p) {
  lua_State *L = p->L;
  lua_pushfstring(L, "return %s", lua_tostring(L, 1));
  int status = load(L, lua_tostring(L, -1), lua_rawlen(L, -1));
  lua_remove(L, -2);
  if (status == LUA_OK) return lua_remove(L, 1), LUA_OK;
  lua_pop(L, 1);
  for (;;) {
    status = load(L, lua_tostring(L, 1), lua_rawlen(L, 1));
    if (!is_incomplete(L, status)) break;
    reading next = read_line(p, "   >> ");
    if (next == READ_INTERRUPTED) return LUA_YIELD;
    if (next == READ_END) break;
    lua_pushliteral(L, "\n");
    lua_insert(L, -2);
    lua_remove(L, -3); /* the message */
    lua_concat(L, 3);
  }
  lua_remove(L, 1);
  return status;
}

static int handle(lua_State *L) { return moth_lua_handler(L); }

/* Shows all values on the stack. */
static int show(lua_State *L) {
  int count = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "moth");
  lua_getfield(L, -1, "show");
  lua_insert(L, 1);
  lua_settop(L, count + 1);
  lua_call(L, count, 0);
  return 0;
}

/* Whether a message begins with a place: "file.lua:12: ". */
static bool has_place(const char *message) {
  size_t line = strcspn(message, "\n");
  for (const char *at = message; (at = memchr(at, ':', line - (size_t)(at - message))) != NULL; at++) {
    size_t digits = strspn(at + 1, "0123456789");
    if (digits > 0 && strncmp(at + 1 + digits, ": ", 2) == 0) return true;
  }
  return false;
}

/* What was typed here has no place worth telling: "(prompt):1: attempt …" → "error: attempt …" */
static void tell_as_error(lua_State *L) {
  const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  if (message == NULL) return;
  const char *end = strncmp(message, "(prompt):", 9) == 0 ? strstr(message + 9, ": ") : NULL;
  if (end == NULL && has_place(message)) return;
  lua_pushfstring(L, "error: %s", end != NULL ? end + 2 : message);
  lua_remove(L, -2);
}

static bool run(const prompt *p) {
  lua_State *L = p->L;
  int status = compile(p);
  if (status == LUA_YIELD) {
    lua_settop(L, 0);
    return true;
  }
  if (status == LUA_OK) {
    lua_pushcfunction(L, handle);
    lua_insert(L, 1);
    status = lua_pcall(L, 0, LUA_MULTRET, 1);
    lua_remove(L, 1);
  }
  if (status == LUA_OK && lua_gettop(L) > 0) {
    lua_pushcfunction(L, show);
    lua_insert(L, 1);
    status = lua_pcall(L, lua_gettop(L) - 1, 0, 0);
  }
  if (status != LUA_OK) {
    tell_as_error(L);
    command_report(L);
  }
  lua_settop(L, 0);
  return status == LUA_OK;
}

int command_prompt(lua_State *L, terminal *t) {
  prompt p = { L, t->interactive, terminal_functions(t) };
  if (p.interactive) printf("Moth %s (%s, %d threads)   Ctrl-D leaves\n", MOTH_VERSION, LUA_RELEASE, moth_threads(moth_lua_context(L)));
  for (reading next; (next = read_line(&p, "moth> ")) != READ_END;) {
    bool right = true;
    if (next != READ_INTERRUPTED) {
      const char *text = lua_tostring(L, -1);
      p.terminal.remember(p.terminal.data, text, lua_rawlen(L, -1));
      right = run(&p);
    }
    if (!right && !p.interactive) return 1;
  }
  return 0;
}
