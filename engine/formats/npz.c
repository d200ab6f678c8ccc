/* Reading .npz: a zip archive whose entries are .npy files (PKWARE's APPNOTE 6.3.10: the end 4.3.16, zip64 4.3.14 and 4.5.3, the directory
 * 4.3.12, entries 4.3.7). Our own because minizip as Debian has it knows no zip64 sizes, takes zeros for what is cut off the end, and
 * allocates past the context. What the directory claims is checked against the file's real size before anything is believed. */
#include "core/memory.h"
#include "core/text.h"
#include "formats/zip.h"

typedef struct archive {
  moth *m;
  stream *from;
  uint64_t size;                 /* of the file */
  uint64_t count, at, length;    /* entries; where the directory begins, its bytes */
  moth_tensor *directory;
  uint64_t packed;               /* bytes that the entries so far take */
} archive;

#define FAIL(a, ...) context_fail((a)->m, MOTH_FORMAT, (a)->from->where, __VA_ARGS__)

static moth_status directory_is_damaged(archive *a) {
  return FAIL(a, "%s: the archive's directory is damaged (cut short?)", a->from->name);
}

static moth_status read_at(archive *a, uint64_t at, void *bytes, size_t size) {
  moth_status status = a->from->position == at ? MOTH_OK : stream_seek(a->from, at);
  return status ? status : stream_read_all(a->from, bytes, size);
}

/* ---- The end of the archive, and its directory ---- */

enum {
  END_BYTES = 22, LOCATOR_BYTES = 20, END64_BYTES = 56, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MOST_COMMENT = 65535
};

/* The last record that with its comment reaches to the end of the file; UINT64_MAX: none. */
static moth_status find_end(archive *a, uint8_t end[END_BYTES], uint64_t *found) {
  size_t room = a->size < END_BYTES + MOST_COMMENT ? (size_t)a->size : END_BYTES + MOST_COMMENT;
  *found = UINT64_MAX;
  if (room < END_BYTES) return MOTH_OK;
  uint8_t *tail = memory_new(a->m, room, 1);
  if (!tail) return context_within(a->m, a->m->status, a->from->where);
  moth_status status = read_at(a, a->size - room, tail, room);
  for (size_t i = room - END_BYTES + 1; !status && i-- > 0;) {
    if (zip_get(tail + i, 4) != ZIP_END || zip_get(tail + i + 20, 2) != room - i - END_BYTES) continue;
    memcpy(end, tail + i, END_BYTES);
    *found = a->size - room + i;
    break;
  }
  memory_free(a->m, tail, room, 1);
  return status;
}

/* The zip64 record that a locator before the end points at takes the end's place. */
static moth_status read_end64(archive *a, uint64_t *end, bool *is_one_disk) {
  uint8_t locator[LOCATOR_BYTES], record[END64_BYTES];
  if (*end < LOCATOR_BYTES + END64_BYTES) return MOTH_OK;
  moth_status status = read_at(a, *end - LOCATOR_BYTES, locator, LOCATOR_BYTES);
  if (status || zip_get(locator, 4) != ZIP_LOCATOR) return status;
  uint64_t at = zip_get(locator + 8, 8);
  if (at > *end - LOCATOR_BYTES - END64_BYTES) return directory_is_damaged(a);
  status = read_at(a, at, record, END64_BYTES);
  if (status) return status;
  if (zip_get(record, 4) != ZIP_END64) return directory_is_damaged(a);
  *is_one_disk = zip_get(record + 16, 4) == 0 && zip_get(record + 20, 4) == 0 && zip_get(record + 24, 8) == zip_get(record + 32, 8);
  a->count = zip_get(record + 32, 8), a->length = zip_get(record + 40, 8), a->at = zip_get(record + 48, 8);
  *end = at;
  return MOTH_OK;
}

static moth_status read_directory(archive *a) {
  uint8_t record[END_BYTES];
  uint64_t end, got = 0;
  moth_status status = find_end(a, record, &end);
  if (status) return status;
  if (end == UINT64_MAX) return FAIL(a, "%s: no zip archive, or one that is cut short", a->from->name);
  bool is_one_disk = zip_get(record + 4, 4) == 0 && zip_get(record + 8, 2) == zip_get(record + 10, 2);
  a->count = zip_get(record + 10, 2), a->length = zip_get(record + 12, 4), a->at = zip_get(record + 16, 4);
  status = read_end64(a, &end, &is_one_disk);
  if (status) return status;
  if (!is_one_disk) return FAIL(a, "%s: an archive in several files", a->from->name);
  if (a->at > end || a->length != end - a->at || a->count > a->length / ENTRY_BYTES) return directory_is_damaged(a);
  status = stream_seek(a->from, a->at);
  if (!status) status = values_read(a->from, a->length, &a->directory, &got);
  return !status && !a->directory ? directory_is_damaged(a) : status;
}

/* ---- Entries ---- */

/* Sizes that do not fit their fields follow in the extra field of number 1, in this order. */
static bool read_long_sizes(const uint8_t *extra, uint64_t length, zip_entry *e) {
  uint64_t *const fields[] = { &e->size, &e->packed, &e->offset };
  for (uint64_t at = 0; length - at >= 4;) {
    uint64_t id = zip_get(extra + at, 2), bytes = zip_get(extra + at + 2, 2), used = 0;
    at += 4;
    if (bytes > length - at) return false;
    for (int i = 0; id == 1 && i < 3; i++) {
      if (*fields[i] != UINT32_MAX) continue;
      if (bytes - used < 8) return false;
      *fields[i] = zip_get(extra + at + used, 8);
      used += 8;
    }
    at += bytes;
  }
  return true;
}

