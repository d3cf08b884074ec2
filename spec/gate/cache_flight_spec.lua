local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

-- A route per path; each asks the shop and shapes the answer.
local SHAPE = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  return function(req, route)
    local res = tg.try(shop:get(req.path, { expect = '2xx', timeout = 5 }))
    return tg.json({ said = res.body }, { cache = route.settings and route.settings.own })
  end]]

local function serve(answers, cache, opts)
  opts = opts or {}
  local shop = upstream(answers)
  opts.backends = { shop = { shop.url, eject = false, timeout = opts.backend_timeout,
    idle_timeout = opts.backend_timeout } }
  opts.scripts = { ['main.lua'] = SHAPE }
  opts.routes = {
    { 'ANY /pass/{path...}', backend = 'shop', cache = cache, timeout = opts.timeout },
    { 'ANY /{path...}', 'main.lua', cache = cache, timeout = opts.timeout },
  }
  opts.site = { workers = 2, admin = 'unix:admin.sock' }
  return gate.serve(opts), shop
end

local function slow(seconds, body)
  local head = ('HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n'):format(#body)
  return { delay = seconds, head .. body }
end

local function said(answer) return answer.body:match '"said":"([^"]*)"' end
local function status_of(answer) return answer.headers['cache-status'] end

local function many(tide, path, count, headers)
  local requests = {}
  for i = 1, count do requests[i] = { path = path, headers = headers } end
  return tide:all(requests, 20)
end

-- Reads until so many x have come, or 10 s have passed.
local function count_x(connection, wanted)
  local seen, deadline = 0, posix.now() + 10
  while seen < wanted and posix.now() < deadline do
    posix.poll({ [connection.fd] = 'r' }, 1)
    local bytes, reason = posix.receive(connection.fd)
    if bytes then
      seen = seen + select(2, bytes:gsub('x', ''))
    elseif reason ~= 'again' then
      break
    end
  end
  return seen
end

local function count(tide)
  local answer = client.request(tide.site .. '/admin.sock', { path = '/status' })
  return cjson.decode(answer.body).cache
end

describe('many who ask for the same', function()
  for _, path in ipairs { '/x', '/pass/x' } do
    it('make one request of the backend: ' .. path, function()
      local tide, shop = serve({ [path] = slow(0.3, 'up') }, { ttl = 60 })
      local collapsed = 0
      for _, answer in ipairs(many(tide, path, 60)) do
        assert.equal(200, answer.status)
        assert.matches('up', answer.body)
        if status_of(answer):find 'collapsed' then collapsed = collapsed + 1 end
      end
      assert.equal(1, #shop:requests())
      assert.is_true(collapsed > 0)
      local counted = count(tide)
      assert.same({ 1, collapsed, 59 - collapsed, 1 },
        { counted.miss, counted.collapsed, counted.hit, counted.store })
      tide:stop()
      shop:stop()
    end)
  end

  it('make one request, be they 500', function()
    local tide, shop = serve({ ['/x'] = slow(0.5, 'up') }, { ttl = 60 })
    for _, answer in ipairs(many(tide, '/x', 500)) do assert.equal('up', said(answer)) end
    assert.equal(1, #shop:requests())
    tide:stop()
    shop:stop()
  end)

  it('do not wait for what can not be shared', function()
    local tide, shop = serve({ ['/pass/x'] = { delay = 0.2,
      'HTTP/1.1 200 OK\r\ncache-control: private\r\ncontent-length: 2\r\n\r\nup' } }, { ttl = 60 })
    local began = posix.now()
    for _, answer in ipairs(many(tide, '/pass/x', 10)) do
      assert.equal('up', answer.body)
      assert.is_nil(status_of(answer):find('stored', 1, true))
    end
    -- One leads, the others go by themselves, side by side.
    assert.is_true(posix.now() - began < 1.5)
    assert.equal(10, #shop:requests())
    many(tide, '/pass/x', 10)
    assert.equal(20, #shop:requests())
    assert.equal(19, count(tide).bypass)
    tide:stop()
    shop:stop()
  end)

  it('go on when the first one goes', function()
    local tide, shop = serve({ ['/x'] = slow(0.3, 'up') }, { ttl = 60 })
    local first = tide:connect()
    first:send('GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n')
    wait.eventually(function() return #shop:requests() == 1 end)
    local second = tide:connect()
    second:send('GET /x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
    posix.pause(0.05)
    first:close()
    assert.matches('"said":"up"', (second:rest(5)))
    assert.equal(2, #shop:requests())
    tide:stop()
    shop:stop()
  end)

  -- In a row they would take ten times the backend's time.
  it('go at once when the next one gets no answer either', function()
    local tide, shop = serve({ ['/pass/x'] = 'hang' }, { ttl = 60 }, { backend_timeout = 0.5 })
    local began = posix.now()
    for _, answer in ipairs(many(tide, '/pass/x', 10)) do assert.equal(504, answer.status) end
    assert.is_true(posix.now() - began < 3.5)
    assert.equal(10, #shop:requests())
    tide:stop()
    shop:stop()
  end)

  it('go at once when the next one gets no whole answer either', function()
    local tide, shop = serve({ ['/pass/x'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nup',
      math.huge } }, { ttl = 60 }, { backend_timeout = 0.5 })
    local began, connections = posix.now(), {}
    for i = 1, 10 do
      connections[i] = tide:connect()
      connections[i]:send 'GET /pass/x HTTP/1.1\r\nhost: localhost\r\n\r\n'
    end
    for _, connection in ipairs(connections) do
      assert.is_true(connection:closes(8))
      connection:close()
    end
    assert.is_true(posix.now() - began < 3.5)
    assert.equal(10, #shop:requests())
    tide:stop()
    shop:stop()
  end)

  it('are told one by one that the backend fails', function()
    local tide, shop = serve({ ['/x'] = { delay = 0.05,
      'HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n' } }, { ttl = 60 })
    for _, answer in ipairs(many(tide, '/x', 5)) do assert.equal(502, answer.status) end
    assert.equal(5, #shop:requests())
    tide:stop()
    shop:stop()
  end)

  it('do not hang when the backend fails, be they 500', function()
    local tide, shop = serve({ ['/x'] = { reset = true } }, { ttl = 60 })
    for _, answer in ipairs(many(tide, '/x', 500)) do assert.equal(502, answer.status) end
    tide:stop()
    shop:stop()
  end)

  it('get it at the pace of the backend, whoever reads slowly', function()
    local body = ('x'):rep(12 * 1048576)
    local shop = upstream { ['/x'] = ('HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n')
      :format(#body) .. body }
    local tide = gate.serve { backends = { shop = { shop.url } },
      site = { workers = 2, cache = { object = '16MB' } },
      routes = { { 'ANY /{path...}', backend = 'shop', cache = { ttl = 60 } } } }
    local first = tide:connect()
    first:send 'GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n' -- and reads nothing
    wait.eventually(function() return #shop:requests() == 1 end)
    local second = tide:connect()
    second:send 'GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n'
    assert.equal(#body, count_x(second, #body))
    assert.equal(1, #shop:requests())
    assert.equal(#body, count_x(first, #body))
    first:close()
    second:close()
    tide:stop()
    shop:stop()
  end)

  it('wait no longer than their time', function()
    local tide, shop = serve({ ['/x'] = slow(3, 'up') }, { ttl = 60 }, { timeout = 0.3 })
    local began = posix.now()
    for _, answer in ipairs(many(tide, '/x', 6)) do assert.equal(504, answer.status) end
    assert.is_true(posix.now() - began < 2)
    tide:stop()
    shop:stop()
  end)

  it('get the variant that they ask for', function()
    local tide, shop = serve({ ['/pass/x'] = function(request)
      local kind = request.headers['x-kind']
      return { delay = 0.2, ('HTTP/1.1 200 OK\r\nvary: x-kind\r\ncontent-length: %d\r\n\r\n%s')
        :format(#kind, kind) }
    end }, { ttl = 60 })
    local requests = {}
    for i = 1, 20 do
      requests[i] = { path = '/pass/x', headers = { ['x-kind'] = i % 2 == 0 and 'even' or 'odd' } }
    end
    for i, answer in ipairs(tide:all(requests, 10)) do
      assert.equal(i % 2 == 0 and 'even' or 'odd', answer.body)
    end
    assert.equal(2, #shop:requests())
    tide:stop()
    shop:stop()
  end)
end)

describe('a stale answer', function()
  -- Says how often it was asked; fails while the file is there.
  local function moody()
    local folder = posix.folder()
    local times = 0
    return function()
      times = times + 1
      if io.open(folder .. '/sick') then
        return 'HTTP/1.1 503 Sick\r\ncontent-length: 0\r\n\r\n'
      end
      return { delay = 0.05, ('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d'):format(times) }
    end, folder
  end

  for _, path in ipairs { '/x', '/pass/x' } do
    it('is given while a fresh one is fetched: ' .. path, function()
      local tide, shop = serve({ [path] = (moody()) }, { ttl = 0.1, stale = 60 })
      assert.matches('1', tide:get(path).body)
      posix.pause(0.15)
      local answer = tide:get(path)
      assert.matches('1', answer.body)
      assert.matches('^tidegate; hit; ttl=%-1', status_of(answer))
      wait.eventually(function() return tide:get(path).body:find '2' end)
      assert.is_true(#shop:requests() >= 2)
      assert.is_true(count(tide).stale >= 1)
      tide:stop()
      shop:stop()
    end)

    it('is given while the backend fails, which is asked from time to time: ' .. path, function()
      local mood, folder = moody()
      local tide, shop = serve({ [path] = mood },
        { ttl = 0.05, stale = { sick = 60, retry = 0.3 } })
      assert.matches('1', tide:get(path).body)
      posix.write(folder .. '/sick', '')
      posix.pause(0.1)
      for _ = 1, 20 do
        local answer = tide:get(path)
        assert.equal(200, answer.status)
        assert.matches('1', answer.body)
      end
      assert.is_true(#shop:requests() < 10)
      os.remove(folder .. '/sick')
      wait.eventually(function() return not tide:get(path).body:find '1' end)
      posix.remove(folder)
      tide:stop()
      shop:stop()
    end)
  end

  it('says why it was given', function()
    local mood, folder = moody()
    local tide, shop = serve({ ['/pass/x'] = mood }, { ttl = 0.05, stale_if_error = 60 })
    tide:get '/pass/x'
    posix.write(folder .. '/sick', '')
    posix.pause(0.1)
    local answer = tide:get '/pass/x'
    assert.matches('^tidegate; fwd=stale; fwd%-status=503', status_of(answer))
    assert.equal('1', answer.body)
    assert.matches('^tidegate; hit', status_of(tide:get '/pass/x'))
    assert.equal(2, #shop:requests())
    posix.remove(folder)
    tide:stop()
    shop:stop()
  end)

  it('stands in for a backend that has gone', function()
    local tide, shop = serve({ ['/x'] = slow(0, 'up') }, { ttl = 0.05, stale_if_error = 60 })
    tide:get '/x'
    shop:stop()
    posix.pause(0.1)
    for _, answer in ipairs(many(tide, '/x', 20)) do assert.equal('up', said(answer)) end
    tide:stop()
  end)
end)
