/* Every catalog, walked through moth.h as the bindings do: each row can be found, told of and used wrongly; each option has its words, a
 * place and a fallback that it accepts itself. A new row is tested without a line here. */
#include "support.h"

#include <ctype.h>

typedef struct place { const moth *m; const char *row; } place; /* for what a failing assertion says */

#define expect(p, condition, ...) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s: ", (p)->row); \
      fail_msg(__VA_ARGS__); \
    } \
  } while (0)

static bool is_name(const char *name) {
  if (name == NULL || !(isalpha((unsigned char)*name) || *name == '_')) return false;
  for (; *name != 0; name++) {
    if (!(isalnum((unsigned char)*name) || *name == '_')) return false;
  }
  return true;
}

static bool has_word(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
    if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) return true;
  }
  return false;
}

/* A line for people: not empty, no blanks at its ends. */
static void check_words(const place *p, const char *what, const char *words) {
  expect(p, words != NULL && *words != 0, "no %s", what);
  expect(p, !isspace((unsigned char)*words) && !isspace((unsigned char)words[strlen(words) - 1]), "blanks around the %s '%s'", what, words);
}

/* ---- Options ------------------------------------------------------------------------------------------------------------------------- */

static bool names_a_part(const moth *m, unsigned kinds, const char *name) {
  for (moth_part_kind kind = 0; kind < MOTH_PART_KINDS; kind++) {
    if (kinds & 1u << kind && moth_find(m, kind, name) != NULL) return true;
  }
  return false;
}

static void check_number(const place *p, const moth_option_row *o, double value) {
  if (!(o->flags & MOTH_RANGED)) return;
  expect(p, o->flags & MOTH_LOW_OPEN ? value > o->low : value >= o->low, "%s: the fallback %g is below its range", o->key, value);
  expect(p, o->flags & MOTH_HIGH_OPEN ? value < o->high : value <= o->high, "%s: the fallback %g is above its range", o->key, value);
}

static void check_fallback(const place *p, const moth_option_row *o) {
  const moth_option *f = &o->fallback;
  if (f->kind == MOTH_OPTION_END) return;
  expect(p, !(o->flags & MOTH_REQUIRED), "%s is required and has a fallback", o->key);
  bool is_part = f->kind == MOTH_OPTION_TEXT && o->kinds & (MOTH_OPTION_PART | MOTH_OPTION_PARTS) && !(o->kinds & MOTH_OPTION_TEXT);
  bool is_whole = f->kind == MOTH_OPTION_INT && o->kinds & MOTH_OPTION_REAL;
  expect(p, o->kinds & (unsigned)f->kind || is_part || is_whole, "%s: the fallback has a kind that it does not take", o->key);
  if (f->kind == MOTH_OPTION_INT) check_number(p, o, (double)f->as.integer);
  if (f->kind == MOTH_OPTION_REAL) check_number(p, o, f->as.real);
  if (f->kind != MOTH_OPTION_TEXT) return;
  if (o->choices != NULL) expect(p, has_word(o->choices, f->as.text), "%s: the fallback '%s' is no choice", o->key, f->as.text);
  if (is_part) expect(p, names_a_part(p->m, o->parts, f->as.text), "%s: the fallback '%s' is no component", o->key, f->as.text);
}

static void check_schema(const place *p, const moth_row *row);

static void check_option(const place *p, const moth_option_row *o) {
  expect(p, is_name(o->key), "an option's key is no name: '%s'", o->key != NULL ? o->key : "");
  check_words(p, "doc of an option", o->doc);
  expect(p, strchr(o->doc, '\n') == NULL, "%s: its doc has more than one line", o->key);
  expect(p, o->kinds != 0 && o->kinds < 2 * MOTH_OPTION_OPTIONS, "%s takes nothing", o->key);
  if (o->flags & MOTH_RANGED) expect(p, o->low <= o->high, "%s: its range is empty", o->key);
  bool takes_parts = o->kinds & (MOTH_OPTION_PART | MOTH_OPTION_PARTS);
  expect(p, takes_parts == (o->parts != 0), "%s: which components?", o->key);
  expect(p, !(o->kinds & MOTH_OPTION_CALL) || o->call != MOTH_NO_CALL, "%s: which function?", o->key);
  expect(p, !(o->kinds & MOTH_OPTION_OBJECT) || o->object != 0, "%s: which handle?", o->key);
  if (o->kinds & MOTH_OPTION_OPTIONS) {
    expect(p, o->schema != NULL, "%s: which options?", o->key);
    check_schema(p, o->schema);
  }
  check_fallback(p, o);
}

