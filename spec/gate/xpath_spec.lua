local gate = require 'spec.support.gate'
local wait = require 'spec.support.wait'

local tide

-- One route that runs the Lua text of its request's header with tg and req.
setup(function()
  tide = gate.serve {
    script = [[
      local tg = require 'tidegate'
      return function(req)
        local lua = tg.unescape(req.headers['x-lua'])
        return assert(loadstring('local tg, req = ... ' .. lua, '=lua'))(tg, req)
      end]],
    site = { workers = 1, limits = { script_cpu = 10 } },
    expect_errors = { "event=script_error.*bad argument #%d to '%a+:%a+'" },
  }
end)

teardown(function() tide:stop() end)

local ORDER = '<order xmlns:p="urn:p" id="7"><item sku="a">1 &amp; 2</item>'
  .. '<item sku="b"><![CDATA[<3>]]></item><p:note lang="en">hi<!--c--> there</p:note></order>'

local function run(lua, body)
  local escaped = lua:gsub('[%c%%]', function(c) return ('%%%02X'):format(c:byte()) end)
  return tide:request { method = 'POST', path = '/', body = body or ORDER,
    headers = { ['x-lua'] = escaped } }
end

local function result(lua, body)
  return run('return tg.text(tostring(' .. lua .. '))', body).body
end

describe('XPath on a body', function()
  it('gives texts, numbers, truth and lists', function()
    assert.equal('7', result "req:xpath 'string(/order/@id)'")
    assert.equal('2', result "req:xpath 'count(//item)'")
    assert.equal('true', result "req:xpath '//item[2] = \"<3>\"'")
    assert.equal('["a","b"]', run "return req:xpath '//item/@sku'".body)
    assert.equal('["1 & 2","<3>"]', run "return req:xpath '//item/text()'".body)
    assert.equal('[]', run "return req:xpath '//none'".body)
    assert.equal('c', result "req:xpath '//comment()'[1]")
  end)

  it('takes prefixes from a table', function()
    assert.equal('hi there', result "req:xpath('/order/n:note', { n = 'urn:p' })[1]")
    local res = run "local note = req:xpath '/order/n:note' return note"
    assert.equal(500, res.status)
    wait.eventually(function()
      return tide.log():find 'reason="lua:1: bad argument[^\n]*a prefix that stands for no'
    end)
  end)

  it('knows a namespace whose name has an ampersand', function()
    local body = '<a xmlns:p="urn:a&amp;b&#38;#38;" xmlns="urn:c&#38;d"><p:x>1</p:x></a>'
    local same = '<a xmlns:p="urn:a&amp;b&amp;#38;" xmlns="urn:c&amp;d"><p:x>1</p:x></a>'
    assert.equal('1', result("req:xpath('string(//q:x)', { q = 'urn:a&b&#38;' })", body))
    assert.equal('urn:a&b&#38;', result("req:xpath '//*'[2]:namespace()", body))
    assert.equal('true', result("req:xpath 'namespace-uri(/*) = \"urn:c&d\"'", body))
    assert.equal(same, result("tg.xml.parse(req.body):xml()", body))
    assert.equal('<p:x xmlns:p="urn:a&amp;b&amp;#38;" xmlns="urn:c&amp;d">1</p:x>',
      result("req:xpath '//*'[2]:xml()", body))
    assert.equal('{"x": "1"}', run("return tg.text(req:to_json { select = '//q:x[1]', namespaces = "
      .. "'strip', xmlns_decl = 'drop', select_namespaces = { q = 'urn:a&b&#38;' } })", body).body)
  end)

  it('has elements as nodes', function()
    assert.equal('item a 1 & 2 nil', result [[(function()
      local n = req:xpath '//item'[1]
      return ('%s %s %s %s'):format(n:name(), n:attribute 'sku', n:text(), n:attribute 'x')
    end)()]])
    assert.equal('note p urn:p', result [[(function()
      local n = req:xpath '//*[@lang]'[1]
      return ('%s %s %s'):format(n:name(), n:prefix(), n:namespace())
    end)()]])
    assert.equal('b', result "req:xpath '/order'[1]:xpath 'string(item[2]/@sku)'")
    assert.equal('<3>b', run("local item = req:xpath '//item'[2]:value { namespaces = 'strip' } "
      .. "item = item.item " .. "return tg.text(item['#text'] .. item['@sku'])").body)
    assert.equal('<p:note xmlns:p="urn:p" lang="en">hi<!--c--> there</p:note>',
      result "req:xpath '//*[@lang]'[1]:xml()")
    assert.equal('<item xmlns:p="urn:p" sku="b"><![CDATA[<3>]]></item>',
      result "req:xpath '//item'[2]:xml()")
    assert.equal('order', result "req:xpath '/'[1]:xpath 'name(*)'")
  end)

  it('raises for what is no expression', function()
    for _, expression in ipairs { "'//['", "'nope()'", "'document(\"/etc/passwd\")'", "'$x'", "''",
      '3', "('x'):rep(5000)", "'a\\0b'" } do
      assert.equal(500, run('return req:xpath(' .. expression .. ')').status, expression)
    end
    assert.equal(500, run "return req:xpath('a', { [''] = 'urn:p' })".status)
    assert.equal(500, run "return req:xpath('a', { p = 1 }, { nope = 1 })".status)
  end)

  it('keeps the tree of a body, and many expressions', function()
    assert.equal('2000', result [[(function()
      local n = 0
      for i = 1, 1000 do
        n = n + req:xpath(('count(//item) + %d - %d'):format(i, i))
      end
      return n
    end)()]])
  end)

  it('answers for what is not XML', function()
    local res = run("return tg.try(req:xpath '/a')", '<a><b></a>')
    assert.equal(400, res.status)
    assert.matches('line 1, column', res.body)
    assert.equal(400, run("return tg.try(req:xpath '/a')",
      '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>').status)
    local limit = "local v, err = req:xpath('/a', nil, { elements = 2 }) return tg.text(%s)"
    assert.equal('elements', run(limit:format 'err.limit', '<a><b/><b/></a>').body)
    assert.equal('1', run(limit:format '#v', '<a><b/></a>').body)
  end)

  it('stops after so many operations', function()
    local lua = [[local doc = tg.xml.parse(req.body, { operations = %d })
      local v, err = doc:xpath 'count(//*)'
      return tg.text(err and err.limit or tostring(v))]]
    local least
    for n = 1, 200 do
      local said = run(lua:format(n)).body
      if said ~= 'operations' then least = n assert.equal('4', said) break end
    end
    assert(least and least > 1)
  end)

  it('reads as deep as libxml2 does', function()
    local function deep(n) return ('<a>'):rep(n) .. ('</a>'):rep(n) end
    local lua = "local v, err = req:xpath('count(//a)', nil, { depth = 1000 }) " ..
      "return tg.text(err and err.limit or tostring(v))"
    assert.equal('256', run(lua, deep(256)).body)
    assert.equal('depth', run(lua, deep(257)).body)
  end)

  it('counts the tree as memory', function()
    local res = run("return tg.try(req:xpath '/a')",
      '<a>' .. ('<b c="" d=""/>'):rep(200000) .. '</a>')
    assert.equal(413, res.status)
    assert.matches('limit memory', res.body)
    local lua = [[for _ = 1, 100 do
        local doc = tg.xml.parse(req.body)
        doc:set('//b', 'x')
      end
      return tg.text 'done']]
    assert.equal('done', run(lua, '<a>' .. ('<b c=""/>'):rep(2000) .. '</a>').body)
  end)
end)

