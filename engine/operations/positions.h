/* operations/positions.h: elements of a tensor named by positions along one of its axes: the walk that index, gather, scatter_ and their
 * like share. Places are visited in row-major order, so that of two that name the same element the last one wins. */
#ifndef OPERATIONS_POSITIONS_H
#define OPERATIONS_POSITIONS_H

#include "operations/support.h"

typedef enum positions_work { POSITIONS_TAKE, POSITIONS_PUT, POSITIONS_ADD } positions_work;

/* ids (from operation_ids; their base), t and other have the same rank; ids and other the same shape; along `axis` ids say which element of t
 * is meant, elsewhere places are the same. Strides may be 0. other is of t's dtype and shares no memory with it. TAKE: other gets t's
 * elements; PUT: t gets other's; ADD: they are added to t's. False where TAKE saw a cancel; what writes into t does not stop half-way. */
bool positions_run(moth *m, positions_work work, const moth_tensor *t, int axis, const moth_tensor *ids, int64_t base,
                   const moth_tensor *other);

/* Shows ids [any shape] as positions of whole slices: of rank t->rank, along `axis`, the same for all places of a slice; size gets the
 * slices' shape, with one axis for all positions. Tensors without handles. */
void positions_of_slices(const moth_tensor *t, int axis, const moth_tensor *ids, moth_tensor *spread);

#endif