static void check_positions(const place *p, const moth_row *row) {
  int last = 0, found = 0;
  for (int i = 0; i < row->option_count; i++) last = row->options[i].position > last ? row->options[i].position : last;
  for (int i = 0; i < row->option_count; i++) {
    const moth_option_row *o = &row->options[i];
    expect(p, o->position >= 0, "%s stands at %d", o->key, o->position);
    found += o->position > 0;
    for (int j = 0; j < i; j++) {
      expect(p, strcmp(o->key, row->options[j].key) != 0, "two options are called %s", o->key);
      expect(p, o->position == 0 || o->position != row->options[j].position, "%s and %s stand at one place", o->key, row->options[j].key);
    }
    if (o->flags & MOTH_REST) expect(p, o->position == last, "%s takes the rest and is not the last", o->key);
    if (o->foreign == NULL) continue;
    for (int j = 0; j < row->option_count; j++) {
      expect(p, !has_word(o->foreign, row->options[j].key), "%s: '%s' is no foreign name here", o->key, row->options[j].key);
    }
  }
  expect(p, found == last, "positions leave a gap");
}

static void check_schema(const place *p, const moth_row *row) {
  expect(p, row->option_count >= 0 && (row->option_count == 0 || row->options != NULL), "no options");
  for (int i = 0; i < row->option_count; i++) check_option(p, &row->options[i]);
  check_positions(p, row);
}

/* ---- Rows ---------------------------------------------------------------------------------------------------------------------------- */

static void check_row(const place *p, const moth_row *row) {
  expect(p, is_name(row->name), "its name is none");
  check_words(p, "doc", row->doc);
  check_words(p, "example", row->example);
  expect(p, strstr(row->example, row->name) != NULL || row->name[strlen(row->name) - 1] == '_', "the example does not show it: %s",
         row->example);
  expect(p, strchr(row->example, '\n') == NULL, "the example has more than one line");
  check_schema(p, row);
}

static void every_row_is_whole(void **state) {
  moth *m = support_open(NULL);
  for (moth_part_kind kind = 0; kind < MOTH_PART_KINDS; kind++) {
    assert_true(is_name(moth_part_kind_name(kind)));
    int count = 0;
    for (const moth_row *row; (row = moth_catalog(m, kind, count)) != NULL; count++) {
      char name[128];
      snprintf(name, sizeof name, "%s %s", moth_part_kind_name(kind), row->name != NULL ? row->name : "?");
      const place p = { m, name };
      check_row(&p, row);
      expect(&p, moth_find(m, kind, row->name) == row, "it is not found by its name");
      for (int i = 0; i < count; i++) {
        const moth_row *other = moth_catalog(m, kind, i);
        bool clashes = (row->foreign != NULL && has_word(row->foreign, other->name)) ||
                       (other->foreign != NULL && has_word(other->foreign, row->name));
        expect(&p, !clashes, "a foreign name of one is the name of the other: %s", other->name);
      }
    }
    assert_true(count > 0);
    assert_null(moth_catalog(m, kind, count + 1));
    assert_null(moth_catalog(m, kind, -1));
    assert_null(moth_find(m, kind, "no_such_row"));
    assert_null(moth_find(m, kind, NULL));
  }
  assert_null(moth_catalog(m, MOTH_PART_KINDS, 0));
  assert_null(moth_catalog(NULL, MOTH_LAYER, 0));
  assert_null(moth_find(NULL, MOTH_LAYER, "dense"));
  moth_close(m);
}

static void every_operation_is_whole(void **state) {
  moth *m = support_open(NULL);
  int count = 0;
  for (const moth_operation *op; (op = moth_operation_at(m, count)) != NULL; count++) {
    const place p = { m, op->row.name != NULL ? op->row.name : "?" };
    check_row(&p, &op->row);
    expect(&p, moth_operation_find(m, op->row.name) == op, "it is not found by its name");
    expect(&p, op->inputs >= 0 && op->inputs <= MOTH_MAX_INPUTS && op->optional >= 0 && op->optional <= op->inputs, "its inputs");
    expect(&p, op->results >= 0 && op->results <= MOTH_MAX_RESULTS, "its results");
    bool is_method = op->flags & MOTH_METHOD, creates = op->flags & MOTH_CREATES;
    expect(&p, is_method || creates, "neither a method nor a function");
    expect(&p, !is_method || op->inputs > 0 || op->flags & MOTH_LIST, "a method of nothing");
    expect(&p, op->inputs == 0 || (op->dtypes != 0 && op->dtypes < 1u << MOTH_DTYPES), "no dtype");
    bool ends = op->row.name[strlen(op->row.name) - 1] == '_';
    expect(&p, ends == ((op->flags & MOTH_ONLY_TWIN) != 0), "its name must say that it works in place, and no other");
    expect(&p, !(op->flags & MOTH_TWIN && op->flags & MOTH_ONLY_TWIN), "a twin of itself");
    bool has_dtype = false;
    for (int i = 0; i < op->row.option_count; i++) has_dtype |= strcmp(op->row.options[i].key, "dtype") == 0;
    expect(&p, !(op->flags & MOTH_OF_DEFAULT) || (creates && has_dtype), "the default dtype without a choice of one");
  }
  assert_true(count > 80);
  assert_null(moth_operation_at(m, -1));
  assert_null(moth_operation_at(NULL, 0));
  assert_null(moth_operation_find(m, "no_such_operation"));
  assert_null(moth_operation_find(m, NULL));
  moth_close(m);
}

