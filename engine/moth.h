/* moth.h: the engine as a C program sees it. The only public header of libmoth.
 *
 * Everything hangs on a context (`moth *m`), used by one thread at a time; any number of contexts may live side by side. Every function
 * that can fail returns a moth_status and hands its results out through its last parameters, which are set only on success; the words for
 * the last failure are moth_message(m). Handles are reference counted: what a function hands out belongs to the caller, who gives it back
 * with moth_release. Shapes are in [rows, columns] order, sizes count elements, positions count from 0; values in class and index tensors
 * count from moth_config.index_base.
 *
 * Process-wide effects, all of them: OpenBLAS, loaded at the first matrix product that wants it, keeps buffers and a thread of its own and
 * is set to one thread unless config.keep_blas_threads; a sequential OpenBLAS build is guarded by one lock. */
#ifndef MOTH_H
#define MOTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOTH_VERSION "0.1.0"
#if defined(__GNUC__)
#define MOTH_API __attribute__((visibility("default")))
#else
#define MOTH_API
#endif

/* ---- Status ------------------------------------------------------------------------------------------------------------------- */

typedef enum moth_status {
  MOTH_OK = 0,
  MOTH_MEMORY,     /* the allocator refused */
  MOTH_LIMIT,      /* a named limit (memory, file size, rank, 2^63) would be passed */
  MOTH_MISUSE,     /* a null, closed, foreign or wrong handle; a call out of order */
  MOTH_OPTION,     /* an unknown, missing, surplus or ill-typed option, or a value out of its range */
  MOTH_SHAPE,      /* shapes that do not fit */
  MOTH_DTYPE,      /* a dtype that does not fit */
  MOTH_INDEX,      /* an index, axis or class out of range */
  MOTH_FILE,       /* a file cannot be opened, read, written or replaced */
  MOTH_FORMAT,     /* a file's contents are not what its format promises */
  MOTH_DATA,       /* data that cannot be used: nan where numbers are needed, no rows */
  MOTH_NUMERIC,    /* a loss or a factorisation is not finite */
  MOTH_CANCELLED,  /* moth_cancel was called */
  MOTH_CALLBACK,   /* a function of the host's failed; its own error is the host's to tell */
  MOTH_MISSING,    /* a shared library that this call needs is not installed */
  MOTH_STATUSES
} moth_status;

/* "MOTH_SHAPE" and so on; "unknown status" for anything else. */
MOTH_API const char *moth_status_name(moth_status status);

/* ---- Context ------------------------------------------------------------------------------------------------------------------ */

typedef struct moth moth;

/* Resizes `block` of `old_size` bytes to `new_size`: block NULL allocates, new_size 0 frees and returns NULL. Memory aligned as malloc's.
 * NULL on failure leaves the block as it was. Called only from the thread that is inside a call with this context. */
typedef void *(*moth_resize_function)(void *data, void *block, size_t old_size, size_t new_size);
typedef void (*moth_log_function)(void *data, const char *line);

typedef struct moth_config {
  size_t size;                  /* sizeof(moth_config), so that later fields can be told from absent ones */
  moth_resize_function resize;  /* NULL: realloc and free */
  void *resize_data;
  uint64_t memory_limit;        /* bytes held at once; 0: none */
  int threads;                  /* 0: one. At most 256 */
  moth_log_function log;        /* NULL: none; told how each training ended */
  void *log_data;
  uint64_t seed;                /* of the context's generator */
  int index_base;               /* 0 or 1: what class and index values count from */
  bool keep_blas_threads;       /* leave OpenBLAS's thread count alone */
  const char *kernels;          /* NULL: the best this processor runs; or "portable", "avx2", "avx512" */
} moth_config;

/* A new context; config may be NULL. MOTH_MEMORY, MOTH_OPTION (use moth_status_name: there is no context to ask). */
MOTH_API moth_status moth_open(const moth_config *config, moth **m);
/* Makes all handles of the context inert; memory goes with the last handle's release. NULL is allowed. */
MOTH_API void moth_close(moth *m);
/* Words for the last failure: "where: what, expected and got", further lines are indented hints. Never NULL; valid until the next call. */
MOTH_API const char *moth_message(const moth *m);
/* Asks what is running to stop; safe from any thread and from a signal handler. Stays set until a call returns MOTH_CANCELLED,
 * a training ends as "interrupt", or moth_cancel_taken reads it. */
MOTH_API void moth_cancel(moth *m);
/* Whether a cancel was pending; clears it. */
MOTH_API bool moth_cancel_taken(moth *m);

MOTH_API int moth_threads(const moth *m);                     /* how many threads work for the context, its caller's among them */
MOTH_API moth_status moth_set_threads(moth *m, int threads);  /* 1..256; results do not depend on it */
MOTH_API uint64_t moth_memory_used(const moth *m);            /* bytes held now */
MOTH_API uint64_t moth_memory_peak(const moth *m);            /* the most bytes ever held */
MOTH_API uint64_t moth_memory_calls(const moth *m);           /* of the allocator, so far: a loop can show that it makes none */
MOTH_API uint64_t moth_memory_limit(const moth *m);           /* 0: none */
MOTH_API void moth_set_memory_limit(moth *m, uint64_t bytes); /* 0: none */
MOTH_API int moth_index_base(const moth *m);                  /* 0 or 1: what class and index values count from */
MOTH_API const char *moth_kernels(const moth *m);             /* "portable", "avx2" or "avx512" */
MOTH_API void moth_seed(moth *m, uint64_t seed);              /* sets the context's generator to (seed, 0) and nothing else */
/* Gives back memory that a call handed out as plain bytes. */
MOTH_API void moth_free(moth *m, void *bytes, size_t size);

