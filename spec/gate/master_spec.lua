-- The process that owns the sockets, and the workers that it starts and replaces.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local PID = "local tg = require 'tidegate' return function() return '%s' end"

local function answering(text) return PID:format(text) end

local function serve(opts)
  opts.master = true
  opts.site = opts.site or {}
  opts.site.workers = opts.site.workers or 1
  opts.script = opts.script or answering 'one'
  return gate.serve(opts)
end

local function is_gone(pid) return posix.read('/proc/' .. pid .. '/stat') == '' end

-- Asks again and again on new connections until `over` says so; gives how many answers were no 200.
local function keep_asking(tide, over)
  local wrong, asked = 0, 0
  repeat
    local well, res = pcall(client.request, tide.port, { path = '/' })
    if not well or res.status ~= 200 then wrong = wrong + 1 end
    asked = asked + 1
  until over()
  return wrong, asked
end

describe('the master', function()
  it('starts a worker, and ends with it', function()
    local tide = serve { site = { admin = 'unix:admin.sock' } }
    local worker = tide:worker()
    assert.not_equal(tide.pid, worker)
    assert.equal('one', tide:get('/').body)
    local said = client.request(tide.site .. '/admin.sock', { path = '/status' }):json()
    assert.equal(worker, said.pid)
    assert.equal(tide.pid, said.master)
    tide:stop()
    assert.is_true(is_gone(worker))
  end)

  it('has one thread', function()
    local tide = serve {}
    local status = posix.read('/proc/' .. tide.pid .. '/status')
    assert.equal('1', status:match 'Threads:%s*(%d+)')
    tide:stop()
  end)

  it('says what is wrong with a site once, and ends', function()
    local result = gate.command('run', { site = 'return {' })
    assert.equal(1, result.status)
    local _, lines = result.err:gsub('\n', '')
    assert.equal(1, lines, result.err)
    assert.truthy(result.err:find('site.lua:1: ', 1, true))
  end)

  it('says that an address is in use, and ends', function()
    local fd, port = posix.listen()
    local result = gate.command('run', { script = answering 'x' }, '--port', tostring(port))
    posix.close(fd)
    assert.equal(1, result.status)
    local sentence = "^tidegate: can't listen on 127.0.0.1 port " .. port .. ': [^\n]*\n$'
    assert.matches(sentence, result.err)
  end)

  it('replaces a worker that was killed; no connect is refused', function()
    local tide = serve { expect_errors = { 'event=worker_died' } }
    local fds = tide:descriptors()
    for n = 2, 6 do
      local worker = tide:worker()
      posix.kill(worker, posix.KILL)
      -- The listening socket is the master's: who connects meanwhile waits.
      local connection = tide:connect()
      connection:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
      assert.equal('one', connection:receive(10).body)
      connection:close()
      assert.not_equal(worker, tide:await_workers(n))
    end
    assert.equal(fds, tide:descriptors())
    tide:stop()
  end)

  it('waits longer and longer for one that dies at its start', function()
    local tide = serve { expect_errors = { 'event=worker_died', 'event=worker_failed' } }
    posix.write(tide.site .. '/site.lua', 'return {')
    posix.kill(tide:worker(), posix.KILL)
    local function failures() return select(2, tide.log():gsub('event=worker_failed', '')) end
    wait.eventually(function() return failures() >= 3 end)
    gate.write_site(tide.site, { script = answering 'mended' })
    wait.eventually(function() return tide:get('/').body == 'mended' end)
    assert.is_true(failures() <= 12, 'it was tried ' .. failures() .. ' times')
    tide:stop()
  end)

  it('lets a new worker take over at SIGHUP while the old one ends what it has begun', function()
    local tide = serve { site = { admin = 'unix:admin.sock' }, script = [[
      local tg = require 'tidegate'
      return function(req)
        if req.path == '/slow' then tg.sleep(1) end
        return 'old'
      end]] }
    local old, slow, idle = tide:worker(), tide:connect(), tide:connect()
    idle:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    assert.equal('old', idle:receive(5).body)
    slow:send 'GET /slow HTTP/1.1\r\nhost: a\r\n\r\n'
    local admin = tide.site .. '/admin.sock'
    wait.eventually(function()
      return client.request(admin, { path = '/status' }):json().routes[2].requests == 1
    end)
    posix.write(tide.site .. '/main.lua', answering 'new')
    tide:signal(posix.HUP)
    local new = tide:await_workers(2)
    wait.eventually(function() return tide:get('/').body == 'new' end)
    wait.eventually(function()
      return client.request(admin, { path = '/status' }):json().pid == new
    end)
    assert.equal('', (idle:rest(5))) -- closed without a word
    local res = slow:receive(5)
    assert.same({ 'old', 'close' }, { res.body, res.headers.connection })
    slow:close()
    idle:close()
    wait.eventually(function() return is_gone(old) end)
    tide:stop()
  end)

  it('keeps the old worker when the new one can not start', function()
    local tide = serve { expect_errors = { 'event=worker_failed' } }
    local old = tide:worker()
    posix.write(tide.site .. '/main.lua', 'return function(')
    tide:signal(posix.HUP)
    tide:await_log 'event=worker_failed'
    assert.truthy(tide.log():find('main.lua:1:', 1, true))
    assert.equal('one', tide:get('/').body)
    assert.is_false(is_gone(old))
    local fd, port = posix.listen()
    posix.close(fd)
    posix.write(tide.site .. '/site.lua', ([[return { workers = 1,
      listen = { 'http://127.0.0.1:0', 'http://127.0.0.1:%d' },
      routes = { { 'GET /', 'main.lua' } } }]]):format(port))
    tide:signal(posix.HUP)
    wait.eventually(function()
      return select(2, tide.log():gsub('event=worker_failed', '')) == 2
    end)
    wait.eventually(function() -- what only the new one wanted is let go
      local found = posix.connect(port, 1)
      if found then posix.close(found) end
      return not found
    end)
    posix.write(tide.site .. '/main.lua', answering 'two')
    tide:signal(posix.HUP)
    tide:await_workers(2)
    wait.eventually(function() return tide:get('/').body == 'two' end)
    tide:stop()
  end)

  it('starts the program that stands in the place of its own at SIGHUP', function()
    local folder = posix.folder()
    local program = folder .. '/tidegate'
    local function install(text)
      posix.write(folder .. '/new', text)
      assert(os.execute(('chmod +x %s/new && mv %s/new %s'):format(folder, folder, program)) == 0)
    end
    assert(os.execute(('cp %s %s'):format(gate.program(), program)) == 0)
    local tide = gate.serve { master = true, program = program, files = {
      ['main.lua'] = answering 'x' }, site = [[return { workers = 1,
        routes = { { 'GET /' .. env('VERSION', 'old'), 'main.lua' } } }]],
      expect_errors = { 'event=worker_failed' } }
    local function serves(path)
      wait.eventually(function() return tide:get(path).status == 200 end)
    end
    serves '/old'
    install('#!/bin/sh\nVERSION=new exec ' .. gate.program() .. ' "$@"\n')
    tide:signal(posix.HUP)
    serves '/new'
    install '#!/bin/sh\nexit 3\n'
    tide:signal(posix.HUP)
    tide:await_log 'event=worker_failed pid=%d+ status=3'
    serves '/new'
    assert(os.remove(program)) -- then it is what the master itself runs
    tide:signal(posix.HUP)
    serves '/old'
    tide:stop()
    posix.remove(folder)
  end)

  it('loses no request by twenty SIGHUPs', function()
    local tide = serve {}
    local fds = tide:descriptors()
    for n = 2, 21 do
      tide:signal(posix.HUP)
      local function ready()
        return select(2, tide.log():gsub('event=worker_ready', '')) >= n - 1
      end
      assert.equal(0, (keep_asking(tide, ready)))
    end
    wait.eventually(function() return tide:descriptors() == fds end)
    tide:stop()
  end)

  it('drains at SIGTERM and ends with 0; SIGQUIT ends it at once', function()
    local tide = serve { script = [[
      local tg = require 'tidegate'
      return function() tg.sleep(1) return 'done' end]] }
    local slow = tide:connect()
    slow:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.2)
    tide:signal(posix.TERM)
    assert.equal('done', slow:receive(5).body)
    slow:close()
    tide:stop()

    tide = serve { script = "return function() require 'tidegate'.sleep(9) return '' end" }
    slow = tide:connect()
    slow:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.2)
    local worker = tide:worker()
    tide:signal(posix.QUIT)
    wait.eventually(function() return posix.ended(tide.pid) == 'exit 0' end, 5)
    assert.is_true(is_gone(worker))
    slow:close()
    tide:forget()
  end)

  it('answers with 503 what has not ended by drain_timeout', function()
    local tide = serve { site = { drain_timeout = 0.3 },
      script = "return function() require 'tidegate'.sleep(30) return 'late' end" }
    local slow = tide:connect()
    slow:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.2)
    tide:signal(posix.TERM)
    local res = slow:receive(10)
    assert.same({ 503, 'close' }, { res.status, res.headers.connection })
    wait.eventually(function() return posix.ended(tide.pid) == 'exit 0' end)
    slow:close()
    tide:forget()
  end)

  it('gives a worker the drain_timeout of its last reload', function()
    local tide = serve { site = { drain_timeout = 0, admin = 'unix:admin.sock' },
      script = "return function() require 'tidegate'.sleep(6.5) return 'done' end" }
    local slow = tide:connect()
    local text = posix.read(tide.site .. '/site.lua')
    posix.write(tide.site .. '/site.lua', (text:gsub('(drain_timeout[^=]*= ?)0', '%120')))
    assert.equal(0, gate.run({ 'reload', tide.site }).status)
    slow:send 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.2)
    tide:signal(posix.TERM)
    assert.equal('done', slow:receive(20).body) -- after more than the old time allowed
    wait.eventually(function() return posix.ended(tide.pid) == 'exit 0' end)
    slow:close()
    tide:forget()
  end)

  it('ends at once at SIGTERM while its workers die at their start', function()
    local tide = serve { expect_errors = { 'event=worker_died', 'event=worker_failed' } }
    posix.write(tide.site .. '/site.lua', 'return {')
    posix.kill(tide:worker(), posix.KILL)
    tide:await_log 'event=worker_failed'
    tide:stop()
  end)

  it('answers what came on an idle connection just as it drains', function()
    local tide = gate.serve { site = { workers = 1, limits = { script_cpu = 60 } },
      routes = { { 'GET /busy', 'busy.lua' }, { 'GET /wait', 'wait.lua' } }, scripts = {
        ['busy.lua'] = [[ -- some tenths of a second in which nothing is read
          return function()
            local found = (('a'):rep(12000)):find('.-b')
            return found and 'x' or 'busy'
          end]],
        ['wait.lua'] = [[
          local tg = require 'tidegate'
          return function() tg.sleep(0.1) return 'waited' end]] } }
    local idle, busy = tide:connect(), tide:connect()
    assert.equal('waited', idle:get('/wait').body)
    busy:send 'GET /busy HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.05)
    tide:signal(posix.TERM)
    posix.pause(0.02)
    idle:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n'
    local res = idle:receive(10)
    assert.same({ 200, 'waited' }, { res.status, res.body })
    assert.equal('busy', busy:receive(10).body)
    wait.eventually(function() return posix.ended(tide.pid) == 'exit 0' end)
    tide:forget()
  end)

  it('replaces a worker that is told to end by somebody else', function()
    local tide = serve {}
    local old = tide:worker()
    posix.kill(old, posix.TERM)
    tide:await_workers(2)
    assert.equal('one', tide:get('/').body)
    wait.eventually(function() return is_gone(old) end)
    tide:stop()
  end)

  it('passes SIGUSR1 on: the access log is opened again', function()
    local folder = posix.folder()
    local tide = serve { site = { log = { access = folder .. '/access' } } }
    tide:get('/')
    wait.eventually(function() return posix.read(folder .. '/access'):find 'GET' end)
    os.rename(folder .. '/access', folder .. '/access.1')
    tide:signal(posix.USR1)
    tide:await_log 'event=logs_reopened'
    tide:get('/')
    wait.eventually(function() return posix.read(folder .. '/access'):find 'GET' end)
    tide:stop()
    posix.remove(folder)
  end)

  it('leaves workers that end, and addresses that can be bound, when it is killed', function()
    local tide = serve { site = { admin = 'unix:admin.sock' }, script = [[
      local tg = require 'tidegate'
      return function(req)
        if req.path == '/slow' then tg.sleep(1) end
        return 'done'
      end]], expect_errors = { 'the master is gone' } }
    local worker, slow = tide:worker(), tide:connect()
    slow:send 'GET /slow HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.2)
    posix.kill(tide.pid, posix.KILL)
    wait.eventually(function() return posix.ended(tide.pid) end)
    local again = gate.serve { master = true, port = tide.port, script = answering 'again',
      site = { admin = 'unix:' .. tide.site .. '/admin.sock', workers = 1 } }
    assert.equal('again', again:get('/').body)
    assert.equal('done', slow:receive(5).body)
    slow:close()
    wait.eventually(function() return is_gone(worker) end)
    again:stop()
    tide:forget()
  end)

  it('ends, drained, when the operator says so', function()
    for _, master in ipairs { true, false } do
      local tide = gate.serve { master = master, script = answering 'x',
        site = { workers = 1, admin = 'unix:admin.sock' } }
      local said = gate.run { 'drain', tide.site }
      assert.same({ 0, '' }, { said.status, said.err })
      assert.matches('draining', said.out)
      wait.eventually(function() return posix.ended(tide.pid) == 'exit 0' end)
      tide:forget()
    end
  end)

  it('closes what the site no longer listens on, and opens what is new', function()
    local fd, port = posix.listen()
    posix.close(fd)
    local tide = serve {}
    posix.write(tide.site .. '/site.lua', ([[return { workers = 1,
      listen = { 'http://127.0.0.1:0', 'http://127.0.0.1:%d' },
      routes = { { 'GET /', 'main.lua' } } }]]):format(port))
    tide:signal(posix.HUP)
    tide:await_workers(2)
    assert.equal('one', client.request(port, { path = '/' }).body)
    assert.equal('one', tide:get('/').body)
    gate.write_site(tide.site, { script = answering 'x', site = { workers = 1 } })
    tide:signal(posix.HUP)
    tide:await_workers(3)
    wait.eventually(function() return not posix.connect(port, 1) end)
    tide:stop()
  end)
