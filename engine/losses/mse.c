#include "losses/check.h"
#include "losses/elements.h"

static const moth_option_row mse_options[] = { LOSS_OPTIONS };

static inline double term(const void *data, double p, double t, double *d, double *y) {
  (void)data, (void)y;
  *d = 2 * (p - t);
  return (p - t) * (p - t);
}

static double rows(const loss_run *run) { return loss_each_element(run, term, NULL); }

const loss_class loss_mse = {
  .row = { .name = "mse", .options = mse_options, .option_count = sizeof mse_options / sizeof *mse_options,
           .doc = "Mean squared error.\n"
                  "mean of (P - T)^2 over all elements, dE/dP = 2 (P - T)/elements. P, T [rows, ...]; in the square of T's unit",
           .example = "moth.mse(net:predict(x), y)",
           .foreign = "MSELoss mean_squared_error MeanSquaredError mse_loss squared_loss l2 L2Loss" },
  .over_elements = true, .check = loss_check_values, .rows = rows };
