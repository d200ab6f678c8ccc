/* The vector functions against long double libm, in units of the last place: dense samples over every range that matters, and the ends. */
#include "math_support.h"

static long double sigmoid_exact(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
static long double softplus_exact(long double x) { return log1pl(expl(-fabsl(x))) + (x > 0 ? x : 0); }
/* Φ(x) = erfc(-x/sqrt(2))/2; what rounding took from the argument is put back by erfc's slope. */
static long double normal_exact(long double x) {
  const long double root = 0.707106781186547524381894036515916468L, root_rest = 1.895032558893257079655e-20L, z = -x * root;
  const long double lost = -fmal(x, root, z) - x * root_rest;
  return 0.5L * (erfcl(z) - 1.128379167095512573896158903121545172L * expl(-z * z) * lost);
}
static long double density(long double x) { return 0.398942280401432677939946059934381868L * expl(-0.5L * x * x); }
static long double gelu_exact(long double x) { return x * normal_exact(x); }
static long double gelu_slope_exact(long double x) { return normal_exact(x) + x * density(x); }
/* What the slope of -|x| is a difference of: where it is near 0, errors are in ulp of this. */
static long double gelu_slope_size(long double x) { return normal_exact(-fabsl(x)) + fabsl(x) * density(x); }
static long double silu_exact(long double x) { return x * sigmoid_exact(x); }
static long double gelu_tanh_exact(long double x) {
  return x * sigmoid_exact(1.5957691216057307117597842397375L * (x + 0.044715L * x * x * x));
}

/* The largest error allowed over [low, high], in ulp, in every kernel set: a little above the largest over these samples and, for exp,
 * tanh, sigmoid, erf and gelu in f32, over 20,000,000 others; for asin to cosh over 138,000,000 in f32 and 4,000,000 in f64. That of gelu_tanh comes from rounding the sigmoid's argument, -7 near
 * x = -3. */
typedef struct row {
  int function;
  const char *name;
  long double (*exact)(long double);
  double low, high;         /* in f64; f32 stops where its range does */
  double f32, f64;          /* bounds in ulp */
} row;

static const row rows[] = {
  { UNARY_EXP, "exp", expl, -745, 710, 1.1, 1.2 },
  { UNARY_EXP, "exp", expl, -2, 2, 1, 1.2 },
  { UNARY_EXPM1, "expm1", expm1l, -50, 710, 1.5, 1.5 },
  { UNARY_EXPM1, "expm1", expm1l, -2, 2, 1.5, 1.5 },
  { UNARY_EXPM1, "expm1", expm1l, -1e-4, 1e-4, 0.6, 0.6 },
  { UNARY_LOG, "log", logl, 0, 1e300, 0.9, 0.9 },
  { UNARY_LOG, "log", logl, 0.4, 3, 0.9, 0.9 },
  { UNARY_LOG, "log", logl, 0, 1e-30, 0.6, 0.6 },
  { UNARY_LOG1P, "log1p", log1pl, -1, 2, 0.9, 0.9 },
  { UNARY_LOG1P, "log1p", log1pl, -1e-3, 1e-3, 0.6, 0.6 },
  { UNARY_LOG1P, "log1p", log1pl, 0, 1e300, 0.9, 0.9 },
  { UNARY_TANH, "tanh", tanhl, -25, 25, 2.5, 4.2 },
  { UNARY_TANH, "tanh", tanhl, -1, 1, 2.5, 4.2 },
  { UNARY_TANH, "tanh", tanhl, -1e-5, 1e-5, 2.5, 4.2 },
  { UNARY_SIGMOID, "sigmoid", sigmoid_exact, -745, 40, 2.4, 2.4 },
  { UNARY_SIGMOID, "sigmoid", sigmoid_exact, -4, 4, 2.4, 2.4 },
  { UNARY_SOFTPLUS, "softplus", softplus_exact, -745, 50, 1.7, 1.7 },
  { UNARY_SOFTPLUS, "softplus", softplus_exact, -3, 3, 1.7, 1.7 },
  { UNARY_ERF, "erf", erfl, -6, 6, 1.4, 1.4 },
  { UNARY_GELU, "gelu", gelu_exact, -39, 10, 3.4, 4 },
  { UNARY_GELU, "gelu", gelu_exact, -14.5, 10, 3.4, 4 },
  { UNARY_GELU, "gelu", gelu_exact, -3, 3, 3.4, 4 },
  { UNARY_SILU, "silu", silu_exact, -80, 40, 2.8, 2.8 },
  { UNARY_GELU_TANH, "gelu_tanh", gelu_tanh_exact, -3, 10, 14, 15 },
  { UNARY_SIN, "sin", sinl, -100, 100, 1.6, 0.9 },
  { UNARY_SIN, "sin", sinl, -1, 1, 1.5, 0.9 },
  { UNARY_SIN, "sin", sinl, -1e6, 1e6, 1.6, 0.9 },
  { UNARY_SIN, "sin", sinl, -1e300, 1e300, 1.6, 0.9 },
  { UNARY_COS, "cos", cosl, -100, 100, 1.6, 0.9 },
  { UNARY_COS, "cos", cosl, -1, 1, 1.5, 0.9 },
  { UNARY_COS, "cos", cosl, -1e6, 1e6, 1.6, 0.9 },
  { UNARY_COS, "cos", cosl, -1e300, 1e300, 1.6, 0.9 },
  { UNARY_TAN, "tan", tanl, -100, 100, 3.5, 1.7 },
  { UNARY_TAN, "tan", tanl, -1, 1, 3.5, 1.7 },
  { UNARY_TAN, "tan", tanl, -1e6, 1e6, 3.5, 1.7 },
  { UNARY_TAN, "tan", tanl, -1e300, 1e300, 3.5, 1.7 },
  { UNARY_ASIN, "asin", asinl, -1, 1, 1.2, 1.2 },
  { UNARY_ASIN, "asin", asinl, 0.4999, 0.5501, 1.2, 1.2 },
  { UNARY_ACOS, "acos", acosl, -1, 1, 1.2, 1.2 },
  { UNARY_ACOS, "acos", acosl, 0.999, 1, 1.2, 1.2 },
  { UNARY_ATAN, "atan", atanl, -1e300, 1e300, 1.5, 1.5 },
  { UNARY_ATAN, "atan", atanl, -3, 3, 1.5, 1.5 },
  { UNARY_ATAN, "atan", atanl, 0.4999, 0.5501, 1.5, 1.5 },
  { UNARY_SINH, "sinh", sinhl, -711, 711, 1.6, 1.6 },
  { UNARY_SINH, "sinh", sinhl, -20, 20, 1.6, 1.6 },
  { UNARY_SINH, "sinh", sinhl, -2, 2, 1.6, 1.6 },
  { UNARY_COSH, "cosh", coshl, -711, 711, 1.6, 1.6 },
  { UNARY_COSH, "cosh", coshl, -20, 20, 1.6, 1.6 },
  { UNARY_COSH, "cosh", coshl, -2, 2, 1.6, 1.6 },
};
static const row gelu_slopes[] = {
  { SLOPE_GELU_Z, "gelu's slope", gelu_slope_exact, -39, 10, 3.9, 4.8 },
  { SLOPE_GELU_Z, "gelu's slope", gelu_slope_exact, -14.5, 10, 3.9, 4.8 },
  { SLOPE_GELU_Z, "gelu's slope", gelu_slope_exact, -3, 3, 3.9, 4.8 },
};

enum { SAMPLES = 100003 };

/* Half of the samples evenly spaced, half evenly over the exponents. */
static double sample(const row *r, moth_dtype dtype, int64_t i) {
  double low = r->low, high = r->high, biggest = dtype == MOTH_F32 ? 3e38 : 1e308;
  if (high > biggest) high = biggest;
  if (dtype == MOTH_F32 && low < -104 && r->low > -1e3) low = -104;
  if (dtype == MOTH_F32 && high > 89 && r->high < 1e3) high = 89;
  double part = (double)i / (SAMPLES - 1);
  if (i % 2) return low + (high - low) * part;
  double least = dtype == MOTH_F32 ? 1e-42 : 1e-318, most = fabs(low) > high ? fabs(low) : high;
  double size = exp(log(least) + (log(most) - log(least)) * part);
  double x = low < 0 && i % 4 ? -size : size;
  return x < low ? low : x > high ? high : x;
}

static bool long_double_is_long(void) {
  volatile long double one = 1, little = 0x1p-60L;
  return one + little != one; /* valgrind's is a double */
}

/* As ulps, in units of the last place of `size`. */
static double size_ulps(double got, long double want, long double size, moth_dtype dtype) {
  int exponent, digits = dtype == MOTH_F32 ? 24 : 53, least = dtype == MOTH_F32 ? -125 : -1021;
  frexpl(size, &exponent);
  return isnan(got) ? INFINITY : (double)fabsl(got - want) / ldexp(1, (exponent < least ? least : exponent) - digits);
}

static void check_errors(const row *r, moth_dtype dtype, const void *x, const void *y, bool is_slope, const char *set) {
  double worst = 0, bound = dtype == MOTH_F32 ? r->f32 : r->f64, where = 0;
  for (int64_t i = 0; i < SAMPLES; i++) {
    const double at = value_of(x, dtype, i), got = value_of(y, dtype, i);
    const long double want = r->exact(at), size = is_slope ? gelu_slope_size(at) : 0;
    const double error = size > fabsl(want) ? size_ulps(got, want, size, dtype) : ulps(got, want, dtype);
    if (error > worst) worst = error, where = at;
  }
  if (!(worst <= bound)) fail_msg("%s %s %s: %.3f ulp at %.17g", set, dtype == MOTH_F64 ? "f64" : "f32", r->name, worst, where);
}

static void errors(void **state) {
  static double x[SAMPLES], y[SAMPLES];
  if (!long_double_is_long()) skip();
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    for (int s = 0; s < 3; s++) {
      for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
        moth_dtype dtype = (moth_dtype)d;
        for (int64_t i = 0; i < SAMPLES; i++) put_value(x, dtype, i, sample(&rows[r], dtype, i));
        set_at(s)->of[d].unary[rows[r].function](x, y, SAMPLES);
        check_errors(&rows[r], dtype, x, y, false, set_at(s)->name);
      }
    }
  }
}

