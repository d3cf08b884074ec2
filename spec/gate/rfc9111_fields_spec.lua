-- cache = 'http' by the rules of RFC 9111, 5: Age, Cache-Control, Expires, Pragma, Warning.
local caches = require 'spec.support.caches'
local posix = require 'spec.support.posix'

local FRESH = 'cache-control: max-age=60'
local OLD = 'last-modified: Sun, 06 Nov 1994 08:49:37 GMT'

local function date(offset) return os.date('!%a, %d %b %Y %H:%M:%S GMT', os.time() + offset) end
local function asking(directives) return { ['cache-control'] = directives } end

local cache
local function reuses(answer, first, second) return cache:case():reuses(answer, first, second) end
local function start() cache = caches.serve() end
local function stop() cache:stop() end

-- Whether what is stored by the first answer is given to a request with those fields.
local function given(answer, headers) return reuses(answer, {}, headers) end

describe('RFC 9111, 5.1: Age', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('5.1: is a number of seconds', function()
    assert(not reuses { FRESH, 'age: 60' })
    assert(reuses { FRESH, 'age: 10' })
  end)

  it('5.1: counts by its first member, or its first field', function()
    for _, fields in ipairs { { 'age: 7200, 0' }, { 'age: 7200', 'age: 0' } } do
      assert(not reuses { FRESH, unpack(fields) })
    end
    for _, fields in ipairs { { 'age: 0, 7200' }, { 'age: 0', 'age: 7200' }, { 'age: 0, 0' } } do
      assert(reuses { FRESH, unpack(fields) })
    end
  end)

  it('5.1: is passed over when it is no number', function()
    for _, value in ipairs { 'abc', '-7200', '7200.0', '' } do
      assert(reuses { FRESH, 'age: ' .. value }, value)
    end
  end)

  it('5.1, 1.2.2: is not too big to be believed', function()
    for _, value in ipairs { '2147483647', '2147483648', '99999999999999999999' } do
      assert(not reuses { FRESH, 'age: ' .. value }, value)
    end
  end)
end)

