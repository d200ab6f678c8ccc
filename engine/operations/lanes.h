/* operations/lanes.h: walks the lanes of a tensor along one axis: everything that sorts, adds up or gathers along it. */
#ifndef OPERATIONS_LANES_H
#define OPERATIONS_LANES_H

#include "math/loops.h"
#include "operations/support.h"

/* One lane of each tensor; false stops. */
typedef bool (*lane_function)(void *data, char *const *lane);

/* Calls the function for each lane of `count` tensors of equal shapes but for the axis (at most LOOPS_OPERANDS). False where it
 * stopped or a cancel was seen. */
bool lanes_run(moth *m, moth_tensor *const *tensors, int count, int axis, lane_function function, void *data);

#endif
