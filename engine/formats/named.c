/* Tensors with names: what archives hold. */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "formats/formats.h"

moth_status named_add(named_list *list, const char *name, moth_tensor *t) {
  moth *m = list->m;
  char *copy = name ? memory_text(m, name) : NULL;
  moth_status status = name && !copy ? m->status : memory_grow(m, &list->items, &list->capacity, list->count + 1, sizeof *list->items);
  if (status) {
    memory_text_free(m, copy);
    object_release(&t->base);
    return status;
  }
  list->items[list->count++] = (moth_named_tensor){ .name = copy, .tensor = t };
  return MOTH_OK;
}

/* The last tensor goes last of all: a closed context goes with it. */
void named_free(named_list *list) {
  moth *m = list->m;
  if (!m) return;
  moth_tensor *last = list->count > 0 ? list->items[list->count - 1].tensor : NULL;
  for (int64_t i = 0; i < list->count; i++) {
    memory_text_free(m, (char *)(uintptr_t)list->items[i].name);
    if (i + 1 < list->count) object_release(&list->items[i].tensor->base);
  }
  memory_resize(m, list->items, (size_t)list->capacity * sizeof *list->items, 0);
  *list = (named_list){ 0 };
  if (last) object_release(&last->base);
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

moth_status named_check(moth *m, const char *where, const char *file, moth_status failure, const moth_named_tensor *items, int64_t count) {
  const char **names = memory_new(m, (size_t)count, sizeof *names);
  if (!names) return context_within(m, m->status, where);
  moth_status status = MOTH_OK;
  for (int64_t i = 0; i < count; i++) names[i] = items[i].name;
  if (count > 0) qsort(names, (size_t)count, sizeof *names, by_name);
  for (int64_t i = 0; i < count && !status; i++) {
    bool is_twice = i > 0 && strcmp(names[i - 1], names[i]) == 0;
    if (is_twice) status = context_fail(m, failure, where, "%s: two are named '%.200s'", file, names[i]);
    else if (!named_is_utf8(names[i])) status = context_fail(m, failure, where, "%s: '%.200s' is not UTF-8", file, names[i]);
  }
  memory_free(m, names, (size_t)count, sizeof *names);
  return status;
}

/* Bytes of the UTF-8 letter at `at` (RFC 3629: shortest form, no surrogates, up to U+10FFFF); 0 where it is none. */
static int letter_bytes(const uint8_t *at) {
  if (at[0] < 0x80) return 1;
  int more = at[0] >= 0xc2 && at[0] < 0xe0 ? 1 : at[0] >= 0xe0 && at[0] < 0xf0 ? 2 : at[0] >= 0xf0 && at[0] < 0xf5 ? 3 : 0;
  for (int i = 1; i <= more; i++) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  bool is_long = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
  bool is_beyond = (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf4 && at[1] >= 0x90);
  return more == 0 || is_long || is_beyond ? 0 : more + 1;
}

bool named_is_utf8(const char *text) {
  for (const uint8_t *at = (const uint8_t *)text; *at;) {
    int bytes = letter_bytes(at);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}
