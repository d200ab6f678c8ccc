#include "math/lapack.h"

#include <assert.h>

#include "math/blas.h"

/* Fortran's calling convention as gfortran has it: everything by address, lengths of texts by value at the end. */
typedef const int *in;
typedef void (*getrf_function)(in rows, in columns, void *a, in stride, int *pivots, int *info);
typedef void (*getrs_function)(const char *as, in n, in right, const void *a, in stride, in pivots, void *b, in b_stride, int *info,
                               size_t);
typedef void (*gecon_function)(const char *norm, in n, const void *a, in stride, const void *size, void *reciprocal, void *work,
                               int *integers, int *info, size_t);
typedef void (*getri_function)(in n, void *a, in stride, in pivots, void *work, in work_size, int *info);
typedef void (*potrf_function)(const char *triangle, in n, void *a, in stride, int *info, size_t);
typedef void (*gelqf_function)(in rows, in columns, void *a, in stride, void *tau, void *work, in work_size, int *info);
typedef void (*orglq_function)(in rows, in columns, in reflectors, void *a, in stride, const void *tau, void *work, in work_size,
                               int *info);
typedef void (*gelsd_function)(in rows, in columns, in right, void *a, in stride, void *b, in b_stride, void *values, const void *cutoff,
                               int *rank, void *work, in work_size, int *integers, int *info);
typedef void (*syevd_function)(const char *job, const char *triangle, in n, void *a, in stride, void *values, void *work, in work_size,
                               int *integers, in integers_size, int *info, size_t, size_t);
typedef void (*gesdd_function)(const char *job, in rows, in columns, void *a, in stride, void *values, void *u, in u_stride, void *vt,
                               in vt_stride, void *work, in work_size, int *integers, int *info, size_t);

static const char *const names[LAPACK_ROUTINES][2] = {
  [LAPACK_GETRF] = { "sgetrf_", "dgetrf_" }, [LAPACK_GETRS] = { "sgetrs_", "dgetrs_" }, [LAPACK_GECON] = { "sgecon_", "dgecon_" },
  [LAPACK_GETRI] = { "sgetri_", "dgetri_" }, [LAPACK_POTRF] = { "spotrf_", "dpotrf_" }, [LAPACK_GELQF] = { "sgelqf_", "dgelqf_" },
  [LAPACK_ORGLQ] = { "sorglq_", "dorglq_" }, [LAPACK_GELSD] = { "sgelsd_", "dgelsd_" }, [LAPACK_SYEVD] = { "ssyevd_", "dsyevd_" },
  [LAPACK_GESDD] = { "sgesdd_", "dgesdd_" },
};
_Static_assert((int)LAPACK_ROUTINES <= (int)BLAS_SYMBOLS && MOTH_F32 == 0 && MOTH_F64 == 1, "a place for each routine in both dtypes");

moth_status lapack_open(moth *m, const char *where, moth_dtype dtype, unsigned routines) {
  moth_status status = blas_open(m, where);
  for (int i = 0; status == MOTH_OK && i < LAPACK_ROUTINES; i++) {
    if (routines & 1u << i) status = blas_find(m, where, dtype, i, names[i][dtype]);
  }
  return status;
}

/* A number of either dtype, as LAPACK reads and writes it. */
typedef union number { float f32; double f64; } number;
static number number_of(moth_dtype dtype, double value) {
  return dtype == MOTH_F32 ? (number){ .f32 = (float)value } : (number){ .f64 = value };
}
static double value_of(moth_dtype dtype, number n) { return dtype == MOTH_F32 ? (double)n.f32 : n.f64; }

/* The room of a call, or where `room` has none, of the question how much it should be. */
typedef struct asking { void *work; int size; int *integers; number answer; int integer; } asking;
static asking ask(const lapack_room *room, asking *self) {
  if (room && room->work) return (asking){ .work = room->work, .size = room->size, .integers = room->integers };
  return (asking){ .work = &self->answer, .size = -1, .integers = &self->integer };
}
/* A float answer may have been rounded down. */
static void tell(moth_dtype dtype, const asking *asked, const lapack_room *room, int64_t *wanted) {
  if (room && room->work) return;
  double answer = value_of(dtype, asked->answer);
  *wanted = (int64_t)(dtype == MOTH_F32 ? answer * (1 + 0x1p-22) : answer) + 1;
}

#define CALL(m, dtype, function, routine, ...)                                                                                             \
  do {                                                                                                                                     \
    blas_enter(m);                                                                                                                         \
    ((function)blas_found((m), (dtype), (routine)))(__VA_ARGS__);                                                                          \
    blas_leave(m);                                                                                                                         \
    assert(info >= 0);                                                                                                                     \
  } while (0)

