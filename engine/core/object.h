/* object.h: what every handle begins with. A handle is valid before anything in it can fail, and its class's destroy copes with a
 * half-made one. Reference counts are plain: a context is used by one thread at a time. */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include "core/context.h"

typedef struct object object;

typedef struct object_class {
  moth_object_kind kind;
  const char *name;              /* in messages: "tensor", "net" … */
  size_t size;
  void (*destroy)(object *self); /* frees what it holds, not itself */
  size_t (*text)(const object *self, char *buffer, size_t size); /* for messages: "f32[4,2]"; NULL: its name with an article */
} object_class;

struct object {
  uint32_t mark;                 /* OBJECT_MARK while alive */
  int32_t references;
  const object_class *class;
  moth *context;
};

enum { OBJECT_MARK = 0x4d6f7468 };

/* Zeroed, with one reference; NULL after recording the failure. */
void *object_new(moth *m, const object_class *class);
/* The same with nothing cleared behind the object's own head. */
void *object_new_unset(moth *m, const object_class *class);
void object_retain(object *self);
void object_release(object *self);
/* MOTH_OK if the handle is a live one of this kind in this open context; else MOTH_MISUSE: "where: argument must be a net, got …". */
moth_status object_check(moth *m, const void *handle, moth_object_kind kind, const char *where, const char *argument);

/* "tensor", "net", "data set" …; "handle" for anything else. */
const char *object_kind_name(moth_object_kind kind);
/* What a handle is, for messages: "f32[4,2]", "a net", "nothing". */
size_t object_text(const void *handle, char *buffer, size_t size);

#endif
