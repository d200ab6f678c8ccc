/* Masks: choosing, picking and replacing elements where a bool tensor says so. */
#include <string.h>

#include "operations/elements.h"

enum { CHOOSE_REAL };
static const moth_option_row choose_options[] = { [CHOOSE_REAL] = OPTION_REAL };

static void choose_values(const elements *self, const void *const *x, void *y, int64_t n) {
  loops_choose(x[0], x[1], x[2], y, n, dtype_size(self->result));
}

/* mask ? a : b, all broadcast. */
static moth_status choose(const operation_call *call, const moth_value *mask, const moth_value *a, const moth_value *b) {
  moth_dtype dtype = operation_promote(a, b, operation_dtype(call, CHOOSE_REAL, MOTH_F32));
  elements e = {
    .inputs = 3, .input = { *mask, *a, *b }, .compute = { MOTH_BOOL, dtype, dtype }, .result = dtype, .general = choose_values
  };
  return elements_apply(call, &e);
}

static moth_status apply_where(const operation_call *call) { return choose(call, &call->inputs[0], &call->inputs[1], &call->inputs[2]); }

const operation_class operation_where = {
  .row = { .row = { ROW_TEXTS("where", "a where the condition holds, else b; broadcast", "x:gt(0):where(x, 0)"),
                    ROW_OPTIONS(choose_options) },
           .inputs = 3,
           .results = 1,
           .dtypes = 1 << MOTH_BOOL,
           .flags = MOTH_METHOD | MOTH_NUMBERS },
  .apply = apply_where,
};

static moth_status check_mask(const operation_call *call) {
  const moth_value *mask = &call->inputs[1];
  if (mask->kind == MOTH_TENSOR_VALUE && mask->as.tensor->dtype == MOTH_BOOL) return MOTH_OK;
  return context_fail(call->m, MOTH_DTYPE, call->where, "the mask must be a bool tensor, got %s", operation_value_text(mask).text);
}

static moth_status apply_masked_fill(const operation_call *call) {
  moth_status status = check_mask(call);
  return status != MOTH_OK ? status : choose(call, &call->inputs[1], &call->inputs[2], &call->inputs[0]);
}

const operation_class operation_masked_fill = {
  .row = { .row = { ROW_TEXTS("masked_fill", "the value where the mask holds, else x", "x:masked_fill(x:isnan(), 0)"),
                    ROW_OPTIONS(choose_options) },
           .inputs = 3,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_TWIN | MOTH_NUMBERS },
  .twin = "masked_fill_",
  .apply = apply_masked_fill,
};

/* A mask over the first axes of a tensor: each of its elements stands for one inner block. */
typedef struct picking {
  loops_walk inner; /* of a block: [0] the packed side, [1] the tensor's; at is set for each block */
  bool is_row;      /* a block is contiguous */
  int64_t block_bytes, count;
  char *packed; /* blocks side by side; NULL: only counting */
  loops_cast_function move;
  bool writes; /* packed into the tensor, else the other way */
} picking;

static void copy_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  const picking *p = data;
  if (p->writes) p->move(at[0], steps[0], at[1], steps[1], n);
  else p->move(at[1], steps[1], at[0], steps[0], n);
}

static void pick_run(void *data, char *const *at, const int64_t *steps, int64_t n) {
  picking *p = data;
  for (int64_t i = 0; i < n; i++) {
    if (!*(const uint8_t *)(at[0] + i * steps[0])) continue;
    char *packed = p->packed ? p->packed + p->count * p->block_bytes : NULL, *place = at[1] + i * steps[1];
    p->count++;
    if (!packed || p->block_bytes == 0) continue;
    if (p->is_row) {
      if (p->writes) memcpy(place, packed, (size_t)p->block_bytes);
      else memcpy(packed, place, (size_t)p->block_bytes);
      continue;
    }
    p->inner.at[0] = packed, p->inner.at[1] = place;
    loops_run(NULL, &p->inner, copy_run, p);
  }
}

static void pick(picking *p, const moth_tensor *t, const moth_tensor *mask, char *packed) {
  p->packed = packed;
  p->count = 0;
  if (mask->count == 0) return;
  loops_walk walk = { .operands = 2, .at = { mask->values, t->values } };
  for (int i = 0; i < mask->rank; i++) {
    walk.size[i] = mask->size[i];
    walk.strides[0][i] = mask->strides[i];
    walk.strides[1][i] = t->strides[i] * (int64_t)dtype_size(t->dtype);
  }
  walk.rank = shape_merge(mask->rank, walk.size, 2, walk.strides);
  loops_run(NULL, &walk, pick_run, p);
}

