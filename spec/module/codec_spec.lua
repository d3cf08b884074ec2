-- tidegate.codec, the module for any LuaJIT, as it is installed.
local installed = require 'spec.support.installed'
local posix = require 'spec.support.posix'

local folder, codec, path

setup(function()
  folder = installed.folder()
  path = installed.find(folder, 'tidegate/codec.so'):gsub('tidegate/codec%.so$', '?.so')
  package.cpath = path .. ';' .. package.cpath
  codec = require 'tidegate.codec'
end)

teardown(function() posix.remove(folder) end)

describe('the module tidegate.codec', function()
  it('is all that a program of luajit needs', function()
    posix.write(folder .. '/try.lua', [[
      local codec = require 'tidegate.codec'
      print(codec.convert.xml_to_json('<a b="1"><c/></a>', { empty = codec.null }))
      print(codec.json.encode(codec.xml.decode('<a><b>1</b><b>2</b></a>')))
      print(tostring(select(2, codec.xml.decode '<a>')))
      print(pcall(codec.json.encode, { a = { print } }))]])
    local out, well = installed.run(("LUA_CPATH='%s' luajit %s/try.lua"):format(path, folder))
    assert(well, out)
    local lines = {}
    for line in out:gmatch '[^\n]+' do lines[#lines + 1] = line end
    assert.equal('{"a":{"@b":"1","c":null}}', (lines[1]:gsub('": ', '":')))
    assert.equal('{"a":{"b":["1","2"]}}', lines[2])
    assert.matches('^xml: line 1, column 4: ', lines[3])
    assert.matches('try%.lua:5: cannot encode %.a%[1%]: a function$', lines[4])
  end)

  it('is one, however often it is asked for', function()
    package.loaded['tidegate.codec'] = nil
    local again = require 'tidegate.codec'
    assert.equal('[]', again.json.encode(codec.array {}))
    assert.matches('^%d+%.%d+%.%d+$', again.version)
  end)

  it('reads and writes JSON exactly', function()
    local text = '{"id":12345678901234567890,"list":[],"none":null,"of":{}}'
    local value = codec.json.decode(text)
    assert.equal(codec.null, value.none)
    assert.equal(text, codec.json.encode(value, { sorted = true }))
    text = '{"z":1,"a":[1.5,true],"m":"\\u00e9"}'
    assert.equal('{"z":1,"a":[1.5,true],"m":"é"}',
      codec.json.encode(codec.json.decode(text, { ordered = true })))
    assert.equal('{"z":[1],"a":2}',
      codec.json.encode(codec.ordered { { 'z', codec.raw '[1]' }, { 'a', 2 } }))
    local _, err = codec.json.decode '{"a":1,"a":2}'
    assert.same({ 'parse', 1, 8 }, { err.code, err.line, err.column })
    assert.equal('depth', select(2, codec.json.decode('[[]]', { depth = 1 })).limit)
  end)

  it('reads and writes XML', function()
    local value = codec.xml.decode('<a n="7"><b>x</b></a>',
      { force_array = { '/a/b' }, attribute_prefix = '' })
    assert.same({ a = { n = '7', b = { 'x' } } }, value)
    assert.equal('<a n="7"><b>x</b></a>',
      codec.xml.encode { a = { ['@n'] = 7, b = codec.array { 'x' } } })
    assert.equal('depth', select(2, codec.xml.decode('<a><b/></a>', { depth = 1 })).limit)
  end)

  it('converts bytes to bytes with every option', function()
    assert.equal('<o:r xmlns:o="urn:o">\n  <l>1.50</l>\n</o:r>', codec.convert.json_to_xml(
      '{"o:r":{"l":[1.50]}}', { indent = 2, namespaces = { o = 'urn:o' } }))
    assert.equal('["a",{"b":"1"},"x"]',
      codec.convert.xml_to_json('<a b="1">x</a>', { preset = 'jsonml' }))
    local json, err = codec.convert.xml_to_json('<a>\n<b>', { input = 100 })
    assert.same({ nil, 2 }, { json, err.line })
    assert.has_error(function() codec.convert.xml_to_json('<a/>', { nope = 1 }) end)
  end)

  it('leaves nothing behind a thousand errors', function()
    collectgarbage()
    local before = collectgarbage 'count'
    for _ = 1, 1000 do
      codec.xml.decode('<a><b>1</b>')
      pcall(codec.json.encode, { { { print } } })
    end
    collectgarbage()
    assert(collectgarbage 'count' < before + 200, collectgarbage 'count' - before)
  end)
end)
