/* The safetensors reader on any bytes, metadata and mapping included; what it accepts is written again and must read back. The header's
 * length is set right half the time, and the values filled up to what it asks for, or few mutations would get past it. */
#include "fuzz.h"

#include "formats/formats.h"

enum { FACTOR = 100, MOST_ADDED = 256 };

static void write_again(moth *m, const safetensors_file *file) {
  safetensors_entry *entries = calloc((size_t)file->count + 1, sizeof *entries);
  safetensors_file again = { 0 };
  stream to, from;
  void *bytes = NULL;
  size_t size = 0;
  for (int i = 0; i < file->count; i++) entries[i] = (safetensors_entry){ .name = file->names[i], .values = file->tensors[i] };
  moth_status status = stream_create_bytes(m, "save", &to);
  if (status == MOTH_OK) {
    status = safetensors_write(&to, entries, file->count, (const char *const *)file->keys, (const char *const *)file->texts,
        file->metadata_count);
    if (status == MOTH_OK) status = stream_take(&to, &bytes, &size);
    stream_close(&to, false);
  }
  if (status == MOTH_OK) {
    stream_open_bytes(m, "load", "again", bytes, size, &from);
    if (safetensors_read(&from, &again) != MOTH_OK || again.count != file->count) abort();
    stream_close(&from, false);
    safetensors_free(&again);
    moth_free(m, bytes, size);
  } else if (status != MOTH_OPTION) { /* a tensor in the file may be named so that it cannot be written; nothing else may fail */
    abort();
  }
  free(entries);
}

/* `mapped`: the tensors lie in the bytes. */
static bool read_bytes(const uint8_t *bytes, size_t size, bool is_mapped) {
  moth *m = fuzz_open();
  uint64_t used = moth_memory_used(m);
  safetensors_file file;
  stream from;
  storage *mapped = is_mapped ? storage_wrap(m, (void *)(uintptr_t)bytes, size, true, NULL, NULL) : NULL;
  stream_open_bytes(m, "load", "model", bytes, size, &from);
  bool is_read = safetensors_map(&from, mapped, &file) == MOTH_OK;
  fuzz_bounded(m, used, FACTOR * size + (256 << 10));
  if (is_read) write_again(m, &file);
  else if (file.m || !moth_message(m)[0]) abort();
  stream_close(&from, false);
  safetensors_free(&file);
  if (mapped) storage_release(mapped);
  fuzz_close(m, used);
  return is_read;
}

static void read_both(const uint8_t *bytes, size_t size) {
  bool is_read = read_bytes(bytes, size, false), is_mapped = read_bytes(bytes, size, true);
  fuzz_expect(is_read || !is_mapped, "what is mapped can be read");
  fuzz_load("x.safetensors", bytes, size, FACTOR);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  read_both(bytes, size);
  uint8_t *fixed = calloc(1, size + 8 + MOST_ADDED);
  const uint8_t *end = bytes;
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] == '}') end = bytes + i + 1;
  }
  size_t header = (size_t)(end - bytes);
  fixed[0] = (uint8_t)header, fixed[1] = (uint8_t)(header >> 8), fixed[2] = (uint8_t)(header >> 16);
  memcpy(fixed + 8, bytes, size);
  read_both(fixed, size + 8);
  moth *m = fuzz_open(); /* "… has 85 bytes, its header asks for 81 …": as many then, of values that are zeros */
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  moth_status status = moth_load_bytes(m, "x.safetensors", fixed, size + 8, &items, &count);
  const char *asks = status == MOTH_FORMAT ? strstr(moth_message(m), "its header asks for ") : NULL;
  unsigned long long wanted = asks ? strtoull(asks + 20, NULL, 10) : 0;
  moth_load_free(m, items, count);
  moth_close(m);
  if (wanted >= 8 + header && wanted <= size + 8 + MOST_ADDED) {
    uint8_t *exact = malloc((size_t)wanted);
    memcpy(exact, fixed, (size_t)wanted);
    memset(exact + 8 + header, 1, (size_t)wanted - 8 - header);
    read_both(exact, (size_t)wanted);
    free(exact);
  }
  free(fixed);
  return 0;
}

#ifndef FUZZ_LIBRARY
const fuzz_seed fuzz_seeds[] = { /* without the length */
  FUZZ_SEED("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]}"
      ",\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}12345678abc"),
  FUZZ_SEED("{\"__metadata__\":{\"format\":\"pt\",\"k\":\"v\\u00e9\"}"
      ",\"h\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}1234"),
  FUZZ_SEED("{\"t\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[0,1]}"
      ",\"e\":{\"dtype\":\"I64\",\"shape\":[0,5],\"data_offsets\":[0,0]}}\1"),
};
const int fuzz_seed_count = sizeof fuzz_seeds / sizeof *fuzz_seeds;
#endif
