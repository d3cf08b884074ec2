local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local function serve(main, cache, opts)
  opts = opts or {}
  opts.scripts = { ['main.lua'] = main }
  opts.routes = opts.routes or { { 'ANY /{path...}', 'main.lua', cache = cache } }
  opts.site = { workers = opts.workers or 1, admin = 'unix:admin.sock' }
  return gate.serve(opts)
end

local function admin(tide, path, method)
  return client.request(tide.site .. '/admin.sock', { method = method or 'POST', path = path })
end

-- Answers with how often it has run, kept as the query says.
local RUNS = [[
  local tg = require 'tidegate'
  local runs = 0
  return function(req)
    runs = runs + 1
    local cache = { tags = req.query:all 'tag', ttl = tonumber(req.query.ttl) }
    if req.query.never then cache = false end
    return tg.json({ run = runs }, { cache = cache, status = tonumber(req.query.status) })
  end]]

local function run(tide, path, headers)
  return tonumber(tide:get(path, headers).body:match '"run":(%d+)')
end

describe('a script that says how its answer is kept', function()
  it('decides', function()
    local tide = serve(RUNS, {})
    assert.equal(1, run(tide, '/x?ttl=60'))
    assert.equal(1, run(tide, '/x?ttl=60'))
    assert.equal(2, run(tide, '/x?ttl=60&status=404'))
    assert.equal(2, run(tide, '/x?ttl=60&status=404'))
    assert.equal(3, run(tide, '/x')) -- nobody says for how long
    assert.equal(4, run(tide, '/x'))
    tide:stop()
    tide = serve(RUNS, { ttl = 60 })
    assert.equal(1, run(tide, '/x'))
    assert.equal(1, run(tide, '/x'))
    assert.equal(2, run(tide, '/x?never=1'))
    assert.equal(3, run(tide, '/x?never=1'))
    assert.equal(4, run(tide, '/x?ttl=0'))
    assert.equal(5, run(tide, '/x?ttl=0'))
    tide:stop()
  end)

  it('is told where it makes no sense', function()
    local tide = serve(RUNS, nil)
    run(tide, '/x?ttl=60')
    tide:await_log 'event=cache_without_route route="ANY /{path...}"'
    tide:stop()
  end)

  it('is told what is wrong with it', function()
    for opts, message in pairs {
      ["{ cache = 30 }"] = 'cache must be a table or false, this is a number',
      ["{ cache = { tll = 1 } }"] = "'tll'",
      ["{ cache = { ttl = 'x' } }"] = 'cache.ttl must be seconds',
      ["{ cache = { tags = 'x' } }"] = 'tags must be a list of at most 64 strings',
      ["{ cache = { tags = { '' } } }"] = 'tags must be strings of 1 to 256 bytes',
    } do
      local tide = serve("local tg = require 'tidegate'\nreturn function()\n" ..
        'local answer = tg.json({}, ' .. opts .. ')\nreturn answer\nend', {},
        { expect_errors = { 'main.lua:3' } })
      assert.equal(500, tide:get('/').status)
      assert.is_truthy(tide:await_log('main.lua:3: [^\n]*'):find(message, 1, true))
      tide:stop()
    end
  end)
end)

