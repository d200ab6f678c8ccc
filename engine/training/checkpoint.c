/* A training as bytes: a safetensors file whose metadata says what it belongs to and whose tensors are the state, bit for bit. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/text.h"
#include "training/identity.h"

static const char format_name[] = "trainer 1";

enum { OTHER_OPTIMIZER_STEP, OTHER_FORWARDS, OTHER_NET_KEY, OTHER_SEED, OTHER_POSITION, OTHER_KEY, OTHER_BEST_EPOCH, OTHERS };

/* What is saved beside the trainer's own structures. */
typedef struct saved_numbers {
  int64_t counters[TRAINER_COUNTERS], others[OTHERS];
  double sums[TRAINER_SUMS], lr;
} saved_numbers;
_Static_assert(sizeof(trainer_position) == sizeof(int64_t) * TRAINER_COUNTERS, "counters are whole numbers");
_Static_assert(sizeof(trainer_sums) == sizeof(double) * TRAINER_SUMS, "sums are doubles");

typedef struct saved_tensor { char name[96]; moth_dtype dtype; int64_t count; void *values; } saved_tensor;

typedef struct saved_list { moth *m; saved_tensor *tensors; int64_t count, capacity; moth_status status; } saved_list;

static void list_add(saved_list *list, const char *name, moth_dtype dtype, int64_t count, void *values) {
  if (list->status == MOTH_OK) list->status = memory_grow(list->m, &list->tensors, &list->capacity, list->count + 1, sizeof *list->tensors);
  if (list->status != MOTH_OK) return;
  saved_tensor *tensor = &list->tensors[list->count++];
  *tensor = (saved_tensor){ .dtype = dtype, .count = count, .values = values };
  text_format(tensor->name, sizeof tensor->name, "%s", name);
}

static void list_close(saved_list *list) {
  memory_resize(list->m, list->tensors, (size_t)list->capacity * sizeof *list->tensors, 0);
}

/* The numbers whose presence and size every state shares. */
static void list_numbers(saved_list *list, saved_numbers *numbers) {
  list_add(list, "counters", MOTH_I64, TRAINER_COUNTERS, numbers->counters);
  list_add(list, "others", MOTH_I64, OTHERS, numbers->others);
  list_add(list, "sums", MOTH_F64, TRAINER_SUMS, numbers->sums);
  list_add(list, "lr", MOTH_F64, 1, &numbers->lr);
}

/* The rest, where `at` says which copies there are and the run has `epochs`. With `put_back` the last weights lie in kept. */
static void list_state(saved_list *list, const moth_trainer *self, const trainer_position *at, int64_t epochs, bool put_back) {
  moth_net *net = self->net;
  int64_t weights = net->parameter_count + net->buffer_count;
  list_add(list, "parameters", net->dtype, net->parameter_count, put_back ? self->kept : net->parameters->values);
  if (net->buffer_count > 0) {
    list_add(list, "buffers", net->dtype, net->buffer_count, put_back ? self->kept + self->parameter_bytes : net->buffers->values);
  }
  if (at->has_best && self->validation != NULL) list_add(list, "best", net->dtype, weights, self->best);
  if (at->has_kept) list_add(list, "kept", net->dtype, weights, self->kept);
  if (self->state_bytes > 0) list_add(list, "metrics", MOTH_U8, (int64_t)self->state_bytes, self->states);
  char name[96];
  const optimizer_state *state = optimizer_state_of(self->optimizer);
  for (int i = 0; i < state->vectors; i++) {
    text_format(name, sizeof name, "optimizer.%s", ((const optimizer_class *)self->optimizer->row)->state_names[i]);
    list_add(list, name, net->dtype, state->count, state->vector[i]);
  }
  for (int i = 0; i < self->run->column_count; i++) {
    text_format(name, sizeof name, "run.%s", self->run->columns[i].name);
    list_add(list, name, MOTH_F64, epochs, self->run->columns[i].values);
  }
}

/* ---- Writing ---- */

