/* Components: found and answered by name, written as scripts write them, and the rows that hosts add. */
#include "option_rows.h"

/* ---- Components by name ---- */

static void unknown_components_are_answered_by_name(void **state) {
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_TEXT(NULL, "rleu")),
                 "dense: no activation 'rleu'; did you mean 'relu'? (linear relu leaky_relu softmax)");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_TEXT(NULL, "cubic")),
                 "dense: no activation 'cubic' (linear relu leaky_relu softmax)");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_TEXT(NULL, "rectifier")),
                 "dense: no activation 'rectifier'; here it is 'relu'");
  assert_refused(M, MOTH_LAYER, "dens", NULL, "no layer 'dens'; did you mean 'dense'? (dense dropout reshape flatten)");
  assert_refused(M, MOTH_LAYER, "Linear", NULL, "no layer 'Linear'; here it is 'dense'");
  assert_refused(M, MOTH_SCHEDULE, "cosine", NULL, "no schedule 'cosine'");
  options read;
  assert_fails(M, options_read(M, "train", &train_row, LIST(MOTH_TEXT("loss", "categorical_crossentropy")), &read), MOTH_OPTION,
               "train: no loss 'categorical_crossentropy'; here it is 'cross_entropy'");
  const char *const metrics[] = { "accuracy", "acuracy" };
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_TEXTS("metrics", 2, metrics)), &read), MOTH_OPTION,
               "train: no loss or metric 'acuracy'; did you mean 'accuracy'? (cross_entropy accuracy)");
  moth_part *part = NULL;
  assert_fails(M, moth_part_create(M, MOTH_FUNCTION, "train", NULL, &part), MOTH_OPTION, "a function makes no component, got 'train'");
  assert_fails(M, moth_part_create(M, MOTH_READER, "csv", NULL, &part), MOTH_OPTION, "a reader makes no component, got 'csv'");
  assert_status(M, moth_part_create(M, MOTH_PART_KINDS, "csv", NULL, &part), MOTH_MISUSE);
  assert_status(M, moth_part_create(M, MOTH_LAYER, NULL, NULL, &part), MOTH_MISUSE);
  assert_int_equal(moth_part_create(NULL, MOTH_LAYER, "dense", NULL, &part), MOTH_MISUSE);
}

static void lists_of_components_take_parts_names_and_false(void **state) {
  moth_part *dense = make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3))), *adam = make(M, MOTH_OPTIMIZER, "adam", NULL);
  options read;
  assert_ok(M, options_read(M, NULL, &train_row,
                            LIST(MOTH_PART(NULL, dense), MOTH_FLAG(NULL, false), MOTH_TEXT(NULL, "relu"), MOTH_PART(NULL, dense)), &read));
  const moth_option *list = &read.values[TRAIN_LAYERS];
  assert_int_equal(list->kind, MOTH_OPTION_PARTS);
  assert_int_equal(list->count, 3);
  assert_ptr_equal(list->as.parts[0], dense);
  assert_string_equal(list->as.parts[1]->row->name, "relu");
  assert_ptr_equal(list->as.parts[2], dense);
  char text[128];
  options_text(&read, text, sizeof text);
  assert_string_equal(text, "dense(3), relu(), dense(3)");
  options_free(M, &read);
  assert_ok(M, options_read(M, NULL, &train_row, LIST(MOTH_PART(NULL, dense), MOTH_TEXT("metrics", "accuracy")), &read));
  assert_int_equal(read.values[TRAIN_LAYERS].count, 1);
  assert_int_equal(read.values[TRAIN_METRICS].count, 1);
  options_text(&read, text, sizeof text);
  assert_string_equal(text, "dense(3), metrics = { \"accuracy\" }");
  options_free(M, &read);
  assert_ok(M, options_read(M, NULL, &train_row, LIST(MOTH_FLAG(NULL, false)), &read));
  assert_int_equal(read.values[TRAIN_LAYERS].count, 0);
  options_free(M, &read);
  assert_fails(M, options_read(M, "net", &train_row, LIST(MOTH_PART(NULL, dense), MOTH_FLAG(NULL, false), MOTH_PART(NULL, adam)), &read),
               MOTH_OPTION, "net: entry 3 must be a layer or activation, got optimizer adam()");
  assert_fails(M, options_read(M, "net", &train_row, LIST(MOTH_INT(NULL, 4), MOTH_PART(NULL, dense)), &read), MOTH_OPTION,
               "net: entry 1 must be a layer or activation, got 4");
  assert_fails(M, options_read(M, "net", &train_row, LIST(MOTH_INT(NULL, 4)), &read), MOTH_OPTION,
               "net: layers must be a list of layer or activation components, got 4");
  moth_part *const given[] = { dense, NULL };
  assert_fails(M, options_read(M, "net", &train_row, LIST(MOTH_PARTS("layers", 2, given)), &read), MOTH_OPTION,
               "net: entry 2 must be a layer or activation, got nothing");
  moth_release(dense);
  moth_release(adam);
}

