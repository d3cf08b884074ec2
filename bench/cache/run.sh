#!/bin/sh
# The hit ratio of the cache beside LRU: bench/cache/run.sh, from the root of the source.
set -eu
out=build/bench-cache
mkdir -p "$out"
cc -O2 -std=c11 -D_GNU_SOURCE -Isrc bench/cache/ratio.c src/store/cache.c src/store/entry.c \
    src/store/purges.c src/base/siphash.c src/base/crypto.c -lcrypto -lm -lpthread -o "$out/ratio"
exec "$out/ratio"
