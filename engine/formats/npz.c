/* Reading .npz: a zip archive whose entries are .npy files. minizip finds its way in the archive and unpacks; what it is told of the file
 * comes from our stream, and what an entry claims is checked against the file's real size before anything is believed. */
#include <string.h>
#include <unzip.h>

#include "core/memory.h"
#include "core/text.h"
#include "formats/formats.h"

/* Deflate packs at most 258 bytes into 2 bits (zlib.net, "Technical Details"). */
enum { MOST_DEFLATED = 1032, MOST_NAME = 1 << 16, MOST_READ = 1 << 30 };

/* ---- The archive, for minizip ---- */

typedef struct archive {
  moth *m;
  stream *from;
  uint64_t size, at;             /* of the file; where minizip stands */
  moth_status status;            /* of the last failure of the stream */
  bool is_short;                 /* minizip read past the end, which it takes for zeros unless told of an error */
  unzFile zip;
  uint64_t packed;               /* bytes that the entries so far take */
} archive;

static voidpf archive_open(voidpf data, const void *name, int mode) {
  (void)name, (void)mode;
  return data;
}

static uLong archive_read(voidpf data, voidpf same, void *bytes, uLong size) {
  archive *a = data;
  size_t got = 0;
  (void)same;
  if (!a->status && a->from->position != a->at) a->status = stream_seek(a->from, a->at);
  if (!a->status) a->status = stream_read(a->from, bytes, size, &got);
  a->at += got;
  a->is_short = a->is_short || got < size;
  return got;
}

static uLong archive_write(voidpf data, voidpf same, const void *bytes, uLong size) {
  return (void)data, (void)same, (void)bytes, (void)size, 0;
}

static ZPOS64_T archive_tell(voidpf data, voidpf same) { return (void)same, ((archive *)data)->at; }

static long archive_seek(voidpf data, voidpf same, ZPOS64_T offset, int origin) {
  archive *a = data;
  uint64_t base = origin == ZLIB_FILEFUNC_SEEK_CUR ? a->at : origin == ZLIB_FILEFUNC_SEEK_END ? a->size : 0;
  uint64_t to = base + offset; /* wraps where minizip goes back */
  (void)same;
  if (to > a->size) return -1;
  a->at = to;
  return 0;
}

static int archive_close(voidpf data, voidpf same) { return (void)data, (void)same, 0; }
static int archive_error(voidpf data, voidpf same) { return (void)same, ((archive *)data)->status || ((archive *)data)->is_short; }

#define FAIL(a, ...) context_fail((a)->m, MOTH_FORMAT, (a)->from->where, __VA_ARGS__)

/* What minizip could not do: for want of bytes from the stream, or because of what they are. */
static moth_status archive_is_damaged(archive *a, const char *what) {
  return a->status ? a->status : FAIL(a, "%s: %s", a->from->name, what);
}

/* ---- One entry as a stream ---- */

typedef struct entry { archive *archive; uint64_t size; } entry;

/* A stored one: minizip has found the place, its copying byte by byte is not needed. */
typedef struct stored_entry { entry entry; uint64_t begun; uLong crc; } stored_entry;

static moth_status stored_read(stream *self, void *bytes, size_t size, size_t *got) {
  stored_entry *own = self->state;
  stream *from = own->entry.archive->from;
  uint64_t left = own->entry.size - self->position, at = own->begun + self->position;
  moth_status status = from->position == at ? MOTH_OK : stream_seek(from, at);
  *got = 0;
  if (!status) status = stream_read(from, bytes, left < size ? (size_t)left : size, got);
  if (!status) own->crc = crc32_z(own->crc, bytes, *got);
  return status;
}

static moth_status entry_read(stream *self, void *bytes, size_t size, size_t *got) {
  archive *a = ((entry *)self->state)->archive;
  size_t done = 0;
  while (done < size) {
    int count = unzReadCurrentFile(a->zip, (char *)bytes + done, (unsigned)(size - done < MOST_READ ? size - done : MOST_READ));
    if (count < 0 && a->status) return a->status;
    if (count < 0) {
      return context_fail(self->m, MOTH_FORMAT, self->where, "%s: the packed data is damaged after %llu bytes", self->name,
                          (unsigned long long)(self->position + done));
    }
    if (count == 0) break;
    done += (size_t)count;
  }
  *got = done;
  return MOTH_OK;
}

static moth_status entry_size(stream *self, uint64_t *bytes) {
  *bytes = ((entry *)self->state)->size;
  return MOTH_OK;
}

static const stream_class packed_class = { .read = entry_read, .size = entry_size };
static const stream_class stored_class = { .read = stored_read, .size = entry_size };

/* ---- Entries ---- */

/* Refuses what is no .npy file, or claims what cannot be. */
static moth_status check_entry(archive *a, const unz_file_info64 *info, const char *name) {
  const char *file = a->from->name;
  size_t length = strlen(name);
  if (length != info->size_filename) return FAIL(a, "%s: an entry's name holds a byte 0", file);
  if (length > 0 && name[length - 1] == '/') return FAIL(a, "%s holds a folder, '%.200s'; an .npz holds .npy files only", file, name);
  if (length < 4 || strcmp(name + length - 4, ".npy") != 0) return FAIL(a, "%s holds '%.200s', which is no .npy file", file, name);
  if (info->flag & 1) return FAIL(a, "%s: '%.200s' is encrypted", file, name);
  if (info->compression_method != 0 && info->compression_method != Z_DEFLATED) {
    return FAIL(a, "%s: '%.200s' is packed by method %lu; stored (0) and deflated (8) ones can be read", file, name,
                info->compression_method);
  }
  uint64_t packed = info->compressed_size, whole = info->uncompressed_size;
  if (packed > a->size - a->packed) {
    return FAIL(a, "%s: '%.200s' is said to take %llu bytes, more than the file has (cut short?)", file, name, (unsigned long long)packed);
  }
  if (info->compression_method == 0 ? packed != whole : whole / MOST_DEFLATED > packed) {
    return FAIL(a, "%s: '%.200s' is said to unpack from %llu bytes to %llu, which cannot be", file, name, (unsigned long long)packed,
                (unsigned long long)whole);
  }
  a->packed += packed;
  return MOTH_OK;
}

