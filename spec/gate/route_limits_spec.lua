-- The limits of conversions as keys of a site and of its routes: each at n and n + 1, of a
-- request's body and of a backend's.
local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

-- For each limit: a document that keeps it at `n`, and what more it can become.
local XML = {
  input = { '<a>x</a>', 8 },
  depth = { '<a><b><c/></b></a>', 3 },
  attributes = { '<a b="1" c="2"/>', 2 },
  xmlns = { '<a xmlns="urn:a" xmlns:b="urn:b"/>', 2 },
  name = { '<abcd/>', 4 },
  names = { '<a><b/><c/></a>', 3 },
  elements = { '<a><b/><b/></a>', 3 },
  output = { '<a><b>xyz</b></a>', #'{"a": {"b": "xyz"}}', bytes_only = true },
}
local JSON = {
  input = { '{"a":1}', 7, bytes_only = true },
  depth = { '{"a":{"b":[1]}}', 3 },
  key = { '{"abcd":1}', 4, bytes_only = true },
  attributes = { '{"a":{"@b":1,"@c":2}}', 2, bytes_only = true },
  elements = { '{"a":{"b":1,"c":2}}', 3, bytes_only = true },
  output = { '{"a":1}', #'<a>1</a>', bytes_only = true },
}

local SCRIPT = [[
  local tg = require 'tidegate'
  local up = tg.backend 'up'
  return function(req, route)
    local body = req
    if req.query.from == 'backend' then body = tg.try(up:get('/' .. route.settings.document)) end
    local kind = route.settings.kind
    local options = req.query.more and { [req.query.more] = tonumber(req.query.by) }
    if req.query.as == 'value' then tg.try(body[kind](body, options)) return tg.text 'a value' end
    return tg.text(tg.try(body[kind == 'xml' and 'to_json' or 'to_xml'](body, options)))
  end]]

local function add(routes, answers, kind, cases)
  for name, case in pairs(cases) do
    local document = kind .. '-' .. name
    answers['/' .. document] = upstream.text(case[1])
    for _, most in ipairs { case[2], case[2] - 1 } do
      routes[#routes + 1] = { ('POST /%s/%d'):format(document, most), 'main.lua',
        [kind] = { [name] = most }, settings = { kind = kind, document = document } }
    end
  end
end

local tide, up

setup(function()
  local routes, answers = {}, {}
  add(routes, answers, 'xml', XML)
  add(routes, answers, 'json', JSON)
  local settings = { kind = 'xml', document = 'xml-depth' }
  routes[#routes + 1] = { 'POST /site', 'main.lua', settings = settings }
  routes[#routes + 1] = { 'POST /own', 'main.lua', settings = settings, xml = { depth = 4 } }
  routes[#routes + 1] = { 'POST /other', 'main.lua', settings = settings, xml = { name = 5 } }
  up = upstream(answers)
  tide = gate.serve {
    backends = { up = up }, routes = routes, scripts = { ['main.lua'] = SCRIPT },
    site = { workers = 1, xml = { depth = 3 } },
  }
end)

teardown(function()
  tide:stop()
  up:stop()
end)

local function ask(path, body)
  local res = tide:request { method = 'POST', path = path, body = body }
  return res.status, res.body
end

local function check(kind, name, case)
  local ways = case.bytes_only and { '?' } or { '?', '?as=value&' }
  for _, way in ipairs(ways) do
    for from, refused in pairs { request = 413, backend = 502 } do
      local path = ('/%s-%s/%%d%sfrom=%s'):format(kind, name, way, from)
      local body = from == 'request' and case[1] or ''
      local status, text = ask(path:format(case[2]), body)
      assert(status == 200, path .. ' ' .. text)
      status, text = ask(path:format(case[2] - 1), body)
      assert.equal(refused, status, path .. ' ' .. text)
      assert(text:find('limit ' .. name, 1, true), text)
      assert(text:find(kind .. ': line 1, column %d'), text)
    end
  end
end

describe('a route has the limit', function()
  for name, case in pairs(XML) do
    it('xml.' .. name, function() check('xml', name, case) end)
  end
  for name, case in pairs(JSON) do
    it('json.' .. name, function() check('json', name, case) end)
  end
end)

describe('a limit', function()
  local THREE, FOUR, FIVE = '<a><b><c/></b></a>', '<a><b><c><d/></c></b></a>',
    '<a><b><c><d><e/></d></c></b></a>'

  it('of the site is that of every route, unless it has its own', function()
    assert.equal(200, (ask('/site', THREE)))
    assert.equal(413, (ask('/site', FOUR)))
    assert.equal(200, (ask('/own', FOUR)))
    assert.equal(413, (ask('/own', FIVE)))
    assert.equal(413, (ask('/other', FOUR)))
  end)

  it('of a call goes over that of its route', function()
    assert.equal(200, (ask('/site?more=depth&by=4', FOUR)))
    assert.equal(413, (ask('/own?more=depth&by=3', FOUR)))
    assert.equal(200, (ask('/own?more=names&by=4', FOUR)))
  end)

  it('that is none is an error of the site', function()
    local said = gate.command('check', { scripts = { ['main.lua'] = SCRIPT }, site = [[return {
      xml = { depht = 3 }, json = { depth = 1025 },
      backends = { up = 'http://127.0.0.1:9' },
      routes = { { 'GET /', 'main.lua', xml = { 1 } }, { 'GET /b', backend = 'up', json = {} } } }
      ]] }).err
    assert.matches("unknown key 'depht' in xml; did you mean 'depth'", said)
    assert.matches('depth must be a whole number from 1 to 1024', said)
    assert.matches("xml is a table with names", said)
    assert.matches('json is for routes that have a script', said)
  end)
end)
