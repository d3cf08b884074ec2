-- cache = 'http' by the rules of RFC 9111, 3: what is stored.
local caches = require 'spec.support.caches'
local http = require 'spec.support.http'

local OLD = 'last-modified: Sun, 06 Nov 1994 08:49:37 GMT'
local FRESH = 'cache-control: max-age=60'
local FUTURE = 'expires: Fri, 01 Jan 2100 00:00:00 GMT'
local WHO = { authorization = 'Bearer a' }

local cache
local function reuses(answer, first, second) return cache:case():reuses(answer, first, second) end
local function with(status, ...) return { status = status, ... } end

describe('RFC 9111, 3: a response is stored', function()
  lazy_setup(function() cache = caches.serve() end)
  lazy_teardown(function() cache:stop() end)

  it('3: to GET', function() assert(reuses { FRESH }) end)

  it('3: not to a method that is not understood', function()
    local case = cache:case()
    case:ask { method = 'PROPFIND', answer = { FRESH } }
    assert.equal('2', case:get().body)
  end)

  it('3: not to POST, PUT or DELETE', function()
    for _, method in ipairs { 'POST', 'PUT', 'DELETE' } do
      local case = cache:case()
      case:ask { method = method, answer = { FRESH } }
      assert.equal('2', case:get().body, method)
    end
  end)

  it('3: not to HEAD, which has no body', function()
    local case = cache:case()
    case:ask { method = 'HEAD', answer = { FRESH } }
    assert.equal('2', case:get({ FRESH }).body)
    assert.equal('2', case:get({ FRESH }).body)
  end)

  it('3: when it is final: interim ones before it are not', function()
    local interim = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\ncache-control: max-age=60\r\n\r\n'
    local case = cache:case()
    case:get { FRESH, interim = interim }
    local answer = case:get()
    assert.same({ 200, '1' }, { answer.status, answer.body })
    assert.is_nil(answer.headers.link)
  end)

  it('3: with whatever final status, when it says how long it is fresh', function()
    for _, status in ipairs { 200, 203, 299, 301, 302, 307, 308, 400, 404, 410, 414, 499, 500, 501,
      503, 599 } do
      assert(reuses(with(status .. ' Any', FRESH)), status)
      assert(reuses(with(status .. ' Any', FUTURE)), status)
    end
    local case = cache:case()
    case:get(with('204 No', FRESH))
    assert.same({ 204, 1 }, { case:get().status, #case:asked() })
  end)

  it('3: not with a status that is never stored (RFC 6585)', function()
    for _, status in ipairs { 428, 429, 431, 511 } do
      assert(not reuses(with(status .. ' Any', FRESH)), status)
    end
  end)

  it('3: not with no-store', function()
    assert(not reuses { 'cache-control: no-store', FUTURE })
    assert(not reuses { 'cache-control: max-age=60, no-store' })
    assert(not reuses { FRESH, 'cache-control: no-store' })
  end)

  it('3: not with private, for it is a shared cache', function()
    assert(not reuses { 'cache-control: private, max-age=60' })
    assert(not reuses { 'cache-control: private, s-maxage=60' })
  end)

  it('3: with public, Expires, max-age or s-maxage', function()
    for _, field in ipairs { FUTURE, FRESH, 'cache-control: s-maxage=60' } do
      assert(reuses { field }, field)
    end
    assert(reuses { 'cache-control: public', OLD })
  end)

  it('3: without these when its status is cacheable by default', function()
    for _, status in ipairs { 200, 203, 300, 301, 308, 404, 405, 410, 414, 501 } do
      assert(reuses(with(status .. ' Any', OLD)), status)
    end
    for _, status in ipairs { 201, 202, 302, 307, 400, 403, 500, 503, 599 } do
      assert(not reuses(with(status .. ' Any', OLD)), status)
    end
  end)

  it('3: with another status by a guess only when it is public', function()
    assert(reuses(with('201 Any', OLD, 'cache-control: public')))
    assert(not reuses(with('201 Any', OLD)))
  end)

  it('3: with a validator even when it is stale, to be validated', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=0', 'etag: "a"' }
    case:get { 'etag: "a"', is = '"a"' }
    assert.equal('"a"', case:asked()[2].headers['if-none-match'])
  end)

  it('3: not when the request says no-store', function()
    assert(not reuses({ FRESH }, { ['cache-control'] = 'no-store' }, {}))
  end)

  it('3.1: with all its fields, known or not', function()
    local case = cache:case()
    case:get { FRESH, 'x-a: 1', 'content-foo: 2', 'content-type: a/b', 'x-a: 3',
      'content-security-policy: default-src *', 'link: </a>', 'retry-after: 1' }
    local got = case:get().headers
    assert.same({ '1, 3', '2', 'a/b', 'default-src *', '</a>', '1' }, { got['x-a'],
      got['content-foo'], got['content-type'], got['content-security-policy'], got.link,
      got['retry-after'] })
  end)

  it('3.1: without those that Connection names', function()
    local case = cache:case()
    case:get { FRESH, 'connection: x-a, X-B', 'x-a: 1', 'x-b: 2', 'x-c: 3' }
    local got = case:get().headers
    assert.same({ nil, nil, '3' }, { got['x-a'], got['x-b'], got['x-c'] })
  end)

  it('3.1: without those that belong to a connection or to another proxy', function()
    local case = cache:case()
    case:get { FRESH, 'keep-alive: x', 'proxy-connection: x', 'te: x', 'upgrade: x',
      'proxy-authenticate: x', 'proxy-authentication-info: x', 'proxy-authorization: x' }
    local got = case:get()
    assert.equal('1', got.body)
    for _, name in ipairs { 'keep-alive', 'proxy-connection', 'te', 'upgrade',
      'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization' } do
      assert.is_nil(got.headers[name], name)
    end
  end)

  it('3.1, 5.2.2.4, 5.2.2.7: without those that no-cache or private names', function()
    for _, name in ipairs { 'no-cache', 'private' } do
      local case = cache:case()
      case:get { 'cache-control: max-age=60, ' .. name .. '="x-a, X-B"', 'x-a: 1', 'x-b: 2',
        'x-c: 3' }
      local got = case:get()
      assert.same({ '1', nil, nil, '3' }, { got.body, got.headers['x-a'], got.headers['x-b'],
        got.headers['x-c'] }, name)
    end
  end)

  it('3.2: and its fields are those of the 304 that freshens it', function()
    local case = cache:case()
    local stale = 'cache-control: max-age=60'
    case:get { stale, 'age: 61', 'etag: "a"', 'x-a: 1', 'x-b: 1', 'x-c: 1', 'x-c: 2' }
    case:get { stale, 'etag: "a"', 'x-a: 2', 'x-c: 3', 'x-d: 4', is = '"a"' }
    for _ = 1, 2 do
      local got = case:get()
      assert.same({ '1', '2', '1', '3', '4' }, { got.body, got.headers['x-a'],
        got.headers['x-b'], got.headers['x-c'], got.headers['x-d'] })
    end
    assert.equal(2, #case:asked())
  end)

  it('3.2: but not those that tell of its bytes', function()
    local case = cache:case()
    case:get { FRESH, 'age: 61', 'etag: "a"', 'content-encoding: x', 'content-type: a/b' }
    case:get { FRESH, 'etag: "a"', 'content-encoding: y', 'content-range: bytes 0-0/1',
      'content-type: c/d', is = '"a"' }
    local got = case:get()
    assert.same({ '1', 'x', nil, '1' }, { got.body, got.headers['content-encoding'],
      got.headers['content-range'], got.headers['content-length'] })
  end)

  it('3.3: not when it is cut short', function()
    for _, raw in ipairs { 'content-length: 9\r\n\r\nup',
      'transfer-encoding: chunked\r\n\r\n9\r\nup' } do
      local case = cache:case()
      pcall(case.get, case, { FRESH, raw = raw })
      assert.equal('2', case:get({ FRESH }).body, raw)
    end
  end)

  it('3.3: when its end is the end of its chunks, or of a connection', function()
    for _, raw in ipairs { 'transfer-encoding: chunked\r\n\r\n' .. http.chunked { 'u', 'p' },
      '\r\nup' } do
      local case = cache:case()
      case:get { FRESH, raw = raw }
      assert.equal('up', case:get().body, raw)
    end
  end)

  it('3.3, 3.4: not when it is a part, which no other part is joined to', function()
    local case = cache:case()
    local part = { FRESH, 'etag: "a"', 'content-range: bytes 0-0/2', status = '206 Part',
      body = 'u' }
    assert.equal(206, case:get(part, { range = 'bytes=0-0' }).status)
    assert.equal('2', case:get({}, { range = 'bytes=0-0' }).body)
    assert.equal('3', case:get().body)
  end)

  it('3.3: not when a part answers a request that wanted the whole', function()
    local case = cache:case()
    case:get { FRESH, 'content-range: bytes 0-0/2', status = '206 Part', body = 'u' }
    assert.equal('2', case:get().body)
  end)

  it('3.5: to credentials only with public, s-maxage or must-revalidate', function()
    assert(not reuses({ FRESH }, WHO))
    assert(not reuses({ FUTURE }, WHO))
    assert(not reuses({ OLD }, WHO))
    for _, word in ipairs { 'public', 's-maxage=60', 'must-revalidate' } do
      assert(reuses({ 'cache-control: max-age=60, ' .. word }, WHO), word)
      assert(reuses({ 'cache-control: max-age=60, ' .. word }, WHO, {}), word)
    end
    for _, word in ipairs { 'proxy-revalidate', 'immutable', 'no-transform' } do
      assert(not reuses({ 'cache-control: max-age=60, ' .. word }, WHO), word)
    end
  end)

  it('3.5: and what is stored answers requests with credentials', function()
    assert(reuses({ FRESH }, {}, WHO))
  end)

  it('7.3: with Set-Cookie only when it speaks to shared caches', function()
    local cookie = 'set-cookie: a=b'
    assert(not reuses { FRESH, cookie })
    assert(not reuses { FUTURE, cookie })
    assert(reuses { 'cache-control: max-age=60, public', cookie })
    assert(reuses { 'cache-control: s-maxage=60', cookie })
    assert(reuses { 'cdn-cache-control: max-age=60', cookie })
    local case = cache:case()
    case:get { 'cache-control: max-age=60, public', cookie }
    assert.equal('a=b', case:get().headers['set-cookie'])
    assert(reuses { 'cache-control: max-age=60, no-cache="set-cookie"', cookie })
  end)

  it('7.3: by a guess, to a request with cookies, only when it is public', function()
    assert(not reuses({ OLD }, { cookie = 'a=b' }))
    assert(reuses({ OLD, 'cache-control: public' }, { cookie = 'a=b' }))
    assert(reuses({ FRESH }, { cookie = 'a=b' }, {}))
  end)
end)
