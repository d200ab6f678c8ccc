/* The IDX reader on any bytes: as they are, and with the first size such that the rest fits the bytes that there are. */
#include "fuzz.h"

enum { FACTOR = 40 };

/* Bytes of a row: of the sizes after the first, and of the type. 0 where there is no telling. */
static uint64_t row_bytes(const uint8_t *bytes, size_t size) {
  static const uint8_t widths[16] = { [8] = 1, [9] = 1, [11] = 2, [12] = 4, [13] = 4, [14] = 8 };
  uint64_t row = widths[bytes[2] & 15];
  for (size_t i = 1; i < bytes[3] && row < 1 << 16; i++) {
    if (size < 8 + 4 * i) return 0;
    const uint8_t *b = bytes + 4 + 4 * i;
    row *= (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];
  }
  return row;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_load("x.idx", bytes, size, FACTOR);
  if (size < 8 || bytes[3] == 0 || size < 4 + 4 * (size_t)bytes[3]) return 0;
  uint64_t row = row_bytes(bytes, size), rest = size - 4 - 4 * (size_t)bytes[3];
  if (row == 0) return 0;
  uint32_t rows = (uint32_t)(rest / row);
  size_t whole = size - (size_t)(rest % row);
  uint8_t *fixed = malloc(whole);
  memcpy(fixed, bytes, whole);
  for (int i = 0; i < 4; i++) fixed[4 + i] = (uint8_t)(rows >> 8 * (3 - i));
  fuzz_load("x.idx", fixed, whole, FACTOR);
  free(fixed);
  return 0;
}

#ifndef FUZZ_LIBRARY
const fuzz_seed fuzz_seeds[] = {
  FUZZ_SEED("\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh"),
  FUZZ_SEED("\0\0\x0b\1\0\0\0\3aabbcc"),
  FUZZ_SEED("\0\0\x0e\2\0\0\0\1\0\0\0\2aaaaaaaabbbbbbbb"),
  FUZZ_SEED("\0\0\x0d\2\0\0\x7f\0\0\0\x7f\0abcd"),
};
const int fuzz_seed_count = sizeof fuzz_seeds / sizeof *fuzz_seeds;
#endif
