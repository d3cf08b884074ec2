-- What tg.xml.schema refuses while a script loads: at once, and with nothing opened outside.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'

local SECONDS = sanitized() and 15 or 1 -- of CPU time

local SCRIPT = [[
  local tg = require 'tidegate'
  local schema = tg.xml.schema 'a.xsd'
  return function() return tg.text 'well' end]]

local function xsd(inside, attributes)
  return ('<s:schema xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t"\n'
    .. ' targetNamespace="urn:t" %s>\n%s\n</s:schema>'):format(attributes or '', inside)
end

local function check(files)
  if type(files) == 'string' then files = { ['a.xsd'] = files } end
  return gate.command('check', { script = SCRIPT, files = files })
end

local function refuses(files, expected)
  local result = check(files)
  assert.equal(1, result.status, expected)
  assert.truthy(result.err:find(expected, 1, true), expected .. ': ' .. result.err)
  assert.is_true(result.cpu < SECONDS, ('%s: %.2f s'):format(expected, result.cpu))
end

local function element(name, inside)
  return ('<s:element name="%s"><s:complexType>%s</s:complexType></s:element>'):format(name, inside)
end

describe('loading a schema', function()
  it('names file and line of what is wrong', function()
    assert.equal(0, check(xsd(element('a', '<s:sequence/>'))).status)
    refuses({}, 'main.lua:2: a.xsd: there is no such file')
    refuses('<a>', 'a.xsd:1: xml: line 1')
    refuses('\n<a/>', 'a.xsd:2: the element is <a>; a schema of XML Schema 1.0')
    refuses(xsd '\n<s:element name="a" type="t:nope"/>', "a.xsd:4: element decl. '{urn:t}a'")
    refuses({ ['a.xsd'] = xsd '<s:include schemaLocation="in/b.xsd"/>',
      ['in/b.xsd'] = xsd '\n\n<s:element name="a" type="t:nope"/>' }, 'in/b.xsd:5: ')
    refuses({ ['a.xsd'] = xsd '<s:include schemaLocation="b.xsd"/>',
      ['b.xsd'] = xsd(''):gsub('urn:t"', 'urn:x"') },
      "b.xsd:1: this is the schema of 'urn:x', not of 'urn:t'")
    refuses(xsd '<s:redefine schemaLocation="b.xsd"/>', 'a.xsd:3: xs:redefine is not supported')
  end)

  it('opens nothing but files of the site', function()
    for _, location in ipairs { 'http://127.0.0.1:9/x.xsd', '/etc/passwd', '../x.xsd',
      'in/../../x.xsd', 'file:///etc/passwd', '%2e%2e/x.xsd', '', 'ftp:x' } do
      for _, kind in ipairs { 'include', 'import namespace="urn:o"' } do
        refuses(xsd(('<s:%s schemaLocation="%s"/>'):format(kind, location)),
          "a.xsd:3: '" .. location .. "' is not a file in the site's folder")
      end
    end
    refuses('<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' .. xsd '&x;', 'a.xsd:1: xml: ')
    refuses('<!DOCTYPE s SYSTEM "x.dtd">' .. xsd '', 'a.xsd:1: xml: ')
    refuses(xsd '<s:include schemaLocation="b.xsd"/>', 'a.xsd:3: b.xsd: there is no such file')
  end)

  it('does not follow a link that leads out', function()
    local folder = posix.folder()
    posix.write(folder .. '/out.xsd', xsd '')
    gate.write_site(folder .. '/site', { script = SCRIPT })
    assert.equal(0, os.execute(('ln -s ../out.xsd %s/site/a.xsd'):format(folder)))
    local result = gate.run { 'check', folder .. '/site' }
    assert.truthy(result.err:find("a.xsd: it is outside of the site's folder", 1, true), result.err)
    assert.equal(0, os.execute(('rm %s/site/a.xsd && mkfifo %s/site/a.xsd'):format(folder, folder)))
    result = gate.run { 'check', folder .. '/site' }
    assert.truthy(result.err:find('a.xsd: it is not a regular file', 1, true), result.err)
    posix.remove(folder)
  end)

  it('is done with recursion and growth within a second', function()
    local function group(name, inside)
      return ('<s:group name="%s"><s:sequence>%s</s:sequence></s:group>'):format(name, inside)
    end
    local function extension(name, base)
      return ('<s:complexType name="%s"><s:complexContent><s:extension base="t:%s"/>'
        .. '</s:complexContent></s:complexType>'):format(name, base)
    end
    local function repeated(occurs)
      return ('<s:sequence><s:element name="b" type="s:int" maxOccurs="%s"/></s:sequence>')
        :format(occurs)
    end
    local groups = { group('g0', '<s:element name="e" type="s:int"/>') }
    for i = 1, 40 do
      groups[i + 1] = group('g' .. i, ('<s:group ref="t:g%d"/>'):format(i - 1):rep(2))
    end
    refuses(xsd(table.concat(groups)), 'groups expanded')
    refuses(xsd(group('g', '<s:group ref="t:g"/>')), "'g' is defined by itself")
    refuses(xsd(extension('c', 'c')), "'c' is defined by itself")
    refuses(xsd '<s:simpleType name="u"><s:union memberTypes="t:u"/></s:simpleType>', 'a.xsd:3: ')
    refuses(xsd '<s:simpleType name="u"><s:list itemType="t:u"/></s:simpleType>', 'a.xsd:3: ')
    for _, occurs in ipairs { '1000000000', '100001', '99999999999999999999' } do
      refuses(xsd(element('a', repeated(occurs))), 'a.xsd:3: maxOccurs is more than 100000')
    end
    assert.equal(0, check(xsd(element('a', repeated '100000'))).status)
    local many = ('<s:element name="b" type="s:int" minOccurs="0"/>'):rep(5001)
    refuses(xsd(element('a', '<s:choice>' .. many .. '</s:choice>')), 'more than 5000 particles')
    local chain = {}
    for i = 1, 300 do chain[i] = extension('c' .. i, 'c' .. i + 1) end
    chain[301] = '<s:complexType name="c301"/>'
    refuses(xsd(table.concat(chain)), 'more than 200 groups and base types in each other')
    local depth = ('<s:sequence>'):rep(300) .. ('</s:sequence>'):rep(300)
    refuses(xsd(element('a', depth)), 'limit depth')
  end)

  it('reads documents that name each other once', function()
    local result = check {
      ['a.xsd'] = xsd '<s:include schemaLocation="b.xsd"/><s:element name="a" type="t:b"/>',
      ['b.xsd'] = xsd [[<s:include schemaLocation="a.xsd"/><s:include schemaLocation="./b.xsd"/>
        <s:complexType name="b"><s:sequence><s:element ref="t:a" minOccurs="0"/></s:sequence>
        </s:complexType>]],
    }
    assert.equal(0, result.status, result.err)
  end)

  it('opens no file outside, as strace sees it', function()
    if os.execute 'command -v strace >/dev/null' ~= 0 then return pending 'needs strace' end
    local folder = posix.folder()
    gate.write_site(folder .. '/site', { script = SCRIPT, files = { ['a.xsd'] = xsd(
      '<s:import namespace="urn:o" schemaLocation="http://127.0.0.1:9/x.xsd"/>'),
    } })
    os.execute(('strace -f -e trace=openat,open,connect -o %s/trace %s check %s/site 2>/dev/null')
      :format(folder, gate.program(), folder))
    local trace = posix.read(folder .. '/trace')
    assert.truthy(trace:find('site/a.xsd', 1, true), trace)
    assert.is_nil(trace:find('x.xsd', 1, true))
    assert.is_nil(trace:find('AF_INET', 1, true))
    posix.remove(folder)
  end)

  it('is for the time when a script loads', function()
    local tide = gate.serve { files = { ['a.xsd'] = xsd '' },
      script = "local tg = require 'tidegate' return function() return tg.xml.schema 'a.xsd' end",
      expect_errors = { 'works only while a script loads' } }
    assert.equal(500, tide:get('/').status)
    tide:stop()
  end)

  it('still validates what can not be converted', function()
    local tide = gate.serve { files = { ['a.xsd'] = xsd(element('a', [[<s:sequence>
      <s:element name="b" type="s:int"/><s:element ref="t:b"/></s:sequence>]])
      .. '<s:element name="b" type="s:int"/>') },
      script = [[
        local tg = require 'tidegate'
        local schema = tg.xml.schema 'a.xsd'
        local xml = '<t:a xmlns:t="urn:t"><b>1</b><t:b>2</t:b></t:a>'
        return function()
          return tostring(schema:validate(xml)) .. select(2, pcall(schema.decode, schema, xml))
        end]] }
    local said = tide:get('/').body
    assert.truthy(said:find "^true", said)
    assert.truthy(said:find("a.xsd:4: two elements 'b' of different namespaces", 1, true), said)
    tide:stop()
  end)
end)
