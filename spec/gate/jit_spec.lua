local gate = require 'spec.support.gate'

describe('a route with jit = true', function()
  local function site(script, limits)
    return { site = { workers = 2, limits = limits }, scripts = { ['a.lua'] = script },
      routes = { { 'GET /jit', 'a.lua', jit = true }, { 'GET /plain', 'a.lua' } },
      expect_errors = { 'event=script_error' } }
  end

  it('lives in a state of its own', function()
    local tide = gate.serve(site [[
      local n = 0
      return function() n = n + 1 return tostring(n) end]])
    local seen = {}
    for _ = 1, 10 do
      tide:get('/jit')
      seen[tonumber(tide:get('/plain').body)] = true
    end
    assert.is_nil(seen[11]) -- shared, some count would be higher than ten
    tide:stop()
  end)

  it('computes the same, and waits', function()
    local tide = gate.serve(site [[
      local tg = require 'tidegate'
      return function()
        local x = 0
        for i = 1, 3e6 do x = (x * 31 + i) % 1000003 end
        tg.sleep(0.001)
        local co = coroutine.wrap(function()
          for i = 1, 1000 do coroutine.yield(i) end
        end)
        for i = 1, 1000 do x = x + co() end
        return tostring(x)
      end]])
    local plain = tide:get('/plain').body
    for _ = 1, 3 do assert.equal(plain, tide:get('/jit').body) end
    tide:stop()
  end)

  it('still stops what is not compiled', function()
    local tide = gate.serve(site([[
      return function()
        while true do pcall(load, 'return 1') end
      end]], { script_cpu = 0.1 }))
    assert.equal(500, tide:get('/jit').status)
    tide:await_log('a.lua:2: stopped after 100 ms')
    tide:stop()
  end)
end)