static void several_kinds_are_named_together(void **state) {
  options read;
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_TEXT("batch", "ful")), &read), MOTH_OPTION,
               "train: batch must be a whole number >= 1 or 'full', got 'ful'; did you mean 'full'?");
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_INT("net", 3)), &read), MOTH_OPTION, "train: net must be a net, got 3");
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_INT("on_epoch", 3)), &read), MOTH_OPTION,
               "train: on_epoch must be a function, got 3");
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_CALL("on_epoch", NULL, NULL, NULL)), &read), MOTH_OPTION,
               "train: on_epoch must be a function, got nothing");
  moth_generator *generator;
  assert_ok(M, moth_generator_create(M, 1, &generator));
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_OBJECT("net", generator)), &read), MOTH_OPTION,
               "train: net must be a net, got a generator");
  moth_release(generator);
  assert_ok(M, options_read(M, NULL, &train_row, LIST(MOTH_REAL("batch", 32), MOTH_REAL("sizes", 3)), &read));
  assert_int_equal(options_int(&read, TRAIN_BATCH), 32);
  assert_int_equal(options_int(&read, TRAIN_SIZES), 3); /* INT before INTS where both will do */
  options_free(M, &read);
}

static void a_part_of_another_context_is_refused(void **state) {
  moth *other = open_private(NULL);
  moth_part *relu = make(other, MOTH_ACTIVATION, "relu", NULL), *part = NULL;
  assert_fails(M, moth_part_create(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_PART("activation", relu)), &part), MOTH_MISUSE,
               "dense: activation belongs to another context");
  moth_release(relu);
  context_close(other);
}

/* ---- Writing ---- */

static void components_print_as_scripts_write_them(void **state) {
  moth_part *leaky = make(M, MOTH_ACTIVATION, "leaky_relu", LIST(MOTH_REAL(NULL, 0.2)));
  assert_text(make(M, MOTH_LAYER, "flatten", NULL), "flatten()");
  assert_text(make(M, MOTH_LAYER, "dropout", LIST(MOTH_REAL(NULL, 0.2))), "dropout(0.2)");
  assert_text(make(M, MOTH_LAYER, "dense", LIST(MOTH_INT("units", 60))), "dense(60)");
  assert_text(make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 60), MOTH_TEXT(NULL, "linear"), MOTH_FLAG("bias", true))), "dense(60)");
  assert_text(make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 10), MOTH_TEXT(NULL, "softmax"), MOTH_FLAG("bias", false),
                                                MOTH_INT("input", 3), MOTH_TEXT("origin", "x.lua:2"))),
              "dense(10, \"softmax\", bias = false)");
  assert_text(make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 8), MOTH_PART(NULL, leaky))), "dense(8, leaky_relu(0.2))");
  assert_text(make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 8), MOTH_TEXT("name", "a \"b\"\\\n"))),
              "dense(8, name = \"a \\\"b\\\"\\\\\\n\")");
  assert_text(make(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("weight_decay", 0.5), MOTH_REAL("epsilon", 1e-8))),
              "adam(weight_decay = 0.5)");
  assert_text(leaky, "leaky_relu(0.2)");
}

