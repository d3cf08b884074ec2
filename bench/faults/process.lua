-- Faults of processes, and reloads: part A of the list.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local kit = require 'bench.faults.kit'
local load = require 'bench.faults.load'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local serve, told, clean = kit.serve, kit.told, kit.clean

local function shm() return kit.number 'ls /dev/shm | wc -l' end

local tests, test = kit.list()

test('A1 kill -9 of the worker', '<= 5 failed, 0 refused, another within 1 s', function()
  local tide = serve()
  local asking = load.start(tide.port, 200)
  posix.pause(2)
  local at = posix.now()
  posix.kill(tide:worker(), posix.KILL)
  tide:await_workers(2)
  local back = posix.now() - at
  posix.pause(2)
  local sum = asking:stop()
  return told(sum, (', back after %.2f s'):format(back)),
    sum.failed <= 5 and sum.refused == 0 and back <= 1
end)

-- How many requests failed that were not on their way while a worker died, from the signal until
-- the master knew of it.
local function strangers(sum, deaths)
  local count = 0
  for _, one in ipairs(sum.list) do
    local was_hit = one[3] == 'well'
    for _, death in ipairs(deaths) do
      was_hit = was_hit or (one[1] <= death[2] and one[1] + one[2] >= death[1])
    end
    if not was_hit then count = count + 1 end
  end
  return count
end

