/* Data sets from tensors and from IDX files: sharing, checks, gathering in every dtype, finite values, hashes. */
#include "data_support.h"

#define OPTIONS(...) ((moth_option[]){ __VA_ARGS__, MOTH_END })
#define TEXTS(key, ...) MOTH_TEXTS(key, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), ((const char *[]){ __VA_ARGS__ }))

static void shares_its_tensors(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_tensor *x = F32(m, 2, 2, 1, 2, 3, 4), *y = I64(m, 2, 2, 1), *weight = tensor_of(m, MOTH_I64, 1, (int64_t[]){ 2 }, (int64_t[]){ 3,
      0 });
  moth_dataset *data = NULL;
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y), MOTH_TENSOR("weight", weight),
                                              TEXTS("classes", "no", "yes", "maybe")), &data));
  assert_int_equal(moth_dataset_rows(data), 2);
  assert_int_equal(moth_dataset_class_count(data), 3);
  assert_string_equal(moth_dataset_class(data, 1), "yes");
  assert_string_equal(moth_dataset_column(data, 1), "y");
  assert_string_equal(moth_dataset_column(data, 2), "weight");
  assert_null(moth_dataset_column(data, 3));
  moth_tensor *stored = column_of(m, data, "x");
  assert_ptr_equal(stored, x);
  assert_ok(m, moth_tensor_set(m, stored, (int64_t[]){ 1, 0 }, 30));
  assert_column(m, data, "x", 1, 2, 30, 4);
  assert_column(m, data, "weight", 3, 0);
  moth_release(stored), moth_release(x), moth_release(y), moth_release(weight);
  assert_column(m, data, "y", 2, 1);
  moth_tensor *none = NULL;
  assert_fails(m, moth_dataset_tensor(m, data, "z", &none), MOTH_OPTION, "dataset: no column 'z' (x y weight)");
  assert_null(none);
  moth_release(data);
  support_close(m, &allocator);
}

static void classes_without_names_are_counted(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_tensor *x = F32(m, 3, 1, 1, 2, 3), *y = I64(m, 3, 2, 7, 0);
  moth_dataset *data = NULL;
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR(NULL, x), MOTH_TENSOR(NULL, y)), &data)); /* 0 is for the loss to refuse */
  assert_int_equal(moth_dataset_class_count(data), 7);
  assert_null(moth_dataset_class(data, 0));
  assert_true(data->source->y_is_classes);
  moth_release(data), moth_release(x), moth_release(y);
  support_close(m, NULL);
}

static void views_keep_rows_and_bytes_of_labels_are_widened(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_tensor *wide = F32(m, 2, 3, 1, 2, 3, 4, 5, 6), *narrow = NULL, *turned = NULL, *flipped = NULL;
  moth_tensor *y = tensor_of(m, MOTH_U8, 1, (int64_t[]){ 2 }, (uint8_t[]){ 2, 1 });
  assert_ok(m, moth_tensor_slice(m, wide, 1, 1, 2, 1, &narrow));
  assert_ok(m, moth_tensor_permute(m, wide, (int[]){ 1, 0 }, &turned));
  assert_ok(m, moth_tensor_slice(m, wide, 0, 1, 2, -1, &flipped));
  moth_dataset *data = NULL;
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", narrow), MOTH_TENSOR("y", y), TEXTS("classes", "a", "b")), &data));
  assert_column(m, data, "y", 2, 1);
  float out[4];
  dataset_gather(data, &data->source->x, (int64_t[]){ 1, 0 }, 0, 2, MOTH_F32, false, out);
  assert_memory_equal(out, ((float[]){ 5, 6, 2, 3 }), sizeof out);
  dataset_gather(data, &data->source->x, NULL, 0, 2, MOTH_F32, false, out);
  assert_memory_equal(out, ((float[]){ 2, 3, 5, 6 }), sizeof out);
  assert_ok(m, moth_tensor_set(m, wide, (int64_t[]){ 0, 1 }, 20));
  assert_column(m, data, "x", 20, 3, 5, 6);
  moth_release(data);
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", flipped)), &data));
  dataset_gather(data, &data->source->x, NULL, 0, 1, MOTH_F32, false, out);
  assert_memory_equal(out, ((float[]){ 4, 5, 6 }), 12);
  moth_release(data);
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", turned)), &data)); /* rows in pieces: a copy of its own */
  assert_ok(m, moth_tensor_set(m, wide, (int64_t[]){ 0, 0 }, 100));
  assert_column(m, data, "x", 1, 4, 20, 5, 3, 6);
  moth_release(data);
  moth_release(wide), moth_release(narrow), moth_release(turned), moth_release(flipped), moth_release(y);
  support_close(m, &allocator);
}