/* ---- Handles ------------------------------------------------------------------------------------------------------------------ */

typedef enum moth_object_kind {
  MOTH_TENSOR_OBJECT = 1, MOTH_GENERATOR_OBJECT, MOTH_PART_OBJECT, MOTH_NET_OBJECT, MOTH_DATASET_OBJECT, MOTH_BATCHES_OBJECT,
  MOTH_TRAINER_OBJECT, MOTH_RUN_OBJECT
} moth_object_kind;

typedef struct moth_tensor moth_tensor;
typedef struct moth_generator moth_generator;
typedef struct moth_part moth_part;        /* a component with its options: a layer, a loss, an optimizer … */
typedef struct moth_net moth_net;
typedef struct moth_dataset moth_dataset;
typedef struct moth_batches moth_batches;
typedef struct moth_trainer moth_trainer;
typedef struct moth_run moth_run;

/* One more owner of any handle; returns it. */
MOTH_API void *moth_retain(void *handle);
/* One owner less; the last frees it. NULL is allowed. */
MOTH_API void moth_release(void *handle);
/* The kind of a live handle. */
MOTH_API moth_object_kind moth_kind(const void *handle);

/* ---- Options ------------------------------------------------------------------------------------------------------------------ */

typedef enum moth_option_kind {
  MOTH_OPTION_END = 0,
  MOTH_OPTION_INT = 1 << 0,
  MOTH_OPTION_REAL = 1 << 1,
  MOTH_OPTION_TEXT = 1 << 2,
  MOTH_OPTION_FLAG = 1 << 3,
  MOTH_OPTION_INTS = 1 << 4,
  MOTH_OPTION_REALS = 1 << 5,
  MOTH_OPTION_TEXTS = 1 << 6,
  MOTH_OPTION_TENSOR = 1 << 7,
  MOTH_OPTION_PART = 1 << 8,    /* a component; a TEXT is taken as its name with default options */
  MOTH_OPTION_PARTS = 1 << 9,   /* a list of components; one PART is a list of one; TEXTS are names */
  MOTH_OPTION_CALL = 1 << 10,
  MOTH_OPTION_OBJECT = 1 << 11, /* another handle */
  MOTH_OPTION_OPTIONS = 1 << 12 /* a table with its own schema */
} moth_option_kind;

/* A function of the host's. `function` is cast to the type its option names (moth_call_kind); `release` (NULL: none) is called once with
 * `data` when the engine lets go of a call that it has taken, which it does only where the taking function succeeds. */
typedef struct moth_call {
  void (*function)(void);
  void *data;
  void (*release)(void *data);
} moth_call;

typedef struct moth_option {
  const char *key;              /* NULL: the next positional option */
  moth_option_kind kind;        /* MOTH_OPTION_END ends a list */
  size_t count;                 /* of INTS, REALS, TEXTS, PARTS */
  union {
    int64_t integer;
    double real;
    const char *text;
    bool flag;
    const int64_t *integers;
    const double *reals;
    const char *const *texts;
    moth_tensor *tensor;
    moth_part *part;
    moth_part *const *parts;
    moth_call call;
    void *object;
    const struct moth_option *options;
  } as;
} moth_option;

/* Options as a C host writes them: (moth_option[]){ MOTH_INT("units", 128), MOTH_TEXT("activation", "relu"), MOTH_END }. Names match
 * schema keys exactly; a NULL key is the next positional option. */
#define MOTH_INT(name, value) { .key = (name), .kind = MOTH_OPTION_INT, .as.integer = (value) }
#define MOTH_REAL(name, value) { .key = (name), .kind = MOTH_OPTION_REAL, .as.real = (value) }
#define MOTH_TEXT(name, value) { .key = (name), .kind = MOTH_OPTION_TEXT, .as.text = (value) }
#define MOTH_FLAG(name, value) { .key = (name), .kind = MOTH_OPTION_FLAG, .as.flag = (value) }
#define MOTH_INTS(name, n, values) { .key = (name), .kind = MOTH_OPTION_INTS, .count = (n), .as.integers = (values) }
#define MOTH_REALS(name, n, values) { .key = (name), .kind = MOTH_OPTION_REALS, .count = (n), .as.reals = (values) }
#define MOTH_TEXTS(name, n, values) { .key = (name), .kind = MOTH_OPTION_TEXTS, .count = (n), .as.texts = (values) }
#define MOTH_TENSOR(name, value) { .key = (name), .kind = MOTH_OPTION_TENSOR, .as.tensor = (value) }
#define MOTH_PART(name, value) { .key = (name), .kind = MOTH_OPTION_PART, .as.part = (value) }
#define MOTH_PARTS(name, n, values) { .key = (name), .kind = MOTH_OPTION_PARTS, .count = (n), .as.parts = (values) }
#define MOTH_CALL(name, f, d, r) { .key = (name), .kind = MOTH_OPTION_CALL, .as.call = { (void (*)(void))(f), (d), (r) } }
#define MOTH_OBJECT(name, value) { .key = (name), .kind = MOTH_OPTION_OBJECT, .as.object = (value) }
#define MOTH_OPTIONS(name, list) { .key = (name), .kind = MOTH_OPTION_OPTIONS, .as.options = (list) }
#define MOTH_END { .kind = MOTH_OPTION_END }

