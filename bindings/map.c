/* map.c: Lua functions over elements and rows: t:map(f), t:apply_(f), t:rows(); and t:describe(), which is written in Lua. */
#include "binding.h"

#include <string.h>

static moth_tensor *self(lua_State *L, const char *method) { return handle_self(L, module_here(L), MOTH_TENSOR_OBJECT, method); }

/* The number or boolean at the top as an element of t, of which `at` counts rows of one. */
static void store(lua_State *L, module *M, moth_tensor *t, int64_t at, const char *where) {
  moth_status status;
  int64_t index[1] = { at };
  if (lua_isboolean(L, -1)) status = moth_tensor_set_int(M->m, t, index, lua_toboolean(L, -1));
  else if (lua_isinteger(L, -1)) status = moth_tensor_set_int(M->m, t, index, lua_tointeger(L, -1));
  else if (lua_type(L, -1) == LUA_TNUMBER) status = moth_tensor_set(M->m, t, index, lua_tonumber(L, -1));
  else {
    const char *got = handle_describe(L, -1);
    errors_fail(L, "%s: the function must return a number, got %s", where, got);
    return;
  }
  if (status != MOTH_OK) errors_raise_as(L, M, status, "set", where);
}

/* Pushes a copy of t whose elements went through the function at argument 2. The copy is flat meanwhile and nobody else's, so that an
 * error, or what the function does to t, changes nothing. */
static moth_tensor *push_mapped(lua_State *L, module *M, moth_tensor *t, const char *where) {
  if (!lua_isfunction(L, 2)) {
    const char *got = handle_describe(L, 2);
    errors_fail(L, "%s: takes a function, got %s", where, got);
  }
  moth_value input = operation_value(t);
  operation_apply(L, M, "clone", false, &input, 1, NULL);
  int at = lua_gettop(L);
  operation_apply(L, M, "flatten", false, &(moth_value){ .kind = MOTH_TENSOR_VALUE, .as.tensor = handle_tensor(L, at) }, 1, NULL);
  moth_tensor *flat = handle_tensor(L, at + 1);
  moth_dtype dtype = moth_tensor_dtype(flat);
  int64_t count = moth_tensor_count(flat);
  for (int64_t i = 0; i < count; i++) {
    lua_pushvalue(L, 2);
    tensor_push_element(L, dtype, (const char *)moth_tensor_values(flat) + i * (int64_t)moth_dtype_size(dtype));
    lua_call(L, 1, 1);
    store(L, M, flat, i, where);
    lua_pop(L, 1);
  }
  lua_settop(L, at);
  return handle_tensor(L, at);
}

/* t:map(f) → a new tensor of t's dtype */
static int map(lua_State *L) {
  module *M = module_here(L);
  push_mapped(L, M, self(L, "map(f)"), "map");
  return 1;
}

/* t:apply_(f) → t */
static int apply(lua_State *L) {
  module *M = module_here(L);
  moth_tensor *t = self(L, "apply_(f)");
  if (moth_tensor_is_read_only(t)) return errors_fail(L, "apply_: %s is read-only", handle_describe(L, 1));
  moth_tensor *mapped = push_mapped(L, M, t, "apply_");
  moth_value inputs[2] = { operation_value(self(L, "apply_(f)")), operation_value(mapped) }; /* f may have closed it */
  operation_apply_as(L, M, "apply_", "copy_", true, inputs, 2, NULL);
  lua_settop(L, 1);
  return 1;
}

/* ---- for i, row in t:rows() do ---- */

static int next_row(lua_State *L) {
  module *M = module_here(L);
  moth_tensor *t = self(L, "rows()");
  lua_Integer i = lua_tointeger(L, 2);
  if (i < 0 || moth_tensor_rank(t) == 0 || i >= moth_tensor_shape(t)[0]) return lua_pushnil(L), 1;
  lua_pushinteger(L, i + 1);
  if (moth_tensor_rank(t) == 1) {
    moth_dtype dtype = moth_tensor_dtype(t);
    tensor_push_element(L, dtype,
                        (const char *)moth_tensor_values(t) + i * moth_tensor_strides(t)[0] * (int64_t)moth_dtype_size(dtype));
    return 2;
  }
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *row = NULL;
  errors_check(L, M, moth_tensor_select(M->m, t, 0, i, &row));
  h->object = row;
  return 2;
}

static int rows(lua_State *L) {
  module *M = module_here(L);
  const moth_tensor *t = self(L, "rows()");
  if (moth_tensor_rank(t) == 0) return errors_fail(L, "rows: %s has no rows", handle_describe(L, 1));
  lua_pushlightuserdata(L, M);
  lua_pushcclosure(L, next_row, 1);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

static int describe(lua_State *L) {
  module *M = module_here(L);
  moth_tensor *t = self(L, "describe()");
  helpers_push(L, "describe");
  handle_push(L, M, t, MOTH_TENSOR_OBJECT); /* of our own metatable, whatever the argument's is */
  errors_call_as(L, M, "describe", 1, 1);
  return 1;
}

void map_open(lua_State *L, module *M) {
  const luaL_Reg methods[] = { { "map", map }, { "apply_", apply }, { "rows", rows }, { "describe", describe }, { NULL, NULL } };
  module_functions(L, M, methods);
}
