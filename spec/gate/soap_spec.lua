local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

-- Builds an envelope by hand, sends it, and gives what the answer says.
local SCRIPT = [[
local tg = require 'tidegate'
local stock = tg.backend 'stock'

local entities = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }
local function text(s) return (s:gsub('[&<>"]', entities)) end

local function envelope(items)
  local parts = {}
  for i, item in ipairs(items) do parts[i] = '<s:item>' .. text(item) .. '</s:item>' end
  return '<?xml version="1.0" encoding="UTF-8"?>' ..
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>' ..
    '<s:LevelsRequest xmlns:s="urn:example:stock">' .. table.concat(parts) ..
    '</s:LevelsRequest></soap:Body></soap:Envelope>'
end

return function(req)
  local res = assert(stock:post('/stock', { body = envelope(req.query:all 'item'), headers = {
    ['content-type'] = 'text/xml; charset=utf-8', soapaction = '"urn:example:stock#Levels"' } }))
  local body = tg.try(res:xml { namespaces = 'strip', force_array = { '//level' } }).Envelope.Body
  if body.Fault then
    return tg.json({ code = body.Fault.faultcode, text = body.Fault.faultstring,
      item = body.Fault.detail.item },
      { status = 422 })
  end
  return { levels = body.LevelsResponse.level, status = res.status }
end]]

-- Starts the service; gives its port and how to end it.
local function start_service()
  local folder = posix.folder()
  local pid = posix.spawn({ '/usr/bin/env', 'node', 'spec/soap/server.js' },
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

-- Whether node and the package are there, or can be had.
local function has_service()
  local tools = 'command -v node >/dev/null && command -v npm >/dev/null'
  if os.execute(tools) ~= 0 then return false end
  if posix.read('spec/soap/node_modules/soap/package.json') ~= '' then return true end
  return os.execute('cd spec/soap && npm install --no-audit --no-fund --loglevel=error >&2') == 0
end

describe('a SOAP service written by others', function()
  if not has_service() then
    pending 'needs node, npm and its registry'
    return
  end
  local tide, stop_service

  setup(function()
    local port
    port, stop_service = start_service()
    tide = gate.serve { script = SCRIPT, backends = { stock = { 'http://127.0.0.1:' .. port,
      timeout = 10 } } }
  end)
  teardown(function()
    tide:stop()
    stop_service()
  end)

  it('answers an envelope built by a script, whose answer is read as values', function()
    local res = tide:get('/?item=tea&item=salt%20%26%20%22pepper%22')
    assert.equal(200, res.status)
    assert.same({ status = 200, levels = { { item = 'tea', count = '12' },
      { item = 'salt & "pepper"', count = '0' } } }, res:json())
    assert.same({ { item = 'tea', count = '12' } }, tide:get('/?item=tea'):json().levels)
  end)

  it('answers with a fault, which is a value too', function()
    local res = tide:get('/?item=%3Cgold%3E')
    assert.equal(422, res.status)
    assert.same({ code = 'soap:Client', text = 'no such item: <<gold>>', item = '<gold>' },
      res:json())
  end)
end)
