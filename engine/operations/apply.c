/* moth_apply: checks everything, then runs the row's function. */
#include <string.h>

#include "core/catalog.h"
#include "core/memory.h"
#include "core/text.h"
#include "operations/operation.h"

enum { FALLBACK_OPTIONS = 8 };

const moth_operation *moth_operation_at(const moth *m, int index) {
  if (!m || !m->catalogs || index < 0 || index >= m->catalogs->operation_count) return NULL;
  return m->catalogs->operations[index];
}

const moth_operation *moth_operation_find(const moth *m, const char *name) {
  if (!name) return NULL;
  const moth_operation *row;
  for (int i = 0; (row = moth_operation_at(m, i)) != NULL; i++) {
    if (strcmp(row->row.name, name) == 0) return row;
  }
  return NULL;
}

static moth_status check_count(const operation_call *call) {
  const moth_operation *row = &call->class->row;
  int least = row->flags & MOTH_LIST ? 1 : row->inputs - row->optional;
  if (call->input_count >= least && (row->flags & MOTH_LIST || call->input_count <= row->inputs)) return MOTH_OK;
  if (row->flags & MOTH_LIST) return context_fail(call->m, MOTH_MISUSE, call->where, "takes a list of tensors, got none");
  return context_fail(call->m, MOTH_MISUSE, call->where, "takes %d tensor%s, got %d", row->inputs, row->inputs == 1 ? "" : "s",
                      call->input_count);
}

/* "f32 or f64" */
static void dtype_list(unsigned mask, char *buffer, size_t size) {
  text_line line = { buffer, size, 0 };
  int left = __builtin_popcount(mask);
  for (int d = 0; d < MOTH_DTYPES; d++) {
    if (!(mask & 1u << d)) continue;
    text_line_add(&line, "%s%s", moth_dtype_name((moth_dtype)d), --left > 1 ? ", " : left == 1 ? " or " : "");
  }
}

static bool is_live_tensor(const moth *m, const moth_value *value) {
  if (value->kind != MOTH_TENSOR_VALUE || !value->as.tensor) return false;
  const object *handle = &value->as.tensor->base;
  return handle->mark == OBJECT_MARK && handle->class->kind == MOTH_TENSOR_OBJECT && handle->context == m;
}

/* A value that is no live tensor. */
static moth_status check_other(const operation_call *call, int i) {
  moth *m = call->m;
  const moth_operation *row = &call->class->row;
  const moth_value *value = &call->inputs[i];
  if (value->kind == MOTH_TENSOR_VALUE) {
    char argument[32];
    text_format(argument, sizeof argument, "argument %d", i + 1);
    return tensor_check(m, value->as.tensor, call->where, argument);
  }
  if (value->kind < MOTH_NO_VALUE || value->kind > MOTH_FLAG_VALUE) {
    return context_fail(m, MOTH_MISUSE, call->where, "argument %d is no value", i + 1);
  }
  bool may_be_number = row->flags & MOTH_NUMBERS && value->kind != MOTH_NO_VALUE && !call->in_place;
  if (row->flags & MOTH_NUMBERS && value->kind != MOTH_NO_VALUE && i > 0) may_be_number = true;
  if (i == 0 && row->inputs != 2) may_be_number = false;
  if (may_be_number) return MOTH_OK;
  const char *got = value->kind == MOTH_NO_VALUE ? "nothing" : value->kind == MOTH_FLAG_VALUE ? "a boolean" : "a number";
  return context_fail(m, MOTH_MISUSE, call->where, "argument %d must be a tensor, got %s", i + 1, got);
}

static moth_status fail_dtype(const operation_call *call, const moth_tensor *first) {
  char list[64];
  dtype_list(call->class->row.dtypes, list, sizeof list);
  moth_status status = context_fail(call->m, MOTH_DTYPE, call->where, "takes %s, got %s", list, tensor_text(first).text);
  bool chooses = call->class->row.dtypes == 1u << MOTH_BOOL && call->class->row.inputs == 3;
  return chooses ? context_hint(call->m, "the mask comes first: mask:%s(a, b)", call->where) : status;
}

