-- SOAP services of npm's soap and strong-soap: spec/soap/server.js and strong.js.
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local service = {}

-- Starts the service of that file, server.js when absent; gives its port and how to end it.
function service.start(file)
  local folder = posix.folder()
  local pid = posix.spawn({ '/usr/bin/env', 'node', 'spec/soap/' .. (file or 'server.js') },
    { stdout = folder .. '/out', stderr = folder .. '/err' })
  local port = wait.eventually(function()
    local how = posix.ended(pid)
    if how then error('the SOAP service ended with ' .. how .. ': ' .. posix.read(folder ..
      '/err'), 0) end
    return tonumber(posix.read(folder .. '/out'):match '^(%d+)\n')
  end, 30)
  return port, function()
    posix.stop(pid)
    posix.remove(folder)
  end
end

-- Whether node and the packages are there, or can be had.
function service.is_there()
  local tools = 'command -v node >/dev/null && command -v npm >/dev/null'
  if os.execute(tools) ~= 0 then return false end
  local modules = 'spec/soap/node_modules/'
  if posix.read(modules .. 'soap/package.json') ~= ''
    and posix.read(modules .. 'strong-soap/package.json') ~= '' then return true end
  return os.execute('cd spec/soap && npm install --no-audit --no-fund --loglevel=error >&2') == 0
end

return service
