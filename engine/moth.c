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

/* The counts of the folders' lists are known only when linking, so the table is filled for each context rather than once. */
static void gather_catalogs(catalogs *all) {
  *all = (catalogs){ .operations = operation_catalog, .operation_count = operation_catalog_count };
  all->of[MOTH_LAYER] = (catalog){ layer_catalog, layer_catalog_count };
  all->of[MOTH_ACTIVATION] = (catalog){ activation_catalog, activation_catalog_count };
  all->of[MOTH_LOSS] = (catalog){ loss_catalog, loss_catalog_count };
  all->of[MOTH_METRIC] = (catalog){ metric_catalog, metric_catalog_count };
  all->of[MOTH_OPTIMIZER] = (catalog){ optimizer_catalog, optimizer_catalog_count };
  all->of[MOTH_SCHEDULE] = (catalog){ schedule_catalog, schedule_catalog_count };
  all->of[MOTH_INITIALIZER] = (catalog){ initializer_catalog, initializer_catalog_count };
  all->of[MOTH_READER] = (catalog){ reader_catalog, reader_catalog_count };
  all->of[MOTH_FUNCTION] = (catalog){ function_rows, FUNCTION_ROWS };
}

/* A field that a host compiled against an older header does not have is read as zero. */
static const char *kernels_asked_for(const moth_config *config) {
  return config && config->size >= offsetof(moth_config, kernels) + sizeof config->kernels ? config->kernels : NULL;
}

moth_status moth_open(const moth_config *config, moth **m) {
  if (!m) return MOTH_MISUSE;
  const kernels *chosen = kernels_find(kernels_asked_for(config));
  if (!chosen) return MOTH_OPTION;
  catalogs all;
  gather_catalogs(&all);
  moth *opened = NULL;
  moth_status status = context_open(config, &all, &opened);
  if (status) return status;
  opened->kernels = chosen;
  *m = opened;
  return MOTH_OK;
}

void moth_close(moth *m) {
  if (m) context_close(m);
}

const char *moth_kernels(const moth *m) { return m && m->kernels ? m->kernels->name : ""; }
