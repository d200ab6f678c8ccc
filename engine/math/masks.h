/* math/masks.h: values that a mask of bytes marks (0: not): counting them, packing them side by side, spreading them out again, replacing
 * them. Branch-free, so that a random mask costs what a regular one does. Contiguous values of 1, 4 or 8 bytes; allocates nothing. */
#ifndef MATH_MASKS_H
#define MATH_MASKS_H

#include <stddef.h>
#include <stdint.h>

int64_t masks_count(const uint8_t *mask, int64_t n);
/* Packs the marked of x[0 … n-1] into y, which has room for `room`; stops where that is full. Returns how many there were. */
int64_t masks_pack(const uint8_t *mask, const void *x, void *y, int64_t n, int64_t room, size_t width);
/* The other way: x[0], x[1] … (`count` of them) go to the marked places of y, in order. Returns how many went. */
int64_t masks_spread(const uint8_t *mask, const void *x, void *y, int64_t n, int64_t count, size_t width);
/* The value at `value` goes to all marked places of y. */
void masks_fill(const uint8_t *mask, const void *value, void *y, int64_t n, size_t width);

#endif
