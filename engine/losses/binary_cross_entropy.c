/* binary_cross_entropy: every output by itself is the probability of a yes. Fused with sigmoid it is computed from the logits:
 * -log sigmoid(z) = softplus(-z), -log(1 - sigmoid(z)) = softplus(z), softplus(z) = max(z, 0) + log(1 + exp(-|z|)), finite for any z. */
#include <math.h>
#include <string.h>

#include "losses/check.h"
#include "losses/elements.h"

enum { BCE_LOGITS = LOSS_REDUCTION + 1, BCE_WEIGHTS, BCE_SMOOTHING };

static const moth_option_row binary_cross_entropy_options[] = {
  LOSS_OPTIONS,
  [BCE_LOGITS] = { .key = "logits", .doc = "the outputs are taken before the sigmoid", .kinds = MOTH_OPTION_FLAG,
                   .fallback = MOTH_FLAG(NULL, false), .foreign = "from_logits with_logits" },
  [BCE_WEIGHTS] = { .key = "weights", .doc = "of a no and of a yes", .kinds = MOTH_OPTION_REALS,
                    .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY, .foreign = "weight class_weight pos_weight" },
  [BCE_SMOOTHING] = { .key = "smoothing", .doc = "share by which targets move to 1/2", .kinds = MOTH_OPTION_REAL,
                      .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = 1, .fallback = MOTH_REAL(NULL, 0),
                      .foreign = "label_smoothing" } };

/* The options as the term reads them. */
typedef struct numbers { double no, yes, smoothing; } numbers;

static numbers numbers_of(const loss_run *run) {
  const moth_option *weights = &run->loss->options.values[BCE_WEIGHTS];
  numbers n = { 1, 1, options_number(&run->loss->options, BCE_SMOOTHING) };
  if (weights->kind == MOTH_OPTION_REALS) n.no = weights->as.reals[0], n.yes = weights->as.reals[1];
  return n;
}

/* The shares of yes and no in a target, weighted. */
static inline void shares(const numbers *n, double t, double *yes, double *no) {
  t = n->smoothing == 0 ? t : t * (1 - n->smoothing) + 0.5 * n->smoothing;
  *yes = n->yes * t, *no = n->no * (1 - t);
}

static void fused_terms(const void *data, loss_piece *piece) {
  double e[LOSS_PIECE], rest[LOSS_PIECE];
  for (int64_t i = 0; i < piece->count; i++) e[i] = -fabs(piece->p[i]);
  piece->kernels->unary[UNARY_EXP](e, e, piece->count);
  piece->kernels->unary[UNARY_LOG1P](e, rest, piece->count);
  for (int64_t i = 0; i < piece->count; i++) {
    double yes, no;
    shares(data, piece->t[i], &yes, &no);
    const double z = piece->p[i], larger = 1 / (1 + e[i]), smaller = e[i] / (1 + e[i]);
    const double s = z >= 0 ? larger : smaller, other = z >= 0 ? smaller : larger;
    piece->y[i] = s;
    piece->d[i] = no * s - yes * other;
    piece->loss[i] = yes * ((z < 0 ? -z : 0) + rest[i]) + no * ((z > 0 ? z : 0) + rest[i]);
  }
}

/* As PyTorch's: logarithms are at least -100, the slope's denominator at least 1e-12. */
static void terms(const void *data, loss_piece *piece) {
  double log_p[LOSS_PIECE], log_rest[LOSS_PIECE];
  for (int64_t i = 0; i < piece->count; i++) log_rest[i] = -piece->p[i];
  piece->kernels->unary[UNARY_LOG1P](log_rest, log_rest, piece->count);
  piece->kernels->unary[UNARY_LOG](piece->p, log_p, piece->count);
  for (int64_t i = 0; i < piece->count; i++) {
    double yes, no;
    shares(data, piece->t[i], &yes, &no);
    const double p = piece->p[i], spread = (1 - p) * p;
    piece->d[i] = (no * p - yes * (1 - p)) / (spread < 1e-12 ? 1e-12 : spread);
    piece->loss[i] = -yes * (log_p[i] < -100 ? -100 : log_p[i]) - no * (log_rest[i] < -100 ? -100 : log_rest[i]);
  }
}

static double rows(const loss_run *run) {
  const numbers n = numbers_of(run);
  return loss_each_element(run, run->fused ? fused_terms : terms, &n);
}

static enum lanes_loss_kind lanes(const loss_run *run) {
  const numbers n = numbers_of(run);
  return run->fused && n.no == 1 && n.yes == 1 && n.smoothing == 0 ? LANES_BINARY : LANES_NO_LOSS;
}

static bool fused(const moth_part *loss, const char *activation) {
  return options_flag(&loss->options, BCE_LOGITS) || (activation != NULL && strcmp(activation, "sigmoid") == 0);
}

static moth_status check(moth *m, const moth_part *loss, const loss_setting *setting, bool *classes) {
  moth_status status = loss_check_activation(m, loss, setting, options_flag(&loss->options, BCE_LOGITS), "softmax", "cross_entropy");
  if (status != MOTH_OK) return status;
  const moth_option *weights = &loss->options.values[BCE_WEIGHTS];
  if (weights->kind == MOTH_OPTION_REALS && weights->count != 2) {
    return loss_fail(m, MOTH_OPTION, loss, setting, "takes 2 weights, of a no and of a yes, got %zu", weights->count);
  }
  const moth_shape *p = &setting->prediction;
  const bool is_one = p->rank == 0 || (p->rank == 1 && p->size[0] == 1);
  *classes = is_one && setting->dtype == MOTH_I64 && setting->target.rank == 0;
  return *classes ? MOTH_OK : loss_check_shapes(m, loss, setting);
}

const loss_class loss_binary_cross_entropy = {
  .row = { .name = "binary_cross_entropy", .options = binary_cross_entropy_options,
           .option_count = sizeof binary_cross_entropy_options / sizeof *binary_cross_entropy_options,
           .doc = "For outputs that are each the probability of a yes; wants sigmoid at the end, or logits = true after linear outputs.\n"
                  "mean of -T log P - (1 - T) log(1 - P) over all elements; together with the sigmoid dE/dZ = (P - T)/elements. "
                  "P [rows, ...]; T [rows, ...] of 0 and 1, or the classes i64[rows] for one output. In nats. Alone, logarithms are at "
                  "least -100 as in PyTorch",
           .example = "print(moth.binary_cross_entropy(moth.tensor{ { 0.25 }, { 0.75 } }, moth.tensor{ { 0 }, { 1 } }))",
           .foreign = "bce BCELoss BCEWithLogitsLoss bce_with_logits binary_crossentropy BinaryCrossentropy logistic log_loss bce_loss "
                      "binary_cross_entropy_with_logits" },
  .fuses = "sigmoid", .is_binary = true, .takes_shares = true, .over_elements = true, .check = check, .fused = fused, .lanes = lanes, .rows = rows };
