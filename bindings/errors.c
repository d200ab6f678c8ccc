/* errors.c: how failures reach the script: where it stood, what the engine says, and the nearest right name. */
#include "binding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* User values of the module's userdata, beside those of trace.c. */
enum { SLOT_ERROR = 1 };

static bool is_ours(const lua_Debug *frame) { return *frame->what == 'C' || strcmp(frame->source, "=[moth]") == 0; }
/* What was typed has no place worth telling: "=(prompt 3)". */
static bool is_prompt(const lua_Debug *frame) { return strncmp(frame->source, "=(prompt", 8) == 0; }

/* The first frame of a script's. */
static bool caller(lua_State *L, lua_Debug *frame) {
  for (int level = 0; lua_getstack(L, level, frame); level++) {
    lua_getinfo(L, "Sl", frame);
    if (!is_ours(frame)) return frame->currentline > 0;
  }
  return false;
}

void errors_where(lua_State *L) {
  lua_Debug frame;
  if (caller(L, &frame) && !is_prompt(&frame)) lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
  else lua_pushliteral(L, "");
}

const char *errors_origin(lua_State *L) {
  lua_Debug frame;
  return caller(L, &frame) && !is_prompt(&frame) ? lua_pushfstring(L, "%s:%d", frame.short_src, frame.currentline) : NULL;
}

int errors_fail(lua_State *L, const char *format, ...) {
  va_list arguments;
  errors_where(L);
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 2);
  return lua_error(L);
}

int errors_raise(lua_State *L, module *M, moth_status status) {
  if (status == MOTH_CALLBACK && M->failed) {
    M->failed = false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, M);
    lua_getiuservalue(L, -1, SLOT_ERROR);
    lua_pushnil(L);
    lua_setiuservalue(L, -3, SLOT_ERROR);
    return lua_error(L);
  }
  M->cancelled = status == MOTH_CANCELLED;
  return errors_fail(L, "%s", moth_message(M->m));
}

int errors_raise_as(lua_State *L, module *M, moth_status status, const char *from, const char *where) {
  const char *message = moth_message(M->m);
  size_t length = strlen(from);
  if (where == NULL || strncmp(message, from, length) != 0 || message[length] != ':') return errors_raise(L, M, status);
  message += length + 2;
  M->cancelled = status == MOTH_CANCELLED;
  if (strncmp(message, "index ", 6) == 0) return errors_fail(L, "%s", message); /* tells its place itself */
  return errors_fail(L, "%s: %s", where, message);
}

/* The length of the operation's name that a message begins with, in place or not; 0 where it begins with none. */
static size_t operation_length(const module *M, const char *message) {
  char name[64];
  size_t length = strcspn(message, ":");
  if (length == 0 || length >= sizeof name || message[length] == 0) return 0;
  memcpy(name, message, length);
  name[length] = 0;
  if (name[length - 1] == '_' && moth_operation_find(M->m, name) == NULL) name[length - 1] = 0;
  return moth_operation_find(M->m, name) != NULL ? length : 0;
}

void errors_call_as(lua_State *L, module *M, const char *where, int count, int results) {
  int base = lua_gettop(L) - count;
  luaL_checkstack(L, 4, NULL);
  lua_pushcfunction(L, errors_handler);
  lua_insert(L, base);
  if (lua_pcall(L, count, results, base) == LUA_OK) return lua_remove(L, base);
  const char *message = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  errors_where(L);
  size_t place = lua_rawlen(L, -1), length = 0;
  if (strncmp(message, lua_tostring(L, -1), place) == 0) length = operation_length(M, message + place);
  if (length > 0) lua_pushfstring(L, "%s%s%s", lua_tostring(L, -1), where, message + place + length);
  else lua_pop(L, 1);
  lua_error(L);
}

/* ---- Nearest names ---- */

enum { LONGEST = 40 };

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Edit distance with neighbours swapped as one edit, whatever the case; 3 for more than 2, or more than half of the letters. */
static int distance(const char *a, const char *b) {
  size_t n = strlen(a), k = strlen(b);
  if (n > LONGEST || k > LONGEST || n > k + 2 || k > n + 2) return 3;
  int rows[3][LONGEST + 1];
  for (size_t j = 0; j <= k; j++) rows[0][j] = (int)j;
  for (size_t i = 1; i <= n; i++) {
    int *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
    row[0] = (int)i;
    for (size_t j = 1; j <= k; j++) {
      int least = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
      if (above[j] + 1 < least) least = above[j] + 1;
      if (row[j - 1] + 1 < least) least = row[j - 1] + 1;
      bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped && second[j - 2] + 1 < least) least = second[j - 2] + 1;
      row[j] = least;
    }
  }
  int found = rows[n % 3][k];
  return found <= 2 && 2 * (size_t)found <= n ? found : 3;
}

const char *errors_nearest(const char *name, errors_names names, const void *list) {
  const char *best = NULL, *at;
  int least = 3;
  for (int i = 0; (at = names(list, i)) != NULL; i++) {
    int d = distance(name, at);
    if (d < least || (d == least && d < 3 && strcmp(at, best) < 0)) least = d, best = at;
  }
  return best;
}

const char *errors_nearest_key(lua_State *L, int table, const char *name) {
  int least = 3;
  table = lua_absindex(L, table);
  lua_pushnil(L);
  int best = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    int d = distance(name, lua_tostring(L, -2));
    if (d < least || (d == least && d < 3 && strcmp(lua_tostring(L, -2), lua_tostring(L, best)) < 0)) {
      least = d;
      lua_pushvalue(L, -2);
      lua_replace(L, best);
    }
  }
  return lua_tostring(L, best);
}
