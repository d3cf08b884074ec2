-- Waits for events instead of time.
local posix = require 'spec.support.posix'

local wait = {}

-- Calls `happened` until it gives something true, and gives that. An assertion that fails in it
-- counts as not yet. Raises with the last reason after `seconds`.
function wait.eventually(happened, seconds)
  local deadline = posix.now() + (seconds or 10)
  local last
  while true do
    local well, value = pcall(happened)
    if well and value then return value end
    last = not well and value or 'it stayed ' .. tostring(value)
    if posix.now() > deadline then break end
    posix.pause(0.003)
  end
  if type(last) == 'table' then error(last, 0) end
  error('did not happen within ' .. (seconds or 10) .. ' s: ' .. tostring(last), 2)
end

return wait
