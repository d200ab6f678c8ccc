/* The csv reader: columns, header, labels, words, missing cells, and every message. */
#include "data_support.h"

#include <locale.h>

static moth_status read_text(moth *m, const char *text, const moth_option *options, moth_dataset **data) {
  stream from;
  stream_open_bytes(m, "csv", "t.csv", text, strlen(text), &from);
  moth_status status = reader_csv_stream(m, &from, options, data);
  stream_close(&from, false);
  return status;
}
#define OPTIONS(...) ((moth_option[]){ __VA_ARGS__, MOTH_END })
#define TEXTS(key, ...) MOTH_TEXTS(key, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), ((const char *[]){ __VA_ARGS__ }))
#define INTS(key, ...) MOTH_INTS(key, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), ((int64_t[]){ __VA_ARGS__ }))

static moth_dataset *set_of(moth *m, const char *text, const moth_option *options) {
  moth_dataset *data = NULL;
  assert_ok(m, read_text(m, text, options, &data));
  return data;
}

static void all_columns_are_x(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_dataset *data = set_of(m, "1,2.5\n-3e2, 4 \n", NULL);
  assert_int_equal(moth_dataset_rows(data), 2);
  assert_column(m, data, "x", 1, 2.5, -300, 4);
  assert_string_equal(moth_dataset_column(data, 0), "x");
  assert_null(moth_dataset_column(data, 1));
  moth_release(data);
  data = set_of(m, "0.1\n16777217\n", OPTIONS(MOTH_TEXT("dtype", "f64")));
  assert_column(m, data, "x", 0.1, 16777217);
  moth_release(data);
  support_close(m, &allocator);
}

static void labels_become_classes(void **state) {
  (void)state;
  for (int base = 0; base < 2; base++) {
    support_allocator allocator = { 0 };
    moth *m = open_base(&allocator, base);
    moth_dataset *data = set_of(m, "1,red,2\n3,green,4\n5,blue,6\n7,red,8\n", OPTIONS(MOTH_INT("label", base + 1)));
    assert_column(m, data, "x", 1, 2, 3, 4, 5, 6, 7, 8);
    assert_column(m, data, "y", base + 2, base + 1, base + 0, base + 2);
    assert_int_equal(moth_dataset_class_count(data), 3);
    assert_string_equal(moth_dataset_class(data, 0), "blue");
    assert_string_equal(moth_dataset_class(data, 2), "red");
    assert_null(moth_dataset_class(data, 3));
    assert_null(moth_dataset_class(data, -1));
    moth_shape sample;
    moth_dtype dtype;
    assert_ok(m, moth_dataset_column_info(m, data, "y", &dtype, &sample));
    assert_int_equal(dtype, MOTH_I64);
    assert_int_equal(sample.rank, 0);
    moth_release(data);
    support_close(m, &allocator);
  }
}

static void numeric_labels_are_ordered_by_value(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_dataset *data = set_of(m, "1,10\n1,9\n1,-1\n1,9.0\n", OPTIONS(MOTH_INT("label", -1)));
  assert_column(m, data, "y", 3, 2, 1, 2);
  assert_int_equal(moth_dataset_class_count(data), 3);
  assert_string_equal(moth_dataset_class(data, 1), "9");
  moth_release(data);
  data = set_of(m, "1,10\n1,9\n1,x\n", OPTIONS(MOTH_INT("label", -1)));
  assert_string_equal(moth_dataset_class(data, 0), "10");
  moth_release(data);
  support_close(m, NULL);
}

static void targets_and_features_by_name_and_number(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  static const char text[] = "a,b,c\n1,2,3\n4,5,6\n";
  moth_dataset *data = set_of(m, text, OPTIONS(MOTH_TEXT("target", "b")));
  assert_column(m, data, "x", 1, 3, 4, 6);
  moth_tensor *y = column_of(m, data, "y");
  assert_described(y, "f32[2,1]");
  assert_tensor(m, y, 2, 5);
  moth_release(y);
  moth_release(data);
  data = set_of(m, text, OPTIONS(MOTH_INT("target", -3), TEXTS("features", "c", "b")));
  assert_column(m, data, "x", 3, 2, 6, 5);
  assert_column(m, data, "y", 1, 4);
  moth_release(data);
  data = set_of(m, text, OPTIONS(INTS("features", 3, -3), MOTH_TEXT("dtype", "f64")));
  assert_column(m, data, "x", 3, 1, 6, 4);
  moth_release(data);
  support_close(m, &allocator);
}

