/* step: torch.optim's StepLR, whose step 0 is the first epoch. */
#include "optimizers/optimizer.h"

enum { STEP_EVERY = SCHEDULE_COMMON, STEP_FACTOR };

static const moth_option_row step_options[] = {
  SCHEDULE_OPTIONS,
  [STEP_EVERY] = { .key = "every", .doc = "epochs between two steps", .kinds = MOTH_OPTION_INT, .position = 1,
                   .flags = MOTH_REQUIRED | MOTH_RANGED, .low = 1, .high = INFINITY, .foreign = "step_size period" },
  [STEP_FACTOR] = { .key = "factor", .doc = "what each step multiplies the rate by", .kinds = MOTH_OPTION_REAL, .position = 2,
                    .flags = MOTH_RANGED | MOTH_LOW_OPEN | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY, .fallback = MOTH_REAL(NULL, 0.1),
                    .foreign = "gamma decay" } };

static double lr(const moth_part *schedule, const schedule_point *point) {
  const options *o = &schedule->options;
  const bool is_over = options_is_set(o, SCHEDULE_OVER) && point->epoch > point->epochs;  /* then it stays */
  const int64_t passed = is_over ? point->epochs - 1 : point->epoch - 1;
  return point->base * pow(options_number(o, STEP_FACTOR), (double)(passed / options_int(o, STEP_EVERY)));
}

const schedule_class schedule_step = {
  .row = { .name = "step", .options = step_options, .option_count = sizeof step_options / sizeof *step_options,
           .doc = "The rate is multiplied by factor every so many epochs.\n"
                  "lr factor^floor((epoch - 1)/every), epochs counted after the warm-up. As torch's StepLR",
           .example = "moth.schedule.step(30, 0.1)", .foreign = "StepLR step_decay" },
  .lr = lr };
