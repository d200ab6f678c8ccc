/* Contexts, memory, objects: what everything else stands on. */
#include "support.h"

#include "core/memory.h"
#include "core/object.h"
#include "core/random.h"

/* ---- Opening ---- */

static void opening_checks_every_field(void **state) {
  (void)state;
  moth *m = NULL;
  assert_int_equal(context_open(NULL, NULL, NULL), MOTH_MISUSE);
  assert_int_equal(context_open(&(moth_config){ .size = 0 }, NULL, &m), MOTH_OPTION);
  assert_int_equal(context_open(&(moth_config){ .size = sizeof(moth_config), .index_base = 2 }, NULL, &m), MOTH_OPTION);
  assert_int_equal(context_open(&(moth_config){ .size = sizeof(moth_config), .index_base = -1 }, NULL, &m), MOTH_OPTION);
  assert_int_equal(context_open(&(moth_config){ .size = sizeof(moth_config), .threads = -1 }, NULL, &m), MOTH_OPTION);
  assert_int_equal(context_open(&(moth_config){ .size = sizeof(moth_config), .threads = 257 }, NULL, &m), MOTH_OPTION);
  assert_int_equal(context_open(&(moth_config){ .size = sizeof(moth_config), .memory_limit = 64 }, NULL, &m), MOTH_LIMIT);
  assert_null(m);
  assert_int_equal(context_open(&(moth_config) { .size = sizeof(moth_config), .threads = 256, .index_base = 1, .seed = 7 }, NULL, &m),
                   MOTH_OK);
  assert_int_equal(moth_threads(m), 256);
  assert_int_equal(moth_index_base(m), 1);
  assert_string_equal(moth_message(m), "");
  context_close(m);
}

static void opening_without_a_config_gives_defaults(void **state) {
  (void)state;
  moth *m = NULL;
  assert_int_equal(context_open(NULL, NULL, &m), MOTH_OK);
  assert_int_equal(moth_threads(m), 1);
  assert_int_equal(moth_index_base(m), 0);
  assert_int_equal(moth_memory_limit(m), 0);
  context_close(m);
  context_close(NULL);
}

static void an_older_config_lacks_fields_and_a_newer_one_has_more(void **state) {
  (void)state;
  moth *m = NULL;
  struct { moth_config config; uint64_t later; } newer = { .config = { .size = sizeof newer, .threads = 2 } };
  assert_int_equal(context_open(&newer.config, NULL, &m), MOTH_OK);
  context_close(m);
  newer.later = 1; /* something this library does not know was asked for */
  assert_int_equal(context_open(&newer.config, NULL, &m), MOTH_OPTION);
  moth_config older = { .size = offsetof(moth_config, seed), .threads = 3, .index_base = 99 };
  assert_int_equal(context_open(&older, NULL, &m), MOTH_OK);
  assert_int_equal(moth_threads(m), 3);
  assert_int_equal(moth_index_base(m), 0);
  context_close(m);
}

static void opening_with_a_failing_allocator_leaves_nothing(void **state) {
  (void)state;
  support_allocator allocator = { .fail_at = 1 };
  moth *m = NULL;
  moth_config config = { .size = sizeof config, .resize = support_resize, .resize_data = &allocator };
  assert_int_equal(context_open(&config, NULL, &m), MOTH_MEMORY);
  assert_null(m);
  assert_int_equal(allocator.blocks, 0);
}

/* ---- Messages ---- */

static void a_failure_replaces_the_message(void **state) {
  (void)state;
  moth *m = support_open_bare(NULL, NULL);
  assert_int_equal(context_fail(m, MOTH_SHAPE, "add", "%s and %s do not broadcast", "f32[3]", "f32[4]"), MOTH_SHAPE);
  assert_message(m, "add: f32[3] and f32[4] do not broadcast");
  assert_int_equal(context_hint(m, "axis %d is %d", 1, 3), MOTH_SHAPE);
  assert_message(m, "add: f32[3] and f32[4] do not broadcast\n  axis 1 is 3");
  assert_int_equal(context_fail(m, MOTH_DATA, NULL, "%.2f rows (%s)", 1.5, moth_message(m)), MOTH_DATA);
  assert_message(m, "1.50 rows (add: f32[3] and f32[4] do not broadcast\n  axis 1 is 3)");
  context_close(m);
}

static void within_puts_or_replaces_where(void **state) {
  (void)state;
  moth *m = support_open_bare(NULL, NULL);
  assert_int_equal(context_within(m, context_fail(m, MOTH_MEMORY, NULL, "out of memory: needs 3 KiB"), "zeros"), MOTH_MEMORY);
  assert_message(m, "zeros: out of memory: needs 3 KiB");
  assert_int_equal(context_within(m, m->status, "train"), MOTH_MEMORY);
  assert_message(m, "train: out of memory: needs 3 KiB");
  context_within(m, m->status, NULL);
  assert_message(m, "out of memory: needs 3 KiB");
  assert_int_equal(context_within(m, MOTH_OK, "add"), MOTH_OK);
  assert_message(m, "out of memory: needs 3 KiB");
  context_close(m);
}

