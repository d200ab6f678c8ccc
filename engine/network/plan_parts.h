/* network/plan_parts.h: what the files of the plan share. plan.c lays out, plan_setting.c works out what follows from a run's setting,
 * plan_rows.c runs row blocks, plan_update.c makes gradients and updates, plan_step.c joins them.
 *
 * Everything that does not change from step to step is worked out when the setting changes (rows, loss, frozen layers …), so that a step
 * is a walk over plain arrays. A node's `run`, `in`, `out` and `d` describe the whole batch on worker 0; a block of rows is reached from
 * them by adding rows × bytes of a row. */
#ifndef NETWORK_PLAN_PARTS_H
#define NETWORK_PLAN_PARTS_H

#include <stdatomic.h>

#include "core/pool.h"
#include "network/plan.h"

/* A node that runs; those whose output is an alias do not. */
typedef struct plan_node {
  const layer_class *class;
  layer_run run;
  int index;                     /* among the net's nodes */
  int input_count;
  int roots[LAYER_MAX_INPUTS];   /* the nodes whose memory it reads; -1: the net's input */
  size_t in_row[LAYER_MAX_INPUTS];
  const void *in[LAYER_MAX_INPUTS];
  char *out;
  size_t out_row;
  char *d;                       /* dE/d(out), later dE/dz; training plans */
  size_t saved_row;
  int readers, last_reader;      /* how often its output is read, and the last position that does */
  bool wants_backward;
  bool d_is_written;             /* while aiming: some later node (or the loss) has written d */
  unsigned char flow[LAYER_MAX_INPUTS]; /* what becomes of an input's gradient: plan_flow */
  void *d_in[LAYER_MAX_INPUTS];  /* where backward writes; NULL: not wanted */
  void *d_to[LAYER_MAX_INPUTS];  /* where that is added to; NULL: it is the place already */
  void *blocks[LAYER_MAX_BLOCKS], *buffers[LAYER_MAX_BUFFERS];
  layer_owed owed;               /* what run.owed points to where an update is put off */
  char *owed_x;                  /* room for its x; NULL: this node puts nothing off */
  char path[48];
} plan_node;

/* An input's gradient is not wanted, is the first for its place, or is added to what stands there. */
enum plan_flow { PLAN_NO_FLOW, PLAN_WRITES, PLAN_ADDS };

/* Nodes run together, block by block of rows; a whole-batch layer is a stage of its own. Positions in plan.nodes. */
typedef struct plan_stage { int first, last; bool whole; } plan_stage;

/* What the arrays are worked out for. */
typedef struct plan_setting { int64_t rows; bool training, has_loss, fused; int threads; } plan_setting;
typedef struct plan_aim { bool dx; uint64_t freezes; } plan_aim;

typedef struct plan_sum { double sum; } plan_sum;

/* What the running pass does to each block of rows. */
typedef struct plan_pass { plan_stage stage; bool gather, forward, loss, backward; } plan_pass;

/* What the running update does to each range. */
typedef struct plan_update {
  bool flat;                     /* into net->gradients, else into the worker's scratch */
  bool add;                      /* to what stands there */
  bool now;                      /* hand each range to the optimizer at once */
  bool polls;
  bool owes;                     /* what can be put off is */
  const optimizer_class *optimizer;
  update_numbers numbers;
  char *states[OPTIMIZER_MAX_STATES];
  int state_count;
} plan_update;

typedef struct plan_lanes plan_lanes; /* network/plan_lanes.h */

struct plan {
  moth *m;
  moth_net *net;
  enum plan_purpose purpose;
  moth_dtype dtype;
  size_t element;                /* bytes of a value */
  const real_kernels *kernels;
  int64_t capacity;
  int64_t columns, features;     /* values of an output and of an input sample */
  size_t x_row, y_row;           /* bytes of a row */
  double work;                   /* flop of forward, a row */

  int node_count;
  plan_node *nodes;              /* those that run, in order */
  int *positions;                /* by the net's node: position in `nodes`, -1 where aliased */
  int *roots;                    /* by the net's node: the node whose memory it shows; -1: the net's input */
  int stage_count;
  plan_stage *stages;
  int output;                    /* position of the node that makes the output */
  bool output_is_read;           /* some other node reads it too */
  int x_readers;                 /* how often the net's input is read */
  activation tail;               /* of that node; function NULL: none */
  bool commits;                  /* some layer's buffers change with a step */

