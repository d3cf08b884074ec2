. ./common.sh
script pass.lua <<'L'
local tg = require 'tidegate'
local be = tg.backend 'be'

return function(req)
  local res = assert(be:get(req.path))
  return tg.response {
    status = res.status,
    headers = { ['content-type'] = res.headers['content-type'] },
    body = res.body,
  }
end
L
awk -v n="$ROUTES" 'BEGIN {
    for (i = 0; i < n; i++) printf "    { \"GET /svc%d/v1/items/{id}\", \"pass.lua\" },\n", i
}' | serve
