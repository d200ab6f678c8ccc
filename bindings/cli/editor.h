/* editor.h: the inside of the editor: what its reading loop (editor.c), its keys (keys.c) and its searches (search.c) share.
 *
 * libedit keeps the text and draws it. Whatever must happen between two drawings (a list of completions, a new width, a stop) ends the
 * call of el_gets, with the reason in `leaving`; the loop does it and reads on with the text put back. The same way in: the first key that
 * such a reading gets is EVENT_KEY, bound to a function that inserts `begin`. */
#ifndef EDITOR_H
#define EDITOR_H

#include <locale.h>
#include <signal.h>

#include "command.h"
#include "libedit.h"
#include "text.h"

enum { EVENT_KEY = 0x1d }; /* nothing is bound to Ctrl-] */

typedef enum leaving {
  LEAVING_NOT, LEAVING_LINE, LEAVING_END, LEAVING_INTERRUPT, LEAVING_BACK, LEAVING_LIST, LEAVING_WIDTH, LEAVING_SIGNAL
} leaving;

typedef struct text_copy { char *text; size_t length, capacity; } text_copy;

struct editor {
  EditLine *el;
  history *history;
  editor_calls calls;
  locale_t locale, callers_locale;
  const char *mark;             /* shown before the text */
  const char *above;
  sigset_t callers_signals;     /* let through while waiting for a key, and only then */
  bool is_pasting;
  /* What the next call of el_gets begins with. */
  bool has_begin;
  text_copy begin;
  size_t begin_cursor;          /* in bytes */
  /* Why it ended. */
  leaving leaving;
  int signal;
  text_copy text;
  size_t cursor;
  int width;                    /* when the text was drawn */
  /* Going through the history: the entry that is shown (history->count: none), what was typed before, and what entries begin with. */
  size_t entry;
  text_copy typed, shown;
  size_t prefix;                /* bytes of `typed` */
};

/* ---- editor.c ---- */
editor *editor_of(EditLine *el);
/* EVENT_KEY: something is to be put in, or a signal came. */
unsigned char editor_event(EditLine *el, int key);
/* The text, its end and the cursor; valid until it changes. */
LineInfo editor_line(const editor *e);
bool copy_text(text_copy *copy, const char *text, size_t length);
/* Replaces the text; the cursor, in bytes. */
void editor_replace(editor *e, const char *text, size_t length, size_t cursor);
/* Moves the cursor to this byte. */
void editor_move_to(editor *e, size_t cursor);
/* Keeps the text, the cursor and the reason, and has el_gets end: the result of a key's function. */
unsigned char editor_leave(editor *e, leaving reason);
/* Clears what is drawn and puts the cursor where the mark begins. */
void editor_clear(editor *e, const char *mark, int width);

/* ---- keys.c ---- */
void keys_bind(editor *e);
/* ---- search.c ---- */
unsigned char search_run(editor *e);
/* ---- completions.c ---- */
/* Completes the word before the cursor; CC_REFRESH, CC_ERROR, or the result of leaving for a list. */
unsigned char completions_insert(editor *e);
/* Writes the list for e->text and e->cursor below. */
void completions_list(editor *e);

#endif
