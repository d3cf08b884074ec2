local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local serve = require('spec.support.script').threads(1)

-- What a script answers to one request.
local function answer(script, req, more)
  local tide = serve(script, more)
  local res = tide:request(req)
  tide:stop()
  return res
end

describe('a request', function()
  it('tells what was asked', function()
    local res = answer([[
      return function(req)
        return { req.method, req.path, req.raw_path, req.host, req.scheme, req.version,
          req.params.path, req.body }
      end]], { method = 'PUT', path = '/a/../b%2f%7E/%C3%A9?q=1', headers = { host = 'shop:81' },
        body = 'x' })
    assert.same({ 'PUT', '/b%2F~/%C3%A9', '/a/../b%2f%7E/%C3%A9', 'shop:81', 'http', '1.1',
      'b%2F~/é', 'x' }, res:json())
  end)

  it('of HTTP/1.0 says so', function()
    local res = answer('return function(req) return req.version end',
      { path = '/', version = 'HTTP/1.0' })
    assert.equal('1.0', res.body)
  end)

  it('has parameters by the names of the pattern, decoded', function()
    local tide = gate.serve { routes = { { 'GET /c/{id}/{rest...}', 'a.lua' } },
      scripts = { ['a.lua'] =
        'return function(req) return { p = req.params, none = req.params.none == nil } end' } }
    assert.same({ p = { id = 'a b/c', rest = 'd e/f%2Fg/' }, none = true },
      tide:get('/c/a%20b%2Fc/d%20e/f%2fg/'):json())
    tide:stop()
  end)

  it('can not be changed, and says where', function()
    local res = answer([[
      return function(req)
        local out = {}
        for i, change in ipairs { function() req.method = 'X' end, function() req.vars = {} end,
          function() req.none = 1 end, function() req.headers.x = 1 end,
            function() req.query.x = 1 end } do
          out[i] = select(2, pcall(change))
        end
        return out
      end]], { path = '/' })
    local said = res:json()
    assert.matches('main%.lua:4: req%.method can\'t be set; .*req%.vars', said[1])
    assert.matches('req%.vars can\'t be set', said[2])
    assert.matches('req%.none can\'t be set', said[3])
    assert.matches('what was received can\'t be changed', said[4])
    assert.matches('what was received can\'t be changed', said[5])
  end)

  it('has no fields but those that are documented', function()
    assert.equal('nil nil nil', answer([[
      return function(req) return tostring(req.cookie) .. ' ' .. tostring(req[1]) .. ' ' ..
        tostring(getmetatable(req) ~= 'request' or nil) end]], { path = '/' }).body)
  end)

  it('has a table that scripts of one route share, and no other request sees', function()
    local tide = gate.serve { routes = { { 'GET /', 'b.lua', before = { 'a.lua' } } }, scripts = {
      ['a.lua'] = 'return function(req) req.vars.n = (req.vars.n or 0) + 1 end',
      ['b.lua'] = 'return function(req) return tostring(req.vars.n) end' }, site = { workers = 1 } }
    for _ = 1, 3 do assert.equal('1', tide:get('/').body) end
    tide:stop()
  end)

  it('gives the second argument: the table of the route with its settings', function()
    local tide = gate.serve { routes = { { 'GET /{x}', 'a.lua', timeout = '5s',
      settings = { list = { 1, 'two', true }, deep = { x = 1.5 }, text = 'a\n"b"\\' } } },
      scripts = { ['a.lua'] =
        'return function(_, r) return { r[1], r[2], r.timeout, r.settings } end' } }
    assert.same({ 'GET /{x}', 'a.lua', '5s', { list = { 1, 'two', true }, deep = { x = 1.5 },
      text = 'a\n"b"\\' } },
      tide:get('/1'):json())
    tide:stop()
  end)

  it('can not be read when it is over', function()
    local tide = serve [[
      local kept, headers, query
      return function(req)
        if req.path == '/keep' then
          kept, headers, query = req, req.headers, req.query
          return 'kept'
        end
        local out = {}
        for _, f in ipairs { function() return kept.path end, function() return kept:json() end,
          function() return headers.host end, function() return headers:all 'host' end,
          function() for _ in pairs(query) do break end end, function() return kept.params end,
          function() return kept:remaining() end } do
          out[#out + 1] = select(2, pcall(f))
        end
        return out
      end]]
    tide:get('/keep?a=1')
    local said = tide:get('/'):json()
    assert.equal(7, #said)
    for _, text in ipairs(said) do assert.matches("main%.lua:%d+: the request is over", text) end
    tide:stop()
  end)
end)

describe('the headers of a request', function()
  it('are found whatever the case, joined when repeated, and listed by all', function()
    local res = answer([[
      return function(req)
        local h = req.headers
        return { h.accept, h.ACCEPT, h['x-one'], h:all 'X-One', h.none == nil, h:all 'none',
          h['set-cookie'], h:all 'set-cookie', h.host, h[1] == nil }
      end]], { path = '/', headers = { { 'Accept', 'a/b' }, { 'X-One', '1' }, { 'x-one', '2, 3' },
      { 'X-ONE', '' }, { 'Set-Cookie', 'a=1, x' }, { 'set-cookie', 'b=2' } } })
    assert.same({ 'a/b', 'a/b', '1, 2, 3, ', { '1', '2, 3', '' }, true, {}, 'a=1, x',
      { 'a=1, x', 'b=2' }, 'gate', true }, res:json())
  end)

  it('have values without the white space around them', function()
    local res = answer([[
      return function(req)
        return { req.headers.x, req.headers.y, req.host }
      end]], { path = '/', headers = { { 'Host', ' \tgate \t' }, { 'X', '\t a \t b \t ' },
      { 'Y', ' \t' } } })
    assert.same({ 'a \t b', '', 'gate' }, res:json())
  end)

  it('come in the order in which they were sent, each name once', function()
    local res = answer([[
      return function(req)
        local out = {}
        for name, value in pairs(req.headers) do out[#out + 1] = name .. '=' .. value end
        return out
      end]], { path = '/', headers = { { 'Z', '1' }, { 'host', 'gate' }, { 'B', '2' }, { 'z',
        '3' }, { 'A', '4' } } })
    local seen = {}
    for _, text in ipairs(res:json()) do
      if text:sub(1, 4) ~= 'host' then seen[#seen + 1] = text end
    end
    assert.same({ 'z=1, 3', 'b=2', 'a=4' }, seen)
  end)

  it('are encoded as JSON', function()
    local res = answer('return function(req) return { h = req.headers, q = req.query } end',
      { path = '/?a=1&a=2&b', headers = { ['x-y'] = 'z' } })
    assert.equal('z', res:json().h['x-y'])
    assert.same({ a = '1', b = '' }, res:json().q)
  end)
end)

describe('the query', function()
  it('gives the first value of a name, decoded, and all of them', function()
    local res = answer([[
      return function(req)
        local q = req.query
        local order = {}
        for name, value in pairs(q) do order[#order + 1] = name .. '=' .. value end
        return { q.a, q:all 'a', q.plus, q['ä'], q.empty, q.bare, q.none == nil, q.A == nil,
          q.broken,
          q.eq, q['']  == nil, order }
      end]], { path = '/?a=1&&plus=x+y%2B&a=2&%C3%A4=%E2%82%AC&empty=&bare&broken=%4&eq=1=2&a=' })
    assert.same({ '1', { '1', '2', '' }, 'x y+', '€', '', '', true, true, '%4', '1=2', true,
      { 'a=1', 'plus=x y+', 'ä=€', 'empty=', 'bare=', 'broken=%4', 'eq=1=2' } }, res:json())
  end)

  it('may have a parameter named all', function()
    local res =
      answer([[return function(req) return { req.query:all 'all', type(req.query.all) } end]],
      { path = '/?all=1&all=2' })
    assert.same({ { '1', '2' }, 'function' }, res:json())
  end)

  it('is empty when there is none', function()
    assert.equal('nil 0', answer([[return function(req)
      return tostring(req.query.a) .. ' ' .. #req.query:all 'a' end]], { path = '/?' }).body)
  end)
end)

describe('the cookies', function()
  it('are given by name, decoded', function()
    local res = answer('return function(req) return req.cookies end', { path = '/', headers = {
      { 'Cookie', 'a=1; b="two"; c=%20x; bad; d=; =v;e=1=2' }, { 'cookie', 'f=7' } } })
    assert.same({ a = '1', b = 'two', c = ' x', d = '', e = '1=2', f = '7' }, res:json())
  end)
end)

describe('the body', function()
  local tide
  setup(function() tide =
    serve 'return function(req) return #req.body .. " " .. tg.hash.md5(req.body) end' end)
  teardown(function() tide:stop() end)
  local md5 = { [''] = 'd41d8cd98f00b204e9800998ecf8427e',
    abc = '900150983cd24fb0d6963f7d28e17f72' }

  it('comes by length, in chunks or not at all', function()
    assert.equal('3 ' .. md5.abc, tide:post('/', 'abc').body)
    assert.equal('0 ' .. md5[''], tide:post('/', '').body)
    assert.equal('0 ' .. md5[''], tide:get('/').body)
    local chunked = { method = 'POST', path = '/', headers = { ['transfer-encoding'] = 'chunked' },
      body = http.chunked { 'a', 'bc' } }
    assert.equal('3 ' .. md5.abc, tide:request(chunked).body)
    chunked.body = http.chunked {}
    assert.equal('0 ' .. md5[''], tide:request(chunked).body)
  end)

  it('comes whole when it is large and has any bytes', function()
    local all = {}
    for i = 0, 255 do all[i + 1] = string.char(i) end
    local body = table.concat(all):rep(4096)
    local res = tide:post('/', body)
    assert.matches('^1048576 ', res.body)
    local parts = {}
    for i = 1, 16 do parts[i] = body:sub((i - 1) * 65536 + 1, i * 65536) end
    local again = tide:request { method = 'POST', path = '/',
      headers = { ['transfer-encoding'] = 'chunked' }, body = http.chunked(parts) }
    assert.equal(res.body, again.body)
  end)

  it('comes after 100 Continue to who waits for it', function()
    local connection = tide:connect()
    connection:send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n' ..
      'expect: 100-continue\r\n\r\n')
    connection:send 'abc'
    local res = connection:receive()
    assert.equal(100, res.interim[1].status)
    assert.equal('3 ' .. md5.abc, res.body)
    connection:close()
  end)
end)

describe('limits.body', function()
  it('lets n bytes pass and answers n + 1 with 413', function()
    local tide = serve('return function(req) return tostring(#req.body) end',
      { site = { workers = 1, limits = { body = 1000 } } })
    local function chunked(n)
      return tide:request { method = 'POST', path = '/',
        headers = { ['transfer-encoding'] = 'chunked' },
        body = http.chunked { ('x'):rep(n) } }
    end
    assert.equal('1000', tide:post('/', ('x'):rep(1000)).body)
    local res = tide:post('/', ('x'):rep(1001))
    assert.equal(413, res.status)
    assert.equal('application/problem+json', res.headers['content-type'])
    assert.same({ 413, 'Content Too Large' }, { res:json().status, res:json().title })
    assert.equal('1000', chunked(1000).body)
    assert.equal(413, chunked(1001).status)
    assert.equal('3', tide:post('/', 'abc').body)
    tide:stop()
  end)

  it('is 8 MB', function()
    local tide = serve 'return function(req) return tostring(#req.body) end'
    assert.equal('8388608', tide:post('/', ('x'):rep(8388608)).body)
    assert.equal(413, tide:post('/', ('x'):rep(8388609)).status)
    tide:stop()
  end)

  it('may be 0', function()
    local tide = serve('return function(req) return tostring(#req.body) end',
      { site = { workers = 1, limits = { body = 0 } } })
    assert.equal('0', tide:post('/', '').body)
    assert.equal('0', tide:get('/').body)
    assert.equal(413, tide:post('/', 'x').status)
    tide:stop()
  end)
end)

describe('req:json', function()
  local tide
  setup(function()
    tide = serve [[
      return function(req)
        local how = req.query.how
        if how == 'try' then return { got = tg.try(req:json()) } end
        if how == 'ordered' then return tg.json(tg.try(req:json { ordered = true })) end
        if how == 'depth' then return tg.json(tg.try(req:json { depth = 2 })) end
        local value, err = req:json()
        if err then return { code = err.code, http = err.http, line = err.line,
          column = err.column, text = tostring(err) } end
        return { null = value == tg.null, no = value == false, value = value }
      end]]
  end)
  teardown(function() tide:stop() end)

  it('gives the value, with null and false', function()
    assert.same({ a = { 1, 'x' } }, tide:post('/', '{"a":[1,"x"]}'):json().value)
    assert.is_true(tide:post('/', 'null'):json().null)
    assert.is_true(tide:post('/', 'false'):json().no)
    assert.equal('{"z":1,"a":[],"n":12345678901234567890}',
      tide:post('/?how=ordered', '{"z":1, "a":[], "n":12345678901234567890}').body)
  end)

  it('gives an error with the place', function()
    local err = tide:post('/', '{"a":\n  nul}'):json()
    assert.same({ 'parse', 400, 2 }, { err.code, err.http, err.line })
    assert.matches('json: line 2, column %d', err.text)
    assert.equal('parse', tide:post('/', ''):json().code)
  end)

  it('answers 400 with the place when nobody catches it, and 413 for a limit', function()
    local res = tide:post('/?how=try', '[1,\n2')
    assert.equal(400, res.status)
    assert.equal('parse', res:json().code)
    assert.matches('line 2, column', res:json().detail)
    assert.equal(200, tide:post('/?how=depth', '[[1]]').status)
    res = tide:post('/?how=depth', '[[[1]]]')
    assert.equal(413, res.status)
    assert.matches('depth', res:json().detail)
  end)
end)

describe('req:xml and req:to_json', function()
  local tide
  setup(function()
    tide = serve [[
      return function(req)
        local q = req.query
        local opts = q.strip and { namespaces = 'strip', force_array = { '/a/b' } } or
          q.elements and { elements = tonumber(q.elements) } or nil
        if q.text then return tg.try(req:to_json(opts)) end
        if q.wrong then return tostring(select(2, pcall(req.xml, req, { namespace = 'strip' }))) end
        return tg.json(tg.try(req:xml(opts)))
      end]]
  end)
  teardown(function() tide:stop() end)
  local doc = '<p:a xmlns:p="urn:p" id="007"><p:b>1</p:b></p:a>'

  it('give the same by the convention', function()
    local want = { ['p:a'] = { ['@xmlns:p'] = 'urn:p', ['@id'] = '007', ['p:b'] = '1' } }
    assert.same(want, tide:post('/', doc):json())
    assert.same(want, tide:post('/?text=1', doc):json())
    want = { a = { ['@id'] = '007', b = { '1' } } }
    assert.same(want, tide:post('/?strip=1', doc):json())
    assert.same(want, tide:post('/?strip=1&text=1', doc):json())
  end)

  it('answer 400 with the place to what is not XML, and 413 for a limit', function()
    for _, query in ipairs { '/', '/?text=1' } do
      local res = tide:post(query, '<a>\n<b></a>')
      assert.equal(400, res.status)
      assert.matches('xml: line 2, column %d+: ', res:json().detail)
      assert.equal(400, tide:post(query, '<!DOCTYPE a><a/>').status)
      assert.equal(400, tide:post(query, '').status)
    end
    for _, query in ipairs { '/?elements=2', '/?elements=2&text=1' } do
      assert.equal(200, tide:post(query, '<a><b/></a>').status)
      local res = tide:post(query, '<a><b/><b/></a>')
      assert.equal(413, res.status)
      assert.matches('elements', res:json().detail)
    end
  end)

  it('name a wrong option and the nearest right one', function()
    assert.matches("'namespace'.*'namespaces'", tide:post('/?wrong=1', doc).body)
  end)
end)

describe('req:form', function()
  it('gives the pairs of a form, and 415 to other bodies', function()
    local tide = serve [[
      return function(req)
        local form = tg.try(req:form())
        return { form.a, form:all 'a', form.b, form.none == nil }
      end]]
    local function post(type, body) return tide:post('/', body, { ['content-type'] = type }) end
    local want = { '1 x', { '1 x', '2' }, 'ä', true }
    assert.same(want, post('application/x-www-form-urlencoded', 'a=1+x&b=%C3%A4&a=2'):json())
    assert.same(want, post('Application/X-WWW-Form-Urlencoded; charset=utf-8',
      'a=1+x&b=%C3%A4&a=2'):json())
    local res = post('application/json', '{}')
    assert.same({ 415, 'parse' }, { res.status, res:json().code })
    assert.equal(415, tide:post('/', 'a=1').status)
    assert.equal(415, post('application/x-www-form-urlencodedx', 'a=1').status)
    tide:stop()
  end)
end)

describe('the client', function()
  local SCRIPT = 'return function(req) return req.client.address .. " " .. req.client.port end'
  local function ask(trusted, headers)
    local tide = serve(SCRIPT, { site = { workers = 1, trusted = trusted } })
    local body = tide:get('/', headers).body
    tide:stop()
    return body
  end

  it('is the peer, whatever it says itself', function()
    local body = ask(nil, { ['x-forwarded-for'] = '1.2.3.4', forwarded = 'for=1.2.3.4' })
    assert.matches('^127%.0%.0%.1 %d+$', body)
    assert.is_true(tonumber(body:match '%d+$') > 1023)
    assert.matches('^127%.0%.0%.1 %d+$', ask({ '10.0.0.0/8' }, { ['x-forwarded-for'] = '1.2.3.4' }))
  end)

  it('is whom trusted peers name, seen from the nearest', function()
    local trusted = { '127.0.0.0/8', '10.0.0.0/8', 'fd00::/8' }
    for _, case in ipairs {
      { '1.2.3.4', '1.2.3.4 0' },
      { '6.6.6.6, 1.2.3.4', '1.2.3.4 0' },
      { '6.6.6.6, 1.2.3.4, 10.1.1.1', '1.2.3.4 0' },
      { '6.6.6.6,1.2.3.4 ,\t10.1.1.1,10.2.2.2', '1.2.3.4 0' },
      { '10.9.9.9', '10.9.9.9 0' },
      { '2001:db8::1', '2001:db8::1 0' },
      { '2001:db8::1, fd00::5', '2001:db8::1 0' },
      { '6.6.6.6, nonsense, 10.1.1.1', '10.1.1.1 0' },
      { '6.6.6.6, 999.1.1.1', '127.0.0.1' }, { '', '127.0.0.1' }, { ',', '127.0.0.1' },
      { '6.6.6.6, 1.2.3.4:80', '127.0.0.1' }, { '6.6.6.6, ', '127.0.0.1' },
    } do
      local body = ask(trusted, { ['x-forwarded-for'] = case[1] })
      assert.equal(case[2], case[2]:find ' ' and body or body:match '^%S+', case[1])
    end
  end)

  it('is found over several fields, the last of which is the nearest', function()
    assert.equal('1.2.3.4 0', ask({ '127.0.0.1', '10.0.0.0/8' },
      { { 'X-Forwarded-For', '6.6.6.6' }, { 'x-forwarded-for', '1.2.3.4, 10.0.0.1' },
        { 'X-Forwarded-For', '10.0.0.2' } }))
  end)
end)

describe('the id', function()
  it('is the one sent when that is fit, else made', function()
    local tide = serve 'return function(req) return req.id end'
    local function id(given) return tide:get('/', { ['x-request-id'] = given }).body end
    assert.equal('abc-1_2.Z', id 'abc-1_2.Z')
    assert.equal(('x'):rep(64), id(('x'):rep(64)))
    for _, given in ipairs { ('x'):rep(65), 'a b', 'a"b', 'a/b', '', 'ä' } do
      assert.matches('^%x+$', id(given))
      assert.equal(16, #id(given))
    end
    local first, second = tide:get('/').body, tide:get('/').body
    assert.matches('^%x+$', first)
    assert.not_equal(first, second)
    tide:stop()
  end)
end)

describe('the trace', function()
  it('is the traceparent sent when that is valid, else made', function()
    local tide = serve 'return function(req) assert(req.trace == req.trace) return req.trace end'
    local function trace(given) return tide:get('/', { traceparent = given }).body end
    local good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    assert.equal(good, trace(good))
    local made = '^00%-' .. ('%x'):rep(32) .. '%-' .. ('%x'):rep(16) .. '%-01$'
    for _, given in ipairs { 'x', good:upper(), good .. '0',
      good:gsub('4bf92f3577b34da6a3ce929d0e0e4736', ('0'):rep(32)),
      '01' .. good:sub(3), good:sub(1, 53) .. 'zz' } do
      assert.matches(made, trace(given))
      assert.not_equal(given, trace(given))
    end
    tide:stop()
  end)
end)

describe('req:remaining', function()
  it('says how long the route still has', function()
    local tide = gate.serve { routes = { { 'GET /', 'a.lua', timeout = 5 } },
      scripts = { ['a.lua'] = [[
      local tg = require 'tidegate'
      return function(req)
        local before = req:remaining()
        tg.sleep(0.05)
        return { before, req:remaining() }
      end]] } }
    local seen = tide:get('/'):json()
    assert.is_true(seen[1] <= 5 and seen[1] > 4)
    assert.is_true(seen[2] <= seen[1] - 0.045)
    tide:stop()
  end)
end)
