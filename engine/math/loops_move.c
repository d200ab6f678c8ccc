/* Moving values without looking at them: blocks that lie across each other. */
#include <string.h>

#include "math/loops.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Rows and columns that are turned while their cache lines are near; bytes of a result whose lines, where they are whole, go past the
 * caches: what is there need not be read first. */
enum { BLOCK_ROWS = 32, BLOCK_COLUMNS = 16, STREAM_BYTES = 2 * 1024 * 1024 };

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

#if defined(__SSE2__)
static inline void store(char *at, const void *v, bool streams) {
  if (streams) _mm_stream_si128((__m128i *)(void *)at, _mm_loadu_si128(v));
  else memcpy(at, v, 16);
}
static void store_end(void) { _mm_sfence(); }
#else
static inline void store(char *at, const void *v, bool streams) {
  (void)streams;
  memcpy(at, v, 16);
}
static void store_end(void) {}
#endif

/* Four elements of four runs, `x_step` bytes apart, become four runs of four, `y_step` bytes apart. */
static inline void turn_four(const char *x, int64_t x_step, char *y, int64_t y_step, bool streams) {
  four a = load_four(x), b = load_four(x + x_step), c = load_four(x + 2 * x_step), d = load_four(x + 3 * x_step);
  four ab = __builtin_shuffle(a, b, (four){ 0, 4, 1, 5 }), cd = __builtin_shuffle(c, d, (four){ 0, 4, 1, 5 });
  four ab2 = __builtin_shuffle(a, b, (four){ 2, 6, 3, 7 }), cd2 = __builtin_shuffle(c, d, (four){ 2, 6, 3, 7 });
  four row0 = __builtin_shuffle(ab, cd, (four){ 0, 1, 4, 5 }), row1 = __builtin_shuffle(ab, cd, (four){ 2, 3, 6, 7 });
  four row2 = __builtin_shuffle(ab2, cd2, (four){ 0, 1, 4, 5 }), row3 = __builtin_shuffle(ab2, cd2, (four){ 2, 3, 6, 7 });
  store(y, &row0, streams);
  store(y + y_step, &row1, streams);
  store(y + 2 * y_step, &row2, streams);
  store(y + 3 * y_step, &row3, streams);
}
static inline void turn_two(const char *x, int64_t x_step, char *y, int64_t y_step, bool streams) {
  two a = load_two(x), b = load_two(x + x_step);
  two row0 = __builtin_shuffle(a, b, (two){ 0, 2 }), row1 = __builtin_shuffle(a, b, (two){ 1, 3 });
  store(y, &row0, streams);
  store(y + y_step, &row1, streams);
}

/* y[r][c] = x[c][r] for rows × columns of y; elements follow one another along c in y and along r in x. */
#define TURN(name, type, side, turn_some)                                                                                                  \
  static inline void name(const char *x, int64_t x_step, char *y, int64_t y_step, int64_t rows, int64_t columns, bool streams) {           \
    const int64_t width = sizeof(type);                                                                                                    \
    int64_t whole_rows = rows - rows % side, whole_columns = columns - columns % side;                                                     \
    for (int64_t r = 0; r < whole_rows; r += side) {                                                                                       \
      for (int64_t c = 0; c < whole_columns; c += side) {                                                                                  \
        turn_some(x + c * x_step + r * width, x_step, y + r * y_step + c * width, y_step, streams);                                        \
      }                                                                                                                                    \
    }                                                                                                                                      \
    for (int64_t r = 0; r < rows; r++) {                                                                                                   \
      for (int64_t c = r < whole_rows ? whole_columns : 0; c < columns; c++) {                                                             \
        memcpy(y + r * y_step + c * width, x + c * x_step + r * width, sizeof(type));                                                      \
      }                                                                                                                                    \
    }                                                                                                                                      \
  }                                                                                                                                        \
  static void name##_plane(const char *x, int64_t x_step, char *y, int64_t y_step, int64_t rows, int64_t columns, bool streams) {          \
    for (int64_t r = 0; r < rows; r += BLOCK_ROWS) {                                                                                       \
      int64_t some_rows = rows - r < BLOCK_ROWS ? rows - r : BLOCK_ROWS;                                                                   \
      for (int64_t c = 0; c < columns; c += BLOCK_COLUMNS) {                                                                               \
        int64_t some_columns = columns - c < BLOCK_COLUMNS ? columns - c : BLOCK_COLUMNS;                                                  \
        const char *from = x + c * x_step + r * (int64_t)sizeof(type);                                                                     \
        char *to = y + r * y_step + c * (int64_t)sizeof(type);                                                                             \
        if (streams) name(from, x_step, to, y_step, some_rows, some_columns, true);                                                        \
        else name(from, x_step, to, y_step, some_rows, some_columns, false);                                                               \
      }                                                                                                                                    \
    }                                                                                                                                      \
  }
TURN(turn_words, uint32_t, 4, turn_four)
TURN(turn_doubles, uint64_t, 2, turn_two)

static void turn_plane(const char *x, int64_t x_step, char *y, int64_t y_step, int64_t rows, int64_t columns, size_t width) {
  bool is_large = rows >= STREAM_BYTES / (int64_t)width / columns, streams = is_large && (uintptr_t)y % 64 == 0 && y_step % 64 == 0;
  if (width == 4) turn_words_plane(x, x_step, y, y_step, rows, columns, streams);
  else turn_doubles_plane(x, x_step, y, y_step, rows, columns, streams);
  if (streams) store_end();
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
