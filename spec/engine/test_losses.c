/* Every loss of the catalog: values by hand, gradients against central differences (alone, and fused with its activation), classes and
 * rows, weights, strides, both dtypes. */
#include "components.h"
#include "losses/loss.h"

/* ---- A case: a loss, how it is given its targets, and a batch ---- */

typedef struct variant {
  const char *name;
  moth_option options[4];
  bool classes;                  /* targets are class numbers */
} variant;

static const double two_weights[] = { 0.5, 2 }, five_weights[] = { 0.5, 1, 2, 0.25, 3 };

static const variant variants[] = {
  { "mse", { MOTH_END }, false },
  { "mae", { MOTH_END }, false },
  { "squared_error", { MOTH_TEXT("reduction", "sum"), MOTH_END }, false },
  { "cross_entropy", { MOTH_END }, false },
  { "cross_entropy", { MOTH_END }, true },
  { "cross_entropy", { MOTH_REALS("weights", 5, five_weights), MOTH_END }, true },
  { "cross_entropy", { MOTH_REALS("weights", 5, five_weights), MOTH_REAL("smoothing", 0.1), MOTH_END }, true },
  { "cross_entropy", { MOTH_REALS("weights", 5, five_weights), MOTH_REAL("smoothing", 0.1), MOTH_END }, false },
  { "cross_entropy", { MOTH_FLAG("logits", true), MOTH_TEXT("reduction", "batch"), MOTH_END }, true },
  { "binary_cross_entropy", { MOTH_END }, false },
  { "binary_cross_entropy", { MOTH_END }, true },
  { "binary_cross_entropy", { MOTH_REALS("weights", 2, two_weights), MOTH_REAL("smoothing", 0.2), MOTH_END }, false },
  { "binary_cross_entropy", { MOTH_FLAG("logits", true), MOTH_END }, false },
};
enum { VARIANTS = sizeof variants / sizeof *variants };

enum { ROWS = 6, MOST_COLUMNS = 5, MOST = ROWS * MOST_COLUMNS };

/* A batch of the losses' own form: predictions that suit the loss, targets, row weights; contiguous. */
typedef struct batch {
  moth_part *loss;
  const loss_class *class;
  bool fused;
  int64_t columns;
  double p[MOST], t[MOST], weights[ROWS];
  int64_t classes[ROWS];
  loss_run run;
} batch;

static void open_batch(moth *m, const variant *v, bool fused, batch *b) {
  memset(b, 0, sizeof *b);
  b->loss = make_part(m, MOTH_LOSS, v->name, v->options);
  b->class = (const loss_class *)b->loss->row;
  b->fused = fused;
  const bool is_cross = strcmp(v->name, "cross_entropy") == 0, is_binary = strcmp(v->name, "binary_cross_entropy") == 0;
  b->columns = v->classes && is_binary ? 1 : MOST_COLUMNS;
  const bool wants_shares = (is_cross || is_binary) && !fused;
  numbers_fill(21, b->p, MOST, wants_shares ? 0.05 : -2, wants_shares ? 0.95 : 2);
  numbers_fill(22, b->t, MOST, is_cross || is_binary ? 0 : -2, is_cross || is_binary ? 1 : 2);
  numbers_fill(23, b->weights, ROWS, 0.5, 2);
  for (int i = 0; i < ROWS; i++) {
    b->classes[i] = (i * 7 + 1) % (b->columns == 1 ? 2 : b->columns);
    double total = 0;
    for (int j = 0; j < b->columns; j++) total += b->t[i * b->columns + j];
    for (int j = 0; is_cross && j < b->columns; j++) b->t[i * b->columns + j] /= total;
  }
  b->run = (loss_run){ .kernels = &m->kernels->of[MOTH_F64], .dtype = MOTH_F64, .loss = b->loss, .fused = fused, .rows = ROWS,
                       .columns = b->columns, .p = b->p, .p_row = b->columns, .p_column = 1, .t = v->classes ? NULL : b->t,
                       .t_row = b->columns, .t_column = 1, .classes = v->classes ? b->classes : NULL, .weights = b->weights };
  b->run.scale = loss_scale(b->loss, loss_weight(&b->run), ROWS);
}

static double value_of(const batch *b) { return b->class->rows(&b->run) * b->run.scale; }

/* What a loss is given: unfused, fused by its activation, fused because its options say so. */
static bool may_be(moth *m, const variant *v, bool fused) {
  moth_part *part = make_part(m, MOTH_LOSS, v->name, v->options);
  const loss_class *class = (const loss_class *)part->row;
  const bool always = class->fused != NULL && class->fused(part, NULL);
  const bool can = class->fuses != NULL && class->fused(part, class->fuses);
  moth_release(part);
  return fused ? can : !always;
}

