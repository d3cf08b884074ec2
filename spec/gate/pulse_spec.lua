-- Threads that do not come back to their loops: told, and survived.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'
local wait = require 'spec.support.wait'

-- Lasts in one call of C for longer than anybody lives.
local ENDLESS = [[
  return function()
    local text = ('a'):rep(60)
    return text:find(('a-'):rep(40) .. 'b') and 'x' or 'y'
  end]]

local function serve(opts)
  opts.scripts = opts.scripts or {}
  opts.scripts['ok.lua'] = "return function() return 'ok' end"
  opts.routes = opts.routes or {}
  table.insert(opts.routes, 1, { 'GET /ok', 'ok.lua' })
  opts.site.admin = 'unix:admin.sock'
  return gate.serve(opts)
end

local function status(tide)
  return client.request(tide.site .. '/admin.sock', { path = '/status' }, 20):json()
end

describe('a thread that is late', function()
  it('is told with the route and the line', function()
    if sanitized 'tsan' then return pending 'no signal gets through in time' end
    -- Quadratic: some tenths of a second.
    local tide = serve { site = { workers = 1, limits = { script_cpu = 60 } },
      routes = { { 'GET /late', 'late.lua' } }, scripts = { ['late.lua'] = [[
        return function()
          local text = ('a'):rep(12000)
          return text:find('.-b') and 'x' or 'late'
        end]] } }
    assert.equal('late', tide:get('/late').body)
    tide:await_log 'event=late worker=0 ms=%d+ route="GET /late" at=%S*/late.lua:3\n'
    tide:stop()
  end)
end)

describe('a thread that is stuck in a call of C', function()
  local LIMITS = { script_cpu = 0.1, stuck = 0.3 }

  local function stuck(tide)
    local connection = tide:connect()
    connection:send 'GET /stuck/1 HTTP/1.1\r\nhost: a\r\n\r\n'
    return connection
  end

  it('is replaced with its process; its route is barred until the site is read anew', function()
    if sanitized 'tsan' then return pending 'no signal gets through in time' end
    local tide = serve { master = true,
      site = { workers = 2, limits = LIMITS, drain_timeout = 0.5 },
      routes = { { 'GET /stuck/{n}', 'stuck.lua' } }, scripts = { ['stuck.lua'] = ENDLESS },
      expect_errors = { 'thread_stuck', 'thread_left_behind' } }
    local old, connection = tide:worker(), stuck(tide)
    tide:await_log 'event=thread_stuck worker=%d ms=%d+ route="GET /stuck/{n}" at=%S*/stuck.lua:3\n'
    assert.equal('ok', tide:get('/ok').body)
    tide:await_workers(2)
    assert.equal('ok', tide:get('/ok').body)
    assert.equal(503, tide:get('/stuck/2').status)
    wait.eventually(function() return status(tide).pid ~= old end)
    assert.matches('/stuck.lua:3$', status(tide).routes[2].barred)
    assert.is_nil(status(tide).routes[1].barred)
    wait.eventually(function() return posix.read('/proc/' .. old .. '/stat') == '' end)
    connection:close()

    posix.kill(tide:worker(), posix.KILL) -- the one in its place still knows
    table.insert(tide.opts.expect_errors, 'worker_died')
    tide:await_workers(3)
    assert.equal(503, tide:get('/stuck/2').status)

    posix.write(tide.site .. '/stuck.lua', "return function() return 'mended' end")
    assert.equal(0, gate.run({ 'reload', tide.site }).status)
    assert.equal('mended', tide:get('/stuck/2').body)
    assert.is_nil(status(tide).routes[2].barred)
    posix.kill(tide:worker(), posix.KILL)
    tide:await_workers(4)
    assert.equal('mended', tide:get('/stuck/2').body)
    tide:stop()
  end)

  it('is named by its function when that ends with the call; the others serve on', function()
    if sanitized 'tsan' then return pending 'no signal gets through in time' end
    local tide = serve { master = true,
      site = { workers = 2, limits = { script_cpu = 0.1 }, drain_timeout = 5 },
      routes = { { 'GET /stuck/{n}', 'stuck.lua' }, { 'GET /slow', 'slow.lua' } }, scripts = {
        ['stuck.lua'] = "\nreturn function() return ('a'):rep(60):find(('a-'):rep(40) .. 'b') end",
        ['slow.lua'] = "return function() require 'tidegate'.sleep(2) return 'slow' end" },
      expect_errors = { 'thread_stuck', 'thread_left_behind' } }
    local connection = stuck(tide)
    posix.pause(0.05)
    local slow = tide:connect() -- the other thread has it, and ends it after it was replaced
    slow:send 'GET /slow HTTP/1.1\r\nhost: a\r\n\r\n'
    tide:await_log 'event=thread_stuck worker=%d ms=%d+ route="GET /stuck/{n}" at=%S*/stuck.lua:2\n'
    tide:await_workers(2)
    assert.equal('slow', slow:receive(10).body)
    assert.equal(503, tide:get('/stuck/2').status)
    slow:close()
    connection:close()
    tide:stop()
  end)

  it('bars the route without a master, too', function()
    if sanitized 'tsan' then return pending 'no signal gets through in time' end
    local tide = serve { site = { workers = 2, limits = LIMITS, drain_timeout = 0 },
      routes = { { 'GET /stuck/{n}', 'stuck.lua' } }, scripts = { ['stuck.lua'] = ENDLESS } }
    local connection = stuck(tide)
    tide:await_log 'event=thread_stuck'
    wait.eventually(function() return tide:get('/stuck/2').status == 503 end)
    assert.equal('ok', tide:get('/ok').body)
    connection:close()
    posix.kill(tide.pid, posix.TERM)
    wait.eventually(function() return posix.ended(tide.pid) == 'exit 1' end, 20)
    assert.truthy(tide.log():find('event=thread_left_behind', 1, true))
    tide:forget()
  end)
end)