static void errors_of_slopes(void **state) {
  static double x[SAMPLES], y[SAMPLES];
  if (!long_double_is_long()) skip();
  for (size_t r = 0; r < sizeof gelu_slopes / sizeof *gelu_slopes; r++) {
    for (int s = 0; s < 3; s++) {
      for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
        moth_dtype dtype = (moth_dtype)d;
        for (int64_t i = 0; i < SAMPLES; i++) put_value(x, dtype, i, sample(&gelu_slopes[r], dtype, i)), put_value(y, dtype, i, 1);
        set_at(s)->of[d].slope[gelu_slopes[r].function](x, y, SAMPLES, 0);
        check_errors(&gelu_slopes[r], dtype, x, y, true, set_at(s)->name);
      }
    }
  }
}

/* The last numbers with a sinh and a cosh, and the first that are infinite: log(2 MAX) and its neighbour. */
static void hyperbolic_ends(void **state) {
  static const double last[2] = { 0x1.65a9f8p+6, 0x1.633ce8fb9f87dp+9 };
  if (!long_double_is_long()) skip();
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      moth_dtype dtype = (moth_dtype)d;
      for (int f = UNARY_SINH; f <= UNARY_COSH; f++) {
        double x[2], y[2], beyond = d == MOTH_F32 ? (double)nextafterf((float)last[d], 1000) : nextafter(last[d], 1000);
        put_value(x, dtype, 0, last[d]), put_value(x, dtype, 1, beyond);
        set_at(s)->of[d].unary[f](x, y, 2);
        assert_true(ulps(value_of(y, dtype, 0), f == UNARY_SINH ? sinhl(last[d]) : coshl(last[d]), dtype) <= 1.5);
        assert_true(isinf(value_of(y, dtype, 1)));
      }
    }
  }
}

