#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* madvise, mremap */
#endif
#include "core/allocator.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Under a sanitizer every free is a free, so that it sees what is used afterwards. */
#if defined(__SANITIZE_ADDRESS__)
enum { KEEPS = 0, MAPS = 0 };
#else
enum { KEEPS = 1, MAPS = 1 };
#endif

enum { HUGE_PAGE = 2 * 1024 * 1024, MAPPED = 2 * HUGE_PAGE /* blocks of so many bytes and more are mappings of their own */ };

/* How large a block of so many bytes is really: blocks of about the same size are of one. */
static size_t rounded(size_t size) {
  if (size <= ALLOCATOR_SMALL) return (size + ALLOCATOR_STEP - 1) / ALLOCATOR_STEP * ALLOCATOR_STEP;
  if (size <= ALLOCATOR_LARGE || size > SIZE_MAX / 2) return size;
  size_t step = (size_t)1 << (8 * (int)sizeof(long) - 1 - __builtin_clzl(size) - 3); /* an eighth of the power of two below */
  return (size + step - 1) / step * step;
}
static int list_of(size_t bytes) { return (int)(bytes / ALLOCATOR_STEP) - 1; }

/* ---- From the system ---- */

static bool is_mapped(size_t bytes) { return MAPS && bytes >= MAPPED; }

/* On pages of 2 MiB, where the system has them for the asking: the first look at so many small ones costs more than what is done to them,
 * and loops that go through several of them wait for their addresses. A mapping begins with one, so that it lies on as many as it can. */
static void *map(size_t bytes) {
  if (bytes > SIZE_MAX - HUGE_PAGE) return NULL;
  char *start = mmap(NULL, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  size_t before = -(uintptr_t)start % HUGE_PAGE, behind = HUGE_PAGE - before;
  if (before > 0) munmap(start, before);
  if (behind > 0) munmap(start + before + bytes, behind);
#ifdef MADV_HUGEPAGE
  madvise(start + before, bytes, MADV_HUGEPAGE); /* advice: it need not be taken. For all of it: mremap moves no parts that differ */
#endif
  return start + before;
}

static void *ask(size_t bytes) { return is_mapped(bytes) ? map(bytes) : malloc(bytes); }

static void let_go(void *block, size_t bytes) {
  if (is_mapped(bytes)) munmap(block, bytes);
  else free(block);
}

/* Whether the system itself changes the size of a block. */
static bool stays_of_a_kind(size_t before, size_t after) {
#ifdef MREMAP_MAYMOVE
  bool may_be_mapped = true;
#else
  bool may_be_mapped = !is_mapped(before);
#endif
  return before > ALLOCATOR_SMALL && after > ALLOCATOR_SMALL && is_mapped(before) == is_mapped(after) && may_be_mapped;
}

static void *change(void *block, size_t before, size_t after) {
#ifdef MREMAP_MAYMOVE
  if (is_mapped(before)) {
    void *moved = mremap(block, before, after, MREMAP_MAYMOVE); /* copies nothing */
    return moved == MAP_FAILED ? NULL : moved;
  }
#endif
  (void)before;
  return realloc(block, after);
}

/* ---- Large blocks ---- */

static void *take_large(allocator *self, size_t bytes) {
  for (int i = self->large_count - 1; i >= 0; i--) {
    if (self->large[i].bytes != bytes) continue;
    void *block = self->large[i].block;
    self->large_count--;
    memmove(&self->large[i], &self->large[i + 1], (size_t)(self->large_count - i) * sizeof self->large[0]);
    self->large_bytes -= bytes;
    return block;
  }
  return NULL;
}

/* Lets go of the one that was freed first. */
static void drop_large(allocator *self) {
  let_go(self->large[0].block, self->large[0].bytes);
  self->large_bytes -= self->large[0].bytes;
  self->large_count--;
  memmove(&self->large[0], &self->large[1], (size_t)self->large_count * sizeof self->large[0]);
}

static void keep_large(allocator *self, void *block, size_t bytes) {
  if (!KEEPS || bytes > ALLOCATOR_LARGE_KEPT) {
    let_go(block, bytes);
    return;
  }
  while (self->large_count == ALLOCATOR_LARGE_BLOCKS || self->large_bytes + bytes > ALLOCATOR_LARGE_KEPT) drop_large(self);
  self->large[self->large_count].block = block;
  self->large[self->large_count++].bytes = bytes;
  self->large_bytes += bytes;
}

/* ---- All sizes ---- */

static void *fresh(allocator *self, size_t bytes) {
  void *block = ask(bytes);
  if (block == NULL && (self->large_count > 0 || self->kept_bytes > 0)) {
    allocator_clear(self);
    block = ask(bytes);
  }
  return block;
}

static void *take(allocator *self, size_t size) {
  size_t bytes = rounded(size);
  if (bytes > ALLOCATOR_SMALL) {
    void *block = bytes > ALLOCATOR_LARGE ? take_large(self, bytes) : NULL;
    return block != NULL ? block : fresh(self, bytes);
  }
  void **list = &self->kept[list_of(bytes)], *block = *list;
  if (block == NULL) return fresh(self, bytes);
  memcpy(list, block, sizeof block);
  self->kept_bytes -= bytes;
  return block;
}

static void give_back(allocator *self, void *block, size_t size) {
  size_t bytes = rounded(size);
  if (bytes > ALLOCATOR_LARGE) {
    keep_large(self, block, bytes);
  } else if (!KEEPS || bytes > ALLOCATOR_SMALL || self->kept_bytes + bytes > ALLOCATOR_KEPT) {
    free(block);
  } else {
    void **list = &self->kept[list_of(bytes)];
    memcpy(block, list, sizeof block);
    *list = block;
    self->kept_bytes += bytes;
  }
}

void *allocator_resize(void *data, void *block, size_t old_size, size_t new_size) {
  allocator *self = data;
  if (block == NULL) return take(self, new_size);
  if (new_size == 0) return give_back(self, block, old_size), NULL;
  size_t before = rounded(old_size), after = rounded(new_size);
  if (before == after) return block;
  if (stays_of_a_kind(before, after)) {
    void *moved = change(block, before, after);
    if (moved != NULL || (self->large_count == 0 && self->kept_bytes == 0)) return moved;
    allocator_clear(self);
    return change(block, before, after);
  }
  void *moved = take(self, new_size);
  if (moved == NULL) return NULL;
  memcpy(moved, block, old_size < new_size ? old_size : new_size);
  give_back(self, block, old_size);
  return moved;
}

void allocator_clear(allocator *self) {
  for (int i = 0; i < ALLOCATOR_SMALL / ALLOCATOR_STEP; i++) {
    void *next;
    for (void *block = self->kept[i]; block != NULL; block = next) {
      memcpy(&next, block, sizeof next);
      free(block);
    }
    self->kept[i] = NULL;
  }
  self->kept_bytes = 0;
  while (self->large_count > 0) drop_large(self);
}
