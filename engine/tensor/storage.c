#include <assert.h>
#include <stdint.h>

#include "core/memory.h"
#include "tensor/tensor.h"

/* A storage made here is one block: this head, then the bytes, both on cache lines. Bytes of large ones begin now here, now there in their
 * pages, as their addresses have it: what begins alike shares sets of the caches, and loops through several of them wait for each other. */
enum { STORAGE_HEAD = 128, SPREAD_FROM = 1024 * 1024, SPREAD_PLACES = 8, SPREAD_STEP = 17 * 64 };
_Static_assert(sizeof(storage) <= STORAGE_HEAD, "the head holds a storage");

static size_t room_before(size_t bytes) { return bytes < SPREAD_FROM ? STORAGE_HEAD : STORAGE_HEAD + (SPREAD_PLACES - 1) * SPREAD_STEP; }
static void *place_of(storage *s, size_t bytes) {
  size_t place = ((uintptr_t)s >> 21 ^ (uintptr_t)s >> 12) % SPREAD_PLACES; /* pages of 2 MiB and of 4 KiB */
  return (char *)s + STORAGE_HEAD + (bytes < SPREAD_FROM ? 0 : place * SPREAD_STEP);
}

storage *storage_new(moth *m, size_t bytes, bool clear) {
  size_t whole;
  if (__builtin_add_overflow(bytes, room_before(bytes), &whole)) {
    context_fail(m, MOTH_LIMIT, NULL, "memory limit: needs more than can be addressed");
    return NULL;
  }
  storage *s = memory_aligned(m, whole, clear);
  if (!s) return NULL;
  *s = (storage) { .references = 1, .context = m, .bytes = place_of(s, bytes), .size = bytes };
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
    memory_aligned_free(m, s, s->size + room_before(s->size));
    return;
  }
  if (s->release) s->release(s->data);
  memory_free(m, s, 1, sizeof *s);
}
