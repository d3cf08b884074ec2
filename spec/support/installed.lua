-- What `cmake --install` puts into place, in a folder of its own.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local installed = {}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Runs a shell command: what it printed on both, and whether it ended well.
function installed.run(command)
  local pipe = assert(io.popen('{ ' .. command .. '\n} 2>&1; echo "=$?"'))
  local out = pipe:read '*a'
  pipe:close()
  local text, status = out:match '^(.*)=(%d+)\n$'
  return text, status == '0'
end

-- Installs the program under test; gives the folder, to be removed by the caller.
function installed.folder()
  local folder = posix.folder()
  local build = gate.program():match '^(.*)/[^/]*$'
  local out, well = installed.run(('cmake --install %s --prefix %s'):format(quote(build),
    quote(folder)))
  assert(well, out)
  return folder
end

-- The path of the one installed file whose path ends so.
function installed.find(folder, ending)
  local out = installed.run(('find %s -path %s'):format(quote(folder), quote('*/' .. ending)))
  return assert(out:match '^(%S+)\n$', ending .. ' is not there once: ' .. out)
end

return installed
