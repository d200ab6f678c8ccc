/* Options, components and catalogs, with private rows. */
#include "support.h"

#include <math.h>

#include "core/option.h"
#include "core/options.h"
#include "core/part.h"

/* ---- Rows ---- */

static const moth_option_row leaky_options[] = {
  { .key = "slope", "share of negative values", MOTH_OPTION_REAL, 1, 0, 0, 0, MOTH_REAL(NULL, 0.01), .foreign = "negative_slope" },
};
static const moth_row linear_row = { .name = "linear" };
static const moth_row relu_row = { .name = "relu", .foreign = "rectifier ReLU6" };
static const moth_row leaky_row = { .name = "leaky_relu", .options = leaky_options, .option_count = 1 };
static const moth_row softmax_row = { .name = "softmax" };
static const moth_row *const activations[] = { &linear_row, &relu_row, &leaky_row, &softmax_row };

enum { DENSE_UNITS, DENSE_ACTIVATION, DENSE_BIAS, DENSE_INIT, DENSE_L2, DENSE_NAME, DENSE_INPUT, DENSE_ORIGIN, DENSE_OPTIONS };
static const moth_option_row dense_options[DENSE_OPTIONS] = {
  [DENSE_UNITS] = { .key = "units", "outputs", MOTH_OPTION_INT, 1, MOTH_REQUIRED | MOTH_RANGED, 1, INFINITY, .foreign = "out_features" },
  [DENSE_ACTIVATION] = { .key = "activation",
                         "g",
                         MOTH_OPTION_PART,
                         2,
                         .fallback = MOTH_TEXT(NULL, "linear"),
                         .parts = 1 << MOTH_ACTIVATION },
  [DENSE_BIAS] = { .key = "bias", "adds b", MOTH_OPTION_FLAG, .fallback = MOTH_FLAG(NULL, true), .foreign = "use_bias" },
  [DENSE_INIT] = { .key = "init",
                   "fills W",
                   MOTH_OPTION_PART | MOTH_OPTION_TENSOR | MOTH_OPTION_CALL,
                   .flags = MOTH_BUILDING,
                   .parts = 1 << MOTH_INITIALIZER,
                   .call = MOTH_INITIALIZE_CALL },
  [DENSE_L2] = { .key = "l2",
                 "penalty",
                 MOTH_OPTION_REAL,
                 .flags = MOTH_RANGED,
                 .low = 0,
                 .high = INFINITY,
                 .fallback = MOTH_REAL(NULL, 0) },
  [DENSE_NAME] = { .key = "name", "a name", MOTH_OPTION_TEXT },
  [DENSE_INPUT] = { .key = "input",
                    "shape of a sample",
                    MOTH_OPTION_INTS,
                    .flags = MOTH_BUILDING | MOTH_RANGED,
                    .low = 1,
                    .high = INFINITY },
  [DENSE_ORIGIN] = { .key = "origin", "where", MOTH_OPTION_TEXT, .flags = MOTH_BUILDING },
};
static const moth_row dense_row = { .name = "dense", .options = dense_options, .option_count = DENSE_OPTIONS, .foreign = "Linear Dense" };

static const moth_option_row dropout_options[] = {
  { .key = "p", "share dropped", MOTH_OPTION_REAL, 1, MOTH_REQUIRED | MOTH_RANGED | MOTH_HIGH_OPEN, 0, 1 },
};
static const moth_row dropout_row = { .name = "dropout", .options = dropout_options, .option_count = 1 };
static const moth_option_row reshape_options[] = {
  { .key = "sizes", "of a sample", MOTH_OPTION_INTS, 1, MOTH_REQUIRED | MOTH_REST | MOTH_RANGED, 1, INFINITY },
};
static const moth_row reshape_row = { .name = "reshape", .options = reshape_options, .option_count = 1 };
static const moth_row flatten_row = { .name = "flatten" };
static const moth_row *const layers[] = { &dense_row, &dropout_row, &reshape_row, &flatten_row };