/* Positionals between are written though they equal their fallbacks, and one that is unset ends the run. */
static void positionals_are_written_up_to_the_last_that_differs(void **state) {
  static const moth_option_row rows[] = {
    { .key = "a", "", MOTH_OPTION_INT, 1, .fallback = MOTH_INT(NULL, 1) },
    { .key = "b", "", MOTH_OPTION_INT, 2, .fallback = MOTH_INT(NULL, 2) },
    { .key = "c", "", MOTH_OPTION_INT, 3 },
    { .key = "d", "", MOTH_OPTION_INT, 4, .fallback = MOTH_INT(NULL, 4) },
  };
  static const moth_row row = { .name = "row", .options = rows, .option_count = 4 };
  const struct { int64_t b, c, d; const char *text;
  } cases[] = {
    { 2, 0, 4, "" },           { 5, 0, 4, "1, 5" },  { 2, 3, 4, "1, 2, 3" },
    { 2, 3, 7, "1, 2, 3, 7" }, { 2, 0, 7, "d = 7" }, { 5, 0, 7, "1, 5, d = 7" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    options read;
    moth_option given[] = { MOTH_INT("b", cases[i].b), MOTH_INT("d", cases[i].d), MOTH_INT("c", cases[i].c), MOTH_END };
    if (cases[i].c == 0) given[2] = (moth_option)MOTH_END;
    assert_ok(M, options_read(M, NULL, &row, given, &read));
    char text[64];
    options_text(&read, text, sizeof text);
    assert_string_equal(text, cases[i].text);
    options_free(M, &read);
  }
}

/* ---- Catalogs ---- */

static void hosts_add_rows(void **state) {
  static const moth_row scale = { .name = "scale" }, odd = { .name = "2d" }, dense = { .name = "dense" };
  assert_ptr_equal(moth_catalog(M, MOTH_LAYER, 0), &dense_row);
  assert_null(moth_catalog(M, MOTH_LAYER, 4));
  assert_null(moth_catalog(M, MOTH_LAYER, -1));
  assert_null(moth_catalog(M, MOTH_PART_KINDS, 0));
  assert_null(moth_catalog(NULL, MOTH_LAYER, 0));
  assert_ptr_equal(moth_find(M, MOTH_OPTIMIZER, "adam"), &adam_row);
  assert_null(moth_find(M, MOTH_OPTIMIZER, "sgd"));
  assert_null(moth_find(M, MOTH_OPTIMIZER, NULL));
  assert_ok(M, catalog_register(M, MOTH_LAYER, &scale));
  assert_ptr_equal(moth_catalog(M, MOTH_LAYER, 4), &scale);
  assert_null(moth_catalog(M, MOTH_LAYER, 5));
  assert_text(make(M, MOTH_LAYER, "scale", NULL), "scale()");
  assert_fails(M, catalog_register(M, MOTH_LAYER, &scale), MOTH_OPTION, "layer: there is a layer 'scale' already");
  assert_fails(M, catalog_register(M, MOTH_LAYER, &dense), MOTH_OPTION, "layer: there is a layer 'dense' already");
  assert_ok(M, catalog_register(M, MOTH_METRIC, &dense));
  assert_fails(M, catalog_register(M, MOTH_LAYER, &odd), MOTH_OPTION, "layer: a name must be letters, digits and _, got '2d'");
  assert_string_equal(moth_part_kind_name(MOTH_INITIALIZER), "initializer");
  assert_string_equal(moth_part_kind_name(MOTH_PART_KINDS), "unknown kind");
}

int main(void) {
#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    test(unknown_components_are_answered_by_name),
    test(lists_of_components_take_parts_names_and_false),
    test(several_kinds_are_named_together),
    test(a_part_of_another_context_is_refused),
    test(components_print_as_scripts_write_them),
    test(positionals_are_written_up_to_the_last_that_differs),
    test(hosts_add_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
