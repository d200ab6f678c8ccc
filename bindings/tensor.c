/* tensor.c: tensors and Lua values: nested tables, elements, what a tensor tells of itself. What tensors can do is in operation.c. */
#include "binding.h"

#include <string.h>

static moth_tensor *self(lua_State *L, const char *method) {
  moth_tensor *t = handle_tensor(L, 1);
  return t != NULL ? t : handle_self(L, module_here(L), MOTH_TENSOR_OBJECT, method);
}

void tensor_push_element(lua_State *L, moth_dtype dtype, const void *at) {
  switch (dtype) {
  case MOTH_F32: lua_pushnumber(L, (lua_Number)*(const float *)at); break;
  case MOTH_F64: lua_pushnumber(L, *(const double *)at); break;
  case MOTH_I64: lua_pushinteger(L, *(const int64_t *)at); break;
  case MOTH_U8: lua_pushinteger(L, *(const uint8_t *)at); break;
  default: lua_pushboolean(L, *(const uint8_t *)at != 0);
  }
}

/* ---- From tables ---- */

typedef struct table_reader {
  const char *where;
  moth_dtype dtype;
  int rank;
  int64_t shape[MOTH_MAX_RANK];
  char *next;                   /* where the next element goes */
} table_reader;

/* Sizes from the first entries all the way down. */
static void read_shape(lua_State *L, table_reader *r, int index) {
  int top = lua_gettop(L);
  r->rank = 0;
  lua_pushvalue(L, index);
  while (lua_type(L, -1) == LUA_TTABLE) {
    if (r->rank == MOTH_MAX_RANK) errors_fail(L, "%s: tables are nested deeper than %d", r->where, MOTH_MAX_RANK);
    int64_t n = options_length(L, -1, r->where);
    r->shape[r->rank++] = n;
    if (n == 0) break;
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
  }
  lua_settop(L, top);
}

static int fail_entry(lua_State *L, const table_reader *r, int index) {
  index = lua_absindex(L, index);
  const char *got = handle_describe(L, index);
  const char *hint = handle_tensor(L, index) != NULL ? "; moth.stack joins tensors" : "";
  return errors_fail(L, "%s: an entry must be a number, got %s%s", r->where, got, hint);
}

/* A whole number beyond i64: options_whole would not tell it from a fraction. */
static void check_size(lua_State *L, const table_reader *r, int index) {
  double value = lua_tonumber(L, index);
  if (value >= -0x1p63 && value < 0x1p63) return;
  if (value != value || value - value != 0) return; /* nan and infinity are no whole numbers */
  const char *got = handle_describe(L, lua_absindex(L, index)), *range = r->dtype == MOTH_I64 ? "i64" : "u8: 0..255";
  errors_fail(L, "%s: %s is out of range for %s", r->where, got, range);
}

static void store_integer(lua_State *L, const table_reader *r, int index) {
  if (lua_type(L, index) == LUA_TNUMBER && !lua_isinteger(L, index)) check_size(L, r, index);
  int64_t n = lua_isboolean(L, index) ? lua_toboolean(L, index) : options_whole(L, index, r->where, NULL);
  if (r->dtype == MOTH_I64) *(int64_t *)(void *)r->next = n;
  else if (n >= 0 && n <= 255) *(uint8_t *)r->next = (uint8_t)n;
  else errors_fail(L, "%s: %I is out of range for u8: 0..255", r->where, (LUAI_UACINT)n);
}

static void store(lua_State *L, table_reader *r, int index) {
  int type = lua_type(L, index);
  if (type != LUA_TNUMBER && type != LUA_TBOOLEAN) fail_entry(L, r, index);
  double value = type == LUA_TBOOLEAN ? lua_toboolean(L, index) : lua_tonumber(L, index);
  switch (r->dtype) {
  case MOTH_F32: *(float *)(void *)r->next = (float)value; break;
  case MOTH_F64: *(double *)(void *)r->next = value; break;
  case MOTH_BOOL: *(uint8_t *)r->next = value != 0; break;
  default: store_integer(L, r, index);
  }
  r->next += moth_dtype_size(r->dtype);
}

