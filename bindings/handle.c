/* handle.c: engine objects as userdata. A block carries its own tag, so a changed metatable or a second __gc harms nothing; all objects
 * but tensors have one userdata each, found through a weak table. */
#include "binding.h"

#include <stdio.h>
#include <string.h>

const char *handle_kind_name(int kind) {
  switch (kind) {
  case MOTH_TENSOR_OBJECT: return "tensor";
  case MOTH_GENERATOR_OBJECT: return "generator";
  case MOTH_PART_OBJECT: return "component";
  case MOTH_NET_OBJECT: return "net";
  case MOTH_DATASET_OBJECT: return "data set";
  case MOTH_BATCHES_OBJECT: return "batch iterator";
  case MOTH_TRAINER_OBJECT: return "trainer";
  case MOTH_RUN_OBJECT: return "run";
  case HANDLE_LAYER: return "layer";
  default: return "handle";
  }
}

/* What a variable of the kind is called in hints. */
static const char *handle_variable(int kind) {
  switch (kind) {
  case MOTH_TENSOR_OBJECT: return "t";
  case MOTH_PART_OBJECT: return "optimizer";
  case MOTH_DATASET_OBJECT: return "data";
  case MOTH_BATCHES_OBJECT: return "batches";
  default: return handle_kind_name(kind);
  }
}

void handle_open(lua_State *L, module *M) {
  int *const weak[] = { &M->handles, &M->calls };
  for (int i = 0; i < 2; i++) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    *weak[i] = luaL_ref(L, LUA_REGISTRYINDEX);
  }
}

/* For kinds without fields of their own, or without any that can be set. */
static int refuse_read(lua_State *L) {
  const handle *h = handle_at(L, 1);
  const char *kind = handle_kind_name(h != NULL ? h->kind : 0);
  if (lua_type(L, 2) == LUA_TSTRING) return errors_fail(L, "a %s has no '%s'", kind, lua_tostring(L, 2));
  return errors_fail(L, "a %s is not indexed by %s", kind, handle_describe(L, 2));
}

static int refuse_write(lua_State *L) {
  const handle *h = handle_at(L, 1);
  return errors_fail(L, "a %s's fields cannot be set", handle_kind_name(h != NULL ? h->kind : 0));
}

static void add_where_absent(lua_State *L, module *M, const char *event, lua_CFunction function) {
  if (lua_getfield(L, -1, event) == LUA_TNIL) {
    lua_pushlightuserdata(L, M);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, -3, event);
  }
  lua_pop(L, 1);
}

void handle_metatable(lua_State *L, module *M, int kind) {
  const luaL_Reg common[] = { { "__gc", handle_collect }, { "__close", handle_close }, { NULL, NULL } };
  module_functions(L, M, common);
  add_where_absent(L, M, "__index", refuse_read);
  add_where_absent(L, M, "__newindex", refuse_write);
  lua_pushfstring(L, "moth.%s", handle_kind_name(kind));
  lua_setfield(L, -2, "__name");
  M->metatables[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static handle *new_block(lua_State *L, module *M, int kind, int user_values) {
  handle *h = lua_newuserdatauv(L, sizeof *h, user_values);
  *h = (handle){ .tag = HANDLE_TAG, .module = M, .kind = kind };
  if (M->scope != 0 && kind == MOTH_TENSOR_OBJECT) scope_note(L, M);
  return h;
}

handle *handle_new(lua_State *L, module *M, int kind, int user_values) {
  handle *h = new_block(L, M, kind, user_values);
  lua_rawgeti(L, LUA_REGISTRYINDEX, M->metatables[kind]);
  lua_setmetatable(L, -2);
  return h;
}

handle *handle_block(lua_State *L, module *M) { return new_block(L, M, MOTH_TENSOR_OBJECT, 0); }

void handle_fill(lua_State *L, int index, void *object) {
  handle *h = lua_touserdata(L, index);
  if (index < 0) index = lua_absindex(L, index);
  h->object = object;
  lua_rawgeti(L, LUA_REGISTRYINDEX, h->module->metatables[h->kind]);
  lua_setmetatable(L, index);
}

void handle_register(lua_State *L, int index) {
  const handle *h = lua_touserdata(L, index);
  index = lua_absindex(L, index);
  lua_rawgeti(L, LUA_REGISTRYINDEX, h->module->handles);
  lua_pushvalue(L, index);
  lua_rawsetp(L, -2, h->object);
  lua_pop(L, 1);
}

bool handle_push_known(lua_State *L, module *M, const void *object) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, M->handles);
  lua_rawgetp(L, -1, object);
  lua_remove(L, -2);
  const handle *h = handle_at(L, -1);
  if (h != NULL && h->object == object) return true;
  lua_pop(L, 1);
  return false;
}

