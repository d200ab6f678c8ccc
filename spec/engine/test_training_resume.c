/* A training that is saved and continued ends with the same bits as one that was never stopped; what does not belong to it is refused. */
#include "training.h"

enum { ROWS = 70, VALID_ROWS = 300, EPOCHS = 6 };

typedef struct setup { moth *m; moth_dataset *data, *valid; moth_net *net; moth_trainer *trainer; } setup;

typedef struct variant {
  double dropout;
  bool full, f64, no_seed;
  int64_t patience, epochs, batch;
  const char *optimizer, *clip;
  double lr;
  bool validates;
} variant;

static const variant everything = {
  .dropout = 0.3, .patience = 3, .epochs = EPOCHS, .batch = 16, .optimizer = "adam", .lr = 0.02, .validates = true
};

static training_options options_of(setup *s, const variant *v, moth_part *optimizer) {
  training_options o = training_basic(s->net, s->data, "cross_entropy", v->epochs);
  if (v->validates) add(&o, MOTH_OBJECT("validation", s->valid));
  add(&o, MOTH_TEXT("metrics", "accuracy"));
  add(&o, MOTH_PART("optimizer", optimizer));
  if (v->full) add(&o, MOTH_TEXT("batch", "full"));
  else add(&o, MOTH_INT("batch", v->batch));
  if (v->patience > 0) add(&o, MOTH_INT("patience", v->patience));
  if (!v->no_seed) add(&o, MOTH_INT("seed", 11));
  add(&o, MOTH_TEXT("schedule", "cosine"));
  return o;
}

static setup set_up_in(moth *m, const variant *v) {
  setup s = {
    .m = m, .data = training_blobs(m, ROWS, 1), .valid = training_blobs(m, VALID_ROWS, 2), .net = training_classifier(m, v->dropout)
  };
  moth_part *optimizer = training_part(m, MOTH_OPTIMIZER, v->optimizer, (moth_option[]){ MOTH_REAL("lr", v->lr), MOTH_END });
  training_options o = options_of(&s, v, optimizer);
  assert_ok(m, moth_trainer_create(m, o.list, &s.trainer));
  moth_release(optimizer);
  return s;
}
static setup set_up(const variant *v) { return set_up_in(support_open(NULL), v); }

static void take_down(setup *s) {
  moth_release(s->trainer), moth_release(s->net), moth_release(s->valid), moth_release(s->data);
  support_close(s->m, NULL);
}

static void run_to_end(setup *s) {
  bool more = true;
  while (more) assert_ok(s->m, moth_trainer_step(s->m, s->trainer, INFINITY, &more));
}

/* Weights, all columns of the run and what is said about the end, as bytes. */
static char *outcome(setup *s, size_t *bytes) {
  moth_run *run = NULL;
  assert_ok(s->m, moth_trainer_run(s->m, s->trainer, &run));
  char *all = training_weights(s->m, s->net, bytes);
  for (int c = 0; moth_run_column(run, c) != NULL; c++) {
    const double *values = NULL;
    int64_t count = 0;
    assert_ok(s->m, moth_run_values(s->m, run, moth_run_column(run, c), &values, &count));
    all = realloc(all, *bytes + (size_t)count * sizeof *values + 1);
    memcpy(all + *bytes, values, (size_t)count * sizeof *values);
    *bytes += (size_t)count * sizeof *values;
  }
  size_t length = strlen(moth_run_text(run)) + 1;
  all = realloc(all, *bytes + length);
  memcpy(all + *bytes, moth_run_text(run), length);
  *bytes += length;
  moth_release(run);
  return all;
}

/* Saves after every unit; each state goes on in a new context, net and trainer. */
static void check_every_unit(const variant *v) {
  setup whole = set_up(v);
  run_to_end(&whole);
  size_t bytes, other_bytes;
  char *expected = outcome(&whole, &bytes);
  setup stepped = set_up(v);
  bool more = true;
  int64_t states = 0;
  while (more) {
    void *saved = NULL;
    size_t size = 0;
    assert_ok(stepped.m, moth_trainer_save_bytes(stepped.m, stepped.trainer, &saved, &size));
    setup next = set_up(v);
    moth_seed(next.m, 99);
    assert_ok(next.m, moth_trainer_load_bytes(next.m, next.trainer, saved, size));
    run_to_end(&next);
    char *got = outcome(&next, &other_bytes);
    assert_int_equal(other_bytes, bytes);
    training_assert_same_bits(got, expected, bytes);
    free(got);
    take_down(&next);
    moth_free(stepped.m, saved, size);
    assert_ok(stepped.m, moth_trainer_step(stepped.m, stepped.trainer, 0, &more));
    states++;
  }
  char *got = outcome(&stepped, &other_bytes);
  assert_int_equal(other_bytes, bytes);
  training_assert_same_bits(got, expected, bytes);
  assert_true(states >= v->epochs || v->patience > 0);
  free(got), free(expected);
  take_down(&stepped), take_down(&whole);
}

