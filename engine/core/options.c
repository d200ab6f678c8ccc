#include "core/options.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "core/option.h"
#include "core/part.h"

int options_find(const moth_row *row, const char *key) {
  for (int i = 0; i < row->option_count; i++) {
    if (strcmp(row->options[i].key, key) == 0) return i;
  }
  return -1;
}

static const char *option_key(const void *list, int index) {
  const moth_row *row = list;
  return index < row->option_count ? row->options[index].key : NULL;
}

moth_status options_unknown(moth *m, const char *where, const moth_row *row, const char *key) {
  char names[2048];
  text_line line = { names, sizeof names, 0 };
  names[0] = 0;
  options_list(&line, row);
  for (int i = 0; i < row->option_count; i++) {
    if (!text_list_has(row->options[i].foreign, key)) continue;
    return context_fail(m, MOTH_OPTION, where, "no option '%.200s'; here it is '%s' (options: %s)", key, row->options[i].key, names);
  }
  const char *nearest = text_nearest(key, option_key, row);
  if (nearest != NULL) return context_fail(m, MOTH_OPTION, where, "no option '%.200s'; did you mean '%s'?", key, nearest);
  if (names[0] == 0) return context_fail(m, MOTH_OPTION, where, "no option '%.200s'; it takes none", key);
  return context_fail(m, MOTH_OPTION, where, "no option '%.200s' (options: %s)", key, names);
}

/* ---- Positionals ---- */

/* The row at a position, or -1; positions beyond that of a rest row belong to it. */
static int positional(const moth_row *row, int position) {
  for (int i = 0; i < row->option_count; i++) {
    int own = row->options[i].position;
    if (own == position || (own > 0 && own < position && row->options[i].flags & MOTH_REST)) return i;
  }
  return -1;
}

static moth_status surplus(moth *m, const char *where, const moth_row *row, const moth_option *given) {
  int takes = 0, got = 0;
  char names[256] = "";
  text_line line = { names, sizeof names, 0 };
  for (int position = 1, i; (i = positional(row, position)) >= 0; position++, takes++) {
    text_line_add(&line, takes > 0 ? ", %s" : "%s", row->options[i].key);
  }
  for (; given->kind != MOTH_OPTION_END; given++) got += given->key == NULL;
  if (takes == 0) return context_fail(m, MOTH_OPTION, where, "takes no values without a name, got %d", got);
  return context_fail(m, MOTH_OPTION, where, "takes %d value%s (%s), got %d", takes, takes == 1 ? "" : "s", names, got);
}

/* ---- Reading ---- */

/* The positionals from one on, side by side: those of a rest row. Borrowed values in a block of `count`. */
static moth_status gather(moth *m, const char *where, const moth_option *given, size_t *count, moth_option **gathered) {
  *count = 0;
  for (const moth_option *at = given; at->kind != MOTH_OPTION_END; at++) *count += at->key == NULL;
  *gathered = memory_new(m, *count, sizeof **gathered);
  if (*gathered == NULL) return context_within(m, m->status, where);
  for (size_t to = 0; given->kind != MOTH_OPTION_END; given++) {
    if (given->key == NULL) (*gathered)[to++] = *given;
  }
  return MOTH_OK;
}

static moth_status read_rest(moth *m, const char *where, const moth_option_row *row, const moth_option *given, moth_option *out) {
  size_t count;
  moth_option *gathered;
  moth_status status = gather(m, where, given, &count, &gathered);
  if (status != MOTH_OK) return status;
  status = option_read_rest(m, where, row, gathered, count, out);
  memory_free(m, gathered, count, sizeof *gathered);
  return status;
}

/* Every value that was given; `set` marks their rows. */
static moth_status read_given(moth *m, const char *where, const moth_row *row, const moth_option *given, moth_option *values, bool *set) {
  int position = 0;
  bool rest_taken = false;
  for (const moth_option *at = given; at->kind != MOTH_OPTION_END; at++) {
    if (at->key == NULL && rest_taken) continue;
    int i = at->key != NULL ? options_find(row, at->key) : positional(row, ++position);
    if (i < 0) return at->key != NULL ? options_unknown(m, where, row, at->key) : surplus(m, where, row, given);
    if (set[i]) return context_fail(m, MOTH_OPTION, where, "%s is given twice", row->options[i].key);
    rest_taken = at->key == NULL && row->options[i].flags & MOTH_REST;
    moth_status status = rest_taken ? read_rest(m, where, &row->options[i], at, &values[i])
                                    : option_read(m, where, &row->options[i], at, &values[i]);
    if (status != MOTH_OK) return status;
    set[i] = true;
  }
  return MOTH_OK;
}

