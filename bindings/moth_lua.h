/* moth_lua.h: Moth inside a Lua 5.4 state. A host with a state of its own needs luaopen_moth alone (in moth.so and libmoth-lua.so); the
 * rest serves hosts that share their context with scripts or let Moth run them. */
#ifndef MOTH_LUA_H
#define MOTH_LUA_H

#include <lua.h>

#include "moth.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What `require "moth"` calls: leaves the module's table on the stack and touches no global. The first call in a state opens a context of
 * its own (index base 1, the threads of the affinity mask, a seed from the system, a memory limit of the machine's memory) unless the host
 * shares one; later calls return the same table. The context closes with the state. */
MOTH_API int luaopen_moth(lua_State *L);

/* Has luaopen_moth in this state use the host's context, opened with index_base = 1 (else luaopen_moth raises). The host closes it, after
 * lua_close: tensors and nets that it and its scripts hold are then the same. Call it before `require "moth"`. */
MOTH_API void moth_lua_share(lua_State *L, moth *m);

/* The context of a state's module; NULL before `require "moth"`. */
MOTH_API moth *moth_lua_context(lua_State *L);

/* Pushes a handle of the module's context as scripts see it: one userdata a handle. Takes a reference of its own. Raises in Lua where
 * memory is short, so call it from a C function of Lua's. */
MOTH_API void moth_lua_push(lua_State *L, void *handle);
/* The handle at a stack index, borrowed from its userdata; NULL for anything that is no open handle of this kind. */
MOTH_API void *moth_lua_handle(lua_State *L, int index, moth_object_kind kind);

/* Runs a script: a file, or a chunk of text (`name` as Lua's chunk names: "=(command line)"). Values 1..count of the stack's top are its
 * arguments. LUA_OK with its results on the stack, or a Lua status with the error value there: "train.lua:8: train: …"; moth_lua_trace
 * then tells the frames of scripts. */
MOTH_API int moth_lua_file(lua_State *L, const char *path, int count);
MOTH_API int moth_lua_chunk(lua_State *L, const char *text, size_t size, const char *name, int count);

/* A message handler for lua_pcall that keeps the traceback of scripts' frames, and the function that pushes it ("" or "\n  f.lua:9  in g…")
 * and forgets it. */
MOTH_API int moth_lua_handler(lua_State *L);
MOTH_API void moth_lua_trace(lua_State *L);
/* Whether a training is under way in this state: it takes a pending cancel itself. */
MOTH_API bool moth_lua_running(lua_State *L);
/* Whether the last error that the engine raised in this state was a cancel (MOTH_CANCELLED); forgets it. */
MOTH_API bool moth_lua_cancelled(lua_State *L);

/* ---- The prompt --------------------------------------------------------------------------------------------------------------- */

/* What a prompt talks to: the command's terminal, a socket, a window of the host's. Nothing here is global: any number of prompts may run
 * in any number of states, one at a time in each. */
typedef struct moth_lua_terminal {
  size_t size;                  /* sizeof(moth_lua_terminal) */
  void *data;                   /* handed to the functions */
  /* Reads a line, without its end, after showing `mark` ("moth> "): 1, with *text (valid until the next call) and *length; 0 at the end
   * of the input; -1 when an interrupt dropped what was typed (its end of line is shown already), and the statement it belongs to with it.
   * A text with line ends within is a block, pasted or recalled, that is one chunk. */
  int (*read)(void *data, const char *mark, const char **text, size_t *length);
  /* Writes what is shown, and what went wrong (NULL: as what is shown). Whole lines with their ends. What scripts `print` goes to the
   * standard output. */
  void (*write)(void *data, const char *text, size_t length);
  void (*write_error)(void *data, const char *text, size_t length);
  int (*width)(void *data);     /* columns; NULL: 80 */
  /* Told each whole statement, of one or several lines, for a history; NULL: not wanted. */
  void (*remember)(void *data, const char *text, size_t length);
  bool interactive;             /* false: no banner, no marks, and the first error ends it with 1 */
  bool colour;                  /* escape sequences of colour are understood */
  bool unicode;                 /* text is UTF-8; else plots and images use ASCII */
  const char *start_file;       /* run first where the prompt is interactive and the file is there; NULL: none */
  bool live;                    /* write_error understands "\33[A", "\r" and "\33[K": trainings show a line that is drawn anew */
} moth_lua_terminal;

/* Runs the prompt until the end of the input or `:quit`; the exit status: 0, or 1 after an error that ended it. Needs luaL_openlibs and
 * the module (loads it if need be) and sets the global `moth`. Raises in Lua only for want of memory. */
MOTH_API int moth_lua_prompt(lua_State *L, const moth_lua_terminal *terminal);
/* Pushes a list of what the word that ends at `cursor` (a byte in the line) can become, each { text, what it is }, in name order, and
 * where the word begins, in bytes: globals and the session's own names, fields, methods, options within a constructor's braces, names
 * within its strings, file names. Runs no code of the user's but __index tables. */
MOTH_API void moth_lua_complete(lua_State *L, const char *line, size_t length, size_t cursor);

#ifdef __cplusplus
}
#endif
#endif
