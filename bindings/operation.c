/* operation.c: the catalog of operations as functions of the module and methods of tensors. Each closure holds its operation, so a call
 * looks nothing up by name, and options are built only where there are any. */
#include "binding.h"

#include <string.h>

enum { IN_PLACE = 1, HAS_REAL = 2, TAKES_DEFAULT = 4, POSITIONAL_SHIFT = 4 };

/* What a closure knows of its row: second upvalue. They lie in one block of the registry, two a row: the operation and its twin. */
typedef struct function {
  module *M;
  const moth_operation *operation;
  int properties;
} function;
static const char functions_key = 'f';

/* An operation's call while its arguments are read. */
typedef struct arguments {
  const moth_operation *operation;
  int properties;
  int count;                    /* inputs */
  moth_value *inputs;
  moth_value own[MOTH_MAX_INPUTS];
  int option_count;             /* arguments that are options; they lie on the stack from `options` on */
  int options;
} arguments;

static int properties_of(const moth_operation *operation, bool in_place) {
  const moth_row *row = &operation->row;
  int properties = (in_place ? IN_PLACE : 0) | (operation->flags & MOTH_OF_DEFAULT ? TAKES_DEFAULT : 0), positional = 0;
  for (int i = 0; i < row->option_count; i++) {
    const moth_option_row *r = &row->options[i];
    if (strcmp(r->key, "real") == 0) properties |= HAS_REAL;
    if (r->position > 0) positional += r->flags & MOTH_REST ? 1000 : 1;
  }
  return properties | positional << POSITIONAL_SHIFT;
}

/* "add_" for the twin of add, pushed. */
static const char *name_of(lua_State *L, const arguments *a) {
  bool twin = a->properties & IN_PLACE && !(a->operation->flags & MOTH_ONLY_TWIN);
  return lua_pushfstring(L, "%s%s", a->operation->row.name, twin ? "_" : "");
}

static bool may_be_number(const arguments *a, int input) {
  if (!(a->operation->flags & MOTH_NUMBERS)) return false;
  return input > 0 || (a->operation->inputs == 2 && !(a->properties & IN_PLACE));
}

static int fail_input(lua_State *L, const arguments *a, int argument) {
  const char *got = handle_describe(L, argument), *name = name_of(L, a);
  const handle *h = handle_at(L, argument);
  if (h != NULL && h->kind == MOTH_TENSOR_OBJECT && h->object == NULL) return errors_fail(L, "%s: the tensor is closed", name);
  const char *hint = lua_istable(L, argument) ? "; moth.tensor makes one of a table" : "";
  if (argument == 1 && a->operation->flags & MOTH_METHOD && !(a->operation->flags & MOTH_CREATES) && !may_be_number(a, 0)) {
    return errors_fail(L, "%s: argument 1 must be a tensor, got %s; write t:%s(...), with a colon", name, got, name);
  }
  const char *kind = may_be_number(a, a->count) ? " or a number" : "";
  return errors_fail(L, "%s: argument %d must be a tensor%s, got %s%s", name, argument, kind, got, hint);
}

/* t.add(1), t.add(1, 2): a method without any tensor lacks its own. */
static bool lacks_tensor(const arguments *a) {
  if (!(a->operation->flags & MOTH_METHOD) || a->operation->flags & MOTH_CREATES) return false;
  for (int i = 0; i < a->count; i++) {
    if (a->inputs[i].kind == MOTH_TENSOR_VALUE) return false;
  }
  return a->operation->inputs > a->operation->optional;
}

static int fail_self(lua_State *L, const arguments *a) {
  const char *got = a->count > 0 ? handle_describe(L, 1) : "nothing", *name = name_of(L, a);
  return errors_fail(L, "%s: argument 1 must be a tensor, got %s; write t:%s(...), with a colon", name, got, name);
}

static int fail_missing(lua_State *L, const arguments *a) {
  const char *name = name_of(L, a), *kind = may_be_number(a, a->count) ? " or a number" : "";
  if (lacks_tensor(a)) return fail_self(L, a);
  if (a->count > 0 || !(a->operation->flags & MOTH_METHOD)) {
    return errors_fail(L, "%s: argument %d must be a tensor%s, got nothing", name, a->count + 1, kind);
  }
  return errors_fail(L, "%s: argument 1 must be a tensor, got nothing; write t:%s(...), with a colon", name, name);
}

static bool is_open_tensor(const handle *h) { return h != NULL && h->kind == MOTH_TENSOR_OBJECT && h->object != NULL; }

