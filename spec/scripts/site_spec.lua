-- The default site, served by the real program with upstreams in the place of its backends.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local CUSTOMER = [[<?xml version="1.0" encoding="UTF-8"?>
<c:customer xmlns:c="urn:example:crm" id="7">
  <c:name>Ada &amp; Co</c:name>
  <c:address><c:city>London</c:city></c:address>
</c:customer>
]]

local function files()
  local all = {}
  for _, name in ipairs { 'bridge.lua', 'customer.lua', 'echo.lua', 'health.lua' } do
    all[name] = posix.read('scripts/' .. name)
  end
  return all
end

local function serve(crm_url, orders_url)
  return gate.serve { site = posix.read 'scripts/site.lua', scripts = files(),
    env = { CRM_URL = crm_url, ORDERS_URL = orders_url } }
end

describe('GET /customers/{id}', function()
  local crm, orders, tide

  setup(function()
    crm = upstream {
      ['/customers/7'] = upstream.xml(CUSTOMER),
      ['/customers/8'] = upstream.xml '<customer id="8"><name>No City</name></customer>',
      ['/customers/9'] = upstream.text('gone', 404),
      ['/customers/10'] = 'hang',
      ['/customers/11'] = upstream.text 'this is no XML',
      ['/customers/12'] = upstream.xml(CUSTOMER),
      ['/customers/13'] = upstream.text('broken', 500),
      ['/customers/a%2Fb%20c'] = upstream.xml(CUSTOMER),
    }
    orders = upstream {
      ['/orders?customer=7&limit=5'] =
        upstream.json '{"items":[{"id":1843,"total":"12.50"},{"id":1851,"total":"7.00"}]}',
      ['/orders?customer=8&limit=5'] = upstream.json '{"items":[]}',
      ['/orders?customer=12&limit=5'] = upstream.text('down', 503),
      default = upstream.json '{"items":[]}',
    }
    tide = serve(crm.url, orders.url)
  end)
  teardown(function()
    tide:stop()
    crm:stop()
    orders:stop()
  end)

  it('joins the customer with the last orders', function()
    local res = tide:get('/customers/7')
    assert.equal(200, res.status)
    assert.equal('application/json', res.headers['content-type'])
    assert.same({ id = '7', name = 'Ada & Co', city = 'London', complete = true,
      orders = { { id = 1843, total = '12.50' }, { id = 1851, total = '7.00' } } }, res:json())
  end)

  it('keeps the shape when there is no city and no order', function()
    local res = tide:get('/customers/8')
    assert.same({ id = '8', name = 'No City', orders = {}, complete = true }, res:json())
    assert.matches('"orders":%[%]', res.body)
  end)

  it('gives [] and says so when the orders are missing', function()
    local res = tide:get('/customers/12')
    assert.equal(200, res.status)
    assert.matches('"orders":%[%]', res.body)
    assert.is_false(res:json().complete)
  end)

  it('asks for the id as it was given', function()
    orders:forget()
    crm:forget()
    assert.equal(200, tide:get('/customers/a%2fb%20c').status)
    assert.equal('/customers/a%2Fb%20c', crm:requests()[1].target)
    assert.equal('/orders?customer=a%2Fb%20c&limit=5', orders:requests()[1].target)
  end)

  it('is a 404 when the CRM has no such customer', function()
    local res = tide:get('/customers/9')
    assert.same({ 404, 'there is no such customer' }, { res.status, res:json().detail })
  end)

  it('is a 502 when the CRM fails or its answer is no XML', function()
    local res = tide:get('/customers/13')
    assert.same({ 502, 'status', 'crm' }, { res.status, res:json().code, res:json().backend })
    res = tide:get('/customers/11')
    assert.same({ 502, 'parse' }, { res.status, res:json().code })
  end)

  it('is a 504 when the CRM is late, and what it waited for is given up', function()
    crm:forget()
    local before = posix.now()
    local res = tide:get('/customers/10')
    assert.equal(504, res.status)
    assert.equal('application/problem+json', res.headers['content-type'])
    assert.is_true(posix.now() - before >= 0.95)
    crm:await 'abandoned'
  end)
end)

describe('a CRM that is down', function()
  it('is a 502 that says which backend, and the rest goes on', function()
    local orders = upstream { default = upstream.json '{"items":[]}' }
    local tide = serve('http://127.0.0.1:' .. upstream.dead_port(), orders.url)
    local res = tide:get('/customers/7')
    assert.same({ 502, 'refused', 'crm' }, { res.status, res:json().code, res:json().backend })
    assert.equal(502, tide:get('/bridge/customers/7').status)
    assert.equal(200, tide:get('/health').status)
    tide:stop()
    orders:stop()
  end)
end)

describe('GET /bridge/{path...}', function()
  it('turns the XML of the CRM into JSON', function()
    local crm = upstream { ['/a/b%20c'] = upstream.xml(CUSTOMER), ['/none'] = upstream.text('no',
      404),
      ['/'] = upstream.xml '<root/>', default = upstream.text 'not XML' }
    local tide = serve(crm.url, crm.url)
    local res = tide:get('/bridge/a/b%20c')
    assert.equal('application/json', res.headers['content-type'])
    assert.same({ customer = { ['@id'] = '7', name = 'Ada & Co', address = { city = 'London' } } },
      res:json())
    assert.same({ root = '' }, tide:get('/bridge/'):json())
    assert.equal(502, tide:get('/bridge/none').status)
    assert.equal(502, tide:get('/bridge/text').status)
    crm:forget()
    tide:get('/bridge/x/..%2f..%2fetc/%2e%2e/y')
    assert.is_nil((crm:requests()[1].target .. '/'):find '/%.%.?/')
    tide:stop()
    crm:stop()
  end)
end)

describe('ANY /echo', function()
  it('says what came, but no secrets', function()
    local tide = serve('http://127.0.0.1:9', 'http://127.0.0.1:9')
    local res = tide:post('/echo?a=1&b=%C3%A4', 'text', { Authorization = 'Bearer x',
      cookie = 'a=b', ['X-Own'] = 'y',
      ['x-request-id'] = 'r1' })
    local said = res:json()
    assert.same({ 'POST', '/echo', { a = '1', b = 'ä' }, 'text', '127.0.0.1', 'r1' },
      { said.method, said.path, said.query, said.body, said.client, said.id })
    assert.same({ '(not shown)', '(not shown)', 'y' },
      { said.headers.authorization, said.headers.cookie, said.headers['x-own'] })
    assert.is_nil(res.body:find('Bearer', 1, true))
    tide:stop()
  end)
end)

describe('GET /health', function()
  it('says that the process serves', function()
    local tide = serve('http://127.0.0.1:9', 'http://127.0.0.1:9')
    local said = tide:get('/health'):json()
    assert.equal('ok', said.status)
    assert.is_true(math.abs(said.time - os.time()) < 5)
    assert.equal(405, tide:post('/health', '').status)
    tide:stop()
  end)
end)
