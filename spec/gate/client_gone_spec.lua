local gate = require 'spec.support.gate'
local sanitized = require 'spec.support.sanitized'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local MB = 1024 * 1024

describe('a client that goes away', function()
  local shop

  setup(function() shop = upstream { ['/hang'] = 'hang', default = upstream.text('ok') } end)
  teardown(function() shop:stop() end)
  before_each(function() shop:forget() end)

  local function serve(script, workers)
    return gate.serve { backends = { shop = shop }, site = { workers = workers or 2 },
      script = "local tg = require 'tidegate'\nlocal shop = tg.backend 'shop'\n" .. script }
  end

  it('cancels the call of a backend, and its request is logged with 499', function()
    local tide = serve [[
      return function()
        shop:get('/hang')
        tg.log.info('went on')
      end]]
    local connection = tide:connect()
    connection:send('GET /x HTTP/1.1\r\nhost: x\r\n\r\n')
    shop:await('request')
    connection:close()
    shop:await('abandoned')
    local entry = tide:await_access(1)[1]
    assert.equal(499, entry.status)
    assert.equal('/x', entry.path)
    assert.is_nil(tide.log():find('went on', 1, true))
    tide:stop()
  end)

  it('by a reset, too', function()
    local tide = serve "return function() shop:get('/hang') end"
    local connection = tide:connect()
    connection:send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    shop:await('request')
    connection:reset()
    shop:await('abandoned')
    assert.equal(499, tide:await_access(1)[1].status)
    tide:stop()
  end)

  it('cancels all that a gather waits for, nested and in coroutines', function()
    local tide = serve [[
      return function()
        local function hang() return shop:get('/hang') end
        local function race() return tg.race { hang } end
        tg.gather { hang, function() return tg.gather { hang, race } end,
          function() return coroutine.wrap(function() pcall(hang) end)() end,
          function() tg.sleep(60) end }
      end]]
    local connection = tide:connect()
    connection:send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    shop:await('request', 4)
    connection:close()
    shop:await('abandoned', 4)
    tide:stop()
  end)

  it('wakes nobody who sleeps', function()
    local tide = serve [[
      return function()
        pcall(tg.sleep, 30)
        tg.log.info('woke')
      end]]
    local connection = tide:connect()
    connection:send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    connection:closes(0.05)
    connection:close()
    assert.equal(499, tide:await_access(1)[1].status)
    assert.is_nil(tide.log():find('woke', 1, true))
    tide:stop()
  end)

  it('is noticed behind data that it sent ahead', function()
    local tide = serve [[
      return function(req) return req.path ~= '/' and 'ok' or shop:get('/hang') end]]
    local connection = tide:connect()
    connection:send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    shop:await('request')
    connection:send('GET /next HTTP/1.1\r\nhost: x\r\n\r\n')
    connection:closes(0.02)
    connection:close()
    shop:await('abandoned')
    local statuses = tide:await_access(1)
    assert.equal(499, statuses[1].status)
    tide:stop()
  end)

  it('is not mistaken for one that sends its next request early', function()
    local tide = serve "return function(req) tg.sleep(0.15) return req.path end"
    local connection = tide:connect()
    connection:send('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n')
    connection:closes(0.01)
    connection:send('GET /2 HTTP/1.1\r\nhost: x\r\n\r\nGET /3 HTTP/1.1\r\nhost: x\r\n\r\n')
    for i = 1, 3 do assert.equal('/' .. i, connection:receive().body) end
    connection:close()
    tide:stop()
  end)

  it('is stopped in the middle of its work', function()
    local tide = serve([[
      return function(req)
        if req.path == '/' then
          while true do tg.sleep(0) for _ = 1, 1e5 do end end
        end
        return 'ok'
      end]], 1)
    local connection = tide:connect()
    connection:send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    connection:closes(0.02)
    connection:close()
    assert.equal(499, tide:await_access(1)[1].status)
    assert.equal('ok', tide:get('/ok').body)
    tide:stop()
  end)

  it('leaves descriptors and memory as they were, 200 times', function()
    local tide = serve [[
      return function()
        local function hang() return shop:get('/hang') end
        local text = ('x'):rep(50000)
        tg.gather { hang, hang, function() tg.sleep(60) end }
        return text
      end]]
    local before, memory
    for round = 1, 5 do
      shop:forget()
      local connections = {}
      for i = 1, 50 do
        connections[i] = tide:connect()
        connections[i]:send('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      end
      shop:await('request', 100)
      for _, connection in ipairs(connections) do connection:close() end
      shop:await('abandoned', 100)
      tide:await_access(50 * round)
      if round == 1 then
        before, memory = tide:descriptors(), tide:memory()
      end
    end
    wait.eventually(function() return tide:descriptors() <= before end)
    if not sanitized() then assert.is_true(tide:memory() - memory < 16 * MB) end
    for _, entry in ipairs(tide:await_access(250)) do assert.equal(499, entry.status) end
    tide:stop()
  end)
end)

describe('many requests', function()
  -- Sends n requests on one connection, some at a time ahead; all must be answered.
  local function load(tide, n)
    local connection = tide:connect()
    local batch = ('GET /a/b?x=1 HTTP/1.1\r\nhost: x\r\nx-field: value\r\n\r\n'):rep(20)
    for _ = 1, n / 20 do
      connection:send(batch)
      for _ = 1, 20 do
        local res = connection:receive()
        assert(res and res.status == 200, 'not answered')
      end
    end
    connection:close()
  end

  it('leave memory as it was, 20000 times', function()
    local tide = gate.serve { site = { workers = 1, log = { access = false },
      limits = { requests = 1000000 } }, script = [[
      local tg = require 'tidegate'
      return function(req)
        local list = {}
        for i = 1, 50 do list[i] = { id = i, name = req.path .. i, x = req.query.x } end
        local got = tg.gather { function() return #list end,
          function() return req.headers['x-field'] end }
        local each = coroutine.wrap(function() coroutine.yield(got[1]) end)
        return tg.json({ n = each(), field = got[2], list = list })
      end]] }
    local quick = sanitized()
    load(tide, quick and 400 or 2000)
    local before = tide:memory()
    load(tide, quick and 1600 or 18000)
    if not quick then assert.is_true(tide:memory() - before < 8 * MB) end
    tide:stop()
  end)
end)
