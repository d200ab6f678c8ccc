/* Model files: what is saved comes back bit for bit, by path and by bytes; whatever else a file holds is refused in words; nothing hostile
 * crashes, leaks or takes memory in proportion to its claims. */
#include "nets.h"

/* ---- Round trips ------------------------------------------------------------------------------------------------------------------------- */

static void open_catalog(moth *m) {
  const layer_class *const own[] = { &layer_sum, &layer_center, &layer_around };
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) assert_ok(m, catalog_register(m, MOTH_LAYER, &own[i]->row));
}

static moth_net *make_rich(moth *m, moth_dtype dtype) {
  moth_part *twice = make_dense(m, 5, "tanh"), *leaky = make_part(m, MOTH_ACTIVATION, "leaky_relu", OPTIONS(MOTH_REAL("slope", 0.1)));
  moth_part *plain = make_part(m, MOTH_LAYER, "dense", OPTIONS(MOTH_INT(NULL, 5), MOTH_PART(NULL, leaky), MOTH_FLAG("bias", false),
                                                               MOTH_REAL("l2", 0.1), MOTH_TEXT("name", "plain"), MOTH_TEXT("origin", "a.lua:1")));
  moth_part *around = make_layer(m, &layer_around, OPTIONS(MOTH_PART(NULL, twice)));
  moth_part *drop = make_part(m, MOTH_LAYER, "dropout", OPTIONS(MOTH_REAL(NULL, 1.0 / 3)));
  return make_net(m, dtype, 4, PART_LIST(plain, twice, around, make_layer(m, &layer_center, NULL), leaky, drop, twice, make_dense(m, 3, "softmax")));
}

static void assert_same_net(moth *m, const moth_net *a, const moth_net *b) {
  char *first, *second;
  size_t first_size, second_size;
  assert_ok(m, moth_net_text(m, a, false, &first, &first_size));
  assert_ok(m, moth_net_text(m, b, false, &second, &second_size));
  assert_string_equal(first, second);
  moth_free(m, first, first_size), moth_free(m, second, second_size);
  assert_same_values(a->parameters, b->parameters);
  assert_same_values(a->buffers, b->buffers);
  assert_int_equal(a->node_count, b->node_count);
  for (int i = 0; i < a->node_count; i++) assert_int_equal(a->nodes[i].owner, b->nodes[i].owner);
  for (int i = 0; i < a->layer_count; i++) {
    int index;
    assert_true(options_equal(&a->layers[i].part->options, &b->layers[i].part->options, &index) || index < 0 ||
                a->layers[i].part->options.values[index].kind & (MOTH_OPTION_PART | MOTH_OPTION_PARTS));
  }
}

static void test_round_trip(void **state) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  open_catalog(m);
  support_folder folder = support_folder_make();
  char path[1024];
  support_path(&folder, "net.safetensors", path);
  for (moth_dtype dtype = MOTH_F32; dtype <= MOTH_F64; dtype++) {
    moth_net *net = make_rich(m, dtype), *opened, *from_path;
    moth_tensor *x = random_tensor(m, dtype, 2, SIZES(9, 4), 3), *y, *p, *q;
    assert_ok(m, moth_net_forward(m, net, x, &y)); /* moves the buffers */
    assert_ok(m, moth_net_freeze(m, net, 0, true));
    void *bytes, *again;
    size_t size, again_size;
    assert_ok(m, moth_net_save_bytes(m, net, &bytes, &size));
    assert_ok(m, moth_net_open_bytes(m, bytes, size, &opened));
    assert_same_net(m, net, opened);
    assert_ok(m, moth_net_save_bytes(m, opened, &again, &again_size));
    assert_int_equal(size, again_size);
    assert_memory_equal(bytes, again, size);
    assert_ok(m, moth_net_save(m, net, path));
    assert_ok(m, moth_net_open(m, path, &from_path));
    assert_same_net(m, net, from_path);
    assert_ok(m, moth_net_predict(m, net, x, &p));
    assert_ok(m, moth_net_predict(m, from_path, x, &q));
    assert_same_values(p, q);
    moth_free(m, bytes, size), moth_free(m, again, again_size);
    moth_release(net), moth_release(opened), moth_release(from_path), moth_release(x), moth_release(y), moth_release(p), moth_release(q);
  }
  support_folder_remove(&folder);
  support_close(m, &allocator);
}

