#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "training/state.h"

static void run_destroy(object *self) {
  moth_run *run = (moth_run *)self;
  moth *m = self->context;
  moth_free(m, run->saved, run->saved_size);
  for (int i = 0; i < run->column_count; i++)
    memory_resize(m, run->columns[i].values, (size_t)run->columns[i].capacity * sizeof(double), 0);
  memory_free(m, run->columns, (size_t)run->column_count, sizeof *run->columns);
}

const object_class run_class = { .kind = MOTH_RUN_OBJECT, .name = "run", .size = sizeof(moth_run), .destroy = run_destroy };

moth_status run_create(moth *m, int columns, moth_run **result) {
  moth_run *run = object_new(m, &run_class);
  if (run == NULL) return m->status;
  run->columns = memory_new(m, (size_t)columns, sizeof *run->columns);
  if (run->columns == NULL) {
    moth_release(run);
    return m->status;
  }
  run->column_count = columns;
  *result = run;
  return MOTH_OK;
}

moth_status run_reserve(moth_run *run, int64_t epochs) {
  moth_status status = MOTH_OK;
  for (int i = 0; status == MOTH_OK && i < run->column_count; i++) {
    run_column *column = &run->columns[i];
    status = memory_extend(run->base.context, &column->values, &column->capacity, epochs, sizeof *column->values);
  }
  return status;
}

const char *run_column_name(const void *run, int index) {
  const moth_run *self = run;
  return index >= 0 && index < self->column_count ? self->columns[index].name : NULL;
}

void run_column_names(const moth_run *run, int count, char *names, size_t size) {
  text_line line = { names, size, 0 };
  if (size > 0) names[0] = 0;
  for (int i = 0; i < count; i++) text_line_add(&line, "%s%s", i > 0 ? " " : "", run->columns[i].name);
}

/* ---- Public ---- */

int64_t moth_run_epochs(const moth_run *run) { return run != NULL ? run->epochs : 0; }
int64_t moth_run_best_epoch(const moth_run *run) { return run != NULL ? run->best_epoch : 0; }
const char *moth_run_stopped(const moth_run *run) { return run != NULL ? run->stopped : ""; }
double moth_run_seconds(const moth_run *run) { return run != NULL ? run->seconds : 0; }
uint64_t moth_run_seed(const moth_run *run) { return run != NULL ? run->seed : 0; }
const char *moth_run_text(const moth_run *run) { return run != NULL ? run->text : ""; }
const char *moth_run_column(const moth_run *run, int index) { return run != NULL ? run_column_name(run, index) : NULL; }

moth_status moth_run_values(moth *m, const moth_run *run, const char *column, const double **values, int64_t *count) {
  moth_status status = object_check(m, run, MOTH_RUN_OBJECT, "run", "argument 1");
  if (status != MOTH_OK) return status;
  if (column == NULL || values == NULL || count == NULL) {
    return context_fail(m, MOTH_MISUSE, "run", "a column's name and places for its values must be given");
  }
  for (int i = 0; i < run->column_count; i++) {
    if (strcmp(run->columns[i].name, column) != 0) continue;
    *values = run->columns[i].values;
    *count = run->epochs;
    return MOTH_OK;
  }
  char names[1024];
  run_column_names(run, run->column_count, names, sizeof names);
  const char *nearest = text_nearest(column, run_column_name, run);
  if (nearest != NULL) return context_fail(m, MOTH_OPTION, "run", "no column '%.200s'; did you mean '%s'? (%s)", column, nearest, names);
  return context_fail(m, MOTH_OPTION, "run", "no column '%.200s' (%s)", column, names);
}
