/* part.h: a component instance: a catalog row and its options. What an optimizer or a loss adds to it lives behind `state`. */
#ifndef CORE_PART_H
#define CORE_PART_H

#include "core/object.h"
#include "core/options.h"

struct moth_part {
  object base;
  moth_part_kind kind;
  const moth_row *row;           /* the head of a layer_class, loss_class … of this kind */
  options options;
  void *state;                   /* an optimizer's vectors; NULL until bound */
  void (*state_release)(moth_part *self);
};

/* As moth_part_create, from a row; `where` as in options_read. */
moth_status part_create(moth *m, moth_part_kind kind, const moth_row *row, const moth_option *given, moth_part **part);
/* Looks the name up and creates; fails with "where: no activation 'rleu'; did you mean 'relu'? (linear sigmoid …)", or, for foreign names,
 * "no loss 'categorical_crossentropy'; here it is 'cross_entropy'". `kinds` are 1 << moth_part_kind; the first kind that has it wins. */
moth_status part_find(moth *m, const char *where, unsigned kinds, const char *name, const moth_option *given, moth_part **part);

#endif
