-- What the tests share: a site to be asked under load, figures of processes, and how they are told.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local load = require 'bench.faults.load'
local posix = require 'spec.support.posix'

local kit = {}

kit.ECHO = [[
  local tg = require 'tidegate'
  return function(req)
    tg.sleep(0.01)
    return req.params.id
  end]]

-- A gate with the route /echo/{id} beside those in the options, two threads and an admin address.
function kit.serve(opts)
  opts = opts or {}
  opts.master = opts.master ~= false
  opts.site = opts.site or {}
  opts.site.workers = opts.site.workers or 2
  opts.site.admin = opts.site.admin or 'unix:admin.sock'
  opts.files = opts.files or {}
  opts.files['echo.lua'] = kit.ECHO
  opts.routes = opts.routes or {}
  table.insert(opts.routes, { 'GET /echo/{id}', 'echo.lua' })
  return gate.serve(opts)
end

function kit.admin(tide, method, path)
  return client.request(tide.site .. '/admin.sock', { method = method, path = path }, 60)
end

function kit.status(tide) return kit.admin(tide, 'GET', '/status'):json() end

-- The number that a command prints.
function kit.number(command)
  local pipe = io.popen(command)
  local n = tonumber(pipe:read '*a')
  pipe:close()
  return n
end

function kit.descriptors(pid) return kit.number('ls /proc/' .. pid .. '/fd | wc -l') end

-- Bytes that a process holds; VmHWM: the most that it has held.
function kit.memory(pid, field)
  local status = posix.read('/proc/' .. pid .. '/status')
  return tonumber(status:match((field or 'VmRSS') .. ':%s*(%d+)')) * 1024
end

-- Seconds of CPU that a process has used.
function kit.cpu(pid)
  local fields = posix.read('/proc/' .. pid .. '/stat'):match '%) (.*)$'
  local user, system = fields:match(('%S+ '):rep(11) .. '(%d+) (%d+)')
  return (user + system) / 100
end

-- When the n-th address of the only backend is first seen ejected; at the latest, `deadline`.
function kit.ejected(tide, n, deadline)
  repeat
    local address = kit.status(tide).backends[1].addresses[n]
    if address.state == 'ejected' then break end
    posix.pause(0.01)
  until posix.now() >= deadline
  return posix.now()
end

-- How often the worker has died, as the log has it.
function kit.deaths(tide)
  local _, n = tide.log():gsub('event=worker_died', '')
  return n
end

function kit.told(sum, more)
  return ('%d asked, %d failed, %d refused%s'):format(sum.asked, sum.failed, sum.refused,
    more or '')
end

function kit.clean(sum) return sum.asked > 0 and sum.failed == 0 and sum.refused == 0 end

-- Asks at a steady rate, in turns without and with a fault that `begin` brings and `finish` ends,
-- so that what else the machine does falls on both. Gives the sum, the p99 of both, their ratio.
function kit.compare(tide, begin, finish, opts)
  opts = opts or {}
  local without, with, turns = {}, {}, opts.turns or 3
  local asking = load.start(tide.port, opts.rate or 100)
  posix.pause(1)
  local spans = {}
  for _ = 1, turns do
    local at = posix.now()
    posix.pause(opts.seconds or 4)
    begin()
    local middle = posix.now()
    posix.pause(opts.seconds or 4)
    spans[#spans + 1] = { at, middle, posix.now() }
    finish()
    posix.pause(1)
  end
  local sum = asking:stop()
  for _, span in ipairs(spans) do
    for _, took in ipairs(sum:between(span[1], span[2]).took) do without[#without + 1] = took end
    for _, took in ipairs(sum:between(span[2], span[3]).took) do with[#with + 1] = took end
  end
  local before, during = load.quantile(without, 0.99), load.quantile(with, 0.99)
  return sum, before, during, during / before
end

function kit.p99(before, during, ratio)
  return (', p99 %.1f ms, then %.1f (%.2fx)'):format(before * 1000, during * 1000, ratio)
end

-- Runs a spec file that holds a test as it is; what it says, and whether it went well.
function kit.spec(path)
  local pipe = io.popen('busted --lua=/usr/bin/luajit -o plainTerminal ' .. path .. ' 2>&1')
  local out = pipe:read '*a'
  pipe:close()
  local good, bad, errors, pending =
    out:match '(%d+) success%w* / (%d+) failure%w* / (%d+) error%w* / (%d+) pending'
  local well = good and tonumber(good) > 0 and bad == '0' and errors == '0' and pending == '0'
  return ('%s: %s passed, %s failed, %s pending'):format(path, good or 'none', bad or '?',
    pending or '?'), well or false
end

-- A list of tests, and the function that adds one: name, criterion, function() return measured,
-- verdict end, and how many seconds it may take.
function kit.list()
  local tests = {}
  return tests, function(name, criterion, run, seconds)
    tests[#tests + 1] = { name, criterion, run, seconds = seconds }
  end
end

-- What malloc caches for each thread counts as given out, and fills up for longer than a test
-- lasts: the environment of a process without it.
kit.exact = { GLIBC_TUNABLES = 'glibc.malloc.tcache_count=0' }

return kit
