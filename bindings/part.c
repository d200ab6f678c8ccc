/* part.c: components: a constructor for every row of the catalogs, their options as fields, losses and metrics as functions. */
#include "binding.h"

#include <string.h>

static moth_part *self(lua_State *L, const char *method) { return handle_self(L, module_here(L), MOTH_PART_OBJECT, method); }

/* ---- Losses and metrics of two tensors ---- */

/* loss(p, t) → value, gradient; metric(p, t) → value; p and t at `first`. */
static int compute(lua_State *L, module *M, const moth_part *part, int first) {
  const char *name = moth_part_row(part)->name;
  moth_tensor *p = tensor_argument(L, M, first, M->dtype, name, "the prediction");
  moth_tensor *t = tensor_argument(L, M, first + 1, moth_tensor_dtype(p), name, "the target");
  double value;
  if (moth_part_kind_of(part) == MOTH_METRIC) {
    errors_check(L, M, moth_metric_value(M->m, part, p, t, &value));
    lua_pushnumber(L, value);
    return 1;
  }
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *gradient = NULL;
  errors_check(L, M, moth_loss_value(M->m, part, p, t, &value, &gradient));
  h->object = gradient;
  handle_pressure(L, M);
  lua_pushnumber(L, value);
  lua_insert(L, -2);
  return 2;
}

/* ---- Constructors ---- */

static moth_part *new_part(lua_State *L, module *M, moth_part_kind kind, const moth_row *row, int first, int last) {
  option_builder b;
  options_begin(L, M, &b, row->name, row);
  options_arguments(&b, first, last, false, NULL);
  const char *origin = NULL;
  if (options_row(row, "origin") != NULL && !options_has(&b, "origin")) origin = errors_origin(L);
  if (origin != NULL) options_add(&b, "origin", MOTH_OPTION_TEXT)->as.text = origin;
  handle *h = handle_new(L, M, MOTH_PART_OBJECT, 1);
  moth_part *part = NULL;
  moth_status status;
  const moth_option *list = options_end(&b);
  status = moth_part_create(M->m, kind, row->name, list, &part);
  options_done(&b, status);
  h->object = part;
  handle_register(L, -1);
  lua_pushvalue(L, b.keep);
  lua_setiuservalue(L, -2, 1);
  return part;
}

static bool is_alone(module *M, const moth_part *part) {
  moth_option input;
  if (options_row(moth_part_row(part), "input") == NULL) return false;
  return moth_part_get(M->m, part, "input", &input) == MOTH_OK && input.kind != MOTH_OPTION_END;
}

/* moth.tanh(x), where the name is a method too. */
static void refuse_tensor(lua_State *L, const module *M, const char *name) {
  const moth_operation *operation = moth_operation_find(M->m, name);
  if (operation == NULL || !(operation->flags & MOTH_METHOD)) return;
  errors_fail(L, "%s: moth.%s makes a layer; of a tensor write t:%s(...)", name, name, name);
}

static int construct(lua_State *L) {
  module *M = module_here(L);
  const moth_row *row = lua_touserdata(L, lua_upvalueindex(2));
  moth_part_kind kind = (moth_part_kind)lua_tointeger(L, lua_upvalueindex(3));
  int last = lua_gettop(L);
  if (handle_tensor(L, 1) != NULL && (kind == MOTH_LOSS || kind == MOTH_METRIC)) {
    if (handle_tensor(L, 2) == NULL && !lua_istable(L, 2)) {
      const char *got = handle_describe(L, 2);
      return errors_fail(L, "%s: argument 2 must be a tensor, got %s", row->name, got);
    }
    moth_part *part = new_part(L, M, kind, row, 3, last);
    return compute(L, M, part, 1);
  }
  if (handle_tensor(L, 1) != NULL && (kind == MOTH_LAYER || kind == MOTH_ACTIVATION)) refuse_tensor(L, M, row->name);
  moth_part *part = new_part(L, M, kind, row, 1, last);
  if ((kind == MOTH_LAYER || kind == MOTH_ACTIVATION) && is_alone(M, part)) layer_alone(L, M);
  return 1;
}

static void push_constructor(lua_State *L, module *M, moth_part_kind kind, const moth_row *row) {
  lua_pushlightuserdata(L, M);
  lua_pushlightuserdata(L, (void *)row);
  lua_pushinteger(L, kind);
  lua_pushcclosure(L, construct, 3);
}

/* All rows of a kind into the table at the top; names that are taken stay. */
static void add_constructors(lua_State *L, module *M, moth_part_kind kind) {
  const moth_row *row;
  for (int i = 0; (row = moth_catalog(M->m, kind, i)) != NULL; i++) {
    if (kind == MOTH_ACTIVATION && strcmp(row->name, "linear") == 0) continue; /* a name, but no layer */
    lua_pushstring(L, row->name);
    bool taken = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 1);
    if (taken) continue;
    push_constructor(L, M, kind, row);
    lua_setfield(L, -2, row->name);
  }
}

/* The names of several kinds, one list after the other. */
typedef struct named_kinds { module *M; unsigned kinds; } named_kinds;