/* The entry's bytes as a tensor; `name` is without ".npy". */
static moth_status read_array(archive *a, const unz_file_info64 *info, const char *name, moth_tensor **t) {
  char told[512];
  stored_entry here = { .entry = { .archive = a, .size = info->uncompressed_size }, .crc = crc32(0, NULL, 0) };
  bool is_stored = info->compression_method == 0;
  text_format(told, sizeof told, "%s: '%.200s'", a->from->name, name);
  stream from = { .class = is_stored ? &stored_class : &packed_class, .m = a->m, .where = a->from->where, .name = told,
                  .limit = UINT64_MAX, .state = &here };
  if (unzOpenCurrentFile(a->zip) != UNZ_OK) return archive_is_damaged(a, "an entry is not what the archive's directory says");
  here.begun = unzGetCurrentFileZStreamPos64(a->zip);
  moth_tensor *found = NULL;
  moth_status status = npy_read(&from, NULL, &found);
  bool is_whole = unzCloseCurrentFile(a->zip) == UNZ_OK; /* of what it has read: nothing of a stored one */
  if (!status && (is_stored ? here.crc != info->crc : !is_whole)) {
    status = context_fail(a->m, MOTH_FORMAT, from.where, "%s is damaged: its checksum is wrong", told);
    object_release(&found->base);
  }
  if (!status) *t = found;
  return status;
}

static moth_status read_entry(archive *a, named_list *list) {
  unz_file_info64 info;
  if (unzGetCurrentFileInfo64(a->zip, &info, NULL, 0, NULL, 0, NULL, 0) != UNZ_OK) {
    return archive_is_damaged(a, "the archive's directory is damaged (cut short?)");
  }
  if (info.size_filename > MOST_NAME) return FAIL(a, "%s: a name of %lu bytes", a->from->name, info.size_filename);
  size_t room = info.size_filename + 1;
  char *name = memory_new(a->m, room, 1);
  if (!name) return context_within(a->m, a->m->status, a->from->where);
  moth_tensor *t = NULL;
  moth_status status = MOTH_OK;
  if (unzGetCurrentFileInfo64(a->zip, &info, name, room, NULL, 0, NULL, 0) != UNZ_OK) {
    status = archive_is_damaged(a, "the archive's directory is damaged (cut short?)");
  }
  if (!status) status = check_entry(a, &info, name);
  if (!status) {
    name[room - 1 - 4] = 0;
    status = read_array(a, &info, name, &t);
  }
  if (!status) status = context_within(a->m, named_add(list, name, t), a->from->where);
  memory_free(a->m, name, room, 1);
  return status;
}

static moth_status read_entries(archive *a, named_list *list) {
  unz_global_info64 info;
  moth_status status = MOTH_OK;
  if (unzGetGlobalInfo64(a->zip, &info) != UNZ_OK) return archive_is_damaged(a, "is no zip archive");
  for (uint64_t i = 0; i < info.number_entry && !status; i++) {
    int moved = i == 0 ? unzGoToFirstFile(a->zip) : unzGoToNextFile(a->zip);
    if (moved != UNZ_OK) return archive_is_damaged(a, "the archive's directory is damaged (cut short?)");
    status = context_poll(a->m, a->from->where);
    if (!status) status = read_entry(a, list);
  }
  return status;
}

/* An archive of nothing is its end alone, which minizip takes for no archive. */
static moth_status look_for_none(archive *a, bool *is_empty) {
  static const char none[22] = "PK\5\6";
  char bytes[sizeof none];
  if (a->size != sizeof none) return MOTH_OK;
  moth_status status = stream_read_all(a->from, bytes, sizeof bytes);
  *is_empty = memcmp(bytes, none, sizeof none) == 0;
  return status;
}

moth_status npz_read(stream *from, named_list *list) {
  archive a = { .m = from->m, .from = from };
  moth_status status = stream_size(from, &a.size);
  if (status) return status;
  if (a.size == UINT64_MAX) return FAIL(&a, "%s: an archive must be a plain file, not packed again and no pipe", from->name);
  zlib_filefunc64_def functions = {
    .zopen64_file = archive_open, .zread_file = archive_read, .zwrite_file = archive_write, .ztell64_file = archive_tell,
    .zseek64_file = archive_seek, .zclose_file = archive_close, .zerror_file = archive_error, .opaque = &a
  };
  bool is_empty = false;
  status = look_for_none(&a, &is_empty);
  if (status || is_empty) return status;
  a.zip = unzOpen2_64(from->name, &functions);
  if (!a.zip) return archive_is_damaged(&a, "no zip archive, or one that is cut short");
  status = read_entries(&a, list);
  unzClose(a.zip);
  if (!status) status = named_check(a.m, from->where, from->name, MOTH_FORMAT, list->items, list->count);
  return status;
}
