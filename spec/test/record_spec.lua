-- `tidegate record`: what a process that runs is asked becomes a spec that passes.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'
local wait = require 'spec.support.wait'

local SITE = [[return {
  admin = 'unix:admin.sock', workers = 2,
  backends = { crm = { env 'CRM_URL', timeout = 0.3 }, other = 'http://h/' .. env 'KEY' },
  routes = { { 'GET /items/{id}', 'item.lua' }, { 'POST /items', 'add.lua' },
    { 'GET /kept', 'kept.lua' }, { 'ANY /pass/{path...}', backend = 'crm' } },
}]]

-- Sends the key of the environment as a parameter and as a field, and says the time.
local ITEM = [[
local tg = require 'tidegate'
return function(req)
  local res, err = tg.backend 'crm':get('/item/' .. req.params.id, {
    query = { lang = 'en', api_key = req.query.api_key, by = req.headers['x-by'] },
    headers = { authorization = 'Bearer sesame-open' } })
  if not res then return tg.problem(502, err.code) end
  return tg.json({ name = res:json().name, at = req.query.at and tg.time() },
    { headers = { ['set-cookie'] = 'session=abcdef' } })
end]]

local ADD = [[
local tg = require 'tidegate'
return function(req)
  local first = assert(tg.backend 'crm':post('/add', { json = req:json() }))
  local second = assert(tg.backend 'crm':post('/add', { json = req:json() }))
  return tg.text(first.body .. second.body, { status = 201 })
end]]

local KEPT = [[
local tg = require 'tidegate'
return function()
  return tg.text(assert(tg.backend 'crm':get('/kept', { cache = { ttl = 60 } })).body)
end]]

