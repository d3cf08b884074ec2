-- `tidegate new`: what it makes works, and what it prints works as printed.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

describe('tidegate new', function()
  local folder

  before_each(function() folder = posix.folder() end)
  after_each(function() posix.remove(folder) end)

  local function run(...)
    return gate.run({ ... }, { dir = folder })
  end

  -- Runs the commands that were printed behind 'now try:', but those that serve.
  local function try(text)
    local count = 0
    for line in text:match('now try:\n(.*)$'):gmatch '%s+tidegate ([^\n]+)' do
      if not line:find '^run ' then
        local words = {}
        for word in line:gmatch '%S+' do words[#words + 1] = word end
        local result = run(unpack(words))
        assert.equal(0, result.status, result.out .. result.err)
        count = count + 1
      end
    end
    return count
  end

  it('makes a site whose specs pass', function()
    local result = run('new', 'shop')
    assert.equal(0, result.status, result.err)
    assert.equal(1, try(result.out))
    assert.equal(0, run('check', 'shop').status)
    for _, name in ipairs { 'README.md', '.luarc.json', '.github/workflows/specs.yml' } do
      assert.matches('made shop/' .. name, result.out, 1, true)
      assert.is_true(#posix.read(folder .. '/shop/' .. name) > 0)
    end
    local luarc = posix.read(folder .. '/shop/.luarc.json')
    local types = luarc:match '"workspace.library": %["([^"]*)"%]'
    assert.matches('@meta', posix.read(types .. '/tidegate.lua'), 1, true)
  end)

  it('serves what it made', function()
    run('new', 'shop')
    local site = folder .. '/shop/'
    local tide = gate.serve { site = posix.read(site .. 'site.lua'),
      scripts = { ['routes/greetings.lua'] = posix.read(site .. 'routes/greetings.lua') },
      env = { PEOPLE_URL = 'http://127.0.0.1:1' } }
    assert.equal('{"greeting":"Hello, Ada!"}', tide:get('/greetings/Ada').body)
    tide:stop()
  end)

  it('adds routes of every kind', function()
    run('new', 'shop')
    for _, pattern in ipairs { 'GET /', 'GET /things/{id}', 'POST /things', 'ANY /files/{path...}',
      'DELETE /a/{b}/c-d/{e}', 'OPTIONS /options', 'HEAD /head' } do
      local result = run('new', 'route', pattern, 'shop')
      assert.equal(0, result.status, result.err)
      assert.equal(1, try(result.out))
    end
    local tested = run('test', 'shop')
    assert.matches('10 successes / 0 failures / 0 errors', tested.out, 1, true)
    assert.matches('GET /things/{id} +routes/things.lua', run('routes', 'shop').out)
  end)

  it('adds to the site it is in', function()
    run('new', 'shop')
    local result = gate.run({ 'new', 'route', 'GET /x' }, { dir = folder .. '/shop' })
    assert.equal(0, result.status, result.err)
    assert.matches('made ./routes/x.lua', result.out, 1, true)
  end)

  it('writes over nothing', function()
    run('new', 'shop')
    local result = run('new', 'shop')
    assert.equal(1, result.status)
    assert.equal('tidegate: shop/site.lua is there already\n', result.err)
    result = run('new', 'route', 'GET /greetings', 'shop')
    assert.equal(1, result.status)
    assert.equal('tidegate: shop/routes/greetings.lua is there already\n', result.err)
  end)

  it('leaves a site as it is when the route is none', function()
    run('new', 'shop')
    local before = posix.read(folder .. '/shop/site.lua')
    local result = run('new', 'route', 'GET /x/{', 'shop')
    assert.equal(1, result.status)
    assert.matches('^tidegate: nothing was changed:\nshop/site.lua:%d+: ', result.err)
    assert.equal(before, posix.read(folder .. '/shop/site.lua'))
    assert.is_nil(io.open(folder .. '/shop/routes/x.lua'))
  end)

  it('says what is wrong with its arguments', function()
    assert.equal(2, run('new').status)
    assert.equal(2, run('new', 'route').status)
    assert.equal("tidegate: a route is 'METHOD /path/{name}', not '/x'\n",
      run('new', 'route', '/x').err)
    assert.equal('tidegate: nowhere is no site: there is no nowhere/site.lua\n',
      run('new', 'route', 'GET /x', 'nowhere').err)
    assert.matches('^usage: tidegate new DIR', run('new', '--help').out)
  end)
end)
