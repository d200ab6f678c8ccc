/* network/model.h: a net's architecture as JSON, the text that a model file keeps in its metadata under "moth":
 *
 *   {"version": 1, "dtype": "f32", "input": [64], "layers": [{"layer": "dense", "units": 128, "activation": {"activation": "relu"}, …}, …]}
 *
 * A layer that is used again is {"same_as": n}, n counting the file's layers from 1 in the order in which they end; "frozen" lists the
 * script's layers that are. Options go through the rows' own schemas in both directions; those needed only for building are left out. */
#ifndef NETWORK_MODEL_H
#define NETWORK_MODEL_H

#include "network/network.h"

enum { MODEL_VERSION = 1, MODEL_DEPTH = 32 };
#define MODEL_KEY "moth"

/* The text is given back with free(): it is jansson's. */
moth_status model_architecture(moth *m, const char *where, const moth_net *net, char **text);
/* A net that is laid out and has no parameters yet. `where`: "load: digits.safetensors". */
moth_status model_read(moth *m, const char *where, const char *text, moth_net **net);

#endif
