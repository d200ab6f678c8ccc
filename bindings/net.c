/* net.c: networks: building, passes over a batch or one sample, layers, files. */
#include "binding.h"

#include <math.h>
#include <string.h>

moth_net *net_self(lua_State *L, module *M, const char *method) {
  const handle *h = handle_at(L, 1);
  if (h != NULL && h->kind == HANDLE_LAYER && h->alone && h->object != NULL) return h->object;
  return handle_self(L, M, MOTH_NET_OBJECT, method);
}

/* ---- Building ---- */

static int create(lua_State *L) {
  module *M = module_here(L);
  const moth_row *row = moth_find(M->m, MOTH_FUNCTION, "net");
  option_builder b;
  int last = lua_gettop(L);
  options_begin(L, M, &b, "net", row);
  options_arguments(&b, 1, last, false, NULL);
  const char *origin = options_has(&b, "origin") ? NULL : errors_origin(L);
  if (origin != NULL) options_add(&b, "origin", MOTH_OPTION_TEXT)->as.text = origin;
  if (!options_has(&b, "dtype")) options_add(&b, "dtype", MOTH_OPTION_TEXT)->as.text = moth_dtype_name(M->dtype);
  handle *h = handle_new(L, M, MOTH_NET_OBJECT, 2);
  moth_net *net = NULL;
  moth_status status;
  const moth_option *list = options_end(&b);
  CALLING(L, M, status, moth_net_create(M->m, list, &net));
  options_done(&b, status);
  h->object = net;
  handle_register(L, -1);
  lua_pushvalue(L, b.keep);
  lua_setiuservalue(L, -2, 1);
  handle_pressure(L, M);
  return 1;
}

/* ---- Samples and batches ---- */

static int64_t count_of(const moth_shape *shape) {
  int64_t count = 1;
  for (int i = 0; i < shape->rank; i++) count *= shape->size[i];
  return count;
}

/* Whether t is one sample of this shape rather than a batch of them. */
static bool is_bare(const moth_tensor *t, const moth_shape *sample) {
  int rank = moth_tensor_rank(t);
  const int64_t *size = moth_tensor_shape(t);
  bool same = rank == sample->rank;
  for (int i = 0; same && i < rank; i++) same = size[i] == sample->size[i];
  if (same) return true;
  int64_t features = count_of(sample), count = moth_tensor_count(t);
  if (rank > 0 && size[0] > 0 && count / size[0] == features) return false;
  if (count > 0 && count == features) return true;
  return rank == sample->rank;
}

/* Replaces the tensor at the top by a view with a first axis of 1; a sample of the right size takes the sample's shape. */
static moth_tensor *add_batch_axis(lua_State *L, module *M, moth_tensor *t, const moth_shape *sample) {
  int64_t shape[MOTH_MAX_RANK + 1] = { 1 };
  bool fits = moth_tensor_count(t) == count_of(sample);
  int rank = fits ? sample->rank : moth_tensor_rank(t);
  for (int i = 0; i < rank; i++) shape[i + 1] = fits ? sample->size[i] : moth_tensor_shape(t)[i];
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *batch = NULL;
  errors_check(L, M, moth_tensor_reshape(M->m, t, rank + 1, shape, &batch));
  h->object = batch;
  lua_remove(L, -2);
  return batch;
}

moth_tensor *net_batch(lua_State *L, module *M, moth_net *net, int index, const char *where, bool *bare) {
  moth_tensor *x = tensor_argument(L, M, index, moth_net_dtype(net), where, "x");
  moth_shape sample = moth_net_input(net);
  *bare = is_bare(x, &sample);
  return *bare ? add_batch_axis(L, M, x, &sample) : x;
}

/* Replaces the tensor at the top by its first row. */
static void drop_batch_axis(lua_State *L, module *M) {
  moth_tensor *t = handle_tensor(L, -1);
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *row = NULL;
  errors_check(L, M, moth_tensor_select(M->m, t, 0, 0, &row));
  h->object = row;
  lua_remove(L, -2);
}

/* ---- Passes ---- */

typedef moth_status (*pass)(moth *m, moth_net *net, const moth_tensor *x, moth_tensor **y);

