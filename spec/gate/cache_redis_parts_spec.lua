-- Calls of backends that are kept by themselves, shared by tidegates with one Redis.
local posix = require 'spec.support.posix'
local redis_server = require 'spec.support.redis'
local tides = require 'spec.support.tides'
local upstream = require 'spec.support.upstream'

local text, count, stop = tides.text, tides.count, tides.stop

-- The route keeps nothing by itself: what is kept are its parts. `?how=` chooses among these.
local SCRIPTS = { ['page.lua'] = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  local ways = {
    plain = { ttl = 60, tags = { 'customer:7' } },
    stale = { ttl = 0.2, stale = 60 },
    sick = { ttl = 0.2, stale_if_error = 60 },
  }
  return function(req)
    local res = tg.try(shop:get(req.query.path or '/x', { cache = ways[req.query.how or 'plain'] }))
    return tg.text(res.status .. ' ' .. res.body .. ' ' .. tostring(res.headers['x-own']))
  end]],
  ['whole.lua'] = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  return function()
    return tg.text(tg.try(shop:get('/x', { cache = { ttl = 60, tags = { 'customer:7' } } })).body)
  end]] }

local function opts_of(opts)
  opts = opts or {}
  opts.scripts = SCRIPTS
  opts.routes = { { 'GET /page', 'page.lua' }, { 'GET /whole', 'whole.lua', cache = {} } }
  return opts
end

local function two(answers, opts) return tides.two(answers, opts_of(opts)) end

