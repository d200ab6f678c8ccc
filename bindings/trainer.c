/* trainer.c: moth.train and moth.trainer: options with functions in them, events, progress, the run. */
#include "binding.h"

#include <math.h>
#include <string.h>

static moth_trainer *self(lua_State *L, const char *method) { return handle_self(L, module_here(L), MOTH_TRAINER_OBJECT, method); }

/* ---- Events ---- */

static const char epoch_event[] = "moth.on_epoch", batch_event[] = "moth.on_batch";

static int fail_event(lua_State *L, const char *where, const char *variable) {
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : handle_describe(L, 2);
  bool measured = strncmp(name, "val_", 4) == 0 && (lua_pushstring(L, name + 4), lua_rawget(L, 1) != LUA_TNIL);
  if (measured) return errors_fail(L, "%s: %s has no '%s'; validation = gives it", where, variable, name);
  const char *nearest = errors_nearest_key(L, 1, name);
  if (nearest != NULL) return errors_fail(L, "%s: %s has no '%s'; did you mean '%s'?", where, variable, name, nearest);
  return errors_fail(L, "%s: %s has no '%s'", where, variable, name);
}

static int fail_epoch_event(lua_State *L) { return fail_event(L, "on_epoch", "e"); }
static int fail_batch_event(lua_State *L) { return fail_event(L, "on_batch", "b"); }

static void set_number(lua_State *L, const char *name, double value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void push_epoch(lua_State *L, const moth_epoch *epoch) {
  lua_createtable(L, 0, 6 + 2 * epoch->metric_count);
  lua_pushinteger(L, epoch->epoch);
  lua_setfield(L, -2, "epoch");
  set_number(L, "loss", epoch->loss);
  if (!isnan(epoch->val_loss) || epoch->val_metrics != NULL) set_number(L, "val_loss", epoch->val_loss);
  set_number(L, "lr", epoch->lr);
  set_number(L, "seconds", epoch->seconds);
  set_number(L, "rows_per_second", epoch->rows_per_second);
  for (int i = 0; i < epoch->metric_count; i++) {
    set_number(L, epoch->metric_names[i], epoch->metrics[i]);
    if (epoch->val_metrics == NULL) continue;
    lua_pushfstring(L, "val_%s", epoch->metric_names[i]);
    lua_pushnumber(L, epoch->val_metrics[i]);
    lua_rawset(L, -3);
  }
  luaL_setmetatable(L, epoch_event);
}

typedef struct event_arguments {
  moth_trainer *trainer;
  const moth_epoch *epoch;
  const moth_batch *batch;
  const moth_progress *progress;
  bool stop;
} event_arguments;

/* Keeps the event for t:epochs(), then calls on_epoch if there is one. */
static int epoch_body(lua_State *L) {
  event_arguments *a = lua_touserdata(L, 1);
  push_epoch(L, a->epoch);
  if (handle_push_known(L, module_of(L), a->trainer)) {
    lua_getiuservalue(L, -1, 1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "event");
    lua_pop(L, 2);
  }
  if (!lua_isfunction(L, 2)) return 0;
  lua_pushvalue(L, -1);
  lua_replace(L, 1); /* for tracebacks */
  lua_call(L, 1, 1);
  a->stop = lua_toboolean(L, -1);
  return 0;
}

static moth_status on_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  event_arguments a = { .trainer = trainer, .epoch = epoch };
  moth_status status = callback_run(data, epoch_body, &a);
  *stop = a.stop;
  return status;
}

static int batch_body(lua_State *L) {
  event_arguments *a = lua_touserdata(L, 1);
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, a->batch->epoch);
  lua_setfield(L, -2, "epoch");
  lua_pushinteger(L, a->batch->batch);
  lua_setfield(L, -2, "batch");
  set_number(L, "loss", a->batch->loss);
  set_number(L, "lr", a->batch->lr);
  luaL_setmetatable(L, batch_event);
  lua_pushvalue(L, -1);
  lua_replace(L, 1); /* for tracebacks */
  lua_call(L, 1, 1);
  a->stop = lua_toboolean(L, -1);
  return 0;
}

static moth_status on_batch(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) {
  event_arguments a = { .trainer = trainer, .batch = batch };
  moth_status status = callback_run(data, batch_body, &a);
  *stop = a.stop;
  return status;
}

