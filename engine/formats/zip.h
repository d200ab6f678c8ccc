/* formats/zip.h: what the readers and writers of zip archives share: records' signatures, one entry, and its bytes as a .npy file. */
#ifndef FORMATS_ZIP_H
#define FORMATS_ZIP_H

#include <string.h>

#include "formats/formats.h"

enum { ZIP_LOCAL = 0x04034b50, ZIP_ENTRY = 0x02014b50, ZIP_END = 0x06054b50, ZIP_END64 = 0x06064b50, ZIP_LOCATOR = 0x07064b50 };
enum { ZIP_STORED = 0, ZIP_DEFLATED = 8 };
/* Deflate packs at most 258 bytes into 2 bits (zlib.net, "Technical Details"). */
enum { ZIP_MOST_DEFLATED = 1032 };

typedef struct zip_entry {
  int flags, method;
  uint32_t sum;                  /* CRC-32 of the unpacked bytes */
  uint64_t packed, size;         /* bytes in the file, and unpacked */
  uint64_t offset;               /* in the file */
  const char *name;              /* not ended by a 0 */
  size_t name_length;
} zip_entry;

/* A number of `width` bytes, little-endian. */
static inline uint64_t zip_get(const uint8_t *at, int width) {
  uint64_t value = 0;
  for (int i = width - 1; i >= 0; i--) value = value << 8 | at[i];
  return value;
}

/* The .npy file that the entry holds; its bytes begin at e->offset. All of it must be there, and its checksum right. `name` is told in
 * messages. */
moth_status zip_read(stream *archive, const zip_entry *e, const char *name, moth_tensor **t);

#endif
