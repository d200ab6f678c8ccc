/* text.c: UTF-8 as a terminal shows it. */
#define _GNU_SOURCE
#include "text.h"

#include <stdbool.h>

static bool continues(const char *at, const char *end, int count) {
  if (end - at <= count) return false;
  for (int i = 1; i <= count; i++) {
    if (((unsigned char)at[i] & 0xc0) != 0x80) return false;
  }
  return true;
}

wchar_t text_next(const char **at, const char *end) {
  const unsigned char *byte = (const unsigned char *)*at;
  int more = *byte >= 0xf0 && *byte < 0xf8 ? 3 : *byte >= 0xe0 ? 2 : *byte >= 0xc0 ? 1 : 0;
  if (*byte >= 0xf8 || !continues(*at, end, more)) more = 0;
  wchar_t character = more == 0 ? byte[0] : byte[0] & (0x3f >> more);
  for (int i = 1; i <= more; i++) character = character << 6 | (byte[i] & 0x3f);
  *at += more + 1;
  return character;
}

size_t text_put(char *to, wchar_t character) {
  unsigned long c = (unsigned long)character;
  if (c < 0x80) return to[0] = (char)c, 1;
  if (c < 0x800) return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 0x3f)), 2;
  if (c < 0x10000) {
    to[0] = (char)(0xe0 | c >> 12);
    to[1] = (char)(0x80 | (c >> 6 & 0x3f));
    to[2] = (char)(0x80 | (c & 0x3f));
    return 3;
  }
  to[0] = (char)(0xf0 | (c >> 18 & 7));
  to[1] = (char)(0x80 | (c >> 12 & 0x3f));
  to[2] = (char)(0x80 | (c >> 6 & 0x3f));
  to[3] = (char)(0x80 | (c & 0x3f));
  return 4;
}

int text_count(const char *from, const char *end) {
  int count = 0;
  for (; from < end; count++) text_next(&from, end);
  return count;
}

static int columns_of(wchar_t character) {
  int columns = wcwidth(character);
  return columns < 0 ? 2 : columns; /* a control character shows as ^X */
}

int text_columns(const char *from, const char *end) {
  int columns = 0;
  while (from < end) columns += columns_of(text_next(&from, end));
  return columns;
}

text_place text_shown(text_place place, int width, const char *from, const char *end) {
  while (from < end) {
    wchar_t character = text_next(&from, end);
    if (character == '\n') {
      place = (text_place){ place.row + 1, 0 };
      continue;
    }
    int columns = character == '\t' ? 8 - place.column % 8 : columns_of(character);
    if (place.column + columns > width && character != '\t') place = (text_place){ place.row + 1, 0 };
    place.column += columns;
    if (place.column >= width) place = (text_place){ place.row + 1, 0 };
  }
  return place;
}