enum { ADAM_LR, ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON, ADAM_DECAY, ADAM_OPTIONS };
static const moth_option_row adam_options[ADAM_OPTIONS] = {
  { .key = "lr", "step", MOTH_OPTION_REAL, 1, MOTH_LIVE | MOTH_RANGED | MOTH_LOW_OPEN | MOTH_HIGH_OPEN, 0, INFINITY, MOTH_REAL(NULL, 1e-3),
    .foreign = "learning_rate eta" },
  { .key = "beta1", "", MOTH_OPTION_REAL, 0, MOTH_RANGED | MOTH_HIGH_OPEN, 0, 1, MOTH_REAL(NULL, 0.9) },
  { .key = "beta2", "", MOTH_OPTION_REAL, 0, MOTH_RANGED | MOTH_HIGH_OPEN, 0, 1, MOTH_REAL(NULL, 0.999) },
  { .key = "epsilon", "", MOTH_OPTION_REAL, 0, MOTH_RANGED | MOTH_LOW_OPEN, 0, INFINITY, MOTH_REAL(NULL, 1e-8) },
  { .key = "weight_decay", "", MOTH_OPTION_REAL, 0, MOTH_RANGED, 0, INFINITY, MOTH_REAL(NULL, 0) },
};
static const moth_row adam_row = { .name = "adam", .options = adam_options, .option_count = ADAM_OPTIONS };
static const moth_row *const optimizers[] = { &adam_row };

static const moth_option_row loss_options[] = {
  { .key = "reduction", "", MOTH_OPTION_TEXT, .fallback = MOTH_TEXT(NULL, "mean"), .choices = "mean batch sum" },
  { .key = "weights", "a class", MOTH_OPTION_REALS, .flags = MOTH_RANGED, .low = 0, .high = INFINITY },
};
static const moth_row cross_row = { .name = "cross_entropy", .options = loss_options, .option_count = 2,
                                    .foreign = "categorical_crossentropy CrossEntropyLoss" };
static const moth_row *const losses[] = { &cross_row };
static const moth_row accuracy_row = { .name = "accuracy" };
static const moth_row *const metrics[] = { &accuracy_row };

static const moth_option_row clip_options[] = {
  { .key = "norm", "", MOTH_OPTION_REAL, .flags = MOTH_RANGED | MOTH_LOW_OPEN, .low = 0, .high = INFINITY },
  { .key = "order", "", MOTH_OPTION_REAL, .fallback = MOTH_REAL(NULL, 2) },
  { .key = "value", "", MOTH_OPTION_REAL },
  { .key = "call", "", MOTH_OPTION_CALL },
};
static const moth_row clip_row = { .name = "clip", .options = clip_options, .option_count = 4 };
enum {
  TRAIN_LAYERS,
  TRAIN_BATCH,
  TRAIN_CLIP,
  TRAIN_METRICS,
  TRAIN_ON_EPOCH,
  TRAIN_NET,
  TRAIN_LOSS,
  TRAIN_NAMES,
  TRAIN_SIZES,
  TRAIN_OPTIONS
};
static const moth_option_row train_options[TRAIN_OPTIONS] = {
  [TRAIN_LAYERS] = { .key = "layers", "", MOTH_OPTION_PARTS, 1, MOTH_REST, .parts = 1 << MOTH_LAYER | 1 << MOTH_ACTIVATION },
  [TRAIN_BATCH] = { .key = "batch",
                    "",
                    MOTH_OPTION_INT | MOTH_OPTION_TEXT,
                    .flags = MOTH_RANGED,
                    .low = 1,
                    .high = INFINITY,
                    .choices = "full" },
  [TRAIN_CLIP] = { .key = "clip", "", MOTH_OPTION_REAL | MOTH_OPTION_OPTIONS, .schema = &clip_row },
  [TRAIN_METRICS] = { .key = "metrics", "", MOTH_OPTION_PARTS, .parts = 1 << MOTH_LOSS | 1 << MOTH_METRIC },
  [TRAIN_ON_EPOCH] = { .key = "on_epoch", "", MOTH_OPTION_CALL, .call = MOTH_EPOCH_CALL },
  [TRAIN_NET] = { .key = "net", "", MOTH_OPTION_OBJECT, .object = MOTH_NET_OBJECT },
  [TRAIN_LOSS] = { .key = "loss", "", MOTH_OPTION_PART, .parts = 1 << MOTH_LOSS },
  [TRAIN_NAMES] = { .key = "names", "", MOTH_OPTION_TEXTS },
  [TRAIN_SIZES] = { .key = "sizes", "", MOTH_OPTION_INT | MOTH_OPTION_INTS, .flags = MOTH_RANGED, .low = 1, .high = 9 },
};
static const moth_row train_row = { .name = "train", .options = train_options, .option_count = TRAIN_OPTIONS };
static const moth_row *const functions[] = { &train_row };

