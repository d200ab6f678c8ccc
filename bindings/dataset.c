/* dataset.c: data sets: made from tensors, read from files, split and selected. */
#include "binding.h"

#include <string.h>

static moth_dataset *self(lua_State *L, const char *method) { return handle_self(L, module_here(L), MOTH_DATASET_OBJECT, method); }

/* ---- Making ---- */

/* A data set of the options at first..last of the row "dataset"; pushes its userdata. */
static moth_dataset *new_dataset(lua_State *L, module *M, int first, int last, const char *where, const char *argument) {
  option_builder b;
  options_begin(L, M, &b, where, moth_find(M->m, MOTH_FUNCTION, "dataset"));
  options_arguments(&b, first, last, false, NULL);
  handle *h = handle_new(L, M, MOTH_DATASET_OBJECT, 1);
  moth_dataset *data = NULL;
  const moth_option *list = options_end(&b);
  moth_status status = moth_dataset_create(M->m, list, &data);
  if (status != MOTH_OK && argument != NULL) { /* the words of whoever wanted the set */
    const char *text = luaL_gsub(L, moth_message(M->m), "data.", lua_pushfstring(L, "%s.", argument));
    options_give_back(&b);
    errors_fail(L, "%s%s", where, strncmp(text, "dataset", 7) == 0 ? text + 7 : text);
  }
  options_done(&b, status);
  h->object = data;
  handle_register(L, -1);
  lua_pushvalue(L, b.keep);
  lua_setiuservalue(L, -2, 1);
  lua_remove(L, b.keep);
  return data;
}

static int create(lua_State *L) {
  module *M = module_here(L);
  new_dataset(L, M, 1, lua_gettop(L), "dataset", NULL);
  return 1;
}

moth_dataset *dataset_argument(lua_State *L, module *M, int index, const char *where, const char *argument) {
  const handle *h = handle_at(L, index);
  if (h != NULL && h->kind == MOTH_DATASET_OBJECT && h->object != NULL) {
    lua_pushvalue(L, index);
    return h->object;
  }
  if (lua_type(L, index) == LUA_TTABLE) return new_dataset(L, M, index, index, where, strchr(argument, ' ') == NULL ? argument : "data");
  const char *got = handle_describe(L, index);
  if (h != NULL && h->kind == MOTH_DATASET_OBJECT) errors_fail(L, "%s: %s is %s", where, argument, got);
  errors_fail(L, "%s: %s must be a data set or { x, y }, got %s", where, argument, got);
  return NULL;
}

/* ---- Reading ---- */

static int read_file(lua_State *L) {
  module *M = module_here(L);
  const moth_row *row = lua_touserdata(L, lua_upvalueindex(2));
  const char *path = options_string(L, 1, row->name, "the path");
  int last = lua_gettop(L);
  if (last == 1 && strcmp(row->name, "idx") == 0) { /* moth.idx(path): a tensor */
    handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
    moth_tensor *t = NULL;
    errors_check(L, M, moth_read_idx(M->m, path, &t));
    h->object = t;
    handle_pressure(L, M);
    return 1;
  }
  option_builder b;
  options_begin(L, M, &b, row->name, row);
  options_arguments(&b, 2, last, false, NULL);
  if (options_row(row, "dtype") != NULL && !options_has(&b, "dtype")) {
    options_add(&b, "dtype", MOTH_OPTION_TEXT)->as.text = moth_dtype_name(M->dtype);
  }
  handle *h = handle_new(L, M, MOTH_DATASET_OBJECT, 1);
  moth_dataset *data = NULL;
  const moth_option *list = options_end(&b);
  options_done(&b, moth_read(M->m, row->name, path, list, &data));
  h->object = data;
  handle_register(L, -1);
  handle_pressure(L, M);
  return 1;
}

/* ---- Parts ---- */

static handle *new_part(lua_State *L, module *M) { return handle_new(L, M, MOTH_DATASET_OBJECT, 1); }

static int give(lua_State *L, handle *h, moth_dataset *data) {
  h->object = data;
  handle_register(L, -1);
  return 1;
}

