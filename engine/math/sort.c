#include "math/sort.h"

#include <string.h>

enum {
  RUN = 16,        /* runs this short are sorted by insertion */
  SHORT = 48,     /* lanes this short are merged */
  SMALL_DIGIT = 6, /* bits: those of short lanes, whose counts are soon added up */
  LARGE_DIGIT = 11,
  SPARE_BITS_32 = 6,  /* beyond those that number a lane's values: so many more tell nearly all of them apart, */
  SPARE_BITS_64 = 12, /* an exponent included */
  MOST_MOVES = 8,     /* for each value; where more are left after that, all bits are sorted by */
  CHUNK = 512,                              /* keys made at a time */
  POLL = 1 << 18,                           /* elements between looks at the cancel flag */
  COUNTS_BYTES = 6 * (1 << LARGE_DIGIT) * 4 /* of every digit of a 64-bit key */
};

typedef struct pair {
  uint64_t key, position;
} pair;

#define SIGN32 0x80000000u
#define SIGN64 0x8000000000000000u
#define VALUE_BYTES(dtype) ((dtype) == MOTH_F32 ? 4u : (dtype) == MOTH_F64 || (dtype) == MOTH_I64 ? 8u : 1u)

/* Bits of floats are in order once negative ones are turned over and positive ones lie above them. Adding 0 makes 0 of -0. */
static inline uint32_t key_of_f32(float x) {
  uint32_t bits;
  x += 0.0f;
  memcpy(&bits, &x, sizeof bits);
  return bits & SIGN32 ? ~bits : bits | SIGN32;
}
static inline uint64_t key_of_f64(double x) {
  uint64_t bits;
  x += 0.0;
  memcpy(&bits, &x, sizeof bits);
  return bits & SIGN64 ? ~bits : bits | SIGN64;
}
static inline float f32_of_key(uint32_t key) {
  uint32_t bits = key & SIGN32 ? key ^ SIGN32 : ~key;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline double f64_of_key(uint64_t key) {
  uint64_t bits = key & SIGN64 ? key ^ SIGN64 : ~key;
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* 32-bit keys: f32, u8, bool. */
static void make_keys_32(const sort_lane *lane, int64_t from, int64_t n, uint32_t *keys) {
  const char *x = (const char *)lane->x + from * lane->step;
  uint32_t turn = lane->descending ? ~0u : 0;
  if (lane->dtype != MOTH_F32) {
    for (int64_t i = 0; i < n; i++) keys[i] = *(const uint8_t *)(x + i * lane->step) ^ turn;
    return;
  }
  for (int64_t i = 0; i < n; i++) {
    float value = *(const float *)(x + i * lane->step);
    uint32_t key = key_of_f32(value) ^ turn;
    keys[i] = value == value ? key : ~0u;
  }
}
static void make_values_32(const sort_lane *lane, const uint32_t *keys, int64_t n, char *y, int64_t step) {
  uint32_t turn = lane->descending ? ~0u : 0;
  if (lane->dtype != MOTH_F32) {
    for (int64_t i = 0; i < n; i++) *(uint8_t *)(y + i * step) = (uint8_t)(keys[i] ^ turn);
    return;
  }
  for (int64_t i = 0; i < n; i++) *(float *)(y + i * step) = f32_of_key(keys[i] ^ turn);
}
static inline bool is_nan_key_32(moth_dtype dtype, uint32_t key) { return dtype == MOTH_F32 && key == ~0u; }
static inline bool is_ambiguous_32(const sort_lane *lane, uint32_t key) {
  return lane->dtype == MOTH_F32 && (key == ~0u || key == (lane->descending ? ~SIGN32 : SIGN32));
}

/* 64-bit keys: f64, i64, and any dtype in lanes of 2^32 values or more. */
static void make_keys_64(const sort_lane *lane, int64_t from, int64_t n, uint64_t *keys) {
  const char *x = (const char *)lane->x + from * lane->step;
  uint64_t turn = lane->descending ? ~(uint64_t)0 : 0;
  if (lane->dtype == MOTH_F64 || lane->dtype == MOTH_F32) {
    for (int64_t i = 0; i < n; i++, x += lane->step) {
      double value = lane->dtype == MOTH_F64 ? *(const double *)x : (double)*(const float *)x;
      uint64_t key = key_of_f64(value) ^ turn;
      keys[i] = value == value ? key : ~(uint64_t)0;
    }
    return;
  }
  for (int64_t i = 0; i < n; i++, x += lane->step) {
    keys[i] = (lane->dtype == MOTH_I64 ? *(const uint64_t *)x ^ SIGN64 : *(const uint8_t *)x) ^ turn;
  }
}
static void make_values_64(const sort_lane *lane, const uint64_t *keys, int64_t n, char *y, int64_t step) {
  uint64_t turn = lane->descending ? ~(uint64_t)0 : 0;
  for (int64_t i = 0; i < n; i++, y += step) {
    uint64_t key = keys[i] ^ turn;
    if (lane->dtype == MOTH_F64) *(double *)y = f64_of_key(key);
    else if (lane->dtype == MOTH_F32) *(float *)y = (float)f64_of_key(key);
    else if (lane->dtype == MOTH_I64) *(uint64_t *)y = key ^ SIGN64;
    else *(uint8_t *)y = (uint8_t)key;
  }
}
static inline bool is_nan_key_64(moth_dtype dtype, uint64_t key) { return (dtype == MOTH_F64 || dtype == MOTH_F32) && key == ~(uint64_t)0; }
static inline bool is_ambiguous_64(const sort_lane *lane, uint64_t key) {
  return is_nan_key_64(lane->dtype, key) ||
         ((lane->dtype == MOTH_F64 || lane->dtype == MOTH_F32) && key == (lane->descending ? ~SIGN64 : SIGN64));
}

/* Where pairs may lie behind two arrays of n keys, aligned. */
static inline size_t pairs_behind_32(int64_t n) { return (size_t)n * 2 * sizeof(uint32_t); }
static inline size_t pairs_behind_64(int64_t n) { return (size_t)n * 2 * sizeof(uint64_t); }

/* What to sort keys by once `least` is taken away: `count` digits of `bits` from bit `shift` on. */
typedef struct digits {
  uint64_t least;
  int shift, bits, count;
} digits;

static int bits_of(uint64_t x) { return x == 0 ? 0 : 64 - __builtin_clzll(x); }

/* The highest bits that tell n keys from `least` to `most` apart, and `spare` more, in as few digits as that takes, these then all used. */
static digits digits_choose(uint64_t least, uint64_t most, int64_t n, int spare) {
  int all = bits_of(most - least), numbering = bits_of((uint64_t)n), wanted = numbering + spare;
  int widest = numbering < SMALL_DIGIT ? SMALL_DIGIT : numbering > LARGE_DIGIT ? LARGE_DIGIT : numbering;
  if (wanted > all) wanted = all;
  digits d = { .least = least, .count = (wanted + widest - 1) / widest };
  if (d.count == 0) return d;
  d.bits = (all + d.count - 1) / d.count;
  if (d.bits > widest) d.bits = widest;
  if (d.count * d.bits < all) d.shift = all - d.count * d.bits;
  return d;
}

#define WIDTH 32
#define K uint32_t
#define P uint64_t
#define NAME 32
#define MAKE(key, position) ((uint64_t)(key) << 32 | (uint64_t)(position))
#define KEY(p) ((uint32_t)((p) >> 32))
#define POSITION(p) ((uint32_t)(p))
#define BEFORE(a, b) ((a) < (b))
#include "math/sort.inc"
#undef WIDTH
#undef K
#undef P
#undef NAME
#undef MAKE
#undef KEY
#undef POSITION
#undef BEFORE

#define WIDTH 64
#define K uint64_t
#define P pair
#define NAME 64
#define MAKE(key_, position_) ((pair) { (key_), (uint64_t)(position_) })
#define KEY(p) ((p).key)
#define POSITION(p) ((p).position)
#define BEFORE(a, b) ((a).key < (b).key)
#include "math/sort.inc"

static bool is_wide(moth_dtype dtype, int64_t n) { return dtype == MOTH_F64 || dtype == MOTH_I64 || n > UINT32_MAX; }

/* Two arrays of pairs, or two of keys and two of half as many pairs, and the counts. */
bool sort_room(moth_dtype dtype, int64_t n, size_t *bytes) {
  size_t pairs, one = is_wide(dtype, n) ? sizeof(pair) : sizeof(uint64_t);
  return !__builtin_mul_overflow((size_t)n, 2 * one, &pairs) && !__builtin_add_overflow(pairs, (size_t)COUNTS_BYTES, bytes);
}

bool sort_run(moth *m, const sort_lane *lane, const sort_places *places, void *room) {
  return is_wide(lane->dtype, lane->n) ? run_64(m, lane, places, room) : run_32(m, lane, places, room);
}

bool sort_first(moth *m, const sort_lane *lane, const sort_places *places, void *room) {
  if (places->count == 0) return true;
  if (lane->n <= SHORT || places->count > lane->n / 8) return sort_run(m, lane, places, room);
  return is_wide(lane->dtype, lane->n) ? first_64(m, lane, places, room) : first_32(m, lane, places, room);
}

bool sort_select_open(moth *m, sort_selection *s, const sort_lane *lane, void *room) {
  bool wide = is_wide(lane->dtype, lane->n);
  *s = (sort_selection) { .dtype = lane->dtype, .descending = lane->descending, .n = lane->n, .keys = room };
  s->spare = (char *)room + (size_t)lane->n * (wide ? 8 : 4);
  return wide ? select_open_64(m, s, lane) : select_open_32(m, s, lane);
}

bool sort_select(moth *m, const sort_selection *s, int64_t rank, sort_rank *found) {
  return is_wide(s->dtype, s->n) ? select_64(m, s, rank, found) : select_32(m, s, rank, found);
}

bool sort_select_next(moth *m, const sort_selection *s, const sort_rank *rank, uint64_t *key) {
  return is_wide(s->dtype, s->n) ? select_next_64(m, s, rank, key) : select_next_32(m, s, rank, key);
}

bool sort_select_position(moth *m, const sort_selection *s, const sort_rank *found, int64_t rank, int64_t *position) {
  return is_wide(s->dtype, s->n) ? select_position_64(m, s, found, rank, position) : select_position_32(m, s, found, rank, position);
}

double sort_value(const sort_selection *s, uint64_t key) {
  sort_lane lane = { .dtype = s->dtype, .descending = s->descending };
  uint32_t short_key = (uint32_t)key;
  double value;
  float single;
  int64_t integer;
  uint8_t byte;
  bool wide = is_wide(s->dtype, s->n);
  switch (s->dtype) {
  case MOTH_F32:
    if (wide) make_values_64(&lane, &key, 1, (char *)&single, 0);
    else make_values_32(&lane, &short_key, 1, (char *)&single, 0);
    return (double)single;
  case MOTH_F64:
    make_values_64(&lane, &key, 1, (char *)&value, 0);
    return value;
  case MOTH_I64:
    make_values_64(&lane, &key, 1, (char *)&integer, 0);
    return (double)integer;
  default:
    if (wide) make_values_64(&lane, &key, 1, (char *)&byte, 0);
    else make_values_32(&lane, &short_key, 1, (char *)&byte, 0);
    return (double)byte;
  }
}
