/* Options: read by a schema, nested, with calls, changed, compared, and what a failing allocator leaves of them. */
#include "option_rows.h"

#include "core/option.h"

/* ---- Reading ---- */

static void values_come_in_the_schemas_order(void **state) {
  moth_part *part = make(M, MOTH_LAYER, "dense", LIST(MOTH_FLAG("bias", false), MOTH_INT(NULL, 128), MOTH_TEXT(NULL, "relu")));
  assert_int_equal(moth_part_kind_of(part), MOTH_LAYER);
  assert_ptr_equal(moth_part_row(part), &dense_row);
  const options *o = &part->options;
  assert_int_equal(options_int(o, DENSE_UNITS), 128);
  assert_string_equal(options_part(o, DENSE_ACTIVATION)->row->name, "relu");
  assert_false(options_flag(o, DENSE_BIAS));
  assert_false(options_is_set(o, DENSE_INIT));
  assert_true(options_real(o, DENSE_L2) == 0);
  for (int i = 0; i < DENSE_OPTIONS; i++) assert_string_equal(o->values[i].key, dense_options[i].key);
  moth_release(part);
}

static void texts_and_lists_are_copied(void **state) {
  char name[] = "first";
  int64_t input[] = { 3, 4 };
  moth_part *part = make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_TEXT("name", name), MOTH_INTS("input", 2, input)));
  memset(name, 'x', 5);
  input[1] = 9;
  assert_string_equal(options_word(&part->options, DENSE_NAME), "first");
  assert_int_equal(part->options.values[DENSE_INPUT].count, 2);
  assert_int_equal(part->options.values[DENSE_INPUT].as.integers[1], 4);
  moth_release(part);
}

static void numbers_are_brought_to_the_kind_that_is_wanted(void **state) {
  moth_part *part = make(M, MOTH_LAYER, "dense", LIST(MOTH_REAL(NULL, 10.0), MOTH_INT("l2", 2), MOTH_REAL("input", 64)));
  assert_int_equal(part->options.values[DENSE_UNITS].kind, MOTH_OPTION_INT);
  assert_int_equal(options_int(&part->options, DENSE_UNITS), 10);
  assert_true(options_real(&part->options, DENSE_L2) == 2);
  assert_true(options_number(&part->options, DENSE_UNITS) == 10);
  assert_int_equal(part->options.values[DENSE_INPUT].kind, MOTH_OPTION_INTS);
  assert_int_equal(part->options.values[DENSE_INPUT].as.integers[0], 64);
  moth_release(part);
  const double sizes[] = { 8, 8 };
  assert_text(make(M, MOTH_LAYER, "reshape", LIST(MOTH_REALS(NULL, 2, sizes))), "reshape(8, 8)");
  assert_text(make(M, MOTH_LAYER, "reshape", LIST(MOTH_INT(NULL, 8), MOTH_REAL(NULL, 2), MOTH_INT(NULL, 4))), "reshape(8, 2, 4)");
  const int64_t weights[] = { 1, 2 };
  assert_text(make(M, MOTH_LOSS, "cross_entropy", LIST(MOTH_INTS("weights", 2, weights))), "cross_entropy(weights = { 1, 2 })");
}

static void unknown_options_are_answered_by_name(void **state) {
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("learning_rate", 1)),
                 "adam: no option 'learning_rate'; here it is 'lr' (options: lr beta1 beta2 epsilon weight_decay)");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("Lr", 1)), "adam: no option 'Lr'; did you mean 'lr'?");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("epslion", 1)), "adam: no option 'epslion'; did you mean 'epsilon'?");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("zzz", 1)),
                 "adam: no option 'zzz' (options: lr beta1 beta2 epsilon weight_decay)");
  assert_refused(M, MOTH_LAYER, "flatten", LIST(MOTH_INT("axis", 1)), "flatten: no option 'axis'; it takes none");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_INT("zzz", 1)),
                 "dense: no option 'zzz' (options: units activation bias init l2 name input)");
}

