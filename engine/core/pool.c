#define _GNU_SOURCE /* syscall */
#include "core/pool.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/memory.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

/* A job is published by storing the ticket: generation << 32 | blocks left. Who lowers "blocks left" by one has claimed a block, and only
 * then reads the job: it cannot change before that block is finished, so the fields need no atomics of their own. `bell` rings for
 * sleepers; `finished` is where the caller sleeps. The two pairs (ticket, sleepers) and (finished, is_waiting) are sequentially
 * consistent: of a writer and a sleeper at least one sees the other. */
typedef struct job {
  pool_task task;
  void *data;
  uint32_t count;
  unsigned control;               /* the caller's floating-point modes */
} job;

typedef struct worker {
  struct pool *pool;
  pthread_t thread;
  int number;                     /* from 1; 0 is the caller */
} worker;

struct pool {
  _Alignas(64) _Atomic uint64_t ticket;
  _Alignas(64) _Atomic uint32_t finished;
  _Atomic uint32_t is_waiting;
  _Alignas(64) _Atomic uint32_t bell;
  _Atomic uint32_t sleepers;
  _Atomic uint32_t is_ending;
  _Alignas(64) job job;
  bool is_busy;                   /* a run is under way: written by the caller only between runs */
  int64_t rest, penalty;          /* runs that the caller does alone, and how many the next stall costs; the caller's */
  int wanted, count;              /* workers: asked for, running */
  pid_t owner;                    /* a child of a fork has no workers */
  size_t bytes;
  worker workers[];
};

enum { SPIN_NS = 50000, LEAST_SPIN_NS = 1000, PAUSES = 16 };

/* ---- The processor and the kernel ---- */

static void pause_briefly(void) {
#if defined(__SSE2__)
  for (int i = 0; i < PAUSES; i++) _mm_pause();
#elif defined(__aarch64__)
  for (int i = 0; i < PAUSES; i++) __asm__ volatile("yield");
#endif
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Sleeps while *word is `seen`; may wake for no reason. */
static void sleep_on(_Atomic uint32_t *word, uint32_t seen) {
  syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int count) { syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

/* Flush-to-zero, denormals-are-zero and the direction of rounding. */
#if defined(__SSE2__)
enum { FLUSH_BITS = 0x8040, MODE_BITS = 0xe040 };
static unsigned read_modes(void) { return _mm_getcsr(); }
static void set_modes(unsigned modes) { _mm_setcsr(modes); }
#elif defined(__aarch64__)
enum { FLUSH_BITS = 1 << 24, MODE_BITS = 7 << 22 };
static unsigned read_modes(void) {
  uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  return (unsigned)state;
}
static void set_modes(unsigned modes) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)modes)); }
#else
enum { FLUSH_BITS = 0, MODE_BITS = 0 };
static unsigned read_modes(void) { return 0; }
static void set_modes(unsigned modes) { (void)modes; }
#endif

/* A change waits for all arithmetic under way and holds up what follows: as long as a hundred operations. */
static void write_modes(unsigned state, unsigned mask) {
  unsigned before = read_modes(), modes = (before & ~mask) | (state & mask);
  if (modes != before) set_modes(modes);
}

unsigned pool_flush_denormals(void) {
  unsigned before = read_modes();
  write_modes(FLUSH_BITS, FLUSH_BITS);
  return before;
}

void pool_restore_denormals(unsigned state) { write_modes(state, FLUSH_BITS); }

/* ---- Work ---- */

static uint32_t blocks_left(uint64_t ticket) { return (uint32_t)ticket; }

/* Claims and runs blocks until none is left. */
static void work(struct pool *pool, int number) {
  uint64_t ticket = atomic_load(&pool->ticket);
  while (blocks_left(ticket) > 0) {
    if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket - 1)) continue;
    const job mine = pool->job;
    if (number > 0) write_modes(mine.control, MODE_BITS);
    mine.task(mine.data, (int64_t)(mine.count - blocks_left(ticket)), number);
    bool is_last = atomic_fetch_add(&pool->finished, 1) + 1 == mine.count;
    if (is_last && number > 0 && atomic_load(&pool->is_waiting)) wake(&pool->finished, 1);
    ticket = atomic_load(&pool->ticket);
  }
}

static bool has_news(struct pool *pool) { return blocks_left(atomic_load(&pool->ticket)) > 0 || atomic_load(&pool->is_ending); }

