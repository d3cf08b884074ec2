-- The command line of `tidegate test`.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local SITE = 'spec/fixtures/test/site'

local ROUTE = "return function(req) return 'hello ' .. req.params.name end\n"
local SPEC = [[
local site = require 'tidegate.test'.site()
describe('GET /hello/{name}', function()
  it('greets', function() assert.equal('hello ada', site:get('/hello/ada').body) end)
  it('greets others #other', function() assert.equal('hello bob', site:get('/hello/bob').body) end)
  it('fails', function() assert.equal('bye', site:get('/hello/ada').body) end)
end)
]]

local folder

-- A site of its own with the spec in it.
local function write_site(spec)
  folder = posix.folder()
  gate.write_site(folder .. '/site', { routes = { { 'GET /hello/{name}', 'hello.lua' } },
    files = { ['hello.lua'] = ROUTE, ['spec/hello_spec.lua'] = spec or SPEC } })
  return folder .. '/site'
end

describe('tidegate test', function()
  after_each(function()
    if folder then posix.remove(folder) end
    folder = nil
  end)

  it('runs the specs of a site', function()
    local result = gate.run { 'test', write_site() }
    assert.equal(1, result.status)
    assert.matches('2 successes / 1 failure / 0 errors / 0 pending', result.out, 1, true)
    assert.equal('', result.err)
  end)

  it('takes the folder it is in for the site', function()
    assert.matches('2 successes / 1 failure', gate.run({ 'test' }, { dir = write_site() }).out, 1,
      true)
    assert.matches('2 successes / 1 failure',
      gate.run({ 'test', 'spec/hello_spec.lua' }, { dir = folder .. '/site' }).out, 1, true)
  end)

  it('exits with 0 when all is well', function()
    local result = gate.run { 'test', write_site(), '--filter', 'greets' }
    assert.equal(0, result.status)
    assert.matches('2 successes / 0 failures', result.out, 1, true)
  end)

  it('passes the options of busted on', function()
    local site = write_site()
    assert.matches('ok 1 - GET /hello/{name} greets\n',
      gate.run({ 'test', site, '-o', 'TAP', '--filter-out', 'fails' }).out, 1, true)
    assert.matches('<testcase ', gate.run({ 'test', site, '-o', 'junit' }).out, 1, true)
    assert.matches('1 success / 0', gate.run({ 'test', site, '-t', 'other' }).out, 1, true)
    assert.matches('1 success / 1', gate.run({ 'test', site, '--exclude-tags=other' }).out, 1, true)
    local repeated = gate.run { 'test', site, '--repeat', '3', '--shuffle', '--filter=greets' }
    assert.equal(0, repeated.status)
    assert.equal(3, select(2, repeated.out:gsub('2 successes', '')))
    local listed = gate.run { 'test', site, '--list' }
    assert.matches('GET /hello/{name} greets', listed.out, 1, true)
  end)

  it('shows an error in a spec file', function()
    local result = gate.run { 'test', write_site 'describe(' }
    assert.equal(1, result.status)
    assert.matches('hello_spec.lua:1: ', result.out, 1, true)
  end)

  it('says what is missing', function()
    local result = gate.run { 'test', SITE }
    assert.equal(1, result.status)
    assert.equal('tidegate: ' .. SITE .. ' has no specs: there is no folder ' .. SITE .. '/spec\n',
      result.err)
    result = gate.run { 'test', SITE, '--seed', 'x' }
    assert.equal(2, result.status)
    assert.equal('tidegate: --seed takes a whole number from 1; see tidegate test --help\n',
      result.err)
    result = gate.run { 'test', '--help' }
    assert.equal(0, result.status)
    assert.matches('^usage: tidegate test %[SITE%] %[PATH…%]', result.out)
  end)

  it('has other random values with another seed', function()
    local spec = [[
      local site = require 'tidegate.test'.site()
      it('asks', function() io.stderr:write(site:get('/hello/x').body) end)]]
    local script = 'return function(req) return req.id end'
    local function run(...)
      folder = posix.folder()
      gate.write_site(folder .. '/site', { routes = { { 'GET /hello/{name}', 'hello.lua' } },
        files = { ['hello.lua'] = script, ['spec/hello_spec.lua'] = spec } })
      local id = gate.run({ 'test', folder .. '/site', ... }).err
      posix.remove(folder)
      assert.matches('^%x+$', id)
      return id
    end
    assert.equal(run(), run '--seed=1')
    assert.not_equal(run(), run('--seed', '2'))
    assert.equal(run('--seed', '2'), run '--seed=2')
  end)

  it('says which lines have run', function()
    folder = posix.folder()
    local site = folder .. '/site'
    gate.write_site(site, { routes = { { 'GET /{name}', 'a.lua' } }, files = {
      ['a.lua'] = [[
local kind = require 'kind'
return function(req)
  if req.params.name == 'x' then
    return 'x'
  end
  local text = kind(req)
  return text ..
    '!'
end]],
      ['lua/kind.lua'] = [[
return function(req)
  local co = coroutine.wrap(function()
    return 'kind of ' .. req.params.name
  end)
  return co()
end]],
      ['spec/a_spec.lua'] = [[
local site = require 'tidegate.test'.site()
it('a', function() assert.equal('x', site:get('/x').body) end)
it('b', function() assert.equal('kind of y!', site:get('/y').body) end) ]] } })
    local result = gate.run { 'test', site, '--coverage=' .. folder .. '/lcov.info' }
    assert.equal(0, result.status, result.out .. result.err)
    assert.matches('100.0 %  ' .. site .. '/a.lua\n', result.out, 1, true)
    assert.matches('100.0 %% +of %d+ lines in 2 files', result.out)
    assert.matches('SF:' .. site .. '/a.lua\nDA:1,1\n', posix.read(folder .. '/lcov.info'), 1, true)
    result = gate.run { 'test', site, '--coverage', '--filter', 'a' }
    assert.matches(' %%  ' .. site .. '/a.lua  missed: 6%-8', result.out)
    assert.matches(' %%  ' .. site .. '/lua/kind.lua  missed: 2%-3, 5\n', result.out)
  end)

  it('needs no busted of another Lua, and leaves the sandbox as it is', function()
    local spec = [[
      it('has all of Lua, LuaJIT and the values of scripts', function()
        local tg = require 'tidegate'
        assert.equal('table', type(require 'ffi'))
        assert.equal('[]', tg.json.encode(tg.array()))
        assert.equal('function', type(io.open))
        assert.has_error(function() tg.sleep(1) end)
      end)]]
    local result = gate.run { 'test', write_site(spec) }
    assert.equal(0, result.status, result.out)
  end)
end)

describe('the specs of the test site', function()
  it('pass, in virtual time', function()
    local before = posix.now()
    local result = gate.run({ 'test', SITE, 'spec/fixtures/test/right' }, { seconds = 60 })
    assert.equal(0, result.status, result.out .. result.err)
    assert.equal('', result.err)
    assert.is_true(posix.now() - before < 60)
  end)

  it('pass in any order, and again and again', function()
    local result = gate.run({ 'test', SITE, 'spec/fixtures/test/right', '--shuffle', '--repeat=2' },
      { seconds = 120 })
    assert.equal(0, result.status, result.out .. result.err)
  end)
end)
