/* Elementwise functions through the catalog, in every kernel set, against correctly rounded values: spec/fixtures/functions.txt, whose head
 * is in make_functions.py. A row of the catalog that computes floats element by element must have its values there. */
#include "tensors.h"

#include <stdlib.h>

enum { MOST_NUMBERS = 1024, MOST_NAMES = 64 };

/* One line of the fixture. */
typedef struct line {
  char name[32], kind[16];
  moth_dtype dtype;
  int count;
  uint64_t bits[MOST_NUMBERS];
} line;

typedef struct seen {
  int count;
  char names[MOST_NAMES][32];
} seen;

static const char *const sets[] = { "portable", "avx2", "avx512" };
/* Units in the last place between a result and the correctly rounded one: what one operation of IEEE 754 gives is exact. */
static const char *const exact[] = { "neg", "abs", "sign", "sqrt", "square", "reciprocal", "relu", "floor", "ceil", "round", "trunc",
                                     "add", "sub", "mul", "div", "floordiv", "mod", "maximum", "minimum", NULL };
static const char *const looser[] = { "exp", "tanh", "sigmoid", "softplus", "gelu", NULL };

static bool is_one_of(const char *const *names, const char *name) {
  while (*names != NULL && strcmp(*names, name) != 0) names++;
  return *names != NULL;
}

static int64_t bound_of(const line *l) {
  if (is_one_of(exact, l->name)) return 0;
  if (l->dtype == MOTH_F32) return 4;
  return is_one_of(looser, l->name) ? 5 : 2;
}

/* "exp f32 own 3f800000 …"; false for a text that is no such line. */
static bool read_line(char *text, line *l) {
  char *rest = NULL, *word = strtok_r(text, " \n", &rest);
  if (word == NULL) return false;
  snprintf(l->name, sizeof l->name, "%s", word);
  if ((word = strtok_r(NULL, " \n", &rest)) == NULL || !moth_dtype_find(word, &l->dtype)) return false;
  l->kind[0] = 0;
  if (strcmp(l->name, "inputs") != 0 && (word = strtok_r(NULL, " \n", &rest)) != NULL) snprintf(l->kind, sizeof l->kind, "%s", word);
  for (l->count = 0; (word = strtok_r(NULL, " \n", &rest)) != NULL; l->count++) {
    assert_in_range(l->count, 0, MOST_NUMBERS - 1);
    uint64_t nan = l->dtype == MOTH_F32 ? 0x7fc00000u : UINT64_C(0x7ff8000000000000);
    l->bits[l->count] = strcmp(word, "nan") == 0 ? nan : strtoull(word, NULL, 16);
  }
  return true;
}

static uint64_t bits_at(const moth_tensor *t, int64_t i) {
  uint64_t bits = 0;
  memcpy(&bits, t->values + i * (int64_t)dtype_size(t->dtype), dtype_size(t->dtype)); /* little endian */
  return bits;
}