/* The tensors' names, in the header as Python sees them. */
static void test_names(void **state) {
  moth *m = support_open(NULL);
  open_catalog(m);
  moth_net *net = make_rich(m, MOTH_F32);
  void *bytes;
  size_t size;
  assert_ok(m, moth_net_save_bytes(m, net, &bytes, &size));
  size_t header;
  memcpy(&header, bytes, 8);
  char *text = malloc(header + 1);
  memcpy(text, (char *)bytes + 8, header);
  text[header] = 0;
  static const char *const expected[] = { "\"1.weight\":{\"dtype\":\"F32\",\"shape\":[5,4],\"data_offsets\":[0,80]}", "\"2.weight\"", "\"2.bias\"",
                                          "\"4.mean\":{\"dtype\":\"F32\",\"shape\":[5]", "\"8.weight\"", "__metadata__", "\\\"same_as\\\":" };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    if (strstr(text, expected[i]) == NULL) fail_msg("no %s in %s", expected[i], text);
  }
  assert_null(strstr(text, "3.1.weight")); /* shared with layer 2 */
  assert_null(strstr(text, "origin"));
  assert_null(strstr(text, "init"));
  free(text);
  moth_free(m, bytes, size);
  moth_release(net);
  support_close(m, NULL);
}

/* ---- Weights into a net that is there ---------------------------------------------------------------------------------------------------------- */

static void test_load(void **state) {
  moth *m = support_open(NULL);
  support_folder folder = support_folder_make();
  char path[1024], expected[2048];
  support_path(&folder, "digits.safetensors", path);
  moth_net *net = make_net(m, MOTH_F32, 6, PART_LIST(make_dense(m, 5, "tanh"), make_dense(m, 2, "linear")));
  moth_net *same = make_net(m, MOTH_F64, 6, PART_LIST(make_dense(m, 5, "relu"), make_dense(m, 2, "linear")));
  moth_net *narrow = make_net(m, MOTH_F32, 6, PART_LIST(make_dense(m, 3, "tanh"), make_dense(m, 2, "linear")));
  moth_net *longer = make_net(m, MOTH_F32, 6, PART_LIST(make_dense(m, 5, "tanh"), make_dense(m, 2, "linear"), make_dense(m, 2, "linear")));
  moth_net *shorter = make_net(m, MOTH_F32, 6, PART_LIST(make_dense(m, 5, "tanh")));
  assert_ok(m, moth_net_save(m, net, path));
  memset(same->parameters->values, 0, (size_t)same->parameter_count * sizeof(double));
  assert_ok(m, moth_net_load(m, same, path, false)); /* from f32 to f64 */
  for (int64_t i = 0; i < net->parameter_count; i++) {
    assert_true(((double *)same->parameters->values)[i] == (double)((float *)net->parameters->values)[i]);
  }
  moth_tensor *before = copy_of(m, narrow->parameters);
  snprintf(expected, sizeof expected, "load: %s: '1.weight' is f32[5,6], layer 1 dense(3, \"tanh\") wants f32[3,6]", path);
  assert_fails(m, moth_net_load(m, narrow, path, false), MOTH_SHAPE, expected);
  assert_fails(m, moth_net_load(m, narrow, path, true), MOTH_SHAPE, expected);
  assert_same_values(before, narrow->parameters);
  snprintf(expected, sizeof expected, "load: %s: '3.weight' is missing, layer 3 dense(2) wants f32[2,2]", path);
  assert_fails(m, moth_net_load(m, longer, path, false), MOTH_FORMAT, expected);
  assert_ok(m, moth_net_load(m, longer, path, true));
  assert_memory_equal(longer->parameters->values, net->parameters->values, (size_t)net->parameter_count * sizeof(float));
  snprintf(expected, sizeof expected, "load: %s: '2.weight' belongs to no layer of the net", path);
  assert_fails(m, moth_net_load(m, shorter, path, false), MOTH_FORMAT, expected);
  assert_ok(m, moth_net_load(m, shorter, path, true));
  assert_fails(m, moth_net_load(m, shorter, NULL, true), MOTH_MISUSE, "load: no path given");
  moth_release(before), moth_release(net), moth_release(same), moth_release(narrow), moth_release(longer), moth_release(shorter);
  support_folder_remove(&folder);
  support_close(m, NULL);
}

