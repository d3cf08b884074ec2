local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'
local serve = require('spec.support.script').threads(1)

local USR1 = 10

describe('the access log', function()
  it('has one object a line with these members', function()
    local tide = gate.serve { routes = { { 'GET /a/{id}', 'a.lua' }, { 'GET /bad', 'bad.lua' } },
      scripts = { ['a.lua'] = 'return function() return "four" end',
        ['bad.lua'] = 'return function() error "x" end' },
      expect_errors = { 'event=script_error' } }
    tide:get('/a/7%2f8?secret=1', { ['x-request-id'] = 'r-1' })
    tide:get('/none')
    tide:request { method = 'POST', path = '/a/1' }
    tide:get('/%zz')
    tide:get('/bad')
    local list = tide:await_access(5)
    table.sort(list, function(a, b) return a.status < b.status end)
    local entry = list[1]
    assert.matches('^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$', entry.time)
    assert.same({ 'r-1', '127.0.0.1', 'GET', '/a/7%2F8', 'GET /a/{id}', 200, 4 },
      { entry.id, entry.client, entry.method, entry.path, entry.route, entry.status, entry.bytes })
    assert.is_true(entry.ms >= entry.script_ms and entry.script_ms > 0 and entry.ms < 5000)
    assert.is_nil(entry.calls)
    local names = {}
    for name in pairs(entry) do names[#names + 1] = name end
    table.sort(names)
    assert.same({ 'bytes', 'client', 'id', 'method', 'ms', 'path', 'route', 'script_ms', 'status',
      'time' }, names)
    assert.equal(400, list[2].status)
    assert.same({ 404, nil, '/none' }, { list[3].status, list[3].route, list[3].path })
    assert.same({ 405, 'POST' }, { list[4].status, list[4].method })
    assert.same({ 500, 'GET /bad' }, { list[5].status, list[5].route })
    tide:stop()
  end)

  it('tells of each backend call with its time', function()
    local shop = upstream { ['/fast'] = upstream.text 'x', ['/slow'] = { delay = 0.05,
      upstream.text('x', 503) } }
    local tide = serve([[
      return function()
        local shop, dead = tg.backend 'shop', tg.backend 'dead'
        shop:get '/fast'
        shop:get '/slow'
        dead:get '/'
        shop:get('/slow', { timeout = 0.01 })
        return 'ok'
      end]], { backends = { shop = shop, dead = 'http://127.0.0.1:' .. upstream.dead_port() } })
    tide:get('/')
    local calls = tide:await_access(1)[1].calls
    assert.equal(4, #calls)
    assert.same({ 'shop', 200, nil }, { calls[1].backend, calls[1].status, calls[1].error })
    assert.same({ 'shop', 503 }, { calls[2].backend, calls[2].status })
    assert.is_true(calls[2].ms >= 45 and calls[1].ms < 45)
    assert.same({ 'dead', nil, 'refused' }, { calls[3].backend, calls[3].status, calls[3].error })
    assert.same({ 'shop', 'timeout' }, { calls[4].backend, calls[4].error })
    tide:stop()
    shop:stop()
  end)

  it('is silent when it is false', function()
    local tide = serve("return function() return 'ok' end", { site = { workers = 1,
      log = { access = false } } })
    for _ = 1, 5 do tide:get('/') end
    local stdout = assert(io.open(tide.stdout))
    tide:stop()
    assert.equal('', stdout:read '*a')
    stdout:close()
  end)

  it('goes to a file, which is opened again at SIGUSR1', function()
    local folder = posix.folder()
    local path = folder .. '/access.log'
    local tide = serve("return function() return 'ok' end", { site = { workers = 2,
      log = { access = path } } })
    local function paths(file)
      local list = {}
      for i, entry in ipairs(gate.parse_access(posix.read(file))) do list[i] = entry.path end
      return table.concat(list, ' ')
    end
    tide:get('/1')
    wait.eventually(function() return paths(path) == '/1' end)
    assert(os.rename(path, folder .. '/old.log'))
    tide:get('/2')
    wait.eventually(function() return paths(folder .. '/old.log') == '/1 /2' end)
    tide:signal(USR1)
    tide:await_log 'event=logs_reopened'
    wait.eventually(function() return io.open(path) end)
    tide:get('/3')
    wait.eventually(function() return paths(path) == '/3' end)
    assert.equal('/1 /2', paths(folder .. '/old.log'))
    assert.equal('', posix.read(tide.stdout))
    tide:stop()
    posix.remove(folder)
  end)

  it('takes hostile text as text', function()
    local tide = serve "return function() return 'ok' end"
    tide:get('/%22%7d%5c"}{', { ['x-request-id'] = '"},{"a":"b' })
    tide:request { method = "G'T", path = '/%E2%80%A8' }
    local list = tide:await_access(2)
    table.sort(list, function(a, b) return a.path < b.path end)
    assert.equal('/%22%7D%5C%22%7D%7B', list[1].path)
    assert.matches('^%x+$', list[1].id)
    assert.equal("G'T", list[2].method)
    tide:stop()
  end)
end)

describe('neither log', function()
  it('shows header fields, queries, bodies or what env and file gave', function()
    local shop = upstream { default = upstream.text('answer-of-the-shop', 500) }
    local tide = gate.serve {
      site = ([[return { workers = 1, backends = { shop = { '%s' } },
        log = { level = 'debug' },
        routes = { { 'ANY /{p...}', 'a.lua', settings = { key = env 'TG_SPEC_KEY',
          file = file 'key', pem = file 'pem' } } } }]]):format(shop.url),
      scripts = { ['a.lua'] = [[
        local tg = require 'tidegate'
        local shop = tg.backend 'shop'
        return function(req, route)
          if req.path == '/fail' then error('no luck') end
          if req.path == '/leak' then error('with ' .. route.settings.key) end
          if req.path == '/print' then print('it is ' .. route.settings.file) end
          if req.path == '/pem' then tg.log.warn('pem',
            { text = '<' .. route.settings.pem .. '>' }) end
          local res = shop:post('/p?query-of-the-call=1', { body = req.body,
            headers = { authorization = route.settings.key },
            expect = '2xx' })
          return { assert(res, 'x').status }
        end]] },
      files = { key = 'key-in-a-file',
        pem = '--BEGIN--\nsecret-of-ada-"quoted"-secret-of-ada\nline-of-key-in-pem\n--END----\n' },
        env = { TG_SPEC_KEY = 'key-in-env' },
      expect_errors = { 'event=script_error' },
    }
    local headers = { authorization = 'Bearer secret-of-ada', cookie = 'session=secret-of-ada',
      ['x-own'] = 'secret-of-ada' }
    for _, path in ipairs { '/', '/fail', '/leak', '/print', '/key-in-env', '/none', '/pem' } do
      tide:post(path .. '?secret-of-ada=1', 'secret-of-ada', headers)
    end
    tide:await_access(7)
    tide:await_log 'event=pem text="<%*+\\n%*+'
    tide:await_log 'event=print[^\n]*it is %*+'
    tide:await_log 'event=script_error[^\n]*with %*+'
    for _, text in ipairs { tide.log(), posix.read(tide.stdout) } do
      for _, secret in ipairs { 'secret%-of%-ada', 'key%-in', 'answer%-of', 'query%-of', 'Bearer',
        'session' } do
        assert.is_nil(text:match('[^\n]*' .. secret .. '[^\n]*'), secret)
      end
    end
    tide:stop()
    shop:stop()
  end)
end)

describe('a log that nobody reads', function()
  it('holds up no request, and the loss is told when there is room again', function()
    local folder = posix.folder()
    local pipe = folder .. '/pipe'
    os.execute(('mkfifo %q'):format(pipe))
    -- A reader that reads nothing until a file appears.
    local reader = posix.spawn({ '/bin/sh', '-c',
      'exec 3<"$0/pipe"; while [ ! -e "$0/go" ]; do sleep 0.02; done; cat <&3 >"$0/out"', folder },
        {})
    local tide = gate.serve { site = { workers = 1, log = { access = pipe } },
      script = "return function() return 'ok' end" }
    local connection = tide:connect()
    local path, sent = '/' .. ('x'):rep(4000), 0
    for _ = 1, 400 do
      assert.equal(200, connection:get(path).status)
      sent = sent + 1
    end
    posix.write(folder .. '/go', '')
    local function entries() return gate.parse_access(posix.read(folder .. '/out')) end
    wait.eventually(function() return #entries() > 100 end)
    local lost = wait.eventually(function()
      connection:get('/after')
      sent = sent + 1
      for _, entry in ipairs(entries()) do
        if entry.event == 'lines_lost' then return entry.count end
      end
    end)
    connection:close()
    assert.is_true(lost > 20 and lost < 400)
    tide:stop()
    wait.eventually(function() return posix.ended(reader) end)
    local count = 0
    for _, entry in ipairs(entries()) do count = count + (entry.count or 1) end
    assert.equal(sent, count)
    posix.remove(folder)
  end)
end)

describe('tg.log', function()
  it('writes events with fields, in order of their names, with the id of the request', function()
    local tide = serve([[
      tg.log.info('loaded')
      return function()
        tg.log.debug('d', { a = 1 })
        tg.log.info('stock_low', { item = 7, where = 'the shop', yes = true, null = tg.null,
          nothing = nil, list = nil })
        tg.log.warn('w')
        print('hello', 1, nil, true)
        return 'ok'
      end]], { site = { workers = 1, log = { level = 'debug' } } })
    tide:get('/', { ['x-request-id'] = 'r1' })
    tide:await_log 'event=print'
    local log = tide.log()
    assert.matches('level=info event=loaded\n', log)
    assert.matches('time=%S+ level=debug id=r1 event=d a=1\n', log)
    assert.matches('level=info id=r1 event=stock_low item=7 null=null where="the shop" yes=true\n',
      log)
    assert.matches('level=warn id=r1 event=w\n', log)
    assert.matches('level=info [^\n]*event=print text="hello\\u00091\\u0009nil\\u0009true"\n', log)
    tide:stop()
  end)

  it('writes from the level up', function()
    for level, want in pairs { debug = 'd i w e', info = 'i w e' } do
      local tide = serve([[
        return function()
          for _, one in ipairs { 'debug', 'info', 'warn', 'error' } do tg.log[one]('said',
            { as = one:sub(1, 1) }) end
          return 'ok'
        end]], { site = { workers = 1, log = { level = level } },
          expect_errors = { 'event=said' } })
      tide:get('/')
      tide:await_log 'event=said as=e'
      local seen = {}
      for one in tide.log():gmatch 'event=said as=(%l)' do seen[#seen + 1] = one end
      assert.equal(want, table.concat(seen, ' '))
      tide:stop()
    end
  end)

  it('can not be made to write more lines or fields than it was told to', function()
    local tide = serve [[
      return function(req)
        tg.log.warn('user\nlevel=fatal event=forged',
          { ['na me=x\n'] = 'a"b\\c\r\nlevel=fatal d="e', utf = 'ä\255', nul = 'a\0b',
          esc = '\27[31m' })
        tg.log.warn('named', { name = req.query.name })
        print('one\nlevel=fatal two')
        return 'ok'
      end]]
    tide:get('/?name=x%0Alevel=fatal%20event=forged')
    tide:await_log 'event=print'
    for line in tide.log():gmatch '[^\n]+' do
      assert.matches('^time=%S+ level=%l+ ', line)
      local _, levels = line:gsub(' level=%l+ ', '')
      assert.is_true(levels == 1 or line:find ' level=%l+ .*"' ~= nil)
      assert.is_nil(line:find '[%c\127]')
    end
    local _, lines = tide.log():gsub('\n', '')
    local refused = tide.log():find('event=no_io_uring', 1, true) and 1 or 0
    assert.equal(4 + refused, lines)
    tide:stop()
  end)

  it('raises at the line of a wrong call', function()
    local tide = serve [[
      return function()
        local out = {}
        for i, case in ipairs { function() tg.log.info() end, function() tg.log.info({}) end,
          function() tg.log.info('x', 'y') end, function() tg.log.info('x', { 'y' }) end,
          function() tg.log.notice('x') end, function() tg.log.info = nil end } do
          out[i] = tostring(select(2, pcall(case)))
        end
        return out
      end]]
    local said = tide:get('/'):json()
    assert.equal(6, #said)
    for i, text in ipairs(said) do assert.matches('main%.lua:[4-6]: ', text, i) end
    tide:stop()
  end)
end)