typedef enum moth_part_kind {
  MOTH_LAYER, MOTH_ACTIVATION, MOTH_LOSS, MOTH_METRIC, MOTH_OPTIMIZER, MOTH_SCHEDULE, MOTH_INITIALIZER, MOTH_READER,
  MOTH_FUNCTION,                /* functions that take options but make no component: net, train, dataset, split, batches … */
  MOTH_PART_KINDS
} moth_part_kind;

/* What an option that takes a function expects; the typedefs stand with the tasks they serve. */
typedef enum moth_call_kind {
  MOTH_NO_CALL, MOTH_INITIALIZE_CALL, MOTH_SCHEDULE_CALL, MOTH_METRIC_CALL, MOTH_EPOCH_CALL, MOTH_BATCH_CALL, MOTH_PROGRESS_CALL
} moth_call_kind;

enum { /* flags of an option row */
  MOTH_REQUIRED = 1,
  MOTH_REST = 2,                /* the last positional: takes all positionals that remain, as a list */
  MOTH_BUILDING = 4,            /* needed only while building: neither saved in files nor compared on resume */
  MOTH_LIVE = 8,                /* may be changed later with moth_part_set */
  MOTH_LOW_OPEN = 16, MOTH_HIGH_OPEN = 32, /* the range's end is not in it */
  MOTH_RANGED = 64,             /* low and high bound the number (each one of a list) */
  MOTH_POSITION = 128           /* axes or positions: from 0 in C, negative from the end. Scripts count from 1: the bindings pass n-1 for
                                   n > 0, n for n < 0 and INT64_MIN for 0, which then is told as "0" */
};

/* One option of a schema. */
typedef struct moth_option_row {
  const char *key;
  const char *doc;              /* one line */
  unsigned kinds;               /* moth_option_kind bits accepted */
  int position;                 /* 1, 2 … among positionals; 0: by name only */
  unsigned flags;
  double low, high;             /* with MOTH_RANGED */
  moth_option fallback;         /* the value when absent; kind END: stays unset */
  unsigned parts;               /* for PART, PARTS: 1 << moth_part_kind accepted */
  moth_object_kind object;      /* for OBJECT: the handle's kind */
  moth_call_kind call;          /* for CALL */
  const char *choices;          /* for TEXT(S): space-separated allowed words; NULL: any */
  const struct moth_row *schema;/* for OPTIONS */
  const char *foreign;          /* other libraries' names for it, space-separated: answered by name, never accepted */
} moth_option_row;

/* The public head of every catalog row. Rows are constant. */
typedef struct moth_row {
  const char *name;
  const char *doc;              /* first line: what it does; further lines: formula, shapes, source */
  const moth_option_row *options;
  int option_count;
  const char *example;          /* one line of Lua; NULL: none */
  const char *foreign;          /* other libraries' names for it, space-separated */
} moth_row;

/* Catalogs: every component, function and reader, built in or registered by the host; NULL past the end. */
MOTH_API const moth_row *moth_catalog(const moth *m, moth_part_kind kind, int index);
/* A row by its name; NULL where there is none. */
MOTH_API const moth_row *moth_find(const moth *m, moth_part_kind kind, const char *name);
MOTH_API const char *moth_part_kind_name(moth_part_kind kind); /* "layer", "loss" … */

/* ---- Components --------------------------------------------------------------------------------------------------------------- */

/* A component from its row's name and options (NULL: none). MOTH_OPTION with the nearest right name. */
MOTH_API moth_status moth_part_create(moth *m, moth_part_kind kind, const char *name, const moth_option *options, moth_part **part);
MOTH_API moth_part_kind moth_part_kind_of(const moth_part *part);
/* The row that it was made from. */
MOTH_API const moth_row *moth_part_row(const moth_part *part);
/* The value of an option by its key, borrowed; kind END where unset. */
MOTH_API moth_status moth_part_get(moth *m, const moth_part *part, const char *key, moth_option *value);
/* Changes an option whose row says MOTH_LIVE (an optimizer's lr). */
MOTH_API moth_status moth_part_set(moth *m, moth_part *part, const moth_option *value);
/* How scripts write it: `dense(10, "softmax")`. Truncated to size; the full length without the final 0 is the result. */
MOTH_API size_t moth_part_text(const moth_part *part, char *buffer, size_t size);

/* ---- Random ------------------------------------------------------------------------------------------------------------------- */

/* Philox4x32-10 (Salmon et al. 2011): a generator is (seed, position). */
MOTH_API moth_status moth_generator_create(moth *m, uint64_t seed, moth_generator **generator);
/* The context's own generator, set by moth_seed; a new reference. */
MOTH_API moth_status moth_generator_default(moth *m, moth_generator **generator);
MOTH_API uint64_t moth_generator_seed(const moth_generator *generator);     /* as given when it was made or set */
MOTH_API uint64_t moth_generator_position(const moth_generator *generator); /* in blocks of four 32-bit words */
/* What is drawn next is what a new generator of this seed draws after `position` blocks. */
MOTH_API void moth_generator_set(moth_generator *generator, uint64_t seed, uint64_t position);

/* ---- Tensors ------------------------------------------------------------------------------------------------------------------ */

typedef enum moth_dtype { MOTH_F32, MOTH_F64, MOTH_I64, MOTH_U8, MOTH_BOOL, MOTH_DTYPES } moth_dtype;
enum { MOTH_MAX_RANK = 8 };

