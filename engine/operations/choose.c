/* Choosing element by element where a bool tensor says so. */
#include "operations/pick.h"

#include "math/kernels.h"
#include "operations/elements.h"

enum { CHOOSE_REAL };
static const moth_option_row choose_options[] = { [CHOOSE_REAL] = OPTION_REAL };

static void choose_values(const elements *self, const void *const *x, void *y, int64_t n) {
  size_t width = dtype_size(self->result);
  self->plain->choose[width == 1 ? 0 : width == 4 ? 1 : 2](x[0], x[1], x[2], y, n);
}

/* mask ? a : b, all broadcast. */
static moth_status choose(const operation_call *call, const moth_value *mask, const moth_value *a, const moth_value *b) {
  moth_dtype dtype = operation_promote(a, b, operation_dtype(call, CHOOSE_REAL, MOTH_F32));
  elements e = {
    .inputs = 3, .input = { *mask, *a, *b }, .compute = { MOTH_BOOL, dtype, dtype }, .result = dtype, .general = choose_values,
    .plain = call->m->kernels->plain
  };
  return elements_apply(call, &e);
}

static moth_status apply_where(const operation_call *call) { return choose(call, &call->inputs[0], &call->inputs[1], &call->inputs[2]); }

const operation_class operation_where = {
  .row = { .row = { ROW_TEXTS("where", "a where the condition holds, else b; broadcast", "moth.range(-2, 2):gt(0):where(1, 0)"),
                    ROW_OPTIONS(choose_options) },
           .inputs = 3,
           .results = 1,
           .dtypes = 1 << MOTH_BOOL,
           .flags = MOTH_METHOD | MOTH_NUMBERS },
  .apply = apply_where,
};

moth_status pick_check_mask(const operation_call *call) {
  const moth_value *mask = &call->inputs[1];
  if (mask->kind == MOTH_TENSOR_VALUE && mask->as.tensor->dtype == MOTH_BOOL) return MOTH_OK;
  return context_fail(call->m, MOTH_DTYPE, call->where, "the mask must be a bool tensor, got %s", operation_value_text(mask).text);
}

static moth_status apply_masked_fill(const operation_call *call) {
  moth_status status = pick_check_mask(call);
  return status != MOTH_OK ? status : choose(call, &call->inputs[1], &call->inputs[2], &call->inputs[0]);
}

const operation_class operation_masked_fill = {
  .row = { .row = { ROW_TEXTS("masked_fill", "the value where the mask holds, else x",
                              "moth.tensor{ 1, 0/0 }:masked_fill(moth.tensor{ false, true }, 0)"),
                    .foreign = "putmask", ROW_OPTIONS(choose_options) },
           .inputs = 3,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN | MOTH_NUMBERS },
  .twin = "masked_fill_",
  .apply = apply_masked_fill,
};
