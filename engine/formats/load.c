/* Tensor files: what a file's name tells of its format, reading, mapping and writing it. */
#include <string.h>

#include "core/memory.h"
#include "formats/formats.h"

/* ---- Formats by name ---- */

typedef struct file_format {
  const char *ending;
  bool is_named;                 /* holds tensors with names */
  moth_status (*read)(stream *from, storage *mapped, named_list *list);
  moth_status (*write)(stream *to, const moth_named_tensor *items, int64_t count);
  bool can_map;
} file_format;

static moth_status add_one(named_list *list, moth_status status, moth_tensor *t) { return status ? status : named_add(list, NULL, t); }

static moth_status read_npy(stream *from, storage *mapped, named_list *list) {
  moth_tensor *t = NULL;
  moth_status status = npy_read(from, mapped, &t);
  return add_one(list, status, t);
}

static moth_status read_npz(stream *from, storage *mapped, named_list *list) {
  (void)mapped;
  return npz_read(from, list);
}

static moth_status read_safetensors(stream *from, storage *mapped, named_list *list) {
  safetensors_file file;
  moth_status status = safetensors_map(from, mapped, &file);
  if (status) return status;
  for (int i = 0; i < file.count && !status; i++) {
    object_retain(&file.tensors[i]->base);
    status = named_add(list, file.names[i], file.tensors[i]);
  }
  safetensors_free(&file);
  return status;
}

static moth_status read_csv(stream *from, storage *mapped, named_list *list) {
  (void)mapped;
  moth_tensor *t = NULL;
  moth_status status = csv_read_numbers(from, &t);
  return add_one(list, status, t);
}

static moth_status read_idx(stream *from, storage *mapped, named_list *list) {
  (void)mapped;
  moth_tensor *t = NULL;
  moth_status status = idx_read(from, &t);
  return add_one(list, status, t);
}

static moth_status write_npy(stream *to, const moth_named_tensor *items, int64_t count) {
  return (void)count, npy_write(to, items->tensor);
}

static moth_status write_csv(stream *to, const moth_named_tensor *items, int64_t count) {
  return (void)count, csv_write_numbers(to, items->tensor);
}

static moth_status write_safetensors(stream *to, const moth_named_tensor *items, int64_t count) {
  moth_status status = named_check(to->m, to->where, to->name, MOTH_OPTION, items, count);
  if (status) return status;
  safetensors_entry *entries = memory_new(to->m, (size_t)count, sizeof *entries);
  if (!entries) return context_within(to->m, to->m->status, to->where);
  for (int64_t i = 0; i < count; i++) entries[i] = (safetensors_entry){ .name = items[i].name, .values = items[i].tensor };
  status = safetensors_write(to, entries, (int)count, NULL, NULL, 0);
  memory_free(to->m, entries, (size_t)count, sizeof *entries);
  return status;
}

static const file_format formats[] = {
  { ".npy", false, read_npy, write_npy, true },
  { ".npz", true, read_npz, npz_write, false },
  { ".safetensors", true, read_safetensors, write_safetensors, true },
  { ".csv", false, read_csv, write_csv, false },
};
static const file_format idx_format = { "IDX", false, read_idx, NULL, false };
enum { FORMATS = sizeof formats / sizeof *formats };

static bool ends_in(const char *path, size_t length, const char *ending) {
  size_t end = strlen(ending);
  return length >= end && memcmp(path + length - end, ending, end) == 0;
}

/* "train-images-idx3-ubyte", "t10k-labels.idx1-ubyte", "images.idx" */
static bool is_idx(const char *path, size_t length) {
  return ends_in(path, length, "-ubyte") || ends_in(path, length, ".ubyte") || ends_in(path, length, ".idx") ||
         (length > 5 && memcmp(path + length - 5, ".idx", 4) == 0 && path[length - 1] >= '1' && path[length - 1] <= '8');
}

