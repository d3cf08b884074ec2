#!/bin/sh
# What a spec costs: `tidegate test` over generated specs of 100 routes beside plain busted over as
# many empty functions. CPU time is user and system, the least of several runs; one process.
#   bench/specs/run.sh [SPECS [RUNS]]     300 specs, 5 runs
set -eu
cd "$(dirname "$0")/../.."
specs=${1:-300} runs=${2:-5}
tidegate=${TIDEGATE:-build/release/tidegate}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
luajit bench/specs/generate.lua "$folder" "$specs"

# The least CPU seconds, with the most memory in MB and the wall seconds of that run.
least() {
    for _ in $(seq "$runs"); do
        /usr/bin/env time -f '%U %S %M %e' -o "$folder/time" "$@" >"$folder/out" 2>&1 || { cat "$folder/out" >&2; exit 1; }
        cat "$folder/time"
    done | awk '{ cpu = $1 + $2 } NR == 1 || cpu < best { best = cpu; mb = $3 / 1024; wall = $4 }
        END { printf "%.2f %.0f %.2f\n", best, mb, wall }'
}

plain=$(least busted --lua=/usr/bin/luajit "$folder/empty")
ours=$(least "$tidegate" test "$folder/site" -j1)
many=$(least "$tidegate" test "$folder/site")
printf '%-34s %8s %8s %8s\n' "$specs specs, 100 routes" 'CPU s' 'MB' 'wall s'
printf '%-34s %8s %8s %8s\n' 'plain busted, empty functions' $plain
printf '%-34s %8s %8s %8s\n' 'tidegate test -j1' $ours
printf '%-34s %8s %8s %8s\n' 'tidegate test' $many
printf '%s %s\n' "$plain" "$ours" | awk -v n="$specs" '{ printf "%-34s %8.2f\n", "over plain busted, CPU ms a spec", ($4 - $1) / n * 1000 }'