static void saved_at_every_batch_it_goes_on_bit_for_bit(void **state) {
  check_every_unit(&everything);
  variant v = everything;
  v.full = true, v.dropout = 0, v.optimizer = "sgd", v.patience = 0, v.validates = false;
  check_every_unit(&v);
  v.no_seed = true, v.full = false, v.dropout = 0.5;
  check_every_unit(&v);
  v = everything;
  v.lr = 0.5, v.epochs = 30, v.patience = 2, v.batch = 70; /* patience ends it */
  check_every_unit(&v);
}

/* The same from inside on_batch, in which the trainer stands between two units. */
typedef struct keeper { moth *m; int64_t at; void *bytes; size_t size; } keeper;

static moth_status keep_batch(void *data, moth_trainer *trainer, const moth_batch *batch, bool *stop) {
  keeper *k = data;
  if (--k->at != 0) return MOTH_OK;
  bool more;
  assert_int_equal(moth_trainer_step(k->m, trainer, 0, &more), MOTH_MISUSE);
  return moth_trainer_save_bytes(k->m, trainer, &k->bytes, &k->size);
}
static moth_status keep_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  return keep_batch(data, trainer, NULL, stop);
}

static void check_callback(bool epochs, bool validates, int64_t at) {
  variant v = everything;
  v.validates = validates, v.patience = 0;
  setup whole = set_up(&v);
  run_to_end(&whole);
  size_t bytes, other_bytes;
  char *expected = outcome(&whole, &bytes);
  moth *m = whole.m;
  keeper k = { .m = m, .at = at };
  moth_net *net = training_classifier(m, v.dropout);
  moth_part *optimizer = training_part(m, MOTH_OPTIMIZER, v.optimizer, (moth_option[]){ MOTH_REAL("lr", v.lr), MOTH_END });
  setup watched = { .m = m, .data = whole.data, .valid = whole.valid, .net = net };
  training_options o = options_of(&watched, &v, optimizer);
  if (epochs) add(&o, MOTH_CALL("on_epoch", keep_epoch, &k, NULL));
  else add(&o, MOTH_CALL("on_batch", keep_batch, &k, NULL));
  assert_ok(m, moth_trainer_create(m, o.list, &watched.trainer));
  run_to_end(&watched);
  assert_non_null(k.bytes);
  setup next = set_up(&v);
  assert_ok(next.m, moth_trainer_load_bytes(next.m, next.trainer, k.bytes, k.size));
  run_to_end(&next);
  char *got = outcome(&next, &other_bytes);
  assert_int_equal(other_bytes, bytes);
  training_assert_same_bits(got, expected, bytes);
  free(got), free(expected);
  take_down(&next);
  moth_free(m, k.bytes, k.size);
  moth_release(watched.trainer), moth_release(net), moth_release(optimizer);
  take_down(&whole);
}

static void callbacks_may_save(void **state) {
  check_callback(false, true, 3);
  check_callback(false, true, 5);  /* the last batch of an epoch: validation comes next */
  check_callback(false, false, 5); /* without it the epoch's end */
  check_callback(true, true, 2);
  check_callback(true, true, EPOCHS);
}

/* What was ended early goes on where it stood, from the last weights rather than those put back. */
static void an_interrupted_training_goes_on_from_its_last_weights(void **state) {
  setup whole = set_up(&everything), cut = set_up(&everything), next = set_up(&everything);
  run_to_end(&whole);
  bool more = true;
  for (int i = 0; i < 17; i++) assert_ok(cut.m, moth_trainer_step(cut.m, cut.trainer, 0, &more));
  moth_cancel(cut.m);
  assert_ok(cut.m, moth_trainer_step(cut.m, cut.trainer, INFINITY, &more));
  assert_false(more);
  void *saved = NULL;
  size_t size, bytes, other_bytes;
  assert_ok(cut.m, moth_trainer_save_bytes(cut.m, cut.trainer, &saved, &size));
  assert_ok(next.m, moth_trainer_load_bytes(next.m, next.trainer, saved, size));
  run_to_end(&next);
  char *expected = outcome(&whole, &bytes), *got = outcome(&next, &other_bytes);
  assert_int_equal(other_bytes, bytes);
  training_assert_same_bits(got, expected, bytes);
  moth_free(cut.m, saved, size);
  free(expected), free(got);
  take_down(&whole), take_down(&cut), take_down(&next);
}

