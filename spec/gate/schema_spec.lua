-- tg.xml.schema: checked by xmllint --schema and by libxml2 in the program.
local cjson = require 'cjson'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local order = require 'spec.support.order'

local ROOT, VALID, VALUE = order.ROOT, order.VALID, order.VALUE

local tide

setup(function()
  tide = gate.serve {
    files = order.FILES,
    site = { workers = 2, limits = { script_cpu = 20 } },
    script = [[
      local tg = require 'tidegate'
      local order = tg.xml.schema 'schemas/order.xsd'

      -- What is valid, by libxml2 and by us; and whether it comes back the same.
      local function judge(xml)
        local valid = order:validate(xml)
        local json, err = order:to_json(xml)
        if not json then return { valid = valid or false, ours = false, why = err.message } end
        local again = order:to_xml(json)
        return { valid = valid or false, ours = true, again = again or false,
          same = again ~= nil and order:to_json(again) or false, json = json }
      end

      return function(req)
        local what = req.params.path
        if what == 'judge' then
          local list = tg.array()
          for i, xml in ipairs(req:json()) do list[i] = judge(xml) end
          return tg.json(list)
        elseif what == 'write' then
          local list = tg.array()
          for i, json in ipairs(req:json()) do
            local xml, err = order:to_xml(json)
            list[i] = { xml = xml or false, why = err and err.message,
              valid = xml and order:validate(xml) or false }
          end
          return tg.json(list)
        end
        local value, err = order[what](order, req.body)
        if value == nil then
          return tg.json({ code = err.code, message = err.message, line = err.line },
            { status = 400 })
        end
        return type(value) == 'string' and tg.text(value) or tg.json(value)
      end]],
  }
end)

teardown(function() tide:stop() end)

local function ask(what, body) return tide:post('/' .. what, body) end

local function xmllint(xml)
  local folder = posix.folder()
  posix.write(folder .. '/x.xml', xml)
  local status = os.execute(('xmllint --nonet --noout --schema %sorder.xsd %s/x.xml 2>/dev/null')
    :format(ROOT, folder))
  posix.remove(folder)
  return status == 0
end

describe('a schema', function()
  it('checks documents, and says line and reason', function()
    assert.equal('true', ask('validate', VALID).body)
    local res = ask('validate', (VALID:gsub('<o:paid/>', '<o:paid>maybe</o:paid>')))
    assert.same({ 'invalid', 5 }, { res:json().code, res:json().line })
    assert.truthy(res:json().message:find("'maybe' is not a valid value of the atomic", 1, true))
    res = ask('validate', '<order')
    assert.equal('parse', res:json().code)
    res = ask('validate', '<!DOCTYPE a [<!ENTITY x "y">]><order>&x;</order>')
    assert.equal('parse', res:json().code)
  end)

  it('gives values of its types', function()
    assert.is_true(xmllint(VALID))
    local res = ask('decode', VALID)
    assert.same(VALUE, cjson.decode(res.body))
  end)

  it('keeps the digits of numbers', function()
    local exact = VALID:gsub('1234.25', '+0012345678901234567890.10')
    local json = ask('to_json', exact).body
    assert.truthy(json:find('"price":12345678901234567890.10', 1, true))
    assert.truthy(ask('to_xml', json).body:find('>12345678901234567890.10<', 1, true))
  end)

  it('writes values in its order, with its namespaces', function()
    local shuffled = cjson.encode(VALUE)
    local res = ask('to_xml', shuffled)
    assert.equal(200, res.status)
    assert.is_true(xmllint(res.body))
    assert.same(VALUE, cjson.decode(ask('decode', res.body).body))
  end)

  it('says where a value is wrong', function()
    for change, expected in pairs {
      [function(o) o.line[2].qty = 1000 end] = '.order.line[1].qty: "1000" is too big for',
      [function(o) o.line[2].qty = 1.5 end] = '.order.line[1].qty: "1.5" is not a value of',
      [function(o) o.line = nil end] = '.order.line: it is missing',
      [function(o) o.lines = 1 end] = '.order.lines: the schema has no such member',
      [function(o) o.placed = { 'x' } end] = '.order.placed: an array, but the schema wants one',
      [function(o) o.bow = 'red' end] = '.order.bow: a scalar, but the schema wants an array',
      [function(o) o.card = { number = '1', ['until'] = '2024-01' } end] =
        'more of it than the schema allows',
      [function(o) o['@id'] = nil end] = '.order.@id: it is missing',
      [function(o) o['@id'] = 0 end] = '.order.@id: "0" is too small for xs:positiveInteger',
      [function(o) o['@x'] = 1 end] = '.order.@x: there is no such attribute',
      [function(o) o.iban = 'de' end] = '.order.iban: "de" does not match the pattern of Iban',
      [function(o) o.size = 'huge' end] = '.order.size: "huge" is not a value of Size',
      [function(o) o.paid = 'perhaps' end] = '.order.paid: "perhaps" is not a value of xs:boolean',
      [function(o) o.customer['@xsi:type'] = nil end] = '.order.customer.@xsi:type: it is missing',
      [function(o) o.customer['@xsi:type'] = 'Line' end] = 'no type that is derived',
      [function(o) o.street = cjson.null end] = '.order.street: null, but the element is not nill',
      [function(o) o.placed = '2023-02-29T00:00:00' end] = '.order.placed: "2023-02-29T00:00:00"',
      [function(o) o.thing = '<a/>' end] = '.order.thing: the XML text is another element',
      [function(o) o.thing = 'x' end] = '.order.thing: it is not XML',
      [function(o) o['#any'] = { '<order xmlns="urn:example:order"/>' } end] = '.order.#any[0]: an',
      [function(o) o['@currency'] = 'USD' end] = 'is none of the values of Currency',
      [function(o) o.slot = { 1, 2, 3, 4, 5 } end] = '.order.slot: more of it than',
      [function(o) o.weights = { 1, 'x' } end] = '.order.weights[1]: "x" is not a value of',
    } do
      local copy = cjson.decode(cjson.encode(VALUE))
      change(copy.order)
      local res = ask('to_xml', cjson.encode(copy))
      assert.equal(400, res.status, expected)
      assert.truthy(res:json().message:find(expected, 1, true), expected .. ': ' .. res.body)
    end
    for json, expected in pairs {
      ['[]'] = 'an object with one member', ['{"x":1}'] = "'x' is no element", ['{'] = 'line 1',
      ['{"order":{},"x":1}'] = 'an object with one member', ['{"extra":"x"}'] = 'no element',
    } do
      local res = ask('to_xml', json)
      assert.truthy(res:json().message:find(expected, 1, true), json .. ': ' .. res.body)
    end
  end)

  it('takes null for what is nillable', function()
    local copy = cjson.decode(cjson.encode(VALUE))
    copy.order.note = cjson.null
    local xml = ask('to_xml', cjson.encode(copy)).body
    assert.truthy(xml:find('<n%d:note xmlns:xsi=[^>]* xsi:nil="true"/>'))
    assert.is_true(xmllint(xml))
    assert.equal(cjson.null, cjson.decode(ask('to_json', xml).body).order.note)
  end)
end)