/* Checks the mask against the first axes, and lays out the blocks behind them. */
static moth_status picking_open(const operation_call *call, const moth_tensor *t, picking *p, moth_shape *packed) {
  moth_status status = check_mask(call);
  if (status != MOTH_OK) return status;
  const moth_tensor *mask = operation_tensor(call, 1);
  if (mask->rank > t->rank || !shape_equal(mask->rank, mask->size, mask->rank, t->size)) {
    return context_fail(call->m, MOTH_SHAPE, call->where, "the mask %s does not cover the first axes of %s", tensor_text(mask).text,
                        tensor_text(t).text);
  }
  int inner = t->rank - mask->rank;
  int64_t width = (int64_t)dtype_size(t->dtype), count;
  const int64_t *size = t->size + mask->rank, *strides = t->strides + mask->rank;
  bool fits = shape_count(inner, size, &count);
  *p =
      (picking) { .inner = { .operands = 2 }, .is_row = shape_is_contiguous(inner, size, strides), .move = loops_cast(t->dtype, t->dtype) };
  p->block_bytes = fits ? count * width : 0;
  shape_strides(inner, size, p->inner.strides[0]);
  for (int i = 0; i < inner; i++) {
    p->inner.size[i] = size[i];
    p->inner.strides[0][i] *= width;
    p->inner.strides[1][i] = strides[i] * width;
  }
  p->inner.rank = shape_merge(inner, p->inner.size, 2, p->inner.strides);
  pick(p, t, mask, NULL);
  *packed = shape_of(inner, size);
  memmove(packed->size + 1, packed->size, (size_t)inner * sizeof *packed->size);
  packed->size[0] = p->count;
  packed->rank = inner + 1;
  if (packed->rank <= MOTH_MAX_RANK) return MOTH_OK;
  return context_fail(call->m, MOTH_LIMIT, call->where, "a tensor has at most %d axes, got %d", MOTH_MAX_RANK, packed->rank);
}

static moth_status apply_mask_select(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *out;
  picking p;
  moth_shape shape = { .rank = 0 };
  moth_status status = picking_open(call, t, &p, &shape);
  if (status == MOTH_OK) status = tensor_new(call->m, call->where, t->dtype, shape.rank, shape.size, false, &out);
  if (status != MOTH_OK) return status;
  pick(&p, t, operation_tensor(call, 1), out->values);
  operation_give(call, 0, out);
  return MOTH_OK;
}

const operation_class operation_mask_select = {
  .row = { .row = { ROW_TEXTS("mask_select", "the elements, or rows, where the mask holds, in order; t[mask] in scripts",
                              "x:mask_select(x:gt(0))") },
           .inputs = 2,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_mask_select,
};

/* The value as what goes into the picked places: contiguous, of their shape and dtype. */
static moth_status packed_value(const operation_call *call, const moth_tensor *t, const moth_shape *shape, moth_tensor **packed) {
  const moth_value *value = &call->inputs[2];
  moth_status status = tensor_new(call->m, call->where, t->dtype, shape->rank, shape->size, false, packed);
  if (status != MOTH_OK) return status;
  if (value->kind != MOTH_TENSOR_VALUE) {
    uint64_t element;
    status = operation_number(call, value, t->dtype, t, &element);
    if (status == MOTH_OK) tensor_fill(*packed, &element);
  } else {
    moth_tensor *seen = NULL;
    status = moth_tensor_expand(call->m, value->as.tensor, shape->rank, shape->size, &seen);
    status = context_within(call->m, status, call->where);
    if (status == MOTH_OK) status = tensor_copy(call->m, call->where, seen, *packed);
    moth_release(seen);
  }
  if (status != MOTH_OK) moth_release(*packed);
  return status;
}

static moth_status apply_masked_put(const operation_call *call) {
  moth_tensor *t = operation_tensor(call, 0), *packed, *mask = operation_tensor(call, 1), *apart = NULL;
  picking p;
  moth_shape shape = { .rank = 0 };
  moth_status status = picking_open(call, t, &p, &shape);
  if (status == MOTH_OK) status = packed_value(call, t, &shape, &packed);
  if (status != MOTH_OK) return status;
  if (tensor_overlaps(mask, t)) {
    status = tensor_clone(call->m, call->where, mask, MOTH_BOOL, &apart);
    mask = apart;
  }
  if (status == MOTH_OK) {
    p.writes = true;
    pick(&p, t, mask, packed->values);
  }
  moth_release(apart);
  moth_release(packed);
  return status == MOTH_OK ? operation_give_self(call) : status;
}

const operation_class operation_masked_put_ = {
  .row = { .row = { ROW_TEXTS("masked_put_", "puts the value where the mask holds; t[mask] = v in scripts", "x:masked_put_(x:lt(0), 0)") },
           .inputs = 3,
           .results = 1,
           .dtypes = ALL_DTYPES,
           .flags = MOTH_METHOD | MOTH_ONLY_TWIN | MOTH_NUMBERS },
  .apply = apply_masked_put,
};
