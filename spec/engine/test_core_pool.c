/* The thread pool: every block once, the caller's floating-point modes, forks, two contexts at once. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/pool.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

static moth *open_threads(support_allocator *allocator, int threads) {
  moth *m = support_open_bare(allocator, NULL);
  assert_ok(m, moth_set_threads(m, threads));
  return m;
}

typedef struct count { int times[1000]; int64_t sums[8]; int most_worker; } count;

static void count_block(void *data, int64_t block, int worker) {
  count *self = data;
  self->times[block]++; /* plain: a block belongs to one worker */
  self->sums[worker] += block;
}

static void every_block_runs_once(void **state) {
  (void)state;
  for (int threads = 1; threads <= 8; threads++) {
    support_allocator allocator = { 0 };
    moth *m = open_threads(&allocator, threads);
    for (int64_t blocks = 0; blocks <= 1000; blocks += blocks < 20 ? 1 : 245) {
      static const count none;
      count self = none;
      for (int repeat = 0; repeat < 20; repeat++) pool_run(m, blocks, count_block, &self);
      int64_t sum = 0;
      for (int i = 0; i < 1000; i++) assert_int_equal(self.times[i], i < blocks ? 20 : 0);
      for (int i = 0; i < 8; i++) sum += self.sums[i];
      assert_int_equal(sum, 20 * (blocks * (blocks - 1) / 2));
      for (int i = threads; i < 8; i++) assert_int_equal(self.sums[i], 0);
    }
    support_close(m, &allocator);
  }
}

/* Long enough that workers have fallen asleep before each run. */
static void sleepers_wake(void **state) {
  (void)state;
  moth *m = open_threads(NULL, 3);
  count self = { .times = { 0 } };
  for (int repeat = 0; repeat < 50; repeat++) {
    pool_run(m, 10, count_block, &self);
    usleep(repeat % 5 * 200);
  }
  for (int i = 0; i < 10; i++) assert_int_equal(self.times[i], 50);
  context_close(m);
}

static void preparing_makes_later_runs_allocate_nothing(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_threads(&allocator, 4);
  uint64_t before = moth_memory_calls(m);
  assert_null(m->pool);
  pool_prepare(m);
  assert_non_null(m->pool);
  assert_int_equal(moth_memory_calls(m), before + 1);
  count self = { .times = { 0 } };
  pool_run(m, 100, count_block, &self);
  pool_prepare(m);
  assert_int_equal(moth_memory_calls(m), before + 1);
  assert_ok(m, moth_set_threads(m, 4));
  assert_non_null(m->pool);
  assert_ok(m, moth_set_threads(m, 2)); /* another size: other workers */
  assert_null(m->pool);
  pool_run(m, 100, count_block, &self);
  assert_non_null(m->pool);
  pool_free(m);
  pool_free(m);
  support_close(m, &allocator);
}

static void without_memory_the_caller_works_alone(void **state) {
  (void)state;
  support_allocator allocator = { 0 };
  moth *m = open_threads(&allocator, 4);
  context_fail(m, MOTH_DATA, NULL, "earlier");
  allocator.fail_at = 1, allocator.fail_on = true;
  count self = { .times = { 0 } };
  pool_run(m, 100, count_block, &self);
  assert_null(m->pool);
  assert_int_equal(self.sums[0], 4950);
  assert_message(m, "earlier"); /* nobody was told of a failure */
  allocator.fail_on = false;
  support_close(m, &allocator);
}

typedef struct nested { moth *m; int inner[16][50]; int foreign; } nested;
typedef struct inner { nested *outer; int64_t block; int worker; } inner;

static void inner_block(void *data, int64_t block, int worker) {
  inner *self = data;
  self->outer->inner[self->block][block]++;
  if (worker != self->worker) self->outer->foreign++;
}
static void outer_block(void *data, int64_t block, int worker) {
  pool_run(((nested *)data)->m, block % 2 == 0 ? 50 : 1, inner_block, &(inner){ data, block, worker });
}

static void a_run_within_a_run_stays_on_its_thread(void **state) {
  (void)state;
  nested self = { .m = open_threads(NULL, 4) };
  for (int repeat = 0; repeat < 100; repeat++) pool_run(self.m, 16, outer_block, &self);
  for (int i = 0; i < 16; i++) {
    for (int j = 0; j < 50; j++) assert_int_equal(self.inner[i][j], i % 2 == 0 || j == 0 ? 100 : 0);
  }
  assert_int_equal(self.foreign, 0);
  context_close(self.m);
}

/* ---- Floating point ---- */

#if defined(__SSE2__)
static void note_modes(void *data, int64_t block, int worker) {
  (void)worker;
  ((unsigned *)data)[block] = _mm_getcsr() & 0xe040;
  usleep(50); /* so that workers get some */
}

