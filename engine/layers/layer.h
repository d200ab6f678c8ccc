/* layers/layer.h: what a layer is. A class row says how to infer shapes and parameters, run forward and backward over rows, and make
 * gradients over parameter ranges; the plan (network/plan.h) decides where everything lies and who runs what. A new layer is one file
 * and one line in catalog.def; activations are rows of their own catalog (activations.def) and serve as layers too. */
#ifndef LAYERS_LAYER_H
#define LAYERS_LAYER_H

#include <math.h>

#include "core/part.h"
#include "core/random.h"
#include "math/kernels.h"
#include "tensor/tensor.h"

enum { LAYER_MAX_INPUTS = 8, LAYER_MAX_BLOCKS = 4, LAYER_MAX_VIEWS = 4, LAYER_MAX_BUFFERS = 4 };

typedef struct layer_class layer_class;
typedef struct layer_node layer_node;
typedef struct layer_builder layer_builder;

/* ---- Activations -------------------------------------------------------------------------------------------------------------- */

enum { ACTIVATION_MAX_NUMBERS = 2 };
typedef struct activation_class {
  moth_row row;                 /* its own options are REAL or FLAG only, numbers[i] is option i; then LAYER_OPTIONS: it is a layer */
  bool is_linear;
  bool from_input;              /* backward needs z, else y alone */
  bool whole_row;               /* softmax: each output depends on its whole row */
  enum lanes_activation lanes;  /* its form in the registers of math/lanes.h; LANES_APART: none */
  /* y = g(z) over [rows, columns], contiguous; y may be z. */
  void (*forward)(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns, const void *z, void *y);
  /* d, holding dE/dy, becomes dE/dz. z is NULL unless from_input. */
  void (*backward)(const real_kernels *k, moth_dtype dtype, const double *numbers, int64_t rows, int64_t columns, const void *z,
                   const void *y, void *d);
} activation_class;

/* An activation with its numbers read. */
typedef struct activation { const activation_class *class; double numbers[ACTIVATION_MAX_NUMBERS]; } activation;
/* From a PART option or part; NULL gives linear. */
activation activation_of(const moth_part *part);
extern const moth_row *const activation_catalog[];

/* ---- What infer declares ------------------------------------------------------------------------------------------------------- */

typedef struct parameter_view {
  const char *name;             /* "weight" */
  int64_t offset;               /* from the block's start, in elements, as strides are */
  int rank;
  int64_t size[MOTH_MAX_RANK], strides[MOTH_MAX_RANK];
  const moth_option *init;      /* PART, TENSOR or CALL, borrowed from the part; NULL or unset: zeros */
  int64_t inputs, outputs;      /* its fans */
  bool penalized;               /* l1, l2 act on it: weights, not biases */
  double l1, l2;                /* of its own: added to the gradient, 2·l2·w + l1·sign(w) */
} parameter_view;

/* A contiguous piece of the flat parameter vector. */
typedef struct parameter_block {
  int64_t count;
  int64_t unit;                 /* gradients are made for ranges of whole units: a dense block's unit is a row of `outputs` */
  int view_count;
  parameter_view views[LAYER_MAX_VIEWS];
  int64_t offset;               /* in the flat vector; set by the network */
} parameter_block;

/* State that training changes but no optimizer does. In the net's dtype. */
typedef struct layer_buffer {
  const char *name;
  int rank;
  int64_t size[MOTH_MAX_RANK];
  double initial;
  int64_t count, offset;        /* in the net's flat buffer vector; set by the network */
} layer_buffer;

/* One use of a layer in a net. The network sets the first group, infer the second. */
struct layer_node {
  const layer_class *class;
  moth_part *part;              /* retained by the network */
  moth_dtype dtype;
  int number;                   /* of the script's layer it belongs to, from 1 */
  int index;                    /* among the nodes */
  int owner;                    /* the node whose parameters it uses: its own index, or an earlier one's where a layer is used twice */
  int input_count;
  int inputs[LAYER_MAX_INPUTS]; /* nodes it reads; -1: the net's input */
  char from[96];                /* for messages: "layer 1 dense(60) gives", "the input is" */

