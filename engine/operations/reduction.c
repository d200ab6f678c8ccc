#include "operations/reduction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  BLOCK = REDUCTION_BLOCK,
  SHORT_RUN = 32, /* runs too short to be worth a call each */
  CHUNK = 512,    /* values gathered or turned into terms at a time */
  ROWS = 128,     /* values added to a column before it is joined to the sum */
  MOST_BYTE_ROWS = 255 /* gathered at once where row numbers are bytes */
};

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/* The far axes outside. */
static void sort_axes(int rank, int64_t *size, int64_t *strides) {
  for (int i = 1; i < rank; i++) {
    for (int j = i; j > 0 && magnitude(strides[j]) > magnitude(strides[j - 1]); j--) {
      int64_t n = size[j], step = strides[j];
      size[j] = size[j - 1], strides[j] = strides[j - 1];
      size[j - 1] = n, strides[j - 1] = step;
    }
  }
}

void reduction_open(reduction *r, moth *m, const moth_tensor *t, const bool *gone, bool any_order) {
  *r = (reduction) { .m = m, .dtype = t->dtype, .width = (int64_t)dtype_size(t->dtype), .count = 1 };
  for (int i = 0; i < t->rank; i++) {
    if (gone[i]) {
      r->gone_size[r->gone_rank] = t->size[i];
      r->gone_strides[0][r->gone_rank++] = t->strides[i];
      r->count *= t->size[i];
    } else {
      r->kept_size[r->kept_rank] = t->size[i];
      r->kept_strides[0][r->kept_rank++] = t->strides[i];
    }
  }
  if (any_order) sort_axes(r->gone_rank, r->gone_size, r->gone_strides[0]);
  r->kept_rank = shape_merge(r->kept_rank, r->kept_size, 1, r->kept_strides);
  r->gone_rank = shape_merge(r->gone_rank, r->gone_size, 1, r->gone_strides);
}

static bool is_cancelled(reduction *r, int64_t n) {
  r->since_poll += n;
  if (r->since_poll < LOOPS_POLL) return false;
  r->since_poll = 0;
  return context_is_cancelled(r->m);
}

/* One gathering of a block. */
typedef struct gathering {
  reduction *r;
  const reduction_block *block;
  int64_t n, gone; /* of the innermost axis that goes: values and the elements between them */
  bool across;     /* a value of each result after the other, not a run of each */
  /* of sums */
  loops_term_function term;
  double (*direct)(const void *x, int64_t n);
  void (*after)(const void *x, void *y, int64_t n); /* what is done to terms; NULL: nothing */
  bool by_columns;
  const double *center;
  double p, *sums, *lost, *partial;
  int64_t rows; /* in partial */
  /* of extremes */
  enum extreme_kernel which;
  char *best, *row;
  loops_number *values;
  int64_t *index;
  bool has_begun;
  /* of states */
  loops_reduce_function function;
  loops_number *states;
} gathering;

/* Calls the function for each run of the innermost axis that goes; `position` counts elements in the order of the axes. */
typedef bool (*visit_run)(gathering *g, const char *x, int64_t position);
static bool walk(gathering *g, visit_run visit) {
  const reduction *r = g->r;
  const char *x = g->block->x;
  int64_t at[MOTH_MAX_RANK] = { 0 };
  for (int64_t position = 0;; position += g->n) {
    if (!visit(g, x, position)) return false;
    int axis = r->gone_rank - 2;
    for (; axis >= 0; axis--) {
      x += r->gone_strides[0][axis] * r->width;
      if (++at[axis] < r->gone_size[axis]) break;
      x -= r->gone_strides[0][axis] * r->width * r->gone_size[axis];
      at[axis] = 0;
    }
    if (axis < 0) return true;
  }
}

static gathering begin(reduction *r, const reduction_block *block) {
  int inner = r->gone_rank - 1;
  gathering g = { .r = r, .block = block, .n = r->gone_size[inner], .gone = r->gone_strides[0][inner] };
  g.across = block->count >= 8 && (g.n < SHORT_RUN || magnitude(block->step) < magnitude(g.gone));
  return g;
}

