/* trace.c: tracebacks: the frames of an error are gathered where it is raised and told when somebody asks: scripts' frames alone, each with
 * its line of source (lua/prompt/trace.lua writes them). */
#include "binding.h"

#include <string.h>

/* User values of the module's userdata, beside those of errors.c. */
enum { SLOT_TRACED = 2, SLOT_TRACE };

enum { FIRST = 30, LAST = 15 }; /* levels kept of a deep stack */

static void set_text(lua_State *L, const char *name, const char *text) {
  if (text == NULL) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

/* Pushes "train" for moth.train, or nothing. */
static bool push_public_name(lua_State *L, module *M, int function) {
  module_table(L, M);
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (!lua_rawequal(L, -1, function) || lua_type(L, -2) != LUA_TSTRING) continue;
    lua_pop(L, 1);
    lua_remove(L, -2);
    return true;
  }
  lua_pop(L, 1);
  return false;
}

/* A function of the engine's: "moth.train", "net:train"; and which of a script's functions it calls, and in which epoch: the body of a
 * callback keeps the event as its first value. The function is at the top, the frame's table below it. */
static void describe_engine(lua_State *L, module *M, lua_Debug *frame) {
  int function = lua_gettop(L), table = function - 1;
  const char *callback = callback_name(lua_tocfunction(L, function));
  if (lua_getlocal(L, frame, 1) != NULL) {
    const handle *h = handle_at(L, -1);
    bool is_event = lua_type(L, -1) == LUA_TTABLE && lua_getmetatable(L, -1) != 0;
    if (is_event) {
      bool epoch = luaL_getmetatable(L, "moth.on_epoch") == LUA_TTABLE && lua_rawequal(L, -1, -2);
      bool batch = luaL_getmetatable(L, "moth.on_batch") == LUA_TTABLE && lua_rawequal(L, -1, -3);
      lua_pop(L, 3);
      if (epoch || batch) {
        callback = epoch ? "on_epoch" : "on_batch";
        lua_getfield(L, -1, "epoch");
        lua_setfield(L, table, "epoch");
      }
    }
    lua_pop(L, 1);
    if (h != NULL && frame->name != NULL) {
      lua_pushfstring(L, "%s:%s", handle_kind_name(h->kind), frame->name);
      lua_setfield(L, table, "engine");
    }
  }
  lua_settop(L, function);
  if (lua_getupvalue(L, function, 1) != NULL && lua_touserdata(L, -1) == M && push_public_name(L, M, function)) {
    lua_pushfstring(L, "moth.%s", lua_tostring(L, -1));
    lua_setfield(L, table, "engine");
  }
  lua_settop(L, function);
  lua_pushstring(L, callback);
  lua_setfield(L, table, "callback");
}

static void push_frame(lua_State *L, module *M, lua_Debug *frame) {
  lua_createtable(L, 0, 8);
  lua_getinfo(L, "Slntf", frame);
  if (*frame->what == 'C') describe_engine(L, M, frame);
  lua_pop(L, 1);
  set_text(L, "what", frame->what);
  set_text(L, "place", frame->short_src);
  set_text(L, "source", frame->source);
  set_text(L, "name", frame->name);
  set_text(L, "kind", frame->namewhat);
  lua_pushinteger(L, frame->currentline);
  lua_setfield(L, -2, "line");
  lua_pushinteger(L, frame->linedefined);
  lua_setfield(L, -2, "defined");
}

/* The number of levels: doubling, then halving. */
static int depth_of(lua_State *L) {
  lua_Debug frame;
  int low = 1, high = 1;
  while (lua_getstack(L, high, &frame)) low = high, high *= 2;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (lua_getstack(L, middle, &frame)) low = middle + 1;
    else high = middle;
  }
  return low;
}

static void push_frames(lua_State *L, module *M) {
  lua_Debug frame;
  int depth = depth_of(L), count = 0;
  luaL_checkstack(L, 16, NULL);
  lua_newtable(L);
  for (int level = 1; level < depth && lua_getstack(L, level, &frame); level++) {
    if (level == FIRST && depth > FIRST + LAST + 1) {
      lua_createtable(L, 0, 1);
      lua_pushinteger(L, depth - FIRST - LAST);
      lua_setfield(L, -2, "more");
      level = depth - LAST - 1;
    } else {
      push_frame(L, M, &frame);
    }
    lua_rawseti(L, -2, ++count);
  }
}

