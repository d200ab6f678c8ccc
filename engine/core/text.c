#define _GNU_SOURCE /* strtod_l, newlocale */
#include "core/text.h"

#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

/* The C locale of libc is one constant object: asking for it allocates nothing, and it stands for this thread only. */
size_t text_format_list(char *buffer, size_t size, const char *format, va_list arguments) {
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  locale_t before = plain != (locale_t)0 ? uselocale(plain) : (locale_t)0;
  int length = vsnprintf(buffer, size, format, arguments);
  if (before != (locale_t)0) uselocale(before);
  if (plain != (locale_t)0) freelocale(plain);
  if (length < 0 && size > 0) buffer[0] = 0;
  return length < 0 ? 0 : (size_t)length;
}

size_t text_format(char *buffer, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  size_t length = text_format_list(buffer, size, format, arguments);
  va_end(arguments);
  return length;
}

/* %.15g gives back any decimal of up to 15 digits, so it is the shortest where it reads back as the same number; then 16, then 17.
 * Subnormal numbers have fewer digits to give back. */
size_t text_number(char *buffer, size_t size, double value) {
  if (isnan(value)) return text_format(buffer, size, "nan");
  if (isinf(value)) return text_format(buffer, size, value < 0 ? "-inf" : "inf");
  char text[40];
  for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
    size_t length = text_format(text, sizeof text, "%.*g", digits, value);
    double back;
    if (digits == 17 || (text_parse_number(text, length, &back) && back == value)) break;
  }
  return text_format(buffer, size, "%s", text);
}

/* ---- Reading numbers ---- */

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static void trim(const char **text, size_t *length) {
  while (*length > 0 && is_space((*text)[*length - 1])) --*length;
  while (*length > 0 && is_space(**text)) ++*text, --*length;
}

static bool is_word(const char *text, size_t length, const char *word) {
  size_t i = 0;
  while (i < length && word[i] != 0 && lower(text[i]) == word[i]) i++;
  return i == length && word[i] == 0;
}

/* A decimal taken apart: significant digits (the first kept of them, and whether any nonzero one was dropped) × 10^exponent. */
enum { MOST_DIGITS = 780 }; /* more than any double or midpoint between two has */
typedef struct decimal {
  bool is_negative, is_sticky;
  int count;
  int64_t exponent;
  char digits[MOST_DIGITS + 32];
} decimal;

static void decimal_digit(decimal *d, char digit, bool in_fraction) {
  if (d->count == 0 && digit == '0') {
    d->exponent -= in_fraction;
  } else if (d->count < MOST_DIGITS) {
    d->digits[d->count++] = digit;
    d->exponent -= in_fraction;
  } else {
    d->is_sticky = d->is_sticky || digit != '0';
    d->exponent += !in_fraction;
  }
}

/* Digits, point, digits; nothing else. Returns where it ends, or NULL without a digit. */
static const char *decimal_mantissa(decimal *d, const char *at, const char *end) {
  bool any = false;
  for (; at < end && is_digit(*at); at++) any = true, decimal_digit(d, *at, false);
  if (at < end && *at == '.') {
    for (at++; at < end && is_digit(*at); at++) any = true, decimal_digit(d, *at, true);
  }
  return any ? at : NULL;
}

static bool decimal_exponent(decimal *d, const char *at, const char *end) {
  if (at == end) return true;
  if (lower(*at++) != 'e') return false;
  bool is_negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+')) at++;
  if (at == end) return false;
  int64_t exponent = 0;
  for (; at < end && is_digit(*at); at++) {
    if (exponent < INT64_MAX / 100) exponent = exponent * 10 + (*at - '0');
  }
  d->exponent += is_negative ? -exponent : exponent;
  return at == end;
}

/* Clinger 1990: an integer below 2^53 and a power of ten up to 10^22 are exact, so one operation rounds once. */
static bool decimal_is_fast(const decimal *d, double *value) {
  static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
  if (d->count > 15 || d->is_sticky || d->exponent < -22 || d->exponent > 22) return false;
  int64_t whole = 0;
  for (int i = 0; i < d->count; i++) whole = whole * 10 + (d->digits[i] - '0');
  *value = d->exponent < 0 ? (double)whole / powers[-d->exponent] : (double)whole * powers[d->exponent];
  return true;
}

static double decimal_slow(decimal *d) {
  int64_t exponent = d->exponent < -100000 ? -100000 : d->exponent > 100000 ? 100000 : d->exponent;
  int count = d->count;
  if (d->is_sticky) d->digits[count++] = '1', exponent--;
  text_format(d->digits + count, sizeof d->digits - (size_t)count, "e%lld", (long long)exponent);
  locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  double value = plain != (locale_t)0 ? strtod_l(d->digits, NULL, plain) : strtod(d->digits, NULL);
  if (plain != (locale_t)0) freelocale(plain);
  return value;
}

bool text_parse_number(const char *text, size_t length, double *value) {
  trim(&text, &length);
  if (length == 0) return false;
  const char *at = text, *end = text + length;
  decimal d;
  d.is_sticky = false, d.count = 0, d.exponent = 0;
  d.is_negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  size_t rest = (size_t)(end - at);
  double magnitude;
  if (is_word(at, rest, "inf") || is_word(at, rest, "infinity")) {
    magnitude = INFINITY;
  } else if (is_word(at, rest, "nan")) {
    magnitude = NAN;
  } else {
    at = decimal_mantissa(&d, at, end);
    if (at == NULL || !decimal_exponent(&d, at, end)) return false;
    if (d.count == 0) magnitude = 0;
    else if (!decimal_is_fast(&d, &magnitude)) magnitude = decimal_slow(&d);
  }
  *value = d.is_negative ? -magnitude : magnitude;
  return true;
}

