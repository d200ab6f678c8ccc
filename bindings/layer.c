/* layer.c: one layer of a net: its parameters, their gradients, its output, the augmented matrix; and the layer made alone, which is a
 * net of one. */
#include "binding.h"

#include <string.h>

static handle *self(lua_State *L, const char *method) {
  handle_self(L, module_here(L), HANDLE_LAYER, method);
  return handle_at(L, 1);
}

/* "layer 1 dense(2, "tanh")", pushed. */
static const char *describe(lua_State *L, module *M, const handle *h) {
  moth_layer_info info;
  char text[200];
  errors_check(L, M, moth_net_layer(M->m, h->object, h->layer, &info));
  moth_part_text(info.part, text, sizeof text);
  return lua_pushfstring(L, "layer %d %s", h->layer + 1, text);
}

void layer_refuse(lua_State *L, module *M, const handle *h, const char *where, int entry) {
  moth_layer_info info;
  char text[200];
  if (h->object == NULL) errors_fail(L, "%s: the layer is closed", where);
  errors_check(L, M, moth_net_layer(M->m, h->object, h->layer, &info));
  moth_part_text(info.part, text, sizeof text);
  const char *what = h->alone ? "was made alone, with an input of its own\n  make it without input ="
                              : "is part of another net\n  make one for this net";
  if (entry > 0) errors_fail(L, "%s: layer %d %s %s and take its weights over: net[%d]:copy_(layer)", where, entry, text, what, entry);
  errors_fail(L, "%s: %s %s and take its weights over: net[1]:copy_(layer)", where, text, what);
}

void layer_push(lua_State *L, module *M, int net, int layer, bool alone) {
  net = lua_absindex(L, net);
  if (lua_getiuservalue(L, net, 2) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, net, 2);
  }
  lua_rawgeti(L, -1, layer + 1);
  const handle *known = handle_at(L, -1);
  if (known == NULL || known->object == NULL) {
    lua_pop(L, 1);
    handle *h = handle_new(L, M, HANDLE_LAYER, 1);
    h->layer = layer;
    h->alone = alone;
    h->object = moth_retain(handle_object(L, net, MOTH_NET_OBJECT));
    lua_pushvalue(L, net);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, layer + 1);
  }
  lua_remove(L, -2);
}

void layer_alone(lua_State *L, module *M) {
  moth_part *part = handle_object(L, -1, MOTH_PART_OBJECT);
  int at = lua_gettop(L);
  const char *origin = errors_origin(L);
  moth_option options[] = { MOTH_PARTS("layers", 1, &part), MOTH_TEXT("dtype", moth_dtype_name(M->dtype)), MOTH_END, MOTH_END };
  if (origin != NULL) options[2] = (moth_option)MOTH_TEXT("origin", origin);
  handle *h = handle_new(L, M, MOTH_NET_OBJECT, 2);
  moth_net *net = NULL;
  moth_status status;
  CALLING(L, M, status, moth_net_create(M->m, options, &net));
  errors_check(L, M, status);
  h->object = net;
  handle_register(L, -1);
  lua_createtable(L, 1, 0); /* what it depends on: the part, and with it its functions */
  lua_pushvalue(L, at);
  lua_rawseti(L, -2, 1);
  lua_setiuservalue(L, -2, 1);
  layer_push(L, M, -1, 0, true);
  lua_replace(L, at);
  lua_settop(L, at);
}

/* ---- Fields ---- */

static bool names_parameter(const handle *h, const char *name, size_t length) {
  const char *known;
  for (int i = 0; (known = moth_net_parameter_name(h->object, h->layer, i)) != NULL; i++) {
    if (strlen(known) == length && memcmp(known, name, length) == 0) return true;
  }
  return false;
}

static bool names_buffer(const handle *h, const char *name) {
  const char *known;
  for (int i = 0; (known = moth_net_buffer_name(h->object, h->layer, i)) != NULL; i++) {
    if (strcmp(known, name) == 0) return true;
  }
  return false;
}

typedef moth_status (*named_view)(moth *m, moth_net *net, int layer, const char *name, moth_tensor **view);

