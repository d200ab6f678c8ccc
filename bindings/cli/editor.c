/* editor.c: line editing by libedit: its life, the loop around el_gets, keys and signals as they come in. */
#define _GNU_SOURCE
#include "editor.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Signals: noted while waiting for a key ---- */

static const int watched[] = { SIGINT, SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU };
enum { WATCHED = sizeof watched / sizeof *watched };

static volatile sig_atomic_t noted[WATCHED];

static void note(int signal_number) {
  for (int i = 0; i < WATCHED; i++) {
    if (watched[i] == signal_number) noted[i] = 1;
  }
}

/* The first signal that was noted, forgotten; 0: none. */
static int take_noted(void) {
  for (int i = 0; i < WATCHED; i++) {
    if (noted[i]) return noted[i] = 0, watched[i];
  }
  return 0;
}

static bool any_noted(void) {
  for (int i = 0; i < WATCHED; i++) {
    if (noted[i]) return true;
  }
  return false;
}

typedef struct signals { struct sigaction actions[WATCHED]; sigset_t mask; } signals;

static void watch_signals(editor *e, signals *before) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < WATCHED; i++) sigaddset(&set, watched[i]);
  sigprocmask(SIG_BLOCK, &set, &before->mask);
  e->callers_signals = before->mask;
  struct sigaction action = { .sa_handler = note };
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < WATCHED; i++) {
    noted[i] = 0;
    sigaction(watched[i], &action, &before->actions[i]);
    bool ignored = before->actions[i].sa_handler == SIG_IGN && watched[i] != SIGINT;
    if (ignored) sigaction(watched[i], &before->actions[i], NULL);
  }
}

