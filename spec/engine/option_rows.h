/* option_rows.h: private rows of every kind of component, a context that knows them alone, and what the tests of options and of components
 * assert with them. */
#ifndef SPEC_OPTION_ROWS_H
#define SPEC_OPTION_ROWS_H

#include "support.h"

#include <math.h>

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

static inline moth *open_private(support_allocator *allocator) { return support_open_bare(allocator, &all); }

#define LIST(...) (moth_option[]){ __VA_ARGS__, MOTH_END }

/* A test has a context whose memory is counted. */
typedef struct fixture { support_allocator allocator; moth *m; } fixture;
static inline int set_up(void **state) {
  fixture *self = calloc(1, sizeof *self);
  self->m = open_private(&self->allocator);
  *state = self;
  return 0;
}
static inline int tear_down(void **state) {
  fixture *self = *state;
  support_close(self->m, &self->allocator);
  free(self);
  return 0;
}
#define M (((fixture *)*state)->m)

static inline moth_part *make(moth *m, moth_part_kind kind, const char *name, const moth_option *given) {
  moth_part *part = NULL;
  assert_ok(m, moth_part_create(m, kind, name, given, &part));
  return part;
}

static inline void assert_refused(moth *m, moth_part_kind kind, const char *name, const moth_option *given, const char *message) {
  moth_part *part = NULL;
  assert_fails(m, moth_part_create(m, kind, name, given, &part), MOTH_OPTION, message);
  assert_null(part);
}

static inline void assert_text(moth_part *part, const char *expected) {
  char text[256], few[6];
  assert_int_equal(moth_part_text(part, text, sizeof text), strlen(expected));
  assert_string_equal(text, expected);
  assert_int_equal(moth_part_text(part, few, sizeof few), strlen(expected));
  assert_memory_equal(few, expected, strlen(expected) < 5 ? strlen(expected) : 5);
  assert_int_equal(moth_part_text(part, NULL, 0), strlen(expected));
  moth_release(part);
}

#endif
