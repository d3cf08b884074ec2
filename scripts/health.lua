-- Says that the process serves; no backend is asked.
local tg = require 'tidegate'

return function()
  return tg.json { status = 'ok', time = tg.time() }
end
