-- What npm brings for the specs of this folder, and a gate that converts what it is sent.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local suites = {}

local MODULES = 'spec/conformance/node_modules/'

-- Where a package lies; nil when it is not there and can't be had.
function suites.find(package)
  local folder = MODULES .. package .. '/'
  if posix.read(folder .. 'package.json') ~= '' then return folder end
  local tools = 'command -v node >/dev/null && command -v npm >/dev/null'
  if os.execute(tools) ~= 0 then return nil end
  os.execute 'cd spec/conformance && npm install --no-audit --no-fund --loglevel=error >&2'
  return posix.read(folder .. 'package.json') ~= '' and folder or nil
end

-- The files that a shell command lists, one a line.
function suites.files(command)
  local list = {}
  local out = assert(io.popen(command))
  for line in out:lines() do list[#list + 1] = line end
  out:close()
  return list
end

-- What a shell command prints.
function suites.output(command)
  local out = assert(io.popen(command))
  local text = out:read '*a'
  out:close()
  return text
end

-- A gate that runs the Lua text for each request: it sees tg, body and the field x-how.
function suites.serve(lua)
  return gate.serve {
    script = ([[
      local tg = require 'tidegate'
      local function run(body, how) %s end
      return function(req)
        local status, text = run(req.body or '', req.headers['x-how'] or '')
        return tg.text(text, { status = status })
      end]]):format(lua),
    site = { workers = 1 },
  }
end

return suites
