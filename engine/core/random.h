/* random.h: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"). Counter-based: any part of a
 * sequence can be made on any thread. n draws take whole blocks of four words in row-major order. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include "core/object.h"

/* One block: four words from a 128-bit counter (least word first) and a 64-bit key. */
void random_block(const uint32_t counter[4], uint64_t key, uint32_t out[4]);

static inline float random_f32(uint32_t word) { return (float)(word >> 8) * 0x1p-24f; }
static inline double random_f64(uint32_t low, uint32_t high) { return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53; }

struct moth_generator { object base; bool is_default; random_source source; /* of the context, where is_default */ };
/* The sequence of a generator handle, or of the context where it is NULL. */
random_source *random_of(moth *m, moth_generator *generator);

/* Fills; each takes whole blocks and moves the position. f32 uniforms use one word an element, f64 two; normals are Box-Muller within a
 * block (f32: two pairs a block, f64: one pair); integers are 64-bit multiply-high, two words each. Uniform
 * values are >= low and < high where the two differ. */
void random_uniform_f32(random_source *source, float *out, int64_t count, double low, double high);
void random_uniform_f64(random_source *source, double *out, int64_t count, double low, double high);
void random_normal_f32(random_source *source, float *out, int64_t count, double mean, double deviation);
void random_normal_f64(random_source *source, double *out, int64_t count, double mean, double deviation);
void random_integers(random_source *source, int64_t *out, int64_t count, int64_t low, int64_t high); /* both ends */
/* A permutation of 0..count-1 by Fisher-Yates over random_integers' words. */
void random_permutation(random_source *source, int64_t *out, int64_t count);
/* One 64-bit draw: a key for a net or a trainer. */
uint64_t random_key(random_source *source);

/* Purposes in the fourth counter word of a trainer's draws: {block, step low, step high, purpose << 16 | node}. */
enum { RANDOM_SHUFFLE = 1, RANDOM_DROPOUT = 2 };
static inline void random_counter(uint32_t out[4], uint32_t block, uint64_t step, uint32_t purpose, uint32_t node) {
  out[0] = block, out[1] = (uint32_t)step, out[2] = (uint32_t)(step >> 32), out[3] = purpose << 16 | node;
}
/* The epoch's order of `count` rows, from a trainer's key (purpose 1, step = epoch). */
void random_shuffle(uint64_t key, uint64_t epoch, int64_t *order, int64_t count);

#endif
