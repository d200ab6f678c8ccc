/* Where elements are not 0: nonzero. */
#include "math/loops.h"
#include "math/masks.h"
#include "operations/support.h"

enum { CHUNK = 512 };

typedef struct nonzero {
  moth_dtype dtype;
  int64_t count; /* found so far */
  int64_t room;  /* what *rows have place for; 0: only counting */
  int rank;
  int64_t index[MOTH_MAX_RANK]; /* of the run's first element, from the index base */
  int64_t *rows;
} nonzero;

/* Positions of the marked along the last axis, each behind the run's other indices: an element that is not marked is written over by the
 * next, which costs less than to ask. Rows have a constant length where they are inlined. */
static inline __attribute__((always_inline)) int64_t write_marks(const nonzero *z, const uint8_t *marks, int64_t n, int rank) {
  int64_t *row = z->rows + z->count * rank, found = 0, room = z->room - z->count, first = z->index[rank - 1], i = 0;
#define WRITE_MARK                                                                                                                         \
  for (int d = 0; d < rank - 1; d++) row[d] = z->index[d];                                                                                 \
  row[rank - 1] = first + i;                                                                                                               \
  found += marks[i] != 0;                                                                                                                  \
  row += marks[i] != 0 ? rank : 0
  while (i + 8 <= n && found + 8 <= room) {
    for (int j = 0; j < 8; j++, i++) { WRITE_MARK; }
  }
  for (; i < n && found < room; i++) { WRITE_MARK; }
#undef WRITE_MARK
  return found;
}

static void write_chunk(nonzero *z, const uint8_t *marks, int64_t n) {
  z->count += z->rank == 1 ? write_marks(z, marks, n, 1) : z->rank == 2 ? write_marks(z, marks, n, 2) : write_marks(z, marks, n, z->rank);
  z->index[z->rank - 1] += n;
}

/* Bytes that are not 0 where elements are: theirs, or in the buffer. */
static const uint8_t *marks_of(const nonzero *z, const char *at, int64_t step, int64_t n, uint8_t buffer[CHUNK]) {
  if (step == 1 && dtype_size(z->dtype) == 1) return (const uint8_t *)at;
  loops_cast(z->dtype, MOTH_BOOL)(at, step, buffer, 1, n);
  return buffer;
}

static void count_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  nonzero *z = data;
  uint8_t buffer[CHUNK];
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t count = n - i < CHUNK ? n - i : CHUNK;
    z->count += masks_count(marks_of(z, at[0] + i * steps[0], steps[0], count, buffer), count);
  }
}

static void write_run(nonzero *z, const char *at, int64_t step, int64_t n) {
  uint8_t buffer[CHUNK];
  for (int64_t i = 0; i < n; i += CHUNK) {
    int64_t count = n - i < CHUNK ? n - i : CHUNK;
    write_chunk(z, marks_of(z, at + i * step, step, count, buffer), count);
  }
}

/* Row by row of the last axis, none merged: each needs its own indices. */
static moth_status write_all(const operation_call *call, const moth_tensor *t, nonzero *z) {
  int last = t->rank - 1;
  int64_t width = (int64_t)dtype_size(t->dtype), at[MOTH_MAX_RANK] = { 0 }, base = call->m->index_base, since = 0;
  const char *row = t->values;
  for (int d = 0; d <= last; d++) z->index[d] = base;
  for (;;) {
    if ((since += t->size[last]) > LOOPS_POLL) {
      since = 0;
      if (context_is_cancelled(call->m)) return operation_cancelled(call);
    }
    z->index[last] = base;
    write_run(z, row, t->strides[last] * width, t->size[last]);
    int d = last - 1;
    for (; d >= 0; d--) {
      row += t->strides[d] * width;
      z->index[d]++;
      if (++at[d] < t->size[d]) break;
      row -= t->size[d] * t->strides[d] * width;
      z->index[d] = base;
      at[d] = 0;
    }
    if (d < 0 || z->count == z->room) return MOTH_OK;
  }
}

static moth_status apply_nonzero(const operation_call *call) {
  const moth_tensor *t = operation_tensor(call, 0);
  nonzero z = { .dtype = t->dtype, .rank = t->rank };
  moth_tensor *out;
  if (t->count > 0) {
    loops_walk walk = { .operands = 1, .at = { t->values } };
    for (int i = 0; i < t->rank; i++) walk.size[i] = t->size[i], walk.strides[0][i] = t->strides[i] * (int64_t)dtype_size(t->dtype);
    walk.rank = shape_merge(t->rank, walk.size, 1, walk.strides);
    if (!loops_run(call->m, &walk, count_run, &z)) return operation_cancelled(call);
  }
  moth_status status = tensor_new(call->m, call->where, MOTH_I64, 2, (int64_t[]) { z.count, t->rank }, false, &out);
  if (status != MOTH_OK) return status;
  operation_give(call, 0, out);
  if (out->count == 0) return MOTH_OK;
  z.room = z.count;
  z.count = 0;
  z.rows = (int64_t *)out->values;
  return write_all(call, t, &z);
}

const operation_class operation_nonzero = {
  .row = { .row = { ROW_TEXTS("nonzero",
                              "where elements are not 0: a row of indices for each, in row-major order\n"
                              "[…] -> i64[n, rank]; nan is not 0",
                              "moth.tensor{ { 0, 5 }, { 7, 0 } }:nonzero()"),
                    .foreign = "argwhere" },
           .inputs = 1,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_nonzero,
};