/* ---- atan2: of both operands' sizes, signs and ends ---- */

static double some_size(moth_dtype dtype, random_source *source, int kind) {
  double u[3];
  random_uniform_f64(source, u, 3, 0, 1);
  const int most = dtype == MOTH_F32 ? 127 : 1023, least = dtype == MOTH_F32 ? -149 : -1074;
  int exponent = kind == 0 ? (int)(u[1] * 6) - 3 : kind == 1 ? least + (int)(u[1] * 4) : kind == 2 ? most - (int)(u[1] * 3) : least + (int)(u[1] * (most - least));
  return ldexp(1 + u[0], exponent) * (u[2] < 0.5 ? -1 : 1);
}

static void angles_of_points(void **state) {
  static double a[SAMPLES], b[SAMPLES], y[SAMPLES];
  if (!long_double_is_long()) skip();
  for (int d = MOTH_F32; d <= MOTH_F64; d++) {
    moth_dtype dtype = (moth_dtype)d;
    random_source source = { .seed = 11 };
    for (int64_t i = 0; i < SAMPLES; i++) { /* near 1, tiny, huge, any: those of the first three meet their like */
      int kind = (int)(i % 8);
      put_value(a, dtype, i, some_size(dtype, &source, kind)), put_value(b, dtype, i, some_size(dtype, &source, kind));
    }
    for (int s = 0; s < 3; s++) {
      if (!set_at(s)) continue;
      set_at(s)->of[d].binary[BINARY_ATAN2](a, b, y, SAMPLES);
      for (int64_t i = 0; i < SAMPLES; i++) {
        const double up = value_of(a, dtype, i), along = value_of(b, dtype, i), got = value_of(y, dtype, i);
        const double error = !signbit(got) == !signbit(up) ? ulps(got, atan2l(up, along), dtype) : INFINITY;
        if (!(error <= 1.6)) fail_msg("%s %s atan2(%.17g, %.17g): %.3f ulp", set_at(s)->name, moth_dtype_name(dtype), up, along, error);
      }
    }
  }
}

