/* The catalogs of optimizers and schedules, out of their lists. */
#include "optimizers/optimizer.h"

#define OPTIMIZER(name) extern const optimizer_class optimizer_##name;
#include "optimizers/catalog.def"
#undef OPTIMIZER
#define SCHEDULE(name) extern const schedule_class schedule_##name;
#include "optimizers/schedules.def"
#undef SCHEDULE

#define OPTIMIZER(name) &optimizer_##name.row,
const moth_row *const optimizer_catalog[] = {
#include "optimizers/catalog.def"
};

#define SCHEDULE(name) &schedule_##name.row,
const moth_row *const schedule_catalog[] = {
#include "optimizers/schedules.def"
};