MOTH_API const char *moth_dtype_name(moth_dtype dtype);                /* "f32" … */
MOTH_API bool moth_dtype_find(const char *name, moth_dtype *dtype);    /* false, and *dtype as it was, where there is no such name */
MOTH_API size_t moth_dtype_size(moth_dtype dtype);                     /* bytes of an element */

/* A new tensor of zeros, row-major. rank 0 has one element; sizes may be 0. */
MOTH_API moth_status moth_tensor_create(moth *m, moth_dtype dtype, int rank, const int64_t *shape, moth_tensor **t);
/* A new tensor with a copy of `values`, row-major, of `dtype`. */
MOTH_API moth_status moth_tensor_copy_in(moth *m, moth_dtype dtype, int rank, const int64_t *shape, const void *values, moth_tensor **t);
/* Wraps the host's memory (strides in elements; NULL: row-major); release(data) is called when the last view is gone. */
MOTH_API moth_status moth_tensor_wrap(moth *m, moth_dtype dtype, int rank, const int64_t *shape, const int64_t *strides, void *values,
                                      bool read_only, void (*release)(void *data), void *data, moth_tensor **t);
MOTH_API moth_dtype moth_tensor_dtype(const moth_tensor *t);
MOTH_API int moth_tensor_rank(const moth_tensor *t);                  /* how many axes */
MOTH_API const int64_t *moth_tensor_shape(const moth_tensor *t);      /* size of each axis; lives as long as the tensor */
MOTH_API const int64_t *moth_tensor_strides(const moth_tensor *t);    /* in elements */
MOTH_API int64_t moth_tensor_count(const moth_tensor *t);             /* elements */
MOTH_API bool moth_tensor_is_contiguous(const moth_tensor *t);        /* row-major without gaps */
MOTH_API bool moth_tensor_is_read_only(const moth_tensor *t);
MOTH_API uint64_t moth_tensor_storage_bytes(const moth_tensor *t);    /* of the storage that it shares with its views */
/* The first element; use the strides. NULL where the tensor is empty. */
MOTH_API const void *moth_tensor_values(const moth_tensor *t);
/* The same for writing; NULL for a read-only tensor. */
MOTH_API void *moth_tensor_values_mutable(moth_tensor *t);
/* Elements in row-major order into `values` (moth_tensor_count elements of the tensor's dtype). */
MOTH_API moth_status moth_tensor_copy_out(moth *m, const moth_tensor *t, void *values);
/* "f32[64,10]": truncated to size; the full length is the result. */
MOTH_API size_t moth_tensor_text(const moth_tensor *t, char *buffer, size_t size);

/* Views: they share storage and keep it alive. Axes count from 0. */
MOTH_API moth_status moth_tensor_select(moth *m, moth_tensor *t, int axis, int64_t index, moth_tensor **view);
/* Elements first, first + step … (count of them) along the axis; step may be negative, not 0. */
MOTH_API moth_status moth_tensor_slice(moth *m, moth_tensor *t, int axis, int64_t first, int64_t count, int64_t step, moth_tensor **view);
/* The axes in another order: axis i of the view is axes[i] of t. */
MOTH_API moth_status moth_tensor_permute(moth *m, moth_tensor *t, const int *axes, moth_tensor **view);
/* A view with another shape (one size may be -1); MOTH_SHAPE where strides do not allow it. */
MOTH_API moth_status moth_tensor_view(moth *m, moth_tensor *t, int rank, const int64_t *shape, moth_tensor **view);
/* As moth_tensor_view, but copies where it must. */
MOTH_API moth_status moth_tensor_reshape(moth *m, moth_tensor *t, int rank, const int64_t *shape, moth_tensor **result);
/* Broadcast to a larger shape, with stride 0; the view is read-only. */
MOTH_API moth_status moth_tensor_expand(moth *m, moth_tensor *t, int rank, const int64_t *shape, moth_tensor **view);

/* One element by its position, converted; MOTH_INDEX, MOTH_OPTION (out of the dtype's range, or not whole). */
MOTH_API moth_status moth_tensor_get(moth *m, const moth_tensor *t, const int64_t *index, double *value);
MOTH_API moth_status moth_tensor_set(moth *m, moth_tensor *t, const int64_t *index, double value);
MOTH_API moth_status moth_tensor_get_int(moth *m, const moth_tensor *t, const int64_t *index, int64_t *value);
MOTH_API moth_status moth_tensor_set_int(moth *m, moth_tensor *t, const int64_t *index, int64_t value);

/* ---- Operations --------------------------------------------------------------------------------------------------------------- */

typedef enum moth_value_kind {
  MOTH_NO_VALUE, MOTH_TENSOR_VALUE, MOTH_REAL_VALUE, MOTH_INT_VALUE, MOTH_FLAG_VALUE, MOTH_TENSORS_VALUE
} moth_value_kind;
typedef struct moth_value {
  moth_value_kind kind;
  union {
    moth_tensor *tensor; double real; int64_t integer; bool flag;
    struct { moth_tensor **items; int64_t count; } list;
  } as;
} moth_value;
/* Releases what a result holds: its tensor, or its list with all tensors in it; the value is MOTH_NO_VALUE then. */
MOTH_API void moth_value_release(moth *m, moth_value *value);

