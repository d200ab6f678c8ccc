#include "core/catalog.h"

#include <limits.h>
#include <string.h>

#include "core/memory.h"

static const char *const kind_names[MOTH_PART_KINDS] = {
  [MOTH_LAYER] = "layer",         [MOTH_ACTIVATION] = "activation", [MOTH_LOSS] = "loss",
  [MOTH_METRIC] = "metric",       [MOTH_OPTIMIZER] = "optimizer",   [MOTH_SCHEDULE] = "schedule",
  [MOTH_INITIALIZER] = "initializer", [MOTH_READER] = "reader",     [MOTH_FUNCTION] = "function",
};

const moth_row *catalog_at(const moth *m, moth_part_kind kind, int index) {
  if (index < 0) return NULL;
  const catalog *built_in = m->catalogs != NULL ? &m->catalogs->of[kind] : NULL;
  int count = built_in != NULL ? built_in->count : 0;
  if (index < count) return built_in->rows[index];
  const registered_rows *rows = &m->registered[kind];
  return index - count < rows->count ? rows->rows[index - count] : NULL;
}

const moth_row *catalog_find(const moth *m, moth_part_kind kind, const char *name) {
  const moth_row *row;
  for (int i = 0; (row = catalog_at(m, kind, i)) != NULL; i++) {
    if (strcmp(row->name, name) == 0) return row;
  }
  return NULL;
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static bool is_identifier(const char *name) {
  if (name == NULL || !is_letter(name[0])) return false;
  for (; *name != 0; name++) {
    if (!is_letter(*name) && !(*name >= '0' && *name <= '9')) return false;
  }
  return true;
}

moth_status catalog_register(moth *m, moth_part_kind kind, const moth_row *row) {
  const char *what = kind_names[kind];
  if (!is_identifier(row->name)) {
    return context_fail(m, MOTH_OPTION, what, "a name must be letters, digits and _, got '%.200s'", row->name != NULL ? row->name : "");
  }
  if (catalog_find(m, kind, row->name) != NULL) return context_fail(m, MOTH_OPTION, what, "there is a %s '%s' already", what, row->name);
  registered_rows *rows = &m->registered[kind];
  int64_t capacity = rows->capacity;
  if (capacity >= INT_MAX / 2) return context_fail(m, MOTH_LIMIT, what, "too many of them");
  moth_status status = memory_grow(m, &rows->rows, &capacity, (int64_t)rows->count + 1, sizeof *rows->rows);
  if (status != MOTH_OK) return context_within(m, status, what);
  rows->capacity = (int)capacity;
  rows->rows[rows->count++] = row;
  return MOTH_OK;
}

const moth_row *moth_catalog(const moth *m, moth_part_kind kind, int index) {
  return m == NULL || (unsigned)kind >= MOTH_PART_KINDS ? NULL : catalog_at(m, kind, index);
}

const moth_row *moth_find(const moth *m, moth_part_kind kind, const char *name) {
  return m == NULL || name == NULL || (unsigned)kind >= MOTH_PART_KINDS ? NULL : catalog_find(m, kind, name);
}

const char *moth_part_kind_name(moth_part_kind kind) {
  return (unsigned)kind < MOTH_PART_KINDS ? kind_names[kind] : "unknown kind";
}
