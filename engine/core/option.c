#include "core/option.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/part.h"

/* How many owners a taken call has; it stands in the option's count, which calls have no other use for. */
typedef struct call_owners { int64_t count; } call_owners;
_Static_assert(sizeof(size_t) >= sizeof(void *), "an option's count holds a pointer");

static call_owners *owners_of(const moth_option *value) { return (call_owners *)(uintptr_t)value->count; }

/* A call with an owner count is one of ours; one without is the host's, newly given. */
static moth_status copy_call(moth *m, const moth_option *from, moth_option *to) {
  call_owners *owners = owners_of(from);
  if (owners != NULL) {
    owners->count++;
  } else if (from->as.call.release != NULL) {
    owners = memory_new(m, 1, sizeof *owners);
    if (owners == NULL) return m->status;
    owners->count = 1;
  }
  to->as.call = from->as.call;
  to->count = (size_t)(uintptr_t)owners;
  return MOTH_OK;
}

static void free_call(moth *m, moth_option *value, bool give_back) {
  call_owners *owners = owners_of(value);
  if (owners == NULL || --owners->count > 0) return;
  memory_free(m, owners, 1, sizeof *owners);
  if (!give_back) value->as.call.release(value->as.call.data);
}

/* ---- Lists ---- */

static moth_status copy_bytes(moth *m, const void *from, size_t count, size_t size, void **to) {
  *to = memory_new(m, count, size);
  if (*to == NULL) return m->status;
  if (count > 0) memcpy(*to, from, count * size);
  return MOTH_OK;
}

static void free_texts(moth *m, char **texts, size_t count) {
  for (size_t i = 0; i < count; i++) memory_text_free(m, texts[i]);
  memory_free(m, texts, count, sizeof *texts);
}

static moth_status copy_texts(moth *m, const char *const *from, size_t count, const char *const **to) {
  char **texts = memory_new(m, count, sizeof *texts);
  if (texts == NULL) return m->status;
  for (size_t i = 0; i < count; i++) {
    texts[i] = memory_text(m, from[i]);
    if (texts[i] != NULL) continue;
    free_texts(m, texts, count);
    return m->status;
  }
  *to = (const char *const *)texts;
  return MOTH_OK;
}

static size_t list_length(const moth_option *list) {
  size_t count = 0;
  while (list != NULL && list[count].kind != MOTH_OPTION_END) count++;
  return count;
}

static void free_list(moth *m, moth_option *list, size_t count, bool give_back) {
  for (size_t i = 0; i < count; i++) option_free(m, &list[i], give_back);
  memory_free(m, list, count + 1, sizeof *list);
}

static moth_status copy_list(moth *m, const moth_option *from, moth_option *to) {
  size_t count = list_length(from->as.options);
  moth_option *list = memory_new(m, count + 1, sizeof *list);
  if (list == NULL) return m->status;
  for (size_t i = 0; i < count; i++) {
    const moth_option *option = &from->as.options[i];
    moth_status status = option_copy(m, option->key, option, &list[i]);
    if (status == MOTH_OK) continue;
    free_list(m, list, count, true);
    return status;
  }
  to->as.options = list;
  to->count = count;
  return MOTH_OK;
}

/* ---- One value ---- */

/* The kinds whose value is more than its bytes. */
static moth_status copy_held(moth *m, const moth_option *from, moth_option *to) {
  void *bytes = NULL;
  moth_status status = MOTH_OK;
  switch (from->kind) {
  case MOTH_OPTION_TEXT:
    to->as.text = memory_text(m, from->as.text);
    return to->as.text != NULL ? MOTH_OK : m->status;
  case MOTH_OPTION_INTS:
    status = copy_bytes(m, from->as.integers, from->count, sizeof *from->as.integers, &bytes);
    to->as.integers = bytes;
    return status;
  case MOTH_OPTION_REALS:
    status = copy_bytes(m, from->as.reals, from->count, sizeof *from->as.reals, &bytes);
    to->as.reals = bytes;
    return status;
  case MOTH_OPTION_TEXTS: return copy_texts(m, from->as.texts, from->count, &to->as.texts);
  case MOTH_OPTION_TENSOR: moth_retain(from->as.tensor); return MOTH_OK;
  case MOTH_OPTION_PART: moth_retain(from->as.part); return MOTH_OK;
  case MOTH_OPTION_OBJECT: moth_retain(from->as.object); return MOTH_OK;
  case MOTH_OPTION_PARTS:
    status = copy_bytes(m, from->as.parts, from->count, sizeof *from->as.parts, &bytes);
    if (status != MOTH_OK) return status;
    to->as.parts = bytes;
    for (size_t i = 0; i < to->count; i++) moth_retain(to->as.parts[i]);
    return MOTH_OK;
  case MOTH_OPTION_CALL: return copy_call(m, from, to);
  case MOTH_OPTION_OPTIONS: return copy_list(m, from, to);
  default: return MOTH_OK;
  }
}

moth_status option_copy(moth *m, const char *key, const moth_option *from, moth_option *to) {
  moth_option copy = *from;
  copy.key = key;
  moth_status status = copy_held(m, from, &copy);
  if (status == MOTH_OK) *to = copy;
  return status;
}

