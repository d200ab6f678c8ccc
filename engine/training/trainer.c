/* moth.h's functions on trainers. */
#include "training/trainer.h"

#include <math.h>

#include "training/state.h"

static moth_status check_trainer(moth *m, const moth_trainer *trainer) {
  return object_check(m, trainer, MOTH_TRAINER_OBJECT, "train", "argument 1");
}

static moth_status no_result(moth *m) { return context_fail(m, MOTH_MISUSE, "train", "a place for the result must be given"); }

/* A trainer that is inside a call of its own. */
static moth_status is_running(moth *m) {
  return context_fail(m, MOTH_MISUSE, "train", "this trainer is running: its callbacks cannot step or load it");
}

moth_status moth_trainer_create(moth *m, const moth_option *given, moth_trainer **trainer) {
  moth_status status = context_check(m, "train");
  if (status != MOTH_OK) return status;
  return trainer != NULL ? trainer_create(m, given, trainer) : no_result(m);
}

moth_status moth_trainer_step(moth *m, moth_trainer *trainer, double budget_ms, bool *more) {
  moth_status status = check_trainer(m, trainer);
  if (status != MOTH_OK) return status;
  if (more == NULL) return no_result(m);
  if (trainer->running) return is_running(m);
  if (isnan(budget_ms) || budget_ms < 0)
    return context_fail(m, MOTH_OPTION, "train", "the budget must be >= 0 milliseconds, got %g", budget_ms);
  int64_t epoch;
  object_retain(&trainer->base); /* a callback may let go of the caller's */
  status = trainer_advance(trainer, budget_ms, false, &epoch);
  if (status == MOTH_OK) *more = !trainer->ended;
  moth_release(trainer);
  return status;
}

moth_status moth_trainer_epoch(moth *m, moth_trainer *trainer, int64_t *epoch, bool *more) {
  moth_status status = check_trainer(m, trainer);
  if (status != MOTH_OK) return status;
  if (epoch == NULL || more == NULL) return no_result(m);
  if (trainer->running) return is_running(m);
  int64_t ended;
  object_retain(&trainer->base);
  status = trainer_advance(trainer, INFINITY, true, &ended);
  if (status == MOTH_OK) *epoch = ended, *more = !trainer->ended;
  moth_release(trainer);
  return status;
}

void moth_trainer_stop(moth_trainer *trainer) {
  if (moth_kind(trainer) != MOTH_TRAINER_OBJECT || trainer->ended) return;
  if (trainer->running) trainer->stop_asked = true;
  else trainer_finish(trainer, "callback");
}

moth_status moth_train(moth *m, const moth_option *given, moth_run **run) {
  moth_status status = context_check(m, "train");
  if (status != MOTH_OK) return status;
  if (run == NULL) return no_result(m);
  moth_trainer *trainer;
  status = trainer_create(m, given, &trainer);
  if (status != MOTH_OK) return status;
  int64_t epoch;
  status = trainer_advance(trainer, INFINITY, false, &epoch);
  if (status == MOTH_OK) *run = moth_retain(trainer->run);
  else trainer_abandon(trainer);
  moth_release(trainer);
  return status;
}

moth_status moth_trainer_run(moth *m, moth_trainer *trainer, moth_run **run) {
  moth_status status = check_trainer(m, trainer);
  if (status != MOTH_OK) return status;
  if (run == NULL) return no_result(m);
  *run = moth_retain(trainer->run);
  return MOTH_OK;
}

/* ---- Saving ---- */

moth_status moth_trainer_save_bytes(moth *m, const moth_trainer *trainer, void **bytes, size_t *size) {
  moth_status status = check_trainer(m, trainer);
  if (status != MOTH_OK) return status;
  if (bytes == NULL || size == NULL) return no_result(m);
  stream to;
  status = stream_create_bytes(m, "train", &to);
  if (status != MOTH_OK) return status;
  status = checkpoint_write(trainer, &to);
  if (status == MOTH_OK) status = stream_take(&to, bytes, size);
  stream_close(&to, false);
  return status;
}

moth_status moth_trainer_load_bytes(moth *m, moth_trainer *trainer, const void *bytes, size_t size) {
  moth_status status = check_trainer(m, trainer);
  if (status != MOTH_OK) return status;
  if (bytes == NULL) return context_fail(m, MOTH_MISUSE, "train", "bytes must be given");
  if (trainer->running) return is_running(m);
  stream from;
  stream_open_bytes(m, "train", "saved state", bytes, size, &from);
  status = checkpoint_read(trainer, &from, "saved state");
  stream_close(&from, false);
  return status;
}

moth_status moth_trainer_save(moth *m, const moth_trainer *trainer, const char *path) {
  moth_status status = check_trainer(m, trainer);
  if (status != MOTH_OK) return status;
  return path != NULL ? trainer_save_file(m, trainer, path) : context_fail(m, MOTH_MISUSE, "train", "a path must be given");
}

moth_status moth_trainer_load(moth *m, moth_trainer *trainer, const char *path) {
  moth_status status = check_trainer(m, trainer);
  if (status != MOTH_OK) return status;
  if (path == NULL) return context_fail(m, MOTH_MISUSE, "train", "a path must be given");
  return trainer->running ? is_running(m) : trainer_load_file(m, trainer, path);
}
