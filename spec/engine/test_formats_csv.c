/* CSV cell by cell: RFC 4180's rules, line ends, blank lines, and what is refused. */
#include "data_support.h"

/* All rows as text: cells in [], rows on lines that begin with the file's line; or the message. */
static char *table_in(moth *m, const char *bytes, size_t size, char delimiter, int64_t skip) {
  static char out[4096];
  stream from;
  csv_reader csv;
  size_t length = 0;
  bool more = true;
  stream_open_bytes(m, "csv", "t.csv", bytes, size, &from);
  moth_status status = csv_open(&from, delimiter, skip, &csv);
  out[0] = 0;
  while (!status && more) {
    status = csv_next(&csv, &more);
    if (status || !more) break;
    length += (size_t)snprintf(out + length, sizeof out - length, "%s%d", length ? " " : "", (int)csv.row_line);
    for (int64_t i = 0; i < csv.count; i++) {
      assert_int_equal(strlen(csv_text(&csv, i)), csv.cells[i].length);
      length += (size_t)snprintf(out + length, sizeof out - length, csv.cells[i].quoted ? "<%s>" : "[%s]", csv_text(&csv, i));
    }
  }
  csv_close(&csv);
  if (status) snprintf(out, sizeof out, "%s", moth_message(m));
  stream_close(&from, false);
  return out;
}
#define table(m, text) table_in((m), (text), sizeof(text) - 1, ',', 0)

static void reads_cells(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  assert_string_equal(table(m, "a,b\n1,2\n"), "1[a][b] 2[1][2]");
  assert_string_equal(table(m, "a,b\n1,2"), "1[a][b] 2[1][2]");
  assert_string_equal(table(m, "a,b\r\n1,2\r\n"), "1[a][b] 2[1][2]");
  assert_string_equal(table(m, "a,b\r1,2\r"), "1[a][b] 2[1][2]");
  assert_string_equal(table(m, ",\n,\n"), "1[][] 2[][]");
  assert_string_equal(table(m, "a,"), "1[a][]");
  assert_string_equal(table(m, " a , b\n"), "1[ a ][ b]");
  assert_string_equal(table(m, ""), "");
  assert_string_equal(table(m, "\n"), "");
  assert_string_equal(table_in(m, "a;b\n", 4, ';', 0), "1[a][b]");
  assert_string_equal(table_in(m, "a\tb,c\n", 6, '\t', 0), "1[a][b,c]");
  support_close(m, &allocator);
}

static void reads_quotes(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  assert_string_equal(table(m, "\"a\",\"b,c\"\n"), "1<a><b,c>");
  assert_string_equal(table(m, "\"say \"\"hi\"\"\",\"\"\"\"\n"), "1<say \"hi\"><\">");
  assert_string_equal(table(m, "\"\",x"), "1<>[x]");
  assert_string_equal(table(m, "\"\"\n"), "1<>");
  assert_string_equal(table(m, "\"a\nb\",1\n\"c\r\nd\",2\n\"e\rf\",3\nx,4"), "1<a\nb>[1] 3<c\r\nd>[2] 5<e\rf>[3] 7[x][4]");
  support_close(m, &allocator);
}

static void passes_over_blank_lines_skipped_lines_and_a_mark(void **state) {
  (void)state;
  moth *m = support_open(NULL);
  assert_string_equal(table(m, "\n\na,b\n  \n\r\n1,2\n\n"), "3[a][b] 6[1][2]");
  assert_string_equal(table(m, "\xef\xbb\xbf" "a,b\n"), "1[a][b]");
  assert_string_equal(table(m, "\xef\xbb\xbf"), "");
  assert_string_equal(table_in(m, "x\"\ny\r\na,b\n", 10, ',', 2), "3[a][b]");
  assert_string_equal(table_in(m, "x\n", 2, ',', 5), "");
  assert_string_equal(table_in(m, "x\n\n\ny", 5, ',', 1), "4[y]");
  support_close(m, NULL);
}

static void says_what_is_wrong(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_base_1(&allocator);
  assert_string_equal(table(m, "a,b\n1,2\n3\n"), "csv: t.csv line 3 has 1 field, line 1 has 2");
  assert_string_equal(table(m, "150,4,x\n1,2\n"), "csv: t.csv line 2 has 2 fields, line 1 has 3\n  { skip = 1 } leaves line 1 out");
  assert_string_equal(table_in(m, "#\n\n150,4,x\n1,2\n", 15, ',', 1),
                      "csv: t.csv line 4 has 2 fields, line 3 has 3\n  { skip = 3 } leaves line 3 out");
  assert_string_equal(table(m, "a,b\nc,\"d\ne,f\n"), "csv: t.csv line 2, column 2: the quote is never closed");
  assert_string_equal(table(m, "a,\""), "csv: t.csv line 1, column 2: the quote is never closed");
  assert_string_equal(table(m, "a,b\"c\n"), "csv: t.csv line 1, column 2: a quote inside a cell that does not begin with one");
  assert_string_equal(table(m, "a, \"c\"\n"), "csv: t.csv line 1, column 2: a quote inside a cell that does not begin with one");
  assert_string_equal(table(m, "\"a\nb\"c\n"), "csv: t.csv line 2, column 1: text after the closing quote; a quote inside is written \"\"");
  assert_string_equal(table(m, "a,b\nc\0d,e"), "csv: t.csv line 2, column 1: a byte 0; is this a text file?");
  assert_string_equal(table(m, "\"a\0\""), "csv: t.csv line 1, column 1: a byte 0; is this a text file?");
  assert_string_equal(table(m, "\xff\xfe" "a\0,\0"), "csv: t.csv is UTF-16; save it as UTF-8");
  support_close(m, &allocator);
}

/* The input comes in pieces of 64 KiB; cells, quotes and line ends may lie across. */
static void reads_across_pieces(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  static const char tail[] = ",\"q\"\"r\r\ns\"\r\nb,c\r\n";
  for (size_t before = 65536 - sizeof tail; before <= 65536; before++) {
    char *bytes = malloc(before + sizeof tail);
    memset(bytes, 'x', before);
    memcpy(bytes + before, tail, sizeof tail);
    stream from;
    csv_reader csv;
    bool more = false;
    stream_open_bytes(m, "csv", "t.csv", bytes, before + sizeof tail - 1, &from);
    assert_ok(m, csv_open(&from, ',', 0, &csv));
    assert_ok(m, csv_next(&csv, &more));
    assert_int_equal(csv.cells[0].length, before);
    assert_string_equal(csv_text(&csv, 1), "q\"r\r\ns");
    assert_ok(m, csv_next(&csv, &more));
    assert_int_equal(csv.row_line, 3);
    assert_string_equal(csv_text(&csv, 1), "c");
    assert_ok(m, csv_next(&csv, &more));
    assert_false(more);
    csv_close(&csv);
    stream_close(&from, false);
    free(bytes);
  }
  support_close(m, &allocator);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_cells),
    cmocka_unit_test(reads_quotes),
    cmocka_unit_test(passes_over_blank_lines_skipped_lines_and_a_mark),
    cmocka_unit_test(says_what_is_wrong),
    cmocka_unit_test(reads_across_pieces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