void option_free(moth *m, moth_option *value, bool give_back) {
  moth_option old = *value;
  value->kind = MOTH_OPTION_END;
  switch (old.kind) {
  case MOTH_OPTION_TEXT: memory_text_free(m, (char *)(uintptr_t)old.as.text); break;
  case MOTH_OPTION_INTS: memory_free(m, (void *)(uintptr_t)old.as.integers, old.count, sizeof *old.as.integers); break;
  case MOTH_OPTION_REALS: memory_free(m, (void *)(uintptr_t)old.as.reals, old.count, sizeof *old.as.reals); break;
  case MOTH_OPTION_TEXTS: free_texts(m, (char **)(uintptr_t)old.as.texts, old.count); break;
  case MOTH_OPTION_TENSOR: moth_release(old.as.tensor); break;
  case MOTH_OPTION_PART: moth_release(old.as.part); break;
  case MOTH_OPTION_OBJECT: moth_release(old.as.object); break;
  case MOTH_OPTION_PARTS:
    for (size_t i = 0; i < old.count; i++) moth_release(old.as.parts[i]);
    memory_free(m, (void *)(uintptr_t)old.as.parts, old.count, sizeof *old.as.parts);
    break;
  case MOTH_OPTION_CALL: free_call(m, &old, give_back); break;
  case MOTH_OPTION_OPTIONS: free_list(m, (moth_option *)(uintptr_t)old.as.options, old.count, give_back); break;
  default: break;
  }
}

/* ---- Comparing ---- */

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static size_t entries(const moth_option *o) {
  return o->kind & (MOTH_OPTION_INTS | MOTH_OPTION_REALS | MOTH_OPTION_TEXTS | MOTH_OPTION_PARTS) ? o->count : 1;
}

moth_option option_entry(const moth_option *o, size_t i) {
  moth_option one = { .kind = o->kind };
  switch (o->kind) {
  case MOTH_OPTION_INTS: one.kind = MOTH_OPTION_INT, one.as.integer = o->as.integers[i]; break;
  case MOTH_OPTION_REALS: one.kind = MOTH_OPTION_REAL, one.as.real = o->as.reals[i]; break;
  case MOTH_OPTION_TEXTS: one.kind = MOTH_OPTION_TEXT, one.as.text = o->as.texts[i]; break;
  case MOTH_OPTION_PARTS: one.kind = MOTH_OPTION_PART, one.as.part = o->as.parts[i]; break;
  default: one = *o; break;
  }
  return one;
}

static bool is_default_part(const moth_part *part) {
  for (int i = 0; i < part->row->option_count; i++) {
    const moth_option_row *row = &part->row->options[i];
    if (!(row->flags & MOTH_BUILDING) && !option_equal(&part->options.values[i], &row->fallback)) return false;
  }
  return true;
}

static bool same_lists(const moth_option *a, const moth_option *b) {
  size_t count = list_length(a);
  if (count != list_length(b)) return false;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(a[i].key, b[i].key) != 0 || !option_equal(&a[i], &b[i])) return false;
  }
  return true;
}

static bool is_number(const moth_option *o) { return o->kind == MOTH_OPTION_INT || o->kind == MOTH_OPTION_REAL; }

static bool same_one(const moth_option *a, const moth_option *b) {
  if (is_number(a) && is_number(b)) {
    if (a->kind == MOTH_OPTION_INT && b->kind == MOTH_OPTION_INT) return a->as.integer == b->as.integer;
    return same_number(a->kind == MOTH_OPTION_INT ? (double)a->as.integer : a->as.real,
                       b->kind == MOTH_OPTION_INT ? (double)b->as.integer : b->as.real);
  }
  if (a->kind == MOTH_OPTION_TEXT && b->kind == MOTH_OPTION_PART) return same_one(b, a);
  if (a->kind == MOTH_OPTION_PART && b->kind == MOTH_OPTION_TEXT) {
    return strcmp(a->as.part->row->name, b->as.text) == 0 && is_default_part(a->as.part);
  }
  if (a->kind != b->kind) return false;
  switch (a->kind) {
  case MOTH_OPTION_TEXT: return strcmp(a->as.text, b->as.text) == 0;
  case MOTH_OPTION_FLAG: return a->as.flag == b->as.flag;
  case MOTH_OPTION_TENSOR: return a->as.tensor == b->as.tensor;
  case MOTH_OPTION_PART: return a->as.part == b->as.part || options_equal(&a->as.part->options, &b->as.part->options, &(int){ 0 });
  case MOTH_OPTION_OBJECT: return a->as.object == b->as.object;
  case MOTH_OPTION_OPTIONS: return same_lists(a->as.options, b->as.options);
  default: return true; /* END, CALL */
  }
}

bool option_equal(const moth_option *a, const moth_option *b) {
  if ((a->kind == MOTH_OPTION_END) != (b->kind == MOTH_OPTION_END)) return false;
  size_t count = entries(a);
  if (count != entries(b)) return false;
  for (size_t i = 0; i < count; i++) {
    moth_option one = option_entry(a, i), other = option_entry(b, i);
    if (!same_one(&one, &other)) return false;
  }
  return true;
}
