/* keys.c: what keys do that libedit does not, or does another way in blocks of several lines. */
#define _GNU_SOURCE
#include "editor.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t cursor_of(const LineInfo *line) { return (size_t)(line->cursor - line->buffer); }
static size_t length_of(const LineInfo *line) { return (size_t)(line->lastchar - line->buffer); }

/* Where the line of the block that holds this byte begins and ends. */
static size_t line_begin(const LineInfo *line, size_t at) {
  while (at > 0 && line->buffer[at - 1] != '\n') at--;
  return at;
}

static size_t line_end(const LineInfo *line, size_t at) {
  while (at < length_of(line) && line->buffer[at] != '\n') at++;
  return at;
}

static bool input_waits(void) {
  struct pollfd input = { .fd = 0, .events = POLLIN };
  return poll(&input, 1, 0) > 0;
}

/* ---- Entering, ending, deleting ---- */

static unsigned char enter(EditLine *el, int key) {
  (void)key;
  return editor_leave(editor_of(el), LEAVING_LINE);
}

static unsigned char new_line(EditLine *el, int key) {
  (void)key;
  return edit.insert(el, "\n") == 0 ? CC_REFRESH : CC_ERROR;
}

static unsigned char erase_after(EditLine *el, int key) {
  editor *e = editor_of(el);
  LineInfo line = editor_line(e);
  if (length_of(&line) == 0 && key == 'D' - '@') return editor_leave(e, LEAVING_END);
  if (line.cursor == line.lastchar) return CC_ERROR;
  edit.move(el, 1);
  edit.erase(el, 1);
  return CC_REFRESH;
}

/* ---- Moving ---- */

/* To the begin or the end of the line that the cursor is in. */
static unsigned char go_within_line(editor *e, size_t (*place)(const LineInfo *line, size_t at)) {
  LineInfo line = editor_line(e);
  editor_move_to(e, place(&line, cursor_of(&line)));
  return CC_CURSOR;
}

static unsigned char go_to_begin(EditLine *el, int key) {
  (void)key;
  return go_within_line(editor_of(el), line_begin);
}

static unsigned char go_to_end(EditLine *el, int key) {
  (void)key;
  return go_within_line(editor_of(el), line_end);
}

/* To the same column of the line that begins at `to`, or its end. */
static unsigned char go_to_line(editor *e, size_t to) {
  LineInfo line = editor_line(e);
  size_t from = line_begin(&line, cursor_of(&line)), end = line_end(&line, to);
  const char *at = line.buffer + to;
  int left = text_count(line.buffer + from, line.cursor);
  for (; left > 0 && at < line.buffer + end; left--) text_next(&at, line.buffer + end);
  editor_move_to(e, (size_t)(at - line.buffer));
  return CC_CURSOR;
}

/* ---- History ---- */

/* Whether the text is the entry that was last shown, as it was. */
static bool is_shown(const editor *e, const LineInfo *line) {
  return e->entry < e->history->count && e->shown.length == length_of(line) && memcmp(e->shown.text, line->buffer, e->shown.length) == 0;
}

static unsigned char show(editor *e, size_t entry, const char *text, size_t length) {
  e->entry = entry;
  if (!copy_text(&e->shown, text, length)) return CC_ERROR;
  editor_replace(e, text, length, length);
  return CC_REFRESH;
}

/* The next entry in this direction that begins as what was typed up to the cursor, and is another text than the one shown. */
static unsigned char go_through(editor *e, int step) {
  const history *h = e->history;
  LineInfo line = editor_line(e);
  if (!is_shown(e, &line)) {
    if (step > 0) return CC_ERROR;
    e->entry = h->count;
    if (!copy_text(&e->typed, line.buffer, length_of(&line))) return CC_ERROR;
    e->prefix = cursor_of(&line);
  }
  for (size_t at = e->entry; step < 0 ? at > 0 : at + 1 < h->count;) {
    at = step < 0 ? at - 1 : at + 1;
    bool is_other = strlen(h->items[at]) != length_of(&line) || memcmp(h->items[at], line.buffer, length_of(&line)) != 0;
    if (is_other && strncmp(h->items[at], e->typed.text, e->prefix) == 0) return show(e, at, h->items[at], strlen(h->items[at]));
  }
  return step < 0 ? CC_ERROR : show(e, h->count, e->typed.text, e->typed.length);
}

static unsigned char older(EditLine *el, int key) {
  (void)key;
  return go_through(editor_of(el), -1);
}

static unsigned char newer(EditLine *el, int key) {
  (void)key;
  return go_through(editor_of(el), 1);
}

static unsigned char up(EditLine *el, int key) {
  editor *e = editor_of(el);
  LineInfo line = editor_line(e);
  size_t begin = line_begin(&line, cursor_of(&line));
  (void)key;
  if (begin > 0) return go_to_line(e, line_begin(&line, begin - 1));
  if (length_of(&line) == 0 && e->above != NULL) return editor_leave(e, LEAVING_BACK);
  return go_through(e, -1);
}

