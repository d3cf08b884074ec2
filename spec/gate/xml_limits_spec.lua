-- Limits and encodings of XML bodies: of requests and of what backends answer.
local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

-- For each limit: a document that keeps it at `most`, and crosses it at one less.
local LIMITS = {
  input = { '<a>x</a>', 8 },
  depth = { '<a><b><c/></b></a>', 3 },
  attributes = { '<a b="1" c="2"/>', 2 },
  xmlns = { '<a xmlns="urn:a" xmlns:b="urn:b"/>', 2 },
  name = { '<abcd/>', 4 },
  names = { '<a><b/><c/></a>', 3 },
  elements = { '<a><b/><b/></a>', 3 },
  output = { '<a><b>xyz</b></a>', nil }, -- what comes out
}

local tide, up

setup(function()
  up = upstream { default = upstream.xml '<a><b/></a>' }
  tide = gate.serve {
    backends = { up = up },
    script = [[
      local tg = require 'tidegate'
      local up = tg.backend 'up'
      return function(req)
        local body = req
        if req.query.from == 'backend' then body = tg.try(up:get '/') end
        local most = tonumber(req.query.most) or req.query.most
        local options = { [req.query.limit or 'charset'] = most }
        if req.query.trim then options.trim = req.query.trim end
        if req.query.as == 'value' then
          return tg.text(tg.json.encode(tg.try(body:xml(options))))
        end
        return tg.text(tg.try(body:to_json(options)))
      end]],
    site = { workers = 1 },
  }
end)

teardown(function()
  tide:stop()
  up:stop()
end)

local function ask(query, body, type)
  return tide:request { method = 'POST', path = '/?' .. query, body = body,
    headers = { ['content-type'] = type or 'application/xml' } }
end

describe('a limit of XML', function()
  for name, case in pairs(LIMITS) do
    for _, way in ipairs { '', '&trim=none' } do
      it(name .. ' holds at n and not at n + 1' .. way, function()
        local query = 'limit=' .. name .. way .. '&most='
        local most = case[2] or #ask(query .. '1000', case[1]).body
        assert.equal(200, ask(query .. most, case[1]).status)
        local res = ask(query .. most - 1, case[1])
        assert.equal(413, res.status)
        assert.truthy(res.body:find('limit ' .. name, 1, true), res.body)
        assert.truthy(res.body:find('xml: line 1, column %d'), res.body)
        if name ~= 'output' then
          assert.equal(200, ask(query .. most .. '&as=value', case[1]).status)
          assert.equal(413, ask(query .. most - 1 .. '&as=value', case[1]).status)
        end
      end)
    end
  end

  it('that a backend crosses is a 502', function()
    assert.equal(200, ask('from=backend&limit=elements&most=2', '').status)
    local res = ask('from=backend&limit=elements&most=1', '')
    assert.equal(502, res.status)
  end)
end)

describe('the encoding of an XML body', function()
  it('is what Content-Type says, before all else', function()
    local body = '<?xml version="1.0" encoding="UTF-8"?><a>\233</a>'
    assert.equal('{"a": "é"}', ask('', body, 'text/xml; charset="ISO-8859-1"').body)
    assert.equal('{"a":"é"}', ask('as=value', body, 'text/xml; charset=iso-8859-1').body)
    assert.equal(400, ask('', body).status)
    assert.equal(400, ask('', body, 'text/xml; charset=utf-8').status)
  end)

  it('is what the document says without that', function()
    assert.equal('{"a": "é"}',
      ask('', '<?xml version="1.0" encoding="ISO-8859-1"?><a>\233</a>').body)
    assert.equal('{"a": "x"}', ask('', '\255\254<\0a\0>\0x\0<\0/\0a\0>\0').body)
  end)

  it('is what the script says, if it does', function()
    assert.equal('{"a": "é"}',
      ask('most=iso-8859-1', '<a>\233</a>', 'text/xml; charset=utf-8').body)
  end)

  it('that is not read is refused by its name', function()
    local res = ask('', '<a/>', 'text/xml; charset=utf-7')
    assert.equal(400, res.status)
    assert.truthy(res.body:find('utf-7', 1, true), res.body)
  end)
end)