enum { MOTH_MAX_INPUTS = 8, MOTH_MAX_RESULTS = 8 };
enum { /* flags of an operation */
  MOTH_METHOD = 1,              /* a method of its first input */
  MOTH_CREATES = 2,             /* a function of the module: takes no tensor, or a list of them */
  MOTH_TWIN = 4,                /* has an in-place twin, `name_` */
  MOTH_ONLY_TWIN = 8,           /* is itself in place: fill_, copy_, zero_ */
  MOTH_LIST = 16,               /* takes a list of tensors: cat, stack */
  MOTH_SAMPLES = 32,            /* draws: takes gen= */
  MOTH_NUMBERS = 64,            /* inputs after the first (with two inputs: either one) may be numbers */
  MOTH_MANY = 128,              /* gives one list of tensors (MOTH_TENSORS_VALUE), as many as the data says: split, unbind */
  MOTH_SPREAD = 256,            /* scripts may give its list's tensors one by one: meshgrid(x, y) */
  MOTH_OF_DEFAULT = 512         /* without `dtype` it makes f32, or what a language has for its default: zeros, range, randn */
};

/* What tensors can do; one row an operation. Axes in options count from 0, negative from the end, whatever the index base. Where integers
 * may become floats, an option `real` ("f32", "f64") says which, f32 where it is absent; what makes tensors takes `dtype` instead. */
typedef struct moth_operation {
  moth_row row;                 /* name, doc, options, example */
  int inputs, optional;         /* tensors (or numbers) it takes; how many of the last may be missing */
  int results;
  unsigned dtypes;              /* 1 << moth_dtype of its first input */
  unsigned flags;
  const char *gives;            /* what it gives, for help: "values, indices"; NULL: "tensor" */
} moth_operation;

MOTH_API const moth_operation *moth_operation_at(const moth *m, int index); /* NULL past the end */
MOTH_API const moth_operation *moth_operation_find(const moth *m, const char *name);
/* Runs an operation. in_place: the twin, writing into inputs[0]. `results` has room for MOTH_MAX_RESULTS; result tensors are new
 * references, to be given back with moth_release (or moth_value_release); *count is how many there are. Overlap gives what a copy would. */
MOTH_API moth_status moth_apply(moth *m, const moth_operation *operation, bool in_place, const moth_value *inputs, int input_count,
                                const moth_option *options, moth_value *results, int *count);

/* ---- Losses, metrics, optimizers ---------------------------------------------------------------------------------------------- */

/* loss(p, t): the value, and where gradient is not NULL dE/dp, shaped and typed as p. p f32 or f64 [rows, …]; t of p's shape, or
 * class numbers i64[rows] where the loss takes them. */
MOTH_API moth_status moth_loss_value(moth *m, const moth_part *loss, const moth_tensor *p, const moth_tensor *t, double *value,
                                     moth_tensor **gradient);
/* metric(p, t); a loss serves as a metric too. */
MOTH_API moth_status moth_metric_value(moth *m, const moth_part *metric, const moth_tensor *p, const moth_tensor *t, double *value);
/* Updates the net's parameters from its gradients (as net:backward or moth_net_backprop left them). An optimizer serves one net. */
MOTH_API moth_status moth_optimizer_step(moth *m, moth_part *optimizer, moth_net *net);
typedef moth_status (*moth_metric_function)(void *data, const moth_tensor *p, const moth_tensor *t, double *value);
/* A metric from such a function, called with each batch and averaged by rows; `name` names its column. For the option metrics. */
MOTH_API moth_status moth_metric_create(moth *m, const char *name, const moth_call *call, moth_part **metric);
typedef moth_status (*moth_schedule_function)(void *data, int64_t epoch, double base, double *lr); /* epoch counts from 1 */
/* Fills the tensor (f64, contiguous); `inputs` and `outputs` are the layer's fans. */
typedef moth_status (*moth_initialize_function)(void *data, moth_tensor *values, int64_t inputs, int64_t outputs);

/* ---- Networks ----------------------------------------------------------------------------------------------------------------- */

/* Options: input = INT | INTS (shape of a sample), dtype = TEXT ("f32"), name, origin, seed; layers = PARTS (positional, rest). */
MOTH_API moth_status moth_net_create(moth *m, const moth_option *options, moth_net **net);
/* A net of its own with the same layers, parameters and buffers. */
MOTH_API moth_status moth_net_clone(moth *m, const moth_net *net, moth_net **copy);
MOTH_API moth_dtype moth_net_dtype(const moth_net *net);
MOTH_API int64_t moth_net_parameter_count(const moth_net *net);       /* shared ones once */

typedef struct moth_shape { int rank; int64_t size[MOTH_MAX_RANK]; } moth_shape;
typedef struct moth_layer_info {
  const moth_part *part;        /* as the script made it */
  const char *origin;           /* where: "digits.lua:5"; "" if unknown */
  moth_shape output;            /* of one sample */
  int64_t parameters;           /* of its own; 0 for a second use of the same layer */
  int first_use;                /* the position of the layer whose parameters it shares, or its own */
  bool frozen;
} moth_layer_info;

/* Shapes of one sample. */
MOTH_API moth_shape moth_net_input(const moth_net *net);
MOTH_API moth_shape moth_net_output(const moth_net *net);
MOTH_API int moth_net_layers(const moth_net *net);                    /* how many layers the script listed */
/* About a layer, from 0; what `info` points to lives as long as the net. */
MOTH_API moth_status moth_net_layer(moth *m, const moth_net *net, int layer, moth_layer_info *info);
/* Names of a layer's parameters ("weight", "bias") and buffers, NULL past the end. */
MOTH_API const char *moth_net_parameter_name(const moth_net *net, int layer, int index);
MOTH_API const char *moth_net_buffer_name(const moth_net *net, int layer, int index);
/* Views that write through: a parameter, its gradient (MOTH_MISUSE where the last pass left none), a buffer; "augmented" names a dense
 * layer's [inputs+1, outputs] block (without bias [inputs, outputs]). */