static void numbers_of(const moth_trainer *self, saved_numbers *numbers) {
  const moth *m = self->base.context;
  trainer_position at = self->at;
  trainer_sums sums = self->sums;
  if (self->put_back) at.has_kept = 0;
  sums.seconds = trainer_seconds(self);
  memcpy(numbers->counters, &at, sizeof at);
  memcpy(numbers->sums, &sums, sizeof sums);
  numbers->lr = optimizer_lr(self->optimizer);
  int64_t *others = numbers->others;
  others[OTHER_OPTIMIZER_STEP] = optimizer_state_of(self->optimizer)->step;
  others[OTHER_FORWARDS] = (int64_t)self->net->forwards;
  others[OTHER_NET_KEY] = (int64_t)self->net->key;
  others[OTHER_SEED] = (int64_t)m->random.seed;
  others[OTHER_POSITION] = (int64_t)m->random.position;
  others[OTHER_KEY] = (int64_t)self->key;
  others[OTHER_BEST_EPOCH] = self->run->best_epoch;
}

static moth_status write_list(stream *to, const saved_list *list, const identity *who) {
  moth *m = list->m;
  size_t count = (size_t)list->count;
  safetensors_entry *entries = memory_new(m, count, sizeof *entries);
  moth_tensor **views = memory_new(m, count, sizeof *views);
  moth_status status = entries != NULL && views != NULL ? MOTH_OK : m->status;
  static const char nothing[8];
  for (size_t i = 0; status == MOTH_OK && i < count; i++) {
    saved_tensor *tensor = &list->tensors[i];
    void *values = tensor->count > 0 ? tensor->values : (void *)nothing;
    status = moth_tensor_wrap(m, tensor->dtype, 1, &tensor->count, NULL, values, true, NULL, NULL, &views[i]);
    entries[i] =
        (safetensors_entry) { .name = tensor->name, .dtype = tensor->dtype, .rank = 1, .size = { tensor->count }, .values = views[i] };
  }
  if (status == MOTH_OK) {
    status = safetensors_write(to, entries, (int)count, (const char *const *)who->keys, (const char *const *)who->texts, (int)who->count);
  }
  for (size_t i = 0; views != NULL && i < count; i++) moth_release(views[i]);
  memory_free(m, views, count, sizeof *views);
  memory_free(m, entries, count, sizeof *entries);
  return status;
}

moth_status checkpoint_write(const moth_trainer *self, stream *to) {
  moth *m = self->base.context;
  saved_numbers numbers;
  numbers_of(self, &numbers);
  trainer_position at = self->at;
  if (self->put_back) at.has_kept = 0;
  identity who;
  identity_open(&who, m);
  identity_add(&who, "moth", format_name);
  identity_of(self, &who);
  saved_list list = { .m = m };
  list_numbers(&list, &numbers);
  list_state(&list, self, &at, self->run->epochs, self->put_back);
  moth_status status = who.status != MOTH_OK ? who.status : list.status;
  if (status == MOTH_OK) status = write_list(to, &list, &who);
  list_close(&list);
  identity_close(&who);
  return status;
}

/* ---- Reading ---- */

static moth_status broken(moth *m, const char *name, const char *what) {
  return context_fail(m, MOTH_FORMAT, "train", "%s is no saved training: %s", name, what);
}

/* The list's tensors out of the file into their places; `commit` false only checks them. */
static moth_status read_list(const saved_list *list, const safetensors_file *file, const char *name, bool commit) {
  for (int64_t i = 0; i < list->count; i++) {
    const saved_tensor *wanted = &list->tensors[i];
    const moth_tensor *t = safetensors_tensor(file, wanted->name);
    if (t == NULL || t->dtype != wanted->dtype || t->rank != 1 || t->size[0] != wanted->count || !tensor_is_contiguous(t)) {
      tensor_words words = tensor_shape_text(wanted->dtype, 1, &wanted->count);
      return context_fail(list->m, MOTH_FORMAT, "train", "%s is no saved training: '%s' is %s, %s expected", name, wanted->name,
                          t != NULL ? tensor_text(t).text : "missing", words.text);
    }
    if (commit && wanted->count > 0) memcpy(wanted->values, t->values, (size_t)wanted->count * dtype_size(wanted->dtype));
  }
  return MOTH_OK;
}

