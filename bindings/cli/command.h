/* command.h: what the files of the command share: interrupts, the terminal, its editor and its history. */
#ifndef COMMAND_H
#define COMMAND_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>

#include "moth_lua.h"

/* ---- interrupts.c ---- */

/* Has SIGINT stop what runs. In a script the first ends a training, or raises "interrupted" once, and the second ends the process with
 * status 130. At a prompt it is raised until the statement has ended, whatever catches it; where nothing reacts the second warns and the
 * third ends the process. */
void interrupts_catch(lua_State *L, bool at_prompt);
/* Whether a SIGINT came since the last time; forgets it and what it asked for. */
bool interrupts_taken(lua_State *L);
/* Puts in place of coroutine.resume and coroutine.wrap functions that do the same and are seen by interrupts. */
void interrupts_follow_coroutines(lua_State *L);

/* ---- history.c: what was entered at prompts, oldest first, kept in a file that several may append to ---- */

typedef struct history {
  char *path;                   /* NULL: nowhere */
  char **items;
  size_t count, capacity;
} history;

enum { HISTORY_MOST = 5000 };

/* Reads the entries of $XDG_STATE_HOME/moth/history; nothing there, or nowhere to write, is an empty history. */
void history_open(history *h);
void history_add(history *h, const char *text, size_t length);
void history_close(history *h);

/* ---- editor.c: line editing by libedit, loaded when it is first wanted ---- */

typedef struct editor editor;

typedef enum editor_end { EDITOR_LINE, EDITOR_END, EDITOR_INTERRUPT, EDITOR_BACK } editor_end;

typedef struct editor_calls {
  void *data;
  /* Pushes on L what moth_lua_complete pushes for the text, whose cursor is at this byte; false where that failed and nothing is there. */
  bool (*complete)(void *data, const char *text, size_t length, size_t cursor);
  lua_State *L;
  bool unicode;
} editor_calls;

/* NULL without libedit, or for a terminal that cannot move its cursor. */
editor *editor_open(history *h, const editor_calls *calls);
/* Reads a line or a block. `begin` (NULL: nothing) is what stands there to be edited. `above` (NULL: nothing) are the lines entered
 * before, shown above behind marks of the same width: going up in an empty line clears them and ends the reading with EDITOR_BACK. *text
 * lives until the next call. */
editor_end editor_read(editor *e, const char *mark, const char *begin, const char *above, const char **text, size_t *length);
void editor_close(editor *e);

/* ---- terminal.c: the command's terminal as a prompt of moth_lua.h sees it ---- */

typedef struct terminal {
  lua_State *L;
  history history;
  editor *editor;
  bool interactive;
  bool opened;                  /* the history was read and the editor looked for */
  char *line;                   /* the last that was read */
  size_t capacity;
  char *block;                  /* lines of the statement that is being entered, with their ends */
  size_t block_size;
  char *taken_back;             /* lines to begin the next reading with */
  char *start_file;             /* run before the first line is read */
} terminal;

/* `script` is run first, in the session's scope; NULL: the user's own start file. */
void terminal_open(terminal *t, lua_State *L, const char *script);
/* The functions and properties to hand to moth_lua_prompt. */
moth_lua_terminal terminal_functions(terminal *t);
void terminal_close(terminal *t);
/* Columns of the terminal on the standard output; 80 where there is none. */
int terminal_width(void *data);

#endif