/* All of C11 F.10.1.4: numbers with the same sign of the first are so many eighths of a turn. */
static void angles_of_points_at_the_ends(void **state) {
  static const double values[] = { 0.0, 1, 3e38, 1e-45, INFINITY, NAN };
  enum { VALUES = 2 * sizeof values / sizeof *values };
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      moth_dtype dtype = (moth_dtype)d;
      const real_kernels *k = &set_at(s)->of[d];
      for (int i = 0; i < VALUES * VALUES; i++) {
        double a[1], b[1], y[1], other[1];
        put_value(a, dtype, 0, values[i / VALUES / 2] * (i / VALUES % 2 ? -1 : 1));
        put_value(b, dtype, 0, values[i % VALUES / 2] * (i % 2 ? -1 : 1));
        k->binary[BINARY_ATAN2](a, b, y, 1);
        const double up = value_of(a, dtype, 0), along = value_of(b, dtype, 0), got = value_of(y, dtype, 0);
        const double want = atan2(up, along), nearest = d == MOTH_F32 ? (double)(float)want : want;
        bool same = isnan(want) ? isnan(got) : got == nearest && !signbit(got) == !signbit(want);
        if (!same) fail_msg("%s atan2(%g, %g) is %.17g, expected %.17g", set_at(s)->name, up, along, got, nearest);
        k->binary_number[BINARY_ATAN2](a, along, other, 1, false); /* a number is an operand like others */
        assert_memory_equal(other, y, bytes_of(dtype));
        k->binary_number[BINARY_ATAN2](b, up, other, 1, true);
        assert_memory_equal(other, y, bytes_of(dtype));
      }
    }
  }
}

/* f(x) for numbers at the ends of what there is; the sign of zero counts. */
#define HALF_PI 1.57079632679489661923
typedef struct end { int function; double x, y; } end;

