/* binding.h: what the bindings' files share. A userdata is a `handle`: a tag, the module it belongs to and one reference to an engine
 * object. All state of a lua_State hangs on its `module`; nothing here is global. */
#ifndef BINDING_H
#define BINDING_H

#include <lauxlib.h>
#include <lua.h>

#include "moth.h"
#include "moth_lua.h"

#define HANDLE_TAG UINT64_C(0x4d6f74682d4c7561) /* "Moth-Lua" */

/* Kinds of userdata: the engine's, and one layer of a net. */
enum { HANDLE_LAYER = MOTH_RUN_OBJECT + 1, HANDLE_KINDS };

typedef struct printing { int digits, edge, max, width; } printing;

struct module;
/* How calls that the engine holds find the module, or that it is gone. */
typedef struct module_link { int references; struct module *M; } module_link;

typedef struct module {
  moth *m;                      /* NULL once the state has closed it */
  module_link *link;
  bool owned;                   /* opened here, not the host's */
  moth_generator *anchor;       /* a handle that keeps the context's memory until we are done with it */
  lua_State *L;                 /* of the call that is running: callbacks use it; NULL outside */
  int metatables[HANDLE_KINDS]; /* registry references */
  int handles;                  /* registry reference of the weak table object -> userdata */
  int calls;                    /* and of the weak table call -> function */
  moth_dtype dtype;             /* of what is made without saying */
  printing printing;
  int scope;                    /* registry reference of what the running moth.scope made; 0: none runs */
  int running;                  /* trainings that are under way */
  bool cancelled;               /* the last error raised was a cancel */
  bool failed;                  /* a callback raised: its error value waits in the module's user value */
  uint64_t seen, live;          /* bytes the context held at the last look, and after the last full collection */
  uint64_t debt, step;          /* new bytes since the last full collection, and since the last step */
} module;

typedef struct handle {
  uint64_t tag;
  module *module;
  void *object;                 /* NULL: closed */
  void *late;                   /* what a finalizer closed: a call under way may still use it; released with the userdata */
  int kind;
  int layer;                    /* HANDLE_LAYER: its position in the net, from 0; `object` is the net */
  bool alone;                   /* HANDLE_LAYER: a net of one */
} handle;

/* The module: first upvalue of every function here. */
static inline module *module_here(lua_State *L) {
  module *M = lua_touserdata(L, lua_upvalueindex(1));
  if (M->m == NULL) luaL_error(L, "moth is closed"); /* a finalizer that runs after ours, while the state closes */
  return M;
}

/* ---- module.c ---- */
module *module_of(lua_State *L);                        /* from the registry; NULL before luaopen_moth */
void module_unlink(module_link *link);
/* Sets functions with the module as their first upvalue in the table at the top. */
void module_functions(lua_State *L, module *M, const luaL_Reg *functions);
/* Puts the module's own table on the stack. */
void module_table(lua_State *L, module *M);

/* ---- handle.c ---- */
void handle_open(lua_State *L, module *M);
/* Installs the metatable of a kind: the table at the top, popped. */
void handle_metatable(lua_State *L, module *M, int kind);
/* A new userdata without an object, on the stack. */
handle *handle_new(lua_State *L, module *M, int kind, int user_values);
/* A block to become a tensor's userdata: handle_fill cannot fail. */
handle *handle_block(lua_State *L, module *M);
void handle_fill(lua_State *L, int index, void *object);
/* Notes that the userdata at the index is the one of its object (all kinds but tensors). */
void handle_register(lua_State *L, int index);
/* Pushes the object's userdata if it has one. */
bool handle_push_known(lua_State *L, module *M, const void *object);
/* Pushes the userdata of an object, made where there is none; takes its own reference. */
void handle_push(lua_State *L, module *M, void *object, int kind);
/* The handle at an index, of any kind, closed ones too; NULL for other values. The length of a light userdata is 0. */
static inline handle *handle_at(lua_State *L, int index) {
  if (lua_rawlen(L, index) != sizeof(handle)) return NULL;
  handle *h = lua_touserdata(L, index);
  return h != NULL && h->tag == HANDLE_TAG ? h : NULL;
}
/* The object at an index where it is an open handle of this kind; NULL otherwise. */
void *handle_object(lua_State *L, int index, int kind);
/* self: the object of argument 1; else "predict: argument 1 must be a net, got f32[4,2]; write net:predict(x), with a colon". */
void *handle_self(lua_State *L, module *M, int kind, const char *method);
/* An argument that must be an open handle of this kind. */
void *handle_argument(lua_State *L, module *M, int index, int kind, const char *where);
/* Pushes what a value is, for messages: "f32[4,2]", "a net", "3", "nil". */
const char *handle_describe(lua_State *L, int index);
const char *handle_kind_name(int kind);
/* Counts the bytes made since, for the collector. */
void handle_count(module *M);
/* Lets the collector work off what was counted. May run Lua's finalizers. */
void handle_relieve(lua_State *L, module *M);
/* Both: tells the collector of new bytes. */
void handle_pressure(lua_State *L, module *M);
/* After a failure for want of memory: collects, and tells whether that gave bytes back, so that trying again makes sense. */
bool handle_make_room(lua_State *L, module *M, moth_status status);
/* Closes a userdata: __close, and __gc. */
int handle_close(lua_State *L);
int handle_collect(lua_State *L);

