-- The files of a site that `tidegate import` makes of a WSDL document, but for its specs.
local text = {}

local insert, concat = table.insert, table.concat

local site_lua = [[
-- What is served: the operations of wsdl/%s as JSON.
return {
  listen = { 'http://127.0.0.1:8080' },

  backends = {
    -- The document names %s
    %s = { env('%s', 'http://127.0.0.1:9000'), timeout = 10 },
  },
%s
  routes = {
%s  },
}
]]

local client_lua = [[
-- The service of wsdl/%s: its operations as functions, by its schemas.
-- A header of WS-Security would stand here: security = { username = …, password = … }.
local tg = require 'tidegate'

return tg.soap.client('wsdl/%s', { %s })
]]

local script_lua = [[
-- POST /%s: the operation %s of the service.
local tg = require 'tidegate'
local %s = require '%s'

return function(%s)
  local answer, fault = %s
  if answer == nil then return tg.problem(fault) end
  return %s
end, %s:describe '%s'
]]

local readme = [[
# %s

A site for tidegate: the SOAP service of `wsdl/%s` as JSON, one route for each operation. It was
made by `tidegate import`; all of it is meant to be edited. `import` again, after the document has
changed, says what is new and leaves alone what was edited.

    tidegate test .      # its specs, in virtual time and without a network
    tidegate check .     # reads everything strictly
    %s=%s tidegate run .

`site.lua` says what is served, `lua/%s.lua` is the client of the service, `routes/` has a script
for each operation, `spec/` their specs, `openapi.json` describes the routes; `tidegate openapi .`
writes it anew.
]]

local function is_name(name) return name:find '^[%a_][%w_]*$' ~= nil end

local reserved = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat
  return then true until while tg req test site soap answer fault service tidegate cjson call
  describe operations]]):gmatch '%S+' do reserved[word] = true end

--- A name for the service that Lua and backends can have.
function text.service_name(file)
  local name = file:match '([^/]+)$':gsub('%.[%a]+$', ''):gsub('[^%w_]+', '_'):lower()
  if not name:find '^%a' then name = 'service_' .. name end
  return reserved[name] and name .. '_service' or name
end

--- The variable of the environment that has the service's address.
function text.variable(name) return name:upper() .. '_URL' end

--- The path in an address.
function text.path_of(address)
  local path = (address or ''):match '^%a+://[^/?#]+(/[^?#%s]*)'
  return path and path:find '^[%w/._~!$&()*+,;=:@%%-]+$' and path or '/'
end

--- The path of the operation's route.
function text.route_path(operation)
  return (operation:gsub('[^%w._~-]', function(c) return ('%%%02X'):format(c:byte()) end))
end

--- The name of a file for the operation.
function text.file_name(operation) return (operation:gsub('[^%w._-]', '_')) end

local BIG = 200 * 1024

-- Reading a big document takes longer than scripts may take when nothing is said.
local function limits_text(plan)
  local bytes = 0
  for _, source in ipairs(plan.sources) do bytes = bytes + #source[2] end
  if bytes < BIG then return '' end
  return ('\n  -- Reading documents of %d KB takes a while.\n  limits = { script_cpu = %d },\n')
    :format(bytes / 1024, 2 + bytes / (100 * 1024))
end

function text.site(plan)
  local lines = {}
  for _, name in ipairs(plan.wsdl.names) do
    insert(lines, ("    { 'POST /%s', 'routes/%s.lua' },\n"):format(text.route_path(name),
      text.file_name(name)))
  end
  return site_lua:format(plan.file, (plan.wsdl.address or 'no address'):gsub('%c', ' '), plan.name,
    text.variable(plan.name), limits_text(plan), concat(lines))
end

function text.client(plan)
  local options = { ("backend = '%s', path = '%s'"):format(plan.name, plan.path) }
  for _, key in ipairs { 'service', 'port', 'version' } do
    if plan[key] then insert(options, ('%s = %q'):format(key, plan[key])) end
  end
  if plan.operations then
    local names = {}
    for _, name in ipairs(plan.wsdl.names) do insert(names, ('%q'):format(name)) end
    insert(options, 'operations = { ' .. concat(names, ', ') .. ' }')
  end
  return client_lua:format(plan.file, plan.file, concat(options, ',\n  '))
end

local function call_text(plan, operation)
  local argument = operation.input and 'tg.try(req:json())' or ''
  if is_name(operation.name) and not reserved[operation.name] then
    return ('%s:%s(%s)'):format(plan.name, operation.name, argument)
  end
  return ("%s:call(%q%s)"):format(plan.name, operation.name,
    argument ~= '' and ', ' .. argument or '')
end

function text.script(plan, operation)
  return script_lua:format(text.route_path(operation.name), operation.name, plan.name, plan.name,
    operation.input and 'req' or '', call_text(plan, operation),
    operation.output and 'tg.json(answer)' or "tg.response { status = 204 }", plan.name,
    operation.name:gsub("['\\]", '\\%0'))
end

function text.readme(plan)
  return readme:format(plan.title, plan.file, text.variable(plan.name),
    plan.wsdl.address and plan.wsdl.address:match '^https?://[%w.:-]+' or 'http://127.0.0.1:9000',
    plan.name)
end

return text
