. ./common.sh
awk -v n="$ROUTES" 'BEGIN {
    for (i = 0; i < n; i++) printf "    { \"GET /svc%d/v1/items/{id}\", backend = \"be\" },\n", i
}' | serve
