-- reload.specs: a site whose specs fail is not taken over.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local SPEC = [[
local site = require 'tidegate.test'.site()
it('greets', function()
  assert.matches('^hello', site:get('/').body)
end)]]

describe('reload.specs', function()
  local tide, where

  local function serve(more, spec)
    tide = gate.serve { site = [[return { admin = 'unix:admin.sock', workers = 2, reload = {
      specs = true, ]] .. (more or '') .. "}, routes = { { 'GET /', 'a.lua' } } }",
      files = { ['a.lua'] = "return function() return 'hello 1' end",
        ['spec/a_spec.lua'] = spec or SPEC }, expect_errors = { 'event=reload_failed' } }
    where = tide.site .. '/admin.sock'
  end

  local function write(path, text) posix.write(tide.site .. '/' .. path, text) end

  local function reload()
    local connection = client.connect(where)
    local res = connection:request({ method = 'POST', path = '/reload' }, 60)
    connection:close()
    return res:json(), res.status
  end

  it('takes over what passes, and refuses what fails with its file and line', function()
    serve()
    write('a.lua', "return function() return 'hello 2' end")
    local answer, status = reload()
    assert.equal(200, status, answer.problems and answer.problems[1])
    assert.equal('hello 2', tide:get('/').body)
    write('a.lua', "return function() return 'bye' end")
    answer, status = reload()
    assert.equal(422, status)
    assert.is_false(answer.ok)
    assert.equal(1, #answer.problems)
    assert.matches('^' .. tide.site .. '/spec/a_spec.lua:3: greets: Expected', answer.problems[1])
    assert.equal('hello 2', tide:get('/').body)
    assert.same(answer.problems, client.request(where, { path = '/status' }):json().reload.problems)
    tide:await_log 'event=reload_failed reason="[^ ]*/spec/a_spec.lua:3: greets'
    local shown = gate.run { 'reload', tide.site }
    assert.equal(1, shown.status)
    assert.matches('a_spec.lua:3: greets', shown.out .. shown.err, 1, true)
    tide:stop()
  end)

  it('serves on while they run, and no longer than they may take', function()
    serve('specs_timeout = 0.6', "it('hangs', function() while true do end end)")
    local connection = client.connect(where)
    connection:send 'POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
    local before, most, count = posix.now(), 0, 0
    while posix.now() - before < 0.5 do
      local began = posix.now()
      assert.equal('hello 1', tide:get('/').body)
      most, count = math.max(most, posix.now() - began), count + 1
    end
    assert.is_true(count > 5)
    assert.is_true(most < 0.4)
    local text = connection:rest(20)
    connection:close()
    assert.matches('the specs were not over after 0.6 s', text, 1, true)
    tide:stop()
  end)

  it('refuses a site without specs, or whose specs can not be read', function()
    serve()
    write('spec/b_spec.lua', 'it(')
    local answer = reload()
    assert.matches('b_spec.lua:1: .*unexpected symbol', answer.problems[1])
    os.remove(tide.site .. '/spec/b_spec.lua')
    os.rename(tide.site .. '/spec', tide.site .. '/other')
    answer = reload()
    assert.matches('has no specs: there is no folder', answer.problems[1], 1, true)
    tide:stop()
  end)

  it('lets a rollback be, and stops with the server', function()
    serve()
    write('a.lua', "return function() return 'hello 2' end")
    assert.is_true(reload().ok)
    write('spec/a_spec.lua', "it('hangs', function() while true do end end)")
    local back = gate.run { 'rollback', tide.site }
    assert.equal(0, back.status, back.err)
    assert.equal('hello 1', tide:get('/').body)
    local connection = client.connect(where)
    connection:send 'POST /reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n'
    local function runs()
      local pipe = io.popen 'ps -eo args='
      local found = pipe:read '*a':find('tidegate test ' .. tide.site, 1, true)
      pipe:close()
      return found
    end
    wait.eventually(runs, 20)
    tide:stop()
    connection:close()
    wait.eventually(function() return not runs() end, 20)
  end)

  it('is read strictly', function()
    for text, message in pairs {
      ["specs = 'yes'"] = 'specs', ['specs_timeout = 0.09'] = 'specs_timeout',
      ['specs_timeout = 601'] = 'specs_timeout', ['spec = true'] = "unknown key 'spec'" } do
      local result = gate.command('check', { site = 'return { reload = { ' .. text ..
        " }, routes = { { 'GET /', 'a.lua' } } }", scripts = { ['a.lua'] = 'return print' } })
      assert.equal(1, result.status)
      assert.matches(message, result.err, 1, true)
    end
    for _, text in ipairs { 'specs_timeout = 0.1', 'specs_timeout = 600', 'specs = false' } do
      assert.equal(0, gate.command('check', { site = 'return { reload = { ' .. text ..
        " }, routes = { { 'GET /', 'a.lua' } } }", scripts = { ['a.lua'] =
        'return function() end' } }).status)
    end
  end)
end)