int lapack_getrf(const moth *m, moth_dtype dtype, int n, void *a, int *pivots) {
  int info = 0;
  CALL(m, dtype, getrf_function, LAPACK_GETRF, &n, &n, a, &n, pivots, &info);
  return info;
}

int lapack_getrs(const moth *m, moth_dtype dtype, int n, int right, const void *lu, const int *pivots, void *b) {
  int info = 0;
  CALL(m, dtype, getrs_function, LAPACK_GETRS, "T", &n, &right, lu, &n, pivots, b, &n, &info, 1);
  return info;
}

int lapack_gecon(const moth *m, moth_dtype dtype, int n, const void *lu, double norm, double *reciprocal, const lapack_room *room) {
  int info = 0;
  number size = number_of(dtype, norm), answer = number_of(dtype, 0);
  CALL(m, dtype, gecon_function, LAPACK_GECON, "I", &n, lu, &n, &size, &answer, room->work, room->integers, &info, 1);
  *reciprocal = value_of(dtype, answer);
  return info;
}

int lapack_getri(const moth *m, moth_dtype dtype, int n, void *lu, const int *pivots, const lapack_room *room, int64_t *wanted) {
  int info = 0;
  asking asked = { NULL }, use = ask(room, &asked);
  CALL(m, dtype, getri_function, LAPACK_GETRI, &n, lu, &n, pivots, use.work, &use.size, &info);
  tell(dtype, &asked, room, wanted);
  return info;
}

int lapack_potrf(const moth *m, moth_dtype dtype, int n, void *a) {
  int info = 0;
  CALL(m, dtype, potrf_function, LAPACK_POTRF, "U", &n, a, &n, &info, 1);
  return info;
}

int lapack_gelqf(const moth *m, moth_dtype dtype, int rows, int columns, void *a, void *tau, const lapack_room *room, int64_t *wanted) {
  int info = 0;
  asking asked = { NULL }, use = ask(room, &asked);
  CALL(m, dtype, gelqf_function, LAPACK_GELQF, &rows, &columns, a, &rows, tau, use.work, &use.size, &info);
  tell(dtype, &asked, room, wanted);
  return info;
}

int lapack_orglq(const moth *m, moth_dtype dtype, int rows, int columns, void *a, const void *tau, const lapack_room *room,
                 int64_t *wanted) {
  int info = 0;
  asking asked = { NULL }, use = ask(room, &asked);
  CALL(m, dtype, orglq_function, LAPACK_ORGLQ, &rows, &columns, &rows, a, &rows, tau, use.work, &use.size, &info);
  tell(dtype, &asked, room, wanted);
  return info;
}

/* 3·k·levels + 11·k, where levels is the depth of a tree with leaves of 25 (ilaenv's): here of 1, which is no less. */
int64_t lapack_gelsd_integers(int64_t least) {
  int64_t levels = 2;
  for (int64_t n = least; n > 1; n /= 2) levels++;
  return 3 * least * levels + 11 * least;
}

int lapack_gelsd(const moth *m, moth_dtype dtype, int rows, int columns, int right, void *a, void *b, void *values, double cutoff,
                 int *rank, const lapack_room *room, int64_t *wanted) {
  int info = 0, most = rows > columns ? rows : columns, ignored = 0;
  number limit = number_of(dtype, cutoff);
  asking asked = { NULL }, use = ask(room, &asked);
  CALL(m, dtype, gelsd_function, LAPACK_GELSD, &rows, &columns, &right, a, &rows, b, &most, values, &limit, rank ? rank : &ignored,
       use.work, &use.size, use.integers, &info);
  tell(dtype, &asked, room, wanted);
  return info;
}

int lapack_syevd(const moth *m, moth_dtype dtype, int n, void *a, void *values, const lapack_room *room, int64_t *wanted) {
  int info = 0;
  asking asked = { NULL }, use = ask(room, &asked);
  int integers_size = use.size < 0 ? -1 : 3 + 5 * n;
  CALL(m, dtype, syevd_function, LAPACK_SYEVD, "V", "U", &n, a, &n, values, use.work, &use.size, use.integers, &integers_size, &info, 1, 1);
  tell(dtype, &asked, room, wanted);
  return info;
}

int lapack_gesdd(const moth *m, moth_dtype dtype, int rows, int columns, void *a, void *values, void *u, void *vt, const lapack_room *room,
                 int64_t *wanted) {
  int info = 0, least = rows < columns ? rows : columns;
  asking asked = { NULL }, use = ask(room, &asked);
  CALL(m, dtype, gesdd_function, LAPACK_GESDD, "S", &rows, &columns, a, &rows, values, u, &rows, vt, &least, use.work, &use.size,
       use.integers, &info, 1);
  tell(dtype, &asked, room, wanted);
  return info;
}
