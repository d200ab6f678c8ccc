/* Numbers and words for people, in any locale. */
#include "support.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>

#include "core/random.h"
#include "core/text.h"

static void assert_number(double value, const char *expected) {
  char text[40];
  assert_int_equal(text_number(text, sizeof text, value), strlen(expected));
  assert_string_equal(text, expected);
}

static void numbers_print_as_short_as_they_can(void **state) {
  (void)state;
  assert_number(0.1, "0.1");
  assert_number(1e-8, "1e-08");
  assert_number(-0.001, "-0.001");
  assert_number(2.5, "2.5");
  assert_number(20, "20");
  assert_number(0, "0");
  assert_number(-0.0, "-0");
  assert_number(1.0 / 3, "0.3333333333333333");
  assert_number(0.1 + 0.2, "0.30000000000000004");
  assert_number(NAN, "nan");
  assert_number(-NAN, "nan");
  assert_number(INFINITY, "inf");
  assert_number(-INFINITY, "-inf");
  assert_number(5e-324, "5e-324");
  assert_number(2.2250738585072011e-308, "2.225073858507201e-308");
}

static bool parse(const char *text, double *value) { return text_parse_number(text, strlen(text), value); }

static void numbers_are_read_as_c_does(void **state) {
  (void)state;
  double value;
  const char *good[] = { "0", "1", "-1", "+1.5", ".5", "5.", " 2 ", "1e3", "1E-3", "1e+3", "-.5e-2", "0.1", "9007199254740993",
                         "123456789012345678901234567890", "1e400", "-1e400", "1e-400", "4.9e-324", "2.2250738585072011e-308",
                         "0.000000000000000000000000000000000001", "1e22", "1e23", "8.5e22", "00012.50", "0e99999999999999999999",
                         "1e-99999999999999999999", "\t7\r\n", "179769313486231570814527423731704356798070567525844996598917476803157260780"
                         "028538760589558632766878171540458953514382464234321326889464182768467546703537516986049910576551282076245490090"
                         "389328944075868508455133942304583236903222948165808559332123347974826204144723168738177180919299881250404026184"
                         "124858368" };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_true(parse(good[i], &value));
    double expected = strtod(good[i], NULL);
    assert_memory_equal(&value, &expected, sizeof value);
  }
  assert_true(parse("inf", &value) && value == INFINITY);
  assert_true(parse("-Infinity", &value) && value == -INFINITY);
  assert_true(parse("NaN", &value) && isnan(value));
}

static void what_is_no_number_is_refused(void **state) {
  (void)state;
  double value = 42;
  const char *bad[] = { "",  " ",   "n/a",   "1,5", "1 2",      "0x10",   "1e",  "1e+",   "e5", ".",
                        "-", "+-1", "1.2.3", "12a", "infinite", "nan(1)", "--1", "1e5.5", "１" };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(parse(bad[i], &value));
  assert_false(text_parse_number("1\0", 2, &value));
  assert_true(value == 42);
}

/* Any double printed with 17 digits, and any random decimal, reads back as libc has it. */
static void numbers_read_back(void **state) {
  (void)state;
  random_source source = { .seed = 11 };
  for (int i = 0; i < 100000; i++) {
    uint64_t bits = random_key(&source);
    double expected, value;
    char text[64];
    memcpy(&expected, &bits, sizeof expected);
    if (!isfinite(expected)) continue;
    text_number(text, sizeof text, expected);
    assert_true(parse(text, &value));
    assert_memory_equal(&value, &expected, sizeof value);
    int64_t digits = (int64_t)(bits >> 12) % 10000000000000000;
    snprintf(text, sizeof text, "%lld.%llde%d", (long long)(digits / 1000), (long long)(digits % 1000), (int)(bits % 50) - 25);
    expected = strtod(text, NULL);
    assert_true(parse(text, &value));
    assert_memory_equal(&value, &expected, sizeof value);
  }
}

/* 2^-1 + 2^-54 is halfway between two doubles: only a digit far beyond decides. */
static void a_digit_far_out_decides(void **state) {
  (void)state;
  double value;
  char text[2000] = "0.5000000000000000555111512312578270211815834045410156250";
  assert_true(parse(text, &value) && value == 0.5);
  size_t length = strlen(text);
  memset(text + length, '0', 1500);
  memcpy(text + length + 1500, "1", 2);
  assert_true(parse(text, &value) && value == nextafter(0.5, 1));
}

