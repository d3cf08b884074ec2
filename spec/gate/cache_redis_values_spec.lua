-- Values of tg.cache, shared by tidegates with one Redis.
local posix = require 'spec.support.posix'
local redis_server = require 'spec.support.redis'
local tides = require 'spec.support.tides'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local count, stop = tides.count, tides.stop

-- GET /do?call=name, by name what the script does.
local SCRIPTS = { ['do.lua'] = [[
  local tg = require 'tidegate'
  local cache = tg.cache
  local values = { text = '\0\255 any bytes', list = { 1, 2, { 'x' } }, empty = tg.array {},
    object = {}, number = 0.1 + 0.2, zero = -0.0, no = false, null = tg.null,
    deep = { a = { b = tg.null } }, big = tg.json.decode '12345678901234567890' }
  local calls = {}
  function calls.set(q) return cache:set(q.key or 'k', q.value, { ttl = 60, tags = { 'red' } }) end
  function calls.forever(q) return cache:set('k', q.value) end
  function calls.get(q) return cache:get(q.key or 'k') end
  function calls.delete() return cache:delete 'k' end
  function calls.set_all()
    for name, value in pairs(values) do assert(cache:set(name, value, { ttl = 60 })) end
    return 'set'
  end
  function calls.get_all()
    for name, value in pairs(values) do
      local got = cache:get(name)
      assert(type(got) == type(value) and tg.json.encode({ got == value or got })
        == tg.json.encode({ got == value or value }), name)
    end
    return 'same'
  end
  function calls.load(q)
    local ttl = tonumber(q.ttl)
    return cache:get('k', { ttl = ttl or 60, stale = tonumber(q.stale), tags = { 'red' },
      negative = tonumber(q.negative), stale_if_error = tonumber(q.sick) }, function()
        cache:incr 'loads'
        if q.sleep then tg.sleep(tonumber(q.sleep)) end
        if q.fails then return nil, 'it fails' end
        if q.raises then error('it raises') end
        return q.value
      end)
  end
  function calls.count() return cache:incr 'n' end
  function calls.add() return cache:add('lock', 1, { ttl = 60 }) end
  function calls.free() return cache:delete 'lock' end
  function calls.loads() return cache:get 'loads' or 0 end
  return function(req)
    return tg.text(tostring(calls[req.query.call](req.query)))
  end]] }

local function opts_of(opts)
  opts = opts or {}
  opts.scripts, opts.routes = SCRIPTS, { { 'GET /do', 'do.lua' } }
  return opts
end

local function two(opts) return tides.two({ default = tides.text 'up' }, opts_of(opts)) end

local function call(tide, what) return tide:get('/do?call=' .. what).body end

-- Until it says so, which takes a message.
local function eventually(tide, what, wanted)
  wait.eventually(function() return call(tide, what) == wanted end)
end

-- ... and has it in its memory: what is read while a message comes is not kept.
local function eventually_keeps(tide, wanted)
  wait.eventually(function()
    local before = count(tide).hit
    return call(tide, 'get') == wanted and count(tide).hit == before
  end)
end