  moth_shape out;               /* of one sample */
  int block_count;
  parameter_block blocks[LAYER_MAX_BLOCKS];
  int buffer_count;
  layer_buffer buffers[LAYER_MAX_BUFFERS];
  size_t saved_row, saved_fixed;     /* bytes kept from forward to backward: per row of the batch, and once */
  size_t scratch_row, scratch_fixed; /* bytes a call may scribble on: per row of its block, and per worker */
  unsigned index_inputs;        /* bit i: input i is i64 class numbers (from 0), not cast, without gradient */
  int64_t index_limit;          /* class numbers of those inputs lie below it; 0: any */
  bool whole_batch;             /* one call for the whole batch, on the calling thread */
  bool alias;                   /* the output is input 0's values under another shape, nothing to run: flatten, identity */
  bool alias_predicting;        /* the same, outside training: dropout */
  activation activation;        /* the one it applies, where it reads it from its part but once */
  void *state;                  /* the layer's own; freed by class->release */
};

/* ---- Running ------------------------------------------------------------------------------------------------------------------- */

/* The weights' part of plain SGD's last step over one row, put off until forward goes through the weights anyway: [inputs, units] at the
 * block's start, w = fma(-lr, x·d, w). Layers with LAYER_LANES_DENSE are given it. */
typedef struct layer_owed { const void *x, *d; double lr; } layer_owed;

typedef struct layer_run {
  moth *m;
  const layer_node *node;
  const real_kernels *kernels;  /* of the node's dtype */
  int64_t row, rows, batch;     /* this call: rows row … row+rows-1 of a batch */
  bool training;
  bool logits;                  /* leave the tail's activation off: the loss is fused with it */
  bool logits_backward;         /* d_out is already dE/dz of the tail */
  void *const *blocks;          /* parameters, by block */
  void *const *buffers;
  void *saved_rows;             /* at this call's first row */
  void *saved_fixed;
  void *scratch;                /* this worker's: scratch_fixed + rows × scratch_row bytes */
  uint64_t key, step;           /* of random draws: random_counter(…, step, purpose, node->index) */
  const layer_owed *owed;       /* to be done by forward, once; NULL: nothing */
  unsigned host_denormals;      /* what pool_flush_denormals returned on entry, put back around functions of the host's; 0: not flushed */
} layer_run;

/* Where gradients go. A layer that computes range [from, to) of a block writes g[0 … to-from) or, with `add`, adds to what stands there;
 * the plan then hands the range to the optimizer while it is in cache. Where plain SGD follows and nobody else wants the gradient, `w` is
 * the range's parameters: a layer may then apply w = fma(-lr, gradient, w) itself, as `sgd` of kernels.h does, and say so in `applied`; g
 * is its room meanwhile and its values mean nothing afterwards. */
typedef struct gradient_sink { void *g; bool add; void *w; double lr; bool applied; } gradient_sink;

/* The form a layer has where the batch lies in lanes (math/lanes.h). */
enum layer_lanes {
  LAYER_NO_LANES,
  LAYER_LANES_DENSE,             /* one block [inputs, outputs], then a bias row where it has two views, and node->activation */
  LAYER_LANES_ACTIVATION         /* node->activation alone */
};