static void numbers_out_of_range_are_refused(void **state) {
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("lr", -0.001)), "adam: lr must be > 0, got -0.001");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_INT("lr", 0)), "adam: lr must be > 0, got 0");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("lr", NAN)), "adam: lr must be > 0, got nan");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("lr", INFINITY)), "adam: lr must be > 0, got inf");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("weight_decay", -1)), "adam: weight_decay must be >= 0, got -1");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_INT("beta1", 1)), "adam: beta1 must be in [0, 1), got 1");
  assert_text(make(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("epsilon", INFINITY))), "adam(epsilon = inf)"); /* its end is closed */
  assert_refused(M, MOTH_LAYER, "dropout", LIST(MOTH_INT(NULL, 20)), "dropout: p must be in [0, 1), got 20; 0.2?");
  assert_refused(M, MOTH_LAYER, "dropout", LIST(MOTH_REAL(NULL, -0.5)), "dropout: p must be in [0, 1), got -0.5");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 0)), "dense: units must be a whole number >= 1, got 0");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_REAL(NULL, 2.5)), "dense: units must be a whole number >= 1, got 2.5");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_REAL(NULL, 1e300)), "dense: units must be a whole number >= 1, got 1e+300");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_REAL(NULL, NAN)), "dense: units must be a whole number >= 1, got nan");
}

static void entries_of_lists_are_checked(void **state) {
  const int64_t sizes[] = { 3, 0 };
  const double weights[] = { 1, 2, -1 };
  assert_refused(M, MOTH_LAYER, "reshape", LIST(MOTH_INTS(NULL, 2, sizes)), "reshape: entry 2 must be a whole number >= 1, got 0");
  assert_refused(M, MOTH_LAYER, "reshape", LIST(MOTH_INT(NULL, 3), MOTH_INT(NULL, 4), MOTH_REAL(NULL, 1.5)),
                 "reshape: entry 3 must be a whole number >= 1, got 1.5");
  assert_refused(M, MOTH_LAYER, "reshape", LIST(MOTH_INT(NULL, 3), MOTH_TEXT(NULL, "x")),
                 "reshape: entry 2 must be a whole number >= 1, got 'x'");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3), MOTH_INTS("input", 2, sizes)),
                 "dense: entry 2 of input must be a whole number >= 1, got 0");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3), MOTH_INT("input", 0)),
                 "dense: input must be a list of whole numbers >= 1, got 0");
  assert_refused(M, MOTH_LOSS, "cross_entropy", LIST(MOTH_REALS("weights", 3, weights)),
                 "cross_entropy: entry 3 of weights must be >= 0, got -1");
}

static void wrong_kinds_are_refused(void **state) {
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_INT("bias", 3)), "dense: bias must be true or false, got 3");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_TEXT(NULL, "ten")), "dense: units must be a whole number >= 1, got 'ten'");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_FLAG(NULL, true)), "dense: units must be a whole number >= 1, got true");
  assert_refused(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_TEXT("lr", "fast")), "adam: lr must be a number > 0, got 'fast'");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_INT("activation", 3)),
                 "dense: activation must be an activation, got 3");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_FLAG("init", true)),
                 "dense: init must be a tensor or an initializer or a function, got true");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_TEXT("name", NULL)), "dense: name must be a text, got nothing");
  moth_part *adam = make(M, MOTH_OPTIMIZER, "adam", NULL);
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_PART("activation", adam)),
                 "dense: activation must be an activation, got optimizer adam()");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_PART("activation", NULL)),
                 "dense: activation must be an activation, got nothing");
  moth_release(adam);
}