static moth_status read_absent(moth *m, const char *where, const moth_row *row, moth_option *values, const bool *set) {
  static const moth_option absent = MOTH_END;
  for (int i = 0; i < row->option_count; i++) {
    if (set[i]) continue;
    if (row->options[i].flags & MOTH_REQUIRED) return context_fail(m, MOTH_OPTION, where, "%s is missing", row->options[i].key);
    moth_status status = option_read(m, where, &row->options[i], &absent, &values[i]);
    if (status != MOTH_OK) return status;
  }
  return MOTH_OK;
}

moth_status options_read(moth *m, const char *where, const moth_row *row, const moth_option *given, options *out) {
  static const moth_option none = MOTH_END;
  if (where == NULL) where = row->name;
  if (given == NULL) given = &none;
  size_t count = (size_t)row->option_count;
  bool *set = memory_new(m, count, sizeof *set);
  if (set == NULL) return context_within(m, m->status, where);
  options result = { memory_new(m, count, sizeof *result.values), row };
  moth_status status = result.values != NULL ? MOTH_OK : context_within(m, m->status, where);
  for (size_t i = 0; status == MOTH_OK && i < count; i++) result.values[i].key = row->options[i].key;
  if (status == MOTH_OK) status = read_given(m, where, row, given, result.values, set);
  if (status == MOTH_OK) status = read_absent(m, where, row, result.values, set);
  memory_free(m, set, count, sizeof *set);
  if (status == MOTH_OK) *out = result;
  else options_give_back(m, &result);
  return status;
}

/* ---- Owned options ---- */

static void free_values(moth *m, options *self, bool give_back) {
  if (self->values == NULL) return;
  for (int i = 0; i < self->row->option_count; i++) option_free(m, &self->values[i], give_back);
  memory_free(m, self->values, (size_t)self->row->option_count, sizeof *self->values);
  self->values = NULL;
}

void options_free(moth *m, options *self) { free_values(m, self, false); }
void options_give_back(moth *m, options *self) { free_values(m, self, true); }

moth_status options_copy(moth *m, const options *from, options *to) {
  const moth_row *row = from->row;
  options copy = { memory_new(m, (size_t)row->option_count, sizeof *copy.values), row };
  if (copy.values == NULL) return m->status;
  for (int i = 0; i < row->option_count; i++) {
    moth_status status = option_copy(m, row->options[i].key, &from->values[i], &copy.values[i]);
    if (status == MOTH_OK) continue;
    options_give_back(m, &copy);
    return status;
  }
  *to = copy;
  return MOTH_OK;
}

moth_status options_set(moth *m, const char *where, options *self, int index, const moth_option *value) {
  assert(index >= 0 && index < self->row->option_count);
  const moth_option_row *row = &self->row->options[index];
  if (where == NULL) where = self->row->name;
  if (value->kind == MOTH_OPTION_END && row->flags & MOTH_REQUIRED) {
    return context_fail(m, MOTH_OPTION, where, "%s is missing", row->key);
  }
  moth_option fresh;
  moth_status status = option_read(m, where, row, value, &fresh);
  if (status != MOTH_OK) return status;
  moth_option old = self->values[index];
  self->values[index] = fresh;
  option_free(m, &old, false);
  return MOTH_OK;
}

bool options_equal(const options *a, const options *b, int *index) {
  *index = -1;
  if (a->row != b->row) return false;
  for (int i = 0; i < a->row->option_count; i++) {
    if (a->row->options[i].flags & MOTH_BUILDING || option_equal(&a->values[i], &b->values[i])) continue;
    *index = i;
    return false;
  }
  return true;
}

const moth_option *options_nested(const options *self, int index, const char *key) {
  const moth_option *value = &self->values[index];
  if (value->kind != MOTH_OPTION_OPTIONS) return NULL;
  for (const moth_option *at = value->as.options; at->kind != MOTH_OPTION_END; at++) {
    if (strcmp(at->key, key) == 0) return at;
  }
  return NULL;
}
