local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local sanitized = require 'spec.support.sanitized'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local SITE = [[return { admin = 'unix:admin.sock', workers = %d, %s
  routes = { %s } }]]

local function site_of(routes, more, workers)
  return SITE:format(workers or 2, more or '', routes)
end

local function answering(text) return ("return function() return '%s' end"):format(text) end

local function serve(opts)
  local tide = gate.serve(opts)
  return tide, tide.site .. '/admin.sock'
end

local function write(tide, path, text) posix.write(tide.site .. '/' .. path, text) end

local function reload(where, headers)
  local connection = client.connect(where)
  local res = connection:request({ method = 'POST', path = '/reload', headers = headers }, 60)
  connection:close()
  return res:json(), res.status
end

local function status(where) return client.request(where, { path = '/status' }):json() end

describe('a reload', function()
  it('serves changed scripts, and routes and backends that came, changed or went', function()
    local tide, where = serve {
      site = site_of([[{ 'GET /a', 'a.lua' }, { 'GET /b', 'b.lua' }, { 'GET /c', 'c.lua' }]],
        [[backends = { x = 'http://127.0.0.1:9', y = 'http://127.0.0.1:9',
          z = 'http://127.0.0.1:9' },]]),
      files = { ['a.lua'] = answering 'a1', ['b.lua'] = answering 'b1',
        ['c.lua'] = answering 'c1' } }
    assert.equal('a1', tide:get('/a').body)
    assert.equal('b1', tide:get('/b').body)
    assert.same({ 1, cjson.null }, { status(where).generation, status(where).reload })
    write(tide, 'a.lua', answering 'a2')
    write(tide, 'd.lua', answering 'd1')
    write(tide, 'site.lua', site_of(
      [[{ 'GET /d', 'd.lua' }, { 'GET /a', 'a.lua' }, { 'GET /c', 'c.lua' }]],
      [[backends = { x = 'http://127.0.0.1:9', y = 'http://127.0.0.1:10',
        w = 'http://127.0.0.1:9' },]]))
    local said, code = reload(where)
    assert.same({ 200, true, 2 }, { code, said.ok, said.generation })
    assert.same({ added = { 'GET /d' }, removed = { 'GET /b' }, changed = { 'GET /a' } },
      said.routes)
    assert.same({ added = { 'w' }, removed = { 'z' }, changed = { 'y' } }, said.backends)
    assert.same({}, said.warnings)
    for _ = 1, 20 do
      assert.equal('a2', tide:get('/a').body)
      assert.equal('d1', tide:get('/d').body)
      assert.equal(404, tide:get('/b').status)
    end
    local now = status(where)
    assert.equal(2, now.generation)
    assert.is_true(now.reload.ok)
    assert.same({ route = 'GET /a', requests = 21 }, now.routes[2])
    assert.same({ route = 'GET /c', requests = 0 }, now.routes[3])
    tide:stop()
  end)

  it('is asked for by tidegate reload and by SIGHUP', function()
    local tide, where = serve { site = site_of [[{ 'GET /', 'main.lua' }]],
      script = answering 'one' }
    write(tide, 'main.lua', answering 'two')
    local said = gate.run { 'reload', tide.site }
    assert.same({ 0, '' }, { said.status, said.err })
    assert.truthy(said.out:find('GET /', 1, true))
    assert.equal('two', tide:get('/').body)
    write(tide, 'main.lua', answering 'three')
    tide:signal(posix.HUP)
    wait.eventually(function() return tide:get('/').body == 'three' end)
    write(tide, 'main.lua', 'return function(')
    tide.opts.expect_errors = { 'event=reload_failed' }
    said = gate.run { 'reload', tide.site }
    assert.same({ 1, '' }, { said.status, said.out })
    assert.truthy(said.err:find('main.lua:1:', 1, true))
    said = gate.run { 'reload', '--json', '--admin', 'unix:' .. where }
    assert.equal(1, said.status)
    assert.is_false(cjson.decode(said.out).ok)
    tide:stop()
  end)

  it('is refused with an Origin, without the token, and by GET', function()
    local tide, where = serve { script = answering 'ok', site = [[return { workers = 1,
      admin = { 'unix:admin.sock', token = 'very-secret' },
      routes = { { 'GET /', 'main.lua' } } }]] }
    local function ask(headers, method)
      local request = { method = method or 'POST', path = '/reload', headers = headers }
      return client.request(where, request).status
    end
    local token = { 'authorization', 'Bearer very-secret' }
    assert.equal(401, ask {})
    assert.equal(403, ask { token, { 'origin', 'http://evil.example' } })
    assert.equal(405, ask({ token }, 'GET'))
    assert.equal(200, ask { token })
    tide:stop()
  end)

  it('lets requests that have begun end on what they began with', function()
    local pieces = { 'HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n' }
    for _ = 1, 30 do
      pieces[#pieces + 1] = ('x'):rep(10000)
      pieces[#pieces + 1] = 0.1
    end
    local shop = upstream { ['/big'] = pieces }
    local backends = ("backends = { shop = '%s' },"):format(shop.url)
    local tide, where = serve { site = site_of(
        [[{ 'GET /slow', 'slow.lua' }, { 'GET /quick', 'slow.lua' },
        { 'GET /big', backend = 'shop' }]], backends),
      files = { ['slow.lua'] = [[
        local tg = require 'tidegate'
        local version = 'old'
        return function(req)
          if req.path == '/slow' then
            tg.sleep(1)
            tg.after(function() tg.sleep(0.5) tg.log.info('after', { version = version }) end)
          end
          return version
        end]] } }
    local slow, big = tide:connect(), tide:connect()
    slow:send 'GET /slow HTTP/1.1\r\nhost: a\r\n\r\n'
    big:send 'GET /big HTTP/1.1\r\nhost: a\r\n\r\n'
    shop:await('request', 1)
    wait.eventually(function() return status(where).routes[1].requests == 1 end)
    write(tide, 'slow.lua', "return function() return 'new' end")
    write(tide, 'site.lua', site_of [[{ 'GET /quick', 'slow.lua' }]])
    assert.is_true((reload(where)).ok)
    assert.equal('new', tide:get('/quick').body)
    assert.equal(404, tide:get('/slow').status)
    assert.equal(404, tide:get('/big').status)
    assert.equal('old', slow:receive(5).body)
    assert.is_true((reload(where)).ok)
    local download = big:receive(10)
    assert.equal(200, download.status)
    assert.equal(('x'):rep(300000), download.body)
    tide:await_log('event=after version=old')
    slow:close()
    big:close()
    tide:stop()
    shop:stop()
  end)

  it('leaves a connection that has switched protocols as it is', function()
    local echo = upstream { ['/ws'] = { 'HTTP/1.1 101 Switching Protocols\r\n'
      .. 'connection: upgrade\r\nupgrade: drip\r\n\r\none', 1.5, 'two', close = true } }
    local tide, where = serve { site = site_of(
      [[{ 'GET /ws', backend = 'echo', upgrade = true }, { 'GET /', 'main.lua' }]],
      ("backends = { echo = '%s' },"):format(echo.url)), script = answering 'ok' }
    local connection = tide:connect()
    connection:send 'GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: drip\r\n\r\n'
    echo:await('request', 1)
    wait.eventually(function() return status(where).routes[1].requests == 1 end)
    write(tide, 'site.lua', site_of [[{ 'GET /', 'main.lua' }]])
    for _ = 1, 3 do assert.is_true((reload(where)).ok) end
    local text = connection:rest(5)
    assert.truthy(text:find('^HTTP/1.1 101 .*onetwo$'), text)
    connection:close()
    tide:stop()
    echo:stop()
  end)

  it('changes nothing when anything is wrong, and says where', function()
    local good = site_of([[{ 'GET /', 'main.lua' }]], "limits = { script_cpu = 0.1 },")
    local tide, where = serve { site = good, script = answering 'well',
      expect_errors = { 'event=reload_failed' } }
    local cases = {
      { 'main.lua', 'return function(', 'main%.lua:1:' },
      { 'main.lua', '\nerror "no"', 'main%.lua:2: no' },
      { 'main.lua', '\nwhile true do end', 'main%.lua:2:' },
      { 'main.lua', "\nrequire 'nowhere'", 'main%.lua:2:.*nowhere' },
      { 'main.lua', "\nrequire 'tidegate'.backend 'nobody'", 'main%.lua:2:.*nobody' },
      { 'main.lua', 'return 1', 'main%.lua' },
      { 'main.lua', "\nrequire 'tidegate'.xml.schema 'gone.xsd'", 'main%.lua:2:.*gone%.xsd' },
      { 'main.lua', "\nrequire 'tidegate'.xml.schema 'half.xsd'", 'half%.xsd' },
      { 'site.lua', good:sub(1, #good - 20), 'site%.lua:%d' },
      { 'site.lua', 'while true do end', 'site%.lua' },
      { 'site.lua', site_of [[{ 'GET /', 'gone.lua' }]], 'site%.lua:2:.*gone%.lua' },
      { 'site.lua', site_of [[{ 'GET /', backend = 'nobody' }]], 'site%.lua:2:.*nobody' },
      { 'site.lua', site_of([[{ 'GET /', 'main.lua' }]], [[backends = {
        x = { 'https://127.0.0.1:9', tls = { ca = 'gone.pem' } } },]]), 'gone%.pem' },
    }
    write(tide, 'half.xsd', '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:el')
    local before = { ['main.lua'] = answering 'well', ['site.lua'] = good }
    for _, case in ipairs(cases) do
      write(tide, case[1], case[2])
      local said, code = reload(where)
      assert.same({ 422, false, 1 }, { code, said.ok, said.generation })
      assert.truthy(said.problems[1]:find(case[3]), said.problems[1])
      assert.same(said.problems, status(where).reload.problems)
      assert.equal('well', tide:get('/').body)
      write(tide, case[1], before[case[1]])
    end
    tide:await_log('event=reload_failed reason="[^"]*main.lua:2: no"')
    write(tide, 'main.lua', answering 'better')
    assert.equal(2, (reload(where)).generation)
    assert.equal('better', tide:get('/').body)
    tide:stop()
  end)

  it('says what only a restart changes, and reloads the rest', function()
    local tide, where = serve { site = site_of([[{ 'ANY /', 'main.lua' }]],
      'limits = { body = 10 }, log = { access = "stdout" },'), script = answering 'ok' }
    assert.equal(413, tide:post('/', ('x'):rep(20)).status)
    write(tide, 'site.lua', site_of([[{ 'ANY /', 'main.lua' }]],
      'limits = { body = 30 }, log = { access = false }, listen = { "http://127.0.0.2:1" },', 1))
    local said = reload(where)
    assert.is_true(said.ok)
    local all = table.concat(said.warnings, '\n')
    for _, name in ipairs { 'listen', 'workers', 'log.access' } do
      assert.truthy(all:find(name, 1, true), name)
    end
    assert.equal(3, #said.warnings)
    tide:await_log('event=needs_restart what="workers has')
    assert.equal(200, tide:post('/', ('x'):rep(20)).status)
    assert.equal(413, tide:post('/', ('x'):rep(31)).status)
    tide:stop()
  end)

  it('keeps connections and ejections of a backend that stays as it is', function()
    local shop = upstream { ['/'] = upstream.text('ok') }
    local site = site_of([[{ 'GET /shop', 'shop.lua' }, { 'GET /bad', 'bad.lua' }]], ([[backends = {
      shop = '%s', bad = { 'http://127.0.0.1:%d', eject = { failures = 1, time = 60 } } },]])
      :format(shop.url, upstream.dead_port()), 1)
    local tide, where = serve { site = site, files = {
      ['shop.lua'] = [[local shop = require 'tidegate'.backend 'shop'
        return function() return shop:get('/').body end]],
      ['bad.lua'] = [[local bad = require 'tidegate'.backend 'bad'
        return function() local _, err = bad:get('/') return err.code end]] } }
    assert.equal('ok', tide:get('/shop').body)
    assert.equal('refused', tide:get('/bad').body)
    for _ = 1, 3 do
      assert.is_true((reload(where)).ok)
      assert.equal('ok', tide:get('/shop').body)
      assert.not_equal('refused', tide:get('/bad').body)
    end
    assert.equal(1, shop:count 'connect')
    local bad, good = unpack(status(where).backends)
    assert.same({ 'ejected', 1, 4 }, { bad.addresses[1].state, bad.addresses[1].ejections,
      good.addresses[1].requests })
    write(tide, 'site.lua', (site:gsub('time = 60', 'time = 61')))
    assert.same({ 'bad' }, (reload(where)).backends.changed)
    assert.equal('refused', tide:get('/bad').body)
    tide:stop()
    shop:stop()
  end)

  it('starts tg.every and modules anew, once', function()
    local tide, where = serve { site = site_of([[{ 'GET /', 'main.lua' }]],
      [[package_path = 'lib/?.lua',]]), files = { ['lib/shared.lua'] = "return { name = 'one' }" },
      script = [[
        local tg = require 'tidegate'
        local name, ticks = require 'shared'.name, 0
        tg.every(0.05, function()
          ticks = ticks + 1
          tg.log.info('tick', { name = name, n = ticks })
        end)
        return function() return name end]] }
    tide:await_log('n=2 name=one')
    write(tide, 'lib/shared.lua', "return { name = 'two' }")
    reload(where)
    assert.equal('two', tide:get('/').body)
    local _, ones = tide.log():gsub('name=one', '')
    tide:await_log('n=6 name=two')
    local log = tide.log()
    local _, ones_later = log:gsub('name=one', '')
    assert.is_true(ones_later <= ones + 1)
    local _, sixth = log:gsub('n=6 name=two', '')
    assert.equal(1, sixth)
    tide:stop()
  end)

  it('loses nothing and keeps nothing, a hundred times under load', function()
    local shop = upstream { ['/'] = upstream.text('ok') }
    local tide, where = serve { site = site_of([[{ 'GET /{n}', 'main.lua' }]],
      ("backends = { shop = '%s' }, log = { access = false },"):format(shop.url)), script = [[
        local tg = require 'tidegate'
        local shop = tg.backend 'shop'
        tg.every(1, function() end)
        local ballast = {}
        for i = 1, 1000 do ballast[i] = { i } end
        return function(req)
          if req.params.n == '1' then return shop:get('/').body end
          tg.sleep(0.002)
          return 'ok'
        end]] }
    local served, memory, descriptors = 0, {}, {}
    for round = 1, 100 do
      local requests = {}
      for i = 1, 8 do requests[i] = { path = '/' .. i % 4 } end
      local asked = client.connect(where)
      asked:send 'POST /reload HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n'
      for _, res in ipairs(tide:all(requests, 30)) do
        assert.equal(200, res.status)
        served = served + 1
      end
      local answer = asked:receive(30)
      asked:close()
      assert.equal(200, answer.status)
      assert.equal(round + 1, answer:json().generation)
      if round == 10 or round == 100 then
        wait.eventually(function() return status(where).connections.open == 0 end)
        memory[round], descriptors[round] = tide:memory(), tide:descriptors()
      end
    end
    assert.equal(800, served)
    assert.is_true(math.abs(descriptors[100] - descriptors[10]) <= 4,
      descriptors[10] .. ' descriptors became ' .. descriptors[100])
    if not sanitized() then
      assert.is_true(memory[100] < memory[10] * 1.05 + 1048576,
        memory[10] .. ' bytes became ' .. memory[100])
    end
    assert.is_true(shop:count 'connect' <= 10)
    tide:stop()
    shop:stop()
  end)

  it('gives back what the scripts before held', function()
    if sanitized() then return pending 'memory says nothing under a sanitizer' end
    local tide, where = serve { site = site_of("{ 'GET /a', 'a.lua' }", '', 1), files = {
      ['a.lua'] = "local list = {} for i = 1, 2e5 do list[i] = { i } end " .. answering 'big' } }
    local before = tide:memory()
    write(tide, 'a.lua', answering 'small')
    assert.equal(200, select(2, reload(where)))
    wait.eventually(function() return tide:memory() < before - 10e6 end, 10)
    tide:stop()
  end)

  it('happens by itself with --watch', function()
    local tide = serve { args = { '--watch' }, site = site_of([[{ 'GET /', 'main.lua' }]],
      [[package_path = 'lib/?.lua',]]), script = answering 'one',
      expect_errors = { 'event=reload_failed' } }
    local function becomes(text)
      wait.eventually(function() return tide:get('/').body == text end)
    end
    write(tide, 'main.lua', answering 'edited')
    becomes 'edited'
    write(tide, 'main.lua.tmp', answering 'replaced')
    assert(os.rename(tide.site .. '/main.lua.tmp', tide.site .. '/main.lua'))
    becomes 'replaced'
    write(tide, 'main.lua', 'return function(')
    tide:await_log('event=reload_failed reason="[^"]*main.lua:1:')
    assert.equal('replaced', tide:get('/').body)
    write(tide, 'lib/new.lua', "return 'from a new file'")
    write(tide, 'main.lua', "local new = require 'new' return function() return new end")
    becomes 'from a new file'
    write(tide, 'lib/new.lua', "return 'from a new folder'")
    becomes 'from a new folder'
    tide:stop()
  end)

  it('happens once for a burst of changes, however an editor makes them', function()
    local tide, where = serve { args = { '--watch' },
      site = site_of [[{ 'GET /', 'main.lua' }]], script = answering 'one' }
    local function becomes(text)
      wait.eventually(function() return tide:get('/').body == text end)
    end
    local function run(command)
      assert(os.execute(('cd %s && %s'):format(tide.site, command)) == 0)
    end
    run 'mv main.lua main.lua~' -- the backup of one, before the new file is written
    write(tide, 'main.lua', answering 'two')
    run 'rm main.lua~'
    becomes 'two'
    write(tide, '.main.lua.swp', answering 'three')
    run 'mv .main.lua.swp main.lua'
    becomes 'three'
    write(tide, 'other.lua', answering 'four')
    run 'ln -s other.lua link && mv link main.lua'
    becomes 'four'
    local generation = status(where).generation
    for i = 1, 200 do write(tide, 'other.lua', answering('n' .. i)) end
    becomes 'n200'
    posix.pause(0.3)
    local reloads = status(where).generation - generation
    assert.is_true(reloads >= 1 and reloads <= 3, reloads .. ' reloads')
    local file = io.open(tide.site .. '/other.lua', 'w') -- half of it is written, and held
    file:write "return function() return 'whole"
    file:flush()
    posix.pause(0.4)
    assert.equal('n200', tide:get('/').body)
    file:write "' end"
    file:close()
    becomes 'whole'
    tide:stop()
  end)
end)
