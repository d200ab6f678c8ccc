/* safetensors: what is written reads back, the bytes are as the format says, and no header is believed. */
#include "data_support.h"

static moth_status read_bytes(moth *m, const void *bytes, size_t size, safetensors_file *file) {
  stream from;
  stream_open_bytes(m, "load", "digits.safetensors", bytes, size, &from);
  moth_status status = safetensors_read(&from, file);
  stream_close(&from, false);
  return status;
}

/* A file from a header and `size` bytes of values; free() it. */
static char *file_of(const char *header, const void *values, size_t size, size_t *whole) {
  size_t length = strlen(header);
  char *bytes = malloc(8 + length + size);
  for (int i = 0; i < 8; i++) bytes[i] = (char)(length >> 8 * i);
  memcpy(bytes + 8, header, length);
  memcpy(bytes + 8 + length, values, size);
  *whole = 8 + length + size;
  return bytes;
}

static moth_status read_header(moth *m, const char *header, const void *values, size_t size, safetensors_file *file) {
  size_t whole;
  char *bytes = file_of(header, values, size, &whole);
  moth_status status = read_bytes(m, bytes, whole, file);
  free(bytes);
  return status;
}

static moth_status write_entries(moth *m, const safetensors_entry *entries, int count, void **bytes, size_t *size) {
  static const char *const keys[] = { "format", "quote\"d" }, *const texts[] = { "pt", "a\\b\n\x01é" };
  stream to;
  moth_status status = stream_create_bytes(m, "save", &to);
  if (!status) status = safetensors_write(&to, entries, count, keys, texts, 2);
  if (!status) status = stream_take(&to, bytes, size);
  stream_close(&to, false);
  return status;
}

static void writes_what_the_format_says(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_tensor *w = F32(m, 2, 3, 1, 2, 3, 4, 5, 6), *view = NULL;
  assert_ok(m, moth_tensor_permute(m, w, (int[]){ 1, 0 }, &view));
  moth_tensor *b = tensor_of(m, MOTH_U8, 1, (int64_t[]){ 2 }, (uint8_t[]){ 7, 8 });
  safetensors_entry entries[] = { { .name = "1.weight", .values = view }, { .name = "b", .values = b } };
  void *bytes = NULL;
  size_t size = 0;
  assert_ok(m, write_entries(m, entries, 2, &bytes, &size));
  static const char header[] = "{\"__metadata__\":{\"format\":\"pt\",\"quote\\\"d\":\"a\\\\b\\u000a\\u0001é\"},"
                               "\"1.weight\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]},"
                               "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[24,26]}}";
  size_t padded = (sizeof header - 1 + 7) / 8 * 8;
  assert_int_equal(*(unsigned char *)bytes, padded & 255);
  assert_memory_equal((char *)bytes + 8, header, sizeof header - 1);
  for (size_t i = sizeof header - 1; i < padded; i++) assert_int_equal(((char *)bytes)[8 + i], ' ');
  assert_memory_equal((char *)bytes + 8 + padded, ((float[]){ 1, 4, 2, 5, 3, 6 }), 24);
  assert_memory_equal((char *)bytes + 8 + padded + 24, "\7\10", 2);
  assert_int_equal(size, 8 + padded + 26);
  safetensors_file file;
  assert_ok(m, read_bytes(m, bytes, size, &file));
  assert_string_equal(safetensors_metadata(&file, "quote\"d"), "a\\b\n\x01é");
  assert_null(safetensors_metadata(&file, "none"));
  assert_described(safetensors_tensor(&file, "1.weight"), "f32[3,2]");
  assert_tensor(m, safetensors_tensor(&file, "1.weight"), 1, 4, 2, 5, 3, 6);
  assert_null(safetensors_tensor(&file, "2.weight"));
  safetensors_free(&file);
  moth_free(m, bytes, size);
  moth_release(w), moth_release(view), moth_release(b);
  support_close(m, &allocator);
}

