/* module.c: luaopen_moth: one context, one table and one set of metatables for each lua_State. */
#define _GNU_SOURCE
#include "binding.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static const char module_key, share_key; /* their addresses are registry keys */

enum { SLOT_TABLE = 4, SLOTS = 4 };

module *module_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key);
  module *M = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return M;
}

void module_unlink(module_link *link) {
  if (link != NULL && --link->references == 0) free(link);
}

void module_functions(lua_State *L, module *M, const luaL_Reg *functions) {
  lua_pushlightuserdata(L, M);
  luaL_setfuncs(L, functions, 1);
}

void module_table(lua_State *L, module *M) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, M);
  lua_getiuservalue(L, -1, SLOT_TABLE);
  lua_remove(L, -2);
}

static int module_close(lua_State *L) {
  module *M = lua_touserdata(L, 1);
  if (M == NULL || lua_rawlen(L, 1) != sizeof *M || M->m == NULL) return 0;
  moth *m = M->m;
  M->m = NULL;
  M->L = NULL;
  if (M->link != NULL) M->link->M = NULL;
  module_unlink(M->link);
  M->link = NULL;
  if (M->owned) moth_close(m);
  moth_release(M->anchor);
  M->anchor = NULL;
  return 0;
}

/* ---- Opening ---- */

static int usable_processors(void) {
  cpu_set_t set;
  int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return count < 1 ? 1 : count > 256 ? 256 : count;
}

static uint64_t entropy(void) {
  uint64_t seed;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed) return seed >> 1; /* a Lua integer that is not negative */
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return ((uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 40) >> 1;
}

static uint64_t machine_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

static void open_context(lua_State *L, module *M) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &share_key);
  moth *shared = lua_touserdata(L, -1);
  lua_pop(L, 1);
  moth_status status = MOTH_OK;
  if (shared != NULL) {
    if (moth_index_base(shared) != 1) luaL_error(L, "moth: a context shared with Lua must be opened with index_base = 1");
    M->m = shared;
  } else {
    moth_config config = { .size = sizeof config, .memory_limit = machine_memory(), .threads = usable_processors(), .seed = entropy(),
                           .index_base = 1 };
    status = moth_open(&config, &M->m);
    if (status != MOTH_OK) luaL_error(L, "moth: cannot open a context: %s", moth_status_name(status));
    M->owned = true;
  }
  status = moth_generator_default(M->m, &M->anchor); /* keeps the context's memory until we are done with it */
  if (status != MOTH_OK) luaL_error(L, "%s", moth_message(M->m));
}

static module *new_module(lua_State *L) {
  module *M = lua_newuserdatauv(L, sizeof *M, SLOTS);
  *M = (module){ .dtype = MOTH_F32 };
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, module_close);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, M);
  open_context(L, M);
  M->link = malloc(sizeof *M->link);
  if (M->link == NULL) luaL_error(L, "not enough memory");
  *M->link = (module_link){ .references = 1, .M = M };
  return M;
}

/* ---- Functions of the module itself ---- */

static int set_dtype(lua_State *L) {
  module *M = module_here(L);
  if (lua_isnone(L, 1)) return lua_pushstring(L, moth_dtype_name(M->dtype)), 1;
  moth_dtype dtype;
  bool known = lua_type(L, 1) == LUA_TSTRING && moth_dtype_find(lua_tostring(L, 1), &dtype);
  if (!known || (dtype != MOTH_F32 && dtype != MOTH_F64)) {
    const char *got = handle_describe(L, 1);
    return errors_fail(L, "dtype: the default is 'f32' or 'f64', got %s", got);
  }
  M->dtype = dtype;
  return 0;
}

static int set_seed(lua_State *L) {
  moth_seed(module_here(L)->m, (uint64_t)options_whole(L, 1, "seed", "the seed"));
  return 0;
}

static int set_threads(lua_State *L) {
  module *M = module_here(L);
  if (!lua_isnone(L, 1)) {
    int64_t n = options_whole(L, 1, "threads", "the number of threads");
    if (n < 1 || n > 256) return errors_fail(L, "threads: must be a whole number in [1, 256], got %I", (LUAI_UACINT)n);
    errors_check(L, M, moth_set_threads(M->m, (int)n));
  }
  lua_pushinteger(L, moth_threads(M->m));
  return 1;
}

static int set_limit(lua_State *L) {
  module *M = module_here(L);
  if (!lua_isnone(L, 1)) {
    int64_t bytes = options_whole(L, 1, "limit", "the bytes");
    if (bytes < 0) return errors_fail(L, "limit: the bytes must be >= 0, got %s", handle_describe(L, 1));
    moth_set_memory_limit(M->m, (uint64_t)bytes);
  }
  lua_pushinteger(L, (lua_Integer)moth_memory_limit(M->m));
  return 1;
}