static int user_values_of(int kind) {
  switch (kind) {
  case MOTH_TENSOR_OBJECT:
  case MOTH_GENERATOR_OBJECT: return 0;
  case MOTH_NET_OBJECT: return 2;
  default: return 1;
  }
}

void handle_push(lua_State *L, module *M, void *object, int kind) {
  if (kind != MOTH_TENSOR_OBJECT && handle_push_known(L, M, object)) return;
  handle *h = handle_new(L, M, kind, user_values_of(kind));
  h->object = moth_retain(object);
  if (kind == MOTH_TENSOR_OBJECT) handle_pressure(L, M);
  else handle_register(L, -1);
}

void *handle_object(lua_State *L, int index, int kind) {
  const handle *h = handle_at(L, index);
  return h != NULL && h->kind == kind ? h->object : NULL;
}

/* As in the C locale, whatever the host's: all but digits, signs and letters is the decimal point. */
static const char *describe_number(lua_State *L, int index) {
  char text[128]; /* longer than numbers are */
  lua_pushvalue(L, index); /* a copy: the argument stays a number */
  const char *local = lua_tostring(L, -1), *plain = "0123456789+-einfa";
  size_t before = strspn(local, plain), after = strcspn(local + before, plain);
  if (after == 0 || strlen(local) >= sizeof text) return local;
  snprintf(text, sizeof text, "%.*s.%s", (int)before, local, local + before + after);
  lua_pop(L, 1);
  return lua_pushstring(L, text);
}

const char *handle_describe(lua_State *L, int index) {
  char text[256];
  const handle *h = handle_at(L, index);
  if (h != NULL && h->object == NULL) return lua_pushfstring(L, "a closed %s", handle_kind_name(h->kind));
  if (h != NULL && h->kind == MOTH_TENSOR_OBJECT) {
    moth_tensor_text(h->object, text, sizeof text);
    return lua_pushstring(L, text);
  }
  if (h != NULL && h->kind == MOTH_PART_OBJECT) {
    moth_part_text(h->object, text, sizeof text);
    return lua_pushfstring(L, "%s %s", moth_part_kind_name(moth_part_kind_of(h->object)), text);
  }
  if (h != NULL) return lua_pushfstring(L, "a %s", handle_kind_name(h->kind));
  switch (lua_type(L, index)) {
  case LUA_TNONE: return lua_pushliteral(L, "nothing");
  case LUA_TNIL: return lua_pushliteral(L, "nil");
  case LUA_TBOOLEAN: return lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
  case LUA_TNUMBER:
    if (lua_tonumber(L, index) != lua_tonumber(L, index)) return lua_pushliteral(L, "nan");
    return describe_number(L, index);
  case LUA_TSTRING: return lua_pushfstring(L, "'%s'", lua_tostring(L, index));
  default: return lua_pushfstring(L, "a %s", luaL_typename(L, index));
  }
}

static int fail_closed(lua_State *L, const char *where, int kind) {
  return errors_fail(L, "%s: the %s is closed", where, handle_kind_name(kind));
}

/* The part of "predict(x)" before its arguments, pushed. */
static const char *method_name(lua_State *L, const char *method) {
  return lua_pushlstring(L, method, strcspn(method, "({"));
}

void *handle_self(lua_State *L, module *M, int kind, const char *method) {
  (void)M;
  const handle *h = handle_at(L, 1);
  if (h != NULL && h->kind == kind && h->object != NULL) return h->object;
  const char *got = handle_describe(L, 1), *name = method_name(L, method);
  if (h != NULL && h->kind == kind) return fail_closed(L, name, kind), NULL;
  const char *call = strpbrk(method, "({") == NULL ? "(...)" : "";
  errors_fail(L, "%s: argument 1 must be a %s, got %s; write %s:%s%s, with a colon", name, handle_kind_name(kind), got,
              handle_variable(kind), method, call);
  return NULL;
}

