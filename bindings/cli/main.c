/* main.c: the command `moth`: a script, a chunk, standard input, or the prompt. Results go to the standard output, errors to the error
 * stream. Exit status 0; 1 an error; 2 a wrong command line; 130 interrupted. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blocks.h"
#include "command.h"

static const char usage_text[] =
  "usage: moth [options] [FILE [ARG...]]\n"
  "  moth                   the prompt\n"
  "  moth FILE [ARG...]     run a script; `arg` holds the arguments\n"
  "  moth -e CHUNK          run a chunk\n"
  "  moth -                 run a script from the standard input\n"
  "  moth -i FILE [ARG...]  run a script, then the prompt with what it has defined\n"
  "options:\n"
  "  --threads N         threads of the engine, 1 to 256 (default: the processors this process may use)\n"
  "  --seed N            as moth.seed(N) before the script\n"
  "  --version, --help\n";

/* ---- The command line ---- */

typedef struct command_line {
  const char *chunk, *file;
  int first_argument;           /* in argv, of the script's */
  long long threads, seed;
  bool has_threads, has_seed;
  bool then_prompt;             /* -i */
} command_line;

static int refuse(const char *format, const char *word) {
  fprintf(stderr, "moth: ");
  fprintf(stderr, format, word);
  fprintf(stderr, "\n%s", usage_text);
  return 2;
}

static bool read_number(const char *text, long long *number) {
  char *end;
  errno = 0;
  *number = strtoll(text, &end, 10);
  return *text != 0 && *end == 0 && errno == 0;
}

/* `--name VALUE` or `--name=VALUE` at argv[*i]; NULL where it is another word or has no value. */
static const char *value_of(const char *name, int argc, char **argv, int *i, bool *matched) {
  size_t length = strlen(name);
  if (strncmp(argv[*i], name, length) != 0 || (argv[*i][length] != 0 && argv[*i][length] != '=')) return NULL;
  *matched = true;
  if (argv[*i][length] == '=') return argv[*i] + length + 1;
  return *i + 1 < argc ? argv[++*i] : NULL;
}

/* -1: go on; else the exit status. */
static int read_command_line(int argc, char **argv, command_line *line) {
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1] != 0; i++) {
    const char *word = argv[i];
    bool threads = false, seed = false;
    if (strcmp(word, "--help") == 0) return fputs(usage_text, stdout), 0;
    if (strcmp(word, "--version") == 0) return printf("Moth %s (%s)\n", MOTH_VERSION, LUA_RELEASE), 0;
    if (strcmp(word, "-e") == 0) {
      if (++i == argc) return refuse("%s needs a chunk", word);
      line->chunk = argv[i++];
      break;
    }
    if (strcmp(word, "-i") == 0) {
      line->then_prompt = true;
      continue;
    }
    const char *value = value_of("--threads", argc, argv, &i, &threads);
    if (threads) {
      if (value == NULL || !read_number(value, &line->threads) || line->threads < 1 || line->threads > 256) {
        return refuse("--threads must be a whole number from 1 to 256, got %s", value == NULL ? "nothing" : value);
      }
      line->has_threads = true;
      continue;
    }
    value = value_of("--seed", argc, argv, &i, &seed);
    if (seed) {
      if (value == NULL || !read_number(value, &line->seed)) {
        return refuse("--seed must be a whole number, got %s", value == NULL ? "nothing" : value);
      }
      line->has_seed = true;
      continue;
    }
    if (strcmp(word, "--") == 0) {
      i++;
      break;
    }
    return refuse("no option '%s'", word);
  }
  if (line->chunk == NULL && i < argc) line->file = argv[i++];
  line->first_argument = i;
  if (line->then_prompt && (line->file == NULL || strcmp(line->file, "-") == 0)) return refuse("%s needs a file", "-i");
  return -1;
}

/* ---- Running ---- */

/* Writes the error value at 1 and its frames on the error stream. */
static int tell(lua_State *L) {
  size_t length;
  bool text = lua_isstring(L, 1);
  const char *message = luaL_tolstring(L, 1, &length);
  if (!text) fputs("error: ", stderr);
  fwrite(message, 1, length, stderr);
  fputc('\n', stderr);
  moth_lua_trace(L);
  const char *trace = lua_tostring(L, -1);
  if (*trace != 0) fprintf(stderr, "%s\n", trace + 1);
  return 0;
}