describe('a purge', function()
  it('by tag concerns what has it', function()
    local tide = serve(RUNS, { ttl = 60 })
    run(tide, '/a?tag=red&tag=blue')
    run(tide, '/b?tag=blue')
    run(tide, '/c')
    local said = admin(tide, '/purge?tag=red')
    assert.same({ 200, true }, { said.status, said:json().purged })
    assert.equal(4, run(tide, '/a?tag=red&tag=blue'))
    assert.equal(2, run(tide, '/b?tag=blue'))
    assert.equal(0, gate.run({ 'purge', tide.site, '--tag', 'blue' }).status)
    assert.equal(5, run(tide, '/b?tag=blue'))
    assert.equal(3, run(tide, '/c'))
    tide:stop()
  end)

  it('by URL concerns it with any query, or with this one', function()
    local tide = serve(RUNS, { ttl = 60 })
    for _, path in ipairs { '/a', '/a?x=1', '/a?x=2&y=1', '/b' } do run(tide, path) end
    admin(tide, '/purge?url=%2Fa%3Fy=1%26x%3D2')
    assert.same({ 1, 2, 5, 4 },
      { run(tide, '/a'), run(tide, '/a?x=1'), run(tide, '/a?x=2&y=1'), run(tide, '/b') })
    assert.equal(0, gate.run({ 'purge', tide.site, '--url', '/%61' }).status)
    assert.same({ 6, 7, 8, 4 },
      { run(tide, '/a'), run(tide, '/a?x=1'), run(tide, '/a?x=2&y=1'), run(tide, '/b') })
    run(tide, '/a', { host = 'one' })
    run(tide, '/a', { host = 'two' })
    assert.equal(0, gate.run({ 'purge', tide.site, '--url', 'http://one/a' }).status)
    assert.equal(11, run(tide, '/a', { host = 'one' }))
    assert.equal(10, run(tide, '/a', { host = 'two' }))
    tide:stop()
  end)

  it('by prefix, or of all', function()
    local tide = serve(RUNS, { ttl = 60 })
    for _, path in ipairs { '/shop/a', '/shop/b', '/shopping' } do run(tide, path) end
    assert.equal(0, gate.run({ 'purge', tide.site, '--prefix', '/shop/' }).status)
    assert.same({ 4, 5, 3 }, { run(tide, '/shop/a'), run(tide, '/shop/b'), run(tide, '/shopping') })
    assert.equal(0, gate.run({ 'purge', tide.site, '--all' }).status)
    assert.same({ 6, 7, 8 }, { run(tide, '/shop/a'), run(tide, '/shop/b'), run(tide, '/shopping') })
    tide:stop()
  end)

  it('that is soft leaves stale answers', function()
    local tide = serve(RUNS, { ttl = 60, stale = 60 })
    run(tide, '/a?tag=red')
    assert.equal(0, gate.run({ 'purge', tide.site, '--tag', 'red', '--soft' }).status)
    local answer = tide:get '/a?tag=red'
    assert.equal('tidegate; hit; ttl=0; detail=purged', answer.headers['cache-status'])
    require('spec.support.wait').eventually(function() return run(tide, '/a?tag=red') == 2 end)
    tide:stop()
    tide = serve(RUNS, { ttl = 60 })
    run(tide, '/a?tag=red')
    gate.run { 'purge', tide.site, '--tag', 'red', '--soft' }
    assert.equal(2, run(tide, '/a?tag=red'))
    tide:stop()
  end)

  it('refuses what is not understood', function()
    local tide = serve(RUNS, { ttl = 60 })
    for _, query in ipairs { '', '?', '?tag=', '?url=x', '?prefix=x', '?tags=a', '?soft=true' } do
      assert.equal(422, admin(tide, '/purge' .. query).status)
    end
    assert.equal(405, admin(tide, '/purge?all=true', 'GET').status)
    assert.equal(403, client.request(tide.site .. '/admin.sock', { method = 'POST',
      path = '/purge?all=true', headers = { origin = 'http://evil' } }).status)
    local said = gate.run { 'purge', tide.site, '--url', 'x' }
    assert.equal(1, said.status)
    assert.matches('a URL is', said.err)
    assert.equal(2, gate.run({ 'purge', tide.site, '--tag' }).status)
    tide:stop()
  end)
end)