describe('RFC 9111, 5.2: Cache-Control', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('5.2: names of directives have no case', function()
    assert(reuses { 'Cache-Control: MaX-aGe=60' })
    assert(not reuses { 'cache-control: max-age=60, No-Store' })
  end)

  it('5.2: values may be quoted', function()
    assert(reuses { 'cache-control: max-age="60"' })
    assert(not reuses { 'cache-control: max-age="0"' })
    assert(not reuses { "cache-control: max-age='60'" })
  end)

  it('5.2: what stands in the quotes of another directive is none', function()
    assert(reuses { 'cache-control: x="max-age=0, no-store", max-age=60' })
    assert(not reuses { 'cache-control: x="max-age=60"' })
  end)

  it('5.2: no space stands around the equals sign', function()
    assert(not reuses { 'cache-control: max-age =60' })
    assert(not reuses { 'cache-control: max-age= 60' })
  end)

  it('5.2, 1.2.2: times may be as big as they like', function()
    for _, value in ipairs { '2147483647', '2147483648', '99999999999999999999' } do
      assert(reuses { 'cache-control: max-age=' .. value }, value)
    end
  end)

  it('5.2.1.1: max-age of a request: nothing older', function()
    assert(given({ FRESH, 'age: 10' }, asking 'max-age=20'))
    assert(not given({ FRESH, 'age: 10' }, asking 'max-age=10'))
    assert(not given({ FRESH }, asking 'max-age=0'))
  end)

  it('5.2.1.2: max-stale: what is stale by so much, or by whatever', function()
    local stale = { 'cache-control: max-age=1', 'age: 10', 'etag: "a"' }
    assert(given(stale, asking 'max-stale'))
    assert(given(stale, asking 'max-stale=20'))
    assert(not given(stale, asking 'max-stale=5'))
    assert(not given({ 'cache-control: max-age=1, must-revalidate', 'age: 10', 'etag: "a"' },
      asking 'max-stale'))
  end)

  it('5.2.1.3: min-fresh: what stays fresh so long', function()
    assert(given({ FRESH }, asking 'min-fresh=30'))
    assert(not given({ FRESH }, asking 'min-fresh=90'))
    assert(not given({ FRESH, 'age: 40' }, asking 'min-fresh=30'))
  end)

  it('5.2.1.4: no-cache: nothing that has not been validated', function()
    assert(not given({ FRESH }, asking 'no-cache'))
    local case = cache:case()
    case:get { FRESH, 'etag: "a"' }
    assert.equal('1', case:get({ FRESH, is = '"a"' }, asking 'no-cache').body)
    assert.equal(2, #case:asked())
  end)

  it('5.2.1.5: no-store: the answer is not stored', function()
    local case = cache:case()
    case:get({ FRESH }, asking 'no-store')
    assert.equal('2', case:get().body)
  end)

  it('5.2.1.6: no-transform: is passed on', function()
    local case = cache:case()
    case:get({ FRESH }, asking 'no-transform')
    assert.equal('no-transform', case:asked()[1].headers['cache-control'])
  end)

  it('5.2.1.7: only-if-cached: what is stored, or 504', function()
    local case = cache:case()
    assert.equal(504, case:get({ FRESH }, asking 'only-if-cached').status)
    case:get { FRESH }
    assert.equal('2', case:get(nil, asking 'only-if-cached').body)
    assert.equal(504, case:get(nil, asking 'only-if-cached, no-cache').status)
    assert.equal(1, #case:asked())
  end)

  it('5.2.2.1: max-age of a response: stale from then on', function()
    assert(reuses { FRESH, 'age: 50' })
    assert(not reuses { FRESH, 'age: 60' })
  end)

  it('5.2.2.2: must-revalidate: never stale, not even when the backend fails', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=60, must-revalidate', 'age: 60', 'etag: "a"' }
    local got = case:get { fails = true }
    assert.is_true(got.status == 502 or got.status == 504)
  end)

  it('5.2.2.3: must-understand: stored, whatever else it says, when its status is known', function()
    local fields = 'cache-control: max-age=60, no-store, must-understand'
    assert(reuses { fields })
    assert(reuses { fields, status = '404 No' })
    for _, status in ipairs { '299 Any', '418 Any', '499 Any', '599 Any' } do
      assert(not reuses { fields, status = status }, status)
      assert(not reuses { 'cache-control: max-age=60, must-understand', status = status }, status)
    end
  end)

  it('5.2.2.4: no-cache: stored, and validated each time', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=60, no-cache', 'etag: "a"' }
    for i = 2, 3 do
      assert.equal('1', case:get({ 'cache-control: max-age=60, no-cache', is = '"a"' }).body)
      assert.equal(i, #case:asked())
    end
  end)

  it('5.2.2.5: no-store: not stored, and what was stored is used no more', function()
    local case = cache:case()
    case:get { FRESH, 'age: 60', 'etag: "a"' }
    case:get { 'cache-control: no-store' }
    assert.equal('3', case:get().body)
  end)

  it('5.2.2.6: no-transform: the body stays as it is', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=60, no-transform', body = ('x'):rep(5000),
      'content-type: text/plain' }
    local got = case:get(nil, { ['accept-encoding'] = 'gzip' })
    assert.same({ 5000, nil }, { #got.body, got.headers['content-encoding'] })
  end)

  it('5.2.2.7: private: not stored', function()
    assert(not reuses { 'cache-control: max-age=60, private' })
  end)

  it('5.2.2.8: proxy-revalidate: as must-revalidate', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=60, proxy-revalidate', 'age: 60', 'etag: "a"' }
    assert.equal(502, case:get({ fails = true }, asking 'max-stale').status)
  end)

  it('5.2.2.9: public: stored though the request had credentials', function()
    assert(reuses({ 'cache-control: max-age=60, public' }, { authorization = 'Bearer a' }, {}))
    assert(reuses({ 'cache-control: public', OLD }, { authorization = 'Bearer a' }, {}))
  end)

  it('5.2.2.10: s-maxage: goes before max-age and Expires, and forbids to be stale', function()
    assert(reuses { 'cache-control: s-maxage=60, max-age=0' })
    assert(not reuses { 'cache-control: s-maxage=0, max-age=60' })
    assert(reuses { 'cache-control: s-maxage=60', 'expires: 0' })
    assert(not given({ 'cache-control: s-maxage=1', 'age: 2', 'etag: "a"' }, asking 'max-stale'))
  end)

  it('5.2.3: what is not known is passed over', function()
    assert(reuses { 'cache-control: x, max-age=60, y=1, z="a, no-store"' })
    assert(given({ FRESH }, asking 'x=1, y'))
  end)

  it('RFC 8246: immutable: a reload does not ask for it again while it is fresh', function()
    assert(given({ 'cache-control: max-age=60, immutable' }, asking 'max-age=0'))
    assert(not given({ 'cache-control: max-age=60, immutable' }, asking 'no-cache'))
    assert(not given({ 'cache-control: max-age=60, immutable', 'age: 60' }, asking 'max-age=0'))
  end)
end)

describe('RFC 9111, 5.3 to 5.5', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('5.3: Expires is a date in one of the three forms', function()
    for _, value in ipairs { 'Fri, 01 Jan 2100 00:00:00 GMT', 'Friday, 01-Jan-60 00:00:00 GMT',
      'Thu Jan  1 00:00:00 2060' } do
      assert(reuses { 'expires: ' .. value }, value)
    end
    assert(not reuses { 'expires: Thu, 01 Jan 1970 00:00:00 GMT' })
  end)

  it('5.3: what is no date is past', function()
    for _, value in ipairs { '0', '-1', 'tomorrow', '', '4102444800' } do
      assert(not reuses { 'expires: ' .. value, OLD }, value)
    end
  end)

  it('5.3: it is compared with Date', function()
    assert(reuses { 'expires: ' .. date(60), 'date: ' .. date(0) })
    assert(not reuses { 'expires: ' .. date(-10), 'date: ' .. date(0) })
    assert(not reuses { 'expires: ' .. date(3600), 'date: ' .. date(3600) })
  end)

  it('5.3: it is passed over beside max-age and s-maxage', function()
    assert(reuses { FRESH, 'expires: 0' })
    assert(not reuses { 'cache-control: max-age=0', 'expires: ' .. date(60) })
    assert(not reuses { 'cache-control: s-maxage=0', 'expires: ' .. date(60) })
  end)

  it('5.4: Pragma: no-cache of a request is no-cache, where it has no Cache-Control', function()
    assert(not given({ FRESH }, { pragma = 'no-cache' }))
    assert(given({ FRESH }, { pragma = 'no-cache', ['cache-control'] = 'max-age=60' }))
    assert(given({ FRESH }, { pragma = 'x' }))
  end)

  it('5.4: Pragma of a response says nothing', function()
    assert(reuses { FRESH, 'pragma: no-cache' })
    assert(not reuses { 'pragma: max-age=60' })
  end)

  it('5.5: Warning is never made', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=1' }
    posix.pause(1.1)
    local got = case:get(nil, asking 'max-stale')
    assert.same({ '1', nil }, { got.body, got.headers.warning })
  end)
end)