static void ends(void **state) {
  const double inf = INFINITY, tiny32 = 0x1p-149, tiny64 = 0x1p-1074;
  const end list[] = {
    { UNARY_EXP, inf, inf }, { UNARY_EXP, -inf, 0 }, { UNARY_EXP, 0, 1 }, { UNARY_EXP, -0.0, 1 }, { UNARY_EXP, 1e30, inf },
    { UNARY_EXP, -1e30, 0 }, { UNARY_EXP, 710, inf }, { UNARY_EXP, -746, 0 },
    { UNARY_EXPM1, inf, inf }, { UNARY_EXPM1, -inf, -1 }, { UNARY_EXPM1, 0, 0 }, { UNARY_EXPM1, -0.0, -0.0 }, { UNARY_EXPM1, 1e30, inf },
    { UNARY_EXPM1, -1e30, -1 },
    { UNARY_LOG, inf, inf }, { UNARY_LOG, -inf, NAN }, { UNARY_LOG, 0, -inf }, { UNARY_LOG, -0.0, -inf }, { UNARY_LOG, -1, NAN },
    { UNARY_LOG, 1, 0 }, { UNARY_LOG, -1e-40, NAN },
    { UNARY_LOG1P, inf, inf }, { UNARY_LOG1P, -inf, NAN }, { UNARY_LOG1P, 0, 0 }, { UNARY_LOG1P, -0.0, -0.0 }, { UNARY_LOG1P, -1, -inf },
    { UNARY_LOG1P, -2, NAN },
    { UNARY_TANH, inf, 1 }, { UNARY_TANH, -inf, -1 }, { UNARY_TANH, 0, 0 }, { UNARY_TANH, -0.0, -0.0 }, { UNARY_TANH, 1e30, 1 },
    { UNARY_TANH, -400, -1 }, { UNARY_TANH, 0x1p-140, 0x1p-140 }, { UNARY_TANH, -0x1p-140, -0x1p-140 },
    { UNARY_SIGMOID, inf, 1 }, { UNARY_SIGMOID, -inf, 0 }, { UNARY_SIGMOID, 0, 0.5 }, { UNARY_SIGMOID, -0.0, 0.5 },
    { UNARY_SIGMOID, 1e30, 1 }, { UNARY_SIGMOID, -1e30, 0 },
    { UNARY_SOFTPLUS, inf, inf }, { UNARY_SOFTPLUS, -inf, 0 }, { UNARY_SOFTPLUS, 1000, 1000 }, { UNARY_SOFTPLUS, -1000, 0 },
    { UNARY_GELU, inf, inf }, { UNARY_GELU, -inf, -0.0 }, { UNARY_GELU, 0, 0 }, { UNARY_GELU, -0.0, -0.0 }, { UNARY_GELU, 1e30, 1e30 },
    { UNARY_GELU, -1e30, -0.0 },
    { UNARY_GELU_TANH, inf, inf }, { UNARY_GELU_TANH, -inf, -0.0 }, { UNARY_GELU_TANH, 0, 0 }, { UNARY_GELU_TANH, 1e30, 1e30 },
    { UNARY_GELU_TANH, -1e30, -0.0 },
    { UNARY_SILU, inf, inf }, { UNARY_SILU, -inf, -0.0 }, { UNARY_SILU, 0, 0 }, { UNARY_SILU, -1e30, -0.0 },
    { UNARY_RELU, inf, inf }, { UNARY_RELU, -inf, 0 }, { UNARY_RELU, -1, 0 }, { UNARY_RELU, 2, 2 },
    { UNARY_SOFTSIGN, inf, 1 }, { UNARY_SOFTSIGN, -inf, -1 }, { UNARY_SOFTSIGN, -1, -0.5 },
    { UNARY_HARD_SIGMOID, inf, 1 }, { UNARY_HARD_SIGMOID, -inf, 0 }, { UNARY_HARD_SIGMOID, -3, 0 }, { UNARY_HARD_SIGMOID, 3, 1 },
    { UNARY_HARD_SIGMOID, 0, 0.5 },
    { UNARY_HARD_TANH, inf, 1 }, { UNARY_HARD_TANH, -inf, -1 }, { UNARY_HARD_TANH, 0.25, 0.25 },
    { UNARY_SQRT, inf, inf }, { UNARY_SQRT, -1, NAN }, { UNARY_SQRT, -0.0, -0.0 }, { UNARY_SQRT, 9, 3 },
    { UNARY_ABS, -inf, inf }, { UNARY_ABS, -0.0, 0 }, { UNARY_ERF, inf, 1 }, { UNARY_ERF, -inf, -1 },
    { UNARY_ERF, 0, 0 }, { UNARY_ERF, -0.0, -0.0 }, { UNARY_ERF, 1e30, 1 }, { UNARY_ERF, -1e30, -1 },
    { UNARY_SIN, inf, NAN }, { UNARY_COS, -inf, NAN }, { UNARY_SIN, -0.0, -0.0 }, { UNARY_SIN, 0, 0 }, { UNARY_COS, 0, 1 },
    { UNARY_COS, -0.0, 1 }, { UNARY_TAN, -inf, NAN }, { UNARY_TAN, 0, 0 }, { UNARY_TAN, -0.0, -0.0 }, { UNARY_SIN, -0x1p-140, -0x1p-140 },
    { UNARY_TAN, 0x1p-140, 0x1p-140 },
    { UNARY_ASIN, 0, 0 }, { UNARY_ASIN, -0.0, -0.0 }, { UNARY_ASIN, 1, HALF_PI }, { UNARY_ASIN, -1, -HALF_PI }, { UNARY_ASIN, 1.001, NAN },
    { UNARY_ASIN, -inf, NAN }, { UNARY_ASIN, inf, NAN }, { UNARY_ASIN, -0x1p-140, -0x1p-140 }, { UNARY_ASIN, 0x1p-149, 0x1p-149 },
    { UNARY_ACOS, 1, 0 }, { UNARY_ACOS, -1, 2 * HALF_PI }, { UNARY_ACOS, 0, HALF_PI }, { UNARY_ACOS, -0.0, HALF_PI },
    { UNARY_ACOS, 0x1p-149, HALF_PI }, { UNARY_ACOS, -1.001, NAN }, { UNARY_ACOS, inf, NAN }, { UNARY_ACOS, -inf, NAN },
    { UNARY_ATAN, 0, 0 }, { UNARY_ATAN, -0.0, -0.0 }, { UNARY_ATAN, 1, HALF_PI / 2 }, { UNARY_ATAN, -1, -HALF_PI / 2 },
    { UNARY_ATAN, inf, HALF_PI }, { UNARY_ATAN, -inf, -HALF_PI }, { UNARY_ATAN, 3e38, HALF_PI }, { UNARY_ATAN, -0x1p-140, -0x1p-140 },
    { UNARY_ATAN, 0x1p-149, 0x1p-149 },
    { UNARY_SINH, 0, 0 }, { UNARY_SINH, -0.0, -0.0 }, { UNARY_SINH, inf, inf }, { UNARY_SINH, -inf, -inf }, { UNARY_SINH, 711, inf },
    { UNARY_SINH, -1e30, -inf }, { UNARY_SINH, 0x1p-149, 0x1p-149 }, { UNARY_SINH, -0x1p-140, -0x1p-140 },
    { UNARY_COSH, 0, 1 }, { UNARY_COSH, -0.0, 1 }, { UNARY_COSH, inf, inf }, { UNARY_COSH, -inf, inf }, { UNARY_COSH, -711, inf },
    { UNARY_COSH, 1e30, inf }, { UNARY_COSH, 0x1p-149, 1 },
  };
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      moth_dtype dtype = (moth_dtype)d;
      double x[1], y[1];
      for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        put_value(x, dtype, 0, list[i].x);
        set_at(s)->of[d].unary[list[i].function](x, y, 1);
        put_value(x, dtype, 0, list[i].y);
        double got = value_of(y, dtype, 0), want = value_of(x, dtype, 0);
        bool same = isnan(want) ? isnan(got) : got == want && (list[i].function == UNARY_RELU || !signbit(got) == !signbit(want));
        if (!same) fail_msg("%s function %d of %g is %.17g, expected %g", set_at(s)->name, list[i].function, list[i].x, got, want);
      }
      for (int f = 0; f < UNARY_KERNELS; f++) {
        put_value(x, dtype, 0, NAN);
        set_at(s)->of[d].unary[f](x, y, 1);
        assert_true(isnan(value_of(y, dtype, 0)));
      }
      for (int f = 0; f < SCALED_KERNELS; f++) {
        put_value(x, dtype, 0, NAN);
        set_at(s)->of[d].scaled[f](x, y, 1, 1);
        assert_true(isnan(value_of(y, dtype, 0)));
      }
      put_value(x, dtype, 0, d == MOTH_F32 ? tiny32 : tiny64); /* denormals */
      set_at(s)->of[d].unary[UNARY_LOG](x, y, 1);
      check_near(value_of(y, dtype, 0), d == MOTH_F32 ? -103.278929903431851103 : -744.440071921381262314,
                 d == MOTH_F32 ? 1e-7 : 2e-16, 0, "log", 0);
    }
  }
}

