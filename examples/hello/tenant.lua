-- Runs before every route: finds the tenant, or ends the request.
local tg = require 'tidegate'

return function(req)
  local tenant = req.headers['x-tenant']
  if not tenant then return tg.problem(403, 'the header x-tenant is missing') end
  req.vars.tenant = tenant
end
