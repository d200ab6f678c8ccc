#include "operations/lanes.h"

typedef struct lanes {
  moth *m;
  int count;
  lane_function function;
  void *data;
  bool stopped;
} lanes;

static void lanes_visit(void *data, char *const *at, const int64_t *steps, int64_t n) {
  lanes *l = data;
  for (int64_t i = 0; i < n && !l->stopped; i++) {
    char *lane[LOOPS_OPERANDS];
    for (int o = 0; o < l->count; o++) lane[o] = at[o] + i * steps[o];
    l->stopped = context_is_cancelled(l->m) || !l->function(l->data, lane);
  }
}

bool lanes_run(moth *m, moth_tensor *const *tensors, int count, int axis, lane_function function, void *data) {
  loops_walk walk = { .operands = count };
  for (int i = 0; i < tensors[0]->rank; i++) {
    walk.size[i] = i == axis ? 1 : tensors[0]->size[i];
    if (walk.size[i] == 0) return true;
  }
  for (int o = 0; o < count; o++) {
    walk.at[o] = tensors[o]->values;
    for (int i = 0; i < tensors[0]->rank; i++) walk.strides[o][i] = tensors[o]->strides[i] * (int64_t)dtype_size(tensors[o]->dtype);
  }
  walk.rank = shape_merge(tensors[0]->rank, walk.size, count, walk.strides);
  lanes l = { .m = m, .count = count, .function = function, .data = data };
  loops_run(NULL, &walk, lanes_visit, &l);
  return !l.stopped;
}
