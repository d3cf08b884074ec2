-- tg.soap.client: the operations of a WSDL document as functions.
-- Called once per state, with tg.soap and the reader of WSDL documents; adds to tg.soap.
local native, tg, sandbox, soap, read_wsdl = ...

local raise, fail, pairs = native.raise, native.soap_fail, sandbox.pairs
local concat = table.concat
local parts = soap.parts -- of soap.lua, for this file only
soap.parts = nil

local function set(names)
  local result = {}
  for name in names:gmatch '%S+' do result[name] = true end
  return result
end

local client_keys = set [[backend path service port version operations headers header security
  addressing timeout connect_timeout retries]]
local call_keys = set 'path headers header security addressing timeout connect_timeout retries'

local function check_keys(name, opts, keys)
  if opts == nil then return {} end
  if type(opts) ~= 'table' then raise(name .. ': the options are a table') end
  for key in pairs(opts) do
    if not keys[key] then raise(("%s: unknown option '%s'"):format(name, tostring(key))) end
  end
  return opts
end

-- Reading answers

-- The parts of the envelope in a response, or nil and an error.
local function open(res)
  local charset = (res.headers['content-type'] or ''):match '[cC]harset%s*=%s*"?([%w_.:-]+)'
  local text, attachments = parts.attachments(res)
  if text == nil then return nil, attachments end
  local found, err = native.soap_open(text or res.body, not text and charset or nil)
  if found then
    found.attachments = attachments
    return found
  end
  if res.status >= 200 and res.status < 300 then
    return nil, err or fail('parse', 'this is not a SOAP envelope')
  end
  err = fail('status', ('answered %d without a SOAP envelope'):format(res.status))
  err.status, err.response = res.status, res
  return nil, err
end

-- What stands in the detail, by the schema where it knows the element.
local function detail_by_schema(schema, text)
  local doc = tg.xml.parse(text)
  local node = doc and doc:xpath "/*/*[local-name()='detail' or local-name()='Detail']/*[1]"[1]
  if not node then return nil end
  return (schema:decode(node:xml()))
end

local function fault_of(state, res, found)
  local value, err = tg.xml.decode(found.body, { namespaces = 'strip' })
  if value == nil then return err end
  local fault = parts.fault(value.Fault)
  local detail = detail_by_schema(state.schema, found.body)
  if detail ~= nil then fault.detail = detail end
  fault.status, fault.response = res.status, res
  return fault
end

local function answer(state, operation, res)
  local wanted = operation.output
  if not wanted and (res.body == '' or operation.one_way) and res.status < 300 then return true end
  local found, err = open(res)
  if not found then return nil, err end
  if found.fault then return nil, fault_of(state, res, found) end
  local more = { name = found.name, response = res, attachments = found.attachments }
  if found.header ~= '' then more.header = found.header end
  if not wanted then return true, more end
  local value
  if found.count ~= 1 then
    err = fail('invalid', ('the body has %d elements instead of one'):format(found.count))
  else
    value, err = state.schema:decode(found.body, { element = wanted, bare = true })
  end
  if value == nil then
    err.http, err.response, err.status = 502, res, res.status
    return nil, err
  end
  return value, more
end

-- Calls

-- A value that the schema does not allow is the fault of who gave it: 400.
local function body_of(state, operation, value)
  if not operation.input then return '' end
  if value == nil then value = {} end
  local text, err = state.schema:encode(value, { element = operation.input, bare = true })
  if text then return text end
  err.http = 400
  return nil, err
end

local function merged(state, opts, key)
  if opts[key] ~= nil then return opts[key] end
  return state.opts[key]
end

