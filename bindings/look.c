/* look.c: Unicode and colour on the standard output. */
#include "look.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static bool is_set(const char *text) { return text != NULL && *text != 0; }

bool look_unicode(void) {
  const char *locale = getenv("LC_ALL");
  if (!is_set(locale)) locale = getenv("LC_CTYPE");
  if (!is_set(locale)) locale = getenv("LANG");
  if (locale == NULL) return false;
  const char *point = strchr(locale, '.'), *charset = point != NULL ? point + 1 : locale; /* LC_CTYPE=UTF-8, as some terminals have it */
  return strncasecmp(charset, "UTF-8", 5) == 0 || strncasecmp(charset, "utf8", 4) == 0;
}

bool look_colour(void) {
  const char *kind = getenv("TERM");
  return isatty(1) && !is_set(getenv("NO_COLOR")) && is_set(kind) && strcmp(kind, "dumb") != 0;
}
