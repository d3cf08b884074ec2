local gate = require 'spec.support.gate'
local upstream = require 'spec.support.upstream'

describe('tg.every', function()
  it('runs again and again, in one thread only', function()
    local tide = gate.serve { site = { workers = 2 }, script = [[
      local tg = require 'tidegate'
      local here = 0
      tg.every(0.01, function() here = here + 1 tg.log.info('tick', { n = here }) end)
      return function() return 'ok' end]] }
    tide:await_log('n=5\n')
    local seen = {}
    for n in tide.log():gmatch('event=tick n=(%d+)') do
      assert.is_nil(seen[n]) -- two threads would count twice
      seen[n] = true
    end
    tide:stop()
  end)

  it('never overlaps itself: the next run begins an interval after the end of the last', function()
    local tide = gate.serve { site = { workers = 2 }, script = [[
      local tg = require 'tidegate'
      local running, n = 0, 0
      tg.every('5ms', function()
        running = running + 1
        tg.sleep(0.03)
        n = n + 1
        tg.log.info('tick', { running = running, n = n })
        running = running - 1
      end)
      return function() return 'ok' end]] }
    tide:await_log('n=4 ')
    assert.is_nil(tide.log():find('running=2', 1, true))
    tide:stop()
  end)

  it('calls backends and logs what goes wrong, and goes on', function()
    local shop = upstream { ['/beat'] = upstream.text('ok') }
    local tide = gate.serve { backends = { shop = shop }, site = { workers = 2 },
      expect_errors = { 'event=every_failed' }, script = [[
      local tg = require 'tidegate'
      local shop = tg.backend 'shop'
      tg.every(0.01, function()
        shop:get('/beat')
        error('oops')
      end)
      return function() return 'ok' end]] }
    shop:await('request', 3)
    tide:await_log('event=every_failed reason="[^"]*main.lua:5: oops"')
    tide:stop()
    shop:stop()
  end)

  it('is stopped at script_cpu and runs again', function()
    local tide = gate.serve { site = { workers = 1, limits = { script_cpu = 0.05 } },
      expect_errors = { 'event=every_failed' }, script = [[
      local tg = require 'tidegate'
      local n = 0
      tg.every(0.01, function()
        n = n + 1
        if n == 1 then
          while true do end
        end
        tg.log.info('tick')
      end)
      return function() return 'ok' end]] }
    tide:await_log('event=every_failed reason="[^"]*main.lua:6: stopped after 50 ms')
    tide:await_log('event=tick')
    assert.equal('ok', tide:get('/').body)
    tide:stop()
  end)

  it('works only while a script loads', function()
    local tide = gate.serve { site = { workers = 2 }, script = [[
      local tg = require 'tidegate'
      return function() return select(2, pcall(tg.every, 1, function() end)) end]] }
    assert.matches("'tg.every' works only while a script loads", tide:get('/').body)
    tide:stop()
  end)

  it('takes intervals from 1 ms on', function()
    local function check(interval)
      return gate.command('check', { script = ([[
        require 'tidegate'.every(%s, function() end)
        return function() end]]):format(interval) })
    end
    assert.equal(0, check('0.001').status)
    assert.equal(0, check('"1h"').status)
    for _, wrong in ipairs { '0.0009', '0', '-1', '"soon"', '{}', 'nil', '1/0' } do
      local result = check(wrong)
      assert.equal(1, result.status)
      assert.matches("main.lua:1: bad argument #1 to 'tg.every'", result.err)
    end
  end)

  it('ends with the program, in the middle of a wait', function()
    local shop = upstream { ['/hang'] = 'hang' }
    local tide = gate.serve { backends = { shop = shop }, site = { workers = 2 }, script = [[
      local tg = require 'tidegate'
      local shop = tg.backend 'shop'
      tg.every(0.01, function() shop:get('/hang') end)
      return function() return 'ok' end]] }
    shop:await('request')
    tide:stop()
    shop:await('abandoned')
    assert.equal(1, shop:count('request'))
    shop:stop()
  end)
end)