static void each_loss_is_tested(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; moth_catalog(m, MOTH_LOSS, i) != NULL; i++) {
    const moth_row *row = moth_catalog(m, MOTH_LOSS, i);
    bool found = false;
    for (int v = 0; v < VARIANTS; v++) found = found || strcmp(variants[v].name, row->name) == 0;
    if (!found) fail_msg("%s is not tested here", row->name);
    assert_string_equal(row->options[LOSS_REDUCTION].key, "reduction");
    assert_true(strchr(row->doc, '\n') != NULL && row->example != NULL && row->foreign != NULL);
  }
  moth_close(m);
}

/* ---- Gradients ---- */

static void gradients_match_central_differences(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    for (int fused = 0; fused < 2; fused++) {
      for (int weighted = 0; weighted < 2; weighted++) {
        if (!may_be(m, &variants[i], fused)) continue;
        batch b;
        open_batch(m, &variants[i], fused, &b);
        if (!weighted) b.run.weights = NULL;
        b.run.scale = loss_scale(b.loss, loss_weight(&b.run), ROWS);
        double d[MOST];
        b.run.d = d, b.run.d_row = b.columns, b.run.d_column = 1;
        value_of(&b);
        b.run.d = NULL;
        for (int64_t j = 0; j < ROWS * b.columns; j++) {
          double before = b.p[j], sides[2];
          for (int side = 0; side < 2; side++) {
            b.p[j] = before + (side == 0 ? -1e-6 : 1e-6);
            sides[side] = value_of(&b);
          }
          b.p[j] = before;
          const double difference = (sides[1] - sides[0]) / 2e-6, error = fabs(d[j] - difference) / fmax(fabs(difference), 1e-3);
          if (error > 1e-6) fail_msg("variant %d (%s), fused %d: gradient %g, difference %g", i, variants[i].name, fused, d[j], difference);
        }
        moth_release(b.loss);
      }
    }
  }
  moth_close(m);
}

/* Fused: E(g(z)) unfused, dE/dz through the activation's own backward, y = g(z). */
static void fused_is_the_loss_after_its_activation(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    if (!may_be(m, &variants[i], true) || !may_be(m, &variants[i], false)) continue;
    batch b;
    open_batch(m, &variants[i], true, &b);
    moth_part *part = make_part(m, MOTH_ACTIVATION, b.class->fuses, NULL);
    const activation a = activation_of(part);
    double y[MOST], d[MOST], fused_y[MOST], fused_d[MOST];
    a.class->forward(&m->kernels->of[MOTH_F64], MOTH_F64, a.numbers, ROWS, b.columns, b.p, y);
    batch alone = b;
    alone.run.fused = false, alone.run.p = y, alone.run.d = d, alone.run.d_row = b.columns, alone.run.d_column = 1;
    const double value = value_of(&alone);
    a.class->backward(&m->kernels->of[MOTH_F64], MOTH_F64, a.numbers, ROWS, b.columns, NULL, y, d);
    b.run.p = b.p, b.run.d = fused_d, b.run.y = fused_y, b.run.d_row = b.run.y_row = b.columns, b.run.d_column = b.run.y_column = 1;
    if (b.run.t != NULL) b.run.t = b.t;
    if (b.run.classes != NULL) b.run.classes = b.classes;
    b.run.weights = b.weights;
    assert_close(value_of(&b), value, 1e-13);
    for (int64_t j = 0; j < ROWS * b.columns; j++) assert_close(fused_y[j], y[j], 1e-14), assert_close(fused_d[j], d[j], 1e-13);
    moth_release(part), moth_release(b.loss);
  }
  moth_close(m);
}

static void the_delta_is_y_minus_t(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < 2; i++) {
    batch b;
    open_batch(m, &variants[i == 0 ? 3 : 9], true, &b);
    double y[MOST], d[MOST];
    b.run.y = y, b.run.d = d, b.run.y_row = b.run.d_row = b.columns, b.run.y_column = b.run.d_column = 1;
    b.run.weights = NULL, b.run.scale = 1;
    b.class->rows(&b.run);
    for (int j = 0; j < MOST; j++) assert_close(d[j], y[j] - b.t[j], 2e-15);
    moth_release(b.loss);
  }
  moth_close(m);
}

/* ---- Layout ---- */