static void unwatch_signals(const signals *before) {
  for (int i = 0; i < WATCHED; i++) sigaction(watched[i], &before->actions[i], NULL);
  sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* ---- Keys ---- */

/* The next byte: 1; 0 at the end of the input; -1 where a signal came first. */
static int read_byte(editor *e, unsigned char *byte) {
  for (;;) {
    struct pollfd input = { .fd = 0, .events = POLLIN };
    if (!e->is_pasting && any_noted()) return -1;
    int ready = ppoll(&input, 1, NULL, &e->callers_signals);
    if (ready < 0 && errno == EINTR && noted[0]) return -1;
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return 0;
    ssize_t count = read(0, byte, 1);
    if (count == 1) return 1;
    if (count == 0 || (errno != EINTR && errno != EAGAIN)) return 0;
  }
}

/* EL_GETCFN */
static int read_key(EditLine *el, wchar_t *key) {
  editor *e = editor_of(el);
  unsigned char first;
  char bytes[4];
  *key = EVENT_KEY;
  if (e->has_begin) return 1;
  int got = read_byte(e, &first);
  if (got < 0) return 1;
  if (got == 0) return 0;
  int size = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc0 && first < 0xe0 ? 2 : 1;
  bytes[0] = (char)first;
  for (int i = 1; i < size; i++) {
    unsigned char byte;
    if (read_byte(e, &byte) <= 0) return 1;
    bytes[i] = (char)byte;
  }
  const char *at = bytes;
  *key = size == 1 && first >= 0x80 ? 0xfffd : text_next(&at, bytes + size);
  if (e->is_pasting && *key == EVENT_KEY) *key = ' '; /* pasted, and no end of the pasting */
  return 1;
}

/* ---- The text ---- */

editor *editor_of(EditLine *el) {
  void *e = NULL;
  edit.get(el, EL_CLIENTDATA, &e);
  return e;
}

LineInfo editor_line(const editor *e) { return *edit.line(e->el); }

bool copy_text(text_copy *copy, const char *text, size_t length) {
  if (length + 1 > copy->capacity) {
    char *room = realloc(copy->text, length + 1);
    if (room == NULL) return false;
    copy->text = room;
    copy->capacity = length + 1;
  }
  if (length > 0) memmove(copy->text, text, length);
  copy->text[length] = 0;
  copy->length = length;
  return true;
}

void editor_move_to(editor *e, size_t cursor) {
  LineInfo line = editor_line(e);
  const char *to = line.buffer + cursor;
  edit.move(e->el, to >= line.cursor ? text_count(line.cursor, to) : -text_count(to, line.cursor));
}

void editor_replace(editor *e, const char *text, size_t length, size_t cursor) {
  LineInfo line = editor_line(e);
  text_copy copy = { 0 };
  if (!copy_text(&copy, text, length)) return; /* it may be libedit's own */
  int after = text_count(copy.text + cursor, copy.text + length);
  editor_move_to(e, (size_t)(line.lastchar - line.buffer));
  edit.erase(e->el, text_count(line.buffer, line.lastchar));
  if (length > 0) edit.insert(e->el, copy.text);
  if (after > 0) edit.move(e->el, -after);
  free(copy.text);
}

/* ---- Between two calls of el_gets ---- */

static text_place place_of(const editor *e, const char *mark, int width, size_t bytes) {
  LineInfo line = editor_line(e);
  text_place place = text_shown((text_place){ 0, 0 }, width, mark, mark + strlen(mark));
  return text_shown(place, width, line.buffer, line.buffer + bytes);
}

static void go_up(int rows) {
  putchar('\r');
  if (rows > 0) printf("\33[%dA", rows);
}

void editor_clear(editor *e, const char *mark, int width) {
  LineInfo line = editor_line(e);
  go_up(place_of(e, mark, width, (size_t)(line.cursor - line.buffer)).row);
  fputs("\33[J", stdout);
  fflush(stdout);
}

/* Puts the cursor at the beginning of the row below the text, after writing `sign` at its end. */
static void go_below(const editor *e, const char *sign) {
  LineInfo line = editor_line(e);
  text_place here = place_of(e, e->mark, e->width, (size_t)(line.cursor - line.buffer));
  text_place last = place_of(e, e->mark, e->width, (size_t)(line.lastchar - line.buffer));
  if (last.row > here.row) printf("\33[%dB", last.row - here.row);
  printf("\33[%dG%s\r\n", last.column + 1, sign);
  fflush(stdout);
}

unsigned char editor_leave(editor *e, leaving reason) {
  LineInfo line = editor_line(e);
  e->leaving = reason;
  e->cursor = (size_t)(line.cursor - line.buffer);
  if (!copy_text(&e->text, line.buffer, (size_t)(line.lastchar - line.buffer))) e->leaving = LEAVING_INTERRUPT;
  if (reason == LEAVING_WIDTH) editor_clear(e, e->mark, terminal_width(NULL));
  else if (reason != LEAVING_BACK) go_below(e, reason == LEAVING_INTERRUPT ? "^C" : "");
  return CC_NEWLINE;
}

/* The lines above, shown behind marks, and this empty one are taken off the screen. */
static void clear_above(const editor *e) {
  size_t mark = strlen(e->mark);
  int rows = 0;
  for (const char *from = e->above; *from != 0;) {
    const char *end = from + strcspn(from, "\n");
    text_place place = text_shown((text_place){ 0, 0 }, e->width, e->mark, e->mark + mark);
    rows += text_shown(place, e->width, from, end).row + 1;
    from = *end == 0 ? end : end + 1;
  }
  go_up(rows);
  fputs("\33[J", stdout);
}

unsigned char editor_event(EditLine *el, int key) {
  editor *e = editor_of(el);
  (void)key;
  if (e->has_begin) {
    e->has_begin = false;
    editor_replace(e, e->begin.text, e->begin.length, e->begin_cursor);
    return CC_REFRESH;
  }
  e->signal = take_noted();
  switch (e->signal) {
  case 0: return CC_NORM;
  case SIGINT: return editor_leave(e, LEAVING_INTERRUPT);
  case SIGWINCH: return editor_leave(e, LEAVING_WIDTH);
  default: return editor_leave(e, LEAVING_SIGNAL);
  }
}

static void begin_with(editor *e, const char *text, size_t length, size_t cursor) {
  e->has_begin = copy_text(&e->begin, text, length);
  e->begin_cursor = cursor;
}

static void set_pasting(bool on) {
  fputs(on ? "\33[?2004h" : "\33[?2004l", stdout);
  fflush(stdout);
}

/* Stops, or ends, as the signal would have it, with the terminal as it was. */
static void pass_on(editor *e, signals *before) {
  if (e->signal == SIGCONT) return; /* it was stopped behind our back; all is drawn anew */
  set_pasting(false);
  uselocale(e->callers_locale);
  unwatch_signals(before);
  raise(e->signal);
  watch_signals(e, before);
  uselocale(e->locale);
  set_pasting(true);
}

static editor_end read_line(editor *e, signals *before) {
  for (;;) {
    int count = 0;
    e->leaving = LEAVING_NOT;
    e->width = terminal_width(NULL);
    edit.set(e->el, EL_PREP_TERM, 1); /* before the mark is shown: keys may come with it */
    edit.gets(e->el, &count);
    switch (e->leaving) {
    case LEAVING_LINE: return EDITOR_LINE;
    case LEAVING_INTERRUPT: return EDITOR_INTERRUPT;
    case LEAVING_BACK: return clear_above(e), EDITOR_BACK;
    case LEAVING_NOT:
    case LEAVING_END: return EDITOR_END;
    case LEAVING_LIST: completions_list(e); break;
    case LEAVING_SIGNAL: pass_on(e, before); break;
    case LEAVING_WIDTH: break;
    }
    begin_with(e, e->text.text, e->text.length, e->cursor);
  }
}

editor_end editor_read(editor *e, const char *mark, const char *begin, const char *above, const char **text, size_t *length) {
  signals before;
  e->mark = mark;
  e->above = above;
  e->entry = e->history->count;
  e->has_begin = false;
  if (begin != NULL) begin_with(e, begin, strlen(begin), strlen(begin));
  fflush(stderr);
  e->callers_locale = uselocale(e->locale);
  watch_signals(e, &before);
  set_pasting(true);
  editor_end end = read_line(e, &before);
  set_pasting(false);
  unwatch_signals(&before);
  uselocale(e->callers_locale);
  *text = e->text.text;
  *length = e->text.length;
  return end;
}

/* ---- Life ---- */

static char *show_mark(EditLine *el) { return (char *)(uintptr_t)editor_of(el)->mark; }

/* The environment's locale for characters; UTF-8 where it asks for none, as terminals speak it all the same. */
static locale_t find_locale(void) {
  locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
  if (locale != (locale_t)0 && strcmp(nl_langinfo_l(CODESET, locale), "ANSI_X3.4-1968") != 0) return locale;
  locale_t other = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  if (other == (locale_t)0) return locale;
  if (locale != (locale_t)0) freelocale(locale);
  return other;
}

static bool can_edit(void) {
  char buffer[4096];
  const char *terminal = getenv("TERM");
  return terminal != NULL && *terminal != 0 && strcmp(terminal, "dumb") != 0 && strcmp(terminal, "emacs") != 0 &&
         edit.tgetent(buffer, terminal) == 1;
}

editor *editor_open(history *h, const editor_calls *calls) {
  editor *e = calloc(1, sizeof *e);
  if (e == NULL) return NULL;
  *e = (editor){ .history = h, .calls = *calls, .mark = "" };
  if (!libedit_load() || !can_edit() || (e->locale = find_locale()) == (locale_t)0) return free(e), NULL;
  e->callers_locale = uselocale(e->locale);
  e->el = edit.init("moth", stdin, stdout, stderr);
  if (e->el != NULL) {
    edit.set(e->el, EL_CLIENTDATA, e);
    edit.set(e->el, EL_PROMPT, show_mark);
    edit.set(e->el, EL_SIGNAL, 0);
    edit.set(e->el, EL_EDITOR, "emacs");
    edit.set(e->el, EL_GETCFN, read_key);
    edit.source(e->el, NULL); /* ~/.editrc */
    keys_bind(e);
  }
  uselocale(e->callers_locale);
  if (e->el == NULL) return freelocale(e->locale), free(e), NULL;
  return e;
}

void editor_close(editor *e) {
  if (e == NULL) return;
  edit.left = e->el; /* el_end loses the names that EL_ADDFN has copied: it is left to the end of the process */
  freelocale(e->locale);
  free(e->begin.text);
  free(e->text.text);
  free(e->typed.text);
  free(e->shown.text);
  free(e);
}
