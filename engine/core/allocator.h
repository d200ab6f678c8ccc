/* core/allocator.h: the allocator of a context whose host gives none: malloc's, with blocks that were freed kept at hand for the next of
 * their size. Small ones come at once where scripts make temporaries; large ones come with pages that are already there. What is kept
 * counts as free, as what malloc itself keeps does; it is bounded, and given back where memory runs out and with the context. */
#ifndef CORE_ALLOCATOR_H
#define CORE_ALLOCATOR_H

#include <stddef.h>

enum {
  ALLOCATOR_STEP = 64, ALLOCATOR_SMALL = 512,   /* blocks of up to … bytes are small */
  ALLOCATOR_KEPT = 512 * 1024,                  /* bytes of small blocks that are kept at most */
  ALLOCATOR_LARGE = 256 * 1024,                 /* blocks of more are large */
  ALLOCATOR_LARGE_KEPT = 16 * 1024 * 1024,      /* bytes of large blocks that are kept at most */
  ALLOCATOR_LARGE_BLOCKS = 8                    /* and how many */
};

typedef struct allocator {
  void *kept[ALLOCATOR_SMALL / ALLOCATOR_STEP]; /* lists of free blocks by size, each block's first bytes pointing to the next */
  size_t kept_bytes;
  struct { void *block; size_t bytes; } large[ALLOCATOR_LARGE_BLOCKS]; /* the last freed last */
  int large_count;
  size_t large_bytes;
} allocator;

/* A moth_resize_function; `data` is the allocator, all zeros at first. */
void *allocator_resize(void *data, void *block, size_t old_size, size_t new_size);
/* Gives back what is kept. */
void allocator_clear(allocator *self);

#endif