static bool run_pass(lua_State *L, module *M, moth_net *net, pass function, const char *where) {
  bool bare;
  moth_tensor *x = net_batch(L, M, net, 2, where, &bare), *y = NULL;
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_status status;
  CALLING(L, M, status, function(M->m, net, x, &y));
  if (handle_make_room(L, M, status)) CALLING(L, M, status, function(M->m, net, x, &y));
  errors_check(L, M, status);
  h->object = y;
  handle_pressure(L, M);
  return bare;
}

static int forward(lua_State *L) {
  module *M = module_here(L);
  if (run_pass(L, M, net_self(L, M, "forward(x)"), moth_net_forward, "forward")) drop_batch_axis(L, M);
  return 1;
}

static int predict(lua_State *L) {
  module *M = module_here(L);
  if (run_pass(L, M, net_self(L, M, "predict(x)"), moth_net_predict, "predict")) drop_batch_axis(L, M);
  return 1;
}

static int classify(lua_State *L) {
  module *M = module_here(L);
  bool bare = run_pass(L, M, net_self(L, M, "classify(x)"), moth_net_classify, "classify");
  if (bare) tensor_push_element(L, MOTH_I64, moth_tensor_values(handle_tensor(L, -1)));
  return 1;
}

static const char *one_name(const void *name, int index) { return index == 0 ? name : NULL; }

/* A flag of an options table at the index; other names are refused. */
static bool flag_option(lua_State *L, int index, const char *where, const char *name) {
  if (lua_isnoneornil(L, index)) return false;
  if (lua_type(L, index) != LUA_TTABLE) {
    const char *got = handle_describe(L, index);
    errors_fail(L, "%s: argument %d must be a table of options, got %s", where, index, got);
  }
  bool flag = false;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), name) != 0) options_unknown(L, -2, where, one_name, name);
    if (!lua_isboolean(L, -1)) {
      const char *got = handle_describe(L, -1);
      errors_fail(L, "%s: %s must be true or false, got %s", where, name, got);
    }
    flag = lua_toboolean(L, -1);
  }
  return flag;
}

/* net:backward(dy [, { accumulate = true }]) → dx */
static int backward(lua_State *L) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, "backward(dy)");
  bool accumulate = flag_option(L, 3, "backward", "accumulate");
  moth_tensor *dy = tensor_argument(L, M, 2, moth_net_dtype(net), "backward", "dy"), *dx = NULL;
  moth_shape sample = moth_net_output(net);
  bool bare = is_bare(dy, &sample);
  if (bare) dy = add_batch_axis(L, M, dy, &sample);
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_status status;
  CALLING(L, M, status, moth_net_backward(M->m, net, dy, accumulate, &dx));
  errors_check(L, M, status);
  h->object = dx;
  handle_pressure(L, M);
  if (dx == NULL) return 0;
  if (bare) drop_batch_axis(L, M);
  return 1;
}

/* Whether the table at the index is a flat list of whole numbers. */
static bool is_list_of_integers(lua_State *L, int index) {
  bool all = lua_rawlen(L, index) > 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) all = all && lua_isinteger(L, -1);
  return all;
}

/* The targets of a batch, or of the one sample that was given bare; pushes the tensor. */
static moth_tensor *targets(lua_State *L, module *M, moth_net *net, int index, const char *where, bool bare) {
  moth_shape sample = moth_net_output(net);
  bool several = count_of(&sample) > 1;
  if (lua_isinteger(L, index) && several) { /* a class */
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, 1);
    return tensor_from(L, M, -1, MOTH_I64, where);
  }
  bool classes = several && !bare && lua_istable(L, index) && is_list_of_integers(L, index);
  moth_tensor *t = tensor_argument(L, M, index, classes ? MOTH_I64 : moth_net_dtype(net), where, "the target");
  bool whole = bare && (moth_tensor_rank(t) == sample.rank || moth_tensor_count(t) == count_of(&sample));
  bool has_axis = moth_tensor_rank(t) == sample.rank + 1 || moth_tensor_dtype(t) == MOTH_I64;
  return whole && !has_axis ? add_batch_axis(L, M, t, &sample) : t;
}

