/* search.c: Ctrl-R: the newest entry that holds what is typed, and older ones with Ctrl-R again. Enter runs it, Ctrl-G goes back to what
 * was there, any other key edits it. */
#define _GNU_SOURCE
#include "editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERN = 200, CONTROL = '@', ESCAPE = 0x1b, RUBOUT = 0x7f };

typedef struct hunt {
  editor *e;
  char pattern[PATTERN + 4];
  size_t length;
  size_t entry;                 /* history's count: none */
  bool failed;
  char mark[PATTERN + 40];
} hunt;

/* Looks in entries before `from`. */
static void look(hunt *s, size_t from) {
  const history *h = s->e->history;
  s->pattern[s->length] = 0;
  s->failed = s->length > 0;
  while (s->length > 0 && from-- > 0) {
    if (strstr(h->items[from], s->pattern) == NULL) continue;
    bool again = s->entry < h->count && from != s->entry && strcmp(h->items[from], h->items[s->entry]) == 0;
    if (again) continue;
    s->entry = from;
    s->failed = false;
    return;
  }
}

static void draw(hunt *s) {
  editor *e = s->e;
  const history *h = e->history;
  editor_clear(e, e->mark, e->width);
  snprintf(s->mark, sizeof s->mark, "%s '%s': ", s->failed ? "no match" : "search", s->pattern);
  e->mark = s->mark;
  if (s->entry < h->count) {
    const char *text = h->items[s->entry], *at = strstr(text, s->pattern);
    editor_replace(e, text, strlen(text), at != NULL ? (size_t)(at - text) : strlen(text));
  }
  edit.set(e->el, EL_REFRESH);
}

static void take_off(hunt *s) {
  if (s->length == 0) return;
  s->length--;
  while (s->length > 0 && ((unsigned char)s->pattern[s->length] & 0xc0) == 0x80) s->length--;
  s->entry = s->e->history->count;
  look(s, s->entry);
}

/* Reads keys until one that ends the search: that key. */
static wchar_t read_pattern(hunt *s) {
  wchar_t key;
  for (;;) {
    draw(s);
    if (edit.wgetc(s->e->el, &key) != 1) return 'G' - CONTROL;
    if (key == 'R' - CONTROL) look(s, s->entry);
    else if (key == RUBOUT || key == 'H' - CONTROL) take_off(s);
    else if (key < ' ') return key;
    else if (s->length < PATTERN) {
      s->length += text_put(s->pattern + s->length, key);
      look(s, s->entry < s->e->history->count ? s->entry + 1 : s->entry);
    }
  }
}

unsigned char search_run(editor *e) {
  LineInfo line = editor_line(e);
  hunt *s = calloc(1, sizeof *s);
  text_copy before = { 0 };
  size_t cursor = (size_t)(line.cursor - line.buffer);
  const char *mark = e->mark;
  if (s == NULL || !copy_text(&before, line.buffer, (size_t)(line.lastchar - line.buffer))) return free(s), CC_ERROR;
  s->e = e;
  s->entry = e->history->count;
  wchar_t key = read_pattern(s);
  editor_clear(e, e->mark, e->width);
  e->mark = mark;
  if (key == 'G' - CONTROL) {
    editor_replace(e, before.text, before.length, cursor);
  } else {
    LineInfo found = editor_line(e);
    editor_move_to(e, (size_t)(found.lastchar - found.buffer));
  }
  edit.set(e->el, EL_REFRESH);
  free(before.text);
  free(s);
  if (key == '\r' || key == '\n') return editor_leave(e, LEAVING_LINE);
  if (key == 'C' - CONTROL || key == EVENT_KEY || key == 'G' - CONTROL) return CC_NORM;
  edit.push(e->el, (char[]){ (char)key, 0 });
  return CC_NORM;
}
