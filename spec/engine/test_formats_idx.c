/* IDX files: all types, lying headers, every cut. Layout from LeCun's MNIST page: 00 00 type axes, sizes and values big-endian. */
#include "data_support.h"

static moth_status read_bytes(moth *m, const void *bytes, size_t size, moth_tensor **t) {
  stream from;
  stream_open_bytes(m, "idx", "train-images", bytes, size, &from);
  moth_status status = idx_read(&from, t);
  stream_close(&from, false);
  return status;
}

static void reads_each_type(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  static const struct { const char *bytes; size_t size; const char *text; double values[3]; } files[] = {
    { "\0\0\x08\1\0\0\0\3\0\x7f\xff", 11, "u8[3]", { 0, 127, 255 } },
    { "\0\0\x09\1\0\0\0\3\0\x7f\xff", 11, "i64[3]", { 0, 127, -1 } },
    { "\0\0\x0b\1\0\0\0\3\0\1\1\0\xff\xfe", 14, "i64[3]", { 1, 256, -2 } },
    { "\0\0\x0c\1\0\0\0\3\0\0\0\1\0\1\0\0\xff\xff\xff\xfe", 20, "i64[3]", { 1, 65536, -2 } },
    { "\0\0\x0d\1\0\0\0\3\x3f\x80\0\0\xc0\0\0\0\x3e\x80\0\0", 20, "f32[3]", { 1, -2, 0.25 } },
    { "\0\0\x0e\1\0\0\0\3\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0\x3f\xd0\0\0\0\0\0\0", 32, "f64[3]", { 1, -2, 0.25 } },
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    moth_tensor *t = NULL;
    assert_ok(m, read_bytes(m, files[i].bytes, files[i].size, &t));
    assert_described(t, files[i].text);
    assert_values(m, t, 3, files[i].values);
    moth_release(t);
  }
  support_close(m, &allocator);
}

static void reads_axes_and_empty_files(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  moth_tensor *t = NULL;
  assert_ok(m, read_bytes(m, "\0\0\x08\2\0\0\0\2\0\0\0\3abcdef", 18, &t));
  assert_described(t, "u8[2,3]");
  assert_tensor(m, t, 'a', 'b', 'c', 'd', 'e', 'f');
  moth_release(t);
  assert_ok(m, read_bytes(m, "\0\0\x0d\2\0\0\0\0\0\0\0\3", 12, &t));
  assert_described(t, "f32[0,3]");
  moth_release(t);
  assert_ok(m, read_bytes(m, "\0\0\x08\0z", 5, &t));
  assert_described(t, "u8[]");
  moth_release(t);
  support_close(m, NULL);
}

