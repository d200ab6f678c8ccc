/* network/plan.h: how a net runs. For a net, a capacity of rows and a purpose a plan lays out every buffer once; a training step allocates
 * nothing and fewer rows reuse it. A step is: row blocks (gather, forward, loss, backward: no barrier between layers), a barrier, parameter
 * blocks (gradient, then the optimizer while the block is in cache), a barrier. Blocks depend on shapes only, so bits do not depend on
 * threads. Flush-to-zero is set inside and restored before returning and around every callback. */
#ifndef NETWORK_PLAN_H
#define NETWORK_PLAN_H

#include "network/network.h"

typedef struct plan plan;

/* Where rows come from: memory in place, or a function that gathers rows `row` … of the batch, called on workers. Inputs come in the net's
 * dtype (i64 from 0 for an index input), [rows, features] contiguous. */
typedef void (*plan_gather)(const void *data, int64_t row, int64_t rows, void *out);
typedef struct plan_source {
  const void *values;            /* used in place; NULL: gather */
  plan_gather gather;
  const void *data;
} plan_source;

typedef struct plan_targets {
  plan_source source;            /* values in the net's dtype [rows, columns], or, with classes, int64_t from 0 a row */
  bool classes;
  const double *weights;         /* one a row of the batch; NULL: 1 */
} plan_targets;

/* What happens between backward and update; using it turns the fused update off. */
typedef struct plan_penalties { double l1, l2; } plan_penalties;

/* One training step. */
typedef struct plan_step_job {
  int64_t rows;
  plan_source x;
  plan_targets targets;
  const moth_part *loss;
  moth_part *optimizer;          /* bound; NULL: gradients only (net:backprop) */
  double lr;
  const moth_clip *clip;         /* NULL: none */
  plan_penalties penalties;
  bool keep_gradients;           /* someone may look: write them to net->gradients */
  bool accumulate;               /* add to net->gradients */
  bool want_outputs;             /* outputs (after the activation) are read afterwards: plan_outputs */
  bool training;
  bool may_owe;                  /* updates over one row may be put off until the next step, or plan_pay */
  uint64_t key, step;            /* of dropout */
  unsigned host_denormals;       /* what pool_flush_denormals returned to a caller that flushes over many steps; 0: the step does it */
} plan_step_job;

typedef struct plan_result {
  double sum, weight;            /* of the loss: value = loss_scale(part, weight, rows) · sum */
  double value;
  double norm;                   /* of the gradient before clipping; NaN unless clipped */
} plan_result;

enum plan_purpose { PLAN_TRAINING, PLAN_PREDICTING };

/* Lays out; prepares matmul and the pool, so that steps neither allocate nor fail but by cancel, host layers and callbacks. */
moth_status plan_create(moth *m, const char *where, moth_net *net, enum plan_purpose purpose, int64_t capacity, plan **out);
void plan_free(moth *m, plan *self);
int64_t plan_capacity(const plan *self);
/* Rows of the last run. */
int64_t plan_rows(const plan *self);
/* Whether the last run was a training plan_forward, which plan_backward may follow. */
bool plan_can_go_back(const plan *self);

/* Runs forward over rows <= capacity; the outputs stay in the plan until its next run. */
moth_status plan_forward(plan *self, const char *where, const plan_source *x, int64_t rows, bool training, uint64_t key, uint64_t step);
/* dE/d(output) [rows, outputs] of the last training plan_forward in; dE/dx out where dx is not NULL; gradients into net->gradients. */
moth_status plan_backward(plan *self, const char *where, const void *dy, bool accumulate, void *dx);
/* Forward, loss, backward and update. On failure or cancel parameters, optimizer, buffers and counters are as before it. The loss being
 * not finite is no failure here: the caller looks at the value; `check_finite` in the trainer decides BEFORE the update, through
 * `proceed`: called after the loss is known and before anything changes; false leaves everything as it was. */
typedef bool (*plan_proceed)(void *data, double value);
moth_status plan_step(plan *self, const char *where, const plan_step_job *job, plan_proceed proceed, void *data, plan_result *result);
/* Does the updates that steps have put off: before anyone but a step of this plan reads the parameters. NULL is fine. */
void plan_pay(plan *self);
/* Many steps over the same rows, which lie in place, where the net and the job suit it (else *done is 0): up to count steps, until a loss
 * is not finite (that step changes nothing) or a cancel is seen, which stays to be taken. values[0 … *done-1] are the losses; `kept` gets the
 * parameters before the last of them. Nothing of the host's is called. Denormals are the caller's business: job->host_denormals is set. */
moth_status plan_run_epochs(plan *self, const char *where, const plan_step_job *job, int64_t count, double *values, char *kept,
                            int64_t *done);
/* The last run's outputs [rows, outputs], contiguous, after the last activation (a step: only with want_outputs). */
const void *plan_outputs(const plan *self);
/* The targets that the last step gathered. */
const void *plan_step_targets(const plan *self);
/* A node's output of the last run: a storage to view, or NULL where aliasing and fusing left none. */
moth_status plan_node_output(plan *self, int node, int64_t *rows, storage **s, size_t *offset);
/* The loss of rows that are predicted: adds to *sum and *weight. After plan_forward. */
moth_status plan_loss(plan *self, const moth_part *loss, const plan_targets *targets, int64_t rows, double *sum, double *weight);
/* Which layer's output in the last step first held something that is not finite (node index; -1: none; node_count: only the loss). */
int plan_first_not_finite(plan *self, int64_t rows);
/* What the plan chose, a line a node: for net:summary(). */
const char *plan_path(const plan *self, int node);

#endif
