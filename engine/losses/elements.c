#include "losses/elements.h"

/* The element that the loop stands at. */
typedef struct place { int64_t row, column; } place;

static inline void step(place *at, int64_t columns) {
  if (++at->column == columns) at->column = 0, at->row++;
}

static inline int64_t piece_at(int64_t done, int64_t count) { return count - done < LOSS_PIECE ? count - done : LOSS_PIECE; }

/* Whether all elements lie one behind the other and count alike, as in a net: its strides need no looking after. */
static inline bool is_plain(const loss_run *run) {
  const int64_t columns = run->columns;
  return run->t != NULL && run->weights == NULL && run->p_row == columns && run->p_column == 1 && run->t_row == columns &&
         run->t_column == 1 && (run->d == NULL || (run->d_row == columns && run->d_column == 1)) &&
         (run->y == NULL || (run->y_row == columns && run->y_column == 1));
}

#define LOSS_REAL float
#define LOSS_NAME(name) name##_f32
#include "losses/elements.inc"
#define LOSS_REAL double
#define LOSS_NAME(name) name##_f64
#define LOSS_IN_PLACE
#include "losses/elements.inc"

double loss_each_element(const loss_run *run, loss_terms terms, const void *data) {
  if (run->dtype == MOTH_F32) return is_plain(run) ? plain_f32(run, terms, data) : strided_f32(run, terms, data);
  return is_plain(run) ? plain_f64(run, terms, data) : strided_f64(run, terms, data);
}