/* ---- Progress: the helper draws; it gets a row's event, or nil, and where the epoch stands ---- */

static int progress_body(lua_State *L) {
  const event_arguments *a = lua_touserdata(L, 1);
  const moth_progress *p = a->progress;
  if (p->row != NULL) push_epoch(L, p->row);
  else lua_pushnil(L);
  lua_pushinteger(L, p->epoch);
  lua_pushinteger(L, p->epochs);
  lua_pushinteger(L, p->batch);
  lua_pushinteger(L, p->batches);
  lua_pushnumber(L, p->loss);
  lua_pushnumber(L, p->rows_per_second);
  lua_pushnumber(L, p->seconds);
  lua_call(L, 8, 0);
  return 0;
}

static moth_status on_progress(void *data, moth_trainer *trainer, const moth_progress *progress) {
  event_arguments a = { .trainer = trainer, .progress = progress };
  return callback_run(data, progress_body, &a);
}

/* ---- Options ---- */

static void add_call(option_builder *b, const char *key, void (*function)(void), int value) {
  options_push_keep(b);
  script_call *call = callback_new(b->L, b->M, value, -1);
  lua_pop(b->L, 1);
  if (b->call_count == BUILDER_CALLS) errors_fail(b->L, "%s: too many functions", b->where);
  options_add(b, key, MOTH_OPTION_CALL)->as.call = (moth_call){ function, call, callback_release };
  b->calls[b->call_count++] = call;
}

/* Fields of runs and events that are no columns. */
static const char *const reserved[] = { "epoch", "epochs", "best_epoch", "stopped", "seconds", "seed", "rows_per_second", NULL };

/* A metric that is a function: its part is made at once, and keeps the call. */
static moth_part *push_metric(option_builder *b, const char *name, int function) {
  lua_State *L = b->L;
  if (!lua_isfunction(L, function)) {
    const char *got = handle_describe(L, function);
    errors_fail(L, "train: metric '%s' must be a function, got %s", name, got);
  }
  for (const char *const *other = reserved; *other != NULL; other++) {
    if (strcmp(*other, name) == 0) errors_fail(L, "train: metrics would make two columns '%s'", name);
  }
  handle *h = handle_new(L, b->M, MOTH_PART_OBJECT, 1);
  int at = lua_gettop(L);
  lua_newtable(L);
  script_call *data = callback_new(L, b->M, function, -1);
  moth_call call = { callback_function(MOTH_METRIC_CALL), data, callback_release };
  moth_part *part = NULL;
  callback_retain(data);
  moth_status status = moth_metric_create(b->M->m, name, &call, &part);
  if (status != MOTH_OK) callback_release(data);
  errors_check(L, b->M, status);
  h->object = part;
  handle_register(L, at);
  lua_setiuservalue(L, at, 1);
  return part;
}

static int64_t count_names(lua_State *L, int table) {
  int64_t count = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) count += lua_type(L, -2) == LUA_TSTRING;
  return count;
}

/* Functions in name order after the listed ones. */
static size_t add_named_metrics(option_builder *b, int table, moth_part **parts, size_t count, int64_t named) {
  lua_State *L = b->L;
  const char *last = NULL;
  for (int64_t i = 0; i < named; i++) {
    const char *next = NULL;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING) continue;
      const char *name = lua_tostring(L, -2);
      if ((last == NULL || strcmp(name, last) > 0) && (next == NULL || strcmp(name, next) < 0)) next = name;
    }
    lua_getfield(L, table, next);
    parts[count++] = push_metric(b, next, lua_gettop(L));
    options_keep(b, -1);
    lua_pop(L, 2);
    last = next;
  }
  return count;
}

