/* The random generator: published vectors, what fills draw, the shape of what comes out. */
#include "support.h"

#include <math.h>

#include "core/random.h"

static void assert_block(uint32_t c, uint64_t key, const uint32_t expected[4]) {
  const uint32_t counter[4] = { c, c, c, c };
  uint32_t out[4];
  random_block(counter, key, out);
  assert_memory_equal(out, expected, sizeof out);
}

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static void published_vectors_come_out(void **state) {
  (void)state;
  assert_block(0, 0, (uint32_t[]){ 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 });
  assert_block(0xffffffff, 0xffffffffffffffff, (uint32_t[]){ 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd });
  const uint32_t counter[4] = { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
                 expected[4] = { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 };
  uint32_t out[4];
  random_block(counter, 0x299f31d0a4093822, out);
  assert_memory_equal(out, expected, sizeof out);
}

static void block(const random_source *source, uint64_t position, uint32_t out[4]) {
  const uint32_t counter[4] = { (uint32_t)position, (uint32_t)(position >> 32), 0, 0 };
  random_block(counter, source->seed, out);
}

static void fills_take_whole_blocks_in_order(void **state) {
  (void)state;
  random_source source = { 42, 0xfffffffeull }; /* across the counter's word */
  uint32_t words[12];
  for (int i = 0; i < 3; i++) block(&source, 0xfffffffeull + (uint64_t)i, words + 4 * i);
  float singles[9];
  random_uniform_f32(&source, singles, 9, 0, 1);
  assert_int_equal(source.position, 0xfffffffeull + 3);
  for (int i = 0; i < 9; i++) assert_true(singles[i] == (float)(words[i] >> 8) / 16777216.0f);

  double doubles[3];
  source.position = 0xfffffffeull;
  random_uniform_f64(&source, doubles, 3, -1, 1);
  assert_int_equal(source.position, 0xfffffffeull + 2);
  for (int i = 0; i < 3; i++) {
    uint64_t word = (uint64_t)words[2 * i + 1] << 32 | words[2 * i];
    assert_true(doubles[i] == -1 + 2 * ((double)(word >> 11) / 9007199254740992.0));
  }

  source.position = 0xfffffffeull;
  random_normal_f64(&source, doubles, 3, 5, 2);
  assert_int_equal(source.position, 0xfffffffeull + 2);
  double u = random_f64(words[0], words[1]), v = random_f64(words[2], words[3]);
  assert_true(fabs(doubles[1] - (5 + 2 * sqrt(-2 * log(1 - u)) * sin(2 * acos(-1) * v))) < 1e-12);

  source.position = 0xfffffffeull;
  random_normal_f32(&source, singles, 5, 0, 1);
  assert_int_equal(source.position, 0xfffffffeull + 2);
  u = random_f32(words[2]), v = random_f32(words[3]); /* the second pair of the first block */
  assert_true(fabs(singles[2] - sqrt(-2 * log(1 - u)) * cos(2 * acos(-1) * v)) < 1e-6);

  int64_t integers[3];
  source.position = 0xfffffffeull;
  random_integers(&source, integers, 3, 10, 19);
  assert_int_equal(source.position, 0xfffffffeull + 2);
  for (int i = 0; i < 3; i++) assert_int_equal(integers[i], 10 + (int64_t)((double)words[2 * i + 1] / 4294967296.0 * 10));
  assert_true(random_key(&source) != 0);
  assert_int_equal(source.position, 0xfffffffeull + 3);
}

static void a_fill_in_parts_is_the_fill_as_a_whole(void **state) {
  (void)state;
  random_source whole = { 3, 0 }, parts = { 3, 0 };
  double a[64], b[64];
  random_normal_f64(&whole, a, 64, 0, 1);
  for (int i = 0; i < 64; i += 16) random_normal_f64(&parts, b + i, 16, 0, 1);
  assert_memory_equal(a, b, sizeof a);
  random_uniform_f32(&whole, NULL, 0, 0, 1); /* nothing takes nothing */
  assert_int_equal(whole.position, parts.position);
}

static void uniform_values_stay_below_their_end(void **state) {
  (void)state;
  random_source source = { 1, 0 };
  enum { COUNT = 100000 };
  float *singles = malloc(COUNT * sizeof *singles);
  random_uniform_f32(&source, singles, COUNT, 16777216, 16777218); /* neighbours in f32: rounding would reach the end */
  for (int i = 0; i < COUNT; i++) assert_true(singles[i] == 16777216);
  random_uniform_f32(&source, singles, COUNT, 3, 3);
  assert_true(singles[7] == 3);
  random_uniform_f32(&source, singles, COUNT, -0.5, 0.25);
  double sum = 0;
  for (int i = 0; i < COUNT; i++) {
    assert_true(singles[i] >= -0.5f && singles[i] < 0.25f);
    sum += singles[i];
  }
  assert_true(fabs(sum / COUNT + 0.125) < 0.003); /* 0.2165 / sqrt(1e5) is 0.0007 */
  free(singles);
}

static void normal_values_are_normal(void **state) {
  (void)state;
  random_source source = { 2, 0 };
  enum { COUNT = 100000 };
  double *doubles = malloc(COUNT * sizeof *doubles);
  random_normal_f64(&source, doubles, COUNT, 0, 1);
  double moments[5] = { 0 };
  for (int i = 0; i < COUNT; i++) {
    assert_true(isfinite(doubles[i]));
    for (int k = 1; k <= 4; k++) moments[k] += pow(doubles[i], k) / COUNT;
  }
  assert_true(fabs(moments[1]) < 0.02 && fabs(moments[2] - 1) < 0.03 && fabs(moments[3]) < 0.1 && fabs(moments[4] - 3) < 0.2);
  free(doubles);
}

static void whole_numbers_reach_both_ends(void **state) {
  (void)state;
  random_source source = { 5, 0 };
  int64_t values[6000], counts[6] = { 0 };
  random_integers(&source, values, 6000, -2, 3);
  for (int i = 0; i < 6000; i++) {
    assert_in_range(values[i] + 2, 0, 5);
    counts[values[i] + 2]++;
  }
  for (int i = 0; i < 6; i++) assert_in_range(counts[i], 850, 1150); /* 1000, deviation 29 */
  random_integers(&source, values, 100, 7, 7);
  assert_int_equal(values[99], 7);
  random_integers(&source, values, 2, INT64_MIN, INT64_MAX); /* a range of 2^64 */
  assert_true(values[0] != values[1]);
}

static bool is_permutation(const int64_t *order, int64_t count) {
  bool *seen = calloc((size_t)count + 1, 1);
  bool is = true;
  for (int64_t i = 0; i < count; i++) {
    is = is && order[i] >= 0 && order[i] < count && !seen[order[i]];
    if (is) seen[order[i]] = true;
  }
  free(seen);
  return is;
}

static void permutations_hold_every_row_once(void **state) {
  (void)state;
  random_source source = { 9, 0 };
  int64_t order[257], again[257];
  for (int64_t count = 0; count <= 257; count += count < 8 ? 1 : 83) {
    uint64_t before = source.position;
    random_permutation(&source, order, count);
    assert_true(is_permutation(order, count));
    assert_int_equal(source.position - before, count > 1 ? count / 2 : 0);
    random_shuffle(1, 2, order, count);
    assert_true(is_permutation(order, count));
  }
  random_shuffle(1, 2, order, 257);
  random_shuffle(1, 2, again, 257);
  assert_memory_equal(order, again, sizeof order);
  random_shuffle(1, 3, again, 257);
  assert_memory_not_equal(order, again, sizeof order);
  random_shuffle(2, 2, again, 257);
  assert_memory_not_equal(order, again, sizeof order);
}

/* All six orders of three, each about as often. */
static void permutations_are_even(void **state) {
  (void)state;
  int counts[27] = { 0 };
  for (uint64_t epoch = 0; epoch < 6000; epoch++) {
    int64_t order[3];
    random_shuffle(77, epoch, order, 3);
    counts[order[0] * 9 + order[1] * 3 + order[2]]++;
  }
  int orders = 0;
  for (int i = 0; i < 27; i++) {
    if (counts[i] == 0) continue;
    orders++;
    assert_in_range(counts[i], 850, 1150);
  }
  assert_int_equal(orders, 6);
}

static void counters_of_trainers_are_laid_out_as_promised(void **state) {
  (void)state;
  uint32_t counter[4];
  random_counter(counter, 7, 0x0000000200000003ull, RANDOM_DROPOUT, 5);
  assert_int_equal(counter[0], 7);
  assert_int_equal(counter[1], 3);
  assert_int_equal(counter[2], 2);
  assert_int_equal(counter[3], 2 << 16 | 5);
}

/* ---- Handles ---- */

static void generators_hold_their_place(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  moth_generator *generator = NULL;
  assert_ok(m, moth_generator_create(m, 12, &generator));
  assert_int_equal(moth_generator_seed(generator), 12);
  random_key(random_of(m, generator));
  assert_int_equal(moth_generator_position(generator), 1);
  assert_int_equal(m->random.position, 0);
  moth_generator_set(generator, 3, 4);
  assert_int_equal(moth_generator_seed(generator), 3);
  assert_int_equal(moth_generator_position(generator), 4);
  moth_release(generator);
  assert_fails(m, moth_generator_create(m, 1, NULL), MOTH_MISUSE, "generator: a place for the result must be given");
  allocator.fail_at = 1;
  assert_status(m, moth_generator_default(m, &generator), MOTH_MEMORY);
  support_close(m, &allocator);
}

static void the_contexts_own_generator_has_one_handle(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  moth_generator *one, *two;
  moth_seed(m, 5);
  random_key(random_of(m, NULL));
  assert_ok(m, moth_generator_default(m, &one));
  assert_ok(m, moth_generator_default(m, &two));
  assert_ptr_equal(one, two);
  assert_int_equal(moth_generator_seed(one), 5);
  assert_int_equal(moth_generator_position(one), 1);
  moth_generator_set(one, 6, 7);
  assert_int_equal(m->random.seed, 6);
  assert_int_equal(m->random.position, 7);
  moth_seed(m, 8);
  assert_int_equal(moth_generator_seed(one), 8);
  assert_int_equal(moth_generator_position(one), 0);
  moth_release(one);
  moth_release(two);
  assert_null(m->generator);
  assert_ok(m, moth_generator_default(m, &one));
  context_close(m);
  moth_release(one);
  assert_int_equal(allocator.blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(published_vectors_come_out),
    cmocka_unit_test(fills_take_whole_blocks_in_order),
    cmocka_unit_test(a_fill_in_parts_is_the_fill_as_a_whole),
    cmocka_unit_test(uniform_values_stay_below_their_end),
    cmocka_unit_test(normal_values_are_normal),
    cmocka_unit_test(whole_numbers_reach_both_ends),
    cmocka_unit_test(permutations_hold_every_row_once),
    cmocka_unit_test(permutations_are_even),
    cmocka_unit_test(counters_of_trainers_are_laid_out_as_promised),
    cmocka_unit_test(generators_hold_their_place),
    cmocka_unit_test(the_contexts_own_generator_has_one_handle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
