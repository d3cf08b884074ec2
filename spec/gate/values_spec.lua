local serve = require('spec.support.script').threads(1)

-- What a script makes of a body.
local function through(script, body, more)
  local tide = serve(script)
  local res = tide:request { method = 'POST', path = '/', body = body or '', headers = more }
  tide:stop()
  return res.body, res
end

describe('JSON from the client through a script and back', function()
  local BACK = 'return function(req) return tg.json(tg.try(req:json { ordered = true })) end'
  it('comes out as it went in', function()
    local tide = serve(BACK)
    for _, text in ipairs { '{}', '[]', '[[],{}]', 'null', 'true', 'false', '""', '0', '-1', '1.5',
      '[null,false,0,""]',
      '{"z":1,"a":{"y":[],"b":{}},"m":[1,[2,[3]]]}', '12345678901234567890',
        '[0.1,1e-07,9007199254740993,1.1,1e+23]',
      '"\\"\\\\\\u0000\\n\\u001f ä€🌊"', '{"a b":1,"":2,"ä":3}', '9007199254740992', '-0.5' } do
      assert.equal(text, tide:post('/', text).body)
    end
    tide:stop()
  end)

  it('is read strictly', function()
    local tide = serve(BACK)
    for _, text in ipairs { '', ' ', '{', '[1,]', '{"a":1,}', "{'a':1}", '{a:1}', 'NaN',
      'Infinity', '01', '1.', '.5', '+1', '1e',
      '"\n"', '"\\x"', '"\\ud800"', '"\255"', '[1] x', 'nul', '//x\n1',
        ('['):rep(257) .. (']'):rep(257), '\239\187\191{}', '"\t"' } do
      local status = tide:post('/', text).status
      assert.is_true(status == 400 or status == 413, ('%q gave %d'):format(text, status))
    end
    assert.equal(200, tide:post('/', ('['):rep(256) .. (']'):rep(256)).status)
    tide:stop()
  end)
end)

