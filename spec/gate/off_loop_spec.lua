-- Big conversions go on beside the loop.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local http = require 'spec.support.http'
local posix = require 'spec.support.posix'
local upstream = require 'spec.support.upstream'

local XML = '<r>' .. ('<item id="7"><name>something &amp; more</name><n>12</n></item>'):rep(330000)
  .. '</r>' -- 20 MB
local SMALL = ('<item id="7">x</item>'):rep(100)

-- /small counts; /convert says what became of its body, and how many /small went by meanwhile.
local SCRIPT = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  local served, begun, ended = 0, 0, 0
  local limits = { input = '31MB', output = '100MB', elements = 1e7 }
  local function convert(req)
    local options = { input = '31MB', output = '100MB', elements = 1e7,
      force_array = { '//' .. 'name' } }
    local before = served
    begun = begun + 1
    local json = req:to_json(options)
    local between = served - before
    ended = ended + 1
    options.force_array[1] = nil
    return tg.json { between = between, bytes = #json, head = json:sub(1, 60) }
  end
  local handlers = {
    ['/convert'] = convert,
    ['/both'] = function(req)
      local xml, err = tg.convert.json_to_xml(tg.try(req:to_json(limits)), limits)
      return tg.text(tostring(xml == req.body) .. tostring(err))
    end,
    ['/gather'] = function(req)
      local options = { force_array = { '//item' }, input = '31MB', output = '100MB' }
      local results, errors = tg.gather {
        function() return tg.convert.xml_to_json(req.body, options) end,
        function() options.force_array[1] = '//none' options.namespaces = 'strip' end,
      }
      return tg.text(errors[1] and tostring(errors[1]) or results[1]:gsub(': ', ':'):sub(1, 30))
    end,
    ['/bad'] = function(req) return tg.json(tg.try(req:to_json(limits))) end,
    ['/default'] = function(req)
      local _, err = req:to_json()
      return tg.text(err.limit .. ' ' .. err.http)
    end,
    ['/backend'] = function()
      local _, err = tg.try(shop:get '/big'):to_json()
      return tg.text(err.backend .. ' ' .. err.http)
    end,
    ['/sort'] = function(req)
      local list = { 1, 2 }
      table.sort(list, function() tg.try(req:to_json(limits)) return false end)
      return tg.text 'sorted'
    end,
    ['/counts'] = function() return tg.json { begun = begun, ended = ended } end,
    ['/small'] = function() served = served + 1 return tg.text 'ok' end,
  }
  return function(req) return handlers[req.path](req) end
]]

local function serve(shop, more)
  local site = { workers = 1, timeout = 60, drain_timeout = 30,
    limits = { body = '31MB', script_memory = '512MB', lua_memory = '1GB', script_cpu = 60 } }
  for key, value in pairs(more or {}) do site[key] = value end
  return gate.serve { script = SCRIPT, site = site,
    backends = { shop = shop or 'http://127.0.0.1:9' } }
end

local function post(tide, path, body)
  return tide:request { method = 'POST', path = path, body = body, timeout = 60 }
end

local function begin(tide, path, body)
  local connection = tide:connect()
  connection:send(http.encode_request { method = 'POST', path = path, body = body }, 60)
  return connection
end