static void a_header_is_found(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_dataset *data = set_of(m, "a,b\n1,2\n", NULL);
  assert_column(m, data, "x", 1, 2);
  moth_release(data);
  data = set_of(m, "1,2\n3,4\n", NULL);
  assert_column(m, data, "x", 1, 2, 3, 4);
  moth_release(data);
  data = set_of(m, ",b,kind\n1,2,x\n", OPTIONS(MOTH_INT("label", 3))); /* an index without a name, as pandas writes it */
  assert_column(m, data, "x", 1, 2);
  moth_release(data);
  data = set_of(m, "1,2,x\n3,4,y\n", OPTIONS(MOTH_INT("label", 3)));
  assert_int_equal(moth_dataset_rows(data), 2);
  moth_release(data);
  data = set_of(m, "1,2\n3,4\n", OPTIONS(MOTH_FLAG("header", true), MOTH_TEXT("target", "2")));
  assert_column(m, data, "y", 4);
  moth_release(data);
  data = set_of(m, "150,4,setosa\n1,2,3\n", OPTIONS(MOTH_INT("skip", 1)));
  assert_column(m, data, "x", 1, 2, 3);
  moth_release(data);
  data = set_of(m, "a,b\nNA,2\n", OPTIONS(TEXTS("missing", "NA")));
  assert_int_equal(moth_dataset_rows(data), 1);
  moth_release(data);
  data = set_of(m, "colour,size\nred,1\n", OPTIONS(INTS("text", 1), MOTH_INT("label", 2)));
  assert_int_equal(moth_dataset_rows(data), 1);
  moth_release(data);
  support_close(m, NULL);
}

static void a_header_alone_is_a_set_of_no_rows(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  static const moth_option none[] = { MOTH_END }, label[] = { MOTH_TEXT("label", "b"), MOTH_END };
  const moth_option *const options[] = { none, label };
  for (int i = 0; i < 2; i++) {
    moth_dataset *data = set_of(m, "a,b\n", options[i]);
    assert_int_equal(moth_dataset_rows(data), 0);
    assert_fails(m, dataset_check_rows(m, "train", data, "data"), MOTH_DATA, "train: data has 0 rows (t.csv has a header only)");
    moth_tensor *x = column_of(m, data, "x");
    assert_described(x, i ? "f32[0,1]" : "f32[0,2]");
    moth_release(x);
    moth_release(data);
  }
  support_close(m, &allocator);
}

static void missing_cells_are_nan(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_dataset *data = set_of(m, "1,NA\n-999, NA \n3,\"\"\n,4\n", OPTIONS(TEXTS("missing", "NA", "-999", "")));
  assert_column(m, data, "x", 1, NAN, NAN, NAN, 3, NAN, NAN, 4);
  assert_fails(m, dataset_check_finite(m, "train", data, "data"), MOTH_DATA, "train: data.x has nan in row 1, column 2");
  moth_release(data);
  data = set_of(m, "1,nan\n", OPTIONS(TEXTS("missing", "nan"), MOTH_INT("target", -1)));
  assert_column(m, data, "y", NAN);
  assert_fails(m, dataset_check_finite(m, "train", data, "validation"), MOTH_DATA, "train: validation.y has nan in row 1, column 1");
  moth_release(data);
  support_close(m, NULL);
}

static void words_become_classes_alike_in_two_files(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  moth_dataset *train = set_of(m, "c,n,k\nred,1,yes\nblue,2,no\ngreen,?,no\n?,4,no\n",
                               OPTIONS(TEXTS("text", "c"), MOTH_TEXT("label", "k"), TEXTS("missing", "?")));
  assert_column(m, train, "x", 3, 1, 1, 2, 2, NAN, NAN, 4);
  assert_column(m, train, "y", 2, 1, 1, 1);
  moth_dataset *test = set_of(m, "c,n,k\ngreen,1,no\n", OPTIONS(TEXTS("text", "c"), MOTH_TEXT("label", "k"), MOTH_OBJECT("classes",
      train)));
  assert_column(m, test, "x", 2, 1);
  assert_column(m, test, "y", 1);
  assert_int_equal(moth_dataset_class_count(test), 2);
  moth_release(test);
  test = NULL;
  assert_fails(m, read_text(m, "c,n,k\ngrene,1,no\n", OPTIONS(TEXTS("text", "c"), MOTH_OBJECT("classes", train), MOTH_TEXT("label", "k")),
      &test),
               MOTH_DATA, "csv: t.csv line 2, column 1 'c': 'grene' is not among the classes (blue green red)\n  did you mean 'green'?");
  assert_fails(m, read_text(m, "c,n,k\nred,1,maybe\n", OPTIONS(TEXTS("text", "c"), MOTH_OBJECT("classes", train), MOTH_TEXT("label",
      "k")), &test),
               MOTH_DATA, "csv: t.csv line 2, column 3 'k': 'maybe' is not among the classes (no yes)");
  assert_fails(m, read_text(m, "1,2\n", OPTIONS(MOTH_OBJECT("classes", train)), &test), MOTH_OPTION,
               "csv: classes goes with label = or text =");
  moth_release(train);
  train = set_of(m, "1,1\n2,2\n", OPTIONS(MOTH_INT("label", -1)));
  test = set_of(m, "1,2.0\n", OPTIONS(MOTH_INT("label", -1), MOTH_OBJECT("classes", train)));
  assert_column(m, test, "y", 2);
  moth_release(train), moth_release(test);
  support_close(m, &allocator);
}

