/* The catalog of losses, out of its list. */
#include "losses/loss.h"

#define LOSS(name) extern const loss_class loss_##name;
#include "losses/catalog.def"
#undef LOSS

#define LOSS(name) &loss_##name.row,
const moth_row *const loss_catalog[] = {
#include "losses/catalog.def"
};
