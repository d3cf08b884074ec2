-- `tidegate openapi`: reads the command line and writes the OpenAPI document of a site.
local core, arguments = ...

local files = core.library 'files' (core)
local complain = files.complain

local usage = [[
usage: tidegate openapi [SITE] [options]

Writes the OpenAPI 3.1 document of a site to stdout: its routes, with what their scripts say of
themselves behind the function that they return. Without SITE it is the folder you are in when it
has a site.lua, else the one that came with tidegate.

  --title T      of the API; the name of the folder when it is not given
  --api-version V
                 of the API; 1.0.0 when it is not given
  --server URL   where it is served
  --output FILE  to this file instead

Exit status: 0 when it is written, 1 when something is wrong with the site, 2 for a wrong command
line.
]]

local takes_value = { ['--title'] = 'title', ['--api-version'] = 'version', ['--server'] = 'server',
  ['--output'] = 'output' }

-- The options, or nil and the exit status.
local function read_arguments()
  local read, i = {}, 1
  while i <= #arguments do
    local word = arguments[i]
    local key = takes_value[word]
    if key then
      i = i + 1
      read[key] = arguments[i]
      if not read[key] then
        return nil, complain('a value must follow ' .. word .. '; see tidegate openapi --help', 2)
      end
    elseif word == '--help' or word == '-h' then
      read.help = true
    elseif word:sub(1, 1) == '-' then
      return nil, complain(("unknown option '%s'; see tidegate openapi --help"):format(word), 2)
    elseif read.site then
      return nil, complain(("one site is enough; what is '%s'?"):format(word), 2)
    else
      read.site = word:gsub('(.)/+$', '%1')
    end
    i = i + 1
  end
  return read
end

local read, status = read_arguments()
if not read then return status end
if read.help then
  io.stdout:write(usage)
  return 0
end
local site = read.site or files.exists 'site.lua' and '.' or core.default_site
local title = read.title or files.absolute(site):gsub('/%.$', ''):match '([^/]+)/*$' or 'API'
local text, problems = core.document(site, title, read.version or '1.0.0', read.server)
if problems ~= '' then io.stderr:write(problems) end
if not text then return 1 end
if read.output then
  files.write(read.output, text)
else
  io.stdout:write(text)
end
return 0
