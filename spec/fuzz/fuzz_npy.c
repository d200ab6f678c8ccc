/* The .npy reader on any bytes: as they are; with the header's length set right; with as many values as the header asks for; mapped; and
 * from a stream that does not know its size. */
#include "fuzz.h"

#include "formats/formats.h"

enum { HEAD = 10, MOST_VALUES = 4096, FACTOR = 40 };

static void again_mapped(const uint8_t *bytes, size_t size) {
  moth *m = fuzz_open();
  uint64_t used = moth_memory_used(m);
  moth_tensor *t = NULL, *read = NULL, *same = NULL;
  stream from;
  storage *mapped = storage_wrap(m, (void *)(uintptr_t)bytes, size, true, NULL, NULL);
  stream_open_bytes(m, "load", "x.npy", bytes, size, &from);
  if (npy_read(&from, mapped, &t) == MOTH_OK) {
    stream_open_bytes(m, "load", "x.npy", bytes, size, &from);
    fuzz_expect(npy_read(&from, NULL, &read) == MOTH_OK, "what is mapped can be read");
    fuzz_expect(tensor_contiguous(m, "test", t, t->dtype, &same) == MOTH_OK, "what is mapped can be copied");
    fuzz_expect((uintptr_t)t->values % dtype_size(t->dtype) == 0, "what is mapped is aligned");
    size_t all = (size_t)read->count * dtype_size(read->dtype);
    fuzz_expect(all == 0 || memcmp(read->values, same->values, all) == 0, "both are the same");
  }
  moth_release(t), moth_release(read), moth_release(same);
  storage_release(mapped);
  fuzz_close(m, used);
}

typedef struct blind { const uint8_t *bytes; size_t size; } blind;
static moth_status blind_read(stream *self, void *bytes, size_t size, size_t *got) {
  blind *from = self->state;
  *got = from->size - self->position < size ? from->size - self->position : size;
  if (*got) memcpy(bytes, from->bytes + self->position, *got);
  return MOTH_OK;
}
static moth_status blind_size(stream *self, uint64_t *bytes) { return (void)self, *bytes = UINT64_MAX, MOTH_OK; }
static const stream_class blind_class = { .read = blind_read, .size = blind_size };

static void blindly(const uint8_t *bytes, size_t size) {
  moth *m = fuzz_open();
  uint64_t used = moth_memory_used(m);
  moth_tensor *t = NULL;
  blind own = { bytes, size };
  stream from = { .class = &blind_class, .m = m, .where = "load", .name = (char *)(uintptr_t)"x.npy", .limit = UINT64_MAX, .state = &own };
  moth_status status = npy_read(&from, NULL, &t);
  fuzz_expect((status == MOTH_OK) == (t != NULL), "a tensor or a failure");
  fuzz_bounded(m, used, FACTOR * size + (5 << 20));
  moth_release(t);
  fuzz_close(m, used);
}

/* As many bytes behind the header as it asks for, of those that there are, again and again. */
static void with_values(const uint8_t *bytes, size_t size) {
  moth *m = fuzz_open();
  npy_header header;
  stream from;
  int64_t count;
  stream_open_bytes(m, "load", "x.npy", bytes, size, &from);
  bool is_known = npy_read_header(&from, &header) == MOTH_OK && shape_count(header.rank, header.size, &count) && count <= MOST_VALUES;
  size_t begun = (size_t)from.position, wanted = is_known ? (size_t)count * (size_t)stored_width(header.type) : 0;
  moth_close(m);
  if (!is_known) return;
  uint8_t *whole = malloc(begun + wanted);
  memcpy(whole, bytes, begun);
  for (size_t i = 0; i < wanted; i++) whole[begun + i] = header.type == STORED_BOOL ? i % 3 == 0 : bytes[i % size];
  fuzz_expect(fuzz_load("x.npy", whole, begun + wanted, FACTOR), "a whole file is read");
  again_mapped(whole, begun + wanted);
  free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_load("x.npy", bytes, size, FACTOR);
  again_mapped(bytes, size);
  blindly(bytes, size);
  if (size < HEAD) return 0;
  uint8_t *fixed = malloc(size);
  size_t end = size;
  memcpy(fixed, bytes, size);
  while (end > HEAD && bytes[end - 1] != '}') end--;
  memcpy(fixed, "\x93NUMPY\1", 8);
  fixed[8] = (uint8_t)(end - HEAD), fixed[9] = (uint8_t)((end - HEAD) >> 8);
  fuzz_load("x.npy", fixed, size, FACTOR);
  with_values(fixed, size);
  free(fixed);
  return 0;
}

#ifndef FUZZ_LIBRARY
const fuzz_seed fuzz_seeds[] = {
  FUZZ_SEED("\x93NUMPY\1\0\x3a\0{'descr': '<f4', 'fortran_order': False, 'shape': (3,), } \n" "aaaabbbbcccc"),
  FUZZ_SEED("\x93NUMPY\2\0\x3a\0\0\0{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}  \n" "aabbccddeeff"),
  FUZZ_SEED("\x93NUMPY\3\0\x3a\0\0\0{'descr': '|b1', 'fortran_order': False, 'shape': (), }  \n" "\1"),
  FUZZ_SEED("\x93NUMPY\1\0\x3a\0{'shape': (2L, 0L), 'descr': '<f2', 'fortran_order': True} \n"),
  FUZZ_SEED("\x93NUMPY\1\0\x3a\0{\"descr\":\"<f8\",\"fortran_order\":True,\"shape\":(1,2,1,2)}     \n" "aaaabbbbaaaabbbbaaaabbbbaaaabbbb"),
  FUZZ_SEED("\x93NUMPY\1\0\x3a\0{'descr': '|u1', 'fortran_order': True, 'shape': (1,2,1,1,2,1,1,1)}\n" "abcd"),
  FUZZ_SEED("\x93NUMPY\1\0\x3a\0{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }    \n" "abcdefghijklmnop"),
  FUZZ_SEED("\x93NUMPY\1\0\x3a\0{'descr': '>f2', 'fortran_order': False, 'shape': (9999, 9999)}\n" "abcd"),
};
const int fuzz_seed_count = sizeof fuzz_seeds / sizeof *fuzz_seeds;
#endif
