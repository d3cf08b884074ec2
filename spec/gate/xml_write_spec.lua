local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

local tide

-- One route that runs the Lua text of its request's body with tg and req.
setup(function()
  tide = gate.serve {
    script = [[
      local tg = require 'tidegate'
      return function(req)
        if req.headers['x-value'] == 'json' then return tg.json(tg.try(req:json())) end
        local lua = tg.unescape(req.headers['x-lua'])
        return assert(loadstring('local tg, req = ... ' .. lua))(tg, req)
      end]],
    site = { workers = 1 },
  }
end)

teardown(function() tide:stop() end)

local function run(lua, body, more)
  local escaped = lua:gsub('[%c%%]', function(c) return ('%%%02X'):format(c:byte()) end)
  local headers = { ['x-lua'] = escaped }
  for name, value in pairs(more or {}) do headers[name] = value end
  return tide:request { method = 'POST', path = '/', body = body or '', headers = headers }
end

local function encoded(value, options)
  return run(('return tg.xml.encode(%s%s)'):format(value, options and ', ' .. options or '')).body
end

describe('a value as XML', function()
  it('mirrors what decoding gives', function()
    assert.equal('<a id="1"><b>x</b><b>2</b><c/>t</a>',
      encoded [[{ a = tg.ordered {
        { '@id', 1 }, { 'b', { 'x', 2 } }, { 'c', '' }, { '#text', 't' } } }]])
    assert.equal('<a>true</a>', encoded '{ a = true }')
    assert.equal('<root><item>1</item></root>', encoded 'tg.array { 1 }')
    assert.equal('<root/>', encoded '{}')
    assert.equal('<root/>', encoded 'tg.array()')
    assert.equal('<a>12345678901234567890</a>',
      encoded "{ a = tg.json.decode '12345678901234567890' }")
    assert.equal('<a>1e+300</a>', encoded '{ a = 1e300 }')
    assert.equal('<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>',
      encoded '{ a = tg.null }')
  end)

  it('has the members of plain tables in the order of their bytes', function()
    assert.equal('<a id="1"><Z>1</Z><a>2</a><b>3</b></a>',
      encoded "{ a = { b = 3, a = 2, Z = 1, ['@id'] = 1 } }")
    assert.equal('<a><b>3</b><a>2</a></a>',
      encoded('{ a = { b = 3, a = 2 } }', "{ order = { 'b', 'a' } }"))
    assert.equal('<a><x><c>1</c><b>2</b></x><z><b>1</b><c>2</c></z></a>', encoded(
      '{ a = { x = { b = 2, c = 1 }, z = { b = 1, c = 2 } } }', "{ order = { x = { 'c', 'b' } } }"))
  end)

  it('takes raw JSON and what requests have', function()
    assert.equal('<a><z>1.0</z><b>2</b></a>', encoded [[{ a = tg.raw '{"z":1.0,"b":[2]}' }]])
    assert.equal('<root><q>1</q></root>',
      run('return tg.xml.encode({ root = { q = req.query.q or 1 } })').body)
  end)

  it('takes options', function()
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<o>\n  <i>\n    <n>1</n>\n  </i>\n</o>',
      encoded('{ o = { i = tg.array { 1 } } }',
        "{ declaration = true, indent = 2, arrays = 'wrap', item_names = { i = 'n' } }"))
    assert.equal('<p:a xmlns:p="urn:p"/>',
      encoded("{ ['p:a'] = '' }", "{ namespaces = { p = 'urn:p' } }"))
    assert.equal('<a xmlns="urn:d"/>', encoded("{ a = { ['@xmlns'] = { ['$'] = 'urn:d' } } }",
      "{ namespaces = 'badgerfish' }"))
    assert.equal('<a>x<b/>y</a>',
      encoded("tg.array { 'a', 'x', tg.array { 'b' }, 'y' }", "{ mixed = 'jsonml' }"))
  end)

  it('raises with the path to what has no XML', function()
    for lua, message in pairs {
      ["{ a = { b = { 1, print } } }"] = 'cannot encode .a.b[2]: a function',
      ["{ a = { ['@x'] = {} } }"] = [[cannot encode .a["@x"]: an object can't be an attribute]],
      ['{ a = 0/0 }'] = 'cannot encode .a: not a number (NaN)',
      ["{ a = '\\255' }"] = 'cannot encode .a: text that is not UTF-8',
      ["{ a = '\\1' }"] = 'cannot encode .a: XML has no character U+0001 (option control_chars)',
      ['{ 1, 2, x = 3 }'] = 'cannot encode: a table with both list items and named members',
      ['{ [1] = 1, [3] = 3 }'] = 'cannot encode: a list with holes',
      ["{ ['p:a'] = 1 }"] = 'would not be well-formed',
    } do
      local body = run(('return select(2, pcall(tg.xml.encode, %s))'):format(lua)).body
      assert.truthy(body:find(message, 1, true), lua .. ' gave ' .. body)
    end
    local cycle = run 'local t = {} t.a = t return select(2, pcall(tg.xml.encode, t))'
    assert.truthy(cycle.body:find('nested deeper than the limit depth', 1, true))
  end)

  it('is told what is wrong with an option', function()
    for options, message in pairs {
      ["{ nulls = 'nil' }"] = "unknown option 'nulls'",
      ["{ null = 'none' }"] = "null is 'nil', 'empty' or 'omit'",
      ["{ indent = 17 }"] = 'indent is a number from 0 to 16',
      ["{ declaration = 1 }"] = 'declaration is true or false',
      ["{ output = 0 }"] = 'output is a size above 0',
      ["{ elements = 'x' }"] = 'elements is a number above 0',
      ["{ root = '' }"] = 'root is a name',
      ["{ order = 'a' }"] = 'order is a list of names',
      ["{ order = { a = 'b' } }"] = 'order is a list of names',
      ["{ namespaces = { p = 1 } }"] = "namespaces is 'badgerfish', or a table",
      ["{ item_names = { 'a' } }"] = 'item_names is a table of names and texts',
    } do
      local body = run(('return select(2, pcall(tg.xml.encode, {}, %s))'):format(options)).body
      assert.truthy(body:find(message, 1, true), options .. ' gave ' .. body)
    end
  end)
end)

describe('tg.xml', function()
  it('answers with XML', function()
    local res = run [[
      return tg.xml({ a = 1 },
        { status = 201, headers = { ['x-a'] = 'b' }, xml = { indent = 1 } })]]
    assert.same({ 201, 'application/xml', 'b', '<a>1</a>' },
      { res.status, res.headers['content-type'], res.headers['x-a'], res.body })
  end)

  it('has an option that others have not', function()
    local body = run('return select(2, pcall(tg.json, {}, { xml = {} }))').body
    assert.truthy(body:find("'xml'", 1, true))
  end)
end)

describe('JSON to XML, bytes to bytes', function()
  it('keeps order and digits', function()
    assert.equal('<a><z>1.10</z><b>2E5</b></a>',
      run('return tg.text(tg.try(req:to_xml()))', '{"a":{"z":1.10,"b":2E5}}').body)
    assert.equal('<o><z>1</z><b>2</b></o>',
      run([[return tg.convert.json_to_xml('{"z":1,"b":2}', { root = 'o' })]]).body)
  end)

  it('fails with the position: 400, or 413 beyond a limit', function()
    local res = run('return tg.text(tg.try(req:to_xml()))', '{"a":\n 1,}')
    assert.equal(400, res.status)
    assert.truthy(res.body:find('json: line 2, column 4', 1, true))
    res = run('return tg.text(tg.try(req:to_xml { elements = 1 }))', '{"a":{"b":1}}')
    assert.equal(413, res.status)
    assert.truthy(res.body:find('more than 1 elements (limit elements)', 1, true))
  end)
end)

describe('a backend call', function()
  it('sends a value as XML', function()
    local up = upstream { default = upstream.json { seen = 1 } }
    local gated = gate.serve {
      backends = { up = up },
      script = [[
        local tg = require 'tidegate'
        local up = tg.backend 'up'
        return function()
          local res = tg.try(up:post('/in', {
            xml = { a = { b = 1 } }, xml_options = { declaration = true } }))
          return tg.text(tg.try(res:to_xml()))
        end]],
    }
    assert.equal('<seen>1</seen>', gated:get('/').body)
    local seen = up:requests()[1]
    assert.equal('application/xml', seen.headers['content-type'])
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<a><b>1</b></a>', seen.body)
    gated:stop()
    up:stop()
  end)
end)
