local gate = require 'spec.support.gate'
local posix = require 'spec.support.posix'

local function serve(script) return gate.serve { script = script, site = { workers = 2 } } end

describe('tg.sleep', function()
  it('lets other requests of the same thread go on', function()
    local tide = gate.serve { site = { workers = 1 }, script = [[
      local tg = require 'tidegate'
      return function(req)
        if req.path == '/slow' then tg.sleep(1) end
        return req.path
      end]] }
    local answers = tide:all { { path = '/slow' }, { path = '/fast' }, { path = '/slow' } }
    assert.same({ '/slow', '/fast', '/slow' },
      { answers[1].body, answers[2].body, answers[3].body })
    assert.is_true(answers[2].elapsed < 1)
    assert.is_true(answers[1].elapsed >= 1 and answers[1].elapsed < 2)
    assert.is_true(answers[3].elapsed >= 1 and answers[3].elapsed < 2)
    tide:stop()
  end)

  it('takes seconds and texts with a unit, and gives nothing', function()
    local tide = serve [[
      local tg = require 'tidegate'
      return function()
        return select('#', tg.sleep(0)) .. ' ' .. select('#', tg.sleep('5ms'))
      end]]
    local begun = posix.now()
    assert.equal('0 0', tide:get('/').body)
    assert.is_true(posix.now() - begun >= 0.005)
    tide:stop()
  end)

  it('raises at the line of a wrong call', function()
    local tide = serve [[
      local tg = require 'tidegate'
      local function try(...)
        local _, reason = pcall(tg.sleep, ...)
        return (reason:gsub('^.-main.lua:%d+: ', ''))
      end
      return function(req)
        local _, reason = pcall(function()
          tg.sleep(-1)
        end)
        return table.concat({ reason:match('main.lua:%d+'), try('x'), try({}), try(), try(1 / 0),
          try(86401) }, '\n')
      end]]
    local expected = "bad argument #1 to 'tg.sleep' (seconds, or a text such as '250ms', expected)"
    assert.same(table.concat({ 'main.lua:8', expected, expected, expected, expected,
      "bad argument #1 to 'tg.sleep' (at most a day)" }, '\n'), tide:get('/').body)
    tide:stop()
  end)

  it('works while a request is served only, not while a script loads', function()
    local result = gate.command('check', { script = [[
      local tg = require 'tidegate'
      tg.sleep(0.01)
      return function() end]] })
    assert.equal(1, result.status)
    assert.matches("main.lua:2: 'tg.sleep' waits, so it works only while a request is served",
      result.err)
  end)

  it('goes on 500 times in one request', function()
    local tide = serve [[
      local tg = require 'tidegate'
      return function()
        local n = 0
        for i = 1, 500 do tg.sleep(0) n = n + i end
        return tostring(n)
      end]]
    assert.equal('125250', tide:get('/').body)
    tide:stop()
  end)

  it('is survived by 300 requests at once', function()
    local tide = serve [[
      local tg = require 'tidegate'
      return function(req) tg.sleep(0.05) return req.path end]]
    local requests = {}
    for i = 1, 300 do requests[i] = { path = '/' .. i } end
    for i, res in ipairs(tide:all(requests)) do assert.equal('/' .. i, res.body) end
    tide:stop()
  end)
end)
