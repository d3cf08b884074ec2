-- F 40: mixed load with faults, for as long as ENDURANCE_SECONDS says.
local growth = require 'bench.faults.growth'
local http = require 'spec.support.http'
local kit = require 'bench.faults.kit'
local load = require 'bench.faults.load'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local tests, test = kit.list()

local SECONDS = tonumber(os.getenv 'ENDURANCE_SECONDS' or 1200)
local PERIOD = 60    -- seconds between two reloads; twice as often come faults
local REMEMBERED = 9 -- reloads, after which as much is kept for a rollback as ever

-- Bytes that may be added in a period, of those that malloc has given out, and of what the process
-- holds with no file behind it. The first is 1 % an hour of a process of 15 MB; the second swings
-- with what malloc keeps, and is there for what is not malloc's.
local MOST_USED, MOST_OWN = 2560, 65536

local ROUTES = {
  { 'GET /own/{id}', backend = 'shop', path = '/{id}' },
  { 'GET /call/{id}', 'call.lua' },
  { 'GET /kept/{id}', 'call.lua', cache = { key = { 'path' }, ttl = 2, stale = 60 } },
  { 'GET /fault/{kind}', 'fault.lua', timeout = 2 },
}

local FILES = {
  ['call.lua'] = [[
    local tg = require 'tidegate'
    local shop = tg.backend 'shop'
    return function(req)
      local res = tg.try(shop:get('/' .. req.params.id))
      return tg.json { id = tg.try(tg.xml.decode('<a><id>' .. res.body .. '</id></a>')).a.id }
    end]],
  ['fault.lua'] = [[
    local tg = require 'tidegate'
    local bad = tg.backend 'bad'
    return function(req)
      local kind = req.params.kind
      if kind == 'loop' then while true do end end
      if kind == 'memory' then return ('x'):rep(1e9) end
      if kind == 'error' then error 'wrong' end
      return tg.try(bad:get('/' .. kind, { expect = '2xx' })).body
    end]],
}