/* Spread over memory by any strides, the batch gives the same bits; columns of lanes included. */
static void strides_do_not_matter(void **state) {
  moth *m = support_open(NULL);
  enum { ROOM = MOST * 3 };
  for (int i = 0; i < VARIANTS; i++) {
    for (int fused = 0; fused < 2; fused++) {
      if (!may_be(m, &variants[i], fused)) continue;
      batch b;
      open_batch(m, &variants[i], fused, &b);
      double d[MOST], y[MOST] = { 0 }, p2[ROOM], t2[ROOM], d2[ROOM], y2[ROOM];
      b.run.d = d, b.run.y = fused ? y : NULL, b.run.d_row = b.run.y_row = b.columns, b.run.d_column = b.run.y_column = 1;
      const double value = value_of(&b);
      batch lanes = b; /* row stride 1, column stride 3 rows' worth */
      lanes.run.p = p2, lanes.run.d = d2, lanes.run.y = fused ? y2 : NULL, lanes.run.t = b.run.t != NULL ? t2 : NULL;
      lanes.run.p_row = lanes.run.t_row = lanes.run.d_row = lanes.run.y_row = 1;
      lanes.run.p_column = lanes.run.t_column = lanes.run.d_column = lanes.run.y_column = ROWS * 3;
      lanes.run.weights = b.weights, lanes.run.classes = b.run.classes;
      for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < b.columns; c++) p2[r + c * ROWS * 3] = b.p[r * b.columns + c], t2[r + c * ROWS * 3] = b.t[r * b.columns + c];
      }
      assert_true(value_of(&lanes) == value);
      for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < b.columns; c++) {
          assert_true(d2[r + c * ROWS * 3] == d[r * b.columns + c]);
          if (fused) assert_true(y2[r + c * ROWS * 3] == y[r * b.columns + c]);
        }
      }
      moth_release(b.loss);
    }
  }
  moth_close(m);
}

/* Rows in lanes: p, d and y feature after feature, targets row after row; the bits of rows, in both dtypes. */
static void lanes_give_the_bits_of_rows(void **state) {
  moth *m = support_open(NULL);
  enum { MOST_ROWS = 64, MOST_CLASSES = 16, PADDED = 72, ALL = MOST_ROWS * MOST_CLASSES, ROOM = PADDED * MOST_CLASSES };
  static const int64_t sizes[][2] = { { 1, 1 }, { 4, 1 }, { 64, 1 }, { 3, 2 }, { 64, 2 }, { 7, 5 }, { 33, 10 }, { 64, 10 }, { 64, 16 } };
  static double weights[MOST_ROWS];
  numbers_fill(53, weights, MOST_ROWS, 0.5, 2);
  for (int i = 0; moth_catalog(m, MOTH_LOSS, i) != NULL; i++) {
    moth_part *loss = make_part(m, MOTH_LOSS, moth_catalog(m, MOTH_LOSS, i)->name, NULL);
    const loss_class *class = (const loss_class *)loss->row;
    for (size_t c = 0; c < sizeof sizes / sizeof *sizes * 16; c++) {
      const int64_t rows = sizes[c / 16][0], columns = sizes[c / 16][1], count = rows * columns;
      const int dtype = c % 2 ? MOTH_F64 : MOTH_F32;
      const bool fused = c & 2, weighted = c & 4, classes = c & 8;
      if ((fused && class->fuses == NULL) || (classes && strcmp(loss->row->name, "cross_entropy") != 0)) continue;
      double numbers[ALL];
      int64_t labels[MOST_ROWS];
      numbers_fill(51, numbers, count, 0.1, 0.9);
      void *p = values_of(dtype, numbers, count), *d = values_of(dtype, NULL, count), *y = values_of(dtype, NULL, count);
      void *p2 = values_of(dtype, NULL, ROOM), *d2 = values_of(dtype, NULL, ROOM), *y2 = values_of(dtype, NULL, ROOM);
      numbers_fill(52, numbers, count, 0, 1);
      void *t = values_of(dtype, numbers, count);
      const size_t size = dtype_size(dtype);
      for (int64_t r = 0; r < rows; r++) {
        labels[r] = r * 7 % columns;
        for (int64_t j = 0; j < columns; j++) memcpy((char *)p2 + (size_t)(j * PADDED + r) * size, (char *)p + (size_t)(r * columns + j) * size, size);
      }
      loss_run run = { .kernels = &m->kernels->of[dtype], .dtype = dtype, .loss = loss, .fused = fused, .rows = rows, .columns = columns, .p = p,
                       .p_row = columns, .p_column = 1, .t = classes ? NULL : t, .t_row = columns, .t_column = 1,
                       .classes = classes ? labels : NULL, .weights = weighted ? weights : NULL, .d = d, .d_row = columns, .d_column = 1,
                       .y = fused ? y : NULL, .y_row = columns, .y_column = 1, .scale = 0.3 };
      const double value = class->rows(&run);
      run.p = p2, run.d = d2, run.y = fused ? y2 : NULL;
      run.p_row = run.d_row = run.y_row = 1, run.p_column = run.d_column = run.y_column = PADDED;
      assert_true(class->rows(&run) == value);
      for (int64_t at = 0; at < count; at++) {
        const size_t there = (size_t)(at % columns * PADDED + at / columns) * size, here = (size_t)at * size;
        assert_memory_equal((char *)d2 + there, (char *)d + here, size);
        if (fused) assert_memory_equal((char *)y2 + there, (char *)y + here, size);
      }
      free(p), free(d), free(y), free(p2), free(d2), free(y2), free(t);
    }
    moth_release(loss);
  }
  moth_close(m);
}

