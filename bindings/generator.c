/* generator.c: moth.generator(seed): a sequence of random numbers of its own, for gen=. */
#include "binding.h"

static int create(lua_State *L) {
  module *M = module_here(L);
  int64_t seed = options_whole(L, 1, "generator", "the seed");
  handle *h = handle_new(L, M, MOTH_GENERATOR_OBJECT, 0);
  moth_generator *generator = NULL;
  errors_check(L, M, moth_generator_create(M->m, (uint64_t)seed, &generator));
  h->object = generator;
  handle_register(L, -1);
  return 1;
}

static int to_text(lua_State *L) {
  const moth_generator *generator = handle_object(L, 1, MOTH_GENERATOR_OBJECT);
  if (generator == NULL) return handle_describe(L, 1), 1;
  lua_pushfstring(L, "generator(%I), at %I", (LUAI_UACINT)moth_generator_seed(generator), (LUAI_UACINT)moth_generator_position(generator));
  return 1;
}

void generator_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "generator", create }, { NULL, NULL } };
  const luaL_Reg metamethods[] = { { "__tostring", to_text }, { NULL, NULL } };
  module_functions(L, M, functions);
  lua_newtable(L);
  module_functions(L, M, metamethods);
  handle_metatable(L, M, MOTH_GENERATOR_OBJECT);
}
