/* command.h: what the files of the command share. */
#ifndef COMMAND_H
#define COMMAND_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "moth_lua.h"

/* Has SIGINT stop what runs: the first ends a training or raises "interrupted", the second ends the process with status 130. */
void command_catch_interrupts(lua_State *L);
/* Whether a SIGINT came since the last time; forgets it and what it asked for. */
bool command_was_interrupted(lua_State *L);
/* Tells the error value at the top on the error stream and empties the stack; the exit status: 1, or 130 after an interrupt. */
int command_report(lua_State *L);
/* Reads lines until the end of the input; the exit status. */
int command_prompt(lua_State *L);

#endif