/* Tells the error value at the top and empties the stack; the exit status: 1, or 130 after an interrupt. */
static int report(lua_State *L) {
  const char *kind = luaL_typename(L, -1);
  fflush(stdout);
  lua_pushcfunction(L, tell);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) fprintf(stderr, "error: a %s that gives no text\n", kind);
  lua_settop(L, 0);
  bool interrupted = interrupts_taken(L), cancelled = moth_lua_cancelled(L);
  return interrupted || cancelled ? 130 : 1;
}

/* The table `arg`: the script at 0, its arguments from 1, the command before. */
static void set_arg(lua_State *L, int argc, char **argv, const command_line *line) {
  int script = line->first_argument - 1;
  lua_newtable(L);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

static int push_arguments(lua_State *L, int argc, char **argv, const command_line *line) {
  int count = argc - line->first_argument;
  luaL_checkstack(L, count + 8, "too many arguments");
  for (int i = line->first_argument; i < argc; i++) lua_pushstring(L, argv[i]);
  return count;
}

/* Opens the module with what the command line asks for; it is known to require, and global where there is no script to say its name. */
static void open_module(lua_State *L, const command_line *line) {
  luaL_requiref(L, "moth", luaopen_moth, line->file == NULL);
  lua_getfield(L, -1, "printing");
  lua_createtable(L, 0, 1);
  int width = terminal_width(NULL);
  lua_pushinteger(L, width < 20 ? 20 : width);
  lua_setfield(L, -2, "width");
  lua_call(L, 1, 0);
  lua_pop(L, 1);
  if (line->has_threads) moth_set_threads(moth_lua_context(L), (int)line->threads);
  if (line->has_seed) moth_seed(moth_lua_context(L), (uint64_t)line->seed);
}

typedef struct job { int argc; char **argv; const command_line *line; int status; } job;

/* The prompt, after the script where one is to be run first. */
static int run_prompt(lua_State *L, const char *script) {
  terminal t;
  terminal_open(&t, L, script);
  moth_lua_terminal functions = terminal_functions(&t);
  int status = moth_lua_prompt(L, &functions);
  terminal_close(&t);
  return status;
}

/* A script before a prompt runs in the prompt's scope where there is a terminal; else as any other. */
static int run_script(lua_State *L, const job *j) {
  const command_line *line = j->line;
  int count = push_arguments(L, j->argc, j->argv, line), status;
  if (line->chunk != NULL) status = moth_lua_chunk(L, line->chunk, strlen(line->chunk), "=(command line)", count);
  else status = moth_lua_file(L, strcmp(line->file, "-") == 0 ? NULL : line->file, count);
  return status != LUA_OK ? report(L) : 0;
}

static bool can_read(const char *path) {
  if (access(path, R_OK) == 0) return true;
  fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
  return false;
}

static int run(lua_State *L) {
  job *j = lua_touserdata(L, 1);
  const command_line *line = j->line;
  bool only_prompt = line->chunk == NULL && line->file == NULL, in_scope = line->then_prompt && isatty(0);
  luaL_openlibs(L);
  lua_gc(L, LUA_GCGEN, 0, 0); /* as lua does: what scripts make is mostly temporaries */
  open_module(L, line);
  set_arg(L, j->argc, j->argv, line);
  interrupts_follow_coroutines(L);
  interrupts_catch(L, (only_prompt || line->then_prompt) && isatty(0));
  lua_settop(L, 0);
  if (in_scope && !can_read(line->file)) return j->status = 1, 0;
  if (!only_prompt && !in_scope) j->status = run_script(L, j);
  lua_settop(L, 0);
  if (only_prompt || (line->then_prompt && j->status == 0)) j->status = run_prompt(L, in_scope ? line->file : NULL);
  return 0;
}

int main(int argc, char **argv) {
  command_line line = { 0 };
  int status = read_command_line(argc, argv, &line);
  if (status >= 0) return status;
  lua_State *L = luaL_newstate();
  if (L == NULL) return fputs("moth: not enough memory\n", stderr), 1;
  blocks blocks;
  blocks_begin(&blocks, L);
  job j = { argc, argv, &line, 0 };
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, &j);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) j.status = report(L);
  signal(SIGINT, SIG_DFL);
  lua_close(L);
  blocks_end(&blocks);
  if (fflush(stdout) != 0 && j.status == 0) j.status = 1;
  return j.status;
}
