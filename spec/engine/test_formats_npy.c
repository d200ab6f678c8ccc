/* .npy: every cut, every failing allocation and stream, and headers that lie. What NumPy's files hold:
 * spec/lua/tensor_files_spec.lua. */
#include "file_support.h"

static moth_status read_npy(moth *m, stream *from, void *data) {
  moth_tensor *t = NULL;
  moth_status status = npy_read(from, NULL, &t);
  assert_true(!status == (t != NULL));
  moth_release(t);
  return status;
}

/* One file of each way that reading may go: as it lies, swapped, widened, transposed. */
static const struct { const char *descr, *order; int width; } kinds[] = {
  { "<f4", "False", 4 }, { ">f8", "False", 8 }, { "<f2", "False", 2 }, { ">i2", "True", 2 }, { "|b1", "True", 1 }, { "<i8", "True", 8 },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static char *file_of_kind(size_t kind, size_t *size) {
  char header[200];
  snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': (10, 7), }\n", kinds[kind].descr, kinds[kind].order);
  return npy_file(1, header, NULL, 70 * (size_t)kinds[kind].width, size);
}

/* Calls check with a file of each kind, after which a zero byte stands. */
typedef void (*check_file)(moth *m, const char *bytes, size_t size);
static void each_kind(check_file check) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  for (size_t k = 0; k < KINDS; k++) {
    size_t size;
    char *bytes = file_of_kind(k, &size);
    check(m, bytes, size);
    free(bytes);
  }
  support_close(m, &allocator);
}

static void read_both_ways(moth *m, const char *bytes, size_t size) {
  assert_ok(m, through_bytes(m, bytes, size, read_npy, NULL));
  assert_ok(m, through_blind(m, bytes, size, read_npy, NULL));
}
static void reads_each_kind_of_stream(void **state) {
  (void)state;
  each_kind(read_both_ways);
}

static void cut_and_go_on(moth *m, const char *bytes, size_t whole) {
  for (size_t size = 0; size < whole; size++) {
    assert_status(m, through_bytes(m, bytes, size, read_npy, NULL), MOTH_FORMAT);
    assert_non_null(strstr(moth_message(m), "cut short?"));
    assert_status(m, through_blind(m, bytes, size, read_npy, NULL), MOTH_FORMAT);
    assert_non_null(strstr(moth_message(m), "cut short?"));
  }
  assert_status(m, through_bytes(m, bytes, whole + 1, read_npy, NULL), MOTH_FORMAT);
  assert_status(m, through_blind(m, bytes, whole + 1, read_npy, NULL), MOTH_FORMAT);
}
static void refuses_every_cut_and_surplus(void **state) {
  (void)state;
  each_kind(cut_and_go_on);
}

static void fail_each_read(moth *m, const char *bytes, size_t size) { assert_true(each_read_fails(m, bytes, size, read_npy, NULL) >= 4); }
static void passes_failures_of_the_stream_on(void **state) {
  (void)state;
  each_kind(fail_each_read);
}

typedef struct kind_bytes { char *bytes; size_t size; } kind_bytes;
static moth_status read_kind(moth *m, void *data) {
  const kind_bytes *file = data;
  return through_bytes(m, file->bytes, file->size, read_npy, NULL);
}

static moth_status write_strided(moth *m, void *data) {
  (void)data;
  moth_tensor *t = NULL, *view = NULL;
  void *bytes = NULL;
  size_t size = 0;
  moth_status status = moth_tensor_create(m, MOTH_F64, 2, (int64_t[]){ 9, 11 }, &t);
  if (!status) status = moth_tensor_permute(m, t, (int[]){ 1, 0 }, &view);
  if (!status) status = moth_save_bytes(m, "t.npy", &(moth_named_tensor){ .tensor = view }, 1, &bytes, &size);
  moth_free(m, bytes, size);
  moth_release(view), moth_release(t);
  return status;
}

static void survives_failing_allocations(void **state) {
  (void)state;
  for (size_t k = 0; k < KINDS; k++) {
    kind_bytes file;
    file.bytes = file_of_kind(k, &file.size);
    assert_true(support_fail_each(read_kind, &file) >= 2);
    free(file.bytes);
  }
  assert_true(support_fail_each(write_strided, NULL) >= 3);
}

static void believes_no_header(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  size_t size;
  char *bytes = npy_file(2, "{'descr': '<f8', 'fortran_order': True, 'shape': (1000000, 1000000), }", "abcd", 4, &size);
  assert_fails(m, through_bytes(m, bytes, size, read_npy, NULL), MOTH_FORMAT,
               "load: x.npy: header asks for 1000000x1000000 = 8000000000000 bytes, the file holds 4 (cut short?)");
  assert_true(moth_memory_peak(m) < 1 << 20);
  free(bytes);
  bytes = npy_file(3, "{'descr': '<f8', 'fortran_order': False, 'shape': (576460752303423489,), }", "abcd", 4, &size);
  assert_status(m, through_bytes(m, bytes, size, read_npy, NULL), MOTH_LIMIT);
  free(bytes);
  support_close(m, &allocator);
}

/* Whatever stands in a header, no byte of it makes reading leave its bounds (AddressSanitizer watches), and what is accepted is whole. */
static void takes_any_byte_of_a_header(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  size_t size;
  char *bytes = npy_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", NULL, 12, &size);
  for (size_t at = 0; at < size - 12; at++) {
    char before = bytes[at];
    for (int byte = 0; byte < 256; byte++) {
      bytes[at] = (char)byte;
      moth_status status = through_bytes(m, bytes, size, read_npy, NULL);
      assert_true(status == MOTH_OK || status == MOTH_FORMAT || status == MOTH_DTYPE || status == MOTH_LIMIT);
    }
    bytes[at] = before;
  }
  free(bytes);
  support_close(m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_each_kind_of_stream),
    cmocka_unit_test(refuses_every_cut_and_surplus),
    cmocka_unit_test(passes_failures_of_the_stream_on),
    cmocka_unit_test(survives_failing_allocations),
    cmocka_unit_test(believes_no_header),
    cmocka_unit_test(takes_any_byte_of_a_header),
  };
  return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
