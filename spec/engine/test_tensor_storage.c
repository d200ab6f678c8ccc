/* Storage: whose bytes are whose. */
#include "support.h"

/* An allocator whose next block is known: one place after the other in an arena, never used again. */
typedef struct arena { unsigned char *bytes; size_t used; int64_t freed; } arena;
enum { ARENA_BYTES = 1 << 20 };

static void *arena_resize(void *data, void *block, size_t old_size, size_t new_size) {
  arena *self = data;
  if (new_size == 0) {
    self->freed++;
    return NULL;
  }
  unsigned char *moved = self->bytes + self->used;
  self->used += (new_size + 15) / 16 * 16;
  assert_true(self->used <= ARENA_BYTES);
  if (block != NULL) memcpy(moved, block, old_size < new_size ? old_size : new_size);
  return moved;
}

/* The host's bytes may lie wherever its allocator put them: right behind our own block, too. */
static void wrapped_bytes_are_the_hosts_wherever_they_lie(void **state) {
  for (size_t gap = 0; gap <= 512; gap += 8) {
    arena a = { .bytes = aligned_alloc(64, ARENA_BYTES) };
    moth_config config = { .resize = arena_resize, .resize_data = &a };
    moth *m = support_open_with(NULL, config);
    int64_t freed = a.freed;
    uint64_t before = moth_memory_used(m);
    float *values = (float *)(a.bytes + a.used + gap);
    moth_tensor *t = NULL;
    assert_ok(m, moth_tensor_wrap(m, MOTH_F32, 1, (int64_t[]){ 1 }, NULL, values, true, NULL, NULL, &t));
    moth_release(t);
    assert_int_equal(a.freed - freed, 2); /* the storage and the tensor … */
    assert_int_equal(moth_memory_used(m), before); /* … each with the size it was made with */
    moth_close(m);
    free(a.bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(wrapped_bytes_are_the_hosts_wherever_they_lie) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
