#include "losses/loss.h"

#include <assert.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "losses/check.h"

double loss_scale(const moth_part *loss, double weight, int64_t rows) {
  const char *reduction = options_word(&loss->options, LOSS_REDUCTION);
  if (strcmp(reduction, "sum") == 0) return 1;
  double denominator = strcmp(reduction, "batch") == 0 ? (double)rows : weight;
  return denominator == 0 ? 0 : 1 / denominator;  /* rows that all weigh nothing say nothing */
}

double loss_weight(const loss_run *run) {
  const loss_class *class = (const loss_class *)run->loss->row;
  if (class->weight != NULL) return class->weight(run);
  double rows = (double)run->rows;
  if (run->weights != NULL) {
    rows = 0;
    for (int64_t i = 0; i < run->rows; i++) rows += run->weights[i];
  }
  return class->over_elements ? rows * (double)run->columns : rows;
}

int64_t loss_class_count(const moth_part *loss, int64_t columns) {
  return ((const loss_class *)loss->row)->is_binary && columns == 1 ? 2 : columns;
}

/* ---- moth_loss_value ---- */

/* What a call of loss(p, t) holds until its end. */
typedef struct evaluation {
  moth_tensor *p, *t, *gradient;  /* retained: as given, or row-major copies */
  int64_t *classes;
  int64_t rows, columns;
  loss_run run;
} evaluation;

/* Class numbers from 0 out of a tensor of labels that count from the index base. */
static moth_status take_classes(moth *m, const moth_part *loss, const moth_tensor *t, evaluation *e) {
  const char *name = loss->row->name;
  moth_status status = tensor_contiguous(m, name, t, MOTH_I64, &e->t);
  if (status != MOTH_OK) return status;
  const int64_t *labels = (const int64_t *)e->t->values;
  status = loss_check_classes(m, name, "target", NULL, labels, e->rows, loss_class_count(loss, e->columns));
  if (status != MOTH_OK) return status;
  e->classes = memory_new(m, (size_t)e->rows, sizeof *e->classes);
  if (e->classes == NULL) return m->status;
  for (int64_t i = 0; i < e->rows; i++) e->classes[i] = labels[i] - m->index_base;
  e->run.classes = e->classes;
  return MOTH_OK;
}

/* Targets of the prediction's shape, in its dtype. */
static moth_status take_targets(moth *m, const moth_part *loss, const moth_tensor *t, evaluation *e) {
  moth_status status = tensor_contiguous(m, loss->row->name, t, e->p->dtype, &e->t);
  if (status != MOTH_OK) return status;
  e->run.t = e->t->values, e->run.t_row = e->columns, e->run.t_column = 1;
  return loss_check_targets(m, loss, loss->row->name, "target", e->t->dtype, e->t->values, e->rows, e->columns);
}

/* The prediction through its strides where it is a matrix, else in order. */
static moth_status take_prediction(moth *m, const moth_part *loss, const moth_tensor *p, evaluation *e) {
  e->rows = p->size[0], e->columns = p->count / p->size[0];
  const bool is_matrix = p->rank <= 2;
  moth_status status = MOTH_OK;
  if (is_matrix) {
    e->p = moth_retain((moth_tensor *)p);
  } else {
    status = tensor_contiguous(m, loss->row->name, p, p->dtype, &e->p);
  }
  if (status != MOTH_OK) return status;
  e->run.p = e->p->values;
  e->run.p_row = is_matrix ? p->strides[0] : e->columns;
  e->run.p_column = p->rank == 2 ? p->strides[1] : 1;
  return MOTH_OK;
}

static double prediction_at(const loss_run *run, int64_t row, int64_t column) {
  const int64_t at = row * run->p_row + column * run->p_column;
  return run->dtype == MOTH_F32 ? (double)((const float *)run->p)[at] : ((const double *)run->p)[at];
}

/* Logits given to a loss that takes probabilities would make nan of them; nan itself goes through. */
static moth_status check_probabilities(moth *m, const moth_part *loss, const evaluation *e) {
  for (int64_t i = 0; i < e->rows * e->columns; i++) {
    const double p = prediction_at(&e->run, i / e->columns, i % e->columns);
    if (!(p < 0 || p > 1)) continue;
    char value[40];
    if (e->run.dtype == MOTH_F32) text_format(value, sizeof value, "%.7g", p);
    else text_number(value, sizeof value, p);
    return context_fail(m, MOTH_DATA, loss->row->name, "prediction %s in row %lld is not in [0, 1]; { logits = true } takes logits", value,
                        (long long)(i / e->columns + m->index_base));
  }
  return MOTH_OK;
}

