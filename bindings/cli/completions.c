/* completions.c: what the word before the cursor can become: put in as far as it is certain, and listed where it is not. */
#define _GNU_SOURCE
#include "editor.h"

#include <stdlib.h>
#include <string.h>

enum { WITH_WORDS = 24, MOST_ROWS = 40, GAP = 2 };

/* Pushes the list and where the word begins; the number of candidates, 0 where nothing is pushed. */
static int push_candidates(editor *e, const char *text, size_t length, size_t cursor, size_t *begin) {
  lua_State *L = e->calls.L;
  int top = lua_gettop(L);
  uselocale(e->callers_locale);
  bool found = e->calls.complete(e->calls.data, text, length, cursor);
  uselocale(e->locale);
  if (found && lua_gettop(L) == top + 2 && lua_istable(L, -2)) {
    *begin = (size_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    int count = (int)lua_rawlen(L, -1);
    if (count > 0 && *begin <= cursor) return count;
  }
  lua_settop(L, top);
  return 0;
}

/* Text `which` (1: the candidate, 2: what it is) of candidate i; it lives as long as the list. */
static const char *candidate(lua_State *L, int i, int which) {
  lua_rawgeti(L, -1, i);
  lua_rawgeti(L, -1, which);
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  lua_pop(L, 2);
  return text;
}

/* Bytes that all candidates begin with, whole characters. */
static size_t common(lua_State *L, int count) {
  const char *first = candidate(L, 1, 1);
  size_t same = strlen(first);
  for (int i = 2; i <= count; i++) {
    const char *other = candidate(L, i, 1);
    size_t k = 0;
    while (k < same && other[k] == first[k]) k++;
    same = k;
  }
  while (same > 0 && ((unsigned char)first[same] & 0xc0) == 0x80) same--;
  return same;
}

/* The text with `word` in place of what stands from `begin` to the cursor. */
static bool put_in(editor *e, size_t begin, const char *word, size_t length) {
  size_t after = e->text.length - e->cursor;
  char *text = malloc(begin + length + after + 1);
  if (text == NULL) return false;
  memcpy(text, e->text.text, begin);
  memcpy(text + begin, word, length);
  memcpy(text + begin + length, e->text.text + e->cursor, after + 1);
  free(e->text.text);
  e->text = (text_copy){ .text = text, .length = begin + length + after, .capacity = begin + length + after + 1 };
  e->cursor = begin + length;
  return true;
}

unsigned char completions_insert(editor *e) {
  LineInfo line = editor_line(e);
  lua_State *L = e->calls.L;
  size_t cursor = (size_t)(line.cursor - line.buffer), begin = 0;
  int count = push_candidates(e, line.buffer, (size_t)(line.lastchar - line.buffer), cursor, &begin);
  if (count == 0) return CC_ERROR;
  line = editor_line(e);
  const char *first = candidate(L, 1, 1);
  size_t same = common(L, count), typed = cursor - begin;
  bool is_new = same > typed || (same == typed && memcmp(first, line.buffer + begin, same) != 0);
  unsigned char result = CC_ERROR;
  if (count > 1) { /* the text is changed where it is drawn anew, below the list */
    result = editor_leave(e, LEAVING_LIST);
    if (is_new) put_in(e, begin, first, same);
  } else if (is_new) {
    int characters = text_count(line.buffer + begin, line.cursor);
    if (characters > 0) edit.erase(e->el, characters);
    result = edit.insert(e->el, first) == 0 ? CC_REFRESH : CC_ERROR;
  }
  lua_pop(L, 1);
  return result;
}

/* ---- The list ---- */

static int widest(lua_State *L, int count) {
  int most = 0;
  for (int i = 1; i <= count; i++) {
    const char *text = candidate(L, i, 1);
    int columns = text_columns(text, text + strlen(text));
    if (columns > most) most = columns;
  }
  return most;
}

static void put(const char *text, int columns, int room) {
  const char *end = text + strlen(text), *at = text;
  int shown = 0;
  while (at < end) {
    const char *next = at;
    text_next(&next, end);
    int wide = text_columns(at, next);
    if (shown + wide > room) break;
    fwrite(at, 1, (size_t)(next - at), stdout);
    shown += wide;
    at = next;
  }
  for (; shown < columns && shown < room; shown++) putchar(' ');
}

/* What does not fit ends behind a word, in dots. */
static void put_words(const char *text, int room) {
  static const char dots[] = "...";
  const char *end = text + strlen(text), *last = NULL;
  if (text_columns(text, end) > room) {
    for (const char *at = strchr(text, ' '); at != NULL; at = strchr(at + 1, ' ')) {
      if (text_columns(text, at) + (int)strlen(dots) <= room) last = at;
    }
  }
  if (last == NULL) {
    put(text, 0, room);
    return;
  }
  fwrite(text, 1, (size_t)(last - text), stdout);
  fputs(dots, stdout);
}

/* One a row, with what it is. */
static void put_rows(lua_State *L, int count, int widest_text, int width) {
  for (int i = 1; i <= count; i++) {
    const char *what = candidate(L, i, 2);
    fputs("  ", stdout);
    put(candidate(L, i, 1), *what != 0 ? widest_text : 0, width - GAP);
    if (*what != 0 && width > widest_text + 3 * GAP) {
      fputs("  ", stdout);
      put_words(what, width - widest_text - 2 * GAP - 1);
    }
    putchar('\n');
  }
}

/* Names in columns, down each first. */
static void put_columns(lua_State *L, int count, int widest_text, int width) {
  int columns = (width - 1) / (widest_text + GAP);
  if (columns < 1) columns = 1;
  int rows = (count + columns - 1) / columns, shown = rows > MOST_ROWS ? MOST_ROWS : rows;
  for (int row = 0; row < shown; row++) {
    for (int i = row; i < count; i += rows) {
      fputs("  ", stdout);
      put(candidate(L, i + 1, 1), i + rows < count ? widest_text : 0, width - GAP);
    }
    putchar('\n');
  }
  if (rows > shown) printf("  %d more rows\n", rows - shown);
}

void completions_list(editor *e) {
  lua_State *L = e->calls.L;
  size_t begin = 0;
  int count = push_candidates(e, e->text.text, e->text.length, e->cursor, &begin), width = terminal_width(NULL);
  if (count == 0) return;
  if (count <= WITH_WORDS) put_rows(L, count, widest(L, count), width);
  else put_columns(L, count, widest(L, count), width);
  fflush(stdout);
  lua_pop(L, 1);
}