static void choices_are_words_of_a_list(void **state) {
  assert_refused(M, MOTH_LOSS, "cross_entropy", LIST(MOTH_TEXT("reduction", "sun")),
                 "cross_entropy: reduction must be 'mean', 'batch' or 'sum', got 'sun'; did you mean 'sum'?");
  assert_refused(M, MOTH_LOSS, "cross_entropy", LIST(MOTH_TEXT("reduction", "average")),
                 "cross_entropy: reduction must be 'mean', 'batch' or 'sum', got 'average'");
  assert_refused(M, MOTH_LOSS, "cross_entropy", LIST(MOTH_INT("reduction", 1)),
                 "cross_entropy: reduction must be 'mean', 'batch' or 'sum', got 1");
}

static void missing_surplus_and_double_options_are_refused(void **state) {
  assert_refused(M, MOTH_LAYER, "dense", NULL, "dense: units is missing");
  assert_refused(M, MOTH_LAYER, "dropout", LIST(MOTH_REAL(NULL, 0.2), MOTH_REAL(NULL, 0.3)), "dropout: takes 1 value (p), got 2");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_TEXT(NULL, "relu"), MOTH_INT(NULL, 1)),
                 "dense: takes 2 values (units, activation), got 3");
  assert_refused(M, MOTH_LAYER, "flatten", LIST(MOTH_INT(NULL, 1)), "flatten: takes no values without a name, got 1");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_INT("units", 2)), "dense: units is given twice");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT("units", 1), MOTH_INT("units", 1)), "dense: units is given twice");
}

/* ---- Nested tables ---- */

static void nested_tables_have_their_own_schema(void **state) {
  options read;
  assert_ok(M, options_read(M, NULL, &train_row, LIST(MOTH_OPTIONS("clip", LIST(MOTH_INT("norm", 5)))), &read));
  const moth_option *clip = &read.values[TRAIN_CLIP];
  assert_int_equal(clip->kind, MOTH_OPTION_OPTIONS);
  assert_int_equal(clip->count, 2); /* norm, and order by its fallback */
  assert_true(options_nested(&read, TRAIN_CLIP, "norm")->as.real == 5);
  assert_true(options_nested(&read, TRAIN_CLIP, "order")->as.real == 2);
  assert_null(options_nested(&read, TRAIN_CLIP, "value"));
  assert_null(options_nested(&read, TRAIN_BATCH, "value"));
  assert_int_equal(clip->as.options[clip->count].kind, MOTH_OPTION_END);
  char text[128];
  options_text(&read, text, sizeof text);
  assert_string_equal(text, "clip = { norm = 5, order = 2 }");
  options_free(M, &read);
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_OPTIONS("clip", LIST(MOTH_INT("nrm", 5)))), &read), MOTH_OPTION,
               "train: clip: no option 'nrm'; did you mean 'norm'?");
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_OPTIONS("clip", LIST(MOTH_INT("norm", 0)))), &read), MOTH_OPTION,
               "train: clip: norm must be > 0, got 0");
  assert_fails(M, options_read(M, NULL, &train_row, LIST(MOTH_FLAG("clip", true)), &read), MOTH_OPTION,
               "train: clip must be a number or a table of options, got true");
}

/* ---- Calls ---- */

static void some_function(void) {}
static void count_release(void *data) { ++*(int *)data; }

static void a_call_is_released_once_by_its_last_owner(void **state) {
  int released = 0;
  options read, copy;
  assert_ok(M, options_read(M, NULL, &train_row, LIST(MOTH_CALL("on_epoch", some_function, &released, count_release)), &read));
  assert_ok(M, options_copy(M, &read, &copy));
  options_free(M, &read);
  assert_int_equal(released, 0);
  assert_true(copy.values[TRAIN_ON_EPOCH].as.call.function == some_function);
  options_free(M, &copy);
  assert_int_equal(released, 1);
}

