/* cosine: torch.optim's CosineAnnealingLR, whose step 0 is the first epoch; it stays at its end. */
#include "optimizers/optimizer.h"

enum { COSINE_FINAL = SCHEDULE_COMMON };

static const moth_option_row cosine_options[] = {
  SCHEDULE_OPTIONS,
  [COSINE_FINAL] = { .key = "final", .doc = "where it ends, in multiples of the optimizer's lr", .kinds = MOTH_OPTION_REAL, .position = 1,
                     .flags = MOTH_RANGED | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 0),
                     .foreign = "eta_min min_lr lr_min alpha" } };

static double lr(const moth_part *schedule, const schedule_point *point) {
  const double pi = 3.14159265358979323846, end = point->base * options_number(&schedule->options, COSINE_FINAL);
  const double passed = point->epoch > point->epochs ? 1 : (double)(point->epoch - 1) / (double)point->epochs;
  return end + (point->base - end) * (1 + cos(pi * passed)) / 2;
}

const schedule_class schedule_cosine = {
  .row = { .name = "cosine", .options = cosine_options, .option_count = sizeof cosine_options / sizeof *cosine_options,
           .doc = "The rate falls along half a cosine.\n"
                  "lr (final + (1 - final) (1 + cos(pi (epoch - 1)/over))/2), epochs counted after the warm-up. "
                  "As torch's CosineAnnealingLR; Loshchilov and Hutter 2017",
           .example = "moth.schedule.cosine{ warmup = 5 }", .foreign = "CosineAnnealingLR cosine_annealing CosineDecay cosine_decay" },
  .lr = lr };
