/* blocks.h: small blocks of Lua's kept at hand. A script's temporaries are blocks of few sizes that come and go by the million; one that
 * was freed is the next of its size, without a word to malloc. */
#ifndef CLI_BLOCKS_H
#define CLI_BLOCKS_H

#include <lua.h>

enum { BLOCKS_SMALL = 128 /* bytes */, BLOCKS_KEPT = 256 * 1024 /* bytes of all at most */ };

typedef struct blocks {
  void *kept[BLOCKS_SMALL + 1]; /* lists by size in bytes, each block's first bytes pointing to the next */
  size_t kept_bytes;
  lua_Alloc under;              /* where they come from */
  void *under_data;
} blocks;

/* Puts itself before the state's allocator. It must outlive the state. */
void blocks_begin(blocks *self, lua_State *L);
/* After lua_close: gives back what is kept. */
void blocks_end(blocks *self);

#endif