static void a_call_is_not_taken_where_reading_fails(void **state) {
  int released = 0;
  options read;
  assert_status(
      M, options_read(M, NULL, &train_row, LIST(MOTH_CALL("on_epoch", some_function, &released, count_release), MOTH_INT("z", 1)), &read),
      MOTH_OPTION);
  assert_status(
      M,
      options_read(M, NULL, &train_row,
                   LIST(MOTH_OPTIONS("clip", LIST(MOTH_CALL("call", some_function, &released, count_release))), MOTH_INT("batch", 0)),
                   &read),
      MOTH_OPTION);
  assert_int_equal(released, 0);
  assert_ok(M, options_read(M, NULL, &train_row,
                            LIST(MOTH_OPTIONS("clip", LIST(MOTH_CALL("call", some_function, &released, count_release)))), &read));
  options_give_back(M, &read);
  assert_int_equal(released, 0);
}

/* ---- Changing, comparing ---- */

static void live_options_change(void **state) {
  moth_part *adam = make(M, MOTH_OPTIMIZER, "adam", LIST(MOTH_REAL("lr", 0.1)));
  moth_option value;
  assert_ok(M, moth_part_get(M, adam, "lr", &value));
  assert_true(value.kind == MOTH_OPTION_REAL && value.as.real == 0.1);
  assert_ok(M, moth_part_set(M, adam, &(moth_option)MOTH_REAL("lr", 0.5)));
  assert_ok(M, moth_part_get(M, adam, "lr", &value));
  assert_true(value.as.real == 0.5);
  assert_fails(M, moth_part_set(M, adam, &(moth_option)MOTH_REAL("lr", 0)), MOTH_OPTION, "adam: lr must be > 0, got 0");
  assert_fails(M, moth_part_set(M, adam, &(moth_option)MOTH_REAL("beta1", 0)), MOTH_OPTION, "adam: beta1 is fixed once it is made");
  assert_fails(M, moth_part_set(M, adam, &(moth_option)MOTH_REAL("Lr", 0)), MOTH_OPTION, "adam: no option 'Lr'; did you mean 'lr'?");
  assert_status(M, moth_part_set(M, adam, NULL), MOTH_MISUSE);
  assert_status(M, moth_part_get(M, NULL, "lr", &value), MOTH_MISUSE);
  assert_fails(M, moth_part_get(M, adam, "gamma", &value), MOTH_OPTION,
               "adam: no option 'gamma' (options: lr beta1 beta2 epsilon weight_decay)");
  assert_ok(M, moth_part_get(M, adam, "lr", &value));
  assert_true(value.as.real == 0.5);
  assert_ok(M, moth_part_set(M, adam, &(moth_option){ .key = "lr" })); /* nothing: the fallback */
  assert_text(adam, "adam()");
}

static void options_compare_by_value(void **state) {
  moth_part *a = make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3), MOTH_TEXT(NULL, "relu"), MOTH_TEXT("origin", "a.lua:1"))),
            *b = make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3), MOTH_TEXT(NULL, "relu"), MOTH_INT("input", 4))),
            *c = make(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3), MOTH_TEXT(NULL, "softmax"))),
            *d = make(M, MOTH_LAYER, "dropout", LIST(MOTH_REAL(NULL, 0.5)));
  int index = 7;
  assert_true(options_equal(&a->options, &b->options, &index)); /* origin and input are for building only */
  assert_false(options_equal(&a->options, &c->options, &index));
  assert_int_equal(index, DENSE_ACTIVATION);
  assert_false(options_equal(&a->options, &d->options, &index));
  assert_int_equal(index, -1);
  options copy;
  assert_ok(M, options_copy(M, &c->options, &copy));
  assert_true(options_equal(&copy, &c->options, &index));
  assert_ok(M, options_set(M, NULL, &copy, DENSE_UNITS, &(moth_option)MOTH_INT(NULL, 4)));
  assert_false(options_equal(&copy, &c->options, &index));
  assert_int_equal(index, DENSE_UNITS);
  assert_fails(M, options_set(M, NULL, &copy, DENSE_UNITS, &(moth_option)MOTH_END), MOTH_OPTION, "dense: units is missing");
  assert_int_equal(options_int(&copy, DENSE_UNITS), 4);
  options_free(M, &copy);
  moth_release(a), moth_release(b), moth_release(c), moth_release(d);
}

