-- cache = 'http' by the rules of RFC 9111, 4.3 and 4.4: validation and invalidation.
local caches = require 'spec.support.caches'
local sanitized = require 'spec.support.sanitized'

local FRESH = 'cache-control: max-age=60'
local STALE = 'cache-control: max-age=0'
local OLD = 'Sun, 06 Nov 1994 08:49:37 GMT'
local MODIFIED = 'last-modified: ' .. OLD
local NOW = { ['cache-control'] = 'no-cache' }

local cache
local function start() cache = caches.serve() end
local function stop() cache:stop() end

local function conditions(request)
  return { request.headers['if-none-match'], request.headers['if-modified-since'] }
end

describe('RFC 9111, 4.3: validation', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('4.3.1: asks with If-None-Match when there is an ETag, strong or weak', function()
    for _, tag in ipairs { '"a"', 'W/"a"', '"a,b"', '""' } do
      local case = cache:case()
      case:get { STALE, 'etag: ' .. tag }
      assert.equal('1', case:get({ STALE, 'etag: ' .. tag, is = tag }).body)
      assert.same({ tag }, conditions(case:asked()[2]))
    end
  end)

  it('4.3.1: asks with If-Modified-Since when there is Last-Modified', function()
    local case = cache:case()
    case:get { STALE, MODIFIED }
    assert.equal('1', case:get({ STALE, MODIFIED, is = OLD }).body)
    assert.same({ nil, OLD }, conditions(case:asked()[2]))
  end)

  it('4.3.1: asks with both when there are both', function()
    local case = cache:case()
    case:get { STALE, MODIFIED, 'etag: "a"' }
    case:get { STALE, is = '"a"' }
    assert.same({ '"a"', OLD }, conditions(case:asked()[2]))
  end)

  it('4.3.1: asks without conditions when there is no validator', function()
    local case = cache:case()
    case:get { FRESH }
    case:get({ FRESH }, NOW)
    assert.same({}, conditions(case:asked()[2]))
  end)

  it('4.3.1: asks with its own validators, not with those of the client', function()
    local case = cache:case()
    case:get { STALE, 'etag: "a"' }
    local got = case:get({ STALE, 'etag: "a"', is = '"a"' }, { ['if-none-match'] = '"b"' })
    assert.same({ 200, '1' }, { got.status, got.body })
    assert.same({ '"a"' }, conditions(case:asked()[2]))
  end)

  it('4.3.2: a client that has what is stored gets 304', function()
    local case = cache:case()
    case:get { FRESH, 'etag: "a"', MODIFIED }
    for _, value in ipairs { '"a"', 'W/"a"', '"b", "a"', '"b" ,W/"a"', '*' } do
      assert.equal(304, case:get(nil, { ['if-none-match'] = value }).status, value)
    end
    for _, value in ipairs { '"b"', 'a', '"A"' } do
      assert.equal(200, case:get(nil, { ['if-none-match'] = value }).status, value)
    end
    assert.equal(1, #case:asked())
  end)

  it('4.3.2: by If-Modified-Since when it has no If-None-Match', function()
    local case = cache:case()
    case:get { FRESH, 'etag: "a"', MODIFIED }
    local since = 'if-modified-since'
    assert.equal(304, case:get(nil, { [since] = OLD }).status)
    assert.equal(304, case:get(nil, { [since] = 'Mon, 07 Nov 1994 08:49:37 GMT' }).status)
    assert.equal(200, case:get(nil, { [since] = 'Sat, 05 Nov 1994 08:49:37 GMT' }).status)
    assert.equal(200, case:get(nil, { [since] = 'yesterday' }).status)
    assert.equal(200, case:get(nil, { [since] = OLD, ['if-none-match'] = '"b"' }).status)
    assert.equal(304, case:get(nil, { [since] = 'Sat, 05 Nov 1994 08:49:37 GMT',
      ['if-none-match'] = '"a"' }).status)
  end)

  it('4.3.2: by its Date when it has no Last-Modified', function()
    local case = cache:case()
    case:get { FRESH }
    local later = os.date('!%a, %d %b %Y %H:%M:%S GMT', os.time() + 5)
    assert.equal(304, case:get(nil, { ['if-modified-since'] = later }).status)
    assert.equal(200, case:get(nil, { ['if-modified-since'] = OLD }).status)
  end)

  it('4.3.2: the 304 has what RFC 9110, 15.4.5 wants, and no body', function()
    local case = cache:case()
    case:get { FRESH, 'etag: "a"', 'content-location: /a', 'vary: x-a', 'x-b: 1',
      'expires: ' .. OLD, 'content-type: a/b' }
    local got = case:get(nil, { ['if-none-match'] = '"a"' })
    local h = got.headers
    assert.same({ 304, '', '"a"', '/a', 'x-a', 'max-age=60', OLD, nil, nil }, { got.status,
      got.body, h.etag, h['content-location'], h.vary, h['cache-control'], h.expires,
      h['content-type'], h['content-length'] })
    assert.is_truthy(h.date)
    assert.is_truthy(h.age)
  end)

  it('4.3.2: only a 200 is compared', function()
    local case = cache:case()
    case:get { FRESH, 'etag: "a"', status = '404 No' }
    assert.equal(404, case:get(nil, { ['if-none-match'] = '"a"' }).status)
  end)

  it('4.3.2: nothing is compared when nothing is stored: the whole is asked for', function()
    local case = cache:case()
    local got = case:get({ FRESH, 'etag: "a"' }, { ['if-none-match'] = '"b"' })
    assert.same({ 200, '1' }, { got.status, got.body })
    assert.same({}, conditions(case:asked()[1]))
    local other = cache:case()
    got = other:get({ FRESH, 'etag: "a"' }, { ['if-none-match'] = '"a"' })
    assert.is_true(got.status == 200 or got.status == 304)
    assert.equal('1', other:get().body)
  end)

  it('4.3.3: a 304 lets the stored one be used again', function()
    local case = cache:case()
    case:get { STALE, 'etag: "a"' }
    assert.equal('1', case:get({ FRESH, 'etag: "a"', is = '"a"' }).body)
    assert.equal('1', case:get().body)
    assert.equal(2, #case:asked())
  end)

  it('4.3.3: a whole answer takes its place', function()
    local case = cache:case()
    case:get { STALE, 'etag: "a"', 'x-a: 1' }
    local got = case:get { FRESH, 'etag: "b"' }
    assert.same({ '2', nil }, { got.body, got.headers['x-a'] })
    assert.equal('2', case:get().body)
  end)

  it('4.3.3: a 5xx is passed on, and what is stored stays', function()
    local case = cache:case()
    case:get { STALE, 'etag: "a"' }
    assert.equal(503, case:get({ status = '503 No' }).status)
    assert.equal('1', case:get({ STALE, 'etag: "a"', is = '"a"' }).body)
  end)

  it('4.3.4: a 304 with a strong ETag freshens only what has the same', function()
    local case = cache:case()
    case:get { STALE, 'etag: "a"' }
    assert.equal('2', case:get({ FRESH, 'etag: "b"', is = '"a"' }).body)
    assert.same({}, conditions(case:asked()[3]))
  end)

  it('4.3.4: one with a weak validator what has the same', function()
    local case = cache:case()
    case:get { STALE, 'etag: W/"a"' }
    assert.equal('1', case:get({ FRESH, 'etag: W/"a"', is = 'W/"a"' }).body)
    case = cache:case()
    case:get { STALE, MODIFIED }
    assert.equal('1', case:get({ FRESH, MODIFIED, is = OLD }).body)
    case = cache:case()
    case:get { STALE, MODIFIED }
    assert.equal('2', case:get({ FRESH, is = OLD,
      'last-modified: Mon, 07 Nov 1994 08:49:37 GMT' }).body)
  end)

  it('4.3.4: one without validators the one that was asked for', function()
    local case = cache:case()
    case:get { STALE, 'etag: "a"' }
    assert.equal('1', case:get({ FRESH, is = '"a"' }).body)
    assert.equal('1', case:get().body)
  end)

  it('4.3.4: and its time begins anew', function()
    if sanitized() then return end -- the seam that writes Date is not there
    local case = cache:case()
    case:get { FRESH, 'age: 61', 'etag: "a"', 'date: ' .. OLD }
    case:get { FRESH, is = '"a"' }
    local got = case:get()
    assert.same({ '1', 1 }, { got.body, #got:all 'date' })
    assert.are_not.equal(OLD, got.headers.date)
    assert.is_true(tonumber(got.headers.age) < 5)
    assert.equal(2, #case:asked())
  end)

  it('4.3.5: what answers HEAD freshens what it describes', function()
    local case = cache:case()
    case:get { FRESH, 'etag: "a"', 'x-a: 1', body = 'abc' }
    local got = case:ask { method = 'HEAD', headers = NOW,
      answer = { FRESH, 'etag: "a"', 'x-a: 2', body = 'def' } }
    assert.same({ 200, '2', '3' }, { got.status, got.headers['x-a'],
      got.headers['content-length'] })
    got = case:get()
    assert.same({ 'abc', '2', 2 }, { got.body, got.headers['x-a'], #case:asked() })
  end)

  it('4.3.5: and takes out what it shows to be untrue', function()
    for _, changed in ipairs { { FRESH, 'etag: "b"', body = 'abc' },
      { FRESH, 'etag: "a"', body = 'abcd' },
      { FRESH, body = 'abc', 'last-modified: ' .. OLD } } do
      local case = cache:case()
      case:get { FRESH, 'etag: "a"', body = 'abc' }
      case:ask { method = 'HEAD', headers = NOW, answer = changed }
      assert.equal('3', case:get({ FRESH }).body)
    end
  end)

  it('4.3.5: but never answers GET', function()
    local case = cache:case()
    case:ask { method = 'HEAD', answer = { FRESH, body = 'abc' } }
    assert.equal('2', case:get({ FRESH }).body)
    case:ask { method = 'HEAD', headers = NOW, answer = { FRESH, status = '404 No' } }
    assert.equal('2', case:get().body)
  end)
end)

describe('RFC 9111, 4.4: invalidation', function()
  lazy_setup(start)
  lazy_teardown(stop)

  -- Whether the request takes out what is stored for `path` of its case.
  local function invalidates(request, fields, path)
    local case = cache:case()
    path = case.path .. (path or '')
    case:ask { path = path, answer = { FRESH } }
    for i, field in ipairs(fields or {}) do
      request.answer[i] = field:gsub('@', path)
    end
    case:ask(request)
    return case:ask({ path = path }).body ~= '1'
  end

  local function unsafe(method, status)
    return { method = method, answer = { status = status or '200 OK' } }
  end

  it('4.4: by POST, PUT, DELETE, PATCH and methods that nobody knows', function()
    for _, method in ipairs { 'POST', 'PUT', 'DELETE', 'PATCH', 'FIX-IT' } do
      assert(invalidates(unsafe(method)), method)
    end
  end)

  it('4.4: not by safe methods', function()
    for _, method in ipairs { 'OPTIONS', 'PROPFIND' } do
      assert(not invalidates(unsafe(method)), method)
    end
  end)

  it('4.4: when the answer is 2xx or 3xx', function()
    for _, status in ipairs { '200 OK', '204 Gone', '201 Made', '302 There', '303 There' } do
      assert(invalidates(unsafe('POST', status)), status)
    end
  end)

  it('4.4: not when it is an error', function()
    for _, status in ipairs { '400 No', '404 No', '500 No', '503 No' } do
      assert(not invalidates(unsafe('POST', status)), status)
    end
  end)

  it('4.4: of what Location and Content-Location name, on the same host', function()
    for _, name in ipairs { 'location', 'content-location' } do
      assert(invalidates(unsafe 'POST', { name .. ': @' }, '/b'), name)
      assert(invalidates(unsafe 'POST', { name .. ': http://gate@' }, '/b'), name)
      assert(invalidates(unsafe 'POST', { name .. ': //gate@' }, '/b'), name)
    end
  end)

  it('4.4: not of what they name on another', function()
    for _, name in ipairs { 'location', 'content-location' } do
      assert(not invalidates(unsafe 'POST', { name .. ': http://other@' }, '/b'), name)
      assert(not invalidates(unsafe 'POST', { name .. ': //other@' }, '/b'), name)
    end
    assert(not invalidates(unsafe 'POST', {}, '/b'))
  end)

  it('4.4: of all variants', function()
    local case = cache:case()
    case:get({ FRESH, 'vary: x-a' }, { ['x-a'] = '1' })
    case:get({ FRESH, 'vary: x-a' }, { ['x-a'] = '2' })
    case:ask(unsafe 'PUT')
    assert.equal('4', case:get({}, { ['x-a'] = '1' }).body)
    assert.equal('5', case:get({}, { ['x-a'] = '2' }).body)
  end)
end)
