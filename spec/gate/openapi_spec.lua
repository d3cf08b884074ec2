-- tidegate openapi: the documents of sites, valid by the schema of OpenAPI 3.1.
local cjson = require 'cjson'
local gate = require 'spec.support.gate'
local order = require 'spec.support.order'
local posix = require 'spec.support.posix'
local service = require 'spec.support.soap'

local SITE = [[
return {
  listen = { 'http://127.0.0.1:0' },
  backends = { up = { 'http://127.0.0.1:9' } },
  routes = {
    { 'POST /orders', 'orders.lua', jit = true },
    { 'GET /orders/{id}', 'order.lua' },
    { 'PUT /orders/{number}', 'plain.lua' },
    { 'ANY /orders/{x}', 'plain.lua' },
    { 'GET /files/{path...}', backend = 'up' },
    { 'PROPFIND /files/{path...}', backend = 'up' },
  },
}]]
local SCRIPTS = {
  ['orders.lua'] = [[
    local tg = require 'tidegate'
    local schema = tg.xml.schema 'schemas/order.xsd'
    return function() return {} end, {
      id = 'makeOrder', summary = 'Makes an order', tags = { 'orders' }, status = 201,
      request = { schema = schema, element = 'order', bare = true },
      response = { schema = schema, element = '{urn:example:order}order' },
    }]],
  ['order.lua'] = [[
    return function() return {} end, {
      params = { id = { type = 'integer' } }, query = { fields = { type = 'string' } },
      response = { content = 'application/xml' }, errors = { [404] = 'There is no such order.' },
      deprecated = true,
    }]],
  ['plain.lua'] = 'return function() return {} end',
}

describe('tidegate openapi', function()
  local folder

  before_each(function() folder = posix.folder() end)
  after_each(function() posix.remove(folder) end)

  local function write(scripts, site)
    posix.write(folder .. '/site/site.lua', site or SITE)
    for name, text in pairs(scripts or SCRIPTS) do posix.write(folder .. '/site/' .. name, text) end
    for name, text in pairs(order.FILES) do posix.write(folder .. '/site/' .. name, text) end
  end

  local function run(...) return gate.run({ 'openapi', ... }, { dir = folder }) end

  it('writes routes, and what their scripts say of themselves', function()
    write()
    local result = run('site', '--title', 'Shop', '--api-version', '2.1', '--server',
      'https://x.example')
    assert.equal(0, result.status, result.err)
    assert.equal('OpenAPI has no place for: PROPFIND /files/{path...}\n', result.err)
    local document = cjson.decode(result.out)
    assert.same({ title = 'Shop', version = '2.1' }, document.info)
    assert.same({ { url = 'https://x.example' } }, document.servers)
    local make = document.paths['/orders'].post
    assert.equal('makeOrder', make.operationId)
    assert.same({ ['$ref'] = '#/components/schemas/Order' },
      make.requestBody.content['application/json'].schema)
    assert.same({ order = { ['$ref'] = '#/components/schemas/Order' } },
      make.responses['201'].content['application/json'].schema.properties)
    assert.same({ '201', '400', '502', '504', 'default' }, (function()
      local codes = {}
      for code in pairs(make.responses) do codes[#codes + 1] = code end
      table.sort(codes)
      return codes
    end)())
    local one = document.paths['/orders/{id}']
    assert.same({ name = 'id', ['in'] = 'path', required = true, schema = { type = 'integer' } },
      one.get.parameters[1])
    assert.equal('fields', one.get.parameters[2].name)
    assert.is_true(one.get.deprecated)
    assert.equal('There is no such order.', one.get.responses['404'].description)
    assert.equal('id', one.put.parameters[1].name)
    assert.is_table(one.delete)
    assert.is_nil(document.paths['/orders/{number}'])
    assert.is_table(document.paths['/files/{path}'].get)
  end)

  it('writes the same each time, to a file when that is asked for', function()
    write()
    local first = run 'site'
    assert.equal(first.out, run('site').out)
    assert.equal(0, run('site', '--output', 'api/openapi.json').status)
    assert.equal(first.out, posix.read(folder .. '/api/openapi.json'))
  end)

  it('writes what the schema of OpenAPI allows', function()
    if not service.is_there() then return pending 'needs node, npm and its registry' end
    write()
    posix.write(folder .. '/a.json', run('site').out)
    local list = { folder .. '/a.json' }
    for _, name in ipairs { 'aggregate', 'hello', 'legacy' } do
      local site = 'examples/' .. name
      local path = ('%s/%d.json'):format(folder, #list)
      local result = gate.run { 'openapi', site, '--output', path }
      assert.equal(0, result.status, result.err)
      list[#list + 1] = path
    end
    assert.equal('', service.openapi_problems(unpack(list)))
  end)

  it('refuses what a script says wrongly, as check does', function()
    for about, expected in pairs {
      ['{ sumary = "x" }'] = "plain.lua: 'sumary' is nothing that a script says of itself: that ",
      ['{ summary = 1 }'] = 'plain.lua: summary is a text',
      ['{ tags = {} }'] = 'plain.lua: tags is a list of texts',
      ['{ status = 700 }'] = 'plain.lua: status is a number from 200 to 599',
      ['{ errors = { [200] = "x" } }'] = 'plain.lua: errors is texts by status, from 400',
      ['{ request = { schema = {} } }'] = 'plain.lua: request: schema is one of tg.xml.schema',
      ['{ request = { content = 1 } }'] = 'plain.lua: request: content is a media type',
      ['7'] = 'plain.lua: behind the function a script returns a table, or nothing',
    } do
      write({ ['plain.lua'] = 'return function() return {} end, ' .. about },
        "return { listen = { 'http://127.0.0.1:0' }, routes = { { 'GET /', 'plain.lua' } } }")
      for _, command in ipairs { 'check', 'openapi' } do
        local result = gate.run({ command, 'site' }, { dir = folder })
        assert.equal(1, result.status)
        assert.truthy(result.err:find(expected, 1, true), expected .. ': ' .. result.err)
      end
    end
  end)

  it('says which element of a schema is not there', function()
    write { ['orders.lua'] = (SCRIPTS['orders.lua']:gsub("'order', bare", "'odrer', bare")),
      ['order.lua'] = SCRIPTS['order.lua'], ['plain.lua'] = SCRIPTS['plain.lua'] }
    local result = run 'site'
    assert.equal(1, result.status)
    assert.truthy(result.err:find("there is no element 'odrer'", 1, true), result.err)
  end)

  it('says what is wrong with its arguments', function()
    assert.equal(2, run('--titel').status)
    assert.equal(2, run('--title').status)
    assert.equal(2, run('a', 'b').status)
    assert.equal(1, run('nowhere').status)
    assert.truthy(run('--help').out:find('^usage: tidegate openapi'))
  end)
end)
