/* moth_load and moth_save: formats by name, all dtypes and layouts there and back, mapped files, misuse, and files that stay whole. */
#include "data_support.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

static const char *const names[] = { "x.npy", "x.npz", "x.safetensors", "x.csv" }, *const packed_names[] = { "x.npy.gz", "x.csv.gz" };
enum { NAMES = sizeof names / sizeof *names };
static bool is_named(const char *name) { return strstr(name, "npz") || strstr(name, "safetensors"); }

static moth_status fill(moth *m, moth_dtype dtype, int rank, const int64_t *size, moth_tensor **t) {
  moth_status status = moth_tensor_create(m, dtype, rank, size, t);
  if (status) return status;
  for (int64_t i = 0; i < (*t)->count; i++) {
    double value = dtype == MOTH_BOOL ? i % 3 == 1 : dtype == MOTH_F32 || dtype == MOTH_F64 ? (double)i / 8 : (double)i;
    dtype_store(dtype, value, (*t)->values + i * (int64_t)dtype_size(dtype));
  }
  return MOTH_OK;
}

static void assert_equal_values(moth *m, const moth_tensor *a, const moth_tensor *b) {
  assert_int_equal(a->count, b->count);
  size_t size = (size_t)a->count * dtype_size(a->dtype);
  char *x = malloc(size + 1), *y = malloc(size + 1);
  assert_ok(m, moth_tensor_copy_out(m, a, x));
  assert_ok(m, moth_tensor_copy_out(m, b, y));
  assert_memory_equal(x, y, size);
  free(x), free(y);
}

/* Written under the name, read again; CSV gives f64, whatever went in. */
static void assert_comes_back(moth *m, const char *name, moth_tensor *t) {
  void *bytes = NULL;
  size_t size = 0;
  moth_named_tensor item = { is_named(name) ? "a b/ä" : NULL, t }, *items = NULL;
  int64_t count = 0;
  assert_ok(m, moth_save_bytes(m, name, &item, 1, &bytes, &size));
  assert_ok(m, moth_load_bytes(m, name, bytes, size, &items, &count));
  assert_int_equal(count, 1);
  if (is_named(name)) assert_string_equal(items[0].name, "a b/ä");
  else assert_null(items[0].name);
  if (strstr(name, "csv")) {
    moth_tensor *wide = NULL;
    assert_ok(m, tensor_clone(m, "test", t, MOTH_F64, &wide));
    assert_equal_values(m, wide, items[0].tensor);
    moth_release(wide);
  } else {
    char before[200], after[200];
    moth_tensor_text(t, before, sizeof before);
    moth_tensor_text(items[0].tensor, after, sizeof after);
    assert_string_equal(before, after);
    assert_true(tensor_is_contiguous(items[0].tensor));
    assert_equal_values(m, t, items[0].tensor);
  }
  moth_load_free(m, items, count);
  moth_free(m, bytes, size);
}

static void all_dtypes_and_layouts_come_back(void **state) {
  (void)state;
  static const struct { int rank; int64_t size[4]; } shapes[] = {
    { 0, { 0 } }, { 1, { 1 } }, { 1, { 7 } }, { 1, { 0 } }, { 2, { 3, 5 } }, { 2, { 0, 4 } }, { 2, { 4, 0 } }, { 4, { 2, 3, 1, 4 } },
  };
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  for (int dtype = 0; dtype < MOTH_DTYPES; dtype++) {
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
      moth_tensor *t = NULL, *back = NULL, *turned = NULL;
      int axes[4];
      for (int i = 0; i < shapes[s].rank; i++) axes[i] = shapes[s].rank - 1 - i;
      assert_ok(m, fill(m, (moth_dtype)dtype, shapes[s].rank, shapes[s].size, &t));
      assert_ok(m, moth_tensor_permute(m, t, axes, &turned));
      if (t->count > 0 && t->rank > 0) assert_ok(m, moth_tensor_slice(m, t, 0, t->size[0] - 1, t->size[0], -1, &back));
      for (int n = 0; n < NAMES; n++) {
        bool fits = !strstr(names[n], "csv") || ((t->rank == 1 || t->rank == 2) && t->count > 0);
        if (!fits) continue;
        assert_comes_back(m, names[n], t);
        assert_comes_back(m, names[n], turned);
        if (back) assert_comes_back(m, names[n], back);
      }
      moth_release(t), moth_release(back), moth_release(turned);
    }
  }
  support_close(m, &allocator);
}

