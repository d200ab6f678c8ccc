#include <string.h>

#include "training/state.h"

typedef struct loss_tally { double sum, weight, rows; } loss_tally;
_Static_assert(sizeof(loss_tally) == TALLY_LOSS_BYTES, "a loss's tally is three numbers");

size_t tally_bytes(const moth_part *part, int64_t columns, int64_t rows) {
  return part->kind == MOTH_LOSS ? sizeof(loss_tally) : metric_state_bytes(part, columns, rows);
}

void tally_begin(const moth_part *part, void *state) {
  if (part->kind == MOTH_LOSS) memset(state, 0, sizeof(loss_tally));
  else metric_begin(part, state);
}

moth_status tally_add(plan *run, const metric_batch *batch, const plan_targets *targets, void *state) {
  if (batch->metric->kind != MOTH_LOSS) return metric_add(batch, state);
  loss_tally *sums = state;
  moth_status status = plan_loss(run, batch->metric, targets, batch->rows, &sums->sum, &sums->weight);
  if (status == MOTH_OK) sums->rows += (double)batch->rows;
  return status;
}

double tally_finish(const moth_part *part, const void *state) {
  if (part->kind != MOTH_LOSS) return metric_finish(part, state);
  const loss_tally *sums = state;
  return sums->sum * loss_scale(part, sums->weight, (int64_t)sums->rows);
}
