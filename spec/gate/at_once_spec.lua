-- Clients that are served in one turn of the loop, by io_uring and without it.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local SCRIPT = [[
  local tg = require 'tidegate'
  return function(req)
    if req.query.bytes then return tg.text(req.path .. ('x'):rep(tonumber(req.query.bytes))) end
    return tg.text(req.path .. #req.body)
  end]]

local MANY = 40

local function get(path, more)
  return 'GET ' .. path .. ' HTTP/1.1\r\nhost: a\r\n' .. (more or '') .. '\r\n'
end

-- Stops the gate, has each client do it, and lets the gate go on.
local function at_once(tide, list, act)
  tide:signal(posix.STOP)
  wait.eventually(function() return posix.read('/proc/' .. tide.pid .. '/stat'):find '%) T ' end)
  for i, client in ipairs(list) do act(client, i) end
  tide:signal(posix.CONT)
end

for _, way in ipairs { true, false } do
  describe('clients at once, io_uring = ' .. tostring(way), function()
    local tide, list

    setup(function()
      tide = gate.serve { script = SCRIPT, site = { workers = 1, io_uring = way,
        limits = { head_timeout = 0.5, keepalive_timeout = 30, body = 200000 } } }
    end)
    teardown(function() tide:stop() end)
    before_each(function()
      list = {}
      for i = 1, MANY do list[i] = tide:connect() end
    end)
    after_each(function()
      for _, client in ipairs(list) do client:close() end
    end)

    local function all(act) at_once(tide, list, act) end

    local function expect(status, body)
      for i, client in ipairs(list) do
        local res = assert(client:receive(10))
        assert.equal(status, res.status)
        if body then assert.equal(body:format(i), res.body) end
      end
    end

    it('get each their own answer, on new connections and again', function()
      for _ = 1, 3 do
        all(function(client, i) client:send(get('/' .. i)) end)
        expect(200, '/%d0')
      end
    end)

    it('may send heads and bodies in pieces', function()
      local head = 'POST /%d HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n'
      for _ = 1, 2 do
        all(function(client, i) client:send(head:format(i):sub(1, 20)) end)
        all(function(client, i) client:send(head:format(i):sub(21) .. ('x'):rep(50)) end)
        all(function(client) client:send(('x'):rep(30000)) end)
        for _, client in ipairs(list) do client:send(('x'):rep(69950)) end
        expect(200, '/%d100000')
      end
    end)

    it('may wait for 100 Continue', function()
      local head = 'POST /%d HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n' ..
        'expect: 100-continue\r\n\r\n'
      for _ = 1, 2 do
        all(function(client, i) client:send(head:format(i)) end)
        posix.pause(0.05)
        all(function(client) client:send '123456789' end)
        for i, client in ipairs(list) do
          local res = client:receive(10)
          assert.same({ 100, '/' .. i .. '9' }, { res.interim[1].status, res.body })
        end
      end
    end)

    it('may send many requests before they read', function()
      all(function(client, i) client:send(get('/' .. i):rep(5) .. get('/x'):sub(1, 9)) end)
      for _ = 1, 5 do expect(200, '/%d0') end
      all(function(client) client:send(get('/x'):sub(10)) end)
      expect(200, '/x0')
    end)

    -- More than the system holds for a connection.
    it('get all of it when they read late', function()
      local late = { list[1], list[2], list[3] }
      at_once(tide, late, function(client, i)
        client:send(get('/' .. i .. '?bytes=12000'):rep(500))
      end)
      posix.pause(0.2)
      for i, client in ipairs(late) do
        local body = '/' .. i .. ('x'):rep(12000)
        for _ = 1, 500 do assert.equal(body, assert(client:receive(10)).body) end
      end
    end)

    -- Each request comes by itself, so that its answer goes by the batch until the socket is full.
    it('get all of it when they ask on without reading', function()
      local late, other = list[1], list[2]
      posix.no_delay(late.fd)
      for _ = 1, 500 do
        late:send(get('/?bytes=12000'))
        assert.equal(200, other:get('/').status)
      end
      local body = '/' .. ('x'):rep(12000)
      for _ = 1, 500 do assert.equal(body, assert(late:receive(10)).body) end
    end)

    it('lose nothing when others are gone', function()
      all(function(client, i) client:send(get('/' .. i)) end)
      expect(200, '/%d0')
      all(function(client, i)
        client:send(get('/' .. i))
        if i % 4 == 0 then client:reset() end
        if i % 4 == 1 then client:close() end
      end)
      for i, client in ipairs(list) do
        if i % 4 > 1 then assert.equal('/' .. i .. '0', assert(client:receive(10)).body) end
      end
    end)

    it('are refused each by itself, and closed', function()
      all(function(client, i) client:send(get('/' .. i)) end)
      expect(200, '/%d0')
      all(function(client, i) client:send(get('/' .. i, i % 2 == 0 and 'a b: c\r\n' or nil)) end)
      for i, client in ipairs(list) do
        assert.equal(i % 2 == 0 and 400 or 200, assert(client:receive(10)).status)
        if i % 2 == 0 then assert.is_true(client:closes(10)) end
      end
    end)

    it('are closed behind their last answer', function()
      all(function(client, i) client:send(get('/' .. i, 'connection: close\r\n')) end)
      expect(200, '/%d0')
      for _, client in ipairs(list) do assert.same({ '', 'closed' }, { client:rest(10) }) end
    end)

    it('get 408 when they go on too slowly', function()
      all(function(client, i) client:send(get('/' .. i)) end)
      expect(200, '/%d0')
      all(function(client) client:send(get('/'):sub(1, 9)) end)
      expect(408)
    end)
  end)
end
