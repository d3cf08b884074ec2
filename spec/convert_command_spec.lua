-- tidegate convert, as a filter.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'
local wait = require 'spec.support.wait'

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

describe('tidegate convert --records', function()
  local FEED = [=[
<?xml version="1.0" encoding="utf-8"?>
<!-- a > b --><o:feed xmlns:o="urn:o" xmlns="urn:&amp;" at="1>2">
 <o:head>x &amp; y</o:head>
 <entry id="1"><b>1</b><entry/></entry>
 <o:list xmlns="urn:in">
  <entry id="2" xmlns="urn:mine" o:x="&gt;"/>
 </o:list><![CDATA[ <entry> ]]>
 <entry  id='3' p='a>b'
 />
</o:feed>]=]

  local function lines(text, ...)
    local res = convert('xml-to-json', text, ...)
    return compact(res.out), res.err, res.status
  end

  it('makes a line of each, with the namespaces in force', function()
    assert.equal('{"entry":{"@id":"1","b":"1","entry":""}}\n{"entry":{"@id":"3","@p":"a>b"}}\n',
      (lines(FEED, '--records', '/feed/entry', '--namespaces', 'strip')))
    assert.equal('{"entry":{"@xmlns:o":"urn:o","@xmlns":"urn:&","@id":"1","b":"1","entry":""}}\n' ..
      '{"entry":{"@xmlns:o":"urn:o","@id":"2","@xmlns":"urn:mine","@o:x":">"}}\n' ..
      '{"entry":{"@xmlns:o":"urn:o","@xmlns":"urn:&","@id":"3","@p":"a>b"}}\n',
      (lines(FEED, '--records=//entry')))
    assert.equal('{"entry":{"@xmlns:o":"urn:o","@id":"2","@xmlns":"urn:mine","@o:x":">"}}\n',
      (lines(FEED, '--records', '/o:feed/o:list/entry')))
    assert.equal('', (lines(FEED, '--records', '/feed/entry')))
    assert.equal('{"a":"x"}\n', (lines('\239\187\191<a>x</a>\n', '--records', '/a')))
    assert.equal('{"b":"1"}\n', (lines('<!DOCTYPE a SYSTEM "a>"><a><b>1</b></a>',
      '--records', '/a/b', '--doctype', 'skip')))
    assert.matches('3 records, ', select(2, lines(FEED, '--records', '//entry', '--stats')))
  end)

  it('says where the whole is wrong', function()
    local function wrong(text, place, ...)
      local _, err, status = lines(text, '--records', '//entry', ...)
      assert.equal(1, status, text)
      assert(err:find(place, 1, true) == 1, err)
    end
    wrong(FEED:gsub('1</b>', '1</c>'), 'xml: line 4, column 20: expected </b>')
    wrong(FEED:gsub("id='3'", 'id=3'), 'xml: line 8, column 13: expected a quote')
    wrong(FEED:gsub('utf%-8', 'iso-8859-1'), 'xml: line 1, column 1: records are read from UTF-8')
    wrong('\255\254<\0a\0/\0>\0', 'xml: line 1, column 1: records are read from UTF-8')
    wrong(FEED:gsub('o:x', 'u:x'), 'xml: line 6, column ')
    wrong(FEED:gsub('at="', 'u:at="'), 'xml: line 2, column ')
    wrong(FEED:gsub('</o:list>', '</o:lost>'), 'xml: line 7, column 2: an end tag that closes')
    wrong(FEED .. '<x/>', 'xml: line 10, column 10: a second root')
    wrong(FEED .. 'x', 'xml: line 10, column 10: text outside')
    wrong(FEED:gsub('</o:feed>', ''), 'xml: line 10, column 1: the document ends too early')
    wrong('<!DOCTYPE a [<!ENTITY x "y">]><a/>', 'xml: line 1, column 1: a DOCTYPE', '--doctype',
      'skip')
    wrong('', 'xml: line 1, column 1: the document ends')
    wrong('<a><b></b>', 'xml: line 1, column 11: the document ends')
    wrong('<a><!-->--x', 'xml: line 1, column 4: the document ends')
    for n = 0, #FEED - 1, 37 do
      assert.equal(1, select(3, lines(FEED:sub(1, n), '--records', '/feed/none')), n)
    end
    assert.equal(2, select(3, lines(FEED, '--records', 'entry')))
    assert.equal(2, convert('json-to-xml', '{}', '--records', 'a').status)
  end)

  it('bounds a record, and no document', function()
    local text = '<a>' .. ('<b>12345</b>'):rep(1000) .. '</a>'
    assert.equal(0, select(3, lines(text, '--records', '/a/b', '--input', '12')))
    local _, err, status = lines(text, '--records', '/a/b', '--input', '11')
    assert.equal(1, status)
    assert.matches('more than 11 bytes %(limit input%)', err)
    local open = '<c>' .. text
    assert.equal(0, select(3, lines(open .. '</c>', '--records', '//b', '--depth', '2')))
    assert.matches('limit depth', select(2, lines(open .. '</c>', '--records', '//b',
      '--depth', '1')))
  end)

  it('reads a pipe as it comes, in little memory', function()
    local fifo, out = folder .. '/pipe', folder .. '/lines'
    assert.equal(0, os.execute('mkfifo ' .. fifo))
    local pid = posix.spawn({ gate.program(), 'convert', 'xml-to-json', '--records', '/f/entry',
      fifo }, { stdout = out, stderr = folder .. '/said' })
    local pipe = assert(io.open(fifo, 'w'))
    pipe:write '<f><entry>first</entry><entry>'
    pipe:flush()
    wait.eventually(function() return compact(posix.read(out)) == '{"entry":"first"}\n' end)
    pipe:write 'second</entry>'
    local many = ('<entry id="1"><name>some &amp; more</name></entry>\n'):rep(20000)
    for _ = 1, 40 do pipe:write(many) end -- 40 MB
    pipe:flush()
    local peak = tonumber(posix.read('/proc/' .. pid .. '/status'):match 'VmHWM:%s*(%d+) kB')
    pipe:write '</f>'
    pipe:close()
    assert.equal('exit 0', wait.eventually(function() return posix.ended(pid) end, 20))
    local _, count = posix.read(out):gsub('\n', '')
    assert.equal(2 + 40 * 20000, count)
    if not sanitized() then assert(peak < 24 * 1024, peak .. ' KB') end
  end)
end)

