/* context.h: the context, and the status and message that every failure leaves in it. Knows nothing of tensors or networks: what hangs on
 * a context from above is held as opaque pointers with a function to free each. Opened by engine/moth.c,
 * the roof that knows every catalog. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <stdarg.h>
#include <stdatomic.h>

#include "moth.h"

struct kernels;  /* math/kernels.h: the loops this processor runs best */
struct blas;     /* math/blas.h: OpenBLAS once a product has asked for it */
struct pool;     /* core/pool.h: worker threads once work was split */
struct catalogs; /* core/catalog.h: the rows of every kind */

/* A sequence of random numbers (random.h): key = seed, counter = position. */
typedef struct random_source { uint64_t seed, position; } random_source;

/* Something that the context lets go of last of all. */
typedef struct context_kept { void (*release)(moth *m, void *data); void *data; } context_kept;

/* Rows that the host registered, by kind; grows, never shrinks before the context is freed. */
typedef struct registered_rows {
  const moth_row **rows;
  int count, capacity;
} registered_rows;

struct moth {
  moth_resize_function resize;
  void *resize_data;
  uint64_t memory_used, memory_peak, memory_calls, memory_limit;
  moth_log_function log;
  void *log_data;
  moth_status status;             /* of the last failure */
  char message[4096];
  size_t where_length;            /* of the "where: " that begins the message */
  atomic_int cancelled;           /* lock-free: set from signal handlers */
  int threads;
  int index_base;
  bool keep_blas_threads;
  bool closed;
  int64_t objects;                /* live handles; the context's memory goes with the last one after closing */
  random_source random;           /* the context's generator */
  uint64_t nets;                  /* how many nets were built: names their default keys */
  moth_generator *generator;      /* the handle of the context's generator while someone holds one; not counted */
  const struct kernels *kernels;
  struct blas *blas;
  void (*blas_release)(moth *m, struct blas *blas);
  struct pool *pool;
  const struct catalogs *catalogs;
  registered_rows registered[MOTH_PART_KINDS];
  context_kept *kept;
  int64_t kept_count, kept_capacity;
};

/* Checks the config (NULL: the defaults; MOTH_OPTION where a field is out of range) and allocates and fills a context from it. The caller
 * sets kernels and blas_release. The catalogs (NULL: empty ones) are copied. Fields beyond config->size count as zero. */
moth_status context_open(const moth_config *config, const struct catalogs *catalogs, moth **m);
/* Marks closed; frees all once the last object is gone. */
void context_close(moth *m);
/* Called by object_release for the last handle of a closed context. */
void context_free(moth *m);
/* Has release(m, data) called once, when the context is freed after the last handle: for registered rows and their like.
 * Later ones go first. */
moth_status context_keep(moth *m, void (*release)(moth *m, void *data), void *data);
/* MOTH_MISUSE where the context is NULL or closed. */
moth_status context_check(moth *m, const char *where);

/* Records a failure and returns its status: `return context_fail(m, MOTH_SHAPE, "add", "%s and %s do not broadcast", …)`. `where` is the
 * public operation ("train", "dense", "csv"; NULL: none) and begins the message. Numbers print as in the C locale. Replaces what stood. */
moth_status context_fail(moth *m, moth_status status, const char *where, const char *format, ...) __attribute__((format(printf, 4, 5)));
moth_status context_fail_list(moth *m, moth_status status, const char *where, const char *format, va_list arguments);
/* Adds an indented hint line to the message of the failure just recorded, and returns its status. */
moth_status context_hint(moth *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "where: " before the message of a failure that came from below without one, or replaces the one it has. MOTH_OK passes through. */
moth_status context_within(moth *m, moth_status status, const char *where);
void context_log(moth *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether a cancel is pending: MOTH_CANCELLED with a message and the flag cleared, or MOTH_OK. Loops that can last call it. */
moth_status context_poll(moth *m, const char *where);
static inline bool context_is_cancelled(moth *m) { return atomic_load_explicit(&m->cancelled, memory_order_relaxed) != 0; }

#endif
