-- cache = 'http': by section of RFC 9111.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local OLD = 'Sun, 06 Nov 1994 08:49:37 GMT'

-- Answers with how often it was asked and with the fields given; 304 to the tag it gives itself.
local function counting(fields, opts)
  opts = opts or {}
  local n = 0
  return function(request)
    n = n + 1
    local head = {}
    for _, field in ipairs(fields) do head[#head + 1] = field .. '\r\n' end
    head = table.concat(head):gsub('@n', tostring(n))
    if opts.etag and request.headers['if-none-match'] == opts.etag then
      return 'HTTP/1.1 304 Not Modified\r\n' .. (opts.update or '') .. head .. '\r\n'
    end
    local status = type(opts.status) == 'function' and opts.status(n) or opts.status or '200 OK'
    local body = opts.body or tostring(n)
    return ('HTTP/1.1 %s\r\n%scontent-length: %d\r\n\r\n%s'):format(status, head, #body, body)
  end
end

local function serve(answer)
  local shop = upstream(type(answer) == 'table' and answer or { default = answer })
  local tide = gate.serve { site = { workers = 1 },
    backends = { shop = { shop.url, eject = false } },
    routes = { { 'ANY /{path...}', backend = 'shop', cache = 'http' } } }
  return tide, shop, function() tide:stop() shop:stop() end
end

-- The bodies of requests one after the other; each is a table of headers, or a whole request.
local function bodies(tide, requests)
  local list = {}
  for i, request in ipairs(requests) do
    if not request.path then request = { path = '/x', headers = request } end
    list[i] = tide:request(request).body
  end
  return list
end

local function stored(fields, opts, first, second)
  local tide, _, stop = serve(counting(fields, opts))
  local list = bodies(tide, { first or {}, second or first or {} })
  stop()
  return list[1] == list[2]
end

describe("cache = 'http' stores (RFC 9111, 3)", function()
  it('what says how long it is fresh', function()
    for _, fields in ipairs { { 'cache-control: max-age=60' }, { 'cache-control: s-maxage=60' },
      { 'cache-control: max-age=0, s-maxage=60' }, { 'cdn-cache-control: max-age=60' },
      { 'cdn-cache-control: max-age=60', 'cache-control: no-store' },
      { 'expires: Fri, 01 Jan 2100 00:00:00 GMT' }, { 'last-modified: ' .. OLD } } do
      assert(stored(fields), fields[1])
    end
  end)

  it('nothing that forbids it, or that is not fresh', function()
    for _, fields in ipairs { {}, { 'cache-control: no-store, max-age=60' },
      { 'cache-control: private, max-age=60' }, { 'cache-control: no-cache, max-age=60' },
      { 'cache-control: max-age=0' }, { 'expires: 0' }, { 'cache-control: max-age=x' },
      { 'cache-control: max-age=60', 'vary: *' }, { 'cache-control: max-age=60', 'age: 60' },
      { 'cdn-cache-control: no-store', 'cache-control: max-age=60' } } do
      assert(not stored(fields), table.concat(fields, ' '))
    end
    assert(not stored({ 'cache-control: max-age=60' }, nil, { ['cache-control'] = 'no-store' }))
  end)

  it('what answers credentials only when it says so (3.5)', function()
    local who = { authorization = 'Bearer a' }
    assert(not stored({ 'cache-control: max-age=60' }, nil, who))
    assert(stored({ 'cache-control: max-age=60, public' }, nil, who))
    assert(stored({ 'cache-control: s-maxage=60' }, nil, who))
    assert(not stored({ 'cache-control: max-age=60', 'set-cookie: a=b' }))
  end)

  it('nothing incomplete (3.3)', function()
    local tide, shop, stop = serve { ['/x'] = {
      'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 20\r\n\r\nup',
      close = true } }
    for _ = 1, 2 do pcall(tide.get, tide, '/x') end
    assert.equal(2, #shop:requests())
    stop()
  end)
end)

describe("cache = 'http' answers (RFC 9111, 4)", function()
  it('with the age of what is stored (4.2.3, 5.1)', function()
    local tide, _, stop = serve(counting { 'cache-control: max-age=100', 'age: 30' })
    tide:get '/x'
    local answer = tide:get '/x'
    assert.is_true(tonumber(answer.headers.age) >= 30)
    assert.matches('^tidegate; hit; ttl=[67]%d', answer.headers['cache-status'])
    stop()
  end)

  it('by the variant that Vary selects (4.1)', function()
    local tide, shop, stop = serve(counting { 'cache-control: max-age=60',
      'vary: accept-language' })
    local de, en = { ['accept-language'] = 'de' }, { ['accept-language'] = 'en' }
    assert.same({ '1', '2', '1', '2' }, bodies(tide, { de, en, de, en }))
    assert.equal(2, #shop:requests())
    stop()
  end)

  it('as the request asks for (5.2.1)', function()
    local tide, _, stop = serve(counting { 'cache-control: max-age=60' })
    local function asking(directives) return { ['cache-control'] = directives } end
    assert.same({ '1', '2', '2', '3', '4' }, bodies(tide, { {}, asking 'no-cache',
      asking 'max-age=30', asking 'max-age=0', asking 'min-fresh=90' }))
    assert.same({ '5' }, bodies(tide, { { pragma = 'no-cache' } }))
    assert.equal('5', tide:get('/x', asking 'only-if-cached').body)
    local answer = tide:get('/y', asking 'only-if-cached')
    assert.equal(504, answer.status)
    stop()
  end)

  it('with what is stale only when that is allowed (4.2.4)', function()
    local tide, _, stop = serve(counting { 'cache-control: max-age=1' })
    local must, _, stop_must = serve(counting { 'cache-control: max-age=1, must-revalidate' })
    local any = { ['cache-control'] = 'max-stale' }
    bodies(tide, { {} })
    bodies(must, { {} })
    posix.pause(1.2)
    assert.same({ '1', '2' }, bodies(tide, { any, {} }))
    assert.same({ '2' }, bodies(must, { any }))
    stop()
    stop_must()
  end)

  it('with what is stale while a fresh one is fetched (RFC 5861)', function()
    local tide, _, stop = serve(counting { 'cache-control: max-age=1, stale-while-revalidate=60' })
    bodies(tide, { {} })
    posix.pause(1.2)
    assert.same({ '1' }, bodies(tide, { {} }))
    require('spec.support.wait').eventually(function() return tide:get('/x').body == '2' end)
    stop()
  end)

  it('with what is stale when the backend fails (RFC 5861)', function()
    local function second_fails(n) return n > 1 and '503 Sick' or '200 OK' end
    local tide, _, stop = serve(counting({ 'cache-control: max-age=1, stale-if-error=60' },
      { status = second_fails }))
    local must, _, stop_must = serve(counting({ 'cache-control: max-age=1, must-revalidate' },
      { status = second_fails }))
    bodies(tide, { {} })
    bodies(must, { {} })
    posix.pause(1.2)
    local answer = tide:get '/x'
    assert.same({ 200, '1' }, { answer.status, answer.body })
    assert.matches('fwd=stale; fwd%-status=503', answer.headers['cache-status'])
    assert.equal(503, must:get('/x').status)
    stop()
    stop_must()
  end)

  it('a HEAD, conditions and ranges out of the whole', function()
    local tide, shop, stop = serve(counting({ 'cache-control: max-age=60', 'etag: "a"',
      'last-modified: ' .. OLD }, { body = '0123456789' }))
    tide:get '/x'
    local answer = tide:request { method = 'HEAD', path = '/x' }
    assert.same({ 200, '10' }, { answer.status, answer.headers['content-length'] })
    answer = tide:get('/x', { ['if-none-match'] = '"a"' })
    assert.same({ 304, '"a"' }, { answer.status, answer.headers.etag })
    answer = tide:get('/x', { range = 'bytes=2-4' })
    assert.same({ 206, '234', 'bytes 2-4/10' },
      { answer.status, answer.body, answer.headers['content-range'] })
    answer = tide:get('/x', { range = 'bytes=-3', ['if-range'] = '"b"' })
    assert.same({ 200, '0123456789' }, { answer.status, answer.body })
    answer = tide:get('/x', { range = 'bytes=20-' })
    assert.same({ 416, 'bytes */10' }, { answer.status, answer.headers['content-range'] })
    assert.equal(1, #shop:requests())
    stop()
  end)

  it('passes a range on when nothing is stored', function()
    local tide, shop, stop = serve { ['/x'] = function(request)
      assert(request.headers.range == 'bytes=0-0')
      return 'HTTP/1.1 206 Partial Content\r\ncache-control: max-age=60\r\n' ..
        'content-range: bytes 0-0/2\r\ncontent-length: 1\r\n\r\nu'
    end }
    for _ = 1, 2 do
      local answer = tide:get('/x', { range = 'bytes=0-0' })
      assert.same({ 206, 'u' }, { answer.status, answer.body })
    end
    assert.equal(2, #shop:requests())
    stop()
  end)
end)

describe("cache = 'http' validates (RFC 9111, 4.3)", function()
  it('and freshens what is stored by a 304', function()
    local tide, shop, stop = serve(counting({ 'cache-control: max-age=1', 'etag: "a"', 'x-n: @n' },
      { etag = '"a"' }))
    assert.same({ '1' }, bodies(tide, { {} }))
    posix.pause(1.2)
    local answer = tide:get '/x'
    assert.same({ 200, '1', '2' }, { answer.status, answer.body, answer.headers['x-n'] })
    assert.equal('tidegate; fwd=stale; fwd-status=304; ttl=1; stored',
      (answer.headers['cache-status']:gsub('ttl=0', 'ttl=1')))
    answer = tide:get '/x'
    assert.same({ '1', '2' }, { answer.body, answer.headers['x-n'] })
    assert.equal(2, #shop:requests())
    stop()
  end)

  it('what must be validated each time', function()
    local tide, shop, stop = serve(counting({ 'cache-control: no-cache', 'etag: "a"' },
      { etag = '"a"' }))
    assert.same({ '1', '1', '1' }, bodies(tide, { {}, {}, {} }))
    assert.equal(3, #shop:requests())
    local answer = tide:get('/x', { ['if-none-match'] = '"a"' })
    assert.equal(304, answer.status)
    stop()
  end)

  it('again without conditions when the 304 means something else', function()
    local times = 0
    local tide, shop, stop = serve { ['/x'] = function(request)
      times = times + 1
      if request.headers['if-none-match'] then
        return 'HTTP/1.1 304 Not Modified\r\netag: "other"\r\n\r\n'
      end
      return 'HTTP/1.1 200 OK\r\netag: "a"\r\ncache-control: no-cache\r\n' ..
        ('content-length: 1\r\n\r\n%d'):format(times)
    end }
    assert.same({ '1', '3' }, bodies(tide, { {}, {} }))
    assert.equal(3, #shop:requests())
    stop()
  end)
end)

describe("cache = 'http' invalidates (RFC 9111, 4.4)", function()
  it('what an unsafe request has changed, and what its answer names', function()
    local n = 0
    local tide, _, stop = serve { default = function(request)
      n = n + 1
      if request.method == 'GET' then
        return ('HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: %d\r\n\r\n%d')
          :format(#tostring(n), n)
      end
      local status = request.path:find 'bad' and '400 No' or '201 Created'
      return 'HTTP/1.1 ' .. status .. '\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n'
    end }
    local a, b, c = { path = '/a' }, { path = '/b' }, { path = '/bad' }
    assert.same({ '1', '2', '3' }, bodies(tide, { a, b, c }))
    tide:request { method = 'POST', path = '/bad' }
    assert.same({ '1', '2', '3' }, bodies(tide, { a, b, c }))
    tide:request { method = 'PUT', path = '/a' }
    assert.same({ '6', '7', '3' }, bodies(tide, { a, b, c }))
    stop()
  end)
end)
