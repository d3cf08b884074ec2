local gate = require 'spec.support.gate'
local sanitized = require 'spec.support.sanitized'
local upstream = require 'spec.support.upstream'
local serve = require('spec.support.script').limited

local MB = 1024 * 1024

-- Each must be stopped at script_memory or fail by itself, and its memory must come back.
local GROWERS = {
  ['a growing table'] = [[
      local list = {}
      while true do list[#list + 1] = { #list } end]],
  ['a growing string'] = [[
      local text, parts = ('x'):rep(1000), {}
      while true do text = text .. text:sub(1, 100000) .. 'y' end]],
  ['one enormous string'] = "return #('x'):rep(1e9)",
  ['deep recursion'] = [[
      local function deep(n) return 1 + deep(n + 1) end
      return deep(1)]],
  ['recursion that keeps tables'] = [[
      local function deep(n) local t = { n, n } return deep(n + 1) and t end
      return deep(1)]],
  ['growth inside a coroutine'] = [[
      coroutine.wrap(function()
        local list = {}
        while true do list[#list + 1] = ('x'):rep(100) .. #list end
      end)()]],
  ['growth hidden by pcall'] = [[
      local list = {}
      while true do pcall(function() list[#list + 1] = ('x'):rep(1e5) .. #list end) end]],
  ['growth in gather'] = [[
      local list = {}
      local function grow() while true do list[#list + 1] = { #list } tg.sleep(0) end end
      tg.gather({ grow, grow, grow }, { need = {} })]],
  ['growth between waits'] = [[
      local list = {}
      while true do
        for _ = 1, 100 do list[#list + 1] = ('x'):rep(1e4) .. #list end
        tg.sleep(0)
      end]],
  ['coroutines that are kept'] = [[
      local list = {}
      while true do
        local co = coroutine.create(function() coroutine.yield() end)
        coroutine.resume(co)
        list[#list + 1] = co
      end]],
  ['concat of a long list'] = [[
      local list = {}
      for i = 1, 1000 do list[i] = ('x'):rep(1e4) end
      while true do
        local more = {}
        for i = 1, 50 do more[i] = table.concat(list) .. i end
        list[#list + 1] = more[1]
      end]],
}

describe('script_memory', function()
  for name, body in pairs(GROWERS) do
    it('stops ' .. name .. ', and the memory comes back', function()
      local tide = serve({ script_cpu = 20, script_memory = '8MB', lua_memory = '64MB' }, [[
      return function(req)
        if req.path == '/ok' then
          local list = {}
          for i = 1, 1000 do list[i] = { i } end
          tg.sleep(0.01)
          return tostring(#list)
        end
        ]] .. body .. '\nend')
      local before
      for round = 1, 10 do
        local answers = tide:all { { path = '/' }, { path = '/ok' }, { path = '/ok' } }
        assert.equal(500, answers[1].status)
        assert.equal('1000', answers[2].body)
        assert.equal('1000', answers[3].body)
        if round == 5 then before = tide:memory() end
      end
      if not sanitized() then assert.is_true(tide:memory() - before < 24 * MB) end
      tide:stop()
    end)
  end

  it('says so in the log, with the line', function()
    local tide = serve({ script_memory = '8MB', script_cpu = 20 }, [[
      return function()
        local list = {}
        while true do
          list[#list + 1] = { #list }
        end
      end]])
    assert.equal(500, tide:get('/').status)
    tide:await_log('main.lua:%d: stopped when it held more than 8192 KB %(limit script_memory%)')
    tide:stop()
  end)

  it('says where a single value found no room', function()
    local tide = serve({ script_memory = '8MB', lua_memory = '64MB', script_cpu = 20 }, [[
      return function()
        return #('x'):rep(1e9)
      end]])
    assert.equal(500, tide:get('/').status)
    tide:await_log('main.lua:3: not enough memory')
    tide:stop()
  end)

  it('counts what a run holds, however much the stopped ones before it have left', function()
    local tide = serve({ script_memory = '8MB', lua_memory = '256MB', script_cpu = 20 }, [[
      return function()
        local list = {}
        while true do
          list[#list + 1] = ('x'):rep(1e5) .. #list
          tg.log.info('held', { n = #list })
        end
      end]])
    for _ = 1, 8 do assert.equal(500, tide:get('/').status) end
    tide:await_log('limit script_memory')
    assert.is_nil(tide.log():find('n=120\n', 1, true))
    tide:stop()
  end)

  it('does not count garbage', function()
    local tide = serve({ script_memory = '4MB', script_cpu = 20 }, [[
      return function(req)
        local n, kept = 0
        for i = 1, 2000 do
          n = n + #(('x'):rep(20000) .. i)
          if i % 20 == 0 then
            kept = ('y'):rep(500000) .. i .. req.path
            tg.sleep(0)
          end
        end
        return tostring(n), kept
      end]])
    local requests = {}
    for i = 1, 4 do requests[i] = { path = '/' .. i } end -- side by side they free each other's
    for _, res in ipairs(tide:all(requests)) do assert.equal('40006893', res.body) end
    tide:stop()
  end)

  it('counts what bodies of backends hold', function()
    local shop = upstream { default = upstream.text(('x'):rep(1e6)) }
    local tide = serve({ script_memory = '8MB', script_cpu = 20 }, [[
      local shop = tg.backend 'shop'
      return function(req)
        local kept = {}
        for i = 1, tonumber(req.query.n) do kept[i] = assert(shop:get('/')) end
        return tostring(#kept)
      end]], { backends = { shop = shop } })
    assert.equal('6', tide:get('/?n=6').body)
    assert.equal(500, tide:get('/?n=12').status)
    tide:await_log('limit script_memory')
    tide:stop()
    shop:stop()
  end)
end)

describe('lua_memory', function()
  it('bounds the whole state, whose requests fail then and work again later', function()
    local tide = gate.serve { site = { workers = 1,
      limits = { script_memory = '64MB', lua_memory = '64MB', script_cpu = 20 } },
      expect_errors = { 'event=script_error', 'event=out_of_lua_memory' }, script = [[
      local tg = require 'tidegate'
      return function(req)
        if req.path == '/ok' then return 'ok' end
        local list = {}
        for i = 1, 100 do
          for _ = 1, 20 do list[#list + 1] = ('x'):rep(1e4) .. #list .. req.path end
          tg.sleep(0.001)
        end
        return 'went on'
      end]] }
    local requests = {}
    for i = 1, 8 do requests[i] = { path = '/' .. i } end -- 160 MB together
    local failed = 0
    for _, res in ipairs(tide:all(requests)) do
      if res.status == 500 or res.status == 503 then failed = failed + 1 end
    end
    assert.is_true(failed >= 2)
    assert.equal('ok', tide:get('/ok').body)
    tide:stop()
  end)

  it('must be enough to begin with', function()
    local result = gate.command('check', {
      site = { limits = { lua_memory = '8MB', script_memory = '8MB' } },
      script = "local big = ('x'):rep(9e6) return function() return big end" })
    assert.equal(1, result.status)
    assert.matches('not enough memory', result.err)
  end)
end)
