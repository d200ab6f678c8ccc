/* tensor/tensor.h: strided views over reference-counted storage. Everything here assumes checked handles; moth.h's functions check. */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include "core/object.h"
#include "tensor/shape.h"

/* Bytes with owners: made here (64-byte aligned), or the host's with a release function, or mapped from a file. A small tensor's storage
 * lies in the tensor itself: `owner` then counts the references, and the storage lives as long as that handle. */
typedef struct storage {
  int64_t references;
  object *owner; /* NULL: counted here */
  moth *context;
  void *bytes;
  size_t size;
  bool read_only;
  bool is_wrapped; /* the bytes are not ours */
  void (*release)(void *data); /* of wrapped bytes; NULL: nothing to release */
  void *data;
} storage;

struct moth_tensor {
  object base;
  moth_dtype dtype;
  int rank;
  bool read_only;
  int64_t count; /* elements */
  int64_t size[MOTH_MAX_RANK];
  int64_t strides[MOTH_MAX_RANK];
  storage *storage;
  char *values; /* of element 0 */
};

/* New, row-major; `clear` zeros it. `where` begins the message when it is too big: "zeros: f64[200000,200000] needs 298 GiB, the limit
 * is 8 GiB (moth.limit)". */
moth_status tensor_new(moth *m, const char *where, moth_dtype dtype, int rank, const int64_t *size, bool clear, moth_tensor **t);
/* A view on a storage (retained) at a byte offset. */
moth_status tensor_over(moth *m, storage *s, size_t offset, moth_dtype dtype, int rank, const int64_t *size, const int64_t *strides,
                        bool read_only, moth_tensor **t);
storage *storage_new(moth *m, size_t bytes, bool clear);
/* Bytes from elsewhere; release(data) is called when the last view is gone (not where this fails). */
storage *storage_wrap(moth *m, void *bytes, size_t size, bool read_only, void (*release)(void *data), void *data);
void storage_retain(storage *s);
void storage_release(storage *s);

moth_status tensor_check(moth *m, const moth_tensor *t, const char *where, const char *argument);
/* MOTH_MISUSE "where: f32[3] is read-only" */
moth_status tensor_check_writable(moth *m, const moth_tensor *t, const char *where);
/* t itself (retained) where it is contiguous and of the dtype, else a converted row-major copy. */
moth_status tensor_contiguous(moth *m, const char *where, const moth_tensor *t, moth_dtype dtype, moth_tensor **out);
/* A row-major copy. */
moth_status tensor_clone(moth *m, const char *where, const moth_tensor *t, moth_dtype dtype, moth_tensor **out);
/* Fills every element with the one of t's dtype at `element`. */
void tensor_fill(moth_tensor *t, const void *element);
/* Copies with conversion between any dtypes and strides, same shape (float -> integer truncates toward zero; out-of-range and NaN to
 * integer fail with MOTH_OPTION naming the element). Overlap behaves as a copy. */
moth_status tensor_copy(moth *m, const char *where, const moth_tensor *from, moth_tensor *to);
bool tensor_overlaps(const moth_tensor *a, const moth_tensor *b);
/* Whether both show the same elements at the same places: the one overlap that an elementwise loop may write through. */
bool tensor_coincides(const moth_tensor *a, const moth_tensor *b);
bool tensor_is_contiguous(const moth_tensor *t);
/* A view of t's storage with t's dtype and access, from `values` on. */
moth_status tensor_view(moth *m, moth_tensor *t, char *values, int rank, const int64_t *size, const int64_t *strides, moth_tensor **view);
/* t where it can be had with this shape, else a copy (`copies`), else MOTH_SHAPE. One size may be -1. */
moth_status tensor_reshape(moth *m, const char *where, moth_tensor *t, int rank, const int64_t *size, bool copies, moth_tensor **out);
/* A position along an axis, negative from the end, to 0 … size-1: "where: index 0: rows of f32[150,4] are 1..150 or -150..-1". */
moth_status tensor_position(moth *m, const char *where, const moth_tensor *t, int axis, int64_t given, int64_t *position);
/* A position as people count it: from the context's base; negative ones from the end as they are. */
static inline int64_t tensor_told(const moth *m, int64_t position) {
  return position == INT64_MIN ? 0 : position < 0 || position == INT64_MAX ? position : position + m->index_base;
}
/* "f32[64,10]" in a buffer of its own, for messages. */
typedef struct tensor_words {
  char text[192];
} tensor_words;
tensor_words tensor_text(const moth_tensor *t);
tensor_words tensor_shape_text(moth_dtype dtype, int rank, const int64_t *size);
static inline bool dtype_is_real(moth_dtype d) { return d == MOTH_F32 || d == MOTH_F64; }
static inline size_t dtype_size(moth_dtype d) { return d == MOTH_F32 ? 4 : d == MOTH_F64 || d == MOTH_I64 ? 8 : 1; }
/* Converts a number to the dtype's bytes; false where it has no place there (out of range; fractional for integers). */
bool dtype_store(moth_dtype dtype, double value, void *element);
bool dtype_store_int(moth_dtype dtype, int64_t value, void *element);
double dtype_load(moth_dtype dtype, const void *element);
/* The wider of two (bool < u8 < i64 < f32 < f64). */
moth_dtype dtype_promote(moth_dtype a, moth_dtype b);

#endif