static bool is_flag(int64_t value) { return value == 0 || value == 1; }

/* Whether a position is one that this trainer could stand at. */
static bool position_is_possible(const moth_trainer *self, const trainer_position *at, const saved_numbers *numbers) {
  int64_t rows = self->validation != NULL ? self->validation->rows : 0, done = at->epoch - 1, best = numbers->others[OTHER_BEST_EPOCH];
  if (at->epoch < 1 || at->step < 0 || at->wait < 0 || numbers->others[OTHER_OPTIMIZER_STEP] < 0) return false;
  if (at->phase < TRAINER_EPOCH || at->phase > TRAINER_VALIDATION) return false;
  if (at->batch < 0 || at->batch > self->batches || (at->phase == TRAINER_EPOCH && at->batch != 0)) return false;
  if (at->phase == TRAINER_VALIDATION ? at->batch != self->batches : at->validated != 0) return false;
  if (at->validated < 0 || at->validated > rows || (at->validated < rows && at->validated % NETWORK_CHUNK != 0)) return false;
  if (!is_flag(at->has_best) || !is_flag(at->has_kept) || best < 0 || best > done || (best > 0) != at->has_best) return false;
  return at->kept_epoch >= 0 && at->kept_epoch <= at->epoch && at->wait <= done && !isnan(numbers->lr);
}

/* Everything is checked and there is room for it. */
static void take_state(moth_trainer *self, const saved_numbers *numbers) {
  moth *m = self->base.context;
  const int64_t *others = numbers->others;
  memcpy(&self->at, numbers->counters, sizeof self->at);
  memcpy(&self->sums, numbers->sums, sizeof self->sums);
  optimizer_state_of(self->optimizer)->step = others[OTHER_OPTIMIZER_STEP];
  self->optimizer->options.values[OPTIMIZER_LR].as.real = numbers->lr;
  self->net->forwards = (uint64_t)others[OTHER_FORWARDS];
  self->net->key = (uint64_t)others[OTHER_NET_KEY];
  m->random = (random_source){ (uint64_t)others[OTHER_SEED], (uint64_t)others[OTHER_POSITION] };
  self->key = self->job.key = (uint64_t)others[OTHER_KEY];
  moth_run *run = self->run;
  run->seed = self->key;
  run->epochs = self->at.epoch - 1;
  run->best_epoch = others[OTHER_BEST_EPOCH];
  run->seconds = self->sums.seconds;
  run->stopped[0] = run->text[0] = 0;
  self->ended = self->stop_asked = self->put_back = self->is_refused = false;
  self->net->gradients_valid = false;
  if (self->at.phase != TRAINER_EPOCH) trainer_order_rows(self);
}

static moth_status read_state(moth_trainer *self, const safetensors_file *file, const char *name, saved_list *first, saved_list *rest) {
  moth *m = self->base.context;
  saved_numbers numbers;
  trainer_position at;
  list_numbers(first, &numbers);
  moth_status status = first->status != MOTH_OK ? first->status : read_list(first, file, name, true);
  if (status != MOTH_OK) return status;
  memcpy(&at, numbers.counters, sizeof at);
  if (!position_is_possible(self, &at, &numbers)) return broken(m, name, "its counters contradict each other");
  list_state(rest, self, &at, at.epoch - 1, false);
  status = rest->status != MOTH_OK ? rest->status : read_list(rest, file, name, false);
  if (status != MOTH_OK) return status;
  if (file->count != first->count + rest->count) return broken(m, name, "it holds more tensors than a training has");
  status = run_reserve(self->run, at.epoch - 1); /* as many as the file holds */
  if (status != MOTH_OK) return status;
  rest->count = 0; /* the run's columns may have moved */
  list_state(rest, self, &at, at.epoch - 1, false);
  read_list(rest, file, name, true);
  take_state(self, &numbers);
  return MOTH_OK;
}

