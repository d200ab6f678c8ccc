/* cross_entropy: each row's outputs are the probabilities of its classes. Fused with softmax it is computed from the logits, minus their
 * maximum, so that any finite logits give a finite loss. */
#include <math.h>
#include <string.h>

#include "losses/check.h"
#include "losses/elements.h"

enum { CE_LOGITS = LOSS_REDUCTION + 1, CE_WEIGHTS, CE_SMOOTHING };

static const moth_option_row cross_entropy_options[] = {
  LOSS_OPTIONS,
  [CE_LOGITS] = { .key = "logits", .doc = "the outputs are taken before the softmax", .kinds = MOTH_OPTION_FLAG,
                  .fallback = MOTH_FLAG(NULL, false), .foreign = "from_logits with_logits" },
  [CE_WEIGHTS] = { .key = "weights", .doc = "one a class", .kinds = MOTH_OPTION_REALS, .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0,
                   .high = INFINITY, .foreign = "weight class_weight class_weights" },
  [CE_SMOOTHING] = { .key = "smoothing", .doc = "share of the target spread over all classes", .kinds = MOTH_OPTION_REAL,
                     .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = 1, .fallback = MOTH_REAL(NULL, 0),
                     .foreign = "label_smoothing" } };

/* The options as the rows read them. */
typedef struct numbers { const double *weights; double smoothing; } numbers;

static numbers numbers_of(const loss_run *run) {
  const moth_option *weights = &run->loss->options.values[CE_WEIGHTS];
  return (numbers){ weights->kind == MOTH_OPTION_REALS ? weights->as.reals : NULL, options_number(&run->loss->options, CE_SMOOTHING) };
}

/* Targets that are class numbers and count alike: a share is 1 or 0. */
static inline bool is_one_hot(const loss_run *run, const numbers *n) {
  return run->classes != NULL && n->weights == NULL && n->smoothing == 0;
}

enum { PIECE = 320 };  /* logits that are worked on together */

/* Of a row: the sum of its exponentials, of its shares, and of their products with the logits (less the maximum). */
typedef struct sums { double total, shares, dot; } sums;

#define LOSS_REAL float
#define LOSS_NAME(name) name##_f32
#include "losses/cross_entropy.inc"
#define LOSS_REAL double
#define LOSS_NAME(name) name##_f64
#include "losses/cross_entropy.inc"

static double rows(const loss_run *run) {
  const numbers n = numbers_of(run);
  if (run->dtype == MOTH_F32) return run->fused ? fused_rows_f32(run, &n) : plain_rows_f32(run, &n);
  return run->fused ? fused_rows_f64(run, &n) : plain_rows_f64(run, &n);
}

static double weight(const loss_run *run) {
  const numbers n = numbers_of(run);
  return run->dtype == MOTH_F32 ? row_weights_f32(run, &n) : row_weights_f64(run, &n);
}

static bool fused(const moth_part *loss, const char *activation) {
  return options_flag(&loss->options, CE_LOGITS) || (activation != NULL && strcmp(activation, "softmax") == 0);
}

static moth_status check_target(moth *m, const moth_part *loss, const loss_setting *setting, bool *classes) {
  const moth_shape *t = &setting->target;
  *classes = setting->dtype == MOTH_I64 && t->rank == 0;
  if (*classes || t->rank > 0) return *classes ? MOTH_OK : loss_check_shapes(m, loss, setting);
  char wanted[64], given[64];
  loss_shape_text(MOTH_I64, setting->rows, t, wanted, sizeof wanted);
  loss_shape_text(setting->dtype, setting->rows, t, given, sizeof given);
  loss_fail(m, MOTH_DTYPE, loss, setting, "takes class numbers %s, %s is %s", wanted, setting->target_name, given);
  const char *name = strcmp(setting->target_name, "target") == 0 ? "y" : setting->target_name;
  return context_hint(m, "%s:to\"i64\" if they are whole numbers", name);
}

static moth_status check(moth *m, const moth_part *loss, const loss_setting *setting, bool *classes) {
  const bool logits = options_flag(&loss->options, CE_LOGITS);
  moth_status status = loss_check_activation(m, loss, setting, logits, "sigmoid", "binary_cross_entropy");
  if (status != MOTH_OK) return status;
  const moth_shape *p = &setting->prediction;
  if (p->rank != 1) {
    char given[300];
    loss_shape_text(setting->prediction_dtype, setting->rows, p, given, sizeof given);
    return loss_fail(m, MOTH_SHAPE, loss, setting, "needs a row of class scores per sample, the prediction is %s", given);
  }
  const moth_option *weights = &loss->options.values[CE_WEIGHTS];
  if (weights->kind == MOTH_OPTION_REALS && (int64_t)weights->count != p->size[0]) {
    return loss_fail(m, MOTH_OPTION, loss, setting, "has %zu weights, the prediction has %lld classes", weights->count,
                     (long long)p->size[0]);
  }
  return check_target(m, loss, setting, classes);
}

const loss_class loss_cross_entropy = {
  .row = { .name = "cross_entropy", .options = cross_entropy_options,
           .option_count = sizeof cross_entropy_options / sizeof *cross_entropy_options,
           .doc = "For outputs that are the probabilities of classes; wants softmax at the end, or logits = true after linear outputs.\n"
                  "mean over the rows of -sum_c T_c log P_c, with weights divided by the sum of the rows' class weights; together with the "
                  "softmax dE/dZ = (P - T)/rows. P [rows, classes]; T the classes i64[rows], or rows [rows, classes] that sum to 1. In "
                  "nats. Alone, logarithms are at least -100 as in binary_cross_entropy",
           .example = "print(moth.cross_entropy(moth.tensor{ { 0.25, 0.75 } }, moth.tensor({ 2 }, { dtype = \"i64\" })))",
           .foreign = "categorical_crossentropy sparse_categorical_crossentropy CrossEntropyLoss CategoricalCrossentropy "
                      "SparseCategoricalCrossentropy crossentropy softmax_cross_entropy ce nll_loss NLLLoss CrossEntropyCriterion" },
  .fuses = "softmax", .takes_shares = true, .check = check, .fused = fused, .weight = weight, .rows = rows };
