/* How a training ends: which weights the net is left with, and what is said about it. */
#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "training/state.h"

/* A loss as people read it: 0.1604, 2.15e-07. */
static void value_text(double value, char *buffer, size_t size) {
  double a = fabs(value);
  text_format(buffer, size, a == 0 || (a >= 1e-3 && a < 1e4) ? "%.4f" : "%.3g", value);
}

/* The place of an ending within an epoch: " in epoch 17, batch 24", " after epoch 16". */
static void place_text(const moth_trainer *self, char *buffer, size_t size) {
  long long epoch = (long long)self->at.epoch;
  if (self->at.phase == TRAINER_EPOCH || self->at.batch == 0) {
    text_format(buffer, size, epoch == 1 ? " before the first batch" : " after epoch %lld", epoch - 1);
  } else if (self->at.batch == self->batches) {
    text_format(buffer, size, " in epoch %lld, at its end", epoch);
  } else {
    text_format(buffer, size, " in epoch %lld, batch %lld", epoch, (long long)self->at.batch + 1);
  }
}

static void end_text(moth_trainer *self, const char *reason, const char *put_back) {
  moth_run *run = self->run;
  const char *monitor = run->columns[self->monitor].name;
  char place[96];
  place_text(self, place, sizeof place);
  long long done = (long long)run->epochs;
  if (strcmp(reason, "patience") == 0) {
    text_format(run->text, sizeof run->text, "stopped at epoch %lld: %s has not improved for %lld epoch%s%s", done, monitor,
                (long long)self->at.wait, self->at.wait == 1 ? "" : "s", put_back);
    return;
  }
  if (strcmp(reason, "epochs") == 0) {
    text_format(run->text, sizeof run->text, "%lld epoch%s done%s", done, done == 1 ? "" : "s", put_back);
    return;
  }
  const char *word = strcmp(reason, "interrupt") == 0 ? "interrupted" : "stopped";
  char why[64] = "";
  if (strcmp(reason, "time") == 0) text_format(why, sizeof why, " after %.3g s", self->seconds);
  if (strcmp(reason, "nan") == 0) text_format(why, sizeof why, " by a loss of %s", isnan(self->refused) ? "nan" : "inf");
  text_format(run->text, sizeof run->text, "%s%s%s: %lld epoch%s done%s", word, why, place, done, done == 1 ? "" : "s", put_back);
}

void trainer_finish(moth_trainer *self, const char *reason) {
  plan_pay(self->training);
  moth_run *run = self->run;
  char put_back[160] = "", value[32];
  bool is_nan = strcmp(reason, "nan") == 0;
  if (self->validation != NULL && self->at.has_best) {
    trainer_copy_weights(self, self->kept);
    trainer_set_weights(self, self->best);
    self->put_back = true;
    value_text(self->sums.best, value, sizeof value);
    const char *monitor = run->columns[self->monitor].name;
    bool named = strcmp(reason, "patience") == 0;
    text_format(put_back, sizeof put_back, "%s weights of epoch %lld (%s%s%s%s) put back", named ? ";" : ",", (long long)run->best_epoch,
                named ? "" : "best ", named ? "" : monitor, named ? "" : " ", value);
  } else if (is_nan && self->at.has_kept) {
    trainer_swap_weights(self, self->kept);
    self->put_back = true;
    if (self->at.kept_epoch > 0) text_format(put_back, sizeof put_back, ", weights of epoch %lld put back", (long long)self->at.kept_epoch);
    else text_format(put_back, sizeof put_back, ", weights from before training put back");
  }
  end_text(self, reason, put_back);
  text_format(run->stopped, sizeof run->stopped, "%s", reason);
  self->ended = true;
  self->net->gradients_valid = false;
}

/* ---- A loss that is not finite ---- */

static double largest_weight(const moth_net *net) {
  double largest = 0;
  for (int64_t i = 0; i < net->parameter_count; i++) {
    double w =
        fabs(net->dtype == MOTH_F32 ? (double)((const float *)net->parameters->values)[i] : ((const double *)net->parameters->values)[i]);
    if (isnan(w)) return w;
    if (w > largest) largest = w;
  }
  return largest;
}

static void culprit_text(const moth_trainer *self, int64_t rows, char *buffer, size_t size) {
  int node = plan_first_not_finite(self->training, rows);
  if (node < 0 || node >= self->net->node_count) {
    text_format(buffer, size, "the loss itself");
    return;
  }
  char layer[200];
  const layer_node *at = &self->net->nodes[node];
  moth_part_text(at->part, layer, sizeof layer);
  text_format(buffer, size, "output of layer %d %s", at->number, layer);
}

moth_status trainer_finish_nan(moth_trainer *self) {
  moth *m = self->base.context;
  int64_t first = self->at.batch * self->batch, rows = self->rows - first < self->batch ? self->rows - first : self->batch;
  char culprit[256], tail[192];
  culprit_text(self, rows, culprit, sizeof culprit);
  double largest = largest_weight(self->net);
  bool best = self->validation != NULL && self->at.has_best;
  long long epoch = best ? self->run->best_epoch : self->at.kept_epoch;
  if (best || (self->at.has_kept && epoch > 0)) text_format(tail, sizeof tail, "weights of epoch %lld put back; ", epoch);
  else if (self->at.has_kept) text_format(tail, sizeof tail, "weights from before training put back; ");
  else tail[0] = 0;
  trainer_finish(self, "nan");
  if (strcmp(options_word(&self->options, TRAIN_ON_NAN), "stop") == 0) return MOTH_OK;
  if (dataset_check_finite(m, "train", self->data, "data") == MOTH_DATA) { /* it was changed meanwhile */
    return tail[0] != 0 ? context_hint(m, "loss is %s in epoch %lld, batch %lld; %.*s", isnan(self->refused) ? "nan" : "inf",
                                       (long long)self->at.epoch, (long long)self->at.batch + 1, (int)strlen(tail) - 2, tail)
                        : MOTH_DATA;
  }
  context_fail(m, MOTH_NUMERIC, "train", "loss is %s in epoch %lld, batch %lld (rows %lld..%lld)", isnan(self->refused) ? "nan" : "inf",
               (long long)self->at.epoch, (long long)self->at.batch + 1, (long long)(first + m->index_base),
               (long long)(first + rows - 1 + m->index_base));
  context_hint(m, "first non-finite value: %s; largest weight %.2g; lr %g", culprit, largest, self->sums.lr);
  return context_hint(m, "%stry a smaller lr or clip = 1", tail);
}