#define ROWS(list) { (list), sizeof(list) / sizeof *(list) }
static const catalogs all = { .of = {
  [MOTH_LAYER] = ROWS(layers), [MOTH_ACTIVATION] = ROWS(activations), [MOTH_LOSS] = ROWS(losses), [MOTH_METRIC] = ROWS(metrics),
  [MOTH_OPTIMIZER] = ROWS(optimizers), [MOTH_FUNCTION] = ROWS(functions),
} };

static moth *open_private(support_allocator *allocator) { return support_open_bare(allocator, &all); }

#define LIST(...) (moth_option[]){ __VA_ARGS__, MOTH_END }

/* A test has a context whose memory is counted. */
typedef struct fixture { support_allocator allocator; moth *m; } fixture;
static int set_up(void **state) {
  fixture *self = calloc(1, sizeof *self);
  self->m = open_private(&self->allocator);
  *state = self;
  return 0;
}
static int tear_down(void **state) {
  fixture *self = *state;
  support_close(self->m, &self->allocator);
  free(self);
  return 0;
}
#define M (((fixture *)*state)->m)

static moth_part *make(moth *m, moth_part_kind kind, const char *name, const moth_option *given) {
  moth_part *part = NULL;
  assert_ok(m, moth_part_create(m, kind, name, given, &part));
  return part;
}

static void assert_refused(moth *m, moth_part_kind kind, const char *name, const moth_option *given, const char *message) {
  moth_part *part = NULL;
  assert_fails(m, moth_part_create(m, kind, name, given, &part), MOTH_OPTION, message);
  assert_null(part);
}

static void assert_text(moth_part *part, const char *expected) {
  char text[256], few[6];
  assert_int_equal(moth_part_text(part, text, sizeof text), strlen(expected));
  assert_string_equal(text, expected);
  assert_int_equal(moth_part_text(part, few, sizeof few), strlen(expected));
  assert_memory_equal(few, expected, strlen(expected) < 5 ? strlen(expected) : 5);
  assert_int_equal(moth_part_text(part, NULL, 0), strlen(expected));
  moth_release(part);
}

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
  assert_refused(M, MOTH_LAYER, "dropout", LIST(MOTH_REAL(NULL, 0.2), MOTH_REAL(NULL, 0.3)), "dropout: takes 1 value, got 2");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_TEXT(NULL, "relu"), MOTH_INT(NULL, 1)),
                 "dense: takes 2 values, got 3");
  assert_refused(M, MOTH_LAYER, "flatten", LIST(MOTH_INT(NULL, 1)), "flatten: takes no values without a name, got 1");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT(NULL, 1), MOTH_INT("units", 2)), "dense: units is given twice");
  assert_refused(M, MOTH_LAYER, "dense", LIST(MOTH_INT("units", 1), MOTH_INT("units", 1)), "dense: units is given twice");
}

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
    test(unknown_components_are_answered_by_name),
    test(lists_of_components_take_parts_names_and_false),
    test(several_kinds_are_named_together),
    test(a_part_of_another_context_is_refused),
    test(nested_tables_have_their_own_schema),
    test(a_call_is_released_once_by_its_last_owner),
    test(a_call_is_not_taken_where_reading_fails),
    test(live_options_change),
    test(options_compare_by_value),
    test(components_print_as_scripts_write_them),
    test(positionals_are_written_up_to_the_last_that_differs),
    test(hosts_add_rows),
    test(every_failing_request_leaves_nothing),
    test(memory_failures_say_where),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
