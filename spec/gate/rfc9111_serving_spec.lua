-- cache = 'http' by the rules of RFC 9111, 4 to 4.2: what is stored answers which requests.
local caches = require 'spec.support.caches'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'

local FRESH = 'cache-control: max-age=60'
local DAY = 86400

local function date(offset) return os.date('!%a, %d %b %Y %H:%M:%S GMT', os.time() + offset) end
local function field(name, offset) return name .. ': ' .. date(offset) end

local cache
local function reuses(answer, first, second) return cache:case():reuses(answer, first, second) end
local function start() cache = caches.serve() end
local function stop() cache:stop() end

-- Which of the answers each request got, all with the same fields.
local function answers(fields, requests)
  local case, got = cache:case(), {}
  for i, headers in ipairs(requests) do got[i] = tonumber(case:get(fields, headers).body) end
  return got
end

describe('RFC 9111, 4: what is stored answers', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('4: requests with the same target', function()
    local case = cache:case()
    case:get({ FRESH }, nil, '?a=1')
    assert.equal('1', case:get(nil, nil, '?a=1').body)
  end)

  it('4: not those with another path, query or host', function()
    local case = cache:case()
    case:get({ FRESH }, { host = 'one' }, '?a=1')
    assert.equal('2', case:get(nil, { host = 'one' }, '?a=2').body)
    assert.equal('3', case:get(nil, { host = 'one' }).body)
    assert.equal('4', case:get(nil, { host = 'two' }, '?a=1').body)
    assert.equal('5', case:ask({ path = case.path .. '/', headers = { host = 'one' } }).body)
  end)

  it('4: HEAD, by the head of what answers GET', function()
    local case = cache:case()
    case:get { FRESH, 'x-a: 1', body = 'whole' }
    local got = case:ask { method = 'HEAD' }
    assert.same({ 200, '1', '5', '' }, { got.status, got.headers['x-a'],
      got.headers['content-length'], got.body })
    assert.equal(1, #case:asked())
  end)

  it('4: no unsafe method, which is written through', function()
    for _, method in ipairs { 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS' } do
      local case = cache:case()
      case:get { FRESH }
      assert.equal('2', case:ask({ method = method }).body, method)
      assert.equal(method, case:asked()[2].method)
    end
  end)

  it('4: with Age, in place of the one that came', function()
    local case = cache:case()
    case:get { FRESH, 'age: 30' }
    local got = case:get()
    assert.same({ '1', 1 }, { got.body, #got:all 'age' })
    assert.is_true(tonumber(got.headers.age) >= 30 and tonumber(got.headers.age) < 35)
  end)

  it('4: with the Date that it came with (RFC 9110, 6.6.1)', function()
    if sanitized() then return end -- the seam that writes Date is not there
    local case = cache:case()
    local then_ = date(-20)
    assert.equal(then_, case:get({ FRESH, 'Date: ' .. then_ }).headers.date)
    local got = case:get()
    assert.same({ '1', then_, 1 }, { got.body, got.headers.date, #got:all 'date' })
  end)

  it('4: with the time at which it came, when it had no Date (RFC 9110, 6.6.1)', function()
    if sanitized() then return end -- the seam that writes Date is not there
    local case = cache:case()
    local first = case:get { FRESH }
    posix.pause(1.1)
    assert.equal(first.headers.date, case:get().headers.date)
  end)

  it('4: one request to the backend for all that ask at a time', function()
    local case = cache:case()
    local requests = {}
    local answer = '{"fields":["' .. FRESH .. '"],"body":"x","delay":0.2}'
    for i = 1, 20 do requests[i] = { path = case.path, headers = { ['x-answer'] = answer } } end
    for _, got in ipairs(cache.tide:all(requests)) do assert.equal('x', got.body) end
    assert.equal(1, #case:asked())
  end)

  it('4: by the most recent of those that fit', function()
    local case = cache:case()
    case:get({ FRESH, 'vary: x-a' }, { ['x-a'] = '1' })
    case:get({ FRESH }, { ['x-a'] = '2' })
    assert.equal('2', case:get(nil, { ['x-a'] = '3' }).body)
  end)
end)

describe('RFC 9111, 4.1: Vary', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('4.1: tells requests apart by the fields that it names', function()
    assert.same({ 1, 2, 1, 2, 5 }, answers({ FRESH, 'vary: x-a' }, { { ['x-a'] = '1' },
      { ['x-a'] = '2' }, { ['x-a'] = '1' }, { ['x-a'] = '2' }, { ['x-a'] = '3' } }))
  end)

  it('4.1: by all of them, in one field or several', function()
    for _, fields in ipairs { { FRESH, 'vary: x-a, x-b' }, { FRESH, 'vary: x-a', 'vary: x-b' } } do
      local a, b = { ['x-a'] = '1', ['x-b'] = '1' }, { ['x-a'] = '1', ['x-b'] = '2' }
      assert.same({ 1, 2, 1, 4 }, answers(fields, { a, b, a, { ['x-a'] = '1' } }))
    end
  end)

  it('4.1: not by others', function()
    assert(reuses({ FRESH, 'vary: x-a' }, { ['x-b'] = '1' }, { ['x-b'] = '2' }))
  end)

  it('4.1: a field that is absent fits only where it is absent', function()
    assert.same({ 1, 2, 1 }, answers({ FRESH, 'vary: x-a' }, { {}, { ['x-a'] = '1' }, {} }))
    assert(not reuses({ FRESH, 'vary: x-a' }, { ['x-a'] = '' }, {}))
  end)

  it('4.1: names of fields have no case', function()
    assert.same({ 1, 2, 1 }, answers({ FRESH, 'Vary: X-A' }, { { ['x-a'] = '1' }, {},
      { ['X-a'] = '1' } }))
  end)

  it('4.1: white space, and how lines are joined, make no difference', function()
    local vary = { FRESH, 'vary: x-a' }
    local two = { { 'x-a', '1' }, { 'x-a', '2' } }
    assert(reuses(vary, { ['x-a'] = '1,2' }, { ['x-a'] = '1 , 2' }))
    assert(reuses(vary, { ['x-a'] = '1, 2' }, two))
    assert(not reuses(vary, { ['x-a'] = '1, 2' }, { ['x-a'] = '2, 1' }))
  end)

  it('4.1: the order of what has weights makes none', function()
    assert(reuses({ FRESH, 'vary: accept-language' }, { ['accept-language'] = 'en;q=0.5, de' },
      { ['accept-language'] = 'de, en; q=0.5' }))
    assert(not reuses({ FRESH, 'vary: accept-language' }, { ['accept-language'] = 'en, de;q=0.5' },
      { ['accept-language'] = 'de, en;q=0.5' }))
  end)

  it('4.1: * fits nothing', function()
    for _, vary in ipairs { '*', 'x-a, *', '*, x-a', ' * ', ',*' } do
      assert(not reuses { FRESH, 'vary: ' .. vary }, vary)
    end
    assert(not reuses { FRESH, 'vary: x-a', 'vary: *' })
  end)

  it('4.1: what can be no name fits nothing', function()
    assert(not reuses { FRESH, 'vary: x a' })
  end)

  it('4.1: empty members say nothing', function()
    assert.same({ 1, 2, 1 }, answers({ FRESH, 'vary: , x-a,,' }, { { ['x-a'] = '1' }, {},
      { ['x-a'] = '1' } }))
  end)

  it('4.1: validators of one variant are sent for that one', function()
    local case = cache:case()
    local stale = 'cache-control: max-age=0'
    case:get({ stale, 'vary: x-a', 'etag: "1"' }, { ['x-a'] = '1' })
    case:get({ stale, 'vary: x-a', 'etag: "2"' }, { ['x-a'] = '2' })
    case:get({ stale, 'vary: x-a', 'etag: "1"' }, { ['x-a'] = '1' })
    assert.same({ nil, nil, '"1"' }, { case:asked()[1].headers['if-none-match'],
      case:asked()[2].headers['if-none-match'], case:asked()[3].headers['if-none-match'] })
  end)
end)

describe('RFC 9111, 4.2: it is fresh', function()
  lazy_setup(start)
  lazy_teardown(stop)

  it('4.2: as long as its age is less than its lifetime', function()
    assert(reuses { FRESH, 'age: 57' })
    assert(not reuses { FRESH, 'age: 60' })
    assert(not reuses { FRESH, 'age: 61' })
  end)

  it('4.2: by its own clock: what is fresh becomes stale', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=1' }
    assert.equal('1', case:get().body)
    posix.pause(1.1)
    assert.equal('3', case:get().body)
  end)

  it('4.2.1: for s-maxage, then max-age, then Expires less Date', function()
    assert(reuses { 'cache-control: max-age=0, s-maxage=60', field('expires', -DAY) })
    assert(not reuses { 'cache-control: max-age=60, s-maxage=0' })
    assert(reuses { FRESH, field('expires', -DAY), field('date', 0) })
    assert(not reuses { 'cache-control: max-age=0', field('expires', DAY) })
    assert(reuses { field('expires', DAY), field('date', 0) })
    assert(not reuses { field('expires', -1), field('date', 0) })
    assert(not reuses { field('expires', 60), field('date', 60) })
  end)

  it('4.2.1: by the first, when a directive or a field is there twice', function()
    assert(not reuses { 'cache-control: max-age=0, max-age=60' })
    assert(not reuses { 'cache-control: max-age=0', 'cache-control: max-age=60' })
    assert(reuses { 'cache-control: max-age=60, max-age=0' })
  end)

  it('4.2.1: not when what is said is broken', function()
    for _, value in ipairs { 'x', '-1', '', '1x', '6 0', '0x60', '60.5' } do
      assert(not reuses { 'cache-control: max-age=' .. value }, value)
    end
    assert(not reuses { 'cache-control: max-age' })
    assert(not reuses { 'cache-control: max-age=x', field('expires', DAY) })
  end)

  it('4.2.2: by a guess, for a tenth of the time that it had not been changed', function()
    assert(reuses { field('last-modified', -1000), field('date', 0), 'age: 90' })
    assert(not reuses { field('last-modified', -1000), field('date', 0), 'age: 101' })
    assert(not reuses { field('last-modified', -5), field('date', 0), 'age: 1' })
  end)

  it('4.2.2: for a day at most', function()
    local old = field('last-modified', -10000 * DAY)
    assert(reuses { old, field('date', 0), 'age: ' .. DAY - 10 })
    assert(not reuses { old, field('date', 0), 'age: ' .. DAY })
  end)

  it('4.2.2: without a guess when something explicit is said', function()
    local old = field('last-modified', -DAY)
    assert(not reuses { old, 'cache-control: max-age=0' })
    assert(not reuses { old, 'expires: 0' })
    assert(not reuses { old, field('expires', -1) })
  end)

  it('4.2.2: not by a guess when nothing is to guess from', function()
    assert(not reuses {})
    assert(not reuses { field('last-modified', 10), field('date', 0) })
    assert(not reuses { 'last-modified: yesterday' })
  end)

  it('4.2.3: its age is what Age says, or what has passed since its Date', function()
    assert(not reuses { FRESH, field('date', -61) })
    assert(reuses { FRESH, field('date', -50) })
    assert(not reuses { FRESH, field('date', 0), 'age: 61' })
    assert(not reuses { FRESH, field('date', -61), 'age: 1' })
    assert(reuses { FRESH, field('date', 3600) })
  end)

  it('4.2.3: and the time that the answer took', function()
    local case = cache:case()
    case:get { 'cache-control: max-age=1', delay = 1.1 }
    assert.equal('2', case:get().body)
  end)

  it('4.2.4: what is stale is not given without being asked for', function()
    assert(not reuses { FRESH, 'age: 60', 'etag: "a"' })
  end)

  it('4.2.4: nor when the backend fails, if it does not allow that', function()
    for _, answer in ipairs { { fails = true }, { status = '503 No' }, { status = '500 No' } } do
      local case = cache:case()
      case:get { FRESH, 'age: 60', 'etag: "a"' }
      local got = case:get(answer)
      assert.is_true(got.status >= 500)
      assert.are_not.equal('1', got.body)
    end
  end)

  it('4.2.4: and never with no-cache, must-revalidate or proxy-revalidate', function()
    for _, word in ipairs { 'no-cache', 'must-revalidate', 'proxy-revalidate' } do
      local case = cache:case()
      case:get { 'age: 60', 'etag: "a"',
        'cache-control: max-age=60, stale-if-error=60, stale-while-revalidate=60, ' .. word }
      assert.equal(503, case:get({ status = '503 No' }, { ['cache-control'] = 'max-stale' }).status)
    end
  end)
end)
