local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local SCRIPT = [[
  local tg = require 'tidegate'
  return function(req)
    if req.path == '/wait' then tg.sleep(1) end
    if req.path == '/bad' then error 'broken' end
    return 'ok'
  end]]

local function site(admin, more)
  return ([[return { workers = 2, admin = %s, %s
    backends = { crm = 'http://127.0.0.1:9', files = 'unix:/run/files.sock:/base' },
    routes = { { 'ANY /', 'main.lua' }, { 'ANY /{path...}', 'main.lua' } } }]])
    :format(admin, more or '')
end

local function serve(more, opts)
  opts = opts or {}
  opts.site, opts.script = site("'unix:admin.sock'", more), SCRIPT
  local tide = gate.serve(opts)
  return tide, tide.site .. '/admin.sock'
end

local function ask(where, path, opts)
  opts = opts or {}
  return client.request(where, { method = opts.method, path = path, headers = opts.headers })
end

local function status(where) return ask(where, '/status'):json() end

describe('the admin address', function()
  it('says how the process is', function()
    local tide, where = serve 'limits = { url = 50, head_timeout = 0.2, connections = 500 },'
    for _ = 1, 3 do assert.equal(200, tide:get('/').status) end
    assert.equal(200, tide:post('/x/y', 'abcd').status)
    tide:raw('GET /' .. ('x'):rep(100) .. ' HTTP/1.1\r\nhost: a\r\n\r\n')
    tide:raw('nonsense\r\n\r\n')
    tide:raw('GET / HTTP/1.1\r\n', 3)
    local said = wait.eventually(function()
      local now = status(where)
      return now.requests.total == 7 and now
    end)
    assert.equal(tide.pid, said.pid)
    assert.equal(2, said.threads)
    assert.equal(1, said.generation)
    assert.equal('ready', said.state)
    assert.is_true(said.uptime > 0 and #said.version > 0)
    assert.equal(7, said.connections.accepted)
    assert.equal(500, said.connections.most)
    assert.same({ 4, 3, 0 }, { said.requests['2xx'], said.requests['4xx'], said.requests['5xx'] })
    assert.same({ 1, 1, 1, 0 }, { said.refused.url, said.refused.malformed, said.refused.slow_head,
      said.refused.body })
    assert.equal(4, said.bytes['in'])
    assert.is_true(said.latency_ms.mean > 0 and said.latency_ms.p50 <= said.latency_ms.p99)
    assert.same({ { route = 'ANY /', requests = 3 }, { route = 'ANY /{path...}', requests = 1 } },
      said.routes)
    assert.same({ 'crm', 'files' }, { said.backends[1].backend, said.backends[2].backend })
    assert.same({ address = 'unix:/run/files.sock:/base', state = 'ready', ejections = 0, open = 0,
      idle = 0, under_way = 0, requests = 0, errors = {},
      latency_ms = { mean = 0, p50 = 0, p90 = 0, p99 = 0, most = 0 } },
      said.backends[2].addresses[1])
    wait.eventually(function() return status(where).connections.open == 0 end)
    assert.equal(7, #tide:await_access(7))
    tide:stop()
    assert.is_nil((posix.connect(where)))
  end)

  it('counts the failures of scripts, and clients that go', function()
    local tide, where = serve('', { expect_errors = { 'event=script_error' } })
    assert.equal(500, tide:get('/bad').status)
    local connection = tide:connect()
    connection:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.1)
    connection:close()
    wait.eventually(function()
      local said = status(where).requests
      return said.script_failures == 1 and said.gone == 1 and said['5xx'] == 1
    end)
    tide:stop()
  end)

  it('says how much memory the process holds, and what of it is in use', function()
    if sanitized() then return pending 'memory says nothing under a sanitizer' end
    local tide = gate.serve { site = site "'unix:admin.sock'", script = [[
      local tg = require 'tidegate'
      return function(req)
        local kept = ('x'):rep(8 * 1024 * 1024)
        if req.path == '/wait' then tg.sleep(1) end
        return tostring(#kept)
      end]] }
    local where = tide.site .. '/admin.sock'
    local before, connection = status(where).memory, tide:connect()
    assert.is_true(before.used > 1e6 and before.resident > before.used)
    connection:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n'
    -- What is given out is resident only once the script has written to it.
    wait.eventually(function()
      local now = status(where).memory
      return now.used > before.used + 8e6 and now.resident > before.resident + 7e6
    end)
    assert.equal('8388608', connection:receive(10).body)
    connection:close()
    tide:stop()
  end)

  it('has health and readiness, and nothing to change', function()
    local tide, where = serve()
    assert.equal('healthy\n', ask(where, '/health').body)
    assert.equal('ready\n', ask(where, '/ready').body)
    assert.equal(200, ask(where, '/ready', { method = 'HEAD' }).status)
    for _, path in ipairs { '/', '/statu', '/status/', '/x' } do
      assert.equal(404, ask(where, path).status)
    end
    local res = ask(where, '/status', { method = 'POST', headers = { origin = 'http://evil' } })
    assert.same({ 405, 'GET, HEAD' }, { res.status, res.headers.allow })
    for _, host in ipairs { 'admin', 'admin:65535', 'admin:80' } do
      assert.equal('ok', tide:request { path = '/status', headers = { host = host } }.body)
    end
    local raw = client.connect(where)
    raw:send 'GET / HTTP/1.1\r\n\r\n'
    assert.equal(400, raw:receive(5).status)
    raw:close()
    tide:stop()
  end)

  it('is not ready while the process stops', function()
    local tide, where = serve()
    local connection = tide:connect()
    connection:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n'
    posix.pause(0.2)
    tide:signal(posix.TERM)
    wait.eventually(function() return ask(where, '/ready').status == 503 end, 0.8)
    assert.equal('draining', status(where).state)
    assert.equal(200, ask(where, '/health').status)
    assert.equal('ok', connection:receive(5).body)
    connection:close()
    wait.eventually(function() return posix.ended(tide.pid) == 'exit 0' and true end)
    tide.over = 'exit 0'
    posix.remove(tide.folder)
  end)

  it('answers when no client gets in any more', function()
    local tide, where = serve 'limits = { connections = 2 },'
    local list = {}
    for i = 1, 10 do
      list[i] = tide:connect()
      list[i]:send 'GET /wait HTTP/1.1\r\nhost: a\r\n\r\n'
    end
    tide:await_log 'event=no_room'
    assert.equal(2, status(where).connections.open)
    for i = 1, 10 do list[i]:close() end
    tide:stop()
  end)

  it('has few connections of its own, and goes on behind them', function()
    local tide, where = serve 'limits = { head_timeout = 0.3 },'
    local list = {}
    for i = 1, 60 do list[i] = client.connect(where) end
    wait.eventually(function() return ask(where, '/health').status == 200 end)
    for i = 1, 60 do list[i]:close() end
    assert.equal(200, tide:get('/').status)
    tide:stop()
  end)

  it('is on a port of the loopback, too, and asks for its token', function()
    local fd, port = posix.listen()
    posix.close(fd)
    local tide = gate.serve { script = SCRIPT, env = { TOKEN = 'secret-token' },
      site = site(("{ 'http://127.0.0.1:%d', token = env 'TOKEN' }"):format(port)) }
    assert.equal(401, ask(port, '/status').status)
    assert.equal(401, ask(port, '/health',
      { headers = { authorization = 'Bearer secret-tokex' } }).status)
    assert.equal(200, ask(port, '/status',
      { headers = { authorization = 'Bearer secret-token' } }).status)
    local env = { TIDEGATE_ADMIN_TOKEN = 'secret-token' }
    local address = 'http://127.0.0.1:' .. port
    assert.equal(0, gate.run({ 'status', '--admin', address }, { env = env }).status)
    local result = gate.run { 'status', '--admin', address }
    assert.equal(1, result.status)
    assert.matches('it answers with status: 401', result.err)
    tide:stop()
  end)

  it('takes the place of a socket that a killed process has left', function()
    local tide, where = serve()
    posix.kill(tide.pid, posix.KILL)
    wait.eventually(function() return posix.ended(tide.pid) end)
    tide.over = 'killed'
    local pid = posix.spawn({ gate.program(), 'run', tide.site, '--port', '0' },
      { stderr = tide.folder .. '/again', stdout = '/dev/null' })
    wait.eventually(function() return posix.read(tide.folder .. '/again'):find 'event=ready' end)
    assert.equal(200, ask(where, '/health').status)
    assert.equal('exit 0', posix.stop(pid))
    posix.remove(tide.folder)
  end)
end)

describe('the status of a backend', function()
  it('counts its calls, its connections and what went wrong', function()
    local shop = upstream { default = upstream.json { ok = true } }
    local tide = gate.serve {
      script = [[
        local tg = require 'tidegate'
        local shop, dead = tg.backend 'shop', tg.backend 'dead'
        return function()
          for _ = 1, 3 do tg.try(shop:get '/') end
          local _, err = dead:get '/'
          return tg.text(err.code)
        end]],
      backends = { shop = shop, dead = 'http://127.0.0.1:' .. upstream.dead_port() },
      site = { workers = 1, admin = 'unix:admin.sock' },
    }
    assert.equal('refused', tide:get('/').body)
    local dead, there = unpack(status(tide.site .. '/admin.sock').backends)
    assert.same({ 'dead', { refused = 1 }, 1 },
      { dead.backend, dead.addresses[1].errors, dead.addresses[1].requests })
    there = there.addresses[1]
    assert.same({ 3, 1, 1, 0, {} },
      { there.requests, there.open, there.idle, there.under_way, there.errors })
    assert.is_true(there.latency_ms.p50 <= there.latency_ms.most)
    tide:stop()
    shop:stop()
  end)
end)

describe('tidegate status', function()
  it('shows it to people, and as JSON', function()
    local tide = serve()
    assert.equal(200, tide:get('/').status)
    local result = gate.run { 'status', tide.site }
    assert.equal(0, result.status)
    assert.matches('\npid +' .. tide.pid .. '\n', result.out)
    assert.matches('\nconnections\n  open +%d+\n  most +%d+\n', result.out)
    assert.matches('\nroutes\n  ANY /  requests=1\n  ANY /{path...}  requests=0\n', result.out)
    assert.matches('\nbackends\n  crm  queued=0  retries=0  turned_away=0  addresses=\n'
      .. '    http://127.0.0.1:9  state=ready  ejections=0  open=0', result.out)
    result = gate.run { 'status', '--json', tide.site }
    assert.equal(tide.pid, cjson.decode(result.out).pid)
    result = gate.run({ 'status', '--admin', 'unix:admin.sock' }, { dir = tide.site })
    assert.equal(0, result.status)
    tide:stop()
  end)

  it('says when nobody answers', function()
    local result = gate.command('status', { script = SCRIPT, site = site "'unix:admin.sock'" })
    assert.equal(1, result.status)
    assert.matches('nobody answers: No such file', result.err)
    result = gate.command('status', { script = SCRIPT, site = { workers = 1 } })
    assert.equal(1, result.status)
    assert.matches('site%.lua has no admin address', result.err)
    result = gate.run { 'status', '--admin', 'x' }
    assert.equal(1, result.status)
    assert.equal(2, gate.run({ 'status', '--admin' }).status)
    assert.equal(2, gate.run({ 'check', '--json' }).status)
  end)
end)

describe('the key admin', function()
  for text, said in pairs {
    ["'http://10.0.0.1:9090'"] = 'an address that others can reach needs a token',
    ["'http://0.0.0.0:9090'"] = 'needs a token',
    ["'x'"] = "admin: 'x': ",
    ["'unix:'"] = "a path must follow 'unix:'",
    ["'unix:" .. ('x'):rep(120) .. "'"] = 'the path of a Unix socket is too long',
    ["{ 'http://10.0.0.1:9090', token = 'short' }"] = 'at least 8 characters',
    ["{ 'unix:a', tokn = 'long-enough' }"] = "unknown key 'tokn' in admin; did you mean 'token'",
    ['{}'] = 'admin needs an address',
    ['5'] = 'admin must be a table',
  } do
    it('refuses ' .. text:sub(1, 40), function()
      local result = gate.command('check', { script = SCRIPT, site = site(text) })
      assert.equal(1, result.status)
      assert.is_truthy(result.err:find(said, 1, true), result.err)
    end)
  end

  for _, text in ipairs { "'http://127.0.0.1:9090'", "'http://[::1]:9090'",
    "'http://127.9.9.9:1'", "'unix:/tmp/a.sock'",
    "{ 'http://0.0.0.0:9', token = 'long-enough' }" } do
    it('takes ' .. text, function()
      local result = gate.command('check', { script = SCRIPT, site = site(text) })
      assert.equal(0, result.status, result.err)
    end)
  end
end)
