/* index.c: t[i], t[i] = v, t(2, 3), t({2, 4}, {}, -1), t[mask], t[ids] on both sides of =, and the names of methods and properties. Rows
 * count from 1; the border rule: t[#t + 1] reads as nil, so that ipairs works, and any other place outside raises. */
#include "binding.h"

#include <string.h>

/* "index 0: rows of f32[150,4] are 1..150 or -150..-1" */
static int fail_index(lua_State *L, int key, const moth_tensor *t, int axis) {
  int64_t n = moth_tensor_shape(t)[axis];
  const char *text = handle_describe(L, 1);
  lua_pushvalue(L, key);
  const char *index = lua_tostring(L, -1);
  if (axis == 0) lua_pushfstring(L, "index %s: rows of %s", index, text);
  else if (moth_tensor_rank(t) == 2) lua_pushfstring(L, "index %s: columns of %s", index, text);
  else lua_pushfstring(L, "index %s: places along axis %d of %s", index, axis + 1, text);
  if (n == 0) return errors_fail(L, "%s: there are none", lua_tostring(L, -1));
  return errors_fail(L, "%s are 1..%I or -%I..-1", lua_tostring(L, -1), (LUAI_UACINT)n, (LUAI_UACINT)n);
}

/* The position that the number at `key` names along an axis; -1 for the border where that is allowed. */
static int64_t position(lua_State *L, const moth_tensor *t, int key, int axis, bool border) {
  int whole;
  int64_t i = lua_tointegerx(L, key, &whole), n = moth_tensor_shape(t)[axis];
  if (!whole) options_whole(L, key, "index", NULL);
  if (i >= 1 && i <= n) return i - 1;
  if (i < 0 && i >= -n) return i + n;
  if (border && i == n + 1) return -1;
  return fail_index(L, key, t, axis);
}

static const char *element_at(const moth_tensor *t, int64_t i) {
  return (const char *)moth_tensor_values(t) + i * moth_tensor_strides(t)[0] * (int64_t)moth_dtype_size(moth_tensor_dtype(t));
}

/* A view's userdata, on the stack before the engine is asked. */
static handle *view(lua_State *L, module *M) { return handle_new(L, M, MOTH_TENSOR_OBJECT, 0); }

static moth_tensor *push_row(lua_State *L, module *M, moth_tensor *t, int axis, int64_t i) {
  handle *h = view(L, M);
  moth_tensor *row = NULL;
  errors_check(L, M, moth_tensor_select(M->m, t, axis, i, &row));
  return h->object = row;
}

static int index_number(lua_State *L, module *M, moth_tensor *t) {
  if (moth_tensor_rank(t) == 0) return errors_fail(L, "index: %s has no rows; t:item() is its value", handle_describe(L, 1));
  int64_t i = position(L, t, 2, 0, true);
  if (i < 0) lua_pushnil(L);
  else if (moth_tensor_rank(t) == 1) tensor_push_element(L, moth_tensor_dtype(t), element_at(t, i));
  else push_row(L, M, t, 0, i);
  return 1;
}

/* t[mask], t[ids] */
static int index_tensor(lua_State *L, module *M, moth_tensor *t, moth_tensor *ids) {
  moth_value inputs[2] = { operation_value(t), operation_value(ids) };
  if (moth_tensor_dtype(ids) == MOTH_BOOL) {
    operation_apply_as(L, M, "index", "mask_select", false, inputs, 2, NULL);
    return 1;
  }
  const moth_option options[] = { MOTH_INT("axis", 0), MOTH_END };
  operation_apply_as(L, M, "index", "index", false, inputs, 2, options);
  return 1;
}

/* The nearest of a tensor's methods (the upvalue) and properties. */
static const char *nearest_name(lua_State *L, const char *name) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, lua_upvalueindex(2));) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  static const char *const properties[] = { "shape", "dtype", "rank" };
  for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) lua_pushboolean(L, true), lua_setfield(L, -2, properties[i]);
  return errors_nearest_key(L, -1, name);
}