describe('tidegate convert --records of JSON', function()
  local FEED = [=[
{ "feed": { "@at": "1]2", "entry": { "@id": 1.50, "entry": [2] },
  "list": [ { "entry": [ "x", [3, null], {} ] },
 {"en\u0074ry": true} ] } }
]=]

  it('makes a document of each value, and of each item of an array', function()
    assert.equal('<entry id="1.50"><entry>2</entry></entry>\n',
      convert('json-to-xml', FEED, '--records', '/feed/entry').out)
    assert.equal('<entry>x</entry>\n<entry>3</entry>\n<entry/>\n<entry/>\n<entry>true</entry>\n',
      convert('json-to-xml', FEED, '--records=/feed/list/entry', '--null', 'empty').out)
    assert.equal('<a>1</a>\n<r><b/><c>2</c></r>\n',
      convert('json-to-xml', '[{"a":1},{"b":"","c":2}]', '--records', '/', '--root', 'r').out)
    assert.same({ 0, '' }, { convert('json-to-xml', FEED, '--records', '/entry').status,
      convert('json-to-xml', FEED, '--records', '/entry').out })
    assert.matches(' 6 records, ',
      convert('json-to-xml', FEED, '--records', '//entry', '--stats').err)
  end)

  it('says where the whole is wrong, and wrote what was before', function()
    local function wrong(text, want, ...)
      local res = convert('json-to-xml', text, '--records', '//entry', ...)
      assert.equal(1, res.status)
      assert.equal(want, res.err:sub(1, #want))
      return res.out
    end
    assert.equal('<entry id="1.50"><entry>2</entry></entry>\n',
      wrong(FEED:gsub('"x"', 'x'), 'json: line 2, column 26: expected a value'))
    assert.equal('', wrong('{"a":\n {"entry":{"b":{"p:c":1}}}}',
      'json: line 2, column 11: the XML would not be well-formed'))
    wrong('{"entry":{"b":1,"@c":{}}}', 'json: line 1, column 22: ')
    for n = 0, #FEED - 2, 11 do
      assert.equal(1, convert('json-to-xml', FEED:sub(1, n), '--records', '/none').status, n)
    end
    assert.equal(2, convert('json-to-xml', FEED, '--records', '/feed', '--lines').status)
  end)

  it('bounds a record, and no document', function()
    local text = '[' .. ('{"b":"12345"},'):rep(1000) .. '{"b":""}]'
    assert.equal(0, convert('json-to-xml', text, '--records', '//b', '--input', '13').status)
    local res = convert('json-to-xml', text, '--records', '//b', '--input', '12')
    assert.equal(1, res.status)
    assert.matches('more than 12 bytes %(limit input%)', res.err)
  end)

  it('reads a pipe as it comes, in less memory than the document has', function()
    local fifo, out = folder .. '/json-pipe', folder .. '/entries'
    assert.equal(0, os.execute('mkfifo ' .. fifo))
    local pid = posix.spawn({ gate.program(), 'convert', 'json-to-xml', '--records', '/f/entry',
      fifo }, { stdout = out, stderr = folder .. '/said' })
    local pipe = assert(io.open(fifo, 'w'))
    pipe:write '{"f":{"entry":["first",{"@id":'
    pipe:flush()
    wait.eventually(function() return posix.read(out) == '<entry>first</entry>\n' end)
    pipe:write '2}'
    local many = (',\n{"@id":1,"name":"some & \\"more\\""}'):rep(20000)
    for _ = 1, 50 do pipe:write(many) end -- 37 MB
    pipe:flush()
    local peak = tonumber(posix.read('/proc/' .. pid .. '/status'):match 'VmHWM:%s*(%d+) kB')
    pipe:write ']}}'
    pipe:close()
    assert.equal('exit 0', wait.eventually(function() return posix.ended(pid) end, 20))
    local _, count = posix.read(out):gsub('\n', '')
    assert.equal(2 + 50 * 20000, count)
    if not sanitized() then assert(peak < 24 * 1024, peak .. ' KB') end
  end)
end)

describe('tidegate convert --lines', function()
  local function lines(text, ...) return convert('json-to-xml', text, '--lines', ...) end

  it('makes a document of each line', function()
    local text = '{"a":{"@id":1,"b":[1,2]}}\r\n\n{"c":"x y"}\n{"d":true}'
    assert.equal('<a id="1"><b>1</b><b>2</b></a>\n<c>x y</c>\n<d>true</d>\n', lines(text).out)
    assert.equal('', lines('').out)
    assert.matches(' 4 records, ', lines(text, '--stats').err)
  end)

  it('says which line is wrong, and wrote those before it', function()
    local res = lines '{"a":1}\n{"b":2}\n{"c":}\n{"d":4}\n'
    assert.equal(1, res.status)
    assert.equal('<a>1</a>\n<b>2</b>\n', res.out)
    assert.matches('^line 3: json: line 1, column 6: expected a value', res.err)
    assert.equal(2, convert('xml-to-json', '<a/>', '--lines').status)
  end)

  it('bounds a line, and no document', function()
    local text = ('{"a":"12345"}\n'):rep(1000)
    assert.equal(0, lines(text, '--input', '13').status)
    local res = lines(text, '--input', '12')
    assert.equal(1, res.status)
    assert.matches('more than 12 bytes %(limit input%)', res.err)
    res = lines('{"a":"' .. ('x'):rep(1000000), '--input', '4096')
    assert.equal(1, res.status)
    assert.matches('^line 1: .*limit input', res.err)
  end)

  it('reads a pipe as it comes, in little memory', function()
    local fifo, out = folder .. '/lines-pipe', folder .. '/documents'
    assert.equal(0, os.execute('mkfifo ' .. fifo))
    local pid = posix.spawn({ gate.program(), 'convert', 'json-to-xml', '--lines', fifo },
      { stdout = out, stderr = folder .. '/said' })
    local pipe = assert(io.open(fifo, 'w'))
    pipe:write '{"a":"first"}\n{"a":'
    pipe:flush()
    wait.eventually(function() return posix.read(out) == '<a>first</a>\n' end)
    pipe:write '"second"}\n'
    local many = ('{"entry":{"@id":1,"name":"some & more"}}\n'):rep(20000)
    for _ = 1, 40 do pipe:write(many) end
    pipe:flush()
    local peak = tonumber(posix.read('/proc/' .. pid .. '/status'):match 'VmHWM:%s*(%d+) kB')
    pipe:close()
    assert.equal('exit 0', wait.eventually(function() return posix.ended(pid) end, 20))
    local _, count = posix.read(out):gsub('\n', '')
    assert.equal(2 + 40 * 20000, count)
    if not sanitized() then assert(peak < 24 * 1024, peak .. ' KB') end
  end)
end)
