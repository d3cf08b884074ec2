local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

-- Each request becomes a call of the same method and path.
local SCRIPT = [[
local tg = require 'tidegate'
local shop = tg.backend 'shop'
return function(req)
  local res, err = shop:request { method = req.method, path = req.path, body = req.body,
    retries = tonumber(req.query.retries), timeout = tonumber(req.query.timeout) }
  if res then return { body = res.body, status = res.status } end
  return tg.response { status = err.http, body = tg.json.encode { code = err.code,
    message = err.message } }
end]]

local function serve(addresses, options, workers)
  local backend = {}
  for i, address in ipairs(addresses) do backend[i] = address.url or address end
  for name, value in pairs(options or {}) do backend[name] = value end
  return gate.serve { script = SCRIPT, site = { workers = workers or 1 },
    backends = { shop = backend } }
end

local function named(name, answers)
  answers = answers or {}
  answers.default = answers.default or upstream.text(name)
  return upstream(answers)
end

local function body(tide, path) return tide:get(path or '/'):json().body end

local function dead() return 'http://127.0.0.1:' .. upstream.dead_port() end

describe('the balance of a backend', function()
  it("'least' prefers the address with the fewest calls under way", function()
    local slow, fast = named('slow', { ['/hold'] = 'hang' }), named('fast', { ['/hold'] = 'hang' })
    local tide = serve({ slow, fast }, { balance = 'least' })
    local held = tide:connect()
    held:send 'GET /hold?timeout=9 HTTP/1.1\r\nhost: a\r\n\r\n'
    slow:await 'request'
    for _ = 1, 6 do assert.equal('fast', body(tide)) end
    held:close()
    slow:await 'abandoned'
    local seen = {}
    for _ = 1, 6 do seen[body(tide)] = true end
    assert.same({ slow = true, fast = true }, seen)
    tide:stop()
    slow:stop()
    fast:stop()
  end)
end)

describe('an address that fails', function()
  it('is left out after so many failures in a row, and no sooner', function()
    local well = named 'well'
    local refusing = dead()
    local tide = serve({ refusing, well }, { eject = { failures = 3, time = '60s' } })
    for _ = 1, 20 do assert.equal('well', body(tide)) end
    assert.equal(20, well:count 'request')
    tide:stop()
    -- With retries = 0 each failure behind the connect is seen by the client.
    local sick = named('sick', { default = { close = true } })
    tide = serve({ sick, well }, { eject = { failures = 3, time = '60s' }, retries = 0 })
    local failed = 0
    for _ = 1, 20 do if tide:get('/').status ~= 200 then failed = failed + 1 end end
    assert.same({ 3, 3 }, { failed, sick:count 'request' })
    tide:stop()
    sick:stop()
    well:stop()
  end)

  it('comes back when one call finds it well', function()
    local well = named 'well'
    local flag = posix.folder()
    local sick = upstream { default = function()
      if posix.read(flag .. '/mended') == '' then return { close = true } end
      return upstream.text 'mended'
    end }
    local tide = serve({ sick, well }, { eject = { failures = 1, time = 0.1, most = 0.1 } })
    assert.equal('well', body(tide))
    wait.eventually(function() -- probes that fail cost no call of the client
      assert.equal('well', body(tide))
      return sick:count 'request' >= 3
    end)
    posix.write(flag .. '/mended', 'yes')
    wait.eventually(function() return body(tide) == 'mended' end)
    local seen = {}
    for _ = 1, 4 do seen[body(tide)] = true end
    assert.same({ well = true, mended = true }, seen)
    tide:stop()
    sick:stop()
    well:stop()
    posix.remove(flag)
  end)

  it('comes back also when all calls are POSTs', function()
    local well, flag = named 'well', posix.folder()
    local sick = upstream { default = function()
      if posix.read(flag .. '/mended') == '' then return { close = true } end
      return upstream.text 'mended'
    end }
    local tide = serve({ sick, well }, { eject = { failures = 1, time = 0.05, most = 0.05 } })
    assert.equal(502, tide:post('/', '').status)
    posix.write(flag .. '/mended', 'yes')
    wait.eventually(function() return tide:post('/', ''):json().body == 'mended' end)
    tide:stop()
    sick:stop()
    well:stop()
    posix.remove(flag)
  end)

  it('gets one call at a time while it is tried', function()
    local well = named 'well'
    local flag = posix.folder()
    local sick = upstream { default = function()
      if posix.read(flag .. '/slow') == '' then return { close = true } end
      return { delay = 0.3, upstream.text 'slow' }
    end }
    local tide = serve({ sick, well }, { eject = { failures = 1, time = 0.05, most = 0.05 } }, 2)
    body(tide)
    posix.write(flag .. '/slow', 'yes')
    posix.pause(0.1)
    local before, requests = sick:count 'request', {}
    for i = 1, 40 do requests[i] = { path = '/' } end
    local slow = 0
    for _, res in ipairs(tide:all(requests)) do
      if res:json().body == 'slow' then slow = slow + 1 end
    end
    assert.same({ 1, 1 }, { slow, sick:count 'request' - before })
    tide:stop()
    sick:stop()
    well:stop()
    posix.remove(flag)
  end)

  it('makes the answer a fast 503 when all do', function()
    local tide = serve({ dead(), dead() }, { eject = { failures = 2, time = '60s' } })
    for _ = 1, 4 do tide:get '/' end
    local begun = posix.now()
    for _ = 1, 20 do
      local res = tide:get '/'
      assert.same({ 503, 'busy' }, { res.status, res:json().code })
      assert.matches('left out', res:json().message)
    end
    assert.is_true(posix.now() - begun < 5)
    tide:stop()
  end)

  it('alone is left out only when the site says so', function()
    local address = dead()
    local tide = serve({ address })
    for _ = 1, 10 do assert.equal('refused', tide:get('/'):json().code) end
    tide:stop()
    tide = serve({ address }, { eject = { failures = 2 } })
    for _ = 1, 2 do assert.equal('refused', tide:get('/'):json().code) end
    assert.equal('busy', tide:get('/'):json().code)
    tide:stop()
    tide = serve({ address, dead() }, { eject = false })
    for _ = 1, 20 do assert.equal('refused', tide:get('/'):json().code) end
    tide:stop()
  end)

  it('costs hardly a call when it comes and goes', function()
    local well, flag = named 'well', posix.folder()
    local flapping = upstream { default = function()
      if math.floor(posix.now() * 5) % 2 == 0 then return { close = true } end
      return upstream.text 'flapping'
    end }
    local tide = serve({ flapping, well }, { eject = { failures = 2, time = 0.2 } }, 2)
    local failed, until_time = 0, posix.now() + 2
    local count = 0
    while posix.now() < until_time do
      local requests = {}
      for i = 1, 10 do requests[i] = { path = '/' } end
      for _, res in ipairs(tide:all(requests)) do
        count = count + 1
        if res.status ~= 200 then failed = failed + 1 end
      end
    end
    assert.is_true(failed <= count / 100, failed .. ' of ' .. count)
    tide:stop()
    flapping:stop()
    well:stop()
    posix.remove(flag)
  end)
end)