  storage *values;               /* outputs of nodes, then y */
  char *y;                       /* outputs where `out` holds logits */
  char *work_space;              /* d, spills, saved bytes */
  size_t work_bytes;
  char *spill[LAYER_MAX_INPUTS]; /* gradients on their way to be added */
  plan_sum *sums;                /* of the loss, by block */
  int64_t sum_count;
  char *scratch;                 /* a piece for each worker */
  size_t scratch_layer, scratch_worker, scratch_bytes;
  storage *x_buffer;             /* gathered inputs and targets; made when first wanted */
  char *t_buffer;
  size_t t_bytes;

  plan_setting setting;
  plan_aim aim;
  bool is_set, is_aimed;
  moth_part *loss;               /* of the setting; retained, so that no other can have its address */
  const loss_class *loss_class;
  loss_run loss_run;
  double plain_weight, plain_scale; /* of a batch without weights */
  bool leaves_tail;              /* `out` of the output node holds logits, and y is wanted */
  bool is_big;                   /* a step of so many rows is above PLAN_FUSED_WORK */
  int64_t block_rows, block_count;
  int64_t range_count;           /* of those that are not frozen */
  int64_t *ranges;               /* their positions in net->ranges */
  bool dx_is_written;            /* some node writes dE/dx */

  const char *x;                 /* of the run under way */
  plan_source x_source, t_source;
  bool classes, gathers_targets;
  const void *targets;
  int64_t rows;                  /* of the last run */
  bool has_outputs, has_run, can_go_back, y_holds_outputs;
  plan_lanes *lanes;             /* NULL: the net has no such form */
  bool owes;                     /* some node's update is put off */
  plan_pass pass;
  plan_update update;
  atomic_int failed;             /* a moth_status from a block */
};

enum {
  PLAN_BLOCK_WORK = 3 << 19,     /* flop of forward that a block of rows should at least hold */
  PLAN_MOST_BLOCKS = 64,         /* of rows in a batch */
  PLAN_OWED_BYTES = 1 << 15,     /* of weights from which putting off an update saves a way through the caches */
  PLAN_ALONE_WORK = 1 << 18,     /* flop below which waking workers costs more than it brings */
  PLAN_FUSED_WORK = 1 << 30      /* flop above which a step writes its gradients before it updates, and can be cancelled between */
};

/* Room for so many workers. */
moth_status plan_ensure_scratch(plan *self, int threads);
/* Rows of a block in a batch: depends on the net and the batch's rows alone. */
int64_t plan_rows_of_block(const plan *self, int64_t rows);

/* Works out what follows from rows, training and loss; fails only where memory for more threads is wanted. */
moth_status plan_set(plan *self, const char *where, int64_t rows, bool training, const moth_part *loss);
/* Works out where gradients flow. */
void plan_take_aim(plan *self, bool dx);
/* The input of the run under way: in place, or gathered. */
moth_status plan_take_input(plan *self, const char *where, const plan_source *x);
moth_status plan_take_targets(plan *self, const char *where, const plan_targets *targets);
/* Where dE/dx goes. */
void plan_take_dx(plan *self, char *dx);
/* Draws of this run. */
void plan_take_draws(plan *self, uint64_t key, uint64_t step, unsigned denormals);

/* Runs the stages: forward, the loss, backward, as wanted. Failures are in self->failed, or recorded. */
void plan_run_rows(plan *self, bool gather, bool forward, bool loss, bool backward);
/* Cancelled, or what a layer recorded; MOTH_OK where all went well. */
moth_status plan_settle(plan *self, const char *where);
/* Gradients of all ranges as self->update says. */
void plan_run_ranges(plan *self);
/* Updates all ranges from the flat gradient. */
void plan_run_updates(plan *self);
void plan_commit(plan *self);

/* This worker's scratch. */
static inline char *plan_scratch(const plan *self, int worker) { return self->scratch + (size_t)worker * self->scratch_worker; }

#endif