local function call(state, name, value, opts)
  local operation = state.operations[name]
  local shown = 'client:' .. name
  opts = check_keys(shown, opts, call_keys)
  local how = { version = state.version, action = operation.action }
  for key in pairs(call_keys) do how[key] = merged(state, opts, key) end
  local body, err = body_of(state, operation, value)
  if not body then return nil, err end
  local res
  res, err = state.backend:post(how.path or '/', { body = parts.wrap(shown, body, how),
    headers = parts.fields(how), timeout = how.timeout, connect_timeout = how.connect_timeout,
    retries = how.retries })
  if not res then
    if err.code ~= 'status' or not err.response then return nil, err end
    res = err.response
  end
  local result, more = answer(state, operation, res)
  if result == nil then more.backend = state.backend_name end
  return result, more
end

-- Clients

local methods = {}
local states = setmetatable({}, { __mode = 'k' })

local function state_of(client, name)
  local state = states[client]
  if not state then raise(("'%s' is called with a colon: client:%s(…)"):format(name, name)) end
  return state
end

--- client:operations(): what there is to call.
function methods.operations(client)
  local state, list = state_of(client, 'operations'), tg.array()
  for i, name in ipairs(state.names) do
    local operation = state.operations[name]
    list[i] = { name = name, action = operation.action, input = operation.input,
      output = operation.output, style = operation.style, documentation = operation.documentation }
  end
  return list
end

local function unknown(state, name)
  raise(("there is no operation '%s'; there are: %s"):format(tostring(name),
    concat(state.names, ', ')))
end

local function shape(state, element)
  return element and { schema = state.schema, element = element, bare = true } or nil
end

--- client:describe(name): what a script that calls the operation says of itself.
function methods.describe(client, name)
  local state = state_of(client, 'describe')
  local operation = state.operations[name] or unknown(state, name)
  return { id = name, description = operation.documentation,
    request = shape(state, operation.input), response = shape(state, operation.output),
    status = not operation.output and 204 or nil }
end

--- client:call(name, value, opts): an operation whose name is no name of Lua's.
function methods.call(client, name, value, opts)
  local state = state_of(client, 'call')
  if not state.operations[name] then unknown(state, name) end
  return call(state, name, value, opts)
end

-- Functions of the operations are made once; 'operations', 'describe' and 'call' are ours.
local function make_client(state)
  local own = {}
  for name, method in pairs(methods) do own[name] = method end
  for _, name in ipairs(state.names) do
    if not own[name] then
      own[name] = function(self, value, opts)
        return call(state_of(self, name), name, value, opts)
      end
    end
  end
  local client = setmetatable({}, {
    __index = function(self, name) return own[name] or unknown(states[self], name) end,
    __newindex = function() raise 'a client is not written to' end,
    __metatable = 'client',
  })
  states[client] = state
  return client
end

local function wanted_operations(list)
  if list == nil then return nil end
  if type(list) ~= 'table' then raise 'tg.soap.client: operations is a list of names' end
  local wanted = {}
  for _, name in ipairs(list) do wanted[name] = true end
  return wanted
end

local function backend_of(opts)
  local backend = opts.backend
  if type(backend) == 'string' then return tg.backend(backend) end
  if tostring(backend):find "^backend '" then return backend end
  return raise "tg.soap.client: backend = 'name' is wanted: the WSDL's address is not used"
end

function soap.client(path, opts)
  if type(path) ~= 'string' then raise 'tg.soap.client: the path of a WSDL file is wanted' end
  opts = check_keys('tg.soap.client', opts, client_keys)
  local backend = backend_of(opts)
  local file = native.file_path('', path)
  if not file then raise(("'%s' is not a file in the site's folder"):format(path)) end
  local wsdl = read_wsdl(file, { service = opts.service, port = opts.port, version = opts.version,
    operations = wanted_operations(opts.operations) })
  local state = { opts = opts, backend = backend, version = wsdl.version, names = wsdl.names,
    operations = wsdl.operations, schema = native.schema_load(file, wsdl.schemas),
    backend_name = tostring(backend):match "^backend '(.*)'$" }
  for _, operation in pairs(state.operations) do
    for _, element in ipairs { operation.input or nil, operation.output or nil } do
      native.schema_knows(state.schema, element, file)
    end
    operation.at, operation.abstract = nil, nil
  end
  return make_client(state)
end

return soap.client
