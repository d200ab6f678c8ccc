#include "data/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *text, int64_t length) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (int64_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

/* The slot that holds the word, or the empty one where it belongs. */
static int64_t slot_of(const words *self, const char *text, int64_t length) {
  int64_t slot = (int64_t)(hash_of(text, length) & (uint64_t)(self->slot_count - 1));
  while (self->slots[slot] != 0) {
    const char *word = words_text(self, self->slots[slot] - 1);
    if (strncmp(word, text, (size_t)length) == 0 && word[length] == 0) break;
    slot = (slot + 1) & (self->slot_count - 1);
  }
  return slot;
}

int64_t words_find(const words *self, const char *text, int64_t length) {
  return self->slot_count == 0 ? -1 : self->slots[slot_of(self, text, length)] - 1;
}

static moth_status words_rehash(moth *m, words *self) {
  words larger = *self;
  larger.slot_count = self->slot_count == 0 ? 16 : self->slot_count * 2;
  larger.slots = memory_new(m, (size_t)larger.slot_count, sizeof *larger.slots);
  if (!larger.slots) return m->status;
  for (int64_t i = 0; i < self->count; i++) {
    const char *word = words_text(self, i);
    larger.slots[slot_of(&larger, word, (int64_t)strlen(word))] = (int32_t)i + 1;
  }
  memory_free(m, self->slots, (size_t)self->slot_count, sizeof *self->slots);
  *self = larger;
  return MOTH_OK;
}

moth_status words_add(moth *m, words *self, const char *text, int64_t length, int64_t *number) {
  *number = words_find(self, text, length);
  if (*number >= 0) return MOTH_OK;
  if (self->count >= WORDS_MOST) return context_fail(m, MOTH_LIMIT, NULL, "more than %d different words", WORDS_MOST);
  moth_status status = self->count * 2 >= self->slot_count ? words_rehash(m, self) : MOTH_OK;
  if (!status) status = memory_grow(m, &self->bytes, &self->byte_capacity, self->byte_count + length + 1, 1);
  if (!status) status = memory_grow(m, &self->starts, &self->capacity, self->count + 1, sizeof *self->starts);
  if (status) return status;
  int64_t slot = slot_of(self, text, length);
  memcpy(self->bytes + self->byte_count, text, (size_t)length);
  self->bytes[self->byte_count + length] = 0;
  self->starts[self->count] = self->byte_count;
  self->byte_count += length + 1;
  self->slots[slot] = (int32_t)++self->count;
  *number = self->count - 1;
  return MOTH_OK;
}

void words_free(moth *m, words *self) {
  memory_resize(m, self->bytes, (size_t)self->byte_capacity, 0);
  memory_resize(m, self->starts, (size_t)self->capacity * sizeof *self->starts, 0);
  memory_free(m, self->slots, (size_t)self->slot_count, sizeof *self->slots);
  *self = (words){ 0 };
}

/* ---- Classes ---- */

typedef struct ranked { const char *text; double value; int64_t number; } ranked;

static int by_value(const void *a, const void *b) {
  const ranked *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return x->number < y->number ? -1 : x->number > y->number;
}

static int by_text(const void *a, const void *b) { return strcmp(((const ranked *)a)->text, ((const ranked *)b)->text); }

static bool are_numbers(ranked *list, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (!text_parse_number(list[i].text, strlen(list[i].text), &list[i].value) || !isfinite(list[i].value)) return false;
  }
  return true;
}

moth_status words_classes(moth *m, const words *self, int64_t *ranks, char ***names, int *count) {
  size_t n = (size_t)self->count;
  ranked *list = memory_new(m, n, sizeof *list);
  if (!list) return m->status;
  for (size_t i = 0; i < n; i++) list[i] = (ranked){ .text = words_text(self, (int64_t)i), .number = (int64_t)i };
  bool is_numeric = are_numbers(list, self->count);
  if (n > 0) qsort(list, n, sizeof *list, is_numeric ? by_value : by_text);
  int64_t classes = 0;
  for (size_t i = 0; i < n; i++) {
    bool is_same = is_numeric && i > 0 && list[i].value == list[i - 1].value;
    ranks[list[i].number] = is_same ? classes - 1 : classes++;
  }
  char **made = memory_new(m, (size_t)classes, sizeof *made);
  bool is_whole = made != NULL;
  for (size_t i = 0; i < n && is_whole; i++) {
    int64_t rank = ranks[list[i].number];
    if (made[rank] == NULL) is_whole = (made[rank] = memory_text(m, list[i].text)) != NULL;
  }
  memory_free(m, list, n, sizeof *list);
  if (!is_whole) {
    words_names_free(m, made, (int)classes);
    return m->status;
  }
  *names = made, *count = (int)classes;
  return MOTH_OK;
}

void words_names_free(moth *m, char **names, int count) {
  if (!names) return;
  for (int i = 0; i < count; i++) memory_text_free(m, names[i]);
  memory_free(m, names, (size_t)count, sizeof *names);
}