static void says_what_is_wrong(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = NULL;
  assert_fails(m, read_bytes(m, "\x89PNG\r\n", 6, &t), MOTH_FORMAT,
               "idx: train-images is no IDX file: it begins 89 50 4e 47, expected 00 00, a type (08 09 0b 0c 0d 0e), the number of axes");
  assert_fails(m, read_bytes(m, "\0\0\x0a\1\0\0\0\1a", 9, &t), MOTH_FORMAT,
               "idx: train-images is no IDX file: it begins 00 00 0a 01, expected 00 00, a type (08 09 0b 0c 0d 0e), the number of axes");
  assert_fails(m, read_bytes(m, "\0\0\x08\x09", 4, &t), MOTH_LIMIT, "idx: train-images: 9 axes, at most 8");
  assert_fails(m, read_bytes(m, "\0\0\x08\3\0\0\xea\x60\0\0\0\x1c\0\0\0\x1c" "abcd", 20, &t), MOTH_FORMAT,
               "idx: train-images: header asks for 60000x28x28 = 47040000 bytes, the file holds 4 (cut short?)");
  assert_fails(m, read_bytes(m, "\0\0\x08\1\0\0\0\2abc", 11, &t), MOTH_FORMAT,
               "idx: train-images: header asks for 2 = 2 bytes, the file holds 3");
  assert_fails(m, read_bytes(m, "\0\0\x0e\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16, &t), MOTH_LIMIT,
               "idx: train-images: header asks for 4294967295x4294967295x4294967295 values, more than can be addressed");
  assert_fails(m, read_bytes(m, "", 0, &t), MOTH_FORMAT, "idx: train-images: the header ends after 0 bytes (cut short?)");
  assert_fails(m, read_bytes(m, "\0\0\x08\2\0\0\0\1\0", 9, &t), MOTH_FORMAT,
      "idx: train-images: the header ends after 9 bytes (cut short?)");
  assert_null(t);
  support_close(m, &allocator);
}

static void refuses_every_cut(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  static const char file[] = "\0\0\x0b\2\0\0\0\2\0\0\0\3" "aabbccddeeff";
  for (size_t size = 0; size < sizeof file - 1; size++) {
    moth_tensor *t = NULL;
    char *exact = malloc(size + 1);
    memcpy(exact, file, size);
    assert_status(m, read_bytes(m, exact, size, &t), MOTH_FORMAT);
    assert_non_null(strstr(moth_message(m), "cut short?"));
    blind from = { (const unsigned char *)exact, size, 0 };
    stream of_unknown_size = blind_stream(m, "idx", "x.gz", &from);
    assert_status(m, idx_read(&of_unknown_size, &t), MOTH_FORMAT);
    assert_non_null(strstr(moth_message(m), "cut short?"));
    assert_null(t);
    free(exact);
  }
  support_close(m, &allocator);
}

/* A header of 12 bytes that asks for 3 TB, in a stream that does not know its size: memory follows what comes. */
static void believes_no_header(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  static const unsigned char lie[] = "\0\0\x08\2\0\xff\xff\xff\0\x03\0\0" "abc";
  blind from = { lie, sizeof lie - 1, 0 };
  stream of_unknown_size = blind_stream(m, "idx", "x.gz", &from);
  moth_tensor *t = NULL;
  assert_fails(m, idx_read(&of_unknown_size, &t), MOTH_FORMAT,
               "idx: x.gz: header asks for 16777215x196608 = 3298534686720 bytes, the file holds 3 (cut short?)");
  assert_true(moth_memory_peak(m) < 70u << 20);
  support_close(m, &allocator);
}

/* More than is believed without having been seen, with a surplus byte or without. */
static void grows_with_what_comes(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  size_t count = 80 << 20;
  unsigned char *bytes = malloc(count + 9);
  memcpy(bytes, "\0\0\x08\1\x05\0\0\0", 8);
  for (size_t i = 0; i < count; i++) bytes[8 + i] = (unsigned char)(i * 31 >> 8);
  blind from = { bytes, count + 8, 0 };
  stream of_unknown_size = blind_stream(m, "idx", "x.gz", &from);
  moth_tensor *t = NULL;
  assert_ok(m, idx_read(&of_unknown_size, &t));
  assert_memory_equal(moth_tensor_values(t), bytes + 8, count);
  moth_release(t);
  from = (blind){ bytes, count + 9, 0 };
  of_unknown_size = blind_stream(m, "idx", "x.gz", &from);
  assert_fails(m, idx_read(&of_unknown_size, &t), MOTH_FORMAT,
               "idx: x.gz: header asks for 83886080 = 83886080 bytes, the file holds more");
  moth_cancel(m);
  from = (blind){ bytes, count + 8, 0 };
  of_unknown_size = blind_stream(m, "idx", "x.gz", &from);
  assert_status(m, idx_read(&of_unknown_size, &t), MOTH_CANCELLED);
  free(bytes);
  support_close(m, &allocator);
}

static moth_status read_small(moth *m, void *data) {
  (void)data;
  moth_tensor *t = NULL;
  moth_status status = read_bytes(m, "\0\0\x0b\1\0\0\0\3\0\1\1\0\xff\xfe", 14, &t);
  moth_release(t);
  return status;
}
static void survives_each_failing_allocation(void **state) {
  (void)state;
  assert_true(support_fail_each(read_small, NULL) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_each_type),    cmocka_unit_test(reads_axes_and_empty_files), cmocka_unit_test(says_what_is_wrong),
    cmocka_unit_test(refuses_every_cut),  cmocka_unit_test(believes_no_header),         cmocka_unit_test(grows_with_what_comes),
    cmocka_unit_test(survives_each_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
