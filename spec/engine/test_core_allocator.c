/* The allocator of a context whose host gives none: blocks come back for their size, what is kept is bounded, contents move along. */
#include "support.h"

#include <stdio.h>
#include <unistd.h>

#include "core/allocator.h"

#if defined(__SANITIZE_ADDRESS__)
enum { KEEPS = 0 };
#else
enum { KEEPS = 1 };
#endif

static void *make(allocator *a, size_t size) {
  unsigned char *block = allocator_resize(a, NULL, 0, size);
  assert_non_null(block);
  for (size_t i = 0; i < size; i += size / 16 + 1) block[i] = (unsigned char)i;
  block[size - 1] = 7;
  return block;
}

static void blocks_come_back_for_their_size(void **state) {
  static const size_t sizes[][2] = { { 1, 64 }, { 65, 128 }, { 320, 300 }, { 512, 449 }, { 300000, 299000 }, { 4000192, 4100000 } };
  allocator a = { .kept_bytes = 0 };
  for (size_t i = 0; KEEPS && i < sizeof sizes / sizeof *sizes; i++) {
    void *block = make(&a, sizes[i][0]);
    allocator_resize(&a, block, sizes[i][0], 0);
    void *other = make(&a, sizes[i][1] * 4), *again = make(&a, sizes[i][1]);
    assert_ptr_equal(again, block);
    assert_ptr_not_equal(other, block);
    allocator_resize(&a, again, sizes[i][1], 0), allocator_resize(&a, other, sizes[i][1] * 4, 0);
  }
  allocator_clear(&a);
  assert_true(a.kept_bytes == 0 && a.large_bytes == 0 && a.large_count == 0);
}

static void little_is_kept(void **state) {
  enum { BLOCKS = 3000 };
  static void *blocks[BLOCKS];
  allocator a = { .kept_bytes = 0 };
  for (int i = 0; i < BLOCKS; i++) blocks[i] = make(&a, 464);
  for (int i = 0; i < BLOCKS; i++) allocator_resize(&a, blocks[i], 464, 0);
  assert_true(a.kept_bytes <= ALLOCATOR_KEPT);
  for (int i = 0; i < 20; i++) blocks[i] = make(&a, (size_t)(i + 1) << 20);
  for (int i = 0; i < 20; i++) {
    allocator_resize(&a, blocks[i], (size_t)(i + 1) << 20, 0);
    assert_true(a.large_bytes <= ALLOCATOR_LARGE_KEPT && a.large_count <= ALLOCATOR_LARGE_BLOCKS);
  }
  void *huge = make(&a, (size_t)40 << 20);
  allocator_resize(&a, huge, (size_t)40 << 20, 0);
  assert_true(a.large_bytes <= ALLOCATOR_LARGE_KEPT);
  allocator_clear(&a);
}

static void contents_move_along(void **state) {
  static const size_t sizes[] = { 1, 60, 64, 65, 500, 513, 5000, 262144, 262145, 270000, 900000, 5000000, 21000000, 5100000,
                                 512,  3,  300000, 40 };
  allocator a = { .kept_bytes = 0 };
  size_t size = 10;
  unsigned char *block = allocator_resize(&a, NULL, 0, size);
  memset(block, 1, size);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    block = allocator_resize(&a, block, size, sizes[i]);
    assert_non_null(block);
    size_t both = size < sizes[i] ? size : sizes[i];
    for (size_t j = 0; j < both; j++) assert_int_equal(block[j], i + 1);
    size = sizes[i];
    memset(block, (int)i + 2, size);
  }
  assert_null(allocator_resize(&a, block, size, 0));
  allocator_clear(&a);
}

/* Pages that this process has, in bytes. */
static size_t resident(void) {
  unsigned long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%*u %lu", &pages), 1);
  fclose(f);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Blocks of many sizes, freed in another order than they were made, leave no holes that stay. */
static void what_is_freed_goes_back(void **state) {
  enum { BLOCKS = 24, MEBI = 1 << 20 };
  void *blocks[BLOCKS];
  size_t sizes[BLOCKS], before = resident();
  allocator a = { .kept_bytes = 0 };
  for (int round = 0; KEEPS && round < 4; round++) {
    for (int i = 0; i < BLOCKS; i++) blocks[i] = make(&a, sizes[i] = (size_t)(3 + (i * 7 + round * 5) % 17) * MEBI);
    for (int i = 0; i < BLOCKS; i++) allocator_resize(&a, blocks[i * 5 % BLOCKS], sizes[i * 5 % BLOCKS], 0);
  }
  allocator_clear(&a);
  assert_true(resident() < before + 16 * MEBI);
}

static void too_much_is_refused(void **state) {
  allocator a = { .kept_bytes = 0 };
  allocator_resize(&a, make(&a, 1 << 20), 1 << 20, 0);
  assert_null(allocator_resize(&a, NULL, 0, SIZE_MAX / 4)); /* and what was kept has been given back to make room */
  assert_int_equal(a.large_count, 0);
  allocator_clear(&a);
}

/* A block that cannot grow stays as it is, and what was kept has been given back to make room for it. */
static void what_cannot_grow_stays(void **state) {
  static const size_t sizes[] = { 40, 5000, 300000, 5000000 };
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    allocator a = { .kept_bytes = 0 };
    unsigned char *block = make(&a, sizes[i]);
    void *small = make(&a, 100), *large = make(&a, 1 << 20), *mapped = make(&a, 6 << 20);
    allocator_resize(&a, small, 100, 0), allocator_resize(&a, large, 1 << 20, 0), allocator_resize(&a, mapped, 6 << 20, 0);
    assert_null(allocator_resize(&a, block, sizes[i], SIZE_MAX / 4));
    assert_true(a.kept_bytes == 0 && a.large_bytes == 0 && a.large_count == 0);
    assert_int_equal(block[sizes[i] - 1], 7);
    allocator_resize(&a, block, sizes[i], 0);
    allocator_clear(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(blocks_come_back_for_their_size), cmocka_unit_test(little_is_kept),
                                      cmocka_unit_test(contents_move_along), cmocka_unit_test(what_is_freed_goes_back),
                                      cmocka_unit_test(too_much_is_refused), cmocka_unit_test(what_cannot_grow_stays) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