/* ---- Sums ---------------------------------------------------------------------------------------------------------------------- */

/* Neumaier's addition: what the sum cannot hold is kept beside it. */
static inline void join(double *sum, double *lost, double part) {
  double total = *sum + part;
  *lost += fabs(*sum) >= fabs(part) ? (*sum - total) + part : (part - total) + *sum;
  *sum = total;
}

static void join_partial(gathering *g) {
  for (int64_t i = 0; i < g->block->count; i++) {
    join(&g->sums[i], &g->lost[i], g->partial[i]);
    g->partial[i] = 0;
  }
  g->rows = 0;
}

static void make_terms(const gathering *g, const char *x, int64_t step, double *terms, int64_t n, const double *center, bool has_centers) {
  g->term(x, step, terms, n, center, has_centers, g->p);
  if (g->after) g->after(terms, terms, n);
}

static bool sums_across(gathering *g, const char *x) {
  int64_t count = g->block->count, width = g->r->width;
  double terms[BLOCK];
  for (int64_t done = 0; done < g->n;) {
    int64_t rows = g->n - done < ROWS - g->rows ? g->n - done : ROWS - g->rows;
    if (is_cancelled(g->r, rows * count)) return false;
    const char *from = x + done * g->gone * width;
    if (g->by_columns) {
      g->r->m->kernels->of[g->r->dtype].sum_columns(from, rows, count, g->gone, g->partial);
    } else {
      for (int64_t i = 0; i < rows; i++) {
        make_terms(g, from + i * g->gone * width, g->block->step, terms, count, g->center, g->center != NULL);
        for (int64_t j = 0; j < count; j++) g->partial[j] += terms[j];
      }
    }
    done += rows;
    if ((g->rows += rows) == ROWS) join_partial(g);
  }
  return true;
}

static bool sum_run(gathering *g, const char *x, int64_t i) {
  double terms[CHUNK];
  const double *center = g->center ? g->center + i : NULL;
  int64_t most = g->direct ? LOOPS_POLL : CHUNK;
  for (int64_t done = 0; done < g->n; done += most) {
    int64_t n = g->n - done < most ? g->n - done : most;
    const char *from = x + done * g->gone * g->r->width;
    if (is_cancelled(g->r, n)) return false;
    if (g->direct) {
      join(&g->sums[i], &g->lost[i], g->direct(from, n));
      continue;
    }
    make_terms(g, from, g->gone, terms, n, center, false);
    join(&g->sums[i], &g->lost[i], g->r->m->kernels->of[MOTH_F64].sum(terms, n));
  }
  return true;
}

static bool sums_visit(gathering *g, const char *x, int64_t position) {
  (void)position;
  if (g->across) return sums_across(g, x);
  for (int64_t i = 0; i < g->block->count; i++) {
    if (!sum_run(g, x + i * g->block->step * g->r->width, i)) return false;
  }
  return true;
}

bool reduction_sums(reduction *r, const reduction_block *block, enum loops_term term, const double *center, double p, double *sums) {
  double lost[BLOCK], partial[BLOCK];
  gathering g = begin(r, block);
  bool is_real = dtype_is_real(r->dtype);
  g.center = center, g.p = p, g.sums = sums, g.lost = lost, g.partial = partial;
  g.term = loops_term(term, r->dtype);
  if (term == LOOPS_DIFFERENCE) g.after = r->m->kernels->of[MOTH_F64].unary[UNARY_EXP];
  g.by_columns = is_real && term == LOOPS_VALUE && block->step == 1;
  if (is_real && g.gone == 1 && term == LOOPS_VALUE) g.direct = r->m->kernels->of[r->dtype].sum;
  if (is_real && g.gone == 1 && term == LOOPS_SQUARES) g.direct = r->m->kernels->of[r->dtype].sum_squares;
  for (int64_t i = 0; i < block->count; i++) sums[i] = lost[i] = partial[i] = 0;
  if (r->count == 0) return true;
  if (!walk(&g, sums_visit)) return false;
  if (g.rows > 0) join_partial(&g);
  for (int64_t i = 0; i < block->count; i++) {
    if (isfinite(sums[i]) && isfinite(lost[i])) sums[i] += lost[i]; /* after an infinity there is nothing to mend */
  }
  return true;
}

