/* .npz: our reader and writer of archives: every cut, flipped bit, failing allocation and stream; many entries; entries that
 * lie about themselves. What NumPy's archives hold is in spec/lua/tensor_files_spec.lua. */
#include "file_support.h"

static moth_status read_npz(moth *m, stream *from, void *data) {
  named_list list = { .m = m };
  moth_status status = npz_read(from, &list);
  if (!status && data) *(int64_t *)data = list.count;
  named_free(&list);
  return status;
}

/* An archive of two arrays, one of them strided. */
static moth_status make_archive(moth *m, void **bytes, size_t *size) {
  moth_tensor *a = NULL, *b = NULL, *view = NULL;
  moth_status status = moth_tensor_create(m, MOTH_F32, 2, (int64_t[]){ 3, 5 }, &a);
  if (!status) status = moth_tensor_create(m, MOTH_I64, 1, (int64_t[]){ 30 }, &b);
  if (!status) status = moth_tensor_permute(m, a, (int[]){ 1, 0 }, &view);
  moth_named_tensor items[] = { { "größe", view }, { "b", b } };
  if (!status) status = moth_save_bytes(m, "x.npz", items, 2, bytes, size);
  moth_release(a), moth_release(b), moth_release(view);
  return status;
}

/* A test has that archive, and a context whose memory is counted. */
typedef struct fixture { support_allocator allocator; moth *m; void *bytes; size_t size; } fixture;
static int set_up(void **state) {
  fixture *self = calloc(1, sizeof *self);
  self->m = support_open(&self->allocator);
  assert_ok(self->m, make_archive(self->m, &self->bytes, &self->size));
  *state = self;
  return 0;
}
static int tear_down(void **state) {
  fixture *self = *state;
  moth_free(self->m, self->bytes, self->size);
  support_close(self->m, &self->allocator);
  free(self);
  return 0;
}

static void comes_back(void **state) {
  const fixture *self = *state;
  moth *m = self->m;
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  assert_ok(m, moth_load_bytes(m, "x.npz", self->bytes, self->size, &items, &count));
  assert_int_equal(count, 2);
  assert_string_equal(items[0].name, "größe");
  assert_described(items[0].tensor, "f32[5,3]");
  assert_string_equal(items[1].name, "b");
  assert_described(items[1].tensor, "i64[30]");
  moth_load_free(m, items, count);
}

static void refuse_every_cut(moth *m, const void *bytes, size_t whole) {
  for (size_t size = 0; size < whole; size++) assert_status(m, through_bytes(m, bytes, size, read_npz, NULL), MOTH_FORMAT);
}
static void refuses_every_cut(void **state) {
  const fixture *self = *state;
  refuse_every_cut(self->m, self->bytes, self->size);
}

static void an_archive_may_be_empty(void **state) {
  moth *m = ((const fixture *)*state)->m;
  void *bytes = NULL;
  size_t whole = 0;
  assert_ok(m, moth_save_bytes(m, "x.npz", NULL, 0, &bytes, &whole));
  assert_int_equal(whole, 22);
  int64_t count = -1;
  assert_ok(m, through_bytes(m, bytes, whole, read_npz, &count));
  assert_int_equal(count, 0);
  refuse_every_cut(m, bytes, whole);
  moth_free(m, bytes, whole);
}

/* A changed byte of an array never passes; one of the archive's own fields either does no harm or is told. */
static void notices_every_changed_byte_of_an_array(void **state) {
  const fixture *self = *state;
  char *bytes = self->bytes;
  size_t first = 30 + 20 + strlen("größe.npy");
  assert_true(self->size > first + 128 + 60);
  for (size_t at = 0; at < self->size; at++) {
    bytes[at] ^= 0x10;
    moth_status status = through_bytes(self->m, bytes, self->size, read_npz, NULL);
    if (at >= first && at < first + 128 + 60) assert_true(status == MOTH_FORMAT || status == MOTH_DTYPE || status == MOTH_LIMIT);
    else assert_true(status == MOTH_OK || status == MOTH_FORMAT || status == MOTH_DTYPE || status == MOTH_LIMIT);
    bytes[at] ^= 0x10;
  }
}

static void passes_failures_of_the_stream_on(void **state) {
  const fixture *self = *state;
  assert_true(each_read_fails(self->m, self->bytes, self->size, read_npz, NULL) >= 10);
}

static moth_status there_and_back(moth *m, void *data) {
  (void)data;
  void *bytes = NULL;
  size_t size = 0;
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  moth_status status = make_archive(m, &bytes, &size);
  if (!status) status = moth_load_bytes(m, "x.npz", bytes, size, &items, &count);
  moth_load_free(m, items, count);
  moth_free(m, bytes, size);
  return status;
}
static void survives_failing_allocations(void **state) {
  (void)state;
  assert_true(support_fail_each(there_and_back, NULL) > 15);
}

/* More than 65535 entries need the zip64 end of the directory. */
static void holds_many_arrays(void **state) {
  (void)state;
  enum { MANY = 66000 };
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = NULL;
  assert_ok(m, moth_tensor_create(m, MOTH_U8, 0, NULL, &t));
  moth_named_tensor *items = calloc(MANY, sizeof *items);
  char(*names)[8] = calloc(MANY, sizeof *names);
  for (int i = 0; i < MANY; i++) {
    snprintf(names[i], sizeof names[i], "%d", i);
    items[i] = (moth_named_tensor){ names[i], t };
  }
  void *bytes = NULL;
  size_t size = 0;
  assert_ok(m, moth_save_bytes(m, "many.npz", items, MANY, &bytes, &size));
  moth_named_tensor *back = NULL;
  int64_t count = 0;
  assert_ok(m, moth_load_bytes(m, "many.npz", bytes, size, &back, &count));
  assert_int_equal(count, MANY);
  for (int i = 0; i < MANY; i++) assert_string_equal(back[i].name, names[i]);
  moth_load_free(m, back, count);
  moth_free(m, bytes, size);
  memcpy(names[MANY - 1], "77", 3);
  bytes = NULL;
  assert_fails(m, moth_save_bytes(m, "many.npz", items, MANY, &bytes, &size), MOTH_OPTION, "save: (memory): two are named '77'");
  free(items), free(names);
  moth_release(t);
  support_close(m, &allocator);
}

static void needs_a_stream_with_a_size(void **state) {
  const fixture *self = *state;
  assert_fails(self->m, through_blind(self->m, self->bytes, self->size, read_npz, NULL), MOTH_FORMAT,
               "load: x.npy: an archive must be a plain file, not packed again and no pipe");
}

int main(void) {
#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    test(comes_back),
    test(refuses_every_cut),
    test(an_archive_may_be_empty),
    test(notices_every_changed_byte_of_an_array),
    test(passes_failures_of_the_stream_on),
    cmocka_unit_test(survives_failing_allocations),
    cmocka_unit_test(holds_many_arrays),
    test(needs_a_stream_with_a_size),
  };
  return cmocka_run_group_tests_name("npz", tests, NULL, NULL);
}
