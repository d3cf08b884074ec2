. ./common.sh
script tenant.lua <<'L'
local tg = require 'tidegate'
local be = tg.backend 'be'

return function(req)
  local tenant = req.headers['user-agent'] and 'known' or 'anonymous'
  local res = assert(be:forward(req, { headers = { ['x-tenant'] = tenant } }))
  res.headers['x-served-by'] = 'lua ' .. res.status
  return res
end
L
serve <<R
    { 'ANY /{path...}', 'tenant.lua' },
R
