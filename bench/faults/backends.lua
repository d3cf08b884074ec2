-- Backends that misbehave: part B of the list.
local bad_answers = require 'spec.support.bad_answers'
local kit = require 'bench.faults.kit'
local load = require 'bench.faults.load'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local tests, test = kit.list()

-- Passes each request on at /pass/..., and by a script at /call/....
local CALL = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  return function(req)
    local res = tg.try(shop:request { method = req.method, path = '/' .. req.params.path,
      body = req.body })
    return tg.response { status = res.status, body = res.body }
  end]]

local function serve(backend, opts)
  opts = opts or {}
  opts.backends = { shop = backend }
  opts.files = { ['call.lua'] = CALL }
  opts.routes = { { 'ANY /call/{path...}', 'call.lua' },
    { 'ANY /pass/{path...}', backend = 'shop', path = '/{path...}', cache = opts.cache } }
  return kit.serve(opts)
end

-- The rows of these groups as answers of a backend: /1, /2 ...; and the rows in this order.
local function rows_of(...)
  local answers, rows = { ['/fine'] = upstream.text 'fine' }, {}
  for _, group in ipairs { ... } do
    for _, row in ipairs(bad_answers[group]) do
      rows[#rows + 1] = row
      answers['/' .. #rows] = type(row[2]) == 'table' and row[2] or { row[2] }
    end
  end
  return answers, rows
end

test('B10 bodies cut short', 'incomplete for the client, never kept: 2 requests, 2 of the backend',
  function()
    local answers, rows = rows_of 'cut'
    answers['/whole'] = upstream.text 'whole'
    local shop = upstream(answers)
    local tide = serve({ shop.url, eject = false }, { cache = { ttl = 60 } })
    local wrong = {}
    for i, row in ipairs(rows) do
      for _ = 1, 2 do
        local connection = tide:connect()
        connection:send(('GET /pass/%d HTTP/1.1\r\nhost: a\r\n\r\n'):format(i))
        local res = connection:receive(5)
        if not res or (res.status ~= 502 and res.complete) then wrong[#wrong + 1] = row[1] end
        connection:close()
      end
    end
    for _ = 1, 2 do tide:get '/pass/whole' end
    local seen = #shop:requests()
    return ('%d kinds twice, %d requests of the backend; wrong: %s'):format(#rows, seen,
      table.concat(wrong, ', ')), #wrong == 0 and seen >= 2 * #rows + 1 and kit.deaths(tide) == 0
  end)

test('B11 two responses for one', '0 leaks in 1000, by script and passed on', function()
  local shop = upstream(bad_answers.two_for_one)
  local leaks, right = 0, 0
  for _, path in ipairs { 'call', 'pass' } do
    local tide = serve({ shop.url, eject = false })
    local through = { all = function(_, requests)
      for _, req in ipairs(requests) do req.path = '/' .. path .. req.path end
      return tide:all(requests)
    end }
    local good, bad = bad_answers.ask_two_for_one(through, 1000, function(res) return res.body end)
    leaks, right = leaks + bad, right + good
  end
  return ('%d right, %d leaks'):format(right, leaks), right == 2000 and leaks == 0
end)

-- Every row by script and passed on: 502 (or cut, where it had begun), or what it says; then the
-- connections to the backend are clean, and nobody has died.
local function judge_rows(...)
  local answers, rows = rows_of(...)
  local shop = upstream(answers)
  local tide = serve({ shop.url, eject = false })
  local wrong, slowest = {}, 0
  for i, row in ipairs(rows) do
    local code = bad_answers.error_of(row)
    for _, path in ipairs { '/call/', '/pass/' } do
      local at = posix.now()
      local connection = tide:connect()
      connection:send(('%s %s%d HTTP/1.1\r\nhost: a\r\n\r\n'):format(row.method or 'GET', path, i))
      local res = connection:receive(5, row.method)
      slowest = math.max(slowest, posix.now() - at)
      local well = res and (code and (res.status == 502 or not res.complete) or
        not code and res.status < 500 and res.complete)
      if res and (res.raw or ''):find('\r\n:', 1, true) then well = false end
      connection:close()
      well = well and tide:get('/call/fine').body == 'fine'
      if not well then wrong[#wrong + 1] = path .. row[1] end
    end
  end
  return ('%d kinds both ways, slowest %.0f ms, %d died; wrong: %s'):format(#rows, slowest * 1000,
    kit.deaths(tide), table.concat(wrong, ', ')), #wrong == 0 and kit.deaths(tide) == 0, slowest
end

test('B12 framing', '502, 0 died, 0 poisoned connections', function()
  return judge_rows('framing', 'behind')
end)

test('B13 garbage and half heads', '502 within 100 ms of the close', function()
  local measured, well, slowest = judge_rows 'cut'
  return measured, well and slowest <= 0.1 + 0.05 -- two rows wait 50 ms before their reset
end)

test('B14 a silent backend', '504 at the time +-10 %, 20 connections a thread, others p99 < 1.5x',
  function()
    local shop = upstream { ['/hang'] = 'hang',
      ['/stall'] = { bad_answers.OK .. 'content-length: 9\r\n\r\nab', 30 } }
    local tide = serve({ shop.url, eject = false, connections = 20, first_byte_timeout = 1,
      idle_timeout = 1, queue_timeout = 1 })
    local early, late, other, cut = math.huge, 0, 0, 0
    local function ask(path, many)
      local requests = {}
      for i = 1, many do requests[i] = { path = path } end
      return tide:all(requests)
    end
    for _, res in ipairs(ask('/call/hang', 20)) do
      if res.status ~= 504 then other = other + 1 end
      early, late = math.min(early, res.elapsed), math.max(late, res.elapsed)
    end
    for _, res in ipairs(ask('/pass/stall', 20)) do
      if not res.complete then cut = cut + 1 end
      early, late = math.min(early, res.elapsed), math.max(late, res.elapsed)
    end
    local held, most = {}, 0
    local sum, before, during, ratio = kit.compare(tide, function()
      for i = 1, 60 do
        held[i] = tide:connect()
        held[i]:send 'GET /call/hang HTTP/1.1\r\nhost: a\r\n\r\n'
      end
      posix.pause(0.5)
      most = math.max(most, kit.status(tide).backends[1].addresses[1].open)
    end, function()
      for i = 1, 60 do held[i]:close() end
    end)
    return ('%d of 20 cut, %.2f to %.2f s, %d open; %s%s'):format(cut, early, late, most,
      kit.told(sum), kit.p99(before, during, ratio)), other == 0 and cut == 20 and early >= 0.9
      and late <= 1.1 and most <= 40 and kit.clean(sum) and ratio < 1.5
  end)

-- A port whose queue is full: nobody answers a SYN.
local function black_hole()
  local fd, port = posix.listen(nil, 0)
  for _ = 1, 4 do posix.connect(port, 0.1) end
  return 'http://127.0.0.1:' .. port, fd
end

test('B15 nobody there', '502 or 504 within connect_timeout + 0.5 s', function()
  local hole = black_hole()
  local slowest, wrong = 0, 0
  for status, url in pairs { [502] = 'http://127.0.0.1:' .. upstream.dead_port(), [504] = hole } do
    local tide = serve { url, connect_timeout = 1, eject = false }
    for _, path in ipairs { '/call/x', '/pass/x' } do
      local at = posix.now()
      if tide:get(path).status ~= status then wrong = wrong + 1 end
      slowest = math.max(slowest, posix.now() - at)
    end
  end
  return ('%d wrong, slowest %.2f s'):format(wrong, slowest), wrong == 0 and slowest <= 1.5
end)

test('B15 retries', 'GET <= 1 + retries, POST never twice', function()
  local sick, well = upstream { default = { close = true } },
    upstream { default = upstream.text 'fine' }
  local tide = serve { sick.url, well.url, eject = false, retries = 2, retry_budget = 100 }
  local counts = {}
  local function count(method, n)
    sick:forget()
    well:forget()
    for i = 1, n do
      tide:request { method = method, path = '/call/' .. i, body = method == 'POST' and 'x' or nil }
    end
    local most = {}
    for _, one in ipairs { sick, well } do
      for _, req in ipairs(one:requests()) do most[req.path] = (most[req.path] or 0) + 1 end
    end
    local worst = 0
    for _, times in pairs(most) do worst = math.max(worst, times) end
    counts[#counts + 1] = ('%s: at most %d'):format(method, worst)
    return worst
  end
  local gets, posts = count('GET', 100), count('POST', 100)
  return table.concat(counts, ', '), gets <= 3 and gets >= 2 and posts == 1
end)

test('B16 endless heads', '502, memory <= 2 MiB a request', function()
  local many = {}
  for i = 1, 20000 do many[i] = ('x%d: y\r\n'):format(i) end
  local shop = upstream { ['/fields'] = { bad_answers.OK .. table.concat(many) .. '\r\n' },
    ['/field'] = { bad_answers.OK .. 'x: ' .. ('y'):rep(262144) .. '\r\n\r\n' } }
  local tide = serve({ shop.url, eject = false })
  local function ask(n)
    local requests, wrong = {}, 0
    for i = 1, n do
      requests[i] = { path = (i % 2 == 0 and '/call/' or '/pass/') ..
        (i % 4 < 2 and 'field' or 'fields') }
    end
    for _, res in ipairs(tide:all(requests)) do
      if res.status ~= 502 then wrong = wrong + 1 end
    end
    return wrong
  end
  ask(4)
  local pid = tide:worker()
  local before = kit.memory(pid)
  local wrong = ask(40)
  local each = (kit.memory(pid, 'VmHWM') - before) / 40
  return ('%d wrong, %.0f KB each'):format(wrong, each / 1024), wrong == 0 and each <= 2097152
end)

test('B17 forbidden bytes in heads', '502 or cleaned, 0 of them on the wire', function()
  return judge_rows 'heads'
end)

test('B18 interim and empty responses', 'as RFC 9110 says', function()
  return judge_rows 'whole'
end)

test('B19 a restart of 3 s', 'kept: 0 failed; else 502/503, all well 1 s after it is back',
  function()
    local answer = { default = function(request) return upstream.text(request.path) end }
    local shop = upstream(answer)
    local port = shop.port
    local tide = kit.serve { backends = { shop = { shop.url } }, routes = {
      { 'GET /kept/{id}', backend = 'shop', path = '/{id}',
        cache = { key = { 'path' }, ttl = 0.5, stale = { healthy = 0, sick = 60, retry = 0.2 } } },
      { 'GET /own/{id}', backend = 'shop', path = '/{id}' } } }
    local kept = load.start(tide.port, 100, { path = '/kept/x?%s', clients = 2,
      judge = function(res) return res.status == 200 and res.body == '/x' end })
    local own = load.start(tide.port, 100, { path = '/own/%s', clients = 2,
      judge = function(res, id)
        if res.status == 502 or res.status == 503 then return 'away' end
        return res.status == 200 and res.body == '/' .. id
      end })
    posix.pause(2)
    shop:stop()
    posix.pause(3)
    answer.port = port
    local again = upstream(answer)
    local back = posix.now()
    posix.pause(3)
    local a, b = kept:stop(), own:stop()
    again:stop()
    local late = b:between(back + 1)
    return ('kept: %s; others: %s, %d away, %d of them a second after'):format(kit.told(a),
      kit.told(b), b.away or 0, late.away or 0), kit.clean(a) and kit.clean(b)
      and (b.away or 0) > 0 and not late.away
  end)

test('B20 one of two flaps', 'failed <= 1 %, ejected within 2 intervals of 1 s', function()
  local answer = { default = function(request) return upstream.text(request.path) end }
  local well, flapping = upstream(answer), upstream(answer)
  answer.port = flapping.port
  local tide = kit.serve { backends = { shop = { well.url, flapping.url,
    eject = { failures = 2, time = 1 } } },
    routes = { { 'GET /own/{id}', backend = 'shop', path = '/{id}' } } }
  local asking = load.start(tide.port, 200, { path = '/own/%s',
    judge = function(res, id) return res.status == 200 and res.body == '/' .. id end })
  local latest = 0
  for _ = 1, 6 do
    flapping:stop()
    local at = posix.now()
    latest = math.max(latest, kit.ejected(tide, 2, at + 2.5) - at)
    posix.pause(math.max(0, at + 1 - posix.now()))
    flapping = upstream(answer)
    posix.pause(1)
  end
  local sum = asking:stop()
  flapping:stop()
  well:stop()
  return kit.told(sum, (', ejected after %.2f s at most'):format(latest)),
    sum.failed <= sum.asked / 100 and sum.refused == 0 and latest <= 2
end)

test('B20 both dead', '503 within 10 ms (at the median), nobody queues', function()
  local function dead() return 'http://127.0.0.1:' .. upstream.dead_port() end
  local tide = serve { dead(), dead(), eject = { failures = 2, time = 60 } }
  for _ = 1, 20 do tide:get '/call/x' end
  local took, wrong = {}, 0
  for i = 1, 200 do
    local at = posix.now()
    if tide:get('/call/x').status ~= 503 then wrong = wrong + 1 end
    took[i] = posix.now() - at
  end
  local median, queued = load.quantile(took, 0.5), kit.status(tide).backends[1].queued
  return ('%d of 200 other than 503, median %.1f ms, %d queued'):format(wrong, median * 1000,
    queued), wrong == 0 and median < 0.01 and queued == 0
end)

return tests