/* { "accuracy", moth.top_k{ k = 3 }, within = function(p, t) … end } */
static bool add_metrics(option_builder *b, const char *key, int value) {
  lua_State *L = b->L;
  const moth_option_row *row = options_row(b->row, key);
  if (lua_type(L, value) != LUA_TTABLE || row == NULL) return false;
  int64_t named = count_names(L, value), n = options_length(L, value, b->where);
  if (named == 0) return false;
  moth_part **parts = options_room(b, (size_t)(n + named) * sizeof *parts);
  size_t count = 0;
  for (int64_t i = 1; i <= n; i++) {
    lua_rawgeti(L, value, i);
    parts[count++] = part_argument(L, b->M, lua_gettop(L), row->parts, b->where, key);
    options_keep(b, -1);
    lua_pop(L, 2);
  }
  count = add_named_metrics(b, value, parts, count, named);
  moth_option *item = options_add(b, key, MOTH_OPTION_PARTS);
  item->count = count;
  item->as.parts = parts;
  return true;
}

static bool add_data(option_builder *b, const char *key, int value) {
  moth_dataset *data = dataset_argument(b->L, b->M, value, b->where, key);
  options_keep(b, -1);
  options_add(b, key, MOTH_OPTION_OBJECT)->as.object = data;
  return true;
}

static bool override(option_builder *b, const char *key, int value) {
  bool function = lua_isfunction(b->L, value);
  if (strcmp(key, "data") == 0 || strcmp(key, "validation") == 0) return add_data(b, key, value);
  if (strcmp(key, "metrics") == 0) return add_metrics(b, key, value);
  if (strcmp(key, "progress") == 0 && lua_isboolean(b->L, value)) {
    lua_pushvalue(b->L, value);
    lua_replace(b->L, b->keep + 1); /* read by new_trainer */
    return true;
  }
  if (strcmp(key, "on_epoch") == 0 && function) return add_call(b, key, (void (*)(void))on_epoch, value), true;
  if (strcmp(key, "on_batch") == 0 && function) return add_call(b, key, (void (*)(void))on_batch, value), true;
  return false;
}

static void check_options(lua_State *L, int options, const char *where) {
  if (lua_type(L, options) == LUA_TTABLE) return;
  const char *got = handle_describe(L, options);
  errors_fail(L, "%s: takes a table of options, got %s", where, got);
}

/* A trainer of the options; pushes its userdata, and below it the drawer of its progress or nil. */
static moth_trainer *new_trainer(lua_State *L, module *M, int options, int net, bool stepped) {
  option_builder b;
  check_options(L, options, stepped ? "trainer" : "train");
  options_begin(L, M, &b, "train", moth_find(M->m, MOTH_FUNCTION, "train"));
  lua_pushboolean(L, true); /* progress, at keep + 1 */
  options_table(&b, options, override);
  if (net > 0 && options_has(&b, "net")) errors_fail(L, "train: net:train(options) fills in net; leave it out");
  if (net > 0) {
    options_keep(&b, net);
    options_add(&b, "net", MOTH_OPTION_OBJECT)->as.object = handle_object(L, net, MOTH_NET_OBJECT);
  }
  if (stepped && !options_has(&b, "on_epoch")) { /* t:epochs() wants the events */
    lua_pushboolean(L, false);
    add_call(&b, "on_epoch", (void (*)(void))on_epoch, lua_gettop(L));
  }
  const char *origin = options_has(&b, "origin") ? NULL : errors_origin(L);
  if (origin != NULL) options_add(&b, "origin", MOTH_OPTION_TEXT)->as.text = origin;
  bool drawn = lua_toboolean(L, b.keep + 1);
  if (drawn) {
    helpers_push(L, "progress");
    lua_call(L, 0, 1);
    lua_replace(L, b.keep + 1);
    add_call(&b, "progress", (void (*)(void))on_progress, b.keep + 1);
  }
  options_push_keep(&b);
  lua_pop(L, 1);
  handle *h = handle_new(L, M, MOTH_TRAINER_OBJECT, 1);
  int at = lua_gettop(L);
  moth_trainer *trainer = NULL;
  moth_status status;
  const moth_option *list = options_end(&b);
  CALLING(L, M, status, moth_trainer_create(M->m, list, &trainer));
  options_done(&b, status);
  h->object = trainer;
  handle_register(L, at);
  if (drawn) { /* its last line is drawn when training ends */
    lua_pushvalue(L, b.keep + 1);
    lua_setfield(L, b.keep, "drawer");
  }
  lua_pushvalue(L, b.keep);
  lua_setiuservalue(L, at, 1);
  return trainer;
}

/* ---- Running ---- */

