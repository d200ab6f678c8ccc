/* operations/elements.h: elementwise functions over broadcast operands of any strides and dtype: finds the result's shape, makes it or
 * writes in place, and calls the function on contiguous values of the dtype it computes in, gathering and casting where an operand is
 * not so. Element i of the result thus depends on element i of the operands and on nothing else. */
#ifndef OPERATIONS_ELEMENTS_H
#define OPERATIONS_ELEMENTS_H

#include "math/loops.h"
#include "operations/support.h"

enum { ELEMENTS_INPUTS = 3 };

typedef struct elements {
  int inputs;
  moth_value input[ELEMENTS_INPUTS];
  moth_dtype compute[ELEMENTS_INPUTS]; /* what each is cast to */
  moth_dtype result;
  /* One of these is called. */
  loops_unary_function unary;
  loops_binary_function binary;
  void (*general)(const struct elements *self, const void *const *x, void *y, int64_t n);
  /* NULL, or a faster binary for one operand that is the same for all; a float function. */
  void (*number)(const void *a, double b, void *y, int64_t n, bool reversed);
  /* For `general`: */
  const plain_loops *plain;
  uint64_t low, high; /* of clamp: elements of the dtype */
} elements;

/* One without a function yet, on the call's first inputs. Only what is used is set: calls on few elements cost what they touch. */
static inline void elements_begin(elements *e, const operation_call *call, int inputs, moth_dtype compute, moth_dtype result) {
  e->inputs = inputs;
  for (int i = 0; i < inputs; i++) operation_copy_value(&call->inputs[i], &e->input[i]), e->compute[i] = compute;
  e->result = result;
  e->unary = NULL, e->binary = NULL, e->general = NULL, e->number = NULL;
}
/* Runs it for a call: results[0] is the new tensor, or inputs[0] for a twin, which keeps its dtype and shape. */
moth_status elements_apply(const operation_call *call, const elements *e);

#endif
