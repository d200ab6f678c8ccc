/* Two contexts train at once on two threads, each with workers of its own; each ends with the bits of a context alone. For TSan, too. */
#include "training.h"

#include <pthread.h>

typedef struct job { uint64_t seed; int threads; void *weights; size_t bytes; } job;

static void *train(void *data) {
  job *j = data;
  moth *m = NULL;
  const moth_config config = { .size = sizeof config, .threads = j->threads, .seed = j->seed };
  assert_int_equal(moth_open(&config, &m), MOTH_OK);
  moth_dataset *blobs = training_blobs(m, 600, j->seed), *valid = training_blobs(m, 300, j->seed + 1);
  moth_part *layers[] = { training_dense(m, 64, "relu"),
                          training_part(m, MOTH_LAYER, "dropout", (moth_option[]) { MOTH_REAL(NULL, 0.1), MOTH_END }),
                          training_dense(m, 64, "tanh"), training_dense(m, BLOB_CLASSES, "softmax") };
  moth_net *net = training_net_of(m, "f32", BLOB_COLUMNS, 1, layers, 4);
  training_options o = training_basic(net, blobs, "cross_entropy", 4);
  add(&o, MOTH_OBJECT("validation", valid));
  add(&o, MOTH_TEXT("metrics", "accuracy"));
  add(&o, MOTH_INT("batch", 128));
  moth_run *run = NULL;
  assert_ok(m, moth_train(m, o.list, &run));
  j->weights = training_weights(m, net, &j->bytes);
  moth_release(run), moth_release(net), moth_release(blobs), moth_release(valid);
  moth_close(m);
  return NULL;
}

static void two_contexts_train_at_once(void **state) {
  job alone[] = { { .seed = 1, .threads = 1 }, { .seed = 2, .threads = 1 } };
  job together[] = { { .seed = 1, .threads = 2 }, { .seed = 2, .threads = 2 } };
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, train, &together[i]), 0);
  for (int i = 0; i < 2; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (int i = 0; i < 2; i++) {
    train(&alone[i]);
    assert_int_equal(alone[i].bytes, together[i].bytes);
    training_assert_same_bits(together[i].weights, alone[i].weights, alone[i].bytes);
  }
  assert_memory_not_equal(alone[0].weights, alone[1].weights, alone[0].bytes);
  for (int i = 0; i < 2; i++) free(alone[i].weights), free(together[i].weights);
}

int main(void) {
  const struct CMUnitTest tests[] = { cmocka_unit_test(two_contexts_train_at_once) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
