-- Redis as the second level of the cache, found through its sentinels.
local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sentinel = require 'spec.support.sentinel'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local function serve(set, shop)
  return gate.serve {
    site = { workers = 2, admin = 'unix:admin.sock',
      cache = { redis = { url = set.url, sentinels = set.sentinels } } },
    backends = { shop = { shop.url, eject = false } },
    routes = { { 'ANY /{path...}', backend = 'shop', cache = { ttl = 60 } } },
  }
end

local function count(tide)
  local answer = client.request(tide.site .. '/admin.sock', { path = '/status' })
  return cjson.decode(answer.body).redis
end

local function is_ready(tide)
  local now = count(tide)
  return now.state == 'ready' and now.connections == 2
end

local function entries(redis) return #redis:command('KEYS', 'tidegate:e:*') end

-- Asks until what was made is in that Redis; writing waits for nobody, so some may be skipped.
local function await_stored(tide, redis, path)
  local n, before = 0, entries(redis)
  wait.eventually(function()
    n = n + 1
    tide:get(path .. n)
    return entries(redis) > before
  end, 20)
end

describe('sentinels', function()
  local set, shop, tide

  before_each(function()
    set = sentinel.start()
    shop = upstream { default = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nup' }
    tide = serve(set, shop)
    wait.eventually(function() return is_ready(tide) end, 20)
  end)

  after_each(function()
    tide:stop()
    shop:stop()
    set:stop()
  end)

  it('are asked for the master, one after the other', function()
    await_stored(tide, set.master, '/a')
    assert.equal(set.master.port, set:named())
  end)

  it('name another when it dies, and meanwhile no request fails or waits', function()
    await_stored(tide, set.master, '/a')
    set.master:kill()
    local slowest, n = 0, 0
    wait.eventually(function()
      n = n + 1
      local begun = posix.now()
      assert.equal(200, tide:get('/b' .. n).status)
      slowest = math.max(slowest, posix.now() - begun)
      return set:named() == set.replica.port
    end, 30)
    assert.is_true(slowest < 0.5, 'a request took ' .. slowest)
    wait.eventually(function() return is_ready(tide) end, 30)
    await_stored(tide, set.replica, '/c')
  end)

  it('are not believed when what they name is no master', function()
    await_stored(tide, set.master, '/a')
    set.replica:command('REPLICAOF', 'NO', 'ONE')
    set.master:command('REPLICAOF', '127.0.0.1', set.replica.port)
    local n = 0
    wait.eventually(function() -- a write is refused: it is the master no more
      n = n + 1
      tide:get('/d' .. n)
      return count(tide).connections == 0
    end, 20)
    local stop = posix.now() + 1
    while posix.now() < stop and set:named() == set.master.port do
      assert.equal(0, count(tide).connections)
      posix.pause(0.02)
    end
  end)
end)

describe('the site of sentinels', function()
  local function complaint(redis)
    local result = gate.command('check', { site = { cache = { redis = redis } },
      script = 'return function() end' })
    return result.status == 0 and 'well' or result.err .. result.out
  end
  local list = { 'redis://127.0.0.1' }

  it('is checked', function()
    assert.equal('well', complaint { url = 'redis://:word@name/2', sentinels = list })
    for _, case in ipairs {
      { { url = 'redis://name', sentinels = {} }, '1 to 16 addresses' },
      { { url = 'redis://name', sentinels = 'redis://a' }, 'sentinels must be a list' },
      { { url = 'redis://name', sentinels = { 'a:26379' } }, 'begins with redis://' },
      { { url = 'redis://name', sentinels = { 'redis://a/1' } }, 'has no database' },
      { { url = 'redis://name', sentinels = { 1 } }, 'this is a number' },
      { { url = 'redis://name:6379', sentinels = list }, 'NAME is that of the master' },
      { { url = 'redis+unix:/x', sentinels = list }, 'NAME is that of the master' },
      { { sentinels = list }, 'url is missing' },
      { { url = 'redis://name', sentinels = list, tls = {} }, 'tls is for addresses' },
      { { url = 'redis://name', sentinel = list }, "unknown key 'sentinel'" },
    } do
      assert.matches(case[2], complaint(case[1]), nil, true)
    end
  end)

  it('has 16 of them at most', function()
    local many = {}
    for i = 1, 16 do many[i] = 'redis://127.0.0.' .. i end
    assert.equal('well', complaint { url = 'redis://name', sentinels = many })
    many[17] = 'redis://127.0.0.17'
    assert.matches('1 to 16', complaint { url = 'redis://name', sentinels = many })
  end)

  it('may have passwords for them, which no complaint shows', function()
    assert.equal('well', complaint { url = 'redis://name', sentinels = { 'redis://:hush@a' } })
    assert.is_nil(complaint({ url = 'redis://name', sentinels = { 'redis://:hush@a/1' } })
      :find('hush', 1, true))
  end)
end)
