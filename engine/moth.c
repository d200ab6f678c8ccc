/* moth.c: the roof. The one file that knows every catalog; it opens contexts with them. */
#include "moth.h"

#include "core/catalog.h"
#include "core/context.h"
#include "core/pool.h"
#include "data/dataset.h"
#include "layers/layer.h"
#include "losses/loss.h"
#include "math/kernels.h"
#include "metrics/metric.h"
#include "network/network.h"
#include "operations/operation.h"
#include "optimizers/optimizer.h"
#include "training/trainer.h"

static const moth_row *const function_rows[] = { &network_row, &trainer_row, &dataset_row, &split_row, &batches_row };
enum { FUNCTION_ROWS = sizeof function_rows / sizeof *function_rows };

/* How long each folder's list is, counted from the list itself, so that the table below is constant. */
#define ONE(...) +1
enum {
#define LAYER ONE
  LAYERS =
#include "layers/catalog.def"
  ,
#define ACTIVATION ONE
  ACTIVATIONS =
#include "layers/activations.def"
  ,
#define INITIALIZER ONE
  INITIALIZERS =
#include "layers/initializers.def"
  ,
#define LOSS ONE
  LOSSES =
#include "losses/catalog.def"
  ,
#define METRIC ONE
  METRICS =
#include "metrics/catalog.def"
  ,
#define OPTIMIZER ONE
  OPTIMIZERS =
#include "optimizers/catalog.def"
  ,
#define SCHEDULE ONE
  SCHEDULES =
#include "optimizers/schedules.def"
  ,
#define READER ONE
  READERS =
#include "data/readers.def"
  ,
#define OPERATION ONE
  OPERATIONS =
#include "operations/catalog.def"
};

static const catalogs built_in = {
  .of = {
    [MOTH_LAYER] = { layer_catalog, LAYERS },
    [MOTH_ACTIVATION] = { activation_catalog, ACTIVATIONS },
    [MOTH_LOSS] = { loss_catalog, LOSSES },
    [MOTH_METRIC] = { metric_catalog, METRICS },
    [MOTH_OPTIMIZER] = { optimizer_catalog, OPTIMIZERS },
    [MOTH_SCHEDULE] = { schedule_catalog, SCHEDULES },
    [MOTH_INITIALIZER] = { initializer_catalog, INITIALIZERS },
    [MOTH_READER] = { reader_catalog, READERS },
    [MOTH_FUNCTION] = { function_rows, FUNCTION_ROWS },
  },
  .operations = operation_catalog,
  .operation_count = OPERATIONS,
};

/* A field that a host compiled against an older header does not have is read as zero. */
static const char *kernels_asked_for(const moth_config *config) {
  return config && config->size >= offsetof(moth_config, kernels) + sizeof config->kernels ? config->kernels : NULL;
}

moth_status moth_open(const moth_config *config, moth **m) {
  if (!m) return MOTH_MISUSE;
  const kernels *chosen = kernels_find(kernels_asked_for(config));
  if (!chosen) return MOTH_OPTION;
  moth *opened = NULL;
  moth_status status = context_open(config, &built_in, &opened);
  if (status) return status;
  opened->kernels = chosen;
  *m = opened;
  return MOTH_OK;
}

void moth_close(moth *m) {
  if (m) context_close(m);
}

const char *moth_kernels(const moth *m) { return m && m->kernels ? m->kernels->name : ""; }