/* data:split(0.7, 0.15, 0.15 [, { stratify =, shuffle =, seed = }]) */
static int split(lua_State *L) {
  enum { MOST = 64 };
  module *M = module_here(L);
  const moth_dataset *data = self(L, "split(0.8, 0.2)");
  double fractions[MOST];
  moth_dataset *parts[MOST];
  handle *handles[MOST];
  int count = 0, last = lua_gettop(L);
  while (count < MOST && lua_type(L, count + 2) == LUA_TNUMBER) fractions[count] = lua_tonumber(L, count + 2), count++;
  if (count == 0) {
    const char *got = handle_describe(L, 2);
    return errors_fail(L, "split: takes fractions such as 0.8, 0.2, got %s", got);
  }
  option_builder b;
  options_begin(L, M, &b, "split", moth_find(M->m, MOTH_FUNCTION, "split"));
  options_arguments(&b, count + 2, last, false, NULL);
  luaL_checkstack(L, count + 8, NULL);
  int first = lua_gettop(L) + 1;
  for (int i = 0; i < count; i++) handles[i] = new_part(L, M);
  const moth_option *list = options_end(&b);
  options_done(&b, moth_dataset_split(M->m, data, fractions, count, list, parts));
  for (int i = 0; i < count; i++) handles[i]->object = parts[i];
  for (int i = 0; i < count; i++) handle_register(L, first + i);
  return count;
}

static int shuffle(lua_State *L) {
  module *M = module_here(L);
  const moth_dataset *data = self(L, "shuffle(seed)");
  bool seeded = !lua_isnoneornil(L, 2);
  uint64_t seed = seeded ? (uint64_t)options_whole(L, 2, "shuffle", "the seed") : 0;
  handle *h = new_part(L, M);
  moth_dataset *part = NULL;
  errors_check(L, M, moth_dataset_shuffle(M->m, data, seeded ? &seed : NULL, &part));
  return give(L, h, part);
}

static int take(lua_State *L) {
  module *M = module_here(L);
  const moth_dataset *data = self(L, "take(n)");
  int64_t rows = options_whole(L, 2, "take", "the number of rows");
  handle *h = new_part(L, M);
  moth_dataset *part = NULL;
  errors_check(L, M, moth_dataset_take(M->m, data, rows, &part));
  return give(L, h, part);
}

/* data:select(ids): a tensor or a list of rows */
static int select_rows(lua_State *L) {
  module *M = module_here(L);
  const moth_dataset *data = self(L, "select(ids)");
  moth_tensor *ids = tensor_argument(L, M, 2, MOTH_I64, "select", "ids");
  handle *h = new_part(L, M);
  moth_dataset *part = NULL;
  errors_check(L, M, moth_dataset_select(M->m, data, ids, &part));
  return give(L, h, part);
}

/* ---- Fields ---- */

static bool has_column(const moth_dataset *data, const char *name) {
  const char *column;
  for (int i = 0; (column = moth_dataset_column(data, i)) != NULL; i++) {
    if (strcmp(column, name) == 0) return true;
  }
  return false;
}

static int push_column(lua_State *L, module *M, const moth_dataset *data, const char *name) {
  if (!has_column(data, name)) return lua_pushnil(L), 1;
  handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *t = NULL;
  errors_check(L, M, moth_dataset_tensor(M->m, data, name, &t));
  h->object = t;
  handle_pressure(L, M);
  return 1;
}

