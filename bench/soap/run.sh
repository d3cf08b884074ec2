#!/bin/sh
# A SOAP call with an answer of 5 KB, as a JSON API: tidegate with tg.soap.client beside a gateway of
# Node with npm's soap. Both ask the same service, get the same requests, and serve one after the
# other with one thread; what counts is the CPU time of the gateway for each call. Needs Node.
set -eu
cd "$(dirname "$0")/../.."
requests=${REQUESTS:-3000}

work=$(mktemp -d)
pids=
# shellcheck disable=SC2086 # several processes
trap 'kill $pids 2>/dev/null || true; rm -rf "$work"' EXIT

# Starts a program, and waits for the port that it prints: start NAME COMMAND...
start() {
    name=$1
    shift
    "$@" >"$work/$name" 2>&1 &
    pids="$pids $!"
    pid=$!
    port=
    for _ in $(seq 100); do
        port=$(sed -n 's/^\([0-9][0-9]*\)$/\1/p; s/.*event=ready.*:\([0-9][0-9]*\) .*/\1/p' \
            "$work/$name" | head -1)
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    cat "$work/$name" >&2
    exit 1
}

# Microseconds of CPU time that the process has used.
cpu() {
    awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) * 1000000 / ticks) }' "/proc/$1/stat"
}

# measure NAME PID PORT
measure() {
    node bench/soap/ask.js "$3" $((requests / 4)) >/dev/null
    before=$(cpu "$2")
    node bench/soap/ask.js "$3" "$requests" >"$work/said.$1"
    after=$(cpu "$2")
    echo $(((after - before) / requests))
}

start service node bench/soap/service.js
service=$port
cp -r bench/soap/site "$work/site"
mkdir -p "$work/site/wsdl"
cp spec/soap/stock.wsdl "$work/site/wsdl/stock.wsdl"
STOCK_URL=http://127.0.0.1:$service start tidegate build/release/tidegate run "$work/site" --port 0 --single
tidegate=$(measure tidegate "$pid" "$port")
start node node bench/soap/gateway.js "$service"
node=$(measure node "$pid" "$port")
cmp -s "$work/said.tidegate" "$work/said.node" || { echo 'the gateways say different things' >&2; exit 1; }

awk -v a="$tidegate" -v b="$node" -v n="$requests" 'BEGIN {
    printf "CPU time of a call with an answer of 5 KB, %d calls\n", n
    printf "  %-22s %6d us\n  %-22s %6d us\n", "tidegate", a, "Node with npm soap", b
    printf "  share %.3f (mark: at most 0.100)\n", a / b
}'
