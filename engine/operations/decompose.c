/* Factors of matrices and of stacks of them: cholesky, qr, svd, eigh. Signs are LAPACK's. */
#include "operations/matrices.h"

static const moth_option_row real_options[] = { OPTION_REAL };

/* One matrix into its factors. */
static linear_outcome factor(linear *work, linear_task task, const void *a, char *const *out) {
  switch (task) {
  case LINEAR_CHOLESKY:
    return linear_cholesky(work, a, out[0]);
  case LINEAR_EIGH:
    return linear_eigh(work, a, out[0], out[1]);
  case LINEAR_QR:
    return linear_qr(work, a, out[0], out[1]);
  default:
    return linear_svd(work, a, out[0], out[1], out[2]);
  }
}

/* The sizes of a factor behind the stack's axes; 0 where there is no such factor. */
static int factor_sizes(linear_task task, int index, int64_t rows, int64_t columns, int64_t sizes[2]) {
  int64_t least = rows < columns ? rows : columns;
  bool is_vector = (task == LINEAR_EIGH && index == 0) || (task == LINEAR_SVD && index == 1);
  static const int counts[] = { [LINEAR_CHOLESKY] = 1, [LINEAR_EIGH] = 2, [LINEAR_QR] = 2, [LINEAR_SVD] = 3 };
  if (index >= counts[task]) return 0;
  sizes[0] = is_vector || (index > 0 && task != LINEAR_EIGH) ? least : rows;
  sizes[1] = index == 0 && !is_vector ? least : columns;
  return is_vector ? 1 : 2;
}

static moth_status factor_each(const operation_call *call, linear_task task, moth_dtype dtype, const matrices *a,
                               moth_tensor *const *results) {
  moth *m = call->m;
  linear work;
  moth_status status = linear_open(&work, m, call->where, task, dtype, a->rows, a->columns, 0);
  if (status != MOTH_OK) return status;
  for (int64_t i = 0; status == MOTH_OK && i < a->count; i++) {
    char *out[3] = { NULL };
    for (int k = 0; k < 3 && results[k]; k++) {
      out[k] = results[k]->values + results[k]->count / a->count * i * (int64_t)dtype_size(dtype);
    }
    status = context_poll(m, call->where);
    if (status == MOTH_OK) status = matrices_end(call, &work, factor(&work, task, matrices_at(a, i), out), a, i, NULL);
  }
  linear_close(&work);
  return status;
}

static moth_status apply_factors(const operation_call *call) {
  linear_task task = (linear_task)call->class->code;
  moth_tensor *t = operation_tensor(call, 0), *results[3] = { NULL };
  matrices a = { NULL };
  moth_dtype dtype = MOTH_F32;
  int64_t sizes[2];
  int rank;
  moth_status status = matrices_check(call, t, task == LINEAR_CHOLESKY || task == LINEAR_EIGH);
  if (status == MOTH_OK) status = matrices_dtype(call, 0, &dtype);
  if (status == MOTH_OK) status = matrices_open(call, t, dtype, &a);
  if (status != MOTH_OK) return status;
  moth_shape batch = matrices_batch(&a);
  for (int k = 0; status == MOTH_OK && k < 3 && (rank = factor_sizes(task, k, a.rows, a.columns, sizes)) > 0; k++) {
    status = matrices_give(call, k, dtype, &batch, rank, sizes, &results[k]);
  }
  if (status == MOTH_OK && a.count > 0) status = factor_each(call, task, dtype, &a, results);
  moth_release(a.tensor);
  return status;
}

const operation_class operation_cholesky = {
  .row = { .row = { ROW_TEXTS("cholesky",
                              "the lower triangular l of a = l·lᵀ, for a symmetric positive definite matrix or each of a stack\n[n,n] "
                              "gives [n,n]; only the lower triangle of a is read",
                              "moth.tensor{ {4, 2}, {2, 3} }:cholesky()"),
                    ROW_OPTIONS(real_options), .foreign = "chol potrf" },
           .inputs = 1,
           .results = 1,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD },
  .apply = apply_factors,
  .code = LINEAR_CHOLESKY,
};
const operation_class operation_qr = {
  .row = { .row = { ROW_TEXTS("qr",
                              "q with orthonormal columns and the upper triangular r of a = q·r\n[rows,columns] gives [rows,k] and "
                              "[k,columns], k = min(rows, columns); by Householder reflections, so that r's diagonal has either sign",
                              "moth.tensor{ {1, 2}, {3, 4}, {5, 6} }:qr()"),
                    ROW_OPTIONS(real_options), .foreign = "geqrf" },
           .inputs = 1,
           .results = 2,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "q, r" },
  .apply = apply_factors,
  .code = LINEAR_QR,
};
const operation_class operation_svd = {
  .row = { .row = { ROW_TEXTS("svd",
                              "u, s and vt of a = u·diag(s)·vt: singular values descending, u's columns and vt's rows orthonormal\n"
                              "[rows,columns] gives [rows,k], [k] and [k,columns], k = min(rows, columns); vt is v transposed, as in NumPy "
                              "and torch.linalg, so that (u * s):matmul(vt) is a again (LAPACK gesdd)",
                              "moth.tensor{ {1, 2}, {3, 4}, {5, 6} }:svd()"),
                    ROW_OPTIONS(real_options), .foreign = "gesdd" },
           .inputs = 1,
           .results = 3,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "u, s, vt" },
  .apply = apply_factors,
  .code = LINEAR_SVD,
};
const operation_class operation_eigh = {
  .row = { .row = { ROW_TEXTS("eigh",
                              "eigenvalues, ascending, and eigenvectors, in columns, of a symmetric matrix or of each of a stack\n[n,n] "
                              "gives [n] and [n,n] with a·v = v·diag(values); only the lower triangle of a is read (LAPACK syevd)",
                              "moth.tensor{ {2, 1}, {1, 2} }:eigh()"),
                    ROW_OPTIONS(real_options), .foreign = "symeig syevd" },
           .inputs = 1,
           .results = 2,
           .dtypes = NUMBER_DTYPES,
           .flags = MOTH_METHOD,
           .gives = "values, vectors" },
  .apply = apply_factors,
  .code = LINEAR_EIGH,
};