static void says_what_is_wrong(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  static const char iris[] = "150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0.2,0\n";
  const struct { const char *file; const moth_option *options; moth_status status; const char *text; } cases[] = {
    { "id,age\n1,2\n3,n/a\n", NULL, MOTH_FORMAT,
      "line 3, column 2 'age': 'n/a' is not a number\n  { missing = { \"n/a\" } } reads it as nan; { text = { \"age\" } }"
          " makes it classes" },
    { "1,2\n3,n/a\n", NULL, MOTH_FORMAT,
      "line 2, column 2: 'n/a' is not a number\n  { missing = { \"n/a\" } } reads it as nan; { text = { 2 } } makes it classes" },
    { "1,2\n3,\n", NULL, MOTH_FORMAT,
      "line 2, column 2: '' is not a number\n  { missing = { \"\" } } reads it as nan; { text = { 2 } } makes it classes" },
    { "1,2\n3,NaN\n", NULL, MOTH_FORMAT,
      "line 2, column 2: 'NaN' is not a number\n  { missing = { \"NaN\" } } reads it as nan; { text = { 2 } } makes it classes" },
    { "1,2\n3,-inf\n", NULL, MOTH_FORMAT,
      "line 2, column 2: '-inf' is not a number\n  { missing = { \"-inf\" } } reads it as nan; { text = { 2 } } makes it classes" },
    { "1,2\n3,0x10\n", NULL, MOTH_FORMAT,
      "line 2, column 2: '0x10' is not a number\n  { missing = { \"0x10\" } } reads it as nan; { text = { 2 } } makes it classes" },
    { "a,k\n1,2\n3,x\n", OPTIONS(MOTH_TEXT("target", "k")), MOTH_FORMAT,
      "line 3, column 2 'k': 'x' is not a number\n  { missing = { \"x\" } } reads it as nan; { label = \"k\" } makes it classes" },
    { "1\n\"a\"\"b\nc\"\n", NULL, MOTH_FORMAT, "line 2, column 1: 'a\"b?c' is not a number\n  { text = { 1 } } makes it classes" },
    { "1\n1e39\n", NULL, MOTH_FORMAT, "line 2, column 1: '1e39' is too large for f32\n  { dtype = \"f64\" } reaches 1.8e308" },
    { "1\n1e999\n", OPTIONS(MOTH_TEXT("dtype", "f64")), MOTH_FORMAT, "line 2, column 1: '1e999' is too large for f64" },
    { iris, NULL, MOTH_FORMAT, "line 1 mixes numbers and words: { header = true } or { skip = 1 }" },
    { iris, OPTIONS(MOTH_INT("label", -1)), MOTH_FORMAT, "line 1 mixes numbers and words: { header = true } or { skip = 1 }" },
    { "a,b\nc,d\n", NULL, MOTH_FORMAT, "line 1 may be names or values: { header = true } or { header = false }" },
    { "a,b\n1,2,3\n", NULL, MOTH_FORMAT, "line 2 has 3 fields, line 1 has 2\n  { skip = 1 } leaves line 1 out" },
    { "", NULL, MOTH_FORMAT, "is empty" },
    { "\n \n", NULL, MOTH_FORMAT, "is empty" },
    { "a\n", OPTIONS(MOTH_INT("skip", 3)), MOTH_FORMAT, "is empty after { skip = 3 }" },
    { "1,x\n2,\n", OPTIONS(MOTH_INT("label", 2)), MOTH_DATA, "line 2, column 2: the label is missing" },
    { "1,x\n2,?\n", OPTIONS(MOTH_INT("label", 2), TEXTS("missing", "?")), MOTH_DATA, "line 2, column 2: the label is missing" },
    { "species,n\na,1\n", OPTIONS(MOTH_TEXT("label", "specis")), MOTH_OPTION,
        "has no column 'specis'; did you mean 'species'? (species n)" },
    { "a,n\na,1\n", OPTIONS(MOTH_TEXT("label", "zebra")), MOTH_OPTION, "has no column 'zebra' (a n)" },
    { "a,a\n1,1\n", OPTIONS(MOTH_TEXT("label", "a")), MOTH_OPTION, "has two columns 'a'; give a number" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    moth_dataset *data = NULL;
    snprintf(text, sizeof text, "csv: t.csv %s", cases[i].text);
    assert_fails(m, read_text(m, cases[i].file, cases[i].options, &data), cases[i].status, text);
    assert_null(data);
  }
  support_close(m, &allocator);
}

static void says_which_option_is_wrong(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  const struct { const char *file; const moth_option *options; moth_status status; const char *text; } cases[] = {
    { "1,2\n", OPTIONS(MOTH_INT("label", 3)), MOTH_INDEX, "label 3: columns of t.csv are 1..2 or -2..-1" },
    { "1,2\n", OPTIONS(MOTH_INT("label", 0)), MOTH_INDEX, "label 0: columns of t.csv are 1..2 or -2..-1" },
    { "1,2\n", OPTIONS(INTS("features", 1, -3)), MOTH_INDEX, "features -3: columns of t.csv are 1..2 or -2..-1" },
    { "1,2\n", OPTIONS(INTS("features", 1, -2)), MOTH_OPTION, "features: column 1 is there twice" },
    { "1,2\n", OPTIONS(INTS("features", 1), MOTH_INT("target", 1)), MOTH_OPTION, "features: column 1 is y already" },
    { "1\n", OPTIONS(MOTH_INT("target", 1)), MOTH_OPTION, "t.csv: no column is left for x" },
    { "1,2\n", OPTIONS(MOTH_INT("target", 1), MOTH_INT("label", 2)), MOTH_OPTION,
        "label makes classes of y, target values; give one of them" },
    { "1,2\n", OPTIONS(MOTH_INT("label", 1), INTS("text", 1)), MOTH_OPTION, "text: column 1 is not in x; label makes classes of y" },
    { "1,2\n", OPTIONS(MOTH_TEXT("label", "a"), MOTH_FLAG("header", false)), MOTH_OPTION,
      "label 'a': t.csv is read without a header; give a number" },
    { "1,2\n", OPTIONS(MOTH_TEXT("delimiter", ", ")), MOTH_OPTION,
        "delimiter must be one byte, neither a quote nor a line's end, got ', '" },
    { "1,2\n", OPTIONS(MOTH_TEXT("sep", ";")), MOTH_OPTION,
      "no option 'sep'; here it is 'delimiter' (options: target label features header skip delimiter missing text classes dtype)" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    moth_dataset *data = NULL;
    snprintf(text, sizeof text, "csv: %s", cases[i].text);
    assert_fails(m, read_text(m, cases[i].file, cases[i].options, &data), cases[i].status, text);
    assert_null(data);
  }
  support_close(m, &allocator);
}

static void positions_count_from_the_base(void **state) {
  (void)state;
  moth *m = open_base(NULL, 0);
  moth_dataset *data = NULL;
  assert_fails(m, read_text(m, "1,2\n3,x\n", NULL, &data), MOTH_FORMAT,
               "csv: t.csv line 2, column 1: 'x' is not a number\n"
                 "  { missing = { \"x\" } } reads it as nan; { text = { 1 } } makes it classes");
  assert_fails(m, read_text(m, "1,2\n", OPTIONS(MOTH_INT("label", 2)), &data), MOTH_INDEX,
      "csv: label 2: columns of t.csv are 0..1 or -2..-1");
  data = set_of(m, "1,2\n", OPTIONS(MOTH_INT("label", 0)));
  assert_column(m, data, "x", 2);
  moth_release(data);
  support_close(m, NULL);
}

static void files_packed_or_not(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  support_folder folder = support_folder_make();
  char path[1024], expected[2048];
  static const char text[] = "a,b\n1,2\n3,4\n";
  size_t packed;
  unsigned char *bytes = pack(text, sizeof text - 1, &packed);
  moth_dataset *data = NULL;
  support_write_file(support_path(&folder, "t.csv", path), text, sizeof text - 1);
  assert_ok(m, moth_read(m, "csv", path, NULL, &data));
  assert_column(m, data, "x", 1, 2, 3, 4);
  moth_release(data);
  support_write_file(support_path(&folder, "t.csv.gz", path), bytes, packed);
  assert_ok(m, moth_read(m, "csv", path, NULL, &data));
  assert_column(m, data, "x", 1, 2, 3, 4);
  moth_release(data);
  data = NULL;
  for (size_t size = 0; size < packed; size++) {
    support_write_file(path, bytes, size);
    assert_status(m, moth_read(m, "csv", path, NULL, &data), MOTH_FORMAT);
    snprintf(expected, sizeof expected, "csv: %s: the gzip data is cut short after ", path);
    assert_true(strncmp(moth_message(m), expected, strlen(expected)) == 0);
    assert_null(data);
  }
  free(bytes);
  snprintf(expected, sizeof expected, "csv: cannot open '%s/t.cvs': No such file or directory\n  did you mean '%s/t.csv'?", folder.path,
      folder.path);
  assert_fails(m, moth_read(m, "csv", support_path(&folder, "t.cvs", path), NULL, &data), MOTH_FILE, expected);
  assert_fails(m, moth_read(m, "cvs", path, NULL, &data), MOTH_OPTION, "read: no reader 'cvs'; did you mean 'csv'? (csv idx)");
  assert_fails(m, moth_read(m, "parquet", path, NULL, &data), MOTH_OPTION, "read: no reader 'parquet' (csv idx)");
  support_folder_remove(&folder);
  support_close(m, &allocator);
}

static void the_host_s_locale_does_not_matter(void **state) {
  (void)state;
  const char *before = setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
  moth *m = open_base_1(NULL);
  moth_dataset *data = set_of(m, "1.5;2,5x\n", OPTIONS(MOTH_TEXT("delimiter", ";"), MOTH_INT("label", 2)));
  assert_column(m, data, "x", 1.5);
  moth_release(data);
  data = NULL;
  assert_status(m, read_text(m, "1;2,5\n", OPTIONS(MOTH_TEXT("delimiter", ";"), MOTH_FLAG("header", false)), &data), MOTH_FORMAT);
  support_close(m, NULL);
  if (before) setlocale(LC_ALL, "C");
}

static void can_be_cancelled(void **state) {
  (void)state;
  moth *m = open_base_1(NULL);
  moth_dataset *data = NULL;
  moth_cancel(m);
  assert_fails(m, read_text(m, "1,2\n", NULL, &data), MOTH_CANCELLED, "csv: cancelled");
  support_close(m, NULL);
}

static moth_status read_all_kinds(moth *m, void *options) {
  moth_dataset *data = NULL, *again = NULL;
  static const char text[] = "c,n,k\nred,1,yes\nblue,2,no\ngreen,3,no\nviolet,4,no\nv,4,no\nw,4,no\nx,4,no\ny,4,maybe\nz,9,no\n";
  moth_status status = read_text(m, text, options, &data);
  if (!status) {
    moth_option same[] = { MOTH_TEXT("label", "k"), TEXTS("text", "c"), MOTH_OBJECT("classes", data), MOTH_END };
    status = read_text(m, text, same, &again);
  }
  moth_release(data), moth_release(again);
  return status;
}
static void survives_each_failing_allocation(void **state) {
  (void)state;
  moth_option options[] = { MOTH_TEXT("label", "k"), TEXTS("text", "c"), TEXTS("missing", "?"), MOTH_END };
  assert_true(support_fail_each_in(open_base_1, read_all_kinds, options) > 30);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_columns_are_x),
    cmocka_unit_test(labels_become_classes),
    cmocka_unit_test(numeric_labels_are_ordered_by_value),
    cmocka_unit_test(targets_and_features_by_name_and_number),
    cmocka_unit_test(a_header_is_found),
    cmocka_unit_test(a_header_alone_is_a_set_of_no_rows),
    cmocka_unit_test(missing_cells_are_nan),
    cmocka_unit_test(words_become_classes_alike_in_two_files),
    cmocka_unit_test(says_what_is_wrong),
    cmocka_unit_test(says_which_option_is_wrong),
    cmocka_unit_test(positions_count_from_the_base),
    cmocka_unit_test(files_packed_or_not),
    cmocka_unit_test(the_host_s_locale_does_not_matter),
    cmocka_unit_test(can_be_cancelled),
    cmocka_unit_test(survives_each_failing_allocation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
