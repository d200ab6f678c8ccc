/* prompt.c: the prompt over a host's terminal. What it does with what is typed is written in Lua (lua/prompt/session.lua); here are its
 * terminal and its loop, which survives whatever a step raises, want of memory too. */
#define _GNU_SOURCE
#include "binding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char prompt_key; /* its address is a registry key: the prompt that runs in this state */

typedef struct prompt {
  const moth_lua_terminal *terminal; /* NULL once it has ended */
  long reads;
} prompt;

/* ---- The terminal, as the session sees it; each function's upvalue is the prompt ---- */

static prompt *prompt_here(lua_State *L) {
  prompt *p = lua_touserdata(L, lua_upvalueindex(1));
  if (p->terminal == NULL) luaL_error(L, "the prompt has ended");
  return p;
}

/* read(mark) → a text; false where it was dropped; nil at the end */
static int terminal_read(lua_State *L) {
  prompt *p = prompt_here(L);
  const char *text = NULL;
  size_t length = 0;
  p->reads++;
  int got = p->terminal->read(p->terminal->data, luaL_checkstring(L, 1), &text, &length);
  if (got > 0) lua_pushlstring(L, text, length);
  else if (got < 0) lua_pushboolean(L, false);
  else lua_pushnil(L);
  return 1;
}

static void write_error(const moth_lua_terminal *terminal, const char *text, size_t length) {
  if (terminal->write_error != NULL) terminal->write_error(terminal->data, text, length);
  else terminal->write(terminal->data, text, length);
}

static int terminal_write(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  const moth_lua_terminal *terminal = prompt_here(L)->terminal;
  terminal->write(terminal->data, text, length);
  return 0;
}

static int terminal_write_error(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  write_error(prompt_here(L)->terminal, text, length);
  return 0;
}

static int terminal_width(lua_State *L) {
  const moth_lua_terminal *terminal = prompt_here(L)->terminal;
  int width = terminal->width != NULL ? terminal->width(terminal->data) : 80;
  lua_pushinteger(L, width > 0 && width < 1 << 20 ? width : 80);
  return 1;
}

static int terminal_remember(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  const moth_lua_terminal *terminal = prompt_here(L)->terminal;
  if (terminal->remember != NULL) terminal->remember(terminal->data, text, length);
  return 0;
}

static void set_flag(lua_State *L, const char *name, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, name);
}

/* The prompt's userdata is at the index. */
static void push_terminal(lua_State *L, int index) {
  const luaL_Reg functions[] = {
    { "read", terminal_read }, { "write", terminal_write }, { "write_error", terminal_write_error }, { "width", terminal_width },
    { "remember", terminal_remember }, { NULL, NULL }
  };
  const prompt *p = lua_touserdata(L, index);
  lua_createtable(L, 0, 10);
  lua_pushvalue(L, index);
  luaL_setfuncs(L, functions, 1);
  set_flag(L, "interactive", p->terminal->interactive);
  set_flag(L, "colour", p->terminal->colour);
  set_flag(L, "unicode", p->terminal->unicode);
  set_flag(L, "live", p->terminal->live);
  lua_pushstring(L, p->terminal->start_file);
  lua_setfield(L, -2, "start_file");
}

/* ---- What else the session cannot do itself ---- */

static int clock_seconds(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (double)now.tv_sec + (double)now.tv_nsec * 1e-9);
  return 1;
}

static int trace(lua_State *L) {
  errors_trace(L);
  return 1;
}

static int cancelled(lua_State *L) {
  lua_pushboolean(L, moth_lua_cancelled(L));
  return 1;
}

/* OpenBLAS's version, told by the file that would be loaded, as it is not loaded yet: "libopenblasp-r0.3.21.so"; false where it is not
 * where libraries usually are. */
static bool blas_version(char *version, size_t size) {
  static const char *const folders[] = { "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64",
                                         "/usr/lib" };
  char path[64], *file = NULL;
  const char *elsewhere = getenv("LD_LIBRARY_PATH");
  if (elsewhere != NULL && *elsewhere != 0) return false;
  for (size_t i = 0; file == NULL && i < sizeof folders / sizeof *folders; i++) {
    snprintf(path, sizeof path, "%s/libopenblas.so.0", folders[i]);
    file = realpath(path, NULL);
  }
  const char *release = file != NULL ? strstr(file, "-r") : NULL;
  size_t length = release != NULL ? strspn(release + 2, "0123456789.") : 0;
  while (length > 0 && release[length + 1] == '.') length--;
  bool found = length > 0 && length < size;
  if (found) memcpy(version, release + 2, length), version[length] = 0;
  free(file);
  return found;
}