describe('a value', function()
  it('has a null, and arrays that stay arrays', function()
    local body = through [[
      return function()
        return tg.json.encode({ a = tg.null, b = tg.array(), c = {}, d = tg.array { 1, 2 },
          e = tg.json.decode '[]', f = tg.json.decode 'null' == tg.null, g = tg.null == nil },
            { sorted = true })
      end]]
    assert.equal('{"a":null,"b":[],"c":{},"d":[1,2],"e":[],"f":true,"g":false}', body)
  end)

  it('keeps the order of its members when it is ordered', function()
    assert.equal('{"z":1,"a":2,"m":{"y":1,"b":2},"n":3} z a m n 1', (through [[
      return function()
        local o = tg.ordered { { 'z', 1 }, { 'a', 2 }, { 'm', tg.ordered { { 'y', 1 }, { 'b',
          2 } } } }
        o.n = 3
        local names = {}
        for name in pairs(o) do names[#names + 1] = name end
        return tg.json.encode(o) .. ' ' .. table.concat(names, ' ') .. ' ' .. o.z
      end]]))
  end)

  it('takes JSON text unread, which must be JSON', function()
    assert.equal('{"a":[1, 2.50,{"b":null}]} false true', (through [[
      return function()
        local bad, reason = pcall(tg.raw, '{"a":')
        return tg.json.encode { a = tg.raw '[1, 2.50,{"b":null}]' } .. ' ' .. tostring(bad) ..
          ' ' .. tostring(reason:find 'json' ~= nil)
      end]]))
  end)

  it('keeps the digits of numbers that a double can not hold', function()
    assert.equal('12345678901234567890 id 12345678901234567890 number ' ..
      '12345678901234567168 {"n":12345678901234567890}',
      (through([[
      return function(req)
        local n = req:json().n
        return tostring(n) .. ' id ' .. n .. ' ' .. type(tonumber(n)) .. ' ' ..
          ('%.0f'):format(tonumber(n)) .. ' ' ..
          tg.json.encode { n = n }
      end]], '{"n":12345678901234567890}')))
  end)

  it('that can not be encoded raises with its place', function()
    local body = through [[
      return function()
        local out, loop = {}, {}
        loop.a = { loop }
        for i, value in ipairs { { items = { 1, 2, { fn = print } } }, loop, { 1, x = 2 },
          { [1.5] = 1 }, { [3] = 1 },
          { a = 0 / 0 }, { a = 1 / 0 }, { a = '\255' }, coroutine.create(function() end) } do
          out[i] = select(2, pcall(tg.json.encode, value))
        end
        return out
      end]]
    local said = require 'cjson'.decode(body)
    assert.equal(9, #said)
    assert.matches('%.items%[3%]%.fn: a function', said[1])
    for i, text in ipairs(said) do assert.matches('cannot encode', text, i) end
  end)
end)

describe('XML', function()
  it('becomes values and JSON by the convention of the docs', function()
    local tide = serve [[
      return function(req)
        local opts = {}
        for name, value in pairs(req.query) do opts[name] = value end
        if opts.force_array then opts.force_array = { opts.force_array } end
        if opts.empty == 'null' then opts.empty = tg.null end
        local value, text = tg.try(tg.xml.decode(req.body, opts)),
          tg.try(tg.convert.xml_to_json(req.body, opts))
        local again = tg.json.encode(tg.json.decode(text), { sorted = true })
        assert(tg.json.encode(value, { sorted = true }) == again, text)
        return again
      end]]
    local xsi = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
    for _, case in ipairs {
      { '<a>x</a>', '{"a":"x"}' }, { '<a/>', '{"a":""}' }, { '<a></a>', '{"a":""}' },
      { '<a id="1">x</a>', '{"a":{"#text":"x","@id":"1"}}' },
      { '<a><b>1</b><b>2</b></a>', '{"a":{"b":["1","2"]}}' },
      { '<a><b>1</b><c/><b>2</b></a>', '{"a":{"b":["1","2"],"c":""}}' },
      { '<a' .. xsi .. '/>', '{"a":null}', '/?namespaces=strip' },
      { '<a>x<b>y</b>z</a>', '{"a":{"#text":"xz","b":"y"}}' },
      { '<a><![CDATA[<&]]>&lt;&#228;</a>', '{"a":"<&<ä"}' },
      { '<a>007</a>', '{"a":"007"}' }, { '<?xml version="1.0"?><!-- c --><a> <?p i?> </a>',
        '{"a":""}' },
      { '<p:a xmlns:p="urn:p" p:x="1"/>', '{"p:a":{"@p:x":"1","@xmlns:p":"urn:p"}}' },
      { '<p:a xmlns:p="urn:p" p:x="1"/>', '{"a":{"@x":"1"}}', '/?namespaces=strip' },
      { '<o><l>1</l></o>', '{"o":{"l":["1"]}}', '/?force_array=//l' },
      { '<o><l>1</l></o>', '{"o":{"l":["1"]}}', '/?force_array=/o/l' },
      { '<o><l>1</l></o>', '{"o":{"l":"1"}}', '/?force_array=/l' },
      { '<a><b/></a>', '{"a":{"b":null}}', '/?empty=null' },
    } do
      assert.equal(case[2], tide:post(case[3] or '/', case[1]).body, case[1])
    end
    tide:stop()
  end)

  it('that is wrong is an error with its place', function()
    local body = through([[
      return function(req)
        local value, err = tg.xml.decode(req.body)
        local text, again = tg.convert.xml_to_json(req.body)
        return { value == nil, text == nil, err.code, err.line, err.column, err.http,
          tostring(again) == tostring(err) }
      end]], '<a>\n <b x="1" x="2"/></a>')
    local said = require 'cjson'.decode(body)
    assert.same({ true, true, 'parse', 2 }, { said[1], said[2], said[3], said[4] })
    assert.is_true(said[5] > 1 and said[7])
    assert.equal(500, said[6])
  end)
end)

describe('text', function()
  it('is escaped and decoded', function()
    local body = through [[
      return function()
        local all = {}
        for i = 0, 255 do all[i + 1] = string.char(i) end
        all = table.concat(all)
        assert(tg.unescape(tg.escape(all)) == all)
        assert(tg.base64.decode(tg.base64.encode(all)) == all)
        assert(tg.base64.decode(tg.base64.encode(all, { url = true }), { url = true }) == all)
        local nothing, err = tg.base64.decode 'a?b='
        return { tg.escape 'a/b?c d&ä+%.~-_', tg.escape '..', tg.unescape '%C3%A4%2F+%zz%',
          tg.base64.encode 'a', tg.base64.encode('\251\255', { url = true }), tg.base64.encode('a',
            { pad = false }),
          tg.base64.encode('a', { url = true, pad = true }), nothing == nil, err.code,
            tg.base64.encode '' }
      end]]
    assert.same({ 'a%2Fb%3Fc%20d%26%C3%A4%2B%25.~-_', '%2E%2E', 'ä/+%zz%', 'YQ==', '-_8', 'YQ',
      'YQ==', true, 'parse', '' },
      require 'cjson'.decode(body))
  end)

  it('has digests', function()
    local body = through([[
      return function(req)
        local h = tg.hash
        return { h.md5(req.body), h.sha1(req.body), h.sha256(req.body), #h.sha384(req.body),
          #h.sha512(req.body),
          h.sha256(req.body, { format = 'base64' }), #h.sha256(req.body, { format = 'raw' }),
          h.hmac('sha256', 'key', 'The quick brown fox jumps over the lazy dog'),
          h.equal('abc', 'abc'), h.equal('abc', 'abd'), h.equal('abc', 'ab'), (pcall(h.hmac,
            'sha3', 'k', 'x')) }
      end]], 'abc')
    assert.same({ '900150983cd24fb0d6963f7d28e17f72', 'a9993e364706816aba3e25717850c26c9cd0d89d',
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 96, 128,
      'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=', 32,
      'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8', true, false, false,
        false },
      require 'cjson'.decode(body))
  end)
end)

describe('time and ids', function()
  it('are those of now, and never the same', function()
    local before = os.time()
    local said = require 'cjson'.decode((through [[
      return function()
        local seen, same = {}, 0
        for _ = 1, 1000 do
          local id = tg.uuid()
          assert(#id == 36 and id:find '^%x+%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x+$' and
            #id:match '^%x+' == 8, id)
          if seen[id] then same = same + 1 end
          seen[id] = true
        end
        return { tg.time(), os.time(), same, tg.time() % 1 ~= 0 or tg.time() % 1 ~= 0 }
      end]]))
    assert.is_true(said[1] >= before and said[1] <= os.time() + 1)
    assert.is_true(math.abs(said[1] - said[2]) < 2)
    assert.same({ 0, true }, { said[3], said[4] })
  end)
end)
