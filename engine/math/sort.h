/* math/sort.h: order within one lane of values. Values become keys, unsigned numbers in the same order: -0 equals 0, NaN stands last
 * whichever the direction, equal values keep their order. Short lanes are merged, long ones go through a radix sort, digit by digit from
 * the lowest, first by the upper digits alone, after which insertion nearly always finishes soon; where it does not, by all.
 * Scratch memory is the caller's; false once a cancel was seen. */
#ifndef MATH_SORT_H
#define MATH_SORT_H

#include "core/context.h"

/* A lane of values; steps in bytes. */
typedef struct sort_lane {
  moth_dtype dtype;
  const void *x;
  int64_t step, n;
  bool descending;
} sort_lane;

/* Where the first `count` in order go; steps in bytes. y NULL, order NULL: not wanted. Positions count from `base`. */
typedef struct sort_places {
  int64_t count;
  void *y;
  int64_t y_step;
  int64_t *order;
  int64_t order_step, base;
} sort_places;

/* Bytes that sorting n values needs; false where that is no number. */
bool sort_room(moth_dtype dtype, int64_t n, size_t *bytes);
bool sort_run(moth *m, const sort_lane *lane, const sort_places *places, void *room);
/* The same of the first places->count alone, by selection where they are few. */
bool sort_first(moth *m, const sort_lane *lane, const sort_places *places, void *room);

/* Selection: keys of a lane and what stands at a rank (from 0). */
typedef struct sort_selection {
  moth_dtype dtype;
  bool descending;
  int64_t n, numbers; /* values; those that are no NaN */
  void *keys, *spare;
} sort_selection;
typedef struct sort_rank {
  uint64_t key;
  int64_t less, equal; /* values before it, and those of the same key */
} sort_rank;

/* The lane's keys into `room`, as large as sort_room says. */
bool sort_select_open(moth *m, sort_selection *s, const sort_lane *lane, void *room);
bool sort_select(moth *m, const sort_selection *s, int64_t rank, sort_rank *found);
/* The key that follows all those that equal `rank`; there is one. */
bool sort_select_next(moth *m, const sort_selection *s, const sort_rank *rank, uint64_t *key);
/* Where the value of that rank stands in the lane. */
bool sort_select_position(moth *m, const sort_selection *s, const sort_rank *found, int64_t rank, int64_t *position);
/* A key's value; floats and integers up to 2^53 exactly. */
double sort_value(const sort_selection *s, uint64_t key);

#endif
