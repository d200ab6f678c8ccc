#define _GNU_SOURCE /* strerrordesc_np */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/stream_classes.h"
#include "core/text.h"

/* ---- Words ---- */

/* strerror is translated in some hosts and shares a buffer; this is neither. */
static const char *why(int error) {
  const char *text = strerrordesc_np(error);
  return text != NULL ? text : "unknown error";
}

static moth_status cannot(stream *self, const char *what, int error) {
  return context_fail(self->m, MOTH_FILE, self->where, "cannot %s '%s': %s", what, self->name, why(error));
}

/* The length of the folder part of a path, its last slash included. */
static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

/* A folder's name as the system takes it. */
static bool folder_name(const char *path, char folder[PATH_MAX]) {
  size_t length = folder_length(path);
  if (length >= PATH_MAX) return false;
  memcpy(folder, path, length);
  folder[length] = 0;
  if (length == 0) memcpy(folder, ".", 2);
  return true;
}

/* "did you mean 'data/train.csv'? (looked from the working directory)" */
static void hint_at_nearest(stream *self, const char *path) {
  char folder[PATH_MAX], best[NAME_MAX + 1] = "";
  if (!folder_name(path, folder)) return;
  DIR *entries = opendir(folder);
  if (entries == NULL) return;
  size_t length = folder_length(path);
  int least = INT_MAX;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    int distance = text_near(path + length, entry->d_name);
    bool is_dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (is_dots || distance < 0) continue;
    if (distance > least || (distance == least && strcmp(entry->d_name, best) > 0)) continue; /* the first by name, not by disk */
    least = distance;
    text_format(best, sizeof best, "%s", entry->d_name);
  }
  closedir(entries);
  if (least == INT_MAX) return;
  context_hint(self->m, "did you mean '%.*s%s'?%s", (int)length, path, best, path[0] == '/' ? "" : " (looked from the working directory)");
}

/* ---- Reading ---- */

typedef struct file_input {
  int descriptor;
  bool is_regular;
  int ahead, taken;                /* bytes read to see what they are, and how many of them were handed out */
  unsigned char first[2];
} file_input;

static moth_status input_read(stream *self, void *bytes, size_t size, size_t *got) {
  file_input *own = self->state;
  size_t done = 0;
  while (done < size && own->taken < own->ahead) ((unsigned char *)bytes)[done++] = own->first[own->taken++];
  while (done < size) {
    size_t asked = size - done < 1u << 30 ? size - done : 1u << 30;
    ssize_t count = read(own->descriptor, (char *)bytes + done, asked);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot(self, "read", errno);
    if (count == 0) break;
    done += (size_t)count;
  }
  *got = done;
  return MOTH_OK;
}

static moth_status input_seek(stream *self, uint64_t position) {
  file_input *own = self->state;
  if (!own->is_regular) return context_fail(self->m, MOTH_MISUSE, self->where, "%s cannot be read from another place", self->name);
  if (position > INT64_MAX || lseek(own->descriptor, (off_t)position, SEEK_SET) < 0) return cannot(self, "read", EINVAL);
  own->ahead = own->taken = 0;
  return MOTH_OK;
}

static moth_status input_size(stream *self, uint64_t *bytes) {
  file_input *own = self->state;
  struct stat about;
  if (fstat(own->descriptor, &about) != 0) return cannot(self, "read", errno);
  *bytes = own->is_regular ? (uint64_t)about.st_size : UINT64_MAX;
  return MOTH_OK;
}

/* A page that nothing is written to is the file's own. An empty file has no pages. */
static moth_status input_map(stream *self, void **bytes, uint64_t *size) {
  file_input *own = self->state;
  struct stat about;
  if (fstat(own->descriptor, &about) != 0) return cannot(self, "map", errno);
  if (!own->is_regular) return stream_fail(self, MOTH_FILE, "cannot be mapped: it is no plain file");
  void *pages = NULL;
  if (about.st_size > 0) pages = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, own->descriptor, 0);
  if (pages == MAP_FAILED) return cannot(self, "map", errno);
  *bytes = pages;
  *size = (uint64_t)about.st_size;
  return MOTH_OK;
}

void stream_unmap(void *bytes, uint64_t size) {
  if (size > 0) munmap(bytes, (size_t)size);
}

static moth_status input_close(stream *self, bool keep) {
  (void)keep;
  file_input *own = self->state;
  close(own->descriptor);
  memory_free(self->m, own, 1, sizeof *own);
  return MOTH_OK;
}

static const stream_class input_class = {
  .read = input_read, .seek = input_seek, .size = input_size, .close = input_close, .map = input_map
};

