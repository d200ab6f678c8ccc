/* network/build.h: how nets come to be, in steps, for scripts (create.c), clones and files (model_file.c): an empty net, its layers, its
 * layout, its memory, its first values. A net is valid, and can be released, after each step that succeeded or failed. */
#ifndef NETWORK_BUILD_H
#define NETWORK_BUILD_H

#include "core/random.h"
#include "network/network.h"

/* No layers yet. */
moth_status network_new(moth *m, moth_dtype dtype, const moth_shape *input, moth_net **net);
/* The layers of a list as a chain; ACTIVATION parts serve as layers. */
moth_status network_chain(moth *m, moth_net *net, moth_part *const *parts, size_t count);
/* A graph of the caller's making. */
moth_status network_graph(moth *m, moth_net *net, network_builder build, void *data);
/* The nodes of another net, sharing its parts. */
moth_status network_copy_nodes(moth *m, moth_net *net, const moth_net *from);
/* Checks the graph and gives every block and buffer its place. Allocates nothing in proportion to the parameters: a file's net is compared
 * with its tensors first. */
moth_status network_lay_out(moth *m, moth_net *net);
/* The vectors, zero but for the buffers' initial values, and the ranges. */
moth_status network_allocate(moth *m, moth_net *net);
/* The net's key, then every parameter's first values, from one sequence. */
moth_status network_initialize(moth *m, moth_net *net, random_source *source);
/* The steps up to the layout, from options of the row "net"; messages begin with `where`. */
moth_status network_read(moth *m, const char *where, const moth_option *given, moth_net **net);

#endif
