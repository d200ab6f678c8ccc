/* look.h: what the environment tells of how text may look on the standard output. The process's own locale is left alone. */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>

bool look_unicode(void); /* LC_ALL, LC_CTYPE or LANG names a UTF-8 locale */
bool look_colour(void);  /* a terminal that is not "dumb", and no NO_COLOR (no-color.org) */

#endif