static void read_table(lua_State *L, table_reader *r, int table, int depth) {
  int64_t n = options_length(L, table, r->where);
  if (n != r->shape[depth]) {
    errors_fail(L, "%s: a table of %I stands beside one of %I; tables must be rectangular", r->where, (LUAI_UACINT)n,
                (LUAI_UACINT)r->shape[depth]);
  }
  luaL_checkstack(L, 4, NULL);
  for (int64_t i = 1; i <= n; i++) {
    bool is_table = lua_rawgeti(L, table, i) == LUA_TTABLE;
    if (is_table != (depth + 1 < r->rank)) {
      if (!is_table && lua_type(L, -1) != LUA_TNUMBER && lua_type(L, -1) != LUA_TBOOLEAN) fail_entry(L, r, -1);
      errors_fail(L, "%s: a number stands beside a table; tables must be rectangular", r->where);
    }
    if (is_table) read_table(L, r, lua_gettop(L), depth + 1);
    else store(L, r, -1);
    lua_pop(L, 1);
  }
}

/* Whether all entries down a table whose shape is read are booleans; what is not rectangular is no matter yet. */
static bool holds_booleans(lua_State *L, const table_reader *r, int table, int depth) {
  if (depth == r->rank) return lua_isboolean(L, table);
  if (lua_type(L, table) != LUA_TTABLE) return false;
  luaL_checkstack(L, 4, NULL);
  bool all = r->shape[depth] > 0;
  for (int64_t i = 1; all && i <= r->shape[depth]; i++) {
    lua_rawgeti(L, table, i);
    all = holds_booleans(L, r, lua_gettop(L), depth + 1);
    lua_pop(L, 1);
  }
  return all;
}

/* `chosen`: the dtype was asked for. Otherwise booleans alone make bool. */
static moth_tensor *read_tensor(lua_State *L, module *M, int index, moth_dtype dtype, bool chosen, const char *where) {
  table_reader r = { .where = where };
  index = lua_absindex(L, index);
  read_shape(L, &r, index);
  r.dtype = !chosen && holds_booleans(L, &r, index, 0) ? MOTH_BOOL : dtype;
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *t = NULL;
  moth_status status;
  TRYING(L, M, status, moth_tensor_create(M->m, r.dtype, r.rank, r.shape, &t));
  errors_check(L, M, status);
  h->object = t;
  handle_pressure(L, M);
  r.next = moth_tensor_values_mutable(t);
  if (r.rank == 0) store(L, &r, index);
  else if (moth_tensor_count(t) > 0 || r.rank > 1) read_table(L, &r, index, 0);
  return t;
}

moth_tensor *tensor_from(lua_State *L, module *M, int index, moth_dtype dtype, const char *where) {
  return read_tensor(L, M, index, dtype, true, where);
}

moth_tensor *tensor_argument(lua_State *L, module *M, int index, moth_dtype dtype, const char *where, const char *argument) {
  moth_tensor *t = handle_tensor(L, index);
  if (t != NULL) {
    lua_pushvalue(L, index);
    return t;
  }
  int type = lua_type(L, index);
  if (type == LUA_TTABLE || type == LUA_TNUMBER) return tensor_from(L, M, index, dtype, where);
  const char *got = handle_describe(L, index);
  errors_fail(L, "%s: %s must be a tensor, got %s", where, argument, got);
  return NULL;
}

static const char *option_name(const void *list, int index) { return (void)list, index == 0 ? "dtype" : NULL; }

/* The dtype that a table's field `dtype` asks for. Other names are refused. */
static bool dtype_asked(lua_State *L, int table, moth_dtype *dtype) {
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "dtype") == 0) continue;
    options_unknown(L, -2, "tensor", option_name, NULL);
  }
  lua_pushliteral(L, "dtype");
  lua_rawget(L, table);
  bool asked = !lua_isnil(L, -1);
  if (asked && lua_type(L, -1) != LUA_TSTRING) {
    const char *got = handle_describe(L, -1);
    errors_fail(L, "tensor: dtype must be 'f32', 'f64', 'i64', 'u8' or 'bool', got %s", got);
  }
  if (asked && !moth_dtype_find(lua_tostring(L, -1), dtype)) { /* the engine tells what is wrong with a word */
    const moth_option options[] = { MOTH_TEXT("dtype", lua_tostring(L, -1)), MOTH_END };
    operation_apply_as(L, module_here(L), "tensor", "empty", false, NULL, 0, options);
  }
  lua_pop(L, 1);
  return asked;
}