static bool is_nan(moth_dtype dtype, uint64_t bits) {
  return dtype == MOTH_F32 ? (bits & 0x7fffffffu) > 0x7f800000u : (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

/* Numbers in the order of their size, a step apart where nothing lies between; the two zeros are a step apart too. */
static int64_t place_of(moth_dtype dtype, uint64_t bits) {
  int64_t signed_bits = dtype == MOTH_F32 ? (int32_t)(uint32_t)bits : (int64_t)bits;
  int64_t size = signed_bits & (dtype == MOTH_F32 ? INT32_MAX : INT64_MAX);
  return signed_bits < 0 ? -size - 1 : size;
}

static double distance(moth_dtype dtype, uint64_t got, uint64_t want) {
  if (is_nan(dtype, got) || is_nan(dtype, want)) return is_nan(dtype, got) && is_nan(dtype, want) ? 0 : INFINITY;
  int64_t a = place_of(dtype, got), b = place_of(dtype, want);
  if ((a < 0) == (b < 0)) return (double)(a < b ? b - a : a - b);
  return (a == 0 || a == -1) && (b == 0 || b == -1) ? INFINITY : (double)a - (double)b > 0 ? (double)a - (double)b - 1 : (double)b - (double)a - 1;
}

/* Every `step`-th number from `first` on. */
static moth_tensor *tensor_of_bits(moth *m, moth_dtype dtype, const uint64_t *bits, int count, int first, int step) {
  moth_tensor *t = NULL;
  int64_t n = count / step;
  assert_ok(m, moth_tensor_create(m, dtype, 1, &n, &t));
  for (int64_t i = 0; i < n; i++) memcpy(t->values + i * (int64_t)dtype_size(dtype), &bits[first + i * step], dtype_size(dtype));
  return t;
}

static void check_line(moth *m, const char *set, const line *inputs, const line *l) {
  bool is_pairs = strcmp(l->kind, "pairs") == 0, is_shared = strcmp(l->kind, "shared") == 0;
  int step = is_pairs ? 3 : is_shared ? 1 : 2, count = l->count / step;
  assert_int_equal(l->count % step, 0);
  const line *from = is_shared ? inputs : l;
  assert_true(is_shared ? inputs->dtype == l->dtype && inputs->count == count : count > 0);
  moth_tensor *x = tensor_of_bits(m, l->dtype, from->bits, from->count, 0, step), *b = NULL, *y;
  if (is_pairs) b = tensor_of_bits(m, l->dtype, l->bits, l->count, 1, step);
  y = is_pairs ? tensors_of_two(m, l->name, tensors_value(x), tensors_value(b), NULL) : tensors_of(m, l->name, x, NULL);
  assert_int_equal(y->dtype, l->dtype);
  for (int i = 0; i < count; i++) {
    uint64_t want = l->bits[i * step + step - 1], got = bits_at(y, i);
    double d = distance(l->dtype, got, want);
    if (d <= (double)bound_of(l)) continue;
    fail_msg("%s %s %s at %.17g%s%.17g: %.17g (%llx), correctly rounded %llx: %g apart", set, l->name, moth_dtype_name(l->dtype),
             tensors_at(x, i), b ? ", " : " place ", b ? tensors_at(b, i) : i, tensors_at(y, i), (unsigned long long)got,
             (unsigned long long)want, d);
  }
  moth_release(x), moth_release(b), moth_release(y);
}

static void note(seen *s, const char *name) {
  for (int i = 0; i < s->count; i++) {
    if (strcmp(s->names[i], name) == 0) return;
  }
  assert_in_range(s->count, 0, MOST_NAMES - 1);
  snprintf(s->names[s->count++], sizeof s->names[0], "%s", name);
}

/* Those that have no option but what integers become. */
static bool computes_floats(const moth_operation *row) {
  return row->flags & MOTH_TWIN && row->inputs <= 2 && row->row.option_count == 1 && strcmp(row->row.options[0].key, "real") == 0;
}

static void check_all_seen(moth *m, const seen *s) {
  const moth_operation *row;
  for (int i = 0; (row = moth_operation_at(m, i)) != NULL; i++) {
    bool found = !computes_floats(row);
    for (int j = 0; j < s->count && !found; j++) found = strcmp(s->names[j], row->row.name) == 0;
    if (!found) fail_msg("%s has no values in spec/fixtures/functions.txt: add it to make_functions.py", row->row.name);
  }
}

static void functions_are_near(void **state) {
  const char *path = MOTH_SOURCE "/spec/fixtures/functions.txt";
  int opened = 0;
  for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
    moth *m = NULL;
    moth_config config = { .size = sizeof config, .kernels = sets[k] };
    if (moth_open(&config, &m) != MOTH_OK) continue; /* this processor cannot run it */
    opened++;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static line inputs, l;
    seen s = { 0 };
    char *text = NULL;
    size_t room = 0;
    while (getline(&text, &room, file) > 0) {
      assert_true(read_line(text, &l));
      if (strcmp(l.name, "inputs") == 0) inputs = l;
      else check_line(m, sets[k], &inputs, &l), note(&s, l.name);
    }
    free(text);
    fclose(file);
    check_all_seen(m, &s);
    moth_close(m);
  }
  assert_true(opened >= 2); /* the reference and the portable one run anywhere */
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(functions_are_near) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