test('A2 kill -9, 50 times', 'only what was in flight fails, 0 refused, fds and shm +0', function()
  local tide, deaths = serve(), {}
  local fds, files = tide:descriptors(), shm()
  local asking = load.start(tide.port, 200)
  for n = 2, 51 do
    local pid = tide:worker()
    local at = posix.now()
    posix.kill(pid, posix.KILL)
    wait.eventually(function() return kit.deaths(tide) == n - 1 end)
    deaths[#deaths + 1] = { at, posix.now() }
    tide:await_workers(n)
    posix.pause(math.max(0, at + 1 - posix.now()))
  end
  local sum = asking:stop()
  local share = 100 * (1 - (sum.failed + sum.refused) / sum.asked)
  fds, files = tide:descriptors() - fds, shm() - files
  local others = strangers(sum, deaths)
  return told(sum, (', %d of them not in flight, %.2f %%, fds %+d, shm %+d'):format(others, share,
    fds, files)), others == 0 and sum.failed <= 200 and sum.refused == 0 and fds == 0 and files == 0
end)

test('A3 kill -9 of the master', 'a restart on the same addresses is ready within 1 s', function()
  local folder = posix.folder()
  local admin = folder .. '/admin.sock' -- its file stays behind
  local site = { admin = 'unix:' .. admin }
  local tide = serve { site = site }
  posix.kill(tide.pid, posix.KILL)
  wait.eventually(function() return posix.ended(tide.pid) end)
  tide:forget()
  local at = posix.now()
  local again = serve { port = tide.port, site = site }
  local after = posix.now() - at
  local well = again:get('/echo/x').body == 'x'
  local master = client.request(admin, { path = '/status' }):json().master
  again:stop()
  posix.remove(folder)
  return ('ready after %.2f s, by a new master: %s'):format(after, tostring(master == again.pid)),
    well and after <= 1 and master == again.pid
end)

test('A4 200 reloads', '0 failed, memory +5 % from the 10th on, descriptors +0', function()
  local tide = serve()
  local asking = load.start(tide.port, 200)
  local pid, bytes, fds, wrong = tide:worker(), {}, {}, 0
  local function reload()
    if kit.admin(tide, 'POST', '/reload').status ~= 200 then wrong = wrong + 1 end
    posix.pause(0.05)
  end
  -- What the states before the last ones held goes back at the reload after they are closed, or at
  -- the next one: the least of several.
  local function hold(n)
    bytes[n], fds[n] = math.huge, math.huge
    for _ = 1, 8 do
      reload()
      posix.pause(0.2)
      bytes[n] = math.min(bytes[n], kit.memory(pid))
      fds[n] = math.min(fds[n], kit.descriptors(pid))
    end
  end
  for n = 1, 200 do
    reload()
    if n == 10 or n == 200 then hold(n) end
  end
  local sum = asking:stop()
  local grown = 100 * (bytes[200] / bytes[10] - 1)
  return told(sum, (', %d kB, memory %+.1f %%, fds %+d'):format(bytes[10] / 1024, grown,
    fds[200] - fds[10])), clean(sum) and wrong == 0 and grown < 5 and fds[200] <= fds[10]
end)

local BROKEN = {
  ['a syntax error'] = 'return function(',
  ['an error at load'] = 'error "broken"',
  ['an endless loop at load'] = 'while true do end',
  ['a missing module'] = "local x = require 'not.there' return function() end",
  ['half a file'] = kit.ECHO:sub(1, 60),
}

test('A5 broken scripts', '0 failed, the command fails, file:line in the log', function()
  local tide = serve()
  local asking = load.start(tide.port, 200)
  local silent = {}
  for kind, text in pairs(BROKEN) do
    posix.write(tide.site .. '/echo.lua', text)
    local said = gate.run { 'reload', tide.site }
    if said.status ~= 1 or not said.err:find 'echo%.lua:%d+:' then silent[#silent + 1] = kind end
  end
  os.remove(tide.site .. '/echo.lua')
  if gate.run({ 'reload', tide.site }).status ~= 1 then silent[#silent + 1] = 'no file' end
  local sum = asking:stop()
  return told(sum, '; silent: ' .. table.concat(silent, ', ')), clean(sum) and #silent == 0
end)

test('A5 a route that goes', 'what it has begun ends, then 404, 0 failed elsewhere', function()
  local tide = serve { routes = { { 'GET /wait', 'wait.lua' } }, files = { ['wait.lua'] = [[
    local tg = require 'tidegate'
    return function() tg.sleep(1) return 'waited' end]] } }
  local asking, held = load.start(tide.port, 200), {}
  for i = 1, 20 do
    held[i] = tide:connect()
    held[i]:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n'
  end
  posix.pause(0.3)
  local site = posix.read(tide.site .. '/site.lua')
  posix.write(tide.site .. '/site.lua', (site:gsub('GET /wait', 'GET /gone')))
  local said = kit.admin(tide, 'POST', '/reload')
  local after, lost = tide:get('/wait').status, 0
  for i = 1, 20 do
    local res = held[i]:receive(5)
    if not res or res.body ~= 'waited' then lost = lost + 1 end
    held[i]:close()
  end
  local sum = asking:stop()
  return told(sum, ('; %d of 20 lost, then %d'):format(lost, after)), clean(sum) and lost == 0
    and after == 404 and said.status == 200
end)

test('A5 a self-test that fails', '0 failed, the reload fails with file:line and reason', function()
  local tide = serve { routes = { { 'GET /tested', 'tested.lua', self_test = true } },
    files = { ['tested.lua'] = "return function() return 'old' end" } }
  local asking = load.start(tide.port, 200)
  posix.write(tide.site .. '/tested.lua', "return function()\nerror 'broken'\nend")
  local wrong = 0
  for _ = 1, 20 do
    local said = gate.run { 'reload', tide.site }
    if said.status ~= 1 or not said.err:find('tested%.lua:2: broken') then wrong = wrong + 1 end
  end
  local sum = asking:stop()
  return told(sum, ('; %d of 20 reloads said another thing'):format(wrong)), clean(sum)
    and wrong == 0 and tide:get('/tested').body == 'old'
end)

test('A6 reload during a download', 'intact after 5 s, new answers within 1 s', function()
  local tide = serve { routes = { { 'GET /big', 'big.lua' } }, files = { ['big.lua'] = [[
    local tg = require 'tidegate'
    return function()
      local pieces = 0
      return tg.response { status = 200, body = function()
        pieces = pieces + 1
        if pieces > 50 then return nil end
        tg.sleep(0.1)
        return ('x'):rep(20000)
      end }
    end]] } }
  local download = tide:connect()
  download:send 'GET /big HTTP/1.1\r\nhost: a\r\n\r\n'
  posix.pause(0.5)
  posix.write(tide.site .. '/big.lua', "return function() return 'new' end")
  local at = posix.now()
  kit.admin(tide, 'POST', '/reload')
  wait.eventually(function() return tide:get('/big').body == 'new' end)
  local after = posix.now() - at
  local res = download:receive(20)
  return ('new after %.2f s, %d bytes'):format(after, #res.body),
    after <= 1 and res.complete and res.body == ('x'):rep(1000000)
end)

-- What a master and the one worker that is left hold.
local function held(tide)
  local function alone()
    local path = '/proc/' .. tide.pid .. '/task/' .. tide.pid .. '/children'
    return tonumber(posix.read(path):match '^(%d+) *$')
  end
  local pid = wait.eventually(alone, 20)
  posix.pause(0.5)
  return kit.memory(tide.pid) + kit.memory(pid), tide:descriptors(), kit.descriptors(pid)
end

test('A7 SIGHUP to the master', '20 new workers, 0 failed, 0 refused, memory +5 %, descriptors +0',
  function()
    local tide = serve()
    local asking, before = load.start(tide.port, 200, { retries = true }), nil
    for n = 2, 21 do
      tide:signal(posix.HUP)
      tide:await_workers(n)
      if n == 3 then before = { held(tide) } end
      posix.pause(0.1)
    end
    local bytes, fds, fds_of_worker = held(tide)
    local sum = asking:stop()
    local grown = 100 * (bytes / before[1] - 1)
    fds, fds_of_worker = fds - before[2], fds_of_worker - before[3]
    return told(sum, (', memory %+.1f %%, fds %+d of the master, %+d of the worker'):format(grown,
      fds, fds_of_worker)), clean(sum) and grown < 5 and fds == 0 and fds_of_worker <= 4
  end)

test('A8 SIGTERM under load', 'what has begun ends, Connection: close, exit 0 in drain_timeout',
  function()
    local tide = serve { site = { drain_timeout = 5 }, routes = { { 'GET /wait/{id}', 'w.lua' } },
      files = { ['w.lua'] = [[
        local tg = require 'tidegate'
        return function(req) tg.sleep(1) return req.params.id end]] } }
    local list, idle = {}, {}
    for i = 1, 20 do
      list[i], idle[i] = tide:connect(), tide:connect()
      idle[i]:get '/echo/x'
      if i <= 10 then list[i]:get '/echo/x' end -- kept alive, then busy again
    end
    for i = 1, 20 do
      list[i]:send(('GET /wait/%d HTTP/1.1\r\nhost: a\r\n\r\n'):format(i))
    end
    posix.pause(0.1)
    tide:signal(posix.TERM)
    local at, lost, open = posix.now(), 0, 0
    for i = 1, 20 do
      local res = list[i]:receive(5)
      if not res or res.body ~= tostring(i) then lost = lost + 1 end
      if not res or res.headers.connection ~= 'close' then open = open + 1 end
      local text, why = idle[i]:rest(5)
      if text ~= '' or why == 'timeout' then open = open + 1 end
    end
    local how
    wait.eventually(function() how = posix.ended(tide.pid) return how end)
    local after = posix.now() - at
    tide:forget()
    return ('%d of 20 lost, %d of 40 not closed, %s after %.2f s'):format(lost, open, how, after),
      lost == 0 and open == 0 and how == 'exit 0' and after <= 5
  end)

test('A9 starts that fail', 'status 1 within 1 s, one line that says why', function()
  local fd, port = posix.listen()
  local cases = {
    { 'port', { script = 'return function() end' }, '--port', tostring(port) },
    { 'no log', { script = 'return function() end', site = { log = { access = '/no/such/log' } } },
      '--port', '0' },
    { 'a log only to be read', { script = 'return function() end',
      site = { log = { access = '/sys/kernel/uevent_seqnum' } } }, '--port', '0' },
    { 'TLS', { script = 'return function() end', site = { backends = {
      x = { 'https://127.0.0.1:9', tls = { ca = 'not.there' } } } } }, '--port', '0' },
    { 'site', { site = 'return {' }, '--port', '0' },
  }
  local wrong = {}
  for _, case in ipairs(cases) do
    local at = posix.now()
    local result = gate.command('run', case[2], case[3], case[4])
    local _, count = result.err:gsub('\n', '')
    if result.status ~= 1 or count ~= 1 or posix.now() - at > 1 then
      wrong[#wrong + 1] = ('%s (%s, %d lines, %.2f s)'):format(case[1], result.ended, count,
        posix.now() - at)
    end
  end
  posix.close(fd)
  return #wrong == 0 and #cases .. ' of ' .. #cases or table.concat(wrong, ', '), #wrong == 0
end)

-- No line of 4 KB can be written for a while, and then all can.
test('A9 a full disk', '0 failed while no line of the log can be written, lost lines counted',
  function()
    local folder = posix.folder()
    local log = folder .. '/access'
    assert(os.execute('ln -s /dev/full ' .. log) == 0)
    local tide = serve { site = { log = { access = log } } }
    local long = ('x'):rep(4000)
    local asking = load.start(tide.port, 200, { path = '/echo/%s' .. long,
      judge = function(res, id) return res.status == 200 and res.body == id .. long end })
    posix.pause(6)
    assert(os.remove(log) and posix.read(log) == '')
    posix.write(log, '')
    tide:signal(posix.USR1)
    posix.pause(1)
    local sum = asking:stop()
    tide:stop() -- its end writes what is left
    local text = posix.read(log)
    local _, written = text:gsub(long, '')
    local lost = 0
    for count in text:gmatch '"lines_lost","count":(%d+)' do lost = lost + tonumber(count) end
    posix.remove(folder)
    return told(sum, (', %d lines written, %d lost and counted'):format(written, lost)),
      clean(sum) and lost > 0 and written + lost == sum.asked
  end)

return tests
