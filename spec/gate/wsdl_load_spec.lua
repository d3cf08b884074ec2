-- Attacks by WSDL documents: tg.soap.client and `tidegate import` refuse them within a second, and
-- open nothing outside.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'

local SECONDS = sanitized() and 15 or 1 -- of CPU time
local STOCK = posix.read 'spec/soap/stock.wsdl'
local SCRIPT = [[
  local tg = require 'tidegate'
  local client = tg.soap.client('a.wsdl', { backend = 'up' })
  return function() return tg.text 'well' end]]

-- The document with more in its schema, in front of it, or in front of its types.
local function with_types(inside)
  return (STOCK:gsub('elementFormDefault="qualified">', '%0' .. inside:gsub('%%', '%%%%'), 1))
end

local function with_doctype(doctype) return (STOCK:gsub('%?>', '%0' .. doctype, 1)) end

local function with_import(location)
  return (STOCK:gsub('<types>', '<import namespace="urn:o" location="' .. location .. '"/>%0', 1))
end

local function group(name, inside)
  return ('<xsd:group name="%s"><xsd:sequence>%s</xsd:sequence></xsd:group>'):format(name, inside)
end

local function laughs()
  local entities = { '<!ENTITY l0 "ha">' }
  for i = 1, 30 do
    entities[i + 1] = ('<!ENTITY l%d "%s">'):format(i, ('&l%d;'):format(i - 1):rep(10))
  end
  return with_doctype('<!DOCTYPE definitions [' .. table.concat(entities) .. ']>')
    :gsub('<types>', '<documentation>&l30;</documentation>%0', 1)
end

local function doubling_groups()
  local groups = { group('g0', '<xsd:element name="e" type="xsd:int"/>') }
  for i = 1, 40 do
    groups[i + 1] = group('g' .. i, ('<xsd:group ref="s:g%d"/>'):format(i - 1):rep(2))
  end
  return with_types(table.concat(groups))
end

local function nested(depth)
  return with_types('<xsd:element name="deep"><xsd:complexType>' .. ('<xsd:sequence>'):rep(depth)
    .. ('</xsd:sequence>'):rep(depth) .. '</xsd:complexType></xsd:element>')
end

local OUTSIDE = 'nothing else is opened'

local attacks = {
  ['entities in entities'] = { laughs(), 'a.wsdl:1: ' },
  ['an entity that is a file'] = { with_doctype
    '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 'a.wsdl:1: ' },
  ['a DTD from elsewhere'] = { with_doctype '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd">',
    'a.wsdl:1: ' },
  ['an import from a server'] = { with_import 'http://127.0.0.1:9/x.wsdl', OUTSIDE },
  ['an import of a file outside'] = { with_import '../x.wsdl', OUTSIDE },
  ['an import by file:'] = { with_import 'file:///etc/passwd', OUTSIDE },
  ['a schema from a server'] = { with_types
    '<xsd:import namespace="urn:o" schemaLocation="http://127.0.0.1:9/x.xsd"/>', OUTSIDE },
  ['a schema outside'] = { with_types '<xsd:include schemaLocation="/etc/passwd"/>', OUTSIDE },
  ['groups that double forty times'] = { doubling_groups(), 'groups expanded' },
  ['a group in itself'] = { with_types(group('g', '<xsd:group ref="s:g"/>')),
    "'g' is defined by itself" },
  ['a type that extends itself'] = { with_types [[<xsd:complexType name="c"><xsd:complexContent>
    <xsd:extension base="s:c"/></xsd:complexContent></xsd:complexType>]],
    "'c' is defined by itself" },
  ['a billion occurrences'] = { (STOCK:gsub('maxOccurs="unbounded"', 'maxOccurs="1000000000"')),
    'maxOccurs is more than 100000' },
  ['elements in elements'] = { nested(300), 'limit depth' },
  ['more elements than fit'] = { with_types(('<xsd:annotation/>'):rep(100 * 1000)),
    'limit elements' },
}

local function judge(name, result, expected)
  assert.equal(1, result.status, name .. ': ' .. result.out .. result.err)
  assert.truthy(result.err:find(expected, 1, true), expected .. ' is not in ' .. result.err)
  assert.is_true(result.cpu < SECONDS, ('%s: %.2f s'):format(name, result.cpu))
end

describe('an attack by a WSDL document', function()
  for name, attack in pairs(attacks) do
    it('is refused within a second: ' .. name, function()
      local text, expected = attack[1], attack[2]
      judge('check', gate.command('check', { script = SCRIPT, files = { ['a.wsdl'] = text },
        site = { backends = { up = { 'http://127.0.0.1:9' } } } }), expected)
      local folder = posix.folder()
      posix.write(folder .. '/a.wsdl', text)
      judge('import', gate.run({ 'import', 'a.wsdl', 'site' }, { dir = folder }), expected)
      assert.equal('', posix.read(folder .. '/site/site.lua'))
      posix.remove(folder)
    end)
  end

  it('is not needed for that: the document itself is taken', function()
    assert.equal(0, gate.command('check', { script = SCRIPT, files = { ['a.wsdl'] = STOCK },
      site = { backends = { up = { 'http://127.0.0.1:9' } } } }).status)
  end)

  it('opens nothing outside, as strace sees it', function()
    if os.execute 'command -v strace >/dev/null' ~= 0 then return pending 'needs strace' end
    for _, name in ipairs { 'an import from a server', 'a schema from a server',
      'a DTD from elsewhere', 'an entity that is a file', 'a schema outside' } do
      local folder = posix.folder()
      gate.write_site(folder .. '/site', { script = SCRIPT, files = {
        ['a.wsdl'] = attacks[name][1] }, site = { backends = { up = { 'http://127.0.0.1:9' } } } })
      os.execute(('strace -f -e trace=openat,open,connect -o %s/trace %s check %s/site 2>/dev/null')
        :format(folder, gate.program(), folder))
      local trace = posix.read(folder .. '/trace')
      assert.truthy(trace:find('a.wsdl', 1, true), trace)
      for _, path in ipairs { 'x.wsdl', 'x.xsd', 'd.dtd', '/etc/passwd', 'AF_INET' } do
        assert.is_nil(trace:find(path, 1, true), name .. ' opens ' .. path)
      end
      posix.remove(folder)
    end
  end)
end)
