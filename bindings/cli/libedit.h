/* libedit.h: the few functions of libedit.so.2 (histedit.h) that the editor calls. The library is loaded at run time, so that building
 * needs nothing of it and a machine without it has a plain prompt. */
#ifndef LIBEDIT_H
#define LIBEDIT_H

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

typedef struct editline EditLine;
typedef struct lineinfo { const char *buffer, *cursor, *lastchar; } LineInfo;

typedef struct libedit {
  EditLine *(*init)(const char *program, FILE *in, FILE *out, FILE *errors);
  const char *(*gets)(EditLine *el, int *count);
  int (*wgetc)(EditLine *el, wchar_t *key);
  int (*set)(EditLine *el, int what, ...);
  int (*get)(EditLine *el, int what, ...);
  void (*push)(EditLine *el, const char *text); /* what is read next */
  int (*source)(EditLine *el, const char *path);
  const LineInfo *(*line)(EditLine *el);
  int (*insert)(EditLine *el, const char *text);
  void (*erase)(EditLine *el, int count);   /* characters before the cursor */
  int (*move)(EditLine *el, int count);     /* the cursor */
  int (*tgetent)(char *buffer, const char *terminal); /* of the library beneath: 1 where the terminal is known */
  EditLine *left;               /* a closed editor's */
} libedit;

enum {
  EL_PROMPT = 0, EL_EDITOR = 2, EL_SIGNAL = 3, EL_BIND = 4, EL_ADDFN = 9, EL_GETCFN = 13, EL_CLIENTDATA = 14, EL_PREP_TERM = 16,
  EL_REFRESH = 20
};
enum { CC_NORM = 0, CC_NEWLINE = 1, CC_REFRESH = 4, CC_CURSOR = 5, CC_ERROR = 6 };

/* Where libedit_load puts them: keys' functions get nothing but an EditLine. */
extern libedit edit;
/* False where the library or one of its functions is missing. */
bool libedit_load(void);

#endif
