. ./common.sh
script bridge.lua <<'L'
local tg = require 'tidegate'
local be = tg.backend 'be'

return function(req)
  local page = assert(be:get('/' .. req.params.size .. '.xml'))
  return tg.response {
    headers = { ['content-type'] = 'application/json' },
    body = tg.try(page:to_json()),
  }
end
L
serve <<R
    { 'GET /bridge/{size}', 'bridge.lua' },
R
