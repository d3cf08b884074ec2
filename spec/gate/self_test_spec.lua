-- The self_test of a route: sent before a reading of the site is served.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

local ECHO = [[
  local tg = require 'tidegate'
  return function(req)
    return tg.json { id = req.params.id, agent = req.headers['x-agent'], body = req.body }
  end]]

local function text_of(lines)
  return 'return { workers = 1, admin = "unix:admin.sock", ' .. lines .. ' }'
end

local function routes(self_test, script)
  return text_of(("routes = { { 'ANY /a/{id}', '%s', self_test = %s } }"):format(script or 'a.lua',
    self_test))
end

local function check(site, scripts, ...)
  return gate.command('check', { site = site, scripts = scripts }, ...)
end

describe('a self_test', function()
  -- What is wrong with a table, and where.
  local WRONG = {
    { "'a'", "path must begin with '/'" }, { 'true', 'needs a path such as' },
    { '7', 'self_test must be a table' }, { "{ '/a/1' }", "can't have items in a row" },
    { "{ path = '/a/1', status = '6xx' }", 'status must be a number from 200 to 599' },
    { "{ path = '/a/1', status = 199 }", 'status must be a number from 200 to 599' },
    { "{ path = '/a/1', pth = 1 }", "unknown key 'pth' in self_test; did you mean 'path'?" },
    { "{ path = '/a/1', headers = { ['a b'] = 'x' } }", "'a b' is not the name of a header field" },
    { "{ path = '/a/1', headers = { x = 'a\\r\\nb' } }", 'without control characters' },
    { "{ path = '/a/1', headers = { connection = 'x' } }", 'is set by the program' },
    { "{ path = '/a/1', timeout = 61 }", 'timeout must be from 0.01 to 60 seconds' },
    { "{ path = '/a/1', method = 'get' }", "'get' is not a method" },
    { "{ path = '/b/1' }", "GET /b/1 is not for route 'ANY /a/{id}'" },
    { "{ path = '/a/%zz' }", "is not for route 'ANY /a/{id}'" },
  }
  for _, row in ipairs(WRONG) do
    it('is checked: ' .. row[1], function()
      local result = check(routes(row[1]), { ['a.lua'] = ECHO })
      assert.equal(1, result.status)
      assert.matches('site%.lua:%d+: ', result.err)
      assert(result.err:find(row[2], 1, true), result.err)
    end)
  end

  it('is not sent by check alone, but by check --self-test', function()
    local scripts = { ['a.lua'] = "return function() error 'broken' end" }
    assert.equal(0, check(routes "'/a/1'", scripts).status)
    local result = check(routes "'/a/1'", scripts, '--self-test')
    assert.equal(1, result.status)
    assert.matches("site%.lua:1: route 'ANY /a/{id}': self_test: GET /a/1 gave 500 instead of 2xx: "
      .. '%S*a%.lua:1: broken\n', result.err)
    local json = check(routes "'/a/1'", scripts, '--self-test', '--format', 'json')
    assert.matches('"line":1,', json.out)
  end)

  it('has what it says, in the request and in what must come back', function()
    local function one(self_test)
      return check(routes(self_test), { ['a.lua'] = ECHO }, '--self-test')
    end
    local all = "{ path = '/a/7?x', method = 'POST', body = 'text', " ..
      "headers = { ['x-agent'] = 'me' }, "
    local told = [['"id":"7"', '"agent":"me"', '"body":"text"']]
    assert.equal(0, one(all .. 'status = 200, contains = { ' .. told .. ' } }').status)
    assert.matches("POST /a/7%?x gave a body without '\"id\":\"8\"': {", one(all ..
      [[contains = '"id":"8"' }]]).err)
    assert.matches('POST /a/7%?x gave 200 instead of 4xx: ', one(all .. "status = '4xx' }").err)
    assert.matches('gave 200 instead of 201: ', one(all .. 'status = 201 }').err)
  end)

  it('shows no secret of the site', function()
    local result = gate.command('check', { env = { WORD = 'open-sesame' },
      site = text_of('routes = { ' ..
        "{ 'GET /a', 'a.lua', self_test = { headers = { ['x-agent'] = env 'WORD' }, " ..
        "contains = 'nothing' } } }"),
      scripts = { ['a.lua'] = "return function(req) return 'got ' .. req.headers['x-agent'] end" },
    }, '--self-test')
    assert.matches("gave a body without 'nothing': got %*+", result.err)
  end)

  it('waits for scripts and backends, and no longer than its timeout', function()
    local shop = upstream { ['/well'] = { delay = 0.1, upstream.text 'well' }, ['/hang'] = 'hang' }
    local script = { ['a.lua'] = [[
      local tg = require 'tidegate'
      return function(req) return tg.try(tg.backend 'shop':get('/' .. req.params.id)).body end]] }
    local function one(path)
      local site = "backends = { shop = '%s' }, routes = { { 'GET /a/{id}', 'a.lua', " ..
        "self_test = { path = '%s', contains = 'well', timeout = 0.5 } } }"
      return check(text_of(site:format(shop.url, path)), script, '--self-test')
    end
    assert.equal(0, one('/a/well').status)
    assert.matches('gave no answer within its timeout\n', one('/a/hang').err)
    assert.same({ '/well', '/hang' }, { shop:requests()[1].path, shop:requests()[2].path })
    shop:stop()
  end)

  it('that never ends is stopped, as any script is', function()
    local endless = { ['a.lua'] = 'return function() while true do end end' }
    local result = check(routes "'/a/1'", endless, '--self-test')
    assert.matches('gave 500 instead of 2xx: %S*a%.lua:1: stopped after 500 ms of CPU time',
      result.err)
  end)

  it('is sent for each of many routes', function()
    local list = {}
    for i = 1, 200 do
      list[i] = ("{ 'GET /%d', 'a.lua', self_test = %s }"):format(i,
        i % 50 == 0 and '{ status = 404 }' or 'true')
    end
    local result = check(text_of('routes = { ' .. table.concat(list, ',\n') .. ' }'),
      { ['a.lua'] = ECHO }, '--self-test')
    local _, lines = result.err:gsub('\n', '')
    assert.equal(4, lines)
    for _, i in ipairs { 50, 100, 150, 200 } do
      assert.matches('site%.lua:' .. i .. ": route 'GET /" .. i .. "'", result.err)
    end
  end)
