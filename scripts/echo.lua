-- Says what the request looked like: for trying things out.
local tg = require 'tidegate'

local secret = { authorization = true, cookie = true }

return function(req)
  local headers = {}
  for name, value in pairs(req.headers) do
    headers[name] = secret[name] and '(not shown)' or value
  end
  return tg.json {
    method = req.method,
    path = req.path,
    query = req.query,
    headers = headers,
    body = req.body,
    client = req.client.address,
    id = req.id,
  }
end