static void wait_for_news(struct pool *pool, int64_t *budget) {
  int64_t start = now_ns();
  while (!has_news(pool)) {
    pause_briefly();
    if (now_ns() - start >= *budget) break;
  }
  if (!has_news(pool)) {
    atomic_fetch_add(&pool->sleepers, 1);
    uint32_t bell = atomic_load(&pool->bell);
    while (!has_news(pool)) {
      sleep_on(&pool->bell, bell);
      bell = atomic_load(&pool->bell);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    if (now_ns() - start >= SPIN_NS) { /* a whole spin would not have paid */
      *budget = *budget / 2 < LEAST_SPIN_NS ? LEAST_SPIN_NS : *budget / 2;
      return;
    }
  }
  *budget = *budget * 6 / 5 > SPIN_NS ? SPIN_NS : *budget * 6 / 5;
}

static void *worker_main(void *data) {
  worker *self = data;
  struct pool *pool = self->pool;
  int64_t budget = SPIN_NS;
  while (!atomic_load(&pool->is_ending)) {
    work(pool, self->number);
    wait_for_news(pool, &budget);
  }
  return NULL;
}

static void wait_for_finish(struct pool *pool) {
  uint32_t count = pool->job.count;
  int64_t start = now_ns();
  while (atomic_load(&pool->finished) != count) {
    pause_briefly();
    if (now_ns() - start >= SPIN_NS) break;
  }
  if (atomic_load(&pool->finished) == count) return;
  atomic_store(&pool->is_waiting, 1);
  for (uint32_t seen; (seen = atomic_load(&pool->finished)) != count;) sleep_on(&pool->finished, seen);
  atomic_store(&pool->is_waiting, 0);
}

/* A worker whose processor is taken away while it holds a block holds up the run for a whole time slice of the scheduler. When that has
 * happened the caller runs alone for a while, longer each time it happens again: a machine that is busy otherwise is left in peace. */
enum { STALL_NS = 200000, FIRST_REST = 16, MOST_REST = 2048 };

static void judge_wait(struct pool *pool, int64_t worked, int64_t waited) {
  if (waited > worked + STALL_NS) {
    pool->penalty = pool->penalty == 0 ? FIRST_REST : pool->penalty * 2 < MOST_REST ? pool->penalty * 2 : MOST_REST;
    pool->rest = pool->penalty;
  } else if (pool->penalty > 0) {
    pool->penalty -= (pool->penalty + 15) / 16;
  }
}

static void run_alone(int64_t count, pool_task task, void *data, int number) {
  for (int64_t block = 0; block < count; block++) task(data, block, number);
}

/* Publishes a job, works on it and waits for the others. */
static void run_together(struct pool *pool, uint32_t count, pool_task task, void *data) {
  pool->is_busy = true;
  if (pool->rest > 0) {
    pool->rest--;
    run_alone(count, task, data, 0);
    pool->is_busy = false;
    return;
  }
  int64_t start = now_ns();
  pool->job = (job){ task, data, count, read_modes() };
  atomic_store(&pool->finished, 0);
  uint64_t generation = (atomic_load(&pool->ticket) >> 32) + 1;
  atomic_store(&pool->ticket, generation << 32 | count);
  if (atomic_load(&pool->sleepers) > 0) {
    atomic_fetch_add(&pool->bell, 1);
    wake(&pool->bell, (int)(count - 1 < (uint32_t)pool->count ? count - 1 : (uint32_t)pool->count));
  }
  work(pool, 0);
  int64_t done = now_ns();
  wait_for_finish(pool);
  judge_wait(pool, done - start, now_ns() - done);
  pool->is_busy = false;
}

/* ---- Life ---- */

/* Workers inherit a mask that blocks all signals: those of the host reach its own threads. */
static void start_workers(struct pool *pool) {
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return;
  for (int i = 0; i < pool->wanted; i++) {
    worker *one = &pool->workers[i];
    *one = (worker){ .pool = pool, .number = i + 1 };
    if (pthread_create(&one->thread, NULL, worker_main, one) != 0) break;
    pool->count++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void pool_prepare(moth *m) {
  if (m->closed || m->threads <= 1 || m->pool != NULL) return;
  int wanted = m->threads - 1;
  size_t bytes = sizeof(struct pool) + (size_t)wanted * sizeof(worker) + _Alignof(struct pool);
  unsigned char *block = memory_attempt(m, NULL, 0, bytes);
  if (block == NULL) return;
  size_t padding = _Alignof(struct pool) - (uintptr_t)block % _Alignof(struct pool);
  struct pool *pool = (struct pool *)(block + padding);
  atomic_init(&pool->ticket, 0);
  atomic_init(&pool->finished, 0);
  atomic_init(&pool->is_waiting, 0);
  atomic_init(&pool->bell, 0);
  atomic_init(&pool->sleepers, 0);
  atomic_init(&pool->is_ending, 0);
  pool->is_busy = false;
  pool->wanted = wanted, pool->count = 0;
  pool->rest = pool->penalty = 0;
  pool->owner = getpid();
  pool->bytes = bytes;
  block[padding - 1] = (unsigned char)padding;
  m->pool = pool;
  start_workers(pool);
}

void pool_free(moth *m) {
  struct pool *pool = m->pool;
  if (pool == NULL) return;
  assert(!pool->is_busy);
  if (pool->owner == getpid()) {
    atomic_store(&pool->is_ending, 1);
    atomic_fetch_add(&pool->bell, 1);
    wake(&pool->bell, INT_MAX);
    for (int i = 0; i < pool->count; i++) pthread_join(pool->workers[i].thread, NULL);
  }
  m->pool = NULL;
  unsigned char *at = (unsigned char *)pool;
  memory_resize(m, at - at[-1], pool->bytes, 0);
}

/* Which worker a nested call comes from. */
static int own_number(const struct pool *pool) {
  pthread_t self = pthread_self();
  for (int i = 0; i < pool->count; i++) {
    if (pthread_equal(pool->workers[i].thread, self)) return i + 1;
  }
  return 0;
}

void pool_run(moth *m, int64_t count, pool_task task, void *data) {
  if (count <= 1 || m->threads <= 1 || count > UINT32_MAX) {
    bool is_nested = m->pool != NULL && m->pool->is_busy;
    run_alone(count, task, data, is_nested ? own_number(m->pool) : 0);
    return;
  }
  if (m->pool == NULL) pool_prepare(m);
  struct pool *pool = m->pool;
  if (pool != NULL && pool->is_busy) run_alone(count, task, data, own_number(pool));
  else if (pool == NULL || pool->count == 0 || pool->owner != getpid()) run_alone(count, task, data, 0);
  else run_together(pool, (uint32_t)count, task, data);
}