end)

describe('a reload', function()
  local tide
  local function reload()
    return client.request(tide.site .. '/admin.sock', { method = 'POST', path = '/reload' })
  end
  local function status()
    return client.request(tide.site .. '/admin.sock', { path = '/status' }):json()
  end
  local function write(name, text)
    local file = assert(io.open(tide.site .. '/' .. name, 'w'))
    file:write(text)
    file:close()
  end

  it('whose self_test fails leaves the old site, and says why', function()
    tide = gate.serve { site = routes "'/a/1'",
      scripts = { ['a.lua'] = "return function() return 'old' end" },
      expect_errors = { 'event=reload_failed', 'event=script_error' } }
    assert.equal('old', tide:get('/a/9').body)
    write('a.lua', "return function(req)\n  return nil .. req.path\nend")
    local answer = reload()
    assert.equal(422, answer.status)
    local reason = answer:json().problems[1]
    assert.matches("site%.lua:1: route 'ANY /a/{id}': self_test: GET /a/1 gave 500 instead of 2xx: "
      .. '%S*a%.lua:2: attempt to concatenate', reason)
    assert.equal('old', tide:get('/a/9').body)
    assert.same({ reason }, status().reload.problems)
    tide:await_log 'event=reload_failed reason="[^\n]*self_test: GET /a/1'
    assert.equal(1, gate.run({ 'reload', tide.site }).status)

    write('a.lua', "return function() return 'new' end")
    assert.equal(200, reload().status)
    assert.equal('new', tide:get('/a/9').body)
    tide:stop()
  end)

  it('counts no self_test, keeps no answer of it, logs no access', function()
    tide = gate.serve { site = text_of(
      "routes = { { 'GET /a', 'a.lua', self_test = true, cache = { ttl = 60 } } }"),
      scripts = { ['a.lua'] = [[
        local tg = require 'tidegate'
        local runs = 0
        return function() runs = runs + 1 return tostring(runs) end]] } }
    assert.equal(200, reload().status)
    assert.equal(0, status().routes[1].requests)
    assert.equal(0, status().cache.store)
    assert.equal('1', tide:get('/a').body)
    assert.equal(1, status().routes[1].requests)
    assert.equal(1, #tide:await_access(1))
    tide:stop()
  end)

  it('goes back whatever the self_test says', function()
    local up = upstream { ['/'] = upstream.text 'up' }
    local function site(mark)
      return text_of(("backends = { up = '%s' }, routes = { " ..
        "{ 'GET /', 'a.lua', self_test = true }, { 'GET /%s', 'a.lua' } }"):format(up.url, mark))
    end
    local script = { ['a.lua'] = [[
      local tg = require 'tidegate'
      return function() return tg.try(tg.backend 'up':get '/').body end]] }
    tide = gate.serve { site = site 'one', scripts = script,
      expect_errors = { 'event=reload_failed' } }
    write('site.lua', site 'two')
    assert.equal(200, reload().status)
    up:stop()
    write('site.lua', site 'three')
    assert.equal(422, reload().status)
    local back = { method = 'POST', path = '/rollback' }
    assert.equal(200, client.request(tide.site .. '/admin.sock', back).status)
    assert.equal(502, tide:get('/one').status)
    tide:stop()
  end)

  it('runs no tg.every for a self_test', function()
    local result = check(text_of("routes = { { 'GET /a', 'a.lua', self_test = true } }"),
      { ['a.lua'] = [[
        local tg = require 'tidegate'
        local runs = 0
        tg.every(0.01, function() runs = runs + 1 end)
        return function() tg.sleep(0.2) return tg.text('', { status = 200 + runs }) end]] },
      '--self-test')
    assert.same({ 0, '' }, { result.status, result.err })
  end)

  it('leaves nothing behind, 50 times', function()
    tide = gate.serve { site = routes "'/a/1'", scripts = { ['a.lua'] = ECHO } }
    local fds
    for i = 1, 50 do
      assert.equal(200, reload().status)
      if i == 5 then fds = tide:descriptors() end
    end
    assert.is_true(tide:descriptors() <= fds)
    tide:stop()
  end)
end)
