/* callbacks.c: functions of the script that the engine holds. The engine's data is a small counted block; the function itself lives in
 * the user values of the userdata that needs it and is found through a weak table, so that nothing is pinned. */
#include "binding.h"

#include <math.h>
#include <stdlib.h>

struct script_call { int references; module_link *link; };

enum { SLOT_ERROR = 1 }; /* of the module's userdata, as in errors.c */

/* The table's own share in a call: released with it. */
static int guard_close(lua_State *L) {
  script_call **guard = lua_touserdata(L, 1);
  if (guard != NULL && *guard != NULL) callback_release(*guard), *guard = NULL;
  return 0;
}

script_call *callback_new(lua_State *L, module *M, int function, int keep) {
  function = lua_absindex(L, function);
  keep = lua_absindex(L, keep);
  script_call **guard = lua_newuserdatauv(L, sizeof *guard, 0);
  *guard = NULL;
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, guard_close);
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  script_call *call = malloc(sizeof *call);
  if (call == NULL) luaL_error(L, "not enough memory");
  *call = (script_call){ .references = 1, .link = M->link };
  M->link->references++;
  *guard = call;
  lua_rawseti(L, keep, (lua_Integer)lua_rawlen(L, keep) + 1);
  lua_pushvalue(L, function);
  lua_rawseti(L, keep, (lua_Integer)lua_rawlen(L, keep) + 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, M->calls);
  lua_pushvalue(L, function);
  lua_rawsetp(L, -2, call);
  lua_pop(L, 1);
  return call;
}

void callback_retain(script_call *call) { call->references++; }

void callback_release(void *data) {
  script_call *call = data;
  if (--call->references > 0) return;
  module_link *link = call->link;
  free(call);
  module_unlink(link);
}

moth_status callback_run(script_call *call, lua_CFunction body, void *arguments) {
  module *M = call->link->M;
  lua_State *L = M != NULL ? M->L : NULL;
  if (L == NULL || !lua_checkstack(L, 8)) return MOTH_CALLBACK;
  lua_pushcfunction(L, errors_handler);
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, arguments);
  lua_rawgeti(L, LUA_REGISTRYINDEX, M->calls);
  lua_rawgetp(L, -1, call);
  lua_remove(L, -2);
  int scope = M->scope;
  M->scope = 0; /* what the engine's callbacks make outlives the scope that they happen to run in */
  bool raised = lua_pcall(L, 2, 0, -4) != LUA_OK;
  M->scope = scope;
  if (raised) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, M);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, SLOT_ERROR);
    M->failed = true;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return raised ? MOTH_CALLBACK : MOTH_OK;
}

/* ---- function(shape, inputs, outputs) → the values of a parameter ---- */

typedef struct initialize_arguments { moth_tensor *values; int64_t inputs, outputs; } initialize_arguments;

static int initialize_body(lua_State *L) {
  const initialize_arguments *a = lua_touserdata(L, 1);
  module *M = module_of(L);
  int rank = moth_tensor_rank(a->values);
  lua_createtable(L, rank, 0);
  for (int i = 0; i < rank; i++) {
    lua_pushinteger(L, moth_tensor_shape(a->values)[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushinteger(L, a->inputs);
  lua_pushinteger(L, a->outputs);
  lua_call(L, 3, 1);
  if (lua_type(L, -1) == LUA_TNUMBER) {
    index_write(L, M, a->values, lua_gettop(L), "init");
    return 0;
  }
  moth_tensor *made = tensor_argument(L, M, lua_gettop(L), MOTH_F64, "init", "what the function returned");
  int made_rank = moth_tensor_rank(made);
  bool same = made_rank == rank;
  for (int i = 0; same && i < rank; i++) same = moth_tensor_shape(made)[i] == moth_tensor_shape(a->values)[i];
  if (!same) {
    handle_push(L, M, a->values, MOTH_TENSOR_OBJECT);
    const char *want = handle_describe(L, -1), *got = handle_describe(L, -3);
    return errors_fail(L, "init: the function must return %s, got %s", want, got);
  }
  moth_value inputs[2] = { operation_value(a->values), operation_value(made) };
  operation_apply(L, M, "copy_", true, inputs, 2, NULL);
  return 0;
}

static moth_status initialize(void *data, moth_tensor *values, int64_t inputs, int64_t outputs) {
  initialize_arguments a = { values, inputs, outputs };
  return callback_run(data, initialize_body, &a);
}

/* ---- function(epoch, base) → the rate ---- */

typedef struct schedule_arguments { int64_t epoch; double base, lr; } schedule_arguments;

static int schedule_body(lua_State *L) {
  schedule_arguments *a = lua_touserdata(L, 1);
  lua_pushinteger(L, a->epoch);
  lua_pushnumber(L, a->base);
  lua_call(L, 2, 1);
  if (lua_type(L, -1) != LUA_TNUMBER) return errors_fail(L, "schedule: the function must return a number, got %s", handle_describe(L, -1));
  a->lr = lua_tonumber(L, -1);
  if (isnan(a->lr)) a->lr = NAN; /* 0/0 has a sign, which messages would tell */
  return 0;
}

static moth_status schedule(void *data, int64_t epoch, double base, double *lr) {
  schedule_arguments a = { epoch, base, base };
  moth_status status = callback_run(data, schedule_body, &a);
  if (status == MOTH_OK) *lr = a.lr;
  return status;
}

/* ---- function(p, t) → a number ---- */

typedef struct metric_arguments { const moth_tensor *p, *t; double value; } metric_arguments;

static int metric_body(lua_State *L) {
  metric_arguments *a = lua_touserdata(L, 1);
  module *M = module_of(L);
  handle_push(L, M, (void *)a->p, MOTH_TENSOR_OBJECT);
  handle_push(L, M, (void *)a->t, MOTH_TENSOR_OBJECT);
  lua_call(L, 2, 1);
  if (lua_type(L, -1) != LUA_TNUMBER) return errors_fail(L, "metrics: the function must return a number, got %s", handle_describe(L, -1));
  a->value = lua_tonumber(L, -1);
  return 0;
}

static moth_status metric(void *data, const moth_tensor *p, const moth_tensor *t, double *value) {
  metric_arguments a = { p, t, 0 };
  moth_status status = callback_run(data, metric_body, &a);
  if (status == MOTH_OK) *value = a.value;
  return status;
}

const char *callback_name(lua_CFunction body) {
  return body == initialize_body ? "init" : body == schedule_body ? "schedule" : body == metric_body ? "metric" : NULL;
}

void (*callback_function(moth_call_kind kind))(void) {
  switch (kind) {
  case MOTH_INITIALIZE_CALL: return (void (*)(void))initialize;
  case MOTH_SCHEDULE_CALL: return (void (*)(void))schedule;
  case MOTH_METRIC_CALL: return (void (*)(void))metric;
  default: return (void (*)(void))schedule; /* never called: the engine refuses the option */
  }
}
