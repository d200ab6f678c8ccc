/* The initializers: one row each, values in f64, row-major in the view's shape. Fans are the layer's inputs and outputs. */
#include <math.h>

#include "core/memory.h"
#include "layers/layer.h"

#define OPTIONS_OF(list) .options = list, .option_count = sizeof list / sizeof *list

static int64_t count_of(const parameter_view *view) {
  int64_t count = 1;
  for (int i = 0; i < view->rank; i++) count *= view->size[i];
  return count;
}

static moth_status fill_constant(const parameter_view *view, double value, double *values) {
  for (int64_t i = 0, n = count_of(view); i < n; i++) values[i] = value;
  return MOTH_OK;
}

/* Of a variance that is `share` over a fan; no fan counts as 1. */
static double deviation(double share, int64_t fan) { return sqrt(share / (double)(fan < 1 ? 1 : fan)); }

/* Whether two numbers make a distribution: both finite, and in order where `ordered`. */
static moth_status check_numbers(moth *m, const moth_part *part, bool ordered) {
  const options *o = &part->options;
  const double a = options_number(o, 0), b = options_number(o, 1);
  if (isfinite(a) && isfinite(b) && (!ordered || a <= b)) return MOTH_OK;
  return context_fail(m, MOTH_OPTION, part->row->name, "%s %g and %s %g make no distribution", part->row->options[0].key, a,
                      part->row->options[1].key, b);
}

static moth_status fill_uniform(const parameter_view *view, random_source *source, double a, double b, double *values) {
  random_uniform_f64(source, values, count_of(view), a, b);
  return MOTH_OK;
}

static moth_status fill_normal(const parameter_view *view, random_source *source, double mean, double spread, double *values) {
  random_normal_f64(source, values, count_of(view), mean, spread);
  return MOTH_OK;
}

/* ---- zeros, ones, constant ---- */

static moth_status zeros_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)part, (void)source;
  return fill_constant(view, 0, values);
}
const initializer_class initializer_zeros = {
  .row = { .name = "zeros", .doc = "Every value 0.", .example = "moth.dense{ 10, init = \"zeros\" }", .foreign = "zeros_ Zeros zero" },
  .fill = zeros_fill };

static moth_status ones_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)part, (void)source;
  return fill_constant(view, 1, values);
}
const initializer_class initializer_ones = {
  .row = { .name = "ones", .doc = "Every value 1.", .example = "moth.dense{ 10, init = \"ones\" }", .foreign = "ones_ Ones one" },
  .fill = ones_fill };

static const moth_option_row constant_options[] = {
  { .key = "v", .doc = "the value", .kinds = MOTH_OPTION_REAL, .position = 1, .flags = MOTH_REQUIRED, .foreign = "value val" } };
static moth_status constant_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)source;
  return fill_constant(view, options_number(&part->options, 0), values);
}
const initializer_class initializer_constant = {
  .row = { .name = "constant", OPTIONS_OF(constant_options), .doc = "Every value v.",
           .example = "moth.dense{ 10, bias_init = moth.constant(0.1) }", .foreign = "constant_ Constant fill full" },
  .fill = constant_fill };

/* ---- uniform, normal ---- */

static const moth_option_row uniform_options[] = {
  { .key = "a", .doc = "least value", .kinds = MOTH_OPTION_REAL, .position = 1, .fallback = MOTH_REAL(NULL, 0),
    .foreign = "low minval from min" },
  { .key = "b", .doc = "end of the range, not in it", .kinds = MOTH_OPTION_REAL, .position = 2, .fallback = MOTH_REAL(NULL, 1),
    .foreign = "high maxval to max" } };
static moth_status uniform_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  moth_status status = check_numbers(m, part, true);
  if (status != MOTH_OK) return status;
  return fill_uniform(view, source, options_number(&part->options, 0), options_number(&part->options, 1), values);
}
const initializer_class initializer_uniform = {
  .row = { .name = "uniform", OPTIONS_OF(uniform_options), .doc = "Uniform in [a, b).",
           .example = "moth.dense{ 1, init = moth.uniform(-1, 1) }", .foreign = "uniform_ RandomUniform random_uniform" },
  .fill = uniform_fill };