bool text_parse_integer(const char *text, size_t length, int64_t *value) {
  trim(&text, &length);
  size_t i = 0;
  bool is_negative = length > 0 && text[0] == '-';
  if (length > 0 && (text[0] == '-' || text[0] == '+')) i++;
  if (i == length) return false;
  int64_t result = 0; /* negative throughout: its range is the wider one */
  for (; i < length; i++) {
    if (!is_digit(text[i])) return false;
    if (__builtin_mul_overflow(result, 10, &result) || __builtin_sub_overflow(result, text[i] - '0', &result)) return false;
  }
  if (!is_negative && result == INT64_MIN) return false;
  *value = is_negative ? result : -result;
  return true;
}

/* ---- Words ---- */

enum { MOST_LETTERS = 64 };

static int least(int a, int b) { return a < b ? a : b; }

int text_distance(const char *a, const char *b) {
  size_t n = strlen(a), k = strlen(b);
  if (n > MOST_LETTERS || k > MOST_LETTERS) return strcmp(a, b) == 0 ? 0 : INT_MAX;
  int rows[3][MOST_LETTERS + 1]; /* of the table, i modulo 3 */
  for (size_t j = 0; j <= k; j++) rows[0][j] = (int)j;
  for (size_t i = 1; i <= n; i++) {
    int *row = rows[i % 3], *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];
    row[0] = (int)i;
    for (size_t j = 1; j <= k; j++) {
      row[j] = least(least(up[j], row[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
      bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = least(row[j], up2[j - 2] + 1);
    }
  }
  return rows[n % 3][k];
}

static bool lowered(char *out, const char *word) {
  size_t length = strlen(word);
  if (length > MOST_LETTERS) return false;
  for (size_t i = 0; i <= length; i++) out[i] = lower(word[i]);
  return true;
}

int text_near(const char *word, const char *candidate) {
  char a[MOST_LETTERS + 1], b[MOST_LETTERS + 1];
  if (!lowered(a, word) || !lowered(b, candidate)) return -1;
  size_t length = strlen(a);
  int distance = text_distance(a, b), most = length >= 5 ? 2 : length >= 3 ? 1 : 0; /* among short words all are near each other */
  return distance <= most ? distance : -1;
}

const char *text_nearest(const char *word, text_candidate next, const void *list) {
  const char *best = NULL;
  int best_distance = INT_MAX;
  for (int i = 0;; i++) {
    const char *candidate = next(list, i);
    if (candidate == NULL) return best;
    int distance = text_near(word, candidate);
    if (distance >= 0 && distance < best_distance) best = candidate, best_distance = distance;
  }
}

bool text_list_has(const char *list, const char *word) {
  if (list == NULL) return false;
  size_t length = strlen(word);
  if (length == 0) return false;
  for (const char *at = list; *at != 0;) {
    size_t span = strcspn(at, " ");
    if (span == length && memcmp(at, word, length) == 0) return true;
    at += span;
    at += strspn(at, " ");
  }
  return false;
}

/* ---- Texts that grow ---- */

void text_line_add(text_line *line, const char *format, ...) {
  size_t at = line->length < line->size ? line->length : line->size;
  va_list arguments;
  va_start(arguments, format);
  line->length += text_format_list(at < line->size ? line->bytes + at : NULL, line->size - at, format, arguments);
  va_end(arguments);
}

void text_buffer_open(text_buffer *text, moth *m) { *text = (text_buffer){ .m = m }; }

/* Room for `more` bytes and the final 0. */
static bool has_room(text_buffer *text, size_t more) {
  if (text->failed) return false;
  if (more >= (size_t)(INT64_MAX - text->length)) {
    context_fail(text->m, MOTH_LIMIT, NULL, "memory limit: a text would pass 2^63 bytes");
    text->failed = true;
  } else {
    text->failed = memory_grow(text->m, &text->bytes, &text->capacity, text->length + (int64_t)more + 1, 1) != MOTH_OK;
  }
  return !text->failed;
}

void text_buffer_add(text_buffer *text, const char *format, ...) {
  if (text->failed) return;
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  size_t length = text_format_list(NULL, 0, format, arguments);
  if (has_room(text, length)) {
    text_format_list(text->bytes + text->length, length + 1, format, again);
    text->length += (int64_t)length;
  }
  va_end(again);
  va_end(arguments);
}

void text_buffer_bytes(text_buffer *text, const void *bytes, size_t size) {
  if (!has_room(text, size)) return;
  if (size > 0) memcpy(text->bytes + text->length, bytes, size);
  text->length += (int64_t)size;
  text->bytes[text->length] = 0;
}

void text_buffer_close(text_buffer *text) {
  if (text->m != NULL) memory_resize(text->m, text->bytes, (size_t)text->capacity, 0);
  *text = (text_buffer){ .m = text->m };
}

size_t text_bytes(char *buffer, size_t size, double bytes) {
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  if (bytes < 1023.5) return text_format(buffer, size, bytes == 1 ? "%.0f byte" : "%.0f bytes", bytes);
  int unit = 0;
  for (bytes /= 1024; bytes >= 1023.5 && unit < 5; unit++) bytes /= 1024;
  return text_format(buffer, size, bytes < 99.95 ? "%.3g %s" : "%.0f %s", bytes, units[unit]);
}

size_t text_count(char *buffer, size_t size, int64_t count) {
  char digits[24], grouped[40];
  size_t length = text_format(digits, sizeof digits, "%llu", count < 0 ? 0 - (unsigned long long)count : (unsigned long long)count), to = 0;
  if (count < 0) grouped[to++] = '-';
  for (size_t i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) grouped[to++] = ',';
    grouped[to++] = digits[i];
  }
  grouped[to] = 0;
  return text_format(buffer, size, "%s", grouped);
}
