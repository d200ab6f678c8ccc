/* Values that are moved: blocks that lie across each other, of all sizes; and large results, which go past the caches. */
#include "math_support.h"

#include "core/random.h"
#include "math/loops.h"

enum { GROUND = 40 * 40 * 8 };

static int64_t draw(random_source *r, int64_t n) { return (int64_t)(random_key(r) % (uint64_t)n); }

static void turned_copies(void **state) {
  random_source r = { .seed = 5 };
  static unsigned char x[GROUND * 8], y[GROUND * 8], want[GROUND * 8];
  int turned = 0;
  for (size_t i = 0; i < sizeof x; i++) x[i] = (unsigned char)draw(&r, 256);
  for (int round = 0; round < 400; round++) {
    int64_t width = draw(&r, 2) ? 4 : 8, planes = 1 + draw(&r, 3), rows = 1 + draw(&r, 40), columns = 1 + draw(&r, 40), gap = draw(&r, 3);
    /* y [planes, rows, columns] as it lies; x holds [planes, columns, rows + gap]. */
    loops_walk walk = { .rank = 3, .size = { planes, rows, columns }, .operands = 2, .at = { (char *)y, (char *)x } };
    const int64_t to[] = { rows * columns, columns, 1 }, from[] = { columns * (rows + gap), 1, rows + gap };
    for (int i = 0; i < 3; i++) walk.strides[0][i] = to[i] * width, walk.strides[1][i] = from[i] * width;
    if (planes * columns * (rows + gap) * width > (int64_t)sizeof x) continue;
    memset(y, 0, sizeof y), memset(want, 0, sizeof want);
    for (int64_t p = 0; p < planes; p++) {
      for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
          memcpy(want + (p * to[0] + i * to[1] + j) * width, x + (p * from[0] + i + j * from[2]) * width, (size_t)width);
        }
      }
    }
    if (!loops_transpose(&walk, (size_t)width)) memset(want, 0, sizeof want); /* nothing done */
    else turned++;
    assert_memory_equal(y, want, sizeof y);
  }
  assert_true(turned > 200);
}

/* Whole lines of large results go past the caches. */
static void large_turned_copies(void **state) {
  for (int64_t width = 4; width <= 8; width += 4) {
    const int64_t rows = 500 * 8 / width + 3, columns = 1024;
    char *x = malloc((size_t)(rows * columns * width)), *raw = malloc((size_t)(rows * columns * width) + 64);
    char *y = (char *)(((uintptr_t)raw + 63) / 64 * 64);
    for (int64_t i = 0; i < rows * columns * width; i++) x[i] = (char)(i * 7 >> 3);
    loops_walk walk = { .rank = 2, .size = { rows, columns }, .operands = 2, .at = { y, x } };
    walk.strides[0][0] = columns * width, walk.strides[0][1] = width;
    walk.strides[1][0] = width, walk.strides[1][1] = rows * width;
    assert_true(loops_transpose(&walk, (size_t)width));
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < columns; j++) assert_memory_equal(y + (i * columns + j) * width, x + (i + j * rows) * width, (size_t)width);
    }
    free(x), free(raw);
  }
}

static void large_results(void **state) {
  enum { N = 600011, PIECE = 1000 };
  double *a = malloc(N * sizeof *a + 64), *b = malloc(N * sizeof *b + 64), *raw = malloc(N * sizeof *raw + 192), *parts = malloc(N * sizeof *parts);
  random_source r = { .seed = 6 };
  for (int64_t i = 0; i < N; i++) a[i] = (double)draw(&r, 1000) / 7, b[i] = (double)draw(&r, 1000) / 9;
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      size_t width = d == MOTH_F32 ? 4 : 8;
      for (int shift = 0; shift < 2; shift++) {
        char *y = (char *)(((uintptr_t)raw + 63) / 64 * 64) + (size_t)shift * width;
        for (int f = 0; f < BINARY_KERNELS; f++) {
          const real_kernels *k = &set_at(s)->of[d];
          k->binary[f](a, b, y, N);
          for (int64_t i = 0; i < N; i += PIECE) {
            int64_t n = N - i < PIECE ? N - i : PIECE;
            k->binary[f]((char *)a + (size_t)i * width, (char *)b + (size_t)i * width, (char *)parts + (size_t)i * width, n);
          }
          assert_memory_equal(y, parts, N * width);
          for (int reversed = 0; reversed < 2; reversed++) {
            k->binary_number[f](a, 1.5, y, N, reversed);
            for (int64_t i = 0; i < N; i += PIECE) {
              k->binary_number[f]((char *)a + (size_t)i * width, 1.5, (char *)parts + (size_t)i * width, N - i < PIECE ? N - i : PIECE, reversed);
            }
            assert_memory_equal(y, parts, N * width);
          }
        }
      }
    }
  }
  free(a), free(b), free(raw), free(parts);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(turned_copies), cmocka_unit_test(large_turned_copies), cmocka_unit_test(large_results) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
