/* operations/operation.h: what tensors can do. A row says what an operation takes and gives; C, Lua, help and tests all walk the rows.
 * catalog.def lists them; one file a family. */
#ifndef OPERATIONS_OPERATION_H
#define OPERATIONS_OPERATION_H

#include "core/options.h"
#include "tensor/tensor.h"

typedef struct operation_class operation_class;

typedef struct operation_call {
  moth *m;
  const operation_class *class;
  const char *where;        /* the name it was called by, for messages: "add", "add_" */
  bool in_place;            /* write into inputs[0] */
  const moth_value *inputs; /* checked: live tensors of an accepted dtype, or numbers where the row allows them */
  int input_count;
  const options *options; /* read by the row's schema */
  moth_value *results;    /* filled; released by the caller of apply when it fails */
} operation_call;

struct operation_class {
  moth_operation row; /* the public part */
  const char *twin;   /* the in-place twin's name, with MOTH_TWIN */
  moth_status (*apply)(const operation_call *call);
  int code; /* for families that share one function: which unary, which binary … */
};

/* Copies a value by the parts that were just written: a load of more than one store wrote waits for both. */
static inline void operation_copy_value(const moth_value *from, moth_value *to) {
  if (from->kind == MOTH_TENSOR_VALUE) to->kind = MOTH_TENSOR_VALUE, to->as.tensor = from->as.tensor;
  else *to = *from;
}

extern const moth_operation *const operation_catalog[];
extern const int operation_catalog_count;

/* Axis option to 0 … rank-1; "sum: axis 3: f32[3,4] has axes 1..2 or -2..-1". */
moth_status operation_axis(const operation_call *call, const moth_tensor *t, int64_t given, int *axis);

#endif
