#include "metrics/metric.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "losses/check.h"

static const metric_class *metric_of(const moth_part *part) {
  assert(part->kind == MOTH_METRIC || part->kind == MOTH_LOSS);
  return part->kind == MOTH_METRIC ? (const metric_class *)part->row : NULL;
}

/* ---- Losses as metrics ---- */

typedef struct loss_state { double sum, weight; int64_t rows; } loss_state;

static void add_loss(const metric_batch *batch, loss_state *state) {
  const loss_class *class = (const loss_class *)batch->metric->row;
  const loss_run run = { .kernels = &batch->m->kernels->of[batch->dtype], .dtype = batch->dtype, .loss = batch->metric,
                         .fused = class->fused != NULL && class->fused(batch->metric, NULL), .rows = batch->rows,
                         .columns = batch->columns, .p = batch->p, .p_row = batch->columns, .p_column = 1, .t = batch->t,
                         .t_row = batch->columns, .t_column = 1, .classes = batch->classes, .weights = batch->weights, .scale = 1 };
  state->sum += class->rows(&run);
  state->weight += loss_weight(&run);
  state->rows += batch->rows;
}

/* ---- Either ---- */

size_t metric_state_bytes(const moth_part *part, int64_t columns, int64_t rows) {
  const metric_class *class = metric_of(part);
  return class == NULL ? sizeof(loss_state) : class->state_bytes(part, columns, rows);
}

void metric_begin(const moth_part *part, void *state) {
  const metric_class *class = metric_of(part);
  if (class == NULL) {
    *(loss_state *)state = (loss_state){ 0 };
  } else {
    class->begin(part, state);
  }
}

moth_status metric_add(const metric_batch *batch, void *state) {
  const metric_class *class = metric_of(batch->metric);
  if (class != NULL) return class->add(batch, state);
  add_loss(batch, state);
  return MOTH_OK;
}

double metric_finish(const moth_part *part, const void *state) {
  const metric_class *class = metric_of(part);
  if (class != NULL) return class->finish(part, state);
  const loss_state *s = state;
  return s->sum * loss_scale(part, s->weight, s->rows);
}

bool metric_higher_is_better(const moth_part *part) {
  const metric_class *class = metric_of(part);
  return class != NULL && class->higher_is_better;
}

/* ---- moth_metric_value ---- */

static moth_status check_shapes(moth *m, const moth_part *metric, const moth_tensor *p, const moth_tensor *t, bool *classes) {
  const char *name = metric->row->name;
  moth_status status = loss_check_prediction(m, metric, p, t);
  if (status != MOTH_OK) return status;
  *classes = t->rank == 1 && t->dtype == MOTH_I64;
  if (*classes) return MOTH_OK;
  const loss_setting setting = { .where = name, .dtype = t->dtype, .target = loss_sample_shape(t), .prediction = loss_sample_shape(p),
                                 .rows = p->size[0], .target_name = "target", .prediction_dtype = p->dtype };
  if (t->rank == 1 && p->rank == 2 && p->size[1] > 1) {
    context_fail(m, MOTH_DTYPE, name, "takes class numbers i64[%lld], target is %s", (long long)p->size[0], tensor_text(t).text);
    return context_hint(m, "y:to\"i64\" if they are whole numbers");
  }
  return loss_check_shapes(m, metric, &setting);
}

/* What a call of metric(p, t) holds until its end. */
typedef struct evaluation { moth_tensor *p, *t; int64_t *classes; int64_t rows; void *state; size_t state_size; } evaluation;

static moth_status evaluate(moth *m, const moth_part *metric, const moth_tensor *p, const moth_tensor *t, evaluation *e, double *value) {
  const metric_class *class = metric_of(metric);
  const char *name = metric->row->name;
  bool classes = false;
  moth_status status = check_shapes(m, metric, p, t, &classes);
  if (status != MOTH_OK) return status;
  e->rows = p->size[0];
  const int64_t columns = p->count / e->rows;
  if (class->check != NULL) status = class->check(m, name, metric, columns, classes);
  if (status == MOTH_OK) status = tensor_contiguous(m, name, p, p->dtype, &e->p);
  if (status == MOTH_OK) status = tensor_contiguous(m, name, t, classes ? MOTH_I64 : p->dtype, &e->t);
  if (status != MOTH_OK) return status;
  if (classes) {
    const int64_t *labels = (const int64_t *)e->t->values;
    status = loss_check_classes(m, name, "target", NULL, labels, e->rows, columns == 1 ? 2 : columns);
    if (status != MOTH_OK) return status;
    e->classes = memory_new(m, (size_t)e->rows, sizeof *e->classes);
    if (e->classes == NULL) return m->status;
    for (int64_t i = 0; i < e->rows; i++) e->classes[i] = labels[i] - m->index_base;
  }
  e->state_size = metric_state_bytes(metric, columns, e->rows);
  e->state = memory_new(m, 1, e->state_size);
  if (e->state == NULL) return m->status;
  metric_begin(metric, e->state);
  const metric_batch batch = { .m = m, .metric = metric, .dtype = p->dtype, .rows = e->rows, .columns = columns, .p = e->p->values,
                               .t = classes ? NULL : e->t->values, .classes = e->classes };
  status = metric_add(&batch, e->state);
  if (status == MOTH_OK) *value = metric_finish(metric, e->state);
  return status;
}

moth_status moth_metric_value(moth *m, const moth_part *metric, const moth_tensor *p, const moth_tensor *t, double *value) {
  moth_status status = object_check(m, metric, MOTH_PART_OBJECT, "metric", "argument 1");
  if (status != MOTH_OK) return status;
  if (metric->kind == MOTH_LOSS) return moth_loss_value(m, metric, p, t, value, NULL);
  const char *name = metric->row->name;
  if (metric->kind != MOTH_METRIC) {
    return context_fail(m, MOTH_MISUSE, "metric", "argument 1 must be a metric or a loss, got the %s %s",
                        moth_part_kind_name(metric->kind), name);
  }
  status = tensor_check(m, p, name, "prediction");
  if (status == MOTH_OK) status = tensor_check(m, t, name, "target");
  if (status != MOTH_OK) return status;
  if (value == NULL) return context_fail(m, MOTH_MISUSE, name, "a place for the value must be given");
  evaluation e = { 0 };
  double result = 0;
  status = evaluate(m, metric, p, t, &e, &result);
  if (status == MOTH_OK) *value = result;
  memory_free(m, e.state, 1, e.state_size);
  memory_free(m, e.classes, (size_t)e.rows, sizeof *e.classes);
  moth_release(e.p);
  moth_release(e.t);
  return status;
}
