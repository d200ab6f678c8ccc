#!/bin/sh
# What libmoth shows and holds: only moth_ names outside, in the shared library and in the archive, and no writable data but the one lock
# around a sequential OpenBLAS (.data.rel.ro is constant once the loader has run).
set -eu
build=$1
bad=0
foreign=$( { nm -D --defined-only "$build/libmoth.so"; nm -g --defined-only "$build/libmoth.a"; } | awk 'NF == 3 && $2 != "A" { print $3 }' |
  grep -v '^moth_' || true)
[ -z "$foreign" ] || { echo "symbols of libmoth that do not begin with moth_:"; echo "$foreign"; bad=1; }
lock=$(printf '%d' "0x$(nm --defined-only -S "$build/libmoth.a" | awk '$4 == "lock" { print $2; found = 1 } END { if (!found) print 0 }')")
total=$(objdump -h "$build/libmoth.a" | awk '$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ { print $3 }' |
  while read -r size; do printf '%d\n' "0x$size"; done | awk '{ s += $1 } END { print s + 0 }')
if [ "$total" -ne "$lock" ]; then
  echo "libmoth.a holds $total bytes of writable data, $lock of them the lock:"
  nm --defined-only -S "$build/libmoth.a" | awk '$3 ~ /^[bBdDcC]$/' | head -20
  bad=1
fi
[ $bad -eq 0 ] && echo "libmoth shows moth_ names only and holds no writable data but $lock bytes of lock"
exit $bad
