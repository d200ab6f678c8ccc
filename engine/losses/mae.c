#include "losses/check.h"
#include "losses/elements.h"

static const moth_option_row mae_options[] = { LOSS_OPTIONS };

static void terms(const void *data, loss_piece *piece) {
  (void)data;
  const double *restrict p = piece->p, *restrict t = piece->t;
  for (int64_t i = 0; i < piece->count; i++) {
    const double difference = p[i] - t[i];
    piece->loss[i] = difference < 0 ? -difference : difference;
    piece->d[i] = difference > 0 ? 1 : difference < 0 ? -1 : difference;  /* 0, or nan */
  }
}

static double rows(const loss_run *run) { return loss_each_element(run, terms, NULL); }

const loss_class loss_mae = {
  .row = { .name = "mae", .options = mae_options, .option_count = sizeof mae_options / sizeof *mae_options,
           .doc = "Mean absolute error.\n"
                  "mean of |P - T| over all elements, dE/dP = sign(P - T)/elements (0 where equal). P, T [rows, ...]; in T's unit",
           .example = "print(moth.mae(moth.tensor{ 1, 2 }, moth.tensor{ 1, 4 }))",
           .foreign = "L1Loss l1 l1_loss mean_absolute_error MeanAbsoluteError" },
  .over_elements = true, .check = loss_check_values, .rows = rows };