static unsigned char down(EditLine *el, int key) {
  editor *e = editor_of(el);
  LineInfo line = editor_line(e);
  size_t end = line_end(&line, cursor_of(&line));
  (void)key;
  return end < length_of(&line) ? go_to_line(e, end + 1) : go_through(e, 1);
}

static unsigned char search(EditLine *el, int key) {
  (void)key;
  return search_run(editor_of(el));
}

/* ---- Completion ---- */

static unsigned char complete(EditLine *el, int key) {
  editor *e = editor_of(el);
  LineInfo line = editor_line(e);
  size_t from = line_begin(&line, cursor_of(&line));
  (void)key;
  while (from < cursor_of(&line) && (line.buffer[from] == ' ' || line.buffer[from] == '\t')) from++;
  if (input_waits()) return edit.insert(el, "\t") == 0 ? CC_REFRESH : CC_ERROR; /* pasted into a terminal that does not say so */
  if (from == cursor_of(&line)) return edit.insert(el, "  ") == 0 ? CC_REFRESH : CC_ERROR;
  return completions_insert(e);
}

/* ---- Bracketed paste: ESC [ 200 ~ text ESC [ 201 ~ ---- */

typedef struct pasted { char *text; size_t length, capacity; } pasted;

static bool add(pasted *p, wchar_t character) {
  if (p->length + 4 > p->capacity) {
    size_t capacity = p->capacity > 0 ? 2 * p->capacity : 4096;
    char *text = realloc(p->text, capacity);
    if (text == NULL) return false;
    p->text = text;
    p->capacity = capacity;
  }
  p->length += text_put(p->text + p->length, character);
  return true;
}

/* Takes off the mark of the end. */
static bool is_whole(pasted *p) {
  static const char end[] = "\33[201~";
  const size_t size = sizeof end - 1;
  if (p->length < size || memcmp(p->text + p->length - size, end, size) != 0) return false;
  p->length -= size;
  return true;
}

/* Ends of lines as \n, no control characters but tabs, and nothing at the end. */
static void tidy(pasted *p) {
  size_t to = 0;
  for (size_t i = 0; i < p->length; i++) {
    unsigned char c = (unsigned char)p->text[i];
    if (c == '\r' && i + 1 < p->length && p->text[i + 1] == '\n') continue;
    if (c == '\r') c = '\n';
    if ((c >= ' ' && c != 127) || c == '\t' || c == '\n') p->text[to++] = (char)c;
  }
  while (to > 0 && p->text[to - 1] == '\n') to--;
  p->text[to] = 0;
  p->length = to;
}

static unsigned char paste(EditLine *el, int key) {
  editor *e = editor_of(el);
  pasted p = { 0 };
  wchar_t character;
  bool whole = false;
  (void)key;
  e->is_pasting = true;
  while (!whole && edit.wgetc(el, &character) == 1 && character != EVENT_KEY && add(&p, character)) whole = is_whole(&p);
  e->is_pasting = false;
  bool inserted = false;
  if (whole) {
    tidy(&p);
    inserted = p.length > 0 && edit.insert(el, p.text) == 0;
  }
  free(p.text);
  return inserted ? CC_REFRESH : CC_NORM;
}

/* ---- Which key is what ---- */

void keys_bind(editor *e) {
  static const struct { const char *name; unsigned char (*function)(EditLine *, int); const char *keys[6]; } rows[] = {
    { "moth-event", editor_event, { "^]" } },
    { "moth-enter", enter, { "^M", "^J" } },
    { "moth-new-line", new_line, { "\33\r", "\33\n" } },
    { "moth-erase", erase_after, { "^D", "\33[3~" } },
    { "moth-begin", go_to_begin, { "^A", "\33[H", "\33OH", "\33[1~" } },
    { "moth-end", go_to_end, { "^E", "\33[F", "\33OF", "\33[4~" } },
    { "moth-up", up, { "\33[A", "\33OA" } },
    { "moth-down", down, { "\33[B", "\33OB" } },
    { "moth-older", older, { "^P" } },
    { "moth-newer", newer, { "^N" } },
    { "moth-search", search, { "^R" } },
    { "moth-complete", complete, { "^I" } },
    { "moth-paste", paste, { "\33[200~" } },
  };
  static const char *const others[][2] = {
    { "\33[C", "ed-next-char" }, { "\33OC", "ed-next-char" }, { "\33[D", "ed-prev-char" }, { "\33OD", "ed-prev-char" },
    { "\33[1;5C", "em-next-word" }, { "\33[1;5D", "ed-prev-word" }, { "\33[1;3C", "em-next-word" }, { "\33[1;3D", "ed-prev-word" },
    { "^W", "ed-delete-prev-word" },
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    edit.set(e->el, EL_ADDFN, rows[i].name, "", rows[i].function);
    for (size_t k = 0; k < 6 && rows[i].keys[k] != NULL; k++) edit.set(e->el, EL_BIND, rows[i].keys[k], rows[i].name, NULL);
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) edit.set(e->el, EL_BIND, others[i][0], others[i][1], NULL);
}