describe('limits.worker_memory', function()
  it('has a worker that holds more replaced', function()
    if sanitized() then return pending 'memory says nothing under a sanitizer' end
    local tide = serve { master = true,
      site = { workers = 1,
        limits = { worker_memory = '48MB', script_memory = '256MB', script_cpu = 60 } },
      routes = { { 'GET /grow', 'grow.lua' } }, scripts = { ['grow.lua'] = [[
        local tg = require 'tidegate'
        return function()
          local kept = ('x'):rep(50 * 1024 * 1024)
          tg.sleep(3)
          return tostring(#kept)
        end]] } }
    local old, grow = tide:worker(), tide:connect()
    grow:send 'GET /grow HTTP/1.1\r\nhost: a\r\n\r\n'
    tide:await_log 'event=worker_memory bytes=%d+ most=50331648\n'
    assert.not_equal(old, tide:await_workers(2))
    assert.equal(tostring(50 * 1024 * 1024), grow:receive(10).body) -- the old one has drained
    grow:close()
    tide:stop()
  end)
end)

describe('a service manager that watches', function()
  it('hears of the process as long as it lives', function()
    local folder = posix.folder()
    local inbox = posix.datagrams(folder .. '/notify')
    for _, master in ipairs { true, false } do
      local tide = gate.serve { master = master, script = "return function() return '' end",
        site = { workers = 1 },
        env = { NOTIFY_SOCKET = folder .. '/notify', WATCHDOG_USEC = '200000' } }
      local heard = 0
      wait.eventually(function()
        if posix.receive(inbox) == 'WATCHDOG=1' then heard = heard + 1 end
        return heard == 3
      end)
      tide:stop()
    end
    posix.close(inbox)
    posix.remove(folder)
  end)

  it('does not hear of a worker that hangs', function()
    local folder = posix.folder()
    local inbox = posix.datagrams(folder .. '/notify')
    local tide = gate.serve { master = true, script = "return function() return '' end",
      site = { workers = 1 },
      env = { NOTIFY_SOCKET = folder .. '/notify', WATCHDOG_USEC = '200000' } }
    local worker = tide:worker()
    local function is_silent()
      posix.pause(0.6)
      local heard = false
      for text in function() return posix.receive(inbox) end do
        heard = heard or text == 'WATCHDOG=1'
      end
      return not heard
    end
    assert.is_false(is_silent())
    posix.kill(worker, posix.STOP)
    wait.eventually(is_silent)
    posix.kill(worker, posix.CONT)
    wait.eventually(function() return not is_silent() end)
    tide:stop()
    posix.close(inbox)
    posix.remove(folder)
  end)
end)
