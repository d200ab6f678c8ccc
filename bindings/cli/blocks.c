#include "blocks.h"

#include <string.h>

/* Under a sanitizer every free is a free, so that it sees what is used afterwards. */
#if defined(__SANITIZE_ADDRESS__)
enum { KEEPS = 0 };
#else
enum { KEEPS = 1 };
#endif

static int is_small(size_t size) { return size >= sizeof(void *) && size <= BLOCKS_SMALL; }

/* A lua_Alloc. Lists are by exact size, so that blocks which were there before this are as good as any. */
static void *resize(void *data, void *block, size_t old_size, size_t new_size) {
  blocks *self = data;
  if (block == NULL && is_small(new_size) && self->kept[new_size] != NULL) {
    void *first = self->kept[new_size];
    memcpy(&self->kept[new_size], first, sizeof first);
    self->kept_bytes -= new_size;
    return first;
  }
  if (block != NULL && new_size == 0 && KEEPS && is_small(old_size) && self->kept_bytes + old_size <= BLOCKS_KEPT) {
    memcpy(block, &self->kept[old_size], sizeof block);
    self->kept[old_size] = block;
    self->kept_bytes += old_size;
    return NULL;
  }
  return self->under(self->under_data, block, old_size, new_size);
}

void blocks_begin(blocks *self, lua_State *L) {
  *self = (blocks){ .kept_bytes = 0 };
  self->under = lua_getallocf(L, &self->under_data);
  lua_setallocf(L, resize, self);
}

void blocks_end(blocks *self) {
  for (size_t size = 0; size <= BLOCKS_SMALL; size++) {
    void *next;
    for (void *block = self->kept[size]; block != NULL; block = next) {
      memcpy(&next, block, sizeof next);
      self->under(self->under_data, block, size, 0);
    }
    self->kept[size] = NULL;
  }
}
