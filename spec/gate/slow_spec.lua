-- Clients that take their time: each kind is ended by its own bound, and others do not feel it.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local function serve(limits, script)
  return gate.serve { site = { workers = 1, limits = limits },
    script = script or 'return function(req) return tostring(#req.body) end' }
end

local function many(tide, n, bytes)
  local list = {}
  for i = 1, n do
    list[i] = tide:connect()
    list[i]:send(bytes)
  end
  return list
end

-- All of them are answered with 408 and closed.
local function all_timed_out(list)
  for _, connection in ipairs(list) do
    local res = connection:receive(10)
    assert.equal(408, res and res.status)
    assert.equal('application/problem+json', res.headers['content-type'])
    assert.is_true(connection:closes(5))
    connection:close()
  end
end

describe('a slow head', function()
  it('is answered with 408 after head_timeout, 50 times, and logged', function()
    local tide = serve { head_timeout = 0.3 }
    local list = many(tide, 50, 'GET / HTTP/1.1\r\nhost: a\r\nx: ')
    for _ = 1, 10 do
      for _, connection in ipairs(list) do connection:send 'y' end
      assert.equal(200, tide:get('/').status)
      posix.pause(0.03)
    end
    all_timed_out(list)
    tide:await_access(50, function(entry) return entry.status == 408 end)
    tide:stop()
  end)

  it('is not a head that comes within the time', function()
    local tide = serve { head_timeout = 5 }
    local connection = tide:connect()
    for c in ('GET / HTTP/1.1\r\nhost: a\r\n\r\n'):gmatch '.' do
      connection:send(c)
      posix.pause(0.005)
    end
    assert.equal(200, connection:receive(5).status)
    connection:close()
    tide:stop()
  end)

  it('that never begins is closed without a word', function()
    local tide = serve { head_timeout = 0.2 }
    local connection = tide:connect()
    assert.same({ '', 'closed' }, { connection:rest(5) })
    connection:close()
    tide:stop()
  end)
end)

describe('a slow body', function()
  local HEAD = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n'

  it('is answered with 408 after body_timeout, 50 times', function()
    local tide = serve { body_timeout = 0.3, body_rate = 1000 }
    local list = many(tide, 50, HEAD)
    for _ = 1, 10 do
      for _, connection in ipairs(list) do connection:send 'y' end
      assert.equal(200, tide:get('/').status)
      posix.pause(0.03)
    end
    all_timed_out(list)
    tide:await_access(50, function(entry) return entry.status == 408 end)
    tide:stop()
  end)

  it('in chunks, or after 100 Continue, is no exception', function()
    local tide = serve { body_timeout = 0.3 }
    local chunked = many(tide, 5,
      'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nab')
    local continued = many(tide, 5,
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\nexpect: 100-continue\r\n\r\n')
    all_timed_out(chunked)
    all_timed_out(continued)
    tide:stop()
  end)

  it('is not one that brings body_rate, however long it takes', function()
    local tide = serve { body_timeout = 0.2, body_rate = 1000 }
    local connection = tide:connect()
    connection:send(HEAD)
    for _ = 1, 50 do
      connection:send(('x'):rep(2000))
      posix.pause(0.02)
    end
    assert.equal('100000', connection:receive(5).body)
    connection:close()
    tide:stop()
  end)
end)

describe('a slow reader', function()
  local BIG = 'return function(req) return ("x"):rep(8000000) end'

  it('that takes nothing is dropped after send_timeout, 20 times', function()
    local tide = serve({ send_timeout = 0.4, send_rate = 1000 }, BIG)
    local list = many(tide, 20, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    tide:await_access(20)
    for _, connection in ipairs(list) do
      local text, how = connection:rest(5)
      assert.is_true(how ~= 'timeout' and #text < 8000000)
      connection:close()
    end
    tide:stop()
  end)

  it('is not one that takes send_rate, however long it takes', function()
    local tide = serve({ send_timeout = 0.3, send_rate = 1000 }, BIG)
    local connection = tide:connect()
    connection:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    local seen, deadline = 0, posix.now() + 30
    while seen < 8000000 do
      local bytes = posix.receive(connection.fd, 65536)
      if bytes then seen = seen + #bytes end
      assert(posix.now() < deadline, 'it takes too long')
      posix.pause(0.01)
    end
    connection:close()
    tide:stop()
  end)
end)

describe('an idle connection', function()
  it('is closed after keepalive_timeout, not before', function()
    local tide = serve { keepalive_timeout = 0.5 }
    local connection = tide:connect()
    assert.equal(200, connection:get('/').status)
    posix.pause(0.2)
    assert.equal(200, connection:get('/').status)
    local before = posix.now()
    assert.is_true(connection:closes(5))
    assert.is_true(posix.now() - before > 0.4)
    connection:close()
    tide:stop()
  end)

  it('is none while its request is worked on', function()
    local tide = serve({ keepalive_timeout = 0.1, head_timeout = 0.1, body_timeout = 0.1,
      send_timeout = 0.1 }, [[
      local tg = require 'tidegate'
      return function() tg.sleep(1) return 'late' end]])
    assert.equal('late', tide:get('/').body)
    tide:stop()
  end)
end)

describe('many slow clients of every kind', function()
  it('leave descriptors and memory as they were', function()
    local tide = serve { head_timeout = 0.3, body_timeout = 0.3, keepalive_timeout = 0.3 }
    assert.equal(200, tide:get('/').status)
    local before
    for _ = 1, 3 do
      local heads = many(tide, 50, 'GET / HTTP/1.1\r\n')
      local bodies = many(tide, 50, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx')
      local idle = many(tide, 50, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')
      assert.equal(200, tide:get('/').status)
      all_timed_out(heads)
      all_timed_out(bodies)
      for _, connection in ipairs(idle) do
        assert.is_true(connection:closes(5))
        connection:close()
      end
      before = before or tide:descriptors()
      wait.eventually(function() return tide:descriptors() <= before end)
    end
    tide:stop()
  end)
end)
