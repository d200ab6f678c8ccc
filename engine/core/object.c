#include "core/object.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"

static const char *const kind_names[] = {
  [MOTH_TENSOR_OBJECT] = "tensor",    [MOTH_GENERATOR_OBJECT] = "generator",
  [MOTH_PART_OBJECT] = "component",   [MOTH_NET_OBJECT] = "net",
  [MOTH_DATASET_OBJECT] = "data set", [MOTH_BATCHES_OBJECT] = "batch iterator",
  [MOTH_TRAINER_OBJECT] = "trainer",  [MOTH_RUN_OBJECT] = "run",
};

void *object_new_unset(moth *m, const object_class *class) {
  assert(class->size >= sizeof(object));
  object *self = memory_resize(m, NULL, 0, class->size);
  if (self == NULL) return NULL;
  *self = (object){ .mark = OBJECT_MARK, .references = 1, .class = class, .context = m };
  m->objects++;
  return self;
}

void *object_new(moth *m, const object_class *class) {
  object *self = object_new_unset(m, class);
  if (self != NULL) memset(self + 1, 0, class->size - sizeof *self);
  return self;
}

void object_retain(object *self) {
  assert(self->mark == OBJECT_MARK && self->references > 0);
  self->references++;
}

void object_release(object *self) {
  if (self == NULL) return;
  assert(self->mark == OBJECT_MARK && self->references > 0);
  if (--self->references > 0) return;
  moth *m = self->context;
  const object_class *class = self->class;
  if (class->destroy != NULL) class->destroy(self);
  self->mark = 0;
  memory_resize(m, self, class->size, 0);
  m->objects--;
  if (m->closed && m->objects == 0) context_free(m);
}

const char *object_kind_name(moth_object_kind kind) {
  size_t count = sizeof kind_names / sizeof *kind_names;
  return (size_t)kind < count && kind_names[kind] != NULL ? kind_names[kind] : "handle";
}

size_t object_text(const void *handle, char *buffer, size_t size) {
  const object *self = handle;
  if (self == NULL) return text_format(buffer, size, "nothing");
  if (self->mark != OBJECT_MARK) return text_format(buffer, size, "no live handle");
  if (self->class->text != NULL) return self->class->text(self, buffer, size);
  return text_format(buffer, size, "a %s", self->class->name);
}

moth_status object_check(moth *m, const void *handle, moth_object_kind kind, const char *where, const char *argument) {
  moth_status status = context_check(m, where);
  if (status != MOTH_OK) return status;
  const object *self = handle;
  if (self == NULL || self->mark != OBJECT_MARK || self->class->kind != kind) {
    char got[256];
    object_text(handle, got, sizeof got);
    return context_fail(m, MOTH_MISUSE, where, "%s must be a %s, got %s", argument, object_kind_name(kind), got);
  }
  if (self->context != m) return context_fail(m, MOTH_MISUSE, where, "%s belongs to another context", argument);
  return MOTH_OK;
}

void *moth_retain(void *handle) {
  if (handle != NULL) object_retain(handle);
  return handle;
}

void moth_release(void *handle) { object_release(handle); }

moth_object_kind moth_kind(const void *handle) {
  const object *self = handle;
  return self == NULL || self->mark != OBJECT_MARK ? (moth_object_kind)0 : self->class->kind;
}
