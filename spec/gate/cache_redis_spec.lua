local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local redis_server = require 'spec.support.redis'
local tides = require 'spec.support.tides'
local tls = require 'spec.support.tls'
local upstream = require 'spec.support.upstream'

local text, count, await, stop = tides.text, tides.count, tides.await, tides.stop
local await_ready, await_heard = tides.await_ready, tides.await_heard
local await_told, await_stored = tides.await_told, tides.await_stored

local TAGGED = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  return function(req)
    return tg.json({ said = tg.try(shop:get('/tagged')).body },
      { cache = { ttl = 60, tags = { 'customer:7' } } })
  end]]

local function tagged(opts)
  opts = opts or {}
  opts.scripts = { ['tagged.lua'] = TAGGED }
  opts.routes = { { 'GET /tagged', 'tagged.lua', cache = { ttl = 60 } } }
  return opts
end

local function serve(redis, shop, opts) return tides.serve(redis, shop, tagged(opts)) end

local function status_of(answer) return answer.headers['cache-status'] end

local function two(answers, opts) return tides.two(answers, tagged(opts)) end

describe('two tidegates with one Redis', function()
  it('share what each has made', function()
    local one, other, redis, shop = two { ['/x'] = text('up', 'x-own: yes\r\n') }
    assert.matches('^tidegate; fwd=uri%-miss', status_of(one:get '/x'))
    await_stored(one, 1)
    local answer = other:get '/x'
    assert.equal('up', answer.body)
    assert.equal('yes', answer.headers['x-own'])
    assert.matches('^tidegate; hit; ttl=%d+; detail=redis$', status_of(answer))
    assert.matches('^tidegate; hit; ttl=%d+$', status_of(other:get '/x'))
    assert.equal(1, #shop:requests())
    assert.equal(1, count(other).hit)
    stop(one, other, redis, shop)
  end)

  it('keep it no longer than it is of use', function()
    local one, other, redis, shop = two({ ['/x'] = text 'up' },
      { cache = { ttl = 10, stale = 20 } })
    one:get '/x'
    await_stored(one, 1)
    local left
    for _, key in ipairs(redis:command('KEYS', 'tidegate:e:*')) do
      left = redis:command('PTTL', key)
    end
    assert.is_true(left > 20e3 and left <= 30e3)
    stop(one, other, redis, shop)
  end)

  it('share variants', function()
    local one, other, redis, shop = two { ['/x'] = function(request)
      local body = request.headers['accept-language']
      return ('HTTP/1.1 200 OK\r\nvary: accept-language\r\ncontent-length: %d\r\n\r\n%s')
        :format(#body, body)
    end }
    one:get('/x', { ['accept-language'] = 'de' })
    one:get('/x', { ['accept-language'] = 'en' })
    await_stored(one, 4)
    assert.equal('de', other:get('/x', { ['accept-language'] = 'de' }).body)
    assert.equal('en', other:get('/x', { ['accept-language'] = 'en' }).body)
    assert.equal(2, #shop:requests())
    stop(one, other, redis, shop)
  end)

  it("share what the rules of HTTP allow, and its age", function()
    local one, other, redis, shop = two(
      { ['/x'] = text('up', 'cache-control: max-age=100\r\nage: 30\r\n'),
        ['/private'] = text('up', 'cache-control: private\r\n') }, { cache = 'http' })
    one:get '/x'
    one:get '/private'
    await_stored(one, 1)
    local answer = other:get '/x'
    assert.matches('hit; .*detail=redis', status_of(answer))
    assert.is_true(tonumber(answer.headers.age) >= 30)
    assert.matches('fwd=', status_of(other:get '/private'))
    assert.equal(3, #shop:requests())
    assert.matches('fwd=request', status_of(other:get('/x', { ['cache-control'] = 'no-cache' })))
    stop(one, other, redis, shop)
  end)

  it('make one request of the backend together', function()
    local one, other, redis, shop = two { ['/x'] = { delay = 0.5, text 'up' } }
    local requests = {}
    for i = 1, 10 do requests[i] = { path = '/x' } end
    local first = one:connect()
    first:send 'GET /x HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n'
    shop:await('request', 1)
    for _, answer in ipairs(other:all(requests, 10)) do assert.equal('up', answer.body) end
    assert.matches('up$', (first:rest(5)))
    first:close()
    assert.equal(1, #shop:requests())
    assert.equal(1, count(other).waited)
    stop(one, other, redis, shop)
  end)

  it('wait no longer for one that has died than its lock lasts', function()
    local one, other, redis, shop = two({ ['/x'] = { delay = 1, text 'up' } }, { lock = 0.3 })
    local first = one:connect()
    first:send 'GET /x HTTP/1.1\r\nhost: gate\r\n\r\n'
    shop:await('request', 1)
    one:signal(posix.STOP)
    assert.equal('up', other:get('/x').body)
    assert.equal(2, #shop:requests())
    one:signal(posix.CONT)
    first:close()
    stop(one, other, redis, shop)
  end)

  it('go on with the next when one has failed', function()
    local one, other, redis, shop = two { ['/x'] = function()
      return { delay = 0.3, 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n' }
    end }
    local first = one:connect()
    first:send 'GET /x HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n'
    shop:await('request', 1)
    local began = posix.now()
    assert.equal(503, other:get('/x').status)
    assert.is_true(posix.now() - began < 2.5) -- the lock would last 3
    first:close()
    stop(one, other, redis, shop)
  end)

  it('do not wait for each other where nothing can be shared', function()
    local one, other, redis, shop = two { ['/x'] = text('up', 'cache-control: private\r\n') }
    one:get '/x'
    await_stored(one, 1)
    assert.matches('^tidegate; fwd=uri%-miss', status_of(other:get '/x'))
    assert.equal(0, count(other).waited)
    stop(one, other, redis, shop)
  end)
end)

describe('a purge', function()
  local function purged_by(path, query, soft)
    local one, other, redis, shop = two { ['/x'] = text 'up', ['/tagged'] = text 'up' }
    one:get(path)
    await_stored(one, 1)
    assert.matches('redis', status_of(other:get(path)))
    assert.equal(200, one:get('/purge?' .. query).status)
    await_told(one, 1)
    await_heard(other, 1)
    local before = #shop:requests()
    assert.matches(soft and 'fwd=' or 'fwd=uri%-miss', status_of(other:get(path)))
    assert.equal(before + 1, #shop:requests())
    -- what the other has made since is not concerned by it
    await_stored(other, 1)
    assert.matches('redis', status_of(one:get(path)))
    assert.equal(before + 1, #shop:requests())
    stop(one, other, redis, shop)
  end

  it('by tag reaches all', function() purged_by('/tagged', 'kind=tag&what=customer:7') end)
  it('by URL reaches all', function() purged_by('/x', 'kind=url&what=/x') end)
  it('by prefix reaches all', function() purged_by('/x', 'kind=prefix&what=/') end)
  it('of all reaches all', function() purged_by('/x', 'kind=all') end)
  it('that is soft reaches all', function()
    purged_by('/tagged', 'kind=tag&what=customer:7&soft', true)
  end)

  it('is known to one that begins later', function()
    local one, other, redis, shop = two { ['/tagged'] = text 'up' }
    one:get '/tagged'
    await_stored(one, 1)
    one:get '/purge?kind=tag&what=customer:7'
    await_told(one, 1)
    local third = serve(redis, shop)
    await_ready(third)
    assert.matches('fwd=uri%-miss', status_of(third:get '/tagged'))
    stop(one, other, third, redis, shop)
  end)

  -- Somebody has made many purges, of which no message has come.
  it('that was missed is asked for, and Redis remembers so many', function()
    local one, other, redis, shop = two { ['/tagged'] = text 'up' }
    redis:command('EVAL', [[
      local n = redis.call('ZSCORE', KEYS[1], '#')
      for i = 1, 16384 do
        redis.call('ZADD', KEYS[1], n + i, ('ht%016x'):format(i))
      end
      redis.call('ZADD', KEYS[1], n + 16384, '#')]], 1, 'tidegate:purges')
    local forgotten = tonumber(redis:command('ZSCORE', 'tidegate:purges', '^'))
    one:get '/purge?kind=tag&what=customer:7'
    await_told(one, 1)
    await_heard(other, 16384) -- the first of them is gone
    await_heard(one, 16383) -- its own is none of them
    assert.equal(16386, redis:command('ZCARD', 'tidegate:purges'))
    assert.is_true(tonumber(redis:command('ZSCORE', 'tidegate:purges', '^')) > forgotten)
    one:get '/tagged'
    await_stored(one, 1)
    assert.matches('redis', status_of(other:get '/tagged'))
    stop(one, other, redis, shop)
  end)

  it('is told when Redis is there again, and what was missed is asked for', function()
    local one, other, redis, shop = two { ['/tagged'] = text 'up' }
    one:get '/tagged'
    await_stored(one, 1)
    other:get '/tagged'
    redis:pause()
    one:get '/purge?kind=tag&what=customer:7'
    assert.matches('fwd=uri%-miss', status_of(one:get '/tagged'))
    assert.equal(1, count(one).purges_pending)
    redis:continue()
    await_told(one, 1)
    await_heard(other, 1)
    assert.matches('fwd=uri%-miss', status_of(other:get '/tagged'))
    stop(one, other, redis, shop)
  end)
end)

describe('a Redis that', function()
  local function fast(tide, path)
    local began = posix.now()
    local answer = tide:get(path)
    assert.equal(200, answer.status)
    return posix.now() - began
  end

  it('is killed fails no request, and is used when it is there again', function()
    local redis, shop = redis_server.start(), upstream { default = text 'up' }
    local tide = serve(redis, shop)
    await_ready(tide)
    redis:kill()
    for i = 1, 20 do assert.is_true(fast(tide, '/a' .. i) < 2) end
    await(tide, function(now) return now.state == 'away' end)
    redis:start()
    await_ready(tide)
    fast(tide, '/later')
    await_stored(tide, 1)
    assert.equal(1, #redis:command('KEYS', 'tidegate:e:*'))
    assert.matches('event=redis_away', tide:log())
    stop(tide, redis, shop)
  end)

  it('was never there fails no request', function()
    local redis, shop = redis_server.start(), upstream { default = text 'up' }
    redis:kill()
    local tide = serve(redis, shop)
    for i = 1, 5 do assert.is_true(fast(tide, '/a' .. i) < 2) end
    assert.matches('^tidegate; hit', status_of(tide:get '/a1'))
    redis:start()
    await_ready(tide)
    stop(tide, redis, shop)
  end)

  -- All in one row would take twenty times the timeout: only the first may wait for it.
  it('does not answer costs its timeout once', function()
    local redis, shop = redis_server.start(), upstream { default = text 'up' }
    local tide = serve(redis, shop, { redis = { url = redis.url, timeout = 0.4 } })
    await_ready(tide)
    redis:pause()
    local began = posix.now()
    for i = 1, 20 do fast(tide, '/a' .. i) end
    assert.is_true(posix.now() - began < 4)
    assert.is_true(count(tide).failed >= 1)
    redis:continue()
    await_ready(tide)
    stop(tide, redis, shop)
  end)

  it('has lost all takes what is in the memories with it', function()
    local one, other, redis, shop = two { ['/x'] = text 'up' }
    one:get '/x'
    redis:kill()
    redis:start()
    one:await_log 'redis_away.*redis_ready'
    await_ready(one)
    assert.matches('fwd=uri%-miss', status_of(one:get '/x'))
    stop(one, other, redis, shop)
  end)

  it('holds what is no entry is not believed', function()
    local one, other, redis, shop = two { ['/x'] = text 'up' }
    one:get '/x'
    await_stored(one, 1)
    local key = redis:command('KEYS', 'tidegate:e:*')[1]
    local bytes = redis:command('GET', key)
    for i, bad in ipairs { '', 'junk', bytes:sub(1, -2), bytes .. 'x' } do
      redis:command('SET', key, bad)
      assert.equal('up', other:get('/x').body)
      await_stored(other, i)
      one:get '/purge?kind=url&what=/x'
      await_heard(other, i)
    end
    assert.equal(5, #shop:requests())
    stop(one, other, redis, shop)
  end)

  it('holds something else under our names fails no request', function()
    local redis, shop = redis_server.start(), upstream { default = text 'up' }
    redis:command('SET', 'tidegate:purges', 'not a sorted set')
    local tide = serve(redis, shop)
    tide:await_log 'event=redis_refuses'
    assert.equal('up', tide:get('/x').body)
    stop(tide, redis, shop)
  end)

  it('wants a password gets it, and no log has it', function()
    local port = upstream.dead_port()
    local redis = redis_server.start {
      arguments = { '--port', port, '--requirepass', 'secret-word' } }
    local shop = upstream { default = text 'up' }
    local tide = serve(redis, shop,
      { redis = ('redis://:secret-word@127.0.0.1:%d'):format(port) })
    await_ready(tide)
    tide:get '/x'
    await_stored(tide, 1)
    redis:kill()
    tide:await_log 'event=redis_away'
    assert.not_matches('secret', tide:log())
    stop(tide, redis, shop)
  end)

  it('speaks TLS is believed when its certificate is', function()
    local folder, port = posix.folder(), upstream.dead_port()
    tls.ca(folder .. '/ca')
    tls.certificate(folder .. '/redis', folder .. '/ca', 'redis', 'IP:127.0.0.1')
    local redis = redis_server.start { arguments = { '--tls-port', port, '--tls-auth-clients', 'no',
      '--tls-cert-file', folder .. '/redis.pem', '--tls-key-file', folder .. '/redis.key',
      '--tls-ca-cert-file', folder .. '/ca.pem' } }
    local shop = upstream { default = text 'up' }
    local url = ('rediss://127.0.0.1:%d'):format(port)
    local tide = serve(redis, shop,
      { redis = { url = url, tls = { ca = folder .. '/ca.pem' } } })
    await_ready(tide)
    tide:get '/x'
    await_stored(tide, 1)
    local stranger = serve(redis, shop, { redis = url })
    stranger:await_log 'event=redis_away code=tls'
    assert.equal('up', stranger:get('/x').body)
    stop(tide, stranger, redis, shop)
    posix.remove(folder)
  end)
end)

describe('the key cache.redis', function()
  it('needs a restart when it changes', function()
    local redis, shop = redis_server.start(), upstream { default = text 'up' }
    local tide = serve(redis, shop)
    tide.opts.site.cache.redis.prefix = 'other'
    gate.write_site(tide.site, tide.opts)
    tide:signal(posix.HUP)
    tide:await_log 'event=needs_restart[^\n]*cache.redis'
    stop(tide, redis, shop)
  end)

  local function check(value)
    local result = gate.command('check', { script = 'return function() end',
      site = { cache = { redis = value } } })
    return result.status, result.err
  end

  it('takes an address, or a table', function()
    assert.equal(0, (check 'redis://127.0.0.1:6379/2'))
    assert.equal(0, (check { url = 'redis://:word@127.0.0.1', prefix = 'shop', timeout = '5ms',
      connect_timeout = 2, lock = 1 }))
    assert.equal(0, (check { url = 'rediss://127.0.0.1', tls = { verify = false } }))
    assert.equal(0, (check { url = 'redis://127.0.0.1', prefix = ('x'):rep(63), timeout = 1,
      connect_timeout = 60, lock = 60 }))
  end)

  local wrong = {
    { 7, 'must be a table' },
    { 'http://127.0.0.1', 'begins with redis://' },
    { {}, 'url is missing' },
    { { url = 'redis://a', timeout = 1.001 }, 'timeout must be from 0.001 to 1 seconds' },
    { { url = 'redis://a', connect_timeout = 61 }, 'connect_timeout must be from 0.001 to 60' },
    { { url = 'redis://a', lock = 61 }, 'lock must be from 0.01 to 60 seconds' },
    { { url = 'redis://a', prefix = 'a b' }, 'prefix must be' },
    { { url = 'redis://a', prefix = ('x'):rep(64) }, 'prefix must be' },
    { { url = 'redis://a', timout = 1 }, "did you mean 'timeout'" },
    { { url = 'redis://a', tls = {} }, 'rediss://' },
    { { url = 'rediss://a', tls = { ca = 'none.pem' } }, 'none.pem' },
  }
  for _, case in ipairs(wrong) do
    it('says what is wrong: ' .. case[2], function()
      local status, err = check(case[1])
      assert.equal(1, status)
      assert.matches(case[2], err, 1, true)
    end)
  end

  it('does not tell the password', function()
    local _, err = check 'redis://:secret-word@host:99999'
    assert.not_matches('secret', err)
  end)
end)
