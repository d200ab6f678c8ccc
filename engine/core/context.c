#include "core/context.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/allocator.h"
#include "core/catalog.h"
#include "core/memory.h"
#include "core/pool.h"
#include "core/text.h"

enum { MOST_THREADS = 256 };

static const char *const status_names[MOTH_STATUSES] = {
  [MOTH_OK] = "MOTH_OK",           [MOTH_MEMORY] = "MOTH_MEMORY",       [MOTH_LIMIT] = "MOTH_LIMIT",       [MOTH_MISUSE] = "MOTH_MISUSE",
  [MOTH_OPTION] = "MOTH_OPTION",   [MOTH_SHAPE] = "MOTH_SHAPE",         [MOTH_DTYPE] = "MOTH_DTYPE",       [MOTH_INDEX] = "MOTH_INDEX",
  [MOTH_FILE] = "MOTH_FILE",       [MOTH_FORMAT] = "MOTH_FORMAT",       [MOTH_DATA] = "MOTH_DATA",         [MOTH_NUMERIC] = "MOTH_NUMERIC",
  [MOTH_CANCELLED] = "MOTH_CANCELLED", [MOTH_CALLBACK] = "MOTH_CALLBACK", [MOTH_MISSING] = "MOTH_MISSING",
};

const char *moth_status_name(moth_status status) {
  return (unsigned)status < MOTH_STATUSES ? status_names[status] : "unknown status";
}

/* The config as this library knows it: what an older host's lacks is zero, what a newer one's has beyond must be. */
static moth_status read_config(const moth_config *given, moth_config *config) {
  *config = (moth_config){ .size = sizeof *config };
  if (given != NULL) {
    if (given->size < offsetof(moth_config, resize)) return MOTH_OPTION;
    const unsigned char *bytes = (const unsigned char *)given;
    for (size_t i = sizeof *config; i < given->size; i++) {
      if (bytes[i] != 0) return MOTH_OPTION;
    }
    memcpy(config, given, given->size < sizeof *config ? given->size : sizeof *config);
  }
  if (config->index_base != 0 && config->index_base != 1) return MOTH_OPTION;
  if (config->threads < 0 || config->threads > MOST_THREADS) return MOTH_OPTION;
  if (config->threads == 0) config->threads = 1;
  return MOTH_OK;
}

/* One block: the context, its own copy of the catalogs, and the allocator where the host gives none. */
typedef struct opened { moth context; catalogs catalogs; allocator allocator; } opened;

moth_status context_open(const moth_config *given, const struct catalogs *catalogs, moth **result) {
  if (result == NULL) return MOTH_MISUSE;
  moth_config config;
  moth_status status = read_config(given, &config);
  if (status != MOTH_OK) return status;
  if (config.memory_limit != 0 && config.memory_limit < sizeof(opened)) return MOTH_LIMIT;
  bool is_ours = config.resize == NULL;
  opened *block = is_ours ? malloc(sizeof *block) : config.resize(config.resize_data, NULL, 0, sizeof *block);
  if (block == NULL) return MOTH_MEMORY;
  memset(block, 0, sizeof *block);
  moth *m = &block->context;
  m->resize = is_ours ? allocator_resize : config.resize;
  m->resize_data = is_ours ? &block->allocator : config.resize_data;
  m->memory_limit = config.memory_limit;
  m->memory_used = m->memory_peak = sizeof *block;
  m->memory_calls = 1;
  m->log = config.log, m->log_data = config.log_data;
  atomic_init(&m->cancelled, 0);
  m->threads = config.threads;
  m->index_base = config.index_base;
  m->keep_blas_threads = config.keep_blas_threads;
  m->random.seed = config.seed;
  if (catalogs != NULL) block->catalogs = *catalogs;
  m->catalogs = &block->catalogs;
  *result = m;
  return MOTH_OK;
}

/* Threads and libraries go at once, memory with the last handle. */
void context_close(moth *m) {
  if (m == NULL || m->closed) return;
  m->objects++;  /* whatever a release function of the host's does, the context stays until here */
  m->closed = true;
  pool_free(m);
  if (m->blas != NULL && m->blas_release != NULL) m->blas_release(m, m->blas);
  m->blas = NULL;
  if (--m->objects == 0) context_free(m);
}

void context_free(moth *m) {
  assert(m->objects == 0);
  m->closed = true;
  pool_free(m);
  if (m->blas != NULL && m->blas_release != NULL) m->blas_release(m, m->blas);
  m->blas = NULL;
  while (m->kept_count > 0) {
    context_kept kept = m->kept[--m->kept_count];
    kept.release(m, kept.data);
  }
  memory_resize(m, m->kept, (size_t)m->kept_capacity * sizeof *m->kept, 0);
  for (int kind = 0; kind < MOTH_PART_KINDS; kind++) {
    registered_rows *rows = &m->registered[kind];
    memory_resize(m, rows->rows, (size_t)rows->capacity * sizeof *rows->rows, 0);
  }
  opened *block = (opened *)m;
  bool is_ours = m->resize_data == &block->allocator;
  allocator_clear(&block->allocator);
  if (is_ours) free(block);
  else m->resize(m->resize_data, block, sizeof *block, 0);
}