/* NULL where the ending is of no format. */
static const file_format *format_of(const char *path, size_t length) {
  for (int i = 0; i < FORMATS; i++) {
    if (ends_in(path, length, formats[i].ending)) return &formats[i];
  }
  return NULL;
}

static moth_status format_to_read(moth *m, const char *path, const file_format **format) {
  size_t length = strlen(path);
  if (ends_in(path, length, ".gz")) length -= 3;
  *format = is_idx(path, length) ? &idx_format : format_of(path, length);
  if (*format && (*format)->read == read_npz && path[length]) *format = NULL;
  if (*format) return MOTH_OK;
  context_fail(m, MOTH_OPTION, "load", "'%s': endings are .npy .npz .safetensors .csv, and IDX's -ubyte and .idx", path);
  return context_hint(m, "each but .npz may be followed by .gz");
}

/* ---- Loading ---- */

/* Hands the list over, with room for its items only. */
static moth_status give_list(named_list *list, moth_named_tensor **items, int64_t *count) {
  size_t held = (size_t)list->capacity * sizeof *list->items, wanted = (size_t)list->count * sizeof *list->items;
  moth_named_tensor *exact = memory_resize(list->m, list->items, held, wanted);
  if (!exact && wanted > 0) return context_within(list->m, list->m->status, "load");
  *items = exact;
  *count = list->count;
  return MOTH_OK;
}

static moth_status load_from(stream *from, storage *mapped, const file_format *format, moth_named_tensor **items, int64_t *count) {
  named_list list = { .m = from->m };
  moth_status status = context_within(from->m, format->read(from, mapped, &list), "load");
  if (!status) status = give_list(&list, items, count);
  if (status) named_free(&list);
  return status;
}

/* A mapping and what is needed to end it. */
typedef struct mapping { moth *m; void *bytes; uint64_t size; } mapping;

static void mapping_release(void *data) {
  mapping *own = data;
  stream_unmap(own->bytes, own->size);
  memory_free(own->m, own, 1, sizeof *own);
}

/* All of the file that the stream reads, as a storage. */
static moth_status map_file(stream *file, storage **mapped) {
  moth *m = file->m;
  mapping *own = memory_new(m, 1, sizeof *own);
  if (!own) return context_within(m, m->status, file->where);
  own->m = m;
  moth_status status = stream_map(file, &own->bytes, &own->size);
  if (status) {
    memory_free(m, own, 1, sizeof *own);
    return status;
  }
  *mapped = storage_wrap(m, own->bytes, (size_t)own->size, true, mapping_release, own);
  if (*mapped) return MOTH_OK;
  mapping_release(own);
  return context_within(m, m->status, file->where);
}

static moth_status load_mapped(stream *file, const file_format *format, moth_named_tensor **items, int64_t *count) {
  storage *mapped = NULL;
  stream from;
  if (!format->can_map) {
    return context_fail(file->m, MOTH_OPTION, file->where, "%s cannot be mapped; .npy and .safetensors files can", file->name);
  }
  moth_status status = map_file(file, &mapped);
  if (status) return status;
  stream_open_bytes(file->m, file->where, file->name, mapped->bytes, mapped->size, &from);
  status = load_from(&from, mapped, format, items, count);
  stream_close(&from, false);
  storage_release(mapped);
  return status;
}

static moth_status check_places(moth *m, const void *path, const void *items, const void *count, const char *where) {
  moth_status status = context_check(m, where);
  if (status || (path && items && count)) return status;
  return context_fail(m, MOTH_MISUSE, where, "needs a name and places for the results");
}

moth_status moth_load(moth *m, const char *path, bool mapped, moth_named_tensor **items, int64_t *count) {
  const file_format *format = NULL;
  stream from;
  moth_status status = check_places(m, path, items, count, "load");
  if (!status) status = format_to_read(m, path, &format);
  if (!status) status = stream_open(m, "load", path, UINT64_MAX, &from);
  if (status) return status;
  status = mapped ? load_mapped(&from, format, items, count) : load_from(&from, NULL, format, items, count);
  stream_close(&from, false);
  return status;
}

