/* The .npz reader on any bytes: as they are; as an archive whose checksums are set right; and as the .npy files in an archive made for
 * them, stored and deflated. */
#include "fuzz.h"

#include <zlib.h>

enum { FACTOR = 1032 * 10, LOCAL = 30, CENTRAL = 46, END = 22, ROOM = 1 << 16 };

static uint32_t get(const uint8_t *at, int width) {
  uint32_t value = 0;
  for (int i = width - 1; i >= 0; i--) value = value << 8 | at[i];
  return value;
}
static void put(uint8_t *at, uint32_t value, int width) {
  for (int i = 0; i < width; i++) at[i] = (uint8_t)(value >> 8 * i);
}

/* ---- Checksums set right ---- */

/* The entry of the directory at `at`: its place in the next one's, or 0. */
static size_t repair_entry(uint8_t *bytes, size_t size, size_t at) {
  if (at > size || size - at < CENTRAL || get(bytes + at, 4) != 0x02014b50) return 0;
  uint32_t packed = get(bytes + at + 20, 4), local = get(bytes + at + 42, 4);
  size_t next = at + CENTRAL + get(bytes + at + 28, 2) + get(bytes + at + 30, 2) + get(bytes + at + 32, 2);
  if (local > size || size - local < LOCAL) return next;
  size_t data = local + LOCAL + get(bytes + local + 26, 2) + get(bytes + local + 28, 2);
  if (data > size || size - data < packed || get(bytes + at + 10, 2) != 0) return next;
  uint32_t sum = (uint32_t)crc32(0, bytes + data, packed);
  put(bytes + at + 16, sum, 4);
  if (get(bytes + local, 4) == 0x04034b50) put(bytes + local + 14, sum, 4);
  return next;
}

static void repaired(const uint8_t *bytes, size_t size) {
  if (size < END) return;
  uint8_t *copy = malloc(size);
  memcpy(copy, bytes, size);
  uint8_t *end = copy + size - END;
  size_t at = get(end + 16, 4);
  for (int i = 0; i < 8 && (i == 0 || at); i++) at = repair_entry(copy, size, at);
  fuzz_load("x.npz", copy, size, FACTOR);
  free(copy);
}

/* ---- An archive around .npy files ---- */

typedef struct archive { uint8_t bytes[ROOM], directory[1024]; size_t size, listed; int count; } archive;

