/* history.c: entries in a file, a line each, with line ends written as \n and backslashes as \\. An entry is appended at once, under a
 * lock, so that two sessions lose nothing; where the file has grown long a session that opens it leaves the newest. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

enum { GROWN = HISTORY_MOST + HISTORY_MOST / 4, LONGEST = 1 << 20 };

/* ---- Where it is ---- */

/* Makes the folders before the last name of the path, for this user alone. */
static bool make_folders(char *path) {
  for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
    *at = 0;
    bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
    *at = '/';
    if (!made) return false;
  }
  return true;
}

static char *find_path(void) {
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  char *path = NULL;
  int length = -1;
  if (state != NULL && *state == '/') length = asprintf(&path, "%s/moth/history", state);
  else if (home != NULL && *home == '/') length = asprintf(&path, "%s/.local/state/moth/history", home);
  if (length < 0) return NULL;
  if (make_folders(path)) return path;
  free(path);
  return NULL;
}

/* Opens the file and locks it, again where another session has put a new one in its place meanwhile. */
static int open_locked(const char *path) {
  for (int tries = 0; tries < 10; tries++) {
    struct stat ours, there;
    int file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return -1;
    if (flock(file, LOCK_EX) == 0 && fstat(file, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
        ours.st_dev == there.st_dev) {
      return file;
    }
    close(file);
  }
  return -1;
}

/* ---- Entries ---- */

/* Takes over the text. */
static void keep(history *h, char *text) {
  if (text == NULL) return;
  if (h->count == h->capacity) {
    size_t capacity = h->capacity > 0 ? 2 * h->capacity : 64;
    char **items = realloc(h->items, capacity * sizeof *items);
    if (items == NULL) return free(text);
    h->items = items;
    h->capacity = capacity;
  }
  h->items[h->count++] = text;
}

static void forget(history *h, size_t count) {
  if (count == 0) return;
  for (size_t i = 0; i < count; i++) free(h->items[i]);
  h->count -= count;
  memmove(h->items, h->items + count, h->count * sizeof *h->items);
}

static void decode(char *text) {
  char *to = text;
  for (const char *at = text; *at != 0; at++) {
    if (at[0] == '\\' && (at[1] == 'n' || at[1] == '\\')) *to++ = *++at == 'n' ? '\n' : '\\';
    else *to++ = *at;
  }
  *to = 0;
}

/* The text as a line of the file, with its end; NULL without memory. */
static char *encode(const char *text, size_t *size) {
  char *line = malloc(2 * strlen(text) + 2), *to = line;
  if (line == NULL) return NULL;
  for (; *text != 0; text++) {
    if (*text == '\n' || *text == '\\') *to++ = '\\';
    *to++ = *text == '\n' ? 'n' : *text;
  }
  *to++ = '\n';
  *size = (size_t)(to - line);
  return line;
}

static bool write_all(int file, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t count = write(file, bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes += count;
    size -= (size_t)count;
  }
  return true;
}

/* Puts a file with the kept entries in the place of the one that has grown long. */
static void shorten(const history *h) {
  char *path = NULL;
  if (asprintf(&path, "%s.new", h->path) < 0) return;
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool written = file >= 0;
  for (size_t i = 0; i < h->count && written; i++) {
    size_t size = 0;
    char *line = encode(h->items[i], &size);
    written = line != NULL && write_all(file, line, size);
    free(line);
  }
  if (file >= 0) close(file);
  if (!written || rename(path, h->path) != 0) unlink(path);
  free(path);
}

static void read_entries(history *h, int file) {
  FILE *stream = fdopen(file, "r");
  if (stream == NULL) return (void)close(file);
  char *line = NULL;
  size_t capacity = 0;
  for (ssize_t size; (size = getline(&line, &capacity, stream)) > 0;) {
    if (line[size - 1] == '\n') line[size - 1] = 0;
    if (*line == 0 || strlen(line) + 1 < (size_t)size) continue;
    decode(line);
    keep(h, strdup(line));
  }
  free(line);
  bool has_grown = h->count > GROWN;
  if (h->count > HISTORY_MOST) forget(h, h->count - HISTORY_MOST);
  if (has_grown) shorten(h);
  fclose(stream); /* and with it the lock */
}

void history_open(history *h) {
  *h = (history){ .path = find_path() };
  if (h->path == NULL) return;
  int file = open_locked(h->path);
  if (file >= 0) read_entries(h, file);
}

void history_add(history *h, const char *text, size_t length) {
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == ' ')) length--;
  if (length == 0 || length > LONGEST || memchr(text, 0, length) != NULL) return;
  char *copy = strndup(text, length);
  if (copy == NULL) return;
  if (h->count > 0 && strcmp(h->items[h->count - 1], copy) == 0) return free(copy);
  if (h->path != NULL) {
    size_t size = 0;
    char *line = encode(copy, &size);
    int file = line != NULL ? open_locked(h->path) : -1;
    if (file >= 0) {
      write_all(file, line, size);
      close(file);
    }
    free(line);
  }
  keep(h, copy);
}

void history_close(history *h) {
  forget(h, h->count);
  free(h->items);
  free(h->path);
  *h = (history){ 0 };
}