describe('parts of two tidegates with one Redis', function()
  it('are made once, with their fields', function()
    local one, other, redis, shop = two {
      ['/x'] = text('up', 'x-own: yes\r\nset-cookie: a=b\r\nupgrade: h9\r\n') }
    assert.equal('200 up yes', one:get('/page').body)
    tides.await_stored(one, 1)
    assert.equal('200 up yes', other:get('/page').body)
    assert.equal('200 up yes', other:get('/page').body)
    assert.equal(1, #shop:requests())
    assert.equal(1, count(other).hit)
    for _, line in ipairs(other:await_access(2)) do assert.is_true(line.calls[1].cached) end
    stop(one, other, redis, shop)
  end)

  it('carry their tags and time into the whole', function()
    local one, other, redis, shop = two { ['/x'] = text 'up' }
    one:get '/whole'
    tides.await_stored(one, 2)
    assert.matches('ttl=[56]%d; detail=redis', other:get('/whole').headers['cache-status'])
    one:get '/purge?kind=tag&what=customer:7'
    tides.await_told(one, 1)
    tides.await_heard(other, 1)
    assert.matches('fwd=uri%-miss', other:get('/whole').headers['cache-status'])
    assert.equal(2, #shop:requests())
    stop(one, other, redis, shop)
  end)

  for _, query in ipairs { 'kind=tag&what=customer:7', 'kind=all' } do
    it('are purged everywhere: ' .. query, function()
      local one, other, redis, shop = two { ['/x'] = text 'up' }
      one:get '/page'
      tides.await_stored(one, 1)
      other:get '/page'
      one:get('/purge?' .. query)
      tides.await_told(one, 1)
      tides.await_heard(other, 1)
      other:get '/page'
      assert.equal(2, #shop:requests())
      tides.await_stored(other, 1)
      one:get '/page' -- what was made after the purge is shared again
      assert.equal(2, #shop:requests())
      stop(one, other, redis, shop)
    end)
  end

  it('make one request of the backend together', function()
    local one, other, redis, shop = two { ['/x'] = { delay = 0.5, text 'up' } }
    local first = one:connect()
    first:send 'GET /page HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n'
    shop:await('request', 1)
    local requests = {}
    for i = 1, 10 do requests[i] = { path = '/page' } end
    for _, answer in ipairs(other:all(requests, 10)) do
      assert.equal('200 up nil', answer.body)
    end
    assert.matches('200 up nil$', (first:rest(5)))
    first:close()
    assert.equal(1, #shop:requests())
    assert.equal(1, count(other).waited)
    stop(one, other, redis, shop)
  end)

  it('go on with the next when one has failed, or has gone', function()
    local one, other, redis, shop = two { ['/x'] = { delay = 0.3,
      'HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n' }, ['/y'] = { delay = 0.3, text 'up' } }
    local first = one:connect()
    first:send 'GET /page HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n'
    shop:await('request', 1)
    local began = posix.now()
    assert.matches('^503', other:get('/page').body)
    assert.is_true(posix.now() - began < 2.5) -- the lock would last 3
    first:close()
    local second = one:connect()
    second:send 'GET /page?path=/y HTTP/1.1\r\nhost: gate\r\n\r\n'
    shop:await('request', 3)
    second:close()
    began = posix.now()
    assert.equal('200 up nil', other:get('/page?path=/y').body)
    assert.is_true(posix.now() - began < 2.5)
    stop(one, other, redis, shop)
  end)

  it('do not wait for each other where nothing can be kept', function()
    local one, other, redis, shop = two {
      ['/x'] = 'HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n' }
    one:get '/page'
    tides.await_stored(one, 1)
    assert.matches('^404', other:get('/page').body)
    assert.equal(0, count(other).waited)
    stop(one, other, redis, shop)
  end)

  it('that are stale answer elsewhere too, and one makes them anew', function()
    local n = 0
    local one, other, redis, shop = two { ['/x'] = function()
      n = n + 1
      return text(tostring(n))
    end }
    one:get '/page?how=stale'
    tides.await_stored(one, 1)
    posix.pause(0.3)
    assert.equal('200 1 nil', other:get('/page?how=stale').body) -- out of Redis, stale
    assert.equal('200 2 nil', other:get('/page?how=stale').body)
    tides.await_stored(other, 1)
    assert.equal('200 2 nil', one:get('/page?how=stale').body) -- its own is stale: it asks
    assert.equal(2, #shop:requests())
    stop(one, other, redis, shop)
  end)

  it('that are stale stand in for a backend that has gone', function()
    local one, other, redis, shop = two { ['/x'] = text 'up' }
    one:get '/page?how=sick'
    tides.await_stored(one, 1)
    posix.pause(0.3)
    shop:stop()
    assert.equal('200 up nil', other:get('/page?how=sick').body)
    stop(one, other, redis)
  end)

  it('fail no request when Redis is stopped, and cost its timeout once', function()
    local redis, shop = redis_server.start(), upstream { default = text 'up' }
    local tide = tides.serve(redis, shop, opts_of { timeout = 0.4 })
    tides.await_ready(tide)
    redis:pause()
    local began = posix.now()
    for i = 1, 20 do
      assert.equal('200 up nil', tide:get('/page?path=/a' .. i).body)
    end
    assert.is_true(posix.now() - began < 4)
    assert.is_true(count(tide).failed >= 1)
    redis:continue()
    tides.await_ready(tide)
    stop(tide, redis, shop)
  end)

  it('fail no request when Redis is killed', function()
    local one, other, redis, shop = two { ['/x'] = text 'up', default = text 'other' }
    one:get '/page'
    redis:kill()
    assert.equal('200 up nil', other:get('/page').body)
    for i = 1, 10 do assert.equal('200 other nil', other:get('/page?path=/a' .. i).body) end
    stop(one, other, redis, shop)
  end)

  it('are not shared by backends that are configured otherwise', function()
    local redis, shop = redis_server.start(), upstream { ['/x'] = text 'up' }
    local one, other = tides.serve(redis, shop, opts_of()),
      tides.serve(redis, shop, opts_of { backend = { shop.url, eject = false, timeout = 7 } })
    tides.await_ready(one)
    tides.await_ready(other)
    one:get '/page'
    tides.await_stored(one, 1)
    other:get '/page'
    assert.equal(2, #shop:requests())
    stop(one, other, redis, shop)
  end)
end)