static int property(lua_State *L, const moth_tensor *t, const char *name) {
  if (strcmp(name, "shape") == 0) {
    int rank = moth_tensor_rank(t);
    lua_createtable(L, rank, 0);
    for (int i = 0; i < rank; i++) {
      lua_pushinteger(L, moth_tensor_shape(t)[i]);
      lua_rawseti(L, -2, i + 1);
    }
  } else if (strcmp(name, "dtype") == 0) {
    lua_pushstring(L, moth_dtype_name(moth_tensor_dtype(t)));
  } else if (strcmp(name, "rank") == 0) {
    lua_pushinteger(L, moth_tensor_rank(t));
  } else {
    const char *text = handle_describe(L, 1), *hint = foreign_hint(L, module_here(L), name, true);
    if (hint != NULL) return errors_fail(L, "%s has no '%s'; %s", text, name, hint);
    const char *nearest = nearest_name(L, name);
    if (nearest == NULL) return errors_fail(L, "%s has no '%s'", text, name);
    return errors_fail(L, "%s has no '%s'; did you mean '%s'?", text, name, nearest);
  }
  return 1;
}

static int fail_key(lua_State *L) {
  const char *got = handle_describe(L, 2);
  const char *hint = lua_istable(L, 2) ? "; t({ 2, 4 }, 1) takes ranges" : "";
  return errors_fail(L, "index: a tensor is indexed by a number, or a tensor of positions or booleans, got %s%s", got, hint);
}

static int read_index(lua_State *L) {
  module *M = module_here(L);
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
    return property(L, handle_self(L, M, MOTH_TENSOR_OBJECT, lua_tostring(L, 2)), lua_tostring(L, 2));
  }
  moth_tensor *t = handle_self(L, M, MOTH_TENSOR_OBJECT, "index"), *ids = handle_tensor(L, 2);
  if (lua_type(L, 2) == LUA_TNUMBER) return index_number(L, M, t);
  if (ids != NULL && moth_tensor_rank(t) == 0) return errors_fail(L, "index: %s has no rows; t:item() is its value", handle_describe(L, 1));
  return ids != NULL ? index_tensor(L, M, t, ids) : fail_key(L);
}

/* ---- Writing ---- */

static moth_value value_of(lua_State *L, module *M, int index, moth_dtype dtype, const char *where) {
  switch (lua_type(L, index)) {
  case LUA_TBOOLEAN: return (moth_value){ .kind = MOTH_FLAG_VALUE, .as.flag = lua_toboolean(L, index) };
  case LUA_TNUMBER:
    if (lua_isinteger(L, index)) return (moth_value){ .kind = MOTH_INT_VALUE, .as.integer = lua_tointeger(L, index) };
    return (moth_value){ .kind = MOTH_REAL_VALUE, .as.real = lua_tonumber(L, index) };
  case LUA_TTABLE: return operation_value(tensor_argument(L, M, index, dtype, where, "the value"));
  default:
    if (handle_tensor(L, index) == NULL) {
      const char *got = handle_describe(L, index);
      errors_fail(L, "%s: the value must be a number, a tensor or a table, got %s", where, got);
    }
    return operation_value(tensor_argument(L, M, index, dtype, where, "the value"));
  }
}

void index_write(lua_State *L, module *M, moth_tensor *t, int index, const char *where) {
  moth_value inputs[2] = { operation_value(t), value_of(L, M, index, moth_tensor_dtype(t), where) };
  moth_option options[] = { MOTH_END, MOTH_END };
  switch (inputs[1].kind) {
  case MOTH_TENSOR_VALUE:
    operation_apply_as(L, M, where, "copy_", true, inputs, 2, NULL);
    return;
  case MOTH_FLAG_VALUE: options[0] = (moth_option)MOTH_FLAG("value", inputs[1].as.flag); break;
  case MOTH_INT_VALUE: options[0] = (moth_option)MOTH_INT("value", inputs[1].as.integer); break;
  default: options[0] = (moth_option)MOTH_REAL("value", inputs[1].as.real);
  }
  operation_apply_as(L, M, where, "fill_", true, inputs, 1, options);
}