static moth_status through_a_file(moth *m, void *data) {
  const char *const *at = data;
  moth_tensor *t = NULL;
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  moth_status status = fill(m, MOTH_F64, 2, (int64_t[]){ 6, 9 }, &t);
  if (!status) status = moth_save(m, at[0], &(moth_named_tensor){ is_named(at[0]) ? "w" : NULL, t }, 1);
  if (!status) status = moth_load(m, at[0], at[1] != NULL, &items, &count);
  moth_load_free(m, items, count);
  moth_release(t);
  return status;
}

static void survives_failing_allocations(void **state) {
  (void)state;
  support_folder folder = support_folder_make();
  for (int n = 0; n < NAMES; n++) {
    for (int mapped = 0; mapped < 2; mapped++) {
      char path[1024];
      const char *at[] = { support_path(&folder, names[n], path), mapped ? "mapped" : NULL };
      if (mapped && (strstr(path, "npz") || strstr(path, "csv"))) continue;
      assert_true(support_fail_each(through_a_file, at) >= 6);
    }
  }
  for (int n = 0; n < 2; n++) {
    char path[1024];
    const char *at[] = { support_path(&folder, packed_names[n], path), NULL };
    assert_true(support_fail_each(through_a_file, at) >= 10);
  }
  support_folder_remove(&folder);
}

static void maps_a_file(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  support_folder folder = support_folder_make();
  moth *m = support_open(&allocator);
  char path[1024];
  support_path(&folder, "x.npy", path);
  moth_tensor *t = NULL, *kept, *row = NULL;
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  assert_ok(m, fill(m, MOTH_F32, 2, (int64_t[]){ 300, 40 }, &t));
  assert_ok(m, moth_save(m, path, &(moth_named_tensor){ .tensor = t }, 1));
  uint64_t used = moth_memory_used(m);
  assert_ok(m, moth_load(m, path, true, &items, &count));
  assert_true(moth_memory_used(m) - used < 4096);
  kept = moth_retain(items[0].tensor);
  moth_load_free(m, items, count);
  assert_true(moth_tensor_is_read_only(kept));
  assert_null(moth_tensor_values_mutable(kept));
  assert_int_equal(moth_tensor_storage_bytes(kept), 128 + 300 * 40 * 4);
  assert_fails(m, moth_tensor_set(m, kept, (int64_t[]){ 0, 0 }, 1), MOTH_MISUSE, "set: f32[300,40] is read-only");
  assert_ok(m, moth_tensor_select(m, kept, 0, 299, &row));
  moth_release(kept);
  assert_int_equal(unlink(path), 0); /* the pages stay */
  assert_true(value_at(m, row, 39) == (300 * 40 - 1) / 8.0);
  moth_close(m);
  moth_release(row), moth_release(t); /* the mapping goes with the last view, after the context was closed */
  assert_int_equal(allocator.blocks, 0);
  support_folder_remove(&folder);
}

static void a_list_outlives_its_context(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  static const char file[] = "\36\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}x";
  char bytes[sizeof file];
  memcpy(bytes, file, sizeof file);
  bytes[0] = (char)(sizeof file - 1 - 8 - 1);
  assert_ok(m, moth_load_bytes(m, "x.safetensors", bytes, sizeof file - 1, &items, &count));
  moth_close(m);
  moth_load_free(m, items, count);
  assert_int_equal(allocator.blocks, 0);
}

