/* terminal.c: the terminal, or what stands on the standard input in its place, as a prompt reads and writes it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "look.h"

int terminal_width(void *data) {
  struct winsize size;
  (void)data;
  return isatty(1) && ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static bool is_set(const char *text) { return text != NULL && *text != 0; }

/* Whether the error stream is a terminal that can draw a line anew. */
static bool is_live(void) {
  const char *kind = getenv("TERM");
  return isatty(2) && is_set(kind) && strcmp(kind, "dumb") != 0;
}

/* ---- The statement that is being entered ---- */

static void forget_block(terminal *t) {
  free(t->block);
  t->block = NULL;
  t->block_size = 0;
}

static void add_to_block(terminal *t, const char *line, size_t length) {
  char *block = realloc(t->block, t->block_size + length + 2);
  if (block == NULL) return;
  memcpy(block + t->block_size, line, length);
  t->block_size += length;
  block[t->block_size++] = '\n';
  block[t->block_size] = 0;
  t->block = block;
}

/* ---- Completion ---- */

typedef struct question { const char *line; size_t length, cursor; } question;

static int ask(lua_State *L) {
  const question *q = lua_touserdata(L, 1);
  lua_settop(L, 0);
  moth_lua_complete(L, q->line, q->length, q->cursor);
  return 2;
}

/* With the lines before it, which tell what a word stands in. */
static bool complete(void *data, const char *text, size_t length, size_t cursor) {
  terminal *t = data;
  lua_State *L = t->L;
  size_t before = t->block_size;
  char *line = malloc(before + length + 1);
  if (line == NULL) return false;
  if (before > 0) memcpy(line, t->block, before);
  memcpy(line + before, text, length);
  line[before + length] = 0;
  question q = { line, before + length, before + cursor };
  lua_pushcfunction(L, ask);
  lua_pushlightuserdata(L, &q);
  bool done = lua_pcall(L, 1, 2, 0) == LUA_OK;
  free(line);
  if (!done) return lua_pop(L, 1), false;
  lua_Integer begin = lua_tointeger(L, -1);
  lua_pop(L, 1);
  lua_pushinteger(L, begin >= (lua_Integer)before ? begin - (lua_Integer)before : (lua_Integer)cursor + 1);
  return true;
}

/* ---- Reading ---- */

/* A line that waits for nothing but the terminal's own editing. */
static int read_plain(terminal *t, const char *mark, const char **text, size_t *length) {
  if (t->interactive) {
    fputs(mark, stdout);
    fflush(stdout);
  }
  ssize_t size = getline(&t->line, &t->capacity, stdin);
  if (size < 0) {
    clearerr(stdin);
    if (interrupts_taken(t->L)) return -1; /* the handler has ended the line */
    if (t->interactive) putchar('\n');
    return 0;
  }
  if (size > 0 && t->line[size - 1] == '\n') size--;
  *text = t->line;
  *length = (size_t)size;
  return 1;
}

static int interrupt(terminal *t) {
  interrupts_taken(t->L);
  forget_block(t);
  return -1;
}

static int read_edited(terminal *t, const char *mark, const char **text, size_t *length) {
  char *begin = t->taken_back;
  t->taken_back = NULL;
  editor_end end = editor_read(t->editor, mark, begin, t->block, text, length);
  free(begin);
  switch (end) {
  case EDITOR_END: return 0;
  case EDITOR_INTERRUPT:
    if (t->block != NULL) history_add(&t->history, t->block, t->block_size);
    return interrupt(t);
  case EDITOR_BACK:
    t->taken_back = t->block;
    if (t->block != NULL) t->block[t->block_size - 1] = 0;
    t->block = NULL;
    return interrupt(t);
  case EDITOR_LINE: break;
  }
  return 1;
}

static void open_at_first(terminal *t) {
  if (t->opened || !t->interactive) return;
  t->opened = true;
  history_open(&t->history);
  const editor_calls calls = { .data = t, .complete = complete, .L = t->L };
  if (isatty(1)) t->editor = editor_open(&t->history, &calls);
}

static int terminal_read(void *data, const char *mark, const char **text, size_t *length) {
  terminal *t = data;
  interrupts_taken(t->L);
  open_at_first(t);
  int got = t->editor != NULL ? read_edited(t, mark, text, length) : read_plain(t, mark, text, length);
  if (got > 0) add_to_block(t, *text, *length);
  else if (got < 0) forget_block(t);
  return got;
}

/* ---- Writing, remembering ---- */

static void terminal_write(void *data, const char *text, size_t length) {
  forget_block(data); /* what is shown ends a statement */
  fwrite(text, 1, length, stdout);
  fflush(stdout);
}

static void terminal_write_error(void *data, const char *text, size_t length) {
  forget_block(data);
  fflush(stdout);
  fwrite(text, 1, length, stderr);
  fflush(stderr);
}

static void terminal_remember(void *data, const char *text, size_t length) {
  terminal *t = data;
  forget_block(t);
  if (t->interactive) history_add(&t->history, text, length);
}

moth_lua_terminal terminal_functions(terminal *t) {
  return (moth_lua_terminal){
    .size = sizeof(moth_lua_terminal), .data = t, .read = terminal_read, .write = terminal_write, .write_error = terminal_write_error,
    .width = terminal_width, .remember = terminal_remember, .interactive = t->interactive, .colour = t->interactive && look_colour(),
    .unicode = look_unicode(), .start_file = t->start_file, .live = is_live(),
  };
}

/* $XDG_CONFIG_HOME/moth/init.lua */
static char *find_start_file(void) {
  const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  char *path = NULL;
  int length = -1;
  if (folder != NULL && *folder == '/') length = asprintf(&path, "%s/moth/init.lua", folder);
  else if (home != NULL && *home == '/') length = asprintf(&path, "%s/.config/moth/init.lua", home);
  return length < 0 ? NULL : path;
}

void terminal_open(terminal *t, lua_State *L, const char *script) {
  *t = (terminal){ .L = L, .interactive = isatty(0) != 0 };
  if (t->interactive) t->start_file = script != NULL ? strdup(script) : find_start_file();
}

void terminal_close(terminal *t) {
  editor_close(t->editor);
  history_close(&t->history);
  forget_block(t);
  free(t->line);
  free(t->taken_back);
  free(t->start_file);
}