/* ---- Failures of the allocator ---- */

static moth_status make_much(moth *m, void *data) {
  int *released = data, before = *released;
  const char *const metrics[] = { "accuracy", "cross_entropy" }, *const names[] = { "one", "two" };
  const int64_t sizes[] = { 1, 2, 3 };
  moth_part *dense = NULL;
  moth_status status =
      moth_part_create(m, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3), MOTH_TEXT("name", "first"), MOTH_INT("input", 4)), &dense);
  if (status != MOTH_OK) return status;
  options read, copy;
  status = options_read(m, NULL, &train_row,
                        LIST(MOTH_PART(NULL, dense), MOTH_TEXT(NULL, "softmax"), MOTH_TEXTS("metrics", 2, metrics),
                             MOTH_TEXTS("names", 2, names), MOTH_INTS("sizes", 3, sizes),
                             MOTH_CALL("on_epoch", some_function, released, count_release),
                             MOTH_OPTIONS("clip", LIST(MOTH_INT("norm", 1), MOTH_CALL("call", some_function, released, count_release)))),
                        &read);
  if (status == MOTH_OK) {
    status = options_copy(m, &read, &copy);
    if (status == MOTH_OK) options_free(m, &copy);
    assert_int_equal(*released, before); /* read still holds the calls */
    if (status == MOTH_OK) status = options_set(m, NULL, &read, TRAIN_NAMES, &(moth_option)MOTH_TEXT(NULL, "three"));
    options_free(m, &read);
    before += 2;
  }
  assert_int_equal(*released, before); /* never where the reading failed */
  moth_release(dense);
  static const moth_row scale = { .name = "scale" };
  if (status == MOTH_OK) status = catalog_register(m, MOTH_LAYER, &scale);
  return status;
}

static void every_failing_request_leaves_nothing(void **state) {
  (void)state;
  int released = 0;
  assert_true(support_fail_each_in(open_private, make_much, &released) > 40);
  assert_true(released > 0);
}

/* The message of memory's failure names what was being made. */
static void memory_failures_say_where(void **state) {
  fixture *self = *state;
  moth_part *part = NULL;
  moth_set_memory_limit(M, moth_memory_used(M) + 10);
  assert_status(M, moth_part_create(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3)), &part), MOTH_LIMIT);
  assert_memory_equal(moth_message(M), "dense: memory limit: needs ", 27);
  moth_set_memory_limit(M, 0);
  for (int64_t k = 1; part == NULL; k++) {
    self->allocator.fail_at = k;
    moth_status status = moth_part_create(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 3), MOTH_TEXT("name", "x")), &part);
    if (status == MOTH_OK) break;
    assert_non_null(strstr(moth_message(M), ": out of memory: needs "));
  }
  self->allocator.fail_at = 0;
  moth_release(part);
}

int main(void) {
#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    test(values_come_in_the_schemas_order),
    test(texts_and_lists_are_copied),
    test(numbers_are_brought_to_the_kind_that_is_wanted),
    test(unknown_options_are_answered_by_name),
    test(numbers_out_of_range_are_refused),
    test(entries_of_lists_are_checked),
    test(wrong_kinds_are_refused),
    test(choices_are_words_of_a_list),
    test(missing_surplus_and_double_options_are_refused),
    test(nested_tables_have_their_own_schema),
    test(a_call_is_released_once_by_its_last_owner),
    test(a_call_is_not_taken_where_reading_fails),
    test(live_options_change),
    test(options_compare_by_value),
    test(every_failing_request_leaves_nothing),
    test(memory_failures_say_where),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
