/* libedit.c: finds libedit and its functions. */
#include "libedit.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

libedit edit;

bool libedit_load(void) {
  static const struct { const char *name; size_t offset; } functions[] = {
    { "el_init", offsetof(libedit, init) }, { "el_gets", offsetof(libedit, gets) },
    { "el_wgetc", offsetof(libedit, wgetc) }, { "el_set", offsetof(libedit, set) }, { "el_get", offsetof(libedit, get) },
    { "el_push", offsetof(libedit, push) },
    { "el_source", offsetof(libedit, source) }, { "el_line", offsetof(libedit, line) }, { "el_insertstr", offsetof(libedit, insert) },
    { "el_deletestr", offsetof(libedit, erase) }, { "el_cursor", offsetof(libedit, move) }, { "tgetent", offsetof(libedit, tgetent) },
  };
  void *handle = dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) handle = dlopen("libedit.so.0", RTLD_NOW | RTLD_LOCAL); /* as it is called beyond Debian */
  if (handle == NULL) return false;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *address = dlsym(handle, functions[i].name);
    if (address == NULL) return dlclose(handle), false;
    memcpy((char *)&edit + functions[i].offset, &address, sizeof address);
  }
  return true;
}