describe('a conversion of 20 MB', function()
  it('does not hold its neighbours up', function()
    local tide = serve()
    local big = begin(tide, '/convert', XML)
    local neighbour, res = client.connect(tide.port), nil
    while not res do
      assert.equal('ok', neighbour:get('/small').body)
      res = big:receive(0.001)
    end
    local said = require('cjson').decode(res.body)
    assert(said.between > 3, said.between .. ' neighbours were answered meanwhile')
    assert.matches('^{"r": ?{"item":%[{"@id": ?"7","name":%["something & more"%]', said.head)
    big:close()
    neighbour:close()
    tide:stop()
  end)

  it('gives what a small one gives, both ways', function()
    local tide = serve()
    assert.equal('truenil', post(tide, '/both', '<r>' .. SMALL:rep(200) .. '</r>').body)
    assert.equal('truenil', post(tide, '/both', '<r>' .. SMALL .. '</r>').body)
    assert.equal('sorted', post(tide, '/sort', '<r>' .. SMALL:rep(200) .. '</r>').body)
    tide:stop()
  end)

  it('keeps the options it was called with', function()
    local tide = serve()
    assert.equal('{"r":{"item":[{"@id":"7","#tex', post(tide, '/gather',
      '<r>' .. SMALL:rep(200) .. '</r>').body)
    assert.equal('{"r":{"item":[{"@id":"7"},{"@i', (post(tide, '/gather',
      '<r>' .. SMALL:gsub('>x<', '><'):rep(200) .. '</r>').body))
    tide:stop()
  end)

  it('fails as a small one does', function()
    local shop = upstream { ['/big'] = upstream.text(XML:sub(1, 300000)) }
    local tide = serve(shop)
    assert.equal('input 413', post(tide, '/default', XML).body)
    local res = post(tide, '/bad', XML:sub(1, 300000))
    assert.equal(400, res.status)
    assert.matches('xml: line 1, column 299999', res.body)
    assert.equal('shop 502', tide:get('/backend').body)
    tide:stop()
    shop:stop()
  end)

  it('waits its turn when the threads are busy', function()
    local tide = serve(nil, { codec_threads = 1 })
    local connections = {}
    local body = '<r>' .. SMALL:rep(3000) .. '</r>'
    for i = 1, 4 do connections[i] = begin(tide, '/convert', body) end
    for i = 1, 4 do
      assert.equal(200, connections[i]:receive(60).status)
      connections[i]:close()
    end
    tide:stop()
  end)

  it('ends well without its client', function()
    local tide = serve(nil, { codec_threads = 1 })
    for i = 1, 6 do
      local connection = begin(tide, '/convert', XML)
      while require('cjson').decode(tide:get('/counts').body).begun < i do posix.pause(0.001) end
      connection:close()
    end
    tide:await_access(6 + 6)
    assert.equal('truenil', post(tide, '/both', '<r>' .. SMALL:rep(200) .. '</r>').body)
    tide:stop()
  end)

  it('is over when the gate stops', function()
    local tide = serve(nil, { drain_timeout = 0 })
    local connection = begin(tide, '/convert', XML)
    while require('cjson').decode(tide:get('/counts').body).begun < 1 do posix.pause(0.001) end
    tide:stop()
    connection:close()
  end)

  it('ends at the deadline of its request', function()
    local tide = serve(nil, { timeout = 0.01, codec_threads = 1 })
    for _ = 1, 3 do
      local connection = begin(tide, '/convert', XML)
      local res = connection:receive(60)
      assert(res.status == 504 or res.status == 200 or res.status == 408, res.status)
      connection:close()
    end
    tide:stop()
  end)
end)