/* The run at the top lives as long as its trainer, so that its lists stay the same tables. */
static void keep_run(lua_State *L, module *M, const moth_trainer *trainer) {
  if (!handle_push_known(L, M, trainer)) return;
  if (lua_getiuservalue(L, -1, 1) == LUA_TTABLE) {
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "run");
  }
  lua_pop(L, 2);
}

static void push_run(lua_State *L, module *M, moth_trainer *trainer) {
  luaL_checkstack(L, 8, NULL);
  handle *h = handle_new(L, M, MOTH_RUN_OBJECT, 1);
  moth_run *run = NULL;
  errors_check(L, M, moth_trainer_run(M->m, trainer, &run));
  if (handle_push_known(L, M, run)) {
    moth_release(run);
    lua_remove(L, -2);
  } else {
    h->object = run;
    handle_register(L, -1);
    keep_run(L, M, trainer);
  }
}

/* The drawer's last words, once; `failed` clears the live line. The trainer's userdata is at `at`. */
static void draw_end(lua_State *L, module *M, int at, moth_trainer *trainer, bool failed) {
  lua_getiuservalue(L, at, 1);
  if (lua_getfield(L, -1, "drawer") == LUA_TFUNCTION) {
    lua_pushnil(L);
    lua_setfield(L, -3, "drawer");
    lua_pushboolean(L, false);
    if (failed) lua_pushnil(L);
    else push_run(L, M, trainer);
    lua_call(L, 2, 0);
  } else {
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Ends the drawing, then raises: a callback's error as it was, the engine's words as they stood before drawing ran other calls. */
static void fail_training(lua_State *L, module *M, int at, moth_trainer *trainer, moth_status status) {
  bool failed = M->failed;
  lua_pushstring(L, moth_message(M->m));
  draw_end(L, M, at, trainer, true);
  M->failed = failed;
  M->cancelled = status == MOTH_CANCELLED;
  if (status == MOTH_CALLBACK) errors_raise(L, M, status);
  errors_fail(L, "%s", lua_tostring(L, -1));
}

/* One call of the engine's; whether there is more to do. A callback may close the trainer's userdata: a second one holds it meanwhile. */
static bool advance(lua_State *L, module *M, int at, moth_trainer *trainer, double budget, int64_t *epoch) {
  bool more = false;
  moth_status status;
  int top = lua_gettop(L);
  handle *held = handle_new(L, M, MOTH_TRAINER_OBJECT, 1);
  held->object = moth_retain(trainer);
  M->running++;
  if (epoch != NULL) CALLING(L, M, status, moth_trainer_epoch(M->m, trainer, epoch, &more));
  else CALLING(L, M, status, moth_trainer_step(M->m, trainer, budget, &more));
  M->running--;
  if (status != MOTH_OK) fail_training(L, M, at, trainer, status);
  if (!more) draw_end(L, M, at, trainer, false);
  held->object = NULL;
  moth_release(trainer);
  lua_settop(L, top);
  return more;
}

static void run_to_end(lua_State *L, module *M, int at, moth_trainer *trainer) {
  for (bool more = true; more;) {
    more = advance(L, M, at, trainer, INFINITY, NULL);
    if (handle_object(L, at, MOTH_TRAINER_OBJECT) == NULL) errors_fail(L, "run: the trainer is closed");
  }
}

int trainer_train(lua_State *L, module *M, int options, int net) {
  moth_trainer *trainer = new_trainer(L, M, options, net, false);
  run_to_end(L, M, lua_gettop(L), trainer);
  push_run(L, M, trainer);
  return 1;
}

static int train(lua_State *L) {
  lua_settop(L, 1);
  return trainer_train(L, module_here(L), 1, 0);
}

static int create(lua_State *L) {
  lua_settop(L, 1);
  new_trainer(L, module_here(L), 1, 0, true);
  return 1;
}

/* t:step(milliseconds) → "more" | "done" */
static int step(lua_State *L) {
  module *M = module_here(L);
  moth_trainer *trainer = self(L, "step(milliseconds)");
  double budget = 0;
  if (!lua_isnoneornil(L, 2)) {
    budget = lua_tonumber(L, 2);
    if (lua_type(L, 2) != LUA_TNUMBER || !(budget >= 0)) {
      const char *got = handle_describe(L, 2);
      return errors_fail(L, "step: the milliseconds must be a number >= 0, got %s", got);
    }
  }
  lua_pushstring(L, advance(L, M, 1, trainer, budget, NULL) ? "more" : "done");
  return 1;
}

/* t:run(), through the run's __call */
int trainer_run_on(lua_State *L) {
  module *M = module_here(L);
  moth_trainer *trainer = self(L, "run()");
  run_to_end(L, M, 1, trainer);
  push_run(L, M, trainer);
  return 1;
}

static int stop(lua_State *L) {
  moth_trainer_stop(self(L, "stop()"));
  return 0;
}

static int next_epoch(lua_State *L) {
  module *M = module_here(L);
  moth_trainer *trainer = handle_self(L, M, MOTH_TRAINER_OBJECT, "epochs()");
  lua_settop(L, 1);
  for (bool more = true; more;) {
    int64_t epoch = 0;
    more = advance(L, M, 1, trainer, 0, &epoch);
    if (handle_object(L, 1, MOTH_TRAINER_OBJECT) == NULL) return errors_fail(L, "epochs: the trainer is closed");
    if (epoch == 0) continue;
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, "event");
    return 1;
  }
  lua_pushnil(L);
  return 1;
}

/* for e in t:epochs() do … end */
static int epochs(lua_State *L) {
  self(L, "epochs()");
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, 1);
  return 2;
}