/* ---- Extremes ------------------------------------------------------------------------------------------------------------------ */

static bool takes(const gathering *g, loops_number v, loops_number best) {
  bool least = g->which == EXTREME_SMALLEST;
  if (!dtype_is_real(g->r->dtype)) return least ? v.integer < best.integer : v.integer > best.integer;
  return best.real == best.real && ((least ? v.real < best.real : v.real > best.real) || v.real != v.real);
}

/* Of the integer dtypes; NULL for floats. */
static const integer_kernels *integers(const reduction *r) {
  if (dtype_is_real(r->dtype)) return NULL;
  return r->dtype == MOTH_I64 ? &r->m->kernels->of_i64 : &r->m->kernels->of_u8;
}
static loops_number extreme_of_run(const gathering *g, const void *x, int64_t n, int64_t *position) {
  const reduction *r = g->r;
  const integer_kernels *kernels = integers(r);
  if (kernels) return (loops_number) { .integer = kernels->extreme[g->which](x, n, position) };
  return (loops_number) { .real = r->m->kernels->of[r->dtype].extreme[g->which](x, n, position) };
}

/* Rows numbered from 0 in row[], which is as wide as the values; all bits set where the best stayed. */
static void clear_rows(gathering *g) { memset(g->row, 0xff, (size_t)(g->block->count * g->r->width)); }
static void keep_rows(gathering *g, int64_t position) {
  for (int64_t i = 0; i < g->block->count; i++) {
    int64_t row;
    if (g->r->width == 1) row = ((const uint8_t *)g->row)[i] == MOST_BYTE_ROWS ? -1 : ((const uint8_t *)g->row)[i];
    else row = g->r->width == 4 ? ((const int32_t *)g->row)[i] : ((const int64_t *)g->row)[i];
    if (row >= 0) g->index[i] = position + row;
  }
}

static void gather_row(const gathering *g, const char *x, char *row) {
  loops_cast(g->r->dtype, g->r->dtype)(x, g->block->step * g->r->width, row, g->r->width, g->block->count);
}

static bool extremes_across(gathering *g, const char *x, int64_t position) {
  reduction *r = g->r;
  const integer_kernels *kernels = integers(r);
  double room[BLOCK];
  int64_t count = g->block->count, most = g->block->step == 1 ? LOOPS_POLL / count : 1;
  if (r->width == 1 && most > MOST_BYTE_ROWS) most = MOST_BYTE_ROWS;
  if (!g->has_begun) gather_row(g, x, g->best);
  g->has_begun = true;
  for (int64_t done = 0; done < g->n; done += most) {
    int64_t rows = g->n - done < most ? g->n - done : most;
    const char *from = x + done * g->gone * r->width;
    if (is_cancelled(r, rows * count)) return false;
    if (g->block->step != 1) gather_row(g, from, (char *)room), from = (const char *)room;
    clear_rows(g);
    if (kernels) kernels->extreme_columns[g->which](from, rows, count, g->gone, g->best, g->row);
    else r->m->kernels->of[r->dtype].extreme_columns[g->which](from, rows, count, g->gone, g->best, g->row);
    keep_rows(g, position + done);
  }
  return true;
}

