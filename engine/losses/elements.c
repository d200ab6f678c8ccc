#include "losses/elements.h"

/* The element that the loop stands at. */
typedef struct place { int64_t row, column; } place;

static inline void step(place *at, int64_t columns) {
  if (++at->column == columns) at->column = 0, at->row++;
}

/* Whether those strides are of elements that lie one behind the other. */
static bool is_even(const loss_run *run, int64_t row, int64_t column) {
  return column == 1 && (row == run->columns || run->rows <= 1);
}

#define LOSS_REAL float
#define LOSS_NAME(name) name##_f32
#include "losses/elements.inc"
#define LOSS_REAL double
#define LOSS_NAME(name) name##_f64
#include "losses/elements.inc"

double loss_each_element(const loss_run *run, loss_terms terms, const void *data) {
  const bool is_f32 = run->dtype == MOTH_F32;
  const int64_t count = run->rows * run->columns;
  loss_piece piece;
  piece.kernels = loss_wide_kernels(run);
  place at = { 0, 0 };
  double sum = 0;
  for (int64_t done = 0; done < count; done += piece.count) {
    piece.count = count - done < LOSS_PIECE ? count - done : LOSS_PIECE;
    if (is_f32) load_f32(run, done, at, &piece);
    else load_f64(run, done, at, &piece);
    terms(data, &piece);
    sum += is_f32 ? store_f32(run, done, &at, &piece) : store_f64(run, done, &at, &piece);
  }
  return sum;
}