describe('a part of an answer', function()
  local PARTS = [[
    local tg = require 'tidegate'
    local crm, shop = tg.backend 'crm', tg.backend 'shop'
    local runs = 0
    return function(req)
      runs = runs + 1
      local got, errors = tg.gather({
        customer = function()
          return crm:get('/c', { cache = { ttl = 60, tags = { 'customer:7' } } })
        end,
        orders = function()
          return shop:get('/o', { cache = { ttl = tonumber(req.query.short) or 60,
            stale_if_error = 60 } })
        end,
      })
      if not got then return tg.problem(errors[1]) end
      return tg.json { run = runs, customer = got.customer.body, orders = got.orders:json().n }
    end]]

  local function counting(kind)
    local n = 0
    return function()
      n = n + 1
      return upstream.json { n = kind .. n }
    end
  end

  local function start(cache, opts)
    opts = opts or {}
    local crm, shop = upstream { ['/c'] = counting 'c' }, upstream { ['/o'] = counting 'o' }
    opts.backends = { crm = crm, shop = { shop.url, eject = false } }
    return serve(PARTS, cache, opts), crm, shop
  end

  it('is kept by itself, with or without the whole', function()
    local tide, crm, shop = start(nil)
    for i = 1, 3 do
      local answer = tide:get('/x' .. i):json()
      assert.same({ i, '{"n":"c1"}', 'o1' }, { answer.run, answer.customer, answer.orders })
    end
    assert.same({ 1, 1 }, { #crm:requests(), #shop:requests() })
    local lines = tide:await_access(3)
    assert.is_true(lines[3].calls[1].cached)
    assert.is_nil(lines[1].calls[1].cached)
    tide:stop()
    crm:stop()
    shop:stop()
  end)

  it('gives its tags and its time to the whole', function()
    local tide, crm, shop = start({})
    assert.equal(1, tide:get('/x'):json().run)
    assert.equal(1, tide:get('/x'):json().run)
    gate.run { 'purge', tide.site, '--tag', 'customer:7' }
    local answer = tide:get('/x'):json()
    assert.same({ 2, '{"n":"c2"}', 'o1' }, { answer.run, answer.customer, answer.orders })
    answer = tide:get('/x?short=0.2')
    assert.matches('ttl', tide:get('/x?short=0.2').headers['cache-status'])
    tide:stop()
    crm:stop()
    shop:stop()
    assert.is_truthy(answer)
  end)

  it('bounds the time of the whole by its own', function()
    local tide, crm, shop = start({ ttl = 60 })
    assert.equal(1, tide:get('/x?short=1.1'):json().run)
    assert.equal(1, tide:get('/x?short=1.1'):json().run)
    posix.pause(1.2)
    local answer = tide:get('/x?short=1.1'):json()
    assert.same({ 2, '{"n":"c1"}', 'o2' }, { answer.run, answer.customer, answer.orders })
    tide:stop()
    crm:stop()
    shop:stop()
  end)

  it('stands in when it is stale and its backend has gone', function()
    local tide, crm, shop = start(nil)
    assert.equal('o1', tide:get('/x?short=0.05'):json().orders)
    shop:stop()
    posix.pause(0.1)
    for _ = 1, 3 do assert.equal('o1', tide:get('/x?short=0.05'):json().orders) end
    tide:stop()
    crm:stop()
  end)

  it('is fetched once for all who need it', function()
    local crm = upstream { ['/c'] = { delay = 0.2, upstream.json { n = 1 } } }
    local tide = serve([[
      local tg = require 'tidegate'
      local crm = tg.backend 'crm'
      return function(req)
        return tg.try(crm:get('/c', { cache = { ttl = 60 } }))
      end]], nil, { backends = { crm = crm }, workers = 2 })
    local requests = {}
    for i = 1, 30 do requests[i] = { path = '/' .. i } end
    for _, answer in ipairs(tide:all(requests, 10)) do assert.equal('{"n":1}', answer.body) end
    assert.equal(1, #crm:requests())
    tide:stop()
    crm:stop()
  end)

  it('has what is sent as its key', function()
    local crm = upstream { default = upstream.text 'x' }
    local tide = serve([[
      local tg = require 'tidegate'
      local crm = tg.backend 'crm'
      return function(req)
        return tg.try(crm:request { method = req.query.m, path = '/c', query = { q = req.query.q },
          headers = { authorization = req.query.a }, body = req.query.b, cache = { ttl = 60 } })
      end]], nil, { backends = { crm = crm } })
    for i, query in ipairs { '', 'q=1', 'a=1', 'a=2', 'm=POST&b=1', 'm=POST&b=2' } do
      assert.equal(200, tide:get('/?' .. query).status)
      assert.equal(200, tide:get('/?' .. query).status)
      assert.equal(i, #crm:requests())
    end
    tide:stop()
    crm:stop()
  end)
end)