/* More epochs may be asked of a finished one. */
static void a_finished_training_resumes_to_nothing_or_to_more_epochs(void **state) {
  variant v = everything;
  v.patience = 0;
  setup short_one = set_up(&v);
  run_to_end(&short_one);
  void *saved = NULL;
  size_t size;
  assert_ok(short_one.m, moth_trainer_save_bytes(short_one.m, short_one.trainer, &saved, &size));
  setup same = set_up(&v);
  assert_ok(same.m, moth_trainer_load_bytes(same.m, same.trainer, saved, size));
  bool more = true;
  assert_ok(same.m, moth_trainer_step(same.m, same.trainer, 0, &more));
  assert_false(more);
  size_t bytes, other_bytes;
  char *expected = outcome(&short_one, &bytes), *got = outcome(&same, &other_bytes);
  assert_int_equal(other_bytes, bytes);
  training_assert_same_bits(got, expected, bytes);
  v.epochs = EPOCHS + 2;
  setup longer = set_up(&v);
  assert_ok(longer.m, moth_trainer_load_bytes(longer.m, longer.trainer, saved, size));
  run_to_end(&longer);
  moth_run *run = NULL;
  assert_ok(longer.m, moth_trainer_run(longer.m, longer.trainer, &run));
  assert_int_equal(moth_run_epochs(run), EPOCHS + 2);
  moth_release(run);
  moth_free(short_one.m, saved, size);
  free(expected), free(got);
  take_down(&short_one), take_down(&same), take_down(&longer);
}

/* ---- Refusals --------------------------------------------------------------------------------------------------------------------- */

static void refuses(const variant *v, int64_t data_seed, const char *message) {
  setup s = set_up(&everything);
  run_to_end(&s);
  void *saved = NULL;
  size_t size;
  assert_ok(s.m, moth_trainer_save_bytes(s.m, s.trainer, &saved, &size));
  moth *m = support_open(NULL);
  setup other = { .m = m, .data = training_blobs(m, ROWS, (uint64_t)data_seed), .valid = training_blobs(m, VALID_ROWS, 2),
                  .net = training_classifier(m, v->dropout) };
  moth_part *optimizer = training_part(m, MOTH_OPTIMIZER, v->optimizer, (moth_option[]){ MOTH_REAL("lr", v->lr), MOTH_END });
  training_options o = options_of(&other, v, optimizer);
  assert_ok(m, moth_trainer_create(m, o.list, &other.trainer));
  size_t bytes, after_bytes;
  char *before = training_weights(m, other.net, &bytes);
  assert_fails(m, moth_trainer_load_bytes(m, other.trainer, saved, size), MOTH_OPTION, message);
  char *after = training_weights(m, other.net, &after_bytes);
  training_assert_same_bits(after, before, bytes);
  free(before), free(after);
  run_to_end(&other); /* and it is none the worse for it */
  moth_release(optimizer);
  take_down(&other);
  moth_free(s.m, saved, size);
  take_down(&s);
}

static void it_refuses_another_run_by_name(void **state) {
  variant v = everything;
  v.dropout = 0.2;
  refuses(&v, 1, "train: saved state belongs to another run: layer 2 was dropout(0.3), is dropout(0.2)");
  v = everything, v.dropout = 0;
  refuses(&v, 1, "train: saved state belongs to another run: number of layers was 3, is 2");
  v = everything, v.batch = 20;
  refuses(&v, 1, "train: saved state belongs to another run: batch was 16, is 20");
  v = everything, v.optimizer = "sgd";
  refuses(&v, 1, "train: saved state belongs to another run: optimizer was adam(0.02), is sgd(0.02)");
  v = everything, v.patience = 0;
  refuses(&v, 1, "train: saved state belongs to another run: patience was 3, is none");
  v = everything, v.no_seed = true;
  refuses(&v, 1, "train: saved state belongs to another run: seed was 11, is drawn");
  v = everything, v.validates = false;
  refuses(&v, 1, "train: saved state belongs to another run: monitor was val_loss, is loss");
  refuses(&everything, 5, "train: saved state belongs to another run: data holds other values");
}

