#!/bin/sh
# The cache measured, from the root of the source: bench/cache/run.sh [ratio], its hit ratio beside LRU;
# memory [MB], what a process holds after 1 GB of distinct objects; threads [TIMES], the CPU time of a hit with 1 and 4
# threads. The last two run the release build.
set -eu
case ${1:-ratio} in memory | threads) exec luajit bench/cache/load.lua "$@" ;; esac
out=build/bench-cache
mkdir -p "$out"
cc -O2 -std=c11 -D_GNU_SOURCE -Isrc bench/cache/ratio.c src/store/cache.c src/store/cache_purge.c src/store/entry.c \
    src/store/purges.c src/store/room.c src/http/status.c src/base/siphash.c src/base/crypto.c -lcrypto -lm -lpthread -o "$out/ratio"
exec "$out/ratio"