MOTH_API moth_status moth_net_parameter(moth *m, moth_net *net, int layer, const char *name, moth_tensor **view);
MOTH_API moth_status moth_net_gradient(moth *m, moth_net *net, int layer, const char *name, moth_tensor **view);
MOTH_API moth_status moth_net_buffer(moth *m, moth_net *net, int layer, const char *name, moth_tensor **view);
/* All parameters, or gradients, as one flat view, layer by layer. */
MOTH_API moth_status moth_net_parameters(moth *m, moth_net *net, moth_tensor **view);
MOTH_API moth_status moth_net_gradients(moth *m, moth_net *net, moth_tensor **view);
/* A layer's output in the last moth_net_forward or moth_net_backprop; overwritten by the next. */
MOTH_API moth_status moth_net_layer_output(moth *m, moth_net *net, int layer, moth_tensor **view);
/* A frozen layer keeps its parameters in training; so do all uses of the same layer. */
MOTH_API moth_status moth_net_freeze(moth *m, moth_net *net, int layer, bool frozen);

/* x is [rows, input…] of any dtype but bool tensors count 0 and 1; cast to the net's dtype where the layer is not an index input. */
MOTH_API moth_status moth_net_forward(moth *m, moth_net *net, const moth_tensor *x, moth_tensor **y);  /* trains: caches, dropout */
MOTH_API moth_status moth_net_predict(moth *m, moth_net *net, const moth_tensor *x, moth_tensor **y);  /* infers; leaves forward's caches */
/* dy is dE/d(output) of the last forward; gradients start from zero unless accumulate. dx may be NULL. */
MOTH_API moth_status moth_net_backward(moth *m, moth_net *net, const moth_tensor *dy, bool accumulate, moth_tensor **dx);
/* Forward, the loss fused with the last activation, backward, in one. */
MOTH_API moth_status moth_net_backprop(moth *m, moth_net *net, const moth_tensor *x, const moth_tensor *t, const moth_part *loss,
                                       double *value);
/* Class numbers i64[rows], counted from the index base: the largest output, or with one sigmoid output whether it is >= 0.5. */
MOTH_API moth_status moth_net_classify(moth *m, moth_net *net, const moth_tensor *x, moth_tensor **classes);
/* values[i] of metrics[i] (losses or metrics) over the data, in chunks. */
MOTH_API moth_status moth_net_evaluate(moth *m, moth_net *net, const moth_dataset *data, const moth_part *const *metrics, int count,
                                       double *values);
typedef struct moth_clip { double norm, order, value; } moth_clip; /* norm > 0: by global norm of that order (0: 2); value > 0: by value */
MOTH_API moth_status moth_net_clip(moth *m, moth_net *net, const moth_clip *clip, double *norm_before);
/* The largest relative error of all gradients against central differences, in f64, for a net, a loss and a batch. */
MOTH_API moth_status moth_net_check(moth *m, moth_net *net, const moth_tensor *x, const moth_tensor *t, const moth_part *loss,
                                    double *error);
/* What print(net) shows; with `chosen`, what the plan chose too. The text is the caller's: moth_free(m, *text, *size). */
MOTH_API moth_status moth_net_text(moth *m, const moth_net *net, bool chosen, char **text, size_t *size);

/* Model files: safetensors with the architecture in its metadata. */
MOTH_API moth_status moth_net_save(moth *m, const moth_net *net, const char *path);
MOTH_API moth_status moth_net_open(moth *m, const char *path, moth_net **net);
/* The same in memory; the bytes are the caller's: moth_free(m, *bytes, *size). */
MOTH_API moth_status moth_net_save_bytes(moth *m, const moth_net *net, void **bytes, size_t *size);
MOTH_API moth_status moth_net_open_bytes(moth *m, const void *bytes, size_t size, moth_net **net);
/* Weights of a file into this net; partial: those whose names match. */
MOTH_API moth_status moth_net_load(moth *m, moth_net *net, const char *path, bool partial);

/* ---- Tensor files ------------------------------------------------------------------------------------------------------------- */

typedef struct moth_named_tensor { const char *name; moth_tensor *tensor; } moth_named_tensor;

/* What a file holds, by the ending of its name: one tensor without a name (NULL) of .npy, .csv (numbers only: f64[rows, columns]) and IDX
 * files ("…-ubyte", ".idx"), named ones in the file's order of .npz and .safetensors. All but .npz may end in .gz too. What has no
 * dtype here is widened (float16, bfloat16: f32; small integers: i64) or refused by name (uint64, complex, texts, objects).
 * `mapped`: the tensors of a .npy or .safetensors file lie in the file itself, read-only, those in Fortran order with transposed strides;
 * MOTH_FORMAT where they cannot (other byte order, widening, unaligned). A mapped file must not be written to or cut short while they live
 * (moth_save, which replaces files, is safe): reading what is gone raises SIGBUS.
 * The list goes back with moth_load_free; a tensor that is to stay longer is retained first. */
