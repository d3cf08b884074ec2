-- How much a client may send, and how many may be there: each limit at n and at n + 1.
local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'
local wait = require 'spec.support.wait'

local ECHO = 'return function(req) return tostring(#req.body) end'

local function serve(limits, opts)
  opts = opts or {}
  opts.script = opts.script or ECHO
  opts.site = { workers = opts.workers or 1, limits = limits }
  return gate.serve(opts)
end

-- Sends bytes; gives the response and whether the connection was closed behind it.
local function ask(tide, bytes)
  local connection = tide:connect()
  connection:send(bytes)
  local res = connection:receive(5)
  local closed = res and res.headers.connection == 'close' and connection:closes(5)
  connection:close()
  return res, closed
end

-- It was refused as it should be: a problem, an id, the end of the connection.
local function refused(status, res, closed)
  assert.equal(status, res.status)
  assert.equal('application/problem+json', res.headers['content-type'])
  assert.equal(status, res:json().status)
  assert.is_true(#res:json().id > 0 and #res:json().detail > 0)
  assert.is_true(closed)
end

-- A head of exactly n bytes.
local function head_of(n)
  local start = 'GET / HTTP/1.1\r\nhost: a\r\nx: '
  return start .. ('x'):rep(n - #start - 4) .. '\r\n\r\n'
end

describe('limits.head', function()
  it('lets n bytes pass and answers n + 1 with 431', function()
    local tide = serve { head = 1000 }
    assert.equal(200, ask(tide, head_of(1000)).status)
    refused(431, ask(tide, head_of(1001)))
    assert.equal(431, tide:await_access(2)[2].status)
    tide:stop()
  end)

  it('does not wait for the end of what is too large', function()
    local tide = serve { head = 1000 }
    refused(431, ask(tide, head_of(2000):sub(1, 1001)))
    tide:stop()
  end)

  it('is 32 KB, and holds against a megabyte', function()
    local tide = serve()
    assert.equal(200, ask(tide, head_of(32768)).status)
    refused(431, ask(tide, head_of(32769)))
    local text = tide:raw(head_of(1048576), 5)
    assert.is_true(text == '' or text:find '^HTTP/1%.1 431 ' ~= nil)
    assert.equal(200, tide:get('/').status)
    tide:stop()
  end)
end)

describe('limits.fields', function()
  local function with(n)
    return 'GET / HTTP/1.1\r\nhost: a\r\n' .. ('x: y\r\n'):rep(n - 1) .. '\r\n'
  end

  it('lets n pass and answers n + 1 with 431', function()
    local tide = serve { fields = 5 }
    assert.equal(200, ask(tide, with(5)).status)
    refused(431, ask(tide, with(6)))
    refused(431, ask(tide, with(101)))
    tide:stop()
  end)

  it('is 100, and holds against thousands', function()
    local tide = serve()
    assert.equal(200, ask(tide, with(100)).status)
    refused(431, ask(tide, with(101)))
    refused(431, ask(tide, with(1000)))
    refused(431, ask(tide, with(4000)))
    local cookies = ('cookie: a=b\r\n'):rep(10000)
    refused(431, ask(tide, 'GET / HTTP/1.1\r\nhost: a\r\n' .. cookies .. '\r\n'))
    tide:stop()
  end)
end)

describe('limits.url', function()
  local function with(n) return 'GET /' .. ('x'):rep(n - 1) .. ' HTTP/1.1\r\nhost: a\r\n\r\n' end

  it('lets n bytes pass and answers n + 1 with 414', function()
    local tide = serve { url = 100 }
    assert.equal(200, ask(tide, with(100)).status)
    refused(414, ask(tide, with(101)))
    refused(414, ask(tide, ('GET /' .. ('x'):rep(500))))
    tide:stop()
  end)

  it('is 8 KB, and holds against more than a head may have', function()
    local tide = serve()
    assert.equal(200, ask(tide, with(8192)).status)
    refused(414, ask(tide, with(8193)))
    refused(414, ask(tide, with(65536)))
    tide:stop()
  end)
end)

describe('limits.bodies', function()
  it('is for all bodies together: 503 beyond', function()
    local tide = serve({ bodies = 3000, body = 2000 }, { script = [[
      local tg = require 'tidegate'
      return function(req)
        if req.path == '/wait' then
          tg.log.info 'waits'
          tg.sleep(30)
        end
        return tostring(#req.body)
      end]] })
    local first = tide:connect()
    first:send('POST /wait HTTP/1.1\r\nhost: a\r\ncontent-length: 2000\r\n\r\n' .. ('x'):rep(2000))
    tide:await_log 'waits'
    assert.equal(503, tide:post('/', ('x'):rep(1001)).status)
    assert.equal('1000', tide:post('/', ('x'):rep(1000)).body)
    refused(503, ask(tide, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n' ..
      ('x'):rep(1001)))
    first:close()
    wait.eventually(function() return tide:post('/', ('x'):rep(1001)).status == 200 end)
    tide:stop()
  end)

  it('counts what is still on its way', function()
    local tide = serve { bodies = 5000, body = 5000 }
    local first, second = tide:connect(), tide:connect()
    local head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4000\r\n\r\n'
    first:send(head)
    second:send(head)
    posix.pause(0.1)
    first:send(('x'):rep(3000))
    posix.pause(0.1)
    second:send(('x'):rep(3000))
    assert.equal(503, second:receive(5).status)
    first:send(('x'):rep(1000))
    assert.equal('4000', first:receive(5).body)
    first:close()
    second:close()
    assert.equal('4000', tide:post('/', ('x'):rep(4000)).body)
    tide:stop()
  end)
end)

describe('limits.requests', function()
  it('ends a connection behind the last', function()
    local tide = serve { requests = 3 }
    local connection = tide:connect()
    for i = 1, 3 do
      local res = connection:get('/')
      assert.equal(i == 3 and 'close' or 'keep-alive', res.headers.connection)
    end
    assert.is_true(connection:closes(5))
    connection:close()
    tide:stop()
  end)
end)

-- Ticks of CPU time that the program has used.
local function ticks(tide)
  local stat = posix.read('/proc/' .. tide.pid .. '/stat'):match('%) (.*)')
  local user, system = stat:match('^' .. ('%S+ '):rep(11) .. '(%d+) (%d+)')
  return user + system
end

describe('limits.connections', function()
  local SLEEP = [[
    local tg = require 'tidegate'
    return function(req) if req.path == '/wait' then tg.sleep(30) end return 'ok' end]]

  local function busy(tide, n)
    local list = {}
    for i = 1, n do
      list[i] = tide:connect()
      list[i]:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n'
    end
    return list
  end

  it('lets n in; the next waits until one goes', function()
    local tide = serve({ connections = 4 }, { script = SLEEP })
    local inside = busy(tide, 4)
    posix.pause(0.2)
    local outside = tide:connect()
    outside:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    assert.same({ nil, 'timeout' }, { outside:receive(0.7) })
    tide:await_log 'event=no_room'
    inside[1]:close()
    assert.equal(200, outside:receive(5).status)
    for i = 2, 4 do inside[i]:close() end
    outside:close()
    tide:stop()
  end)

  it('costs no CPU while the door is shut', function()
    local tide = serve({ connections = 4 }, { script = SLEEP, workers = 2 })
    local inside = busy(tide, 4)
    posix.pause(0.2)
    local outside = busy(tide, 20)
    tide:await_log 'event=no_room'
    local before = ticks(tide)
    posix.pause(1)
    assert.is_true(ticks(tide) - before <= 15)
    for _, list in ipairs { inside, outside } do
      for _, connection in ipairs(list) do connection:close() end
    end
    wait.eventually(function() return tide:get('/').status == 200 end)
    tide:stop()
  end)

  it('makes room by the connection that has been idle for longest', function()
    local tide = serve({ connections = 3 }, { script = SLEEP })
    local list = {}
    for i = 1, 3 do
      list[i] = tide:connect()
      assert.equal(200, list[i]:get('/').status)
      posix.pause(0.15)
    end
    assert.equal(200, list[1]:get('/').status)
    posix.pause(0.2)
    assert.equal(200, tide:get('/').status)
    assert.is_true(list[2]:closes(5))
    assert.equal(200, list[3]:get('/').status)
    assert.equal(200, list[1]:get('/').status)
    for i = 1, 3 do list[i]:close() end
    tide:stop()
  end)

  it('lets new clients in while idle ones hold the door', function()
    local tide = serve({ connections = 20 }, { script = SLEEP, workers = 2 })
    local idle = {}
    for i = 1, 100 do idle[i] = tide:connect() end
    posix.pause(0.2)
    for _ = 1, 10 do assert.equal(200, tide:get('/').status) end
    for _, connection in ipairs(idle) do connection:close() end
    tide:stop()
  end)
end)

describe('when no descriptor is left', function()
  it('accepting pauses, costs nothing, and goes on', function()
    local tide = serve({ connections = 1000 })
    assert.equal(200, tide:get('/').status)
    local now = tide:descriptors()
    local few = ('prlimit --pid %d --nofile=%d:%d'):format(tide.pid, now + 8, now + 8)
    assert.equal(0, os.execute(few))
    local list = {}
    for i = 1, 40 do
      list[i] = tide:connect()
      list[i]:send 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n'
    end
    tide:await_log 'event=no_room'
    local before = ticks(tide)
    posix.pause(1)
    assert.is_true(ticks(tide) - before <= 15)
    for i = 1, 40 do list[i]:close() end
    wait.eventually(function()
      local connection = tide:connect()
      local res = connection:get('/')
      connection:close()
      return res and res.status == 200
    end)
    tide:stop()
  end)

  it('fewer connections fit than the site asks for, and the log says so', function()
    local limits = 'limits = { connections = 500 }, workers = 1, '
    local folder = posix.folder()
    gate.write_site(folder .. '/site', { script = ECHO,
      site = 'return { ' .. limits .. "routes = { { 'ANY /', 'main.lua' } } }" })
    local pid = posix.spawn({ 'sh', '-c', 'ulimit -n 120; exec "$0" run "$1" --port 0',
      gate.program(), folder .. '/site' }, { stderr = folder .. '/err' })
    wait.eventually(function()
      return posix.read(folder .. '/err'):find 'event=connections_lowered to=60 ' ~= nil
    end)
    assert.equal('exit 0', posix.stop(pid, 10))
    posix.remove(folder)
  end)
end)

describe('clients that go', function()
  it('leave no descriptor behind, 500 times', function()
    local tide = serve({}, { script = [[
      local tg = require 'tidegate'
      return function(req)
        if req.path == '/wait' then tg.sleep(5) end
        return ('x'):rep(200000)
      end]] })
    assert.equal(200, tide:get('/').status)
    local before = tide:descriptors()
    for i = 1, 500 do
      local connection = tide:connect()
      local kind = i % 5
      if kind == 1 then connection:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n' end
      if kind == 2 then connection:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n' end
      if kind == 3 then
        connection:send 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc'
      end
      if kind == 4 then connection:send 'GET / HTTP/1.1\r\nho' end
      if i % 2 == 0 then connection:reset() else connection:close() end
    end
    wait.eventually(function() return tide:descriptors() <= before end)
    assert.equal(200, tide:get('/').status)
    tide:stop()
  end)
end)

describe('a refusal', function()
  it('reaches a client that goes on sending', function()
    local tide = serve { body = 1000 }
    local before
    for _ = 1, 20 do
      local connection = tide:connect()
      connection:send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3000000\r\n\r\n')
      connection:send(('x'):rep(3000000))
      assert.equal(413, connection:receive(5).status)
      connection:close()
      before = before or tide:descriptors()
    end
    wait.eventually(function() return tide:descriptors() <= before end)
    tide:stop()
  end)

  it('is not waited for by a client that neither reads on nor closes', function()
    local tide = serve { body = 1000 }
    local before = tide:descriptors()
    local connection = tide:connect()
    connection:send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3000000\r\n\r\n')
    assert.equal(413, connection:receive(5).status)
    wait.eventually(function() return tide:descriptors() <= before end)
    connection:close()
    tide:stop()
  end)
end)

describe('bodies of twice the limit, many at once', function()
  it('are refused before they are held', function()
    local tide = serve({ body = '1MB' }, {})
    local before = tide:memory()
    local head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n'
    for _ = 1, 8 do
      local connection = tide:connect()
      connection:send(head:format(2 * 1048576))
      assert.equal(413, connection:receive(5).status)
      connection:close()
      connection = tide:connect()
      connection:send('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n')
      connection:send(http.chunked { ('x'):rep(1048577) })
      local res = connection:receive(5)
      assert.is_true(res == nil or res.status == 413)
      connection:close()
    end
    if not sanitized() then assert.is_true(tide:memory() - before < 8 * 1048576 * 3) end
    tide:stop()
  end)
end)
