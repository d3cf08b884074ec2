-- schema:json_schema: what XML becomes by a schema is valid by its JSON Schema, as ajv sees it.
local cjson = require 'cjson'
local gate = require 'spec.support.gate'
local order = require 'spec.support.order'
local service = require 'spec.support.soap'

local SCRIPT = [[
  local tg = require 'tidegate'
  local schema = tg.xml.schema 'FILE'
  return function(req)
    if req.params.path == 'schema' then
      local opts = { element = req.query.element, bare = req.query.bare ~= nil }
      return tg.text(schema:json_schema(opts))
    end
    local list = tg.array()
    for i, xml in ipairs(req:json()) do list[i] = schema:to_json(xml) or false end
    return list
  end]]

local function serve(files, path)
  return gate.serve { files = files, script = (SCRIPT:gsub('FILE', path)),
    site = { limits = { script_cpu = 20 } } }
end

-- The schema of the element, and documents as JSON.
local function convert(files, path, docs, query)
  local tide = serve(files, path)
  local schema = tide:get('/schema?' .. query)
  assert.equal(200, schema.status, schema.body)
  local res = tide:post('/json', cjson.encode(docs))
  assert.equal(200, res.status, res.body)
  tide:stop()
  return schema.body, cjson.decode(res.body)
end

local function xsd(inside)
  return ([[<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t"
    xmlns:t="urn:t" elementFormDefault="qualified">%s</s:schema>]]):format(inside)
end

local function root(content)
  return ('<s:element name="r"><s:complexType>%s</s:complexType></s:element>'):format(content)
end

-- Which of the JSON texts the schema of <r> refuses; a string of 'y' and 'n'.
local function verdicts(declarations, values)
  local schema = convert({ ['a.xsd'] = xsd(declarations) }, 'a.xsd', {}, 'element=r&bare=1')
  local refused, said = service.refused(schema, values), {}
  for i = 1, #values do said[i] = refused[i] and 'n' or 'y' end
  return table.concat(said), schema
end