/* "Moth 0.1 (Lua 5.4.4, OpenBLAS 0.3.21, 2 threads)   ?name help   :help   Ctrl-D leaves" */
static void push_banner(lua_State *L, const moth *m) {
  char blas[32], libraries[64] = "";
  int threads = moth_threads(m);
  size_t length = strlen(MOTH_VERSION);
  if (length > 2 && strcmp(MOTH_VERSION + length - 2, ".0") == 0) length -= 2;
  if (blas_version(blas, sizeof blas)) snprintf(libraries, sizeof libraries, ", OpenBLAS %s", blas);
  lua_pushliteral(L, "Moth ");
  lua_pushlstring(L, MOTH_VERSION, length);
  lua_pushfstring(L, " (%s%s, %d thread%s)   ?name help   :help   Ctrl-D leaves", LUA_RELEASE, libraries, threads, threads == 1 ? "" : "s");
  lua_concat(L, 3);
}

static void push_machine(lua_State *L, const moth *m, bool has_banner) {
  const luaL_Reg functions[] = {
    { "handler", errors_handler }, { "trace", trace }, { "clock", clock_seconds }, { "cancelled", cancelled }, { NULL, NULL }
  };
  lua_createtable(L, 0, 5);
  luaL_setfuncs(L, functions, 0);
  if (!has_banner) return;
  push_banner(L, m);
  lua_setfield(L, -2, "banner");
}

/* ---- The loop ---- */

typedef struct job { const moth_lua_terminal *terminal; prompt *prompt; int status; } job;

static void tell(const moth_lua_terminal *terminal, const char *text) { write_error(terminal, text, strlen(text)); }

/* Pushes the prompt and the session's functions step and close. */
static void open_session(lua_State *L, job *j) {
  j->prompt = lua_newuserdatauv(L, sizeof *j->prompt, 0);
  *j->prompt = (prompt){ .terminal = NULL };
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &prompt_key);
  j->prompt->terminal = j->terminal;
  int at = lua_gettop(L);
  helpers_push(L, "open_session");
  push_terminal(L, at);
  push_machine(L, moth_lua_context(L), j->terminal->interactive);
  lua_call(L, 2, 2);
}

/* What a step raised: want of memory, or what stopped the session's own code. */
static void tell_raised(lua_State *L, const job *j) {
  const char *message = lua_tostring(L, -1);
  if (message == NULL) message = "an error that is no text";
  if (strcmp(message, "interrupted") != 0) tell(j->terminal, "error: ");
  tell(j->terminal, message);
  tell(j->terminal, "\n");
}

/* On the stack: the prompt, step, close. */
static int loop(lua_State *L, const job *j) {
  for (;;) {
    long reads = j->prompt->reads;
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    int status = lua_pcall(L, 0, 1, 0);
    if (status == LUA_OK && !lua_isnil(L, -1)) return (int)lua_tointeger(L, -1);
    if (status == LUA_OK) continue;
    if (status == LUA_ERRMEM && reads == j->prompt->reads) lua_error(L); /* not even enough to read a line */
    tell_raised(L, j);
    if (!j->terminal->interactive) return 1;
  }
}

enum { CLOSE_TRIES = 3 };

static int run(lua_State *L) {
  job *j = lua_touserdata(L, 1);
  lua_settop(L, 0);
  luaL_requiref(L, "moth", luaopen_moth, 1);
  lua_settop(L, 0);
  const prompt *running = lua_rawgetp(L, LUA_REGISTRYINDEX, &prompt_key) == LUA_TUSERDATA ? lua_touserdata(L, -1) : NULL;
  lua_settop(L, 0);
  if (running != NULL && running->terminal != NULL) {
    tell(j->terminal, "error: a prompt is running in this state already\n");
    j->status = 1;
    return 0;
  }
  open_session(L, j);
  j->status = loop(L, j);
  for (int i = 0; i < CLOSE_TRIES; i++) {
    lua_settop(L, 3);
    lua_pushvalue(L, 3);
    if (lua_pcall(L, 0, 0, 0) == LUA_OK) break;
  }
  return 0;
}

int moth_lua_prompt(lua_State *L, const moth_lua_terminal *terminal) {
  moth_lua_terminal whole = { .size = 0 };
  memcpy(&whole, terminal, terminal->size < sizeof whole ? terminal->size : sizeof whole);
  job j = { .terminal = &whole, .status = 1 };
  luaL_checkstack(L, 8, NULL);
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, &j);
  int status = lua_pcall(L, 1, 0, 0);
  if (j.prompt != NULL) {
    j.prompt->terminal = NULL;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &prompt_key);
  }
  if (status != LUA_OK) lua_error(L);
  return j.status;
}