describe('a document', function()
  local function edited(lua, body)
    local edit = '(function() local doc = tg.xml.parse(req.body) %s return doc end)()'
    return result(edit:format(lua), body)
  end

  it('is written as it was', function()
    assert.equal(ORDER, edited '')
    assert.equal('<?xml version="1.0" encoding="UTF-8"?>\n<a>é</a>',
      result("tg.xml.parse(req.body):xml { declaration = true }", '<a>&#233;</a>'))
    assert.equal('<a b="&lt;&amp;&quot;"/>', edited('', "<a b='&lt;&amp;\"'/>"))
  end)

  it('has texts and attributes set', function()
    assert.equal('<a x="&lt;2"><b>3 &amp; 4</b><b>3 &amp; 4</b></a>', edited(
      "assert(doc:set('/a/@x', '<2') == 1) assert(doc:set('//b', '3 & 4') == 2)",
      '<a x="1"><b><c/>1</b><b/></a>'))
    assert.equal('<a>true<b/>7</a>', edited(
      "doc:set('/a/text()[1]', true) doc:set('/a/text()[2]', 7)", '<a>x<b/>y</a>'))
    assert.equal('<a/>', edited("doc:set('/a', '')", '<a>x</a>'))
    assert.equal('<a/>', edited("assert(doc:set('/x', 1) == 0)", '<a/>'))
  end)

  it('has nodes removed', function()
    assert.equal('<a><d/></a>', edited(
      "assert(doc:remove '//b' == 2) assert(doc:remove '//@x' == 1)",
      '<a><b><b/></b><d x="1"/></a>'))
    assert.equal('1', edited("local all = doc:xpath '//item' doc:remove '//item' "
      .. "doc = all[1]:attribute 'n'", '<a><item n="1"/></a>'))
  end)

  it('refuses what would not be a document', function()
    for _, lua in ipairs { "doc:remove '/*'", "doc:remove '/'", "doc:set('/a', '\\1')",
      "doc:set('/a', '\\255')", "doc:set('//namespace::*', 'x')", "doc:set('1', 'x')",
      "doc:set('//comment()', 'a--b')", "doc:set('/a', {})" } do
      assert.equal(500, run('local doc = tg.xml.parse(req.body) ' .. lua, '<a><!--x--></a>').status,
        lua)
    end
  end)

  it('lives as long as its nodes', function()
    assert.equal('x', result([[(function()
      local node
      for _ = 1, 50 do node = tg.xml.parse(req.body):xpath '/a/b'[1] end
      local waste = {}
      for i = 1, 1e5 do waste[i % 100] = { i } end
      return node:xpath 'string(.)'
    end)()]], '<a><b>x</b></a>'))
  end)
end)
