/* support.h: what the C tests share: an allocator that counts, checks and fails on request, contexts made with it, assertions that show
 * the engine's own words, and temporary folders. Everything is static inline: a test includes this and links the engine. */
#ifndef SPEC_SUPPORT_H
#define SPEC_SUPPORT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw, mkdtemp */
#endif

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/catalog.h"
#include "core/context.h"
#include "moth.h"

/* ---- An allocator ------------------------------------------------------------------------------------------------------------- */

/* Counts what is held and checks every size it is told. fail_at n > 0: the n-th request for memory from now on fails, and all later ones
 * where fail_on is set. Give it to a context as config.resize_data. */
typedef struct support_allocator {
  int64_t blocks, bytes;        /* held now */
  int64_t requests;             /* for memory; freeing is none */
  int64_t fail_at;              /* counts down; 0: never */
  bool fail_on;
  bool has_failed;
} support_allocator;

enum { SUPPORT_HEADER = 16 };

static inline void *support_resize(void *data, void *block, size_t old_size, size_t new_size) {
  support_allocator *self = data;
  unsigned char *raw = block != NULL ? (unsigned char *)block - SUPPORT_HEADER : NULL;
  size_t told = 0;
  if (raw != NULL) memcpy(&told, raw, sizeof told);
  if (told != old_size) {
    fprintf(stderr, "support_resize: a block of %zu bytes is said to have %zu\n", told, old_size);
    abort();
  }
  if (new_size == 0) {
    if (raw != NULL) self->blocks--, self->bytes -= (int64_t)old_size;
    free(raw);
    return NULL;
  }
  self->requests++;
  bool fails = self->fail_at > 0 && --self->fail_at == 0;
  if (fails || (self->has_failed && self->fail_on)) {
    self->has_failed = true;
    return NULL;
  }
  /* Always a new place, so that a pointer kept across a resize is found out. */
  unsigned char *moved = malloc(new_size + SUPPORT_HEADER);
  if (moved == NULL) return NULL;
  memset(moved, 0xa5, new_size + SUPPORT_HEADER);
  memcpy(moved, &new_size, sizeof new_size);
  if (raw != NULL) memcpy(moved + SUPPORT_HEADER, block, old_size < new_size ? old_size : new_size);
  free(raw);
  self->blocks += raw == NULL;
  self->bytes += (int64_t)new_size - (int64_t)old_size;
  return moved + SUPPORT_HEADER;
}

/* ---- Contexts ----------------------------------------------------------------------------------------------------------------- */

/* A context with every catalog (allocator NULL: malloc's); other fields of the config may be given. */
static inline moth *support_open_with(support_allocator *allocator, moth_config config) {
  moth *m = NULL;
  config.size = sizeof config;
  if (allocator != NULL) config.resize = support_resize, config.resize_data = allocator;
  moth_status status = moth_open(&config, &m);
  if (status != MOTH_OK) fail_msg("moth_open: %s", moth_status_name(status));
  return m;
}
static inline moth *support_open(support_allocator *allocator) { return support_open_with(allocator, (moth_config){ .size = 0 }); }
/* Whose indices count from 1, as those of scripts. */
static inline moth *support_open_from_one(void) { return support_open_with(NULL, (moth_config){ .index_base = 1 }); }

/* A bare context of core alone, with private catalogs (NULL: empty). */
static inline moth *support_open_bare(support_allocator *allocator, const catalogs *catalogs) {
  moth *m = NULL;
  moth_config config = { .size = sizeof config };
  if (allocator != NULL) config.resize = support_resize, config.resize_data = allocator;
  moth_status status = context_open(&config, catalogs, &m);
  if (status != MOTH_OK) fail_msg("context_open: %s", moth_status_name(status));
  return m;
}