static void write_element(lua_State *L, module *M, moth_tensor *t, int64_t i) {
  moth_status status;
  if (lua_isboolean(L, 3)) status = moth_tensor_set_int(M->m, t, &i, lua_toboolean(L, 3));
  else if (lua_isinteger(L, 3)) status = moth_tensor_set_int(M->m, t, &i, lua_tointeger(L, 3));
  else status = moth_tensor_set(M->m, t, &i, lua_tonumber(L, 3));
  if (status != MOTH_OK) errors_raise_as(L, M, status, "set", "index");
}

/* t[mask] = v, t[ids] = v */
static void write_places(lua_State *L, module *M, moth_tensor *t, moth_tensor *places) {
  moth_value inputs[3] = { operation_value(t), operation_value(places), value_of(L, M, 3, moth_tensor_dtype(t), "index") };
  const moth_option rows[] = { MOTH_INT("axis", 0), MOTH_END };
  if (moth_tensor_dtype(places) == MOTH_BOOL) operation_apply_as(L, M, "index", "masked_put_", true, inputs, 3, NULL);
  else operation_apply_as(L, M, "index", "index_put_", true, inputs, 3, rows);
}

/* t.name = v: nothing of a tensor is set by name. */
static int fail_field(lua_State *L) {
  static const struct { const char *name, *hint; } known[] = {
    { "shape", "; t:reshape(...) gives the same elements in another shape" }, { "dtype", "; t:to(dtype) converts a copy" },
    { "rank", "; t:reshape(...) gives the same elements in another shape" },
  };
  const char *text = handle_describe(L, 1), *name = lua_tostring(L, 2), *hint = NULL;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].name, name) == 0) hint = known[i].hint;
  }
  if (hint != NULL) return errors_fail(L, "%s: '%s' cannot be set%s", text, name, hint);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return errors_fail(L, "%s: '%s' is a method and cannot be set", text, name);
  const char *nearest = nearest_name(L, name);
  if (nearest != NULL) return errors_fail(L, "%s has no '%s'; did you mean '%s'?", text, name, nearest);
  return errors_fail(L, "%s has no '%s'; values go to t[i], other things into a table of their own", text, name);
}

static int write_index(lua_State *L) {
  module *M = module_here(L);
  moth_tensor *t = handle_self(L, M, MOTH_TENSOR_OBJECT, "index"), *places = handle_tensor(L, 2);
  if (lua_type(L, 2) == LUA_TSTRING) return fail_field(L);
  if (places == NULL && lua_type(L, 2) != LUA_TNUMBER) return fail_key(L);
  if (moth_tensor_rank(t) == 0) return errors_fail(L, "index: %s has no rows; t:fill_(v) sets its value", handle_describe(L, 1));
  if (places != NULL) {
    write_places(L, M, t, places);
    return 0;
  }
  int64_t i = position(L, t, 2, 0, false);
  bool scalar = lua_type(L, 3) == LUA_TNUMBER || lua_isboolean(L, 3);
  if (moth_tensor_rank(t) == 1 && scalar) write_element(L, M, t, i);
  else index_write(L, M, push_row(L, M, t, 0, i), 3, "index");
  return 0;
}

/* ---- t(2, {1, 3}, {}) ---- */

/* Reads {from, to, step}: entry n of the table at `range`, or the fallback. */
static int64_t bound(lua_State *L, int range, int n, int64_t fallback) {
  int64_t value = fallback;
  if (lua_rawgeti(L, range, n) != LUA_TNIL) value = options_whole(L, -1, "index", NULL);
  lua_pop(L, 1);
  return value;
}

/* A range has at most three entries, and nothing by name. */
static void check_range(lua_State *L, int range) {
  lua_Unsigned entries = lua_rawlen(L, range);
  if (entries > 3) {
    const char *hint = "t[ids], with a tensor of positions, picks rows";
    errors_fail(L, "index: a range is { from, to, step }, got %I entries; %s", (LUAI_UACINT)entries, hint);
  }
  for (lua_pushnil(L); lua_next(L, range); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) errors_fail(L, "index: a range is { from, to, step }, without names");
  }
}

static int fail_range(lua_State *L, const moth_tensor *t, int axis, int64_t place) {
  lua_pushinteger(L, place);
  return fail_index(L, lua_gettop(L), t, axis);
}