/* One argument as an input, if it is one; numbers are options first where the row has positionals. */
static bool take_input(lua_State *L, arguments *a, int argument) {
  if (a->count >= a->operation->inputs) return false;
  moth_value *value = &a->inputs[a->count];
  const handle *h = handle_at(L, argument);
  if (h != NULL && h->kind == MOTH_TENSOR_OBJECT) {
    if (h->object == NULL) fail_input(L, a, argument);
    *value = (moth_value){ .kind = MOTH_TENSOR_VALUE, .as.tensor = h->object };
    a->count++;
    return true;
  }
  if (a->count > 0 && a->option_count < a->properties >> POSITIONAL_SHIFT) return false;
  int type = lua_type(L, argument);
  if (!may_be_number(a, a->count) || (type != LUA_TNUMBER && type != LUA_TBOOLEAN)) {
    bool missing = a->count < a->operation->inputs - a->operation->optional;
    if (missing) fail_input(L, a, argument);
    return false;
  }
  if (type == LUA_TBOOLEAN) *value = (moth_value){ .kind = MOTH_FLAG_VALUE, .as.flag = lua_toboolean(L, argument) };
  else if (lua_isinteger(L, argument)) *value = (moth_value){ .kind = MOTH_INT_VALUE, .as.integer = lua_tointeger(L, argument) };
  else *value = (moth_value){ .kind = MOTH_REAL_VALUE, .as.real = lua_tonumber(L, argument) };
  a->count++;
  return true;
}

/* Arguments from..top; those that are options are moved to the top of the stack. */
static void read_arguments(lua_State *L, arguments *a, int from, int top) {
  a->options = top + 1;
  for (int i = from; i <= top; i++) {
    if (!(a->operation->flags & MOTH_LIST) && take_input(L, a, i)) continue;
    luaL_checkstack(L, 4, "too many arguments");
    lua_pushvalue(L, i);
    a->option_count++;
  }
  if (a->operation->flags & MOTH_LIST) return;
  if (a->count < a->operation->inputs - a->operation->optional) fail_missing(L, a);
  if (a->count > 1 && a->inputs[0].kind != MOTH_TENSOR_VALUE && lacks_tensor(a)) fail_self(L, a);
}

/* Whatever a table holds beside its list, as a table of options; nothing where that is nothing. */
static void push_names(lua_State *L, int table) {
  bool any = false;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1) continue;
    if (!any) {
      lua_newtable(L);
      lua_insert(L, -3);
      any = true;
    }
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
  }
}

/* meshgrid(x, y): the leading tensors become a list at index 1. */
static void gather_list(lua_State *L) {
  int count = 0, top = lua_gettop(L);
  while (count < top && is_open_tensor(handle_at(L, count + 1))) count++;
  if (count == 0) return;
  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; i++) lua_pushvalue(L, i), lua_rawseti(L, -2, i);
  lua_replace(L, count);
  for (int i = 1; i < count; i++) lua_remove(L, 1);
}

/* cat, stack: a table of tensors. The values lie in a block on the stack. */
static void read_list(lua_State *L, arguments *a) {
  const char *name = a->operation->row.name;
  if (a->operation->flags & MOTH_SPREAD) gather_list(L);
  if (lua_type(L, 1) != LUA_TTABLE) {
    const char *got = handle_describe(L, 1);
    errors_fail(L, "%s: argument 1 must be a list of tensors, got %s", name, got);
  }
  int64_t n = options_length(L, 1, name);
  push_names(L, 1);
  a->inputs = lua_newuserdatauv(L, (size_t)n * sizeof *a->inputs + 1, 0);
  lua_insert(L, 2);
  for (; a->count < n; a->count++) {
    lua_rawgeti(L, 1, a->count + 1);
    const handle *h = handle_at(L, -1);
    if (!is_open_tensor(h)) {
      const char *got = handle_describe(L, -1);
      errors_fail(L, "%s: entry %d must be a tensor, got %s", name, a->count + 1, got);
    }
    a->inputs[a->count] = operation_value(h->object);
    lua_pop(L, 1);
  }
}

static bool is_real(const moth_value *v) {
  if (v->kind != MOTH_TENSOR_VALUE) return false;
  moth_dtype dtype = moth_tensor_dtype(v->as.tensor);
  return dtype == MOTH_F32 || dtype == MOTH_F64;
}

/* Whether the default dtype has a say: it is not the engine's, and no float tensor decides. */
static bool wants_real(const module *M, const arguments *a) {
  if (M->dtype == MOTH_F32 || !(a->properties & (HAS_REAL | TAKES_DEFAULT))) return false;
  if (a->properties & TAKES_DEFAULT) return true;
  for (int i = 0; i < a->count; i++) {
    if (is_real(&a->inputs[i])) return false;
  }
  return true;
}