static int open_again(const char *path, int flags, mode_t mode) {
  int descriptor;
  do descriptor = open(path, flags | O_CLOEXEC, mode);
  while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

moth_status stream_file_open(stream *self, const char *path, bool *is_gzip) {
  file_input *own = memory_new(self->m, 1, sizeof *own);
  if (own == NULL) return context_within(self->m, self->m->status, self->where);
  own->descriptor = open_again(path, O_RDONLY | O_NOCTTY, 0);
  if (own->descriptor < 0) {
    int error = errno;
    memory_free(self->m, own, 1, sizeof *own);
    cannot(self, "open", error);
    if (error == ENOENT) hint_at_nearest(self, path);
    return MOTH_FILE;
  }
  struct stat about;
  int error = fstat(own->descriptor, &about) != 0 ? errno : S_ISDIR(about.st_mode) ? EISDIR : 0;
  own->is_regular = error == 0 && S_ISREG(about.st_mode);
  self->state = own;
  size_t got = 0;
  moth_status status = error == 0 ? input_read(self, own->first, sizeof own->first, &got) : cannot(self, "open", error);
  if (status != MOTH_OK) {
    input_close(self, false);
    self->state = NULL;
    return status;
  }
  own->ahead = (int)got;
  *is_gzip = got == 2 && own->first[0] == 0x1f && own->first[1] == 0x8b;
  self->class = &input_class;
  return MOTH_OK;
}

/* ---- Writing ---- */

typedef struct file_output {
  int descriptor;
  int error;                       /* of a write that failed: such a file is never put in place */
  bool is_direct;                  /* a device: written as it is, nothing to replace */
  char target[PATH_MAX];           /* with symbolic links followed */
  char temporary[PATH_MAX + 40];   /* beside it */
} file_output;

/* Follows symbolic links, also one to a file that does not exist yet. Returns 0 or an error number. */
static int follow_links(const char *path, char target[PATH_MAX]) {
  if (strlen(path) >= PATH_MAX) return ENAMETOOLONG;
  memcpy(target, path, strlen(path) + 1);
  for (int links = 0; links < 40; links++) {
    char next[PATH_MAX];
    ssize_t length = readlink(target, next, sizeof next);
    if (length < 0) return errno == EINVAL || errno == ENOENT ? 0 : errno;
    size_t folder = next[0] == '/' ? 0 : folder_length(target);
    if (folder + (size_t)length >= PATH_MAX) return ENAMETOOLONG;
    memcpy(target + folder, next, (size_t)length);
    target[folder + (size_t)length] = 0;
  }
  return ELOOP;
}

/* A new file beside the target, under a name of its own. */
static int open_temporary(file_output *own) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  unsigned long long tag = (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
  for (int attempt = 0; attempt < 100; attempt++) {
    text_format(own->temporary, sizeof own->temporary, "%.*s.moth-%lx-%llx.tmp", (int)folder_length(own->target), own->target,
                (unsigned long)getpid(), tag + (unsigned long long)attempt);
    int descriptor = open_again(own->temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (descriptor >= 0 || errno != EEXIST) return descriptor;
  }
  return -1;
}

/* What stands at the target decides how it is written: a missing or plain file is replaced, with its mode kept, a device is written to. */
static int open_output(file_output *own, const char *path) {
  int error = follow_links(path, own->target);
  if (error != 0) return error;
  struct stat about;
  bool exists = stat(own->target, &about) == 0;
  if (!exists && errno != ENOENT) return errno;
  if (exists && S_ISDIR(about.st_mode)) return EISDIR;
  if (exists && faccessat(AT_FDCWD, own->target, W_OK, AT_EACCESS) != 0) return errno;
  own->is_direct = exists && !S_ISREG(about.st_mode);
  own->descriptor = own->is_direct ? open_again(own->target, O_WRONLY | O_NOCTTY, 0) : open_temporary(own);
  if (own->descriptor < 0) return errno;
  struct stat made;
  if (!exists || own->is_direct || fstat(own->descriptor, &made) != 0 || (made.st_mode & 07777) == (about.st_mode & 07777)) return 0;
  if (fchmod(own->descriptor, about.st_mode & 07777) == 0) return 0;
  error = errno;
  close(own->descriptor);
  unlink(own->temporary);
  return error;
}

static moth_status output_write(stream *self, const void *bytes, size_t size) {
  file_output *own = self->state;
  for (size_t done = 0; done < size;) {
    size_t asked = size - done < 1u << 30 ? size - done : 1u << 30;
    ssize_t count = write(own->descriptor, (const char *)bytes + done, asked);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot(self, "write", own->error = errno);
    done += (size_t)count;
  }
  return MOTH_OK;
}

static moth_status output_size(stream *self, uint64_t *bytes) {
  *bytes = self->position;
  return MOTH_OK;
}

/* File systems that cannot sync say EINVAL. */
static int sync_descriptor(int descriptor) {
  int result;
  do result = fsync(descriptor);
  while (result != 0 && errno == EINTR);
  return result == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

static int sync_folder(const char *path) {
  char folder[PATH_MAX];
  if (!folder_name(path, folder)) return ENAMETOOLONG;
  int descriptor = open_again(folder, O_RDONLY | O_DIRECTORY, 0);
  if (descriptor < 0) return errno == EACCES ? 0 : errno; /* a folder that may be written but not read */
  int error = sync_descriptor(descriptor);
  close(descriptor);
  return error;
}

static moth_status output_close(stream *self, bool keep) {
  file_output *own = self->state;
  int error = !keep ? 0 : own->error != 0 ? own->error : sync_descriptor(own->descriptor);
  if (close(own->descriptor) != 0 && keep && error == 0 && errno != EINTR) error = errno;
  bool is_placed = keep && error == 0;
  if (is_placed && !own->is_direct && rename(own->temporary, own->target) != 0) error = errno, is_placed = false;
  if (!is_placed && !own->is_direct) unlink(own->temporary);
  if (is_placed && !own->is_direct) error = sync_folder(own->target);
  memory_free(self->m, own, 1, sizeof *own);
  return error == 0 ? MOTH_OK : cannot(self, "write", error);
}

static const stream_class output_class = { .write = output_write, .size = output_size, .close = output_close };

moth_status stream_file_create(stream *self, const char *path) {
  file_output *own = memory_new(self->m, 1, sizeof *own);
  if (own == NULL) return context_within(self->m, self->m->status, self->where);
  int error = open_output(own, path);
  if (error != 0) {
    memory_free(self->m, own, 1, sizeof *own);
    return cannot(self, "write", error);
  }
  self->state = own;
  self->class = &output_class;
  return MOTH_OK;
}