static void workers_have_the_callers_modes(void **state) {
  (void)state;
  _mm_setcsr(_mm_getcsr() | 0x8040);
  bool is_real = (_mm_getcsr() & 0x8040) == 0x8040; /* valgrind's processor has no such modes */
  _mm_setcsr(_mm_getcsr() & ~0x8040u);
  if (!is_real) skip();
  moth *m = open_threads(NULL, 4);
  unsigned modes[64], before = _mm_getcsr();
  pool_run(m, 64, note_modes, modes);
  for (int i = 0; i < 64; i++) assert_int_equal(modes[i], 0);
  unsigned kept = pool_flush_denormals();
  pool_run(m, 64, note_modes, modes);
  volatile float tiny = 1e-39f, half = 0.5f;
  float product = tiny * half;
  pool_restore_denormals(kept);
  for (int i = 0; i < 64; i++) assert_int_equal(modes[i], 0x8040);
  assert_true(product == 0);
  assert_true(tiny * half != 0);
  pool_run(m, 64, note_modes, modes);
  for (int i = 0; i < 64; i++) assert_int_equal(modes[i], 0);
  assert_int_equal(_mm_getcsr() & 0xffc0, before & 0xffc0);
  kept = pool_flush_denormals(); /* within another: the outer one's stays */
  unsigned inside = pool_flush_denormals();
  pool_restore_denormals(inside);
  assert_int_equal(_mm_getcsr() & 0x8040, 0x8040);
  pool_restore_denormals(kept);
  assert_int_equal(_mm_getcsr() & 0x8040, 0);
  context_close(m);
}
#endif

/* ---- The host's process ---- */

static void note_signals(void *data, int64_t block, int worker) {
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, NULL, &blocked);
  if (worker > 0) ((int *)data)[block] = sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGTERM) == 1 ? 1 : -1;
  usleep(50);
}

static void workers_block_all_signals_and_the_caller_keeps_its_mask(void **state) {
  (void)state;
  moth *m = open_threads(NULL, 4);
  int seen[64] = { 0 };
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  pool_run(m, 64, note_signals, seen);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int i = 0; i < 64; i++) assert_true(seen[i] >= 0);
  for (int i = 1; i < 32; i++) assert_int_equal(sigismember(&before, i), sigismember(&after, i));
  context_close(m);
}

static void after_a_fork_the_child_works_alone(void **state) {
  (void)state;
#if defined(__SANITIZE_THREAD__)
  skip(); /* its runtime does not follow forks of many threads */
#endif
  moth *m = open_threads(NULL, 4);
  count self = { .times = { 0 } };
  pool_run(m, 100, count_block, &self);
  pid_t child = fork();
  if (child == 0) {
    count own = { .times = { 0 } };
    pool_run(m, 100, count_block, &own);
    bool is_alone = own.sums[0] == 4950;
    context_close(m); /* joins no one */
    if (is_alone) kill(getpid(), SIGKILL); /* an end that no leak check speaks up at */
    _exit(1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  pool_run(m, 100, count_block, &self);
  assert_int_equal(self.times[99], 2);
  context_close(m);
}

static void *use_a_context(void *data) {
  moth *m = open_threads(NULL, 3);
  count *self = data;
  for (int repeat = 0; repeat < 300; repeat++) {
    pool_run(m, 17, count_block, self);
    if (repeat % 100 == 50) moth_set_threads(m, 2 + repeat / 100 % 2);
  }
  context_close(m);
  return NULL;
}

static void contexts_do_not_meet(void **state) {
  (void)state;
  pthread_t threads[4];
  static const count none;
  count counts[4] = { none, none, none, none };
  for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, use_a_context, &counts[i]), 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 17; j++) assert_int_equal(counts[i].times[j], 300);
  }
}

/* The one call that other threads may make. */
static void *cancel_soon(void *data) {
  moth_cancel(data);
  return NULL;
}

static void a_cancel_may_come_from_another_thread(void **state) {
  (void)state;
  moth *m = open_threads(NULL, 2);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, cancel_soon, m), 0);
  count self = { .times = { 0 } };
  while (context_poll(m, "train") == MOTH_OK) pool_run(m, 4, count_block, &self);
  assert_message(m, "train: cancelled");
  pthread_join(thread, NULL);
  context_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_block_runs_once),
    cmocka_unit_test(sleepers_wake),
    cmocka_unit_test(preparing_makes_later_runs_allocate_nothing),
    cmocka_unit_test(without_memory_the_caller_works_alone),
    cmocka_unit_test(a_run_within_a_run_stays_on_its_thread),
#if defined(__SSE2__)
    cmocka_unit_test(workers_have_the_callers_modes),
#endif
    cmocka_unit_test(workers_block_all_signals_and_the_caller_keeps_its_mask),
    cmocka_unit_test(after_a_fork_the_child_works_alone),
    cmocka_unit_test(contexts_do_not_meet),
    cmocka_unit_test(a_cancel_may_come_from_another_thread),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
