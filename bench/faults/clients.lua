-- Clients that misbehave: part C of the list, but for what is random.
local cases = require 'spec.support.malformed'
local client = require 'spec.support.client'
local http = require 'spec.support.http'
local kit = require 'bench.faults.kit'
local load = require 'bench.faults.load'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local tests, test = kit.list()

local FORWARD = [[
  local tg = require 'tidegate'
  local it = tg.backend 'it'
  return function(req)
    local res = assert(it:request { method = 'POST', path = req.path, body = req.body })
    return tg.text(res.body)
  end]]

-- Ways to send the same: at once, in two pieces, behind a good request, in many pieces, and with a
-- field more than it has.
local WAYS = {
  function(connection, bytes) connection:send(bytes) end,
  function(connection, bytes)
    local at = math.random(#bytes)
    connection:send(bytes:sub(1, at))
    posix.pause(0.001)
    connection:send(bytes:sub(at + 1))
  end,
  function(connection, bytes)
    connection:send('GET /before HTTP/1.1\r\nhost: a\r\n\r\n' .. bytes)
  end,
  function(connection, bytes)
    for at = 1, #bytes, 97 do connection:send(bytes:sub(at, at + 96)) end
  end,
  function(connection, bytes)
    connection:send((bytes:gsub('\r\nhost: a\r\n', '\r\nhost: a\r\nx-more: y\r\n', 1)))
  end,
}

-- The statuses of what came back; or nil and a sentence.
local function statuses_in(text)
  local statuses = {}
  while text ~= '' do
    local res, reason = http.response(text)
    if not (res and res.complete) then return nil, reason or 'half a response' end
    statuses[#statuses + 1] = res.status
    text = res.rest
  end
  return table.concat(statuses, ' ')
end

-- What is wrong with the answer to one request, sent in one of the ways; nil when nothing is. Who
-- is refused is closed; others are read as far as they should answer.
local function play(port, one, way)
  local connection = client.connect(port)
  local before, expected = way == 3 and '200 ' or '', one.expected
  WAYS[way](connection, one.bytes)
  local seen, reason
  if type(expected) == 'table' then
    expected, seen = '200', ''
    for _ = 1, way == 3 and 2 or 1 do
      local res = connection:receive(10)
      seen = seen .. (seen == '' and '' or ' ') .. (res and res.status or 'none')
    end
  else
    local text, how = connection:rest(10)
    if how == 'timeout' then reason = 'not closed' else seen, reason = statuses_in(text) end
  end
  connection:close()
  expected = before .. (expected == 'closed' and '' or expected)
  if reason or seen ~= (expected:gsub(' $', '')) then
    return reason or ('%s instead of %s'):format(seen, expected)
  end
end

-- How often which target and body reached the backend.
local function tally(requests)
  local seen = {}
  for _, req in ipairs(requests) do
    local key = req.target .. ' ' .. req.body
    seen[key] = (seen[key] or 0) + 1
    local _, lengths = req.head:lower():gsub('\r\ncontent%-length:', '')
    if lengths ~= 1 or req.head:lower():find('\r\ntransfer-encoding:', 1, true) then
      seen.loose = (seen.loose or 0) + 1
    end
  end
  return seen
end

test('C21 malformed requests', 'answered as expected, only what is expected reaches the backend',
  function()
    local it = upstream { default = upstream.text 'from the backend' }
    local tide = kit.serve { site = { limits = { head_timeout = 1, body_timeout = 1 } },
      backends = { it = it },
      files = { ['forward.lua'] = FORWARD }, routes = { { 'ANY /', 'forward.lua' },
        { 'ANY /{path...}', 'forward.lua' } } }
    local wrong, sent, expected = {}, 0, {}
    for _, one in ipairs(cases) do
      for way = 1, #WAYS do
        local bad = play(tide.port, one, way)
        if bad then wrong[#wrong + 1] = one.name:sub(1, 30) .. ' ' .. way .. ': ' .. bad end
        if tide:get('/probe').body ~= 'from the backend' then wrong[#wrong + 1] = 'probe' end
        sent = sent + 1
        local want = type(one.expected) == 'table' and { one.expected[1] .. ' ' .. one.expected[2] }
          or {}
        want[#want + 1] = '/probe '
        if way == 3 then want[#want + 1] = '/before ' end
        for _, key in ipairs(want) do expected[key] = (expected[key] or 0) + 1 end
      end
    end
    local seen, strange = tally(it:requests()), 0
    for key, n in pairs(seen) do strange = strange + math.max(0, n - (expected[key] or 0)) end
    for key, n in pairs(expected) do strange = strange + math.max(0, n - (seen[key] or 0)) end
    it:stop()
    return ('%d requests, %d unlike expected at the backend, %d wrong: %s'):format(sent, strange,
      #wrong, table.concat(wrong, '; ')), #wrong == 0 and strange == 0 and kit.deaths(tide) == 0
  end, 400)

-- slowhttptest with 1000 connections beside good clients; they must not feel it.
local function slowhttptest(options)
  return function()
    local tide = kit.serve { files = { ['big.lua'] = "return function() return ('x'):rep(1e5) end",
      ['read.lua'] = 'return function(req) return tostring(#req.body) end' },
      routes = { { 'GET /big', 'big.lua' }, { 'POST /read', 'read.lua' } } }
    local pid, open = nil, 0
    local sum, before, during, ratio = kit.compare(tide, function()
      local argv = { 'slowhttptest', '-c', '1000', '-r', '500', '-l', '60' }
      for word in (options:format(tide.port)):gmatch '%S+' do argv[#argv + 1] = word end
      pid = posix.spawn(argv)
      pcall(wait.eventually, function()
        open = math.max(open, kit.status(tide).connections.open)
        return open >= 1000
      end, 10)
    end, function() posix.stop(pid) end, { turns = 2, seconds = 8 })
    return ('%d connections; %s%s'):format(open, kit.told(sum),
      kit.p99(before, during, ratio)), open >= 900 and kit.clean(sum) and ratio < 2
  end
end

test('C22 slow heads (-H)', '100 % available beside 1000, p99 < 2x',
  slowhttptest '-H -i 5 -u http://127.0.0.1:%d/echo/x')
test('C22 slow bodies (-B)', '100 % available beside 1000, p99 < 2x',
  slowhttptest '-B -i 5 -s 8192 -u http://127.0.0.1:%d/read')
test('C22 slow readers (-X)', '100 % available beside 1000, p99 < 2x',
  slowhttptest '-X -w 512 -y 1024 -n 5 -z 32 -k 1 -u http://127.0.0.1:%d/big')

-- Opens connections from processes of their own, which hold them until they are told to end.
local function hold(port, count, bytes)
  local folder, pids, each = posix.folder(), {}, 2500
  for i = 1, math.ceil(count / each) do
    pids[i] = posix.fork(function()
      local mine, fds = math.min(each, count - (i - 1) * each), {}
      for k = 1, mine do
        fds[k] = assert(posix.connect(port))
        if bytes then posix.send(fds[k], bytes) end
      end
      posix.write(folder .. '/' .. i, 'held')
      while posix.read(folder .. '/end') == '' do posix.pause(0.05) end
    end, 2)
  end
  wait.eventually(function()
    for i in ipairs(pids) do assert(posix.read(folder .. '/' .. i) == 'held') end
    return true
  end, 60)
  return function()
    posix.write(folder .. '/end', 'x')
    for _, pid in ipairs(pids) do wait.eventually(function() return posix.ended(pid) end, 20) end
    posix.remove(folder)
  end
end

test('C22 memory of slow ones', '<= 16 KiB each', function()
  local tide = kit.serve { site = { limits = { head_timeout = 60 } } }
  tide:get '/echo/x'
  local before = kit.memory(tide:worker())
  local release = hold(tide.port, 1000, 'GET /echo/x HTTP/1.1\r\nhost: a\r\nx: ')
  posix.pause(0.5)
  local open = kit.status(tide).connections.open
  local each = (kit.memory(tide:worker()) - before) / 1000
  release()
  return ('%d open, %.1f KiB each'):format(open, each / 1024), open >= 1000 and each <= 16384
end)

test('C23 oversized heads', '414, 431 or 400, memory <= 1 MiB each', function()
  local function head(rest) return 'GET /echo/x HTTP/1.1\r\nhost: a\r\n' .. rest .. '\r\n\r\n' end
  local kinds = { ('GET /%s HTTP/1.1\r\nhost: a\r\n\r\n'):format(('x'):rep(65536)),
    head(('x: y\r\n'):rep(1000) .. 'z: z'), head('x: ' .. ('y'):rep(1048576)),
    head('cookie: ' .. ('a=b; '):rep(10000)), head(('cookie: a=b\r\n'):rep(10000) .. 'z: z') }
  local tide = kit.serve()
  local said, wrong, most = {}, 0, 0
  local pid = tide:worker()
  for _, bytes in ipairs(kinds) do
    local before = kit.memory(pid)
    local list = {}
    for i = 1, 10 do
      list[i] = tide:connect()
      pcall(list[i].send, list[i], bytes)
    end
    local status
    for i = 1, 10 do
      local res = list[i]:receive(5)
      status = res and res.status
      if status ~= 414 and status ~= 431 and status ~= 400 then wrong = wrong + 1 end
      list[i]:close()
    end
    most = math.max(most, (kit.memory(pid, 'VmHWM') - before) / 10)
    said[#said + 1] = tostring(status)
  end
  return ('%s, %d wrong, at most %.0f KiB'):format(table.concat(said, ' '), wrong, most / 1024),
    wrong == 0 and most <= 1048576
end)

test('C26 10 000 idle connections', 'new clients within 100 ms, CPU < 5 %', function()
  local tide = kit.serve { site = { limits = { connections = 20000, keepalive_timeout = 60,
    head_timeout = 60 } } }
  local release = hold(tide.port, 10000)
  posix.pause(1)
  local pid, took, failed = tide:worker(), {}, 0
  local open, cpu, at = kit.status(tide).connections.open, kit.cpu(pid), posix.now()
  posix.pause(3)
  cpu = 100 * (kit.cpu(pid) - cpu) / (posix.now() - at)
  for i = 1, 100 do
    local from = posix.now()
    local well, res = pcall(tide.get, tide, '/echo/x')
    if not well or res.body ~= 'x' then failed = failed + 1 end
    took[i] = posix.now() - from
  end
  release()
  local p99 = load.quantile(took, 0.99)
  return ('%d open, CPU %.1f %%, %d of 100 new failed, p99 %.0f ms'):format(open, cpu, failed,
    p99 * 1000), open >= 9900 and cpu < 5 and failed == 0 and p99 <= 0.1
end)

test('C26 no descriptor left', 'idle ones go or accepting waits, CPU < 5 %, nobody dies', function()
  local tide = kit.serve { master = false, site = { limits = { connections = 1000,
    head_timeout = 60 } } }
  tide:get '/echo/x'
  local now = kit.descriptors(tide.pid)
  assert(os.execute(('prlimit --pid %d --nofile=%d:%d'):format(tide.pid, now + 50, now + 50)) == 0)
  local release = hold(tide.port, 500,
    'POST /echo/x HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n')
  posix.pause(0.5)
  local cpu, at = kit.cpu(tide.pid), posix.now()
  posix.pause(3)
  cpu = 100 * (kit.cpu(tide.pid) - cpu) / (posix.now() - at)
  release()
  local again = pcall(wait.eventually, function() return tide:get('/echo/x').body == 'x' end, 5)
  return ('CPU %.1f %%, %s afterwards'):format(cpu, again and 'serves' or 'SILENT'),
    cpu < 5 and again and tide:running()
end)

-- Each kind goes away at another point of its request or response.
local KINDS = {
  function(c, id) c:send(('GET /slow/%s HTTP/1.1\r\nhost: a\r\n\r\n'):format(id)) end,
  function(c, id) c:send(('GET /kept/%s HTTP/1.1\r\nhost: a\r\n\r\n'):format(id)) end,
  function(c) c:send 'POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc' end,
  function(c) c:send 'GET /kept/1 HTTP/1.1\r\nho' end,
  function(c)
    c:send 'GET /kept/1 HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.poll({ [c.fd] = 'r' }, 1)
    posix.receive(c.fd, 1000)
  end,
}

-- What malloc has given out tells a leak from what it keeps in pieces for later, which the process
-- goes on holding: that levels off.
local SLOW = "local tg = require 'tidegate' return function() tg.sleep(5) end"

test('C27 10 000 clients that go', 'descriptors and memory in use as before +-2 %, held +10 %',
  function()
    local shop = upstream { default = function(request)
      local body = request.path:rep(20000)
      return http.encode_response { body = body }
    end }
    local tide = kit.serve { env = kit.exact, backends = { shop = { shop.url, eject = false } },
      files = { ['slow.lua'] = SLOW,
        ['read.lua'] = 'return function(req) return tostring(#req.body) end' },
      routes = { { 'GET /slow/{id}', 'slow.lua' }, { 'POST /read', 'read.lua' },
        { 'GET /kept/{id}', backend = 'shop', cache = { ttl = 600 }, path = '/{id}' } } }
    local pid = tide:worker()
    local function go(count)
      for i = 1, count do
        local c = tide:connect()
        KINDS[i % #KINDS + 1](c, i % 50)
        if i % 2 == 0 then c:reset() else c:close() end
      end
      wait.eventually(function() return kit.status(tide).connections.open == 0 end, 30)
    end
    -- At like moments: the scripts have just been read anew, and what was free has gone back.
    local function memory(text)
      posix.write(tide.site .. '/slow.lua', text)
      assert(kit.admin(tide, 'POST', '/reload').status == 200)
      posix.pause(2)
      return kit.status(tide).memory
    end
    go(2000)
    local before, fds = memory(SLOW .. ' --1'), kit.descriptors(pid)
    go(10000)
    local after = memory(SLOW .. ' --2')
    local grown = 100 * (after.used / before.used - 1)
    local held = 100 * (after.resident / before.resident - 1)
    fds = kit.descriptors(pid) - fds
    local broken = 0
    for i = 0, 49 do
      local res = tide:get('/kept/' .. i)
      if not res.complete or res.body ~= ('/' .. i):rep(20000) then broken = broken + 1 end
    end
    shop:stop()
    local told = 'in use %+.1f %%, held %+.1f %%, descriptors %+d, %d of 50 kept broken, %d died'
    return told:format(grown, held, fds, broken, kit.deaths(tide)),
      grown <= 2 and held <= 10 and fds <= 2 and broken == 0 and kit.deaths(tide) == 0
  end)

return tests
