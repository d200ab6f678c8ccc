#include "losses/check.h"
#include "losses/elements.h"

static const moth_option_row mae_options[] = { LOSS_OPTIONS };

static inline double term(const void *data, double p, double t, double *d, double *y) {
  (void)data, (void)y;
  const double difference = p - t;
  *d = difference > 0 ? 1 : difference < 0 ? -1 : difference;  /* 0, or nan */
  return difference < 0 ? -difference : difference;
}

static double rows(const loss_run *run) { return loss_each_element(run, term, NULL); }

const loss_class loss_mae = {
  .row = { .name = "mae", .options = mae_options, .option_count = sizeof mae_options / sizeof *mae_options,
           .doc = "Mean absolute error.\n"
                  "mean of |P - T| over all elements, dE/dP = sign(P - T)/elements (0 where equal). P, T [rows, ...]; in T's unit",
           .example = "moth.mae(net:predict(x), y)", .foreign = "L1Loss l1 l1_loss mean_absolute_error MeanAbsoluteError" },
  .over_elements = true, .check = loss_check_values, .rows = rows };