static void blocks_of_rows_add_up(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    batch b;
    open_batch(m, &variants[i], may_be(m, &variants[i], true), &b);
    double d[MOST], pieces[MOST], sum = 0, weight = 0;
    b.run.d = d, b.run.d_row = b.columns, b.run.d_column = 1;
    const double whole = b.class->rows(&b.run), whole_weight = loss_weight(&b.run);
    for (int row = 0; row < ROWS; row += 4) {
      loss_run run = b.run;
      run.rows = ROWS - row < 4 ? ROWS - row : 4;
      run.p = b.p + row * b.columns, run.d = pieces + row * b.columns, run.weights = b.weights + row;
      if (run.t != NULL) run.t = b.t + row * b.columns;
      if (run.classes != NULL) run.classes = b.classes + row;
      sum += b.class->rows(&run), weight += loss_weight(&run);
    }
    assert_close(sum, whole, 1e-14);
    assert_close(weight, whole_weight, 1e-15);
    assert_memory_equal(d, pieces, (size_t)(ROWS * b.columns) * sizeof *d);
    moth_release(b.loss);
  }
  moth_close(m);
}

/* Sizes beyond the pieces that loops work on: every row by itself gives the same bits, and the sum of all. */
static void large_batches_are_sums_of_their_rows(void **state) {
  moth *m = support_open(NULL);
  const int64_t sizes[][2] = { { 150, 1 }, { 130, 7 }, { 3, 321 }, { 2, 1000 } };
  for (int i = 0; moth_catalog(m, MOTH_LOSS, i) != NULL; i++) {
    for (int s = 0; s < 4; s++) {
      for (int fused = 0; fused < 2; fused++) {
        for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
          const int64_t rows = sizes[s][0], columns = sizes[s][1], count = rows * columns;
          moth_part *loss = make_part(m, MOTH_LOSS, moth_catalog(m, MOTH_LOSS, i)->name, NULL);
          const loss_class *class = (const loss_class *)loss->row;
          double *numbers = malloc((size_t)count * sizeof *numbers), sum = 0;
          numbers_fill(41, numbers, count, 0.1, 0.9);
          void *p = values_of(dtype, numbers, count), *d = values_of(dtype, NULL, count), *each = values_of(dtype, NULL, count);
          void *y = values_of(dtype, NULL, count);
          numbers_fill(42, numbers, count, 0, 1);
          void *t = values_of(dtype, numbers, count);
          loss_run run = { .kernels = &m->kernels->of[dtype], .dtype = dtype, .loss = loss, .fused = fused && class->fuses != NULL,
                           .rows = rows, .columns = columns, .p = p, .p_row = columns, .p_column = 1, .t = t, .t_row = columns, .t_column = 1, .d = d,
                           .d_row = columns, .d_column = 1, .scale = 0.5 };
          if (run.fused) run.y = y, run.y_row = columns, run.y_column = 1;
          const double whole = class->rows(&run);
          const size_t row_bytes = (size_t)columns * dtype_size(dtype);
          run.rows = 1, run.y = NULL;
          for (int64_t row = 0; row < rows; row++) {
            run.p = (char *)p + (size_t)row * row_bytes;
            run.t = (char *)t + (size_t)row * row_bytes;
            run.d = (char *)each + (size_t)row * row_bytes;
            sum += class->rows(&run);
          }
          assert_close(whole, sum, 1e-12);
          assert_memory_equal(d, each, (size_t)rows * row_bytes);
          free(numbers), free(p), free(d), free(each), free(y), free(t);
          moth_release(loss);
        }
      }
    }
  }
  moth_close(m);
}

