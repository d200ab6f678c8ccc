/* data/words.h: words as numbers, in the order they were met, and afterwards as classes in their own order. */
#ifndef DATA_WORDS_H
#define DATA_WORDS_H

#include "core/context.h"

enum { WORDS_MOST = 1 << 24 }; /* numbers that f32 can tell apart */

typedef struct words {
  char *bytes; int64_t byte_count, byte_capacity;
  int64_t *starts; int64_t count, capacity;     /* of each word in bytes, ended by a 0 */
  int32_t *slots; int64_t slot_count;           /* open addressing: number + 1 */
} words;

/* The word's number, -1 where it was never met. */
int64_t words_find(const words *self, const char *text, int64_t length);
/* The same, adding it. MOTH_LIMIT past WORDS_MOST. */
moth_status words_add(moth *m, words *self, const char *text, int64_t length, int64_t *number);
static inline const char *words_text(const words *self, int64_t number) { return self->bytes + self->starts[number]; }
/* Classes: names in order of value if all are numbers (equal ones are one class, under the name met first), else in byte order.
 * ranks[number] is a word's class from 0; *names (memory_new) of *count texts. */
moth_status words_classes(moth *m, const words *self, int64_t *ranks, char ***names, int *count);
void words_free(moth *m, words *self);
/* Frees a list of names. */
void words_names_free(moth *m, char **names, int count);

#endif