/* net:backprop(x, t, loss) → value */
static int backprop(lua_State *L) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, "backprop(x, t, loss)");
  bool bare;
  moth_part *loss = part_argument(L, M, 4, 1u << MOTH_LOSS, "backprop", "the loss");
  moth_tensor *x = net_batch(L, M, net, 2, "backprop", &bare);
  moth_tensor *t = targets(L, M, net, 3, "backprop", bare);
  double value;
  moth_status status;
  CALLING(L, M, status, moth_net_backprop(M->m, net, x, t, loss, &value));
  errors_check(L, M, status);
  lua_pushnumber(L, value);
  return 1;
}

/* ---- Evaluating ---- */

/* The list at `names` as parts in `parts`; their userdata are kept in the table at the top. */
static int read_metrics(lua_State *L, module *M, int names, const moth_part **parts, int most) {
  if (lua_type(L, names) != LUA_TTABLE) {
    parts[0] = part_argument(L, M, names, 1u << MOTH_METRIC | 1u << MOTH_LOSS, "evaluate", "argument 3");
    lua_rawseti(L, -2, 1);
    return 1;
  }
  int64_t n = options_length(L, names, "evaluate");
  if (n > most) errors_fail(L, "evaluate: at most %d names, got %I", most, (LUAI_UACINT)n);
  for (int i = 0; i < n; i++) {
    lua_rawgeti(L, names, i + 1);
    parts[i] = part_argument(L, M, lua_gettop(L), 1u << MOTH_METRIC | 1u << MOTH_LOSS, "evaluate", "an entry");
    lua_rawseti(L, -3, i + 1);
    lua_pop(L, 1);
  }
  return (int)n;
}

/* Functions among the names: each gets all predictions and targets at once. */
static void call_metrics(lua_State *L, module *M, moth_net *net, int data, int names, int results) {
  int top = lua_gettop(L);
  if (lua_type(L, names) != LUA_TTABLE) return;
  for (lua_pushnil(L); lua_next(L, names); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    if (lua_type(L, -1) != LUA_TFUNCTION) {
      errors_fail(L, "evaluate: %s must be a function, got %s", lua_tostring(L, -2), handle_describe(L, -1));
    }
    lua_pushvalue(L, -1);
    lua_getfield(L, data, "x");
    handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
    moth_tensor *p = NULL;
    errors_check(L, M, moth_net_predict(M->m, net, handle_tensor(L, -2), &p));
    h->object = p;
    lua_remove(L, -2);
    lua_getfield(L, data, "y");
    lua_call(L, 2, 1);
    lua_pushvalue(L, -3);
    lua_insert(L, -2);
    lua_rawset(L, results);
  }
  lua_settop(L, top);
}

/* net:evaluate(data, { names }) → { name = value } */
static int evaluate(lua_State *L) {
  enum { MOST = 64 };
  module *M = module_here(L);
  moth_net *net = net_self(L, M, "evaluate(data, names)");
  const moth_part *parts[MOST];
  double values[MOST];
  lua_settop(L, 3);
  moth_dataset *data = dataset_argument(L, M, 2, "evaluate", "argument 2");
  lua_newtable(L); /* at 5: keeps the parts */
  int count = read_metrics(L, M, 3, parts, MOST);
  if (count > 0) {
    moth_status status;
    CALLING(L, M, status, moth_net_evaluate(M->m, net, data, parts, count, values));
    errors_check(L, M, status);
  }
  lua_createtable(L, 0, count);
  for (int i = 0; i < count; i++) {
    lua_pushnumber(L, values[i]);
    lua_setfield(L, -2, moth_part_row(parts[i])->name);
  }
  call_metrics(L, M, net, 4, 3, 6);
  return 1;
}

/* ---- Parameters ---- */

static const char *clip_name(const void *list, int index) {
  static const char *const names[] = { "norm", "order", "value", NULL };
  (void)list;
  return names[index];
}

static double positive(lua_State *L, int index, const char *name) {
  if (lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) > 0) return lua_tonumber(L, index);
  const char *got = handle_describe(L, index);
  return errors_fail(L, "clip: %s must be a number > 0, got %s", name, got);
}

