/* files.c: moth.load and moth.save: tensors in .npy, .npz, .safetensors, CSV and IDX files. */
#include "binding.h"

#include <stdlib.h>
#include <string.h>

/* ---- load ---- */

typedef struct loaded { module *M; moth_named_tensor *items; int64_t count; } loaded;

/* What the file holds, on the stack: a tensor, or a table of them by name. Protected, so that the list is freed whatever happens. */
static int push_loaded(lua_State *L) {
  const loaded *from = lua_touserdata(L, 1);
  bool is_named = from->count != 1 || from->items[0].name != NULL;
  if (!is_named) {
    handle_push(L, from->M, from->items[0].tensor, MOTH_TENSOR_OBJECT);
    return 1;
  }
  lua_createtable(L, 0, from->count < 1 << 20 ? (int)from->count : 0);
  for (int64_t i = 0; i < from->count; i++) {
    handle_push(L, from->M, from->items[i].tensor, MOTH_TENSOR_OBJECT);
    lua_setfield(L, -2, from->items[i].name);
  }
  return 1;
}

static const char *load_option(const void *list, int index) { return (void)list, index == 0 ? "mmap" : NULL; }

static bool asks_for_mapping(lua_State *L) {
  if (lua_isnoneornil(L, 2)) return false;
  if (lua_type(L, 2) != LUA_TTABLE) {
    const char *got = handle_describe(L, 2);
    errors_fail(L, "load: argument 2 must be a table of options, got %s", got);
  }
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || strcmp(lua_tostring(L, -2), "mmap") != 0) options_unknown(L, -2, "load", load_option, NULL);
    if (lua_type(L, -1) == LUA_TBOOLEAN) continue;
    const char *got = handle_describe(L, -1);
    errors_fail(L, "load: mmap must be true or false, got %s", got);
  }
  lua_pushliteral(L, "mmap");
  lua_rawget(L, 2);
  bool asked = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return asked;
}

/* Numbers of a text file have no dtype of their own: they get the one of what is made without saying. */
static void take_default_dtype(lua_State *L, module *M, const char *path) {
  size_t length = strlen(path);
  if (length > 3 && strcmp(path + length - 3, ".gz") == 0) length -= 3;
  moth_tensor *t = handle_tensor(L, -1);
  if (t == NULL || length < 4 || memcmp(path + length - 4, ".csv", 4) != 0 || M->dtype == MOTH_F64) return;
  moth_value input = operation_value(t);
  const moth_option options[] = { MOTH_TEXT("dtype", moth_dtype_name(M->dtype)), MOTH_END };
  operation_apply(L, M, "to", false, &input, 1, options);
}

/* moth.load(path [, { mmap = true }]) */
static int load(lua_State *L) {
  module *M = module_here(L);
  const char *path = options_string(L, 1, "load", "the path");
  bool mapped = asks_for_mapping(L);
  loaded from = { .M = M };
  moth_status status;
  lua_pushcfunction(L, push_loaded);
  lua_pushlightuserdata(L, &from);
  TRYING(L, M, status, moth_load(M->m, path, mapped, &from.items, &from.count));
  errors_check(L, M, status);
  int pushed = lua_pcall(L, 1, 1, 0);
  moth_load_free(M->m, from.items, from.count);
  if (pushed != LUA_OK) return lua_error(L);
  take_default_dtype(L, M, path);
  return 1;
}

/* ---- save ---- */

static int by_name(const void *a, const void *b) {
  return strcmp(((const moth_named_tensor *)a)->name, ((const moth_named_tensor *)b)->name);
}

static void check_name(lua_State *L, int key) {
  if (lua_type(L, key) == LUA_TSTRING) {
    if (strlen(lua_tostring(L, key)) == lua_rawlen(L, key)) return;
    errors_fail(L, "save: a name holds a byte 0");
  }
  const char *got = handle_describe(L, key);
  errors_fail(L, "save: names must be strings, got %s\n  { w = t } names t w", got);
}

static moth_tensor *named_tensor(lua_State *L, int key, int value) {
  const handle *h = handle_at(L, value);
  if (h != NULL && h->kind == MOTH_TENSOR_OBJECT && h->object != NULL) return h->object;
  const char *got = handle_describe(L, value);
  errors_fail(L, "save: '%s' must be a tensor, got %s", lua_tostring(L, key), got);
  return NULL;
}

/* The table at 2 as a list in name order, in a block of Lua's that is left on the stack. */
static moth_named_tensor *collect(lua_State *L, int64_t *count) {
  int64_t n = 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) n++;
  moth_named_tensor *items = lua_newuserdatauv(L, (size_t)(n > 0 ? n : 1) * sizeof *items, 0);
  int64_t at = 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    int value = lua_gettop(L);
    check_name(L, value - 1);
    items[at++] = (moth_named_tensor){ .name = lua_tostring(L, value - 1), .tensor = named_tensor(L, value - 1, value) };
  }
  if (n > 0) qsort(items, (size_t)n, sizeof *items, by_name);
  *count = n;
  return items;
}

/* .npy and .csv hold one tensor: a list is taken for its values. */
static void refuse_list(lua_State *L, const char *path) {
  size_t length = strlen(path);
  if (length > 3 && strcmp(path + length - 3, ".gz") == 0) length -= 3;
  bool holds_one = length >= 4 && (memcmp(path + length - 4, ".npy", 4) == 0 || memcmp(path + length - 4, ".csv", 4) == 0);
  if (!holds_one || lua_rawlen(L, 2) == 0) return;
  errors_fail(L, "save: '%s' holds one tensor, got a list\n  moth.tensor{ 1, 2, 3 } makes one of numbers, moth.stack(list) of tensors",
              path);
}

/* moth.save(path, t | { name = t }) */
static int save(lua_State *L) {
  module *M = module_here(L);
  if (handle_tensor(L, 1) != NULL) return errors_fail(L, "save: the path comes first, moth.save(path, t)");
  const char *path = options_string(L, 1, "save", "the path");
  moth_named_tensor one = { .tensor = handle_tensor(L, 2) };
  int64_t count = 1;
  const moth_named_tensor *items = &one;
  if (one.tensor == NULL) {
    if (lua_type(L, 2) != LUA_TTABLE) {
      const char *got = handle_describe(L, 2);
      return errors_fail(L, "save: takes a tensor or a table { name = tensor }, got %s", got);
    }
    refuse_list(L, path);
    items = collect(L, &count);
  }
  moth_status status;
  TRYING(L, M, status, moth_save(M->m, path, items, count));
  errors_check(L, M, status);
  return 0;
}

void files_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "load", load }, { "save", save }, { NULL, NULL } };
  module_functions(L, M, functions);
}
