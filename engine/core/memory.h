/* memory.h: every byte the engine holds comes through here, from the host's allocator, counted against the context's limit. Blocks are
 * freed with the size they were made with. Never called from worker threads. */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include "core/context.h"

/* Resizes a block: NULL allocates, 0 frees. On failure records MOTH_MEMORY or MOTH_LIMIT, leaves the block alone and returns NULL. */
void *memory_resize(moth *m, void *block, size_t old_size, size_t new_size);
/* The same, leaving message and status as they are: for what the engine can do without. */
void *memory_attempt(moth *m, void *block, size_t old_size, size_t new_size);
/* `count` × `size` bytes of zeros; NULL after recording MOTH_MEMORY or MOTH_LIMIT (also where the product overflows). A size of 0 gives a
 * valid block of one byte's worth. */
void *memory_new(moth *m, size_t count, size_t size);
void memory_free(moth *m, void *block, size_t count, size_t size);
/* The same aligned to 64 bytes, for values that vector loops run over. The bytes are not cleared unless `clear`. */
void *memory_aligned(moth *m, size_t bytes, bool clear);
void memory_aligned_free(moth *m, void *block, size_t bytes);
/* Grows an array of `size`-byte elements to hold at least `wanted`, doubling; *array and *capacity change only on success. New
 * elements are zero. */
moth_status memory_grow(moth *m, void *array, int64_t *capacity, int64_t wanted, size_t size);
/* The same, what is new left as it comes. */
moth_status memory_extend(moth *m, void *array, int64_t *capacity, int64_t wanted, size_t size);
/* A copy of a text; freed with memory_text_free. */
char *memory_text(moth *m, const char *text);
void memory_text_free(moth *m, char *text);
/* false where a × b does not fit size_t. */
static inline bool memory_product(size_t a, size_t b, size_t *product) { return !__builtin_mul_overflow(a, b, product); }

#endif
