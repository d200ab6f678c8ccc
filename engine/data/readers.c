/* The catalog of readers out of its list, and moth_read. */
#include "core/catalog.h"
#include "core/text.h"
#include "data/dataset.h"

#define READER(name) extern const reader_class reader_##name;
#include "data/readers.def"
#undef READER

#define READER(name) &reader_##name.row,
const moth_row *const reader_catalog[] = {
#include "data/readers.def"
};

static const char *reader_name(const void *m, int index) {
  const moth_row *row = catalog_at(m, MOTH_READER, index);
  return row ? row->name : NULL;
}

static moth_status no_reader(moth *m, const char *name) {
  char names[256] = "";
  text_line line = { names, sizeof names, 0 };
  for (int i = 0; reader_name(m, i); i++) text_line_add(&line, i ? " %s" : "%s", reader_name(m, i));
  const char *near = text_nearest(name, reader_name, m);
  if (near) return context_fail(m, MOTH_OPTION, "read", "no reader '%s'; did you mean '%s'? (%s)", name, near, names);
  return context_fail(m, MOTH_OPTION, "read", "no reader '%s' (%s)", name, names);
}

moth_status moth_read(moth *m, const char *reader, const char *path, const moth_option *options, moth_dataset **data) {
  moth_status status = context_check(m, "read");
  if (status) return status;
  if (!reader || !path || !data) return context_fail(m, MOTH_MISUSE, "read", "needs a reader, a path and a place for the result");
  const moth_row *row = catalog_find(m, MOTH_READER, reader);
  return row ? ((const reader_class *)row)->read(m, path, options, data) : no_reader(m, reader);
}
