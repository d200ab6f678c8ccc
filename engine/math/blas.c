#include "math/blas.h"

#include <assert.h>
#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>

#include "core/memory.h"

struct blas {
  __typeof__(&cblas_sgemm) sgemm;
  __typeof__(&cblas_dgemm) dgemm;
  __typeof__(&openblas_get_parallel) get_parallel;
  __typeof__(&openblas_get_num_threads) get_threads;
  __typeof__(&openblas_set_num_threads) set_threads;
  blas_symbol symbols[2][BLAS_SYMBOLS]; /* by moth_dtype */
  void *library;
  bool sequential;
};

/* The one writable global of the library: a sequential OpenBLAS keeps state of its own without guarding it, so calls from all contexts of
 * the process take turns. It also orders the loading. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void blas_release(moth *m, struct blas *self) { memory_free(m, self, 1, sizeof *self); }

/* Function pointers by memcpy: ISO C has no cast from an object pointer. */
static bool find(void *library, const char *name, void *function) {
  void *symbol = dlsym(library, name);
  if (symbol) __builtin_memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

moth_status blas_open_library(moth *m, const char *where, const char *library) {
  if (m->blas) return MOTH_OK;
  struct blas *self = memory_new(m, 1, sizeof *self);
  if (!self) return context_within(m, m->status, where);
  pthread_mutex_lock(&lock);
  /* Never closed again: OpenBLAS starts a thread and registers handlers for fork and exit, whose code must stay. */
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  bool found = handle && find(handle, "cblas_sgemm", &self->sgemm) && find(handle, "cblas_dgemm", &self->dgemm) &&
               find(handle, "openblas_get_parallel", &self->get_parallel) && find(handle, "openblas_get_num_threads", &self->get_threads) &&
               find(handle, "openblas_set_num_threads", &self->set_threads);
  if (found) {
    self->library = handle;
    self->sequential = self->get_parallel() == 0;
    if (!self->sequential && !m->keep_blas_threads && self->get_threads() != 1) self->set_threads(1);
  }
  pthread_mutex_unlock(&lock);
  if (!found) {
    blas_release(m, self);
    if (handle) return context_fail(m, MOTH_MISSING, where, "%s is not a whole OpenBLAS: apt-get install libopenblas0-pthread", library);
    return context_fail(m, MOTH_MISSING, where, "OpenBLAS is not installed (%s): apt-get install libopenblas0-pthread", library);
  }
  m->blas = self;
  m->blas_release = blas_release;
  return MOTH_OK;
}

moth_status blas_open(moth *m, const char *where) { return blas_open_library(m, where, "libopenblas.so.0"); }

void blas_enter(const moth *m) {
  if (m->blas->sequential) pthread_mutex_lock(&lock);
}

void blas_leave(const moth *m) {
  if (m->blas->sequential) pthread_mutex_unlock(&lock);
}

moth_status blas_find(moth *m, const char *where, moth_dtype dtype, int place, const char *name) {
  assert(m->blas && place >= 0 && place < BLAS_SYMBOLS);
  blas_symbol *symbol = &m->blas->symbols[dtype][place];
  if (*symbol || find(m->blas->library, name, symbol)) return MOTH_OK;
  return context_fail(m, MOTH_MISSING, where, "the OpenBLAS that is installed has no '%s': apt-get install libopenblas0-pthread", name);
}

blas_symbol blas_found(const moth *m, moth_dtype dtype, int place) {
  assert(m->blas->symbols[dtype][place]);
  return m->blas->symbols[dtype][place];
}

void blas_product(const moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, blas_matrix a, blas_matrix b, void *c,
                  int64_t c_stride, bool add) {
  const struct blas *blas = m->blas;
  assert(blas && rows > 0 && columns > 0 && inner > 0);
  CBLAS_TRANSPOSE a_as = a.transposed ? CblasTrans : CblasNoTrans, b_as = b.transposed ? CblasTrans : CblasNoTrans;
  blas_enter(m);
  if (dtype == MOTH_F32) {
    blas->sgemm(CblasRowMajor, a_as, b_as, (blasint)rows, (blasint)columns, (blasint)inner, 1, a.values, (blasint)a.stride, b.values,
                (blasint)b.stride, add, c, (blasint)c_stride);
  } else {
    blas->dgemm(CblasRowMajor, a_as, b_as, (blasint)rows, (blasint)columns, (blasint)inner, 1, a.values, (blasint)a.stride, b.values,
                (blasint)b.stride, add, c, (blasint)c_stride);
  }
  blas_leave(m);
}
