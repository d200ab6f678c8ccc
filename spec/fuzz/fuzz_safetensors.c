/* The safetensors reader on any bytes; what it accepts is written again and must read back. The header's length is set right half the
 * time, or few mutations would get past it. */
#include "fuzz.h"

#include "formats/formats.h"

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

static void read_bytes(const uint8_t *bytes, size_t size) {
  moth *m = fuzz_open();
  uint64_t used = moth_memory_used(m);
  safetensors_file file;
  stream from;
  stream_open_bytes(m, "load", "model", bytes, size, &from);
  if (safetensors_read(&from, &file) == MOTH_OK) write_again(m, &file);
  else if (file.m || !moth_message(m)[0]) abort();
  stream_close(&from, false);
  safetensors_free(&file);
  fuzz_close(m, used);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  read_bytes(bytes, size);
  uint8_t *fixed = malloc(size + 8);
  const uint8_t *end = bytes;
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] == '}') end = bytes + i + 1;
  }
  size_t header = (size_t)(end - bytes);
  memset(fixed, 0, 8);
  fixed[0] = (uint8_t)header, fixed[1] = (uint8_t)(header >> 8), fixed[2] = (uint8_t)(header >> 16);
  memcpy(fixed + 8, bytes, size);
  read_bytes(fixed, size + 8);
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