/* Cut, or with any byte changed, a state is refused or harmless: never a crash. */
static void broken_states_are_refused(void **state) {
  setup s = set_up(&everything);
  bool more = true;
  for (int i = 0; i < 9; i++) assert_ok(s.m, moth_trainer_step(s.m, s.trainer, 0, &more));
  void *saved = NULL;
  size_t size;
  assert_ok(s.m, moth_trainer_save_bytes(s.m, s.trainer, &saved, &size));
  size_t bytes;
  char *before = training_weights(s.m, s.net, &bytes);
  for (size_t cut = 0; cut < size; cut += 1 + size / 97) {
    assert_int_not_equal(moth_trainer_load_bytes(s.m, s.trainer, saved, cut), MOTH_OK);
    size_t after_bytes;
    char *after = training_weights(s.m, s.net, &after_bytes);
    training_assert_same_bits(after, before, bytes);
    free(after);
  }
  unsigned char *copy = malloc(size);
  for (size_t at = 0; at < size; at += 1 + size / 701) {
    memcpy(copy, saved, size);
    copy[at] ^= 0x41;
    if (moth_trainer_load_bytes(s.m, s.trainer, copy, size) == MOTH_OK) assert_ok(s.m, moth_trainer_step(s.m, s.trainer, 0, &more));
  }
  free(copy), free(before);
  moth_free(s.m, saved, size);
  take_down(&s);
}

/* ---- Files ------------------------------------------------------------------------------------------------------------------------ */

static void checkpoints_go_to_a_file_and_resume_from_it(void **state) {
  support_folder folder = support_folder_make();
  char path[1024], missing[1024];
  support_path(&folder, "run.ckpt", path);
  variant v = everything;
  setup whole = set_up(&v);
  run_to_end(&whole);
  size_t bytes, other_bytes;
  char *expected = outcome(&whole, &bytes);
  for (int part = 0; part < 3; part++) { /* each cut after some units; the last one runs to the end */
    moth *m = support_open(NULL);
    setup s = {
      .m = m, .data = training_blobs(m, ROWS, 1), .valid = training_blobs(m, VALID_ROWS, 2), .net = training_classifier(m, v.dropout)
    };
    moth_part *optimizer = training_part(m, MOTH_OPTIMIZER, v.optimizer, (moth_option[]){ MOTH_REAL("lr", v.lr), MOTH_END });
    training_options o = options_of(&s, &v, optimizer);
    add(&o, MOTH_TEXT("checkpoint", path));
    add(&o, MOTH_FLAG("resume", true));
    assert_ok(m, moth_trainer_create(m, o.list, &s.trainer));
    bool more = true;
    for (int i = 0; i < 12 && part < 2; i++) assert_ok(m, moth_trainer_step(m, s.trainer, 0, &more));
    if (part == 2) {
      run_to_end(&s);
      char *got = outcome(&s, &other_bytes);
      assert_int_equal(other_bytes, bytes);
      training_assert_same_bits(got, expected, bytes);
      free(got);
    }
    moth_release(optimizer);
    take_down(&s);
  }
  setup s = set_up(&v);
  assert_ok(s.m, moth_trainer_load(s.m, s.trainer, path));
  assert_ok(s.m, moth_trainer_save(s.m, s.trainer, path));
  support_path(&folder, "none.ckpt", missing);
  assert_status(s.m, moth_trainer_load(s.m, s.trainer, missing), MOTH_FILE);
  take_down(&s), take_down(&whole);
  free(expected);
  support_folder_remove(&folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(saved_at_every_batch_it_goes_on_bit_for_bit),
    cmocka_unit_test(callbacks_may_save),
    cmocka_unit_test(an_interrupted_training_goes_on_from_its_last_weights),
    cmocka_unit_test(a_finished_training_resumes_to_nothing_or_to_more_epochs),
    cmocka_unit_test(it_refuses_another_run_by_name),
    cmocka_unit_test(broken_states_are_refused),
    cmocka_unit_test(checkpoints_go_to_a_file_and_resume_from_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
