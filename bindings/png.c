/* png.c: drawings as PNG, by cairo, which is loaded at the first. */
#include "binding.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* The part of cairo that is used (cairographics.org/manual). */
typedef struct cairo {
  void *(*image_create)(int format, int width, int height);
  void *(*create)(void *surface);
  void (*set_source_rgb)(void *context, double r, double g, double b);
  void (*paint)(void *context), (*stroke)(void *context), (*new_path)(void *context);
  void (*set_line_width)(void *context, double width);
  void (*set_line_cap)(void *context, int cap), (*set_line_join)(void *context, int join);
  void (*set_dash)(void *context, const double *dashes, int count, double offset);
  void (*move_to)(void *context, double x, double y), (*line_to)(void *context, double x, double y);
  void (*select_font_face)(void *context, const char *family, int slant, int weight);
  void (*set_font_size)(void *context, double size);
  void (*text_extents)(void *context, const char *text, double *extents);
  void (*show_text)(void *context, const char *text);
  int (*status)(void *context);
  int (*write_png)(void *surface, int (*write)(void *data, const unsigned char *bytes, unsigned size), void *data);
  void (*destroy)(void *context), (*surface_destroy)(void *surface);
} cairo;

static bool load_cairo(cairo *c) {
  const struct { const char *name; void *place; } functions[] = {
    { "cairo_image_surface_create", &c->image_create }, { "cairo_create", &c->create }, { "cairo_set_source_rgb", &c->set_source_rgb },
    { "cairo_paint", &c->paint }, { "cairo_stroke", &c->stroke }, { "cairo_new_path", &c->new_path },
    { "cairo_set_line_width", &c->set_line_width }, { "cairo_set_line_cap", &c->set_line_cap },
    { "cairo_set_line_join", &c->set_line_join }, { "cairo_set_dash", &c->set_dash }, { "cairo_move_to", &c->move_to },
    { "cairo_line_to", &c->line_to }, { "cairo_select_font_face", &c->select_font_face }, { "cairo_set_font_size", &c->set_font_size },
    { "cairo_text_extents", &c->text_extents }, { "cairo_show_text", &c->show_text }, { "cairo_status", &c->status },
    { "cairo_surface_write_to_png_stream", &c->write_png }, { "cairo_destroy", &c->destroy },
    { "cairo_surface_destroy", &c->surface_destroy },
  };
  void *library = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return false;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *function = dlsym(library, functions[i].name);
    if (function == NULL) return false;
    memcpy(functions[i].place, &function, sizeof function);
  }
  return true;
}

/* Number n of the list at the stack's top. */
static double number_at(lua_State *L, int n) {
  lua_rawgeti(L, -1, n);
  double value = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return value;
}

static const char *text_at(lua_State *L, int n) {
  lua_rawgeti(L, -1, n);
  const char *text = lua_tostring(L, -1); /* the list keeps it */
  lua_pop(L, 1);
  return text != NULL ? text : "";
}

static void set_colour(const cairo *c, void *context, const char *text) {
  unsigned r = 0, g = 0, b = 0;
  if (sscanf(text, "#%2x%2x%2x", &r, &g, &b) == 3) c->set_source_rgb(context, r / 255.0, g / 255.0, b / 255.0);
}

enum { DASHES = 8 };

static void draw_line(lua_State *L, const cairo *c, void *context) {
  int count = (int)lua_rawlen(L, -1), dashes = 0;
  double dash[DASHES];
  c->set_line_width(context, number_at(L, 3));
  lua_rawgeti(L, -1, 4);
  for (; dashes < DASHES && dashes < (int)lua_rawlen(L, -1); dashes++) dash[dashes] = number_at(L, dashes + 1);
  lua_pop(L, 1);
  c->set_dash(context, dash, dashes, 0);
  for (int i = 5; i < count; i += 2) (i == 5 ? c->move_to : c->line_to)(context, number_at(L, i), number_at(L, i + 1));
  c->stroke(context);
}

static void draw_text(lua_State *L, const cairo *c, void *context) {
  double extents[6] = { 0 }; /* bearings, width, height, advances */
  const char *anchor = text_at(L, 4), *text = text_at(L, 7);
  c->set_font_size(context, number_at(L, 3));
  c->text_extents(context, text, extents);
  double shift = strcmp(anchor, "end") == 0 ? extents[4] : strcmp(anchor, "middle") == 0 ? extents[4] / 2 : 0;
  c->move_to(context, number_at(L, 5) - shift, number_at(L, 6));
  c->show_text(context, text);
  c->new_path(context);
}

/* The shapes at argument 1, as plot/figure.lua makes them; nothing here allocates in Lua but texts that are there already. */
static void draw_shapes(lua_State *L, const cairo *c, void *context) {
  c->set_source_rgb(context, 1, 1, 1);
  c->paint(context);
  c->set_line_cap(context, 1);
  c->set_line_join(context, 1);
  c->select_font_face(context, "sans-serif", 0, 0);
  int count = (int)lua_rawlen(L, 1);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, 1, i);
    set_colour(c, context, text_at(L, 2));
    if (strcmp(text_at(L, 1), "text") == 0) draw_text(L, c, context);
    else draw_line(L, c, context);
    lua_pop(L, 1);
  }
}

typedef struct png_bytes { char *bytes; size_t size, room; } png_bytes;

/* Into memory of cairo's size of image at most: a Lua buffer could raise within cairo. */
static int keep_bytes(void *data, const unsigned char *bytes, unsigned size) {
  png_bytes *out = data;
  if (size > out->room - out->size) return 11; /* CAIRO_STATUS_WRITE_ERROR */
  memcpy(out->bytes + out->size, bytes, size);
  out->size += size;
  return 0;
}

/* png(shapes, width, height) → the file's bytes. The library stays loaded: what it keeps for a thread goes with the process. */
int drawing_png(lua_State *L) {
  cairo c;
  int width = (int)luaL_checkinteger(L, 2), height = (int)luaL_checkinteger(L, 3);
  size_t room = ((size_t)width * 4 + 64) * (size_t)height + 4096; /* more than deflate makes of what it cannot pack */
  png_bytes out = { .bytes = lua_newuserdatauv(L, room, 0), .room = room };
  if (!load_cairo(&c)) return errors_fail(L, "plot: a .png needs the library libcairo.so.2 (Debian: libcairo2); .svg does not");
  void *surface = c.image_create(0, width, height), *context = c.create(surface);
  draw_shapes(L, &c, context);
  int status = c.status(context);
  if (status == 0) status = c.write_png(surface, keep_bytes, &out);
  c.destroy(context);
  c.surface_destroy(surface);
  if (status != 0) return errors_fail(L, "plot: cairo could not draw %d x %d dots (status %d)", width, height, status);
  lua_pushlstring(L, out.bytes, out.size);
  return 1;
}