static void says_what_is_misused(void **state) {
  (void)state;
  moth *m = support_open(NULL), *other = support_open(NULL);
  moth_tensor *t = NULL, *theirs = NULL;
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  void *bytes = NULL;
  size_t size = 0;
  assert_ok(m, fill(m, MOTH_F32, 1, (int64_t[]){ 2 }, &t));
  assert_ok(other, fill(other, MOTH_F32, 1, (int64_t[]){ 2 }, &theirs));
  assert_fails(m, moth_load(m, NULL, false, &items, &count), MOTH_MISUSE, "load: needs a name and places for the results");
  assert_fails(m, moth_load(m, "x.npy", false, NULL, &count), MOTH_MISUSE, "load: needs a name and places for the results");
  assert_fails(m, moth_load_bytes(m, "x.npy", NULL, 3, &items, &count), MOTH_MISUSE, "load: no bytes given");
  assert_fails(m, moth_save(m, NULL, &(moth_named_tensor){ .tensor = t }, 1), MOTH_MISUSE, "save: needs a name and places for the results");
  assert_fails(m, moth_save(m, "x.npz", NULL, 1), MOTH_MISUSE, "save: no tensors given");
  assert_fails(m, moth_save(m, "x.npz", NULL, -1), MOTH_MISUSE, "save: no tensors given");
  assert_status(m, moth_save_bytes(m, "x.npy", &(moth_named_tensor){ .tensor = NULL }, 1, &bytes, &size), MOTH_MISUSE);
  assert_status(m, moth_save_bytes(m, "x.npy", &(moth_named_tensor){ .tensor = theirs }, 1, &bytes, &size), MOTH_MISUSE);
  assert_fails(m, moth_save_bytes(m, "x.npy", (moth_named_tensor[]){ { NULL, t }, { NULL, t } }, 2, &bytes, &size), MOTH_OPTION,
               "save: 'x.npy' holds one tensor, got 2; .npz and .safetensors hold several");
  assert_int_equal(moth_load(NULL, "x.npy", false, &items, &count), MOTH_MISUSE);
  assert_int_equal(moth_save(NULL, "x.npy", items, 1), MOTH_MISUSE);
  moth_load_free(NULL, NULL, 0);
  moth_load_free(m, NULL, 0);
  assert_null(bytes);
  assert_null(items);
  moth_release(t), moth_release(theirs);
  support_close(m, NULL), support_close(other, NULL);
}

static void a_failed_write_keeps_the_old_file(void **state) {
  (void)state;
  support_folder folder = support_folder_make();
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = NULL;
  assert_ok(m, fill(m, MOTH_F32, 2, (int64_t[]){ 3, 3 }, &t));
  for (int n = 0; n < NAMES; n++) {
    char path[1024];
    support_write_file(support_path(&folder, names[n], path), "old", 3);
    moth_named_tensor items[] = { { is_named(path) ? "a" : NULL, t }, { is_named(path) ? "a" : NULL, t } };
    assert_status(m, moth_save(m, path, items, 2), MOTH_OPTION); /* two of one name; two where one belongs */
    size_t size;
    char *bytes = support_read_file(path, &size);
    assert_string_equal(bytes, "old");
    free(bytes);
    assert_ok(m, moth_save(m, path, items, 1));
    bytes = support_read_file(path, &size);
    assert_true(size > 3);
    free(bytes);
  }
  moth_release(t);
  support_close(m, &allocator);
  support_folder_remove(&folder);
}

static void a_full_device_is_told(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  support_folder folder = support_folder_make();
  moth_tensor *t = NULL;
  assert_ok(m, fill(m, MOTH_F32, 2, (int64_t[]){ 300, 300 }, &t));
  for (int n = 0; n < NAMES; n++) {
    char path[1024], text[1200];
    assert_int_equal(symlink("/dev/full", support_path(&folder, names[n], path)), 0);
    snprintf(text, sizeof text, "save: cannot write '%s': No space left on device", path);
    assert_fails(m, moth_save(m, path, &(moth_named_tensor){ is_named(path) ? "a" : NULL, t }, 1), MOTH_FILE, text);
  }
  moth_release(t);
  support_folder_remove(&folder);
  support_close(m, NULL);
}

