/* interrupts.c: what SIGINT stops. The engine polls its cancel flag; Lua code is stopped by a hook, in whatever coroutine it runs. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

enum { EVERYTHING = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, GRACE = 1000, PATIENCE_MS = 20 };

/* A signal handler has nothing to go by but these. */
static lua_State *volatile main_state;
static lua_State *volatile running_state;  /* the coroutine that runs, or main_state */
static moth *volatile context;
static volatile sig_atomic_t interrupts;   /* since the last look */
static volatile sig_atomic_t at_prompt;
static volatile sig_atomic_t raised;       /* "interrupted" was raised at the prompt's statement */
static struct timespec since;              /* the first of them */

static int milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int)((now.tv_sec - since.tv_sec) * 1000 + (now.tv_nsec - since.tv_nsec) / 1000000);
}

static void unhook(lua_State *L) {
  lua_sethook(L, NULL, 0, 0);
  if (L != main_state) lua_sethook(main_state, NULL, 0, 0);
}

static bool is_moths(lua_State *L, lua_Debug *frame) { return lua_getinfo(L, "S", frame) != 0 && strcmp(frame->source, "=[moth]") == 0; }

/* Whether code of the user's is running: neither the prompt's own, nor Moth's on the user's behalf. */
static bool is_users(lua_State *L, bool *anywhere) {
  lua_Debug frame;
  bool ours = false;
  *anywhere = false;
  for (int level = 0; lua_getstack(L, level, &frame) && !*anywhere; level++) {
    bool moths = is_moths(L, &frame);
    if (level == 0) ours = moths;
    *anywhere = !moths && *frame.what != 'C';
  }
  return *anywhere && !ours;
}

static void on_hook(lua_State *L, lua_Debug *event) {
  bool anywhere;
  (void)event;
  if (interrupts == 0) return unhook(L);
  if (!is_users(L, &anywhere)) {
    if (anywhere) return;
    unhook(L); /* back at the prompt */
    moth_cancel_taken(context);
    return;
  }
  if (moth_lua_running(L) && milliseconds() < PATIENCE_MS) return; /* the trainer takes it between two batches */
  bool pending = moth_cancel_taken(context), cancelled = moth_lua_cancelled(L);
  if (!pending && !cancelled && !raised) return unhook(L); /* a training took it and has ended: what called it goes on */
  if (!at_prompt) unhook(L);
  else lua_sethook(L, on_hook, LUA_MASKCOUNT, raised ? 1 : GRACE); /* time to clean up, then nothing catches it */
  raised = at_prompt;
  lua_pushliteral(L, "interrupted");
  lua_error(L);
}

static void hook(lua_State *L) { lua_sethook(L, on_hook, EVERYTHING, 1); }

static void on_interrupt(int signal_number) {
  static const char warning[] = "\nstill running; Ctrl-C once more ends moth, and what the session holds is lost\n";
  (void)signal_number;
  interrupts++;
  if (interrupts > (at_prompt ? 2 : 1)) _exit(130);
  if (interrupts == 1) clock_gettime(CLOCK_MONOTONIC, &since);
  size_t shown = !at_prompt ? 0 : interrupts == 1 ? 1 : sizeof warning - 1; /* after the terminal's ^C */
  if (shown > 0 && write(2, warning, shown) < 0) _exit(130);
  moth_cancel(context);
  hook(main_state);
  if (running_state != main_state) hook(running_state);
}

void interrupts_catch(lua_State *L, bool prompt) {
  main_state = running_state = L;
  context = moth_lua_context(L);
  at_prompt = prompt;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_interrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

bool interrupts_taken(lua_State *L) {
  bool was = interrupts > 0;
  interrupts = raised = 0;
  if (was) {
    unhook(L);
    moth_cancel_taken(context);
  }
  return was;
}

/* ---- Coroutines: as lcorolib.c has them, and known here while they run ---- */

static int resume(lua_State *L, lua_State *thread, int count) {
  lua_State *before = running_state;
  int results;
  if (!lua_checkstack(thread, count)) return lua_pushliteral(L, "too many arguments to resume"), -1;
  lua_xmove(L, thread, count);
  running_state = thread;
  if (interrupts > 0 && lua_gethook(L) == on_hook) hook(thread);
  int status = lua_resume(thread, L, count, &results);
  running_state = before;
  if (interrupts > 0 && lua_gethook(thread) == on_hook) {
    hook(L);
    if (status == LUA_YIELD) lua_sethook(thread, NULL, 0, 0);
  }
  if (status != LUA_OK && status != LUA_YIELD) return lua_xmove(thread, L, 1), -1;
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(thread, results);
    return lua_pushliteral(L, "too many results to resume"), -1;
  }
  lua_xmove(thread, L, results);
  return results;
}

static int coroutine_resume(lua_State *L) {
  lua_State *thread = lua_tothread(L, 1);
  luaL_argexpected(L, thread != NULL, 1, "coroutine");
  int results = resume(L, thread, lua_gettop(L) - 1);
  lua_pushboolean(L, results >= 0);
  lua_insert(L, results < 0 ? -2 : -(results + 1));
  return results < 0 ? 2 : results + 1;
}

static int call_wrapped(lua_State *L) {
  lua_State *thread = lua_tothread(L, lua_upvalueindex(1));
  int results = resume(L, thread, lua_gettop(L));
  if (results >= 0) return results;
  int status = lua_status(thread);
  if (status != LUA_OK && status != LUA_YIELD) { /* an error in it: its variables are closed */
    status = lua_resetthread(thread);
    lua_xmove(thread, L, 1);
  }
  bool is_interrupt = interrupts > 0 && lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "interrupted") == 0;
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING && !is_interrupt) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int coroutine_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *thread = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, thread, 1);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

void interrupts_follow_coroutines(lua_State *L) {
  const luaL_Reg functions[] = { { "resume", coroutine_resume }, { "wrap", coroutine_wrap }, { NULL, NULL } };
  lua_getglobal(L, "coroutine");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
