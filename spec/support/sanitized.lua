-- Whether the program under test was built with a sanitizer: its memory then says nothing. 'tsan':
-- with that one, which holds signals back until the thread makes a call of the system.
local gate = require 'spec.support.gate'

return function(which)
  local file = assert(io.open(gate.program(), 'rb'))
  local text = file:read('*a')
  file:close()
  local function has(name) return text:find('__' .. name .. '_init', 1, true) ~= nil end
  return has 'tsan' or which ~= 'tsan' and has 'asan'
end
