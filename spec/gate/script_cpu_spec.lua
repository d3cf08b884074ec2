local gate = require 'spec.support.gate'
local wait = require 'spec.support.wait'
local serve = require('spec.support.script').limited

-- Each must be stopped at script_cpu.
local LOOPS = {
  ['a plain loop'] = [[
      return function()
        while true do end
      end]],
  ['a loop inside pcall'] = [[
      return function()
        while true do pcall(function() while true do end end) end
      end]],
  ['a loop around pcall'] = [[
      return function()
        while true do
          pcall(error, 'x')
        end
      end]],
  ['a loop inside xpcall, and one in its handler'] = [[
      return function()
        local function handler() while true do end end
        xpcall(function() while true do end end, handler)
        return 'went on'
      end]],
  ['a handler of xpcall that loops'] = [[
      return function()
        xpcall(function() error 'x' end, function()
          while true do end
        end)
        return 'went on'
      end]],
  ['a comparator of sort'] = [[
      return function()
        table.sort({ 3, 2, 1 }, function()
          while true do end
        end)
        return 'went on'
      end]],
  ['a comparator of sort with pcall in it'] = [[
      return function()
        local list = {}
        for i = 1, 500 do list[i] = i end
        table.sort(list, function() pcall(function() while true do end end) return false end)
        return 'went on'
      end]],
  ['a callback of gsub'] = [[
      return function()
        return (('x'):gsub('x', function()
          while true do end
        end))
      end]],
  ['a coroutine'] = [[
      return function()
        coroutine.resume(coroutine.create(function()
          while true do end
        end))
        return 'went on'
      end]],
  ['a coroutine that is wrapped inside pcall inside sort'] = [[
      return function()
        table.sort({ 3, 2, 1 }, function()
          pcall(function()
            coroutine.wrap(function() while true do end end)()
          end)
          return false
        end)
        return 'went on'
      end]],
  ['coroutines made for ever'] = [[
      return function()
        while true do
          coroutine.wrap(function() coroutine.yield() end)()
        end
      end]],
  ['a metamethod'] = [[
      local thing = setmetatable({}, { __index = function()
        while true do end
      end })
      return function() return thing.x end]],
  ['a metamethod called by C'] = [[
      local thing = setmetatable({}, { __lt = function()
        while true do end
      end })
      return function() table.sort({ thing, setmetatable({}, getmetatable(thing)) }) end]],
  ['a function of gather'] = [[
      return function()
        tg.gather { function() tg.sleep(5) end, function()
          while true do end
        end }
        return 'went on'
      end]],
  ['a loop of calls that do not wait'] = [[
      return function()
        while true do
          tg.escape('a b')
        end
      end]],
  ['a loop of waits of no time'] = [[
      return function()
        while true do
          tg.sleep(0)
        end
      end]],
  ['a loop of errors'] = [[
      return function()
        local function again() return select(2, pcall(again)) end
        while true do again() end
      end]],
}

