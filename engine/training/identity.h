/* training/identity.h: what must be the same for a saved training to go on: the net, the options and the data, as texts under names that
 * people know. What may differ (epochs, callbacks, threads, files) is not in it. */
#ifndef TRAINING_IDENTITY_H
#define TRAINING_IDENTITY_H

#include "formats/formats.h"
#include "training/state.h"

typedef struct identity {
  moth *m;
  int64_t count, key_capacity, text_capacity;
  char **keys, **texts;
  moth_status status;            /* of the first failure; nothing is added after it */
} identity;

void identity_open(identity *self, moth *m);
void identity_close(identity *self);
void identity_add(identity *self, const char *key, const char *text);
void identity_of(const moth_trainer *trainer, identity *self);
/* MOTH_OPTION "train: digits.ckpt belongs to another run: layer 2 was dropout(0.5), is dropout(0.2)". */
moth_status identity_compare(const identity *self, const safetensors_file *file, const char *name);

#endif
