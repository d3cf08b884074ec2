. ./common.sh
script hello.lua <<'L'
local tg = require 'tidegate'

return function(req)
  return tg.json {
    message = 'hello, world', path = req.path, method = req.method, host = req.host, ok = true, n = 12345,
  }
end
L
serve <<R
    { 'GET /hello', 'hello.lua' },
R
