/* What print(net) shows: a table of layers. */
#include <string.h>

#include "core/text.h"
#include "network/network.h"
#include "network/plan.h"

typedef struct columns { size_t number, layer, output, parameters; } columns;

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Letters, not bytes: a name may hold UTF-8. */
static size_t width_of(const char *text) {
  size_t width = 0;
  for (; *text != 0; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
  return width;
}

static void add_padded(text_buffer *out, const char *text, size_t width, bool right) {
  size_t own = width_of(text);
  int pad = own < width ? (int)(width - own) : 0;
  text_buffer_add(out, "%*s%s%*s", right ? pad : 0, "", text, right ? 0 : pad, "");
}

typedef struct line { char number[16], layer[256], output[160], parameters[40]; } line;

static void read_line(const moth_net *net, int i, line *l) {
  const network_layer *layer = &net->layers[i];
  moth_layer_info info;
  moth_net_layer(net->base.context, net, i, &info);
  text_format(l->number, sizeof l->number, "%d", i + 1);
  moth_part_text(layer->part, l->layer, sizeof l->layer);
  shape_text(info.output.rank, info.output.size, l->output, sizeof l->output);
  text_count(l->parameters, sizeof l->parameters, info.parameters);
}

static columns measure(const moth_net *net) {
  columns c = { 1, strlen("layer"), strlen("output"), strlen("parameters") };
  for (int i = 0; i < net->layer_count; i++) {
    line l;
    read_line(net, i, &l);
    c.number = larger(c.number, strlen(l.number));
    c.layer = larger(c.layer, width_of(l.layer));
    c.output = larger(c.output, strlen(l.output));
    c.parameters = larger(c.parameters, strlen(l.parameters));
  }
  return c;
}

static void add_head(const moth_net *net, text_buffer *out) {
  char input[160], output[160], count[40], bytes[40];
  int name = net->options.values == NULL ? -1 : options_find(net->options.row, "name");
  const char *own = name < 0 ? NULL : options_word(&net->options, name);
  shape_text(net->input.rank, net->input.size, input, sizeof input);
  shape_text(net->output.rank, net->output.size, output, sizeof output);
  text_count(count, sizeof count, net->parameter_count);
  text_bytes(bytes, sizeof bytes, (double)net->parameter_count * (double)dtype_size(net->dtype));
  text_buffer_add(out, "%s  %s -> %s   %s parameters   %s %s\n", own == NULL ? "net" : own, input, output, count, bytes,
                  moth_dtype_name(net->dtype));
}

static void add_notes(const moth_net *net, int i, const plan *chosen, text_buffer *out) {
  const network_layer *layer = &net->layers[i];
  if (layer->first_use != i && layer->node_count > 0) text_buffer_add(out, "   as layer %d", layer->first_use + 1);
  if (layer->frozen) text_buffer_add(out, "   frozen");
  if (chosen == NULL || layer->node_count == 0) return;
  text_buffer_add(out, "   %s", plan_path(chosen, layer->first_node));
  if (layer->node_count > 1) text_buffer_add(out, " (and %d more)", layer->node_count - 1);
}

moth_status moth_net_text(moth *m, const moth_net *net, bool chosen, char **text, size_t *size) {
  moth_status status = object_check(m, net, MOTH_NET_OBJECT, "net", "argument 1");
  if (status != MOTH_OK) return status;
  if (text == NULL || size == NULL) return context_fail(m, MOTH_MISUSE, "net", "no place for the result");
  const plan *plan = !chosen ? NULL : net->forward_plan != NULL ? net->forward_plan : net->predict_plan;
  struct plan *own = NULL;
  if (chosen && plan == NULL) {
    status = plan_create(m, "summary", (moth_net *)net, PLAN_TRAINING, 32, &own);
    if (status != MOTH_OK) return status;
    plan = own;
  }
  columns c = measure(net);
  text_buffer out;
  text_buffer_open(&out, m);
  add_head(net, &out);
  text_buffer_add(&out, "  ");
  add_padded(&out, "#", c.number, true);
  text_buffer_add(&out, "  ");
  add_padded(&out, "layer", c.layer, false);
  text_buffer_add(&out, "   ");
  add_padded(&out, "output", c.output, false);
  text_buffer_add(&out, "   ");
  add_padded(&out, "parameters", c.parameters, true);
  if (chosen) text_buffer_add(&out, "   path");
  for (int i = 0; i < net->layer_count; i++) {
    line l;
    read_line(net, i, &l);
    text_buffer_add(&out, "\n  ");
    add_padded(&out, l.number, c.number, true);
    text_buffer_add(&out, "  ");
    add_padded(&out, l.layer, c.layer, false);
    text_buffer_add(&out, "   ");
    add_padded(&out, l.output, c.output, false);
    text_buffer_add(&out, "   ");
    add_padded(&out, l.parameters, c.parameters, true);
    add_notes(net, i, plan, &out);
  }
  plan_free(m, own);
  char *result = out.failed ? NULL : memory_new(m, 1, (size_t)out.length + 1);
  if (result != NULL) {
    memcpy(result, out.bytes, (size_t)out.length);
    *text = result;
    *size = (size_t)out.length + 1;
  } else {
    status = context_within(m, m->status, "net");
  }
  text_buffer_close(&out);
  return status;
}
