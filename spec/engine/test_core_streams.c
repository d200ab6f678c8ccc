/* Streams: files, gzip, memory; what goes wrong with them, and what a failed write leaves behind. */
#include "support.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "core/stream.h"

typedef struct fixture { support_allocator allocator; moth *m; support_folder folder; char before[1024]; } fixture;

static int set_up(void **state) {
  fixture *self = calloc(1, sizeof *self);
  self->m = support_open_bare(&self->allocator, NULL);
  self->folder = support_folder_make();
  if (getcwd(self->before, sizeof self->before) == NULL || chdir(self->folder.path) != 0) return -1;
  *state = self;
  return 0;
}
static int tear_down(void **state) {
  fixture *self = *state;
  support_close(self->m, &self->allocator);
  int moved = chdir(self->before);
  support_folder_remove(&self->folder);
  free(self);
  return moved;
}
#define M (((fixture *)*state)->m)

static size_t entries_here(void) {
  size_t count = 0;
  FILE *list = popen("ls -A | wc -l", "r");
  if (list == NULL || fscanf(list, "%zu", &count) != 1) fail_msg("cannot list the folder");
  pclose(list);
  return count;
}

/* Bytes packed as one gzip member. */
static size_t pack(const void *bytes, size_t size, unsigned char *out, size_t room) {
  z_stream zlib = {
    .next_in = (unsigned char *)(uintptr_t)bytes, .avail_in = (unsigned)size, .next_out = out, .avail_out = (unsigned)room
  };
  if (deflateInit2(&zlib, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK || deflate(&zlib, Z_FINISH) != Z_STREAM_END)
    fail_msg("deflate");
  deflateEnd(&zlib);
  return zlib.total_out;
}

static void fill(unsigned char *bytes, size_t size) {
  uint32_t word = 1;
  for (size_t i = 0; i < size; i++)
    word = word * 1664525 + 1013904223, bytes[i] = (unsigned char)(word >> 28); /* half random: packs well */
}

/* Everything a stream gives, in odd pieces. */
static moth_status read_whole(stream *from, unsigned char *bytes, size_t room, size_t *size) {
  *size = 0;
  for (size_t piece = 1;; piece = piece * 3 % 7919) {
    size_t got = 0, asked = piece < room - *size ? piece : room - *size;
    moth_status status = stream_read(from, bytes + *size, asked, &got);
    if (status != MOTH_OK) return status;
    *size += got;
    if (got < asked || asked == 0) return MOTH_OK;
  }
}

/* ---- Reading files ---- */

static void files_are_read(void **state) {
  support_write_file("x.txt", "hello, file", 11);
  stream in;
  assert_ok(M, stream_open(M, "csv", "x.txt", UINT64_MAX, &in));
  char bytes[32];
  size_t got;
  uint64_t size;
  assert_ok(M, stream_size(&in, &size));
  assert_int_equal(size, 11);
  assert_ok(M, stream_read(&in, bytes, 1, &got)); /* inside the bytes that were looked at first */
  assert_ok(M, stream_read_all(&in, bytes + 1, 4));
  assert_memory_equal(bytes, "hello", 5);
  assert_ok(M, stream_seek(&in, 7));
  assert_ok(M, stream_read(&in, bytes, sizeof bytes, &got));
  assert_int_equal(got, 4);
  assert_memory_equal(bytes, "file", 4);
  assert_ok(M, stream_read(&in, bytes, 1, &got));
  assert_int_equal(got, 0);
  assert_ok(M, stream_seek(&in, 0));
  assert_fails(M, stream_read_all(&in, bytes, 12), MOTH_FORMAT, "csv: x.txt ends after 11 bytes, 12 expected (cut short?)");
  assert_status(M, stream_write(&in, "x", 1), MOTH_MISUSE);
  assert_ok(M, stream_close(&in, true));
  assert_ok(M, stream_close(&in, true));
  assert_status(M, stream_read(&in, bytes, 1, &got), MOTH_MISUSE);
}

static void missing_files_say_what_is_near(void **state) {
  stream in;
  assert_int_equal(mkdir("data", 0777), 0);
  support_write_file("data/train.csv", "1", 1);
  support_write_file("data/train.csb", "1", 1);
  assert_fails(M, stream_open(M, "csv", "data/train.cvs", 100, &in), MOTH_FILE,
               "csv: cannot open 'data/train.cvs': No such file or directory\n"
               "  did you mean 'data/train.csv'? (looked from the working directory)");
  assert_fails(M, stream_open(M, "csv", "Data", 100, &in), MOTH_FILE,
               "csv: cannot open 'Data': No such file or directory\n  did you mean 'data'? (looked from the working directory)");
  assert_fails(M, stream_open(M, "csv", "data/valid.csv", 100, &in), MOTH_FILE,
               "csv: cannot open 'data/valid.csv': No such file or directory");
  assert_fails(M, stream_open(M, "csv", "dta/train.csv", 100, &in), MOTH_FILE,
               "csv: cannot open 'dta/train.csv': No such file or directory");
  char path[1024], message[2200];
  support_path(&((fixture *)*state)->folder, "data/trian.csv", path);
  assert_status(M, stream_open(M, "csv", path, 100, &in), MOTH_FILE);
  support_path(&((fixture *)*state)->folder, "data/train.csv", path);
  snprintf(message, sizeof message, "\n  did you mean '%s'?", path); /* an absolute path was not looked for from here */
  assert_string_equal(strchr(moth_message(M), '\n'), message);
  assert_fails(M, stream_open(M, "csv", "data", 100, &in), MOTH_FILE, "csv: cannot open 'data': Is a directory");
  assert_fails(M, stream_open(M, "csv", "", 100, &in), MOTH_MISUSE, "csv: a file's name must be given");
  assert_status(M, stream_open(M, "csv", NULL, 100, &in), MOTH_MISUSE);
  assert_ok(M, stream_close(&in, false));
}

static void limits_are_kept(void **state) {
  char bytes[32];
  size_t size;
  stream in;
  support_write_file("x", "0123456789", 10);
  assert_ok(M, stream_open(M, "csv", "x", 10, &in));
  assert_ok(M, read_whole(&in, (unsigned char *)bytes, sizeof bytes, &size));
  assert_int_equal(size, 10);
  stream_close(&in, false);
  assert_ok(M, stream_open(M, "csv", "x", 9, &in));
  assert_fails(M, stream_read(&in, bytes, 32, &size), MOTH_LIMIT, "csv: x has more than 9 bytes, the limit here");
  stream_close(&in, false);
  assert_ok(M, stream_open(M, "csv", "x", 9, &in));
  assert_ok(M, stream_read_all(&in, bytes, 9));
  assert_status(M, stream_read(&in, bytes, 1, &size), MOTH_LIMIT);
  stream_close(&in, false);
}

static void pipes_are_read_though_they_cannot_seek(void **state) {
  assert_int_equal(mkfifo("pipe", 0600), 0);
  pid_t child = fork();
  if (child == 0) {
    int out = open("pipe", O_WRONLY);
    if (write(out, "abcdef", 6) == 6) kill(getpid(), SIGKILL); /* an end that no leak check speaks up at */
    _exit(1);
  }
  stream in;
  unsigned char bytes[16];
  size_t size;
  uint64_t total;
  assert_ok(M, stream_open(M, "csv", "pipe", 100, &in));
  assert_ok(M, stream_size(&in, &total));
  assert_true(total == UINT64_MAX);
  assert_ok(M, read_whole(&in, bytes, sizeof bytes, &size));
  assert_int_equal(size, 6);
  assert_memory_equal(bytes, "abcdef", 6);
  assert_fails(M, stream_seek(&in, 0), MOTH_MISUSE, "csv: pipe cannot be read from another place");
  stream_close(&in, false);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- gzip ---- */

enum { PLAIN = 300000 };

static void packed_files_are_unpacked(void **state) {
  unsigned char *plain = malloc(PLAIN), *packed = malloc(PLAIN), *back = malloc(PLAIN + 10);
  fill(plain, PLAIN);
  size_t size, one = pack(plain, 100000, packed, PLAIN), two = pack(plain + 100000, PLAIN - 100000, packed + one, PLAIN - one);
  memset(packed + one + two, 0, 600); /* padding, as tapes leave it */
  support_write_file("x.csv.gz", packed, one + two + 600);
  support_write_file("y.csv", packed, one + two); /* the bytes tell, whatever the name */
  const char *names[] = { "x.csv.gz", "y.csv" };
  for (int i = 0; i < 2; i++) {
    stream in;
    uint64_t total;
    assert_ok(M, stream_open(M, "csv", names[i], UINT64_MAX, &in));
    assert_ok(M, stream_size(&in, &total));
    assert_true(total == UINT64_MAX);
    assert_ok(M, read_whole(&in, back, PLAIN + 10, &size));
    assert_int_equal(size, PLAIN);
    assert_memory_equal(back, plain, PLAIN);
    assert_ok(M, stream_seek(&in, 150000));
    assert_ok(M, stream_read_all(&in, back, 1000));
    assert_memory_equal(back, plain + 150000, 1000);
    assert_ok(M, stream_seek(&in, 200000));
    assert_ok(M, stream_read_all(&in, back, PLAIN - 200000));
    assert_memory_equal(back, plain + 200000, PLAIN - 200000);
    assert_ok(M, stream_close(&in, false));
  }
  free(plain), free(packed), free(back);
}

static void bombs_stop_at_the_limit(void **state) {
  unsigned char *zeros = calloc(1, 1 << 22), *packed = malloc(1 << 16);
  size_t size = pack(zeros, 1 << 22, packed, 1 << 16);
  support_write_file("b.gz", packed, size);
  stream in;
  assert_ok(M, stream_open(M, "csv", "b.gz", 1 << 20, &in));
  assert_fails(M, stream_read(&in, zeros, 1 << 22, &size), MOTH_LIMIT, "csv: b.gz has more than 1 MiB, the limit here");
  stream_close(&in, false);
  free(zeros), free(packed);
}

/* A packed file cut after every byte: whatever came, the end is told. */
static void cut_files_are_refused(void **state) {
  unsigned char plain[2000], packed[2000], back[2100];
  fill(plain, sizeof plain);
  size_t size = pack(plain, sizeof plain, packed, sizeof packed), got;
  for (size_t cut = 0; cut < size; cut++) {
    support_write_file("x.csv.gz", packed, cut);
    stream in;
    assert_ok(M, stream_open(M, "csv", "x.csv.gz", UINT64_MAX, &in));
    char message[100];
    snprintf(message, sizeof message, "csv: x.csv.gz: the gzip data is cut short after %zu bytes", cut);
    assert_fails(M, read_whole(&in, back, sizeof back, &got), MOTH_FORMAT, message);
    stream_close(&in, false);
  }
}

static void damaged_files_are_refused(void **state) {
  unsigned char plain[2000], packed[2000], back[2100];
  fill(plain, sizeof plain);
  size_t size = pack(plain, sizeof plain, packed, sizeof packed), got;
  stream in;
  packed[size - 6] ^= 1; /* of the checksum */
  support_write_file("x.gz", packed, size);
  assert_ok(M, stream_open(M, "idx", "x.gz", UINT64_MAX, &in));
  char message[100];
  snprintf(message, sizeof message, "idx: x.gz: the gzip data is damaged near byte %zu: incorrect data check", size - 4);
  assert_fails(M, read_whole(&in, back, sizeof back, &got), MOTH_FORMAT, message);
  stream_close(&in, false);
  packed[size - 6] ^= 1;
  memcpy(packed + size, "junk", 4);
  support_write_file("x.gz", packed, size + 4);
  assert_ok(M, stream_open(M, "idx", "x.gz", UINT64_MAX, &in));
  assert_status(M, read_whole(&in, back, sizeof back, &got), MOTH_FORMAT);
  assert_non_null(strstr(moth_message(M), "idx: x.gz: the gzip data is damaged near byte"));
  stream_close(&in, false);
  support_write_file("plain.csv.gz", "1,2,3\n", 6);
  assert_ok(M, stream_open(M, "csv", "plain.csv.gz", UINT64_MAX, &in));
  assert_fails(M, stream_read(&in, back, 1, &got), MOTH_FORMAT, "csv: plain.csv.gz: not gzip data, though its name ends in .gz");
  stream_close(&in, false);
  for (size_t i = 0; i < size; i++) { /* any byte wrong: an error or the same bytes, never others */
    packed[i] ^= 0x55;
    support_write_file("x.gz", packed, size);
    assert_ok(M, stream_open(M, "idx", "x.gz", UINT64_MAX, &in));
    moth_status status = read_whole(&in, back, sizeof back, &got);
    assert_true(status == MOTH_FORMAT || (status == MOTH_OK && got == sizeof plain && memcmp(back, plain, got) == 0));
    stream_close(&in, false);
    packed[i] ^= 0x55;
  }
}

/* ---- Memory ---- */

static void memory_reads_like_a_file(void **state) {
  stream in;
  char bytes[8];
  size_t got;
  uint64_t size;
  stream_open_bytes(M, "load", "weights", "0123456789", 10, &in);
  assert_ok(M, stream_size(&in, &size));
  assert_int_equal(size, 10);
  assert_ok(M, stream_read_all(&in, bytes, 6));
  assert_fails(M, stream_read_all(&in, bytes, 6), MOTH_FORMAT, "load: weights ends after 10 bytes, 12 expected (cut short?)");
  assert_ok(M, stream_seek(&in, 8));
  assert_ok(M, stream_read(&in, bytes, 8, &got));
  assert_int_equal(got, 2);
  assert_memory_equal(bytes, "89", 2);
  assert_status(M, stream_seek(&in, 11), MOTH_FORMAT);
  assert_ok(M, stream_close(&in, false));
  stream_open_bytes(M, "load", "nothing", NULL, 0, &in);
  assert_ok(M, stream_read(&in, bytes, 8, &got));
  assert_int_equal(got, 0);
  assert_ok(M, stream_close(&in, false));
}

static void written_memory_is_handed_over(void **state) {
  stream out;
  void *bytes;
  size_t size;
  assert_ok(M, stream_create_bytes(M, "save", &out));
  for (int i = 0; i < 1000; i++) assert_ok(M, stream_write(&out, "moth", 4));
  assert_ok(M, stream_take(&out, &bytes, &size));
  assert_int_equal(size, 4000);
  assert_memory_equal((char *)bytes + 3996, "moth", 4);
  assert_status(M, stream_take(&out, &bytes, &size), MOTH_MISUSE);
  assert_status(M, stream_write(&out, "x", 1), MOTH_MISUSE);
  assert_ok(M, stream_close(&out, true));
  moth_free(M, bytes, size);
  assert_ok(M, stream_create_bytes(M, "save", &out));
  assert_ok(M, stream_take(&out, &bytes, &size));
  assert_int_equal(size, 0);
  assert_non_null(bytes);
  moth_free(M, bytes, size);
  assert_ok(M, stream_close(&out, true));
  assert_ok(M, stream_create_bytes(M, "save", &out));
  assert_ok(M, stream_write(&out, "lost", 4));
  assert_ok(M, stream_close(&out, false));
}

/* ---- Writing files ---- */

static void assert_content(const char *path, const char *expected) {
  size_t size;
  char *content = support_read_file(path, &size);
  assert_non_null(content);
  assert_string_equal(content, expected);
  free(content);
}

static void a_file_changes_all_at_once(void **state) {
  stream out;
  support_write_file("model", "old", 3);
  assert_ok(M, stream_create(M, "save", "model", &out));
  assert_ok(M, stream_write(&out, "new and ", 8));
  assert_content("model", "old");
  assert_int_equal(entries_here(), 2);
  assert_ok(M, stream_write(&out, "longer", 6));
  uint64_t size;
  assert_ok(M, stream_size(&out, &size));
  assert_int_equal(size, 14);
  assert_ok(M, stream_close(&out, true));
  assert_content("model", "new and longer");
  assert_ok(M, stream_create(M, "save", "model", &out));
  assert_ok(M, stream_write(&out, "abandoned", 9));
  assert_ok(M, stream_close(&out, false));
  assert_content("model", "new and longer");
  assert_int_equal(entries_here(), 1);
}

static mode_t mode_of(const char *path) {
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  return about.st_mode & 07777;
}

static void modes_follow_the_mask_or_the_file_before(void **state) {
  stream out;
  mode_t mask = umask(027);
  assert_ok(M, stream_create(M, "save", "new", &out));
  assert_ok(M, stream_close(&out, true));
  umask(mask);
  assert_int_equal(mode_of("new"), 0640);
  assert_int_equal(chmod("new", 0604), 0);
  assert_ok(M, stream_create(M, "save", "new", &out));
  assert_ok(M, stream_close(&out, true));
  assert_int_equal(mode_of("new"), 0604);
}

static void links_are_followed(void **state) {
  stream out;
  struct stat about;
  assert_int_equal(mkdir("real", 0777), 0);
  support_write_file("real/model", "old", 3);
  assert_int_equal(symlink("real/model", "link"), 0);
  assert_int_equal(symlink("link", "twice"), 0);
  assert_int_equal(symlink("real/later", "dangling"), 0);
  assert_int_equal(symlink("circle", "circle"), 0);
  assert_ok(M, stream_create(M, "save", "twice", &out));
  assert_ok(M, stream_write(&out, "new", 3));
  assert_ok(M, stream_close(&out, true));
  assert_content("real/model", "new");
  assert_int_equal(lstat("link", &about), 0);
  assert_true(S_ISLNK(about.st_mode));
  assert_ok(M, stream_create(M, "save", "dangling", &out));
  assert_ok(M, stream_close(&out, true));
  assert_content("real/later", "");
  assert_fails(M, stream_create(M, "save", "circle", &out), MOTH_FILE, "save: cannot write 'circle': Too many levels of symbolic links");
}

static void what_cannot_be_written_is_told(void **state) {
  stream out;
  assert_fails(M, stream_create(M, "save", "none/model", &out), MOTH_FILE, "save: cannot write 'none/model': No such file or directory");
  assert_int_equal(mkdir("folder", 0777), 0);
  assert_fails(M, stream_create(M, "save", "folder", &out), MOTH_FILE, "save: cannot write 'folder': Is a directory");
  assert_ok(M, stream_close(&out, true));
  if (geteuid() != 0) {
    support_write_file("kept", "x", 1);
    chmod("kept", 0444);
    assert_fails(M, stream_create(M, "save", "kept", &out), MOTH_FILE, "save: cannot write 'kept': Permission denied");
  }
  assert_ok(M, stream_create(M, "save", "/dev/null", &out)); /* a device is written, not replaced */
  assert_ok(M, stream_write(&out, "x", 1));
  assert_ok(M, stream_close(&out, true));
  assert_ok(M, stream_create(M, "save", "/dev/full", &out));
  assert_fails(M, stream_write(&out, "x", 1), MOTH_FILE, "save: cannot write '/dev/full': No space left on device");
  stream_close(&out, false);
  char name[400];
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  assert_status(M, stream_create(M, "save", name, &out), MOTH_FILE);
}

/* A full disk in the middle: the old file stays, and publishing what is broken is refused. */
static void a_failed_write_is_never_published(void **state) {
  stream out;
  support_write_file("model", "old", 3);
  struct rlimit before, small = { 4096, RLIM_INFINITY };
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  assert_ok(M, stream_create(M, "save", "model", &out));
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  char page[4096] = { 0 };
  moth_status first = stream_write(&out, page, sizeof page), second = stream_write(&out, page, 1);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(first, MOTH_OK);
  assert_int_equal(second, MOTH_FILE);
  assert_message(M, "save: cannot write 'model': File too large");
  assert_fails(M, stream_close(&out, true), MOTH_FILE, "save: cannot write 'model': File too large");
  assert_content("model", "old");
  assert_int_equal(entries_here(), 1);
}

/* ---- Failures of the allocator ---- */

static moth *open_bare(support_allocator *allocator) { return support_open_bare(allocator, NULL); }

static moth_status read_packed(moth *m, void *data) {
  unsigned char back[3000];
  size_t size;
  stream in;
  moth_status status = stream_open(m, "csv", data, UINT64_MAX, &in);
  if (status == MOTH_OK) status = read_whole(&in, back, sizeof back, &size);
  if (status == MOTH_OK) assert_int_equal(size, 2000);
  if (status != MOTH_OK) assert_memory_equal(moth_message(m), "csv: out of memory: needs ", 26);
  stream_close(&in, false);
  return status;
}

static moth_status write_both(moth *m, void *data) {
  stream out;
  void *bytes = NULL;
  size_t size = 0;
  moth_status status = stream_create(m, "save", data, &out);
  if (status == MOTH_OK) status = stream_write(&out, "new", 3);
  moth_status closed = stream_close(&out, status == MOTH_OK);
  if (status == MOTH_OK) status = closed;
  if (status != MOTH_OK) return status;
  status = stream_create_bytes(m, "save", &out);
  if (status == MOTH_OK) status = stream_write(&out, "0123456789", 10);
  if (status == MOTH_OK) status = stream_take(&out, &bytes, &size);
  stream_close(&out, false);
  moth_free(m, bytes, size);
  return status;
}

static void every_failing_request_leaves_nothing(void **state) {
  (void)state;
  unsigned char plain[2000], packed[2000];
  fill(plain, sizeof plain);
  support_write_file("x.csv.gz", packed, pack(plain, sizeof plain, packed, sizeof packed));
  assert_true(support_fail_each_in(open_bare, read_packed, "x.csv.gz") >= 4);
  assert_true(support_fail_each_in(open_bare, write_both, "model") >= 5);
  assert_int_equal(entries_here(), 2);
  assert_content("model", "new");
}

int main(void) {
#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
  const struct CMUnitTest tests[] = {
    test(files_are_read),
    test(missing_files_say_what_is_near),
    test(limits_are_kept),
    test(pipes_are_read_though_they_cannot_seek),
    test(packed_files_are_unpacked),
    test(bombs_stop_at_the_limit),
    test(cut_files_are_refused),
    test(damaged_files_are_refused),
    test(memory_reads_like_a_file),
    test(written_memory_is_handed_over),
    test(a_file_changes_all_at_once),
    test(modes_follow_the_mask_or_the_file_before),
    test(links_are_followed),
    test(what_cannot_be_written_is_told),
    test(a_failed_write_is_never_published),
    test(every_failing_request_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