moth_status context_keep(moth *m, void (*release)(moth *m, void *data), void *data) {
  moth_status status = memory_grow(m, &m->kept, &m->kept_capacity, m->kept_count + 1, sizeof *m->kept);
  if (status == MOTH_OK) m->kept[m->kept_count++] = (context_kept){ release, data };
  return status;
}

moth_status context_check(moth *m, const char *where) {
  if (m == NULL) return MOTH_MISUSE;
  return m->closed ? context_fail(m, MOTH_MISUSE, where, "context is closed") : MOTH_OK;
}

/* The length of a text cut to `most` bytes where no UTF-8 letter is broken. */
static size_t cut_length(const char *text, size_t length, size_t most) {
  if (length <= most) return length;
  length = most;
  while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
  return length;
}

static void set_message(moth *m, const char *text, size_t length) {
  length = cut_length(text, length, sizeof m->message - 1);
  memmove(m->message, text, length);
  m->message[length] = 0;
}

/* Arguments may point into the old message: the new one is made beside it. */
moth_status context_fail_list(moth *m, moth_status status, const char *where, const char *format, va_list arguments) {
  assert(status != MOTH_OK);
  if (m == NULL) return status;
  char text[sizeof m->message + 8];
  text_line line = { text, sizeof text, 0 };
  if (where != NULL) text_line_add(&line, "%s: ", where);
  size_t where_length = line.length < sizeof text ? line.length : sizeof text - 1;
  line.length = where_length + text_format_list(text + where_length, sizeof text - where_length, format, arguments);
  set_message(m, text, line.length < sizeof text ? line.length : sizeof text - 1);
  m->status = status;
  m->where_length = where_length;
  return status;
}

moth_status context_fail(moth *m, moth_status status, const char *where, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  context_fail_list(m, status, where, format, arguments);
  va_end(arguments);
  return status;
}

moth_status context_hint(moth *m, const char *format, ...) {
  char text[sizeof m->message + 8];
  size_t length = strlen(m->message);
  memcpy(text, m->message, length);
  memcpy(text + length, "\n  ", 3);
  length += 3;
  va_list arguments;
  va_start(arguments, format);
  length += text_format_list(text + length, sizeof text - length, format, arguments);
  va_end(arguments);
  set_message(m, text, length < sizeof text ? length : sizeof text - 1);
  return m->status;
}

moth_status context_within(moth *m, moth_status status, const char *where) {
  if (status == MOTH_OK || m == NULL) return status;
  char rest[sizeof m->message];
  size_t length = strlen(m->message);
  size_t skipped = m->where_length < length ? m->where_length : length;
  memcpy(rest, m->message + skipped, length - skipped + 1);
  if (where == NULL) {
    set_message(m, rest, strlen(rest));
    m->where_length = 0;
    return status;
  }
  return context_fail(m, status, where, "%s", rest);
}

void context_log(moth *m, const char *format, ...) {
  if (m->log == NULL) return;
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  size_t length = text_format_list(line, sizeof line, format, arguments);
  va_end(arguments);
  line[cut_length(line, length, sizeof line - 1)] = 0;
  m->log(m->log_data, line);
}

moth_status context_poll(moth *m, const char *where) {
  if (!context_is_cancelled(m) || !moth_cancel_taken(m)) return MOTH_OK;
  return context_fail(m, MOTH_CANCELLED, where, "cancelled");
}

const char *moth_message(const moth *m) { return m == NULL ? "no context" : m->message; }

void moth_cancel(moth *m) {
  if (m != NULL) atomic_store(&m->cancelled, 1);
}

bool moth_cancel_taken(moth *m) { return m != NULL && atomic_exchange(&m->cancelled, 0) != 0; }

int moth_threads(const moth *m) { return m == NULL ? 0 : m->threads; }

moth_status moth_set_threads(moth *m, int threads) {
  moth_status status = context_check(m, "threads");
  if (status != MOTH_OK) return status;
  if (threads < 1 || threads > MOST_THREADS) {
    return context_fail(m, MOTH_OPTION, "threads", "must be a whole number in [1, %d], got %d", MOST_THREADS, threads);
  }
  if (threads != m->threads) pool_free(m);
  m->threads = threads;
  return MOTH_OK;
}

int moth_index_base(const moth *m) { return m == NULL ? 0 : m->index_base; }

void moth_seed(moth *m, uint64_t seed) {
  if (m != NULL) m->random = (random_source){ .seed = seed };
}