end)

describe('a service manager', function()
  local folder, inbox

  before_each(function()
    folder = posix.folder()
    inbox = posix.datagrams(folder .. '/notify')
  end)

  after_each(function()
    posix.close(inbox)
    posix.remove(folder)
  end)

  local function told(text)
    return wait.eventually(function()
      local got = posix.receive(inbox)
      return got and got:find(text, 1, true) and got
    end)
  end

  for _, master in ipairs { true, false } do
    local how = master and 'the master' or 'one process'
    it('is told by ' .. how .. ' when it is ready and when it stops', function()
      local tide = gate.serve { master = master, script = answering 'x', site = { workers = 1 },
        env = { NOTIFY_SOCKET = folder .. '/notify' } }
      told 'READY=1'
      if master then
        tide:signal(posix.HUP)
        told 'RELOADING=1\nMONOTONIC_USEC='
        told 'READY=1'
      end
      tide:signal(posix.TERM)
      told 'STOPPING=1'
      wait.eventually(function() return posix.ended(tide.pid) == 'exit 0' end)
      tide:forget()
    end)

    if master then
      it('is told that a renewal is over also when there was no worker before', function()
        local tide = gate.serve { master = true, script = answering 'x', site = { workers = 1 },
          env = { NOTIFY_SOCKET = folder .. '/notify' },
          expect_errors = { 'worker_died', 'worker_failed' } }
        told 'READY=1'
        local text = posix.read(tide.site .. '/site.lua')
        posix.write(tide.site .. '/site.lua', 'return {')
        posix.kill(tide:worker(), posix.KILL)
        tide:await_log 'event=worker_failed'
        posix.write(tide.site .. '/site.lua', text)
        tide:signal(posix.HUP)
        told 'RELOADING=1'
        told 'READY=1'
        assert.equal('x', tide:get('/').body)
        tide:stop()
      end)
    end

    it('lends its sockets to ' .. how, function()
      local fd, port = posix.listen()
      local tide = gate.serve { master = master, script = answering 'lent', listen = fd,
        port = port, site = { workers = 1 } }
      assert.equal(port, tide.port)
      assert.equal('lent', tide:get('/').body)
      if master then
        for n, signal in ipairs { posix.HUP, posix.TERM } do
          posix.kill(signal == posix.HUP and tide.pid or tide:worker(), signal)
          tide:await_workers(n + 1)
          assert.equal('lent', tide:get('/').body)
        end
      end
      tide:stop()
      local late = assert(posix.connect(port, 1)) -- it is still listened on
      posix.close(late)
      posix.close(fd)
    end)
  end
end)
