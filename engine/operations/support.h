/* operations/support.h: what the families share: option rows, dtypes of results, results themselves. */
#ifndef OPERATIONS_SUPPORT_H
#define OPERATIONS_SUPPORT_H

#include "operations/operation.h"

enum {
  REAL_DTYPES = 1 << MOTH_F32 | 1 << MOTH_F64,
  NUMBER_DTYPES = REAL_DTYPES | 1 << MOTH_I64 | 1 << MOTH_U8,
  ALL_DTYPES = NUMBER_DTYPES | 1 << MOTH_BOOL
};

/* Parts of rows that many operations have. */
#define ROW_TEXTS(name_, doc_, example_) .name = (name_), .doc = (doc_), .example = (example_)
#define ROW_OPTIONS(list) .options = (list), .option_count = (int)(sizeof(list) / sizeof *(list))
#define OPTION_REAL                                                                                                                        \
  {                                                                                                                                        \
    .key = "real", .doc = "dtype of floats made from integers: scripts pass moth.dtype()", .kinds = MOTH_OPTION_TEXT,                      \
    .fallback = MOTH_TEXT(NULL, "f32"), .choices = "f32 f64"                                                                               \
  }
#define OPTION_DTYPE(words)                                                                                                                \
  { .key = "dtype", .doc = "dtype of the result", .kinds = MOTH_OPTION_TEXT, .choices = (words) }
#define OPTION_AXIS(at, text, more)                                                                                                        \
  {                                                                                                                                        \
    .key = "axis", .foreign = "dim", .doc = (text), .kinds = MOTH_OPTION_INT, .position = (at), .flags = MOTH_POSITION | (more)            \
  }
/* The same, by default the one at `usual`. */
#define OPTION_AXIS_OR(usual, at, text)                                                                                                    \
  {                                                                                                                                        \
    .key = "axis", .foreign = "dim", .doc = (text), .kinds = MOTH_OPTION_INT, .position = (at), .flags = MOTH_POSITION,                    \
    .fallback = MOTH_INT(NULL, usual)                                                                                                      \
  }
#define OPTION_AXES(at, text)                                                                                                              \
  {                                                                                                                                        \
    .key = "axis", .foreign = "dim dims", .doc = (text), .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS, .position = (at),                    \
    .flags = MOTH_POSITION                                                                                                                 \
  }
#define OPTION_REDUCED(at) OPTION_AXES(at, "the axis, or a list of axes, to reduce; absent: all, to a number")
#define OPTION_GENERATOR                                                                                                                   \
  {                                                                                                                                        \
    .key = "gen", .foreign = "generator rng", .doc = "generator to draw from; the context's where absent", .kinds = MOTH_OPTION_OBJECT,    \
    .object = MOTH_GENERATOR_OBJECT                                                                                                        \
  }
#define OPTION_SHAPE(at)                                                                                                                   \
  {                                                                                                                                        \
    .key = "shape", .doc = "sizes", .kinds = MOTH_OPTION_INTS, .position = (at), .flags = MOTH_REST | MOTH_RANGED, .low = 0,               \
    .high = 9007199254740992.0, .fallback = MOTH_INTS(NULL, 0, NULL)                                                                       \
  }
#define OPTION_KEEP                                                                                                                        \
  {                                                                                                                                        \
    .key = "keep", .foreign = "keepdim keepdims", .doc = "keep what is reduced as axes of size 1, in a tensor",                            \
    .kinds = MOTH_OPTION_FLAG, .fallback = MOTH_FLAG(NULL, false)                                                                          \
  }

/* The dtype that an option names, or the fallback where it is unset. */
moth_dtype operation_dtype(const operation_call *call, int option, moth_dtype fallback);
/* All axes that an INT or INTS option names; none where unset: *count is then 0. */
moth_status operation_axes(const operation_call *call, const moth_tensor *t, int option, bool axes[MOTH_MAX_RANK], int *count);
/* A shape option's sizes; MOTH_LIMIT above 8 axes. */
moth_status operation_shape(const operation_call *call, int option, moth_shape *shape);
/* What two operands give together: EXPERIENCE.md section 3 (3). Numbers never change a float tensor's dtype. */
moth_dtype operation_promote(const moth_value *a, const moth_value *b, moth_dtype real);
/* A number as an element of the dtype; "add: u8[3] cannot hold 300" where it has no place (`like` NULL: "u8 cannot …"). */
moth_status operation_number(const operation_call *call, const moth_value *number, moth_dtype dtype, const moth_tensor *like,
                             void *element);
/* An INT, REAL or FLAG option as a number. */
moth_value operation_option_number(const operation_call *call, int option);
/* "f32[3,4]", or the number: an operand in messages. */
tensor_words operation_value_text(const moth_value *value);
/* A position as index tensors hold it, counted from the base or from the end, to 0 … size-1; negative where it is none. */
static inline int64_t operation_position(int64_t id, int64_t size, int64_t base) {
  uint64_t from_front = (uint64_t)id - (uint64_t)base;
  if (from_front < (uint64_t)size) return (int64_t)from_front; /* nearly always */
  return id < 0 ? (int64_t)((uint64_t)id + (uint64_t)size) : -1;
}
/* An index tensor for t's axis, checked: i64, row-major, to be read with operation_position; the given one where it is so already.
 * Released by the caller. */
moth_status operation_ids(const operation_call *call, const moth_tensor *ids, const moth_tensor *t, int axis, moth_tensor **positions);
/* A number or tensor that is to go into places of t: a view of it, or of a copy, with t's dtype, `size` broadcast, and no memory of t's. */
moth_status operation_fitting(const operation_call *call, const moth_value *value, const moth_tensor *t, int rank, const int64_t *size,
                              moth_tensor **fitting);
/* The same in two steps: not yet checked; and the failure for the first one at or after `id` that is no position (there must be one). */
moth_status operation_ids_plain(const operation_call *call, const moth_tensor *ids, moth_tensor **plain);
moth_status operation_id_refuse(const operation_call *call, const moth_tensor *t, int axis, const int64_t *id);
/* Results. Tensors are given away; the in-place result is inputs[0] itself. */
void operation_give(const operation_call *call, int result, moth_tensor *t);
/* An empty list for `count` tensors as the result: what is put into it in order is the result's, and goes with it on failure. */
moth_status operation_give_list(const operation_call *call, int64_t count, moth_tensor ***tensors);
moth_status operation_give_self(const operation_call *call);
static inline moth_tensor *operation_tensor(const operation_call *call, int input) { return call->inputs[input].as.tensor; }
/* MOTH_CANCELLED, told in the operation's name. */
moth_status operation_cancelled(const operation_call *call);

#endif
