#include <assert.h>

#include "core/memory.h"
#include "tensor/tensor.h"

/* A storage made here is one block: this head, then the bytes, both on cache lines. */
enum { STORAGE_HEAD = 128 };
_Static_assert(sizeof(storage) <= STORAGE_HEAD, "the head holds a storage");

storage *storage_new(moth *m, size_t bytes, bool clear) {
  size_t whole;
  if (__builtin_add_overflow(bytes, (size_t)STORAGE_HEAD, &whole)) {
    context_fail(m, MOTH_LIMIT, NULL, "memory limit: needs more than can be addressed");
    return NULL;
  }
  storage *s = memory_aligned(m, whole, clear);
  if (!s) return NULL;
  *s = (storage) { .references = 1, .context = m, .bytes = (char *)s + STORAGE_HEAD, .size = bytes };
  return s;
}

storage *storage_wrap(moth *m, void *bytes, size_t size, bool read_only, void (*release)(void *data), void *data) {
  storage *s = memory_new(m, 1, sizeof *s);
  if (!s) return NULL;
  *s = (storage) { .references = 1,
                   .context = m,
                   .bytes = bytes,
                   .size = size,
                   .read_only = read_only,
                   .is_wrapped = true,
                   .release = release,
                   .data = data };
  return s;
}

void storage_retain(storage *s) {
  if (s->owner) {
    object_retain(s->owner);
    return;
  }
  assert(s->references > 0);
  s->references++;
}

void storage_release(storage *s) {
  if (!s) return;
  if (s->owner) {
    object_release(s->owner);
    return;
  }
  assert(s->references > 0);
  if (--s->references > 0) return;
  moth *m = s->context;
  if (!s->is_wrapped) {
    memory_aligned_free(m, s, s->size + STORAGE_HEAD);
    return;
  }
  if (s->release) s->release(s->data);
  memory_free(m, s, 1, sizeof *s);
}
