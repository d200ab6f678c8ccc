/* network/input.h: inputs and targets of forward, predict, backprop and check: checked against the net and the loss, in the net's dtype, in
 * row-major order. Shared with the caller's tensors where those are so already. */
#ifndef NETWORK_INPUT_H
#define NETWORK_INPUT_H

#include "network/plan.h"

/* x as [rows, features] in the net's dtype, or class numbers from 0. A bare sample is a batch of one. */
typedef struct network_input { moth_tensor *values; int64_t rows; bool is_sample; size_t row; } network_input;
/* "predict: net takes [64] per sample, x is f32[5,63] (63 per row)". The caller releases out->values. */
moth_status network_take_input(moth *m, const moth_net *net, const char *where, const moth_tensor *x, network_input *out);
/* A plan_gather over a network_input: copies, since what backward needs must not change under it. */
void network_gather_input(const void *data, int64_t row, int64_t rows, void *out);

/* Values of the outputs' shape in the net's dtype, or class numbers from 0 as the loss takes them. */
typedef struct network_target { moth_tensor *values; bool classes; } network_target;
/* The caller releases out->values. */
moth_status network_take_target(moth *m, const moth_net *net, const char *where, const moth_part *loss, const moth_tensor *t,
                                const network_input *in, network_target *out);
moth_status network_check_loss(moth *m, const char *where, const moth_part *loss);

#endif
