local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local function serve(script, backends, more)
  local opts = { script = "local tg = require 'tidegate'\n" .. script, site = { workers = 1 },
    backends = backends }
  for name, value in pairs(more or {}) do opts[name] = value end
  return gate.serve(opts)
end

-- What the error of a call is made of: the answer of `tell(res, err)`.
local TELL = [[
local shop = tg.backend 'shop'
local function tell(res, err)
  if res then return { status = res.status, body = res.body } end
  return { code = err.code, http = err.http, backend = err.backend, text = tostring(err),
    message = err.message }
end
]]

-- Serves with answers of one backend, whose options may be given.
local function play(answers, script, options, more)
  local shop = upstream(answers)
  local entry = { shop.url }
  for name, value in pairs(options or {}) do entry[name] = value end
  local tide = serve(TELL .. script, { shop = entry }, more)
  return tide, shop, function() tide:stop() shop:stop() end
end

describe('a backend call', function()
  -- Small responses, and the first eight of a request, are let go of in another way than others.
  it('is there as long as its headers are, and no longer than its request', function()
    local answers, want = {}, {}
    for i, size in ipairs { 8191, 8192, 8193, 0, 1, 8193, 8192, 1, 1, 1, 1, 8193 } do
      answers['/' .. i], want[i] = upstream.text(('x'):rep(size)), tostring(size)
    end
    local tide, _, stop = play(answers, [[
      local kept = {}
      return function(req)
        if req.path == '/after' then
          local read = {}
          for i = 1, #kept do
            local ok, err = pcall(function() return kept[i]['content-length'] end)
            read[i] = ok and 'read' or err:match 'the request is over'
          end
          return tg.json(tg.array(read))
        end
        for i = 1, 12 do kept[i] = tg.try(shop:get('/' .. i)).headers end
        for i = 1, 3e5 do local garbage = { i } end
        local lengths = {}
        for i = 1, 12 do lengths[i] = kept[i]['content-length'] end
        return tg.json(tg.array(lengths))
      end]])
    local decode = require('cjson').decode
    for _ = 1, 3 do assert.same(want, decode(tide:get('/').body)) end
    local over = {}
    for i = 1, 12 do over[i] = 'the request is over' end
    assert.same(over, decode(tide:get('/after').body))
    stop()
  end)

  it('sends the method, the path and the host', function()
    local tide, shop, stop = play({ default = upstream.text 'ok' }, [[
      return function()
        for _, name in ipairs { 'get', 'head', 'post', 'put', 'patch', 'delete', 'options' } do
          assert(shop[name](shop, '/a%20b/' .. name))
        end
        assert(shop:request { path = '/r' })
        assert(shop:request { method = 'PURGE', path = '/r?x' })
        return 'done'
      end]])
    assert.equal('done', tide:get('/').body)
    local seen = {}
    for i, request in ipairs(shop:requests()) do seen[i] = request.method .. ' ' ..
      request.target end
    assert.same({ 'GET /a%20b/get', 'HEAD /a%20b/head', 'POST /a%20b/post', 'PUT /a%20b/put',
      'PATCH /a%20b/patch', 'DELETE /a%20b/delete', 'OPTIONS /a%20b/options', 'GET /r',
        'PURGE /r?x' }, seen)
    local first = shop:requests()[1]
    assert.equal('127.0.0.1:' .. shop.port, first.headers.host)
    assert.equal('HTTP/1.1', first.version)
    assert.is_nil(first.headers['content-length'])
    assert.equal('0', shop:requests()[3].headers['content-length'])
    stop()
  end)

  it('appends the query, names in order', function()
    local tide, shop, stop = play({ default = upstream.text 'ok' }, [[
      return function(req)
        shop:get('/a', { query = { z = 1, b = 'x y&=+/ä', a = true, list = { 'one', 2, false },
          none = {}, ['k&'] = '' } })
        shop:get('/a?own=1', { query = { more = 2.5 } })
        shop:get('/a', { query = {} })
        shop:get('/a', { query = req.query })
        return 'ok'
      end]])
    tide:get('/?q=1&q=2&p=%26')
    local targets = {}
    for i, request in ipairs(shop:requests()) do targets[i] = request.target end
    assert.same({ '/a?a=true&b=x%20y%26%3D%2B%2F%C3%A4&k%26=&list=one&list=2&list=false&z=1',
      '/a?own=1&more=2.5',
      '/a', '/a?p=%26&q=1' }, targets)
    stop()
  end)

  it('sends fields and bodies', function()
    local tide, shop, stop = play({ default = upstream.text 'ok' }, [[
      return function(req)
        shop:get('/', { headers = { ['X-One'] = 'a', list = { '1', '2' }, number = 7,
          host = 'other:81',
          connection = 'close', ['content-length'] = '9', ['transfer-encoding'] = 'chunked' } })
        shop:post('/', { body = 'a\0b' })
        shop:put('/', { json = { a = tg.array(), n = tg.null } })
        shop:post('/', { form = { b = 'x y', a = { 1, 'ä' } } })
        shop:post('/', { json = {}, headers = { ['Content-Type'] = 'application/hal+json' } })
        shop:post('/', { body = '' })
        shop:get('/', { headers = req.headers })
        return 'ok'
      end]])
    tide:get('/', { authorization = 'Bearer x' })
    local r = shop:requests()
    assert.same({ 'a', { '1', '2' }, '7', 'other:81' },
      { r[1].headers['x-one'], r[1]:all 'list', r[1].headers.number, r[1].headers.host })
    assert.is_nil(r[1].headers['content-length'] or r[1].headers['transfer-encoding'])
    assert.same({ 'a\0b', '3', nil }, { r[2].body, r[2].headers['content-length'],
      r[2].headers['content-type'] })
    assert.equal('application/json', r[3].headers['content-type'])
    assert.same({ [1] = true },
      { r[3].body == '{"a":[],"n":null}' or r[3].body == '{"n":null,"a":[]}' })
    assert.same({ 'a=1&a=%C3%A4&b=x%20y', 'application/x-www-form-urlencoded' },
      { r[4].body, r[4].headers['content-type'] })
    assert.same({ 'application/hal+json' }, r[5]:all 'content-type')
    assert.equal('0', r[6].headers['content-length'])
    assert.same({ 'Bearer x', 1 }, { r[7].headers.authorization, #r[7]:all 'host' })
    stop()
  end)

  it('gives the status, the fields and the body', function()
    local tide, _, stop = play({ ['/'] = http.encode_response { status = 203, body = 'ä\0b',
      headers = {
      { 'X-A', '1' }, { 'Set-Cookie', 'a=1' }, { 'x-a', '2' }, { 'set-cookie', 'b=2' } } } }, [[
      return function()
        local res = shop:get '/'
        local names = {}
        for name in pairs(res.headers) do names[#names + 1] = name:lower() end
        local unchanged = pcall(function() res.status = 1 end) or
          pcall(function() res.headers['a b'] = '1' end) or
          pcall(function() res.headers.x = 'a\nb' end) or pcall(function() res.headers.x = {{}} end)
        return { res.status, res.headers['x-A'], res.headers:all 'X-A', res.headers['set-cookie'],
          res.headers:all 'set-cookie', #res.body, names, unchanged, res.none == nil }
      end]])
    assert.same({ 203, '1, 2', { '1', '2' }, 'a=1', { 'a=1', 'b=2' }, 4,
      { 'x-a', 'set-cookie', 'content-length' }, false, true }, tide:get('/'):json())
    stop()
  end)

  it('reads bodies of every framing', function()
    local big = ('0123456789abcdef'):rep(131072)
    local tide, shop, stop = play({
      ['/chunked'] = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n' ..
        http.chunked { 'ab', 'c' },
      ['/trailer'] =
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\n',
      ['/close'] = 'HTTP/1.0 200 OK\r\n\r\nabc', ['/big'] = upstream.text(big),
      ['/bits'] = { 'HTTP/1.1 200 OK\r\ncontent-len', 0.005, 'gth: 3\r\n\r', 0.005, '\na', 0.005,
        'bc' },
      ['/204'] = 'HTTP/1.1 204 No\r\n\r\n',
        ['/304'] = 'HTTP/1.1 304 Not\r\ncontent-length: 3\r\n\r\n',
      ['HEAD /head'] = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
      ['/early'] =
        'HTTP/1.1 103 Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n' ..
        'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc',
    }, [[
      return function(req)
        local res = assert(shop:request { method = req.query.m or 'GET', path = req.path })
        return res.status .. ' ' .. tg.hash.md5(res.body)
      end]])
    local abc = '200 900150983cd24fb0d6963f7d28e17f72'
    for _, path in ipairs { '/chunked', '/trailer', '/close', '/bits', '/early', '/chunked' } do
      assert.equal(abc, tide:get(path).body, path)
    end
    assert.equal('204 d41d8cd98f00b204e9800998ecf8427e', tide:get('/204').body)
    assert.equal('304 d41d8cd98f00b204e9800998ecf8427e', tide:get('/304').body)
    assert.equal('200 d41d8cd98f00b204e9800998ecf8427e', tide:get('/head?m=HEAD').body)
    assert.matches('^200 ', tide:get('/big').body)
    assert.equal(abc, tide:get('/chunked').body)
    assert.is_true(shop:count 'connect' <= 3)
    stop()
  end)

  it('stands behind the path of the address', function()
    local shop = upstream { default = upstream.text 'ok' }
    local tide = serve(TELL .. "return function() return tell(shop:get '/x?y') end",
      { shop = { shop.url .. '/base/v1/' } })
    assert.equal('ok', tide:get('/'):json().body)
    assert.equal('/base/v1/x?y', shop:requests()[1].target)
    tide:stop()
    shop:stop()
  end)

  it('goes to a Unix socket', function()
    local folder = posix.folder()
    local shop = upstream { unix = folder .. '/s', ['/x'] = upstream.text 'by socket' }
    local tide = serve(TELL .. "return function() return tell(shop:get '/x') end",
      { shop = { shop.url } })
    assert.same({ status = 200, body = 'by socket' }, tide:get('/'):json())
    shop:stop()
    assert.matches('refused', tide:get('/'):json().code)
    tide:stop()
    posix.remove(folder)
  end)

  it('goes to the addresses in turn and passes over one that is dead', function()
    local one, two = upstream { ['/'] = upstream.text '1' }, upstream { ['/'] = upstream.text '2' }
    local tide = serve(TELL .. "return function() return tell(shop:get '/') end",
      { shop = { one.url, 'http://127.0.0.1:' .. upstream.dead_port(), two.url } })
    local seen = {}
    for _ = 1, 9 do
      local body = tide:get('/'):json().body
      seen[body] = (seen[body] or 0) + 1
    end
    assert.same({ ['1'] = 3, ['2'] = 6 }, seen)
    one:stop()
    for _ = 1, 6 do assert.equal('2', tide:get('/'):json().body) end
    two:stop()
    assert.equal('refused', tide:get('/'):json().code)
    tide:stop()
  end)
end)

describe('a connection to a backend', function()
  local SCRIPT =
    "return function(req) return tell(shop:request { method = req.method, path = req.path }) end"

  it('is used again', function()
    local tide, shop, stop = play({ default = upstream.text 'ok' }, SCRIPT)
    for _ = 1, 20 do assert.equal('ok', tide:get('/'):json().body) end
    assert.equal(1, shop:count 'connect')
    stop()
  end)

  it('is not kept when keepalive is 0, nor longer than keepalive_timeout', function()
    local tide, shop, stop = play({ default = upstream.text 'ok' }, SCRIPT, { keepalive = 0 })
    for _ = 1, 3 do tide:get('/') end
    assert.equal(3, shop:count 'connect')
    stop()
    tide, shop, stop = play({ default = upstream.text 'ok' }, SCRIPT, { keepalive_timeout = 0.05 })
    tide:get('/')
    shop:await 'closed'
    tide:get('/')
    assert.equal(2, shop:count 'connect')
    stop()
  end)

  it('is not used again when the backend says close or sends more than it announced', function()
    local tide, shop, stop = play({
      ['/close'] = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok',
      ['/more'] =
        'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok' ..
        'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison',
      ['/later'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', 0.03,
        'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison' },
      default = upstream.text 'ok' }, SCRIPT)
    for _, path in ipairs { '/close', '/x', '/more', '/x', '/x' } do
      assert.equal('ok', tide:get(path):json().body)
    end
    assert.equal(3, shop:count 'connect')
    assert.equal('ok', tide:get('/later'):json().body)
    shop:await('answered', 6)
    posix.pause(0.02)
    for _ = 1, 3 do assert.equal('ok', tide:get('/x'):json().body) end
    stop()
  end)

  it('that the backend closed while it was unused costs no request', function()
    local tide, shop, stop = play({ ['/'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      close = true } }, SCRIPT)
    for _ = 1, 10 do assert.equal('ok', tide:get('/'):json().body) end
    for _ = 1, 5 do
      posix.pause(0.02) -- a POST is never repeated: it must not meet the end on its way
      assert.equal('ok', tide:post('/', ''):json().body)
    end
    assert.equal(15, shop:count 'request')
    stop()
  end)
end)

describe('an error of a backend call', function()
  local SCRIPT = [[
    return function(req)
      local opts = { timeout = tonumber(req.query.timeout),
        connect_timeout = tonumber(req.query.connect),
        expect = req.query.expect }
      if req.query.raise then return { assert(shop:get(req.path, opts)).status } end
      return tell(shop:get(req.path, opts))
    end]]

  local function same(code, http_status, tide, path)
    local err = tide:get(path):json()
    assert.same({ code, http_status, 'shop' }, { err.code, err.http, err.backend }, path)
    assert.equal('shop: ' .. err.message .. ' (' .. code .. ')', err.text)
    local mark = path:find('?', 1, true) and '&' or '?'
    local res = tide:get(path .. mark .. 'raise=1')
    assert.same({ http_status, code }, { res.status, res:json().code })
    assert.equal('application/problem+json', res.headers['content-type'])
    return err
  end

  it('says when nobody listens or the name is not known', function()
    local tide = serve(TELL .. SCRIPT, { shop = 'http://127.0.0.1:' .. upstream.dead_port() })
    same('refused', 502, tide, '/')
    tide:stop()
    tide = serve(TELL .. SCRIPT, { shop = { 'http://no-such-host.invalid', connect_timeout = 5 } })
    same('dns', 502, tide, '/')
    tide:stop()
  end)

  it('says which time was over', function()
    local tide, shop, stop = play({ ['/hang'] = 'hang',
      ['/stall'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc', 30 },
      ['/drip'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n', 0.04, 'a', 0.04, 'a', 0.04,
        'a', 0.04, 'a', 0.04, 'a', 30 } },
      SCRIPT, { first_byte_timeout = 0.06, idle_timeout = 0.12 })
    same('timeout_first_byte', 504, tide, '/hang')
    same('timeout_idle', 504, tide, '/stall')
    same('timeout', 504, tide, '/hang?timeout=0.03')
    same('timeout', 504, tide, '/drip?timeout=0.1')
    shop:await('abandoned', 8)
    stop()
  end)

  it('says when no connection is made in time', function()
    local fd, port = posix.listen(nil, 0)
    local held = {}
    for i = 1, 4 do held[i] = posix.connect(port, 0.05) or nil end
    local tide = serve(TELL .. SCRIPT, { shop = { 'http://127.0.0.1:' .. port,
      connect_timeout = 0.05, timeout = 5 } })
    same('timeout_connect', 504, tide, '/')
    same('timeout_connect', 504, tide, '/?connect=0.02')
    tide:stop()
    for _, one in pairs(held) do posix.close(one) end
    posix.close(fd)
  end)

  it('says when the time of the route is over', function()
    local shop = upstream { default = 'hang' }
    local tide = gate.serve { routes = { { 'GET /', 'a.lua', timeout = 0.05 } },
      backends = { shop = shop },
      scripts = { ['a.lua'] = [[
        local tg = require 'tidegate'
        return function() return { assert(tg.backend 'shop':get '/').status } end]] } }
    local res = tide:get('/')
    assert.equal(504, res.status)
    assert.is_true(res:json().code == 'deadline' or res:json().code == 'timeout')
    shop:await 'abandoned'
    tide:stop()
    shop:stop()
  end)

  it('says when the connection broke before a response', function()
    local tide, _, stop = play({ ['/reset'] = { reset = true }, ['/shut'] = { close = true },
      ['/half'] = { 'HTTP/1.1 200 OK\r\ncontent-le', close = true },
      ['/cut'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc', close = true },
      ['/chunks'] = { 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
        close = true },
      ['/torn'] = { 'HTTP/1.1 200 OK\r\n\r\nabc', 0.02, reset = true } }, SCRIPT)
    same('reset', 502, tide, '/reset')
    same('reset', 502, tide, '/shut')
    assert.equal(502, tide:get('/half?raise=1').status)
    same('protocol', 502, tide, '/cut')
    same('protocol', 502, tide, '/chunks')
    assert.equal(502, tide:get('/torn?raise=1').status)
    stop()
  end)

  it('says when what came is not a proper response', function()
    local ok, answers = 'HTTP/1.1 200 OK\r\n', {}
    local bad = {
      'SSH-2.0-x\r\n\r\n', 'HTTP/2.0 200 OK\r\n\r\n', 'HTTP/1.1 20 OK\r\n\r\n',
        'HTTP/1.1 2000 OK\r\n\r\n',
      'HTTP/1.1 099 OK\r\n\r\n', 'http/1.1 200 OK\r\n\r\n', 'HTTP/1.1  200 OK\r\n\r\n',
      ok .. 'content-length: 3\r\ncontent-length: 10\r\n\r\nabc',
        ok .. 'content-length: 3\r\ncontent-length: 3\r\n\r\nabc',
      ok .. 'content-length: 5x\r\n\r\nabcde', ok .. 'content-length: -1\r\n\r\n',
        ok .. 'content-length: +3\r\n\r\nabc',
      ok .. 'content-length: 3, 3\r\n\r\nabc', ok .. 'content-length: \r\n\r\nabc',
      ok .. 'content-length: 99999999999999999999\r\n\r\nabc',
        ok .. 'content-length: 0x3\r\n\r\nabc',
      ok .. 'transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      ok .. 'transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
        ok .. 'transfer-encoding: identity\r\n\r\nabc',
      ok .. 'transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      ok .. 'transfer-encoding: chunked\r\n\r\nzz\r\n',
        ok .. 'transfer-encoding: chunked\r\n\r\n-1\r\n',
      ok .. 'transfer-encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n',
        ok .. 'transfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n',
      ok .. 'transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc',
      ok .. 'a: b\r\n c: d\r\ncontent-length: 0\r\n\r\n', ok .. ': b\r\ncontent-length: 0\r\n\r\n',
      ok .. 'a b: c\r\ncontent-length: 0\r\n\r\n', ok .. 'a\r\ncontent-length: 0\r\n\r\n',
      ok .. 'a: b\0c\r\ncontent-length: 0\r\n\r\n', ok .. 'a: b\rc\r\ncontent-length: 0\r\n\r\n',
      'HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n', ('HTTP/1.1 100 Continue\r\n\r\n'):rep(200) ..
        ok .. '\r\n',
      ok .. 'x: ' .. ('y'):rep(70000) .. '\r\ncontent-length: 0\r\n\r\n',
      ok .. ('x: y\r\n'):rep(2000) .. 'content-length: 0\r\n\r\n',
    }
    for i, bytes in ipairs(bad) do answers['/' .. i] = { bytes, close = true } end
    answers['/fine'] = upstream.text 'fine'
    local tide, _, stop = play(answers, SCRIPT)
    for i, bytes in ipairs(bad) do
      local err = tide:get('/' .. i):json()
      assert.same({ 'protocol', 502 }, { err.code, err.http }, ('%q'):format(bytes:sub(1, 200)))
      assert.equal('fine', tide:get('/fine'):json().body)
    end
    stop()
  end)

  it('says when the head or the body is too large, at n and n + 1', function()
    local function head(n)
      local rest = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: \r\n\r\n'
      return (rest:gsub('x: ', 'x: ' .. ('y'):rep(n - #rest)))
    end
    local chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
    local tide, _, stop = play({ ['/1000'] = upstream.text(('x'):rep(1000)),
      ['/1001'] = upstream.text(('x'):rep(1001)),
      ['/c1000'] = chunked .. http.chunked { ('x'):rep(999), 'y' },
        ['/c1001'] = chunked .. http.chunked { ('x'):rep(1000), 'y' },
      ['/e1000'] = 'HTTP/1.0 200 OK\r\n\r\n' .. ('x'):rep(1000),
        ['/e1001'] = 'HTTP/1.0 200 OK\r\n\r\n' .. ('x'):rep(1001),
      ['/h2048'] = head(2048), ['/h2049'] = head(2049) }, SCRIPT, { limit = 1000,
        head_limit = 2048 })
    for _, kind in ipairs { '/', '/c', '/e' } do
      assert.equal(1000, #tide:get(kind .. '1000'):json().body)
      same('body_too_large', 502, tide, kind .. '1001')
    end
    assert.equal(200, tide:get('/h2048'):json().status)
    same('protocol', 502, tide, '/h2049')
    stop()
  end)

  it('says when the status is not the expected one, and holds the response', function()
    local tide, _, stop = play({ ['/404'] = http.encode_response { status = 404, body = 'no such',
      headers = { a = 'b' } },
      ['/201'] = upstream.text('made', 201) }, [[
      return function(req)
        local res, err = shop:get(req.path, { expect = req.query.expect })
        if req.query.raise then assert(res, err) end
        if res then return { res.status } end
        return { err.code, err.http, err.status, err.response.status, err.response.body,
          err.response.headers.a or '', err.backend, tostring(err) }
      end]], { expect = '2xx' })
    local want = { 'status', 502, 404, 404, 'no such', 'b', 'shop',
      'shop: answered 404 where 2xx was expected (status)' }
    assert.same(want, tide:get('/404'):json())
    assert.same({ 201 }, tide:get('/201'):json())
    assert.same({ 404 }, tide:get('/404?expect=404'):json())
    assert.same({ 404 }, tide:get('/404?expect=4xx'):json())
    assert.equal('shop: answered 201 where 200 was expected (status)',
      tide:get('/201?expect=200'):json()[8])
    local res = tide:get('/404?raise=1')
    assert.same({ 502, 'status' }, { res.status, res:json().code })
    stop()
  end)
end)

describe('the body of a backend', function()
  it('becomes values and JSON', function()
    local tide, _, stop = play({
      ['/json'] = upstream.json '{"a":[],"n":12345678901234567890,"z":null}',
      ['/xml'] = upstream.xml '<o:order xmlns:o="urn:o"><o:line n="007">x</o:line></o:order>' }, [[
      return function(req)
        local json, xml = shop:get '/json', shop:get '/xml'
        local opts = { namespaces = 'strip', force_array = { '//line' } }
        local value = tg.try(xml:xml(opts))
        assert(value.order.line[1]['@n'] == '007')
        return tg.json(tg.ordered { { 'json', tg.try(json:json { ordered = true }) }, { 'xml',
          value },
          { 'text', tg.raw(tg.try(xml:to_json(opts))) } })
      end]])
    local line = '{"order":{"line":[{"@n":"007","#text":"x"}]}}'
    local body = tide:get('/').body
    assert.matches('^{"json":{"a":%[%],"n":12345678901234567890,"z":null},"xml":', body)
    assert.equal(line, (body:match '"text":(.*)}$':gsub('%s', '')))
    stop()
  end)

  it('that does not parse is a 502 which names the backend', function()
    local tide, _, stop = play({ ['/'] = upstream.text '<a>\n  <b></a>' }, [[
      return function(req)
        local res = assert(shop:get '/')
        local value, err = res[req.params.path](res)
        if req.query.raise then tg.try(value, err) end
        return { err.code, err.http, err.backend, err.line, tostring(err) }
      end]])
    for _, how in ipairs { 'json', 'xml', 'to_json' } do
      local err = tide:get('/' .. how):json()
      assert.same({ 'parse', 502, 'shop', how == 'json' and 1 or 2 }, { err[1], err[2], err[3],
        err[4] })
      assert.matches('^shop: ' .. (how == 'json' and 'json' or 'xml') ..
        ': line %d, column %d+: .*%(parse%)$', err[5])
      local res = tide:get('/' .. how .. '?raise=1')
      assert.same({ 502, 'parse' }, { res.status, res:json().code })
    end
    stop()
  end)
end)

describe('a wrong call', function()
  it('raises at the line that made it, with the nearest name', function()
    local tide, shop, stop = play({ default = upstream.text 'ok' }, [[
      local cases = {
        function() return (shop:get '/' and shop:get 'x') end,
        function() return (shop:get '') end,
        function() return (shop:get '/a b') end,
        function() return (shop:get '/a\r\nx: y') end,
        function() return (shop:get '/\195\164') end,
        function() return (shop:get {}) end,
        function() return (shop:get('/', 5)) end,
        function() return (shop:get('/', { timeot = 1 })) end,
        function() return (shop:get('/', { query = 'a=b' })) end,
        function() return (shop:get('/', { query = { 'a' } })) end,
        function() return (shop:get('/', { query = { a = print } })) end,
        function() return (shop:get('/', { query = { a = { {} } } })) end,
        function() return (shop:get('/', { headers = 'a: b' })) end,
        function() return (shop:get('/', { headers = { 'a: b' } })) end,
        function() return (shop:get('/', { headers = { ['a: b\r\nc'] = 'd' } })) end,
        function() return (shop:get('/', { headers = { a = 'b\r\nc: d' } })) end,
        function() return (shop:get('/', { headers = { host = 'a\r\nb: c' } })) end,
        function() return (shop:get('/', { headers = { a = {{}} } })) end,
        function() return (shop:post('/', { body = {} })) end,
        function() return (shop:post('/', { body = 'x', json = {} })) end,
        function() return (shop:post('/', { json = { f = print } })) end,
        function() return (shop:get('/', { timeout = 'soon' })) end,
        function() return (shop:get('/', { timeout = 0 })) end,
        function() return (shop:get('/', { connect_timeout = 86401 })) end,
        function() return (shop:get('/', { expect = '6xx' })) end,
        function() return (shop:get('/', { retries = 11 })) end,
        function() return (shop:get('/', { retries = -1 })) end,
        function() return (shop:get('/', { retries = 0.5 })) end,
        function() return (shop:get('/', { retries = '1' })) end,
        function() return (shop:request { method = 'GET /\r\nx: y\r\n\r\n', path = '/' }) end,
        function() return (shop:request { method = 'CONNECT', path = '/' }) end,
        function() return (shop:request { method = '', path = '/' }) end,
        function() return (shop:request { }) end,
        function() return (shop:request { path = '/', methd = 'GET' }) end,
        function() return (shop.get '/') end,
        function() return (tg.backend 'shpo') end,
      }
      return function(req)
        local out = {}
        for i, case in ipairs(cases) do out[i] = tostring(select(2, pcall(case))) end
        return out
      end]])
    local said = tide:get('/'):json()
    local want = { "the path must begin with '/'", "the path must begin with '/'",
      'must be escaped', 'must be escaped',
      'must be escaped', 'string expected', 'table expected', "'timeot'.*'timeout'",
        'query must be a table',
      'query must have names', 'query%.a is a function', 'query%.a is a table',
        'headers must be a table', 'must have names',
      "can't be the name of a header", "characters that can't be sent",
        "characters that can't be sent",
      "the header 'a' is a table", 'body must be a string', 'only one of body, json, xml and form',
        'cannot encode %.f',
      'timeout must be seconds', 'timeout must be seconds', 'connect_timeout must be seconds',
        'expect must be a status',
      'retries must be a whole', 'retries must be a whole', 'retries must be a whole',
        'retries must be a whole',
      'method must be a token', "CONNECT can't be sent", 'method must be a token',
        'path must be a string',
      "'methd'.*'method'", 'call it with a colon', "unknown backend 'shpo'; the site has: shop" }
    assert.equal(#want, #said)
    local _, above = TELL:gsub('\n', '')
    for i, pattern in ipairs(want) do
      assert.matches('main%.lua:' .. (i + above + 2) .. ': .*' .. pattern, said[i])
    end
    assert.equal(1, shop:count 'request')
    stop()
  end)
end)

describe('many calls at once', function()
  it('each get their own answer', function()
    local tide, _, stop = play({ default = function(request)
      return upstream.text(request.target)
    end }, [[return function(req)
      return assert(shop:get('/x', { query = { id = req.query.id } })).body end]])
    for _ = 1, 3 do
      local requests = {}
      for i = 1, 100 do requests[i] = { path = '/?id=' .. i } end
      for i, res in ipairs(tide:all(requests)) do assert.equal('/x?id=' .. i, res.body) end
    end
    wait.eventually(function() return tide:running() end)
    stop()
  end)
end)
