-- One customer, as the CRM has always written it.
local tg = require 'tidegate'
local customers = require 'crm'

local page = [[
<?xml version="1.0" encoding="UTF-8"?>
<c:customer xmlns:c="urn:example:crm" id="%s">
  <c:name>%s</c:name>
  <c:address>
    <c:city>%s</c:city>
  </c:address>
</c:customer>
]]

local entities = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }
local function escape(text) return (text:gsub('[&<>"]', entities)) end

return function(req)
  tg.sleep(0.1) -- it is old
  local customer = customers[req.params.id]
  if not customer then return tg.problem(404, 'no such customer') end
  return tg.response {
    headers = { ['content-type'] = 'application/xml' },
    body = page:format(req.params.id, escape(customer.name), escape(customer.city)),
  }
end