static void writes_bytes_of_the_host(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  support_folder folder = support_folder_make();
  char path[1024], text[1200];
  size_t size = 0;
  assert_ok(m, moth_write_file(m, "plot", support_path(&folder, "x.svg", path), "<svg/>", 6));
  char *bytes = support_read_file(path, &size);
  assert_int_equal(size, 6);
  assert_memory_equal(bytes, "<svg/>", 6);
  free(bytes);
  assert_ok(m, moth_write_file(m, "plot", path, NULL, 0));
  free(support_read_file(path, &size));
  assert_int_equal(size, 0);
  snprintf(text, sizeof text, "plot: cannot write '%s': No such file or directory", support_path(&folder, "none/x.svg", path));
  assert_fails(m, moth_write_file(m, "plot", path, "x", 1), MOTH_FILE, text);
  assert_int_equal(symlink("/dev/full", support_path(&folder, "full", path)), 0);
  assert_status(m, moth_write_file(m, "plot", path, "x", 1), MOTH_FILE);
  assert_fails(m, moth_write_file(m, "plot", NULL, "x", 1), MOTH_MISUSE, "plot: needs a path and bytes");
  assert_fails(m, moth_write_file(m, NULL, path, NULL, 1), MOTH_MISUSE, "write_file: needs a path and bytes");
  assert_int_equal(moth_write_file(NULL, "plot", path, "x", 1), MOTH_MISUSE);
  support_folder_remove(&folder);
  support_close(m, &allocator);
}

static void unpacks_bytes_in_memory(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_tensor *t = NULL;
  moth_named_tensor *items = NULL;
  int64_t count = 0;
  void *bytes = NULL;
  size_t size = 0, packed_size;
  assert_ok(m, fill(m, MOTH_I64, 1, (int64_t[]){ 500 }, &t));
  assert_fails(m, moth_save_bytes(m, "x.npy.gz", &(moth_named_tensor){ .tensor = t }, 1, &bytes, &size), MOTH_OPTION,
               "save: 'x.npy.gz': endings are .npy .npz .safetensors .csv");
  assert_ok(m, moth_save_bytes(m, "x.npy", &(moth_named_tensor){ .tensor = t }, 1, &bytes, &size));
  unsigned char *packed = pack(bytes, size, &packed_size);
  for (int i = 0; i < 2; i++) { /* the bytes themselves tell too */
    assert_ok(m, moth_load_bytes(m, i ? "x.npy" : "x.npy.gz", packed, packed_size, &items, &count));
    assert_equal_values(m, items[0].tensor, t);
    moth_load_free(m, items, count);
  }
  items = NULL;
  for (size_t cut = 0; cut < packed_size; cut++) {
    assert_status(m, moth_load_bytes(m, "x.npy.gz", packed, cut, &items, &count), MOTH_FORMAT);
  }
  assert_null(items);
  assert_fails(m, moth_load_bytes(m, "x.npy.gz", bytes, size, &items, &count), MOTH_FORMAT,
               "load: x.npy.gz: not gzip data, though its name ends in .gz");
  free(packed);
  moth_free(m, bytes, size);
  moth_release(t);
  support_close(m, &allocator);
}

