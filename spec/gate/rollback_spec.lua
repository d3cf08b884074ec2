-- Going back to what was served before.
local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local function answering(text) return ("return function() return '%s' end"):format(text) end

local function serve(opts)
  opts.site = opts.site or {}
  opts.site.admin = 'unix:admin.sock'
  return gate.serve(opts)
end

local function write(tide, path, text) posix.write(tide.site .. '/' .. path, text) end

local function post(tide, path)
  local where = tide.site .. '/admin.sock'
  local res = client.request(where, { method = 'POST', path = path }, 60)
  return res:json(), res.status
end

describe('a rollback', function()
  it('serves again what was served before: scripts, modules and site.lua', function()
    local tide = serve { routes = { { 'GET /', 'main.lua' } }, files = {
      ['main.lua'] = "local m = require 'm' return function() return 'one ' .. m end",
      ['lua/m.lua'] = "return 'm1'" } }
    write(tide, 'lua/m.lua', "return 'm2'")
    assert.is_true((post(tide, '/reload')).ok)
    assert.equal('one m2', tide:get('/').body)
    write(tide, 'main.lua', answering 'three')
    write(tide, 'site.lua', [[return { admin = 'unix:admin.sock',
      routes = { { 'GET /new', 'main.lua' } } }]])
    assert.is_true((post(tide, '/reload')).ok)
    assert.equal(404, tide:get('/').status)
    local said, status = post(tide, '/rollback')
    assert.same({ 200, true, true, 4 }, { status, said.ok, said.rollback, said.generation })
    assert.same({ added = { 'GET /' }, removed = { 'GET /new' }, changed = {} }, said.routes)
    assert.equal('one m2', tide:get('/').body)
    said = gate.run { 'rollback', '--json', '--admin', 'unix:' .. tide.site .. '/admin.sock' }
    assert.same({ 0, true }, { said.status, cjson.decode(said.out).ok })
    assert.equal('one m1', tide:get('/').body)
    tide.opts.expect_errors = { 'reload_failed' }
    said, status = post(tide, '/rollback')
    assert.same({ 422, false, { 'nothing else was served before' } },
      { status, said.ok, said.problems })
    assert.equal('one m1', tide:get('/').body)
    assert.is_true((post(tide, '/reload')).ok) -- the disk again
    assert.equal('three', tide:get('/new').body)
    tide:stop()
  end)

  it('is not to a reading that was the same', function()
    local tide = serve { script = answering 'one' }
    write(tide, 'main.lua', answering 'two')
    for _ = 1, 3 do assert.is_true((post(tide, '/reload')).ok) end
    assert.is_true((post(tide, '/rollback')).ok)
    assert.equal('one', tide:get('/').body)
    tide:stop()
  end)
end)

describe('reload.guard', function()
  local GUARD = { guard = { errors = 0.1, window = 30 } }

  it('goes back when more requests of changed routes fail', function()
    local tide = serve { site = { reload = GUARD, workers = 2 },
      routes = { { 'GET /a', 'a.lua' }, { 'GET /b', 'b.lua' } },
      scripts = { ['a.lua'] = answering 'a1', ['b.lua'] = answering 'b1' },
      expect_errors = { 'event=guard', 'script_error' } }
    write(tide, 'a.lua', 'return function() error "broken" end')
    assert.is_true((post(tide, '/reload')).ok)
    for _ = 1, 40 do tide:get('/b') end
    for _ = 1, 19 do assert.equal(500, tide:get('/a').status) end
    posix.pause(0.5)
    assert.equal(500, tide:get('/a').status) -- the twentieth
    tide:await_log 'event=rolled_back generation=3'
    assert.equal('a1', tide:get('/a').body)
    tide:stop()
  end)

  it('does not mind failures that were there before, nor those of other routes', function()
    local tide = serve { site = { reload = GUARD, workers = 1 },
      routes = { { 'GET /a', 'a.lua' }, { 'GET /b', 'b.lua' } },
      scripts = { ['a.lua'] = "return function() return require 'tidegate'.problem(500) end",
        ['b.lua'] = answering 'b1' }, expect_errors = { 'script_error' } }
    for _ = 1, 30 do assert.equal(500, tide:get('/a').status) end
    write(tide, 'b.lua', answering 'b2')
    assert.is_true((post(tide, '/reload')).ok)
    for _ = 1, 30 do tide:get('/a') tide:get('/b') end
    posix.pause(0.5)
    write(tide, 'a.lua',
      "local tg = require 'tidegate' return function() return tg.problem(500) end")
    assert.is_true((post(tide, '/reload')).ok)
    for _ = 1, 30 do tide:get('/a') end
    posix.pause(0.5)
    assert.equal('b2', tide:get('/b').body)
    assert.is_nil(tide.log():find('rolled_back', 1, true))
    tide:stop()
  end)

  it('is over after its window', function()
    local tide = serve { site = { reload = { guard = { window = 1 } }, workers = 1 },
      script = answering 'one', expect_errors = { 'script_error' } }
    write(tide, 'main.lua', 'return function() error "broken" end')
    assert.is_true((post(tide, '/reload')).ok)
    posix.pause(1.5)
    for _ = 1, 30 do tide:get('/') end
    posix.pause(0.5)
    assert.equal(500, tide:get('/').status)
    assert.is_nil(tide.log():find('rolled_back', 1, true))
    tide:stop()
  end)
end)

describe('the site that is served', function()
  it('is of one content in all threads, also of modules that are required late', function()
    local tide = serve { site = { workers = 2 }, routes = { { 'GET /', 'main.lua' } }, files = {
      ['main.lua'] = "return function() return require 'late' end",
      ['lua/late.lua'] = "return 'one'" } }
    wait.eventually(function() return tide:get('/').body == 'one' end)
    write(tide, 'lua/late.lua', "return 'two'")
    for _ = 1, 20 do assert.equal('one', tide:get('/').body) end
    tide:stop()
  end)
end)