static const moth_row *row_among(const named_kinds *list, int index) {
  for (int kind = 0; kind < MOTH_PART_KINDS; kind++) {
    const moth_row *row;
    for (int i = 0; list->kinds >> kind & 1 && (row = moth_catalog(list->M->m, (moth_part_kind)kind, i)) != NULL; i++) {
      if (index-- == 0) return row;
    }
  }
  return NULL;
}

static const char *name_among(const void *list, int index) {
  const moth_row *row = row_among(list, index);
  return row != NULL ? row->name : NULL;
}

static bool is_word_of(const char *words, const char *word) {
  size_t length = strlen(word);
  for (const char *at = words; at != NULL && *at != 0; at += strspn(at, " ")) {
    size_t span = strcspn(at, " ");
    if (span == length && memcmp(at, word, span) == 0) return true;
    at += span;
  }
  return false;
}

/* As the engine tells it where it reads names itself: "evaluate: no loss or metric 'acc'; here it is 'accuracy'". */
static int fail_name(lua_State *L, module *M, unsigned kinds, const char *where, const char *name) {
  const named_kinds list = { M, kinds };
  const moth_row *row;
  int count = 0;
  lua_pushliteral(L, "");
  for (int kind = 0; kind < MOTH_PART_KINDS; kind++) {
    if (!(kinds >> kind & 1)) continue;
    lua_pushfstring(L, "%s%s", count++ > 0 ? " or " : "", moth_part_kind_name((moth_part_kind)kind));
    lua_concat(L, 2);
  }
  const char *what = lua_tostring(L, -1), *nearest = errors_nearest(name, name_among, &list);
  lua_pushliteral(L, "");
  for (int i = 0; (row = row_among(&list, i)) != NULL; i++) {
    if (is_word_of(row->foreign, name)) return errors_fail(L, "%s: no %s '%s'; here it is '%s'", where, what, name, row->name);
    lua_pushfstring(L, "%s%s", i > 0 ? " " : "", row->name);
    lua_concat(L, 2);
  }
  const char *names = lua_tostring(L, -1);
  if (nearest != NULL) return errors_fail(L, "%s: no %s '%s'; did you mean '%s'? (%s)", where, what, name, nearest, names);
  return errors_fail(L, "%s: no %s '%s' (%s)", where, what, name, names);
}

moth_part *part_argument(lua_State *L, module *M, int index, unsigned kinds, const char *where, const char *argument) {
  const handle *h = handle_at(L, index);
  if (h != NULL && h->kind == MOTH_PART_OBJECT && h->object != NULL) {
    lua_pushvalue(L, index);
    return h->object;
  }
  if (h != NULL && h->kind == HANDLE_LAYER) layer_refuse(L, M, h, where, 0);
  if (lua_type(L, index) != LUA_TSTRING) {
    const char *got = handle_describe(L, index);
    errors_fail(L, "%s: %s must be a component or its name, got %s", where, argument, got);
  }
  const char *name = lua_tostring(L, index);
  int kind = 0;
  while (kind < MOTH_PART_KINDS && !(kinds >> kind & 1 && moth_find(M->m, (moth_part_kind)kind, name) != NULL)) kind++;
  if (kind == MOTH_PART_KINDS) fail_name(L, M, kinds, where, name);
  handle *made = handle_new(L, M, MOTH_PART_OBJECT, 1);
  moth_part *part = NULL;
  moth_status status = moth_part_create(M->m, (moth_part_kind)kind, name, NULL, &part);
  if (status != MOTH_OK) errors_fail(L, "%s: %s", where, moth_message(M->m));
  made->object = part;
  handle_register(L, -1);
  return part;
}

/* ---- Options as fields ---- */