static void test_what_cannot_be_saved(void **state) {
  moth *m = support_open(NULL);
  static moth_option_row options[] = { { .key = "t", .doc = "kept", .kinds = MOTH_OPTION_TENSOR, .position = 1 }, LAYER_OPTIONS(1) };
  static const layer_class keeper = { .row = { .name = "keeper", .doc = "Keeps.", .options = options, .option_count = 4 },
                                      .infer = breaker_infer, .forward = layer_copy_forward, .backward = layer_copy_backward };
  moth_tensor *t = random_tensor(m, MOTH_F32, 1, SIZES(2), 1);
  moth_part *part = make_layer(m, &keeper, OPTIONS(MOTH_TENSOR(NULL, t)));
  moth_net *net = make_net(m, MOTH_F32, 2, PART_LIST(make_dense(m, 2, "tanh"), part));
  void *bytes;
  size_t size;
  assert_status(m, moth_net_save_bytes(m, net, &bytes, &size), MOTH_OPTION);
  assert_non_null(strstr(moth_message(m), "save: layer 2 keeper("));
  assert_non_null(strstr(moth_message(m), "): t is a tensor, which a model file cannot hold"));
  moth_release(net), moth_release(t);
  support_close(m, NULL);
}

/* ---- Hostile files -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct blob { unsigned char *bytes; size_t size; } blob;

static blob save_small(moth *m) {
  moth_net *net = make_net(m, MOTH_F32, 2, PART_LIST(make_dense(m, 3, "tanh"), make_dense(m, 1, "sigmoid")));
  void *bytes;
  size_t size;
  assert_ok(m, moth_net_save_bytes(m, net, &bytes, &size));
  blob b = { malloc(size), size };
  memcpy(b.bytes, bytes, size);
  moth_free(m, bytes, size);
  moth_release(net);
  return b;
}

static void test_cut_short(void **state) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  blob b = save_small(m);
  moth_net *net = NULL;
  int64_t held = allocator.bytes;
  for (size_t size = 0; size < b.size; size++) {
    unsigned char *cut = malloc(size + 1); /* a block of its own, so that reading past its end shows */
    memcpy(cut, b.bytes, size);
    assert_true(moth_net_open_bytes(m, cut, size, &net) != MOTH_OK);
    assert_true(strncmp(moth_message(m), "load: model: ", 13) == 0);
    assert_int_equal(allocator.bytes, held);
    free(cut);
  }
  assert_null(net);
  free(b.bytes);
  support_close(m, &allocator);
}

static void test_flipped_bits(void **state) {
  support_allocator allocator = { 0 };
  moth *m = support_open(&allocator);
  moth_set_memory_limit(m, 64 << 20);
  blob b = save_small(m);
  size_t header;
  memcpy(&header, b.bytes, 8);
  int64_t held = allocator.bytes;
  for (size_t i = 0; i < 8 + header; i++) {
    for (int bit = 0; bit < 8; bit++) {
      b.bytes[i] ^= (unsigned char)(1 << bit);
      moth_net *net = NULL;
      if (moth_net_open_bytes(m, b.bytes, b.size, &net) == MOTH_OK) moth_release(net);
      assert_int_equal(allocator.bytes, held);
      b.bytes[i] ^= (unsigned char)(1 << bit);
    }
  }
  free(b.bytes);
  support_close(m, &allocator);
}

