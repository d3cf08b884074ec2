local gate = require 'spec.support.gate'
local service = require 'spec.support.soap'

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

describe('a SOAP service written by others', function()
  if not service.is_there() then
    pending 'needs node, npm and its registry'
    return
  end
  local tide, stop_service

  setup(function()
    local port
    port, stop_service = service.start()
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