void *handle_argument(lua_State *L, module *M, int index, int kind, const char *where) {
  (void)M;
  const handle *h = handle_at(L, index);
  if (h != NULL && h->kind == kind && h->object != NULL) return h->object;
  if (h != NULL && h->kind == kind) return fail_closed(L, where, kind), NULL;
  const char *got = handle_describe(L, index);
  errors_fail(L, "%s: argument %d must be a %s, got %s", where, index, handle_kind_name(kind), got);
  return NULL;
}

/* The object, which then is the caller's to release; the handle is closed. */
static void *take_object(lua_State *L, handle *h) {
  void *object = h->object;
  if (h->kind != MOTH_TENSOR_OBJECT && h->kind != HANDLE_LAYER) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, h->module->handles);
    lua_rawgetp(L, -1, object);
    if (lua_rawequal(L, -1, 1)) {
      lua_pushnil(L);
      lua_rawsetp(L, -3, object);
    }
  }
  h->object = NULL;
  return object;
}

/* Lua runs finalizers wherever it allocates: between the look at an argument and the call that takes it, too. */
static bool is_in_finalizer(lua_State *L) { return lua_gc(L, LUA_GCISRUNNING) < 0; /* since Lua 5.4.4 */ }

int handle_close(lua_State *L) {
  handle *h = handle_at(L, 1);
  if (h == NULL || h->object == NULL) return 0;
  void *object = take_object(L, h);
  if (is_in_finalizer(L)) h->late = object;
  else moth_release(object);
  return 0;
}

int handle_collect(lua_State *L) {
  handle *h = handle_at(L, 1);
  if (h == NULL) return 0;
  if (h->object != NULL) moth_release(take_object(L, h));
  else if (h->late != NULL) moth_release(h->late);
  h->late = NULL;
  return 0;
}

/* ---- The collector: it sees a few bytes a tensor, so it is told of the rest ---- */

/* Steps are small, so that what temporaries leave is used again while it is in the cache. A full collection comes once the new bytes are as
 * many as there are, or so many that making them took far longer than going through Lua's heap does. */
enum { STEP_BYTES = 64 * 1024, FULL_BYTES = 8 * 1024 * 1024, LEAST_BYTES = 1024 * 1024, HEAP_SHARE = 32 };

static void collect(lua_State *L, module *M) {
  if (lua_gc(L, LUA_GCISRUNNING) != 1) return;
  uint64_t heap = (uint64_t)lua_gc(L, LUA_GCCOUNT) * 1024;
  uint64_t most = M->live + heap > FULL_BYTES ? M->live + heap : FULL_BYTES, cheap = HEAP_SHARE * heap;
  if (cheap < most) most = cheap > LEAST_BYTES ? cheap : LEAST_BYTES;
  uint64_t step = M->step;
  M->step = 0;
  if (M->debt <= most) {
    lua_gc(L, LUA_GCSTEP, step < ((uint64_t)1 << 40) ? (int)(step / 1024) : 1 << 30);
    M->seen = moth_memory_used(M->m);
    return;
  }
  M->debt = 0;
  lua_gc(L, LUA_GCCOLLECT);
  M->seen = M->live = moth_memory_used(M->m);
}

bool handle_make_room(lua_State *L, module *M, moth_status status) {
  if ((status != MOTH_LIMIT && status != MOTH_MEMORY) || lua_gc(L, LUA_GCISRUNNING) != 1) return false;
  uint64_t before = moth_memory_used(M->m);
  lua_gc(L, LUA_GCCOLLECT);
  M->debt = M->step = 0;
  M->seen = M->live = moth_memory_used(M->m);
  return M->seen < before;
}

void handle_count(module *M) {
  uint64_t used = moth_memory_used(M->m);
  if (used > M->seen) {
    M->debt += used - M->seen;
    M->step += used - M->seen;
  }
  M->seen = used;
}

/* What was closed meanwhile, or found by Lua's own collecting, is nothing to collect any more. */
static void count_freed(module *M) {
  uint64_t used = moth_memory_used(M->m);
  if (used >= M->seen) return;
  uint64_t freed = M->seen - used;
  M->step -= freed < M->step ? freed : M->step;
  M->debt -= freed < M->debt ? freed : M->debt;
  M->seen = used;
}

void handle_relieve(lua_State *L, module *M) {
  if (M->step < STEP_BYTES) return;
  count_freed(M);
  if (M->step >= STEP_BYTES) collect(L, M);
}

void handle_pressure(lua_State *L, module *M) {
  handle_count(M);
  handle_relieve(L, M);
}