static void says_what_does_not_fit(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_tensor *x = F32(m, 3, 1, 1, 2, 3), *y = I64(m, 2, 1, 2), *y3 = I64(m, 3, 1, 4, 2), *values = F32(m, 3, 1, 1, NAN, 3), *scalar = NULL;
  assert_ok(m, moth_tensor_create(m, MOTH_F32, 0, NULL, &scalar));
  const struct { const moth_option *options; moth_status status; const char *text; } cases[] = {
    { OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y)), MOTH_SHAPE, "data.x has 3 rows, data.y has 2" },
    { OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("weight", y)), MOTH_SHAPE, "data.x has 3 rows, data.weight has 2" },
    { OPTIONS(MOTH_TENSOR("x", scalar)), MOTH_SHAPE, "data.x is f32[]: the first axis must be rows" },
    { OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", scalar)), MOTH_SHAPE, "data.y is f32[]: the first axis must be rows" },
    { OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("weight", values)), MOTH_SHAPE, "data.weight must be one number a row, [3], got f32[3,1]" },
    { OPTIONS(MOTH_TENSOR("x", x), TEXTS("classes", "a")), MOTH_OPTION, "classes are names for y, there is none" },
    { OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", x), TEXTS("classes", "a")), MOTH_DTYPE,
      "classes name the numbers of i64[rows], data.y is f32[3,1]" },
    { OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y3), TEXTS("classes", "a", "b", "c")), MOTH_INDEX,
      "label 4 in row 2 of data.y; classes count from 1 to 3" },
    { OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y3), TEXTS("classes", "a", "b", "a")), MOTH_OPTION, "classes has 'a' twice" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[200];
    moth_dataset *data = NULL;
    snprintf(text, sizeof text, "dataset: %s", cases[i].text);
    assert_fails(m, moth_dataset_create(m, cases[i].options, &data), cases[i].status, text);
    assert_null(data);
  }
  moth_tensor *negative = I64(m, 3, 1, -1, 2);
  moth_dataset *data = NULL;
  assert_fails(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("weight", negative)), &data), MOTH_DATA,
               "dataset: data.weight has -1 in row 2; weights must be >= 0");
  assert_status(m, moth_dataset_create(m, NULL, &data), MOTH_OPTION);
  assert_status(m, moth_dataset_create(NULL, NULL, &data), MOTH_MISUSE);
  assert_int_equal(moth_dataset_rows(NULL), 0);
  assert_fails(m, moth_dataset_take(m, (moth_dataset *)x, 1, &data), MOTH_MISUSE, "take: data must be a data set, got f32[3,1]");
  moth_release(x), moth_release(y), moth_release(y3), moth_release(values), moth_release(scalar), moth_release(negative);
  support_close(m, &allocator);
}