static inline moth_tensor *handle_tensor(lua_State *L, int index) { return handle_object(L, index, MOTH_TENSOR_OBJECT); }

/* ---- errors.c ---- */
/* Pushes "digits.lua:9: " for the first frame that is neither C's nor ours; "" where there is none. */
void errors_where(lua_State *L);
/* "digits.lua:9", pushed, or NULL and nothing. */
const char *errors_origin(lua_State *L);
/* Raises "position: message". */
int errors_fail(lua_State *L, const char *format, ...);
/* The one place where a status becomes a Lua error. */
int errors_raise(lua_State *L, module *M, moth_status status);
/* The same with the script's own word for what failed in place of the operation's: "index: …" for "copy_: …" (`where` NULL: as it is). */
int errors_raise_as(lua_State *L, module *M, moth_status status, const char *from, const char *where);
/* lua_call for helpers in Lua: where an operation fails that they use, the message begins with the script's word, "show: …" for "to: …". */
void errors_call_as(lua_State *L, module *M, const char *where, int count, int results);
static inline void errors_check(lua_State *L, module *M, moth_status status) {
  if (status != MOTH_OK) errors_raise(L, M, status);
}
/* Pushes the name in a list of count names that a misspelt one is nearest to (edit distance <= 2), or nothing and NULL. */
typedef const char *(*errors_names)(const void *list, int index);
const char *errors_nearest(const char *name, errors_names names, const void *list);
/* The same over the string keys of a table. Pushes the key, or nil. */
const char *errors_nearest_key(lua_State *L, int table, const char *name);

/* ---- trace.c ---- */
/* A message handler that keeps the traceback beside the error value. */
int errors_handler(lua_State *L);
/* Pushes the kept traceback of scripts' frames ("" where there is none) and forgets it. */
void errors_trace(lua_State *L);

/* ---- callbacks.c ---- */
typedef struct script_call script_call; /* a function of the script that the engine holds */
/* A call of the function at the index; the table at `keep` must keep both alive as long as the engine may call. */
script_call *callback_new(lua_State *L, module *M, int function, int keep);
void callback_retain(script_call *call);
void callback_release(void *call);
/* Runs body(L) with a light userdata of `arguments` and the call's function as its arguments, protected. MOTH_CALLBACK where it raised. */
moth_status callback_run(script_call *call, lua_CFunction body, void *arguments);
/* What a body of callback_run is called in tracebacks: "init", "schedule", "metric"; NULL for other functions. The body of an event's
 * callback keeps the event as its first value instead. */
const char *callback_name(lua_CFunction body);
/* The functions that an option of the engine's calls, by kind. */
void (*callback_function(moth_call_kind kind))(void);
/* Runs `what` with callbacks served by L: M->L is set and put back. */
#define CALLING(L_, M_, status_, expression)                                                                                             \
  do {                                                                                                                                   \
    lua_State *calling_before = (M_)->L;                                                                                                 \
    (M_)->L = (L_);                                                                                                                      \
    (M_)->failed = false;                                                                                                                \
    (status_) = (expression);                                                                                                            \
    (M_)->L = calling_before;                                                                                                            \
  } while (0)

/* The same for a call that makes tensors: tried once more where the collector gave memory back. */
#define TRYING(L_, M_, status_, expression)                                                                                              \
  do {                                                                                                                                   \
    (status_) = (expression);                                                                                                            \
    if ((status_) != MOTH_OK && handle_make_room(L_, M_, status_)) (status_) = (expression);                                             \
  } while (0)

