/* sgd: gradient descent, with momentum and weight decay where asked; formulas as torch.optim.SGD's. */
#include "optimizers/optimizer.h"

enum { SGD_MOMENTUM = OPTIMIZER_LR + 1, SGD_NESTEROV, SGD_WEIGHT_DECAY };

static const moth_option_row sgd_options[] = {
  OPTIMIZER_RATE(0.01),
  [SGD_MOMENTUM] = { .key = "momentum", .doc = "share of the last step that goes on", .kinds = MOTH_OPTION_REAL,
                     .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 0), .foreign = "mu" },
  [SGD_NESTEROV] = { .key = "nesterov", .doc = "look ahead by the momentum (Nesterov 1983)", .kinds = MOTH_OPTION_FLAG,
                     .fallback = MOTH_FLAG(NULL, false) },
  [SGD_WEIGHT_DECAY] = { .key = "weight_decay", .doc = "adds weight_decay w to every gradient", .kinds = MOTH_OPTION_REAL,
                         .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 0),
                         .foreign = "decay wd" } };

static int states(const moth_part *optimizer) { return options_number(&optimizer->options, SGD_MOMENTUM) != 0; }

static void prepare(const moth_part *optimizer, int64_t step, double lr, update_numbers *numbers) {
  const options *o = &optimizer->options;
  *numbers = (update_numbers){ .lr = lr, .momentum = options_number(o, SGD_MOMENTUM), .nesterov = options_flag(o, SGD_NESTEROV),
                               .weight_decay = options_number(o, SGD_WEIGHT_DECAY), .first = step == 1 };
}

static void update(const real_kernels *k, void *w, const void *g, void *const *state, int64_t n, const update_numbers *numbers) {
  if (numbers->momentum == 0) {
    k->sgd(w, g, n, numbers->lr, numbers->weight_decay);
  } else {
    k->momentum(w, g, state[0], n, numbers);
  }
}

const optimizer_class optimizer_sgd = {
  .row = { .name = "sgd", .options = sgd_options, .option_count = sizeof sgd_options / sizeof *sgd_options,
           .doc = "Gradient descent, with momentum where asked.\n"
                  "g += weight_decay w; v = g at the first step, then momentum v + g; w -= lr v (nesterov: lr (g + momentum v)). "
                  "As torch.optim.SGD; Sutskever et al. 2013",
           .example = "local net, opt = moth.net{ input = 2, moth.dense(1) }, moth.sgd{ lr = 0.1, momentum = 0.9 }; "
                      "net:backprop({ { 0, 1 } }, { { 1 } }, \"mse\"); opt:step(net)",
           .foreign = "SGD gradient_descent GradientDescent momentum" },
  .states = states, .state_names = { "velocity" }, .is_plain = true, .prepare = prepare, .update = update };
