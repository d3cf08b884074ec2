-- cache = 'http' by the RFCs beside 9111: stale (5861), targeted directives (9213), Cache-Status
-- (9211), conditions and ranges (9110).
local caches = require 'spec.support.caches'
local sanitized = require 'spec.support.sanitized'
local wait = require 'spec.support.wait'

local FRESH = 'cache-control: max-age=60'
local OLD = 'Sun, 06 Nov 1994 08:49:37 GMT'

local cache
local function reuses(answer, first, second) return cache:case():reuses(answer, first, second) end
local function start() cache = caches.serve() end
local function stop() cache:stop() end

describe('RFC 5861', function()
  lazy_setup(start)
  lazy_teardown(stop)

  local function stale(directive, age)
    local case = cache:case()
    case:get { 'cache-control: max-age=60, ' .. directive, 'age: ' .. (age or 70), 'etag: "a"' }
    return case
  end

  it('3: stale-while-revalidate: the stale one, and a fresh one is fetched', function()
    local case = stale 'stale-while-revalidate=60'
    assert.equal('1', case:get({ FRESH }).body)
    wait.eventually(function() return case:get().body == '2' end)
    assert.equal(2, #case:asked())
  end)

  it('3: not when that time is over', function()
    assert.equal('2', stale('stale-while-revalidate=5'):get({ FRESH }).body)
    assert.equal('2', stale('stale-while-revalidate=10', 71):get({ FRESH }).body)
  end)

  it('4: stale-if-error: the stale one for 500, 502, 503, 504, and no answer at all', function()
    for _, answer in ipairs { { status = '500 No' }, { status = '502 No' }, { status = '503 No' },
      { status = '504 No' }, { fails = true } } do
      local got = stale('stale-if-error=60'):get(answer)
      assert.same({ 200, '1' }, { got.status, got.body })
    end
  end)

  it('4: not for other answers', function()
    for _, status in ipairs { '404 No', '429 No', '501 No', '403 No' } do
      local got = stale('stale-if-error=60'):get { status = status }
      assert.equal('2', got.body, status)
    end
  end)

  it('4: not when that time is over', function()
    assert.equal(503, stale('stale-if-error=5'):get({ status = '503 No' }).status)
  end)

  it('4: also when the request says it, if the response does not forbid it', function()
    local asked = { ['cache-control'] = 'stale-if-error=60' }
    assert.equal('1', stale('x'):get({ status = '503 No' }, asked).body)
    assert.equal(503, stale('must-revalidate'):get({ status = '503 No' }, asked).status)
    assert.equal(503, stale('x'):get({ status = '503 No' },
      { ['cache-control'] = 'stale-if-error=5' }).status)
  end)

  it('4: a failure takes nothing away', function()
    local case = stale 'stale-if-error=60'
    case:get { status = '503 No' }
    case:get { status = '503 No' }
    assert.equal('1', case:get({ FRESH, is = '"a"' }).body)
  end)
end)

describe('RFC 9213', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('2.2: CDN-Cache-Control goes before Cache-Control and Expires', function()
    assert(reuses { 'cdn-cache-control: max-age=60', 'cache-control: max-age=0' })
    assert(reuses { 'cdn-cache-control: max-age=60', 'cache-control: no-store' })
    assert(reuses { 'cdn-cache-control: max-age=60', 'expires: 0' })
    assert(not reuses { 'cdn-cache-control: max-age=0', FRESH })
    for _, word in ipairs { 'no-store', 'private', 'no-cache' } do
      assert(not reuses { 'cdn-cache-control: ' .. word, FRESH }, word)
    end
  end)

  it('2.1: what is no dictionary is passed over', function()
    assert(not reuses { 'cdn-cache-control: max-age=60, &&&', 'cache-control: no-store' })
    assert(reuses { 'cdn-cache-control: no-store, &&&', FRESH })
    assert(not reuses { 'cdn-cache-control: MaX-aGe=60' })
  end)

  it('2.1: so is a directive with a value of another type', function()
    assert(not reuses { 'cdn-cache-control: max-age="60"', 'cache-control: no-store' })
    assert(not reuses { 'cdn-cache-control: max-age=60.5' })
  end)

  it('2.1: an empty one is as if it were not there', function()
    assert(reuses { 'cdn-cache-control:', FRESH })
  end)

  it('2.1: directives that are not known are passed over', function()
    assert(reuses { 'cdn-cache-control: x=y;z, max-age=60' })
  end)

  it('3.1: Age counts against it', function()
    assert(not reuses { 'cdn-cache-control: max-age=60', 'age: 61' })
  end)
end)

describe('RFC 9211', function()
  lazy_setup(start)
  lazy_teardown(stop)

  local function status(got) return got.headers['cache-status'] end

  it('2.1, 2.4: hit, and for how long it stays fresh', function()
    local case = cache:case()
    case:get { FRESH, 'age: 10' }
    assert.matches('^tidegate; hit; ttl=[45]%d$', status(case:get()))
  end)

  it('2.2, 2.3, 2.5: fwd, fwd-status, stored', function()
    local case = cache:case()
    assert.equal('tidegate; fwd=uri-miss; fwd-status=200; stored', status(case:get { FRESH }))
    assert.matches('fwd=request; fwd%-status=200', status(case:get({ FRESH },
      { ['cache-control'] = 'no-cache' })))
    assert.matches('fwd=method', status(case:ask { method = 'DELETE' }))
    local vary = cache:case()
    vary:get({ FRESH, 'vary: x-a' }, { ['x-a'] = '1' })
    assert.matches('fwd=vary%-miss', status(vary:get({ FRESH, 'vary: x-a' }, { ['x-a'] = '2' })))
    assert.matches('fwd=partial', status(cache:case():get({}, { range = 'bytes=0-1' })))
    local stale = cache:case()
    stale:get { 'cache-control: max-age=0', 'etag: "a"' }
    assert.matches('fwd=stale; fwd%-status=304', status(stale:get { FRESH, is = '"a"' }))
  end)

  it('2.4: ttl is negative when it is stale', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=1, stale-if-error=60', 'age: 5' }
    assert.matches('ttl=%-%d', status(case:get { status = '503 No' }))
  end)

  it('2.6: collapsed', function()
    local case = cache:case()
    local requests = {}
    local answer = '{"fields":["' .. FRESH .. '"],"body":"x","delay":0.2}'
    for i = 1, 4 do requests[i] = { path = case.path, headers = { ['x-answer'] = answer } } end
    local collapsed = 0
    for _, got in ipairs(cache.tide:all(requests)) do
      if status(got):find('; collapsed', 1, true) then collapsed = collapsed + 1 end
    end
    assert.equal(3, collapsed)
  end)

  it('2.8: detail says why nothing is stored', function()
    assert.matches('detail=no%-store', status(cache:case():get { 'cache-control: no-store' }))
    assert.matches('detail=private', status(cache:case():get { 'cache-control: private' }))
  end)

  it('2: what a cache behind us has said stands in front', function()
    local case = cache:case()
    case:get { FRESH, 'cache-status: origin; hit' }
    assert.matches('^origin; hit, tidegate; hit', status(case:get()))
  end)
end)

describe('RFC 9110', function()
  lazy_setup(start)
  lazy_teardown(stop)

  local function whole(fields)
    local case = cache:case()
    case:get { FRESH, 'etag: "a"', 'last-modified: ' .. OLD, body = '0123456789',
      unpack(fields or {}) }
    return case
  end

  it('14.2: a range of what is stored is answered out of it', function()
    local case = whole()
    for range, part in pairs { ['bytes=2-4'] = '234', ['bytes=7-'] = '789', ['bytes=-3'] = '789',
      ['bytes=0-0'] = '0', ['bytes=5-100'] = '56789', ['bytes=-100'] = '0123456789' } do
      local got = case:get(nil, { range = range })
      assert.same({ 206, part, tostring(#part) }, { got.status, got.body,
        got.headers['content-length'] }, range)
    end
    assert.equal('bytes 2-4/10', case:get(nil, { range = 'bytes=2-4' }).headers['content-range'])
    assert.equal(1, #case:asked())
  end)

  it('14.2: one that is no range, or of another unit, is passed over', function()
    local case = whole()
    for _, range in ipairs { 'bytes=4-2', 'lines=1-2', 'bytes=', 'bytes=a-b', 'bytes=-' } do
      assert.equal(200, case:get(nil, { range = range }).status, range)
    end
    assert.equal(200, case:ask({ method = 'HEAD', headers = { range = 'bytes=0-1' } }).status)
  end)

  it('15.5.17: one behind the end gets 416', function()
    local got = whole():get(nil, { range = 'bytes=10-' })
    assert.same({ 416, 'bytes */10' }, { got.status, got.headers['content-range'] })
  end)

  it('15.3.7: the 206 has the fields of the whole', function()
    local h = whole({ 'vary: x-a', 'content-type: a/b' }):get(nil, { range = 'bytes=0-0' }).headers
    assert.same({ '"a"', 'x-a', 'a/b', 'max-age=60' }, { h.etag, h.vary, h['content-type'],
      h['cache-control'] })
    assert.is_truthy(h.date)
  end)

  it('13.1.5: If-Range: the part only of what the client has', function()
    local case = whole()
    for value, status in pairs { ['"a"'] = 206, ['"b"'] = 200, ['W/"a"'] = 200, [OLD] = 206,
      ['Mon, 07 Nov 1994 08:49:37 GMT'] = 200 } do
      assert.equal(status, case:get(nil, { range = 'bytes=0-1', ['if-range'] = value }).status,
        value)
    end
    local weak = cache:case()
    weak:get { FRESH, 'etag: W/"a"', body = '0123456789' }
    assert.equal(200, weak:get(nil, { range = 'bytes=0-1', ['if-range'] = 'W/"a"' }).status)
  end)

  it('13.1.1, 13.1.4: If-Match and If-Unmodified-Since get 412 when that is not so', function()
    local case = whole()
    assert.equal(200, case:get(nil, { ['if-match'] = '"a"' }).status)
    assert.equal(200, case:get(nil, { ['if-match'] = '*' }).status)
    assert.equal(412, case:get(nil, { ['if-match'] = '"b"' }).status)
    assert.equal(200, case:get(nil, { ['if-unmodified-since'] = OLD }).status)
    assert.equal(412, case:get(nil, {
      ['if-unmodified-since'] = 'Sat, 05 Nov 1994 08:49:37 GMT' }).status)
  end)

  it('13.2.2: conditions come before the range', function()
    local case = whole()
    local got = case:get(nil, { range = 'bytes=0-1', ['if-none-match'] = '"a"' })
    assert.equal(304, got.status)
    got = case:get(nil, { range = 'bytes=0-1', ['if-match'] = '"b"' })
    assert.equal(412, got.status)
  end)

  it('15.4.5: HEAD is compared as GET is', function()
    assert.equal(304, whole():ask({ method = 'HEAD', headers = { ['if-none-match'] = '"a"' } })
      .status)
  end)

  it('6.6.1: Date is passed on as it came, stored or not', function()
    if sanitized() then return end -- the seam that writes Date is not there
    local case = cache:case()
    assert.equal(OLD, case:get({ 'cache-control: no-store', 'date: ' .. OLD }).headers.date)
    local got = case:get { 'cache-control: no-store', 'date: yesterday' }
    assert.equal(1, #got:all 'date')
    assert.are_not.equal('yesterday', got.headers.date)
  end)
end)