/* ---- Wrong use, by the row alone ----------------------------------------------------------------------------------------------------- */

static bool makes_parts(moth_part_kind kind) { return kind != MOTH_FUNCTION && kind != MOTH_READER; }

static void every_component_refuses_what_it_does_not_know(void **state) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  for (moth_part_kind kind = 0; kind < MOTH_PART_KINDS; kind++) {
    for (int i = 0; makes_parts(kind) && moth_catalog(m, kind, i) != NULL; i++) {
      const moth_row *row = moth_catalog(m, kind, i);
      const place p = { m, row->name };
      moth_part *part = NULL;
      char begins[128], misspelt[64];
      snprintf(begins, sizeof begins, "%s: no option 'qqqqqq'", row->name);
      assert_status(m, moth_part_create(m, kind, row->name, (moth_option[]){ MOTH_INT("qqqqqq", 1), MOTH_END }, &part), MOTH_OPTION);
      expect(&p, strncmp(moth_message(m), begins, strlen(begins)) == 0, "it says '%s'", moth_message(m));
      snprintf(misspelt, sizeof misspelt, "%sq", row->name);
      assert_status(m, moth_part_create(m, kind, misspelt, NULL, &part), MOTH_OPTION);
      expect(&p, strstr(moth_message(m), misspelt) != NULL && strstr(moth_message(m), row->name) != NULL, "'%s'", moth_message(m));
      assert_null(part);
    }
  }
  support_close(m, &allocator);
}

/* One option of a wrong kind, or just outside its range, is refused by name before anything else is missing. */
static void check_refused(moth *m, moth_part_kind kind, const moth_row *row, moth_option given) {
  const place p = { m, row->name };
  moth_part *part = NULL;
  moth_status status = moth_part_create(m, kind, row->name, (moth_option[]){ given, MOTH_END }, &part);
  expect(&p, status == MOTH_OPTION, "%s is taken: %s", given.key, moth_status_name(status));
  expect(&p, strstr(moth_message(m), given.key) != NULL, "'%s' does not name %s", moth_message(m), given.key);
  assert_null(part);
}

static void every_option_refuses_what_it_does_not_take(void **state) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  int ranged = 0;
  for (moth_part_kind kind = 0; kind < MOTH_PART_KINDS; kind++) {
    for (int i = 0; makes_parts(kind) && moth_catalog(m, kind, i) != NULL; i++) {
      const moth_row *row = moth_catalog(m, kind, i);
      for (int j = 0; j < row->option_count; j++) {
        const moth_option_row *o = &row->options[j];
        if (!(o->kinds & MOTH_OPTION_FLAG)) check_refused(m, kind, row, (moth_option)MOTH_FLAG(o->key, true));
        if (o->choices != NULL) check_refused(m, kind, row, (moth_option)MOTH_TEXT(o->key, "qqqqqq"));
        if (!(o->flags & MOTH_RANGED) || !(o->kinds & (MOTH_OPTION_REAL | MOTH_OPTION_INT))) continue;
        ranged++;
        if (o->low > -1e300) check_refused(m, kind, row, (moth_option)MOTH_REAL(o->key, o->flags & MOTH_LOW_OPEN ? o->low : o->low - 1));
        if (o->high < 1e18) check_refused(m, kind, row, (moth_option)MOTH_REAL(o->key, o->flags & MOTH_HIGH_OPEN ? o->high : o->high + 1));
        check_refused(m, kind, row, (moth_option)MOTH_REAL(o->key, 0.0 / 0.0));
      }
    }
  }
  assert_true(ranged > 10);
  support_close(m, &allocator);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_row_is_whole),
    cmocka_unit_test(every_operation_is_whole),
    cmocka_unit_test(every_component_refuses_what_it_does_not_know),
    cmocka_unit_test(every_option_refuses_what_it_does_not_take),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
