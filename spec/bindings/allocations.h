/* allocations.h: allocations of Lua's that are counted, and fail when told to. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <stdbool.h>
#include <stdlib.h>

typedef struct allocations { long count, failing; } allocations;

/* The failing one and the next, as Lua collects and tries again. */
static void *allocate(void *data, void *block, size_t old_size, size_t new_size) {
  allocations *a = data;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  bool grows = block == NULL || new_size > old_size;
  if (grows) a->count++;
  if (grows && a->failing > 0 && (a->count == a->failing || a->count == a->failing + 1)) return NULL;
  return realloc(block, new_size);
}

#endif
