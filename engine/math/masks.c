#include "math/masks.h"

#include <stdbool.h>
#include <string.h>

#define TYPE uint8_t
#define NAME(word) word##_1
#include "math/masks.inc"
#undef TYPE
#undef NAME
#define TYPE uint32_t
#define NAME(word) word##_4
#include "math/masks.inc"
#undef TYPE
#undef NAME
#define TYPE uint64_t
#define NAME(word) word##_8
#include "math/masks.inc"
#undef TYPE
#undef NAME

enum { COUNT_RUN = 255 * 16 }; /* sums of bytes that fit sixteen byte counters */

int64_t masks_count(const uint8_t *mask, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i += COUNT_RUN) {
    int64_t end = n - i < COUNT_RUN ? n : i + COUNT_RUN, at = i;
    uint8_t sums[16] = { 0 };
    for (; at + 16 <= end; at += 16) {
      for (int j = 0; j < 16; j++) sums[j] = (uint8_t)(sums[j] + (mask[at + j] != 0));
    }
    for (; at < end; at++) count += mask[at] != 0;
    for (int j = 0; j < 16; j++) count += sums[j];
  }
  return count;
}

int64_t masks_pack(const uint8_t *mask, const void *x, void *y, int64_t n, int64_t room, size_t width) {
  if (width == 4) return pack_4(mask, x, y, n, room);
  return width == 8 ? pack_8(mask, x, y, n, room) : pack_1(mask, x, y, n, room);
}

int64_t masks_spread(const uint8_t *mask, const void *x, void *y, int64_t n, int64_t count, size_t width) {
  if (width == 4) return spread_4(mask, x, y, n, count);
  return width == 8 ? spread_8(mask, x, y, n, count) : spread_1(mask, x, y, n, count);
}

void masks_fill(const uint8_t *mask, const void *value, void *y, int64_t n, size_t width) {
  if (width == 4) fill_4(mask, *(const uint32_t *)value, y, n);
  else if (width == 8) fill_8(mask, *(const uint64_t *)value, y, n);
  else fill_1(mask, *(const uint8_t *)value, y, n);
}