/* ---- options.c ---- */
enum { BUILDER_INLINE = 24, BUILDER_ROOM = 1024, BUILDER_CALLS = 16 };
typedef struct option_builder {
  lua_State *L;
  module *M;
  const char *where;
  const moth_row *row;
  int keep;                     /* stack index: a table with all that the options refer to, made at need */
  int kept;
  int position;                 /* of the next positional, from 1 */
  bool skipped;                 /* a positional was nil: those after it go by name */
  size_t count, capacity;
  moth_option *items;
  int call_count;
  script_call *calls[BUILDER_CALLS];
  size_t used;
  moth_option own[BUILDER_INLINE];
  _Alignas(16) char room[BUILDER_ROOM];
} option_builder;

/* Whether the value at the stack's index `value` under this key was dealt with by the caller. */
typedef bool (*option_override)(option_builder *b, const char *key, int value);

/* Takes one stack slot for as long as the builder is in use. */
void options_begin(lua_State *L, module *M, option_builder *b, const char *where, const moth_row *row);
/* All arguments from `first` to `last`: positionals, a table of all, or a last table. lists: a table without names is a value where the
 * next positional takes lists (`t:sum{1, 2}`); otherwise it holds the positionals (`moth.dense{128, "relu"}`). */
void options_arguments(option_builder *b, int first, int last, bool lists, option_override override);
/* A table: its array part as positionals, its keys in name order. */
void options_table(option_builder *b, int table, option_override override);
/* One value under a key (NULL: the next positional). */
void options_value(option_builder *b, const char *key, int value);
bool options_has(const option_builder *b, const char *key);
moth_option *options_add(option_builder *b, const char *key, moth_option_kind kind);
/* Anchors the value at the index in the table of what is kept. */
void options_keep(option_builder *b, int value);
void *options_room(option_builder *b, size_t bytes);
const moth_option_row *options_row(const moth_row *row, const char *key);
/* The finished list; calls are now the engine's too, until options_done. */
const moth_option *options_end(option_builder *b);
/* Takes back what options_end gave the engine, which did not take it. */
void options_give_back(option_builder *b);
/* Raises where the status is a failure, giving calls back first; leaves the table of what is kept (or nil) in its slot. */
void options_done(option_builder *b, moth_status status);
/* Pushes the table of what is kept, made if there is none. */
void options_push_keep(option_builder *b);
/* A table's list length: keys 1..n; raises "where: entry 3 is nil" on a hole. */
int64_t options_length(lua_State *L, int table, const char *where);
/* A whole number at an index; raises "where: 2.5 is not a whole number". */
int64_t options_whole(lua_State *L, int index, const char *where, const char *what);
/* The text at an index; raises for other values, and where it holds a byte 0. */
const char *options_string(lua_State *L, int index, const char *where, const char *what);
/* Raises "where: no option 'nrom'; did you mean 'norm'?" for the key at the index. */
int options_unknown(lua_State *L, int key, const char *where, errors_names names, const void *list);
/* A position as scripts count, to C's: n-1 for n > 0, n for n < 0, INT64_MIN for 0. */
static inline int64_t options_position(int64_t n) { return n > 0 ? n - 1 : n == 0 ? INT64_MIN : n == INT64_MIN ? n + 1 : n; }

/* ---- tensor.c, index.c, operation.c, printing.c ---- */
void tensor_open(lua_State *L, module *M);    /* module table at the top */
void operation_open(lua_State *L, module *M); /* module table at -2, the tensors' methods at the top */
void operation_operators(lua_State *L, module *M); /* the tensors' metatable at the top */
void index_open(lua_State *L, module *M);     /* metatable at -2, the tensors' methods at the top */
void printing_open(lua_State *L, module *M);  /* module table at the top */
int printing_tensor(lua_State *L);            /* __tostring */
/* Pushes element `at` (a pointer) as Lua sees it. */
void tensor_push_element(lua_State *L, moth_dtype dtype, const void *at);
/* Writes the number, boolean, tensor or nested table at the index over all of t; messages begin with `where`. */
void index_write(lua_State *L, module *M, moth_tensor *t, int index, const char *where);
/* Makes the tensor of a nested table, a number or a boolean at the index; pushes its userdata. */
moth_tensor *tensor_from(lua_State *L, module *M, int index, moth_dtype dtype, const char *where);
/* The tensor at the index, or that of the nested table there, which is pushed in any case. */
moth_tensor *tensor_argument(lua_State *L, module *M, int index, moth_dtype dtype, const char *where, const char *argument);
/* Runs an operation by name on values with options (NULL: none); raises on failure; pushes its first result, nothing in place. */
void operation_apply(lua_State *L, module *M, const char *name, bool in_place, const moth_value *inputs, int count,
                     const moth_option *options);
