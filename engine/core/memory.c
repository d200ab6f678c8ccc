#include "core/memory.h"

#include <assert.h>
#include <string.h>

#include "core/text.h"

enum { ALIGNMENT = 64 };

static bool is_over_limit(const moth *m, size_t more) {
  return m->memory_limit != 0 && (m->memory_used >= m->memory_limit || more > m->memory_limit - m->memory_used);
}

void *memory_attempt(moth *m, void *block, size_t old_size, size_t new_size) {
  assert(block != NULL || old_size == 0);
  if (block == NULL && new_size == 0) return NULL;
  if (new_size > old_size && is_over_limit(m, new_size - old_size)) return NULL;
  m->memory_calls++;
  void *result = m->resize(m->resize_data, block, old_size, new_size);
  if (new_size == 0 || result != NULL) {
    m->memory_used = m->memory_used - old_size + new_size;
    if (m->memory_used > m->memory_peak) m->memory_peak = m->memory_used;
  }
  return result;
}

void *memory_resize(moth *m, void *block, size_t old_size, size_t new_size) {
  void *result = memory_attempt(m, block, old_size, new_size);
  if (result != NULL || new_size == 0) return result;
  char needed[32];
  text_bytes(needed, sizeof needed, (double)(new_size - (old_size < new_size ? old_size : 0)));
  if (new_size > old_size && is_over_limit(m, new_size - old_size)) {
    char used[32], limit[32];
    text_bytes(used, sizeof used, (double)m->memory_used);
    text_bytes(limit, sizeof limit, (double)m->memory_limit);
    context_fail(m, MOTH_LIMIT, NULL, "memory limit: needs %s, %s of %s in use (moth.limit)", needed, used, limit);
  } else {
    context_fail(m, MOTH_MEMORY, NULL, "out of memory: needs %s", needed);
  }
  return NULL;
}

/* Bytes that memory_new takes for a product; false where it overflows. */
static bool new_bytes(size_t count, size_t size, size_t *bytes) {
  if (!memory_product(count, size, bytes)) return false;
  if (*bytes == 0) *bytes = 1;
  return true;
}

void *memory_new(moth *m, size_t count, size_t size) {
  size_t bytes;
  if (!new_bytes(count, size, &bytes)) {
    char needed[32];
    text_bytes(needed, sizeof needed, (double)count * (double)size);
    context_fail(m, MOTH_LIMIT, NULL, "memory limit: needs %s, more than can be addressed", needed);
    return NULL;
  }
  void *block = memory_resize(m, NULL, 0, bytes);
  if (block != NULL) memset(block, 0, bytes);
  return block;
}

void memory_free(moth *m, void *block, size_t count, size_t size) {
  if (block == NULL) return;
  size_t bytes = 0;
  bool fits = new_bytes(count, size, &bytes);
  assert(fits);
  (void)fits;
  memory_resize(m, block, bytes, 0);
}

/* The block lies behind 1 to 64 bytes of padding, the last of which holds their number. */
void *memory_aligned(moth *m, size_t bytes, bool clear) {
  if (bytes > SIZE_MAX - ALIGNMENT) {
    context_fail(m, MOTH_LIMIT, NULL, "memory limit: needs 16 EiB, more than can be addressed");
    return NULL;
  }
  unsigned char *raw = memory_resize(m, NULL, 0, bytes + ALIGNMENT);
  if (raw == NULL) return NULL;
  size_t padding = ALIGNMENT - (uintptr_t)raw % ALIGNMENT;
  unsigned char *block = raw + padding;
  block[-1] = (unsigned char)padding;
  if (clear) memset(block, 0, bytes);
  return block;
}

void memory_aligned_free(moth *m, void *block, size_t bytes) {
  if (block == NULL) return;
  unsigned char *aligned = block;
  memory_resize(m, aligned - aligned[-1], bytes + ALIGNMENT, 0);
}

moth_status memory_grow(moth *m, void *array, int64_t *capacity, int64_t wanted, size_t size) {
  const int64_t before = *capacity;
  moth_status status = memory_extend(m, array, capacity, wanted, size);
  if (status != MOTH_OK || *capacity == before) return status;
  unsigned char *block;
  memcpy(&block, array, sizeof block);
  memset(block + (size_t)before * size, 0, (size_t)(*capacity - before) * size);
  return MOTH_OK;
}

moth_status memory_extend(moth *m, void *array, int64_t *capacity, int64_t wanted, size_t size) {
  if (wanted <= *capacity) return MOTH_OK;
  int64_t grown = *capacity < 8 ? 8 : *capacity;
  while (grown < wanted) grown = grown > INT64_MAX / 2 ? wanted : grown * 2;
  size_t bytes, old_bytes = (size_t)*capacity * size;
  if (!memory_product((size_t)grown, size, &bytes)) {
    return context_fail(m, MOTH_LIMIT, NULL, "memory limit: a list of %lld elements is more than can be addressed", (long long)wanted);
  }
  void *block;
  memcpy(&block, array, sizeof block);
  unsigned char *moved = memory_resize(m, block, old_bytes, bytes);
  if (moved == NULL) return m->status;
  block = moved;
  memcpy(array, &block, sizeof block);
  *capacity = grown;
  return MOTH_OK;
}

char *memory_text(moth *m, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = memory_resize(m, NULL, 0, size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}

void memory_text_free(moth *m, char *text) {
  if (text != NULL) memory_resize(m, text, strlen(text) + 1, 0);
}

uint64_t moth_memory_used(const moth *m) { return m == NULL ? 0 : m->memory_used; }
uint64_t moth_memory_peak(const moth *m) { return m == NULL ? 0 : m->memory_peak; }
uint64_t moth_memory_calls(const moth *m) { return m == NULL ? 0 : m->memory_calls; }
uint64_t moth_memory_limit(const moth *m) { return m == NULL ? 0 : m->memory_limit; }

void moth_set_memory_limit(moth *m, uint64_t bytes) {
  if (m != NULL) m->memory_limit = bytes;
}

void moth_free(moth *m, void *bytes, size_t size) {
  if (m != NULL) memory_free(m, bytes, 1, size);
}