static void a_message_too_long_is_cut_between_letters(void **state) {
  (void)state;
  moth *m = support_open_bare(NULL, NULL);
  char text[6000];
  for (size_t i = 0; i + 2 < sizeof text; i += 2) memcpy(text + i, "é", 3);
  context_fail(m, MOTH_DATA, "x", "%s", text);
  size_t length = strlen(moth_message(m));
  assert_true(length <= 4095 && length >= 4092);
  assert_memory_equal(moth_message(m) + length - 2, "é", 2);
  context_hint(m, "more");
  assert_int_equal(strlen(moth_message(m)), 4095);
  context_close(m);
}

static void status_names_are_their_own(void **state) {
  (void)state;
  assert_string_equal(moth_status_name(MOTH_OK), "MOTH_OK");
  assert_string_equal(moth_status_name(MOTH_MISSING), "MOTH_MISSING");
  for (int i = 0; i < MOTH_STATUSES; i++) assert_memory_equal(moth_status_name((moth_status)i), "MOTH_", 5);
  assert_string_equal(moth_status_name(MOTH_STATUSES), "unknown status");
  assert_string_equal(moth_status_name((moth_status)-1), "unknown status");
  assert_string_equal(moth_message(NULL), "no context");
}

static void keep_line(void *data, const char *line) { snprintf(data, 64, "%s", line); }

static void the_log_gets_lines(void **state) {
  (void)state;
  char line[64] = "";
  moth *m = NULL;
  assert_int_equal(context_open(&(moth_config){ .size = sizeof(moth_config), .log = keep_line, .log_data = line }, NULL, &m), MOTH_OK);
  context_log(m, "loaded %s in %.1f ms", "libopenblas.so.0", 2.5);
  assert_string_equal(line, "loaded libopenblas.so.0 in 2.5 ms");
  context_close(m);
}

/* ---- Cancelling, threads ---- */

static void a_cancel_stays_until_it_is_taken(void **state) {
  (void)state;
  moth *m = support_open_bare(NULL, NULL);
  assert_int_equal(context_poll(m, "train"), MOTH_OK);
  moth_cancel(m);
  assert_true(context_is_cancelled(m));
  assert_fails(m, context_poll(m, "train"), MOTH_CANCELLED, "train: cancelled");
  assert_int_equal(context_poll(m, "train"), MOTH_OK);
  moth_cancel(m);
  assert_true(moth_cancel_taken(m));
  assert_false(moth_cancel_taken(m));
  moth_cancel(NULL);
  context_close(m);
}

static void thread_counts_are_checked(void **state) {
  (void)state;
  moth *m = support_open_bare(NULL, NULL);
  assert_fails(m, moth_set_threads(m, 0), MOTH_OPTION, "threads: must be a whole number in [1, 256], got 0");
  assert_fails(m, moth_set_threads(m, 257), MOTH_OPTION, "threads: must be a whole number in [1, 256], got 257");
  assert_int_equal(moth_threads(m), 1);
  assert_ok(m, moth_set_threads(m, 256));
  assert_int_equal(moth_threads(m), 256);
  context_close(m);
  assert_int_equal(moth_set_threads(NULL, 1), MOTH_MISUSE);
}

/* ---- Memory ---- */

static void memory_is_counted(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  uint64_t used = moth_memory_used(m), calls = moth_memory_calls(m);
  assert_int_equal(used, allocator.bytes);
  char *block = memory_new(m, 10, 10);
  for (int i = 0; i < 100; i++) assert_int_equal(block[i], 0);
  assert_int_equal(moth_memory_used(m), used + 100);
  char *larger = memory_resize(m, block, 100, 1000);
  assert_non_null(larger);
  larger = memory_resize(m, larger, 1000, 50);
  assert_int_equal(moth_memory_used(m), used + 50);
  assert_int_equal(moth_memory_peak(m), used + 1000);
  memory_free(m, larger, 50, 1);
  memory_free(m, NULL, 50, 1);
  assert_null(memory_resize(m, NULL, 0, 0));
  assert_int_equal(moth_memory_used(m), used);
  assert_int_equal(moth_memory_calls(m), calls + 4);
  char *nothing = memory_new(m, 0, 8);
  assert_non_null(nothing);
  moth_free(m, nothing, 0);
  support_close(m, &allocator);
}

