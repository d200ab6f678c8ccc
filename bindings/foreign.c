/* foreign.c: other libraries' names for what tensors can do, and names looked for in the wrong place, answered with the right ones. */
#include "binding.h"

#include <string.h>

static bool is_word_of(const char *words, const char *word, size_t length) {
  for (const char *at = words; at != NULL && *at != 0; at += strspn(at, " ")) {
    size_t span = strcspn(at, " ");
    if (span == length && memcmp(at, word, span) == 0) return true;
    at += span;
  }
  return false;
}

/* The operation of this name, here (`foreign` false) or elsewhere. */
static const moth_operation *named(const module *M, const char *name, size_t length, bool foreign) {
  const moth_operation *operation;
  for (int i = 0; (operation = moth_operation_at(M->m, i)) != NULL; i++) {
    const char *own = operation->row.name;
    bool is_own = strlen(own) == length && memcmp(own, name, length) == 0;
    if (foreign ? is_word_of(operation->row.foreign, name, length) : is_own) return operation;
  }
  return NULL;
}

/* A name that no row of the engine's lists: "ndim" → t.rank. */
static const char *elsewhere(lua_State *L, const char *name, bool of_tensor) {
  helpers_push(L, "elsewhere");
  lua_pushstring(L, name);
  lua_call(L, 1, 1);
  const char *here = lua_tostring(L, -1);
  if (here == NULL) return NULL;
  if (*here == '=') return here + 1; /* the whole answer */
  bool is_method = strncmp(here, "t:", 2) == 0;
  if (of_tensor ? is_method || strncmp(here, "t.", 2) == 0 : strncmp(here, "moth.", 5) == 0) {
    return lua_pushfstring(L, "here it is '%s'", here + (of_tensor ? 2 : 5));
  }
  if (is_method && !of_tensor) return lua_pushfstring(L, "here it is a method, %s(...)", here);
  return lua_pushfstring(L, "here it is %s", here);
}

const char *foreign_hint(lua_State *L, const module *M, const char *name, bool of_tensor) {
  size_t length = strlen(name);
  const char *twin = "";
  const moth_operation *operation = named(M, name, length, false);
  bool is_own = operation != NULL;
  if (operation == NULL) operation = named(M, name, length, true);
  if (operation == NULL && length > 1 && name[length - 1] == '_') { /* clip_ */
    operation = named(M, name, length - 1, true);
    if (operation != NULL && operation->flags & MOTH_TWIN) twin = "_";
    else operation = NULL;
  }
  if (operation == NULL) return elsewhere(L, name, of_tensor);
  const char *here = operation->row.name;
  bool fits = operation->flags & (of_tensor ? MOTH_METHOD : MOTH_CREATES);
  if (fits) return is_own ? NULL : lua_pushfstring(L, "here it is '%s%s'", here, twin);
  const char *what = is_own ? "it" : "here it";
  if (!of_tensor && strcmp(here, "where") == 0) return lua_pushfstring(L, "%s is a method, mask:where(a, b)", what);
  return of_tensor ? lua_pushfstring(L, "%s is a function, moth.%s(...)", what, here)
                   : lua_pushfstring(L, "%s is a method, t:%s%s(...)", what, here, twin);
}

/* What generators of other libraries draw by names that no operation answers to. */
static const char *drawn_by(const char *name) {
  static const struct { const char *name, *here; } known[] = {
    { "random", "rand" }, { "uniform", "rand" }, { "normal", "randn" }, { "standard_normal", "randn" }, { "choice", "randint" },
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].name, name) == 0) return known[i].here;
  }
  return name;
}

const char *foreign_drawing(lua_State *L, const module *M, const char *name) {
  const char *here = drawn_by(name);
  const moth_operation *operation = named(M, here, strlen(here), false);
  if (operation == NULL) operation = named(M, here, strlen(here), true);
  bool draws = false;
  for (int i = 0; operation != NULL && i < operation->row.option_count; i++) {
    draws = draws || strcmp(operation->row.options[i].key, "gen") == 0;
  }
  if (!draws) return NULL;
  const char *of = operation->flags & MOTH_CREATES ? "moth." : "t:";
  return lua_pushfstring(L, "write %s%s(..., { gen = g })", of, operation->row.name);
}
