-- F 40: mixed load with faults, for as long as ENDURANCE_SECONDS says.
local http = require 'spec.support.http'
local kit = require 'bench.faults.kit'
local load = require 'bench.faults.load'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local tests, test = kit.list()

local SECONDS = tonumber(os.getenv 'ENDURANCE_SECONDS' or 1200)

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

-- What goes wrong every 30 s: every script and backend that misbehaves, clients that go, and heads
-- that are none.
local function misbehave(tide)
  local list = {}
  for i, kind in ipairs(SCRIPT_FAULTS) do
    list[i] = tide:connect()
    list[i]:send(get('/fault/' .. kind))
  end
  for i = 1, 200 do
    local connection = tide:connect()
    connection:send(i % 2 == 0 and get('/call/' .. i) or 'GET /\0 HTTP/1.1\r\n\r\n')
    if i % 3 == 0 then connection:reset() else connection:close() end
  end
  local well = 0
  for i in ipairs(SCRIPT_FAULTS) do
    local res = list[i]:receive(10)
    if res and res.status >= 500 then well = well + 1 end
    list[i]:close()
  end
  return well == #SCRIPT_FAULTS
end

-- Growth by the hour: the slope of the line of least squares through the least of each minute, for
-- what requests hold for a moment is no growth.
local function slope(points)
  local minutes, list = {}, {}
  for _, point in ipairs(points) do
    local minute = math.floor(point[1] / 60)
    minutes[minute] = math.min(minutes[minute] or math.huge, point[2])
  end
  for minute, least in pairs(minutes) do list[#list + 1] = { minute * 60, least } end
  local n, x, y, xx, xy = #list, 0, 0, 0, 0
  for _, point in ipairs(list) do
    x, y = x + point[1], y + point[2]
    xx, xy = xx + point[1] * point[1], xy + point[1] * point[2]
  end
  return 3600 * (n * xy - x * y) / (n * xx - x * x)
end

local function serve(shop, bad)
  return kit.serve { files = FILES, routes = ROUTES, backends = { shop = shop,
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

local function describe(sums, figures)
  local all = { asked = 0, failed = 0, refused = 0 }
  for _, sum in ipairs(sums) do
    for _, name in ipairs { 'asked', 'failed', 'refused' } do all[name] = all[name] + sum[name] end
  end
  local more = ', memory %.1f MiB %+.2f %%/h, fds %+d, p99 %.1f ms, then %.1f, %d reloads, ' ..
    '%d faults as expected of %d, deaths %d'
  return all, kit.told(all, more:format(figures.bytes / 1048576, figures.growth, figures.fds,
    figures.first * 1000, figures.last * 1000, figures.reloads, figures.well, figures.faults,
    figures.deaths))
end

-- Plays until the end: points of memory (after a quarter of the time), of descriptors, and counts.
local function play(tide, figures)
  local begun, pid = posix.now(), tide:worker()
  local next_fault, next_reload, points, fds = begun + 10, begun + 20, {}, nil
  while posix.now() < begun + SECONDS do
    local now = posix.now()
    if now >= next_fault then
      next_fault = now + 30
      figures.faults = figures.faults + 1
      if misbehave(tide) then figures.well = figures.well + 1 end
    elseif now >= next_reload then
      next_reload = now + 60
      posix.write(tide.site .. '/call.lua', FILES['call.lua'] .. '\n-- ' .. figures.reloads)
      if kit.admin(tide, 'POST', '/reload').status == 200 then
        figures.reloads = figures.reloads + 1
      end
    elseif now > begun + SECONDS / 4 then
      points[#points + 1] = { now - begun, kit.memory(pid) }
      fds = fds or kit.descriptors(pid)
    end
    posix.pause(1)
  end
  figures.begun, figures.ended = begun, posix.now()
  figures.bytes = points[1][2]
  figures.growth = 100 * slope(points) / points[1][2]
  figures.fds = kit.descriptors(pid) - fds
end

test('F40 endurance', ('%d s: 0 unexpected failures, memory < 1 %%/h, fds flat, p99 <= 1.2x')
  :format(SECONDS), function()
    local shop = upstream { default = function(request)
      return upstream.text(request.path) end }
    local bad = upstream(BAD)
    local tide = serve(shop, bad)
    local loads, sums = start_loads(tide.port), {}
    local figures = { faults = 0, well = 0, reloads = 0 }
    play(tide, figures)
    for i, one in ipairs(loads) do sums[i] = one:stop() end
    figures.deaths = kit.deaths(tide)
    local half = SECONDS / 2
    figures.first = p99(sums, figures.begun, figures.begun + half)
    figures.last = p99(sums, figures.begun + half, figures.ended)
    shop:stop()
    bad:stop()
    local all, told = describe(sums, figures)
    return told, kit.clean(all) and figures.growth < 1 and figures.fds <= 10
      and figures.last <= 1.2 * figures.first and figures.well == figures.faults
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