/* 1000 classes: -log softmax by its formula. */
static void many_classes_give_what_few_give(void **state) {
  moth *m = support_open(NULL);
  enum { CLASSES = 1000 };
  double z[CLASSES], total = 0, value;
  numbers_fill(43, z, CLASSES, -3, 3);
  for (int j = 0; j < CLASSES; j++) total += exp(z[j]);
  moth_tensor *p = make_tensor(m, MOTH_F64, 2, SIZES(1, CLASSES), z), *t = make_tensor(m, MOTH_I64, 1, SIZES(1), (double[]){ 777 });
  moth_tensor *d = NULL;
  moth_part *loss = make_part(m, MOTH_LOSS, "cross_entropy", OPTIONS(MOTH_FLAG("logits", true)));
  assert_ok(m, moth_loss_value(m, loss, p, t, &value, &d));
  assert_close(value, log(total) - z[777], 1e-13);
  for (int j = 0; j < CLASSES; j++) assert_close(((double *)d->values)[j], exp(z[j]) / total - (j == 777), 1e-14);
  moth_release(p), moth_release(t), moth_release(d), moth_release(loss);
  moth_close(m);
}

static void f32_is_f64_rounded(void **state) {
  moth *m = support_open(NULL);
  for (int i = 0; i < VARIANTS; i++) {
    batch b;
    open_batch(m, &variants[i], may_be(m, &variants[i], true), &b);
    float p[MOST], t[MOST], d32[MOST];
    double d[MOST];
    for (int j = 0; j < MOST; j++) {
      const volatile float p_rounded = (float)b.p[j], t_rounded = (float)b.t[j]; /* gcc 12 -O3 leaves some of them unrounded without */
      b.p[j] = p[j] = p_rounded, b.t[j] = t[j] = t_rounded;
    }
    b.run.d = d, b.run.d_row = b.columns, b.run.d_column = 1;
    const double value = value_of(&b);
    b.run.dtype = MOTH_F32, b.run.kernels = &m->kernels->of[MOTH_F32];
    b.run.p = p, b.run.d = d32;
    if (b.run.t != NULL) b.run.t = t;
    assert_true(value_of(&b) == value); /* summed in f64 */
    for (int64_t j = 0; j < ROWS * b.columns; j++) assert_true(d32[j] == (float)d[j]);
    moth_release(b.loss);
  }
  moth_close(m);
}

/* ---- Extremes ---- */

static void logits_of_a_thousand_are_finite(void **state) {
  moth *m = support_open(NULL);
  const double z[] = { 1000, -1000, 0, -1000, 1000, -1000, 1000, 1000, 1000, -1000, -1000, -1000 };
  const double t[] = { 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1 };
  const double cross = (0 + 2000 + log(3) + log(3)) / 4, binary = (0 + 0 + log(2) + 1000 + 1000 + 0 + 1000 + 0 + 1000 + 0 + 0 + 1000) / 12;
  const char *const names[] = { "cross_entropy", "binary_cross_entropy" };
  for (int i = 0; i < 2; i++) {
    moth_part *loss = make_part(m, MOTH_LOSS, names[i], OPTIONS(MOTH_FLAG("logits", true)));
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      moth_tensor *p = make_tensor(m, dtype, 2, SIZES(4, 3), z), *target = make_tensor(m, dtype, 2, SIZES(4, 3), t), *d = NULL;
      double value;
      assert_ok(m, moth_loss_value(m, loss, p, target, &value, &d));
      assert_close(value, i == 0 ? cross : binary, 1e-14);
      for (int j = 0; j < 12; j++) assert_true(isfinite(load_value(dtype, d->values, j)));
      assert_close(load_value(dtype, d->values, 3), i == 0 ? -0.25 : -1.0 / 12, 1e-7); /* sure and wrong */
      moth_release(p), moth_release(target), moth_release(d);
    }
    moth_release(loss);
  }
  moth_close(m);
}

/* Alone, probabilities of 0 and 1 give what PyTorch's binary_cross_entropy gives: 100 for a sure mistake. */
static void probabilities_of_zero_are_finite(void **state) {
  moth *m = support_open(NULL);
  const double p[] = { 0, 1, 1, 0 }, t[] = { 1, 0, 1, 0 };
  const char *const names[] = { "binary_cross_entropy", "cross_entropy" };
  const double values[] = { 50, 50 }; /* (100 + 100 + 0 + 0)/4; rows (0,1)/(1,0) and (1,0)/(1,0): (100 + 0)/2 */
  for (int i = 0; i < 2; i++) {
    moth_part *loss = make_part(m, MOTH_LOSS, names[i], NULL);
    moth_tensor *prediction = make_tensor(m, MOTH_F32, 2, SIZES(2, 2), p), *target = make_tensor(m, MOTH_F32, 2, SIZES(2, 2), t), *d = NULL;
    double value;
    assert_ok(m, moth_loss_value(m, loss, prediction, target, &value, &d));
    assert_close(value, values[i], 1e-12);
    for (int j = 0; j < 4; j++) assert_true(isfinite(load_value(MOTH_F32, d->values, j)));
    moth_release(prediction), moth_release(target), moth_release(d), moth_release(loss);
  }
  moth_close(m);
}