MOTH_API moth_status moth_load(moth *m, const char *path, bool mapped, moth_named_tensor **items, int64_t *count);
/* The same from bytes in memory; `name` tells by its ending what they are, and stands in messages. */
MOTH_API moth_status moth_load_bytes(moth *m, const char *name, const void *bytes, size_t size, moth_named_tensor **items, int64_t *count);
/* Releases the tensors and the list. NULL is allowed. */
MOTH_API void moth_load_free(moth *m, moth_named_tensor *items, int64_t count);
/* Writes a file by the ending of its name: .npy and .csv (rank 1 or 2; numbers that read back as the same) take one tensor without a name,
 * .npz (stored, as np.savez) and .safetensors named ones, in the order given; all but .npz are packed where .gz follows. Atomic: on
 * failure what stood there before stands. */
MOTH_API moth_status moth_save(moth *m, const char *path, const moth_named_tensor *items, int64_t count);
/* The same into memory, never packed; the bytes are the caller's: moth_free(m, *bytes, *size). */
MOTH_API moth_status moth_save_bytes(moth *m, const char *name, const moth_named_tensor *items, int64_t count, void **bytes, size_t *size);
/* Writes bytes of the caller's own as a file, as atomically, packed where its name ends in .gz. `where` begins messages: "plot". */
MOTH_API moth_status moth_write_file(moth *m, const char *where, const char *path, const void *bytes, size_t size);

/* ---- Data --------------------------------------------------------------------------------------------------------------------- */

/* Options: x = TENSOR, y = TENSOR, weight = TENSOR (a sample), classes = TEXTS. The tensors are shared, not copied. */
MOTH_API moth_status moth_dataset_create(moth *m, const moth_option *options, moth_dataset **data);
/* A reader of the catalog by name ("csv", "idx") with its options; paths ending in .gz are unpacked. */
MOTH_API moth_status moth_read(moth *m, const char *reader, const char *path, const moth_option *options, moth_dataset **data);
/* An IDX file as a tensor of its own dtype. */
MOTH_API moth_status moth_read_idx(moth *m, const char *path, moth_tensor **t);
MOTH_API int64_t moth_dataset_rows(const moth_dataset *data);
MOTH_API int moth_dataset_class_count(const moth_dataset *data);      /* 0: y holds no classes */
MOTH_API const char *moth_dataset_class(const moth_dataset *data, int index); /* a class's name, from 0; NULL past the end */
/* "x", "y" or "weight"; NULL past the end. */
MOTH_API const char *moth_dataset_column(const moth_dataset *data, int index);
/* A column: the stored tensor for a whole unscaled set (writes reach it), else a gathered copy of what a net would see, read-only. */
MOTH_API moth_status moth_dataset_tensor(moth *m, const moth_dataset *data, const char *column, moth_tensor **t);
/* Shape of one sample and stored dtype of a column. */
MOTH_API moth_status moth_dataset_column_info(moth *m, const moth_dataset *data, const char *column, moth_dtype *dtype, moth_shape *sample);
/* Parts in proportion to the fractions (their sum <= 1); options: stratify, shuffle (true), seed. Index views, no copies. */
MOTH_API moth_status moth_dataset_split(moth *m, const moth_dataset *data, const double *fractions, int count, const moth_option *options,
                                        moth_dataset **parts);
/* The first rows, as a view. */
MOTH_API moth_status moth_dataset_take(moth *m, const moth_dataset *data, int64_t rows, moth_dataset **part);
/* The rows of these numbers i64[n], counted from the index base, as often as they stand there, or
 * those that a mask bool[rows] marks. */
MOTH_API moth_status moth_dataset_select(moth *m, const moth_dataset *data, const moth_tensor *ids, moth_dataset **part);
/* All rows in another order, as a view; seed NULL: one draw of the context's generator. */
MOTH_API moth_status moth_dataset_shuffle(moth *m, const moth_dataset *data, const uint64_t *seed, moth_dataset **shuffled);
/* y as class numbers i64 from any tensor of numbers; *values (NULL: not wanted) are the distinct ones, ascending, in y's dtype. */
MOTH_API moth_status moth_classes(moth *m, const moth_tensor *y, moth_tensor **classes, moth_tensor **values);

/* Options: size, shuffle, seed, drop_last. */
MOTH_API moth_status moth_dataset_batches(moth *m, const moth_dataset *data, const moth_option *options, moth_batches **batches);
/* The next batch; *x is NULL when there is none. y is NULL for a set without one. x comes in `dtype` (the net's), y likewise or i64. */
MOTH_API moth_status moth_batches_next(moth *m, moth_batches *batches, moth_tensor **x, moth_tensor **y);

/* ---- Training ----------------------------------------------------------------------------------------------------------------- */

/* What on_epoch sees. val_loss is NaN without validation. */
typedef struct moth_epoch {
  int64_t epoch;                /* from 1 */
  double loss, val_loss, lr, seconds, rows_per_second;
  int metric_count;
  const char *const *metric_names;
  const double *metrics, *val_metrics; /* val_metrics NULL without validation */
} moth_epoch;
typedef struct moth_batch { int64_t epoch, batch; double loss, lr; } moth_batch;
/* Progress of a running epoch, for whoever draws it; called at most every 50 ms, and once at the end of each epoch with `row` set. */
typedef struct moth_progress {
  int64_t epoch, epochs, batch, batches; double loss, rows_per_second, seconds;
  const moth_epoch *row;
} moth_progress;
typedef moth_status (*moth_epoch_function)(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop);
typedef moth_status (*moth_batch_function)(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop);
typedef moth_status (*moth_progress_function)(void *data, moth_trainer *trainer, const moth_progress *progress);