/* net:clip(norm | { norm =, order = } | { value = }) → the norm before */
static int clip(lua_State *L) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, "clip(norm)");
  moth_clip c = { .order = 2 };
  if (lua_type(L, 2) != LUA_TTABLE) {
    c.norm = positive(L, 2, "norm");
  } else {
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
      const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";
      if (strcmp(name, "norm") == 0) c.norm = positive(L, -1, name);
      else if (strcmp(name, "order") == 0) c.order = positive(L, -1, name);
      else if (strcmp(name, "value") == 0) c.value = positive(L, -1, name);
      else return options_unknown(L, -2, "clip", clip_name, NULL);
    }
    if ((c.norm > 0) == (c.value > 0)) return errors_fail(L, "clip takes norm or value, got %s", c.norm > 0 ? "both" : "neither");
  }
  double before;
  errors_check(L, M, moth_net_clip(M->m, net, &c, &before));
  lua_pushnumber(L, before);
  return 1;
}

static int fail_layer(lua_State *L, int index, int count) {
  lua_pushvalue(L, index);
  return errors_fail(L, "index %s: layers of the net are 1..%d or -%d..-1", lua_tostring(L, -1), count, count);
}

/* The layer that a number names; -1 for the border, where it is allowed. */
static int layer_number(lua_State *L, const moth_net *net, int index, const char *where, bool border) {
  int count = moth_net_layers(net);
  int64_t i = options_whole(L, index, where, "the layer");
  if (i >= 1 && i <= count) return (int)i - 1;
  if (i < 0 && i >= -count) return (int)i + count;
  if (border && i == count + 1) return -1;
  return fail_layer(L, index, count);
}

static int set_frozen(lua_State *L, const char *method, bool frozen) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, method);
  errors_check(L, M, moth_net_freeze(M->m, net, layer_number(L, net, 2, frozen ? "freeze" : "unfreeze", false), frozen));
  return 0;
}

static int freeze(lua_State *L) { return set_frozen(L, "freeze(i)", true); }
static int unfreeze(lua_State *L) { return set_frozen(L, "unfreeze(i)", false); }

typedef moth_status (*flat_view)(moth *m, moth_net *net, moth_tensor **view);

static int push_flat(lua_State *L, const char *method, flat_view function) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, method);
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *view = NULL;
  errors_check(L, M, function(M->m, net, &view));
  h->object = view;
  return 1;
}

static int parameters(lua_State *L) { return push_flat(L, "parameters()", moth_net_parameters); }
static int gradients(lua_State *L) { return push_flat(L, "gradients()", moth_net_gradients); }

/* ---- Copies and files ---- */

/* The userdata of the net behind argument 1, pushed: a layer alone stands on one. */
static void push_net(lua_State *L) {
  const handle *h = handle_at(L, 1);
  if (h != NULL && h->kind == HANDLE_LAYER) lua_getiuservalue(L, 1, 1);
  else lua_pushvalue(L, 1);
}

static int clone(lua_State *L) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, "clone()"), *copy = NULL;
  handle *h = handle_new(L, M, MOTH_NET_OBJECT, 2);
  errors_check(L, M, moth_net_clone(M->m, net, &copy));
  h->object = copy;
  handle_register(L, -1);
  push_net(L);
  lua_getiuservalue(L, -1, 1); /* its layers are the same descriptions, with the same functions */
  lua_setiuservalue(L, -3, 1);
  lua_pop(L, 1);
  return 1;
}

static int save(lua_State *L) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, "save(path)");
  errors_check(L, M, moth_net_save(M->m, net, options_string(L, 2, "save", "the path")));
  return 0;
}

static int load(lua_State *L) {
  module *M = module_here(L);
  moth_net *net = net_self(L, M, "load(path)");
  bool partial = flag_option(L, 3, "load", "partial");
  errors_check(L, M, moth_net_load(M->m, net, options_string(L, 2, "load", "the path"), partial));
  return 0;
}

static int load_net(lua_State *L) {
  module *M = module_here(L);
  const char *path = options_string(L, 1, "load_net", "the path");
  handle *h = handle_new(L, M, MOTH_NET_OBJECT, 2);
  moth_net *net = NULL;
  errors_check(L, M, moth_net_open(M->m, path, &net));
  h->object = net;
  handle_register(L, -1);
  return 1;
}

static int train(lua_State *L) {
  module *M = module_here(L);
  net_self(L, M, "train(options)");
  lua_settop(L, 2);
  push_net(L);
  return trainer_train(L, M, 2, 3);
}

