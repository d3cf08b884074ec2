. ./common.sh
serve <<R
    { 'GET /{path...}', backend = 'be', cache = { ttl = '1h' } },
R
