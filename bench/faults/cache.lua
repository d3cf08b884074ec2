-- The cache under pressure: F 38 of the list.
local http = require 'spec.support.http'
local kit = require 'bench.faults.kit'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local tests, test = kit.list()

local function many(path, count)
  local requests = {}
  for i = 1, count do requests[i] = { path = path } end
  return requests
end

test('F38 a stampede of 500', '1 request of the backend, new and just expired; 500 right answers',
  function()
    local shop = upstream { default = { delay = 0.3, upstream.text 'up' } }
    local tide = kit.serve { backends = { shop = shop }, routes = {
      { 'GET /kept/{id}', backend = 'shop', cache = { ttl = 2 } } } }
    local seen, wrong = {}, 0
    for turn = 1, 2 do
      shop:forget()
      for _, res in ipairs(tide:all(many('/kept/x', 500))) do
        if res.status ~= 200 or res.body ~= 'up' then wrong = wrong + 1 end
      end
      seen[turn] = #shop:requests()
      posix.pause(2.5)
    end
    shop:stop()
    return ('%d and %d requests, %d of 1000 wrong'):format(seen[1], seen[2], wrong),
      seen[1] == 1 and seen[2] == 1 and wrong == 0
  end)

test('F38 errors in a stampede', 'each is answered, none later than its time (2 s)', function()
  local shop = upstream { ['/hang'] = 'hang',
    ['/error'] = { delay = 0.05, upstream.text('no', 500) },
    ['/cut'] = { delay = 0.05, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab', close = true } }
  local tide = kit.serve { backends = { shop = { shop.url, eject = false } }, routes = {
    { 'GET /{id}', backend = 'shop', timeout = 2, cache = { ttl = 60 } } } }
  local latest, strange = 0, 0
  for path, status in pairs { ['/error'] = 500, ['/hang'] = 504, ['/cut'] = 'cut' } do
    for _, res in ipairs(tide:all(many(path, 20))) do
      latest = math.max(latest, res.elapsed)
      local cut = status == 'cut' and (res.status == 502 or not res.complete)
      if res.status ~= status and not cut then strange = strange + 1 end
    end
  end
  shop:stop()
  return ('%d of 60 strange, latest %.2f s'):format(strange, latest), strange == 0 and latest <= 2.5
end)

test('F38 1 GiB through 64 MiB', 'memory <= 64 MiB + 20 %, hot set hit >= 95 %', function()
  local tide = kit.serve { site = { cache = { memory = '64MB' }, log = { access = false },
    limits = { requests = 1000000 } },
    files = { ['make.lua'] = [[
      local tg = require 'tidegate'
      return function(req) return tg.text(req.params.id .. ('x'):rep(100000)) end]] },
    routes = { { 'GET /made/{id}', 'make.lua', cache = { ttl = 3600 } } } }
  local pid = tide:worker()
  for _ = 1, 20 do tide:get '/echo/x' end
  local before, hot, hits, connection, wrong = kit.memory(pid), 0, 0, tide:connect(), 0
  local function get(id)
    local res = connection:get('/made/' .. id)
    if res.body ~= id .. ('x'):rep(100000) then wrong = wrong + 1 end
    return res.headers['cache-status']:find('hit', 1, true) ~= nil
  end
  for i = 1, 10737 do -- of 100 000 bytes: 1 GiB
    get('cold' .. i)
    local hit = get('hot' .. i % 50)
    if i > 500 then
      hot = hot + 1
      if hit then hits = hits + 1 end
    end
  end
  connection:close()
  local bytes = kit.status(tide).cache.bytes
  local grown = kit.memory(pid, 'VmHWM') - before
  return ('cache %.1f MiB, process %+.1f MiB, hot set %.1f %%, %d wrong'):format(bytes / 1048576,
    grown / 1048576, 100 * hits / hot, wrong), grown <= 64 * 1.2 * 1048576 and wrong == 0
    and hits / hot >= 0.95
end, 400)

-- One client's answer is private; another asks for the same. Each row: what the first one sends,
-- what the backend says with it, and what the second one sends.
local POISON = {
  { 'X-Forwarded-Host', { ['x-forwarded-host'] = 'evil' }, {}, {} },
  { 'a field that is no part of the key', { ['x-user'] = 'evil' }, {}, {} },
  { 'Vary: *', { ['x-user'] = 'evil' }, { vary = '*' }, {} },
  { 'Vary', { ['x-user'] = 'evil' }, { vary = 'x-user' }, { ['x-user'] = 'other' } },
  { 'Set-Cookie', {}, { ['set-cookie'] = 'id=evil' }, {} },
  { 'Authorization', { authorization = 'Basic evil' }, {}, {} },
  { 'Cookie', { cookie = 'id=evil' }, {}, {} },
  { 'Cache-Control: private', {}, { ['cache-control'] = 'private' }, {} },
  { 'Cache-Control: no-store', {}, { ['cache-control'] = 'no-store' }, {} },
  { 'deception: /account.css', { cookie = 'id=evil' }, {}, {}, path = '/account.css' },
  { 'deception: /account/x.css', { cookie = 'id=evil' }, { ['content-type'] = 'text/css' }, {},
    path = '/account/x.css' },
  { 'deception: an escaped slash', { cookie = 'id=evil' }, {}, {}, path = '/account%2fx.css' },
  { 'a body in a GET', {}, {}, {}, body = 'evil' },
}

test('F38 poisoning', '0 private bodies for another', function()
  local rows = {}
  -- The backend says who asked: what a cache must not give to another.
  local shop = upstream { default = function(request)
    local row = POISON[tonumber(request.headers['x-row'])]
    local fields = {}
    for name, value in pairs(row[3]) do fields[name] = value end
    local who = request.raw:find('evil', 1, true) and 'private of evil' or 'of nobody'
    return http.encode_response { body = who .. (row[1]:find 'Set%-Cookie' and request.path or ''),
      headers = fields }
  end }
  local tide = kit.serve { backends = { shop = shop },
    routes = { { 'ANY /{path...}', backend = 'shop',
      cache = { ttl = 60, vary = { 'x-row', 'x-user' } } } } }
  for i, row in ipairs(POISON) do
    local path = row.path or '/row' .. i
    local first, second = { ['x-row'] = tostring(i) }, { ['x-row'] = tostring(i) }
    for name, value in pairs(row[2]) do first[name] = value end
    for name, value in pairs(row[4]) do second[name] = value end
    tide:request { path = path, headers = first, body = row.body }
    local res = tide:get(path, second)
    local private = res.body:find('evil', 1, true) or (res.headers['set-cookie'] and
      res.headers['cache-status']:find('hit', 1, true))
    if private then rows[#rows + 1] = row[1] end
  end
  -- What is kept is kept: the test would see it.
  local control = tide:get('/row2', { ['x-row'] = '2' }).headers['cache-status']
  shop:stop()
  return ('%d ways, private: %s'):format(#POISON, table.concat(rows, ', ')),
    #rows == 0 and control:find('hit', 1, true) ~= nil
end)

return tests