describe('the JSON Schema of a schema', function()
  if not service.is_there() then
    pending 'needs node, npm and its registry'
    return
  end

  it('is fulfilled by all that is converted', function()
    local docs = order.mutants(2000)
    docs[#docs + 1] = order.VALID
    local schema, list = convert(order.FILES, 'schemas/order.xsd', docs, 'element=order')
    local values = {}
    for _, json in ipairs(list) do
      if json then values[#values + 1] = json end
    end
    assert.is_true(#values > 250, tostring(#values))
    local refused = service.refused(schema, values)
    for i, why in pairs(refused) do error(why .. ': ' .. values[i]) end
  end)

  it('has lists, numbers, booleans, and what must be there', function()
    local said = verdicts(root [[<s:sequence><s:element name="n" type="s:byte" maxOccurs="3"/>
      <s:element name="b" type="s:boolean" minOccurs="0"/></s:sequence>
      <s:attribute name="id" type="s:int" use="required"/>]], {
      '{"@id":1,"n":[1]}', '{"@id":1,"n":[1,2,3],"b":true}', '{"@id":1,"n":[1,2,3,4]}',
      '{"@id":1,"n":[128]}', '{"@id":1,"n":[1.5]}', '{"n":[1]}', '{"@id":1}', '{"@id":1,"n":1}',
      '{"@id":1,"n":[1],"b":1}', '{"@id":1,"n":[1],"c":1}' })
    assert.equal('yynnnnnnnn', said)
  end)

  it('says which elements exclude each other', function()
    local choice = [[<s:sequence><s:choice><s:element name="a" type="s:int"/>
      <s:sequence><s:element name="b" type="s:int"/><s:element name="c" type="s:int" minOccurs="0"/>
      </s:sequence></s:choice><s:sequence minOccurs="0"><s:element name="d" type="s:int"/>
      <s:element name="e" type="s:int"/></s:sequence></s:sequence>]]
    local said, schema = verdicts(root(choice), { '{"a":1}', '{"b":1}', '{"b":1,"c":1}',
      '{"a":1,"d":1,"e":1}', '{"a":1,"b":1}', '{"a":1,"c":1}', '{"c":1}', '{}', '{"a":1,"d":1}' })
    assert.equal('yyyynnnnn', said)
    assert.truthy(schema:find('"oneOf"', 1, true))
    said = verdicts(root [[<s:choice minOccurs="0"><s:element name="a" type="s:int"/>
      <s:element name="b" type="s:int"/></s:choice>]],
      { '{}', '{"a":1}', '{"b":1}', '{"a":1,"b":1}' })
    assert.equal('yyyn', said)
    said = verdicts(root [[<s:choice maxOccurs="9"><s:element name="a" type="s:int"/>
      <s:element name="b" type="s:int"/></s:choice>]], { '{"a":[1],"b":[2]}', '{"a":[1]}', '{}' })
    assert.equal('yyn', said)
    said = verdicts(root [[<s:choice><s:element name="a" type="s:int" minOccurs="0"/>
      <s:element name="b" type="s:int" minOccurs="0"/></s:choice>]], { '{}', '{"a":1}', '{"b":1}' })
    assert.equal('yyy', said)
    said = verdicts(root [[<s:choice><s:sequence><s:element name="a" type="s:int"/>
      <s:element name="b" type="s:int"/></s:sequence>
      <s:element name="c" type="s:int"/></s:choice>]],
      { '{"a":1,"b":1}', '{"c":1}', '{"a":1}', '{"a":1,"b":1,"c":1}' })
    assert.equal('yynn', said)
    said = verdicts(root [[<s:all><s:element name="a" type="s:int"/>
      <s:element name="b" type="s:int" minOccurs="0"/></s:all>]],
      { '{"a":1}', '{"b":1,"a":1}', '{}' })
    assert.equal('yyn', said)
  end)

  it('has facets', function()
    local function simple(facets, base)
      return ('<s:element name="r"><s:simpleType><s:restriction base="s:%s">%s</s:restriction>'
        .. '</s:simpleType></s:element>'):format(base, facets)
    end
    local cases = {
      { '<s:enumeration value="a"/><s:enumeration value="b"/>', 'string', '"a" "b" "c"', 'yyn' },
      { '<s:minLength value="2"/><s:maxLength value="3"/>', 'string', '"ä" "ab" "abcd"', 'nyn' },
      { '<s:minInclusive value="1"/><s:maxExclusive value="3"/>', 'decimal', '1 2.99 3 0', 'yynn' },
      { '<s:pattern value="[A-Z]{2}\\d+"/>', 'string', '"AB1" "AB" "ab1" "xAB1"', 'ynnn' },
      { '<s:pattern value="[a-z-[aeiou]]+"/>', 'string', '"bcd" "bad"', 'yn' },
      { '<s:pattern value="a.c|\\i\\c*"/>', 'string', '"a-c" "ab" "1a"', 'yyn' },
      { '<s:pattern value="\\p{IsGreek}+"/>', 'string', '"x" "y"', 'yy' },
      { '<s:enumeration value="10"/><s:enumeration value="20"/>', 'int', '10 20 30', 'yyn' },
      { '', 'date', '"2024-01-01" "2024-01-01Z" "1.1.2024"', 'yyn' },
      { '', 'double', '1.5 "INF" "x"', 'yyn' },
      { '', 'unsignedLong', '18446744073709551615 -1', 'yn' },
      { '<s:maxLength value="2"/>', 'base64Binary', '"AAAA"', 'y' },
      { '<s:minLength value="2"/>', 'NMTOKENS', '["a","b"] ["a"] "a b"', 'ynn' },
    }
    for _, case in ipairs(cases) do
      local values = {}
      for value in case[3]:gmatch '%S+' do values[#values + 1] = value end
      if case[2] == 'NMTOKENS' then values[3], values[4] = '"a b"', nil end
      local said, schema = verdicts(simple(case[1], case[2]), values)
      assert.equal(case[4], said, case[2] .. ' ' .. case[1] .. schema)
    end
  end)

  it('has what may be null, and types that stand for others', function()
    local said = verdicts(root [[<s:sequence>
        <s:element name="v" type="t:Base" nillable="true"/></s:sequence>]]
      .. [[<s:complexType name="Base"><s:sequence><s:element name="a" type="s:int"/></s:sequence>
        </s:complexType><s:complexType name="More"><s:complexContent><s:extension base="t:Base">
        <s:sequence><s:element name="b" type="s:int"/></s:sequence></s:extension>
        </s:complexContent></s:complexType>]], { '{"v":null}', '{"v":{"a":1}}',
        '{"v":{"@xsi:type":"More","a":1,"b":2}}', '{"v":{"a":1,"b":2}}',
        '{"v":{"@xsi:type":"Other","a":1}}', '{"v":{"@xsi:nil":true}}', '{}' })
    assert.equal('yyynnyn', said)
  end)

  it('says what it is called with wrongly', function()
    local tide = gate.serve { files = { ['a.xsd'] = xsd [[<s:element name="a" type="s:int"/>
      <s:element name="b" type="s:int"/>]] }, script = [[
      local tg = require 'tidegate'
      local schema = tg.xml.schema 'a.xsd'
      return function(req)
        return tg.text(select(2, pcall(schema.json_schema, schema, loadstring(req.body)())))
      end]] }
    for options, expected in pairs {
      ['return { element = "c" }'] = "there is no element 'c'",
      ['return nil'] = "element = 'name' is wanted",
      ['return { elemen = "a" }'] = "unknown option 'elemen'",
      ['return { bare = true }'] = "for an element that is named",
    } do
      local said = tide:post('/', options).body
      assert.truthy(said:find(expected, 1, true), said)
    end
    tide:stop()
  end)
end)