-- As SCRIPT: /value says what became of its body, and how many /small went by meanwhile.
local VALUES = [[
  local tg = require 'tidegate'
  local shop = tg.backend 'shop'
  local limits = { input = '31MB', elements = 1e7 }
  local served = 0
  local function decode(req)
    local how = req.query.how
    if how == 'json' then return req:json() end
    if how == 'xml' then return req:xml(limits) end
    if how == 'tg.json' then return tg.json.decode(req.body, { ordered = true }) end
    if how == 'tg.xml' then return tg.xml.decode(req.body, limits) end
    if how == 'res' then return tg.try(shop:get '/big'):xml(limits) end
    if how == 'res.json' then return tg.try(shop:get '/json'):json() end
    if how == 'gather' then
      local results = tg.gather { function() return req:json() end,
        function() return tg.json.decode('{"a":[' .. ('1,'):rep(200000) .. '2]}') end,
        function() return tg.xml.decode('<a>' .. ('<b/>'):rep(100000) .. '</a>') end }
      assert(#results[2].a == 200001 and #results[3].a.b == 100000)
      return results[1]
    end
    if how == 'many' then
      local value, text = nil, req.body
      for _ = 1, 3000 do value = tg.json.decode(text) end
      return value
    end
    if how == 'sort' then
      local value, list = nil, { 1, 2 }
      table.sort(list, function() value = req:json() return false end)
      return value
    end
  end
  return function(req)
    if req.path == '/small' then served = served + 1 return tg.text 'ok' end
    local before = served
    local value, err = decode(req)
    local between = served - before
    if err then return tg.json { http = err.http, text = tostring(err), between = between } end
    if req.query.whole then return tg.text(tg.json.encode(value)) end
    return tg.json { between = between, items = #value.r.item,
      last = value.r.item[#value.r.item] }
  end
]]

describe('a value of 20 MB', function()
  local cjson = require 'cjson'
  local ITEM = '{"@id":"7","name":"something \\u0026 more","n":12,"o":[1,2,{}]},'
  local JSON = '{"r":{"item":[' .. ITEM:rep(300000) .. '{"@id":"8"}]}}'
  local tide, shop

  setup(function()
    shop = upstream { ['/big'] = upstream.text(XML:sub(1, 300000)),
      ['/json'] = upstream.text('[' .. ('1,'):rep(200000) .. ']') }
    tide = gate.serve { script = VALUES, backends = { shop = shop }, site = { workers = 1,
      timeout = 60, limits = { body = '31MB', script_memory = '1GB', lua_memory = '2GB',
        script_cpu = 60 } } }
  end)

  teardown(function()
    tide:stop()
    shop:stop()
  end)

  local function neighbours(how, body)
    local big = begin(tide, '/value?how=' .. how, body)
    local neighbour, res = client.connect(tide.port), nil
    while not res do
      assert.equal('ok', neighbour:get('/small').body)
      res = big:receive(0.001)
    end
    big:close()
    neighbour:close()
    return cjson.decode(res.body)
  end

  it('of JSON does not hold its neighbours up', function()
    local said = neighbours('json', JSON)
    assert(said.between > 20, said.between .. ' neighbours were answered meanwhile')
    assert.same({ 300001, { ['@id'] = '8' } }, { said.items, said.last })
  end)

  it('that is read thousands of times, and small, does not hold its neighbours up', function()
    local items = ('{"id":7,"n":12},'):rep(500)
    local said = neighbours('many', '{"r":{"item":[' .. items .. '{"id":8}]}}')
    assert(said.between > 20, said.between .. ' neighbours were answered meanwhile')
    assert.same({ 501, { id = 8 } }, { said.items, said.last })
  end)

  it('of XML does not hold its neighbours up', function()
    local said = neighbours('xml', XML)
    assert(said.between > 20, said.between .. ' neighbours were answered meanwhile')
    assert.same({ 330000, { ['@id'] = '7', name = 'something & more', n = '12' } },
      { said.items, said.last })
  end)

  it('is the same from a text, beside others, and where it can not wait', function()
    local small = '{"r":{"item":[' .. ITEM:rep(6000) .. '{"@id":"8"}]}}'
    for _, how in ipairs { 'tg.json', 'gather', 'sort', 'json' } do
      local said = cjson.decode(post(tide, '/value?how=' .. how, small).body)
      assert.same({ how, { ['@id'] = '8' } }, { how, said.last })
    end
    local said = cjson.decode(post(tide, '/value?how=tg.xml',
      '<r>' .. SMALL:rep(200) .. '</r>').body)
    assert.equal(20000, said.items)
  end)

  it('is exact', function()
    local parts = {}
    for i = 1, 3000 do
      parts[i] = ('{"k%d":[[],{},null,true,-1.5e3,12345678901234567890,"\\u00e9%s"],"%s":{"a":{}}}')
        :format(i, ('x'):rep(i % 70), ('key'):rep(i % 40))
    end
    local text = '{"list":[' .. table.concat(parts, ',') .. '],"flat":[' .. ('0,'):rep(30000) ..
      '1],"z":1,"y":2}'
    assert(#text > 256 * 1024)
    local res = post(tide, '/value?how=tg.json&whole=1', text)
    assert.equal(text:gsub('\\u00e9', 'é'):gsub('%-1.5e3', '-1500'), (res.body))
  end)

  it('fails as a small one does', function()
    local function said(how, body)
      return cjson.decode(post(tide, '/value?how=' .. how, body).body)
    end
    local answer = said('json', JSON:sub(1, 300000))
    assert.equal(400, answer.http)
    assert.matches('^json: line 1, column 30000%d: ', answer.text)
    answer = said('json', '{"a":' .. ('['):rep(300000))
    assert.equal(413, answer.http)
    answer = said('json', '{"a":1,"b":"' .. ('x'):rep(300000) .. '","a":2}')
    assert.matches('column 300015: key "a" twice', answer.text)
    assert.equal(500, said('tg.json', JSON:sub(1, 300000)).http)
    answer = said('xml', XML:sub(1, 300000))
    assert.equal(400, answer.http)
    assert.matches('^xml: line 1, column 299999', answer.text)
    assert.equal(502, said('res', '').http)
    answer = said('res.json', '')
    assert.equal(502, answer.http)
    assert.matches('^shop: json: line 1, column 400002', answer.text)
  end)
end)
