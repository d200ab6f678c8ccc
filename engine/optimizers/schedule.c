#include "optimizers/optimizer.h"

double schedule_lr(const moth_part *schedule, int64_t epoch, int64_t epochs, double base) {
  if (schedule == NULL) return base;
  const int64_t warmup = options_int(&schedule->options, SCHEDULE_WARMUP);
  if (epoch <= warmup) return base * ((double)epoch / (double)warmup);
  const bool is_given = options_is_set(&schedule->options, SCHEDULE_OVER);
  int64_t span = is_given ? options_int(&schedule->options, SCHEDULE_OVER) : epochs - warmup;
  const schedule_point point = { .epoch = epoch - warmup, .epochs = span < 1 ? 1 : span, .base = base };
  return ((const schedule_class *)schedule->row)->lr(schedule, &point);
}