static void add(archive *a, const char *name, const uint8_t *data, size_t size, bool is_packed) {
  uint8_t head[CENTRAL] = "PK\1\2\24\3\24";
  size_t length = strlen(name), packed = size;
  uint8_t *at = a->bytes + a->size + LOCAL + length;
  if (is_packed) {
    z_stream z = { .next_in = (uint8_t *)(uintptr_t)data, .avail_in = (unsigned)size, .next_out = at, .avail_out = ROOM / 3 };
    if (deflateInit2(&z, 1, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK || deflate(&z, Z_FINISH) != Z_STREAM_END) abort();
    packed = z.total_out;
    deflateEnd(&z);
  } else {
    memcpy(at, data, size);
  }
  put(head + 10, is_packed ? 8 : 0, 2);
  put(head + 16, (uint32_t)crc32(0, data, (unsigned)size), 4);
  put(head + 20, (uint32_t)packed, 4), put(head + 24, (uint32_t)size, 4), put(head + 28, (uint32_t)length, 2);
  put(head + 42, (uint32_t)a->size, 4);
  memcpy(a->bytes + a->size, "PK\3\4", 4);
  memcpy(a->bytes + a->size + 4, head + 6, 26);
  memcpy(a->bytes + a->size + LOCAL, name, length);
  memcpy(a->directory + a->listed, head, CENTRAL);
  memcpy(a->directory + a->listed + CENTRAL, name, length);
  a->size += LOCAL + length + packed;
  a->listed += CENTRAL + length;
  a->count++;
}

static void finish(archive *a) {
  uint8_t *end = a->bytes + a->size + a->listed;
  memcpy(a->bytes + a->size, a->directory, a->listed);
  memcpy(end, "PK\5\6\0\0\0\0", 8);
  put(end + 8, (uint32_t)a->count, 2), put(end + 10, (uint32_t)a->count, 2);
  put(end + 12, (uint32_t)a->listed, 4), put(end + 16, (uint32_t)a->size, 4), put(end + 20, 0, 2);
  a->size += a->listed + END;
}

/* The bytes after the first as one .npy file, or cut in two where the first says. */
static void wrapped(const uint8_t *bytes, size_t size) {
  if (size == 0) return;
  archive *a = calloc(1, sizeof *a);
  bool is_packed = bytes[0] & 1;
  size_t cut = bytes[0] & 2 ? 1 + (size_t)(bytes[0] >> 2) * (size - 1) / 64 : size;
  add(a, "a.npy", bytes + 1, cut - 1, is_packed);
  if (cut < size) add(a, bytes[0] & 4 ? "a.npy" : "b.npy", bytes + cut, size - cut, !is_packed);
  finish(a);
  uint8_t *exact = malloc(a->size);
  memcpy(exact, a->bytes, a->size);
  fuzz_load("x.npz", exact, a->size, FACTOR);
  free(exact);
  free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_load("x.npz", bytes, size, FACTOR);
  repaired(bytes, size);
  wrapped(bytes, size);
  return 0;
}

#ifndef FUZZ_LIBRARY
const fuzz_seed fuzz_seeds[] = { /* np.savez, np.savez_compressed, zipfile, a folder; arrays to be wrapped; zipfile into a pipe */
  FUZZ_SEED("PK\003\004-\000\000\000\000\000\000\000!\000H\352f\354\377\377\377\377\377\377\377\377\005\000\024\000w.npy\001\000"
            "\020\000\203\000\000\000\000\000\000\000\203\000\000\000\000\000\000\000\223NUMPY\001\000v\000{'descr': '|u1', 'fortra"
            "n_order': False, 'shape': (3,), }                                                            \012\000\001\002PK\001"
            "\002-\003-\000\000\000\000\000\000\000!\000H\352f\354\203\000\000\000\203\000\000\000\005\000\000\000\000\000\000\000"
            "\000\000\000\000\200\001\000\000\000\000w.npyPK\005\006\000\000\000\000\001\000\001\0003\000\000\000\272\000\000\000"
            "\000\000"),
  FUZZ_SEED("PK\003\004-\000\000\000\010\000\000\000!\000\236\326\351\352\377\377\377\377\377\377\377\377\005\000\024\000w.npy\001"
            "\000\020\000\230\000\000\000\000\000\000\000X\000\000\000\000\000\000\000\233\354\027\352\033\020\311\310P\306P\255"
            "\236\222Z\234\\\244n\245\240n\227f\242\256\243\240\236\226_TR\224\230\027\237_\224\222\012\022wK\314)N\005\212\027g$"
            "\026\244\002\371\032F:\012\306\232:\012\265\012d\003.\006 \260o``p\000\322\016@\302\001\304^\300\300\000\000PK\003\004"
            "-\000\000\000\010\000\000\000!\000\356\031\273]\377\377\377\377\377\377\377\377\005\000\024\000b.npy\001\000\020\000"
            "\202\000\000\000\000\000\000\000F\000\000\000\000\000\000\000\233\354\027\352\033\020\311\310P\306P\255\236\222Z\234\\"
            "\244n\245\240^\223d\250\256\243\240\236\226_TR\224\230\027\237_\224\222\012\022wK\314)N\005\212\027g$\026\244\002\371"
            "\032F:\232:\012\265\012\024\000.F\006\000PK\001\002-\003-\000\000\000\010\000\000\000!\000\236\326\351\352X\000\000"
            "\000\230\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\200\001\000\000\000\000w.npyPK\001\002-\003-\000"
            "\000\000\010\000\000\000!\000\356\031\273]F\000\000\000\202\000\000\000\005\000\000\000\000\000\000\000\000\000\000"
            "\000\200\001\217\000\000\000b.npyPK\005\006\000\000\000\000\002\000\002\000f\000\000\000\014\001\000\000\000\000"),
  FUZZ_SEED("PK\003\004\024\000\000\000\000\000\000\000!\000p\247s\236D\000\000\000D\000\000\000\005\000\000\000a.npy\223NUMPY\001"
            "\0008\000{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\012abPK\001\002\024\003\024\000\000\000\000\000\000"
            "\000!\000p\247s\236D\000\000\000D\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\200\001\000\000\000\000a"
            ".npyPK\005\006\000\000\000\000\001\000\001\0003\000\000\000g\000\000\000\000\000"),
  FUZZ_SEED("PK\003\004\024\000\000\000\000\000\000\000!\000p\247s\236D\000\000\000D\000\000\000\005\000\000\000a.npy\223NUMPY\001"
            "\0008\000{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\012abPK\003\004\024\000\000\000\000\000\000\000!\000"
            "\000\000\000\000\000\000\000\000\000\000\000\000\002\000\000\000d/PK\001\002\024\003\024\000\000\000\000\000\000\000!"
            "\000p\247s\236D\000\000\000D\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\200\001\000\000\000\000a.npyP"
            "K\001\002\024\003\024\000\000\000\000\000\000\000!\000\000\000\000\000\000\000\000\000\000\000\000\000\002\000\000\000"
            "\000\000\000\000\000\000\000\000\200\001g\000\000\000d/PK\005\006\000\000\000\000\002\000\002\000c\000\000\000\207\000"
            "\000\000\000\000"),
  FUZZ_SEED("\000\223NUMPY\001\0008\000{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\012ab"),
  FUZZ_SEED("\001\223NUMPY\001\0008\000{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\012ab"),
  FUZZ_SEED("\203\223NUMPY\001\0008\000{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\012ab\223NUMPY\001\0008\000{'descr':"
            " '|u1', 'fortran_order': False, 'shape': (2,)}\012ab"),
  FUZZ_SEED("PK\003\004\024\000\010\000\000\000\000\000!\000\000\000\000\000\000\000\000\000\000\000\000\000\005\000\000\000a.npy"
            "\223NUMPY\001\0008\000{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}\012abPK\007\010p\247s\236D\000\000\000D"
            "\000\000\000PK\001\002\024\003\024\000\010\000\000\000\000\000!\000p\247s\236D\000\000\000D\000\000\000\005\000\000"
            "\000\000\000\000\000\000\000\000\000\200\001\000\000\000\000a.npyPK\005\006\000\000\000\000\001\000\001\0003\000\000"
            "\000w\000\000\000\000\000"),
};
const int fuzz_seed_count = sizeof fuzz_seeds / sizeof *fuzz_seeds;
#endif