static void reads_each_dtype(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  static const struct { const char *dtype, *bytes; int width; const char *text; double values[2]; } types[] = {
    { "F32", "\0\0\x80\x3f\0\0\0\xc0", 4, "f32[2]", { 1, -2 } },
    { "F64", "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", 8, "f64[2]", { 1, -2 } },
    { "F16", "\0\x3c\0\xc0", 2, "f32[2]", { 1, -2 } },
    { "F16", "\1\0\xff\x7b", 2, "f32[2]", { 0x1p-24, 65504 } },             /* smallest subnormal, largest */
    { "F16", "\0\xfc\xff\x83", 2, "f32[2]", { -INFINITY, -1023 * 0x1p-24 } },
    { "F16", "\0\x7e\0\x80", 2, "f32[2]", { NAN, 0 } },
    { "BF16", "\x80\x3f\0\xc0", 2, "f32[2]", { 1, -2 } },
    { "I64", "\1\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff", 8, "i64[2]", { 1, -2 } },
    { "I32", "\1\0\0\0\xfe\xff\xff\xff", 4, "i64[2]", { 1, -2 } },
    { "I16", "\1\0\xfe\xff", 2, "i64[2]", { 1, -2 } },
    { "I8", "\1\xfe", 1, "i64[2]", { 1, -2 } },
    { "U32", "\1\0\0\0\xfe\xff\xff\xff", 4, "i64[2]", { 1, 4294967294.0 } },
    { "U16", "\1\0\xfe\xff", 2, "i64[2]", { 1, 65534 } },
    { "U8", "\1\xfe", 1, "u8[2]", { 1, 254 } },
    { "BOOL", "\1\0", 1, "bool[2]", { 1, 0 } },
  };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char header[200];
    safetensors_file file;
    snprintf(header, sizeof header, "{\"t\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%d]}}", types[i].dtype, types[i].width * 2);
    assert_ok(m, read_header(m, header, types[i].bytes, (size_t)types[i].width * 2, &file));
    assert_described(file.tensors[0], types[i].text);
    assert_values(m, file.tensors[0], 2, types[i].values);
    safetensors_free(&file);
  }
  support_close(m, &allocator);
}

static void orders_by_place_and_takes_empty_tensors(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  safetensors_file file;
  assert_ok(m, read_header(m, "{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]},\"e\":{\"dtype\":\"F64\",\"shape\":[3,0],"
                              "\"data_offsets\":[1,1]},\"s\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}  ",
                           "abc", 3, &file));
  assert_int_equal(file.count, 3);
  assert_string_equal(file.names[0], "s");
  assert_string_equal(file.names[1], "e");
  assert_described(file.tensors[0], "u8[]");
  assert_described(file.tensors[1], "f64[3,0]");
  assert_tensor(m, file.tensors[2], 'b', 'c');
  safetensors_free(&file);
  assert_ok(m, read_header(m, "{}", "", 0, &file));
  assert_int_equal(file.count, 0);
  safetensors_free(&file);
  support_close(m, &allocator);
}

