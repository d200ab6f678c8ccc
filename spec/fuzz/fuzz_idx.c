/* The IDX reader on any bytes, as a stream that knows its size. */
#include "fuzz.h"

#include "formats/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  moth *m = fuzz_open();
  uint64_t used = moth_memory_used(m);
  moth_tensor *t = NULL;
  stream from;
  stream_open_bytes(m, "idx", "images", bytes, size, &from);
  if (idx_read(&from, &t) != MOTH_OK && (t || !moth_message(m)[0])) abort();
  stream_close(&from, false);
  moth_release(t);
  fuzz_close(m, used);
  return 0;
}

#ifndef FUZZ_LIBRARY
const fuzz_seed fuzz_seeds[] = {
  FUZZ_SEED("\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh"),
  FUZZ_SEED("\0\0\x0b\1\0\0\0\3aabbcc"),
  FUZZ_SEED("\0\0\x0e\2\0\0\0\1\0\0\0\2aaaaaaaabbbbbbbb"),
};
const int fuzz_seed_count = sizeof fuzz_seeds / sizeof *fuzz_seeds;
#endif
