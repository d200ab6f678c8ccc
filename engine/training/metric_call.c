/* A metric that is a function of the host's: called with each batch, averaged by rows. No row of a catalog, as scripts give the function
 * itself; moth_metric_create makes it a component like the others. */
#include <string.h>

#include "training/state.h"

enum { CALLED_NAME, CALLED_FUNCTION, CALLED_OPTIONS };

static const moth_option_row called_options[] = {
  [CALLED_NAME] = { .key = "name", .doc = "what its column is called", .kinds = MOTH_OPTION_TEXT, .position = 1, .flags = MOTH_REQUIRED },
  [CALLED_FUNCTION] = { .key = "value", .doc = "gives the value of a batch", .kinds = MOTH_OPTION_CALL, .position = 2,
                        .flags = MOTH_REQUIRED, .call = MOTH_METRIC_CALL },
};

typedef struct called_state { double sum; int64_t rows; } called_state;

static size_t called_bytes(const moth_part *metric, int64_t columns, int64_t rows) {
  (void)metric, (void)columns, (void)rows;
  return sizeof(called_state);
}

static void called_begin(const moth_part *metric, void *state) {
  (void)metric;
  memset(state, 0, sizeof(called_state));
}

/* Tensors of the function's own: it may keep them. */
static moth_status copy_rows(const metric_batch *batch, const void *values, moth_tensor **t) {
  const int64_t size[] = { batch->rows, batch->columns };
  moth_status status = tensor_new(batch->m, "train", batch->dtype, 2, size, false, t);
  if (status == MOTH_OK) memcpy((*t)->values, values, (size_t)(batch->rows * batch->columns) * dtype_size(batch->dtype));
  return status;
}

static moth_status copy_classes(const metric_batch *batch, moth_tensor **t) {
  moth_status status = tensor_new(batch->m, "train", MOTH_I64, 1, &batch->rows, false, t);
  for (int64_t i = 0; status == MOTH_OK && i < batch->rows; i++) ((int64_t *)(*t)->values)[i] = batch->classes[i] + batch->m->index_base;
  return status;
}

static moth_status called_add(const metric_batch *batch, void *state) {
  const moth_call *call = &batch->metric->options.values[CALLED_FUNCTION].as.call;
  called_state *sums = state;
  moth_tensor *p = NULL, *t = NULL;
  double value = 0;
  moth_status status = copy_rows(batch, batch->p, &p);
  if (status == MOTH_OK) status = batch->classes != NULL ? copy_classes(batch, &t) : copy_rows(batch, batch->t, &t);
  if (status == MOTH_OK) status = ((moth_metric_function)call->function)(call->data, p, t, &value);
  moth_release(p);
  moth_release(t);
  if (status != MOTH_OK) return status;
  sums->sum += value * (double)batch->rows;
  sums->rows += batch->rows;
  return MOTH_OK;
}

static double called_finish(const moth_part *metric, const void *state) {
  (void)metric;
  const called_state *sums = state;
  return sums->sum / (double)sums->rows;
}

static const metric_class called_metric = {
  .row = { .name = "function", .doc = "A function of the host's, called with each batch and averaged by rows.", .options = called_options,
           .option_count = CALLED_OPTIONS },
  .state_bytes = called_bytes, .begin = called_begin, .add = called_add, .finish = called_finish,
};

const char *trainer_metric_name(const moth_part *metric) {
  return metric->row == &called_metric.row ? options_word(&metric->options, CALLED_NAME) : metric->row->name;
}

bool trainer_metric_is_called(const moth_part *metric) { return metric->row == &called_metric.row; }

moth_status moth_metric_create(moth *m, const char *name, const moth_call *call, moth_part **metric) {
  moth_status status = context_check(m, "metric");
  if (status != MOTH_OK) return status;
  if (name == NULL || call == NULL || metric == NULL) {
    return context_fail(m, MOTH_MISUSE, "metric", "a name, a function and a place for the result must be given");
  }
  const moth_option given[] = { MOTH_TEXT(NULL, name), { .kind = MOTH_OPTION_CALL, .as.call = *call }, MOTH_END };
  return part_create(m, MOTH_METRIC, &called_metric.row, given, metric);
}
