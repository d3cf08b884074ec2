-- Answers much too late.
local tg = require 'tidegate'

return function()
  tg.sleep(30)
  return '<late/>'
end