describe('a call that failed', function()
  local function pair(answer, options)
    local sick, well = named('sick', { default = answer }), named 'well'
    options = options or {}
    options.eject = false
    local tide = serve({ sick, well }, options)
    return tide, sick, well, function() tide:stop() sick:stop() well:stop() end
  end

  it('is made again at another address, when it is idempotent', function()
    local tide, sick, well, stop = pair { close = true }
    for _, method in ipairs { 'GET', 'PUT', 'DELETE' } do
      for _ = 1, 2 do
        local res = tide:request { method = method, path = '/' }
        assert.same({ 200, 'well' }, { res.status, res:json().body }, method)
      end
    end
    assert.same({ 3, 6 }, { sick:count 'request', well:count 'request' })
    stop()
  end)

  it('is never made again when it is a POST or a PATCH', function()
    local tide, sick, well, stop = pair { close = true }
    local failed = 0
    for i = 1, 20 do
      local method = i % 4 < 2 and 'POST' or 'PATCH'
      if tide:request({ method = method, path = '/' .. i, body = 'x' }).status ~= 200 then
        failed = failed + 1
      end
    end
    assert.same({ 10, 10, 10 }, { failed, sick:count 'request', well:count 'request' })
    stop()
  end)

  it('is made again when no response begins in time, but not when one has begun', function()
    local tide, sick, _, stop = pair('hang', { first_byte_timeout = 0.05 })
    for _ = 1, 4 do assert.equal('well', body(tide)) end
    assert.equal(2, sick:count 'request')
    stop()
    tide, _, _, stop = pair { 'HTTP/1.1 2', close = true }
    local codes = {}
    for i = 1, 4 do codes[i] = tide:get('/'):json().code or 'well' end
    table.sort(codes)
    assert.same({ 'protocol', 'protocol', 'well', 'well' }, codes)
    stop()
  end)

  it('is made again as often as its option says', function()
    local sick = {}
    for i = 1, 3 do sick[i] = named('sick', { default = { close = true } }) end
    local tide = serve(sick, { eject = false, retries = 1, retry_budget = 100 })
    local function requests()
      return sick[1]:count 'request' + sick[2]:count 'request' + sick[3]:count 'request'
    end
    for _, case in ipairs { { '', 2 }, { '?retries=0', 1 }, { '?retries=2', 3 },
      { '?retries=9', 3 } } do
      local before = requests()
      assert.equal('reset', tide:get('/' .. case[1]):json().code)
      assert.equal(case[2], requests() - before, case[1])
    end
    tide:stop()
    for _, one in ipairs(sick) do one:stop() end
  end)

  it('is made again within a budget', function()
    local one = named('sick', { default = { close = true } })
    local two = named('sick', { default = { close = true } })
    local tide = serve({ one, two }, { eject = false })
    for _ = 1, 100 do tide:get '/' end
    local retries = one:count 'request' + two:count 'request' - 100
    assert.is_true(retries >= 25 and retries <= 30, retries) -- 10 saved up, and 20 of 100
    tide:stop()
    tide = serve({ one, two }, { eject = false, retry_budget = 0 })
    local before = one:count 'request' + two:count 'request'
    for _ = 1, 10 do tide:get '/' end
    assert.equal(10, one:count 'request' + two:count 'request' - before)
    tide:stop()
    one:stop()
    two:stop()
  end)

  it('is not made again when there is no other address', function()
    local sick = named('sick', { default = { close = true } })
    local tide = serve({ sick }, { retries = 10 })
    assert.equal('reset', tide:get('/'):json().code)
    assert.equal(1, sick:count 'request')
    tide:stop()
    sick:stop()
  end)
end)

