/* option.h: one value of an option, owned: texts copied, handles retained, calls shared and counted. What options.h reads a list with. */
#ifndef CORE_OPTION_H
#define CORE_OPTION_H

#include "core/options.h"
#include "core/text.h"

/* An owned copy of a value of its own kind, under the given key. Texts, lists and nested lists are copied, handles retained. A call of the
 * host's is taken: its release waits for the last copy. `to` is set only on success. */
moth_status option_copy(moth *m, const char *key, const moth_option *from, moth_option *to);
/* Lets go of an owned value. give_back: calls are not released, as the host keeps what was not taken. */
void option_free(moth *m, moth_option *value, bool give_back);
/* Whether two values are the same; a component equals its name where all its options have their fallbacks, a scalar a list of itself. */
bool option_equal(const moth_option *a, const moth_option *b);

/* Reads one value as its row wants it (see options_read); `given` of kind END is the fallback. */
moth_status option_read(moth *m, const char *where, const moth_option_row *row, const moth_option *given, moth_option *out);
/* Reads the positionals that a MOTH_REST row takes: an array of values, keys ignored. */
moth_status option_read_rest(moth *m, const char *where, const moth_option_row *row, const moth_option *given, size_t count,
                             moth_option *out);
/* The i-th entry of a list as a scalar; a scalar is its own. Borrowed. */
moth_option option_entry(const moth_option *list, size_t i);
/* A failure "where: key must be …, got …"; `entry` > 0 names an entry of a list. */
moth_status option_refuse(moth *m, const char *where, const moth_option_row *row, int64_t entry, const moth_option *given);

/* What a row takes ("a whole number >= 1 or 'full'") and what a value is ("2.5", "'relu'", "a list of numbers"), for messages. */
void option_expected(text_line *line, const moth_option_row *row, bool one_entry, const moth_option *given);
void option_given(text_line *line, const moth_option *value);
/* A value as scripts write it; `rest`: a list without its braces. */
void option_write(text_line *line, const moth_option *value, bool rest);
/* A row's options that can be misspelt: "lr beta1 …"; without those that scripts do not write. */
void options_list(text_line *line, const moth_row *row);
/* "layer", "loss or metric", by a mask of part kinds. */
void option_part_kinds(text_line *line, unsigned kinds);

#endif
