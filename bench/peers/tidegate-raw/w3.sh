cd ../tidegate && . ./common.sh
script aggregate.lua <<'L'
local tg = require 'tidegate'
local be = tg.backend 'be'

return function()
  local got, errors = tg.gather {
    a = function() return be:get '/1k?id=1' end,
    b = function() return be:get '/1k?id=2' end,
    c = function() return be:get '/1k?id=3' end,
  }
  if not got then return tg.problem(errors[1]) end
  return tg.json { a = tg.raw(got.a.body), b = tg.raw(got.b.body), c = tg.raw(got.c.body) }
end
L
serve <<R
    { 'GET /aggregate', 'aggregate.lua' },
R