describe('conversion by a schema', function()
  it('takes what libxml2 finds valid, and refuses the rest', function()
    local valid, docs = 0, order.mutants(3000)
    for first = 1, #docs, 500 do
      local batch = { unpack(docs, first, first + 499) }
      local res = ask('judge', cjson.encode(batch))
      assert.equal(200, res.status)
      for i, verdict in ipairs(cjson.decode(res.body)) do
        assert.equal(verdict.valid, verdict.ours, (verdict.why or '') .. '\n' .. batch[i])
        if verdict.ours then
          valid = valid + 1
          assert.truthy(verdict.again, batch[i])
          assert.same(cjson.decode(verdict.json), cjson.decode(verdict.same))
        end
      end
    end
    assert.is_true(valid > 300 and valid < 2700, tostring(valid))
  end)

  it('writes only what is valid', function()
    math.randomseed(7)
    local scalars = { 1, 'x', true, '', cjson.null, '2024-01-01', 1.5, -1, {}, { 1 }, { a = 1 },
      'EUR', '10:00', '<a/>', { '<a xmlns="urn:a"/>' }, { '2024-01-01' }, 'ab\1' }
    local function change(value)
      local keys = {}
      for key in pairs(value) do keys[#keys + 1] = key end
      local key = keys[math.random(#keys)]
      if key == nil then return end
      local kind = math.random(5)
      if type(value[key]) == 'table' and kind < 4 then return change(value[key]) end
      if kind == 5 then value[key] = nil else value[key] = scalars[math.random(#scalars)] end
    end
    local batch, written = {}, 0
    for i = 1, 2000 do
      local copy = cjson.decode(cjson.encode(VALUE))
      change(copy.order)
      batch[i] = cjson.encode(copy)
    end
    local res = ask('write', cjson.encode(batch))
    for i, verdict in ipairs(cjson.decode(res.body)) do
      if verdict.xml then
        written = written + 1
        assert.is_true(verdict.valid, batch[i] .. '\n' .. verdict.xml)
        if i % 100 == 0 then assert.is_true(xmllint(verdict.xml)) end
      end
    end
    assert.is_true(written > 100 and written < 1900, tostring(written))
  end)
end)