/* moth.tensor(1, 2, 3), moth.tensor({ 1, 2 }, { 3, 4 }): what came second is no options. */
static void check_options(lua_State *L) {
  bool is_list = lua_type(L, 2) == LUA_TTABLE && lua_rawlen(L, 2) > 0;
  if (lua_type(L, 2) == LUA_TTABLE && !is_list) return;
  bool are_elements = lua_type(L, 1) != LUA_TTABLE && (lua_type(L, 2) == LUA_TNUMBER || lua_type(L, 2) == LUA_TBOOLEAN);
  const char *got = is_list ? "a list" : handle_describe(L, 2), *hint = "";
  if (are_elements) hint = "\n  moth.tensor{ 1, 2, 3 } takes a list";
  else if (is_list) hint = "\n  moth.tensor{ { 1, 2 }, { 3, 4 } } takes rows in one table";
  errors_fail(L, "tensor: argument 2 must be a table of options such as { dtype = \"f64\" }, got %s%s", got, hint);
}

/* moth.tensor(nested [, { dtype = }]) */
static int create(lua_State *L) {
  module *M = module_here(L);
  moth_dtype dtype = M->dtype;
  int type = lua_type(L, 1);
  if (type != LUA_TTABLE && type != LUA_TNUMBER && type != LUA_TBOOLEAN) {
    const char *got = handle_describe(L, 1), *hint = handle_tensor(L, 1) != NULL ? "; t:clone() copies one" : "";
    return errors_fail(L, "tensor: takes a nested table or a number, got %s%s", got, hint);
  }
  bool asked = type == LUA_TTABLE && dtype_asked(L, 1, &dtype);
  if (!lua_isnoneornil(L, 2)) {
    check_options(L);
    asked = dtype_asked(L, 2, &dtype) || asked;
  }
  read_tensor(L, M, 1, dtype, asked, "tensor");
  return 1;
}

/* ---- To Lua ---- */

static void push_table(lua_State *L, const moth_tensor *t, int axis, const char *at) {
  int64_t n = moth_tensor_shape(t)[axis];
  int64_t step = moth_tensor_strides(t)[axis] * (int64_t)moth_dtype_size(moth_tensor_dtype(t));
  luaL_checkstack(L, 4, NULL);
  lua_createtable(L, n < INT32_MAX ? (int)n : 0, 0);
  for (int64_t i = 0; i < n; i++, at = at != NULL ? at + step : NULL) {
    if (axis + 1 < moth_tensor_rank(t)) push_table(L, t, axis + 1, at);
    else tensor_push_element(L, moth_tensor_dtype(t), at);
    lua_rawseti(L, -2, i + 1);
  }
}

static int totable(lua_State *L) {
  const moth_tensor *t = self(L, "totable()");
  if (moth_tensor_rank(t) == 0) tensor_push_element(L, moth_tensor_dtype(t), moth_tensor_values(t));
  else push_table(L, t, 0, moth_tensor_values(t));
  return 1;
}

static int item(lua_State *L) {
  const moth_tensor *t = self(L, "item()");
  if (moth_tensor_count(t) != 1) {
    const char *got = handle_describe(L, 1);
    lua_pushinteger(L, moth_tensor_count(t));
    return errors_fail(L, "item: %s has %s elements; it takes a tensor of one", got, lua_tostring(L, -1));
  }
  tensor_push_element(L, moth_tensor_dtype(t), moth_tensor_values(t));
  return 1;
}

/* ---- What it is ---- */

static int numel(lua_State *L) {
  lua_pushinteger(L, moth_tensor_count(self(L, "numel()")));
  return 1;
}

static int size(lua_State *L) {
  const moth_tensor *t = self(L, "size(axis)");
  int rank = moth_tensor_rank(t);
  if (lua_isnone(L, 2)) return errors_fail(L, "size: axis is missing; t.shape has the size of each");
  int64_t axis = options_position(options_whole(L, 2, "size", "axis"));
  if (axis < 0 && axis >= -rank) axis += rank;
  if (axis < 0 || axis >= rank) {
    const char *text = handle_describe(L, 1);
    lua_pushvalue(L, 2);
    if (rank == 0) return errors_fail(L, "size: axis %s: %s has no axes", lua_tostring(L, -1), text);
    return errors_fail(L, "size: axis %s: %s has axes 1..%d or -%d..-1", lua_tostring(L, -1), text, rank, rank);
  }
  lua_pushinteger(L, moth_tensor_shape(t)[axis]);
  return 1;
}

