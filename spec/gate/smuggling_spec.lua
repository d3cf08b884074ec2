-- Thousands of requests as smugglers send them, made at random. What reaches the backend is what a
-- strict reader finds in them, in its order and in plain framing; what is behind the first bytes
-- that can be read in two ways never does; and others are answered as ever.
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local smuggling = require 'spec.support.smuggling'
local upstream = require 'spec.support.upstream'

local COUNT, SEED = 4000, 7

describe('a smuggler', function()
  local backend, tide

  setup(function()
    backend = upstream { default = upstream.text 'from the backend' }
    tide = gate.serve { site = { limits = { head_timeout = 1, body_timeout = 1 } },
      backends = { it = backend }, scripts = { ['forward.lua'] = [[
        local it = require 'tidegate'.backend 'it'
        return function(req) return assert(it:forward(req)) end]] },
      routes = { { 'ANY /{path...}', backend = 'it' }, { 'ANY /script/{path...}', 'forward.lua' },
        { 'ANY /upgrade/{path...}', backend = 'it', upgrade = true } } }
  end)
  teardown(function()
    tide:stop()
    backend:stop()
  end)

  local function shown(bytes) return ('%q'):format(bytes):gsub('\r', '\\r'):sub(1, 1500) end

  local function is_plain(raw)
    local fields = raw:match '^(.-\r\n)\r\n':lower()
    local _, lengths = fields:gsub('\r\ncontent%-length:', '')
    local _, hosts = fields:gsub('\r\nhost:', '')
    return hosts == 1 and lengths <= 1 and not fields:find '\r\ntransfer%-encoding:' and
      not fields:find '\r\n[ \t]' and not fields:gsub('\r\n', ''):find '[%z\1-\8\10-\31\127]'
  end

  -- How many requests came through of those that are in the bytes.
  local function play(bytes, expected)
    backend:forget()
    local connection = client.connect(tide.port)
    connection:send(bytes)
    local text, how = connection:rest(10)
    connection:close()
    assert.not_equal('timeout', how, shown(bytes))
    assert.is_nil(text:find('HTTP/1.1 5', 1, true), shown(bytes))
    local seen = backend:requests()
    for i, request in ipairs(seen) do
      assert.is_true(is_plain(request.raw), shown(bytes))
      assert.same(expected[i] and { expected[i].method, expected[i].body },
        { request.method, request.body }, shown(bytes))
    end
    return #seen
  end

  it('gets nothing past, ' .. COUNT .. ' times', function()
    math.randomseed(SEED)
    local through, refused, incomplete = 0, 0, 0
    for i = 1, COUNT do
      local bytes = smuggling.make(({ '/pass', '/script', '/upgrade' })[i % 3 + 1])
      local expected, ending = smuggling.read(bytes)
      if ending == 'more' then
        incomplete = incomplete + 1
      elseif play(bytes, expected) == 0 then
        refused = refused + 1
      else
        through = through + 1
      end
      if i % 10 == 0 then assert.equal('from the backend', tide:get('/pass/probe').body) end
    end
    assert.is_true(through > COUNT / 10 and refused > COUNT / 3 and incomplete < COUNT / 5,
      ('%d %d %d'):format(through, refused, incomplete))
  end)
end)
