#include "core/random.h"

#include <assert.h>
#include <math.h>

enum { ROUNDS = 10 };

void random_block(const uint32_t counter[4], uint64_t key, uint32_t out[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* The next block of a sequence. */
static void next_block(random_source *source, uint32_t out[4]) {
  const uint32_t counter[4] = { (uint32_t)source->position, (uint32_t)(source->position >> 32), 0, 0 };
  random_block(counter, source->seed, out);
  source->position++;
}

random_source *random_of(moth *m, moth_generator *generator) {
  if (generator == NULL) return &m->random;
  return generator->is_default ? &generator->base.context->random : &generator->source;
}

/* ---- Fills ---- */

void random_uniform_f32(random_source *source, float *out, int64_t count, double low, double high) {
  uint32_t words[4];
  double span = high - low;
  float top = (float)high, bottom = (float)low;
  for (int64_t i = 0; i < count; i++) {
    if (i % 4 == 0) next_block(source, words);
    float value = (float)(low + span * (double)random_f32(words[i % 4]));
    out[i] = value >= top && bottom < top ? nextafterf(top, bottom) : value;
  }
}

void random_uniform_f64(random_source *source, double *out, int64_t count, double low, double high) {
  uint32_t words[4];
  double span = high - low;
  for (int64_t i = 0; i < count; i++) {
    if (i % 2 == 0) next_block(source, words);
    double value = low + span * random_f64(words[i % 2 * 2], words[i % 2 * 2 + 1]);
    out[i] = value >= high && low < high ? nextafter(high, low) : value;
  }
}

/* Box & Muller 1958: 1 − u is in (0, 1], so that its logarithm is finite. */
static void normal_pair(double u, double v, double pair[2]) {
  double radius = sqrt(-2 * log(1 - u)), angle = 6.283185307179586476925 * v;
  pair[0] = radius * cos(angle);
  pair[1] = radius * sin(angle);
}

void random_normal_f32(random_source *source, float *out, int64_t count, double mean, double deviation) {
  uint32_t words[4];
  double pair[2];
  for (int64_t i = 0; i < count; i++) {
    if (i % 4 == 0) next_block(source, words);
    if (i % 2 == 0) normal_pair((double)random_f32(words[i % 4]), (double)random_f32(words[i % 4 + 1]), pair);
    out[i] = (float)(mean + deviation * pair[i % 2]);
  }
}

void random_normal_f64(random_source *source, double *out, int64_t count, double mean, double deviation) {
  uint32_t words[4];
  double pair[2];
  for (int64_t i = 0; i < count; i++) {
    if (i % 2 == 0) {
      next_block(source, words);
      normal_pair(random_f64(words[0], words[1]), random_f64(words[2], words[3]), pair);
    }
    out[i] = mean + deviation * pair[i % 2];
  }
}

/* ---- Whole numbers ---- */

/* The i-th 64-bit word of a fill: two a block. */
static uint64_t word64(random_source *source, int64_t i, uint32_t words[4]) {
  if (i % 2 == 0) next_block(source, words);
  return (uint64_t)words[i % 2 * 2 + 1] << 32 | words[i % 2 * 2];
}

/* floor(word · range / 2^64); a range of 0 stands for 2^64. */
static uint64_t below(uint64_t word, uint64_t range) {
  __extension__ typedef unsigned __int128 wide;
  return range == 0 ? word : (uint64_t)((wide)word * range >> 64);
}

void random_integers(random_source *source, int64_t *out, int64_t count, int64_t low, int64_t high) {
  assert(low <= high);
  uint32_t words[4];
  uint64_t range = (uint64_t)high - (uint64_t)low + 1;
  for (int64_t i = 0; i < count; i++) out[i] = (int64_t)((uint64_t)low + below(word64(source, i, words), range));
}

static void swap(int64_t *values, int64_t i, int64_t j) {
  int64_t kept = values[i];
  values[i] = values[j];
  values[j] = kept;
}

void random_permutation(random_source *source, int64_t *out, int64_t count) {
  uint32_t words[4];
  for (int64_t i = 0; i < count; i++) out[i] = i;
  for (int64_t i = count - 1, draw = 0; i > 0; i--, draw++) {
    swap(out, i, (int64_t)below(word64(source, draw, words), (uint64_t)i + 1));
  }
}

uint64_t random_key(random_source *source) {
  uint32_t words[4];
  return word64(source, 0, words);
}

void random_shuffle(uint64_t key, uint64_t epoch, int64_t *order, int64_t count) {
  uint32_t counter[4], words[4];
  for (int64_t i = 0; i < count; i++) order[i] = i;
  for (int64_t i = count - 1, draw = 0; i > 0; i--, draw++) {
    if (draw % 2 == 0) {
      random_counter(counter, (uint32_t)(draw / 2), epoch, RANDOM_SHUFFLE, 0);
      random_block(counter, key, words);
    }
    uint64_t word = (uint64_t)words[draw % 2 * 2 + 1] << 32 | words[draw % 2 * 2];
    swap(order, i, (int64_t)below(word, (uint64_t)i + 1));
  }
}

/* ---- Handles ---- */

static void generator_destroy(object *self) {
  if (self->context->generator == (moth_generator *)self) self->context->generator = NULL;
}

static const object_class generator_class = {
  .kind = MOTH_GENERATOR_OBJECT, .name = "generator", .size = sizeof(moth_generator), .destroy = generator_destroy,
};

static moth_status check_result(moth *m, const void *result) {
  moth_status status = context_check(m, "generator");
  if (status != MOTH_OK || result != NULL) return status;
  return context_fail(m, MOTH_MISUSE, "generator", "a place for the result must be given");
}

moth_status moth_generator_create(moth *m, uint64_t seed, moth_generator **generator) {
  moth_status status = check_result(m, generator);
  if (status != MOTH_OK) return status;
  moth_generator *self = object_new(m, &generator_class);
  if (self == NULL) return context_within(m, m->status, "generator");
  self->source.seed = seed;
  *generator = self;
  return MOTH_OK;
}

/* The context holds no reference of its own, else it could never be freed: the last holder's release clears m->generator. */
moth_status moth_generator_default(moth *m, moth_generator **generator) {
  moth_status status = check_result(m, generator);
  if (status != MOTH_OK) return status;
  if (m->generator == NULL) {
    status = moth_generator_create(m, 0, &m->generator);
    if (status != MOTH_OK) return status;
    m->generator->is_default = true;
  } else {
    object_retain(&m->generator->base);
  }
  *generator = m->generator;
  return MOTH_OK;
}

static const random_source *source_of(const moth_generator *generator) {
  return generator->is_default ? &generator->base.context->random : &generator->source;
}

uint64_t moth_generator_seed(const moth_generator *generator) { return generator == NULL ? 0 : source_of(generator)->seed; }
uint64_t moth_generator_position(const moth_generator *generator) { return generator == NULL ? 0 : source_of(generator)->position; }

void moth_generator_set(moth_generator *generator, uint64_t seed, uint64_t position) {
  if (generator != NULL) *random_of(generator->base.context, generator) = (random_source){ seed, position };
}