static int save(lua_State *L) {
  module *M = module_here(L);
  const moth_trainer *trainer = self(L, "save(path)");
  errors_check(L, M, moth_trainer_save(M->m, trainer, options_string(L, 2, "save", "the path")));
  return 0;
}

static int read_field(lua_State *L) {
  module *M = module_here(L);
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
  moth_trainer *trainer = self(L, name);
  if (strcmp(name, "run") == 0) return push_run(L, M, trainer), 1;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  const char *nearest = errors_nearest_key(L, lua_upvalueindex(2), name);
  if (nearest != NULL) return errors_fail(L, "a trainer has no '%s'; did you mean '%s'?", name, nearest);
  return errors_fail(L, "a trainer has no '%s'", name);
}

static int to_text(lua_State *L) {
  moth_trainer *trainer = handle_object(L, 1, MOTH_TRAINER_OBJECT);
  if (trainer == NULL) return handle_describe(L, 1), 1;
  push_run(L, module_here(L), trainer);
  const moth_run *run = handle_object(L, -1, MOTH_RUN_OBJECT);
  const char *text = moth_run_text(run);
  if (*text != 0) lua_pushfstring(L, "trainer  %s", text);
  else lua_pushfstring(L, "trainer  %I epochs so far", (LUAI_UACINT)moth_run_epochs(run));
  return 1;
}

static void make_event(lua_State *L, module *M, const char *name, lua_CFunction unknown) {
  const luaL_Reg metamethods[] = { { "__index", unknown }, { NULL, NULL } };
  luaL_newmetatable(L, name);
  module_functions(L, M, metamethods);
  lua_pop(L, 1);
}

void trainer_open(lua_State *L, module *M) {
  const luaL_Reg functions[] = { { "train", train }, { "trainer", create }, { NULL, NULL } };
  const luaL_Reg methods[] = { { "step", step }, { "stop", stop }, { "save", save }, { NULL, NULL } };
  make_event(L, M, epoch_event, fail_epoch_event);
  make_event(L, M, batch_event, fail_batch_event);
  const luaL_Reg metamethods[] = { { "__tostring", to_text }, { NULL, NULL } };
  module_functions(L, M, functions);
  lua_newtable(L);
  module_functions(L, M, metamethods);
  lua_pushlightuserdata(L, M);
  lua_newtable(L);
  module_functions(L, M, methods);
  lua_pushlightuserdata(L, M);
  lua_pushlightuserdata(L, M);
  lua_pushcclosure(L, next_epoch, 1);
  lua_pushcclosure(L, epochs, 2);
  lua_setfield(L, -2, "epochs");
  lua_pushcclosure(L, read_field, 2);
  lua_setfield(L, -2, "__index");
  handle_metatable(L, M, MOTH_TRAINER_OBJECT);
}
