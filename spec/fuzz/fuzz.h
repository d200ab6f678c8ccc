/* fuzz.h: a fuzz target is LLVMFuzzerTestOneInput(bytes, size). With clang's -fsanitize=fuzzer (and -DFUZZ_LIBRARY) it runs under
 * libFuzzer; plainly compiled it has a main of its own: FILE… are run as they are; without, `fuzz_seeds` are mutated FUZZ_ROUNDS times,
     always the
 * same way, so that a failure can be had again: the input that is being tried is kept where FUZZ_KEEP names a file. */
#ifndef SPEC_FUZZ_H
#define SPEC_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moth.h"

typedef struct fuzz_seed { const char *bytes; size_t size; } fuzz_seed;
#define FUZZ_SEED(text) { (text), sizeof(text) - 1 }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A context with a small memory limit, so that believing a lie shows. */
static inline moth *fuzz_open(void) {
  moth *m = NULL;
  moth_config config = { .size = sizeof config, .memory_limit = 64 << 20, .index_base = 1 };
  if (moth_open(&config, &m) != MOTH_OK) abort();
  return m;
}

/* Closes; whatever was made must be gone. `used` is what the context held when it was new. */
static inline void fuzz_close(moth *m, uint64_t used) {
  if (moth_memory_used(m) != used) {
    fprintf(stderr, "leaked %lld bytes\n", (long long)(moth_memory_used(m) - used));
    abort();
  }
  moth_close(m);
}

#ifndef FUZZ_LIBRARY

enum { FUZZ_MOST = 4096 };
extern const fuzz_seed fuzz_seeds[];
extern const int fuzz_seed_count;

static inline uint32_t fuzz_random(uint64_t *state) { /* xorshift64*, Vigna 2016 */
  *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
  return (uint32_t)(*state * 0x2545f4914f6cdd1du >> 32);
}

static inline size_t fuzz_mutate(uint8_t *bytes, size_t size, uint64_t *state) {
  static const char *const tokens[] = { "\"", "\"\"", "\n", "\r\n", ",", "\0", "\xff\xff\xff\xff", "[", "]", "{", "}", ":", "-1", "1e999",
      "9223372036854775807" };
  size_t at = size ? fuzz_random(state) % size : 0, other = size ? fuzz_random(state) % size : 0;
  switch (fuzz_random(state) % 7) {
  case 0: if (size) bytes[at] ^= (uint8_t)(1u << fuzz_random(state) % 8); return size;
  case 1: if (size) bytes[at] = (uint8_t)fuzz_random(state); return size;
  case 2: return at;
  case 3: /* leaves out a piece */
    if (other < at) { size_t swap = at; at = other, other = swap; }
    memmove(bytes + at, bytes + other, size - other);
    return size - (other - at);
  case 4: { /* a piece twice */
    size_t length = size - at < 64 ? size - at : 64;
    if (size + length > FUZZ_MOST) return size;
    memmove(bytes + at + length, bytes + at, size - at);
    return size + length;
  }
  case 5: if (size) bytes[at] = (uint8_t)(bytes[at] + fuzz_random(state) % 9 - 4); return size;
  default: {
    const char *token = tokens[fuzz_random(state) % (sizeof tokens / sizeof *tokens)];
    size_t length = *token ? strlen(token) : 1;
    if (size + length > FUZZ_MOST) return size;
    memmove(bytes + at + length, bytes + at, size - at);
    memcpy(bytes + at, token, length);
    return size + length;
  }
  }
}

static inline void fuzz_try(const uint8_t *bytes, size_t size) {
  const char *keep = getenv("FUZZ_KEEP");
  FILE *file = keep ? fopen(keep, "wb") : NULL;
  if (file) fwrite(bytes, 1, size, file), fclose(file);
  uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees one byte too far */
  memcpy(exact, bytes, size);
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
}

int main(int count, char **arguments) {
  static uint8_t bytes[FUZZ_MOST];
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(arguments[i], "rb");
    if (!file) return perror(arguments[i]), 1;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    fuzz_try(bytes, size);
  }
  if (count > 1) return 0;
  const char *asked = getenv("FUZZ_ROUNDS");
  long rounds = asked ? atol(asked) : 5000;
  uint64_t state = 0x6d6f7468;
  for (int i = 0; i < fuzz_seed_count; i++) fuzz_try((const uint8_t *)fuzz_seeds[i].bytes, fuzz_seeds[i].size);
  for (long round = 0; round < rounds; round++) {
    const fuzz_seed *seed = &fuzz_seeds[fuzz_random(&state) % (uint32_t)fuzz_seed_count];
    size_t size = seed->size;
    memcpy(bytes, seed->bytes, size);
    for (uint32_t i = 0, changes = 1 + fuzz_random(&state) % 6; i < changes; i++) size = fuzz_mutate(bytes, size, &state);
    fuzz_try(bytes, size);
  }
  printf("%ld mutations of %d seeds\n", rounds, fuzz_seed_count);
  return 0;
}

#endif
#endif