static bool extremes_along(gathering *g, const char *x, int64_t position) {
  reduction *r = g->r;
  char room[CHUNK * 8] __attribute__((aligned(64)));
  int64_t most = g->gone == 1 ? LOOPS_POLL : CHUNK;
  for (int64_t i = 0; i < g->block->count; i++, x += g->block->step * r->width) {
    for (int64_t done = 0; done < g->n; done += most) {
      int64_t n = g->n - done < most ? g->n - done : most, at = 0;
      const char *from = x + done * g->gone * r->width;
      if (is_cancelled(r, n)) return false;
      if (g->gone != 1) {
        loops_cast(r->dtype, r->dtype)(from, g->gone * r->width, room, r->width, n);
        from = room;
      }
      loops_number value = extreme_of_run(g, from, n, g->index ? &at : NULL);
      if (position + done > 0 && !takes(g, value, g->values[i])) continue;
      g->values[i] = value;
      if (g->index) g->index[i] = position + done + at;
    }
  }
  return true;
}

static bool extremes_visit(gathering *g, const char *x, int64_t position) {
  return g->across ? extremes_across(g, x, position) : extremes_along(g, x, position);
}

bool reduction_extremes(reduction *r, const reduction_block *block, enum extreme_kernel which, loops_number *values, int64_t *index) {
  double best[BLOCK], row[BLOCK];
  int64_t own[BLOCK];
  gathering g = begin(r, block);
  g.which = which, g.values = values, g.best = (char *)best, g.row = (char *)row;
  g.index = index || !g.across ? index : own;
  if (g.across) memset(g.index, 0, (size_t)block->count * sizeof *g.index);
  if (g.across) memset(best, 0, sizeof best);
  if (!walk(&g, extremes_visit)) return false;
  if (g.across) loops_cast(r->dtype, dtype_is_real(r->dtype) ? MOTH_F64 : MOTH_I64)(best, r->width, values, sizeof *values, block->count);
  return true;
}

/* ---- States -------------------------------------------------------------------------------------------------------------------- */

static bool states_visit(gathering *g, const char *x, int64_t position) {
  reduction *r = g->r;
  int64_t count = g->block->count, step = g->block->step;
  (void)position;
  if (g->across) {
    for (int64_t j = 0; j < g->n; j++, x += g->gone * r->width) {
      loops_run_of run = { .x = x, .step = step, .n = count };
      g->function(&run, true, g->states);
      if (is_cancelled(r, count)) return false;
    }
    return true;
  }
  for (int64_t i = 0; i < count; i++, x += step * r->width) {
    for (int64_t done = 0; done < g->n; done += LOOPS_POLL) {
      int64_t n = g->n - done < LOOPS_POLL ? g->n - done : LOOPS_POLL;
      loops_run_of run = { .x = x + done * g->gone * r->width, .step = g->gone, .n = n };
      if (is_cancelled(r, n)) return false;
      g->function(&run, false, g->states + i);
    }
  }
  return true;
}

bool reduction_states(reduction *r, const reduction_block *block, enum loops_reduce op, loops_number *states) {
  gathering g = begin(r, block);
  g.function = loops_reduce(op, r->dtype);
  g.states = states;
  for (int64_t i = 0; i < block->count; i++) states[i] = loops_reduce_start(op, r->dtype);
  return r->count == 0 || walk(&g, states_visit);
}

bool reduction_each(reduction *r, const char *values, reduction_function function, void *data) {
  int inner = r->kept_rank - 1;
  int64_t at[MOTH_MAX_RANK] = { 0 }, to = 0, step = r->kept_strides[0][inner];
  for (int i = 0; i < r->kept_rank; i++) {
    if (r->kept_size[i] == 0) return true;
  }
  for (;;) {
    for (int64_t first = 0; first < r->kept_size[inner]; first += BLOCK) {
      reduction_block block = { .x = values + first * step * r->width, .step = step };
      block.count = r->kept_size[inner] - first < BLOCK ? r->kept_size[inner] - first : BLOCK;
      if (!function(r, &block, to, data)) return false;
      to += block.count;
    }
    int axis = inner - 1;
    for (; axis >= 0; axis--) {
      values += r->kept_strides[0][axis] * r->width;
      if (++at[axis] < r->kept_size[axis]) break;
      values -= r->kept_strides[0][axis] * r->width * r->kept_size[axis];
      at[axis] = 0;
    }
    if (axis < 0) return true;
  }
}