/* Every stored dtype to every wanted one, for rows in order, in runs and one by one. */
static void gathers_every_dtype(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  static const int64_t order[] = { 2, 3, 0, 3, 1 };
  for (int stored = 0; stored < MOTH_DTYPES; stored++) {
    moth_tensor *x = NULL;
    moth_dataset *data = NULL;
    assert_ok(m, moth_tensor_create(m, (moth_dtype)stored, 2, (int64_t[]){ 4, 3 }, &x));
    for (int64_t i = 0; i < 12; i++) assert_ok(m, moth_tensor_set(m, x, (int64_t[]){ i / 3, i % 3 }, stored == MOTH_BOOL ? i % 2 : i + 1));
    assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x)), &data));
    for (int scaled = 0; scaled < 2; scaled++) {
      data->source->x.scale = scaled ? 0.25 : 1;
      for (int first = 0; first < 2; first++) {
        for (int ordered = 0; ordered < 2; ordered++) {
          float f32[12];
          double f64[12];
          int64_t classes[12], rows = ordered ? 4 : 3;
          dataset_gather(data, &data->source->x, ordered ? order : NULL, first, rows, MOTH_F32, false, f32);
          dataset_gather(data, &data->source->x, ordered ? order : NULL, first, rows, MOTH_F64, false, f64);
          dataset_gather(data, &data->source->x, ordered ? order : NULL, first, rows, MOTH_F32, true, classes);
          for (int64_t i = 0; i < rows * 3; i++) {
            int64_t row = ordered ? order[first + i / 3] : first + i / 3;
            double value = value_at(m, x, row * 3 + i % 3);
            assert_true(f32[i] == (float)(value * data->source->x.scale));
            assert_true(f64[i] == value * data->source->x.scale);
            assert_int_equal(classes[i], (int64_t)value - 1);
          }
        }
      }
    }
    moth_release(data), moth_release(x);
  }
  support_close(m, &allocator);
}

static void classes_without_a_place_become_minus_one(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_tensor *x = F32(m, 5, 1, 1, 0, NAN, 1e30f, 1.5f), *y = I64(m, 5, 1, 0, -5, INT64_MIN, 3);
  moth_dataset *data = NULL;
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y)), &data));
  int64_t out[5];
  dataset_gather(data, &data->source->x, NULL, 0, 5, MOTH_F32, true, out);
  assert_memory_equal(out, ((int64_t[]){ 0, -1, -1, -1, -1 }), sizeof out);
  dataset_gather(data, &data->source->y, NULL, 0, 5, MOTH_I64, true, out);
  assert_memory_equal(out, ((int64_t[]){ 0, -1, -1, -1, 2 }), sizeof out);
  moth_release(data), moth_release(x), moth_release(y);
  support_close(m, NULL);
}

static void names_the_first_value_that_is_not_finite(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_tensor *x = F32(m, 4, 3, 1, 2, 3, 4, 5, 6, 7, 8, INFINITY, 10, 11, 12);
  moth_tensor *y = tensor_of(m, MOTH_F64, 3, (int64_t[]){ 4, 2, 2 }, (double[]){ 1, 2, 3, 4, 1, 2, NAN, 4, 1, 2, 3, 4, 1, 2, 3,
      -INFINITY });
  moth_dataset *data = NULL, *part = NULL;
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x)), &data));
  assert_fails(m, dataset_check_finite(m, "train", data, "data"), MOTH_DATA, "train: data.x has inf in row 3, column 3");
  assert_ok(m, moth_dataset_take(m, data, 2, &part));
  assert_ok(m, dataset_check_finite(m, "train", part, "data"));
  moth_release(part);
  moth_tensor *ids = I64(m, 2, 4, 3);
  assert_ok(m, moth_dataset_select(m, data, ids, &part));
  assert_fails(m, dataset_check_finite(m, "train", part, "data"), MOTH_DATA, "train: data.x has inf in row 2, column 3");
  moth_release(part), moth_release(data), moth_release(ids);
  moth_tensor *fine = F32(m, 4, 1, 1, 2, 3, 4);
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", fine), MOTH_TENSOR("y", y)), &data));
  assert_fails(m, dataset_check_finite(m, "train", data, "data"), MOTH_DATA, "train: data.y has nan in row 2, position 2,1");
  moth_release(data), moth_release(x), moth_release(y), moth_release(fine);
  moth_tensor *flat = tensor_of(m, MOTH_F32, 1, (int64_t[]){ 2 }, (float[]){ 1, -INFINITY });
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", flat)), &data));
  assert_fails(m, dataset_check_finite(m, "train", data, "data"), MOTH_DATA, "train: data.x has -inf in row 2");
  moth_release(data), moth_release(flat);
  support_close(m, NULL);
}