/* The entry at a byte of the directory; *at moves on behind it. */
static moth_status read_entry(archive *a, uint64_t *at, zip_entry *e) {
  if (a->length - *at < ENTRY_BYTES) return directory_is_damaged(a);
  const uint8_t *b = (const uint8_t *)a->directory->values + *at;
  uint64_t rest = a->length - *at - ENTRY_BYTES, extra = zip_get(b + 30, 2), comment = zip_get(b + 32, 2);
  *e = (zip_entry){ .flags = (int)zip_get(b + 8, 2), .method = (int)zip_get(b + 10, 2), .sum = (uint32_t)zip_get(b + 16, 4),
                    .packed = zip_get(b + 20, 4), .size = zip_get(b + 24, 4), .offset = zip_get(b + 42, 4),
                    .name = (const char *)b + ENTRY_BYTES, .name_length = (size_t)zip_get(b + 28, 2) };
  if (zip_get(b, 4) != ZIP_ENTRY || e->name_length + extra + comment > rest) return directory_is_damaged(a);
  if (!read_long_sizes(b + ENTRY_BYTES + e->name_length, extra, e)) return directory_is_damaged(a);
  *at += ENTRY_BYTES + e->name_length + extra + comment;
  return MOTH_OK;
}

/* Refuses what is no .npy file, or claims what cannot be. */
static moth_status check_entry(archive *a, const zip_entry *e, const char *name) {
  const char *file = a->from->name;
  size_t length = strlen(name);
  if (length != e->name_length) return FAIL(a, "%s: an entry's name holds a byte 0", file);
  if (length > 0 && name[length - 1] == '/') return FAIL(a, "%s holds a folder, '%.200s'; an .npz holds .npy files only", file, name);
  if (length < 4 || strcmp(name + length - 4, ".npy") != 0) return FAIL(a, "%s holds '%.200s', which is no .npy file", file, name);
  if (e->flags & 1) return FAIL(a, "%s: '%.200s' is encrypted", file, name);
  if (e->method != ZIP_STORED && e->method != ZIP_DEFLATED) {
    return FAIL(a, "%s: '%.200s' is packed by method %d; stored (0) and deflated (8) ones can be read", file, name, e->method);
  }
  if (e->packed > a->at - a->packed) {
    return FAIL(a, "%s: '%.200s' is said to take %llu bytes, more than the file has (cut short?)", file, name,
                (unsigned long long)e->packed);
  }
  if (e->method == ZIP_STORED ? e->packed != e->size : e->size / ZIP_MOST_DEFLATED > e->packed) {
    return FAIL(a, "%s: '%.200s' is said to unpack from %llu bytes to %llu, which cannot be", file, name, (unsigned long long)e->packed,
                (unsigned long long)e->size);
  }
  a->packed += e->packed;
  return MOTH_OK;
}

/* Passes over the entry's own header, which must be as the directory says: e->offset is where its bytes begin then. */
static moth_status pass_header(archive *a, zip_entry *e) {
  uint8_t b[LOCAL_BYTES];
  bool is_right = e->offset <= a->at && a->at - e->offset >= LOCAL_BYTES;
  moth_status status = is_right ? read_at(a, e->offset, b, LOCAL_BYTES) : MOTH_OK;
  if (status) return status;
  is_right = is_right && zip_get(b, 4) == ZIP_LOCAL && zip_get(b + 8, 2) == (uint64_t)e->method && zip_get(b + 26, 2) == e->name_length;
  uint64_t rest = is_right ? a->at - e->offset - LOCAL_BYTES : 0, head = is_right ? e->name_length + zip_get(b + 28, 2) : 0;
  if (!is_right || head > rest || e->packed > rest - head) {
    return FAIL(a, "%s: an entry is not what the archive's directory says", a->from->name);
  }
  e->offset += LOCAL_BYTES + head;
  return MOTH_OK;
}

/* The entry's array under its name without ".npy". */
static moth_status add_array(archive *a, zip_entry *e, char *name, named_list *list) {
  char told[512];
  moth_tensor *t = NULL;
  moth_status status = check_entry(a, e, name);
  if (!status) status = pass_header(a, e);
  if (status) return status;
  name[e->name_length - 4] = 0;
  text_format(told, sizeof told, "%s: '%.200s'", a->from->name, name);
  status = zip_read(a->from, e, told, &t);
  return status ? status : context_within(a->m, named_add(list, name, t), a->from->where);
}

static moth_status read_entries(archive *a, named_list *list) {
  uint64_t at = 0;
  for (uint64_t i = 0; i < a->count; i++) {
    zip_entry e;
    moth_status status = context_poll(a->m, a->from->where);
    if (!status) status = read_entry(a, &at, &e);
    if (status) return status;
    char *name = memory_new(a->m, e.name_length + 1, 1);
    if (!name) return context_within(a->m, a->m->status, a->from->where);
    memcpy(name, e.name, e.name_length);
    status = add_array(a, &e, name, list);
    memory_free(a->m, name, e.name_length + 1, 1);
    if (status) return status;
  }
  return at == a->length ? MOTH_OK : directory_is_damaged(a);
}

moth_status npz_read(stream *from, named_list *list) {
  archive a = { .m = from->m, .from = from };
  moth_status status = stream_size(from, &a.size);
  if (status) return status;
  if (a.size == UINT64_MAX) return FAIL(&a, "%s: an archive must be a plain file, not packed again and no pipe", from->name);
  status = read_directory(&a);
  if (!status) status = read_entries(&a, list);
  if (a.directory) object_release(&a.directory->base);
  if (!status) status = named_check(a.m, from->where, from->name, MOTH_FORMAT, list->items, list->count);
  return status;
}