/* A file without tensors and with this architecture. */
static void refuse_architecture(moth *m, const char *architecture, moth_status expected, const char *message) {
  char *header = malloc(3 * strlen(architecture) + 64), *to = header + 8;
  to += sprintf(to, "{\"__metadata__\":{\"moth\":\"");
  for (const char *at = architecture; *at != 0; at++) {
    if (*at == '"') *to++ = '\\';
    *to++ = *at;
  }
  to += sprintf(to, "\"}}");
  uint64_t length = (uint64_t)(to - header - 8);
  memcpy(header, &length, 8);
  moth_net *net = NULL;
  uint64_t before = moth_memory_used(m);
  assert_status(m, moth_net_open_bytes(m, header, (size_t)(to - header), &net), expected);
  if (strcmp(moth_message(m), message) != 0) {
    fprintf(stderr, "got      %s\nexpected %s\n", moth_message(m), message);
    fail();
  }
  assert_int_equal(moth_memory_used(m), before);
  assert_null(net);
  free(header);
}

#define NET(layers) "{\"version\":1,\"dtype\":\"f32\",\"input\":[2],\"layers\":[" layers "]}"

static void test_refused_architectures(void **state) {
  moth *m = support_open(NULL);
  static const struct { const char *text; moth_status status; const char *message; } cases[] = {
    { "", MOTH_FORMAT, "load: model: the architecture, byte 0: '[' or '{' expected near end of file" },
    { "[]", MOTH_FORMAT, "load: model: the architecture is no JSON object" },
    { "{}", MOTH_FORMAT, "load: model: the architecture has no version" },
    { "{\"version\":2}", MOTH_FORMAT, "load: model: the architecture is of version 2, this library reads 1" },
    { "{\"version\":1,\"lyers\":[]}", MOTH_FORMAT, "load: model: the architecture has 'lyers', which means nothing here" },
    { "{\"version\":1,\"dtype\":\"f32\",\"input\":[2]}", MOTH_FORMAT, "load: model: the architecture has no list of layers" },
    { "{\"version\":1,\"dtype\":\"f32\",\"input\":[2.5],\"layers\":[]}", MOTH_FORMAT,
      "load: model: the architecture's input is no list of at most 7 sizes" },
    { "{\"version\":1,\"dtype\":\"f16\",\"input\":[2],\"layers\":[{\"activation\":\"relu\"}]}", MOTH_OPTION,
      "load: model: dtype must be 'f32' or 'f64', got 'f16'" },
    { NET("3"), MOTH_FORMAT, "load: model: layer 1: a component is no JSON object" },
    { NET("{}"), MOTH_FORMAT, "load: model: layer 1: a component says not what it is" },
    { NET("{\"layer\":\"dense\"}"), MOTH_OPTION, "load: model: layer 1 dense: units is missing" },
    { NET("{\"layer\":\"dense\",\"units\":null}"), MOTH_FORMAT, "load: model: layer 1: units is null" },
    { NET("{\"layer\":\"dense\",\"units\":[1,\\\"a\\\"]}"), MOTH_FORMAT, "load: model: layer 1: units is a list of different things" },
    { NET("{\"layer\":\"dense\",\"units\":{}}"), MOTH_FORMAT, "load: model: layer 1: units is a table, which means nothing there" },
    { NET("{\"layer\":\"dense\",\"units\":2,\"init\":{\"initializer\":\"zeros\"}}"), MOTH_FORMAT,
      "load: model: layer 1 dense: init does not belong in a file" },
    { NET("{\"layer\":\"dense\",\"units\":2,\"wings\":2}"), MOTH_OPTION,
      "load: model: layer 1 dense: no option 'wings' (options: units activation bias init bias_init l1 l2 name input)" },
    { NET("{\"same_as\":1}"), MOTH_FORMAT, "load: model: layer 1: same_as names no layer before it" },
    { NET("{\"layer\":\"dense\",\"units\":1000000000}"), MOTH_FORMAT,
      "load: model: '1.weight' is missing, layer 1 dense(1000000000) wants f32[1000000000,2]" },
    { NET("{\"layer\":\"dense\",\"units\":2147483647},{\"layer\":\"dense\",\"units\":2147483647},{\"layer\":\"dense\",\"units\":2147483647}"), MOTH_LIMIT,
      "load: model: layer 2 dense(2147483647) has 2147483647 x 2147483647 weights, more than memory can count" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[1024], *to = text;
    for (const char *at = cases[i].text; *at != 0; at++) {
      if (*at != '\\') *to++ = *at;
    }
    *to = 0;
    refuse_architecture(m, text, cases[i].status, cases[i].message);
  }
  support_close(m, NULL);
}

static void test_unknown_layer(void **state) {
  moth *m = support_open(NULL);
  moth_net *net;
  char header[256];
  int length = sprintf(header + 8, "{\"__metadata__\":{\"moth\":\"{\\\"version\\\":1,\\\"dtype\\\":\\\"f32\\\",\\\"input\\\":[2],"
                                   "\\\"layers\\\":[{\\\"layer\\\":\\\"dens\\\",\\\"units\\\":2}]}\"}}");
  uint64_t size = (uint64_t)length;
  memcpy(header, &size, 8);
  assert_status(m, moth_net_open_bytes(m, header, (size_t)length + 8, &net), MOTH_OPTION);
  assert_true(strncmp(moth_message(m), "load: model: layer 1: no layer 'dens'; did you mean 'dense'?", 60) == 0);
  memcpy(header, &(uint64_t){ 2 }, 8);
  memcpy(header + 8, "{}", 2);
  assert_fails(m, moth_net_open_bytes(m, header, 10, &net), MOTH_FORMAT,
               "load: model: no architecture in its metadata\n  build the net, then net:load(path) takes the weights of such a file");
  support_close(m, NULL);
}

/* Composites within composites, thousands deep. */
static void test_too_deep(void **state) {
  moth *m = support_open(NULL);
  open_catalog(m);
  enum { DEPTH = 500 };
  char *text = malloc(DEPTH * 64), *to = text;
  to += sprintf(to, "{\"version\":1,\"dtype\":\"f32\",\"input\":[2],\"layers\":[");
  for (int i = 0; i < DEPTH; i++) to += sprintf(to, "{\"layer\":\"around\",\"layers\":[");
  for (int i = 0; i < DEPTH; i++) to += sprintf(to, "]}");
  sprintf(to, "]}");
  refuse_architecture(m, text, MOTH_LIMIT, "load: model: layer 1: components lie more than 32 deep");
  free(text);
  support_close(m, NULL);
}

/* ---- Failing memory --------------------------------------------------------------------------------------------------------------------------------- */

static moth_status save_and_open(moth *m, void *data) {
  const blob *b = data;
  moth_net *net = NULL, *again = NULL;
  void *bytes = NULL;
  size_t size = 0;
  moth_status status = moth_net_open_bytes(m, b->bytes, b->size, &net);
  if (status == MOTH_OK) status = moth_net_save_bytes(m, net, &bytes, &size);
  if (status == MOTH_OK) status = moth_net_open_bytes(m, bytes, size, &again);
  if (bytes != NULL) moth_free(m, bytes, size);
  moth_release(net), moth_release(again);
  return status;
}

static void test_failing_memory(void **state) {
  moth *m = support_open(NULL);
  blob b = save_small(m);
  support_close(m, NULL);
  assert_true(support_fail_each(save_and_open, &b) > 30);
  free(b.bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_round_trip), cmocka_unit_test(test_names), cmocka_unit_test(test_load), cmocka_unit_test(test_what_cannot_be_saved),
    cmocka_unit_test(test_cut_short), cmocka_unit_test(test_flipped_bits), cmocka_unit_test(test_refused_architectures),
    cmocka_unit_test(test_unknown_layer), cmocka_unit_test(test_too_deep), cmocka_unit_test(test_failing_memory) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