static moth_status check_inputs(const operation_call *call) {
  const moth_operation *row = &call->class->row;
  moth_status status = check_count(call);
  const moth_tensor *first = NULL;
  for (int i = 0; status == MOTH_OK && i < call->input_count; i++) {
    if (!is_live_tensor(call->m, &call->inputs[i])) status = check_other(call, i);
    else if (!first) first = call->inputs[i].as.tensor;
  }
  if (status != MOTH_OK || row->inputs == 0) return status;
  if (!first) return context_fail(call->m, MOTH_MISUSE, call->where, "takes a tensor, got numbers only");
  if (!(row->dtypes & 1u << first->dtype)) return fail_dtype(call, first);
  return call->in_place ? tensor_check_writable(call->m, first, call->where) : MOTH_OK;
}

/* Options that nobody gave are the fallbacks as they stand in the row: no parsing, no allocation. */
static bool use_fallbacks(const moth_row *row, const moth_option *given, moth_option *values) {
  if ((given && given->kind != MOTH_OPTION_END) || row->option_count > FALLBACK_OPTIONS) return false;
  for (int i = 0; i < row->option_count; i++) {
    if (row->options[i].flags & MOTH_REQUIRED) return false;
    values[i] = row->options[i].fallback;
  }
  return true;
}

void moth_value_release(moth *m, moth_value *value) {
  if (!value) return;
  if (value->kind == MOTH_TENSOR_VALUE) moth_release(value->as.tensor);
  if (value->kind == MOTH_TENSORS_VALUE) {
    for (int64_t i = 0; i < value->as.list.count; i++) moth_release(value->as.list.items[i]);
    memory_free(m, value->as.list.items, (size_t)value->as.list.count, sizeof(moth_tensor *));
  }
  *value = (moth_value) { .kind = MOTH_NO_VALUE };
}

/* Results are given only where all could be made. */
static moth_status run(operation_call *call, moth_value *results, int *count) {
  moth_value made[MOTH_MAX_RESULTS];
  int most = call->class->row.results, filled = 0;
  for (int i = 0; i < most; i++) made[i].kind = MOTH_NO_VALUE;
  call->results = made;
  moth_status status = call->class->apply(call);
  if (status != MOTH_OK) {
    for (int i = 0; i < most; i++) moth_value_release(call->m, &made[i]);
    return status;
  }
  for (; filled < most && made[filled].kind != MOTH_NO_VALUE; filled++) operation_copy_value(&made[filled], &results[filled]);
  *count = filled;
  return MOTH_OK;
}

moth_status moth_apply(moth *m, const moth_operation *operation, bool in_place, const moth_value *inputs, int input_count,
                       const moth_option *given, moth_value *results, int *count) {
  moth_status status = context_check(m, operation ? operation->row.name : "apply");
  if (status != MOTH_OK) return status;
  if (!operation) return context_fail(m, MOTH_MISUSE, "apply", "no operation given");
  const operation_class *class = (const operation_class *)operation;
  bool twin = in_place && operation->flags & MOTH_TWIN;
  const char *where = twin ? class->twin : operation->row.name;
  if (!results || !count || input_count < 0 || (input_count > 0 && !inputs)) {
    return context_fail(m, MOTH_MISUSE, where, "no place for the results, or no inputs");
  }
  if (in_place && !(operation->flags & (MOTH_TWIN | MOTH_ONLY_TWIN))) return context_fail(m, MOTH_MISUSE, where, "has no in-place twin");
  moth_option values[FALLBACK_OPTIONS];
  options fallbacks = { values, &operation->row }, read = { NULL, NULL };
  operation_call call = { .m = m,
                          .class = class,
                          .where = where,
                          .in_place = in_place || operation->flags & MOTH_ONLY_TWIN,
                          .inputs = inputs,
                          .input_count = input_count,
                          .options = &fallbacks };
  status = check_inputs(&call);
  if (status != MOTH_OK) return status;
  if (use_fallbacks(&operation->row, given, values)) return run(&call, results, count);
  status = options_read(m, where, &operation->row, given, &read);
  if (status != MOTH_OK) return status;
  call.options = &read;
  status = run(&call, results, count);
  options_free(m, &read);
  return status;
}