struct layer_class {
  moth_row row;                 /* options: the layer's own, then LAYER_OPTIONS */
  /* Output shape, parameters, buffers and memory from the input shapes. Fails with layer_misfit. */
  moth_status (*infer)(moth *m, layer_node *node, const moth_shape *in);
  /* Pointers are at the first row of the call. Worker-safe layers return MOTH_OK or MOTH_CANCELLED (where matmul saw the flag); whole_batch
   * layers may record any failure. */
  moth_status (*forward)(const layer_run *run, const void *const *in, void *out);
  /* d_out may be turned into dE/dz and left so for gradient; d_in[i] is NULL where not wanted, else written (the plan adds up where a value
   * is used twice). */
  moth_status (*backward)(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in);
  /* The gradient of block `block` for elements from … to-1 (whole units) over the whole batch: run->row is 0, run->rows the batch; d_z is
   * what backward left in d_out. NULL: no parameters. */
  moth_status (*gradient)(const layer_run *run, const void *const *in, const void *d_z, int block, int64_t from, int64_t to,
                          gradient_sink *sink);
  /* The only place where buffers change, after a step that succeeded. NULL: none. */
  void (*commit)(const layer_run *run);
  /* The activation it ends in, which forward leaves off for run->logits; NULL function: none. */
  activation (*tail)(const layer_node *node);
  /* Composites: adds nodes instead of being one. NULL: an ordinary layer. */
  moth_status (*expand)(layer_builder *builder, moth_part *part, const int *inputs, int input_count, int *output);
  void (*release)(moth *m, layer_node *node); /* frees node->state; called once for every node whose infer was called, failed or not */
  /* Makes ready, on the calling thread while a plan is made, what forward and backward of up to `rows` rows will need: OpenBLAS. NULL:
   * nothing. */
  moth_status (*prepare)(moth *m, const layer_node *node, int64_t rows);
  enum layer_lanes lanes;
};
/* The class of a LAYER part, or of an ACTIVATION part that stands in a list of layers. */
const layer_class *layer_class_of(const moth_part *part);

/* For expand, and the network's own building (network/build.c): adds a node that reads `inputs` (node indices, -1 the net's input). */
moth_status layer_builder_add(layer_builder *builder, moth_part *part, const int *inputs, int input_count, int *node);

extern const moth_row *const layer_catalog[];

/* The three options that every layer takes, at the end of its schema; their indices follow the layer's own. */
#define LAYER_OPTIONS(first)                                                                                                             \
  [(first)] = { .key = "name", .doc = "a name for messages and files", .kinds = MOTH_OPTION_TEXT },                                      \
  [(first) + 1] = { .key = "input", .doc = "shape of one sample, for a layer used alone", .kinds = MOTH_OPTION_INT | MOTH_OPTION_INTS,    \
                    .flags = MOTH_BUILDING | MOTH_RANGED, .low = 1, .high = INFINITY },                                        \
  [(first) + 2] = { .key = "origin", .doc = "where the script made it", .kinds = MOTH_OPTION_TEXT, .flags = MOTH_BUILDING }
enum { LAYER_COMMON_OPTIONS = 3 };
const char *layer_name(const moth_part *part);   /* "" where unnamed */
const char *layer_origin(const moth_part *part); /* "" where unknown */
/* After a failure: "layer 2 made at digits.lua:6", where that is known. Returns the failure's status. */
moth_status layer_hint_origin(moth *m, const layer_node *node);

/* "net: layer 2 reshape(8, 8) needs 64 values per sample, layer 1 dense(60) gives [60]" with "layer 2 made at …" as a hint; `needs` is
 * the middle part. */
moth_status layer_misfit(moth *m, const layer_node *node, const moth_shape *in, const char *needs, ...)
    __attribute__((format(printf, 4, 5)));
/* Values of one output sample. */
int64_t layer_features(const layer_node *node);
/* Copies this call's rows of values shaped as the output; and the two functions of layers whose output is their input's values, for where
 * the plan cannot alias them. */
void layer_copy(const layer_run *run, const void *from, void *to);
moth_status layer_copy_forward(const layer_run *run, const void *const *in, void *out);
moth_status layer_copy_backward(const layer_run *run, const void *const *in, const void *out, void *d_out, void *const *d_in);
/* A layer of the host's own as an ordinary row (layers/host.c). */
moth_status layer_register(moth *m, const moth_layer_class *row);

/* ---- Initializers -------------------------------------------------------------------------------------------------------------- */

typedef struct initializer_class {
  moth_row row;
  /* Fills [outputs-ish shape] values in f64, row-major in the view's shape; fans from the view. */
  moth_status (*fill)(moth *m, const moth_part *part, const parameter_view *view, random_source *source, double *values);
} initializer_class;
extern const moth_row *const initializer_catalog[];
/* Runs a view's init (PART, TENSOR, CALL or zeros) and stores it into a block of the dtype. */
moth_status initializer_run(moth *m, const layer_node *node, const parameter_view *view, random_source *source, void *block);

#endif
