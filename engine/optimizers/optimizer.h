/* optimizers/optimizer.h: what an optimizer and a schedule are. An optimizer's row knows how many state vectors it keeps and how to update
 * any range of the flat parameter vector; formulas as PyTorch's. */
#ifndef OPTIMIZERS_OPTIMIZER_H
#define OPTIMIZERS_OPTIMIZER_H

#include <math.h>

#include "core/part.h"
#include "math/kernels.h"
#include "tensor/tensor.h"

enum { OPTIMIZER_MAX_STATES = 4, OPTIMIZER_LR = 0 /* every optimizer's first option */ };

typedef struct optimizer_class {
  moth_row row;
  int (*states)(const moth_part *optimizer);  /* vectors it keeps with these options */
  const char *state_names[OPTIMIZER_MAX_STATES];
  bool is_plain;                 /* may be fused into the gradient: w = fma(-lr, g, w) with these options, see optimizer_is_plain */
  /* The numbers of step `step` (from 1) at rate lr. */
  void (*prepare)(const moth_part *optimizer, int64_t step, double lr, update_numbers *numbers);
  void (*update)(const real_kernels *k, void *w, const void *g, void *const *states, int64_t n, const update_numbers *numbers);
} optimizer_class;

extern const moth_row *const optimizer_catalog[];

/* What a bound optimizer holds: zeros at first. */
typedef struct optimizer_state {
  uint64_t net;                  /* the id of the net it serves */
  moth_dtype dtype;
  int64_t count;                 /* parameters */
  int64_t step;                  /* updates done */
  int vectors;
  void *vector[OPTIMIZER_MAX_STATES];
} optimizer_state;

/* Binds to a net's id, or checks that it is bound to it: "train: this adam serves another net; make one for each net". */
moth_status optimizer_bind(moth *m, const char *where, moth_part *optimizer, uint64_t net, moth_dtype dtype, int64_t count);
static inline optimizer_state *optimizer_state_of(const moth_part *optimizer) { return optimizer->state; }
double optimizer_lr(const moth_part *optimizer);
bool optimizer_is_plain(const moth_part *optimizer); /* plain SGD: no state, no decay */

/* The rate, the first option of every optimizer's schema. */
#define OPTIMIZER_RATE(rate)                                                                                                             \
  [OPTIMIZER_LR] = { .key = "lr", .doc = "learning rate", .kinds = MOTH_OPTION_REAL, .position = 1,                                      \
                     .flags = MOTH_LIVE | MOTH_RANGED | MOTH_LOW_OPEN | MOTH_HIGH_OPEN, .low = 0, .high = INFINITY,                       \
                     .fallback = MOTH_REAL(NULL, rate), .foreign = "learning_rate eta alpha step_size rate" }

/* ---- Schedules ----------------------------------------------------------------------------------------------------------------- */

typedef struct schedule_point {
  int64_t epoch, epochs;         /* from 1 */
  double base;                   /* the optimizer's lr */
} schedule_point;

typedef struct schedule_class {
  moth_row row;                  /* options: warmup, over first (SCHEDULE_OPTIONS), then its own */
  double (*lr)(const moth_part *schedule, const schedule_point *point); /* after the warm-up; point->epoch counts from its end */
} schedule_class;

enum { SCHEDULE_WARMUP, SCHEDULE_OVER, SCHEDULE_COMMON };
#define SCHEDULE_OPTIONS                                                                                                                 \
  [SCHEDULE_WARMUP] = { .key = "warmup", .doc = "epochs that rise linearly to the base rate", .kinds = MOTH_OPTION_INT,                  \
                        .flags = MOTH_RANGED, .low = 0, .high = INFINITY, .fallback = MOTH_INT(NULL, 0) },                                 \
  [SCHEDULE_OVER] = { .key = "over", .doc = "epochs it spans; by default all after the warm-up", .kinds = MOTH_OPTION_INT,               \
                      .flags = MOTH_RANGED, .low = 1, .high = INFINITY }

extern const moth_row *const schedule_catalog[];
/* The rate of an epoch: warm-up, then the row's formula. */
double schedule_lr(const moth_part *schedule, int64_t epoch, int64_t epochs, double base);

#endif