static void tiny_losses_keep_their_digits(void **state) {
  moth *m = support_open(NULL);
  moth_part *loss = make_part(m, MOTH_LOSS, "binary_cross_entropy", OPTIONS(MOTH_FLAG("logits", true)));
  moth_tensor *p = make_tensor(m, MOTH_F64, 2, SIZES(1, 1), (double[]){ 40 });
  moth_tensor *t = make_tensor(m, MOTH_F64, 2, SIZES(1, 1), (double[]){ 1 });
  moth_tensor *d = NULL;
  double value;
  assert_ok(m, moth_loss_value(m, loss, p, t, &value, &d));
  assert_true(fabs(value / exp(-40) - 1) < 1e-14);
  assert_true(fabs(*(double *)d->values / -exp(-40) - 1) < 1e-14);
  moth_release(p), moth_release(t), moth_release(d), moth_release(loss);
  moth_close(m);
}

/* ---- moth_loss_value, by hand ---- */

typedef struct hand { const char *name; moth_option options[4]; double value, gradient[4]; } hand;

/* p = [[0.2, 0.8], [0.6, 0.4]], t = [[0, 1], [0, 1]] */
static const hand by_hand[] = {
  { "mse", { MOTH_END }, 0.2, { 0.1, -0.1, 0.3, -0.3 } },                      /* (0.04 + 0.04 + 0.36 + 0.36)/4, 2(p - t)/4 */
  { "mse", { MOTH_TEXT("reduction", "batch"), MOTH_END }, 0.4, { 0.2, -0.2, 0.6, -0.6 } },
  { "mse", { MOTH_TEXT("reduction", "sum"), MOTH_END }, 0.8, { 0.4, -0.4, 1.2, -1.2 } },
  { "mae", { MOTH_END }, 0.4, { 0.25, -0.25, 0.25, -0.25 } },                  /* (0.2 + 0.2 + 0.6 + 0.6)/4 */
  { "squared_error", { MOTH_END }, 0.1, { 0.05, -0.05, 0.15, -0.15 } },
  { "squared_error", { MOTH_TEXT("reduction", "sum"), MOTH_END }, 0.4, { 0.2, -0.2, 0.6, -0.6 } },
  { "binary_cross_entropy", { MOTH_END }, 0.5697171415941824,                    /* -(2 log 0.8 + 2 log 0.4)/4 */
    { 0.3125, -0.3125, 0.625, -0.625 } },                                      /* 1/(4·0.8), 1/(4·0.4) */
  { "cross_entropy", { MOTH_END }, 0.5697171415941824, { 0, -0.625, 0, -1.25 } }, /* -(log 0.8 + log 0.4)/2, -1/(2p) */
};

static void values_by_hand(void **state) {
  moth *m = support_open(NULL);
  const double p[] = { 0.2, 0.8, 0.6, 0.4 }, t[] = { 0, 1, 0, 1 };
  for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++) {
    moth_part *loss = make_part(m, MOTH_LOSS, by_hand[i].name, by_hand[i].options);
    for (int dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
      for (int target_dtype = MOTH_F32; target_dtype < MOTH_DTYPES; target_dtype++) { /* targets are cast to the prediction's dtype */
        moth_tensor *prediction = make_tensor(m, dtype, 2, SIZES(2, 2), p), *target = make_tensor(m, target_dtype, 2, SIZES(2, 2), t);
        moth_tensor *d = NULL;
        double value;
        const double near = dtype == MOTH_F32 ? 1e-6 : 1e-14;
        assert_ok(m, moth_loss_value(m, loss, prediction, target, &value, &d));
        assert_close(value, by_hand[i].value, near);
        assert_true(d->dtype == (moth_dtype)dtype && d->rank == 2);
        for (int j = 0; j < 4; j++) assert_close(load_value(dtype, d->values, j), by_hand[i].gradient[j], near);
        assert_ok(m, moth_loss_value(m, loss, prediction, target, &value, NULL));
        moth_release(prediction), moth_release(target), moth_release(d);
      }
    }
    moth_release(loss);
  }
  moth_close(m);
}