static int is_contiguous(lua_State *L) {
  lua_pushboolean(L, moth_tensor_is_contiguous(self(L, "is_contiguous()")));
  return 1;
}

/* ---- Metamethods ---- */

static int length(lua_State *L) {
  const moth_tensor *t = self(L, "#t");
  if (moth_tensor_rank(t) == 0) return errors_fail(L, "#t: %s has no rows", handle_describe(L, 1));
  lua_pushinteger(L, moth_tensor_shape(t)[0]);
  return 1;
}

/* a == b: same dtype, shape and values. */
static int equal(lua_State *L) {
  moth_tensor *a = handle_tensor(L, 1), *b = handle_tensor(L, 2);
  if (a == NULL || b == NULL) return lua_pushboolean(L, false), 1;
  moth_value inputs[2] = { operation_value(a), operation_value(b) };
  operation_apply(L, module_here(L), "equal", false, inputs, 2, NULL);
  return 1;
}

/* Lua asks a > b as b < a: where the tensor is the second alone it is mostly the one that was written first. */
static int refuse_order(lua_State *L, const char *less, const char *greater, const char *method, const char *turned) {
  if (handle_tensor(L, 1) == NULL && handle_tensor(L, 2) != NULL) {
    return errors_fail(L, "t %s a (or a %s t) on tensors is one boolean in Lua; use t:%s(a)", greater, less, turned);
  }
  return errors_fail(L, "a %s b on tensors is one boolean in Lua; use a:%s(b)", less, method);
}

static int refuse_less(lua_State *L) { return refuse_order(L, "<", ">", "lt", "gt"); }
static int refuse_less_equal(lua_State *L) { return refuse_order(L, "<=", ">=", "le", "ge"); }
static int refuse_and(lua_State *L) { return errors_fail(L, "a & b is for Lua's integers; masks have a:logical_and(b)"); }
static int refuse_or(lua_State *L) { return errors_fail(L, "a | b is for Lua's integers; masks have a:logical_or(b)"); }
static int refuse_xor(lua_State *L) { return errors_fail(L, "a ~ b is for Lua's integers; masks have a:logical_xor(b)"); }
static int refuse_not(lua_State *L) { return errors_fail(L, "~a is for Lua's integers; a mask has a:logical_not()"); }

static int concat(lua_State *L) {
  bool first = handle_at(L, 1) != NULL, second = handle_at(L, 2) != NULL;
  if (first && second) return errors_fail(L, "tensor .. tensor joins no rows; moth.cat({ a, b }, axis) does");
  int other = lua_type(L, first ? 2 : 1);
  if (other != LUA_TSTRING && other != LUA_TNUMBER) {
    const char *got = handle_describe(L, first ? 2 : 1);
    return errors_fail(L, "..: a tensor is joined with a string or a number, got %s", got);
  }
  luaL_tolstring(L, 1, NULL);
  luaL_tolstring(L, 2, NULL);
  lua_concat(L, 2);
  return 1;
}

static const luaL_Reg methods[] = {
  { "totable", totable }, { "item", item }, { "numel", numel }, { "size", size }, { "is_contiguous", is_contiguous },
  { NULL, NULL }
};
static const luaL_Reg metamethods[] = {
  { "__len", length }, { "__eq", equal }, { "__lt", refuse_less }, { "__le", refuse_less_equal }, { "__concat", concat },
  { "__band", refuse_and }, { "__bor", refuse_or }, { "__bxor", refuse_xor }, { "__bnot", refuse_not },
  { "__tostring", printing_tensor }, { NULL, NULL }
};
static const luaL_Reg functions[] = { { "tensor", create }, { NULL, NULL } };

void tensor_open(lua_State *L, module *M) {
  lua_newtable(L); /* methods */
  operation_open(L, M);
  module_functions(L, M, methods);
  map_open(L, M);
  drawing_tensor_methods(L, M);
  lua_pushvalue(L, -2);
  module_functions(L, M, functions);
  scope_open(L, M);
  lua_pop(L, 1);
  lua_newtable(L); /* metatable */
  module_functions(L, M, metamethods);
  lua_getfield(L, -2, "rows"); /* pairs(t) goes over the rows, as of a table that is a list */
  lua_setfield(L, -2, "__pairs");
  operation_operators(L, M);
  lua_insert(L, -2);
  index_open(L, M);
  lua_pop(L, 1);
  handle_metatable(L, M, MOTH_TENSOR_OBJECT);
}