/* Derivatives that would be infinity times 0 are 0 or 1. */
static void slopes_at_the_ends(void **state) {
  static const int slopes[] = { SLOPE_GELU_Z, SLOPE_GELU_TANH_Z, SLOPE_SILU_Z };
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      for (int i = 0; i < 3; i++) {
        double z[4], dz[4];
        const double inputs[] = { INFINITY, -INFINITY, 1e30, -1e30 };
        for (int j = 0; j < 4; j++) put_value(z, (moth_dtype)d, j, inputs[j]), put_value(dz, (moth_dtype)d, j, 3);
        set_at(s)->of[d].slope[slopes[i]](z, dz, 4, 0);
        for (int j = 0; j < 4; j++) assert_true(value_of(dz, (moth_dtype)d, j) == (j % 2 ? 0 : 3));
      }
    }
  }
}

/* Angles beside multiples of pi/2, where little is left of them, at both sides of where vectors end, and beyond any: whatever their
 * neighbours are. */
static void angles_of_every_size(void **state) {
  static const double multiples[] = { 1, 2, 3, 4, 11, 22, 355, 710, 1431, 51819, 103638, 573204, 667543, 667544, 5419351, 80143857 };
  static const double others[] = { 0x1p20, -0x1p20, 0x1.000002p20, 0x1.fffffep19, 1e7, -3e9, 0x1.47d0fep34, 1e22, 3e38, INFINITY, NAN, 0.5 };
  static const row rows[] = { { UNARY_SIN, "sin", sinl, 0, 0, 1.6, 0.9 }, { UNARY_COS, "cos", cosl, 0, 0, 1.6, 0.9 },
                              { UNARY_TAN, "tan", tanl, 0, 0, 3.5, 1.7 } };
  enum { MULTIPLES = sizeof multiples / sizeof *multiples, OTHERS = sizeof others / sizeof *others, ANGLES = MULTIPLES * 6 };
  double x[ANGLES], y[ANGLES], alone[1];
  if (!long_double_is_long()) skip();
  for (int s = 0; s < 3; s++) {
    for (int d = MOTH_F32; set_at(s) && d <= MOTH_F64; d++) {
      moth_dtype dtype = (moth_dtype)d;
      for (int i = 0; i < ANGLES; i++) {
        double angle = multiples[i / 6] * 1.57079632679489661923, to = i % 3 == 1 ? INFINITY : i % 3 == 2 ? -INFINITY : angle;
        angle = d == MOTH_F32 ? (double)nextafterf((float)angle, (float)to) : nextafter(angle, to);
        put_value(x, dtype, i, i % 6 < 3 ? angle : i % 6 == 3 ? -angle : others[i / 6 * 2 % OTHERS + (i % 6 == 5)]);
      }
      for (int f = 0; f < 3; f++) {
        set_at(s)->of[d].unary[rows[f].function](x, y, ANGLES);
        for (int i = 0; i < ANGLES; i++) {
          const double at = value_of(x, dtype, i), got = value_of(y, dtype, i), bound = d == MOTH_F32 ? rows[f].f32 : rows[f].f64;
          const double error = isfinite(at) ? ulps(got, rows[f].exact(at), dtype) : isnan(got) ? 0 : INFINITY;
          if (!(error <= bound)) fail_msg("%s %s: %.3f ulp at %.17g", set_at(s)->name, rows[f].name, error, at);
          set_at(s)->of[d].unary[rows[f].function](element(x, dtype, i), alone, 1);
          assert_memory_equal(alone, element(y, dtype, i), bytes_of(dtype));
        }
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(errors), cmocka_unit_test(angles_of_every_size),
                                      cmocka_unit_test(errors_of_slopes), cmocka_unit_test(ends),
                                      cmocka_unit_test(hyperbolic_ends), cmocka_unit_test(angles_of_points),
                                      cmocka_unit_test(angles_of_points_at_the_ends),
                                      cmocka_unit_test(slopes_at_the_ends) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