static void push_list(lua_State *L, module *M, const moth_option *value) {
  lua_createtable(L, (int)value->count, 0);
  for (size_t i = 0; i < value->count; i++) {
    switch (value->kind) {
    case MOTH_OPTION_INTS: lua_pushinteger(L, value->as.integers[i]); break;
    case MOTH_OPTION_REALS: lua_pushnumber(L, value->as.reals[i]); break;
    case MOTH_OPTION_TEXTS: lua_pushstring(L, value->as.texts[i]); break;
    default: handle_push(L, M, value->as.parts[i], MOTH_PART_OBJECT);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

void part_push_value(lua_State *L, module *M, const moth_option *value) {
  switch (value->kind) {
  case MOTH_OPTION_INT: lua_pushinteger(L, value->as.integer); break;
  case MOTH_OPTION_REAL: lua_pushnumber(L, value->as.real); break;
  case MOTH_OPTION_TEXT: lua_pushstring(L, value->as.text); break;
  case MOTH_OPTION_FLAG: lua_pushboolean(L, value->as.flag); break;
  case MOTH_OPTION_INTS:
  case MOTH_OPTION_REALS:
  case MOTH_OPTION_TEXTS:
  case MOTH_OPTION_PARTS: push_list(L, M, value); break;
  case MOTH_OPTION_TENSOR: handle_push(L, M, value->as.tensor, MOTH_TENSOR_OBJECT); break;
  case MOTH_OPTION_PART: handle_push(L, M, value->as.part, MOTH_PART_OBJECT); break;
  case MOTH_OPTION_OBJECT: handle_push(L, M, value->as.object, (int)moth_kind(value->as.object)); break;
  case MOTH_OPTION_CALL:
    lua_rawgeti(L, LUA_REGISTRYINDEX, M->calls);
    lua_rawgetp(L, -1, value->as.call.data);
    lua_remove(L, -2);
    break;
  default: lua_pushnil(L);
  }
}

static int read_field(lua_State *L) {
  module *M = module_here(L);
  if (lua_type(L, 2) != LUA_TSTRING) return errors_fail(L, "a component has no field %s", handle_describe(L, 2));
  const char *key = lua_tostring(L, 2);
  const moth_part *part = self(L, key);
  if (strcmp(key, "step") == 0 && moth_part_kind_of(part) == MOTH_OPTIMIZER) return lua_pushvalue(L, lua_upvalueindex(2)), 1;
  moth_option value;
  errors_check(L, M, moth_part_get(M->m, part, key, &value));
  part_push_value(L, M, &value);
  return 1;
}

static int write_field(lua_State *L) {
  module *M = module_here(L);
  if (lua_type(L, 2) != LUA_TSTRING) return errors_fail(L, "a component has no field %s", handle_describe(L, 2));
  const char *key = lua_tostring(L, 2);
  moth_part *part = self(L, key);
  const moth_row *row = moth_part_row(part);
  option_builder b;
  lua_settop(L, 3);
  options_begin(L, M, &b, row->name, row);
  if (lua_isnil(L, 3)) return errors_fail(L, "%s: %s must not be nil", row->name, key);
  options_value(&b, key, 3);
  const moth_option *list = options_end(&b);
  options_done(&b, moth_part_set(M->m, part, list));
  if (lua_istable(L, b.keep)) { /* what the new value needs stays with what the others need */
    lua_getiuservalue(L, 1, 1);
    lua_rawseti(L, b.keep, (lua_Integer)lua_rawlen(L, b.keep) + 1);
    lua_pushvalue(L, b.keep);
    lua_setiuservalue(L, 1, 1);
  }
  return 0;
}

static int call_part(lua_State *L) {
  module *M = module_here(L);
  const moth_part *part = self(L, "loss");
  moth_part_kind kind = moth_part_kind_of(part);
  if (kind == MOTH_LOSS || kind == MOTH_METRIC) return lua_settop(L, 3), compute(L, M, part, 2);
  const char *text = handle_describe(L, 1);
  return errors_fail(L, "%s is no function; losses and metrics are", text);
}

static int to_text(lua_State *L) {
  const moth_part *part = handle_object(L, 1, MOTH_PART_OBJECT);
  if (part == NULL) return handle_describe(L, 1), 1;
  luaL_Buffer text;
  size_t size = moth_part_text(part, NULL, 0);
  moth_part_text(part, luaL_buffinitsize(L, &text, size + 1), size + 1);
  luaL_pushresultsize(&text, size);
  return 1;
}

/* opt:step(net) */
static int optimizer_step(lua_State *L) {
  module *M = module_here(L);
  moth_part *optimizer = self(L, "step(net)");
  const handle *h = handle_at(L, 2);
  moth_net *net = h != NULL && h->kind == HANDLE_LAYER && h->alone ? h->object : handle_argument(L, M, 2, MOTH_NET_OBJECT, "step");
  errors_check(L, M, moth_optimizer_step(M->m, optimizer, net));
  return 0;
}

/* moth.schedule is as strict as the module. */
static int unknown_schedule(lua_State *L) {
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : handle_describe(L, 2), *nearest = errors_nearest_key(L, 1, name);
  if (nearest != NULL) return errors_fail(L, "moth.schedule has no '%s'; did you mean '%s'?", name, nearest);
  return errors_fail(L, "moth.schedule has no '%s'", name);
}

void part_open(lua_State *L, module *M) {
  const moth_part_kind kinds[] = { MOTH_LAYER, MOTH_ACTIVATION, MOTH_LOSS, MOTH_METRIC, MOTH_OPTIMIZER, MOTH_INITIALIZER };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) add_constructors(L, M, kinds[i]);
  const luaL_Reg strict[] = { { "__index", unknown_schedule }, { NULL, NULL } };
  lua_newtable(L);
  add_constructors(L, M, MOTH_SCHEDULE);
  lua_createtable(L, 0, 1);
  module_functions(L, M, strict);
  lua_setmetatable(L, -2);
  lua_setfield(L, -2, "schedule");
  const luaL_Reg metamethods[] = { { "__newindex", write_field }, { "__call", call_part }, { "__tostring", to_text }, { NULL, NULL } };
  lua_newtable(L);
  module_functions(L, M, metamethods);
  lua_pushlightuserdata(L, M);
  lua_pushlightuserdata(L, M);
  lua_pushcclosure(L, optimizer_step, 1);
  lua_pushcclosure(L, read_field, 2);
  lua_setfield(L, -2, "__index");
  handle_metatable(L, M, MOTH_PART_OBJECT);
}
