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

/* Generators have neither fields nor methods: what draws takes them as gen. */
static int refuse_read(lua_State *L) {
  if (lua_type(L, 2) != LUA_TSTRING) return errors_fail(L, "a generator is not indexed by %s", handle_describe(L, 2));
  const char *name = lua_tostring(L, 2), *hint = foreign_drawing(L, module_here(L), name);
  return errors_fail(L, "a generator has no '%s'%s%s", name, hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

void generator_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "generator", create }, { NULL, NULL } };
  const luaL_Reg metamethods[] = { { "__tostring", to_text }, { "__index", refuse_read }, { NULL, NULL } };
  module_functions(L, M, functions);
  lua_newtable(L);
  module_functions(L, M, metamethods);
  handle_metatable(L, M, MOTH_GENERATOR_OBJECT);
}