/* Closes, and asserts that nothing of the context is left. */
static inline void support_close(moth *m, const support_allocator *allocator) {
  context_close(m);
  if (allocator != NULL && (allocator->blocks != 0 || allocator->bytes != 0)) {
    fail_msg("%lld blocks (%lld bytes) leaked", (long long)allocator->blocks, (long long)allocator->bytes);
  }
}

/* Runs `body` again and again with the 1st, 2nd … request for memory failing (each time in a new context from `open`), until it gets
 * through. A run whose request failed must return MOTH_MEMORY, or MOTH_OK where the engine can do without; nothing may be left. `body`
 * releases what it made. Returns how many requests were made to fail. */
typedef moth_status (*support_body)(moth *m, void *data);
static inline int64_t support_fail_each_in(moth *(*open)(support_allocator *allocator), support_body body, void *data) {
  for (int64_t k = 1;; k++) {
    for (int on = 0; on < 2; on++) { /* the k-th alone, then it and all that follow */
      support_allocator allocator = { .fail_on = on };
      moth *m = open(&allocator);
      allocator.fail_at = k;
      moth_status status = body(m, data);
      bool has_failed = allocator.has_failed;
      allocator.fail_at = 0, allocator.has_failed = false;
      if (status != MOTH_OK && !(has_failed && status == MOTH_MEMORY)) {
        fail_msg("request %lld failing: %s: %s", (long long)k, moth_status_name(status), moth_message(m));
      }
      support_close(m, &allocator);
      if (!has_failed) return k - 1;
    }
  }
}
static inline int64_t support_fail_each(support_body body, void *data) { return support_fail_each_in(support_open, body, data); }

/* ---- Assertions --------------------------------------------------------------------------------------------------------------- */

static inline void support_assert_status(moth *m, moth_status got, moth_status expected, const char *what, const char *file, int line) {
  if (got == expected) return;
  fprintf(stderr, "%s is %s, expected %s: %s\n", what, moth_status_name(got), moth_status_name(expected), moth_message(m));
  _fail(file, line);
}
/* The status of a call, with the message shown where it differs. */
#define assert_status(m, expression, expected) support_assert_status((m), (expression), (expected), #expression, __FILE__, __LINE__)
#define assert_ok(m, expression) assert_status((m), (expression), MOTH_OK)
/* The whole message of the last failure. */
#define assert_message(m, text) assert_string_equal(moth_message(m), (text))
/* Both at once: what a call that must fail says. */
#define assert_fails(m, expression, expected, text) \
  do { \
    assert_status((m), (expression), (expected)); \
    assert_message((m), (text)); \
  } while (0)

/* ---- Temporary folders -------------------------------------------------------------------------------------------------------- */

typedef struct support_folder { char path[512]; } support_folder;

static inline support_folder support_folder_make(void) {
  support_folder folder;
  const char *base = getenv("TMPDIR");
  snprintf(folder.path, sizeof folder.path, "%.400s/moth-test-XXXXXX", base != NULL && base[0] != 0 ? base : "/tmp");
  if (mkdtemp(folder.path) == NULL) fail_msg("cannot make %s", folder.path);
  return folder;
}

static inline int support_remove_entry(const char *path, const struct stat *about, int type, struct FTW *where) {
  (void)about, (void)type, (void)where;
  return remove(path);
}
static inline void support_folder_remove(const support_folder *folder) {
  nftw(folder->path, support_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* "folder/name", in a buffer of the caller's. */
static inline const char *support_path(const support_folder *folder, const char *name, char buffer[1024]) {
  snprintf(buffer, 1024, "%s/%s", folder->path, name);
  return buffer;
}

static inline void support_write_file(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) fail_msg("cannot write %s", path);
}

/* The bytes of a file, with a 0 behind; free() them. NULL if it is not there. */
static inline char *support_read_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  rewind(file);
  char *bytes = malloc((size_t)length + 1);
  *size = fread(bytes, 1, (size_t)length, file);
  bytes[*size] = 0;
  fclose(file);
  return bytes;
}

#endif
