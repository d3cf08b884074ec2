-- Whether the program under test was built with a sanitizer: its memory then says nothing.
local gate = require 'spec.support.gate'

return function()
  local file = assert(io.open(gate.program(), 'rb'))
  local text = file:read('*a')
  file:close()
  return text:find('__asan_init', 1, true) ~= nil or text:find('__tsan_init', 1, true) ~= nil
end