static int push_results(lua_State *L, module *M, const arguments *a, int blocks, moth_value *results, int count) {
  if (a->properties & IN_PLACE) {
    for (int i = 0; i < count; i++) {
      if (results[i].kind == MOTH_TENSOR_VALUE) moth_release(results[i].as.tensor);
    }
    lua_pushvalue(L, 1);
    return 1;
  }
  if (a->operation->flags & MOTH_MANY) {
    lists_fill(L, blocks, &results[0]);
    lists_push_table(L, M, blocks);
    return 1;
  }
  for (int i = 0; i < count; i++) { /* nothing here can fail: see handle_block */
    if (results[i].kind == MOTH_TENSOR_VALUE) handle_fill(L, blocks + i, results[i].as.tensor);
  }
  handle_count(M);
  if (count == 1 && results[0].kind == MOTH_TENSOR_VALUE && lua_gettop(L) == blocks) return 1;
  lua_checkstack(L, count);
  for (int i = 0; i < count; i++) {
    switch (results[i].kind) {
    case MOTH_TENSOR_VALUE: lua_pushvalue(L, blocks + i); break;
    case MOTH_REAL_VALUE: lua_pushnumber(L, results[i].as.real); break;
    case MOTH_INT_VALUE: lua_pushinteger(L, results[i].as.integer); break;
    case MOTH_FLAG_VALUE: lua_pushboolean(L, results[i].as.flag); break;
    default: lua_pushnil(L);
    }
  }
  return count;
}

static int make_blocks(lua_State *L, module *M, const arguments *a) {
  int blocks = lua_gettop(L) + 1, count = a->operation->results;
  if (a->properties & IN_PLACE) return blocks;
  if (a->operation->flags & MOTH_MANY) return lists_push(L, M), blocks;
  if (count > 4) {
    if (a->operation->flags & MOTH_LIST && count > a->count) count = a->count; /* meshgrid: one for each input */
    luaL_checkstack(L, count + 8, NULL);
  }
  for (int i = 0; i < count; i++) handle_block(L, M);
  return blocks;
}

/* moth.full(shape, true) makes bools whatever the default. */
static void add_default(option_builder *b, const arguments *a) {
  const char *key = a->properties & TAKES_DEFAULT ? "dtype" : "real";
  bool flag = false;
  for (size_t i = 0; i < b->count; i++) flag = flag || b->items[i].kind == MOTH_OPTION_FLAG;
  if (options_has(b, key) || (flag && a->properties & TAKES_DEFAULT)) return;
  options_add(b, key, MOTH_OPTION_TEXT)->as.text = moth_dtype_name(b->M->dtype);
}

static int run_with_options(lua_State *L, module *M, arguments *a, bool real) {
  option_builder b;
  moth_value results[MOTH_MAX_RESULTS];
  int count = 0, last = lua_gettop(L);
  const char *name = name_of(L, a);
  options_begin(L, M, &b, name, &a->operation->row);
  options_arguments(&b, a->options, last, true, NULL);
  if (real) add_default(&b, a);
  int blocks = make_blocks(L, M, a);
  const moth_option *list = options_end(&b);
  moth_status status;
  TRYING(L, M, status, moth_apply(M->m, a->operation, a->properties & IN_PLACE, a->inputs, a->count, list, results, &count));
  options_done(&b, status);
  return push_results(L, M, a, blocks, results, count);
}

static int run(lua_State *L) {
  const function *f = lua_touserdata(L, lua_upvalueindex(2));
  module *M = f->M->m != NULL ? f->M : module_here(L);
  handle_relieve(L, M); /* before anything is made: what the last result's place held is free by now, and its memory is used again */
  int top = lua_gettop(L);
  arguments a;
  a.operation = f->operation, a.properties = f->properties;
  a.count = a.option_count = 0;
  a.inputs = a.own;
  if (a.operation->flags & MOTH_LIST) {
    read_list(L, &a);
    read_arguments(L, &a, 3, lua_gettop(L));
  } else {
    read_arguments(L, &a, 1, top);
  }
  bool real = wants_real(M, &a);
  if (a.option_count > 0 || real) return run_with_options(L, M, &a, real);
  moth_value results[MOTH_MAX_RESULTS];
  int count = 0, blocks = make_blocks(L, M, &a);
  moth_status status;
  TRYING(L, M, status, moth_apply(M->m, a.operation, a.properties & IN_PLACE, a.inputs, a.count, NULL, results, &count));
  errors_check(L, M, status);
  return push_results(L, M, &a, blocks, results, count);
}

