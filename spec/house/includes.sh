#!/bin/sh
# Includes point one way: core <- math <- tensor <- operations <- formats <- layers, losses, metrics, optimizers <- network <- data <- training <- moth.c;
# the bindings include only moth.h of the engine; cblas stands in one file; the engine knows no Lua.
set -u
awk '
  BEGIN {
    split("core math tensor operations formats layers losses metrics optimizers network data training", order, " ")
    for (i = 1; i <= 12; i++) rank[order[i]] = i
  }
  /^[ \t]*#[ \t]*include[ \t]*"/ {
    split(FILENAME, part, "/"); folder = part[2]; file = part[3]
    match($0, /"[^"]+"/); name = substr($0, RSTART + 1, RLENGTH - 2); split(name, to, "/")
    if (file == "" ) next                                   # engine/moth.c, the roof
    if (name == "moth.h" || !(to[1] in rank) && name !~ /\//) next
    if (!(to[1] in rank)) { print FILENAME ": includes " name ", which is in no folder of the engine"; bad = 1; next }
    if (to[1] != folder && rank[to[1]] >= rank[folder]) { print FILENAME ": " folder " may not include " name; bad = 1 }
  }
  END { exit bad }
' $(find engine -name '*.[ch]' -o -name '*.inc' -path 'engine/*' | sort) || exit 1
found=$(grep -rnE '#[ \t]*include[ \t]*[<"](lua|lauxlib|lualib)' engine); [ -z "$found" ] || { echo "the engine knows no Lua: $found"; exit 1; }
found=$(grep -rnE '#[ \t]*include[ \t]*"(\.\./)*(engine/)?(core|math|tensor|operations|formats|layers|losses|metrics|optimizers|network|data|training)/' bindings)
[ -z "$found" ] || { echo "bindings include only moth.h: $found"; exit 1; }
[ "$(grep -rlE '#[ \t]*include[ \t]*[<"]cblas' engine bindings | wc -l)" -le 1 ] || { echo "cblas is included in more than one file"; exit 1; }
found=$(grep -rnE '\b(printf|fprintf|puts|perror|exit|abort|_Exit|longjmp|setlocale|signal|raise)[ \t]*\(' engine --include='*.c' --include='*.inc' --include='*.h' |
  grep -vE ':[ \t]*(/\*|\*)|snprintf|format\(printf')
[ -z "$found" ] || { echo "the engine never prints, exits or changes its host: $found"; exit 1; }
echo "includes point one way"
