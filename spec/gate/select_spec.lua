-- The option select: an XPath names the part of a document that is converted.
local gate = require 'spec.support.gate'

local XML = '<s:E xmlns:s="urn:s" xmlns="urn:d"><s:B>' ..
  '<order id="1"><item>a &amp; b</item></order>' ..
  '<order id="2"/></s:B><note>x</note></s:E>'

local tide

setup(function()
  tide = gate.serve {
    script = [[
      local tg = require 'tidegate'
      local options = {
        first = { select = '//d:order', select_namespaces = { d = 'urn:d' } },
        second = { select = '/*/*/d:order[@id = 2]', select_namespaces = { d = 'urn:d' },
          xmlns_decl = 'drop' },
        list = { select = '//*[local-name() = "order"]', namespaces = 'strip',
          force_array = { '/order/item' } },
        any = { select = '//d:note | //d:order/@id | //@id', select_namespaces = { d = 'urn:d' },
          numbers = 'safe', namespaces = 'strip' },
        none = { select = '//nothing' },
        text = { select = 'string(/*)' },
        unbound = { select = '//u:x' },
        wrong = { select = '//[' },
        deep = { select = '/*', depth = 2 },
        small = { select = '/*', input = 64 },
      }
      return function(req)
        local opts = options[req.query.how]
        if req.query.as == 'value' then
          return tg.text(tg.json.encode(tg.try(req:xml(opts)), { sorted = true }))
        end
        return tg.text(tg.try(req:to_json(opts)))
      end]],
    site = { workers = 1 },
    expect_errors = { 'event=script_error' },
  }
end)

teardown(function() tide:stop() end)

local function ask(how, body)
  local res = tide:post('/?how=' .. how, body or XML)
  return res.body:gsub('": ', '":'), res.status
end

describe('select', function()
  local function expect(json, how, sorted)
    assert.equal(json, (ask(how)))
    assert.equal(sorted or json, (ask(how .. '&as=value')))
  end

  it('takes the first element as the document', function()
    expect('{"order":{"@xmlns":"urn:d","@xmlns:s":"urn:s","@id":"1","item":"a & b"}}', 'first',
      '{"order":{"@id":"1","@xmlns":"urn:d","@xmlns:s":"urn:s","item":"a & b"}}')
    expect('{"order":{"@id":"2"}}', 'second')
    expect('{"order":{"@id":"1","item":["a & b"]}}', 'list')
    expect('{"note":"x"}', 'any')
  end)

  it('refuses a document without one', function()
    for _, how in ipairs { 'none', 'text', 'none&as=value' } do
      local body, status = ask(how)
      assert.equal(400, status)
      assert.matches('select gives no element', body)
    end
    local body, status = ask('unbound')
    assert.equal(400, status)
    assert.matches('a prefix that stands for no namespace', body)
  end)

  it('refuses what the scanner refuses', function()
    assert.equal(400, select(2, ask('first', XML:sub(1, 100))))
    local body, status = ask('deep')
    assert.equal(413, status)
    assert.matches('limit depth', body)
    assert.equal(413, select(2, ask('small')))
    assert.equal(413, select(2, ask('small&as=value')))
  end)

  it('is an expression, or the script is wrong', function()
    assert.equal(500, select(2, ask('wrong')))
    tide:await_log 'select is an expression of XPath 1.0'
  end)

  it('goes on beside the loop when the document is big', function()
    local big = '<a>' .. ('<b>1</b>'):rep(40000) .. '<c xmlns="urn:d" id="7"><order/></c></a>'
    assert.equal('{"order":{"@xmlns":"urn:d"}}', (ask('first', big)))
  end)
end)