static void whole_numbers_are_read(void **state) {
  (void)state;
  int64_t value = 0;
  assert_true(text_parse_integer(" -12 ", 5, &value) && value == -12);
  assert_true(text_parse_integer("9223372036854775807", 19, &value) && value == INT64_MAX);
  assert_true(text_parse_integer("-9223372036854775808", 20, &value) && value == INT64_MIN);
  assert_false(text_parse_integer("9223372036854775808", 19, &value));
  assert_false(text_parse_integer("-9223372036854775809", 20, &value));
  assert_false(text_parse_integer("1.0", 3, &value));
  assert_false(text_parse_integer("-", 1, &value));
  assert_false(text_parse_integer("", 0, &value));
}

/* ---- Locales ---- */

/* Of AddressSanitizer, where it is linked. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* A locale with a decimal comma: an installed one, or one made with localedef; NULL where neither can be had. */
static locale_t comma_locale(const support_folder *folder) {
  const char *names[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "nl_NL.UTF-8", "ru_RU.UTF-8" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    locale_t found = newlocale(LC_ALL_MASK, names[i], (locale_t)0);
    if (found != (locale_t)0) return found;
  }
  const char *preloaded = getenv("LD_PRELOAD");
  if (preloaded != NULL && strstr(preloaded, "vgpreload") != NULL) return (locale_t)0; /* glibc leaks its copy of LOCPATH */
  char command[1200];
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", folder->path);
  if (system(command) != 0) return (locale_t)0;
  setenv("LOCPATH", folder->path, 1);
  if (__lsan_disable != NULL) __lsan_disable();
  locale_t made = newlocale(LC_ALL_MASK, "de_DE.UTF-8", (locale_t)0);
  if (__lsan_enable != NULL) __lsan_enable();
  unsetenv("LOCPATH");
  return made;
}

static void the_locale_changes_nothing(void **state) {
  (void)state;
  support_folder folder = support_folder_make();
  locale_t comma = comma_locale(&folder);
  if (comma == (locale_t)0) {
    support_folder_remove(&folder);
    print_message("no locale with a decimal comma here\n");
    skip();
  }
  locale_t before = uselocale(comma);
  char text[64], plain[64];
  double value = 0, wrong = 0;
  snprintf(plain, sizeof plain, "%.1f", 1.5);
  text_format(text, sizeof text, "%.1f and %g", 1.5, 1e-3);
  bool fast = text_parse_number("2.5", 3, &value), slow = text_parse_number("1.2345678901234567890e-30", 25, &wrong);
  char number[40];
  text_number(number, sizeof number, 0.1 + 0.2);
  bool is_kept = uselocale((locale_t)0) == comma;
  uselocale(before);
  freelocale(comma);
  support_folder_remove(&folder);
  assert_string_equal(plain, "1,5"); /* the locale is what it should be */
  assert_string_equal(text, "1.5 and 0.001");
  assert_string_equal(number, "0.30000000000000004");
  assert_true(fast && value == 2.5);
  assert_true(slow && wrong == 1.2345678901234567890e-30);
  assert_true(is_kept);
}

/* ---- Words ---- */

static void distances_count_edits(void **state) {
  (void)state;
  assert_int_equal(text_distance("relu", "relu"), 0);
  assert_int_equal(text_distance("rleu", "relu"), 1); /* neighbours swapped */
  assert_int_equal(text_distance("relu", "rel"), 1);
  assert_int_equal(text_distance("", "abc"), 3);
  assert_int_equal(text_distance("kitten", "sitting"), 3);
  assert_int_equal(text_distance("ca", "abc"), 3); /* restricted: no edit inside a swapped pair */
  char much[80];
  memset(much, 'x', sizeof much - 1);
  much[sizeof much - 1] = 0;
  assert_int_equal(text_distance(much, "x"), INT_MAX);
  assert_int_equal(text_distance(much, much), 0);
}

static const char *word_at(const void *list, int index) { return ((const char *const *)list)[index]; }