/* ---- Text and layers ---- */

/* Bytes of the engine's on their way into a Lua string. */
typedef struct bytes { moth *m; char *text; size_t size; } bytes;
static const char bytes_type[] = "moth.bytes";

static int free_bytes(lua_State *L) {
  bytes *b = luaL_checkudata(L, 1, bytes_type);
  if (b->text != NULL) moth_free(b->m, b->text, b->size);
  b->text = NULL;
  return 0;
}

static int push_text(lua_State *L, module *M, const moth_net *net, bool chosen) {
  bytes *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (bytes){ .m = M->m };
  luaL_setmetatable(L, bytes_type);
  char *text = NULL;
  errors_check(L, M, moth_net_text(M->m, net, chosen, &text, &b->size));
  b->text = text;
  size_t length = strnlen(text, b->size);
  while (length > 0 && text[length - 1] == '\n') length--;
  lua_pushlstring(L, text, length);
  b->text = NULL;
  moth_free(M->m, text, b->size);
  return 1;
}

static int summary(lua_State *L) {
  module *M = module_here(L);
  return push_text(L, M, net_self(L, M, "summary()"), true);
}

static int to_text(lua_State *L) {
  const moth_net *net = handle_object(L, 1, MOTH_NET_OBJECT);
  if (net == NULL) return handle_describe(L, 1), 1;
  return push_text(L, module_here(L), net, false);
}

static int length(lua_State *L) {
  lua_pushinteger(L, moth_net_layers(handle_self(L, module_here(L), MOTH_NET_OBJECT, "summary()")));
  return 1;
}

/* What other libraries' nets have as fields. */
static const char *field_hint(const char *name) {
  static const char *const words[] = { "weight", "weights", "bias", "biases" };
  if (strcmp(name, "layers") == 0) return "; net[i] is a layer, #net counts them";
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(name, words[i]) == 0) return "; they are the layers': net[1].weight, net[1].bias, all in net:parameters()";
  }
  return NULL;
}

static int read_field(lua_State *L) {
  module *M = module_here(L);
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
    const char *name = lua_tostring(L, 2), *nearest = errors_nearest_key(L, lua_upvalueindex(2), name);
    const char *hint = field_hint(name);
    if (hint != NULL) return errors_fail(L, "a net has no '%s'%s", name, hint);
    if (nearest != NULL) return errors_fail(L, "a net has no '%s'; did you mean '%s'?", name, nearest);
    return errors_fail(L, "a net has no '%s'", name);
  }
  const moth_net *net = handle_self(L, M, MOTH_NET_OBJECT, "index");
  int layer = layer_number(L, net, 2, "index", true);
  if (layer < 0) lua_pushnil(L);
  else layer_push(L, M, 1, layer, false);
  return 1;
}

static int write_field(lua_State *L) {
  return errors_fail(L, "a net's fields cannot be set; net[i]:copy_(layer) takes over weights");
}

static const luaL_Reg net_methods[] = {
  { "forward", forward }, { "predict", predict }, { "classify", classify }, { "backward", backward }, { "backprop", backprop },
  { "evaluate", evaluate }, { "clip", clip }, { "freeze", freeze }, { "unfreeze", unfreeze }, { "parameters", parameters },
  { "gradients", gradients }, { "clone", clone }, { "save", save }, { "load", load }, { "train", train }, { "summary", summary },
  { NULL, NULL }
};

void net_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "net", create }, { "load_net", load_net }, { NULL, NULL } };
  const luaL_Reg metamethods[] = {
    { "__call", predict }, { "__len", length }, { "__tostring", to_text }, { "__newindex", write_field }, { NULL, NULL }
  };
  luaL_newmetatable(L, bytes_type);
  lua_pushcfunction(L, free_bytes);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  module_functions(L, M, functions);
  lua_newtable(L);
  module_functions(L, M, metamethods);
  lua_newtable(L);
  module_functions(L, M, net_methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "methods"); /* for layers that are alone */
  lua_pushlightuserdata(L, M);
  lua_insert(L, -2);
  lua_pushcclosure(L, read_field, 2);
  lua_setfield(L, -2, "__index");
  handle_metatable(L, M, MOTH_NET_OBJECT);
}
