#include "optimizers/optimizer.h"

#include <assert.h>

#include "core/memory.h"

static void free_state(moth *m, optimizer_state *state) {
  for (int i = 0; i < state->vectors; i++) memory_aligned_free(m, state->vector[i], (size_t)state->count * dtype_size(state->dtype));
  memory_free(m, state, 1, sizeof *state);
}

static void release_state(moth_part *self) {
  if (self->state != NULL) free_state(self->base.context, self->state);
  self->state = NULL;
}

/* Zeros for a net of so many parameters; NULL after recording the failure. */
static optimizer_state *new_state(moth *m, const moth_part *optimizer, uint64_t net, moth_dtype dtype, int64_t count) {
  optimizer_state *state = memory_new(m, 1, sizeof *state);
  if (state == NULL) return NULL;
  state->net = net, state->dtype = dtype, state->count = count;
  const int vectors = ((const optimizer_class *)optimizer->row)->states(optimizer);
  assert(vectors <= OPTIMIZER_MAX_STATES);
  for (int i = 0; i < vectors; i++) {
    state->vector[i] = memory_aligned(m, (size_t)count * dtype_size(dtype), true);
    if (state->vector[i] == NULL) {
      free_state(m, state);
      return NULL;
    }
    state->vectors = i + 1;
  }
  return state;
}

moth_status optimizer_bind(moth *m, const char *where, moth_part *optimizer, uint64_t net, moth_dtype dtype, int64_t count) {
  assert(optimizer->kind == MOTH_OPTIMIZER);
  const optimizer_state *bound = optimizer->state;
  if (bound != NULL) {
    if (bound->net == net && bound->dtype == dtype && bound->count == count) return MOTH_OK;
    return context_fail(m, MOTH_MISUSE, where, "this %s serves another net; make one for each net", optimizer->row->name);
  }
  optimizer_state *state = new_state(m, optimizer, net, dtype, count);
  if (state == NULL) return context_within(m, m->status, where);
  optimizer->state = state;
  optimizer->state_release = release_state;
  return MOTH_OK;
}

double optimizer_lr(const moth_part *optimizer) { return options_number(&optimizer->options, OPTIMIZER_LR); }

bool optimizer_is_plain(const moth_part *optimizer) {
  const optimizer_class *class = (const optimizer_class *)optimizer->row;
  if (!class->is_plain || class->states(optimizer) != 0) return false;
  update_numbers numbers = { 0 };
  class->prepare(optimizer, 1, 1, &numbers);
  return numbers.weight_decay == 0;
}