/* Writes the array into a named pipe from another process's end: an archive needs no going back. */
static void writes_into_a_pipe(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  support_folder folder = support_folder_make();
  moth_tensor *t = NULL;
  assert_ok(m, fill(m, MOTH_F32, 2, (int64_t[]){ 3, 4 }, &t));
  for (int n = 0; n < NAMES; n++) {
    char path[1024], got[4096];
    void *bytes = NULL;
    size_t size = 0;
    moth_named_tensor item = { is_named(names[n]) ? "a" : NULL, t };
    assert_int_equal(mkfifo(support_path(&folder, names[n], path), 0600), 0);
    int end = open(path, O_RDWR); /* a pipe holds 64 KiB before anyone reads */
    assert_true(end >= 0);
    assert_ok(m, moth_save(m, path, &item, 1));
    assert_ok(m, moth_save_bytes(m, names[n], &item, 1, &bytes, &size));
    assert_int_equal(read(end, got, sizeof got), size);
    assert_memory_equal(got, bytes, size);
    close(end);
    moth_free(m, bytes, size);
  }
  moth_release(t);
  support_folder_remove(&folder);
  support_close(m, NULL);
}

/* A comma for the point in the host's locale changes neither what is written nor what is read. */
static void knows_no_locale(void **state) {
  const char *before = setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
  moth *m = support_open(NULL);
  moth_tensor *t = NULL;
  void *bytes = NULL;
  size_t size = 0;
  (void)state;
  assert_ok(m, moth_tensor_copy_in(m, MOTH_F64, 2, (int64_t[]){ 2, 2 }, (double[]){ 0.5, -1e-3, 1e30, 1.0 / 3 }, &t));
  assert_ok(m, moth_save_bytes(m, "x.csv", &(moth_named_tensor){ .tensor = t }, 1, &bytes, &size));
  static const char text[] = "0.5,-0.001\n1e+30,0.3333333333333333\n";
  assert_int_equal(size, sizeof text - 1);
  assert_memory_equal(bytes, text, size);
  moth_free(m, bytes, size);
  assert_comes_back(m, "x.csv", t);
  assert_comes_back(m, "x.npy", t);
  moth_release(t);
  support_close(m, NULL);
  if (before) setlocale(LC_ALL, "C");
}

static void csv_has_numbers_of_each_dtype(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  const struct { moth_dtype dtype; const void *values; int64_t count; const char *text; } cases[] = {
    { MOTH_F32, (const float[]){ 0.1f, 16777217, 1e-45f, 3.4028234663852886e38f, -0.0f }, 5, "0.1\n16777216\n1e-45\n3.4028235e+38\n-0\n" },
    { MOTH_F64, (const double[]){ 0.1, 1.0 / 3, 5e-324, 1e22 }, 4, "0.1\n0.3333333333333333\n5e-324\n1e+22\n" },
    { MOTH_I64, (const int64_t[]){ INT64_MIN, INT64_MAX, 0 }, 3, "-9223372036854775808\n9223372036854775807\n0\n" },
    { MOTH_U8, (const uint8_t[]){ 0, 255 }, 2, "0\n255\n" },
    { MOTH_BOOL, (const uint8_t[]){ 0, 1 }, 2, "0\n1\n" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    moth_tensor *t = tensor_of(m, cases[i].dtype, 1, &cases[i].count, cases[i].values);
    void *bytes = NULL;
    size_t size = 0;
    assert_ok(m, moth_save_bytes(m, "x.csv", &(moth_named_tensor){ .tensor = t }, 1, &bytes, &size));
    assert_int_equal(size, strlen(cases[i].text));
    assert_memory_equal(bytes, cases[i].text, size);
    moth_free(m, bytes, size);
    moth_release(t);
  }
  support_close(m, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_dtypes_and_layouts_come_back),
    cmocka_unit_test(survives_failing_allocations),
    cmocka_unit_test(maps_a_file),
    cmocka_unit_test(a_list_outlives_its_context),
    cmocka_unit_test(says_what_is_misused),
    cmocka_unit_test(a_failed_write_keeps_the_old_file),
    cmocka_unit_test(a_full_device_is_told),
    cmocka_unit_test(writes_bytes_of_the_host),
    cmocka_unit_test(unpacks_bytes_in_memory),
    cmocka_unit_test(writes_into_a_pipe),
    cmocka_unit_test(knows_no_locale),
    cmocka_unit_test(csv_has_numbers_of_each_dtype),
  };
  return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