/* Options: net, data, loss, epochs, optimizer, validation, metrics, schedule, batch (INT or "full"), shuffle, drop_last, seed, patience,
 * monitor, mode, min_delta, clip, l2, on_nan, seconds, checkpoint, checkpoint_every, resume, on_epoch, on_batch, progress (CALL), origin;
 * see the row "train" of the MOTH_FUNCTION catalog. */
MOTH_API moth_status moth_trainer_create(moth *m, const moth_option *options, moth_trainer **trainer);
/* At least one unit of work (a batch, or 256 validation rows), then as much as fits the budget; *more is false when training is done. */
MOTH_API moth_status moth_trainer_step(moth *m, moth_trainer *trainer, double budget_ms, bool *more);
/* As moth_trainer_step, but returns at the end of each epoch at the latest: *epoch is its number, 0 within one. */
MOTH_API moth_status moth_trainer_epoch(moth *m, moth_trainer *trainer, int64_t *epoch, bool *more);
MOTH_API void moth_trainer_stop(moth_trainer *trainer); /* ends after the batch that is running, as "callback" */
/* To the end. A cancel ends it normally, with run.stopped "interrupt". */
MOTH_API moth_status moth_train(moth *m, const moth_option *options, moth_run **run);
/* The run so far; a new reference, filled as training goes on. */
MOTH_API moth_status moth_trainer_run(moth *m, moth_trainer *trainer, moth_run **run);
/* Everything an exact continuation needs, and its return into a trainer made with the same options. */
MOTH_API moth_status moth_trainer_save_bytes(moth *m, const moth_trainer *trainer, void **bytes, size_t *size);
MOTH_API moth_status moth_trainer_load_bytes(moth *m, moth_trainer *trainer, const void *bytes, size_t size);
/* The same through a file. */
MOTH_API moth_status moth_trainer_save(moth *m, const moth_trainer *trainer, const char *path);
MOTH_API moth_status moth_trainer_load(moth *m, moth_trainer *trainer, const char *path);

MOTH_API int64_t moth_run_epochs(const moth_run *run);       /* done so far */
MOTH_API int64_t moth_run_best_epoch(const moth_run *run);   /* 0: none */
MOTH_API const char *moth_run_stopped(const moth_run *run);  /* "epochs" "patience" "callback" "interrupt" "nan" "time"; "" while it runs */
MOTH_API double moth_run_seconds(const moth_run *run);       /* of training, over all its steps */
MOTH_API uint64_t moth_run_seed(const moth_run *run);        /* seed= or what was drawn for it */
/* How it ended, in a line: "stopped at epoch 62: val_loss has not improved for 10 epochs; weights of epoch 52 (0.0875) put back". */
MOTH_API const char *moth_run_text(const moth_run *run);
/* Columns "loss", "val_loss", "lr", metrics: one value an epoch, borrowed until training goes on. NULL past the end. */
MOTH_API const char *moth_run_column(const moth_run *run, int index);
/* MOTH_OPTION with the nearest right name where there is no such column. */
MOTH_API moth_status moth_run_values(moth *m, const moth_run *run, const char *column, const double **values, int64_t *count);

/* ---- Layers of the host's own ------------------------------------------------------------------------------------------------- */

typedef struct moth_layer moth_layer; /* one use of a host's layer in one plan, seen from its functions */

/* A layer class over tensors: the whole batch at once, on the calling thread. Functions return MOTH_OK or a failure of their own. */
typedef struct moth_layer_class {
  size_t size;                  /* sizeof(moth_layer_class) */
  moth_row row;                 /* copied; the texts and options must live as long as the context */
  void *data;
  /* Shape of one output sample from that of one input sample; declares parameters with moth_layer_declare. */
  moth_status (*build)(void *data, moth_layer *self, const moth_shape *input, moth_shape *output);
  /* Writes y [rows, output…] from x [rows, input…]. */
  moth_status (*forward)(void *data, moth_layer *self, const moth_tensor *x, moth_tensor *y);
  /* Adds into the gradients (moth_layer_gradient) and writes dx. x and y are those of the forward before. */
  moth_status (*backward)(void *data, moth_layer *self, const moth_tensor *x, const moth_tensor *y, const moth_tensor *dy, moth_tensor *dx);
} moth_layer_class;

/* Adds a class to the context's catalog, for all nets built from now on; its name must be free. */
MOTH_API moth_status moth_register_layer(moth *m, const moth_layer_class *row);
/* In build: declares a parameter of this shape with this initializer (NULL: zeros). */
MOTH_API moth_status moth_layer_declare(moth_layer *self, const char *name, const moth_shape *shape, const moth_part *init);
/* In forward and backward: a borrowed tensor with a parameter (read-only), with its gradient (to add to). */
MOTH_API moth_status moth_layer_parameter(moth_layer *self, const char *name, moth_tensor **view);
MOTH_API moth_status moth_layer_gradient(moth_layer *self, const char *name, moth_tensor **view);
MOTH_API bool moth_layer_is_training(const moth_layer *self); /* false while predicting */
MOTH_API moth *moth_layer_context(const moth_layer *self);
MOTH_API const moth_part *moth_layer_part(const moth_layer *self); /* the options: moth_part_get */

#ifdef __cplusplus
}
#endif
#endif
