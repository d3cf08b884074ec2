local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

-- Counts how often it has run: a cached answer has the old number.
local COUNTER = [[
  local tg = require 'tidegate'
  local runs = 0
  return function(req, route)
    runs = runs + 1
    local headers = {}
    for name, value in pairs(route.settings or {}) do headers[name] = value end
    return tg.json({ run = runs }, { headers = headers, status = tonumber(req.query.status) })
  end]]

local function serve(cache, opts)
  opts = opts or {}
  opts.scripts = { ['main.lua'] = opts.main or COUNTER }
  opts.routes = opts.routes or
    { { 'ANY /a/{path...}', 'main.lua', cache = cache, settings = opts.headers },
      { 'GET /b', 'main.lua', cache = cache } }
  opts.site = opts.site or { workers = 1 }
  return gate.serve(opts)
end

local function ask(tide, path, headers, opts)
  opts = opts or {}
  opts.path, opts.headers = path, headers
  local answer = tide:request(opts)
  local body = answer.body or ''
  return tonumber(body:match '"run":(%d+)'), answer
end

local function status_of(answer) return answer.headers['cache-status'] end

describe('a route with a cache', function()
  it('answers from it while the answer is fresh', function()
    local tide = serve { ttl = 60 }
    local run, answer = ask(tide, '/a/1')
    assert.equal(1, run)
    assert.equal('tidegate; fwd=uri-miss; stored', status_of(answer))
    assert.is_nil(answer.headers.age)
    run, answer = ask(tide, '/a/1')
    assert.equal(1, run)
    assert.equal('tidegate; hit; ttl=59', (status_of(answer):gsub('ttl=60', 'ttl=59')))
    assert.equal('0', answer.headers.age)
    assert.equal('application/json', answer.headers['content-type'])
    assert.equal(2, (ask(tide, '/a/2')))
    tide:stop()
  end)

  it('makes it anew when its time is over', function()
    local tide = serve { ttl = 0.05 }
    assert.equal(1, (ask(tide, '/a/1')))
    require('spec.support.posix').pause(0.08)
    local run, answer = ask(tide, '/a/1')
    assert.equal(2, run)
    assert.equal('tidegate; fwd=stale; stored', status_of(answer))
    tide:stop()
  end)

  it('tells routes, hosts, paths and queries apart', function()
    local tide = serve { ttl = 60 }
    assert.equal(1, (ask(tide, '/a/x?b=2&a=1')))
    assert.equal(1, (ask(tide, '/a/x?a=%31&b=2'))) -- the same, written otherwise
    assert.equal(1, (ask(tide, '/a/%78?a=1&b=2')))
    assert.equal(2, (ask(tide, '/a/x?a=1')))
    assert.equal(3, (ask(tide, '/a/x', { host = 'other' })))
    assert.equal(4, (ask(tide, '/a/x')))
    tide:stop()
  end)

  it('has the key that it is told', function()
    local tide = serve { ttl = 60, key = { 'path', 'query:page', 'header:Accept-Language',
      'cookie:tenant' } }
    assert.equal(1, (ask(tide, '/a/x?page=1&session=1')))
    assert.equal(1, (ask(tide, '/a/x?page=1&session=2', { host = 'other' })))
    assert.equal(2, (ask(tide, '/a/x?page=2')))
    local run, answer = ask(tide, '/a/x?page=1', { ['accept-language'] = 'de, en;q=0.5' })
    assert.equal(3, run)
    assert.equal('accept-language, cookie', answer.headers.vary)
    assert.equal(3, (ask(tide, '/a/x?page=1', { ['accept-language'] = 'de,en;q=0.5' })))
    assert.equal(4, (ask(tide, '/a/x?page=1', { cookie = 'a=b; tenant=7' })))
    assert.equal(4, (ask(tide, '/a/x?page=1', { cookie = 'tenant=7; a=c' })))
    assert.equal(5, (ask(tide, '/a/x?page=1', { cookie = 'tenant=8' })))
    tide:stop()
  end)

  it('keeps what the fields of vary tell apart', function()
    local tide = serve { ttl = 60, vary = { 'Accept' } }
    assert.equal(1, (ask(tide, '/a/x', { accept = 'text/html' })))
    local run, answer = ask(tide, '/a/x', { accept = 'application/json' })
    assert.equal(2, run)
    assert.equal('accept', answer.headers.vary)
    assert.equal(1, (ask(tide, '/a/x', { accept = 'text/html' })))
    tide:stop()
  end)

  it('keeps variants by the Vary of the answer', function()
    local tide = serve({ ttl = 60 }, { headers = { vary = 'X-Kind' } })
    assert.equal(1, (ask(tide, '/a/x', { ['x-kind'] = 'a' })))
    local run, answer = ask(tide, '/a/x', { ['x-kind'] = 'b' })
    assert.equal(2, run)
    assert.equal('tidegate; fwd=vary-miss; stored', status_of(answer))
    assert.equal(1, (ask(tide, '/a/x', { ['x-kind'] = 'a' })))
    assert.equal(2, (ask(tide, '/a/x', { ['x-kind'] = 'b' })))
    assert.equal(3, (ask(tide, '/a/x')))
    tide:stop()
    tide = serve({ ttl = 60 }, { headers = { vary = '*' } })
    assert.equal(1, (ask(tide, '/a/x')))
    assert.equal(2, (ask(tide, '/a/x')))
    tide:stop()
  end)

  it('looks into bodies', function()
    local tide = serve { ttl = 60, methods = { 'POST' }, key = { 'path', 'body:/order/id' } }
    local function post(body)
      return (ask(tide, '/a/x', nil, { method = 'POST', body = body }))
    end
    assert.equal(1, post '{"order":{"id":7,"at":1}}')
    assert.equal(1, post '{"order": {"at":2, "id": 7}}')
    assert.equal(2, post '{"order":{"id":8}}')
    assert.equal(3, post '{"order":{}}')
    assert.equal(4, post '{broken')
    assert.equal(5, post '{broken')
    tide:stop()
    tide = serve { ttl = 60, methods = { 'POST' }, key = { "xpath://*[local-name()='id']" } }
    assert.equal(1, post '<s:e xmlns:s="u"><id>7</id><at>1</at></s:e>')
    assert.equal(1, post '<e><at>2</at><id>7</id></e>')
    assert.equal(2, post '<e><id>8</id></e>')
    assert.equal(3, post '<e/>') -- it has no key: it is not kept
    assert.equal(4, post '<e/>')
    tide:stop()
    tide = serve { ttl = 60, methods = { 'POST' } }
    assert.equal(1, post 'abc')
    assert.equal(2, post 'abcd')
    assert.equal(1, post 'abc')
    assert.equal(3, (ask(tide, '/a/x'))) -- GET is not among the methods
    assert.equal(4, (ask(tide, '/a/x')))
    tide:stop()
  end)

  it('keeps the statuses that it is told', function()
    local tide = serve { ttl = 60 }
    assert.equal(1, (ask(tide, '/a/x?status=404')))
    assert.equal(2, (ask(tide, '/a/x?status=404')))
    tide:stop()
    tide = serve { ttl = 60, status = { 404, '3xx' } }
    assert.equal(1, (ask(tide, '/a/x?status=404')))
    local run, answer = ask(tide, '/a/x?status=404')
    assert.same({ 1, 404 }, { run, answer.status })
    assert.equal(2, (ask(tide, '/a/x?status=302')))
    assert.equal(2, (ask(tide, '/a/x?status=302')))
    assert.equal(3, (ask(tide, '/a/x')))
    assert.equal(4, (ask(tide, '/a/x')))
    tide:stop()
  end)

  it('shares nothing that credentials were sent for', function()
    local tide = serve { ttl = 60 }
    for run = 1, 2 do
      local got, answer = ask(tide, '/a/x', { authorization = 'Bearer a' })
      assert.same({ run, 'tidegate; fwd=bypass' }, { got, status_of(answer) })
    end
    assert.equal(3, (ask(tide, '/a/x', { cookie = 'a=b' })))
    assert.equal(4, (ask(tide, '/a/x')))
    assert.equal(5, (ask(tide, '/a/x', { cookie = 'a=b' })))
    assert.equal(4, (ask(tide, '/a/x')))
    tide:stop()
    tide = serve { ttl = 60, key = { 'path', 'header:authorization' } }
    assert.equal(1, (ask(tide, '/a/x', { authorization = 'Bearer a' })))
    assert.equal(2, (ask(tide, '/a/x', { authorization = 'Bearer b' })))
    assert.equal(1, (ask(tide, '/a/x', { authorization = 'Bearer a' })))
    assert.equal(3, (ask(tide, '/a/x', { authorization = 'Bearer a', cookie = 'a=b' })))
    tide:stop()
    tide = serve { ttl = 60, shared = true }
    assert.equal(1, (ask(tide, '/a/x', { authorization = 'Bearer a' })))
    assert.equal(1, (ask(tide, '/a/x', { cookie = 'a=b' })))
    tide:stop()
  end)

  it('shares no cookies that are set', function()
    local tide = serve({ ttl = 60 }, { headers = { ['set-cookie'] = 'a=b' } })
    assert.equal(1, (ask(tide, '/a/x')))
    local run, answer = ask(tide, '/a/x')
    assert.same({ 2, 'a=b' }, { run, answer.headers['set-cookie'] })
    tide:stop()
    tide = serve({ ttl = 60, shared = true }, { headers = { ['set-cookie'] = 'a=b' } })
    assert.equal(1, (ask(tide, '/a/x')))
    run, answer = ask(tide, '/a/x')
    assert.equal(1, run)
    assert.is_nil(answer.headers['set-cookie'])
    tide:stop()
  end)

  it('obeys an answer that forbids it', function()
    for _, directive in ipairs { 'no-store', 'private', 'no-cache, max-age=60' } do
      local tide = serve({ ttl = 60 }, { headers = { ['cache-control'] = directive } })
      assert.equal(1, (ask(tide, '/a/x')))
      assert.equal(2, (ask(tide, '/a/x')))
      tide:stop()
    end
  end)

  it('answers HEAD by what GET was answered', function()
    local tide = serve { ttl = 60 }
    ask(tide, '/a/x', nil, { method = 'HEAD' })
    assert.equal(2, (ask(tide, '/a/x'))) -- what answers HEAD is not kept
    local _, answer = ask(tide, '/a/x', nil, { method = 'HEAD' })
    assert.equal('9', answer.headers['content-length'])
    assert.equal('', answer.body)
    assert.matches('^tidegate; hit', status_of(answer))
    tide:stop()
  end)

  it('answers conditional requests by itself', function()
    local tide = serve({ ttl = 60 },
      { headers = { ['last-modified'] = 'Sun, 06 Nov 1994 08:49:37 GMT' } })
    local _, first = ask(tide, '/a/x')
    local etag = first.headers.etag
    assert.matches('^"%x+"$', etag)
    local _, answer = ask(tide, '/a/x', { ['if-none-match'] = '"other", W/' .. etag })
    assert.same({ 304, '', etag }, { answer.status, answer.body, answer.headers.etag })
    assert.is_nil(answer.headers['content-type'])
    _, answer = ask(tide, '/a/x', { ['if-none-match'] = '"other"' })
    assert.equal(200, answer.status)
    _, answer = ask(tide, '/a/x', { ['if-modified-since'] = 'Sun, 06 Nov 1994 08:49:37 GMT' })
    assert.equal(304, answer.status)
    _, answer = ask(tide, '/a/x', { ['if-modified-since'] = 'Sun, 06 Nov 1994 08:49:36 GMT' })
    assert.equal(200, answer.status)
    _, answer = ask(tide, '/a/x', { ['if-match'] = '"other"' })
    assert.equal(412, answer.status)
    tide:stop()
  end)

  it('is asked after the scripts that run before', function()
    local tide = serve({ ttl = 60 }, {
      site = { workers = 1, before = { 'guard.lua' } },
      files = { ['guard.lua'] = [[
        local tg = require 'tidegate'
        return function(req)
          if req.headers['x-key'] ~= 'right' then return tg.problem(403, 'no') end
          req.vars.seen = true
        end]] },
    })
    local right = { ['x-key'] = 'right' }
    assert.equal(1, (ask(tide, '/a/x', right)))
    local run, answer = ask(tide, '/a/x', right)
    assert.same({ 1, 200 }, { run, answer.status })
    assert.matches('^tidegate; hit', status_of(answer))
    answer = tide:get '/a/x'
    assert.equal(403, answer.status)
    answer = tide:get('/a/x', { ['x-key'] = 'wrong' })
    assert.equal(403, answer.status)
    assert.equal(2, (ask(tide, '/a/y', right)))
    tide:stop()
  end)

  it('survives a reload, but for answers of routes that have changed', function()
    local tide = serve({ ttl = 60 }, {
      scripts = nil, routes = {
        { 'GET /a', 'main.lua', cache = { ttl = 60 } },
        { 'GET /b', 'other.lua', cache = { ttl = 60 } } },
      files = { ['other.lua'] = COUNTER },
      site = { workers = 1, admin = 'unix:admin.sock' } })
    local run_a, run_b = ask(tide, '/a'), ask(tide, '/b')
    posix.write(tide.site .. '/other.lua', COUNTER:gsub('local runs = 0', 'local runs = 70'))
    assert.equal(0, gate.run({ 'reload', tide.site }).status)
    assert.equal(run_a, (ask(tide, '/a')))
    local _, answer = ask(tide, '/a')
    assert.matches('^tidegate; hit', status_of(answer))
    assert.equal(71, (ask(tide, '/b')))
    assert.not_equal(71, run_b)
    tide:stop()
  end)

  it('says in the log what the cache had to do with a request', function()
    local tide = serve { ttl = 60 }
    ask(tide, '/a/x')
    ask(tide, '/a/x')
    ask(tide, '/a/x', { cookie = 'a=b' })
    local lines = tide:await_access(3)
    assert.same({ 'miss', 'hit', 'bypass' }, { lines[1].cache, lines[2].cache, lines[3].cache })
    tide:stop()
  end)
end)