moth_status moth_load_bytes(moth *m, const char *name, const void *bytes, size_t size, moth_named_tensor **items, int64_t *count) {
  const file_format *format = NULL;
  stream from;
  moth_status status = check_places(m, name, items, count, "load");
  if (!status && !bytes && size > 0) status = context_fail(m, MOTH_MISUSE, "load", "no bytes given");
  if (!status) status = format_to_read(m, name, &format);
  if (status) return status;
  stream_open_bytes(m, "load", name, bytes, size, &from);
  status = stream_unpack(&from);
  if (!status) status = load_from(&from, NULL, format, items, count);
  stream_close(&from, false);
  return status;
}

void moth_load_free(moth *m, moth_named_tensor *items, int64_t count) {
  if (!m || !items) return;
  named_free(&(named_list){ .m = m, .items = items, .count = count, .capacity = count });
}

/* ---- Saving ---- */

static moth_status check_items(moth *m, const char *path, const file_format *format, const moth_named_tensor *items, int64_t count) {
  if (count < 0 || count > INT32_MAX || (count > 0 && !items)) return context_fail(m, MOTH_MISUSE, "save", "no tensors given");
  for (int64_t i = 0; i < count; i++) {
    moth_status status = tensor_check(m, items[i].tensor, "save", "the tensor");
    if (status) return status;
    if (format->is_named && !items[i].name) {
      context_fail(m, MOTH_OPTION, "save", "'%s' holds named tensors, this one has no name", path);
      return context_hint(m, "{ w = t } names it w");
    }
    if (!format->is_named && items[i].name) {
      return context_fail(m, MOTH_OPTION, "save", "'%s' holds one tensor without a name; .npz and .safetensors hold named ones", path);
    }
  }
  if (format->is_named || count == 1) return MOTH_OK;
  return context_fail(m, MOTH_OPTION, "save", "'%s' holds one tensor, got %lld; .npz and .safetensors hold several", path,
                      (long long)count);
}

/* `may_pack`: what is written into a file may be packed, an archive not once more. */
static moth_status format_to_write(moth *m, const char *path, bool may_pack, const moth_named_tensor *items, int64_t count,
                                   const file_format **format) {
  size_t length = strlen(path);
  bool is_packed = may_pack && ends_in(path, length, ".gz");
  *format = format_of(path, is_packed ? length - 3 : length);
  if (*format && is_packed && (*format)->write == npz_write) *format = NULL;
  if (!*format) return context_fail(m, MOTH_OPTION, "save", "'%s': endings are .npy .npz .safetensors .csv", path);
  return check_items(m, path, *format, items, count);
}

moth_status moth_save(moth *m, const char *path, const moth_named_tensor *items, int64_t count) {
  const file_format *format = NULL;
  stream to;
  moth_status status = check_places(m, path, m, m, "save");
  if (!status) status = format_to_write(m, path, true, items, count, &format);
  if (!status) status = stream_create(m, "save", path, &to);
  if (status) return status;
  status = context_within(m, format->write(&to, items, count), "save");
  moth_status closed = stream_close(&to, !status);
  return status ? status : closed;
}

moth_status moth_save_bytes(moth *m, const char *name, const moth_named_tensor *items, int64_t count, void **bytes, size_t *size) {
  const file_format *format = NULL;
  stream to;
  moth_status status = check_places(m, name, bytes, size, "save");
  if (!status) status = format_to_write(m, name, false, items, count, &format);
  if (!status) status = stream_create_bytes(m, "save", &to);
  if (status) return status;
  status = context_within(m, format->write(&to, items, count), "save");
  if (!status) status = stream_take(&to, bytes, size);
  stream_close(&to, false);
  return status;
}