static void the_hash_sees_values_rows_and_dtypes(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_tensor *x = F32(m, 3, 2, 1, 2, 3, 4, 5, 6), *y = I64(m, 3, 1, 2, 1);
  moth_dataset *data = NULL, *again = NULL, *other = NULL, *part = NULL;
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y)), &data));
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x), MOTH_TENSOR("y", y)), &again));
  assert_ok(m, moth_dataset_create(m, OPTIONS(MOTH_TENSOR("x", x)), &other));
  assert_ok(m, moth_dataset_take(m, data, 2, &part));
  uint64_t hash = dataset_hash(data);
  assert_true(hash == dataset_hash(again));
  assert_true(hash != dataset_hash(other));
  assert_true(hash != dataset_hash(part));
  assert_ok(m, moth_tensor_set(m, y, (int64_t[]){ 2 }, 2));
  assert_true(hash != dataset_hash(data));
  assert_ok(m, moth_tensor_set(m, y, (int64_t[]){ 2 }, 1));
  assert_true(hash == dataset_hash(data));
  assert_ok(m, moth_tensor_set(m, x, (int64_t[]){ 2, 1 }, 6.5));
  assert_true(hash != dataset_hash(data));
  moth_release(data), moth_release(again), moth_release(other), moth_release(part), moth_release(x), moth_release(y);
  support_close(m, NULL);
}

/* ---- IDX ---- */

static const char images[] = "\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\2\0\x33\x66\x99\xcc\xff\0\0", labels[] = "\0\0\x08\1\0\0\0\2\3\0";

static void reads_images_and_labels(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  support_folder folder = support_folder_make();
  char images_path[1024], labels_path[1024], text[3000];
  size_t packed;
  unsigned char *bytes = pack(images, sizeof images - 1, &packed);
  support_write_file(support_path(&folder, "images.gz", images_path), bytes, packed);
  support_write_file(support_path(&folder, "labels", labels_path), labels, sizeof labels - 1);
  moth_dataset *data = NULL;
  assert_ok(m, moth_read(m, "idx", images_path, OPTIONS(MOTH_TEXT("labels", labels_path)), &data));
  assert_int_equal(moth_dataset_rows(data), 2);
  moth_tensor *x = column_of(m, data, "x");
  assert_described(x, "f32[2,2,2]");
  assert_true(moth_tensor_is_read_only(x));
  const float expected[] = { 0, 0.2f, 0.4f, 0.6f, 0.8f, 1, 0, 0 };
  for (int i = 0; i < 8; i++) assert_true(fabs(value_at(m, x, i) - expected[i]) < 1e-6);
  moth_release(x);
  moth_dtype dtype;
  assert_ok(m, moth_dataset_column_info(m, data, "x", &dtype, NULL));
  assert_int_equal(dtype, MOTH_U8);
  assert_int_equal(data->source->x.features, 4);
  assert_column(m, data, "y", 4, 1);
  assert_int_equal(moth_dataset_class_count(data), 4);
  assert_string_equal(moth_dataset_class(data, 3), "3");
  moth_release(data);
  assert_ok(m, moth_read(m, "idx", images_path, OPTIONS(MOTH_REAL("scale", 1)), &data));
  x = column_of(m, data, "x");
  assert_described(x, "u8[2,2,2]");
  assert_false(moth_tensor_is_read_only(x));
  moth_release(x), moth_release(data);
  moth_tensor *t = NULL;
  assert_ok(m, moth_read_idx(m, images_path, &t));
  assert_described(t, "u8[2,2,2]");
  moth_release(t);
  data = NULL;
  support_write_file(labels_path, "\0\0\x08\1\0\0\0\3\3\0\1", 11);
  snprintf(text, sizeof text, "idx: %s has 2 images, %s has 3 labels", images_path, labels_path);
  assert_fails(m, moth_read(m, "idx", images_path, OPTIONS(MOTH_TEXT("labels", labels_path)), &data), MOTH_SHAPE, text);
  support_write_file(labels_path, "\0\0\x09\1\0\0\0\2\3\xff", 10);
  snprintf(text, sizeof text, "idx: label -1 in row 2 of %s; labels count from 0 to at most 65535", labels_path);
  assert_fails(m, moth_read(m, "idx", images_path, OPTIONS(MOTH_TEXT("labels", labels_path)), &data), MOTH_DATA, text);
  support_write_file(labels_path, "\0\0\x0d\1\0\0\0\1\0\0\0\0", 12);
  snprintf(text, sizeof text, "idx: %s holds f32[1]; labels are whole numbers along one axis", labels_path);
  assert_fails(m, moth_read(m, "idx", images_path, OPTIONS(MOTH_TEXT("labels", labels_path)), &data), MOTH_FORMAT, text);
  assert_null(data);
  for (size_t size = 0; size < packed; size++) {
    support_write_file(images_path, bytes, size);
    assert_status(m, moth_read_idx(m, images_path, &t), MOTH_FORMAT);
    assert_non_null(strstr(moth_message(m), "cut short"));
  }
  free(bytes);
  support_folder_remove(&folder);
  support_close(m, &allocator);
}