static int push_classes(lua_State *L, const moth_dataset *data) {
  int count = moth_dataset_class_count(data);
  if (count == 0 || moth_dataset_class(data, 0) == NULL) return lua_pushnil(L), 1;
  lua_createtable(L, count, 0);
  for (int i = 0; i < count; i++) {
    lua_pushstring(L, moth_dataset_class(data, i));
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static const char *field_at(const void *list, int index) {
  static const char *const fields[] = { "x", "y", "weight", "classes", NULL };
  (void)list;
  return fields[index];
}

static int read_field(lua_State *L) {
  module *M = module_here(L);
  if (lua_type(L, 2) != LUA_TSTRING) {
    return errors_fail(L, "a data set is not indexed by %s; data.x[i] is a sample", handle_describe(L, 2));
  }
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  const char *name = lua_tostring(L, 2);
  const moth_dataset *data = self(L, name);
  if (strcmp(name, "x") == 0 || strcmp(name, "y") == 0 || strcmp(name, "weight") == 0) return push_column(L, M, data, name);
  if (strcmp(name, "classes") == 0) return push_classes(L, data);
  const char *nearest = errors_nearest(name, field_at, NULL);
  if (nearest == NULL) nearest = errors_nearest_key(L, lua_upvalueindex(2), name);
  if (nearest != NULL) return errors_fail(L, "a data set has no '%s'; did you mean '%s'?", name, nearest);
  return errors_fail(L, "a data set has no '%s' (x y weight classes)", name);
}

static int length(lua_State *L) {
  lua_pushinteger(L, moth_dataset_rows(self(L, "take(n)")));
  return 1;
}

static void add_column(lua_State *L, module *M, const moth_dataset *data, const char *name, luaL_Buffer *text) {
  moth_dtype dtype;
  moth_shape sample;
  if (moth_dataset_column_info(M->m, data, name, &dtype, &sample) != MOTH_OK) return;
  lua_pushfstring(L, "   %s %s[", name, moth_dtype_name(dtype));
  luaL_addvalue(text);
  for (int i = 0; i < sample.rank; i++) {
    lua_pushfstring(L, i > 0 ? ",%I" : "%I", (LUAI_UACINT)sample.size[i]);
    luaL_addvalue(text);
  }
  luaL_addstring(text, "]");
}

/* data  1797 rows   x f32[64]   y i64[]   10 classes, then the first rows */
static int to_text(lua_State *L) {
  const moth_dataset *data = handle_object(L, 1, MOTH_DATASET_OBJECT);
  if (data == NULL) return handle_describe(L, 1), 1;
  module *M = module_here(L);
  luaL_Buffer text;
  const char *column;
  luaL_buffinit(L, &text);
  lua_pushfstring(L, "data  %I row%s", (LUAI_UACINT)moth_dataset_rows(data), moth_dataset_rows(data) == 1 ? "" : "s");
  luaL_addvalue(&text);
  for (int i = 0; (column = moth_dataset_column(data, i)) != NULL; i++) add_column(L, M, data, column, &text);
  if (moth_dataset_class_count(data) > 0) {
    lua_pushfstring(L, "   %d classes", moth_dataset_class_count(data));
    luaL_addvalue(&text);
  }
  luaL_pushresult(&text);
  helpers_push(L, "data_rows"); /* the first rows, as lines */
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  lua_concat(L, 2);
  return 1;
}

/* ---- Class numbers ---- */

/* moth.classes of a tensor → class numbers, values in order */
static int classes(lua_State *L) {
  module *M = module_here(L);
  const moth_tensor *y = handle_argument(L, M, 1, MOTH_TENSOR_OBJECT, "classes");
  handle *numbers = handle_new(L, M, MOTH_TENSOR_OBJECT, 0), *values = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *a = NULL, *b = NULL;
  errors_check(L, M, moth_classes(M->m, y, &a, &b));
  numbers->object = a;
  values->object = b;
  return 2;
}

static void add_readers(lua_State *L, module *M) {
  const moth_row *row;
  for (int i = 0; (row = moth_catalog(M->m, MOTH_READER, i)) != NULL; i++) {
    lua_pushlightuserdata(L, M);
    lua_pushlightuserdata(L, (void *)row);
    lua_pushcclosure(L, read_file, 2);
    lua_setfield(L, -2, row->name);
  }
}

void dataset_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "dataset", create }, { "classes", classes }, { NULL, NULL } };
  const luaL_Reg methods[] = { { "split", split }, { "shuffle", shuffle }, { "take", take }, { "select", select_rows }, { NULL, NULL } };
  const luaL_Reg metamethods[] = { { "__len", length }, { "__tostring", to_text }, { NULL, NULL } };
  module_functions(L, M, functions);
  add_readers(L, M);
  lua_newtable(L);
  module_functions(L, M, metamethods);
  lua_newtable(L);
  module_functions(L, M, methods);
  batches_open(L, M);
  lua_pushlightuserdata(L, M);
  lua_insert(L, -2);
  lua_pushcclosure(L, read_field, 2);
  lua_setfield(L, -2, "__index");
  handle_metatable(L, M, MOTH_DATASET_OBJECT);
}