static int push_view(lua_State *L, module *M, const handle *layer, named_view function, const char *name) {
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *view = NULL;
  errors_check(L, M, function(M->m, layer->object, layer->layer, name, &view));
  h->object = view;
  return 1;
}

/* nil before the first forward. */
static int push_output(lua_State *L, module *M, const handle *layer) {
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *view = NULL;
  moth_status status = moth_net_layer_output(M->m, layer->object, layer->layer, &view);
  if (status == MOTH_MISUSE) return lua_pushnil(L), 1;
  errors_check(L, M, status);
  h->object = view;
  return 1;
}

static int unknown_field(lua_State *L, module *M, const handle *h, const char *name) {
  const char *text = describe(L, M, h), *known;
  lua_newtable(L);
  for (int i = 0; (known = moth_net_parameter_name(h->object, h->layer, i)) != NULL; i++) {
    lua_pushboolean(L, true);
    lua_setfield(L, -2, known);
    lua_pushfstring(L, "%s_gradient", known);
    lua_pushboolean(L, true);
    lua_rawset(L, -3);
  }
  for (int i = 0; (known = moth_net_buffer_name(h->object, h->layer, i)) != NULL; i++) {
    lua_pushboolean(L, true);
    lua_setfield(L, -2, known);
  }
  lua_pushboolean(L, true);
  lua_setfield(L, -2, "output");
  const char *nearest = errors_nearest_key(L, -1, name);
  if (nearest != NULL) return errors_fail(L, "%s has no '%s'; did you mean '%s'?", text, name, nearest);
  return errors_fail(L, "%s has no '%s'", text, name);
}

static int read_field(lua_State *L) {
  module *M = module_here(L);
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  const handle *h = self(L, name);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  if (h->alone) { /* a net of one has a net's methods */
    lua_rawgeti(L, LUA_REGISTRYINDEX, M->metatables[MOTH_NET_OBJECT]);
    lua_getfield(L, -1, "methods");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  }
  size_t length = strlen(name), tail = sizeof "_gradient" - 1;
  bool gradient = length > tail && strcmp(name + length - tail, "_gradient") == 0;
  if (strcmp(name, "output") == 0) return push_output(L, M, h);
  if (names_parameter(h, name, length)) return push_view(L, M, h, moth_net_parameter, name);
  if (names_buffer(h, name)) return push_view(L, M, h, moth_net_buffer, name);
  if (gradient && names_parameter(h, name, length - tail)) {
    return push_view(L, M, h, moth_net_gradient, lua_pushlstring(L, name, length - tail));
  }
  return unknown_field(L, M, h, name);
}

static int write_field(lua_State *L) {
  module *M = module_here(L);
  const handle *h = self(L, "weight");
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
  if (!names_parameter(h, name, strlen(name)) && !names_buffer(h, name)) return unknown_field(L, M, h, name);
  return errors_fail(L, "%s: %s is a view of the net's parameters; net[%d].%s:copy_(v) writes them", describe(L, M, h), name, h->layer + 1,
                     name);
}

/* ---- Methods ---- */

static int augmented(lua_State *L) {
  const handle *h = self(L, "augmented()");
  return push_view(L, module_here(L), h, moth_net_parameter, "augmented");
}

static bool same_shape(const moth_tensor *a, const moth_tensor *b) {
  bool same = moth_tensor_rank(a) == moth_tensor_rank(b);
  for (int i = 0; same && i < moth_tensor_rank(a); i++) same = moth_tensor_shape(a)[i] == moth_tensor_shape(b)[i];
  return same;
}

