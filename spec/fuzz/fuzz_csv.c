/* The csv reader on any bytes: the first chooses options, the rest is the file; and the rest as a table of numbers. */
#include "fuzz.h"

#include "core/stream.h"
#include "data/dataset.h"

enum { FACTOR = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const int64_t first[] = { 1 };
  static const char *const missing[] = { "NA", "" };
  const moth_option all[] = {
    MOTH_INT("label", -1), MOTH_FLAG("header", true), MOTH_INT("skip", 1), MOTH_TEXT("delimiter", ";"), MOTH_TEXTS("missing", 2, missing),
    MOTH_INTS("text", 1, first), MOTH_TEXT("dtype", "f64"), MOTH_INT("target", 1),
  };
  if (size == 0) return 0;
  moth_option chosen[9];
  int count = 0;
  for (int i = 0; i < 8; i++) {
    if (bytes[0] & 1 << i) chosen[count++] = all[i];
  }
  chosen[count] = (moth_option)MOTH_END;
  moth *m = fuzz_open();
  uint64_t used = moth_memory_used(m);
  moth_dataset *data = NULL;
  moth_tensor *x = NULL;
  stream from;
  stream_open_bytes(m, "csv", "t.csv", bytes + 1, size - 1, &from);
  if (reader_csv_stream(m, &from, chosen, &data) == MOTH_OK) {
    if (moth_dataset_tensor(m, data, "x", &x) != MOTH_OK) abort();
    if (moth_tensor_shape(x)[0] != moth_dataset_rows(data)) abort();
    dataset_hash(data);
  } else if (data || !moth_message(m)[0]) {
    abort();
  }
  stream_close(&from, false);
  fuzz_bounded(m, used, FACTOR * size + (256 << 10));
  moth_release(x), moth_release(data);
  fuzz_close(m, used);
  fuzz_load("t.csv", bytes + 1, size - 1, FACTOR);
  return 0;
}

#ifndef FUZZ_LIBRARY
const fuzz_seed fuzz_seeds[] = {
  FUZZ_SEED("\1a,b,k\n1,2,x\n3,4,y\n5.5,-6e2,\"x\"\n"),
  FUZZ_SEED("\x31" "c,n,k\nred,1,yes\r\nblue,NA,no\r\n\"a \"\"b\"\"\nc\",3,no\n"),
  FUZZ_SEED("\0\xef\xbb\xbf" "1,2\n3,4\n\n"),
  FUZZ_SEED("\x0d" "150,4,setosa\n1;2;10\n1;2;9.0\n1;2;9\n"),
  FUZZ_SEED("\xc0" "1,2\n1e300,4\n"),
  FUZZ_SEED("\0-0.5,nan,inf\r\n\"7\", 1e-320 ,0x1\r\n"),
  FUZZ_SEED("\0" "1\n-2\n+3.25e+2\n\n4\n"),
};
const int fuzz_seed_count = sizeof fuzz_seeds / sizeof *fuzz_seeds;
#endif