static moth_status create_and_use(moth *m, void *unused) {
  (void)unused;
  moth_tensor *x = NULL, *view = NULL, *y = NULL, *column = NULL;
  moth_dataset *data = NULL;
  moth_status status = moth_tensor_create(m, MOTH_F32, 2, (int64_t[]){ 30, 40 }, &x);
  if (!status) status = moth_tensor_permute(m, x, (int[]){ 1, 0 }, &view);
  if (!status) status = moth_tensor_create(m, MOTH_U8, 1, (int64_t[]){ 40 }, &y);
  for (int64_t i = 0; i < 40 && !status; i++) status = moth_tensor_set(m, y, &i, 2);
  moth_option options[] = { MOTH_TENSOR("x", view), MOTH_TENSOR("y", y), MOTH_TENSOR("weight", y), TEXTS("classes", "a", "b"), MOTH_END };
  if (!status) status = moth_dataset_create(m, options, &data);
  if (!status) data->source->x.scale = 2;
  if (!status) status = moth_dataset_tensor(m, data, "x", &column);
  moth_release(x), moth_release(view), moth_release(y), moth_release(column), moth_release(data);
  return status;
}
static moth_status read_pair(moth *m, void *paths) {
  moth_dataset *data = NULL;
  char (*at)[1024] = paths;
  moth_status status = moth_read(m, "idx", at[0], OPTIONS(MOTH_TEXT("labels", at[1])), &data);
  moth_release(data);
  return status;
}
static void survives_each_failing_allocation(void **state) {
  (void)state;
  assert_true(support_fail_each_in(open_base_1, create_and_use, NULL) > 10);
  support_folder folder = support_folder_make();
  char paths[2][1024];
  support_write_file(support_path(&folder, "images", paths[0]), images, sizeof images - 1);
  support_write_file(support_path(&folder, "labels", paths[1]), labels, sizeof labels - 1);
  assert_true(support_fail_each_in(open_base_1, read_pair, paths) > 10);
  support_folder_remove(&folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(shares_its_tensors),
    cmocka_unit_test(classes_without_names_are_counted),
    cmocka_unit_test(views_keep_rows_and_bytes_of_labels_are_widened),
    cmocka_unit_test(says_what_does_not_fit),
    cmocka_unit_test(gathers_every_dtype),
    cmocka_unit_test(classes_without_a_place_become_minus_one),
    cmocka_unit_test(names_the_first_value_that_is_not_finite),
    cmocka_unit_test(the_hash_sees_values_rows_and_dtypes),
    cmocka_unit_test(reads_images_and_labels),
    cmocka_unit_test(survives_each_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