/* Class weights: -(1·log 0.8 + 3·log 0.6)/(1 + 3); one-hot rows say the same as classes. */
static void class_weights_divide_by_their_sum(void **state) {
  moth *m = support_open(NULL);
  const double weights[] = { 3, 1 }, p[] = { 0.2, 0.8, 0.6, 0.4 }, one_hot[] = { 0, 1, 1, 0 }, labels[] = { 1, 0 };
  moth_part *loss = make_part(m, MOTH_LOSS, "cross_entropy", OPTIONS(MOTH_REALS("weights", 2, weights)));
  moth_tensor *prediction = make_tensor(m, MOTH_F64, 2, SIZES(2, 2), p), *rows = make_tensor(m, MOTH_F64, 2, SIZES(2, 2), one_hot);
  moth_tensor *classes = make_tensor(m, MOTH_I64, 1, SIZES(2), labels);
  double value;
  const double expected = -(log(0.8) + 3 * log(0.6)) / 4;
  assert_ok(m, moth_loss_value(m, loss, prediction, rows, &value, NULL));
  assert_close(value, expected, 1e-15);
  assert_ok(m, moth_loss_value(m, loss, prediction, classes, &value, NULL));
  assert_close(value, expected, 1e-15);
  moth_release(prediction), moth_release(rows), moth_release(classes), moth_release(loss);
  moth_close(m);
}

static void rows_that_weigh_nothing_say_nothing(void **state) {
  moth *m = support_open(NULL);
  const double weights[] = { 0, 1 };
  moth_part *loss = make_part(m, MOTH_LOSS, "cross_entropy", OPTIONS(MOTH_REALS("weights", 2, weights), MOTH_FLAG("logits", true)));
  moth_tensor *p = make_tensor(m, MOTH_F64, 2, SIZES(1, 2), (double[]){ 1, 2 });
  moth_tensor *t = make_tensor(m, MOTH_I64, 1, SIZES(1), (double[]){ 0 });
  moth_tensor *d = NULL;
  double value;
  assert_ok(m, moth_loss_value(m, loss, p, t, &value, &d));
  assert_true(value == 0 && ((double *)d->values)[0] == 0 && ((double *)d->values)[1] == 0);
  moth_release(p), moth_release(t), moth_release(d), moth_release(loss);
  moth_close(m);
}

/* Labels count from the index base; one sigmoid output takes classes too. */
static void classes_count_from_the_index_base(void **state) {
  for (int base = 0; base < 2; base++) {
    moth *m = support_open_with(NULL, (moth_config){ .index_base = base });
    const double p[] = { 0.2, 0.8, 0.6, 0.4 }, labels[] = { 1 + base, 0 + base };
    moth_tensor *two = make_tensor(m, MOTH_F64, 2, SIZES(2, 2), p), *one = make_tensor(m, MOTH_F64, 2, SIZES(2, 1), p + 1);
    moth_tensor *classes = make_tensor(m, MOTH_I64, 1, SIZES(2), labels);
    moth_part *cross = make_part(m, MOTH_LOSS, "cross_entropy", NULL), *binary = make_part(m, MOTH_LOSS, "binary_cross_entropy", NULL);
    double value;
    assert_ok(m, moth_loss_value(m, cross, two, classes, &value, NULL));
    assert_close(value, -(log(0.8) + log(0.6)) / 2, 1e-15);
    assert_ok(m, moth_loss_value(m, binary, one, classes, &value, NULL)); /* p = 0.8 and 0.6 of a yes; yes, no */
    assert_close(value, -(log(0.8) + log(0.4)) / 2, 1e-15);
    moth_release(two), moth_release(one), moth_release(classes), moth_release(cross), moth_release(binary);
    moth_close(m);
  }
}

static void strided_tensors_are_read_in_place(void **state) {
  moth *m = support_open(NULL);
  double numbers[24], turned[24];
  numbers_fill(31, numbers, 24, 0.1, 0.9);
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 6; j++) turned[j * 4 + i] = numbers[i * 6 + j];
  }
  for (int i = 0; moth_catalog(m, MOTH_LOSS, i) != NULL; i++) {
    moth_part *loss = make_part(m, MOTH_LOSS, moth_catalog(m, MOTH_LOSS, i)->name, NULL);
    moth_tensor *p = make_tensor(m, MOTH_F64, 2, SIZES(4, 6), numbers), *wide = make_tensor(m, MOTH_F64, 2, SIZES(6, 4), turned);
    moth_tensor *view = NULL, *every = NULL, *d = NULL, *d_view = NULL;
    assert_ok(m, moth_tensor_permute(m, wide, (const int[]){ 1, 0 }, &view));
    double value, through;
    assert_ok(m, moth_loss_value(m, loss, p, view, &value, &d));
    assert_ok(m, moth_loss_value(m, loss, view, p, &through, &d_view));
    assert_true(value == through);
    assert_memory_equal(d->values, d_view->values, 24 * sizeof(double));
    assert_ok(m, moth_tensor_slice(m, p, 0, 3, 2, -2, &every)); /* rows 3 and 1, backwards */
    assert_ok(m, moth_loss_value(m, loss, every, every, &value, NULL));
    moth_release(p), moth_release(wide), moth_release(view), moth_release(every), moth_release(d), moth_release(d_view), moth_release(loss);
  }
  moth_close(m);
}

