#include "losses/check.h"
#include "losses/elements.h"

static const moth_option_row squared_error_options[] = { LOSS_OPTIONS };

static inline double term(const void *data, double p, double t, double *d, double *y) {
  (void)data, (void)y;
  *d = p - t;
  return 0.5 * (p - t) * (p - t);
}

static double rows(const loss_run *run) { return loss_each_element(run, term, NULL); }

const loss_class loss_squared_error = {
  .row = { .name = "squared_error", .options = squared_error_options,
           .option_count = sizeof squared_error_options / sizeof *squared_error_options,
           .doc = "Half the squared error, whose gradient is the error itself.\n"
                  "mean of (P - T)^2/2 over all elements, dE/dP = (P - T)/elements; with reduction = \"sum\", P - T. "
                  "P, T [rows, ...]; in the square of T's unit",
           .example = "moth.squared_error{ reduction = \"sum\" }", .foreign = "half_mse half_squared_error sum_squared_error sse" },
  .over_elements = true, .check = loss_check_values, .rows = rows };
