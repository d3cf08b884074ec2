-- A route that is a SOAP service: clients written by others call it.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local service = require 'spec.support.soap'

-- Both services of spec/soap, of SOAP 1.1 and of 1.2: messages are read and written by the schemas
-- of the WSDL document where it has the elements, and by hand for rpc.
local SCRIPT = [[
local tg = require 'tidegate'
local stock = tg.xml.schema 'stock.wsdl'
local counts = { tea = 12, ['salt & "pepper"'] = 0 }

local operations = {}

function operations.LevelsRequest(request)
  local levels = {}
  for i, item in ipairs(request.item) do
    if not counts[item] then return nil, 'no such item: <' .. item .. '>' end
    levels[i] = { item = item, count = counts[item] }
  end
  return assert(stock:encode({ LevelsResponse = { level = levels } }))
end

function operations.Convert(request)
  local amount = ('%.2f'):format(tonumber(request.money.amount) * 1.25)
  return { ['r:ConvertResponse'] = { result = tg.ordered {
    { 'currency', request.to }, { 'amount', amount } } } }
end

local faults = {
  ['1.1'] = [=[<soap:Fault xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
    <faultcode>soap:Client</faultcode><faultstring>%s</faultstring></soap:Fault>]=],
  ['1.2'] = [=[<soap:Fault xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Code>
    <soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason>
    <soap:Text xml:lang="en">%s</soap:Text></soap:Reason></soap:Fault>]=],
}

local function envelope(body, version, status)
  return tg.response { status = status or 200,
    body = tg.soap.envelope(body, { version = version, namespaces = { r = 'urn:example:rates' } }),
    headers = { ['content-type'] = version == '1.2' and 'application/soap+xml; charset=utf-8'
      or 'text/xml; charset=utf-8' } }
end

return function(req)
  local type = req.headers['content-type']
  local version = type:find('application/soap+xml', 1, true) and '1.2' or '1.1'
  local action = version == '1.2' and type:match 'action="(.-)"' or req.headers.soapaction
  local message = tg.try(tg.soap.parse(req.body, { xml = { force_array = { '//item' } } }))
  local body, problem = operations[message.name](message.value)
  tg.log.info('called', { action = action or 'none', version = version })
  if body then return envelope(body, version) end
  local said = problem:gsub('<', '&lt;')
  return envelope(faults[version]:format(said), version, 500)
end]]

local STOCK, RATES = 'spec/soap/stock.wsdl', 'spec/soap/rates.wsdl'

describe('a route that is a SOAP service', function()
  if not service.is_there() then
    pending 'needs node, npm and its registry'
    return
  end
  local tide

  setup(function()
    tide = gate.serve { script = SCRIPT, files = { ['stock.wsdl'] = posix.read(STOCK) } }
  end)
  teardown(function() tide:stop() end)

  local function levels(name, version, item)
    return service.ask(name, { port = tide.port, path = '/stock', wsdl = STOCK, version = version,
      operation = 'Levels',
      value = name == 'soap' and { item = item } or { LevelsRequest = { item = item } } })
  end

  for _, name in ipairs { 'soap', 'strong-soap' } do
    for _, version in ipairs { '1.1', '1.2' } do
      it(('answers the client of npm %s by SOAP %s'):format(name, version), function()
        local answer = levels(name, version, { 'tea', 'salt & "pepper"' })
        assert.same({ value = { level = { { item = 'tea', count = 12 },
          { item = 'salt & "pepper"', count = 0 } } } }, answer)
        local seen = tide.log():match 'msg=called[^\n]*\n$' or tide.log()
        assert.truthy(seen:find('version=' .. version, 1, true), seen)
      end)

      it(('gives the client of npm %s a fault of SOAP %s'):format(name, version), function()
        local fault = levels(name, version, { '<gold>' }).fault
        assert.truthy(fault)
        assert.equal(version == '1.2' and 'soap:Sender' or 'soap:Client', fault.code)
        assert.equal('no such item: <<gold>>', fault.text)
      end)
    end

    it('answers the client of npm ' .. name .. ' by rpc/literal', function()
      local result = service.ask(name, { port = tide.port, path = '/rates', wsdl = RATES,
        version = '1.1', operation = 'Convert',
        value = { money = { currency = 'USD', amount = '10.00' }, to = 'EUR' } }).value.result
      assert.same({ 'EUR', 12.5 }, { result.currency, tonumber(result.amount) })
    end)
  end
end)