static const luaL_Reg functions[] = {
  { "dtype", set_dtype }, { "seed", set_seed }, { "threads", set_threads }, { "limit", set_limit }, { NULL, NULL }
};

/* ---- The strict table ---- */

static const char *foreign_name(const module *M, const char *name) {
  for (int kind = MOTH_LAYER; kind < MOTH_PART_KINDS; kind++) {
    const moth_row *row;
    for (int i = 0; (row = moth_catalog(M->m, (moth_part_kind)kind, i)) != NULL; i++) {
      size_t length = strlen(name);
      for (const char *at = row->foreign; at != NULL && *at != 0; at += strspn(at, " ")) {
        size_t span = strcspn(at, " ");
        if (span == length && memcmp(at, name, span) == 0) return row->name;
        at += span;
      }
    }
  }
  return NULL;
}

static int unknown_name(lua_State *L) {
  module *M = module_here(L);
  if (lua_type(L, 2) != LUA_TSTRING) return errors_fail(L, "moth has no %s", handle_describe(L, 2));
  const char *name = lua_tostring(L, 2), *here = foreign_name(M, name);
  lua_pushstring(L, here);
  bool known = here != NULL && lua_rawget(L, 1) != LUA_TNIL;
  if (known) return errors_fail(L, "moth has no '%s'; here it is '%s'", name, here);
  const char *hint = foreign_hint(L, M, name, false);
  if (hint != NULL) return errors_fail(L, "moth has no '%s'; %s", name, hint);
  const char *nearest = errors_nearest_key(L, 1, name);
  if (nearest != NULL) return errors_fail(L, "moth has no '%s'; did you mean '%s'?", name, nearest);
  return errors_fail(L, "moth has no '%s'", name);
}

static void make_strict(lua_State *L, module *M) {
  const luaL_Reg strict[] = { { "__index", unknown_name }, { NULL, NULL } };
  lua_createtable(L, 0, 2);
  module_functions(L, M, strict);
  lua_pushliteral(L, "moth");
  lua_setfield(L, -2, "__name");
  lua_setmetatable(L, -2);
}

int luaopen_moth(lua_State *L) {
  module *M = module_of(L);
  if (M != NULL) return module_table(L, M), 1;
  luaL_checkversion(L);
  M = new_module(L);
  int block = lua_gettop(L);
  handle_open(L, M);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, block, SLOT_TABLE);
  lua_pushliteral(L, MOTH_VERSION);
  lua_setfield(L, -2, "version");
  module_functions(L, M, functions);
  tensor_open(L, M);
  generator_open(L, M);
  printing_open(L, M);
  part_open(L, M);
  layer_open(L, M);
  net_open(L, M);
  dataset_open(L, M);
  files_open(L, M);
  run_open(L, M);
  trainer_open(L, M);
  helpers_open(L, M);
  make_strict(L, M);
  lua_pushlightuserdata(L, M);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
  return 1;
}

/* ---- For hosts ---- */

void moth_lua_share(lua_State *L, moth *m) {
  lua_pushlightuserdata(L, m);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &share_key);
}

moth *moth_lua_context(lua_State *L) {
  module *M = module_of(L);
  return M != NULL ? M->m : NULL;
}

void moth_lua_push(lua_State *L, void *handle) {
  module *M = module_of(L);
  if (M == NULL || handle == NULL) lua_pushnil(L);
  else handle_push(L, M, handle, (int)moth_kind(handle));
}

void *moth_lua_handle(lua_State *L, int index, moth_object_kind kind) { return handle_object(L, index, (int)kind); }

/* Arguments, then the function below them, with the handler below it. */
static int run_loaded(lua_State *L, int count) {
  int base = lua_gettop(L) - count;
  lua_insert(L, base);
  lua_pushcfunction(L, errors_handler);
  lua_insert(L, base);
  int status = lua_pcall(L, count, LUA_MULTRET, base);
  lua_remove(L, base);
  return status;
}

int moth_lua_file(lua_State *L, const char *path, int count) {
  int status = luaL_loadfilex(L, path, "t");
  return status != LUA_OK ? status : run_loaded(L, count);
}

int moth_lua_chunk(lua_State *L, const char *text, size_t size, const char *name, int count) {
  int status = luaL_loadbufferx(L, text, size, name, "t");
  return status != LUA_OK ? status : run_loaded(L, count);
}

int moth_lua_handler(lua_State *L) { return errors_handler(L); }
void moth_lua_trace(lua_State *L) { errors_trace(L); }

bool moth_lua_running(lua_State *L) {
  const module *M = module_of(L);
  return M != NULL && M->running > 0;
}

bool moth_lua_cancelled(lua_State *L) {
  module *M = module_of(L);
  bool was = M != NULL && M->cancelled;
  if (M != NULL) M->cancelled = false;
  return was;
}
