#include "tensor/shape.h"

#include "core/text.h"

enum { SHAPE_COUNT_BITS = 59 }; /* eight bytes an element stay within 2^62 */

bool shape_count(int rank, const int64_t *size, int64_t *count) {
  int64_t spread = 1; /* what the product is without its zeros: strides must fit too */
  bool is_empty = false;
  for (int i = 0; i < rank; i++) {
    if (size[i] < 0) return false;
    if (size[i] == 0) {
      is_empty = true;
    } else if (__builtin_mul_overflow(spread, size[i], &spread) || spread > (int64_t)1 << SHAPE_COUNT_BITS) {
      return false;
    }
  }
  *count = is_empty ? 0 : spread;
  return true;
}

bool shape_equal(int rank_a, const int64_t *a, int rank_b, const int64_t *b) {
  if (rank_a != rank_b) return false;
  for (int i = 0; i < rank_a; i++) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

void shape_strides(int rank, const int64_t *size, int64_t *strides) {
  int64_t step = 1;
  for (int i = rank - 1; i >= 0; i--) {
    strides[i] = step;
    if (size[i] > 0) step *= size[i];
  }
}

bool shape_is_contiguous(int rank, const int64_t *size, const int64_t *strides) {
  int64_t step = 1;
  bool is_row_major = true;
  for (int i = rank - 1; i >= 0; i--) {
    if (size[i] == 0) return true;
    if (size[i] == 1) continue;
    if (strides[i] != step) is_row_major = false; /* a zero further out still makes it contiguous */
    step *= size[i];
  }
  return is_row_major;
}

bool shape_broadcast(int rank_a, const int64_t *a, int rank_b, const int64_t *b, int *rank, int64_t *out, int *axis) {
  int wide = rank_a > rank_b ? rank_a : rank_b;
  for (int i = wide - 1; i >= 0; i--) {
    int ia = i - (wide - rank_a), ib = i - (wide - rank_b);
    int64_t sa = ia < 0 ? 1 : a[ia], sb = ib < 0 ? 1 : b[ib];
    if (sa != sb && sa != 1 && sb != 1) {
      *axis = i;
      return false;
    }
    out[i] = sa == 1 ? sb : sa;
  }
  *rank = wide;
  return true;
}

void shape_broadcast_strides(int rank, const int64_t *size, const int64_t *strides, int to_rank, int64_t *out) {
  for (int i = 0; i < to_rank; i++) {
    int from = i - (to_rank - rank);
    out[i] = from < 0 || size[from] == 1 ? 0 : strides[from];
  }
}

int shape_merge(int rank, int64_t *size, int operands, int64_t (*strides)[MOTH_MAX_RANK]) {
  int last = -1; /* the axis that grows; axes before it are done */
  for (int i = 0; i < rank; i++) {
    if (size[i] == 1) continue;
    bool joins = last >= 0;
    for (int o = 0; joins && o < operands; o++) joins = strides[o][last] == strides[o][i] * size[i];
    if (!joins) {
      last++;
      size[last] = size[i];
    } else {
      size[last] *= size[i];
    }
    for (int o = 0; o < operands; o++) strides[o][last] = strides[o][i];
  }
  if (last >= 0) return last + 1;
  size[0] = 1;
  for (int o = 0; o < operands; o++) strides[o][0] = 0;
  return 1;
}

bool shape_view_strides(int rank, const int64_t *size, const int64_t *strides, int to_rank, const int64_t *to_size, int64_t *out) {
  int64_t count = 1, to_count = 1;
  for (int i = 0; i < rank; i++) count *= size[i];
  for (int i = 0; i < to_rank; i++) to_count *= to_size[i];
  if (count != to_count) return false;
  if (count == 0 || shape_is_contiguous(rank, size, strides)) {
    shape_strides(to_rank, to_size, out);
    return true;
  }
  int to = to_rank - 1;
  int64_t run = 1;    /* elements of the old axes that one step walks */
  int64_t filled = 1; /* how many of them the new axes hold so far */
  int64_t base = 1;   /* the step within the run */
  bool is_open = false;
  for (int i = rank - 1; i >= 0; i--) {
    if (size[i] == 1) continue;
    if (!is_open) base = strides[i], run = 1, filled = 1, is_open = true;
    run *= size[i];
    int outer = i - 1;
    while (outer >= 0 && size[outer] == 1) outer--;
    if (outer >= 0 && strides[outer] == strides[i] * size[i]) continue;
    while (to >= 0 && (filled < run || to_size[to] == 1)) {
      out[to] = base * filled;
      filled *= to_size[to--];
    }
    if (filled != run) return false;
    is_open = false;
  }
  for (; to >= 0; to--) out[to] = 1; /* only sizes of 1 are left */
  return true;
}

bool shape_infer(int rank, int64_t *size, int64_t count) {
  int unknown = -1;
  int64_t known[MOTH_MAX_RANK] = { 0 }, product;
  for (int i = 0; i < rank; i++) {
    known[i] = size[i];
    if (size[i] != -1) continue;
    if (unknown >= 0) return false;
    unknown = i;
    known[i] = 1;
  }
  if (!shape_count(rank, known, &product)) return false;
  if (unknown < 0) return product == count;
  if (product == 0 || count % product != 0) return false;
  size[unknown] = count / product;
  return true;
}

size_t shape_text(int rank, const int64_t *size, char *buffer, size_t buffer_size) {
  text_line line = { buffer, buffer_size, 0 };
  text_line_add(&line, "[");
  for (int i = 0; i < rank; i++) text_line_add(&line, i ? ",%lld" : "%lld", (long long)size[i]);
  text_line_add(&line, "]");
  return line.length;
}
