/* fuzz.h: a fuzz target is LLVMFuzzerTestOneInput(bytes, size). With clang's -fsanitize=fuzzer (and -DFUZZ_LIBRARY) it runs under
 * libFuzzer; plainly compiled it has a main of its own: FILE… are run as they are; without, `fuzz_seeds` are mutated FUZZ_ROUNDS times
 * (with FUZZ_SEED another way than without), always the same way, so that a failure can be had again: the input that is being tried is
 * kept where FUZZ_KEEP names a file. Targets repair what few mutations would get past (lengths, checksums), besides trying it as it is. */
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

/* No more than `most` bytes were held at once, besides what a new context holds: a header is not believed before the bytes are there. */
static inline void fuzz_bounded(moth *m, uint64_t used, uint64_t most) {
  if (moth_memory_peak(m) - used <= most) return;
  fprintf(stderr, "%lld bytes were held, at most %lld are right\n", (long long)(moth_memory_peak(m) - used), (long long)most);
  abort();
}

static inline void fuzz_expect(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "not so: %s\n", what);
  abort();
}

/* Bit for bit; but texts know one nan only. */
static inline bool fuzz_same(const moth_tensor *a, const moth_tensor *b) {
  size_t all = (size_t)moth_tensor_count(a) * moth_dtype_size(moth_tensor_dtype(a));
  if (all == 0 || memcmp(moth_tensor_values(a), moth_tensor_values(b), all) == 0) return true;
  const double *x = moth_tensor_values(a), *y = moth_tensor_values(b);
  for (int64_t i = 0; i < moth_tensor_count(a); i++) {
    if (moth_tensor_dtype(a) != MOTH_F64 || (memcmp(&x[i], &y[i], 8) != 0 && (x[i] == x[i] || y[i] == y[i]))) return false;
  }
  return true;
}

/* The same list, written as `name` says and read again, is the same. */
static inline void fuzz_again(moth *m, const char *name, const moth_named_tensor *items, int64_t count) {
  void *bytes = NULL;
  size_t size = 0;
  moth_named_tensor *again = NULL;
  int64_t found = 0;
  moth_status status = moth_save_bytes(m, name, items, count, &bytes, &size);
  if (status == MOTH_OPTION || status == MOTH_SHAPE) return; /* a name that only other formats hold; an empty table */
  fuzz_expect(status == MOTH_OK, "what was read can be written");
  fuzz_expect(moth_load_bytes(m, name, bytes, size, &again, &found) == MOTH_OK && found == count, "what was written can be read");
  for (int64_t i = 0; i < count; i++) {
    moth_tensor *a = items[i].tensor, *b = again[i].tensor;
    fuzz_expect(!items[i].name == !again[i].name && (!items[i].name || strcmp(items[i].name, again[i].name) == 0), "names stay");
    fuzz_expect(moth_tensor_dtype(a) == moth_tensor_dtype(b) && moth_tensor_rank(a) == moth_tensor_rank(b), "dtypes and ranks stay");
    fuzz_expect(memcmp(moth_tensor_shape(a), moth_tensor_shape(b), (size_t)moth_tensor_rank(a) * sizeof(int64_t)) == 0, "shapes stay");
    fuzz_expect(fuzz_same(a, b), "values stay");
  }
  moth_load_free(m, again, found);
  moth_free(m, bytes, size);
}

/* Reads the bytes as the file `name`; what is accepted must be whole and come back. Held at most: factor × size + 256 KiB. */
static inline bool fuzz_load(const char *name, const void *bytes, size_t size, uint64_t factor) {
  moth *m = fuzz_open();
  uint64_t used = moth_memory_used(m);
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  moth_status status = moth_load_bytes(m, name, bytes, size, &items, &count);
  fuzz_bounded(m, used, factor * size + (256 << 10));
  fuzz_expect(!status || !strstr(moth_message(m), "(moth.limit)"), "no memory is asked for before the bytes are there");
  if (status == MOTH_OK) fuzz_again(m, name, items, count);
  else fuzz_expect(!items && moth_message(m)[0], "a failure leaves nothing and says why");
  moth_load_free(m, items, count);
  fuzz_close(m, used);
  return status == MOTH_OK;
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
      "9223372036854775807", "'", "(", ")", "0", "1", "1,", ", ", "True", "L", "<f8", ">i2", "|b1", "PK\1\2", "PK\5\6", "\x93NUMPY", ".npy",
      "nan", ";", "\t" };
  size_t at = size ? fuzz_random(state) % size : 0, other = size ? fuzz_random(state) % size : 0;
  switch (fuzz_random(state) % 10) {
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
  case 6: case 7: /* the next digit becomes another */
    while (at < size && (bytes[at] < '0' || bytes[at] > '9')) at++;
    if (at < size) bytes[at] = (uint8_t)('0' + fuzz_random(state) % 10);
    return size;
  case 8: { /* a piece from elsewhere */
    size_t length = 1 + fuzz_random(state) % 8, most = size - (at > other ? at : other);
    memmove(bytes + at, bytes + other, length < most ? length : most);
    return size;
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
  const char *another = getenv("FUZZ_SEED");
  uint64_t state = 0x6d6f7468 + (another ? strtoull(another, NULL, 10) : 0);
  for (int i = 0; i < fuzz_seed_count; i++) fuzz_try((const uint8_t *)fuzz_seeds[i].bytes, fuzz_seeds[i].size);
  for (long round = 0; round < rounds; round++) {
    const fuzz_seed *seed = &fuzz_seeds[fuzz_random(&state) % (uint32_t)fuzz_seed_count];
    size_t size = seed->size;
    memcpy(bytes, seed->bytes, size);
    uint32_t changes = fuzz_random(&state) % 2 ? 1 : 1 + fuzz_random(&state) % 6;
    for (uint32_t i = 0; i < changes; i++) size = fuzz_mutate(bytes, size, &state);
    fuzz_try(bytes, size);
  }
  printf("%ld mutations of %d seeds\n", rounds, fuzz_seed_count);
  return 0;
}

#endif
#endif