static void the_nearest_word_is_found(void **state) {
  (void)state;
  const char *words[] = { "linear", "sigmoid", "tanh", "relu", "elu", "selu", "lr", "p", NULL };
  assert_string_equal(text_nearest("rleu", word_at, words), "relu");
  assert_string_equal(text_nearest("Lr", word_at, words), "lr");
  assert_string_equal(text_nearest("SIGMOID", word_at, words), "sigmoid");
  assert_string_equal(text_nearest("tahn", word_at, words), "tanh");
  assert_null(text_nearest("softmax", word_at, words));
  assert_null(text_nearest("x", word_at, words)); /* one edit makes any letter of any other */
  assert_null(text_nearest("rl", word_at, words)); /* and of two letters nearly any other two */
  assert_string_equal(text_nearest("LR", word_at, words), "lr");
  assert_string_equal(text_nearest("lrr", word_at, words), "lr");
  assert_string_equal(text_nearest("eluu", word_at, words), "elu");
  assert_null(text_nearest("rexx", word_at, words)); /* two edits from five letters on */
  assert_string_equal(text_nearest("lienr", word_at, words), "linear");
  assert_null(text_nearest("", word_at, words));
  const char *none[] = { NULL };
  assert_null(text_nearest("relu", word_at, none));
}

static void lists_hold_whole_words(void **state) {
  (void)state;
  assert_true(text_list_has("learning_rate alpha  step", "alpha"));
  assert_true(text_list_has("learning_rate alpha step", "step"));
  assert_false(text_list_has("learning_rate alpha", "learning"));
  assert_false(text_list_has("learning_rate", "rate"));
  assert_false(text_list_has("a b", ""));
  assert_false(text_list_has(NULL, "a"));
}

static void sizes_and_counts_are_for_people(void **state) {
  (void)state;
  char text[40];
  const struct { double bytes; const char *text; } sizes[] = {
    { 0, "0 bytes" }, { 1, "1 byte" }, { 120, "120 bytes" }, { 38440, "37.5 KiB" }, { 320e9, "298 GiB" }, { 8589934592.0, "8 GiB" },
    { 1023.6 * 1024, "1 MiB" }, { 1e6 * 1024, "977 MiB" }, { 99.97 * 1024, "100 KiB" }, { 1.8446744073709552e19, "16 EiB" },
  };
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    text_bytes(text, sizeof text, sizes[i].bytes);
    assert_string_equal(text, sizes[i].text);
  }
  const struct { int64_t count; const char *text;
  } counts[] = {
    { 0, "0" },          { 999, "999" },
    { 9610, "9,610" },   { 1234567, "1,234,567" },
    { -1000, "-1,000" }, { INT64_MIN, "-9,223,372,036,854,775,808" },
  };
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    text_count(text, sizeof text, counts[i].count);
    assert_string_equal(text, counts[i].text);
  }
}

/* ---- Texts that grow ---- */

static moth_status build_text(moth *m, void *data) {
  text_buffer text;
  text_buffer_open(&text, m);
  for (int i = 0; i < 100; i++) text_buffer_add(&text, "%d,", i);
  text_buffer_bytes(&text, "end", 3);
  moth_status status = text.failed ? m->status : MOTH_OK;
  if (status == MOTH_OK) {
    assert_int_equal(text.length, 293);
    assert_string_equal(text.bytes + 286, "98,99,end" + 2);
    ++*(int *)data;
  }
  text_buffer_close(&text);
  return status;
}

static moth *open_bare(support_allocator *allocator) { return support_open_bare(allocator, NULL); }

static void texts_grow_or_fail_as_a_whole(void **state) {
  (void)state;
  int built = 0;
  assert_true(support_fail_each_in(open_bare, build_text, &built) >= 6);
  assert_int_equal(built, 1);
}

static void lines_are_cut_and_count_on(void **state) {
  (void)state;
  char room[8];
  text_line line = { room, sizeof room, 0 };
  text_line_add(&line, "%s", "abc");
  text_line_add(&line, "%s", "defghi");
  text_line_add(&line, "%s", "jkl");
  assert_string_equal(room, "abcdefg");
  assert_int_equal(line.length, 12);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_print_as_short_as_they_can),
    cmocka_unit_test(numbers_are_read_as_c_does),
    cmocka_unit_test(what_is_no_number_is_refused),
    cmocka_unit_test(numbers_read_back),
    cmocka_unit_test(a_digit_far_out_decides),
    cmocka_unit_test(whole_numbers_are_read),
    cmocka_unit_test(the_locale_changes_nothing),
    cmocka_unit_test(distances_count_edits),
    cmocka_unit_test(the_nearest_word_is_found),
    cmocka_unit_test(lists_hold_whole_words),
    cmocka_unit_test(sizes_and_counts_are_for_people),
    cmocka_unit_test(texts_grow_or_fail_as_a_whole),
    cmocka_unit_test(lines_are_cut_and_count_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
