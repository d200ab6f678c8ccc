/* options.h: the one parser of options, for C hosts, Lua tables and model files alike. A schema is a list of moth_option_row; what comes
 * out is one moth_option a row, in the schema's order, owned: texts copied, handles retained, calls taken. Rows are indexed by the
 * enums that stand beside each schema. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "core/context.h"

typedef struct options { moth_option *values; const moth_row *row; } options;

/* Reads `given` (NULL: none) by the row's schema. Coerces INT to REAL, whole REAL to INT, INT to INTS of one (likewise REAL, TEXT, PART),
 * TEXT to PART and TEXTS to PARTS by name, where the row accepts only the latter. Fails with MOTH_OPTION, `where: …`, naming the option,
 * what was expected and got, and the nearest right name; nothing is then kept or taken. A range refuses nan, and infinity where an infinite
 * end is open; fallbacks are not held to their row's range. false in a list of components is no component. `where` NULL: the row's name. */
moth_status options_read(moth *m, const char *where, const moth_row *row, const moth_option *given, options *out);
moth_status options_copy(moth *m, const options *from, options *to);
void options_free(moth *m, options *self);
/* Reads and replaces one value. */
moth_status options_set(moth *m, const char *where, options *self, int index, const moth_option *value);
/* As options_free where what was taken is not kept: calls are not released. */
void options_give_back(moth *m, options *self);
/* The failure for a key that a row does not have: "where: no option 'Lr'; did you mean 'lr'?". */
moth_status options_unknown(moth *m, const char *where, const moth_row *row, const char *key);
/* An option of a nested table by its key; NULL where the table or the option is unset. */
const moth_option *options_nested(const options *self, int index, const char *key);
/* Position of a key in a schema, or -1. */
int options_find(const moth_row *row, const char *key);
/* Whether both hold the same values; rows that are BUILDING are passed over; calls compare equal to calls. On a difference
 * *index is its row, -1 where the schemas differ. */
bool options_equal(const options *a, const options *b, int *index);
/* Writes values that differ from their fallback as scripts do: `10, "softmax", bias = false`. Returns the full length. */
size_t options_text(const options *self, char *buffer, size_t size);

static inline bool options_is_set(const options *o, int i) { return o->values[i].kind != MOTH_OPTION_END; }
static inline int64_t options_int(const options *o, int i) { return o->values[i].as.integer; }
static inline double options_real(const options *o, int i) { return o->values[i].as.real; }
static inline bool options_flag(const options *o, int i) { return o->values[i].as.flag; }
static inline const char *options_word(const options *o, int i) {
  return o->values[i].kind == MOTH_OPTION_TEXT ? o->values[i].as.text : NULL;
}
static inline moth_part *options_part(const options *o, int i) {
  return o->values[i].kind == MOTH_OPTION_PART ? o->values[i].as.part : NULL;
}
static inline void *options_object(const options *o, int i) {
  return o->values[i].kind == MOTH_OPTION_OBJECT ? o->values[i].as.object : NULL;
}
/* The number of an INT or REAL option. */
static inline double options_number(const options *o, int i) {
  return o->values[i].kind == MOTH_OPTION_INT ? (double)o->values[i].as.integer : o->values[i].as.real;
}

#endif
