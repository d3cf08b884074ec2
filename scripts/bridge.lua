-- Turns the XML of the CRM into JSON, straight: C converts, no Lua value is made.
local tg = require 'tidegate'
local crm = tg.backend 'crm'

return function(req)
  local res = tg.try(crm:get('/' .. req.params.path:gsub('[^/]+', tg.escape), { expect = '2xx' }))
  local json = tg.try(res:to_json { namespaces = 'strip' })
  return tg.response { headers = { ['content-type'] = 'application/json' }, body = json }
end
