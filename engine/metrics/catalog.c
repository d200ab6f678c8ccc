/* The catalog of metrics, out of its list. */
#include "metrics/metric.h"

#define METRIC(name) extern const metric_class metric_##name;
#include "metrics/catalog.def"
#undef METRIC

#define METRIC(name) &metric_##name.row,
const moth_row *const metric_catalog[] = {
#include "metrics/catalog.def"
};