describe('a route that passes on, with a cache', function()
  local function pass(answers, cache, opts)
    local shop = upstream(answers)
    opts = opts or {}
    opts.backends = { shop = shop }
    opts.routes = { { 'GET /{path...}', backend = 'shop', cache = cache } }
    opts.site = opts.site or { workers = 1 }
    return gate.serve(opts), shop
  end

  it('keeps what the backend answers', function()
    local body = ('x'):rep(300000)
    local tide, shop = pass({
      ['/whole'] = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncache-status: cdn; hit\r\n\r\nup',
      ['/big'] = 'HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n' .. body,
      ['/chunked'] = { 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nup\r\n', 0.02,
        '3\r\nand\r\n0\r\n\r\n' },
    }, { ttl = 60 })
    local expected = { ['/whole'] = 'up', ['/big'] = body, ['/chunked'] = 'upand' }
    for path, text in pairs(expected) do
      assert.equal(text, tide:get(path).body)
      local answer = tide:get(path)
      assert.is_true(text == answer.body)
      assert.matches('tidegate; hit', answer.headers['cache-status'])
    end
    assert.equal('cdn; hit', tide:get('/whole').headers['cache-status']:match '^[^,]*')
    assert.equal(3, #shop:requests())
    tide:stop()
    shop:stop()
  end)

  it('keeps nothing that is cut short or too big', function()
    local tide, shop = pass({
      ['/short'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nup', close = true },
      ['/cut'] = { 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nup\r\n',
        close = true },
      ['/big'] = 'HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n' .. ('x'):rep(5000),
    }, { ttl = 60 }, { site = { workers = 1, cache = { object = 5000 } } })
    for _, path in ipairs { '/short', '/cut', '/big' } do
      for _ = 1, 2 do pcall(tide.get, tide, path) end
    end
    assert.equal(6, #shop:requests())
    tide:stop()
    shop:stop()
  end)

  it('asks for the whole when a client wants a part or has it already', function()
    local tide, shop = pass({ ['/x'] = function(request)
      if request.headers.range or request.headers['if-none-match'] then
        return 'HTTP/1.1 304 Not Modified\r\n\r\n'
      end
      return 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nup'
    end }, { ttl = 60 })
    assert.equal('up', tide:get('/x', { range = 'bytes=0-0', ['if-none-match'] = '"a"' }).body)
    assert.matches('hit', tide:get('/x').headers['cache-status'])
    tide:stop()
    shop:stop()
  end)
end)

describe('the cache of a site', function()
  it('does not mix up what was kept under other keys before a reload', function()
    local tide = serve({ ttl = 60, key = { 'path', 'query:a' } })
    assert.matches('uri%-miss', status_of(tide:get '/b?a=1'))
    assert.matches('hit', status_of(tide:get '/b?a=1'))
    for _, route in ipairs(tide.opts.routes) do route.cache.key = { 'path', 'query:b' } end
    gate.write_site(tide.site, tide.opts)
    tide:signal(posix.HUP)
    tide:await_log 'event=reloaded'
    assert.matches('uri%-miss', status_of(tide:get '/b?b=1'))
    tide:stop()
  end)

  it('is shown with the routes', function()
    local said = gate.command('routes', { backends = { be = 'http://127.0.0.1:9' },
      scripts = { ['x.lua'] = 'return function() end' },
      routes = { { 'GET /a', 'x.lua', cache = { ttl = 1 } }, { 'GET /b', 'x.lua' },
        { 'GET /c', backend = 'be', cache = 'http' } } }).out
    assert.matches('GET /a +x.lua +timeout=10s cache\n', said)
    assert.matches('GET /b +x.lua +timeout=10s\n', said)
    assert.matches('GET /c +%-> be +timeout=10s cache=http\n', said)
  end)

  local function wrong(site)
    local result = gate.command('check', { site = site, files = { ['x.lua'] = 'return 1' } })
    return result.err
  end

  it('is checked strictly', function()
    local said = wrong [[return {
      cache = { memory = '1KB', objects = 1 },
      routes = {
        { 'GET /a', 'x.lua', cache = { ttl = 'soon' } },
        { 'GET /b', 'x.lua', cache = { tll = 1 } },
        { 'GET /c', 'x.lua', cache = { key = { 'query:', 'page', 'body:x', 'header:a b' } } },
        { 'GET /d', 'x.lua', cache = { methods = { 'PUT' }, status = { '1xx' } } },
        { 'GET /e', 'x.lua', cache = { stale = { healty = 1 } } },
        { 'GET /f', 'x.lua', cache = { key = { 'xpath:/a[' } } },
        { 'GET /g', 'x.lua', cache = 30 },
      },
    }]]
    for _, part in ipairs { ':2: memory must be from', "unknown key 'objects' in cache",
      ':4: ttl must be seconds', "unknown key 'tll' in cache; did you mean 'ttl'",
      "a name must follow 'query:'", "'page' is none of path", 'a JSON pointer such as',
      "a name of a header is expected, this is 'a b'", "what answers 'PUT' is not kept",
      'status must be statuses', "did you mean 'healthy'", "key: '/a%['", 'cache must be a table' }
    do
      assert.matches(part, said)
    end
  end)
end)