/* A range along an axis of `from`, whose axis number in t is `told`. */
static moth_tensor *push_range(lua_State *L, module *M, moth_tensor *from, int axis, int range, const moth_tensor *t, int told) {
  check_range(L, range);
  int64_t n = moth_tensor_shape(from)[axis], step = bound(L, range, 3, 1);
  if (step == 0) errors_fail(L, "index: a range's step must not be 0");
  if (step > n + 1) step = n + 1;
  if (step < -n - 1) step = -n - 1;
  int64_t first = bound(L, range, 1, step > 0 ? 1 : n), last = bound(L, range, 2, step > 0 ? n : 1);
  int64_t a = first < 0 ? first + n + 1 : first, z = last < 0 ? last + n + 1 : last;
  if (a < 0 || a > n + 1) fail_range(L, t, told, first);
  if (z < 0 || z > n + 1) fail_range(L, t, told, last);
  int64_t count = step > 0 ? (z >= a ? (z - a) / step + 1 : 0) : (z <= a ? (a - z) / -step + 1 : 0);
  if (count > 0 && (a == 0 || a == n + 1)) fail_range(L, t, told, first);
  if (count > 0 && (z == 0 || z == n + 1)) fail_range(L, t, told, last);
  handle *h = view(L, M);
  moth_tensor *out = NULL;
  errors_check(L, M, moth_tensor_slice(M->m, from, axis, count > 0 ? a - 1 : 0, count, step, &out));
  return h->object = out;
}

/* t(2, 3): a number for every axis is an element. */
static bool push_element(lua_State *L, const moth_tensor *t) {
  int rank = moth_tensor_rank(t);
  if (lua_gettop(L) - 1 != rank || rank == 0) return false;
  int64_t offset = 0;
  for (int i = 0; i < rank; i++) {
    if (lua_type(L, i + 2) != LUA_TNUMBER) return false;
    offset += position(L, t, i + 2, i, false) * moth_tensor_strides(t)[i];
  }
  moth_dtype dtype = moth_tensor_dtype(t);
  tensor_push_element(L, dtype, (const char *)moth_tensor_values(t) + offset * (int64_t)moth_dtype_size(dtype));
  return true;
}

static int index_by_call(lua_State *L) {
  module *M = module_here(L);
  moth_tensor *t = handle_self(L, M, MOTH_TENSOR_OBJECT, "index"), *at = t;
  int given = lua_gettop(L) - 1, rank = moth_tensor_rank(t), axis = 0;
  if (push_element(L, t)) return 1;
  if (given == 2 && lua_isnil(L, 2) && lua_isnil(L, 3)) { /* as Lua's `for` calls what should be an iterator */
    return errors_fail(L, "index: a loop over %s asks for its rows: for i, row in t:rows() do", handle_describe(L, 1));
  }
  if (given > rank) {
    const char *axes = rank == 1 ? "axis" : "axes", *indices = given == 1 ? "index" : "indices";
    return errors_fail(L, "index: %s has %d %s, got %d %s", handle_describe(L, 1), rank, axes, given, indices);
  }
  luaL_checkstack(L, given + 10, NULL);
  for (int i = 0; i < given; i++) {
    int argument = i + 2;
    if (lua_type(L, argument) == LUA_TNUMBER) {
      at = push_row(L, M, at, axis, position(L, t, argument, i, false));
    } else if (lua_type(L, argument) == LUA_TTABLE) {
      at = push_range(L, M, at, axis++, argument, t, i);
    } else {
      const char *got = handle_describe(L, argument);
      return errors_fail(L, "index: axis %d takes a number or a range { from, to, step }, got %s", i + 1, got);
    }
  }
  if (given == 0) lua_pushvalue(L, 1);
  return 1;
}

void index_open(lua_State *L, module *M) {
  static const luaL_Reg functions[] = { { "__index", read_index }, { "__newindex", write_index }, { "__call", index_by_call } };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    lua_pushlightuserdata(L, M);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, functions[i].func, 2);
    lua_setfield(L, -3, functions[i].name);
  }
}
