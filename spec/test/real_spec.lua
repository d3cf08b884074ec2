-- `tidegate test --real` and `--against`: the same specs over real sockets.
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local wait = require 'spec.support.wait'

local SITE = 'spec/fixtures/test/site'

local folder

local function write(files)
  folder = posix.folder()
  for path, text in pairs(files) do posix.write(folder .. '/' .. path, text) end
  return folder
end

-- Runs a spec of the test site in real time: { status, out, err }.
local function run(spec, ...)
  return gate.run({ 'test', SITE, write { ['x_spec.lua'] = [[
    local test = require 'tidegate.test'
    local site = test.site()
    local crm, orders = site.backend.crm, site.backend.orders
    it('is', function() ]] .. spec .. ' end)' } .. '/x_spec.lua', ... }, { seconds = 60 })
end

local function fails_with(message, spec)
  local result = run(spec, '--real')
  assert.equal(1, result.status, result.out .. result.err)
  assert.matches(message, result.out, 1, true)
end

local SHOP = [[return {
  backends = { shop = { env 'SHOP_URL', timeout = 1 }, news = { env 'SHOP_URL', timeout = 1 } },
  routes = { { 'GET /items/{id}', 'item.lua' } },
}]]
local ITEM = [[
local tg = require 'tidegate'
return function(req)
  local item, news = tg.backend 'shop', tg.backend 'news'
  local res, err = item:get('/items/' .. req.params.id)
  if not res then return tg.json { code = err.code } end
  return tg.json { name = res:json().name, news = assert(news:get '/news').body }
end]]
local ITEM_SPEC = [[
local test = require 'tidegate.test'
local site = test.site()
local shop, news = site.backend.shop, site.backend.news
describe('GET /items/{id}', function()
  before_each(function() news:on('GET /news', { chunks = { 'no', 'ne' }, every = 0.05 }) end)
  it('is a name', function()
    shop:on('GET /items/7', { json = { name = 'lamp' }, after = 0.1 })
    local res = site:get '/items/7'
    assert.response(res).has.json { name = 'lamp', news = 'none' }
    assert.response(res).took(0.2)
    assert.backend(shop).was.called(1)
    assert.equal('7', shop.calls[1].path:match '%d')
  end)
  it('is a code', function()
    for fault, code in pairs { refuse = 'refused', reset = 'reset', garbage = 'protocol',
      truncate = 'protocol' } do
      shop:on('GET /items/7', fault)
      news:on('GET /news', fault)
      assert.response(site:get '/items/7').has.json { code = code }
    end
  end)
  it('is another hour #virtual', function() site.clock:advance(3600) end)
end)]]

describe('specs in real time', function()
  after_each(function()
    if folder then posix.remove(folder) end
    folder = nil
  end)

  it('are those of virtual time', function()
    local function names(...)
      local result = gate.run({ 'test', SITE, 'spec/fixtures/test/right', '-o', 'TAP', ... },
        { seconds = 120 })
      assert.equal(0, result.status, result.out .. result.err)
      local list = {}
      for line in result.out:gmatch '[^\n]+' do
        if line:find '^ok' and not line:find '#virtual' then
          list[#list + 1] = line:match '^ok %d+ %- (.*)$'
        end
      end
      return list
    end
    assert.same(names(), names '--real')
  end)

  it('see each fault with the code of virtual time', function()
    write { ['site.lua'] = SHOP, ['item.lua'] = ITEM, ['spec/item_spec.lua'] = ITEM_SPEC:gsub(
      "news:on%('GET /news', fault%)", '') }
    local opts = { env = { SHOP_URL = 'http://shop.example' }, seconds = 60 }
    for _, mode in ipairs { '--real', '-j1' } do
      local result = gate.run({ 'test', folder, mode }, opts)
      assert.equal(0, result.status, result.out .. result.err)
    end
  end)

  it('say what only virtual time can do', function()
    fails_with('the clock goes on by at most 5 seconds in real time, not by 5.1: tag the test ' ..
      '#virtual', 'site.clock:advance(5.1)')
    fails_with("'unreachable' happens in virtual time only",
      [[crm:on('GET /x', 'unreachable') site:get '/ask/x']])
    fails_with("how often 'refuse' has happened is known in virtual time only",
      [[crm:on('GET /x', { 'refuse', { text = 'x' } }) site:get '/ask/x']])
    fails_with("backend 'crm' does 'timeout' for some calls only",
      [[crm:on('GET /x', 'timeout') crm:on('GET /y', { text = 'y' }) site:get '/ask/y']])
    fails_with("from 192.0.2.1: ", "site:get('/ids', { client = '192.0.2.1' })")
  end)

  it('wait by the clock for as long as 5 seconds', function()
    local result = run('site.clock:advance(5) assert.near(5, site.clock.elapsed, 0.5)', '--real')
    assert.equal(0, result.status, result.out)
  end)

  it('fail when a call has no rule, and when the site is wrong', function()
    fails_with("backend 'crm' was called, and no rule answers: GET /x", "site:get '/ask/x'")
    fails_with("unknown key 'nonsense'", "test.site({ nonsense = 1 }):get '/ids'")
  end)

  it('ask a gate that runs already', function()
    write { ['site.lua'] = SHOP, ['item.lua'] = ITEM, ['spec/item_spec.lua'] = ITEM_SPEC,
      ['spec/changed_spec.lua'] = [[
it('is changed', function() require 'tidegate.test'.site { timeout = 1 } end)]] }
    local listener, port = posix.listen()
    posix.close(listener)
    local env = { SHOP_URL = 'http://127.0.0.1:' .. port .. '/base' }
    local tide = gate.serve { site = SHOP, files = { ['item.lua'] = ITEM }, env = env }
    local function against(path)
      return gate.run({ 'test', folder, folder .. '/spec/' .. path, '--against',
        'http://127.0.0.1:' .. tide.port }, { env = env, seconds = 60 })
    end
    local result = against 'item_spec.lua'
    assert.equal(0, result.status, result.out .. result.err)
    assert.matches('2 successes / 0 failures', result.out, 1, true)
    result = against 'changed_spec.lua'
    assert.equal(1, result.status)
    assert.matches("a gate that runs can't be changed", result.out, 1, true)
    tide:stop()
    result = against 'item_spec.lua'
    assert.equal(1, result.status)
    assert.matches('no connection to 127.0.0.1 port ' .. tide.port, result.out, 1, true)
  end)

  it('say where rules can not answer', function()
    write { ['site.lua'] = SHOP, ['item.lua'] = ITEM, ['spec/item_spec.lua'] = ITEM_SPEC }
    local result = gate.run({ 'test', folder, '--against', 'http://127.0.0.1:1' },
      { env = { SHOP_URL = 'https://127.0.0.1:9' } })
    assert.equal(1, result.status)
    assert.matches("no rules for backend 'news': the gate calls it at 127.0.0.1, and rules " ..
      'answer on loopback without TLS', result.out, 1, true)
  end)

  it('are asked for in words that are right', function()
    for wrong, message in pairs { ['--against=nowhere'] = "not 'nowhere'",
      ['--against=http://127.0.0.1:65536'] = 'takes an address', ['--jobs=0'] = 'from 1 to 256',
      ['--jobs=257'] = 'from 1 to 256', ['-jx'] = nil } do
      local result = gate.run { 'test', SITE, wrong }
      assert.equal(2, result.status, wrong)
      assert.matches(message, result.err, 1, true)
    end
    local result = gate.run { 'test', SITE, '--real', '--coverage' }
    assert.equal(2, result.status)
    assert.equal('tidegate: --coverage sees what runs in virtual time only; see tidegate test ' ..
      '--help\n', result.err)
  end)

  it('leave no process behind', function()
    write {}
    local err, fifo = folder .. '/err', folder .. '/fifo'
    assert.equal(0, os.execute('mkfifo ' .. fifo))
    posix.write(folder .. '/x_spec.lua', ([[
      local site = require 'tidegate.test'.site()
      it('asks, and waits for a writer', function()
        site:get '/ids'
        io.open('%s', 'r')
      end)]]):format(fifo))
    local pid = posix.spawn({ gate.program(), 'test', SITE, folder .. '/x_spec.lua', '--real' },
      { stdout = err, stderr = err })
    local function children(of)
      local pipe = io.popen('ps -o pid=,args= --ppid ' .. of)
      local text = pipe:read '*a'
      pipe:close()
      return text:match '(%d+) tidegate test %-%-serve'
    end
    local child
    wait.eventually(function()
      child = children(pid)
      return child
    end, 20)
    posix.stop(pid, 0)
    wait.eventually(function() return not io.open('/proc/' .. child .. '/exe') end, 20)
  end)
end)
