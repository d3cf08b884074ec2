-- What others have written for SOAP and OpenAPI, of npm: services (spec/soap/server.js and
-- strong.js), clients (client.js) and validators.
local cjson = require 'cjson'
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
  local there = true
  for _, name in ipairs { 'soap', 'strong-soap', 'ajv', '@seriousme/openapi-schema-validator' } do
    there = there and posix.read(('spec/soap/node_modules/%s/package.json'):format(name)) ~= ''
  end
  if there then return true end
  return os.execute('cd spec/soap && npm install --no-audit --no-fund --loglevel=error >&2') == 0
end

-- Calls an operation with the client of npm's `name`; opts: { port, path, wsdl, version, operation,
-- value }. Gives { value = … }, { fault = … } or { error = … }.
function service.ask(name, opts)
  local folder = posix.folder()
  local pid = posix.spawn({ '/usr/bin/env', 'node', 'spec/soap/client.js', name,
    tostring(opts.port), opts.path, opts.wsdl, opts.version, opts.operation,
    cjson.encode(opts.value) }, { stdout = folder .. '/out', stderr = folder .. '/err' })
  local how = wait.eventually(function() return posix.ended(pid) end, 30)
  local out, err = posix.read(folder .. '/out'), posix.read(folder .. '/err')
  posix.remove(folder)
  assert(how == 'exit 0' and out ~= '', how .. ': ' .. err)
  return cjson.decode(out)
end

-- Which of the values a JSON Schema refuses: by number, why. All is JSON text.
function service.refused(schema, values)
  local folder = posix.folder()
  posix.write(folder .. '/in', ('{"schema":%s,"values":[%s]}'):format(schema,
    table.concat(values, ',')))
  local status = os.execute(('node spec/soap/ajv.js <%s/in >%s/out 2>&1'):format(folder, folder))
  local out = posix.read(folder .. '/out')
  posix.remove(folder)
  assert(status == 0, out)
  local refused = {}
  for i, why in ipairs(cjson.decode(out)) do
    if why ~= cjson.null then refused[i] = why end
  end
  return refused
end

-- What is wrong with OpenAPI documents; '' when nothing is.
function service.openapi_problems(...)
  local pipe = io.popen('node spec/soap/openapi.mjs ' .. table.concat({ ... }, ' ') .. ' 2>&1')
  local out = pipe:read '*a'
  pipe:close()
  return (out:gsub('checked ' .. select('#', ...) .. '\n$', '', 1))
end

return service
