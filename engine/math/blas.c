#include "math/blas.h"

#include <assert.h>
#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>

#include "core/memory.h"

/* LAPACK's symbol; the length of the job text is passed last, as gfortran does. */
typedef void (*gesdd_function)(const char *job, const int *rows, const int *columns, void *a, const int *a_stride, void *values, void *u,
                               const int *u_stride, void *vt, const int *vt_stride, void *work, const int *work_size, int *integers,
                               int *info, size_t job_length);

struct blas {
  __typeof__(&cblas_sgemm) sgemm;
  __typeof__(&cblas_dgemm) dgemm;
  __typeof__(&openblas_get_parallel) get_parallel;
  __typeof__(&openblas_get_num_threads) get_threads;
  __typeof__(&openblas_set_num_threads) set_threads;
  gesdd_function gesdd[2];
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
               find(handle, "openblas_set_num_threads", &self->set_threads) && find(handle, "sgesdd_", &self->gesdd[MOTH_F32]) &&
               find(handle, "dgesdd_", &self->gesdd[MOTH_F64]);
  if (found) {
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

void blas_product(const moth *m, moth_dtype dtype, int64_t rows, int64_t columns, int64_t inner, blas_matrix a, blas_matrix b, void *c,
                  int64_t c_stride, bool add) {
  const struct blas *blas = m->blas;
  assert(blas && rows > 0 && columns > 0 && inner > 0);
  CBLAS_TRANSPOSE a_as = a.transposed ? CblasTrans : CblasNoTrans, b_as = b.transposed ? CblasTrans : CblasNoTrans;
  if (blas->sequential) pthread_mutex_lock(&lock);
  if (dtype == MOTH_F32) {
    blas->sgemm(CblasRowMajor, a_as, b_as, (blasint)rows, (blasint)columns, (blasint)inner, 1, a.values, (blasint)a.stride, b.values,
                (blasint)b.stride, add, c, (blasint)c_stride);
  } else {
    blas->dgemm(CblasRowMajor, a_as, b_as, (blasint)rows, (blasint)columns, (blasint)inner, 1, a.values, (blasint)a.stride, b.values,
                (blasint)b.stride, add, c, (blasint)c_stride);
  }
  if (blas->sequential) pthread_mutex_unlock(&lock);
}

int blas_singular_values(const moth *m, moth_dtype dtype, int rows, int columns, void *a, void *values, void *u, void *vt, void *work,
                         int work_size, int *integers, int64_t *wanted) {
  const struct blas *blas = m->blas;
  int least = rows < columns ? rows : columns, info = 0, query = -1;
  union { float f32; double f64; } answer = { .f64 = 0 };
  assert(blas && least > 0);
  if (blas->sequential) pthread_mutex_lock(&lock);
  blas->gesdd[dtype]("S", &rows, &columns, a, &rows, values, u, &rows, vt, &least, work ? work : &answer, work ? &work_size : &query, integers,
                     &info, 1);
  if (blas->sequential) pthread_mutex_unlock(&lock);
  if (!work) *wanted = dtype == MOTH_F32 ? (int64_t)answer.f32 : (int64_t)answer.f64;
  return info;
}