/* A comparison's error does not say what was compared: the helper reads it off the line. Replaces the message at index 1. */
static void name_operand(lua_State *L) {
  const char *message = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
  lua_Debug frame;
  if (strstr(message, ": attempt to compare ") == NULL || strchr(message, '\n') != NULL) return;
  if (!lua_getstack(L, 1, &frame) || !lua_getinfo(L, "Sl", &frame) || frame.currentline <= 0) return;
  int top = lua_gettop(L);
  helpers_push(L, "name_operand");
  lua_pushvalue(L, 1);
  lua_pushstring(L, frame.source);
  lua_pushinteger(L, frame.currentline);
  if (lua_pcall(L, 3, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING) lua_replace(L, 1);
  lua_settop(L, top);
}

/* Pushes a table with the names of the frame's variables that are not nil. */
static void push_variables(lua_State *L, lua_Debug *frame) {
  const char *name;
  lua_newtable(L);
  for (int i = 1; (name = lua_getlocal(L, frame, i)) != NULL; i++) {
    if (!lua_isnil(L, -1) && *name != '(') lua_pushboolean(L, true), lua_setfield(L, -3, name);
    lua_pop(L, 1);
  }
  lua_getinfo(L, "f", frame);
  for (int i = 1; (name = lua_getupvalue(L, -1, i)) != NULL; i++) {
    if (!lua_isnil(L, -1)) lua_pushboolean(L, true), lua_setfield(L, -4, name);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* A global that is nil is mostly a slip: the helper knows what it can have meant. Replaces the message at index 1. */
static void name_global(lua_State *L) {
  const char *message = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "";
  lua_Debug frame;
  if (strstr(message, " a nil value (global '") == NULL || strchr(message, '\n') != NULL || !lua_getstack(L, 1, &frame)) return;
  int top = lua_gettop(L);
  helpers_push(L, "name_global");
  lua_pushvalue(L, 1);
  push_variables(L, &frame);
  if (lua_pcall(L, 2, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING) lua_replace(L, 1);
  lua_settop(L, top);
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), most = strlen(end);
  return length >= most && strcmp(text + length - most, end) == 0;
}

/* t:shape(): a tensor's properties are called as if they were methods. Replaces the message at index 1. */
static void name_property(lua_State *L) {
  static const struct { const char *told, *hint; } known[] = {
    { ": attempt to call a table value (%s 'shape')", "t.shape, t.shape[1]" },
    { ": attempt to call a string value (%s 'dtype')", "t.dtype" },
    { ": attempt to call a number value (%s 'rank')", "t.rank" },
  };
  if (lua_type(L, 1) != LUA_TSTRING) return;
  for (size_t i = 0; i < 2 * sizeof known / sizeof *known; i++) {
    const char *told = lua_pushfstring(L, known[i / 2].told, i % 2 == 0 ? "method" : "field");
    bool is_this = ends_with(lua_tostring(L, 1), told);
    lua_pop(L, 1);
    if (!is_this) continue;
    lua_pushfstring(L, "%s; it is a field: %s", lua_tostring(L, 1), known[i / 2].hint);
    lua_replace(L, 1);
    return;
  }
}

int errors_handler(lua_State *L) {
  module *M = module_of(L);
  if (M == NULL) return 1;
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, M);
  lua_getiuservalue(L, 2, SLOT_TRACED);
  if (!lua_isnil(L, -1) && lua_rawequal(L, -1, 1)) return lua_settop(L, 1), 1; /* taken where it was raised */
  name_operand(L);
  name_global(L);
  name_property(L);
  push_frames(L, M);
  lua_pushvalue(L, 1);
  lua_setfield(L, -2, "message");
  lua_setiuservalue(L, 2, SLOT_TRACE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, 2, SLOT_TRACED);
  lua_settop(L, 1);
  return 1;
}

static int write_frames(lua_State *L) {
  helpers_push(L, "trace_text");
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

void errors_trace(lua_State *L) {
  module *M = module_of(L);
  luaL_checkstack(L, 8, NULL);
  if (M == NULL || lua_rawgetp(L, LUA_REGISTRYINDEX, M) != LUA_TUSERDATA) {
    lua_pushliteral(L, "");
    return;
  }
  int block = lua_gettop(L);
  lua_pushcfunction(L, write_frames);
  bool has_frames = lua_getiuservalue(L, block, SLOT_TRACE) == LUA_TTABLE;
  for (int slot = SLOT_TRACED; slot <= SLOT_TRACE; slot++) lua_pushnil(L), lua_setiuservalue(L, block, slot);
  if (!has_frames || lua_pcall(L, 1, 1, 0) != LUA_OK || lua_type(L, -1) != LUA_TSTRING) lua_pushliteral(L, "");
  lua_replace(L, block);
  lua_settop(L, block);
}
