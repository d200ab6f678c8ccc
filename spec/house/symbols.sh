#!/bin/sh
# What libmoth shows and holds: only moth_ names outside, in the shared library and in the archive, and no writable data but the one lock
# around a sequential OpenBLAS.
set -eu
build=$1
bad=0
foreign=$( { nm -D --defined-only "$build/libmoth.so"; nm -g --defined-only "$build/libmoth.a"; } | awk 'NF == 3 && $2 != "A" { print $3 }' | grep -v '^moth_' || true)
[ -z "$foreign" ] || { echo "symbols of libmoth that do not begin with moth_:"; echo "$foreign"; bad=1; }
writable=$(nm --defined-only -S "$build/libmoth.a" | awk '$3 ~ /^[dDbBcC]$/ { print $3, $4 }' | grep -vE '^[dD] .*\.local|_row$' || true)
# names in .data.rel.ro and .data.rel.ro.local also count as d: ask the sections themselves
sections=$(objdump -h "$build/libmoth.a" | awk '$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ && $3 !~ /^0+$/ { print $2, strtonum("0x" $3) }' 2>/dev/null || true)
allowed=$(nm --defined-only -S "$build/libmoth.a" | awk '$4 == "blas_lock" { print $2 }')
lock=$(printf '%d' "0x${allowed:-0}")
total=$(objdump -h "$build/libmoth.a" | awk '$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /^\.data\.rel\.ro/ { print $3 }' | while read -r h; do printf '%d\n' "0x$h"; done | awk '{ s += $1 } END { print s + 0 }')
if [ "$total" -ne "$lock" ]; then
  echo "libmoth.a holds $total bytes of writable data, $lock of them the lock:"
  nm --defined-only -S "$build/libmoth.a" | awk '$3 ~ /^[bBdDcC]$/' | head -20
  bad=1
fi
[ $bad -eq 0 ] && echo "libmoth shows moth_ names only and holds no writable data but $lock bytes of lock"
exit $bad
