#include "core/part.h"

#include <string.h>

#include "core/catalog.h"
#include "core/option.h"
#include "core/text.h"

static void part_destroy(object *self) {
  moth_part *part = (moth_part *)self;
  if (part->state_release != NULL && part->state != NULL) part->state_release(part);
  options_free(self->context, &part->options);
}

/* "optimizer adam(…)" */
static size_t part_text(const object *self, char *buffer, size_t size) {
  const moth_part *part = (const moth_part *)self;
  char text[200];
  moth_part_text(part, text, sizeof text);
  return text_format(buffer, size, "%s %s", moth_part_kind_name(part->kind), text);
}

static const object_class part_class = {
  .kind = MOTH_PART_OBJECT, .name = "component", .size = sizeof(moth_part), .destroy = part_destroy, .text = part_text,
};

moth_status part_create(moth *m, moth_part_kind kind, const moth_row *row, const moth_option *given, moth_part **part) {
  moth_part *self = object_new(m, &part_class);
  if (self == NULL) return context_within(m, m->status, row->name);
  self->kind = kind;
  self->row = row;
  moth_status status = options_read(m, NULL, row, given, &self->options);
  if (status == MOTH_OK) *part = self;
  else moth_release(self);
  return status;
}

/* ---- By name ---- */

typedef struct candidates { moth *m; unsigned kinds; } candidates;

static const moth_row *candidate_row(const candidates *list, int index) {
  for (int kind = 0; kind < MOTH_PART_KINDS; kind++) {
    if (!(list->kinds >> kind & 1)) continue;
    int at = 0;
    for (const moth_row *row; (row = catalog_at(list->m, (moth_part_kind)kind, at)) != NULL; at++) {
      if (index-- == 0) return row;
    }
  }
  return NULL;
}

static const char *candidate_name(const void *list, int index) {
  const moth_row *row = candidate_row(list, index);
  return row != NULL ? row->name : NULL;
}

static moth_status part_unknown(moth *m, const char *where, unsigned kinds, const char *name) {
  candidates list = { m, kinds };
  char kind_text[160], names[2048] = "";
  text_line kind_line = { kind_text, sizeof kind_text, 0 }, names_line = { names, sizeof names, 0 };
  option_part_kinds(&kind_line, kinds);
  const moth_row *row;
  for (int i = 0; (row = candidate_row(&list, i)) != NULL; i++) {
    if (text_list_has(row->foreign, name)) {
      return context_fail(m, MOTH_OPTION, where, "no %s '%.200s'; here it is '%s'", kind_text, name, row->name);
    }
    text_line_add(&names_line, "%s%s", i > 0 ? " " : "", row->name);
  }
  const char *nearest = text_nearest(name, candidate_name, &list);
  if (names[0] == 0) return context_fail(m, MOTH_OPTION, where, "no %s '%.200s'", kind_text, name);
  if (nearest == NULL) return context_fail(m, MOTH_OPTION, where, "no %s '%.200s' (%s)", kind_text, name, names);
  return context_fail(m, MOTH_OPTION, where, "no %s '%.200s'; did you mean '%s'? (%s)", kind_text, name, nearest, names);
}

moth_status part_find(moth *m, const char *where, unsigned kinds, const char *name, const moth_option *given, moth_part **part) {
  for (int kind = 0; kind < MOTH_PART_KINDS; kind++) {
    const moth_row *row = kinds >> kind & 1 ? catalog_find(m, (moth_part_kind)kind, name) : NULL;
    if (row != NULL) return part_create(m, (moth_part_kind)kind, row, given, part);
  }
  return part_unknown(m, where, kinds, name);
}

/* ---- Public ---- */

moth_status moth_part_create(moth *m, moth_part_kind kind, const char *name, const moth_option *given, moth_part **part) {
  moth_status status = context_check(m, NULL);
  if (status != MOTH_OK) return status;
  if (name == NULL || part == NULL) return context_fail(m, MOTH_MISUSE, "part", "name and result must be given");
  if ((unsigned)kind >= MOTH_PART_KINDS) return context_fail(m, MOTH_MISUSE, "part", "no kind of component %d", (int)kind);
  if (kind == MOTH_FUNCTION || kind == MOTH_READER) {
    return context_fail(m, MOTH_OPTION, NULL, "a %s makes no component, got '%.200s'", moth_part_kind_name(kind), name);
  }
  return part_find(m, NULL, 1u << kind, name, given, part);
}

moth_part_kind moth_part_kind_of(const moth_part *part) { return part->kind; }

const moth_row *moth_part_row(const moth_part *part) { return part->row; }

static moth_status find_option(moth *m, const moth_part *part, const char *key, int *index) {
  moth_status status = object_check(m, part, MOTH_PART_OBJECT, "part", "argument 1");
  if (status != MOTH_OK) return status;
  if (key == NULL) return context_fail(m, MOTH_MISUSE, part->row->name, "an option's key must be given");
  *index = options_find(part->row, key);
  return *index >= 0 ? MOTH_OK : options_unknown(m, part->row->name, part->row, key);
}

moth_status moth_part_get(moth *m, const moth_part *part, const char *key, moth_option *value) {
  int index = -1;
  moth_status status = find_option(m, part, key, &index);
  if (status != MOTH_OK) return status;
  if (value == NULL) return context_fail(m, MOTH_MISUSE, part->row->name, "a place for the value must be given");
  *value = part->options.values[index];
  if (value->kind == MOTH_OPTION_CALL) value->count = 0, value->as.call.release = NULL; /* borrowed: the part releases it */
  return MOTH_OK;
}

moth_status moth_part_set(moth *m, moth_part *part, const moth_option *value) {
  int index = -1;
  moth_status status = find_option(m, part, value != NULL ? value->key : NULL, &index);
  if (status != MOTH_OK) return status;
  const moth_option_row *row = &part->row->options[index];
  if (!(row->flags & MOTH_LIVE)) return context_fail(m, MOTH_OPTION, part->row->name, "%s is fixed once it is made", row->key);
  return options_set(m, NULL, &part->options, index, value);
}

size_t moth_part_text(const moth_part *part, char *buffer, size_t size) {
  text_line line = { buffer, size, 0 };
  text_line_add(&line, "%s(", part->row->name);
  bool fits = line.length < size;
  line.length += options_text(&part->options, fits ? buffer + line.length : NULL, fits ? size - line.length : 0);
  text_line_add(&line, ")");
  return line.length;
}
