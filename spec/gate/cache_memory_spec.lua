local cjson = require 'cjson'
local client = require 'spec.support.client'
local gate = require 'spec.support.gate'
local sanitized = require 'spec.support.sanitized'

local MB = 1048576

describe('the memory of the cache', function()
  it('stays within its bound, whatever is kept', function()
    local tide = gate.serve { site = { workers = 1, admin = 'unix:admin.sock',
      cache = { memory = '8MB' }, log = { access = false } },
      routes = { { 'GET /{size}/{n}', 'main.lua', cache = { ttl = 3600 } } },
      scripts = { ['main.lua'] = [[
        local tg = require 'tidegate'
        return function(req) return tg.text(('x'):rep(tonumber(req.params.size))) end]] } }
    local function account()
      local answer = client.request(tide.site .. '/admin.sock', { path = '/status' })
      return cjson.decode(answer.body).cache
    end
    local connection = tide:connect()
    connection:close()
    local before = tide:memory()
    for i = 1, 60 do
      local requests = {}
      for k = 1, 40 do
        requests[k] = { path = ('/%d/%d-%d'):format(500 + (i * k * 37) % 16000, i, k) }
      end
      for _, answer in ipairs(tide:all(requests, 20)) do assert.equal(200, answer.status) end
    end
    local now = account()
    assert.equal(2400, now.store)
    assert.is_true(now.bytes <= 8 * MB and now.bytes > 7 * MB)
    assert.equal(2400, now.evict + now.entries)
    if not sanitized() then
      -- The process has its Lua states and connections, too.
      assert.is_true(tide:memory() - before < 8 * MB * 1.1 + 12 * MB)
    end
    tide:stop()
  end)
end)
