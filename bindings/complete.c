/* complete.c: what the word before a cursor can become: lua/prompt/complete.lua, with what Lua alone cannot tell it. */
#define _GNU_SOURCE
#include "binding.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILES = 5000 };

static void append(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* ---- Names of live objects ---- */

typedef const char *(*layer_name)(const moth_net *net, int layer, int index);

static void add_layer(lua_State *L, const handle *h, layer_name at) {
  const char *name;
  for (int i = 0; (name = at(h->object, h->layer, i)) != NULL; i++) append(L, name);
}

static void add_options(lua_State *L, const moth_row *row) {
  for (int i = 0; i < row->option_count; i++) append(L, row->options[i].key);
}

/* live(value) → the names of its fields that only this object knows: columns, parameters, options. */
static int live(lua_State *L) {
  const handle *h = handle_at(L, 1);
  const char *name;
  lua_newtable(L);
  if (h == NULL || h->object == NULL) return 1;
  switch (h->kind) {
  case MOTH_RUN_OBJECT:
    for (int i = 0; (name = moth_run_column(h->object, i)) != NULL; i++) append(L, name);
    break;
  case MOTH_DATASET_OBJECT:
    for (int i = 0; (name = moth_dataset_column(h->object, i)) != NULL; i++) append(L, name);
    break;
  case MOTH_PART_OBJECT: add_options(L, moth_part_row(h->object)); break;
  case HANDLE_LAYER:
    add_layer(L, h, moth_net_parameter_name);
    add_layer(L, h, moth_net_buffer_name);
    break;
  default: break;
  }
  return 1;
}

/* kind_of_part(value) → "layer", "optimizer" …; nil for what is no component. */
static int kind_of_part(lua_State *L) {
  const moth_part *part = handle_object(L, 1, MOTH_PART_OBJECT);
  lua_pushstring(L, part != NULL ? moth_part_kind_name(moth_part_kind_of(part)) : NULL);
  return 1;
}

/* ---- Files ---- */

static bool is_folder(const char *folder, const struct dirent *entry) {
  char path[PATH_MAX];
  struct stat status;
  if (entry->d_type == DT_DIR) return true;
  if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) return false;
  int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
  return length > 0 && (size_t)length < sizeof path && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* files(folder, prefix) → the names in it that begin so, folders with a / at their end; those that begin with a point only where the prefix
 * does. */
static int files(lua_State *L) {
  const char *folder = luaL_checkstring(L, 1), *prefix = luaL_checkstring(L, 2);
  luaL_checkstack(L, 4, NULL);
  lua_createtable(L, 64, 0); /* room first: an error between opening and closing would leak */
  DIR *stream = opendir(folder);
  if (stream == NULL) return 1;
  char *found = NULL;
  size_t size = 0;
  FILE *names = open_memstream(&found, &size);
  const struct dirent *entry;
  for (int count = 0; names != NULL && count < MOST_FILES && (entry = readdir(stream)) != NULL;) {
    const char *name = entry->d_name;
    if (strncmp(name, prefix, strlen(prefix)) != 0 || (*name == '.' && *prefix != '.')) continue;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '\n') != NULL) continue;
    fprintf(names, "%s%s\n", name, is_folder(folder, entry) ? "/" : "");
    count++;
  }
  closedir(stream);
  bool whole = names != NULL && fclose(names) == 0 && found != NULL;
  char **owner = lua_touserdata(L, lua_upvalueindex(2)); /* freed by its metatable, whatever happens to this call */
  free(*owner);
  *owner = found;
  for (char *at = found; whole && *at != 0;) {
    size_t length = strcspn(at, "\n");
    lua_pushlstring(L, at, length);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    at += length + 1;
  }
  return 1;
}

static int free_text(lua_State *L) {
  char **owner = lua_touserdata(L, 1);
  free(*owner);
  *owner = NULL;
  return 0;
}

/* ---- The module's door ---- */

static void push_functions(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "live", live }, { "kind_of_part", kind_of_part }, { NULL, NULL } };
  lua_newtable(L);
  module_functions(L, M, functions);
  lua_pushlightuserdata(L, M);
  char **owner = lua_newuserdatauv(L, sizeof *owner, 0);
  *owner = NULL;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, free_text);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_pushcclosure(L, files, 2);
  lua_setfield(L, -2, "files");
}

void moth_lua_complete(lua_State *L, const char *line, size_t length, size_t cursor) {
  module *M = module_of(L);
  int top = lua_gettop(L);
  luaL_checkstack(L, 20, "too many values");
  if (M == NULL) {
    luaopen_moth(L);
    lua_settop(L, top);
    M = module_of(L);
  }
  helpers_push(L, "complete");
  lua_pushlstring(L, line, length);
  lua_pushinteger(L, (lua_Integer)(cursor < length ? cursor : length));
  push_functions(L, M);
  lua_call(L, 3, 2);
}
