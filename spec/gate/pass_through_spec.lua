local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local MB = 1024 * 1024

-- A gate with one backend, `crm`, and a route that passes everything to it, or those given.
local function play(answers, opts)
  opts = opts or {}
  local crm = upstream(answers)
  local entry = { crm.url .. (opts.base or '') }
  for name, value in pairs(opts.backend or {}) do entry[name] = value end
  local site = { workers = 1 }
  for name, value in pairs(opts.site or {}) do site[name] = value end
  local tide = gate.serve { backends = { crm = entry }, scripts = opts.scripts, site = site,
    routes = opts.routes or { { 'ANY /{path...}', backend = 'crm' } } }
  return tide, crm, function() tide:stop() crm:stop() end
end

describe('a route without a script', function()
  it('passes method, path, query, fields and body on, and the answer back', function()
    local tide, crm, stop = play({ default = http.encode_response { status = 418, body = 'tea',
      headers = { { 'X-A', '1' }, { 'x-a', '2' }, { 'Set-Cookie', 'a=1' }, { 'set-cookie', 'b' },
        { 'Content-Type', 'text/x' }, { 'Server', 'them' } } } })
    local res = tide:request { method = 'PATCH', path = '/a%20b/c?x=1&y=%26', body = 'a\0b',
      headers = { ['X-Own'] = 'v', ['content-type'] = 'text/y' } }
    assert.same({ 418, 'tea', 'text/x', 'them' },
      { res.status, res.body, res.headers['content-type'], res.headers.server })
    assert.same({ '1', '2' }, res:all 'x-a')
    assert.same({ 'a=1', 'b' }, res:all 'set-cookie')
    assert.equal('3', res.headers['content-length'])
    assert.equal(1, #res:all 'date')
    local seen = crm:requests()[1]
    assert.same({ 'PATCH', '/a%20b/c?x=1&y=%26', 'a\0b', 'v', 'text/y', '3' },
      { seen.method, seen.target, seen.body, seen.headers['x-own'], seen.headers['content-type'],
        seen.headers['content-length'] })
    assert.equal('127.0.0.1:' .. crm.port, seen.headers.host)
    stop()
  end)

  it('puts the normal path behind the base path, or rewrites it', function()
    local tide, crm, stop = play({ default = upstream.text 'ok' }, { base = '/base', routes = {
      { 'ANY /plain/{path...}', backend = 'crm' },
      { 'GET /old/{id}/x/{rest...}', backend = 'crm', path = '/v2/{rest...}/of/{id}' },
      { 'GET /fixed', backend = 'crm', path = '/one' },
    } })
    tide:get '/plain/./a//b/../c%2fd?q'
    tide:get '/old/7%20%2F8/x/y/z?q=1'
    tide:get '/old/7/x/'
    tide:get '/fixed'
    tide:get '/fixed?'
    local targets = {}
    for i, request in ipairs(crm:requests()) do targets[i] = request.target end
    assert.same({ '/base/plain/a/c%2Fd?q', '/base/v2/y/z/of/7%20%2F8?q=1', '/base/v2//of/7',
      '/base/one', '/base/one' }, targets)
    stop()
  end)

  it('answers HEAD, 204 and 304 without a body', function()
    local tide, _, stop = play {
      ['HEAD /'] = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n',
      ['HEAD /chunked'] = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
      ['/204'] = 'HTTP/1.1 204 No Content\r\n\r\n',
      ['/304'] = 'HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n',
      ['/empty'] = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    }
    local c = tide:connect()
    local head = c:request { method = 'HEAD', path = '/' }
    assert.same({ 200, '1000', '' }, { head.status, head.headers['content-length'], head.body })
    head = c:request { method = 'HEAD', path = '/chunked' }
    assert.same({ 200 }, { head.status, head.headers['content-length'] })
    local res = c:get '/204'
    assert.same({ 204 }, { res.status, res.headers['content-length'] })
    res = c:get '/304'
    assert.same({ 304, '"a"' }, { res.status, res.headers.etag, res.headers['content-length'] })
    res = c:get '/empty'
    assert.same({ 200, '0', '' }, { res.status, res.headers['content-length'], res.body })
    c:close()
    stop()
  end)

  it('streams bodies of any framing whole, over connections that are kept', function()
    local big = ('0123456789abcdef'):rep(200000)
    local tide, crm, stop = play({
      ['/length'] = 'HTTP/1.1 200 OK\r\ncontent-length: ' .. #big .. '\r\n\r\n' .. big,
      ['/chunked'] = 'HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n' ..
        ('%x\r\n%s\r\n'):format(#big, big) .. '3;x=y\r\nend\r\n0\r\n\r\n',
      ['/close'] = { 'HTTP/1.1 200 OK\r\n\r\n' .. big, close = true },
    }, { backend = { limit = 1000 } })
    local c = tide:connect()
    local res = c:get '/length'
    assert.is_true(res.body == big)
    assert.equal(tostring(#big), res.headers['content-length'])
    res = c:get '/chunked'
    assert.same({ 404, 'chunked', true },
      { res.status, res.headers['transfer-encoding'], res.body == big .. 'end' })
    res = c:get '/close'
    assert.is_true(res.body == big)
    assert.equal('chunked', res.headers['transfer-encoding'])
    assert.is_true(c:get('/length').body == big)
    assert.is_true(c:request({ path = '/chunked', version = 'HTTP/1.0' }).body == big .. 'end')
    assert.is_true(#crm:requests() == 5)
    c:close()
    stop()
  end)

  it('cuts the answer short when the backend does', function()
    local piece = ('x'):rep(1000)
    local function chunk(n) return ('%x\r\n%s\r\n'):format(#piece, piece):rep(n) end
    local chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
    local tide, crm, stop = play {
      ['/mid-chunk'] = { chunked .. chunk(3) .. 'ff\r\nhalf', close = true },
      ['/no-last'] = { chunked .. chunk(3), close = true },
      ['/later'] = { chunked .. chunk(3), 0.05, chunk(3), close = true },
      ['/short'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n' .. piece, close = true },
      ['/reset'] = { 'HTTP/1.1 200 OK\r\n\r\n' .. piece, 0.05, reset = true },
    }
    for _, path in ipairs { '/mid-chunk', '/no-last', '/later', '/short', '/reset' } do
      for _, version in ipairs { '1.1', '1.0' } do
        local text, how = tide:raw(('GET %s HTTP/%s\r\nhost: x\r\n\r\n'):format(path, version))
        local res = http.response(text, 'GET')
        assert.is_true(not res or not res.complete or how == 'reset', path .. version)
        assert.is_nil(text:find('\r\n0\r\n\r\n', 1, true))
        assert.is_true(how ~= 'timeout')
      end
    end
    assert.equal(10, #crm:requests())
    local entry = tide:await_access(10)[1]
    assert.same({ 200, 'protocol' }, { entry.calls[1].status, entry.calls[1].error })
    tide:await_log 'event=response_cut route="?ANY /{path...}"? code=protocol'
    stop()
  end)

  it('drops what comes behind a body', function()
    local tide, _, stop = play { default =
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n' ..
      'content-length: 6\r\n\r\npoison' }
    local c = tide:connect()
    for _ = 1, 50 do assert.equal('ok', c:get('/').body) end
    c:close()
    stop()
  end)

  it('aborts when the backend stalls amid the body, and answers 504 when it never began', function()
    local tide, _, stop = play({ ['/mid'] =
      { 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf', 30 }, ['/never'] = 'hang' },
      { backend = { idle_timeout = 0.2, first_byte_timeout = 0.2 } })
    local text, how = tide:raw 'GET /mid HTTP/1.1\r\nhost: x\r\n\r\n'
    assert.equal('closed', how)
    assert.truthy(text:find('half', 1, true))
    local res = tide:get '/never'
    assert.same({ 504, 'timeout_first_byte' }, { res.status, res:json().code })
    assert.equal('timeout_idle', tide:await_access(2)[1].calls[1].error)
    stop()
  end)

  it('may take longer than the timeouts as a whole', function()
    local tide, _, stop = play({ default = { 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\na', 0.2,
      'b', 0.2, 'c', 0.2, 'd', 0.2, 'e' } }, { backend = { timeout = 0.5, idle_timeout = 5 } })
    assert.equal('abcde', tide:get('/').body)
    stop()
  end)

  it('answers failures with problem details', function()
    local tide = gate.serve { backends = { crm = 'http://127.0.0.1:' .. upstream.dead_port() },
      routes = { { 'ANY /{path...}', backend = 'crm' } }, site = { workers = 1 } }
    local res = tide:get '/x'
    assert.same({ 502, 'application/problem+json', 'refused' },
      { res.status, res.headers['content-type'], res:json().code })
    assert.equal('refused', tide:await_access(1)[1].calls[1].error)
    tide:await_log 'event=request_failed'
    tide:stop()
  end)

  it('runs its before scripts first', function()
    local tide, crm, stop = play({ default = upstream.text 'ok' }, {
      scripts = { ['guard.lua'] = [[
        local tg = require 'tidegate'
        return function(req)
          tg.sleep(0.001)
          if req.params.path == 'secret' then return tg.problem(403) end
        end]] },
      routes = { { 'ANY /{path...}', backend = 'crm', before = { 'guard.lua' } } } })
    assert.equal(403, tide:get('/secret').status)
    assert.equal('ok', tide:get('/open').body)
    assert.equal('/open', crm:requests()[1].target)
    assert.is_nil(crm:requests()[2])
    stop()
  end)

  it('holds the backend back for slow clients, and little memory', function()
    local big = ('x'):rep(10 * MB)
    local tide, _, stop = play { ['/big'] =
      'HTTP/1.1 200 OK\r\ncontent-length: ' .. #big .. '\r\n\r\n' .. big,
      ['/warm'] = upstream.text '' }
    tide:get '/warm'
    local before, slow = tide:memory(), {}
    for i = 1, 20 do
      slow[i] = tide:connect()
      slow[i]:send 'GET /big HTTP/1.1\r\nhost: x\r\n\r\n'
    end
    tide:get '/warm'
    for _ = 1, 3 do
      for i = 1, 20 do slow[i]:rest(0.01) end
    end
    assert.is_true(tide:memory() - before < 20 * MB)
    for i = 1, 20 do slow[i]:close() end
    tide:await_access(22)
    stop()
  end)

  it('lets go of everything when the client goes amid the body', function()
    local tide, crm, stop = play {
      ['/big'] = { 'HTTP/1.1 200 OK\r\n\r\n' .. ('x'):rep(4 * MB), 30 },
      ['/drip'] = { 'HTTP/1.1 200 OK\r\n\r\nx', 30 }, ['/hang'] = 'hang',
      ['/warm'] = upstream.text '' }
    tide:get '/warm'
    local before = tide:descriptors()
    for round = 1, 20 do
      for _, path in ipairs { '/big', '/drip', '/hang' } do
        local c = tide:connect()
        c:send('GET ' .. path .. ' HTTP/1.1\r\nhost: x\r\n\r\n')
        if path ~= '/hang' then c:receive(0.005) end
        if round % 2 == 0 then c:close() else c:reset() end
      end
    end
    tide:await_access(61)
    wait.eventually(function() -- each that came so far is over
      return crm:count 'abandoned' + crm:count 'answered' == crm:count 'request'
    end)
    assert.is_true(crm:count 'abandoned' > 0)
    assert.is_true(tide:descriptors() <= before)
    stop()
  end)
end)

describe('header fields of requests that are passed on', function()
  local function seen_with(head, opts)
    local tide, crm, stop = play({ default = upstream.text 'ok' }, opts)
    tide:raw('GET /x HTTP/1.1\r\nhost: shop.example:8080\r\n' .. head ..
      'connection: close\r\n\r\n')
    local request = crm:requests()[1]
    stop()
    return request
  end

  it('lose those of the connection, and what Connection names', function()
    local seen = seen_with('connection: x-one, keep-alive\r\nX-One: 1\r\nX-Two: 2\r\n' ..
      'keep-alive: 5\r\nte: trailers\r\ntrailer: x\r\nupgrade: websocket\r\n' ..
      'proxy-authorization: a\r\nProxy-Connection: b\r\nexpect: 100-continue\r\n')
    assert.equal('2', seen.headers['x-two'])
    for _, name in ipairs { 'connection', 'x-one', 'keep-alive', 'te', 'trailer', 'upgrade',
      'proxy-authorization', 'proxy-connection', 'expect' } do
      assert.is_nil(seen.headers[name], name)
    end
  end)

  it('say who asks, whatever an untrusted client says', function()
    local seen = seen_with('x-forwarded-for: 1.1.1.1\r\nX-Forwarded-For: 3.3.3.3\r\n' ..
      'x-forwarded-proto: https\r\nx-forwarded-host: evil\r\nforwarded: for=2.2.2.2\r\n' ..
      'X_Forwarded_For: 4.4.4.4\r\nx-forwarded_host: evil\r\nx_forwarded-proto: https\r\n')
    for _, name in ipairs { 'x_forwarded_for', 'x-forwarded_host', 'x_forwarded-proto' } do
      assert.is_nil(seen.headers[name], name)
    end
    assert.same({ '127.0.0.1' }, seen:all 'x-forwarded-for')
    assert.same({ 'http' }, seen:all 'x-forwarded-proto')
    assert.same({ 'shop.example:8080' }, seen:all 'x-forwarded-host')
    assert.same({ 'for=127.0.0.1;host="shop.example:8080";proto=http' }, seen:all 'forwarded')
  end)

  it('believe a trusted peer, and add it', function()
    local seen = seen_with('x-forwarded-for: 1.1.1.1\r\nX-Forwarded-For: 3.3.3.3\r\n' ..
      'via: 1.0 a\r\n' ..
      'x-forwarded-proto: https\r\nx-forwarded-host: shop\r\nforwarded: for=2.2.2.2\r\n',
      { site = { trusted = { '127.0.0.1' } } })
    assert.same({ '1.1.1.1, 3.3.3.3, 127.0.0.1' }, seen:all 'x-forwarded-for')
    assert.same({ 'https' }, seen:all 'x-forwarded-proto')
    assert.same({ 'shop' }, seen:all 'x-forwarded-host')
    assert.same({ 'for=2.2.2.2, for=127.0.0.1;host="shop.example:8080";proto=http' },
      seen:all 'forwarded')
    assert.same({ '1.0 a, 1.1 tidegate' }, seen:all 'via')
  end)

  it('have the Host that the route or the backend says', function()
    local client = { { 'ANY /{path...}', backend = 'crm', host = 'client' } }
    local backend = { { 'ANY /{path...}', backend = 'crm', host = 'backend' } }
    assert.equal('shop.example:8080', seen_with('', { routes = client }).headers.host)
    assert.equal('shop.example:8080', seen_with('', { backend = { host = 'client' } }).headers.host)
    assert.truthy(seen_with('', { backend = { host = 'client' }, routes = backend }).headers.host
      :find '^127')
  end)
end)

describe('header fields of answers that are passed on', function()
  it('lose those of the connection, and say who passed them', function()
    local tide, _, stop = play { default = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n' ..
      'connection: X-Own\r\nx-own: 1\r\nx-two: 2\r\nkeep-alive: 5\r\nproxy-authenticate: x\r\n' ..
      'upgrade: h2c\r\nvia: 1.1 cache\r\n\r\nok' }
    local res = tide:get '/'
    assert.same({ '2', '1.1 cache, 1.1 tidegate' }, { res.headers['x-two'], res.headers.via })
    for _, name in ipairs { 'x-own', 'keep-alive', 'proxy-authenticate', 'upgrade' } do
      assert.is_nil(res.headers[name], name)
    end
    stop()
  end)
end)

describe('server-sent events', function()
  it('flow at once, the head before the first of them', function()
    local tide, crm, stop = play { ['/next'] = upstream.text 'ok', ['/events'] =
      function(_, connection)
        connection:send 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'
        for i = 1, 3 do
          connection:sleep(0.15)
          connection:send('data: ' .. i .. '\n\n')
        end
        connection:sleep(30)
      end }
    local c = tide:connect()
    c:send 'GET /events HTTP/1.1\r\nhost: x\r\n\r\n'
    local text = ''
    local function await(what)
      wait.eventually(function()
        text = text .. c:rest(0.01)
        return text:find(what, 1, true)
      end)
    end
    await 'text/event-stream'
    assert.is_nil(text:find('data: 1', 1, true))
    for i = 1, 3 do
      await('data: ' .. i .. '\n\n')
      assert.is_nil(text:find('data: ' .. i + 1, 1, true))
    end
    c:close()
    crm:await 'abandoned'
    stop()
  end)
end)

describe('a site with such routes', function()
  local function problems(routes, backends)
    local result = gate.command('check', { routes = routes, files = { ['a.lua'] =
      'return function() end' }, backends = backends or { crm = 'http://127.0.0.1:1' } })
    return result.status, result.out .. result.err
  end

  it('is checked', function()
    for text, route in pairs {
      ["there is no backend 'crn'; did you mean 'crm'?"] = { 'ANY /a', backend = 'crn' },
      ['has a script and a backend'] = { 'ANY /a', 'a.lua', backend = 'crm' },
      ['needs a script, or a backend'] = { 'ANY /a' },
      ['path is for routes that have a backend'] = { 'ANY /a', 'a.lua', path = '/' },
      ['upgrade is for routes that have a backend'] = { 'ANY /a', 'a.lua', upgrade = true },
      ["the pattern has no {ib}; did you mean 'id'?"] = { 'ANY /{ids}', backend = 'crm',
        path = '/{ib}' },
      ['is not how the pattern writes it'] = { 'ANY /{id}', backend = 'crm', path = '/{id...}' },
      ["path must begin with '/'"] = { 'ANY /a', backend = 'crm', path = 'x' },
      ['a brace too many'] = { 'ANY /a', backend = 'crm', path = '/x}' },
      ['or a query'] = { 'ANY /a', backend = 'crm', path = '/x?y' },
      ["must be one of 'backend', 'client'"] = { 'ANY /a', backend = 'crm', host = 'x' },
    } do
      local status, out = problems { route }
      assert.is_true(status ~= 0)
      assert.truthy(out:find(text, 1, true) or out:find(text:gsub("'id'", "'ids'"), 1, true),
        text .. ' in ' .. out)
    end
  end)

  it('is shown', function()
    local result = gate.command('routes', { routes = { { 'ANY /a', backend = 'crm' } },
      backends = { crm = 'http://127.0.0.1:1' } })
    assert.truthy(result.out:find 'ANY /a%s+%-> crm')
    assert.equal(0, (problems { { 'ANY /a', backend = 'crm' } }))
  end)
end)