static int run_unary(lua_State *L) { /* Lua gives a unary metamethod its operand twice */
  lua_settop(L, 1);
  return run(L);
}

static void push_function(lua_State *L, module *M, function *functions, int row, bool in_place, lua_CFunction called) {
  const moth_operation *operation = moth_operation_at(M->m, row);
  function *f = &functions[2 * row + in_place];
  *f = (function){ .M = M, .operation = operation, .properties = properties_of(operation, in_place) };
  lua_pushlightuserdata(L, M);
  lua_pushlightuserdata(L, f);
  lua_pushcclosure(L, called, 2);
}

moth_value operation_value(moth_tensor *t) { return (moth_value){ .kind = MOTH_TENSOR_VALUE, .as.tensor = t }; }

void operation_apply(lua_State *L, module *M, const char *name, bool in_place, const moth_value *inputs, int count,
                     const moth_option *options) {
  operation_apply_as(L, M, NULL, name, in_place, inputs, count, options);
}

void operation_apply_as(lua_State *L, module *M, const char *where, const char *name, bool in_place, const moth_value *inputs, int count,
                        const moth_option *options) {
  arguments a = { .operation = moth_operation_find(M->m, name), .properties = in_place ? IN_PLACE : 0 };
  moth_value results[MOTH_MAX_RESULTS];
  int result_count = 0, before = lua_gettop(L);
  if (a.operation == NULL) errors_fail(L, "moth has no operation '%s'", name);
  luaL_checkstack(L, 8, NULL);
  int blocks = make_blocks(L, M, &a);
  moth_status status;
  TRYING(L, M, status, moth_apply(M->m, a.operation, in_place, inputs, count, options, results, &result_count));
  if (status != MOTH_OK) errors_raise_as(L, M, status, name, where);
  if (in_place) {
    for (int i = 0; i < result_count; i++) moth_release(results[i].as.tensor);
    return;
  }
  if (result_count > 0 && results[0].kind == MOTH_TENSOR_VALUE) handle_fill(L, blocks, results[0].as.tensor);
  for (int i = 1; i < result_count; i++) {
    if (results[i].kind == MOTH_TENSOR_VALUE) handle_fill(L, blocks + i, results[i].as.tensor);
  }
  if (result_count > 0 && results[0].kind == MOTH_REAL_VALUE) lua_pushnumber(L, results[0].as.real);
  else if (result_count > 0 && results[0].kind == MOTH_INT_VALUE) lua_pushinteger(L, results[0].as.integer);
  else if (result_count > 0 && results[0].kind == MOTH_FLAG_VALUE) lua_pushboolean(L, results[0].as.flag);
  else lua_pushvalue(L, blocks);
  lua_replace(L, before + 1);
  lua_settop(L, before + 1);
  handle_pressure(L, M);
}

void operation_open(lua_State *L, module *M) {
  const moth_operation *operation;
  int rows = 0;
  while (moth_operation_at(M->m, rows) != NULL) rows++;
  function *functions = lua_newuserdatauv(L, (size_t)rows * 2 * sizeof *functions, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &functions_key);
  for (int i = 0; (operation = moth_operation_at(M->m, i)) != NULL; i++) {
    const char *name = operation->row.name;
    bool only_twin = operation->flags & MOTH_ONLY_TWIN;
    if (operation->flags & MOTH_METHOD) {
      push_function(L, M, functions, i, only_twin, run);
      lua_setfield(L, -2, name);
    }
    if (operation->flags & MOTH_TWIN) {
      lua_pushfstring(L, "%s_", name);
      push_function(L, M, functions, i, true, run);
      lua_rawset(L, -3);
    }
    if (operation->flags & MOTH_CREATES) {
      push_function(L, M, functions, i, false, run);
      lua_setfield(L, -3, name);
    }
  }
}

void operation_operators(lua_State *L, module *M) {
  static const struct { const char *event, *name; } operators[] = {
    { "__add", "add" }, { "__sub", "sub" }, { "__mul", "mul" }, { "__div", "div" }, { "__idiv", "floordiv" },
    { "__mod", "mod" }, { "__pow", "pow" }, { "__unm", "neg" },
  };
  lua_rawgetp(L, LUA_REGISTRYINDEX, &functions_key);
  function *functions = lua_touserdata(L, -1);
  lua_pop(L, 1);
  const moth_operation *operation;
  for (int row = 0; (operation = moth_operation_at(M->m, row)) != NULL; row++) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
      if (strcmp(operation->row.name, operators[i].name) != 0) continue;
      push_function(L, M, functions, row, false, operation->inputs == 1 ? run_unary : run);
      lua_setfield(L, -2, operators[i].event);
    }
  }
}
