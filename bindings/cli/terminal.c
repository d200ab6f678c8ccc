/* terminal.c: the terminal, or what stands on the standard input in its place, as a prompt reads and writes it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"

int terminal_width(void *data) {
  struct winsize size;
  (void)data;
  return isatty(1) && ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static bool is_set(const char *text) { return text != NULL && *text != 0; }

static bool speaks_unicode(void) {
  const char *locale = getenv("LC_ALL");
  if (!is_set(locale)) locale = getenv("LC_CTYPE");
  if (!is_set(locale)) locale = getenv("LANG");
  const char *charset = locale != NULL ? strchr(locale, '.') : NULL;
  return charset != NULL && (strncasecmp(charset, ".UTF-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
}

static bool has_colours(void) {
  const char *kind = getenv("TERM");
  return isatty(1) && !is_set(getenv("NO_COLOR")) && is_set(kind) && strcmp(kind, "dumb") != 0;
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
    if (!interrupts_taken(t->L)) return t->interactive ? (putchar('\n'), 0) : 0;
    if (t->interactive) putchar('\n');
    return -1;
  }
  if (size > 0 && t->line[size - 1] == '\n') size--;
  *text = t->line;
  *length = (size_t)size;
  return 1;
}

/* Whether the text is a chunk, or the beginning of one. */
static bool is_chunk(lua_State *L, const char *text) {
  static const char mark[] = "<eof>";
  int status = luaL_loadbufferx(L, text, strlen(text), "=(prompt)", "t");
  size_t length = 0;
  const char *message = status == LUA_ERRSYNTAX ? lua_tolstring(L, -1, &length) : NULL;
  bool is_begun = message != NULL && length >= sizeof mark - 1 && strcmp(message + length - (sizeof mark - 1), mark) == 0;
  if (status != LUA_OK) {
    lua_pushfstring(L, "return %s", text);
    if (luaL_loadbufferx(L, lua_tostring(L, -1), lua_rawlen(L, -1), "=(prompt)", "t") == LUA_OK) status = LUA_OK;
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  return status == LUA_OK || is_begun;
}

/* The next line of a block that is no chunk as a whole. */
static bool take_rest(terminal *t, const char **text, size_t *length) {
  if (t->rest == NULL) return false;
  const char *from = t->rest + t->rest_at;
  *text = from;
  *length = strcspn(from, "\n");
  t->rest_at += *length + 1;
  if (from[*length] != 0) return true;
  free(t->line);
  t->line = t->rest; /* lives on with the line */
  t->capacity = strlen(t->rest) + 1;
  t->rest = NULL;
  return true;
}

static void split(terminal *t, const char **text, size_t *length) {
  free(t->rest);
  t->rest = strdup(*text);
  t->rest_at = 0;
  take_rest(t, text, length);
}

static int interrupt(terminal *t) {
  free(t->rest);
  t->rest = NULL;
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
  if (t->block == NULL && memchr(*text, '\n', *length) != NULL && !is_chunk(t->L, *text)) split(t, text, length);
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
  int got = 1;
  if (!take_rest(t, text, length)) got = t->editor != NULL ? read_edited(t, mark, text, length) : read_plain(t, mark, text, length);
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
    .width = terminal_width, .remember = terminal_remember, .interactive = t->interactive, .colour = t->interactive && has_colours(),
    .unicode = speaks_unicode(),
  };
}

void terminal_open(terminal *t, lua_State *L) { *t = (terminal){ .L = L, .interactive = isatty(0) != 0 }; }

void terminal_close(terminal *t) {
  editor_close(t->editor);
  history_close(&t->history);
  forget_block(t);
  free(t->line);
  free(t->taken_back);
  free(t->rest);
}