static void the_limit_is_kept(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  uint64_t used = moth_memory_used(m);
  moth_set_memory_limit(m, used + 1000);
  int64_t requests = allocator.requests;
  assert_null(memory_new(m, 1001, 1));
  assert_int_equal(m->status, MOTH_LIMIT);
  assert_int_equal(allocator.requests, requests);
  char expected[128], limit[32], held[32];
  snprintf(held, sizeof held, "%.3g KiB", (double)used / 1024);
  snprintf(limit, sizeof limit, "%.3g KiB", (double)(used + 1000) / 1024);
  snprintf(expected, sizeof expected, "memory limit: needs 1001 bytes, %s of %s in use (moth.limit)", held, limit);
  assert_message(m, expected);
  char *block = memory_new(m, 1000, 1);
  assert_non_null(block);
  assert_null(memory_resize(m, block, 1000, 1001));
  assert_int_equal(m->status, MOTH_LIMIT);
  moth_set_memory_limit(m, 1); /* below what is held: freeing and shrinking still work */
  block = memory_resize(m, block, 1000, 10);
  assert_non_null(block);
  memory_free(m, block, 10, 1);
  moth_set_memory_limit(m, 0);
  assert_null(memory_new(m, SIZE_MAX / 2, 4));
  assert_int_equal(m->status, MOTH_LIMIT);
  assert_null(memory_aligned(m, SIZE_MAX - 10, false));
  assert_int_equal(m->status, MOTH_LIMIT);
  support_close(m, &allocator);
}

static void a_refusal_leaves_the_block_alone(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  char *block = memory_new(m, 100, 1);
  memcpy(block, "still here", 11);
  allocator.fail_at = 1;
  assert_null(memory_resize(m, block, 100, 3100));
  assert_int_equal(m->status, MOTH_MEMORY);
  assert_message(m, "out of memory: needs 2.93 KiB");
  assert_string_equal(block, "still here");
  context_fail(m, MOTH_DATA, NULL, "earlier");
  allocator.fail_at = 1;
  assert_null(memory_attempt(m, NULL, 0, 10));
  assert_message(m, "earlier");
  memory_free(m, block, 100, 1);
  support_close(m, &allocator);
}

static void aligned_blocks_are_aligned(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  for (size_t bytes = 0; bytes < 300; bytes += 7) {
    unsigned char *block = memory_aligned(m, bytes, true);
    assert_int_equal((uintptr_t)block % 64, 0);
    for (size_t i = 0; i < bytes; i++) assert_int_equal(block[i], 0);
    memset(block, 1, bytes);
    memory_aligned_free(m, block, bytes);
  }
  memory_aligned_free(m, NULL, 1);
  support_close(m, &allocator);
}

static void lists_grow_by_doubling(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  int32_t *list = NULL;
  int64_t capacity = 0;
  int64_t calls = allocator.requests;
  for (int32_t i = 0; i < 1000; i++) {
    assert_ok(m, memory_grow(m, &list, &capacity, i + 1, sizeof *list));
    assert_int_equal(list[i], 0);
    list[i] = i;
  }
  for (int32_t i = 0; i < 1000; i++) assert_int_equal(list[i], i);
  assert_int_equal(allocator.requests - calls, 8); /* 8, 16 … 1024 */
  int32_t *before = list;
  assert_status(m, memory_grow(m, &list, &capacity, INT64_MAX, sizeof *list), MOTH_LIMIT);
  allocator.fail_at = 1;
  assert_status(m, memory_grow(m, &list, &capacity, 2000, sizeof *list), MOTH_MEMORY);
  assert_ptr_equal(list, before);
  assert_int_equal(capacity, 1024);
  memory_free(m, list, 1024, sizeof *list);
  char *text = memory_text(m, "a text");
  assert_string_equal(text, "a text");
  memory_text_free(m, text);
  memory_text_free(m, NULL);
  support_close(m, &allocator);
}

/* ---- Objects ---- */

typedef struct thing { object base; int *destroyed; } thing;
static void thing_destroy(object *self) {
  if (((thing *)self)->destroyed != NULL) ++*((thing *)self)->destroyed;
}
static const object_class thing_class = { .kind = MOTH_RUN_OBJECT, .name = "run", .size = sizeof(thing), .destroy = thing_destroy };
static size_t tensor_text(const object *self, char *buffer, size_t size) {
  (void)self;
  return (size_t)snprintf(buffer, size, "f32[4,2]");
}
static const object_class tensor_class = { .kind = MOTH_TENSOR_OBJECT, .name = "tensor", .size = sizeof(object), .text = tensor_text };

