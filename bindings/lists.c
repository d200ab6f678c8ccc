/* lists.c: lists of tensors that the engine gives become tables. Until each has a userdata of its own they belong to a block with a __gc,
 * so that an error of Lua's half-way leaks nothing. */
#include "binding.h"

static const char list_key; /* its address is a registry key */

typedef struct list { moth *m; moth_value value; int64_t next; } list;

static void list_free(list *l) {
  if (l->value.kind != MOTH_TENSORS_VALUE) return;
  moth_tensor *last = NULL; /* keeps the context until the list itself is given back */
  for (int64_t i = 0; i < l->value.as.list.count && last == NULL; i++) last = l->value.as.list.items[i];
  if (last != NULL) moth_retain(last);
  moth_value_release(l->m, &l->value);
  moth_release(last);
}

static int list_close(lua_State *L) {
  list *l = lua_touserdata(L, 1);
  if (l != NULL && lua_rawlen(L, 1) == sizeof *l) list_free(l);
  return 0;
}

void lists_push(lua_State *L, module *M) {
  list *l = lua_newuserdatauv(L, sizeof *l, 0);
  *l = (list){ .m = M->m };
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &list_key) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, list_close);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &list_key);
  }
  lua_setmetatable(L, -2);
}

void lists_fill(lua_State *L, int index, moth_value *result) {
  list *l = lua_touserdata(L, index);
  l->value = *result;
}

void lists_push_table(lua_State *L, module *M, int index) {
  list *l = lua_touserdata(L, index);
  int64_t count = l->value.as.list.count;
  luaL_checkstack(L, 8, NULL);
  lua_createtable(L, count < INT32_MAX ? (int)count : 0, 0);
  for (int64_t i = 0; i < count; i++) {
    handle *h = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
    h->object = l->value.as.list.items[i];
    l->value.as.list.items[i] = NULL;
    lua_rawseti(L, -2, i + 1);
  }
  moth_value_release(l->m, &l->value);
  handle_pressure(L, M);
}