moth_status checkpoint_read(moth_trainer *self, stream *from, const char *name) {
  moth *m = self->base.context;
  safetensors_file file;
  moth_status status = safetensors_read(from, &file);
  if (status != MOTH_OK) return status;
  const char *format = safetensors_metadata(&file, "moth");
  if (format == NULL || strcmp(format, format_name) != 0) status = broken(m, name, format != NULL ? format : "its metadata has no 'moth'");
  identity who;
  identity_open(&who, m);
  if (status == MOTH_OK) {
    identity_of(self, &who);
    status = who.status != MOTH_OK ? who.status : identity_compare(&who, &file, name);
  }
  saved_list first = { .m = m }, rest = { .m = m };
  if (status == MOTH_OK) status = read_state(self, &file, name, &first, &rest);
  list_close(&first);
  list_close(&rest);
  identity_close(&who);
  safetensors_free(&file);
  return status == MOTH_MEMORY || status == MOTH_LIMIT ? context_within(m, status, "train") : status;
}

/* ---- checkpoint= and resume= ---- */

moth_status trainer_save_file(moth *m, const moth_trainer *self, const char *path) {
  stream to;
  moth_status status = stream_create(m, "train", path, &to);
  if (status != MOTH_OK) return status;
  status = checkpoint_write(self, &to);
  moth_status closed = stream_close(&to, status == MOTH_OK);
  return status != MOTH_OK ? status : closed;
}

moth_status trainer_load_file(moth *m, moth_trainer *self, const char *path) {
  stream from;
  moth_status status = stream_open(m, "train", path, UINT64_MAX, &from);
  if (status != MOTH_OK) return status;
  status = checkpoint_read(self, &from, path);
  stream_close(&from, false);
  return status;
}

moth_status trainer_write_checkpoint(moth_trainer *self) {
  moth_status status = trainer_save_file(self->base.context, self, options_word(&self->options, TRAIN_CHECKPOINT));
  if (status == MOTH_OK) self->saved_step = self->at.step;
  return status;
}

void trainer_keep_state(moth_trainer *self) {
  moth *m = self->base.context;
  moth_run *run = self->run;
  stream to;
  moth_free(m, run->saved, run->saved_size);
  run->saved = NULL, run->saved_size = 0;
  if (stream_create_bytes(m, "train", &to) != MOTH_OK) return;
  if (checkpoint_write(self, &to) == MOTH_OK) stream_take(&to, &run->saved, &run->saved_size);
  stream_close(&to, false);
}

static moth_status resume_run(moth *m, moth_trainer *self, const moth_run *run) {
  static const char name[] = "the run";
  if (run->saved == NULL && run->stopped[0] == 0) return context_fail(m, MOTH_MISUSE, "train", "resume: the run has not ended");
  if (run->saved == NULL) return context_fail(m, MOTH_MISUSE, "train", "resume: there was no memory for the run to keep its state");
  stream from;
  stream_open_bytes(m, "train", name, run->saved, run->saved_size, &from);
  moth_status status = checkpoint_read(self, &from, name);
  stream_close(&from, false);
  return status;
}

moth_status trainer_resume(moth *m, moth_trainer *self) {
  const options *o = &self->options;
  if (o->values[TRAIN_RESUME].kind == MOTH_OPTION_OBJECT) return resume_run(m, self, options_object(o, TRAIN_RESUME));
  const char *path = options_word(o, TRAIN_RESUME), *checkpoint = options_word(o, TRAIN_CHECKPOINT);
  if (path != NULL) return trainer_load_file(m, self, path);
  if (!options_flag(o, TRAIN_RESUME)) return MOTH_OK;
  if (checkpoint == NULL) return context_fail(m, MOTH_OPTION, "train", "resume = true goes on from checkpoint=, which is not given");
  return access(checkpoint, F_OK) == 0 ? trainer_load_file(m, self, checkpoint) : MOTH_OK;
}
