/* operations/index.h: what index and index_put_ know of each other. */
#ifndef OPERATIONS_INDEX_H
#define OPERATIONS_INDEX_H

#include "operations/positions.h"

/* The shape of t's slices at positions along an axis: t's own with the positions' axes in place of it. MOTH_LIMIT above 8 axes. */
moth_status index_shape(const operation_call *call, const moth_tensor *t, int axis, const moth_tensor *ids, moth_shape *shape);

#endif
