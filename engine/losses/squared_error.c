#include "losses/check.h"
#include "losses/elements.h"

static const moth_option_row squared_error_options[] = { LOSS_OPTIONS };

static void terms(const void *data, loss_piece *piece) {
  (void)data;
  const double *restrict p = piece->p, *restrict t = piece->t;
  for (int64_t i = 0; i < piece->count; i++) {
    const double difference = p[i] - t[i];
    piece->loss[i] = 0.5 * difference * difference;
    piece->d[i] = difference;
  }
}

static enum lanes_loss_kind lanes(const loss_run *run) {
  (void)run;
  return LANES_HALF_SQUARES;
}

static double rows(const loss_run *run) { return loss_each_element(run, terms, NULL); }

const loss_class loss_squared_error = {
  .row = { .name = "squared_error", .options = squared_error_options,
           .option_count = sizeof squared_error_options / sizeof *squared_error_options,
           .doc = "Half the squared error, whose gradient is the error itself.\n"
                  "mean of (P - T)^2/2 over all elements, dE/dP = (P - T)/elements; with reduction = \"sum\", P - T. "
                  "P, T [rows, ...]; in the square of T's unit",
           .example = "moth.squared_error{ reduction = \"sum\" }", .foreign = "half_mse half_squared_error sum_squared_error sse" },
  .over_elements = true, .check = loss_check_values, .lanes = lanes, .rows = rows };