local BAD = {
  ['/hang'] = 'hang', ['/close'] = { close = true }, ['/garbage'] = 'SSH-2.0\r\n\r\n',
  ['/cut'] = { 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab', close = true },
  ['/error'] = upstream.text('no', 500),
}

local function get(path) return http.encode_request { path = path } end

local SCRIPT_FAULTS = { 'loop', 'memory', 'error', 'hang', 'close', 'garbage', 'cut' }

-- Each comes so often at a time: then it shows when one of them leaks. An endless loop holds up
-- the others, and comes once.
local function times_of(kind) return kind == 'loop' and 1 or 10 end

-- What goes wrong every 30 s: every script and backend that misbehaves, clients that go, and heads
-- that are none.
local function misbehave(tide)
  local list = {}
  for _, kind in ipairs(SCRIPT_FAULTS) do
    for _ = 1, times_of(kind) do
      list[#list + 1] = tide:connect()
      list[#list]:send(get('/fault/' .. kind))
    end
  end
  for i = 1, 200 do
    local connection = tide:connect()
    connection:send(i % 2 == 0 and get('/call/' .. i) or 'GET /\0 HTTP/1.1\r\n\r\n')
    if i % 3 == 0 then connection:reset() else connection:close() end
  end
  local well = 0
  for _, connection in ipairs(list) do
    local res = connection:receive(10)
    if res and res.status >= 500 then well = well + 1 end
    connection:close()
  end
  return well == #list
end

local function serve(shop, bad)
  return kit.serve { env = kit.exact, files = FILES, routes = ROUTES, backends = { shop = shop,
    bad = { bad.url, timeout = 1, eject = false } },
    site = { limits = { script_cpu = 0.05 }, log = { access = false } } }
end

local function start_loads(port)
  local function is_json(res, id) return res.status == 200 and res.body:find(id, 1, true) ~= nil end
  return { load.start(port, 50, { clients = 1 }),
    load.start(port, 50, { clients = 1, path = '/own/%s', judge = function(res, id)
      return res.status == 200 and res.body == '/' .. id end }),
    load.start(port, 50, { clients = 1, path = '/call/%s', judge = is_json }),
    load.start(port, 50, { clients = 1, path = '/kept/x?%s',
      judge = function(res) return res.status == 200 end }) }
end

-- The p99 of all loads in a span.
local function p99(sums, from, to)
  local took = {}
  for _, sum in ipairs(sums) do
    for _, one in ipairs(sum:between(from, to).took) do took[#took + 1] = one end
  end
  return load.quantile(took, 0.99)
end

local function describe(sums, used, own, figures)
  local all = { asked = 0, failed = 0, refused = 0 }
  for _, sum in ipairs(sums) do
    for _, name in ipairs { 'asked', 'failed', 'refused' } do all[name] = all[name] + sum[name] end
  end
  local more = ', in use %.1f MiB %+.0f +-%.0f B/min, own %.1f MiB %+.0f +-%.0f KiB/min, ' ..
    'fds %+d, p99 %.1f ms, then %.1f, %d reloads, %d faults as expected of %d, deaths %d'
  return all, kit.told(all, more:format(used.bytes / 1048576, used.slope, used.off,
    own.bytes / 1048576, own.slope / 1024, own.off / 1024, figures.fds, figures.first * 1000,
    figures.last * 1000, figures.reloads, figures.well, figures.faults, figures.deaths))
end

-- All texts are of one length.
local function reload(tide, figures)
  figures.written = figures.written + 1
  local text = ('%s\n-- %06d'):format(FILES['call.lua'], figures.written)
  posix.write(tide.site .. '/call.lua', text)
  if kit.admin(tide, 'POST', '/reload').status == 200 then figures.reloads = figures.reloads + 1 end
end

-- What is held at like moments: no request is under way, and the scripts have just been read anew,
-- for garbage of Lua's comes and goes by more than a leak would add.
local function measure(tide, loads, figures)
  for _, one in ipairs(loads) do one:rest() end
  posix.pause(1)
  reload(tide, figures)
  posix.pause(2) -- a second after a reload what is free goes back
  local pid, at = tide:worker(), posix.now() - figures.begun
  for _ = 1, 3 do
    table.insert(figures.used, { at, kit.status(tide).memory.used })
    table.insert(figures.own, { at, kit.memory(pid, 'RssAnon') })
    posix.pause(0.1)
  end
  for _, one in ipairs(loads) do one:go_on() end
end

-- Plays until the end: memory once a period, descriptors since a quarter of the time, and counts.
local function play(tide, loads, figures)
  for _ = 1, REMEMBERED do reload(tide, figures) end
  local begun, pid, fds = posix.now(), tide:worker(), nil
  local next_fault, next_reload, next_measure = begun + 10, begun + 20, begun + 50
  figures.begun = begun
  while posix.now() < begun + SECONDS do
    local now = posix.now()
    if now >= next_fault then
      next_fault = next_fault + PERIOD / 2
      figures.faults = figures.faults + 1
      if misbehave(tide) then figures.well = figures.well + 1 end
    elseif now >= next_reload then
      next_reload = next_reload + PERIOD
      reload(tide, figures)
    elseif now >= next_measure then
      next_measure = next_measure + PERIOD
      measure(tide, loads, figures)
    elseif now > begun + SECONDS / 4 then
      fds = fds or kit.descriptors(pid)
    end
    posix.pause(1)
  end
  figures.ended = posix.now()
  figures.fds = kit.descriptors(pid) - fds
end

local function slope_of(points)
  local late = {}
  for _, point in ipairs(points) do
    if point[1] > SECONDS / 4 then late[#late + 1] = point end
  end
  local slope, off = growth.of(late, PERIOD)
  return { slope = slope, off = off, bytes = points[#points][2] }
end

-- Whether it is sure that less is added: a leak that small, or none.
local function is_flat(figure, most) return figure.slope + figure.off <= most end

test('F40 endurance', ('%d s: 0 unexpected failures, in use < 2.5 KiB/min, own < 64 KiB/min, ' ..
  'fds flat, p99 <= 1.2x'):format(SECONDS), function()
    local shop = upstream { default = function(request)
      return upstream.text(request.path) end }
    local bad = upstream(BAD)
    local tide = serve(shop, bad)
    local loads, sums = start_loads(tide.port), {}
    local figures = { faults = 0, well = 0, reloads = 0, written = 0, used = {}, own = {} }
    play(tide, loads, figures)
    for i, one in ipairs(loads) do sums[i] = one:stop() end
    figures.deaths = kit.deaths(tide)
    local used, own, half = slope_of(figures.used), slope_of(figures.own), SECONDS / 2
    figures.first = p99(sums, figures.begun, figures.begun + half)
    figures.last = p99(sums, figures.begun + half, figures.ended)
    shop:stop()
    bad:stop()
    local all, told = describe(sums, used, own, figures)
    return told, kit.clean(all) and is_flat(used, MOST_USED) and is_flat(own, MOST_OWN)
      and figures.fds <= 10 and figures.last <= 1.2 * figures.first
      and figures.well == figures.faults and figures.reloads == figures.written
      and figures.deaths == 0
  end, SECONDS + 120)

test('F40 kill -STOP and -CONT', 'answers again within 2 s of -CONT', function()
  local tide = kit.serve()
  local pid = tide:worker()
  posix.kill(pid, posix.STOP)
  posix.pause(10)
  posix.kill(pid, posix.CONT)
  local at = posix.now()
  wait.eventually(function() return tide:get('/echo/x').body == 'x' end)
  local after = posix.now() - at
  return ('after %.3f s'):format(after), after <= 2
end)

return tests
