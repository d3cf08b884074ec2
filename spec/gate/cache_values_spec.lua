local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local function serve(body, opts)
  opts = opts or {}
  opts.script = "local tg = require 'tidegate'\nlocal cache = tg.cache\nreturn function(req)\n" ..
    body .. '\nend'
  opts.site = { workers = opts.workers or 1 }
  return gate.serve(opts)
end

describe('tg.cache', function()
  it('keeps any value between requests', function()
    local tide = serve [[
      local values = { text = '\0\255 any bytes', list = tg.array {}, number = 0.1, no = false,
        deep = { a = { 1, 2, { b = tg.null } } }, big = 9007199254740993 }
      if req.path == '/set' then
        for name, value in pairs(values) do assert(cache:set(name, value, { ttl = 60 })) end
        return 'ok'
      end
      for name, value in pairs(values) do
        assert(tg.json.encode(cache:get(name) == values[name] or { cache:get(name) })
          == (cache:get(name) == values[name] and 'true' or tg.json.encode { value }), name)
      end
      assert(cache:get 'other' == nil)
      return 'same']]
    assert.equal('ok', tide:get('/set').body)
    assert.equal('same', tide:get('/get').body)
    tide:stop()
  end)

  it('does not undo what is set or deleted while a value is loaded', function()
    local tide = serve [[
      if req.path == '/load' then
        return cache:get('k', { ttl = 60 }, function() tg.sleep(0.4) return 'loaded' end)
      end
      if req.path == '/set' then cache:set('k', 'set') end
      if req.path == '/delete' then cache:delete 'k' end
      return tostring(cache:get 'k')]]
    for path, left in pairs { ['/set'] = 'set', ['/delete'] = 'nil' } do
      tide:get '/delete'
      local first = tide:connect()
      first:send 'GET /load HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
      posix.pause(0.1)
      tide:get(path)
      assert.matches('loaded$', (first:rest(5)))
      assert.equal(left, tide:get('/').body)
    end
    tide:stop()
  end)

  it('lets values end, go and be added once', function()
    local tide = serve [[
      assert(cache:add('a', 1, { ttl = 0.1 }))
      assert(not cache:add('a', 2))
      assert(cache:get 'a' == 1)
      tg.sleep(0.15)
      assert(cache:get 'a' == nil)
      assert(cache:add('a', 3))
      assert(cache:delete 'a' and not cache:delete 'a')
      assert(cache:incr 'n' == 1 and cache:incr('n', 5) == 6 and cache:incr('n', -0.5) == 5.5)
      assert(cache:get 'n' == 5.5)
      assert(cache:incr('w', 1, { ttl = 0.1 }) == 1 and cache:incr('w', 1, { ttl = 60 }) == 2)
      tg.sleep(0.15)
      assert(cache:incr 'w' == 1)
      cache:set('t', 'x', { tags = { 'red' } })
      cache:purge { tag = 'blue' }
      assert(cache:get 't' == 'x')
      cache:purge { tag = 'red' }
      assert(cache:get 't' == nil)
      return 'well']]
    assert.equal('well', tide:get('/').body)
    tide:stop()
  end)

  it('counts what many threads count', function()
    local tide = serve('return tostring(cache:incr("hits"))', { workers = 2 })
    local requests = {}
    for i = 1, 200 do requests[i] = { path = '/' } end
    local seen = {}
    for _, answer in ipairs(tide:all(requests, 10)) do seen[tonumber(answer.body)] = true end
    assert.equal(200, #seen)
    tide:stop()
  end)

  it('loads once for all who ask', function()
    local tide = serve([[
      local made = cache:get(req.path, { ttl = 60 }, function()
        tg.sleep(0.2)
        return { n = cache:incr 'loads' }
      end)
      return tostring(made.n)]], { workers = 2 })
    local requests = {}
    for i = 1, 40 do requests[i] = { path = '/a' } end
    for _, answer in ipairs(tide:all(requests, 10)) do assert.equal('1', answer.body) end
    assert.equal('2', tide:get('/b').body)
    tide:stop()
  end)

  it('takes a stale value when the load fails', function()
    local tide = serve [[
      local function load()
        if req.path == '/raise' then error { code = 'mine', message = 'no', http = 503 } end
        if req.path == '/nil' then return nil, 'broken' end
        return 'made'
      end
      local value, err = cache:get(req.query.key or 'k', { ttl = 0.05, stale_if_error = 60 }, load)
      return value or 'failed: ' .. tostring(err)]]
    assert.equal('made', tide:get('/').body)
    posix.pause(0.1)
    assert.equal('made', tide:get('/raise').body)
    assert.equal('made', tide:get('/nil').body)
    assert.equal('failed: broken', tide:get('/nil?key=other').body)
    assert.equal('made', tide:get('/?key=other').body)
    tide:stop()
  end)

  it('remembers for a while that there is nothing', function()
    local tide = serve [[
      local value = cache:get('k', { ttl = 60, negative = 0.2 }, function()
        cache:incr 'loads'
        return nil
      end)
      return tostring(value) .. ' ' .. tostring(cache:get 'loads')]]
    assert.equal('nil 1', tide:get('/').body)
    assert.equal('nil 1', tide:get('/').body)
    posix.pause(0.3)
    assert.equal('nil 2', tide:get('/').body)
    tide:stop()
  end)

  it('goes on when the one that loads goes', function()
    local tide = serve [[
      return cache:get('k', { ttl = 60 }, function()
        if req.query.slow then tg.sleep(0.5) end
        return 'by ' .. req.path
      end)]]
    local first = tide:connect()
    first:send('GET /first?slow=1 HTTP/1.1\r\nhost: localhost\r\n\r\n')
    posix.pause(0.1)
    local second = tide:connect()
    second:send('GET /second HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    posix.pause(0.1)
    first:close()
    assert.matches('by /second', (second:rest(5)))
    tide:stop()
  end)

  it('refuses what it is not meant for', function()
    for call, message in pairs {
      ["cache.set('k', 1)"] = 'call it with a colon',
      ["cache:set('', 1)"] = 'a key has 1 to 1024 bytes',
      ["cache:set(('x'):rep(1025), 1)"] = 'a key has 1 to 1024 bytes',
      ["cache:set('k')"] = 'a value expected',
      ["cache:set('k', function() end)"] = 'a function',
      ["cache:set('k', { 1, nil, 3 })"] = 'a list with holes',
      ["cache:set('k', { 1, a = 2 })"] = 'a table with both list items and named members',
      ["cache:set('k', { [1.5] = 1 })"] = 'an index that is not',
      ["cache:set('k', { [true] = 1 })"] = 'a key that is a boolean',
      ["cache:set('k', 0 / 0)"] = 'not a number',
      ["cache:set('k', -1 / 0)"] = 'an infinite number',
      ["cache:set('k', { '\\255' })"] = 'not UTF-8',
      ["cache:set('k', 1, { tll = 1 })"] = "did you mean 'ttl'",
      ["cache:set('s', 'x') cache:incr('s')"] = 'what is under the key is no number',
      ["cache:get('k', {}, 5)"] = 'function expected',
      ["cache:purge {}"] = 'needs a tag, a url, a prefix',
      ["cache:purge { url = 'x' }"] = "a URL is '/path'",
    } do
      local tide = serve(call, { expect_errors = { 'main.lua:4' } })
      assert.equal(500, tide:get('/').status)
      assert.is_truthy(tide:await_log('main.lua:4: [^\n]*'):find(message, 1, true), call)
      tide:stop()
    end
  end)

  it('takes keys and values up to their limits', function()
    local tide = gate.serve { site = { workers = 1, cache = { object = 2000 } },
      routes = { { 'GET /', 'main.lua' } }, scripts = { ['main.lua'] = [[
        local cache = require('tidegate').cache
        return function()
          assert(cache:set(('x'):rep(1024), 1))
          assert(cache:set('k', ('x'):rep(1500)))
          assert(not cache:set('k', ('x'):rep(2000)))
          assert(cache:get 'k' == ('x'):rep(1500))
          return 'well'
        end]] } }
    assert.equal('well', tide:get('/').body)
    tide:stop()
  end)
end)
