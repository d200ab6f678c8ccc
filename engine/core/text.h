/* text.h: numbers and words for people, whatever the locale of the host. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/context.h"

/* vsnprintf with the C locale's point; never touches the process's locale. Returns the full length. */
size_t text_format(char *buffer, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t text_format_list(char *buffer, size_t size, const char *format, va_list arguments);
/* The shortest decimal that reads back as the same double: "0.1", "1e-08", "nan". */
size_t text_number(char *buffer, size_t size, double value);
/* Reads one whole number text (spaces around allowed) as strtod in the C locale does: decimal, exponent, inf, nan; no hex. */
bool text_parse_number(const char *text, size_t length, double *value);
bool text_parse_integer(const char *text, size_t length, int64_t *value);

/* Edit distance (Damerau-Levenshtein, restricted). Words of more than 64 bytes are far from every other: INT_MAX. */
int text_distance(const char *a, const char *b);
/* How near the candidate is to the word, whatever their case: 0, from 3 letters on 1, from 5 on 2; else -1. */
int text_near(const char *word, const char *candidate);
/* The candidate nearest to `word` by text_near; NULL if none. `next` returns the i-th candidate, NULL past the end. */
typedef const char *(*text_candidate)(const void *list, int index);
const char *text_nearest(const char *word, text_candidate next, const void *list);
/* Whether a space-separated list holds the word. */
bool text_list_has(const char *list, const char *word);

/* A text of limited room: what does not fit is cut, `length` counts on. */
typedef struct text_line { char *bytes; size_t size, length; } text_line;
void text_line_add(text_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A growing text; after a failure all further calls do nothing and text_buffer_failed says so. */
typedef struct text_buffer { moth *m; char *bytes; int64_t length, capacity; bool failed; } text_buffer;
void text_buffer_open(text_buffer *text, moth *m);
void text_buffer_add(text_buffer *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_buffer_bytes(text_buffer *text, const void *bytes, size_t size);
void text_buffer_close(text_buffer *text);
/* "298 GiB", "37.5 KiB", "120 bytes". */
size_t text_bytes(char *buffer, size_t size, double bytes);
/* "9,610". */
size_t text_count(char *buffer, size_t size, int64_t count);

#endif
