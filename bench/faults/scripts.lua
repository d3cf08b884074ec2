-- Scripts that misbehave: part E of the list.
local gate = require 'spec.support.gate'
local kit = require 'bench.faults.kit'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local RUNAWAYS = {
  loop = 'while true do end',
  recursion = 'local function f(n) return 1 + f(n + 1) end return f(1)',
  table = 'local t = {} for i = 1, 1e12 do t[i] = { i } end',
  rep = "local text = ('x'):rep(1e9) return text",
  ['rep in a tail call'] = "return ('x'):rep(1e9)", -- the line where the function begins
  ['error nil'] = 'error(nil)',
  coroutine = "local c = coroutine.wrap(function() error 'inside' end) c()",
  ['yield in pcall'] = "local well, err = pcall(coroutine.yield) error(err, 0)",
  ['wait in pcall'] = "local well, err = pcall(function() require 'tidegate'.sleep(0.01) " ..
    "error 'inside' end) error(err, 0)",
  ['a slow pattern'] = "while true do (('a'):rep(3000)):find '.-b' end", -- each some ms
  ['loop in pcall'] = 'while true do pcall(function() while true do end end) end',
  ['loop in sort'] = 'table.sort({ 3, 2, 1 }, function() while true do end end)',
}

local tests, test = kit.list()

test('E35 runaway scripts', '500 within 0.5 s, others answer meanwhile, log names the line',
  function()
    local routes = { { 'GET /ok', 'ok.lua' } }
    local scripts = { ['ok.lua'] = "return function() return 'ok' end" }
    local number, kinds = 0, {}
    for kind, text in pairs(RUNAWAYS) do
      number = number + 1
      kinds[number] = kind
      routes[#routes + 1] = { 'GET /' .. number, number .. '.lua' }
      scripts[number .. '.lua'] = 'return function()\n' .. text .. '\nend'
    end
    local tide = gate.serve { master = true, site = { workers = 1,
      limits = { script_cpu = 0.1, script_memory = '64MB' } }, routes = routes, scripts = scripts }
    local pid, wrong, slowest = tide:worker(), {}, 0
    for i = 1, number do
      local at, bad, other = posix.now(), tide:connect(), tide:connect()
      bad:send(('GET /%d HTTP/1.1\r\nhost: a\r\n\r\n'):format(i))
      posix.pause(0.002)
      other:send 'GET /ok HTTP/1.1\r\nhost: a\r\n\r\n'
      local fine, res = other:receive(5), bad:receive(5)
      local after = posix.now() - at
      slowest = math.max(slowest, after)
      local pattern = '/' .. i .. '%.lua:%d'
      local named = pcall(wait.eventually, function() return tide.log():find(pattern) end, 2)
      local well = fine and fine.body == 'ok' and res and res.status == 500
      if not (well and named and after < 0.5) then
        wrong[#wrong + 1] = ('%s (%s, %.2f s, named %s)'):format(kinds[i],
          res and res.status or 'no answer', after, tostring(named))
      end
      bad:close()
      other:close()
    end
    local lives = tide:worker() == pid
    return ('%d kinds, slowest %.2f s; wrong: %s'):format(number, slowest,
      table.concat(wrong, ', ')), lives and #wrong == 0
  end)

-- Each runs for 100 ms and is stopped; one begins every 300 ms.
test('E35 others beside them', '0 failed, p99 < 2x', function()
  local tide = kit.serve { site = { limits = { script_cpu = 0.1 } },
    files = { ['loop.lua'] = 'return function() while true do end end' },
    routes = { { 'GET /loop', 'loop.lua' } } }
  local pid
  local sum, before, during, ratio = kit.compare(tide, function()
    pid = posix.fork(function()
      while true do
        tide:get '/loop'
        posix.pause(0.2)
      end
    end, 2)
  end, function() posix.stop(pid) end)
  return kit.told(sum, kit.p99(before, during, ratio)), kit.clean(sum) and ratio < 2
end)

test('E35 an endless pattern', 'another worker within 2 s, the route answers 503', function()
  local tide = gate.serve { master = true, site = { workers = 2, drain_timeout = 1,
      limits = { script_cpu = 0.1 } },
    routes = { { 'GET /stuck', 'stuck.lua' }, { 'GET /ok', 'ok.lua' } }, scripts = {
      ['stuck.lua'] = "return function() return (('a'):rep(60)):find(('a-'):rep(40) .. 'b') end",
      ['ok.lua'] = "return function() return 'ok' end" } }
  local stuck, at, wrong = tide:connect(), posix.now(), 0
  stuck:send 'GET /stuck HTTP/1.1\r\nhost: a\r\n\r\n'
  posix.pause(0.05)
  local function ready() return tide.log():find 'event=worker_ready' end
  repeat
    if tide:get('/ok').body ~= 'ok' then wrong = wrong + 1 end
    posix.pause(0.02)
  until ready() or posix.now() - at > 10
  local after = posix.now() - at
  local status = tide:get('/stuck').status
  stuck:close()
  local cpu = tonumber(tide.log():match 'event=thread_stuck worker=%d ms=(%d+)') or 0
  return ('after %.2f s, %d ms of them CPU of the call; %d others failed, then %d'):format(after,
    cpu, wrong, status),
    after <= 2 and wrong == 0 and status == 503
end)

-- Many requests on one connection, sent in bunches.
local function ask_many(tide, count)
  local bunch = ('GET / HTTP/1.1\r\nhost: a\r\n\r\n'):rep(50)
  local connection = tide:connect()
  for _ = 1, count / 50 do
    connection:send(bunch)
    for _ = 1, 50 do assert(connection:receive(10)) end
  end
  connection:close()
end

test('E36 a million requests', 'memory +5 % from the 100 000th on', function()
  local tide = gate.serve { site = { workers = 1, limits = { requests = 10000000 },
    log = { access = false } }, script = [[
      return function()
        local list = {}
        for i = 1, 50 do list[i] = { n = i, text = 'x' .. i } end
        return tostring(#list)
      end]] }
  ask_many(tide, 100000)
  local before = tide:memory()
  ask_many(tide, 900000)
  local grown = 100 * (tide:memory() / before - 1)
  return ('%+.1f %%'):format(grown), grown < 5
end, 900)

local CLOSED = { 'ffi', 'io', 'debug', 'package', 'os.execute', 'os.exit', 'os.remove', 'os.getenv',
  'dofile', 'loadfile', 'jit', 'newproxy', 'collectgarbage', 'string.dump', 'getfenv' }

test('E37 the sandbox', 'what is closed is nil, and bytecode is refused', function()
  local tide = gate.serve { site = { workers = 1 }, script = ([[
    return function()
      local open = {}
      for name in ('%s'):gmatch '%%S+' do
        local well, value = pcall(loadstring('return ' .. name))
        if well and value ~= nil then open[#open + 1] = name end
      end
      if pcall(require, 'ffi') then open[#open + 1] = "require 'ffi'" end
      if loadstring '\27LJ' then open[#open + 1] = 'bytecode' end
      return table.concat(open, ' ')
    end]]):format(table.concat(CLOSED, ' ')) }
  local res = tide:get('/')
  return 'open: ' .. res.body, res.status == 200 and res.body == ''
end)

return tests