local function json(text)
  return ('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: sid=42424242\r\n' ..
    'X-Key: key-of-env\r\nContent-Length: %d\r\n\r\n%s'):format(#text, text)
end

describe('tidegate record', function()
  local crm, tide, out

  before_each(function()
    crm = upstream { ['/item/7?by=me&lang=en'] = json '{"name":"lamp"}',
      ['/item/7?lang=en'] = json '{"name":"lamp"}',
      ['/item/8?lang=en'] = json '{"name":"key-of-env"}',
      ['/item/7?api_key=key-of-client&lang=en'] = json '{"name":"desk"}',
      ['/add'] = json '"\'{\\n"', ['/kept'] = json '1' }
    tide = gate.serve { site = SITE, files = { ['item.lua'] = ITEM, ['add.lua'] = ADD,
      ['kept.lua'] = KEPT }, env = { CRM_URL = crm.url, KEY = 'key-of-env' } }
    out = tide.folder .. '/site/spec/items_spec.lua'
    posix.write(tide.site .. '/spec/other_spec.lua', '')
  end)

  after_each(function()
    tide:stop()
    crm:stop()
  end)

  -- Starts recording; gives what waits for the end of it.
  local function start(route, ...)
    local folder = posix.folder()
    local pid = posix.spawn({ gate.program(), 'record', tide.site, '--route', route, '--out', out,
      ... }, { stdout = folder .. '/out', stderr = folder .. '/err',
      env = { CRM_URL = crm.url, KEY = 'key-of-env' } })
    wait.eventually(function()
      return posix.read(folder .. '/err') ~= '' or posix.ended(pid)
    end, 10)
    return function(signal)
      if signal then posix.kill(pid, signal) end
      local how
      wait.eventually(function()
        how = posix.ended(pid)
        return how
      end, 30)
      local said = posix.read(folder .. '/out') .. posix.read(folder .. '/err')
      posix.remove(folder)
      return how, said
    end
  end

  it('writes a spec that passes, and asks for what clients got', function()
    local over = start('GET /items/{id}', '--count', '3')
    tide:get('/items/7', { ['x-by'] = 'me', authorization = 'Basic c2VjcmV0', cookie = 'a=b' })
    tide:get '/items/8'
    tide:get '/items/7?api_key=key-of-client'
    local how, said = over()
    assert.equal('exit 0', how, said)
    assert.matches('items_spec.lua: 3 requests\n', said, 1, true)
    local text = posix.read(out)
    assert.matches('exact_json(tg.json.decode(\'{"name":"lamp"}\'))', text, 1, true)
    assert.matches("site.backend['crm']:on('GET /item/7?by=me&lang=en', {", text, 1, true)
    for _, secret in ipairs { 'c2VjcmV0', 'a=b', 'sid=42424242', 'key-of-client', 'sesame',
      'key-of-env' } do
      assert.is_nil(text:find(secret, 1, true), secret)
    end
    local opts = { env = { CRM_URL = 'http://127.0.0.1:9', KEY = 'key-of-env' } }
    local result = gate.run({ 'test', tide.site, out }, opts)
    assert.matches('3 successes / 0 failures / 0 errors', result.out, 1, true)
    -- it does ask: another script fails
    posix.write(tide.site .. '/item.lua', "return function() return 'other' end")
    result = gate.run({ 'test', tide.site, out }, opts)
    assert.equal(1, result.status)
  end)

  it('keeps calls that are made twice, bodies and quotes', function()
    local over = start('POST /items', '--count=1')
    tide:post('/items', '{"a":"\'\\\\"}', { ['content-type'] = 'application/json' })
    local how, said = over()
    assert.equal('exit 0', how, said)
    assert.matches("method = 'POST', path = '/items'", posix.read(out), 1, true)
  end)

  it('asks for the status alone where an answer differs each time', function()
    local over = start('GET /items/{id}', '--count', '2')
    tide:get '/items/7?at=1'
    tide:get '/items/7'
    local how, said = over()
    assert.equal('exit 0', how, said)
    local text = posix.read(out)
    assert.matches("request 1%)'.-status%(200%)\n  end%)", text)
    assert.matches('exact_json', text, 1, true)
  end)

  it('records faults, and ends by time and by Ctrl-C', function()
    local over = start('GET /items/{id}', '--seconds', '1')
    crm:stop()
    tide:get '/items/7'
    local how, said = over()
    assert.equal('exit 0', how, said)
    assert.matches(":on('GET /item/7?lang=en', 'refuse')", posix.read(out), 1, true)
    os.remove(out)
    over = start('GET /items/{id}', '--seconds', '600')
    tide:get '/items/7'
    how, said = over(2)
    assert.equal('exit 0', how, said)
    crm = upstream {}
  end)

  it('leaves out what came of a cache, and says so', function()
    local over = start('GET /kept', '--seconds', '1')
    tide:get '/kept'
    tide:get '/kept'
    local how, said = over()
    assert.equal('exit 0', how, said)
    assert.matches('1 requests, 1 left out', said, 1, true)
  end)

  it('has its limits', function()
    local function post(query)
      local connection = client.connect(tide.site .. '/admin.sock')
      local res = connection:request { method = 'POST', path = '/record?' .. query }
      connection:close()
      return res.status, res.body
    end
    local route = 'route=GET%20%2Fitems%2F%7Bid%7D&'
    assert.equal(200, (post(route .. 'count=1000&seconds=3600')))
    for _, wrong in ipairs { 'count=1001', 'count=0', 'seconds=3601', 'seconds=x', 'count=' } do
      assert.equal(422, (post(route .. wrong)), wrong)
    end
    local status, body = post 'route=GET%20%2Fnone'
    assert.equal(422, status)
    assert.matches('no route with a script has this pattern', body, 1, true)
    assert.equal(422, (post 'route=ANY%20%2Fpass%2F%7Bpath...%7D'))
    assert.equal(200, (post 'stop=true'))
  end)

  it('says what is wrong with its arguments', function()
    for wrong, message in pairs { ['--out x_spec.lua'] = '--route',
      ['--route GET'] = '--out FILE is missing',
      ['--route GET --out x.lua'] = "'_spec.lua'",
      ['--route GET --out x_spec.lua --count 1001'] = '--count takes',
      ['--route GET --out x_spec.lua --seconds 0'] = '--seconds takes',
      ['--nonsense'] = "unknown option '--nonsense'", ['--route'] = 'a value must follow',
      ['more'] = 'one site is enough' } do
      local words = {}
      for word in wrong:gmatch '%S+' do words[#words + 1] = word end
      local result = gate.run { 'record', tide.site, unpack(words) }
      assert.equal(2, result.status, wrong)
      assert.matches(message, result.err, 1, true)
    end
    local other = tide.site .. '/spec/other_spec.lua'
    local result = gate.run { 'record', tide.site, '--route', 'GET /x', '--out', other }
    assert.equal(1, result.status)
    assert.equal('tidegate: ' .. other .. ' is there already\n', result.err)
    local how, said = start('GET /none')()
    assert.equal('exit 1', how)
    assert.matches('no route with a script has this pattern', said, 1, true)
    assert.matches('^usage: tidegate record', gate.run { 'record', '--help' }.out)
  end)
end)
