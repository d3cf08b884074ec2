-- Says it is XML, and is not.
local tg = require 'tidegate'

return function()
  return tg.response {
    headers = { ['content-type'] = 'application/xml' },
    body = '<customer id="7" id="7"/>',
  }
end