static const moth_option_row normal_options[] = {
  { .key = "mean", .doc = "mean", .kinds = MOTH_OPTION_REAL, .position = 1, .fallback = MOTH_REAL(NULL, 0), .foreign = "mu loc" },
  { .key = "std", .doc = "standard deviation", .kinds = MOTH_OPTION_REAL, .position = 2, .flags = MOTH_RANGED, .low = 0, .high = INFINITY,
    .fallback = MOTH_REAL(NULL, 1), .foreign = "stddev sigma scale" } };
static moth_status normal_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  moth_status status = check_numbers(m, part, false);
  if (status != MOTH_OK) return status;
  return fill_normal(view, source, options_number(&part->options, 0), options_number(&part->options, 1), values);
}
const initializer_class initializer_normal = {
  .row = { .name = "normal", OPTIONS_OF(normal_options), .doc = "Normal, of this mean and deviation.",
           .example = "moth.dense{ 10, init = moth.normal(0, 0.02) }", .foreign = "normal_ RandomNormal random_normal gaussian" },
  .fill = normal_fill };

/* ---- by the fans ---- */

static moth_status glorot_uniform_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)part;
  double limit = deviation(6, view->inputs + view->outputs);
  return fill_uniform(view, source, -limit, limit, values);
}
const initializer_class initializer_glorot_uniform = {
  .row = { .name = "glorot_uniform",
           .doc = "Uniform within ±sqrt(6/(inputs + outputs)).\nGlorot and Bengio 2010; PyTorch's xavier_uniform_",
           .example = "moth.dense{ 128, \"tanh\", init = \"glorot_uniform\" }",
           .foreign = "xavier xavier_uniform xavier_uniform_ GlorotUniform glorot" },
  .fill = glorot_uniform_fill };

static moth_status glorot_normal_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)part;
  return fill_normal(view, source, 0, deviation(2, view->inputs + view->outputs), values);
}
const initializer_class initializer_glorot_normal = {
  .row = { .name = "glorot_normal",
           .doc = "Normal, of deviation sqrt(2/(inputs + outputs)).\nGlorot and Bengio 2010; PyTorch's xavier_normal_",
           .example = "moth.dense{ 128, \"tanh\", init = \"glorot_normal\" }", .foreign = "xavier_normal xavier_normal_ GlorotNormal" },
  .fill = glorot_normal_fill };

static moth_status he_uniform_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)part;
  double limit = deviation(6, view->inputs);
  return fill_uniform(view, source, -limit, limit, values);
}
const initializer_class initializer_he_uniform = {
  .row = { .name = "he_uniform", .doc = "Uniform within ±sqrt(6/inputs), for relu.\nHe et al. 2015; PyTorch's kaiming_uniform_",
           .example = "moth.dense{ 128, \"relu\", init = \"he_uniform\" }",
           .foreign = "kaiming kaiming_uniform kaiming_uniform_ HeUniform he" },
  .fill = he_uniform_fill };

static moth_status he_normal_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)part;
  return fill_normal(view, source, 0, deviation(2, view->inputs), values);
}
const initializer_class initializer_he_normal = {
  .row = { .name = "he_normal", .doc = "Normal, of deviation sqrt(2/inputs), for relu.\nHe et al. 2015; PyTorch's kaiming_normal_",
           .example = "moth.dense{ 128, \"relu\", init = \"he_normal\" }", .foreign = "kaiming_normal kaiming_normal_ HeNormal" },
  .fill = he_normal_fill };

static moth_status lecun_normal_fill(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values) {
  (void)m, (void)part;
  return fill_normal(view, source, 0, deviation(1, view->inputs), values);
}
const initializer_class initializer_lecun_normal = {
  .row = { .name = "lecun_normal", .doc = "Normal, of deviation sqrt(1/inputs), for selu.\nLeCun et al. 1998; Klambauer et al. 2017",
           .example = "moth.dense{ 32, \"selu\", init = \"lecun_normal\" }", .foreign = "LecunNormal lecun" },
  .fill = lecun_normal_fill };
