/* network/network.h: a net is nodes in topological order, one flat vector of parameters, one of gradients, one of buffers. Built from
 * layers as parts; shapes are inferred then, and errors come then. */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include "core/memory.h"
#include "layers/layer.h"
#include "losses/loss.h"
#include "optimizers/optimizer.h"

struct plan;

/* The place of a node in files: "3", nested "3.1". */
enum { NETWORK_PATH = 64 };
typedef struct network_path { char text[NETWORK_PATH]; } network_path;

/* A contiguous piece of one parameter block, in whole units: what one call of gradient makes and one update takes. Pieces depend on shapes
 * only. */
typedef struct network_range {
  int node, block;               /* the owner's */
  int64_t from, to;              /* in the block */
  int64_t offset;                /* of `from`, in the flat vector */
} network_range;

/* A layer of the script's list. */
typedef struct network_layer {
  moth_part *part;               /* retained */
  int first_node, node_count;    /* its nodes */
  int output;                    /* the node whose output is the layer's */
  int first_use;                 /* the layer whose parameters it shares, or its own position */
  bool frozen;
} network_layer;

struct moth_net {
  object base;
  options options;               /* of the row "net" */
  uint64_t id;                   /* unique in the context: optimizers know it */
  moth_dtype dtype;
  moth_shape input, output;      /* of one sample */
  bool index_input;              /* the net's input feeds an index input: i64, not cast */
  int layer_count;
  network_layer *layers;
  int node_count;
  layer_node *nodes;
  network_path *paths;           /* one a node */
  int *next_use;                 /* one a node: the next node with the same owner, or -1 */
  int64_t layer_capacity, node_capacity, path_capacity, use_capacity; /* as allocated */
  int output_node;
  int64_t parameter_count, buffer_count;
  moth_tensor *parameters;       /* flat [parameter_count] */
  moth_tensor *gradients;        /* flat, made at the first backward; NULL before */
  moth_tensor *buffers;          /* flat [buffer_count] */
  int64_t range_count, range_capacity;
  network_range *ranges;         /* every parameter once, in order */
  bool has_penalties;            /* a view asks for l1 or l2 of its own */
  bool gradients_valid;          /* the last pass wrote them */
  uint64_t freezes;              /* how often freezing changed: plans look again */
  uint64_t key;                  /* of draws in net:forward; drawn when built */
  bool forwarded_sample;         /* the last forward was given a bare sample */
  uint64_t forwards;             /* training forwards done: the step of those draws */
  struct plan *forward_plan;     /* of net:forward, backward, backprop */
  struct plan *predict_plan;     /* chunks of NETWORK_CHUNK rows */
};

enum { NETWORK_CHUNK = 256, NETWORK_RANGE_BYTES = 128 * 1024 };

extern const object_class network_class;
extern const moth_row network_row;  /* "net" of the MOTH_FUNCTION catalog */

/* "layer 3 is dense(10, \"softmax\")" for messages. */
void network_last_layer_text(const moth_net *net, char *buffer, size_t size);
/* The activation that the output node ends in: its name ("linear" where none). */
const char *network_last_activation(const moth_net *net);
/* "net takes [64] per sample, x is f32[5,63] (63 per row)" + where it was made, unless x fits as a batch. `name` is x's: "x", "data.x". */
moth_status network_check_input(moth *m, const moth_net *net, const char *where, const char *name, const moth_tensor *x);
/* Pointers to a node's parameter blocks (its owner's) and buffers. */
void network_blocks(const moth_net *net, const layer_node *node, void **blocks);
void network_buffers(const moth_net *net, const layer_node *node, void **buffers);
moth_status network_ensure_gradients(moth *m, moth_net *net);
/* 1 << node for each node that is frozen. */
bool network_node_is_frozen(const moth_net *net, const layer_node *node);

/* The node whose values a node shows through aliases (-1: the net's input); `predicting` counts those that alias outside training. */
int network_root(const moth_net *net, int node, bool predicting);
int64_t network_features(const moth_shape *shape);
/* The blocks' own l1 and l2 and those of a step, added to the gradient: g += l1 sign(w) + 2 l2 w on the penalized views of a range. */
void network_penalize(const moth_net *net, const network_range *range, double l1, double l2, void *g);
/* Scales or bounds the flat gradient; *norm is the one before. */
void network_clip(moth_net *net, const moth_clip *clip, double *norm);

/* A net from private layer parts and a graph of the caller's making, for tests and composites: `build` adds nodes with layer_builder_add
 * and names the output node. */
typedef moth_status (*network_builder)(void *data, layer_builder *builder, int *output);
moth_status network_create(moth *m, moth_dtype dtype, const moth_shape *input, network_builder build, void *data, moth_net **net);

/* A copy in any float dtype: moth_net_clone, and what moth_net_check works on. */
moth_status network_clone(moth *m, const moth_net *net, moth_dtype dtype, moth_net **copy);
/* "layer 3 dense(10)" */
void network_layer_text(const moth_net *net, int layer, char *buffer, size_t size);

#endif
