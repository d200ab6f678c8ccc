#include <string.h>

#include "training/state.h"

void trainer_copy_weights(const moth_trainer *self, char *to) {
  const moth_net *net = self->net;
  memcpy(to, net->parameters->values, self->parameter_bytes);
  if (self->weight_bytes > self->parameter_bytes) {
    memcpy(to + self->parameter_bytes, net->buffers->values, self->weight_bytes - self->parameter_bytes);
  }
}

void trainer_set_weights(moth_trainer *self, const char *from) {
  moth_net *net = self->net;
  memcpy(net->parameters->values, from, self->parameter_bytes);
  if (self->weight_bytes > self->parameter_bytes) {
    memcpy(net->buffers->values, from + self->parameter_bytes, self->weight_bytes - self->parameter_bytes);
  }
}

static void swap_bytes(char *a, char *b, size_t count) {
  char room[1024];
  while (count > 0) {
    size_t part = count < sizeof room ? count : sizeof room;
    memcpy(room, a, part);
    memcpy(a, b, part);
    memcpy(b, room, part);
    a += part, b += part, count -= part;
  }
}

void trainer_swap_weights(moth_trainer *self, char *with) {
  moth_net *net = self->net;
  swap_bytes(net->parameters->values, with, self->parameter_bytes);
  if (self->weight_bytes > self->parameter_bytes) {
    swap_bytes(net->buffers->values, with + self->parameter_bytes, self->weight_bytes - self->parameter_bytes);
  }
}
