/* batches.c: for x, y in data:batches{ size = 32, shuffle = true } do … end. The iterator is the loop's closing value, so that break
 * gives its buffers back at once. */
#include "binding.h"

/* next batch: x, y, or nil at the end */
static int next_batch(lua_State *L) {
  module *M = module_here(L);
  moth_batches *batches = handle_object(L, lua_upvalueindex(2), MOTH_BATCHES_OBJECT);
  if (batches == NULL) return errors_fail(L, "batches: the batch iterator is closed");
  handle *x = handle_new(L, M, MOTH_TENSOR_OBJECT, 0), *y = handle_new(L, M, MOTH_TENSOR_OBJECT, 0);
  moth_tensor *a = NULL, *b = NULL;
  errors_check(L, M, moth_batches_next(M->m, batches, &a, &b));
  x->object = a;
  y->object = b;
  handle_pressure(L, M);
  if (a == NULL) return lua_pushnil(L), 1;
  if (b == NULL) lua_pop(L, 1);
  return b == NULL ? 1 : 2;
}

static int create(lua_State *L) {
  module *M = module_here(L);
  const moth_dataset *data = handle_self(L, M, MOTH_DATASET_OBJECT, "batches{ size = 32 }");
  option_builder b;
  int last = lua_gettop(L);
  options_begin(L, M, &b, "batches", moth_find(M->m, MOTH_FUNCTION, "batches"));
  options_arguments(&b, 2, last, false, NULL);
  if (M->dtype != MOTH_F32 && !options_has(&b, "dtype")) options_add(&b, "dtype", MOTH_OPTION_TEXT)->as.text = moth_dtype_name(M->dtype);
  handle *h = handle_new(L, M, MOTH_BATCHES_OBJECT, 1);
  int at = lua_gettop(L);
  moth_batches *batches = NULL;
  const moth_option *list = options_end(&b);
  options_done(&b, moth_dataset_batches(M->m, data, list, &batches));
  h->object = batches;
  handle_register(L, at);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, at, 1);
  lua_pushlightuserdata(L, M);
  lua_pushvalue(L, at);
  lua_pushcclosure(L, next_batch, 2);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, at);
  return 4;
}

void batches_open(lua_State *L, module *M) {
  const luaL_Reg methods[] = { { "batches", create }, { NULL, NULL } };
  module_functions(L, M, methods);
  lua_newtable(L);
  handle_metatable(L, M, MOTH_BATCHES_OBJECT);
}