#define T(dtype, shape, offsets) "{\"t\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void says_what_is_wrong(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  static const struct { const char *header; size_t values; moth_status status; const char *text; } cases[] = {
    { T("F32", "[2,2]", "[0,16]"), 12, MOTH_FORMAT, "file has 77 bytes, its header asks for 81 (cut short?)" },
    { T("F32", "[2,2]", "[0,16]"), 20, MOTH_FORMAT, "file has 85 bytes, its header asks for 81" },
    { T("U64", "[1]", "[0,8]"), 8, MOTH_DTYPE, "'t' is U64; what can be read is F32 F64 F16 BF16 I64 I32 I16 I8 U32 U16 U8 BOOL" },
    { T("C64", "[1]", "[0,8]"), 8, MOTH_DTYPE, "'t' is C64; what can be read is F32 F64 F16 BF16 I64 I32 I16 I8 U32 U16 U8 BOOL" },
    { T("F32", "[2,2]", "[0,12]"), 12, MOTH_FORMAT, "'t' of shape [2,2] takes 16 bytes, its data_offsets hold 12" },
    { T("F32", "[-1]", "[0,0]"), 0, MOTH_FORMAT, "a size in the shape of 't' is no whole number" },
    { T("F32", "[1.5]", "[0,6]"), 6, MOTH_FORMAT, "a size in the shape of 't' is no whole number" },
    { T("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, MOTH_LIMIT, "'t' has 9 axes, at most 8" },
    { T("F32", "[4611686018427387904,4]", "[0,0]"), 0, MOTH_LIMIT, "'t' is [4611686018427387904,4], more elements than can be addressed" },
    { T("F32", "[99999999999999999999]", "[0,0]"), 0, MOTH_FORMAT, "header byte 49: too big integer near '99999999999999999999'" },
    { T("F32", "[1]", "[4,0]"), 4, MOTH_FORMAT, "'t' has no data_offsets [begin, end]" },
    { T("F32", "[1]", "[0]"), 4, MOTH_FORMAT, "'t' has no data_offsets [begin, end]" },
    { T("F32", "[1]", "[4,8]"), 8, MOTH_FORMAT, "values of 't' begin at byte 4, the ones before end at 0" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[3,7]}}", 7,
        MOTH_FORMAT,
      "values of 'b' begin at byte 3, the ones before end at 4" },
    { "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[5,9]}}", 9,
        MOTH_FORMAT,
      "values of 'b' begin at byte 5, the ones before end at 4" },
    { "{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, MOTH_FORMAT, "'t' has no data_offsets [begin, end]" },
    { "{\"t\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, MOTH_FORMAT, "'t' has no dtype" },
    { "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, MOTH_FORMAT, "'t' has no shape" },
    { "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"strides\":[1]}}", 4, MOTH_FORMAT,
        "'t' has 'strides', which means nothing here" },
    { "{\"t\":[]}", 0, MOTH_FORMAT, "'t' is no JSON object" },
    { "{\"t\":{},\"t\":{}}", 0, MOTH_FORMAT, "header byte 11: duplicate object key near '\"t\"'" },
    { "{\"__metadata__\":[]}", 0, MOTH_FORMAT, "__metadata__ is no JSON object" },
    { "{\"__metadata__\":{\"a\":1}}", 0, MOTH_FORMAT, "'a' in __metadata__ is no text" },
    { "[]", 0, MOTH_FORMAT, "the header is no JSON object" },
    { "{} x", 0, MOTH_FORMAT, "header byte 4: end of file expected near 'x'" },
    { T("BOOL", "[1]", "[0,1]"), 1, MOTH_FORMAT, "'t' is BOOL, byte 0 of it is 120" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    safetensors_file file;
    char text[512];
    snprintf(text, sizeof text, "load: digits.safetensors: %s", cases[i].text);
    assert_fails(m, read_header(m, cases[i].header, "xxxxxxxxxxxxxxxxxxxx", cases[i].values, &file), cases[i].status, text);
    assert_null(file.m);
  }
  support_close(m, &allocator);
}

static void believes_no_header(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  safetensors_file file;
  assert_fails(m, read_bytes(m, "abc", 3, &file), MOTH_FORMAT,
      "load: digits.safetensors: file has 3 bytes, a safetensors file at least 8 (cut short?)");
  assert_fails(m, read_bytes(m, "\x89PNG\r\n\x1a\n....", 12, &file), MOTH_LIMIT,
               "load: digits.safetensors: a header of 727905341920923785 bytes, at most 104857600 (is it a safetensors file?)");
  assert_fails(m, read_bytes(m, "\0\0\0\0\0\0\0\0", 8, &file), MOTH_FORMAT,
      "load: digits.safetensors: a header of 0 bytes holds no JSON object");
  assert_fails(m, read_bytes(m, "\0\0\0\1\0\0\0\0{}", 10, &file), MOTH_FORMAT,
               "load: digits.safetensors: file has 10 bytes, its header asks for 16777224 (cut short?)");
  assert_fails(m, read_header(m, T("F64", "[1099511627776]", "[0,8796093022208]"), "x", 1, &file), MOTH_FORMAT,
               "load: digits.safetensors: file has 87 bytes, its header asks for 8796093022294 (cut short?)");
  assert_true(moth_memory_peak(m) < 1 << 20);
  moth_set_memory_limit(m, moth_memory_used(m) + (1 << 20));
  assert_fails(m, read_bytes(m, "\0\0\1\0\0\0\0\0{}", 10, &file), MOTH_LIMIT,
               "load: digits.safetensors: a header of 65536 bytes is more than the memory limit leaves room for");
  moth_set_memory_limit(m, 0);
  char *deep = malloc(100001);
  memset(deep, '[', 100000);
  memcpy(deep, "{\"a\":", 5);
  deep[100000] = 0;
  assert_status(m, read_header(m, deep, "", 0, &file), MOTH_FORMAT);
  free(deep);
  support_close(m, &allocator);
}

static const char small[] = "{\"__metadata__\":{\"k\":\"v\"},\"h\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]},"
                            "\"t\":{\"dtype\":\"F32\",\"shape\":[60],\"data_offsets\":[4,244]}}";

static void refuses_every_cut(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  size_t whole;
  char values[244] = { 0 }, *bytes = file_of(small, values, sizeof values, &whole);
  for (size_t size = 0; size < whole; size++) {
    safetensors_file file;
    char *exact = malloc(size + 1);
    memcpy(exact, bytes, size);
    assert_status(m, read_bytes(m, exact, size, &file), MOTH_FORMAT);
    blind from = { (const unsigned char *)exact, size, 0 };
    stream of_unknown_size = blind_stream(m, "load", "x.gz", &from);
    assert_status(m, safetensors_read(&of_unknown_size, &file), MOTH_FORMAT);
    assert_non_null(strstr(moth_message(m), "cut short?"));
    assert_null(file.m);
    free(exact);
  }
  free(bytes);
  support_close(m, &allocator);
}

static void refuses_surplus_where_the_size_is_unknown(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  size_t whole;
  char *bytes = file_of(T("U8", "[1]", "[0,1]"), "ab", 2, &whole);
  blind from = { (const unsigned char *)bytes, whole, 0 };
  stream of_unknown_size = blind_stream(m, "load", "x.gz", &from);
  safetensors_file file;
  assert_fails(m, safetensors_read(&of_unknown_size, &file), MOTH_FORMAT,
      "load: x.gz: file has more than the 62 bytes its header asks for");
  free(bytes);
  support_close(m, NULL);
}

static void refuses_names_it_could_not_read(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = F32(m, 1, 1, 1);
  void *bytes = NULL;
  size_t size;
  safetensors_entry twice[] = { { .name = "a", .values = t }, { .name = "a", .values = t } };
  assert_fails(m, write_entries(m, twice, 2, &bytes, &size), MOTH_OPTION, "save: (memory): two are named 'a'");
  safetensors_entry metadata = { .name = "__metadata__", .values = t };
  assert_fails(m, write_entries(m, &metadata, 1, &bytes, &size), MOTH_OPTION, "save: (memory): no tensor can be named '__metadata__'");
  static const char *const broken[] = { "\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80", "a\x80" };
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    safetensors_entry entry = { .name = broken[i], .values = t };
    assert_status(m, write_entries(m, &entry, 1, &bytes, &size), MOTH_OPTION);
  }
  assert_null(bytes);
  moth_release(t);
  support_close(m, &allocator);
}

static moth_status there_and_back(moth *m, void *data) {
  (void)data;
  moth_tensor *t = NULL, *view = NULL;
  void *bytes = NULL;
  size_t size = 0;
  safetensors_file file = { 0 };
  moth_status status = moth_tensor_create(m, MOTH_F64, 2, (int64_t[]){ 5, 9 }, &t);
  if (!status) status = moth_tensor_permute(m, t, (int[]){ 1, 0 }, &view);
  safetensors_entry entry = { .name = "w", .values = view };
  if (!status) status = write_entries(m, &entry, 1, &bytes, &size);
  if (!status) status = read_bytes(m, bytes, size, &file);
  safetensors_free(&file);
  moth_free(m, bytes, size);
  moth_release(t), moth_release(view);
  return status;
}
static moth_status read_small(moth *m, void *data) {
  (void)data;
  char values[244] = { 0 };
  safetensors_file file;
  moth_status status = read_header(m, small, values, sizeof values, &file);
  safetensors_free(&file);
  return status;
}
static void survives_each_failing_allocation(void **state) {
  (void)state;
  assert_true(support_fail_each(there_and_back, NULL) > 5);
  assert_true(support_fail_each(read_small, NULL) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(writes_what_the_format_says),
    cmocka_unit_test(reads_each_dtype),
    cmocka_unit_test(orders_by_place_and_takes_empty_tensors),
    cmocka_unit_test(says_what_is_wrong),
    cmocka_unit_test(believes_no_header),
    cmocka_unit_test(refuses_every_cut),
    cmocka_unit_test(refuses_surplus_where_the_size_is_unknown),
    cmocka_unit_test(refuses_names_it_could_not_read),
    cmocka_unit_test(survives_each_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