/* layer:set_augmented(M): M is [inputs+1, units], the bias last */
static int set_augmented(lua_State *L) {
  module *M = module_here(L);
  const handle *h = self(L, "set_augmented(M)");
  push_view(L, M, h, moth_net_parameter, "augmented");
  int at = lua_gettop(L);
  moth_tensor *view = handle_tensor(L, at);
  moth_tensor *given = tensor_argument(L, M, 2, moth_net_dtype(h->object), "set_augmented", "the matrix");
  if (!same_shape(view, given)) {
    const char *want = handle_describe(L, at), *got = handle_describe(L, at + 1), *text = describe(L, M, h);
    return errors_fail(L, "set_augmented: %s takes %s, got %s", text, want, got);
  }
  moth_value inputs[2] = { operation_value(view), operation_value(given) };
  operation_apply(L, M, "copy_", true, inputs, 2, NULL);
  lua_settop(L, 1);
  return 1;
}

typedef const char *(*view_name)(const moth_net *net, int layer, int index);

/* Views of all parameters (or buffers) of both layers, pairwise on the stack; names and shapes must agree. */
static int push_pairs(lua_State *L, module *M, const handle *to, const handle *from, view_name name_at, named_view function) {
  int count = 0;
  for (;; count++) {
    const char *a = name_at(to->object, to->layer, count), *b = name_at(from->object, from->layer, count);
    if (a == NULL && b == NULL) return count;
    bool same = a != NULL && b != NULL && strcmp(a, b) == 0;
    luaL_checkstack(L, 8, NULL);
    if (same) {
      push_view(L, M, to, function, a);
      push_view(L, M, from, function, a);
      same = same_shape(handle_tensor(L, -2), handle_tensor(L, -1));
    }
    if (!same) {
      const char *mine = describe(L, M, to), *other = describe(L, M, from);
      errors_fail(L, "copy_: %s and %s hold different parameters", mine, other);
    }
  }
}

static void copy_pairs(lua_State *L, module *M, int first, int count) {
  for (int i = 0; i < count; i++) {
    moth_value inputs[2] = { operation_value(handle_tensor(L, first + 2 * i)), operation_value(handle_tensor(L, first + 2 * i + 1)) };
    operation_apply(L, M, "copy_", true, inputs, 2, NULL);
  }
}

/* layer:copy_(other) takes over the other's parameters and buffers. */
static int copy(lua_State *L) {
  module *M = module_here(L);
  const handle *to = self(L, "copy_(layer)");
  handle_argument(L, M, 2, HANDLE_LAYER, "copy_");
  const handle *from = handle_at(L, 2);
  int first = lua_gettop(L) + 1;
  int count = push_pairs(L, M, to, from, moth_net_parameter_name, moth_net_parameter);
  count += push_pairs(L, M, to, from, moth_net_buffer_name, moth_net_buffer);
  copy_pairs(L, M, first, count);
  lua_settop(L, 1);
  return 1;
}

static int to_text(lua_State *L) {
  const handle *h = handle_at(L, 1);
  if (h == NULL || h->kind != HANDLE_LAYER || h->object == NULL) return handle_describe(L, 1), 1;
  module *M = module_here(L);
  if (!h->alone) return describe(L, M, h), 1;
  moth_layer_info info;
  char text[200];
  errors_check(L, M, moth_net_layer(M->m, h->object, 0, &info));
  moth_part_text(info.part, text, sizeof text);
  lua_pushstring(L, text);
  return 1;
}

/* layer(x): as a net's, where it is alone */
static int call_layer(lua_State *L) {
  const handle *h = self(L, "predict(x)");
  if (!h->alone) return errors_fail(L, "%s is part of a net; net:predict(x) runs it", describe(L, module_here(L), h));
  lua_getfield(L, 1, "predict");
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

void layer_open(lua_State *L, module *M) {
  const luaL_Reg methods[] = { { "augmented", augmented }, { "set_augmented", set_augmented }, { "copy_", copy }, { NULL, NULL } };
  const luaL_Reg metamethods[] = { { "__newindex", write_field }, { "__tostring", to_text }, { "__call", call_layer }, { NULL, NULL } };
  lua_newtable(L);
  module_functions(L, M, metamethods);
  lua_pushlightuserdata(L, M);
  lua_newtable(L);
  module_functions(L, M, methods);
  lua_pushcclosure(L, read_field, 2);
  lua_setfield(L, -2, "__index");
  handle_metatable(L, M, HANDLE_LAYER);
}
