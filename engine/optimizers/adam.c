/* adam: Kingma and Ba 2015, algorithm 1; formulas as torch.optim.Adam's. */
#include "optimizers/optimizer.h"

enum { ADAM_BETA1 = OPTIMIZER_LR + 1, ADAM_BETA2, ADAM_EPSILON, ADAM_WEIGHT_DECAY };

static const moth_option_row adam_options[] = {
  OPTIMIZER_RATE(1e-3),
  [ADAM_BETA1] = { .key = "beta1", .doc = "memory of the mean gradient", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED | MOTH_HIGH_OPEN,
                   .low = 0, .high = 1, .fallback = MOTH_REAL(NULL, 0.9), .foreign = "beta_1 betas b1 momentum" },
  [ADAM_BETA2] = { .key = "beta2", .doc = "memory of the mean squared gradient", .kinds = MOTH_OPTION_REAL,
                   .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = 1, .fallback = MOTH_REAL(NULL, 0.999), .foreign = "beta_2 b2" },
  [ADAM_EPSILON] = { .key = "epsilon", .doc = "keeps the division finite", .kinds = MOTH_OPTION_REAL, .flags = MOTH_RANGED | MOTH_HIGH_OPEN,
                     .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 1e-8), .foreign = "eps" },
  [ADAM_WEIGHT_DECAY] = { .key = "weight_decay", .doc = "adds weight_decay w to every gradient", .kinds = MOTH_OPTION_REAL,
                          .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 0),
                          .foreign = "decay wd" } };

static int states(const moth_part *optimizer) {
  (void)optimizer;
  return 2;
}

static void prepare(const moth_part *optimizer, int64_t step, double lr, update_numbers *numbers) {
  const options *o = &optimizer->options;
  const double beta1 = options_number(o, ADAM_BETA1), beta2 = options_number(o, ADAM_BETA2);
  *numbers = (update_numbers){ .lr = lr, .beta1 = beta1, .beta2 = beta2, .epsilon = options_number(o, ADAM_EPSILON),
                               .weight_decay = options_number(o, ADAM_WEIGHT_DECAY), .correction1 = 1 - pow(beta1, (double)step),
                               .correction2 = 1 - pow(beta2, (double)step), .first = step == 1 };
}

static void update(const real_kernels *k, void *w, const void *g, void *const *state, int64_t n, const update_numbers *numbers) {
  k->adam(w, g, state[0], state[1], n, numbers);
}

const optimizer_class optimizer_adam = {
  .row = { .name = "adam", .options = adam_options, .option_count = sizeof adam_options / sizeof *adam_options,
           .doc = "Steps by the mean gradient over the root of the mean squared gradient.\n"
                  "g += weight_decay w; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; "
                  "w -= lr m/(1 - beta1^t)/(sqrt(v/(1 - beta2^t)) + epsilon). As torch.optim.Adam; Kingma and Ba 2015",
           .example = "moth.net{ input = 2, moth.dense(1) }:train{ data = { moth.rand(8, 2), moth.rand(8, 1) }, loss = \"mse\", "
                      "epochs = 5, optimizer = moth.adam{ lr = 1e-2 }, progress = false }",
           .foreign = "Adam ADAM" },
  .states = states, .state_names = { "mean", "mean_square" }, .prepare = prepare, .update = update };