describe('the connections of a backend', function()
  local function busy(n, options)
    local shop = upstream { ['/slow'] = { delay = 0.2, upstream.text 'slow' }, ['/hang'] = 'hang',
      default = upstream.text 'ok' }
    options.connections = n
    local tide = serve({ shop }, options)
    return tide, shop, function() tide:stop() shop:stop() end
  end

  local function codes(tide, path, n)
    local requests, list = {}, {}
    for i = 1, n do requests[i] = { path = path } end
    for i, res in ipairs(tide:all(requests)) do list[i] = res:json().code or res:json().body end
    table.sort(list)
    return list
  end

  it('are at most so many; further calls wait for their turn', function()
    local tide, shop, stop = busy(2, { queue_timeout = 5 })
    assert.same({ 'slow', 'slow', 'slow', 'slow', 'slow', 'slow' }, codes(tide, '/slow', 6))
    assert.equal(2, shop:count 'connect')
    stop()
  end)

  it('are waited for by at most so many calls', function()
    local tide, shop, stop = busy(1, { queue = 2, queue_timeout = 5 })
    assert.same({ 'slow', 'slow', 'slow' }, codes(tide, '/slow', 3))
    assert.same({ 'busy', 'slow', 'slow', 'slow' }, codes(tide, '/slow', 4))
    local res = tide:all { { path = '/slow' }, { path = '/slow' }, { path = '/slow' },
      { path = '/slow' } }
    local full
    for _, one in ipairs(res) do if one.status ~= 200 then full = one end end
    assert.same({ 503, 'the queue for a connection is full' },
      { full.status, full:json().message })
    assert.equal(1, shop:count 'connect')
    stop()
  end)

  it('are waited for no longer than queue_timeout', function()
    local tide, shop, stop = busy(1, { queue_timeout = 0.05 })
    local held = tide:connect()
    held:send 'GET /hang HTTP/1.1\r\nhost: a\r\n\r\n'
    shop:await 'request'
    local res = tide:get '/'
    assert.same({ 503, 'busy' }, { res.status, res:json().code })
    assert.matches('queue timeout', res:json().message)
    held:close()
    shop:await 'abandoned'
    wait.eventually(function() return tide:get('/').status == 200 end)
    stop()
  end)

  it('are left to others by a call that is given up in the queue', function()
    local tide, shop, stop = busy(1, { queue = 1, queue_timeout = 9 })
    local held, waiting = tide:connect(), tide:connect()
    held:send 'GET /hang?timeout=9 HTTP/1.1\r\nhost: a\r\n\r\n'
    shop:await 'request'
    waiting:send 'GET /slow HTTP/1.1\r\nhost: a\r\n\r\n'
    wait.eventually(function() return tide:get('/').status == 503 end)
    waiting:close()
    -- When the place in the queue is free, this one waits in it until the first has gone.
    local third
    wait.eventually(function()
      third = tide:connect()
      third:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
      return not third:closes(0.05) and third.text == ''
    end)
    held:close()
    assert.equal(200, third:receive().status)
    third:close()
    stop()
  end)

  it('that are unused make room for another address', function()
    local one, two = named 'one', named 'two'
    local tide = serve({ one, two }, { connections = 1 })
    for i = 1, 6 do assert.equal(i % 2 == 1 and 'one' or 'two', body(tide)) end
    one:await('closed', 2)
    tide:stop()
    one:stop()
    two:stop()
  end)

  it('become no older than lifetime', function()
    local shop = named 'ok'
    local tide = serve({ shop }, { lifetime = 0.1 })
    body(tide)
    body(tide)
    assert.is_true(shop:count 'connect' <= 2)
    posix.pause(0.12)
    body(tide)
    assert.is_true(shop:count 'connect' >= 2)
    tide:stop()
    shop:stop()
  end)
end)