static void many_axes_and_one_axis_are_legal(void **state) {
  moth *m = support_open(NULL);
  double numbers[24];
  numbers_fill(31, numbers, 24, 0.1, 0.9);
  const char *const names[] = { "mse", "mae", "squared_error", "binary_cross_entropy" };
  for (int i = 0; i < 4; i++) {
    moth_part *loss = make_part(m, MOTH_LOSS, names[i], NULL);
    moth_tensor *flat = make_tensor(m, MOTH_F32, 1, SIZES(24), numbers), *deep = make_tensor(m, MOTH_F32, 3, SIZES(2, 3, 4), numbers);
    moth_tensor *d = NULL, *turned = NULL;
    double one, three;
    assert_ok(m, moth_loss_value(m, loss, flat, flat, &one, NULL));
    assert_ok(m, moth_loss_value(m, loss, deep, deep, &three, &d));
    assert_close(one, three, 1e-14);
    assert_true(d->rank == 3 && d->size[2] == 4);
    assert_ok(m, moth_tensor_permute(m, deep, (const int[]){ 2, 0, 1 }, &turned));
    assert_ok(m, moth_loss_value(m, loss, turned, turned, &three, NULL));
    assert_close(one, three, 1e-14);
    moth_release(flat), moth_release(deep), moth_release(turned), moth_release(d), moth_release(loss);
  }
  moth_close(m);
}

static void many_rows_go_in_blocks(void **state) {
  moth *m = support_open(NULL);
  enum { MANY = 70001 };
  double *numbers = calloc(MANY, sizeof *numbers);
  for (int i = 0; i < MANY; i++) numbers[i] = i;
  moth_tensor *p = make_tensor(m, MOTH_F64, 2, SIZES(MANY, 1), numbers);
  for (int i = 0; i < MANY; i++) numbers[i] = i + i % 2; /* off by 1 in the odd rows */
  moth_tensor *t = make_tensor(m, MOTH_F64, 2, SIZES(MANY, 1), numbers), *d = NULL;
  moth_part *loss = make_part(m, MOTH_LOSS, "mse", NULL);
  double value;
  assert_ok(m, moth_loss_value(m, loss, p, t, &value, &d));
  assert_close(value, 35000.0 / MANY, 1e-14);
  assert_close(((double *)d->values)[MANY - 2] * MANY, -2, 1e-14);
  moth_cancel(m);
  assert_fails(m, moth_loss_value(m, loss, p, t, &value, NULL), MOTH_CANCELLED, "mse: cancelled");
  moth_release(p), moth_release(t), moth_release(d), moth_release(loss);
  free(numbers);
  moth_close(m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_loss_is_tested),
    cmocka_unit_test(gradients_match_central_differences),
    cmocka_unit_test(fused_is_the_loss_after_its_activation),
    cmocka_unit_test(the_delta_is_y_minus_t),
    cmocka_unit_test(strides_do_not_matter),
    cmocka_unit_test(lanes_give_the_bits_of_rows),
    cmocka_unit_test(blocks_of_rows_add_up),
    cmocka_unit_test(large_batches_are_sums_of_their_rows),
    cmocka_unit_test(many_classes_give_what_few_give),
    cmocka_unit_test(f32_is_f64_rounded),
    cmocka_unit_test(logits_of_a_thousand_are_finite),
    cmocka_unit_test(probabilities_of_zero_are_finite),
    cmocka_unit_test(tiny_losses_keep_their_digits),
    cmocka_unit_test(values_by_hand),
    cmocka_unit_test(class_weights_divide_by_their_sum),
    cmocka_unit_test(rows_that_weigh_nothing_say_nothing),
    cmocka_unit_test(classes_count_from_the_index_base),
    cmocka_unit_test(strided_tensors_are_read_in_place),
    cmocka_unit_test(many_axes_and_one_axis_are_legal),
    cmocka_unit_test(many_rows_go_in_blocks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