describe('script_cpu', function()
  for name, loop in pairs(LOOPS) do
    it('stops ' .. name, function()
      local tide = serve({ script_cpu = 0.05 }, (loop:gsub('return function%(%)',
        "return function(req) if req.path == '/ok' then return 'ok' end")))
      local res = tide:get('/')
      assert.equal(500, res.status)
      assert.equal('application/problem+json', res.headers['content-type'])
      assert.is_nil(res.body:find('main.lua', 1, true))
      local reason = tide:await_log('event=script_error[^\n]*reason="([^"]*)"')
      assert.matches('main.lua:%d+: stopped after 50 ms of CPU time %(limit script_cpu%)', reason)
      assert.equal('ok', tide:get('/ok').body)
      tide:stop()
    end)
  end

  it('names the line that ran', function()
    local tide = serve({ script_cpu = 0.05 }, [[
      local calls = {
        ['/3'] = function() while true do end end,
        ['/6'] = function()
          local x = 0
          while true do x = x + 1 end
        end,
        ['/11'] = function()
          local n = 0
          repeat
            n = n + 1
          until n < 0
        end,
        ['/17'] = function()
          coroutine.wrap(function()
            pcall(function()
              while true do end
            end)
          end)()
        end,
        ['/23'] = function()
          tg.gather { function()
            while true do end
          end }
        end,
        ['/27'] = function()
          table.sort({ 1, 2 }, function() while true do end end)
        end,
      }
      return function(req) calls[req.path]() end]])
    for _, line in ipairs { 3, 6, 11, 17, 23, 27 } do tide:get('/' .. line) end
    local lines = {}
    wait.eventually(function()
      lines = {}
      for line in tide.log():gmatch('reason="[^"]*main.lua:(%d+): stopped') do
        lines[#lines + 1] = line
      end
      return #lines == 6
    end)
    -- The 3rd is a repeat of three lines: each may be the one that runs.
    assert.is_true(lines[3] == '10' or lines[3] == '11' or lines[3] == '12')
    lines[3] = '11'
    assert.same({ '3', '6', '11', '17', '23', '27' }, lines)
    tide:stop()
  end)

  it('lets the other requests of the thread go on meanwhile', function()
    local tide = serve({ script_cpu = 0.5 }, [[
      return function(req)
        if req.path == '/loop' then while true do end end
        tg.sleep(0.005)
        return 'ok'
      end]])
    local connection = tide:connect()
    connection:send('GET /loop HTTP/1.1\r\nhost: x\r\n\r\n')
    for _ = 1, 4 do assert.equal('ok', tide:get('/').body) end
    local res, reason = connection:receive(0)
    assert.is_nil(res)
    assert.equal('timeout', reason)
    assert.equal(500, connection:receive().status)
    connection:close()
    tide:stop()
  end)

  it('charges work, not waiting', function()
    local tide = serve({ script_cpu = 0.05 }, [[
      return function()
        for _ = 1, 60 do tg.sleep(0.005) end
        return 'rested'
      end]])
    assert.equal('rested', tide:get('/').body)
    tide:stop()
  end)

  it('charges the request for all it does before, between and after its waits', function()
    local tide = serve({ script_cpu = 0.1 }, [[
      return function(req)
        for _ = 1, 1000 do
          for _ = 1, 3e6 do end
          tg.sleep(0.001)
        end
        return 'went on'
      end]])
    assert.equal(500, tide:get('/').status)
    tide:await_log('stopped after 100 ms of CPU time')
    tide:stop()
  end)

  it('counts conversions', function()
    local tide = serve({ script_cpu = 0.1 }, [[
      local list = tg.array {}
      for i = 1, 20000 do list[i] = { id = i, name = 'name' .. i } end
      return function(req)
        for _ = 1, tonumber(req.query.n) do tg.json(list) end
        return 'ok'
      end]])
    assert.equal('ok', tide:get('/?n=1').body)
    assert.equal(500, tide:get('/?n=5000').status)
    tide:await_log('main.lua:5: stopped after 100 ms of CPU time')
    tide:stop()
  end)

  it('stops a script of `before`, too', function()
    local tide = gate.serve { site = { workers = 1, before = { 'loop.lua' },
      limits = { script_cpu = 0.05 } }, expect_errors = { 'event=script_error' },
      routes = { { 'GET /', 'own.lua' } },
      scripts = { ['loop.lua'] = 'return function()\n  while true do end\nend',
        ['own.lua'] = 'return function() return "went on" end' } }
    assert.equal(500, tide:get('/').status)
    tide:await_log('loop.lua:2: stopped after 50 ms')
    tide:stop()
  end)

  it('stops a script that loops while it loads, also inside pcall', function()
    for _, loop in ipairs { 'while true do end',
      'while true do pcall(function() while true do end end) end',
      'table.sort({ 1, 2 }, function() while true do pcall(error) end end)',
      'coroutine.wrap(function() while true do end end)()' } do
      for _, verb in ipairs { 'check', 'run' } do
        local result = gate.command(verb, { site = { workers = 1, limits = { script_cpu = 0.05 },
          listen = { 'http://127.0.0.1:0' } },
          script = 'local x = 1\n' .. loop .. '\nreturn function() return x end' })
        assert.equal(1, result.status)
        local reason = 'main.lua:2: stopped after 50 ms of loading %(limit script_cpu%)'
        assert.matches(reason, result.err)
      end
    end
  end)

  it('stops a module that loops when a request requires it, each time anew', function()
    local tide = serve({ script_cpu = 0.05 }, [[
      return function(req)
        if req.path == '/ok' then return 'ok' end
        require 'endless'
      end]], { files = { ['lua/endless.lua'] = 'while true do end' } })
    for _ = 1, 25 do assert.equal(500, tide:get('/').status) end
    wait.eventually(function()
      return select(2, tide.log():gsub('endless.lua:1: stopped after 50 ms', '')) == 25
    end)
    assert.equal('ok', tide:get('/ok').body)
    tide:stop()
  end)
end)
