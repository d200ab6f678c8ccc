/* Moving values without looking at them: blocks that lie across each other. */
#include <string.h>

#include "math/loops.h"

enum { BLOCK = 16 }; /* rows and columns that are turned while their cache lines are near */

typedef uint32_t four __attribute__((vector_size(16)));
typedef uint64_t two __attribute__((vector_size(16)));

static inline four load_four(const char *at) {
  four v;
  memcpy(&v, at, sizeof v);
  return v;
}
static inline two load_two(const char *at) {
  two v;
  memcpy(&v, at, sizeof v);
  return v;
}

/* Four elements of four runs, `x_step` bytes apart, become four runs of four, `y_step` bytes apart. */
static inline void turn_four(const char *x, int64_t x_step, char *y, int64_t y_step) {
  four a = load_four(x), b = load_four(x + x_step), c = load_four(x + 2 * x_step), d = load_four(x + 3 * x_step);
  four ab = __builtin_shuffle(a, b, (four){ 0, 4, 1, 5 }), cd = __builtin_shuffle(c, d, (four){ 0, 4, 1, 5 });
  four ab2 = __builtin_shuffle(a, b, (four){ 2, 6, 3, 7 }), cd2 = __builtin_shuffle(c, d, (four){ 2, 6, 3, 7 });
  four row0 = __builtin_shuffle(ab, cd, (four){ 0, 1, 4, 5 }), row1 = __builtin_shuffle(ab, cd, (four){ 2, 3, 6, 7 });
  four row2 = __builtin_shuffle(ab2, cd2, (four){ 0, 1, 4, 5 }), row3 = __builtin_shuffle(ab2, cd2, (four){ 2, 3, 6, 7 });
  memcpy(y, &row0, sizeof row0);
  memcpy(y + y_step, &row1, sizeof row1);
  memcpy(y + 2 * y_step, &row2, sizeof row2);
  memcpy(y + 3 * y_step, &row3, sizeof row3);
}
static inline void turn_two(const char *x, int64_t x_step, char *y, int64_t y_step) {
  two a = load_two(x), b = load_two(x + x_step);
  two row0 = __builtin_shuffle(a, b, (two){ 0, 2 }), row1 = __builtin_shuffle(a, b, (two){ 1, 3 });
  memcpy(y, &row0, sizeof row0);
  memcpy(y + y_step, &row1, sizeof row1);
}

/* y[r][c] = x[c][r] for rows × columns of y; elements follow one another along c in y and along r in x. */
#define TURN(name, type, side, turn_some)                                                                                                  \
  static void name(const char *x, int64_t x_step, char *y, int64_t y_step, int64_t rows, int64_t columns) {                                \
    const int64_t width = sizeof(type);                                                                                                    \
    int64_t whole_rows = rows - rows % side, whole_columns = columns - columns % side;                                                     \
    for (int64_t r = 0; r < whole_rows; r += side) {                                                                                       \
      for (int64_t c = 0; c < whole_columns; c += side) turn_some(x + c * x_step + r * width, x_step, y + r * y_step + c * width, y_step); \
    }                                                                                                                                      \
    for (int64_t r = 0; r < rows; r++) {                                                                                                   \
      for (int64_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) {                                                             \
        memcpy(y + r * y_step + c * width, x + c * x_step + r * width, sizeof(type));                                                      \
      }                                                                                                                                    \
    }                                                                                                                                      \
  }
TURN(turn_words, uint32_t, 4, turn_four)
TURN(turn_doubles, uint64_t, 2, turn_two)

static void turn_plane(const char *x, int64_t x_step, char *y, int64_t y_step, int64_t rows, int64_t columns, size_t width) {
  for (int64_t r = 0; r < rows; r += BLOCK) {
    int64_t some_rows = rows - r < BLOCK ? rows - r : BLOCK;
    for (int64_t c = 0; c < columns; c += BLOCK) {
      int64_t some_columns = columns - c < BLOCK ? columns - c : BLOCK;
      const char *from = x + c * x_step + r * (int64_t)width;
      char *to = y + r * y_step + c * (int64_t)width;
      if (width == 4) turn_words(from, x_step, to, y_step, some_rows, some_columns);
      else turn_doubles(from, x_step, to, y_step, some_rows, some_columns);
    }
  }
}

bool loops_transpose(const loops_walk *walk, size_t width) {
  int inner = walk->rank - 1, across = -1;
  if ((width != 4 && width != 8) || walk->operands != 2 || walk->strides[0][inner] != (int64_t)width) return false;
  for (int i = 0; i < inner; i++) {
    if (walk->strides[1][i] == (int64_t)width) across = i;
  }
  if (across < 0 || walk->size[across] < 4 || walk->size[inner] < 4) return false;
  int64_t index[MOTH_MAX_RANK] = { 0 };
  char *y = walk->at[0], *x = walk->at[1];
  for (;;) {
    turn_plane(x, walk->strides[1][inner], y, walk->strides[0][across], walk->size[across], walk->size[inner], width);
    int axis = inner - 1;
    for (; axis >= 0; axis--) {
      if (axis == across) continue;
      y += walk->strides[0][axis], x += walk->strides[1][axis];
      if (++index[axis] < walk->size[axis]) break;
      y -= walk->size[axis] * walk->strides[0][axis], x -= walk->size[axis] * walk->strides[1][axis];
      index[axis] = 0;
    }
    if (axis < 0) return true;
  }
}
