#include "losses/check.h"
#include "losses/elements.h"

static const moth_option_row mse_options[] = { LOSS_OPTIONS };

static void terms(const void *data, loss_piece *piece) {
  (void)data;
  const double *restrict p = piece->p, *restrict t = piece->t;
  for (int64_t i = 0; i < piece->count; i++) {
    const double difference = p[i] - t[i];
    piece->loss[i] = difference * difference;
    piece->d[i] = 2 * difference;
  }
}

static enum lanes_loss_kind lanes(const loss_run *run) {
  (void)run;
  return LANES_SQUARES;
}

static double rows(const loss_run *run) { return loss_each_element(run, terms, NULL); }

const loss_class loss_mse = {
  .row = { .name = "mse", .options = mse_options, .option_count = sizeof mse_options / sizeof *mse_options,
           .doc = "Mean squared error.\n"
                  "mean of (P - T)^2 over all elements, dE/dP = 2 (P - T)/elements. P, T [rows, ...]; in the square of T's unit",
           .example = "print(moth.mse(moth.tensor{ 1, 2 }, moth.tensor{ 1, 4 }))",
           .foreign = "MSELoss mean_squared_error MeanSquaredError mse_loss squared_loss l2 L2Loss" },
  .over_elements = true, .check = loss_check_values, .lanes = lanes, .rows = rows };
