-- tidegate convert, as a filter.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local folder

setup(function() folder = posix.folder() end)
teardown(function() posix.remove(folder) end)

local function convert(direction, text, ...)
  posix.write(folder .. '/in', text)
  local arguments = { 'convert', direction, ... }
  arguments[#arguments + 1] = folder .. '/in'
  return gate.run(arguments)
end

local function compact(text) return (text:gsub('": ', '":')) end

describe('tidegate convert', function()
  it('converts both ways', function()
    local res = convert('xml-to-json', '<a x="1"><b/></a>')
    assert.same({ 0, '{"a":{"@x":"1","b":""}}\n', '' }, { res.status, compact(res.out), res.err })
    res = convert('json-to-xml', '{"a":{"@x":1.50,"b":[1,2]}}')
    assert.same({ 0, '<a x="1.50"><b>1</b><b>2</b></a>\n' }, { res.status, res.out })
  end)

  local function json(text, ...)
    return compact(convert('xml-to-json', text, ...).out):sub(1, -2)
  end
  local function xml(text, ...) return convert('json-to-xml', text, ...).out:sub(1, -2) end

  it('takes every kind of option', function()
    local doc = '<p:a xmlns:p="urn:p" n="7"><b>true</b><c>1</c></p:a>'
    assert.equal('{"a":{"@n":"7","b":["true"],"c":["1"]}}', json(doc, '--namespaces', 'strip',
      '--force-array', '/a/b', '--force-array=//c'))
    assert.equal('{"a":{"b":true,"c":1}}', json(doc, '--namespaces=strip', '--booleans', 'true',
      '--types', '/a/c=integer', '--attribute-prefix', 'false'))
    assert.equal('{"a":{"n":"7","b":["true"],"c":["1"]}}', json(doc, '--namespaces', 'strip',
      '--force-array', 'true', '--attribute_prefix', ''))
    assert.equal('{"a":null}', json('<a/>', '--empty', 'null'))
    assert.equal('{"a":{"$":"x"}}', json('<a>x</a>', '--preset', 'badgerfish'))
    assert.equal('{"a":{"#text":"x"}}', json('<a>x</a>', '--text-always'))
    assert.equal('<r xmlns="urn:o" xmlns:p="urn:p">\n <b>1</b>\n <a>2</a>\n</r>',
      (xml('{"a":2,"b":1}', '--root', 'r', '--namespaces', '=urn:o', '--namespaces', 'p=urn:p',
        '--order', 'b,a', '--indent', '1')))
    assert.equal('<r><l><i>1</i></l></r>', xml('{"r":{"l":[1]}}', '--arrays', 'wrap',
      '--item-names', 'l=i'))
  end)

  it('refuses a document with its reason and status 1', function()
    local res = convert('xml-to-json', '<a><b></a>')
    assert.same({ 1, '' }, { res.status, res.out })
    assert.matches('^xml: line 1, column %d+: ', res.err)
    assert.equal(0, convert('xml-to-json', '<a/>', '--input', '4').status)
    assert.matches('limit input', convert('xml-to-json', '<a/>', '--input', '3').err)
    assert.equal(1, gate.run { 'convert', 'xml-to-json', folder .. '/none' }.status)
  end)

  it('refuses a wrong command line with status 2', function()
    for _, arguments in ipairs { { '--nope', '1' }, { '--depth', 'x' }, { '--namespaces', 'x' },
      { '--input', '8 MB' }, { '--force-array', 'a' }, { '--types', 'x' }, { 'x' } } do
      local res = convert('xml-to-json', '<a/>', unpack(arguments))
      assert.equal(2, res.status, table.concat(arguments, ' '))
      assert.matches('tidegate convert', res.err)
    end
    assert.equal(2, gate.run { 'convert' }.status)
    assert.equal(2, gate.run { 'convert', 'json-to-xml', '--namespaces' }.status)
  end)

  it('says how fast it was, and what it can', function()
    assert.matches('in 4 bytes, out %d+ bytes, [%d.]+ ms, [%d.]+ MB/s',
      convert('xml-to-json', '<a/>', '--stats').err)
    local help = gate.run { 'convert', '--help' }
    assert.equal(0, help.status)
    assert.matches('%-%-force%-array +PATH', help.out)
    assert.matches('%-%-empty%-array +omit|empty', help.out)
  end)
end)