static void handles_count_their_owners(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  int destroyed = 0;
  thing *one = object_new(m, &thing_class);
  one->destroyed = &destroyed;
  assert_int_equal(moth_kind(one), MOTH_RUN_OBJECT);
  assert_ptr_equal(moth_retain(one), one);
  moth_release(one);
  assert_int_equal(destroyed, 0);
  moth_release(one);
  assert_int_equal(destroyed, 1);
  moth_release(NULL);
  assert_null(moth_retain(NULL));
  assert_int_equal(moth_kind(NULL), 0);
  allocator.fail_at = 1;
  assert_null(object_new(m, &thing_class));
  assert_int_equal(m->objects, 0);
  support_close(m, &allocator);
}

static void handles_are_checked(void **state) {
  (void)state;
  moth *m = support_open_bare(NULL, NULL), *other = support_open_bare(NULL, NULL);
  thing *one = object_new(m, &thing_class);
  object *tensor = object_new(m, &tensor_class);
  char words[] = "no handle at all";
  assert_ok(m, object_check(m, one, MOTH_RUN_OBJECT, "plot", "argument 1"));
  assert_fails(m, object_check(m, one, MOTH_NET_OBJECT, "predict", "argument 1"), MOTH_MISUSE,
               "predict: argument 1 must be a net, got a run");
  assert_fails(m, object_check(m, tensor, MOTH_NET_OBJECT, "predict", "argument 1"), MOTH_MISUSE,
               "predict: argument 1 must be a net, got f32[4,2]");
  assert_fails(m, object_check(m, NULL, MOTH_DATASET_OBJECT, "split", "argument 1"), MOTH_MISUSE,
               "split: argument 1 must be a data set, got nothing");
  assert_fails(m, object_check(m, words, MOTH_NET_OBJECT, NULL, "x"), MOTH_MISUSE, "x must be a net, got no live handle");
  assert_fails(other, object_check(other, one, MOTH_RUN_OBJECT, "plot", "argument 1"), MOTH_MISUSE,
               "plot: argument 1 belongs to another context");
  assert_int_equal(object_check(NULL, one, MOTH_RUN_OBJECT, "plot", "argument 1"), MOTH_MISUSE);
  moth_release(one);
  moth_release(tensor);
  context_close(m);
  context_close(other);
}

static void handles_outlive_their_context(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  int destroyed = 0;
  thing *one = object_new(m, &thing_class), *two = object_new(m, &thing_class);
  one->destroyed = two->destroyed = &destroyed;
  context_close(m);
  assert_true(allocator.blocks > 0);
  assert_fails(m, object_check(m, one, MOTH_RUN_OBJECT, "plot", "argument 1"), MOTH_MISUSE, "plot: context is closed");
  moth_release(one);
  assert_int_equal(moth_kind(two), MOTH_RUN_OBJECT);
  moth_release(two); /* the context goes with it */
  assert_int_equal(destroyed, 2);
  assert_int_equal(allocator.blocks, 0);
}

typedef struct kept { moth *m; char *block; int *order, number; } kept;
static void kept_release(moth *m, void *data) {
  kept *self = data;
  *self->order = *self->order * 10 + self->number;
  memory_free(m, self->block, 100, 1);
}

static void what_a_context_keeps_goes_last(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open_bare(&allocator, NULL);
  int order = 0;
  kept first = { m, memory_new(m, 100, 1), &order, 1 }, second = { m, memory_new(m, 100, 1), &order, 2 };
  assert_ok(m, context_keep(m, kept_release, &first));
  assert_ok(m, context_keep(m, kept_release, &second));
  thing *one = object_new(m, &thing_class);
  context_close(m);
  assert_int_equal(order, 0);
  moth_release(one);
  assert_int_equal(order, 21);
  assert_int_equal(allocator.blocks, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(opening_checks_every_field),
    cmocka_unit_test(opening_without_a_config_gives_defaults),
    cmocka_unit_test(an_older_config_lacks_fields_and_a_newer_one_has_more),
    cmocka_unit_test(opening_with_a_failing_allocator_leaves_nothing),
    cmocka_unit_test(a_failure_replaces_the_message),
    cmocka_unit_test(within_puts_or_replaces_where),
    cmocka_unit_test(a_message_too_long_is_cut_between_letters),
    cmocka_unit_test(status_names_are_their_own),
    cmocka_unit_test(the_log_gets_lines),
    cmocka_unit_test(a_cancel_stays_until_it_is_taken),
    cmocka_unit_test(thread_counts_are_checked),
    cmocka_unit_test(memory_is_counted),
    cmocka_unit_test(the_limit_is_kept),
    cmocka_unit_test(a_refusal_leaves_the_block_alone),
    cmocka_unit_test(aligned_blocks_are_aligned),
    cmocka_unit_test(lists_grow_by_doubling),
    cmocka_unit_test(handles_count_their_owners),
    cmocka_unit_test(handles_are_checked),
    cmocka_unit_test(handles_outlive_their_context),
    cmocka_unit_test(what_a_context_keeps_goes_last),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