/* Blocks of rows in order, so that a cancel is seen. */
static moth_status run_blocks(moth *m, const moth_part *loss, const evaluation *e, double *value) {
  enum { BLOCK_VALUES = 1 << 16 };
  const loss_class *class = (const loss_class *)loss->row;
  loss_run run = e->run;
  const int64_t block = e->columns >= BLOCK_VALUES ? 1 : BLOCK_VALUES / e->columns;
  const size_t size = dtype_size(run.dtype);
  double sum = 0;
  run.rows = e->rows;
  run.scale = loss_scale(loss, loss_weight(&run), e->rows);
  for (int64_t row = 0; row < e->rows; row += block) {
    run.rows = e->rows - row < block ? e->rows - row : block;
    run.p = (const char *)e->run.p + row * run.p_row * (int64_t)size;
    if (run.t != NULL) run.t = (const char *)e->run.t + row * run.t_row * (int64_t)size;
    if (run.classes != NULL) run.classes = e->run.classes + row;
    if (run.d != NULL) run.d = (char *)e->run.d + row * run.d_row * (int64_t)size;
    sum += class->rows(&run);
    moth_status status = context_poll(m, loss->row->name);
    if (status != MOTH_OK) return status;
  }
  *value = sum * run.scale;
  return MOTH_OK;
}

static moth_status evaluate(moth *m, const moth_part *loss, const moth_tensor *p, const moth_tensor *t, bool wants_gradient, evaluation *e,
                            double *value) {
  const loss_class *class = (const loss_class *)loss->row;
  moth_status status = loss_check_prediction(m, loss, p, t);
  if (status != MOTH_OK) return status;
  const loss_setting setting = { .where = loss->row->name, .dtype = t->dtype, .target = loss_sample_shape(t),
                                 .prediction = loss_sample_shape(p), .rows = p->size[0], .target_name = "target",
                                 .prediction_dtype = p->dtype };
  bool classes = false;
  status = class->check(m, loss, &setting, &classes);
  if (status != MOTH_OK) return status;
  e->run = (loss_run){ .kernels = &m->kernels->of[p->dtype], .dtype = p->dtype, .loss = loss,
                       .fused = class->fused != NULL && class->fused(loss, NULL) };
  status = take_prediction(m, loss, p, e);
  e->run.columns = e->columns;
  if (status == MOTH_OK && class->is_binary && !e->run.fused) status = check_probabilities(m, loss, e);
  if (status == MOTH_OK) status = classes ? take_classes(m, loss, t, e) : take_targets(m, loss, t, e);
  if (status == MOTH_OK && wants_gradient) {
    status = tensor_new(m, loss->row->name, p->dtype, p->rank, p->size, false, &e->gradient);
    if (status == MOTH_OK) e->run.d = e->gradient->values, e->run.d_row = e->columns, e->run.d_column = 1;
  }
  return status == MOTH_OK ? run_blocks(m, loss, e, value) : status;
}

moth_status moth_loss_value(moth *m, const moth_part *loss, const moth_tensor *p, const moth_tensor *t, double *value,
                            moth_tensor **gradient) {
  moth_status status = object_check(m, loss, MOTH_PART_OBJECT, "loss", "argument 1");
  if (status != MOTH_OK) return status;
  if (loss->kind != MOTH_LOSS) {
    return context_fail(m, MOTH_MISUSE, "loss", "argument 1 must be a loss, got the %s %s", moth_part_kind_name(loss->kind),
                        loss->row->name);
  }
  status = tensor_check(m, p, loss->row->name, "prediction");
  if (status == MOTH_OK) status = tensor_check(m, t, loss->row->name, "target");
  if (status != MOTH_OK) return status;
  if (value == NULL) return context_fail(m, MOTH_MISUSE, loss->row->name, "a place for the value must be given");
  evaluation e = { 0 };
  double result = 0;
  status = evaluate(m, loss, p, t, gradient != NULL, &e, &result);
  if (status == MOTH_OK) {
    *value = result;
    if (gradient != NULL) *gradient = e.gradient, e.gradient = NULL;
  }
  memory_free(m, e.classes, (size_t)e.rows, sizeof *e.classes);
  moth_release(e.p);
  moth_release(e.t);
  moth_release(e.gradient);
  return status;
}
