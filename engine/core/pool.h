/* pool.h: the context's worker threads. Work is split into blocks that depend on shapes only, claimed from a 64-bit ticket
 * (generation << 32 | blocks left); the caller works too and waits for finished blocks, not for workers. Idle workers spin at most 50 us
 * (the budget halves after a longer wait and grows 1.2 times after a shorter one), then sleep on a futex: a busy host must not suffer.
 * Workers start at the first parallel work and end with the context; they block all signals. After a fork the child works alone. */
#ifndef CORE_POOL_H
#define CORE_POOL_H

#include "core/context.h"

/* One block of work on one worker (0: the caller). Must not allocate, fail or call the host. Flush-to-zero and rounding are
 * as the caller has them. A task that calls pool_run itself does that work alone. */
typedef void (*pool_task)(void *data, int64_t block, int worker);

/* Runs blocks 0 … count-1, on the caller alone where count is 1, threads are 1, or the pool cannot be had. Returns when all are done. */
void pool_run(moth *m, int64_t count, pool_task task, void *data);
/* Starts the workers that pool_run would want, so that a later step allocates nothing; failure leaves the caller working alone. */
void pool_prepare(moth *m);
void pool_free(moth *m);

/* Sets flush-to-zero and denormals-are-zero (x86: MXCSR; elsewhere as the processor offers) and returns what stood before. */
unsigned pool_flush_denormals(void);
void pool_restore_denormals(unsigned state);

#endif