describe('values of two tidegates with one Redis', function()
  it('are read through, exactly as they were', function()
    local one, other, redis, shop = two()
    call(one, 'set_all')
    tides.await_stored(one, 10)
    assert.equal('same', call(other, 'get_all'))
    assert.equal(10, count(other).hit)
    wait.eventually(function() -- out of the memory, once all messages have come
      local before = count(other).hit
      return call(other, 'get_all') == 'same' and count(other).hit == before
    end)
    assert.equal('nil', call(other, 'get&key=none'))
    stop(one, other, redis, shop)
  end)

  it('are no older than what another has set or deleted', function()
    local one, other, redis, shop = two()
    call(one, 'set&value=1')
    eventually_keeps(other, '1')
    call(one, 'set&value=2')
    eventually(other, 'get', '2')
    call(other, 'set&value=3')
    eventually_keeps(other, '3')
    eventually_keeps(one, '3')
    assert.equal('true', call(one, 'delete'))
    eventually(one, 'get', 'nil')
    eventually(other, 'get', 'nil')
    assert.same({}, redis:command('KEYS', 'tidegate:e:*'))
    stop(one, other, redis, shop)
  end)

  it('live as long as they were to', function()
    local one, other, redis, shop = two()
    call(one, 'set&value=1')
    call(one, 'forever&key=f&value=2')
    tides.await_stored(one, 2)
    eventually(other, 'get', '2') -- the same key: set anew
    local key = redis:command('KEYS', 'tidegate:e:*')[1]
    assert.is_true(redis:command('PTTL', key) > 1e15)
    stop(one, other, redis, shop)
  end)

  it('are purged everywhere', function()
    local one, other, redis, shop = two()
    call(one, 'set&value=1')
    eventually_keeps(other, '1')
    one:get '/purge?kind=tag&what=red'
    tides.await_told(one, 1)
    tides.await_heard(other, 1)
    assert.equal('nil', call(one, 'get'))
    assert.equal('nil', call(other, 'get'))
    stop(one, other, redis, shop)
  end)

  it('are loaded once', function()
    local one, other, redis, shop = two()
    local first = one:connect()
    first:send 'GET /do?call=load&value=made&sleep=0.5 HTTP/1.1\r\nhost: gate\r\n\r\n'
    wait.eventually(function() return call(one, 'loads') == '1' end)
    local requests = {}
    for i = 1, 10 do requests[i] = { path = '/do?call=load&value=again' } end
    for _, answer in ipairs(other:all(requests, 10)) do assert.equal('made', answer.body) end
    first:close()
    assert.equal('0', call(other, 'loads'))
    assert.equal(1, count(other).waited)
    stop(one, other, redis, shop)
  end)

  it('that are absent are remembered for all', function()
    local one, other, redis, shop = two()
    assert.equal('nil', call(one, 'load&negative=60'))
    tides.await_stored(one, 1)
    assert.equal('nil', call(other, 'load&negative=60&value=x'))
    assert.equal('0', call(other, 'loads'))
    stop(one, other, redis, shop)
  end)

  it('are loaded by the next one when one fails', function()
    local one, other, redis, shop = two()
    local first = one:connect()
    first:send 'GET /do?call=load&fails=1&sleep=0.3 HTTP/1.1\r\nhost: gate\r\n\r\n'
    wait.eventually(function() return call(one, 'loads') == '1' end)
    local began = posix.now()
    assert.equal('made', call(other, 'load&value=made'))
    assert.is_true(posix.now() - began < 2.5) -- the lock would last 3
    first:close()
    stop(one, other, redis, shop)
  end)

  it('that are stale are of use elsewhere too', function()
    local one, other, redis, shop = two()
    call(one, 'load&ttl=0.2&stale=60&value=1')
    tides.await_stored(one, 1)
    posix.pause(0.3)
    assert.equal('1', call(other, 'load&ttl=0.2&stale=60&value=2')) -- out of Redis, stale
    assert.equal('2', call(other, 'load&ttl=60&stale=60&value=2'))
    tides.await_stored(other, 1)
    assert.equal('2', call(one, 'load&ttl=60&stale=60&value=3')) -- its own is stale: it asks
    stop(one, other, redis, shop)
  end)

  it('that are stale stand in for a load that fails', function()
    local one, other, redis, shop = two()
    call(one, 'load&ttl=0.2&sick=60&value=1')
    tides.await_stored(one, 1)
    posix.pause(0.3)
    assert.equal('1', call(other, 'load&sick=60&fails=1'))
    stop(one, other, redis, shop)
  end)

  it('are counted and added by each for itself', function()
    local one, other, redis, shop = two()
    assert.equal('1', call(one, 'count'))
    assert.equal('2', call(one, 'count'))
    assert.equal('1', call(other, 'count'))
    assert.equal('true', call(one, 'add'))
    assert.equal('true', call(other, 'add'))
    call(one, 'free')
    call(one, 'set&value=1') -- told behind it
    eventually(other, 'get', '1')
    assert.equal('false', call(other, 'add'))
    stop(one, other, redis, shop)
  end)

  it('set while Redis is away are newer than what it has', function()
    local one, other, redis, shop = two()
    call(one, 'set&value=1')
    eventually_keeps(other, '1')
    redis:pause()
    for _, tide in ipairs { one, other } do
      tides.await(tide, function(now) return now.state == 'away' end)
    end
    call(one, 'set&value=2')
    assert.equal('2', call(one, 'get'))
    assert.equal('1', call(other, 'get')) -- it can't know
    redis:continue()
    tides.await_told(one, 1)
    tides.await_heard(other, 1)
    assert.equal('2', call(one, 'get'))
    assert.equal('nil', call(other, 'get'))
    assert.equal('3', call(other, 'load&value=3'))
    stop(one, other, redis, shop)
  end)

  -- The message of it has never come.
  it('that others have set meanwhile are asked for when Redis is there again', function()
    local one, other, redis, shop = two()
    call(one, 'set&value=1')
    eventually_keeps(other, '1')
    other:signal(posix.STOP)
    call(one, 'set&value=2')
    tides.await_stored(one, 2)
    for _, id in ipairs { redis:command('CLIENT', 'LIST', 'TYPE', 'pubsub') } do
      for number in id:gmatch 'id=(%d+)' do redis:command('CLIENT', 'KILL', 'ID', number) end
    end
    other:signal(posix.CONT)
    eventually(other, 'get', '2')
    stop(one, other, redis, shop)
  end)

  it('fail no request when Redis is stopped or killed', function()
    local redis, shop = redis_server.start(), upstream { default = tides.text 'up' }
    local tide = tides.serve(redis, shop, opts_of { timeout = 0.4 })
    tides.await_ready(tide)
    redis:pause()
    local began = posix.now()
    for i = 1, 20 do
      assert.equal('true', call(tide, 'set&value=1&key=a' .. i))
      assert.equal('1', call(tide, 'get&key=a' .. i))
      assert.equal('nil', call(tide, 'get&key=b' .. i))
    end
    assert.is_true(posix.now() - began < 4)
    redis:continue()
    redis:kill()
    assert.equal('made', call(tide, 'load&value=made'))
    assert.equal('nil', call(tide, 'get&key=c'))
    stop(tide, redis, shop)
  end)

  it('that are no values are not believed', function()
    local one, other, redis, shop = two()
    call(one, 'set&value=text')
    tides.await_stored(one, 1)
    local key = redis:command('KEYS', 'tidegate:e:*')[1]
    local bytes = redis:command('GET', key)
    for _, bad in ipairs { 'xtext', 'j{"a":', 'ntext' } do
      redis:command('SET', key, bytes:sub(1, -6) .. bad:sub(1, 5))
      assert.equal('nil', call(other, 'get'))
    end
    redis:command('SET', key, bytes:sub(1, -6) .. 'stext')
    assert.equal('text', call(other, 'get'))
    stop(one, other, redis, shop)
  end)
end)
