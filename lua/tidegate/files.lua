-- Files that commands make: folders on the way, and nothing written over unasked.
local core = ...

local ffi = require 'ffi'
local files = {}

ffi.cdef 'int mkdir(const char *path, unsigned int mode); char *mkdtemp(char *template);'

local luarc = [[
{
  "runtime.version": "LuaJIT",
  "workspace.library": ["%s"],
  "diagnostics.globals": ["describe", "it", "before_each", "after_each", "setup", "teardown",
    "pending", "env", "file"]
}
]]

--- Says what is wrong; gives the exit status.
function files.complain(message, status)
  io.stderr:write('tidegate: ', message, '\n')
  return status or 1
end

function files.exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

function files.read(path)
  local file = assert(io.open(path, 'rb'))
  local text = file:read '*a'
  file:close()
  return text
end

-- Makes the folders of a path as far as they are missing.
local function make_folders(path)
  local at = path:sub(1, 1) == '/' and '/' or ''
  for part in path:gmatch '[^/]+' do
    at = at .. part
    ffi.C.mkdir(at, tonumber('755', 8))
    at = at .. '/'
  end
end

function files.write(path, text)
  make_folders(path:match '^(.*)/[^/]*$' or '.')
  local file, problem = io.open(path, 'wb')
  if not file then error(problem, 0) end
  file:write(text)
  file:close()
end

-- Writes all files, or none when one is there.
function files.write_all(folder, list)
  for _, file in ipairs(list) do
    local path = folder .. '/' .. file[1]
    if files.exists(path) then return nil, path .. ' is there already' end
  end
  for _, file in ipairs(list) do
    files.write(folder .. '/' .. file[1], file[2])
    print('made ' .. folder .. '/' .. file[1])
  end
  return true
end

function files.absolute(path)
  if path:sub(1, 1) == '/' then return path end
  return (os.getenv 'PWD' or '.') .. '/' .. path
end

--- The settings of the Lua language server: where the types of tidegate are.
function files.luarc()
  return luarc:format(files.absolute(core.default_site:gsub('/[^/]*$', '') .. '/lua/types'))
end

--- A new folder for what is not yet to be seen.
function files.temporary()
  local path = (os.getenv 'TMPDIR' or '/tmp') .. '/tidegate-XXXXXX'
  local text = ffi.new('char[?]', #path + 1, path)
  if ffi.C.mkdtemp(text) == nil then error('no folder can be made in ' .. path:match '^.*/', 0) end
  return ffi.string(text)
end

return files