/* The same; messages begin with `where` instead of the operation's name (NULL: with that). */
void operation_apply_as(lua_State *L, module *M, const char *where, const char *name, bool in_place, const moth_value *inputs, int count,
                        const moth_option *options);
moth_value operation_value(moth_tensor *t);

/* ---- foreign.c, lists.c, scope.c, map.c ---- */
/* Pushes what is to be said of a name that tensors (or else the module) have not, where an operation answers to it: "here it is 'clamp'",
 * "it is a method, t:sum(...)". NULL and nothing: none does. */
const char *foreign_hint(lua_State *L, const module *M, const char *name, bool of_tensor);
/* The same of a name that generators have not, where an operation draws from one: "write moth.randn(..., { gen = g })". */
const char *foreign_drawing(lua_State *L, const module *M, const char *name);
/* Pushes a block that owns a list of tensors, none yet, so that nothing leaks when Lua runs out of memory. */
void lists_push(lua_State *L, module *M);
/* Gives it the list of a result; cannot fail. */
void lists_fill(lua_State *L, int index, moth_value *result);
/* Pushes a table of the list's tensors, which it no longer owns. */
void lists_push_table(lua_State *L, module *M, int index);
void scope_open(lua_State *L, module *M); /* module table at the top */
/* Notes the new tensor's userdata at the top: it goes with the running moth.scope. */
void scope_note(lua_State *L, const module *M);
void map_open(lua_State *L, module *M); /* the tensors' methods at the top */

/* ---- part.c, net.c, layer.c, dataset.c, files.c, trainer.c, run.c, generator.c, helpers.c: module table at the top ---- */
void part_open(lua_State *L, module *M);
void net_open(lua_State *L, module *M);
void layer_open(lua_State *L, module *M);
void dataset_open(lua_State *L, module *M);
void files_open(lua_State *L, module *M);
void batches_open(lua_State *L, module *M); /* the data sets' methods at the top */
void trainer_open(lua_State *L, module *M);
void run_open(lua_State *L, module *M);
void generator_open(lua_State *L, module *M);
void helpers_open(lua_State *L, module *M);

/* A part from the value at an index, a part or a name; pushes its userdata. `kinds` are 1 << moth_part_kind. */
moth_part *part_argument(lua_State *L, module *M, int index, unsigned kinds, const char *where, const char *argument);
/* Pushes an option's value as Lua sees it. */
void part_push_value(lua_State *L, module *M, const moth_option *value);
/* Makes the layer that is alone, a net of one, from the part whose userdata is at the top: replaces it by the layer's. */
void layer_alone(lua_State *L, module *M);
/* Pushes the userdata of a layer of the net whose userdata is at `net`. */
void layer_push(lua_State *L, module *M, int net, int layer, bool alone);
/* A layer with weights of its own stands where a description must: an error that names copy_. `entry` 0: no list. */
void layer_refuse(lua_State *L, module *M, const handle *h, const char *where, int entry);
/* x as a batch for the net: pushes the tensor; *bare tells that it was one sample. */
moth_tensor *net_batch(lua_State *L, module *M, moth_net *net, int index, const char *where, bool *bare);
/* The net of argument 1: a net, or a layer that is alone. */
moth_net *net_self(lua_State *L, module *M, const char *method);
/* The data set of the value at the index: a data set or {x, y}; pushes its userdata. */
moth_dataset *dataset_argument(lua_State *L, module *M, int index, const char *where, const char *argument);
/* moth.train with argument `options`, a table; `net` 0 or the stack index of the net. */
int trainer_train(lua_State *L, module *M, int options, int net);
/* t:run(): trains to the end; argument 1 is the trainer, upvalue 1 the module. */
int trainer_run_on(lua_State *L);
/* The catalogs for helpers, as functions of the table `internal` at the top. */
void rows_open(lua_State *L, module *M);
/* ---- drawing.c, png.c: t:show(), run:plot{…}, run:save(path) ---- */
void drawing_tensor_methods(lua_State *L, module *M); /* the tensors' methods at the top */
void drawing_run_methods(lua_State *L, module *M);    /* a table at the top */
void drawing_open(lua_State *L, module *M);           /* the table `internal` at the top */
int drawing_png(lua_State *L);                        /* png(shapes, width, height) → the file's bytes */
/* Pushes a helper written in Lua: field `name` of the table of helpers. */
void helpers_push(lua_State *L, const char *name);

#endif
