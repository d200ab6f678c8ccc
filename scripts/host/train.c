/* train.c: a C program that trains a network, saves it, loads it and uses it, without Lua.
 *
 *     cc train.c $(pkg-config --cflags --libs moth) -o train && ./train
 */
#include <moth.h>
#include <stdio.h>

static int failed(const moth *m, const char *what) {
  fprintf(stderr, "%s: %s\n", what, moth_message(m));
  return 1;
}

static moth_status print_epoch(void *data, moth_trainer *trainer, const moth_epoch *epoch, bool *stop) {
  (void)data, (void)trainer, (void)stop;
  if (epoch->epoch % 20 == 0) printf("epoch %3lld  loss %.4f\n", (long long)epoch->epoch, epoch->loss);
  return MOTH_OK;
}

/* A dense layer with an activation; the caller releases it. */
static moth_status dense(moth *m, int64_t units, const char *activation, moth_part **layer) {
  return moth_part_create(m, MOTH_LAYER, "dense", (moth_option[]){ MOTH_INT("units", units), MOTH_TEXT("activation", activation), MOTH_END },
                          layer);
}

static int run(moth *m) {
  const float inputs[] = { 0, 0, 0, 1, 1, 0, 1, 1 }, targets[] = { 0, 1, 1, 0 };
  moth_tensor *x = NULL, *y = NULL, *p = NULL;
  moth_part *layers[2] = { NULL, NULL }, *adam = NULL;
  moth_net *net = NULL, *loaded = NULL;
  moth_dataset *data = NULL;
  moth_run *history = NULL;
  void *model = NULL;
  size_t model_size = 0;
  float outputs[4];

  moth_status status = moth_tensor_copy_in(m, MOTH_F32, 2, (int64_t[]){ 4, 2 }, inputs, &x);
  if (!status) status = moth_tensor_copy_in(m, MOTH_F32, 2, (int64_t[]){ 4, 1 }, targets, &y);
  if (!status) status = moth_dataset_create(m, (moth_option[]){ MOTH_TENSOR("x", x), MOTH_TENSOR("y", y), MOTH_END }, &data);
  if (!status) status = dense(m, 8, "tanh", &layers[0]);
  if (!status) status = dense(m, 1, "sigmoid", &layers[1]);
  if (!status) status = moth_net_create(m, (moth_option[]){ MOTH_INT("input", 2), MOTH_PARTS("layers", 2, layers), MOTH_END }, &net);
  if (!status) status = moth_part_create(m, MOTH_OPTIMIZER, "adam", (moth_option[]){ MOTH_REAL("lr", 0.1), MOTH_END }, &adam);
  if (!status)
    status = moth_train(m,
                        (moth_option[]){ MOTH_OBJECT("net", net), MOTH_OBJECT("data", data), MOTH_TEXT("loss", "binary_cross_entropy"),
                                         MOTH_PART("optimizer", adam), MOTH_INT("epochs", 100), MOTH_CALL("on_epoch", print_epoch, NULL, NULL),
                                         MOTH_END },
                        &history);
  if (!status) status = moth_net_save_bytes(m, net, &model, &model_size);
  if (!status) status = moth_net_open_bytes(m, model, model_size, &loaded);
  if (!status) status = moth_net_predict(m, loaded, x, &p);
  if (!status) status = moth_tensor_copy_out(m, p, outputs);
  if (!status)
    for (int i = 0; i < 4; i++) printf("%g xor %g = %.0f\n", inputs[2 * i], inputs[2 * i + 1], outputs[i]);
  if (!status) printf("model of %zu bytes, %lld epochs\n", model_size, (long long)moth_run_epochs(history));

  int result = status ? failed(m, moth_status_name(status)) : 0;
  if (model) moth_free(m, model, model_size);
  moth_release(p), moth_release(loaded), moth_release(history), moth_release(adam), moth_release(net);
  moth_release(layers[0]), moth_release(layers[1]), moth_release(data), moth_release(y), moth_release(x);
  return result;
}

int main(void) {
  moth *m;
  moth_status status = moth_open(&(moth_config){ .size = sizeof(moth_config), .seed = 1 }, &m);
  if (status) {
    fprintf(stderr, "moth_open: %s\n", moth_status_name(status));
    return 1;
  }
  int result = run(m);
  moth_close(m);
  return result;
}
