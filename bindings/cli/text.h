/* text.h: UTF-8 as a terminal shows it. Bytes that are no UTF-8 count as one character of one column each. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <wchar.h>

/* The character at *at, before `end`; moves *at behind it. */
wchar_t text_next(const char **at, const char *end);
/* Bytes of the character, written to `to`, which has room for four. */
size_t text_put(char *to, wchar_t character);
/* How many characters there are. */
int text_count(const char *from, const char *end);
/* How many columns: as a line, without tabs. */
int text_columns(const char *from, const char *end);

typedef struct text_place { int row, column; } text_place;
/* Where the cursor stands after the text has been shown from `place` on a terminal of this width. */
text_place text_shown(text_place place, int width, const char *from, const char *end);

#endif
